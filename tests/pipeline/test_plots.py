"""Plots: the formats, whole numbers on the axes, and some steps of a sequence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run

from rnncalc.errors import ProblemError
from rnncalc.network.weights.initialise import random_network
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import plots


@pytest.mark.filterwarnings("default")
def test_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [{"x": [[0.1, 2], [0.3, 1], [k, 1]], "y": "ab"[k % 2]} for k in range(20)]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    model, data = str(tmp_path / "m.safetensors"), str(tmp_path / "d.jsonl")
    done = run("train", "--data", data, "--epochs", "3", "--layers", "2", "--direction", "both", "-o", model)
    assert done.returncode == 0, done.stderr
    for kind in ("loss", "states", "gates", "flow"):
        for ending, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
            picture = tmp_path / f"{kind}{ending}"
            done = run("plot", kind, model, "--data", data, "-o", str(picture))
            assert done.returncode == 0, done.stderr
            assert picture.read_bytes().startswith(begins)
            assert picture.stat().st_size > 3000
    assert "needs data" in run("plot", "states", model, "-o", str(tmp_path / "a.png")).stderr
    assert run("plot", "loss", model, "-o", str(tmp_path / "a.doc")).returncode == 2
    for size in ("16", "0x9", "ax9", "1e9x3"):
        assert "no size" in run("plot", "loss", model, "--size", size, "-o", str(tmp_path / "a.png")).stderr
    done = run("plot", "loss", model, "--size", "12x7", "--dpi", "50", "-o", str(tmp_path / "small.png"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "small.png").stat().st_size < (tmp_path / "loss.png").stat().st_size
    assert "has epochs" in run("plot", "loss", model, "--step", "1-2", "-o", str(tmp_path / "a.png")).stderr
    chinese = run("plot", "loss", model, "--lang", "zh", "-o", str(tmp_path / "zh.pdf"))
    assert chinese.returncode == 0 or "中文字体" in chinese.stderr


@pytest.mark.parametrize("kind", plots.KINDS)
def test_steps_epochs_and_units_are_whole_numbers(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    seen: list[Any] = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda figure, *_given, **_named: seen.append(figure))
    rng = np.random.default_rng(7)
    for count, hidden in ((1, 1), (2, 3), (3, 1), (4, 2), (5, 4), (7, 5), (12, 9), (60, 33)):
        np.save(tmp_path / "x.npy", rng.normal(size=(1, count, 2)))
        net = random_network("gru", inputs=2, hidden=hidden, outputs=1, seed=1)
        history = [{"epoch": n + 1, "loss": 1 / (n + 1)} for n in range(count)]
        data: dict[str, Any] = {} if kind == "loss" else {"source": str(tmp_path / "x.npy")}
        plots.plot(kind, Model(net, {"kind": "arrays", "scale": "none"}, {}, history), str(tmp_path / "a.png"), **data)
        for axes in [axes for axes in seen.pop().axes if axes.get_xlabel()]:
            drawn = [(axes.get_xticks(), axes.get_xlim())]
            drawn += [(axes.get_yticks(), axes.get_ylim())] if axes.get_yscale() == "linear" else []
            for ticks, limits in drawn:
                inside = [tick for tick in ticks if min(limits) <= tick <= max(limits)]
                assert inside
                assert all(tick == round(tick) for tick in inside), (count, hidden, ticks)


CHOSEN = {"": (1, 30), "1-30": (1, 30), "7": (7, 7), "5-19": (5, 19), "last": (30, 30), "21-last": (21, 30),
          "4-6, 7-9": (4, 9)}  # fmt: skip


@pytest.mark.parametrize("kind", ["states", "gates", "flow"])
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_a_plot_of_some_steps_shows_what_the_whole_has_there(
    kind: str, direction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers that are drawn, and the steps below them: all of the sequence is computed."""
    figures = pytest.importorskip("matplotlib.figure")
    source, path = str(tmp_path / "x.npy"), str(tmp_path / "a.png")
    np.save(source, np.random.default_rng(0).normal(size=(2, 30, 2)))
    net = random_network("lstm", inputs=2, hidden=3, outputs=1, layers=2, direction=direction, engine="equations")
    model = Model(net, {"kind": "arrays", "scale": "none"})
    drawn: list[Any] = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda figure, *_given, **_named: drawn.append(figure))
    for steps, (first, last) in CHOSEN.items():
        plots.plot(kind, model, path, source, sequence=2, steps=steps)
        whole, part = drawn[0].axes, drawn[-1].axes
        assert len(whole) == len(part) > 0
        assert any(axes.images or axes.lines for axes in part)
        for all_of_it, some in zip(whole, part):
            for before, after in zip(all_of_it.images, some.images, strict=True):
                assert np.array_equal(before.get_array()[:, first - 1 : last], after.get_array())
                assert after.get_extent()[:2] == [first - 0.5, last + 0.5]
            if not some.get_xlabel():  # a bar of colours
                continue
            for before, after in zip(all_of_it.lines, some.lines, strict=True):
                assert np.array_equal(before.get_ydata()[first - 1 : last], after.get_ydata())
                assert list(after.get_xdata()) == [*range(first, last + 1)]
    for steps in ("0-3", "4-31", "5-4", "a", "3,5", "3,2", "3,3"):
        for window, words in ((0, "this is sequence 2 of 2"), (30, "this is window 2 of 2")):
            several = Model(net, {**model.data, "window": window})
            said = "--step" if steps.startswith("3,") else f"--step.*{words}, and --sequence shows another"
            with pytest.raises(ProblemError, match=said):
                plots.plot(kind, several if window else model, path, source, sequence=2, steps=steps)
    np.savez(tmp_path / "x.npz", x=np.ones((2, 3, 2)), lengths=[0, 3])
    with pytest.raises(ProblemError, match="no steps"):
        plots.plot(kind, model, path, str(tmp_path / "x.npz"))
