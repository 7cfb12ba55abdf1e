"""softmax and log softmax of a row, forward and back: the lines in which the units of a row meet.

`softmax` takes one row of scores. `softmax_across` takes as many rows as a vector has lanes, each row in a lane of its
own, by the same operations in the same order, so that a sequence has the same bits in both. A cell without such lines
compiles none of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.forward_lines import PROGRAMS
from rnncalc.engine.compiled.codegen.jit import inner
from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.engine.compiled.layout import KIND, SOURCE, STAGE, TARGET, VALUE, WIDE

SOFTMAX, LOG_SOFTMAX = 1, 2
ACROSS = 2  # added to a kind whose rows lie across vectors


@inner
def softmax(signals, source, target, width, lanes, kind):
    """softmax or log softmax of one row, whatever surrounds it: the sum runs from the first score to the last."""
    largest = signals[source]
    for k in range(1, width):
        score = signals[source + k]
        if score > largest or score != score:  # a NaN, once met, stays
            largest = score
    for k in range(0, width, lanes):
        shifted_exp(signals, source + k, target + k, largest)
    total = signals[target]
    for k in range(1, width):
        total += signals[target + k]
    if kind == SOFTMAX:
        for k in range(width):
            signals[target + k] /= total
    else:
        shift = math.log(total)
        for k in range(width):
            signals[target + k] = (signals[source + k] - largest) - shift


@intrinsic
def shifted_exp(typing, signals, source, target, shift):
    """signals[target:] = e^(signals[source:] − shift), one vector of them."""

    def codegen(context, builder, signature, arguments):
        signals_, source_, target_, shift_ = arguments
        block = context.make_array(signature.args[0])(context, builder, signals_).data
        vector = Vector(builder, signature.args[0].dtype)
        shifted = vector.subtract(vector.load(block, source_), vector.everywhere(shift_))
        vector.store(vector.exp(shifted), block, target_)
        return context.get_dummy_value()

    return types.void(signals, source, target, shift), codegen


@intrinsic
def softmax_across(typing, signals, source, target, width, kind):
    """`softmax` of a row in every lane; kind: with ACROSS added."""

    def codegen(context, builder, signature, arguments):
        signals_, source_, target_, width_, kind_ = arguments
        block = context.make_array(signature.args[0])(context, builder, signals_).data
        vector = Vector(builder, signature.args[0].dtype)
        second, kept = ir.Constant(width_.type, 1), cgutils.alloca_once(builder, vector.type)

        def score(begin, k):
            return vector.load(block, _place(vector, begin, k))

        builder.store(vector.load(block, source_), kept)
        with cgutils.for_range(builder, width_, start=second) as loop:
            s, largest = score(source_, loop.index), builder.load(kept)
            above = builder.or_(builder.fcmp_ordered(">", s, largest), builder.fcmp_unordered("uno", s, s))
            builder.store(builder.select(above, s, largest), kept)
        largest = builder.load(kept)
        with cgutils.for_range(builder, width_) as loop:
            e = vector.exp(vector.subtract(score(source_, loop.index), largest))
            vector.store(e, block, _place(vector, target_, loop.index))
        builder.store(vector.load(block, target_), kept)
        with cgutils.for_range(builder, width_, start=second) as loop:
            builder.store(vector.add(builder.load(kept), score(target_, loop.index)), kept)
        total = builder.load(kept)
        plain = builder.icmp_signed("==", kind_, ir.Constant(kind_.type, SOFTMAX + ACROSS))
        with builder.if_else(plain) as (then, otherwise):
            with then, cgutils.for_range(builder, width_) as loop:
                share = vector.divide(score(target_, loop.index), total)
                vector.store(share, block, _place(vector, target_, loop.index))
            with otherwise:
                shift = _log(vector, total)
                with cgutils.for_range(builder, width_) as loop:
                    rest = vector.subtract(vector.subtract(score(source_, loop.index), largest), shift)
                    vector.store(rest, block, _place(vector, target_, loop.index))
        return context.get_dummy_value()

    return types.void(signals, source, target, width, kind), codegen


def _place(vector: Vector, begin: ir.Value, k: ir.Value) -> ir.Value:
    """Where the k-th vector from there lies."""
    return vector.builder.add(begin, vector.builder.mul(k, ir.Constant(k.type, vector.lanes)))


def _log(vector: Vector, x: ir.Value) -> ir.Value:
    """The logarithm lane by lane, as `math.log` has it."""
    name, logarithms = f"llvm.log.f{8 * vector.itemsize}", x
    kind = ir.FunctionType(vector.element, [vector.element])
    log = cgutils.get_or_insert_function(vector.builder.module, kind, name)
    for lane in range(vector.lanes):
        place = ir.Constant(ir.IntType(32), lane)
        entry = vector.builder.call(log, [vector.builder.extract_element(x, place)])
        logarithms = vector.builder.insert_element(logarithms, entry, place)
    return logarithms


@inner
def softmax_back(signals, value, adjoint, begin, to, width, apart, kind):
    """What arrived at softmax or log softmax of a row, brought to the scores. apart: from one entry to the next."""
    total = adjoint[begin] * 0
    if kind == SOFTMAX:
        for k in range(0, width * apart, apart):
            total += signals[value + k] * adjoint[begin + k]
        for k in range(0, width * apart, apart):
            adjoint[to + k] += signals[value + k] * (adjoint[begin + k] - total)
    else:
        for k in range(0, width * apart, apart):
            total += adjoint[begin + k]
        for k in range(0, width * apart, apart):
            adjoint[to + k] += adjoint[begin + k] - math.exp(signals[value + k]) * total


def _row_lines(stage, signals, row, rowwise, lanes):
    for r in range(len(rowwise)):
        if rowwise[r, STAGE] == stage:
            source, target = row + rowwise[r, SOURCE], row + rowwise[r, TARGET]
            if rowwise[r, KIND] > ACROSS:
                softmax_across(signals, source, target, rowwise[r, WIDE], rowwise[r, KIND])
            else:
                softmax(signals, source, target, rowwise[r, WIDE], lanes, rowwise[r, KIND])


def _row_lines_back(stage, signals, now, adjoint, row, rowwise, lanes):
    for r in range(len(rowwise)):
        if rowwise[r, STAGE] == stage:
            across = rowwise[r, KIND] > ACROSS
            for lane in range(lanes if across else 1):
                softmax_back(
                    signals, now + rowwise[r, VALUE] + lane, adjoint, row + rowwise[r, SOURCE] + lane,
                    row + rowwise[r, TARGET] + lane, rowwise[r, WIDE], lanes if across else 1,
                    rowwise[r, KIND] - (ACROSS if across else 0),
                )  # fmt: skip


def _where_needed(loops: Callable, cell: Any, *kinds: types.Type) -> Any:
    """What an intrinsic answers: for a cell with lines across a row these loops, for others nothing."""

    def codegen(context, builder, signature, arguments):
        if any(stage.rowwise for stage in PROGRAMS[cell.literal_value].cell.stages):
            context.compile_internal(builder, loops, types.void(*kinds), arguments[1:])
        return context.get_dummy_value()

    return types.void(cell, *kinds), codegen


@intrinsic(prefer_literal=True)
def row_lines(typing, cell, stage, signals, row, rowwise, lanes):
    """The lines of a stage in which the units of a row meet. cell: literal digest."""
    return _where_needed(_row_lines, cell, types.unliteral(stage), signals, row, rowwise, lanes)


@intrinsic(prefer_literal=True)
def row_lines_back(typing, cell, stage, signals, now, adjoint, row, rowwise, lanes):
    """The same on the way back: from what arrived at the lines to their scores."""
    return _where_needed(_row_lines_back, cell, types.unliteral(stage), signals, now, adjoint, row, rowwise, lanes)
