r"""LaTeX: a document that XeLaTeX compiles, or a part that goes between \begin{document} and \end{document}.

Long equations are broken before a sign, wide tables and matrices cut by columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from rnncalc.common.wrapping import display_width
from rnncalc.model.equations.style import LATEX, LaTeX
from rnncalc.report import document as blocks
from rnncalc.report.document import Document
from rnncalc.report.render import RenderOptions, typeset
from rnncalc.report.render.columns import Paged
from rnncalc.report.render.typeset import BREAK, broken

LINE, PAGE = 88, 82  # the width of an equation and of a table, in digits
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_PREAMBLE = r"""% !TeX program = xelatex
\documentclass[a4paper]{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,longtable}
"""
_FONTS = r"""\usepackage{xeCJK}
\IfFontExistsTF{SimSun}{\setCJKmainfont[AutoFakeBold]{SimSun}}{%
  \IfFontExistsTF{Songti SC}{\setCJKmainfont{Songti SC}}{%
    \setCJKmainfont[BoldFont=FandolSong-Bold.otf]{FandolSong-Regular.otf}}}
"""
_BEGIN = r"""\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\setlength{\emergencystretch}{3em}
\renewcommand{\_}{\leavevmode\kern.06em\rule{.3em}{.4pt}} % some fonts have a wide one
\begin{document}
"""
_WIDTHS = {"=": 2.7, "+": 2.4, "-": 2.4, ",": 0.9, ".": 0.56, "(": 0.8, ")": 0.8, "·": 1.5, "∘": 1.9, " ": 0}
_HEADINGS = {1: "section*", 2: "subsection*", 3: "subsubsection*", 4: "paragraph*"}
_CHARACTERS = re.compile(r"(?s)[^\W\d_][\u0302-\u0304]|.")  # a letter with its accent
_SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "`": r"\textasciigrave{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "^": r"\textasciicircum{}", "∘": r"$\circ$", "−": "$-$",
    "σ": r"$\sigma$", "✓": r"$\surd$", "✗": r"$\times$", "→": r"$\to$", "–": "--", "θ": r"$\theta$",
    "δ": r"$\delta$", "·": r"$\cdot$", "²": "$^2$", "′": "$'$", "ᵀ": r"$^{\top}$", "½": r"$\frac12$",
    "Σ": r"$\Sigma$", "±": r"$\pm$",
}  # fmt: skip


class _Breaking(LaTeX):
    """LaTeX in which lines may be broken before a sign, but not inside a fraction, bars or an index."""

    def sign(self, text: str) -> str:
        return BREAK * (text in "=+-") + super().sign(text)

    def fenced(self, inner: str, begin: str = "(", end: str = ")") -> str:
        return super().fenced(inner if begin == "(" else inner.replace(BREAK, ""), begin, end)

    def fraction(self, above: str, below: str) -> str:
        if max(map(width, (above, below))) > LINE / 2:
            return f"{self.fenced(above) if BREAK in above else above} / {self.fenced(below)}"
        return super().fraction(above, below).replace(BREAK, "")


_BREAKING = _Breaking(LATEX.times, LATEX.dot, LATEX.apply)


def render(document: Document, options: RenderOptions) -> str:
    """The whole document, or its body alone."""
    body = Latex(options).text(document)
    if not options.whole:
        return "% needs \\usepackage{amsmath}\n\n" + body
    fonts = _FONTS if _CHINESE.search(body) else ""
    return f"{_PREAMBLE}{fonts}{_BEGIN}\n{body}\n\n\\end{{document}}\n"


class Latex(Paged):
    """Sections, aligned formulas, tables."""

    page = PAGE

    def __init__(self, options: RenderOptions):
        super().__init__(options)
        self.style = _BREAKING.rounding(options.rounding)
        self.most = LINE if options.whole else None  # how wide the page of a part is, nobody knows

    def text(self, document: Document) -> str:
        """Displays follow on what stands before them: a paragraph of their own would be an empty line."""
        return re.sub(r"\n\n(?=\\begin\{align\*\}|\\\[)", "\n", super().text(document))

    def heading(self, block: blocks.Heading) -> str:
        return rf"\{_HEADINGS[block.level]}{{{escaped(block.text)}}}"

    def paragraph(self, block: blocks.Paragraph) -> str:
        return re.sub("  +", r" \\quad ", escaped(block.text))

    def items(self, block: blocks.Items) -> str:
        kind = "description" if all(term for term, _text in block.lines) else "itemize"
        lines = [
            rf"\item[{{{escaped(term)}}}] " * bool(term) + (escaped(text) if term else rf"\item {escaped(text)}")
            for term, text in block.lines
        ]
        return "\n".join([rf"\begin{{{kind}}}", *lines, rf"\end{{{kind}}}"])

    def formulas(self, block: blocks.Formulas) -> str:
        return _aligned(line.write(self.style, "&=") for line in block.all)

    def matrices(self, block: blocks.Matrices) -> str:
        lines = (line for each in block.all for line in typeset.cut(each, self.style, self.most, width))
        return "\n\n".join(f"\\[\n{line}\n\\]" for line in lines)

    def arrays(self, block: blocks.Arrays) -> str:
        return _aligned(line for each in block.items for line in typeset.cut(each, self.style, self.most, width, "&="))

    def run(self, rows: Sequence[Sequence[str]], widths: Sequence[float], numeric: Sequence[bool]) -> str:
        kind, place = ("longtable", "[l]") if self.options.whole else ("tabular", "")
        natural = [max(map(display_width, column)) for column in zip(*rows)]
        shape = "".join(
            "r" if number else "l" if most <= width else rf"p{{{0.53 * width:.1f}em}}"
            for number, most, width in zip(numeric, natural, widths)
        )
        lines = [" & ".join(map(_cell, row, numeric)) + r" \\" for row in rows]
        lines[0] += r" \hline" + r" \endhead" * self.options.whole
        return "\n".join([rf"\begin{{{kind}}}{place}{{{shape}}}", *lines, rf"\end{{{kind}}}"])


def width(piece: str) -> float:
    """About how many digits wide a piece of an equation is."""
    text = re.sub(r"[_^]\{([^{}]*)\}", lambda index: "0" * round(0.7 * len(_bare(index[1]))), _bare(piece))
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda sides: max(sides.groups(), key=len), text)
    return sum(_WIDTHS.get(character, 1) for character in re.sub(r"[{}&]|" + BREAK, "", text))


def _bare(piece: str) -> str:
    """The characters of a piece: names of operators, signs, and nothing of what sets them."""
    piece = re.sub(r"\\(?:mathrm|operatorname|hat|tilde|bar)\{([^{}]*)\}", r"\1", piece)
    piece = re.sub(r"\\(?:left|right|begin\{bmatrix\}|end\{bmatrix\}) ?", "", piece)
    piece = piece.replace(LATEX.dot, "·").replace(LATEX.times, "∘").replace(r"\_", "_")
    return re.sub(
        r"\\(?!frac)([a-zA-Z]+)", lambda name: "0" if name[1] in ("sigma", "infty", "top") else name[1], piece
    )


def _aligned(lines: Iterable[str]) -> str:
    """Formulas whose first signs of equality stand below each other; what is too long goes on in the next line."""
    sides = [line.partition("&=") for line in lines]
    most = LINE - max((width(left) for left, _sign, _right in sides), default=0)
    rows = []
    for left, sign, right in sides:
        first, *rest = broken(right, most, width)
        rows += [f"{left} {sign} {first}", *(rf"&\quad {row.strip()}" for row in rest)]
    body = " \\\\\n".join(rows).replace(BREAK, "")
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def escaped(text: str) -> str:
    """Text with nothing that LaTeX would take for a command."""
    begin = "{}" if text.lstrip()[:1] in ("[", "*") else ""  # behind \\\\ or \\item these would begin an argument
    return begin + "".join(
        f"${LATEX.identifier(character)}$"
        if len(character) > 1 or character == "ŷ"
        else _SPECIAL.get(character, f"\\{character}" if character in "&%$#_{}" else character)
        for character in _CHARACTERS.findall(unicodedata.normalize("NFC", text))
    )


def _cell(text: str, numeric: bool) -> str:
    """A number as mathematics, blanks behind it as wide as digits; or a text."""
    number = text.rstrip()
    if not numeric or not re.fullmatch(r"-?(\d.*|inf)|nan", number):
        return escaped(text)
    shown = number if re.fullmatch(r"[\d.]+", number) else f"${LATEX.written(number)}$"
    blanks = rf"\phantom{{{'0' * (len(text) - len(number))}}}" if len(text) > len(number) else ""
    return shown + blanks
