"""Layers: how two directions become one and back, which initial states a batch shares, what is said of wrong arrays."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from rnncalc.errors import RnncalcError
from rnncalc.model.arrays import as_array
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import DirectionalLayer, Layer, cell_named
from rnncalc.model.merges import MERGES, unmerged
from rnncalc.model.packed_batch import PackedBatch

SIZES = {"D": 3, "H": 5, "O": 2}
STEP = 1e-30


def arrays(cell: Cell, rng: np.random.Generator, **sizes: int) -> dict[str, np.ndarray]:
    sizes = {**SIZES, **sizes}
    return {name: rng.normal(size=cell.shape(name, sizes)) for name in cell.stacks}


@pytest.mark.parametrize("merge", MERGES)
def test_a_gradient_divides_as_the_directions_were_merged(merge: str) -> None:
    rng = np.random.default_rng(1)
    f, b = (rng.normal(size=(4, 3)).astype(complex) for _direction in range(2))
    expected = {"concat": np.hstack([f, b]), "sum": f + b, "ave": (f + b) / 2, "mul": f * b}[merge]
    np.testing.assert_array_equal(MERGES[merge](f, b), expected)
    dy = rng.normal(size=expected.shape)
    for number, gradient in enumerate(unmerged(merge, dy, f.real, b.real)):
        for place in np.ndindex(f.shape):
            moved = [f.copy(), b.copy()]
            moved[number][place] += 1j * STEP
            assert gradient[place] == pytest.approx((MERGES[merge](*moved).imag * dy).sum() / STEP, rel=1e-13)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("name", ["elman", "lstm", "gru_after"])
def test_a_layer_hands_up_as_much_as_its_directions_make(name: str, direction: str, merge: str) -> None:
    rng, cell = np.random.default_rng(2), CELLS[name]
    both = {"backward": arrays(cell, rng)} if direction == "both" else {}
    layer = Layer(cell, direction=direction, merge=merge, **both, **arrays(cell, rng))  # type: ignore[arg-type]
    states = [np.zeros((1, SIZES["H"])) for _part in layer.passes]
    assert layer.width == (MERGES[merge](*states) if len(states) > 1 else states[0]).shape[1]
    assert list(layer.passes) == (["forward", "backward"] if direction == "both" else [direction])


def test_initial_states_come_from_the_call_else_from_the_layer_and_are_shared_where_they_are_one_vector() -> None:
    draw, cell = random.Random(5), CELLS["lstm"]
    rng, batch = np.random.default_rng(5), PackedBatch.of(4, 3, [1, 3, 0, 2], None)
    for _time in range(60):
        kinds = {(state, where): draw.choice(["none", "one", "each"]) for state in "hc" for where in ("own", "given")}
        values = {
            place: None if kind == "none" else rng.normal(size=(5,) if kind == "one" else (4, 5))
            for place, kind in kinds.items()
        }
        own = {f"{state}0": values[state, "own"] for state in "hc" if values[state, "own"] is not None}
        given = {f"{state}0": values[state, "given"] for state in "hc"}
        part = DirectionalLayer(cell, **arrays(cell, rng), **own)
        initial = part.start(given, batch, np.dtype(np.float64))
        taken = {state: values[state, "given"] for state in "hc"}
        taken = {state: values[state, "own"] if value is None else value for state, value in taken.items()}
        assert set(initial) == {state for state, value in taken.items() if value is not None}
        for state, rows in initial.items():
            np.testing.assert_array_equal(rows, np.broadcast_to(taken[state], (4, 5))[batch.order])  # type: ignore[arg-type]
        assert part.shared(given, True) == {s for s, value in taken.items() if value is not None and value.ndim == 1}
        assert not part.shared(given, False)  # a single sequence


WRONG: dict[str, Callable[[], object]] = {
    "no cell is called “elmann”": lambda: cell_named("elmann"),
    "no cell is called “3”": lambda: cell_named(3),  # type: ignore[arg-type]
    "W is not given": lambda: Layer("elman", U=np.ones((2, 3))),
    "W must be (4·H, H), got (8, 2, 1)": lambda: Layer("lstm", U=np.ones((8, 3)), W=np.ones((8, 2, 1))),
    "b must be (4·H,), got (7,)": lambda: Layer("lstm", U=np.ones((8, 3)), W=np.ones((8, 2)), b=np.ones(7)),
    "b must be (H,), got (2, 1)": lambda: Layer("elman", U=np.ones((2, 3)), W=np.ones((2, 2)), b=np.ones((2, 1))),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_with_arrays_is_said_with_the_shape_that_was_wanted(message: str) -> None:
    with pytest.raises(RnncalcError) as error:
        WRONG[message]()
    assert message in str(error.value)


def test_a_cell_that_adds_its_input_has_as_many_inputs_as_units() -> None:
    cell = Cell("adding", {"a": "W @ h_p + U @ x_t", "h": "tanh(a) + x_t"}, state=["h"], emits="h")
    assert Layer(cell, W=np.eye(4), U=np.ones((4, 4))).sizes == {"H": 4, "D": 4}
    with pytest.raises(RnncalcError, match="adding takes x_t entry by entry, so D must be H = 4; U says D = 3"):
        Layer(cell, W=np.eye(4), U=np.ones((4, 3)))
    assert cell.shape("U", {"H": 4, "D": 4}) == (4, 4)


def test_a_misspelt_previous_state_is_named() -> None:
    cell = Cell("own", {"a": "W @ h_p + U @ x_t + h_q", "h": "tanh(a)"}, state=["h"], emits="h")
    with pytest.raises(RnncalcError, match="h_q is not given: own needs it; did you mean “h_p”"):
        Layer(cell, W=np.eye(2), U=np.ones((2, 3)))
    cell = Cell("own", {"a": "W @ h_p + U @ x_t + k_q", "h": "tanh(a)"}, state=["h"], emits="h")
    with pytest.raises(RnncalcError, match=r"k_q is not given: own needs it$"):
        Layer(cell, W=np.eye(2), U=np.ones((2, 3)))


@pytest.mark.parametrize("given", ["float16", "float32", "float64", "int8", "int64", "uint16", "bool"])
def test_arrays_are_floats_of_their_own_kind_or_of_float64(given: str) -> None:
    kept = given.startswith("float")
    for array in (np.ones((2, 3), given), np.ones((2, 3), given).tolist()):
        result = as_array("U", array)
        assert result.dtype == (given if kept and isinstance(array, np.ndarray) else "float64")
        assert result.tolist() == np.ones((2, 3)).tolist()


def test_arrays_of_jax_in_half_precision_are_float32() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    array = as_array("U", np.array([0.5, 1.25], bfloat16))
    assert (array.dtype, array.tolist()) == (np.dtype(np.float32), [0.5, 1.25])


@pytest.mark.parametrize("wrong", [[[1], [2, 3]], "0.5", [None], [1j], object(), {"a": 1}])
def test_what_is_no_array_of_real_numbers_is_refused(wrong: object) -> None:
    with pytest.raises(RnncalcError, match=r"U must be an array of real numbers, (with rows|and its|not|and entry) "):
        as_array("U", wrong)
