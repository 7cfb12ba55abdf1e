"""Problems with each optional part present and absent, through every command and every format.

A read-out hides that there may be none, a given bias that it may be missing, full sequences that some have no step. So
problems are drawn at random, all sizes different, and what a command prints is checked by the next one.

Longer than other files: the doors that a problem goes through stand beside the parts that may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.helpers import MGU, ODD, TIED, compiler, random_arrays

import rnncalc
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.losses import LOSSES

FORMATS = ("plain", "json", "csv", "latex", "markdown", "table")
TWO = Cell(  # two states, of which the one that is emitted comes first; a memory that nobody reads
    "two",
    {"h": "tanh(b + W @ h_p + U @ x_t + p * m_p)", "m": "0.5 * m_p + h", "q": "0.25 * q_p + m"},
    ["h", "m", "q"],
    "h",
)
CELLS_AND_OWN = {**CELLS, **{cell.name: cell for cell in (MGU, ODD, TIED, TWO)}}
BIASES = ("b", "c", "d")


def problem(rng: np.random.Generator, cell: str, **fixed: Any) -> dict[str, Any]:
    """A random problem whose last layer is of that cell; what `fixed` names is so, a None in it is left out."""
    chosen = CELLS_AND_OWN[cell]
    owns = chosen.owns_read_out
    D, H, O, T = 2, 3, 4, int(fixed.get("T", rng.integers(1, 5)))
    batch = int(fixed.get("N", rng.integers(0, 4)))
    below = fixed.get("below", rng.choice(["", "", "elman", "gru"]))
    direction = "forward" if owns else fixed.get("direction", rng.choice(["forward", "forward", "backward", "both"]))
    layers, width = [], D
    if below:
        way = rng.choice(["forward", "backward", "both"]) if "direction" not in fixed else fixed["direction"]
        layer, width = _layer(rng, CELLS_AND_OWN[below], width, 5, O, batch, str(way))
        layers.append(layer)
    layer, width = _layer(rng, chosen, width, H, O, batch, str(direction))
    layers.append(layer)
    keys: dict[str, Any] = {"layers": layers} if below else layers[0]
    with_v = not owns and fixed.get("V", rng.random() < 0.5)
    loss = fixed.get("loss", rng.choice([*LOSSES, "dy", ""]))
    if with_v:
        keys["V"] = rng.normal(size=(O, width)).tolist()
        if rng.random() < 0.5:
            keys["c"] = rng.normal(size=O).tolist()
        outputs = (LOSSES[loss].outputs if loss in LOSSES else ()) or ("identity", "tanh", "softmax", "sigmoid")
        keys["output"] = str(rng.choice(outputs))
    elif owns and cell == "jordan":
        outputs = (LOSSES[loss].outputs if loss in LOSSES else ()) or ("identity", "tanh", "softmax")
        keys["output"] = str(rng.choice(outputs))
    elif cell == "i2h_i2o" and loss == "binary_cross_entropy":
        loss = "cross_entropy"
    given = (batch, T, D) if batch else (T, D)
    keys["x"] = rng.normal(size=given).tolist()
    shape = (*given[:-1], O if with_v or owns else width)
    if batch:
        keys |= _steps(rng, batch, T, fixed.get("steps", rng.choice(["", "lengths", "mask", "none"])))
    elif fixed.get("steps") == "none" or ("steps" not in fixed and rng.random() < 0.2):
        keys["mask"] = (rng.random(T) < 0.3 * (fixed.get("steps") != "none")).tolist()
    keys |= _asked(rng, loss, shape)
    if loss and rng.random() < 0.7:
        keys["lr"] = 0.1
    if loss and rng.random() < 0.2:
        keys["clip_value"] = 0.5
    if loss and all(layer.get("direction", "forward") == "forward" for layer in layers) and rng.random() < 0.4:
        keys[str(rng.choice(["truncate", "chunk"]))] = int(rng.integers(1, 4))
    if batch and fixed.get("layout", rng.random() < 0.3):
        keys["layout"] = "time_first"
        for key in ("x", "targets", "dy", "mask"):
            if isinstance(keys.get(key), list):
                rows = [[None] * T if row is None else row for row in keys[key]]
                keys[key] = [list(step) for step in zip(*rows)]
    return keys


def _layer(
    rng: np.random.Generator, cell: Cell, D: int, H: int, O: int, batch: int, direction: str
) -> tuple[dict[str, Any], int]:
    """A layer, and how wide it is."""
    H = D if cell is ODD else H  # it adds x_t entry by entry
    layer: dict[str, Any] = _pass(rng, cell, D, H, O, batch)
    name = {"name": cell.name, "equations": dict(cell.equations), "state": list(cell.state), "emits": cell.emits}
    layer["cell"] = cell.name if cell.name in CELLS else name
    if cell.name == "elman":
        layer["activation"] = str(rng.choice(["tanh", "relu", "sigmoid", "identity"]))
    if direction == "forward":
        return layer, H if not cell.owns_read_out else O
    layer["direction"] = direction
    if direction == "both":
        layer["backward"] = _pass(rng, cell, D, H, O, batch)
        layer["merge"] = str(rng.choice(["concat", "sum", "ave", "mul"]))
    return layer, H * (2 if layer.get("merge") == "concat" else 1)


def _pass(rng: np.random.Generator, cell: Cell, D: int, H: int, O: int, batch: int) -> dict[str, Any]:
    arrays = random_arrays(cell, rng, D=D, H=H, O=O)
    own = cell.name not in CELLS  # every parameter of an own cell must be given
    keys = {name: a.tolist() for name, a in arrays.items() if own or name not in BIASES or rng.random() < 0.5}
    for state in cell.state:
        width = H if cell.size(state) == "H" else O
        if rng.random() < 0.5:
            keys[f"{state}0"] = rng.normal(size=(batch, width) if batch and rng.random() < 0.5 else width).tolist()
    return keys


def _steps(rng: np.random.Generator, N: int, T: int, which: str) -> dict[str, Any]:
    """Which steps there are; some sequences have none."""
    if which == "lengths":
        return {"lengths": rng.integers(0, T + 1, size=N).tolist()}
    if which == "mask":
        return {"mask": (rng.random((N, T)) < 0.6).tolist()}
    return {"lengths": [0] * N} if which == "none" else {}


def _asked(rng: np.random.Generator, loss: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Targets with gaps and their loss, or dy."""
    if not loss:
        return {}
    if loss == "dy":
        return {"dy": rng.normal(size=shape).tolist()}
    keys: dict[str, Any] = {"loss": loss}
    if not LOSSES[loss].mean and rng.random() < 0.5:
        keys["reduction"] = str(rng.choice(["sum", "mean", "batch_mean"]))
    if loss == "cross_entropy" and rng.random() < 0.6:
        targets: Any = rng.integers(0, shape[-1], size=shape[:-1]).astype(object)
    else:
        targets = np.round(rng.random(size=shape), 3).astype(object)
    targets[rng.random(targets.shape) < 0.2 * (rng.random() < 0.5)] = None
    nested = targets.tolist()
    if nested and rng.random() < 0.3:  # a step, or a whole sequence, without a target
        nested[int(rng.integers(len(nested)))] = None
    return {**keys, "targets": nested}


# ---------------------------------------------------------------------------------------------------- the doors


def shown(keys: dict[str, Any], command: str, *options: str, wanted: int = 0) -> str:
    """What a command prints, whose exit code must be the wanted one."""
    from click.testing import CliRunner

    from rnncalc.cli.main import commands

    done = CliRunner().invoke(
        commands, [command, "-", "--engine", "equations", *options], input=json.dumps(keys), standalone_mode=False
    )
    if done.exception is not None:
        raise AssertionError(json.dumps(keys)) from done.exception
    assert (done.return_value or 0) == wanted, json.dumps(keys)
    return done.stdout


def result(keys: dict[str, Any], command: str, *options: str) -> dict[str, Any]:
    """The same in JSON."""
    printed: dict[str, Any] = json.loads(shown(keys, command, "--format", "json", *options))
    return printed


def answers(keys: dict[str, Any], forward: dict[str, Any], backward: dict[str, Any] | None) -> dict[str, Any]:
    """What forward and backward printed, as answers."""
    if "layers" not in keys and keys.get("direction") != "both":
        claims: dict[str, Any] = dict(forward["trace"])
    else:
        claims = {"layers": [_of_layer(layer) for layer in forward["layers"]], "y": forward["trace"]["y"]}
    if backward is None:
        return claims
    if backward["loss"] is not None:
        claims |= {"loss": backward["loss"], "losses": backward["losses"]}
    gradients, updated = backward["gradients"], backward.get("updated", {})
    for prefix, suffix, named in (("d", "", gradients), ("", "_new", updated)):
        for name, value in named.items():
            if name != "layers":
                _claim(claims, keys, name, prefix, suffix, value)
            else:
                for number, layer in enumerate(value):
                    directions = layer if set(layer) <= {"forward", "backward"} else {"": layer}
                    given = keys["layers"][number] if "layers" in keys else keys
                    for direction, arrays in directions.items():
                        place = claims["layers"][number]
                        place = place.setdefault(direction, {}) if direction else place
                        for parameter, array in arrays.items():
                            _claim(
                                place,
                                given["backward"] if direction == "backward" else given,
                                parameter,
                                prefix,
                                suffix,
                                array,
                            )
    claims["dx"] = backward["steps"]["dx"]
    return claims


def _claim(claims: dict[str, Any], given: dict[str, Any], name: str, prefix: str, suffix: str, value: Any) -> None:
    """One answer; what a bias that was not given becomes is none."""
    if not suffix or name not in BIASES or name in given:
        claims[f"{prefix}{name}{suffix}"] = value


def _of_layer(layer: dict[str, Any]) -> dict[str, Any]:
    """A layer's signals; those of its only direction without naming it."""
    directions = {direction: layer[direction] for direction in ("forward", "backward") if direction in layer}
    return {**layer} if len(directions) == 2 else dict(next(iter(directions.values())))


def rows_of(csv: str) -> Iterator[dict[str, float]]:
    """The rows of a CSV print."""
    header, *rows = [line.split(",") for line in csv.strip().splitlines()]
    for row in rows:
        yield {name: float(cell) for name, cell in zip(header, row) if cell}


def through_every_door(keys: dict[str, Any]) -> None:
    """No command crashes, all agree, and check takes what the others print."""
    forward, backward = result(keys, "forward"), None
    goes_back = "loss" in keys or "dy" in keys
    if goes_back:
        backward = result(keys, "backward", "--work", "--flow", "--gradcheck")
        assert backward["gradcheck"]["worst"] < 1e-7, json.dumps(keys)
    for form in FORMATS:
        shown(keys, "forward", "--work", "--format", form)
        if goes_back:
            printed = shown(keys, "backward", "--work", "--format", form)
            assert "nan" not in printed, json.dumps(keys)
    if goes_back and "truncate" not in keys:
        for row in rows_of(shown(keys, "backward", "--format", "csv")):
            for name in [name for name in row if ".now[" in name]:
                parts = row[name] + row[name.replace(".now[", ".future[")]
                assert np.isclose(parts, row[name.replace(".now[", "[")], rtol=1e-9, atol=1e-12), json.dumps(keys)
    claims = {**keys, "answers": answers(keys, forward, backward)}
    if not _numbers(claims["answers"]):
        return  # nothing has a step, so there is nothing to answer
    checked = result(claims, "check", "--explain")
    assert checked["verdict"] == "right", json.dumps([keys, checked])
    shown({**keys, "answers": _spoilt(claims["answers"])}, "check", "--hint", wanted=1)


def _numbers(value: Any) -> int:
    if isinstance(value, dict | list):
        return sum(_numbers(part) for part in (value.values() if isinstance(value, dict) else value))
    return int(value is not None)


def _spoilt(value: Any) -> Any:
    """The same with every number off."""
    if isinstance(value, dict):
        return {name: _spoilt(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_spoilt(part) for part in value]
    return None if value is None else round(value + 0.4321, 4)


# ---------------------------------------------------------------------------------------------------- the tests


@pytest.mark.parametrize("cell", [name for name, cell in CELLS_AND_OWN.items() if not cell.owns_read_out][::2])
def test_without_a_read_out_the_output_is_the_last_layers(cell: str) -> None:
    losses, number = [*LOSSES, "dy"], list(CELLS_AND_OWN).index(cell)
    direction = ("forward", "backward", "both")[number % 3]
    seed = 10 * number + len(direction)
    keys = problem(
        np.random.default_rng(seed), cell, V=False, loss=losses[seed % len(losses)], direction=direction, T=3, steps=""
    )
    through_every_door(keys)


@pytest.mark.parametrize("engine", ["equations", pytest.param("numba", marks=compiler)])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_without_a_read_out_scores_and_output_are_signals(engine: str, direction: str) -> None:
    rng = np.random.default_rng(3)
    other = random_arrays(CELLS["elman"], rng) if direction == "both" else None
    layer = rnncalc.Layer("elman", **random_arrays(CELLS["elman"], rng), direction=direction, backward=other)
    net = rnncalc.Network([layer], engine=engine)
    trace = net.forward(rng.normal(size=(2, 4, 3)))
    for name in ("s", "y"):
        assert name in list(trace)
        assert np.array_equal(trace[name], trace["h"])


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_show_takes_the_output_where_there_is_no_read_out(direction: str) -> None:
    keys = problem(
        np.random.default_rng(8), "elman", V=False, loss="", direction=direction, T=3, N=0, below="", steps=""
    )
    rows = list(rows_of(shown(keys, "forward", "--show", "y", "--format", "csv")))
    y = result(keys, "forward")["trace"]["y"]
    assert [[row[f"y[{unit + 1}]"] for unit in range(len(y[0]))] for row in rows] == y


def test_reports_in_python_without_a_read_out() -> None:
    keys = problem(np.random.default_rng(5), "lstm", V=False, loss="cross_entropy", T=3, below="")
    keys.pop("layout", None)
    assert "softmax(s_t)" in rnncalc.problem(**keys).backward().text()


def test_new_without_outputs() -> None:
    from support.helpers import run

    assert run("new", "elman", "--outputs", "0", "--backward", "--seed", "1").returncode == 0


@pytest.mark.parametrize("cell", CELLS_AND_OWN)
def test_every_optional_part_may_be_there_or_not(cell: str) -> None:
    through_every_door(problem(np.random.default_rng(100 + list(CELLS_AND_OWN).index(cell)), cell))


@pytest.mark.parametrize("cell", [*CELLS_AND_OWN][::2])
def test_no_sequence_has_a_step(cell: str) -> None:
    seed = list(CELLS_AND_OWN).index(cell)
    keys = problem(np.random.default_rng(seed), cell, steps="none", loss=[*LOSSES, "dy"][seed % (len(LOSSES) + 1)])
    through_every_door(keys)
    if "lengths" in keys:  # beside sequences that have steps
        keys["lengths"] = [0] * (len(keys["lengths"]) - 1) + [1]
        through_every_door(keys)


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.zeros((0, 4, 3)), np.zeros((2, 0, 3))])
def test_no_step_and_no_sequence(x: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    arrays = random_arrays(CELLS["lstm"], rng, H=2)
    lengths = np.zeros(len(x), int).tolist() if x.ndim == 3 else None
    given = {**arrays, "x": x, "lengths": lengths, "targets": np.zeros((*x.shape[:-1], 2)), "loss": "squared_error"}
    stated = rnncalc.problem(cell="lstm", **given)
    for form in FORMATS:
        stated.forward().text(form)
        stated.backward().text(form)
    assert not np.any(stated.backward().U)
    assert rnncalc.LSTM(**arrays)(x, lengths=lengths).shape == (*x.shape[:-1], 2)


def test_x_without_a_step_in_a_file() -> None:
    keys = {"U": [[1, 2], [3, 4]], "W": [[1, 0], [0, 1]], "x": [], "targets": [], "loss": "half_squared_error"}
    assert result(keys, "backward")["gradients"]["U"] == [[0, 0], [0, 0]]


@pytest.mark.parametrize("cell", CELLS_AND_OWN)
def test_layout_is_about_what_is_given_and_answers_are_batch_first(cell: str) -> None:
    seed = list(CELLS_AND_OWN).index(cell)
    fixed = {"N": 3, "T": 2, "loss": [*LOSSES, "dy"][seed % (len(LOSSES) + 1)], "steps": ["mask", "lengths"][seed % 2]}
    batch_first, time_first = (
        problem(np.random.default_rng(seed), cell, **fixed, layout=layout) for layout in (False, True)
    )
    assert np.shape(time_first["x"])[:2] == (2, 3)
    assert result(batch_first, "forward") == result(time_first, "forward")
    back = result(time_first, "backward")
    assert result(batch_first, "backward") == back
    claims = {**time_first, "answers": answers(time_first, result(time_first, "forward"), back)}
    assert result(claims, "check")["verdict"] == "right"


# ------------------------------------------------------------------------------------------------ other ways to say it


SMALL = {"U": [[0.1, 0.2], [0.3, 0.4]], "W": [[0.2, 0.3], [0.4, 0.1]], "x": [[[1, 2]], [[3, 4]]]}


@pytest.mark.parametrize("gap", [None, [None], [[None, None]]])
def test_a_gap_of_any_depth(gap: Any) -> None:
    keys: dict[str, Any] = {**SMALL, "loss": "half_squared_error"}
    whole = result({**keys, "targets": [[[None, None]], [[1, 2]]]}, "backward")
    for targets in ([gap, [[1, 2]]], [[[1, 2]], gap]):
        printed = result({**keys, "targets": targets}, "backward")
        assert printed["losses"][targets.index(gap)] == [0]
        if targets[0] is gap:
            assert printed == whole
        stated = rnncalc.problem(**{**keys, "targets": targets}).backward()
        assert np.allclose(stated.U, printed["gradients"]["U"])


def test_where_dy_has_a_gap_nothing_arrives() -> None:
    given = ({**SMALL, "dy": dy} for dy in ([[[1, None]], None], [[[1, 0]], [[0, 0]]]))
    gaps, zeros = (result(keys, "backward")["gradients"] for keys in given)
    assert gaps == zeros


@pytest.mark.parametrize("text", ["[false, true]", "[False True]", "0 1", "[0, 1]", "false, true", "0.0 1.0"])
def test_a_mask_in_any_form(text: str) -> None:
    keys = {**SMALL, "x": [[1, 2], [3, 4]]}
    assert shown(keys, "forward", "--mask", text) == shown({**keys, "mask": [False, True]}, "forward")


@pytest.mark.parametrize("text", ["[0.5, 1]", "_ 1", "[maybe, true]"])
def test_a_mask_of_other_things_is_refused(text: str) -> None:
    with pytest.raises(AssertionError) as error:
        shown({**SMALL, "x": [[1, 2], [3, 4]]}, "forward", "--mask", text)
    assert isinstance(error.value.__cause__, rnncalc.RnncalcError)


@pytest.mark.parametrize("N", [2, 3])
def test_starts_of_one_entry_in_a_batch(N: int) -> None:
    rng = np.random.default_rng(N)
    x, start = rng.normal(size=(N, 2, 2)), rng.normal(size=(N, 1))
    for cell, state, sizes in (("jordan", "y0", {"H": 3, "O": 1}), ("elman", "h0", {"H": 1}), ("gru", "h0", {"H": 1})):
        arrays = random_arrays(CELLS[cell], rng, D=2, **sizes)
        batch = rnncalc.problem(x=x, cell=cell, **{**arrays, state: start}).forward()
        for sequence in range(N):
            alone = rnncalc.problem(x=x[sequence], cell=cell, **{**arrays, state: start[sequence]}).forward()
            assert np.allclose(batch.y[sequence], alone.y)


@pytest.mark.parametrize(
    "text", ["0e400", "1e-400", "1e308", "1" + "0" * 308, "1" + "0" * 300 + ".5", "0." + "0" * 330]
)
def test_numbers_of_any_size_are_judged(text: str) -> None:
    for scale in (1.0, 1e300):
        keys = {**SMALL, "activation": "identity", "x": [[scale, 2]], "answers": {"h": [[text, "7.77"]]}}
        shown(keys, "check", "--hint", wanted=1)
        shown(keys, "check", "--explain", wanted=1)


def test_functions_of_constants_are_judged() -> None:
    own = {"name": "own", "state": ["h"], "emits": "h"}
    own["equations"] = {"h": "tanh(W @ h_p + U @ x_t) * exp(-0.5) + sigmoid(0.3)"}  # type: ignore[assignment]
    goal = {"targets": [[1, 2], [2, 3]], "loss": "squared_error"}
    through_every_door({**SMALL, "x": [[1, 2], [3, 4]], "cell": own, **goal})
