"""The marks: a row for everybody who handed something in. How they are written stands on top, in gradebook.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rnncalc.classroom.grading.judging import UNREADABLE, Result
from rnncalc.classroom.grading.sheet import Sheet
from rnncalc.classroom.grading.submissions import Submission
from rnncalc.common.i18n import _, full_width


@dataclass
class Row:
    """One person: the submission that counts, its result by question, its points, and what is to be said of it.

    handed_in: how many submissions there were. out_of: points by question.
    """

    submission: Submission
    results: dict[str, Result]
    out_of: dict[str, float]
    handed_in: int = 1

    @property
    def id(self) -> str:
        return self.submission.id

    @property
    def name(self) -> str:
        return self.submission.name

    @property
    def verdict(self) -> str:
        """right, incomplete, wrong, failed or unreadable: the worst of the questions, an unreadable one first.

        A question without an answer beside one that has some leaves the sheet incomplete; where none has, there is
        nothing to read.
        """
        answered = {result.verdict for result in self.results.values() if not result.empty}
        for verdict in (UNREADABLE, "failed", "wrong", "incomplete"):
            if verdict in answered:
                return verdict
        if not answered:
            return UNREADABLE
        return "incomplete" if any(result.empty for result in self.results.values()) else "right"

    @property
    def empty(self) -> bool:
        """Whether nothing is answered."""
        return all(result.empty for result in self.results.values())

    def points_of(self, question: str) -> float:
        """What a question earned."""
        return tidy(float(self.results[question].score) * self.out_of[question])

    @property
    def points(self) -> float:
        return tidy(sum(self.points_of(question) for question in self.results))

    @property
    def most(self) -> float:
        return tidy(sum(self.out_of.values()))

    @property
    def score(self) -> float:
        return tidy(self.points / self.most) if self.most else 0.0

    @property
    def first_wrong(self) -> str:
        """Where the first slip of the first wrong question is: Q1.h_2[1]."""
        for question, result in self.results.items():
            if result.first_wrong:
                return dotted(question, result.first_wrong["place"])
        return ""

    @property
    def mistakes(self) -> list[str]:
        """The ids of what explains the numbers best, question by question."""
        firsts = [result.mistakes[0] for result in self.results.values() if result.mistakes]
        return list(dict.fromkeys(name for first in firsts for name in (first["id"], first.get("with")) if name))

    @property
    def lost(self) -> str:
        """Why points are lost for numbers that are not wrong: each reason, and how often."""
        reasons = Counter[str]()
        for result in self.results.values():
            lost = (str(value.get("reason") or value.get("problem") or "") for value in result.values)
            reasons.update(reason for reason in lost if reason not in ("", result.trouble))
            reasons.update({_("not answered"): result.left_out} if result.left_out else {})
        said = (_("{count} × {reason}").format(count=count, reason=reason) for reason, count in reasons.items())
        return "; ".join(said)

    @property
    def trouble(self) -> str:
        """Why nothing at all can be read or run, where that is the same for all questions."""
        troubles = {"" if result.values else result.trouble for result in self.results.values()}
        return troubles.pop() if len(troubles) == 1 else ""

    @property
    def remark(self) -> str:
        """What whoever reads the sheet should know: troubles, several submissions."""
        said = (
            [self.trouble]
            if self.trouble
            else [of_question(question, result.trouble) for question, result in self.results.items() if result.trouble]
        )
        if self.submission.trouble and self.submission.trouble not in " ".join(said):
            said.append(self.submission.trouble)
        if self.handed_in > 1:
            said.append(_("{n} submissions, one counts").format(n=self.handed_in))
        return full_width("; ".join(said))


@dataclass
class Marks:
    """Everybody's row, in the order in which they first appear; notes: what was assumed.

    points: question → points by quantity; none where a question is marked as a whole.
    """

    title: str
    points: Mapping[str, Mapping[str, float]]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, person: str) -> Row:
        for row in self.rows:
            if row.id == person:
                return row
        raise KeyError(person)


def one_each(rows: Iterable[Row], keep: str) -> list[Row]:
    """One row a person: their latest submission, or their best one (of equals the last).

    The latest is the last one that came, unless both say when they were handed in; one without any answer gives way.
    """
    chosen: dict[str, Row] = {}
    counts = Counter[str]()
    for row in rows:
        counts[row.id] += 1
        before = chosen.get(row.id)
        later = before is None or (not _earlier(row, before) if keep == "last" else row.score >= before.score)
        if before is None or (before.empty and not row.empty) or (later and before.empty >= row.empty):
            chosen[row.id] = row
    for person, row in chosen.items():
        row.handed_in = counts[person]
    return list(chosen.values())


def _earlier(row: Row, other: Row) -> bool:
    """Whether both say when they were handed in, and the first one before the second."""
    time, other_time = row.submission.time, other.submission.time
    return time is not None and other_time is not None and time < other_time


def tidy(number: float) -> float:
    """Without the noise of adding thirds: 2.9999999999999996 is 3."""
    return round(number, 9) + 0.0


def dotted(question: str, place: str) -> str:
    """A place in a sheet: Q1.h_2[1]."""
    return f"{question}.{place}" if question else place


def of_question(question: str, text: str) -> str:
    """A sentence about a question of a sheet."""
    return _("{question}: {text}").format(question=question, text=text) if question else text


def out_of(sheet: Sheet, submission: Submission) -> Mapping[str, float]:
    """Points by question: as the problem says, else 1 a number that a table asks for, else 1 in all."""
    return {
        name: question.worth or float(submission.requested.get(name, question.requested)) or 1.0
        for name, question in sheet.questions.items()
    }
