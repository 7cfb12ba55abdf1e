"""Tensors by name in .safetensors and .npz files: ours with a description, PyTorch's, or ours as `parameters` has them.

A .npz of ours has the description of a model file as one more entry, a text; the names are those of `parameters`:
layers.0.forward.U, layers.0.backward.W, …, V, c.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from json import dumps
from os import PathLike, fspath
from typing import Any

import numpy as np

from rnncalc.common import files, npy
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file, pytorch, pytorch_writer, safe_tensors
from rnncalc.network.weights.model_file import KEY, Model

Path = str | PathLike[str]
_OURS = re.compile(r"layers\.(\d{1,4})\.(?:(forward|backward)\.)?(\w+)")
_CELLS = {1: "elman", 3: "gru", 4: "lstm"}  # gates → cell, where nothing describes it
_TEXTS = (KEY, "activation", "output")  # entries of a .npz that describe the others


def read(path: Path, *, engine: str = "auto", dtype: str | np.dtype | None = None, **options: Any) -> Model:
    """The network of a file's tensors. Raises ParseError, ProblemError, ShapeError."""
    tensors, texts = _content(path)
    if KEY in texts:
        if options:
            message = _("the file itself says all of {names}")
            raise ProblemError(message, names=", ".join(options))
        if _npz(path):
            tensors = _unprefixed(tensors)
        model = model_file.put_together(path, tensors, model_file.entry(path, texts), engine, dtype)
        model.format = "npz" if _npz(path) else model.format
        return model
    if pytorch.holds(tensors):
        return pytorch.read(tensors, texts, engine=engine, dtype=dtype, **options)
    if any(_OURS.fullmatch(name) for name in tensors):
        return _undescribed(tensors, engine=engine, dtype=dtype, **options)
    message = _("no names of weights that are known: PyTorch's weight_ih_l0, or layers.0.forward.U; there are {known}")
    raise ParseError(message, known=", ".join(list(tensors)[:20]))


def write(network: Network, path: Path) -> list[str]:
    """Write a network with all that describes it. Raises RnncalcError."""
    if not _npz(path):
        model_file.save_model(network, path)
        return []
    _tensors, about = model_file.taken_apart(Model(network))
    tensors = {at.path + name: array for at, part in network.parts() for name, array in part.named.items()}
    _save(path, tensors, {KEY: dumps(about)})
    return []


def write_torch(network: Network, path: Path) -> list[str]:
    """Write a network under PyTorch's names. Raises RnncalcError."""
    tensors, texts = pytorch_writer.to_state_dict(network), pytorch_writer.texts(network)
    _save(path, tensors, texts)
    return [_("in PyTorch: {modules}").format(modules=pytorch_writer.modules(network))]


# files ----------------------------------------------------------------------------------------------------------------


def _npz(path: Path) -> bool:
    return fspath(path).lower().endswith(".npz")


def _content(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors of a file, and its texts."""
    if not _npz(path):
        return safe_tensors.read(path)
    name = fspath(path)
    _none, known = npy.read(name)
    arrays, _known = npy.read(name, known)
    texts = {key: str(arrays.pop(key)) for key in _TEXTS if key in arrays and arrays[key].dtype.kind == "U"}
    return arrays, texts


def _save(path: Path, tensors: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> None:
    if not _npz(path):
        model_file.save_tensors(path, tensors, texts)
        return
    content = io.BytesIO()
    entries: dict[str, Any] = {**tensors, **{name: np.array(text) for name, text in texts.items() if name in _TEXTS}}
    np.savez(content, **entries)
    files.write(path, content.getvalue(), durable=True)


# our names ------------------------------------------------------------------------------------------------------------


def _by_direction(tensors: Mapping[str, np.ndarray]) -> dict[int, dict[str, dict[str, np.ndarray]]]:
    """Layer → direction → name → array."""
    layers: dict[int, dict[str, dict[str, np.ndarray]]] = {}
    for tensor, array in tensors.items():
        if parts := _OURS.fullmatch(tensor):
            layers.setdefault(int(parts[1]), {}).setdefault(parts[2] or "forward", {})[parts[3]] = array
    return layers


def _unprefixed(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same under the names of a model file, which says a direction only where it is a layer's second."""
    named = {name: array for name, array in tensors.items() if not _OURS.fullmatch(name)}
    for number, directions in _by_direction(tensors).items():
        for direction, arrays in directions.items():
            second = "backward." * (direction == "backward" and len(directions) > 1)
            named |= {f"layers.{number}.{second}{name}": array for name, array in arrays.items()}
    return named


def _undescribed(
    tensors: Mapping[str, np.ndarray], *, cell: str | None = None, activation: str | None = None,
    output: str | None = None, engine: str = "auto", dtype: str | np.dtype | None = None, **options: Any,
) -> Model:  # fmt: skip
    """The network of weights under our names and no more: the shape of W and the presence of d tell the cell."""
    if options:
        raise ProblemError(_("{name} is for PyTorch's names"), name=", ".join(options))
    levels = _by_direction(tensors)
    if sorted(levels) != list(range(len(levels))):
        raise ProblemError(_("layers are missing: there are {known}"), known=sorted(levels))
    layers, assumed = list[Layer](), dict[str, None]()
    for number in range(len(levels)):
        directions = levels[number]
        given: list[dict[str, Any]] = [dict(directions[name]) for name in ("forward", "backward") if name in directions]
        first, *second = given
        kind = cell or _cell(first)
        switches = {"activation": activation or "tanh"} if kind == "elman" else {}
        assumed |= dict.fromkeys(["activation tanh"] if switches and not activation else [])
        assumed |= dict.fromkeys(["update z_old"] if kind.startswith("gru") else [])
        direction = "both" if second else next(iter(directions))
        layers.append(Layer(kind, **first, **switches, direction=direction, backward=second[0] if second else None))
    top: dict[str, Any] = {name: tensors[name] for name in ("V", "c") if name in tensors}
    if top and output is None:
        assumed["output identity"] = None
    notes = (
        [_("the file does not say it, so this was taken: {words}").format(words=", ".join(assumed))] if assumed else []
    )
    network = Network(layers, **top, output=output, engine=engine, dtype=dtype)
    return Model(network, format="npz", notes=notes)


def _cell(arrays: Mapping[str, np.ndarray]) -> str:
    W = arrays.get("W", np.empty((0, 0)))
    gates = len(W) / W.shape[1] if W.ndim == 2 and W.shape[1] else 0
    if gates not in _CELLS:
        raise ProblemError(_("W is {shape}: (G·H, H) with G = 1, 3 or 4 was expected, or say the cell"), shape=W.shape)
    return "gru_after" if gates == 3 and "d" in arrays else _CELLS[gates]
