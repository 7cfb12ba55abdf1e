"""What several commands share: the keys of a problem as options, how results look, where they go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnncalc.cli.spoken import Output, Spoken, remark, tell
from rnncalc.common.files import write
from rnncalc.common.i18n import LANGUAGES, _, speak
from rnncalc.common.suggest import nearest
from rnncalc.report.formats import BINARY, DRAWN, ENDINGS, FORMATS

if TYPE_CHECKING:
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.report.document import Document

GIVEN = "rnncalc.given"  # where a context keeps the keys that were given as options
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

PROBLEM_HELP = """
\b
The problem: a file (JSON, or a sheet as it stands: prose, LaTeX, tables, U = …),
- for standard input, or options, which override the file. Every key is an option:
  --cell elman|jordan|lstm|gru|gru_after|i2h_i2o
  --activation tanh|relu|sigmoid|identity|elu|leaky_relu|softplus|softsign
               |hard_sigmoid|hard_sigmoid_02|hard_tanh|step
  --U input weights (H, D)    --W recurrent weights (H, H)    --b bias (H,)
  --V read-out (O, H)         --c read-out bias (O,)          --output identity|softmax|…
  --x inputs: T steps of D    --h0 --c0 --y0 initial states   --U.i --W.f one gate's
  other people's letters: --W_hx --W_hh --b_h, --Wxh, --kernel …
    --notation goodfellow|swapped|hx|xh|d2l|cs231n|coursera|keras|pytorch|onnx
    --vectors row|column   --fused hx|xh   --gates ifog   --update z_old|z_new
    --equations "h_t = tanh(W x_t + U h_{t-1} + b)": decide cell, letters, orientation
A matrix: "0.1 0.2; 0.3 0.4", [[0.1, 0.2], [0.3, 0.4]], LaTeX, a NumPy print, @file.csv, @-
"""


class ProblemCommand(Spoken):
    """A command that takes every key of a problem as an option, in anybody's letters."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take out the keys with their values; the rest is click's."""
        own = {name: option for option in self.get_params(ctx) for name in (*option.opts, *option.secondary_opts)}
        given: dict[str, str] = ctx.meta.setdefault(GIVEN, {})
        rest: list[str] = []
        queue = list(args)
        while queue:
            word = queue.pop(0)
            name, equals, value = word.partition("=")
            if word == "--":
                rest += [word, *queue]
                break
            if not word.startswith("--") or name in own:
                rest.append(word)
                option = own.get(name)
                takes_value = isinstance(option, click.Option) and not option.is_flag and not option.count
                if takes_value and not equals and queue:
                    rest.append(queue.pop(0))
                continue
            key = name[2:] if "." in name else name[2:].replace("-", "_")
            self._refuse_misspelt(ctx, name, key, own)
            if not equals:
                if not queue:
                    raise click.UsageError(_("{name} needs a value").format(name=name), ctx)
                value = queue.pop(0)
            if key in given:
                raise click.UsageError(_("{name} is given twice").format(name=name), ctx)
            given[key] = value
        return super().parse_args(ctx, rest)

    def _refuse_misspelt(self, ctx: click.Context, name: str, key: str, own: dict[str, Any]) -> None:
        """A name that is nearly one of this command's options, and no key of a problem."""
        near = nearest(name, [option for option in own if option.startswith("--")], 0.8)
        if near:
            from rnncalc.problems.keys import KEYS

            if key not in KEYS:
                raise click.NoSuchOption(name, possibilities=[near], ctx=ctx)


def problem_argument(function: Decorated) -> Decorated:
    """PROBLEM: a path, or - for standard input."""
    return click.argument("problem", required=False, metavar="[PROBLEM]")(function)


def _speak(_ctx: click.Context, _option: click.Parameter, language: str | None) -> None:
    if language:
        speak(language)


def _threads(_ctx: click.Context, _option: click.Parameter, number: int | None) -> None:
    if number:
        os.environ["RNNCALC_THREADS"] = str(number)


language_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), is_eager=True, expose_value=False, callback=_speak,
    help="Default: the locale's.",
)  # fmt: skip
_ENGINE = (
    click.option("--engine", type=click.Choice(["auto", "equations", "numba"]), default="auto", show_default=True,
                 help="equations: interpreted line by line, no compiler; auto: by the amount of work."),
    click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True),
    click.option("--threads", type=click.IntRange(1, 256), expose_value=False, callback=_threads,
                 help="Share the sequences of a batch out.  [default: RNNCALC_THREADS, else 1]"),
)  # fmt: skip


def result_options(
    function: Decorated, formats: Sequence[str] = (), endings: Mapping[str, str] = MappingProxyType({})
) -> Decorated:
    """How a result looks, where it goes, and in which language. formats, endings: those of one command more."""
    options = (
        click.option("--format", "format_", type=click.Choice((*FORMATS, *BINARY, *formats)),
                     help="Default: table on a terminal, else plain."),
        click.option("-o", "--output-file", "output", type=Output((*ENDINGS, *endings)), metavar="FILE",
                     help="Write to FILE; its ending chooses the format."),
        click.option("--digits", type=click.IntRange(1, 17), default=6, show_default=True, help="Significant digits."),
        click.option("--decimals", type=click.IntRange(0, 20), help="Decimals, in place of digits."),
        click.option("--fragment", is_flag=True, help="LaTeX, Markdown: a part of a document, not a whole one."),
        click.option("--no-color", is_flag=True, help="No colours; NO_COLOR in the environment does the same."),
        language_option,
    )  # fmt: skip
    return _decorated(function, options)


def engine_options(function: Decorated) -> Decorated:
    """How the numbers are computed."""
    return _decorated(function, _ENGINE)


def _decorated(function: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    for option in reversed(options):
        function = option(function)
    return function


def given(problem: str | None) -> dict[str, RawValue]:
    """The file's keys and the options', the options first. Raises UsageError if there is neither."""
    from rnncalc.problems import problem_text
    from rnncalc.problems.parse import files
    from rnncalc.problems.parse import given as reader

    ctx = click.get_current_context()
    options: dict[str, str] = ctx.meta.get(GIVEN, {})
    if problem is None and not options:
        raise click.UsageError(_("give a problem file, - for standard input, or options such as --U, --W and --x"), ctx)
    keys = {}
    if problem is not None:
        keys = problem_text.read(problem if problem.lstrip().startswith("{") else files.content(problem), named=problem)
    for name in options:
        stack, _dot, gate = name.partition(".")
        keys = {key: value for key, value in keys.items() if key != name and not key.startswith(f"{name}.")}
        if gate and stack in keys and isinstance(keys[stack].value, dict):  # the file's other gates stay
            rest = {key: value for key, value in keys[stack].value.items() if key != gate}
            keys[stack] = replace(keys[stack], value=rest)
    return {**keys, **reader.of_options(options)}


def solved(
    keys: dict[str, RawValue], solve: Callable[[dict[str, RawValue]], tuple[Document, int]], key: str = ""
) -> tuple[Document, int]:
    """The document and the exit code of a problem; of several, one below the other and the largest code.

    key: solve only those of several problems that have it, if any has.
    """
    from rnncalc.problems.problem_text import several
    from rnncalc.report.document import Document, Heading, Table

    problems = several(keys)
    if not problems:
        return solve(keys)
    whole, code, tables = Document([], {"problems": {}}), 0, list[Table]()
    with_key = {name: part for name, part in problems.items() if key in part}
    for number, (name, part) in enumerate((with_key or problems).items(), 1):
        document, own = solve(part)
        rows = document.sheet or [block for block in document.blocks if isinstance(block, Table)]
        tables += [replace(table, key={"problem": number, **table.key}) for table in rows]
        whole.blocks += [Heading(name, 1), *document.blocks]
        whole.data["problems"][name] = document.data
        whole.notes += [f"{name}: {note}" for note in document.notes]
        code = max(code, own)
    whole.sheet = tables
    return whole, code


def _format(format_: str | None, output: str | None) -> str | None:
    """The format that was asked for, or that the file's ending chooses."""
    return format_ or (ENDINGS.get(os.path.splitext(output)[1].lower()) if output else None)


def drawn(look: Mapping[str, Any]) -> bool:
    """Whether the result has a picture of the network."""
    return _format(look["format_"], look["output"]) in DRAWN


def show(
    document: Document, *, format_: str | None, output: str | None, digits: int = 6, decimals: int | None = None,
    no_color: bool = False, fragment: bool = False,
) -> None:  # fmt: skip
    """Print the document, or write it to a file; what was assumed goes to standard error."""
    from rnncalc.report.render import RenderOptions, contents
    from rnncalc.report.render.numbers import Rounding

    terminal = sys.stdout.isatty() and output is None
    format_ = _format(format_, output) or ("table" if terminal else "plain")
    look = RenderOptions(
        rounding=Rounding(digits, decimals),
        width=_terminal_width() if terminal else None,
        color=terminal and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        ascii=output is None and not _can_print("∘σ·…⋮─′−"),
        whole=output is not None and not fragment,
    )
    content = contents(document, format_, look)
    for note in document.notes:
        tell(note) if note.startswith(_("warning")) else remark(note)
    put(content, output)


def put(content: str | bytes, output: str | None) -> None:
    """Write what a file holds, or print it as far as standard output can."""
    if output is not None:
        write(output, content)
    elif isinstance(content, bytes):
        sys.stdout.buffer.write(content)
    else:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(content.encode(encoding, "backslashreplace").decode(encoding))


def write_report(name: str, document: Document) -> None:
    """Write a document that goes beside a command's result; the file's ending chooses the format."""
    from rnncalc.report.render import WHOLE, contents

    write(name, contents(document, _format(None, name) or "plain", WHOLE))


def _terminal_width() -> int:
    import shutil  # here: what is piped or written to a file has no width, and shutil loads five decompressors

    return shutil.get_terminal_size().columns


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
