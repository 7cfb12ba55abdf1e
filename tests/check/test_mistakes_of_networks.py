"""Mistakes that are another network: its own numbers are handed in for the problem, in every form of the arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import diagnosis, planted
from support.helpers import random_arrays

import rnncalc
from rnncalc.check import Diagnosis, check
from rnncalc.model.cells import CELLS
from rnncalc.problems.results import Quantities


def solved(keys: dict[str, Any], *names: str, decimals: int = 6) -> dict[str, Any]:
    """What a network gives, as texts."""
    quantities = Quantities(rnncalc.problem(engine="equations", **keys).given)
    return {name: planted.texts(quantities[name], decimals) for name in names}


def named(keys: dict[str, Any], answers: dict[str, Any], mistake: str) -> Diagnosis:
    """The diagnosis of a mistake, which is among the first two."""
    verdict = check(rnncalc.problem(**keys).given, answers)
    assert mistake in diagnosis.names(verdict), [other.id for other in verdict.mistakes]
    return next(other for other in verdict.mistakes if mistake in (other.id, *other.alike))


def layer(cell: str, rng: np.random.Generator, D: int = 2, H: int = 3) -> dict[str, Any]:
    """A problem of one layer: forward, over four steps."""
    arrays = {name: np.round(array, 2) for name, array in random_arrays(CELLS[cell], rng, D=D, H=H).items()}
    return {"cell": cell, **arrays, "x": np.round(rng.normal(size=(4, D)), 2)}


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("form", ["torch", "by gate", "keras", "onnx"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_after"])
def test_one_of_two_biases_left_out(cell: str, form: str, kept: int) -> None:
    rng = np.random.default_rng(11)
    drawn = layer(cell, rng)
    size = len(drawn["U"])
    biases = np.round(rng.normal(size=(2, size)), 2)

    def keys(biases: np.ndarray) -> dict[str, Any]:
        same = {"cell": cell.removesuffix("_after"), "x": drawn["x"]}
        if form == "torch":
            return {
                **same, "weight_ih": drawn["U"], "weight_hh": drawn["W"], "bias_ih": biases[0], "bias_hh": biases[1],
            }  # fmt: skip
        if form == "keras":
            return {**same, "kernel": drawn["U"].T, "recurrent_kernel": drawn["W"].T, "bias": biases}
        if form == "onnx":
            return {**same, "cell": cell, "W": drawn["U"][None], "R": drawn["W"][None], "B": biases.reshape(1, -1)}
        gates = {"lstm": "ifgo", "gru_after": "rzn"}[cell]
        first, second = (dict(zip(gates, np.split(bias, len(gates)))) for bias in biases)
        return {**same, "weight_ih": drawn["U"], "weight_hh": drawn["W"], "bias_ih": first, "bias_hh": second}

    if (cell == "elman" and form == "by gate") or (form == "keras" and cell != "gru_after"):
        pytest.skip("there is no such form")
    single = biases * (np.arange(2)[:, None] == kept)
    named(keys(biases), solved(keys(single), "h"), "second_bias_omitted")


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "gru_after"])
def test_weights_exchanged_in_every_gate(cell: str) -> None:
    keys = layer(cell, np.random.default_rng(12), D=3, H=3)
    named(keys, solved({**keys, "U": keys["W"], "W": keys["U"]}, "h"), "U_W_swapped")


@pytest.mark.parametrize("bias", ["given", "added", "left out"])
@pytest.mark.parametrize("cell", ["gru", "gru_after"])
def test_the_reset_gate_before_or_after_the_product(cell: str, bias: str) -> None:
    """Whoever resets before the product has no place for d: it is added to b_n, or left out."""
    keys = layer(cell, np.random.default_rng(13))
    d = keys.pop("d", np.zeros(3))
    wrong = {**keys, "cell": "gru_after" if cell == "gru" else "gru"}
    if cell == "gru_after" and bias != "given":
        keys["d"] = d
        wrong["b"] = keys["b"] + np.concatenate([np.zeros(6), d * (bias == "added")])
    named(keys, solved(wrong, "h"), "reset_position")


@pytest.mark.parametrize("form", ["one bias", "two biases"])
@pytest.mark.parametrize("place", ["left out", "added", "reset"])
def test_d_where_the_reset_gate_acts_before_the_product(place: str, form: str) -> None:
    """Every other bias stays, in r and z too, where each has two."""
    keys = layer("gru_after", np.random.default_rng(17))
    U, W, b, d, x = (np.asarray(keys[name]) for name in ("U", "W", "b", "d", "x"))
    sigmoid, h, states = planted.FUNCTIONS["sigmoid"], np.zeros(3), []
    for row in x:
        u, w = U @ row + b, W @ h
        r, z = sigmoid(u[:3] + w[:3]), sigmoid(u[3:6] + w[3:6])
        bias = {"left out": 0 * d, "added": d, "reset": r * d}[place]
        h = (1 - z) * np.tanh(u[6:] + W[6:] @ (r * h) + bias) + z * h
        states.append(h)
    if form == "two biases":
        second = np.concatenate([[0.3, -0.2, 0.5, 0.1, -0.4, 0.2], d])
        first = b - np.concatenate([second[:6], np.zeros(3)])
        keys = {"cell": "gru", "weight_ih": U, "weight_hh": W, "bias_ih": first, "bias_hh": second, "x": x}
    verdict = check(rnncalc.problem(**keys).given, {"h": planted.texts(np.array(states), 4)})
    assert (verdict.mistakes[0].id, verdict.mistakes[0].explains) == ("reset_position", verdict.mistakes[0].of)


@pytest.mark.parametrize("shown", ["h", "h c"])
@pytest.mark.parametrize("way", ["kept", "forgotten", "candidate"])
def test_a_line_of_the_lstm_by_hand(way: str, shown: str) -> None:
    """f taken as 1 or as 0, or σ for the candidate's tanh alone, has its own name and comes first."""
    keys = layer("lstm", np.random.default_rng(18)) | {"h0": [0.3, -0.2, 0.5], "c0": [0.4, 0.6, -0.7]}
    U, W, b = (np.asarray(keys[name]) for name in ("U", "W", "b"))
    sigmoid, h, c = planted.FUNCTIONS["sigmoid"], np.array(keys["h0"]), np.array(keys["c0"])
    solution: dict[str, list[np.ndarray]] = {"h": [], "c": []}
    for row in np.asarray(keys["x"]):
        i, f, g, o = np.split(U @ row + W @ h + b, 4)
        candidate = sigmoid(g) if way == "candidate" else np.tanh(g)
        c = {"kept": 1.0, "forgotten": 0.0}.get(way, sigmoid(f)) * c + sigmoid(i) * candidate
        h = sigmoid(o) * np.tanh(c)
        solution["h"].append(h)
        solution["c"].append(c)
    answers = {name: planted.texts(np.array(solution[name]), 4) for name in shown.split()}
    first = check(rnncalc.problem(**keys).given, answers).mistakes[0]
    assert first.id == ("candidate_sigmoid" if way == "candidate" else "forget_gate_omitted")
    assert (first.explains, first.alike) == (first.of, ())


@pytest.mark.parametrize("loss", ["half_squared_error", "squared_error", "cross_entropy"])
@pytest.mark.parametrize("option", ["loss", "mean", "batch_mean"])
@pytest.mark.parametrize("batch", [False, True])
def test_another_convention_of_the_loss_has_its_option(loss: str, option: str, batch: bool) -> None:
    """The option that is named makes the numbers right."""
    rng, shape = np.random.default_rng(14), (3, 4) if batch else (4,)
    keys: dict[str, Any] = layer("elman", rng) | {
        "x": rng.normal(size=(*shape, 2)), "V": rng.normal(size=(1, 3)), "targets": rng.normal(size=(*shape, 1)),
        "loss": loss,
    }  # fmt: skip
    if loss == "cross_entropy":
        keys |= {"V": rng.normal(size=(2, 3)), "output": "softmax", "targets": np.eye(2)[rng.integers(0, 2, shape)]}
    other = {"half_squared_error": "squared_error", "squared_error": "half_squared_error"}.get(loss)
    if (option == "loss" and not other) or (option == "batch_mean" and not batch) or (option == "mean" and batch):
        pytest.skip("there is no such option")
    answers = solved(keys | ({"loss": other} if option == "loss" else {"reduction": option}), "loss", "dU", "dW")
    flag, value = named(keys, answers, "loss_factor").option.removeprefix("--").split()
    assert (flag, value) == (("loss", other) if option == "loss" else ("reduction", option))
    assert check(rnncalc.problem(**{**keys, flag: value}).given, answers).verdict == "right"


def test_the_output_function_of_a_cell_that_makes_y_itself() -> None:
    keys = layer("jordan", np.random.default_rng(15)) | {"output": "softmax"}
    named(keys, solved({**keys, "output": "identity"}, "h", "y"), "output_activation_omitted")


@pytest.mark.parametrize("before", [0.0, 0.7])
def test_the_state_before_the_last_one(before: float) -> None:
    """h_{t-2} in place of h_{t-1}; before h_0 = 0.7 stands 0, or h_0 itself."""
    keys = {"U": 0.8, "W": 0.4, "b": 0.25, "h0": 0.7, "x": [0.5, 1, 0.3, -0.4]}
    states = [before, 0.7]
    for x in (0.5, 1, 0.3, -0.4):
        states.append(float(np.tanh(0.8 * x + 0.4 * states[-2] + 0.25)))
    answers = {"h": [f"{state:.6f}" for state in states[2:]]}
    assert named(keys, answers, "state_lag").explains == (4 if before == 0 else 3)
