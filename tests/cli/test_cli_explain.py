"""rnncalc explain"""

import pytest
from support.helpers import answer, run

from rnncalc.model.cells import CELLS


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_is_explained(name: str) -> None:
    done = run("explain", name)
    assert done.returncode == 0
    literature = CELLS[name].literature
    assert literature is not None
    assert done.stdout.startswith(f"{name}: {literature.title} ({literature.year})\n")
    for text in (*literature.papers, *literature.also_called, *literature.not_to_be_confused_with, *literature.remarks):
        assert text in done.stdout


def test_shapes_and_gate_orders() -> None:
    text = run("explain", "lstm").stdout
    assert "  U   (4·H, D), stacked i f g o\n" in text
    assert "  ONNX                        i o f g\n" in text
    assert "  s_t = c + V h_t\n  y_t = g(s_t)\n" in text
    assert "  c_t = f_t ∘ c_{t-1} + i_t ∘ g_t\n" in text


def test_for_programs() -> None:
    data = answer("explain", "gru_after")
    assert data["gate_orders"]["Keras"] == ["z", "r", "n"]
    assert data["equations"]["h"] == "(1 - z) * n + z * h_p"
    assert data["shapes"]["d"] == "(H,)"


def test_a_misspelt_cell() -> None:
    done = run("explain", "ltsm")
    assert done.returncode == 2
    assert "no cell or mistake is called “ltsm”: did you mean lstm?" in done.stderr
    assert "there are elman, jordan" in run("explain", "transformer").stderr
