"""Arrays and configuration of Keras's files: .keras, a zip with config.json and model.weights.h5, or the latter alone.

Nothing that a file declares is believed: sizes are bounded before they are read, and what lies in other files, as HDF5
allows it, is refused. Nothing is executed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any

import h5py
import numpy as np

from rnncalc.common import bounds, strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, RnncalcError

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
SAME_NAMES = ("tanh", "sigmoid", "relu", "elu", "softplus", "softsign", "hard_sigmoid")  # functions called as here


def content(path: str | PathLike[str]) -> tuple[dict[str, Any] | None, dict[str, list[np.ndarray]], dict[str, str]]:
    """The configuration, None in a file of weights alone; group of variables → its arrays; group → the layer's name.

    Raises ParseError.
    """
    try:
        data, config = bounds.content(path), None
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as parts:
                config = strict_json.plain(_unpacked(parts, CONFIG, path).decode())
                data = _unpacked(parts, WEIGHTS, path)
        with h5py.File(io.BytesIO(data), "r") as file:
            groups = dict(_variables(file, ""))
            arrays = {name: _arrays(group, path) for name, group in groups.items()}
            names = {name: str(group.attrs.get("name", "")) for name, group in groups.items()}
    except RnncalcError:
        raise
    except Exception as error:  # HDF5 raises what it likes
        raise ParseError(_("cannot read {name}: {reason}"), name=fspath(path), reason=error) from None
    if config is not None and not isinstance(config, dict):
        raise ParseError(_("{name}: its configuration is no object"), name=path)
    return config, arrays, names


def _unpacked(parts: zipfile.ZipFile, name: str, path: str | PathLike[str]) -> bytes:
    """One file of the zip, no larger than is allowed."""
    bounds.check(parts.getinfo(name).file_size, path)
    with parts.open(name) as file:
        return file.read(bounds.most())


def _variables(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The groups called vars, by the path above them."""
    for name in group:
        entry = _own(group, name)
        if isinstance(entry, h5py.Group) and name == "vars":
            yield prefix.rstrip("/"), entry
        elif isinstance(entry, h5py.Group):
            yield from _variables(entry, f"{prefix}{name}/")


def _own(group: Any, name: str) -> Any:
    """An entry of a group that lies in this file, at this place. Raises ParseError."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ParseError(_("{name} is a link, which is not followed"), name=name)
    entry = group[name]
    if isinstance(entry, h5py.Dataset) and (entry.external or entry.is_virtual):
        raise ParseError(_("{name} lies in another file: save the model with its weights inside"), name=name)
    return entry


def _arrays(group: Any, path: str | PathLike[str]) -> list[np.ndarray]:
    """The arrays of a group in their order."""
    arrays: list[np.ndarray] = []
    for number in range(len(group)):
        dataset = _own(group, str(number))
        bounds.check(dataset.size * dataset.dtype.itemsize + sum(array.nbytes for array in arrays), path)
        arrays.append(dataset[()])
    return arrays
