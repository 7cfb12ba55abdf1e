"""Weights in other libraries' files: there and back, what is assumed and said, and what is refused by name.

Longer than other files: what goes there comes back, and both ways need the same networks.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import random_arrays, run

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import pytorch, weight_formats

CELLS_OF_TORCH = {
    "tanh": CELLS["elman"],
    "relu": CELLS["elman"].switch(activation="relu"),
    "lstm": CELLS["lstm"],
    "gru": CELLS["gru_after"],
    "gru z_new": CELLS["gru_after"].switch(update="z_new"),
}
OWN = Cell("own", {"a": "W @ h_p + U @ x_t", "h": "0.5 * h_p + 0.5 * tanh(a)"}, ["h"], "h")


def layer(cell: Cell, rng: np.random.Generator, D: int, H: int, direction: str = "forward", **options: Any) -> Layer:
    """Random weights; of the arrays that may be missing some are."""
    first, second = (random_arrays(cell, rng, D=D, H=H) for _ in range(2))
    for name in cell.optional:
        if rng.random() < 0.3:
            first.pop(name, None)
    backward: dict[str, Any] = {"backward": second} if direction == "both" else {}
    return Layer(cell, **first, direction=direction, **backward, **options)


def network(cells: list[Cell], rng: np.random.Generator, top: str, **options: Any) -> Network:
    layers, width = [], 3
    for number, cell in enumerate(cells):
        layers.append(layer(cell, rng, width, 4 + number, **options))
        width = layers[-1].width
    V = rng.normal(size=(2, width)) if top else None
    return Network(
        layers, V, None if rng.random() < 0.5 or not top else rng.normal(size=2), top or None, engine="equations"
    )


def torch_networks() -> Iterator[Any]:
    for number, (name, cell) in enumerate(CELLS_OF_TORCH.items()):
        for direction in ("forward", "both"):
            for depth in (1, 2):
                yield pytest.param(
                    [cell] * depth, direction, ("", "softmax")[number % 2], id=f"{name} {direction} {depth}"
                )
    yield pytest.param([CELLS["lstm"], CELLS_OF_TORCH["relu"], CELLS["elman"]], "forward", "sigmoid", id="mixed")


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
@pytest.mark.parametrize(("cells", "direction", "top"), list(torch_networks()))
def test_there_and_back_under_names_of_pytorch(
    cells: list[Cell], direction: str, top: str, ending: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    net = network(cells, rng, top, direction=direction)
    path = tmp_path / f"weights{ending}"
    rnncalc.save(net, path, format="torch")
    back, x = rnncalc.load(path, engine="equations"), rng.normal(size=(2, 6, 3))
    assert [layer.direction for layer in back.layers] == [direction] * len(cells)
    assert back.output == net.output
    np.testing.assert_allclose(back(x, lengths=[6, 4]), net(x, lengths=[6, 4]), rtol=0, atol=1e-14)
    first, second = rnncalc.to_state_dict(net), rnncalc.to_state_dict(back)
    assert list(first) == list(second)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize(
    "cell", [*CELLS.values(), CELLS["gru"].switch(update="z_new"), OWN], ids=lambda cell: cell.name
)
def test_files_of_ours_hold_every_network(cell: Cell, direction: str, ending: str, tmp_path: Path) -> None:
    if cell.owns_read_out and direction != "forward":
        return
    rng = np.random.default_rng(6)
    top = "" if cell.owns_read_out else "tanh"
    start: dict[str, Any] = {f"{state}0": rng.normal(size={"H": 4, "O": 4}[cell.size(state)]) for state in cell.state}
    net = network([cell], rng, top, direction=direction, **start)
    path = tmp_path / f"weights{ending}"
    rnncalc.save(net, path)
    back, x = rnncalc.load(path, engine="equations"), rng.normal(size=(5, 3))
    assert back.layers[0].cell == cell
    assert weight_formats.read(path).format == ("npz" if ending == ".npz" else "rnncalc")
    np.testing.assert_array_equal(back(x), net(x))
    assert rnncalc.load(path, dtype="float32").dtype == np.float32


def savez(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def test_bare_arrays_of_npz(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng, path = np.random.default_rng(7), tmp_path / "bare.npz"
    for name, cell in CELLS.items():
        if cell.owns_read_out:
            continue
        for direction in ("forward", "backward", "both"):
            net = network([cell], rng, "identity", direction=direction)
            part = {
                f"layers.0.{way}.{key}": array
                for way, directional in net.layers[0].passes.items()
                for key, array in directional.arrays.items()
            }
            savez(path, {**part, **(net.read_out.arrays if net.read_out else {})})
            back, x = rnncalc.load(path, engine="equations"), rng.normal(size=(5, 3))
            assert back.layers[0].cell.name == name
            np.testing.assert_array_equal(back(x), net(x))
    assert "update z_old, output identity" in caplog.text
    caplog.clear()
    savez(path, {"layers.0.forward.U": np.ones((2, 3)), "layers.0.forward.W": np.ones((2, 2))})
    assert rnncalc.load(path, activation="relu").layers[0].cell.switched == {"activation": "relu"}
    assert not caplog.records


# what PyTorch's names leave open --------------------------------------------------------------------------------------


def tensors(cell: str, prefix: str = "", suffix: str = "_l0", D: int = 3, seed: int = 0) -> dict[str, np.ndarray]:
    p = random_arrays(CELLS[cell], np.random.default_rng(seed), D=D)
    return {
        f"{prefix}weight_ih{suffix}": p["U"],
        f"{prefix}weight_hh{suffix}": p["W"],
        f"{prefix}bias_ih{suffix}": p["b"],
    }


def test_names_of_cells_are_a_layer_and_numbered_ones_a_stack() -> None:
    net = pytorch.read(tensors("lstm", suffix=""), {}).network
    np.testing.assert_array_equal(net.layers[0].arrays["U"], tensors("lstm")["weight_ih_l0"])
    stack = {
        **tensors("gru_after", "net.cells.1.", "", D=5, seed=1),
        **tensors("lstm", "net.cells.0.", "", seed=2),
    }
    net = rnncalc.from_state_dict(stack)
    assert [layer.cell.name for layer in net.layers] == ["lstm", "gru_after"]
    chosen = {**tensors("lstm", "below."), **tensors("lstm", "above.", D=5)}
    assert len(rnncalc.from_state_dict(chosen, prefix=["below", "above"]).layers) == 2
    with pytest.raises(RnncalcError, match="there are several modules, “below”, “above”"):
        rnncalc.from_state_dict(chosen)


class Module:
    """What a module of PyTorch has."""

    def __init__(self, tensors: dict[str, np.ndarray], nonlinearity: str = ""):
        self.tensors = tensors
        if nonlinearity:
            self.nonlinearity = nonlinearity

    def state_dict(self) -> dict[str, np.ndarray]:
        return self.tensors


def test_a_list_of_modules_is_a_stack_and_says_its_functions(caplog: pytest.LogCaptureFixture) -> None:
    parts = [Module(tensors("elman"), "relu"), Module(tensors("elman", suffix="", D=5), "tanh")]
    net = rnncalc.from_state_dict(parts)
    assert [layer.cell.switched["activation"] for layer in net.layers] == ["relu", "tanh"]
    assert not caplog.records
    assert rnncalc.from_state_dict(parts, activation="relu").layers[1].cell.switched["activation"] == "relu"
    rnncalc.from_state_dict(tensors("elman"))
    assert "weights do not show the activation: tanh was taken" in caplog.text


def test_half_precision_is_read_as_float32() -> None:
    half = {name: array.astype(np.float16) for name, array in tensors("lstm").items()}
    net = rnncalc.from_state_dict(half)
    assert net.dtype == np.float32
    np.testing.assert_array_equal(net.layers[0].arrays["U"], half["weight_ih_l0"].astype(np.float32))


def test_the_linear_layer_that_is_all_the_rest_is_the_read_out(caplog: pytest.LogCaptureFixture) -> None:
    linear = {"head.weight": np.ones((2, 5)), "head.bias": np.ones(2)}
    for bias in (True, False):
        given = {**tensors("lstm"), **{name: array for name, array in linear.items() if bias or "bias" not in name}}
        model = pytorch.read(given, {})
        assert model.network.sizes["O"] == 2
        assert model.notes == ['head was taken as the read-out; none: --readout ""']
    for more in ({"norm.weight": np.ones(5)}, {"head.weight": np.ones((2, 4))}):
        model = pytorch.read({**tensors("lstm"), **linear, **more}, {})
        assert model.network.read_out is None
        assert model.notes[0].startswith("not read: head.weight")
        fits = more.get("head.weight", linear["head.weight"]).shape[1] == 5
        assert [note for note in model.notes if "--readout head" in note] == model.notes[1:] == model.notes[1:2] * fits
    assert pytorch.read({**tensors("lstm"), **linear}, {}, readout="").network.read_out is None


def test_a_projection_is_a_cell_with_an_output_of_its_own() -> None:
    rng = np.random.default_rng(3)
    H, P, D = 5, 2, 3
    named = {"weight_ih_l0": rng.normal(size=(4 * H, D)), "weight_hh_l0": rng.normal(size=(4 * H, P)),
             "bias_hh_l0": rng.normal(size=4 * H), "weight_hr_l0": rng.normal(size=(P, H))}  # fmt: skip
    net = rnncalc.from_state_dict(named, engine="equations")
    x, h, c, out = rng.normal(size=(4, D)), np.zeros(P), np.zeros(H), []
    for row in x:
        a = named["weight_ih_l0"] @ row + named["weight_hh_l0"] @ h + named["bias_hh_l0"]
        i, f, g, o = np.split(a, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = named["weight_hr_l0"] @ (o * np.tanh(c))
        out.append(h)
    np.testing.assert_allclose(net(x), out, rtol=0, atol=1e-14)


# refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "options", "message"),
    [
        (CELLS["jordan"], {}, "layer 1: PyTorch has no module of the cell jordan"),
        (CELLS["gru"], {}, "no module of the cell gru"),
        (OWN, {}, "no module of the cell own"),
        (CELLS["elman"].switch(activation="elu"), {}, "tanh or relu, not with elu"),
        (CELLS["lstm"], {"direction": "backward"}, "no layer that only runs backward"),
        (CELLS["lstm"], {"direction": "both", "merge": "sum"}, "concatenates two directions: sum is not there"),
        (CELLS["lstm"], {"h0": np.ones(4)}, "holds no initial states"),
    ],
)
def test_what_pytorch_cannot_hold(cell: Cell, options: dict[str, Any], message: str) -> None:
    net = Network([layer(cell, np.random.default_rng(0), 3, 4, **options)])
    with pytest.raises(RnncalcError, match=message):
        rnncalc.to_state_dict(net)


def test_a_pickle_is_refused_in_words(tmp_path: Path) -> None:
    import pickle
    import zipfile

    for name, protocol in (("a.pt", 2), ("b.bin", 4), ("c.npz", 5)):
        (tmp_path / name).write_bytes(pickle.dumps({"weight": [1.0]}, protocol))
    with zipfile.ZipFile(tmp_path / "d.pt", "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02.")
    for path in tmp_path.iterdir():
        with pytest.raises(RnncalcError, match=r"is a pickle.*safetensors\.torch\.save_file\(module\.state_dict\(\)"):
            rnncalc.load(path)


def test_names_endings_and_options_that_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, weights=np.ones(3))
    with pytest.raises(RnncalcError, match="no names of weights that are known"):
        rnncalc.load(path)
    net = Network([layer(CELLS["lstm"], np.random.default_rng(0), 3, 4)])
    with pytest.raises(RnncalcError, match=r"its ending is none of \.safetensors"):
        rnncalc.save(net, tmp_path / "x.doc")
    with pytest.raises(RnncalcError, match="format is one of"):
        rnncalc.save(net, path, format="caffe")
    rnncalc.save(net, path)
    with pytest.raises(RnncalcError, match="itself says all of activation"):
        rnncalc.load(path, activation="relu")
    with pytest.raises(RnncalcError, match="leave no colour open"):
        rnncalc.load(path, colour="red")
    (tmp_path / "model").write_bytes(b"no weights")
    with pytest.raises(RnncalcError, match="its ending is none of"):
        rnncalc.load(tmp_path / "model")


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whatever else a format is made of is there."""
    for name, entry in weight_formats.FORMATS.items():
        assert entry.name == name
        for dotted in filter(None, (entry.reader, entry.writer)):
            module, _dot, function = dotted.partition(".")
            text = (Path(weight_formats.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
            assert f"def {function}(" in text
            if entry.package:
                monkeypatch.setitem(sys.modules, entry.package, None)
                for loaded in [key for key in sys.modules if key.startswith(f"{weight_formats.__package__}.{name}_")]:
                    monkeypatch.delitem(sys.modules, loaded)
                with pytest.raises(RnncalcError, match=f'needs? the package {entry.package}: pip install "rnncalc'):
                    entry.call(dotted, tmp_path / "x")


# the command line -----------------------------------------------------------------------------------------------------


def test_convert_inspect_predict_and_forward(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    net = network([CELLS_OF_TORCH["relu"]] * 2, rng, "softmax")
    source, target, table = (str(tmp_path / name) for name in ("a.npz", "b.safetensors", "d.csv"))
    rnncalc.save(net, source)
    done = run("convert", source, target, "--to", "torch")
    assert done.returncode == 0
    assert 'nn.RNN(3, 4, nonlinearity="relu", batch_first=True), nn.RNN(4, 5, ' in done.stderr
    shown = json.loads(run("inspect", target, "--format", "json").stdout)
    assert shown["format"] == "torch"
    assert [entry["activation"] for entry in shown["layers"]] == ["relu", "relu"]
    assert shown["parameters"] == sum(array.size for _place, part in net.parts() for array in part.arrays.values())
    assert "relu" in run("inspect", target).stdout
    x = rng.normal(size=(4, 3))
    Path(table).write_text("a,b,c\n" + "".join(",".join(map(str, row)) + "\n" for row in x.tolist()))
    rows = json.loads(run("predict", target, table, "--format", "json").stdout)["predictions"]
    np.testing.assert_allclose([[row["y[1]"], row["y[2]"]] for row in rows], net(x), rtol=0, atol=1e-12)
    trace = json.loads(run("forward", "--model", target, "--data", table, "--format", "json").stdout)
    np.testing.assert_allclose(trace["trace"]["y"], net(x), rtol=0, atol=1e-12)
    assert run("convert", target, str(tmp_path / "c.safetensors"), "--readout", "nowhere").returncode == 2


def test_inspect_shows_what_a_trained_model_has(tmp_path: Path) -> None:
    from rnncalc.network.weights.model_file import Model, save

    net = network([CELLS["lstm"]], np.random.default_rng(2), "softmax")
    about = {"kind": "text", "inputs": 3, "outputs": 2, "classes": True, "at": "last", "tokens": "chars",
             "vocabulary": ["a", " ", "c"], "labels": ["yes", "no"]}  # fmt: skip
    save(Model(net, about, {"seed": 1}, [{"epoch": 1, "loss": 0.25}]), tmp_path / "m.safetensors")
    done = run("inspect", str(tmp_path / "m.safetensors"))
    assert all(text in done.stdout for text in ("3: a, ' ', c", "2: yes, no", "0.25"))


def test_notes_reach_people_through_logging(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    savez(tmp_path / "t.npz", tensors("elman"))
    with caplog.at_level(logging.WARNING, logger="rnncalc"):
        rnncalc.load(tmp_path / "t.npz")
    assert [record.name for record in caplog.records] == ["rnncalc"]
