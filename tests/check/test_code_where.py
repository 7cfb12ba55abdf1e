"""A mistake that has no name is found all the same: the arrays, or the gates, that it is about are said."""

from pathlib import Path

import pytest

from rnncalc.check.code import CodeVerdict, check_file

ELMAN = """import numpy as np
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh({x} @ Wx + {h} @ Wh + {b})
    return h, (x, prev_h, Wx, Wh, h)
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    da = dnext_h * (1 - h**2)
    return da @ Wx.T, da @ Wh.T, {dWx}, prev_h.T @ da, da.sum(axis=0)
"""
LSTM = """import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(ai), {f}, sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    dai, daf, dao, dag = dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g**2)
    {wrong}
    da = np.hstack([dai, daf, dao, dag])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""


def checked(folder: Path, text: str) -> list[CodeVerdict]:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return check_file(path, "cs231n")


def said(verdict: CodeVerdict) -> list[str]:
    return [finding.text for finding in verdict.findings if finding.kind == "where"]


@pytest.mark.parametrize(
    ("part", "text", "names"),
    [("x", "x**3", "x, Wx"), ("h", "np.sin(prev_h)", "prev_h, Wh"), ("b", "b * np.arange(len(b))", "b")],
)
def test_the_arrays_without_which_it_is_right(part: str, text: str, names: str, tmp_path: Path) -> None:
    whole = {"x": "x", "h": "prev_h", "b": "b", "dWx": "x.T @ da", part: text}
    forward, _backward = checked(tmp_path, ELMAN.format(**whole))
    assert forward.mistakes == []
    assert said(forward) == [
        f"Where one of these is 0, it is right: {names}. The mistake is in what it does with them."
    ]


def test_the_arrays_of_a_gradient(tmp_path: Path) -> None:
    _forward, backward = checked(tmp_path, ELMAN.format(x="x", h="prev_h", b="b", dWx="(x**3).T @ da"))
    assert backward.mistakes == []
    assert said(backward)[0].startswith("Where one of these is 0, it is right: x.")


def test_the_state_that_a_gate_multiplies(tmp_path: Path) -> None:
    forward, _backward = checked(tmp_path, LSTM.format(f="sigmoid(af)**3", wrong=""))
    assert forward.mistakes == []
    assert said(forward)[0].startswith("Where one of these is 0, it is right: prev_c.")


@pytest.mark.parametrize("gates", ["f", "gi"])
def test_the_gates_whose_gradients_are_wrong(gates: str, tmp_path: Path) -> None:
    wrong = "; ".join(f"da{gate} = da{gate} ** 3" for gate in gates)
    _forward, backward = checked(tmp_path, LSTM.format(f="sigmoid(af)", wrong=wrong))
    assert backward.mistakes == []
    assert f"Of the gates' gradients only those of {', '.join(gates)} are wrong." in said(backward)


def test_what_has_a_name_needs_no_place(tmp_path: Path) -> None:
    whole = {"x": "x", "h": "prev_h", "b": "0", "dWx": "x.T @ da"}
    forward, _backward = checked(tmp_path, ELMAN.format(**whole))
    assert [mistake.id for mistake in forward.mistakes] == ["bias_omitted"]
    assert said(forward) == []
