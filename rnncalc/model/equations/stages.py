"""How a cell's lines are computed: split until each is one product sum or one element-wise line, then put into stages.

`split` takes the equations as the literature writes them, `n = tanh(b_n + W_n @ (r * h_p) + U_n @ x_t)`, and gives
lines that need no nesting, in the order in which they are computed:

    q_n = r * h_p
    a_n = b_n + W_n @ q_n + U_n @ x_t       a product line: biases, and weights times names
    n   = tanh(a_n)                         an element-wise line: at most one function, around a name

`staged` sorts them: a stage is some product lines, then the element-wise lines that need no other product. The engine
compiles a stage's element-wise lines into one fused routine; the product lines of x_t alone wait for nothing and are
computed for many steps at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    is_binary,
    names,
    parts,
    previous,
    signal_of,
    terms,
    total,
    walk,
)
from rnncalc.model.equations.functions import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Product:
    """One term of a product line: sign · weight @ source, where the source may be the previous step's."""

    sign: int
    weight: str
    source: str

    @property
    def signal(self) -> str:
        return signal_of(self.source)

    @property
    def previous(self) -> bool:
        return previous(self.source)


@dataclass(frozen=True, slots=True)
class ProductLine:
    """signal = ± biases ± products, the products of x_t apart from those of the state."""

    signal: str
    biases: tuple[tuple[int, str], ...]
    inputs: tuple[Product, ...]
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Product lines, then element-wise lines, then lines that mix the units of a row (softmax)."""

    products: tuple[ProductLine, ...]
    elementwise: tuple[str, ...]
    rowwise: tuple[str, ...]


def has_product(expression: Expression) -> bool:
    """Whether a weight is applied anywhere in the expression."""
    return any(isinstance(node, Binary) and node.operator == "@" for node in walk(expression))


def split(
    equations: Mapping[str, Expression], parameters: Iterable[str], sizes: dict[str, str]
) -> dict[str, Expression]:
    """The lines of a cell without nesting, in order of computation; what is split off gets a name of its own.

    sizes: line → the letter of its size; what is split off is added to them.
    """
    return _Splitter(frozenset(parameters), set(equations) | set(parameters), sizes).lines(equations)


class _Splitter:
    def __init__(self, parameters: frozenset[str], taken: set[str], sizes: dict[str, str]):
        self.parameters, self.taken, self.sizes = parameters, taken, sizes
        self.done = dict[str, Expression]()

    def lines(self, equations: Mapping[str, Expression]) -> dict[str, Expression]:
        for line, expression in equations.items():
            self.size = self.sizes[line]  # of what is being split
            if isinstance(expression, Call):
                self.done[line] = Call(expression.function, self.argument(expression, line))
            else:
                simple = self.simple(expression, line, top=True)
                self.done[line] = simple
        return self.done

    def off(self, wish: str, expression: Expression) -> Name:
        """The expression as a line of its own, under the wished name or the next free one."""
        for known, line in self.done.items():
            if line == expression and self.sizes[known] == self.size:
                return Name(known)
        name, number = wish, 2
        while name in self.taken:
            name, number = f"{wish}{number}", number + 1
        self.taken.add(name)
        self.done[name], self.sizes[name] = expression, self.size
        return Name(name)

    def name(self, expression: Expression, line: str, wish: str) -> Name:
        """The expression if it is a name, else the name of the line that it becomes."""
        if isinstance(expression, Name):
            return expression
        return self.off(wish, self.simple(expression, line, top=True))

    def argument(self, call: Call, line: str) -> Name:
        """The name of the line that a function stands around: one of this step, and never a parameter or the input."""
        name = self.name(call.argument, line, f"a_{line}")
        return name if name.id in self.done else self.off(f"a_{line}", name)

    def simple(self, expression: Expression, line: str, top: bool = False) -> Expression:
        """The expression without calls inside, products only as a whole line (`top`) or as the name of one."""
        if isinstance(expression, Call):
            argument = self.argument(expression, line)
            return self.off(
                f"{expression.function}_{argument.id.replace('_p', 'p')}", Call(expression.function, argument)
            )
        if isinstance(expression, Negative | Binary) and has_product(expression):
            signed = terms(expression)
            if len(signed) > 1 or signed[0][1] is not expression or signed[0][1].operator == "@":  # type: ignore[union-attr]
                return self.sum(signed, line, top)
        if isinstance(expression, Negative):
            return Negative(self.simple(expression.operand, line))
        if isinstance(expression, Binary):
            return Binary(expression.operator, self.simple(expression.left, line), self.simple(expression.right, line))
        return expression

    def sum(self, signed: list[tuple[int, Expression]], line: str, top: bool) -> Expression:
        """A sum with products: these and the biases are one product line; what else is added stays element-wise."""
        affine = [(sign, self.applied(term, line)) for sign, term in signed if self.is_affine(term)]
        if not any(isinstance(term, Binary) for _, term in affine):  # the products lie deeper
            return total([(sign, self.simple(term, line)) for sign, term in signed])
        if top and len(affine) == len(signed):
            return total(affine)
        weight = next(term.left.id for _, term in affine if isinstance(term, Binary))  # type: ignore[union-attr]
        kept: list[tuple[int, Expression]] = []
        for sign, term in signed:
            if not self.is_affine(term):
                kept.append((sign, self.simple(term, line)))
            elif affine:
                kept.append((1, self.off(weight[0].lower() + weight[1:], total(affine))))
                affine = []
        return total(kept)

    def is_affine(self, term: Expression) -> bool:
        if isinstance(term, Name):
            return term.id in self.parameters
        return isinstance(term, Binary) and term.operator == "@"

    def applied(self, term: Expression, line: str) -> Expression:
        """A product whose vector is a name."""
        if not isinstance(term, Binary):
            return term
        outside, self.size = self.size, next(self.sizes_in(term.right), "H")
        vector = self.name(term.right, line, f"q_{line}")
        self.size = outside
        return Binary("@", term.left, vector)

    def sizes_in(self, expression: Expression) -> Iterator[str]:
        """The sizes of the signals that stand in an expression, those behind a weight left out."""
        if isinstance(expression, Name) and signal_of(expression.id) in self.sizes:
            yield self.sizes[signal_of(expression.id)]
        for part in parts(expression) if not is_binary(expression, "@") else ():
            yield from self.sizes_in(part)


def product_line(signal: str, expression: Expression) -> ProductLine:
    """A product line as its biases and products."""
    biases: list[tuple[int, str]] = []
    inputs: list[Product] = []
    products: list[Product] = []
    for sign, term in terms(expression):
        if isinstance(term, Name):
            biases.append((sign, term.id))
        elif isinstance(term, Binary) and isinstance(term.left, Name) and isinstance(term.right, Name):
            product = Product(sign, term.left.id, term.right.id)
            (inputs if product.source == INPUT else products).append(product)
    return ProductLine(signal, tuple(biases), tuple(inputs), tuple(products))


def staged(lines: Mapping[str, Expression]) -> tuple[Stage, ...]:
    """The lines sorted into stages; each stage needs only earlier stages and the previous step."""
    level: dict[str, int] = {}
    for signal, expression in lines.items():
        needs = [name for name in names(expression) if name in level]
        if has_product(expression):
            level[signal] = max((level[name] + 1 for name in needs), default=0)
        else:
            level[signal] = max((level[name] + _rowwise(lines[name]) for name in needs), default=0)
    stages = []
    for stage in range(max(level.values()) + 1):
        here = {signal: lines[signal] for signal in lines if level[signal] == stage}
        stages.append(
            Stage(
                tuple(product_line(signal, line) for signal, line in here.items() if has_product(line)),
                tuple(signal for signal, line in here.items() if not has_product(line) and not _rowwise(line)),
                tuple(signal for signal, line in here.items() if _rowwise(line)),
            )
        )
    return tuple(stages)


def _rowwise(expression: Expression) -> bool:
    return isinstance(expression, Call) and FUNCTIONS[expression.function].rowwise
