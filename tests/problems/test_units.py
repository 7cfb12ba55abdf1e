"""One equation a unit: coupled neurons, every part present and absent, in every way to write unit and step."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, problem

from rnncalc.check import check
from rnncalc.problems import problem_text

WAYS = {
    "h_{u,t}": ("{b}_{{{u},{t}}}", "{b}_{{{t}}}"),
    "h_{t,u}": ("{b}_{{{t},{u}}}", "{b}_{{{t}}}"),
    "hu(t)": ("{b}{u}({t})", "{b}({t})"),
    "h_u(t)": ("{b}_{u}({t})", "{b}({t})"),
    "hu_t": ("{b}{u}_{t}", "{b}_{t}"),
}


class Writer:
    """Names of units and steps in one way."""

    def __init__(self, way: str):
        self.unit, self.whole = WAYS[way]
        self.braces = "_{t}" in self.unit

    def name(self, base: str, unit: int, step: str, several: bool = True) -> str:
        step = f"{{{step}}}" if len(step) > 1 and self.unit.endswith("_{t}") else step
        return (self.unit if several else self.whole).format(b=base, u=unit, t=step)


def total(coefficients: Any, names: list[str], bias: float | None) -> str:
    """0.5 h1 - 0.3 h2 + 0.1."""
    terms = [f"{'-' if c < 0 else '+'} {abs(c)} {name}" for c, name in zip(coefficients, names)]
    terms += [] if bias is None else [f"{'-' if bias < 0 else '+'} {abs(bias)}"]
    return " ".join(terms).removeprefix("+ ").replace("- ", "-", 1) if terms[0][0] == "-" else " ".join(terms)[2:]


def sheet(way: str, units: int, inputs: int, outputs: int, bias: bool, start: bool) -> tuple[str, dict[str, Any]]:
    """A sheet of coupled units, and the same with matrices."""
    write = Writer(way)
    U, W, b = drawn_at(1, units, inputs), drawn_at(2, units, units), drawn_at(3, units)
    V, c, h0, x = drawn_at(4, outputs, units), drawn_at(5, outputs), drawn_at(6, units), drawn_at(7, 3, inputs)
    now = [write.name("x", unit, "t", inputs > 1) for unit in range(1, inputs + 1)]
    before = [write.name("h", unit, "t-1") for unit in range(1, units + 1)]
    lines = [
        f"{write.name('h', unit + 1, 't')} = "
        f"tanh({total([*U[unit], *W[unit]], [*now, *before], b[unit] if bias else None)})"
        for unit in range(units)
    ]
    states = [write.name("h", unit, "t") for unit in range(1, units + 1)]
    lines += [
        f"{write.name('y', unit + 1, 't', outputs > 1)} = {total(V[unit], states, c[unit] if bias else None)}"
        for unit in range(outputs)
    ]
    if start:
        lines += [f"{write.name('h', unit + 1, '0')} = {h0[unit]}" for unit in range(units)]
    else:
        lines += [" = ".join(write.name("h", unit + 1, "0") for unit in range(units)) + " = 0"]
    for step, row in enumerate(x, 1):
        lines += [f"{write.name('x', unit + 1, str(step), inputs > 1)} = {row[unit]}" for unit in range(inputs)]
    wanted: dict[str, Any] = {"U": U.tolist(), "W": W.tolist(), "x": x.tolist(), "V": V.tolist()} if outputs else {
        "U": U.tolist(), "W": W.tolist(), "x": x.tolist()
    }  # fmt: skip
    if bias:
        wanted |= {"b": b.tolist()} | ({"c": c.tolist()} if outputs else {})
    return "\n".join(lines), wanted | {"h0": h0.tolist() if start else [0] * units}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("units", "inputs", "outputs"), [(2, 1, 1), (3, 2, 0), (2, 3, 4)])
@pytest.mark.parametrize(("bias", "start"), list(itertools.product([True, False], repeat=2)))
def test_coupled_units(way: str, units: int, inputs: int, outputs: int, bias: bool, start: bool) -> None:
    text, wanted = sheet(way, units, inputs, outputs, bias, start)
    assert_same(text, wanted)


@pytest.mark.parametrize("way", WAYS)
def test_answers_unit_by_unit(way: str) -> None:
    text, wanted = sheet(way, 2, 1, 1, True, True)
    write, states = Writer(way), problem(wanted).forward()["h"]
    right = [f"{write.name('h', 1, '2')} = {states[1][0]:.4f}", f"{write.name('h', 2, '1')} = {states[0][1] + 0.1:.4f}"]
    whole = f"{text}\n\n## My answers\n" + "\n".join(right)
    verdict = check(problem(whole), problem_text.read(whole)["answers"].value)
    assert {(value.name, value.step, value.index): value.verdict for value in verdict.values} == {
        ("h", 2, (1,)): "right", ("h", 1, (2,)): "wrong",
    }  # fmt: skip


@pytest.mark.parametrize("letters", [True, False])
def test_coefficients_that_are_letters(letters: bool) -> None:
    lines = "h1_t = σ(p x_t + q h2_{t-1}/2 + 0.3), h2_t = σ(0.2 x_t - r h1_{t-1} - h2_{t-1})\np = 0.7, q = 0.4, r = 0.9"
    lines = lines if letters else lines.split("\n")[0].replace("p ", "0.7 ").replace("q ", "0.4 ").replace("r ", "0.9 ")
    wanted = {"U": [[0.7], [0.2]], "W": [[0, 0.2], [-0.9, -1]], "b": [0.3, 0], "activation": "sigmoid"}
    assert_same(f"{lines}\nx_1 = 1, x_2 = -0.5", {**wanted, "x": [[1], [-0.5]]})


def test_layers_are_no_units() -> None:
    """h2 reads h1 of the same step: a stack of two layers of one unit."""
    text = "h^{(1)}_t = tanh(0.5 x_t + 0.3 h^{(1)}_{t-1}), h^{(2)}_t = tanh(0.7 h^{(1)}_t - 0.2 h^{(2)}_{t-1})\n"
    text += "x_1 = 1, x_2 = 2"
    layers = [{"U": 0.5, "W": 0.3}, {"U": 0.7, "W": -0.2}]
    assert_same(text, {"layers": layers, "x": [[1], [2]]})
    np.testing.assert_array_equal(problem(text).forward()["h"].shape, (2, 1))
