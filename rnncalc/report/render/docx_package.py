"""The parts of a Word document, and the zip file that holds them: the same bytes for the same document.

Written by hand and not by python-docx: its template brings a hundred styles without a Chinese font and a page of
American size, it writes no equations, and it needs lxml; what we need are these few parts.
"""

from __future__ import annotations

import io
from html import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

TEXT_WIDTH = 9638  # of an A4 page with margins of 2 cm, in twentieths of a point, as all measures here
_PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/>'
    "</w:sectPr>"
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES = {
    "word/document.xml": f"{_WORD}.document.main+xml",
    "word/styles.xml": f"{_WORD}.styles+xml",
    "word/settings.xml": f"{_WORD}.settings+xml",
    "word/numbering.xml": f"{_WORD}.numbering+xml",
    "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
}
_LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
_SIZES = {1: 32, 2: 28, 3: 24, 4: 22}  # of headings, in half points


def package(body: str, title: str, language: str) -> bytes:
    """A .docx file; body: the paragraphs and tables of the document."""
    code = _LANGUAGES[language]
    types = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in _TYPES.items())
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": _relationships(
            (f"{_OFFICE}/officeDocument", "word/document.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>rnncalc</dc:creator><dc:language>{code}</dc:language>"
        "</cp:coreProperties>",
        "word/_rels/document.xml.rels": _relationships(
            *((f"{_OFFICE}/{name}", f"{name}.xml") for name in ("styles", "settings", "numbering"))
        ),
        "word/document.xml": f"<w:document {_W} {_M}><w:body>{body}{_PAGE}</w:body></w:document>",
        "word/styles.xml": _styles(code),
        "word/settings.xml": f'<w:settings {_W} {_M}><w:compat><w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
        '<m:mathPr><m:mathFont m:val="Cambria Math"/><m:dispDef/><m:defJc m:val="left"/></m:mathPr>'
        f'<w:themeFontLang w:val="{code}" w:eastAsia="zh-CN"/></w:settings>',
        "word/numbering.xml": f'<w:numbering {_W}><w:abstractNum w:abstractNumId="0">'
        '<w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/>'
        '<w:lvlText w:val="•"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="420" w:hanging="280"/></w:pPr></w:lvl>'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
    }
    whole = io.BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as file:
        for name, text in parts.items():
            part = ZipInfo(name)  # of 1980, whenever and wherever it is written
            part.compress_type, part.create_system = ZIP_DEFLATED, 0
            file.writestr(part, _HEAD + text)
    return whole.getvalue()


def _relationships(*links: tuple[str, str]) -> str:
    each = (f'<Relationship Id="rId{n}" Type="{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(links, 1))
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(each)}</Relationships>'


def _styles(code: str) -> str:
    """Text, headings, lists and tables, each with a Latin and a Chinese font."""
    body = _fonts("Times New Roman", "SimSun")
    language = f'<w:lang w:val="{code}" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
    parts = [
        f'<w:docDefaults><w:rPrDefault><w:rPr>{body}<w:sz w:val="21"/><w:szCs w:val="21"/>{language}</w:rPr>'
        '</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="276" w:lineRule="auto"/></w:pPr>'
        "</w:pPrDefault></w:docDefaults>",
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>',
    ]
    for level, size in _SIZES.items():
        parts.append(
            f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
            '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:uiPriority w:val="9"/><w:qFormat/>'
            f'<w:pPr><w:keepNext/><w:keepLines/><w:spacing w:before="240" w:after="120"/>'
            f'<w:outlineLvl w:val="{level - 1}"/></w:pPr>'
            f'<w:rPr>{_fonts("Arial", "SimHei")}<w:b/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr></w:style>'
        )
    parts += [
        '<w:style w:type="paragraph" w:styleId="ListBullet"><w:name w:val="List Bullet"/><w:basedOn w:val="Normal"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:spacing w:after="60"/></w:pPr></w:style>',
        _own("Equation", '<w:spacing w:after="60"/><w:ind w:left="140"/>'),
        _own("TableText", '<w:spacing w:after="0" w:line="240" w:lineRule="auto"/>', 18),
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
        '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:left w:w="80" w:type="dxa"/>'
        '<w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>',
        '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:basedOn w:val="TableNormal"/>'
        f"<w:tblPr><w:tblBorders>{_borders()}</w:tblBorders></w:tblPr></w:style>",
    ]
    return f"<w:styles {_W}>{''.join(parts)}</w:styles>"


def _own(name: str, paragraph: str, size: int = 21) -> str:
    return (
        f'<w:style w:type="paragraph" w:customStyle="1" w:styleId="{name}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:pPr>{paragraph}</w:pPr>'
        f'<w:rPr><w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr></w:style>'
    )


def _fonts(latin: str, chinese: str) -> str:
    return f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{chinese}" w:cs="{latin}"/>'


def _borders() -> str:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    return "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="808080"/>' for side in sides)
