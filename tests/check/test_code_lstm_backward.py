"""The gradients of an LSTM's step, each line wrong in many ways: one mistake, two, or three at once are named."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rnncalc.check.code import CodeVerdict, check_file

FILE = """import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh {bias}, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = {dc}
    do = {do}
    df = {df}
    di, dg = dc * g, dc * i
    dai = {dai}
    daf = {daf}
    dao = {dao}
    dag = {dag}
    da = np.hstack([dai, daf, dao, dag])
    return da @ Wx.T, da @ Wh.T, {dprev_c}, x.T @ da, prev_h.T @ da, {db}
"""
RIGHT = {
    "bias": "+ b", "dc": "dnext_c + dnext_h * o * (1 - t**2)", "do": "dnext_h * t", "df": "dc * prev_c",
    "dai": "di * i * (1 - i)", "daf": "df * f * (1 - f)", "dao": "do * o * (1 - o)", "dag": "dg * (1 - g**2)",
    "dprev_c": "dc * f", "db": "da.sum(axis=0)",
}  # fmt: skip
WRONG = [  # line, what stands there, id, words of its message
    ("dc", "dnext_h * o * (1 - t**2)", "next_gradient_omitted", ": dc"),
    ("do", "dnext_h * next_c", "memory_activation_omitted", ""),
    ("df", "dc", "wrong_factor", "df without c_{t-1}"),
    ("dai", "di * (1 - i**2)", "wrong_factor", "da_i with 1 − i² in place of i ∘ (1 − i)"),
    ("daf", "f * f * df", "wrong_factor", "da_f with f² in place of f ∘ (1 − f)"),
    ("dao", "(1 - o) * do", "wrong_factor", "da_o with 1 − o in place of o ∘ (1 − o)"),
    ("dag", "dg * g * (1 - g)", "wrong_factor", "da_g with g ∘ (1 − g) in place of 1 − g²"),
    ("dag", "dg", "derivative_omitted", ""),
    ("dprev_c", "dc", "wrong_factor", "dc_{t-1} without f"),
    ("db", "da.mean(axis=0)", "mean_for_sum", "db"),
]
ALONE = [
    ("dprev_c", "dnext_c * f", "part_through_h_omitted", "in dc_{t-1}"),
    ("df", "dnext_c * prev_c", "part_through_h_omitted", "in df"),
]


def checked(folder: Path, **lines: str) -> list[CodeVerdict]:
    """The verdicts on the forward step and the backward step."""
    path = folder / "mine.py"
    path.write_text(FILE.format(**{**RIGHT, **lines}), encoding="utf-8")
    return check_file(path, "cs231n")


@pytest.mark.parametrize(("line", "text", "mistake", "words"), [*WRONG, *ALONE])
def test_one_mistake_is_named_with_its_line(line: str, text: str, mistake: str, words: str, tmp_path: Path) -> None:
    forward, backward = checked(tmp_path, **{line: text})
    assert forward.verdict == "right"
    (named,) = backward.mistakes
    assert (named.id, named.explains) == (mistake, named.of)
    assert words in named.message
    assert named.rule.startswith("do = dh") == (line == "do")
    if words.startswith("da_"):
        assert named.line is not None
        assert named.line.text == f"{line} = {text}"


@pytest.mark.parametrize(("first", "second"), [("do", "dao"), ("df", "daf")])
def test_two_mistakes_in_one_gate_are_named(first: str, second: str, tmp_path: Path) -> None:
    slope = ("daf", "df * (1 - f**2)", "wrong_factor", "da_f with 1 − f² in place of f ∘ (1 − f)")  # no other fits
    pair = [wrong for wrong in (slope, *WRONG) if wrong[0] == first] + [
        next(wrong for wrong in (slope, *WRONG) if wrong[0] == second)
    ]
    _forward, backward = checked(tmp_path, **{line: text for line, text, *_rest in pair})
    assert {mistake.id for mistake in backward.mistakes} == {mistake for _line, _text, mistake, _words in pair}
    assert all(any(words in mistake.message for mistake in backward.mistakes) for *_rest, words in pair)
    assert not backward.findings


AGAIN = {
    "dai": "di * sigmoid(i) * (1 - sigmoid(i))", "daf": "df * sigmoid(f) * (1 - sigmoid(f))",
    "dao": "do * sigmoid(o) * (1 - sigmoid(o))", "dag": "dg * (1 - np.tanh(g)**2)",
}  # fmt: skip
SLOPES = {"dai": "di * (1 - i**2)", "daf": "df * (1 - f**2)", "dao": "do * (1 - o**2)"}


@pytest.mark.parametrize("lines", [AGAIN, SLOPES])
def test_a_slope_that_is_wrong_in_every_gate_is_one_mistake(lines: dict[str, str], tmp_path: Path) -> None:
    (mistake,) = checked(tmp_path, **lines)[1].mistakes
    assert (mistake.id, mistake.explains) == ("wrong_factor", mistake.of)
    assert "da with" in mistake.message
    assert mistake.line is not None
    assert mistake.line.text == f"dai = {lines['dai']}"
    assert "da = dy ∘ y ∘ (1 − y), y = σ(a)" in mistake.rule


def test_the_advice_is_that_of_the_line(tmp_path: Path) -> None:
    rules = {
        "dag": "da_g = dg ∘ (1 − g²), for g = tanh(a_g)",
        "daf": "da_f = df ∘ f ∘ (1 − f), for f = σ(a_f)",
        "df": "df = dc ∘ c_{t-1}, for c = f ∘ c_{t-1} + i ∘ g",
        "dc": "dc = dh ∘ o ∘ (1 − tanh(c)²), for h = o ∘ tanh(c)",
    }
    wrong = {line: text for line, text, *_rest in reversed(WRONG)} | {"dc": "dnext_c + dnext_h * o * (1 - t)"}
    for line, rule in rules.items():
        (mistake,) = checked(tmp_path, **{line: wrong[line]})[1].mistakes
        assert (mistake.rule, mistake.id) == (rule, "wrong_factor")


GATE = {"dao": "do", "daf": "df"}  # of what is wrong twice in one gate and once elsewhere, three are too many
TRIPLES = [triple for triple in combinations(WRONG, 3) if len({GATE.get(line, line) for line, *_rest in triple}) == 3]


@pytest.mark.parametrize("number", range(0, len(TRIPLES), 18))
def test_three_mistakes_are_named_each_by_its_own_gradients(number: int, tmp_path: Path) -> None:
    triple = TRIPLES[number]
    _forward, backward = checked(tmp_path, **{line: text for line, text, *_rest in triple})
    named = [(mistake.id, mistake.message) for mistake in backward.mistakes]
    for _line, _text, mistake, words in triple:
        assert any(id == mistake and words in message for id, message in named), (triple, named)
    assert len(named) == 3
    assert not backward.findings


def test_a_bias_that_is_subtracted_is_named_and_its_backward_step_is_not_blamed(tmp_path: Path) -> None:
    forward, backward = checked(tmp_path, bias="- b", db="-da.sum(axis=0)")
    assert [mistake.id for mistake in forward.mistakes] == ["bias_subtracted"]
    assert backward.mistakes == []
    assert "mend lstm_step_forward first" in " ".join(backward.notes)


def test_noise_in_one_gate_is_named_by_no_mistake(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for line in ("daf", "dag"):
        factor = 0.5 + rng.random()
        _forward, backward = checked(tmp_path, **{line: f"{RIGHT[line]} * {factor}"})
        assert (backward.verdict, backward.mistakes) == ("wrong", [])
