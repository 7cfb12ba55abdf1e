"""The register's vocabulary: the functions that equations may call, of one vector of float32 or float64, as LLVM code.

a) tanh, sigmoid and exp are built on e^r − 1 = r + r²·q(r) for |r| ≤ ½ ln 2, with q a polynomial, after x = n ln 2 + r.
   The rounding constant 1.5·2^(bits of the significand) makes n an integer and leaves its bits in the low end of the
   sum, from where 2^n is made by a shift: no conversion between floats and integers, which AVX2 lacks for float64.
b) The coefficients of q are minimax on that interval: float64 degree 10, error 1.4e-18 (Remez exchange); float32 degree
   5, error 1.4e-9 (interpolation at Chebyshev's points); both below a tenth of a unit in the last place.
c) softplus needs log(1 + e) for 0 ≤ e ≤ 1: 2 atanh(s) = 2s + s³·p(s²), where s = e/(e+2), or, for e > √2 − 1 and after
   taking out ln 2, s = (e−1)/(e+3). p is the polynomial of FreeBSD's logarithm (e_log.c), error 2^-58.
"""

from __future__ import annotations

import math

from llvmlite import ir
from numba import types

from rnncalc.engine.compiled.codegen.register import Register

_LOG = (0.6666666666666735130, 0.3999999999940941908, 0.2857142874366239149, 0.2222219843214978396,
        0.1818357216161805012, 0.1531383769920937332, 0.1479819860511658591)  # fmt: skip


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
    expm1_is_minus_one=-17.4,
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
    expm1_is_minus_one=-38.0,
)  # fmt: skip


class Vector(Register):
    """A register with functions, under the names that equations use."""

    def __init__(self, builder: ir.IRBuilder, dtype: types.Type):
        super().__init__(builder, dtype)
        self.k = _SINGLE if self.single else _DOUBLE

    def identity(self, x: ir.Value) -> ir.Value:
        return x

    def relu(self, x: ir.Value) -> ir.Value:
        """x where positive; a comparison that is false for NaN, so that NaN stays."""
        zero = self.constant(0)
        return self.where("<", x, zero, zero, x)

    def leaky_relu(self, x: ir.Value) -> ir.Value:
        return self.where(">", x, self.constant(0), x, self.multiply(self.constant(0.01), x))

    def elu(self, x: ir.Value) -> ir.Value:
        return self.where(">=", x, self.constant(0), x, self._expm1_below(x))

    def softplus(self, x: ir.Value) -> ir.Value:
        """The positive part of x, and log(1 + e^-|x|)."""
        return self.add(self.relu(x), self._log1p(self.exp(self.negate(self.abs(x)))))

    def rise(self, y: ir.Value) -> ir.Value:
        """1 − e^-y for y ≥ 0."""
        return self.negate(self._expm1_below(self.negate(y)))

    def softsign(self, x: ir.Value) -> ir.Value:
        x = self._clipped(x, -1e30, 1e30)
        return self.divide(x, self.add(self.constant(1), self.abs(x)))

    def hard_sigmoid(self, x: ir.Value) -> ir.Value:
        return self._clipped(self.divide(self.add(x, self.constant(3)), self.constant(6)), 0)

    def hard_sigmoid_02(self, x: ir.Value) -> ir.Value:
        return self._clipped(self.divide(self.add(x, self.constant(2.5)), self.constant(5)), 0)

    def hard_tanh(self, x: ir.Value) -> ir.Value:
        return self._clipped(x, -1)

    def abs(self, x: ir.Value) -> ir.Value:
        return self._call("fabs", x)

    def sign(self, x: ir.Value) -> ir.Value:
        """1, −1, or x itself where it is 0 or not a number."""
        zero = self.constant(0)
        return self.where(">", x, zero, self.constant(1), self.where("<", x, zero, self.constant(-1), x))

    def step(self, y: ir.Value) -> ir.Value:
        """1 where y is positive, else 0."""
        zero = self.constant(0)
        return self.where(">", y, zero, self.constant(1), zero)

    def tanh(self, x: ir.Value) -> ir.Value:
        """sign(x) · e / (e + 2) with e = e^(2|x|) − 1: no cancellation near 0."""
        twice = self.abs(x)
        twice = self._at_most(self.add(twice, twice), 2 * self.k.tanh_is_one)
        power, rest = self._expm1(twice)
        e = self.fma(power, rest, self.subtract(power, self.constant(1)))
        return self._call("copysign", self.divide(e, self.add(e, self.constant(2))), x)

    def sigmoid(self, x: ir.Value) -> ir.Value:
        """1 / (1 + e) for x ≥ 0, e / (1 + e) below, with e = e^-|x|."""
        e = self.exp(self.negate(self.abs(x)))
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

    def _clipped(self, x: ir.Value, low: float, high: float = 1) -> ir.Value:
        """x between two bounds; not-a-number stays so."""
        return self.where("<", x, self.constant(low), self.constant(low), self._at_most(x, high))

    def _log1p(self, e: ir.Value) -> ir.Value:
        """log(1 + e) for 0 ≤ e ≤ 1."""
        unity, zero, middle = self.constant(1), self.constant(0), self.constant(0.41421356)
        s = self.divide(
            self.where(">", e, middle, self.subtract(e, unity), e),
            self.add(e, self.where(">", e, middle, self.constant(3), self.constant(2))),
        )
        squared = self.multiply(s, s)
        p = self.constant(_LOG[-1])
        for coefficient in _LOG[-2::-1]:
            p = self.fma(p, squared, self.constant(coefficient))
        rest = self.fma(self.multiply(s, squared), p, self.add(s, s))
        return self.add(self.where(">", e, middle, self.constant(math.log(2)), zero), rest)

    def _expm1_below(self, x: ir.Value) -> ir.Value:
        """e^x − 1 for x ≤ 0."""
        limit = self.constant(self.k.expm1_is_minus_one)
        power, rest = self._expm1(self.where("<", x, limit, limit, x))
        return self.fma(power, rest, self.subtract(power, self.constant(1)))

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
