"""JSON from strangers, bounded in depth and digits, in which no key may appear twice.

`read` gives every number as its text, for what people write; `plain` gives Python's numbers, for what programs write.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

LONGEST_NUMBER = 400  # characters: a float needs 24, an exact decimal expansion of one some 300
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # half of a character, or the first half of a whole one


def read(text: str) -> Any:
    """Dicts, lists, texts, booleans and None; numbers as texts, NaN and Infinity among them. Raises ParseError."""
    return _loaded(text, parse_float=str, parse_int=str, parse_constant=str)


def plain(text: str, line: bool = True) -> Any:
    """The same with numbers as Python has them, NaN and Infinity among them; line: whether errors name it."""
    value = _loaded(text, line, parse_int=_whole)
    if _HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ParseError(_("this JSON holds half of a character, \\ud800 to \\udfff")) from None
    return value


def _loaded(text: str, line: bool = True, **numbers: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, **numbers)
    except json.JSONDecodeError as error:
        message = (
            _("line {line}, column {column}: this is no JSON: {reason}") if line else _("column {column}: {reason}")
        )
        raise ParseError(message, line=error.lineno, column=error.colno, reason=error.msg) from None
    except RecursionError:
        raise ParseError(_("this JSON is nested too deeply")) from None


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ParseError(_("no number has more than {most} digits"), most=LONGEST_NUMBER)
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in pairs:
        if key in entries:
            raise ParseError(_("the key “{key}” appears twice"), key=key)
        entries[key] = value
    return entries
