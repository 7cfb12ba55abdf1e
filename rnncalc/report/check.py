"""What a check found, to be shown: every number with its mark, the first slip in numbers, the likely mistake.

Longer than other files: all that is said of one check stands in one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rnncalc.check.verdicts.records import (
    ACCEPTED,
    BLANK,
    CARRIED,
    RIGHT,
    ROUNDING,
    TRUNCATED,
    UNREADABLE,
    WRONG,
    Diagnosis,
    Judgement,
    Verdict,
)
from rnncalc.check.verdicts.rounding import is_truncated
from rnncalc.common.i18n import _
from rnncalc.network.trace import Trace
from rnncalc.problems.parse.numbers import number
from rnncalc.problems.problem import Problem
from rnncalc.report import backward, forward, unrolled
from rnncalc.report.document import Block, Document, Formulas, Grid, Heading, Items, Paragraph
from rnncalc.report.shared import ReportOptions, sequences

MARKS = {RIGHT: "✓", TRUNCATED: "✓", ROUNDING: "✓", CARRIED: "→", WRONG: "✗", UNREADABLE: "?", BLANK: "–"}
MOST_SLIPS = 4  # slips of their own that are listed


def words(verdict: str) -> str:
    """A verdict as people read it."""
    return {
        RIGHT: _("right"),
        TRUNCATED: _("right, cut off"),
        ROUNDING: _("right within rounding"),
        CARRIED: _("carried on"),
        WRONG: _("wrong"),
        UNREADABLE: _("no number"),
        BLANK: _("not answered"),
    }[verdict]


def document(problem: Problem, verdict: Verdict, *, hint: bool = False, picture: bool = False) -> Document:
    """The verdict as a document. hint: places, but no number that was computed, so no picture either."""
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    blocks += [_grid(problem, verdict, hint), Paragraph(_summary(verdict))]
    if verdict.reading:
        blocks.append(Paragraph(_other_reading(verdict)))
    else:
        blocks += _slip(problem, verdict, hint)
        blocks += _reasons(verdict) if verdict.first_wrong is not None else []
    if picture and not hint:
        trace, steps = problem.forward(), range(1, problem.shapes["T"] + 1)
        for sequence in sequences(problem):
            choice = ReportOptions(picture=True)
            pictures = unrolled.pictures(choice, problem, trace, steps, sequence, verdict=verdict)
            blocks += [*pictures, *forward.work(problem, trace, choice.worked(steps, pictures), sequence)]
    return Document(blocks, _data(verdict, hint), list(verdict.notes))


def add_solution(document: Document, problem: Problem, trace: Trace, verdict: Verdict) -> None:
    """The whole right solution with its arithmetic; the way back too, where a loss is given."""
    whole, choice = forward.document(problem, trace, ReportOptions(work=True)), ReportOptions(work=True)
    document.blocks += [*blind(verdict), *whole.blocks[bool(problem.title) :]]
    document.data["solution"] = whole.data
    if problem.task.targets is None and problem.task.dy is None:
        return
    back = backward.document(problem, trace, problem.backward(trace), choice)
    begin = next(at for at, block in enumerate(back.blocks) if isinstance(block, Heading) and block.level == 2)
    document.blocks += back.blocks[begin:]
    document.data["backward"] = back.data


def blind(verdict: Verdict) -> list[Block]:
    """What this problem cannot show: mistakes after which its numbers are the same."""
    if not verdict.blind:
        return []
    lines = tuple((mistake, reason) for mistake, reason in verdict.blind)
    return [Paragraph(_("This problem cannot tell these mistakes from the right solution:")), Items(lines)]


def label(problem: Problem, value: Judgement) -> str:
    """A number's place in the sheet's letters: dW_hx[1][2], U_new.o[1][1], y_3."""
    prefix, _dot, name = value.name.rpartition("].")
    way, _dot2, bare = name.rpartition(".") if name.startswith(("forward.", "backward.")) else ("", "", name)
    sheet_name = problem.letters.quantity(bare)
    step = "" if value.step is None else f"_{value.step}"
    index = "".join(f"[{i}]" for i in value.index)
    if value.answer is not None and index == "[1]" and _single(problem, bare.partition(".")[0]):
        index = ""
    head = f"{prefix}]." if prefix else ""
    return f"{head}{way}{'.' if way else ''}{sheet_name}{step}{index}"


def _single(problem: Problem, name: str) -> bool:
    """Whether a signal has one entry, so that its index says nothing."""
    sizes = problem.shapes
    letter = "O" if name in ("s", "y", "ds", "dy") else "D" if name == "dx" else "H"
    return not problem.batch and sizes[letter] == 1


def _grid(problem: Problem, verdict: Verdict, hint: bool) -> Grid:
    """One row a number."""
    headings = [_("number"), _("yours"), _("computed"), _("from yours"), "", _("verdict")]
    rows: list[tuple[str | float | None, ...]] = []
    for value in verdict.values:
        own = value.from_your_values
        differs = own is not None and value.verdict in (WRONG, CARRIED) and own != value.computed
        said = words(value.verdict)
        if value.verdict == TRUNCATED and not _is_cut(value):
            said = _("right, cut to the digits that are asked for")
        if value.verdict == BLANK:
            said = value.reason or said
        elif value.reason:
            said = _("{verdict}, but {reason}").format(verdict=said, reason=value.reason)
        rows.append(
            (
                label(problem, value),
                value.answer if value.answer is not None else "–",
                None if hint else value.computed,
                own if differs and not hint else None,
                MARKS[value.verdict],
                said,
            )
        )
    keys = ("number", "answer", "computed", "from_your_values", "mark", "verdict")
    return Grid(tuple(headings), tuple(rows), keys, frozenset({1, 2, 3}))


def _is_cut(value: Judgement) -> bool:
    """Whether a number is the computed one cut at its last digit, and not a longer one that is cut to be judged."""
    return value.answer is None or value.computed is None or is_truncated(number(value.answer), value.computed)


def _summary(verdict: Verdict) -> str:
    count = {kind: sum(value.verdict == kind for value in verdict.values) for kind in MARKS}
    right = sum(count[kind] for kind in ACCEPTED)
    parts = [_("{n} of {all} right").format(n=right, all=len(verdict.values))]
    coarse = sum(value.coarse and value.verdict in ACCEPTED for value in verdict.values)
    parts += [_("{n} of them with too few digits").format(n=coarse)] if coarse else []
    others = {
        CARRIED: _("{n} carried on"),
        WRONG: _("{n} wrong"),
        UNREADABLE: _("{n} no number"),
        BLANK: _("{n} not answered"),
    }
    digitless = sum(value.given and value.verdict == BLANK for value in verdict.values)
    count[BLANK] -= digitless
    parts += [text.format(n=count[kind]) for kind, text in others.items() if count[kind]]
    parts += [_("{n} without a digit that shows").format(n=digitless)] if digitless else []
    return ", ".join(parts) + "; " + _("score {percent:.0f} %").format(percent=100 * verdict.score)


def _slip(problem: Problem, verdict: Verdict, hint: bool) -> list[Block]:
    """The first slip, with its arithmetic."""
    blocks: list[Block] = [
        Paragraph(value.problem) for value in verdict.values if value.problem and value.answer is None
    ]
    first = verdict.first_wrong
    if first is None or first.computed is None:
        return blocks
    place = label(problem, first)
    if hint:
        text = _("The first slip is {place}: you have {answer}.").format(place=place, answer=first.answer)
        rule = " " + _("Look up {rule}.").format(rule=verdict.rule) if verdict.rule else ""
        return [*blocks, Paragraph(text + rule)]
    own = first.from_your_values
    text = _("The first slip is {place}: you have {answer}, it is {computed}")
    said = text.format(place=place, answer=first.answer, computed=_near(first.computed, first.answer))
    if own is not None and _near(own, first.answer) != _near(first.computed, first.answer):
        said += "; " + _("from your own earlier numbers {own}").format(own=_near(own, first.answer))
    blocks.append(Paragraph(said + (":" if verdict.arithmetic else ".")))
    if verdict.arithmetic:
        lines = [replace(line, signal=place) if line.signal == first.place else line for line in verdict.arithmetic]
        blocks.append(Formulas(tuple(lines)))
    carried = sum(value.verdict == CARRIED for value in verdict.values)
    slips = [label(problem, value) for value in verdict.values if value.verdict == WRONG and value is not first]
    after = [verdict.rule[:1].upper() + verdict.rule[1:] + "."] if verdict.rule else []
    if carried and not slips:
        text = _("From here on your numbers follow from {answer}: {n} of them are carried on.")
        if carried == 1:
            text = _("From here on your numbers follow from {answer}: one of them is carried on.")
        after.append(text.format(answer=first.answer, n=carried))
    elif carried:
        text = _("Of the numbers after it, {n} follow from {answer} and are carried on; {slips} does not.")
        if carried == 1:
            text = _("Of the numbers after it, one follows from {answer} and is carried on; {slips} does not.")
            if len(slips) > 1:
                text = _("Of the numbers after it, one follows from {answer} and is carried on; {slips} do not.")
        elif len(slips) > 1:
            text = _("Of the numbers after it, {n} follow from {answer} and are carried on; {slips} do not.")
        after.append(text.format(answer=first.answer, n=carried, slips=_listed(slips)))
    return [*blocks, *([Paragraph(" ".join(after))] if after else [])]


def _near(value: float, answer: str | None) -> str:
    """A computed number with one digit more than the answer has."""
    decimals = len((answer or "").partition(".")[2].rstrip("fF")) if "e" not in (answer or "").lower() else 0
    text = f"{value:.6g}"
    if 0 < decimals <= 12 and abs(value) < 1e6:
        text = f"{value:.{decimals + 1}f}"
    return text


def _reasons(verdict: Verdict) -> list[Block]:
    """The mistakes that fit, the best first."""
    if not verdict.mistakes:
        if any(value.verdict == WRONG and value.key and not value.coarse for value in verdict.values):
            return [
                Paragraph(_("No mistake that rnncalc knows gives these numbers: look for a slip in the arithmetic."))
            ]
        return []
    first = verdict.mistakes[0]
    said = _("What fits: {message}.").format(message=first.message) + " " + _explained(first)
    other = next((mistake for mistake in verdict.mistakes if mistake.id == first.together), None)
    if other is not None:
        text = _("What fits are two mistakes together: {message}; and {other}.")
        said = text.format(message=first.message, other=other.message) + " " + _explained(first)
    alike = [mistake for mistake in verdict.mistakes[1:] if mistake.id in first.alike]
    if alike:
        others = "; ".join(mistake.message for mistake in alike)
        said += " " + _("On this problem that cannot be told from: {others}.").format(others=others)
    if first.option:
        said += " " + _("If your course defines it so, pass {option}.").format(option=first.option)
    said += " " + _("Look up: {command}").format(command=f"rnncalc explain {first.id}")
    blocks: list[Block] = [Paragraph(said)]
    rest = [
        mistake for mistake in verdict.mistakes[1:] if mistake.id not in first.alike and mistake.id != first.together
    ]
    if rest and rest[0].explains == first.explains and not first.together:
        lines = tuple((mistake.id, mistake.message) for mistake in rest[:3])
        blocks += [Paragraph(_("It may also be:")), Items(lines)]
    return blocks


def _other_reading(verdict: Verdict) -> str:
    """What is said in place of a mistake, where another reading of the problem makes every answer right."""
    text = _("No mistake: {reading}. If your course means that, pass {option}.")
    return text.format(reading=verdict.reading, option=verdict.option)


def _explained(mistake: Diagnosis) -> str:
    if mistake.explains == mistake.of:
        return _("That explains every number that is not right.")
    text = _("That explains {n} of the {of} numbers that are not right.")
    own = mistake.own_slips
    if len(own) == 1:
        text = _("That explains {n} of the {of} numbers that are not right; {slips} is a slip of its own.")
    elif own:
        text = _("That explains {n} of the {of} numbers that are not right; {slips} are slips of their own.")
    return text.format(n=mistake.explains, of=mistake.of, slips=_listed(own))


def _listed(slips: Sequence[str]) -> str:
    """Some slips by name."""
    return ", ".join(slips[:MOST_SLIPS]) + (", …" if len(slips) > MOST_SLIPS else "")


def _data(verdict: Verdict, hint: bool) -> dict[str, Any]:
    data = verdict.data()
    if hint:
        for value in [*data["values"], *([data["first_wrong"]] if data["first_wrong"] else [])]:
            value.pop("computed", None)
            value.pop("from_your_values", None)
    return data
