"""Text that a model writes: seeds, temperatures, prompts, and what is refused."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.helpers import compiler, run

from rnncalc.cli.results import tell
from rnncalc.cli.streams import SpelledStream
from rnncalc.model.cells import CELLS
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline.generate import generate
from rnncalc.report.loss_curve import curve


@pytest.fixture(scope="module")
def poet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poet")
    done = run("train", "--example", "quatrains", "--epochs", "3", "-o", str(folder / "m.safetensors"))
    assert done.returncode == 0, done.stderr
    return folder / "m.safetensors"


@compiler
def test_an_acrostic_begins_its_lines_as_asked(poet: Path) -> None:
    model = models.load(poet)
    for seed in range(4):
        text = generate(model, acrostic="春江花月", seed=seed, temperature=0.5)
        lines = [line for line in text.replace("。", "，").split("，") if line]
        assert [line[0] for line in lines] == list("春江花月")
        assert text == generate(model, acrostic="春江花月", seed=seed, temperature=0.5)
    notes: list[str] = []
    assert generate(model, acrostic="鑫", note=notes.append)[0] == "鑫"
    assert "鑫" in notes[0]


@compiler
def test_the_likeliest_text_does_not_depend_on_the_seed(poet: Path) -> None:
    model = models.load(poet)
    assert len({generate(model, start="床", temperature=0, seed=seed) for seed in range(3)}) == 1
    assert len({generate(model, start="床", seed=seed) for seed in range(5)}) > 1
    assert generate(model, start="床", top_k=1) == generate(model, start="床", temperature=0)
    assert len(generate(model, 3, start="床")) <= 3
    done = run("generate", str(poet), "--start", "床", "--temperature", "0", "--count", "2")
    assert done.stdout.splitlines()[0] == generate(model, start="床", temperature=0)


def test_a_curve_of_the_loss() -> None:
    history = [{"loss": 2.0 / (n + 1), "val_loss": 3.0 / (n + 1)} for n in range(200)]
    lines = curve(history).splitlines()
    assert len(lines) == 9
    assert "○" in lines[0]
    assert "•" in lines[7]
    assert curve(history[:1]) == curve([{"loss": float("nan")}] * 3) == ""


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "•"), ("latin-1", "*")])
def test_a_curve_is_drawn_with_characters_that_the_terminal_has(
    encoding: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = SimpleNamespace(history=[{"loss": 2.0 / (n + 1)} for n in range(5)], steps=5)
    shown = io.BytesIO()
    with monkeypatch.context() as there:
        there.setattr(sys, "stdout", SpelledStream(shown, encoding, "strict", line_buffering=True))
        tell(SimpleNamespace(trainer=SimpleNamespace(progress=progress, validation=None), test=None), "m", 1.0, True)
    assert mark in shown.getvalue().decode(encoding)


@pytest.mark.parametrize("scheme", ["torch", "keras", "xavier", "orthogonal", "identity"])
def test_schemes_draw_what_they_say(scheme: str) -> None:
    from rnncalc.network.weights.initialise import arrays

    rng = np.random.default_rng(0)
    drawn = arrays(CELLS["lstm"], {"D": 7, "H": 5, "O": 2}, rng, scheme)
    blocks = drawn["W"].reshape(4, 5, 5)
    if scheme in ("keras", "orthogonal"):
        for block in blocks:
            assert np.allclose(block @ block.T, np.eye(5))
    if scheme == "torch":
        assert 0.8 / np.sqrt(5) < np.abs(drawn["U"]).max() <= 1 / np.sqrt(5)
        assert drawn["b"].std() > 0.1
    if scheme == "identity":
        assert np.array_equal(blocks, [np.eye(5)] * 4)
    forget = drawn["b"].reshape(4, 5)[1]
    assert (forget == 1).all() == (scheme == "keras")
    repeated = arrays(CELLS["lstm"], {"D": 7, "H": 5, "O": 2}, np.random.default_rng(0), scheme, forget_bias=1.0)
    assert (repeated["b"].reshape(4, 5)[1] == 1).all()
    assert np.array_equal(repeated["W"], drawn["W"])


def test_init_writes_a_problem_that_forward_reads(tmp_path: Path) -> None:
    path = str(tmp_path / "p.json")
    assert run("init", "gru", "--init", "orthogonal", "--outputs", "2", "-o", path).returncode == 0
    done = run("forward", path, "--x", "1 2; 3 4", "--format", "json")
    assert np.array(json.loads(done.stdout)["trace"]["y"]).shape == (2, 2)
    assert "orthogonal gate by gate" in run("init", "lstm").stdout
