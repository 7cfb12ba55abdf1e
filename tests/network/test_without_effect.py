"""Options that change nothing where they stand are refused, and those that do change something are taken."""

from typing import Any

import numpy as np
import pytest
from support.helpers import random_arrays

from rnncalc import Layer, Network, RnncalcError, load_model, random_network, save_model
from rnncalc.model.cells import CELLS
from rnncalc.model.merges import MERGES


def layer(cell: str, direction: str, **options: Any) -> Layer:
    rng = np.random.default_rng(len(cell))
    if direction == "both":
        options["backward"] = random_arrays(CELLS[cell], rng)
    options |= random_arrays(CELLS[cell], rng)
    return Layer(cell, direction=direction, **options)


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_after"])
def test_merge_is_of_two_directions(cell: str, direction: str, merge: str) -> None:
    made = (
        lambda: layer(cell, direction, merge=merge),
        lambda: random_network(cell, 2, 3, 1, layers=2, direction=direction, merge=merge, engine="equations"),
    )
    for make in made:
        if direction == "both" or merge == "concat":
            make()
        else:
            with pytest.raises(RnncalcError, match='merge has no effect here: it belongs to direction="both"'):
                make()


@pytest.mark.parametrize("embed", [0, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_a_forget_bias_is_of_an_lstm(cell: str, embed: int) -> None:
    if cell == "lstm":
        net = random_network(cell, 2, 3, 1, forget_bias=1.5, embed=embed, engine="equations")
        assert (net.layers[-1].parameters["b_f"] == 1.5).all()
        return
    with pytest.raises(RnncalcError, match="forget_bias has no effect here: it belongs to lstm"):
        random_network(cell, 2, 3, 1, forget_bias=1.5, embed=embed, engine="equations")


@pytest.mark.parametrize("schedule", ["constant", "step", "exponential", "plateau", "cosine"])
@pytest.mark.parametrize("dropout", [{}, {"dropout": 0.1}, {"input_dropout": 0.1}])
@pytest.mark.parametrize("option", [{"gamma": 0.5}, {"every": 2}, {"dropout_mask": "step"}])
def test_settings_of_training(schedule: str, dropout: dict[str, Any], option: dict[str, Any]) -> None:
    """What is refused changes nothing: with its default the weights are the same to the bit."""
    x = np.random.default_rng(5).normal(size=(6, 4, 2))

    def trained(**more: Any) -> bytes:
        net = random_network("elman", 2, 3, 2, engine="equations")
        net.fit(x, x, loss="mean_squared_error", epochs=5, batch=3, schedule=schedule, **dropout, **more)
        return b"".join(array.tobytes() for array in net.parameters.values())

    (name,) = option
    works = (
        bool(dropout)
        if name == "dropout_mask"
        else schedule in ("step", "plateau", "exponential"[: 99 * (name == "gamma")])
    )
    if works:
        trained(**option)
        return
    with pytest.raises(
        RnncalcError, match=f"{name} has no effect here: it belongs to (schedule|dropout, input_dropout)"
    ):
        trained(**option)


def test_a_model_of_an_earlier_version_with_a_merge_of_nothing_is_read(tmp_path: Any) -> None:
    net = Network([layer("gru", "backward")], engine="equations")
    net.layers[0].merge = "sum"
    save_model(net, tmp_path / "m.safetensors")
    x = np.random.default_rng(0).normal(size=(4, net.sizes["D"]))
    np.testing.assert_array_equal(load_model(tmp_path / "m.safetensors", engine="equations")(x), net(x))
