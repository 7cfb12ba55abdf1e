"""@file: a matrix from a .json, .csv, .tsv, .npy or .txt file, or from standard input (@-).

`@weather.csv:temp,press` takes columns by their names in the header or by number from 1.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.files import reading
from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse import commas
from rnncalc.problems.parse.numbers import LONGEST_TEXT, MOST_ENTRIES, Numbers


def read(name: str, read_text: Callable[[str, str], Numbers], decimal: str = "") -> Numbers:
    """Read the matrix in a file; `read_text` reads other text than tables and JSON. Raises ParseError with the name.

    decimal: comma or point, where somebody says it. What is to be said of commas is in `commas` of the numbers.
    """
    name, columns = _columns(name)
    if name.endswith(".npy"):
        reading(name)
        return _npy(name)
    text = content(name)
    try:
        if name.endswith((".csv", ".tsv")) or columns:
            from rnncalc.problems.parse import table  # here: few matrices are tables

            return table.read(text, "\t" if name.endswith(".tsv") else "", columns, decimal)
        if name.endswith(".json"):
            nested = commas.stated(strict_json.read(text), decimal)
            numbers = Numbers.of(nested, lambda index: "$" + "".join(f"[{i}]" for i in index))
            numbers.commas = "" if decimal else commas.doubt(nested)
            return numbers
        if text.lstrip().startswith("@"):
            raise ParseError(_("a file that names another file is not followed"))
        numbers = read_text(text, decimal)
        numbers.commas = "" if decimal else commas.doubt(text)
        return numbers
    except ParseError as error:
        raise ParseError(f"{shown(name)}: {error}") from None


def content(name: str) -> str:
    """The text of a file, or of standard input for `-`: in whatever encoding it fits, as `common.encodings` says.

    Of a page of HTML or Word it is what is read in it. Raises ParseError.
    """
    reading(0 if name == "-" else name)
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LONGEST_TEXT + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(LONGEST_TEXT + 1)
    except OSError as error:
        reason = os_error_reason(error)
        raise ParseError(_("cannot read {name}: {reason}"), name=name, reason=reason) from None
    except ValueError:  # a NUL character in the name
        raise ParseError(_("cannot read {name}: no such file"), name=name) from None
    if len(data) > LONGEST_TEXT:
        raise ParseError(_("{name} is larger than {most} bytes"), name=name, most=LONGEST_TEXT)
    from rnncalc.problems.parse import pages  # here: a matrix typed as an option comes from no page

    try:
        page = pages.text_of(data)
    except ParseError as error:
        raise ParseError(f"{shown(name)}: {error}") from None
    if page is not None:
        return page
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        from rnncalc.common import encodings  # here: most files are UTF-8

        encoding = encodings.detected(io.BytesIO(data))
        text = data.decode(encoding).removeprefix("\ufeff") if encoding else text
    if "\0" in text:
        raise ParseError(_("{name} is not a text file"), name=name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _columns(name: str) -> tuple[str, list[str]]:
    match = re.fullmatch(r"(.+\.(?:csv|tsv|txt)):(.+)", name)
    return (match[1], [column.strip() for column in match[2].split(",")]) if match else (name, [])


def _npy(path: str) -> Numbers:
    from rnncalc.common import npy  # here, so that no other problem loads it with zipfile and its decompressors

    arrays, _names = npy.read(path)
    array = arrays.get("")
    if array is None or array.dtype.kind not in "fiub":
        raise ParseError(_("{name} is not a .npy file of real numbers"), name=path)
    if array.size > MOST_ENTRIES:
        raise ParseError(_("{name}: more than {most} numbers"), name=path, most=MOST_ENTRIES)
    return Numbers(array.astype(np.float64))
