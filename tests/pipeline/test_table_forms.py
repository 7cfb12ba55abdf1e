"""Tables as programs of all countries save them: separator, encoding, decimal mark, quotes and marks are found."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline.data import table_file
from rnncalc.pipeline.data_description import DataDescription

X = np.array([[1.5, -20.25], [3.0, 0.125], [1000.5, 7.0], [0.5, 1e-3]])
NAMES = {
    "ascii": ("temp", "load"),
    "cp1252": ("Größe", "Höhe über"),
    "gb18030": ("温度", "负荷"),
    "any": ("температура", "°C ℃"),
}
WORDS = {";": "semicolons", "\t": "tabs", "|": "“|”"}


def written(names: tuple[str, str], mark: str, comma: bool, quoted: bool, header: bool = True, end: str = "\n") -> str:
    def cell(value: float) -> str:
        text = f"{value:g}".replace(".", ",") if comma else f"{value:g}"
        return f'"{text}"' if quoted else text

    rows = [mark.join(map(cell, row)) for row in X.tolist()]
    return end.join([mark.join(names)] * header + rows) + end


def read(folder: Path, content: bytes, name: str = "a.csv", **about: Any) -> tuple[np.ndarray, DataDescription]:
    (folder / name).write_bytes(content)
    description = DataDescription.of({"input": "1", "target": "2", **about})
    sequences, _loss = data.read(str(folder / name), description, None)
    return np.column_stack([sequences.x, sequences.y]), description


@pytest.mark.parametrize("lines", [1, 2, 50_000])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separator_decimal_mark_and_quotes_are_found(
    mark: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    kinds = itertools.product((False, True), (False, True), (False, True), ("\n", "\r\n"), ("a.csv", "a.tsv"))
    for comma, quoted, header, end, name in kinds:
        if comma and mark == "," and not quoted:
            continue  # nobody can read it
        said = {"sep": mark} if mark == "|" else {}
        content = written(NAMES["ascii"], mark, comma, quoted, header, end)
        rows, about = read(tmp_path, content.encode(), name, **said)
        assert np.array_equal(rows, X), content
        forms = [note for note in about.notes if "the first line is numbers" not in note]
        assert len(about.notes) - len(forms) == (not header)
        assert len(forms) <= 1
        notes = " ".join(forms)
        assert ("decimal commas" in notes) == comma
        assert (WORDS.get(mark, "columns") in notes) == (mark == ";" or (mark == "\t" and name == "a.csv"))


@pytest.mark.parametrize(
    ("encoding", "names", "word"),
    [("utf-8", "any", ""), ("utf-8-sig", "any", ""), ("utf-16", "any", "UTF-16"), ("utf-16-le", "ascii", "UTF-16"),
     ("utf-16-be", "ascii", "UTF-16"), ("utf-32", "any", "UTF-32"), ("gb18030", "gb18030", "GB 18030"),
     ("cp1252", "cp1252", "cp1252")],
)  # fmt: skip
def test_encodings_of_tables_are_found_or_said(encoding: str, names: str, word: str, tmp_path: Path) -> None:
    for mark, end in itertools.product(",;\t", ("\n", "\r\n")):
        content = written(NAMES[names], mark, mark == ";", False, end=end).encode(encoding)
        rows, about = read(tmp_path, content)
        assert np.array_equal(rows, X)
        assert (*(about.input or ()), *(about.target or ())) == NAMES[names]
        assert word in " ".join(about.notes)
        assert bool(about.notes) == bool(word or mark != ",")
        rows, about = read(tmp_path, content, encoding=encoding)
        assert (*(about.input or ()), *(about.target or ())) == NAMES[names]
        assert word == "" or word not in " ".join(about.notes)


@pytest.mark.parametrize("beyond", [0, 3, 60_000])
def test_an_encoding_shows_only_far_below(beyond: int, tmp_path: Path) -> None:
    """Many lines of ASCII before the first letter beyond it."""
    for encoding, word in (("utf-8", "é"), ("cp1252", "né"), ("gb18030", "晴天")):
        content = "x,y\n" + "1,b\n" * beyond + f"2,{word}\n3,b\n"
        (tmp_path / "a.csv").write_bytes(content.encode(encoding))
        about = DataDescription(target="y")
        data.read(str(tmp_path / "a.csv"), about, None)
        assert about.labels == ["b", word]


def test_what_no_encoding_fits_is_refused_with_its_line(tmp_path: Path) -> None:
    for content, line in (
        (b"x,y\n1,2\n3,\x814\xff\n", 3),
        (b"x,y\xff\x81\xff\n1,2\n", 1),
        (b"x,y\n" + b"1,2\n" * 90_000 + b"\x81,2", 90_002),
    ):
        with pytest.raises(ParseError, match=rf"line {line}: the byte 0x..? fits neither UTF-8.*--encoding"):
            read(tmp_path, content)
    with pytest.raises(ParseError, match="line 3: the byte 0xe9 does not fit utf-8: --encoding"):
        read(tmp_path, b"x,y\n1,2\n3,\xe94\n", encoding="utf-8")
    with pytest.raises(ProblemError, match="no encoding “klingon”"):
        read(tmp_path, b"x,y\n1,2\n", encoding="klingon")
    for sep in ("", ";;", "x", '"'):
        if sep:
            with pytest.raises(ProblemError, match="one character"):
                read(tmp_path, b"x,y\n1,2\n", sep=sep)


@pytest.mark.parametrize("lines", [1, 2, 50_000])
def test_two_decimal_marks_in_one_file_are_refused(lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever comes first, in whichever column; whole numbers say nothing."""
    monkeypatch.setattr(table_file, "LINES", lines)
    for first, second in itertools.permutations(("1,5", "2.25")):
        for at in ((0, 1), (1, 0), (1, 1), (0, 0)):
            rows = [["7", "8"] for _n in range(6)]
            rows[1][at[0]], rows[4][at[1]] = first, second
            content = "x;y\n" + "".join(";".join(row) + "\n" for row in rows)
            places = f"line 6, column {'xy'[at[1]]}: “{second}”|line 3, column {'xy'[at[0]]}: “{first}”"
            with pytest.raises(ParseError, match=f"({places}): above, decimals have a"):
                read(tmp_path, content.encode())
    values, _about = read(tmp_path, b"x;d;y\n1;01.02.2024;2\n1,5;v1.2;3\n", input="x", target="y")
    assert values.tolist() == [[1, 2], [1.5, 3]]


def test_a_first_line_for_excel_says_the_separator(tmp_path: Path) -> None:
    for mark, header in itertools.product(";\t,", (True, False)):
        content = f"sep={mark}\r\n" + written(NAMES["ascii"], mark, mark != ",", False, header, "\r\n")
        assert np.array_equal(read(tmp_path, content.encode())[0], X)
    with pytest.raises(ParseError, match="line 4: 1 columns"):
        read(tmp_path, b"sep=;\nx;y\n1;2\n3\n")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_texts_too_are_read_in_their_encoding(name: str, tmp_path: Path) -> None:
    words = "床前明月光，疑是地上霜。"
    content = words if name == "a.txt" else f'{{"x": "{words}", "y": "诗"}}\n'
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        for said in ({}, {"encoding": encoding}):
            (tmp_path / name).write_bytes(content.encode(encoding))
            about = DataDescription.of(said)
            data.read(str(tmp_path / name), about, None)
            assert set(about.vocabulary) - {"\n"} == set(words)
            assert bool(about.notes) == (not said and not encoding.startswith("utf-8"))


def test_the_form_is_of_one_file_and_said_for_each(tmp_path: Path) -> None:
    """A second file may come in another form; the description that a model keeps says nothing of it."""
    contents = [written(("temp", "load"), ";", True, False), written(("temp", "load"), ",", False, False)]
    for first, second in itertools.permutations(contents):
        (tmp_path / "a.csv").write_text(first)
        (tmp_path / "b.csv").write_text(second)
        options = {"data": str(tmp_path / "a.csv"), "test": str(tmp_path / "b.csv"), "target": "load"}
        run = recipe.prepare({**options, "hidden": 2, "engine": "equations"})
        assert sum("semicolons between columns, decimal commas" in note for note in run.notes) == 1
        assert not {"encoding", "sep", "notes"} & set(run.about.known())
        assert run.test is not None
        assert np.array_equal(run.trainer.data.x, run.test.x)


@pytest.mark.parametrize("lines", [1, 3, 50_000])
def test_columns_at_once_and_cell_by_cell_are_the_same(
    lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long format, in order and not, with labels, numbers or gaps as targets; a quote has its block read by cell."""
    monkeypatch.setattr(table_file, "LINES", lines)
    rng = np.random.default_rng(lines)
    kinds = itertools.product((True, False), (True, False), ("class", "number", "gaps"), ("\n", "\r\n", "\n\n"), ",;")
    for sort, comma, target, end, mark in kinds:
        comma = comma and mark == ";"
        rows = [
            [f"s {n % 3}", f"2024-01-{1 + n // 3:02d}T{n % 24:02d}:00Z", f"{rng.normal():.3f}", f"{rng.normal():.2f}"]
            for n in range(18)
        ]
        for n, row in enumerate(rows):
            value = f"{rng.normal():.2f}"
            row.append(
                {"class": "no, yes ,".split(",")[n % 3], "number": value, "gaps": ["NA", "", value][n % 3]}[target]
            )
            if comma:
                row[2:] = [cell.replace(".", ",") for cell in row[2:]]
        rows = sorted(rows) if sort else [rows[n] for n in rng.permutation(18)]
        plain = end.join(mark.join(row) for row in [["who", "when", "a", "b", "y"], *rows]) + end
        quoted = plain
        for row in rows[::4]:
            quoted = quoted.replace(mark.join(row), mark.join(f'"{cell}"' for cell in row))
        results = []
        for content in (plain, quoted):
            (tmp_path / "a.csv").write_bytes(content.encode())
            for predicting in (False, True):
                about = DataDescription.of({"id": "who", "time": "when", "target": "y"})
                sequences, _loss = data.read(str(tmp_path / "a.csv"), about, None)
                kept = DataDescription.of({**about.known(), "predicting": predicting})
                inputs = data.read_inputs(str(tmp_path / "a.csv"), kept) if predicting else None
                times = None if inputs is None or inputs.times is None else inputs.times.tolist()
                arrays = [sequences.x, sequences.y, sequences.offsets]
                results.append((predicting, [a.tobytes() for a in arrays], about.labels, inputs and inputs.ids, times))
        assert results[:2] == results[2:]
        wanted = sorted(rows, key=lambda row: (list(dict.fromkeys(r[0] for r in rows)).index(row[0]), row[1]))
        numbers = [float(row[2].replace(",", ".")) for row in wanted]
        sequences, _loss = data.read(str(tmp_path / "a.csv"), DataDescription(id="who", time="when", target="y"), None)
        assert sequences.x[:, 0].tolist() == numbers
        assert results[1][4] == [row[1].encode() for row in wanted]
