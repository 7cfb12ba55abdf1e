"""rnncalc grade"""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rnncalc.classroom.grading.choices import APART, ENDINGS, FEEDBACK, FORMATS, KEEP, RENDERED
from rnncalc.cli import options
from rnncalc.cli.problem_keys import MARKING_HELP
from rnncalc.cli.translated_commands import Spoken, remark
from rnncalc.common import files
from rnncalc.common.i18n import _
from rnncalc.report import document_formats

if TYPE_CHECKING:
    from rnncalc.classroom.grading.gradebook import Gradebook


HELP = f"""Grade many answers to one problem: a mark sheet, and a report on the class.

\b
rnncalc grade problem.json answers.csv
rnncalc grade problem.json submissions/ -o marks.csv --report class.md
rnncalc grade sheet.json answers.csv --columns "Frage 1=Q1.h[1][1]" --jobs 4
rnncalc grade problem.json one.json --format gradescope -o results.json
rnncalc grade problem.json - < answers.csv
rnncalc grade --code cs231n --trust submissions/ --jobs 4 -o marks.csv

A submission is a file of answers ({{"id": "s1", "answers": {{"h": …}}}}), a table with a row
a person, or a folder of them. PROBLEM may be a sheet, {{"problems": {{"Q1": …}}}}, whose
columns are Q1.h[1][1], or variants.json of rnncalc new. One that cannot be read is marked
unreadable and stops nobody. With -o, a run that was killed goes on where it was.

With --code there is no PROBLEM: a submission is a .py file, or a folder with one, and each
function of the signature is called and judged.
{MARKING_HELP}"""


@click.command("grade", cls=Spoken, help=HELP)
@click.argument("problem")
@click.argument("submissions", nargs=-1, metavar="SUBMISSION…")
@click.option(
    "--code",
    metavar="SIGNATURE",
    help="Grade code: a course such as cs231n, behind a colon some of its functions, or a JSON file.",
)
@click.option("--trust", is_flag=True, help="Let --code run what was handed in, with your rights: this is no sandbox.")
@click.option(
    "--time", "seconds", type=click.FloatRange(0.1, 3600), default=20, show_default=True,
    help="--code: seconds of a function.",
)  # fmt: skip
@click.option(
    "--memory", type=click.IntRange(64, 1 << 20), default=1024, show_default=True, help="--code: MB of a submission."
)
@click.option(
    "--columns", multiple=True, metavar="HEADER=NAME", help="What a column of a table means: Q7=h[1][2], Nr=id."
)
@click.option(
    "--encoding", metavar="NAME", help="Of the submissions: utf-8, gb18030, cp1252 …; by default found by its bytes."
)
@click.option(
    "--keep", type=click.Choice(KEEP), default="last", show_default=True,
    help="Which of several submissions of one person counts.",
)  # fmt: skip
@click.option(
    "--feedback", type=click.Choice(FEEDBACK), default="hint", show_default=True,
    help="What is told; before full no computed value is.",
)  # fmt: skip
@click.option(
    "--precision",
    default="",
    help="What numbers must show: decimals=2, digits=3, tolerance=0.01, relative=0.02; by quantity as JSON. "
    "[default: as the problem says, else the digits typed]",
)
@click.option("--no-diagnosis", is_flag=True, help="Only verdicts, no search for the mistakes behind them: faster.")
@click.option(
    "--format", "format_", type=click.Choice((*FORMATS, *document_formats.BINARY)),
    help="Default: table on a terminal, else plain.",
)  # fmt: skip
@options.output_option(
    "output",
    known=ENDINGS,
    help="Write to FILE; its ending chooses the format. FOLDER/: a file a person (gradescope, prairielearn).",
)
@options.report_option(help="Write the class report too: .html, .docx, .md, .tex, .txt, .json, .csv.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the Dask cluster there (pip install rnncalc[dask]).")
@options.file_option("--journal", announced=False, help="Keep results as they come; default beside -o: FILE.journal.")
@options.fragment_option
@click.option("--bom", is_flag=True, help="Begin a CSV with a byte-order mark, which Excel needs for other alphabets.")
@click.option("--no-color", is_flag=True, help="No colours; NO_COLOR in the environment does the same.")
@options.language_option
def command(
    problem: str, submissions: tuple[str, ...], columns: tuple[str, ...], encoding: str | None,
    feedback: str, format_: str | None,
    output: str | None, report: str | None, jobs: int, scheduler: str | None, journal: str | None,
    fragment: bool, bom: bool, no_color: bool, no_diagnosis: bool, keep: str, precision: str,
    code: str | None, trust: bool, seconds: float, memory: int,
) -> None:  # fmt: skip
    from rnncalc.classroom.grading.class_report import class_report
    from rnncalc.classroom.grading.mark_sheets import files as files_apart
    from rnncalc.classroom.grading.run import grade
    from rnncalc.cli.progress import bar
    from rnncalc.cli.scheduler import cluster

    if code is not None:
        submissions = (problem, *submissions)
    elif not submissions:
        raise click.UsageError(_("what is to be graded? rnncalc grade PROBLEM SUBMISSION…"))
    for name in submissions:
        if name != "-" and not os.path.lexists(name):
            raise click.UsageError(_("cannot read {name}: no such file").format(name=name))
    format_ = format_ or _format(output)
    options.refuse_fragment(fragment, format_, options.format_of(report))
    color = not no_color and not os.environ.get("NO_COLOR")
    kept = journal or (f"{output.rstrip('/')}.journal" if output and _may_have_journal(output) else None)
    apart = output is not None and format_ in APART and _is_folder(output)
    working = filter(None, {kept, report, f"{output.rstrip('/')}/" if output and apart else None})
    with (
        files.claimed(*working),
        cluster(scheduler) if scheduler else nullcontext() as executor,
        bar(color) as progress,
    ):
        if code is not None:
            from rnncalc.classroom.code.limits import Limits
            from rnncalc.classroom.code.run import grade_code

            if columns or encoding or no_diagnosis or precision or scheduler:
                raise click.UsageError(
                    _("--columns, --encoding, --no-diagnosis, --precision and --scheduler are for numbers")
                )
            book = grade_code(
                code, submissions, trust=trust, jobs=jobs, keep=keep, limits=Limits(seconds, memory << 20),
                journal=kept, progress=progress,
            )  # fmt: skip
        else:
            book = grade(
                problem, submissions, executor=executor, jobs=jobs, keep=keep, columns=_renamed(columns),
                encoding=encoding, diagnose=not no_diagnosis, precision=precision, journal=kept, progress=progress,
            )  # fmt: skip
    for note in book.notes:
        remark(note)
    if output is not None and apart:
        _write_folder(Path(output), files_apart(book, format_, feedback))
    else:
        _show(book, format_, feedback, output, color, fragment, "\ufeff" if bom and format_ == "csv" else "")
    if report is not None:
        options.write_report(report, class_report(book), fragment)
    if kept:
        files.remove(kept)


def _show(
    book: Gradebook, format_: str, feedback: str, output: str | None, color: bool, fragment: bool, mark: str
) -> None:
    if format_ in (*RENDERED, *document_formats.BINARY):
        from rnncalc.classroom.grading.mark_sheets.document import document

        shown = replace(document(book, feedback), notes=[])  # they are said already
        options.show(
            shown, format_=format_, output=output, no_color=not color, fragment=fragment and format_ in options.PARTS
        )
        return
    options.put(mark + book.text(format_, feedback), output, format_)


def _format(output: str | None) -> str:
    if output is not None:
        return ENDINGS.get(Path(output).suffix.lower(), "plain")
    return "table" if sys.stdout.isatty() else "plain"


def _renamed(columns: tuple[str, ...]) -> dict[str, str]:
    """header → meaning; the last = separates, for headers may hold one."""
    meanings = {}
    for text in columns:
        header, equals, name = text.rpartition("=")
        if not equals or not header.strip() or not name.strip():
            raise click.UsageError(_("--columns {text}: write HEADER=NAME, such as Q7=h[1][2]").format(text=text))
        meanings[header.strip()] = name.strip()
    return meanings


def _is_folder(name: str) -> bool:
    return name.endswith(("/", "\\")) or Path(name).is_dir()


def _may_have_journal(output: str) -> bool:
    """Not beside a device or a pipe."""
    path = Path(output)
    return path.is_file() or path.is_dir() or not path.exists()


def _write_folder(folder: Path, texts: dict[str, str]) -> None:
    """A file a person. What lies there and has not the keys of such a file is somebody's, and put aside."""

    def ours(old: str, new: str) -> bool:
        try:
            return list(json.loads(old)) == list(json.loads(new))
        except (ValueError, TypeError, RecursionError):
            return False

    if aside := files.write_folder(folder, texts.items(), ours):
        remark(_("files that were there before are kept, with a number behind their names: {name}").format(name=aside))
