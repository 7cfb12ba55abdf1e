"""The register's vocabulary: what can be done to one vector of float32 or float64, as LLVM code.

a) One vector holds as many entries as the host's registers take; RNNCALC_VECTOR = 512, 256, 128 or plain (one entry at
   a time) forces another width. Every operation works entry by entry and in the same order for every width, so a
   forced width gives the same bits.
b) No fast-math anywhere: the compiler may not reorder, and it may not fuse. What is to be fused is written `fma`.
c) tanh, sigmoid and exp are built on e^r − 1 = r + r²·q(r) for |r| ≤ ½ ln 2, with q a polynomial, after x = n ln 2 + r.
   The rounding constant 1.5·2^(bits of the significand) makes n an integer and leaves its bits in the low end of the
   sum, from where 2^n is made by a shift: no conversion between floats and integers, which AVX2 lacks for float64.
d) The coefficients of q are minimax on that interval: float64 degree 10, error 1.4e-18 (Remez exchange); float32 degree
   5, error 1.4e-9 (interpolation at Chebyshev's points); both below a tenth of a unit in the last place.
"""

from __future__ import annotations

import os
import platform

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError

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
    wish = os.environ.get("RNNCALC_VECTOR", "")
    if wish and wish not in _FORCED:
        known = ", ".join(_FORCED)
        raise ProblemError(_("RNNCALC_VECTOR is one of {known}, not “{wish}”"), known=known, wish=wish)
    return _FORCED[wish] if wish else _host_width()


WIDTH = _width()


def lanes(itemsize: int) -> int:
    """How many entries of `itemsize` bytes one vector holds."""
    return max(WIDTH // itemsize, 1)


class _Constants:
    """What differs between float32 and float64 in the functions below."""

    def __init__(self, **constants: object):
        self.__dict__.update(constants)


_SINGLE = _Constants(
    bits=32,
    shift=23,
    unity=0x3F800000,
    rounder=12582912.0,  # 1.5 · 2^23
    rounder_bits=0x4B400000,
    ln2=(0.693359375, -2.12194440e-4),  # ln 2 in two parts, the first short enough that n times it is exact
    q=(0.5000000013457727, 0.16666666681614256, 0.04166646500604005, 0.008333310934448869, 0.0013933641031986701,
       0.00019890980869750327),
    tanh_is_one=10.0,
    largest=88.8,
    smallest=-104.0,
)  # fmt: skip
_DOUBLE = _Constants(
    bits=64,
    shift=52,
    unity=0x3FF0000000000000,
    rounder=6755399441055744.0,  # 1.5 · 2^52
    rounder_bits=0x4338000000000000,
    ln2=(0.6931471803691238, 1.9082149292705877e-10),
    q=(0.5, 0.1666666666666667, 0.041666666666666685, 0.008333333333326141, 0.0013888888888874409,
       0.00019841269874801978, 2.480158734731361e-05, 2.755725542410109e-06, 2.7557252937530176e-07,
       2.5105206981303335e-08, 2.0921580875318927e-09),
    tanh_is_one=20.0,
    largest=709.9,
    smallest=-746.0,
)  # fmt: skip


class Vector:
    """The vocabulary for one element type, emitting at the end of a builder's block."""

    def __init__(self, builder: ir.IRBuilder, dtype: types.Type):
        self.builder = builder
        self.single = dtype == types.float32
        self.itemsize = 4 if self.single else 8
        self.lanes = lanes(self.itemsize)
        self.element = ir.FloatType() if self.single else ir.DoubleType()
        self.type = ir.VectorType(self.element, self.lanes)
        self.integers = ir.VectorType(ir.IntType(8 * self.itemsize), self.lanes)
        self.k = _SINGLE if self.single else _DOUBLE
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

    # functions, under the names that equations use -------------------------------------------------------------------

    def identity(self, x: ir.Value) -> ir.Value:
        return x

    def relu(self, x: ir.Value) -> ir.Value:
        """x where positive; a comparison that is false for NaN, so that NaN stays."""
        zero = self.constant(0)
        return self.where("<", x, zero, zero, x)

    def step(self, y: ir.Value) -> ir.Value:
        """1 where y is positive, else 0."""
        zero = self.constant(0)
        return self.where(">", y, zero, self.constant(1), zero)

    def tanh(self, x: ir.Value) -> ir.Value:
        """sign(x) · e / (e + 2) with e = e^(2|x|) − 1: no cancellation near 0."""
        twice = self._call("fabs", x)
        twice = self._at_most(self.add(twice, twice), 2 * self.k.tanh_is_one)
        power, rest = self._expm1(twice)
        e = self.fma(power, rest, self.subtract(power, self.constant(1)))
        return self._call("copysign", self.divide(e, self.add(e, self.constant(2))), x)

    def sigmoid(self, x: ir.Value) -> ir.Value:
        """1 / (1 + e) for x ≥ 0, e / (1 + e) below, with e = e^-|x|."""
        e = self.exp(self.negate(self._call("fabs", x)))
        numerator = self.where("<", x, self.constant(0), e, self.constant(1))
        return self.divide(numerator, self.add(self.constant(1), e))

    def exp(self, x: ir.Value) -> ir.Value:
        """e^x, infinite above and gradually 0 below the range: 2^n is applied as two factors."""
        x = self._at_most(x, self.k.largest)
        x = self.where("<", x, self.constant(self.k.smallest), self.constant(self.k.smallest), x)
        shifted, r = self._reduced(x)
        rest = self._expm1_of(r)
        n = self.builder.sub(self.builder.bitcast(shifted, self.integers), self._integer(self.k.rounder_bits))
        half = self.builder.ashr(n, self._integer(1))
        e = self.add(rest, self.constant(1))
        return self.multiply(self.multiply(e, self._power(half)), self._power(self.builder.sub(n, half)))

    def _expm1(self, x: ir.Value) -> tuple[ir.Value, ir.Value]:
        """2^n and e^r − 1 with x = n ln 2 + r; 2^n must be a normal number."""
        shifted, r = self._reduced(x)
        n = self.builder.sub(self.builder.bitcast(shifted, self.integers), self._integer(self.k.rounder_bits))
        return self._power(n), self._expm1_of(r)

    def _reduced(self, x: ir.Value) -> tuple[ir.Value, ir.Value]:
        """The rounder plus n, and r, with x = n ln 2 + r."""
        rounder = self.constant(self.k.rounder)
        shifted = self.fma(x, self.constant(1.4426950408889634), rounder)
        n = self.negate(self.subtract(shifted, rounder))
        high, low = self.k.ln2
        return shifted, self.fma(n, self.constant(low), self.fma(n, self.constant(high), x))

    def _expm1_of(self, r: ir.Value) -> ir.Value:
        """r + r²·q(r): neighbouring terms in pairs, so that the chain of dependent operations is short."""
        squared = self.multiply(r, r)
        q = [self.constant(c) for c in self.k.q]
        pairs = [self.fma(b, r, a) for a, b in zip(q[::2], q[1::2])] + q[len(q) // 2 * 2 :]
        value = pairs.pop()
        while pairs:
            value = self.fma(value, squared, pairs.pop())
        return self.fma(squared, value, r)

    def _power(self, n: ir.Value) -> ir.Value:
        """2^n from the integer n: its exponent's bits."""
        bits = self.builder.add(self.builder.shl(n, self._integer(self.k.shift)), self._integer(self.k.unity))
        return self.builder.bitcast(bits, self.type)

    def _at_most(self, x: ir.Value, limit: float) -> ir.Value:
        return self.where(">", x, self.constant(limit), self.constant(limit), x)

    def _integer(self, value: int) -> ir.Constant:
        return ir.Constant(self.integers, [value] * self.lanes)
