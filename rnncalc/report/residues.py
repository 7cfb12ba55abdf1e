"""A forward pass as people read it: what is zero up to the rounding of its own terms is 0, and what follows from it.

Tables, sums in numbers and pictures show it so; data for programs (JSON, CSV) keep every bit.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from rnncalc.network import residues
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem

LARGEST = 50_000  # products of all steps together: of larger passes nobody reads every number


def without_residues(problem: Problem, trace: Trace) -> tuple[Problem, Trace]:
    """The trace with 0 for every residue, and y at its target where rounding alone parts them; and what it belongs to.

    It is a trace of the interpreted problem, for backpropagation through it. What was given, where there is no residue
    or a function jumps at one.
    """
    weights = sum(array.size for part in problem.network.passes for array in part.parameters.values())
    if weights * trace.view.schedule.rows > LARGEST:
        return problem, trace
    interpreted, computed = problem, trace
    if problem.network.compiles:
        network = copy.copy(problem.network)
        network.engine = "equations"
        interpreted = replace(problem, network=network)
        computed = interpreted.forward()
    x = problem.x if problem.batch else problem.x[None]
    shown = residues.without_residues(interpreted.network, x, computed)
    met = problem.task.targets is not None and _meet_targets(interpreted, shown)
    if (met or residues.differ(shown, computed)) and residues.no_jump(shown, computed):
        return interpreted, shown
    return problem, trace


def _meet_targets(problem: Problem, trace: Trace) -> bool:
    """Put y at the targets that it misses by rounding alone; whether there were any."""
    objective = problem.objective(trace)
    if objective.at != "y":
        return False
    y, targets = trace.at("y"), objective.rows
    missed = (y != targets) & (np.abs(y - targets) <= 4 * np.finfo(y.dtype).eps * np.abs(targets))
    y[missed] = targets[missed]
    return bool(missed.any())
