"""What could do harm: texts from strangers as names of files and in cells of a spreadsheet."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 60
FORMULA = "=+-@＝＋－＠\t\r\n|%"


def file_name(text: str) -> str:
    """A text as the name of a file or folder, never of another place: letters, digits, - and _ stay. A name that had
    to be changed ends with a digest, so that two of them stay apart."""
    bare = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^\w-]+", "_", bare)[:LONGEST_NAME].strip("_")
    if kept == bare and kept and not re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", kept):
        return kept
    return f"{kept}-{_digest(text)}" if kept else _digest(text)


def identified(text: str) -> str:
    """Somebody's id on one line; of a very long one the beginning, with a digest, so that two of them stay apart."""
    bare = one_line(text, 200)
    if not bare.endswith("…"):
        return bare
    return f"{bare[:190]}-{_digest(text)}"


def _digest(text: str) -> str:
    import hashlib  # here: only strange names need it, and it loads OpenSSL

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def cell(value: object) -> str:
    """A text that no spreadsheet takes for a formula: one line, and a ' before what would begin one. Numbers stay.

    Where the comma is the decimal sign, a file's cells end at a semicolon too, so each part is a cell of its own.
    """
    return ";".join(map(_inert, one_line(str(value)).split(";")))


def _inert(text: str) -> str:
    begins = text.lstrip("\"' ")[:1]
    if begins and begins in FORMULA and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return "'" + text
    return text


def one_line(text: str, most: int = 500) -> str:
    """Without control characters, line breaks and halves of characters, and not too long."""
    text = " ".join(printable(text[: 4 * most]).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    """A blank for every character that is not seen: control characters, line breaks, halves of characters."""
    return text if text.isprintable() else "".join(mark if mark.isprintable() else " " for mark in text)


def json_text(text: str) -> str:
    """JSON in which such characters, within its strings, are escapes: the same data, harmless to a terminal."""
    from json import dumps  # here: most commands write no JSON

    return "".join(mark if mark.isprintable() or mark in "\n\t" else dumps(mark)[1:-1] for mark in text)
