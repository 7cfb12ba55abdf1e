"""rnncalc backward: published gradients, what JSON holds, what people read, and what is refused.

Longer than other files: one command, from what is typed to what is refused.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES, EXPECTED, answer, example, run

import rnncalc
from rnncalc.problems.parse.numbers import number
from rnncalc.report.document import Paragraph

SCALAR = ("--U", "1", "--W", "1", "--V", "1", "--x", "1; 1", "--targets", "0; 0", "--loss", "half_squared_error")
GRADIENTS = [name for name in sorted(EXPECTED) if "targets" in example(name)]


def computed(name: str) -> dict[str, np.ndarray]:
    """Everything that `backward` says of a published problem, under the names of answers."""
    printed = answer("backward", str(EXAMPLES / f"{name}.json"))
    forward = answer("forward", str(EXAMPLES / f"{name}.json"))["trace"]
    flat: dict[str, object] = {**forward, **printed["steps"], "loss": printed["loss"], "losses": printed["losses"]}
    flat |= {f"d{key}": value for key, value in printed["gradients"].items()}
    for key, value in printed.get("updated", {}).items():
        if isinstance(value, dict):
            flat |= {f"{key}_new.{gate}": part for gate, part in value.items()}
        else:
            flat[f"{key}_new"] = value
    return {key: np.asarray(value, float) for key, value in flat.items() if not isinstance(value, dict)}


def claimed(name: str) -> list[tuple[str, tuple[int, ...], str]]:
    """(name, index from 1, the step in front, text) of every number that the publication claims."""
    claims = []

    def visit(quantity: str, value: object, index: tuple[int, ...]) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                visit(*(quantity, part, (int(key),)) if key.isdigit() else (f"{quantity}.{key}", part, ()))
        elif isinstance(value, list):
            for place, part in enumerate(value, 1):
                visit(quantity, part, (*index, place))
        elif value is not None:
            claims.append((quantity, index, str(value)))

    for quantity, value in example(name)["answers"].items():
        visit(quantity, value, ())
    return claims


@pytest.mark.parametrize("name", GRADIENTS)
def test_published_gradients_that_are_right_come_out_right(name: str) -> None:
    """Those that EXPECTED does not call wrong, carried or unclear are within a unit of what was computed."""
    expected, ours, compared = EXPECTED[name], computed(name), 0
    doubtful = {(n, s, tuple(i)) for key in ("wrong", "carried", "unclear") for n, s, i in expected.get(key, [])}
    for quantity, index, text in claimed(name):
        stepped = quantity in ("a", "h", "s", "y", "da", "dh", "ds", "losses", "i", "f", "g", "o", "c")
        place: tuple[str, int | None, tuple[int, ...]] = (
            (quantity, index[0], index[1:] or (1,)) if stepped else (quantity, None, index)
        )
        places: set[Any] = (
            {place, (quantity, None, (1,) * 2), (quantity, None, ())} if ours[quantity].size == 1 else {place}
        )
        if places & doubtful:
            continue
        typed = number(text)
        array = ours[quantity]
        value = (
            array.reshape(-1)[0] if array.size == 1 else array.squeeze()[tuple(i - 1 for i in _squeezed(array, index))]
        )
        unit = 10.0 ** (typed.place or -12)
        assert abs(value - typed.value) <= 1.6 * unit, (quantity, index, text, value)
        compared += 1
    assert compared


def _squeezed(array: np.ndarray, index: tuple[int, ...]) -> tuple[int, ...]:
    """An index without the axes of one entry."""
    if len(index) == array.squeeze().ndim:
        return index
    return tuple(i for i, size in zip(index, array.shape) if size > 1)


def test_the_scalar_problem_of_two_steps_in_full() -> None:
    printed = answer("backward", *SCALAR, "--lr", "0.1")
    h1, h2 = np.tanh(1), np.tanh(1 + np.tanh(1))
    da2 = h2 * (1 - h2 * h2)
    dh1 = h1 + da2
    da1 = dh1 * (1 - h1 * h1)
    assert printed["loss"] == pytest.approx((h1**2 + h2**2) / 2, abs=1e-15)
    assert np.ravel(printed["losses"]) == pytest.approx([h1**2 / 2, h2**2 / 2], abs=1e-15)
    assert np.ravel(printed["steps"]["dh"]) == pytest.approx([dh1, h2], abs=1e-15)
    assert np.ravel(printed["steps"]["da"]) == pytest.approx([da1, da2], abs=1e-15)
    assert np.ravel(printed["steps"]["dx"]) == pytest.approx([da1, da2], abs=1e-15)
    gradients = {key: np.ravel(value)[0] for key, value in printed["gradients"].items()}
    assert gradients == pytest.approx(
        {"U": da1 + da2, "W": da2 * h1, "b": da1 + da2, "h0": da1, "V": h1**2 + h2**2, "c": h1 + h2}, abs=1e-15
    )
    assert printed["updated"]["U"] == [[pytest.approx(1 - 0.1 * (da1 + da2))]]
    assert "b" not in printed["updated"], "a bias that nobody gave is no parameter"
    assert "h0" not in printed["updated"], "initial states are never updated"


def test_what_people_read() -> None:
    shown = run("backward", *SCALAR, "--lr", "0.1", "--work", "--gradcheck", "--flow")
    assert shown.returncode == 0, shown.stderr
    for line in (
        "half_squared_error: L = ½ Σ (y − t)², summed over the steps",
        "  dh_t = Vᵀ ds_t + Wᵀ da_{t+1}",
        "  dW = Σ_t (da_t h_{t-1}ᵀ)",
        "    dh_1[1] = 1·0.761594 + 1·0.10497 = 0.866564",
        "    da_1[1] = 0.866564·(1 - 0.761594·0.761594) = 0.363935",
        "    dW_2[1][1] = 0.10497·0.761594 = 0.0799447",
        " sum  1.46867   0.468905  0.0799447",
        "  U_new = 0.953109",
        "healthy: one step back a gradient is multiplied by 0.111",
    ):
        assert line in shown.stdout.splitlines(), line
    assert "the gradients are right" in shown.stdout


def test_gates_come_as_they_were_given() -> None:
    rng = np.random.default_rng(0)
    U, W = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    keys = {"cell": "lstm", "x": rng.normal(size=(4, 3)).tolist(), "dy": rng.normal(size=(4, 2)).tolist()}
    gates = "ifgo"
    stacked = rnncalc.problem(U=U, W=W, **keys).backward()
    turned = json.loads(
        rnncalc.problem(
            U=np.concatenate([U[2 * gates.index(g) :][:2] for g in "ofig"]),
            W=np.concatenate([W[2 * gates.index(g) :][:2] for g in "ofig"]),
            gates="ofig",
            **keys,
        )
        .backward()
        .text("json")
    )
    by_gate: dict[str, Any] = {
        name: {g: array[2 * k :][:2] for k, g in enumerate(gates)} for name, array in (("U", U), ("W", W))
    }
    named = json.loads(rnncalc.problem(**by_gate, **keys).backward().text("json"))
    for place, gate in enumerate("ofig"):
        part = stacked.U[2 * gates.index(gate) :][:2]
        np.testing.assert_allclose(turned["gradients"]["U"][2 * place : 2 * place + 2], part, rtol=1e-15)
        np.testing.assert_allclose(named["gradients"]["U"][gate], part, rtol=1e-15)
        da = stacked.steps["da"][:, 2 * gates.index(gate) :][:, :2]
        np.testing.assert_allclose(np.array(turned["steps"]["da"])[:, 2 * place : 2 * place + 2], da, rtol=1e-15)
        np.testing.assert_allclose(named["steps"]["da"][gate], da, rtol=1e-15)
    assert set(named["gradients"]["b"]) == set(gates)


def stack(**more: object) -> dict[str, Any]:
    rng = np.random.default_rng(3)

    def weights(rows: int, columns: int, units: int) -> dict[str, object]:
        return {"U": rng.normal(size=(rows, columns)).tolist(), "W": (rng.normal(size=(rows, units)) / 2).tolist()}

    lower = {"cell": "gru", **weights(9, 2, 3), "direction": "both", "backward": weights(9, 2, 3)}
    upper = {"cell": "elman", **weights(4, 6, 4), "b": rng.normal(size=4).tolist(), "h0": [0.1, 0.2, 0.3, 0.4]}
    return {
        "layers": [lower, upper],
        "V": rng.normal(size=(3, 4)).tolist(),
        "output": "softmax",
        "x": rng.normal(size=(2, 5, 2)).tolist(),
        "lengths": [5, 3],
        "targets": [[0, None, 2, 1, 0], [2, 1, 0, None, None]],
        "loss": "cross_entropy",
        "reduction": "mean",
        **more,
    }


def test_a_stack_as_json(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack(lr=0.5, clip_norm=0.01)), encoding="utf-8")
    forward, printed = answer("forward", str(path)), answer("backward", str(path))
    assert np.shape(forward["layers"][0]["h"][0]) == (5, 6)
    assert forward["layers"][0]["backward"]["h"][1][3] is None
    assert forward["layers"][1]["h"] == forward["trace"]["h"]
    lower, upper = printed["gradients"]["layers"]
    assert {way: np.shape(lower[way]["U"]) for way in lower} == {"forward": (9, 2), "backward": (9, 2)}
    assert np.shape(upper["h0"]) == (4,), "one start for both sequences has one gradient"
    assert np.shape(printed["gradients"]["V"]) == (3, 4)
    assert printed["losses"][1][3:] == [None, None]
    assert printed["steps"]["dx"][1][3:] == [None, None]
    assert sum(loss for row in printed["losses"] for loss in row if loss) == pytest.approx(printed["loss"])
    lengths = np.concatenate([np.ravel(part[name]) for part, name in _every(printed["clipped"])])
    assert np.linalg.norm(lengths) == pytest.approx(0.01)
    moved = np.array(printed["updated"]["V"]) - np.array(stack()["V"])
    np.testing.assert_allclose(moved, -0.5 * np.array(printed["clipped"]["V"]), atol=1e-15)


def _every(gradients: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    lower, upper = gradients["layers"]
    given = [(lower[way], name) for way in lower for name in "UW"]  # the biases of the lower layer were not given
    return [*given, *((upper, name) for name in "UWb"), (gradients, "V")]


@pytest.mark.parametrize("options", [(), ("--truncate", "2"), ("--chunk", "2"), ("--dtype", "float32")])
def test_gradcheck_of_a_stack_and_of_cut_sequences(tmp_path: Path, options: tuple[str, ...]) -> None:
    problem = stack()
    if options and options[0] in ("--truncate", "--chunk"):
        problem["layers"] = [{"cell": "lstm", "U": [[0.3], [0.1], [-0.4], [0.2]], "W": [[0.5], [-0.2], [0.7], [0.1]]}]
        problem |= {"x": [[0.5], [1], [-1], [2]], "V": [[1], [-1], [0.5]], "targets": [0, 2, None, 1]}
        del problem["lengths"]
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(problem), encoding="utf-8")
    printed = answer("backward", str(path), "--gradcheck", *options)
    assert printed["gradcheck"]["worst"] < (1e-4 if "float32" in options else 1e-13)
    assert {quantity["name"] for quantity in printed["gradcheck"]["quantities"]} >= {"dV", "dx"}
    text = run("backward", str(path), *options)
    assert text.returncode == 0, text.stderr
    if "--truncate" in options:
        assert "reaches the 2 latest steps" in text.stdout


@pytest.mark.parametrize("engine", ["equations", "numba"])
def test_gradcheck_bites(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    from rnncalc.report import backward as report
    from rnncalc.report.verification import add_check

    problem = rnncalc.problem(**stack(), engine=engine).given
    trace = problem.forward()
    gradients = problem.backward(trace)
    upper = gradients.layers[1].only
    assert upper is not None
    upper.stacks = {**upper.stacks, "W": upper.W * 1.001}
    document = report.document(problem, trace, gradients)
    add_check(document, problem, trace, gradients)
    remark = document.blocks[-1]
    assert isinstance(remark, Paragraph)
    assert remark.text.startswith("the gradients differ")
    assert document.data["gradcheck"]["worst"] > 1e-6


@pytest.mark.parametrize(("W", "verdict"), [(0.1, "vanishing"), (0.98, "healthy"), (3.0, "exploding")])
def test_flow_is_the_product_of_the_jacobians(W: float, verdict: str) -> None:
    options = ("--U", "1", "--W", str(W), "--x", "0;0;0;0;0;0;0;0", "--activation", "identity", "--dy", "1" + ";1" * 7)
    (printed,) = answer("backward", *options, "--flow")["flow"]
    assert printed["verdict"] == verdict
    assert printed["norms"] == pytest.approx([W ** (7 - t) for t in range(8)])
    assert printed["spectral_radii"] == pytest.approx([W] * 8)


@pytest.mark.parametrize("format", ["table", "plain", "json", "csv", "latex", "markdown"])
def test_every_format_shows_a_stack(tmp_path: Path, format: str) -> None:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack()), encoding="utf-8")
    shown = run("backward", str(path), "--format", format, "--work")
    assert shown.returncode == 0, shown.stderr
    if format == "csv":
        rows = shown.stdout.splitlines()
        assert rows[0].startswith("sequence,step,ds[1]")
        assert len(rows) == 11
    if format == "latex":
        assert shown.stdout.count(r"\begin") == shown.stdout.count(r"\end")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--targets", "0 1 2"), "targets must be of the shape of y, (2, 1), got (3,)"),
        (("--loss", "half"), "--loss: loss is one of half_squared_error"),
        (("--truncate", "0"), "truncate is one number above 0"),
        (("--truncate", "1.5"), "truncate is a number of steps"),
        (("--lr", "a"), '--lr: expected a number, got "a"'),
    ],
)
def test_what_is_refused(options: tuple[str, str], words: str) -> None:
    shown = run("backward", *SCALAR[:-4], *(() if "--targets" in options else SCALAR[-4:-2]), *options)
    assert shown.returncode == 2
    assert words in shown.stderr
    assert "Traceback" not in shown.stderr


def test_without_targets_it_says_what_is_missing() -> None:
    shown = run("backward", *SCALAR[:-4])
    assert shown.returncode == 2
    assert "targets are missing" in shown.stderr


def test_a_gradient_that_overflows_is_still_printed_and_exits_with_3() -> None:
    options = (
        "--U",
        "1",
        "--W",
        "1e200",
        "--x",
        "0;0;0",
        "--activation",
        "identity",
        "--dy",
        "0;0;1",
        "--format",
        "json",
    )
    shown = run("backward", *options)
    assert shown.returncode == 3
    assert "overflowed or is not a number" in shown.stderr
    assert json.loads(shown.stdout)["gradients"]["h0"] == ["inf"]
