"""Answers of a table whose rows are gradients, in every way of writing them, are judged; a row that is none is said."""

from pathlib import Path

import pytest
from support.commands import command

SHEET = """h_t = tanh(U x_t + W h_{t-1}), y_t = V h_t
U = 0.3
W = 0.5
V = 0.7
x_1 = 1
x_2 = 2
L = (y_2 - 0.5)^2

My answers:

"""
HEADS = {"two columns": "| quantity | value |\n|---|---|\n", "three": "| quantity | value | remark |\n|---|---|---|\n"}
NAMES = [r"dL/d{}", r"∂L/∂{}", r"$\frac{{\partial L}}{{\partial {}}}$", r"$\nabla_{} L$", "$∂L/∂{}$"]


@pytest.mark.parametrize("columns", HEADS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("with_states", [True, False])
def test_rows_of_gradients(columns: str, name: str, with_states: bool, tmp_path: Path) -> None:
    end = " |\n" if columns == "two columns" else " | done |\n"
    rows = {"h_1": "0.2913"} if with_states else {}
    rows |= {name.format("W"): "0.1", name.format("V"): "-0.0724"}
    path = tmp_path / "sheet.md"
    table = HEADS[columns] + "".join(f"| {row} | {value}{end}" for row, value in rows.items())
    path.write_text(SHEET + table, encoding="utf-8")
    done = command("check", str(path), "--format", "json")
    assert done.code == 1, done.err
    verdicts = {value["name"]: value["verdict"] for value in done.data["values"]}
    assert verdicts == ({"h": "right"} if with_states else {}) | {"dW": "wrong", "dV": "right"}


@pytest.mark.parametrize("formula", ["np.foo(W x_t + U h_{t-1})", "torch.bar(W x_t + U h_{t-1})"])
def test_an_equation_of_an_unknown_function_is_no_value(formula: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text(f"h_t = {formula}\nW = 0.3\nU = 0.5\nx = [1, 2]\n", encoding="utf-8")
    done = command("forward", str(path))
    assert done.code == 2
    assert formula.partition("(")[0] in done.err
