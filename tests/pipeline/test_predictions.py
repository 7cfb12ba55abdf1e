"""What comes back with predictions: ids and times, classes and their probabilities, a row for every sequence.

Longer than other files: every kind of target comes back under the same laws.
"""

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc import load_model
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline import data, recipe, series
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.predict import predict
from rnncalc.pipeline.trained_model import TrainedModel

SMALL: dict[str, Any] = {"hidden": 3, "epochs": 1, "engine": "equations", "dtype": "float64"}


def trained(folder: Path, name: str, content: str, **options: Any) -> TrainedModel:
    if content:
        (folder / name).write_text(content)
    run = recipe.prepare({"data": str(folder / name), **SMALL, **options})
    run.trainer.run()
    runs.save(run, str(folder / "m.safetensors"))
    return load_model(folder / "m.safetensors", engine="equations")


def table(rng: np.random.Generator, ids: list[str], classes: bool) -> list[dict[str, str]]:
    """Rows of sequences in no order."""
    rows = [
        {"who": name, "when": f"2024-03-{day:02d}", "x": f"{rng.normal():.4f}", "y": f"{rng.normal():.3f}"}
        for name in ids
        for day in range(1, int(rng.integers(4, 8)))
    ]
    if classes:
        for row in rows:
            row["y"] = ["dry", "wet", "hail"][int(rng.integers(3))]
    return [rows[n] for n in rng.permutation(len(rows))]


def text(rows: list[dict[str, str]], without: tuple[str, ...] = ()) -> str:
    names = [name for name in rows[0] if name not in without]
    return "\n".join(",".join(row[name] for name in names) for row in [dict(zip(names, names)), *rows]) + "\n"


@pytest.mark.parametrize("at", ["every", "last"])
@pytest.mark.parametrize("classes", [False, True])
def test_ids_and_times_come_back(classes: bool, at: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for ids, times in itertools.product((True, False), (True, False)):
        rows = table(rng, ["b", "a", "10", "Zoë"] if ids else ["b"], classes)
        options = ({"id": "who"} if ids else {}) | ({"time": "when"} if times else {})
        model = trained(tmp_path, "a.csv", text(rows), target="y", input="x", at=at, **options)
        names = list(dict.fromkeys(row["who"] for row in rows)) if ids else [""]
        wanted = [
            row
            for name in names
            for row in sorted(
                (row for row in rows if not ids or row["who"] == name), key=lambda row: row["when"] if times else ""
            )[-1 if at == "last" else 0 :]
        ]
        for new in (text(rows), text(rows, ("y",)), text([{**row, "y": "?"} for row in rows])):
            (tmp_path / "b.csv").write_text(new)
            done = command("predict", str(tmp_path / "m.safetensors"), str(tmp_path / "b.csv"), "--format", "csv")
            read = list(csv.DictReader(done.out.splitlines()))
            heads = ["who" if ids else "sequence", "when" if times else "step", "y", *["probability"] * classes]
            assert list(read[0]) == heads
            if ids:
                assert [row["who"] for row in read] == [row["who"] for row in wanted]
            if times:
                assert [row["when"] for row in read] == [row["when"] for row in wanted]
            records = model.predict(tmp_path / "b.csv")
            if classes:
                assert [record["class"] for record in records] == [row["y"] for row in read]
            else:
                assert [record["y"] for record in records] == pytest.approx([float(row["y"]) for row in read])


@pytest.mark.parametrize("classes", [False, True])
def test_a_forecast_says_beside_its_row_how_many_steps_later_it_is(classes: bool, tmp_path: Path) -> None:
    """In tables, in records and in frames: a column is a target's bare name only where it is of the row itself."""
    rng = np.random.default_rng(8)
    rows = table(rng, ["a"], classes)
    for ahead, horizon, at in itertools.product((None, 0, 1, 5), (None, 1, 2), ("every", "last")):
        if classes and horizon == 2:
            continue
        longer = [{**row, "when": f"2024-0{month}{row['when'][7:]}"} for month in range(1, 6) for row in rows]
        options = {name: n for name, n in (("ahead", ahead), ("horizon", horizon)) if n is not None}
        options |= {"window": 8} if at == "last" else {}
        model = trained(tmp_path, "a.csv", text(longer), target="y", input="x", time="when", at=at, **options)
        first = ahead or (1 if horizon else 0)
        names = [f"y+{first + step}" for step in range(horizon or 1)] if first else ["y"]
        done = command("predict", str(tmp_path / "m.safetensors"), str(tmp_path / "a.csv"), "--format", "csv")
        heads = next(csv.reader(done.out.splitlines()))
        assert heads == ["sequence", "when", *names, *["probability"] * classes]
        record = model.predict(tmp_path / "a.csv")[0]
        assert list(record) == ["sequence", "step", "when", *(["class", "probability"] if classes else names)]
        frame = Frame(x=np.array([0.5, 1.0]), when=np.array(["2024-01-01", "2024-01-02"]))
        assert list(model.predict(frame)) == [*names, *["probability"] * classes]


def test_a_label_that_training_had_not_seen_ends_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = table(rng, ["a", "b"], True)
    strange = [{**row, "y": "fog"} if n % 3 == 0 else row for n, row in enumerate(rows)]
    (tmp_path / "b.csv").write_text(text(strange))
    model = trained(tmp_path, "a.csv", text(rows), target="y", input="x", id="who", test=str(tmp_path / "b.csv"))
    run = recipe.prepare({**model.settings, "engine": "equations"})
    (note,) = [note for note in run.notes if "had not seen" in note]
    count = len(range(0, len(rows), 3))
    assert f"{count} targets" in note
    assert "(fog)" in note
    assert run.test is not None
    assert run.test.targets == len(rows) - count
    assert len(model.predict(tmp_path / "b.csv")) == len(rows)
    (tmp_path / "b.jsonl").write_text('{"x": [[1]], "y": "no"}\n{"x": [[2]], "y": "b"}\n')
    seen = '{"x": [[1]], "y": "a"}\n{"x": [[2]], "y": "b"}\n'
    assert len(trained(tmp_path, "a.jsonl", seen, test=str(tmp_path / "b.jsonl")).predict(tmp_path / "b.jsonl")) == 2


def test_an_empty_sequence_has_a_row(tmp_path: Path) -> None:
    for at, classes in itertools.product(("every", "last"), (True, False)):
        y = np.array([["a", "b"], ["b", "a"]]) if classes else np.array([[0.5, 1], [2, 3]])
        np.savez(tmp_path / "a.npz", x=np.ones((2, 2, 1)), y=y if at == "every" else y[:, 0])
        np.savez(tmp_path / "b.npz", x=np.ones((4, 2, 1)), lengths=[2, 0, 1, 0])
        model = trained(tmp_path, "a.npz", "")
        records = model.predict(tmp_path / "b.npz")
        places = [(record["sequence"], record["step"]) for record in records]
        assert places == [(1, n) for n in ([1, 2] if at == "every" else [2])] + [(2, 0), (3, 1), (4, 0)]
        for record in records:
            assert (list(record.values())[2:] == [None] * (len(record) - 2)) == (record["step"] == 0)


def test_top_and_probabilities(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = table(rng, ["a", "b"], True)
    model = trained(tmp_path, "a.csv", text(rows), target="y", input="x", id="who", time="when")
    plain = model.predict(tmp_path / "a.csv")
    for top, probabilities in itertools.product((1, 2, 3, 7), (False, True)):
        arguments = ["--top", str(top), *["--probabilities"] * probabilities, "--format", "json"]
        done = command("predict", str(tmp_path / "m.safetensors"), str(tmp_path / "a.csv"), *arguments)
        for record, like in zip(json.loads(done.out)["predictions"], plain):
            assert {name: record[name] for name in like} == pytest.approx(like)
            odds = [record["probability" + (f"[{n}]" if n > 1 else "")] for n in range(1, min(top, 3) + 1)]
            assert odds == sorted(odds, reverse=True)
            assert len({record["class" + (f"[{n}]" if n > 1 else "")] for n in range(1, min(top, 3) + 1)}) == len(odds)
            if probabilities:
                assert np.isclose(sum(record[f"p({label})"] for label in model.classes), 1)
                assert record[f"p({like['class']})"] == record["probability"]
    model = trained(tmp_path, "a.csv", text(table(rng, ["a"], False)), target="y", input="x")
    for top, probabilities in ((2, False), (1, True)):
        with pytest.raises(ProblemError, match="classes"):
            list(predict(model, str(tmp_path / "a.csv"), top=top, probabilities=probabilities))


@pytest.mark.parametrize("options", [{}, {"scale": "both", "direction": "both"}])
def test_files_that_end_alike_end_in_the_same_forecast(options: dict[str, Any], tmp_path: Path) -> None:
    """A model of windows, and of whole series; new data of 290 to 310 rows, with more or with fewer before them."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=310).round(4)

    def content(rows: np.ndarray) -> str:
        return "x,y\n" + "".join(f"{v},{v / 2}\n" for v in rows)

    window = {"window": 50, "at": "last", "ahead": 1} if not options else {"window": 50, "at": "last"}
    model = trained(tmp_path, "a.csv", content(x[:200]), target="y", input="x", **options, **window)
    last = set()
    for count in range(290, 311):
        (tmp_path / "b.csv").write_text(content(x[-count:]))
        last.add(model.predict(tmp_path / "b.csv")[-1]["y+1" if "ahead" in window else "y"])
    assert len(last) == 1
    model = trained(tmp_path, "a.csv", content(x[:200]), target="y", input="x", window=50)
    (tmp_path / "b.csv").write_text(content(x))
    whole = [record["y"] for record in model.predict(tmp_path / "b.csv")]
    for count in range(290, 311):
        (tmp_path / "b.csv").write_text(content(x[:count]))
        assert [record["y"] for record in model.predict(tmp_path / "b.csv")] == whole[:count]


def test_scores_of_a_large_vocabulary_are_never_there_for_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes through the network at once is bounded by its width; of each row only the likeliest is kept."""
    words = " ".join(f"w{n % 97}" for n in range(600))
    model = trained(tmp_path, "a.txt", words, tokens="words")
    plain = model.predict(tmp_path / "a.txt")
    sizes = []
    call = type(model.network).__call__

    def watched(net: Any, x: np.ndarray, *given: Any, **options: Any) -> Any:
        sizes.append(x.size)
        return call(net, x, *given, **options)

    monkeypatch.setattr(series, "WIDE", 97 * 70)
    monkeypatch.setattr(type(model.network), "__call__", watched)
    assert model.predict(tmp_path / "a.txt") == plain
    assert max(sizes) <= 97 * 70
    kept, room = [], series._room

    def watched_room(*given: Any) -> np.ndarray:
        kept.append((made := room(*given)).shape)
        return made

    monkeypatch.setattr(series, "_room", watched_room)
    model.predict(tmp_path / "a.txt")
    assert kept == [(600, 2)]


def test_a_long_text_is_learnt_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where its scores would not fit, and nobody has said how it is cut."""
    (tmp_path / "a.txt").write_text("abcd" * 9)
    options = {"data": str(tmp_path / "a.txt"), **SMALL, "batch": 2}
    size = 35 * 4 * 8  # the last character has no next one
    more: dict[str, Any]
    for limit, more, chunk in itertools.product(
        (size - 8 * 4, size * 2), ({}, {"chunk": 7}, {"truncate": 5}, {"window": 9}), (recipe.CHUNK,)
    ):
        monkeypatch.setattr(recipe, "SCORES", limit)
        run = recipe.prepare({**options, **more})
        cut = not more and limit < size
        assert run.trainer.settings.chunk == (chunk if cut else more.get("chunk", 0))
        assert any(f"blocks of {chunk}" in note for note in run.notes) == cut


# --------------------------------------------------------------------------------------------------- arrays and frames


class Frame(dict[str, np.ndarray]):
    """What pandas and polars have in common."""

    @property
    def columns(self) -> list[str]:
        return list(self)


@pytest.mark.parametrize("at", ["every", "last"])
@pytest.mark.parametrize("classes", [False, True])
def test_a_frame_is_predicted_as_its_file(classes: bool, at: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    for ids, times, missing in itertools.product((True, False), (True, False), (None, "forward", "mask")):
        rows = table(rng, ["b", "a", "c"] if ids else ["b"], classes)
        if missing:
            rows[1]["x"] = rows[2]["x"] = ""
        options = ({"id": "who"} if ids else {}) | ({"time": "when"} if times else {})
        options |= {"missing": missing} if missing else {}
        model = trained(tmp_path, "a.csv", text(rows), target="y", input="x", at=at, **options)
        records = model.predict(tmp_path / "a.csv")
        frame = Frame({name: np.array([row[name] for row in rows]) for name in ("when", "who", "x")})
        frame["x"] = np.array([float(row["x"] or "nan") for row in rows])
        made = model.predict(frame)
        name = "class" if classes else "y"
        if at == "last":
            assert made["y"].tolist() == [record[name] for record in records]
            if ids:
                assert made["who"].tolist() == [record["who"] for record in records]
        else:
            order = sorted(range(len(rows)), key=lambda n: (
                list(dict.fromkeys(row["who"] for row in rows)).index(rows[n]["who"]) if ids else 0,
                rows[n]["when"] if times else "", n))  # fmt: skip
            assert made["y"][order].tolist() == [record[name] for record in records]
        with pytest.raises(ProblemError, match="no column “x”"):
            model.predict(Frame({name: frame[name] for name in ("who", "when")}))
        if missing is None:
            frame["x"][2] = np.nan
            with pytest.raises(ParseError, match="line 3, column x: is blank"):
                model.predict(frame)


def test_lists_of_arrays_of_any_lengths(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    rows = table(rng, ["a", "b"], False)
    model = trained(tmp_path, "a.csv", text(rows), target="y", input="x", id="who")
    parts = [rng.normal(size=(n, 1)) for n in (3, 1, 5, 0, 2)]
    together = model.predict(parts)
    assert [len(y) for y in together] == [3, 1, 5, 0, 2]
    for part, y in zip(parts, together):
        if len(part):
            assert np.array_equal(model.predict(part), y)
    assert np.array_equal(model.predict(np.stack([parts[0], parts[0]]))[1], together[0])
    words = trained(tmp_path, "a.txt", "abcabc" * 5)
    assert np.array_equal(words.predict(np.array([0, 2, 1])), words.predict(np.eye(3)[[0, 2, 1]]))
    assert data.KINDS[".txt"] == words.data["kind"]
