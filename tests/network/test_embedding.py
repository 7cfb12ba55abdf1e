"""The examples of docs/embedding.md run, each within twenty-odd lines, and do what the page says."""

import logging
import re
from pathlib import Path

import pytest

from rnncalc import Cell
from rnncalc.errors import CellError

PAGE = Path(__file__).parents[2] / "docs" / "embedding.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def printed(code: str, capsys: pytest.CaptureFixture[str], needs: str | None = None) -> str:
    """What an example prints; skipped without the library that it needs."""
    if needs:
        pytest.importorskip(needs)
    exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})
    return capsys.readouterr().out


def example(word: str) -> str:
    """The one example in which a word stands."""
    (code,) = (code for code in EXAMPLES if word in code)
    return str(code)


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.split()[-1])
def test_every_example_runs_by_itself(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a program of its own: nothing of the example above it is there."""
    level = logging.getLogger("rnncalc").level
    if len(code) < 900:  # longer ones have tests of their own
        printed(code, capsys)
    logging.getLogger("rnncalc").setLevel(level)


def test_the_grammar_of_a_cell_is_whole() -> None:
    part = PAGE.read_text(encoding="utf-8").partition("The text of an equation")[2].partition("The two directions")[0]
    with pytest.raises(CellError) as refused:
        Cell("none", {"h": "qqq(h_p) + tanh(U @ x_t)"}, ["h"], "h")
    names = str(refused.value).partition("there are ")[2].split(", ")
    assert {"tanh", "hard_sigmoid_02", "min"} < set(names)
    assert [name for name in names if not re.search(rf"\b{name}\b", part)] == []


def test_l_bfgs(capsys: pytest.CaptureFixture[str]) -> None:
    words = printed(example("L-BFGS"), capsys, needs="scipy").split()
    assert float(words[3]) < 1e-2


def test_an_encoder_and_a_decoder(capsys: pytest.CaptureFixture[str]) -> None:
    first, last = (float(line.split()[-1]) for line in printed(example("dstates=grads.states"), capsys).splitlines())
    assert last < first / 4


def test_a_function_of_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(example("torch.autograd.Function"), capsys, needs="torch") == "True\n"
