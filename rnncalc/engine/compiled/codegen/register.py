"""A register: memory and arithmetic of one vector of float32 or float64, as LLVM code.

a) One vector holds as many entries as the host's registers take; RNNCALC_VECTOR = 512, 256, 128 or plain (one entry at
   a time) forces another width. Every operation works entry by entry and in the same order for every width, so a
   forced width gives the same bits.
b) No fast-math anywhere: the compiler may not reorder, and it may not fuse. What is to be fused is written `fma`.
"""

from __future__ import annotations

import os
import platform

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils

from rnncalc.common.suggest import one_of

_FORCED = {"512": 64, "256": 32, "128": 16, "plain": 0}


def _host_width() -> int:
    """Bytes of the widest vector register that this machine has."""
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    if features.get("avx"):
        return 32
    return 16 if features.get("sse2") or platform.machine() in ("aarch64", "arm64") else 0


def _width() -> int:
    wish = os.environ.get("RNNCALC_VECTOR")
    if not wish:
        return _host_width()
    one_of("RNNCALC_VECTOR", wish, _FORCED)
    return _FORCED[wish]


WIDTH = _width()


def lanes(itemsize: int) -> int:
    """How many entries of `itemsize` bytes one vector holds."""
    return max(WIDTH // itemsize, 1)


class Register:
    """One element type, emitting at the end of a builder's block."""

    def __init__(self, builder: ir.IRBuilder, dtype: types.Type):
        self.builder = builder
        self.single = dtype == types.float32
        self.itemsize = 4 if self.single else 8
        self.lanes = lanes(self.itemsize)
        self.element = ir.FloatType() if self.single else ir.DoubleType()
        self.type = ir.VectorType(self.element, self.lanes)
        self.integers = ir.VectorType(ir.IntType(8 * self.itemsize), self.lanes)
        if WIDTH:  # without this, LLVM splits 64-byte vectors on processors where it finds 32 bytes cheaper
            set.add(builder.function.attributes, f'"prefer-vector-width"="{8 * WIDTH}"')  # llvmlite knows no such name

    # memory ----------------------------------------------------------------------------------------------------------

    def load(self, pointer: ir.Value, index: ir.Value) -> ir.Value:
        return self.builder.load(self._place(pointer, index), align=self.itemsize)

    def store(self, value: ir.Value, pointer: ir.Value, index: ir.Value) -> None:
        self.builder.store(value, self._place(pointer, index), align=self.itemsize)

    def prefetch(self, data: ir.Value, place: ir.Value) -> None:
        """Have the cache line of data[place] fetched, to be written."""
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        call = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0i8")
        address = self.builder.bitcast(self.builder.gep(data, [place]), pointer)
        self.builder.call(call, [address, *(ir.Constant(number, n) for n in (1, 3, 1))])

    def spread(self, pointer: ir.Value, index: ir.Value) -> ir.Value:
        """One entry of memory in every lane."""
        entry = self.builder.load(self.builder.gep(pointer, [index]), align=self.itemsize)
        return self.everywhere(entry)

    def everywhere(self, entry: ir.Value) -> ir.Value:
        """A scalar in every lane."""
        undefined, i32 = ir.Constant(self.type, ir.Undefined), ir.IntType(32)
        first = self.builder.insert_element(undefined, entry, ir.Constant(i32, 0))
        return self.builder.shuffle_vector(
            first, undefined, ir.Constant(ir.VectorType(i32, self.lanes), [0] * self.lanes)
        )

    def chosen(self, a: ir.Value, b: ir.Value, lanes: list[int]) -> ir.Value:
        """Some lanes of a, counted from 0, and of b, counted on from there."""
        i32 = ir.IntType(32)
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(i32, self.lanes), lanes))

    def _place(self, pointer: ir.Value, index: ir.Value) -> ir.Value:
        return self.builder.bitcast(self.builder.gep(pointer, [index]), self.type.as_pointer())

    # arithmetic ------------------------------------------------------------------------------------------------------

    def constant(self, value: float) -> ir.Constant:
        return ir.Constant(self.type, [float(value)] * self.lanes)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fadd(a, b)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fsub(a, b)

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fmul(a, b)

    def divide(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fdiv(a, b)

    def min(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """The smaller one; not a number if one of them is not."""
        return self._or_nan(a, b, self.where("<", a, b, a, b))

    def max(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self._or_nan(a, b, self.where(">", a, b, a, b))

    def _or_nan(self, a: ir.Value, b: ir.Value, other: ir.Value) -> ir.Value:
        return self.builder.select(self.builder.fcmp_unordered("uno", a, b), self.add(a, b), other)

    def negate(self, a: ir.Value) -> ir.Value:
        return self.builder.fneg(a)

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """a · b + c, rounded once."""
        return self._call("fma", a, b, c)

    def where(self, comparison: str, a: ir.Value, b: ir.Value, then: ir.Value, other: ir.Value) -> ir.Value:
        """`then` where a compares so to b, `other` where it does not or where one of them is not a number."""
        return self.builder.select(self.builder.fcmp_ordered(comparison, a, b), then, other)

    def _call(self, intrinsic: str, *arguments: ir.Value) -> ir.Value:
        name = f"llvm.{intrinsic}.v{self.lanes}f{8 * self.itemsize}"
        kind = ir.FunctionType(self.type, [self.type] * len(arguments))
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), arguments)
