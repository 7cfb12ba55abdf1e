"""Equations as data: read from text, written in several styles, evaluated, taken apart.

The notation of a cell's lines, `c = f * c_p + i * g`: a bare name is this step's signal or a parameter, `h_p` the
previous step's h, `x_t` this step's input; `*` and `/`, min and max go entry by entry, `@` is a matrix times a vector.
An equation is a tree of a few kinds of node, each a frozen record, so equations compare, hash and can be rewritten.
Longer than other files, because each kind of node is read, written and taken apart beside the others.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import CellError
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS

INPUT = "x_t"
LONGEST = 2000  # characters of one line: far beyond any cell, far below what could exhaust the parser


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Constant(Number):
    """A number that machine code reads as it runs, by its place among those of its cell."""

    place: int


@dataclass(frozen=True, slots=True)
class Name:
    id: str


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str  # + - * / @ min max
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    argument: Expression


Expression = Number | Name | Negative | Binary | Call
STAYING = Number(0.0), Number(1.0), Negative(Number(1.0))  # numbers that are part of an equation's form


def previous(name: str) -> bool:
    """Whether a name stands for the previous step's value."""
    return name.endswith("_p")


def signal_of(name: str) -> str:
    """The signal that a name reads: `h_p` reads h."""
    return name.removesuffix("_p")


# ---------------------------------------------------------------------------------------------------------------- read

_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


def parse(text: str, line: str = "", typed: bool = True) -> Expression:
    """The tree of an equation's right-hand side. Raises CellError with the place of what is not allowed.

    typed: a person wrote it, and may call only the functions that are meant for people.
    """
    if len(text) > LONGEST:
        raise CellError(_("{line}: longer than {most} characters"), line=line, most=LONGEST)
    try:
        return _converted(ast.parse(text.strip(), mode="eval").body, line, typed)
    except SyntaxError as error:
        place = f" ({_('character')} {error.offset})" if error.offset else ""
        raise CellError(_("{line}: cannot read “{text}”{place}"), line=line, text=text, place=place) from None
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:
        if isinstance(error, CellError):
            raise
        raise CellError(_("{line}: cannot read “{text}”"), line=line, text=text[:60]) from None


def _converted(node: ast.expr, line: str, typed: bool) -> Expression:
    if isinstance(node, ast.Name):
        return Name(node.id)
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return Number(float(value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Negative(_converted(node.operand, line, typed))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        return _converted(node.operand, line, typed)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return Binary(
            _OPERATORS[type(node.op)], _converted(node.left, line, typed), _converted(node.right, line, typed)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node, line, typed)
    message = _(
        "{line}: “{piece}” at character {place} is not allowed: there are names, numbers, + - * / @ ( ), functions"
    )
    raise CellError(message, line=line, piece=ast.unparse(node)[:60], place=node.col_offset + 1)


def _call(name: str, node: ast.Call, line: str, typed: bool) -> Expression:
    """A function around its argument, or min and max of two."""
    place = node.col_offset + 1
    if name not in PAIRS and (name not in FUNCTIONS or (typed and not FUNCTIONS[name].typed)):
        known = ", ".join([name for name, f in FUNCTIONS.items() if f.typed and not f.rowwise] + list(PAIRS))
        message = _("{line}: no function is called {name} (character {place}); there are {known}")
        raise CellError(message, line=line, name=name, place=place, known=known)
    count = 2 if name in PAIRS else 1
    if len(node.args) != count:
        message = _("{line}: “{piece}” at character {place}: {name} takes {count}, not {given}")
        piece, given = ast.unparse(node)[:60], len(node.args)
        raise CellError(message, line=line, piece=piece, place=place, name=name, count=count, given=given)
    arguments = [_converted(argument, line, typed) for argument in node.args]
    return Binary(name, *arguments) if name in PAIRS else Call(name, *arguments)


# ----------------------------------------------------------------------------------------------------------- take apart


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The nodes right below a node."""
    if isinstance(expression, Negative):
        return (expression.operand,)
    if isinstance(expression, Binary):
        return (expression.left, expression.right)
    if isinstance(expression, Call):
        return (expression.argument,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The node and every node below it, from left to right."""
    yield expression
    for part in parts(expression):
        yield from walk(part)


def is_binary(node: Expression, operators: Container[str]) -> TypeGuard[Binary]:
    """Whether a node joins two others by one of these operators."""
    return isinstance(node, Binary) and node.operator in operators


def names(expression: Expression) -> list[str]:
    """Every name in the expression, in order, once each."""
    return list(dict.fromkeys(node.id for node in walk(expression) if isinstance(node, Name)))


def rebuilt(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The tree with `change` applied to every node, from the leaves up."""
    if isinstance(expression, Negative):
        return change(Negative(rebuilt(expression.operand, change)))
    if isinstance(expression, Binary):
        return change(Binary(expression.operator, rebuilt(expression.left, change), rebuilt(expression.right, change)))
    if isinstance(expression, Call):
        return change(Call(expression.function, rebuilt(expression.argument, change)))
    return change(expression)


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced."""
    return rebuilt(expression, lambda node: replacements.get(node.id, node) if isinstance(node, Name) else node)


def is_zero(expression: Expression, zero: Collection[str]) -> bool:
    """Whether an expression is zero because these names are."""
    if isinstance(expression, Name):
        return expression.id in zero
    below = [is_zero(part, zero) for part in parts(expression)]
    if isinstance(expression, Call):
        return all(below) and not FUNCTIONS[expression.function].compute(np.zeros(1)).any()
    if is_binary(expression, "/"):
        return below[0] and not below[1]
    return any(below) if is_binary(expression, "*@") else bool(below) and all(below)


def lifted(expression: Expression, numbers: list[Constant]) -> Expression:
    """The expression with constants, added to `numbers`, for what no name takes part in; 0, 1 and −1 stay."""
    if expression in STAYING or isinstance(expression, Name):
        return expression
    if not names(expression):
        numbers.append(Constant(float(evaluate(expression, {})), len(numbers)))
        return numbers[-1]
    if isinstance(expression, Binary):
        return Binary(expression.operator, lifted(expression.left, numbers), lifted(expression.right, numbers))
    if isinstance(expression, Negative):
        return Negative(lifted(expression.operand, numbers))
    return expression  # a function stands around a name


def terms(expression: Expression) -> list[tuple[int, Expression]]:
    """A sum as its terms, each with its sign +1 or −1: a − (b + c) has (1, a), (−1, b), (−1, c)."""
    if isinstance(expression, Negative):
        return [(-sign, term) for sign, term in terms(expression.operand)]
    if isinstance(expression, Binary) and expression.operator in "+-":
        turn = 1 if expression.operator == "+" else -1
        return terms(expression.left) + [(turn * sign, term) for sign, term in terms(expression.right)]
    return [(1, expression)]


def total(signed: list[tuple[int, Expression]]) -> Expression:
    """The sum of signed terms, added from left to right."""
    (sign, first), *rest = signed
    expression = first if sign > 0 else Negative(first)
    for sign, term in rest:
        expression = Binary("+" if sign > 0 else "-", expression, term)
    return expression


# ------------------------------------------------------------------------------------------------------------- evaluate


def product(weight: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Weight (H, K) times each row of vectors (N, K): (N, H), the K products of every entry added in ascending order.

    One multiplication and one addition a column, the same for any number of rows: a sequence has the same bits alone
    and in a batch. BLAS promises no such thing.
    """
    result = weight[:, 0] * vectors[:, :1]
    for k in range(1, weight.shape[1]):
        result = result + weight[:, k] * vectors[:, k : k + 1]
    return result


def evaluate(expression: Expression, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The value of an expression, a row for each sequence: signals are (N, H), biases (H,), weights (H, K)."""
    if isinstance(expression, Number):
        return expression.value  # type: ignore[return-value] # a plain float takes the dtype of what it meets
    if isinstance(expression, Name):
        return values[expression.id]
    if isinstance(expression, Negative):
        return -evaluate(expression.operand, values)
    if isinstance(expression, Call):
        return FUNCTIONS[expression.function].compute(evaluate(expression.argument, values))
    left, right = evaluate(expression.left, values), evaluate(expression.right, values)
    if expression.operator == "+":
        return left + right
    if expression.operator == "-":
        return left - right
    if expression.operator == "*":
        return left * right
    if expression.operator == "@":
        return product(left, right)
    both = np.divide if expression.operator == "/" else PAIRS[expression.operator]
    numbers = isinstance(left, float) and isinstance(right, float)
    return float(both(left, right)) if numbers else both(left, right)  # type: ignore[return-value]
