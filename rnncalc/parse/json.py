"""JSON whose numbers keep their digits: every number comes as its text, and no key may appear twice."""

from __future__ import annotations

import json
from typing import Any

from rnncalc.errors import ParseError
from rnncalc.language import _


def read(text: str) -> Any:
    """Dicts, lists, texts, booleans and None; numbers as texts, NaN and Infinity among them. Raises ParseError."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = _("line {line}, column {column}: this is no JSON: {reason}")
        raise ParseError(message, line=error.lineno, column=error.colno, reason=error.msg) from None
    except RecursionError:
        raise ParseError(_("this JSON is nested too deeply")) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ParseError(_("the key “{key}” appears twice"), key=key)
        found[key] = value
    return found
