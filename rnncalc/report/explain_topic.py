"""What `explain` says of what concerns every cell: backpropagation, truncation, notations, verdicts, …

A topic is one screen of short sentences, with formulas that the reports themselves would show, and a command to try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rnncalc.common.i18n import N_, _
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.report.backward import chain_rule
from rnncalc.report.document import Block, Document, Formulas, Grid, Heading, Items, Paragraph
from rnncalc.report.header import equations
from rnncalc.report.problem_schema import schema
from rnncalc.report.shared import levels

EXAMPLE = {"U": [[1]], "W": [[1]], "b": [0], "V": [[1], [1]], "x": [[1], [1]], "targets": [[1, 0], [0, 1]]}


@dataclass(frozen=True)
class Topic:
    """Sentences before and after what is shown between them, and a command that runs as it is written."""

    title: str
    before: tuple[str, ...]
    after: tuple[tuple[str, str], ...]  # a term, or none, and what is said of it
    command: str
    shown: Callable[[], Iterator[Block]] = lambda: iter(())
    term: Callable[[str], str] = str  # how a term stands before people
    more: Callable[[], dict[str, Any]] = dict  # what JSON has beside the sentences


def _said(*sentences: str) -> tuple[tuple[str, str], ...]:
    return tuple(("", sentence) for sentence in sentences)


def _formulas(*names: str, output: str = "identity", loss: str = "half_squared_error") -> Callable[[], Iterator[Block]]:
    """The formulas of some names, of the way there and of the way back, as the reports write them."""

    def shown() -> Iterator[Block]:
        problem = read(given.of_python({**EXAMPLE, "output": output, "loss": loss}), engine="equations")
        there = [formula for level in levels(problem) for formula in equations(level)]
        back = [formula for block in chain_rule(problem) if isinstance(block, Formulas) for formula in block.lines]
        yield Formulas(tuple(formula for formula in (*there, *back) if formula.signal in names))

    return shown


def _notations() -> Iterator[Block]:
    """Every notation's letters."""
    headings = (_("notation"), _("input"), _("recurrent"), _("bias"), _("read-out"), _("vectors"))
    rows = []
    for name, notation in NOTATIONS.items():
        letters = {ours: theirs for theirs, ours in list(notation.letters.items())[::-1]}
        letters |= {"b": "B"} if "B" in letters else {}
        vectors = _("rows, x W") if notation.rows else _("columns, W x")
        rows.append((name, *(letters.get(ours, ours) for ours in "UWbV"), vectors))
    yield Grid(headings, tuple(rows), ("notation", "U", "W", "b", "V", "vectors"))


def _verdict(name: str) -> str:
    """The word for a verdict, and its name in JSON and CSV where that is another."""
    from rnncalc.report.check import words  # here: other topics need nothing of it

    word = _("too few digits") if name == "coarse" else words(name)
    return name if word == name else _("{word} ({name})").format(word=word, name=name)


TOPICS = {
    "bptt": Topic(
        N_("backpropagation through time"),
        (
            N_("Unrolled, it is a deep network: a layer a step, all with the same U, W and b."),
            N_("A state acts twice: on the output of its step, and on the next state."),
            N_("So dh_t is a sum of two, and the way goes from the last step to the first."),
        ),
        _said(
            N_("At the last step there is no next one: dh_t has its first term alone."),
            N_("Every step adds its share to dU, dW and db, since the weights are shared."),
            N_("It goes wrong most often here: not_through_time, recurrent_derivative_omitted."),
        ),
        'rnncalc backward --U 1 --W 1 --V 1 --x "1 1" --dy "1 1" --work',
        _formulas("∂y", "∂s", "∂h", "∂a", "∂V", "∂U", "∂W"),
    ),
    "vanishing_gradients": Topic(
        N_("gradients that vanish or explode"),
        (
            N_("On its way from step t to step t-1 a gradient passes these two lines:"),
        ),
        _said(
            N_("So k steps back it was multiplied k times by Wᵀ, and by the slope of f."),
            N_("The slope is at most 1 for tanh, 1/4 for the sigmoid; saturated it is near 0."),
            N_("Factors below 1: it vanishes, and early steps teach nothing."),
            N_("Factors above 1: it explodes, and one update ruins the weights."),
            N_("Against the first: LSTM and GRU, whose memory passes on by a gate near 1."),
            N_("Against the second: --clip_norm. Against both: an orthogonal W to begin with."),
        ),
        'rnncalc backward --U 1 --W 0.5 --x "1 1 1 1" --dy "0 0 0 1" --flow',
        _formulas("∂h", "∂a"),
    ),
    "truncation": Topic(
        N_("truncated backpropagation, and blocks"),
        (
            N_("A long sequence has a long way back. It can be cut short in two ways;"),
            N_("the forward pass stays the same, only gradients change."),
        ),
        (
            ("--truncate K", N_("a step's loss reaches the K latest steps, its own included")),
            ("", N_("K = 1: not through time; K = T or more: the whole gradient")),
            ("--chunk K", N_("blocks of K steps: the state is carried from block to block,")),
            ("", N_("but no gradient crosses a border: detach() in PyTorch")),
            ("", N_("the last step of a block reaches K steps, the first itself alone")),
        ),
        'rnncalc backward --U 1 --W 0.5 --x "1 1 1 1" --dy "0 0 0 1" --truncate 2',
    ),
    "softmax_cross_entropy": Topic(
        N_("softmax with cross-entropy"),
        (
            N_("softmax makes scores to probabilities: y_k = exp(s_k) / Σ exp(s_j)."),
            N_("The loss of a step is -log y_k of the class k that is right; then"),
        ),
        _said(
            N_("target is 1 for the right class and 0 elsewhere: only its y gets smaller by 1."),
            N_("The slope of softmax is in it already: do not multiply by y (1 - y) again."),
            N_("The outputs of a step add up to 1, and its ds to 0: a quick check."),
            N_("The same number added to all scores changes nothing: take the largest away."),
            N_("Losses of all steps are added up; --reduction mean divides by their number."),
        ),
        'rnncalc backward --U "1; 2" --x 1 --targets 0 --loss cross_entropy',
        _formulas("s", "y", "∂s", "∂h", output="softmax", loss="cross_entropy"),
    ),
    "notations": Topic(
        N_("letters of textbooks and libraries"),
        (
            N_("Half of the literature calls U what the other half calls W."),
        ),
        _said(
            N_("The names that are used select the notation; --notation NAME says it aloud."),
            N_("An equation of the sheet, h_t = tanh(W x_t + U h_{t-1}), decides before them."),
            N_("Shown are these letters; JSON keeps those of goodfellow, see its key letters."),
        ),
        'rnncalc forward --notation swapped --W 0.9 --U 0.5 --x "0.7 0.5 0.2"',
        _notations,
    ),
    "precision": Topic(
        N_("how many digits count"),
        (
            N_("The digits typed count: 0.80 has two decimals and means 0.795 to 0.805."),
            N_("An answer is right within half a unit of its last digit, rounded or cut;"),
            N_("whoever rounds on the way is right within what that rounding can do."),
        ),
        _said(
            N_("Numbers of one digit are too coarse to count: --min_digits says how many."),
            N_("Zeros at the end that a spreadsheet dropped are no loss: -0.2 is -0.20."),
            N_("Seven digits or more need to agree to 1e-6: that much float32 is wrong."),
            N_("What the sheet asks for decides: decimals, digits, tolerance, relative."),
            N_("Best calculate with two digits more than you write, and round once."),
        ),
        'rnncalc check --U 0.9 --W 0 --x 0.7 --h 0.6 --precision \'{"decimals": 1}\'',
    ),
    "verdicts": Topic(
        N_("how an answer is judged"),
        (
            N_("Every number is judged by itself, to the digits that were written:"),
        ),
        (
            ("right", N_("within half a unit of its last digit")),
            ("truncated", N_("right digits, cut, not rounded; full marks")),
            ("rounding", N_("as far as earlier rounding goes; full marks")),
            ("carried", N_("follows from an earlier wrong number")),
            ("wrong", N_("none of these; the first one is the slip")),
            ("unreadable", N_("no number")),
            ("blank", N_("asked for and not given, or all cut away")),
            ("coarse", N_("right so far, but with too few digits")),
        ),
        'rnncalc check --U 0.9 --W 0.5 --x "0.7 0.5 0.2" --h "0.555 0.62 0.4"',
        term=_verdict,
    ),
    "marking": Topic(
        N_("points, precision and carried numbers"),
        (
            N_("Keys of a problem file that say what answers earn; check has them as options."),
        ),
        (
            ("points", N_('{"h": 4, "y": 2}: what is asked and its points; else 1 each')),
            ("precision", N_("decimals=2, digits=3, tolerance=0.01 or relative=0.02")),
            ("", N_('by quantity {"h": {"decimals": 1}}; else the digits typed')),
            ("min_digits", N_("significant digits that a number needs: 2 by default")),
            ("carry", N_("0 to 1: what follows from an earlier slip earns; default 1")),
            ("", N_('{"credit": 0.5, "at_most": 0.6}: half, at most 60 % of all')),
            ("rounded_inputs", N_("true: the given numbers are rounded at their last digit")),
            ("decimal", N_("point or comma, where numbers leave it open: 1,5")),
        ),
        'rnncalc check --U 0.9 --W 0.5 --x "0.7 0.5" --h "0.56 0.62" --carry 0.5',
    ),
    "problem_file": Topic(
        N_("the keys of a problem file"),
        (
            N_("JSON, or lines such as U = 0.9; every key is an option too, --U 0.9."),
        ),
        (
            ("cell, activation, update", N_("which network; rnncalc explain lstm")),
            ("output", N_("the function that makes y")),
            ("U, W, b, V, c, d, R", N_("weights; d only in gru_after, R only in i2h_i2o")),
            ("h0, c0, y0", N_("initial states, 0 by default")),
            ("x, lengths, mask, layout", N_("inputs; their ends; steps left out; time_first")),
            ("vocabulary", N_("words for classes and inputs, by their numbers")),
            ("layers, merge", N_("a stack; two directions: concat, sum, ave, mul")),
            ("direction, backward", N_("forward, backward or both; the second's weights")),
            ("notation, vectors, signals", N_("whose letters; rnncalc explain notations")),
            ("gates, fused", N_("order of stacked gates: ifog; [h; x] in one: hx")),
            ("equations", N_("decide cell and letters before anything else")),
            ("targets, loss, reduction, dy", N_("what y should be; or dy, the gradient at y")),
            ("lr, clip_norm, clip_value", N_("the update after backward")),
            ("truncate, chunk", N_("how far back; rnncalc explain truncation")),
            ("answers", N_("somebody's numbers, by name: h, y, dU, U_new")),
            ("points, carry, precision, …", N_("what they earn; rnncalc explain marking")),
            ("title, source, notes", N_("for people; nothing is computed from them")),
        ),
        'rnncalc forward --cell gru --U "1; 1; 1" --W "1; 1; 1" --x "1 2"',
        more=lambda: {"schema": schema()},
    ),
}  # fmt: skip


def topic(name: str) -> Document:
    """One screen on a topic."""
    about = TOPICS[name]
    before = tuple(("", _(sentence)) for sentence in about.before)
    after = tuple((term, _(text)) for term, text in about.after)
    title = _("{name}: {title}").format(name=name, title=_(about.title))
    blocks: list[Block] = [Heading(title, 1), Items(before), *about.shown()]
    blocks.append(Items(tuple((about.term(term), text) for term, text in after)))
    blocks.append(Paragraph(_("try: {command}").format(command=about.command)))
    data = {
        "topic": name,
        "title": _(about.title),
        "text": [text for _term, text in before] + [f"{term}: {text}" if term else text for term, text in after],
        "try": about.command,
        **about.more(),
    }
    return Document(blocks, data)
