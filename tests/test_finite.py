"""Overflow, clipping, and parameters that nobody gave: random problems, with each optional part and without.

Longer than other files: each law of numbers that are not finite is held at every command.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import MGU, ODD, TIED, compiler, random_arrays

import rnncalc
from rnncalc.check.verdicts import rounding as verdict
from rnncalc.cli.main import commands
from rnncalc.engine.compiled.training.loops import length
from rnncalc.model.cells import CELLS
from rnncalc.model.losses import LOSSES
from rnncalc.network.clipping import Norm
from rnncalc.problems.parse.numbers import number
from rnncalc.problems.results import Quantities
from rnncalc.report.backward_data import data

OWN = {cell.name: cell for cell in (MGU, ODD, TIED)}


def random_problem(seed: int, overflowing: bool = False) -> dict:
    """The keys of a problem; its biases, read-out, starts, clippings, gates apart are there or not."""
    rng = np.random.default_rng(seed)
    cell = list({**CELLS, **OWN}.values())[seed % (len(CELLS) + len(OWN))]
    D, H, O, T, N = (int(size) for size in rng.permutation([1, 2, 3, 4, 5]))
    N = N if rng.random() < 0.3 else 0

    def maybe(share: float = 0.5) -> bool:
        return bool(rng.random() < share)

    def numbers(array: np.ndarray) -> list:
        if overflowing:
            array = array * 10.0 ** rng.choice([0, 0, 0, 30, 160, 300], size=array.shape)
        return array.tolist()

    keys: dict = {"cell": cell.name}
    if cell.name in OWN:
        equations = dict(cell.equations)
        keys["cell"] = {"name": cell.name, "equations": equations, "state": list(cell.state), "emits": cell.emits}
        D = H if cell.name == "odd" else D
    for name, array in random_arrays(cell, rng, D=D, H=H, O=O).items():
        gates = [parameter.gate for parameter in cell.stacks[name]]
        if name in cell.optional and maybe():
            continue
        apart = len(gates) > 1 and maybe()
        keys[name] = dict(zip(gates, map(numbers, np.split(array, len(gates))))) if apart else numbers(array)
    width = O if cell.owns_read_out else H
    if not cell.owns_read_out and maybe(0.7):
        width, keys["V"] = O, numbers(rng.normal(size=(O, H)))
        if maybe():
            keys["c"] = numbers(rng.normal(size=O))
    for state in cell.state:
        if maybe():
            keys[f"{state}0"] = numbers(rng.normal(size=O if cell.size(state) == "O" else H))
    shape = (N, T) if N else (T,)
    keys["x"] = numbers(rng.normal(size=(*shape, D)))
    if maybe(0.3):
        keys["dy"] = numbers(rng.normal(size=(*shape, width)))
    elif cell.name == "i2h_i2o":
        keys |= {"targets": rng.integers(0, O, shape).tolist(), "loss": "cross_entropy"}
    else:
        keys |= {"targets": numbers(rng.normal(size=(*shape, width))), "loss": str(rng.choice(list(LOSSES)[:4]))}
    keys["lr"] = 0.5
    keys |= {"clip_norm": 0.3} if maybe() else {}
    keys |= {"clip_value": 0.05} if maybe() else {}
    return keys


@pytest.mark.parametrize("seed", range(60))
def test_what_backward_prints_check_accepts(seed: int) -> None:
    keys = random_problem(seed)
    worked = rnncalc.problem(**keys)
    problem, trace = worked.given, worked.given.forward()
    gradients = problem.backward(trace)
    update = problem.update(trace, gradients)
    printed = data(problem, trace, gradients, update)
    answers = {f"d{name}": value for name, value in printed["gradients"].items()}
    answers |= {f"{name}_new": value for name, value in printed["updated"].items()}
    if update.loss is not None:
        answers |= {"loss": printed["loss"], "loss_new": update.loss}
    assert isinstance(update.network, rnncalc.Network)
    after = update.network.forward(problem.x)
    answers |= {"y_new": after["y"].tolist()}
    judged = worked.check(answers)
    assert judged.verdict == "right", [value for value in judged.values if value.verdict not in verdict.__dict__]
    assert {value.verdict for value in judged.values} == {"right"}

    stacks = {name for layer in (*problem.network.passes, problem.network.read_out) if layer for name in layer.arrays}
    assert set(printed["updated"]) == stacks & set(keys), "exactly what was given is a parameter"
    updates = {name for name in Quantities(problem) if name.endswith("_new")}
    assert updates == {f"{name}_new" for name in printed["updated"]}, "new and grade know the same"
    for name in stacks - set(keys):
        assert f"d{name}" in answers, "its gradient can be asked for"
        with pytest.raises(rnncalc.RnncalcError, match=f"{name}_new: {name} was not given"):
            worked.check({f"{name}_new": answers[f"d{name}"]})


@pytest.mark.parametrize("seed", range(10))
def test_what_backward_prints_of_a_stack_check_accepts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    D, H, above, O = (int(size) for size in rng.permutation([1, 2, 3, 4]))

    def arrays(cell: str, D: int, H: int) -> dict:
        drawn = {name: array.tolist() for name, array in random_arrays(CELLS[cell], rng, D=D, H=H).items()}
        return {name: value for name, value in drawn.items() if name not in CELLS[cell].optional or rng.random() < 0.5}

    second = {"direction": "both", "backward": arrays("lstm", D, H), "merge": "concat"} if seed % 2 else {}
    layers = [
        {"cell": "lstm", **arrays("lstm", D, H), **second},
        {"cell": "gru_after", **arrays("gru_after", H * (1 + seed % 2), above)},
    ]
    keys = {"layers": layers, "V": rng.normal(size=(O, above)).tolist(), "x": rng.normal(size=(3, D)).tolist()}
    keys |= {"c": rng.normal(size=O).tolist()} if rng.random() < 0.5 else {}
    keys |= {"targets": rng.normal(size=(3, O)).tolist(), "loss": "squared_error", "lr": 0.5, "clip_norm": 0.2}
    worked = rnncalc.problem(**keys)
    problem, trace = worked.given, worked.given.forward()
    gradients = problem.backward(trace)
    update = problem.update(trace, gradients)
    printed = data(problem, trace, gradients, update)

    def named(values: dict, name: str) -> dict:
        """Answers, by the names that they have: those of each layer and direction inside."""
        answers: dict[str, Any] = {}
        for key, part in values.items():
            if key == "layers":
                answers[key] = [named(layer, name) for layer in part]
            elif key in ("forward", "backward"):
                answers[key] = named(part, name)
            else:
                answers[name.format(key)] = part
        return answers

    for values, name in ((printed["gradients"], "d{}"), (printed["updated"], "{}_new")):
        judged = worked.check({**named(values, name), "loss_new": update.loss})
        assert {value.verdict for value in judged.values} == {"right"}
    assert sorted(printed["updated"]["layers"][1]) == sorted(key for key in layers[1] if key != "cell")


def test_a_parameter_comes_before_a_gate_of_the_same_letter() -> None:
    """A GRU's candidate is also called c, and so is an LSTM's memory."""
    for cell in ("gru", "gru_after", "lstm"):
        keys: dict[str, Any] = {
            "cell": cell,
            "U": [[0.5]] * len(CELLS[cell].gates),
            "W": [[0.3]] * len(CELLS[cell].gates),
            "x": [[1]],
        }
        keys |= {"V": [[0.7]], "targets": [[2]], "loss": "half_squared_error", "lr": 0.1}
        worked = rnncalc.problem(**keys, c=[0.25])
        expected = 0.25 - 0.1 * float(worked.backward().c[0])
        assert worked.check(c_new=[expected]).verdict == "right"
        assert worked.check(c_new=[worked.backward().h[0, 0] if "h" in worked.backward() else 9]).verdict == "wrong"


# ------------------------------------------------------------------------------------------------------- own parameters


@pytest.mark.parametrize("name", OWN)
def test_a_parameter_of_ones_own_cell_is_never_taken_as_zero(name: str, tmp_path: Path) -> None:
    keys = random_problem(list({**CELLS, **OWN}).index(name))
    given = [symbol for symbol in OWN[name].stacks if symbol in keys]
    assert sorted(given) == sorted(OWN[name].stacks)
    keys["x"] = keys["x"][:1] if np.ndim(keys["x"]) == 2 else keys["x"]  # one step, where a weight may meet only zeros
    for symbol in given:
        rest = {key: value for key, value in keys.items() if key not in (symbol, "targets", "loss", "dy")}
        with pytest.raises(rnncalc.RnncalcError, match=f"^{symbol} is not given"):
            rnncalc.problem(**rest)
        arrays: dict[str, Any] = {key: np.array(keys[key]) for key in given if key != symbol}
        with pytest.raises(rnncalc.RnncalcError, match=f"^{symbol} is not given"):
            rnncalc.Layer(OWN[name], **arrays)
        both: dict[str, Any] = {"direction": "both", "backward": arrays}
        with pytest.raises(rnncalc.RnncalcError, match=f"^{symbol} is not given"):
            rnncalc.Layer(OWN[name], **{**arrays, symbol: np.array(keys[symbol])}, **both)


def test_a_misspelt_state_is_named() -> None:
    cell = rnncalc.Cell("mine", {"h": "tanh(b + U @ x_t + 0.5 * h_q)"}, ["h"], "h")
    with pytest.raises(rnncalc.RnncalcError, match="h_q is not given: mine needs it; did you mean “h_p”"):
        rnncalc.Layer(cell, b=np.ones(2), U=np.ones((2, 3)))


def test_a_model_file_without_one_of_its_arrays_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    from rnncalc.network.weights import model_file as models

    layer = rnncalc.Layer(MGU, **random_arrays(MGU, np.random.default_rng(0)))
    models.save_model(rnncalc.Network([layer], engine="equations"), tmp_path / "whole")
    tensors, about = models.read(tmp_path / "whole")
    for name in list(tensors):
        models.write(tmp_path / "part", {key: array for key, array in tensors.items() if key != name}, about)
        with pytest.raises(rnncalc.RnncalcError, match=name.rpartition(".")[2]):
            models.load(tmp_path / "part")


# ---------------------------------------------------------------------------------------------------------------- norms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_norm_scales_with_its_vector_wherever_numbers_do(dtype: type[np.floating]) -> None:
    rng, limits = np.random.default_rng(1), np.finfo(dtype)
    for _case in range(50):
        arrays = [rng.normal(size=shape).astype(dtype) for shape in ((3, 4), (5,))]
        plain = math.sqrt(sum(float((array.astype(float) ** 2).sum()) for array in arrays))
        power = int(rng.integers(limits.minexp + 30, limits.maxexp - 5))
        scaled = [np.ldexp(array, power) for array in arrays]
        norm = Norm.of(scaled)
        assert norm.value == np.ldexp(plain, power)
        assert norm.value * norm.factor(float(norm.value) / 4) == pytest.approx(float(norm.value) / 4, rel=1e-14)
        assert norm.factor(float(norm.value)) == 1
        assert length(np.concatenate([array.ravel() for array in scaled])) == pytest.approx(
            float(norm.value), rel=1e-14
        )
        for wrong in (np.nan, np.inf, -np.inf):
            broken = [scaled[0], np.append(scaled[1], dtype(wrong))]
            assert np.isnan(Norm.of(broken).factor(1.0))
            assert not math.isfinite(length(np.concatenate([array.ravel() for array in broken])))
    assert Norm.of([np.zeros(3, dtype)]).value == length(np.zeros(3, dtype)) == 0
    assert Norm.of([]).factor(1.0) == 1


@pytest.mark.parametrize("engine", ["equations", pytest.param("numba", marks=compiler)])
@pytest.mark.parametrize(("dtype", "size"), [("float32", 3e20), ("float64", 3e200), ("float64", 1e-200)])
def test_training_and_backward_clip_to_the_norm_where_squares_overflow_or_vanish(
    engine: str, dtype: str, size: float
) -> None:
    norm = 1.0 if size > 1 else 1e-201
    keys: dict[str, Any] = {"U": [[1]], "W": [[0]], "V": [[1]], "activation": "identity", "x": [[size]], "dy": [[1]]}
    step = rnncalc.problem(**keys, lr=1, clip_norm=norm, dtype=dtype).backward().document().data
    assert np.ravel([step["clipped"][name] for name in "UV"]) == pytest.approx([norm * math.sqrt(0.5)] * 2, rel=1e-6)

    if size < 1:  # in training the biases' gradients are far above it
        return
    layers = rnncalc.Elman(np.zeros((1, 1)), np.zeros((1, 1)), V=np.ones((1, 1)), activation="identity").layers
    net = rnncalc.Network(layers, np.ones((1, 1)), dtype=dtype, engine=engine)  # so that dU = x, and the loss small
    sgd: dict[str, Any] = {"optimizer": "sgd", "lr": 0.5 / norm, "momentum": 0.0, "epochs": 1}
    net.fit(
        np.full((1, 1, 1), size, dtype), -np.ones((1, 1, 1), dtype), loss="half_squared_error", clip_norm=norm, **sgd
    )
    assert net.layers[0].arrays["U"].item() == pytest.approx(-0.5, rel=1e-5)


# ------------------------------------------------------------------------------------------------- what is not finite


@pytest.mark.parametrize("computed", [math.inf, -math.inf, math.nan])
def test_no_number_is_right_where_the_computed_one_is_not_finite(computed: float) -> None:
    for text in ("7", "-3.25", "0", "1e300", "1.7976931348623157e308", "1/3", "0.123456789"):
        typed = number(text)
        assert not verdict.is_right(typed, computed)
        assert not verdict.is_right(typed, computed, computed)
        assert not verdict.is_truncated(typed, computed)
        assert not verdict.TypedNumbers([typed], [math.nan]).fits(np.array([[computed]])).any()


def invoke(*arguments: str, expected: set[int]) -> tuple[int, str]:
    result = CliRunner().invoke(commands, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    assert result.return_value in expected, (arguments, result.stderr)
    assert ("overflowed" in result.stderr) == (result.return_value == 3)
    return result.return_value, result.stdout


def broken(value: object) -> bool:
    """Whether JSON holds a number that is not finite."""
    if isinstance(value, dict | list):
        return any(map(broken, value.values() if isinstance(value, dict) else value))
    return value in ("inf", "-inf", "nan")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(36))
def test_whatever_is_printed_and_not_finite_ends_in_3_without_a_warning(seed: int, dtype: str) -> None:
    keys = random_problem(seed, overflowing=True)
    text, options = json.dumps(keys), ("--engine", "equations", "--dtype", dtype)
    code, shown = invoke("forward", text, *options, "--format", "json", expected={0, 3})
    assert (code == 3) == broken(json.loads(shown))
    assert invoke("forward", text, *options, "--format", "csv", "--show", "h", "--step", "1", expected={code})
    first = next(name for name in keys if name.startswith(("U", "W", "V")))
    answers = {f"d{first}": 1, f"{first}_new": 1, "y" if "V" in keys else "h": 1, "loss": 2, "loss_new": 2}
    if "dy" in keys:
        del answers["loss"], answers["loss_new"]
    code, shown = invoke("check", text, *options, "--answers", json.dumps(answers), "--format", "json", expected={1, 3})
    assert code == 3 or not broken(json.loads(shown))
    assert all(value["verdict"] == "wrong" for value in json.loads(shown)["values"] if broken(value["computed"]))
    if "V" not in keys and "dy" not in keys and keys["cell"] not in ("jordan", "i2h_i2o"):
        return
    code, shown = invoke("backward", text, *options, "--flow", "--gradcheck", "--format", "json", expected={0, 3})
    assert code == 3 or not broken(json.loads(shown))
    assert invoke("backward", text, *options, "--flow", "--gradcheck", "--work", "--format", "plain", expected={code})


def test_an_overflow_below_the_last_layer_ends_in_3() -> None:
    lower = {"cell": "lstm", "U": [[1e300]] * 4, "W": [[1]] * 4}
    upper = {"cell": "elman", "U": [[1]], "W": [[1]]}
    for layers in ([lower, upper], [{**lower, "direction": "both", "backward": {"U": [[1]] * 4, "W": [[1]] * 4}},
                                    {"cell": "elman", "U": [[1, 1]], "W": [[1]]}]):  # fmt: skip
        text = json.dumps({"layers": layers, "x": [[1e10], [1e10]]})
        _code, shown = invoke("forward", text, "--format", "json", expected={3})
        assert not broken(json.loads(shown)["trace"])
        shown = invoke("forward", text, "--format", "json", "--show", "h", expected={3})[1]
        assert not broken(json.loads(shown)), "what is computed and not shown counts, too"


# ----------------------------------------------------------------------------------------------------------------- flow


@pytest.mark.parametrize("seed", range(12))
def test_the_verdict_on_the_flow_follows_the_whole_and_the_single_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps, factor = int(rng.integers(1, 12)), float(10 ** rng.uniform(-2, 2))
    ones = ";".join(["1"] * (steps + 1))
    options = ("--U", "1", "--W", repr(factor), "--x", ones, "--activation", "identity", "--dy", ones, "--flow")
    (verdict,) = json.loads(invoke("backward", *options, "--format", "json", expected={0})[1])["flow"]
    healthy = 0.01 <= factor**steps <= 100 and 0.1 <= factor <= 10
    assert verdict["verdict"] == ("healthy" if healthy else "exploding" if factor > 1 else "vanishing")
    assert verdict["rate"] == pytest.approx(factor)
    assert verdict["norms"][0] == pytest.approx(factor**steps)


def test_the_rate_of_a_flow_holds_where_its_norm_is_no_number_any_more() -> None:
    from rnncalc.network.gradient_flow import flow

    for factor in (1e-3, 1e3):
        layers = rnncalc.Elman([[1.0]], [[factor]], activation="identity").layers
        net = rnncalc.Network(layers, engine="equations")
        layer_flow = flow(net, net.forward(np.zeros((200, 1))), 0)
        assert layer_flow.rate == pytest.approx(factor)
        assert layer_flow.verdict == ("vanishing" if factor < 1 else "exploding")
