"""Equations: the letters of the read-out, biases that are sums or taken away, functions that nobody names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Done, command
from support.sheets import problem

from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.formulas import cell_match

CELLS = {
    "elman": ["h_t = tanh(W x_t + U h_{t-1} + b)"],
    "own": ["f_t = sigmoid(F x_t)", "h_t = f_t * h_{t-1} + (1 - f_t) * tanh(W x_t + U h_{t-1} + b)"],
}
VALUES = {"W": 0.5, "U": -0.8, "b": 0.1, "F": 0.7, "Q": 1.5, "q": 0.3, "r": -0.9}
BIASES = {"": 0.0, " + q": 0.3, " - q": -0.3, " + q + r": -0.6, " - q + r": -1.2, " - q - r": 0.6}


def forward(equations: list[str], tmp_path: Path, *options: str) -> Done:
    path = tmp_path / "sheet.txt"
    read = [name for name in VALUES if any(name in line for line in equations)]
    lines = [*equations, *(f"{name} = {VALUES[name]}" for name in read), "x = [1, 0.4, -0.7]"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return command("forward", str(path), *options)


@pytest.mark.parametrize(("cell", "bias"), list(itertools.product(CELLS, BIASES)))
def test_the_bias_of_the_read_out_is_what_its_equation_says(cell: str, bias: str, tmp_path: Path) -> None:
    done = forward([*CELLS[cell], f"y_t = Q h_t{bias}"], tmp_path, "--format", "json")
    assert done.code == 0, done.err
    h, y = (np.array(done.data["trace"][name]) for name in "hy")
    np.testing.assert_allclose(y, 1.5 * h + BIASES[bias], rtol=1e-14)


@pytest.mark.parametrize("bias", [" + b", " - b", " + b + q", " - b + q"])
def test_the_bias_of_the_cell_too(bias: str, tmp_path: Path) -> None:
    done = forward([f"h_t = W x_t + U h_{{t-1}}{bias}"], tmp_path, "--format", "json")
    total = {" + b": 0.1, " - b": -0.1, " + b + q": 0.4, " - b + q": 0.2}[bias]
    np.testing.assert_allclose(done.data["trace"]["h"][0], [0.5 + total], rtol=1e-14)


def test_the_read_out_speaks_the_letters_of_the_sheet(tmp_path: Path) -> None:
    said = forward([*CELLS["elman"], "y_t = Q h_t + q"], tmp_path).out
    assert "y_t = q + Q h_t" in said


@pytest.mark.parametrize("cell", CELLS)
def test_a_function_that_nobody_names_is_said(cell: str, tmp_path: Path) -> None:
    equations = [line.replace("tanh(", "φ(") for line in CELLS[cell]]
    assert "nothing says what φ is: tanh assumed" in forward(equations, tmp_path).err
    assert "φ is: tanh assumed" not in forward([*equations, "φ = relu"], tmp_path).err


BIAS_CELLS = {
    "elman": (["h_t = tanh(W x_t + U h_{t-1} + b)"], ["b"], ["h"]),
    "lstm": (
        [f"{g}_t = {f}(W_{g} x_t + U_{g} h_{{t-1}} + b_{g})" for g, f in zip("ifgo", ["σ", "σ", "tanh", "σ"])]
        + ["c_t = f_t ∘ c_{t-1} + i_t ∘ g_t", "h_t = o_t ∘ tanh(c_t)"],
        ["b_i", "b_f", "b_g", "b_o"],
        ["h", "c"],
    ),
    "own": (["f_t = sigmoid(W x_t)", "s_t = f_t * s_{t-1} + (1 - f_t) * tanh(U x_t)"], [], ["s"]),
}
SAID = {"": False, "h_0 = 0, c_0 = 0, s_0 = 0": True, "All states start at zero.": True, "初始状态为零向量。": True}


@pytest.mark.parametrize(
    ("cell", "given", "said", "output"), list(itertools.product(BIAS_CELLS, [True, False], SAID, [True, False]))
)
def test_what_the_equations_read_and_nothing_gives_is_said_in_one_note(
    cell: str, given: bool, said: str, output: bool, tmp_path: Path
) -> None:
    lines, biases, states = BIAS_CELLS[cell]
    weights = {part for line in lines for part in re.findall(r"[WU](?:_\w)?", line)}
    values = [f"{name} = 0.5" for name in sorted(weights)] + [f"{name} = 0.1" for name in biases if given]
    initial = ", ".join(part for part in said.split(", ") if "_0" not in part or part[0] in states)
    top = [f"y_t = Q {states[0]}_t + q", "Q = 2"] if output else []
    path = tmp_path / "sheet.txt"
    path.write_text("\n".join([*lines, *top, *values, initial, "x = [1, 0.4]"]), encoding="utf-8")
    absent = {
        *([] if given else biases),
        *(["q"] if output else []),
        *([] if SAID[said] else [f"{s}_0" for s in states]),
    }
    notes = [line for line in command("forward", str(path)).err.splitlines() if "given nowhere" in line]
    assert len(notes) == bool(absent)
    if absent:
        assert set(notes[0].rpartition(": ")[2].split(", ")) == absent


FACTORS = {"2 ": 2, "0.5 ": 0.5, "½ ": 0.5, "\\frac12 ": 0.5, "\\frac{1}{2} ": 0.5, "3 \\cdot ": 3, "2\\,": 2}
READ = ["V h_t", r"\mathbf{V} h_t", "V (h_t)", "V h_{t}", r"V \, h_t", "V h(t)"]


@pytest.mark.parametrize(("factor", "read"), list(itertools.product(FACTORS, READ)))
@pytest.mark.parametrize("bias", ["", " + c", " + 1"])
def test_a_number_before_a_weight_is_no_value(factor: str, read: str, bias: str) -> None:
    """Before, the 2 of y_t = 2 V h_t was y's value, and V h_t was read out."""
    given = "U = 0.5, W = 0.3, V = 1.5" + (", c = 0.25" if "c" in bias else "")
    sheet = f"$h_t = \\tanh(U x_t + W h_{{t-1}})$\n\n$y_t = {factor}{read}{bias}$\n\n{given}\nx = [1, -2]\n"
    trace = problem(sheet).forward()
    added = {"": 0, " + c": 0.25, " + 1": 1}[bias]
    np.testing.assert_allclose(trace["y"], FACTORS[factor] * 1.5 * trace["h"] + added, rtol=1e-12)


@pytest.mark.parametrize("run", ["a", "W", "UW", "α", "1"])
def test_a_long_run_of_letters_or_digits_is_read_once(run: str) -> None:
    """What a stranger's file may hold is read or refused at once: before, one letter after another went through all."""
    for text in (f"h_1 = {run * (60_000 // len(run))}", f"U = 1\nW = 2\nx = 1\nh_t = {run * (60_000 // len(run))}"):
        with suppress(RnncalcError):
            problem_text.read(text, named="sheet")


@pytest.mark.parametrize("bias", ["", " + b{}", " + b_i{0} + b_h{0}"])
def test_each_way_in_which_equations_are_a_cell_is_tried_once(monkeypatch: pytest.MonkeyPatch, bias: str) -> None:
    """Tried twice a line, the eight choices of an LSTM gave 256 matches."""
    numbers, tried, matches = itertools.count(1), [], cell_match.matches

    def counted(*arguments: Any) -> Iterator[cell_match.Match]:
        tried.append(list(matches(*arguments)))
        return iter(tried[-1])

    monkeypatch.setattr(cell_match, "matches", counted)
    lines = [f"{gate} = sigmoid(W_{gate} x_t + U_{gate} h_{{t-1}}{bias.format(gate)})" for gate in "ifo"]
    lines += [
        f"g = tanh(W_g x_t + U_g h_{{t-1}}{bias.format('g')})",
        "c_t = f * c_{t-1} + i * g",
        "h_t = o * tanh(c_t)",
    ]
    names = sorted(set(re.findall(r"\b(?:W|U|b|b_i|b_h)_?[ifog]\b", "\n".join(lines))))
    sheet = "\n".join([*lines, *(f"{name} = 0.{next(numbers)}" for name in names), "x = 0.7, 0.2"])
    assert problem(sheet).network.layers[0].cell.name == "lstm"
    assert max(map(len, tried)) == 1
