"""What the families of tests share: cells, random networks whose numbers hide nothing, commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.engine.choice import compiling_disabled, numba_installed
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.network import inference, network
from rnncalc.network.network import Network
from rnncalc.network.view import View
from support import forked

EXAMPLES = Path(__file__).parents[1] / "examples"
EXPECTED = json.loads((EXAMPLES / "EXPECTED.json").read_text(encoding="utf-8"))
ENGINES = ("equations", "numba")

MGU = Cell(
    "mgu",
    {
        "f": "sigmoid(b_f + W_f @ h_p + U_f @ x_t)",
        "n": "tanh(b_n + W_n @ (f * h_p) + U_n @ x_t)",
        "h": "(1 - f) * h_p + f * n",
    },
    ["h"],
    "h",
)
ODD = Cell(  # everything that an own cell may do: peepholes, minus signs, nested calls, constants, x_t entry by entry
    "odd",
    {
        "i": "sigmoid(b_i - W_i @ h_p + U_i @ x_t + p_i * c_p)",
        "c": "i * c_p + (1 - i) * tanh(U_c @ x_t) - 0.25 * x_t",
        "o": "relu(W_o @ (c * h_p) - 2 * (W_q @ c) + 1)",
        "h": "tanh(c) * exp(-0.5 * i) + identity(0.125 * o)",
    },
    ["h", "c"],
    "h",
)
TIED = Cell(  # one weight in two lines, once with a minus sign
    "tied",
    {
        "z": "sigmoid(b + W @ h_p + U @ x_t)",
        "n": "tanh(b - W @ (z * h_p) + U @ x_t)",
        "h": "(1 - z) * h_p + z * n",
    },
    ["h"],
    "h",
)
PROJECTED = Cell(  # narrower outside than inside, as an LSTM with a projection
    "projected",
    {
        "f": "sigmoid(b_f + W_f @ r_p + U_f @ x_t)",
        "c": "f * c_p + (1 - f) * tanh(b_c + W_c @ r_p + U_c @ x_t)",
        "r": "tanh(P @ c)",
    },
    ["r", "c"],
    "r",
    outputs=("r",),
)


def every_cell() -> dict[str, Cell]:
    """The registry with every switch in every position, and cells of our own."""
    cells = dict(CELLS)
    for name, cell in CELLS.items():
        for option, choices in cell.switches.items():
            for value in choices:
                cells[f"{name}, {option} {value}"] = cell.switch(**{option: value})
    return {**cells, "mgu": MGU, "odd": ODD, "tied": TIED, "projected": PROJECTED}


def random_arrays(cell: Cell, rng: np.random.Generator, D: int = 3, H: int = 5, O: int = 4) -> dict[str, Any]:
    """Arrays for a layer: random and asymmetric, weights scaled by 1/√fan-in, so that nothing saturates or explodes."""
    sizes = {"D": H if cell.name == "odd" else D, "H": H, "O": O}
    arrays = {}
    for name, stack in cell.stacks.items():
        rows = sum(sizes[parameter.rows] for parameter in stack)
        if stack[0].columns is None:
            arrays[name] = rng.normal(size=rows)
        else:
            arrays[name] = rng.normal(size=(rows, sizes[stack[0].columns])) / np.sqrt(sizes[stack[0].columns])
    return arrays


compiler = pytest.mark.skipif(
    compiling_disabled() or not numba_installed(), reason="without a compiler the equations are interpreted"
)


def random_starts(
    cell: Cell, rng: np.random.Generator, layer: Layer | DirectionalLayer, sequences: int
) -> dict[str, Any]:
    """An initial state for every sequence."""
    return {f"{state}0": rng.normal(size=(sequences, layer.sizes[cell.size(state)])) for state in cell.state}


def choose_lane_batched(monkeypatch: pytest.MonkeyPatch, chosen: bool) -> None:
    """Every batch that can run across its sequences does, or none."""

    def across_pays(net: Network, view: View) -> bool:
        schedule = view.schedule
        return chosen and net.compiles and schedule.sequences > 1 and schedule.steps > 0 and not schedule.ragged

    for module in (inference, network):
        monkeypatch.setattr(module, "across_pays", across_pays)


def random_network(
    cell: Cell,
    seed: int = 0,
    *,
    engine: str = "equations",
    dtype: str = "float64",
    read_out: str | None = None,
    **sizes: int,
) -> Network:
    """A network of one layer of the cell."""
    rng = np.random.default_rng(seed)
    layer = Layer(cell, **random_arrays(cell, rng, **sizes))
    if read_out is None or cell.owns_read_out:
        return Network([layer], dtype=dtype, engine=engine)
    V, c = rng.normal(size=(7, layer.width)), rng.normal(size=7)
    return Network([layer], V, c, read_out, dtype=dtype, engine=engine)


def inputs(network: Network, rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random inputs of that shape, with the network's D behind it."""
    return rng.normal(size=(*shape, network.sizes["D"]))


def run(
    *arguments: str, stdin: str | bytes = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line as its own process, piped; a forked one where the surroundings are those of all tests."""
    surroundings = {**forked.surroundings(), **(environment or {})}
    data = stdin.encode() if isinstance(stdin, str) else stdin
    if surroundings == forked.SURROUNDINGS and hasattr(os, "fork"):
        code, out, err = forked.run(arguments, data)
    else:
        command = [sys.executable, "-m", "rnncalc", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, env=surroundings)
        code, out, err = done.returncode, done.stdout, done.stderr
    return subprocess.CompletedProcess(arguments, code, out.decode(), err.decode())


def python(code: str, folder: Path | None = None, **environment: str) -> str:
    """What a program prints in a process of its own."""
    surroundings = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(*arguments: str) -> Any:
    """What the command line answers with --format json, in this process."""
    from click.testing import CliRunner

    from rnncalc.cli.main import commands

    result = CliRunner().invoke(
        commands, [*arguments, "--format", "json"], catch_exceptions=False, standalone_mode=False
    )
    return json.loads(result.stdout)


def example(name: str) -> Any:
    """One of the published problems."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


__all__ = [name for name in dir() if not name.startswith("_")] + ["rnncalc"]
