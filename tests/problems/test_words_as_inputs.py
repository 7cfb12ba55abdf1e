"""Words as inputs: tables of embeddings and of codes, letters between quotation marks, with a vocabulary."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

from rnncalc.errors import ParseError, RnncalcError

SENTENCES = {
    "en": ("We feed the sentence “{}” into the network.", " "),
    "quotes": ('The input is the sentence "{}".', " "),
    "list": ("The words arrive in the order {}.", ", "),
    "zh": ("把句子“{}”输入网络。", " "),
    "none": ("", " "),
}
HEADS = {
    "en": ("word", "embedding"), "vector": ("Token", "word vector $e$"), "zh": ("词", "词向量"), "x": ("word", "$x_t$"),
    "several": ("word", "dim 1", "dim 2", "dim 3"),
}  # fmt: skip
WORDS = {"en": ["the", "cat", "sat"], "zh": ["我", "爱", "你"]}


def weights(inputs: int, units: int = 2) -> tuple[str, dict[str, Any]]:
    arrays = {"U": drawn_at(1, units, inputs), "W": drawn_at(2, units, units)}
    text = "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    return f"h_t = tanh(U x_t + W h_{{t-1}})\n{text}", arrays


@pytest.mark.parametrize(("sentence", "head", "language"), list(itertools.product(SENTENCES, HEADS, WORDS)))
def test_a_table_of_embeddings_and_a_sentence(sentence: str, head: str, language: str) -> None:
    given, _arrays = weights(3)
    words, vectors = WORDS[language], drawn_at(3, 3, 3)
    heads = HEADS[head]
    cells = [[*map(str, row)] if len(heads) > 2 else [f"({', '.join(map(str, row))})"] for row in vectors]
    rows = [[word, *row] for word, row in zip(words, cells)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
    said, mark = SENTENCES[sentence]
    order = [0, 1, 2] if sentence == "none" else [1, 0, 2, 1]
    got = problem(f"{given}\n{table}\n\n{said.format(mark.join(words[at] for at in order))}\n")
    np.testing.assert_array_equal(got.x, vectors[order])
    assert any("the words of the table" in note for note in got.notes) == (sentence == "none")


@pytest.mark.parametrize(
    "vocabulary",
    [
        "The vocabulary is h, e, l, o.",
        "vocabulary: h, e, l, o",
        "vocabulary of the letters “helo”",
        "词汇表为 {h, e, l, o}。",
    ],
)
@pytest.mark.parametrize("said", ['We feed the sequence "{}".', "The input is “{}”.", "输入序列为“{}”。"])
@pytest.mark.parametrize("target", ['The targets are "{}".', "The network should predict “{}”.", ""])
def test_letters_between_quotation_marks(vocabulary: str, said: str, target: str) -> None:
    given, _arrays = weights(4)
    read_out = f"y_t = softmax(V h_t)\nV = {printed(drawn_at(4, 4, 2))}\n"
    sheet = f"{vocabulary}\n{said.format('hel')}\n{target.format('ell')}\n\n{given}{read_out}"
    got = problem(sheet + "\nThe loss is the cross-entropy.\n")
    np.testing.assert_array_equal(got.x, np.eye(4)[[0, 1, 2]])
    assert (got.task.targets is None) == (not target)
    if target:
        assert got.task.targets is not None
        assert got.task.targets.tolist() == [1, 2, 2]


def test_inputs_that_are_given_outrank_a_table() -> None:
    given, _arrays = weights(2)
    table = "| word | embedding |\n|---|---|\n| a | (1, 2) |\n| b | (3, 4) |\n"
    np.testing.assert_array_equal(problem(f"{given}\n{table}\nx_1 = (5, 6), x_2 = (7, 8)").x, [[5, 6], [7, 8]])


FED = {
    "zh word": "输入 “{}”，目标 “{}”。", "zh letters": "依次输入 {}，目标 {}。", "en": 'input "{}", target "{}"',
    "en letters": "The inputs are {}; the targets are {}.", "de": "Eingabe “{}”, target “{}”",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "example"), list(itertools.product(FED, ["", "我们学习单词 “helo”。", "It spells “helo”."]))
)
def test_the_sentence_of_inputs_outranks_an_example(kind: str, example: str) -> None:
    given, _arrays = weights(4)
    words = ["hel", "elo"]
    if "letters" in kind:
        words = ["、".join(f"“{letter}”" for letter in word) for word in words]
    read_out = f"y_t = softmax(V h_t)\nV = {printed(drawn_at(4, 4, 2))}\nThe loss is the cross-entropy.\n"
    got = problem(f"{example}\n词汇表为 {{h, e, l, o}}。\n\n{given}{read_out}\n{FED[kind].format(*words)}\n")
    np.testing.assert_array_equal(got.x, np.eye(4)[[0, 1, 2]])
    assert got.task.targets is not None
    assert got.task.targets.tolist() == [1, 2, 3]


ENCODED = """{size}for t in range(len(inputs)):
    xs[t] = np.zeros(({length}, 1))  # encode in 1-of-k
    xs[t][inputs[t]] = 1
    hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]))
    ys[t] = np.dot(Why, hs[t])
    ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
    loss {loss}

Wxh = np.array({U})
Whh = np.array({W})
Why = np.array({V})
targets = [2, 1, 1]
"""
CODES = {"as numbers": "inputs = [0, 2, 1]", "one by one": "x_1 = [1, 0, 0]\nx_2 = [0, 0, 1]\nx_3 = [0, 1, 0]"}
LENGTHS = {"a number": ("", "3"), "named": ("vocab_size = 3\n", "vocab_size"), "of the weights": ("", "vocab_size")}
LOSSES = ["+= -np.log(ps[t][targets[t], 0])", "-= np.log(ps[t][targets[t]])"]


@pytest.mark.parametrize(("codes", "length", "loss"), list(itertools.product(CODES, LENGTHS, LOSSES)))
def test_class_numbers_that_a_loop_encodes(codes: str, length: str, loss: str) -> None:
    arrays = {"U": drawn_at(1, 2, 3), "W": drawn_at(2, 2, 2), "V": drawn_at(4, 3, 2)}
    given = {name: array.tolist() for name, array in arrays.items()}
    size, said = LENGTHS[length]
    got = problem(ENCODED.format(size=size, length=said, loss=loss, **given) + CODES[codes] + "\n")
    wanted = {**given, "output": "softmax", "x": np.eye(3)[[0, 2, 1]].tolist(), "targets": [2, 1, 1]}
    same = problem({**wanted, "loss": "cross_entropy"})
    for name in arrays:
        gradient, expected = (each.backward(each.forward())[name] for each in (got, same))
        np.testing.assert_allclose(gradient, expected, rtol=1e-10)


@pytest.mark.parametrize(("codes", "length"), [("[0, 3, 1]", "3"), ("[0, 2, 1]", "two")])
def test_class_numbers_of_no_such_class_are_refused(codes: str, length: str) -> None:
    values = {"U": "[1, 2]", "W": "0.5", "V": "[[1], [2]]"}
    with pytest.raises(RnncalcError):
        problem(ENCODED.format(size="", length=length, loss=LOSSES[0], **values) + f"inputs = {codes}\n")


COLUMNS = [  # step, input, target, and the vocabulary in a sentence
    ("t", "input word", "word to predict", "The vocabulary has four words, numbered in this order: {}."),
    ("step", "current token", "next token", "Vocabulary: {}."),
    ("t", "word", "to predict", "The vocabulary is {}."),
    ("t", "Eingabewort", "Zielwort", "Das Vokabular hat vier Wörter in dieser Reihenfolge: {}."),
    ("Schritt", "aktuelles Wort", "vorherzusagendes Wort", "Der Wortschatz ist: {}."),
    ("t", "mot d'entrée", "mot à prédire", "Le vocabulaire, dans cet ordre : {}."),
    ("t", "palabra de entrada", "palabra siguiente", "El vocabulario tiene cuatro palabras: {}."),
    ("t", "palavra atual", "palavra a prever", "O vocabulário é: {}."),
    ("t", "входное слово", "следующее слово", "Словарь: {}."),
    ("t", "入力単語", "次の単語", "語彙: {}。"),
    ("t", "입력 단어", "다음 단어", "어휘: {}."),
    ("t", "输入词", "要预测的词", "词表：{}。"),
]


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("mark", ["`", ""])
def test_a_table_of_words_and_of_words_to_predict(columns: tuple[str, ...], mark: str) -> None:
    step, fed, wanted, sentence = columns
    words, order = ["the", "cat", "sat", "down"], [0, 1, 3, 2, 1]
    given, _arrays = weights(4)
    pairs = enumerate(zip(order, order[1:]), 1)
    rows = [[str(t), words[first], words[second]] for t, (first, second) in pairs]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [[step, fed, wanted], ["---"] * 3, *rows])
    said = sentence.format(", ".join(f"{mark}{word}{mark}" for word in words))
    read_out = f"p_t = softmax(V h_t)\nV = {printed(drawn_at(5, 4, 2))}\n"
    got = problem(f"{said}\n\n{given}{read_out}\n{table}\n\n$L = -\\sum_t \\log p_t(\\text{{target}}_t)$\n")
    np.testing.assert_array_equal(got.x, np.eye(4)[order[:-1]])
    assert got.task.targets is not None
    assert got.task.targets.tolist() == order[1:]


CLASSES = [  # the list, the correct one, the column of words
    ("The classes are, in this order: {}.", "The correct answer is: {}.", "word"),
    ("Classes: {}", "The true class is {}.", "token"),
    ("Les classes sont, dans cet ordre : {}.", "La bonne réponse est : {}.", "mot"),
    ("Die Klassen sind in dieser Reihenfolge: {}.", "Die richtige Antwort ist „{}“.", "Wort"),
    ("Las clases son: {}.", "La respuesta correcta es {}.", "palabra"),
    ("As classes são: {}.", "A resposta correta é {}.", "palavra"),
    ("Le classi sono: {}.", "La risposta corretta è {}.", "parola"),
    ("Классы: {}.", "Правильный ответ: {}.", "слово"),
    ("クラスは：{}。", "正解は {} です。", "単語"),
    ("类别依次为：{}。", "正确答案是 {}。", "词"),
]


def sentence_sheet(columns: tuple[str, ...], in_words: int | None, in_loss: int | None) -> str:
    listed, correct, word = columns
    names = ["low", "middle", "high"]
    lines = ["h_t = tanh(E e_t + R h_{t-1})", "p = softmax(S h_T)", listed.format(", ".join(names))]
    lines += [f"{name} = {printed(drawn_at(7 + len(name), *shape))}" for name, shape in
              {"E": (2, 2), "R": (2, 2), "S": (3, 2)}.items()]  # fmt: skip
    lines += [f"\n| t | {word} | $e_t$ |", "|---|---|---|"]
    lines += [f"| {t} | {said} | [{t}, -0.5] |" for t, said in enumerate(["not", "very", "good"], 1)]
    lines += ["", correct.format(names[in_words]) if in_words is not None else ""]
    lines += [f"$L = -\\log p_{{\\text{{{names[in_loss]}}}}}$" if in_loss is not None else "Cross-entropy at the end."]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("columns", CLASSES)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_class_that_is_named(columns: tuple[str, ...], at: int) -> None:
    for in_words, in_loss in ((at, at), (None, at), (at, None)):
        got = problem(sentence_sheet(columns, in_words, in_loss))
        assert got.task.targets is not None
        assert got.task.targets.tolist()[-1] == at
        assert got.task.loss == "cross_entropy"
        np.testing.assert_array_equal(got.x, [[1, -0.5], [2, -0.5], [3, -0.5]])


def test_a_class_that_is_named_twice_is_the_same() -> None:
    with pytest.raises(ParseError, match="low and middle"):
        problem(sentence_sheet(CLASSES[0], 0, 1))
