"""Predicates for a backward pass: where gradients arrive, pass an activation, are summed and applied."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnncalc.check.code.culprit.expressions import called
from rnncalc.check.code.culprit.reading import Statement
from rnncalc.check.code.culprit.statement_predicates import StatementPredicates, gates_of
from rnncalc.check.code.culprit.values import ACTIVATIONS, ANY

ARRIVING = ("dh", "dmemory", "targets", "y")
KINDS = {*ACTIVATIONS.values()}


class BackwardPredicates(StatementPredicates):
    """What a rule may ask of a statement in a backward pass."""

    # activations -----------------------------------------------------------------------------------------------------

    def _slopes(self, statement: Statement) -> Iterator[ast.BinOp]:
        for node in self.operations(statement, ast.Sub):
            if "slope" in self.of(node).marks:
                yield node

    def slope(self, statement: Statement) -> bool:
        """1 − h², or 1 − z."""
        return any(True for _node in self._slopes(statement))

    def sloped(self, _statement: Statement) -> bool:
        """Whether any statement of the function itself has an f′."""
        return any(self.slope(each) and self.back(each) for each in self.statements if not each.earlier)

    def raw(self, statement: Statement) -> bool:
        """Whether f′ is made of what has passed no activation."""
        values = [self.of(part) for node in self._slopes(statement) for part in _squared(node.right)]
        return any(
            value.of and not (value.marks & KINDS or value.has("h", "y") or gates_of(value.names)) for value in values
        )

    def named_gate(self, statement: Statement) -> bool:
        """Whether it reckons with the gate that the mistake names, f where it is of da_f."""
        return any(self._is_named(value.names) for value, _turned in self.read(statement))

    def returns(self, statement: Statement) -> bool:
        return isinstance(statement.node, ast.Return)

    def named_slope(self, statement: Statement) -> bool:
        """1 − f, or 1 − f²."""
        return any(self._is_named(self.of(part).names) for node in self._slopes(statement) for part in ast.walk(node))

    def memory_slope(self, statement: Statement) -> bool:
        """1 − tanh²(c), where the mistake is in dc."""
        parts = [part for node in self._slopes(statement) for part in ast.walk(node)]
        return self.detail.startswith("dc ") and any(self.of(part).uses("memory") for part in parts)

    def gives_memory_gradient(self, statement: Statement) -> bool:
        """Whether dc of the step before is given, where the mistake is in that."""
        return self.detail.startswith("dc_") and self.gives(statement, frozenset(("dc0",)))

    def _is_named(self, names: frozenset[str]) -> bool:
        named = re.match(r"da(?:_(\w))? ", self.detail)
        return named is not None and (gates_of(names) == {named[1]} if named[1] else bool(gates_of(names)))

    def slope_turned(self, statement: Statement) -> bool:
        """h² − 1."""
        return any(
            isinstance(node.right, ast.Constant)
            and self.of(node.left).uses("h", "gate", "memory")
            and not self.of(node.left).uses("targets", "y")
            for node in self.operations(statement, ast.Sub)
        )

    def twice(self, statement: Statement) -> bool:
        return any(
            "slope" in self.of(slope).marks and "sloped" in self.of(product).marks
            for node in self.operations(statement, ast.Mult)
            for slope, product in ((node.left, node.right), (node.right, node.left))
        )

    def unsloped(self, statement: Statement) -> bool:
        """Whether what is multiplied by W was not multiplied by f′."""
        values = [value for value, _turned in self.read(statement) if value.uses(*ARRIVING) and not value.has("W")]
        return bool(values) and not any("sloped" in value.marks for value in values) and not self.slope(statement)

    def bare(self, statement: Statement) -> bool:
        """Whether W, or U, stands there untransposed."""
        return any(value.has("W", "U") and not turned for value, turned in self.read(statement))

    # what arrives ----------------------------------------------------------------------------------------------------

    def renames(self, statement: Statement) -> bool:
        """Whether a gradient only gets another name."""
        root = getattr(statement.node, "value", None)
        is_plain = isinstance(root, ast.Name | ast.Subscript) and isinstance(statement.node, ast.Assign)
        few = len(self.targets(statement)) < 6
        return is_plain and few and self.of(root).uses("dh", "V") and self.back(statement)

    def lost(self, _statement: Statement) -> bool:
        """Whether the gradient that arrives at the memory is never reckoned with."""
        given = {name for layout in self.reading.function.given for name in layout.names}
        return "dmemory" in given and not any("dmemory" in self.reckons(each) for each in self.statements)

    def stuck(self, statement: Statement) -> bool:
        """Whether a function is passed what was set to zero before the loop and is never set again."""
        here = [other for other in self.statements if other.function == statement.function]
        before = [other for other in here if not other.in_loop and isinstance(other.node, ast.Assign)]
        zeros = {
            text
            for other in before
            if any("zeros" in self.of(root).marks for root in self.roots(other))
            for text in self.texts(other)
        }
        names = {node.id for node in self.nodes(statement) if isinstance(node, ast.Name)}
        written = {
            node.id
            for other in here if other.in_loop
            for target in self.targets(other) for node in ast.walk(target) if isinstance(node, ast.Name)
        }  # fmt: skip
        return self.calls(statement) and bool((names & zeros) - written)

    def takes_output(self, statement: Statement) -> bool:
        """Whether the output alone is taken, with nothing done to it."""
        roots = [root for root in self.roots(statement) if self.of(root).has("y") and not isinstance(root, ast.BinOp)]
        made = any(name in ("exp", "softmax") for name, _call in self.calls_in(statement)) or self.calls(statement)
        return isinstance(statement.node, ast.Assign) and bool(roots) and not made

    def output_taken_off(self, statement: Statement) -> bool:
        """Target minus output."""
        node = statement.node
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub) and self.of(node.value).has("y"):
            return True
        return any(
            self.of(part.right).uses("y", "V") and not self.of(part.left).uses("y", "V")
            and "number" not in self.of(part.left).marks
            for part in self.operations(statement, ast.Sub)
        )  # fmt: skip

    def subtracts(self, statement: Statement) -> bool:
        """Whether one gradient is subtracted from another."""
        sums = self.operations(statement, ast.Sub)
        return any(self.of(part.left).uses("dh", "V") and self.of(part.right).uses("dh", "V", "W") for part in sums)

    def error(self, statement: Statement) -> bool:
        return self.uses(statement, "targets") or "y" in self.reckons(statement)

    def scales(self, statement: Statement) -> bool:
        """Whether it multiplies or divides by a number or a size."""
        node = statement.node
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div) and not self.of(node.value).of:
            return True
        products = self.operations(statement, ast.Mult, ast.Div)
        return any(self.of(part).of and not (self.of(part.left).of and self.of(part.right).of) for part in products)

    # results and arguments -------------------------------------------------------------------------------------------

    def gives(self, statement: Statement, names: frozenset[str]) -> bool:
        texts = {
            text for name in names for place, text in self.reading.returned.get(name, ()) if place == statement.function
        }
        if any(name.endswith("_new") for name in names):  # θ -= lr · dθ: what dθ is
            updates = [each.node for each in self.statements if isinstance(each.node, ast.AugAssign)]
            applied = [node.value for node in updates if ast.unparse(node.target) in texts]
            texts |= {node.id for value in applied for node in ast.walk(value) if isinstance(node, ast.Name)}
        return not isinstance(statement.node, ast.Return) and bool(self.texts(statement) & texts)

    def gives_output(self, statement: Statement) -> bool:
        return self.gives(statement, self.outputs)

    def gives_bias_gradient(self, statement: Statement) -> bool:
        return self.gives(statement, frozenset(("db", "dc")))

    def alone(self, _statement: Statement) -> bool:
        return len(self.outputs) == 1

    def overwrites(self, statement: Statement) -> bool:
        inside = [node for root in self.roots(statement) for node in ast.walk(root) if isinstance(node, ast.expr)]
        kept = {ast.unparse(node) for node in inside} & self.texts(statement)
        return isinstance(statement.node, ast.Assign) and not kept

    def updates(self, statement: Statement) -> bool:
        """Whether parameters are set."""
        if any(name == "setattr" for name, _call in self.calls_in(statement)):
            return True
        known = {text for name, places in self.reading.returned.items() if name[-4:] == "_new" for _, text in places}
        if statement.is_main and known & self.texts(statement):
            return True
        return isinstance(statement.node, ast.AugAssign) and self.of(statement.node.target).has(*"UWbVc")

    def other_cache(self, statement: Statement) -> bool:
        """Whether a cache is read at another index than the loop's own."""
        return any(
            isinstance(node, ast.Subscript) and _is_shifted(node) and self.of(node).parts is not None
            and ANY in (self.of(node.value).parts or {})
            for node in self.nodes(statement)
        )  # fmt: skip

    def shifted(self, statement: Statement) -> bool:
        """Whether a function of the file is passed what stands at another index than the loop's own."""
        passed = [part for _name, call in self.calls_in(statement) if self.is_own(call) for part in call.args]
        return any(
            isinstance(part, ast.Subscript) and _is_shifted(part) and not self.of(part).uses("dh", "dmemory")
            for part in passed
        )

    def fixed_cache(self, statement: Statement) -> bool:
        """Whether one step's cache is set apart, which the loop then passes on."""
        if statement.in_loop or not isinstance(statement.node, ast.Assign) or not self.other_cache(statement):
            return False
        return any(
            isinstance(part, ast.Name) and part.id in self.texts(statement)
            for other in self.statements if other.in_loop and (self.calls(other) or len(self.targets(other)) > 2)
            for part in [*self.roots(other), *(each for _name, call in self.calls_in(other) for each in call.args)]
        )  # fmt: skip

    def writes_argument(self, statement: Statement) -> bool:
        """Whether it writes into an array of the caller."""
        held: list[ast.expr] = []
        for target in self.targets(statement):
            if isinstance(target, ast.Subscript) or isinstance(statement.node, ast.AugAssign):
                held.append(target)
        for name, call in self.calls_in(statement):
            held += [each.value for each in call.keywords if each.arg == "out"]
            if isinstance(call.func, ast.Attribute) and (name.endswith("_") or name in ("fill", "sort")):
                held.append(call.func.value)
        for node in held:
            root = node
            while isinstance(root, ast.Subscript):
                root = root.value
            value = self.of(root)
            if "argument" in value.marks or (value.parts and "argument" in value.part("").marks and "" in value.parts):
                return True
        return False


def _squared(node: ast.AST) -> Iterator[ast.expr]:
    """What is squared in h**2, h * h or np.tanh(c)**2: h, np.tanh(c)."""
    if isinstance(node, ast.Name | ast.Subscript) or (isinstance(node, ast.Call) and called(node) in ACTIVATIONS):
        yield node
    else:
        for part in ast.iter_child_nodes(node):
            yield from _squared(part)


def _is_shifted(node: ast.Subscript) -> bool:
    at = node.slice
    return isinstance(at, ast.BinOp | ast.UnaryOp) or (isinstance(at, ast.Constant) and isinstance(at.value, int))
