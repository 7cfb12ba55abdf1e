"""Predicates for a forward pass: where preactivations are made, states carried on, gates told apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnncalc.check.code.culprit.expressions import called, stacked_at
from rnncalc.check.code.culprit.reading import Statement
from rnncalc.check.code.culprit.statement_predicates import StatementPredicates, gates_of, stacks
from rnncalc.check.code.culprit.values import ACTIVATIONS, CANDIDATES, STACKED, Value
from rnncalc.check.code.layout import Layout

BOTH = {"U", "W"}
KINDS = {*ACTIVATIONS.values()}
CANDIDATE = re.compile(r"g$|g_|cand|c_?t?il|cct|n$|h_?t?il")
STATE = re.compile(r"(?:^|_)(?:(c|C|cell|memory|mem)|(h|H|a|A|hidden))(?:t|_|\d|$)")


class ForwardPredicates(StatementPredicates):
    """What a rule may ask of a statement in a forward pass."""

    def joins(self, statement: Statement) -> bool:
        """Whether U's part and W's meet here."""
        node, is_sum = statement.node, isinstance(statement.node, ast.AugAssign)
        if not is_sum and all(map(self.is_bare, self.roots(statement))):
            return False
        if self.reckons(statement) >= BOTH and any(isinstance(part, ast.BinOp) for part in self.nodes(statement)):
            return True
        if any(self._joins(part) for part in self.nodes(statement)):
            return True
        return (
            isinstance(node, ast.AugAssign)
            and stacks(self.of(node.target).of) >= BOTH
            and not stacks(self.of(node.value).of) >= BOTH
        )

    def _joins(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            if called(node) in {*ACTIVATIONS, *STACKED} or self.is_own(node):
                return False
        elif not isinstance(node, ast.BinOp):
            return False
        inside = [part for part in ast.walk(node) if part is not node and stacks(self.of(part).of) >= BOTH]
        return stacks(self.of(node).of) >= BOTH and all(stacks(self.of(part).names) >= BOTH for part in inside)

    # activations -----------------------------------------------------------------------------------------------------

    def _activations(self, statement: Statement, kind: str = "") -> Iterator[ast.Call]:
        for name, call in self.calls_in(statement):
            if name in ACTIVATIONS and kind in ("", ACTIVATIONS[name]):
                yield call

    def _argument(self, call: ast.Call) -> Value:
        return self.of(call.args[0] if call.args else getattr(call.func, "value", None))

    def takes_bias_off(self, statement: Statement) -> bool:
        if isinstance(statement.node, ast.AugAssign) and isinstance(statement.node.op, ast.Sub):
            return self.of(statement.node.value).has("b")
        return any(self.of(node.right).has("b") for node in self.operations(statement, ast.Sub))

    def joined(self, statement: Statement) -> bool:
        """Whether a function is taken of a preactivation."""
        return any(stacks(self.of(part).of) >= BOTH for _name, call in self.calls_in(statement) for part in call.args)

    def of_gate(self, statement: Statement) -> bool:
        """Whether it reckons with the preactivation of the gate that the mistake names, or gives that."""
        values = [*map(self.of, self.roots(statement)), *(value for value, _turned in self.read(statement))]
        places = {int(mark[3:]) for value in values for mark in value.marks if mark.startswith("at=")}
        gates = {gate for value in values if value.uses("U", "W", "b") for gate in gates_of(value.of)}
        return gates | {self.gates[at] for at in places if at < len(self.gates)} == {self.detail}

    def activated_again(self, statement: Statement) -> bool:
        return any(self._argument(call).marks & KINDS for call in self._activations(statement))

    def tanh_of_product(self, statement: Statement) -> bool:
        """tanh(o ∘ c)."""
        inside = [
            node for call in self._activations(statement, "tanh") for part in call.args for node in ast.walk(part)
        ]
        return any(
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and self.of(node).uses("memory")
            and any(gates_of(self.of(part).names) for part in (node.left, node.right))
            for node in inside
        )  # fmt: skip

    # states ----------------------------------------------------------------------------------------------------------

    def zero(self, statement: Statement) -> bool:
        return any(map(self._zero, self.roots(statement))) and not isinstance(statement.node, ast.Return)

    def _zero(self, root: ast.expr) -> bool:
        value = self.of(root)
        if isinstance(root, ast.List | ast.Dict):
            return any("zeros" in part.marks for part in [*(value.parts or {}).values()][:1])
        return "zeros" in value.marks and not value.of

    def starts_at_zero(self, statement: Statement) -> bool:
        """Whether zeros are assigned, before a loop, to what the loop carries on."""
        if statement.in_loop or not self.zero(statement) or not isinstance(statement.node, ast.Assign):
            return False
        roots, targets = self.roots(statement), self.targets(statement)
        roots = roots if len(roots) == len(targets) else roots[:1] * len(targets)
        carried = {
            text
            for other in self.statements
            if other.in_loop and other.function == statement.function
            for text in self.texts(other)
        }
        pairs = [(target, root) for target, root in zip(targets, roots) if self._zero(root)]
        return any(
            isinstance(root, ast.List | ast.Dict) or isinstance(target, ast.Subscript) or ast.unparse(target) in carried
            for target, root in pairs
        )

    def restarted(self, statement: Statement) -> bool:
        """Whether what is set here is set again in the loop."""
        return any(
            other is not statement and other.in_loop and other.function == statement.function
            and self.texts(other) & self.texts(statement)
            for other in self.statements
        )  # fmt: skip

    def from_start(self, statement: Statement) -> bool:
        """Whether it reads the initial state, though it stands in the loop."""
        is_step = self.joins(statement) or self.calls(statement) or "W" in self.reckons(statement)
        return is_step and any(
            value.has("h0", "c0") and not value.has("h", "memory") for value, _turned in self.read(statement)
        )

    def exchanged(self, statement: Statement) -> bool:
        """Whether h stands where c belongs: in what is unpacked, or in what is returned."""
        if isinstance(statement.node, ast.Return) and statement.is_main:
            tree = self.reading.function.returns
            pairs = zip(tree if isinstance(tree, list) else [tree], self.roots(statement))
            return any(isinstance(part, Layout) and _exchanged(part.names[0], self.of(root)) for part, root in pairs)
        targets = self.targets(statement)
        named = [_state_named(ast.unparse(target)) for target in targets]
        return {"h", "memory"} <= {*named} and any(map(_exchanged, named, map(self.of, targets)))

    # gates -----------------------------------------------------------------------------------------------------------

    def unpacks(self, statement: Statement) -> bool:
        return len(self.targets(statement)) >= 6

    def parameters(self, statement: Statement) -> bool:
        return any(self.of(target).has("U", "W") for target in self.targets(statement))

    def gathers(self, statement: Statement) -> bool:
        """Whether the gates are put side by side."""
        lists = [call.args[0] for name, call in self.calls_in(statement) if name in STACKED and call.args]
        return any(isinstance(part, ast.Tuple | ast.List) and len(part.elts) >= 3 for part in lists)

    def crossed(self, statement: Statement) -> bool:
        """Whether the name of a gate is given to another gate's array."""
        given = [name for layout in self.reading.function.given for name in layout.names if "." in name]
        letters = {name.partition(".")[2] for name in given} or {*self.gates}
        for target in self.targets(statement):
            last, gates = ast.unparse(target).split("[")[0][-1:].lower(), gates_of(self.of(target).names)
            if gates - {"?"} and last in letters and last not in gates:
                return True
        return any(map(self._slice_crossed, self.targets(statement), self.roots(statement)))

    def _slice_crossed(self, target: ast.expr, root: ast.expr) -> bool:
        taken = [
            at for node in ast.walk(root) if isinstance(node, ast.Subscript) and (at := stacked_at(node)) is not None
        ]
        if not taken or taken[0] >= len(self.gates):
            return False
        gate, text = self.gates[taken[0]], ast.unparse(target).lower()
        letter = text[:1] if text[:1] in self.gates or len(text) > 2 else text[-1:]
        names = {called(node) for node in ast.walk(root) if isinstance(node, ast.Call)} & {*ACTIVATIONS}
        wrong_function = bool(names) and ("tanh" in names) != (gate in CANDIDATES)
        return (letter in self.gates and letter != gate) or wrong_function

    def memory_crossed(self, statement: Statement) -> bool:
        """Whether the old memory is multiplied by another gate than the forget gate."""
        pairs = [[node.left, node.right] for node in self.operations(statement, ast.Mult)]
        pairs += [call.args[:2] for _name, call in self.calls_in(statement)]
        for pair in pairs:
            names = [self.of(part).names for part in pair]
            gates = {gate for each in names for gate in gates_of(each)}
            if any({"c0", "memory"} & each for each in names) and gates and not gates & {"f", "?"}:
                return self.gives_memory(statement) and not self.uses(statement, "dh")
        return False

    def gated(self, statement: Statement) -> bool:
        gates = any(gates_of(value.names) for value, _turned in self.read(statement))
        return gates and self.uses(statement, "h", "h0")

    def forget(self, statement: Statement) -> bool:
        return any("f" in gates_of(value.names) for value, _turned in self.read(statement))

    def candidate(self, statement: Statement) -> bool:
        """Whether it reckons with the candidate's arrays, or gives the candidate its name."""
        gates = {gate for value, _turned in self.read(statement) for gate in gates_of(value.names)}
        if gates and "?" not in gates:
            return bool(gates & CANDIDATES)
        taken = [stacked_at(node) for node in self.nodes(statement) if isinstance(node, ast.Subscript)]
        sliced = any(self.gates[at : at + 1] in CANDIDATES for at in taken if at is not None)
        return sliced or any(CANDIDATE.match(text.lower()) for text in self.texts(statement))

    def adds_number(self, statement: Statement) -> bool:
        return any(
            self.of(node).of and any("number" in self.of(part).marks for part in (node.left, node.right))
            for node in self.operations(statement, ast.Add)
        )  # fmt: skip

    def gives_h(self, statement: Statement) -> bool:
        values = [self.of(root) for root in self.roots(statement) if isinstance(root, ast.BinOp | ast.Call)]
        return any(value.has("h") and not value.has("memory") for value in values)

    def gives_memory(self, statement: Statement) -> bool:
        if isinstance(statement.node, ast.AugAssign):
            return self.of(statement.node.target).has("memory", "c0")
        return any(self.of(root).has("memory") and isinstance(root, ast.BinOp) for root in self.roots(statement))

    def reads_memory(self, statement: Statement) -> bool:
        return any(value.has("memory") for value, _turned in self.read(statement))


def _state_named(text: str) -> str:
    """Whether a name is one of a hidden state or of a memory."""
    matched = STATE.search(text)
    return "" if not matched else "memory" if matched[1] else "h"


def _exchanged(name: str, value: Value) -> bool:
    hidden, memory = ("h", "h0"), ("memory", "c0")
    here, there = (hidden, memory) if name in hidden else (memory, hidden)
    return name in (*hidden, *memory) and value.has(*there) and not value.has(*here)
