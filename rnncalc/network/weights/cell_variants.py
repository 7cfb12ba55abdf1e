"""Recurrent operators as other libraries vary them: our cells where all is usual, else a variant's equations.

`clip` bounds what goes into the functions; `input_forget` makes f = 1 − i; peepholes let i and f see the memory before,
and o the new one; `linear_before_reset` is the difference between gru_after and gru.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS, Cell

OPERATORS = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU", "gru_after": "GRU"}
USUAL = {"RNN": ["Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}  # functions of a direction


class Activation(NamedTuple):
    """An activation by ONNX's name, with its constants; None where it has none."""

    name: str
    alpha: float | None = None
    beta: float | None = None


NEEDED = float("inf")  # a constant that runtimes do not agree on where it is not given
_DEFAULTS = {  # name → its constants
    "tanh": Activation("Tanh"), "relu": Activation("Relu"), "sigmoid": Activation("Sigmoid"),
    "softplus": Activation("Softplus"), "softsign": Activation("Softsign"), "elu": Activation("Elu", 1.0),
    "leakyrelu": Activation("LeakyRelu", 0.01), "thresholdedrelu": Activation("ThresholdedRelu", NEEDED),
    "affine": Activation("Affine", NEEDED, NEEDED), "scaledtanh": Activation("ScaledTanh", NEEDED, NEEDED),
    "hardsigmoid": Activation("HardSigmoid", 0.2, 0.5),
}  # fmt: skip
ACTIVATIONS = {  # of ours → the same in ONNX
    "tanh": Activation("Tanh"), "relu": Activation("Relu"), "sigmoid": Activation("Sigmoid"),
    "softplus": Activation("Softplus"), "softsign": Activation("Softsign"), "elu": Activation("Elu", 1.0),
    "leaky_relu": Activation("LeakyRelu", 0.01), "identity": Activation("Affine", 1.0, 0.0),
    "hard_sigmoid": Activation("HardSigmoid", 1 / 6, 0.5), "hard_sigmoid_02": Activation("HardSigmoid", 0.2, 0.5),
}  # fmt: skip
_WRITTEN = {  # name → its equation in a
    "Tanh": "tanh({a})", "Relu": "relu({a})", "Sigmoid": "sigmoid({a})", "Softplus": "softplus({a})",
    "Softsign": "softsign({a})", "Elu": "max({a}, 0) + {alpha} * (exp(min({a}, 0)) - 1)",
    "LeakyRelu": "max({a}, 0) + {alpha} * min({a}, 0)", "ThresholdedRelu": "{a} * step({a} - {alpha})",
    "Affine": "{alpha} * {a} + {beta}", "ScaledTanh": "{alpha} * tanh({beta} * {a})",
    "HardSigmoid": "max(0, min(1, {alpha} * {a} + {beta}))",
}  # fmt: skip


def functions(names: Sequence[str], alphas: Sequence[float], betas: Sequence[float]) -> list[Activation]:
    """The functions of an operator: each takes its constants from the lists, in order. Raises ProblemError."""
    left, chosen = (list(alphas), list(betas)), []
    for name in names:
        usual = _DEFAULTS.get(name.lower())
        if usual is None:
            raise ProblemError(_("{name}: {value} is not supported"), name="activations", value=name)
        constants = [
            None if value is None else _shortest(given.pop(0)) if given else value
            for value, given in zip(usual[1:], left)
        ]
        if NEEDED in constants:
            key = ("activation_alpha", "activation_beta")[constants.index(NEEDED)]
            raise ProblemError(_("{name}: {value} needs one"), name=key, value=name)
        chosen.append(Activation(usual.name, *constants))
    for name, given in zip(("activation_alpha", "activation_beta"), left):
        if given:
            raise ProblemError(_("{name} has more numbers than its functions take"), name=name)
    return chosen


def cell(
    operator: str, chosen: Sequence[Activation], clip: float = 0.0, coupled: bool = False, peepholes: bool = False,
    after: bool = False,
) -> Cell:  # fmt: skip
    """The cell of an operator with these functions. coupled: input_forget; after: linear_before_reset."""
    usual = [Activation(name) for name in USUAL[operator]] == list(chosen) and not (clip or coupled or peepholes)
    if operator == "RNN":
        name = next((ours for ours, function in ACTIVATIONS.items() if _equal(function, chosen[0])), None)
        if name and not clip:
            return CELLS["elman"].switch(activation=name)
        lines = {"a": "b + W @ h_p + U @ x_t", "h": _applied(chosen[0], "a", clip)}
        return Cell("rnn_variant", lines, ["h"], "h", optional=("b",))
    if operator == "GRU":
        return CELLS["gru_after" if after else "gru"] if usual else _gru(chosen, clip, after)
    return CELLS["lstm"] if usual else _lstm(chosen, clip, coupled, peepholes)


def _gru(chosen: Sequence[Activation], clip: float, after: bool) -> Cell:
    gates, new = chosen
    lines = {}
    for gate in "rz":
        lines[f"a{gate}"] = f"b_{gate} + W_{gate} @ h_p + U_{gate} @ x_t"
        lines[gate] = _applied(gates, f"a{gate}", clip)
    lines["an"] = f"b_n + {'r * (W_n @ h_p + d)' if after else 'W_n @ (r * h_p)'} + U_n @ x_t"
    lines |= {"n": _applied(new, "an", clip), "h": "(1 - z) * n + z * h_p"}
    return Cell("gru_variant", lines, ["h"], "h", gates="rzn", optional=("b", "d") if after else ("b",))


def _lstm(chosen: Sequence[Activation], clip: float, coupled: bool, peepholes: bool) -> Cell:
    gates, new, out = chosen
    lines, sees = {}, {"i": " + p_i * c_p", "f": " + p_f * c_p", "o": " + p_o * c"}

    def gate(name: str, function: Activation) -> None:
        seen = sees.get(name, "") if peepholes else ""
        lines[f"a{name}"] = f"b_{name} + W_{name} @ h_p + U_{name} @ x_t{seen}"
        lines[name] = _applied(function, f"a{name}", clip)

    gate("i", gates)
    if not coupled:
        gate("f", gates)
    gate("g", new)
    lines["c"] = f"{'(1 - i)' if coupled else 'f'} * c_p + i * g"
    gate("o", gates)
    lines["m"] = _applied(out, "c", 0.0)
    lines["h"] = "o * m"
    return Cell("lstm_variant", lines, ["h", "c"], "h", gates="igo" if coupled else "ifgo", optional=("b",))


def _applied(function: Activation, line: str, clip: float) -> str:
    """The equation of a function of a line, which is bounded before."""
    bounded = f"max(min({line}, {_text(clip)}), {_text(-clip)})" if clip else line
    constants = {key: _text(value) for key, value in (("alpha", function.alpha), ("beta", function.beta))}
    return _WRITTEN[function.name].format(a=bounded, **constants)


def _equal(function: Activation, other: Activation) -> bool:
    """Whether two functions are one in float32."""
    return function.name == other.name and all(
        np.float32(a or 0) == np.float32(b or 0) for a, b in zip(function[1:], other[1:])
    )


def _shortest(value: float) -> float:
    """The shortest number that is this one in float32."""
    return float(str(np.float32(value)))


def _text(value: float | None) -> str:
    return "" if value is None else f"({value!r})" if value < 0 else repr(value)
