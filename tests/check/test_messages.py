"""What is said of mistakes speaks the letters of the sheet, in both languages."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import command

from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common.i18n import LANGUAGES, _, language, speak
from rnncalc.model.equations.printer import Letters

PARAMETERS = {"U": "Π", "W": "Ω", "b": "β", "V": "Γ", "c": "κ"}
SIGNALS = {"h": "ξ", "a": "α", "s": "ς", "y": "υ", "z": "ζ", "r": "ρ"}
LEFT = re.compile(r"(?<![A-Za-z])(?:[UWV]|[bc](?!_)|[hzr]|[asy](?=_|²))(?![A-Za-z′])")


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    before = language()
    yield
    speak(before)


@pytest.mark.parametrize(("mistake", "spoken"), list(itertools.product(MISTAKES, LANGUAGES)))
def test_no_message_keeps_our_letters(mistake: str, spoken: str) -> None:
    speak(spoken)
    said = _(MISTAKES[mistake].message).format(detail="…").replace("o ∘ c_t", "")
    theirs = Letters(PARAMETERS, SIGNALS).said(said)
    assert not LEFT.search(theirs), theirs
    assert Letters().said(said) == said


@pytest.mark.parametrize("stacks", [("W_x", "W_h", "b"), ("W", "U", "b"), ("K", "R", "B")])
def test_the_letter_of_all_gates_is_what_their_names_share(stacks: tuple[str, str, str]) -> None:
    names = {f"{ours}_{gate}": f"{theirs}{gate if len(theirs) > 1 else f'_{gate}'}"
             for ours, theirs in zip("UWb", stacks) for gate in "ifgo"}  # fmt: skip
    said = Letters(names).said("U, W, b; W_i h_{t-1}")
    assert said == f"{stacks[0]}, {stacks[1]}, {stacks[2]}; {names['W_i']} h_{{t-1}}"


SHEETS = {
    "equations": "q_t = tanh(P x_t + Q q_{t-1} + r)\n\\pi_t = G q_t + k\nP = [[0.5, 0.3], [-0.2, 0.7]]\n"
    "Q = [[0.1, -0.8], [0.4, 0.6]]\nr = [0.1, 0.2]\nG = [[1, -2]]\nk = 0.3\nx = [[1, 0.5], [-0.3, 0.8]]",
    "notation": "W_hx = [[0.5, 0.3], [-0.2, 0.7]]\nW_hh = [[0.1, -0.8], [0.4, 0.6]]\nb_h = [0.1, 0.2]\n"
    'W_yh = [[1, -2]]\nb_y = 0.3\nx = [[1, 0.5], [-0.3, 0.8]]\nsignals = {"q": "h"}',
}
WRONG = {  # id → h at step 1 and 2 as somebody has it who makes that mistake, its message in the letters of the sheets
    "U_transposed": ([[0.4621, 0.6911], [-0.6148, 0.8537]], "{U} was transposed"),
    "bias_omitted": ([[0.5717, 0.1489], [0.0281, 0.7343]], "the bias {b} was left out"),
}


@pytest.mark.parametrize(("sheet", "mistake"), list(itertools.product(SHEETS, WRONG)))
def test_check_names_a_mistake_in_the_letters_of_the_sheet(sheet: str, mistake: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.txt"
    path.write_text(SHEETS[sheet], encoding="utf-8")
    answers, message = WRONG[mistake]
    done = command("check", str(path), "--answers", json.dumps({"h": answers}))
    theirs = {"U": "P", "b": "r"} if sheet == "equations" else {"U": "W_hx", "b": "b_h"}
    assert message.format(**theirs) in done.out, done.out
