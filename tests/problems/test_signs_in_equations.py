"""Sheets whose equations take parameters away, or add several biases: every number under the sheet's own names.

The truth is the sheet's own equations, evaluated line by line, and their derivative by the complex step.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping

import numpy as np
import pytest
from support.sheets import problem

from rnncalc.check.session import check
from rnncalc.problems.results import Quantities

H, D, O, STEPS, LR = 2, 3, 2, 3, 0.125
TERMS = ("", "+ {0}", "- {0}", "+ {0} + {1}", "- {0} - {1}", "- {0} + {1}", "+ {0} - {1}")
CELLS = {
    "elman": ["h_t = tanh(U x_t + W h_{t-1} {b})"],
    "lstm": [
        "i_t = σ(U_i x_t + W_i h_{t-1} {i})", "f_t = σ(U_f x_t + W_f h_{t-1} {f})",
        "o_t = σ(U_o x_t + W_o h_{t-1} {o})", "g_t = tanh(U_g x_t + W_g h_{t-1} {g})",
        "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t", "h_t = o_t ∘ tanh(c_t)",
    ],
    "gru": [
        "z_t = σ(U_z x_t + W_z h_{t-1} {z})", "r_t = σ(U_r x_t + W_r h_{t-1} {r})",
        "n_t = tanh(U_n x_t + W_n (r_t ∘ h_{t-1}) {n})", "h_t = (1 - z_t) ∘ n_t + z_t ∘ h_{t-1}",
    ],
    "gru_after": [
        "z_t = σ(U_z x_t + W_z h_{t-1} {z})", "r_t = σ(U_r x_t + W_r h_{t-1} {r})",
        "n_t = tanh(U_n x_t {n} + r_t ∘ (W_n h_{t-1} {d}))", "h_t = (1 - z_t) ∘ n_t + z_t ∘ h_{t-1}",
    ],
}  # fmt: skip
READ_OUT = "y_t = V h_t {c}"


class Sheet:
    """Equations with some biases, and numbers for every parameter that they read."""

    def __init__(self, seed: int, lines: list[str]):
        self.rng = random.Random(seed)
        slots = [slot for line in lines for slot in re.findall(r"(?<=[ ]){(\w)}", line)]
        self.terms = {slot: self.rng.choice(TERMS) for slot in slots}
        names = {slot: (f"{self.rng.choice(('b', 'θ', 'β'))}_{slot}", f"k_{slot}") for slot in slots}
        self.lines = [
            re.sub(r"(?<=[ ]){(\w)}", lambda slot: self.terms[slot[1]].format(*names[slot[1]]), line) for line in lines
        ]
        draw = np.random.default_rng(seed)
        read = dict.fromkeys(re.findall(r"\b(?:[UWV](?:_\w)?|[bθβk]_\w)(?![\w{])", " ".join(self.lines)))
        shapes = {"U": (H, D), "W": (H, H), "V": (O, H)}
        self.values = {
            name: draw.uniform(-1, 1, shapes.get(name[0], (O,) if name.endswith("_c") else (H,))).round(3)
            for name in read
        }
        self.x, self.targets = (draw.uniform(-1, 1, (STEPS, size)).round(3) for size in (D, O))

    @property
    def text(self) -> str:
        given = {**self.values, "x": self.x, "targets": self.targets}
        numbers = [f"{name} = {np.array2string(array, separator=', ')}" for name, array in given.items()]
        return "\n".join([*self.lines, *numbers, "loss = half_squared_error", f"lr = {LR}"]).replace("\n ", " ")

    def loss(self, values: Mapping[str, np.ndarray]) -> complex:
        """½ Σ (y − t)² of the equations as they stand, step by step."""
        before = {"h": np.zeros(H), "c": np.zeros(H)}
        loss: complex = 0
        for x, target in zip(self.x, self.targets):
            now: dict[str, np.ndarray] = {"x": x}
            for line in self.lines:
                left, _equals, right = line.partition(" = ")
                code = re.sub(r"(\w)_\{t-1\}", r"before['\1']", right)
                code = re.sub(r"(\w)_t\b", r"now['\1']", code).replace("∘", "*").replace("σ(", "sigmoid(")
                code = re.sub(r"\b([UWV](?:_\w)?) (?=[bn(])", r"\1 @ ", code)
                code = re.sub(r"\b([\d.]+) (?=\w)", r"\1 * ", code)
                now[left[0]] = eval(code, {"sigmoid": sigmoid, "tanh": np.tanh, "before": before, "now": now, **values})
            before = now
            loss = loss + ((now.get("y", now["h"]) - target) ** 2).sum() / 2
        return loss

    def gradient(self, name: str) -> np.ndarray:
        array = self.values[name]
        gradient = np.zeros(array.shape)
        for index in np.ndindex(*array.shape):
            moved = array.astype(complex)
            moved[index] += 1e-30j
            gradient[index] = self.loss({**self.values, name: moved}).imag / 1e-30
        return gradient


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def truth(sheet: Sheet) -> dict[str, np.ndarray]:
    """Every gradient, every parameter after the update and both losses, under the sheet's names."""
    gradients = {name: sheet.gradient(name) for name in sheet.values}
    moved = {name: array - LR * gradients[name] for name, array in sheet.values.items()}
    answers = {f"d{name}": gradient for name, gradient in gradients.items()}
    answers |= {f"{name}_new": array for name, array in moved.items()}
    losses = {"loss": np.array(sheet.loss(sheet.values).real), "loss_new": np.array(sheet.loss(moved).real)}
    return {**answers, **losses}


def held(sheet: Sheet) -> None:
    """Right numbers are right, and with the other sign they are wrong, under the sheet's own names."""
    read, answers = problem(sheet.text), truth(sheet)
    checked = check(read, {name: array.round(9).tolist() for name, array in answers.items()}, diagnose=False)
    wrong = [value for value in checked.values if value.verdict not in ("right", "rounding")]
    assert not wrong, (sheet.text, wrong[:3])
    turned = {name: (-array).round(9).tolist() for name, array in answers.items() if name.startswith("d")}
    judged = check(read, turned, diagnose=False).values
    assert {value.name for value in judged if value.verdict != "right"} == {value.name for value in judged}, sheet.text


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", range(4))
def test_biases_in_built_in_cells(cell: str, top: bool, seed: int) -> None:
    held(Sheet(1000 * seed + len(cell), CELLS[cell] + [READ_OUT] * top))


@pytest.mark.parametrize("signs", [*itertools.product("+-", repeat=3)])
@pytest.mark.parametrize("factor", ["", "2 ", "0.5 "])
def test_a_weight_that_is_taken_away_or_multiplied(signs: tuple[str, str, str], factor: str) -> None:
    input_sign, state_sign, bias_sign = signs
    held(
        Sheet(
            7,
            [
                f"h_t = tanh({input_sign} {factor}U x_t {state_sign} W h_{{t-1}} {bias_sign} {factor}b_b)".replace(
                    "(+ ", "("
                )
            ],
        )
    )


def test_nothing_is_switched_off() -> None:
    """Every combination of biases that is drawn for a gate appears among the sheets above."""
    drawn = {term for cell in CELLS for seed in range(4)
             for term in Sheet(1000 * seed + len(cell), [*CELLS[cell], READ_OUT]).terms.values()}  # fmt: skip
    assert drawn == set(TERMS)


def test_quantities_are_under_our_names() -> None:
    sheet = "h_t = tanh(U x_t + W h_{t-1} - θ + k)\nU = 0.5, W = 0.3, θ = 0.2, k = 0.1, x = 1, 2\ntargets = 0, 0\n"
    read = Quantities(problem(sheet + "loss = half_squared_error\nlr = 0.1"))
    assert np.allclose(read["db"], -read["db_hh"])
    assert np.allclose(read["b_new"], 0.2 - 0.1 * read["db"])
    assert np.allclose(read["b_hh_new"], 0.1 - 0.1 * read["db_hh"])
