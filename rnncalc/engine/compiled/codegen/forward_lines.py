"""A stage's element-wise lines as one fused vector routine, made by walking their syntax trees.

All signals of one row (one step of one sequence) lie side by side in the block, each padded to whole vectors: the
product lines first, so that their biases are laid in as one run. A gate takes the place of its pre-activation, which
nobody needs on the way back. `Program` says where; `elementwise` is the routine: one vector of units at a time, every
value in a register, each signal loaded once and stored once. Longer than other files, because one walk emits all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.model.cells import Cell
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
    names,
    previous,
    signal_of,
)

Line = TypeVar("Line")
_PLAIN = {"*": "multiply", "/": "divide", "min": "min", "max": "max"}  # operator → what the vector does
SIZES = "HO"  # the two widths of a row's signals; the literal number of a width is its place here


class Program:
    """Where a cell's signals and element-wise parameters lie, for the code generator and for whoever packs."""

    def __init__(self, cell: Cell):
        self.cell, self.code_lines = cell, cell.code_lines[0]
        self.products = [line for stage in cell.stages for line in stage.products]
        self.affine = {line.signal for line in self.products}
        plain = [line for line in cell.lines if line not in self.affine]
        used = {name for line in plain for name in names(cell.lines[line])}
        copied = [INPUT] if cell.adds_input else []  # a row needs a copy of x_t
        self.instead = self._instead()
        own = [line for line in plain if line not in self.instead]
        self.slots = [*(line.signal for line in self.products), *own, *copied]
        replaced = set(self.instead.values())
        self.kept = [line for line in cell.lines if line not in replaced]
        self.extras = [symbol for symbol in cell.parameters if symbol in used]

    def _instead(self) -> dict[str, str]:
        """Line → the product line whose place it takes: it is a function of that alone, and nobody else reads it."""
        cell, instead = self.cell, dict[str, str]()
        forward = [name for expression in cell.lines.values() for name in names(expression)]
        back = {
            name
            for stage in cell.back_stages
            for _line, value in (*stage.adjoints, *stage.outgoing)
            for name in names(value)
        }
        for stage in cell.stages:
            for line in stage.elementwise:
                call = cell.lines[line]
                alone = isinstance(call, Call) and isinstance(call.argument, Name) and line not in cell.outputs
                if not alone:
                    continue
                argument = names(call)[0]
                here = argument in {product.signal for product in stage.products}
                if here and argument not in {*back, *cell.state, *cell.outputs} and forward.count(argument) == 1:
                    instead[line] = argument
        return instead

    def size(self, name: str) -> str:
        """The letter of a signal's or an element-wise parameter's width."""
        return self.cell.parameters[name].rows if name in self.cell.parameters else self.cell.size(name)

    def before(self, name: str) -> tuple[int, int]:
        """How many H-wide and O-wide neighbours lie before a signal or parameter in its row."""
        row, name = self.extras if name in self.cell.parameters else self.slots, self.instead.get(name, name)
        sizes = [self.size(other) for other in row[: row.index(name)]]
        return sizes.count("H"), sizes.count("O")

    def offset(self, name: str, widths: dict[str, int]) -> int:
        """Where a signal or parameter begins in its row, in entries."""
        h, o = self.before(name)
        return h * widths["H"] + o * widths["O"]

    def pitch(self, widths: dict[str, int]) -> int:
        """Entries from one row to the next."""
        return sum(widths[self.size(name)] for name in self.slots)

    def lines(self, size: str) -> list[list[str]]:
        """The element-wise lines of one width, stage by stage."""
        return [[line for line in stage.elementwise if self.cell.size(line) == size] for stage in self.cell.stages]

    def extras_end(self) -> tuple[int, int]:
        """How many H-wide and O-wide element-wise parameters there are: behind them lie the cell's numbers."""
        sizes = [self.size(name) for name in self.extras]
        return sizes.count("H"), sizes.count("O")


PROGRAMS: dict[int, Program] = {}


def program(cell: Cell) -> Program:
    """The cell's program, known from here on to the code generator by the cell's digest."""
    return PROGRAMS.setdefault(cell.digest, Program(cell))


class Emitter:
    """Syntax tree → vector value. a·b + c becomes one fused multiply-add; a name is loaded at most once.

    constant: place of a number of the cell → the number in every entry.
    """

    def __init__(self, vector: Vector, load: Callable[[str], ir.Value], constant: Callable[[int], ir.Value]):
        self.vector, self.load, self.values = vector, load, dict[str, ir.Value]()
        self.constant = cache(constant)

    def __call__(self, node: Expression) -> ir.Value:
        v = self.vector
        if isinstance(node, Constant):
            return self.constant(node.place)
        if isinstance(node, Number):
            return v.constant(node.value)
        if isinstance(node, Name):
            if node.id not in self.values:
                self.values[node.id] = self.load(node.id)
            return self.values[node.id]
        if isinstance(node, Negative):
            return v.negate(self(node.operand))
        if isinstance(node, Call):
            return getattr(v, node.function)(self(node.argument))
        return self.binary(node)

    def binary(self, node: Binary) -> ir.Value:
        v, left, right = self.vector, node.left, node.right
        if node.operator in _PLAIN:
            return getattr(v, _PLAIN[node.operator])(self(left), self(right))
        if is_binary(left, "*"):
            c = self(right)
            return v.fma(self(left.left), self(left.right), c if node.operator == "+" else v.negate(c))
        if is_binary(right, "*"):
            a = self(right.left)
            return v.fma(a if node.operator == "+" else v.negate(a), self(right.right), self(left))
        return v.add(self(left), self(right)) if node.operator == "+" else v.subtract(self(left), self(right))


@intrinsic(prefer_literal=True)
def elementwise(typing, cell, wide, stage, signals, here, before, H, O, extras, unit):
    """Compute the element-wise lines of a stage for one vector of units.

    cell, wide: literal digest and width. signals: the block; here, before: where this row and its previous row begin;
    H, O: padded widths; extras: the element-wise parameters; unit: the first unit of the vector.
    """

    def codegen(context, builder, signature, arguments):
        prog, size = PROGRAMS[cell.literal_value], SIZES[wide.literal_value]
        _, _, stage_, signals_, here_, before_, H_, O_, extras_, unit_ = arguments
        block = context.make_array(signature.args[3])(context, builder, signals_).data
        parameters = context.make_array(signature.args[8])(context, builder, extras_).data
        vector = Vector(builder, signature.args[3].dtype)
        place = _placer(prog, builder, here_, before_, H_, O_, unit_)

        def load(name: str) -> ir.Value:
            return vector.load(parameters if name in prog.cell.parameters else block, place(name))

        def constant(number: int) -> ir.Value:
            return vector.spread(parameters, behind(builder, prog.extras_end(), H_, O_, number))

        def emit(lines: list[str]) -> None:
            emitter = Emitter(vector, load, constant)
            for line in lines:
                emitter.values[line] = emitter(prog.code_lines[line])
                vector.store(emitter.values[line], block, place(line))

        by_stage(builder, stage_, prog.lines(size), emit)
        return context.get_dummy_value()

    return types.void(cell, wide, stage, signals, here, before, H, O, extras, unit), codegen


def _placer(
    prog: Program, builder: ir.IRBuilder, here: ir.Value, before: ir.Value, H: ir.Value, O: ir.Value, unit: ir.Value,
) -> Callable[[str], ir.Value]:  # fmt: skip
    """name → index of its current vector in the block, or in the parameters."""

    def place(name: str) -> ir.Value:
        offset = builder.add(behind(builder, prog.before(signal_of(name)), H, O), unit)
        if name in prog.cell.parameters:
            return offset
        return builder.add(offset, before if previous(name) else here)

    return place


def behind(
    builder: ir.IRBuilder, neighbours: tuple[int, int], H: ir.Value, O: ir.Value, number: int = 0
) -> ir.Value:  # fmt: skip
    """The index of an entry behind so many H-wide and O-wide neighbours."""
    h, o = (builder.mul(wide, ir.Constant(wide.type, count)) for wide, count in zip((H, O), neighbours))
    offset = builder.add(h, o)
    return builder.add(offset, ir.Constant(offset.type, number)) if number else offset


def by_stage(
    builder: ir.IRBuilder, stage: ir.Value, lines: list[list[Line]], emit: Callable[[list[Line]], None]
) -> None:
    """Emit the lines of every stage, each behind a test of the stage's number, which is known only as the code runs."""
    if len(lines) == 1:
        emit(lines[0])
        return
    done = builder.append_basic_block("done")
    switch = builder.switch(stage, done)
    for number, here in enumerate(lines):
        if here:
            block = builder.append_basic_block(f"stage{number}")
            switch.add_case(ir.Constant(stage.type, number), block)
            builder.position_at_end(block)
            emit(here)
            builder.branch(done)
    builder.position_at_end(done)


@intrinsic
def copy(typing, target, begin, source, start, count):
    """target[begin:] = source[start : start + count], entries of contiguous arrays; the two may overlap."""

    def codegen(context, builder, signature, arguments):
        target_, begin_, source_, start_, count_ = arguments
        to, of = signature.args[0], signature.args[2]
        data = [
            context.make_array(kind)(context, builder, value).data for kind, value in ((to, target_), (of, source_))
        ]
        places = [builder.gep(pointer, [index]) for pointer, index in zip(data, (begin_, start_))]
        cgutils.raw_memmove(builder, places[0], places[1], count_, to.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(target, begin, source, start, count), codegen


@intrinsic
def pack(typing, packed, to, block, at, sums, unit):
    """packed[to:] = block[at:] and sums[unit:] += block[at:], a vector."""

    def codegen(context, builder, signature, arguments):
        packed_, to_, block_, at_, sums_, unit_ = arguments
        target, source, added = (
            context.make_array(signature.args[k])(context, builder, value).data
            for k, value in ((0, packed_), (2, block_), (4, sums_))
        )
        vector = Vector(builder, signature.args[0].dtype)
        value = vector.load(source, at_)
        vector.store(value, target, to_)
        vector.store(vector.add(vector.load(added, unit_), value), added, unit_)
        return context.get_dummy_value()

    return types.void(packed, to, block, at, sums, unit), codegen
