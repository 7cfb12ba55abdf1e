"""Commands whose help is in the language that was chosen, not in that of the moment they were loaded."""

from __future__ import annotations

import gettext
import inspect
import os
import sys
from collections.abc import Collection, Sequence
from typing import Any

import click

from rnncalc.cli.click_words import SpokenContext, values
from rnncalc.common.files import STREAMS, claimed
from rnncalc.common.i18n import LANGUAGES, _, folder, full_width, of_locale, speak
from rnncalc.common.safe_text import printable
from rnncalc.errors import RnncalcError
from rnncalc.report.document_formats import BINARY, SPREADSHEETS


class OutputFile(click.ParamType):
    """The name of a file that a command writes.

    known: the endings that go with it; others are refused where the ending chooses what is written.
    announced: whether it is said afterwards. chosen: whether --format may choose in place of the ending.
    """

    name = "file"

    def __init__(self, known: Collection[str] | None = None, *, announced: bool = True, chosen: bool = True):
        self.known, self.announced, self.chosen = known, announced, chosen

    def check(self, name: str, ctx: click.Context) -> None:
        """Raises RnncalcError for an ending that says something else than what would be written."""
        ending = os.path.splitext(name)[1].lower()
        if self.known is None or ending in ("", ".") or os.path.isdir(name):
            return
        if self.chosen and ctx.params.get("format_"):
            return
        if ending not in self.known:
            text = _("{name}: nothing here is written as {ending}; there are {known}")
            text += _(", or choose with --format") * self.chosen
            if ending in SPREADSHEETS and "bom" in ctx.params:
                text = _("{name}: spreadsheets are written as .csv; --bom for Excel")
            raise RnncalcError(text, name=name, ending=ending, known=", ".join(self.known))


class Spoken(click.Command):
    """A command that translates its help, paragraph by paragraph, and its options' when they are shown; and that never
    reads what it was told to write, nor writes it under another kind's ending.

    It runs without NumPy's warnings: an overflow is reported by name and step, and by the exit code.
    """

    context_class = SpokenContext

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it, while the files that are named as outputs are claimed."""
        if isinstance(self, click.Group):  # whose command is not there yet, and may be asked for its help alone
            return super().invoke(ctx)
        from rnncalc.model.equations.functions import quiet

        if ctx.params.get("format_") in BINARY and not ctx.params.get("output") and sys.stdout.isatty():
            text = _("{format} is no text: write it to a file, -o FILE.{format}")
            raise click.UsageError(text.format(format=ctx.params["format_"]), ctx)
        named = [(option.type, ctx.params.get(option.name or "")) for option in self.params]
        outputs = [(kind, name) for kind, name in named if isinstance(kind, OutputFile) and name]
        for kind, name in outputs:
            kind.check(name, ctx)
        with claimed(*(name.rstrip("/") for _kind, name in outputs)):
            result = quiet(super().invoke)(ctx)
        written = [name for kind, name in outputs if kind.announced and not name.startswith(STREAMS)]
        if written:
            tell(_("written: {names}").format(names=", ".join(written)))
        return result

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, what stands for values in the reader's language."""
        with values(self, ctx):
            super().format_usage(ctx, formatter)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, with every text looked up first and put back afterwards."""
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option) and option.help]
        kept, texts = self.help, [option.help for option in options]
        try:
            self.help = spoken(kept)
            for option in options:
                option.help = _(option.help or "")
            with values(self, ctx):
                super().format_help(ctx, formatter)
        finally:
            self.help = kept
            for option, text in zip(options, texts):
                option.help = text


def complain(message: object) -> None:
    """Say on standard error what is wrong."""
    tell(_("Error: {message}").format(message=message))


def remark(text: str) -> None:
    """Say on standard error what was assumed."""
    tell(_("note: {text}").format(text=text))


def tell(text: str) -> None:
    """Say on standard error, a line or several, with nothing in them but characters that are seen."""
    click.echo(full_width("\n".join(map(printable, text.split("\n")))), err=True)


def spoken(text: str | None) -> str | None:
    """A help text with each of its paragraphs in the reader's language; commands stay as they are."""
    if not text:
        return text
    paragraphs = [paragraph.strip("\n") for paragraph in inspect.cleandoc(text).split("\n\n")]
    return "\n\n".join(_(paragraph) if paragraph else "" for paragraph in paragraphs)


def choose(arguments: Sequence[str]) -> None:
    """The language of this process: --lang, wherever it stands, else the locale's. click follows the environment."""
    wishes = [argument.removeprefix("--lang=") for argument in arguments if argument.startswith("--lang=")]
    wishes += [after for argument, after in zip(arguments, arguments[1:]) if argument == "--lang"]
    language = next((wish for wish in wishes if wish in LANGUAGES), of_locale())
    speak(language)
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain("rnncalc", folder())
    gettext.textdomain("rnncalc")
