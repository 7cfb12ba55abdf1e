"""What a check of code found: whether each function is right, its first wrong number, and the mistake behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rnncalc.check.code import CodeMistake, CodeVerdict
from rnncalc.check.code.verdict import FAILED, RIGHT, OutputPlace
from rnncalc.common.i18n import _, full_width
from rnncalc.report.document import Block, Document, Formulas, Grid, Heading, Items, Paragraph
from rnncalc.report.explain_mistake import rule

SHEET = tuple("function signature verdict mistakes line output step sequence unit given exact said".split())
MARKS = {RIGHT: "✓", "wrong": "✗", FAILED: "✗"}


def document(verdicts: Sequence[CodeVerdict], *, hint: bool = False) -> Document:
    """The verdicts on all functions of a file. hint: places and mistakes, but no number that was computed."""
    blocks: list[Block] = []
    notes = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
    for number, verdict in enumerate(verdicts):
        blocks += _function(verdict, verdicts[:number], hint)
    right = sum(verdict.verdict == RIGHT for verdict in verdicts)
    if len(verdicts) > 1:
        blocks.append(Paragraph(_("{n} of {all} functions are right.").format(n=right, all=len(verdicts))))
    whole = _without_computed(data(verdicts)) if hint else data(verdicts)
    return Document(blocks, whole, notes, [_sheet(verdicts, hint)])


def _sheet(verdicts: Sequence[CodeVerdict], hint: bool) -> Grid:
    """A row a function."""
    rows = []
    for verdict in verdicts:
        place = verdict.first
        line = next((mistake.line.number for mistake in verdict.mistakes if mistake.line), None)
        numbers = (place.given, None if hint else place.exact) if place else (None, None)
        where = (place.step, place.sequence, " ".join(map(str, place.unit))) if place else (None, None, None)
        said = full_width(" ".join(finding.text.replace("\n", "; ") for finding in verdict.findings))
        mistakes = " ".join(mistake.id for mistake in verdict.mistakes)
        names = verdict.function, verdict.signature, verdict.verdict, mistakes, line, place.output if place else None
        rows.append((*names, *where, *numbers, said))
    return Grid(SHEET, tuple(rows))


def data(verdicts: Sequence[CodeVerdict]) -> dict[str, Any]:
    """The verdicts as plain data: of all together, and of every function."""
    kinds = {verdict.verdict for verdict in verdicts}
    worst = next((kind for kind in (FAILED, "wrong") if kind in kinds), RIGHT)
    mistakes = [
        {**mistake.data(), "function": verdict.function} for verdict in verdicts for mistake in verdict.mistakes
    ]
    first = next(({"function": v.function, **_as_in_answers(v.first)} for v in verdicts if v.first is not None), None)
    functions = [verdict.to_json() for verdict in verdicts]
    return {"verdict": worst, "first_wrong": first, "mistakes": mistakes, "functions": functions}


def _as_in_answers(place: OutputPlace) -> dict[str, Any]:
    """A place under the keys that a check of answers has."""
    whole = {"name": place.output, "step": place.step, "sequence": place.sequence, "index": list(place.unit)}
    return whole | {"answer": place.given, "computed": place.exact}


def _without_computed(whole: dict[str, Any]) -> dict[str, Any]:
    for place in [whole["first_wrong"], *(function["first"] for function in whole["functions"])]:
        for key in ("computed", "exact"):
            (place or {}).pop(key, None)
    return whole


def words(verdict: str) -> str:
    """A verdict as people read it."""
    return {RIGHT: _("right"), FAILED: _("cannot be judged as it stands")}.get(verdict, _("wrong"))


def _function(verdict: CodeVerdict, before: Sequence[CodeVerdict], hint: bool) -> Iterator[Block]:
    yield Heading(f"{MARKS[verdict.verdict]} {verdict.function}: {words(verdict.verdict)}", 2)
    mistakes = [mistake.id for mistake in verdict.mistakes]
    same = [other.function for other in before if [mistake.id for mistake in other.mistakes] == mistakes]
    called = next((name for name in same if mistakes and name in verdict.calls), None)
    if called:
        yield Paragraph(_("Wrong as {function} is, which it calls.").format(function=called))
        return
    if verdict.first is not None:
        yield Paragraph(_first(verdict.first, hint))
    for number, mistake in enumerate(verdict.mistakes):
        yield from _mistake(mistake, further=number > 0)
    wrong = next((other for other in before if other.verdict != RIGHT and other.function in verdict.calls), None)
    if wrong and not mistakes:
        text = _("It calls {function}, which is wrong: mend that first.")
        if wrong.verdict == FAILED:
            text = _("It calls {function}, which cannot be judged: mend that first.")
        yield Paragraph(text.format(function=wrong.function))
    elif verdict.first is not None and not verdict.mistakes:
        yield Paragraph(_("No mistake that rnncalc knows gives these numbers."))
    for finding in verdict.findings:
        first, *rest = finding.text.split("\n")
        yield Paragraph(first)
        if rest:
            yield Items(tuple(("", line) for line in rest))


def _first(place: OutputPlace, hint: bool) -> str:
    """Where the first wrong number stands."""
    where = [_("step {n}").format(n=place.step)] if place.step else []
    where += [_("sequence {n}").format(n=place.sequence)] if place.sequence else []
    if len(place.unit) == 1:
        where.append(_("unit {n}").format(n=place.unit[0]))
    elif place.unit:
        where.append(_("entry {n}").format(n=", ".join(map(str, place.unit))))
    name = place.output
    if where:
        name = _("{output} ({where})").format(output=place.output, where=", ".join(where))
    if hint:
        return _("The first wrong number is {output}: yours is {given}.").format(
            output=name, given=f"{place.given:.8g}"
        )
    text = _("The first wrong number is {output}: yours is {given}, exactly {exact}.")
    return text.format(output=name, given=f"{place.given:.8g}", exact=f"{place.exact:.8g}")


def _mistake(mistake: CodeMistake, further: bool) -> Iterator[Block]:
    said = (_("And then: {message}.") if further else _("What fits: {message}.")).format(message=mistake.message)
    if mistake.of:
        said += " " + _explained(mistake)
    yield Paragraph(said)
    if mistake.rule:
        yield Paragraph(_("It should be: {rule}.").format(rule=mistake.rule))
    elif mistake.equation is not None:
        yield Paragraph(_("It should be:"))
        yield Formulas((mistake.equation,))
    elif right := rule(mistake.id):
        yield Paragraph(_("It should be: {rule}").format(rule=right))
    if mistake.line is not None:
        text = _("A place to look, no proof: line {number}: {text}")
        yield Paragraph(text.format(number=mistake.line.number, text=mistake.line.text))
    if mistake.alike:
        text = _("The numbers alone cannot tell it from: {others}.")
        yield Paragraph(text.format(others=", ".join(mistake.alike)))
    if mistake.option:
        yield Paragraph(_("Some courses define it so: {option}.").format(option=mistake.option))
    yield Paragraph(_("Look up: {command}").format(command=f"rnncalc explain {mistake.id}"))


def _explained(mistake: CodeMistake) -> str:
    outputs = ", ".join(mistake.outputs)
    if mistake.explains == mistake.of:
        return _("That gives every wrong number ({outputs}), to all digits.").format(outputs=outputs)
    if not mistake.explains:
        return _("Together with the next one it gives {outputs}, to all digits.").format(outputs=outputs)
    text = _("That gives {n} of the {of} wrong numbers ({outputs}), to all digits.")
    return text.format(n=mistake.explains, of=mistake.of, outputs=outputs)
