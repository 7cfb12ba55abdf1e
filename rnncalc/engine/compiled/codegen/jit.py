"""The one way to compile: serial, without the GIL, no fastmath, and kept on disk for the next process.

Numba's own cache is not used. It looks only at the file that holds a function, so an edit in another file leaves stale
machine code; two processes that save at once can swap each other's files; and where it cannot write, it raises. Here
one file holds one compiled signature, its name a digest of everything that the machine code depends on, and whatever
goes wrong with the cache means only that the function is compiled again. `cache` says where files lie, and guards them.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numba
import numpy
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from rnncalc.common.i18n import _
from rnncalc.engine.compiled.codegen.cache import cache_folder, read, write
from rnncalc.engine.compiled.codegen.late_library import Compiler

PATIENCE = 1.0  # seconds that people wait without asking why


def jit(function: Callable, of_python: bool = True, arrays: bool = False) -> Callable:
    """The function compiled on first use for each signature. Floating-point operations stay as written.

    of_python: whether Python calls it; arrays: whether it makes any. Others do not count who holds their arguments.
    """
    options: Any = {"no_cfunc_wrapper": True, "no_cpython_wrapper": not of_python, "_nrt": arrays}
    function = getattr(function, "py_func", function)
    dispatcher = numba.njit(nogil=True, error_model="numpy", pipeline_class=Compiler, **options)(function)
    if not numba.config.DISABLE_JIT:
        dispatcher._cache = _Files(function, of_python)
    return dispatcher


inner = partial(jit, of_python=False)  # a part of kernels, which Python does not call: it compiles sooner
allocating = partial(jit, arrays=True)  # for what makes arrays of its own


@contextmanager
def compile_notice() -> Iterator[None]:
    """One line, once, if what is compiled meanwhile takes longer than a second: a warning of the logger `rnncalc`."""
    timer = threading.Timer(PATIENCE, _give_notice)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@cache
def _give_notice() -> None:
    message = _(
        "rnncalc: compiling for this machine; it is kept for the next time. `rnncalc warmup` does it beforehand"
    )
    logging.getLogger("rnncalc").warning(message)


def specialised(dispatcher: Callable, number: int, *arguments: object) -> Callable:
    """The machine code of a function for one cell: `number` is the cell's digest, the rest are sample arguments."""
    with compile_notice():
        return dispatcher.compile(cell_signature(number, *arguments))


def cell_signature(number: int, *arguments: object) -> tuple[types.Type, ...]:
    """The types of a function's arguments for one cell."""
    return types.literal(number), *map(numba.typeof, arguments)


def address_of(dispatcher: Any, signature: tuple[types.Type, ...]) -> int:
    """Where the machine code of a function lies, compiled or found on disk on first need."""
    with compile_notice():
        dispatcher.compile(signature)
    compiled = dispatcher.overloads[signature]
    late = not getattr(compiled.library, "made", True)
    place: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    if late:
        dispatcher._cache.save_overload(signature, compiled)
    return place


def call_address(context: Any, builder: ir.IRBuilder, signature: Any, given: Sequence[ir.Value]) -> ir.Value:
    """Code that calls what `address_of` found: the address, then the arguments without the literal.

    Who calls so is compiled without what it calls, and once for all that can be called.
    """
    kinds = [types.literal(0), *signature.args[1:]]  # all that have a literal in its place are called alike
    values = [ir.Constant(ir.IntType(64), 0), *given[1:]]
    kind = context.call_conv.get_function_type(types.none, kinds)
    nothing, error = (cgutils.alloca_once(builder, pointer.pointee) for pointer in kind.args[:2])
    packed = context.get_arg_packer(kinds).as_arguments(builder, values)
    builder.call(builder.inttoptr(given[0], kind.as_pointer()), [nothing, error, *packed])
    return context.get_dummy_value()


def machine_code(dispatcher: Callable, dtype: numpy.dtype, arguments: Sequence[object]) -> Callable:
    """The machine code of a function that knows no cell, for one dtype; it takes pointers and asks no questions."""
    key = dispatcher, dtype.char
    if key not in _CODE:
        with compile_notice():
            _CODE[key] = dispatcher.compile(tuple(map(numba.typeof, arguments)))
    return _CODE[key]


_CODE: dict[tuple[Callable, str], Callable] = {}


class _Files(NullCache):
    """One compiled signature, one file."""

    def __init__(self, function: Callable, of_python: bool):
        self.function, self.of_python = function, of_python

    def load_overload(self, signature: Sequence, target: object) -> object:
        rtsys.initialize(target)  # all that ready code needs; `target.refresh` loads what compiling needs, and SciPy
        try:
            path = self._path(signature, target)
            content = read(path) if path else None
            if content is None:
                return None
            described, payload = pickle.loads(content)
            if described != self._described(signature, target):
                return None
            return CompileResult._rebuild(target, *payload)
        except Exception:  # no file, a foreign or an unreadable one: compile again, whatever the reason
            return None

    def save_overload(self, signature: Sequence, result: CompileResult) -> None:
        try:
            path = self._path(signature, result.target_context)
            if path is None or not result.library.made or result.lifted or result.library.has_dynamic_globals:
                return
            write(path, dumps((self._described(signature, result.target_context), result._reduce())))
        except Exception:  # a full disk, a folder that went away: the function runs all the same
            return

    def _described(self, signature: Sequence, target: object) -> str:
        name = f"{self.function.__module__}.{self.function.__qualname__}"
        return repr((name, self.of_python, signature, target.codegen().magic_tuple()))

    def _path(self, signature: Sequence, target: object) -> Path | None:
        folder = cache_folder()
        digest = hashlib.sha256(self._described(signature, target).encode()).hexdigest()[:32]
        return folder and folder / f"{self.function.__name__}-{digest}.nbc"
