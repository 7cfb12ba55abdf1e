"""The whole check: claims, verdicts, points, diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncalc.check.records import Verdict
from rnncalc.parse.given import Given
from rnncalc.problems import Problem


def check(problem: Problem, answers: Mapping[str, Given] | Mapping[str, Any], *, diagnose: bool = True) -> Verdict:
    """Are these answers right, and if not, why.

    answers: by name, as CONTRACT §2 has them, or as a program holds them. diagnose: look for the mistakes that explain
    wrong numbers, which takes longer than the verdicts. Raises ProblemError for a name that nobody knows, or where no
    answer is given.
    """
    raise NotImplementedError
