"""Networks: layers of a cell with its weights, and a read-out on top.

net = Network([Layer("lstm", U, W, b)], V=V, c=c, output="softmax")
y = net(x)                   # (T, D) → (T, O), (N, T, D) → (N, T, O)
trace = net.forward(x)       # every intermediate
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.cells import Cell
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.language import _
from rnncalc.layer import Layer, as_array
from rnncalc.readout import read_out
from rnncalc.schedule import Schedule
from rnncalc.stepper import Stepper
from rnncalc.trace import Signals, Trace, View
from rnncalc.walk import WalkedCell

ENGINES = ("equations", "numba")
LAYOUTS = ("batch_first", "time_first")


class Network:
    """Layers from the input up, and the read-out y_t = g(c + V h_t) on top.

    V (O, H), c (O,): the read-out; without V the output y is the last layer's. output: g, one of identity, softmax,
    log_softmax, sigmoid, tanh. dtype: float64 or float32; float32 if every array is, unless given. engine: "numba",
    compiled, or "equations", walked line by line (the same numbers to rounding, no compiler, slow).

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
    ):
        if not layers:
            raise ProblemError(_("a network needs at least one layer"))
        top = _check_stack(layers)
        if V is None and (c is not None or output not in (None, "identity")):
            raise ProblemError(_("c and output belong to the read-out, which needs V"))
        if V is not None and top.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out: give V and c to its layer"), cell=top.cell.name)
        on_top = None if V is None else Layer(read_out(output or "identity"), V=V, c=c)
        if on_top and on_top.sizes["D"] != top.width:
            message = _("V must be (O, H) = (O, {width}), got {shape}")
            raise ShapeError(message, width=top.width, shape=on_top.arrays["V"].shape)
        self.dtype = _dtype(dtype, [*layers, *([on_top] if on_top else [])])
        self.layers = [layer.settled(self.dtype) for layer in layers]
        self.read_out = on_top and on_top.settled(self.dtype)
        if engine not in ENGINES:
            raise ProblemError(_("engine is one of {known}, not “{engine}”"), known=", ".join(ENGINES), engine=engine)
        self.engine = engine
        self._cells: list[Any] = []

    def _all(self) -> list[Layer]:
        return [*self.layers, *([self.read_out] if self.read_out else [])]

    @property
    def sizes(self) -> dict[str, int]:
        """D inputs, H units of the last layer, O outputs."""
        top = self.layers[-1]
        outputs = self.read_out.sizes["O"] if self.read_out else top.width
        return {"D": self.layers[0].sizes["D"], "H": top.sizes["H"], "O": outputs}

    def __call__(
        self,
        x: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        layout: str = "batch_first",
        return_state: bool = False,
        **starts: ArrayLike,
    ) -> np.ndarray | tuple[np.ndarray, dict[str, np.ndarray]]:
        """The outputs alone: x (T, D) → y (T, O), (N, T, D) → (N, T, O), (T, N, D) with layout="time_first".

        lengths (N,): how many steps each sequence has; mask (N, T) or (T,): which; y is zero where there is none.
        h0, c0, y0: initial states, (H,) or (N, H). return_state: also the states after the last step, by name.
        Raises ShapeError.
        """
        array, batch = self._input(x, layout)
        schedule = Schedule.of(array.shape[0], array.shape[1], lengths, mask)
        self._check_starts(starts)
        rows, state = schedule.pack(array), {}
        for layer, cell in zip(self.layers, self._runnable()):
            rows, state = cell.infer(rows, schedule, layer.start(starts, schedule, self.dtype))
        if self.read_out:
            rows, _none = self._runnable()[-1].infer(rows, Schedule.flat(len(rows)), {})
        view = View(schedule, batch, batch and layout == "time_first")
        y = np.ascontiguousarray(view.steps(rows))
        if not return_state:
            return y
        given = np.argsort(schedule.order)
        return y, {name: view.sequences(values[given]) for name, values in state.items()}

    def forward(
        self,
        x: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        layout: str = "batch_first",
        **starts: ArrayLike | None,
    ) -> Trace:
        """Every intermediate of every step, by name. Arguments as for a call."""
        array, batch = self._input(x, layout)
        schedule = Schedule.of(array.shape[0], array.shape[1], lengths, mask)
        return self._forward(array, View(schedule, batch, batch and layout == "time_first"), starts)

    def _forward(self, x: np.ndarray, view: View, starts: Mapping[str, ArrayLike | None]) -> Trace:
        self._check_starts(starts)
        schedule = view.schedule
        rows = schedule.pack(x)
        layers = []
        for layer, cell in zip(self.layers, self._runnable()):
            blocks = cell.forward(rows, schedule, layer.start(starts, schedule, self.dtype))
            layers.append(Signals.of_layer(blocks, layer.cell.state, view))
            rows = blocks[layer.cell.emits][schedule.sequences :]
        top = self._runnable()[-1].forward(rows, Schedule.flat(len(rows)), {}) if self.read_out else {"y": rows}
        return Trace(layers, top, view)

    def stepper(self, **starts: ArrayLike) -> Stepper:
        """A stream: `step(x_t)` gives y_t and keeps the state. h0, c0, y0 as for a call."""
        return Stepper(self, starts)

    def _runnable(self) -> list[Any]:
        if not self._cells:
            make: Callable[..., Any] = WalkedCell
            if self.engine == "numba" and not _no_compiler():
                from rnncalc.engine.compiled import CompiledCell

                make = CompiledCell
            self._cells = [make(layer.cell, layer.parameters, layer.sizes, self.dtype) for layer in self._all()]
        return self._cells

    def _input(self, x: ArrayLike, layout: str) -> tuple[np.ndarray, bool]:
        """x as (N, T, D), and whether it was a batch."""
        if layout not in LAYOUTS:
            raise ProblemError(_("layout is one of {known}, not “{layout}”"), known=", ".join(LAYOUTS), layout=layout)
        array = as_array("x", x).astype(self.dtype, copy=False)
        inputs = self.sizes["D"]
        if array.ndim not in (2, 3) or array.shape[-1] != inputs:
            message = _("x must be (T, D) = (T, {inputs}) or (N, T, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=array.shape)
        if array.ndim == 2:
            return array[None], False
        return (np.swapaxes(array, 0, 1) if layout == "time_first" else array), True

    def _check_starts(self, starts: Mapping[str, ArrayLike | None]) -> None:
        known = {f"{state}0" for layer in self.layers for state in layer.cell.state}
        for name in starts:
            if name not in known:
                raise ProblemError(
                    _("no state starts from {name}; there are {known}"), name=name, known=", ".join(sorted(known))
                )


class OneLayer(Network):
    """One layer of one cell: the classes `Elman`, `LSTM`, … are this, each with its cell."""

    cell: ClassVar[Cell]

    def __init__(
        self, *arrays: ArrayLike | None, dtype: str | np.dtype | None = None, engine: str = "numba", **options: Any
    ):
        if self.cell.owns_read_out:
            super().__init__([Layer(self.cell, *arrays, **options)], dtype=dtype, engine=engine)
            return
        top = {name: options.pop(name, None) for name in ("V", "c", "output")}
        super().__init__([Layer(self.cell, *arrays, **options)], **top, dtype=dtype, engine=engine)


def one_layer(class_name: str, cell: Cell) -> type[OneLayer]:
    """The class of one-layer networks of a cell."""
    title = cell.literature.title if cell.literature else cell.name
    lines = "\n".join(f"    {line} = {text}" for line, text in cell.equations.items())
    return type(
        class_name,
        (OneLayer,),
        {"cell": cell, "__doc__": f"{title}.\n\n{lines}\n\nTakes {', '.join(cell.stacks)} …; see `Network`."},
    )


def _check_stack(layers: Sequence[Layer]) -> Layer:
    """The top layer of layers that fit on each other."""
    for below, above in zip(layers, layers[1:]):
        if below.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out, so it can only be the top layer"), cell=below.cell.name)
        if above.sizes["D"] != below.width:
            message = _("a layer of {cell} takes {wanted} inputs, the layer below gives {given}")
            raise ShapeError(message, cell=above.cell.name, wanted=above.sizes["D"], given=below.width)
    return layers[-1]


def _dtype(wish: str | np.dtype | None, layers: Sequence[Layer]) -> np.dtype:
    if wish is None:
        arrays = [array for layer in layers for array in (*layer.arrays.values(), *layer.starts.values())]
        return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)
    if np.dtype(wish) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ProblemError(_("dtype is float64 or float32, not {dtype}"), dtype=wish)
    return np.dtype(wish)


def _no_compiler() -> bool:
    """Whether Numba was told not to compile, so that its kernels cannot run and the equations are walked."""
    return os.environ.get("NUMBA_DISABLE_JIT", "") not in ("", "0")
