"""NumPy code that makes an array: np.linspace(-0.4, 0.7, num=12).reshape(3, 4), 0.01 * np.random.randn(5, 3).

The reader interprets the syntax tree and knows only the functions below; no code is run. Random numbers need a seed
before them, np.random.seed(1); later draws of a text continue the stream, as NumPy's do.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.numbers import MOST_ENTRIES, Numbers

_LONGEST = 100_000
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_WORDS = re.compile(r"\b(?:np|numpy|jnp|torch)\s*\.|\b(?:linspace|randn?|zeros|ones|eye|full|arange)\s*\(")
_PRINT = re.compile(r"\s*(?:tensor|array|Array|\[|<tf)")
_NOT_NUMBERS = (None, "dtype", "device", "requires_grad", "copy", "order")  # arguments that change no number


def recognises(text: str) -> bool:
    """Whether the text calls a NumPy function. `brackets` reads a print, array([[…]])."""
    return bool(_WORDS.search(text)) and not _PRINT.match(text)


def read(text: str) -> Numbers:
    """Read the array that the code makes. Raises ParseError."""
    return Numbers(CodeReader().read(text))


class CodeReader:
    """Reads texts one after the other; a seed holds for those that follow."""

    def __init__(self) -> None:
        self.random: np.random.RandomState | None = None

    def read(self, text: str) -> np.ndarray:
        """The value of the last expression, as float64. Raises ParseError."""
        if len(text) > _LONGEST:
            raise ParseError(_("the text is longer than {most} characters"), most=_LONGEST)
        value: object = None
        try:
            for statement in ast.parse(text.strip().rstrip(";")).body:
                if not isinstance(statement, ast.Expr):
                    raise self.refused(statement)
                with np.errstate(all="ignore"):
                    value = self.value(statement.value)
            array = np.asarray(value, np.float64) if value is not None else None
        except ParseError:
            raise
        except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
            raise ParseError(_("cannot read “{text}” as NumPy code"), text=shown(text, 60)) from None
        if array is None:
            raise ParseError(_("the code makes no array"))
        return array

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return node.value
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(entry) for entry in node.elts]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            value = self.value(node.operand)
            return np.negative(value) if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            sides = [np.asarray(self.value(side), np.float64) for side in (node.left, node.right)]
            self.bounded(*np.broadcast_shapes(*(side.shape for side in sides)))
            return _OPERATIONS[type(node.op)](*sides)
        if isinstance(node, ast.Attribute) and node.attr == "T":
            return np.asarray(self.value(node.value), np.float64).T
        if isinstance(node, ast.Call):
            return self.call(node)
        raise self.refused(node)

    def call(self, node: ast.Call) -> Any:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        method = getattr(self, f"np_{name}", None)
        if method is None:
            raise self.refused(node)
        arguments = [] if name == "astype" else [self.value(argument) for argument in node.args]
        named = {word.arg: self.value(word.value) for word in node.keywords if word.arg not in _NOT_NUMBERS}
        if name in ("reshape", "astype", "transpose"):
            if not isinstance(node.func, ast.Attribute):
                raise self.refused(node)
            arguments.insert(0, self.value(node.func.value))
        return method(*arguments, **named)

    def refused(self, node: ast.AST) -> ParseError:
        message = _("“{piece}” is not one of the NumPy functions that can be read")
        return ParseError(message, piece=ast.unparse(node)[:60])

    def bounded(self, *shape: Any) -> tuple[int, ...]:
        """The sizes of a shape, given as numbers or as one tuple. Raises ParseError if the array is too large."""
        sizes = tuple(int(n) for n in (shape[0] if len(shape) == 1 and isinstance(shape[0], list) else shape))
        if any(size < 0 for size in sizes) or math.prod(sizes) > MOST_ENTRIES:
            raise ParseError(_("more than {most} numbers"), most=MOST_ENTRIES)
        return sizes

    # the functions, under NumPy's names ------------------------------------------------------------------------------

    def np_array(self, values: object) -> np.ndarray:
        return np.asarray(values, np.float64)

    np_asarray = np_tensor = np_float32 = np_float64 = np_astype = np_array

    def np_linspace(self, start: float, stop: float, num: int = 50) -> np.ndarray:
        return np.linspace(start, stop, self.bounded(num)[0])

    def np_arange(self, *limits: float) -> np.ndarray:
        start, stop, step = (0, *limits, 1)[:3] if len(limits) == 1 else (*limits, 1)[:3]
        self.bounded(max((stop - start) / step, 0))
        return np.arange(start, stop, step, dtype=np.float64)

    def np_zeros(self, *shape: object) -> np.ndarray:
        return np.zeros(self.bounded(*shape))

    def np_ones(self, *shape: object) -> np.ndarray:
        return np.ones(self.bounded(*shape))

    def np_full(self, shape: object, fill_value: float) -> np.ndarray:
        return np.full(self.bounded(shape), float(fill_value))

    def np_eye(self, n: int) -> np.ndarray:
        return np.eye(self.bounded(n, n)[0])

    np_identity = np_eye

    def np_reshape(self, array: object, *shape: Any) -> np.ndarray:
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], list) else shape
        return np.reshape(np.asarray(array, np.float64), [int(size) for size in sizes])

    def np_transpose(self, array: object) -> np.ndarray:
        return np.asarray(array, np.float64).T

    def np_seed(self, seed: int) -> None:
        if not 0 <= seed < 2**32:
            raise ParseError(_("a seed is a whole number below 2^32, not {seed}"), seed=seed)
        self.random = np.random.RandomState(int(seed))

    def np_randn(self, *shape: object) -> np.ndarray:
        return self.seeded().randn(*self.bounded(*shape))

    def np_rand(self, *shape: object) -> np.ndarray:
        return self.seeded().rand(*self.bounded(*shape))

    def seeded(self) -> np.random.RandomState:
        if self.random is None:
            raise ParseError(_("random numbers need a seed: np.random.seed(1); np.random.randn(…)"))
        return self.random
