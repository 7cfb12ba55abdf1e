"""A whole problem as text: JSON, or a sheet with its prose, equations and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError, RnncalcError, shown
from rnncalc.problems.parse.given import RawValue

_FENCED = re.compile(r"^```\s*json\s*\n(\s*\{.*?\})\s*^```", re.DOTALL | re.MULTILINE)  # a problem between prose


def read(text: str, named: str = "", decimal: str = "", answers: bool = False) -> dict[str, RawValue]:
    """Read a whole problem: JSON, or lines `name = value`. Keys that begin with _ are left out. Raises ParseError.

    named: the file of the text, for errors. decimal: comma or point, how a sheet's numbers are written. answers:
    whether a sheet holds nothing but answers.
    """
    try:
        return _read(text, decimal, answers)
    except ParseError as error:
        raise ParseError(f"{named}: {error}" if named and named != "-" else str(error)) from None


def _read(text: str, decimal: str, answers: bool) -> dict[str, RawValue]:
    fenced = _FENCED.search(text)
    if fenced and '"x"' in fenced[1]:
        text = fenced[1]
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        from rnncalc.problems import sheet  # imported here because its many patterns take time to compile

        return sheet.read(text, decimal, answers)
    entries = strict_json.read(text.lstrip("\ufeff"))
    return {key: RawValue(value, f"$.{shown(key, 40)}") for key, value in entries.items() if not key.startswith("_")}


def several(
    given: Mapping[str, RawValue], unread: dict[str, RnncalcError] | None = None
) -> dict[str, dict[str, RawValue]]:
    """The problems under the key `problems`, each with what is given beside them; empty where there is one problem.

    unread: takes by name the errors of those that cannot be read, which are raised without it. Raises RnncalcError.
    """
    if "problems" not in given:
        return {}
    beside = {key: value for key, value in given.items() if key not in ("problems", "title", "source")}
    problems = {}
    for name, part in by_name(given["problems"]):
        if isinstance(part.value, RnncalcError):
            if unread is None:
                raise ProblemError(f"{name}: {part.value}")
            unread[name] = part.value
        else:
            problems[name] = {key: part[key] for key in part.value if not key.startswith("_")} | beside
    return problems


def by_name(given: RawValue) -> Iterator[tuple[str, RawValue]]:
    """The problems under a key, or in place of one the error that it could not be read for. Raises ProblemError."""
    if not isinstance(given.value, Mapping) or not given.value:
        raise ProblemError(_('{where}: expected problems by name, {{"Q1": {{…}}, …}}'), where=given.where)
    for name in given.value:
        part = given[name]
        if not isinstance(part.value, Mapping | RnncalcError):
            raise ProblemError(_("{where}: expected a problem, {{…}}"), where=part.where)
        yield name, part
