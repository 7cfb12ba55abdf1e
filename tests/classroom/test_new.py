"""rnncalc new: friendly numbers, readable results, another problem for every seed, and files that the others read.

Longer than other files: each promise about a new problem is held for all cells.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import answer, run

from rnncalc.check import CheckSession
from rnncalc.classroom.exercise import DECIMALS, SATURATED, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.handout import form, form_csv, solution, statement
from rnncalc.common.safe_text import file_name
from rnncalc.model.cells import CELLS
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities, per_step
from rnncalc.report.render import render


def arrays(keys: dict[str, Any]) -> Iterator[str]:
    """Every number of a problem, as it is written there."""
    for value in keys.values():
        for part in value.values() if isinstance(value, dict) else [value]:
            if isinstance(part, list):
                yield from np.ravel(part)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_friendly(cell: str, seed: int) -> None:
    made = make(ExerciseSpec(cell, units=2, inputs=3, outputs=2, steps=3, seed=seed))
    for text in arrays({key: made.keys[key] for key in made.keys if key in "UWbVcdRx"}):
        assert len(text.lstrip("-").replace("0.", "", 1)) == 1 or text.endswith(".5"), text
    quantities = Quantities(made.problem)
    for line in CELLS[cell].preactivations.values():
        assert np.abs(quantities[line]).max() <= SATURATED
    for name, array in made.quantities.items():
        scaled = np.abs(array) * 10**DECIMALS
        assert (scaled >= 10).all(), name
        assert np.abs(scaled - np.floor(scaled) - 0.5).min() > 0.01, "a tie between two roundings"


def test_every_seed_and_every_person_has_other_numbers() -> None:
    made = [
        make(ExerciseSpec("elman", seed=seed, person=person)).keys for seed in range(6) for person in ("", "a", "b")
    ]
    assert len({json.dumps([keys["U"], keys["W"], keys["x"]]) for keys in made}) == len(made)
    keys_of_a = make(ExerciseSpec("elman", seed=3, person="a")).keys
    assert keys_of_a == make(ExerciseSpec("elman", seed=3, person="a")).keys
    assert keys_of_a in made


def test_weights_hide_no_mistake() -> None:
    for seed in range(8):
        made = make(ExerciseSpec("lstm", units=3, inputs=3, seed=seed))
        for weight in (*made.keys["U"].values(), *made.keys["W"].values()):
            assert np.array(weight, float).tolist() != np.array(weight, float).T.tolist()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("lr", "last"), [(None, True), (0.1, False)])
def test_gradients_are_asked_with_their_shapes(cell: str, lr: float | None, last: bool) -> None:
    made = make(ExerciseSpec(cell, units=2, inputs=3, outputs=1, steps=2, backward=True, lr=lr, last=last, seed=5))
    stated = read(given.of_python(made.keys), engine="equations")
    assert stated.task.loss == made.keys["loss"]
    gradients = stated.backward(stated.forward())
    for name, value in made.quantities.items():
        stacked, _dot, gate = name.partition(".")
        if stacked.startswith("d") and stacked[1:] in gradients and not gate:
            np.testing.assert_allclose(value, gradients[stacked[1:]])
    assert ("W_new" in made.keys["points"]) == (lr is not None)
    assert np.shape(made.solution()["loss"]) == ()
    assert made.blank()["loss"] is None
    if last:
        assert stated.task.targets is not None
        assert np.isnan(stated.task.targets[0]).all()


def test_updates_follow_from_the_gradients() -> None:
    made = make(ExerciseSpec("gru_after", backward=True, lr=0.25, units=3, steps=4, seed=1))
    quantities = Quantities(made.problem)
    parameters = made.problem.network.layers[-1].only.arrays
    for name in ("U", "W", "b", "d"):
        np.testing.assert_allclose(quantities[f"{name}_new"], parameters[name] - 0.25 * quantities[f"d{name}"])
    np.testing.assert_array_equal(quantities["dU.z"], quantities["dU"][3:6])
    assert per_step(made.problem, "h", quantities["h"])
    assert not per_step(made.problem, "dW.n", quantities["dW.n"])


def test_a_square_gradient_of_as_many_rows_as_steps_is_no_signal() -> None:
    made = make(ExerciseSpec("elman", units=3, inputs=3, steps=3, backward=True, seed=2))
    assert not per_step(made.problem, "dW", made.quantities["dW"])
    assert per_step(made.problem, "h", made.quantities["h"])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("format", ["plain", "table", "markdown", "latex"])
def test_the_statement_says_everything_but_the_answers(cell: str, format: str) -> None:
    made = make(ExerciseSpec(cell, backward=True, outputs=2, inputs=3, seed=4))
    text = render(statement(made), format)
    for name, values in made.quantities.items():
        for value in np.ravel(values):
            assert f"{value:.{DECIMALS}f}" not in text, name
    assert text.count("______") + text.count(r"\_" * 6) >= sum(value.size for value in made.quantities.values())
    solved = render(solution(made), format)
    assert f"{float(made.quantities['dV'].ravel()[0]):.{DECIMALS}f}" in solved
    if format == "latex":
        assert text.count(r"\begin{") == text.count(r"\end{")
        assert text.isascii()


def test_the_form_has_a_place_for_every_number() -> None:
    made = make(ExerciseSpec("lstm", backward=True, inputs=3))
    header = next(csv.reader([form_csv(made)]))
    assert header[:4] == ["id", "name", "i[1][1]", "i[1][2]"]
    assert len(header) == 2 + sum(array.size for array in made.quantities.values())
    assert "dU.g[2][3]" in header
    assert form(made)["answers"]["dU"]["f"] == [[None] * 3] * 2
    assert made.keys["points"]["dU"] == 24


def test_only_what_was_wished_is_asked() -> None:
    made = make(ExerciseSpec("gru", ask=("h", "dW"), backward=True))
    assert list(made.quantities) == ["h", "dW.r", "dW.z", "dW.n"]
    assert made.keys["points"] == {"h": 6, "dW": 12}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lstn"], "lstn"),
        (["lstm", "--units", "0"], "units"),
        (["lstm", "--steps", "5000"], "steps"),
        (["lstm", "--lr", "0.1"], "--backward"),
        (["lstm", "--activation", "relu"], "activation"),
        (["lstm", "--ask", "hh"], "hh"),
        (["jordan", "--outputs", "0"], "outputs"),
        (["lstm", "--variants", "3"], "folder"),
    ],
)
def test_what_cannot_be_had(arguments: list[str], said: str) -> None:
    done = run("new", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 5


def test_json_is_a_problem_file(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    done = run("new", "gru_after", "--outputs", "0", "--steps", "4", "--seed", "9", "--format", "json")
    path.write_text(done.stdout, encoding="utf-8")
    assert answer("forward", str(path))["shapes"] == {"T": 4, "D": 2, "H": 2, "O": 2}


def test_a_folder_has_everything(tmp_path: Path) -> None:
    assert run("new", "lstm", "--seed", "3", "-o", f"{tmp_path}/hw/").returncode == 0
    names = {path.name for path in (tmp_path / "hw").iterdir()}
    kinds = {"problem.json", "form.json", "form.csv", "solution.json"}
    assert names == kinds | {f"{what}.{kind}" for what in ("statement", "solution") for kind in ("md", "tex")}
    solved = json.loads((tmp_path / "hw" / "solution.json").read_text(encoding="utf-8"))["answers"]
    trace = answer("forward", str(tmp_path / "hw" / "problem.json"))["trace"]
    np.testing.assert_allclose(solved["c"], trace["c"])


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_a_folder_has_pages_or_word_where_they_are_chosen(tmp_path: Path, kind: str) -> None:
    """For one problem and for every person's; what is made again is the same file, so nothing is put aside."""
    for people in ([], ["--variants", "2"]):
        folder = tmp_path / f"{len(people)}"
        for _turn in range(2):
            assert run("new", "elman", *people, "--format", kind, "-o", f"{folder}/").returncode == 0
        for part in [folder / "1", folder / "2"] if people else [folder]:
            for name in ("statement", "solution"):
                assert (part / f"{name}.{kind}").read_bytes()[:2] == {"html": b"<!", "docx": b"PK"}[kind]
                assert (part / f"{name}.md").exists()
            assert not list(part.glob(f"*.{kind}.*"))


def test_what_lay_in_the_folder_is_kept(tmp_path: Path) -> None:
    """A form that somebody filled in, and the problem that it answers, outlive another problem in their folder."""
    folder = f"{tmp_path}/homework/"
    assert run("new", "lstm", "--seed", "1", "-o", folder).stderr == f"written: {folder}\n"
    first = {path.name: path.read_bytes() for path in (tmp_path / "homework").iterdir()}
    assert run("new", "lstm", "--seed", "1", "-o", folder).stderr == f"written: {folder}\n"
    assert {path.name: path.read_bytes() for path in (tmp_path / "homework").iterdir()} == first
    done = run("new", "lstm", "--seed", "2", "-o", folder)
    assert done.returncode == 0
    assert "solution.tex.1" in done.stderr
    run("new", "lstm", "--seed", "3", "-o", folder)
    assert (tmp_path / "homework" / "problem.json.1").read_bytes() == first["problem.json"]
    assert (tmp_path / "homework" / "problem.json.2").exists()


@pytest.mark.parametrize(
    ("before", "after"), [("", "html"), ("html", ""), ("docx", "html"), ("html", "docx"), ("html", "html")]
)
@pytest.mark.parametrize("people", [[], ["--variants", "2"]], ids=["one", "variants"])
def test_no_page_of_another_problem_stays_beside_a_new_one(
    before: str, after: str, people: list[str], tmp_path: Path
) -> None:
    """Whatever formats either has: what is left under its own name is of the problem that was written last."""

    def made(seed: int, format: str, folder: str) -> dict[str, bytes]:
        formats = ["--format", format] if format else []
        done = run("new", "elman", "--seed", f"{seed}", *people, *formats, "-o", f"{tmp_path}/{folder}/")
        assert done.returncode == 0, done.stderr
        paths = [path for path in (tmp_path / folder).rglob("*") if path.is_file() and not path.suffix[1:].isdigit()]
        return {str(path.relative_to(tmp_path / folder)): path.read_bytes() for path in paths}

    made(1, before, "a")
    same = made(1, after, "a")
    assert not before or any(name.endswith(f".{before}") for name in same)  # of the same problem all pages stay
    (tmp_path / "a" / "notes.md").write_text("mine")
    assert {**made(2, after, "b"), "notes.md": b"mine"} == made(2, after, "a")


def test_folders_of_people_who_left_are_named(tmp_path: Path) -> None:
    for number in (3, 1):
        done = run("new", "elman", "--variants", f"{number}", "-o", f"{tmp_path}/a/")
    assert "variants.json: 2, 3" in done.stderr


def test_variants_by_roster_stay_in_the_folder(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("学号,姓名\n../../x,甲\ns2,乙\n甲/乙,丙\ncon,丁\n", encoding="gb18030")
    done = run("new", "elman", "--students", str(roster), "-o", str(tmp_path / "out" / "in"))
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "out" / "in" / "variants.json").read_text(encoding="utf-8"))["variants"]
    assert list(made) == ["../../x", "s2", "甲/乙", "con"]
    assert len({json.dumps(keys["U"]) + json.dumps(keys["x"]) for keys in made.values()}) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"roster.csv", "out"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"in"}
    assert (tmp_path / "out" / "in" / "s2" / "statement.md").exists()
    assert len(list((tmp_path / "out" / "in").iterdir())) == 5


def test_names_of_files_lead_nowhere_and_stay_apart() -> None:
    names = ["../../x", "..", ".", "", "a/b", "a b", "a_b", "a\0b", "CON", "é", "甲", "x" * 500, "C:\\x", "\ud800", "-"]
    file_names = [file_name(name) for name in names]
    assert len(set(file_names)) == len(names)
    for name in file_names:
        assert name
        assert not set(name) & set("/\\:\0.")
        assert len(name) < 100


@pytest.mark.parametrize("cell", ["elman", "lstm", "jordan"])
@pytest.mark.parametrize(
    "precision",
    [None, {"digits": 3}, {"tolerance": 0.01}, {"h": {"decimals": 2}}, {"h": {"digits": 3}, "y": {"digits": 5}}],
)
def test_the_problem_file_asks_for_the_precision_of_the_page(cell: str, precision: Any) -> None:
    """Answers as the page asks for them earn their points, shorter ones do not: check knows what the page says."""
    exercise = make(ExerciseSpec(cell, outputs=2, steps=2, precision=precision, backward=True))
    file = json.loads(json.dumps(exercise.keys))
    by_name = {"h": {}, **(precision or {})} if precision and "h" in precision else {}
    usual = {"decimals": DECIMALS} if by_name or not precision else precision
    problem = read(given.of_python(file), engine="equations")
    session = CheckSession(problem)
    for name in file["points"]:
        assert session.scale.precision(name).key() == by_name.get(name, usual), name
    if precision is None:
        assert f"write every answer with {DECIMALS}" in render(statement(exercise), "markdown")

    def score(cut: int) -> float:
        answers = {}
        for name, array in exercise.quantities.items():
            texts = [exercise.precision(name).written(float(value)) for value in np.ravel(array)]
            answers[name] = np.reshape([text[: len(text) - cut] for text in texts], np.shape(array)).tolist()
        return session.check(answers, diagnose=False).score

    assert score(0) == pytest.approx(1)
    assert score(2) < 1
