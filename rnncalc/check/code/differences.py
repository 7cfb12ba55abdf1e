"""Whether a gradient belongs to the person's own forward pass, by finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.check.code.calling import Call, Caller, Output
from rnncalc.check.code.mistake_search import CodeMistakeSearch
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.code.trial import Trial

STEP = 1e-6  # of a central difference
CLOSE = 1e-4  # relative to the largest gradient: far more than the step's error
ENTRIES = 4  # of every array that are tried


def belongs(caller: Caller, function: FunctionSignature, call: Call, search: CodeMistakeSearch) -> bool | None:
    """Whether wrong gradients of the first trial are those of the person's own forward pass; None: unknown."""
    proof, rng = search.evidence[0], np.random.default_rng(0)
    theirs, numeric = [], []
    for output in search.wrong if function.first is not None and call.earlier is not None else ():
        for at in rng.permutation(np.flatnonzero(proof.output == output))[:ENTRIES].tolist():
            slope = _slope(caller, function.first, proof.trial, *proof.trial.spots[proof.spots[at]])
            if slope is not None:
                theirs.append(proof.given[at])
                numeric.append(slope)
    if not theirs or not np.isfinite(numeric).all():
        return None
    return np.allclose(theirs, numeric, rtol=0, atol=CLOSE * max(1.0, float(np.abs(numeric).max())))


def _slope(
    caller: Caller, forward: FunctionSignature | None, made: Trial, key: tuple[object, ...], index: tuple[int, ...]
) -> float | None:
    """The derivative of what arrives times what the forward pass returns, for one number that goes in."""
    name, at = _place(key, index, made)
    if forward is None or name not in made.arrays:
        return None
    sums = []
    for sign in (1.0, -1.0):
        array = np.array(made.arrays[name])
        array[at] += sign * STEP
        result = caller.call(forward, replace(made, arrays={**made.arrays, name: array}))
        if result.raised is not None:
            return None
        outputs = {output.layout.names[0]: output for output in reversed(result.outputs)}  # not the last h once more
        sums.append(sum(_arrived(made, output) for output in outputs.values()))
    return float(sums[0] - sums[1]) / (2 * STEP)


def _arrived(made: Trial, output: Output) -> float:
    arriving = made.arrays.get(f"d{output.layout.names[0]}")
    if arriving is None:
        return 0.0
    weights = output.layout.array(lambda _name: arriving)
    return float((output.array.reshape(weights.shape) * weights).sum())


def _place(key: tuple[object, ...], index: tuple[int, ...], made: Trial) -> tuple[str, tuple[int, ...]]:
    """The array that goes in, and the place in it, of a gradient's entry; no name where it goes in nowhere."""
    if key[0] == "∂x":
        return "x", (index[0], int(str(key[1])) - 1, index[1])
    if key[0] == "dstart":
        return f"{key[2]}0", index
    stack, _, gate = str(key[2]).partition("_") if key[0] == "d" else ("", "", "")
    return stack, (made.gates.index(gate), *index) if gate else index
