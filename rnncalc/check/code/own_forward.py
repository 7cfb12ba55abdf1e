"""The problem from which the mistakes of a backward function are sought: it went back through its own forward pass.

What a right forward pass gave is no excuse: what is wrong behind it is wrong in the backward pass alone. Behind a wrong
one, a backward function may be right for it, or right for the forward pass that should have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnncalc.check.code.calling import Call, Caller, Output
from rnncalc.check.code.evidence import evidence, shaped
from rnncalc.check.code.mistake_search import CodeMistakeSearch
from rnncalc.check.code.signature import FunctionSignature, arguments
from rnncalc.check.code.trial import Trial
from rnncalc.check.code.verdict import Finding
from rnncalc.common.i18n import _

STEP = 1e-6  # of a central difference
CLOSE = 1e-4  # relative to the largest gradient: far more than the step's error
ENTRIES = 4  # of every array that are tried
INPUTS = ("x", "h0", "c0", "dh", "dmemory", "U", "W", "b", "d", "V", "c")


def on_their_forward(
    caller: Caller,
    function: FunctionSignature,
    right: CodeMistakeSearch,
    trials: Sequence[Trial],
    calls: Sequence[Call],
) -> tuple[CodeMistakeSearch, str]:
    """The search on top of a person's own forward pass, and what is said where the backward pass is not to blame.

    right: the search on top of the right solution; function.first: the forward pass.
    """
    forward = search_in(function, trials, [call.earlier for call in calls if call.earlier is not None])
    if forward is None or function.first is None:
        return right, ""
    if not forward.wrong:
        return CodeMistakeSearch(right.evidence, [made.way_back for made in trials], right.pairs), ""
    if belongs(caller, function, calls[0], right):
        text = _("right for your own forward pass, which is wrong: mend {first} first")
        return right, text.format(first=function.first.name)
    list(forward.explanations())
    if forward.wrong:  # by what has no name: then two at once would fit by no more than chance
        return CodeMistakeSearch(right.evidence, right.specs), ""
    behind = [replace(made.spec, forward=theirs) for made, theirs in zip(trials, forward.specs)]
    if not (search := CodeMistakeSearch(right.evidence, behind)).wrong:
        text = _("right for a right forward pass, but not for yours, which is wrong: mend {first}")
        return search, text.format(first=function.first.name)
    bases = [forward.specs, behind, right.specs]
    searches = [CodeMistakeSearch(right.evidence, specs) for specs in bases]
    for search in searches:
        list(search.explanations())
    left = [int((~search.agreed).sum()) for search in searches]
    return CodeMistakeSearch(right.evidence, bases[left.index(min(left))], right.pairs), ""


def search_in(function: FunctionSignature, trials: Sequence[Trial], calls: Sequence[Call]) -> CodeMistakeSearch | None:
    """The search in what calls returned; None if that has no numbers of the right shape."""
    every = [[shaped(made, output) for output in call.outputs] for made, call in zip(trials, calls)]
    outputs = [[output for output in listed if not isinstance(output, Finding)] for listed in every]
    if not outputs or not outputs[0] or any(len(kept) < len(listed) for kept, listed in zip(outputs, every)):
        return None
    proof = [evidence(made, listed, function.decimals) for made, listed in zip(trials, outputs)]
    return CodeMistakeSearch(proof, [made.spec for made in trials])


def right_without(caller: Caller, function: FunctionSignature, made: Trial) -> list[str]:
    """The arrays that a mistake without a name is about: where one of them is 0, every number is right."""
    names, without_them = dict(arguments(function)), list[str]()
    for name in (name for name in INPUTS if name in made.arrays):
        for gate in (*made.gates, "") if name in ("U", "W", "b") else ("",):
            without = made.without(function, name, gate)
            call = caller.call(function, without)
            search = search_in(function, [without], [call]) if call.raised is None else None
            if search is not None and not search.wrong and search.evidence[0].given.any():
                text = f"{name}.{gate}".rstrip(".")
                without_them.append(names.get(text, f"{names.get(name, name)}.{gate}".rstrip(".")))
                break
    return without_them


# by finite differences ------------------------------------------------------------------------------------------------


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
