"""Code of every course is graded as it is checked."""

from pathlib import Path

import pytest
from support.helpers import EXAMPLES

from rnncalc.check.code import check_file
from rnncalc.classroom.code import run
from rnncalc.classroom.code.limits import Limits
from rnncalc.classroom.code.run import grade_code
from rnncalc.errors import RnncalcError


@pytest.mark.parametrize("course", ["cs231n", "deeplearning_ai", "d2l", "min_char_rnn", "deep_ml"])
def test_verdicts_are_those_of_check(course: str, tmp_path: Path) -> None:
    """The numbers travel between two processes, and nothing of them or of what is said is lost."""
    if course == "d2l":
        pytest.importorskip("torch")
    for kind in ("right", "wrong"):
        for path in sorted((EXAMPLES / "code" / course / kind).glob("*.py"))[:3]:
            (tmp_path / f"{kind}_{path.name}").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    book = grade_code(course, tmp_path, trust=True)
    assert len(book) > 3
    for row in book.rows:
        verdicts = {verdict.function: verdict for verdict in check_file(tmp_path / f"{row.id}.py", course)}
        for function, result in row.results.items():
            if function not in verdicts:
                assert result.verdict == "unreadable"
                continue
            verdict = verdicts[function]
            assert result.verdict == verdict.verdict
            assert [mistake["id"] for mistake in result.mistakes] == [mistake.id for mistake in verdict.mistakes]
            assert [mistake["line"] for mistake in result.mistakes] == [
                mistake.data()["line"] for mistake in verdict.mistakes
            ]
            exact = verdict.first and verdict.first.exact
            assert (result.first_wrong and result.first_wrong["computed"]) == exact


@pytest.mark.parametrize("name", ["Elman", "LSTM", "GRU"])
def test_modules_of_pytorch_are_graded_as_they_are_checked(name: str, tmp_path: Path) -> None:
    """What a module may be is read off it in its own process; both of its passes count."""
    pytest.importorskip("torch")
    paths = sorted((EXAMPLES / "code" / "pytorch").glob("*/*.py"))
    paths = [path for path in paths if f"class {name}(" in path.read_text(encoding="utf-8")]
    for path in paths[:6]:
        (tmp_path / f"{path.parts[-2]}_{path.name}").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "other.py").write_text("class Other:\n    pass", encoding="utf-8")
    book = grade_code(f"pytorch:{name}", tmp_path, trust=True)
    assert len(book) > 2
    assert book["other"].verdict == "unreadable"
    for row in book.rows:
        if row.id != "other":
            verdicts = check_file(tmp_path / f"{row.id}.py", "pytorch", function=name)
            expected = next((each for each in verdicts if each.verdict != "right"), verdicts[0])
            result = row.results[name]
            assert result.verdict == expected.verdict
            assert [mistake["id"] for mistake in result.mistakes] == [mistake.id for mistake in expected.mistakes]
            assert (result.verdict == "right") == row.id.startswith("right")


MODULE = """import os, time
import torch
from torch import nn
class MyLSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(input_size, {gates} * hidden_size), nn.Linear(hidden_size, {gates} * hidden_size)
        {begin}
    def forward(self, x, h):
        {body}
        return torch.tanh(self.x2h(x) + self.h2h(h))
"""


def test_hostile_modules_are_ended_and_another_cell_earns_nothing(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    cases = {
        "another": ("pass", "pass", "another kind"),
        "loops": ("pass", "while True: pass", "stopped after"),
        "sleeps": ("time.sleep(1000)", "pass", "stopped after"),
        "exits": ("os._exit(0)", "pass", "ended Python"),
        "raises": ("raise ValueError('no')", "pass", "ValueError"),
    }
    for name, (begin, body, _words) in cases.items():
        text = MODULE.format(gates=1, begin=begin, body=body)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    book = grade_code("pytorch:MyLSTM", tmp_path, trust=True, limits=Limits(seconds=2.0))
    for name, (_begin, _body, words) in cases.items():
        assert (book[name].verdict, book[name].points) == ("failed", 0)
        assert words in book[name].results["MyLSTM"].trouble


def test_modules_have_no_list_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "find_spec", lambda name: name)
    with pytest.raises(RnncalcError, match="pytorch:MyLSTM"):
        grade_code("pytorch", tmp_path, trust=True)
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    for course in ("pytorch:MyLSTM", "d2l"):
        with pytest.raises(RnncalcError, match="pip install torch"):
            grade_code(course, tmp_path, trust=True)
