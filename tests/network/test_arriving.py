"""Gradients from anywhere: at final states, at every h, at y; and what leaves at the initial states, in one form."""

import copy
from typing import Any

import numpy as np
import pytest
from support.helpers import choose_lane_batched, compiler, every_cell, inputs, random_arrays
from support.own_cells import random_cell, random_layer

from rnncalc import States
from rnncalc.engine.choice import compiling_disabled, numba_installed
from rnncalc.errors import ProblemError, RnncalcError, ShapeError
from rnncalc.model.layer import Layer
from rnncalc.model.merges import MERGES
from rnncalc.network.gradients import Gradients
from rnncalc.network.network import Network
from rnncalc.network.trace import Trace

CELLS = every_cell()
LENGTHS = np.array([5, 0, 2, 3])
SMOOTH = [name for name, cell in CELLS.items() if name.split(",")[0] != "odd" and cell.emits == "h"]


def stack(names: list[str], rng: np.random.Generator, **options: Any) -> Network:
    """Layers of some cells; every second one in both directions, or backward."""
    layers, D = list[Layer](), 3
    for level, name in enumerate(names):
        cell, H = CELLS[name], 4 + level
        other: dict[str, Any] = {}
        if level % 2 and not cell.owns_read_out:
            other = {"direction": "backward"}
            if rng.random() < 0.6:
                other = {"direction": "both", "backward": random_arrays(cell, rng, D, H)}
                other["merge"] = str(rng.choice(list(MERGES)))
        layers.append(Layer(cell, **random_arrays(cell, rng, D, H), **other))
        D = layers[-1].width
    top: dict[str, Any] = {}
    if not layers[-1].cell.owns_read_out and rng.random() < 0.5:
        top = {"V": rng.normal(size=(2, D)), "output": "softmax"}
    return Network(layers, **top, **options)


class Objective:
    """Σ of everything that a network gives, times random numbers: their gradients are these numbers."""

    def __init__(self, net: Network, rng: np.random.Generator, batch: tuple[int, ...], lengths: Any, *kinds: str):
        self.net, self.lengths, self.kinds = net, lengths, kinds
        self.x = inputs(net, rng, *batch, 5)
        trace = net.forward(self.x, lengths=lengths)
        self.begin = States.from_flat({n: rng.normal(size=a.shape) for n, a in trace.initial.flat.items()})
        self.dstates = States.from_flat({n: rng.normal(size=a.shape) for n, a in trace.final.flat.items()})
        self.dy = rng.normal(size=trace.y.shape)
        self.dh = [rng.normal(size=h.shape) if rng.random() < 0.8 else None for h in self._emitted(trace)]
        self.dh[-1] = rng.normal(size=self._emitted(trace)[-1].shape)

    def _emitted(self, trace: Trace) -> list[np.ndarray]:
        return [layer["h"] if layer.emits == "h" else layer[layer.emits] for layer in trace.layers]

    @property
    def arriving(self) -> dict[str, Any]:
        """What `backward` is given."""
        dh: Any = self.dh if len(self.dh) > 1 else self.dh[0]
        return {kind: {"dy": self.dy, "dstates": self.dstates, "dh": dh}[kind] for kind in self.kinds}

    def value(self, x: np.ndarray, begin: States) -> float:
        trace = self.net.forward(x, begin, lengths=self.lengths)
        total = float((trace.y * self.dy).sum()) if "dy" in self.kinds else 0.0
        if "dstates" in self.kinds:
            total += sum(float((array * self.dstates.flat[n]).sum()) for n, array in trace.final.flat.items())
        if "dh" in self.kinds:
            pairs = zip(self._emitted(trace), self.dh)
            total += sum(float((h * dh).sum()) for h, dh in pairs if dh is not None)
        return total

    def gradients(self, net: Network | None = None, **how: Any) -> Gradients:
        net = net or self.net
        return net.backward(net.forward(self.x, self.begin, lengths=self.lengths), **self.arriving, **how)

    def check(self, rng: np.random.Generator) -> None:
        """The gradients against differences along random directions: of parameters, inputs, initial states."""
        gradients, eps, before = self.gradients(), 1e-6, self.net.parameters
        moves = {name: rng.normal(size=array.shape) for name, array in before.items()}
        dx = rng.normal(size=self.x.shape)
        dbegin = {name: rng.normal(size=array.shape) for name, array in self.begin.flat.items()}
        product = sum(float((gradients.parameters[name] * move).sum()) for name, move in moves.items())
        product += float((gradients.x * dx).sum())
        product += sum(float((gradients.states.flat[name] * move).sum()) for name, move in dbegin.items())
        values = []
        for side in (eps, -eps):
            self.net.set({name: array + side * moves[name] for name, array in before.items()})
            begin = States.from_flat({name: array + side * dbegin[name] for name, array in self.begin.flat.items()})
            values.append(self.value(self.x + side * dx, begin))
        self.net.set(before)
        assert product == pytest.approx((values[0] - values[1]) / (2 * eps), rel=2e-6, abs=2e-7)
        assert list(gradients.states.flat) == list(self.begin.flat)


KINDS = [("dstates",), ("dh",), ("dy", "dstates"), ("dy", "dstates", "dh")]


@pytest.mark.parametrize("name", CELLS)
def test_every_cell(name: str) -> None:
    rng = np.random.default_rng(1)
    for kinds in KINDS:
        if CELLS[name].emits != "h" and "dh" in kinds:
            continue
        for batch, lengths in (((), None), ((4,), None), ((4,), LENGTHS)):
            Objective(stack([name], rng, engine="equations"), rng, batch, lengths, *kinds).check(rng)


@pytest.mark.parametrize("seed", range(12))
def test_stacks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = stack(rng.permutation(SMOOTH)[: 2 + seed % 2].tolist(), rng, engine="equations")
    for kinds in KINDS:
        batch, lengths = [((), None), ((4,), None), ((4,), LENGTHS)][rng.integers(3)]
        Objective(net, rng, batch, lengths, *kinds).check(rng)


@pytest.mark.parametrize("seed", range(25))
def test_own_cells_of_several_states(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = random_cell(rng)
    if not cell.state:
        return
    net = Network([random_layer(cell, rng)], engine="equations")
    for kinds in (("dstates",), ("dy", "dstates")):
        Objective(net, rng, (4,), LENGTHS if seed % 2 else None, *kinds).check(rng)


def test_a_sequence_of_no_steps_hands_its_gradient_through() -> None:
    rng = np.random.default_rng(2)
    for how in ({}, {"truncate": 2}, {"chunk": 2}):
        net = stack(["lstm"], rng, engine="equations")
        objective = Objective(net, rng, (4,), LENGTHS, "dstates")
        states = objective.gradients(**how).states  # type: ignore[arg-type]
        for name, array in objective.dstates.items():
            np.testing.assert_array_equal(states[name][1], array[1])


@compiler
@pytest.mark.parametrize("route", ["at once", "in parts", "threads", "lanes"])
@pytest.mark.parametrize("names", [["lstm"], ["gru", "lstm"], ["jordan"], ["odd"]], ids="-".join)
def test_both_engines_agree(names: list[str], route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    net = stack(names, rng, engine="equations", threads=2 if route == "threads" else 1)
    choose_lane_batched(monkeypatch, route == "lanes" and names != ["jordan"])
    if route == "in parts":
        monkeypatch.setattr("rnncalc.engine.compiled.execution.adjoint.LARGE", 0)
        monkeypatch.setattr("rnncalc.engine.compiled.execution.adjoint.ROWS", 2)
    other = copy.copy(net)
    other.engine = "numba"
    other.forget()
    cuts: list[dict[str, int]] = [{}, {"chunk": 2}, {"truncate": 2}]
    for kinds in KINDS:
        for lengths in (None, LENGTHS):
            for how in cuts if not net.runs_backward else cuts[:1]:
                objective = Objective(net, rng, (4,), lengths, *(kinds if names != ["jordan"] else ("dy", "dstates")))
                ours, theirs = objective.gradients(**how), objective.gradients(other, **how)  # type: ignore[arg-type]
                assert list(ours.states.flat) == list(theirs.states.flat)
                pairs = [(ours.x, theirs.x)]
                pairs += [(array, theirs.states.flat[name]) for name, array in ours.states.flat.items()]
                pairs += [(array, theirs.parameters[name]) for name, array in ours.parameters.items()]
                pairs += [
                    (ours.layers[0].passes["forward"].steps["da"], theirs.layers[0].passes["forward"].steps["da"])
                ]
                for interpreted, compiled in pairs:
                    np.testing.assert_allclose(compiled, interpreted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("batch", [(), (3,)])
def test_every_form_of_states(batch: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    net = stack(["gru", "elman"], rng, engine="equations")
    objective = Objective(net, rng, batch, None, "dstates")
    wanted, given = objective.gradients().states, objective.dstates
    for form in (given.flat, dict(given), {"h0": given["h"]}, given["h"], (given["h"],)):
        trace = net.forward(objective.x, objective.begin)
        grads = net.backward(trace, dstates=form)
        assert grads.loss is None
        for name, array in grads.states.flat.items():
            np.testing.assert_array_equal(array, wanted.flat[name])
    targets = rng.normal(size=trace.y.shape)
    if not net.read_out:
        alone = net.backward(trace, targets, loss="squared_error")
        both = net.backward(trace, targets, loss="squared_error", dstates=given)
        assert alone.loss == both.loss
        np.testing.assert_allclose(both.x, alone.x + objective.gradients().x)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"dstates": {"h": np.ones(3)}}, ShapeError, r"dstates: h must be \(4,\), got \(3,\)"),
        ({"dstates": {"q": np.ones(4)}}, ProblemError, "q; there are c, h"),
        ({"dstates": np.ones(4)}, ShapeError, "give the states by name: there are h, c"),
        ({"dstates": {"layers.1.forward.h": np.ones(4)}}, ProblemError, "here is no layers.1.forward.h"),
        ({"dh": np.ones((5, 3))}, ShapeError, "dh must be"),
        ({}, ProblemError, "give targets and their loss, or dy"),
    ],
)
def test_what_is_refused(given: dict[str, Any], kind: type[RnncalcError], said: str) -> None:
    net = stack(["lstm"], np.random.default_rng(0), engine="equations")
    with pytest.raises(kind, match=said):
        net.backward(net.forward(np.ones((5, 3))), **given)


def test_a_gradient_at_h_of_a_cell_that_hands_up_something_else() -> None:
    engines = ["equations"] + ["numba"] * (numba_installed() and not compiling_disabled())
    rng, gradients = np.random.default_rng(6), []
    arrays, x, dh = random_arrays(CELLS["jordan"], rng), rng.normal(size=(3, 4, 3)), rng.normal(size=(3, 4, 5))
    for engine in engines:
        net = Network([Layer("jordan", **arrays)], engine=engine)
        gradients.append(net.backward(net.forward(x), dh=dh).x)
        eps, dx = 1e-6, np.full(x.shape, 0.5)
        values = [(net.forward(x + side * dx).h * dh).sum() for side in (eps, -eps)]
        assert (gradients[-1] * dx).sum() == pytest.approx((values[0] - values[1]) / (2 * eps), rel=1e-6)
