r"""A formula as a sheet has it, read into a tree: tanh(W x_t + U h_{t-1} + b), σ(W_f·[h_{t-1}, x_t]), (1 − z) ∘ n.

A product needs no sign, so the reader is told which names there are: `Wx_t` is W x_t where W is a name and Wx is none.
It reads as far as a formula goes and says where that is; what follows is prose. Longer than other files, because a
grammar is one reader.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from rnncalc.problems.formulas import slices
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.bounded import simplified
from rnncalc.problems.formulas.nodes import Apply, Concat, Node, Num, Prod, Sum, Sym, Turned, quotient
from rnncalc.problems.formulas.spelling import BREAK, MATRIX
from rnncalc.problems.formulas.symbol import NAME, Symbol

FUNCTIONS = {
    "σ": "sigmoid", "sigma": "sigmoid", "sigm": "sigmoid", "logistic": "sigmoid", "sig": "sigmoid", "th": "tanh",
    "linear": "identity", "maximum": "max", "minimum": "min", "clamp": "clip", "clip_by_value": "clip",
    "leakyrelu": "leaky_relu", "lrelu": "leaky_relu",
    "hardsigmoid": "hard_sigmoid", "hardtanh": "hard_tanh", "heaviside": "step",
    "id": "identity", "logsoftmax": "log_softmax", "ln": "log",
} | {name: name for name in "tanh sigmoid relu exp log identity softmax log_softmax elu leaky_relu softplus softsign "
     "hard_sigmoid hard_sigmoid_02 hard_tanh step abs max min arctan clip relu6 cases".split()}  # fmt: skip
GENERIC = ("φ", "ϕ", "ψ", "f", "g", "act", "activation")  # letters for “some function”
DEEPEST = 40  # brackets within brackets, functions of functions, a quotient of quotients
MOST_FACTORS = 100  # of one product
MOST_POWERS = 3  # x^2^2^2: each doubles what there is to compute
_SPACE = re.compile(r"[ \t]*(?:\n[ \t]*(?=[-+*∘×]\s(?![^\n=:：]{0,200}[=:：])))?")  # a list's next item is no term
_NUMBER = re.compile(r"\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,4})?|\.\d{1,30}")
_BRACKET = re.compile(r"[ \t]{0,9}[(\[]")
_JOINED = "⊕∥"  # vectors one below the other
_PRODUCT = {"*": False, "@": False, "×": False, "·": False, "∘": True}
_EQUATION_NUMBER = re.compile(rf"\(\d{{1,2}}(?:\.\d{{1,2}})?\)[ \t{BREAK}]*(?:\n|\Z)")
LONGEST_RUN = 200  # letters that stand together; a stranger's may be as many as a file holds
_CLOSE = {"(": ")", "[": "]", "{": "}"}


class NoFormulaError(Exception):
    """What stands here is none."""


class Reader:
    """Reads formulas of one text; known: the bases and keys of the names that the sheet has.

    own: the functions that the sheet says of letters which usually are another one, {"σ": "tanh"}.
    """

    def __init__(self, text: str, known: Collection[str], own: Mapping[str, str] = {}):
        self.text, self.known, self.own, self.at, self.depth, self.nested = text, known, own, 0, 0, 0

    def read(self, at: int) -> tuple[Node, int]:
        """The formula that begins at a place, and the place behind it. Raises NoFormulaError."""
        self.at, self.depth, self.nested = at, 0, 0
        return self.sum(), self.at

    # what stands next ------------------------------------------------------------------------------------------------

    def skip(self) -> None:
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            inside = self.depth and self.text[self.at : self.at + 1] in ("\n", "\r", "&")
            if not inside:
                return
            self.at += 1

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def take(self, mark: str) -> None:
        if self.peek() != mark:
            raise NoFormulaError
        self.at += 1

    # the grammar -----------------------------------------------------------------------------------------------------

    def sum(self) -> Node:
        terms: list[tuple[int, Node]] = []
        sign = self.sign(1)
        while True:
            terms.append((sign, self.product()))
            if self.peek() in tuple(_JOINED) and len(terms) == 1 and sign > 0:
                return self.joined(terms[0][1])
            before = self.at
            if self.peek() not in ("+", "-") or self.text[self.at : self.at + 2] == "->":
                break
            sign = self.sign(1)
            if sign and not self.peek().strip(BREAK):
                self.at = before
                break
        return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Sum(tuple(terms))

    def joined(self, first: Node) -> Node:
        """h ⊕ h'."""
        parts = [first]
        while self.peek() in tuple(_JOINED):
            self.at += 1
            parts.append(self.product())
        return Concat(tuple(parts))

    def sign(self, sign: int) -> int:
        while self.peek() in ("+", "-"):
            sign, self.at = (-sign if self.text[self.at] == "-" else sign), self.at + 1
        return sign

    def product(self) -> Node:
        factors, entrywise, quotients = [self.factor(first=True)], list[bool](), 0
        while True:
            if quotients > DEEPEST or len(factors) > MOST_FACTORS:
                raise NoFormulaError
            before, mark = self.at, self.peek()
            try:
                if mark in _PRODUCT:
                    self.at += 1
                    factors.append(self.factor(first=True))
                    entrywise.append(_PRODUCT[mark])
                elif mark == "/":
                    self.at, quotients = self.at + 1, quotients + 1
                    factors.append(quotient(factors.pop(), self.factor(first=True)))
                else:
                    factors.append(self.factor(first=False))
                    entrywise.append(False)
            except NoFormulaError:
                self.at = before
                break
        return factors[0] if len(factors) == 1 else Prod(tuple(factors), tuple(entrywise))

    def factor(self, first: bool) -> Node:
        if self.nested >= DEEPEST:
            raise NoFormulaError
        outside, begin = self.depth, self.at
        self.nested += 1
        try:
            mark = self.peek()  # the space before a factor is the formula's own
            self.depth += 1
            return self.powers(self.begun(mark, first))
        except NoFormulaError:
            self.at = begin
            raise
        finally:
            self.depth, self.nested = outside, self.nested - 1

    def begun(self, mark: str, first: bool) -> Node:
        if mark in _CLOSE and mark:
            if not first and _EQUATION_NUMBER.match(self.text, self.at):
                raise NoFormulaError
            return self.bracket(mark)
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Num(float(number[0]))
        if self.text.startswith("\\frac", self.at):
            self.at += 5
            above = self.group()
            return quotient(above, self.group())
        matrix = MATRIX.match(self.text, self.at)
        if matrix:
            return self.column(matrix)
        return self.name(first)

    def group(self) -> Node:
        self.take("{")
        node = self.sum()
        self.take("}")
        return node

    def bracket(self, mark: str) -> Node:
        """A sum in brackets; with commas or semicolons, vectors one below the other."""
        self.take(mark)
        parts = [self.sum()]
        while self.peek() in (",", ";", "|"):
            self.at += 1
            parts.append(self.sum())
        self.take(_CLOSE[mark])
        if len(parts) > 1:
            if self.text.startswith("^T", self.at):
                self.at += 2
            return Concat(tuple(parts))
        return parts[0]

    def column(self, matrix: re.Match[str]) -> Node:
        r"""\begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}."""
        from rnncalc.problems.formulas.spelling import unified

        body = matrix[0][matrix[0].index("}") + 1 : matrix[0].rindex("\\end")]
        body = re.sub(r"^\s*\{[lcr|]*\}", "", body)
        parts = [
            Reader(unified(cell), self.known, self.own).whole() for cell in re.split(r"\\\\|&", body) if cell.strip()
        ]
        self.at = matrix.end()
        return Concat(tuple(parts))

    def whole(self) -> Node:
        node, end = self.read(0)
        if self.text[end:].strip():
            raise NoFormulaError
        return node

    def name(self, first: bool) -> Node:
        run = NAME.match(self.text, self.at)
        if run is None or len(run[0]) > LONGEST_RUN:
            raise NoFormulaError
        base = self.cut(run[0])
        if base.lower() == "relu" and self.text.startswith("6", run.end()):
            base += "6"
        symbol, end = symbols.indexed(self.text, base, run.start(), run.start() + len(base))
        function = self.function(symbol, end)
        if function or symbol.base == "Σ":
            self.at = end
            return self.applied(function or "Σ")
        known = symbol.base in self.known or symbol.key in self.known or symbol.base.lower() == "x"
        if not known and not (symbol.indices or (first and len(base) == 1)):
            raise NoFormulaError
        if not known and symbol.offset is None and len(base) > 1:
            raise NoFormulaError
        self.at = end
        return Sym(symbol)

    def cut(self, run: str) -> str:
        """The first name of letters that stand together: the whole, or W of Wx where W is known and Wx is not."""
        letters = re.findall(symbols.LETTERS + "'?", run)
        if (
            len(letters) < 2
            or run in self.known
            or run.lower() in FUNCTIONS
            or any(key.startswith(f"{run}_") for key in self.known)
        ):
            return run
        for count in range(len(letters) - 1, 0, -1):
            head = "".join(letters[:count])
            if head in self.known and all(letter in self.known or letter in "xh" for letter in letters[count:]):
                return head
        return run

    def function(self, symbol: Symbol, end: int) -> str:
        """The function that a name stands for, "" if it is none."""
        word = symbol.base.lower() if len(symbol.base) > 1 else symbol.base
        whole = "_".join([word, *symbol.indices]) if symbol.indices else word
        own = whole in self.own and (whole in FUNCTIONS or _BRACKET.match(self.text, end))
        if (own or whole in FUNCTIONS) and word not in GENERIC:
            return self.own.get(whole) or FUNCTIONS[whole]
        if word in FUNCTIONS and symbol.offset is None and not symbol.labels:
            return self.own.get(word) or FUNCTIONS[word]
        if word == "σ" and symbol.offset is None:  # Wikipedia's σ_g, σ_h
            return {"g": "sigmoid"}.get("".join(symbol.labels), symbol.text)
        if word in GENERIC and symbol.offset is None and _BRACKET.match(self.text, end):  # \\phi\\left( leaves a space
            known = symbol.base in self.known and symbol.base not in ("φ", "ϕ", "ψ")
            return "" if known else self.own.get(whole, symbol.base)
        return ""

    def applied(self, function: str) -> Node:
        self.depth -= 1  # an argument without brackets stands on the same line
        try:
            if self.peek() not in ("(", "[", "{"):
                return simplified(Apply(function, (self.factor(first=True),)))
        finally:
            self.depth += 1
        inside = self.bracket(self.text[self.at])
        several = isinstance(inside, Concat) and function in ("max", "min", "clip", "cases")
        return simplified(Apply(function, inside.parts if several else (inside,)))  # type: ignore[union-attr]

    def powers(self, node: Node) -> Node:
        """x², e^{−a}, q_t(1:2)."""
        powers = 0
        if isinstance(node, Sym) and (rows := slices.read(self.text, self.at, node.symbol)):
            self.at = rows[1]
            node = Sym(rows[0])
        while self.text.startswith("^", self.at):
            powers += 1
            if powers > MOST_POWERS:
                raise NoFormulaError
            if self.text.startswith("^T", self.at):
                self.at += 2
                node = Turned(node) if isinstance(node, Sym) else node
                continue
            self.at += 1
            if isinstance(node, Sym) and node.symbol.key == "e":
                exponent = self.group() if self.peek() == "{" else self.factor(first=True)
                node = Apply("exp", (exponent,))
                continue
            power = re.compile(r"\{?\s*2\s*\}?").match(self.text, self.at)
            if power is None:
                raise NoFormulaError
            self.at = power.end()
            node = Prod((node, node), (True,))
        return node
