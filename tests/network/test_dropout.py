"""Dropout in training: masks that hold still, exact gradients through them, one seed and the same bits."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, compiler, random_arrays

import rnncalc
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.model.dropout import Dropout
from rnncalc.model.layer import Layer
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.forward import traced, tracers
from rnncalc.network.network import Network
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.training.interpreted_epochs import InterpretedStep
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.view import View

D, H, O, T = 4, 6, 3, 5
KINDS = ("plain", "deep", "both", "mul", "embedded", "mean", "final", "bare")
RATES: dict[str, Any] = {"dropout": 0.4, "input_dropout": 0.3}


def network(kind: str, engine: str = "equations") -> Network:
    rng, layers, width = np.random.default_rng(5), list[Layer](), D
    if kind == "embedded":
        layers.append(Layer("embedding", E=rng.normal(size=(H, D))))
        width = H
    for _level in range(1 if kind == "plain" else 2):
        two: dict[str, Any] = {}
        if kind in ("both", "mul", "final"):
            merge = "mul" if kind == "mul" else "concat"
            two = {"direction": "both", "backward": random_arrays(CELLS["gru"], rng, D=width, H=H), "merge": merge}
        layers.append(Layer("gru", **random_arrays(CELLS["gru"], rng, D=width, H=H), **two))
        width = layers[-1].width
    if kind == "bare":
        return Network(layers, engine=engine)
    summary = kind if kind in ("mean", "final") else "last"
    return Network(layers, rng.normal(size=(O, width)), rng.normal(size=O), engine=engine, summary=summary)


def data(kind: str, last: bool = False, count: int = 40) -> Sequences:
    rng = np.random.default_rng(6)
    lengths = rng.integers(0, T + 1, size=count)
    outputs = H if kind == "bare" else O
    y = [rng.normal(size=(n, outputs)) for n in lengths]
    for rows in y if last else ():
        rows[:-1] = np.nan
    x = [rng.integers(0, D, size=n) if kind == "embedded" else rng.normal(size=(n, D)) for n in lengths]
    return Sequences.of(x, y, classes=False, inputs=D)


def trained(kind: str, engine: str, threads: int = 1, **more: Any) -> tuple[np.ndarray, Any]:
    settings = Settings("mean_squared_error", **{"epochs": 2, "batch": 17, "optimizer": "sgd", **RATES, **more})
    trainer = Trainer(network(kind, engine), data(kind, last=kind == "plain"), settings, data(kind), threads)
    history = trainer.run()
    return Parameters.of(trainer.network).vector.copy(), history


@compiler
@pytest.mark.parametrize("mask", ["sequence", "step"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_engines_leave_out_the_same_and_threads_change_no_bit(kind: str, mask: str) -> None:
    more: list[dict[str, Any]] = [{}] if kind in ("both", "mul", "mean", "final") else [{}, {"truncate": 2}]
    for cut in more:
        theta, history = trained(kind, "numba", dropout_mask=mask, **cut)
        wanted, said = trained(kind, "equations", dropout_mask=mask, **cut)
        np.testing.assert_allclose(theta, wanted, rtol=1e-9, atol=1e-11)
        assert history[-1]["val_loss"] == pytest.approx(said[-1]["val_loss"], rel=1e-9)
        for threads in (2, 4):
            repeated, same = trained(kind, "numba", threads, dropout_mask=mask, **cut)
            assert repeated.tobytes() == theta.tobytes()
            assert same == history
        assert not np.allclose(trained(kind, "numba", **cut, dropout=0.0, input_dropout=0.0)[0], theta)


@pytest.mark.parametrize("mask", ["sequence", "step"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_with_the_mask_held_are_those_of_the_complex_step(kind: str, mask: str) -> None:
    net, rng = network(kind), np.random.default_rng(8)
    run = Trainer(net, data(kind, count=6), Settings("mean_squared_error", dropout_mask=mask, batch=6, **RATES))
    batch = run.data.batch(np.arange(6))
    x, y = run.data.x[batch.rows], run.data.y[batch.rows]
    nothing: list[dict[str, np.ndarray]] = [{} for _part in net.passes]
    step = InterpretedStep(net, run.parameters, "half_squared_error", run.dropout)
    step(x, batch.schedule, nothing, y, 1.0, g=run.g, number=3)
    named = run.parameters.named(run.g)
    varied = net.in_complex()
    arrays = {at.path + name: array for at, part in varied.parts() for name, array in part.arrays.items()}
    view = View(batch.schedule, True)
    held = partial(run.dropout.applied, schedule=batch.schedule, step=3)

    def loss() -> complex:
        given = batch.schedule.unpack(x if x.ndim == 1 else x.astype(complex))
        values = traced(varied, given, view, tracers(varied, view, nothing), held).at("y")
        return complex((0.5 * (values - y) ** 2).sum())

    for name, array in arrays.items():
        for place in {tuple(int(rng.integers(size)) for size in array.shape) for _draw in range(6)}:
            array[place] += 1e-40j
            slope = loss().imag / 1e-40
            array[place] = array[place].real
            assert named[name][place] == pytest.approx(slope, rel=1e-11, abs=1e-12), (name, place)


def test_masks_are_shares_scaled_and_differ_where_they_should() -> None:
    schedule = PackedBatch.of(50, 8, np.arange(50) % 9, None)
    rows = np.ones((schedule.rows - 50, 30))
    for mask in ("sequence", "step"):
        dropout = Dropout([0.0, 0.25, 0.25], mask, seed=4)
        assert dropout.applied(0, rows, schedule, 0) is rows
        once = dropout.applied(1, rows, schedule, 7)
        assert set(np.unique(once)) == {0, 1 / 0.75}
        assert abs((once == 0).mean() - 0.25) < 0.03
        for other in (dropout.applied(1, rows, schedule, 8), dropout.applied(2, rows, schedule, 7),
                      Dropout([0.0, 0.25], mask, seed=5).applied(1, rows, schedule, 7)):  # fmt: skip
            assert 0.2 < (other != once).mean() < 0.5
        steps = schedule.unpack(once)[8]  # eight steps
        assert (len(np.unique(steps, axis=0)) == 1) == (mask == "sequence")
        assert len(np.unique(schedule.unpack(once)[8::9, 0], axis=0)) == 5  # sequences differ


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_taken_up_again_ends_with_the_same_bits(engine: str) -> None:
    settings = Settings("mean_squared_error", epochs=3, batch=9, **RATES)
    whole = Trainer(network("deep", engine), data("deep"), settings)
    whole.run()
    first = Trainer(network("deep", engine), data("deep"), settings)

    class StoppedError(Exception):
        pass

    def stop(trainer: Trainer) -> None:
        if trainer.progress.steps == 7:
            raise StoppedError

    with pytest.raises(StoppedError):
        first.run(stop)
    arrays, numbers = first.state()
    second = Trainer(network("deep", engine), data("deep"), settings)
    second.restore({name: array.copy() for name, array in arrays.items()}, numbers)
    second.run()
    assert second.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_what_cannot_be_left_out_is_refused() -> None:
    x, y = np.array([[0, 1, 2]]), np.zeros((1, 3, O))
    wrong: list[dict[str, Any]] = [{"dropout": 1.0}, {"input_dropout": -0.1}]
    for rates in wrong:
        with pytest.raises(ProblemError, match="below 1"):
            Settings("squared_error", **rates)
    with pytest.raises(ProblemError, match="needs an embedding"):
        rnncalc.random_network("gru", D, H, O).fit(x, y, loss="squared_error", input_dropout=0.5)
    with pytest.raises(ProblemError, match="dropout_mask"):
        network("deep").fit(np.ones((2, T, D)), np.ones((2, T, O)), loss="squared_error", dropout_mask="unit")
