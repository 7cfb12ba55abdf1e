"""Pages that somebody filled in, in every format in which `new` writes them, and as learning platforms hand them on.

Longer than other files: a page is filled in here for every format, and all tests hand such pages in.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run

import rnncalc
from rnncalc.classroom import exercise, handout
from rnncalc.classroom.exercise import Exercise, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.run import grade
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.errors import ParseError
from rnncalc.problems.parse import files, pages
from rnncalc.problems.parse.page_elements import LARGEST
from rnncalc.problems.results import per_step
from rnncalc.report.document import Arrays, Block, Document, Grid
from rnncalc.report.render import RenderOptions, contents

MEDIA = {"markdown": "md", "latex": "tex", "plain": "txt", "html": "html", "docx": "docx"}
SPECS: list[dict[str, Any]] = [
    {"cell": "elman"},
    {"cell": "elman", "units": 3, "inputs": 1, "steps": 2, "outputs": 0},
    {"cell": "lstm", "units": 1, "inputs": 3, "backward": True, "lr": 0.1},
    {"cell": "gru", "notation": "d2l", "outputs": 3, "backward": True, "steps": 2},
    {"cell": "gru_after", "layers": 2, "steps": 2},
    {"cell": "elman", "direction": "both", "inputs": 3, "units": 1},
    {"cell": "jordan", "outputs": 2, "backward": True},
]
BLANK = handout.BLANK


@pytest.fixture(autouse=True)
def _any_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(exercise, "DRAWS", 1)
    yield
    speak("en")


def filled_in(
    made: Sequence[Exercise], medium: str, wrong: int = 0, habit: Callable[[str], str] = lambda text: text
) -> bytes:
    """The statement with the right numbers in its blanks, the first so many of them wrong."""
    numbers = [number for each in made for number in _in_order(each)]
    texts = iter(["9.9999"] * wrong + [f"{number:.5f}" for number in numbers[wrong:]])

    def fill(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(fill, value))
        return habit(next(texts)) if value == BLANK else value

    def block(part: Block) -> Block:
        if isinstance(part, Grid):
            return replace(part, rows=fill(part.rows))
        if isinstance(part, Arrays):
            return replace(part, items=tuple(replace(item, entries=fill(item.entries)) for item in part.items))
        return part

    page = handout.statement(*made)
    text = contents(Document(list(map(block, page.blocks)), {}), medium, RenderOptions(whole=True))
    assert next(texts, None) is None
    return text if isinstance(text, bytes) else re.sub(r"\\phantom\{.\}", "", text).encode("utf-8")


def _in_order(made: Exercise) -> list[float]:
    """The numbers in the order of the form: tables row by row, and the rest."""
    steps = made.problem.shapes["T"]
    stepped = {name: array for name, array in made.quantities.items() if per_step(made.problem, name, array)}
    rows = [np.asarray(array).reshape(steps, -1) for array in stepped.values()]
    called = {made.called(name) for name in stepped}
    rest = [np.ravel(array) for name, array in made.shown().items() if name not in called]
    return np.concatenate([*([np.concatenate(rows, axis=1).ravel()] if rows else []), *rest]).tolist()


def variants(folder: Path, *people: list[Exercise]) -> Path:
    """The file that grades a problem of one's own each, as `new` writes it."""
    keys = {each[0].person: handout.problem(*each) | {"_name": each[0].name} for each in people}
    path = folder / "variants.json"
    path.write_text(json.dumps({"variants": keys}), encoding="utf-8")
    return path


def marks(book: Gradebook) -> dict[str, tuple[str, float]]:
    return {row.id: (row.name, row.score) for row in book.rows}


@pytest.mark.parametrize(
    ("spec", "medium", "language"),
    [
        (SPECS[(at + k) % len(SPECS)], medium, LANGUAGES[(at + k) % 2])
        for at, medium in enumerate(MEDIA)
        for k in range(3)
    ],
)
def test_a_filled_in_page_is_graded_and_checked(
    spec: dict[str, Any], medium: str, language: str, tmp_path: Path
) -> None:
    """Whatever the format: the name and the id that stand on it, and every number."""
    speak(language)
    made = [make(ExerciseSpec(**spec, person="007", name="王小明" if language == "zh" else "Ada Lovelace"))]
    page = tmp_path / f"page.{MEDIA[medium]}"
    page.write_bytes(filled_in(made, medium, wrong=1))
    problem = tmp_path / "problem.json"
    problem.write_text(json.dumps(made[0].keys), encoding="utf-8")
    (row,) = grade(str(problem), [str(page)], diagnose=False).rows
    assert (row.id, row.name) == ("007", made[0].name)
    assert row.results[""].trouble == ""
    values = row.results[""].values
    assert [value["verdict"] for value in values].count("wrong") in (1, 2), values  # what does not follow from it
    assert len(values) == len(_in_order(made[0]))
    if spec.get("direction") == "both":
        return  # equations of two directions under their own headings are no sheet that can be read back
    verdict = rnncalc.load_problem(page).check()
    assert sum(value.verdict != "wrong" for value in verdict.values) >= len(values) - 2


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_of_several_in_every_format(medium: str, language: str, tmp_path: Path) -> None:
    speak(language)
    made = [
        make(ExerciseSpec(**spec, person="s1", name="Bo Li", question=f"Q{number}"))
        for number, spec in enumerate(SPECS[:2], 1)
    ]
    page = tmp_path / f"page.{MEDIA[medium]}"
    page.write_bytes(filled_in(made, medium))
    (row,) = grade(str(variants(tmp_path, made)), [str(page)], diagnose=False).rows
    assert (row.id, row.name, row.verdict, row.score) == ("s1", "Bo Li", "right", 1)
    assert all(row.points_of(f"Q{number}") == sum(each.keys["points"].values()) for number, each in enumerate(made, 1))


LINES = [
    "Name: {name}   Id: {id}",
    "Name: {name} Id: {id}",
    "**Name:** {name}, **Student ID:** {id}",
    "Student number: {id}\n\nFull name: {name}",
    "Name: __{name}__   Id: __{id}__",
    "- Name : {name}\n- ID number : {id}",
    "| Name | {name} |\n| --- | --- |\n| Id | {id} |",
    "| Name: | {name} | Id: | {id} |",
    "姓名：{name}   学号：{id}",
    "姓名:{name}  学号:{id}",
    "姓名：{name}学号：{id}",
    "学号：{id}，姓名：{name}",
    "Vor- und Nachname: {name}\nMatrikelnummer: {id}",
    "Nom complet : {name}\nNuméro étudiant : {id}",
    "Name: {name}   Group: 3   Id: {id}",
    "姓名：{name}　班级：3 班　学号：{id}　日期：11 月 2 日",
    "姓名：{name}，编号：{id}",
    "编号：3\n姓名：{name}   学号：{id}",
    "题目编号：3   姓名：{name}   学号：{id}",
    "Nr: 3\nName: {name}, Id: {id}",
    "Course: RNN, Name: {name}\nName: {name}\nDate: 2 Nov   Time: 10:00\nStudent ID: {id}",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("person", "name"), [("007", "Ada Lovelace"), ("s 12", "Chloé O'Hara-Durand"), ("2023", "王小明")]
)
def test_who_says_so_on_the_page(line: str, person: str, name: str, tmp_path: Path) -> None:
    """In any of the words of a table's columns, beside each other or below; what stands below is read all the same."""
    page = tmp_path / "page.md"
    page.write_text(line.format(name=name, id=person) + "\n\nh_1 = 0.56\nh_2: 0.68\n", encoding="utf-8")
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}, [str(page)], diagnose=False).rows
    assert (row.id, row.name) == (person, name)
    assert len(row.results[""].values) == 2


@pytest.mark.parametrize(
    "line",
    [
        "Name: {blank}   Id: {blank}",
        "姓名：{blank}   学号：{blank}",
        "",
        "The name of the game: 7",
        "编号：7",
        "题目编号：7",
        "习题编号： 7",
        "Nr: 7",
    ],
)
def test_who_does_not_say_so_goes_by_the_file(line: str, tmp_path: Path) -> None:
    page = tmp_path / "ada.md"
    page.write_text(line.format(blank=BLANK) + "\n\nh_1 = 0.56\n", encoding="utf-8")
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}, [str(page)], diagnose=False).rows
    assert (row.id, row.name) == ("ada", "")


def test_heads_of_columns_are_no_name(tmp_path: Path) -> None:
    """A table in a page whose columns are called so has its answers below."""
    page = tmp_path / "ada.md"
    page.write_text("| id | name | step | h |\n|---|---|---|---|\n| 7 | Bo | 1 | 0.56 |\n", encoding="utf-8")
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}, [str(page)], diagnose=False).rows
    assert (row.id, row.name) == ("ada", "")


LINE_BY_LINE = [
    "{} {}",
    "{}\t{}",
    "{}: {}",
    "{} = {}",
    "{} → {}",
    "{} -> {}",
    "{} is {}",
    "{} ≈ {}",
    "{} 为 {}。",
    "- {} {};",
    "{}：{}",
]


@pytest.mark.parametrize("line", LINE_BY_LINE)
@pytest.mark.parametrize("name", ["h{}", "h_{}", "h[{}]", "h_{{{}}}"])
def test_a_number_a_line_with_anything_between(line: str, name: str, tmp_path: Path) -> None:
    numbers = ["0.5581", "0.6221", ".4553"]
    page = tmp_path / "ada.txt"
    page.write_text("\n".join(line.format(name.format(n), x) for n, x in enumerate(numbers, 1)), encoding="utf-8")
    problem = {"U": 0.9, "W": 0.5, "x": [0.7, 0.5, 0.2], "points": {"h": 3}}
    (row,) = grade(problem, [str(page)], diagnose=False).rows
    assert [value["answer"] for value in row.results[""].values] == numbers
    assert row.submission.trouble == ""


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    """A number in a sentence is no answer, and whoever grades sees that there was one."""
    page = tmp_path / "ada.txt"
    page.write_text("h_1 = 0.5581\nI think that the second one is 0.6221\nand 0.4 after it", encoding="utf-8")
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5, 0.2]}, [str(page)], diagnose=False).rows
    assert (row.verdict, len(row.results[""].values)) == ("wrong", 1) or row.score == 1
    assert "line 2" in row.remark
    assert "0.6221" in row.remark
    page.write_text("h_1 = 0,5581\nh_2 = 0,6225", encoding="utf-8")
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5, 0.2]}, [str(page)], diagnose=False).rows
    assert (row.score, row.remark) == (1, "")


PLATFORMS = {
    "Moodle, folders": "{name}_{number}_assignsubmission_file_/answers.md",
    "Moodle, newer": "{name}_{number}_assignsubmission_file/my answers.md",
    "Moodle, files": "{name}_{number}_assignsubmission_file_answers.md",
    "Moodle, text": "{name}_{number}_assignsubmission_onlinetext_/onlinetext.html",
    "Canvas": "{joined}_{number}_456_hw5.txt",
    "Canvas, late": "{joined}_LATE_{number}_456_hw 5-1.md",
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("roster", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_files_as_learning_platforms_call_them(platform: str, roster: bool, apart: bool, tmp_path: Path) -> None:
    """With a roster by the one person of that name, else by the platform's number; a folder, or its files."""
    people = {"s101": "Ada Lovelace", "s102": "Bo Li", "s103": "Chloé Durand", "s104": "王小明"}
    folder = tmp_path / "handed in"
    for number, name in enumerate(people.values(), 11):
        last, first = (name.split() * 2)[1::-1]
        joined = name if len(name.split()) == 1 else f"{last}{first}".lower()
        path = folder / PLATFORMS[platform].format(name=name, number=number, joined=joined)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "h_1 = 0.5581\nh_2 = 0.6221"
        path.write_text(
            "".join(f"<html><p>{row}</p></html>" for row in [text.replace("\n", "<br>")])
            if path.suffix == ".html"
            else text,
            encoding="utf-8",
        )
    problem: dict[str, Any] = {"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}
    if roster:
        problem = {"variants": {person: {**problem, "_name": name} for person, name in people.items()}}
    sources = sorted(map(str, folder.rglob("*.*"))) if apart else [str(folder)]
    book = grade(problem, [source for source in sources if Path(source).is_file() or not apart], diagnose=False)
    assert sorted(row.id for row in book.rows) == (list(people) if roster else ["11", "12", "13", "14"])
    if roster or "Moodle" in platform:
        assert {row.name for row in book.rows} == set(people.values()) or "Canvas" in platform
    assert {len(row.results[""].values) for row in book.rows} == {2}


def test_two_people_of_one_name_are_not_guessed(tmp_path: Path) -> None:
    problem = {"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}
    (tmp_path / "Bo Li_77_assignsubmission_file_a.md").write_text("h_1 = 0.56", encoding="utf-8")
    for names in (("Bo Li", "Li Bo"), ("Bo Li", "Ada")):
        whole = {"variants": {f"s{n}": {**problem, "_name": name} for n, name in enumerate(names)}}
        (row,) = grade(whole, [str(tmp_path)], diagnose=False).rows
        assert (row.id == "s0", bool(row.trouble)) == ((False, True) if "Li Bo" in names else (True, False))


def test_a_folder_called_like_an_id(tmp_path: Path) -> None:
    """What `new --students` wrote a folder for is its owner's, whatever the name of the file in it."""
    problem = {"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}
    (tmp_path / "S101").mkdir()
    (tmp_path / "S101" / "mine.txt").write_text("h_1 = 0.5581", encoding="utf-8")
    (row,) = grade({"variants": {"s101": problem, "s102": problem}}, [str(tmp_path)], diagnose=False).rows
    assert (row.id, len(row.results[""].values)) == ("s101", 1)


def zipped(**parts: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return whole.getvalue()


STRANGE = {
    "a PDF": b"%PDF-1.7\n1 0 obj",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0",
    "an old Word file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a spreadsheet": zipped(xl__workbook_xml=b"<x/>"),
    "a damaged package": zipped(word__document_xml=b"<w:p>")[:60],
    "damaged XML": zipped(word__document_xml=b"<w><p>"),
    "entities": zipped(word__document_xml=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
    "a bomb": zipped(word__document_xml=b" " * (LARGEST + 1)),
}


@pytest.mark.parametrize(("kind", "ending"), list(product(STRANGE, ["docx", "txt"])))
def test_other_files_are_refused_in_plain_words(kind: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"page.{ending}"
    path.write_bytes(STRANGE[kind])
    with pytest.raises(ParseError):
        files.content(str(path))
    (row,) = grade({"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}, [str(path)], diagnose=False).rows
    assert row.verdict == "unreadable"
    assert re.search("picture|save it|CSV|larger", row.trouble), row.trouble


def test_html_that_is_never_closed_and_very_deep() -> None:
    loose = b"<html><body><p>h_1 = 0.1<p>h_2 = 0.2<table><tr><td>a<td>b<tr><td>1<td>2</table><ul><li>x<li>y"
    assert "| a | b |" in (text := pages.text_of(loose) or "")
    assert "h_1 = 0.1\n\nh_2 = 0.2" in text
    assert "h_1 = 0.56" in (pages.text_of(b"<html><p>\n  h_1\n  = <b>0.56</b>\n</p></html>") or "")
    assert "a\nb" in (pages.text_of(b"<html><pre>a\nb</pre></html>") or "")
    assert "deep" in (pages.text_of(b"<html>" + b"<div>" * 100_000 + b"deep") or "")
    deep = b"<w:p>" * 3000 + b"<w:t>deep</w:t>" + b"</w:p>" * 3000
    word = b'<w:document xmlns:w="w">' + deep + b"</w:document>"
    assert pages.text_of(zipped(word__document_xml=word)) is not None


@pytest.mark.parametrize(
    "piece", ["<!--", "<!---->", "<a ", "</", "<", "<td>", "<p><b>", "<script>", "<a b='", "<![CDATA[", "&nbsp;"]
)
def test_what_never_ends_is_read_once(piece: str) -> None:
    """Whatever a stranger repeats: what stands before it is read."""
    text = pages.text_of(b"<html><p>h_1 = 0.56</p>" + piece.encode() * 50_000)
    assert text is not None
    assert text.startswith("h_1 = 0.56")


def test_check_reads_a_page_of_word_and_html(tmp_path: Path) -> None:
    made = [make(ExerciseSpec("elman", person="7", name="Ada"))]
    for medium in ("html", "docx"):
        page = tmp_path / f"page.{medium}"
        page.write_bytes(filled_in(made, medium))
        done = run("check", str(page), "--lang", "en")
        assert done.returncode == 0, done.stderr
        assert "score 100 %" in done.stdout


HABITS: dict[str, Callable[[str], str]] = {
    "beside the line": lambda text: f"{BLANK}{text}",
    "on the line": lambda text: f"__{text}__",
    "a decimal comma": lambda text: text.replace(".", ","),
    "another minus": lambda text: text.replace("-", "−"),
    "blanks around": lambda text: f"  {text} ",
}


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("medium", MEDIA)
def test_as_people_fill_in(habit: str, medium: str, tmp_path: Path) -> None:
    """Beside the line or on it, with a comma though the sheet has points, with any minus."""
    at = list(MEDIA).index(medium) + list(HABITS).index(habit)
    spec = [spec for spec in SPECS if spec.get("direction") != "both"][at % (len(SPECS) - 1)]
    made = [make(ExerciseSpec(**spec, person="7", name="Bo"))]
    text = filled_in(made, medium, habit=HABITS[habit])
    page = tmp_path / f"page.{MEDIA[medium]}"
    page.write_bytes(text)
    (row,) = grade(made[0].keys, [str(page)], diagnose=False).rows
    assert (row.id, row.name, row.verdict, row.score) == ("7", "Bo", "right", 1), row.trouble


SHEET = """# Homework

## Q1{first}

An RNN $h_t = \\tanh(W x_t + U h_{{t-1}})$ with $W = 0.5$, $U = 0.8$ sees $x_1 = 1$, $x_2 = 0.4$ from $h_0 = 0$.
{own}
## Q2{second}

The same with $h_t = \\tanh(W x_t + U h_{{t-1}})$, $W = 0.9$, $U = 0.1$ and $x_1 = 1$, $x_2 = 1$, $x_3 = 1$, $h_0 = 0$.
{end}"""
BELOW = [
    "Q1: h_1 = 0.4621, h_2 = 0.5151\nQ2: h_1 = 0.7163, h_3 = 0.1",
    "Q1\nh_1 = 0.4621\nh_2 = 0.5151\n\nQ2\nh_1 = 0.7163\nh_3 = 0.1",
    "## Question 1\nh = [0.4621, 0.5151]\n## Question 2\nh_1 = 0.7163\nh_3 = 0.1",
    "**Q1.** h_1 = 0.4621; h_2 = 0.5151\n**Q2.** h_1 = 0.7163; h_3 = 0.1",
    "第1题：h_1 = 0.4621，h_2 = 0.5151\n第2题：h_1 = 0.7163，h_3 = 0.1",
]


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize(
    ("first", "second", "worth"),
    [
        ("", "", (1, 1)),
        (" (10 points)", " (20 pts)", (10, 20)),
        ("（10 分）", " [5 marks]", (10, 5)),
        (": 2 units", "", (1, 1)),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_each_problem_of_a_sheet_has_its_own_points(
    below: str, first: str, second: str, worth: tuple[float, float], whole: bool, tmp_path: Path
) -> None:
    """As its heading says; the answers alone, or at the end of the sheet, under the names of the problems."""
    problem, page = tmp_path / "homework.md", tmp_path / "answers.md"
    problem.write_text(SHEET.format(first=first, second=second, own="", end=""), encoding="utf-8")
    answers = f"\n## My answers\n\n{below}\n"
    sheet = SHEET.format(first=first, second=second, own="", end=answers) if whole else below
    page.write_text(f"Name: Ada   Id: 7\n\n{sheet}", encoding="utf-8")
    (row,) = grade(str(problem), [str(page)], diagnose=False).rows
    assert row.out_of == {"Q1": worth[0], "Q2": worth[1]}
    assert row.points_of("Q1") == worth[0], row.remark
    assert row.points_of("Q2") == worth[1] / 2
