"""What backpropagation leaves behind: the gradient of the loss with respect to everything, by name, read-only.

grads.U, grads.b, grads.V (of the shapes of the parameters), grads.h0, grads.x; grads.steps["da"], ["dh"], ["ds"] (a row
a step); grads.loss, grads.losses. Of a stack, grads.layers[k] has its own, and .forward and .backward if it runs in
both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.lazy_arrays import LazyArrays
from rnncalc.common.named_arrays import Named
from rnncalc.engine.interface import CellAdjoint
from rnncalc.model.equations.expression import Call
from rnncalc.model.equations.functions import quiet
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.positions import ByDirection, Position, positioned
from rnncalc.network.states import States
from rnncalc.network.trace import Signals, frozen, steps_alone
from rnncalc.network.view import View

NONE = frozenset[str]()


def gradient_notes(layers: Iterable[ByDirection[DirectionalLayer]], read_out: DirectionalLayer | None) -> list[str]:
    """What is to be said of a network's gradients: that a step has none."""
    cells = [part.cell for _position, part in positioned(layers, read_out)]
    lines = [expression for cell in cells for expression in cell.lines.values()]
    if any(isinstance(line, Call) and line.function == "step" for line in lines):
        return [_("a step has no gradient: 0 is taken, and nothing is learned through it")]
    return []


class NamedGradients(Named):
    """Gradients by name."""

    def _unknown(self, name: str) -> str:
        known = ", ".join(self) or _("those of the layers")
        return _("no gradient is called {name}; there are {known}").format(name=name, known=known)

    def _unpicklable(self) -> str:
        return _("gradients belong to the network that made them: keep single arrays")


class DirectionGradients(NamedGradients):
    """One direction of a layer, or the read-out: gradients of parameters and initial states by name.

    symbols: by symbol of the equations (U_i, …); adjoints: what reached each line from the loss, every step, as `steps`
    has them under the names da, dh, ds, dmemory. All but the parameters is computed when it is first read.

    adjoint: what went back through it; first: the first of its rows that is a step; shared: the initial states that
    are one vector for a whole batch.
    """

    def __init__(
        self, layer: DirectionalLayer, adjoint: CellAdjoint, view: View, first: int, mirrored: bool = False,
        shared: frozenset[str] = NONE,
    ):  # fmt: skip
        self._layer, self._adjoint, self._view = layer, adjoint, view
        self._first, self._mirrored, self._shared = first, mirrored, shared
        self.stacks: Mapping[str, np.ndarray] = adjoint.stacked()

    @cached_property
    @quiet
    def initial_states(self) -> dict[str, np.ndarray]:
        """h0, c0, …, in the order of the sequences; summed over those that share one vector."""
        gradients, schedule = {}, self._view.schedule
        for state, rows in self._adjoint.initial_adjoints.items():
            given = rows[np.argsort(schedule.order)] if schedule.ragged else rows
            shown = given.sum(axis=0) if state in self._shared else self._view.sequences(given)
            gradients[f"{state}0"] = frozen(shown)
        return gradients

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters and initial states by name."""
        return {**self.stacks, **self.initial_states}

    @cached_property
    def symbols(self) -> dict[str, np.ndarray]:
        return self._layer.by_symbol(self.stacks)

    @cached_property
    def adjoints(self) -> Signals:
        return Signals(steps_alone(self._adjoint.adjoints, self._first), self._view, self._mirrored)

    @cached_property
    def steps(self) -> LazyArrays:
        return steps_of(self._layer, self.adjoints)

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self.stacks[name]
        except KeyError:
            return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)


def steps_of(layer: DirectionalLayer, adjoints: Signals) -> LazyArrays:
    """The gradients of every step: da (gates stacked in the cell's order), dh, ds, dmemory (at an LSTM's c)."""

    lines = layer.cell.gradient_lines

    def together(name: str) -> np.ndarray:
        arrays = [adjoints[line] for line in lines[name]]
        return frozen(arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1))

    return LazyArrays(lines, together, keep=True)


class LayerGradients(NamedGradients):
    """One layer. Of a layer in both directions, `forward` and `backward` have what this has of any other."""

    def __init__(self, passes: Mapping[str, DirectionGradients]):
        self.passes = passes

    @property
    def forward(self) -> DirectionGradients | None:
        return self.passes.get("forward")

    @property
    def backward(self) -> DirectionGradients | None:
        return self.passes.get("backward")

    @cached_property
    def only(self) -> DirectionGradients | None:
        """Those of its direction, if it has but one."""
        return next(iter(self.passes.values())) if len(self.passes) == 1 else None

    def __getitem__(self, name: str) -> np.ndarray:
        if self.only is None:
            raise KeyError(name)
        return self.only[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.only or ())

    def __len__(self) -> int:
        return len(self.only or ())

    def __getattr__(self, name: str) -> Any:
        if name in ("initial_states", "symbols", "adjoints", "steps") and self.only is not None:
            return getattr(self.only, name)
        return super().__getattr__(name)


class Gradients(NamedGradients):
    """The gradients of a whole network; of a stack, only the read-out's are here and not in `layers`."""

    def __init__(
        self, layers: Sequence[LayerGradients], read_out: DirectionGradients | None, x: Callable[[], np.ndarray],
        loss: float | None, losses: np.ndarray | None,
    ):  # fmt: skip
        self.layers, self.read_out, self._x = layers, read_out, x
        self.loss, self.losses = loss, None if losses is None else frozen(losses)

    @cached_property
    def _named(self) -> list[DirectionGradients]:
        """Those whose names are the network's too: of its only layer, and of the read-out."""
        only = self.layers[0].only if len(self.layers) == 1 else None
        return [part for part in (only, self.read_out) if part is not None]

    def parts(self) -> Iterator[tuple[Position, DirectionGradients]]:
        """Every directional layer's gradients with its position, and the read-out's."""
        return positioned(self.layers, self.read_out)

    def part(self, position: Position) -> DirectionGradients:
        """The gradients of the directional layer at a position, or the read-out's."""
        return dict(self.parts())[position]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, under the names of `Network.parameters`."""
        return {position.path + name: array for position, part in self.parts() for name, array in part.stacks.items()}

    @cached_property
    def states(self) -> States:
        """The gradients of the initial states, in the form of states: what an encoder takes as its `dstates`."""
        by_layer = {}
        for position, part in positioned(self.layers):
            arrays = part.initial_states.items()
            by_layer[position.path] = {name.removesuffix("0"): np.array(array) for name, array in arrays}
        return States(by_layer)

    @cached_property
    def steps(self) -> LazyArrays:
        """A row a step: da, dh, … of the last layer, ds of the read-out, dx."""
        last = [self.layers[-1].steps] if len(self.layers[-1].passes) == 1 else []
        above = [self.read_out.steps] if self.read_out else []
        owners = {name: steps for steps in (*last, *above) for name in steps}
        return LazyArrays(
            [*owners, "dx"], lambda name: frozen(self._x()) if name == "dx" else owners[name][name], keep=True
        )

    @property
    def x(self) -> np.ndarray:
        """The gradient at the inputs, of the shape of x; computed when it is first read."""
        return self.steps["dx"]

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "x":
            return self.x
        if name.startswith("layers."):
            return self.parameters[name]
        for part in self._named:
            try:
                return part[name]
            except KeyError:  # it may be another part's
                continue
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([*dict.fromkeys(name for part in self._named for name in part), "x"])

    def __len__(self) -> int:
        return sum(1 for _name in self)
