"""The data of a network: its layers, its read-out, its number type, its engine, and what computes each of them.

All that computes (forward, backward, training, …) takes a `Stack`, and `Network` adds their methods on top. Longer than
other files, so that what a network is made of stands in one place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import of_kind
from rnncalc.common.suggest import one_of
from rnncalc.common.threads import resolve_thread_count
from rnncalc.engine.choice import compiling_disabled, resolve_engine
from rnncalc.engine.interface import CellRunner
from rnncalc.engine.interpreter import InterpretedCell
from rnncalc.engine.lookup import LookedUpCell
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells.cell import OUTPUTS
from rnncalc.model.cells.embedding import EMBEDDING
from rnncalc.model.cells.readout import read_out
from rnncalc.model.equations.expression import Call
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.summaries import OVER_STEPS, SUMMARIES
from rnncalc.network.positions import Position, positioned


class Theta(Protocol):
    """All parameters of a network as one vector; `places`: symbol → where each entry of a layer lies in it, from 1."""

    vector: np.ndarray

    def set(self, arrays: Mapping[str, ArrayLike]) -> None: ...

    def descend(self, gradients: Mapping[str, ArrayLike], lr: float) -> None: ...

    def places(self, owner: DirectionalLayer) -> Mapping[str, np.ndarray]: ...


class Stack:
    """Layers from the input up, and the read-out y_t = g(c + V h_t) on top; parameters as `Network` explains them."""

    def __init__(
        self, layers: Sequence[Layer], V: ArrayLike | None = None, c: ArrayLike | None = None,
        output: str | None = None, *, dtype: str | np.dtype | None = None, engine: str = "auto",
        threads: int | None = None, summary: str | None = None,
    ):  # fmt: skip
        of_kind("layers", layers, Sequence, _("a list of layers"))
        for layer in layers:
            of_kind(_("each of layers"), layer, Layer, "Layer(…)")
        if not layers:
            raise ProblemError(_("a network needs at least one layer"))
        top = _check_stack(layers)
        if V is None and (c is not None or output not in (None, "identity")):
            raise ProblemError(_("c and output belong to the read-out, which needs V"))
        if V is not None and top.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out: give V and c to its layer"), cell=top.cell.name)
        self.summary = "last" if summary is None else summary
        one_of("summary", self.summary, SUMMARIES)
        one_of("output", "identity" if output is None else output, OUTPUTS)
        if V is None and self.summary != "last":
            raise ProblemError(_("a summary is what the read-out sees: it needs V"))
        on_top = None if V is None else DirectionalLayer(read_out(output or "identity"), V=V, c=c)
        if on_top and on_top.sizes["D"] != top.width:
            message = _("V must be (O, H) = (O, {width}), got {shape}")
            raise ShapeError(message, width=top.width, shape=on_top.arrays["V"].shape)
        self.dtype = _dtype(dtype, layers, on_top)
        self.layers = [layer.settled(self.dtype) for layer in layers]
        self.read_out = on_top and on_top.settled(self.dtype)
        self.engine, self.threads, self.x_width = engine, resolve_thread_count(threads), layers[0].sizes["D"]
        self.embeds = layers[0].direction == "forward" and layers[0].cell == EMBEDDING  # tokens can be fed by number
        late = self.summary == "final" and "backward" in layers[-1].passes
        self.summarises = late or self.summary in OVER_STEPS  # the read-out sees more than the top layer at its step
        self.theta: Theta | None = None  # of which the arrays are views, once the weights have changed in place
        self.forget()

    def __repr__(self) -> str:
        sizes = [f"{letter}={size}" for letter, size in self.sizes.items()]
        return f"{type(self).__name__}({', '.join([*self._labels(), *sizes, str(self.dtype)])})"

    def _repr_html_(self) -> str:
        from rnncalc.common.markup import paragraph, table  # here: only notebooks show HTML

        rows = [
            (position.prefix.rstrip("."), part.cell.name, name, str(array.shape), str(array.size))
            for position, part in self.parts()
            for name, array in part.arrays.items()
        ]
        total = sum(array.size for _position, part in self.parts() for array in part.arrays.values())
        headings = (_("place"), _("cell"), _("array"), _("shape"), _("parameters"))
        return paragraph(repr(self)) + table(headings, [*rows, (_("sum"), "", "", "", str(total))])

    def _labels(self) -> list[str]:
        """What `repr` says of the layers."""
        return [layer.label for layer in self.layers] + [self.summary] * self.summarises

    @property
    def engine(self) -> str:
        """What runs it: "equations" or "numba". Setting it resolves "auto", and raises ProblemError.

        Traces made before are then refused by `backward`.

        Examples
        --------
        >>> from rnncalc import random_network
        >>> net = random_network("gru", inputs=3, hidden=8, outputs=2)
        >>> net.engine = "equations"
        >>> net.engine
        'equations'
        """
        return self._engine

    @engine.setter
    def engine(self, engine: str) -> None:
        self._engine = resolve_engine(engine)
        self.forget()  # what the other one has made

    @property
    def output(self) -> str:
        """The function g that makes y of the scores.

        Examples
        --------
        >>> from rnncalc import random_network
        >>> random_network("gru", inputs=3, hidden=8, outputs=2, output="softmax").output
        'softmax'
        """
        top = self.read_out or self.layers[-1].only
        last = top.cell.lines[top.cell.emits]
        return last.function if top.cell.outputs and isinstance(last, Call) else "identity"

    @property
    def passes(self) -> list[DirectionalLayer]:
        """Every directional layer, layer by layer, forward before backward."""
        return [part for layer in self.layers for part in layer.passes.values()]

    def parts(self) -> Iterator[tuple[Position, DirectionalLayer]]:
        """Every directional layer with its position, and the read-out."""
        return positioned(self.layers, self.read_out)

    @cached_property
    def paths(self) -> list[str]:
        """How the names of each directional layer's arrays begin: layers.0.forward., …"""
        return [position.path for position, _part in positioned(self.layers)]

    @property
    def runs_backward(self) -> bool:
        """Whether a layer visits sequences from their end, and so needs the whole of them."""
        return any("backward" in layer.passes for layer in self.layers)

    def _takes_tokens(self, x: Any) -> bool:
        """Whether x holds numbers of tokens, (T,) or (N, T), for an embedding."""
        if not self.embeds or (isinstance(x, np.ndarray) and x.dtype.kind not in "iu"):
            return False
        array = x if isinstance(x, np.ndarray) else np.array(x, object) if np.ndim(x) > 2 else np.asarray(x)
        return array.ndim < 3 and array.dtype.kind in "iu"

    @cached_property
    def y_width(self) -> int:
        """O: the entries of y."""
        return self.read_out.sizes["O"] if self.read_out else self.layers[-1].width

    @property
    def sizes(self) -> dict[str, int]:
        """D inputs, H units of the last layer, O outputs.

        Examples
        --------
        >>> from rnncalc import random_network
        >>> random_network("gru", inputs=3, hidden=8, outputs=2).sizes
        {'D': 3, 'H': 8, 'O': 2}
        """
        return {"D": self.layers[0].sizes["D"], "H": self.layers[-1].sizes["H"], "O": self.y_width}

    def in_complex(self) -> Stack:
        """An interpreted copy, complex, whose weights can be changed: to differentiate by complex step."""
        copied = copy.copy(self)
        copied.dtype, copied.engine = np.dtype(np.complex128), "equations"
        copied.layers = [layer.settled(copied.dtype, writeable=True) for layer in self.layers]
        copied.read_out = self.read_out and self.read_out.settled(copied.dtype, writeable=True)
        copied.forget()
        return copied

    @property
    def compiles(self) -> bool:
        """Whether machine code runs it, and not the equations line by line."""
        return self.engine == "numba" and not compiling_disabled()

    @cached_property
    def lanes(self) -> int:
        """How many numbers a vector of this machine holds."""
        from rnncalc.engine.compiled.codegen.register import lanes  # imported here: interpreting needs no compiler

        return lanes(self.dtype.itemsize)

    def forget(self) -> None:
        """The weights have changed: pack them anew when they are next needed, and refuse the traces before."""
        self._cells: list[CellRunner] = []
        self._packers: list[Callable[[], None]] = []  # what packs each of them anew
        self.weights = object()  # another one whenever they change

    def repack(self) -> None:
        """The weights, views of θ, have changed in place: pack anew what is packed, and refuse the traces before."""
        assert self.theta
        self.weights = object()
        if not self._packers and self._cells:
            theta = self.theta
            self._packers = [
                partial(cell.repack, theta.vector, partial(theta.places, part))
                for cell, (_position, part) in zip(self._cells, self.parts())
            ]
        for pack in self._packers:
            pack()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle takes along: weights of its own; not the machine code, which is found again."""
        layers, top = [layer.settled(self.dtype) for layer in self.layers], self.read_out
        return {
            **self.__dict__,
            "_cells": [],
            "_packers": [],
            "layers": layers,
            "read_out": top and top.settled(self.dtype),
            "theta": None,
        }

    @property
    def cells(self) -> list[CellRunner]:
        """What computes each directional layer and the read-out; made on first need."""
        if not self._cells:
            make: Callable[..., CellRunner] = InterpretedCell
            if self.compiles:  # imported here: interpreting needs no compiler
                from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell

                make = CompiledCell
            for _place, part in self.parts():
                own = partial(make, part.cell, part.parameters, part.sizes, self.dtype)
                looked_up = part.cell == EMBEDDING
                self._cells.append(LookedUpCell(own, part.parameters, self.dtype) if looked_up else own())
        for cell in self._cells:
            cell.threads = self.threads
        return self._cells


def _check_stack(layers: Sequence[Layer]) -> Layer:
    """The top layer of layers that fit on each other."""
    for below, above in zip(layers, layers[1:]):
        if below.cell.owns_read_out:
            raise ProblemError(_("{cell} owns its read-out, so it can only be the top layer"), cell=below.cell.name)
        if above.sizes["D"] != below.width:
            message = _("a layer of {cell} takes {wanted} inputs, the layer below gives {given}")
            raise ShapeError(message, cell=above.cell.name, wanted=above.sizes["D"], given=below.width)
    return layers[-1]


def _dtype(dtype: str | np.dtype | None, layers: Sequence[Layer], read_out: DirectionalLayer | None) -> np.dtype:
    """The number type that was given, else the arrays' own."""
    if dtype is None:
        parts = [part for _position, part in positioned(layers, read_out)]
        arrays = [array for part in parts for array in (*part.arrays.values(), *part.initial_states.values())]
        return np.dtype(np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)
    return known_dtype(dtype)


def known_dtype(dtype: str | np.dtype) -> np.dtype:
    """One of the number types that a network may have. Raises ProblemError."""
    try:
        chosen = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        chosen = np.dtype(object)
    if chosen not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ProblemError(_("dtype is float64 or float32, not {dtype}"), dtype=dtype)
    return chosen
