"""Every door of rnncalc, and the laws that hold there for every valid problem.

A problem goes through the commands (every format, both engines, `--work`, `check` of its own answers, `grade`, …) and
through Python (call, trace, gradients, stepper, copies, files). `visit` gives back how often a door was opened and
which laws were broken. Laws, in float64: nothing escapes and nothing warns; a valid problem is not refused; the engines
agree; all formats carry the same numbers; `check` accepts what `forward` and `backward` print.

Longer than other files: the laws stand beside the doors at which they hold.
"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rnncalc.classroom.grading.submissions import LARGEST
from rnncalc.model.cells import CELLS
from support.claims import answers, columns
from support.commands import Done, command
from support.letters import in_other_letters
from support.python_doors import python_doors

FORMATS = ("plain", "table", "markdown", "latex", "csv")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass
class Fault:
    """A law that a problem broke: at which door, what was seen, the problem."""

    door: str
    what: str
    keys: Any

    @property
    def kind(self) -> str:
        """What faults of one cause have in common: the door's first word and the text without numbers."""
        return f"{self.door.split()[0]}: {NUMBER.sub('#', self.what.strip().splitlines()[-1])[:150]}"


@dataclass
class Report:
    """How often each door was opened, and what was broken there."""

    runs: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


class LawBrokenError(AssertionError):
    """A law does not hold."""


def law(holds: bool, what: str) -> None:
    """Raise LawBrokenError with what was seen, unless the law holds."""
    if not holds:
        raise LawBrokenError(what)


def visit(
    keys: Any, rng: random.Random, folder: Path, engines: tuple[str, ...], report: Report, most: int | None = None
) -> None:
    """Take one problem through every door, or through `most` of them. engines: with which the commands run."""
    path = folder / "problem.json"
    path.write_text(json.dumps(keys), encoding="utf-8")
    doors = [*_commands(keys, rng, path, engines), *python_doors(keys, rng, folder, engines)]
    for name, door in doors if most is None else rng.sample(doors, min(most, len(doors))):
        report.runs[name.split()[0]] += 1
        try:
            door()
        except Exception as error:
            law_broken = isinstance(error, AssertionError)
            report.faults.append(Fault(name, str(error) if law_broken else traceback.format_exc(limit=-6), keys))


def visit_new(rng: random.Random, folder: Path, report: Report) -> None:
    """`new` makes a problem in a folder; its own solution is right, its empty form is not, and both are judged."""
    cell = rng.choice(list(CELLS))
    options = [f"--units={rng.randint(1, 3)}", f"--inputs={rng.randint(1, 3)}", f"--steps={rng.randint(1, 4)}"]
    options += [f"--outputs={0 if not CELLS[cell].owns_read_out and rng.random() < 0.4 else rng.randint(1, 3)}"]
    options += [f"--seed={rng.randint(0, 10**6)}", *rng.choice(([], ["--backward"], ["--backward", "--lr", "0.1"]))]
    home = folder / "new"
    shutil.rmtree(home, ignore_errors=True)

    def door() -> None:
        made = command("new", cell, *options, "-o", f"{home}/")
        law(made.code == 0, f"{options}: exit {made.code}: {made.err}")
        problem, solution = str(home / "problem.json"), str(home / "solution.json")
        done = command("check", problem, "--answers", solution)
        law(done.code == 0, f"{cell} {options}: exit {done.code}: {_wrong(done)} {done.err}")
        done = command("grade", problem, solution, str(home / "form.json"), "--format", "json")
        law(done.code == 0, f"{cell} {options}: exit {done.code}: {done.err}")

    report.runs["new"] += 3
    try:
        door()
    except Exception as error:
        seen = str(error) if isinstance(error, AssertionError) else traceback.format_exc(limit=-6)
        report.faults.append(Fault("new", seen, [cell, *options]))


Door = tuple[str, Callable[[], object]]


def _commands(keys: Any, rng: random.Random, path: Path, engines: tuple[str, ...]) -> Iterator[Door]:
    work = _Work(keys, rng, str(path), engines)
    yield "forward json", work.forward
    for format_ in FORMATS:
        yield f"forward {format_}", partial(work.format, "forward", format_)
    yield "forward float32", lambda: work.ran("forward", "--dtype", "float32", "--format", "json")
    yield "forward zh", lambda: work.ran("forward", "--work", "--lang", "zh")
    yield "forward show", work.show
    if "loss" in keys or "dy" in keys:
        yield "backward json", work.backward
        for format_ in FORMATS:
            yield f"backward {format_}", partial(work.format, "backward", format_)
        yield "backward float32", lambda: work.ran("backward", "--dtype", "float32", "--format", "json")
        yield "backward zh", lambda: work.ran("backward", "--work", "--lang", "zh", "--step", "last")
        yield "backward gradcheck", work.gradcheck
        yield "backward flow", lambda: work.ran("backward", "--flow")
        yield "backward threads", lambda: work.ran("backward", "--threads", "2", "--format", "json")
        yield "backward letters", lambda: work.letters(path.parent, "backward")
    yield "forward letters", lambda: work.letters(path.parent, "forward")
    yield "check own", work.check
    yield "check hint", lambda: work.check("--hint")
    yield "check explain", lambda: work.check("--explain", "--lang", "zh")
    yield "check wrong", work.check_wrong
    yield "grade json", lambda: work.grade(path.parent)
    yield "grade csv", lambda: work.grade_table(path.parent)


class _Work:
    """The commands on one problem; what `forward` and `backward` print is what the others are held against."""

    def __init__(self, keys: Any, rng: random.Random, path: str, engines: tuple[str, ...]) -> None:
        self.keys, self.rng, self.path, self.engines = keys, rng, path, engines
        self.printed: dict[str, Any] = {}

    def ran(self, name: str, *options: str) -> Done:
        """The command's answer; it may say that a number is not finite, nothing else."""
        engine = () if "--engine" in options or name == "grade" else ("--engine", self.engines[0])
        done = command(name, self.path, *engine, *options)
        law(done.code in (0, 3), f"exit {done.code}: {done.err}")
        return done

    def forward(self) -> None:
        self._by_both("forward")

    def backward(self) -> None:
        self._by_both("backward")

    def _by_both(self, name: str) -> None:
        codes = []
        for engine in self.engines:
            done = self.ran(name, "--format", "json", "--engine", engine)
            codes.append(done.code)
            if name in self.printed and 3 not in codes:
                difference = differs(self.printed[name], done.data)
                law(not difference, f"the engines differ: {difference}")
            self.printed.setdefault(name, done.data)
        law(len(set(codes)) == 1, f"exit codes of the engines: {codes}")
        everywhere = finite(self.printed[name]) and self._inside()
        law((codes[0] == 3) == (not everywhere), f"exit {codes[0]}, finite: {everywhere}")

    def _inside(self) -> bool:
        """Whether every number of a step is finite; merged initial and final states are only shown."""
        forward = self.result("forward")
        return finite([forward["trace"], forward.get("layers", [])])

    def result(self, name: str) -> Any:
        """What the command prints as JSON."""
        if name not in self.printed:
            self.printed[name] = self.ran(name, "--format", "json").data
        return self.printed[name]

    def show(self) -> None:
        """A choice of signals and of steps."""
        signals = list(self.result("forward")["trace"])
        chosen = self.rng.sample(signals, min(2, len(signals)))
        self.ran("forward", "--show", ",".join(chosen), "--step", "last", "--digits", "3")

    def format(self, name: str, format_: str) -> None:
        """The numbers of the JSON stand in every format: CSV whole, the others rounded."""
        options = ("--work",) if self.rng.random() < 0.3 and format_ != "csv" else ()
        done = self.ran(name, "--format", format_, *options)
        trace = self.result("forward")["trace"] if name == "forward" else self.result("backward")["steps"]
        wanted = trace.get("y") if name == "forward" else trace.get("dx")
        if wanted is None or done.code == 3:
            return
        text = done.out.replace("−", "-").replace("\\,", "")
        text = re.sub(r"\s*(?:\\cdot|\\times|·|×)\s*10\^\{(-?\d+)\}", r"e\1", text)
        printed = {float(number) for number in NUMBER.findall(text)}
        if name == "forward":
            missing = [v for v in numbers(wanted) if not _printed(v, printed, format_ == "csv")]
            law(not missing, f"{format_} lacks {missing[:3]}")

    def letters(self, folder: Path, name: str) -> None:
        """The same problem in another school's letters has the same numbers."""
        other = in_other_letters(self.keys, self.rng)
        if other is None:
            return
        path = folder / "letters.json"
        path.write_text(json.dumps(other), encoding="utf-8")
        done = command(name, str(path), "--format", "json", "--engine", self.engines[0])
        law(done.code in (0, 3), f"exit {done.code}: {done.err}")
        part = "trace" if name == "forward" else "loss"
        difference = differs(self.result(name)[part], done.data[part])
        law(not difference or done.code == 3, f"{other['notation']}: {difference}")
        command(name, str(path), "--work", "--lang", "zh")

    def gradcheck(self) -> None:
        done = self.ran("backward", "--gradcheck")
        law(bool(done.out), "nothing was printed")

    # checking ---------------------------------------------------------------------------------------------------------

    def _answers(self, digits: int | None = None) -> Any:
        digits = digits or self.rng.choice((4, 6, 9))
        back = self.result("backward") if "loss" in self.keys or "dy" in self.keys else None
        return answers(self.keys, self.result("forward"), back, digits)

    def check(self, *options: str) -> None:
        """What was printed is right; where no sequence has a step, nothing can be answered."""
        mine = self._answers()
        if not any(_places(mine)):
            return
        done = command("check", self.path, "--answers", json.dumps(mine), *options, "--engine", self.engines[0])
        broken = not self._inside() or not finite(self.printed.get("backward", []))
        codes = (1, 3) if broken else (0,) if finite(self.result("forward")) else (0, 3)  # 3: a solution shows them
        law(done.code in codes, f"exit {done.code}: {_wrong(done)} {done.err}")

    def check_wrong(self) -> None:
        """A number that is wrong is found, and its neighbours are judged without trouble."""
        mine = self._answers(4)
        if spoil(mine, self.rng):
            done = command("check", self.path, "--answers", json.dumps(mine), "--format", "json")
            law(done.code in (1, 3), f"exit {done.code}, a wrong number was taken: {done.err}")
            law(done.data["verdict"] in ("wrong", "incomplete", "unreadable"), f"verdict {done.data['verdict']}")

    def grade(self, folder: Path) -> None:
        mine, submission = self._answers(6), folder / "anna.json"
        if not any(_places(mine)):
            return
        submission.write_text(json.dumps({"id": "anna", "answers": mine}), encoding="utf-8")
        if submission.stat().st_size > LARGEST:  # is refused, and said
            return
        self._score(command("grade", self.path, str(submission), "--format", "json"))

    def grade_table(self, folder: Path) -> None:
        head, row = columns(self.result("forward"))
        table = folder / "class.csv"
        table.write_text(",".join(["id", *head]) + "\n" + ",".join(["anna", *row]) + "\n", encoding="utf-8")
        if head:
            self._score(command("grade", self.path, str(table), "--format", "json"))

    def _score(self, done: Done) -> None:
        law(done.code == 0, f"exit {done.code}: {done.err}")
        if self._inside() and finite(self.printed.get("backward", [])):
            row = done.data["rows"][0]
            law(row["score"] == 1, f"score {row['score']}: {row}"[:600])


def numbers(nested: Any) -> Iterator[float]:
    """Every number in nested lists and objects."""
    if isinstance(nested, dict):
        nested = list(nested.values())
    if isinstance(nested, list):
        for part in nested:
            yield from numbers(part)
    elif isinstance(nested, int | float) and not isinstance(nested, bool):
        yield float(nested)


def finite(nested: Any) -> bool:
    """Whether no number is the text of one that is not finite."""
    if isinstance(nested, dict):
        return all(finite(part) for key, part in nested.items() if key != "notes")
    if isinstance(nested, list):
        return all(finite(part) for part in nested)
    return nested not in ("nan", "inf", "-inf")


def differs(first: Any, second: Any, where: str = "") -> str:
    """Where two answers of the same question differ by more than rounding; empty: nowhere."""
    if isinstance(first, dict) and isinstance(second, dict) and set(first) == set(second):
        return next((text for key in first if (text := differs(first[key], second[key], f"{where}.{key}"))), "")
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        differences = (differs(a, b, f"{where}[{i + 1}]") for i, (a, b) in enumerate(zip(first, second)))
        return next((text for text in differences if text), "")
    if isinstance(first, float) and isinstance(second, float):
        close = math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-11)
        return "" if close else f"{where}: {first} and {second}"
    return "" if first == second else f"{where}: {str(first)[:60]} and {str(second)[:60]}"


def spoil(mine: Any, rng: random.Random) -> bool:
    """Replace one number of the answers by another one, which is far outside what rounding on the way may open."""
    places = list(_places(mine))
    if not places:
        return False
    holder, key = rng.choice(places)
    holder[key] = f"{10 * abs(float(holder[key])) + 12.34:.4g}"
    return True


def _places(nested: Any) -> Iterator[tuple[Any, Any]]:
    items = nested.items() if isinstance(nested, dict) else enumerate(nested) if isinstance(nested, list) else ()
    for key, part in items:
        if isinstance(part, str):
            if np.isfinite(float(part)):
                yield nested, key
        else:
            yield from _places(part)


def _printed(value: float, printed: set[float], exact: bool) -> bool:
    return (value if exact else float(f"{value:.6g}")) in printed


def _wrong(done: Done) -> str:
    return "; ".join(line for line in done.out.splitlines() if "✗" in line)[:300]
