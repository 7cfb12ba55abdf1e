"""A layer that a format has no place for is refused by its number, with the first reason that holds."""

from __future__ import annotations

from collections.abc import Mapping

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError


def refuse(number: int, reasons: Mapping[str, bool]) -> None:
    """Raise ProblemError for the first reason that holds. number: the layer's, from 0."""
    for reason, holds in reasons.items():
        if holds:
            raise ProblemError(_("layer {number}: {reason}"), number=number + 1, reason=reason)
