"""PyTorch's names for the weights of nn.RNN, nn.LSTM, nn.GRU and their cells, read without PyTorch.

    weight_ih_l0 (G·H, D)   weight_hh_l0 (G·H, H)   bias_ih_l0, bias_hh_l0 (G·H,)   gates i f g o and r z n

PyTorch's GRU is gru_after: bias_hh's part for n becomes d. A prefix such as `rnn.` is found by itself; prefixes that
are numbered from 0, as an nn.ModuleList has them, are a stack. The names do not say tanh or relu, nor what comes after
the linear layer on top: files that `pytorch_writer` writes say it in their metadata.
Longer than other files, so that all that the names may mean stands together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import safe_tensors
from rnncalc.network.weights.gate_blocks import one_bias
from rnncalc.network.weights.model_file import Model

_NAME = re.compile(r"(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d{1,4})(_reverse)?)?")
BACKWARD = "_reverse"
_CELLS = {1: "elman", 3: "gru_after", 4: "lstm"}  # gates → cell

Level = dict[str, np.ndarray]  # the tensors of a layer by their short names: weight_ih, bias_hh_reverse, …


def from_state_dict(
    tensors: Mapping[str, Any] | Sequence[Any] | str | PathLike[str] | Any, *, readout: str | None = None,
    cell: str | None = None, prefix: str | Sequence[str] | None = None, dtype: str | np.dtype | None = None,
    engine: str = "auto", **options: Any,
) -> Network:  # fmt: skip
    """A network from the weights of PyTorch's nn.RNN, nn.LSTM, nn.GRU or their cells, read without PyTorch.

    Parameters
    ----------
    tensors : mapping of str to array_like, path of a .safetensors file, module, or list of them
        A list is a stack, from the input up. A module also says whether nn.RNN computes with tanh or with relu, which
        names and shapes do not.
    readout : str, optional
        The name of the linear layer on top: "fc" for fc.weight and fc.bias.
    cell : str, optional
        Where the number of gates does not say it.
    prefix : str or list of str, optional
        The recurrent module's name, where there are several; of a stack, their names from the input up.
    dtype, engine : optional
        As for `Network`.
    **options
        activation of the cell (tanh unless given; of a stack also "tanh,relu"), output of the read-out.

    Returns
    -------
    Network

    Raises
    ------
    ProblemError
        If a tensor is missing, or the options do not go with the cell.
    ShapeError
        If a tensor has another shape than the rest needs.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncalc import from_state_dict
    >>> tensors = {"weight_ih_l0": np.ones((8, 3)), "weight_hh_l0": np.ones((8, 2)), "bias_ih_l0": np.ones(8)}
    >>> from_state_dict(tensors)
    Network(lstm, D=3, H=2, O=2, float64)
    """
    texts: Mapping[str, str] = {}
    if isinstance(tensors, str | PathLike):
        tensors, texts = safe_tensors.read(tensors)
    named, functions = _named(tensors)
    if isinstance(tensors, Sequence) and prefix is None:
        prefix = list(dict.fromkeys(parts[1] for name in named if (parts := _NAME.fullmatch(name)) and parts[1]))
    options = {"dtype": dtype, "engine": engine, "cell": cell, "prefix": prefix, **options}
    return read(named, texts, functions=functions, readout=readout or "", **options).announced()


def _named(source: Any) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The tensors of a mapping, a module or a list of them, and the function of each nn.RNN by its prefix."""
    if isinstance(source, Mapping):
        return {str(name): tensor for name, tensor in source.items()}, {}
    if hasattr(source, "state_dict"):
        modules = dict(source.named_modules()) if hasattr(source, "named_modules") else {"": source}
        functions = {name: str(getattr(module, "nonlinearity", "")) for name, module in modules.items()}
        return source.state_dict(), {name: function for name, function in functions.items() if function}
    if not isinstance(source, Sequence) or isinstance(source, str | bytes) or not source:
        kind = type(source).__name__
        message = _("from_state_dict takes tensors by name, a .safetensors file, a module, or a list, not {kind}")
        raise ProblemError(message, kind=kind)
    every: dict[str, Any] = {}
    functions = {}
    for number, part in enumerate(source):
        tensors, those = _named(part)
        every |= {f"{number}.{name}": tensor for name, tensor in tensors.items()}
        functions |= {f"{number}.{name}".rstrip("."): function for name, function in those.items()}
    return every, functions


def holds(names: Iterable[str]) -> bool:
    """Whether tensors of these names are PyTorch's."""
    return any(_NAME.fullmatch(name) for name in names)


def read(
    tensors: Mapping[str, Any], texts: Mapping[str, str], *, functions: Mapping[str, str] | None = None,
    readout: str | None = None, cell: str | None = None, prefix: str | Sequence[str] | None = None,
    activation: str | None = None, output: str | None = None, dtype: str | np.dtype | None = None,
    engine: str = "auto", **options: Any,
) -> Model:  # fmt: skip
    """The network of these tensors.

    texts: the file's metadata. functions: of nn.RNN modules, by prefix. readout: "" where there is none; None takes
    the linear layer that is all the rest.
    """
    notes: list[str] = []
    stack = [(name, level) for name in _prefixes(tensors, prefix) for level in _levels(tensors, name)]
    kinds = [_kind(level, cell) for _name, level in stack]
    chosen = (activation or texts.get("activation", "")).split(",")
    if len(chosen) not in (1, len(stack)):
        raise ProblemError(_("activation names {n} functions, and there are {m} layers"), n=len(chosen), m=len(stack))
    layers = []
    for kind, (name, level), function in zip(kinds, stack, chosen * len(stack)):
        switches = dict(options)
        if kind == "elman":
            switches["activation"] = function or (functions or {}).get(name, "")
            if not switches["activation"]:
                switches["activation"] = "tanh"
                other = '--activation relu, activation="relu"'
                message = _("weights do not show the activation: tanh was taken; another: {other}")
                notes.append(message.format(other=other))
        elif activation:
            switches["activation"] = function
        layers.append(_layer(level, kind, switches))
    recurrent = {name for name in tensors if _NAME.fullmatch(name)}
    rest = [name for name in tensors if name not in recurrent]
    if readout is None and (readout := _only_linear(tensors, rest, layers[-1].width)):
        notes.append(_('{name} was taken as the read-out; none: --readout ""').format(name=readout))
    settings: dict[str, Any] = {"dtype": dtype, "engine": engine}
    if readout:
        settings |= _read_out(tensors, readout)
        settings["output"] = output or texts.get("output")
        rest = [name for name in rest if name not in (f"{readout}.weight", f"{readout}.bias")]
    elif output:
        settings["output"] = output
    if rest:
        notes.append(_("not read: {names}").format(names=", ".join(rest)))
        if not readout and (linear := _linear(tensors, rest, layers[-1].width)):
            message = _('{names} would fit as the read-out: --readout {name}, readout="{name}"')
            notes.append(message.format(names=", ".join(linear), name=linear[0]))
    return Model(Network(layers, **settings), notes=list(dict.fromkeys(notes)), format="torch")


def _linear(tensors: Mapping[str, Any], names: Sequence[str], width: int) -> list[str]:
    """The layers among these whose weights could stand on top."""
    weights = [name for name in names if name.endswith(".weight") and np.shape(tensors[name])[1:] == (width,)]
    return [name.removesuffix(".weight") for name in weights]


def _only_linear(tensors: Mapping[str, Any], rest: Sequence[str], width: int) -> str:
    """The name of the linear layer on top, where the rest is nothing else."""
    names = _linear(tensors, rest, width)
    return next((name for name in names if set(rest) <= {f"{name}.weight", f"{name}.bias"}), "")


def _read_out(tensors: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
    if f"{name}.weight" not in tensors:
        raise ProblemError(_("there is no {name}; there are {known}"), name=f"{name}.weight", known=", ".join(tensors))
    places = {"V": f"{name}.weight", "c": f"{name}.bias"}
    return {key: _array(place, tensors[place]) for key, place in places.items() if place in tensors}


def _array(name: str, value: Any) -> np.ndarray:
    """Real numbers; half precision as float32, which holds every number of it."""
    array = as_array(name, value)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _prefixes(tensors: Mapping[str, Any], wanted: str | Sequence[str] | None) -> list[str]:
    """The prefixes of the modules that are the stack, from the input up."""
    known = list(dict.fromkeys(parts[1] or "" for name in tensors if (parts := _NAME.fullmatch(name))))
    if wanted is None and len(known) == 1:
        return known
    if wanted is None and known:
        stem = known[0].rpartition(".")[0]
        numbered = [f"{stem}.{number}".lstrip(".") for number in range(len(known))]
        if sorted(numbered) == sorted(known):
            return numbered
    prefixes: list[str] = [wanted] if isinstance(wanted, str) else list(wanted or ())
    missing = next((prefix for prefix in prefixes if prefix not in known), None)
    if missing is not None or not prefixes:
        shown = ", ".join(known) or ", ".join(tensors)
        if wanted is None and known:
            message = _("there are several modules, {known}: which is the network? prefix=“{first}”, or a list of them")
            raise ProblemError(message, known=", ".join(f"“{name}”" for name in known), first=known[0])
        message = _("no weight_ih_l0 under the prefix “{prefix}”; there are {known}")
        raise ProblemError(message, prefix=missing, known=shown)
    return prefixes


def _levels(tensors: Mapping[str, Any], prefix: str) -> list[Level]:
    """The tensors of a module layer by layer; those of an nn.LSTMCell are one layer."""
    levels: dict[int, Level] = {}
    for name, tensor in tensors.items():
        parts = _NAME.fullmatch(name)
        if parts is not None and (parts[1] or "") == prefix:
            levels.setdefault(int(parts[3] or 0), {})[parts[2] + (parts[4] or "")] = _array(name, tensor)
    if sorted(levels) != list(range(len(levels))):
        raise ProblemError(_("layers are missing: there are {known}"), known=sorted(levels))
    return [levels[level] for level in range(len(levels))]


def _kind(tensors: Level, cell: str | None) -> str:
    """The name of the cell, which the number of gates tells."""
    for name in ("weight_ih", "weight_hh"):
        if name not in tensors:
            raise ProblemError(_("{name} is missing"), name=name)
    recurrent, projection = tensors["weight_hh"], tensors.get("weight_hr")
    units = recurrent.shape[-1] if projection is None else projection.shape[-1]
    gates = recurrent.shape[0] / units if recurrent.ndim == 2 and units else 0
    kind = _CELLS.get(gates) if cell is None else "gru_after" if cell == "gru" else cell
    if kind is None:
        raise ShapeError(_("weight_hh is {shape}: (G·H, H) with G = 1, 3 or 4 was expected"), shape=recurrent.shape)
    if projection is not None and kind != "lstm":
        raise ProblemError(_("{name}: only an LSTM has a projection"), name="weight_hr")
    return kind


def _layer(tensors: Level, kind: str, options: Mapping[str, Any]) -> Layer:
    """One layer; PyTorch marks the tensors of the direction that runs backward with _reverse."""
    arrays = _direction(tensors, kind, "")
    cell = projected() if "weight_hr" in tensors else kind
    if not any(name.endswith(BACKWARD) for name in tensors):
        return Layer(cell, **arrays, **options)
    return Layer(cell, direction="both", backward=_direction(tensors, kind, BACKWARD), **arrays, **options)


def _direction(tensors: Level, kind: str, suffix: str) -> dict[str, Any]:
    """The arrays of one direction."""
    for name in (f"weight_ih{suffix}", f"weight_hh{suffix}"):
        if name not in tensors:
            raise ProblemError(_("{name} is missing"), name=name)
    weights = {"U": tensors[f"weight_ih{suffix}"], "W": tensors[f"weight_hh{suffix}"]}
    biases = [tensors.get(f"bias_ih{suffix}"), tensors.get(f"bias_hh{suffix}")]
    rows = weights["W"].shape[:1]
    for name, bias in zip((f"bias_ih{suffix}", f"bias_hh{suffix}"), biases):
        if bias is not None and bias.shape != rows:
            raise ShapeError(_("{name} must be {wanted}, got {shape}"), name=name, wanted=rows, shape=bias.shape)
    projection = {"P": tensors[f"weight_hr{suffix}"]} if f"weight_hr{suffix}" in tensors else {}
    return {**weights, **one_bias(kind, *biases), **projection}


def projected() -> Cell:
    """PyTorch's LSTM with proj_size: h is the projection of what an LSTM emits."""
    lines = {name: line for name, line in CELLS["lstm"].equations.items() if name != "h"}
    lines |= {"m": CELLS["lstm"].equations["h"], "h": "P @ m"}
    return Cell("lstm_projected", lines, ["h", "c"], "h", gates="ifgo", outputs=("h",), optional=("b",))
