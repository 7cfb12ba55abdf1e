"""Whether a gradient belongs to the person's own forward pass, by finite differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.check.code.calling import Call, Caller, Output
from rnncalc.check.code.evidence import Evidence
from rnncalc.check.code.mistake_search import CodeMistakeSearch
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.code.trial import Trial
from rnncalc.common.i18n import _

STEP = 1e-6  # of a central difference
CLOSE = 1e-4  # relative to the largest gradient: far more than the step's error
ENTRIES = 4  # of every array that are tried


OWN, RIGHT, NEITHER = "own", "right", "neither"


def belongs(*call_and_search: Any) -> str:
    """Say whether gradients that no mistake explains belong to the person's forward pass; empty if there is none."""
    return {
        RIGHT: _("Your backward pass does not belong to your forward pass; to a right one it would."),
        NEITHER: _("Your backward pass does not belong to your forward pass, by finite differences."),
    }.get(agreement(*call_and_search), "")


def agreement(
    caller: Caller, function: FunctionSignature, made: Trial, call: Call, proof: Evidence, search: CodeMistakeSearch
) -> str:
    """Whether wrong gradients are those of the person's forward pass, of a right one, or of neither; empty: unknown."""
    forward = function.first
    if forward is None or call.earlier is None:
        return ""
    objective = _Objective(caller, forward, made)
    theirs, numeric, exact = [], [], []
    right = proof.numbers([made.spec])[:, 0]
    rng = np.random.default_rng(0)
    for output in search.wrong:
        rows = np.flatnonzero(proof.output == output)
        for at in rng.permutation(rows)[:ENTRIES].tolist():
            key, index = made.spots[proof.spots[at]]
            slope = objective.slope(key, index)
            if slope is None:
                continue
            theirs.append(proof.given[at])
            numeric.append(slope)
            exact.append(right[at])
    if not theirs or not np.isfinite(numeric).all():
        return ""
    scale = max(1.0, float(np.abs(numeric).max()))
    for whose, slopes in ((OWN, numeric), (RIGHT, exact)):
        if np.allclose(theirs, slopes, rtol=0, atol=CLOSE * scale):
            return whose
    return NEITHER


class _Objective:
    """The sum of what arrives times what the person's forward pass returns."""

    def __init__(self, caller: Caller, forward: FunctionSignature, made: Trial):
        self.caller, self.forward, self.made = caller, forward, made

    def slope(self, key: tuple[object, ...], index: tuple[int, ...]) -> float | None:
        """The derivative for one entry of an array that goes in; None if it does not go into the forward pass."""
        place = _place(key, index, self.made)
        if place is None or place[0] not in self.made.arrays:
            return None
        name, at = place
        values = []
        for sign in (1.0, -1.0):
            array = np.array(self.made.arrays[name])
            array[at] += sign * STEP
            moved = replace(self.made, arrays={**self.made.arrays, name: array})
            result = self.caller.call(self.forward, moved)
            if result.raised is not None:
                return None
            outputs = {
                output.layout.names[0]: output for output in reversed(result.outputs)
            }  # h once: not the last h again
            values.append(sum(map(self._arrived, outputs.values())))
        return float(values[0] - values[1]) / (2 * STEP)

    def _arrived(self, output: Output) -> float:
        arriving = self.made.arrays.get(f"d{output.layout.names[0]}")
        if arriving is None:
            return 0.0
        weights = output.layout.array(lambda _name: arriving)
        return float((output.array.reshape(weights.shape) * weights).sum())


def _place(key: tuple[object, ...], index: tuple[int, ...], made: Trial) -> tuple[str, tuple[int, ...]] | None:
    """The array that goes in, and the place in it, of a gradient's entry."""
    if key[0] == "∂x":
        return "x", (index[0], int(str(key[1])) - 1, index[1])
    if key[0] == "dstart":
        return f"{key[2]}0", index
    if key[0] == "d":
        stack, _, gate = str(key[2]).partition("_")
        return stack, (made.gates.index(gate), *index) if gate else index
    return None
