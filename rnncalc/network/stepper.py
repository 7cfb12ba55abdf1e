"""A network fed one step at a time, as a stream brings them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.places import in_words
from rnncalc.engine.interface import CellStream
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype
from rnncalc.model.layer import DirectionalLayer
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.stack import Stack
from rnncalc.network.states import States, in_order


class Stepper:
    """A network fed one step at a time, as `Network.stepper` gives it; `reset` goes back to the initial states.

    Parameters
    ----------
    network : Network
        Whose layers all run forward.
    initial_states : list of dict
        Of each directional layer, by name: h0, c0, …

    Examples
    --------
    >>> from rnncalc import Elman
    >>> stepper = Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).stepper()
    >>> stepper.step([0.7]).round(4)
    array([0.7306])
    >>> stepper.state["h"].round(4)
    array([0.7306])
    """

    def __init__(self, network: Stack, initial_states: list[dict[str, ArrayLike]]):
        self.network, self._initial_states = network, initial_states
        self.reset()

    def __repr__(self) -> str:
        batch = f", N={self._shape[0]}" if self._shape and len(self._shape) == 2 else ""
        return f"Stepper({self.network}{batch})"

    def reset(self) -> None:
        """Back to the initial state.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> stepper = Elman([[1.0]], [[0.5]], V=[[1.0]]).stepper()
        >>> first, second = stepper.step([1.0]), stepper.step([1.0])
        >>> stepper.reset()
        >>> bool(stepper.step([1.0]) == first), bool(second == first)
        (True, False)
        """
        self._streams: list[CellStream] = []  # of each layer and the read-out, from the first step on
        self._states: list[dict[str, np.ndarray]] = []  # where they begin, if not at the initial states
        self._shape: tuple[int, ...] | None = None
        self._weights: object = None  # those of the streams

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: the states after the latest step, not the memory in which they lie."""
        return {**self.__dict__, "_streams": [], "_states": self._latest(), "_weights": None}

    def _latest(self) -> list[dict[str, np.ndarray]]:
        """Copies of every stream's states after the latest step."""
        states = [stream.states for stream in self._streams] or self._states
        return [{name: np.array(rows) for name, rows in arrays.items()} for arrays in states]

    @property
    def state(self) -> States:
        """The states after the latest step, (H,), or (N, H) for a batch: copies, from which another stepper goes on.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> stepper = Elman([[1.0]], [[0.5]], V=[[1.0]]).stepper()
        >>> _ = stepper.step([1.0])
        >>> stepper.state["h"].round(4)
        array([0.7616])
        """
        network = self.network
        if self._shape is None:
            states = [_start(part, given, network.dtype) for part, given in zip(network.passes, self._initial_states)]
        else:
            alone = len(self._shape) == 1
            states = [{name: rows[0] if alone else rows for name, rows in part.items()} for part in self._latest()]
        return in_order(network, states)

    def step(self, x_t: ArrayLike) -> np.ndarray:
        """One step of the sequence, or of every sequence of a batch.

        Parameters
        ----------
        x_t : array_like, (D,) or (N, D)
            A number where D = 1. On an embedding also a token, or whole numbers (N,).

        Returns
        -------
        ndarray, (O,) or (N, O)

        Raises
        ------
        ShapeError
            If x_t does not fit the network, or is another batch than the steps before.
        ProblemError
            If x_t has nan or infinity, after which no state would be a number again. The states stay as they were.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).stepper(h0=[0.1]).step(0.7).round(4)
        array([0.7531])
        """
        network = self.network
        if network.embeds and np.ndim(x_t) < 2 and np.asarray(x_t).dtype.kind in "iu":
            return self._step_of(np.asarray(x_t))
        if type(x_t) is not np.ndarray or x_t.dtype is not network.dtype:
            x_t = in_dtype(as_array("x_t", x_t), network.dtype)
        if x_t.ndim == 0 and network.sizes["D"] == 1:
            x_t = x_t[None]
        if not math.isfinite(np.vdot(x_t, x_t)):  # the quickest sum; it may overflow where no number does
            _refuse_nan(x_t)
        if x_t.shape != self._shape or network.weights is not self._weights:
            self._begin(x_t.shape)
        rows = self._through(x_t if x_t.ndim == 2 else x_t[None])
        return rows if x_t.ndim == 2 else rows[0]

    def _step_of(self, tokens: np.ndarray) -> np.ndarray:
        """One step of tokens: a number, or one of every sequence of a batch. Raises ShapeError."""
        network, inputs = self.network, self.network.sizes["D"]
        if not -1 <= tokens.min(initial=0) <= tokens.max(initial=0) < inputs:
            raise ShapeError(_("x: numbers of one-hot rows go from 0 to {last}"), last=inputs - 1)
        shape = *tokens.shape, inputs
        if shape != self._shape or network.weights is not self._weights:
            self._begin(shape)
        rows = self._through(tokens.reshape(-1))
        return rows if tokens.ndim else rows[0]

    def _through(self, rows: np.ndarray) -> np.ndarray:
        for stream in self._streams:
            rows = stream.step(rows)
        return rows

    def _begin(self, shape: tuple[int, ...]) -> None:
        """The first step says whether it is a batch, and of how many. Raises ShapeError."""
        network, inputs = self.network, self.network.sizes["D"]
        if len(shape) not in (1, 2) or shape[-1] != inputs:
            message = _("x_t must be (D,) = ({inputs},) or (N, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=shape)
        if self._shape not in (None, shape):
            message = _("x_t was {before} and is now {shape}: a stream keeps its sequences; reset starts another")
            raise ShapeError(message, before=self._shape, shape=shape)
        schedule = PackedBatch.full(shape[0] if len(shape) == 2 else 1, 1)
        self._states = self._latest()
        states = self._states or [
            layer.start(given, schedule, network.dtype) for layer, given in zip(network.passes, self._initial_states)
        ]
        states = [*states, {}][: len(network.cells)]  # a read-out has no state
        self._streams = [cell.stream(schedule, initial) for cell, initial in zip(network.cells, states)]
        self._shape, self._weights = shape, network.weights


def _refuse_nan(x_t: np.ndarray) -> None:
    """Refuse a step after which the states would be no numbers for ever. Raises ProblemError with the place."""
    wrong = np.argwhere(~np.isfinite(x_t))
    if len(wrong):
        where = in_words(wrong[0], ("sequence", "input")[-x_t.ndim :])
        message = _("x_t: {place} is {value}, no finite number; the states stay as they were")
        raise ProblemError(message, place=where, value=float(x_t[tuple(wrong[0])]))


def _start(layer: DirectionalLayer, given: Mapping[str, ArrayLike], dtype: np.dtype) -> dict[str, np.ndarray]:
    """Where a directional layer begins: at what was given, else its own initial states, else zero."""
    begin = {}
    for state in layer.cell.state:
        value = given.get(f"{state}0")
        value = layer.initial_states.get(state) if value is None else value
        begin[state] = np.array(np.zeros(layer.sizes[layer.cell.size(state)]) if value is None else value, dtype)
    return begin
