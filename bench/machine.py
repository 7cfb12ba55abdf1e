"""What this machine allows on one core: fused multiply-adds a second, and bytes read a second from each cache."""

from __future__ import annotations

import time
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from targets import Case

from rnncalc.engine.compiled.codegen.register import lanes
from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.engine.compiled.packing.memory import aligned

CHAINS = 16  # independent sums: latency times throughput, with room to spare
GATES = {"elman": 1, "lstm": 4, "gru_after": 3}
L1, L2 = 32 * 1024, 1024 * 1024
FIRST, SECOND, THIRD = 16 * 1024, 512 * 1024, 8 * 1024 * 1024  # bytes that live in each cache


@intrinsic(prefer_literal=True)
def _chains(typing: Any, data: Any, times: Any, reads: Any) -> Any:
    """Sums in registers, `times` rounds; reads (literal): of memory, vector after vector, in place of a constant."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        vector = Vector(builder, signature.args[0].dtype)
        index, start = arguments[1].type, builder.block
        body, end = builder.append_basic_block("round"), builder.append_basic_block("end")
        factor = vector.load(array.data, ir.Constant(index, 0))
        builder.branch(body)
        builder.position_at_end(body)
        count = builder.phi(index)
        sums = [builder.phi(vector.type) for _ in range(CHAINS)]
        count.add_incoming(ir.Constant(index, 0), start)
        place = builder.mul(count, ir.Constant(index, CHAINS * vector.lanes))
        for k, running in enumerate(sums):
            other = factor
            if signature.args[2].literal_value:
                other = vector.load(array.data, builder.add(place, ir.Constant(index, k * vector.lanes)))
            running.add_incoming(factor, start)
            running.add_incoming(vector.fma(running, factor, other), body)
        following = builder.add(count, ir.Constant(index, 1))
        count.add_incoming(following, body)
        builder.cbranch(builder.icmp_signed("<", following, arguments[1]), body, end)
        builder.position_at_end(end)
        for k, running in enumerate(sums):
            vector.store(running, array.data, ir.Constant(index, k * vector.lanes))
        return context.get_dummy_value()

    return types.void(data, times, reads), codegen


@numba.njit(nogil=True)
def _add(data: np.ndarray, rounds: int) -> None:
    _chains(data, rounds, 0)


@numba.njit(nogil=True)
def _read(data: np.ndarray, rounds: int, repeat: int) -> None:
    for _ in range(repeat):
        _chains(data, rounds, 1)


class Limits:
    """Of one element type: flops and bytes a second, the best of several tries."""

    def __init__(self, dtype: str):
        self.kind = np.dtype(dtype)
        wide, size = lanes(self.kind.itemsize), self.kind.itemsize
        data = aligned(THIRD // size, self.kind)
        data[:] = 0
        self.flops = 2 * CHAINS * wide * 1e6 / _best(lambda: _add(data, 1_000_000))
        self.bytes = []
        for room in (FIRST, SECOND, THIRD):
            rounds = room // (CHAINS * wide * size)
            repeat = 4 * THIRD // room
            self.bytes.append(repeat * room / _best(lambda n=rounds, k=repeat: _read(data, n, k)))

    def seconds(self, case: Case) -> float:
        """The least that a case can take: its arithmetic; one sequence reads the recurrent weights at every step."""
        (N, T, D, H), gates = case.size, GATES[case.cell]
        inputs, recurrent = (2 * N * T * gates * H * size / self.flops for size in (D, H))
        if case.what == "both":  # the gradient of x is not asked for
            return 2 * inputs + recurrent + 2 * self._recurrent(case, recurrent)
        return inputs + self._recurrent(case, recurrent)

    def _recurrent(self, case: Case, arithmetic: float) -> float:
        """The products with the recurrent weights, one way."""
        N, T, _D, H = case.size
        weights = GATES[case.cell] * H * H * self.kind.itemsize
        level = 0 if weights <= L1 else 1 if weights <= L2 else 2
        return max(arithmetic, T * weights / self.bytes[level]) if N == 1 else arithmetic

    def __str__(self) -> str:
        speeds = ", ".join(f"{name} {speed / 1e9:.0f}" for name, speed in zip(("L1", "L2", "L3"), self.bytes))
        return f"{self.kind}: {self.flops / 1e9:.0f} GF/s; reads in GB/s: {speeds}"


def _best(run: Any) -> float:
    run()
    times = []
    for _ in range(7):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)
