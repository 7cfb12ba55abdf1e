"""What stands behind a sign of a sheet: a value, words, a function, an equation, the name of an equal value.

Longer than other files, because the kinds are tried one after the other and share the marks of what is used.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.formulas import loss, nodes
from rnncalc.problems.formulas import reader as formulas
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.numbers import CUT, LONGEST_NUMBER, goes_on, left_out
from rnncalc.problems.sheet import sizes, values, vocabulary, working
from rnncalc.problems.sheet.cleaned import CleanText, line_end
from rnncalc.problems.sheet.heads import FACT_ENDS, GRADIENT, PLAIN, SHORT, Head
from rnncalc.problems.sheet.layer_parts import LayerParts
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet

IN_LAYER = re.compile(rf"[\s{BREAK}]{{0,9}}(?:(?:in|for|at)(?: the)? layer ([1-9])\b|[（(]?第 ?([1-9]) ?层)")
UNANSWERED = re.compile(r"[?？]+|[-–—]+|n\.?/?a\.?|none|unknown|tbd|todo|无|空|不会|不知道|略", re.IGNORECASE)
LONGEST_LOSS = 1000  # characters of its formula
_PLAIN_WORD = re.compile(r"[A-Z]{3,5}|[A-Za-z]?[a-z]{3,}")  # no name of a value
_CONSTANT = re.compile(
    r"\s*(?:(?:σ|sigma|sigmoid|tanh|ReLU|relu|exp|ln|log)\s?\(\s?-?[\d.]+\s?\)\s*[=≈:]|e\s*[=≈]\s*2\.7|π\s*[=≈]\s*3\.1)"
)
_LISTED = re.compile(r"[ \t]*\n\s{0,20}\(?\d{1,2}[).]\s")
_TOTAL = re.compile(r"\s*([LJE])_\{?\w\}?(?:\s*\+\s*(?:\1_\{?\w\}?|…))+")
_BLANKS = rf" \t{BREAK}"
_BEGIN = re.compile(rf"[{_BLANKS}]*")
_WORD = re.compile(rf"[{_BLANKS}]*([A-Za-z_]+)")
_PIECE = re.compile(rf"[{_BLANKS}]*([^\n{BREAK},;，；。]+)")
_NO_NUMBER = re.compile(rf"[{_BLANKS}]*([^\s,;{BREAK}]{{0,{LONGEST_NUMBER}}}\d[^\s,;{BREAK}]*|@\S+)")
_CUT_MATRIX = re.compile(
    rf"\s*(?:[\w.]{{1,20}}\s*\(\s*)?(?:[\[({{]|\\begin\{{)[^=]*?\d[^=\w]*?(?:\\\\\s*)?(?:{CUT.pattern})"
)
_MISSING = re.compile(r"(?<![\w.])(?:[-–—?]|n/a)(?=\s*(?:[,;\s\])]|\Z))")
_FACTOR_LEFT = re.compile(r"[ \t]*[∘⊙×⊗@·][ \t]*[\w(\[{\\]")
_LOOP = re.compile(r"\bfor\s+(?:\w+\s*,\s*)?(\w+)\s+in\b")  # over inputs
_PROGRAM = re.compile(r"^[ \t]*for[ \t]+\w+[ \t]*(?:=[ \t]*\w+[ \t]*:|in\b)", re.MULTILINE)
_CONDITION = re.compile(  # z & z > 0, and below it another piece
    rf"[ \t]*(?:&|,?[ \t]*(?:if|for|when|wenn|falls|für|si|pour|если|при|若|当)\b)[^&\n;{BREAK}]{{0,60}}?"
    r"(?:(?<![{^])[<>≤≥]|\\[lg](?:eq?|t)(?![a-z]))"
)
_COMMA = re.compile(r"[ \t]*,")


def _numbered(node: nodes.Node) -> bool:
    """Whether a formula is nothing but x_1 x_2 x_3: the steps of one name, from the first."""
    steps = node.factors if isinstance(node, nodes.Prod) else node.parts if isinstance(node, nodes.Concat) else ()
    names = [part.symbol for part in steps if isinstance(part, nodes.Sym)]
    numbers = [name.number for name in names]
    return len(names) == len(steps) > 1 and len({name.base for name in names}) == 1 and numbers in (
        [*range(1, len(names) + 1)], [*range(len(names))],
    )  # fmt: skip


class RightSides:
    """The right-hand sides of one text. used: from where to where it is needed."""

    def __init__(
        self, clean: CleanText, text: str, sheet: ScannedSheet, layers: LayerParts, heads: Sequence[Head],
        reader: formulas.Reader,
    ):  # fmt: skip
        self.clean, self.text, self.sheet, self.layers, self.reader = clean, text, sheet, layers, reader
        self.heads = heads
        self.used: list[tuple[int, int]] = []
        self.looped = {*_LOOP.findall(text)}
        if _PROGRAM.search(text):  # what it assigns again is a state
            names = Counter(name.key for head in heads for name in head.names)
            self.looped |= {name for name, times in names.items() if times > 1}
        counted = [any(sizes.RUNNING.fullmatch(name.text.strip()) for name in head.names) for head in heads]
        self.head_starts = [head.begin for head, counts in zip(heads, counted) if not counts] + [len(text)]

    def read(self) -> None:
        """Put what stands behind every head into the sheet."""
        end = 0
        chained: list[Symbol] = []
        for head, following in itertools.zip_longest(self.heads, self.heads[1:]):
            if head.begin < end:
                continue
            between = self.text[head.at : following.begin] if following else "."
            alike = following is not None and head.kind == following.kind == ""
            if alike and not between.strip(_BLANKS) and self.text[head.at - 1] == "=":
                chained += head.names  # h_0 = c_0 = 0
                self._use(head.begin, head.at)
                continue
            end = self._right(head.begin, head.at, [*chained, *head.names], head.kind, chained) or end
            chained = []

    def _use(self, begin: int, end: int) -> int:
        self.used.append((begin, end))
        return end

    def _is_number(self, at: int) -> bool:
        """Whether nothing but a value stands there: φ = (0.1, 0.2) is a bias, f = 0.5 a gate."""
        return self.text[at - 1] == "=" and values.numbers_at(self.text, at) is not None

    def _is_answer(self, at: int) -> bool:
        return self.clean.under_answers(self.clean.line(at))

    def _behind_blanks(self, at: int) -> int:
        blanks = _BEGIN.match(self.text, at)
        return blanks.end() if blanks else at

    def _line(self, at: int) -> int:
        """The number of a place's line, from 1."""
        return self.clean.line(at) + 1

    def _right(self, begin: int, at: int, left: list[Symbol], kind: str, chained: list[Symbol]) -> int | None:
        """What stands behind a sign: a value, words, a function, a formula. The place behind it; None for prose."""
        name = left[-1]
        if name.base.endswith("'") and name.base.rstrip("'").lower() in formulas.FUNCTIONS:  # σ'(z) = σ(z) (1 − σ(z))
            return None
        if _CONSTANT.match(self.text[begin : at + 9]):  # σ(0) = 0.5, e = 2.718: nobody's value
            return None
        if kind == "" and sizes.counts(left, self.text, at, self.sheet.equations):
            running = sizes.running(self.text, begin, at, self._line(begin))
            if running is not None:
                end, stated = running
                self.sheet.sizes += stated
                return self._use(begin, end)
            if re.match(r"\s*\d", self.text[at : at + 9]):
                return None
        if kind == "" and loss.is_loss(name) and (total := _TOTAL.match(self.text, at)):  # E = E_1 + E_2 + E_3
            return self._use(begin, total.end())
        if kind == "word" and not (name.base.lower() == "loss" and self._is_computed(at)):
            return self._word(begin, at, name)
        if kind == "function" or (name.base in formulas.GENERIC and not name.indices):
            behind = self._function(begin, at, name)
            if behind is not None or kind == "function" or not self._is_number(at):
                return behind
        if kind in ("", "word") and self._is_loss(name, at) and not self._is_answer(begin):
            end = min(line_end(self.text, at), self.head_starts[bisect_left(self.head_starts, at)])
            if loss.is_formula(self.text[at:end]):
                self.sheet.losses.append(self.text[at:end])
                return self._use(begin, end)
        if self._are_inputs(at, name):
            return self._words_value(begin, at, name)
        worked = self._worked(begin, at, left, kind, len(left) - len(chained) > 1)
        if worked is not None:
            return worked
        if self.text[at - 1] in ":：" and _PLAIN_WORD.fullmatch(name.text) and _LISTED.match(self.text, at):
            return None  # Questions:, and below it 1) h_1
        value = values.read(self.text, at)
        if value is not None and self._remark(name, at, value[1]):
            return None
        if value is not None and len(left) - len(chained) > 1:
            behind = self._tuple(begin, at, left)
            if behind is not None or not all(_PLAIN_WORD.fullmatch(word.text) for word in left[:-1]):
                return behind
            left, begin = left[-1:], self.text.rindex(name.text, begin, at)  # LSTM, x_1 = 0.5
        if value is not None:
            self._whole(begin, value, name)
            for symbol in left:
                self._keep(symbol, value[0], begin, kind)
            return self._use(begin, value[1])
        if kind != "function" and (behind := self._unanswered(begin, at, name, kind)):
            return behind
        if kind == "" and len(left) == 1 and self.text[at - 1] not in ":：≈":
            behind = self._named(begin, at, name) or self._equation(begin, at, name)
            if behind is not None:
                return behind
            if (behind := self._same(begin, at, name)) is not None:
                return behind
            self._not_understood(begin, at, name)
        following = self.head_starts[bisect_left(self.head_starts, at)]
        if self.text[at - 1] in ":：" and not self.text[at:following].strip(f" \t{BREAK}({{["):
            return None  # Targets: t_1 = 1, t_2 = 0
        if kind == "gradient" and re.search(r"[^\W\d_]", self.text[at : at + 40]) and not self._is_answer(begin):
            return None  # dL/du = 2(y − d) h_2: somebody's formula, and no number
        if self.text[at - 1] not in ":：" or name.key.lower() in PLAIN:
            self._refuse(at, name)
        return self._words_value(begin, at, name)

    def _near(self, at: int) -> str:
        """What stands behind a sign on its line, as far as a formula of a loss goes: lines may be very long."""
        return self.text[at : min(line_end(self.text, at), at + LONGEST_LOSS)]

    def _is_computed(self, at: int) -> bool:
        """Whether a number or the formula of a loss stands there."""
        return bool(re.match(r"\s*(?:[\d(]|\\?_)", self.text[at : at + 9])) or loss.is_formula(self._near(at))

    def _is_loss(self, name: Symbol, at: int) -> bool:
        """Whether a name is a loss's, by its letter or because it is a sum of squares, C = ½ Σ (y_t − d_t)²."""
        other = name.base.isupper() and not name.indices
        return loss.is_loss(name) or (other and loss.is_sum(self._near(at)))

    def _worked(self, begin: int, at: int, left: list[Symbol], kind: str, several: bool) -> int | None:
        """The place behind a value that stands at the end of its working."""
        answer = self._is_answer(begin)
        reads, expected = partial(self._reads, left[-1]), answer or bool(left[-1].before_update)
        done = None if several or kind == "word" else working.read(self.reader, at, expected, reads)
        if done is None:
            return None
        for symbol in left:
            self._keep(symbol, done.value, begin, kind)
        known = {(equation.defined.base, equation.defined.indices) for equation in self.sheet.equations}
        of_numbers = values.read(self.text, at) is not None or (left[-1].base, left[-1].indices) in known
        if not answer and kind == "" and not of_numbers:
            self._equation(begin, at, left[-1])
        if odd := working.contradicted(done):
            where = self.sheet.assigned[-1].where
            value = done.value.strip()
            self.sheet.notes.append(_("{where}: {side} is not {value}").format(where=where, side=odd, value=value))
        return self._use(begin, done.end)

    def _reads(self, name: Symbol, other: Symbol) -> bool:
        """Whether an equation computes one name from another, y_1 from h_1, which has its value elsewhere."""
        heads = [head for head in self.heads if (head.names[-1].base, head.names[-1].indices)
                 == (other.base, other.indices)]  # fmt: skip
        if len(heads) < 2:
            return False
        read = [symbol for equation in self.sheet.equations if equation.defined.base == name.base
                for symbol in nodes.symbols_of(equation.node) if symbol.base == other.base]  # fmt: skip
        step = {name.number + symbol.offset for symbol in read if None not in (name.number, symbol.offset)}  # type: ignore[operator]
        return other.number in step or any(symbol.indices == other.indices for symbol in read)

    def _unanswered(self, begin: int, at: int, name: Symbol, kind: str) -> int | None:
        """The place behind an answer that is left out, h_2 = ?, or is no number, h_2 = dunno: both are said."""
        word = _PIECE.match(self.text, at)
        stepped = name.number is not None or kind == "key"
        expected = self._is_answer(begin) and name.offset is None
        if word is None or not expected or (self.text[at - 1] in ":：" and not stepped):
            return None
        text = "_" if UNANSWERED.fullmatch(word[1].strip(" \t.")) else word[1].strip()
        self._keep(name, text, begin, kind)
        self.sheet.assigned[-1] = replace(self.sheet.assigned[-1], unread=True)
        return self._use(begin, word.end())

    def _whole(self, begin: int, value: tuple[str, int], name: Symbol) -> None:
        """Refuse numbers some of which are left out, 1, 2, …, 5; in an answer … is one that is not given."""
        text, end = value
        several = bool(re.search(r"\d[\s,;]+[-+.\d]", text))
        cut = CUT.search(text) if re.search(r"\d", text) else None
        if (cut or goes_on(self.text, end, several)) and not (
            self._is_answer(begin) or name.text.startswith("answers.")
        ):
            where = _("line {line}, {name}").format(line=self._line(begin), name=shown(name.text.strip(), 40))
            raise ParseError(f"{where}: {left_out()}")

    def _remark(self, name: Symbol, at: int, end: int) -> bool:
        """Whether a word, a colon and a number are no value, since words follow: Time: 90 min."""
        if self.text[at - 1] not in ":：" or name.key.lower() in PLAIN:
            return False
        word = re.fullmatch(r"[A-Z][a-z]{2,}", name.text.strip())
        return bool(word and re.match(r"\s?[^\W\d]|\s*[/–-]", self.text[end : end + 9]))

    def _same(self, begin: int, at: int, name: Symbol) -> int | None:
        """U_r = U_z, W_hy = W_xh^T: the place behind the name of what has the same value."""
        try:
            node, end = self.reader.read(at)
        except formulas.NoFormulaError:
            return None
        other = node.inside if isinstance(node, nodes.Turned) else node
        if not isinstance(other, nodes.Sym) or other.symbol.offset is not None or name.offset is not None:
            return None
        turned = "^T" if isinstance(node, nodes.Turned) else ""
        alike = Assigned(name, turned, self.clean.line(begin), layer=self.layers.at(begin))
        self.sheet.same.append((alike, other.symbol.key))
        return self._use(begin, end)

    def _named(self, begin: int, at: int, name: Symbol) -> int | None:
        """x_1 = e_{time}: the place behind the name of a vector that has its value elsewhere."""
        other = symbols.read(self.text, self._behind_blanks(at))
        if name.number is None or other is None or other[0].offset is not None:
            return None
        elsewhere = [head.at for head in self.heads if (head.names[-1].base, head.names[-1].indices)
                     == (other[0].base, other[0].indices)]  # fmt: skip
        valued = any(values.read(self.text, place) is not None for place in elsewhere)
        return self._same(begin, at, name) if valued else None

    def _not_understood(self, begin: int, at: int, name: Symbol) -> None:
        """Keep an equation of a step that cannot be read: it is said, and refused where no other equation is there."""
        right = self.text[at : line_end(self.text, at)]
        if name.offset is not None and re.search(r"\w\s*\(.*[_^(\[<]\{?\(?<?t\b", right):
            text = shown(re.sub(r"\s+", " ", (self.text[begin:at] + right).replace(BREAK, " ")).strip(), 80)
            self.sheet.unread.append(_("line {line}: {text}").format(line=self._line(begin), text=text))

    def _keep(self, name: Symbol, value: str, begin: int, kind: str) -> None:
        key = name.text if kind == "key" else ""
        answer = self._is_answer(begin) or key.startswith("answers.")
        line, layer = self.clean.line(begin), self.layers.at(begin)
        self.sheet.assigned.append(Assigned(name, value, line, answer, kind == "gradient", key, layer))

    def _tuple(self, begin: int, at: int, left: list[Symbol]) -> int | None:
        """U, W = 0.3, 0.5."""
        texts, end = list[str](), at
        for number in range(len(left)):
            comma = _COMMA.match(self.text, end) if number else None
            if number and comma is None:
                return None
            read = values.numbers_at(self.text, comma.end() if comma else end, single=True)
            if read is None:
                return None
            texts.append(read[0])
            end = read[1]
        for name, text in zip(left, texts):
            self._keep(name, text, begin, "")
        return self._use(begin, end)

    def _word(self, begin: int, at: int, name: Symbol) -> int | None:
        end = line_end(self.text, at)
        text = self.text[at:end].split(BREAK)[0] if BREAK in self.text[at:end].strip(BREAK) else self.text[at:end]
        key = name.text.strip().lower()
        if key in SHORT and (mark := FACT_ENDS.search(text)) and text[: mark.start()].strip():
            text = text[: mark.start()]
        end = at + len(text)
        word = text.strip(f" \t{BREAK},;.\"'")
        if not word:  # a heading
            return None
        self.sheet.assigned.append(Assigned(name, word, self.clean.line(begin), key=key))
        return self._use(begin, end)

    def _are_inputs(self, at: int, name: Symbol) -> bool:
        """Whether the words behind a sign are inputs: x = h, e, l."""
        if name.key.lower() not in ("x", "input", "inputs"):
            return False
        words = vocabulary.items(self.text[at : line_end(self.text, at)].replace(BREAK, " ").strip(" ."))
        return len(words) > 1 and {*words} <= {*vocabulary.said(self.text)} and not all(map(str.isdigit, words))

    def _words_value(self, begin: int, at: int, name: Symbol) -> int | None:
        """targets: l l o, and x: h e l where the sheet has a vocabulary of such words."""
        if name.base not in ("targets", "target", "labels") and not self._are_inputs(at, name):
            return None
        end = line_end(self.text, at)
        text = _MISSING.sub("null", self.text[at:end])
        self._keep(name, text.strip(f" \t{BREAK}.;"), begin, "")
        return self._use(begin, end)

    def _function(self, begin: int, at: int, name: Symbol) -> int | None:
        """f = tanh, σ(z) = 1 / (1 + e^{-z})."""
        try:
            node, end = self.reader.read(at)
        except formulas.NoFormulaError:
            word = _WORD.match(self.text, at)
            known = formulas.FUNCTIONS.get(word[1].lower()) if word else None
            if word is None or known is None:
                return None
            self.sheet.functions[name.key] = known
            self.sheet.formulas.append((begin, word.end(), known))
            return self._use(begin, word.end())
        written = name.text.removesuffix(name.text[-3:]) if name.text.endswith(")") else ""
        unread = (written if len(written) == 1 else written.lower()) in self.sheet.undefined
        function = "" if unread else loss.function_of(node)
        labels = [label for name_of in nodes.symbols_of(node) for label in name_of.words]
        if function and any(name.base in label or ":" in label for label in labels):
            return self._equation(begin, at, name)  # f = σ(a_f) is a gate, f = σ(q[0:2]) too
        if function:
            self.sheet.functions[name.key] = function
            self.sheet.formulas.append((begin, end, function))
            return self._use(begin, end)
        if not name.text.endswith(")"):
            return self._equation(begin, at, name)
        if name.base in (*formulas.GENERIC, "σ"):  # a function that has no name
            self.sheet.formulas.append((begin, end, ""))
        return None

    def _equation(self, begin: int, at: int, name: Symbol) -> int | None:
        start = self._behind_blanks(at)
        if GRADIENT.match(self.text, start):  # δ_t = dE/dh_t
            return None
        try:
            node, end = self.reader.read(start)
        except formulas.NoFormulaError:
            return None
        if isinstance(node, nodes.Sym) and (name.base, name.offset, node.symbol.offset) == (node.symbol.base, -1, None):
            return self._use(begin, end)  # h_prev = h: a program goes on to the next step
        if self._is_answer(begin) or not (self._is_equation(name, node) or "@" in self.text[start:end]):
            return None
        if _FACTOR_LEFT.match(self.text, end) or _CONDITION.match(
            self.text, end
        ):  # what was read is not all: z_t ∘ h_{t-1} + (1 - z_t) ∘ …
            text = shown(
                re.sub(r"\s+", " ", self.text[begin : line_end(self.text, end)].replace(BREAK, " ")).strip(), 80
            )
            where = _("line {line}: {text}").format(line=self._line(begin), text=text)
            raise ParseError(_("cannot read as an equation: {text}"), text=where)
        if _numbered(node) and name.offset is None:  # X = [x_1 x_2 x_3]
            if ";" not in self.text[start:end]:
                self.sheet.columns.add(name.key)
            return self._use(begin, end)
        text = re.sub(r"\s+", " ", self.text[begin:end].replace(BREAK, " ")).strip()
        text = re.sub(r"\bcases\(([^;]*);.*\)", r"cases(\1 …)", text)
        layer = IN_LAYER.match(self.text, end)
        if layer and isinstance(node, nodes.Sym) and name.number is None:  # z_t = x_t in layer 1
            name = replace(name, indices=(*name.indices, layer[1] or layer[2]))
        self.sheet.equations.append(Equation(name, node, text, _("line {line}").format(line=self._line(begin))))
        return self._use(begin, end)

    def _is_equation(self, name: Symbol, node: nodes.Node) -> bool:
        """Whether a formula says how a signal is computed: a step is named, a function applied, a signal read."""
        names = nodes.symbols_of(node)
        if isinstance(node, nodes.Concat) and name.offset is None:  # [S1, 2]: a slip of a number
            return False
        stepped = any(
            symbol.offset is not None or symbol.number is not None or symbol.words == ("T",)
            for symbol in [name, *names]
        )
        signals = {equation.defined.key for equation in self.sheet.equations} | self.looped
        reads = any(symbol.key in signals for symbol in names)
        return bool(names) and (stepped or isinstance(node, nodes.Apply) or reads)

    def _refuse(self, at: int, name: Symbol) -> None:
        """What looks like a number and is none is no prose."""
        where = _("line {line}, {name}").format(line=self._line(at), name=shown(name.text.strip(), 40))
        if _CUT_MATRIX.match(self.text, at, next(start for start in self.head_starts if start >= at)):
            raise ParseError(f"{where}: {left_out()}")
        piece = _NO_NUMBER.match(self.text, at)
        if piece is None:
            return
        try:
            if piece[1].startswith("@"):
                raise ParseError(_("a problem file does not name other files; use an option, --x @file.csv"))
            matrix.read(self.text[piece.start(1) : line_end(self.text, at)].strip(f" \t{BREAK},;"))
        except ParseError as error:
            raise ParseError(f"{where}: {error}") from None
