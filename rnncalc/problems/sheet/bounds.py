"""Bounds of a sheet: a pattern that looks at every part of a long run takes time that grows as its square."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

LONGEST = 400  # letters of a word, blank lines, one mark side by side
_PICTURE = re.compile(r"data:[\w/.+-]{1,60};base64,[A-Za-z0-9+/=]*")
_WORD = re.compile(rf"(?=\d{{0,{LONGEST}}}[^\W\d])\w{{{LONGEST + 1}}}")  # a long number has its own error
_BLANK_LINES = re.compile(rf"(?:\n[ \t]{{0,{LONGEST}}}){{{LONGEST + 1}}}")
_MARKS = re.compile(rf"([^\w\n])\1{{{LONGEST},}}")


def bounded(text: str) -> str:
    """The text without pictures in it, long runs of one mark shortened. Raises ParseError where a run is no sheet's."""
    text = _MARKS.sub(lambda run: run[1] * LONGEST, _PICTURE.sub("", text.replace("\r\n", "\n")))
    if len(text) - len(text.rstrip()) > LONGEST:
        text = text.rstrip() + "\n"
    if run := _WORD.search(text):
        message = _("line {line}: a word of more than {most} letters; a sheet has none")
    elif run := _BLANK_LINES.search(text):
        message = _("line {line}: more than {most} blank lines one below the other; a sheet has none")
    else:
        return text
    raise ParseError(message, line=text.count("\n", 0, run.start()) + 1, most=LONGEST)
