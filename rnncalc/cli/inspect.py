"""rnncalc inspect"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.options import left_open, result_options, show, weights_options
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import N_, _

if TYPE_CHECKING:
    from rnncalc.model.cells import Cell
    from rnncalc.network.weights.model_file import Model
    from rnncalc.report.document import Document

LISTED = 20  # words of a vocabulary, names of classes
OF_DATA = {  # what is said of a trained model's data, and in which words
    "kind": N_("kind of data"), "tokens": N_("tokens"), "id": N_("column of sequences"), "time": N_("column of times"),
    "input": N_("inputs"), "target": N_("targets"), "at": N_("where the target is"), "ahead": N_("steps ahead"),
    "horizon": N_("horizon"), "window": N_("window"), "stride": N_("stride"), "missing": N_("missing values"),
    "vocabulary": N_("vocabulary"), "labels": N_("classes"), "scale": N_("scaled"), "x_mean": N_("means of inputs"),
    "x_std": N_("deviations of inputs"), "y_mean": N_("means of targets"), "y_std": N_("deviations of targets"),
}  # fmt: skip


@click.command("inspect", cls=Spoken)
@click.argument("source", metavar="FILE")
@weights_options
@result_options
def command(source: str, **options: Any) -> None:
    """Inspect a file of weights: its network, what it leaves open, and what belongs to a trained model.

    \b
    rnncalc inspect model.safetensors
    rnncalc inspect lstm.onnx --format json
    """
    from rnncalc.network.weights import weight_formats

    said = left_open(options)
    show(_document(weight_formats.read(source, **said)), **options)


def _document(model: Model) -> Document:
    """The network layer by layer, and what is beside it."""
    from rnncalc.report.document import Document, Grid, Items

    network = model.network
    layers = [
        {
            "cell": layer.cell.name, **layer.cell.switched, **layer.cell.constants,
            "D": layer.sizes["D"], "H": layer.sizes["H"],
            "direction": layer.direction, **({"merge": layer.merge} if layer.direction == "both" else {}),
            **({} if layer.one_cell else {"backward": _cell(layer.passes["backward"].cell)}),
            "parameters": sum(array.size for part in layer.passes.values() for array in part.arrays.values()),
        }
        for layer in network.layers
    ]  # fmt: skip
    top = network.read_out
    data: dict[str, Any] = {
        "format": model.format,
        "dtype": network.dtype.name,
        "layers": layers,
        "output": network.output if top else None,
        **({"summary": network.summary} if network.summarises else {}),
        "sizes": dict(network.sizes),
        "parameters": sum(array.size for _position, part in network.parts() for array in part.arrays.values()),
    }
    if model.data:
        data["data"] = {name: model.data[name] for name in OF_DATA if model.data.get(name)}
    if model.history:
        data["epochs"], data["loss"] = len(model.history), model.history[-1].get("loss")
    if model.notes:
        data["notes"] = model.notes
    words = {
        "format": _("format"), "dtype": _("numbers"), "output": _("output"), "parameters": _("parameters"),
        "epochs": _("epochs"), "loss": _("loss"), "summary": _("summary"),
    }  # fmt: skip
    lines = [(words[name], _short(data[name])) for name in words if data.get(name) is not None]
    lines += [(_(OF_DATA[name]), _short(value)) for name, value in data.get("data", {}).items()]
    keys = tuple(dict.fromkeys(key for layer in layers for key in layer))
    titles = {"cell": _("cell"), "direction": _("direction"), "merge": _("merge"), "parameters": _("parameters")}
    titles |= {"backward": _("backward"), "activation": _("activation"), "update": _("update")}
    rows = tuple((str(number), *(str(layer.get(key, "")) for key in keys)) for number, layer in enumerate(layers, 1))
    grid = Grid((_("layer"), *(titles.get(key, key) for key in keys)), rows, ("layer", *keys))
    return Document([Items(tuple(lines)), grid], data, list(model.notes))


def _short(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_short(entry) for entry in value[:LISTED])
        return _("{n}: {entries}").format(n=len(value), entries=shown + ", …" * (len(value) > LISTED))
    return f"{value:.6g}" if isinstance(value, float) else repr(value) if value in (" ", "\n", "\t") else str(value)


def _cell(cell: Cell) -> str:
    """A cell in a word or two: lstm, elman relu."""
    return " ".join([cell.name, *map(str, [*cell.switched.values(), *cell.constants.values()])])
