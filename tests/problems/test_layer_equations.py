"""Stacks whose equations a sheet writes once for every layer, in every spelling, and their values by layer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed

from rnncalc.problems import problem_text, reader

LINES = {  # S signal, e earlier, d of the layer below; parameters are U W b with their gate
    "elman": ["h = tanh({U} {d} + {W} {e} + {b})"],
    "lstm": [
        "i = σ({U_i} {d} + {W_i} {e} + {b_i})", "f = σ({U_f} {d} + {W_f} {e} + {b_f})",
        "g = tanh({U_g} {d} + {W_g} {e} + {b_g})", "o = σ({U_o} {d} + {W_o} {e} + {b_o})",
        "c = {:f} ∘ {:c-} + {:i} ∘ {:g}", "h = {:o} ∘ tanh({:c})",
    ],
    "gru": [
        "r = σ({U_r} {d} + {W_r} {e} + {b_r})", "z = σ({U_z} {d} + {W_z} {e} + {b_z})",
        "n = tanh({U_n} {d} + {W_n} ({:r} ∘ {e}) + {b_n})", "h = (1 - {:z}) ∘ {:n} + {:z} ∘ {e}",
    ],
}  # fmt: skip
UP = str.maketrans("0123456789l-()", "⁰¹²³⁴⁵⁶⁷⁸⁹ˡ⁻⁽⁾")


def latex(base: str, step: str, layer: str) -> str:
    letter, _mark, gate = base.partition("_")
    below = ", ".join(part for part in (gate, step) if part)
    return f"{letter}_{{{below}}}^{{({layer})}}" if below else f"{letter}^{{({layer})}}"


def text(base: str, step: str, layer: str) -> str:
    return f"{base}^({layer})" + (f"_{{{step}}}" if "-" in step else f"_{step}" if step else "")


SPELLINGS: dict[str, Callable[[str, str, str], str]] = {
    "latex": lambda *name: latex(*name),
    "brackets": lambda *name: latex(*name).replace("(", "[").replace(")", "]"),
    "angles": lambda base, step, layer: (
        f"{base}^{{[{layer}]\\langle {step} \\rangle}}" if step else f"{base}^{{[{layer}]}}"
    ),
    "text": text,
    "plain": lambda base, step, layer: text(base, step, layer).replace("(", "").replace(")", ""),
    "unicode": lambda base, step, layer: (
        base + f"({layer})".translate(UP) + step.translate(str.maketrans("t-0123", "ₜ₋₀₁₂₃"))
    ),
    "lower": lambda base, step, layer: f"{base}_{{{layer}{',' if step else ''}{step}}}",
}


def sizes(layers: int) -> list[int]:
    return [2, 3, 1, 2][: layers + 1]  # D first


def values(cell: str, layers: int, biases: bool, states: bool) -> Iterator[tuple[int, str, np.ndarray]]:
    """(layer, name, array) of every parameter and initial state."""
    rng = np.random.default_rng(layers)
    for number in range(1, layers + 1):
        below, units = sizes(layers)[number - 1 : number + 1]
        names = dict.fromkeys(re.findall(r"\{([UWb]\w*)\}", " ".join(LINES[cell])))
        for name in names:
            shape = {"U": (units, below), "W": (units, units), "b": (units,)}[name[0]]
            if biases or name[0] != "b" or number > 1:
                yield number, name, rng.uniform(-1, 1, shape).round(2)
        for state in ("h", "c") if cell == "lstm" else ("h",):
            if states:
                yield number, f"{state}0", rng.uniform(-1, 1, units).round(2)


def equations(cell: str, spell: Callable[[str, str, str], str]) -> list[str]:
    lines = []
    for line in LINES[cell]:
        left, right = line.split(" = ")

        def put(part: re.Match[str]) -> str:
            name = part[1]
            if name.startswith(":"):
                return spell(name[1:].rstrip("-"), "t-1" if name.endswith("-") else "t", "l")
            fixed = {"d": ("h", "t", "l-1"), "e": ("h", "t-1", "l")}
            return spell(*fixed.get(name, (name, "", "l")))

        lines.append(f"{spell(left, 't', 'l')} = {re.sub(r'{([^{}]*)}', put, right)}")
    return lines


def sheet(cell: str, layers: int, spelling: str, headed: bool, biases: bool = True, states: bool = True) -> str:
    spell = SPELLINGS[spelling]
    rows = [f"A stack of {layers} layers, l = 1, …, {layers}.", "", *equations(cell, spell)]
    rows.append(f"{spell('h', 't', '0')} = x_t")
    rows.append(f"y_t = V {spell('h', 't', str(layers))} + q")
    above = 0
    for number, name, array in values(cell, layers, biases, states):
        if headed and number != above:
            rows += ["", f"Layer {number}:"]
        above = number
        base, step = (name[0], "0") if name.endswith("0") else (name, "")
        bare = f"{base}_{step}" if step else base
        rows.append(f"{bare if headed else spell(base, step, str(number))} = {printed(array)}")
    top = printed(np.full((1, sizes(layers)[-1]), 1.5))
    return "\n".join([*rows, "", "Output:", f"V = {top}, q = 0.3", "x_1 = [1, -0.5]", "x_2 = [0.2, 0.8]"])


def reference(cell: str, layers: int, biases: bool, states: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"cell": cell} for _layer in range(layers)]
    for number, name, array in values(cell, layers, biases, states):
        stack, _mark, gate = name.partition("_")
        if gate:
            parts[number - 1].setdefault(stack, {})[gate] = array.tolist()
        else:
            parts[number - 1][stack] = array.tolist()
    return {"layers": parts, "V": [[1.5] * sizes(layers)[-1]], "c": [0.3], "x": [[1, -0.5], [0.2, 0.8]]}


CASES = [
    *itertools.product(LINES, [2, 3], ["latex", "lower"], [False, True], [True], [True]),
    *itertools.product(["elman"], [2], SPELLINGS, [False], [True, False], [True, False]),
    *(
        (*case, biases, not biases)
        for case in itertools.product(["lstm"], [2], SPELLINGS, [False])
        for biases in [True, False]
    ),
    *itertools.product(["gru"], [2], ["latex"], [True], [False], [False, True]),
]


@pytest.mark.parametrize(("cell", "layers", "spelling", "headed", "biases", "states"), CASES)
def test_equations_written_once_hold_for_every_layer(
    cell: str, layers: int, spelling: str, headed: bool, biases: bool, states: bool
) -> None:
    assert_same(sheet(cell, layers, spelling, headed, biases, states), reference(cell, layers, biases, states))


TABLES = {
    "a row a layer": "| {head} | W | U | b |\n|---|---|---|---|\n| 1 | 0.5 | 0.3 | 0.1 |\n| 2 | -0.5 | 0.7 | 0.2 |",
    "a column a layer": "| | {head} 1 | {head} 2 |\n|---|---|---|\n| W | 0.5 | -0.5 |\n| U | 0.3 | 0.7 |\n"
    "| b | 0.1 | 0.2 |",
}


@pytest.mark.parametrize(
    ("form", "head"), [*itertools.product(TABLES, ["layer", "Layer", "层"]), ("a row a layer", "$l$")]
)
def test_tables_of_layers_and_answers_by_layer(form: str, head: str) -> None:
    table = TABLES[form].format(head=head)
    text = f"""$$h_t^{{(l)}} = \\tanh(W^{{(l)}} h_t^{{(l-1)}} + U^{{(l)}} h_{{t-1}}^{{(l)}} + b^{{(l)}})$$
y_t = V h_t^{{(L)}}

{table}

V = 2, x_1 = 1, x_2 = 0.5, h_0^{{(l)}} = 0.1

My answer:

h_1^{{(1)}} = 0.558, h_2^{{(2)}} = 0.1"""
    given = problem_text.read(text)
    problem = reader.read(given, engine="equations")
    trace = problem.forward()
    np.testing.assert_allclose(trace.layers[0]["h"][:, 0], [np.tanh(0.63), np.tanh(0.35 + 0.3 * np.tanh(0.63))])
    assert trace.layers[1].initial["h"] == [0.1]
    assert given["answers"].value == {"layers": [{"h": {"1": ["0.558"]}}, {"h": {"2": ["0.1"]}}]}


@pytest.mark.parametrize("said", ["in layer {}", "for layer {}", "（第 {} 层）"])
@pytest.mark.parametrize("by_table", [True, False])
def test_an_input_that_is_said_for_each_layer(said: str, by_table: bool) -> None:
    """Each layer reads q_t, which is x_t in layer 1 and h_t^{(1)} in layer 2; weights in a table or in lines."""
    weights = {f"{stack}{layer}": drawn_at(7 * layer + at, 3) for layer in (1, 2) for at, stack in enumerate("WUb")}
    inside = "(W^{(l)}_%s q_t + U^{(l)}_%s h^{(l)}_{t-1} + b^{(l)}_%s)"
    sheet = "".join(f"{gate}^{{(l)}}_t = σ" + inside % (gate, gate, gate) + "\n" for gate in "rz")
    sheet += "n^{(l)}_t = tanh(W^{(l)}_n q_t + U^{(l)}_n (r^{(l)}_t ∘ h^{(l)}_{t-1}) + b^{(l)}_n)\n"
    sheet += "h^{(l)}_t = (1 - z^{(l)}_t) ∘ n^{(l)}_t + z^{(l)}_t ∘ h^{(l)}_{t-1}\n"
    sheet += f"q_t = x_t {said.format(1)}, q_t = h^{{(1)}}_t {said.format(2)}\n"
    if by_table:
        heads = [f"${name[0]}^{{({name[1]})}}$" for name in weights]
        rows = [
            f"| {gate} | " + " | ".join(str(w[at]) for w in weights.values()) + " |" for at, gate in enumerate("rzn")
        ]
        sheet += "\n| | " + " | ".join(heads) + " |\n" + "|---" * 7 + "|\n" + "\n".join(rows) + "\n\n"
    else:
        sheet += "".join(
            f"{name[0]}^{{({name[1]})}}_{gate} = {w[at]}\n"
            for name, w in weights.items()
            for at, gate in enumerate("rzn")
        )
    sheet += "x_1 = 0.5, x_2 = -1.5"
    layers = [
        {"cell": "gru", "U": weights[f"W{k}"][:, None].tolist(), "W": weights[f"U{k}"][:, None].tolist(),
         "b": weights[f"b{k}"].tolist()} for k in (1, 2)
    ]  # fmt: skip
    assert_same(sheet, {"layers": layers, "x": [[0.5], [-1.5]]})
