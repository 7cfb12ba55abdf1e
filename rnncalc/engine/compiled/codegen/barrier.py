"""A barrier for threads of machine code: a counter that all of them see.

They look at it again and again, since it takes them as long as a short loop to come; who has looked long enough leaves
the processor to somebody else for a while.
"""

from __future__ import annotations

import os
import time

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import jit

PATIENCE = 2000  # looks at the others before the processor is left to somebody else
CALLED_OFF = 1 << 60  # what the counter is set to when somebody will never come


@jit
def meet(met, parts, meetings):
    """Wait until all have come; met: a counter that they share, meetings: how far it was.

    Returns how far it is, -1 if it was called off.
    """
    if parts == 1:
        return meetings
    meetings += parts
    arrive(met)
    looks, count = 0, seen(met)
    while count < meetings:
        looks += 1
        if looks % PATIENCE == 0:
            leave()
        count = seen(met)
    return meetings if count < CALLED_OFF else -1


@intrinsic
def arrive(typing, met):
    """met[0] += 1, seen by all threads together with what was written before."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        builder.atomic_rmw("add", data, ir.Constant(ir.IntType(64), 1), "acq_rel")
        return context.get_dummy_value()

    return types.void(met), codegen


@intrinsic
def seen(typing, met):
    """met[0], and what was written before it became so."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load_atomic(data, "acquire", 8)

    return types.int64(met), codegen


@intrinsic
def leave(typing):
    """Leave the processor to somebody else, and say what time it is, in nanoseconds; 0 where nobody can be asked."""

    def codegen(context, builder, signature, arguments):
        word, number = ir.IntType(64), ir.IntType(32)
        if not hasattr(os, "sched_yield"):
            return ir.Constant(word, 0)
        function = cgutils.get_or_insert_function
        builder.call(function(builder.module, ir.FunctionType(number, []), "sched_yield"), [])
        kind = ir.FunctionType(number, [number, word.as_pointer()])
        moment = cgutils.alloca_once(builder, word, size=2)  # seconds, and nanoseconds beside them
        clock = ir.Constant(number, time.CLOCK_MONOTONIC)
        builder.call(function(builder.module, kind, "clock_gettime"), [clock, moment])
        seconds, rest = (builder.load(builder.gep(moment, [ir.Constant(word, k)])) for k in range(2))
        return builder.add(builder.mul(seconds, ir.Constant(word, 10**9)), rest)

    return types.int64(), codegen
