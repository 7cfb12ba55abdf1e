"""Sequences of a sheet: x_1, x_2, … as x, targets by step, what stands before the first step, words of the steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.model.losses import LOSSES
from rnncalc.problems.formulas import loss as losses
from rnncalc.problems.formulas.nodes import Sym
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.sheet import prose
from rnncalc.problems.sheet.answers import row_of
from rnncalc.problems.sheet.contents import Contents
from rnncalc.problems.sheet.pieces import Assigned
from rnncalc.problems.sheet.roles import LETTERS, Roles


class SheetSequences:
    """given: the keys of the problem, which this adds to; first: the number of the sheet's first step; count: of steps.

    batch: of sequences, where every step has a matrix with one column, or row, for each; 0 of one sequence.
    letters: the words of the steps, where the inputs are words.
    """

    def __init__(self, roles: Roles, contents: Contents, given: dict[str, RawValue]):
        self.roles, self.contents, self.given = roles, contents, given
        self.sheet = roles.sheet
        self.first, self.count, self.batch = 1, 0, 0
        self.letters: list[str] = []

    def read(self, steps: Mapping[str, dict[int, Assigned]]) -> list[Assigned]:
        """x_1, x_2, … as x; what stands before the first step is a start, targets by step are targets.

        Returned is the rest: values of steps that can only be somebody's answers.
        """
        self._in_sentences(steps)
        inputs = next((steps[name] for name in sorted(self.roles.inputs) if name in steps), {})
        counted = inputs or next((values for bare, values in steps.items() if bare in LETTERS), {})
        self.first, self.count = (min(counted), len(counted)) if counted else (1, 0)
        count = self.count
        if inputs:
            by_step = RawValue(self._steps(inputs), inputs[self.first].where)
            first, second = self.given.get("x", by_step).numbers(), by_step.numbers()
            if not np.array_equal(np.ravel(first.values), np.ravel(second.values), equal_nan=True):
                raise ParseError(_("{where}: it is given twice"), where=by_step.where)
            self.given["x"] = by_step
        elif (whole := {"X", "xs"} & self.roles.inputs & self.given.keys()) and "x" not in self.given:
            self.given["x"] = self.given.pop(min(whole))
        elif self.roles.made and self.roles.made.input in self.given and "x" not in self.given:
            self.given["x"] = self.given.pop(self.roles.made.input)
        rest: list[Assigned] = []
        for bare, values in steps.items():
            if values is inputs:
                continue
            rows = dict(values)
            for number, item in values.items():
                if bare in self.roles.states and self._is_start(number, count, values):
                    self.given[f"{bare}0"] = RawValue(self.contents.value(rows.pop(number)), item.where)
            if bare in self.roles.targets | {self.roles.output} or (bare in ("d", "t") and self.roles.made):
                self._targets(rows, count)
            elif bare in LETTERS:
                self.letters = [rows[n].value for n in sorted(rows)]
            else:
                rest += rows.values()
        return rest

    def last_step(self) -> None:
        """The targets of a loss that only the last step has, and the loss; x is known by now."""
        count = self.steps
        self._single_target(count)
        self._last_only(count)
        if self.roles.loss:
            self._divided(self.roles.loss.parts)
            self.given.setdefault("loss", RawValue(self.roles.loss.name, "loss"))
            named, formula = losses.in_words(self.sheet.prose)[0], self.roles.loss.name
            if named and ("entropy" in named) != ("entropy" in formula):
                message = _("the loss is {named} in words and {formula} in its formula: the formula decides")
                self.sheet.notes.append(message.format(named=named, formula=formula))
            if self.roles.loss.reduction and not LOSSES[self.roles.loss.name].mean:
                self.given.setdefault("reduction", RawValue(self.roles.loss.reduction, "loss"))
        elif "targets" in self.given and "loss" not in self.given:
            named, reduction = losses.in_words(self.sheet.prose)
            if named:
                self.given["loss"] = RawValue(named, "loss")
            if reduction:
                self.given.setdefault("reduction", RawValue(reduction, "loss"))

    def _divided(self, parts: int) -> None:
        """Raise ParseError where a loss is divided by a number that is not the number of steps."""
        steps = self.steps if len(self._shape()) < 3 else 0
        if parts and steps and parts != steps:
            message = _("the loss is divided by {n}, and x has {steps} steps; the mean of all numbers is "
                        "mean_squared_error")  # fmt: skip
            raise ParseError(message, n=parts, steps=steps)

    def _single_target(self, count: int) -> None:
        """One number as the target: L = (y − 1)², or “the target is 1” of what is read out at the last step."""
        value = self.roles.loss.value if self.roles.loss else ""
        last = self.roles.last_only or prose.last_step_only(self.sheet.prose)
        value = value or (prose.target(self.sheet.prose) if last else "")
        said = self.given.get("targets")
        if said and last and isinstance(said.value, list) and len(said.value) == 1 < count:
            self.given["targets"] = RawValue([*[None] * (count - 1), *said.value], said.where)
        if value and "targets" not in self.given:
            shape = self._shape()
            if len(shape) == 3 and 1 in shape[:2]:  # a batch of one
                count = max(shape[:2])
            rows: list[Any] = [*[None if last else value] * (count - 1), value]
            if len(shape) == 3 and 1 in shape[:2]:
                rows = [[[row] for row in rows]] if shape[0] == 1 else [[[row]] for row in rows]
            self.given["targets"] = RawValue(rows, "targets")

    def _last_only(self, count: int) -> None:
        """One target for the last step: L = (h_T − d)², or an output that only the last state has."""
        target = self.given.get("targets")
        squares = sum(len(re.findall(r"\^\s?\{?2|²", text)) for text in self.sheet.losses)
        loss = self.roles.loss if squares < 2 else None  # (y_1 − d_1)² + (y_2 − d_2)²
        step = (self._named_state(loss.signal) if loss.step is None else loss.step) if loss else None
        in_words = prose.last_step_only(self.sheet.prose)
        only = self.roles.last_only or step is not None or in_words
        if target is None or not only or count < 2:
            return
        at = count - 1 if step is None else step - self.first
        rows: list[Any] = target.value if isinstance(target.value, list) else []
        if isinstance(target.value, str | Numbers):
            loss = self.roles.loss
            own = loss is not None and any(item.symbol.key == loss.target for item in self.sheet.assigned)
            stepped = step is not None and loss is not None and (loss.stepped or not own)
            by_step = stepped or in_words or "null" in str(target.value)
            rows = self._rows(target.value, count) if by_step else []
            whole = target.value
            rows = rows or [row_of(whole) if isinstance(whole, str) else whole.through(np.ravel).nested()] * count
        elif len(rows) != count or (step is None and not in_words):
            return
        if not 0 <= at < count:
            return
        if isinstance(target.value, list) or len({str(row) for row in rows}) > 1:
            others = [row for t, row in enumerate(rows) if t != at and row is not None]
            if others:
                self.sheet.notes.append(
                    _("the loss is that of step {t} alone: the other targets count for nothing").format(
                        t=at + self.first
                    )
                )
        self.given["targets"] = RawValue([row if t == at else None for t, row in enumerate(rows)], target.where)

    def _named_state(self, signal: str) -> int | None:
        """The step of a state that the loss has under another name, ŷ = h_3."""
        steps = [e.node.symbol.number for e in self.sheet.equations
                 if isinstance(e.node, Sym) and e.defined.key == signal and e.defined.offset is None]  # fmt: skip
        return steps[0] if len(steps) == 1 else None

    def _rows(self, targets: str | Numbers, count: int) -> list[Any]:
        """Targets as a whole, step by step; empty where they are none of as many steps."""
        try:
            numbers = targets if isinstance(targets, Numbers) else matrix.read(targets)
        except ParseError:
            return []
        values = numbers.values.reshape(-1) if 1 in numbers.values.shape[:-1] else numbers.values
        rows = Numbers(values.reshape(count, -1)).nested() if len(values.shape) and len(values) == count else []
        return rows if isinstance(rows, list) else []

    def _count(self) -> int:
        """The number of steps, where x is given as a whole; 0 where it is not plain."""
        shape = self._shape()
        return max(shape) if len(shape) == 1 or (len(shape) == 2 and 1 in shape) else shape[0] if len(shape) == 2 else 0

    @property
    def steps(self) -> int:
        """The number of steps, as far as x says it."""
        return self.count or self._count()

    def _shape(self) -> tuple[int, ...]:
        x = self.given.get("x")
        try:
            return x.numbers().shape if x else ()
        except ParseError:
            return ()

    def _in_sentences(self, steps: Mapping[str, dict[int, Assigned]]) -> None:
        """Inputs, classes and a learning rate that a sentence says, where nothing else does."""
        said = self.sheet.prose
        inputs, rate, targets = prose.inputs(said), prose.learning_rate(said), prose.targets(said)
        classes = prose.classes(said) or prose.classes(self.sheet.text)  # “the correct class is k = 2”
        if inputs and not any(name in steps or name in self.given for name in self.roles.inputs):
            self.given["x"] = RawValue([[text] for text in inputs], "x")
        stated = "targets" in self.given or any(name in steps for name in self.roles.targets)
        if classes and not stated:
            self.given["targets"] = RawValue([str(number) for number in classes], "targets")
        elif len(targets) > 1 and not stated and self.roles.made and self._is_judged():
            self.given["targets"] = RawValue(targets, "targets")
        if rate:
            self.given.setdefault("lr", RawValue(rate, "lr"))
        hidden = {"h", "s", "a", "H"} & self.roles.states if len(self.roles.states) > 1 else self.roles.states
        if len(hidden) == 1 and self.roles.made and (start := prose.initial_state(said)):
            letter = next(iter(hidden))
            if f"{letter}_0" not in self.given:
                self.given.setdefault(f"{letter}0", RawValue(start, "h0"))

    def _is_judged(self) -> bool:
        """Whether a formula or the words of the sheet say its loss."""
        return "loss" in self.given or self.roles.loss is not None or losses.in_words(self.sheet.prose)[0] != ""

    def _is_start(self, number: int, count: int, values: Mapping[int, Assigned]) -> bool:
        before = self.first - 1
        behind = self.first + count if count and self.roles.runs_backward else before
        return number in (before, behind) or (number == 0 and before not in values)

    def _steps(self, steps: Mapping[int, Assigned]) -> Any:
        """The values of the steps as rows, none missing."""
        first = min(steps)
        missing = [t for t in range(first, max(steps) + 1) if t not in steps]
        where = steps[first].where
        if missing or first not in (0, 1):
            message = _("{where}: the steps of x run from x_1 without a gap; x_{t} is missing")
            raise ParseError(message, where=where, t=(missing or [1])[0])
        rows = [self.contents.numbers(steps[t]) for t in sorted(steps)]
        if all(len(row.shape) == 2 and min(row.shape) > 1 for row in rows):  # X_1, X_2: a batch at every step
            rows = [row if self.roles.rows else row.transposed for row in rows]
            self.batch = rows[0].shape[0]
        else:
            rows = [row.through(np.ravel) for row in rows]
        if len({row.shape for row in rows}) > 1:
            raise ParseError(_("{where}: every step of x must have the same number of entries"), where=where)
        return Numbers.of(self._by_sequence([row.nested() for row in rows]))

    def _by_sequence(self, steps: list[Any]) -> list[Any]:
        """Values by step; of a batch by sequence, then by step."""
        return [[step[n] for step in steps] for n in range(self.batch)] if self.batch else steps

    def _targets(self, rows: Mapping[int, Assigned], count: int) -> None:
        if not rows:
            return
        first, end = min(rows), self.first + count if count else max(rows) + 1
        if not self.first <= first <= max(rows) < end:
            item = rows[first if first < self.first else max(rows)]
            raise ParseError(_("{where}: x has no such step"), where=item.where)
        values = [rows[n].value if n in rows else None for n in range(self.first, end)]
        nested = [None if value is None else row_of(value) for value in values]
        if self.batch and all(isinstance(row, list) and len(row) == self.batch for row in nested):
            nested = self._by_sequence(nested)
        self.given["targets"] = RawValue(nested, rows[first].where)
