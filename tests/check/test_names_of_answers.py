"""A number has one name, which is understood in every spelling wherever answers are read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.errors import ProblemError

RNG = np.random.default_rng(5)
SPELLINGS = ["h_{t}[{u}]", "h[{t}][{u}]", "h_{{{t}}}[{u}]"]


def problem(steps: int, units: int, **more: Any) -> dict[str, Any]:
    shapes = {"U": (units, 4), "W": (units, units), "b": (units,), "V": (5, units), "x": (steps, 4)}
    return {name: RNG.integers(1, 9, shape) / 10 for name, shape in shapes.items()} | more


@pytest.mark.parametrize(("steps", "units"), [(1, 1), (1, 3), (3, 1), (3, 2)])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_single_numbers_in_every_spelling(steps: int, units: int, spelling: str) -> None:
    stated = rnncalc.problem(**problem(steps, units))
    h = stated.forward().h
    for t, u in np.ndindex(steps, units):
        name = spelling.format(t=t + 1, u=u + 1)
        verdict = stated.check({name: f"{h[t, u]:.5f}"})
        assert [(v.name, v.step, v.index, v.verdict) for v in verdict.values] == [("h", t + 1, (u + 1,), "right")], name
        assert stated.check({name: f"{h[t, u] + 1:.5f}"}).verdict == "wrong"


@pytest.mark.parametrize("spelling", ["h_{t}[{n}][{u}]", "h_{{{t}}}[{n}][{u}]", "h[{n}][{t}][{u}]"])
def test_in_a_batch_a_step_at_the_foot_comes_first(spelling: str) -> None:
    given = problem(3, 2)
    stated = rnncalc.problem(**{**given, "x": RNG.integers(1, 9, (4, 3, 4)) / 10})
    h = stated.forward().h
    for n, t, u in ((3, 1, 0), (0, 2, 1), (1, 0, 1)):
        name = spelling.format(n=n + 1, t=t + 1, u=u + 1)
        assert stated.check({name: f"{h[n, t, u]:.6f}"}).verdict == "right", name


def test_whole_steps_and_parameters_and_what_is_not_there() -> None:
    stated = rnncalc.problem(**problem(3, 2, targets=np.ones((3, 5)), loss="squared_error"))
    h, gradients = stated.forward().h, stated.backward()
    both = {"h_2": [f"{v:.5f}" for v in h[1]], "h[3]": f"{h[2, 0]:.5f} {h[2, 1]:.5f}", "y_1[4]": "_"}
    verdict = stated.check({**both, "dU[2][3]": f"{gradients.U[1, 2]:.5f}"})
    assert [(v.name, v.step, v.index) for v in verdict.values] == [
        ("h", 2, (1,)), ("h", 2, (2,)), ("h", 3, (1,)), ("h", 3, (2,)), ("dU", None, (2, 3))
    ]  # fmt: skip
    assert verdict.verdict == "right"
    short = stated.check({"h_2": ["0.5"]})
    assert "h_2 must be of the shape (2,)" in short.text()
    for name in ("h_4[1]", "h_1[3]", "h_0[1]", "k_1[1]", "dU[3][1]"):
        with pytest.raises(ProblemError, match="unknown name"):
            stated.check({name: "0.5"})


HEADS = ["My answers:", "My answers (5 decimals)", "answers", "## Answers", "我的答案："]


@pytest.mark.parametrize("style", ["lines", "pipes", "blanks", "markdown", "latex"])
@pytest.mark.parametrize(("steps", "units", "head"), [(s, u, HEADS[s + u - 1]) for s in (1, 2, 3) for u in (1, 2)])
def test_answers_in_a_sheet_with_a_row_or_a_column_a_number(
    style: str, steps: int, units: int, head: str, tmp_path: Path
) -> None:
    given = problem(steps, units)
    trace = rnncalc.problem(**given).forward()
    lines = [f"{name} = {array.tolist()}" for name, array in given.items()] + ["", head, ""]
    columns = [("h", trace.h, unit) for unit in range(units)] + [("y", trace.y, unit) for unit in range(5)]
    if style == "lines":
        for t in range(steps):
            lines += [f"{name}_{t + 1}[{unit + 1}] = {array[t, unit]:.5f}" for name, array, unit in columns]
    else:
        heads = [f"{name}[{unit + 1}]" if name == "y" or units > 1 else name for name, _array, unit in columns]
        heads = [head.replace("[", r"\[").replace("]", r"\]") for head in heads] if style == "markdown" else heads
        rows = [["step", *heads]]
        rows += [[str(t + 1), *(f"{array[t, unit]:.5f}" for _name, array, unit in columns)] for t in range(steps)]
        rows[1:1] = [["---"] * len(rows[0])] if style in ("pipes", "markdown") else []
        between = {"blanks": "   ", "latex": " & "}.get(style, " | ")
        edge, end = ("| ", " |") if "|" in between else ("", r" \\" if style == "latex" else "")
        body = [edge + between.join(row) + end for row in rows]
        lines += [r"\begin{tabular}{" + "r" * len(rows[0]) + "}", *body, r"\end{tabular}"] if style == "latex" else body
    (tmp_path / "sheet.txt").write_text("\n".join(lines), encoding="utf-8")
    verdict = rnncalc.load_problem(tmp_path / "sheet.txt").check()
    assert (verdict.verdict, len(verdict.values)) == ("right", steps * (units + 5))


@pytest.mark.parametrize("edge", ["| ", ""])
def test_inputs_in_a_table_with_a_column_an_entry(edge: str, tmp_path: Path) -> None:
    given = problem(3, 2)
    rows = [["t", *(f"x[{entry}]" for entry in range(1, 5))]] + [[t, *row] for t, row in enumerate(given["x"], 1)]
    table = "\n".join(edge + (" | " if edge else "  ").join(map(str, row)) + (" |" if edge else "") for row in rows)
    text = "\n".join(f"{name} = {array.tolist()}" for name, array in given.items() if name != "x")
    (tmp_path / "sheet.txt").write_text(f"{text}\n\n{table}\n", encoding="utf-8")
    h = rnncalc.load_problem(tmp_path / "sheet.txt").forward().h
    assert np.allclose(h, rnncalc.problem(**given).forward().h, rtol=0, atol=1e-12)


@pytest.mark.parametrize("units", [1, 2])
def test_columns_of_layers(units: int, tmp_path: Path) -> None:
    """h^(1)[1], h^(1)[2], …, or h^(1), h^(2) where a layer has one unit."""
    given = {k: problem(3, units) for k in (1, 2)}
    layers = [{name: given[k][name][:, :width] if name == "U" else given[k][name] for name in ("U", "W", "b")}
              for k, width in ((1, 4), (2, units))]  # fmt: skip
    stated = rnncalc.problem(layers=layers, x=given[1]["x"])
    states = [layer["h"] for layer in stated.forward().layers]
    lines = ["h^(1)_t = tanh(W^(1) h^(1)_{t-1} + U^(1) x_t + b^(1))"]
    lines += ["h^(2)_t = tanh(W^(2) h^(2)_{t-1} + U^(2) h^(1)_t + b^(2))", ""]
    lines += [
        f"{name}^({k}) = {np.asarray(layer[name]).tolist()}" for k, layer in enumerate(layers, 1) for name in layer
    ]
    lines += [f"x_{t} = {row.tolist()}" for t, row in enumerate(given[1]["x"], 1)] + ["", "My answers:", ""]
    heads = [f"h^({k})[{u}]" if units > 1 else f"h^({k})" for k in (1, 2) for u in range(1, units + 1)]
    rows = [["t", *heads]] + [[str(t + 1), *(f"{h[t, u]:.6f}" for h in states for u in range(units))] for t in range(3)]
    rows[1:1] = [["---"] * len(rows[0])]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    (tmp_path / "sheet.md").write_text("\n".join(lines), encoding="utf-8")
    verdict = rnncalc.load_problem(tmp_path / "sheet.md").check()
    assert (verdict.verdict, len(verdict.values)) == ("right", 6 * units), verdict.text()
