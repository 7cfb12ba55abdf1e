"""Grading code: the mark sheet of a class, a column a function, in all the formats of a mark sheet of numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from os import PathLike, fspath
from pathlib import Path

from rnncalc.check.code.signature_file import signature as read_signature
from rnncalc.classroom.code import handed_in
from rnncalc.classroom.code.answers import needs_torch
from rnncalc.classroom.code.child import Setup
from rnncalc.classroom.code.handed_in import HandedInCode
from rnncalc.classroom.code.limits import Limits
from rnncalc.classroom.code.pool import Pool, Task
from rnncalc.classroom.grading.choices import KEEP
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.journal import MarksJournal
from rnncalc.classroom.grading.judging import Result, unreadable
from rnncalc.classroom.grading.mark_rows import Row, one_each
from rnncalc.common.i18n import _, language
from rnncalc.common.safe_text import one_line
from rnncalc.common.suggest import one_of
from rnncalc.common.version import __version__
from rnncalc.errors import ProblemError

Progress = Callable[[int, int], None]  # done, of how many


def grade_code(
    signature: str | PathLike[str],
    submissions: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    trust: bool = False,
    jobs: int = 1,
    keep: str = "last",
    limits: Limits = Limits(),  # noqa: B008 - a frozen record
    journal: str | None = None,
    progress: Progress | None = None,
) -> Gradebook:
    """The mark sheet of a class that wrote code. Every submission is run, in a process with limits: this is no sandbox.

    Parameters
    ----------
    signature : str or path-like
        A shipped one, or a JSON file; NAME:FUNCTION,FUNCTION for some of its functions.
    submissions : path-like, or iterable of them
        Files of Python, or folders of them: a file or a folder a person.
    trust : bool
        Whether the code may be run here. Nothing is run without it.
    jobs : int
        How many submissions are run at the same time.
    keep : {"last", "best"}
        Which of several submissions of one person counts.
    limits : Limits
        What a submission may use up.
    journal : str, optional
        A file that keeps results as they come, from which a killed run goes on.
    progress : callable, optional
        Called with how many submissions are done, and of how many.

    Returns
    -------
    Gradebook
        A row a person, a question a function: one that is right earns its points.

    Raises
    ------
    RnncalcError
        If the signature cannot be read, or the code is not trusted.
    """
    one_of("keep", keep, KEEP)
    if not trust:
        raise ProblemError(
            _(
                "this runs the code of every submission with your rights, and is no sandbox: look at what was handed "
                "in, or use a container (docs/grading-code.md), then add --trust"
            )
        )
    name, points = _points(fspath(signature))
    functions = list(points)
    sources = [submissions] if isinstance(submissions, str | PathLike) else submissions
    codes, notes = handed_in.read(sources, functions)
    limits = Limits(**{**vars(limits), "functions": len(functions)})
    setup = Setup(name, limits, language())
    tasks = {_key(code, setup, functions): _task(code, functions) for code in codes if code.texts}
    with MarksJournal(journal) as kept, Pool(setup, jobs) as pool:
        missing = {
            key: task for key, task in tasks.items() if not all(_part(key, each) in kept.results for each in functions)
        }
        done = len(tasks) - len(missing)
        for key, results in pool.judged(missing):
            kept.add({_part(key, function): result for function, result in results.items()})
            done += 1
            if progress:
                progress(done, len(tasks))
        notes += [kept.trouble] if kept.trouble else []
        rows = []
        for code in codes:
            key = _key(code, setup, functions)
            results = {each: _result(code, kept.results, _part(key, each)) for each in functions}
            rows.append(Row(code.submission, results, points))
    return Gradebook(Path(name).stem, {each: {} for each in functions}, one_each(rows, keep), notes)


def _points(text: str) -> tuple[str, dict[str, float]]:
    """The signature's name, and the points of each function that is asked for. Raises RnncalcError."""
    name, colon, listed = text.rpartition(":")
    if not colon or "/" in listed or "\\" in listed or listed.endswith(".json"):
        name, listed = text, ""
    signature = read_signature(name)
    functions = signature.functions
    chosen = [part.strip() for part in listed.split(",")] if listed else list(functions)
    if needs_torch(signature) and not find_spec("torch"):
        raise ProblemError(_("code for PyTorch cannot be run here without it: pip install torch"))
    if not functions:
        if not chosen:
            raise ProblemError(_("which classes? modules have no list of their own: pytorch:MyLSTM,MyGRU"))
        return name, dict.fromkeys(chosen, 1.0)
    for each in chosen:
        one_of("function", each, tuple(functions))
    name = str(Path(name).resolve()) if name.endswith(".json") else name
    return name, {each: functions[each].points for each in chosen}


def _task(code: HandedInCode, functions: Sequence[str]) -> Task:
    return {"files": code.texts, "main": code.main, "functions": list(functions)}


def _key(code: HandedInCode, setup: Setup, functions: Sequence[str]) -> str:
    """A digest that two submissions share only if their results are the same."""
    own = Path(setup.signature).read_text(encoding="utf-8") if setup.signature.endswith(".json") else ""
    parts = __version__, code.texts, code.main, setup.text(), own, list(functions)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _part(key: str, function: str) -> str:
    """The key of one function's result."""
    return hashlib.sha256(f"{key} {function}".encode()).hexdigest()[:32]


def _result(code: HandedInCode, results: dict[str, Result], key: str) -> Result:
    return results[key] if code.texts else unreadable(one_line(code.submission.trouble))
