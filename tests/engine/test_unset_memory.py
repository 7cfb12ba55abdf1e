"""Sizes at which a loop has nothing to do: whatever memory held before, zeros come out, or what the equations say."""

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, compiler, random_arrays, random_network, random_starts

from rnncalc.engine.compiled.execution.prepared import PreparedRun
from rnncalc.engine.compiled.packing import memory
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network

pytestmark = compiler

STATELESS = Cell("stateless", {"h": "tanh(p * (U @ x_t))"}, [], "h")


class Poisoned:
    """NumPy, but fresh floating memory is full of NaN."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, *arguments: Any, **options: Any) -> np.ndarray:
        return poison(np.empty(*arguments, **options))

    def empty_like(self, *arguments: Any, **options: Any) -> np.ndarray:
        return poison(np.empty_like(*arguments, **options))


def poison(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "fc":
        array.fill(np.nan)
    elif array.dtype == np.uint8:
        array.fill(255)  # which is NaN once it is read as floating numbers
    return array


def poisoned_all(scratch: memory.Scratch) -> memory.Scratch:
    for array in scratch[1]:
        poison(array)
    return scratch


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every unset array of rnncalc is full of NaN. What is called under it has to be compiled before."""

    def start() -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("rnncalc") and getattr(module, "np", None) is np:
                monkeypatch.setattr(module, "np", Poisoned())
        take, scratch, call = memory._Kept.take, memory.ScratchPool.take, PreparedRun.run

        def prepared(run: PreparedRun, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            for block in run.blocks:
                block[len(run.first) :] = np.nan
            return call(run, x)

        monkeypatch.setattr(memory._Kept, "take", lambda self, size: poison(take(self, size)))
        monkeypatch.setattr(PreparedRun, "run", prepared)
        monkeypatch.setattr(memory.ScratchPool, "take", lambda self, rows: poisoned_all(scratch(self, rows)))

    return start


def everything(
    network: Network,
    x: np.ndarray,
    lengths: np.ndarray,
    initial_states: dict[str, Any],
    dy: np.ndarray,
    way: dict[str, Any],
) -> dict[str, np.ndarray]:
    """All that a network can be asked about a batch."""
    values: dict[str, np.ndarray] = {}
    y, ends = network(x, lengths=lengths, return_state=True, **initial_states)
    trace = network.forward(x, lengths=lengths, **initial_states)
    gradients = network.backward(trace, dy=dy, **way)
    parts: dict[str, Any] = {"trace": trace, "initial": trace.initial, "final": trace.final, "ends": ends}
    parts |= {"gradients": gradients, "steps": gradients.steps}
    for kind, part in parts.items():
        values |= {f"{kind} {name}": part[name] for name in part}
    return values | {"y": y, "called": network(x)}


def networks(name: str, threads: int) -> list[Network]:
    if name == "both":
        rng = np.random.default_rng(1)
        arrays = [random_arrays(CELLS["lstm"], rng, D=D, H=4) for D in (3, 3, 8)]
        layers = [Layer("lstm", **arrays[0], direction="both", backward=arrays[1]), Layer("lstm", **arrays[2])]
        V = rng.normal(size=(2, 4))
        pair = [Network(layers, V, engine=engine) for engine in ENGINES]
    else:
        cell = STATELESS if name == "stateless" else CELLS[name]
        read_out = "softmax" if name in ("elman", "stateless") else None
        pair = [random_network(cell, 2, engine=engine, read_out=read_out) for engine in ENGINES]
    pair[1].threads = threads
    return pair


LENGTHS = {"whole": lambda N, T: None, "none": lambda N, T: np.zeros(N, int), "ragged": lambda N, T: np.arange(N) % 3}


@pytest.mark.parametrize(
    ("name", "threads"),
    [("elman", 1), ("lstm", 2), ("jordan", 1), ("i2h_i2o", 1), ("stateless", 2), ("both", 1), ("both", 2)],
)
def test_nothing_is_left_unset(name: str, threads: int, poisoned: Callable[[], None]) -> None:
    interpreted, compiled = networks(name, threads)
    rng = np.random.default_rng(3)
    backward_options = [{}] if name == "both" else [{}, {"chunk": 2}, {"truncate": 1}]
    cases = []
    for N, T, lengths, way in itertools.product((0, 1, 3, 17), (0, 1, 5), LENGTHS.values(), backward_options):
        if N and T < 2 and lengths is LENGTHS["ragged"]:
            continue
        x = rng.normal(size=(N, T, 3))
        dy = rng.normal(size=interpreted(x).shape)
        initial_states = (
            random_starts(interpreted.layers[0].cell, rng, interpreted.layers[0], N) if name != "both" else {}
        )
        cases.append((x, lengths(N, T), initial_states, dy, way))
    wanted = [everything(interpreted, *case) for case in cases]
    for case in cases:
        everything(compiled, *case)
    compiled.forget()
    poisoned()
    for case, expected in zip(cases, wanted):
        values = everything(compiled, *case)
        assert list(values) == list(expected)
        for key, array in expected.items():
            np.testing.assert_allclose(values[key], array, rtol=0, atol=1e-12, err_msg=f"{key} {case[0].shape} {case}")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("mask", [np.zeros(4, bool), np.zeros((3, 4), bool)])
def test_a_batch_that_is_masked_throughout_has_gradients_of_zero(
    threads: int, mask: np.ndarray, poisoned: Callable[[], None]
) -> None:
    _interpreted, network = networks("lstm", threads)
    x, dy = np.ones((3, 4, 3)), np.ones((3, 4, 5))
    for _time in range(2):
        gradients = network.backward(network.forward(x, mask=mask), dy=dy)
        assert all(not gradients[name].any() for name in gradients)
        poisoned()
