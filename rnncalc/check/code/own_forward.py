"""The problem from which the mistakes of a backward function are sought: it went back through its own forward pass.

What a right forward pass gave is no excuse: what is wrong behind it is wrong in the backward pass alone. Behind a wrong
one, a backward function may be right for it, or right for the forward pass that should have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnncalc.check.code.calling import Call, Caller
from rnncalc.check.code.differences import belongs
from rnncalc.check.code.evidence import evidence, shaped
from rnncalc.check.code.mistake_search import CodeMistakeSearch
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.code.trial import Trial
from rnncalc.check.code.verdict import Finding
from rnncalc.common.i18n import _


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
    forward = _forward(function, trials, calls)
    if forward is None or function.first is None:
        return right, ""
    if not forward.wrong:
        return CodeMistakeSearch(right.evidence, [made.way_back for made in trials]), ""
    if belongs(caller, function, calls[0], right):
        text = _("right for your own forward pass, which is wrong: mend {first} first")
        return right, text.format(first=function.first.name)
    list(forward.explanations(pairs=False))
    if forward.wrong:
        return right, ""
    behind = [replace(made.spec, forward=theirs) for made, theirs in zip(trials, forward.specs)]
    if not (search := CodeMistakeSearch(right.evidence, behind)).wrong:
        text = _("right for a right forward pass, but not for yours, which is wrong: mend {first}")
        return search, text.format(first=function.first.name)
    bases = [forward.specs, behind, right.specs]
    searches = [CodeMistakeSearch(right.evidence, specs) for specs in bases]
    for search in searches:
        list(search.explanations(pairs=False))
    left = [int((~search.agreed).sum()) for search in searches]
    return CodeMistakeSearch(right.evidence, bases[left.index(min(left))]), ""


def _forward(function: FunctionSignature, trials: Sequence[Trial], calls: Sequence[Call]) -> CodeMistakeSearch | None:
    """The search in what the forward pass returned; None if that has no numbers of the right shape."""
    earlier = [call.earlier for call in calls if call.earlier is not None]
    every = [[shaped(made, output) for output in call.outputs] for made, call in zip(trials, earlier)]
    outputs = [[output for output in listed if not isinstance(output, Finding)] for listed in every]
    if not outputs or not outputs[0] or any(len(kept) < len(listed) for kept, listed in zip(outputs, every)):
        return None
    proof = [evidence(made, listed, function.decimals) for made, listed in zip(trials, outputs)]
    return CodeMistakeSearch(proof, [made.spec for made in trials])
