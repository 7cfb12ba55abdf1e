"""rnncalc explain"""

import re
import shlex

import pytest
from support.helpers import answer, run

from rnncalc.common.i18n import LANGUAGES
from rnncalc.common.wrapping import display_width
from rnncalc.model.cells import CELLS
from rnncalc.problems.notation import NOTATIONS
from rnncalc.report.document_formats import FORMATS
from rnncalc.report.explain_mistake import LESSONS
from rnncalc.report.explain_topic import TOPICS, topic
from rnncalc.report.render import render


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_is_explained(name: str) -> None:
    done = run("explain", name)
    assert done.returncode == 0
    literature = CELLS[name].literature
    assert literature is not None
    assert done.stdout.startswith(f"{name}: {literature.title} ({literature.year})\n")
    for text in (*literature.papers, *literature.also_called, *literature.not_to_be_confused_with, *literature.remarks):
        assert text in done.stdout


def test_shapes_and_gate_orders() -> None:
    text = run("explain", "lstm").stdout
    assert "  U   (4·H, D), stacked i f g o\n" in text
    assert "  ONNX                        i o f g\n" in text
    assert "  s_t = c + V h_t\n  y_t = g(s_t)\n" in text
    assert "  c_t = f_t ∘ c_{t-1} + i_t ∘ g_t\n" in text


def test_for_programs() -> None:
    data = answer("explain", "gru_after")
    assert data["gate_orders"]["Keras"] == ["z", "r", "n"]
    assert data["equations"]["h"] == "(1 - z) * n + z * h_p"
    assert data["shapes"]["d"] == "(H,)"


def test_a_misspelt_cell() -> None:
    done = run("explain", "ltsm")
    assert done.returncode == 2
    assert "nothing is called “ltsm”: did you mean lstm?" in done.stderr
    assert "did you mean vanishing_gradients?" in run("explain", "vanishing_gradient").stderr
    assert "rnncalc explain, alone, lists what there is" in run("explain", "transformer").stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_alone_it_lists_everything_by_kind(language: str) -> None:
    data = answer("explain", "--lang", language)
    assert list(data["cells"]) == list(CELLS)
    assert set(data["mistakes"]) == set(LESSONS)
    assert list(data["topics"]) == list(TOPICS)
    text = run("explain", "--lang", language).stdout
    assert all(f"  {name} " in text for kind in data.values() for name in kind)
    assert "{" not in text.replace("{t-1}", "").replace("{t-2}", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_is_one_screen_in_every_format(name: str, language: str) -> None:
    lines = run("explain", name, "--lang", language).stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(display_width, lines)) <= 80
    assert TOPICS[name].command in lines[-1]
    assert lines[0].startswith(name)
    for kind in FORMATS:
        assert render(topic(name), kind)
    assert answer("explain", name, "--lang", language)["try"] == TOPICS[name].command


@pytest.mark.parametrize("name", [*TOPICS, *CELLS])
def test_what_is_to_be_tried_works_as_it_is_written(name: str) -> None:
    words = shlex.split(run("explain", name).stdout.splitlines()[-1].removeprefix("try: "))
    done = run(*words[1:])
    assert done.returncode == (1 if name == "verdicts" else 0), done.stderr
    assert done.stdout


def test_notations_lists_all_with_their_letters() -> None:
    text = run("explain", "notations").stdout
    for notation in NOTATIONS:
        assert f"\n{notation} " in text
    assert re.search(r"^d2l +W_xh +W_hh +b_h +W_hq +rows, x W$", text, re.MULTILINE)
