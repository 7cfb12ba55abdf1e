"""Pages as programs save them, HTML and Word: their text as Markdown, with LaTeX for equations and rows for tables.

What a file is, its first bytes say. A file of another program (a PDF, a spreadsheet) is refused with what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.parse.page_elements import Element

_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_SCRIPTS = re.compile(r"(?:_\{[^{}]*\}){2,}|(?:\^\{[^{}]*\}){2,}")
_UNSEEN = frozenset("script style head title template svg aside".split())
_BLOCKS = frozenset("p div li ul ol dl dt dd tr table h1 h2 h3 h4 h5 h6 section main body pre figure details".split())
_OTHERS = {  # how other files begin → what is said of them
    b"%PDF": "pdf", b"{\\rtf": "rtf", b"\xd0\xcf\x11\xe0": "ole", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture",
}  # fmt: skip


def text_of(data: bytes) -> str | None:
    """The text of a page of HTML or Word; None for what is neither. Raises ParseError for another program's file."""
    if data.startswith(b"PK\x03\x04"):
        from rnncalc.problems.parse import page_word  # here, since few files are pages

        return _written(page_word.read(data))
    if _HTML.match(_COMMENT.sub(b"", data[:2000])):
        from rnncalc.problems.parse import page_html

        return _written(page_html.read(data))
    kind = next((kind for begin, kind in _OTHERS.items() if data.startswith(begin)), "")
    if kind == "picture":
        raise ParseError(_("this is a picture: type the numbers, or hand in a page of Word, HTML or text"))
    if kind:
        raise ParseError(_("this is a file that cannot be read: save it as text, HTML or .docx, and use that"))
    return None


# ------------------------------------------------------------------------------------------------ elements as Markdown


def _written(page: Element) -> str:
    lines = "\n".join(line.rstrip() for line in _SCRIPTS.sub(_joined, _text(page)).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _joined(scripts: re.Match[str]) -> str:
    """One index where a program keeps it in pieces: h_{t}_{-1}."""
    return f"{scripts[0][0]}{{{''.join(re.findall(r'{([^{}]*)}', scripts[0]))}}}"


def _text(node: Element | str) -> str:
    if isinstance(node, str):
        return _plain(node)
    if node.name in _UNSEEN:
        return ""
    if node.name == "br":
        return "\n"
    if node.name == "math" or (node.name == "div" and "long" in node.kind.split()):
        return f"\n\n$${_math(node)}$$\n\n"
    if node.name == "table":
        return f"\n\n{_table(node)}\n\n"
    inner = "".join(map(_text, node.parts))
    if node.name in ("sub", "sup") and inner.strip():
        return f"{'_' if node.name == 'sub' else '^'}{{{inner.strip()}}}"
    if node.name == "pre":
        return f"\n\n{inner}\n\n"
    if node.name in _BLOCKS:
        heading = re.fullmatch(r"h([1-6])", node.name)
        mark = "#" * int(heading[1]) + " " if heading and inner.strip() else "- " if node.name == "li" else ""
        return f"\n\n{mark}{inner.strip() if mark else inner}\n\n"
    return inner


def _plain(text: str) -> str:
    """Text with blanks that are as wide as a letter; what joins and parts words unseen is left out."""
    return re.sub(
        r"[\u200b\u200c\u200d\u2060-\u2064\ufeff\u00ad]", "", re.sub(r"[\u2000-\u200a\u202f\u3000\xa0]", " ", text)
    )


def _table(table: Element) -> str:
    """Rows between bars, the first one above a rule."""
    rows = [[_cell(cell) for cell in _within(row, ("td", "th"))] for row in _within(table, ("tr",))]
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
    return "\n".join([lines[0], "|" + " ---: |" * width, *lines[1:]])


def _cell(cell: Element) -> str:
    return " ".join(_text(cell).replace("|", " ").replace("$$", "$").split())


def _within(node: Element, names: tuple[str, ...]) -> Iterator[Element]:
    """The elements of these names in another, not those of a table within it."""
    for part in node.parts:
        if isinstance(part, Element) and part.name in names:
            yield part
        elif isinstance(part, Element) and part.name != "table":
            yield from _within(part, names)


def _math(node: Element | str) -> str:
    """An equation as LaTeX, as far as those of our own pages need."""
    if isinstance(node, str):
        return re.sub("[\U0001d400-\U0001d7ff]", lambda letter: normalize("NFKC", letter[0]), _plain(node)).strip()
    if node.name in ("annotation", "annotation-xml"):
        return ""
    parts = [text for part in node.parts if (text := _math(part))]
    match node.name, parts:
        case "msub", [base, below]:
            return f"{base}_{{{below}}}"
        case "msup", [base, above]:
            return f"{base}^{{{above}}}"
        case "msubsup", [base, below, above]:
            return f"{base}_{{{below}}}^{{{above}}}"
        case "mfrac", [above, below]:
            return rf"\frac{{{above}}}{{{below}}}"
        case "mtr", _cells:
            return " & ".join(parts)
        case "mtable", _rows:
            return r"\begin{bmatrix} " + r" \\ ".join(parts) + r" \end{bmatrix}"
    text = " ".join(parts) if node.name in ("math", "mrow", "div", "mtd") else "".join(parts)
    text = re.sub(r"(?<!\S)d (?=\w)|(?<=\w) (?=\[\d+\])", lambda gap: gap[0].strip(), text)  # dU, h[1]
    return re.sub(r"\[\s*(\\begin\{bmatrix\}[^\[\]]*?\\end\{bmatrix\})\s*\]", r"\1", text)
