"""Files from strangers, at every reader: pipes and devices, and files that were mutated."""

import contextlib
import io
import json
import os
import random
import resource
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import random_network, run
from support.strangers import Cases, carried_out, fault, mutated_json, mutated_tensors, packed

import rnncalc
from rnncalc.common import npy
from rnncalc.errors import ParseError, RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import checkpoint, data, recipe
from rnncalc.pipeline.data_description import DataDescription


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
        first, _loss = data.read(str(tmp_path / f"on_disk_{name}"), DataDescription(target="y"))
        second, _loss = data.read(pipe, DataDescription(target="y"))
        assert np.array_equal(first.x, second.x)
    array = io.BytesIO()
    np.savez(array, x=np.ones((2, 3)), y=np.ones(2))
    assert data.read(fed(tmp_path / "p.npz", array.getvalue()), DataDescription())[0].x.shape == (6, 1)
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
            data.read("/dev/zero", DataDescription(kind=kind, target="y"))


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
