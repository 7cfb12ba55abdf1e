"""Gradients against complex step, which knows nothing of backpropagation; and the suite against planted mistakes.

Longer than other files: the suite is itself tested, against planted mistakes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, MGU, ODD, compiler, every_cell, random_arrays, random_starts

import rnncalc
from rnncalc.engine.compiled.execution import adjoint as back
from rnncalc.engine.interpreter import InterpretedAdjoint
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.model.losses import LOSSES
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.gradients import Gradients
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective

SIZES = {"D": 3, "H": 5, "O": 4}
LENGTHS = [4, 0, 6, 1]
ENTRIES = 6  # of each quantity that are held against complex step
WITHIN = {"float64": 1e-11, "float32": 1e-4}


def stack(cell: Cell, depth: int, direction: str, seed: int, merge: str = "concat", **options: Any) -> Network:
    """`depth` layers of a cell in these directions, all sizes different; a cell that owns its read-out is on top."""
    rng = np.random.default_rng(seed)
    layers, inputs = [], SIZES["D"]
    for level in range(depth):
        here = MGU if cell.owns_read_out and level < depth - 1 else cell
        units = inputs if here is ODD else SIZES["H"] + level
        sizes = {"D": inputs, "H": units, "O": SIZES["O"]}
        both: dict[str, Any] = {"backward": random_arrays(here, rng, **sizes)} if direction == "both" else {}
        layers.append(Layer(here, direction=direction, merge=merge, **both, **random_arrays(here, rng, **sizes)))
        inputs = layers[-1].width
    if cell.owns_read_out:
        return Network(layers, **options)
    V, c = rng.normal(size=(7, inputs)) / np.sqrt(inputs), rng.normal(size=7)
    return Network(layers, V, c, "tanh", **options)


def question(network: Network, seed: int, loss: str, **how: Any) -> tuple[Gradients, GradientCheck]:
    """The gradients of one random question, and what they are held against."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(LENGTHS), max(LENGTHS), network.sizes["D"]))
    targets = rng.normal(size=(*x.shape[:2], network.sizes["O"]))
    targets[0, 1], targets[2, 3, 0] = np.nan, np.nan
    states = [random_starts(layer.cell, rng, layer, len(LENGTHS)) for layer in network.passes]
    names = {name for arrays in states for name in arrays}
    given: dict[str, Any] = {name: [arrays.get(name) for arrays in states] for name in names}
    given = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    trace = network.forward(x, lengths=LENGTHS, **given)
    gradients = network.backward(trace, targets, loss=loss, reduction="batch_mean", **how)
    objective = resolve_objective(network, trace, targets, loss, "batch_mean")
    return gradients, GradientCheck(network, trace, objective, how.get("truncate"), how.get("chunk"))


def worked(network: Network, seed: int = 1, loss: str = "half_squared_error", **how: Any) -> float:
    """The largest difference from complex step over the largest gradient, of one random question."""
    gradients, check = question(network, seed, loss, **how)
    assert gradients.loss is not None
    assert abs(check.loss().real - gradients.loss) < 1e-5 * abs(gradients.loss)
    return worst(list(check.compare(gradients, ENTRIES)))


def cases() -> list[tuple[str, int, str]]:
    return [
        (name, depth, direction)
        for name, cell in every_cell().items()
        for depth in ((1, 3) if "," not in name else (1,))
        for direction in (("forward",) if cell.owns_read_out else ("forward", "backward", "both")["," in name and 2 :])
    ]


@pytest.mark.parametrize(("name", "depth", "direction"), cases())
def test_every_gradient_of_every_network_is_that_of_complex_step(name: str, depth: int, direction: str) -> None:
    """Both engines, in both precisions, against the same exact numbers."""
    make = partial(stack, every_cell()[name], depth, direction, seed=depth)
    check = question(make(engine="equations"), 1, "half_squared_error")[1]
    rng, exact = np.random.default_rng(2), dict[tuple[str, tuple[int, ...]], float]()
    for quantity, array in check.quantities().items():
        places = list(np.ndindex(*array.shape))
        for at in rng.choice(len(places), min(ENTRIES, len(places)), replace=False):
            exact[quantity, places[at]] = check.exact(array, places[at])
    largest = max(map(abs, exact.values()))
    for engine in ENGINES:
        for dtype, within in WITHIN.items():
            gradients, _check = question(make(engine=engine, dtype=dtype), 1, "half_squared_error")
            for (quantity, place), value in exact.items():
                off = abs(check.gradient(gradients, quantity)[place] - value) / largest
                assert off < within, (engine, dtype, quantity, place)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [{"truncate": 1}, {"truncate": 3}, {"chunk": 1}, {"chunk": 4}], ids=str)
@pytest.mark.parametrize("name", ["elman", "jordan", "lstm", "gru", "odd", "i2h_i2o"])
def test_truncated_and_chunked_gradients_are_those_of_shorter_runs(name: str, how: dict[str, Any], engine: str) -> None:
    assert worked(stack(every_cell()[name], 2, "forward", seed=3, engine=engine), **how) < 1e-11


@pytest.mark.parametrize("merge", MERGES)
def test_every_way_to_merge_two_directions(merge: str) -> None:
    assert worked(stack(every_cell()["gru"], 2, "both", seed=4, merge=merge, engine="equations")) < 1e-11


def test_both_engines_give_the_same_gradients() -> None:
    for cell in (every_cell()[name] for name in ("lstm", "gru", "jordan", "odd")):
        for direction in ("forward",) if cell.owns_read_out else ("forward", "both"):
            gradients = []
            for engine in ENGINES:
                network = stack(cell, 2, direction, seed=6, engine=engine)
                x = np.random.default_rng(7).normal(size=(3, 9, network.sizes["D"]))
                trace = network.forward(x, lengths=[9, 2, 5])
                dy = np.random.default_rng(8).normal(size=(3, 9, network.sizes["O"]))
                gradients.append(network.backward(trace, dy=dy))
            for (position, ours), (_same, theirs) in zip(*(each.parts() for each in gradients)):
                for name, value in {**ours, **ours.steps}.items():
                    other, within = {**theirs, **theirs.steps}[name], 1e-12 * (np.abs(value).max() or 1.0)
                    np.testing.assert_allclose(value, other, rtol=0, atol=within, err_msg=position.label + name)


@compiler
@pytest.mark.parametrize("part", [1, 2000, 5000])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "odd", "i2h_i2o"])
def test_some_steps_at_a_time_are_as_good_as_all_at_once(
    name: str, threads: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large batches go back in parts. What is read later is computed from the initial states on."""
    cell, rng = every_cell()[name], np.random.default_rng(8)
    arrays = random_arrays(cell, rng, D=6 if cell.adds_input else 3, H=6, O=4)
    initial: dict[str, Any] = {f"{state}0": rng.normal(size=(21, 4 if state == "y" else 6)) for state in cell.state}
    net = Network([Layer(cell, **arrays)], threads=threads)
    x = rng.normal(size=(21, 9, net.sizes["D"]))
    lengths = rng.permutation([0, 1, 2, 9, 9, *rng.integers(0, 10, 16)])
    dy = rng.normal(size=(21, 9, net.sizes["O"]))
    trace = net.forward(x, lengths=lengths, **initial)
    whole = net.backward(trace, dy=dy)
    monkeypatch.setattr(back, "LARGE", 0)
    monkeypatch.setattr(back, "PART", part)
    monkeypatch.setattr(back, "ROWS", 0)
    calls: list[Any] = []
    monkeypatch.setattr(back.CompiledAdjoint, "_in_parts", _counted(calls, back.CompiledAdjoint._in_parts))
    given = dy.copy()
    parts = net.backward(trace, dy=given)
    given[:] = np.nan
    assert len(calls) == 1
    for ours, theirs in ((parts, whole), (parts.steps, whole.steps)):
        for name, array in theirs.items():
            np.testing.assert_allclose(ours[name], array, rtol=0, atol=1e-12 * np.abs(array).max(), err_msg=name)


def _counted(calls: list[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return counted


# ------------------------------------------------------------------------------------------------- the test of the test


def _slightly_more(adjoint: Any) -> None:
    honest = adjoint.parameters
    adjoint.parameters = lambda: {name: g * 1.001 for name, g in honest().items()}


def _gates_swapped(adjoint: Any) -> None:
    honest = adjoint.parameters

    def parameters() -> Any:
        gradients = honest()
        gradients["U_i"], gradients["U_f"] = gradients["U_f"], gradients["U_i"]
        return gradients

    adjoint.parameters = parameters


def _not_transposed(adjoint: Any) -> None:
    cell = adjoint.interpreted
    adjoint.interpreted = type(cell)(cell.cell, dict(cell.parameters), cell.sizes, cell.dtype)
    for name, weight in cell.parameters.items():
        if name.startswith("W_"):
            adjoint.interpreted.parameters[name] = weight.T


def _not_through_time(adjoint: Any) -> None:
    run = adjoint.run
    adjoint.run = lambda chunk=0, kept=True: run(1, kept)


PLANTED = {
    "times 1.001": _slightly_more,
    "gates swapped": _gates_swapped,
    "W not transposed": _not_transposed,
    "not through time": _not_through_time,
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_does_not_pass(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = InterpretedAdjoint.__init__

    def planted(self: InterpretedAdjoint, *arguments: Any) -> None:
        original(self, *arguments)
        if self.cell.name == "lstm":
            PLANTED[mistake](self)

    network = stack(every_cell()["lstm"], 2, "forward", seed=1, engine="equations")
    assert worked(network) < 1e-11
    monkeypatch.setattr(InterpretedAdjoint, "__init__", planted)
    assert worked(network) > 1e-4


# ---------------------------------------------------------------------------------------------------------------- losse


def seed_network(output: str = "identity", **options: Any) -> Network:
    rng = np.random.default_rng(2)
    return rnncalc.Elman(
        rng.normal(size=(5, 3)), rng.normal(size=(5, 5)) / 3, V=rng.normal(size=(4, 5)), output=output, **options
    )


@pytest.mark.parametrize("reduction", [None, "sum", "mean", "batch_mean"])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("half_squared_error", "softmax"),
        ("squared_error", "log_softmax"),
        ("mean_squared_error", "sigmoid"),
        ("mean_absolute_error", "tanh"),
        ("cross_entropy", "identity"),
        ("cross_entropy", "softmax"),
        ("cross_entropy", "log_softmax"),
        ("binary_cross_entropy", "sigmoid"),
        ("binary_cross_entropy", "identity"),
    ],
)
def test_every_loss_with_every_reduction(loss: str, output: str, reduction: str | None) -> None:
    if LOSSES[loss].mean and reduction:
        return
    network, rng = seed_network(output, engine="equations"), np.random.default_rng(3)
    x, targets = rng.normal(size=(3, 4, 3)), rng.random(size=(3, 4, 4))
    targets[0, 0], targets[1, 2, 1] = np.nan, np.nan
    trace = network.forward(x, lengths=[4, 2, 3])
    gradients = network.backward(trace, targets, loss=loss, reduction=reduction)
    check = GradientCheck(network, trace, resolve_objective(network, trace, targets, loss, reduction), None, None)
    assert worst(list(check.compare(gradients))) < 1e-12
    assert gradients.losses is not None
    assert gradients.loss == pytest.approx(gradients.losses.sum(), rel=1e-14)
    count = {None: 1, "sum": 1, "mean": 8, "batch_mean": 3}[reduction]
    whole = network.backward(trace, targets, loss=loss).loss
    assert whole is not None
    assert gradients.loss == pytest.approx(whole / (count if not LOSSES[loss].mean else 1))


def test_classes_are_distributions_and_scores_never_overflow() -> None:
    network = rnncalc.Elman([[1.0]], [[0.0]], V=[[1e4], [-1e4], [3e3]], output="softmax", engine="equations")
    trace = network.forward([[5.0], [-5.0]])
    classes = network.backward(trace, [1, 0], loss="cross_entropy")
    hot = network.backward(trace, [[0, 1, 0], [1, 0, 0]], loss="cross_entropy")
    assert classes.loss is not None
    assert classes.losses is not None
    assert classes.loss == hot.loss == pytest.approx(4e4, rel=1e-3)
    np.testing.assert_array_equal(classes.V, hot.V)
    assert np.isfinite(classes.loss)
    assert np.isfinite(classes.U).all()
    gap = network.backward(trace, [np.nan, 0], loss="cross_entropy", reduction="mean")
    assert gap.losses is not None
    assert gap.losses[0] == 0
    assert gap.loss == classes.losses[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give targets and their loss, or dy"),
        ({"targets": [[0.0] * 4] * 2}, "targets need a loss"),
        ({"targets": [[0.0] * 4] * 2, "loss": "mse"}, "loss is one of half_squared_error"),
        ({"targets": [[0.0] * 3] * 2, "loss": "squared_error"}, "shape of y, (2, 4), got (2, 3)"),
        ({"targets": [1, 4], "loss": "cross_entropy"}, "class 4 at step 2: classes are whole numbers from 0 to 3"),
        ({"targets": [[0.0] * 4] * 2, "loss": "binary_cross_entropy"}, "the output must be identity or sigmoid"),
        ({"targets": [[0.0] * 4] * 2, "loss": "mean_squared_error", "reduction": "mean"}, "is a mean already"),
        ({"targets": [[0.0] * 4] * 2, "loss": "squared_error", "reduction": "max"}, "reduction is one of"),
        ({"dy": [[0.0] * 4] * 2, "loss": "squared_error"}, "dy stands in place of a loss"),
        ({"dy": [[0.0] * 4] * 2, "truncate": 0}, "truncate is a number of steps"),
        ({"dy": [[0.0] * 4] * 2, "truncate": 1, "chunk": 1}, "give one"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(arguments: dict[str, Any], words: str) -> None:
    network = seed_network("softmax", engine="equations")
    with pytest.raises(RnncalcError) as error:
        network.backward(network.forward(np.ones((2, 3))), **arguments)
    assert words in str(error.value)


def test_a_trace_of_other_weights_is_refused() -> None:
    network, other = seed_network(), seed_network()
    with pytest.raises(RnncalcError, match="another network"):
        network.backward(other.forward(np.ones((2, 3))), dy=np.ones((2, 4)))


# ----------------------------------------------------------------------------------------------------------------- name


def test_names_and_shapes_of_a_batch() -> None:
    rng = np.random.default_rng(9)
    network = rnncalc.LSTM(
        rng.normal(size=(20, 3)), rng.normal(size=(20, 5)), V=rng.normal(size=(2, 5)), engine="equations"
    )
    x = rng.normal(size=(6, 4, 3))
    trace = network.forward(np.swapaxes(x, 0, 1), layout="time_first", h0=rng.normal(size=5))
    gradients = network.backward(trace, dy=rng.normal(size=(4, 6, 2)))
    assert (gradients.U.shape, gradients.W.shape, gradients.b.shape) == ((20, 3), (20, 5), (20,))
    assert (gradients.V.shape, gradients.c.shape) == ((2, 5), (2,))
    assert gradients.h0.shape == (5,), "one start for all sequences has one gradient"
    assert gradients.c0.shape == (6, 5), "and where nothing was given, each has its own"
    assert gradients.x.shape == (4, 6, 3)
    assert {name: array.shape for name, array in gradients.steps.items()} == {
        "da": (4, 6, 20), "dh": (4, 6, 5), "dmemory": (4, 6, 5), "ds": (4, 6, 2), "dy": (4, 6, 2), "dx": (4, 6, 3),
    }  # fmt: skip
    with pytest.raises(AttributeError, match="no gradient is called Q; there are U, W, b"):
        gradients.Q  # noqa: B018
    with pytest.raises(ValueError, match="read-only"):
        gradients.U[0, 0] = 1


def test_rows_are_visited_once_however_the_batch_is_laid_out() -> None:
    schedule = PackedBatch.of(3, 5, [2, 5, 0], None)
    assert (schedule.mirror[schedule.mirror] == np.arange(7)).all()


# ---------------------------------------------------------------------------------------------------------- the machine


def test_the_processor_s_mode_is_put_back_after_a_kernel_that_flushes_subnormal_numbers() -> None:
    smallest = np.float32(1e-45)
    network = seed_network(dtype="float32", engine="numba")
    trace = network.forward(np.ones((40, 3)))
    network.backward(trace, dy=np.full((40, 4), 1e-38))
    assert np.array([smallest])[0] * np.float32(1) == smallest > 0
    assert np.array([1e-310])[0] / 2 > 0


def test_the_gradient_of_a_long_sequence_takes_little_more_than_its_trace() -> None:
    import tracemalloc

    steps, rng = 10_000, np.random.default_rng(11)
    network = rnncalc.LSTM(rng.normal(size=(64, 3)), rng.normal(size=(64, 16)) / 4, V=rng.normal(size=(2, 16)))
    x, dy = rng.normal(size=(steps, 3)), rng.normal(size=(steps, 2))
    network.backward(network.forward(x[:9]), dy=dy[:9])
    tracemalloc.start()
    trace = network.forward(x)
    of_trace = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    network.backward(trace, dy=dy)
    extra = tracemalloc.get_traced_memory()[1] - of_trace
    tracemalloc.stop()
    assert extra < 1.5 * of_trace


@pytest.mark.parametrize("engine", [ENGINES[0], pytest.param(ENGINES[1], marks=compiler)])
def test_an_overflow_on_the_way_back_is_no_warning_whatever_goes_back(engine: str) -> None:
    """One and two layers, directions, merges, batches, cuts, targets or dy, float32 or not: all numbers are huge."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        depth, merge, scale = 1 + seed % 2, list(MERGES)[seed % len(MERGES)], (1e30, 1e200)[seed // 2 % 2]
        direction = ("forward", "both")[seed // 3 % 2]
        net = stack(CELLS["elman"].switch(activation="relu"), depth, direction, seed, merge, engine=engine)
        if scale < 1e38:
            net = Network(net.layers, dtype="float32", engine=engine)
        shape = [(6,), (2, 6), (40, 6)][seed % 3]
        trace = net.forward(scale * rng.normal(size=(*shape, SIZES["D"])))
        y = scale * rng.normal(size=trace["y"].shape)
        cut: dict[str, Any] = {} if direction == "both" else [{}, {"chunk": 2}, {"truncate": 3}][seed // 4 % 3]
        goal: dict[str, Any] = {"dy": y * 1e50} if seed % 5 < 2 else {"targets": y, "loss": "squared_error"}
        for gradient in net.backward(trace, **goal, **cut).layers:
            for part in gradient.passes.values():
                assert part["U"].dtype == net.dtype
