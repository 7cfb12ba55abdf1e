"""Reads code without running it: what each expression of a function stands for, in our names.

A function is walked from its arguments, whose meaning its signature knows, through its assignments, loops and calls of
functions of the same file. An expression is a quantity (`Wx` is U), or depends on some, or is a container of others.
What cannot be followed depends on nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rnncalc.check.code.culprit.expressions import Expressions, Scope, key_of, place, turn
from rnncalc.check.code.culprit.values import ANY, NOTHING, Value, merged, of_tree
from rnncalc.check.code.layout import Layout
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature, Opaque, Tree

DEEP = 5  # calls within calls that are followed
MOST, TURNS = 400, 10_000  # statements that are looked at, and how often one is walked in all


class TooLongError(Exception):
    """The code is too long to be read for a hint."""


@dataclass(frozen=True)
class Statement:
    """A simple statement, or the head of a loop. earlier: of the forward function that is called before."""

    node: ast.stmt
    function: str
    in_loop: bool
    earlier: bool
    is_main: bool


class Reading(Expressions):
    """The statements that a function runs, and what their expressions stand for.

    returned: where our quantities come out, as the text of a variable, with its function.
    """

    def __init__(self, code: Code, function: FunctionSignature, gates: str = ""):
        super().__init__(code, function, gates)
        self.statements: dict[ast.stmt, Statement] = {}
        self.returned: dict[str, set[tuple[str, str]]] = {}
        self.earlier = False
        self._loops, self._turns_left = 0, TURNS
        self._stack: list[str] = []
        self._run(function)

    def _run(self, function: FunctionSignature) -> Value:
        cache = NOTHING
        if function.first is not None:
            earlier, self.earlier = self.earlier, True
            cache = self._run(function.first)
            self.earlier = earlier
        is_method = function.init is not None
        fixed = {
            f"self.{name}" if is_method else name: of_tree(tree, cache) for name, tree in function.variables.items()
        }
        (self.attributes if is_method else self.globals).update(
            {name: value for name, value in fixed.items() if name not in self.attributes}
        )
        node = self.code.definition(function.name)
        if isinstance(node, ast.ClassDef):
            node = self.code.definition(f"{function.name}.forward")
        if not isinstance(node, ast.FunctionDef):
            return NOTHING
        self._main = node
        result = self.walk(node, [of_tree(tree, cache) for tree in function.arguments.values()], {}, is_method)
        if not self.earlier or function is self.function:
            self._place(function.returns, [part.value for part in ast.walk(node) if isinstance(part, ast.Return)])
            for name, tree in function.after.items():
                self._note(tree, f"self.{name}" if is_method else name, node.name)
        return _cache(function.returns, result)

    # where quantities come out ---------------------------------------------------------------------------------------

    def _place(self, tree: Tree, nodes: Sequence[ast.expr | None]) -> None:
        for node in nodes[-1:]:
            if isinstance(tree, Mapping):
                for key, part in tree.items():
                    inside = dict_items(node).get(key)
                    text = (
                        ast.unparse(inside) if inside is not None else f"{ast.unparse(node)}['{key}']" if node else ""
                    )
                    self._note(part, text, self._main.name)
            elif isinstance(tree, list) and isinstance(node, ast.Tuple | ast.List):
                for part, element in zip(tree, node.elts):
                    self._place(part, [element])
            elif node is not None:
                self._note(tree, ast.unparse(node), self._main.name)

    def _note(self, tree: Tree, text: str, function: str) -> None:
        if isinstance(tree, Layout):
            for name in tree.names:
                self.returned.setdefault(name.partition(".")[0], set()).add((function, text))

    # statements ------------------------------------------------------------------------------------------------------

    def walk(self, node: ast.FunctionDef, values: Sequence[Value], named: Mapping[str, Value], method: bool) -> Value:
        """Walk a function; what it returns."""
        if node.name in self._stack or len(self._stack) >= DEEP:
            return NOTHING
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][int(method) :]
        names += [argument.arg for argument in node.args.kwonlyargs]
        scope = {**dict(zip(names, values)), **named}
        if node.args.vararg is not None:
            scope[node.args.vararg.arg] = Value(parts=dict(enumerate(values[len(node.args.args) :])))
        self._stack.append(node.name)
        loops, main = self._loops, self._main
        self._main = node if len(self._stack) == 1 else main
        results: list[Value] = []
        self._body(node.body, scope, results)
        self._stack.pop()
        self._loops = loops
        return merged(results)

    def _body(self, body: Sequence[ast.stmt], scope: Scope, results: list[Value]) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                scope[node.name] = node
            elif isinstance(node, ast.For):
                self._record(node)
                iterated = self.value(node.iter, scope)
                self.assign(node.target, turn(node.iter, iterated, self), scope)
                self._loops += 1
                self._body(node.body, scope, results)
                self._body(node.body, scope, results)  # again: with what the first turn carries on
                self._loops -= 1
            elif isinstance(node, ast.While):
                self._loops += 1
                self._body(node.body, scope, results)
                self._body(node.body, scope, results)
                self._loops -= 1
            elif isinstance(node, ast.If):
                self.value(node.test, scope)
                self._branches(node, scope, results)
            elif isinstance(node, ast.With | ast.Try):
                self._body(node.body, scope, results)
            else:
                self._record(node)
                self._simple(node, scope, results)

    def _branches(self, node: ast.If, scope: Scope, results: list[Value]) -> None:
        before, after = dict(scope), dict(scope)
        self._body(node.body, scope, results)
        self._body(node.orelse, after, results)
        for name, value in after.items():
            kept = scope.get(name, before.get(name, NOTHING))
            if isinstance(value, Value) and isinstance(kept, Value):
                scope[name] = merged([kept, value])

    def _record(self, node: ast.stmt) -> None:
        self._turns_left -= 1
        if self._turns_left < 0 or len(self.statements) > MOST:
            raise TooLongError
        if node not in self.statements:
            name = self._stack[-1]
            self.statements[node] = Statement(node, name, self._loops > 0, self.earlier, len(self._stack) == 1)
        elif self._loops > 0 or (self.statements[node].earlier and not self.earlier):
            self.statements[node] = replace(self.statements[node], in_loop=self._loops > 0, earlier=self.earlier)

    def _simple(self, node: ast.stmt, scope: Scope, results: list[Value]) -> None:
        if isinstance(node, ast.Assign):
            value = self.value(node.value, scope)
            for target in node.targets:
                self.assign(target, value, scope)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)
        elif isinstance(node, ast.AugAssign):
            before, value = self.value(node.target, scope), self.value(node.value, scope)
            after = self._operation(node.op, node, before, value)
            kept = before.marks & {"argument"}
            self.assign(
                node.target,
                replace(after, names=after.names | (before.names & {"memory", "h"}), marks=after.marks | kept),
                scope,
            )
        elif isinstance(node, ast.Return):
            results.append(self.value(node.value, scope))
        elif isinstance(node, ast.Expr):
            self.value(node.value, scope)

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            starred = next((at for at, part in enumerate(target.elts) if isinstance(part, ast.Starred)), None)
            after = len(target.elts) - 1 - (starred if starred is not None else len(target.elts) - 1)
            for at, part in enumerate(target.elts):
                if isinstance(part, ast.Starred):
                    count = len(value.parts or ()) - after
                    rest = {key - at: each for key, each in (value.parts or {}).items() if at <= place(key) < count}
                    self.assign(part.value, Value(parts=rest), scope)
                else:
                    key = at if starred is None or at < starred else len(value.parts or ()) - len(target.elts) + at
                    self.assign(part, value.part(key) if value.parts else replace(value, names=frozenset()), scope)
        elif isinstance(target, ast.Name):
            scope[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.attributes[ast.unparse(target)] = value
        elif isinstance(target, ast.Subscript):
            index = self.value(target.slice, scope)
            held = self.value(target.value, scope)
            if index.of:
                value = replace(value, of=value.of | index.of)
            key = key_of(target.slice)
            old = dict(held.parts or {})
            if held.parts is None and (held.names or held.of):
                old[""] = replace(held, marks=held.marks - {"zeros"})
            entry = value if key != ANY or ANY not in old else merged([old[ANY], value])
            self.put(target.value, replace(held, names=frozenset(), parts={**old, key: entry}), scope)
        self.values[target] = value

    def put(self, node: ast.expr, value: Value, scope: Scope) -> None:
        if isinstance(node, ast.Name):
            scope[node.id] = value
        elif isinstance(node, ast.Attribute):
            self.attributes[ast.unparse(node)] = value
        elif isinstance(node, ast.Subscript):
            self.assign(node, value, scope)


def _cache(tree: Tree, value: Value) -> Value:
    """The cache among what a function returns."""
    if isinstance(tree, Opaque) and tree.name == "cache":
        return value
    if isinstance(tree, list):
        for at, part in enumerate(tree):
            if isinstance(part, Opaque) and part.name == "cache":
                return value.part(at) if value.parts else NOTHING
    return NOTHING


def dict_items(node: ast.expr | None) -> dict[Any, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    return {key.value: part for key, part in zip(node.keys, node.values) if isinstance(key, ast.Constant)}
