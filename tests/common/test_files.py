"""Nothing is lost: files are replaced whole, what is read is never written, what is not ours is never deleted.

Longer than other files: every command that writes is tried against every promise.
"""

import ast
import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import random_network, run

from rnncalc.classroom.grading.journal import MarksJournal
from rnncalc.cli.main import COMMANDS, commands
from rnncalc.cli.translated_commands import OutputFile
from rnncalc.common import files
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.network.training.settings import Progress
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import checkpoint, recipe, sweep
from rnncalc.pipeline import run as runs

PACKAGE = Path(files.__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


# ----------------------------------------------------------------------------------------------------------- one writer


def test_only_one_module_replaces_and_deletes_files() -> None:
    """The journal only adds lines. A scratch folder holds nobody's files. The cache of kernels keeps neither mode nor
    link of what was there: a file that others can write must not stay so."""
    allowed = {"common/files.py", "common/journal.py", "common/scratch.py", "engine/compiled/codegen/cache.py"}
    calls = {"replace", "rename", "unlink", "remove", "rmdir", "truncate", "ftruncate", "write_text", "write_bytes",
             "rmtree", "savefig", "savez", "mkstemp", "NamedTemporaryFile"}  # fmt: skip
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            text = ast.unparse(node)
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            of_os = text.startswith(("os.", "shutil.", "Path("))
            if called in ("replace", "rename", "remove", "unlink", "truncate") and not of_os:
                assert called not in ("unlink", "rename") or text.startswith("files."), f"{name}: {text}"
            elif called in calls and not text.startswith(("files.", "super().")):  # super: of a help page
                if called == "savez":  # into memory
                    assert text.startswith("np.savez(content,"), f"{name}: {text}"
                    continue
                assert called == "savefig", f"{name}: {text}"
                assert text.startswith("figure.savefig(picture,")
            words = [*node.args[1:], *(word.value for word in node.keywords)]
            if called == "open" and {"w", "a", "x", "wb", "ab", "xb"} & {getattr(word, "value", "") for word in words}:
                assert "os.devnull" in text, f"{name}: {text}"


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("mode", [None, 0o600, 0o640, 0o644, 0o755, 0o2664])
@pytest.mark.parametrize("link", [None, "absolute", "relative", "chain", "dangling"])
def test_links_are_written_through_and_modes_stay(
    tmp_path: Path, umask: int, mode: int | None, link: str | None
) -> None:
    place = tmp_path / "deep" / "real.json"
    place.parent.mkdir()
    if mode is not None:
        place.write_text("old")
        place.chmod(mode)
    name = tmp_path / "name.json"
    if link is None:
        name = place
    else:
        name.symlink_to("deep/real.json" if link == "relative" else place)
        if link == "chain":
            name = tmp_path / "second"
            name.symlink_to("name.json")
    before = os.umask(umask)
    try:
        files.write(name, "new")
    finally:
        os.umask(before)
    assert place.read_text() == "new"
    assert place.stat().st_mode & 0o7777 == (0o666 & ~umask if mode is None else mode)
    assert name.is_symlink() == (link is not None)
    assert [entry.name for entry in place.parent.iterdir()] == ["real.json"]


@posix
def test_what_appends_to_a_log_through_dev_stdout_does_not_lose_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    words = ["forward", "--U", "1", "--W", "0", "--x", "1", "-o", "/dev/stdout"]
    with log.open("a") as out:
        assert subprocess.run([sys.executable, "-m", "rnncalc", *words], stdout=out).returncode == 0
    assert log.read_text().startswith("before\n")
    assert "h_t" in log.read_text()


# ------------------------------------------------------------------------------------------------ inputs are no outputs

KINDS = ("itself", "another spelling", "symbolic link", "hard link", "link to the input")
COMMANDS_AND_INPUTS = [  # a command that reads files by these names, and what it is told to write
    *(("forward problem.json -o OUT", "problem.json"), ("forward --U 1 --W 1 --x @x.csv -o OUT", "x.csv")),
    ("forward --U 1 --W 1 --x @x.csv:1 -o OUT", "x.csv"),
    *(("forward --U 1 --W 1 --x @x.npy -o OUT", "x.npy"), ("forward --U 1 --W 1 --x @x.json -o OUT", "x.json")),
    *(("forward --model m.safetensors --data d.csv -o OUT", name) for name in ("m.safetensors", "d.csv")),
    *(("backward problem.json -o OUT", "problem.json"), ("check problem.json -o OUT", "problem.json")),
    ("check problem.json --answers answers.json -o OUT", "answers.json"),
    *((f"grade problem.json in/a.json table.csv {option} OUT", name)
      for option in ("-o", "--journal", "--report") for name in ("problem.json", "in/a.json", "table.csv")),
    *((f"grade problem.json in {option} OUT", "in/a.json") for option in ("-o", "--journal", "--report")),
    *((f"train --data d.csv --test t.csv --target y {more} -o OUT", name)
      for more in ("", "--resume") for name in ("d.csv", "t.csv")),
    *(("train --config c.json -o OUT", name) for name in ("c.json", "d.csv", "t.csv")),
    *(("predict m.safetensors d.csv -o OUT", name) for name in ("m.safetensors", "d.csv")),
    *(("generate m.safetensors -o OUT", "m.safetensors"), ("plot loss m.safetensors -o OUT", "m.safetensors")),
    *((f"plot {kind} m.safetensors --data d.csv -o OUT", name)
      for kind in ("states", "flow") for name in ("m.safetensors", "d.csv")),
    *(("sweep --space space.json --config c.json -o OUT", name) for name in ("space.json", "c.json", "d.csv", "t.csv")),
    ("new gru --students table.csv -o OUT", "table.csv"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every kind of file that a command reads."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    keys = {"cell": "elman", "U": [[0.5]], "W": [[0.25]], "x": [[1], [2]], "targets": [[1], [0]],
            "loss": "half_squared_error", "answers": {"h": [["0.4"], ["0.7"]]}}  # fmt: skip
    options = {"data": "d.csv", "test": "t.csv", "target": "y", "epochs": 1, "hidden": 2, "engine": "equations"}
    for name, content in {
        "problem.json": keys, "answers.json": {"h": [["0.4"], ["0.7"]]},
        "in/a.json": {"h": [["0.4"], ["0.7"]]}, "x.json": [[1], [2]], "c.json": options, "space.json": {"lr": [0.1]},
    }.items():  # fmt: skip
        Path(name).write_text(json.dumps(content))
    for name in ("d.csv", "t.csv"):
        Path(name).write_text("x,y\n" + "\n".join(f"{k},{-k}" for k in range(9)))
    Path("x.csv").write_text("1\n2\n")
    Path("table.csv").write_text("id,h[1][1]\ns1,0.4\n")
    np.save("x.npy", np.ones((2, 1)))
    network = random_network(CELLS["elman"], read_out="softmax", D=1, H=2)
    about = {"kind": "table", "inputs": 1, "outputs": 7, "classes": False, "at": "every"}
    models.save(models.Model(network, about, {}, [{"epoch": 1, "loss": 1.0}]), "m.safetensors")
    models.save(models.Model(network), "run.checkpoint")
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("words", "name"), COMMANDS_AND_INPUTS)
def test_no_output_is_an_input(folder: Path, words: str, name: str, kind: str) -> None:
    if kind == "link to the input" and words.split()[2] == "in":
        return  # links in a folder are not followed: it is no input
    if words.startswith("plot"):
        pytest.importorskip("matplotlib")
    output = name
    if kind == "another spelling":
        output = f"in/../{name}"
    elif kind == "symbolic link":
        output = f"link{Path(name).suffix}"
        Path(output).symlink_to(name)
    elif kind == "hard link":
        output = f"link{Path(name).suffix}"
        os.link(name, output)
    elif kind == "link to the input":  # the input is the link
        Path(name).rename("real")
        Path(name).symlink_to(folder / "real")
        output = "real"
    if "--resume" in words:
        options = json.loads(Path("c.json").read_text())
        progress = {**asdict(Progress()), "count": 0}
        about = {"format": 1, "options": options, "fingerprint": 0, "progress": progress}
        models.write(f"{output}.checkpoint", {}, about)
        words = "train --resume -o OUT"
    before = contents(folder)
    result = CliRunner().invoke(commands, words.replace("OUT", output).split(), standalone_mode=False)
    assert isinstance(result.exception, RnncalcError), (result.exception, result.output)
    said = ("cannot be written over", "nothing here is written as")  # an ending that is none of the command's
    assert any(text in str(result.exception) for text in said), result.exception
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("train --data run.checkpoint --kind table -o run", "run.checkpoint"),
        ("grade problem.json marks.csv.journal -o marks.csv", "marks.csv.journal"),
        ("grade problem.json in --format gradescope -o in/", "in/a.json"),
        ("grade problem.json in/a.json --format prairielearn -o in", "in/a.json"),
        ("forward - -o problem.json", "problem.json"),
        ("grade problem.json - -o table.csv", "table.csv"),
    ],
)
def test_no_output_that_nobody_named_is_an_input(folder: Path, words: str, name: str) -> None:
    """Checkpoints, journals, the files of a folder; and what is read from standard input."""
    if not Path(name).exists():
        Path(name).write_text("id,h[1][1]\ns1,0.4\n")
    before = contents(folder)
    with open(name, "rb") as given:
        done = subprocess.run([sys.executable, "-m", "rnncalc", *words.split()], stdin=given, capture_output=True)
    assert done.returncode == 2
    assert "cannot be written over" in done.stderr.decode(), done.stderr
    assert contents(folder) == before


def test_two_outputs_are_two_files(folder: Path) -> None:
    for words in ("--report m.csv", "--journal m.csv", "--report r --journal ./r"):
        result = CliRunner().invoke(commands, f"grade problem.json in -o m.csv {words}".split(), standalone_mode=False)
        assert "are one file" in str(result.exception)


def test_every_option_that_names_a_file_to_write_is_known_as_one() -> None:
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        for option in command.params:
            if {"--output-file", "--report", "--journal"} & {*option.opts}:
                assert isinstance(option.type, OutputFile), (name, option.name)


# -------------------------------------------------------------------------------------------- what is not ours stays


FOREIGN = ("id,name\ns1,x\n", "last line", '{"lr": [0.1]}', "\n", '{"options": 3}\n', "[1]", "\0\xff")


@pytest.mark.parametrize("content", FOREIGN)
def test_a_file_that_is_not_ours_is_neither_added_to_nor_deleted(folder: Path, content: str) -> None:
    for words in ("grade problem.json in --journal OTHER", "sweep --space space.json --config c.json -o OTHER"):
        Path("other").write_text(content)
        before = contents(folder)
        result = CliRunner().invoke(commands, words.replace("OTHER", "other").split(), standalone_mode=False)
        assert "no result of this command" in str(result.exception), result.exception
        assert contents(folder) == before


def test_training_deletes_beside_the_model_only_what_it_left_itself(folder: Path) -> None:
    run_ = recipe.prepare({**recipe.from_file("c.json"), "test": None})
    runs.save(run_, "env")
    whole = Path("env").read_bytes()
    for name in (".env.local", ".env.deadbeef", ".env.checkpoint.deadbeef", ".env.0000"):
        Path(name).write_text("somebody's")
    Path(".env.0badcafe").write_bytes(whole[: len(whole) // 2])
    Path(".env.checkpoint.0badcafe").write_bytes(whole[:200])
    Path(".other.0badcafe").write_bytes(whole)
    runs.carry_out(run_, "env", 0.0, lambda trainer: None)
    hidden = sorted(path.name for path in folder.iterdir() if path.name.startswith((".", "env")))
    assert hidden == [".env.0000", ".env.checkpoint.deadbeef", ".env.deadbeef", ".env.local", ".other.0badcafe", "env"]


def test_what_is_no_checkpoint_is_not_resumed(folder: Path) -> None:
    done = run("train", "--resume", "-o", "run")
    assert done.returncode == 2
    assert "run.checkpoint is no checkpoint" in done.stderr


def test_a_folder_of_marks_puts_aside_what_it_did_not_write(folder: Path) -> None:
    Path("out").mkdir()
    Path("out/a.json").write_text('{"h": [["0.4"], ["0.7"]]}')
    for _time in range(2):
        done = run("grade", "problem.json", "in", "--format", "gradescope", "-o", "out/")
        assert done.returncode == 0, done.stderr
        assert sorted(os.listdir("out")) == ["a.json", "a.json.1"]
    assert Path("out/a.json.1").read_text() == '{"h": [["0.4"], ["0.7"]]}'


# ------------------------------------------------------------------------------------------------------- a full disk


class Disk:
    """Full while `full`, for the files whose names end so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ending: str = "") -> None:
        self.full, self.ending, self.replace = False, ending, os.replace
        monkeypatch.setattr(os, "replace", self._replace)

    def _replace(self, source: Path, place: Path) -> None:
        if self.full and str(place).endswith(self.ending):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.replace(source, place)


def prepared() -> recipe.Run:
    return recipe.prepare({**recipe.from_file("c.json"), "epochs": 6, "batch": 2, "window": 3, "test": None})


@pytest.mark.parametrize("when", ["for a while", "from the middle on", "always"])
def test_a_full_disk_at_a_checkpoint_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    undisturbed = prepared()
    runs.carry_out(undisturbed, "whole", 1e9, lambda trainer: None)
    disk, trained = Disk(monkeypatch), prepared()
    warnings: list[files.WriteError] = []
    disk.full = when == "always"

    def watch(trainer: Trainer) -> None:
        middle = trainer.progress.epoch >= 3
        disk.full = {"for a while": trainer.progress.epoch == 2, "from the middle on": middle}.get(when, True)

    if when == "for a while":
        runs.carry_out(trained, "env", 0.0, watch, warnings.append)
        assert not Path("env.checkpoint").exists()
    else:
        with pytest.raises(files.WriteError, match="the disk is full") as error:
            runs.carry_out(trained, "env", 0.0, watch, warnings.append)
        assert not Path("env").exists()
        assert Path("env.checkpoint").exists() == (when == "from the middle on")
        assert ("rnncalc train --resume -o env" in str(error.value)) == (when == "from the middle on")
        disk.full = False
    assert warnings
    assert all("the disk is full" in str(warning) for warning in warnings)
    assert not list(folder.glob(".env*"))
    if when == "from the middle on":
        runs.carry_out(checkpoint.resume("env", {}), "env", 1e9, lambda trainer: None)
    if when != "always":
        assert Path("env").read_bytes() == Path("whole").read_bytes()


class SmallDisk:
    """A folder for whose files there is as much room as is said; None for any."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder, self.write = folder, files.write
        self.room: int | None = None
        monkeypatch.setattr(files, "write", self._write)
        monkeypatch.setattr(os, "posix_fallocate", self._allocate)

    def used(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*"))

    def _check(self, size: int) -> None:
        if self.room is not None and self.used() + size > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _write(self, path: files.Name, content: str | bytes, durable: bool = False) -> None:
        try:
            if Path(path).absolute().is_relative_to(self.folder):
                self._check(len(content))
        except OSError:
            raise files.WriteError(f"cannot write {path}: the disk is full") from None
        self.write(path, content, durable)

    def _allocate(self, descriptor: int, begin: int, size: int) -> None:
        self._check(size)
        os.truncate(descriptor, begin + size)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_disk_that_somebody_fills_takes_no_room_that_was_reserved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Full from so many steps on, to the end: every checkpoint and the model are written all the same."""
    undisturbed = prepared()
    runs.carry_out(undisturbed, "whole", 1e9, lambda trainer: None)
    disk, trained = SmallDisk(monkeypatch, folder), prepared()
    warnings: list[files.WriteError] = []
    seen: list[int] = []

    def watch(trainer: Trainer) -> None:
        if trainer.progress.steps > after and disk.room is None:
            disk.room = disk.used()
        if disk.room is not None:
            seen.append(
                models.read("env.checkpoint")[1]["progress"]["steps"] if Path("env.checkpoint").exists() else -1
            )

    runs.carry_out(trained, "env", 0.0, watch, warnings.append)
    assert Path("env").read_bytes() == Path("whole").read_bytes()
    assert warnings == []
    assert seen[-1] == trained.trainer.progress.steps
    assert not list(folder.glob(".env*"))


def test_what_finds_no_room_beside_the_model_is_kept_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full from before the first checkpoint: the message says where the run lies, and how it goes on from there."""
    undisturbed = prepared()
    runs.carry_out(undisturbed, "whole", 1e9, lambda trainer: None)
    for ended in (True, False):
        disk, trained = SmallDisk(monkeypatch, folder), prepared()
        disk.room = disk.used()
        with pytest.raises(files.WriteError, match="the disk is full") as error:
            runs.carry_out(trained, "env", 0.0, lambda trainer: None) if ended else checkpoint.pause(trained, "env")
        assert not list(folder.glob("*env*"))
        assert "rnncalc train --resume -o env" in str(error.value)
        (place,) = re.findall(r"lies in (\S+): move it to (\S+),", str(error.value))
        monkeypatch.undo()
        monkeypatch.chdir(folder)
        os.replace(*place)
        runs.carry_out(checkpoint.resume("env", {}), "env", 1e9, lambda trainer: None)
        assert Path("env").read_bytes() == Path("whole").read_bytes()
        Path("env").unlink()


def test_results_are_read_within_the_bound_of_all_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = '{"options": {"lr": 1}, "val_loss": 0.5}\n'
    Path("s.jsonl").write_text(line * 3)
    for most, allowed in ((len(line) * 3, True), (len(line) * 3 - 1, False), (10, False)):
        monkeypatch.setenv("RNNCALC_MAX_BYTES", str(most))
        for journal in (sweep.Results, MarksJournal):
            if not allowed:
                with pytest.raises(RnncalcError, match=f"s.jsonl holds .* bytes, more than {most}: set RNNCALC_MAX"):
                    journal("s.jsonl").__enter__()
            elif journal is sweep.Results:
                with journal("s.jsonl") as kept:
                    assert len(kept.results) == 1
        assert Path("s.jsonl").read_text() == line * 3


@posix
def test_a_full_disk_stops_no_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that a journal could not take are written with the next ones; the last word is whether all are there."""
    written, full = os.write, [False, True, True, False]

    def write(file: int, data: bytes) -> int:
        if full.pop(0) if full else False:
            written(file, data[:5])  # as much as there was room for
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(file, data)

    result = {"options": {"lr": 1}, "val_loss": 0.5}
    with sweep.Results("s.jsonl") as kept:
        monkeypatch.setattr(os, "write", write)
        for number in range(4):
            kept.add({str(number): {**result, "options": {"lr": number}}})
            assert bool(kept.trouble) == (number in (1, 2))
    monkeypatch.undo()
