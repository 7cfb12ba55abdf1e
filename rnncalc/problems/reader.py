"""Builds a problem from raw values: the layers from the input up, the read-out, the inputs and the task.

The problem's notes say what was assumed. Longer than other files: the parts of a problem are read in one order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import MissingError, ProblemError, ShapeError
from rnncalc.model.cells.readout import read_out
from rnncalc.model.layer import DIRECTIONS, DirectionalLayer, Layer
from rnncalc.model.losses import LOSSES, REDUCTIONS, takes_classes
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.network import LAYOUTS, Network
from rnncalc.problems import stated_sizes, vocabulary
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.keys import (
    KEYS,
    OF_A_LAYER,
    OF_ALL_LAYERS,
    OF_ONE_DIRECTION,
    check_keys,
    check_words,
    inside,
    one_of,
    ours,
    parts,
    stated,
)
from rnncalc.problems.parse import commas
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.problem import Problem, Task, quicker_engine
from rnncalc.problems.shapes import Sizes, bring_input, bring_output, finite


def read(given: Mapping[str, RawValue], *, engine: str = "auto", dtype: str = "float64") -> Problem:
    """Build the problem that raw values state. Raises ParseError, ShapeError and ProblemError, which name the place."""
    reading = _Reading(given)
    try:
        network = reading.network(dtype)
    except (ShapeError, MissingError) as error:
        more = reading.doubtful() if isinstance(error, ShapeError) else reading.unread()
        raise type(error)("\n".join([str(error), *more])) if more else error from None
    x, batch = reading.x, reading.batch
    problem = Problem(network, x, batch, reading.layers, reading.task, given=reading.given, notes=reading.notes)
    problem.stated, problem.open, problem.of_sheet = given, reading.open, reading.of_sheet
    problem.last_only, problem.decimal = reading.last_only, reading.decimal
    problem.lengths, problem.mask = reading.lengths(), reading.mask()
    problem.title, problem.source = (str(given[key].value) if key in given else "" for key in ("title", "source"))
    sequences, steps = (x.shape[0] if batch else 1), x.shape[-2]
    PackedBatch.of(sequences, steps, problem.lengths, problem.mask)  # refuses lengths that do not fit
    _check_batch(network, sequences)
    stated_sizes.hold(problem, reading.sizes)
    reading.goal(problem)
    auto = isinstance(engine, str) and engine == "auto"
    network.engine = quicker_engine(network, sequences, steps) if auto else engine
    return problem


class _Reading:
    """The parts of one problem, built from raw values by key."""

    def __init__(self, given: Mapping[str, RawValue]):
        self.decimal = one_of(given, "decimal", commas.MARKS)
        self.raw, self.sizes = stated_sizes.taken(vocabulary.numbered(ours(_written(given, self.decimal))))
        self.notes, self.last_only = list[str](), False
        self.open, self.of_sheet = list[tuple[str, str]](), False
        if "equations" in self.raw:
            from rnncalc.problems.formulas.equations import Equations, settled  # here: few state any, and it is large

            read = self.raw["equations"].value
            sheet = isinstance(read, Equations)
            self.of_sheet = sheet and not read.equations
            check_words(self.raw, only_near=sheet)
            self.raw, self.notes, self.last_only, sizes = settled(self.raw)
            self.sizes += sizes
        else:
            check_words(self.raw)
        self.notes += commas.notes({key: value.value for key, value in self.raw.items()})
        self.layers: list[dict[str, GivenDirection]] = []
        self.given: dict[str, RawValue] = {}
        self.task = Task()

    def doubtful(self) -> list[str]:
        """What is said of texts that were read as two numbers and may be one, 0,8: where shapes do not fit."""
        return commas.notes({key: value.value for key, value in self.raw.items()}, in_doubt=True)

    def unread(self) -> list[str]:
        """The first two notes on lines of a sheet that nothing was read from: what is missing may stand there."""
        if not self.notes:
            return []
        from rnncalc.problems.sheet.unread import is_unread  # here: only errors need its many patterns

        return [note for note in self.notes if is_unread(note)][:2]  # a message has three lines

    # the network -----------------------------------------------------------------------------------------------------

    def network(self, dtype: str) -> Network:
        """Build the layers from the input up and, if V is given, the read-out."""
        raw_layers, layers, width = self._layers(), list[Layer](), _width(self.input)
        inputs = (width, "x") if width else None
        for number, keys in enumerate(raw_layers):
            layer = self._layer(keys, inputs, last=number == len(raw_layers) - 1)
            layers.append(layer)
            inputs = (layer.width, _("the layer below"))
        top = self.layers[-1]
        above = next(iter(top.values()))
        self.given, arrays = above.given, above.read_out()
        output = one_of(self.given, "output", read_out().switches["output"], "identity")
        for directions in self.layers:
            for direction in directions.values():
                self.notes += direction.notes
                self.open += [reading for reading in direction.open if reading not in self.open]
        if self.of_sheet and ("notation", "swapped") in self.open and not above.cell.gates:
            line = "a_t = b + W h_{t-1} + U x_t"
            note = _("read as {line}; the other way, W before the input: --notation swapped")
            self.notes.append(note.format(line=line))
        if above.cell.owns_read_out:
            return Network(layers, dtype=dtype, engine="equations")
        if "V" not in arrays:
            if "c" in arrays or output != "identity":
                misplaced = "c" if "c" in arrays else "output"
                raise above.misplaced(misplaced, _("{where}: {name} belongs to the read-out, which needs V"))
            return Network(layers, dtype=dtype, engine="equations")
        source = above.sizes.sources.get("H", "")
        cell = above.on_top(output)
        sizes = Sizes(cell, arrays, {}, above.letters, (layers[-1].width, source))
        parameters = sizes.parameters(self.notes)
        network = Network(layers, parameters["V"], parameters.get("c"), output, dtype=dtype, engine="equations")
        network.read_out = DirectionalLayer(cell, **parameters).settled(network.dtype)  # with the biases of the sheet
        return network

    def _layers(self) -> list[dict[str, RawValue]]:
        """The keys of each layer: a key beside `layers` holds for every layer, or for the read-out on top."""
        stack = stated(self.raw, "layers")
        if stack is None:
            return [self.raw]
        shared = {key: value for key, value in self.raw.items() if key in OF_ALL_LAYERS}
        for key in ("U", "W", "b", "d", "R", "h0", "c0", "y0", "direction", "backward", "merge"):
            if key in self.raw:
                where = self.raw[key].where
                raise ProblemError(_("{where}: of a stack, {key} stands in its layers"), where=where, key=key)
        layers = [{**shared, **inside(part, _("a layer"))} for part in parts(stack)]
        top = {key: value for key, value in self.raw.items() if key not in ("layers", *OF_ALL_LAYERS)}
        for key in layers[-1]:
            if key in top:
                raise ProblemError(_("{where}: {key} is given twice"), where=layers[-1][key].where, key=key)
        layers[-1].update(top)
        return layers

    def _layer(self, raw: dict[str, RawValue], inputs: tuple[int, str] | None, last: bool) -> Layer:
        """Build a layer, in one direction or in both."""
        direction = one_of(raw, "direction", DIRECTIONS, "forward")
        merge = one_of(raw, "merge", tuple(MERGES), "concat")
        backward = stated(raw, "backward")
        if direction == "both" and backward is None:
            raise ProblemError(_('direction both needs "backward": {"U": …, "W": …}, the other direction\'s weights'))
        if backward is not None and direction != "both":
            message = _('{where}: the weights of a second direction need "direction": "both"')
            raise ProblemError(message, where=backward.where)
        keys = frozenset(KEYS if last else OF_A_LAYER)
        batch = len(self.input.shape) == 3
        halves = 2 if backward and merge == "concat" else 1
        first = GivenDirection(raw, keys, inputs, None, batch, halves, stated_sizes.units(self.sizes))
        directions = {"backward" if direction == "backward" else "forward": first}
        self.layers.append(directions)
        if len(self.layers) == 1:
            self.x, self.batch = self._bring_x(first)
        steps = self.x.shape[-2]
        arrays = first.arrays_for_layer(steps)
        if backward is None:
            return Layer(first.cell, direction=direction, merge=merge, **arrays)
        own = inside(backward, _("the backward direction"))
        common = {key: value for key, value in raw.items() if key in OF_ALL_LAYERS}
        if "cell" in own:  # what the other cell switches is not for this one
            common = {key: value for key, value in common.items() if key not in ("activation", "update")}
        second = GivenDirection(
            {**common, **own},
            frozenset(OF_ONE_DIRECTION),
            (first.sizes.sizes["D"], "x"),
            (first.sizes.sizes["H"], _("the forward direction")),
            batch,
        )
        directions["backward"] = second
        other = {"cell": second.cell, **second.arrays_for_layer(steps)}
        return Layer(first.cell, direction="both", backward=other, merge=merge, **arrays)

    # the inputs ------------------------------------------------------------------------------------------------------

    @cached_property
    def input(self) -> Numbers:
        """The numbers of x."""
        value = stated(self.raw, "x")
        if value is None:
            if not isinstance(self.raw.get("cell", RawValue("", "")).value, Mapping):  # its parameters have any name
                check_keys(self.raw, KEYS)
            raise MissingError(_("{name} is missing: a problem needs U, W and x"), name="x")
        return value.numbers()

    @property
    def time_first(self) -> bool:
        return one_of(self.raw, "layout", LAYOUTS) == "time_first"

    def _bring_x(self, first: GivenDirection) -> tuple[np.ndarray, bool]:
        """x as (T, D) or (N, T, D), and whether it is a batch."""
        source = first.sizes.sources.get("D", "")
        who = first.letters.parameter(source) if source != "x" else ""
        return bring_input(self.input, first.sizes.sizes["D"], who, self.time_first)

    def lengths(self) -> np.ndarray | None:
        """The number of steps of each sequence."""
        given = stated(self.raw, "lengths")
        if given is None:
            return None
        values = finite(given.numbers(), "lengths").reshape(-1)
        if (values != np.floor(values)).any():
            raise ShapeError(_("{where}: lengths are whole numbers"), where=given.where)
        return values.astype(np.int64)

    def mask(self) -> np.ndarray | None:
        """Which steps a sequence has: (T,) or (N, T), true where there is one."""
        given = stated(self.raw, "mask")
        if given is None:
            return None
        values = np.atleast_1d(given.part(_truths(given.value), given.where).numbers().values)
        if not np.isin(values, (0, 1)).all():
            raise ProblemError(_("{where}: a mask holds true and false"), where=given.where)
        return (values.T if self.time_first and self.batch else values) == 1

    # the task --------------------------------------------------------------------------------------------------------

    def goal(self, problem: Problem) -> None:
        """Set the loss, the targets, the depth of BPTT and the update where they are given."""
        task, raw = self.task, {key: value for key, value in self.raw.items() if value.value is not None}
        task.loss = one_of(raw, "loss", tuple(LOSSES)) or None
        task.reduction = one_of(raw, "reduction", REDUCTIONS) or None
        for key in ("lr", "clip_norm", "clip_value"):
            if key in raw:
                setattr(task, key, self._number(raw[key], key))
        for key in ("truncate", "chunk"):
            if key in raw:
                number = self._number(raw[key], key)
                if number != int(number) or number < 1:
                    message = _("{where}: {key} is a number of steps, 1 or more")
                    raise ProblemError(message, where=raw[key].where, key=key)
                setattr(task, key, int(number))
        shape = (*problem.x.shape[:-1], problem.network.sizes["O"])
        for key in ("targets", "dy"):
            if key in raw:
                classes = key == "targets" and takes_classes(task.loss)
                setattr(task, key, bring_output(raw[key].numbers(), key, shape, classes, self.time_first))
        if task.dy is not None:
            task.dy = np.where(np.isnan(task.dy), 0.0, task.dy)  # where no number is given nothing arrives

    @staticmethod
    def _number(given: RawValue, key: str) -> float:
        values = finite(given.numbers(), key)
        if values.size != 1 or (values.item() <= 0 and key != "lr"):
            message = _("{where}: {key} is one number above 0")
            raise ProblemError(message, where=given.where, key=key)
        return float(values.item())


def _written(given: Mapping[str, RawValue], decimal: str) -> dict[str, RawValue]:
    """The values with the decimal mark that the problem states, and with the numbers of the files that they name."""
    words = ("title", "source", "notes")
    return {
        key: value if key in words else value.written(decimal).opened()
        for key, value in given.items()
        if key != "decimal"
    }


def _truths(value: Any) -> Any:
    """Replace truth values by ones and zeros, in nested lists and in the text of a matrix."""
    if isinstance(value, list):
        return [_truths(part) for part in value]
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str) and not value.lstrip().startswith("@"):
        return re.sub(r"\b(?:true|false)\b", lambda word: str(int(word[0].lower() == "true")), value, flags=re.I)
    return value


def _width(x: Numbers) -> int | None:
    """D, if the shape of x says it. A vector or a single column may have any D."""
    return x.shape[-1] if len(x.shape) == 3 or (len(x.shape) == 2 and x.shape[1] > 1) else None


def _check_batch(network: Network, sequences: int) -> None:
    for layer in network.passes:
        for state, start in layer.initial_states.items():
            if start.ndim == 2 and len(start) != sequences:
                message = _("{name} has {n} rows, x has {sequences} sequences")
                raise ShapeError(message, name=f"{state}0", n=len(start), sequences=sequences)
