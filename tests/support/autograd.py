"""Gradients by PyTorch's autograd, straight from a cell's equations: a witness that shares no code with the engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch

from rnncalc.model.equations.expression import Binary, Call, Expression, Name, Negative, Number
from rnncalc.model.layer import DirectionalLayer
from rnncalc.model.losses import LOSSES
from rnncalc.problems.problem import Problem

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "exp": torch.exp,
    "elu": torch.nn.functional.elu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),  # torch's own is cut at 20
    "softsign": torch.nn.functional.softsign,
    "hard_sigmoid": lambda a: torch.nn.functional.hardtanh(a / 6 + 0.5, 0, 1),  # torch's own takes ⅙ in float32
    "hard_sigmoid_02": lambda a: torch.nn.functional.hardtanh(0.2 * a + 0.5, 0, 1),
    "hard_tanh": torch.nn.functional.hardtanh,
    "step": lambda a: (a > 0) + 0 * a,
    "abs": torch.abs,
    "identity": lambda a: a,
    "softmax": lambda a: torch.softmax(a, -1),
    "log_softmax": lambda a: torch.log_softmax(a, -1),
}
MERGES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "concat": lambda f, b: torch.cat([f, b]),
    "sum": lambda f, b: f + b,
    "ave": lambda f, b: (f + b) / 2,
    "mul": lambda f, b: f * b,
}


def can_follow(problem: Problem) -> bool:
    """Whether the reach of the loss is one that this witness follows: cut, only in one forward layer."""
    cut = problem.task.truncate is not None or problem.task.chunk is not None
    alone = len(problem.network.layers) == 1 and list(problem.network.layers[0].passes) == ["forward"]
    both_cuts = problem.task.truncate is not None and problem.task.chunk is not None
    return (not cut or alone) and not both_cuts


def gradients(problem: Problem) -> dict[tuple[int, str, str], np.ndarray]:
    """(layer, −1 for the read-out; direction; name of a parameter) → the gradient of the loss. x: (0, "", "x")."""
    return _Witness(problem).gradients()


class _Witness:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.task, network = problem, problem.task, problem.network
        self.places = {
            (number, direction): direction_layer
            for number, layer in enumerate(network.layers)
            for direction, direction_layer in layer.passes.items()
        }
        if network.read_out:
            self.places[-1, "forward"] = network.read_out
        self.leaves = {
            (*place, name): torch.tensor(array, dtype=torch.float64, requires_grad=True)
            for place, direction_layer in self.places.items()
            for name, array in direction_layer.arrays.items()
        }
        x = problem.x if problem.batch else problem.x[None]
        self.x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        self.leaves[0, "", "x"] = self.x

    def gradients(self) -> dict[tuple[int, str, str], np.ndarray]:
        loss = self.loss()
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return {place: np.zeros(leaf.shape) for place, leaf in self.leaves.items()}
        derivatives = torch.autograd.grad(loss, list(self.leaves.values()), allow_unused=True)
        return {
            place: np.zeros(leaf.shape) if gradient is None else gradient.numpy()
            for (place, leaf), gradient in zip(self.leaves.items(), derivatives)
        }

    # forward ----------------------------------------------------------------------------------------------------------

    def outputs(self, n: int, steps: list[int], detach_before: int | None = None) -> list[dict[str, torch.Tensor]]:
        """s and y at the steps of one sequence. detach_before: the state is a constant before this visit."""
        rows = [self.x[n, t] for t in steps]
        for number, layer in enumerate(self.problem.network.layers):
            made = []
            for direction in layer.passes:
                order = rows[::-1] if direction == "backward" else rows
                signals = self.run(number, direction, n, order, detach_before)
                made.append(signals[::-1] if direction == "backward" else signals)
            emits = layer.cell.emits
            rows = (
                [MERGES[layer.merge](forward[emits], backward[emits]) for forward, backward in zip(*made)]
                if len(made) > 1
                else [signals[emits] for signals in made[0]]
            )
        if self.problem.network.read_out:
            return self.run(-1, "forward", n, rows, None)
        last = made[0] if len(made) == 1 else [{} for _row in rows]
        return [{"s": signals.get("s", row), "y": row} for signals, row in zip(last, rows)]

    def run(self, number: int, direction: str, n: int, rows: list[Any], detach_before: int | None) -> list[Any]:
        """One direction of a layer over the rows of one sequence: every signal of every visit."""
        layer = self.places[number, direction]
        stacked = {name: self.leaves[number, direction, name] for name in layer.arrays}
        values: dict[str, Any] = layer.by_symbol(cast("Any", stacked))  # tensors are cut like arrays
        state = {name: self.start(layer, name, n) for name in layer.cell.state}
        visits, chunk = [], self.task.chunk
        for visit, row in enumerate(rows):
            if detach_before == visit or (chunk and visit % chunk == 0 and visit):
                state = {name: value.detach() for name, value in state.items()}
            signals: dict[str, Any] = {"x_t": row, **{f"{name}_p": value for name, value in state.items()}}
            for line, expression in layer.cell.written.items():
                size = layer.sizes[layer.cell.size(line)]
                signals[line] = evaluate(expression, {**values, **signals}).expand(size)
            state = {name: signals[name] for name in state}
            visits.append(signals)
        return visits

    def start(self, layer: DirectionalLayer, state: str, n: int) -> torch.Tensor:
        array = layer.initial_states.get(state, np.zeros(layer.sizes[layer.cell.size(state)]))
        return torch.tensor(np.asarray(array[n] if array.ndim == 2 else array, np.float64))

    # loss -------------------------------------------------------------------------------------------------------------

    def loss(self) -> Any:
        problem, task = self.problem, self.task
        sequences, steps = self.x.shape[:2]
        present = np.ones((sequences, steps), bool)
        if problem.lengths is not None:
            present = np.arange(steps) < np.asarray(problem.lengths)[:, None]
        if problem.mask is not None:
            present = np.broadcast_to(problem.mask, (sequences, steps))
        given = np.asarray(task.dy if task.dy is not None else task.targets, np.float64)
        width = problem.network.y_width
        wanted = given.reshape(sequences, steps, -1) if given.ndim != (3 if problem.batch else 2) else given
        if given.size == sequences * steps and width > 1:
            classes = given.reshape(sequences, steps)
            hot = np.where(np.isnan(classes)[..., None], np.nan, np.arange(width) == classes[..., None])
            wanted = hot
        wanted = np.where(present[..., None], wanted.reshape(sequences, steps, width), np.nan)
        total: Any = 0.0
        for n in range(sequences):
            visits = [t for t in range(steps) if present[n, t]]
            if task.truncate is None:
                for signals, t in zip(self.outputs(n, visits), visits):
                    total = total + self.row(signals, wanted[n, t])
            else:
                for number, t in enumerate(visits):
                    begin = number - task.truncate + 1
                    signals = self.outputs(n, visits[: number + 1], begin if begin > 0 else None)[-1]
                    total = total + self.row(signals, wanted[n, t], since=begin)
        there = ~np.isnan(wanted)
        if task.loss and LOSSES[task.loss].mean:
            return total / max(int(there.sum()), 1)
        divisor = {"mean": int(there.any(-1).sum()), "batch_mean": sequences}.get(task.reduction or "", 1)
        return total / max(divisor, 1)

    def row(self, signals: dict[str, Any], wanted: np.ndarray, since: int = 0) -> Any:
        """The loss of one step; entries without a target do not count."""
        there = torch.tensor(~np.isnan(wanted))
        t = torch.tensor(np.where(np.isnan(wanted), 0.0, wanted))
        s, y = signals["s"], signals["y"]
        if self.task.dy is not None:
            losses = y * t
        elif self.task.loss == "cross_entropy":
            losses = -t * torch.log_softmax(s, -1)
        elif self.task.loss == "binary_cross_entropy":
            losses = torch.nn.functional.softplus(s) - t * s
        elif self.task.loss == "mean_absolute_error":
            losses = abs(y - t)
        else:
            losses = (y - t) ** 2 * (0.5 if self.task.loss == "half_squared_error" else 1)
        return losses[there].sum()


def evaluate(expression: Expression, values: dict[str, Any]) -> Any:
    """The value of an equation's right-hand side for one sequence, vectors as (H,)."""
    if isinstance(expression, Number):
        return torch.tensor(expression.value, dtype=torch.float64)
    if isinstance(expression, Name):
        return values[expression.id]
    if isinstance(expression, Negative):
        return -evaluate(expression.operand, values)
    if isinstance(expression, Call):
        return FUNCTIONS[expression.function](evaluate(expression.argument, values))
    assert isinstance(expression, Binary)
    left, right = evaluate(expression.left, values), evaluate(expression.right, values)
    if expression.operator == "@":
        return left @ right
    operators: dict[str, Callable[..., torch.Tensor]] = {
        "+": torch.add, "-": torch.sub, "*": torch.mul, "/": torch.div, "min": torch.minimum, "max": torch.maximum,
    }  # fmt: skip
    return operators[expression.operator](left, right)
