"""A sheet taken apart: assignments, equations, tables; what nobody needs is prose, and is listed if it holds a number.

Two passes: first every name in front of an equals sign, since a formula can only be read by someone who knows the
names; then every right-hand side, a value or a formula, as far as it goes. Longer than other files, because both
passes share one text and the marks of what is used.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems import stated_sizes
from rnncalc.problems.formulas import loss, nodes
from rnncalc.problems.formulas import reader as formulas
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.numbers import LONGEST_NUMBER
from rnncalc.problems.sheet import prose, tables, unread, values, working
from rnncalc.problems.sheet.cleaned import CleanText, line_end
from rnncalc.problems.sheet.heads import FACT_ENDS, PLAIN, SHORT, Head, Heads
from rnncalc.problems.sheet.layer_parts import LayerParts, how_many
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.sizes import in_shape, size_of

RUNNING = re.compile(
    r"[tknijlℓτTNDHK]|[nNmB] ?T|T ?[nNmB]|[nd]_\{?(?:x|h|a|y|in|out|hidden)\}?|(?:hidden|input|output|batch)_size|"
    r"num_(?:steps|inputs|hiddens|outputs|classes)|(?:input|hidden)_dim"
)  # of steps and sizes
IN_LAYER = re.compile(rf"[\s{BREAK}]{{0,9}}(?:(?:in|for|at)(?: the)? layer ([1-9])\b|[（(]?第 ?([1-9]) ?层)")
UNANSWERED = re.compile(r"[?？]+|[-–—]+|n\.?/?a\.?|none|unknown|tbd|todo|无|空|不会|不知道|略", re.IGNORECASE)
_PLAIN_WORD = re.compile(r"[A-Z]{3,5}|[A-Za-z]?[a-z]{3,}")  # no name of a value
_CONSTANT = re.compile(
    r"\s*(?:(?:σ|sigma|sigmoid|tanh|ReLU|relu|exp|ln|log)\s?\(\s?-?[\d.]+\s?\)\s*[=≈:]|e\s*[=≈]\s*2\.7|π\s*[=≈]\s*3\.1)"
)
_LISTED = re.compile(r"[ \t]*\n\s{0,20}\(?\d{1,2}[).]\s")
_TOTAL = re.compile(r"\s*([LJE])_\{?\w\}?(?:\s*\+\s*(?:\1_\{?\w\}?|…))+")


def scan(text: str, decimal: str = "") -> ScannedSheet:
    """Take a sheet apart. decimal: comma or point. Raises ParseError with the line of what is no value and no prose."""
    return _Scanner(text, decimal).scanned()


@lru_cache(maxsize=64)
def _weighs(text: str, name: str) -> bool:
    """Whether a letter stands in a formula of steps, where it is a parameter and no size."""
    return bool(
        re.search(rf"=[^\n=]{{0,200}}(?<![A-Za-z\\_{{]){name}(?![A-Za-z_])[^\n=]{{0,200}}[_^(\[<]\{{?\(?<?t\b", text)
    )


def _letters(name: str) -> str:
    """A name without case, with one accent for any: ĉ and c̃ are the same candidate."""
    plain = unicodedata.normalize("NFD", name)
    return plain[:1].lower() + ("~" if len(plain) > 1 and unicodedata.combining(plain[1]) else "")


def _numbered(node: nodes.Node) -> bool:
    """Whether a formula is nothing but x_1 x_2 x_3: the steps of one name, from the first."""
    steps = node.factors if isinstance(node, nodes.Prod) else node.parts if isinstance(node, nodes.Concat) else ()
    names = [part.symbol for part in steps if isinstance(part, nodes.Sym)]
    numbers = [name.number for name in names]
    return len(names) == len(steps) > 1 and len({name.base for name in names}) == 1 and numbers in (
        [*range(1, len(names) + 1)], [*range(len(names))],
    )  # fmt: skip


class _Scanner:
    def __init__(self, text: str, decimal: str):
        self.original = text
        self.clean = CleanText(text, decimal)
        self.text = self.clean.text
        self.sheet = ScannedSheet(
            text=self.text, original=text, seeds=self.clean.seeds, commas=self.clean.commas, columns=self.clean.columns
        )
        self.used: list[tuple[int, int]] = []

    def scanned(self) -> ScannedSheet:
        self.layers = LayerParts(self.text, self.clean.headings)
        self.used += self.layers.headings
        self.sheet.layers = how_many(self.text)
        self._tables()
        self.heads = heads = list(Heads(self.text))
        symbols_read = [name for head in heads if not self._names_function(head) for name in head.names]
        symbols_read += [cell.symbol for cell in self.cells]
        known = {part for name in symbols_read for part in (name.base, name.base.rstrip("'"), name.key)}
        self.reader = formulas.Reader(self.text, known, prose.meaning_of_sigma(self.text))
        counted = [any(RUNNING.fullmatch(name.text.strip()) for name in head.names) for head in heads]
        self.head_starts = [head.begin for head, counts in zip(heads, counted) if not counts] + [len(self.text)]
        end = 0
        chained: list[Symbol] = []
        for head, following in itertools.zip_longest(heads, heads[1:]):
            if head.begin < end:
                continue
            between = self.text[head.at : following.begin] if following else "."
            alike = following is not None and head.kind == following.kind == ""
            if alike and not between.strip(f" \t{BREAK}") and self.text[head.at - 1] == "=":
                chained += head.names  # h_0 = c_0 = 0
                self.used.append((head.begin, head.at))
                continue
            end = self._right(head.begin, head.at, [*chained, *head.names], head.kind, chained) or end
            chained = []
        self._prose()
        self._lost_equations()
        return self.sheet

    def _names_function(self, head: Head) -> bool:
        """Whether a head says what a letter stands for: f = tanh, f(z) = max(0, z)."""
        word = re.compile(rf"[ \t{BREAK}]*([A-Za-z]+)[ \t{BREAK}]*(?![\w(])").match(self.text, head.at)
        named = word is not None and word[1].lower() in formulas.FUNCTIONS
        return head.kind == "function" or (named and all(name.base in formulas.GENERIC for name in head.names))

    # right-hand sides -------------------------------------------------------------------------------------------------

    def _right(self, begin: int, at: int, left: list[Symbol], kind: str, chained: list[Symbol]) -> int | None:
        """What stands behind a sign: a value, words, a function, a formula. The place behind it; None for prose."""
        name = left[-1]
        if name.base.endswith("'") and name.base.rstrip("'").lower() in formulas.FUNCTIONS:  # σ'(z) = σ(z) (1 − σ(z))
            return None
        if _CONSTANT.match(self.text[begin : at + 9]):  # σ(0) = 0.5, e = 2.718: nobody's value
            return None
        if kind == "" and self._counts(left, at):
            running = self._running(begin, at)
            if running is not None or re.match(r"\s*\d", self.text[at : at + 9]):
                return running
        if kind == "" and loss.is_loss(name) and (total := _TOTAL.match(self.text, at)):  # E = E_1 + E_2 + E_3
            self.used.append((begin, total.end()))
            return total.end()
        number = re.match(r"\s*(?:[\d(]|\\?_)", self.text[at : at + 9])
        computed = number or loss.is_formula(self.text[at : line_end(self.text, at)])
        if kind == "word" and not (name.base.lower() == "loss" and computed):
            return self._word(begin, at, name)
        if kind == "function" or (name.base in formulas.GENERIC and not name.indices):
            return self._function(begin, at, name)
        if kind in ("", "word") and self._is_loss(name, at) and not self.clean.under_answers(self.clean.line(begin)):
            end = min(line_end(self.text, at), next(start for start in self.head_starts if start >= at))
            if loss.is_formula(self.text[at:end]):
                self.sheet.losses.append(self.text[at:end])
                self.used.append((begin, end))
                return end
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
            for symbol in left:
                self._keep(symbol, value[0], begin, kind)
            self.used.append((begin, value[1]))
            return value[1]
        if kind != "function" and (behind := self._unanswered(begin, at, name, kind)):
            return behind
        if kind == "" and len(left) == 1 and self.text[at - 1] not in ":：≈":
            behind = self._named(begin, at, name) or self._equation(begin, at, name)
            if behind is not None:
                return behind
            if (behind := self._same(begin, at, name)) is not None:
                return behind
            self._not_understood(begin, at, name)
        following = next(start for start in self.head_starts if start >= at)
        if self.text[at - 1] in ":：" and not self.text[at:following].strip(f" \t{BREAK}({{["):
            return None  # Targets: t_1 = 1, t_2 = 0
        if self.text[at - 1] not in ":：" or name.key.lower() in PLAIN:
            self._refuse(at, name)
        return self._words_value(begin, at, name)

    def _is_loss(self, name: Symbol, at: int) -> bool:
        """Whether a name is a loss's, by its letter or because it is a sum of squares, C = ½ Σ (y_t − d_t)²."""
        other = name.base.isupper() and not name.indices
        return loss.is_loss(name) or (other and loss.is_sum(self.text[at : line_end(self.text, at)]))

    def _worked(self, begin: int, at: int, left: list[Symbol], kind: str, several: bool) -> int | None:
        """The place behind a value that stands at the end of its working."""
        answer = self.clean.under_answers(self.clean.line(begin))
        done = None if several or kind == "word" else working.read(self.reader, at, answer)
        if done is None:
            return None
        for symbol in left:
            self._keep(symbol, done.value, begin, kind)
        if not answer and kind == "":
            self._equation(begin, at, left[-1])
        if odd := working.contradicted(done):
            where = self.sheet.assigned[-1].where
            value = done.value.strip()
            self.sheet.notes.append(_("{where}: {side} is not {value}").format(where=where, side=odd, value=value))
        self.used.append((begin, done.end))
        return done.end

    def _unanswered(self, begin: int, at: int, name: Symbol, kind: str) -> int | None:
        """The place behind an answer that is left out, h_2 = ?, or is no number, h_2 = dunno: both are said."""
        word = re.compile(rf"[ \t{BREAK}]*([^\n{BREAK},;，；。]+)").match(self.text, at)
        stepped = name.number is not None or kind == "key"
        expected = self.clean.under_answers(self.clean.line(begin)) and name.offset is None
        if word is None or not expected or (self.text[at - 1] in ":：" and not stepped):
            return None
        text = "_" if UNANSWERED.fullmatch(word[1].strip(" \t.")) else word[1].strip()
        self._keep(name, text, begin, kind)
        self.sheet.assigned[-1] = replace(self.sheet.assigned[-1], unread=True)
        self.used.append((begin, word.end()))
        return word.end()

    def _remark(self, name: Symbol, at: int, end: int) -> bool:
        """Whether a word, a colon and a number are no value, since words follow: Time: 90 min."""
        word = re.fullmatch(r"[A-Z][a-z]{2,}", name.text.strip()) and name.key.lower() not in PLAIN
        return (
            bool(word)
            and self.text[at - 1] in ":："
            and bool(re.match(r"\s?[^\W\d]|\s*[/–-]", self.text[end : end + 9]))
        )

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
        self.used.append((begin, end))
        return end

    def _named(self, begin: int, at: int, name: Symbol) -> int | None:
        """x_1 = e_{time}: the place behind the name of a vector that has its value elsewhere."""
        other = symbols.read(self.text, at + len(self.text[at:]) - len(self.text[at:].lstrip(f" \t{BREAK}")))
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
            self.sheet.unread.append(_("line {line}: {text}").format(line=self.clean.line(begin) + 1, text=text))

    def _lost_equations(self) -> None:
        """Keep the equations of a step that stand in the sheet, and that nothing was read from."""
        defined = {_letters(equation.defined.base) for equation in self.sheet.equations}
        defined |= {_letters(name) for name in self.sheet.functions}
        defined |= {name[0] for name in defined}  # a sheet may put its hats by commands of its own
        original = [
            equation for equation in unread.step_equations(self.original) if _letters(equation.base) not in defined
        ]
        left = list(unread.step_equations(self.sheet.prose))
        for equation in [*original, *left]:
            text = _("line {line}: {text}").format(line=equation.line + 1, text=equation.text)
            if self.clean.under_answers(equation.line):
                continue
            if _letters(equation.base) not in defined:
                self.sheet.lost.setdefault(equation.base, text)
            if not any(other.startswith(text[: text.index(":") + 1]) for other in self.sheet.unread):
                self.sheet.unread.append(text)

    def _counts(self, left: list[Symbol], at: int) -> bool:
        """Whether a name counts steps or layers: t = 1, 2, 3. A bias k = 0.15 does not, nor what an equation reads."""
        running = any(RUNNING.fullmatch(name.text.strip()) for name in left)
        if not (running or self._is_size(left, at)) or self.text[at - 1] == "≈":
            return False
        read = {name for equation in self.sheet.equations for name in nodes.symbols_of(equation.node)}
        known = any(name.key == other.key and not other.indices for name in left for other in read)
        known |= any(name.text.strip() not in "tnkijlTNDH" and _weighs(self.text, name.key) for name in left)
        return not known and not re.match(r"\s*-?\d*\.\d", self.text[at : at + 40])

    def _is_size(self, left: list[Symbol], at: int) -> bool:
        """Whether a letter is said to count something: q = 5 outputs, the number of hidden units is h = 4."""
        number = re.compile(rf"[\s${BREAK}]*\d{{1,6}}(?!\w|\.\d)").match(self.text, at)
        name = left[-1].text.strip()
        single = len(left) == 1 and len(name) == 1 and name not in "UWVbxytzsoc"
        said = single and number and size_of(name, self.text, at - len(name) - 3, number.end())
        return bool(said or (single and number and in_shape(name, self.text)))

    def _running(self, begin: int, at: int) -> int | None:
        """t = 1, 2, 3: which steps a formula is for."""
        value = values.read(self.text, at)
        if value is None or value[0].lstrip()[:1] in "[(\\{":  # t = (0, 1, 0) is a target
            return None
        name = self.text[begin:at].strip(f" :={BREAK}$")
        if name not in tuple("tknijlℓτ") and re.fullmatch(r"\d{1,6}\.?", value[0].strip()):
            where = _("line {line}, {name}").format(line=self.clean.line(begin) + 1, name=name)
            size = "T" if name == "T" else size_of(name, self.text, begin, value[1])
            if size or name in stated_sizes.KEYS or in_shape(name, self.text):
                self.sheet.sizes.append(stated_sizes.StatedSize(name, int(value[0].strip(" .")), size, where))
        self.used.append((begin, value[1]))
        return value[1]

    def _keep(self, name: Symbol, value: str, begin: int, kind: str) -> None:
        line = self.clean.line(begin)
        key = name.text if kind == "key" else ""
        self.sheet.assigned.append(
            Assigned(
                name,
                value,
                line,
                self.clean.under_answers(self.clean.line(begin)) or key.startswith("answers."),
                kind == "gradient",
                key,
                self.layers.at(begin),
            )
        )

    def _tuple(self, begin: int, at: int, left: list[Symbol]) -> int | None:
        """U, W = 0.3, 0.5."""
        place = at
        texts = []
        for number in range(len(left)):
            read = values.numbers_at(self.text, place, single=True)
            if read is None:
                return None
            texts.append(read[0])
            place = read[1]
            if number + 1 < len(left):
                comma = re.compile(r"[ \t]*,").match(self.text, place)
                if comma is None:
                    return None
                place = comma.end()
        for name, text in zip(left, texts):
            self._keep(name, text, begin, "")
        self.used.append((begin, place))
        return place

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
        self.used.append((begin, end))
        return end

    def _words_value(self, begin: int, at: int, name: Symbol) -> int | None:
        """targets: l l o."""
        if name.base not in ("targets", "target", "labels"):
            return None
        end = line_end(self.text, at)
        text = re.sub(r"(?<![\w.])(?:[-–—?]|n/a)(?=\s*(?:[,;\s\])]|\Z))", "null", self.text[at:end])
        self._keep(name, text.strip(f" \t{BREAK}.;"), begin, "")
        self.used.append((begin, end))
        return end

    def _function(self, begin: int, at: int, name: Symbol) -> int | None:
        """f = tanh, σ(z) = 1 / (1 + e^{-z})."""
        try:
            node, end = self.reader.read(at)
        except formulas.NoFormulaError:
            word = re.compile(rf"[ \t{BREAK}]*([A-Za-z_]+)").match(self.text, at)
            known = formulas.FUNCTIONS.get(word[1].lower()) if word else None
            if word is None or known is None:
                return None
            self.sheet.functions[name.key] = known
            self.used.append((begin, word.end()))
            return word.end()
        function = loss.function_of(node)
        if function:
            self.sheet.functions[name.key] = function
            self.used.append((begin, end))
            return end
        return self._equation(begin, at, name) if not name.text.endswith(")") else None

    def _equation(self, begin: int, at: int, name: Symbol) -> int | None:
        start = re.compile(rf"[ \t{BREAK}]*").match(self.text, at).end()  # type: ignore[union-attr]
        try:
            node, end = self.reader.read(start)
        except formulas.NoFormulaError:
            return None
        if self.clean.under_answers(self.clean.line(begin)) or not (
            self._is_equation(name, node) or "@" in self.text[start:end]
        ):
            return None
        if _numbered(node) and name.offset is None:  # X = [x_1 x_2 x_3]
            if ";" not in self.text[start:end]:
                self.sheet.columns.add(name.key)
            self.used.append((begin, end))
            return end
        text = re.sub(r"\s+", " ", self.text[begin:end].replace(BREAK, " ")).strip()
        layer = IN_LAYER.match(self.text, end)
        if layer and isinstance(node, nodes.Sym) and name.number is None:  # z_t = x_t in layer 1
            name = replace(name, indices=(*name.indices, layer[1] or layer[2]))
        self.sheet.equations.append(
            Equation(name, node, text, _("line {line}").format(line=self.clean.line(begin) + 1))
        )
        self.used.append((begin, end))
        return end

    def _is_equation(self, name: Symbol, node: nodes.Node) -> bool:
        """Whether a formula says how a signal is computed: a step is named, a function applied, a signal read."""
        names = nodes.symbols_of(node)
        if isinstance(node, nodes.Concat) and name.offset is None:  # [S1, 2]: a slip of a number
            return False
        stepped = any(
            symbol.offset is not None or symbol.number is not None or symbol.words == ("T",)
            for symbol in [name, *names]
        )
        signals = {equation.defined.key for equation in self.sheet.equations}
        reads = any(symbol.key in signals for symbol in names)
        return bool(names) and (stepped or isinstance(node, nodes.Apply) or reads)

    def _refuse(self, at: int, name: Symbol) -> None:
        """What looks like a number and is none is no prose."""
        piece = re.compile(rf"[ \t{BREAK}]*([^\s,;{BREAK}]{{0,{LONGEST_NUMBER}}}\d[^\s,;{BREAK}]*|@\S+)").match(
            self.text, at
        )
        where = _("line {line}, {name}").format(line=self.clean.line(at) + 1, name=shown(name.text.strip(), 40))
        if piece is None:
            return
        try:
            if piece[1].startswith("@"):
                raise ParseError(_("a problem file does not name other files; use an option, --x @file.csv"))
            matrix.read(self._whole(piece.start(1)))
        except ParseError as error:
            raise ParseError(f"{where}: {error}") from None

    def _whole(self, at: int) -> str:
        return self.text[at : line_end(self.text, at)].strip(f" \t{BREAK},;")

    # tables, headings, prose ------------------------------------------------------------------------------------------

    def _tables(self) -> None:
        self.cells: list[tables.Cell] = []
        for table in list(tables.find(self.text)):
            taken = list(tables.cells(table, self.text[: table.begin].rstrip().rpartition("\n")[2]))
            self.cells += taken
            for cell in taken:
                read = values.read(cell.text, 0)
                value = read[0] if read else cell.text.strip(f" {BREAK}$")
                answer = self.clean.under_answers(cell.line)
                layer = self.layers.at(table.begin)
                self.sheet.assigned.append(Assigned(cell.symbol, value, cell.line, answer, layer=layer))
            if taken:
                self.used.append((table.begin, table.end))
                blank = re.sub(r"[^\n]", " ", self.text[table.begin : table.end])
                self.text = self.text[: table.begin] + blank + self.text[table.end :]

    def _prose(self) -> None:
        """What was skipped."""
        marks = list(self.text)
        for begin, end in self.used:
            for place in range(begin, min(end, len(marks))):
                if marks[place] != "\n":
                    marks[place] = " "
        self.sheet.prose = "".join(marks).replace(BREAK, " ")
