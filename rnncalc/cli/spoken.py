"""Commands whose help is in the language that was chosen, not in that of the moment they were loaded."""

from __future__ import annotations

import click

from rnncalc.language import _


class Spoken(click.Command):
    """A command that translates its help, paragraph by paragraph, and its options' when they are shown."""

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


def spoken(text: str | None) -> str | None:
    """A help text with each of its paragraphs in the reader's language: those of commands stay as they are."""
    return text and "\n\n".join(_(paragraph) if paragraph.strip() else paragraph for paragraph in text.split("\n\n"))
