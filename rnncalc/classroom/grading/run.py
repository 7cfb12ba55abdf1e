"""Grading: every submission judged by whoever is free, here, in other processes, or on a cluster.

Equal answers to equal questions are judged once. Results are kept as they come, so that a run that is killed goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor
from itertools import islice
from os import PathLike
from typing import Any

from rnncalc.check.verdicts.precision import precision_of
from rnncalc.classroom.grading import judging, people, submissions
from rnncalc.classroom.grading.choices import KEEP
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.journal import MarksJournal
from rnncalc.classroom.grading.judging import Result
from rnncalc.classroom.grading.mark_rows import Row, of_question, one_each, out_of
from rnncalc.classroom.grading.sheet import Sheet
from rnncalc.classroom.grading.sheet import sheet as read_sheet
from rnncalc.classroom.grading.submissions import Submission
from rnncalc.common.encodings import known
from rnncalc.common.i18n import _, language
from rnncalc.common.suggest import one_of
from rnncalc.common.workers import Workers, spread, workers
from rnncalc.errors import ProblemError
from rnncalc.problems.parse.given import RawValue

BATCH = 16  # tasks that travel together: enough to pay the way, few enough to lose

Progress = Callable[[int, int], None]  # done, of how many
Tasks = dict[str, judging.Task]


def grade(
    problem: str | PathLike[str] | Mapping[str, Any],
    handed_in: str | PathLike[str] | Iterable[str | PathLike[str] | Mapping[str, Any]],
    *,
    executor: Executor | None = None,
    jobs: int = 1,
    keep: str = "last",
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    diagnose: bool = True,
    precision: str = "",
    journal: str | None = None,
    progress: Progress | None = None,
) -> Gradebook:
    """The mark sheet of many answers to one problem. A submission that cannot be read is marked so and stops nobody.

    Parameters
    ----------
    problem : path-like or mapping
        A file, or its keys; a sheet of several, {"problems": {"Q1": …}}; variants, {"variants": {id: …}}.
    handed_in : path-like, mapping, or iterable of them
        Files, folders, tables (.csv with a row a person), or answers, {"id": …, "answers": {…}}.
    executor : concurrent.futures.Executor, optional
        Any, Dask's Client.get_executor() among them; by default `jobs` processes.
    jobs : int
    keep : {"last", "best"}
        Which of several submissions of one person counts.
    columns : mapping of str to str, optional
        Header of a table → what it means.
    encoding : str, optional
        That of what is handed in, such as "gb18030"; found by default.
    diagnose : bool
        Whether to look for the mistakes that explain wrong numbers.
    precision : str, optional
        What the numbers must show, in place of what the problem says: decimals=2, or JSON by quantity.
    journal : str, optional
        A file that keeps results as they come, from which a killed run goes on; to be removed once marks are written.
    progress : callable, optional
        Called with how many submissions are done, and of how many.

    Returns
    -------
    Gradebook
        `rows`, `text(format)`, `report(format)`; `gradebook[id]` is a person's row.

    Raises
    ------
    RnncalcError
        If the problem itself cannot be read, or an option is unknown.

    Examples
    --------
    >>> from rnncalc import grade
    >>> problem = {"U": 0.9, "W": 0.5, "b": 0.3, "x": [0.7, 0.5]}
    >>> gradebook = grade(problem, [{"id": "Ada", "answers": {"h": ["0.7306", "0.8059"]}}])
    >>> gradebook["Ada"].verdict, gradebook["Ada"].points
    ('right', 1.0)
    """
    one_of("keep", keep, KEEP)
    if encoding and not known(encoding):
        raise ProblemError(
            _("no encoding is called “{name}”; there are utf-8, utf-16, gb18030, cp1252 …"), name=encoding
        )
    sheet = read_sheet(problem)
    if precision:
        precision_of(RawValue(precision, "--precision"))
    for question in sheet.first.questions.values():
        judging.check_scale(question.text, precision)
    sources = [handed_in] if isinstance(handed_in, str | PathLike | Mapping) else handed_in
    handed, notes = submissions.read(sources, sheet, columns, encoding or "", keep)
    tongue = language()
    wanted = [(submission, _tasks(submission, sheet, diagnose, tongue, precision)) for submission in handed]
    tasks: Tasks = {key: task for _submission, own in wanted for key, task in own.values()}
    with MarksJournal(journal) as kept:
        missing = {key: task for key, task in tasks.items() if key not in kept.results}
        done = len(tasks) - len(missing)
        for results in _judged(missing, executor, jobs, diagnose, tongue):
            kept.add(results)
            done += len(results)
            if progress:
                progress(done, len(tasks))
        notes += [kept.trouble] if kept.trouble else []
        rows = [_row(submission, own, sheet, kept.results) for submission, own in wanted]
    missing_people = [person for person in sheet.variants if person not in {row.id for row in rows}]
    if missing_people:
        notes.append(_("nothing was handed in by {ids}").format(ids=people.listed(missing_people)))
    notes += _what_is_asked(sheet)
    points = {name: question.points for name, question in sheet.first.questions.items()}
    return Gradebook(sheet.title, points, one_each(rows, keep), notes)


def _what_is_asked(sheet: Sheet) -> Iterator[str]:
    """What is said where no points by quantity say what is asked."""
    questions = sheet.first.questions
    if any(not question.points and not question.requested for question in questions.values()):
        yield _("the problem file has no points: every number counts 1, of what a table asks for or a person answered")
    for name, question in questions.items():
        if question.requested:
            text = _("the sheet asks for {n} numbers, each counts the same").format(n=question.requested)
            yield of_question(name, text)


def _tasks(
    submission: Submission, sheet: Sheet, diagnose: bool, tongue: str, precision: str
) -> dict[str, tuple[str, judging.Task]]:
    """question → key and task; nothing for a submission that cannot be read."""
    own = sheet.of(submission.id)
    if own is None or (submission.trouble and not submission.answers):
        return {}
    tasks = {}
    for name, question in own.questions.items():
        answers, requested = submission.answers.get(name, {}), submission.requested.get(name, question.requested)
        task = judging.Task(question.text, answers, requested, precision)
        tasks[name] = task.key(diagnose, tongue), task
    return tasks


def _row(
    submission: Submission,
    own: Mapping[str, tuple[str, judging.Task]],
    sheet: Sheet,
    results: Mapping[str, Result],
) -> Row:
    sheet_of_person = sheet.of(submission.id)
    if not own or sheet_of_person is None:
        trouble = submission.trouble or sheet.roster.unknown(submission.id)
        unreadable = judging.unreadable(trouble)
        first = sheet.first
        return Row(submission, dict.fromkeys(first.questions, unreadable), dict(out_of(first, submission)))
    return Row(
        submission,
        {name: results[key] for name, (key, _task) in own.items()},
        dict(out_of(sheet_of_person, submission)),
    )


# --------------------------------------------------------------------------------------------------------- who computes


def _judged(
    tasks: Tasks, executor: Executor | None, jobs: int, diagnose: bool, tongue: str
) -> Iterator[dict[str, Result]]:
    """The results of all tasks, batch by batch, in whatever order they come."""
    if executor is not None:
        yield from _spread(tasks, executor, BATCH, workers(executor), diagnose, tongue)
    elif jobs > 1 and len(tasks) > 1:
        yield from _in_processes(tasks, jobs, diagnose, tongue)
    else:
        for key, task in tasks.items():
            yield {key: judging.judge(task, diagnose)}


def _in_processes(tasks: Tasks, jobs: int, diagnose: bool, tongue: str) -> Iterator[dict[str, Result]]:
    """As many processes as asked for. If one of them dies of a task, the tasks that are left are tried one by one."""
    left = dict(tasks)
    for batch in (BATCH, 1):
        try:
            with Workers(jobs) as pool:
                for results in _spread(left, pool, batch, jobs, diagnose, tongue):
                    for key in results:
                        del left[key]
                    yield results
        except BrokenExecutor:
            continue
        return
    for key, task in left.items():  # whoever kills two pools is judged in one of their own
        try:
            with Workers(1) as pool:
                yield {key: pool.submit(judging.judge_many, [task], diagnose, tongue).result()[0]}
        except BrokenExecutor:
            yield {key: judging.unreadable(_("judging it failed: the process died"))}


def _spread(
    tasks: Tasks, executor: Executor, batch: int, count: int, diagnose: bool, tongue: str
) -> Iterator[dict[str, Result]]:
    """Batches handed to an executor, each under the keys of its tasks."""
    items = iter(list(tasks.items()))
    size = max(1, min(batch, len(tasks) // (2 * count)))
    parts = iter(lambda: list(islice(items, size)), [])
    calls = (([key for key, _task in part], ([task for _key, task in part], diagnose, tongue)) for part in parts)
    for keys, results in spread(executor, judging.judge_many, calls):
        yield dict(zip(keys, results))
