"""The initial and final states of a network as its caller gives and gets them: by name, pass and sequence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.view import View


def given_starts(passes: Sequence[DirectionalLayer], starts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The starts of each pass: what was given, one for each pass where there are several. Raises ShapeError."""
    found: list[dict[str, Any]] = [{} for _one in passes]
    if not starts:
        return found
    known = sorted({f"{state}0" for one in passes for state in one.cell.state})
    for name, value in starts.items():
        if name not in known:
            raise ProblemError(_("no state starts from {name}; there are {known}"), name=name, known=", ".join(known))
        if value is None:
            continue
        values = [value] if len(passes) == 1 else list(value) if isinstance(value, Iterable) else []
        if len(values) != len(passes):
            message = _("{name}: {n} passes need a list of {n}, layer by layer, forward before backward")
            raise ShapeError(message, name=name, n=len(passes))
        for start, one in zip(found, values):
            start[name] = one
    return found


def shown_ends(ends: Sequence[Mapping[str, np.ndarray]], view: View) -> dict[str, Any]:
    """The final states by name: an array, or a list with an entry for each pass."""
    given = np.argsort(view.schedule.order)
    shown = [{name: view.sequences(values[given]) for name, values in end.items()} for end in ends]
    if len(shown) == 1:
        return shown[0]
    names = dict.fromkeys(name for end in shown for name in end)
    return {name: [end.get(name) for end in shown] for name in names}


def cut(starts: Mapping[str, Any], part: slice) -> dict[str, Any]:
    """The starts of some sequences of a batch."""
    return {name: value[part] if np.ndim(value) == 2 else value for name, value in starts.items()}


def joined(ends: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Final states of parts of a batch as those of the whole."""
    found: dict[str, Any] = {}
    for name, first in ends[0].items():
        if isinstance(first, list):
            several = zip(*(part[name] for part in ends))
            found[name] = [None if one[0] is None else np.concatenate(one) for one in several]
        else:
            found[name] = np.concatenate([part[name] for part in ends])
    return found
