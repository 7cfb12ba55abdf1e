"""What `backward` adds on request: gradients held against complex step, and how they flow through time."""

from __future__ import annotations

import math
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.gradient_flow import flow
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report.document import Document, Heading, Items, Paragraph
from rnncalc.report.shared import levels

MOST_ENTRIES = 64  # of one quantity that are compared
BAR = 30  # characters of the longest bar
WITHIN = {"float64": 1e-9, "float32": 1e-3}


def add_check(document: Document, problem: Problem, trace: Trace, gradients: Gradients) -> None:
    """Hold every gradient against complex step, and say where they differ most."""
    task = problem.task
    check = GradientCheck(problem.network, trace, problem.objective(trace), task.truncate, task.chunk)
    found = list(check.compare(gradients, MOST_ENTRIES))
    lines = []
    for one in found:
        place = "".join(f"[{i + 1}]" for i in one.place)
        counted = _("{n} of {size} entries").format(n=one.checked, size=one.size)
        message = _("{counted}, largest difference {difference:.1e} at {place} ({ours:.9g}, complex step {exact:.9g})")
        said = message.format(
            counted=counted, difference=one.difference, place=place or "1", ours=one.ours, exact=one.exact
        )
        lines.append((_gradient(one.name), said))
    off = worst(found)
    right = off <= WITHIN[str(problem.network.dtype)]
    verdict = _("the gradients are right: ") if right else _("the gradients differ: ")
    verdict += _("the largest difference is {off:.1e} of the largest gradient").format(off=off)
    document.blocks += [Heading(_("against complex step"), 2), Items(tuple(lines)), Paragraph(verdict)]
    document.data["gradcheck"] = {
        "worst": off,
        "quantities": [
            {
                "name": _gradient(one.name),
                "checked": one.checked,
                "size": one.size,
                "largest": one.largest,
                "difference": one.difference,
                "index": [i + 1 for i in one.place],
                "gradient": one.ours,
                "complex_step": one.exact,
            }
            for one in found
        ],
    }


def _gradient(name: str) -> str:
    """`layers[1].U` → `layers[1].dU`"""
    way, dot, last = name.rpartition(".")
    return f"{way}{dot}d{last}"


def add_flow(document: Document, problem: Problem, trace: Trace) -> None:
    """How far gradients reach, step by step, for every layer and direction."""
    blocks, data = document.blocks, list[dict[str, Any]]()
    blocks.append(Heading(_("gradient flow"), 2))
    passes = [level for level in levels(problem) if not level.read_out]
    for number, level in enumerate(passes):
        if not level.one.cell.state:
            continue
        for sequence in range(problem.x.shape[0]) if problem.batch else [0]:
            found = flow(problem.network, trace, number, sequence)
            if not len(found.norms):
                continue
            title = [level.title] if level.title else []
            title += [_("sequence {n}").format(n=sequence + 1)] if problem.batch else []
            if title:
                blocks.append(Heading(", ".join(title), 4))
            blocks.append(Items(tuple(_bars(found.norms.tolist(), found.radii.tolist(), level.letters.signal("h")))))
            words = {
                "vanishing": _("vanishing"), "exploding": _("exploding"), "healthy": _("healthy"),
                "overflowed": _("overflowed"),
            }  # fmt: skip
            one = _("{verdict}: one step back a gradient is multiplied by {norm:.3g}")
            many = _("{verdict}: {n} steps back a gradient is multiplied by {norm:.3g}, about {rate:.3g} a step")
            message = one if len(found.norms) == 2 else many
            n, norm = len(found.norms) - 1, float(found.norms[0])
            blocks.append(Paragraph(message.format(verdict=words[found.verdict], rate=found.rate, n=n, norm=norm)))
            data.append(
                {
                    "pass": level.key.rstrip("."),
                    "sequence": sequence + 1,
                    "verdict": found.verdict,
                    "rate": found.rate,
                    "norms": found.norms.tolist(),
                    "spectral_radii": found.radii.tolist(),
                }
            )
    document.data["flow"] = data


def _bars(norms: list[float], radii: list[float], letter: str) -> list[tuple[str, str]]:
    """A bar a step, its length by the logarithm of the norm."""
    logs = [math.log10(norm) if norm > 0 else -math.inf for norm in norms]
    finite = [log for log in logs if math.isfinite(log)]
    low, high = min([*finite, -1.0]), max([*finite, 0.0])
    lines = []
    for t, (log, norm, radius) in enumerate(zip(logs, norms, radii), 1):
        length = 0 if not math.isfinite(log) else 1 + round((BAR - 1) * (log - low) / (high - low))
        text = _("{bar} {norm:.3g}   spectral radius of {step}: {radius:.3g}")
        what = f"‖∂{letter}_{len(norms)}/∂{letter}_{t}‖"
        step, bar = f"∂{letter}_{t}/∂{letter}_{t - 1}", "█" * length + " " * (BAR - length)
        lines.append((what, text.format(bar=bar, norm=norm, step=step, radius=radius)))
    return lines
