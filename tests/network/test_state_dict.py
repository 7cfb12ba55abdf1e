"""PyTorch's names without PyTorch: mappings of arrays, .safetensors files, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import random_arrays

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS

RNG = np.random.default_rng(1)


def tensors(cell: str = "lstm", prefix: str = "", level: int = 0, D: int = 3) -> dict[str, np.ndarray]:
    p = random_arrays(CELLS[cell], np.random.default_rng(level), D=D)
    second = np.zeros_like(p["b"])
    if "d" in p:
        second[10:] = p["d"]
    return {
        f"{prefix}weight_ih_l{level}": p["U"],
        f"{prefix}weight_hh_l{level}": p["W"],
        f"{prefix}bias_ih_l{level}": p["b"],
        f"{prefix}bias_hh_l{level}": second,
    }


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_after"])
def test_the_number_of_gates_tells_the_cell(cell: str) -> None:
    net = rnncalc.from_state_dict(tensors(cell))
    assert net.layers[0].cell.name == cell
    p = random_arrays(CELLS[cell], np.random.default_rng(0))
    x = RNG.normal(size=(4, 3))
    np.testing.assert_allclose(net(x), rnncalc.Network([rnncalc.Layer(cell, **p)])(x), rtol=0, atol=1e-15)


def test_layers_prefixes_and_the_read_out() -> None:
    stacked = {
        **tensors(prefix="encoder.rnn."),
        **tensors(prefix="encoder.rnn.", level=1, D=5),
        "fc.weight": np.ones((2, 5)),
    }
    net = rnncalc.from_state_dict(
        {**stacked, "fc.bias": np.ones(2), "other": np.ones(3)}, readout="fc", output="softmax"
    )
    assert len(net.layers) == 2
    assert net.sizes == {"D": 3, "H": 5, "O": 2}
    assert net(RNG.normal(size=(4, 3))).sum() == pytest.approx(4)


def test_biases_may_be_missing() -> None:
    weights = {name: array for name, array in tensors("gru_after").items() if "bias" not in name}
    assert not rnncalc.from_state_dict(weights).layers[0].arrays["d"].any()


def test_safetensors(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "model.safetensors"
    safetensors.save_file(tensors(), path)
    x = RNG.normal(size=(4, 3))
    np.testing.assert_array_equal(rnncalc.from_state_dict(path)(x), rnncalc.from_state_dict(tensors())(x))
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(RnncalcError, match=r"cannot read .*model\.safetensors"):
        rnncalc.from_state_dict(path)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            {"weight_ih_l0": None, "weight_hh_l0": None, "bias_ih_l0": None, "bias_hh_l0": None},
            {},
            "no weight_ih_l0 under the prefix",
        ),
        ({"weight_ih_l0": None}, {}, "weight_ih is missing"),
        ({"weight_hh_l0": np.ones((10, 5))}, {}, "weight_hh is (10, 5)"),
        ({"weight_hr_l0": np.ones((2, 5))}, {"cell": "gru"}, "only an LSTM has a projection"),
        ({}, {"activation": "tanh,relu"}, "activation names 2 functions, and there are 1 layers"),
        ({"weight_ih_l2": np.ones((20, 5))}, {}, "layers are missing"),
        (
            {"a.weight_ih_l0": np.ones((20, 3)), "a.weight_hh_l0": np.ones((20, 5))},
            {},
            "there are several modules, “”, “a”",
        ),
        ({}, {"readout": "fc"}, "there is no fc.weight"),
        ({}, {"activation": "relu"}, "lstm has no activation"),
    ],
)
def test_what_is_not_there_or_does_not_fit(change: dict[str, Any], options: dict[str, Any], message: str) -> None:
    changed = {name: array for name, array in {**tensors(), **change}.items() if array is not None}
    with pytest.raises(RnncalcError) as refused:
        rnncalc.from_state_dict(changed, **options)
    assert message in str(refused.value)
