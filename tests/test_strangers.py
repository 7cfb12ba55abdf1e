"""Files from strangers: headers that lie, cells that bear another's name, pipes, tables without end."""

import contextlib
import io
import json
import os
import random
import resource
import struct
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import MGU, ODD, TIED, random_arrays, random_network, run
from support.strangers import Cases, carried_out, fault, mutated_json, mutated_tensors, packed

import rnncalc
from rnncalc.common import npy
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import safe_tensors, schema
from rnncalc.pipeline import checkpoint, data, recipe
from rnncalc.pipeline import model_as_problem as asking
from rnncalc.pipeline.account import Account
from rnncalc.problems import reader as reading
from rnncalc.problems.parse import given

# ------------------------------------------------------------------------------------------------ cells in model files


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


# -------------------------------------------------------------------------------------------------------- safetensors


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


# ------------------------------------------------------------------------------------------------------- npy and npz


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text.encode()


HEADERS = {
    "says 8000000 bytes of numbers, and there are 0": "{'descr':'<f8','fortran_order':False,'shape':(1000000,)}",
    "holds 3200000000000 bytes, more than": "{'descr':'<f8','fortran_order':False,'shape':(4, 100000000000)}",
    "is empty": "{'descr':'<f8','fortran_order':False,'shape':(0, 100000000000)}",
    "not object": "{'descr':'|O','fortran_order':False,'shape':(1,)}",
    "not datetime64": "{'descr':'<M8[s]','fortran_order':False,'shape':(1,)}",
    "its header is none of an array": "{'descr':'<f8','fortran_order':False,'shape':(-1,)}",
    "is none of an array": "{'descr':'<f8','fortran_order':False,'shape':(1",
    "none of an array": "[" * 3000,
    "of an array": "{'descr':'<f8','fortran_order':False,'shape':(True, 2.5)}",
}  # fmt: skip


@pytest.mark.parametrize("message", HEADERS)
@pytest.mark.parametrize("packed", [False, True])
def test_headers_of_arrays_are_bounded_before_a_byte_is_unpacked(message: str, packed: bool, tmp_path: Path) -> None:
    path, content = tmp_path / ("a.npz" if packed else "a.npy"), header(HEADERS[message])
    path.write_bytes(content)
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("x.npy", content)
    with pytest.raises(ParseError, match=message):
        data.read(str(path), Account())


def test_a_bomb_is_refused_and_the_bound_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(
            "x.npy", header("{'descr':'|u1','fortran_order':False,'shape':(3200, 1000, 1)}") + bytes(3_200_000)
        )
    monkeypatch.setenv("RNNCALC_MAX_BYTES", "3000000")
    with pytest.raises(ParseError, match="x holds 3200000 bytes, more than 3000000: set RNNCALC_MAX_BYTES"):
        npy.read(str(path), ("x",))
    monkeypatch.setenv("RNNCALC_MAX_BYTES", "4000000")
    assert npy.read(str(path), ("x",))[0]["x"].shape == (3200, 1000, 1)
    monkeypatch.setenv("RNNCALC_MAX_BYTES", "much")
    with pytest.raises(ProblemError, match="a number of bytes, not “much”"):
        npy.read(str(path), ("x",))


def test_arrays_of_every_kind_are_read_as_numpy_reads_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    kinds, shapes = ("<f8", ">f4", "<f2", "|i1", ">u8", "|b1", "<U3"), ((), (3,), (2, 3, 4))
    for kind, shape, in_order in product(kinds, shapes, (np.ascontiguousarray, np.asfortranarray)):
        array = in_order(rng.integers(0, 2, size=shape)).astype(kind)
        np.save(tmp_path / "a.npy", array)
        loaded = npy.read(str(tmp_path / "a.npy"))[0][""]
        assert loaded.dtype == array.dtype
        assert np.array_equal(loaded, array)
        np.savez_compressed(tmp_path / "a.npz", x=array, other=np.array([None]))
        assert np.array_equal(npy.read(str(tmp_path / "a.npz"), ("x",))[0]["x"], array)


def test_shapes_that_fit_no_sequences_are_refused(tmp_path: Path) -> None:
    path, x = str(tmp_path / "a.npz"), np.ones((2, 3, 1))
    wrong: dict[str, list[Any]] = {
        "y": [np.float64(3), np.ones(3), np.ones((2, 2, 2, 2))],
        "lengths": [np.ones(2), np.array([1, 9])],
    }
    for name, values in wrong.items():
        for value in values:
            np.savez(path, **{"x": x, "y": np.ones(2), name: value})
            with pytest.raises(ParseError, match=r"a\.npz"):
                data.read(path, Account())


def test_new_data_has_as_many_inputs_as_that_of_training(tmp_path: Path) -> None:
    for name, wide, narrow in (
        ("a.npz", np.ones((2, 3, 2)), np.ones((2, 3, 1))),
        ("a.jsonl", '{"x": [[1, 2]], "y": 1}', '{"x": [[1]], "y": 1}'),
    ):
        path, about = tmp_path / name, Account()
        for content in (wide, narrow):
            np.savez(path, x=content, y=np.ones(2)) if name == "a.npz" else path.write_text(str(content))
            if content is wide:
                data.read(str(path), about, "mean_squared_error")
        with pytest.raises(ParseError, match=r"has 1 numbers|rows of 1 numbers"):
            data.read_again(str(path), about)
    path.write_text('{"x": "ab", "y": 1}')
    with pytest.raises(ParseError, match="texts, where training had rows of numbers"):
        data.read_again(str(path), about)


@pytest.mark.parametrize(
    "given", [{"b_f": {"i": 1}}, {"b_f": {"f": 1}}, {"b_f.i": 1}, {"b_f": {}}, {"U_f": {"i": {"x": 1}}}]
)
@pytest.mark.parametrize("ask", ["forward", "check"])
def test_an_own_cell_has_no_gates(given: dict[str, Any], ask: str) -> None:
    equations = {"f": "sigmoid(b_f + W_f @ h_p + U_f @ x_t)", "h": "(1 - f) * h_p + f"}
    cell = {"name": "mine", "equations": equations, "state": ["h"], "emits": "h"}
    keys = {"cell": cell, "b_f": 1, "W_f": 0.5, "U_f": 1, "x": [1], **given}
    with pytest.raises(RnncalcError, match=r"mine has no gate|b_f: expected a matrix|unknown key “b_f\.i”"):
        getattr(rnncalc.problem(**keys), ask)()


# ------------------------------------------------------------------------------------------------ texts without end


@pytest.mark.parametrize(
    "line",
    ['{"x": ' + "[" * 100_000, '{"x": [' + "9" * 5000 + "]}", '{"x": [1' + "0" * 399 + "]}", '{"x": "\\ud800", "y": 1}',
     '{"x": [1], "x": [2]}', "[" * 100_000, '{"x": {"a": 1}}', '{"x": [[1], [1, 2]]}', '{"x": [null, true]}',
     '{"x": [[]]}'],
)  # fmt: skip
def test_lines_of_json_are_bounded(line: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ParseError, match=r"a\.jsonl, line 1"):
        data.read(str(path), Account())


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", "lr = " + "[" * 100_000), ("a.json", '{"lr": ' + "[" * 100_000),
     ("a.json", '{"lr": ' + "9" * 5000 + "}"), ("a.toml", "lr = " + "9" * 5000), ("a.json", "[1]"),
     ("a.toml", "lr = 1\nlr = 2")],
)  # fmt: skip
def test_configurations_are_bounded(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RnncalcError, match=r"a\.(toml|json)"):
        recipe.from_file(str(tmp_path / name))


def test_columns_are_bounded_and_looked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for count, label, message in (
        (100_001, "c{}", "more than 100000 columns"),
        (50_000, "c", "two columns are called “c”"),
    ):
        path.write_text(",".join(label.format(n) for n in range(count)) + "\n" + ",".join(["1"] * count) + "\n")
        began = time.process_time()
        with pytest.raises(ParseError, match=message):
            data.read(str(path), Account(target="c1"))
        assert time.process_time() - began < 30  # some milliseconds; a quadratic look takes minutes
    for text in ("9" * 200_000, "\x002"):
        path.write_text(f"a,b\n1,{text}\n2,2\n")
        with pytest.raises(RnncalcError, match=r"a\.csv.* line 2"):
            data.read(str(path), Account(target="b"))


# -------------------------------------------------------------------------------------------------- pipes and devices


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_a_pipe_in_a_folder_is_nobodys_and_a_pipe_that_was_typed_is_read(tmp_path: Path) -> None:
    problem = {"U": 1, "W": 0.5, "activation": "identity", "x": [1, 2]}
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ann.json").write_text('{"h": ["1", "2.5"]}')
    for name in ("bob.csv", "carl.json"):
        os.mkfifo(folder / name)
    book = rnncalc.grade(problem, folder)
    assert [row.verdict for row in book.rows] == ["right", "unreadable", "unreadable"]
    assert rnncalc.grade(problem, fed(tmp_path / "typed", b'{"h": ["1", "2.5"]}')).rows[0].verdict == "right"


def fed(path: Path, content: bytes) -> str:
    """A pipe into which somebody writes."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return str(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_data_and_models_come_through_pipes_too(tmp_path: Path) -> None:
    table = b"x,y\n1,2\n3,4\n5,7\n"
    (tmp_path / "a.csv").write_bytes(table)
    for name, content in (("p.csv", table), ("p.jsonl", b'{"x": [1, 2], "y": 1.5}\n')):
        (tmp_path / f"on_disk_{name}").write_bytes(content)
        pipe = fed(tmp_path / name, content)
        first, _loss = data.read(str(tmp_path / f"on_disk_{name}"), Account(target="y"))
        second, _loss = data.read(pipe, Account(target="y"))
        assert np.array_equal(first.x, second.x)
    array = io.BytesIO()
    np.savez(array, x=np.ones((2, 3)), y=np.ones(2))
    assert data.read(fed(tmp_path / "p.npz", array.getvalue()), Account())[0].x.shape == (6, 1)
    net = random_network(CELLS["lstm"])
    rnncalc.save_model(net, tmp_path / "m.safetensors")
    piped = rnncalc.load_model(fed(tmp_path / "pm", (tmp_path / "m.safetensors").read_bytes()), engine="equations")
    assert np.array_equal(piped(np.ones((2, 3))), net(np.ones((2, 3))))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="devices")
def test_a_device_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCALC_MAX_BYTES", "100000")
    for read in (rnncalc.load_model, rnncalc.from_state_dict, npy.read):
        with pytest.raises(ParseError, match="/dev/zero holds 100001 bytes"):
            read("/dev/zero")
    for kind in ("table", "arrays", "lines", "text"):
        with pytest.raises(ParseError, match="/dev/zero holds 100001 bytes"):
            data.read("/dev/zero", Account(kind=kind, target="y"))


def test_a_header_that_repeats_itself_is_looked_at_once(tmp_path: Path) -> None:
    problem, path = {"U": 1, "W": 0.5, "activation": "identity", "x": [1, 2]}, tmp_path / "a.csv"
    path.write_text("id," + ",".join(["h[1]", "h[2]"] * 5000) + "\nann," + ",".join(["1", "2.5"] * 5000) + "\n")
    book = rnncalc.grade(problem, path)
    assert book.rows[0].verdict == "right"
    assert len([note for note in book.notes if "more than one column" in note]) == 2
    path.write_text("id," + "h[1]," * 20_001 + "\nann,1\n")
    assert "more than 20000 columns" in run("grade", str(_problem(tmp_path, problem)), str(path)).stdout


def _problem(folder: Path, keys: dict[str, Any]) -> Path:
    path = folder / "problem.json"
    path.write_text(json.dumps(keys))
    return path


# ------------------------------------------------------------------------------------- mutated files, every reader

COUNT = int(os.environ.get("RNNCALC_FUZZ_FILES", "150"))  # of each reader


@pytest.mark.parametrize("reader", ["model", "arrays", "lines", "text", "table", "config", "problem"])
def test_mutated_files_are_read_or_refused(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "rnncalc.network.stack.compiling_disabled", lambda: True
    )  # each own cell would be compiled for seconds
    make, codes = Cases(tmp_path).readers[reader], Counter[int]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(COUNT):
        arguments = make(random.Random(f"{reader} {number}"))
        code, text = carried_out(arguments)
        assert not fault(code, text), (number, arguments, text)
        codes[code] += 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000
    assert codes[0] > COUNT // 50  # not everything was broken so badly that nothing looked into it
    assert codes[2] > COUNT // 20


def test_a_checkpoint_is_held_against_its_schema_and_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, model = tmp_path / "a.txt", str(tmp_path / "m.safetensors")
    text.write_text("ab ba ab\n" * 20)
    options = {"data": str(text), "chunk": 3, "batch": 2, "epochs": 2, "hidden": 2, "engine": "equations"}
    started = recipe.prepare(recipe.checked(options, "options"))

    class StopError(Exception):
        pass

    def stop(trainer: Trainer) -> None:
        if trainer.progress.steps == 5:
            raise StopError

    with pytest.raises(StopError):
        started.trainer.run(stop, 0)
    checkpoint.save(started, checkpoint.path_of(model))
    arrays, about = models.read(checkpoint.path_of(model))
    assert checkpoint.resume(model, {}).trainer.run() == started.trainer.run()
    rng = random.Random(0)
    refused = 0
    for number in range(COUNT):
        changed = mutated_tensors(arrays, rng) if number % 3 == 0 else arrays
        metadata = about if number % 3 == 0 else mutated_json(about, rng)
        content = packed(changed, json.dumps(metadata, default=float))
        checkpoint.path_of(model).write_bytes(content)
        try:
            resumed = checkpoint.resume(model, {})
        except RnncalcError:
            refused += 1
        else:
            with np.errstate(all="ignore"), contextlib.suppress(RnncalcError):
                resumed.trainer.run(wait_for(3))
    assert COUNT // 3 < refused < COUNT


def wait_for(steps: int) -> Callable[[Trainer], None]:
    """Whoever watches a run leaves it after so many calls."""
    calls = iter(range(steps))

    def watch(_trainer: Trainer) -> None:
        if next(calls, None) is None:
            raise RnncalcError("enough")

    return watch
