"""Where an entry of an array lies, in words: counted from 1, and not as a subscript, which in Python counts from 0."""

from __future__ import annotations

from collections.abc import Sequence

from rnncalc.common.i18n import _

ROW = ("sequence", "step")


def in_words(index: Sequence[int], axes: Sequence[str]) -> str:
    """Return the place of an index. axes: what each of its numbers counts: sequence, step, input or output."""
    words = {"sequence": _("sequence {n}"), "step": _("step {n}"), "input": _("input {n}"), "output": _("output {n}")}
    places = dict(zip(axes, index))
    return _(", ").join(text.format(n=places[axis] + 1) for axis, text in words.items() if axis in places)
