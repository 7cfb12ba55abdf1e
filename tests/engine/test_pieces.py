"""A large batch goes through the loops some sequences at a time: with the bits of all at once."""

from typing import Any

import numpy as np
import pytest
from support.helpers import choose_lane_batched, compiler, every_cell, inputs, random_network, random_starts

from rnncalc.common.threads import pieces
from rnncalc.engine.compiled.codegen.register import lanes
from rnncalc.engine.compiled.execution import prepared
from rnncalc.engine.compiled.packing import memory
from rnncalc.network import inference
from rnncalc.network.network import Network
from rnncalc.network.view import View

N, T = 9, 40  # more rows than a block of the read-out holds
LENGTHS = [40, 3, 0, 21, 40, 39, 1, 37, 32]


def everything(network: Network, x: np.ndarray, dy: np.ndarray, **given: Any) -> dict[str, np.ndarray]:
    """What a network gives for a batch: outputs, last states, signals and gradients."""
    y, final = network(x, return_state=True, **given)
    called = network(x, **given)
    trace = network.forward(x, **given)
    gradients = network.backward(trace, dy=dy)
    states = {f"last {name}": array for name, array in final.items()}
    return {"y": y, "called": called, **states, **trace, **{f"d{name}": array for name, array in gradients.items()}}


@compiler
@pytest.mark.parametrize("name", ["elman", "lstm", "gru_after", "jordan", "odd"])
@pytest.mark.parametrize(("ragged", "together"), [(False, 4), (True, 4), (True, 1)])
def test_pieces_give_the_bits_of_all_at_once(
    name: str, ragged: bool, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With initial states, in a block that holds all steps and in one that begins anew every few."""
    choose_lane_batched(monkeypatch, False)
    monkeypatch.setattr("rnncalc.engine.compiled.execution.adjoint.LARGE", 0)  # as if the adjoints were many
    cell, rng = every_cell()[name], np.random.default_rng(7)
    read_out: dict[str, Any] = {} if cell.owns_read_out else {"read_out": "softmax"}
    x = inputs(random_network(cell, 5), rng, N, T)
    given: dict[str, Any] = {"lengths": LENGTHS} if ragged else {}

    def fresh() -> Network:
        return random_network(cell, 5, engine="numba", **read_out)

    given |= random_starts(cell, rng, fresh().layers[0], N)
    dy = rng.normal(size=(N, T, fresh().y_width))
    at_once = everything(fresh(), x, dy, **given)
    monkeypatch.setattr(memory, "CHUNK", 1)
    monkeypatch.setattr(memory, "TOGETHER", together)
    for rows in (1000, 1):  # of the block, beside those of two steps
        monkeypatch.setattr(prepared, "CHUNK", 1)
        monkeypatch.setattr(prepared, "FEWEST", rows)
        for threads in (1, 2):
            network = fresh()
            network.threads = threads
            for what, array in everything(network, x, dy, **given).items():
                np.testing.assert_array_equal(array, at_once[what], err_msg=f"{what}, {rows} rows, {threads} threads")


def test_pieces_are_whole_and_as_long() -> None:
    for start, stop, most in [(0, 10, 3), (5, 6, 64), (7, 107, 10), (0, 1, 1)]:
        parts = pieces(slice(start, stop), most)
        assert [row for part in parts for row in range(part.start, part.stop)] == list(range(start, stop))
        lengths = {part.stop - part.start for part in parts}
        assert max(lengths) <= most
        assert max(lengths) - min(lengths) <= 1


@compiler
def test_very_many_short_rows_run_across() -> None:
    """Rows of one or two vectors run along the units in a small batch, across the sequences in a large one."""
    for vectors, across in ((1, True), (2, True), (8, False)):
        network = random_network(every_cell()["elman"], engine="numba", H=vectors * lanes(8))
        small, large = (View.full(count, 2, batch=True, time_first=False) for count in (64, inference.MANY))
        assert not inference.across_pays(network, small)
        assert inference.across_pays(network, large) is across
