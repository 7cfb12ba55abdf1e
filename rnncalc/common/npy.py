""".npy and .npz: arrays of numbers and texts, no larger than their headers may declare. Nothing pickled is ever read.

A header is read first: what it declares is bounded before a byte of the numbers is unpacked, and refused where the
file does not hold it.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Collection
from typing import IO

import numpy as np

from rnncalc.common import bounds
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

LONGEST_HEADER = 1 << 16  # bytes: a dtype and a shape need some hundred
KINDS = "iubfUS"
MOST_ARRAYS = 10_000
PIECE = 1 << 24  # bytes that are unpacked at once
_ENDING = ".npy"
BROKEN_ARCHIVE = (  # what reading a damaged zip file raises
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
)  # fmt: skip
_NO_HEADER = (
    ValueError, TypeError, SyntaxError, tokenize.TokenError, MemoryError, RecursionError, KeyError, OverflowError,
)  # fmt: skip


def read(name: str, wanted: Collection[str] = ()) -> tuple[dict[str, np.ndarray], list[str]]:
    """Those arrays of a .npz file that are wanted and there, and the names of all; a .npy file is one, called "".

    Raises ParseError.
    """
    with bounds.binary(name) as file:
        try:
            start = file.read(2)
            file.seek(0)
            if start != b"PK":
                return {"": _array(file, name, 0)}, [""]
            with zipfile.ZipFile(file) as parts:
                return _parts(parts, name, wanted)
        except BROKEN_ARCHIVE as error:
            raise ParseError(_("cannot read {name}: {reason}"), name=name, reason=error) from None


def _parts(parts: zipfile.ZipFile, name: str, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    known = [entry.filename.removesuffix(_ENDING) for entry in parts.infolist()]
    if len(known) > MOST_ARRAYS or len(set(known)) < len(known):
        raise ParseError(_("its arrays are too many, or two of them have one name"))
    arrays: dict[str, np.ndarray] = {}
    for entry, label in zip(parts.infolist(), known):
        if label in wanted:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ParseError(_("it is packed as NumPy never packs"))
            with parts.open(entry) as file:
                arrays[label] = _array(file, f"{name}: {label}", sum(array.nbytes for array in arrays.values()))
    return arrays, known


def _array(file: IO[bytes], name: str, before: int) -> np.ndarray:
    """One array. before: how many bytes others of the same file have already."""
    shape, by_columns, dtype = _header(file)
    if dtype.hasobject or dtype.kind not in KINDS or dtype.subdtype:
        raise ParseError(_("numbers or texts were expected, not {dtype}"), dtype=dtype)
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ParseError(_("its header is none of an array"))
    size = math.prod(shape) * dtype.itemsize
    if not size:
        raise ParseError(_("an array of the shape {shape} is empty"), shape=shape)
    bounds.check(before + size, name)
    data = bytearray()
    while len(data) < size and (piece := file.read(min(PIECE, size - len(data)))):  # no more room than there are bytes
        data += piece
    if len(data) < size or file.read(1):
        message = _("its header says {n} bytes of numbers, and there are {m}")
        raise ParseError(message, n=size, m=len(data) if len(data) < size else _("more"))
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """The shape, whether columns come first, and the dtype."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise ParseError(_("this is no .npy or .npz file"))
    width = file.read(2 if start[6] == 1 else 4)
    length = int.from_bytes(width, "little")
    if length > LONGEST_HEADER:
        raise ParseError(_("its header is longer than {most} bytes"), most=LONGEST_HEADER)
    text = io.BytesIO(width + file.read(length))
    read_header = np.lib.format.read_array_header_1_0 if start[6] == 1 else np.lib.format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            return read_header(text, max_header_size=LONGEST_HEADER)
    except _NO_HEADER:
        raise ParseError(_("its header is none of an array")) from None
