"""The one door for weights in files: `load` and `save`, whatever library a file is from.

A format is one entry of FORMATS: its name, the endings of its files, and what reads and writes them. A file's ending
says its format; of tensors by name, their names do. Nothing pickled is ever read.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from importlib import import_module
from os import PathLike, fspath
from typing import Any

from rnncalc.common import bounds, files
from rnncalc.common.i18n import _
from rnncalc.common.kinds import path_of
from rnncalc.common.npy import BROKEN_ARCHIVE
from rnncalc.common.suggest import one_of
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.network.network import Network
from rnncalc.network.weights.model_file import Model, ours
from rnncalc.network.weights.refusals import network_of


@dataclass(frozen=True)
class Format:
    """How the weights of one library lie in files.

    reader, writer: the functions in this folder, as module.function, loaded when they are called: most of them need a
    package of their own. `read(path, **options) -> Model`; `write(network, path) -> list of notes`.
    options: what its files leave open, so that a person may say it. package: what else must be installed; the extra is
    called like it. steps: whether its files hold a graph, whose read-out is that of every step, and not weights alone.
    """

    name: str
    endings: tuple[str, ...]
    reader: str = ""
    writer: str = ""
    options: tuple[str, ...] = ()
    package: str = ""
    steps: bool = False

    def call(self, dotted: str, *arguments: Any, **options: Any) -> Any:
        """Call the reader or the writer. Raises ProblemError where its package is missing."""
        module, _dot, name = dotted.partition(".")
        try:
            function = getattr(import_module(f"{__package__}.{module}"), name)
        except ModuleNotFoundError as error:
            if not self.package or error.name != self.package:
                raise
            message = _('files of the format {format} need the package {package}: pip install "rnncalc[{package}]"')
            raise ProblemError(message, format=self.name, package=self.package) from None
        return function(*arguments, **options)


_BY_NAME = ("activation", "output", "readout", "cell", "prefix")  # what tensors by name leave open
_OF_ARRAYS = ("activation", "output", "merge", "prefix")  # what Keras's arrays leave open without its configuration
FORMATS = {
    entry.name: entry
    for entry in (  # the first one with a file's ending is taken
        Format("rnncalc", (".safetensors",), "tensor_files.read", "tensor_files.write", _BY_NAME),
        Format("npz", (".npz",), "tensor_files.read", "tensor_files.write", _BY_NAME),
        Format("onnx", (".onnx",), "onnx_reader.read", "onnx_writer.write", package="onnx", steps=True),
        Format("keras", (".keras", ".h5"), "keras_reader.read", "keras_writer.write", _OF_ARRAYS, "h5py", True),
        Format("torch", (".safetensors", ".npz"), "tensor_files.read", "tensor_files.write_torch", _BY_NAME),
    )
}


def load(path: str | PathLike[str], format: str | None = None, *, engine: str = "auto", **options: Any) -> Network:
    """The network whose weights are in a file, of whatever library.

    Parameters
    ----------
    path : str or path-like
        .safetensors and .npz (PyTorch's names or ours), .onnx, .keras, .weights.h5.
    format : {"rnncalc", "torch", "npz", "onnx", "keras"}, optional
        Unless the file's ending says it.
    engine : {"auto", "numba", "equations"}
        As for `Network`.
    **options
        What the file leaves open: activation, output, readout, cell, prefix (see `from_state_dict`), merge, dtype.
        What was assumed in their place is told through `logging`.

    Returns
    -------
    Network

    Raises
    ------
    ParseError
        If the file cannot be read, or is a pickle.
    ProblemError
        If it holds what a network cannot be made of, by name.

    Examples
    --------
    >>> import rnncalc
    >>> rnncalc.save(rnncalc.LSTM(U=[[0.1]] * 4, W=[[0.2]] * 4), "weights.npz")
    >>> rnncalc.load("weights.npz")
    Network(lstm, D=1, H=1, O=1, float64)
    """
    return read(path, format, engine=engine, **options).announced()


def save(network: Network, path: str | PathLike[str], format: str | None = None) -> None:
    """Write the weights of a network to a file, for whatever library, whole or not at all.

    Parameters
    ----------
    network : Network
    path : str or path-like
        .safetensors (a model file of ours, or PyTorch's names with format="torch"), .npz, .onnx, .keras, .weights.h5.
    format : {"rnncalc", "torch", "npz", "onnx", "keras"}, optional
        Unless the file's ending says it.

    Raises
    ------
    ProblemError
        If the format has nothing for a layer of the network, by name.
    RnncalcError
        If the file cannot be written.

    Examples
    --------
    >>> import rnncalc
    >>> rnncalc.save(rnncalc.GRUAfter(U=[[0.1]] * 3, W=[[0.2]] * 3), "weights.safetensors", format="torch")
    >>> rnncalc.load("weights.safetensors")
    Network(gru_after, D=1, H=1, O=1, float64)
    """
    path_of("path", path)
    write(network_of(network), path, format)


def read(path: str | PathLike[str], format: str | None = None, **options: Any) -> Model:
    """The network in a file, what belongs to it, and notes on what was assumed. Raises ParseError, ProblemError."""
    path_of("path", path)
    files.reading(path)
    _refuse_pickle(path)
    entry = _format(path, format, "reader")
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in (*entry.options, "dtype", "engine"):
            known = ", ".join((*entry.options, "dtype", "engine"))
            message = _("files of the format {format} leave no {name} open; there are {known}")
            raise ProblemError(message, format=entry.name, name=name, known=known)
    try:
        model: Model = entry.call(entry.reader, path, **given)
    except ParseError:
        raise
    except RnncalcError as error:
        raise type(error)(_("{name}: {error}"), name=path, error=error) from None
    return model


def write(network: Network, path: str | PathLike[str], format: str | None = None) -> list[str]:
    """Write a network; what a reader of the file should know. Raises ProblemError, WriteError."""
    entry = _format(path, format, "writer")
    if network.summarises and entry.steps:
        message = _("the read-out sees the {summary} of the steps, for which the format {format} has nothing")
        raise ProblemError(message, summary=network.summary, format=entry.name)
    notes: list[str] = entry.call(entry.writer, network, path)
    return notes


def _format(path: str | PathLike[str], name: str | None, does: str) -> Format:
    """The format of a file: by its name, else by the ending. does: reader or writer, which it must have."""
    known = {entry.name: entry for entry in FORMATS.values() if getattr(entry, does)}
    if name is not None:
        one_of("format", name, known)
        return known[name]
    whole = fspath(path).lower()
    for entry in known.values():
        if whole.endswith(entry.endings):
            return entry
    if does == "reader" and (not os.path.isfile(path) or ours(path)):  # a pipe; a model file under another name
        return FORMATS["rnncalc"]
    endings = dict.fromkeys(ending for entry in known.values() for ending in entry.endings)
    message = _("{name}: its ending is none of {known}; say the format: {formats}")
    raise ProblemError(message, name=path, known=", ".join(endings), formats=", ".join(known))


def _refuse_pickle(path: str | PathLike[str]) -> None:
    """Raises ParseError for what torch.save and pickle write."""
    if not os.path.isfile(path):  # a pipe can be read only once
        return
    with bounds.binary(path) as file:
        start = file.read(9)
        try:
            pickled = start[:2] == b"PK" and any(name.endswith("data.pkl") for name in zipfile.ZipFile(file).namelist())
        except BROKEN_ARCHIVE:
            pickled = False
    pickled = pickled or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and start[8:] != b"{")
    if pickled:
        message = _(
            "{name} is a pickle, which can run any code when it is read, so it is not. In PyTorch: "
            'safetensors.torch.save_file(module.state_dict(), "weights.safetensors")'
        )
        raise ParseError(message, name=path)
