"""Losses: an entry is complete or refused by name, its pieces agree, and a new one goes wherever a loss goes.

Longer than other files: a loss of the tests' own is followed through every room.
"""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import ENGINES

import rnncalc
from rnncalc.check import check
from rnncalc.check.graph.intervals import Interval, bounds
from rnncalc.check.graph.loss import _entries
from rnncalc.cli.main import commands
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.equations.functions import FUNCTIONS, log_softmax, softmax
from rnncalc.model.losses import (
    LARGEST,
    LOSSES,
    REDUCTIONS,
    FromY,
    Loss,
    are_right,
    evaluate,
    find,
    lowest_at_target,
    monotone,
    one_hot,
    register,
    times_log,
    weight,
)

# three losses that are none of ours: bent, with a gradient that turns, and of a whole row


def huber_kernel(y: float, t: float) -> tuple[float, float]:
    if abs(y - t) <= 1:
        return 0.5 * (y - t) * (y - t), y - t
    return abs(y - t) - 0.5, math.copysign(1.0, y - t)


def cauchy_kernel(y: float, t: float) -> tuple[float, float]:
    apart = y - t
    return math.log1p(apart * apart), 2 * apart / (1 + apart * apart)


def smooth(t: np.ndarray) -> np.ndarray:
    return 0.9 * t + 0.1 * t.mean(axis=-1, keepdims=True)


def smoothed_kernel(s: np.ndarray, t: np.ndarray, share: float, ds: np.ndarray) -> float:
    largest, whole, weight, total = s[0], 0.0, 0.0, 0.0
    for k in range(len(s)):
        if math.isnan(t[k]):
            return 0.0
        largest, weight = max(largest, s[k]), weight + t[k]
    for k in range(len(s)):
        whole += math.exp(s[k] - largest)
    for k in range(len(s)):
        wanted = 0.9 * t[k] + 0.1 * weight / len(s)
        total += wanted * (math.log(whole) + largest - s[k])
        ds[k] = share * (weight * math.exp(s[k] - largest) / whole - wanted)
    return total


HUBER = Loss(
    "huber", "Σ huber(y − t)", lambda y, t: np.where(abs(y - t) <= 1, (y - t) ** 2 / 2, abs(y - t) - 0.5),
    lambda y, t: np.clip(y - t, -1, 1), lowest_at_target, huber_kernel,
    slope="relu(y - target + 1) - relu(y - target - 1) - 1",
)  # fmt: skip
CAUCHY = Loss(
    "cauchy", "Σ log(1 + (y − t)²)", lambda y, t: np.log1p((y - t) ** 2), lambda y, t: 2 * (y - t) / (1 + (y - t) ** 2),
    lambda t: ((t,), (t - 1, t + 1)), cauchy_kernel,
)  # fmt: skip
SMOOTHED = Loss(
    "smoothed", "−Σ u · log softmax(s)", lambda s, t: -smooth(t) * log_softmax(s),
    lambda s, t: softmax(s) * t.sum(axis=-1, keepdims=True) - smooth(t), monotone, smoothed_kernel, "s",
    ("identity", "softmax"),
    {
        "softmax": FromY(
            lambda y, t: -times_log(smooth(t), y), lambda y, t: y * t.sum(axis=-1, keepdims=True) - smooth(t),
            monotone, (0.0, math.inf),
        )
    },
    apart=False, right=LARGEST,
)  # fmt: skip
NEW = {loss.name: loss for loss in (HUBER, CAUCHY, SMOOTHED)}
EVERY = {**LOSSES, **NEW}
FORMS = [(name, output) for name, loss in EVERY.items() for output in loss.outputs or ("identity", "tanh")]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, loss in NEW.items():
        monkeypatch.setitem(LOSSES, name, loss)


def rows(loss: Loss, rng: np.random.Generator, N: int = 40, O: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Values and targets that the loss is made for."""
    targets = rng.random((N, O)) if loss.at == "s" else rng.normal(size=(N, O))
    if not loss.apart:
        targets = targets / targets.sum(axis=1, keepdims=True) if N % 2 else np.eye(O)[rng.integers(0, O, N)]
    return rng.normal(size=(N, O)) * 2, targets


# complete, or refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("piece", ["value", "gradient", "turns", "kernel"])
def test_what_lacks_a_piece_is_refused_by_name(name: str, piece: str) -> None:
    with pytest.raises(TypeError, match=f"“{name}” lacks: {piece}$"):
        replace(EVERY[name], **cast("Any", {piece: None}))


@pytest.mark.parametrize(("name", "output"), [(n, o) for n, o in FORMS if EVERY[n].at == "s" and o != "identity"])
def test_a_loss_from_scores_says_what_it_is_of_every_output(name: str, output: str) -> None:
    left = {other: form for other, form in EVERY[name].from_y.items() if other != output}
    with pytest.raises(TypeError, match=rf"“{name}” lacks: from_y\['{output}'\]"):
        replace(EVERY[name], from_y=left)
    with pytest.raises(TypeError, match=f"“{name}” lacks: outputs"):
        replace(EVERY[name], outputs=())


def test_a_name_is_given_once() -> None:
    with pytest.raises(TypeError, match="“huber”"):
        register(HUBER)


# the pieces agree -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_the_gradient_is_that_of_the_value(name: str) -> None:
    loss, step = EVERY[name], 1e-6
    v, t = rows(loss, np.random.default_rng(1))
    for k in range(v.shape[1]):
        ahead, behind = v.copy(), v.copy()
        ahead[:, k] += step
        behind[:, k] -= step
        slope = (loss.value(ahead, t) - loss.value(behind, t)).sum(axis=1) / (2 * step)
        np.testing.assert_allclose(loss.gradient(v, t)[:, k], slope, atol=1e-7)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("N", [40, 41])
def test_the_kernel_says_the_same(name: str, N: int) -> None:
    loss = EVERY[name]
    v, t = rows(loss, np.random.default_rng(2), N)
    value, gradient = loss.value(v, t), loss.gradient(v, t)
    for i in range(N):
        if loss.apart:
            results = np.array([loss.kernel(v[i, k], t[i, k]) for k in range(3)])
            np.testing.assert_allclose(results, np.stack([value[i], gradient[i]], axis=1), rtol=1e-12, atol=1e-15)
        else:
            ds = np.zeros(3)
            np.testing.assert_allclose(loss.kernel(v[i], t[i], 0.5, ds), value[i].sum(), rtol=1e-12)
            np.testing.assert_allclose(ds, gradient[i] / 2, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "output"), [(n, o) for n, o in FORMS if o in EVERY[n].from_y])
def test_from_y_it_is_the_same(name: str, output: str) -> None:
    loss = EVERY[name]
    s, t = rows(loss, np.random.default_rng(3))
    form, y = loss.from_y[output], FUNCTIONS[output].compute(s)
    np.testing.assert_allclose(form.value(y, t), loss.value(s, t), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(form.gradient(y, t), loss.gradient(s, t), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "output"), FORMS)
@pytest.mark.parametrize("piece", ["value", "gradient"])
@pytest.mark.parametrize("width", [0.01, 0.5, 3.0])
def test_bounds_hold_and_are_no_wider_than_they_must(name: str, output: str, piece: str, width: float) -> None:
    """Of values anywhere between two bounds, every result lies between those of the result, and some reach them."""
    loss, rng = EVERY[name], np.random.default_rng(4)
    s, t = rows(loss, rng, 12)
    kind, values = "s" if loss.at == "s" else "y", s
    if output in loss.from_y:
        kind, values = output, FUNCTIONS[output].compute(s)
        width = min(width, 0.9) if output != "log_softmax" else width
    low = values - width * rng.random(values.shape)
    result = _entries(loss, kind, piece, Interval(low, low + width), t)
    form = loss.from_y.get(kind, loss)
    domain = form.domain if isinstance(form, FromY) and piece == "value" else (-math.inf, math.inf)
    corners = [low + width * part for part in (0.0, 1.0)]
    points = [low + width * rng.random(values.shape) for _one in range(300)] + corners
    points += [np.where(rng.random(values.shape) < 0.5, *corners) for _one in range(300)]
    if loss.apart:
        points += [low + width * part for part in np.linspace(0, 1, 400)]
    inside = [getattr(form, piece)(np.clip(v, domain[0] + 1e-300, min(domain[1], 1e300)), t) for v in points]
    inside = np.nan_to_num(np.clip(inside, -700, 700))
    lo, hi = bounds(result)
    assert (inside >= lo - 1e-9).all()
    assert (inside <= hi + 1e-9).all()
    if loss.apart and width < 0.1:
        assert (inside.min(axis=0) - lo < 1e-3 * (1 + abs(lo))).all()
        assert (hi - inside.max(axis=0) < 1e-3 * (1 + abs(hi))).all()


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.apart and loss.at == "y"])
@pytest.mark.parametrize("reach", [(1, 1), (0, 1), (1, 0), (0, 0)])
def test_bounds_around_the_target_enclose_both_sides_and_the_target_itself(name: str, reach: tuple[int, int]) -> None:
    loss, t = LOSSES[name], np.random.default_rng(11).normal(size=(9, 3))
    given = Interval(t - 0.3 * reach[0], t + 0.7 * reach[1])
    for piece in ("value", "gradient"):
        lo, hi = bounds(_entries(loss, "y", piece, given, t))
        for point in (given.lo, t, given.hi):
            inside = getattr(loss, piece)(point, t)
            assert ((lo <= inside) & (inside <= hi)).all()
    if name == "mean_absolute_error":
        assert (lo == -reach[0]).all()
        assert (hi == reach[1]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_absolute_error_has_no_slope_at_its_target_as_l1loss_of_pytorch(dtype: type) -> None:
    torch, loss = pytest.importorskip("torch"), LOSSES["mean_absolute_error"]
    rng = np.random.default_rng(12)
    y, t = rng.normal(size=(2, 40, 3)).astype(dtype)
    t = np.where(rng.random(t.shape) < 0.4, y, t)
    value = torch.tensor(y, requires_grad=True)
    torch.nn.L1Loss()(value, torch.tensor(t)).backward()
    result = evaluate(loss, y, t, weight(loss, t, None, 40))
    np.testing.assert_allclose(result.gradient, value.grad.numpy(), rtol=1e-6, atol=0)
    assert (result.gradient[y == t] == 0).all()
    assert (y == t).any()
    for a, b in zip(y.ravel(), t.ravel()):
        assert loss.kernel(a, b) == (abs(a - b), np.sign(a - b))


# wherever a loss goes -------------------------------------------------------------------------------------------------


def problem(name: str, output: str, rng: np.random.Generator, T: int = 4, **extra: Any) -> dict[str, Any]:
    loss = EVERY[name]
    targets = rows(loss, rng, T + 1 - T % 2)[1][:T]
    keys = {"U": rng.normal(size=(4, 2)), "W": rng.normal(size=(4, 4)) / 2, "V": rng.normal(size=(3, 4)),
            "x": rng.normal(size=(T, 2)), "targets": targets}  # fmt: skip
    return {**{key: array.tolist() for key, array in keys.items()}, "output": output, "loss": name, "lr": 0.1, **extra}


def answers(keys: dict[str, Any], decimals: int | None = None) -> dict[str, Any]:
    given = rnncalc.problem(**keys).given
    trace = given.forward()
    gradients = given.backward(trace)
    numbers: dict[str, Any] = {
        "h": trace.view.steps(trace.layers[0].passes["forward"]["h"]),
        "y": trace.output,
    }
    numbers |= {
        "loss": gradients.loss,
        "losses": gradients.losses,
        "dV": gradients.V,
        "dW": gradients.W,
        "dU": gradients.U,
    }
    shaped = {key: np.asarray(number) for key, number in numbers.items()}
    shaped = {key: array[0] if array.ndim == 3 else array for key, array in shaped.items()}
    return {key: (array if decimals is None else np.round(array, decimals)).tolist() for key, array in shaped.items()}


@pytest.mark.parametrize(("name", "output"), FORMS)
def test_backward_agrees_with_differences_on_both_engines(name: str, output: str) -> None:
    keys = problem(name, output, np.random.default_rng(5))
    by_engine = {}
    for engine in ENGINES:
        given = rnncalc.problem(**keys, engine=engine).given
        by_engine[engine] = given.backward(given.forward())
    for parameter in "UWV":
        interpreted, compiled = (getattr(gradients, parameter) for gradients in by_engine.values())
        np.testing.assert_allclose(interpreted, compiled, rtol=1e-9, atol=1e-12)
    step, slope = 1e-6, np.asarray(by_engine["equations"].W)
    for i, j in np.ndindex(4, 4):
        ends = []
        for sign in (1, -1):
            W = np.array(keys["W"])
            W[i, j] += sign * step
            given = rnncalc.problem(**{**keys, "W": W.tolist()}).given
            end = given.backward(given.forward()).loss
            assert end is not None
            ends.append(end)
        np.testing.assert_allclose(slope[i, j], (ends[0] - ends[1]) / (2 * step), atol=1e-6)


@pytest.mark.parametrize(("name", "output"), FORMS)
def test_check_knows_right_rounded_and_wrong(name: str, output: str) -> None:
    keys = problem(name, output, np.random.default_rng(6))
    given = rnncalc.problem(**keys).given
    assert check(given, answers(keys)).verdict == "right"
    rounded, fair = answers(keys, 3), ("right", "incomplete")  # 0.004 has too few digits for points
    assert check(given, rounded, diagnose=False).verdict in fair
    loss, own = EVERY[name], np.array(rounded["y"])
    form = loss.from_y.get(output, loss) if output != "identity" else loss  # calculated on from what was rounded
    rounded["losses"] = np.round(form.value(own, np.array(keys["targets"])).sum(axis=1), 3).tolist()
    rounded["loss"] = round(sum(rounded["losses"]), 3) if not loss.mean else rounded["loss"]
    if not loss.mean:
        assert check(given, rounded, diagnose=False).verdict in fair
    for key in ("loss", "losses", "dV", "dW"):
        wrong = {**answers(keys, 3), key: (1.1 * np.array(rounded[key]) + 0.05).tolist()}
        judged = check(given, wrong, diagnose=False)
        assert judged.verdict == "wrong"
        assert {value.name for value in judged.values if value.verdict == "wrong"} == {key}


@pytest.mark.parametrize(("name", "output"), FORMS)
@pytest.mark.parametrize("batch", [1, 3])
def test_fit_is_the_same_on_both_engines(name: str, output: str, batch: int) -> None:
    rng = np.random.default_rng(7)
    loss = EVERY[name]
    x, lengths = rng.normal(size=(7, 5, 2)), [5, 2, 4, 5, 1, 3, 5]
    y = rows(loss, rng, 35)[1].reshape(7, 5, 3)
    y[rng.random((7, 5)) < 0.3] = np.nan
    histories, weights = [], []
    U, W, V = rng.normal(size=(4, 2)), rng.normal(size=(4, 4)) / 2, rng.normal(size=(3, 4))
    for engine in ENGINES:
        net = rnncalc.Elman(U, W, V=V, output=output, engine=engine)
        history = net.fit(x, y, loss=name, lengths=lengths, epochs=3, batch=batch, lr=0.05)
        histories.append([[entry["loss"], entry.get("accuracy", -1.0)] for entry in history])
        weights.append(np.asarray(net.layers[0].only.arrays["W"]))
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-9)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-7, atol=1e-9)
    assert histories[0][-1][0] < histories[0][0][0]


@pytest.mark.parametrize("name", ["mae", "MAE", "l1", "L1", "mean absolute error", "mean_absolute_error"])
def test_the_absolute_error_goes_by_its_names(name: str) -> None:
    keys = {**problem("mean_absolute_error", "identity", np.random.default_rng(13)), "loss": name}
    given = rnncalc.problem(**keys).given
    apart = abs(given.forward().output - np.array(keys["targets"]))
    assert given.backward(given.forward()).loss == pytest.approx(apart.mean(), rel=1e-14)


@pytest.mark.parametrize("name", NEW)
def test_work_shows_the_slope_or_its_numbers(name: str, tmp_path: Path) -> None:
    keys = problem(name, "identity", np.random.default_rng(8))
    place = tmp_path / "problem.json"
    place.write_text(json.dumps(keys), encoding="utf-8")
    done = CliRunner().invoke(commands, ["backward", str(place), "--work", "--format", "plain"])
    assert done.exit_code == 0, done.output
    assert ("ReLU" in done.output) == (name == "huber")


# who is right ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("softened", [0.0, 0.3])
def test_distributions_count_as_right_as_their_classes_do(engine: str, softened: float) -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(12, 6, 2))
    classes = rng.integers(0, 3, (12, 6))
    classes[rng.random((12, 6)) < 0.2] = -1
    spread = np.where(classes[..., None] < 0, np.nan, (1 - softened) * np.eye(3)[classes] + softened / 3)
    U, W, V = rng.normal(size=(4, 2)), rng.normal(size=(4, 4)) / 2, rng.normal(size=(3, 4))
    epochs = []
    for y in (classes, spread):
        net = rnncalc.Elman(U, W, V=V, output="softmax", engine=engine)
        epochs.append(net.fit(x, y, loss="cross_entropy", epochs=1, lr=1e-12, validation=(x, y))[0])
    assert epochs[0]["accuracy"] == epochs[1]["accuracy"] > 0.1
    assert epochs[0]["val_accuracy"] == epochs[1]["val_accuracy"]


def test_which_rows_are_right() -> None:
    values = np.array([[0.1, 2.0, -1.0]] * 6)
    targets = np.array([[0, 1, 0], [1, 0, 0], [0.5, 0.5, 0], [np.nan] * 3, [np.nan, 0.7, 0.3], [0, 0, 0]])
    assert are_right(LOSSES["cross_entropy"], values, targets).tolist() == [True, False, True, False, True, False]
    targets = np.array([[1, 1, 0], [1, 0, 0], [np.nan, 1, 0], [np.nan] * 3, [np.nan, np.nan, 1], [1, np.nan, 0]])
    assert are_right(LOSSES["binary_cross_entropy"], values, targets).tolist() == [
        True, False, True, False, False, True,
    ]  # fmt: skip
    assert not are_right(LOSSES["squared_error"], values, targets).any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_sum_over_the_targets_that_are_there_each_with_its_weight(name: str) -> None:
    """Rows and entries without a target count nothing, in the loss, its rows, the gradient and the weight alike."""
    loss, rng = LOSSES[name], np.random.default_rng(8)
    for dtype in (np.float32, np.float64):
        values, targets = rng.normal(size=(7, 3)).astype(dtype), rng.random((7, 3))
        targets[rng.random((7, 3)) < 0.4] = np.nan
        targets[2] = np.nan
        there = ~np.isnan(targets)
        for reduction in (None, "sum", "mean", "batch_mean")[: 1 if loss.mean else 4]:
            share = weight(loss, targets, reduction, 5)
            rows = {"mean": there.any(axis=1).sum(), "batch_mean": 5}.get(reduction or "", 1)
            assert share == 1 / (there.sum() if loss.mean else rows)
            result = evaluate(loss, values, targets, share)
            assert result.gradient.dtype == dtype
            for row, (value, target) in enumerate(zip(values, targets)):
                alone = np.where(there[row], loss.value(value[None], np.nan_to_num(target)[None])[0], 0).sum()
                assert result.losses[row] == pytest.approx(alone * share, rel=1e-5, abs=1e-6)
                slope = loss.gradient(value[None], np.nan_to_num(target)[None])[0]
                counts = there[row] if loss.apart else np.full(3, there[row].any())
                assert result.gradient[row] == pytest.approx(np.where(counts, slope * share, 0), rel=1e-5, abs=1e-6)
            assert result.loss == pytest.approx(result.losses.sum(), rel=1e-6)


def test_no_target_at_all_weighs_as_one() -> None:
    for loss in LOSSES.values():
        assert weight(loss, np.full((3, 2), np.nan), None if loss.mean else "mean", 3) == 1


@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_class_numbers_are_whole_and_below_the_outputs(outputs: int) -> None:
    for wrong in (-1, outputs, 0.5):
        classes = np.array([[0, np.nan], [0, wrong]])
        with pytest.raises(ShapeError) as error:
            one_hot(classes, outputs)
        wanted = f"class {wrong:g} at sequence 2, step 2: classes are whole numbers from 0 to {outputs - 1}"
        assert wanted in str(error.value)
    rows = one_hot(np.array([outputs - 1, np.nan]), outputs)
    assert rows[0].tolist() == [0] * (outputs - 1) + [1]
    assert np.isnan(rows[1]).all()


def test_a_reduction_that_nobody_knows_or_that_a_mean_has_already_is_refused() -> None:
    with pytest.raises(ProblemError, match="reduction is one of"):
        find("squared_error", "median", "identity")
    for reduction in REDUCTIONS:
        assert find("squared_error", reduction, "identity") is LOSSES["squared_error"]
        with pytest.raises(ProblemError, match="is a mean already"):
            find("mean_squared_error", reduction, "identity")
