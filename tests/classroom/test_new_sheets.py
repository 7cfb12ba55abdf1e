"""rnncalc new for real sheets: everybody's letters, stacks, both directions, names on the pages.

Longer than other files: each sheet is made, read back and graded in one place.
"""

import csv
import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run
from support.own_cells import random_cell

import rnncalc
from rnncalc.classroom import exercise, handout
from rnncalc.classroom.exercise import Exercise, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading.run import grade
from rnncalc.classroom.handout import form_csv, solution, statement
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.problems import problem_text
from rnncalc.problems import reader as problem_reader
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.results import Quantities, per_step
from rnncalc.report.document import Arrays
from rnncalc.report.document_formats import FORMATS
from rnncalc.report.render import RenderOptions, render

FORMS = [name for name in FORMATS if name in ("plain", "latex", "markdown")]


BY_GATES = ("lstm", "gru", "gru_after")
INEXPRESSIBLE = {*product(BY_GATES, ("cs231n", "coursera", "xhy", "iho", "in_rec_out")), ("i2h_i2o", "onnx")}


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
    ({"h": {"decimals": 1}, "y": {"tolerance": 0.05}}, "points; to within ±0.05)"),
]


@pytest.mark.parametrize(("precision", "said"), PRECISIONS)
@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_the_precision_that_is_asked_for(cell: str, precision: dict[str, Any] | None, said: str) -> None:
    """The page says it, and its own solution is right: every number as it is written there, no number coarse."""
    made = make(ExerciseSpec(cell, precision=precision, backward=True, lr=0.1))
    expected = precision or {"decimals": 4}
    by_name = {key: {"decimals": 4} for key in made.keys["points"]} if "h" in expected else {}
    assert made.keys["precision"] == by_name | expected
    assert said in render(statement(made), "plain")
    written = solution(made).blocks[-1]
    assert isinstance(written, Arrays)
    answers = {array.name: array.entries for array in written.items}
    if cell == "elman":
        verdict = rnncalc.problem(**made.keys).check({name: np.array(part).tolist() for name, part in answers.items()})
        assert (verdict.verdict, verdict.score) == ("right", 1)
    assert is_right(made)


PAGES: list[dict[str, Any]] = [
    {},
    {"units": 1, "inputs": 1, "steps": 2},
    {"outputs": 0},
    {"backward": True, "lr": 0.1, "outputs": 2},
    {"backward": True, "last": True, "output": "softmax", "outputs": 3},
    {"backward": True, "output": "sigmoid"},
    {"notation": "d2l"},
    {"layers": 2, "backward": True, "steps": 2},
    {"layers": 3, "units": 1, "steps": 2, "outputs": 0},
]


@pytest.mark.parametrize(
    ("cell", "page", "language"),
    [
        (cell, page, LANGUAGES[(i + j) % 2])
        for i, cell in enumerate(CELLS)
        for j, page in enumerate(PAGES)
        if ("layers" not in page or not CELLS[cell].owns_read_out) and (cell == "elman" or (i + j) % 3 == 0)
    ],
)
def test_a_page_is_read_back_and_checked(cell: str, page: dict[str, Any], language: str, tmp_path: Path) -> None:
    """What somebody prints, fills in and types off again; with a name, an id, and in each of the formats."""
    if CELLS[cell].owns_read_out:
        page = {**page, "outputs": page.get("outputs") or 2}
        page.pop("output", None)
    speak(language)
    try:
        made = make(ExerciseSpec(cell, **page, seed=3))
        for form, options in [
            *((form, RenderOptions()) for form in FORMS),
            ("latex", RenderOptions(whole=True)),
            ("markdown", RenderOptions(whole=True)),
        ]:
            text = render(statement(made), form, options)
            problem = problem_reader.read(problem_text.read(text), engine="equations")
            for name, array in made.quantities.items():
                assert np.allclose(exercise._computed(Quantities(problem), name), array, rtol=0, atol=1e-9), (
                    form,
                    name,
                )
            numbers = [f"{value:.6f}" for value in _in_the_order_of_the_form(made, text)]
            blank = r"\_\_\_\_\_\_" if form != "plain" else "______"
            for entry in ["Ada Lovelace", "007", *numbers]:
                text = text.replace(blank, entry, 1)
            assert blank not in text
            (tmp_path / "filled.txt").write_text(text, encoding="utf-8")
            verdict = rnncalc.load_problem(tmp_path / "filled.txt").check()
            assert (verdict.verdict, verdict.score, len(verdict.values)) == ("right", 1, len(numbers)), form
    finally:
        speak("en")


def _in_the_order_of_the_form(made: Exercise, page: str = "") -> list[float]:
    """Tables row by row, which LaTeX cuts by columns, and the rest."""
    steps = made.problem.shapes["T"]
    stepped = {name: array for name, array in made.quantities.items() if per_step(made.problem, name, array)}
    table = np.concatenate([np.asarray(array).reshape(steps, -1) for array in stepped.values()], axis=1)
    cuts = np.cumsum([head.count("&") for head in re.findall(r"^.*&.*\\hline", page, re.MULTILINE)])[:-1]
    rows = [np.ravel(part) for part in np.split(table, cuts, axis=1)]
    called = {made.called(name) for name in stepped}
    rest = [np.ravel(array) for name, array in made.shown().items() if name not in called]
    return np.concatenate([*rows, *rest]).tolist()


def graded_right(made: list[Exercise], folder: Path) -> bool:
    """Whether the columns of the form have all that is asked, and the solution in them is right."""
    whole = nested_numbers(handout.solved(*made)["answers"])
    header = next(csv.reader([form_csv(*made)]))
    row = ["7", "Ada", *(f"{whole.pop(label):.6f}" for label in header[2:])]
    assert not whole, whole
    (folder / "problem.json").write_text(json.dumps(handout.problem(*made)), encoding="utf-8")
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, row])
    book = grade(str(folder / "problem.json"), [str(folder / "answers.csv")], diagnose=False)
    (only,) = book.rows
    return (only.verdict, only.score) == ("right", 1)


def nested_numbers(value: Any, name: str = "") -> dict[str, float]:
    """Every number of a solution under the label of its column: Q1.h[1][2], layers[2].backward.h[1][1], dU.i[1][1]."""
    if isinstance(value, dict):
        parts = [nested_numbers(part, f"{name}.{key}" if name else key) for key, part in value.items()]
    elif isinstance(value, list):
        parts = [nested_numbers(part, f"{name}[{at}]") for at, part in enumerate(value, 1)]
    else:
        return {name: value}
    return {label: number for part in parts for label, number in part.items()}


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(("layers", "direction"), [(1, "forward"), (2, "forward"), (1, "both"), (2, "both")])
@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_the_form_asks_for_the_states_of_every_layer(
    cell: str, layers: int, direction: str, backward: bool, tmp_path: Path
) -> None:
    made = make(ExerciseSpec(cell, layers=layers, direction=direction, backward=backward, lr=0.1 if backward else None))
    if layers > 1 or direction == "both":
        inner = {"both": "layers[1].backward.h"}.get(direction, "layers[1].h")
        assert made.quantities[inner].shape == (3, 2)
        assert f"{inner if direction == 'both' else 'h^(1)'}[2]" in render(statement(made), "plain")
    assert graded_right([made], tmp_path)


def test_only_layers_that_there_are() -> None:
    made = make(ExerciseSpec("gru", layers=2, ask=("layers[1].z", "h")))
    assert list(made.keys["points"]) == ["layers[1].z", "h"]
    for name in ("layers[3].h", "layers[1].k", "layers[1].backward.h"):
        with pytest.raises(ProblemError, match="--ask"):
            make(ExerciseSpec("gru", layers=2, ask=(name,)))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("more", [{}, {"backward": True, "lr": 0.1, "outputs": 1}], ids=["forward", "backward"])
def test_cells_of_ones_own(seed: int, more: dict[str, Any], tmp_path: Path) -> None:
    """Whatever the grammar of equations allows."""
    rng = np.random.default_rng(seed)
    cell = random_cell(rng)
    while {"s", "y"} & set(cell.written) - {cell.emits}:  # a line that is called like the network's output
        cell = random_cell(rng)
    sizes = {"units": 3, "inputs": 3 if cell.adds_input else 2, "outputs": 2, **more}
    equations = {line: str(text) for line, text in cell.equations.items()}
    stated = {"name": "own", "equations": equations, "state": list(cell.state), "emits": cell.emits}
    made = make(ExerciseSpec({**stated, "outputs": list(cell.outputs)}, seed=seed, steps=2, **sizes))
    assert is_right(made)
    assert graded_right([made], tmp_path)
    for form in FORMS:
        assert render(statement(made), form)
        assert render(solution(made), form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_problems_on_a_sheet(language: str, tmp_path: Path) -> None:
    """Other numbers for each, even of the same cell; the sheet is read back, and checked when it is filled in."""
    speak(language)
    try:
        cells = ["elman", "gru", "elman"]
        made = [make(ExerciseSpec(cell, question=f"Q{n}", name="Ada", steps=2)) for n, cell in enumerate(cells, 1)]
        pages = {form: render(statement(*made), form) for form in FORMS}
    finally:
        speak("en")
    assert made[0].keys["x"] != made[2].keys["x"]
    assert graded_right(made, tmp_path)
    numbers = [f"{number:.6f}" for each in made for number in _in_the_order_of_the_form(each)]
    for form, page in pages.items():
        for entry in ["007", *numbers]:
            page = page.replace("______" if form == "plain" else r"\_\_\_\_\_\_", entry, 1)
        (tmp_path / "filled.txt").write_text(page, encoding="utf-8")
        done = run("check", str(tmp_path / "filled.txt"), "--format", "json")
        checked = json.loads(done.stdout)["problems"]
        assert [part["score"] for part in checked.values()] == [1, 1, 1], done.stderr
        assert sum(len(part["values"]) for part in checked.values()) == len(numbers)


def test_problems_from_files(tmp_path: Path) -> None:
    own = {"name": "own", "equations": {"h": "relu(W @ h_p + U @ x_t)"}, "state": ["h"], "emits": "h"}
    (tmp_path / "own.json").write_text(json.dumps({"cell": own}), encoding="utf-8")
    (tmp_path / "usual.json").write_text('{"cell": "gru", "update": "z_new", "x": [1]}', encoding="utf-8")
    out = str(tmp_path / "out")
    done = run("new", str(tmp_path / "own.json"), str(tmp_path / "usual.json"), "LSTM", "--units", "1", "-o", out + "/")
    assert done.returncode == 0, done.stderr
    problems = json.loads((tmp_path / "out" / "problem.json").read_text(encoding="utf-8"))["problems"]
    assert [problem["cell"] for problem in problems.values()] == [own, "gru", "lstm"]
    assert problems["Q2"]["update"] == "z_new"
    done = run("grade", f"{out}/problem.json", f"{out}/solution.json", "--format", "csv")
    assert ",right," in done.stdout
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    assert "no cell" in run("new", str(tmp_path / "empty.json")).stderr
