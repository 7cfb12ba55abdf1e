"""What click itself says, in the reader's language: its messages, its headings, and what stands for a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from rnncalc.common.i18n import N_, _, language
from rnncalc.common.wrapping import columns, display_width, wrap

MESSAGES = (  # click looks them up under the same words
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("default: {default}"),
    N_("required"),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing command."),
    N_("Choose from:\n\t{choices}"),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("{value!r} is not a valid boolean. Recognized values: {states}"),
)
PLURALS = (  # one, several
    (N_("Got unexpected extra argument ({args})"), N_("Got unexpected extra arguments ({args})")),
    (N_("Option {name!r} requires an argument."), N_("Option {name!r} requires {nargs} arguments.")),
    (N_("Did you mean {possibility}?"), N_("(Did you mean one of: {possibilities}?)")),
    (N_("{value!r} is not {choice}."), N_("{value!r} is not one of {choices}.")),
)
VALUES = (  # what stands in a help text for a value
    N_("INTEGER"), N_("FLOAT"), N_("TEXT"), N_("FILE"), N_("NEW"), N_("FILE.csv"), N_("NAME"), N_("NAMES"), N_("STEPS"),
    N_("MODEL"), N_("DATA"), N_("PROBLEM"), N_("SUBMISSION"), N_("CELL"), N_("MISTAKE"), N_("TOPIC"), N_("ADDRESS"),
    N_("HEADER"), N_("SIGNATURE"), N_("OPTIONS"), N_("COMMAND"), N_("ARGS"),
)  # fmt: skip
_ADDED = re.compile(r"\[[^\[\]]*\]$")  # [default: 6; 1<=x<=17]
_VALUE = re.compile(r"([A-Z]{4,}(?:\.csv)?)(?: RANGE)?")


class Formatter(click.HelpFormatter):
    """Help with the reader's colon behind its headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """As click does it; a full-width colon needs no blank behind it."""
        super().write_usage(prog, args, prefix or _("Usage:") + " " * (language() == "en"))

    def write_heading(self, heading: str) -> None:
        """The heading of a list."""
        self.write(" " * self.current_indent + _("{heading}:").format(heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        """A paragraph. In Chinese it is broken here, since click knows no width but that of letters."""
        super().write_text(_broken(text, self.width - self.current_indent))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms and texts. In Chinese they are set here, since click takes every character for as wide as a letter.

        What click adds in brackets has the reader's punctuation.
        """
        rows = [(self._in_lines(term), text) for term, text in rows]
        if language() == "en":
            super().write_dl(rows, col_max, col_spacing)
            return
        first = min(max((display_width(term) for term, _text in rows), default=0), col_max) + col_spacing
        begin = "\n" + " " * (self.current_indent + first)
        for term, text in rows:
            room = first - display_width(term)
            text = _ADDED.sub(lambda part: part[0].replace("; ", "；"), text)
            lines = wrap(text, max(self.width - first - 2, 10)) if text else []
            between = "" if not lines else " " * room if room >= col_spacing else begin
            self.write(" " * self.current_indent + term + between + begin.join(lines) + "\n")

    def _in_lines(self, term: str) -> str:
        """An option with many choices, broken behind a bar where it is wider than the page."""
        indent = " " * self.current_indent + "  "
        lines = [""]
        for part in re.findall(r"[^|]*\|?", term):
            if len(lines[-1]) + len(part) > self.width - self.current_indent and lines[-1]:
                lines.append(indent)
            lines[-1] += part
        return "\n".join(lines)


def _broken(text: str, width: int) -> str:
    """A text in lines that click leaves as they are, save what is in lines already; in English the text itself."""
    if language() == "en":
        return text
    parts = [part if part.startswith("\b") else "\n".join(wrap(part, max(width, 10))) for part in text.split("\n\n")]
    return "\n\n".join(part if part.startswith("\b") else f"\b\n{part}" for part in parts if part)


class SpokenContext(click.Context):
    """A context whose help is written by the formatter above."""

    def make_formatter(self) -> Formatter:
        """As wide as click makes it, which loads shutil to find out."""
        return Formatter(width=max(min(columns(), 80) - 2, 50))


def value(metavar: str) -> str:
    """INTEGER RANGE, [PROBLEM], CELL|TOPIC … in the reader's language."""
    return metavar if language() == "en" else _VALUE.sub(lambda match: _(match[1]), metavar)


@contextmanager
def values(command: click.Command, ctx: click.Context) -> Iterator[None]:
    """Meanwhile what stands for values in a command's help is in the reader's language."""
    options = command.get_params(ctx)
    kept, of_options = [option.metavar for option in options], command.options_metavar
    of_commands = command.subcommand_metavar if isinstance(command, click.Group) else ""
    try:
        command.options_metavar = value(of_options or "")
        if isinstance(command, click.Group):
            command.subcommand_metavar = value(of_commands)
        for option in options:
            flag = isinstance(option, click.Option) and (option.is_flag or option.count)
            option.metavar = option.metavar if flag else value(option.make_metavar(ctx))
        yield
    finally:
        command.options_metavar = of_options
        if isinstance(command, click.Group):
            command.subcommand_metavar = of_commands
        for option, metavar in zip(options, kept):
            option.metavar = metavar


def refuse(error: click.ClickException) -> None:
    """Say on standard error what click refuses, as click does."""
    text, ctx = error.format_message(), getattr(error, "ctx", None)
    if isinstance(error, click.UsageError) and ctx is not None:
        click.echo(ctx.get_usage(), err=True)
        if ctx.command.get_help_option(ctx) is not None:
            option = ctx.help_option_names[0]
            hint = _("Try '{command} {option}' for help.").format(command=ctx.command_path, option=option)
            click.echo(f"{_quoted(hint)}\n", err=True)
    param = getattr(error, "param", None)
    if isinstance(param, click.Argument) and ctx is not None:
        hint = param.make_metavar(ctx)
        text = text.replace(hint, value(hint))
    click.echo(_("Error: {message}").format(message=_quoted(text)), err=True)


def _quoted(text: str) -> str:
    """In Chinese: the quotation marks and the full stops that click puts in by itself."""
    if language() == "en":
        return text
    text = re.sub(r" ?'([^'\n]*)' ?", r"“\1”", text)
    text = text.replace("”,“", "”、“").replace("”/“", "”、“").replace("。 ", "。")
    return re.sub(r"”\.( |$)", "”。", text)
