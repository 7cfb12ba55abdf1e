"""The record that is a cell: its equations, its state, what it emits. It checks itself when it is made.

Everything else follows from the lines: the parameters and their shapes, the order of computation, the numbers that
`--work` shows, the gradients, the compiled code. A built-in cell and one that a person types are the same record.
Longer than other files, so that a record and the checks that it makes of itself stand together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.kinds import number
from rnncalc.errors import CellError
from rnncalc.model.equations.derivative import BackStage, arrives, backwards
from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Call,
    Constant,
    Expression,
    Name,
    Negative,
    Number,
    is_binary,
    lifted,
    names,
    parse,
    previous,
    rebuilt,
    signal_of,
    substitute,
    walk,
)
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS, quiet
from rnncalc.model.equations.printer import write
from rnncalc.model.equations.stages import Stage, has_product, split, staged
from rnncalc.model.equations.style import SOURCE

ACTIVATIONS = (
    "tanh", "relu", "sigmoid", "identity", "elu", "leaky_relu", "softplus", "softsign", "hard_sigmoid",
    "hard_sigmoid_02", "hard_tanh", "step",
)  # fmt: skip
OUTPUTS = ("identity", "softmax", "log_softmax", "sigmoid", "tanh", "relu")
READ_OUT = frozenset({"s", "y", "x", "V", "c"})  # names of the input and of what sits on top of a cell
ORDER = ("U", "W", "b", "V", "c", "d", "R")  # in which parameters are listed and taken


@dataclass(frozen=True)
class Literature:
    """Where a cell comes from and what it is mistaken for."""

    title: str
    year: int
    papers: tuple[str, ...]
    also_called: tuple[str, ...] = ()
    not_to_be_confused_with: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One symbol of the equations: its rows and, for a weight, its columns, as letters of sizes (H, O, D)."""

    symbol: str
    rows: str
    columns: str | None
    stack: str  # the array that a person gives: U holds U_i, U_f, …
    gate: str | None

    def shape(self, sizes: Mapping[str, int], gates: int = 1) -> tuple[int, ...]:
        """Its shape; gates: of how many below each other."""
        rows = gates * sizes[self.rows]
        return (rows, sizes[self.columns]) if self.columns else (rows,)

    def letters(self, gates: int = 1) -> str:
        """The same in letters: (4·H, D)."""
        rows = f"{gates}·{self.rows}" if gates > 1 else self.rows
        return f"({rows}, {self.columns})" if self.columns else f"({rows},)"


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: its equations, as text, and what they leave open.

    Parameters
    ----------
    name : str
        What it is called in files and commands.
    equations : mapping of str to str
        Line → right-hand side, in order of computation. `x_t` is the input, `h_p` the previous step's h, `@` the
        product; every other name is a parameter.
    state : sequence of str
        The lines whose previous value is read.
    emits : str
        The line that the layer above sees.
    gates : str, optional
        The letters of the gates in the order in which U, W and b stack them.
    outputs : tuple of str, optional
        The lines with O entries in place of H: the cell's own read-out, if they are called s or y, else a projection.
    optional : tuple of str, optional
        The arrays that are zero unless given.
    switches : mapping, optional
        Option → value → the lines that it replaces; the first value of each is what `equations` say.
    switched : mapping of str to str, optional
        The values chosen by `switch`.
    literature : Literature, optional
        Where the cell comes from.
    gate_orders : mapping of str to str, optional
        Library → our letters of the gates in the order in which it stacks them.
    constants : mapping of str to float, optional
        Names in the equations that stand for numbers and are not trained. Another number compiles nothing anew.

    Raises
    ------
    CellError
        If the equations are refused, naming the line and the place.

    Examples
    --------
    A leaky unit takes only half a step to its new value:

    >>> from rnncalc import Cell, Layer, Network
    >>> lines = {"a": "W @ h_p + U @ x_t", "h": "0.5 * h_p + 0.5 * tanh(a)"}
    >>> leaky = Cell("leaky", lines, state=["h"], emits="h")
    >>> Network([Layer(leaky, U=[[0.9]], W=[[0.5]])])([[0.7], [0.5]]).round(4)
    array([[0.279 ],
           [0.4043]])

    A number may have a name, and a layer a number of its own:

    >>> lines = {"a": "W @ h_p + U @ x_t", "h": "min(max(tanh(a), -most), most)"}
    >>> clipped = Cell("clipped", lines, state=["h"], emits="h", constants={"most": 0.5})
    >>> Network([Layer(clipped, U=[[0.9]], W=[[0.5]], most=0.4)])([[0.7], [0.2]]).round(4)
    array([[0.4   ],
           [0.3627]])
    """

    name: str
    equations: Mapping[str, str]
    state: Sequence[str]
    emits: str
    gates: str = ""
    outputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    switches: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    switched: Mapping[str, str] = field(default_factory=dict)
    literature: Literature | None = None
    gate_orders: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)

    written: Mapping[str, Expression] = field(init=False, repr=False, compare=False)
    lines: Mapping[str, Expression] = field(init=False, repr=False, compare=False)
    parameters: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)
    sizes: Mapping[str, str] = field(init=False, repr=False, compare=False)  # line → the letter of its size

    def __post_init__(self) -> None:
        try:
            self._settle()
        except CellError as error:
            raise CellError(_("cell {name}: {error}"), name=self.name, error=error) from None

    def _settle(self) -> None:
        """Read and check the equations; the record is frozen once this is done."""
        settle = partial(object.__setattr__, self)
        for name in ("state", "outputs", "optional"):
            listed = getattr(self, name)
            settle(name, tuple(listed) if np.iterable(listed) else (listed,))
        _check_kinds(self)
        _check_names(self)
        settle("written", {line: self._read(line, text) for line, text in self.equations.items()})
        for line, expression in self.written.items():
            _check_line(self, line, expression)
        for choices in self.switches.values() if not self.switched else ():
            for line, text in ((line, text) for lines in choices.values() for line, text in lines.items()):
                _check_line(self, line, self._read(line, text))
        symbols = _symbols(self)
        sizes = {line: "O" if line in self.outputs else "H" for line in self.written}
        settle("sizes", sizes)
        settle("lines", split(self.written, symbols, sizes))
        _check_sizes(self)
        settle("parameters", _parameters(self, symbols))
        for name, stack in self.stacks.items():
            if len({(parameter.rows, parameter.columns) for parameter in stack}) > 1:
                raise CellError(_("{name}: the gates stacked in it have different shapes"), name=name)

    def _read(self, line: str, text: str) -> Expression:
        """A line with its numbers in place of their names."""
        numbers = {name: _number(value) for name, value in self.constants.items()}
        return substitute(parse(text, line), numbers)

    def switch(self, **chosen: Any) -> Cell:
        """The derived cell with other values of its switches or constants: its own equations, under the same name.

        Parameters
        ----------
        **chosen : str or float
            Option → one of its values, or constant → its number.

        Returns
        -------
        Cell

        Raises
        ------
        CellError
            If the cell has no such option, or the option no such value.

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["elman"].switch(activation="relu").equations["h"]
        'relu(a)'
        """
        if not chosen:
            return self
        equations, switched, constants = dict(self.equations), dict(self.switched), dict(self.constants)
        for option, value in chosen.items():
            if option in constants:
                number(option, value)
                constants[option] = value
                continue
            choices = self.switches.get(option, {})
            if not choices:
                message = _("{cell} has no {option} to choose: its functions are part of its equations")
                raise CellError(message, cell=self.name, option=option)
            if not isinstance(value, str) or value not in choices:
                known = ", ".join(choices)
                message = _("{option} of {cell} is one of {known}, not “{value}”")
                raise CellError(message, option=option, cell=self.name, known=known, value=value)
            equations.update(choices[value])
            switched[option] = value
        return replace(self, equations=equations, switched=switched, constants=constants)

    @property
    def options(self) -> list[str]:
        """What `switch` takes.

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["elman"].options
        ['activation']
        """
        return [*self.switches, *self.constants]

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The lines in their order of computation, as product lines and element-wise lines."""
        return staged(self.lines)

    @cached_property
    def arriving(self) -> frozenset[str]:
        """The signals at which gradients arrive from outside their stage, the loss included."""
        scores = {"s"} if "s" in self.outputs else set()
        return frozenset(arrives(self.stages, self.lines, self.state, self.emits) | scores)

    @cached_property
    def back_stages(self) -> tuple[BackStage, ...]:
        """The stages of backpropagation, in the order in which they run."""
        return backwards(self.stages, self.lines, self.arriving)

    @cached_property
    def preactivations(self) -> dict[str, str]:
        """Gate, or line of an own cell → the line that its function is applied to; of an ungated cell, "" → a."""
        calls = {line: _argument(self.lines[line]) for line in self.written if line not in self.outputs}
        applied = {line: argument for line, argument in calls.items() if argument in self.lines}
        plain = [line for line, argument in applied.items() if argument in self.written]
        return {"" if [line] == plain else line: argument for line, argument in applied.items()}

    @cached_property
    def stacks(self) -> dict[str, list[Parameter]]:
        """The arrays that a person gives, each with the parameters that it holds, in order."""
        stacks: dict[str, list[Parameter]] = {}
        for parameter in self.parameters.values():
            stacks.setdefault(parameter.stack, []).append(parameter)
        for stack in stacks.values():
            stack.sort(key=lambda parameter: self.gates.find(parameter.gate or ""))
        order = sorted(stacks, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
        return {name: stacks[name] for name in order}

    @property
    def names(self) -> list[str]:
        """The arrays and initial states that a person gives: U, W, b, h0.

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["elman"].names
        ['U', 'W', 'b', 'h0']
        """
        return [*self.stacks, *(f"{state}0" for state in self.state)]

    def shape(self, name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape of an array that a person gives; sizes: of H, D and O.

        Parameters
        ----------
        name : str
            U, W, b, …
        sizes : mapping of str to int
            H, D and, where the cell has outputs, O.

        Returns
        -------
        tuple of int

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["lstm"].shape("U", {"H": 2, "D": 3})
        (8, 3)
        """
        stack = self.stacks[name]
        return stack[0].shape(sizes, len(stack))

    def stacked(self, symbols: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays by symbol as those that a person gives.

        Parameters
        ----------
        symbols : mapping of str to ndarray
            Every parameter by its symbol in the equations: U_i, U_f, …

        Returns
        -------
        dict of str to ndarray
            U, W, b, …, read-only, the gates stacked.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncalc import Layer
        >>> layer = Layer("lstm", U=np.ones((8, 3)), W=np.ones((8, 2)))
        >>> layer.cell.stacked(layer.parameters)["U"].shape
        (8, 3)
        """
        arrays = {
            name: np.concatenate([symbols[parameter.symbol] for parameter in stack])
            for name, stack in self.stacks.items()
        }
        for array in arrays.values():
            array.flags.writeable = False
        return arrays

    @cached_property
    def gradient_lines(self) -> dict[str, list[str]]:
        """What a step's gradients are called (da, dh, …) → the lines whose adjoints they are."""
        lines: dict[str, list[str]] = {}
        if self.preactivations and self.state:
            lines["da"] = [self.preactivations[gate] for gate in sorted(self.preactivations, key=self.gates.find)]
        for line in ("h", "s", "y"):
            if line in self.lines and (line == "h" or line in self.outputs):
                lines[f"d{line}"] = [line]
        for state in self.state:
            lines.setdefault("dmemory" if state == "c" else f"d{state}", [state])
        return lines

    @cached_property
    def adjoint_lines(self) -> tuple[str, ...]:
        """The lines whose adjoints an engine keeps for every step, product lines first.

        They are what weights and biases need, what is needed across stages and steps, and what is shown.
        """
        products = [line.signal for stage in self.stages for line in stage.products]
        arriving = [line for line in self.lines if line in self.arriving]
        shown = [line for lines in self.gradient_lines.values() for line in lines]
        return tuple(dict.fromkeys([*products, *arriving, *self.preactivations.values(), *shown]))

    @cached_property
    @quiet
    def code_lines(self) -> tuple[dict[str, Expression], list[Constant]]:
        """The lines as they are compiled, with constants where numbers stand; and these constants."""
        numbers: list[Constant] = []
        lines = {line: e if has_product(e) else lifted(e, numbers) for line, e in self.lines.items()}
        return lines, numbers

    @cached_property
    def digest(self) -> int:
        """A number that two cells share only if the same code computes both: the key of compiled code."""
        import hashlib  # only the engine asks, and homework should not wait for it

        code = {line: rebuilt(e, _placeholder) for line, e in self.code_lines[0].items()}
        lines = [f"{line} = {write(expression, SOURCE)}" for line, expression in code.items()]
        text = "\n".join([*lines, " ".join(self.state), self.emits, " ".join(self.outputs)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")

    @cached_property
    def labels(self) -> dict[str, Call]:
        """Lines that were split off and are best called by what they are: tanh(c)."""
        split_off = {line: e for line, e in self.lines.items() if line not in self.written and isinstance(e, Call)}
        return {line: call for line, call in split_off.items() if line == f"{call.function}_{_argument(call)}"}

    @cached_property
    def adds_input(self) -> bool:
        """Whether x_t is taken entry by entry, as a signal is, and not only through weights."""
        lines = [expression for expression in self.lines.values() if not has_product(expression)]
        return any(INPUT in names(expression) for expression in lines)

    @property
    def owns_read_out(self) -> bool:
        """Whether the cell makes s or y itself (jordan, i2h_i2o), so that none can be put on top.

        Lines of O entries under other names are a projection: it is handed up, to a layer or to a read-out.
        """
        return not {"s", "y"}.isdisjoint(self.outputs)

    def gate_order(self, library: str) -> str:
        """Our letters of the gates in the order in which a library stacks them.

        Parameters
        ----------
        library : str
            PyTorch, Keras, ONNX, …

        Returns
        -------
        str
            Of a library that is not known our own order.

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["lstm"].gate_order("ONNX")
        'iofg'
        """
        return self.gate_orders.get(library, self.gates)

    def size(self, line: str) -> str:
        """The letter of a line's size.

        Parameters
        ----------
        line : str

        Returns
        -------
        str
            O for a cell's own outputs, else H.

        Examples
        --------
        >>> from rnncalc import CELLS
        >>> CELLS["jordan"].size("y"), CELLS["jordan"].size("h")
        ('O', 'H')
        """
        return self.sizes.get(line, "H")


def functions_of(line: str, argument: str, functions: Sequence[str]) -> dict[str, dict[str, str]]:
    """The choices of a switch that puts one of several functions around a name: {"tanh": {"h": "tanh(a)"}, …}."""
    return {function: {line: f"{function}({argument})"} for function in functions}


def _number(value: float) -> Expression:
    return Negative(Number(-float(value))) if value < 0 else Number(float(value))


def _placeholder(node: Expression) -> Expression:
    return Name(f"#{node.place}") if isinstance(node, Constant) else node


def _argument(expression: Expression) -> str:
    """The name that a function stands around, if the expression is one around a name."""
    return expression.argument.id if isinstance(expression, Call) and isinstance(expression.argument, Name) else ""


def _symbols(cell: Cell) -> list[str]:
    """The names that are neither lines nor the input: the parameters, in order of appearance."""
    used = [name for expression in cell.written.values() for name in names(expression)]
    return list(dict.fromkeys(name for name in used if name != INPUT and signal_of(name) not in cell.written))


# --------------------------------------------------------------------------------------------------------------- checks


def _check_kinds(cell: Cell) -> None:
    """Raises CellError, for a field that is of another kind than it is read as."""
    named = isinstance(cell.equations, Mapping) and isinstance(cell.constants, Mapping)
    texts = [cell.name, cell.emits, cell.gates, *cell.state, *cell.outputs, *cell.optional]
    if named:
        texts += [*cell.equations, *cell.equations.values(), *cell.constants]
    if not named or not all(isinstance(text, str) for text in texts):
        message = _(
            "name, emits, gates are texts; state, outputs, optional lists of them; equations, constants mappings"
        )
        raise CellError(message)


def _check_names(cell: Cell) -> None:
    if not cell.equations:
        raise CellError(_("has no equations"))
    for line in cell.equations:
        if not line.isidentifier() or line.endswith(("_p", "_t")) or _is_function(line):
            raise CellError(_("“{line}” cannot be the name of a line"), line=line)
        if line in READ_OUT and line not in cell.outputs and line != "c":
            raise CellError(_("line {line}: that is the name of the input or of the read-out"), line=line)
    if not any(INPUT in text for text in cell.equations.values()):
        raise CellError(_("no line reads the input x_t"))
    for name, value in cell.constants.items():
        reserved = name.endswith(("_p", "_t")) or _is_function(name) or name in cell.equations
        if reserved or not any(name in names(parse(text)) for text in cell.equations.values()):
            raise CellError(_("“{name}” is no name of a constant in the equations"), name=name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise CellError(_("{name} is not a finite number"), name=name)
    for what, wanted in (("state", cell.state), ("emits", (cell.emits,)), ("outputs", cell.outputs)):
        for name in wanted:
            if name not in cell.equations:
                raise CellError(_("{what} names “{name}”, which is no line"), what=what, name=name)


def _is_function(name: str) -> bool:
    return name in PAIRS or (name in FUNCTIONS and FUNCTIONS[name].typed)


def _check_line(cell: Cell, line: str, expression: Expression) -> None:
    if line not in cell.written:
        raise CellError(_("there is no line {line}"), line=line)
    earlier = list(cell.written)[: list(cell.written).index(line)]
    if not names(expression):
        raise CellError(_("line {line}: is a constant"), line=line)
    for name in names(expression):
        signal = signal_of(name)
        if previous(name) and signal not in cell.state:
            raise CellError(_("line {line}: {name} needs {signal} in the state"), line=line, name=name, signal=signal)
        if name.endswith("_t") and name != INPUT:
            raise CellError(
                _("line {line}: {name}: write {signal} for this step's value"), line=line, name=name, signal=name[:-2]
            )
        if name in cell.written and name not in earlier:
            raise CellError(_("line {line}: {name} is used before its line"), line=line, name=name)
        if not cell.outputs and name in READ_OUT and name not in cell.written:
            raise CellError(_("line {line}: {name} is the name of the input or of the read-out"), line=line, name=name)
    for node in walk(expression):
        if (
            isinstance(node, Call)
            and FUNCTIONS[node.function].rowwise
            and (node is not expression or line not in cell.outputs)
        ):
            raise CellError(_("line {line}: {function} is for the read-out"), line=line, function=node.function)
        if isinstance(node, Binary) and node.operator == "@":
            left, right = node.left, node.right
            if not isinstance(left, Name) or signal_of(left.id) in cell.written or left.id == INPUT:
                raise CellError(_("line {line}: on the left of @ stands a weight, by name"), line=line)
            if isinstance(right, Name) and right.id != INPUT and signal_of(right.id) not in cell.written:
                raise CellError(_("line {line}: {name} on the right of @ is no signal"), line=line, name=right.id)


def _check_sizes(cell: Cell) -> None:
    """What is taken entry by entry has as many entries as its line."""
    for line, expression in cell.lines.items():
        for name in names(expression) if not has_product(expression) else ():
            size = "H" if name == INPUT else cell.sizes.get(signal_of(name), cell.size(line))
            if size != cell.size(line):
                message = _(
                    "line {line} has {rows} entries and takes {name}, which has {size}, entry by entry: "
                    "put a weight before it"
                )
                rows, size = cell.size(line), "D" if name == INPUT else size
                raise CellError(message, line=line, rows=rows, name=name, size=size)


def _parameters(cell: Cell, symbols: Sequence[str]) -> dict[str, Parameter]:
    """Every symbol with its shape, as the lines say; they must not contradict each other."""
    shapes: dict[str, tuple[str, str | None]] = {}
    for line, expression in cell.lines.items():
        uses: list[tuple[str, tuple[str, str | None]]] = []
        heads = set()  # by identity: the same name may also stand alone
        for node in walk(expression):
            if is_binary(node, "@") and isinstance(node.left, Name) and isinstance(node.right, Name):
                uses.append((node.left.id, (cell.size(line), _columns(cell, node.right.id))))
                heads.add(id(node.left))
        bare = [node for node in walk(expression) if isinstance(node, Name) and id(node) not in heads]
        uses += [(node.id, (cell.size(line), None)) for node in bare]
        for symbol, shape in uses:
            if symbol in symbols and shapes.setdefault(symbol, shape) != shape:
                raise CellError(_("line {line}: {symbol} had another shape before"), line=line, symbol=symbol)
    return {symbol: _parameter(cell, symbol, *shapes[symbol]) for symbol in symbols}


def _columns(cell: Cell, source: str) -> str:
    return "D" if source == INPUT else cell.size(signal_of(source))


def _parameter(cell: Cell, symbol: str, rows: str, columns: str | None) -> Parameter:
    stack, separator, gate = symbol.rpartition("_")
    gated = bool(separator) and len(gate) == 1 and gate in cell.gates
    return Parameter(symbol, rows, columns, stack if gated else symbol, gate if gated else None)
