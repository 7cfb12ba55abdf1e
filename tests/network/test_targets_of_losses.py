"""Targets that a loss cannot learn are refused with their place: going back, in training, in validation, in files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc
from rnncalc.errors import ProblemError
from rnncalc.model.losses import LOSSES, ROUNDING
from rnncalc.network.network import Network

BOUNDED = [name for name, loss in LOSSES.items() if loss.bounded]
FREE = [name for name, loss in LOSSES.items() if not loss.bounded]
N, T, D, O = 4, 6, 2, 3


def network(name: str) -> Network:
    output = LOSSES[name].outputs[-1] if LOSSES[name].outputs else "identity"
    return rnncalc.random_network("elman", D, 5, O, output=output, dtype="float64", engine="equations")


def loss_of(net: Network, x: np.ndarray, y: np.ndarray, name: str, lengths: list[int] | None = None) -> float:
    loss = net.backward(net.forward(x, lengths=lengths), y, loss=name).loss
    assert loss is not None
    return loss


def data(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.random((N, T, O))
    return rng, rng.normal(size=(N, T, D)), targets / targets.sum(axis=-1, keepdims=True), rng.integers(1, T + 1, N)


def message(rng: np.random.Generator, targets: np.ndarray, lengths: np.ndarray | None) -> str:
    """Put one wrong target in, and others behind the ends, where nothing counts; return what is to be said."""
    sequence, output = int(rng.integers(N)), int(rng.integers(O))
    steps = np.full(N, T) if lengths is None else lengths
    step = int(rng.integers(steps[sequence]))
    targets[np.arange(T) >= steps[:, None]] = -7
    targets[sequence, step, output] = value = float(rng.choice([-1, 2, 5, -1e-3, 1.001]))
    return f"sequence {sequence + 1}, step {step + 1}, output {output + 1} is {value:g}: "


def test_which_losses_are_bounded() -> None:
    assert BOUNDED == ["cross_entropy", "binary_cross_entropy"]


@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_target_beyond_is_refused_with_its_place(name: str, ragged: bool, seed: int) -> None:
    rng, x, targets, lengths = data(seed)
    net, given = network(name), lengths.tolist() if ragged else None
    good, wrong = targets.copy(), targets.copy()
    said = message(rng, wrong, lengths if ragged else None)
    assert loss_of(net, x, good, name, given) > 0
    with pytest.raises(ProblemError, match=said):
        net.backward(net.forward(x, lengths=given), wrong, loss=name)
    first = net.forward(np.swapaxes(x, 0, 1), lengths=given, layout="time_first")
    with pytest.raises(ProblemError, match=said):
        net.backward(first, np.swapaxes(wrong, 0, 1), loss=name)
    with pytest.raises(ProblemError, match=said):
        net.fit(x, wrong, loss=name, lengths=given, epochs=1)
    with pytest.raises(ProblemError, match=said):
        net.fit(x, good, loss=name, lengths=given, epochs=1, validation=(x, wrong, given))
    net.fit(x, good, loss=name, lengths=given, epochs=1, validation=(x, good, given))


@pytest.mark.parametrize("name", FREE)
def test_the_other_losses_learn_any_number(name: str) -> None:
    _rng, x, targets, _lengths = data(1)
    net = network(name)
    assert loss_of(net, x, 100 * targets - 50, name) > 0
    net.fit(x, 100 * targets - 50, loss=name, epochs=1)


@pytest.mark.parametrize("name", BOUNDED)
def test_a_gap_and_a_rounding_error_are_no_mistake(name: str) -> None:
    _rng, x, targets, _lengths = data(2)
    targets[0, 1] = np.nan
    targets[1, 2, 0], targets[1, 2, 1] = -ROUNDING / 2, 1 + ROUNDING / 2
    net = network(name)
    assert np.isfinite(loss_of(net, x, targets, name))
    net.fit(x, targets, loss=name, epochs=1)


@pytest.mark.parametrize("classes", [(1, 2), (-1, 1), (0, 5)])
@pytest.mark.parametrize("scale", [None, "both"])
def test_a_table_of_other_classes_is_refused(tmp_path: Path, classes: tuple[int, int], scale: str | None) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{number % 7},{classes[number % 2]}" for number in range(12)]
    path.write_text("a,y\n" + "\n".join(rows))
    options = ["train", "--data", str(path), "--target", "y", "--loss", "binary_cross_entropy"]
    done = command(*options, *(["--scale", scale] if scale else []), "-o", str(tmp_path / "m"))
    assert done.code == 2
    assert ("--scale inputs" if scale else "learns targets from 0 to 1") in done.err


@pytest.mark.parametrize("verb", ["backward", "check"])
@pytest.mark.parametrize("target", [1, 5, -1])
def test_a_problem_file_is_refused_alike(verb: str, target: float) -> None:
    problem = {
        "cell": "elman", "U": [[0.5]], "W": [[0.3]], "V": [[1.0]], "output": "sigmoid", "x": [[1], [2]],
        "targets": [[1], [target]], "loss": "binary_cross_entropy", "answers": {"h": [["0.46"], ["_"]]},
    }  # fmt: skip
    done = command(verb, "-", stdin=json.dumps(problem))
    assert done.code == (0 if target == 1 else 2), done
    assert (f"step 2, output 1 is {target:g}" in done.err) == (target != 1)


@pytest.mark.parametrize("given", [list, np.asarray])
@pytest.mark.parametrize("steps", [O - 1, T])
def test_a_row_a_sequence_is_a_distribution(steps: int, given: Callable[[np.ndarray], Any]) -> None:
    """One-hot rows (N, O) train as the classes (N,) do, rows of other shares as (N, 1, O)."""
    rng = np.random.default_rng(steps)
    x, classes = rng.normal(size=(N, steps, D)), rng.integers(O, size=N)
    rows = np.eye(O)[classes]

    def trained(y: np.ndarray) -> list[dict[str, float]]:
        return network("cross_entropy").fit(given(x), given(y), loss="cross_entropy", epochs=2, seed=1)

    assert trained(rows) == trained(rows.astype(int)) == trained(classes)
    shares = 0.8 * rows + 0.2 / O
    assert trained(shares) == trained(shares[:, None]) != trained(rows)
