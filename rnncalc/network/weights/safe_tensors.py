"""Tensors of a .safetensors file by name, read by hand: NumPy has no bfloat16, and no header is believed.

    8 bytes: the header's length · the header, JSON: name → dtype, shape, data_offsets · the numbers, without a gap

Half precision, F16 and BF16, comes as float32, which holds every number of either.
"""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

import numpy as np

from rnncalc.common import bounds, strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, RnncalcError

DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
LONGEST_HEADER = 100_000_000  # bytes, as the format has it
MOST_AXES = 32


def read(path: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors, and the texts that the file carries beside them. Raises ParseError."""
    data = bounds.content(path)
    try:
        return _read(data)
    except RnncalcError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=path, reason=error) from None


def _read(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, LONGEST_HEADER):
        raise ParseError(_("this is no safetensors file"))
    try:
        header = strict_json.plain(data[8 : 8 + size].decode())
    except UnicodeDecodeError:
        raise ParseError(_("this is no safetensors file")) from None
    if not isinstance(header, dict):
        raise ParseError(_("this is no safetensors file"))
    texts = header.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ParseError(_("its metadata is not texts by name"))
    places = {name: _place(name, entry) for name, entry in header.items()}
    numbers, at = memoryview(data)[8 + size :], 0
    for begin, end in sorted((begin, end) for _kind, _shape, begin, end in places.values()):
        if begin != at:
            raise ParseError(_("its tensors overlap, or leave a gap, at byte {n}"), n=min(at, begin))
        at = end
    if at != len(numbers):
        raise ParseError(_("its header says {n} bytes of numbers, and there are {m}"), n=at, m=len(numbers))
    tensors = {
        name: _numbers(numbers[begin:end], kind).reshape(shape) for name, (kind, shape, begin, end) in places.items()
    }
    return tensors, texts


def _place(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """The dtype, the shape, and where a tensor begins and ends, which must agree."""
    entry = entry if isinstance(entry, dict) else {}
    kind, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if isinstance(kind, str) and kind not in DTYPES:
        message = _("{name}: numbers of the kind {kind} cannot be read; {known} can")
        raise ParseError(message, name=name, kind=kind, known=", ".join(DTYPES))
    sizes = _wholes(shape) and _wholes(offsets) and len(offsets) == 2
    if not isinstance(kind, str) or not sizes:
        raise ParseError(_("{name}: dtype, shape and data_offsets of a tensor were expected"), name=name)
    begin, end = offsets
    if end - begin != math.prod(shape) * np.dtype(DTYPES[kind]).itemsize:
        raise ParseError(_("{name}: {shape} of {kind} does not fill its bytes"), name=name, shape=shape, kind=kind)
    return kind, tuple(shape), begin, end


def _wholes(values: Any) -> bool:
    """Whether this is a list of sizes that NumPy can hold, be one of them 0."""
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        return False
    return len(values) <= MOST_AXES and math.prod(max(value, 1) for value in values) < 1 << 60


def _numbers(data: memoryview, kind: str) -> np.ndarray:
    array = np.frombuffer(data, DTYPES[kind])
    if kind == "BF16":  # the upper half of a float32
        return (array.astype("<u4") << 16).view("<f4")
    return array.astype(np.float32) if kind == "F16" else array
