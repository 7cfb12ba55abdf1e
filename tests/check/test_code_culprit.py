"""The line that looks like the culprit: of the corpus's planted bugs, and of bugs planted in right code."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.check.code import check_function
from rnncalc.check.code.culprit.reading import Reading
from rnncalc.check.code.culprit.rules import CHOICES, RULES, Predicates, culprit
from rnncalc.check.code.culprit.statement_predicates import CALLS
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature, arguments
from rnncalc.check.code.signature_file import shipped
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common import strict_json

CORPUS = Path(__file__).parents[1] / "examples" / "code"
CASES = [case for case in strict_json.plain((CORPUS / "EXPECTED.json").read_text("utf-8")) if "line" in case]
QUANTITIES = {"U", "W", "b", "V", "c", "x", "y", "h", "lr", "dh", "dmemory"}
B, W = r"(?:b|ba|bh|p\[\"ba\"\])", r"(?:Wh|Waa|Whh|p\[\"Waa\"\])"
PLANTED = [  # mistake, what is found in a line of right code, what takes its place, and the output that it spoils
    ("bias_omitted", r"(?<=\w) \+ " + B + r"(?![\w.\[])", "", ""),
    ("W_not_transposed", rf"({W})\.T\b", r"\1", ""),
    ("gradient_overwritten", r"^(\s+)(dW\w+|db\w*) \+= ", r"\1\2 = ", r"\2"),
    ("next_gradient_omitted", r" \+ (dh_?next|dprev\w*|da_prevt?|dh_prev|dnext)\b", "", ""),
    ("output_bias_omitted", r" \+ (by|b_q|p\[\"by\"\])(?![\w.\[])", "", ""),
    ("memory_activation_omitted", r"\* (?:np|torch)\.tanh\((\w+)\)$", r"* \1", ""),
    ("initial_state_ignored", r"^(\s+\w+) = (h0|a0|initial_hidden_state)$", r"\1 = np.zeros(\2.shape)", ""),
]


def ours(function: FunctionSignature, outputs: list[str]) -> list[str]:
    """Our names of outputs that a line of code or a sentence calls as the course does."""
    theirs = dict(arguments(function))
    cores = [name.partition(".")[0] for layout in function.returned for name in layout.names]
    return [core for core in cores if {core, theirs.get(core), f"d{theirs.get(core[1:])}"} & {*outputs}]


def shares(results: list[tuple[int | None, list[int]]]) -> tuple[float, float]:
    """How many lines are right, and how many wrong."""
    kinds = Counter("none" if line is None else "right" if line in wanted else "wrong" for line, wanted in results)
    return kinds["right"] / len(results), kinds["wrong"] / len(results)


def test_the_line_of_nearly_every_planted_bug_is_shown() -> None:
    results: list[tuple[int | None, list[int]]] = []
    for case in CASES:
        mistake = case["mistake"] if isinstance(case["mistake"], str) else case["mistake"][0]
        signature = shipped(case["signature"])
        wanted: list[int] = case["line"] if isinstance(case["line"], list) else [case["line"]]
        outputs = re.findall(r"\bd?W\w+", case["why"])
        outputs = [*outputs, *(name[1:] for name in outputs)]
        function = signature.functions[case["function"]]
        code, spoilt = Code.of_file(str(CORPUS / case["file"])), ours(function, outputs)
        line = culprit(code, function, mistake, signature.gates, spoilt)
        results.append((line.number if line else None, wanted))
    right, wrong = shares(results)
    assert len(results) == 80
    assert right >= 0.95
    assert wrong <= 0.05


def test_the_line_of_bugs_planted_in_right_code_is_shown(tmp_path: Path) -> None:
    results: list[tuple[int | None, list[int]]] = []
    for path in sorted(CORPUS.glob("*/right/*.py")):
        if path.parts[-3] == "pytorch":
            continue
        signature, lines = shipped(path.parts[-3]), path.read_text("utf-8").splitlines()
        for name, function in signature.functions.items():
            node = Code.of_file(str(path)).definition(name)
            for number in range(node.lineno + 1, (node.end_lineno or 0) + 1) if node else ():
                for mistake, old, new, output in PLANTED:
                    backward = name == "lossFun" or "backward" in name
                    matched = re.search(old, lines[number - 1])
                    is_backward = MISTAKES[mistake].backward
                    if not matched or (is_backward != backward and name != "lossFun") or "softmax" in lines[number - 1]:
                        continue
                    planted = re.sub(old, new, lines[number - 1], count=1)
                    file = tmp_path / "mine.py"
                    file.write_text("\n".join([*lines[: number - 1], planted, *lines[number:]]), "utf-8")
                    outputs = [matched.expand(output), matched.expand(output)[1:]] if output else []
                    spoilt = ours(function, outputs)
                    line = culprit(Code.of_file(str(file)), function, mistake, signature.gates, spoilt)
                    results.append((line.number if line else None, [number]))
    right, wrong = shares(results)
    assert len(results) > 80
    assert right >= 0.85
    assert wrong <= 0.10


def test_every_rule_is_of_a_mistake_and_every_word_has_a_sign() -> None:
    assert not RULES.keys() - MISTAKES.keys()
    words = {word.strip("!") for rules in RULES.values() for rule in rules for word in rule.split()}
    assert not [word for word in words - CHOICES - QUANTITIES - CALLS.keys() if not hasattr(Predicates, word)]


def test_right_code_is_read_whatever_it_looks_like() -> None:
    for path in sorted(CORPUS.glob("*/right/*.py")):
        if path.parts[-3] != "pytorch":
            signature, code = shipped(path.parts[-3]), Code.of_file(str(path))
            for function in (each for each in signature.functions.values() if code.definition(each.name)):
                predicates = Predicates(Reading(code, function, signature.gates), frozenset(("dW",)))
                for mistake in RULES:
                    predicates.best(mistake)


def test_the_line_is_the_files_also_of_a_function_that_is_given_directly() -> None:
    def rnn_step_forward(x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        total = x @ Wx
        total = total + prev_h @ Wh
        return np.tanh(total), None

    line = check_function(rnn_step_forward)[0].mistakes[0].line
    assert line is not None
    source, first = inspect.getsourcelines(rnn_step_forward)
    assert (line.number, line.text) == (first + 2, source[2].strip())


@pytest.mark.parametrize(
    ("mistake", "lines", "number"),
    [  # what is right on one line is no sign on another
        ("derivative_of_preactivation", ["da = dnext_h * (1 - np.tanh(a)**2)", "da = dnext_h * (1 - a**2)"], 2),
        ("derivative_of_preactivation", ["da = dnext_h * (1 - a * a)", "da = dnext_h * (1 - h * h)"], 1),
        ("W_not_transposed", ["dx = dnext_h @ Wx", "g = dnext_h @ Wh.T", "dprev_h = np.dot(dnext_h, Wh)"], 3),
        ("mean_for_sum", ["n = x.mean()", "db = dnext_h.mean(0)"], 2),
        ("input_modified", ["d = dnext_h.copy()", "d *= 2", "e = dnext_h", "e *= 2"], 4),
        ("input_modified", ["np.multiply(dnext_h, 2, out=dnext_h)"], 1),
        ("sign_flipped", ["da = dnext_h * (1 - h**2)", "da = dnext_h * (h**2 - 1)"], 2),
        ("derivative_twice", ["da = dnext_h * (1 - h**2)", "dz = da * (1 - h**2)"], 2),
    ],
)
def test_the_line_is_the_one_that_has_the_sign(mistake: str, lines: list[str], number: int, tmp_path: Path) -> None:
    forward = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    a = x @ Wx + prev_h @ Wh + b\n    h = np.tanh(a)\n"
    begin = [*forward.splitlines(), "    return h, (x, prev_h, Wx, Wh, a, h)", "def rnn_step_backward(dnext_h, cache):"]
    begin.append("    x, prev_h, Wx, Wh, a, h = cache")
    file = tmp_path / "mine.py"
    file.write_text(
        "\n".join([*begin, *(f"    {line}" for line in lines), "    return dx, dprev_h, dWx, dWh, db"]), "utf-8"
    )
    line = culprit(Code.of_file(str(file)), shipped("cs231n").functions["rnn_step_backward"], mistake, "ifog")
    assert line is not None
    assert line.number == len(begin) + number


LSTM = """import numpy as np
def sigmoid(z): return 1 / (1 + np.exp(-z))
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh)
    a += b
    ai, af, ao, ag = a[:, 0:H], a[:, H:2*H], a[:, 2*H:3*H], a[:, 3*H:4*H]
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f*prev_c + i*g
    next_h = o*np.tanh(next_c)
    return next_h, next_c, (i, f, o, g, ag, Wx, Wh, prev_h, prev_c, x, next_c)
def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, ag, Wx, Wh, prev_h, prev_c, x, next_c = cache
    do = np.tanh(next_c)*dnext_h
    dc = dnext_c + o*dnext_h*(1 - np.tanh(next_c)**2)
    di, df, dg = dc*g, dc*prev_c, dc*i
    das = i*(1 - i)*di, f*(1 - f)*df, o*(1 - o)*do, (1 - g**2)*dg
    da = np.hstack((das[0], das[1], das[2], das[3]))
    return da.dot(Wx.T), da.dot(Wh.T), dc*f, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)
"""


@pytest.mark.parametrize(
    ("mistake", "old", "new"),
    [
        ("gate_order", "ai, af, ao, ag =", "ai, af, ag, ao ="),
        ("gate_order", "f*prev_c + i*g", "i*prev_c + f*g"),
        ("gate_order", "das[2], das[3]", "das[3], das[2]"),
        ("candidate_sigmoid", "np.tanh(ag)", "sigmoid(ag)"),
        ("gates_activated_twice", "f*prev_c + i*g", "sigmoid(f)*prev_c + i*g"),
        ("forget_gate_omitted", "f*prev_c + i*g", "prev_c + i*g"),
        ("memory_activation_omitted", "o*np.tanh(next_c)", "o*next_c"),
        ("memory_activation_omitted", "do = np.tanh(next_c)*", "do = next_c*"),
        ("output_gate_inside_tanh", "o*np.tanh(next_c)", "np.tanh(o*next_c)"),
        ("h_c_exchanged", "return next_h, next_c", "return next_c, next_h"),
        ("derivative_of_preactivation", "(1 - g**2)", "(1 - ag**2)"),
        ("derivative_of_preactivation", "np.tanh(next_c)**2", "next_c**2"),
        ("next_gradient_omitted", "dnext_c + o*", "o*"),
        ("W_not_transposed", "Wh.T", "Wh"),
        ("bias_subtracted", "a += b", "a -= b"),
        ("bias_subtracted", "prev_h.dot(Wh)", "prev_h.dot(Wh) - b"),
        ("wrong_factor: da_g with g ∘ (1 − g) in place of 1 − g²", "(1 - g**2)*dg", "g*(1 - g)*dg"),
        ("wrong_factor: da_f with f² in place of f ∘ (1 − f)", "f*(1 - f)*df", "f*f*df"),
        ("wrong_factor: da_o with o in place of o ∘ (1 − o)", "o*(1 - o)*do", "o*do"),
        ("input_modified", "dc = dnext_c + o*", "dc = dnext_c; dc += o*"),
    ],
)
def test_the_line_of_an_lstm_with_stacked_gates(mistake: str, old: str, new: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(LSTM.replace(old, new), "utf-8")
    number = LSTM[: LSTM.index(old)].count("\n") + 1
    name = "lstm_step_forward" if number < 12 else "lstm_step_backward"
    mistake, _colon, detail = mistake.partition(": ")
    line = culprit(Code.of_file(str(file)), shipped("cs231n").functions[name], mistake, "ifog", (), detail)
    assert line is not None
    assert line.number == number


@pytest.mark.parametrize(
    "text",
    [
        "def rnn_step_forward(*a, **k):\n    return [lambda q=z: (yield z) for *z, in a], {**k}, None",
        "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    pass",
        "rnn_step_forward = max",
        "class rnn_step_forward:\n    x: int\n    def forward(self, x): return x[...][::2] if (y := x) else y",
    ],
)
def test_code_that_shows_nothing_has_no_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, "utf-8")
    signature, code = shipped("cs231n"), Code.of_file(str(file))
    for mistake in RULES:
        assert culprit(code, signature.functions["rnn_step_forward"], mistake, "ifog", ["dWh"]) is None


@pytest.mark.parametrize(
    "body",
    [
        ["x = x @ Wx"] * 5000,
        ["x = [x, [x, Wh]]"] * 200,
        ["x = {'a': [x, Wx], 'b': [Wh, x]}"] * 200,
        [" " * at + "for x in x:" for at in range(20)] + [" " * 20 + "x = rnn_step_forward(x, x, Wx, Wh, b)"],
        ["for x in x:"] + [" x = f1(x)"] * 5,
    ],
    ids=["long", "lists", "dicts", "loops", "calls"],
)
def test_code_that_is_long_or_deep_ends_without_a_line(body: list[str], tmp_path: Path) -> None:
    helpers = [
        f"def f{at}(x):\n" + f"    for x in x:\n        x = f{at + 1}(f{at + 1}(x))\n    return x\n"
        for at in range(1, 9)
    ]
    lines = ["def rnn_step_forward(x, prev_h, Wx, Wh, b):", *(f"    {line}" for line in body)]
    file = tmp_path / "mine.py"
    file.write_text("\n".join([*helpers, *lines]), "utf-8")
    code, signature = Code.of_file(str(file)), shipped("cs231n")
    assert culprit(code, signature.functions["rnn_step_forward"], "bias_omitted", "", ()) is None
