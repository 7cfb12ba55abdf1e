"""Lines of a terminal: how wide a text is there, and where it may be broken, in Chinese too."""

from __future__ import annotations

import os
import re
import sys
import textwrap
import unicodedata
from contextlib import suppress

# not compiled before they are used: only Chinese needs them, and every command would wait for it
_HAN = "[\u2e80-\u9fff\uff00-\uff60]"
_WIDE = "[\u2e80-\u9fff\uff00-\uff60“”…—]"
_PIECE = (  # what stays together: a wide character with the punctuation around it, a word of other letters
    rf"\s+|[（“《「([]*(?:{_WIDE}(?:\.\w+)?|[^\s\u2e80-\u9fff\uff00-\uff60“”]+)[，。、；：！？）”》」,.;:!?)]*"
)
_JOINED = rf"(?<={_WIDE})\s+(?={_WIDE})"


def columns() -> int:
    """The width of the terminal as shutil.get_terminal_size says it; shutil itself would load five decompressors."""
    with suppress(ValueError):
        if (stated := int(os.environ.get("COLUMNS", "0"))) > 0:
            return stated
    with suppress(AttributeError, ValueError, OSError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


def display_width(text: str) -> int:
    """Columns of a terminal: two for a wide character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrap(text: str, width: int) -> list[str]:
    """The lines of a paragraph: words stay whole, Chinese is broken between any two characters."""
    if not re.search(_HAN, text):
        return textwrap.wrap(text, width, break_long_words=False)
    text = re.sub(_JOINED, "", " ".join(text.split()))
    lines = [""]
    for piece in re.findall(_PIECE, text):
        if lines[-1] and display_width(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines
