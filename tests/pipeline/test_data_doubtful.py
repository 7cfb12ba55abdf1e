"""Data that can be read in two ways is read rightly or refused in words; never cut, reordered or taken for another.

Longer than other files: each doubt has its table, and what is said of it.
"""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline.data import table_file
from rnncalc.pipeline.data_description import DataDescription

EXTRA = {"hidden": 2, "epochs": 1, "engine": "equations"}


def read(
    folder: Path, content: str | bytes, name: str = "a.csv", loss: str | None = None, **about: Any
) -> tuple[Any, DataDescription, Any]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    description = DataDescription.of(about)
    sequences, inferred = data.read(str(path), description, loss)
    return sequences, description, inferred


def refused(
    folder: Path, content: str | bytes, *words: str, kind: type[Exception] = RnncalcError, **about: Any
) -> None:
    with pytest.raises(kind) as error:
        read(folder, content, **about)
    message = str(error.value)
    assert len(message.splitlines()) < 4
    for word in words:
        assert word in message, message


# ---------------------------------------------------------------------------------------------------------------- times


FIRST = datetime(1610, 1, 1, tzinfo=UTC)


def instants(rng: np.random.Generator, count: int) -> list[datetime]:
    """Moments that sort otherwise as text: over centuries, and within two days, where a UTC offset matters."""
    spans = (14_000_000_000, 172_800)
    moments = [FIRST + timedelta(seconds=int(s)) for span in spans for s in rng.choice(span, count // 2, replace=False)]
    return [moments[n] for n in rng.permutation(count)]


ORDERED: dict[str, Callable[[datetime, np.random.Generator], str]] = {  # how a moment is written → what is left of it
    "number": lambda t, _rng: repr((t - FIRST).total_seconds()),
    "whole": lambda t, _rng: str(int((t - FIRST).total_seconds()) - 10**9),
    "date": lambda t, _rng: f"{t:%Y-%m-%d}".zfill(10),
    "minute": lambda t, _rng: t.isoformat(timespec="minutes")[:16],
    "second": lambda t, _rng: t.isoformat(sep=" ", timespec="seconds")[:19],
    "fraction": lambda t, _rng: t.isoformat(timespec="milliseconds")[:23],
    "Z": lambda t, _rng: t.isoformat()[:19] + "Z",
    "offset": lambda t, rng: t.astimezone(timezone(timedelta(minutes=15 * int(rng.integers(-40, 40))))).isoformat(),
    "short offset": lambda t, rng: t.astimezone(timezone(timedelta(hours=int(rng.integers(-9, 9))))).isoformat()[:-3],
}
PRECISION = {"date": 86400, "minute": 60}


@pytest.mark.parametrize("written", ORDERED)
def test_times_in_plain_formats_are_put_in_order_by_instant(written: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(sorted(ORDERED).index(written))
    moments = instants(rng, 60)
    ids = rng.choice(["b", "a", "10", "9"], 60)
    lines = [f"{i},{ORDERED[written](t, rng)},{n},0" for n, (i, t) in enumerate(zip(ids, moments))]
    sequences, _about, _loss = read(
        tmp_path, "id,when,x,y\n" + "\n".join(lines), id="id", time="when", target="y", input="x"
    )
    step = PRECISION.get(written, 1)
    seen = list(dict.fromkeys(ids))

    def place(n: int) -> tuple[int, int, int]:
        return seen.index(ids[n]), int((moments[n] - FIRST).total_seconds()) // step, n

    assert sequences.x[:, 0].tolist() == sorted(range(60), key=place)


DOUBTFUL = ["Jan 1 2000", "1 January 2000", "12:30", "2024-W05-1", "2024-13-01",
            "2024-02-30", "2024-01-01T25:00", "24-01-01", "today", "nan", "inf", "1_000",
            "9007199254740993", "2024-01-01T12:00+25:00", "01/02/24 10:00", "",
            "2024-01-01 EST"]  # fmt: skip


@pytest.mark.parametrize("text", DOUBTFUL)
def test_a_time_that_needs_a_guess_is_refused(text: str, tmp_path: Path) -> None:
    """Also where the file happens to be in order, and wherever in the file it stands."""
    for before, kind in (
        ([], "can be put in order"),
        (["2023-01-01"], "like those before"),
        (["1", "2"], "like those"),
    ):
        rows = "".join(f"{moment},1,2\n" for moment in [*before, text])
        line = f"line {len(before) + 2}"
        refused(
            tmp_path, "when,x,y\n" + rows, line, f"“{text}”", "when", "ISO", "--time", kind, time="when", target="y"
        )


def test_times_of_two_kinds_are_refused(tmp_path: Path) -> None:
    kinds = ["17", "2024-01", "2024-01-31", "2024-01-31 13:05", "2024-01-31T13:05Z", "2024-01-31 13:05:07.5"]
    for first, second in itertools.permutations(kinds, 2):
        if {first, second} == {kinds[3], kinds[5]}:  # seconds that are left out are zero
            continue
        content = f"x,t,y\n1,{first},0\n2,{second},0\n"
        refused(tmp_path, content, "line 3", f"“{second}”", f"“{first}” in line 2", "column t", time="t", target="y")


# -------------------------------------------------------------------------------------------------------------- targets


GAPS = ["", "NA", "n/a", "#N/A", "NaN", "nan", "null", "None", "<NA>", '""', " NA "]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("lines", [1, 2, 50_000])
def test_a_gap_in_a_numeric_target_is_a_gap_wherever_it_stands(
    gap: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    for count in (1, 2, 5):
        for places in ({0}, {count - 1}, {0, 1, 2}, set()):
            values = [gap if n in places else f"{n}.5" for n in range(count)]
            content = "x,y\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values))
            sequences, about, _loss = read(tmp_path, content, target="y")
            wanted = [np.nan if n in places else n + 0.5 for n in range(count)]
            assert np.array_equal(sequences.y[:, 0], wanted, equal_nan=True)
            assert (about.classes, sequences.targets) == (False, count - len(places & set(range(count))))


@pytest.mark.parametrize("lines", [1, 3, 50_000])
def test_the_whole_column_says_whether_it_is_numbers_or_classes(
    lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    for at in range(5):
        values = ["1", "2", "", "4", "5"]
        values[at] = "cold"
        content = "x,y\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values))
        refused(tmp_path, content, f"line {at + 2} (“cold”)", "mean_squared_error", "cross_entropy", target="y")
        _found, about, _loss = read(tmp_path, content, loss="cross_entropy", target="y")
        assert set(about.labels) == set(values) - {""}
        refused(tmp_path, content, f"line {at + 2}, column y: “cold”", loss="mean_squared_error", target="y")
    sequences, about, _loss = read(tmp_path, "x,y\n1,\n2,NA\n3,b\n4,a\n5,b\n", target="y")
    assert (about.labels, sequences.y.tolist()) == (["NA", "a", "b"], [-1, 0, 2, 1, 2])
    run = recipe.prepare({"data": str(tmp_path / "a.csv"), "target": "y", **EXTRA})
    assert any("“NA” is a class" in note for note in run.notes)


def test_two_targets_are_both_numbers_or_refused(tmp_path: Path) -> None:
    sequences, about, _loss = read(tmp_path, "x,y,z\n1,NA,3\n2,5,\n3,7,8\n", target="y,z")
    np.testing.assert_array_equal(sequences.y, [[np.nan, 3.0], [5.0, np.nan], [7.0, 8.0]])
    assert about.outputs == 2
    for content in ("x,a,b\n1,15.5,rain\n2,11,sun\n", "x,a,b\n1,15.5,\n2,11,sun\n"):
        for target in ("a,b", "b,a"):
            refused(tmp_path, content, target.replace(",", ", "), "train a model for each", target=target)
    refused(tmp_path, "x,a,b\n1,hot,rain\n", "one target column", target="a,b")
    refused(tmp_path, "x,a,b\n1,1,2\n", "one target column", target="a,b", loss="cross_entropy")
    refused(tmp_path, "x,a,b\n1,1,2\n", "asked for twice", target="a,a")


@pytest.mark.parametrize("text", ['"1,234"', '"12,345,678"', "12 %", "12%", "$5", "1'234", "1 234.5", "€ 7"])
def test_numbers_as_people_write_them_become_no_classes(text: str, tmp_path: Path) -> None:
    refused(tmp_path, f"x,y\n1,{text}\n2,{text}\n", "line 2, column y", "1234.5", target="y")
    refused(tmp_path, f"x,y\n{text},1\n", "line 2, column x", "is no number", target="y")


@pytest.mark.parametrize("values", list(itertools.permutations([1, 2.5, "NA", None])))
def test_targets_of_json_lines_are_texts_or_numbers(values: tuple[Any, ...], tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"x": [1, 2], "y": value}) for value in values)
    refused(tmp_path, lines, "a text in some lines", "null", name="a.jsonl")
    sequences, _about, _loss = read(tmp_path, lines.replace('"NA"', "null"), name="a.jsonl")
    assert sorted(sequences.y[~np.isnan(sequences.y)]) == [1, 2.5]
    refused(tmp_path, lines.replace('"NA"', "1e999"), "numbers for each target", name="a.jsonl")


def test_arrays_keep_their_digits_and_their_gaps(tmp_path: Path) -> None:
    stamps = 1_700_000_000 + np.arange(6).reshape(1, 6, 1)
    np.savez(tmp_path / "a.npz", x=stamps, y=np.array([[1.0, np.nan, 0, 1, 0, np.nan]]))
    sequences, _loss = data.read(str(tmp_path / "a.npz"), DataDescription(), None)
    assert np.array_equal(sequences.x, stamps[0])
    about = DataDescription()
    sequences, _loss = data.read(str(tmp_path / "a.npz"), about, "cross_entropy")
    assert (about.labels, sequences.y.tolist()) == (["0.0", "1.0"], [1, -1, 0, 1, 0, -1])
    for y in (np.array([[1, np.inf, 0, 0, 0, 0]]), np.zeros((1, 6), complex), np.zeros((1, 6), "M8[s]"), np.float64(3)):
        np.savez(tmp_path / "a.npz", x=stamps, y=y)
        with pytest.raises(ParseError):
            data.read(str(tmp_path / "a.npz"), DataDescription(), None)


# ----------------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("how", ["plain", "id", "quoted"])
@pytest.mark.parametrize("lines", [1, 2, 50_000])
def test_a_row_with_another_number_of_cells_is_an_error_with_its_line(
    ending: str, how: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    mark = "\t" if ending == "tsv" else ","
    for width, at, change in itertools.product((2, 4), (0, 2, 4), (-1, 1, 2)):
        rows = [[f"{n}.{k}" for k in range(width)] for n in range(5)]
        good = "\n".join(mark.join(row) for row in [[f"c{k}" for k in range(width)], *rows])
        rows[at] = rows[at][:change] if change < 0 else [*rows[at], *["5", ""][:change]]
        bad = "\n".join(mark.join(row) for row in [[f"c{k}" for k in range(width)], *rows])
        if how == "quoted":
            good, bad = (text.replace("1.1", '"1.1"') for text in (good, bad))
        about: dict[str, Any] = {"target": "c0", **({"id": "c1", "input": "c0"} if how == "id" else {})}
        assert len(read(tmp_path, good, name=f"a.{ending}", **dict(about))[0].x) == 5
        words = f"line {at + 2}: {width + change} columns, where the header has {width}"
        refused(tmp_path, bad, words, name=f"a.{ending}", **about)


@pytest.mark.parametrize("lines", [1, 2, 3, 50_000])
def test_cells_over_several_lines_are_whole(lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    content = 'x,"a\nremark",y\n1,"one\ntwo\n\n""three""",2\n3,"a, b",4\n5,,6\n7,"x\ny",8\n'
    sequences, _about, _loss = read(tmp_path, content, target="y", input="x")
    assert (sequences.x[:, 0].tolist(), sequences.y[:, 0].tolist()) == ([1, 3, 5, 7], [2, 4, 6, 8])
    refused(
        tmp_path,
        content.replace("5,,6", "5,,?"),
        "line 8, column y: “?”",
        target="y",
        loss="mean_squared_error",
        input="x",
    )
    refused(tmp_path, content + '9,"open\n', "line 11", "quotes", target="y", input="x")
    refused(tmp_path, "x,y\n1,2\n" + '3,"' + "z" * 200_000 + '"\n', "line 3", target="y")


@pytest.mark.parametrize("how", ["plain", "id"])
@pytest.mark.parametrize("lines", [1, 2, 50_000])
def test_blank_rows_below_are_nothing_and_between_they_are_gaps(
    how: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    about: dict[str, Any] = {"target": "y", "input": "x"} | ({"id": "i"} if how == "id" else {})
    for end in ("", "\n", "\n\n", "\n,,", "\n,,\n , ,\n\n", "\r\n\r\n"):
        for start in ("", "\ufeff", "\n\n", " \n"):
            content = f"{start}i,x,y\n1,2,3\n\n1, 4 ,5{end}"
            assert read(tmp_path, content, **dict(about))[0].x[:, 0].tolist() == [2, 4]
    refused(tmp_path, "i,x,y\n1,2,3\n,,\n\n1,4,5\n", "line 3: every cell is blank", **about)
    refused(tmp_path, "x\n1\n\n2\n", "line 3: every cell is blank", target="x", input="x", ahead=1)
    assert read(tmp_path, "x\n1\n2\n\n\n", target="x", input="x", ahead=1)[0].x[:, 0].tolist() == [1, 2]


def test_a_first_line_of_data_is_not_taken_for_names(tmp_path: Path) -> None:
    assert read(tmp_path, "1.5,NA\n2,3\n", target="2")[0].x[:, 0].tolist() == [1.5, 2]
    for content, target in (("5.1,3.5,setosa\n4.9,3,setosa\n", "3"), ("2024-01-01,5,6\n2024-01-02,6,7\n", "3")):
        refused(tmp_path, content, "is the first line", "data", target=target)
    assert read(tmp_path, "a,2019,2020\n5,6,7\n", target="2020", input="a")[0].x.tolist() == [[5]]
    refused(tmp_path, ",x,y\n0,1,2\n", "column 1 has no name", "--input", target="y")
    assert read(tmp_path, ",x,y\n0,1,2\n", target="y", input="x")[0].x.tolist() == [[1]]
    refused(tmp_path, "x,y\n1_000,2\n", "“1_000” is no number", target="y")
    refused(tmp_path, "i,x,y\na,1,2\n,2,3\n", "line 3, column i: is blank", id="i", target="y")
    for name in ("window", "ahead"):
        refused(tmp_path, "x,y\n1,2\n", name, kind=ProblemError, target="y", **{name: -1})
    refused(tmp_path, "x,y\n1,2\n", "every, last", kind=ProblemError, target="y", at="first")


# ------------------------------------------------------------------------------------------------- what is said aloud


def notes(folder: Path, content: str, **options: Any) -> list[str]:
    (folder / "a.csv").write_text(content)
    said = {"target": "load", "scale": "both", "loss": "mean_squared_error"}  # so that no default is to be said
    return recipe.prepare({"data": str(folder / "a.csv"), **said, **EXTRA, **options}).notes


def test_which_inputs_are_used_is_said(tmp_path: Path) -> None:
    narrow = "load\n" + "".join(f"{n}\n" for n in range(1, 31))
    two = "load,wind\n" + "".join(f"{n},{n + 30}\n" for n in range(1, 31))
    for options in ({}, {"ahead": 2, "past": False}):
        with pytest.raises(ProblemError, match="no input column is left: --input load"):
            notes(tmp_path, narrow, **options)
    assert notes(tmp_path, narrow, ahead=2) == ["the inputs are load"]
    assert notes(tmp_path, narrow, ahead=2, input="load") == []
    assert notes(tmp_path, two, ahead=1) == ["the inputs are load, wind"]
    assert notes(tmp_path, two, ahead=1, past=False) == ["the inputs are wind"]
    (note,) = notes(tmp_path, two, ahead=1, input="wind")
    assert note == "the inputs are wind; the past of load is not among them: --input wind,load"
    assert notes(tmp_path, two, ahead=1, input="wind,load") == []
    assert notes(tmp_path, two) == ["the inputs are wind"]
    (note,) = notes(tmp_path, two, input="load")
    assert "input and target of the same step" in note


def test_a_column_foretells_itself(tmp_path: Path) -> None:
    values = np.sin(np.arange(60.0))
    (tmp_path / "a.csv").write_text("load\n" + "".join(f"{v}\n" for v in values))
    options = {
        "data": str(tmp_path / "a.csv"),
        "target": "load",
        "input": "load",
        "ahead": 1,
        "window": 9,
        "scale": "none",
    }
    run = recipe.prepare({**options, **EXTRA})
    run.trainer.run()
    models.save(models.Model(run.network, run.about.known(), run.options), str(tmp_path / "m.safetensors"))
    sequences = data.read_again(str(tmp_path / "a.csv"), run.about)
    assert np.array_equal(sequences.x[1:], sequences.y[:-1])
    assert np.isnan(sequences.y[-1])


def test_what_a_backward_layer_has_seen_is_said(tmp_path: Path) -> None:
    two = "load,wind\n" + "".join(f"{n},{n + 30}\n" for n in range(1, 31))
    for direction in ("both", "backward"):
        given = {"direction": direction, "input": "wind", "window": 5}
        assert notes(tmp_path, two, **given) == []
        assert notes(tmp_path, two, at="last", **given) == []  # the final states are read
        (note,) = notes(tmp_path, two, at="last", summary="last", **given)
        assert "has seen that one input only" in note
        with pytest.raises(ProblemError, match="--at last"):
            notes(tmp_path, two, summary="mean", **given)
        assert any("at the end of new data" in note for note in notes(tmp_path, two, ahead=1, **given))
        with pytest.raises(ProblemError, match="the targets themselves"):
            notes(tmp_path, two, ahead=1, **{**given, "input": "load"})
        (tmp_path / "a.txt").write_text("abcabc\n")
        with pytest.raises(ProblemError, match="the targets themselves"):
            recipe.prepare({"data": str(tmp_path / "a.txt"), "direction": direction, **EXTRA})


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "x,y\n1,2\n"), ("a.jsonl", '{"x": [1], "y": 1}'), ("a.txt", "ab")]
)
def test_an_option_that_the_data_does_not_know_is_refused(name: str, content: str, tmp_path: Path) -> None:
    kind = data.KINDS["." + name.split(".")[1]]
    for option, kinds in data.BELONG.items():
        value = {
            "id": "x",
            "time": "x",
            "by": "line",
            "tokens": "chars",
            "sep": ";",
            "encoding": "utf-8",
            "time_format": "%d",
            "weight": "x",
            "missing": "mean",
        }[option]
        if kind not in kinds:
            about: dict[str, Any] = {option: value, "target": "y"}
            refused(tmp_path, content, option, " | ".join(kinds), name=name, **about)


def test_tokens_that_were_never_seen_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abababab\n")
    (tmp_path / "b.txt").write_text("abzab\n")
    options = {"data": str(tmp_path / "a.txt"), "test": str(tmp_path / "b.txt"), **EXTRA}
    assert any("1 tokens did not occur" in note for note in recipe.prepare(options).notes)
