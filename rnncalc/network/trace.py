"""What a forward pass leaves behind: every signal at every step, by name, read-only.

`trace.h` or `trace["h"]` is (T, H) for one sequence and (N, T, H) for a batch; zeros where a sequence has no step.
`trace.initial["h"]` and `trace.final["h"]` are the state before the first and after the last step, (H,) or (N, H); of
several layers or directions `States` have them one by one.
Longer than other files, so that the traces of a direction, a layer and a network stand together.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.lazy_arrays import LazyArrays
from rnncalc.common.named_arrays import Named
from rnncalc.model.layer import Layer
from rnncalc.model.merges import MERGES
from rnncalc.network.positions import positioned
from rnncalc.network.states import States
from rnncalc.network.view import View


@dataclass(slots=True)
class CellRun:
    """One cell's run: its signals (first the initial states), its inputs, and which initial states are shared."""

    blocks: Mapping[str, np.ndarray]
    inputs: np.ndarray
    shared: frozenset[str] = frozenset()


@dataclass(slots=True)
class Provenance:
    """What a trace was made with, for backpropagation: the network, its weights then, and each cell's run, in order."""

    network: object
    weights: object
    runs: list[CellRun]
    fed: Callable[[int, np.ndarray], np.ndarray] | None = None  # what rows on their way into each level went through


def steps_alone(rows: Mapping[str, np.ndarray], first: int) -> LazyArrays:
    """Rows by name without those of the initial states, which are cut off when a name is read."""
    return LazyArrays(tuple(rows), lambda name: rows[name][first:])


class Signals(Named):
    """Signals by name, each at every step, in the original order of time; mirrored: visited from the end."""

    def __init__(self, rows: Mapping[str, np.ndarray], view: View, mirrored: bool = False):
        self.rows, self.view, self.mirrored = rows, view, mirrored
        self._shown: dict[str, np.ndarray] = {}

    @property
    def initial(self) -> Mapping[str, np.ndarray]:
        """The states before the first step."""
        return {}

    @property
    def final(self) -> Mapping[str, np.ndarray]:
        """The states after the last step."""
        return {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._shown:
            rows = self.rows[name][self.view.schedule.mirror] if self.mirrored else self.rows[name]
            self._shown[name] = frozen(self.view.steps(rows))
        return self._shown[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _unknown(self, name: str) -> str:
        return _("no signal is called {name}; there are {known}").format(name=name, known=", ".join(self))

    def _unpicklable(self) -> str:
        return _("signals belong to the network that made them: keep the network and x, or single arrays")


class DirectionTrace(Signals):
    """One direction of a layer, from its blocks, whose first rows are the initial states."""

    def __init__(self, blocks: Mapping[str, np.ndarray], state: Sequence[str], view: View, mirrored: bool):
        super().__init__(steps_alone(blocks, view.schedule.sequences), view, mirrored)
        self._blocks, self._state = blocks, state

    @cached_property
    def initial(self) -> Mapping[str, np.ndarray]:
        return self._states(np.argsort(self.view.schedule.order))

    @cached_property
    def final(self) -> Mapping[str, np.ndarray]:
        return self._states(self.view.schedule.last)

    def _states(self, at: np.ndarray) -> LazyArrays:
        """The states in some rows."""

        def rows(name: str) -> np.ndarray:
            return self.view.sequences(self._blocks[name][at])

        return LazyArrays(self._state, rows, keep=True)


class LayerTrace(Signals):
    """One layer: what it emits, merged if it runs in both directions; `forward` and `backward` hold what each computed.

    blocks: of each direction; rows: what the layer emits.
    """

    def __init__(self, layer: Layer, blocks: Sequence[Mapping[str, np.ndarray]], rows: np.ndarray, view: View):
        self.passes = {
            direction: DirectionTrace(block, part.cell.state, view, direction == "backward")
            for (direction, part), block in zip(layer.passes.items(), blocks)
        }
        self.forward, self.backward = self.passes.get("forward"), self.passes.get("backward")
        self.emits, self._merge, only = layer.cell.emits, MERGES[layer.merge], next(iter(self.passes.values()))
        both = len(blocks) > 1
        super().__init__({self.emits: rows} if both else only.rows, view, not both and only.mirrored)

    @cached_property
    def initial(self) -> Mapping[str, np.ndarray]:
        return self._merged([signals.initial for signals in self.passes.values()])

    @cached_property
    def final(self) -> Mapping[str, np.ndarray]:
        return self._merged([signals.final for signals in self.passes.values()])

    def _merged(self, states: Sequence[Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
        """The states of both directions as one."""
        if len(states) == 1:
            return states[0]

        def merged(name: str) -> np.ndarray:
            return frozen(self._merge(*(arrays[name] for arrays in states)))

        return LazyArrays([name for name in states[0] if name in states[1]], merged, keep=True)


class Trace(Signals):
    """A forward pass: signals of the last layer and of the read-out by name; `layers` holds those of every layer.

    `Network.forward` makes it. A signal is (T, H) for one sequence and (N, T, H) for a batch; `initial` and `final` are
    the states before the first and after the last step.

    Parameters
    ----------
    layers : sequence of Layer
        The network's.
    emitted : sequence of ndarray
        The rows that each layer hands up.
    read_out : mapping of str to ndarray
        The signals on top: s and y.
    view : View
        How the rows are shown.
    provenance : Provenance
        What backpropagation needs to know of the run.

    Examples
    --------
    >>> from rnncalc import Elman
    >>> trace = Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).forward([[0.7], [0.5]])
    >>> trace
    Trace(a (2, 1), h (2, 1), s (2, 1), y (2, 1))
    >>> trace["a"].round(4)
    array([[0.93  ],
           [1.1153]])
    >>> trace.final["h"].round(4)
    array([0.8059])
    """

    def __init__(
        self, layers: Sequence[Layer], emitted: Sequence[np.ndarray], read_out: Mapping[str, np.ndarray], view: View,
        provenance: Provenance,
    ):  # fmt: skip
        self._layers, self._emitted, self._read_out = layers, emitted, read_out
        self.view, self.mirrored, self.provenance = view, False, provenance
        self._shown = {}

    @cached_property
    def layers(self) -> list[LayerTrace]:
        """Every layer's signals."""
        runs, layers = iter(self.provenance.runs), []
        for layer, rows in zip(self._layers, self._emitted):
            layers.append(LayerTrace(layer, [next(runs).blocks for _direction in layer.passes], rows, self.view))
        return layers

    @cached_property
    def rows(self) -> Mapping[str, np.ndarray]:  # type: ignore[override]
        """Signal → its rows, in packed order."""
        return ChainMap(self._read_out, self.layers[-1].rows)  # type: ignore[arg-type]

    @cached_property
    def initial(self) -> States:
        return States({at.path: dict(signals.initial) for at, signals in positioned(self.layers)})

    @cached_property
    def final(self) -> States:
        return States({at.path: dict(signals.final) for at, signals in positioned(self.layers)})

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._read_out:
            return super().__getitem__(name)
        if name != self._layers[-1].cell.emits:
            return self.layers[-1][name]
        if name not in self._shown:  # the signal that is read most often needs no layers
            self._shown[name] = frozen(self.view.steps(self._emitted[-1]))
        return self._shown[name]

    @property
    def output(self) -> np.ndarray:
        """What the network gives, as a call does: y, or what its last layer hands up, whatever that is called.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> Elman([[1.0]], [[0.5]]).forward([[1.0], [0.0]]).output.round(4)
        array([[0.7616],
               [0.3634]])
        """
        return self["y"]

    @property
    def scores(self) -> np.ndarray:
        """The rows of what a loss from scores is taken of: s, which is y where nothing lies between.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> Elman([[1.0]], [[0.5]], V=[[2.0]], output="sigmoid").forward([[1.0]]).scores.round(4)
        array([[1.5232]])
        """
        return self._read_out["s"] if "s" in self._read_out else self.rows["s"]

    def at(self, name: str) -> np.ndarray:
        """The rows of what a loss is taken of.

        Parameters
        ----------
        name : {"y", "s"}

        Returns
        -------
        ndarray, (rows, O)
            A row for each step of each sequence, in the order of the packed batch.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).forward([[0.7], [0.5]]).at("y").round(4)
        array([[0.7306],
               [0.8059]])
        """
        return self.scores if name == "s" else self._read_out["y"]

    def first_not_finite(self) -> tuple[str, int, tuple[int, ...]] | None:
        """Where the computation left the finite numbers: (signal, step, index), counted from 1; the earliest step.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> net = Elman([[1e200]], [[0.5]], activation="identity", V=[[1e200]], engine="equations")
        >>> net.forward([[0.0], [1.0]]).first_not_finite()
        ('s', 2, (1,))
        """
        parts: list[tuple[str, Signals]] = [("", self)]
        if sum(len(layer.passes) for layer in self._layers) > 1:  # of a stack, every layer and direction
            parts += [(position.label, signals) for position, signals in positioned(self.layers)]
        names = [(prefix + name, part[name]) for prefix, part in parts for name in part]
        earliest = []
        for order, (name, array) in enumerate(names):
            broken = np.argwhere(~np.isfinite(np.moveaxis(array, self.view.step_axis, 0)))
            if len(broken):
                step, *index = (int(i) + 1 for i in broken[0])
                earliest.append((step, order, name, tuple(index)))
        if not earliest:
            return None
        step, _order, name, place = min(earliest)
        return name, step, place


def frozen(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.setflags(write=False)
    return view
