"""What stands in a statement of somebody's code: what it reads, reckons with and assigns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnncalc.check.code.culprit.expressions import called
from rnncalc.check.code.culprit.reading import Reading, Statement
from rnncalc.check.code.culprit.values import ACTIVATIONS, COPIES, EMPTY, SAME, SIZES, STACKED, ZEROS, Value

Operator = type[ast.operator]
CALLS = {  # words that hold where one of these functions is called
    "activation": {*ACTIVATIONS}, "tanh": {"tanh"}, "sigmoid": {"sigmoid", "sigm", "expit"},
    "relu": {"relu", "maximum", "clip", "clamp"}, "softmax": {"exp", "softmax", "log_softmax"}, "exponential": {"exp"},
    "detaches": {"detach", "detach_", "no_grad"}, "mean": {"mean", "average"}, "loss": {"log"},
    "split": {"split", "chunk", "hsplit", "vsplit", "reshape", "view"},
}  # fmt: skip


class StatementPredicates:
    """What a rule may ask of any statement of one reading.

    outputs: our names of the outputs that a mistake explains. detail: what the mistake says of itself.
    """

    def __init__(self, reading: Reading, outputs: frozenset[str], detail: str = ""):
        self.reading, self.gates, self.outputs, self.detail = reading, reading.gates, outputs, detail
        self.of = reading.of
        self.statements = list(reading.statements.values())
        self._texts: dict[ast.stmt, set[str]] = {}

    def nodes(self, statement: Statement) -> Iterator[ast.AST]:
        """Everything in a statement; of a loop, what it runs over."""
        node = statement.node
        yield from ast.walk(node.iter if isinstance(node, ast.For) else node)

    def roots(self, statement: Statement) -> list[ast.expr]:
        """The expressions whose values are assigned or returned."""
        value = getattr(statement.node, "value", None)
        targets = statement.node.targets if isinstance(statement.node, ast.Assign) else []
        several = ast.Tuple | ast.List if any(isinstance(part, ast.Tuple | ast.List) for part in targets) else ast.Tuple
        return list(value.elts) if isinstance(value, several) else [value] if value is not None else []

    def targets(self, statement: Statement) -> list[ast.expr]:
        """What is assigned, one by one."""
        node = statement.node
        whole = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        parts = [part.elts if isinstance(part, ast.Tuple | ast.List) else [part] for part in whole if part is not None]
        return [part for listed in parts for part in listed]

    def texts(self, statement: Statement) -> set[str]:
        """What is assigned, as text."""
        node = statement.node
        if node not in self._texts:
            self._texts[node] = {ast.unparse(part) for part in self.targets(statement)}
        return self._texts[node]

    def calls_in(self, statement: Statement) -> Iterator[tuple[str, ast.Call]]:
        """The calls of a statement, by the last part of their names."""
        for node in self.nodes(statement):
            if isinstance(node, ast.Call):
                yield called(node), node

    def operations(self, statement: Statement, *kinds: Operator) -> Iterator[ast.BinOp]:
        """The sums, products, … of a statement."""
        for node in self.nodes(statement):
            if isinstance(node, ast.BinOp) and isinstance(node.op, kinds):
                yield node

    def read(self, statement: Statement) -> Iterator[tuple[Value, bool]]:
        """What is read, but for its shape, and whether it is transposed."""
        stack: list[tuple[ast.AST, bool]] = [(root, False) for root in self.roots(statement)]
        if isinstance(statement.node, ast.AugAssign):
            stack.append((statement.node.target, False))
        while stack:
            node, turned = stack.pop()
            name = called(node) if isinstance(node, ast.Call) else ""
            if name in EMPTY | ZEROS or (isinstance(node, ast.Attribute) and node.attr in SIZES):
                continue
            if isinstance(node, ast.Attribute) and node.attr == "T":
                stack.append((node.value, True))
            elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and self.of(node).of:
                yield self.of(node), turned
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if self.of(node.func).names:  # a layer of PyTorch, which is its parameters
                    yield self.of(node.func), True
                stack += [(node.func.value, turned or name in ("transpose", "t"))]
                stack += [(part, turned) for part in (*node.args, *(each.value for each in node.keywords))]
            elif not isinstance(node, ast.Lambda):
                stack += [(part, turned) for part in ast.iter_child_nodes(node)]

    def reckons(self, statement: Statement) -> set[str]:
        """The quantities with which a statement reckons, or which it passes on to a function."""
        if not isinstance(statement.node, ast.AugAssign) and all(map(self.is_bare, self.roots(statement))):
            return set()
        return {name.partition(".")[0] for value, _turned in self.read(statement) for name in value.names}

    def is_bare(self, root: ast.expr) -> bool:
        """Whether an expression is a quantity, a copy or a collection of some, and nothing is reckoned."""
        if isinstance(root, ast.GeneratorExp | ast.ListComp):
            return self.is_bare(root.elt)
        if isinstance(root, ast.Call):
            return called(root) in SAME | COPIES | STACKED and all(map(self.is_bare, root.args))
        if isinstance(root, ast.Tuple | ast.List):
            return all(map(self.is_bare, root.elts))
        return isinstance(root, ast.Name | ast.Attribute | ast.Subscript | ast.Constant)

    def uses(self, statement: Statement, *names: str) -> bool:
        """Whether a statement's values depend on one of these quantities."""
        return any(self.of(root).uses(*names) for root in self.roots(statement)) or any(
            value.uses(*names) for value, _turned in self.read(statement)
        )

    def is_own(self, call: ast.Call) -> bool:
        """Whether a function of the file is called."""
        text = ast.unparse(call.func)
        if text.startswith("self."):
            text = f"{self.reading.function.name.partition('.')[0]}.{text.removeprefix('self.')}"
        return self.reading.code.definition(text) is not None

    # predicates: where it stands -------------------------------------------------------------------------------------

    def loop(self, statement: Statement) -> bool:
        return statement.in_loop and not isinstance(statement.node, ast.For)

    def each(self, statement: Statement) -> bool:
        """Whether a loop stands inside of it."""
        return any(isinstance(node, ast.ListComp | ast.GeneratorExp) for node in self.nodes(statement))

    def header(self, statement: Statement) -> bool:
        return isinstance(statement.node, ast.For)

    def back(self, statement: Statement) -> bool:
        return self.uses(statement, "dh", "dmemory", "targets", "y")

    def forward(self, statement: Statement) -> bool:
        return not self.uses(statement, "dh", "dmemory", "targets")

    def calls(self, statement: Statement) -> bool:
        return any(self.is_own(call) for _name, call in self.calls_in(statement))

    def slice(self, statement: Statement) -> bool:
        return any(isinstance(node, ast.Slice) for node in self.nodes(statement))

    def strided(self, statement: Statement) -> bool:
        """Whether every nth entry is taken: a[:, 1::4]."""
        return any(
            isinstance(part, ast.Slice) and part.step is not None and self.of(node.value).uses("U")
            for node in self.nodes(statement) if isinstance(node, ast.Subscript) for part in ast.walk(node.slice)
        )  # fmt: skip

    def joins_inputs(self, statement: Statement) -> bool:
        """Whether x and h are put side by side."""
        return any(
            name in STACKED and self.of(call).uses("x") and self.of(call).uses("h0", "h")
            for name, call in self.calls_in(statement)
        )

    def turned(self, statement: Statement) -> bool:
        return any(isinstance(node, ast.Attribute) and node.attr in ("T", "t") for node in self.nodes(statement))

    def divided(self, statement: Statement) -> bool:
        return any(True for _node in self.operations(statement, ast.Div))

    def negative(self, statement: Statement) -> bool:
        return any(isinstance(node, ast.USub) for node in self.nodes(statement))


def stacks(names: frozenset[str]) -> set[str]:
    """U of U.f."""
    return {name.partition(".")[0] for name in names}


def gates_of(names: frozenset[str]) -> set[str]:
    """f of U.f; "?" of a gate that is not known."""
    return {name.partition(".")[2] for name in names} - {""}
