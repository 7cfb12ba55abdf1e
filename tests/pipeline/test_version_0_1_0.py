"""Models that version 0.1.0 wrote, at its commit 0939e07, are read, and give the outputs that it gave: docs/policy.md.

`table` and `text` come from its `rnncalc train`; `stack` has a GRU below both directions of a cell of one's own.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import rnncalc
from rnncalc.network import stack

FOLDER = Path(__file__).with_name("version_0_1_0")
OUTPUTS = json.loads((FOLDER / "outputs.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is compiled: the same numbers, and no wait."""
    monkeypatch.setattr(stack, "compiling_disabled", lambda: True)


@pytest.mark.parametrize("name", OUTPUTS)
def test_its_models_give_its_outputs(name: str) -> None:
    model = rnncalc.load_model(FOLDER / f"{name}.safetensors")
    y = model.network(np.array(OUTPUTS[name]["x"]))
    assert y.dtype == (np.float64 if name == "stack" else np.float32)
    np.testing.assert_allclose(y, OUTPUTS[name]["y"], rtol=1e-5 if y.dtype == np.float32 else 1e-12, atol=1e-7)


def test_what_it_knew_beside_the_weights_is_there() -> None:
    table, text = (rnncalc.load_model(FOLDER / f"{name}.safetensors") for name in ("table", "text"))
    assert table.scaling
    assert table.history
    assert len(text.vocabulary) == len(OUTPUTS["text"]["y"][0])
    assert text.history[-1]["loss"] > 0


@pytest.mark.parametrize("name", OUTPUTS)
def test_they_can_be_written_as_they_are_now(name: str, tmp_path: Path) -> None:
    old = rnncalc.load_model(FOLDER / f"{name}.safetensors")
    rnncalc.save_model(old.network, tmp_path / "new.safetensors")
    x = np.array(OUTPUTS[name]["x"])
    assert np.array_equal(rnncalc.load_model(tmp_path / "new.safetensors")(x), old(x))


def test_a_later_format_is_refused_in_words(tmp_path: Path) -> None:
    later = tmp_path / "later.safetensors"
    shutil.copy(FOLDER / "stack.safetensors", later)
    data = later.read_bytes()
    assert data.count(b'\\"format\\": 1') == 1
    later.write_bytes(data.replace(b'\\"format\\": 1', b'\\"format\\": 2'))
    with pytest.raises(rnncalc.RnncalcError, match="format"):
        rnncalc.load_model(later)
