"""Numbers as typed: the value of a text, and arrays that keep the text of every entry.

Digits count: "0.80" claims two decimals. A fraction is exact and claims no last digit.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.strict_json import LONGEST_NUMBER as LONGEST_NUMBER
from rnncalc.errors import ParseError, shown

LARGEST = 308  # the power of ten beyond which a float is infinite
LONGEST_TEXT = 50_000_000
MOST_ENTRIES = 10_000_000
DEEPEST = 3  # sequences, steps, units
BLANKS = ("", "_", "null", "none", "None")
TWICE = " ¦ "  # between two different answers to one number, as no text has them

_RULED = re.compile(r"(?<![\w\\.])(?:(?:\\?_){2,}|\\_)(?![\w.])|…+")  # ______, as Markdown writes it too

CUT = re.compile(r"\.\.\.|…|⋯|⋮|\\[lcvd]?dots(?![a-zA-Z])")  # where numbers are left out
_CUT_LIST = re.compile(
    rf"\s*(?:(?P<comma>[,;、，&])\s*)?(?:{CUT.pattern})\s*(?:(?P<on>[,;、，&]?\s*[-+−]?\.?\d)|(?P<end>[\])}}]|[.。]?\s*(?:\n|\Z)))"
)

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_MARKS = str.maketrans(
    {
        **dict.fromkeys("−–—‒﹣－", "-"),
        **dict.fromkeys("、﹐", ","),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff\u2060", ""),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("⋅·×", "*"),
        **dict.fromkeys("ᵀ⊤", "^T"),
        **dict.fromkeys("′’", "'"),
    }
)
_TEN = r"(?:\s*(?:\*|\\times|\\cdot)\s*10\s*\^\s*(?:\{\s*([+-]?\d+)\s*\}|\(\s*([+-]?\d+)\s*\)|([+-]?\d+)))"
_DIGITS = r"(?:\d{1,3}(?:\{,\}|,(?=0))\d{3}(?:(?:\{,\}|,)\d{3})*(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)"
_DECIMAL = rf"({_DIGITS})(?:[eE]([+-]?\d+)(?![\d.])|{_TEN})?[fF]?"
DECIMAL = re.compile(rf"([+-]?){_DECIMAL}(\s*\\?%)?")
FRACTION = re.compile(
    rf"([+-]?)(?:\\[dt]?frac\s*\{{\s*([+-]?{_DIGITS})\s*\}}\s*\{{\s*([+-]?{_DIGITS})\s*\}}|({_DIGITS})/({_DIGITS}))"
)
WORD = re.compile(r"[+-]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)


def plain(text: str) -> str:
    """Replace full-width forms, dashes and superscripts by ASCII, and remove invisible characters."""
    if len(text) > LONGEST_TEXT:
        raise ParseError(_("the text is longer than {most} characters"), most=LONGEST_TEXT)
    if text.isascii():
        return text
    text = re.sub(
        r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+", lambda match: "^{" + match[0].translate(_SUPERSCRIPTS) + "}", text.translate(_MARKS)
    )
    return unicodedata.normalize("NFKC", text).translate(_MARKS)


def blanked(text: str) -> str:
    """The text with one _ for every line that is left to write on, ______ or …: not answered."""
    return _RULED.sub("_", text) if "_" in text or "…" in text else text


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """One number as typed: its text, its value, and the power of ten of its last digit (None: exact)."""

    text: str
    value: float
    place: int | None


def left_out() -> str:
    """What there is to say where some numbers of a matrix or a list are left out."""
    return _("the print was cut; print it whole (np.set_printoptions(threshold=10**9)): every number is needed")


def goes_on(text: str, at: int, several: bool) -> bool:
    """Whether a list that ends at a place goes on without its numbers, 1, 2, …, 5. several: of more than one number."""
    cut = _CUT_LIST.match(text, at)
    return cut is not None and bool(cut["on"] or (several and cut["comma"]))


def number(text: str) -> TypedNumber:
    """Read one number: 0.80, .5, 5., 1e-3, 1/3, 5.8×10^{-9}, 61.2 %, −2, ≈ 0.3, 0.58f. Raises ParseError."""
    match = DECIMAL.fullmatch(text) if text.isascii() and len(text) <= LONGEST_NUMBER else None
    bare = "" if match else _bare(text)
    match = match or DECIMAL.fullmatch(bare)
    if match:
        return TypedNumber(text, *_decimal(match))
    match = FRACTION.fullmatch(bare)
    if match:
        return TypedNumber(text, _fraction(match), None)
    if WORD.fullmatch(bare):
        return TypedNumber(text, float(bare), None)
    if CUT.match(text):
        raise ParseError(left_out())
    raise ParseError(_('expected a number, got "{text}"'), text=shown(text, 40))


def _bare(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise ParseError(_('expected a number, got "{text}"'), text=shown(text, 40))
    bare = plain(text).strip().strip("$").replace(r"\,", "").replace(r"\!", "").strip()
    bare = re.sub(r"^(?:≈|~|\\approx|\\sim|\\simeq)\s*", "", bare)
    bare = re.sub(r"^([+-])\s+", r"\1", bare)
    while (bare.startswith("(") and bare.endswith(")")) or (bare.startswith("{") and bare.endswith("}")):
        bare = bare[1:-1].strip()
    return bare


def _decimal(match: re.Match[str]) -> tuple[float, int]:
    sign, digits, e, ten_braces, ten_brackets, ten_plain, percent = match.groups()
    digits = digits.replace("{,}", "").replace(",", "")
    exponent = int((e or ten_braces or ten_brackets or ten_plain or "0")[:12]) - (2 if percent else 0)
    decimals = len(digits.partition(".")[2])
    return float(f"{sign}{digits}e{exponent}"), min(max(exponent - decimals, -10_000), LARGEST)


def _fraction(match: re.Match[str]) -> float:
    sign, *sides = match.groups()
    above, below = (float(side.replace("{,}", "").replace(",", "")) for side in sides if side is not None)
    if below == 0:
        raise ParseError(_('expected a number, got "{text}": division by zero'), text=match[0])
    return -above / below if sign == "-" else above / below


class Numbers:
    """An array with the text of every entry.

    values: float64, NaN where an entry is blank. texts: None where an entry is blank; None as a whole for numbers that
    were never typed, as in a .npy file. flat: whether the shape comes from elsewhere, as in a list of C.
    pattern: how one number fills a matrix, “identity” or “every”. commas: of a file, what is to be said of its commas,
    as `parse.commas.doubt` has it.
    """

    def __init__(self, values: np.ndarray, texts: np.ndarray | None = None, flat: bool = False):
        self.values, self.texts, self.flat, self.pattern, self.commas = values, texts, flat, "", ""

    @classmethod
    def of(cls, nested: object, where: Callable[[tuple[int, ...]], str] = lambda _index: "") -> Numbers:
        """Read nested lists of texts (None: blank). where: the place of an index, for errors."""
        shape = tuple(size for size in _shape(nested, where, ()) if size is not ...)
        if math.prod(shape) > MOST_ENTRIES:
            raise ParseError(_at(where(()), _("more than {most} numbers").format(most=MOST_ENTRIES)))
        texts, values = np.empty(shape, object), np.full(shape, np.nan)
        for index, text in zip(np.ndindex(*shape), _leaves(nested, shape)):
            texts[index] = text
            if text is not None:
                try:
                    values[index] = number(text).value
                except ParseError as error:
                    raise ParseError(_at(where(index), str(error))) from None
        return cls(values, texts)

    def nested(self) -> Any:
        """The texts as nested lists. A number that was never typed gets the shortest text that reads back the same."""
        texts = self.texts if self.texts is not None else np.vectorize(repr, [object])(self.values)
        return texts.tolist()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def blank(self) -> np.ndarray:
        """Where an entry is blank."""
        if self.texts is None:
            return np.zeros(self.shape, bool)
        return np.equal(self.texts, None)  # type: ignore[call-overload]

    def through(self, change: Callable[[np.ndarray], np.ndarray]) -> Numbers:
        """Apply one change of shape to values and texts. What has no shape yet stays as it is."""
        if self.pattern:
            return self
        return Numbers(change(self.values), None if self.texts is None else change(self.texts))

    @property
    def transposed(self) -> Numbers:
        """The transpose; a vector becomes a column."""
        if len(self.shape) < 2:
            return self.through(lambda array: array.reshape(-1, 1))
        return self.through(lambda array: np.swapaxes(array, -1, -2))


def _shape(nested: object, where: Callable[[tuple[int, ...]], str], index: tuple[int, ...]) -> tuple[Any, ...]:
    """The shape of nested lists. A blank may be a number or a whole row, so its shape is open from `...` on."""
    if not isinstance(nested, list):
        if nested is not None and not isinstance(nested, str):
            text = shown(json.dumps(nested, ensure_ascii=False, default=str), 40)
            raise ParseError(_at(where(index), _("expected a number, got {text}").format(text=text)))
        return (...,) if nested is None else ()
    if len(index) == DEEPEST:
        raise ParseError(_at(where(index), _("nested deeper than any array here")))
    inner = [_shape(part, where, (*index, number)) for number, part in enumerate(nested)]
    row: tuple[Any, ...] = (...,)
    first = next((number for number, shape in enumerate(inner) if shape != row), 0)
    for number, shape in enumerate(inner):
        both = _common(row, shape)
        if both is None:
            message = _("row {row} has {this}, row {first} has {other}")
            message = message.format(row=number + 1, this=_size(shape), first=first + 1, other=_size(row))
            raise ParseError(_at(where(index), message))
        row = both
    return (len(nested), *row)


def _common(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The shape that agrees with both, or None. `...` agrees with anything."""
    for this, that in zip_longest(first, second):
        if this is ... or that is ...:
            return second if this is ... else first
        if this != that:
            return None
    return first


def _size(shape: tuple[Any, ...]) -> str:
    shape = tuple(size for size in shape if size is not ...)
    if not shape:
        return _("no brackets")
    if len(shape) > 1:
        return str(shape)
    return _("1 number") if shape[0] == 1 else _("{n} numbers").format(n=shape[0])


def _leaves(nested: object, shape: tuple[int, ...]) -> list[str | None]:
    if isinstance(nested, list):
        return [leaf for part in nested for leaf in _leaves(part, shape[1:])]
    return [nested] * int(np.prod(shape))  # type: ignore[list-item]


def _at(place: str, message: str) -> str:
    return f"{place}: {message}" if place else message
