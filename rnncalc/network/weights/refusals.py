"""What cannot be saved: no network at all, and a layer that a format has no place for, by its number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.network.network import Network


def network_of(value: Any) -> Network:
    """The network that somebody wants to save, a trained model's too. Raises ProblemError."""
    network = getattr(value, "network", value)
    if isinstance(network, Network):
        return network
    kind = type(value).__name__
    if isinstance(getattr(value, "network_", None), Network):
        message = _("{kind}: its network_ can be saved, without what scales its inputs; joblib.dump keeps the whole")
        raise ProblemError(message, kind=kind)
    raise ProblemError(_("{kind} is no Network, and nothing else can be saved"), kind=kind)


def refuse(number: int, reasons: Mapping[str, bool]) -> None:
    """Raise ProblemError for the first reason that holds. number: the layer's, from 0."""
    for reason, holds in reasons.items():
        if holds:
            raise ProblemError(_("layer {number}: {reason}"), number=number + 1, reason=reason)
