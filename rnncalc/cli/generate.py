"""rnncalc generate"""

from __future__ import annotations

import json

import click

from rnncalc.cli.options import language_option, output_option, put
from rnncalc.cli.translated_commands import Spoken, remark
from rnncalc.common.files import write


@click.command("generate", cls=Spoken)
@click.argument("model", metavar="MODEL")
@click.option("--length", default=200, show_default=True, help="Tokens at most.")
@click.option("--start", default="", help="What the text begins with.")
@click.option("--temperature", default=1.0, show_default=True, help="0: always the likeliest.")
@click.option("--top-k", type=int, help="Only among the k likeliest.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Same seed, same text.")
@click.option("--acrostic", default="", help="The first character of each line of verse.")
@click.option(
    "--count", default=1, type=click.IntRange(1), show_default=True, help="So many texts, with the seeds that follow."
)
@click.option("--format", "format_", type=click.Choice(["plain", "json"]), help="Default: by FILE, else plain.")
@output_option("output", known=(".txt", ".json"), help="Write to FILE.")
@language_option
def command(
    model: str, length: int, start: str, temperature: float, top_k: int | None, seed: int, acrostic: str, count: int,
    format_: str | None, output: str | None,
) -> None:  # fmt: skip
    """Generate text with a model that was trained on text.

    \b
    rnncalc generate quatrains.safetensors --temperature 0.7 --count 3
    rnncalc generate model.safetensors --start "Once" --length 500 --top-k 20
    """
    from rnncalc.network.weights import model_file as models
    from rnncalc.pipeline import generate as generation

    read, noted = models.load(model), set[str]()

    def note(text: str) -> None:
        if text not in noted:
            noted.add(text)
            remark(text)

    json_ = format_ == "json" or (format_ is None and output is not None and output.lower().endswith(".json"))
    made = []
    for number in range(count):
        text = generation.generate(
            read, length, start=start, temperature=temperature, top_k=top_k, seed=seed + number, acrostic=acrostic,
            note=note,
        )  # fmt: skip
        made.append(text.rstrip("\n"))
        if output is None and not json_:
            click.echo(made[-1])
    if json_:
        texts = [{"seed": seed + number, "text": text} for number, text in enumerate(made)]
        whole = json.dumps({"texts": texts}, ensure_ascii=False, indent=1) + "\n"
    else:
        whole = "".join(f"{text}\n" for text in made)
    if output is not None:
        write(output, whole)
    elif json_:
        put(whole, None, "json")
