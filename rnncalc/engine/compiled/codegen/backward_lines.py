"""A stage backwards as one fused vector routine, made by walking the trees of `model.equations.derivative`.

The adjoint block has a row for each row of the trace. A slot holds first what has arrived at a signal (∑), then, once
the row has been visited, all that reached it (∂): product lines first, so that weights and biases find them as one run;
then what is needed across stages, across steps or by the reader.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.forward_lines import PROGRAMS, SIZES, Emitter, Program, behind, by_stage
from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.model.cells import Cell
from rnncalc.model.equations.derivative import ARRIVED, BackStage, backwards
from rnncalc.model.equations.expression import INPUT, Expression, previous, signal_of
from rnncalc.model.equations.style import TOTAL


class BackProgram:
    """Where the adjoints of a cell's signals lie in their rows."""

    def __init__(self, cell: Cell):
        self.cell, self.forward = cell, Program(cell)
        copied = [INPUT] if cell.adds_input else []
        self.slots = [*cell.adjoint_lines, *copied]
        added_to = {*cell.arriving, *copied}
        self.back_stages = backwards(cell.stages, self.forward.code_lines, cell.arriving)
        self.added = [slot for slot in self.slots if slot in added_to]  # where a sum grows; else a total is put

    def before(self, name: str) -> tuple[int, int]:
        """How many H-wide and O-wide neighbours lie before a signal in its row."""
        sizes = [self.cell.size(other) for other in self.slots[: self.slots.index(name)]]
        return sizes.count("H"), sizes.count("O")

    def offset(self, name: str, widths: dict[str, int]) -> int:
        """Where a signal begins in its row, in entries."""
        h, o = self.before(name)
        return h * widths["H"] + o * widths["O"]

    def pitch(self, widths: dict[str, int]) -> int:
        """Entries from one row to the next."""
        return sum(widths[self.cell.size(name)] for name in self.slots)

    def stages(self, size: str) -> list[list[tuple[str, Expression]]]:
        """Of each stage, the adjoints and what goes out, of one width; what goes out has a + before its name."""
        return [self._lines(stage, size) for stage in self.back_stages]

    def _lines(self, stage: BackStage, size: str) -> list[tuple[str, Expression]]:
        adjoints = [(signal, expression) for signal, expression in stage.adjoints if self.cell.size(signal) == size]
        outgoing = [(f"+{name}", term) for name, term in stage.outgoing if self._size(name) == size]
        return adjoints + outgoing

    def _size(self, name: str) -> str:
        return self.forward.size(name) if name in self.cell.parameters else self.cell.size(signal_of(name))


BACK_PROGRAMS: dict[int, BackProgram] = {}


def back_program(cell: Cell) -> BackProgram:
    """The cell's program, known from here on to the code generator by the cell's digest."""
    PROGRAMS.setdefault(cell.digest, Program(cell))
    return BACK_PROGRAMS.setdefault(cell.digest, BackProgram(cell))


@intrinsic(prefer_literal=True)
def elementwise_back(
    typing, cell, wide, stage, signals, here, before, adjoint, row, earlier, to, H, O, extras, dextras, unit
):
    """Take one vector of units back through a stage's element-wise lines.

    cell, wide: literal digest and width. signals, here, before: the trace, this row and the row that it continues;
    adjoint, row: the adjoint block and this row in it; earlier, to: where what reaches the step before is added;
    extras, dextras: element-wise parameters and their gradients; unit: the first unit of the vector.
    """

    def codegen(context, builder, signature, arguments):
        back, size = BACK_PROGRAMS[cell.literal_value], SIZES[wide.literal_value]
        _, _, stage_, signals_, here_, before_, adjoint_, row_, earlier_, to_, H_, O_, extras_, dextras_, unit_ = (
            arguments
        )

        def data(place: int, value: ir.Value) -> ir.Value:
            return context.make_array(signature.args[place])(context, builder, value).data

        trace, own, other = data(3, signals_), data(6, adjoint_), data(8, earlier_)
        parameters, slopes = data(12, extras_), data(13, dextras_)
        vector = Vector(builder, signature.args[3].dtype)
        into = _shifter(builder, H_, O_, unit_)

        def load(name: str) -> ir.Value:
            if name.startswith(ARRIVED):
                return vector.load(own, into(back.before(name[1:]), row_))
            if name in back.cell.parameters:
                return vector.load(parameters, into(back.forward.before(name), None))
            return vector.load(trace, into(back.forward.before(signal_of(name)), before_ if previous(name) else here_))

        def add(name: str, value: ir.Value) -> None:
            if name in back.cell.parameters:
                target, place = slopes, into(back.forward.before(name), None)
            elif name == INPUT or not previous(name):
                target, place = own, into(back.before(name), row_)
            else:
                target, place = other, into(back.before(signal_of(name)), to_)
            vector.store(vector.add(vector.load(target, place), value), target, place)

        def constant(number: int) -> ir.Value:
            return vector.spread(parameters, behind(builder, back.forward.extras_end(), H_, O_, number))

        def emit(lines: list[tuple[str, Expression]]) -> None:
            emitter = Emitter(vector, load, constant)
            for name, expression in lines:
                value = emitter(expression)
                if name.startswith("+"):
                    add(name[1:], value)
                    continue
                emitter.values[TOTAL + name] = value
                if name in back.slots:
                    vector.store(value, own, into(back.before(name), row_))

        by_stage(builder, stage_, back.stages(size), emit)
        return context.get_dummy_value()

    return types.void(
        cell, wide, stage, signals, here, before, adjoint, row, earlier, to, H, O, extras, dextras, unit
    ), codegen


def _shifter(
    builder: ir.IRBuilder, H: ir.Value, O: ir.Value, unit: ir.Value
) -> Callable[[tuple[int, int], ir.Value | None], ir.Value]:
    """(neighbours before it, where the row begins) → index of the current vector."""

    def into(neighbours: tuple[int, int], row: ir.Value | None) -> ir.Value:
        offset = builder.add(behind(builder, neighbours, H, O), unit)
        return offset if row is None else builder.add(offset, row)

    return into
