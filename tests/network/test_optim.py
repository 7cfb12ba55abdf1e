"""Optimisers: compiled and NumPy's twins, PyTorch's formulas, clipping, schedules."""

import math
from typing import Any, cast

import numpy as np
import pytest

from rnncalc.errors import ProblemError
from rnncalc.network.training.optimizers import OPTIMIZERS, SCHEDULES, Optimizer, Rate

CASES = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "weight_decay": 0.2, "momentum": 0.7}),
    ("momentum", {"lr": 0.05}),
    ("nesterov", {"lr": 0.05, "weight_decay": 0.1}),
    ("rmsprop", {"lr": 0.02}),
    ("rmsprop", {"lr": 0.02, "momentum": 0.5, "alpha": 0.9, "weight_decay": 0.1}),
    ("adam", {"lr": 0.03}),
    ("adam", {"lr": 0.03, "beta1": 0.8, "beta2": 0.99, "eps": 1e-5, "weight_decay": 0.1}),
    ("adamw", {"lr": 0.03, "weight_decay": 0.3}),
]


def path(name: str, options: dict[str, float], compiled: bool, dtype: str = "float64", steps: int = 7) -> np.ndarray:
    rng = np.random.default_rng(3)
    theta = rng.normal(size=13).astype(dtype)
    optimizer = Optimizer(name, 13, theta.dtype, compiled, **options)
    for _step in range(steps):
        optimizer.update(theta, rng.normal(size=13).astype(dtype), optimizer.options["lr"])
    return theta


@pytest.mark.parametrize(("name", "options"), CASES)
def test_compiled_and_numpy_agree(name: str, options: dict[str, float]) -> None:
    assert np.allclose(path(name, options, True), path(name, options, False), rtol=1e-14, atol=1e-15)
    assert path(name, options, True, "float32").dtype == np.float32
    assert np.allclose(path(name, options, True, "float32"), path(name, options, False), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_pytorch_takes_the_same_path(name: str, options: dict[str, float]) -> None:
    torch = pytest.importorskip("torch")
    rule = {"rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    given: dict[str, Any] = dict(options)
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    if name in ("momentum", "nesterov"):
        given |= {"momentum": 0.9, "nesterov": name == "nesterov"}
    rng = np.random.default_rng(3)
    theta = torch.nn.Parameter(torch.from_numpy(rng.normal(size=13)))
    optimizer = rule.get(name, torch.optim.SGD)([theta], **given)
    for _step in range(7):
        theta.grad = torch.from_numpy(rng.normal(size=13))
        optimizer.step()
    assert np.allclose(theta.detach().numpy(), path(name, options, True), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    rule = {"rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}.get(
        name, torch.optim.SGD
    )
    theirs = rule([torch.nn.Parameter(torch.zeros(1))]).defaults
    for option, value in OPTIMIZERS[name].defaults.items():
        if option.startswith("beta"):
            assert theirs["betas"][int(option[-1]) - 1] == value
        elif option not in ("nesterov", "decoupled") and (option, name) not in (
            ("momentum", "momentum"),
            ("momentum", "nesterov"),
        ):
            assert theirs[option] == value, option


@pytest.mark.parametrize("compiled", [False, True])
def test_clipping_by_norm_comes_before_clipping_by_value(compiled: bool) -> None:
    theta = np.zeros(3)
    Optimizer("sgd", 3, theta.dtype, compiled).update(theta, np.array([3.0, -4.0, 0.0]), 1.0, factor=0.5, bound=1.75)
    assert np.array_equal(theta, [-1.5, 1.75, 0.0])


def test_unknown_names_and_numbers_are_refused() -> None:
    with pytest.raises(ProblemError, match="optimizer is one of sgd, momentum"):
        Optimizer("adamax", 3, np.dtype(float))
    with pytest.raises(ProblemError, match="sgd has no beta1; it has lr, momentum, weight_decay"):
        Optimizer("sgd", 3, np.dtype(float), beta1=0.9)
    for option, value in (("lr", -1.0), ("lr", math.nan), ("beta1", 1.0)):
        with pytest.raises(ProblemError, match=f"{option} cannot be"):
            Optimizer("adam", 3, np.dtype(float), **cast("Any", {option: value}))
    with pytest.raises(ProblemError, match="schedule is one of"):
        Rate(0.1, 10, "linear")


def test_schedules() -> None:
    assert [Rate(0.8, 9, "step", gamma=0.5, every=2)(epoch) for epoch in range(5)] == [0.8, 0.8, 0.4, 0.4, 0.2]
    assert Rate(0.8, 9, "exponential", gamma=0.5)(3) == 0.1
    assert Rate(0.8, 9, "plateau", gamma=0.5)(7, drops=2) == 0.2
    cosine = Rate(1.0, 8, "cosine")
    assert cosine(0) == 1
    assert cosine(4) == pytest.approx(0.5)
    assert cosine(8) == pytest.approx(0)
    assert [Rate(0.9, 9, warmup=2)(epoch) for epoch in range(4)] == pytest.approx([0.3, 0.6, 0.9, 0.9])
    assert set(SCHEDULES) == {"constant", "step", "exponential", "cosine", "plateau"}


@pytest.mark.parametrize(
    ("name", "options"), [("step", {"gamma": 0.5, "every": 3}), ("exponential", {"gamma": 0.9}), ("cosine", {})]
)
def test_pytorch_has_the_same_schedules(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs = {
        "step": lambda: torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5),
        "exponential": lambda: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
    }[name]()
    ours = Rate(0.3, 12, name, **options)
    for epoch in range(12):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(ours(epoch), rel=1e-12)
        optimizer.step()
        theirs.step()
