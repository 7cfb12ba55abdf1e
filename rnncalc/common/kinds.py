"""Kinds of arguments: what is said where somebody gives another kind than is needed. All raise ProblemError."""

from __future__ import annotations

from numbers import Integral, Real
from os import PathLike
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError


def whole(name: str, value: Any, least: int | None = None) -> None:
    """Check that it is a whole number, and from which on."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not _as_float(value):
        raise ProblemError(_("{name} must be a whole number, not {value}"), name=name, value=text(value))
    if least is not None and int(value) < least:
        raise ProblemError(_("{name} cannot be less than {least}"), name=name, least=least)


def number(name: str, value: Any) -> None:
    """Check that it is a number, perhaps in an array without dimensions."""
    plain = isinstance(value, Real) or getattr(value, "shape", None) == ()
    if not plain or isinstance(value, bool) or not _as_float(value):
        raise ProblemError(_("{name} must be a number, not {value}"), name=name, value=text(value))


def of_kind(name: str, value: Any, kinds: type | tuple[type, ...], words: str) -> None:
    """Check that it is of one of these types; words: what people call them."""
    if not isinstance(value, kinds):
        raise ProblemError(_("{name} must be {kind}, not {value}"), name=name, kind=words, value=text(value))


def path_of(name: str, value: Any) -> None:
    """Check that it is a path: a number would be a descriptor of this process."""
    of_kind(name, value, (str, PathLike), _("a path"))


def _as_float(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def text(value: Any) -> str:
    """A value as it is typed; of a number with thousands of digits how many it has."""
    try:
        return repr(value)
    except ValueError:
        return _("a number of {n} digits").format(n=int(value.bit_length() * 0.30103) + 1)
