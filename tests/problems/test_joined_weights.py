"""Sheets whose W multiplies [h, x]: gradients and updates in that form, and what JSON says of the sheet's letters."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import drawn_at, printed, problem

import rnncalc
from rnncalc.check.session import check
from rnncalc.problems.results import Quantities
from rnncalc.report import backward_data

H, D, T, LR = 2, 3, 3, 0.5
CELLS: dict[str, tuple[list[str], dict[str, tuple[str, ...]]]] = {
    "elman": (["h_t = tanh({W} + b)"], {"W": ("W", "U"), "b": ("b",)}),
    "lstm": (
        [
            "f_t = σ({W_f} + b_f)", "i_t = σ({W_i} + b_i)", "o_t = σ({W_o} + b_o)", "c̃_t = tanh({W_c} + b_c)",
            "c_t = f_t * c_{{t-1}} + i_t * c̃_t", "h_t = o_t * tanh(c_t)",
        ],
        {f"W_{theirs}": (f"W.{ours}", f"U.{ours}") for theirs, ours in zip("fioc", "fiog")}
        | {f"b_{theirs}": (f"b.{ours}",) for theirs, ours in zip("fioc", "fiog")},
    ),
    "gru": (
        [
            "z_t = σ({W_z} + b_z)", "r_t = σ({W_r} + b_r)", "n_t = tanh({W_n:r} + b_n)",
            "h_t = (1 - z_t) * n_t + z_t * h_{{t-1}}",
        ],
        {f"W_{gate}": (f"W.{gate}", f"U.{gate}") for gate in "zrn"} | {f"b_{gate}": (f"b.{gate}",) for gate in "zrn"},
    ),
}  # fmt: skip
CASES = list(itertools.product(CELLS, ["hx", "xh"], [False, True]))


class Joined:
    """{W_f} written as W_f [h_{t-1}, x_t], or with rows as [h_{t-1}, x_t] W_f."""

    def __init__(self, name: str, order: str, rows: bool):
        self.name, self.order, self.rows = name, order, rows

    def __format__(self, reset: str) -> str:
        state = "r_t * h_{t-1}" if reset else "h_{t-1}"
        inside = f"[{state}, x_t]" if self.order == "hx" else f"[x_t, {state}]"
        return f"{inside} {self.name}" if self.rows else f"{self.name} {inside}"


def sheet(cell: str, order: str, rows: bool) -> str:
    lines, names = CELLS[cell]
    joined = {name: Joined(name, order, rows) for name in names if name[0] == "W"}
    given = []
    for number, name in enumerate(names):
        shape = (H, H + D) if name[0] == "W" else (H,)
        array = drawn_at(number + len(cell), *shape)
        given.append(f"{name} = {printed(array.T if rows else array)}")
    given += [f"x = {printed(drawn_at(50, T, D))}", f"targets = {printed(drawn_at(60, T, H))}"]
    return "\n".join([*(line.format(**joined) for line in lines), *given, "loss = squared_error", f"lr = {LR}"])


def truth(cell: str, order: str, rows: bool, text: str) -> dict[str, np.ndarray]:
    """Every gradient and every parameter after the step as the sheet has it, from the pieces that are computed."""
    computed, made = Quantities(problem(text)), dict[str, np.ndarray]()
    for name, pieces in CELLS[cell][1].items():
        ours = [piece.partition(".") for piece in (pieces if order == "hx" else pieces[::-1])]
        for before, after in (("d", ""), ("", "_new")):
            parts = [computed[f"{before}{stack}{after}{dot}{gate}"] for stack, dot, gate in ours]
            whole = np.concatenate(parts, -1)
            made[f"{before}{name}{after}"] = whole.T if rows else whole
    return made


@pytest.mark.parametrize(("cell", "order", "rows"), CASES)
def test_answers_in_the_joined_form(cell: str, order: str, rows: bool) -> None:
    text = sheet(cell, order, rows)
    read, right = problem(text), truth(cell, order, rows, text)
    verdict = check(read, {name: array.round(8).tolist() for name, array in right.items()}, diagnose=False)
    assert {value.verdict for value in verdict.values} == {"right"}
    for name, array in right.items():
        wrong = check(read, {name: (array + 0.01).round(8).tolist()}, diagnose=False)
        assert {value.verdict for value in wrong.values} == {"wrong"}, name
        if array.ndim == 2:
            shapes = (array.T, array[:, :-1], array[:-1])
            for other in shapes:
                misshapen = check(read, {name: other.tolist()}, diagnose=False)
                assert {value.verdict for value in misshapen.values} == {"wrong"}, (name, other.shape)


@pytest.mark.parametrize(("cell", "order", "rows"), CASES)
def test_what_is_shown_is_the_joined_form(cell: str, order: str, rows: bool) -> None:
    text = sheet(cell, order, rows)
    shown = command("backward", "-", "--format", "plain", stdin=text).out
    for name, array in truth(cell, order, rows, text).items():
        first = np.atleast_2d(array)[0]
        line = next(line for line in shown.splitlines() if line.split()[:3] == [name, "=", "["])
        assert np.allclose([float(part) for part in line.split()[3:-1]], first, rtol=1e-5), name


@pytest.mark.parametrize(("cell", "order", "rows"), CASES)
def test_json_says_whose_letters_it_has(cell: str, order: str, rows: bool) -> None:
    text = sheet(cell, order, rows)
    done = command("backward", "-", "--format", "json", stdin=text).data
    assert done.get("vectors", "column") == ("row" if rows else "column")
    for name, array in truth(cell, order, rows, text).items():
        gradient, bare = name[0] == "d", name.removeprefix("d").removesuffix("_new")
        pieces = done["letters"].get(bare, bare.replace("_", "."))
        grid = pieces if isinstance(pieces, list) else [[pieces]]
        named = done["gradients" if gradient else "updated"]
        whole = np.concatenate([np.concatenate([at(named, piece) for piece in row], -1) for row in grid])
        assert np.allclose(whole.T if rows else whole, array), name


def at(named: dict[str, Any], piece: str) -> np.ndarray:
    stack, _dot, gate = piece.partition(".")
    return np.asarray(named[stack][gate] if gate else named[stack])


def test_letters_of_signals_and_of_layers() -> None:
    swapped = {"notation": "swapped", "W": 0.5, "U": 0.8, "V": 1.5, "signals": {"s": "h", "o": "y"}, "x": [1, 2]}
    done = command("forward", "-", "--format", "json", stdin=json.dumps(swapped)).data
    assert done["letters"] == {"s": "h", "o": "y", "s′": "s"}
    task = {"targets": [0, 0], "loss": "squared_error"}
    done = command("backward", "-", "--format", "json", stdin=json.dumps({**swapped, **task})).data
    assert done["letters"] == {"W": "U", "U": "W", "s": "h", "o": "y", "s′": "s"}
    layers = [{"W_xh": 0.5, "W_hh": 0.1, "b_h": 0.2}, {"U": 0.5, "W": 0.1}]
    both = {"layers": layers, "W_hq": 0.3, "b_q": 0.1, "x": [1, 2], **task}
    del both["W_hq"], both["b_q"]
    done = command("backward", "-", "--format", "json", stdin=json.dumps(both)).data
    assert done["letters"]["layers"] == [{"W_xh": "U", "W_hh": "W", "b_h": "b"}, {}]
    plain = {"U": 0.5, "W": 0.1, "x": [1, 2], **task}
    assert "letters" not in command("backward", "-", "--format", "json", stdin=json.dumps(plain)).data


@pytest.mark.parametrize("second", [False, True])
def test_the_recurrent_biases_of_pytorchs_gru_are_one_array(second: bool) -> None:
    keys: dict[str, Any] = {
        "cell": "gru", "notation": "pytorch", "weight_ih": drawn_at(1, 3 * H, D).tolist(),
        "weight_hh": drawn_at(2, 3 * H, H).tolist(), "bias_hh": drawn_at(3, 3 * H).tolist(),
        "x": drawn_at(4, T, D).tolist(), "targets": drawn_at(5, T, H).tolist(), "loss": "squared_error", "lr": LR,
    }  # fmt: skip
    keys |= {"bias_ih": drawn_at(6, 3 * H).tolist()} if second else {}
    read = problem(keys)
    computed = Quantities(read)
    gradient = np.concatenate([computed["db"][: 2 * H], computed["dd"]])
    answers = {"dbias_hh": gradient, "bias_hh_new": np.array(keys["bias_hh"]) - LR * gradient}
    verdict = check(read, {name: array.round(8).tolist() for name, array in answers.items()}, diagnose=False)
    assert {value.verdict for value in verdict.values} == {"right"}


def test_data_is_strict_and_in_our_names() -> None:
    text = sheet("lstm", "hx", False)
    read = problem(text)
    trace = read.forward()
    gradients = read.backward(trace)
    answer = backward_data.data(read, trace, gradients, read.update(trace, gradients))
    assert list(answer["gradients"]) == ["U", "W", "b", "h0", "c0"]
    assert answer["letters"]["c̃"] == "g"


@pytest.mark.parametrize("kind", ["hx", "xh"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_a_joined_matrix_of_a_problem_file_is_answered_in_its_form(cell: str, kind: str) -> None:
    """One matrix of all gates under `fused`: gradients and updates of its shape are right, those of another are not."""
    gates = {"elman": 1, "lstm": 4, "gru": 3}[cell]
    keys: dict[str, Any] = {"x": drawn_at(1, T, D).tolist(), "targets": drawn_at(2, T, H).tolist(), "cell": cell}
    keys |= {"loss": "squared_error", "lr": LR}
    W, U = drawn_at(3, gates * H, H), drawn_at(4, gates * H, D)
    halves = [W, U] if kind == "hx" else [U, W]
    apart = rnncalc.problem(**keys, U=U.tolist(), W=W.tolist()).backward()
    whole = np.hstack([apart.W, apart.U] if kind == "hx" else [apart.U, apart.W])
    stated = rnncalc.problem(**keys, W=np.hstack(halves).tolist(), fused=kind)
    answers = {"dW": whole.round(6).tolist(), "W_new": (np.hstack(halves) - LR * whole).round(6).tolist()}
    assert check(stated.given, answers).verdict == "right"
    assert check(stated.given, {"dW": np.roll(whole, 1, 1).round(6).tolist()}).verdict == "wrong"
