"""Two mistakes in one gate, in the forward pass or on the way back: both are named, each with its line."""

from itertools import product
from pathlib import Path

import pytest

from rnncalc.check.code import CodeVerdict, check_file

LSTM = """import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    ai = x @ Wx[:, :H] + prev_h @ Wh[:, :H] {i_bias}
    af = x @ Wx[:, H:2*H] + prev_h @ Wh[:, H:2*H] {f_bias}
    ao = x @ Wx[:, 2*H:3*H] + prev_h @ Wh[:, 2*H:3*H] {o_bias}
    ag = x @ Wx[:, 3*H:] + prev_h @ Wh[:, 3*H:] {g_bias}
    i = {i}(ai)
    f = {f}(af)
    o = {o}(ao)
    g = {g}(ag)
    next_c = f * prev_c + i * g
    next_h = {h}
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
"""
CUTS = {"i": ":H", "f": "H:2*H", "o": "2*H:3*H", "g": "3*H:"}
RIGHT = {f"{gate}_bias": f"+ b[{cut}]" for gate, cut in CUTS.items()} | dict.fromkeys("ifo", "sigmoid")
RIGHT |= {"g": "np.tanh", "h": "o * np.tanh(next_c)"}
BIAS = {"": "bias_omitted", "- b[{cut}]": "bias_subtracted"}
FUNCTION = {"np.tanh": "activation_tanh", "": "activation_omitted", "sigmoid": "candidate_sigmoid"}


def checked(folder: Path, text: str) -> list[CodeVerdict]:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return check_file(path, "cs231n")


def functions(gate: str) -> list[str]:
    return ["np.tanh", ""] if gate != "g" else ["sigmoid", ""]


IN_ONE_GATE = [(gate, bias, function) for gate in "ifog" for bias, function in product(BIAS, functions(gate))]


@pytest.mark.parametrize(("gate", "bias", "function"), IN_ONE_GATE[::4])
def test_the_bias_and_the_function_of_one_gate(gate: str, bias: str, function: str, tmp_path: Path) -> None:
    text = bias.format(cut=CUTS[gate])
    (verdict,) = checked(tmp_path, LSTM.format(**{**RIGHT, f"{gate}_bias": text, gate: function}))
    named = {mistake.id: mistake for mistake in verdict.mistakes}
    assert named.keys() == {BIAS[bias], FUNCTION[function]}


@pytest.mark.parametrize("function", ["np.tanh", "", "np.maximum(0, {})"])
def test_the_function_of_one_gate(function: str, tmp_path: Path) -> None:
    (verdict,) = checked(
        tmp_path, LSTM.format(**{**RIGHT, "f": function}).replace("np.maximum(0, {})(af)", "np.maximum(0, af)")
    )
    (mistake,) = verdict.mistakes
    wanted = {"np.tanh": "activation_tanh", "": "activation_omitted"}
    assert mistake.id == wanted.get(function, "activation_relu")
    assert mistake.line is not None
    assert mistake.line.text.startswith(("f = ", "af = "))


WRONG_LINES = [  # line, as it stands there, id, words
    ("h", "o * np.tanh(prev_c)", "wrong_quantity", "h_t with c_{t-1} in place of c_t"),
    ("h", "f * np.tanh(next_c)", "wrong_quantity", "h_t with f_t in place of o_t"),
    ("h", "o * next_c", "memory_activation_omitted", ""),
]


@pytest.mark.parametrize("gates", [("f", "i"), ("o", "g")])
@pytest.mark.parametrize(("line", "text", "mistake", "words"), WRONG_LINES)
def test_the_order_of_gates_and_a_wrong_line(
    line: str, text: str, mistake: str, words: str, gates: tuple[str, str], tmp_path: Path
) -> None:
    first, second = gates
    cuts = {f"{first}_bias": RIGHT[f"{second}_bias"], f"{second}_bias": RIGHT[f"{first}_bias"]}
    whole = LSTM
    for gate, other in (gates, gates[::-1]):
        whole = whole.replace(
            f"a{gate} = x @ Wx[:, {CUTS[gate]}] + prev_h @ Wh[:, {CUTS[gate]}]",
            f"a{gate} = x @ Wx[:, {CUTS[other]}] + prev_h @ Wh[:, {CUTS[other]}]",
        )
    (verdict,) = checked(tmp_path, whole.format(**{**RIGHT, **cuts, line: text}))
    named = {each.id: each for each in verdict.mistakes}
    assert named.keys() == {"gate_order", mistake}
    assert words in named[mistake].message
    line_named = named[mistake].line
    assert line_named is not None
    assert line_named.text == f"next_h = {text}"


@pytest.mark.parametrize("bias", ["", "- b"])
@pytest.mark.parametrize("split", ["a[:, {k}::4]", "a.reshape(len(x), -1, 4)[:, :, {k}]"])
def test_gates_that_are_cut_unit_by_unit(split: str, bias: str, tmp_path: Path) -> None:
    cuts = ", ".join(split.format(k=k) for k in range(4))
    text = f"""import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh {bias or "+ b"}
    ai, af, ao, ag = {cuts}
    next_c = sigmoid(af) * prev_c + sigmoid(ai) * np.tanh(ag)
    return sigmoid(ao) * np.tanh(next_c), next_c, None
"""
    (verdict,) = checked(tmp_path, text)
    wanted = {"gates_interleaved"} | ({"bias_subtracted"} if bias else set())
    assert {mistake.id for mistake in verdict.mistakes} == wanted
    line = next(mistake.line for mistake in verdict.mistakes if mistake.id == "gates_interleaved")
    assert line is not None
    assert line.text.startswith("ai, af, ao, ag = ")


CELL = """import numpy as np
def sigmoid(z): return 1/(1+np.exp(-z))
def softmax(z): return np.exp(z) / np.exp(z).sum(axis=0)
def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    concat = np.concatenate([{joined}])
    ft, it = sigmoid(p["Wf"] @ concat + p["bf"]), sigmoid(p["Wi"] @ concat + p["bi"])
    cct, ot = np.tanh(p["Wc"] @ concat + p["bc"]), sigmoid(p["Wo"] @ concat + p["bo"])
    c_next = {memory}
    a_next = ot * np.tanh(c_next)
    return a_next, c_next, softmax(p["Wy"] @ a_next + p["by"]), None
"""
MEMORY = {
    "ft * c_prev + it * cct": "",
    "ft * cct + it * c_prev": "gate_order",
    "ot * c_prev + it * cct": "wrong_quantity",
}


@pytest.mark.parametrize("joined", ["a_prev, xt", "xt, a_prev"])
@pytest.mark.parametrize(("memory", "mistake"), MEMORY.items())
def test_the_order_of_a_concatenation(joined: str, memory: str, mistake: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(CELL.format(joined=joined, memory=memory), encoding="utf-8")
    (verdict,) = check_file(path, "deeplearning_ai")
    crossed = {"concatenation_order": "concat = np.concatenate([xt, a_prev])"} if joined[0] == "x" else {}
    named = {each.id: each.line.text if each.line else "" for each in verdict.mistakes}
    assert named == crossed | ({mistake: f"c_next = {memory}"} if mistake else {})
    assert (verdict.verdict == "right") == (not named)


def test_a_backward_pass_is_explained_behind_the_forward_pass_that_explains_most(tmp_path: Path) -> None:
    text = """import numpy as np
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh(x @ Wx + prev_h @ Wh)
    return h, (x, prev_h, Wx, Wh, h)
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    da = dnext_h * (1 - h**2)
    return da @ Wx.T, da @ Wh, x.T @ da * 0.7, prev_h.T @ da, da.sum(axis=0)
"""
    forward, backward = checked(tmp_path, text)
    assert [mistake.id for mistake in forward.mistakes] == ["bias_omitted"]
    assert [(mistake.id, mistake.outputs) for mistake in backward.mistakes] == [("W_not_transposed", ("dprev_h",))]


@pytest.mark.parametrize(("wrong", "mistake"), [("Wx", "U_not_transposed"), ("Wh", "W_not_transposed")])
def test_a_matrix_that_is_not_transposed_on_the_way_back(wrong: str, mistake: str, tmp_path: Path) -> None:
    """Where D is not H it fails for one of them; where both are the same, the mistake is told from its numbers."""
    text = """import numpy as np
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return h, (x, prev_h, Wx, Wh, h)
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    da = dnext_h * (1 - h**2)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    return dx, dprev_h, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""
    forward, backward = checked(tmp_path, text.replace(f"da @ {wrong}.T", f"da @ {wrong}"))
    (named,) = backward.mistakes
    assert (forward.verdict, named.id) == ("right", mistake)
    assert named.line is not None
    assert named.line.text.endswith(f"da @ {wrong}")
    assert named.equation is None
