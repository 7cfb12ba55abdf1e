"""Who is right: answers held against a problem, number by number, and why they are wrong."""

from rnncalc.check.checking import check
from rnncalc.check.verdicts.records import Diagnosis, Judgement, Verdict

__all__ = ["Diagnosis", "Judgement", "Verdict", "check"]
