"""What several commands share: how results look, how they are computed, where they go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnncalc.cli import streams
from rnncalc.cli.translated_commands import OutputFile, remark, tell
from rnncalc.common.files import write
from rnncalc.common.i18n import LANGUAGES, _, speak
from rnncalc.common.letters import escaped
from rnncalc.common.threads import AUTO, MOST, resolve_thread_count
from rnncalc.common.wrapping import columns
from rnncalc.report.document_formats import BINARY, DRAWN, ENDINGS, FORMATS, PICTURES

if TYPE_CHECKING:
    from rnncalc.report.document import Document

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def file_option(
    *names: str, known: Collection[str] | None = None, announced: bool = True, chosen: bool = True,
    metavar: str = "FILE", **more: Any,
) -> Callable[[Decorated], Decorated]:  # fmt: skip
    """An option that names a file to be written; known, announced, chosen: as for `OutputFile`."""
    return click.option(*names, type=OutputFile(known, announced=announced, chosen=chosen), metavar=metavar, **more)


output_option = partial(file_option, "-o", "--output-file")
report_option = partial(file_option, "--report", known=ENDINGS, chosen=False)


def _speak(_ctx: click.Context, _option: click.Parameter, language: str | None) -> None:
    if language:
        speak(language)


class Threads(click.ParamType):
    """How many threads share a batch: a number, or auto."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == AUTO else click.IntRange(1, MOST).convert(value, param, ctx)


def _threads(_ctx: click.Context, _option: click.Parameter, wish: int | str | None) -> None:
    if wish:
        os.environ["RNNCALC_THREADS"] = str(resolve_thread_count(wish))


def share_processors(wish: int | str | None, jobs: int = 1) -> None:
    """Say how many threads each of some processes takes: as wished, else RNNCALC_THREADS, else its share of auto."""
    from rnncalc.common.processors import processors  # here: paths take long to load, and the help needs none

    wish = wish or os.environ.get("RNNCALC_THREADS", AUTO)
    os.environ["RNNCALC_THREADS"] = str(max(1, processors() // jobs) if wish == AUTO else wish)


language_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), is_eager=True, expose_value=False, callback=_speak,
    help="Default: the locale's.",
)  # fmt: skip
_ENGINE = (
    click.option("--engine", type=click.Choice(["auto", "equations", "numba"]), default="auto", show_default=True,
                 help="equations: interpreted line by line, no compiler; auto: by the amount of work."),
    click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True),
    click.option("--threads", type=Threads(), expose_value=False, callback=_threads,
                 help="Share the sequences of a batch out.  [default: RNNCALC_THREADS, else 1]"),
)  # fmt: skip

_WEIGHTS = (
    click.option("--activation", metavar="NAME", help="Of the cell elman, which PyTorch's weights do not show: relu."),
    click.option("--readout", metavar="NAME", help="The linear layer on top, by its name in the file: fc."),
    click.option("--output", "output_function", metavar="NAME", help="The function of the read-out: softmax."),
    click.option("--cell", metavar="NAME", help="Where the number of gates does not say it."),
    click.option("--prefix", metavar="NAME", help="The recurrent module, where the file has several."),
    click.option("--merge", metavar="NAME", help="How two directions become one, where the file does not say it."),
)  # fmt: skip


PARTS = frozenset({"latex", "markdown"})  # formats in which a part of a document may stand alone
fragment_option = click.option(
    "--fragment", is_flag=True, help="LaTeX, Markdown: a part of a document, not a whole one."
)


def refuse_fragment(fragment: bool, *formats: str | None) -> None:
    """Raises UsageError if a part is asked for and none of the formats has parts."""
    if fragment and not PARTS.intersection(formats):
        raise click.UsageError(_("--fragment is for LaTeX and Markdown: .tex, .md"))


def result_options(
    function: Decorated, formats: Sequence[str] = (), endings: Mapping[str, str] = MappingProxyType({})
) -> Decorated:
    """How a result looks, where it goes, and in which language. formats, endings: those of one command more."""
    options = (
        click.option("--format", "format_", type=click.Choice((*FORMATS, *BINARY, *formats)),
                     help="Default: table on a terminal, else plain."),
        output_option("output", known=(*ENDINGS, *endings), help="Write to FILE; its ending chooses the format."),
        click.option("--digits", type=click.IntRange(1, 17), default=6, show_default=True, help="Significant digits."),
        click.option("--decimals", type=click.IntRange(0, 20), help="Decimals, in place of digits."),
        fragment_option,
        click.option("--no-color", is_flag=True, help="No colours; NO_COLOR in the environment does the same."),
        language_option,
    )  # fmt: skip
    return _decorated(function, options)


drawing_options = partial(result_options, formats=tuple(PICTURES.values()), endings=PICTURES)


def weights_options(function: Decorated) -> Decorated:
    """What a file of weights may leave open."""
    return _decorated(function, _WEIGHTS)


def left_open(options: dict[str, Any]) -> dict[str, Any]:
    """What a person says of a file, taken out of a command's options."""
    said = {name: options.pop(name) for name in ("activation", "readout", "cell", "prefix", "merge")}
    prefix = said["prefix"]
    said["prefix"] = prefix.split(",") if prefix and "," in prefix else prefix
    return {**said, "output": options.pop("output_function")}


def engine_options(function: Decorated) -> Decorated:
    """How the numbers are computed."""
    return _decorated(function, _ENGINE)


def _decorated(function: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    for option in reversed(options):
        function = option(function)
    return function


def format_of(output: str | None, format_: str | None = None) -> str | None:
    """The format that was asked for, or that the file's ending chooses."""
    return format_ or ({**ENDINGS, **PICTURES}.get(os.path.splitext(output)[1].lower()) if output else None)


def drawn(look: Mapping[str, Any]) -> bool:
    """Whether the result has a picture of the network."""
    return format_of(look["output"], look["format_"]) in DRAWN


def show(
    document: Document, *, format_: str | None, output: str | None, digits: int = 6, decimals: int | None = None,
    no_color: bool = False, fragment: bool = False,
) -> None:  # fmt: skip
    """Print the document, or write it to a file; what was assumed goes to standard error."""
    from rnncalc.report.render import RenderOptions, contents
    from rnncalc.report.render.numbers import Rounding

    terminal = sys.stdout.isatty() and output is None
    format_ = format_of(output, format_) or ("table" if terminal else "plain")
    refuse_fragment(fragment, format_)
    look = RenderOptions(
        rounding=Rounding(digits, decimals),
        width=columns() if terminal else None,
        color=terminal and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        encoding=streams.letters() if output is None else "utf-8",
        whole=output is not None and not fragment,
    )
    content = contents(document, format_, look)
    for note in document.notes:
        tell(note) if note.startswith(_("warning")) else remark(note)
    put(content, output, format_)


def put(content: str | bytes, output: str | None, format_: str) -> None:
    """Write what a file holds, or print it in letters that standard output has."""
    if output is not None:
        write(output, content)
    elif isinstance(content, bytes):
        sys.stdout.buffer.write(content)
    else:
        sys.stdout.write(escaped(content, streams.letters(), format_))


def write_report(name: str, document: Document, fragment: bool) -> None:
    """Write a document that goes beside a command's result; the file's ending chooses the format."""
    from rnncalc.report.render import RenderOptions, contents

    write(name, contents(document, format_of(name) or "plain", RenderOptions(whole=not fragment)))
