"""From what was given to a problem: everything that CONTRACT §2 says of a problem file.

Layers from the input up (`passes`), the read-out on top, the inputs, and what is asked of them; what was assumed on the
way stands in the problem's notes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells.readout import read_out
from rnncalc.model.layer import DIRECTIONS, Layer
from rnncalc.model.losses import LOSSES, REDUCTIONS
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.network import LAYOUTS, Network
from rnncalc.problems.given_layer import GivenPass
from rnncalc.problems.keys import KEYS, OF_A_LAYER, OF_ALL_LAYERS, OF_ONE_PASS, inside, one_of, parts
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.problem import Problem, Task, quicker_engine
from rnncalc.problems.shapes import Sizes, bring_input, bring_output, finite


def read(given: Mapping[str, RawValue], *, engine: str = "auto", dtype: str = "float64") -> Problem:
    """The problem that was given. Raises ParseError, ShapeError and ProblemError, each with what, where and how."""
    reading = _Reading(given)
    network = reading.network(dtype)
    x, batch = reading.x, reading.batch
    problem = Problem(network, x, batch, reading.layers, reading.task, given=reading.given, notes=reading.notes)
    problem.lengths, problem.mask = reading.lengths(), reading.mask()
    problem.title, problem.source = (str(given[key].value) if key in given else "" for key in ("title", "source"))
    sequences, steps = (x.shape[0] if batch else 1), x.shape[-2]
    PackedBatch.of(sequences, steps, problem.lengths, problem.mask)  # refuses lengths that do not fit
    _check_batch(network, sequences)
    reading.goal(problem)
    network.engine = quicker_engine(network, sequences, steps) if engine == "auto" else engine
    return problem


class _Reading:
    """One problem on its way."""

    def __init__(self, given: Mapping[str, RawValue]):
        self.asked = dict(given)
        self.input = self._needed("x").numbers()
        self.layers: list[dict[str, GivenPass]] = []
        self.notes: list[str] = []
        self.given: dict[str, RawValue] = {}
        self.task = Task()

    # the network -----------------------------------------------------------------------------------------------------

    def network(self, dtype: str) -> Network:
        """The layers from the input up and, if there is V, the read-out."""
        asked, layers, width = self._layers(), list[Layer](), _width(self.input)
        inputs = (width, "x") if width else None
        for number, keys in enumerate(asked):
            layer = self._layer(keys, inputs, last=number == len(asked) - 1)
            layers.append(layer)
            inputs = (layer.width, _("the layer below"))
        top = self.layers[-1]
        above = next(iter(top.values()))
        self.given, brought = above.given, above.read_out()
        output = one_of(self.given, "output", read_out().switches["output"], "identity")
        for ways in self.layers:
            for one in ways.values():
                self.notes += one.notes
        if above.cell.owns_read_out:
            return Network(layers, dtype=dtype)
        if "V" not in brought:
            if "c" in brought or output != "identity":
                misplaced = "c" if "c" in brought else "output"
                raise above.misplaced(misplaced, _("{where}: {name} belongs to the read-out, which needs V"))
            return Network(layers, dtype=dtype)
        said = above.sizes.said.get("H", "")
        on_top = Sizes(read_out(output), brought, {}, above.letters, (layers[-1].width, said))
        arrays = on_top.parameters(self.notes)
        return Network(layers, arrays["V"], arrays.get("c"), output, dtype=dtype)

    def _layers(self) -> list[dict[str, RawValue]]:
        """The keys of each layer: what stands beside a stack is for all its layers, or for the read-out on top."""
        if "layers" not in self.asked or self.asked["layers"].value is None:
            return [self.asked]
        stack = _unfolded(self.asked["layers"])
        shared = {key: value for key, value in self.asked.items() if key in OF_ALL_LAYERS}
        for key in ("U", "W", "b", "d", "R", "h0", "c0", "y0", "direction", "backward", "merge"):
            if key in self.asked:
                where = self.asked[key].where
                raise ProblemError(_("{where}: of a stack, {key} stands in its layers"), where=where, key=key)
        found = [{**shared, **inside(part, _("a layer"))} for part in parts(stack)]
        top = {key: value for key, value in self.asked.items() if key not in ("layers", *OF_ALL_LAYERS)}
        for key in found[-1]:
            if key in top:
                raise ProblemError(_("{where}: {key} is given twice"), where=found[-1][key].where, key=key)
        found[-1].update(top)
        return found

    def _layer(self, asked: dict[str, RawValue], inputs: tuple[int, str] | None, last: bool) -> Layer:
        """One layer, in one direction or in both."""
        direction = one_of(asked, "direction", DIRECTIONS, "forward")
        merge = one_of(asked, "merge", tuple(MERGES), "concat")
        other = asked.get("backward")
        both = other is not None and other.value is not None
        if direction == "both" and not both:
            raise ProblemError(_('direction both needs "backward": {{"U": …, "W": …}}, the other direction\'s weights'))
        if both and direction != "both":
            where = other.where if other else ""
            raise ProblemError(_('{where}: the weights of a second direction need "direction": "both"'), where=where)
        keys = frozenset(KEYS if last else OF_A_LAYER)
        batch = len(self.input.shape) == 3
        first = GivenPass(asked, keys, inputs, None, batch, halves=2 if both and merge == "concat" else 1)
        ways = {"backward" if direction == "backward" else "forward": first}
        self.layers.append(ways)
        if len(self.layers) == 1:
            self.x, self.batch = self._bring_x(first)
        steps = self.x.shape[-2]
        arrays = first.arrays_for_layer(steps)
        if not both or other is None:
            return Layer(first.cell, direction=direction, merge=merge, **arrays)
        common = {key: value for key, value in asked.items() if key in OF_ALL_LAYERS}
        second = GivenPass(
            {**common, **inside(_unfolded(other), _("the backward direction"))},
            frozenset(OF_ONE_PASS),
            (first.sizes.sizes["D"], "x"),
            (first.sizes.sizes["H"], _("the forward direction")),
            batch,
        )
        ways["backward"] = second
        return Layer(first.cell, direction="both", backward=second.arrays_for_layer(steps), merge=merge, **arrays)

    # the inputs ------------------------------------------------------------------------------------------------------

    def _needed(self, name: str) -> RawValue:
        if name not in self.asked or self.asked[name].value is None:
            raise ProblemError(_("{name} is missing: a problem needs U, W and x"), name=name)
        return self.asked[name]

    @property
    def time_first(self) -> bool:
        return one_of(self.asked, "layout", LAYOUTS) == "time_first"

    def _bring_x(self, first: GivenPass) -> tuple[np.ndarray, bool]:
        """(T, D) or (N, T, D), and whether it is a batch."""
        said = first.sizes.said.get("D", "")
        who = first.letters.parameter(said) if said != "x" else ""
        return bring_input(self.input, first.sizes.sizes["D"], who, self.time_first)

    def lengths(self) -> np.ndarray | None:
        """How many steps each sequence has."""
        if "lengths" not in self.asked or self.asked["lengths"].value is None:
            return None
        values = finite(self.asked["lengths"].numbers(), "lengths").reshape(-1)
        if (values != np.floor(values)).any():
            raise ShapeError(_("{where}: lengths are whole numbers"), where=self.asked["lengths"].where)
        return values.astype(np.int64)

    def mask(self) -> np.ndarray | None:
        """Which steps there are."""
        if "mask" not in self.asked or self.asked["mask"].value is None:
            return None
        given = self.asked["mask"]
        values = np.atleast_1d(RawValue(_truths(given.value), given.where, given.files).numbers().values)
        if not np.isin(values, (0, 1)).all():
            raise ProblemError(_("{where}: a mask holds true and false"), where=given.where)
        return (values.T if self.time_first and self.batch else values) == 1

    # what is asked ---------------------------------------------------------------------------------------------------

    def goal(self, problem: Problem) -> None:
        """The loss, the depth of BPTT and the update; what is not given stays as it is."""
        task, asked = self.task, {key: value for key, value in self.asked.items() if value.value is not None}
        task.loss = one_of(asked, "loss", tuple(LOSSES)) or None
        task.reduction = one_of(asked, "reduction", REDUCTIONS) or None
        for key in ("lr", "clip_norm", "clip_value"):
            if key in asked:
                setattr(task, key, self._number(asked[key], key))
        for key in ("truncate", "chunk"):
            if key in asked:
                number = self._number(asked[key], key)
                if number != int(number) or number < 1:
                    message = _("{where}: {key} is a number of steps, 1 or more")
                    raise ProblemError(message, where=asked[key].where, key=key)
                setattr(task, key, int(number))
        shape = (*problem.x.shape[:-1], problem.network.sizes["O"])
        for key in ("targets", "dy"):
            if key in asked:
                classes = key == "targets" and task.loss == "cross_entropy"
                setattr(task, key, bring_output(asked[key].numbers(), key, shape, classes, self.time_first))
        if task.dy is not None:
            task.dy = np.where(np.isnan(task.dy), 0.0, task.dy)  # where no number is given nothing arrives

    @staticmethod
    def _number(given: RawValue, key: str) -> float:
        values = finite(given.numbers(), key)
        if values.size != 1 or (values.item() <= 0 and key != "lr"):
            message = _("{where}: {key} is one number above 0")
            raise ProblemError(message, where=given.where, key=key)
        return float(values.item())


def _unfolded(given: RawValue) -> RawValue:
    """A list or an object that was typed as text, as an option is."""
    if isinstance(given.value, str):
        return RawValue(strict_json.read(given.value), given.where, given.files)
    return given


def _truths(value: Any) -> Any:
    """Truth values in nested lists or in any form of matrix as ones and zeros."""
    if isinstance(value, list):
        return [_truths(part) for part in value]
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str) and not value.lstrip().startswith("@"):
        return re.sub(r"\b(?:true|false)\b", lambda found: str(int(found[0].lower() == "true")), value, flags=re.I)
    return value


def _width(x: Numbers) -> int | None:
    """D, where the shape of x says it: a vector or a single column may be anything."""
    return x.shape[-1] if len(x.shape) == 3 or (len(x.shape) == 2 and x.shape[1] > 1) else None


def _check_batch(network: Network, sequences: int) -> None:
    for one in network.passes:
        for state, start in one.starts.items():
            if start.ndim == 2 and len(start) != sequences:
                message = _("{name} has {n} rows, x has {sequences} sequences")
                raise ShapeError(message, name=f"{state}0", n=len(start), sequences=sequences)
