"""PyTorch's names for the weights of nn.RNN, nn.LSTM and nn.GRU, read without PyTorch.

    weight_ih_l0 (G·H, D)   weight_hh_l0 (G·H, H)   bias_ih_l0, bias_hh_l0 (G·H,)   gates i f g o and r z n

PyTorch's GRU is gru_after: bias_hh's part for n becomes d. A prefix such as `rnn.` is found by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import safe_tensors

_NAME = re.compile(r"(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(\d{1,4})(_reverse)?")
_BACKWARD = "_reverse"
_CELLS = {1: "elman", 3: "gru_after", 4: "lstm"}  # gates → cell


def from_state_dict(
    tensors: Mapping[str, Any] | str | PathLike[str] | Any,
    *,
    readout: str | None = None,
    cell: str | None = None,
    prefix: str | None = None,
    dtype: str | np.dtype | None = None,
    engine: str = "auto",
    **options: Any,
) -> Network:
    """A network from the weights of PyTorch's nn.RNN, nn.LSTM or nn.GRU, read without PyTorch.

    Parameters
    ----------
    tensors : mapping of str to array_like, path of a .safetensors file, or module
    readout : str, optional
        The name of the linear layer on top: "fc" for fc.weight and fc.bias.
    cell : str, optional
        Where the number of gates does not say it.
    prefix : str, optional
        The recurrent module's name, where there are several.
    dtype, engine : optional
        As for `Network`.
    **options
        activation and update of the cell, output of the read-out.

    Returns
    -------
    Network

    Raises
    ------
    ProblemError
        If a tensor is missing, or of a kind that is not supported, such as a projection.
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
    if hasattr(tensors, "state_dict"):
        tensors = tensors.state_dict()
    if isinstance(tensors, str | PathLike):
        tensors = safe_tensors.read(tensors)[0]
    if not isinstance(tensors, Mapping):
        kind = type(tensors).__name__
        message = _("from_state_dict takes tensors by name, a .safetensors file, or a module, not {kind}")
        raise ProblemError(message, kind=kind)
    output = options.pop("output", None)
    layers = [_layer(level, cell, options) for level in _levels(tensors, prefix)]
    if readout is None:
        return Network(layers, output=output, dtype=dtype, engine=engine)
    if f"{readout}.weight" not in tensors:
        raise ProblemError(
            _("there is no {name}; there are {known}"), name=f"{readout}.weight", known=", ".join(map(str, tensors))
        )
    bias = tensors.get(f"{readout}.bias")
    weight = as_array(f"{readout}.weight", tensors[f"{readout}.weight"])
    return Network(
        layers, weight, None if bias is None else as_array(f"{readout}.bias", bias), output, dtype=dtype, engine=engine
    )


def _levels(tensors: Mapping[str, Any], prefix: str | None) -> list[dict[str, np.ndarray]]:
    """The recurrent tensors, layer by layer, under PyTorch's short names."""
    prefixes: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for name, tensor in tensors.items():
        parts = _NAME.fullmatch(str(name))
        if parts is None:
            continue
        if parts[2] == "weight_hr":
            raise ProblemError(_("{name}: an LSTM with a projection is not supported"), name=name)
        prefixes.setdefault(parts[1] or "", {}).setdefault(int(parts[3]), {})[parts[2] + (parts[4] or "")] = as_array(
            name, tensor
        )
    if prefix is None and len(prefixes) == 1:
        prefix = next(iter(prefixes))
    if prefix not in prefixes:
        known = ", ".join(prefixes) or ", ".join(map(str, tensors))
        raise ProblemError(
            _("no weight_ih_l0 under the prefix “{prefix}”; there are {known}"), prefix=prefix, known=known
        )
    levels = prefixes[prefix]
    if sorted(levels) != list(range(len(levels))):
        raise ProblemError(_("layers are missing: there are {known}"), known=sorted(levels))
    return [levels[level] for level in range(len(levels))]


def _layer(tensors: Mapping[str, np.ndarray], cell: str | None, options: Mapping[str, Any]) -> Layer:
    """One layer; PyTorch marks the tensors of the direction that runs backward with _reverse."""
    kind, arrays = _direction(tensors, cell, "")
    if not any(name.endswith(_BACKWARD) for name in tensors):
        return Layer(kind, **arrays, **options)
    _kind, backward = _direction(tensors, cell, _BACKWARD)
    return Layer(kind, direction="both", backward=backward, **arrays, **options)


def _direction(tensors: Mapping[str, np.ndarray], cell: str | None, suffix: str) -> tuple[str, dict[str, Any]]:
    """The cell and its arrays, of one direction."""
    for name in (f"weight_ih{suffix}", f"weight_hh{suffix}"):
        if name not in tensors:
            raise ProblemError(_("{name} is missing"), name=name)
    recurrent = tensors[f"weight_hh{suffix}"]
    gates = recurrent.shape[0] / recurrent.shape[1] if recurrent.ndim == 2 and recurrent.shape[1] else 0
    kind = _CELLS.get(gates) if cell is None else "gru_after" if cell == "gru" else cell
    if kind is None:
        raise ShapeError(_("weight_hh is {shape}: (G·H, H) with G = 1, 3 or 4 was expected"), shape=recurrent.shape)
    b, second = tensors.get(f"bias_ih{suffix}"), tensors.get(f"bias_hh{suffix}")
    extra: dict[str, np.ndarray] = {}
    for name, bias in ((f"bias_ih{suffix}", b), (f"bias_hh{suffix}", second)):
        if bias is not None and bias.shape != recurrent.shape[:1]:
            message = _("{name} must be {wanted}, got {shape}")
            raise ShapeError(message, name=name, wanted=recurrent.shape[:1], shape=bias.shape)
    if kind == "gru_after" and second is not None:
        units = recurrent.shape[1]
        extra["d"] = second[2 * units :]
        second = np.concatenate([second[: 2 * units], np.zeros(units, second.dtype)])
    if second is not None:
        b = second if b is None else b + second
    return kind, {"U": tensors[f"weight_ih{suffix}"], "W": recurrent, "b": b, **extra}
