"""Pages and pictures of random problems: well-formed, self-contained, every number there with all its digits.

Longer than other files: pages and pictures are drawn from the same random problems.
"""

import random
import re
from itertools import product
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from support.hunt import own_cell
from support.problems import random_problem

from rnncalc.common.i18n import speak
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.problems.parse import given
from rnncalc.problems.problem import Problem
from rnncalc.problems.reader import read
from rnncalc.report import backward, forward
from rnncalc.report import check as check_report
from rnncalc.report.document import Document, Heading, Signal, Unrolled
from rnncalc.report.render import RenderOptions, render
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.shared import ReportOptions, levels
from rnncalc.report.unrolled import picture

HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
SCALAR = {"cell": "elman", "U": [[0.5]], "W": [[0.7]], "x": [[1], [2]]}


def problem_of(seed: int) -> Problem:
    """A random problem; every third one with a cell of its own."""
    cell = own_cell(seed) if seed % 3 == 0 else None
    return read(given.of_python(random_problem(random.Random(seed), cell)), engine="equations")


@quiet
def documents(problem: Problem, **choice: Any) -> list[Document]:
    """The forward pass, and the way back where the problem has one."""
    trace, options = problem.forward(), ReportOptions(picture=True, **choice)
    shown = [forward.document(problem, trace, options)]
    if problem.task.targets is not None or problem.task.dy is not None:
        shown.append(backward.document(problem, trace, problem.backward(trace), options))
    return shown


def page(document: Document, format: str = "html") -> ElementTree.Element:
    """The page as a tree; it has no entity but those of XML."""
    return ElementTree.fromstring(render(document, format, RenderOptions(Rounding(4))))


def pictures(document: Document) -> list[Unrolled]:
    return [block for block in document.blocks if isinstance(block, Unrolled)]


@pytest.mark.parametrize("seed", range(24))
def test_every_page_is_well_formed_and_whole(seed: int) -> None:
    for document in documents(problem_of(seed)):
        tree = page(document)
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        links = [element.get("href", "") for element in tree.iter() if element.get("href")]
        assert {link[1:] for link in links} <= set(ids)
        assert all(link.startswith("#") for link in links)
        cells = [cell for cell in tree.iter(f"{HTML}td") if cell.get("data-value")]
        assert cells
        assert [cell.text for cell in cells] == [Rounding(4)(float(cell.get("data-value", ""))) for cell in cells]


@pytest.mark.parametrize("seed", range(24))
def test_the_picture_holds_what_was_computed(seed: int) -> None:
    """A box for every signal at every drawn step, its numbers those of the trace, unrounded and as they are shown."""
    problem = problem_of(seed)
    for document in documents(problem):
        for drawn in pictures(document)[:1]:
            tree, keys = page(Document([drawn], {}), "svg"), [signal.key for signal in drawn.signals]
            boxes = {
                (keys.index(box.get("data-key", "")), int(box.get("data-step", ""))): box
                for box in tree.iter(f"{SVG}g")
                if box.get("data-key")
            }
            steps = {0, problem.shapes["T"] + 1, *drawn.steps}
            here = {(k, step) for k, signal in enumerate(drawn.signals) for step in signal.values if step in steps}
            assert set(boxes) == here
            for (k, step), box in boxes.items():
                for number in box.findall(f"{SVG}g"):
                    value = drawn.signals[k].values[step][int(number.get("data-unit", "")) - 1]
                    assert number.get("data-value") == repr(value)
                    texts = {text.get("class"): text.text for text in number.findall(f"{SVG}text")}
                    assert texts[None] == Rounding(4)(value)


@pytest.mark.parametrize("seed", range(24))
@quiet
def test_sources_give_every_box_its_numbers(seed: int) -> None:
    """What a box says that it is made of is enough: change anything else, and the box stays as it was."""
    problem = problem_of(seed)
    trace = problem.forward()
    drawn = picture(problem, trace, range(1, problem.shapes["T"] + 1), sequence=0 if problem.batch else None)
    names = {signal.key: signal for signal in drawn.signals}
    assert len(names) == len(drawn.signals)
    for signal in drawn.signals[1:]:
        for source in signal.sources:
            below = drawn.signals[source.signal]
            assert source.shift == 1 or (below.group, below.depth) < (signal.group, signal.depth)
    written = [{*level.layer.cell.lines} - {"s", "y"} for level in levels(problem)]
    assert sum(map(len, written)) == sum(
        signal.key.rpartition(".")[2] not in ("x", "s", "y") for signal in drawn.signals
    )


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_after"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_where_signals_meet_the_box_says_how(cell: str, direction: str) -> None:
    """The formula in a box, read by anybody, gives the numbers in it; ′ is the step before on the way."""
    rng, rows = np.random.default_rng(4), 4 if cell == "lstm" else 3
    shapes = {"U": (3 * rows, 2), "W": (3 * rows, 3), "b": (3 * rows,), "x": (4, 2)}
    keys = {name: rng.normal(size=shape).tolist() for name, shape in shapes.items()}
    problem = read(given.of_python({"cell": cell, "direction": direction, **keys}), engine="equations")
    drawn = picture(problem, problem.forward(), range(1, 5))
    said = [signal for signal in drawn.signals if signal.formula]
    assert len(said) == 2
    tree = page(Document([drawn], {}), "svg")
    seen = {
        (box.get("data-key"), int(box.get("data-step", ""))): text.text
        for box in tree.iter(f"{SVG}g")
        for text in box.findall(f"{SVG}text")
        if text.get("class") == "formula"
    }
    for signal, step in product(said, range(1, 5)):
        before = step + (1 if direction == "backward" else -1)
        names: dict[str, Any] = {"tanh": np.tanh}
        for other in drawn.signals:
            names |= {
                f"{other.label}{mark}": np.array(other.values[at])
                for mark, at in (("", step), ("_before", before))
                if at in other.values
            }
        formula = signal.formula.replace("∘", "*").replace("′", "_before")
        np.testing.assert_allclose(eval(formula, names), signal.values[step])
        assert seen[signal.key, step] == signal.formula.replace("′", "₀₁₂₃₄₅"[before])


@pytest.mark.parametrize("seed", range(24))
def test_what_the_script_looks_for_is_there(seed: int) -> None:
    """Boxes name boxes of the picture; lines of arithmetic name a signal of it, in whichever layer, and a unit."""
    problem = problem_of(seed)
    for document in documents(problem):
        tree, signals = page(document), [signal for drawn in pictures(document) for signal in drawn.signals]
        keys = {signal.key for signal in signals}
        places = {
            (each.key, step, n + 1) for each in signals for step, row in each.values.items() for n in range(len(row))
        }
        for box in tree.iter(f"{SVG}g"):
            for source in filter(None, box.get("data-from", "").split(";")):
                key, shift, whole = source.split(",")
                assert key in keys
                assert (shift, whole) in {(a, b) for a in ("-1", "0", "1") for b in "01"}
        lines = [line.get("data-at", "").rsplit(".", 2) for line in tree.iter(f"{HTML}math") if line.get("data-at")]
        assert lines or problem.task.truncate  # of which only the sums over the visits are shown
        for key, step, unit in lines:
            name = key.replace("∂", "")
            drawn_as = name if name in keys else f"{name.removesuffix('s')}y"  # where s and y are one, y is drawn
            assert (drawn_as, int(step), int(unit)) in places


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("units", [2, 9, 12, 31])
def test_a_wide_table_is_cut_between_signals(units: int, layers: int) -> None:
    """Nothing is lost, every part has the steps, and of what a part can hold no signal is torn."""
    rng = np.random.default_rng(units)
    keys = [
        {"U": rng.normal(size=(units, width)).tolist(), "W": rng.normal(size=(units, units)).tolist()}
        for width in (20, units)[:layers]
    ]
    stack = {"layers": keys} if layers > 1 else keys[0]
    problem = read(given.of_python({**stack, "x": rng.normal(size=(2, 20)).tolist()}), engine="equations")
    tables = list(page(documents(problem)[0]).iter(f"{HTML}table"))[: -layers + 1 or None]
    heads = [[cell.text or "" for cell in table.find(f".//{HTML}tr") or ()] for table in tables]
    assert all(head[0] == "step" for head in heads)
    shown = [text for head in heads for text in head[1:]]
    assert shown[: 2 * units] == [f"{letter}[{k + 1}]" for letter in "ah" for k in range(units)]
    assert (len(tables) > layers) == (units > 2)
    assert units != 9 or all(len({text[0] for text in head[1:]}) == 1 for head in heads)
    for table in tables:
        assert max(sum(len(cell.text or "") + 2 for cell in row) for row in table.iter(f"{HTML}tr")) <= 104


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_gradient_that_flows_is_what_the_chain_rule_hands_down(steps: int) -> None:
    rng = np.random.default_rng(steps)
    keys = {"U": rng.normal(size=(3, 2)), "W": rng.normal(size=(3, 3)), "V": rng.normal(size=(4, 3)),
            "x": rng.normal(size=(steps, 2)), "dy": rng.normal(size=(steps, 4))}  # fmt: skip
    problem = read(given.of_python({name: array.tolist() for name, array in keys.items()}), engine="equations")
    trace = problem.forward()
    gradients = problem.backward(trace)
    drawn = picture(problem, trace, range(1, steps + 1), gradients=gradients)
    da, flows = gradients.steps["da"], {}
    for flow in drawn.flows:
        flows[drawn.signals[flow.source].key, flow.shift] = [flow.norms[t] for t in range(1, steps + 1)]
    norm = np.linalg.norm
    np.testing.assert_allclose(flows["h", 0], norm(keys["dy"] @ keys["V"], axis=1))
    later = np.vstack([da[1:] @ keys["W"], np.zeros((1, 3))])
    np.testing.assert_allclose(flows["h", 1], norm(later, axis=1), atol=1e-15)
    np.testing.assert_allclose(flows["x", 0], norm(da @ keys["U"], axis=1))


def test_a_long_sequence_shows_its_ends_and_the_steps_that_were_chosen() -> None:
    keys = SCALAR | {"x": [[0.1]] * 50}
    problem = read(given.of_python(keys), engine="equations")
    (drawn,) = pictures(documents(problem)[0])
    assert drawn.steps == (1, 2, 3, 48, 49, 50)
    (document,) = documents(problem, steps="7,20-22")
    assert pictures(document)[0].steps == (7, 20, 21, 22)
    folds = [block.step for block in document.blocks if isinstance(block, Heading) and block.step]
    assert folds == [7, 20, 21, 22]


@pytest.mark.parametrize("units", [1, 6, 7, 40])
def test_a_wide_layer_shows_a_few_units_and_all_as_a_strip(units: int) -> None:
    rng = np.random.default_rng(units)
    keys = {"U": rng.normal(size=(units, 1)), "W": rng.normal(size=(units, units)), "x": rng.normal(size=(2, 1))}
    problem = read(given.of_python({name: array.tolist() for name, array in keys.items()}), engine="equations")
    tree = page(documents(problem)[0], "svg")
    box = next(g for g in tree.iter(f"{SVG}g") if g.get("class") == "box state" and g.get("data-step") == "1")
    shown = [int(number.get("data-unit", "")) for number in box.findall(f"{SVG}g")]
    bands = [rect for rect in box.findall(f"{SVG}rect") if rect.get("class") != "card"]
    assert shown == (list(range(1, units + 1)) if units <= 6 else [1, 2, 3, units])
    assert len(bands) == (units if units > 6 else 0)


@pytest.mark.parametrize("seed", range(1, 60, 3))
def test_a_check_marks_every_answer_and_rings_the_first_slip(seed: int) -> None:
    from rnncalc.check import check

    problem = problem_of(seed)
    trace = problem.forward()
    if problem.batch or len(problem.network.passes) > 1 or not all(map(np.isfinite, trace["y"].ravel())):
        return
    answers, last = trace["y"].tolist(), int(np.flatnonzero(trace.view.schedule.present[0])[-1])
    answers[last][0] += 1 + abs(answers[last][0])
    verdict = check(problem, given.of_python({"y": answers}))
    (drawn,) = pictures(check_report.document(problem, verdict, picture=True))
    (y,) = [signal for signal in drawn.signals if signal.key == "y"] or [_emitted(drawn, problem)]
    assert drawn.first_slip == (drawn.signals.index(y), last + 1, 1) or y.key != "y"
    assert not pictures(check_report.document(problem, verdict, picture=True, hint=True))


@pytest.mark.parametrize("seed", range(60))
@quiet
def test_answers_are_marked_in_whatever_layer_they_are(seed: int) -> None:
    """The top's h or a layer's, of one direction or both: each mark is at its number, the ring at the first slip."""
    from rnncalc.check import check

    problem, rng = problem_of(seed), random.Random(seed)
    trace, layers = problem.forward(), problem.network.layers
    layer = rng.randrange(len(layers))
    right = np.array(trace.layers[layer][trace.layers[layer].emits])
    if problem.batch or not np.isfinite(right).all() or not trace.view.schedule.present.all():
        return
    answers, slip = right.tolist(), (rng.randrange(right.shape[0]), rng.randrange(right.shape[1]))
    answers[slip[0]][slip[1]] += 1 + abs(right[slip])
    name = problem.letters.signal(trace.layers[layer].emits)
    names = [f"layers[{layer + 1}].{name}"] + [name] * (layer == len(layers) - 1)
    verdict = check(problem, given.of_python({rng.choice(names): answers}))
    (drawn,) = pictures(check_report.document(problem, verdict, picture=True))
    marks = {(k, *place): mark for k, signal in enumerate(drawn.signals) for place, mark in signal.verdicts.items()}
    both = len(trace.layers[layer].passes) > 1
    if both and layers[layer].merge != "concat":
        assert (marks, drawn.first_slip) == ({}, None)
        return
    assert len(marks) == right.size
    shown = [drawn.signals[k].values[step][unit - 1] for k, step, unit in marks]
    assert sorted(shown) == sorted(right.ravel().tolist())
    number, step, unit = drawn.first_slip or (0, 0, 0)
    assert drawn.signals[number].values[step][unit - 1] == right[slip]
    assert {place for place, (mark, _answer) in marks.items() if mark == "wrong"} == {drawn.first_slip}


def _emitted(drawn: Unrolled, problem: Problem) -> Signal:
    """The state that is the output where there is no read-out."""
    return next(signal for signal in drawn.signals if signal.key == problem.network.layers[-1].cell.emits)


def test_nothing_hostile_becomes_a_tag_and_nothing_leads_elsewhere() -> None:
    title = '</title><script>alert("1")</script> & <img src=x onerror=1> ]]> -->'
    problem = read(given.of_python(SCALAR | {"title": title}), engine="equations")
    for format in ("html", "svg"):
        text = render(documents(problem)[0], format)
        tree = ElementTree.fromstring(text)
        assert text.count("<script") == (format == "html")
        assert not [element for element in tree.iter() if element.tag.endswith("img")]
        addresses = set(re.findall(r"[a-z]+://[^\"' )]+", text))
        assert addresses <= {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}
        assert not re.search(r"@import|url\((?!#)", text)


def test_the_page_speaks_the_readers_language() -> None:
    problem = read(given.of_python(SCALAR), engine="equations")
    speak("zh")
    try:
        text = render(documents(problem)[0], "html")
    finally:
        speak("en")
    assert 'lang="zh-Hans"' in text
    assert "第 1 步" in text


def test_what_has_no_picture_is_refused() -> None:
    with pytest.raises(ProblemError, match="no picture"):
        render(Document([Heading("a cell", 1)], {}), "svg")


@pytest.mark.parametrize("seed", range(3))
def test_the_pages_of_an_lstm_of_three_steps_are_under_150_kilobytes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = {"U": (8, 2), "W": (8, 2), "b": (8,), "V": (3, 2), "x": (3, 2)}
    keys = {name: rng.normal(0, 0.5, shape).round(2).tolist() for name, shape in shapes.items()}
    loss = {"output": "softmax", "targets": [0, 2, 1], "loss": "cross_entropy"}
    problem = read(given.of_python({"cell": "lstm", **keys, **loss}), engine="equations")
    for document in documents(problem):
        assert len(render(document, "html").encode()) < 150_000


def test_a_picture_may_shrink_a_little_in_a_page_and_not_by_itself() -> None:
    problem = read(given.of_python(SCALAR), engine="equations")
    (document,) = documents(problem)
    (drawing,) = page(document).iter(f"{SVG}svg")
    assert drawing.get("style") == f"min-width: {round(0.8 * float(drawing.get('width', '')))}px"
    assert page(document, "svg").get("style") is None
