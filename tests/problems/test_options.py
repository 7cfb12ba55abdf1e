"""Keys whose value is an object or a list of words, as options, in a sheet and in a file: the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import command

LAYER = {"U": [[0.5]], "W": [[-0.3]], "b": [0.1]}
GATED = {"r": 0.5, "z": -0.3, "n": 1}
OBJECTS: dict[str, dict[str, Any]] = {
    "signals": {"signals": {"s": "h", "o": "y"}},
    "layers": {"layers": [LAYER, LAYER]},
    "backward": {**LAYER, "direction": "both", "backward": LAYER},
    "U": {"cell": "gru", "U": GATED, "W": GATED},
    "cell": {"cell": {"name": "own", "equations": {"h": "tanh(P @ h_p + x_t)"}, "state": ["h"], "emits": "h"}, "P": 1},
    "equations": {"equations": ["h_t = tanh(W x_t + U h_{t-1})"], "W": 0.5, "U": 0.3},
    "precision": {"precision": {"decimals": 1}},
    "points": {"points": {"h": 2}},
    "carry": {"carry": {"credit": 0.5, "at_most": 0.6}},
}  # fmt: skip


@pytest.mark.parametrize("key", OBJECTS)
def test_an_object_is_an_option_too(key: str, tmp_path: Path) -> None:
    problem = {
        "x": [1, -0.4],
        **({} if {"layers", "cell", "equations"} & OBJECTS[key].keys() else LAYER),
        **OBJECTS[key],
    }
    beside = tmp_path / "beside.json"
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(problem), encoding="utf-8")
    beside.write_text(json.dumps({name: value for name, value in problem.items() if name != key}), encoding="utf-8")
    answers = ("--answers", '{"h": [["0.5"], ["0.2"]]}') if key in ("precision", "points", "carry") else ()
    name = "check" if answers else "forward"
    wanted = command(name, str(whole), *answers)
    typed = command(name, str(beside), f"--{key}", json.dumps(problem[key]), *answers)
    assert (typed.code, typed.out) == (wanted.code, wanted.out), typed.err
    assert wanted.code in (0, 1), wanted.err


@pytest.mark.parametrize("key", ["signals", "precision", "layers"])
def test_json_that_is_none_names_its_option(key: str) -> None:
    done = command("forward", "--U", "1", "--W", "1", "--x", "1", f"--{key}", '{"s": }')
    assert done.code == 2
    assert f"--{key}: " in done.err
