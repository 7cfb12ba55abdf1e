"""The key that is wrong is blamed, the field's own words are understood, and what is near is suggested."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import command


@pytest.mark.parametrize("letters", [("U", "W", "V"), ("W_xh", "W_hh", "W_hy"), ("Wxh", "Whh", "Why")])
@pytest.mark.parametrize("odd", ["Tt", "dh", "learning_rat", "hidden"])
def test_the_unknown_key_is_blamed_and_no_other(letters: tuple[str, str, str], odd: str) -> None:
    U, W, V = letters
    done = command("forward", f"--{U}", "1", f"--{W}", "0.5", f"--{V}", "1", "--x", "1", f"--{odd}", "3")
    assert done.code == 2
    assert f"--{odd}: unknown key “{odd}”" in done.err


@pytest.mark.parametrize("rate", ["learning_rate", "eta", "η", "lr"])
@pytest.mark.parametrize("loss", ["MSE", "mse", "mean_squared_error"])
def test_words_of_the_field_are_understood(rate: str, loss: str) -> None:
    options = ["--U", "1", "--W", "0.5", "--x", "1", "--targets", "0.2", "--loss", loss, f"--{rate}", "0.1"]
    for cell, activation in [("RNN", "ReLU"), ("elman", "relu"), ("Elman", "RELU")]:
        done = command("backward", "--cell", cell, "--activation", activation, *options, "--format", "json")
        assert done.code == 0, done.err
        assert done.data["updated"]["U"] == [[pytest.approx(1 - 0.1 * 2 * 0.8)]]


def test_parameters_of_gates_without_a_cell_ask_for_the_cell() -> None:
    gates = [part for gate in "fioc" for part in (f"--W_{gate}", "0.5", f"--U_{gate}", "0.5")]
    done = command("forward", *gates, "--x", "1 2")
    assert done.code == 2
    assert "say which cell has it, cell: lstm" in done.err
    assert command("forward", *gates, "--x", "1 2", "--cell", "LSTM").code == 0


def test_one_target_of_a_longer_sequence_is_told_apart() -> None:
    options = ["--U", "1", "--W", "0.5", "--x", "1 2 3", "--loss", "mse"]
    done = command("backward", *options, "--targets", "0.5")
    assert "for the last step alone: [null, null, 0.5]" in done.err
    assert command("backward", *options, "--targets", "[null, null, 0.5]").code == 0


def test_a_part_of_the_answers_asks_for_the_mark_of_what_is_left_out() -> None:
    done = command("check", "--U", "1", "--W", "0.5", "--x", "1 2 3", "--h", "0.76")
    assert "type _ for every number that is not answered" in done.out


GATES = [part for gate in "ifoc" for part in (f"--W_{gate}", "0.4 0.1; 0.2 0.3", f"--U_{gate}", "0.1 0.5; 0.6 0.2")]


def test_a_square_gated_cell_says_how_it_was_read_where_the_other_way_differs() -> None:
    said = command("forward", "--cell", "lstm", *GATES, "--x", "1 2").err
    assert "i_t = σ(b_i + W_i h_{t-1} + U_i x_t)" in said
    assert "--notation swapped" in said
    assert "other way" not in command("forward", "--cell", "lstm", *GATES, "--x", "1 2", "--notation", "swapped").err
    alike = [part.replace("0.1 0.5; 0.6 0.2", "0.4 0.1; 0.2 0.3") for part in GATES]
    assert "other way" not in command("forward", "--cell", "lstm", *alike, "--x", "1 2").err


def test_one_line_of_a_gated_cell_tells_its_letters() -> None:
    line = "f_t = σ(W_f x_t + U_f h_{t-1})"
    decided = command("forward", "--cell", "lstm", *GATES, "--x", "1 2", "--equations", line, "--format", "json")
    swapped = command("forward", "--cell", "lstm", *GATES, "--x", "1 2", "--notation", "swapped", "--format", "json")
    assert decided.data["trace"] == swapped.data["trace"]


@pytest.mark.parametrize(
    "right", ["foo(W x_t)", "tanh(W x_t + U h_{t-1}", "tanh(W x_t + + )", "W x_t ** 3 + g(h_{t-1})"]
)
def test_an_equation_that_is_not_understood_is_no_prose(right: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.txt"
    path.write_text(f"h_t = {right}\nW = 1\nU = 0.5\nx = 1\n", encoding="utf-8")
    done = command("forward", str(path))
    assert done.code == 2, done.out
    path.write_text(f"h_t = tanh(W x_t + U h_{{t-1}})\nq_t = {right}\nW = 1\nU = 0.5\nx = 1\n", encoding="utf-8")
    done = command("forward", str(path))
    assert done.code == 2 or "q_t" in done.err


@pytest.mark.parametrize(("odd", "near"), [("biass", "bias"), ("kernal", "kernel"), ("weight_hhh", "weight_hh")])
def test_names_of_other_notations_are_suggested(odd: str, near: str) -> None:
    done = command("forward", "--U", "1", "--W", "0.5", "--x", "1", f"--{odd}", "3")
    assert done.code == 2
    assert f"--{odd}: unknown key “{odd}”: did you mean “{near}”?" in done.err
