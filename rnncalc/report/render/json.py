"""Strict JSON for programs: unrounded, one key a line; NaN and infinities are the texts "nan", "inf", "-inf"."""

from __future__ import annotations

import json
import math
from typing import Any

from rnncalc.common.safe_text import json_text
from rnncalc.report.document import Document
from rnncalc.report.render import RenderOptions


def render(document: Document, options: RenderOptions) -> str:
    """The document's data; nothing of how it looks matters here."""
    return json_text(_written(document.data, ""))


def _written(value: Any, indent: str) -> str:
    if isinstance(value, dict) and value:
        inner = indent + "  "
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_written(part, inner)}" for key, part in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        inner = indent + "  "
        return "[\n" + ",\n".join(inner + _written(part, inner) for part in value) + f"\n{indent}]"
    return json.dumps(_strict(value), ensure_ascii=False, allow_nan=False)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_strict(part) for part in value]
    return value
