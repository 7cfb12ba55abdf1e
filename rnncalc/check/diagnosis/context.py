"""Facts of a problem and its answers that rewrites need: orders of gates, wrong quantities."""

from __future__ import annotations

from collections.abc import Sequence

from rnncalc.check.answers.claims import Claim
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.graph.spec import Spec
from rnncalc.problems.problem import Problem


def context_of(problem: Problem, spec: Spec, claims: Sequence[Claim], slips: Sequence[int]) -> Context:
    """The context of one person's answers. slips: the claims that are wrong."""
    given = [direction for layer in problem.layers for direction in layer.values()]
    orders = {number: direction.order for number, direction in enumerate(given) if direction.order}
    wrong = tuple(dict.fromkeys(claims[at].key for at in slips))
    parameters = any(claim.key[0] in ("d", "new") and len(claim.key) == 3 for claim in claims)
    shapes = problem.shapes
    return Context(orders, wrong, parameters, shapes["T"], shapes.get("N", 1), shapes["O"], open=tuple(problem.open))
