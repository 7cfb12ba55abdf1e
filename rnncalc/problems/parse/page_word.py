"""A page of Word as the elements of a page of HTML. What is written there is bounded: a small file may hold much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.parse.page_elements import DEEPEST, LARGEST, Element

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element as Xml

PAGE = "word/document.xml"
_OF_WORD = {  # elements of Word that are as those of HTML
    "tbl": "table", "tr": "tr", "tc": "td", "oMath": "math", "sSub": "msub", "sSup": "msup", "sSubSup": "msubsup",
    "f": "mfrac", "m": "mtable", "mr": "mtr",
}  # fmt: skip


def read(data: bytes) -> Element:
    """The page. Raises ParseError for what is damaged, too large or of another program."""
    import io
    import zipfile
    from xml.etree import ElementTree

    from rnncalc.common.npy import BROKEN_ARCHIVE

    damaged = ParseError(_("this page of Word is damaged: save it once more"))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            there = PAGE in package.namelist()
            text = package.open(PAGE).read(LARGEST + 1) if there else b""
    except BROKEN_ARCHIVE:
        raise damaged from None
    if not there:
        raise ParseError(
            _("this is no page of Word: unpack a .zip, save a spreadsheet as CSV, a page as text or .docx")
        )
    if len(text) > LARGEST:
        raise ParseError(_("larger than {most} bytes"), most=LARGEST)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # Word writes neither, and an entity may be endless
        raise damaged
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError):  # no XML, or of an encoding that nobody knows
        raise damaged from None
    return Element("body", list(_of_word(root, "", 0)))


def _of_word(element: Xml, parent: str, depth: int) -> Iterator[Element | str]:
    """An element of Word as those of HTML; one that only says how something looks is what is in it."""
    name = element.tag.rpartition("}")[2]
    if name == "t":
        yield element.text or ""
    elif name in ("tab", "br", "cr"):
        yield "\t" if name == "tab" else Element("br")
    elif name in ("del", "delText", "instrText", "Fallback") or depth > 2 * DEEPEST:
        return
    else:
        inner = [part for child in element for part in _of_word(child, name, depth + 1)]
        if name == "p":
            yield Element(_style(element), inner)
        elif name == "r" and (script := _script(element)):
            yield Element(script, inner)
        elif name == "e" and parent == "mr":
            yield Element("mtd", inner)
        elif name == "m" and parent != "e":  # the pieces of a long equation below each other
            yield Element("mrow", inner)
        elif name == "d":
            ends = {part.tag.rpartition("}")[2]: next(iter(part.attrib.values()), "") for part in element.iter()}
            yield Element("mrow", [ends.get("begChr", "("), *inner, ends.get("endChr", ")")])
        elif name in _OF_WORD:
            yield Element(_OF_WORD[name], inner)
        elif parent in ("sSub", "sSup", "sSubSup", "f") and name in ("e", "sub", "sup", "num", "den"):
            yield Element("mrow", inner)
        else:
            yield from inner


def _script(run: Xml) -> str:
    """sub or sup, where a piece of text stands below or above the line."""
    place = next((part for part in run.iter() if part.tag.endswith("}vertAlign")), None)
    value = next(iter(place.attrib.values()), "") if place is not None else ""
    return {"subscript": "sub", "superscript": "sup"}.get(value, "")


def _style(paragraph: Xml) -> str:
    """p, or the heading or the part of a list that a paragraph is."""
    style = next((part for part in paragraph.iter() if part.tag.endswith("}pStyle")), None)
    value = next(iter(style.attrib.values()), "") if style is not None else ""
    heading = re.fullmatch(r"(?:Heading|berschrift|Titre|标题)?\s*([1-6])", value, re.IGNORECASE)
    return f"h{heading[1]}" if heading else "li" if "list" in value.lower() else "p"
