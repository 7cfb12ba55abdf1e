"""Files as strangers may hand them in: good ones, mutated, and the commands that read them, run in this process.

`cases(reader, rng, folder)` writes one mutated file and says which command reads it; `carried_out` runs the command and
says how it ended. Laws: exit 0, 1, 2 or 3, never an exception, in bounded time and memory.

Longer than other files: each kind of file has its good ones, its mutations and its command.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import struct
import sys
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import safe_tensors
from support.helpers import MGU, random_arrays

PIECES = [
    *'0123456789.,;:[](){}"-+=eE \n\t#', "1e999", "-1e-999", "nan", "Infinity", "null", "true", "9" * 5000,
    "1" + "0" * 399, "[" * 200, "{" * 200, '{"a":' * 120, "[" * 20_000, "\\ud800", "\ud800", "\0", "\x1b[31m", "漢",
    "NA", '""', "'''", "\r", '"', "a" * 150_000, ",,,,", "x,y", "[[]]", "=1+1", "1979-05-27", "\ufeff", "½", "²", "１",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2.5, 10**30, 10**399, -(2**63), 2**31, 1e308, float("nan"), float("inf"), "", "x",
    "a\nb", "\ud800", "9" * 500, [], {}, [[]], [None], {"a": 1}, [1, 2, 3], ["x", "x"], [0.0, 1.0], "elman", "lstm",
    "both", "last", "h", "tanh(" * 50, "-" * 1500 + "U @ x_t", "+".join(["x_t"] * 400), "U @ x_t" + "* 1.5" * 300,
    {"h": "tanh(U @ x_t)"},
]  # fmt: skip
LETTERS = "ab\n "


# ------------------------------------------------------------------------------------------------------- good files


def _account(net: Network, kind: str, **more: Any) -> dict[str, Any]:
    sizes = {"inputs": net.sizes["D"], "outputs": net.sizes["O"]}
    return {"kind": kind, "at": "every", "classes": False, "targets": True, "scale": "none", **sizes, **more}


def good_models(rng: np.random.Generator) -> Iterator[tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The tensors and the metadata of one model of each kind."""

    def layer(cell: Any, D: int, H: int = 2, **more: Any) -> Layer:
        kind = CELLS[cell] if isinstance(cell, str) else cell
        return Layer(cell, **random_arrays(kind, rng, D=D, H=H, O=2), **more)

    def read_out(H: int, O: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(O, H)), rng.normal(size=O)

    words = list(LETTERS)
    text: dict[str, Any] = {"classes": True, "vocabulary": words, "labels": words, "tokens": "chars"}
    both = layer("gru", 2, direction="both", merge="sum", backward=random_arrays(CELLS["gru"], rng, D=2, H=2))
    nets: list[tuple[Network, str, dict[str, Any]]] = [
        (Network([layer("lstm", 2)], *read_out(2, 1)), "table",
         {"input": ["x", "z"], "target": ["y"], "x_mean": [0.5, 1.0], "x_std": [1.0, 2.0], "y_mean": [0.5],
          "y_std": [2.0], "scale": "both", "window": 2}),
        (Network([layer("elman", 4)], *read_out(2, 4), "softmax"), "text", {**text, "by": "stream"}),
        (Network([layer("elman", 4)], *read_out(2, 4), "softmax"), "text", {**text, "by": "line"}),
        (Network([both], *read_out(2, 3), "softmax"), "arrays",
         {"classes": True, "labels": ["a", "b", "c"], "at": "last", "input": ["x"], "target": ["y"]}),
        (Network([layer(MGU, 4)], *read_out(2, 4), "softmax"), "lines",
         {**text, "at": "last", "input": ["x"], "target": ["y"]}),
        (Network([layer("jordan", 2)]), "lines", {"input": ["x"], "target": ["y"]}),
        (Network([layer("lstm", 2), layer(MGU, 2)], *read_out(2, 1)), "arrays", {"input": ["x"], "target": ["y"]}),
    ]  # fmt: skip
    for net, kind, more in nets:
        with mock.patch.object(models, "write") as written:
            history = [{"epoch": n, "loss": 1 / n, "lr": 0.1} for n in (1, 2)]
            models.save(models.Model(net, _account(net, kind, **more), {"lr": 0.1, "loss": "x"}, history), "")
        _path, tensors, about = written.call_args[0]
        yield {name: np.array(array) for name, array in tensors.items()}, about


def packed(tensors: dict[str, np.ndarray], about: str, edit: Callable[[str], str] = str) -> bytes:
    """A safetensors file by hand, whose header somebody may edit."""
    header: dict[str, Any] = {"__metadata__": {"rnncalc": about}}
    names = {np.dtype(dtype).newbyteorder("<").str: kind for kind, dtype in safe_tensors.DTYPES.items()}
    content = b""
    for name, array in tensors.items():
        kind = names.get(array.dtype.newbyteorder("<").str, "F64")
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(content), len(content) + array.nbytes],
        }
        content += array.tobytes()
    text = edit(json.dumps(header)).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + content


TABLES = [
    "x,z,y\n1,2,3\n2,1,4\n0.5,3,1\n4,2,2\n",
    "id,t,x,z,y\na,1,1,2,u\na,2,2,1,u\nb,1,0.5,3,v\nb,2,1,1,v\n",
    "1,2,3\n4,5,6\n7,8,9\n",
    't,x,z,y\n2000-01-01,1,2,"3"\n2000-01-02,2,,4\n2000-01-03,0.5,3,NA\n',
]
LINES = [
    '{"x": [[1, 2], [3, 4]], "y": 1.5}\n{"x": [[0, 1]], "y": 2.5}\n',
    '{"x": "ab a", "y": "a"}\n{"x": "b", "y": "b"}\n',
    '{"x": [[1, 2], [3, 4]], "y": [[1, 0.5], [2, 0.25]]}\n{"x": [[1, 2]], "y": [[3, 1]]}\n',
    '{"x": [1, 2, 3], "y": [0, 1, 0]}\n',
]
TEXTS = ["ab ba\nabab a\n", "aab\n\nb a b\n  \nabba"]
CONFIGS = {
    ".toml": ['cell = "lstm"\nlr = 0.01\nloss = "mean_squared_error"\ntarget = ["y"]\nclip_norm = 1\nshuffle = true\n',
              'optimizer = "sgd"\nschedule = "step"\ngamma = 0.5\nseed = 3\n[cell]\nx = 1\n'],
    ".json": ['{"cell": "gru", "lr": 0.01, "target": "y", "momentum": null}',
              '{"lr": [0.1], "val": 0.5, "init": "keras"}'],
}  # fmt: skip
SPACES = ['{"lr": {"low": 1e-4, "high": 0.1, "log": true}, "hidden": [2, 3]}', '{"lr": [0.1, 0.01], "cell": ["lstm"]}']
PROBLEM = {"U": [[1, 2]], "W": 0.5, "activation": "identity", "x": [[1, 2], [0, 1]], "answers": {"h": [[5], ["4.5"]]}}
ANSWERS = ['{"h": [[5], [4.5]]}', '{"answers": {"h": [["5"], null]}}', "h_1 = 5\nh_2 = 4.5\n"]
MARKS = "id,h[1],h[2]\nann,5,4.5\nbob,5,\n"
MATRICES = {".csv": "a,b\n1,2\n3,4\n", ".json": "[[1, 2], [3, 4]]", ".txt": "1 2\n3 4\n", ".tsv": "1\t2\n3\t4\n"}


# ---------------------------------------------------------------------------------------------------------- mutations


def mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, max(len(data) - 1, 0))
        match rng.randrange(5):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                del data[at : at + rng.randint(1, 30)]
            case 3:
                data[at:at] = rng.randbytes(rng.randint(1, 20))
            case 4:
                data[at : at + 8] = struct.pack("<Q", rng.choice([0, 1, 2**31, 2**32 - 1, 2**63, 10**7]))
    return bytes(data)


def mutated_text(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 3)):
        at, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        match rng.randrange(6):
            case 0:
                text = text[:at] + text[min(end, at + rng.randint(1, 8)) :]
            case 1 | 2:
                text = text[:at] + rng.choice(PIECES) + text[at if rng.random() < 0.5 else min(end, at + 6) :]
            case 3:
                text = text[:at] + text[at : at + 20] * rng.randint(1, 30) + text[at:]
            case 4:
                text = text[:at]
            case 5 if text:
                at = min(at, len(text) - 1)
                text = text[:at] + chr(ord(text[at]) ^ 1 << rng.randrange(7)) + text[at + 1 :]
    return text


def mutated_json(value: Any, rng: random.Random) -> Any:
    """A copy in which one place is another value, gone, doubled, or renamed."""
    value = json.loads(json.dumps(value))
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for key, inner in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(inner, dict | list):
                collect(inner)

    collect(value)
    for _ in range(rng.randint(1, 2) if places else 0):
        node, key = rng.choice(places)
        with contextlib.suppress(KeyError, IndexError):
            match rng.randrange(5):
                case 0 | 1:
                    node[key] = rng.choice(VALUES)
                case 2:
                    del node[key]
                case 3:
                    other, place = rng.choice(places)
                    node[key] = json.loads(json.dumps(other[place]))
                case 4 if isinstance(node, dict):
                    node[rng.choice(["x", "h", "layers", "direction", "h_p", "U"])] = node.pop(key)
                case 4:
                    node.append(node[key])
    return value


def mutated_lines(text: str, rng: random.Random) -> str:
    """JSON, an object a line, of which one or two have another place or, else, other text."""
    if rng.random() < 0.4:
        return mutated_text(text, rng)
    lines = text.splitlines()
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(lines))
        lines[at] = json.dumps(mutated_json(json.loads(lines[at]), rng))
    return "\n".join(lines) + "\n"


def mutated_toml(text: str, rng: random.Random) -> str:
    if rng.random() < 0.4:
        return mutated_text(text, rng)
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    value = rng.choice(
        [*PIECES[-14:], "[[1], 2]", "{low = 1}", "1979-05-27", "inf", "nan", "-1", "true", '"x"', "9" * 300]
    )
    lines[at] = f"{lines[at].partition(' = ')[0]} = {value}"
    return "\n".join(lines) + "\n"


def mutated_tensors(tensors: dict[str, np.ndarray], rng: random.Random) -> dict[str, np.ndarray]:
    kept = dict(tensors)
    name = rng.choice(list(kept))
    array = kept.pop(name)
    changes: list[Callable[[], dict[str, np.ndarray]]] = [
        lambda: {}, lambda: {name: array.T}, lambda: {name: array.reshape(-1)}, lambda: {name: array[:1]},
        lambda: {name: array[:0]}, lambda: {name: np.zeros(())}, lambda: {name: array.astype(np.int64)},
        lambda: {name: array * 1e300}, lambda: {name: array * np.nan}, lambda: {name: array[None]},
        lambda: {name: array.astype(np.float16)}, lambda: {name: array, name.replace("0", "7"): array},
        lambda: {name[:-1] + "merge": array}, lambda: {name: array, "layers.0.h0": rng_array(rng)},
        lambda: {name: array, "layers.0.backward.U": array}, lambda: {name: array > 0},
    ]  # fmt: skip
    return {**kept, **rng.choice(changes)()}


def rng_array(rng: random.Random) -> np.ndarray:
    return np.ones([rng.randint(0, 3) for _ in range(rng.randint(0, 3))])


def mutated_npy(array: np.ndarray, rng: random.Random) -> bytes:
    """A .npy file, its header or its bytes another one."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    content = file.getvalue()
    if rng.random() < 0.3:
        return mutated_bytes(content, rng)
    length = int.from_bytes(content[8:10], "little")
    text = content[10 : 10 + length].decode()
    shape = rng.choice(
        [(), (0,), (-1,), (3,), (2, 2, 2), (10**9, 400), (10**12,), (0, 10**12), (2, 3, 0), (True,), (2.5,), "x"]
    )
    kind = rng.choice(["<f8", "|O", "<U5", "<M8", "<c16", "|V8", "|b1", "<f2", "<U1000000000", ">i4", "[('a', '<f8')]"])
    match rng.randrange(4):
        case 0:
            text = f"{{'descr': '{kind}', 'fortran_order': {rng.random() < 0.5}, 'shape': {shape}, }}\n"
        case 1:
            text = text.replace("<f8", kind)
        case 2:
            text = mutated_text(text, rng)
        case 3:
            text = text.replace("(", rng.choice(["((", "", "(1,", "[", "-("]), 1)
    raw = text.encode("utf-8", "surrogatepass")[:65_000]
    width = rng.choice([len(raw), len(raw), len(raw), 0, 65_535])
    version = rng.choice([b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"])
    long = version != b"\x01\x00"
    return b"\x93NUMPY" + version + width.to_bytes(4 if long else 2, "little") + raw + content[10 + length :]


def mutated_npz(rng: random.Random) -> bytes:
    arrays: dict[str, Any] = {
        "x": rng.choice(
            [np.ones((2, 3, 2)), np.ones((2, 3)), np.zeros((3, 4, 2), np.int8), np.ones((0, 3)), np.ones(())]
        ),
        "y": rng.choice(
            [np.ones(2), np.array(["a", "b"]), np.ones((2, 3)), np.arange(2), np.array([1 + 2j, 3]), np.ones(())]
        ),
        "lengths": rng.choice(
            [np.array([2, 3]), np.array([9, 9]), np.array([1.0, 2.0]), np.array(["a", "b"]), np.ones(())]
        ),
    }
    arrays = {name: arrays[name] for name in rng.choice([("x", "y"), ("x", "y", "lengths"), ("x",), ("y",)])}
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", rng.choice([zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 6, zipfile.ZIP_BZIP2])
    ) as parts:
        for name, array in arrays.items():
            whole = io.BytesIO()
            np.save(whole, array)
            parts.writestr(f"{name}.npy", mutated_npy(array, rng) if rng.random() < 0.2 else whole.getvalue())
    return mutated_bytes(file.getvalue(), rng) if rng.random() < 0.2 else file.getvalue()


# ------------------------------------------------------------------------------------------------------------- commands

TRAIN = "--hidden 2 --layers 1 --epochs 1 --batch 2 --engine equations --quiet --checkpoint 100".split()


class Cases:
    """Mutated files of each reader, with the command that is to read them. Good models lie in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = list(good_models(np.random.default_rng(0)))
        for number, (tensors, about) in enumerate(self.models):
            (folder / f"good{number}.safetensors").write_bytes(packed(tensors, json.dumps(about)))
        for name, text in (("good.csv", TABLES[0]), ("good.txt", TEXTS[0]), ("good.jsonl", LINES[0])):
            (folder / name).write_text(text, encoding="utf-8")
        np.savez(folder / "good.npz", x=np.ones((2, 3, 2)), y=np.array(["a", "b"]))
        (folder / "problem.json").write_text(json.dumps(PROBLEM))
        self.out = str(folder / "out.safetensors")

    def write(self, name: str, content: bytes | str) -> str:
        place = self.folder / name
        place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return str(place)

    def good(self, name: str) -> str:
        return str(self.folder / name)

    def model(self, rng: random.Random) -> list[str]:
        tensors, about = rng.choice(self.models)
        match rng.randrange(8):
            case 0:
                content = mutated_bytes(packed(tensors, json.dumps(about)), rng)
            case 1:
                content = packed(tensors, json.dumps(about), lambda text: mutated_text(text, rng))
            case 2:
                content = packed(tensors, mutated_text(json.dumps(about), rng))
            case 3 | 4:
                content = packed(mutated_tensors(tensors, rng), json.dumps(about))
            case _:
                content = packed(tensors, json.dumps(mutated_json(about, rng)))
        model = self.write("m.safetensors", content)
        ending = {"text": "txt", "table": "csv", "lines": "jsonl", "arrays": "npz"}[about["data"]["kind"]]
        data = self.good(f"good.{ending}")
        return rng.choice([
            ["predict", model, data, "--every"], ["predict", model, data], ["generate", model, "--length", "5"],
            ["generate", model, "--length", "9", "--acrostic", "ab", "--top-k", "2"],
            ["forward", "--model", model, "--data", data],
            ["forward", "--model", model, "--x", "1 2; 3 4", "--format", "json"],
            ["plot", "loss", model, "-o", self.good("p.png")],
            ["plot", "states", model, "--data", data, "-o", self.good("p.png")],
            ["from_state_dict", model],
        ])  # fmt: skip

    def arrays(self, rng: random.Random) -> list[str]:
        if rng.random() < 0.5:
            path = self.write("a.npz", mutated_npz(rng))
        else:
            array = rng.choice([np.ones((2, 3)), np.ones((2, 3, 2)), np.array(["a"]), np.array([None]), np.ones(())])
            path = self.write("a.npy", mutated_npy(array, rng))
            if rng.random() < 0.5:
                return ["forward", "--U", "1 2", "--W", "1", "--x", f"@{path}"]
        loss = rng.choice([[], ["--loss", "cross_entropy"], ["--loss", "mean_squared_error"], ["--ahead", "1"]])
        good = self.good(f"good{rng.choice([3, 6])}.safetensors")
        return rng.choice([["train", "--data", path, "-o", self.out, *TRAIN, *loss], ["predict", good, path]])

    def lines(self, rng: random.Random) -> list[str]:
        path = self.write("a.jsonl", mutated_lines(rng.choice(LINES), rng))
        loss = rng.choice([[], ["--loss", "cross_entropy"], ["--tokens", "words"], ["--val", "0.5"]])
        good = self.good(f"good{rng.choice([4, 5])}.safetensors")
        return rng.choice([["train", "--data", path, "-o", self.out, *TRAIN, *loss], ["predict", good, path]])

    def text(self, rng: random.Random) -> list[str]:
        content: bytes | str = mutated_text(rng.choice(TEXTS), rng)
        if rng.random() < 0.3:
            content = mutated_bytes(str(content).encode("utf-8", "surrogatepass"), rng)
        path = self.write("a.txt", content[:20_000])  # whose every character is a line of what is predicted
        how = rng.choice(
            [[], ["--by", "line"], ["--tokens", "words"], ["--chunk", "3"], ["--at", "last", "--by", "line"]]
        )
        good = self.good(f"good{rng.choice([1, 2])}.safetensors")
        return rng.choice([["train", "--data", path, "-o", self.out, *TRAIN, *how], ["predict", good, path]])

    def table(self, rng: random.Random) -> list[str]:
        content: bytes | str = mutated_text(rng.choice(TABLES), rng)
        if rng.random() < 0.2:
            content = mutated_bytes(str(content).encode("utf-8", "surrogatepass"), rng)
        path = self.write("a.csv", content)
        how = rng.choice([
            ["--target", "y"], ["--target", "y", "--id", "id", "--time", "t"], ["--target", "3"], ["--target", "²"],
            ["--target", "y", "--time", "t", "--ahead", "1"], ["--target", "y", "--window", "2", "--val", "0.5"],
            ["--target", "y", "--input", "x", "--loss", "cross_entropy"], ["--target", "x,y"],
        ])  # fmt: skip
        marks = self.write("marks.csv", mutated_text(MARKS, rng))
        matrix, ending = rng.choice([(text, ending) for ending, text in MATRICES.items()])
        file = self.write(f"x{ending}", mutated_text(matrix, rng))
        columns = rng.choice(["", "", ":a,b", ":2"]) if ending == ".csv" else ""
        return rng.choice([
            ["train", "--data", path, "-o", self.out, *TRAIN, *how], ["predict", self.good("good0.safetensors"), path],
            ["forward", "--U", "1 2", "--W", "1", "--x", f"@{file}{columns}"],
            ["grade", self.good("problem.json"), marks],
        ])  # fmt: skip

    def config(self, rng: random.Random) -> list[str]:
        ending = rng.choice(list(CONFIGS))
        change = mutated_toml if ending == ".toml" else mutated_lines
        path = self.write(f"a{ending}", change(rng.choice(CONFIGS[ending]), rng))
        space = self.write("space.json", mutated_lines(rng.choice(SPACES), rng))
        data = ["--data", self.good("good.csv"), "--target", "y"]
        count = ["--val", "0.5", *rng.choice([[], ["--random", "3"]])]
        return rng.choice([
            ["train", "--config", path, "-o", self.out, *data, *TRAIN],
            ["sweep", "--space", rng.choice([space, path]), "-o", self.good("sweep.jsonl"), *data, *TRAIN[:8], *count],
        ])  # fmt: skip

    def problem(self, rng: random.Random) -> list[str]:
        path = self.write("p.json", mutated_lines(json.dumps(PROBLEM), rng))
        answers = self.write("answers.json", mutated_text(rng.choice(ANSWERS), rng))
        return rng.choice([
            ["forward", path], ["backward", path, "--dy", "1;1"], ["check", path],
            ["check", self.good("problem.json"), "--answers", answers], ["grade", self.good("problem.json"), answers],
            ["grade", path, answers],
        ])  # fmt: skip

    @property
    def readers(self) -> dict[str, Callable[[random.Random], list[str]]]:
        names = ("model", "arrays", "lines", "text", "table", "config", "problem")
        return {name: getattr(self, name) for name in names}


class Here:
    """In place of a pool of processes: nothing is trained, each trial's options are only looked at."""

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        pass

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], trial: dict[str, Any]) -> Future[Any]:
        from rnncalc.errors import RnncalcError
        from rnncalc.pipeline import recipe

        done: Future[Any] = Future()
        with contextlib.suppress(RnncalcError):
            recipe.checked(trial, "")
        done.set_result({"options": trial, "val_loss": 1.0})
        return done


def carried_out(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command in this process, and what it said; 70 with the traceback for what escaped."""
    code, text = _once(arguments, "0")
    return _once(arguments, "1") if code == 70 else (code, text)


def _once(arguments: list[str], debug: str) -> tuple[int, str]:
    from rnncalc import from_state_dict
    from rnncalc.cli.main import main
    from rnncalc.errors import RnncalcError

    said, printed = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogatepass") for _ in "01")
    if "-o" in arguments:
        Path(arguments[arguments.index("-o") + 1]).unlink(missing_ok=True)
    code = 0
    try:
        with (
            contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said), warnings.catch_warnings(),
            np.errstate(all="ignore"), mock.patch.object(sys, "argv", ["rnncalc", *arguments]),
            mock.patch("concurrent.futures.ProcessPoolExecutor", Here), mock.patch("rnncalc.cli.streams.prepare"),
            mock.patch.dict(os.environ, {"RNNCALC_DEBUG": debug}),
        ):  # fmt: skip
            warnings.simplefilter("error")
            if arguments[0] == "from_state_dict":
                with contextlib.suppress(RnncalcError):
                    from_state_dict(arguments[1], engine="equations")
            else:
                main()
    except SystemExit as left:
        code = int(left.code or 0)
    except BaseException:
        return -1, traceback.format_exc()
    said.flush()
    return code, said.buffer.getvalue().decode("utf-8", "replace")


def fault(code: int, text: str) -> str:
    """What is wrong with an ending, "" if nothing: an exit code that there is not, a traceback, a message too long."""
    if code not in (0, 1, 2, 3):
        frames = [line.strip() for line in text.splitlines() if line.strip().startswith("File ")]
        inner = [line for line in frames if "rnncalc/" in line] or frames
        last = text.strip().splitlines()[-1][:150] if text.strip() else ""
        return (
            f"exit {code}: {' < '.join(line.split(', in')[0].rpartition('rnncalc/')[2] for line in inner[-2:])}: {last}"
        )
    if "needs more memory" in text:
        return f"exit {code}: more memory than is allowed"
    if code == 2 and not text.strip():
        return "exit 2 without a word"
    return ""
