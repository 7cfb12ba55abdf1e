"""The group of commands, and what happens when something goes wrong on the way."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from rnncalc.cli import streams
from rnncalc.cli.click_words import refuse
from rnncalc.cli.translated_commands import Spoken, choose, complain
from rnncalc.common.i18n import LANGUAGES, _, os_error_reason
from rnncalc.common.suggest import nearest
from rnncalc.common.version import __version__
from rnncalc.errors import OverflowedError, RnncalcError, shown

FAULT = 70  # as in sysexits.h: an internal software error
LONGEST_COMMAND = 2000
COMMANDS = {  # name → what the list of commands says of it; the command itself is loaded when it is called
    "forward": "Forward pass: a_t, h_t, y_t, step by step.",
    "backward": "Backpropagation through time: every δ, every gradient, the update.",
    "check": "Are these answers right, where did it go wrong, and why.",
    "grade": "Grade many answers to one problem: a mark sheet.",
    "new": "Make a problem: friendly numbers, statement, answer form, solution.",
    "init": "Initialise a cell's weights by a named scheme, and explain all schemes.",
    "train": "Train a network: from data to a saved model.",
    "predict": "Predict with a trained model.",
    "generate": "Generate text with a model that was trained on text.",
    "convert": "Convert weights from one library's file to another's.",
    "inspect": "Inspect a file of weights: its network, and what it leaves open.",
    "sweep": "Sweep over hyper-parameters, a table sorted by validation loss.",
    "plot": "Plot a model: loss, hidden states, gates, the flow of gradients.",
    "warmup": "Compile beforehand what the compiled engine needs.",
    "explain": "Explain a cell, a mistake or a topic; alone: list them.",
}


class Commands(Spoken, click.Group):
    """The commands by name, each in the file that is named like it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rnncalc.cli.{name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; an end of file that escapes a command is not taken for Ctrl-D by click."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise RuntimeError(f"EOFError: {error}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name for one that nobody knows."""
        if args and args[0] not in COMMANDS and (near := nearest(args[0], COMMANDS)):
            message = _("there is no command “{name}”: did you mean “{near}”?")
            raise click.UsageError(message.format(name=args[0], near=near), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, text in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["--help"]})
@click.version_option(__version__, prog_name="rnncalc")
@click.option("--lang", type=click.Choice(LANGUAGES), expose_value=False, help="Default: the locale's.")
def commands() -> None:
    """Recurrent networks, computed exactly and explained.

    \b
    rnncalc forward --U "0.1 0.2; 0.3 0.4" --W "0.2 0.2; 0.3 0.3" \\
                    --b "0.5 0.6" --x "2 3" --V "0.7 0.8" --c 0.9
    rnncalc forward problem.json --work
    rnncalc explain lstm

    \b
    Shell completion (bash; also zsh and fish):
    eval "$(_RNNCALC_COMPLETE=bash_source rnncalc)"
    """


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 an answer is wrong, 2 the question cannot be read, 3 a number is not
    finite, 70 a fault of rnncalc itself, 130 interrupted."""
    streams.prepare()
    try:
        choose(sys.argv[1:])
        code = commands.main(standalone_mode=False) or 0
        sys.stdout.flush()
    except Exception as error:
        if os.environ.get("RNNCALC_DEBUG") == "1":
            import traceback

            traceback.print_exc()
        code = _failed(error)
    sys.exit(code)


def _failed(error: Exception) -> int:
    """Say what went wrong; its exit code."""
    if isinstance(error, click.ClickException):
        refuse(error)
        return error.exit_code
    if isinstance(error, click.Abort):
        click.echo(_("Interrupted."), err=True)
        return 130
    if isinstance(error, OverflowedError):
        complain(error)
        return 3
    if isinstance(error, RnncalcError):
        complain(error)
    elif isinstance(error, MemoryError):
        text = _("this needs more memory than there is: take fewer units, steps or sequences, or --dtype float32")
        complain(text)
    elif isinstance(error, RecursionError):
        complain(_("something in the question is nested too deeply: write it with fewer brackets within brackets"))
    elif isinstance(error, OSError):
        complain(f"{shown(error.filename)}: {os_error_reason(error)}" if error.filename else os_error_reason(error))
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is still buffered must not fail again as Python ends
    else:
        complain(_fault(error))
        return FAULT
    return 2


def _fault(error: Exception) -> str:
    """What escaped, on one line, with all that a report needs."""
    import shlex  # here: no other run needs it

    what = shown(f"{type(error).__name__}: {error}")
    command = shown(shlex.join(["rnncalc", *sys.argv[1:]]), LONGEST_COMMAND)
    text = _("a fault of rnncalc {version} itself ({what}). Please report it with the command: {command}")
    return text.format(version=__version__, what=what, command=command)
