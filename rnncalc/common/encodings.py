"""Texts of files in whatever encoding they come, and tables with whatever stands between their columns."""

from __future__ import annotations

import codecs
import io
import os
import re
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import ParseError

SAMPLE = 50  # rows from which the separator is found
SEEN = 200_000  # bytes from which the encoding is found, characters in which the separator is looked for
_LIMIT = threading.Lock()
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SPOKEN = {"gb18030": "GB 18030", "cp1252": "cp1252", "utf-16": "UTF-16", "utf-32": "UTF-32"}
_LETTERS = frozenset(range(0xC0, 0x100)) - {0xD7, 0xF7} | {0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F}
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
SEPARATOR = re.compile(r"\s*sep=([,;\t])\r?\n")  # a first line for Excel
_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Decoded:
    """A text, and the encoding that was found for it, "" if it is UTF-8 or was said."""

    text: str
    encoding: str = ""

    def form(self, delimiter: str) -> list[str]:
        """What is not usual in the form of a table with that separator."""
        return form(self.encoding, delimiter)


def form(encoding: str, delimiter: str = ",") -> list[str]:
    """What people call an encoding other than UTF-8, and a separator other than the comma."""
    said = [next((name for key, name in _SPOKEN.items() if encoding.startswith(key)), encoding)]
    if encoding in ("", "utf-8-sig"):
        said.clear()
    if delimiter != ",":
        words = {";": _("semicolons between columns"), "\t": _("tabs between columns")}
        said.append(words.get(delimiter) or _("“{mark}” between columns").format(mark=delimiter))
    return said


def known(encoding: str) -> bool:
    """Whether there is an encoding of that name, of texts."""
    try:
        b"".decode(encoding)
        return "".encode(encoding) is not None
    except (LookupError, UnicodeError, ValueError):
        return False


def decoded(data: bytes, encoding: str = "") -> Decoded:
    """The text, in the encoding that it is said to have, else in the first that it fits; what fits none keeps what can
    be read of it."""
    usual = "" if encoding else detected(io.BytesIO(data))
    text = data.decode(encoding or usual or "utf-8", "replace").removeprefix("\ufeff")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # a spreadsheet's "CSV (Macintosh)"
    return Decoded(text, "" if usual == "utf-8-sig" else usual)


def detected(file: IO[bytes]) -> str:
    """The encoding of a text: what its mark says, else the first of UTF-8, GB 18030 and cp1252 that all of it fits.

    UTF-8 is "utf-8-sig"; "" where none fits. Which of the other two it is, the first bytes beyond ASCII tell.
    """
    head = file.read(SEEN)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    size = file.seek(0, os.SEEK_END)
    if (wide := _without_mark(head)) and not size % 2:
        return wide
    if _fits(file, "utf-8"):
        return "utf-8-sig"
    file.seek(0)
    beyond = next(block for block in iter(lambda: file.read(SEEN), b"") if not block.isascii())
    others = ("cp1252",) if _is_western(beyond) else ("gb18030", "cp1252")
    return next((encoding for encoding in others if _fits(file, encoding)), "")


def misfit(file: IO[bytes], encoding: str) -> tuple[int, int]:
    """The line and the value of the first byte that cannot be read so, in a file that has one."""
    decoder, line = codecs.getincrementaldecoder(encoding)("strict"), 1
    file.seek(0)
    while block := file.read(SEEN):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n"), error.object[error.start]
        line += block.count(b"\n")
    return line, 0


def _fits(file: IO[bytes], encoding: str) -> bool:
    """Whether all of a file can be read so; no more than a block of it is held at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        for block in iter(lambda: file.read(SEEN), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(data: bytes) -> str:
    """UTF-16 without a mark: ASCII, of which a table has much, has a zero in every other byte."""
    half = len(data) // 2
    if half and data[1::2].count(0) > half / 3 and not data[::2].count(0):
        return "utf-16-le"
    return "utf-16-be" if half and data[::2].count(0) > half / 3 and not data[1::2].count(0) else ""


def _is_western(data: bytes) -> bool:
    """Whether bytes beyond ASCII are letters with accents, as in Jörg, rather than Chinese characters, as in 王小明.

    Accents stand alone among letters; Chinese characters are pairs of such bytes, the frequent ones from 0xB0 to 0xD7.
    """
    if _NOT_IN_CP1252.search(data):
        return False
    western = chinese = 0.0
    for run in _RUN.finditer(data):
        before, after = data[run.start() - 1 : run.start()], data[run.end() : run.end() + 1]
        text, beside = run[0], before.isalpha() + after.isalpha()
        if len(text) == 1:
            western += 1 if text[0] in _LETTERS and beside else 0.25
        elif len(text) == 2 and beside == 2 and all(byte in _LETTERS for byte in text):
            western += 1
        elif len(text) % 2 == 0:
            chinese += sum(2 if 0xB0 <= byte <= 0xD7 else 1 for byte in text[::2] if 0xA1 <= byte <= 0xF7)
        else:
            chinese += len(text) // 2
    return western > chinese


def content(path: Path, most: int) -> bytes:
    """The bytes of a file that is not too large. Raises ParseError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=path, reason=os_error_reason(error)) from None
    except ValueError:
        raise ParseError(_("cannot read {name}: no such file"), name=path) from None
    if len(data) > most:
        raise ParseError(_("larger than {most} bytes"), most=most)
    return data


# ------------------------------------------------------------------------------------------------------------- columns


def rows(text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """The rows, each with the line in which it ends, and the separator. A cell may be as long as it likes: the limit is
    set aside. Raises ParseError."""
    skipped = 0
    if match := SEPARATOR.match(text):
        text, skipped = text[match.end() :], match[0].count("\n")
        delimiter = match[1]
    else:
        delimiter = separator(text)
    import csv  # here: whoever reads a text without columns does not load it

    with _LIMIT:
        before = csv.field_size_limit(len(text) + 1)
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        try:
            return [(reader.line_num + skipped, row) for row in reader], delimiter
        except csv.Error:  # nothing else is left that it would refuse
            message = _("line {n} of the table is broken inside a cell without quotes: save it as CSV once more")
            raise ParseError(message, n=reader.line_num + skipped) from None
        finally:
            csv.field_size_limit(before)


def separator(text: str) -> str:
    """What makes most columns of the header, in which the rows agree."""
    import csv  # as above

    sample = text[:SEEN].lstrip("\r\n")

    def columns(delimiter: str) -> float:
        try:
            first, *others = [
                row for row in islice(csv.reader(io.StringIO(sample), delimiter=delimiter), SAMPLE) if row
            ]
        except (csv.Error, ValueError):
            return sample.partition("\n")[0].count(delimiter) / 2
        agreed = sum(len(row) == len(first) for row in others) / len(others) if others else 1
        return (len(first) - 1) * (0.1 + agreed)

    return max(",;\t", key=columns)
