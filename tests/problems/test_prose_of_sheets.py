"""Problems told in words: weights, starts, losses and letters in sentences, each present and absent, twice.

Longer than other files: one problem is told in words again and again.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.problems.parse import pages

U, W, V, C, START = 0.7, -0.45, 1.3, 0.25, -0.6
INPUTS = [1.5, -2.0, 0.5]
WEIGHTS = {
    "en": [
        {"U": "the input-to-hidden weight is {}", "W": "the hidden-to-hidden weight is {}",
         "V": "the hidden-to-output weight is {}", "c": "the output bias is {}"},
        {"U": "it has an input weight of {}", "W": "a recurrent weight of {}", "V": "an output weight of {}",
         "c": "an output bias of {}"},
        {"U": "the weight from the input to the hidden unit equals {}",
         "W": "the weight from the hidden unit to itself equals {}",
         "V": "the weight from the hidden layer to the output equals {}", "c": "and the read-out bias equals {}"},
    ],
    "zh": [
        {"U": "输入到隐藏层的权重为{}", "W": "隐藏层到隐藏层的权重为{}",
         "V": "隐藏层到输出层的权重为{}", "c": "输出层的偏置为{}"},
        {"U": "输入层至隐含层的连接权值是{}", "W": "隐含层到自身的权值是{}",
         "V": "隐含层到输出层的权值是{}", "c": "输出偏置是{}"},
        {"U": "输入权重等于{}", "W": "循环权重等于{}", "V": "输出权重等于{}", "c": "输出偏置等于{}"},
    ],
}  # fmt: skip
STARTS = {"en": "the initial hidden state is {}", "zh": "初始隐藏状态为{}"}
AROUND = {
    "en": "A simple RNN with tanh has one unit: {}. All other biases are 0. The input sequence is {}. Find all states.",
    "zh": "已知一个简单循环神经网络，激活函数为tanh，{}，其余偏置均为0。输入序列为{}，求各时刻的隐藏状态。",
}


def wanted(**given: Any) -> dict[str, Any]:
    return {"U": [[U]], "W": [[W]], "x": [[x] for x in INPUTS], **given}


def total(sheet: Any) -> float:
    read = problem(sheet)
    trace = read.forward()
    objective = read.objective(trace)
    return float(objective.evaluate(trace.at(objective.at)).loss)


def listed(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: array.tolist() for name, array in arrays.items()}


@pytest.mark.parametrize(("read_out", "bias", "start"), list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize(("language", "way"), [(language, way) for language in WEIGHTS for way in range(3)])
def test_weights_in_a_sentence(language: str, way: int, read_out: bool, bias: bool, start: bool) -> None:
    words = dict(WEIGHTS[language][way])
    parts = [words["U"].format(U), words["W"].format(W)]
    given = wanted()
    if read_out:
        parts.append(words["V"].format(V))
        given["V"] = [[V]]
        if bias:
            parts.append(words["c"].format(C))
            given["c"] = [C]
    if start:
        parts.append(STARTS[language].format(START))
        given["h0"] = [START]
    comma, between = ("、", "，") if language == "zh" else (", ", ", ")
    text = AROUND[language].format(between.join(parts), comma.join(map(str, INPUTS)))
    assert_same(text, given)
    assert not [note for note in problem(text).notes if "not read" in note]


@pytest.mark.parametrize("sentence", ["The initial hidden state is {}.", "初始隐藏状态为{}。", "Initially, h = {}.",
                                      "The initial state of the network is [{}]."])  # fmt: skip
def test_a_start_beside_equations(sentence: str) -> None:
    text = f"h_t = tanh(0.7 x_t - 0.45 h_{{t-1}}). {sentence.format(START)} x = {', '.join(map(str, INPUTS))}"
    assert_same(text, wanted(h0=[START]))


@pytest.mark.parametrize("sentence", ["Initially, h = {}.", "Initial state: h = {}.", "开始时 h = {}。"])
def test_a_start_without_equations(sentence: str) -> None:
    text = f"RNN with tanh, U = 0.7, W = -0.45. {sentence.format(START)} x = {', '.join(map(str, INPUTS))}"
    assert_same(text, wanted(h0=[START]))


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize(
    "sentence",
    ["{0} multiplies the input, {1} the previous hidden state.", "{0} is the input weight, {1} the recurrent weight.",
     "Here {1} is applied to the previous hidden state and {0} is applied to the input.",
     "其中{0}为输入权重，{1}为循环权重。"],
)  # fmt: skip
def test_letters_that_a_sentence_explains(sentence: str, other: bool) -> None:
    of_input, of_state = ("W", "U") if other else ("U", "W")
    text = f"RNN with tanh, {of_input} = {U}, {of_state} = {W}, x = {', '.join(map(str, INPUTS))}. "
    assert_same(text + sentence.format(of_input, of_state), wanted())


@pytest.mark.parametrize("case", [str.lower, str.upper])
@pytest.mark.parametrize("inputs_first", [False, True])
def test_gates_of_one_unit(case: Any, inputs_first: bool) -> None:
    """Weights of a scalar LSTM in small letters are those in capitals."""
    numbers = {name: float(value) for name, value in zip([f"{w}_{g}" for g in "ifoc" for w in "WUb"], drawn_at(12, 12))}
    said = [f"{case(name[0]) if name[0] != 'b' else 'b'}{name[1:]} = {value}" for name, value in numbers.items()]
    said.append("The letter W multiplies the input." if inputs_first else "")
    text = "\n".join(["cell: lstm", *said, "x = 0.5, 1.5"])
    u, w = ("W", "U") if inputs_first else ("U", "W")
    gates = {"i": "i", "f": "f", "g": "c", "o": "o"}
    given: dict[str, Any] = {name: {gate: [[numbers[f"{letter}_{theirs}"]]] for gate, theirs in gates.items()}
             for name, letter in (("U", u), ("W", w))}  # fmt: skip
    given["b"] = {gate: [numbers[f"b_{theirs}"]] for gate, theirs in gates.items()}
    assert_same(text, {"cell": "lstm", **given, "x": [[0.5], [1.5]]})


@pytest.mark.parametrize("mean", ["", "1/T "])
@pytest.mark.parametrize(
    ("sentence", "loss"),
    [("The loss is {}½ Σ (y_t - d_t)^2.", "half_squared_error"),
     ("The total loss is {}Σ (y_t - d_t)²", "squared_error"),
     (r"The loss at each time step is ${}\frac{{1}}{{2}}(y_t - d_t)^2$", "half_squared_error"),
     (r"损失函数为 ${}\frac12 \sum_t (y_t-d_t)^2$。", "half_squared_error")],
)  # fmt: skip
def test_a_loss_in_a_sentence(sentence: str, loss: str, mean: str) -> None:
    mean = mean if "Σ" in sentence else ""
    text = f"h_t = tanh(0.7 x_t - 0.45 h_{{t-1}}), y_t = {V} h_t + {C}, h_0 = 0, x = 1.5, -2, 0.5, d = 0.3, 0.5, 1. "
    given = wanted(V=[[V]], c=[C], targets=[[0.3], [0.5], [1.0]], loss=loss, **({"reduction": "mean"} if mean else {}))
    got, expected = (total(sheet) for sheet in (text + sentence.format(mean), given))
    assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loop", ["for x in {}:", "for t, x in enumerate({}):", "for x in np.array({}):"])
@pytest.mark.parametrize("read_out", [False, True])
def test_a_loop_over_its_inputs(loop: str, read_out: bool) -> None:
    """What a program's loop runs over is the inputs."""
    u, w, v, x = drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 1, 3), drawn_at(4, 4, 2)
    lines = ["import numpy as np", f"Wxh = np.array({u.tolist()})", f"Whh = np.array({w.tolist()})", "h = np.zeros(3)"]
    lines += [f"Why = np.array({v.tolist()})"] if read_out else []
    lines += [loop.format(x.tolist()), "    h = np.tanh(Wxh @ x + Whh @ h)", *(["    y = Why @ h"] if read_out else [])]
    given = {"U": u, "W": w, "x": x, **({"V": v} if read_out else {})}
    assert_same("\n".join(["```python", *lines, "```"]), listed(given))


@pytest.mark.parametrize("text", ["I (3×3)", "I (3 x 3)", "I_3", "I"])
def test_the_identity_with_its_size(text: str) -> None:
    u, x = drawn_at(1, 3, 2), drawn_at(4, 4, 2)
    sheet = f"h_t = ReLU(W x_t + U h_{{t-1}}), U = {text}, W = {printed(u)}, x = {printed(x)}"
    assert_same(sheet, listed({"U": u, "W": np.eye(3), "x": x}) | {"activation": "relu"})


@pytest.mark.parametrize(("between", "option"), [("; ", False), (";", False), (", ", False), ("; ", True), (";", True)])
def test_brackets_within_brackets_with_decimal_commas(between: str, option: bool) -> None:
    """[[0,4; -0,3]; [0,1; 0,6]]: each inner bracket is a row."""
    arrays = {
        "U": np.abs(drawn_at(1, 3, 2)) % 1,
        "W": np.abs(drawn_at(2, 3, 3)) % 1,
        "x": np.abs(drawn_at(4, 4, 2)) % 1,
    }

    def rows(array: np.ndarray) -> str:
        numbers = [[str(number).replace(".", ",") for number in row] for row in array]
        return "[" + between.join(f"[{'; '.join(row)}]" for row in numbers) + "]"

    if option:
        said = [text for name, array in arrays.items() for text in (f"--{name}", rows(array))]
        read = json.loads(command("forward", *said, "--format", "json").out)
        np.testing.assert_allclose(read["trace"]["h"], problem(listed(arrays)).forward()["h"], rtol=1e-12)
        return
    assert_same("\n".join(f"{name} = {rows(array)}" for name, array in arrays.items()), listed(arrays))


@pytest.mark.parametrize("before", ["输入", "入力", "입력", ""])
def test_names_behind_letters_of_other_scripts(before: str) -> None:
    """Chinese, Japanese and Korean put no blank between a word and a name."""
    steps = "，".join(f"{before if number < 2 else ''}x_{number}={value}" for number, value in enumerate(INPUTS, 1))
    assert_same(f"tanh。设权重U=0.7，循环权重W=-0.45。{steps}，初始h_0={START}", wanted(h0=[START]))


@pytest.mark.parametrize("sign", ["=", ":="])
def test_a_range_of_steps(sign: str) -> None:
    text = (
        f"h_t = tanh(0.7 x_t - 0.45 h_{{t-1}}), $x_{{1:3}} {sign} ({', '.join(map(str, INPUTS))})$, find $h_{{1:3}}$."
    )
    assert_same(text, wanted())


@pytest.mark.parametrize("layer", ["", "_l0"])
def test_weights_of_a_cell_of_pytorch(layer: str) -> None:
    u, w, x = drawn_at(1, 12, 2), drawn_at(2, 12, 3), drawn_at(4, 4, 2)
    said = [f"weight_ih{layer} = {u.tolist()}", f"weight_hh{layer} = {w.tolist()}", f"x = {x.tolist()}"]
    assert_same("\n".join(["cell: lstm", *said]), {"cell": "lstm", "notation": "pytorch", "weight_ih_l0": u.tolist(),
                                                   "weight_hh_l0": w.tolist(), "x": x.tolist()})  # fmt: skip


# ------------------------------------------------------------------------------------- letters below and above the line

PIECES = re.compile(r"([_^])(?:\{([^{}]*)\}|(\w))")
SHEET = "h_{t} = tanh(W_{xh} x_{t} + W_{hh} h_{t-1}{bias})\nW_{xh} = 0.7\nW_{hh} = -0.45\n{b}h_{0} = 0\n{x}"


def sheet(bias: bool) -> str:
    x = ", ".join(f"x_{{{number}}} = {value}" for number, value in enumerate(INPUTS, 1))
    return (
        SHEET.replace("{bias}", " + b_{h}" if bias else "").replace("{b}", "b_{h} = 0.2\n" if bias else "")
    ).replace("{x}", x)


def html(text: str, tag: str, split: bool) -> bytes:
    def put(part: re.Match[str]) -> str:
        name, inner = ("sub" if part[1] == "_" else "sup"), part[2] or part[3]
        pieces = [inner[:1], inner[1:]] if split and len(inner) > 1 else [inner]
        return "".join(f"<{name}>{f'<{tag}>{piece}</{tag}>' if tag else piece}</{name}>" for piece in pieces)

    lines = "".join(f"<p>{PIECES.sub(put, line)}</p>" for line in text.split("\n"))
    return f"<!doctype html><html><body>{lines}</body></html>".encode()


def word(text: str, split: bool) -> bytes:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

    def run(text: str, place: str = "") -> str:
        style = f'<w:rPr><w:vertAlign w:val="{place}"/></w:rPr>' if place else ""
        return f'<w:r>{style}<w:t xml:space="preserve">{text}</w:t></w:r>' if text else ""

    def line(text: str) -> str:
        runs, at = "", 0
        for part in PIECES.finditer(text):
            inner, place = part[2] or part[3], "subscript" if part[1] == "_" else "superscript"
            pieces = [inner[:1], inner[1:]] if split else [inner]
            runs += run(text[at : part.start()]) + "".join(run(piece, place) for piece in pieces)
            at = part.end()
        return f"<w:p>{runs}{run(text[at:])}</w:p>"

    body = "".join(map(line, text.split("\n")))
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as package:
        package.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
    return page.getvalue()


@pytest.mark.parametrize(("bias", "split"), list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("kind", ["html", "html i", "html var", "word"])
def test_letters_below_the_line(kind: str, bias: bool, split: bool) -> None:
    """Pages set indices below the line; a program may keep one index in pieces."""
    page = word(sheet(bias), split) if kind == "word" else html(sheet(bias), kind.partition(" ")[2], split)
    text = pages.text_of(page)
    assert text is not None
    assert_same(text, wanted(**({"b": [0.2]} if bias else {})))


@pytest.mark.parametrize("tag", ["i", "em", "b", "strong", "span", "var"])
def test_pieces_of_a_page_in_text(tag: str) -> None:
    """Part of a page, pasted as text: what says only how letters look is not seen, within a formula too."""
    text = re.sub(r"([A-Za-z])((?:_\{\w+(?:-1)?\})?)(?= |$|\))", rf"<{tag}>\1\2</{tag}>", sheet(True))
    text = PIECES.sub(lambda part: f"<sub>{part[2] or part[3]}</sub>", text)
    assert f"</{tag}>" in text
    assert_same(f"<p>{text}</p>", wanted(b=[0.2]))
