"""The initial and final states of a network, and their gradients: one form for one layer and for many.

Longer than other files, so that every form in which people give states stands in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import of_kind
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.view import View

if TYPE_CHECKING:
    from rnncalc.network.stack import Stack

Parts = dict[str, dict[str, np.ndarray]]  # path of a directional layer (`layers.0.forward.`) → its states by name
NAME = re.compile(r"(layers\.(\d+)\.(forward|backward)\.)(\w+)")


@dataclass(frozen=True)
class LayerStates:
    """The states of one layer: by direction, and of a layer of one direction by name: `layer["h"]`."""

    forward: dict[str, np.ndarray] | None = None
    backward: dict[str, np.ndarray] | None = None

    def __getitem__(self, name: str) -> np.ndarray:
        if self.forward is not None and self.backward is not None:
            raise KeyError(name)
        return (self.forward or self.backward or {})[name]


class States(Mapping[str, Any]):
    """The states of every directional layer: where a network starts, where it has stopped, or gradients of either.

    A call with `return_state`, `trace.final`, `stepper.state`, `grads.states` give them; a call, `forward`, `stepper`
    and `backward` take them. A state is (H,) for one sequence and (N, H) for a batch.

    `states["h"]` is an array or, of several layers or directions, a list of them, layer by layer, forward before
    backward; `states.layers[1].backward["c"]` and `states["layers.1.backward.c"]` are one of them; `states.flat` holds
    all of them under such names.

    Parameters
    ----------
    parts : mapping of str to mapping of str to ndarray
        The states by name of each directional layer: `layers.0.forward.`, …

    Examples
    --------
    >>> import numpy as np
    >>> from rnncalc import LSTM
    >>> net = LSTM(U=np.ones((4, 1)), W=np.ones((4, 1)))
    >>> y, states = net([[0.3], [0.1]], return_state=True)
    >>> states
    States(layers.0.forward.h (1,), layers.0.forward.c (1,))
    >>> states["h"].round(4)
    array([0.107])
    >>> np.array_equal(net([[0.2]], states), net([[0.3], [0.1], [0.2]])[2:])
    True
    """

    def __init__(self, parts: Parts):
        self._parts = parts

    @classmethod
    def from_flat(cls, arrays: Mapping[str, ArrayLike]) -> States:
        """States that were saved by name, as `numpy.savez(path, **states.flat)` does.

        Parameters
        ----------
        arrays : mapping of str to array_like
            `layers.0.forward.h` → array.

        Returns
        -------
        States

        Raises
        ------
        ProblemError
            If a name is none of a state's.

        Examples
        --------
        >>> from rnncalc import States
        >>> States.from_flat({"layers.0.forward.h": [0.1, 0.2]})["h"]
        array([0.1, 0.2])
        """
        of_kind("arrays", arrays, Mapping, _("a mapping of names to arrays"))
        places: dict[tuple[int, bool, str], dict[str, np.ndarray]] = {}
        for name, array in arrays.items():
            match = NAME.fullmatch(str(name))
            if not match:
                raise ProblemError(_("“{name}” names no state: they are layers.0.forward.h, …"), name=name)
            path, layer, direction, state = match.groups()
            places.setdefault((int(layer), direction == "backward", path), {})[state] = np.array(array)
        return cls({place[2]: places[place] for place in sorted(places)})

    @classmethod
    def from_stacked(cls, network: Stack, **arrays: ArrayLike) -> States:
        """States that lie on one another, as PyTorch has them.

        Parameters
        ----------
        network : Network
            For which they are.
        **arrays
            h, c, …: (layers · directions, H) or (layers · directions, N, H), layer by layer, forward before backward.

        Returns
        -------
        States

        Raises
        ------
        ShapeError, ProblemError
            If there are more or fewer than the network has, or a name is no state.

        Examples
        --------
        >>> from rnncalc import Elman, States
        >>> States.from_stacked(Elman(U=[[0.9]], W=[[0.5]]), h=[[0.1]])["h"]
        array([0.1])
        """
        passes, given = network.passes, {name: list(np.array(array)) for name, array in arrays.items()}
        if len(passes) == 1:  # one array stands for one layer
            given = {name: rows[0] if len(rows) == 1 else rows for name, rows in given.items()}
        return in_order(network, _from_names(passes, given))

    def stacked(self, name: str) -> np.ndarray:
        """One state of all directional layers on one another, as PyTorch has it.

        Parameters
        ----------
        name : str
            h, c, …

        Returns
        -------
        ndarray, (layers · directions, H) or (layers · directions, N, H)
            Layer by layer, forward before backward.

        Raises
        ------
        ShapeError
            If the layers have states of different shapes.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncalc import random_network
        >>> net = random_network("gru", inputs=1, hidden=4, outputs=1, layers=2)
        >>> net.forward(np.ones((3, 5, 1))).final.stacked("h").shape
        (2, 3, 4)
        """
        arrays = [states.get(name) for states in self._parts.values()]
        shapes = [None if array is None else array.shape for array in arrays]
        if len(set(shapes)) != 1 or shapes[0] is None:
            raise ShapeError(_("the states {name} have no common shape: {shapes}"), name=name, shapes=shapes)
        return np.stack(arrays)  # type: ignore[arg-type]

    @property
    def flat(self) -> dict[str, np.ndarray]:
        """Every state by its whole name: `layers.0.forward.h` → array.

        Examples
        --------
        >>> from rnncalc import random_network
        >>> net = random_network("lstm", inputs=3, hidden=8, outputs=2)
        >>> {name: state.shape for name, state in net.stepper().state.flat.items()}
        {'layers.0.forward.h': (8,), 'layers.0.forward.c': (8,)}
        """
        return {path + name: array for path, states in self._parts.items() for name, array in states.items()}

    @property
    def layers(self) -> list[LayerStates]:
        """The states layer by layer, from the input up.

        Examples
        --------
        >>> from rnncalc import random_network
        >>> net = random_network("lstm", inputs=3, hidden=8, outputs=2, layers=2)
        >>> [layer.forward["c"].shape for layer in net.stepper().state.layers]
        [(8,), (8,)]
        """
        by_layer: dict[int, dict[str, dict[str, np.ndarray]]] = {}
        for path, states in self._parts.items():
            _layers, number, direction, _end = path.split(".")
            by_layer.setdefault(int(number), {})[direction] = states
        return [LayerStates(**by_layer[number]) for number in sorted(by_layer)]

    def of(self, network: Stack) -> list[dict[str, np.ndarray]]:
        """The states by name of each of a network's directional layers.

        Parameters
        ----------
        network : Network

        Returns
        -------
        list of dict

        Raises
        ------
        ProblemError
            If they are another network's.

        Examples
        --------
        >>> from rnncalc import Elman, States
        >>> States.from_flat({"layers.0.forward.h": [0.1]}).of(Elman(U=[[0.9]], W=[[0.5]]))
        [{'h': array([0.1])}]
        """
        paths = network.paths
        known = [path + name for path, part in zip(paths, network.passes) for name in part.cell.state]
        if strangers := [name for name in self.flat if name not in known]:
            message = _("these states are another network's: here is no {name}; there are {known}")
            raise ProblemError(message, name=strangers[0], known=", ".join(known))
        return [self._parts.get(path, {}) for path in paths]

    def __getitem__(self, name: str) -> Any:
        if "." in name:
            return self.flat[name]
        arrays = [states.get(name) for states in self._parts.values()]
        if all(array is None for array in arrays):
            raise KeyError(name)
        return arrays[0] if len(arrays) == 1 else arrays

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for states in self._parts.values() for name in states))

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def __repr__(self) -> str:
        return f"States({', '.join(f'{name} {array.shape}' for name, array in self.flat.items())})"


def initial_states(network: Stack, states: Any, named: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The given initial states of each directional layer, h0, c0, …: in any form of `states`, or by name.

    Raises ShapeError, ProblemError.
    """
    if states is None:
        return _from_names(network.passes, named, "0")
    if named:
        message = _("the initial states are given twice: as states, and as {names}")
        raise ProblemError(message, names=", ".join(named))
    parts = by_layer(network, states)
    return [{f"{name}0": array for name, array in part.items()} for part in parts]


def by_layer(network: Stack, states: Any) -> list[dict[str, Any]]:
    """The states of each directional layer by name, given as `States`, by name, as one array or as a tuple of arrays.

    Raises ShapeError, ProblemError.
    """
    if isinstance(states, States):
        return list(states.of(network))
    if isinstance(states, Mapping):
        if not all(isinstance(name, str) for name in states):
            raise ProblemError(_("states go by name: h, c, or layers.0.forward.h"))
        if any("." in name for name in states):
            return list(States.from_flat(states).of(network))
        if states.keys() <= {state for layer in network.passes for state in layer.cell.state}:  # one may be called s10
            return _from_names(network.passes, states)
        return _from_names(network.passes, {name.removesuffix("0"): value for name, value in states.items()})
    names = network.passes[-1].cell.state
    arrays = states if isinstance(states, tuple) else (states,)
    if len(arrays) != len(names):
        raise ShapeError(_("give the states by name: there are {names}"), names=", ".join(names))
    return _from_names(network.passes, dict(zip(names, arrays)))


def _from_names(layers: Sequence[DirectionalLayer], given: Mapping[str, Any], suffix: str = "") -> list[dict[str, Any]]:
    """The states of each directional layer, given by name: of several layers, a list with an entry for each."""
    states: list[dict[str, Any]] = [{} for _layer in layers]
    if not given:
        return states
    known = sorted({f"{state}{suffix}" for layer in layers for state in layer.cell.state})
    for name, value in given.items():
        if name not in known:
            raise ProblemError(_("no state starts from {name}; there are {known}"), name=name, known=", ".join(known))
        if value is None:
            continue
        values = [value] if len(layers) == 1 else list(value) if isinstance(value, Iterable) else []
        if len(values) != len(layers):
            message = _("{name}: {n} passes need a list of {n}, layer by layer, forward before backward")
            raise ShapeError(message, name=name, n=len(layers))
        for own, array in zip(states, values):
            floats = array is None or (type(array) is np.ndarray and array.dtype.kind == "f")  # None: no such state
            own[name] = array if floats else as_array(name, array)
    return states


def shown_states(network: Stack, final_states: Sequence[Mapping[str, np.ndarray]], view: View) -> States:
    """Rows of states of each directional layer, in packed order, as people get them: copies."""
    order = np.argsort(view.schedule.order)
    shown = [{name: view.sequences(rows[order]) for name, rows in states.items()} for states in final_states]
    return in_order(network, shown)


def in_order(network: Stack, parts: Sequence[dict[str, np.ndarray]]) -> States:
    """The states of each directional layer, in the one order of layers."""
    return States(dict(zip(network.paths, parts)))


def cut(initial_states: Mapping[str, Any], part: slice) -> dict[str, Any]:
    """The initial states of some sequences of a batch."""
    return {name: value[part] if np.ndim(value) == 2 else value for name, value in initial_states.items()}


def joined(parts: Sequence[States]) -> States:
    """States of parts of a batch as those of the whole."""
    whole = {}
    for path, states in parts[0]._parts.items():
        whole[path] = {name: np.concatenate([part._parts[path][name] for part in parts]) for name in states}
    return States(whole)
