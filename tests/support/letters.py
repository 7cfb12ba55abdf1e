"""The same problem in other people's letters, orientation and order of gates."""

from __future__ import annotations

import random
from typing import Any

Keys = dict[str, Any]
ELMAN = {  # notation → theirs for U, W, b, V, c; whether vectors are rows
    "hx": ("W_hx", "W_hh", "b_h", "W_yh", "b_y", False),
    "xh": ("Wxh", "Whh", "bh", "Why", "by", False),
    "coursera": ("Wax", "Waa", "ba", "Wya", "by", False),
    "d2l": ("W_xh", "W_hh", "b_h", "W_hq", "b_q", True),
    "pytorch": ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "V", "c", False),
    "keras": ("kernel", "recurrent_kernel", "bias", "V", "c", True),
}
GATES = {  # notation → theirs for U, W, b; whether vectors are rows; their order of the gates, by cell
    "keras": ("kernel", "recurrent_kernel", "bias", True, {"lstm": "ifgo", "gru": "zrn"}),
    "onnx": ("W", "R", "", False, {"lstm": "iofg", "gru": "zrn"}),
    "cs231n": ("Wx", "Wh", "b", True, {"lstm": "ifog"}),
}
OURS = {"lstm": "ifgo", "gru": "rzn", "gru_after": "rzn"}


def in_other_letters(keys: Keys, rng: random.Random) -> Keys | None:
    """The problem as another school writes it; None where it is none that they write: a stack, a cell of one's own."""
    cell = keys.get("cell", "elman")
    known = ("elman", *OURS)
    if "layers" in keys or "backward" in keys or not isinstance(cell, str) or cell not in known or "W" not in keys:
        return None
    if cell == "elman":
        return _elman(keys, *ELMAN[name := rng.choice(list(ELMAN))], name)
    if isinstance(keys["U"], dict) or isinstance(keys["W"], dict) or isinstance(keys.get("b"), dict):
        return {**keys, "U": keys["W"], "W": keys["U"], "notation": "swapped"}
    choices = [name for name, parts in GATES.items() if cell in parts[-1]]
    if not choices or "update" in keys:
        return {**keys, "U": keys["W"], "W": keys["U"], "notation": "swapped"}
    return _gated(keys, cell, name := rng.choice(choices), *GATES[name])


def _elman(keys: Keys, U: str, W: str, b: str, V: str, c: str, rows: bool, notation: str) -> Keys | None:
    names = {"U": U, "W": W, "b": b, "V": V, "c": c}
    if rows and V == "V" and "V" in keys:
        return None  # this school has no letter for the read-out
    translated = {names.get(key, key): turned(value) if rows and key in "UWV" else value for key, value in keys.items()}
    return {**translated, "notation": notation}


def _gated(
    keys: Keys, cell: str, notation: str, U: str, W: str, b: str, rows: bool, orders: dict[str, str]
) -> Keys | None:
    if "V" in keys or ("b" in keys and not b):
        return None
    given = keys.get("gates", OURS[cell])
    translated = {key: value for key, value in keys.items() if key not in ("U", "W", "b", "gates")}
    for ours, theirs in (("U", U), ("W", W), ("b", b)):
        if ours in keys:
            size = len(keys[ours]) // len(given)
            blocks = {gate: keys[ours][k * size : (k + 1) * size] for k, gate in enumerate(given)}
            stacked = [row for gate in orders[cell] for row in blocks[gate]]
            translated[theirs] = turned(stacked) if rows and ours != "b" else stacked
    return {**translated, "notation": notation}


def turned(matrix: list[list[float]]) -> list[list[float]]:
    """The transposed matrix."""
    return [list(column) for column in zip(*matrix)]
