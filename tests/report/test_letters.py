"""`--work` speaks the sheet's letters: every cell under every notation, with parts present and absent."""

import re
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.common.letters import LACKING, spelled
from rnncalc.model.cells import CELLS
from rnncalc.problems.notation import NOTATIONS, gate_letters

FOREIGN = [name for name in NOTATIONS if name not in ("goodfellow", "swapped", "onnx", "pytorch", "cs231n")]


def worked(cell: str, notation: str, seed: int) -> tuple[dict[str, Any], str]:
    """A problem in that notation, by gate where its names allow, and what `backward --work` says of it."""
    rng = np.random.default_rng(seed)
    known, record = NOTATIONS[notation], CELLS[cell]
    sizes = {"D": 2, "H": 3, "O": 2}
    keys: dict[str, Any] = {"notation": notation, "cell": cell, "x": rng.normal(size=(2, 2)).round(2).tolist()}
    whole = {ours: theirs for theirs, ours in list(known.letters.items())[::-1]}
    parts = {ours: theirs for theirs, ours in list(known.by_gate.items())[::-1]}
    for name, stack in record.stacks.items():
        if name in ("b", "c", "d") and rng.random() < 0.4:
            continue
        for parameter in stack:
            shape = (sizes[parameter.rows], *([sizes[parameter.columns]] if parameter.columns else []))
            array = rng.normal(size=shape).round(2)
            if len(stack) > 1:
                if name not in parts:
                    return {}, ""
                letter = gate_letters(record)[parameter.gate or ""][-1]
                keys[parts[name].replace("*", letter)] = (array.T if known.rows else array).tolist()
            else:
                keys[whole.get(name, name)] = (array.T if known.rows else array).tolist()
    if not record.owns_read_out:
        V = rng.normal(size=(2, 3)).round(2)
        keys[whole.get("V", "V")] = (V.T if known.rows else V).tolist()
    keys |= {"targets": [0, 1], "loss": "cross_entropy", "lr": 0.1, "signals": {"q": "h"}}
    keys["output"] = "log_softmax" if cell == "i2h_i2o" else str(rng.choice(["identity", "softmax", "log_softmax"]))
    problem = rnncalc.problem(**keys)
    return keys, problem.backward().text(work=True)


@pytest.mark.parametrize("notation", FOREIGN)
@pytest.mark.parametrize("cell", CELLS)
def test_backward_work_mixes_no_letters(cell: str, notation: str) -> None:
    for seed in range(3):
        keys, text = worked(cell, notation, seed)
        if not text:  # their names have no gates
            return
        for name in ("U", "W", "V", "b"):
            if any(key.split("_")[0] == name and NOTATIONS[notation].letters.get(key, name) == name
                               for key in keys):  # fmt: skip
                continue  # their name of it is ours
            ours = re.findall(rf"\bd?{name}(?:_\d|_\{{?[a-z],?\d|ᵀ| )", text)
            assert not ours, (name, ours[:3])
        assert not re.search(r"\bd?h_", text)
        assert not re.search(r"softmax\([-\d]", text)
        assert "total_target" not in text
        assert LACKING not in spelled(text, "ascii").replace(" = ?", "")


def test_row_vectors_keep_the_sum_in_front() -> None:
    keys: dict[str, Any] = {
        "W_xh": [[1.0]],
        "W_hh": [[1.0]],
        "W_hq": [[1.0]],
        "x": [[1.0]],
        "notation": "d2l",
        "dy": [[1.0]],
    }
    assert "dW_xh = Σ_t (x_tᵀ da_t)" in rnncalc.problem(**keys).backward().text()


@pytest.mark.parametrize("sums", [True, False])
def test_cross_entropy_is_output_minus_target(sums: bool) -> None:
    targets = [[1.0, 0.0]] if sums else [[1.0, 1.0]]
    keys: dict[str, Any] = {
        "U": [[1.0]],
        "W": [[1.0]],
        "V": [[1.0], [2.0]],
        "x": [[1.0]],
        "targets": targets,
        "loss": "cross_entropy",
    }
    by_name = rnncalc.problem(**keys, output="softmax").backward().text(work=True)
    assert ("ds_t = y_t - target_t" if sums else "ds_t = sum(target_t) ∘ y_t - target_t") in by_name
    written = rnncalc.problem(**keys, output="identity").backward().text(work=True)
    assert "softmax(s_t) - target_t" in written
    assert re.search(r"ds_1\[1\] = .*exp\(0\.76\S+\) / \(exp\(0\.76\S+\) \+ exp\(1\.5\S+\)\)", written)
