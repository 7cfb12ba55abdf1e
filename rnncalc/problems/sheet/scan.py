"""A sheet taken apart: assignments, equations, tables; what nobody needs is prose, and is listed if it holds a number.

Two passes: first every name in front of an equals sign, since a formula can only be read by someone who knows the
names; then every right-hand side, a value or a formula, as far as it goes. Longer than other files, because both
passes share one text and the marks of what is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.formulas import loss, nodes
from rnncalc.problems.formulas import reader as formulas
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK, MATRIX, unified
from rnncalc.problems.formulas.symbol import NAME, Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.parse import matrix
from rnncalc.problems.sheet import code, commas, drawn, tables, values
from rnncalc.problems.sheet.layer_parts import LayerParts, how_many

WORDS = (  # keys whose value is a word, or words
    "title source notes cell activation output update gates notation layout loss reduction vectors fused direction "
    "merge vocabulary decimal precision points carry signals"
).split()
PLAIN = ("u", "w", "b", "v", "c", "d", "r", "x", "h0", "c0", "y0", "targets", "lr", "dy", "lengths", "mask")
RUNNING = re.compile(
    r"[tknijlℓτTNDH]|[nd]_\{?(?:x|h|a|y|in|out|hidden)\}?|(?:hidden|input|output|batch)_size"
)  # of steps and sizes
_SIGN = re.compile(r":=|<-|←|≈|\+=(?!=)|(?<![=<>!:≈+])=(?!=)|[:：](?![=:])")
_GRADIENT = re.compile(
    r"(?:\\frac\s*\{\s*[∂dδ]\s*[A-Za-z]\w*\s*\}\s*\{\s*[∂d]\s*|[∂dδ]\s*(?:[LJE]|loss)\s*/\s*[∂d]\s*|∇_?\{?)",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"\b(?:my|your|student(?:'?s)?|submitted)\b.{0,20}\b(?:answers?|solutions?|results?|work)\b|^\W*answers?\W*$|"
    r"^\W*(?:is (?:this|it|that) (?:correct|right)|(?:i|we) (?:get|got|have|obtain)|check (?:my|our|the)\b.*|mine)\W*$|"
    r"^\W*solutions?\s+(?:of|by)\b|(?:这样|对)(?:对)?吗|(?:我|学生)(?:算|求)(?:得|出)|"
    r"\b(?:meine|mes|ma|mis?|mio|ответ)\b.{0,20}(?:lösung|antwort|ergebnis|réponse|respuesta|solution|$)|(?:我|你|您|学生|同学|他|她)的?(?:答案|解答|结果|作答)|^\W*(?:答案|作答|解答)\W*$",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+\S.*|[^\n|]{2,60}[:：][ \t]*|\\(?:sub)*section\*?\{[^{}\n]*\}|"
    r"(?:[Mm]y |[Oo]ur )?[Aa]nswers?(?:[ \t]*\([^()\n]*\))?[ \t]*|"
    r"\*\*[^*\n]+\*\*[ \t]*[:：]?[ \t]*|"
    r"[ \t]*(?:[Ii]s (?:this|it|that)|[Ii] (?:get|got|have)|[Ww]e (?:get|got)|"
    r"[^\n]{0,12}(?:对吗|算得|求得|算出|答案))[^\n=]{0,40})$",
    re.MULTILINE,
)
_WHO = re.compile(r"^[ \t]*(?:name|id|student id|姓名|学号)[ \t]*[:：][^\n=]*$", re.MULTILINE | re.IGNORECASE)
_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t].*$", re.MULTILINE)
_SEED = re.compile(r"^[ \t]*(?:np|numpy)\.random\.seed\([ \t]*(\d{1,10})[ \t]*\)[ \t]*;?[ \t]*$", re.MULTILINE)
_REMARK = re.compile(r"(?:(?<=\s)|(?<=;)|^)(?:#|//|%+)(?=[# \t\w一-鿿]|$)[^\n]*", re.MULTILINE)
_STATED = re.compile(
    r"^[ \t]*(?:#|//)+[ \t]*\w[^\n=]{0,30}=[^\n]*[_\[(^{<][ \t]*t\b[^\n]*$", re.MULTILINE
)  # a remark, an equation
_NUMBERING = re.compile(
    r"^[ \t>]*(?:[-*•+]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)、]|（\w{1,3}）|[①-⑳])(?=[ \t]|$)|"
    r"^[ \t]*#{1,6}[^\n]*|^[ \t>]+",
    re.MULTILINE,
)
_TOTAL = re.compile(r"\s*([LJE])_\{?\w\}?(?:\s*\+\s*(?:\1_\{?\w\}?|…))+")
_BEFORE = re.compile(r"[\w.@\\/\u0300-\u036f-]\Z")


@dataclass(frozen=True)
class Assigned:
    """One value with its name; answer: whether it stands under a heading such as “my answer”; value: its text."""

    symbol: Symbol
    value: str
    line: int
    answer: bool = False
    gradient: bool = False
    key: str = ""  # a name as it is typed elsewhere: U_new.o, answers.h
    layer: int | None = None  # the one that a heading above says

    @property
    def where(self) -> str:
        return _("line {line}, {name}").format(line=self.line + 1, name=shown(self.key or self.symbol.text.strip(), 40))


@dataclass
class Sheet:
    """All that a sheet holds. seeds: (line, seed) of NumPy's random numbers; skipped: lines of prose with a number."""

    assigned: list[Assigned] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    seeds: list[tuple[int, int]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # equations that are not understood
    prose: str = ""
    commas: bool = False  # whether numbers are written with decimal commas
    columns: set[str] = field(default_factory=set)  # names whose columns are the steps: X(:,t)
    layers: int = 0  # as many as the sheet says


def scan(text: str) -> Sheet:
    """Take a sheet apart. Raises ParseError with the line of what is neither a value nor prose."""
    return _Scanner(text).scanned()


class _Scanner:
    def __init__(self, text: str):
        text, with_commas = commas.with_points(drawn.on_one_line(text))
        by_column = code.columns(text)
        text = code.plain(tables.unescaped(text))
        self.text = unified(text)
        self.sheet = Sheet(commas=with_commas, columns=by_column)
        self.used: list[tuple[int, int]] = []
        self.text = self._blanked(_IMPORT)
        self.text = self._blanked(_WHO)
        for seed in _SEED.finditer(self.text):
            self.sheet.seeds.append((self._line(seed.start()), int(seed[1])))
        self.text = self._blanked(_SEED)
        headings = [(number, line) for number, line in enumerate(text.split("\n")) if _HEADING.match(line)]
        self.headings = [number for number, _line in headings]
        self.answers = [
            number for number, line in headings if _ANSWERS.search(re.sub(r"\\\w+\*?", "", line).strip(" #*:：{}"))
        ]
        self.text = _STATED.sub(lambda remark: remark[0].replace("#", " ").replace("//", "  "), self.text)
        self.text = self._blanked(_REMARK)

    def scanned(self) -> Sheet:
        self.layers = LayerParts(self.text, self.headings)
        self.used += self.layers.headings
        self.sheet.layers = how_many(self.text)
        self._tables()
        heads = list(self._heads())
        names = {
            base for _at, _sign, left, _kind in heads for name in left for base in (name.base, name.base.rstrip("'"))
        }
        names |= {name.key for _at, _sign, left, _kind in heads for name in left}
        names |= {cell.symbol.base for cell in self.cells} | {cell.symbol.key for cell in self.cells}
        self.reader = formulas.Reader(self.text, names)
        end, self.head_starts = (
            0,
            [h[0] for h in heads if not any(RUNNING.fullmatch(name.text.strip()) for name in h[2])] + [len(self.text)],
        )
        chained: list[Symbol] = []
        for number, (begin, at, left, kind) in enumerate(heads):
            if begin < end:
                continue
            following = heads[number + 1] if number + 1 < len(heads) else None
            between = self.text[at : following[0]] if following else "."
            if (
                following
                and kind == following[3] == ""
                and not between.strip(f" \t{BREAK}")
                and self.text[at - 1] == "="
            ):
                chained += left  # h_0 = c_0 = 0
                self.used.append((begin, at))
                continue
            end = self._right(begin, at, [*chained, *left], kind, chained) or end
            chained = []
        self._prose()
        return self.sheet

    # names in front of an equals sign ---------------------------------------------------------------------------------

    def _heads(self) -> Iterator[tuple[int, int, list[Symbol], str]]:
        """(begin, place behind the sign, names, kind): kind is "" or gradient, function, word, key."""
        for sign in _SIGN.finditer(self.text):
            if self._inside_matrix(sign.start()) or self._inside_call(sign.start()):
                continue
            line = self.text.rfind("\n", 0, sign.start()) + 1
            begin = max(line, sign.start() - 120)
            head = self._head(begin, sign.start())
            if head is None:
                continue
            start, left, kind = head
            if sign[0] in (":", "：") and (self._words_before(line, start) or kind == "function"):
                continue
            yield start, sign.end(), left, kind

    def _head(self, begin: int, end: int) -> tuple[int, list[Symbol], str] | None:
        """The name, or the names with commas between them, that end at a place."""
        stripped = begin + len(self.text[begin:end].rstrip(f" \t&{BREAK}"))
        gradient = None
        for last in _GRADIENT.finditer(self.text, begin, stripped):
            gradient = last
        if gradient is not None:
            read = symbols.read(self.text, gradient.end())
            if read and read[1] <= stripped and not self.text[read[1] : stripped].strip(" }"):
                return gradient.start(), [read[0]], "gradient"
        typed = re.compile(r"(?:answers\.)?[A-Za-z]\w*(?:\.[A-Za-z]\w*)+\s*\Z").search(self.text[begin:stripped])
        if typed and not _BEFORE.search(self.text[begin : begin + typed.start()]):
            return begin + typed.start(), [Symbol(typed[0].strip(), (), typed[0].strip())], "key"
        function = re.compile(rf"({symbols.LETTERS}+(?:_\w)?)\(([a-su-z])\)\Z").search(self.text[begin:stripped])
        if function and not re.search(rf"\(\s*{function[2]}\s*[-+]\s*1\s*\)", self.text):  # x(n) is a step's
            return begin + function.start(), [Symbol(function[1], (), function[0])], "function"
        names: list[Symbol] = []
        start = stripped
        while True:
            ending = self._ending(begin, start)
            if ending is None:
                break
            start, name = ending
            names.insert(0, name)
            before = self.text[begin:start].rstrip(" \t")
            if not before.endswith(","):
                break
            start = begin + len(before) - 1
        if len(names) > 1 and _NUMBERING.sub(
            "", self.text[begin : begin + self.text[begin:stripped].find(names[0].text)]
        ).strip(f" \t{BREAK}"):
            names = names[-1:]  # the others are prose before a comma
            start = stripped - len(names[0].text)
        if not names:
            return None
        first = begin + self.text[begin:stripped].find(names[0].text, max(0, start - begin) if len(names) == 1 else 0)
        rest = self.text[end : self._line_end(end)][1:]
        word = len(names) == 1 and names[0].text.strip().lower().replace("-", "_") in WORDS
        an_object = rest.lstrip(f"=: {BREAK}").startswith("{")  # precision = {"decimals": 2}
        kind = "word" if word and (an_object or not _SIGN.search(rest.lstrip("="))) else ""
        return max(first, begin), names, kind

    def _ending(self, begin: int, end: int) -> tuple[int, Symbol] | None:
        """The symbol that ends at a place, the longest one."""
        end = begin + len(self.text[begin:end].rstrip(f" \t&{BREAK}"))
        for word in NAME.finditer(self.text, begin, end):
            start = word.start()
            if start > begin and _BEFORE.search(self.text[start - 1 : start]):
                continue
            read = symbols.read(self.text, start)
            if read and read[1] == end:
                return start, read[0]
        return None

    def _words_before(self, line: int, start: int) -> bool:
        return bool(re.sub(_NUMBERING, "", self.text[line:start]).strip(f" \t{BREAK}*$"))

    def _inside_matrix(self, at: int) -> bool:
        before = self.text.rfind("\\begin{", 0, at)
        return before >= 0 and (matrix := MATRIX.match(self.text, before)) is not None and matrix.end() > at

    def _inside_call(self, at: int) -> bool:
        """Whether a sign names an argument of a call: f(precision=4)."""
        depth, line = 0, self.text.rfind("\n", 0, at) + 1
        for place in range(at - 1, line - 1, -1):
            depth += {")": 1, "(": -1}.get(self.text[place], 0)
            if depth < 0:
                return bool(re.match(r"\w", self.text[place - 1 : place]))
        return False

    # right-hand sides -------------------------------------------------------------------------------------------------

    def _right(self, begin: int, at: int, left: list[Symbol], kind: str, chained: list[Symbol]) -> int | None:
        """What stands behind a sign: a value, words, a function, a formula. The place behind it; None for prose."""
        name = left[-1]
        if kind == "" and self._counts(left, at):
            running = self._running(begin, at)
            if running is not None or re.match(r"\s*\d", self.text[at : at + 9]):
                return running
        if kind == "" and loss.is_loss(name) and (total := _TOTAL.match(self.text, at)):  # E = E_1 + E_2 + E_3
            self.used.append((begin, total.end()))
            return total.end()
        if kind == "word" and not (name.base == "loss" and re.match(r"\s*(?:[\d(]|\\?_)", self.text[at : at + 9])):
            return self._word(begin, at, name)
        if kind == "function" or (name.base in formulas.GENERIC and not name.indices):
            return self._function(begin, at, name)
        if kind in ("", "word") and loss.is_loss(name) and not self._answer(begin):
            end = min(self._line_end(at), next(start for start in self.head_starts if start >= at))
            if loss.is_formula(self.text[at:end]):
                self.sheet.losses.append(self.text[at:end])
                self.used.append((begin, end))
                return end
        value = values.read(self.text, at)
        if value is not None and len(left) - len(chained) > 1:
            return self._tuple(begin, at, left)
        if value is not None:
            for symbol in left:
                self._keep(symbol, value[0], begin, kind)
            self.used.append((begin, value[1]))
            return value[1]
        if kind == "" and len(left) == 1 and self.text[at - 1] not in ":：≈":
            behind = self._equation(begin, at, name)
            if behind is not None:
                return behind
            self._not_understood(begin, at, name)
        if self.text[at - 1] not in ":：" or name.key.lower() in PLAIN:
            self._refuse(at, name)
        return self._words_value(begin, at, name)

    def _not_understood(self, begin: int, at: int, name: Symbol) -> None:
        """Keep an equation of a step that cannot be read: it is said, and refused where no other equation is there."""
        right = self.text[at : self._line_end(at)]
        if name.offset is not None and re.search(r"\w\s*\(.*[_^(\[<]\{?\(?<?t\b", right):
            text = shown(re.sub(r"\s+", " ", (self.text[begin:at] + right).replace(BREAK, " ")).strip(), 80)
            self.sheet.unread.append(_("line {line}: {text}").format(line=self._line(begin) + 1, text=text))

    def _counts(self, left: list[Symbol], at: int) -> bool:
        """Whether a name counts steps or layers: t = 1, 2, 3. A bias k = 0.15 does not, nor what an equation reads."""
        if not any(RUNNING.fullmatch(name.text.strip()) for name in left) or self.text[at - 1] == "≈":
            return False
        read = {name for equation in self.sheet.equations for name in nodes.symbols_of(equation.node)}
        known = any(name.key == other.key and not other.indices for name in left for other in read)
        return not known and not re.match(r"\s*-?\d*\.\d", self.text[at : at + 40])

    def _running(self, begin: int, at: int) -> int | None:
        """t = 1, 2, 3: which steps a formula is for."""
        value = values.read(self.text, at)
        if value is None or value[0].lstrip()[:1] in "[(\\{":  # t = (0, 1, 0) is a target
            return None
        self.used.append((begin, value[1]))
        return value[1]

    def _keep(self, name: Symbol, value: str, begin: int, kind: str) -> None:
        line = self._line(begin)
        key = name.text if kind == "key" else ""
        self.sheet.assigned.append(
            Assigned(
                name,
                value,
                line,
                self._answer(begin) or key.startswith("answers."),
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
        end = self._line_end(at)
        text = self.text[at:end].split(BREAK)[0] if BREAK in self.text[at:end].strip(BREAK) else self.text[at:end]
        word = text.strip(f" \t{BREAK},;.\"'")
        if not word:  # a heading
            return None
        self.sheet.assigned.append(Assigned(name, word, self._line(begin), key=name.text.strip().lower()))
        self.used.append((begin, end))
        return end

    def _words_value(self, begin: int, at: int, name: Symbol) -> int | None:
        """targets: l l o."""
        if name.base not in ("targets", "target", "labels"):
            return None
        end = self._line_end(at)
        self._keep(name, self.text[at:end].strip(f" \t{BREAK}.;"), begin, "")
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
        if self._answer(begin) or not (self._is_equation(name, node) or "@" in self.text[start:end]):
            return None
        text = re.sub(r"\s+", " ", self.text[begin:end].replace(BREAK, " ")).strip()
        self.sheet.equations.append(Equation(name, node, text, _("line {line}").format(line=self._line(begin) + 1)))
        self.used.append((begin, end))
        return end

    def _is_equation(self, name: Symbol, node: nodes.Node) -> bool:
        """Whether a formula says how a signal is computed: a step is named, a function applied, a signal read."""
        names = nodes.symbols_of(node)
        if isinstance(node, nodes.Concat) and name.offset is None:  # [S1, 2]: a slip of a number
            return False
        stepped = any(symbol.offset is not None or symbol.number is not None for symbol in [name, *names])
        signals = {equation.defined.key for equation in self.sheet.equations}
        reads = any(symbol.key in signals for symbol in names)
        return bool(names) and (stepped or isinstance(node, nodes.Apply) or reads)

    def _refuse(self, at: int, name: Symbol) -> None:
        """What looks like a number and is none is no prose."""
        piece = re.compile(rf"[ \t{BREAK}]*([^\s,;{BREAK}]*\d[^\s,;{BREAK}]*|@\S+)").match(self.text, at)
        where = _("line {line}, {name}").format(line=self._line(at) + 1, name=shown(name.text.strip(), 40))
        if piece is None:
            return
        try:
            if piece[1].startswith("@"):
                raise ParseError(_("a problem file does not name other files; use an option, --x @file.csv"))
            matrix.read(self._whole(piece.start(1)))
        except ParseError as error:
            raise ParseError(f"{where}: {error}") from None

    def _whole(self, at: int) -> str:
        return self.text[at : self._line_end(at)].strip(f" \t{BREAK},;")

    # tables, headings, prose ------------------------------------------------------------------------------------------

    def _tables(self) -> None:
        self.cells: list[tables.Cell] = []
        for table in list(tables.find(self.text)):
            taken = list(tables.cells(table))
            self.cells += taken
            for cell in taken:
                read = values.read(cell.text, 0)
                value = read[0] if read else cell.text.strip(f" {BREAK}$")
                answer = self._answer_line(cell.line)
                layer = self.layers.at(table.begin)
                self.sheet.assigned.append(Assigned(cell.symbol, value, cell.line, answer, layer=layer))
            if taken:
                self.used.append((table.begin, table.end))
                blank = re.sub(r"[^\n]", " ", self.text[table.begin : table.end])
                self.text = self.text[: table.begin] + blank + self.text[table.end :]

    def _answer(self, at: int) -> bool:
        return self._answer_line(self._line(at))

    def _answer_line(self, line: int) -> bool:
        """Whether the nearest heading above is one of answers."""
        above = [heading for heading in self.headings if heading <= line]
        return bool(above) and above[-1] in self.answers

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at)

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def _blanked(self, pattern: re.Pattern[str]) -> str:
        return pattern.sub(lambda part: re.sub(r"[^\n]", " ", part[0]), self.text)

    def _prose(self) -> None:
        """What was skipped, and which of its lines hold a number."""
        marks = list(self.text)
        for begin, end in self.used:
            for place in range(begin, min(end, len(marks))):
                if marks[place] != "\n":
                    marks[place] = " "
        self.sheet.prose = "".join(marks).replace(BREAK, " ")
        for number, line in enumerate(_NUMBERING.sub("", self.sheet.prose).splitlines()):
            bare = NAME.sub(lambda word: word[0], line)
            bare = re.sub(rf"{symbols.LETTERS}\S*", " ", bare)
            if re.search(r"\d", bare):
                self.sheet.skipped.append(
                    _("line {line}: {text}").format(line=number + 1, text=shown(line.strip(" ,.;$*|"), 60))
                )
