"""Layers: a cell with its weights, whose shapes have been held against the equations, in one direction or in both.

Longer than other files, so that a layer and the checks of its shapes stand together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import of_kind
from rnncalc.common.suggest import one_of
from rnncalc.errors import MissingError, ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype, without_graph
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.cells.embedding import EMBEDDING
from rnncalc.model.equations.functions import quiet
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch

DIRECTIONS = ("forward", "backward", "both")


class DirectionalLayer:
    """One direction of a layer: a cell with its weights and initial states."""

    def __init__(self, cell: str | Cell, *arrays: ArrayLike | None, **options: Any):
        base = cell_named(cell)
        chosen = {name: options.pop(name) for name in list(options) if name in base.options}
        self.cell = base.switch(**chosen)
        named = dict(zip(self.cell.stacks, arrays, strict=False))
        if len(arrays) > len(self.cell.stacks):
            known = ", ".join(self.cell.stacks)
            raise ProblemError(
                _("{cell} takes {known}: {count} arrays were given"), cell=base.name, known=known, count=len(arrays)
            )
        states = {f"{state}0": state for state in self.cell.state}
        for name, value in options.items():
            if name not in self.cell.stacks and name not in states:
                known = ", ".join([*self.cell.stacks, *states, *self.cell.options])
                raise ProblemError(_("{cell} has no {name}; it has {known}"), cell=base.name, name=name, known=known)
            if named.get(name) is not None:
                raise ProblemError(_("{name} is given twice"), name=name)
            named[name] = value
        given = {name: as_array(name, value) for name, value in named.items() if value is not None}
        self.initial_states = {state: given.pop(name) for name, state in states.items() if name in given}
        self.sizes = _sizes(self.cell, given)
        zeros = {name: np.zeros(self.cell.shape(name, self.sizes), np.float32) for name in self.cell.stacks}
        self.arrays = {name: given.get(name, array) for name, array in zeros.items()}

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """Symbol of the equations → its array, a view of the stacked one."""
        return self.by_symbol(self.arrays)

    @property
    def named(self) -> dict[str, np.ndarray]:
        """Parameters and initial states by the names under which they are given: U, W, b, h0."""
        return {**self.arrays, **{f"{state}0": array for state, array in self.initial_states.items()}}

    def by_symbol(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The rows of stacked arrays that belong to each symbol: views."""
        views = {}
        for name, stack in self.cell.stacks.items():
            begin = 0
            for parameter in stack:
                rows = self.sizes[parameter.rows]
                views[parameter.symbol] = arrays[name][begin : begin + rows]
                begin += rows
        return views

    @quiet
    def settled(self, dtype: np.dtype, writeable: bool = False) -> DirectionalLayer:
        """A copy whose arrays are of that dtype, contiguous and, unless asked otherwise, read-only."""
        copied = copy.copy(self)
        copied.arrays = {name: np.array(array, dtype, order="C") for name, array in self.arrays.items()}
        for array in copied.arrays.values():
            array.flags.writeable = writeable
        return copied

    @property
    def width(self) -> int:
        """The number of entries that it hands up at each step."""
        return self.sizes[self.cell.size(self.cell.emits)]

    def start(
        self, given: Mapping[str, ArrayLike | None], schedule: PackedBatch, dtype: np.dtype
    ) -> dict[str, np.ndarray]:
        """The initial states in the schedule's order: those given with the call, else the layer's own."""
        initial: dict[str, np.ndarray] = {}
        for state, value in self._initial_values(given):
            array, width = in_dtype(without_graph(value), dtype), self.sizes[self.cell.size(state)]
            if array.shape not in ((width,), (schedule.sequences, width)):
                message = _("{name} must be ({width},) or (N, {width}) = ({n}, {width}), got {shape}")
                raise ShapeError(message, name=f"{state}0", width=width, n=schedule.sequences, shape=array.shape)
            initial[state] = np.broadcast_to(array, (schedule.sequences, width))[schedule.order]
        return initial

    def shared(self, given: Mapping[str, ArrayLike | None], batch: bool) -> frozenset[str]:
        """The states that start a whole batch from one given vector."""
        return frozenset(state for state, value in self._initial_values(given) if batch and np.ndim(value) == 1)

    def _initial_values(self, given: Mapping[str, ArrayLike | None]) -> Iterator[tuple[str, ArrayLike]]:
        """State → what was given with the call, else the layer's own, where there is either."""
        for state in self.cell.state if given or self.initial_states else ():
            value = given.get(f"{state}0")
            value = self.initial_states.get(state) if value is None else value
            if value is not None:
                yield state, value


class Layer:
    """A cell with its weights, in one direction or in both.

    Parameters
    ----------
    cell : str or Cell
        elman, jordan, lstm, gru, gru_after, i2h_i2o, or a cell of your own; embedding, with E (K, V), at the bottom of
        a network that is fed with tokens.
    *arrays : array_like
        In the cell's order, or by name: U (G·H, D), W (G·H, H), b (G·H,), …; the G gates are stacked in the cell's
        order. Biases are zero unless given.
    direction : {"forward", "backward", "both"}
        "backward" visits every sequence from its end.
    backward : mapping, with direction="both"
        The arrays and initial states of the second direction, by name, and its options; `cell`, if it is another one.
    merge : {"concat", "sum", "ave", "mul"}
        How the two directions become one.
    **options
        The cell's switches (activation, update, output), its constants, and initial states (h0, c0, y0: (H,) or (N, H),
        zero unless given).

    Raises
    ------
    ShapeError
        If the arrays disagree in H, D or O.
    ProblemError
        If an array is missing or unknown, or an option is no option of the cell.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncalc import Layer
    >>> Layer("lstm", U=np.ones((8, 3)), W=np.ones((8, 2)))
    Layer(lstm, D=3, H=2)
    >>> Layer("elman", U=[[0.9]], W=[[0.5]], direction="both", backward={"U": [[0.4]], "W": [[0.1]]}).width
    2
    >>> other = {"cell": "gru", "U": np.ones((6, 3)), "W": np.ones((6, 2))}
    >>> Layer("lstm", U=np.ones((8, 3)), W=np.ones((8, 2)), direction="both", backward=other)
    Layer(lstm and gru both, D=3, H=2)
    """

    def __init__(
        self, cell: str | Cell, *arrays: ArrayLike | None, direction: str = "forward",
        backward: Mapping[str, Any] | None = None, merge: str = "concat", **options: Any,
    ):  # fmt: skip
        for name, word, known in (("direction", direction, DIRECTIONS), ("merge", merge, MERGES)):
            one_of(name, word, known)
        first = DirectionalLayer(cell, *arrays, **options)
        self.cell, self.direction, self.merge = first.cell, direction, merge
        if first.cell.owns_read_out and direction != "forward":
            raise ProblemError(_("{cell} owns its read-out, so it only runs forward"), cell=first.cell.name)
        if (backward is not None) != (direction == "both"):
            raise ProblemError(_("the weights of the backward direction go with direction both, and it with them"))
        self.passes = {"backward" if direction == "backward" else "forward": first}
        if backward is not None:
            by_name = isinstance(backward, Mapping) and all(isinstance(name, str) for name in backward)
            of_kind("backward", backward if by_name else None, Mapping, _("a mapping of names to arrays"))
            self.passes["backward"] = second = DirectionalLayer(**{"cell": first.cell, **backward})
            _check_directions(first, second)

    def __repr__(self) -> str:
        return f"Layer({self.label}, {_listed(self.sizes)})"

    @property
    def label(self) -> str:
        """The cell's name, and the direction unless it is forward.

        Examples
        --------
        >>> from rnncalc import Layer
        >>> Layer("elman", U=[[1.0]], W=[[0.5]], direction="backward").label
        'elman backward'
        """
        name = " and ".join(dict.fromkeys(part.cell.name for part in self.passes.values()))
        return name if self.direction == "forward" else f"{name} {self.direction}"

    @property
    def one_cell(self) -> bool:
        """Whether both directions compute the same."""
        return all(part.cell == self.cell for part in self.passes.values())

    @property
    def only(self) -> DirectionalLayer:
        """The pass that is there in any case: the first one."""
        return next(iter(self.passes.values()))

    @property
    def sizes(self) -> dict[str, int]:
        return self.only.sizes

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return self.only.arrays

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        return self.only.parameters

    @property
    def initial_states(self) -> dict[str, np.ndarray]:
        return self.only.initial_states

    @property
    def width(self) -> int:
        """The number of entries that the layer hands up at each step.

        Examples
        --------
        >>> from rnncalc import Layer
        >>> Layer("elman", U=[[1.0]], W=[[0.5]], direction="both", backward={"U": [[2.0]], "W": [[0.3]]}).width
        2
        """
        return self.only.width * (2 if len(self.passes) > 1 and self.merge == "concat" else 1)

    def settled(self, dtype: np.dtype, writeable: bool = False) -> Layer:
        """A copy whose arrays are of one dtype and contiguous.

        Parameters
        ----------
        dtype : numpy.dtype
        writeable : bool
            Whether the copied arrays may be changed.

        Returns
        -------
        Layer

        Examples
        --------
        >>> import numpy as np
        >>> from rnncalc import Layer
        >>> Layer("elman", U=[[0.9]], W=[[0.5]]).settled(np.dtype("float32")).arrays["U"]
        array([[0.9]], dtype=float32)
        """
        copied = copy.copy(self)
        copied.passes = {name: part.settled(dtype, writeable) for name, part in self.passes.items()}
        return copied


def _check_directions(first: DirectionalLayer, second: DirectionalLayer) -> None:
    """What the layer above sees must be alike in both. Raises ShapeError, ProblemError."""
    if second.cell.owns_read_out:
        raise ProblemError(_("{cell} owns its read-out, so it only runs forward"), cell=second.cell.name)
    if first.cell.emits != second.cell.emits:
        message = _("the two directions of a layer must hand up the same signal, not {first} and {second}")
        raise ProblemError(message, first=first.cell.emits, second=second.cell.emits)
    if {**first.sizes, **second.sizes} != {**second.sizes, **first.sizes} or first.width != second.width:
        message = _("the two directions of a layer must be of one size, not {first} and {second}")
        raise ShapeError(message, first=_listed(first.sizes), second=_listed(second.sizes))


def cell_named(cell: str | Cell) -> Cell:
    if isinstance(cell, Cell):
        return cell
    if isinstance(cell, str) and cell == EMBEDDING.name:
        return EMBEDDING
    if not isinstance(cell, str) or cell not in CELLS:
        raise ProblemError(_("no cell is called “{cell}”; there are {known}"), cell=cell, known=", ".join(CELLS))
    return CELLS[cell]


def missing(cell: Cell, name: str) -> MissingError:
    """The error for an array that is not given; h_q is perhaps a misspelt h_p."""
    state = name.rpartition("_")[0]
    if state not in cell.state:
        return MissingError(_("{name} is not given: {cell} needs it"), name=name, cell=cell.name)
    message = _("{name} is not given: {cell} needs it; did you mean “{near}”?")
    return MissingError(message, name=name, cell=cell.name, near=f"{state}_p")


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{letter}={size}" for letter, size in sorted(sizes.items()))


def _sizes(cell: Cell, given: Mapping[str, np.ndarray]) -> dict[str, int]:
    """H, O and D as the weights say, all of which must say the same."""
    sizes: dict[str, int] = {}
    said: dict[str, str] = {}
    for name, stack in cell.stacks.items():
        if name not in given:
            if name not in cell.optional:
                raise missing(cell, name)
            continue
        array, shape = given[name], given[name].shape
        if array.ndim != (1 if stack[0].columns is None else 2) or 0 in shape or shape[0] % len(stack):
            message, wanted = _("{name} must be {wanted}, got {shape}"), stack[0].letters(len(stack))
            raise ShapeError(message, name=name, wanted=wanted, shape=shape)
        for letter, number in ((stack[0].rows, shape[0] // len(stack)), (stack[0].columns, shape[-1])):
            if letter and sizes.setdefault(letter, number) != number:
                message = _("{name} is {shape}, so {letter} = {number}; {other} says {letter} = {size}")
                known = {"letter": letter, "number": number, "other": said[letter], "size": sizes[letter]}
                raise ShapeError(message, name=name, shape=shape, **known)
            if letter:
                said.setdefault(letter, name)
    if "H" in (unknown := set(cell.sizes.values()) - set(sizes)):
        raise ProblemError(_("{cell}: no array says how many units there are"), cell=cell.name)
    if unknown:
        raise ProblemError(_("{cell}: no array says how many outputs there are"), cell=cell.name)
    if cell.adds_input and sizes.setdefault("D", sizes["H"]) != sizes["H"]:
        message = _("{cell} takes x_t entry by entry, so D must be H = {h}; {other} says D = {d}")
        raise ShapeError(message, cell=cell.name, h=sizes["H"], other=said["D"], d=sizes["D"])
    return sizes
