"""A page of HTML as elements within each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnncalc.problems.parse.page_elements import DEEPEST, Element

LONGEST = 5_000  # characters of a tag's attributes
_TAG = re.compile(r"(?P<end>/?)(?P<name>[a-zA-Z][\w:-]{0,40})")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,30})\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*'|[^\s\"']{1,200})")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_ENDS = {  # an element that begins, and those that it ends where they are still open
    **dict.fromkeys(("td", "th"), ("td", "th")),
    "tr": ("td", "th", "tr"),
    "li": ("li",),
    **dict.fromkeys(("dt", "dd"), ("dt", "dd")),
    **dict.fromkeys(("p", "table", "ul", "h1", "h2", "h3"), ("p",)),
}


def read(data: bytes) -> Element:
    """Elements within each other; one that is never closed ends where HTML says it does."""
    from html import unescape  # here, since few files are pages

    charset = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]{3,20})", data[:2000], re.IGNORECASE)
    page = Element("body")
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
            node = Element(name, kind=named.get("class", ""))
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
