"""What a training run has reached, and what a sweep has found, as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.network.weights.model_file import losses
from rnncalc.report.document import Block, Curve, Document, Grid, Heading, Items, Paragraph


def training(
    title: str, network: str, lines: Sequence[str], settings: Mapping[str, Any], history: Sequence[Mapping[str, float]]
) -> Document:
    """A run's results line by line, its losses from epoch to epoch, its settings.

    network: its `repr`; lines: as the command prints them.
    """
    words = {"epoch": _("epoch"), "loss": _("loss"), "val_loss": _("validation loss")}
    columns = list(dict.fromkeys(name for entry in history for name in entry))
    drawn = tuple((word, tuple(values)) for word, values in losses(history).items())
    rows = tuple(tuple(_cell(entry.get(name)) for name in columns) for entry in history)
    blocks: list[Block] = [Heading(title, 1), Paragraph(network), Items(tuple(("", line) for line in lines))]
    if history:
        headings = tuple(words.get(name, name) for name in columns)
        blocks.append(Curve(drawn, _("epoch")))
        blocks.append(Grid(headings, rows, tuple(columns), frozenset(range(len(columns)))))
    chosen = tuple((name, str(value)) for name, value in settings.items())
    blocks += [Heading(_("settings"), 2), Grid((_("option"), _("value")), chosen, ("option", "value"))]
    return Document(blocks, {"network": network, "settings": dict(settings), "history": list(history)})


def _cell(value: float | None) -> str | float | None:
    """A number that was measured; one that counts is a text."""
    return value if value is None or isinstance(value, float) else str(value)


def sweep(results: Sequence[Mapping[str, Any]], options: Sequence[str]) -> Document:
    """A sweep's runs, the best first: the least validation loss, its epoch, what was tried; why some have failed."""
    failed = any("error" in result for result in results)
    rows: tuple[tuple[str | float | None, ...], ...] = tuple(
        (
            float(result["val_loss"]),
            str(result.get("epoch", "")),
            *(str(result["options"].get(name)) for name in options),
            *([str(result.get("error", ""))] if failed else []),
        )
        for result in results
    )
    headings = (_("validation loss"), _("epoch"), *options, *([_("error")] if failed else []))
    names = ("val_loss", "epoch", *options, *(["error"] if failed else []))
    return Document([Grid(headings, rows, names, frozenset({0, 1}))], {"results": list(results)})
