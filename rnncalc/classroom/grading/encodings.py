"""Texts of files in whatever encoding they come, and tables with whatever stands between their columns."""

from __future__ import annotations

import csv
import io
import re
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

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
_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Decoded:
    """A text, and the encoding that was found for it, "" if it is UTF-8 or was said."""

    text: str
    encoding: str = ""

    @property
    def spoken(self) -> str:
        """The encoding as people call it."""
        return next((name for key, name in _SPOKEN.items() if self.encoding.startswith(key)), self.encoding)

    def form(self, delimiter: str) -> list[str]:
        """What is not usual in the form of a table with that separator."""
        said = [self.spoken] if self.encoding else []
        if delimiter != ",":
            said.append(_("semicolons between columns") if delimiter == ";" else _("tabs between columns"))
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
    detected = "" if encoding else _detected(data)
    text = data.decode(encoding or detected or "utf-8", "replace").removeprefix("\ufeff")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # a spreadsheet's "CSV (Macintosh)"
    return Decoded(text, "" if detected in ("utf-8-sig", "") else detected)


def _detected(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    if data.isascii() and b"\0" not in data:
        return ""
    if (wide := _without_mark(data[:SEEN])) and not len(data) % 2:
        return wide
    for encoding in ("utf-8", "gb18030", "cp1252"):
        if encoding == "gb18030" and _is_western(data[:SEEN]):
            continue
        try:
            data.decode(encoding)
            return "" if encoding == "utf-8" else encoding
        except UnicodeDecodeError:
            continue
    return ""


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
    if match := re.match(r"\s*sep=([,;\t])\r?\n", text):  # a line for Excel
        text, skipped = text[match.end() :], match[0].count("\n")
        delimiter = match[1]
    else:
        delimiter = _delimiter(text)
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


def _delimiter(text: str) -> str:
    """What makes most columns of the header, in which the rows agree."""
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
