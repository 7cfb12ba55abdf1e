"""Lists of sequences of any lengths: the bits of each alone, in a call, a trace and its gradients."""

from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES

from rnncalc import random_network
from rnncalc.errors import ShapeError

LENGTHS = [[3, 1], [2, 5, 0, 4], [1, 2, 3], [0, 1], [4, 4]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["list", "tuple", "nested"])
def test_a_list_gives_each_sequence_its_own_bits(kind: str, engine: str) -> None:
    rng = np.random.default_rng(0)
    for lengths in LENGTHS:
        for direction in ("forward", "both") if engine == "equations" else ("forward",):
            net = random_network(
                "gru", inputs=2, hidden=3, outputs=2, direction=direction, engine=engine, dtype="float64"
            )
            parts = [rng.normal(size=(n, 2)) for n in lengths]
            given: Any = tuple(parts) if kind == "tuple" else parts
            given = [part.tolist() for part in parts] if kind == "nested" else given
            if kind == "nested" and 0 in lengths:
                continue  # an empty list says no width
            y, states = net(given, return_state=True)
            assert len(y) == len(parts)
            for part, mine, last in zip(parts, y, states["h"] if direction == "forward" else parts):
                assert mine.shape == (len(part), 2)
                if len(part):
                    alone, ends = net(part, return_state=True)
                    assert np.array_equal(mine, alone)
                    assert direction == "both" or np.array_equal(last, ends["h"])
            assert all(np.array_equal(mine, other) for mine, other in zip(y, net(given)))
            trace = net.forward(given)
            whole = np.zeros((len(parts), max(lengths), 2))
            for row, part in zip(whole, parts):
                row[: len(part)] = part
            batch = net.forward(whole, lengths=lengths)
            assert np.array_equal(trace.y, batch.y)
            targets = rng.normal(size=trace.y.shape)
            first, second = (net.backward(t, targets, loss="squared_error") for t in (trace, batch))
            assert np.array_equal(first.x, second.x)


def test_what_a_list_cannot_mean_is_refused() -> None:
    net = random_network("elman", inputs=2, hidden=3, outputs=1, engine="equations")
    ragged = [np.ones((2, 2)), np.ones((3, 2))]
    more: dict[str, Any]
    for more in ({"lengths": [2, 3]}, {"layout": "time_first"}):
        with pytest.raises(ShapeError, match="list of sequences"):
            net(ragged, **more)
    with pytest.raises(ShapeError, match="sequence 2 must be"):
        net([np.ones((2, 2)), np.ones((3, 1))])
    with pytest.raises(ShapeError):
        net([np.ones((2, 3)), np.ones((3, 3))])
    with pytest.raises(ShapeError):
        net([[[1, 2], [3]], [[1, 2]]])
