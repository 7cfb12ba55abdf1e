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
    quantities = list(check.compare(gradients, MOST_ENTRIES))
    lines, letters = [], _letters(problem)
    for quantity in quantities:
        place = "".join(f"[{i + 1}]" for i in quantity.place)
        counted = _("{n} of {size} entries").format(n=quantity.checked, size=quantity.size)
        message = _("{counted}, largest difference {difference:.1e} at {place} ({ours:.9g}, complex step {exact:.9g})")
        said = message.format(
            counted=counted,
            difference=quantity.difference,
            place=place or "1",
            ours=quantity.ours,
            exact=quantity.exact,
        )
        lines.append((letters.get(quantity.name, _gradient(quantity.name)), said))
    off = worst(quantities)
    right = off <= WITHIN[str(problem.network.dtype)]
    verdict = _("the gradients are right: ") if right else _("the gradients differ: ")
    verdict += _("the largest difference is {off:.1e} of the largest gradient").format(off=off)
    document.blocks += [Heading(_("against complex step"), 2), Items(tuple(lines)), Paragraph(verdict)]
    document.data["gradcheck"] = {
        "worst": off,
        "quantities": [
            {
                "name": _gradient(quantity.name),
                "checked": quantity.checked,
                "size": quantity.size,
                "largest": quantity.largest,
                "difference": quantity.difference,
                "index": [i + 1 for i in quantity.place],
                "gradient": quantity.ours,
                "complex_step": quantity.exact,
            }
            for quantity in quantities
        ],
    }


def _letters(problem: Problem) -> dict[str, str]:
    """The gradients of parameters in the reader's letters, by the parameter's name: dw, or dW_i dW_f dW_c dW_o."""
    return {
        f"{level.key}{name}": " ".join(f"{level.key}d{level.letters.parameter(part.symbol)}" for part in stack)
        for level in levels(problem)
        for name, stack in level.layer.cell.stacks.items()
        if any(level.letters.parameter(part.symbol) != part.symbol for part in stack)
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
        if not level.layer.cell.state:
            continue
        for sequence in range(problem.x.shape[0]) if problem.batch else [0]:
            reach = flow(problem.network, trace, number, sequence)
            norms, radii = reach.norms.tolist(), reach.radii.tolist()
            if not norms:
                continue
            title = [level.title] if level.title else []
            title += [_("sequence {n}").format(n=sequence + 1)] if problem.batch else []
            if title:
                blocks.append(Heading(", ".join(title), 4))
            blocks.append(Items(tuple(_bars(norms, radii, level.letters.signal("h")))))
            blocks.append(Paragraph(_verdict(reach.verdict, norms, reach.rate)))
            data.append(
                {
                    "pass": level.key.rstrip("."),
                    "sequence": sequence + 1,
                    "verdict": reach.verdict,
                    "rate": reach.rate,
                    "norms": norms,
                    "spectral_radii": radii,
                }
            )
    document.data["flow"] = data


def _verdict(verdict: str, norms: list[float], rate: float) -> str:
    words = {
        "vanishing": _("vanishing"), "exploding": _("exploding"), "healthy": _("healthy"),
        "overflowed": _("overflowed"),
    }  # fmt: skip
    single = _("{verdict}: one step back a gradient is multiplied by {norm:.3g}")
    several = _("{verdict}: {n} steps back a gradient is multiplied by {norm:.3g}, about {rate:.3g} a step")
    message = single if len(norms) == 2 else several
    return message.format(verdict=words[verdict], rate=rate, n=len(norms) - 1, norm=norms[0])


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
