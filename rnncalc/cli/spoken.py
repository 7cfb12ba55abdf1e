"""Commands whose help is in the language that was chosen, not in that of the moment they were loaded."""

from __future__ import annotations

import gettext
import inspect
import os
from collections.abc import Sequence
from typing import Any

import click

from rnncalc.files import claimed
from rnncalc.language import LANGUAGES, _, folder, of_locale, speak
from rnncalc.safe import printable

N_ = str  # marks a text for translation
CLICK = (  # what click itself says, which it looks up under the same words
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("default: {default}"),
    N_("Missing argument"),
    N_("Missing option"),
    N_("required"),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
)


class _Output(click.ParamType):
    """The name of a file that a command writes."""

    name = "file"


OUTPUT = _Output()


class Spoken(click.Command):
    """A command that translates its help, paragraph by paragraph, and its options' when they are shown; and that never
    reads what it was told to write.

    It runs without NumPy's warnings: an overflow is reported by name and step, and by the exit code.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it, while the files that are named as outputs are claimed."""
        if isinstance(self, click.Group):  # whose command is not there yet, and may be asked for its help alone
            return super().invoke(ctx)
        from rnncalc.functions import quiet

        outputs = [ctx.params.get(option.name or "") for option in self.params if option.type is OUTPUT]
        with claimed(*(name.rstrip("/") for name in outputs if name)):
            return quiet(super().invoke)(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, with every text looked up first and put back afterwards."""
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option) and option.help]
        kept, texts = self.help, [option.help for option in options]
        try:
            self.help = spoken(kept)
            for option in options:
                option.help = _(option.help or "")
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
    click.echo("\n".join(map(printable, text.split("\n"))), err=True)


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
