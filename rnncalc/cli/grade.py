"""rnncalc grade"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.options import language_option, write
from rnncalc.cli.spoken import Spoken, remark
from rnncalc.errors import RnncalcError
from rnncalc.language import _, because

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rnncalc.grading import Gradebook

FORMATS = ("table", "plain", "csv", "json", "gradescope", "prairielearn", "junit", "markdown", "latex")


@click.command("grade", cls=Spoken)
@click.argument("problem")
@click.argument("submissions", nargs=-1, required=True, metavar="SUBMISSION…")
@click.option(
    "--columns", multiple=True, metavar="HEADER=NAME", help="What a column of a table means: Q7=h[1][2], Nr=id."
)
@click.option(
    "--keep",
    type=click.Choice(["last", "best"]),
    default="last",
    show_default=True,
    help="Which of several submissions of one person counts.",
)
@click.option(
    "--feedback",
    type=click.Choice(["none", "marks", "hint", "full"]),
    default="hint",
    show_default=True,
    help="What is told; before full no computed value is.",
)
@click.option("--no-diagnosis", is_flag=True, help="Only verdicts, no search for the mistakes behind them: faster.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: table on a terminal, else plain.")
@click.option(
    "-o",
    "--output-file",
    "output",
    metavar="FILE",
    help="Write to FILE; its ending chooses the format. FOLDER/: a file a person (gradescope, prairielearn).",
)
@click.option("--report", metavar="FILE", help="Write the class report too: .md, .tex, .txt, .json, .csv.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the Dask cluster there (pip install rnncalc[dask]).")
@click.option("--journal", metavar="FILE", help="Keep results as they come; default beside -o: FILE.journal.")
@click.option("--bom", is_flag=True, help="Begin a CSV with a byte-order mark, which Excel needs for other alphabets.")
@click.option("--no-color", is_flag=True, help="No colours; NO_COLOR in the environment does the same.")
@language_option
def command(
    problem: str, submissions: tuple[str, ...], columns: tuple[str, ...], feedback: str, format_: str | None,
    output: str | None, report: str | None, jobs: int, scheduler: str | None, journal: str | None,
    bom: bool, no_color: bool, no_diagnosis: bool, keep: str,
) -> None:  # fmt: skip
    """Grade many answers to one problem: a mark sheet, and a report on the class.

    \b
    rnncalc grade problem.json answers.csv                     # id, name, h[1][1], …
    rnncalc grade problem.json submissions/ -o marks.csv --report class.md
    rnncalc grade sheet.json answers.csv --columns "Frage 1=Q1.h[1][1]" --jobs 4
    rnncalc grade problem.json one.json --format gradescope -o results.json
    rnncalc grade problem.json - < answers.csv

    A submission is a file of answers ({"id": "s1", "answers": {"h": …}}), a table with a row
    a person, or a folder of them. PROBLEM may be a sheet, {"problems": {"Q1": …}}, whose
    columns are Q1.h[1][1], or variants.json of rnncalc new. One that cannot be read is marked
    unreadable and stops nobody. With -o, a run that was killed goes on where it was.
    """
    from rnncalc.cli.progress import bar
    from rnncalc.grading import formats, grade

    for name in submissions:
        if name != "-" and not os.path.lexists(name):
            raise click.UsageError(_("cannot read {name}: no such file").format(name=name))
    format_ = format_ or _format(output)
    color = not no_color and not os.environ.get("NO_COLOR")
    kept = journal or (f"{output.rstrip('/')}.journal" if output and _may_have_journal(output) else None)
    with _executor(scheduler) as executor, bar(color) as progress:
        book = grade(
            problem, submissions, executor=executor, jobs=jobs, keep=keep, columns=_renamed(columns),
            diagnose=not no_diagnosis, journal=kept, progress=progress,
        )  # fmt: skip
    for note in book.notes:
        remark(note)
    if not any(question.points for question in book.sheet.first.questions.values()):
        text = _("the problem file has no points: every number counts 1, of what a table asks for or a person answered")
        remark(text)
    if output is not None and format_ in formats.APART and _is_folder(output):
        _write_folder(Path(output), formats.files(book, format_, feedback))
    else:
        _show(book, format_, feedback, output, color, "\ufeff" if bom and format_ == "csv" else "")
    if report is not None:
        from rnncalc.render import ENDINGS

        write(book.report(ENDINGS.get(Path(report).suffix.lower(), "plain")), report)
    if kept:
        Path(kept).unlink(missing_ok=True)


def _show(book: Gradebook, format_: str, feedback: str, output: str | None, color: bool, mark: str) -> None:
    from rnncalc.grading import formats

    if output is None and format_ == "table":
        from rnncalc.cli.options import show
        from rnncalc.grading.formats.document import document

        show(document(book, feedback), format_="table", output=None, digits=6, decimals=None, no_color=not color)
        return
    text = mark + formats.write(book, format_, feedback)
    if output is not None:
        write(text, output)
    else:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _format(output: str | None) -> str:
    from rnncalc.grading.formats import ENDINGS
    from rnncalc.grading.tables import SPREADSHEETS

    if output is not None:
        if Path(output).suffix.lower() in SPREADSHEETS:
            raise click.UsageError(_("{name}: spreadsheets are written as .csv; --bom for Excel").format(name=output))
        return ENDINGS.get(Path(output).suffix.lower(), "plain")
    return "table" if sys.stdout.isatty() else "plain"


def _renamed(columns: tuple[str, ...]) -> dict[str, str]:
    """header → meaning; the last = separates, for headers may hold one."""
    found = {}
    for text in columns:
        header, equals, name = text.rpartition("=")
        if not equals or not header.strip() or not name.strip():
            raise click.UsageError(_("--columns {text}: write HEADER=NAME, such as Q7=h[1][2]").format(text=text))
        found[header.strip()] = name.strip()
    return found


def _is_folder(name: str) -> bool:
    return name.endswith(("/", "\\")) or Path(name).is_dir()


def _may_have_journal(output: str) -> bool:
    """Not beside a device or a pipe."""
    path = Path(output)
    return path.is_file() or path.is_dir() or not path.exists()


def _write_folder(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RnncalcError(_("cannot write {name}: {reason}"), name=folder, reason=because(error)) from None
    for name, text in texts.items():
        write(text, str(folder / name))


@contextmanager
def _executor(address: str | None) -> Iterator[Executor | None]:
    """Dask's executor at an address. Raises RnncalcError where Dask or the cluster is not there."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise RnncalcError(_("--scheduler needs Dask: pip install rnncalc[dask]")) from None
    try:
        client: Any = Client(address, timeout=5)
    except (OSError, ValueError) as error:
        raise RnncalcError(_("no Dask scheduler at {address}: {reason}"), address=address, reason=error) from None
    with client, client.get_executor() as executor:
        yield executor
