"""The doors of the library: call, trace, gradients, stepper, copies, files, PyTorch's autograd, and the laws there."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import rnncalc
from rnncalc.network.network import Network
from rnncalc.problems.problem import Problem

HAS_TORCH = importlib.util.find_spec("torch") is not None


def python_doors(
    keys: Any, rng: random.Random, folder: Path, engines: tuple[str, ...]
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every door of the library for one problem, by name."""
    made: dict[str, _Library] = {}

    def library(engine: str) -> _Library:
        if engine not in made:
            made[engine] = _Library(rnncalc.problem(engine=engine, **keys).given, rng, folder)
        return made[engine]

    for engine in engines:
        for name in ("call", "alone", "prefix", "states", "stepper", "threads", "copies", "weights", "files"):
            yield f"{name} {engine}", partial(lambda engine, name: getattr(library(engine), name)(), engine, name)
    if "loss" in keys or "dy" in keys:
        yield "gradients", lambda: library(engines[-1]).gradients()
        if HAS_TORCH:
            yield "autograd", lambda: library(engines[-1]).autograd()
    yield "shown", lambda: shown(keys)


def shown(keys: Any) -> None:
    """Results show themselves, as in a notebook."""
    worked = rnncalc.problem(engine="equations", **keys)
    results = [worked.forward()] + ([worked.backward()] if "loss" in keys or "dy" in keys else [])
    for result in results:
        assert result._repr_markdown_()
        assert result.text()
        assert repr(result)


class _Library:
    """One problem as a network and arrays. Every law here is about bits, except where autograd is the witness."""

    def __init__(self, problem: Problem, rng: random.Random, folder: Path) -> None:
        self.problem, self.rng, self.folder = problem, rng, folder
        self.network: Network = problem.network
        self.x = problem.x
        self.where: dict[str, Any] = {"lengths": problem.lengths, "mask": problem.mask}
        with np.errstate(all="ignore"):
            self.y = self.network(self.x, **self.where)

    @property
    def forward_only(self) -> bool:
        return all(list(layer.passes) == ["forward"] for layer in self.network.layers)

    def call(self) -> None:
        """A call gives the outputs of the trace."""
        with np.errstate(all="ignore"):
            trace = self.problem.forward()
        same(self.y, trace["y"] if "y" in trace else trace[self.network.layers[-1].cell.emits])
        assert trace.final.keys() == {state for part in self.network.passes for state in part.cell.state}
        for name in trace:
            assert trace[name].shape[: self.x.ndim - 1] == self.x.shape[:-1], name

    def initial_states(self, n: int) -> dict[str, Any]:
        """The initial states of one sequence, as a call takes them."""
        passes = self.network.passes
        initial: dict[str, Any] = {}
        for state in dict.fromkeys(state for direction in passes for state in direction.initial_states):
            values = [direction.initial_states.get(state) for direction in passes]
            rows = [value[n] if value is not None and value.ndim == 2 else value for value in values]
            initial[f"{state}0"] = rows[0] if len(passes) == 1 else rows
        return initial

    def alone(self) -> None:
        """A sequence of a batch has the same bits alone."""
        if not self.problem.batch:
            return
        n = self.rng.randrange(len(self.x))
        mask, lengths = self.problem.mask, self.problem.lengths
        there: dict[str, Any] = {"mask": mask[n] if mask is not None and mask.ndim == 2 else mask}
        there["lengths"] = lengths[n : n + 1] if lengths is not None else None
        with np.errstate(all="ignore"):
            same(self.network(self.x[n : n + 1], **there, **self.initial_states(n))[0], self.y[n])

    def prefix(self) -> None:
        """The start of a sequence has the bits of the whole's start."""
        steps = self.x.shape[-2]
        if not self.forward_only or self.problem.lengths is not None or self.problem.mask is not None or not steps:
            return
        cut = self.rng.randint(1, steps)
        with np.errstate(all="ignore"):
            same(self.network(self.x[..., :cut, :]), self.y[..., :cut, :])

    def states(self) -> None:
        """Two parts of a sequence, joined by the states, have the bits of the whole."""
        if not self.forward_only or self.problem.lengths is not None or self.problem.mask is not None:
            return
        cut = self.rng.randint(0, self.x.shape[-2])
        with np.errstate(all="ignore"):
            first, states = self.network(self.x[..., :cut, :], return_state=True)
            restored = rnncalc.States.from_flat(states.flat)
            for given in (states, restored, dict(states)):
                second = self.network(self.x[..., cut:, :], given)
                same(np.concatenate([first, second], axis=-2), self.y)

    def weights(self) -> None:
        """Weights that are set to others and back give the same bits."""
        twin = copy.deepcopy(self.network)
        parameters = dict(twin.parameters)
        with np.errstate(all="ignore"):
            twin.set({name: self.rng.random() * array for name, array in parameters.items()})
            twin(self.x, **self.where)
            twin.set(parameters)
            same(twin(self.x, **self.where), self.y)

    def stepper(self) -> None:
        """A stepper, its copies and its pickle give the bits of the whole."""
        if not self.forward_only or self.problem.lengths is not None or self.problem.mask is not None:
            return
        stepper = self.network.stepper()
        copies = (copy.copy, copy.deepcopy, lambda stepper: pickle.loads(pickle.dumps(stepper)))
        with np.errstate(all="ignore"):
            for t in range(self.x.shape[-2]):
                x_t = np.ascontiguousarray(self.x[..., t, :])
                other = self.rng.choice(copies)(stepper)
                same(stepper.step(x_t), self.y[..., t, :])
                same(other.step(x_t), self.y[..., t, :])

    def threads(self) -> None:
        """Two threads give the bits of one, gradients too."""
        two = copy.copy(self.network)
        two.threads = 2
        two.forget()
        with np.errstate(all="ignore"):
            same(two(self.x, **self.where), self.y)
            if self.problem.task.targets is not None or self.problem.task.dy is not None:
                other = copy.copy(self.problem)
                other.network = two
                mine, theirs = self._gradients(self.problem), self._gradients(other)
                for place, array in mine.items():
                    np.testing.assert_allclose(theirs[place], array, rtol=1e-9, atol=1e-11, err_msg=str(place))

    def copies(self) -> None:
        """A copy, a deep copy and a pickle of the network give the same bits."""
        for twin in (copy.copy(self.network), copy.deepcopy(self.network), pickle.loads(pickle.dumps(self.network))):
            with np.errstate(all="ignore"):
                same(twin(self.x, **self.where), self.y)

    def files(self) -> None:
        """A network that was saved and loaded gives the same bits, from the same cells."""
        path = self.folder / "model.safetensors"
        rnncalc.save_model(self.network, path)
        loaded = rnncalc.load_model(path, engine=self.network.engine)
        loaded = getattr(loaded, "network", loaded)
        assert [layer.cell for layer in loaded.layers] == [layer.cell for layer in self.network.layers]
        with np.errstate(all="ignore"):
            same(loaded(self.x, **self.where), self.y)

    def _gradients(self, problem: Problem) -> dict[Any, np.ndarray]:
        """Every gradient by its place, as the witness names it."""
        gradients = problem.backward(problem.forward())
        places: dict[Any, np.ndarray] = {
            (number, direction, name): array
            for number, layer in enumerate(gradients.layers)
            for direction, direction_gradients in layer.passes.items()
            for name, array in direction_gradients.items()
        }
        if gradients.read_out is not None:
            places |= {(-1, "forward", name): array for name, array in gradients.read_out.items()}
        return places | {(0, "", "x"): gradients.x if problem.batch else gradients.x[None]}

    def gradients(self) -> None:
        """Every gradient is of the shape of what it belongs to, and of every step there is a row."""
        with np.errstate(all="ignore"):
            gradients = self.problem.backward(self.problem.forward())
        assert gradients.x.shape == self.x.shape
        for rows in gradients.steps.values():
            assert rows.shape[: self.x.ndim - 1] == self.x.shape[:-1]

    def autograd(self) -> None:
        """PyTorch's autograd, from the equations alone, has the same gradients."""
        from support.autograd import can_follow, gradients

        if not can_follow(self.problem) or self.problem.forward().first_not_finite():
            return
        if np.abs(self.y).max(initial=0) > 1e6:
            return
        ours, theirs = self._gradients(self.problem), gradients(self.problem)
        for place, wanted in theirs.items():
            np.testing.assert_allclose(ours[place], wanted, rtol=1e-8, atol=1e-9, err_msg=str(place))


def same(array: np.ndarray, expected: np.ndarray) -> None:
    """The same bits."""
    np.testing.assert_array_equal(array, expected, strict=True)
