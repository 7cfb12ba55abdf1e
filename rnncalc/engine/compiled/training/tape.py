"""A list of calls that machine code plays by itself: what Python would call one after the other at every step.

A call is the address of a compiled kernel and its arguments as words, all of 64 bits: a number is one, an array is
seven or more (see `_words`). Some words change from step to step: a patch says which, and from which register they
come, times a factor, plus a number. So arrays can begin elsewhere and have other lengths at every step, while the list
is made once.

`play` knows no kernel and no network. It calls through a relay, a few instructions that load so many words and jump;
every kernel returns nothing and takes integers and arrays only, so one relay serves all kernels of one arity.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import address_of, jit

RELAY, ADDRESS, WORDS, PATCHES, END = range(5)  # columns of the table of calls
WORD, REGISTER, FACTOR, PLUS = range(4)  # columns of the table of patches


@dataclass(frozen=True)
class Later:
    """A number that is known when the call is played: a register times a factor, plus a number."""

    register: int
    factor: int = 1
    plus: int = 0


@dataclass(frozen=True)
class View:
    """A flat array that begins and ends where registers say. data: a byte address; length: entries."""

    dtype: np.dtype
    data: Later | int
    length: Later | int


@dataclass(frozen=True)
class Literal:
    """A number for which the kernel is compiled."""

    number: int


class Tape:
    """Calls in order, and marks between them."""

    def __init__(self) -> None:
        self._calls: list[list[int]] = []
        self._patches: list[list[int]] = []
        self._words: list[int] = []
        self._kept: list[Any] = []  # the arrays must outlive the addresses

    def __len__(self) -> int:
        return len(self._calls)

    def call(self, kernel: Any, *arguments: Any) -> None:
        """Add a call. Arguments: arrays, whole numbers, Later, View, Literal."""
        kinds, begin, patched = [], len(self._words), len(self._patches)
        for argument in arguments:
            kinds.append(_kind(argument))
            self._add(argument)
        count = len(self._words) - begin
        self._calls.append([relay(count), code(kernel, tuple(kinds)), begin, patched, len(self._patches)])

    def _add(self, argument: Any) -> None:
        if isinstance(argument, View):
            size = argument.dtype.itemsize
            words: list[Any] = [0, 0, argument.length, size, argument.data, argument.length, size]
        elif isinstance(argument, np.ndarray):
            assert argument.flags.c_contiguous
            self._kept.append(argument)
            words = [0, 0, argument.size, argument.itemsize, argument.ctypes.data, *argument.shape, *argument.strides]
        else:
            words = [argument.number if isinstance(argument, Literal) else argument]
        for word in words:
            if isinstance(word, Later):
                self._patches.append([len(self._words), word.register, word.factor, word.plus])
                word = 0
            self._words.append(int(word))

    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Calls, patches and words, as `play` takes them. They hold addresses: the tape must outlive them."""
        calls, patches = (
            np.array(table, np.int64).reshape(-1, n) for table, n in ((self._calls, 5), (self._patches, 4))
        )
        return calls, patches, np.array(self._words, np.int64)


def _kind(argument: Any) -> types.Type:
    if isinstance(argument, Literal):
        return types.literal(argument.number)
    if isinstance(argument, View):
        return types.Array(numba.from_dtype(argument.dtype), 1, "C")
    if isinstance(argument, np.ndarray):
        return types.Array(numba.from_dtype(argument.dtype), argument.ndim, "C")
    return types.int64


def code(kernel: Any, kinds: Sequence[types.Type]) -> int:
    """Where a kernel's machine code for these types lies; compiled, or found on disk, on first need."""
    place = address_of(kernel, tuple(kinds))
    assert kernel.overloads[tuple(kinds)].signature.return_type == types.none
    return place


_RELAYS: dict[int, tuple[int, Any]] = {}
_LOCK = threading.Lock()


def relay(count: int) -> int:
    """Where the code lies that calls f with so many words: void (i64 f, i64 *words). It stays there for good."""
    with _LOCK:  # two threads at once would each make one, and the first one's would vanish with its engine
        if count not in _RELAYS:
            _RELAYS[count] = _made(count)
        return _RELAYS[count][0]


def _made(count: int) -> tuple[int, Any]:
    """A relay's address, and the engine that keeps it."""
    word = ir.IntType(64)
    module = ir.Module(f"relay{count}")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [word, word.as_pointer()]), f"relay{count}")
    builder = ir.IRBuilder(function.append_basic_block())
    kind = ir.FunctionType(ir.IntType(32), [word.as_pointer(), word.as_pointer(), *[word] * count])
    places = [builder.alloca(word), builder.alloca(word)]  # for a result and an error, of which there are none
    values = [builder.load(builder.gep(function.args[1], [ir.Constant(word, k)])) for k in range(count)]
    builder.call(builder.inttoptr(function.args[0], kind.as_pointer()), [*places, *values])
    builder.ret_void()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
    engine.finalize_object()
    return engine.get_function_address(function.name), engine


@intrinsic
def _relayed(typing, relay, address, words, begin):
    """Call the kernel at an address, through a relay, with the words from `begin` on."""

    def codegen(context, builder, signature, arguments):
        relay_, address_, words_, begin_ = arguments
        word = ir.IntType(64)
        data = context.make_array(signature.args[2])(context, builder, words_).data
        kind = ir.FunctionType(ir.VoidType(), [word, word.as_pointer()])
        builder.call(
            builder.inttoptr(relay_, kind.as_pointer()), [address_, cgutils.gep_inbounds(builder, data, begin_)]
        )
        return context.get_dummy_value()

    return types.void(relay, address, words, begin), codegen


@jit
def play(calls, patches, words, registers, begin, end):
    """The calls from `begin` to `end`, one after the other."""
    for c in range(begin, end):
        for p in range(calls[c, PATCHES], calls[c, END]):
            words[patches[p, WORD]] = registers[patches[p, REGISTER]] * patches[p, FACTOR] + patches[p, PLUS]
        _relayed(calls[c, RELAY], calls[c, ADDRESS], words, calls[c, WORDS])
