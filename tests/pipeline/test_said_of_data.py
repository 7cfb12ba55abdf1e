"""What is said of tables and of options: times that stand twice, no header, unseen classes, options without effect."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

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
