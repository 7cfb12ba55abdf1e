"""Tables of a sheet: a row a step, a row a gate, or a row a name; in Markdown or LaTeX.

Longer than other files, because a table is found and read by the same words.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.sheet import layer_parts, values
from rnncalc.problems.sheet.table_heads import (
    FEATURE,
    GATE_STEPS,
    codes_words,
    gate_of,
    has_words,
    is_gate,
    is_word,
    layer_of,
    said_step,
    step_of,
    symbol_of,
    weight_of,
)

_RULE = re.compile(r"[\s|:+-]*")
_TABULAR = re.compile(
    r"\\begin\s*\{(tabularx?|longtable|array(?=\}\{[^{}]*\}\s*\\(?:text|mathrm)\b))\}(?:\[\w*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\}){1,2}(.*?)\\end\s*\{\1\}",
    re.DOTALL,
)
STEP = re.compile(
    r"(?:t|k|n|(?:time[\s-]{0,3})?step|time|(?:第\s{0,3})?(?:(?:几|[tkn])\s{0,3})?(?:个?时间步?|时刻|步骤?|天|日|周)|"
    r"(?:zeit)?schritt|days?|weeks?|hours?|months?|tag|woche|stunde|jour|día)\.?(?:\s{0,3}[(（]?[tkn][)）]?)?",
    re.IGNORECASE,
)
_STEP_HEAD = re.compile(  # of a column: t = 2, step 2, 第 2 步
    r"[(（]?(?:[tkn]\s?=\s?\d{1,4}|(?:time[\s-]?)?step\s?\d{1,4}|(?:zeit)?schritt\s?\d{1,4}|第\s?\d{1,4}\s?(?:个?时间步|个?时刻|步)|"
    r"(?:时间步|时刻)\s?(?:[tkn]\s?=\s?)?\d{1,4}|(?:étape|pas|paso|шаг)\s?\d{1,4})[)）]?",
    re.IGNORECASE,
)
_OTHERS = re.compile(  # what a row is that is no step
    r"\W*(?:units?|neurons?|einheit|neuron|nr|samples?|examples?|sequences?|cases?|beispiel|folge|students?|"
    r"questions?|神经元|单元|样本|样例|序列|学生|题号?)\b.*",
    re.IGNORECASE,
)
_SEQUENCE = re.compile(
    r"(?:samples?|examples?|sequences?|sentences?|样本|样例|序列|句子?|第)\W{0,3}\d{1,4}\W{0,3}[个条]?", re.IGNORECASE
)
_LABELS = re.compile(r"labels?|targets?|class|标签|目标|类别", re.IGNORECASE)
_PLAIN = re.compile(  # without rules: step  h[1]  h[2], and below it a row a step
    rf"^[ \t]*(?:{STEP.pattern})(?:[ \t]+[^\s\d=|&][^\s=|&]*)+[ \t]*\n"
    r"(?:[ \t]*\d{1,6}(?:[ \t]+[-+−\d._][^\s=|&]*)+[ \t]*(?:\n|\Z))+",
    re.MULTILINE | re.IGNORECASE,
)
_OF_GATES = re.compile(  # without rules, two blanks between two heads: input weight  bias, and below it a row a gate
    r"^[ \t]*[^\W\d][^\n=|&]*\n(?:[ \t]*[-─_]{3,200}[ \t]*\n)?"
    r"(?:[ \t]*[^\W\d][^\n=|&\d]{0,30}(?:[ \t]+[-+−]?[\d._][^\s=|&]*)+[ \t]*(?:\n|\Z)){2,}",
    re.MULTILINE,
)
_HEAD = r"[^\W\d][^\n,;|=&]{0,30}"
_ENTRY = r"[ \t]{0,9}[-+−]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:e[-+]?\d{1,3})?[ \t]{0,9}"
_SEPARATED = re.compile(
    rf"^[ \t]{{0,9}}{_HEAD}(?:[,;][ \t]{{0,9}}{_HEAD})+\n(?:{_ENTRY}(?:[,;](?:{_ENTRY}|[ \t]?_{{0,9}}))+(?:\n|\Z))+",
    re.MULTILINE | re.IGNORECASE,
)
_RATIO = re.compile(r"/|\\frac|∇|nabla")  # of a gradient's name
GATE = re.compile(
    r"(?:gates?|[门門]|闸门|门控|gatter|tore?|portes?|게이트|ゲート|(?:com)?puertas?|portas?|вентил\w{1,2}|гейт\w{0,2})?",
    re.IGNORECASE,
)
NAME = re.compile(r"(?:name|parameter|quantity|symbol|matrix|variable|参数|名称|符号|变量)s?", re.IGNORECASE)
VALUE = re.compile(
    r"(?:value|valore?|valeur|wert|wartość|取值|answer|your answer|my answer|result|值|数值|答案|结果)s?", re.IGNORECASE
)
NOTHING = re.compile(rf"[\s${BREAK}]*(?:[-–—−/·]+|n\.?/?a\.?|none|无)[\s${BREAK}]*", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """One value of a table: its name, its text, its line (from 0)."""

    symbol: Symbol
    text: str
    line: int


@dataclass(frozen=True)
class Table:
    """begin, end: where it stands; header and rows as texts, with the line of each row."""

    begin: int
    end: int
    header: list[str]
    rows: list[tuple[int, list[str]]]


def unescaped(text: str) -> str:
    """The text with the signs of Markdown's and LaTeX's tables as they are read: h\\[1\\] is h[1]."""
    text = text.replace(r"\textasciicircum{}", "^")
    return re.sub(r"^[ \t]*\|.*\|[ \t]*$", lambda row: re.sub(r"\\([][_])", r"\1", row[0]), text, flags=re.MULTILINE)


def find(text: str) -> Iterator[Table]:
    """Every table of the text."""
    for tabular in _TABULAR.finditer(text):
        line = text.count("\n", 0, tabular.start(2))
        body = re.sub(
            r"\\(?:hline|toprule|midrule|bottomrule|end(?:first|last)?(?:head|foot)|cline\{[^}]*\})", " ", tabular[2]
        )
        body = re.sub(r"\\(?:text|mathrm)\s*\{([^{}]*)\}", r"\1", body)  # an array is no matrix where it has words
        rows = []
        for row in re.split(rf"\\\\|{BREAK}(?=\s*\n)", body):
            if row.strip():
                rows.append((line, [cell.strip() for cell in row.split("&")]))
            line += row.count("\n")
        if len(rows) > 1:
            yield Table(tabular.start(), tabular.end(), rows[0][1], rows[1:])
    for block in re.finditer(r"(?:^[ \t]*\|.*\|[ \t]*(?:\n|\Z)){2,}", text, re.MULTILINE):
        rows = [(at, _cells(line.strip())) for at, line in _lines(text, block) if not _RULE.fullmatch(line)]
        if len(rows) > 1:
            yield Table(block.start(), block.end(), rows[0][1], rows[1:])
    for block in _PLAIN.finditer(text):
        rows = [(at, line.split()) for at, line in _lines(text, block)]
        if all(len(row) == len(rows[0][1]) for _line, row in rows):
            yield Table(block.start(), block.end(), rows[0][1], rows[1:])
    yield from _aligned(text)
    yield from _separated(text)


def _lines(text: str, block: re.Match[str]) -> Iterator[tuple[int, str]]:
    """The lines of a block, each with its number in the text."""
    return enumerate(block[0].splitlines(), text.count("\n", 0, block.start()))


def _aligned(text: str) -> Iterator[Table]:
    """Gates with numbers in columns that blanks separate, under a line of names; their own column may have none."""
    for block in _OF_GATES.finditer(text):
        (_line, named), *lines = _lines(text, block)
        apart = [(at, re.match(r"\s*(.*?)\s+(?=[-+−]?[\d._])(.*)", line)) for at, line in lines]
        rows = [(at, [row[1], *row[2].split()]) for at, row in apart if row]
        width = len(rows[0][1])
        for gap in (r"[ \t]{2,}|\t", r"[ \t]+"):
            header = re.split(gap, named.strip())
            if len(header) == width - 1:
                header = ["", *header]
            same = len(header) == width and all(len(row) == width for _line, row in rows)
            if same and GATE.fullmatch(header[0]) and all(gate_of(row[0]) for _line, row in rows):
                yield Table(block.start(), block.end(), header, rows)
                break


def _separated(text: str) -> Iterator[Table]:
    """Lines with commas or semicolons under a line of names, a row a step; the step may have no column of its own."""
    for block in _SEPARATED.finditer(text):
        first = text.count("\n", 0, block.start())
        header, *rows = [re.split(r"[ \t]*[,;][ \t]*", line.strip()) for line in block[0].splitlines()]
        if any(len(row) != len(header) for row in rows) or any(head.endswith((":", "：", ".")) for head in header):
            continue
        counted = bool(STEP.fullmatch(header[0]))
        yield Table(
            block.start(),
            block.end(),
            header if counted else ["t", *header],
            [(first + at, row if counted else [str(at), *row]) for at, row in enumerate(rows, 1)],
        )


def _cells(line: str) -> list[str]:
    return [cell.strip().strip(BREAK).strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def cells(table: Table, above: str = "") -> Iterator[Cell]:
    """Every value with its name: h_2 of the column h_t, W_f of the column W in the row f. A dash is no value.

    above: the line over the table, which says what a table with a row a sequence and a column a step is of.
    """
    return (cell for cell in _cells_of(table, above) if not NOTHING.fullmatch(cell.text))


def _cells_of(table: Table, above: str) -> Iterator[Cell]:
    first = table.header[0]
    if _has_equations(table):
        return  # they are read where they stand
    steps = [step_of(_bare(head)) for head in table.header[1:]]
    if all(steps) and all(_SEQUENCE.fullmatch(_bare(row[0])) for _line, row in table.rows):
        if _LABELS.search(above) and all(len(row) == len(table.header) for _line, row in table.rows):
            for at, step in enumerate(steps, 1):
                yield Cell(
                    Symbol("targets", (str(step),), first),
                    f"[{', '.join(row[at] for _line, row in table.rows)}]",
                    table.rows[0][0],
                )
    elif all(_STEP_HEAD.fullmatch(_bare(head)) for head in table.header[1:]) or _of_signals(table):
        if all(row and symbol_of(row[0]) for _line, row in table.rows):  # else its numbers are said to be unread
            yield from _by_step(_on_end(table))
    elif STEP.fullmatch(_bare(first)) or all(row and said_step(row[0]) for _line, row in table.rows) or _counts(table):
        yield from _by_step(_standing(table))
    elif codes_words(table.header):
        for line, row in table.rows:
            code = row[1] if len(row) == 2 else f"[{', '.join(row[1:])}]"
            if row[0] and values.numbers(code) is not None:
                yield Cell(Symbol("@code", (row[0].strip("\"'“”‘’`* "),), row[0]), code, line)
    elif len(table.header) > 2 and all(layer_parts.numbered(head) for head in table.header[1:]):
        for line, row in table.rows:
            name = symbol_of(row[0]) if row else None
            for head, text in zip(table.header[1:], row[1:]):
                if name and text:
                    yield Cell(_of_layer(name, layer_parts.numbered(head)), text, line)
    elif gates := _of_gates(table):
        shared = _shared_labels(gates.header[1:])
        for line, row in gates.rows:
            for name, text in _of_gate(gates.header[1:], row[1:]):
                layer = [label for label in name.labels if label.isdigit()]
                labels = (*(word for word in name.words if word not in shared), gate_of(row[0]), *layer)
                yield Cell(Symbol(name.base, labels, name.text, steps=GATE_STEPS), text, line)
    elif layer_parts.HEADER.fullmatch(first) and all(layer_of(row[0]) for _line, row in table.rows if row):
        for line, row in table.rows:
            for head, text in zip(table.header[1:], row[1:]):
                name = symbol_of(head)
                if name and text:
                    yield Cell(_of_layer(name, layer_of(row[0])), text, line)
    elif (column := _value_column(table)) is not None:
        for line, row in table.rows:
            name = symbol_of(row[0])
            if name and len(row) > column:
                yield Cell(name, row[column], line)
    elif len(table.header) == 2 and (NAME.fullmatch(first) or re.search(r"[\[\d]", table.header[1])):
        rows = table.rows if NAME.fullmatch(first) else [(table.rows[0][0] - 2, table.header), *table.rows]
        for line, row in rows:
            name = symbol_of(row[0]) if row else None
            if name and len(row) == 2:
                yield Cell(name, row[1], line)


def _bare(head: str) -> str:
    return re.sub(rf"[${BREAK}\s]+", " ", head).strip()


def _has_equations(table: Table) -> bool:
    """Whether the cells say the names themselves: W_f = [0.7, 0.4]."""
    named = [[cell for cell in row[1:] if cell and not NOTHING.fullmatch(cell)] for _line, row in table.rows]
    return all(row and all(re.search(r"\w\W*=\W*[\d\[(]", cell) for cell in row) for row in named)


def _counts(table: Table) -> bool:
    """Whether a first column 1, 2, 3, … under any word is the step: the others are values of steps, or components."""
    first = _bare(table.header[0])
    if not first or layer_parts.HEADER.fullmatch(first) or _OTHERS.fullmatch(first):
        return False
    steps = [row[0].strip(f"$ {BREAK}") if row else "" for _line, row in table.rows]
    names = [symbol_of(head) for head in table.header[1:]]
    return (
        len(steps) > 1
        and any(steps == [str(begin + at) for at in range(len(steps))] for begin in (0, 1))
        and all(
            FEATURE.fullmatch(head) or (name and (name.offset == 0 or (name.base == "x" and name.number)))
            for head, name in zip(table.header[1:], names)
        )
    )


def _of_layer(name: Symbol, layer: int | None) -> Symbol:
    labels = tuple(label for label in name.labels if label not in ("l", "ℓ"))
    return Symbol(name.base, (*labels, str(layer)), name.text)


def _value_column(table: Table) -> int | None:
    """The column of values in a table with a row a parameter, and more columns than two."""
    if len(table.header) < 3 or not all(
        row and (symbol_of(row[0]) or _RATIO.search(row[0])) for _line, row in table.rows
    ):
        return None
    return next((at for at, head in enumerate(table.header) if at and VALUE.fullmatch(head)), None)


def without_names(table: Table) -> Iterator[tuple[int, str]]:
    """The rows of a table of names and values whose name is no symbol, each as its line says it: dL/dW = 0.1."""
    column = 1 if len(table.header) == 2 else _value_column(table)
    if not all(_RATIO.search(row[0]) or symbol_of(row[0]) for _line, row in table.rows):
        return  # the table says something else
    for line, row in table.rows if column else ():
        if column and len(row) > column and row[0].strip() and not symbol_of(row[0]):
            yield line, f"{row[0]} = {row[column]}"


def _of_signals(table: Table) -> bool:
    """Whether a row is a signal, h_t, and the columns only count: they are the steps."""
    names = [symbol_of(row[0]) if row else None for _line, row in table.rows]
    steps = [_bare(head) for head in table.header[1:]]
    counted = len(steps) > 1 and any(steps == [str(first + at) for at in range(len(steps))] for first in (0, 1))
    return counted and all(name is not None and name.offset == 0 for name in names)


def _standing(table: Table) -> Table:
    """A table whose steps run to the right, with its rows as columns."""
    if not all(re.fullmatch(r"-?\d{1,6}", head) for head in table.header[1:]) or len(table.header) < 2:
        return table
    return _on_end(table)


def _on_end(table: Table) -> Table:
    """The table with its rows as columns."""
    heads = [table.header[0], *[row[0] for _line, row in table.rows]]
    rows = [
        (
            table.rows[0][0],
            [re.findall(r"-?\d+", head)[0], *[row[at] if at < len(row) else "" for _line, row in table.rows]],
        )
        for at, head in enumerate(table.header)
        if at
    ]
    return Table(table.begin, table.end, heads, rows)


def _of_gates(table: Table) -> Table | None:
    """The table with a row a gate, where its rows or its columns are gates and the others are called as weights are."""
    first = _bare(table.header[0])
    whole = len({len(table.header), *(len(row) for _line, row in table.rows)}) == 1
    for each in (table, _turned(table)) if whole and not NAME.fullmatch(first) else ():
        gates, heads = [gate_of(row[0]) for _line, row in each.rows], _numeric(each)
        distinct = len({*gates}) == len(gates) > 1 and all(is_gate(row[0]) for _line, row in each.rows)
        if distinct and len(heads) > 1 and all(map(_is_weight, heads)):
            return each
    named = all(FEATURE.fullmatch(head) or weight_of(head) for head in _numeric(table))
    gated = GATE.fullmatch(first) and all(gate_of(row[0]) for _line, row in table.rows if row)
    return table if gated and named else None


def _numeric(table: Table) -> list[str]:
    """The heads of the columns that have numbers, without the first."""
    columns = itertools.zip_longest(*(row[1:] for _line, row in table.rows), fillvalue="")
    numeric = [any(values.numbers(text.strip(f"$ {BREAK}")) is not None for text in column) for column in columns]
    return [head for head, has in zip(table.header[1:], numeric) if has]


def _turned(table: Table) -> Table:
    lines = [table.header, *(row for _line, row in table.rows)]
    return Table(
        table.begin, table.end, [row[0] for row in lines],
        [(table.rows[0][0], [row[at] for row in lines]) for at in range(1, len(table.header))],
    )  # fmt: skip


def _is_weight(head: str) -> bool:
    """Whether a column is called as weights are: by a word, by what they multiply, by a letter that has no step."""
    name = weight_of(head)
    if name is None or FEATURE.fullmatch(head):
        return name is not None
    if name.offset is not None:
        return name.offset == -1 or name.base in "xX"
    return name.base[0] == "@" or has_words(head) or name.base[0].isupper() or name.base[0] in "uwvbpdqrkθβ"


def _shared_labels(header: Sequence[str]) -> set[str]:
    """The labels that every name has, W_k, U_k, b_k: they stand for the gate."""
    labels = [{*name.words} for head in header if (name := weight_of(head)) and name.base[0] != "@"]
    return set.intersection(*labels) if len(labels) > 1 else set()


def _of_gate(header: Sequence[str], row: Sequence[str]) -> Iterator[tuple[Symbol, str]]:
    """The weights in the row of a gate: by name, or by what they multiply, input 1, input 2, h_{t-1}, bias."""
    sources = [at for at, head in enumerate(header) if FEATURE.fullmatch(head)]
    if sources:
        yield Symbol("@U", (), ""), f"[{', '.join(row[at] for at in sources)}]"
    for at, (head, text) in enumerate(zip(header, row)):
        name = weight_of(head)
        if name and (name.offset == -1 or (name.offset == 0 and name.base in "xX")):
            name = Symbol("@W" if name.offset else "@U", (), "")
        if name and text and at not in sources and not re.fullmatch(r"[^\W\d]+", text):  # the name of a function
            yield name, text


def _by_step(table: Table) -> Iterator[Cell]:
    header = table.header
    features = [at for at, head in enumerate(header) if FEATURE.fullmatch(head)]
    if not features and all(is_word(head) for head in header[1:]):  # temperature, humidity, …
        features = list(range(1, len(header)))
    names = [None if at in features else symbol_of(head) for at, head in enumerate(header)]
    for line, row in table.rows:
        step = step_of(row[0]) if row else None
        if step is None:
            continue
        vector = [row[at] for at in features if at < len(row) and values.numbers(row[at]) is not None]
        if features and len(vector) == len(features):
            yield Cell(Symbol("@x", (step,), header[features[0]]), f"[{', '.join(vector)}]", line)
        for name, text in _vectors(names[1:], row[1:]):
            at = str(int(step) + (name.offset or 0))  # a column h_{t-1} has the state of the row above
            yield Cell(Symbol(name.base, (*name.labels, at), name.text), text, line)


def _vectors(names: Sequence[Symbol | None], texts: Sequence[str]) -> Iterator[tuple[Symbol, str]]:
    """The values of a row by name; columns h[1], h[2], … together are the vector h; h_t^{(1)} is a layer's."""
    units: dict[Symbol, list[str]] = {}
    for name, text in zip(names, texts):
        if name is None:
            continue
        vector = Symbol(name.base, name.labels[:-1], name.base)
        of_layer = name.base != "x" and re.search(r"\^\W*\d", name.text) and not name.text.rstrip().endswith("]")
        unit = name.number is not None and not of_layer
        if unit and name.number == len(units.get(vector, ())) + 1:
            units.setdefault(vector, []).append(text if text.strip("_") else "_")
        elif text:
            yield name, text
    for vector, entries in units.items():
        yield vector, f"[{', '.join(entries)}]"
