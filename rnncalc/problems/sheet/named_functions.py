"""The functions that a sheet names in sentences: a letter, σ, the word activation; the slope of the leaky ReLU."""

from __future__ import annotations

import re

from rnncalc.problems.formulas.spelling import BREAK

_FUNCTION_WORDS = {
    "leaky_relu": r"leaky[- ]?relu", "hard_sigmoid": "hard[- ]?sigmoid", "hard_tanh": "hard[- ]?tanh",
    "log_softmax": "log[- ]?softmax",
    "tanh": r"tanh|hyperbolic tangent|tangente? hyperbolique|tangens hyperbolicus|tangente iperbolica|"
    r"tangente hiperbólica|双曲正切|双曲線正接|гиперболическ\w+ тангенс|(?:하이퍼볼릭|쌍곡) ?탄젠트",
    "sigmoid": r"sigm[oa][iïí]de?\w*|logisti\w+|логистическ\w+|сигмоид\w*|シグモイド|시그모이드|"
    r"逻辑(?:斯蒂)?函数|S ?型函数",
    "relu": r"relu|rectif\w+|线性整流|修正线性",
    "softmax": "softmax",
    "identity": r"identit\w+|(?<!non)(?<!non-)linear\w*|(?<!非)线性|恒等",
    "softplus": "softplus", "softsign": "softsign", "elu": r"\belu\b",
}  # fmt: skip
FUNCTION_NAMES = "|".join(f"(?:{words})" for words in _FUNCTION_WORDS.values())
_SIGMA = re.compile(
    rf"(?<!\w)σ(?:\([^()\n]{{0,4}}\))?[\s{BREAK}]*(?:\b(?:is|denotes|stands for|means|represents|be)\b|"
    rf":?=|为|是|表示|代表|指|取)"
    rf"(?:[\s{BREAK}]|\b(?:the|an?|here|now|used as|to be|element-?wise)\b|函数|逐元素的?)*({FUNCTION_NAMES})(?!\w)",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"(?:leaky[- ]?relu|lrelu)\b[^.\n]{0,60}?(?:slope|factor|coefficient|leak|α|alpha|斜率|系数)[^.\n\d]{0,40}?"
    r"(?P<slope>0?\.\d+)|(?:leaky[- ]?relu|lrelu)\s*\(\w\)[^.\n]{0,60}?(?P<factor>0?\.\d+)\s*[*·]?\s*[a-z]\b",
    re.IGNORECASE,
)
_ACTIVE = r"activation|activación|ativação|attivazione|aktivierung|активаци|激活|激励|活性化|활성화"
_ACTIVATION = re.compile(
    rf"({FUNCTION_NAMES})[^.。\n]{{0,40}}?(?:{_ACTIVE})|(?:{_ACTIVE})[^.。\n]{{0,40}}?({FUNCTION_NAMES})",
    re.IGNORECASE,
)


def function_called(prose: str, letter: str) -> str:
    """The function that a letter is said to be: “f is the ReLU”; empty where nothing is said."""
    said = re.search(rf"(?<!\w){re.escape(letter)}(?!\w)[^.。;；\n]{{0,60}}?({FUNCTION_NAMES})", prose, re.IGNORECASE)
    return function_named(said[1]) if said else ""


def meaning_of_sigma(text: str) -> dict[str, str]:
    """σ with its function where the sheet says one: “where σ is the tanh”, σ(z) = tanh(z); empty where it says none."""
    said = _SIGMA.search(text)
    return {"σ": function_named(said[1])} if said else {}


def leak(text: str) -> float:
    """The slope below zero of the leaky ReLU that a sheet says, 0.01 where it says none."""
    said = _LEAK.search(text)
    return float(said["slope"] or said["factor"]) if said else 0.01


def activation(prose: str) -> str:
    """The function that is named beside the word activation."""
    said = _ACTIVATION.search(prose)
    return function_named(said[1] or said[2]) if said else ""


def function_named(word: str) -> str:
    """Our name of a function that is named in words."""
    return next(name for name, words in _FUNCTION_WORDS.items() if re.fullmatch(words, word, re.IGNORECASE))
