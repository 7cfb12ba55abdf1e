"""What notebooks and pages show of results, networks, models and runs: well-formed HTML with every array named."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from support.commands import command
from support.helpers import every_cell, random_network

import rnncalc
from rnncalc.common.markup import curve
from rnncalc.network.weights.model_file import Model
from rnncalc.report.document import Document
from rnncalc.report.render import render
from rnncalc.report.training import training

KEYS: dict[str, Any] = {
    "U": [[0.5]],
    "W": [[0.7]],
    "V": [[2]],
    "x": [[1], [2]],
    "targets": [[1], [0]],
    "loss": "squared_error",
}


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{html}</div>")


def texts(html: str) -> list[str]:
    return [text for text in tree(html).itertext() if text.strip()]


def test_results_show_the_page_with_its_picture() -> None:
    problem = rnncalc.problem(**KEYS)
    for result in (problem, problem.forward(), problem.backward(), problem.check(h=[["0.46"], ["0.87"]])):
        shown = result._repr_html_()
        assert "<svg" in shown
        assert "<script" not in shown
        assert tree(shown) is not None


@pytest.mark.parametrize("name", every_cell())
def test_a_network_shows_its_arrays_and_how_many_parameters_they_are(name: str) -> None:
    network = random_network(every_cell()[name], 3, D=2, H=3, O=4)
    shown = texts(network._repr_html_())
    arrays = [array for _position, part in network.parts() for array in part.arrays.values()]
    assert {str(array.shape) for array in arrays} <= set(shown)
    assert shown[-1] == str(sum(array.size for array in arrays))


def test_a_trace_shows_its_signals() -> None:
    network = rnncalc.Elman([[0.5]], [[0.7]], V=[[2]])
    trace = network.forward([[1], [2]])
    assert {"a", "h", "s", "y", "(2, 1)"} <= set(texts(trace._repr_html_()))


@pytest.mark.parametrize(
    "history",
    [
        [],
        [{"epoch": 1, "loss": 0.5}],
        [{"epoch": 1, "loss": 0.5, "val_loss": 0.7}, {"epoch": 2, "loss": 0.004, "val_loss": 0.002}],
        [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": float("nan")}, {"epoch": 3, "loss": float("inf")}],
        [{"epoch": 1, "loss": -0.5}, {"epoch": 2, "loss": 0.0}],
    ],
)
def test_a_model_and_its_report_show_the_losses(history: list[dict[str, float]]) -> None:
    network = rnncalc.Elman([[0.5]], [[0.7]], V=[[2]])
    assert tree(Model(network, history=history)._repr_html_()).findall("{http://www.w3.org/2000/svg}svg") != [] or (
        not history
    )
    document = training("model <1>", repr(network), ["a & b"], {"lr": 0.1}, history)
    for format in ("html", "plain", "markdown", "latex", "csv"):
        assert render(document, format)
    page = ElementTree.fromstring(render(document, "html"))
    assert len(list(page.iter("{http://www.w3.org/2000/svg}svg"))) == bool(history)


@pytest.mark.parametrize("seed", range(20))
def test_a_curve_lies_within_its_axes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = [float(value) for value in 10.0 ** rng.uniform(-seed, seed / 3, size=rng.integers(1, 60))]
    svg = ElementTree.fromstring(curve({"loss": values}, "epoch"))
    path = next(svg.iter("{http://www.w3.org/2000/svg}path")).get("d", "")
    points = [tuple(map(float, point.split())) for point in path[1:].split("L")]
    assert len(points) == len(values)
    assert all(60 <= x <= 640 and 20 <= y <= 225 for x, y in points)
    lowest, highest = values.index(min(values)), values.index(max(values))
    assert points[lowest][1] >= points[highest][1]


@pytest.mark.parametrize("ending", ["html", "md", "tex", "csv"])
def test_commands_write_their_reports(ending: str, tmp_path: Path) -> None:
    page = tmp_path / f"r.{ending}"
    assert command("init", "gru", "-o", str(page)).code == 0
    assert page.read_text(encoding="utf-8")
    options = ["--epochs", "2", "--hidden", "2", "--engine", "equations", "--quiet"]
    model = str(tmp_path / "m.safetensors")
    done = command("train", "--example", "sin-cos", *options, "-o", model, "--report", str(page))
    assert done.code == 0, done.err
    assert "0.0" in page.read_text(encoding="utf-8")


def test_an_empty_document_is_a_page() -> None:
    assert ElementTree.fromstring(render(Document([], {}), "html")) is not None
