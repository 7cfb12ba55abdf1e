"""Answers by name, dU.i and layers[2].backward.h, as the nested objects that files hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncalc.check.answers.names import LAYER


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """layers[2].backward.h as {"layers": [null, {"backward": {"h": …}}]}, gates by name."""
    top: dict[str, Any] = {}
    layers: dict[int, dict[str, dict[str, Any]]] = {}
    for name, value in flat.items():
        match = LAYER.fullmatch(name)
        if not match:
            top[name] = value
            continue
        part = layers.setdefault(int(match["layer"]), {})
        part.setdefault(match["direction"] or "", {})[match["name"]] = value
    answers = _by_gate(top)
    if layers:
        answers["layers"] = [
            {
                **_by_gate(part.pop("", {})),
                **{direction: _by_gate(directions) for direction, directions in part.items()},
            }
            for part in (layers.get(number, {}) for number in range(1, max(layers) + 1))
        ]
    return answers


def _by_gate(flat: Mapping[str, Any]) -> dict[str, Any]:
    """dU.i beside dU.f as one dict under dU."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        stacked, _dot, gate = name.partition(".")
        if gate:
            nested.setdefault(stacked, {})[gate] = value
        else:
            nested[name] = value
    return nested
