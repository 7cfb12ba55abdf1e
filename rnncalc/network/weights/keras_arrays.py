"""Keras's arrays as ours, and the network of a .weights.h5 file, which has arrays alone.

The order of its layers follows from the numbers in their names and from their shapes; their functions are Keras's usual
ones unless a person says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.weights.gate_blocks import from_library, one_bias

MOST_ORDERS = 8  # layers whose order is sought by their shapes

Arrays = Sequence[np.ndarray]


def cell_name(kind: str, after: bool) -> str:
    """Our cell of a layer's class. after: of GRU, reset_after."""
    return {"SimpleRNN": "elman", "LSTM": "lstm", "GRU": "gru_after" if after else "gru"}[kind]


def stacked(name: str, kind: str, after: bool, arrays: Arrays) -> dict[str, Any]:
    """Kernel, recurrent kernel and bias in our orientation and order."""
    if len(arrays) not in (2, 3) or any(array.ndim != 2 or array.dtype.kind != "f" for array in arrays[:2]):
        raise ParseError(_("{name}: a kernel, a recurrent kernel and a bias were expected"), name=name)
    ours = cell_name(kind, after)
    U, W = (from_library(array.T, ours, "Keras") for array in arrays[:2])
    biases = list(np.atleast_2d(arrays[2])) if len(arrays) > 2 else []
    both = [from_library(bias, ours, "Keras") for bias in biases] + [None, None]
    return {"U": U, "W": W, **one_bias(ours, both[0], both[1])}


def layers(
    arrays: Mapping[str, Arrays], activation: str | None, output: str | None, merge: str | None,
    prefix: str | Sequence[str] | None,
) -> tuple[list[Layer], dict[str, Any], list[str]]:  # fmt: skip
    """The layers and the read-out of arrays alone."""
    stems: dict[str, dict[str, Arrays]] = {}
    dense = []
    for group, those in arrays.items():
        if group.endswith("/cell"):
            stem = group.removesuffix("/cell").removesuffix("/forward_layer").removesuffix("/backward_layer")
            stems.setdefault(stem, {})["backward" if group.endswith("/backward_layer/cell") else "forward"] = those
        elif group.startswith("layers/") and those and those[0].dtype.kind == "f":
            dense.append(group)
    if len(dense) > 1 or any(len(arrays[group]) > 2 or arrays[group][0].ndim != 2 for group in dense):
        raise ProblemError(_("the order of {names} cannot be known: read the .keras file"), names=", ".join(dense))
    for stem, directions in stems.items():
        if any(len(those) < 2 or those[0].ndim != 2 or those[1].ndim != 2 for those in directions.values()):
            raise ParseError(_("{name}: a kernel, a recurrent kernel and a bias were expected"), name=stem)
        if "forward" not in directions:
            raise ParseError(_("{name}: the forward direction is missing"), name=stem)
    notes = list[str]()
    chosen: list[str] = [prefix] if isinstance(prefix, str) else list(prefix or ())
    order = [f"layers/{name}" if f"layers/{name}" in stems else name for name in chosen] or _order(
        stems, arrays[dense[0]][0].shape[0] if dense else 0
    )
    made = list[Layer]()
    for number, stem in enumerate(order):
        if stem not in stems:
            raise ProblemError(_("no layer is called {name}; there are {known}"), name=stem, known=", ".join(stems))
        above = stems[order[number + 1]] if number + 1 < len(order) else None
        wanted = above["forward"][0].shape[0] if above else arrays[dense[0]][0].shape[0] if dense else 0
        made.append(_guessed(stem, stems[stem], activation, merge, wanted, notes))
    read_out: dict[str, Any] = {}
    if dense:
        kernel, *bias = arrays[dense[0]]
        read_out = {"V": kernel.T, "c": bias[0] if bias else None, "output": output}
        if not output:
            notes.append(_("the file does not say it, so this was taken: {words}").format(words="output identity"))
    return made, read_out, list(dict.fromkeys(notes))


def _guessed(
    name: str, directions: Mapping[str, Arrays], activation: str | None, merge: str | None, wanted: int,
    notes: list[str],
) -> Layer:  # fmt: skip
    """A layer whose functions are Keras's usual ones."""
    first, assumed = directions["forward"], []
    units, columns = first[1].shape
    kind = {1: "SimpleRNN", 3: "GRU", 4: "LSTM"}.get(columns // units if units else 0)
    if kind is None:
        raise ParseError(_("{name}: a kernel, a recurrent kernel and a bias were expected"), name=name)
    after = kind == "GRU" and (len(first) < 3 or first[2].ndim == 2)
    if kind == "GRU" and len(first) < 3:
        assumed.append("reset_after True")
    if kind == "SimpleRNN" and not activation:
        assumed.append("activation tanh")
    named = cell_name(kind, after)
    chosen = CELLS[named].switch(activation=activation or "tanh") if kind == "SimpleRNN" else CELLS[named]
    options: dict[str, Any] = {}
    if "backward" in directions:
        if merge is None and wanted == units:
            raise ProblemError(_("{name}: sum, ave or mul? Say it with merge"), name=name)
        if merge is None and not wanted:
            assumed.append("merge concat")
        backward = stacked(name, kind, after, directions["backward"])
        options = {"direction": "both", "merge": merge or "concat", "backward": backward}
    if assumed:
        notes.append(_("the file does not say it, so this was taken: {words}").format(words=", ".join(assumed)))
    return Layer(chosen, **stacked(name, kind, after, first), **options)


def _order(stems: Mapping[str, Mapping[str, Arrays]], top: int) -> list[str]:
    """The one order in which numbers rise within a class, and widths fit; top: what the read-out takes, 0 without one.

    Raises ProblemError where there are more.
    """

    def numbered(name: str) -> tuple[str, int]:
        parts = re.fullmatch(r"(.*?)(?:_(\d{1,6}))?", name)
        return (parts[1], int(parts[2] or 0)) if parts else (name, 0)

    def fits(names: Sequence[str]) -> bool:
        widths = [*(stems[name]["forward"][0].shape[0] for name in names[1:]), top]
        for name, width in zip(names, widths):
            units = stems[name]["forward"][1].shape[0]
            if width not in (units, units * len(stems[name]), 0):
                return False
        places = [numbered(name) for name in names]
        return all(a[1] < b[1] for n, a in enumerate(places) for b in places[n + 1 :] if a[0] == b[0])

    orders = [names for names in permutations(stems) if fits(names)] if len(stems) <= MOST_ORDERS else []
    if len(orders) != 1:
        message = _("the order of {names} cannot be known: read the .keras file")
        raise ProblemError(message + _(", or name them from the input up with prefix"), names=", ".join(stems))
    return list(orders[0])
