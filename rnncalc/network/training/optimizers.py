"""Optimisers: how θ follows its gradient. The formulas and the defaults are PyTorch's (torch.optim).

    g ← clip(g)                        by global norm over all parameters, then by value
    sgd        θ ← θ − lr g
    momentum   v ← μ v + g             θ ← θ − lr v
    nesterov   v ← μ v + g             θ ← θ − lr (g + μ v)
    rmsprop    s ← α s + (1 − α) g²    θ ← θ − lr g / (√s + ε)
    adam       m ← β₁ m + (1 − β₁) g   s ← β₂ s + (1 − β₂) g²
               θ ← θ − lr m̂ / (√ŝ + ε)    m̂ = m / (1 − β₁ᵗ), ŝ = s / (1 − β₂ᵗ)
    adamw      the same, after θ ← θ − lr λ θ; elsewhere weight decay λ adds λ θ to g

All vectors are like θ. Written here with NumPy; `engine.compiled.training.optimizers` has the same
formulas in one loop, and the tests hold the two against each other and against PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError

Vectors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Rule:
    """One optimiser: its defaults, the vectors that it keeps, its formula, and which compiled one does the same."""

    defaults: Mapping[str, float]
    vectors: tuple[str, ...]
    step: Callable[[np.ndarray, np.ndarray, Vectors, Mapping[str, float], int], None]


def _sgd(theta: np.ndarray, g: np.ndarray, kept: Vectors, o: Mapping[str, float], count: int) -> None:
    g = g + o["weight_decay"] * theta
    if o["momentum"]:
        kept["velocity"][:] = g if count == 1 else o["momentum"] * kept["velocity"] + g
        g = g + o["momentum"] * kept["velocity"] if o.get("nesterov") else kept["velocity"]
    theta -= o["lr"] * g


def _rmsprop(theta: np.ndarray, g: np.ndarray, kept: Vectors, o: Mapping[str, float], count: int) -> None:
    g = g + o["weight_decay"] * theta
    kept["mean"][:] = o["alpha"] * kept["mean"] + (1 - o["alpha"]) * g * g
    g = g / (np.sqrt(kept["mean"]) + o["eps"])
    if o["momentum"]:
        kept["velocity"][:] = o["momentum"] * kept["velocity"] + g
        g = kept["velocity"]
    theta -= o["lr"] * g


def _adam(theta: np.ndarray, g: np.ndarray, kept: Vectors, o: Mapping[str, float], count: int) -> None:
    if o.get("decoupled"):
        theta *= 1 - o["lr"] * o["weight_decay"]
    else:
        g = g + o["weight_decay"] * theta
    kept["mean"][:] = o["beta1"] * kept["mean"] + (1 - o["beta1"]) * g
    kept["square"][:] = o["beta2"] * kept["square"] + (1 - o["beta2"]) * g * g
    root = math.sqrt(1 - o["beta2"] ** count)
    theta -= o["lr"] / (1 - o["beta1"] ** count) * (kept["mean"] / (np.sqrt(kept["square"]) / root + o["eps"]))


_ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
OPTIMIZERS = {
    "sgd": Rule({"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0}, ("velocity",), _sgd),
    "momentum": Rule({"lr": 1e-3, "momentum": 0.9, "weight_decay": 0.0}, ("velocity",), _sgd),
    "nesterov": Rule({"lr": 1e-3, "momentum": 0.9, "weight_decay": 0.0, "nesterov": 1}, ("velocity",), _sgd),
    "rmsprop": Rule(
        {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0}, ("mean", "velocity"), _rmsprop
    ),
    "adam": Rule({**_ADAM, "weight_decay": 0.0}, ("mean", "square"), _adam),
    "adamw": Rule({**_ADAM, "weight_decay": 1e-2, "decoupled": 1}, ("mean", "square"), _adam),
}


class Optimizer:
    """An optimiser at work on one vector θ: its numbers, its vectors, how many steps it has taken.

    options: lr, momentum, … over the defaults. compiled: by machine code. Raises ProblemError, by name.
    """

    def __init__(self, name: str, size: int, dtype: np.dtype, compiled: bool = True, **options: float | None):
        one_of("optimizer", name, OPTIMIZERS)
        rule = OPTIMIZERS[name]
        given = {option: value for option, value in options.items() if value is not None}
        for option, value in given.items():
            known = [known for known in rule.defaults if known not in ("nesterov", "decoupled")]
            if option not in known:
                raise ProblemError(
                    _("{name} has no {option}; it has {known}"), name=name, option=option, known=", ".join(known)
                )
            if not math.isfinite(value) or value < 0 or (option in _BELOW_ONE and value >= 1):
                raise ProblemError(_("{option} cannot be {value}"), option=option, value=value)
        self.name, self.rule, self.compiled = name, rule, compiled
        self.options: dict[str, float] = {**rule.defaults, **given}
        self.count = 0
        idle = not self.options.get("momentum") and "velocity" in rule.vectors
        self.vectors = {
            vector: np.zeros(0 if idle and vector == "velocity" else size, dtype) for vector in rule.vectors
        }

    def update(self, theta: np.ndarray, g: np.ndarray, lr: float, factor: float = 1, bound: float = math.inf) -> None:
        """One step of θ, in place. factor: what clipping by norm multiplies g by; bound: what clips its entries."""
        self.count += 1
        if not self.compiled:
            g = np.clip(g * g.dtype.type(factor), -bound, bound)
            self.rule.step(theta, g, self.vectors, {**self.options, "lr": lr}, self.count)
            return
        numbers = np.array(self.numbers(lr, self.count, bound), theta.dtype)
        numbers[0] = factor
        self.kernel(theta, g, *self.vectors.values(), numbers)

    @property
    def kernel(self) -> Any:
        """The formula in machine code: it takes θ, g, the vectors and the numbers."""
        # imported here: interpreting needs no compiler
        from rnncalc.engine.compiled.training import optimizers as update

        kernels: dict[Any, Any] = {_adam: update.adam, _rmsprop: update.rmsprop, _sgd: update.sgd}
        return kernels[self.rule.step]

    def numbers(self, lr: float, count: int, bound: float = math.inf) -> list[float]:
        """What the compiled formula needs to know at the count-th step, from 1; the first is clipping's factor."""
        o = self.options
        if self.rule.step is _adam:
            apart = bool(o.get("decoupled"))
            return [
                1.0, bound, lr / (1 - o["beta1"] ** count), 0 if apart else o["weight_decay"],
                o["beta1"], 1 - o["beta1"], o["beta2"], 1 - o["beta2"],
                math.sqrt(1 - o["beta2"] ** count), o["eps"], 1 - lr * o["weight_decay"] * apart,
            ]  # fmt: skip
        numbers = [1.0, bound, lr, o["weight_decay"], o["momentum"]]
        if self.rule.step is _rmsprop:
            return [*numbers, o["alpha"], 1 - o["alpha"], o["eps"]]
        return [*numbers, o.get("nesterov", 0), float(count == 1)]


_BELOW_ONE = ("beta1", "beta2", "alpha")


@dataclass(frozen=True)
class Rate:
    """The learning rate from epoch to epoch (from 0).

    schedule: constant; step, × gamma every so many epochs; exponential, × gamma each epoch; cosine, down to zero over
    all epochs; plateau, × gamma whenever validation has not improved for `every` epochs. warmup: so many epochs of a
    straight rise before.
    """

    lr: float
    epochs: int
    schedule: str = "constant"
    gamma: float = 0.1
    every: int = 10
    warmup: int = 0

    def __post_init__(self) -> None:
        one_of("schedule", self.schedule, SCHEDULES)
        if self.every < 1 or self.warmup < 0 or not 0 < self.gamma <= 1:
            raise ProblemError(_("a schedule needs every ≥ 1, warmup ≥ 0 and 0 < gamma ≤ 1"))

    def __call__(self, epoch: int, drops: int = 0) -> float:
        """The rate of an epoch. drops: how often validation has come to a standstill."""
        if epoch < self.warmup:
            return self.lr * (epoch + 1) / (self.warmup + 1)
        return self.lr * SCHEDULES[self.schedule](self, epoch - self.warmup, drops)


SCHEDULES: dict[str, Callable[[Any, int, int], float]] = {
    "constant": lambda rate, epoch, drops: 1.0,
    "step": lambda rate, epoch, drops: rate.gamma ** (epoch // rate.every),
    "exponential": lambda rate, epoch, drops: rate.gamma**epoch,
    "cosine": lambda rate, epoch, drops: (
        (1 + math.cos(math.pi * min(epoch / max(rate.epochs - rate.warmup, 1), 1))) / 2
    ),
    "plateau": lambda rate, epoch, drops: rate.gamma**drops,
}
