"""Lists of sequences that differ in length, as one batch with lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ShapeError
from rnncalc.model.arrays import listed, refuse_masked, without_graph


def in_one(x: Any, lengths: Any, layout: str) -> tuple[Any, Any]:
    """Return a list of (T, D) of several lengths as (N, T, D) with zeros behind, and the lengths; else what was given.

    Raises ShapeError where they differ in width, or where lengths or a layout stand beside them.
    """
    x = listed(x)
    if not isinstance(x, list | tuple):
        return x, lengths
    if not x:
        raise ShapeError(_("x: there is not one sequence"))
    for part in x:
        refuse_masked("x", part)
    try:
        parts = [np.asarray(without_graph(part)) for part in x]
    except ValueError:  # within a sequence rows differ, which is said with its place later
        return x, lengths
    if any(part.ndim != 2 for part in parts) or len({len(part) for part in parts}) < 2:
        return x, lengths
    if lengths is not None or layout != "batch_first":
        raise ShapeError(_("a list of sequences that differ in length says their lengths, and is batch first"))
    width = parts[0].shape[1]
    for number, part in enumerate(parts, 1):
        if part.shape[1] != width:
            message = _("x: sequence {number} must be (T, D) = (T, {inputs}), got {shape}")
            raise ShapeError(message, number=number, inputs=width, shape=part.shape)
    steps = [len(part) for part in parts]
    whole = np.zeros((len(parts), max(steps), width), np.result_type(*parts))
    for row, part in zip(whole, parts):
        row[: len(part)] = part
    return whole, steps
