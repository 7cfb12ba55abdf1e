"""Raw values by name, each with the place where it was given, before they are understood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.model.arrays import without_graph
from rnncalc.problems.parse import commas, matrix
from rnncalc.problems.parse.numbers import Numbers

_JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*(?:\{|"[^"\d]*[^\W\d_]))')  # no brace list {1, 2}, no matrix of texts


@dataclass(frozen=True)
class RawValue:
    """A value and its place: `$.U` in JSON, `--U` on the command line, `line 3, U` on a sheet.

    The value is a text in any form of matrix, JSON's nested lists, a dict, a truth value, None, or finished Numbers.
    """

    value: Any
    where: str
    files: bool = False  # whether @file is read: yes in options and in Python, never in a problem file
    of_sheet: bool = False  # an answer among those of a sheet, which has a place of its own
    decimal: str = ""  # comma or point: how the problem says that numbers are written

    def __getitem__(self, key: str) -> RawValue:
        if isinstance(self.value[key], RawValue):
            return self.value[key]
        if place := getattr(self.value, "places", {}).get(key, ""):
            return replace(self, value=self.value[key], where=place, of_sheet=True)
        return self.part(self.value[key], f"{self.where}.{shown(key, 40)}")

    def part(self, value: Any, where: str) -> RawValue:
        """What is inside this value, read as it is."""
        return RawValue(value, where, self.files, decimal=self.decimal)

    def written(self, decimal: str) -> RawValue:
        """The value as numbers are written: comma or point, "" where nobody says."""
        return replace(self, value=commas.stated(self.value, decimal), decimal=decimal) if decimal else self

    def opened(self) -> RawValue:
        """The value with the numbers of the file that it names. Raises ParseError with the place."""
        named = self.files and isinstance(self.value, str) and self.value.lstrip().startswith("@")
        return replace(self, value=self.numbers()) if named else self

    def numbers(self) -> Numbers:
        """The value as numbers. Raises ParseError with the place."""
        if isinstance(self.value, Numbers):
            return self.value
        if isinstance(self.value, str):
            try:
                if self.value.lstrip().startswith("@") and not self.files:
                    raise ParseError(_("a problem file does not name other files; use an option, --x @file.csv"))
                return matrix.read(self.value, self.decimal)
            except ParseError as error:
                raise ParseError(f"{self.where}: {error}") from None
        return Numbers.of(self.value, lambda index: self.where + "".join(f"[{i}]" for i in index))

    def unfolded(self) -> RawValue:
        """The value with a text read that is a JSON object, or a list of objects or words. Raises ParseError."""
        if not isinstance(self.value, str) or not _JSON.match(self.value):
            return self
        try:
            return replace(self, value=strict_json.read(self.value))
        except ParseError as error:
            raise ParseError(f"{self.where}: {error}") from None

    def word(self) -> str:
        """The value as a word."""
        if not isinstance(self.value, str):
            raise ParseError(_("{where}: expected a word"), where=self.where)
        return self.value.strip()


def of_python(values: Mapping[str, Any]) -> dict[str, RawValue]:
    """Wrap values of a program: arrays, nested lists of numbers or texts, words, dicts."""
    return wrapped({name: _of_python(value) for name, value in values.items() if value is not None})


def _of_python(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _of_python(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_of_python(part) for part in value]
        return [part.nested() if isinstance(part, Numbers) else part for part in parts]
    if value is None or isinstance(value, str | bool | Numbers):
        return value
    try:
        return Numbers(np.asarray(without_graph(value), np.float64))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ParseError(_("expected numbers or text, got {kind}"), kind=type(value).__name__) from None


def of_options(options: Mapping[str, str]) -> dict[str, RawValue]:
    """Wrap the texts of options; objects, and lists of objects or words, are JSON. Raises ParseError."""
    return {name: value.unfolded() for name, value in wrapped(options, "--{}").items()}


def wrapped(values: Mapping[str, Any], where: str = "{}") -> dict[str, RawValue]:
    """Wrap values of a program or of the command line, where @file is read."""
    return {
        name: value if isinstance(value, RawValue) else RawValue(value, where.format(shown(name, 40)), True)
        for name, value in values.items()
    }
