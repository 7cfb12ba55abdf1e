"""A network's weights under PyTorch's names, and what PyTorch cannot hold, refused by layer; see `pytorch`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.model.cells import built_in
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.network.network import Network
from rnncalc.network.weights.gate_blocks import keeping_old, two_biases
from rnncalc.network.weights.pytorch import BACKWARD, projected
from rnncalc.network.weights.refusals import network_of, refuse

MODULES = {"elman": "RNN", "gru_after": "GRU", "lstm": "LSTM", "lstm_projected": "LSTM"}
FUNCTIONS = ("tanh", "relu")  # of nn.RNN


def to_state_dict(network: Network, *, readout: str = "fc", prefix: str | None = None) -> dict[str, np.ndarray]:
    """The weights of a network under PyTorch's names: the inverse of `from_state_dict`.

    Parameters
    ----------
    network : Network
        Layers of elman (tanh or relu), gru_after or lstm, with or without PyTorch's projection; forward or in both
        directions, merged by concatenation.
    readout : str
        What the linear layer on top is called.
    prefix : str, optional
        What the recurrent module is called: "rnn" where there is a read-out, else nothing.

    Returns
    -------
    dict of str to ndarray
        b is bias_ih; bias_hh is zero, but for d. Layers that no single module holds are numbered: rnn.0.weight_ih_l0.

    Raises
    ------
    ProblemError
        If PyTorch has no module for a layer.

    Examples
    --------
    >>> from rnncalc import Elman, to_state_dict
    >>> list(to_state_dict(Elman(U=[[0.9]], W=[[0.5]])))
    ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
    """
    network = network_of(network)
    stem = (("rnn" if network.read_out else "") if prefix is None else prefix).rstrip(".")
    tensors: dict[str, np.ndarray] = {}
    numbered = not _one_module(network.layers)
    for number, layer in enumerate(network.layers):
        _check(layer, number)
        name = ".".join(part for part in (stem, str(number) * numbered) if part)
        level = 0 if numbered else number
        for direction, part in layer.passes.items():
            tensors |= _tensors(part, f"{name}." * bool(name), f"_l{level}{BACKWARD * (direction == 'backward')}")
    if network.read_out:
        tensors |= {f"{readout}.{name}": network.read_out.arrays[key] for key, name in (("V", "weight"), ("c", "bias"))}
    return tensors


def texts(network: Network) -> dict[str, str]:
    """What a file says beside the tensors: the functions, which PyTorch's names do not show."""
    functions = [layer.cell.switched.get("activation", "tanh") for layer in network.layers]
    about = {"format": "pt", "activation": ",".join(functions if len(set(functions)) > 1 else functions[:1])}
    return {**about, "output": network.output} if network.read_out else about


def modules(network: Network) -> str:
    """The modules that take the tensors, as one writes them in PyTorch."""
    groups = [network.layers] if _one_module(network.layers) else [[layer] for layer in network.layers]
    made = []
    for group in groups:
        layer = group[0]
        words = [str(layer.sizes["D"]), str(layer.sizes["H"])]
        words += [f"num_layers={len(group)}"] * (len(group) > 1)
        words += ['nonlinearity="relu"'] * (layer.cell.switched.get("activation") == "relu")
        words += [f"proj_size={size}" for letter, size in layer.sizes.items() if letter == "O"]
        words += ["bidirectional=True"] * (layer.direction == "both")
        made.append(f"nn.{MODULES[layer.cell.name]}({', '.join([*words, 'batch_first=True'])})")
    top = [f"nn.Linear({network.read_out.sizes['D']}, {network.sizes['O']})"] if network.read_out else []
    return ", ".join([*made, *top])


def _one_module(layers: Sequence[Layer]) -> bool:
    """Whether one module of PyTorch holds all layers: of one cell, one function, one H and O, the same directions."""
    kinds = {(layer.cell.name, layer.cell.switched.get("activation"), layer.direction) for layer in layers}
    return len(kinds) == 1 and len({(layer.sizes["H"], layer.sizes.get("O")) for layer in layers}) == 1


def _check(layer: Layer, number: int) -> None:
    """Raises ProblemError for a layer that PyTorch has no module for."""
    cell, function = layer.cell, layer.cell.switched.get("activation", "tanh")
    there = cell.name in MODULES and (built_in(cell) or cell == projected())
    merged = layer.direction == "both" and layer.merge != "concat"
    reasons = {
        _("PyTorch has no module of the cell {name}").format(name=cell.name): not there,
        _("nn.RNN computes with tanh or relu, not with {name}").format(name=function): function not in FUNCTIONS,
        _("its two directions have different cells"): not layer.one_cell,
        _("PyTorch has no layer that only runs backward"): layer.direction == "backward",
        _("PyTorch concatenates two directions: {name} is not there").format(name=layer.merge): merged,
        _("a state dict holds no initial states"): any(part.initial_states for part in layer.passes.values()),
    }
    refuse(number, reasons)


def _tensors(part: DirectionalLayer, prefix: str, suffix: str) -> dict[str, np.ndarray]:
    arrays = keeping_old(part.cell, part.arrays)
    first, second = two_biases(part.cell, arrays)
    named = {"weight_ih": arrays["U"], "weight_hh": arrays["W"], "bias_ih": first, "bias_hh": second}
    named |= {"weight_hr": arrays["P"]} if "P" in arrays else {}
    return {f"{prefix}{name}{suffix}": array for name, array in named.items()}
