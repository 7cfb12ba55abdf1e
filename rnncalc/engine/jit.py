"""The one way to compile: serial, without the GIL, no fastmath, and kept on disk for the next process.

Numba's own cache is not used. It looks only at the file that holds a function, so an edit in another file leaves stale
machine code; two processes that save at once can swap each other's files; and where it cannot write, it raises. Here
one file holds one compiled signature, its name a digest of everything that the machine code depends on, and whatever
goes wrong with the cache means only that the function is compiled again.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from platformdirs import user_cache_dir

from rnncalc.engine.vector import WIDTH
from rnncalc.language import _

PATIENCE = 1.0  # seconds that people wait without asking why


def jit(function: Callable) -> Callable:
    """The function compiled on first use for each signature. Floating-point operations stay as written."""
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    if not numba.config.DISABLE_JIT:
        dispatcher._cache = _Files(dispatcher.py_func)
    return dispatcher


@contextmanager
def told() -> Iterator[None]:
    """One line on standard error, once, if what is compiled meanwhile takes longer than a second."""
    timer = threading.Timer(PATIENCE, _tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@cache
def _tell() -> None:
    message = _(
        "rnncalc: compiling for this machine; it is kept for the next time. `rnncalc warmup` does it beforehand"
    )
    print(message, file=sys.stderr, flush=True)


def specialised(dispatcher: Callable, number: int, *arguments: object) -> Callable:
    """The machine code of a function for one cell: `number` is the cell's digest, the rest are sample arguments."""
    with told():
        return dispatcher.compile(cell_signature(number, *arguments))


def cell_signature(number: int, *arguments: object) -> tuple[types.Type, ...]:
    """The types of a function's arguments for one cell."""
    return types.literal(number), *map(numba.typeof, arguments)


def address_of(dispatcher: Any, signature: tuple[types.Type, ...]) -> int:
    """Where the machine code of a function lies, compiled or found on disk on first need."""
    with told():
        dispatcher.compile(signature)
    compiled = dispatcher.overloads[signature]
    place: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
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
        with told():
            _CODE[key] = dispatcher.compile(tuple(map(numba.typeof, arguments)))
    return _CODE[key]


_CODE: dict[tuple[Callable, str], Callable] = {}


class _Files(NullCache):
    """One compiled signature, one file."""

    def __init__(self, function: Callable):
        self.function = function

    def load_overload(self, signature: Sequence, target: object) -> object:
        target.refresh()
        try:
            path = self._path(signature, target)
            if path is None or not path.is_file():
                return None
            described, payload = pickle.loads(path.read_bytes())
            if described != self._described(signature, target):
                return None
            return CompileResult._rebuild(target, *payload)
        except Exception:  # a torn, foreign or unreadable file: compile again, whatever the reason
            return None

    def save_overload(self, signature: Sequence, result: CompileResult) -> None:
        try:
            path = self._path(signature, result.target_context)
            if path is None or result.lifted or result.library.has_dynamic_globals:
                return
            content = dumps((self._described(signature, result.target_context), result._reduce()))
            beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
            try:
                beside.write_bytes(content)
                os.replace(beside, path)
            finally:
                beside.unlink(missing_ok=True)
        except Exception:  # a full disk, a folder that went away: the function runs all the same
            return

    def _described(self, signature: Sequence, target: object) -> str:
        name = f"{self.function.__module__}.{self.function.__qualname__}"
        return repr((name, signature, target.codegen().magic_tuple()))

    def _path(self, signature: Sequence, target: object) -> Path | None:
        folder = cache_folder()
        digest = hashlib.sha256(self._described(signature, target).encode()).hexdigest()[:32]
        return folder and folder / f"{self.function.__name__}-{digest}.nbc"


@cache
def cache_folder() -> Path | None:
    """The folder of this version's kernels: below RNNCALC_CACHE_DIR or the user's cache, else a private temporary one.

    Its name is a digest of the package's sources, of Numba, llvmlite and NumPy, and of the vector width. None where
    nothing can be written. A file in it is a pickle, so a folder that other users can write to is never used.
    """
    key = hashlib.sha256()
    for source in sorted(Path(__file__).parents[1].rglob("*.py")):
        key.update(source.read_bytes())
    key.update(repr((numba.__version__, llvmlite.__version__, numpy.__version__, WIDTH)).encode())
    name = f"kernels-{key.hexdigest()[:16]}"
    wished = os.environ.get("RNNCALC_CACHE_DIR")
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    for base in (wished or user_cache_dir("rnncalc"), os.path.join(tempfile.gettempdir(), f"rnncalc-{user}")):
        folder = Path(base) / name
        if _usable(folder):
            return folder
    return None


def _usable(folder: Path) -> bool:
    """Whether the folder is, or can be made, ours alone to write."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and (folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, RuntimeError):  # RuntimeError: there is no home directory to be found
        return False
