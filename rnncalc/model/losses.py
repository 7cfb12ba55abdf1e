"""Losses: how far what was computed is from the targets, and the gradient with which backpropagation begins.

Rows are steps: y, s and targets are (rows, O), and a target that is not a number (NaN) is no target. Losses from scores
(cross-entropy) take log Σ e^s as a whole and never the logarithm of a rounded softmax; their gradient arrives at s,
that of the others at y. Everything also holds for complex numbers, by which the tests differentiate.

An entry of `LOSSES` is complete, so that whatever takes one loss takes all: `value` and `gradient` for `backward`,
`turns` and `from_y` for the bounds of `check`, `kernel` for the machine code of `fit`. What a loss computes stands
here and nowhere else. Longer than other files: one place for every loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnncalc.common.i18n import N_, _
from rnncalc.common.places import ROW, in_words
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.equations.functions import log_softmax, sigmoid, softmax

REDUCTIONS = ("sum", "mean", "batch_mean")
LARGEST, SIGN = (
    "largest",
    "sign",
)  # a row is right where its largest entry, or every entry's sign, is as the target says
ROUNDING = 1e-6  # how far beyond its ends a target may lie that was computed
Turns = tuple[Sequence[Any], Sequence[Any]]
Entries = Callable[[np.ndarray, np.ndarray], np.ndarray]


def monotone(t: np.ndarray) -> Turns:
    """Neither the value nor the gradient ever turns."""
    return (), ()


def lowest_at_target(t: np.ndarray) -> Turns:
    """The value falls until t and rises from there; the gradient always rises."""
    return (t,), ()


class FromY(NamedTuple):
    """A loss from scores, in terms of the y that stands on the sheet: its value and gradient (still that at s)."""

    value: Entries
    gradient: Entries
    turns: Callable[[np.ndarray], Turns]
    domain: tuple[float, float] = (-math.inf, math.inf)  # between which y is where the value is taken from it


@dataclass(frozen=True)
class Loss:
    """One loss; all that has no default in a complete entry is asked for by name.

    value, gradient: (v, t), entry by entry; v is what the loss is taken from, y or s, as `at` says.
    turns: of t: where the value, and where the gradient, changes between rising and falling as v grows. Of a loss that
        is not `apart`, each entry must rise with its own score and fall with the others, or the other way round.
    kernel: plain Python with nothing but `math`, which the engine compiles: (v, t) → an entry's value and gradient; or,
        if not `apart`, (v, t, share, g) → a row's value, with share · gradient left in g.
    from_y: for a loss at s, the output's function → the loss in terms of its y.
    slope: the gradient as an equation of y or s and target, to be shown; total_target is a row's sum, left out where it
        is 1; empty: only its numbers are.
    outputs: which functions the output may have. mean: the sum is divided by the number of entries, so that no
        reduction goes beside it. apart: an entry's loss does not depend on the other entries of its row. right: how
        rows that are right are told, LARGEST or SIGN; empty: nothing is right or wrong. classes: targets may be class
        numbers. targets: between which they lie. title: what a sheet calls it.
    """

    name: str
    text: str
    value: Entries = field(default=None, repr=False)  # type: ignore[assignment]
    gradient: Entries = field(default=None, repr=False)  # type: ignore[assignment]
    turns: Callable[[np.ndarray], Turns] = field(default=None, repr=False)  # type: ignore[assignment]
    kernel: Callable[..., Any] = field(default=None, repr=False)  # type: ignore[assignment]
    at: str = "y"
    outputs: tuple[str, ...] = ()
    from_y: Mapping[str, FromY] = field(default_factory=dict, repr=False)
    slope: str = ""
    mean: bool = False
    apart: bool = True
    right: str = ""
    classes: bool = False
    targets: tuple[float, float] = (-math.inf, math.inf)
    title: str = ""

    def __post_init__(self) -> None:
        missing = [piece for piece in ("value", "gradient", "turns", "kernel") if not callable(getattr(self, piece))]
        if self.at == "s":
            missing += [] if self.outputs else ["outputs"]
            missing += [f"from_y[{name!r}]" for name in self.outputs if name != "identity" and name not in self.from_y]
        if missing:
            raise TypeError(f"the loss “{self.name}” lacks: {', '.join(missing)}")
        if not self.targets[0] < self.targets[1]:
            raise TypeError(f"the loss “{self.name}”: targets go from a lower number to a higher one")
        if self.at not in ("y", "s") or self.right not in ("", LARGEST, SIGN):
            raise TypeError(f"the loss “{self.name}”: at is y or s, right is {LARGEST}, {SIGN} or empty")

    @property
    def bounded(self) -> bool:
        """Whether there are targets that it cannot learn."""
        return self.targets != (-math.inf, math.inf)

    @cached_property
    def digest(self) -> int:
        """A number that two losses share only if their kernels are the same: the key of compiled code."""
        import hashlib  # only the engine asks, and homework should not wait for it

        code, own = self.kernel.__code__, self.kernel.__globals__
        cells = [cell.cell_contents for cell in self.kernel.__closure__ or ()]
        used = [own.get(name) for name in code.co_names]
        text = repr((self.apart, code.co_code, code.co_consts, code.co_names, cells, used, self.kernel.__defaults__))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


@dataclass(slots=True)
class LossResult:
    """The loss of all rows together, each row's share of it, and its gradient with respect to `at`, s or y."""

    loss: float
    losses: np.ndarray  # (rows,)
    gradient: np.ndarray  # (rows, O)
    at: str


def squared_error(y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(y − t)²"""
    return (y - t) * (y - t)


def half_squared_kernel(y: float, t: float) -> tuple[float, float]:
    """½ (y − t)², y − t"""
    apart = y - t
    return apart * apart * 0.5, apart


def squared_kernel(y: float, t: float) -> tuple[float, float]:
    """(y − t)², 2 (y − t)"""
    apart = y - t
    return apart * apart, 2 * apart


def distance(y: np.ndarray) -> np.ndarray:
    """|y|, of complex numbers as far as the real part goes"""
    return np.where(y.real < 0, -y, y)


def absolute_kernel(y: float, t: float) -> tuple[float, float]:
    """|y − t|, sign(y − t)"""
    apart = y - t
    return abs(apart), (1.0 if apart > 0 else 0.0) - (1.0 if apart < 0 else 0.0)


def cross_entropy(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """−t log softmax(s)"""
    return -t * log_softmax(s)


def cross_entropy_gradient(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """softmax(s) Σ t − t, which is softmax(s) − t where t is a distribution."""
    return softmax(s) * t.sum(axis=-1, keepdims=True) - t


def cross_entropy_kernel(s: np.ndarray, t: np.ndarray, share: float, ds: np.ndarray) -> float:
    """Both of a row; entries of t that are NaN are none."""
    largest, whole, weight, total = s[0], 0.0, 0.0, 0.0
    for k in range(len(s)):
        largest = max(largest, s[k])
        weight += 0.0 if math.isnan(t[k]) else t[k]
    for k in range(len(s)):
        whole += math.exp(s[k] - largest)
    for k in range(len(s)):
        if weight > 0:
            ds[k] = share * weight * (math.exp(s[k] - largest) / whole)
        if not math.isnan(t[k]):
            if t[k] != 0:
                total += t[k] * (math.log(whole) + largest - s[k])
            ds[k] -= share * t[k]
    return total


def binary_cross_entropy(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """log(1 + e^s) − t s"""
    positive = s.real > 0
    return np.where(positive, s, 0) - s * t + np.log1p(np.exp(np.where(positive, -s, s)))


def binary_cross_entropy_kernel(s: float, t: float) -> tuple[float, float]:
    """log(1 + e^s) − t s, sigmoid(s) − t"""
    small = math.exp(-abs(s))
    return max(s, 0) - s * t + math.log1p(small), (1 if s >= 0 else small) / (1 + small) - t


def times_log(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """t log y, 0 where t is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(t != 0, t * np.log(y), 0.0)


def _sum(t: np.ndarray) -> np.ndarray:
    return t.sum(axis=-1, keepdims=True)


LOSSES: dict[str, Loss] = {}


def register(loss: Loss) -> Loss:
    """Add a loss to `LOSSES`. Raises TypeError if another one has its name."""
    if loss.name in LOSSES:
        raise TypeError(f"there is a loss “{loss.name}” already")
    LOSSES[loss.name] = loss
    return loss


register(
    Loss(
        "half_squared_error", "½ Σ (y − t)²", lambda y, t: squared_error(y, t) / 2, lambda y, t: y - t,
        lowest_at_target, half_squared_kernel, slope="y - target", title=N_("half squared error"),
    )
)  # fmt: skip
for _name, _text, _title in (
    ("squared_error", "Σ (y − t)²", N_("squared error")),
    ("mean_squared_error", "mean of (y − t)²", N_("mean squared error")),
):
    register(
        Loss(
            _name, _text, squared_error, lambda y, t: 2 * (y - t), lowest_at_target, squared_kernel,
            slope="2 * (y - target)", mean=_name.startswith("mean"), title=_title,
        )
    )  # fmt: skip
register(
    Loss(
        "mean_absolute_error", "mean of |y − t|", lambda y, t: distance(y - t), lambda y, t: np.sign((y - t).real),
        lowest_at_target, absolute_kernel, slope="sign(y - target)", mean=True,
        title=N_("mean absolute error"),
    )
)  # fmt: skip
register(
    Loss(
        "cross_entropy", "−Σ t · log softmax(s)", cross_entropy, cross_entropy_gradient, monotone,
        cross_entropy_kernel, "s", ("identity", "softmax", "log_softmax"),
        {
            "softmax": FromY(lambda y, t: -times_log(t, y), lambda y, t: y * _sum(t) - t, monotone, (0.0, math.inf)),
            "log_softmax": FromY(lambda y, t: -t * y, lambda y, t: np.exp(y) * _sum(t) - t, monotone),
        },
        slope="total_target * softmax(s) - target", apart=False, right=LARGEST, classes=True, targets=(0.0, 1.0),
        title=N_("cross-entropy"),
    )
)  # fmt: skip
register(
    Loss(
        "binary_cross_entropy", "Σ log(1 + e^s) − t · s", binary_cross_entropy, lambda s, t: sigmoid(s) - t,
        lambda t: ((times_log(np.ones_like(t), t) - times_log(np.ones_like(t), 1 - t),), ()),
        binary_cross_entropy_kernel, "s", ("identity", "sigmoid"),
        {
            "sigmoid": FromY(
                lambda y, t: -times_log(t, y) - times_log(1 - t, 1 - y), lambda y, t: y - t, lowest_at_target,
                (0.0, 1.0),
            )
        },
        slope="sigmoid(s) - target", right=SIGN, targets=(0.0, 1.0), title=N_("binary cross-entropy"),
    )
)  # fmt: skip


def takes_classes(name: str | None) -> bool:
    """Whether there is a loss of that name, and its targets may be class numbers."""
    return isinstance(name, str) and name in LOSSES and LOSSES[name].classes


def usual_output(name: str | None) -> str:
    """The output's function, where nobody chooses one: of a loss from scores, what makes y of them."""
    return next(iter(LOSSES[name].from_y), "identity") if name in LOSSES else "identity"


def usual_loss(classes: bool) -> str:
    """The loss that is trained with, where nobody names one."""
    return "cross_entropy" if classes else "mean_squared_error"


def find(name: str | None, reduction: str | None, output: str) -> Loss:
    """The loss of that name, if it fits the reduction and the output's function. Raises ProblemError."""
    if name is None:
        raise ProblemError(_("targets need a loss: {known}"), known=", ".join(LOSSES))
    one_of("loss", name, LOSSES)
    if reduction is not None:
        one_of("reduction", reduction, REDUCTIONS)
    loss = LOSSES[name]
    if loss.mean and reduction is not None:
        raise ProblemError(_("{name} is a mean already: leave the reduction out"), name=name)
    if loss.outputs and output not in loss.outputs:
        message = _("{name} is taken from the scores, so the output must be {known}, not {output}")
        raise ProblemError(message, name=name, known=" or ".join(loss.outputs), output=output)
    return loss


def first_beyond(loss: Loss, targets: np.ndarray) -> tuple[int, ...] | None:
    """Where the first target lies that the loss cannot learn; NaN is none, and a rounding error does not matter."""
    low, high = loss.targets
    if not loss.bounded:
        return None
    beyond = (targets < low - ROUNDING) | (targets > high + ROUNDING)
    return tuple(map(int, np.argwhere(beyond)[0])) if beyond.any() else None


def beyond(loss: Loss, value: float, where: str) -> str:
    """What is said of a target that the loss cannot learn; where: what has it."""
    message = _(
        "{name} learns targets from {low:g} to {high:g}, and {where} is {value:g}: two classes are written as 0 and 1, "
        "or as class numbers with cross_entropy; other numbers go with mean_squared_error"
    )
    low, high = loss.targets
    return message.format(name=loss.name, low=low, high=high, where=where, value=value)


def evaluate(loss: Loss, values: np.ndarray, targets: np.ndarray, weight: float | np.ndarray) -> LossResult:
    """The loss of all rows. values: y or s, whichever the loss is taken from; targets of the same shape, NaN: none.

    weight: what every row's loss is multiplied by, as `weight` says; or one for each row, (rows,).
    """
    there = ~np.isnan(targets)
    real = values.real.dtype.type
    wanted = np.where(there, targets, 0).astype(real)
    counts = there if loss.apart else there.any(axis=-1, keepdims=True)
    share = np.asarray(weight, real)
    losses = np.where(there, loss.value(values, wanted), 0).sum(axis=-1) * share
    gradient = np.where(counts, loss.gradient(values, wanted), 0) * share[..., None]
    return LossResult(losses.sum(), losses, gradient, loss.at)


def weight(loss: Loss, targets: np.ndarray, reduction: str | None, sequences: int) -> float:
    """What a reduction multiplies every row's loss by: 1, or one over the targets, the entries or the sequences."""
    number = sequences if reduction == "batch_mean" else 1
    if loss.mean or reduction == "mean":
        there = ~np.isnan(targets)
        number = int((there if loss.mean else there.any(axis=-1)).sum())
    return 1 / max(number, 1)


def counts(loss: Loss, targets: np.ndarray) -> np.ndarray:
    """How often each row counts in a mean: once where it has a target, or with each of its entries that are there.

    targets: (rows, O), NaN: none, or (rows,) class numbers, below 0: none.
    """
    if targets.ndim == 1:
        return targets >= 0
    there = ~np.isnan(targets)
    return there.sum(axis=1) if loss.apart else there.any(axis=1)


def one_hot(classes: np.ndarray, outputs: int, axes: Sequence[str] = ROW) -> np.ndarray:
    """Class numbers from 0, NaN where there is none, as distributions. Raises ShapeError. axes: what they count."""
    known = np.arange(outputs) == classes[..., None]
    for place in np.argwhere(~known.any(axis=-1) & ~np.isnan(classes)):
        message = _("targets: class {number} at {place}: classes are whole numbers from 0 to {last}")
        at, number = in_words(place.tolist(), axes), f"{classes[tuple(place)]:g}"
        raise ShapeError(message, number=number, place=at, last=outputs - 1)
    return np.where(np.isnan(classes)[..., None], np.nan, known)


def are_right(loss: Loss, values: np.ndarray, targets: np.ndarray, middle: float = 0.0) -> np.ndarray:
    """Which rows say what their targets say, as `Loss.right` tells; rows without a target do not.

    targets: (rows, O), NaN: none, or (rows,) class numbers, below 0: none. middle: where a sign changes.
    """
    if not loss.right:
        return np.zeros(len(values), bool)
    best = values.argmax(axis=1)
    if targets.ndim == 1:
        return (best == targets) & (targets >= 0)
    there = ~np.isnan(targets)
    if loss.right == SIGN:
        return (((values > middle) == (targets > 0.5)) | ~there).all(axis=1) & there.any(axis=1)
    most = np.where(there, targets, 0).max(axis=1)  # of several that are largest each is right
    return (targets[np.arange(len(best)), best] == most) & (most > 0)
