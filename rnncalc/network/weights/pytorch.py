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
    engine: str = "numba",
    **options: Any,
) -> Network:
    """A network from PyTorch's tensors: a mapping (arrays or tensors), the path of a .safetensors file, or a module.

    readout: the name of the linear layer on top (`fc` for fc.weight, fc.bias). cell: needed where the number of gates
    does not tell. prefix: the module's name, where there are several. options: activation and update of the cell,
    output of the read-out. Raises ProblemError and ShapeError, by name.
    """
    if hasattr(tensors, "state_dict"):
        tensors = tensors.state_dict()
    if isinstance(tensors, str | PathLike):
        tensors = safe_tensors.read(tensors)[0]
    if not isinstance(tensors, Mapping):
        kind = type(tensors).__name__
        message = _("from_state_dict takes tensors by name, a .safetensors file, or a module, not {kind}")
        raise ProblemError(message, kind=kind)
    found = _found(tensors, prefix)
    layers = []
    output = options.pop("output", None)
    for level in range(len(found)):
        layers.append(_layer(found[level], cell, options))
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


def _found(tensors: Mapping[str, Any], prefix: str | None) -> list[dict[str, np.ndarray]]:
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
    kind, arrays = _pass(tensors, cell, "")
    if not any(name.endswith(_BACKWARD) for name in tensors):
        return Layer(kind, **arrays, **options)
    _kind, backward = _pass(tensors, cell, _BACKWARD)
    return Layer(kind, direction="both", backward=backward, **arrays, **options)


def _pass(tensors: Mapping[str, np.ndarray], cell: str | None, way: str) -> tuple[str, dict[str, Any]]:
    """The cell and its arrays, of one direction."""
    for name in (f"weight_ih{way}", f"weight_hh{way}"):
        if name not in tensors:
            raise ProblemError(_("{name} is missing"), name=name)
    recurrent = tensors[f"weight_hh{way}"]
    gates = recurrent.shape[0] / recurrent.shape[1] if recurrent.ndim == 2 and recurrent.shape[1] else 0
    kind = _CELLS.get(gates) if cell is None else "gru_after" if cell == "gru" else cell
    if kind is None:
        raise ShapeError(_("weight_hh is {shape}: (G·H, H) with G = 1, 3 or 4 was expected"), shape=recurrent.shape)
    b, second = tensors.get(f"bias_ih{way}"), tensors.get(f"bias_hh{way}")
    extra: dict[str, np.ndarray] = {}
    for name, bias in ((f"bias_ih{way}", b), (f"bias_hh{way}", second)):
        if bias is not None and bias.shape != recurrent.shape[:1]:
            message = _("{name} must be {wanted}, got {shape}")
            raise ShapeError(message, name=name, wanted=recurrent.shape[:1], shape=bias.shape)
    if kind == "gru_after" and second is not None:
        units = recurrent.shape[1]
        extra["d"] = second[2 * units :]
        second = np.concatenate([second[: 2 * units], np.zeros(units, second.dtype)])
    if second is not None:
        b = second if b is None else b + second
    return kind, {"U": tensors[f"weight_ih{way}"], "W": recurrent, "b": b, **extra}
