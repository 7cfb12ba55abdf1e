"""A problem on the command line: a file, every key of it as an option in anybody's letters, or both."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.options import Decorated
from rnncalc.cli.translated_commands import Spoken, complain
from rnncalc.common.i18n import _
from rnncalc.common.suggest import nearest

if TYPE_CHECKING:
    from rnncalc.errors import RnncalcError
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.report.document import Document

GIVEN = "rnncalc.given"  # where a context keeps the keys that were given as options

PROBLEM_HELP = """
\b
The problem: a file (JSON, or a sheet as it stands: prose, LaTeX, tables,
U = …), - for standard input, or options, which override the file. Every key
is an option:
  --cell elman|jordan|lstm|gru|gru_after|i2h_i2o
  --activation tanh|relu|sigmoid|identity|elu|leaky_relu|softplus|softsign
               |hard_sigmoid|hard_sigmoid_02|hard_tanh|step
  --U input weights (H, D)    --W recurrent weights (H, H)   --b bias (H,)
  --V read-out (O, H)         --c read-out bias (O,)
  --output identity|softmax|…
  --x inputs: T steps of D    --h0 --c0 --y0 initial states
  --U.i --W.f one gate's
  other people's letters: --W_hx --W_hh --b_h, --Wxh, --kernel …
    --notation goodfellow|swapped|hx|xh|d2l|cs231n|coursera|keras|pytorch|onnx
    --vectors row|column   --fused hx|xh   --gates ifog   --update z_old|z_new
    --equations "h_t = tanh(W x_t + U h_{t-1} + b)": decide the cell,
      the letters, the orientation
A matrix: "0.1 0.2; 0.3 0.4", [[0.1, 0.2], [0.3, 0.4]], LaTeX, a NumPy print,
@file.csv, @-
"""
MARKING_HELP = """
\b
What answers earn, by keys of the problem file (rnncalc explain marking):
  precision   decimals=2|digits=3|tolerance=0.01|relative=0.02, or by
              quantity {"h": {"decimals": 1}, "y": {"tolerance": 0.01}};
              else the digits typed
  min_digits  significant digits that are enough: 2
  points      {"h": 4, "y": 2}: what is asked, with its points;
              else 1 a number
  carry       0…1: what follows from a slip earns;
              {"credit": 0.5, "at_most": 0.6}
  rounded_inputs true|false     decimal point|comma
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


def given(problem: str | None) -> dict[str, RawValue]:
    """The file's keys and the options', the options first. Raises UsageError if there is neither."""
    from rnncalc.errors import shown
    from rnncalc.problems.parse import given as reader

    ctx = click.get_current_context()
    options: dict[str, str] = ctx.meta.get(GIVEN, {})
    if problem is None and not options:
        raise click.UsageError(_("give a problem file, - for standard input, or options such as --U, --W and --x"), ctx)
    for name, value in options.items() if problem is None else ():
        if _is_unknown(name) and os.path.isfile(value):
            message = _("--{name} is no key of a problem; a file of one stands by itself: {command} {file}")
            raise click.UsageError(message.format(name=name, command=ctx.command_path, file=shown(value)), ctx)
    keys = {}
    if problem is not None:
        from rnncalc.problems import problem_text  # here: options alone need no reader of files
        from rnncalc.problems.parse import files

        content = problem if problem.lstrip().startswith("{") else files.content(problem)
        keys = problem_text.read(content, problem, options.get("decimal", ""))
    for name in options:
        stack, _dot, gate = name.partition(".")
        keys = {key: value for key, value in keys.items() if key != name and not key.startswith(f"{name}.")}
        if gate and stack in keys and isinstance(keys[stack].value, dict):  # the file's other gates stay
            rest = {key: value for key, value in keys[stack].value.items() if key != gate}
            keys[stack] = replace(keys[stack], value=rest)
    return {**keys, **reader.of_options(options)}


def _is_unknown(name: str) -> bool:
    from rnncalc.problems.keys import KEYS, KEYS_CALLED  # here: most calls need no list of keys

    return name not in KEYS and name not in KEYS_CALLED


def solved(
    keys: dict[str, RawValue], solve: Callable[[dict[str, RawValue]], tuple[Document, int]], key: str = ""
) -> tuple[Document, int]:
    """The document and the exit code of a problem; of several, one below the other and the largest code.

    key: solve only those of several problems that have it, if any has.
    """
    from rnncalc.errors import RnncalcError
    from rnncalc.problems.problem_text import several
    from rnncalc.report.document import Document, Heading, Table

    unread: dict[str, RnncalcError] = {}
    problems = several(keys, unread)
    if not problems and not unread:
        return solve(keys)
    whole, code, tables = Document([], {"problems": {}}), 0, list[Table]()
    with_key = {name: part for name, part in problems.items() if key in part}
    for number, (name, part) in enumerate((with_key or problems).items(), 1):
        try:
            document, own = solve(part)
        except RnncalcError as error:
            unread[name] = error
            continue
        rows = [block for block in document.sheet or document.blocks if isinstance(block, Table)]
        tables += [replace(table, key={"problem": number, **table.key}) for table in rows]
        whole.blocks += [Heading(name, 1), *document.blocks]
        whole.data["problems"][name] = document.data
        whole.notes += [f"{name}: {note}" for note in document.notes]
        code = max(code, own)
    whole.sheet = tables
    return whole, _refused(whole, code, unread)


def _refused(whole: Document, code: int, unread: dict[str, RnncalcError]) -> int:
    """The exit code, where problems that cannot be solved are said beside the others; they are raised if all are so."""
    from rnncalc.errors import OverflowedError, ProblemError

    errors = {name: f"{name}: {error}" for name, error in unread.items()}
    if not whole.blocks:
        raise ProblemError("\n".join(errors.values()))
    for name, message in errors.items():
        whole.data["problems"][name] = {"error": str(unread[name])}
        complain(message)
        code = max(code, 3 if isinstance(unread[name], OverflowedError) else 2)
    return code
