"""One class as every system exports it: whatever the headers, separators, encodings, decimal marks and columns, its
marks are the same.

Longer than other files: one description of an exporting system makes all its files.
"""

import csv
import io
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.a_class import MADE

import rnncalc
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading import people, person_columns, times
from rnncalc.classroom.grading.answer_columns import column
from rnncalc.classroom.grading.sheet import sheet as read_sheet
from rnncalc.common import encodings

H, Y = ([[f"{value:.4f}" for value in row] for row in MADE.quantities[name]] for name in ("h", "y"))
PEOPLE = ("1001", "Jörg", "Müller"), ("1002", "Åsa", "Öberg"), ("1003", "Zoë", "Brontë")
CHINESE = ("1001", "小明", "王"), ("1002", "丽", "李"), ("1003", "娜", "张")


@dataclass(frozen=True)
class System:
    """What a system writes: its header of people, its row of one, and rows that are nobody's."""

    header: tuple[str, ...]
    row: tuple[str, ...]
    nobody: tuple[tuple[str, ...], ...] = ()
    people: tuple[tuple[str, str, str], ...] = PEOPLE


SYSTEMS = {
    "plain": System(("id", "name"), ("{id}", "{first} {last}")),
    "Moodle": System(
        ("Surname", "First name", "ID number", "Institution", "Department", "Email address"),
        ("{last}", "{first}", "{id}", "Uni", "CS", "{id}@uni.edu"),
        (("Overall average",),),
    ),
    "Moodle without numbers": System(
        ("Last name", "First name", "ID number", "Email address"),
        ("{last}", "{first}", "", "{id}"),
        (("", "Overall average"),),
    ),
    "Moodle, German": System(
        ("Nachname", "Vorname", "Matrikelnummer", "E-Mail-Adresse"),
        ("{last}", "{first}", "{id}", "{id}@uni.de"),
        (("Gesamtdurchschnitt",),),
    ),
    "Moodle, French": System(
        ("Nom de famille", "Prénom", "Numéro d'identification", "Adresse de courriel"),
        ("{last}", "{first}", "{id}", "{id}@u.fr"),
        (("Moyenne générale",),),
    ),
    "Moodle, Chinese": System(
        ("姓", "名", "学号", "电子邮件地址"),
        ("{last}", "{first}", "{id}", "{id}@pku.edu.cn"),
        (("总平均分",),),
        CHINESE,
    ),
    "Canvas": System(
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        ("{last}, {first}", "77{id}", "{id}", "u{id}", "A"),
        (("    Points Possible",), ("Student, Test", "9", "", "ab12")),
    ),
    "Google Forms": System(
        ("Timestamp", "Email Address", "Your student ID", "Full name"),
        ("2024/03/05 14:05:06", "x@y.z", "{id}", "{first} {last}"),
    ),
    "Google Forms, Chinese": System(
        ("时间戳记", "学号", "姓名"), ("2024/3/5 下午2:05:06", "{id}", "{last}{first}"), (), CHINESE
    ),
    "Microsoft Forms": System(
        ("ID", "Start time", "Completion time", "Email", "Name"),
        ("5", "3/5/24 14:05:06", "3/5/24 14:10:00", "{id}", "{first} {last}"),
    ),
    "wjx": System(
        ("序号", "提交答卷时间", "1、姓名", "2、您的学号"),
        ("1", "2024/3/5 14:05:06", "{last}{first}", "{id}"),
        (),
        CHINESE,
    ),
    "Excel": System(("Matr.-Nr.", "Name", "Vorname"), ("{id}", "{last}", "{first}"), (("",),)),
    "Excel, Spanish": System(
        ("Matrícula", "Apellidos", "Nombre"), ("{id}", "{last}", "{first}"), (("", "Promedio general"),)
    ),
}
SINGLE = [
    f"{{name}}{style}" for style in ("[{step}][{unit}]", "_{step}[{unit}]", "_{{{step}}}[{unit}]", "({step},{unit})")
]
LAYOUTS = {
    **{f"single {style}": (prefix + style, None) for prefix, style in zip(("", "Q1: ", "", "3. "), SINGLE)},
    "vectors in brackets": ("{name}_{step}", ("[{}]", ", ")),
    "vectors by semicolons": ("{name}_{step}", ("{}", "; ")),
    "vectors by spaces": ("Q1: {name}[{step}]", ("{}", " ")),
}
SEPARATORS = ",", ";", "\t"
ENCODINGS = "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "cp1252"


def export(system: System, layout: str, separator: str, mark: str) -> str:
    """The table of the class: everything right; one number wrong; the second step blank."""
    style, vector = LAYOUTS[layout]
    written = [(name, step, row) for name, rows in (("h", H), ("y", Y)) for step, row in enumerate(rows, 1)]

    def cells(place: int) -> list[str]:
        texts = []
        for name, step, row in written:
            values = ["0.1234" if place == 1 and (name, step) == ("h", 3) else value for value in row]
            values = [value.replace(".", mark) for value in values]
            blank = place == 2 and step == 2
            if vector:
                texts.append("" if blank else vector[0].format(vector[1].join(values)))
            else:
                texts += [""] * len(values) if blank else values
        return texts

    header = [*system.header]
    for name, step, row in written:
        units = range(1, len(row) + 1) if vector is None else [0]
        header += [style.format(name=name, step=step, unit=unit) for unit in units]
    rows = [header, *([*row, *[""] * (len(header) - len(row))] for row in system.nobody)]
    for place, (person, first, last) in enumerate(system.people):
        who = [cell.format(id=person, first=first, last=last) for cell in system.row]
        rows.append([*who, *cells(place)])
    output = io.StringIO()
    csv.writer(output, delimiter=separator).writerows(rows)
    return output.getvalue()


def kinds() -> list[tuple[str, str, str, str, str]]:
    """Every system in every layout, separator, encoding and decimal mark that its names can be written in, thinned."""
    every = itertools.product(SYSTEMS, LAYOUTS, SEPARATORS, ENCODINGS, ".,")
    possible = []
    for system, layout, separator, encoding, mark in every:
        text = export(SYSTEMS[system], layout, separator, mark)
        if encoding == "gb18030" and SYSTEMS[system].people is not CHINESE:
            continue  # é in GB 18030 is a pair of bytes that stands in no Chinese name
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if mark == "," and layout == "vectors in brackets" and separator == ",":
            continue  # [0,1, 0,2]: nobody can tell
        possible.append((system, layout, separator, encoding, mark))
    return possible[::17] + [kind for kind in possible if kind[1].startswith("single {name}[")][::11]


def test_every_export_gives_the_same_marks(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "export.csv"
    for kind in kinds():
        system, layout, separator, encoding, mark = kind
        path.write_bytes(export(SYSTEMS[system], layout, separator, mark).encode(encoding))
        book = rnncalc.grade(problem, path, diagnose=False)
        assert [(row.id, row.points) for row in book.rows] == [("1001", 9), ("1002", 7), ("1003", 6)], (
            kind,
            book.notes,
        )
        for row, (_id, first, last) in zip(book.rows, SYSTEMS[system].people):
            assert {first, last} <= {
                row.name[: len(last)],
                row.name[len(last) :],
                *row.name.replace(",", "").split(),
            }, kind
        said = "\n".join(book.notes)
        assert ("left out" in said) == bool(SYSTEMS[system].nobody), kind
        assert ("semicolons" in said, "tabs" in said) == (separator == ";", separator == "\t"), kind
        exotic = encoding[:5] if not encoding.startswith("utf-8") else ""
        assert not exotic or exotic.upper() in said.replace("GB ", "GB").upper() or said.isascii(), (kind, said)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Jörg"),
        ("cp1252", "Straße, größer"),
        ("cp1252", "François – “Zoë”"),
        ("cp1252", "José Muñoz Ñandú"),
        ("gb18030", "王小明"),
        ("gb18030", "张镕基 喆"),
        ("gbk", "学号,姓名\n1,李丽"),
        ("gb18030", "得分：h_1李"),
        ("utf-16-be", "id,name\n1,Ada"),
        ("utf-16-le", "id,name\n1,王"),
        ("utf-16", "id,王"),
        ("utf-8", "Jörg 王"),
    ],
)
def test_encodings_are_found(encoding: str, text: str) -> None:
    assert encodings.decoded(text.encode(encoding)).text == text
    assert encodings.decoded(text.encode(encoding), encoding).text == text


@pytest.mark.parametrize(
    ("column", "there"), [("编号", False), ("Nr", False), ("編號", False), ("id", True), ("学号", True)]
)
def test_a_column_that_numbers_the_exercises_is_no_id(column: str, there: bool, tmp_path: Path, problem: Path) -> None:
    """The same number beside several names; where each name has its own, it numbers people."""
    people = ["王小明", "李丽", "Ada", "Bo"]
    for numbers, own in (("3333", False), ("1122", False), ("1234", True)):
        rows = "".join(f"{number},{name},0.7\n" for number, name in zip(numbers, people))
        path = tmp_path / "a.csv"
        path.write_text(f'{column},姓名,"h[1]"\n{rows}', encoding="utf-8")
        book = rnncalc.grade(problem, path)
        if own or there:
            assert [row.id for row in book.rows] == list(dict.fromkeys(numbers))
        else:
            assert [row.name for row in book.rows] == people


def test_an_encoding_can_be_said(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name,h[1][1]\n1,Łukasz Żak,0.5\n".encode("cp1250"))
    assert rnncalc.grade(problem, path, encoding="cp1250")["1"].name == "Łukasz Żak"
    for unknown in ("klingon", "hex", "rot13"):
        with pytest.raises(rnncalc.RnncalcError, match=unknown):
            rnncalc.grade(problem, path, encoding=unknown)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("units", [1, 2])
def test_one_index_is_the_step_or_the_unit(steps: int, units: int) -> None:
    questions = read_sheet(make(ExerciseSpec("elman", units=units, steps=steps)).keys).questions
    for style in ("h[{}]", "h_{}", "h_{{{}}}", "Q1: h_{}"):
        for number in range(1, max(steps, units) + 1):
            match = column(style.format(number), questions)
            if units == 1:
                assert (match and match.place.index) == ((number - 1, 0) if number <= steps else None)
            elif steps == 1:
                assert (match and match.place.index) == ((0, number - 1) if number <= units else None)
            else:
                assert (match and match.place.index) == (number - 1, None)


@pytest.mark.parametrize(
    ("quoted", "value"), [("0,8617", "0.8617"), ("-,5", "-.5"), ("1,234", "1.234"), ("12,5", "12.5")]
)
@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("beside", ["", "0,5", "0.5"])
def test_decimal_commas(tmp_path: Path, problem: Path, quoted: str, value: str, separator: str, beside: str) -> None:
    """1,234 is a thousand only for whoever writes 0.5 beside it."""
    path, output = tmp_path / "a.csv", io.StringIO()
    rows = [("id", "h[1][1]", "h[1][2]"), ("s", quoted, beside)]
    csv.writer(output, delimiter=separator).writerows(rows)
    path.write_text(output.getvalue())
    book = rnncalc.grade(problem, path, diagnose=False)
    first = next(value for value in book["s"].results[""].values if value["answer"] is not None)
    thousand = quoted == "1,234" and beside == "0.5" and separator != ";"
    assert first["answer"] == (quoted if thousand else value)
    assert any("decimal comma" in note for note in book.notes) == (
        quoted == "1,234" and not thousand and separator != ";"
    )


def test_a_vector_of_another_length_says_so(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'id,h_1,h_2\ns,"{H[0][0]}, {H[0][1]}, 0.1",{" ".join(H[1])}\n')
    row = rnncalc.grade(problem, path)["s"]
    assert row.points == 2
    assert "2 numbers are asked for" in row.remark


IN_ORDER = {
    "iso": ("2024-03-05 14:05", "2024-03-05T15:05:06Z", "2024-04-01T00:00:00+01:00"),
    "day first": ("13/03/2024 9:05", "01/04/2024 10:00", "02/04/2024 8:00"),
    "month first": ("3/13/2024 9:05:00 AM", "4/1/2024 1:00:00 PM", "4/1/2024 10:00:00 PM"),
    "points": ("5.3.2024 14:05", "1.4.24 9:00", "2.4.2024"),
    "words": ("Tuesday, 5 March 2024, 2:05 PM", "5 March 2024, 11:05 PM", "1 April 2024, 1:00 AM"),
    "German": ("Dienstag, 5. März 2024, 14:05", "5. März 2024, 23:05", "1. Mai 2024, 1:00"),
    "American": ("Mar 5, 2024 2:05 PM", "Mar 5, 2024 11:05 PM", "Apr 1, 2024 1:00 AM"),
    "Chinese": ("2024年3月5日 14:05", "2024/3/5 下午3:05:06", "2024/3/6 上午1:05:06"),
}


@pytest.mark.parametrize("form", IN_ORDER)
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_latest_counts(tmp_path: Path, problem: Path, form: str, order: tuple[int, ...]) -> None:
    path = tmp_path / "a.csv"
    output = io.StringIO()
    rows = [("s", IN_ORDER[form][at], H[0][0] if at == 2 else "0.1") for at in order]
    csv.writer(output).writerows([("id", "Completed", "h[1][1]"), *rows])
    path.write_text(output.getvalue())
    book = rnncalc.grade(problem, path, diagnose=False)
    assert book["s"].points == 1
    assert book["s"].handed_in == 3
    assert any("the latest counts, by “Completed”" in note for note in book.notes)
    path.write_text("\n".join(f"s,{row[2]}" for row in [("", "", "h[1][1]"), *rows]).replace("s,h", "id,h"))
    book = rnncalc.grade(problem, path, diagnose=False)
    assert book["s"].points == (order[-1] == 2)
    assert any("the last row counts" in note for note in book.notes)


def test_days_and_months_that_could_be_exchanged_are_told(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,Date,h[1][1]\ns,01/02/2024,{H[0][0]}\ns,02/01/2024,0.1\n")
    book = rnncalc.grade(problem, path, diagnose=False)
    assert book["s"].points == 1
    assert any("day/month" in note for note in book.notes)
    mixed = times.column(["13/01/2024", "01/13/2024"])
    assert mixed.times == [None, None]
    assert not times.column(["01/02/2024", "02/02/2024", "01/03/2024"]).doubtful  # in order by day first alone


@pytest.mark.parametrize("typed", ["007", "7", " 7 ", "7.0", "７"])
@pytest.mark.parametrize("given", ["007", "7"])
def test_ids_of_a_roster_are_found(tmp_path: Path, typed: str, given: str) -> None:
    variants = {given: MADE.keys, "Ada1": MADE.keys}
    path = tmp_path / "a.csv"
    rows = [("id", "h[1][1]"), (typed, H[0][0]), ("ADA 1", H[0][0]), ("Ada12", "0")]
    output = io.StringIO()
    csv.writer(output).writerows(rows)
    path.write_text(output.getvalue(), encoding="utf-8")
    book = rnncalc.grade({"variants": variants}, path, diagnose=False)
    assert [row.id for row in book.rows] == [given, "Ada1", "Ada12"]
    assert min(book[given].points, book["Ada1"].points) > 0
    assert "did you mean “Ada1”?" in book["Ada12"].remark
    assert any("ADA 1 is taken for Ada1" in note for note in book.notes)


def test_the_column_that_the_roster_knows_says_who(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"ID number,Email address,h[1][1]\n9,ada@uni.de,{H[0][0]}\n8,bo@uni.de,0.1\n")
    for ids in (("ada", "bo"), ("ada@uni.de", "bo@uni.de"), ("9", "8")):
        book = rnncalc.grade({"variants": dict.fromkeys(ids, MADE.keys)}, path, diagnose=False)
        assert [row.id for row in book.rows] == list(ids)
        assert book[ids[0]].points > 0


def test_spellings_of_one_id_are_one_person_unless_names_differ() -> None:
    kept, notes = people.same_people([("7", "Ada"), ("007", ""), ("S1", "Bo Li"), ("s 1", "Li, Bo")])
    assert kept == {"7": "007", "007": "007", "S1": "s 1", "s 1": "s 1"}
    assert "7 = 007" in notes[0]
    kept, notes = people.same_people([("7", "Ada"), ("007", "Bo")])
    assert not kept
    assert "kept apart" in notes[0]


def test_no_header_means_two_things() -> None:
    words = [person_columns.IDS, person_columns.TIMES, person_columns.NOBODY]
    for first, second in itertools.combinations(words, 2):
        assert not set(first) & set(second)
    questions = read_sheet(json.loads(json.dumps(MADE.keys))).questions
    headers = (*person_columns.IDS, *person_columns.NAMES, *person_columns.TIMES)
    assert not [word for word in headers if column(word, questions)]
