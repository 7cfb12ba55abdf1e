"""Networks: layers of a cell with its weights, and a read-out on top.

net = Network([Layer("lstm", U, W, b)], V=V, c=c, output="softmax")
y = net(x)                   # (T, D) → (T, O), (N, T, D) → (N, T, O)
trace = net.forward(x)       # every intermediate
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, cast, overload

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.threads import EVERY, shares, side_by_side
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.backward import backpropagate
from rnncalc.network.forward import traced, tracers
from rnncalc.network.gradients import Gradients
from rnncalc.network.inference import PreparedCall, across_pays, infer
from rnncalc.network.stack import Stack
from rnncalc.network.states import cut, given_starts, joined
from rnncalc.network.stepper import Stepper
from rnncalc.network.trace import Trace
from rnncalc.network.view import View

LAYOUTS = ("batch_first", "time_first")
KEPT = 16  # shapes of inputs for which a call is kept prepared


class Network(Stack):
    """Layers from the input up, and the read-out y_t = g(c + V h_t) on top.

    V (O, H), c (O,): the read-out; without V the output y is the last layer's. output: g, one of identity, softmax,
    log_softmax, sigmoid, tanh. dtype: float64 or float32; float32 if every array is, unless given. engine: "numba",
    compiled, or "equations", interpreted line by line (the same numbers to rounding, no compiler, slow). threads: how
    many share the sequences of a batch in a call; without it as many as RNNCALC_THREADS says, else one.

    Same bits: a sequence gives the same bits alone and in any batch, a prefix those of the whole's start, and so does
    the stepper. Arrays that are given are copied and never modified.
    """

    def forget(self) -> None:
        super().forget()
        self._calls: dict[tuple[Any, ...], PreparedCall] = {}  # (shape of x, layout) → the prepared call

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_calls": {}}

    @overload
    def __call__(
        self, x: ArrayLike, *, lengths: ArrayLike | None = ..., mask: ArrayLike | None = ..., layout: str = ...,
        return_state: Literal[False] = ..., **starts: Any,
    ) -> np.ndarray: ...  # fmt: skip
    @overload
    def __call__(
        self, x: ArrayLike, *, lengths: ArrayLike | None = ..., mask: ArrayLike | None = ..., layout: str = ...,
        return_state: Literal[True], **starts: Any,
    ) -> tuple[np.ndarray, dict[str, Any]]: ...  # fmt: skip
    def __call__(
        self,
        x: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        layout: str = "batch_first",
        return_state: bool = False,
        **starts: Any,
    ) -> np.ndarray | tuple[np.ndarray, dict[str, Any]]:
        """The outputs alone: x (T, D) → y (T, O), (N, T, D) → (N, T, O), (T, N, D) with layout="time_first".

        lengths (N,): how many steps each sequence has; mask (N, T) or (T,): which; y is zero where there is none.
        h0, c0, y0: initial states, (H,) or (N, H); for several layers or directions a list, layer by layer, forward
        before backward. return_state: also the states after the last step, by name, in the same form.
        Raises ShapeError.
        """
        plain = self.threads == 1 and lengths is mask is None and not (starts or return_state)
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (call := self._calls.get((x.shape, layout))):
            return call(x)
        array, view = self._input(x, lengths, mask, layout)
        if plain and (call := self._prepare(x, layout, view)):
            return call.outputs(array)
        given, cells = given_starts(self.passes, starts), self.cells
        parts = shares(len(array), self.threads) if self.compiles else [EVERY]
        if len(parts) == 1:
            y, ends = infer(self, cells, array, view, given, return_state, self.threads)
            return (y, ends) if return_state else y

        def share(part: slice) -> tuple[np.ndarray, dict[str, Any]]:
            begin = [cut(starts, part) for starts in given]
            return infer(self, cells, array[part], view.part(part), begin, return_state)

        found = side_by_side(share, parts)
        y = np.concatenate([part for part, _ends in found], axis=int(view.time_first))
        return (y, joined([part for _y, part in found])) if return_state else y

    def forward(
        self,
        x: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        layout: str = "batch_first",
        **starts: Any,
    ) -> Trace:
        """Every intermediate of every step, by name. Arguments as for a call."""
        plain = self.threads == 1 and lengths is mask is None and not starts
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (call := self._calls.get((x.shape, layout))):
            return call.trace(self, x)
        array, view = self._input(x, lengths, mask, layout)
        if plain and (call := self._prepare(x, layout, view)):
            return traced(self, array, view, call.tracers)
        if across_pays(self, view):
            view = view.batch_major
        return traced(self, array, view, tracers(self, view, given_starts(self.passes, starts)))

    def _prepare(self, x: ArrayLike, layout: str, view: View) -> PreparedCall | None:
        """The prepared call for inputs of this shape, kept for the next time; None where there is none."""
        key = np.shape(x), layout
        call = self._calls.get(key)
        if call is None and (call := PreparedCall.of(self, view)):
            if len(self._calls) >= KEPT:
                self._calls = {}
            self._calls[key] = call
        return call

    def backward(
        self,
        trace: Trace,
        targets: ArrayLike | None = None,
        *,
        loss: str | None = None,
        reduction: str | None = None,
        dy: ArrayLike | None = None,
        truncate: int | None = None,
        chunk: int | None = None,
    ) -> Gradients:
        """Backpropagation through time: the gradient of the loss with respect to every parameter, start and input.

        trace: what `forward` of this network gave. targets, of the shape of y (NaN: no target) or class numbers, with
        loss: half_squared_error, squared_error, mean_squared_error, cross_entropy or binary_cross_entropy; reduction:
        sum, mean, batch_mean. Or dy, of the shape of y: the gradient that arrives there. truncate K: the loss of a step
        reaches K steps, its own included. chunk K: no gradient from one block of K steps into the one before.

        Returns `Gradients`: grads.U, grads.x, grads.h0, …, grads.steps, grads.loss. Raises ShapeError, ProblemError.
        """
        return backpropagate(self, trace, targets, loss, reduction, dy, truncate, chunk)

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        loss: str,
        lengths: ArrayLike | None = None,
        validation: tuple[Any, Any] | float | None = None,
        watch: Callable[[Any], None] | None = None,
        **settings: Any,
    ) -> list[dict[str, float]]:
        """Train in place; an entry an epoch: loss, lr, val_loss, accuracy, val_accuracy.

        x (N, T, D), or a list of (T, D); whole numbers are the numbers of one-hot rows. y: like x with O in place of D,
        class numbers for cross_entropy, or one for each sequence, which then lies at its last step. validation: other
        (x, y), or the share of the sequences to put aside; the weights that are best there are kept. settings: epochs,
        batch, optimizer, lr, schedule, clip_norm, chunk, patience, seed, …: see `training.Settings`. The loss is a mean
        over the batch's targets. Raises ShapeError, ProblemError, DivergedError.
        """
        from rnncalc.network.training.fit import fit  # imported here so that forward-only use does not load it

        return fit(self, x, y, loss, lengths, validation, watch, settings)

    def stepper(self, **starts: Any) -> Stepper:
        """A stream: `step(x_t)` gives y_t and keeps the state. h0, c0, y0 as for a call. Only forward layers stream."""
        if any("backward" in layer.passes for layer in self.layers):
            raise ProblemError(_("a layer that runs backward needs the whole sequence: it cannot be stepped"))
        return Stepper(self, given_starts(self.passes, starts))

    def _input(
        self, x: ArrayLike, lengths: ArrayLike | None, mask: ArrayLike | None, layout: str
    ) -> tuple[np.ndarray, View]:
        """x as (N, T, D), and how its rows are visited and shown."""
        if layout not in LAYOUTS:
            raise ProblemError(_("layout is one of {known}, not “{layout}”"), known=", ".join(LAYOUTS), layout=layout)
        known = type(x) is np.ndarray and x.dtype is self.dtype
        array = cast(np.ndarray, x) if known else in_dtype(as_array("x", x), self.dtype)
        inputs, batch = self.x_width, array.ndim == 3
        if array.ndim not in (2, 3) or array.shape[-1] != inputs:
            message = _("x must be (T, D) = (T, {inputs}) or (N, T, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=array.shape)
        time_first = batch and layout == "time_first"
        array = np.swapaxes(array, 0, 1) if time_first else array if batch else array[None]
        if lengths is None and mask is None:
            return array, View.full(array.shape[0], array.shape[1], batch, time_first)
        return array, View(PackedBatch.of(array.shape[0], array.shape[1], lengths, mask), batch, time_first)


class OneLayer(Network):
    """One layer of one cell, by which most people meet the engine: arrays and options as for `Layer` and `Network`."""

    cell: ClassVar[Cell]

    def __init_subclass__(cls, cell: str) -> None:
        cls.cell, cls.__module__ = CELLS[cell], "rnncalc"  # where people find it, and a pickle too
        about = cls.cell.literature
        lines = "\n".join(f"    {line} = {text}" for line, text in cls.cell.equations.items())
        takes = f"Takes {', '.join(cls.cell.stacks)} …; see `Network`."
        cls.__doc__ = f"{about.title if about else cell}.\n\n{lines}\n\n{takes}"

    def __init__(
        self,
        *arrays: ArrayLike | None,
        dtype: str | np.dtype | None = None,
        engine: str = "numba",
        threads: int | None = None,
        **options: Any,
    ):
        read_out = () if self.cell.owns_read_out else ("V", "c", "output")
        top = {name: options.pop(name, None) for name in read_out}
        super().__init__([Layer(self.cell, *arrays, **options)], **top, dtype=dtype, engine=engine, threads=threads)

    def _labels(self) -> list[str]:
        return [layer.direction for layer in self.layers if layer.direction != "forward"]  # the class says the cell


class Elman(OneLayer, cell="elman"): ...


class Jordan(OneLayer, cell="jordan"): ...


class LSTM(OneLayer, cell="lstm"): ...


class GRU(OneLayer, cell="gru"): ...


class GRUAfter(OneLayer, cell="gru_after"): ...


class I2HI2O(OneLayer, cell="i2h_i2o"): ...
