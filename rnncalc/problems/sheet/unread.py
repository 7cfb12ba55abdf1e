"""The lines of a sheet that hold a number which nothing was read from: they are listed, nothing is lost silently.

Numbers of exercises and pages, dates, points and the precision that is asked for are no numbers of the problem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import shown
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.sheet import digits, prose
from rnncalc.problems.sheet.cleaned import NUMBERING
from rnncalc.problems.sheet.heads import Heads
from rnncalc.problems.sheet.step_lines import LABEL

MOST = 8  # lines that are shown
_POINTS = re.compile(
    r"(?<!\w)\d+ (?:numbers?|个数)(?=[,; ])|"
    r"(?<![\w.])\d{1,3}(?:\.\d)? ?-?(?:points?|pts?\b|marks?\b|分(?![^\W\d_])|Punkte?n?|puntos?|баллов)|"
    r"本题 ?\d+ ?分|\[\d{1,2}\][ \t]*$",
    re.IGNORECASE,
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)[a-z]{0,6}\.?"
_LABELS = re.compile(
    r"\b(?:exercises?|problems?|questions?|quiz|homework|hw|assignment|task|(?:problem )?set|sheet|pages?|figures?|fig|"
    r"tables?|sections?|chapter|lecture|slide|week|appendix|equations?|eq|report|version|room|box|aufgaben?|\w*blatt|"
    r"abbildung|seite|exercice|ejercicio|problema|esercizio|zadanie|задача|bài(?: tập)?)\b\.?(?:\s|#|\\#|~){0,3}"
    r"\(?\d{1,4}(?:[./-]\d{1,4})*[a-z]?\)?(?: of \d{1,4}\b)?|"
    r"第\s*\d{1,3}\s*[题章节页讲周次]|(?:习题|题目?|[图表])\s?\d{1,3}(?:[-.]\d{1,3})*|(?<![\d.])\d{1,2}(?:\.\d{1,2}){0,5}\s?[节章]|"
    r"时刻\s?\d{1,3}|(?<![\w-])[A-Z]{2,5} ?\d{3,4}[A-Za-z]?(?![\w.])|"
    rf"(?:\d{{1,2}}\.? ?)?\b{_MONTH} ?(?:\d{{1,2}}(?!\d))?(?:,? ?(?:19|20)\d\d)?\b|\d{{1,2}} ?月 ?\d{{1,2}} ?日|"
    r"\b\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?(?: [+-]\d{4})?|\b\d{1,2}/\d{1,2}/\d{2,4}\b|"
    r"\b\d{1,2}\. \d{1,2}\.(?: ?\d{4})?(?!\d)|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b|"
    r"\b(?:19|20)\d\d(?:[-–—/](?:19|20)?\d\d)?(?=\)| ?年| ?学年)|"
    r"\\tag\*?\{[^{}\n]{0,40}\}|\[\^\d{1,2}\]|\S{1,60}@\S{1,60}|\[-1\]|\bset_printoptions\([^()\n]{0,80}\)|"
    r"(?<=section\{)\d{1,2}(?:\.\d{1,2})*|(?<=section\*\{)\d{1,2}(?:\.\d{1,2})*|"
    r"\bTime: \d{1,3} ?min\b|用时 ?\d{1,3} ?分钟",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"[Rℝ]\s?\^\s?(?:\{[^{}\n]{1,24}\}|\d)|∈\s?\{[01, ]+\}|"
    r"[,，、]?\s{0,3}(?:…|\.\.\.)\s{0,3}[,，、]?\s{0,3}(?:[^\W\d]\w?_)?\d{1,4}(?![.\d])"
)
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\\(?:sub)*section\*?\{)(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?(?=[ \t]))?|"
    r"^\d{1,2}(?:\.\d{1,2}){2}(?=[ \t])|^[ \t]*\d{1,2}-\d{1,2}(?=[(（ ]|$)"
)
_VERBS = r"Compute|Calculate|Find|Give|What|Show|Determine|Evaluate|Write|计算|求|写出|画出|给出|证明"
_EMPTY = re.compile(r"[(\[（]\s*[)\]）]")
_COUNTED = re.compile(
    r"\b[tkn] ?(?:=|∈ ?\{?) ?\d(?:(?:, ?(?:and )?| and |、| ?和 ?)\d)*\}?(?!\.?\d)"
)  # for t = 1, 2, 3
_ITEM = re.compile(
    r"^[ \t>*]{0,9}(?:[(（]?\d{1,2}(?:[.-]\d{1,2}){0,2}[)）.、:．]|\d[a-z]\)|"
    rf"\d{{1,2}}\.\d{{1,2}}(?=[ \t]+(?:{_VERBS})))"
    r"(?=[ \t*(（]*[^\W\d])|"
    rf"^[ \t]*\d{{1,2}}[ \t]+(?={_VERBS})|[(（]\d{{1,2}}[)）](?=[ \t]*[^\W\d])|"
    r"(?<=[.。;；] )\d{1,2}\.(?=[ \t]{1,3}(?:[^\W\d]|[\\$∂]))"
)

_NAME = re.compile(  # h_3, x^{(1)}, U[2][1], z(4): their digits are part of them
    rf"{symbols.LETTERS}[A-Za-z\d\u0300-\u036f']*"
    r"(?:\s?[_^]\s?(?:\{[^{}\n]{0,30}\}|<[^<>\n]{0,12}>|\([^()\n]{1,12}\)|[A-Za-z\d+-]+)|\[\s?\w{1,4}\s?\]|"
    r"(?<=[A-Za-z\d])\(\s?\w{1,4}\s?\)|<\s?\w{1,4}\s?>)*"
)

_NUMBERS = re.compile(r"[\s$&{]{0,9}(?:[-+−–]?[ \t]?\.?\d|[\[(]|\\begin)")
_WORDS = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
_STEP_EQUATION = re.compile(
    r"(?P<accent>\\(?:wide)?(?:tilde|hat)\s*\{?\s*)?(?<![A-Za-z\\_^])(?P<base>[A-Za-zΑ-ω][\u0300-\u036f]?)\}{0,3}"
    r"\s?(?:[_^]\s?\{?\s?(?:[(<]|\\langle)?\s?t\s?(?:[)>]|\\rangle)?\s?\}?|[(\[]t[)\]]|<t>)(?:\^\{?\(?[lL\d]\)?\}?)?"
    r"\s*&?\s*=(?![=])(?P<right>[^=\n]*)"
)
_COMPUTES = re.compile(
    r"(?:tanh|sigm|σ|sigma|relu|softmax|softplus|elu\b|φ|phi|\b[fg]\s?\()[^\n]*[_^(\[<]\s?\{?[(<]?\s?t\b", re.IGNORECASE
)
_DERIVED = re.compile(r"∂|partial|δ|delta|∇|nabla|frac|derivative|gradient|梯度|导数|误差", re.IGNORECASE)


class StepEquation(NamedTuple):
    """base: the letters of what it defines; line: counted from 0; text: as it stands."""

    base: str
    line: int
    text: str


def step_equations(text: str) -> Iterator[StepEquation]:
    """What looks like the equation of a step, h_t = tanh(… x_t …), in any spelling; no derivatives, no losses."""
    for number, line in enumerate(text.splitlines()):
        for equation in _STEP_EQUATION.finditer(line) if "=" in line else ():
            if _COMPUTES.search(equation["right"]) and not _DERIVED.search(line) and equation["base"] not in "LJE":
                base = unicodedata.normalize("NFC", equation["base"] + ("\u0303" if equation["accent"] else ""))
                yield StepEquation(base, number, shown(re.sub(r"\s+", " ", equation[0]).strip(" $&|"), 80))


def lines(text: str, original: str, used: Collection[str], sizes: Sequence[str] = ()) -> list[str]:
    """The lines of prose that hold a number, with where they stand, as the sheet has them.

    original: the sheet; used: the keys whose values were read from sentences; sizes: the words of sizes that were read.
    """
    unread, sheet = [], original.split("\n")
    for number, line in enumerate(text.split("\n")):
        bare = _EMPTY.sub(" ", _POINTS.sub(" ", LABEL.sub(" ", line)))
        bare = _COUNTED.sub(" ", _ITEM.sub(" ", NUMBERING.sub("", _HEADING.sub("", bare))))
        for words in sizes:
            bare = bare.replace(words, " ")
        bare = digits.without_precision(prose.without_facts(bare, used))
        bare = _SHAPES.sub(" ", _LABELS.sub(" ", bare))
        if re.search(r"\d", _NAME.sub(" ", bare)):
            where = _("line {line}: {text}")
            unread.append(
                where.format(line=number + 1, text=as_it_stands(sheet[number] if number < len(sheet) else line, bare))
            )
    return unread


def definitions(prose: str, original: str) -> dict[str, str]:
    """What the prose still defines by numbers or by a function's formula: name → the line as the sheet has it."""
    defined, sheet = dict[str, str](), original.split("\n")
    for head in Heads(prose):
        if head.kind == "function" or (prose[head.at - 1] == "=" and _NUMBERS.match(prose, head.at)):
            number = prose.count("\n", 0, head.at)
            text = shown(re.sub(r"\s+", " ", sheet[number] if number < len(sheet) else "").strip(" ,;$*|"), 80)
            defined[head.names[-1].key] = _("line {line}: {text}").format(line=number + 1, text=text)
    return defined


def as_it_stands(line: str, sentence: str) -> str:
    """The sentence of a line, as the sheet has it, that has most words of what was read of it."""
    words = {*_WORDS.findall(sentence)}
    parts = re.split(r"(?<=[;。；])|(?<=[.!?])\s+(?=[^\W\d_])", line)
    best = max(parts, key=lambda part: (len(words & {*_WORDS.findall(part)}), len(part)))
    return shown(re.sub(r"\s+", " ", best).strip(" ,;$*|"), 80)


def is_unread(note: str) -> bool:
    """Whether a note is on a line that nothing was read from."""
    return note.startswith(_("not read: {text}").format(text=""))


def listed(unread: Sequence[str]) -> list[str]:
    """The notes on these lines, of many the first ones and how many more there are."""
    notes = [_("not read: {text}").format(text=text) for text in unread[:MOST]]
    rest = len(unread) - MOST
    return [*notes, _("not read: {n} more lines that hold a number").format(n=rest)] if rest > 0 else notes
