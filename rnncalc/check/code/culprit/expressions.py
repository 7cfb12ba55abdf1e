"""What the expressions of somebody's code stand for: operations, calls, containers, activations.

Longer than other files: every kind of expression has its branch, and they call each other.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rnncalc.check.code.culprit.values import (
    ACTIVATIONS,
    ANY,
    COPIES,
    EMPTY,
    NOTHING,
    SAME,
    SIZES,
    STACKED,
    ZEROS,
    Value,
    combined,
    merged,
    quantity,
)  # fmt: skip
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature

Scope = dict[str, Any]  # local names: Values, and functions that are defined inside


class Expressions(ABC):
    """Finds the values of expressions; statements are walked by `Reading`.

    gates: the order of stacked gates. values: by node. attributes: of self. globals: names outside of functions.
    """

    def __init__(self, code: Code, function: FunctionSignature, gates: str = ""):
        self.code, self.function, self.gates = code, function, gates
        self.values: dict[ast.AST, Value] = {}
        self.attributes: dict[str, Value] = {}
        self.globals: dict[str, Value] = {}

    @abstractmethod
    def walk(self, node: ast.FunctionDef, values: Sequence[Value], named: Mapping[str, Value], method: bool) -> Value:
        """Walk a function; what it returns."""

    @abstractmethod
    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Give a name, an attribute or an entry its value."""

    @abstractmethod
    def put(self, node: ast.expr, value: Value, scope: Scope) -> None:
        """Give a container its new entries."""

    def of(self, node: ast.AST | None) -> Value:
        """What an expression stands for."""
        return self.values.get(node, NOTHING) if node is not None else NOTHING

    def value(self, node: ast.expr | None, scope: Scope) -> Value:
        """Find the value of an expression."""
        if node is None:
            return NOTHING
        value = self._evaluated(node, scope)
        self.values[node] = value
        return value

    def _evaluated(self, node: ast.expr, scope: Scope) -> Value:
        if isinstance(node, ast.Name):
            held = scope.get(node.id, self.globals.get(node.id, NOTHING))
            return held if isinstance(held, Value) else NOTHING
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return Value(marks=frozenset((f"={node.value}",)))
            return Value(marks=frozenset(("number",))) if isinstance(node.value, int | float) else NOTHING
        if isinstance(node, ast.Attribute):
            if node.attr in SIZES:
                return NOTHING
            text = ast.unparse(node)
            return self.attributes[text] if text in self.attributes else self.value(node.value, scope)
        if isinstance(node, ast.Subscript):
            self.value(node.slice, scope)
            return self._subscript(node, self.value(node.value, scope))
        if isinstance(node, ast.Tuple | ast.List):
            parts: dict[Any, Value] = {}
            for element in node.elts:
                inner = self.value(element.value if isinstance(element, ast.Starred) else element, scope)
                for each in (inner.parts or {}).values() if isinstance(element, ast.Starred) else [inner]:
                    parts[len(parts)] = each
            return Value(parts=parts)
        if isinstance(node, ast.Dict):
            keyed = {key_of(key) if key else ANY: self.value(each, scope) for key, each in zip(node.keys, node.values)}
            return Value(parts=keyed)
        if isinstance(node, ast.BinOp):
            left, right = self.value(node.left, scope), self.value(node.right, scope)
            if isinstance(node.op, ast.Add) and (left.parts is not None or right.parts is not None):
                return merged([Value(parts={ANY: left.part(ANY)}), Value(parts={ANY: right.part(ANY)})])
            argument = logistic(node)
            if argument is not None:
                return self._activated("sigmoid", self.of(argument))
            return self._operation(node.op, node, left, right)
        if isinstance(node, ast.UnaryOp):
            return combined([self.value(node.operand, scope)])
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp):
            turns = self._turns(node, scope) if len(node.generators) == 1 else []
            if turns:
                return Value(parts=dict(enumerate(turns)))
            inside = dict(scope)
            for part in node.generators:
                iterated = self.value(part.iter, inside)
                self.assign(part.target, turn(part.iter, iterated, self), inside)
            if isinstance(node, ast.DictComp):
                held = self.of(getattr(getattr(node.generators[0].iter, "func", None), "value", None))
                if held.parts:  # {k: f(v) for k, v in parameters.items()}
                    keyed = {}
                    for key, each in held.parts.items():
                        pair = Value(parts={0: Value(marks=frozenset((f"={key}",))), 1: each})
                        self.assign(node.generators[0].target, pair, inside)
                        keyed[key] = self.value(node.value, inside)
                    return Value(parts=keyed)
                return Value(parts={ANY: self.value(node.value, inside)})
            return Value(parts={ANY: self.value(node.elt, inside)})
        if isinstance(node, ast.Call):
            return self._called(node, scope)
        if isinstance(node, ast.IfExp):
            return merged([self.value(node.body, scope), self.value(node.orelse, scope)])
        if isinstance(node, ast.Lambda):
            return NOTHING
        return combined(
            [self.value(child, scope) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        )

    def _turns(self, node: ast.expr, scope: Scope) -> list[Value]:
        """What a comprehension gives at each of its turns, where they stand in the code."""
        results: list[Value] = []
        if not isinstance(node, ast.ListComp | ast.GeneratorExp):
            return results
        part = node.generators[0]
        parts = self.value(part.iter, scope).parts or {}
        for element in parts.values() if all(isinstance(key, int) for key in parts) else ():
            inside = dict(scope)
            self.assign(part.target, element, inside)
            results.append(self.value(node.elt, inside))
        return results

    def _subscript(self, node: ast.Subscript, value: Value) -> Value:
        if value.parts is None:
            at = stacked_at(node)
            if at is not None and value.uses("U", "W", "b") and not is_gradient(value):
                return stacked(value, at)
            number = "vector" in value.marks and not isinstance(node.slice, ast.Slice)
            return replace(value, marks=value.marks - {"argument"}) if number else value
        if isinstance(node.slice, ast.Slice):
            low, high = (None if end is None else key_of(end) for end in (node.slice.lower, node.slice.upper))
            if low != ANY and high != ANY:
                kept = [
                    each for key, each in value.parts.items() if key != ANY and (low or 0) <= place(key) < (high or 1e9)
                ]
                return Value(parts=dict(enumerate(kept)) or value.parts)
            return value
        key = key_of(node.slice)
        texts = [mark[1:] for mark in self.of(node.slice).marks if mark[:1] == "="]
        if key == ANY and len(texts) == 1:
            key = texts[0]
        if isinstance(key, int) and key < 0 and key not in value.parts and ANY not in value.parts:
            key += len(value.parts)
        return value.part(key)

    def _operation(self, op: ast.operator, node: ast.AST, left: Value, right: Value) -> Value:
        result = combined([left, right])
        marks = set(_places([left, right]))
        texts = [mark for value in (left, right) for mark in value.marks if mark[:1] == "="]
        if len(texts) == 2:  # "W" + k
            return Value(marks=frozenset(("=" + texts[0][1:] + texts[1][1:],)))
        if isinstance(op, ast.Sub) and "number" in left.marks and right.of:
            marks.add("slope")
        if isinstance(op, ast.Mult):
            slopes = [value for value in (left, right) if "slope" in value.marks]
            if slopes:
                own = all(value.uses("dh", "dmemory", "targets", "y") for value in slopes)
                marks.add("slope" if not own and not is_gradient(left) and not is_gradient(right) else "sloped")
            marks |= {"sloped"} & (left.marks | right.marks)
        names: set[str] = set()
        gated = any(name.startswith("gate") for name in result.of)
        if gated and not is_gradient(result):
            memory = result.uses("c0", "memory")
            is_lstm = self.function.cells[0] == "lstm"
            if isinstance(op, ast.Add) and (is_lstm or result.uses("h0", "h")):
                names.add("memory" if is_lstm else "h")
            elif isinstance(op, ast.Mult) and memory and left.uses("memory") != right.uses("memory"):
                names.add("h")
        if isinstance(op, ast.Div) and "exp" in left.marks:
            names.add("y")
        of = frozenset(names) | (frozenset() if names & {"y"} else result.of)
        return Value(frozenset(names), of, frozenset(marks))

    def _called(self, node: ast.Call, scope: Scope) -> Value:
        values = [self.value(part.value if isinstance(part, ast.Starred) else part, scope) for part in node.args]
        named = {each.arg: self.value(each.value, scope) for each in node.keywords if each.arg}
        method = isinstance(node.func, ast.Attribute)
        held = self.value(node.func.value, scope) if isinstance(node.func, ast.Attribute) else NOTHING
        name = called(node)
        if name == "append" and isinstance(node.func, ast.Attribute):
            old = dict(held.parts or {})
            old[ANY] = merged([old.get(ANY, NOTHING), *values])
            self.put(node.func.value, Value(parts=old), scope)
            return NOTHING
        if name in EMPTY:
            return NOTHING
        if name in ZEROS:
            return Value(marks=frozenset(("zeros",)))
        layer = ast.unparse(node.func)  # nn.Linear, whose parameters are those of the signature
        weights = [
            self.attributes[f"{layer}.{part}"] for part in ("weight", "bias") if f"{layer}.{part}" in self.attributes
        ]
        if weights:
            self.values[node.func] = merged(weights)
            return combined([*values, *weights])
        own = self._own(node.func, scope)
        spread: list[Value] = []
        for part, value in zip(node.args, values):
            spread += [*value.parts.values()] if isinstance(part, ast.Starred) and value.parts else [value]
        known = ACTIVATIONS.get(name)
        softmax = "softmax" in name
        result = self.walk(own, spread, named, method) if own is not None else NOTHING
        if known or softmax or name == "exp":
            argument = combined([held if method and not values else NOTHING, *values])
            argument = replace(argument, marks=_places(values or [held]))
            if name == "exp":
                return Value(of=argument.of, marks=frozenset(("exp",))) if argument.uses("V") else combined([argument])
            return quantity("y") if softmax else self._activated(known or "", argument)
        if own is not None:
            return result
        if name == "dict":
            return Value(parts=named)
        if name in SAME or name in COPIES:
            source = held if method and (held.names or held.of or held.parts) else merged(values[:1])
            copied = name in COPIES or (method and name == "array")
            return replace(source, marks=source.marks - {"argument"}) if copied else source
        if name in ("split", "chunk", "hsplit", "array_split", "vsplit", "unbind"):
            whole = replace(merged([held, *values[:1]]), names=frozenset())
            is_stack = whole.uses("U", "W") and not is_gradient(whole)
            gates = range(len(self.gates) if is_stack else 0)
            return Value(parts={at: stacked(whole, at) for at in gates}) if gates else whole
        if name in STACKED:
            inside = [part for value in values for part in (value.parts or {"": value}).values()]
            matrices = all(part.has("U", "W", "b") for part in inside)
            return replace(merged(inside), parts=None) if matrices and inside else combined(inside)
        if name in ("items", "values", "zip", "enumerate", "reversed", "get", "sorted"):
            return held if method and held.parts else Value(parts=dict(enumerate(values)))
        return combined([held, *values, *named.values()])

    def _own(self, node: ast.expr, scope: Scope) -> ast.FunctionDef | None:
        """The definition of a function of the same file, or of a method of the same class."""
        if isinstance(node, ast.Name):
            local = scope.get(node.id)
            definition = local if isinstance(local, ast.FunctionDef) else self.code.definition(node.id)
            return definition if isinstance(definition, ast.FunctionDef) else None
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            definition = self.code.definition(f"{self.function.name.partition('.')[0]}.{node.attr}")
            return definition if isinstance(definition, ast.FunctionDef) else None
        return None

    def _activated(self, kind: str, argument: Value) -> Value:
        """What passes an activation: of a preactivation a state or a gate, otherwise a function of its argument."""
        stacks = {name.partition(".")[0] for name in argument.of}
        if {"U", "W"} <= stacks and not is_gradient(argument):
            gates = {name.partition(".")[2] for name in argument.of if name[:2] in ("U.", "W.")}
            if self.function.cells[0] in ("elman", "jordan"):
                return quantity("h", marks=(kind,))
            places = [int(mark.removeprefix("at=")) for mark in argument.marks if mark.startswith("at=")]
            if len(places) == 1 and places[0] < len(self.gates):
                gates = {self.gates[places[0]]}
            return quantity(*(f"gate.{gate}" for gate in gates or {"?"}), marks=(kind,))
        return Value(of=argument.of, marks=frozenset((kind,)))


def called(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_gradient(value: Value) -> bool:
    return value.uses("dh", "dmemory", "targets", "y")


def stacked(value: Value, at: int) -> Value:
    """The part of a gate: of stacked weights or preactivations."""
    kept = frozenset(mark for mark in value.marks if not mark.startswith("at="))
    return replace(value, marks=kept | {f"at={at}"})


def _places(values: Sequence[Value]) -> frozenset[str]:
    return frozenset(mark for value in values for mark in value.marks if mark.startswith("at="))


def logistic(node: ast.BinOp) -> ast.expr | None:
    """What the exponential is taken of in 1 / (1 + e^(…))."""
    below = node.right if isinstance(node.op, ast.Div) and isinstance(node.left, ast.Constant) else None
    for part in (below.left, below.right) if isinstance(below, ast.BinOp) and isinstance(below.op, ast.Add) else ():
        if isinstance(part, ast.Call) and part.args and ast.unparse(part.func).endswith("exp"):
            return part.args[0]
    return None


def turn(node: ast.expr, value: Value, reading: Expressions) -> Value:
    """What a loop gives at each turn."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("zip", "enumerate"):
        if node.func.id == "zip":
            return Value(parts={at: reading.of(part).part(ANY) for at, part in enumerate(node.args)})
        return Value(parts={0: NOTHING, 1: reading.of(node.args[0]).part(ANY)})
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reversed" and node.args:
        return reading.of(node.args[0]).part(ANY)
    if isinstance(node, ast.Tuple | ast.List) and node.elts and isinstance(node.elts[0], ast.Tuple | ast.List):
        return merged([reading.of(part) for part in node.elts])
    return value.part(ANY)


def key_of(node: ast.AST) -> Any:
    """The key of a subscript, where it stands in the code."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, int) else ANY
    return ANY


def place(key: Any) -> float:
    return key if isinstance(key, int) else -1


def stacked_at(node: ast.Subscript) -> int | None:
    """Which of the stacked gates a slice takes: 0 for [:H], 2 for [2 * H : 3 * H]."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for low in [part.lower for part in parts if isinstance(part, ast.Slice) and (part.lower or part.upper)]:
        if low is None or isinstance(low, ast.Constant):
            return 0
        if isinstance(low, ast.Name):
            return 1
        numbers = [part.value for part in ast.walk(low) if isinstance(part, ast.Constant)]
        return numbers[0] if numbers and isinstance(numbers[0], int) else None
    return None
