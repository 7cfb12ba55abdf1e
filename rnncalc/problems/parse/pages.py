"""Pages as programs save them, HTML and Word: their text as Markdown, with LaTeX for equations and rows for tables.

What a file is, its first bytes say. A file of another program (a PDF, a spreadsheet) is refused with what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unicodedata import normalize

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 3_000_000  # bytes of a page's text once it is unpacked
LONGEST = 5_000  # characters of a tag's attributes
DEEPEST = 100  # elements within each other
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TAG = re.compile(r"(?P<end>/?)(?P<name>[a-zA-Z][\w:-]{0,40})")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,30})\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*'|[^\s\"']{1,200})")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_UNSEEN = frozenset("script style head title template svg aside".split())
_BLOCKS = frozenset("p div li ul ol dl dt dd tr table h1 h2 h3 h4 h5 h6 section main body pre figure details".split())
_ENDS = {  # an element that begins, and those that it ends where they are still open
    **dict.fromkeys(("td", "th"), ("td", "th")),
    "tr": ("td", "th", "tr"),
    "li": ("li",),
    **dict.fromkeys(("dt", "dd"), ("dt", "dd")),
    **dict.fromkeys(("p", "table", "ul", "h1", "h2", "h3"), ("p",)),
}
_OF_WORD = {  # elements of Word that are as those of HTML
    "tbl": "table", "tr": "tr", "tc": "td", "oMath": "math", "sSub": "msub", "sSup": "msup", "sSubSup": "msubsup",
    "f": "mfrac", "m": "mtable", "mr": "mtr",
}  # fmt: skip
_OTHERS = {  # how other files begin → what is said of them
    b"%PDF": "pdf", b"{\\rtf": "rtf", b"\xd0\xcf\x11\xe0": "ole", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture",
}  # fmt: skip


@dataclass
class _Node:
    """An element: its name as HTML or MathML calls it, what is in it, and its class."""

    name: str
    parts: list[_Node | str] = field(default_factory=list)
    kind: str = ""


def text_of(data: bytes) -> str | None:
    """The text of a page of HTML or Word; None for what is neither. Raises ParseError for another program's file."""
    if data.startswith(b"PK\x03\x04"):
        return _written(_word(data))
    if _HTML.match(_COMMENT.sub(b"", data[:2000])):
        return _written(_html(data))
    kind = next((kind for begin, kind in _OTHERS.items() if data.startswith(begin)), "")
    if kind == "picture":
        raise ParseError(_("this is a picture: type the numbers, or hand in a page of Word, HTML or text"))
    if kind:
        raise ParseError(_("this is a file that cannot be read: save it as text, HTML or .docx, and use that"))
    return None


# --------------------------------------------------------------------------------------------------- pages as elements


def _html(data: bytes) -> _Node:
    """Elements within each other; one that is never closed ends where HTML says it does."""
    from html import unescape  # here, since few files are pages

    charset = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]{3,20})", data[:2000], re.IGNORECASE)
    page = _Node("body")
    opened = [page]
    for text, ends, name, attributes in _pieces(_decoded(data, charset[1].decode() if charset else "")):
        if text:
            kept = any(node.name in ("pre", "textarea") for node in opened)
            text = unescape(text)
            opened[-1].parts.append(text if kept else re.sub(r"\s+", " ", text))
        if ends:
            at = next((at for at in range(len(opened) - 1, 0, -1) if opened[at].name == name), 0)
            del opened[at or len(opened) :]
        elif name:
            while opened[-1].name in _ENDS.get(name, ()):
                opened.pop()
            named = {key.lower(): unescape(value.strip("\"'")) for key, value in _ATTRIBUTE.findall(attributes)}
            node = _Node(name, kind=named.get("class", ""))
            if name == "input" and named.get("type") not in ("hidden", "submit", "button", "checkbox", "radio"):
                node.parts.append(named.get("value") or "_")
            opened[-1].parts.append(node)
            if name not in _VOID and not attributes.endswith("/") and len(opened) < DEEPEST:
                opened.append(node)
    return page


def _pieces(text: str) -> Iterator[tuple[str, bool, str, str]]:
    """Each text with the tag behind it: whether it ends an element, its name, its attributes.

    Read from the left, every character once: the standard library's parser takes minutes over what strangers can write.
    """
    at = begin = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            yield text[begin:at], False, "", ""
            begin = at = end + 3 if end >= 0 else len(text)
            continue
        tag = _TAG.match(text, at + 1)
        if not tag and text[at + 1 : at + 2] not in ("!", "?"):
            at += 1
            continue
        end = text.find(">", at)
        if end < 0:
            break
        name = tag["name"].lower() if tag else ""
        yield text[begin:at], bool(tag and tag["end"]), name, text[tag.end() : end][-LONGEST:] if tag else ""
        begin = at = end + 1
        if name in ("script", "style") and tag and not tag["end"]:
            close = re.compile(f"</{name}", re.IGNORECASE).search(text, at)
            begin = at = close.start() if close else len(text)
    yield text[begin:], False, "", ""


def _decoded(data: bytes, charset: str) -> str:
    for encoding in (charset, "utf-8", "gb18030"):
        try:
            return data.decode(encoding or "utf-8").removeprefix("\ufeff")
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")


def _word(data: bytes) -> _Node:
    import io
    import zipfile
    from xml.etree import ElementTree

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if "word/document.xml" not in package.namelist():
                raise ParseError(
                    _("this is no page of Word: unpack a .zip, save a spreadsheet as CSV, a page as text or .docx")
                )
            with package.open("word/document.xml") as part:
                text = part.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ParseError(_("larger than {most} bytes"), most=LARGEST)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # Word writes neither, and an entity may be endless
            raise ParseError(_("this page of Word is damaged: save it once more"))
        root = ElementTree.fromstring(text)
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ):
        raise ParseError(_("this page of Word is damaged: save it once more")) from None
    return _Node("body", list(_of_word(root, "", 0)))


def _of_word(element: Element, parent: str, depth: int) -> Iterator[_Node | str]:
    """An element of Word as those of HTML; one that only says how something looks is what is in it."""
    name = element.tag.rpartition("}")[2]
    if name == "t":
        yield element.text or ""
    elif name in ("tab", "br", "cr"):
        yield "\t" if name == "tab" else _Node("br")
    elif name in ("del", "delText", "instrText", "Fallback") or depth > 2 * DEEPEST:
        return
    else:
        inner = [part for child in element for part in _of_word(child, name, depth + 1)]
        if name == "p":
            yield _Node(_style(element), inner)
        elif name == "e" and parent == "mr":
            yield _Node("mtd", inner)
        elif name == "m" and parent != "e":  # the pieces of a long equation below each other
            yield _Node("mrow", inner)
        elif name == "d":
            ends = {part.tag.rpartition("}")[2]: next(iter(part.attrib.values()), "") for part in element.iter()}
            yield _Node("mrow", [ends.get("begChr", "("), *inner, ends.get("endChr", ")")])
        elif name in _OF_WORD:
            yield _Node(_OF_WORD[name], inner)
        elif parent in ("sSub", "sSup", "sSubSup", "f") and name in ("e", "sub", "sup", "num", "den"):
            yield _Node("mrow", inner)
        else:
            yield from inner


def _style(paragraph: Element) -> str:
    """p, or the heading or the part of a list that a paragraph is."""
    style = next((part for part in paragraph.iter() if part.tag.endswith("}pStyle")), None)
    value = next(iter(style.attrib.values()), "") if style is not None else ""
    heading = re.fullmatch(r"(?:Heading|berschrift|Titre|标题)?\s*([1-6])", value, re.IGNORECASE)
    return f"h{heading[1]}" if heading else "li" if "list" in value.lower() else "p"


# ------------------------------------------------------------------------------------------------ elements as Markdown


def _written(page: _Node) -> str:
    lines = "\n".join(line.rstrip() for line in _text(page).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _text(node: _Node | str) -> str:
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


def _table(table: _Node) -> str:
    """Rows between bars, the first one above a rule."""
    rows = [[_cell(cell) for cell in _within(row, ("td", "th"))] for row in _within(table, ("tr",))]
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
    return "\n".join([lines[0], "|" + " ---: |" * width, *lines[1:]])


def _cell(cell: _Node) -> str:
    return " ".join(_text(cell).replace("|", " ").replace("$$", "$").split())


def _within(node: _Node, names: tuple[str, ...]) -> Iterator[_Node]:
    """The elements of these names in another, not those of a table within it."""
    for part in node.parts:
        if isinstance(part, _Node) and part.name in names:
            yield part
        elif isinstance(part, _Node) and part.name != "table":
            yield from _within(part, names)


def _math(node: _Node | str) -> str:
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
