"""rnncalc new"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rnncalc.classroom import question_banks
from rnncalc.cli.options import format_of, put, refuse_fragment, result_options, show
from rnncalc.cli.translated_commands import Spoken, remark
from rnncalc.common import files
from rnncalc.common.i18n import _
from rnncalc.report.document_formats import ENDINGS

if TYPE_CHECKING:
    from rnncalc.classroom.exercise import Exercise

PROBLEM, VARIANTS = "problem.json", "variants.json"
PAGES = ("statement", "solution", "form")
MOST_NAMED = 10


@click.command("new", cls=Spoken)
@click.argument("cells", nargs=-1, required=True, metavar="CELL…")
@click.option("--units", type=int, default=2, show_default=True, help="H, hidden units.")
@click.option("--inputs", type=int, default=2, show_default=True, help="D, entries of each input.")
@click.option("--outputs", type=int, default=1, show_default=True, help="O, outputs; 0: no read-out.")
@click.option("--steps", type=int, default=3, show_default=True, help="T, steps.")
@click.option("--layers", type=int, default=1, show_default=True, help="Layers, one on top of the other.")
@click.option(
    "--direction", type=click.Choice(["forward", "backward", "both"]), default="forward", show_default=True,
    help="Of every layer.",
)  # fmt: skip
@click.option("--notation", default="", metavar="NAME", help="Whose letters: d2l, hx, swapped, pytorch, …")
@click.option(
    "--precision", default="", metavar="N",
    help="Decimals that are asked for; or digits=3, tolerance=0.01, relative=0.02; by quantity as JSON.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other numbers.")
@click.option("--backward", is_flag=True, help="Ask for the loss and its gradients too.")
@click.option("--last", is_flag=True, help="With --backward: a target at the last step only.")
@click.option("--lr", type=float, help="With --backward: a learning rate; ask for the updated parameters too.")
@click.option(
    "--activation",
    metavar="NAME",
    help="tanh, relu, sigmoid, identity, elu, leaky_relu, softplus, softsign, hard_tanh, … (elman, jordan).",
)
@click.option("--update", metavar="NAME", help="z_old, z_new (gru, gru_after).")
@click.option("--output", "function", metavar="NAME", help="identity, softmax, log_softmax, sigmoid, tanh, relu.")
@click.option("--ask", default="", metavar="NAMES", help="What is asked: h,y,dW; default: what the cell has.")
@click.option("--solution", is_flag=True, help="Show the solution in place of the statement.")
@click.option("--variants", type=click.IntRange(1, 10_000), metavar="N", help="N problems, into the folder -o.")
@click.option("--students", metavar="FILE.csv", help="A problem for each id of a table, into the folder -o.")
@click.option("--mistakes", is_flag=True, help="For Moodle: a wrong number that comes of a textbook mistake says so.")
@partial(result_options, formats=tuple(question_banks.FORMATS), endings=question_banks.ENDINGS)
def command(
    cells: tuple[str, ...], ask: str, solution: bool, variants: int | None, students: str | None, mistakes: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Make a problem: friendly numbers, its statement, a blank answer form, its solution.

    CELL is a name, or a problem file with a cell of your own; several are one sheet.

    \b
    rnncalc new lstm --units 2 --steps 3 --seed 7
    rnncalc new elman --backward --lr 0.1 --format latex -o statement.tex
    rnncalc new gru --seed 7 -o homework/            # everything, in a folder
    rnncalc new gru --students roster.csv -o homework/
    rnncalc new gru --variants 400 -o bank.xml       # for Moodle: a question bank
    rnncalc grade homework/problem.json answers.csv

    --format json gives the problem file; -o FOLDER/ writes problem, statement, form and
    solution, with --format html or docx as pages or for Word too; with --students or
    --variants also variants.json, which grade takes as PROBLEM.
    --format moodle is a question a problem, moodle-numerical a question a number.
    """
    from rnncalc.classroom import handout as homework
    from rnncalc.classroom.exercise import make
    from rnncalc.classroom.exercise_spec import ExerciseSpec
    from rnncalc.cli.progress import bar

    look = {key: options.pop(key) for key in ("format_", "output", "digits", "decimals", "no_color", "fragment")}
    options["precision"] = _precision(options["precision"])
    options["output"] = options.pop("function")
    ask_for = tuple(name.strip() for name in ask.split(",") if name.strip())
    stated = [{**options, **_stated(cell, options), "ask": ask_for} for cell in cells]
    names = [f"Q{number}" for number in range(1, len(cells) + 1)] if len(cells) > 1 else [""]
    specs = [ExerciseSpec(**keys, question=name) for keys, name in zip(stated, names)]

    def made(person: str = "", name: str = "") -> list[Exercise]:
        return [make(replace(spec, person=person, name=name)) for spec in specs]

    def sheets() -> Iterator[tuple[str, list[Exercise]]]:
        """Each person's problems, in turn; a bar shows how far it is."""
        with bar(not look["no_color"], _("problems")) as progress:
            for done, (person, name) in enumerate(people.items()):
                if progress:
                    progress(done, len(people))
                yield person, made(person, name)

    people = dict(_people(students)) if students else {str(n + 1): "" for n in range(variants or 0)}
    chosen = look["format_"] or question_banks.ENDINGS.get(Path(str(look["output"])).suffix.lower())
    bank = question_banks.FORMATS.get(chosen or "")
    folder = _folder(look["output"], several=bool(people) and not bank)
    if bank or not folder:
        refuse_fragment(look["fragment"], format_of(look["output"], look["format_"]))
    if bank:
        writer = import_module(f"rnncalc.classroom.{bank.module}")
        each = (exercises for _person, exercises in sheets()) if people else [made()]
        text = writer.bank(chain.from_iterable(each), bank.kind, mistakes)
        _write(folder, [(f"bank{bank.ending}", text)]) if folder else put(text, look["output"], bank.name)
    elif people:
        assert folder is not None
        _write(folder, _variants(sheets(), look["format_"], look["fragment"]))
        message = _("{n} problems in {folder}; grade them with variants.json")
        click.echo(message.format(n=len(people), folder=folder), err=True)
    elif folder:
        _write(folder, _files(made(), look["format_"], look["fragment"]))
    else:
        show(homework.solution(*made()) if solution else homework.statement(*made()), **look)


def _stated(cell: str, options: dict[str, Any]) -> dict[str, Any]:
    """A cell's name; or the cell of a problem file, with what is chosen of it unless an option says otherwise."""
    from rnncalc.errors import ProblemError
    from rnncalc.problems import problem_text
    from rnncalc.problems.parse import files as texts

    if not cell.lstrip().startswith("{") and not Path(cell).suffix:
        return {"cell": cell}
    given = problem_text.read(cell if cell.lstrip().startswith("{") else texts.content(cell), named=cell[:60])
    if "cell" not in given:
        raise ProblemError(_("{name}: there is no cell in it"), name=cell[:60])
    known = [key for key in ("activation", "update", "output") if key in given and not options[key]]
    return {key: given[key].value for key in ("cell", *known)}


def _precision(text: str) -> dict[str, Any] | None:
    """What --precision asks for, as a problem file says it. Raises ProblemError."""
    from rnncalc.check.verdicts.precision import precision_of
    from rnncalc.problems.parse.given import RawValue

    if not text:
        return None
    precision = precision_of(RawValue(f"decimals={text}" if text.isdecimal() else text, "--precision"))
    parts = precision if isinstance(precision, dict) else {"": precision}
    stated = {
        name: {part.kind: int(part.amount) if part.kind in ("decimals", "digits") else part.amount}
        for name, part in parts.items()
    }
    return stated.get("") or stated


def _folder(output: str | None, several: bool) -> Path | None:
    """The folder that -o names: it is there, ends with a slash, or has no ending. Raises UsageError."""
    path = Path(output or "")
    folder = bool(output) and ((output or "")[-1:] in ("/", "\\") or path.is_dir() or not path.suffix)
    if several and (not output or (not folder and path.suffix.lower() in ENDINGS)):
        raise click.UsageError(_("several problems need a folder: -o FOLDER/"))
    return path if folder or several else None


def _people(name: str) -> Iterator[tuple[str, str]]:
    """The ids and names of a table with a header, in its order. Raises UsageError."""
    from rnncalc.classroom.grading.submissions import read_roster

    yield from read_roster(name)


def _variants(
    sheets: Iterable[tuple[str, list[Exercise]]], format: str | None, fragment: bool
) -> Iterator[tuple[str, str | bytes]]:
    """A folder for each, and what grades them all."""
    from rnncalc.classroom import handout as homework
    from rnncalc.classroom.grading.sheet import PERSON
    from rnncalc.common.safe_text import file_name

    keys_of = {}
    for person, exercises in sheets:
        name = exercises[0].name
        keys_of[person] = homework.problem(*exercises) | ({PERSON: name} if name else {})
        for file, text in _files(exercises, format, fragment):
            yield f"{file_name(person)}/{file}", text
    yield VARIANTS, _json({"variants": keys_of})


def _files(exercises: list[Exercise], format: str | None, fragment: bool) -> Iterator[tuple[str, str | bytes]]:
    """Everything about one problem, or one sheet: name and content of each file, as a page or for Word where chosen."""
    from rnncalc.classroom import handout as homework
    from rnncalc.report.render import RenderOptions, contents

    look = RenderOptions(whole=not fragment)
    statement, solved = homework.statement(*exercises), homework.solution(*exercises)
    yield PROBLEM, _json(homework.problem(*exercises))
    yield "form.json", _json(homework.form(*exercises))
    yield "form.csv", homework.form_csv(*exercises)
    yield "solution.json", _json(homework.solved(*exercises))
    extra = [(format, format)] if format in ("html", "docx") else []
    for ending, medium in (("md", "markdown"), ("tex", "latex"), *extra):
        yield f"statement.{ending}", contents(statement, medium, look)
        yield f"solution.{ending}", contents(solved, medium, look)


def _json(data: object) -> str:
    """A file that people edit: a key a line, rows in one line."""
    from rnncalc.report.document import Document
    from rnncalc.report.render import render

    return render(Document([], json.loads(json.dumps(data))), "json")


def _write(folder: Path, texts: Iterable[tuple[str, str | bytes]]) -> None:
    """Write them. What lay there and is another text, such as a form that somebody filled in, is put aside; so are
    pages of the problem that was there, in formats that are not written now."""
    written, changed = set[Path](), set[Path]()

    def same(old: str, new: str) -> bool:
        return old.split() == new.split()

    def noted() -> Iterator[tuple[str, str | bytes]]:
        for name, text in texts:
            path = folder / name
            written.add(path)
            if path.name == PROBLEM and path.is_file() and not same(path.read_text("utf-8", "replace"), str(text)):
                changed.add(path.parent)
            yield name, text

    kept = files.write_folder(folder, noted(), same)
    for place in changed:
        for path in sorted({*place.iterdir()} - written):
            if path.stem in PAGES and path.suffix in ENDINGS:
                kept = files.put_aside(path) or kept
    if kept:
        remark(_("files that were there before are kept, with a number behind their names: {name}").format(name=kept))
    earlier = [path.parent.name for path in folder.glob(f"*/{PROBLEM}") if path not in written]
    if earlier and folder / VARIANTS in written:
        message = _("these folders are of an earlier time, and their problems not in {variants}: {names}")
        remark(message.format(variants=VARIANTS, names=_(", ").join(sorted(earlier)[:MOST_NAMED])))
