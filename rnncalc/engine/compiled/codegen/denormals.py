"""Numbers below the normal range taken for zero while a kernel runs: gradients that vanish would crawl through them.

The processor's mode belongs to the whole thread, so whoever sets it puts back what was there: NumPy must not notice.
"""

from __future__ import annotations

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_X86 = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
_ARM = platform.machine().lower() in ("aarch64", "arm64")
_X86_FLUSH = 0x8040  # flush to zero, and denormals are zeros
_ARM_FLUSH = 1 << 24


@intrinsic
def flush(typing):
    """Take subnormal numbers for zero from here on; the mode that was set before."""

    def codegen(context, builder, signature, arguments):
        i32, i64 = ir.IntType(32), ir.IntType(64)
        if _X86:
            place = cgutils.alloca_once(builder, i32)
            _control(builder, "st", place)
            mode = builder.load(place)
            builder.store(builder.or_(mode, ir.Constant(i32, _X86_FLUSH)), place)
            _control(builder, "ld", place)
            return builder.zext(mode, i64)
        if _ARM:
            mode = builder.asm(ir.FunctionType(i64, []), "mrs $0, fpcr", "=r", [], True)
            _set_arm(builder, builder.or_(mode, ir.Constant(i64, _ARM_FLUSH)))
            return mode
        return ir.Constant(i64, 0)

    return types.int64(), codegen


@intrinsic
def restore(typing, mode):
    """Put back the mode that `flush` found."""

    def codegen(context, builder, signature, arguments):
        if _X86:
            place = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(builder.trunc(arguments[0], ir.IntType(32)), place)
            _control(builder, "ld", place)
        elif _ARM:
            _set_arm(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def _control(builder: ir.IRBuilder, way: str, place: ir.Value) -> None:
    """stmxcsr or ldmxcsr."""
    pointer = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{way}mxcsr")
    builder.call(function, [builder.bitcast(place, pointer)])


def _set_arm(builder: ir.IRBuilder, mode: ir.Value) -> None:
    builder.asm(ir.FunctionType(ir.VoidType(), [mode.type]), "msr fpcr, $0", "r", [mode], True)
