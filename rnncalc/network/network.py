"""Networks: layers of a cell with its weights, and a read-out on top.

net = Network([Layer("lstm", U, W, b)], V=V, c=c, output="softmax")
y = net(x)                   # (T, D) → (T, O), (N, T, D) → (N, T, O)
trace = net.forward(x)       # every intermediate

Longer than other files, because everything that a network can be asked stands here with its shapes and errors.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.threads import EVERY, shares, side_by_side, wished
from rnncalc.engine.interpreter import WalkedCell
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells.readout import read_out
from rnncalc.model.equations.expression import Call
from rnncalc.model.layer import Layer, Pass, as_array, in_dtype
from rnncalc.model.packed_batch import Schedule
from rnncalc.network.forward import runs, traced
from rnncalc.network.inference import Ready, across_pays, infer
from rnncalc.network.states import cut, given_starts, joined
from rnncalc.network.stepper import Stepper
from rnncalc.network.trace import Trace
from rnncalc.network.view import View

if TYPE_CHECKING:
    from rnncalc.network.gradients import Gradients

ENGINES = ("equations", "numba")
LAYOUTS = ("batch_first", "time_first")
KEPT = 16  # shapes of inputs for which a call is kept prepared


class Network:
    """Layers from the input up, and the read-out y_t = g(c + V h_t) on top.

    V (O, H), c (O,): the read-out; without V the output y is the last layer's. output: g, one of identity, softmax,
    log_softmax, sigmoid, tanh. dtype: float64 or float32; float32 if every array is, unless given. engine: "numba",
    compiled, or "equations", walked line by line (the same numbers to rounding, no compiler, slow). threads: how many
    share the sequences of a batch in a call; without it as many as RNNCALC_THREADS says, else one.

    Same bits: a sequence gives the same bits alone and in any batch, a prefix those of the whole's start, and so does
    the stepper. Arrays that are given are copied and never modified.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        V: ArrayLike | None = None,
        c: ArrayLike | None = None,
        output: str | None = None,
        *,
        dtype: str | np.dtype | None = None,
        engine: str = "numba",
        threads: int | None = None,
    ):
        if not layers:
            raise ProblemError(_("a network needs at least one layer"))
        top = _check_stack(layers)
        if V is None and (c is not None or output not in (None, "identity")):
            raise ProblemError(_("c and output belong to the read-out, which needs V"))
        if V is not None and top.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out: give V and c to its layer"), cell=top.cell.name)
        on_top = None if V is None else Pass(read_out(output or "identity"), V=V, c=c)
        if on_top and on_top.sizes["D"] != top.width:
            message = _("V must be (O, H) = (O, {width}), got {shape}")
            raise ShapeError(message, width=top.width, shape=on_top.arrays["V"].shape)
        self.dtype = _dtype(dtype, [*_passes(layers), *([on_top] if on_top else [])])
        self.layers = [layer.settled(self.dtype) for layer in layers]
        self.read_out = on_top and on_top.settled(self.dtype)
        if engine not in ENGINES:
            raise ProblemError(_("engine is one of {known}, not “{engine}”"), known=", ".join(ENGINES), engine=engine)
        self.engine, self.threads, self._inputs = engine, wished(threads), layers[0].sizes["D"]
        self._ready: dict[tuple[Any, ...], Ready] = {}
        self.forget()

    @property
    def output(self) -> str:
        """The function g that makes y of the scores."""
        top = self.read_out or self.layers[-1].only
        last = top.cell.lines[top.cell.emits]
        return last.function if top.cell.outputs and isinstance(last, Call) else "identity"

    @property
    def passes(self) -> list[Pass]:
        """Every pass, layer by layer, forward before backward."""
        return _passes(self.layers)

    @cached_property
    def y_width(self) -> int:
        """O: the entries of y."""
        return self.read_out.sizes["O"] if self.read_out else self.layers[-1].width

    @property
    def sizes(self) -> dict[str, int]:
        """D inputs, H units of the last layer, O outputs."""
        top = self.layers[-1]
        return {"D": self.layers[0].sizes["D"], "H": top.sizes["H"], "O": self.y_width}

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
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (ready := self._ready.get((x.shape, layout))):
            return ready(x)
        array, view = self._input(x, lengths, mask, layout)
        if plain and (ready := self._readied(x, layout, view)):
            return ready.outputs(array)
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
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (ready := self._ready.get((x.shape, layout))):
            return ready.trace(self, x)
        array, view = self._input(x, lengths, mask, layout)
        if plain and (ready := self._readied(x, layout, view)):
            return traced(self, array, view, ready.runs)
        if across_pays(self, view):
            view = view.abreast
        return traced(self, array, view, runs(self, view, given_starts(self.passes, starts)))

    def _readied(self, x: ArrayLike, layout: str, view: View) -> Ready | None:
        """What runs on inputs of this shape, if it is a case for that; kept for the next time."""
        key = np.shape(x), layout
        ready = self._ready.get(key)
        if ready is None and (ready := Ready.of(self, view)):
            if len(self._ready) >= KEPT:
                self._ready = {}
            self._ready[key] = ready
        return ready

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
        from rnncalc.network.backward import backpropagate  # who only goes forward does not wait for it

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
        from rnncalc.network.training.fit import fit  # who only goes forward does not wait for it

        return fit(self, x, y, loss, lengths, validation, watch, settings)

    def stepper(self, **starts: Any) -> Stepper:
        """A stream: `step(x_t)` gives y_t and keeps the state. h0, c0, y0 as for a call. Only forward layers stream."""
        if any("backward" in layer.passes for layer in self.layers):
            raise ProblemError(_("a layer that runs backward needs the whole sequence: it cannot be stepped"))
        return Stepper(self, given_starts(self.passes, starts))

    def in_complex(self) -> Network:
        """A walked copy, complex, whose weights can be changed: to differentiate by complex step."""
        copied = copy.copy(self)
        copied.dtype, copied.engine = np.dtype(np.complex128), "equations"
        copied.layers = [layer.settled(copied.dtype, writeable=True) for layer in self.layers]
        copied.read_out = self.read_out and self.read_out.settled(copied.dtype, writeable=True)
        copied.forget()
        return copied

    @property
    def compiles(self) -> bool:
        """Whether machine code runs it, and not the equations line by line."""
        return self.engine == "numba" and not _no_compiler()

    @cached_property
    def lanes(self) -> int:
        """How many numbers a vector of this machine holds."""
        from rnncalc.engine.compiled.codegen.vector import lanes  # who only walks the equations does not wait for it

        return lanes(self.dtype.itemsize)

    def forget(self) -> None:
        """The weights have changed: pack them anew when they are next needed, and refuse the traces before."""
        self._cells: list[Any] = []
        self._ready = {}
        self.weights = object()  # another one whenever they change

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: not the machine code, which is found again."""
        return {**self.__dict__, "_cells": [], "_ready": {}}

    @property
    def cells(self) -> list[Any]:
        """What computes: one for each pass, one for the read-out; made on first need."""
        if not self._cells:
            make: Callable[..., Any] = WalkedCell
            if self.compiles:
                from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell

                make = CompiledCell
            passes = [*self.passes, *([self.read_out] if self.read_out else [])]
            self._cells = [make(one.cell, one.parameters, one.sizes, self.dtype) for one in passes]
        for cell in self._cells:
            cell.threads = self.threads
        return self._cells

    def _input(
        self, x: ArrayLike, lengths: ArrayLike | None, mask: ArrayLike | None, layout: str
    ) -> tuple[np.ndarray, View]:
        """x as (N, T, D), and how its rows are visited and shown."""
        if layout not in LAYOUTS:
            raise ProblemError(_("layout is one of {known}, not “{layout}”"), known=", ".join(LAYOUTS), layout=layout)
        known = type(x) is np.ndarray and x.dtype is self.dtype
        array = cast(np.ndarray, x) if known else in_dtype(as_array("x", x), self.dtype)
        inputs, batch = self._inputs, array.ndim == 3
        if array.ndim not in (2, 3) or array.shape[-1] != inputs:
            message = _("x must be (T, D) = (T, {inputs}) or (N, T, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=array.shape)
        time_first = batch and layout == "time_first"
        array = np.swapaxes(array, 0, 1) if time_first else array if batch else array[None]
        if lengths is None and mask is None:
            return array, View.full(array.shape[0], array.shape[1], batch, time_first)
        return array, View(Schedule.of(array.shape[0], array.shape[1], lengths, mask), batch, time_first)


def _check_stack(layers: Sequence[Layer]) -> Layer:
    """The top layer of layers that fit on each other."""
    for below, above in zip(layers, layers[1:]):
        if below.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out, so it can only be the top layer"), cell=below.cell.name)
        if above.sizes["D"] != below.width:
            message = _("a layer of {cell} takes {wanted} inputs, the layer below gives {given}")
            raise ShapeError(message, cell=above.cell.name, wanted=above.sizes["D"], given=below.width)
    return layers[-1]


def _passes(layers: Sequence[Layer]) -> list[Pass]:
    return [one for layer in layers for one in layer.passes.values()]


def _dtype(wish: str | np.dtype | None, passes: Sequence[Pass]) -> np.dtype:
    if wish is None:
        arrays = [array for one in passes for array in (*one.arrays.values(), *one.starts.values())]
        return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)
    if np.dtype(wish) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ProblemError(_("dtype is float64 or float32, not {dtype}"), dtype=wish)
    return np.dtype(wish)


@cache
def _no_compiler() -> bool:
    """Whether Numba was told not to compile, so that its kernels cannot run and the equations are walked."""
    return os.environ.get("NUMBA_DISABLE_JIT", "") not in ("", "0")
