"""What files of strangers declare is bounded: headers of arrays, bombs, texts without end."""

import time
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.common import npy
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline.data_description import DataDescription


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
        data.read(str(path), DataDescription())


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
                data.read(path, DataDescription())


def test_new_data_has_as_many_inputs_as_that_of_training(tmp_path: Path) -> None:
    for name, wide, narrow in (
        ("a.npz", np.ones((2, 3, 2)), np.ones((2, 3, 1))),
        ("a.jsonl", '{"x": [[1, 2]], "y": 1}', '{"x": [[1]], "y": 1}'),
    ):
        path, about = tmp_path / name, DataDescription()
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
        data.read(str(path), DataDescription())


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
            data.read(str(path), DataDescription(target="c1"))
        assert time.process_time() - began < 30  # some milliseconds; a quadratic look takes minutes
    for text in ("9" * 200_000, "\x002"):
        path.write_text(f"a,b\n1,{text}\n2,2\n")
        with pytest.raises(RnncalcError, match=r"a\.csv.* line 2"):
            data.read(str(path), DataDescription(target="b"))
