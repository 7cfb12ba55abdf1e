"""Checks answers against a problem, number by number, and says why they are wrong."""

from rnncalc.check.session import CheckSession, check
from rnncalc.check.verdicts.records import Diagnosis, Judgement, Verdict

__all__ = ["CheckSession", "Diagnosis", "Judgement", "Verdict", "check"]
