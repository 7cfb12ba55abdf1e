"""rnncalc new for real sheets: everybody's letters, stacks, both directions, names on the pages."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run

import rnncalc
from rnncalc.classroom import exercise
from rnncalc.classroom.exercise import Exercise, ExerciseSpec, make
from rnncalc.classroom.handout import form_csv, solution, statement
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.problems import problem_text
from rnncalc.problems import reader as problem_reader
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.results import Quantities, per_step
from rnncalc.report.document import Arrays
from rnncalc.report.formats import FORMATS
from rnncalc.report.render import render

FORMS = [name for name in FORMATS if name in ("plain", "latex", "markdown")]


INEXPRESSIBLE = {*product(("lstm", "gru", "gru_after"), ("cs231n", "coursera")), ("i2h_i2o", "onnx")}


@pytest.fixture(autouse=True)
def _any_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first draw will do: here no number needs to be friendly."""
    monkeypatch.setattr(exercise, "DRAWS", 1)


def is_right(made: Exercise) -> bool:
    """Whether the file's own solution, written to its digits, is right in every number."""

    def written(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: written(part) for key, part in value.items()}
        return [written(part) for part in value] if isinstance(value, list) else f"{value:.6f}"

    verdict = rnncalc.problem(**made.keys).check(written(made.solution()))
    return verdict.verdict == "right" and verdict.score == 1


@pytest.mark.parametrize(("cell", "notation"), list(product(CELLS, NOTATIONS)))
def test_every_cell_in_every_notation(cell: str, notation: str) -> None:
    spec = ExerciseSpec(cell, units=2, inputs=3, outputs=2, steps=2, notation=notation, backward=True, lr=0.1, seed=1)
    if NOTATIONS[notation].cells.get(cell, cell) != cell:
        with pytest.raises(ProblemError, match=NOTATIONS[notation].cells[cell]):
            make(spec)
        return
    if (cell, notation) in INEXPRESSIBLE:
        with pytest.raises(ProblemError, match="no names for all parameters"):
            make(spec)
        return
    made, ours = make(spec), make(ExerciseSpec(**{**vars(spec), "notation": ""}))
    for name, array in ours.quantities.items():
        assert np.allclose(made.quantities[name], array, rtol=0, atol=1e-12), name
    assert is_right(made)
    for form in FORMS:
        for text in (render(statement(made), form), render(solution(made), form)):
            assert text
    named = set(made.problem.letters.parameters.values())
    page = render(statement(made), "plain")
    assert all(f"  {name} = " in page for name in made.keys if name in named)
    assert all(column.partition("[")[0] in made.shown() for column in form_csv(made).replace('"', "").split(",")[2:])


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if not cell.owns_read_out])
@pytest.mark.parametrize(("layers", "direction"), [(2, "forward"), (1, "both"), (2, "both"), (1, "backward")])
@pytest.mark.parametrize("outputs", [0, 2])
def test_stacks_and_both_directions(cell: str, layers: int, direction: str, outputs: int) -> None:
    for backward in (False, True):
        spec = ExerciseSpec(cell, steps=2, layers=layers, direction=direction, outputs=outputs, backward=backward)
        made = make(spec)
        assert len(made.problem.network.layers) == layers
        assert is_right(made)
        for form in FORMS:
            assert render(statement(made), form)
            assert render(solution(made), form)


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.owns_read_out])
def test_a_cell_with_its_own_read_out_is_no_stack(cell: str) -> None:
    with pytest.raises(ProblemError, match="read-out"):
        make(ExerciseSpec(cell, layers=2))


def test_names_and_ids_are_on_the_pages(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\n7,Ada Lovelace\n8,\n", encoding="utf-8")
    done = run("new", "elman", "--students", str(roster), "-o", str(tmp_path / "out"), "--notation", "d2l")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "7" / "statement.md").read_text(encoding="utf-8")
    assert "Ada Lovelace" in page
    assert "Id: 7" in page
    assert "W_{xh}" in page
    form = json.loads((tmp_path / "out" / "7" / "form.json").read_text(encoding="utf-8"))
    assert (form["id"], form["name"]) == ("7", "Ada Lovelace")
    assert "Id: 8" in (tmp_path / "out" / "8" / "statement.md").read_text(encoding="utf-8")
    solved = tmp_path / "out" / "7" / "solution.json"
    assert run("check", str(tmp_path / "out" / "7" / "problem.json"), "--answers", str(solved)).returncode == 0


PRECISIONS: list[tuple[dict[str, Any] | None, str]] = [
    (None, "every answer with 4."),
    ({"decimals": 1}, "every answer with 1."),
    ({"decimals": 3}, "at least 5 decimals and write every answer with 3."),
    ({"digits": 3}, "at least 5 significant digits and write every answer with 3."),
    ({"tolerance": 0.01}, "to within ±0.01."),
    ({"relative": 0.02}, "to within 2 %."),
    ({"h": {"decimals": 1}, "y": {"tolerance": 0.05}}, "h: 1 decimal; y: to within ±0.05; loss: 4 decimals"),
]


@pytest.mark.parametrize(("precision", "said"), PRECISIONS)
@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_the_precision_that_is_asked_for(cell: str, precision: dict[str, Any] | None, said: str) -> None:
    """The page says it, and its own solution is right: every number as it is written there, no number coarse."""
    made = make(ExerciseSpec(cell, precision=precision, backward=True, lr=0.1))
    assert made.keys.get("precision") == precision
    assert said in render(statement(made), "plain")
    written = solution(made).blocks[-1]
    assert isinstance(written, Arrays)
    answers = {array.name: array.entries for array in written.items}
    if cell == "elman":
        verdict = rnncalc.problem(**made.keys).check({name: np.array(part).tolist() for name, part in answers.items()})
        assert (verdict.verdict, verdict.score) == ("right", 1)
    assert is_right(made)


PAGES = [
    {},
    {"units": 1, "inputs": 1, "steps": 2},
    {"outputs": 0},
    {"backward": True, "lr": 0.1, "outputs": 2},
    {"backward": True, "last": True, "output": "softmax", "outputs": 3},
    {"backward": True, "output": "sigmoid"},
    {"notation": "d2l"},
]


@pytest.mark.parametrize(
    ("cell", "page", "language"),
    [(cell, page, LANGUAGES[(i + j) % 2]) for i, cell in enumerate(CELLS) for j, page in enumerate(PAGES)],
)
def test_a_page_is_read_back_and_checked(cell: str, page: dict[str, Any], language: str, tmp_path: Path) -> None:
    """What somebody prints, fills in and types off again; with a name, an id, and in each of the formats."""
    if CELLS[cell].owns_read_out:
        page = {**page, "outputs": page.get("outputs") or 2}
        page.pop("output", None)
    speak(language)
    try:
        made = make(ExerciseSpec(cell, **page, seed=3))
        numbers = [f"{value:.6f}" for value in _in_the_order_of_the_form(made)]
        for form in FORMS:
            text = render(statement(made), form)
            asked = problem_reader.read(problem_text.read(text), engine="equations")
            for name, array in made.quantities.items():
                assert np.allclose(Quantities(asked)[name], array, rtol=0, atol=1e-9), (form, name)
            blank = r"\_\_\_\_\_\_" if form != "plain" else "______"
            for entry in ["Ada Lovelace", "007", *numbers]:
                text = text.replace(blank, entry, 1)
            assert blank not in text
            (tmp_path / "filled.txt").write_text(text, encoding="utf-8")
            verdict = rnncalc.load_problem(tmp_path / "filled.txt").check()
            assert (verdict.verdict, verdict.score, len(verdict.values)) == ("right", 1, len(numbers)), form
    finally:
        speak("en")


def _in_the_order_of_the_form(made: Exercise) -> list[float]:
    steps = made.problem.shapes["T"]
    stepped = {name: array for name, array in made.quantities.items() if per_step(made.problem, name, array)}
    rows = [np.asarray(array).reshape(steps, -1)[step] for step in range(steps) for array in stepped.values()]
    called = {made.called(name) for name in stepped}
    rest = [np.ravel(array) for name, array in made.shown().items() if name not in called]
    return np.concatenate([*rows, *rest]).tolist()
