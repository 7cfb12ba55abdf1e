"""What every command prints where the stream's encoding lacks letters: those are replaced, and nothing else."""

import io
import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from rnncalc.cli.main import COMMANDS, commands
from rnncalc.cli.streams import SpelledStream
from rnncalc.common.i18n import language, speak
from rnncalc.common.letters import LACKING, STAND_INS, has, spelled

ENCODINGS = ("gbk", "big5", "cp1252", "ascii", "latin-1", "cp437", "shift_jis", "utf-8", "utf-16")
PROBLEM = {
    "title": "Épreuve · 门控 ≤ 3",
    "cell": "gru_after", "U": [[0.9], [0.1], [0.4]], "W": [[0.5], [0.2], [0.1]], "b": [0.3, -0.2, 1],
    "d": [0.5], "V": [[2]], "x": [0.7, 0.5, 0.2], "targets": [1, 1, 0], "loss": "half_squared_error", "lr": 0.1,
}  # fmt: skip
ANSWERED = ("check", "P", "--h", "0.558 _ 0.455", "--y", "1.116 x 1", "--explain")
GIVEN: list[tuple[str, ...]] = [
    *((command, "--help") for command in COMMANDS),
    *(("forward", "P", "--work", "--format", form) for form in ("plain", "table", "markdown", "latex", "csv")),
    *(("backward", "P", "--work", "--flow", "--format", form) for form in ("plain", "table")),
    ANSWERED,
    ("grade", "P", "A", "--format", "plain", "--feedback", "full"),
    ("grade", "P", "A", "--format", "csv", "--bom"),
    ("new", "lstm", "--layers", "2", "--solution", "--seed", "3"),
    ("init", "gru", "--inputs", "2", "--hidden", "3"),
    ("explain",),
    *(("explain", topic) for topic in ("lstm", "marking", "problem_file", "verdicts", "update_complement")),
]  # fmt: skip
DATA: list[tuple[str, ...]] = [
    *((*ANSWERED, "--format", form) for form in ("json", "html", "svg")),
    ("grade", "P", "A", "--format", "gradescope"),
    ("grade", "P", "A", "--format", "junit"),
    ("new", "elman", "--format", "moodle", "--mistakes"),
]


def printed(
    arguments: tuple[str, ...], encoding: str, spoken: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Standard output and error of a command in this process, read back."""
    (folder / "p.json").write_text(json.dumps(PROBLEM), encoding="utf-8")
    (folder / "a.csv").write_text('学号,姓名,"h[1]","h[2]",y_3\n7,王小明,0.7,,x\n8,Łø Øß,0.1,0.2,1\n', encoding="utf-8")
    given = [{"P": str(folder / "p.json"), "A": str(folder / "a.csv")}.get(part, part) for part in arguments]
    kept, before = [io.BytesIO(), io.BytesIO()], language()
    streams = [SpelledStream(file, encoding, "strict", line_buffering=True) for file in kept]
    try:
        with monkeypatch.context() as there:
            there.setenv("LANGUAGE", spoken)
            there.setenv("COLUMNS", "80")
            there.setattr(sys, "stdout", streams[0])
            there.setattr(sys, "stderr", streams[1])
            speak(spoken)
            commands.main(given, standalone_mode=False, prog_name="rnncalc")
    finally:
        speak(before)
    for stream in streams:
        stream.flush()
    return [file.getvalue().decode(encoding) for file in kept]


def words(text: str) -> str:
    """A text without what the widths of its letters decide: blanks, rules, the breaks of lines."""
    return re.sub(r"[\s─-]", "", text)


@pytest.mark.parametrize("spoken", ["en", "zh"])
@pytest.mark.parametrize("arguments", GIVEN, ids=" ".join)
def test_only_letters_that_lack_are_replaced(
    arguments: tuple[str, ...], spoken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "".join(printed(arguments, "utf-8", spoken, tmp_path, monkeypatch))
    for encoding in ENCODINGS:
        text = "".join(printed(arguments, encoding, spoken, tmp_path, monkeypatch))
        if encoding.startswith("utf"):
            assert text == whole
        else:
            assert words(text) == words(spelled(whole, encoding)), encoding
        lost = text.count(LACKING) - whole.count(LACKING)
        chinese = sum(not has(encoding, letter) for letter in re.findall(r"[\u3000-\u9fff]", whole))
        assert 0 <= lost <= chinese, encoding
        assert encoding != "gbk" or "门控" in text or "门控" not in whole


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("arguments", DATA, ids=" ".join)
def test_data_keep_every_letter(
    arguments: tuple[str, ...], encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, text = (printed(arguments, name, "zh", tmp_path, monkeypatch)[0] for name in ("utf-8", encoding))
    if arguments[-1] in ("json", "gradescope"):
        assert json.loads(text) == json.loads(whole)
    else:
        assert unescape(text) == unescape(whole)
        assert LACKING * 2 not in text


@pytest.mark.parametrize("letter", STAND_INS)
def test_every_stand_in_is_plainer_than_its_letter(letter: str) -> None:
    *_better, plain = STAND_INS[letter]
    assert plain.isascii()
    assert all(spelled(letter, encoding) != LACKING for encoding in ENCODINGS)


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "utf-16"])
def test_a_process_prints_so(encoding: str) -> None:
    """Results, notes and refusals, whatever click makes of a stream in ASCII."""
    surroundings = {**os.environ, "PYTHONIOENCODING": encoding}
    for arguments in (("--title", "✓ é"), ("--Ü", "1"), ("--U", "✓"), ("--help",)):
        command = [sys.executable, "-m", "rnncalc", "forward", "--U", "1", "--W", "1", "--x", "1", *arguments]
        done = subprocess.run(command, capture_output=True, env=surroundings)
        for stream in (done.stdout, done.stderr):
            text = stream.decode(encoding)
            assert "codec" not in text
            assert LACKING not in text
            assert "\\x" not in text
