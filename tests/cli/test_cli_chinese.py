"""With --lang zh every command speaks Chinese: results, notes, errors, reports, pages. What is Latin is a name."""

import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from support import catalogue
from support.helpers import run

from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.verdicts.precision import KINDS
from rnncalc.cli.main import COMMANDS
from rnncalc.common.i18n import speak
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.losses import LOSSES
from rnncalc.problems.keys import KEYS
from rnncalc.problems.notation import NOTATIONS
from rnncalc.report.explain_topic import TOPICS
from rnncalc.report.render import render
from rnncalc.report.training import sweep

ROOT = Path(__file__).parents[2]
IDENTIFIERS = (KEYS, CELLS, LOSSES, FUNCTIONS, NOTATIONS, COMMANDS, MISTAKES, TOPICS, KINDS)
NAMES = {word.lower() for words in IDENTIFIERS for word in words} | set(
    "rnncalc exp log max min new json csv html word numpy pytorch keras python bptt rnn ada problem "
    "right truncated rounding carried wrong unreadable blank coarse states flow vocabulary "
    "both concat sum ave mul ifog true point comma".split()
)

PROBLEM = """\
{"cell": "elman", "U": [[0.9, 0.1], [0.4, -0.3]], "W": [[0.5, 0.2], [0.1, 0.5]], "b": [0.3, -0.2], "V": [[2, 1]],
 "x": [[0.7, 0.2], [0.5, 1], [0.2, 0.4]], "targets": [[1], [1], [0]], "loss": "half_squared_error", "lr": 0.1,
 "points": {"h": 6, "y": 3}, "carry": 0.5%s}
"""
CLASS = """\
学号,姓名,提交时间,"h[1][1]","h[1][2]","h[2][1]","y[1][1]"
7,Ada,2026-11-01 10:00,0.7352,0.02,,1.49
007,Ada,2026-11-02 10:00,0.56,0.2,0.3,1.3
8,Bo,2026-11-02 10:00,"0,73",x,0.86,1.4902
9,Li,2026-11-02 10:00,0.5716,0.2165,0.7,0.8
,,,,,,
平均分,,,1,1,1,1
"""
SMALL = ("--U", "0.9", "--W", "0.5", "--b", "0.3", "--V", "2", "--x", "0.7 0.5 0.2")
MODELS = Path(__file__).parents[1] / "pipeline" / "version_0_1_0"
IN_MODELS = "leaky wind temp text chars every none table".split()  # names and values in these files
GIVEN: list[tuple[str, ...]] = [
    ("forward", *SMALL, "--work"),
    ("backward", "P", "--work", "--flow", "--gradcheck"),
    ("backward", "P", "--truncate", "2", "--clip_norm", "0.1"),
    ("check", *SMALL, "--h", "0.558 0.622 0.455", "--y", "1.116 _ x", "--explain"),
    ("check", "P", "--h", "0.735 0.02; 0.8 0.1; 0.9 0", "--y", "1.4; 2; 3", "--hint"),
    ("check", "P", "--dU", "0.1 0.2; 0.3 0.4", "--precision", "decimals=2"),
    ("check", "P", "--loss_new", "0.7"),
    *(("grade", "P", "A", "--format", "plain", "--feedback", level) for level in ("hint", "full")),
    ("grade", "P", "A", "-o", "F.csv", "--report", "F.html"),
    ("grade", "P", "A", "-o", "F.html"),
    ("grade", "P", "A", "-o", "F.docx", "--feedback", "full"),
    *(("grade", "P", "A", "--format", format) for format in ("gradescope", "prairielearn", "junit")),
    ("grade", "P", "nowhere.csv"),
    ("grade", "P", "P"),
    ("new", "elman", "--backward", "--lr", "0.1"),
    ("new", "lstm", "--layers", "2", "--precision", "digits=3", "--seed", "3"),
    ("new", "gru", "--direction", "both", "--steps", "2", "--solution"),
    ("new", "elman", "--students", "A2", "-o", "out"),
    ("new", "gru", "--units", "1", "-o", "F.html"),
    ("new", "gru", "--ask", "q"),
    ("explain",),
    *(("inspect", f"{MODELS}/{name}.safetensors") for name in ("stack", "table", "text")),
    *(("explain", topic) for topic in ("marking", "problem_file", "verdicts", "update_complement")),
    ("forward", "--cell", "lstmm", "--U", "1", "--x", "1"),
    ("forward", "--U", "1 2", "--W", "1", "--x", "1 2 3"),
    ("plot", "nothing", "model.safetensors"),
]  # fmt: skip


def latin(text: str) -> set[str]:
    """Words of three letters or more that are no name, no option, no file, and stand in no command or formula."""
    text = re.sub(
        r"rnncalc [a-z][^\n。；，）)]*|--?[a-zA-Z][\w.-]*(?:[ =][\w.]+)?|\S*[./\\]\S*\w\S*|“[^”\n]*”|\"[^\"\n]*\"",
        " ",
        text,
    )
    words = re.findall(r"(?<![\w\\^])[A-Za-z]{3,}(?![\w(^])", text)
    return {word for word in words if word.lower() not in NAMES}


def spoken(text: str) -> str:
    """What people read of the data for a platform."""
    if text.startswith("{"):
        messages = re.findall(r'"(?:output|message|name)": "((?:[^"\\]|\\.)*)"', text)
        return "\n".join(json.loads(f'"{part}"') for part in messages)
    return re.sub(r"<[^>]*>", "\n", text) if text.startswith("<?xml") else text


def seen(path: Path) -> str:
    """What somebody reads in a file that was written."""
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as package:
            text = package.read("word/document.xml").decode("utf-8")
        return unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<m:oMath>.*?</m:oMath>", " ", text)))
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        text = re.sub(r"(?s)<(style|script|math|svg)\b.*?</\1>", " ", text)
        labels = " ".join(re.findall(r'aria-label="([^"]*)"', text))
        text = unescape(re.sub(r"<[^>]*>", "\n", text)) + labels
    if path.suffix == ".csv":  # its header and its verdicts are for programs
        text = "\n".join(row.rpartition(",")[2] for row in text.splitlines()[1:])
    return text


@pytest.mark.parametrize("arguments", GIVEN, ids=" ".join)
def test_no_english_is_left(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_text(PROBLEM % "", encoding="utf-8")
    (tmp_path / "answers.csv").write_text(CLASS, encoding="utf-8")
    (tmp_path / "roster.csv").write_text("学号,姓名\n7,Ada\n8,王小明\n", encoding="utf-8")
    names = {"P": "problem.json", "A": "answers.csv", "A2": "roster.csv", "out": "out/"}
    paths = {key: str(tmp_path / name) for key, name in names.items()}
    given = [paths.get(part, str(tmp_path / part) if part.startswith("F.") else part) for part in arguments]
    done = run(*given, "--lang", "zh")
    text = (spoken(done.stdout) + "\n" + done.stderr).replace(str(tmp_path), "")
    text += "".join(seen(path) for path in sorted(tmp_path.glob("F.*"))) + "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.glob("out/7/*.md")
    )
    text = re.sub(r"(?s)\$\$.*?\$\$", " ", text)
    assert re.search(r"[\u4e00-\u9fff]", text)
    assert not latin(text) - (set(IN_MODELS) if arguments[0] == "inspect" else set()), latin(text)
    for line in text.splitlines():
        assert not re.search(
            r"[\u4e00-\u9fff”）][,;:?!](?:\s|$)|[\u4e00-\u9fff]\.(?:\s|$)|[,;:] [\u4e00-\u9fff]", line
        ), line


def test_a_sweep_speaks_chinese_too() -> None:
    results = [{"val_loss": 0.5, "epoch": 3, "options": {"hidden": 16}}]
    try:
        speak("zh")
        text = render(sweep(results, ["hidden"]), "plain")
    finally:
        speak("en")
    assert text.split() == ["验证损失", "轮", "hidden", "0.5", "3", "16"]
    assert render(sweep(results, ["hidden"]), "csv").startswith("val_loss,epoch,hidden")


WRITTEN = [*sorted((ROOT / "docs" / "zh").glob("*.md")), ROOT / "README.zh-CN.md", catalogue.LOCALE / "zh"]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_one_word_for_you_and_for_what_is_carried(path: Path) -> None:
    texts = catalogue.read(path / "LC_MESSAGES" / "rnncalc.po").values() if path.is_dir() else [path.read_text("utf-8")]
    text = "\n".join(texts)
    assert not re.findall("您|连带|顺延|沿用错误|沿用前面", text)
    assert "你" in text or path.stem in ("README.zh-CN", "engineer", "teacher")


@pytest.mark.parametrize("format", ["html", "docx"])
def test_pages_say_that_they_are_chinese(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{format}"
    assert run("forward", *SMALL, "-o", str(path), "--lang", "zh").returncode == 0
    if format == "docx":
        with zipfile.ZipFile(path) as package:
            parts = [package.read(name).decode() for name in package.namelist() if name.endswith(".xml")]
        assert any(re.search(r"eastAsia=\"zh", part) for part in parts)
    else:
        assert re.search(r"<html\b[^>]*\blang=\"zh-Hans\"", path.read_text("utf-8"))
