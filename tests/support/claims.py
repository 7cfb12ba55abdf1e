"""What `forward` and `backward` print, as answers that somebody claims."""

from __future__ import annotations

from typing import Any

SIGNALS_ONLY_SHOWN = ("tanh_c",)


def answers(keys: Any, forward: Any, backward: Any | None, digits: int) -> Any:
    """The numbers of both as texts with that many significant digits, under the names of CONTRACT §2's answers."""
    claims: dict[str, Any] = {name: typed(rows, digits) for name, rows in forward["trace"].items()}
    if "layers" in forward:
        claims["layers"] = [_layer(layer, digits) for layer in forward["layers"]]
    if backward is None:
        return claims
    if "loss" in keys:
        claims["loss"] = typed(backward["loss"], digits)
        claims["losses"] = typed(backward["losses"], digits)
    gradients = backward["gradients"]
    for name in gradients:
        if name != "layers":
            claims["dx" if name == "x" else f"d{name}"] = typed(gradients[name], digits)
    for name, part in backward.get("updated", {}).items():
        if name not in ("layers", "y", "loss"):
            claims[f"{name}_new"] = typed(part, digits)
    return claims


def _layer(layer: Any, digits: int) -> Any:
    """One layer's signals: what it emits, and what each direction computed."""
    signals = {name: typed(rows, digits) for name, rows in layer.items() if name not in ("forward", "backward")}
    for direction in ("forward", "backward"):
        if direction in layer:
            signals[direction] = {name: typed(rows, digits) for name, rows in layer[direction].items()}
    return signals


def typed(nested: Any, digits: int) -> Any:
    """Numbers as a person types them."""
    if isinstance(nested, dict):
        return {key: typed(part, digits) for key, part in nested.items()}
    if isinstance(nested, list):
        return [typed(part, digits) for part in nested]
    if isinstance(nested, int | float):
        return f"{nested:#.{digits}g}"  # with its zeros: 1 for 0.99996 is rounded to a whole number
    return nested


def columns(forward: Any) -> tuple[list[str], list[str]]:
    """The outputs y as columns of a table and one row of it."""
    rows, batch = forward["trace"].get("y", forward["trace"].get("h")), "N" in forward["shapes"]
    name = "y" if "y" in forward["trace"] else "h"
    head, row = [], []
    sequences = rows if batch else [rows]
    for n, sequence in enumerate(sequences):
        for step, entries in enumerate(sequence):
            for unit, value in enumerate(entries if entries is not None else []):
                place = f"[{n + 1}]" if batch else ""
                head.append(f"{name}{place}[{step + 1}][{unit + 1}]")
                row.append(typed(value, 6) if not isinstance(value, str) else value)
    return head, row
