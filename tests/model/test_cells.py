"""Cells as records: the six say what the literature says, and a malformed one is refused by name."""

from typing import Any

import numpy as np
import pytest
from support.helpers import MGU, ODD, every_cell

import rnncalc
from rnncalc.check import CheckSession
from rnncalc.cli.train import OPTIONS
from rnncalc.errors import CellError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.cells.cell import ACTIVATIONS, OUTPUTS
from rnncalc.model.cells.readout import read_out
from rnncalc.model.equations.printer import Place, write
from rnncalc.model.equations.style import SOURCE, TEXT


def shown(cell: Cell) -> list[str]:
    place = Place(signals=frozenset(cell.written))
    return [write(line, TEXT, place=place) for line in cell.written.values()]


def test_the_six_rooms() -> None:
    assert list(CELLS) == ["elman", "jordan", "lstm", "gru", "gru_after", "i2h_i2o"]


@pytest.mark.parametrize("name", CELLS)
def test_a_room_has_its_literature(name: str) -> None:
    known = CELLS[name].literature
    assert known is not None
    assert known.title
    assert 1980 < known.year < 2020
    assert known.papers
    assert known.also_called
    assert known.not_to_be_confused_with


def test_equations_as_books_write_them() -> None:
    assert shown(CELLS["elman"]) == ["b + W h_{t-1} + U x_t", "tanh(a_t)"]
    assert shown(CELLS["lstm"])[-2:] == ["f_t ∘ c_{t-1} + i_t ∘ g_t", "o_t ∘ tanh(c_t)"]
    assert shown(CELLS["gru"])[2:] == ["tanh(b_n + W_n (r_t ∘ h_{t-1}) + U_n x_t)", "(1 - z_t) ∘ n_t + z_t ∘ h_{t-1}"]
    assert shown(CELLS["gru_after"])[2] == "tanh(b_n + r_t ∘ (W_n h_{t-1} + d) + U_n x_t)"
    assert shown(CELLS["i2h_i2o"])[:2] == ["b + W h_{t-1} + U x_t", "c + V h_{t-1} + R x_t"]
    assert shown(CELLS["jordan"])[0] == "b + W y_{t-1} + U x_t"


def test_the_other_update_is_a_derived_cell() -> None:
    assert shown(CELLS["gru"].switch(update="z_new"))[-1] == "(1 - z_t) ∘ h_{t-1} + z_t ∘ n_t"
    assert CELLS["gru"].switch(update="z_new").digest != CELLS["gru"].digest
    assert CELLS["gru"].switch(update="z_old").digest == CELLS["gru"].digest


def test_the_first_choice_of_a_switch_is_what_the_equations_say() -> None:
    for cell in CELLS.values():
        for option, choices in cell.switches.items():
            assert cell.switch(**{option: next(iter(choices))}).digest == cell.digest


def test_digests_tell_cells_apart() -> None:
    digests = {name: cell.digest for name, cell in every_cell().items()}
    by_first_choice = {"tanh", "z_old", "identity"}
    others = {name for name in digests if name.rpartition(" ")[2] not in by_first_choice or "," not in name}
    assert len({digests[name] for name in others}) == len(others)


def test_lines_are_split_until_nothing_is_nested() -> None:
    lines = {line: write(expression, SOURCE) for line, expression in CELLS["gru"].lines.items()}
    assert lines["q_n"] == "r * h_p"
    assert lines["a_n"] == "b_n + W_n @ q_n + U_n @ x_t"
    assert lines["n"] == "tanh(a_n)"
    after = {line: write(expression, SOURCE) for line, expression in CELLS["gru_after"].lines.items()}
    assert after["w_n"] == "W_n @ h_p + d"
    assert after["a_n"] == "u_n + r * w_n"
    assert write(CELLS["lstm"].lines["h"], SOURCE) == "o * tanh_c"
    assert set(CELLS["lstm"].labels) == {"tanh_c"}


def test_parameters_and_their_shapes_follow_from_the_lines() -> None:
    assert list(CELLS["gru_after"].stacks) == ["U", "W", "b", "d"]
    assert list(CELLS["jordan"].stacks) == ["U", "W", "b", "V", "c"]
    assert [p.gate for p in CELLS["lstm"].stacks["U"]] == list("ifgo")
    jordan = CELLS["jordan"].parameters
    assert (jordan["W"].rows, jordan["W"].columns, jordan["V"].rows, jordan["c"].rows) == ("H", "O", "O", "O")
    assert set(MGU.parameters) == {"b_f", "W_f", "U_f", "b_n", "W_n", "U_n"}
    assert MGU.stacks["W_n"][0].gate is None
    assert ODD.parameters["p_i"].columns is None


def test_the_read_out_is_a_cell() -> None:
    assert read_out("softmax").state == ()
    assert write(read_out("softmax").lines["y"], SOURCE) == "softmax(s)"


@pytest.mark.parametrize(
    ("equations", "state", "emits", "what"),
    [
        ({"h": "tanh(a_p) + x_t"}, ["h"], "h", "line h: a_p needs a in the state"),
        ({"h": "tanh(g)", "g": "sigmoid(h_p + x_t)"}, ["h"], "h", "line h: g is used before its line"),
        ({"h": "tanh(h_t) + x_t"}, ["h"], "h", "write h for this step's value"),
        ({"h": "(W + U) @ h_p + x_t"}, ["h"], "h", "on the left of @ stands a weight"),
        ({"h": "h_p @ W + x_t"}, ["h"], "h", "on the left of @ stands a weight"),
        ({"h": "W @ b + x_t"}, ["h"], "h", "b on the right of @ is no signal"),
        ({"h": "W @ h_p + W + x_t"}, ["h"], "h", "W had another shape before"),
        ({"h": "softmax(W @ h_p + x_t)"}, ["h"], "h", "softmax is for the read-out"),
        ({"h": "U @ x_t", "g": "0.5"}, ["h"], "h", "is a constant"),
        ({"h": "W @ h_p"}, ["h"], "h", "no line reads the input x_t"),
        ({"h": "W @ x_t"}, ["h"], "g", "emits names “g”"),
        ({"h": "W @ x_t"}, ["c"], "h", "state names “c”"),
        ({"h_p": "W @ x_t"}, [], "h_p", "cannot be the name of a line"),
        ({"tanh": "W @ x_t"}, [], "tanh", "cannot be the name of a line"),
        ({"y": "W @ x_t"}, [], "y", "name of the input or of the read-out"),
        ({"h": "V @ x_t"}, [], "h", "V is the name of the input or of the read-out"),
        ({"h": "W @ x_t +"}, ["h"], "h", "cannot read"),
        ({"h": "open('x') + x_t"}, ["h"], "h", "no function is called open"),
        ({}, [], "h", "has no equations"),
    ],
)
def test_a_malformed_cell_is_refused_by_name_and_line(
    equations: dict[str, Any], state: list[Any], emits: str, what: str
) -> None:
    with pytest.raises(CellError) as refused:
        Cell("mine", equations, state, emits)
    assert str(refused.value).startswith("cell mine: ")
    assert what in str(refused.value)


def test_a_malformed_switch_is_refused_when_the_record_is_made() -> None:
    with pytest.raises(CellError, match="cell mine"):
        Cell("mine", {"h": "W @ x_t"}, ["h"], "h", switches={"turn": {"left": {"h": "W @ x_t"}, "right": {"h": "W @"}}})


def test_a_switch_knows_its_values() -> None:
    with pytest.raises(CellError, match=r"activation of elman is one of tanh, relu, .*, step, not “exp”"):
        CELLS["elman"].switch(activation="exp")


@pytest.mark.parametrize("name", every_cell())
def test_stages_need_only_what_is_there(name: str) -> None:
    cell = every_cell()[name]
    known = {f"{state}_p" for state in cell.state} | {"x_t", *cell.parameters}
    for stage in cell.stages:
        for line in stage.products:
            assert {product.source for product in (*line.inputs, *line.products)} <= known
        known |= {line.signal for line in stage.products}
        for signal in (*stage.elementwise, *stage.rowwise):
            from rnncalc.model.equations.expression import names

            assert set(names(cell.lines[signal])) <= known, signal
            known.add(signal)
    assert set(cell.lines) <= known


def test_a_cell_of_one_line() -> None:
    cell = Cell("drift", {"h": "h_p + W @ x_t"}, ["h"], "h")
    assert np.prod([len(stack) for stack in cell.stacks.values()]) == 1


def test_a_step_says_that_it_has_no_gradient() -> None:
    keys: dict[str, Any] = {"U": [[1.0]], "W": [[1.0]], "x": [[1.0]], "targets": [[1.0]], "loss": "squared_error"}
    for activation, notes in (("step", 1), ("hard_tanh", 0)):
        problem = rnncalc.problem(**keys, activation=activation).given
        assert len(problem.backward_notes) == notes
        assert problem.notes == []
        for answers, said in (({"h": [["1"]]}, 0), ({"dU": [["0"]]}, notes)):
            assert len(CheckSession(problem).check(answers).notes) == said


def test_the_help_of_train_lists_what_there_is() -> None:
    assert tuple(OPTIONS["activation"][0]) == ACTIVATIONS
    assert tuple(OPTIONS["output"][0]) == OUTPUTS
