"""The initial and final states of a network as a caller gives and gets them: by name, layer and sequence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.view import View


def by_layer(layers: Sequence[DirectionalLayer], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The given initial states of each directional layer: of several layers, a list with an entry for each.

    Raises ShapeError, ProblemError.
    """
    initial_states: list[dict[str, Any]] = [{} for _layer in layers]
    if not given:
        return initial_states
    known = sorted({f"{state}0" for layer in layers for state in layer.cell.state})
    for name, value in given.items():
        if name not in known:
            raise ProblemError(_("no state starts from {name}; there are {known}"), name=name, known=", ".join(known))
        if value is None:
            continue
        values = [value] if len(layers) == 1 else list(value) if isinstance(value, Iterable) else []
        if len(values) != len(layers):
            message = _("{name}: {n} passes need a list of {n}, layer by layer, forward before backward")
            raise ShapeError(message, name=name, n=len(layers))
        for states, array in zip(initial_states, values):
            states[name] = array
    return initial_states


def shown_states(final_states: Sequence[Mapping[str, np.ndarray]], view: View) -> dict[str, Any]:
    """The final states by name: an array, or a list with an entry for each directional layer."""
    order = np.argsort(view.schedule.order)
    shown = [{name: view.sequences(rows[order]) for name, rows in states.items()} for states in final_states]
    if len(shown) == 1:
        return shown[0]
    names = dict.fromkeys(name for states in shown for name in states)
    return {name: [states.get(name) for states in shown] for name in names}


def cut(initial_states: Mapping[str, Any], part: slice) -> dict[str, Any]:
    """The initial states of some sequences of a batch."""
    return {name: value[part] if np.ndim(value) == 2 else value for name, value in initial_states.items()}


def joined(final_states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Final states of parts of a batch as those of the whole."""
    whole: dict[str, Any] = {}
    for name, first in final_states[0].items():
        parts = [states[name] for states in final_states]
        if isinstance(first, list):  # layer by layer, None where a layer has no such state
            whole[name] = [None if arrays[0] is None else np.concatenate(arrays) for arrays in zip(*parts)]
        else:
            whole[name] = np.concatenate(parts)
    return whole
