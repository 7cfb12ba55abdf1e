"""Model files: safetensors with everything that is needed to use a network, and how it came about.

Tensors are called as in `Parameters`: layers.0.U, layers.0.backward.W, …, V, c. The metadata has one entry, `rnncalc`,
JSON: the cells, their switches, directions and merges; the output; and whatever the data brought along (vocabulary,
scaling, columns), the settings and the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from json import dumps, loads
from os import PathLike
from typing import Any

import numpy as np

from rnncalc.common import files, strict_json
from rnncalc.common.i18n import _
from rnncalc.common.kinds import path_of
from rnncalc.common.version import __version__
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.model.cells import CELLS, Cell, built_in
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import safe_tensors, schema
from rnncalc.network.weights.refusals import network_of

FORMAT = 1
KEY = "rnncalc"
BEGINS = b'{"__metadata__":{"%s":' % KEY.encode()  # a file's header, which comes after the eight bytes of its length


@dataclass
class Model:
    """A network and what belongs to it: `data` says how inputs are read, `settings` and `history` how it was trained.

    format: the name of the format of its file. notes: what was assumed as it was read.
    """

    network: Network
    data: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    format: str = KEY
    notes: list[str] = field(default_factory=list)

    def announced(self) -> Network:
        """The network; the notes go to the logger of the package."""
        if self.notes:
            import logging  # here: most files leave nothing open

            for note in self.notes:
                logging.getLogger(KEY).warning(note)
        return self.network

    def _repr_html_(self) -> str:
        """The network, and the losses from epoch to epoch."""
        from rnncalc.common.markup import curve  # here: only notebooks show HTML

        return self.network._repr_html_() + curve(losses(self.history), _("epoch"))


def losses(history: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """The losses from epoch to epoch, by the word for each that there is; None where an epoch has none."""
    words = {"loss": _("loss"), "val_loss": _("validation loss")}
    return {
        word: [entry.get(name) for entry in history]
        for name, word in words.items()
        if any(name in entry for entry in history)
    }


def save(model: Model, path: str | PathLike[str]) -> None:
    """Write a model, whole or not at all. Raises RnncalcError."""
    write(path, *taken_apart(model))


def in_bytes(model: Model) -> bytes:
    """What a model file holds."""
    tensors, about = taken_apart(model)
    return packed(tensors, {KEY: dumps(about)})


def taken_apart(model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A model as tensors by name, and as JSON."""
    tensors = {at.prefix + name: array for at, part in model.network.parts() for name, array in part.named.items()}
    about = {
        "format": FORMAT,
        "layers": [
            {
                "cell": described(layer.cell),
                "direction": layer.direction,
                "merge": layer.merge,
                **({} if layer.one_cell else {"backward": described(layer.passes["backward"].cell)}),
            }
            for layer in model.network.layers
        ],
        "output": model.network.output if model.network.read_out else None,
        **({} if model.network.summary == "last" else {"summary": model.network.summary}),
        "dtype": model.network.dtype.name,
        "data": model.data,
        "settings": model.settings,
        "history": model.history,
    }
    return tensors, about


def load(path: str | PathLike[str], engine: str = "auto") -> Model:
    """Read a model. Raises ParseError."""
    files.reading(path)
    return put_together(path, *read(path), engine)


def put_together(
    path: str | PathLike[str], tensors: Mapping[str, np.ndarray], about: Mapping[str, Any], engine: str = "auto",
    dtype: str | np.dtype | None = None,
) -> Model:  # fmt: skip
    """The inverse of `taken_apart`. Raises ParseError."""
    if "layers" not in about:
        raise ParseError(_("{name} is no model of rnncalc, perhaps a checkpoint"), name=path)
    try:
        schema.MODEL(about, "rnncalc")
        network = _network(tensors, about, engine, dtype or about["dtype"])
        schema.check_data(about["data"], network.sizes["D"], network.sizes["O"])
    except RnncalcError as error:
        raise ParseError(_("{name}: {error}"), name=path, error=error) from None
    return Model(network, about["data"], about["settings"], about["history"])


def _network(
    tensors: Mapping[str, np.ndarray], about: Mapping[str, Any], engine: str, dtype: str | np.dtype
) -> Network:
    """The network that the metadata describes, of these tensors and no others."""
    left, layers = dict(tensors), []
    for number, layer in enumerate(about["layers"]):
        cell = understood(layer["cell"])
        other = understood(layer["backward"]) if "backward" in layer else cell
        first, second = (
            {name: left.pop(tensor) for name in names if (tensor := f"{prefix}{name}") in left}
            for prefix, names in ((f"layers.{number}.", cell.names), (f"layers.{number}.backward.", other.names))
        )
        given: dict[str, Any] = {**first, "backward": {"cell": other, **second}} if second else first
        layers.append(Layer(cell, direction=layer["direction"], merge=layer["merge"], **given))
    V, c = left.pop("V", None), left.pop("c", None)
    if left:
        raise ParseError(_("the tensor {name} belongs to none of its layers"), name=next(iter(left)))
    return Network(layers, V, c, about["output"], dtype=dtype, engine=engine, summary=about.get("summary"))


def save_model(network: Network | Model, path: str | PathLike[str]) -> None:
    """Write a network as a model file, whole or not at all.

    Parameters
    ----------
    network : Network
        Or a trained model, which is saved with all that belongs to it.
    path : str or path-like
        A .safetensors file.

    Raises
    ------
    RnncalcError
        If the file cannot be written.

    Examples
    --------
    >>> from rnncalc import Elman, save_model
    >>> save_model(Elman(U=[[0.9]], W=[[0.5]]), "model.safetensors")
    """
    path_of("path", path)
    save(network if isinstance(network, Model) else Model(network_of(network)), path)


def described(cell: Cell) -> dict[str, Any]:
    """A cell as JSON: one of ours by its name and switches, any other, be it called like ours, by its equations."""
    if built_in(cell):
        return {"name": cell.name, "switched": dict(cell.switched)}
    own = {name: getattr(cell, name) for field in fields(cell) if (name := field.name) in schema.OWN_CELL}
    return loads(dumps(own, default=dict))  # a copy of its mappings and sequences as JSON has them


def understood(described: Mapping[str, Any]) -> Cell:
    """The inverse of `described`."""
    if "equations" in described:
        return Cell(**described)
    return CELLS[described["name"]].switch(**described["switched"])


# files ----------------------------------------------------------------------------------------------------------------


def write(path: str | PathLike[str], tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """A safetensors file with a JSON entry, written whole or not at all. Raises RnncalcError."""
    save_tensors(path, tensors, {KEY: dumps(about)})


def save_tensors(path: str | PathLike[str], tensors: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> None:
    """A safetensors file, written whole or not at all. Raises RnncalcError."""
    files.write(path, packed(tensors, texts), durable=True)


def packed(tensors: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> bytes:
    """Tensors and texts as a safetensors file."""
    whole: bytes = _package().save({name: np.ascontiguousarray(array) for name, array in tensors.items()}, dict(texts))
    return whole


def read(path: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The tensors and the JSON entry of a file that `write` wrote. Raises ParseError."""
    tensors, texts = safe_tensors.read(path)
    return tensors, entry(path, texts)


def entry(path: str | PathLike[str], texts: Mapping[str, str]) -> dict[str, Any]:
    """Our JSON entry among the texts of a file. Raises ParseError."""
    try:
        about = strict_json.plain(texts.get(KEY, "{}"))
    except ParseError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=path, reason=error) from None
    number = about.get("format") if isinstance(about, dict) else None
    if type(number) is int and number > FORMAT:
        message = _(
            "{name} is a model of format {n}, which a later version of rnncalc wrote; {version} reads formats up to "
            "{known}: pip install --upgrade rnncalc"
        )
        raise ParseError(message, name=path, n=number, version=__version__, known=FORMAT)
    if type(number) is not int or number != FORMAT:
        message = _("{name} is no model that rnncalc trained or saved: there is no format in its metadata")
        raise ParseError(message, name=path)
    return about


def ours(path: str | PathLike[str]) -> bool:
    """Whether a file begins like one that `write` wrote, or began to write."""
    try:
        with open(path, "rb") as file:
            return file.read(100)[8:].startswith(BEGINS)
    except OSError:
        return False


def _package() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ProblemError(_("models need the package safetensors: pip install safetensors")) from None
    return safetensors.numpy
