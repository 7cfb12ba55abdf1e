"""A sheet taken apart: assignments, equations, tables; what nobody needs is prose, and is listed if it holds a number.

Two passes: first every name in front of an equals sign, since a formula can only be read by someone who knows the
names; then every right-hand side, a value or a formula, as far as it goes (`right_sides`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from rnncalc.common.i18n import _
from rnncalc.errors import shown
from rnncalc.problems.formulas import reader as formulas
from rnncalc.problems.formulas.function_definitions import Body, opened
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.sheet import named_functions, tables, unread, values
from rnncalc.problems.sheet.cleaned import CleanText, line_end
from rnncalc.problems.sheet.heads import Head, Heads
from rnncalc.problems.sheet.layer_parts import LayerParts, how_many
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.right_sides import RightSides

LONGEST_FORMULA = 300  # characters, of a function
_STEP = re.compile(r"<\s?\w{1,4}(?:\s?[-+]\s?1)?\s?>")  # of a^{<t>}
_GOES_ON = re.compile(  # behind what was read of a formula: z^+, z if z > 0 else 0.1 z
    r"\A[ \t]*[-+*/^_'⁺(\[{|\\<>≤≥]|[<>≤≥]|\\(?:[lg]eq?|[lg]eqslant)\b|"
    r"\b(?:if|else|otherwise|sonst|falls|wenn|sinon|si)\b|否则|若|当"
)
_TIMES = re.compile(  # z sin z, z 2^z: a factor that was not read
    r"[ \t]*(?:\.?\d|\\?(?:sinh?|cosh?|tanh?|arc\w+|atanh?|erf|log|ln|exp|sqrt|abs|sgn|max|min|soft\w+|[gs]elu)\b)",
    re.IGNORECASE,
)
_FUNCTION = re.compile(rf"[ \t{BREAK}]*([A-Za-z]+)[ \t{BREAK}]*(?![\w(])")


def scan(text: str, decimal: str = "", answers: bool = False) -> ScannedSheet:
    """Take a sheet apart. decimal: comma or point. answers: whether it holds nothing but answers.

    Raises ParseError with the line of what is no value and no prose.
    """
    clean = CleanText(text, decimal, answers)
    sheet = ScannedSheet(
        text=clean.text, original=text, seeds=clean.seeds, commas=clean.commas, columns=clean.columns,
        layers=how_many(clean.text),
    )  # fmt: skip
    layers = LayerParts(clean.text, clean.headings)
    left, cells, used = _without_tables(clean, sheet, layers)
    heads = list(Heads(left))
    names = [name for head in heads if not _names_function(left, head) for name in head.names]
    names += [cell.symbol for cell in cells]
    known = {part for name in names for part in (name.base, name.base.rstrip("'"), name.key)}
    own, functions, formulas_at = _defined_functions(clean, left, heads, known, sheet)
    reader = formulas.Reader(left, known, {**named_functions.meaning_of_sigma(left), **own})
    sides = RightSides(clean, left, sheet, layers, heads, reader)
    sides.read()
    sheet.equations = [replace(equation, node=opened(equation.node, functions)) for equation in sheet.equations]
    sheet.prose = _blank(
        left, [*layers.headings, *used, *sides.used, *(formulas_at if sheet.equations else ())]
    ).replace(BREAK, " ")
    _keep_lost_equations(clean, sheet)
    return sheet


def _defined_functions(
    clean: CleanText, text: str, heads: Sequence[Head], known: Collection[str], sheet: ScannedSheet
) -> tuple[dict[str, str], dict[str, Body], list[tuple[int, int]]]:
    """The letters of functions that formulas define: our names of them, the formulas of those that have none.

    And where all these formulas stand.
    """
    own, bodies, places = dict[str, str](), dict[str, Body](), list[tuple[int, int]]()
    for head in heads:
        written = head.names[-1].text
        name, variable = written[:-3], written[-2:-1]
        if head.kind != "function" or name.endswith("'"):
            continue
        name = name if len(name) == 1 else name.lower()
        line = text[head.at : min(line_end(text, head.at), head.at + LONGEST_FORMULA)]
        formula = re.sub(rf"\|\s?{variable}\s?\|", f"abs({variable})", line)
        formula = re.sub(
            rf"(?<![A-Za-z])e\s?\^\s?(?:\{{\s?{variable}\s?\}}|{variable}(?!\w))", f"exp({variable})", formula
        )
        try:
            node, end = formulas.Reader(formula, {*known, variable}).read(0)
            behind = _STEP.sub("", formula[end:])
            more = _TIMES.match(behind) or re.search(
                rf"\A(?:[^,;，；。=]*\\?[A-Za-z]\s?[({{]\s?|[ \t]*){variable}\b", behind
            )
            body = None if _GOES_ON.search(behind) or more else Body(variable, node)
        except formulas.NoFormulaError:
            body = None
        if body is None or not body.readable:
            where = _("line {line}: {text}").format(
                line=clean.line(head.begin) + 1, text=shown(written + " =" + line, 60)
            )
            sheet.undefined.setdefault(name, where)
            continue
        own[name] = body.name or name
        bodies |= {} if body.name else {name: body}
        places.append((head.begin, head.at + len(line) - len(formula) + end))
    return own, bodies, places


def _without_tables(
    clean: CleanText, sheet: ScannedSheet, layers: LayerParts
) -> tuple[str, list[tables.Cell], list[tuple[int, int]]]:
    """The text without its tables, their values, which go into the sheet, and where they stand."""
    text, every, used = clean.text, list[tables.Cell](), list[tuple[int, int]]()
    for table in list(tables.find(text)):
        cells = list(tables.cells(table, text[: table.begin].rstrip().rpartition("\n")[2]))
        for cell in cells:
            read = values.read(cell.text, 0)
            value = read[0] if read else cell.text.strip(f" {BREAK}$")
            answer, layer = clean.under_answers(cell.line), layers.at(table.begin)
            sheet.assigned.append(Assigned(cell.symbol, value, cell.line, answer, layer=layer))
        every += cells
        rows = dict(tables.without_names(table))
        if cells or rows:
            used.append((table.begin, table.end))
            lines = _blank(text, used[-1:]).split("\n")
            text = "\n".join(rows.get(number, line) for number, line in enumerate(lines))
    return text, every, used


def _blank(text: str, parts: list[tuple[int, int]]) -> str:
    """The text with blanks in some parts; every line stays where it is."""
    marks = list(text)
    for begin, end in parts:
        marks[begin:end] = [mark if mark == "\n" else " " for mark in marks[begin:end]]
    return "".join(marks)


def _names_function(text: str, head: Head) -> bool:
    """Whether a head says what a letter stands for: f = tanh, f(z) = max(0, z)."""
    word = _FUNCTION.match(text, head.at)
    named = word is not None and word[1].lower() in formulas.FUNCTIONS
    return head.kind == "function" or (named and all(name.base in formulas.GENERIC for name in head.names))


def _keep_lost_equations(clean: CleanText, sheet: ScannedSheet) -> None:
    """Keep the equations of a step that stand in the sheet, and that nothing was read from."""
    defined = {_letters(name) for name in (*(equation.defined.base for equation in sheet.equations), *sheet.functions)}
    defined |= {name[0] for name in defined}  # a sheet may put its hats by commands of its own
    original = [each for each in unread.step_equations(sheet.original) if _letters(each.base) not in defined]
    for equation in [*original, *unread.step_equations(sheet.prose)]:
        if clean.under_answers(equation.line):
            continue
        text = _("line {line}: {text}").format(line=equation.line + 1, text=equation.text)
        if _letters(equation.base) not in defined:
            sheet.lost.setdefault(equation.base, text)
        if not any(other.startswith(text[: text.index(":") + 1]) for other in sheet.unread):
            sheet.unread.append(text)


def _letters(name: str) -> str:
    """A name without case, with one accent for any: ĉ and c̃ are the same candidate."""
    plain = unicodedata.normalize("NFD", name)
    return plain[:1].lower() + ("~" if len(plain) > 1 and unicodedata.combining(plain[1]) else "")
