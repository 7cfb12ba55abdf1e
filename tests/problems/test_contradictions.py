"""Words that say another function, or another loss, than the equations: refused, or a note names both."""

from __future__ import annotations

import itertools

import pytest
from support.sheets import problem

from rnncalc.errors import RnncalcError

GIVEN = """
A = [[0.7, 0.2], [-0.5, 0.6]]
B = [[0.3, -0.1], [0.4, 0.8]]
k = [-0.1, 0.25]
x_1 = [1, -2], x_2 = [0.5, 1.5]
"""
NAMES = {"relu": "\\mathrm{ReLU}", "tanh": "\\tanh", "sigmoid": "\\sigma"}
ACTIVATION = [  # in the words of ten languages
    "- Aktivierungsfunktion: {}", "Die Aktivierungsfunktion ist {}.", "Die verdeckten Neuronen verwenden {}.",
    "La fonction d'activation est {}.", "La función de activación es {}.", "A função de ativação é {}.",
    "La funzione di attivazione è {}.", "Функция активации — {}.", "活性化関数は{}である。", "활성화 함수는 {}이다.",
    "激活函数为 {}。", "The activation function is {}.", "Activation function = {}", "| activation | {} |\n|---|---|",
]  # fmt: skip
OUTPUT = ["Die Ausgabe verwendet {}.", "The output layer uses {}.", "输出层使用 {}。", "La sortie utilise {}."]


def sheet(words: str, first: bool, hidden: str, output: str = "") -> str:
    lines = f"$h_t = {NAMES[hidden]}(A x_t + B h_{{t-1}} + k)$\n"
    lines += f"$y_t = {NAMES[output]}(C h_t)$\nC = [[0.5, -1]]\nd_1 = 1, d_2 = 0\n" if output else ""
    return f"{words}\n\n{lines}{GIVEN}" if first else f"{lines}{GIVEN}\n{words}\n"


def said(text: str) -> str:
    """What a person is notes of a sheet: the error, or the notes."""
    try:
        return " ".join(problem(text).notes)
    except RnncalcError as error:
        return str(error)


@pytest.mark.parametrize("words", ACTIVATION)
def test_another_activation_in_words(words: str) -> None:
    for number, (hidden, named) in enumerate(itertools.product(NAMES, NAMES)):
        text = sheet(words.format(named), number % 2 == 0, hidden)
        notes = said(text)
        if named == hidden:
            assert problem(text).forward()["h"].shape == (2, 2)
            assert "contradicts" not in notes
        else:
            assert named in notes, text
            assert NAMES[hidden].strip("\\").removeprefix("mathrm").strip("{}").removeprefix("sigma") in notes


@pytest.mark.parametrize("words", OUTPUT)
def test_another_output_function_in_words(words: str) -> None:
    for hidden in NAMES:
        for output in NAMES:
            for named in NAMES:
                notes = said(sheet(words.format(named), True, hidden, output))
                assert (words.format(named).rstrip(".。") in notes) is (named != output), (hidden, output, named)


@pytest.mark.parametrize(("formula", "kind"), [
    ("\\frac12 \\sum_t (y_t - d_t)^2", "half_squared_error"), ("\\sum_t (y_t - d_t)^2", "squared_error"),
    ("-\\sum_t (d_t \\log y_t + (1 - d_t) \\log(1 - y_t))", "binary_cross_entropy"),
])  # fmt: skip
@pytest.mark.parametrize("words", [
    "The loss is the {}.", "Verlustfunktion: {}", "损失函数为{}。",
])  # fmt: skip
def test_another_loss_in_words(formula: str, kind: str, words: str) -> None:
    for name, crossed in {"cross-entropy": True, "squared error": False, "交叉熵": True, "Kreuzentropie": True}.items():
        read = problem(f"{words.format(name)}\n\n{sheet('', True, 'tanh', 'sigmoid')}\n$L = {formula}$\n")
        assert read.task.loss == kind
        assert any("in words" in note for note in read.notes) is (crossed != ("entropy" in kind))
