"""What a person should know of how data was read: which inputs, which classes, what a backward layer has seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.network.training.targets import seen_backward
from rnncalc.pipeline.data.cells import is_gap
from rnncalc.pipeline.data_description import DataDescription

MOST = 12  # columns that are named


def remarks(about: DataDescription, chosen: bool, direction: str, summary: str) -> list[str]:
    """Return notes, a line each. about: the description of the data; chosen: whether the inputs were given by name;
    summary: what the read-out sees.

    Raises ProblemError where a layer that runs backward would see the targets.
    """
    notes = list[str]()
    inputs, targets = list(about.input or []), list(about.target or [])
    both = [name for name in targets if name in inputs]
    if about.kind == "table":
        if both and not about.ahead:
            message = _("{columns}: input and target of the same step; --ahead 1 foretells the next one")
            notes.append(message.format(columns=_listed(both)))
        if about.ahead and not both and about.past is not False and not about.classes:
            message = _("the inputs are {inputs}; the past of {target} is not among them: --input {all}")
            every = ",".join([*inputs, *targets]) if len(inputs) < MOST else "…"
            notes.append(message.format(inputs=_listed(inputs), target=_listed(targets), all=every))
        elif not chosen:
            notes.append(_("the inputs are {inputs}").format(inputs=_listed(inputs)))
    if about.kind == "table" and about.classes:
        gaps = [name for name in about.labels if is_gap(name)]
        if gaps:
            message = _("{names} is a class like the others: leave the cell empty where there is no target")
            notes.append(message.format(names=_listed([f"“{name}”" for name in gaps])))
    return notes + (_backward(about, both, summary) if direction != "forward" else [])


def defaults(about: DataDescription, given: Mapping[str, Any]) -> list[str]:
    """Return in one line what nobody has said: what is standardised, and whether targets are numbers or classes.

    given: the options that somebody has. There is nothing to say of a text, nor of an example.
    """
    if not about.target:
        return []
    said, targets = list[str](), _listed(list(about.target))
    scaled = {
        (True, True): _("inputs and targets are standardised (--scale)"),
        (True, False): _("inputs are standardised (--scale)"),
        (False, True): _("targets are standardised (--scale)"),
    }.get((bool(about.x_mean), bool(about.y_mean)))
    if scaled and given.get("scale") is None:
        said.append(scaled)
    if given.get("loss") is None:
        if about.classes:
            said.append(_("{target}: learnt as {n} classes").format(target=targets, n=about.outputs))
        elif about.outputs == 1 and not about.ahead:
            said.append(_("{target}: learnt as numbers (--loss cross_entropy: as classes)").format(target=targets))
        else:
            said.append(_("{target}: learnt as numbers").format(target=targets))
    return [_("; ").join(said)] if said else []


def _backward(about: DataDescription, both: list[str], summary: str) -> list[str]:
    if about.at == "last":
        return [seen_backward()] if summary == "last" else []
    if about.kind == "text" or (about.ahead and both):
        raise ProblemError(
            _("a layer that runs backward sees later steps, and so the targets themselves: use --direction forward")
        )
    if about.ahead:
        return [_("a layer that runs backward has seen later inputs; at the end of new data there are none")]
    return []


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:MOST])
    return shown if len(names) <= MOST else f"{shown}, … ({len(names)})"
