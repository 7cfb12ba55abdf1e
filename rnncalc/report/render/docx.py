"""A Word document: headings, real equations, tables that fit the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rnncalc.common.i18n import _, language
from rnncalc.report import document as blocks
from rnncalc.report.document import Document
from rnncalc.report.render import RenderOptions, typeset
from rnncalc.report.render.columns import GAP, Paged
from rnncalc.report.render.docx_package import TEXT_WIDTH, package
from rnncalc.report.render.omml import LINE, WORD, stack, width
from rnncalc.report.render.typeset import BREAK

CHARACTER = 112  # the width of a digit in a table, in twentieths of a point: in wide fonts too
FIGURE = "\N{FIGURE SPACE}"  # a blank as wide as a digit, so that decimal points stand below each other


def render(document: Document, options: RenderOptions) -> bytes:
    """The whole file."""
    return package(Word(options).text(document), document.title, language())


class Word(Paged):
    """Paragraphs and tables, one behind the other."""

    page = TEXT_WIDTH // CHARACTER

    def __init__(self, options: RenderOptions):
        super().__init__(options)
        self.style = WORD.rounding(options.rounding)

    def heading(self, block: blocks.Heading) -> str:
        return _paragraph(_run(block.text), f"Heading{block.level}")

    def paragraph(self, block: blocks.Paragraph) -> str:
        return _paragraph(_run(block.text))

    def items(self, block: blocks.Items) -> str:
        return "".join(
            _paragraph((_run(_("{term}: ").format(term=term), bold=True) if term else "") + _run(text), "ListBullet")
            for term, text in block.lines
        )

    def formulas(self, block: blocks.Formulas) -> str:
        return _equations(typeset.broken(line.write(self.style), LINE, width) for line in block.all)

    def matrices(self, block: blocks.Matrices) -> str:
        return _equations([line] for each in block.all for line in typeset.cut(each, self.style, LINE, width))

    def arrays(self, block: blocks.Arrays) -> str:
        return _equations([line] for each in block.items for line in typeset.cut(each, self.style, LINE, width))

    def run(self, rows: Sequence[Sequence[str]], widths: Sequence[float], numeric: Sequence[bool]) -> str:
        """The first row is repeated on every page; no row is split."""
        sizes = [int(CHARACTER * (width + GAP)) for width in widths]
        look = f'<w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="{sum(sizes)}" w:type="dxa"/>'
        look += '<w:tblLayout w:type="fixed"/></w:tblPr>'
        grid = "".join(f'<w:gridCol w:w="{size}"/>' for size in sizes)
        body = []
        for number, row in enumerate(rows):
            cells = "".join(
                f'<w:tc><w:tcPr><w:tcW w:w="{size}" w:type="dxa"/></w:tcPr>'
                + _paragraph(_run(text.replace(" ", FIGURE) if right else text, bold=number == 0), "TableText", right)
                + "</w:tc>"
                for text, size, right in zip(row, sizes, numeric)
            )
            body.append(f"<w:tr><w:trPr><w:cantSplit/>{'' if number else '<w:tblHeader/>'}</w:trPr>{cells}</w:tr>")
        return f"<w:tbl>{look}<w:tblGrid>{grid}</w:tblGrid>{''.join(body)}</w:tbl>" + _paragraph("", "TableText")


def _equations(equations: Iterable[list[str]]) -> str:
    """A paragraph for each; what is too long for a line stands in several, below each other in a matrix."""
    left = '<m:oMathParaPr><m:jc m:val="left"/></m:oMathParaPr>'
    pieces = ((rows[0] if len(rows) == 1 else stack(rows)).replace(BREAK, "") for rows in equations)
    lines = (f"<m:oMathPara>{left}<m:oMath>{piece}</m:oMath></m:oMathPara>" for piece in pieces)
    return "".join(_paragraph(line, "Equation") for line in lines)


def _paragraph(runs: str, style: str = "", right: bool = False) -> str:
    look = (f'<w:pStyle w:val="{style}"/>' if style else "") + ('<w:jc w:val="right"/>' if right else "")
    return f"<w:p>{f'<w:pPr>{look}</w:pPr>' if look else ''}{runs}</w:p>"


def _run(text: str, bold: bool = False) -> str:
    look = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
