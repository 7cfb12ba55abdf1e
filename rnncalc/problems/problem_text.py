"""A whole problem as text: JSON, or a sheet with its prose, equations and values."""

from __future__ import annotations

from rnncalc.common import strict_json
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.given import RawValue


def read(text: str, named: str = "") -> dict[str, RawValue]:
    """Read a whole problem: JSON, or lines `name = value`. Keys that begin with _ are left out. Raises ParseError.

    named: the file of the text, for errors.
    """
    try:
        return _read(text)
    except ParseError as error:
        raise ParseError(f"{named}: {error}" if named and named != "-" else str(error)) from None


def _read(text: str) -> dict[str, RawValue]:
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        from rnncalc.problems import sheet  # imported here because its many patterns take time to compile

        return sheet.read(text)
    entries = strict_json.read(text.lstrip("\ufeff"))
    return {key: RawValue(value, f"$.{shown(key, 40)}") for key, value in entries.items() if not key.startswith("_")}
