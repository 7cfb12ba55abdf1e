"""Tables under other words: days as steps, components of x, gates by their words, columns that only blanks separate.

Longer than other files: each kind of table has its sheet.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

STEPS = [
    "day $t$",
    "day",
    "天 $t$",
    "天",
    "week",
    "Tag",
    "time step $t$",
    "Zeitschritt",
    "第几步",
    "Schritt",
    "measurement",
]
COMPONENTS = {
    "raised": "$x_t^{{({})}}$", "brackets": "$x_t[{}]$", "lowered": "$x^{{(t)}}_{}$",
    "step raised": "$x_{{{}}}^{{(t)}}$",
    "named": "气温 $x_t^{{({})}}$",
}  # fmt: skip


def every(*choices: Any) -> list[tuple[Any, ...]]:
    return list(itertools.product(*choices))


def cell(inputs: int, units: int = 2) -> tuple[str, dict[str, Any]]:
    arrays = {"U": drawn_at(1, units, inputs), "W": drawn_at(2, units, units)}
    lines = "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    return f"$h_t = \\tanh(U x_t + W h_{{t-1}})$\n{lines}\n", {key: array.tolist() for key, array in arrays.items()}


def table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]) + "\n"


@pytest.mark.parametrize(("word", "first"), every(STEPS, (0, 1)))
def test_a_first_column_that_counts_is_the_step(word: str, first: int) -> None:
    text, arrays = cell(1)
    x = drawn_at(3, 3)
    sheet = text + table([word, "$x_t$"], [[str(first + at), str(number)] for at, number in enumerate(x)])
    assert_same(sheet, {"cell": "elman", **arrays, "x": x.tolist()})


@pytest.mark.parametrize(("kind", "word", "size"), every(COMPONENTS, ("$t$", "day", "天 $t$"), (2, 3)))
def test_components_of_x_beside_the_step(kind: str, word: str, size: int) -> None:
    text, arrays = cell(size)
    x = drawn_at(3, 4, size)
    heads = [word, *[COMPONENTS[kind].format(at + 1) for at in range(size)]]
    sheet = text + table(heads, [[str(at), *map(str, row)] for at, row in enumerate(x, 1)])
    assert_same(sheet, {"cell": "elman", **arrays, "x": x.tolist()})


@pytest.mark.parametrize("word", ["sample", "layer", "样本", "unit"])
def test_rows_that_are_no_steps_are_not_read_as_steps(word: str) -> None:
    text, _arrays = cell(2)
    with pytest.raises(RnncalcError):
        problem(text + table([word, "$x^{(1)}$", "$x^{(2)}$"], [["1", "0.5", "0.2"], ["2", "0.1", "0.4"]]))


COLUMNS = [
    "$t = {}$", "t={}", "step {}", "Step {}", "第 {} 步", "时刻 {}", "(t = {})", "Schritt {}", "time step {}",
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "first", "head"), every(COLUMNS, ["", "量", "quantity", "Größe"], ["", "\n**小王的答案**：\n"])
)
def test_answers_whose_steps_run_to_the_right(column: str, first: str, head: str, tmp_path: Path) -> None:
    text, arrays = cell(2)
    x, steps = drawn_at(3, 3, 2), [column.format(at) for at in (1, 2, 3)]
    text += (
        "$y_t = v h_t$, v = [0.4, -0.7]\n" + ", ".join(f"x_{t} = {printed(row)}" for t, row in enumerate(x, 1)) + "\n"
    )
    trace = problem({**arrays, "V": [[0.4, -0.7]], "x": x.tolist()}).forward()
    rows = [["$h_t$", *map(printed, trace.h.round(4))], ["$y_t$", *(f"{y:.4f}" for (y,) in trace.y)]]
    rows[0][2] = printed(trace.h[1].round(4) + np.array([0, 0.2]))  # one is wrong
    path = tmp_path / "sheet.md"
    path.write_text(f"{text}{head}\n{table([first, *steps], rows)}", encoding="utf-8")
    done = command("check", str(path), "--format", "json")
    got = {(value["name"], value["step"], *value["index"]): value["verdict"] for value in done.data["values"]}
    assert len(got) == 9
    assert {place for place, verdict in got.items() if verdict == "wrong"} == {("h", 2, 2)}


def test_inputs_and_targets_whose_steps_run_to_the_right() -> None:
    text, arrays = cell(1)
    rows = [["$x_t$", "0.5", "-1", "2"], ["$d_t$", "1", "0", "0.25"]]
    sheet = f"{text}E = 1/2 Σ (y_t - d_t)^2, y_t = v h_t, v = [1, 2]\n\n{table(['', 't = 1', 't = 2', 't = 3'], rows)}"
    assert_same(sheet, {**arrays, "V": [[1, 2]], "x": [[0.5], [-1], [2]]})
    assert np.array(problem(sheet).task.targets).ravel().tolist() == [1, 0, 0.25]


@pytest.mark.parametrize("first", ["", "quantity", "t", "量"])
def test_columns_that_only_count_are_the_steps_of_signals(first: str) -> None:
    text, arrays = cell(1)
    x = drawn_at(3, 3)
    assert_same(text + table([first, "1", "2", "3"], [["$x_t$", *map(str, x)]]), {**arrays, "x": x.tolist()})
    with pytest.raises(RnncalcError):  # these may be units
        problem(text + table([first or "q", "1", "2"], [["$x_1$", "0.5", "0.2"], ["$x_2$", "0.1", "0.4"]]))


@pytest.mark.parametrize("way", ["right", "down"])
@pytest.mark.parametrize("sum_", ["$U x_t + W h_{t-1}$", "$W h_{t-1}$", "$U x_t + W h_{t-1} + b$", "(1 - z) h_{t-1}"])
def test_a_formula_at_the_head_of_numbers_is_no_name(way: str, sum_: str) -> None:
    """Before, its last letter was the name: the sums were the states of the step before."""
    text, arrays = cell(1)
    text += "x = [1, 2]\n\n"
    if way == "right":
        text += table(["", "t = 1", "t = 2"], [[sum_, "0.7", "0.8"]])
    else:
        text += table(["t", sum_], [["1", "0.7"], ["2", "0.8"]])
    assert_same(text, {**arrays, "x": [[1], [2]]})
    assert any("not read" in note and "0.7" in note for note in problem(text).notes)


@pytest.mark.parametrize("second", ["x_1 = 0.7, x_2 = 2", "x_1 = 1", "x_1 = 1, x_2 = 2, x_3 = 1"])
def test_inputs_that_are_given_as_a_whole_and_otherwise_by_step_are_refused(second: str) -> None:
    text, arrays = cell(1)
    assert_same(f"{text}x = [1, 2]\nx_1 = 1, x_2 = 2\n", {**arrays, "x": [[1], [2]]})
    with pytest.raises(RnncalcError, match="twice"):
        problem(f"{text}x = [1, 2]\n{second}\n")


def test_a_row_without_a_name_leaves_the_table_unread(tmp_path: Path) -> None:
    text, _arrays = cell(1)
    rows = [["the hidden state", "0.5", "-1"], ["$h_t$", "0.1", "0.2"]]
    notes = problem(f"{text}x = [1, 2]\n\n{table(['', 't = 1', 't = 2'], rows)}").notes
    assert any("not read" in note and "0.5" in note for note in notes)


GATES = {
    "letters": ["i", "f", "c", "o"],
    "words": ["input gate", "forget gate", "candidate", "output gate"],
    "both": ["input gate $i$", "forget gate $f$", "candidate $c$", "output gate $o$"],
    "cell": ["input", "forget", "cell candidate", "output"],
    "zh": ["输入门 $i$", "遗忘门 $f$", "候选 $c$", "输出门 $o$"],
}


def lstm(letter: str, plain: bool = False) -> str:
    name = "{}_{}" if plain else "W_{{{}{}}}"
    on_x, on_h = ("U", "W") if plain else ("x", "h")
    parts = {g: f"{name.format(on_x, g)} x_t + {name.format(on_h, g)} h_{{t-1}}" for g in f"if{letter}o"}
    return (
        f"$i_t = \\sigma({parts['i']})$, $f_t = \\sigma({parts['f']})$, $o_t = \\sigma({parts['o']})$, "
        f"$c_t = f_t c_{{t-1}} + i_t \\tanh({parts[letter]})$, $h_t = o_t \\tanh(c_t)$, $x_1 = 1$, $x_2 = 0.5$\n\n"
    )


@pytest.mark.parametrize(("labels", "letter", "plain"), every(GATES, "cg", (True, False)))
def test_the_candidate_has_the_letter_of_the_equations(labels: str, letter: str, plain: bool) -> None:
    U, W = drawn_at(4, 4), drawn_at(5, 4)
    rows = [[label, str(u), str(w)] for label, u, w in zip(GATES[labels], U, W)]
    heads = ["", "$U$", "$W$"] if plain else ["", "$W_x$", "$W_h$"]
    given = {key: {gate: [[number]] for gate, number in zip("ifgo", values)} for key, values in (("U", U), ("W", W))}
    assert_same(lstm(letter, plain) + table(heads, rows), {"cell": "lstm", **given, "x": [[1], [0.5]]})


@pytest.mark.parametrize(("first", "heads"), every(["Gate", "gate", ""], [("weights", "bias"), ("W", "b")]))
def test_cells_that_are_equations_say_the_names(first: str, heads: tuple[str, str]) -> None:
    W, b = drawn_at(6, 4, 2), drawn_at(7, 4)
    stated = ", ".join(
        f"${left} = {function}(W_{gate} [h_{{t-1}}, x_t] + b_{gate})$"
        for left, function, gate in (("f_t", "\\sigma", "f"), ("i_t", "\\sigma", "i"), ("\\tilde{C}_t", "\\tanh", "C"),
                                     ("o_t", "\\sigma", "o"))
    )  # fmt: skip
    sheet = f"{stated}, $C_t = f_t * C_{{t-1}} + i_t * \\tilde{{C}}_t$, $h_t = o_t * \\tanh(C_t)$, $x_1 = 0.6$\n\n"
    labels = {"f": "Forget gate", "i": "Input gate", "C": "Candidate", "o": "Output gate"}
    rows = [
        [label, f"$W_{gate} = [{w[0]},\\ {w[1]}]$", f"$b_{gate} = {bias}$"]
        for (gate, label), w, bias in zip(labels.items(), W, b)
    ]
    given = {
        "W": {gate: [[w[0]]] for gate, w in zip("figo", W)}, "U": {gate: [[w[1]]] for gate, w in zip("figo", W)},
        "b": {gate: [bias] for gate, bias in zip("figo", b)},
    }  # fmt: skip
    assert_same(sheet + table([first, *heads], rows), {"cell": "lstm", **given, "x": [[0.6]]})


HEADS = [("U", "W", "b"), ("input weight", "recurrent weight", "bias")]


@pytest.mark.parametrize(
    ("labels", "first", "heads", "indent"), every(["words", "cell"], ["gate", ""], HEADS, ["", "    "])
)
def test_gates_in_columns_that_only_blanks_separate(
    labels: str, first: str, heads: tuple[str, ...], indent: str
) -> None:
    numbers = drawn_at(8, 4, 3)
    rows = [[label, *map(str, row)] for label, row in zip(GATES[labels], numbers)]
    above = "An LSTM cell with one unit sees\n$x_1 = 0.5$, $x_2 = 1.5$\n\n"
    aligned = "\n".join(
        indent + row[0].ljust(18) + "".join(text.ljust(20) for text in row[1:]).rstrip()
        for row in [[first, *heads], *rows]
    )
    barred, plain = problem(above + table(["gate", *heads], rows)), problem(f"{above}{aligned}\n")
    given = {
        key: {g: [n] if key == "b" else [[n]] for g, n in zip("ifgo", numbers[:, at])} for at, key in enumerate("UWb")
    }
    for stated in (barred, plain):
        wanted = problem({"cell": "lstm", **given, "x": [[0.5], [1.5]]}).forward().layers[0]["h"]
        np.testing.assert_allclose(stated.forward().layers[0]["h"], wanted, rtol=1e-12)


LANGUAGES = {  # of gates, and of the columns of their table
    "ko": ("게이트", ["입력 가중치", "순환 가중치", "편향"], ["입력 게이트", "망각 게이트", "후보", "출력 게이트"]),
    "ja": ("ゲート", ["入力の重み", "再帰の重み", "バイアス"], ["入力ゲート", "忘却ゲート", "候補", "出力ゲート"]),
    "de": ("Tor", ["Eingangsgewicht", "rekurrentes Gewicht", "Bias"], ["Eingang", "Vergessen", "Kandidat", "Ausgang"]),
    "fr": ("Porte", ["Poids d'entrée", "Poids récurrent", "Biais"], ["entrée", "oubli", "candidat", "sortie"]),
    "ru": ("Вентиль", ["Вес входа", "Рекуррентный вес", "Смещение"], ["входной", "забывания", "кандидат", "выходной"]),
    "zh": ("门", ["输入权重", "循环权重", "偏置"], ["输入门", "遗忘门", "候选", "输出门"]),
    "nobody's": ("Qapı", ["Giriş çəkisi", "Təkrar çəkisi", "Yerdəyişmə"], ["i", "f", "g", "o"]),
}  # fmt: skip
LETTERS = ["{0}", "{0} {1}", "{0} ${1}$", "{0} ({1})", "${1}_*$", "${1}_k$", "{1}"]
SEQUENCES = [(0, 1, 2), (2, 1, 0), (1, 2, 0)]


def said(names: tuple[str, str, str]) -> str:
    sums = {gate: f"{names[0]}_{gate} x_t + {names[1]}_{gate} h_{{t-1}} + {names[2]}_{gate}" for gate in "ifgo"}
    lines = [f"${gate}_t = {'tanh' if gate == 'g' else 'σ'}({inside})$" for gate, inside in sums.items()]
    return "\n".join([*lines, "$c_t = f_t c_{t-1} + i_t g_t$, $h_t = o_t tanh(c_t)$", "$x_1 = 0.8$, $x_2 = -1.5$\n\n"])


@pytest.mark.parametrize(("language", "letters", "order"), every(LANGUAGES, LETTERS, SEQUENCES)[::4])
def test_a_table_of_gates_in_any_language(language: str, letters: str, order: tuple[int, ...]) -> None:
    """A row a gate or a column a gate, the columns in any order, called by words, by letters, or by both."""
    first, words, gates = LANGUAGES[language]
    seed = sum(map(ord, language + letters)) + order[0]
    names = [("w", "u", "b"), ("U", "W", "p"), ("W", "R", "b")][seed % 3]
    numbers = drawn_at(seed, 4, 3)
    heads = [letters.format(word, name) for word, name in zip(words, names)]
    rows = [["" if seed % 2 else first, *(heads[at] for at in order)]]
    labels = gates if seed % 5 < 3 else list("ifgo")
    rows += [[label, *(str(row[at]) for at in order)] for label, row in zip(labels, numbers)]
    given = {
        key: {g: [n] if key == "b" else [[n]] for g, n in zip("ifgo", numbers[:, at])} for at, key in enumerate("UWb")
    }
    for lines in (rows, [list(column) for column in zip(*rows)]):
        sheet = said(names) + table(lines[0], lines[1:])
        if language == "nobody's" and letters == "{0}":
            with pytest.raises(RnncalcError):
                problem(sheet)
        else:
            assert_same(sheet, {"cell": "lstm", **given, "x": [[0.8], [-1.5]]})


@pytest.mark.parametrize("heads", [("U", "W", "Yerdəyişmə"), ("Giriş çəkisi", "W", "b")])
def test_a_column_of_numbers_that_nobody_knows_is_not_left_out(heads: tuple[str, ...]) -> None:
    rows = [[gate, *map(str, numbers)] for gate, numbers in zip("ifgo", drawn_at(9, 4, 3))]
    with pytest.raises(RnncalcError):
        problem(said(("U", "W", "b")) + table(["gate", *heads], rows))


def test_rows_of_a_table_of_gates_may_hold_vectors_and_functions() -> None:
    U, W, b = drawn_at(10, 4, 2), drawn_at(11, 4), drawn_at(12, 4)
    rows = [[g, printed(u), "tanh" if g == "g" else "σ", str(w), str(n)] for g, u, w, n in zip("ifgo", U, W, b)]
    sheet = said(("U", "W", "b")).replace("0.8", "[0.8, 0.1]").replace("-1.5", "[-1.5, 0.4]")
    given = {"U": {g: [u.tolist()] for g, u in zip("ifgo", U)}, "W": {g: [[w]] for g, w in zip("ifgo", W)}}
    wanted = {"cell": "lstm", **given, "b": {g: [n] for g, n in zip("ifgo", b)}, "x": [[0.8, 0.1], [-1.5, 0.4]]}
    assert_same(sheet + table(["게이트", "입력 가중치 U", "함수", "W", "편향"], rows), wanted)
