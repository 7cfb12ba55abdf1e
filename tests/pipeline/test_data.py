"""Data on the way in: every kind of file, errors with their place, scaling, files that do not fit into memory.

Longer than other files: every kind of file is read to the same sequences.
"""

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.common import spool as spooling
from rnncalc.common.spool import Spool
from rnncalc.errors import ParseError, ProblemError
from rnncalc.network.training import compiled_epochs as compiled_run
from rnncalc.pipeline import data
from rnncalc.pipeline.data import long_text, table_file
from rnncalc.pipeline.data import text as texts
from rnncalc.pipeline.data_description import OF_A_FILE, DataDescription
from rnncalc.pipeline.recipe import prepare


def read(
    tmp_path: Path, name: str, content: str, loss: str | None = None, **about: Any
) -> tuple[Any, DataDescription, Any]:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    description = DataDescription.of(about)
    sequences, inferred = data.read(str(path), description, loss)
    return sequences, description, inferred


def test_a_table_is_one_series(tmp_path: Path) -> None:
    content = "time,x,y,z\n1,2,3,4\n\n2,3,4,5\n3,4,5,6.5\n"
    sequences, about, loss = read(tmp_path, "a.csv", content, target="y", input="z,x")
    assert sequences.x.tolist() == [[4, 2], [5, 3], [6.5, 4]]
    assert sequences.y.tolist() == [[3], [4], [5]]
    assert sequences.offsets.tolist() == [0, 3]
    assert loss == "mean_squared_error"
    assert (about.inputs, about.outputs, about.target) == (2, 1, ["y"])
    sequences, about, _loss = read(tmp_path, "a.csv", content, target="y")
    assert about.input == ["time", "x", "z"]
    sequences, about, _loss = read(tmp_path, "a.tsv", "5\t6\n7\t8\n", target="2")
    assert (sequences.x.tolist(), sequences.y.tolist()) == ([[5], [7]], [[6], [8]])


def test_targets_that_lie_ahead_and_windows(tmp_path: Path) -> None:
    content = "x\n" + "\n".join(str(n) for n in range(10))
    sequences, _about, _loss = read(tmp_path, "a.csv", content, input="x", target="x", ahead=2, window=4)
    assert sequences.offsets.tolist() == [0, 4, 8, 10]
    assert sequences.y[:8, 0].tolist() == [2, 3, 4, 5, 6, 7, 8, 9]
    assert np.isnan(sequences.y[8:]).all()
    assert sequences.split(0.3, 0)[1].x[:, 0].tolist() == [8, 9]


def test_long_format_is_sorted_and_labels_of_whole_sequences_lie_at_the_end(tmp_path: Path) -> None:
    content = "who,when,x,kind\nb,2,5,red\na,1,1,blue\nb,1,4,red\na,2,2,blue\na,10,3,blue\n"
    sequences, about, loss = read(tmp_path, "a.csv", content, id="who", time="when", target="kind")
    assert sequences.x[:, 0].tolist() == [4, 5, 1, 2, 3]
    assert sequences.offsets.tolist() == [0, 2, 5]
    assert about.labels == ["blue", "red"]
    assert sequences.y.tolist() == [-1, 1, -1, -1, 0]
    assert (loss, about.at, about.outputs) == ("cross_entropy", "last", 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x,y\n1,2\n3,four\n5,6\n", "a.csv, line 3, column x: “three” is no number".replace("x: “three”", "y: “four”")),
        ("x,y\n1,2\n\n,6\n", "a.csv, line 4, column x: is blank"),
        ("x,y\n1,2\n3\n", "a.csv, line 3: 1 columns, where the header has 2"),
        ("x,y\n1,2\nnan,3\n", "a.csv, line 3, column x: “nan” is no number"),
        ('x,y\n1,2\n"3",inf\n', "a.csv, line 3, column y: “inf” is no number"),
        ("x,x\n1,2\n", "two columns are called “x”"),
        ("", "a.csv is empty"),
        ("x,y\n", "a.csv has no data"),
    ],
)
def test_errors_of_tables_have_their_place(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ParseError) as error:
        read(tmp_path, "a.csv", content, "mean_squared_error", input="x", target="y", classes=False)
    assert message in str(error.value)


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="has no column “w”; there are x, y"):
        read(tmp_path, "a.csv", "x,y\n1,2\n", target="w")
    with pytest.raises(ProblemError, match="which column is the target"):
        read(tmp_path, "a.csv", "x,y\n1,2\n")
    with pytest.raises(ProblemError, match="what is in it"):
        read(tmp_path, "a.dat", "x,y\n1,2\n", target="y")
    with pytest.raises(ParseError, match="no such file"):
        data.read(str(tmp_path / "none.csv"), DataDescription(), None)


def test_the_fast_and_the_careful_reader_agree(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=(200, 3))
    plain = "a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in numbers.tolist())
    quoted = plain.replace("\n", '\n"', 1).replace(",", '",', 3).replace('a",b",c"', "a,b,c")
    first, second = (read(tmp_path, "a.csv", text, target="c")[0] for text in (plain, quoted))
    assert np.array_equal(first.x, numbers[:, :2])
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(first.y, second.y)


def test_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "a.npz"
    images, digits = rng.integers(0, 255, size=(6, 4, 3, 2)).astype(np.uint8), np.array([3, 1, 3, 7, 1, 7])
    np.savez(path, x=images, y=digits)
    about = DataDescription()
    sequences, loss = data.read(str(path), about, "cross_entropy")
    assert np.array_equal(sequences.x, images.reshape(24, 6))
    assert (about.labels, loss) == (["1", "3", "7"], "cross_entropy")
    assert sequences.y[3::4].tolist() == [1, 0, 1, 2, 0, 2]
    np.savez(path, inputs=rng.normal(size=(3, 5, 2)), y=rng.normal(size=(3, 5, 4)), lengths=[5, 0, 2])
    about = DataDescription(input="inputs")
    sequences, loss = data.read(str(path), about, None)
    assert (sequences.offsets.tolist(), sequences.y.shape, loss) == ([0, 5, 5, 7], (7, 4), "mean_squared_error")
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(ParseError, match="cannot read"):
        data.read(str(path), DataDescription(), None)
    np.savez(path, x=np.array([[[1.0, np.inf]]]), y=[1])
    with pytest.raises(ParseError, match=r"x\(1, 1, 2\) is no number"):
        data.read(str(path), DataDescription(), None)


def test_json_lines(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"x": [[1, 2], [3, 4]], "y": "b"}, {"x": [[5, 6]], "y": "a"}]
    sequences, about, _loss = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert (sequences.y.tolist(), about.labels, about.inputs) == ([-1, 1, 0], ["a", "b"], 2)
    lines = [{"x": [1, 2, 3], "y": [0.5, 1, 2]}, {"x": [4], "y": [7]}]
    sequences, about, _loss = read(tmp_path, "a.jsonl", "\n\n".join(map(json.dumps, lines)), "mean_squared_error")
    assert sequences.x.tolist() == [[1], [2], [3], [4]]
    lines = [{"x": "abca", "y": 3}, {"x": "b", "y": 10}]
    sequences, about, _loss = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)), "cross_entropy")
    assert (sequences.x.tolist(), about.vocabulary, about.labels) == (
        [0, 1, 2, 0, 1],
        ["a", "b", "c"],
        ["3", "10"],
    )
    for content, message in (
        ('{"x": [1]}\n{"x": [1}', "line 2: column 9"),
        ('{"x": [[1, 2], [3]], "y": 1}', "line 1, x: rows of numbers of one length"),
        ('{"x": [[1, 2]], "y": 1}\n{"x": [[1]], "y": 1}', "line 2, x: rows of 1 numbers, but there were 2"),
        ("[1]", "line 1: an object"),
        ("", "is empty"),
    ):
        with pytest.raises(ParseError) as error:
            read(tmp_path, "a.jsonl", content)
        assert message in str(error.value)


def test_texts(tmp_path: Path) -> None:
    sequences, about, loss = read(tmp_path, "a.txt", "abab\nca")
    assert about.vocabulary == ["a", "b", "\n", "c"]
    assert sequences.x.tolist() == [0, 1, 0, 1, 2, 3, 0]
    assert sequences.y.tolist() == [1, 0, 1, 2, 3, 0, -1]
    assert loss == "cross_entropy"
    sequences, about, _loss = read(tmp_path, "a.txt", "ab\n\nba\n", by="line")
    assert (sequences.offsets.tolist(), sequences.y.tolist()) == ([0, 3, 6], [2, 0, -1, 1, 0, -1])
    sequences, about, _loss = read(tmp_path, "a.txt", "to be or\nnot to be", tokens="words")
    assert [about.vocabulary[n] for n in sequences.x] == ["to", "be", "or", "\n", "not", "to", "be"]
    reread = data.read_again(str(tmp_path / "a.txt"), replace(about, vocabulary=["be", "to"]))
    assert reread.x.tolist() == [1, 0, -1, -1, -1, 1, 0]
    (tmp_path / "a.txt").write_bytes(b"abc\x81")
    with pytest.raises(ParseError, match="line 1: the byte 0x81 fits neither UTF-8"):
        data.read(str(tmp_path / "a.txt"), DataDescription(), None)


def test_scaling_is_learnt_from_the_training_part_and_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(1000, 2)) * [3, 40] + [10, -500]
    rows[800:] += 1e6
    (tmp_path / "a.csv").write_text("x,y\n" + "\n".join(f"{a!r},{b!r}" for a, b in rows.tolist()))
    run = prepare({"data": str(tmp_path / "a.csv"), "target": "y", "val": 0.2, "window": 10})
    assert np.allclose(run.about.x_mean, rows[:800, :1].mean(axis=0))
    assert np.allclose(run.about.y_std, rows[:800, 1:].std(axis=0))
    assert np.allclose(run.trainer.data.x.std(axis=0), 1)
    reread = data.read_again(str(tmp_path / "a.csv"), run.about)
    assert np.allclose(reread.x[:800], run.trainer.data.x)
    assert np.allclose(data.scaling.undone(reread.y, run.about), rows[:, 1:])


def test_rows_beyond_memory_lie_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    rows, spool = rng.normal(size=(50, 3)), Spool(limit=400)
    for begin in range(0, 50, 7):
        spool.add(rows[begin : begin + 7])
    assert isinstance(spool.array(), np.memmap)
    assert np.array_equal(spool.array(), rows)
    text = "x,y\n" + "\n".join(f"{a!r},{b!r}" for a, b in rng.normal(size=(900, 2)).tolist())
    (tmp_path / "a.csv").write_text(text)
    histories = []
    for limit in (10**9, 1000):
        monkeypatch.setattr(spooling, "LIMIT", limit)
        run = prepare({"data": str(tmp_path / "a.csv"), "target": "y", "window": 9, "epochs": 2, "batch": 10})
        assert isinstance(run.trainer.data.x, np.memmap) == (limit == 1000)
        histories.append(run.trainer.run())
    assert histories[0] == histories[1]


def test_long_format_in_order_costs_nothing_and_out_of_order_is_sorted(tmp_path: Path) -> None:
    rows = [("a", 1, 1.0), ("a", 2, 2.0), ("b", 1, 3.0), ("b", 2, 4.0), ("c", 7, 5.0)]

    def text(rows: list[tuple[str, int, float]]) -> str:
        return "id,t,x,y\n" + "\n".join(f"{a},{t},{x},{x * x}" for a, t, x in rows)

    in_order, _about, _loss = read(tmp_path, "a.csv", text(rows), id="id", time="t", target="y")
    mixed, _about, _loss = read(
        tmp_path, "a.csv", text([rows[i] for i in (1, 2, 0, 4, 3)]), id="id", time="t", target="y"
    )
    for sequences in (in_order, mixed):
        assert sequences.x[:, 0].tolist() == [1, 2, 3, 4, 5]
        assert sequences.offsets.tolist() == [0, 2, 4, 5]
    dates = "t,x,y\n2024-01-02,2,1\n2024-01-01,1,1\n"
    assert read(tmp_path, "a.csv", dates, time="t", target="y")[0].x[:, 0].tolist() == [1, 2]
    with pytest.raises(ParseError, match="line 3: “soon” is no time like those before"):
        read(tmp_path, "a.csv", "t,x,y\n1,2,1\nsoon,1,1\n", time="t", target="y")


# kind → its ending, how it is read, and so many lines of it
WRITTEN: dict[str, tuple[str, dict[str, Any], Callable[[int], str]]] = {
    "columns": ("csv", {"target": "y", "window": 50}, lambda n: "x,y\n" + "0.5,0.25\n1.25,0.5\n" * (n // 2)),
    "long": ("csv", {"id": "id", "time": "t", "target": "y"},
             lambda n: "id,t,x,y\n" + "".join(f"s{i // 100},{i % 100},0.5,0.25\n" for i in range(n))),
    "lines": ("jsonl", {}, lambda n: '{"x": [0.5, 1.5, 2.5, 3.5], "y": "a"}\n{"x": [0.5, 1.5], "y": "b"}\n' * (n // 2)),
    "text": ("txt", {"chunk": 50}, lambda n: "abcdefgh i\n" * n),
    "verses": ("txt", {"by": "line"}, lambda n: "abcdefgh i\n" * n),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_memory_does_not_grow_with_the_file(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's and NumPy's memory at its highest, reading and training, but for some bytes a sequence."""
    ending, how, lines = WRITTEN[kind]
    monkeypatch.setattr(spooling, "LIMIT", 100_000)
    monkeypatch.setattr(spooling, "PENDING", 50_000)
    monkeypatch.setattr(table_file, "LINES", 2_000)
    monkeypatch.setattr(long_text, "SIZE", 60_000)
    monkeypatch.setattr(texts, "CHUNK", 20_000)
    monkeypatch.setattr(compiled_run, "ROOM", 1 << 17)
    highest = []
    for count in (8_000, 40_000):
        path = tmp_path / f"{count}.{ending}"
        path.write_text(lines(count))
        for repeated in (False, True):  # the first time compiles
            if repeated or count == 8_000:
                tracemalloc.start()
                options = {"data": str(path), "hidden": 3, "cell": "elman", "epochs": 1, "batch": 64, "val": 0.1}
                run = prepare({**options, **how})
                assert run.fingerprint
                run.trainer.run(wait=0.01)
                highest.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
    sequences = {"lines": 32_000, "verses": 32_000, "long": 320, "columns": 640}.get(kind, 0)
    assert highest[2] < highest[1] + 130 * sequences + 200_000, highest
    assert isinstance(run.trainer.data.x, np.memmap)


def test_a_description_says_what_is_known_and_nothing_else() -> None:
    """What is not known overwrites nothing: a description and its mapping agree, filling in changes no known value."""
    assert DataDescription().known() == {}
    values = {"str": "x", "int": 0, "bool": False, "list": ["a"], "float": 0.0}
    for part in fields(DataDescription):
        if part.name in OF_A_FILE:
            continue
        word = str(part.type).split(" | ")[0].split("[")[0]
        value = 3 if part.name in ("inputs", "outputs") else values[word]
        about = DataDescription.of({part.name: value, "no field": 1})
        assert about.known() == {part.name: value}
        whole = replace(DataDescription(inputs=2, outputs=5), **about.known())
        assert whole.known() == {"inputs": 2, "outputs": 5, part.name: value}
        if value != 0 or value is False:
            about.complete(**{part.name: None})
            about.complete(**{part.name: "other"})
        assert about.known() == {part.name: value}
