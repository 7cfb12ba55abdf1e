"""From the pieces of a sheet to the keys of a problem: steps to sequences, letters to roles, words to classes.

Longer than other files, because the part that a name plays and the sequence that it makes depend on each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.formulas import layers
from rnncalc.problems.formulas import loss as losses
from rnncalc.problems.formulas.equations import Equations
from rnncalc.problems.formulas.network import FromEquations
from rnncalc.problems.formulas.nodes import Apply, Node, parts
from rnncalc.problems.formulas.own import OwnCell
from rnncalc.problems.formulas.reader import FUNCTIONS, GENERIC
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.notation import gate_letters
from rnncalc.problems.parse import code, matrix
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.sheet import prose, tables
from rnncalc.problems.sheet.answers import answers, row_of
from rnncalc.problems.sheet.scan import Assigned, Sheet, scan

TARGETS = ("target", "targets", "label", "labels", "标签", "目标")
RATES = ("η", "lr", "α", "learning_rate", "eta", "alpha")
LETTERS = ("letter", "char", "character", "token", "word", "字符", "字母")
_STARTED = re.compile(r"([A-Za-z]\w*?)_?0")


def read(text: str) -> dict[str, RawValue]:
    """The keys of the problem that a sheet holds. Raises ParseError with the line."""
    return _Assembly(scan(text)).keys()


class _Assembly:
    def __init__(self, sheet: Sheet):
        self.sheet = sheet
        self.given: dict[str, RawValue] = {}
        self.random = code.CodeReader()
        self.seeds = sorted(sheet.seeds, reverse=True)
        timed = any(equation.defined.offset is not None for equation in sheet.equations)
        kept = [e for e in sheet.equations if not timed or e.defined.offset is not None or e.defined.number is None]
        self.equations = Equations(kept, dict(sheet.functions), [], sheet.layers)
        self._generic()
        if sheet.unread and not kept:
            raise ParseError(_("cannot read as an equation: {text}"), text=sheet.unread[0])
        self.made: FromEquations | OwnCell | None = None
        if kept:
            cell = next((item.value for item in sheet.assigned if item.key == "cell"), "")
            self._under_layers()
            made = self.equations.made({item.symbol.key for item in sheet.assigned if not item.answer}, cell)
            self.made = made if isinstance(made, FromEquations | OwnCell) else None
        self.loss = self._loss()

    def keys(self) -> dict[str, RawValue]:
        """Everything under the keys of a problem."""
        steps: dict[str, dict[int, Assigned]] = {}
        claimed: list[Assigned] = []
        for item in self.sheet.assigned:
            if item.answer or item.gradient or self._is_computed(item):
                claimed.append(item)
            elif self._step(item) is not None:
                self._once(steps.setdefault(self._bare(item), {}), self._step(item), item)
            else:
                self._plain(item)
        self._sequences(steps)
        self._words()
        if claimed:
            self.given["answers"] = RawValue(answers(claimed, self.made, self.first), claimed[0].where)
        order = prose.gate_order(self.sheet.prose)
        if order and "gates" not in self.given and self.equations.equations:
            self.given["gates"] = RawValue(order, "order")
        if self.sheet.commas:
            self.equations.notes.append(
                _("commas within numbers are read as decimal commas (--decimal point reads them apart)")
            )
        skipped = [*self.sheet.unread, *self.sheet.skipped[:8]]
        self.equations.notes += [_("not read: {text}").format(text=text) for text in skipped]
        self.given["equations"] = RawValue(self.equations, "equations")
        return self.given

    def _under_layers(self) -> None:
        """The names under “Layer 2” with that number, names of every layer once for each."""
        if not (letter := self.equations.letter):
            return
        given: list[Assigned] = []
        for item in self.sheet.assigned:
            if item.layer and not item.key:
                name = layers.of_layer(item.symbol, self.equations.equations, letter, item.layer)
                item = replace(item, symbol=name)
            given.append(item)
        names = {item.symbol.key for item in given if not item.answer}
        count = layers.count(self.equations.equations, letter, names) or self.equations.layers
        self.sheet.assigned = [
            replace(item, symbol=name) for item in given for name in layers.each_layer(item.symbol, letter, count)
        ]

    # roles -----------------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> set[str]:
        made = self.made.input if self.made else ""
        return {made or "x", *(() if self.made and self.made.input not in ("x", "X") else ("x", "X"))}

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
    def output(self) -> str:
        if isinstance(self.made, FromEquations):
            return self.made.output
        if self.made and self.made.read_out:
            return self.made.read_out.lines["y"]
        return ""

    @property
    def targets(self) -> set[str]:
        names = {*TARGETS, self.loss.target if self.loss else ""} - {""}
        if self.made and self.output != "y" and "y" not in self.states and "y" not in self._params:
            names.add("y")
        return names - self.inputs

    @property
    def _params(self) -> set[str]:
        return self.made.system.params if self.made else set()

    def _step(self, item: Assigned) -> int | None:
        """The step of a value that has item: an index that is a number, of a signal."""
        number = item.symbol.number
        if item.key or number is None or item.symbol.key in self._params:
            return None
        bare = self._bare(item)
        if bare in self.inputs | self.states | self.targets | {self.output, *LETTERS}:
            return number
        if self.loss is None and bare in ("d", "t") and self.made:
            return number
        return None

    def _is_computed(self, item: Assigned) -> bool:
        """Whether a value is a computed signal's at a step, so that it can only be somebody's answer."""
        number, bare = item.symbol.number, self._bare(item)
        if self.made is None or item.key or number is None or item.symbol.key in self._params:
            return False
        if isinstance(self.made, FromEquations):
            known = self.made.of_signal(bare) is not None
        else:
            known = bare in self.made.system.polys
        steps = [other.symbol.number for other in self.sheet.assigned if self._bare(other) in self.inputs]
        first = min((step for step in steps if step is not None), default=1)
        last = max((step for step in steps if step is not None), default=first)
        is_target = self.loss is not None and self.loss.target == bare
        return known and first <= number <= last and not is_target and not (number == 0 and bare in self.states)

    def _bare(self, item: Assigned) -> str:
        number = item.symbol.number
        return item.symbol.key if number is None else item.symbol.without(number)

    def _loss(self) -> losses.Loss | None:
        outputs = {self.output, "ŷ", *(self.made.system.polys if self.made else ("y", "o"))} - {""}
        for text in self.sheet.losses[::-1]:
            loss = losses.read(text, outputs)
            if loss:
                return loss
        return None

    def _generic(self) -> None:
        """What the sheet calls its activation in words, for the letters φ and f."""
        for letter in self._unknown_functions():
            function = prose.function_called(self.sheet.prose, letter)
            if function:
                self.equations.functions.setdefault(letter, function)
        function = prose.activation(self.sheet.prose)
        for letter in GENERIC if function else ():
            self.equations.functions.setdefault(letter, function)

    def _unknown_functions(self) -> list[str]:
        letters: dict[str, None] = {}
        stack: list[Node] = [equation.node for equation in self.equations.equations]
        while stack:
            node = stack.pop()
            if isinstance(node, Apply) and node.name not in FUNCTIONS.values():
                letters[node.name] = None
            stack += parts(node)
        return list(letters)

    # values ----------------------------------------------------------------------------------------------------------

    def _once(self, where: dict[Any, Any], name: Any, item: Assigned) -> None:
        if name in where and not (isinstance(where[name], Assigned) and where[name].value == item.value):
            raise ParseError(_("{where}: it is given twice"), where=item.where)
        where[name] = item

    def _value(self, item: Assigned) -> Any:
        """A value as text; what code draws at random as numbers, in the order of the sheet."""
        while self.seeds and self.seeds[-1][0] < item.line:
            self.random.np_seed(self.seeds.pop()[1])
        if code.recognises(item.value):
            return self._numbers(item)
        return item.value

    def _numbers(self, item: Assigned) -> Numbers:
        try:
            if code.recognises(item.value):
                return Numbers(self.random.read(item.value))
            return matrix.read(item.value)
        except ParseError as error:
            raise ParseError(f"{item.where}: {error}") from None

    def _plain(self, item: Assigned) -> None:
        name = item.key or item.symbol.key
        if item.symbol.offset is not None and not item.key and name not in self._params:
            return  # y_t = 1: what a value means, and not which step has it
        if item.symbol.base in tables.ROLES.values():
            name = self._of_role(item.symbol)
        started = _STARTED.fullmatch(name)
        if name not in self._params:
            if started and started[1] in self.states:
                name = f"{started[1]}0"
            elif name in RATES:
                name = "lr"
            elif name in self.targets and name != "targets":
                name = "targets"
            elif name in self.sheet.columns and name in self.inputs:
                self.given["x"] = RawValue(self._numbers(item).transposed, item.where)
                return
        value = self._value(item)
        if name == "loss" and isinstance(value, str) and re.fullmatch(r"[\d.]+", value):
            return  # where a program begins to add losses up
        if name in self.given:
            if self.given[name].value == value:
                return
            raise ParseError(_("{where}: it is given twice"), where=item.where)
        given = RawValue(value, item.where)
        self.given[name] = given.unfolded() if item.key else given

    def _of_role(self, symbol: Symbol) -> str:
        """The sheet's name of what a column calls input weights, in the row of a gate."""
        stack, label = symbol.base.removeprefix("@"), "".join(symbol.labels)
        if isinstance(self.made, FromEquations):
            for match in self.made.matches:
                letters = gate_letters(match.pattern.cell)
                for gate in [gate for gate, others in letters.items() if label in others] or [""]:
                    for theirs in match.params.get(f"{stack}_{gate}" if gate else stack, ()):
                        return theirs.key
        return f"{stack}.{label}" if label else stack

    def _sequences(self, steps: Mapping[str, dict[int, Assigned]]) -> None:
        """x_1, x_2, … as x; what stands before the first step is a start, targets by step are targets."""
        self._in_sentences(steps)
        inputs = next((steps[name] for name in sorted(self.inputs) if name in steps), {})
        counted = inputs or next((values for bare, values in steps.items() if bare in LETTERS), {})
        self.first, count = (min(counted), len(counted)) if counted else (1, 0)
        if inputs:
            self.given["x"] = RawValue(self._steps(inputs), inputs[self.first].where)
        elif "X" in self.inputs and "X" in self.given and "x" not in self.given:
            self.given["x"] = self.given.pop("X")
        elif self.made and self.made.input in self.given and "x" not in self.given:
            self.given["x"] = self.given.pop(self.made.input)
        for bare, values in steps.items():
            if values is inputs:
                continue
            for number, item in values.items():
                if bare in self.states and self._is_start(bare, number, count, values):
                    self.given[f"{bare}0"] = RawValue(self._value(item), item.where)
            rows = {n: item for n, item in values.items() if self.first <= n < self.first + max(count, 1)}
            if bare in self.targets or (bare in ("d", "t") and self.made):
                self._targets(rows, count)
            elif bare in LETTERS:
                self.letters = [rows[n].value for n in sorted(rows)]
            elif bare == self.output and rows:
                self._targets(rows, count)
        self._last_only(count)
        if self.loss:
            self.given.setdefault("loss", RawValue(self.loss.name, "loss"))
            if self.loss.reduction and self.loss.name != "mean_squared_error":
                self.given.setdefault("reduction", RawValue(self.loss.reduction, "loss"))
        elif "targets" in self.given and "loss" not in self.given:
            named, reduction = losses.in_words(self.sheet.prose)
            if named:
                self.given["loss"] = RawValue(named, "loss")
            if reduction:
                self.given.setdefault("reduction", RawValue(reduction, "loss"))

    def _last_only(self, count: int) -> None:
        """One target for the last step: L = (h_T − d)², or an output that only the last state has."""
        target, made = self.given.get("targets"), self.made
        only = bool(made and made.system.last & {self.output}) or bool(self.loss and self.loss.step is not None)
        if target is None or not only or count < 2 or not isinstance(target.value, str):
            return
        at = self.loss.step - self.first if self.loss and self.loss.step is not None else count - 1
        self.given["targets"] = RawValue(
            [row_of(target.value) if t == at else None for t in range(count)], target.where
        )

    def _in_sentences(self, steps: Mapping[str, dict[int, Assigned]]) -> None:
        """Inputs, classes and a learning rate that a sentence says, where nothing else does."""
        said = self.sheet.prose
        inputs, classes, rate = prose.inputs(said), prose.classes(said), prose.learning_rate(said)
        if inputs and not any(name in steps or name in self.given for name in self.inputs):
            self.given["x"] = RawValue([[text] for text in inputs], "x")
        if classes and "targets" not in self.given and not any(name in steps for name in self.targets):
            self.given["targets"] = RawValue([str(number) for number in classes], "targets")
        if rate:
            self.given.setdefault("lr", RawValue(rate, "lr"))

    def _is_start(self, bare: str, number: int, count: int, values: Mapping[int, Assigned]) -> bool:
        before = self.first - 1
        return number in (before, self.first + count) or (number == 0 and before not in values)

    def _steps(self, steps: Mapping[int, Assigned]) -> Any:
        """The values of the steps as rows, none missing."""
        first = min(steps)
        missing = [t for t in range(first, max(steps) + 1) if t not in steps]
        where = steps[first].where
        if missing or first not in (0, 1):
            message = _("{where}: the steps of x run from x_1 without a gap; x_{t} is missing")
            raise ParseError(message, where=where, t=(missing or [1])[0])
        rows = [self._numbers(steps[t]).through(np.ravel) for t in sorted(steps)]
        if len({row.shape for row in rows}) > 1:
            raise ParseError(_("{where}: every step of x must have the same number of entries"), where=where)
        return Numbers.of([row.nested() for row in rows])

    def _targets(self, rows: Mapping[int, Assigned], count: int) -> None:
        if not rows:
            return
        first = min(rows)
        values = [rows[n].value if n in rows else None for n in range(self.first, self.first + count)]
        nested = [None if value is None else row_of(value) for value in values]
        self.given["targets"] = RawValue(nested, rows[first].where)

    # words -----------------------------------------------------------------------------------------------------------

    letters: list[str] = []

    def _words(self) -> None:
        """Targets that are words, as numbers of classes in the vocabulary."""
        if self.letters and not any(name in self.given for name in ("x", *self.inputs)):
            self._one_hot()
        targets = self.given.get("targets")
        if targets is None or isinstance(targets.value, Numbers):
            return
        words = targets.value if isinstance(targets.value, list) else prose.items(targets.value)
        if not words or not all(word is None or (isinstance(word, str) and _is_word(word)) for word in words):
            return
        known = self._vocabulary()
        if not known:
            raise ParseError(_("{where}: targets are words, and nothing says the vocabulary"), where=targets.where)
        odd = [word for word in words if word is not None and word not in known]
        if odd:
            message = _("{where}: “{word}” is not in the vocabulary {known}")
            raise ParseError(message, where=targets.where, word=odd[0], known=", ".join(known))
        self.given["targets"] = RawValue(
            [None if word is None else str(known.index(word)) for word in words], targets.where
        )
        self.given.pop("vocabulary", None)

    def _one_hot(self) -> None:
        """Words of the steps as one-hot vectors."""
        known = self._vocabulary()
        if known and all(letter in known for letter in self.letters):
            rows = [["1" if word == letter else "0" for word in known] for letter in self.letters]
            self.given["x"] = RawValue(rows, "x")

    def _vocabulary(self) -> list[str]:
        if "vocabulary" in self.given:
            value = self.given["vocabulary"].value
            return [str(word) for word in value] if isinstance(value, list) else prose.items(str(value))
        said = prose.vocabulary(self.sheet.prose)
        if said:
            return said
        return self._from_one_hot()

    def _from_one_hot(self) -> list[str]:
        """The letters of the steps, in the order of their one-hot vectors."""
        x = self.given["x"].numbers() if "x" in self.given else None
        if x is None or len(x.shape) != 2 or len(self.letters) != x.shape[0]:
            return []
        words: dict[int, str] = {int(row.argmax()): letter for row, letter in zip(x.values, self.letters)}
        return [words.get(at, "") for at in range(x.shape[1])]


def _is_word(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]+", text)) and text.lower() not in ("null", "none", "nan", "inf", "infinity")
