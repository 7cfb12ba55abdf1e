"""Many answers to one problem: who handed in what, what each is worth, a mark sheet, and what to teach again."""

from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.marks import Row
from rnncalc.classroom.grading.run import grade
from rnncalc.classroom.grading.submissions import Submission

__all__ = ["Gradebook", "Row", "Submission", "grade"]
