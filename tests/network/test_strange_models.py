"""Model files from strangers: cells that bear another's name, and metadata and tensors that do not fit."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import MGU, ODD, TIED, random_arrays

import rnncalc
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import safe_tensors, schema
from rnncalc.pipeline import data
from rnncalc.pipeline import model_as_problem as asking
from rnncalc.problems import reader as reading
from rnncalc.problems.parse import given


def own_cells() -> Iterator[Cell]:
    """Every kind of cell under every built-in name: other equations, outputs, switches, gates, the same equations."""
    projected = ({"m": "tanh(U @ x_t + W @ y_p + b)", "y": "V @ m"}, ["y"], "y")
    switched = ({"a": "b + W @ h_p + U @ x_t", "h": "tanh(a)"}, ["h"], "h")
    gated = ({"f": "sigmoid(U_f @ x_t + W_f @ h_p)", "n": "tanh(U_n @ x_t)", "h": "f * h_p + n"}, ["h"], "h")
    for name in (*CELLS, "mine"):
        for cell in (MGU, ODD, TIED, CELLS["elman"], CELLS["lstm"]):
            yield rnncalc.Cell(name, cell.equations, cell.state, cell.emits, cell.gates)
        yield rnncalc.Cell(name, *projected, outputs=("y",))
        yield rnncalc.Cell(name, *gated, gates="fn")
        yield rnncalc.Cell(name, *projected, outputs=("y",), optional=("b",))
        choices = {"activation": {"tanh": {"h": "tanh(a)"}, "relu": {"h": "relu(a)"}}}
        yield rnncalc.Cell(name, *switched, switches=choices)
        yield rnncalc.Cell(name, *switched, switches=choices).switch(activation="relu")
    for cell in CELLS.values():
        yield cell
        yield from (cell.switch(**{option: value}) for option in cell.switches for value in cell.switches[option])


def test_a_cell_comes_back_by_its_equations_whatever_it_is_called(tmp_path: Path) -> None:
    path, rng = tmp_path / "m.safetensors", np.random.default_rng(0)
    for cell in own_cells():
        D = 5 if cell.adds_input else 3
        net = Network([Layer(cell, **random_arrays(cell, rng, D=D))], engine="equations")
        rnncalc.save_model(net, path)
        back = rnncalc.load_model(path, engine="equations")
        assert (back.layers[0].cell, back.layers[0].cell.switches) == (cell, cell.switches), cell
        x = rng.normal(size=(4, D))
        assert np.array_equal(back(x), net(x)), cell
        keys = {**asking.keys(models.load(path, engine="equations")), **given.of_python({"x": x})}
        assert np.array_equal(reading.read(keys, engine="equations").network(x), net(x)), cell  # `forward --model`


def test_whatever_a_cell_is_made_of_is_kept() -> None:
    others = {"literature", "gate_orders"}  # what papers and libraries have, not the cell
    kept = {field.name for field in fields(rnncalc.Cell) if field.init} - others
    assert kept == set(schema.OWN_CELL)
    assert set(data.KINDS.values()) == set(schema.KINDS)


def test_files_of_version_0_1_are_read(tmp_path: Path) -> None:
    path, rng = tmp_path / "m.safetensors", np.random.default_rng(1)
    for cell in (MGU, CELLS["lstm"], CELLS["gru"].switch(update="z_new")):
        net = Network([Layer(cell, **random_arrays(cell, rng))], engine="equations")
        rnncalc.save_model(net, path)
        tensors, about = models.read(path)
        for name in ("outputs", "switches", "switched", "optional") if cell is MGU else ():
            del about["layers"][0]["cell"][name]
        models.write(path, tensors, about)
        x = rng.normal(size=(4, 3))
        assert np.array_equal(rnncalc.load_model(path, engine="equations")(x), net(x))


def test_gates_stacked_in_one_array_have_one_shape() -> None:
    with pytest.raises(RnncalcError, match="U: the gates stacked in it have different shapes"):
        rnncalc.Cell("x", {"i": "sigmoid(U_i @ x_t)", "h": "tanh(i + U_f @ h_p)"}, ["h"], "h", gates="if")


def described(**changes: Any) -> dict[str, Any]:
    """The metadata of a small model of text, some of it changed: name.name → value, or None: not there."""
    data: dict[str, Any] = {
        "kind": "text", "inputs": 3, "outputs": 3, "classes": True, "at": "every", "tokens": "chars", "by": "stream",
        "vocabulary": ["a", "b", "\n"], "labels": ["a", "b", "\n"],
    }  # fmt: skip
    layer = {"cell": {"name": "elman", "switched": {}}, "direction": "forward", "merge": "concat"}
    about = {
        "format": 1, "layers": [layer], "output": "softmax", "dtype": "float64", "data": data, "settings": {},
        "history": [{"epoch": 1, "loss": 0.5}],
    }  # fmt: skip
    for path, value in changes.items():
        *outer, last = path.split(".")
        inside: Any = about
        for name in outer:
            inside = inside[int(name) if name.isdigit() else name]
        if value is None:
            del inside[last]
        else:
            inside[last] = value
    return about


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": []}, "rnncalc.layers must be a list with an entry"),
        ({"layers.0.cell": "elman"}, r"layers\[1\].cell must be an object"),
        ({"layers.0.cell.name": "elmer"}, r"layers\[1\].cell.name must be one of elman"),
        ({"layers.0.cell.name": ["elman"]}, r"layers\[1\].cell.name must be one of elman"),
        ({"layers.0.cell.switched": {"activation": "sin"}}, "activation of elman is one of"),
        ({"layers.0.direction": "up"}, r"layers\[1\].direction must be one of forward"),
        ({"layers.0.merge": None}, r"layers\[1\] has no merge"),
        ({"dtype": "object"}, "dtype must be one of float32"),
        ({"output": ["softmax"]}, "output must be a text"),
        ({"history": [{"loss": 1.0}]}, r"history\[1\] has no epoch"),
        ({"data.inputs": 4}, "data.inputs is 4, and the network has 3"),
        ({"data.labels": ["a"]}, "data.labels must have 3 entries, got 1"),
        ({"data.labels": None}, "data has no labels"),
        ({"data.vocabulary": ["a", "b", "b"]}, "data.vocabulary: each entry may be there only once"),
        ({"data.vocabulary": ["a", "b", "cc"]}, "data.vocabulary: its entries are single characters"),
        ({"data.x_mean": [0.0] * 3}, "data has no x_std"),
        ({"data.x_std": [0.0] * 3}, r"data.x_std\[1\] must be a number above 0"),
        ({"data.horizon": 2**53}, "data.horizon is 9007199254740992, and the network has 3"),
        ({"data.missing": "mask", "data.x_fill": [0.0] * 3}, "data.missing is mask, and the network has 3"),
        ({"data.missing": "mean"}, "data has no x_fill"),
        ({"data.missing": "mean", "data.x_fill": [0.0]}, "data.x_fill must have 3 entries"),
        ({"data.missing": "zero"}, "data.missing must be one of error, forward"),
        ({"data.past": 1}, "data.past must be true or false"),
        ({"data.encoding": "utf-8"}, "knows no “encoding”"),
        ({"data.classes": 1}, "data.classes must be true or false"),
        ({"data.kind": "table; rm"}, "data.kind must be one of table"),
        ({"data.pickle": "x"}, "knows no “pickle”"),
        ({"settings": []}, "settings must be an object"),
        ({"settings.loss": ["mse"]}, "settings.loss must be a text"),
        ({"settings.loss": 2}, "settings.loss must be a text"),
    ],
)
def test_metadata_is_held_against_the_schema(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    tensors = {"layers.0.U": np.ones((2, 3)), "layers.0.W": np.ones((2, 2)), "V": np.ones((3, 2))}
    models.write(path, tensors, described())
    models.load(path)
    models.write(path, tensors, described(**changes))
    with pytest.raises(ParseError, match=message):
        models.load(path)


def test_a_tensor_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    tensors = {"layers.0.U": np.ones((2, 3)), "layers.0.W": np.ones((2, 2)), "V": np.ones((3, 2))}
    for name in ("layers.0.direction", "layers.0.activation", "layers.1.U", "layers.0.backward.U", "W"):
        models.write(path, {**tensors, name: np.ones((2, 3))}, described())
        with pytest.raises(ParseError, match=r"belongs to none|go with direction both"):
            models.load(path)


def safetensors_file(
    path: Path,
    tensors: Mapping[str, tuple[str, Sequence[int], bytes]],
    metadata: Mapping[str, str] | None = None,
    **changes: Any,
) -> None:
    """A file written by hand: name → (dtype, shape, bytes)."""
    header, at = {}, 0
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(content)], **changes}
        at += len(content)
    text = json.dumps({**header, **({"__metadata__": metadata} if metadata else {})}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(content for *_rest, content in tensors.values()))


def test_half_precision_is_read(tmp_path: Path) -> None:
    path, rng = tmp_path / "m.safetensors", np.random.default_rng(2)
    shapes = {"weight_ih_l0": (8, 3), "weight_hh_l0": (8, 2), "bias_ih_l0": (8,)}
    exact = {
        name: (rng.normal(size=shape).astype("<f4").view("<u4") & 0xFFFF0000).view("<f4")
        for name, shape in shapes.items()
    }
    upper = {name: ("BF16", list(a.shape), (a.view("<u4") >> 16).astype("<u2").tobytes()) for name, a in exact.items()}
    safetensors_file(path, upper)
    x = rng.normal(size=(4, 3))
    net = rnncalc.from_state_dict(path, engine="equations")
    assert np.array_equal(net(x), rnncalc.from_state_dict(exact, engine="equations")(x))
    assert net.dtype == np.float32
    half = {name: array.astype("<f2") for name, array in exact.items()}
    safetensors_file(path, {name: ("F16", list(a.shape), a.tobytes()) for name, a in half.items()})
    wide = {name: array.astype(np.float32) for name, array in half.items()}
    loaded = rnncalc.from_state_dict(path, engine="equations")
    assert np.array_equal(loaded(x), rnncalc.from_state_dict(wide, engine="equations")(x))


@pytest.mark.parametrize(
    ("tensor", "changes", "message"),
    [
        (("F32", [2], bytes(8)), {"data_offsets": [0, 1 << 50]}, "does not fill its bytes"),
        (("F32", [2], bytes(8)), {"data_offsets": [4, 12]}, "leave a gap, at byte 0"),
        (("F32", [1 << 61, 0], b""), {}, "dtype, shape and data_offsets"),
        (("F32", [-1], bytes(4)), {}, "dtype, shape and data_offsets"),
        (("F32", [2], bytes(8)), {"shape": "2"}, "dtype, shape and data_offsets"),
        (("F8_E4M3", [2], bytes(2)), {}, "F8_E4M3 cannot be read"),
        (("F32", [2], bytes(8)), {"data_offsets": [0, 8, 8]}, "dtype, shape and data_offsets"),
    ],
)
def test_headers_that_lie_are_refused(
    tensor: tuple[str, list[int], bytes], changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    safetensors_file(path, {"weight_ih_l0": tensor}, **changes)
    with pytest.raises(ParseError, match=message):
        safe_tensors.read(path)


def test_a_module_and_what_is_no_mapping() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.LSTM(3, 4, batch_first=True)
    x = torch.randn(2, 5, 3, requires_grad=True)
    net = rnncalc.from_state_dict(module)
    np.testing.assert_allclose(net(x), module(x)[0].detach().numpy(), atol=1e-6)
    wide = rnncalc.from_state_dict(module.to(torch.bfloat16))
    assert np.array_equal(wide.layers[0].arrays["U"], module.weight_ih_l0.detach().float().numpy())
    keys = {"cell": "elman", "U": torch.ones(2, 3, requires_grad=True), "W": torch.zeros(2, 2)}
    assert rnncalc.problem(**keys, x=x[0]).forward()["h"].shape == (5, 2)


def test_what_is_no_cell_and_no_mapping_is_refused_in_words() -> None:
    for wrong in (3, ["weight_ih_l0"], None):
        with pytest.raises(ProblemError, match="takes tensors by name"):
            rnncalc.from_state_dict(wrong)
    no_cells: tuple[Any, ...] = (["lstm"], 3, None, {"name": "lstm"})
    for wrong in no_cells:
        with pytest.raises(ProblemError, match="no cell is called"):
            Layer(wrong, np.ones((4, 1)), np.ones((4, 1)))
    with pytest.raises(RnncalcError, match=r"bias_ih must be \(8,\), got \(7,\)"):
        rnncalc.from_state_dict(
            {"weight_ih_l0": np.ones((8, 3)), "weight_hh_l0": np.ones((8, 2)), "bias_ih_l0": np.ones(7)}
        )
