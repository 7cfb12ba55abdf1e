"""Tables through pyarrow give the bits of CSV: large texts, Parquet files, and frames of every library.

Longer than other files: each library's frames are made here from the same rows.
"""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc import load_model
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.pipeline import data, recipe, run
from rnncalc.pipeline.data import long_text, table_file
from rnncalc.pipeline.data_description import DataDescription

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def cells(rng: np.random.Generator, count: int, **parts: bool) -> dict[str, list[Any]]:
    """Columns of a table: each part is there or not."""
    columns: dict[str, list[Any]] = {}
    if parts["ids"]:
        columns["who"] = sorted(rng.choice(["b", "a1", "Zoë"], count).tolist(), key="b a1 Zoë".index)
    if parts["times"]:
        days = np.datetime64("2024-01-01T00:00:00") + np.arange(count) * np.timedelta64(1, "h")
        columns["when"] = [str(day) for day in days]
    columns["u"] = rng.normal(size=count).tolist()
    columns["n"] = rng.integers(-9, 9, count).tolist()
    if parts["classes"]:
        columns["y"] = rng.choice(["dry", "wet", "hail"], count).tolist()
    else:
        columns["y"] = (rng.normal(size=count) * 1e-3).tolist()
    if parts["gaps"]:
        for name in ("u", "y"):
            for row in rng.choice(count, 3, replace=False).tolist():
                columns[name][row] = None
    if parts["mixed"]:
        order = rng.permutation(count)
        columns = {name: [values[n] for n in order] for name, values in columns.items()}
    return columns


def text(columns: dict[str, list[Any]], mark: str = ",", end: str = "\n") -> str:
    rows = zip(*columns.values())
    return end.join(mark.join("" if v is None else str(v) for v in row) for row in [tuple(columns), *rows]) + end


def options(**parts: bool) -> dict[str, Any]:
    given = {"id": "who" if parts["ids"] else None, "time": "when" if parts["times"] else None}
    given["missing"] = "mean" if parts["gaps"] else None
    return {"target": "y", **{name: value for name, value in given.items() if value}}


def read(source: Any, **parts: bool) -> tuple[bytes, dict[str, Any]]:
    """All bits of what is read, and the description of it."""
    about = DataDescription(**options(**parts))
    sequences, loss = data.read(source, about)
    arrays = (sequences.x, sequences.y, sequences.offsets)
    inputs = data.read_inputs(source, DataDescription.of({**about.known()}))
    times = inputs.times.tolist() if inputs.times is not None else []
    bits = b"".join(np.ascontiguousarray(array).tobytes() for array in (*arrays, inputs.sequences.x))
    return bits, {**about.known(), "ids": inputs.ids, "times": times, "loss": loss}


NAMES = ("ids", "times", "classes", "gaps", "mixed")
PARTS = [dict(zip(NAMES, chosen)) for chosen in itertools.product((False, True), repeat=len(NAMES))]


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: "-".join(name for name in parts if parts[name]) or "none")
def test_a_large_text_has_the_bits_of_a_small_one(
    parts: dict[str, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file, read by pyarrow in pieces and without it; what pyarrow does not take is in some pieces too."""
    rng, path = np.random.default_rng(0), tmp_path / "a.csv"
    for mark, end, strange in itertools.product(
        (",", ";", "\t"), ("\n", "\r\n"), ("", '"', "+", "blank line", "blanks", "nan", "1_0", "last")
    ):
        content = text(cells(rng, 60, **parts), mark, end)
        lines = content.split(end)
        if strange == '"':
            lines[30] = mark.join(f'"{cell}"' for cell in lines[30].split(mark))
        elif strange == "+":
            lines[20] = lines[20].replace(f"{mark}0.", f"{mark}+0.")
        elif strange == "blank line":
            lines.insert(25, "")
        elif strange == "blanks":
            lines[10] = lines[10].replace(mark, f" {mark} ")
        elif strange in ("nan", "1_0"):
            lines[40] = mark.join(strange if n == len(lines[40].split(mark)) - 2 else cell
                                  for n, cell in enumerate(lines[40].split(mark)))  # fmt: skip
        elif strange == "last":
            lines.pop()
        path.write_bytes(end.join(lines).encode())
        said = []
        for size, there in ((1 << 22, True), (300, True), (300, False)):
            monkeypatch.setattr(long_text, "SIZE", size)
            with monkeypatch.context() as patch:
                if not there:
                    patch.setattr(table_file, "find_spec", lambda name: None)
                try:
                    said.append(read(str(path), **parts))
                except RnncalcError as error:
                    said.append((b"", {"error": str(error)}))
        assert said[0] == said[1] == said[2], strange
        assert ("error" in said[0][1]) == (strange == "1_0" or (strange == "nan" and not parts["gaps"])), said[0][1]


def test_pyarrow_reads_large_texts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rnncalc.pipeline.data import arrow

    calls, parse = list[int](), arrow.parsed

    def parsed(*given: Any, **named: Any) -> Any:
        calls.append(1)
        return parse(*given, **named)

    monkeypatch.setattr(arrow, "parsed", parsed)
    monkeypatch.setattr(long_text, "SIZE", 400)
    parts = dict.fromkeys(NAMES, False)
    for count, wanted in ((5, False), (80, True)):
        (tmp_path / "a.csv").write_text(text(cells(np.random.default_rng(1), count, **parts)))
        read(str(tmp_path / "a.csv"), **parts)
        assert bool(calls) == wanted


def tables(columns: dict[str, list[Any]], folder: Path) -> dict[str, Any]:
    """The same table as every library has it, and as a file of each kind."""
    made: dict[str, Any] = {}
    plain = pa.table(columns)
    made["pyarrow"] = plain

    class Stream:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return plain.__arrow_c_stream__(requested_schema)

    made["stream"] = Stream()
    for number, kind in enumerate((plain, _typed(plain))):
        for group in (7, 1000):
            name = str(folder / f"{number}-{group}.{'parquet' if number else 'pq'}")
            parquet.write_table(kind, name, row_group_size=group, use_dictionary=group == 7)
            made[name] = name
    try:
        import pandas as pd

        made["pandas"] = pd.DataFrame(columns)
        made["pandas, categories"] = made["pandas"].astype(
            {name: "category" for name, values in columns.items() if isinstance(values[0], str)}
        )
        if "when" in columns:
            made["pandas, times"] = made["pandas"].assign(when=pd.to_datetime(pd.Series(columns["when"])))
    except ImportError:
        pass
    try:
        import polars as pl

        made["polars"] = pl.DataFrame(columns)
    except ImportError:
        pass
    return made


def _typed(table: Any) -> Any:
    """Texts as dictionaries that begin with a word that nobody uses, and times as times."""
    for at, name in enumerate(table.column_names):
        column = table.column(name).combine_chunks()
        if name == "when":
            column = column.cast(pa.timestamp("us"))
        elif pa.types.is_string(column.type):
            words = pa.array(["unused", *sorted(set(column.drop_null().to_pylist()), reverse=True)])
            numbers = {word: n for n, word in enumerate(words.to_pylist())}
            codes = pa.array([numbers.get(value) for value in column.to_pylist()], pa.int8())
            column = pa.DictionaryArray.from_arrays(codes, words)
        table = table.set_column(at, name, column)
    return table


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: "-".join(name for name in parts if parts[name]) or "none")
def test_parquet_and_frames_have_the_bits_of_their_text(parts: dict[str, bool], tmp_path: Path) -> None:
    columns = cells(np.random.default_rng(2), 50, **parts)
    (tmp_path / "a.csv").write_text(text(columns))
    bits, said = read(str(tmp_path / "a.csv"), **parts)
    for name, table in tables(columns, tmp_path).items():
        other_bits, other = read(table, **parts)
        assert other_bits == bits, name
        for key, value in other.items():
            if key == "times":
                assert [when[:19].replace(b" ", b"T") for when in value] == said["times"], name
            else:
                assert value == said[key], (name, key)


def test_a_model_of_any_table_predicts_any_other(tmp_path: Path) -> None:
    parts = {**dict.fromkeys(NAMES, True), "gaps": False}
    columns = cells(np.random.default_rng(3), 40, **parts)
    (tmp_path / "a.csv").write_text(text(columns))
    made, small = tables(columns, tmp_path), {"hidden": 2, "epochs": 1, "engine": "equations", "dtype": "float64"}
    file = str(tmp_path / "1-7.parquet")
    results, saved = [], str(tmp_path / "m.safetensors")
    for source in (str(tmp_path / "a.csv"), file):
        given = [arg for name, value in {**small, **options(**parts)}.items() for arg in (f"--{name}", str(value))]
        done = command("train", "--data", source, "--test", file, "--val", "0.3", "-o", saved, "--quiet", *given)
        assert done.code == 0, done.err
        for new in (str(tmp_path / "a.csv"), file):
            done = command("predict", saved, new, "--format", "csv")
            results.append(done.out.replace(" 0", "T0").replace(" 1", "T1"))
    assert len(set(results)) == 1
    model = load_model(saved, engine="equations")
    records = model.predict(tmp_path / "a.csv")
    for name, table in made.items():
        said = model.predict(table)
        if isinstance(table, str):
            assert [record["class"] for record in said] == [record["class"] for record in records]
            continue
        order = sorted(range(40), key=lambda n: (list(dict.fromkeys(columns["who"])).index(columns["who"][n]),
                                                 columns["when"][n]))  # fmt: skip
        assert np.asarray(said["y"])[order].tolist() == [record["class"] for record in records], name


def test_what_a_parquet_file_cannot_give_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    good = pa.table({"x": [1.0, 2.0], "y": [0.5, 1.0], "when": ["2024-01-01", "2024-01-02"]})

    def refused(kind: type[Exception], match: str, **about: Any) -> None:
        with pytest.raises(kind, match=match):
            data.read(str(path), DataDescription(**{"target": "y", "input": "x", **about}))

    parquet.write_table(good.set_column(0, "x", pa.array([[1.0], [2.0]])), path)
    refused(ParseError, "column x: numbers, texts or times were expected, not list")
    parquet.write_table(good.set_column(0, "x", pa.array([1.0, None])), path)
    refused(ParseError, "line 2, column x: is blank: --missing")
    parquet.write_table(good.set_column(0, "x", pa.array([1.0, float("inf")])), path)
    refused(ParseError, "line 2, column x: “inf” is no number")
    parquet.write_table(good.set_column(0, "x", pa.array(["1", "wet"])), path)
    refused(ParseError, "line 2, column x: “wet” is no number")
    parquet.write_table(good, path)
    refused(ParseError, "column when: “2024-01-01” is no number; if it says when: --time when", input=None)
    refused(ProblemError, "no column “z”", input="z")
    for option, value in (("sep", ";"), ("encoding", "utf-8")):
        refused(ProblemError, f"--{option} is of tables that are written as text", **{option: value})
    content = path.read_bytes()
    for broken in (content[:-1], content[: len(content) // 2], b"PAR1", b"", bytes(200), b"x,y\n1,2\n"):
        path.write_bytes(broken)
        refused(ParseError, "cannot read .*a.parquet")
    monkeypatch.setenv("RNNCALC_MAX_BYTES", "100000")
    parquet.write_table(pa.table({"x": [0.0] * 20_000, "y": [1.0] * 20_000}), path)  # a few pages of one number
    assert path.stat().st_size < 10_000
    refused(ParseError, "more than 100000")
    parquet.write_table(pa.table({"x": [0.0, 1.0], "y": [1.0, 2.0], "z": ["long" * 30_000] * 2}), path)
    data.read(str(path), DataDescription(target="y", input="x"))  # nobody asks for z


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.delitem(sys.modules, "rnncalc.pipeline.data.arrow", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ProblemError, match=r'Parquet is read by pyarrow: pip install "rnncalc\[arrow\]"'):
        data.read(str(tmp_path / "a.parquet"), DataDescription(target="y"))


def test_a_frame_is_trained_on_as_its_file(tmp_path: Path) -> None:
    parts = {**dict.fromkeys(NAMES, True), "gaps": False}
    columns = cells(np.random.default_rng(4), 40, **parts)
    (tmp_path / "a.csv").write_text(text(columns))
    small: dict[str, Any] = {"hidden": 2, "epochs": 1, "engine": "equations", **options(**parts)}
    histories = []
    for source in (str(tmp_path / "a.csv"), *tables(columns, tmp_path).values()):
        made = recipe.prepare({"data": source, "test": source, **small})
        histories.append(made.trainer.run())
        run.save(made, str(tmp_path / "m.safetensors"))
        load_model(tmp_path / "m.safetensors")
    assert all(history == histories[0] for history in histories)
