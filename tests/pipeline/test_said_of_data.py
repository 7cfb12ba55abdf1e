"""What is said of tables and of options: times that stand twice, no header, unseen classes, options without effect."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc.errors import RnncalcError
from rnncalc.pipeline import recipe

FAST = ("--epochs", "1", "--hidden", "2", "--engine", "equations")


def notes(options: dict[str, Any], about: str) -> list[str]:
    """The notes of a run that have these words."""
    run = recipe.prepare({"epochs": 1, "hidden": 2, "engine": "equations", **options})
    return [note for note in run.notes if about in note]


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
@pytest.mark.parametrize("repeats", [0, 1, 5])
def test_times_that_stand_twice_are_said(tmp_path: Path, ids: bool, order: str, repeats: int) -> None:
    rng = np.random.default_rng([repeats, ids])
    times = [("a", t) for t in range(10)] + ([("b", t) for t in range(9, 20)] if ids else [])
    times += [times[at] for at in rng.choice(len(times), repeats)]
    times = sorted(times) if order == "sorted" else [times[at] for at in rng.permutation(len(times))]
    rows = [f"{name},{t},{rng.normal():.4f},{rng.normal():.4f}" for name, t in times]
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["who,when,v,y", *rows]))
    said = notes({"data": str(path), "time": "when", "input": "v", "target": "y", **({"id": "who"} if ids else {})},
                 "the time of the row before")  # fmt: skip
    assert len(said) == bool(repeats)
    assert all(f"column when: {repeats} rows" in note and ("--id" in note) != ids for note in said)


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("test", [False, True])
def test_a_table_without_a_header_says_so_once(tmp_path: Path, header: bool, test: bool) -> None:
    rows = "".join(f"{number},{number % 3},{number * 2}\n" for number in range(8))
    path = tmp_path / "d.csv"
    path.write_text("a,b,c\n" * header + rows)
    options: dict[str, Any] = {"data": str(path), "target": "c" if header else "3"}
    said = notes({**options, **({"test": str(path)} if test else {})}, "the columns are called 1 to 3")
    assert len(said) == (not header)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at", ["every", "last"])
def test_unseen_classes_are_counted_as_the_targets_that_they_are(tmp_path: Path, seed: int, at: str) -> None:
    rng = np.random.default_rng(seed)
    known, unseen = ["blue", "green", "red"], ["mauve", "teal"]

    def write(name: str, words: list[str]) -> tuple[str, list[list[str]]]:
        targets = [[str(rng.choice(words)) for _step in range(rng.integers(1, 5))] for _sequence in range(30)]
        lines = [
            f"s{n:02},{t},{rng.normal():.3f},{word}" for n, row in enumerate(targets) for t, word in enumerate(row)
        ]
        (tmp_path / name).write_text("\n".join(["id,t,x,kind", *lines]))
        return str(tmp_path / name), targets

    data, _targets = write("a.csv", known)
    test, targets = write("b.csv", known + unseen)
    judged = [word for row in targets for word in (row if at == "every" else row[-1:])]
    options = {"data": data, "test": test, "id": "id", "time": "t", "input": "x", "target": "kind", "at": at}
    (said,) = notes(options, "had not seen")
    assert f"b.csv: {sum(word in unseen for word in judged)} targets are of classes" in said
    run = recipe.prepare({"epochs": 1, "hidden": 2, "engine": "equations", **options})
    assert run.test is not None
    assert run.test.targets == sum(word in known for word in judged)


EFFECTS = [
    ("merge", "sum", {"direction": "both"}),
    ("forget_bias", 1.0, {"cell": "lstm"}),
    ("gamma", 0.5, {"schedule": "exponential"}),
    ("every", 2, {"schedule": "step"}),
    ("dropout_mask", "step", {"dropout": 0.1}),
]


@pytest.mark.parametrize(("name", "value", "owner"), EFFECTS)
@pytest.mark.parametrize("works", [False, True])
def test_an_option_without_effect_is_said(name: str, value: Any, owner: dict[str, Any], works: bool) -> None:
    said = notes({"data": "example:sin-cos", "cell": "gru", name: value, **(owner if works else {})}, "has no effect")
    assert len(said) == (not works)
    assert all(f"--{name.replace('_', '-')} has no effect" in note for note in said)


def test_messages_of_files(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "".join(f"{n},{n}\n" for n in range(9)))
    (tmp_path / "gap.csv").write_text("a,b\n1,2\n,3\n4,5\n")
    model = tmp_path / "m.safetensors"
    train = ("train", "--data", str(tmp_path / "d.csv"), "--input", "a", "--target", "y", *FAST)
    done = command(*train, "-o", str(tmp_path / "nowhere" / "m.safetensors"))
    assert (done.code, "there is no folder" in done.err) == (2, True)
    assert command(*train, "-o", str(model)).code == 0
    done = command("predict", str(model), str(tmp_path / "gap.csv"))
    assert (done.code, "was trained without --missing" in done.err) == (2, True)
    done = command("train", "--resume", "-o", str(model))
    assert (done.code, f"--continue-from {model}" in done.err) == (2, True)
    done = command("train", "--data", str(tmp_path / "w.xlsx"), "--kind", "table", "--target", "y")
    assert (done.code, "save its sheet as CSV" in done.err) == (2, True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda rows, at: [["a", "b", "b"], *rows], "two columns are called “b”: give one of them another name"),
        (
            lambda rows, at: [["a", "b", "c", ""], *[[*row, ""] for row in rows]],
            "column 4 has no name, as behind a last separator",
        ),
        (lambda rows, at: [["# station 5"], ["a", "b", "c"], *rows], "“# station 5”, is a remark: delete it"),
        (
            lambda rows, at: [["a", "b", "c"], *rows[:at], ["1.000,5", "1", "2"], *rows[at:]],
            "without separators of thousands",
        ),
        (
            lambda rows, at: [["a", "b", "c"], *rows[:at], ["1,000", "1", "2"], *rows[at:]],
            "without separators of thousands",
        ),
        (
            lambda rows, at: [["a", "b", "c"], *rows[:at], ["1,000,000.5", "1", "2"], *rows[at:]],
            "without separators of thousands",
        ),
        (lambda rows, at: [["a", "b", "c"], *rows[:at], ["12 cm", "1", "2"], *rows[at:]], "“12 cm” is no number"),
    ],
)
def test_what_is_wrong_with_a_table_has_a_way_out(tmp_path: Path, seed: int, broken: Any, said: str) -> None:
    rng = np.random.default_rng(seed)
    rows = [[f"{value:.3f}" for value in rng.normal(size=3)] for _row in range(12)]
    at = int(rng.integers(1, 12))
    for mark in (",", ";", "\t"):
        path = tmp_path / f"{ord(mark)}.csv"
        lines = [mark.join(f'"{cell}"' if mark in cell else cell for cell in row) for row in broken(rows, at)]
        path.write_text("\n".join(lines) + "\n")
        with pytest.raises(RnncalcError, match=re.escape(said)):
            recipe.prepare({"data": str(path), "target": "c", "engine": "equations"})


@pytest.mark.parametrize("seed", range(4))
def test_what_is_wrong_with_x_of_a_line(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    records: list[dict[str, Any]] = [
        {"x": rng.normal(size=(int(rng.integers(2, 5)), 2)).tolist(), "y": "ab"[number % 2]} for number in range(6)
    ]
    at = int(rng.integers(1, 6))
    step, entry = int(rng.integers(2)), int(rng.integers(2))
    path = tmp_path / "d.jsonl"

    def said() -> str:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        with pytest.raises(RnncalcError) as caught:
            recipe.prepare({"data": str(path), "engine": "equations"})
        return str(caught.value)

    kept = records[at].pop("x")
    assert f"line {at + 1}, x: is missing" in said()
    records[at]["x"] = copy.deepcopy(kept)
    records[at]["x"][step][entry] = float("nan")
    assert f"line {at + 1}, x: step {step + 1}, input {entry + 1} is nan" in said()
    records[at]["x"] = [*kept, [1.0]]
    assert "rows of numbers of one length" in said()
