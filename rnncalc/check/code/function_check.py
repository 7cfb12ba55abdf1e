"""The check of one function against its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.check.code.cache_order import crossed_cache
from rnncalc.check.code.calling import Call, Caller, Output
from rnncalc.check.code.culprit.rules import culprit
from rnncalc.check.code.equation import letters, rule_of, touched_line
from rnncalc.check.code.evidence import Evidence, bare, evidence, shaped
from rnncalc.check.code.mistake_search import CodeMistakeSearch, Explanation
from rnncalc.check.code.own_forward import belongs, on_their_forward, right_without
from rnncalc.check.code.signature import FunctionSignature, Signature
from rnncalc.check.code.trial import ALONE, SIZES, SQUARE, Trial, trial
from rnncalc.check.code.verdict import FAILED, WRONG, CodeMistake, CodeVerdict, Finding, Line
from rnncalc.check.diagnosis.mistake import Variant
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common.i18n import _

SEED = 20_150_521  # any number; the same every time, so that a check can be repeated
SHAPES = (ValueError, IndexError, TypeError, RuntimeError)  # what NumPy and PyTorch raise where shapes do not fit
FAILURES = ("raises", "missing", "count", "type", "shape", "nan", "zero", "random")


class FunctionCheck:
    """Calls a function on trials, holds what it returns against the engine, and says what is wrong."""

    def __init__(self, caller: Caller, signature: Signature, function: FunctionSignature):
        self.caller, self.code, self.signature, self.function = caller, caller.code, signature, function
        self.cell, self.pairs = function.cells[0], True
        calls = tuple(self.code.calls(function.name))
        self.result = CodeVerdict(function.name, signature.name, self.cell, calls=calls)

    def verdict(self, pairs: bool = True) -> CodeVerdict:
        """The result for this function. pairs: whether two mistakes at once are sought, which takes seconds."""
        self.pairs = pairs
        result = self.result
        trials, calls = self._calls()
        for call in calls:
            for finding in call.findings:
                self._find(finding)
        self._diagnose(trials, calls)
        if result.first is None and not result.findings:
            self._alone()
        kinds = {finding.kind for finding in result.findings}
        if "modified" in kinds:
            self._name("input_modified", MISTAKES["input_modified"].text(Variant(trials[0].spec)))
        if kinds & {*FAILURES}:
            result.verdict = FAILED
        elif result.first is not None or kinds or result.mistakes:
            result.verdict = WRONG
        return result

    # calls -----------------------------------------------------------------------------------------------------------

    def _trial(self, sizes: Any, seed: int = SEED) -> Trial:
        return trial(self.function, self.cell, self.signature.gates, sizes, seed)

    def _calls(self) -> tuple[list[Trial], list[Call]]:
        """The trials that the code survives; where it fails for the shapes alone, one with D = H = O."""
        trials = [self._trial(sizes, SEED + at) for at, sizes in enumerate(SIZES)]
        first = self.caller.call(self.function, trials[0])
        if first.raised is not None:
            if isinstance(first.raised, SHAPES):
                square = self._trial(SQUARE)
                call = self.caller.call(self.function, square)
                if call.raised is None:
                    text = _("Where D = H = O it runs, so its matrices or axes stand in the wrong places.")
                    call.findings = [*first.findings, Finding("raises", text)]
                    return [square], [call]
            return trials[:1], [first]
        self._repeat(trials[0], first)
        second = self.caller.call(self.function, trials[1])
        if second.raised is None:
            return trials, [first, second]
        text = _("With other sizes it fails: {error}")
        first.findings += [Finding("raises", text.format(error=finding.text)) for finding in second.findings[-1:]]
        return trials[:1], [first]

    def _alone(self) -> None:
        """What is right for a batch must be right for a batch of one."""
        if "N" not in self.function.letters:
            return
        made = self._trial(ALONE)
        call = self.caller.call(self.function, made)
        self._diagnose([made], [call])
        said = [*call.findings, *([Finding("wrong", "")] if self.result.first else [])]
        if said:
            text = _("With a batch of one sequence: {error}")
            reason = call.findings[0].text if call.findings else _("its numbers are wrong.")
            self._find(Finding(said[0].kind, text.format(error=reason)))

    def _repeat(self, made: Trial, call: Call) -> None:
        """Call again with the same numbers."""
        repeated = self.caller.call(self.function, made)
        same = len(call.outputs) == len(repeated.outputs) and all(
            np.array_equal(output.array, other.array, equal_nan=True)
            for output, other in zip(call.outputs, repeated.outputs)
        )
        if not same:
            text = _(
                "Called again with the same numbers it returns others: it draws random numbers, or keeps something."
            )
            call.findings.append(Finding("random", text))

    # what it returned ------------------------------------------------------------------------------------------------

    def _evidence(self, trials: Sequence[Trial], calls: Sequence[Call]) -> tuple[list[Evidence], list[Output]]:
        """The outputs that have the right shape in all trials; what is wrong with others is said."""
        every = [[shaped(made, output) for output in call.outputs] for made, call in zip(trials, calls)]
        for made, call, listed in zip(trials, calls, every):
            for output, result in zip(call.outputs, listed):
                if isinstance(result, Finding):
                    if made is trials[0] or not any(isinstance(other, Finding) for other in every[0]):
                        self._find(result)
                    batch = (made.sizes["N"], *output.layout.shape({**made.sizes, "gates": len(made.gates)}))
                    if (
                        result.kind == "shape"
                        and output.layout.names[0][:2] == "db"
                        and bare(batch) == bare(output.array.shape)
                    ):
                        text = _("the gradient of a bias was not summed over the batch")
                        self._name("bias_gradient_not_summed", text)
                elif output.array.shape != result.array.shape:
                    text = _("{name} has shape {have}, not {want}: an axis of one entry more or less")
                    said = text.format(name=output.name, have=output.array.shape, want=result.array.shape)
                    self._note(said)
                if not output.whole:
                    self._note(_("it works in float32, so seven digits are compared: a convention, no mistake"))
        count = min(map(len, every), default=0)
        usable = [at for at in range(count) if not any(isinstance(listed[at], Finding) for listed in every)]
        zero = [at for at in usable if not any(call.outputs[at].array.any() for call in calls)]
        zero = [at for at in zero if calls[0].outputs[at].array.size > 1]
        if zero:
            names = ", ".join(calls[0].outputs[at].name for at in zero)
            self._find(Finding("zero", _("0 throughout: {names}.").format(names=names)))
        usable = [at for at in usable if at not in zero]
        if not usable:
            return [], []
        outputs = [[kept for at in usable if not isinstance(kept := listed[at], Finding)] for listed in every]
        proof = [evidence(made, listed, self.function.decimals) for made, listed in zip(trials, outputs)]
        return proof, outputs[0]

    def _find(self, finding: Finding) -> None:
        if finding not in self.result.findings:
            self.result.findings.append(finding)

    def _note(self, text: str) -> None:
        if text not in self.result.notes:
            self.result.notes.append(text)

    def _name(self, mistake: str, text: str, line: Line | None = None) -> None:
        """Name a mistake that is seen without its numbers."""
        if mistake not in [known.id for known in self.result.mistakes]:
            line = line or culprit(self.code, self.function, mistake, self.signature.gates)
            self.result.mistakes.append(CodeMistake(mistake, text, 0, 0, line=line))

    def _cache_crossed(self) -> bool:
        """Name it if the cache is unpacked in another order than it was packed."""
        crossed = crossed_cache(self.code, self.function.name) if self.function.first is not None else None
        if crossed is not None:
            line, have, packed = crossed
            text = _("the cache is unpacked as {have}, where it was packed as {packed}")
            self._name("cache_order", text.format(have=", ".join(have), packed=", ".join(packed)), line)
        return crossed is not None

    # mistakes --------------------------------------------------------------------------------------------------------

    def _diagnose(self, trials: Sequence[Trial], calls: Sequence[Call]) -> None:
        proof, outputs = self._evidence(trials, calls)
        failed = any(finding.kind in ("raises", "shape") for finding in self.result.findings)
        if (failed and self._cache_crossed()) or not proof:
            return
        names = [output.name for output in outputs]
        search = CodeMistakeSearch(proof, [made.spec for made in trials], self.pairs)
        if not search.wrong or self._exchanged(search, outputs):
            return
        if self.function.first is not None:
            search, note = on_their_forward(self.caller, self.function, search, trials, calls)
            if note:
                self._note(note)
                return
        self._cache_crossed()
        wrong = ~search.agreed
        self.result.first = proof[0].first(wrong[: len(proof[0].given)], names, search.specs[0])
        if self.result.first is None:
            self.result.first = proof[-1].first(wrong[-len(proof[-1].given) :], names, search.specs[-1])
        for explanation in search.explanations():
            self._explain(explanation, outputs, int(wrong.sum()))
        if search.wrong and search.pairs and not self.result.mistakes:
            names = right_without(self.caller, self.function, trials[0])
            gates = search.wrong_gates
            for text, listed in (
                (_("Where one of these is 0, it is right: {names}. The mistake is in what it does with them."), names),
                (_("Of the gates' gradients only those of {names} are wrong."), gates),
            ):
                if listed:
                    self._find(Finding("where", text.format(names=", ".join(listed))))
        if search.wrong and belongs(self.caller, self.function, calls[0], search) is False:
            text = _("Your backward pass does not belong to your forward pass, by finite differences.")
            self._find(Finding("gradient", text))

    def _exchanged(self, search: CodeMistakeSearch, outputs: Sequence[Output]) -> bool:
        """Whether all that is wrong are two outputs that are returned in each other's place."""
        if len(search.wrong) != 2:
            return False
        first, second = search.wrong
        names = [output.name for output in outputs]
        for part in search.evidence:
            rows, others = (np.flatnonzero(part.output == output) for output in (first, second))
            if len(rows) != len(others):
                return False
            spots = part.spots.copy()
            spots[rows], spots[others] = part.spots[others], part.spots[rows]
            if not replace(part, spots=spots).agreement([part.trial.spec]).all():
                return False
        text = _("{first} and {second} are returned in each other's place")
        said = text.format(first=names[first], second=names[second])
        wrong = ~search.agreed
        self.result.first = search.evidence[0].first(wrong[: len(search.evidence[0].given)], names, search.specs[0])
        if {outputs[first].layout.names[0], outputs[second].layout.names[0]} == {"h", "memory"}:
            self._name("h_c_exchanged", said)
        else:
            self._find(Finding("order", said + "."))
        return True

    def _explain(self, explanation: Explanation, outputs: Sequence[Output], of: int) -> None:
        mistake, variant = explanation.mistake, explanation.variant
        explained = [outputs[at] for at in sorted(explanation.outputs)]
        ours = [name.partition(".")[0] for output in explained for name in output.layout.names]
        self.result.mistakes.append(
            CodeMistake(
                mistake.id, letters(self.function).said(mistake.text(variant)), explanation.numbers, of,
                tuple(dict.fromkeys(output.name for output in explained)),
                touched_line(explanation.before[0], explanation.specs[0], self.function),
                culprit(self.code, self.function, mistake.id, self.signature.gates, ours, variant.detail),
                tuple(other.id for other in explanation.alike),
                variant.option if variant.option.startswith("--cell") else "",  # the only one that code has
                rule_of(explanation, self.signature.gates),
            )
        )  # fmt: skip
