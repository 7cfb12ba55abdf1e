"""Question banks for Moodle, read back by a reader of its own.

Longer than other files: it has a reader of Moodle's files of its own, which owes nothing to what wrote them.
"""

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import moodle, planted
from support.helpers import run

from rnncalc.check import CheckSession
from rnncalc.check.answers.claims import Answers
from rnncalc.check.diagnosis.context import context_of
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.variants import tables
from rnncalc.classroom import exercise
from rnncalc.classroom.blanks import blanks
from rnncalc.classroom.exercise import Exercise, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.moodle import bank
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.functions import quiet

PRECISIONS: list[dict[str, Any] | None] = [
    None, {"decimals": 2}, {"digits": 3}, {"tolerance": 0.01}, {"relative": 0.02}, {"h": {"decimals": 1}}
]  # fmt: skip


@pytest.fixture(autouse=True)
def _any_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercise, "DRAWS", 1)


def numbers(made: Exercise) -> list[tuple[str, str, float]]:
    """quantity, name and value of every number, in the order of the form: rows of steps, then the rest."""
    parts = blanks(made)
    signals = [part for part in parts if part.stepped]
    rest = [part for part in parts if not part.stepped]
    steps = range(made.problem.shapes["T"])
    named = [(part, dict(part.numbers())) for part in signals]
    rows = []
    for step in steps:
        for part, values in named:
            width = part.values.shape[1]
            rows += [
                (part.name, name, value) for name, value in list(values.items())[step * width : (step + 1) * width]
            ]
    return rows + [(part.name, name, value) for part in rest for name, value in part.numbers()]


def margin(precision: dict[str, Any] | None, name: str, value: float) -> float:
    """What is granted, said anew: a unit of the last place that is asked for, or the tolerance."""
    stated = precision or {"decimals": 4}
    if not {"decimals", "digits", "tolerance", "relative"} & set(stated):
        stated = stated.get(name, {"decimals": 4})
    (kind, amount), = stated.items()  # fmt: skip
    if kind == "decimals":
        return float(10.0**-amount)
    if kind == "digits":
        return (
            float(10.0 ** (math.floor(math.log10(abs(value))) + 1 - amount)) if value else float(10.0 ** (1 - amount))
        )
    return amount if kind == "tolerance" else amount * abs(value)


def mistaken(made: Exercise, mistake: str) -> dict[str, np.ndarray]:
    """The quantities of an exercise with a planted mistake, solved in plain NumPy."""
    keys, cell = made.keys, made.keys["cell"]

    def array(name: str) -> np.ndarray:
        value = keys[name]
        return (
            np.concatenate([np.array(value[gate], float) for gate in value])
            if isinstance(value, dict)
            else np.array(value, float)
        )

    problem = {name: array(name) for name in ("U", "W", "b", "V", "c", "x")} | {"cell": cell}
    problem["h0"] = np.zeros(len(keys["V"][0]))
    if "targets" in keys:
        problem |= {"targets": np.array(keys["targets"], float), "loss": keys["loss"], "lr": float(keys["lr"])}
    return planted.solve(problem, mistake, np.random.default_rng(1))


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
def test_variants_hold_the_solution_and_no_planted_mistake(precision: dict[str, Any] | None) -> None:
    """400 in all; what a mistake changes by more than the tolerance is wrong, what it changes by less is right."""
    cells: dict[str, tuple[dict[str, Any], list[str]]] = {
        "elman": ({"backward": True, "lr": 0.1, "units": 2, "inputs": 2}, [*planted.FORWARD, *planted.GRADIENT]),
        "lstm": ({"units": 1, "ask": ("h", "c", "y")}, planted.GATED),
        "gru": ({"units": 2, "ask": ("h", "y")}, planted.GATED),
    }
    rejected = 0
    for cell, (options, mistakes) in cells.items():
        made = [make(ExerciseSpec(cell, precision=precision, person=str(n), steps=2, **options)) for n in range(23)]
        categories, questions = moodle.read(bank(made))
        assert len(categories) == 1
        assert len({question.name for question in questions}) == len(made) == len(questions)
        for each, question in zip(made, questions):
            right = numbers(each)
            assert len(right) == len(question.places) == sum(each.keys["points"].values())
            for (name, _called, value), place in zip(right, question.places):
                written = each.precision(name).written(value)
                assert place.graded(written) == place.graded(written.replace(".", ",")) == 1
                assert place.graded(repr(value)) == 1
        for mistake in mistakes:
            if not possible(cell, mistake):
                continue
            for each, question in list(zip(made, questions))[:6]:
                wrong = mistaken(each, mistake)
                for (name, _called, value), place, index in zip(numbers(each), question.places, places(each)):
                    if name in wrong:
                        other = float(np.asarray(wrong[name])[index])
                        apart, granted = abs(other - value), margin(precision, name, value)
                        if abs(apart - granted) > 1e-9:
                            assert place.graded(repr(other)) == (apart < granted), (mistake, name, other, value)
                            rejected += apart > granted
    assert rejected > 1000


@quiet
def wrong_by_mistake(made: Exercise) -> dict[tuple[str, tuple[int, ...]], np.ndarray]:
    """Quantity and index of every number → what each known mistake makes of it."""
    session = CheckSession(made.problem)
    claims = Answers(session.quantities, made.solution()).claims
    spec, spots = session.quantities.spec, [(claim.key, claim.spot) for claim in claims]
    right = np.array([claim.typed.value if claim.typed else np.nan for claim in claims])
    table = tables(spec, context_of(made.problem, spec, claims, []), spots, right, spots)[0]
    steps = [(claim.step,) if claim.step is not None else () for claim in claims]
    indices = (tuple(at - 1 for at in (*step, *claim.index)) for step, claim in zip(steps, claims))
    return {(claim.quantity, index): numbers for claim, index, numbers in zip(claims, indices, table.exact)}


def variants_of(cell: str, variants: int) -> tuple[int, int, int]:
    """Makes variants with a read-out and without, and reads them back: how many, how many right and wrong numbers."""
    count = right = wrong = 0
    for outputs, backward in product((0, 2), (False, True)):
        options: dict[str, Any] = {"outputs": outputs, "steps": 2, "units": 2, "inputs": 1, "backward": backward}
        options |= {"lr": 0.1} if backward else {}
        try:
            made = [make(ExerciseSpec(cell, person=str(n), **options)) for n in range(variants)]
        except RnncalcError:
            assert outputs == 0  # a cell that owns its read-out
            continue
        for each, question in zip(made, moodle.read(bank(made))[1]):
            count += 1
            mistakes = wrong_by_mistake(each)
            for (name, _called, value), place, index in zip(numbers(each), question.places, places(each), strict=True):
                assert place.graded(each.precision(name).written(value)) == place.graded(repr(value)) == 1
                right += 1
                granted = margin(None, name, value)
                for other in mistakes[name, index]:
                    if np.isfinite(other) and abs(abs(other - value) - granted) > 1e-9:
                        assert place.graded(repr(float(other))) == (abs(other - value) < granted), (name, value, other)
                        wrong += abs(other - value) > granted
    return count, right, wrong


@pytest.mark.parametrize("cell", CELLS)
def test_variants_of_every_cell_refuse_what_mistakes_give(cell: str) -> None:
    """With a read-out and without, forward and backward."""
    count, right, wrong = variants_of(cell, 1)
    assert count in (2, 4)
    assert wrong > 5 * right


def possible(cell: str, mistake: str) -> bool:
    """Whether a mistake can be made in these exercises, which have one bias, one direction, and no softmax."""
    never = ("second_bias_omitted", "softmax_over_steps", "softmax_over_batch", "backward_realigned", "V_transposed")
    lstm = ("gate_order", "memory_activation_omitted", "forget_bias_added")
    if mistake in never or (cell == "gru" and mistake in lstm):
        return False
    return cell != "lstm" or mistake not in ("update_complement", "reset_position")


def places(made: Exercise) -> list[tuple[int, ...]]:
    """The index of every number in its quantity, in the order of the form."""
    parts = blanks(made)
    steps = made.problem.shapes["T"]
    units = [range(part.values.shape[1]) for part in parts if part.stepped]
    rows: list[tuple[int, ...]] = [(step, unit) for step in range(steps) for each in units for unit in each]
    return rows + [index for part in parts if not part.stepped for index in np.ndindex(part.values.shape)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_as_either_kind(cell: str, language: str) -> None:
    for more in ({}, {"backward": True, "lr": 0.1, "units": 3, "inputs": 1}, {"notation": "d2l"}):
        speak(language)
        try:
            made = make(ExerciseSpec(cell, outputs=2, **more))
            _categories, (question,) = moodle.read(bank([made]))
            _categories, single = moodle.read(bank([made], "numerical"))
        finally:
            speak("en")
        assert [len(question.places), question.kind] == [len(single), "cloze"]
        assert {number.kind for number in single} == {"numerical"}
        by_name = {number.name.rpartition(": ")[2]: number for number in single}
        for (_quantity, name, value), place in zip(numbers(made), question.places):
            assert by_name[name].places[0].answers == place.answers
            assert by_name[name].html.count(f"{name} = ?") == 1
            assert abs(place.answers[0].number - value) < 1e-9
        assert question.html.count("\\(") == question.html.count("\\)") >= len(made.keys["x"])
        for text in made.keys["x"]:
            assert all(entry in question.shown for entry in text)


@pytest.mark.parametrize("kind", ["cloze", "numerical"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_a_mistake_is_told_by_its_number(cell: str, kind: str) -> None:
    """Points stay as they are; a right number is told nothing; of planted mistakes most numbers tell."""
    more: dict[str, Any] = {"backward": True, "lr": 0.1} if cell == "elman" else {"ask": ("h", "y")}
    explained = wrong = 0
    mistakes = [*planted.FORWARD, *planted.GRADIENT] if cell == "elman" else planted.GATED
    for seed in range(3):
        made = make(ExerciseSpec(cell, steps=2, seed=seed, **more))
        usual = [place for question in moodle.read(bank([made], kind))[1] for place in question.places]
        telling = [place for question in moodle.read(bank([made], kind, mistakes=True))[1] for place in question.places]
        each, indices = numbers(made), places(made)
        if kind == "numerical":  # quantity by quantity
            parts = blanks(made)
            each = [(part.name, name, value) for part in parts for name, value in part.numbers()]
            indices = [index for part in parts for index in np.ndindex(part.values.shape)]
        for mistake in filter(lambda mistake: possible(cell, mistake), mistakes):
            message = MISTAKES[mistake].message.partition("{")[0][:20]
            solved = mistaken(made, mistake)
            for (name, _called, value), index, plain, place in zip(each, indices, usual, telling):
                assert place.said(repr(value)) == ""
                if name in solved:
                    other = float(np.asarray(solved[name])[index])
                    assert place.graded(repr(other)) == plain.graded(repr(other))
                    if MISTAKES[mistake].likelihood == "textbook" and plain.graded(repr(other)) == 0:
                        wrong += 1
                        explained += message in place.said(repr(other))
    assert wrong > 15
    assert explained >= {"elman": 0.3, "lstm": 0.2, "gru": 0}[cell] * wrong


@pytest.mark.parametrize("precision", [{"decimals": 1}, {"tolerance": 0.1}, {"relative": 0.1}])
def test_nothing_is_told_that_may_be_met_by_accident(precision: dict[str, Any]) -> None:
    made = make(ExerciseSpec("elman", precision=precision, backward=True))
    (question,) = moodle.read(bank([made], mistakes=True))[1]
    assert all(len(place.answers) == 1 for place in question.places)


HOSTILE = [
    "</text>]]><script>alert(1)</script>",
    "{1:NUMERICAL:=0:99}",
    r"\(x\) $$ & <b> ~ # } %100%",
    "&lt;i&gt;",
    "题目",
]


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("kind", ["cloze", "numerical"])
def test_a_hostile_title_is_text(title: str, kind: str) -> None:
    usual = moodle.read(bank([make(ExerciseSpec("elman", person="7"))], kind))[1]
    strange = moodle.read(bank([make(ExerciseSpec("elman", person=title))], kind))[1]
    for question, other in zip(usual, strange):
        assert len(question.places) == len(other.places)
        assert question.tags == other.tags
        assert title in other.name


def test_files_and_formats(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\n7,Ada\n8,Bo\n9,\n", encoding="utf-8")
    done = run("new", "elman", "--students", str(roster), "-o", str(tmp_path / "bank.xml"))
    assert done.returncode == 0, done.stderr
    _categories, questions = moodle.read((tmp_path / "bank.xml").read_text(encoding="utf-8"))
    assert [question.name[-3:] for question in questions] == ["(7)", "(8)", "(9)"]
    assert run("new", "gru", "--variants", "2", "--format", "moodle", "-o", str(tmp_path / "all") + "/").returncode == 0
    assert len(moodle.read((tmp_path / "all" / "bank.xml").read_text(encoding="utf-8"))[1]) == 2
    refused = run("new", "gru", "--variants", "2", "-o", str(tmp_path / "x.docx"))
    assert (refused.returncode, "-o FOLDER/" in refused.stderr) == (2, True)
    assert not (tmp_path / "x.docx").exists()
    alone = run("new", "elman", "--units", "1", "--format", "moodle-numerical", "--lang", "zh")
    assert len(moodle.read(alone.stdout)[1]) == 6
    assert "每个数" in alone.stdout
