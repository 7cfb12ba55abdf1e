"""The part that a name of a sheet plays: input, state, output, target, parameter, somebody's answer."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property

import numpy as np

from rnncalc.problems.formulas import loss as losses
from rnncalc.problems.formulas.network import FromEquations
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet

TARGETS = ("target", "targets", "Target", "Targets", "label", "labels", "标签", "目标")
INPUTS = ("x", "X", "xs")  # one sequence: x_1 stands for xs[0]
SIGNALS = ("a", "h", "s", "y", "c", "i", "f", "g", "o", "r", "z", "n", "da", "dh", "ds", "dx")  # without equations
UNIT = re.compile(r"\d\W*\[\s*(\d{1,6})\s*\]\W*\Z")  # behind another number: h_2[1]
_OF_TARGET = re.compile(
    r"\b(?:targets?|labels?|desired|true|truth|correct|wanted|ziel\w*|soll\w*|cible|objetivo|étiquette)\b|"
    "目标|标签|期望|真实|真值|目標|正解|цел[ьи]|метк",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?=.*[1-9])\d{0,9}\.\d{1,30}(?:e[-+]?\d{1,3})?", re.IGNORECASE)  # L = 2 may count layers
LETTERS = ("letter", "char", "character", "token", "word", "字符", "字母")


class Roles:
    """made: what the equations decide, None where there are none. loss: the one that a formula says."""

    def __init__(self, sheet: ScannedSheet, made: FromEquations | OwnCell | None):
        self.sheet, self.made = sheet, made
        self.loss = self._loss()

    @property
    def inputs(self) -> set[str]:
        made = self.made.input if self.made else ""
        return {made or "x", *(() if self.made and made not in INPUTS else INPUTS)} - self.params

    @property
    def states(self) -> set[str]:
        """The sheet's signals that are read a step later."""
        if isinstance(self.made, OwnCell):
            return {theirs for theirs, line in self.made.names.items() if line in self.made.state}
        if self.made is None:
            return {"h", "c", "y", "C", "H", "s"}
        return {
            match.lines[state]
            for layer in self.made.layers
            for match in layer.both
            for state in match.pattern.cell.state
        }

    @property
    def rows(self) -> bool:
        """Whether vectors are rows: H_t = φ(X_t W + …)."""
        if isinstance(self.made, FromEquations):
            return any(match.rows for layer in self.made.layers for match in layer.both)
        return self.made is not None and any(self.made.rows.values())

    @property
    def output(self) -> str:
        return self.made.output if self.made else ""

    @property
    def last_only(self) -> bool:
        """Whether the output is read out at the last step alone: y = V h_T."""
        return self.made is not None and self.output in self.made.system.last

    @property
    def targets(self) -> set[str]:
        names = {*TARGETS, self.loss.target if self.loss else ""} - {""}
        if self.made and self.output != "y" and "y" not in self.states and "y" not in self.params:
            names.add("y")
        return names - self.inputs

    @property
    def runs_backward(self) -> bool:
        """Whether the equations have a layer that begins at the last step."""
        return isinstance(self.made, FromEquations) and any(layer.backward for layer in self.made.layers)

    @property
    def params(self) -> set[str]:
        return self.made.system.params if self.made else set()

    def step(self, item: Assigned) -> int | None:
        """The step of a value that has item: an index that is a number, of a signal."""
        number = item.symbol.number
        if item.key or number is None or item.symbol.key in self.params:
            return None
        bare = self.bare(item)
        if bare in self.inputs | self.states | self.targets | {self.output, *LETTERS}:
            return number
        if not (self.loss and self.loss.target) and bare in ("d", "t") and self.made:
            return number
        return None

    @cached_property
    def _input_steps(self) -> set[int]:
        """The steps of the inputs that are given one by one."""
        inputs = self.inputs
        numbered = [item for item in self.sheet.assigned if self.bare(item) in inputs]
        return {item.symbol.number for item in numbered if item.symbol.number is not None}

    def is_claim(self, item: Assigned) -> bool:
        """Whether a value is somebody's answer, whatever stands above it."""
        of_update = "new" in item.symbol.words and not item.key  # nobody gives the parameters after the update
        return of_update or self.is_computed(item) or self.is_number(item) or self.is_step_loss(item)

    def is_computed(self, item: Assigned) -> bool:
        """Whether a value can only be somebody's answer: a computed signal's at a step, a loss's, U_new beside U.

        A signal that the last step alone has needs no number: y = V h_T, y = 0.4.
        """
        number, bare = item.symbol.number, self.bare(item)
        if self.made is None or item.key or item.symbol.key in self.params:
            return False
        if bare in ("ŷ", "yhat") and self.output == "y" and not self._is_signal(bare):
            bare = "y"
        if item.symbol.before_update in self.params or self._is_gradient(item):
            return True
        if losses.is_loss(item.symbol) and not self._is_signal(bare):
            return self._judged and _FRACTION.fullmatch(item.value.strip(" .")) is not None
        if number is None:
            return bare in self.made.system.last and item.symbol.offset is None and not self._says_target(item)
        first, last = min(self._input_steps, default=1), max(self._input_steps, default=number)
        is_target = self.loss is not None and self.loss.target == bare
        is_start = number == 0 and bare in self.states
        return self._is_signal(bare) and first <= number <= last and not is_target and not is_start

    def _is_gradient(self, item: Assigned) -> bool:
        """Whether a name is d and a parameter's, dW beside W; 0 is where a program begins to add."""
        numbers = values.numbers(item.value) if item.symbol.base[:1] == "d" and len(item.symbol.base) > 1 else None
        of = replace(item.symbol, base=item.symbol.base[1:]).key
        return numbers is not None and of in self.params and bool(np.any(numbers.values))

    @cached_property
    def _judged(self) -> bool:
        """Whether the sheet says its loss, as a formula or in words."""
        return self.loss is not None or losses.in_words(self.sheet.prose)[0] != ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.sheet.text.split("\n")

    def _says_target(self, item: Assigned) -> bool:
        """Whether the line of a value speaks of a target, or a loss has its name for one."""
        line = self._lines[item.line]
        return bool(_OF_TARGET.search(line)) or (self.loss is not None and self.loss.target == self.bare(item))

    @cached_property
    def _losses(self) -> dict[str, set[int]]:
        """The numbers behind each letter of a loss, L_1, L_2."""
        numbers: dict[str, set[int]] = {}
        for item in self.sheet.assigned:
            if not item.key and item.symbol.number is not None and losses.is_loss(item.symbol):
                numbers.setdefault(item.symbol.base, set()).add(item.symbol.number)
        return numbers

    def is_step_loss(self, item: Assigned) -> bool:
        """Whether a name is the loss of one step, of which there are several: that is computed too."""
        name = item.symbol
        if item.key or name.number is None or name.offset is not None or not losses.is_loss(name):
            return False
        return len(self._losses.get(name.base, ())) > 1 and name.key not in self.params

    def is_number(self, item: Assigned) -> bool:
        """Whether a name is that of one number of a result, h_2[1] or dU[1][2], so that it can only be an answer."""
        if item.key or not UNIT.search(item.symbol.text):
            return False
        of_step = replace(item, symbol=replace(item.symbol, indices=item.symbol.indices[:-1]))
        bare, number = self.bare(of_step), of_step.symbol.number
        if bare in self.inputs | self.targets | self.params or (number == 0 and bare in self.states):
            return False
        return self._is_signal(bare) or bool(re.fullmatch(r"d[UWVRbcd]", item.symbol.base))

    def is_result(self, item: Assigned) -> bool:
        """Whether a name is that of a quantity which somebody may be asked for."""
        base, number = item.symbol.base, item.symbol.number
        bare = item if number is None else replace(item, symbol=replace(item.symbol, indices=item.symbol.words))
        derived = re.fullmatch(r"d[A-Zbcdhas]\w{0,8}|\w+_new", base) or "new" in item.symbol.words
        signal = self._is_signal(bare.symbol.key) or self._is_signal(base)
        return bool(item.key or item.gradient or derived or losses.is_loss(item.symbol)) or signal

    def _is_signal(self, name: str) -> bool:
        if self.made is None:
            return name in SIGNALS
        if isinstance(self.made, FromEquations):
            return self.made.of_signal(name) is not None or name in self._preactivations
        return name in self.made.system.polys

    @property
    def _preactivations(self) -> set[str]:
        """Our names of a single layer's sums before the functions, where the sheet has no other use for them."""
        layers = self.made.layers if isinstance(self.made, FromEquations) else []
        cells = [match.pattern.cell for layer in layers for match in layer.both] if len(layers) == 1 else []
        names = {line for cell in cells for line in cell.preactivations.values()}
        return names - self.params - self.inputs - self.targets

    def bare(self, item: Assigned) -> str:
        number = item.symbol.number
        return item.symbol.key if number is None else item.symbol.without(number)

    def _loss(self) -> losses.SheetLoss | None:
        outputs = {self.output, "ŷ", *(self.made.system.polys if self.made else ("y", "o"))} - {""}
        for text in self.sheet.losses[::-1]:
            loss = losses.read(text, outputs)
            if loss:
                return loss
        return None
