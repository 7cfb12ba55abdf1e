"""rnncalc generate"""

from __future__ import annotations

import click

from rnncalc.cli.options import language_option
from rnncalc.cli.spoken import Spoken, remark


@click.command("generate", cls=Spoken)
@click.argument("model", metavar="MODEL")
@click.option("--length", default=200, show_default=True, help="Tokens at most.")
@click.option("--start", default="", help="What the text begins with.")
@click.option("--temperature", default=1.0, show_default=True, help="0: always the likeliest.")
@click.option("--top-k", type=int, help="Only among the k likeliest.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same text.")
@click.option("--acrostic", default="", help="The first character of each line of verse.")
@click.option("--count", default=1, show_default=True, help="So many texts, with the seeds that follow.")
@language_option
def command(
    model: str, length: int, start: str, temperature: float, top_k: int | None, seed: int, acrostic: str, count: int
) -> None:
    """Generate text with a model that was trained on text.

    \b
    rnncalc generate quatrains.safetensors --temperature 0.7 --count 3
    rnncalc generate model.safetensors --start "Once" --length 500 --top-k 20
    """
    from rnncalc import generation
    from rnncalc.weights import models

    read, told = models.load(model), set[str]()

    def note(text: str) -> None:
        if text not in told:
            told.add(text)
            remark(text)

    for number in range(count):
        text = generation.generate(
            read, length, start=start, temperature=temperature, top_k=top_k, seed=seed + number, acrostic=acrostic,
            note=note,
        )  # fmt: skip
        click.echo(text.rstrip("\n"))
