"""Weights of sequences, steps and classes: what the field means by them, whatever is trained, on both engines."""

from typing import Any

import numpy as np
import pytest
from support.helpers import compiler

from rnncalc import Network, random_network
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.network.parameter_vector import Parameters

CELLS = ("elman", "gru", "lstm", "jordan")
LOSSES = ("mean_squared_error", "mean_absolute_error", "half_squared_error", "binary_cross_entropy", "cross_entropy")
D, O = 3, 4
ENGINES = ["equations", pytest.param("numba", marks=compiler)]


def drawn(seed: int) -> dict[str, Any]:
    """One run; every optional part is there or not."""
    rng, loss = np.random.default_rng(seed), LOSSES[seed % len(LOSSES)]
    count = int(rng.integers(4, 9))
    lengths = rng.integers(0, 6, size=count) if rng.integers(2) else np.full(count, 5)
    lengths[0] = 5
    classes, last = loss == "cross_entropy" and bool(rng.integers(2)), bool(rng.integers(2))
    x = [rng.normal(size=(n, D)) for n in lengths]
    y: list[Any] = []
    for n in lengths:
        rows = rng.integers(0, O, size=n).astype(float) if classes else rng.random((n, O))
        rows[rng.random(rows.shape) < 0.2] = np.nan
        if last:
            rows[:-1] = np.nan
        y.append(rows)
    y[0][-1] = 1
    weights = [rng.choice([0, 1, 2, 3], size=() if rng.integers(2) else n) for n in lengths]
    weights[0] = np.full(5, 2)
    return {
        "net": {"kind": CELLS[seed % 4], "output": {"c": "softmax", "b": "sigmoid"}.get(loss[0], "identity")},
        "x": x, "y": y, "weights": weights, "classes": classes,
        "settings": {"loss": loss, "truncate": [0, 2][int(rng.integers(2))], "batch": 1000, "shuffle": False},
    }  # fmt: skip


def network(run: dict[str, Any], engine: str, **settings: Any) -> Network:
    return random_network(
        run["net"]["kind"], inputs=D, hidden=O if run["net"]["kind"] == "jordan" else 5, outputs=O, seed=3,
        output=run["net"]["output"], engine=engine, dtype="float64", **settings,
    )  # fmt: skip


def trained(run: dict[str, Any], engine: str, x: Any, y: Any, **given: Any) -> tuple[np.ndarray, Any]:
    """The weights after some steps, and the history."""
    net = network(run, engine)
    history = net.fit(x, y, epochs=3, optimizer="sgd", lr=0.1, **{**run["settings"], **given})
    return Parameters.of(net).vector.copy(), history


def same(a: tuple[np.ndarray, Any], b: tuple[np.ndarray, Any]) -> bool:
    first, second = ([entry["loss"] for entry in history] for _vector, history in (a, b))
    return np.allclose(a[0], b[0], rtol=1e-10, atol=1e-12) and np.allclose(first, second, rtol=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(10))
def test_a_whole_weight_is_as_many_times_the_same_sequence(seed: int, engine: str) -> None:
    run = drawn(seed)
    times = [int(np.max(weight, initial=0)) for weight in run["weights"]]  # one a sequence
    several = [(x, y) for x, y, count in zip(run["x"], run["y"], times) for _again in range(count)]
    weighted = trained(run, engine, run["x"], run["y"], sample_weight=times)
    assert same(weighted, trained(run, engine, *map(list, zip(*several))))
    assert same(weighted, trained(run, engine, run["x"], run["y"], sample_weight=[0.37 * count for count in times]))
    counts = {count for count, rows in zip(times, run["y"]) if not np.isnan(rows).all()}
    assert same(weighted, trained(run, engine, run["x"], run["y"])) == (len(counts) == 1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(10))
def test_a_weight_of_zero_is_no_target(seed: int, engine: str) -> None:
    run, rng = drawn(seed), np.random.default_rng(seed)
    zeros = [rng.integers(0, 2, size=len(rows)) for rows in run["x"]]
    zeros[0][:] = 1
    without = [np.where(keep if rows.ndim == 1 else keep[:, None], rows, np.nan) for rows, keep in zip(run["y"], zeros)]
    spoilt = [
        np.where((keep if rows.ndim == 1 else keep[:, None]) == 0, 3, rows) for rows, keep in zip(run["y"], zeros)
    ]
    wanted = trained(run, engine, run["x"], without)
    runs = trained(run, engine, run["x"], spoilt, sample_weight=zeros)
    assert same(runs, wanted)
    assert [entry.get("accuracy") for entry in runs[1]] == [entry.get("accuracy") for entry in wanted[1]]


@compiler
@pytest.mark.parametrize("seed", range(40))
def test_both_engines_weigh_alike(seed: int) -> None:
    run, rng = drawn(seed), np.random.default_rng(seed)
    given: dict[str, Any] = {"batch": int(rng.integers(1, 9)), "sample_weight": run["weights"]}
    given["validation"] = run["x"][:2], run["y"][:2], None, [run["weights"][:2], None][int(rng.integers(2))]
    if run["classes"]:
        given["class_weight"] = [None, "balanced", {1: 2.5, 3: 0}, rng.random(O)][seed // len(LOSSES) % 4]
    if not rng.integers(3):
        del given["sample_weight"]
    runs = [trained(run, engine, run["x"], run["y"], **given) for engine in ("equations", "numba")]
    assert same(*runs)
    for part in ("val_loss", "accuracy", "val_accuracy"):
        first, second = ([entry.get(part) or 0 for entry in history] for _vector, history in runs)
        assert np.allclose(first, second), part


@pytest.mark.parametrize("engine", ENGINES)
def test_balanced_classes_weigh_alike(engine: str) -> None:
    run = next(run for run in map(drawn, range(4, 200, 5)) if run["classes"])
    there = np.concatenate(run["y"])
    counts = np.array([(there == number).sum() for number in range(O)])
    by_hand = {k: counts.sum() / ((counts > 0).sum() * n) for k, n in enumerate(counts) if n}
    said = [trained(run, engine, run["x"], run["y"], class_weight=how) for how in ("balanced", by_hand)]
    assert same(*said)
    of_rows = [np.array([by_hand.get(k, 0.0) for k in rows]) for rows in run["y"]]
    assert same(said[0], trained(run, engine, run["x"], run["y"], sample_weight=of_rows))


@pytest.mark.parametrize("engine", ENGINES)
def test_pytorch_weighs_alike(engine: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(6, 4, D)), rng.integers(0, O, size=(6, 4)), rng.random(O) + 0.1
    net = random_network("gru", inputs=D, hidden=5, outputs=O, output="log_softmax", engine=engine, dtype="float64")
    scores = torch.tensor(net(x).reshape(-1, O), requires_grad=True)
    wanted = torch.nn.NLLLoss(weight=torch.tensor(weights))(scores, torch.tensor(y.reshape(-1)))
    history = net.fit(x, y, loss="cross_entropy", epochs=1, batch=6, class_weight=weights)
    assert history[0]["loss"] == pytest.approx(float(wanted.detach()), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"sample_weight": [1, 2]}, ShapeError, "3 sequences need 3 weights"),
        ({"sample_weight": [1, [1, 2, 3], 2]}, ShapeError, "sequence 2 needs a weight, or one for each of its 2 steps"),
        ({"sample_weight": [1, -1, 1]}, ProblemError, "a finite number from 0, and that of sequence 2, step 1 is -1"),
        ({"sample_weight": [1, 1, float("nan")]}, ProblemError, "that of sequence 3, step 1 is nan"),
        ({"sample_weight": ["a", 1, 1]}, ShapeError, "sequence 1 needs a weight"),
        ({"sample_weight": [0, 0, 0]}, ProblemError, "not one target"),
        ({"class_weight": "even"}, ProblemError, "“balanced”"),
        ({"class_weight": {O: 1}}, ProblemError, "there is no class 4"),
        ({"class_weight": [1, 2]}, ShapeError, "4 classes need 4 numbers"),
        ({"class_weight": [1, 2, 3, "x"]}, ShapeError, "4 classes need 4 numbers"),
        ({"class_weight": [1, 2, 3, -4]}, ProblemError, "entry 4 is -4"),
        ({"class_weight": "balanced", "loss": "mean_squared_error"}, ProblemError, "rows of numbers"),
    ],
)
def test_weights_that_cannot_be_are_refused(given: dict[str, Any], error: type[Exception], said: str) -> None:
    loss = given.get("loss", "cross_entropy")
    net = random_network(
        "elman", inputs=D, hidden=5, outputs=O, engine="equations",
        output="softmax" if loss == "cross_entropy" else "identity",
    )  # fmt: skip
    y: Any = np.ones((3, 2), int) if loss == "cross_entropy" else np.ones((3, 2, O))
    with pytest.raises(error, match=said):
        net.fit(np.ones((3, 2, D)), y, **{"loss": loss, **given})
