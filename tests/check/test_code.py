"""Somebody's code: the corpus of students' files, layouts, signatures, and what code can do besides numbers.

Longer than other files: one corpus of students' files serves all its tests.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc.check.code import CodeVerdict, check_file, check_function
from rnncalc.check.code.layout import Layout
from rnncalc.check.code.signature_file import SHIPPED, parsed, shipped
from rnncalc.check.code.trial import SIZES, trial
from rnncalc.common import strict_json
from rnncalc.errors import RnncalcError
from rnncalc.model.equations.style import TEXT

CORPUS = Path(__file__).parents[1] / "examples" / "code"
CASES: list[dict[str, Any]] = strict_json.plain((CORPUS / "EXPECTED.json").read_text("utf-8"))
STEP = """
    import numpy as np

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        {body}
"""
RIGHT = "return np.tanh(x @ Wx + prev_h @ Wh + b), None"


def step(body: str, tmp_path: Path) -> CodeVerdict:
    """The verdict on a step whose body is one line."""
    file = tmp_path / "mine.py"
    file.write_text(dedent(STEP).format(body=body), "utf-8")
    return check_file(file, "cs231n")[0]


# what students wrote -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", dict.fromkeys(case["file"] for case in CASES))
def test_students_code_is_named_and_right_code_never_accused(file: str) -> None:
    cases = {case["function"]: case for case in CASES if case["file"] == file}
    signature = shipped(next(iter(cases.values()))["signature"])
    if any(signature.functions[name].arrays == "torch" for name in cases):
        pytest.importorskip("torch")
    verdicts = {verdict.function: verdict for verdict in check_file(CORPUS / file, signature)}
    for name, case in cases.items():
        verdict = verdicts[name]
        if case["mistake"] is None:
            assert (name, verdict.verdict, verdict.mistakes, verdict.findings) == (name, "right", [], [])
            continue
        assert verdict.verdict != "right"
        wanted = case["mistake"] if isinstance(case["mistake"], list) else [case["mistake"]]
        named = [name for mistake in verdict.mistakes for name in (mistake.id, *mistake.alike)]
        assert set(wanted) & set(named[:2]), named


MODULES: list[dict[str, Any]] = strict_json.plain((CORPUS / "pytorch" / "EXPECTED.json").read_text("utf-8"))


@pytest.mark.parametrize("case", MODULES, ids=lambda case: f"{case['file']}:{case['function']}")
def test_modules_are_read_off_their_parameters(case: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    verdicts = check_file(CORPUS / case["file"], function=case["function"])
    assert [verdict.function for verdict in verdicts] == [
        f"{case['function']}.{way}" for way in ("forward", "backward")
    ]
    assert verdicts[0].cell == case["cell"]
    if case["mistake"] is None:
        assert [(v.verdict, v.mistakes, v.findings) for v in verdicts] == [("right", [], [])] * 2
        return
    wrong = next(verdict for verdict in verdicts if verdict.verdict != "right")
    named = [name for mistake in wrong.mistakes for name in (mistake.id, *mistake.alike)]
    same = {"not_through_time": "next_gradient_omitted"}.get(case["mistake"], case["mistake"])  # its name in code
    assert same in named[:2], named
    line = wrong.mistakes[0].line
    assert line is not None
    assert line.number == case["line"]


# layouts and signatures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations("NTH")), ids="".join)
@pytest.mark.parametrize("ones", [0, 1, 2])
def test_a_layout_puts_axes_in_any_order_and_merges_neighbours(order: tuple[str, ...], ones: int) -> None:
    array = np.random.default_rng(1).normal(size=(2, 3, 5))
    sizes = {"N": 2, "T": 3, "H": 5}
    expected = array.transpose(["NTH".index(letter) for letter in order])
    axes = [*order[:ones], "1", *order[ones:]]
    layout = Layout.read(f"h[{','.join(axes)}]", "here")
    assert np.array_equal(layout.array(lambda _name: array), np.expand_dims(expected, ones))
    assert layout.shape(sizes) == np.expand_dims(expected, ones).shape
    merged = Layout.read(f"h[{order[0]}*{order[1]},{order[2]}]", "here")
    assert np.array_equal(merged.array(lambda _name: array), expected.reshape(merged.shape(sizes)))


def test_arrays_lie_side_by_side_and_without_steps_the_last_is_meant() -> None:
    rng = np.random.default_rng(2)
    W, U, h = rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), rng.normal(size=(2, 5, 4))
    layout = Layout.read("W.f|U.f[h|D,H]", "here")
    assert np.array_equal(layout.array({"W.f": W, "U.f": U}.__getitem__), np.vstack([W.T, U.T]))
    assert layout.shape({"H": 4, "D": 3}) == (7, 4)
    assert np.array_equal(Layout.read("h[H,N]", "here").array(lambda _name: h), h[:, -1].T)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_function_makes_problems_with_all_its_numbers(name: str) -> None:
    signature = shipped(name)
    for function in signature.functions.values():
        for cell in function.cells:
            made = trial(function, cell, signature.gates, SIZES[0], 3)
            sizes = {**made.sizes, "gates": len(made.gates)}
            for layout in function.given:
                assert layout.array(made.quantity).shape == layout.shape(sizes), (function.name, layout.text)
            for layout in function.returned:
                places = layout.array(made.places)
                assert places.shape == layout.shape(sizes), (function.name, layout.text)
                assert len(set(places.ravel().tolist())) == places.size


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "an object is expected"),
        ({}, "functions"),
        ({"functions": {"f": {"argument": {}}}}, "did you mean “arguments”"),
        ({"functions": {"f": {"arguments": {"x": "x[N,Q]"}}}}, "an axis is one of"),
        ({"functions": {"f": {"arguments": {"x": "q[N]"}}}}, "is no array"),
        ({"functions": {"f": {"arguments": {"x": "W|U[H,D]"}}}}, "side by side"),
        ({"functions": {"f": {"arguments": {"n": "#Q"}}}}, "is no size"),
        ({"functions": {"f": {"cell": "lstn"}}}, "lstn"),
        ({"functions": {"f": {"cell": "lstm", "arguments": {"U": "U[gates*H,D]"}}}}, "gates are stacked"),
        ({"functions": {"f": {"arguments": {"x": "x[N,D]", "h": "h0[H]"}}}}, "lacks the axis N"),
        ({"functions": {"f": {"arguments": {"U": "U[D]"}}}}, "lacks the axis H"),
        ({"functions": {"f": {"cell": "lstm", "arguments": {"U": "U[H,D]"}}}}, "lacks the axis gates"),
        ({"functions": {"f": {"cache_of": "g"}}}, "cache_of"),
        ({"functions": {"f": {"arrays": "pandas"}}}, "arrays"),
        ({"functions": {"f": {"points": -1}}}, "points"),
    ],
)
def test_a_signature_that_is_none_says_where(record: Any, said: str) -> None:
    with pytest.raises(RnncalcError, match=r"^here") as caught:
        parsed(record, "here")
    assert said in str(caught.value)


# what else code can do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("return np.tanh(x @ Wx.T), None", "raises", "line 5, in rnn_step_forward"),
        ("return input()", "raises", "waits for input"),
        ("raise SystemExit", "raises", "SystemExit"),
        ("return 1 / 0", "raises", "ZeroDivisionError"),
        ("return np.tanh(x @ Wx + prev_h @ Wh + b)", "count", "2 are expected"),
        ("return None", "count", "h, cache"),
        ("return 'done', None", "type", "str"),
        ("return None, None", "type", "nothing"),
        ("return np.tanh(x @ Wx + prev_h @ Wh + b).T, None", "shape", "returned as (H, N)"),
        ("return np.tanh(x @ Wx + prev_h @ Wh + b)[0], None", "shape", "(3, 5)"),
        ("return np.log(x @ Wx * 0 - 1), None", "nan", "NaN"),
        ("return np.zeros_like(prev_h), None", "zero", "0 throughout"),
        ("return np.tanh(x @ Wx + prev_h @ Wh + b + np.random.rand()), None", "random", "again"),
        ("b += 1; return np.tanh(x @ Wx + prev_h @ Wh + b - 1), None", "modified", "argument b"),
        ("return np.squeeze(np.tanh(x @ Wx + prev_h @ Wh + b)), None", "", ""),
    ],
)
def test_what_is_no_number_is_said_as_what_it_is(body: str, kind: str, said: str, tmp_path: Path) -> None:
    verdict = step(body, tmp_path)
    kinds = [finding.kind for finding in verdict.findings]
    assert kinds == [] if not kind else kind in kinds
    assert any(said in finding.text for finding in verdict.findings) or not kind
    assert verdict.verdict == ("right" if not kind else "wrong" if kind == "modified" else "failed")


def test_a_step_is_right_in_float32_and_only_that_is_said(tmp_path: Path) -> None:
    verdict = step("return np.float32(np.tanh(x @ Wx + prev_h @ Wh + b)), None", tmp_path)
    assert verdict.verdict == "right"
    assert ["float32" in note for note in verdict.notes] == [True]


def test_a_notebook_is_read_cell_by_cell(tmp_path: Path) -> None:
    sources: list[Any] = [
        ["%matplotlib inline\n", "import numpy as np\n"],
        "%%bash\nrm -rf nowhere",
        dedent(STEP).format(body=RIGHT.replace("b)", "1)")),
        ["!pip install nothing\n", "while True:\n", "    pass"],
    ]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    file = tmp_path / "mine.ipynb"
    file.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["# RNN"]}, *cells]}), "utf-8")
    verdict = check_file(file)[0]
    assert (verdict.function, verdict.verdict) == ("rnn_step_forward", "wrong")
    file.write_text("[]", "utf-8")
    with pytest.raises(RnncalcError, match="no notebook"):
        check_file(file)


def test_a_file_follows_one_course(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    names = "rnn_cell_forward(xt, a_prev, parameters)", "rnn_forward(x, a0, parameters)", "rnn_backward(dout, cache)"
    file.write_text("".join(f"def {name}:\n    pass\n" for name in names), "utf-8")
    assert {verdict.signature for verdict in check_file(file)} == {"deeplearning_ai"}


def test_matrices_in_wrong_places_are_named_where_they_fit(tmp_path: Path) -> None:
    verdict = step("return np.tanh(x @ Wh + prev_h @ Wx + b), None", tmp_path)
    assert (verdict.verdict, verdict.mistakes[0].id) == ("failed", "U_W_swapped")
    assert "D = H" in verdict.findings[-1].text


def test_only_definitions_are_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        dedent(STEP).format(body=RIGHT)
        + dedent(
            """
            data = open("input.txt").read()
            chars = sorted(set(data))
            def train():
                raise RuntimeError
            result = train()
            print("hello")
            while True:
                pass
            """
        ),
        "utf-8",
    )
    assert [verdict.verdict for verdict in check_file(file)] == ["right"]


def test_a_right_backward_of_a_wrong_forward_is_not_blamed(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        dedent(STEP).format(body="h = np.tanh(x @ Wx + prev_h @ Wh); return h, (x, prev_h, Wx, Wh, h)")
        + dedent(
            """
            def rnn_step_backward(dnext_h, cache):
                x, prev_h, Wx, Wh, h = cache
                da = dnext_h * (1 - h * h)
                return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)
            """
        ),
        "utf-8",
    )
    forward, backward = check_file(file, "cs231n")
    assert [mistake.id for mistake in forward.mistakes] == ["bias_omitted"]
    assert backward.first is None or backward.first.output == "db"


def test_three_mistakes_at_once_are_named_with_what_is_right(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        dedent(
            """
            import numpy as np
            def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
                i, f, g, o = np.split(x @ Wx + prev_h @ Wh, 4, axis=1)
                s = lambda a: 1 / (1 + np.exp(-a))
                c = s(f) * prev_c + s(i) * np.tanh(g)
                return s(o) * c, c, None
            """
        ),
        "utf-8",
    )
    mistakes = check_file(file)[0].mistakes
    assert [mistake.id for mistake in mistakes] == ["bias_omitted", "gate_order", "memory_activation_omitted"]
    assert mistakes[1].rule == "the gates stand in the order i f o g"
    assert mistakes[2].equation is not None
    assert mistakes[2].equation.write(TEXT) == "h_t = o_t ∘ tanh(c_t)"


def test_a_gradient_that_no_mistake_gives_is_held_against_their_own_forward(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        dedent(STEP).format(body="h = np.tanh(x @ Wx + prev_h @ Wh + b); return h, (x, prev_h, Wx, Wh, h)")
        + dedent(
            """
            def rnn_step_backward(dnext_h, cache):
                x, prev_h, Wx, Wh, h = cache
                da = dnext_h * (1 - h * h) ** 1.01
                return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)
            """
        ),
        "utf-8",
    )
    verdict = check_file(file, "cs231n")[1]
    assert (verdict.verdict, verdict.mistakes) == ("wrong", [])
    assert [finding.kind for finding in verdict.findings] == ["gradient"]


def test_outputs_in_each_others_place_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        dedent(STEP).format(body="h = np.tanh(x @ Wx + prev_h @ Wh + b); return h, (x, prev_h, Wx, Wh, h)")
        + dedent(
            """
            def rnn_step_backward(dnext_h, cache):
                x, prev_h, Wx, Wh, h = cache
                da = dnext_h * (1 - h * h)
                return da @ Wx.T, da @ Wh.T, prev_h.T @ da, x.T @ da, da.sum(0)
            """
        ),
        "utf-8",
    )
    verdict = check_file(file, "cs231n", function="rnn_step_backward")[0]
    assert verdict.verdict == "failed"  # with D and H apart these have other shapes
    lstm = file.with_name("lstm.py")
    lstm.write_text(
        dedent(
            """
            import numpy as np
            def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
                i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
                s = lambda a: 1 / (1 + np.exp(-a))
                c = s(f) * prev_c + s(i) * np.tanh(g)
                return c, s(o) * np.tanh(c), None
            """
        ),
        "utf-8",
    )
    assert [mistake.id for mistake in check_file(lstm, "cs231n")[0].mistakes] == ["h_c_exchanged"]


def test_a_function_that_is_there_already_is_checked() -> None:
    def rnn_step_forward(x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        return np.tanh(x @ Wx + prev_h @ Wh), None

    (verdict,) = check_function(rnn_step_forward)
    assert [mistake.id for mistake in verdict.mistakes] == ["bias_omitted"]


# the command -------------------------------------------------------------------------------------------------------


def test_the_command_names_the_mistake_in_every_format(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(dedent(STEP).format(body=RIGHT.replace(" + b", "")), "utf-8")
    done = command("check", "--code", str(file), "--signature", "cs231n", "--format", "json")
    assert done.code == 1
    assert done.data["verdict"] == "wrong"
    assert [mistake["id"] for mistake in done.data["mistakes"]] == ["bias_omitted"]
    first = done.data["first_wrong"]
    assert (first["function"], first["name"], first["sequence"], first["index"]) == ("rnn_step_forward", "h", 1, [1])
    assert first["answer"] == done.data["functions"][0]["first"]["given"] != first["computed"]
    exact = f"{first['computed']:.8g}"
    assert exact in command("check", "--code", str(file)).out
    for format_ in ("plain", "json"):
        assert exact not in command("check", "--code", str(file), "--hint", "--format", format_, "--digits", "8").out
    for format_ in ("plain", "table", "markdown", "latex", "html"):
        for language in ("en", "zh"):
            shown = command("check", "--code", f"{file}:rnn_step_forward", "--format", format_, "--lang", language)
            assert shown.code == 1
            assert "rnncalc explain bias" in shown.out.replace("\\", "")
    file.write_text(dedent(STEP).format(body=RIGHT), "utf-8")
    assert command("check", "--code", str(file)).code == 0


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("def f(:", [], "no Python"),
        ("def f(q): pass", [], "no function has a known signature: f(q)"),
        (dedent(STEP).format(body=RIGHT), ["--signature", "cs231"], "did you mean “cs231n”"),
        (dedent(STEP).format(body=RIGHT), ["--U", "1"], "--U"),
        (dedent(STEP).format(body=RIGHT), ["--cell", "lstn"], "lstn"),
    ],
)
def test_what_cannot_be_checked_is_refused(text: str, options: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, "utf-8")
    done = command("check", "--code", str(file), *options)
    assert done.code == 2
    assert said in done.err
