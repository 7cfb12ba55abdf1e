"""Standard input, output and error as a command finds them: closed, without a reader, on a full disk."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.common.letters import spelled

CLOSED = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_RDONLY}  # so that a use fails, as of a closed file


class _Sink(io.FileIO):
    """A file that drops what nobody can take any more: the command goes on, to its own exit code."""

    def __init__(self, number: int, dropped: type[OSError]):
        super().__init__(number, "w", closefd=False)
        self.dropped = dropped

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except self.dropped:
            return len(data)
        except OSError as error:
            error.filename = _("standard output")  # named like a file in the message
            raise


class SpelledStream(io.TextIOWrapper):
    """A stream that replaces what its encoding lacks, letter by letter: `spelled` says by what.

    click takes a stream in ASCII for a mistake and writes UTF-8 past it; so that is called Latin-1.
    """

    def __init__(self, file: Any, encoding: str, errors: str, line_buffering: bool):
        self.letters = codecs.lookup(encoding).name
        called = "latin-1" if self.letters == "ascii" else encoding
        super().__init__(file, called, errors, line_buffering=line_buffering)

    def write(self, text: str) -> int:
        """As every stream does it."""
        return super().write(text if self.letters.startswith("utf") else spelled(text, self.letters))


def letters() -> str:
    """The encoding that standard output can write."""
    return getattr(sys.stdout, "letters", None) or getattr(sys.stdout, "encoding", None) or "ascii"


def prepare() -> None:
    """Put the three in order, before anything is read or opened.

    One that is closed must not become the next file that is opened. A reader of the output that goes away (| head) ends
    nothing. What cannot be said on standard error is not said. A letter that an encoding lacks is replaced.
    """
    for number, mode in CLOSED.items():
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    for name, number, dropped in (("stdout", 1, BrokenPipeError), ("stderr", 2, OSError)):
        known = getattr(sys, name)
        terminal = known is not None and known.isatty()
        if terminal and not codecs.lookup(known.encoding).name.startswith("utf"):
            setattr(sys, name, SpelledStream(known.buffer, known.encoding, "replace", line_buffering=True))
        elif not terminal:
            errors = "backslashreplace" if name == "stderr" else known.errors if known else "strict"
            buffered = known is not None and name == "stdout" and not (known.line_buffering or known.write_through)
            file = io.BufferedWriter(_Sink(number, dropped))
            encoding = known.encoding if known else "utf-8"
            setattr(sys, name, SpelledStream(file, encoding, errors, line_buffering=not buffered))
