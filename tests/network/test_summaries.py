"""What the read-out sees of a sequence: against PyTorch's h_n, complex step, both engines, any batch and any thread."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, compiler, random_arrays

import rnncalc
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.model.packed_batch import BatchMajor, PackedBatch
from rnncalc.model.summaries import SUMMARIES, summarised, unsummarised
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.training.sequences import Sequences
from rnncalc.pipeline.series import outputs

LENGTHS = [3, 6, 0, 2, 6, 1]
DIRECTIONS = [("forward", "concat"), ("backward", "concat"), *(("both", merge) for merge in ("concat", "mul", "ave"))]
D, O = 3, 2


def network(summary: str, direction: str, merge: str, engine: str = "equations", dtype: str = "float64") -> Network:
    """Two layers, the top one in these directions."""
    rng = np.random.default_rng(5)
    top = random_arrays(CELLS["gru"], rng, D=4, H=5)
    two: dict[str, Any] = {}
    if direction == "both":
        two = {"backward": random_arrays(CELLS["gru"], rng, D=4, H=5), "merge": merge}
    layers = [
        Layer("elman", **random_arrays(CELLS["elman"], rng, D=D, H=4)), Layer("gru", **top, direction=direction, **two)
    ]  # fmt: skip
    V = rng.normal(size=(O, layers[-1].width))
    return Network(layers, V, rng.normal(size=O), dtype=dtype, engine=engine, summary=summary)


def by_hand(summary: str, net: Network, x: np.ndarray) -> np.ndarray:
    """What the definition says of one whole sequence."""
    trace = net.forward(x)
    top, sides = trace.layers[-1], trace.layers[-1].passes
    steps = top[net.layers[-1].cell.emits]
    merged: dict[str, Any] = {
        "concat": lambda f, b: np.concatenate([f, b]),
        "mul": np.multiply,
        "ave": lambda f, b: (f + b) / 2,
    }
    ends = [side.final["h"] for side in sides.values()]
    final = merged[net.layers[-1].merge](*ends) if len(ends) > 1 else ends[0]
    seen = {"last": steps[-1], "final": final, "mean": steps.mean(axis=0), "max": steps.max(axis=0)}[summary]
    assert net.read_out
    return net.read_out.arrays["c"] + net.read_out.arrays["V"] @ seen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("direction", "merge"), DIRECTIONS)
@pytest.mark.parametrize("summary", SUMMARIES)
def test_the_last_step_sees_what_the_definition_says(summary: str, direction: str, merge: str, engine: str) -> None:
    rng = np.random.default_rng(6)
    x, mask = rng.normal(size=(len(LENGTHS), 6, D)), rng.random((len(LENGTHS), 6)) < 0.6
    net = network(summary, direction, merge, engine)
    for options in ({}, {"lengths": LENGTHS}, {"mask": mask}):
        there = {"lengths": np.arange(6) < np.array(LENGTHS)[:, None], "mask": mask}.get(next(iter(options), ""))
        whole = net(x, **options)
        for number, steps in enumerate(there if there is not None else np.ones((len(x), 6), bool)):
            alone = x[number, steps]
            assert np.array_equal(whole[number, steps], net(alone))  # the bits of the sequence alone
            if len(alone):
                np.testing.assert_allclose(net(alone)[-1], by_hand(summary, net, alone), rtol=1e-12)
    assert np.array_equal(net(np.swapaxes(x, 0, 1), layout="time_first"), np.swapaxes(net(x), 0, 1))
    sequences = Sequences(np.concatenate([rows[:n] for rows, n in zip(x, LENGTHS)]), np.zeros(sum(LENGTHS)),
                          np.concatenate([[0], np.cumsum(LENGTHS)]), D)  # fmt: skip
    rows = np.concatenate([y[:n] for y, n in zip(net(x, lengths=LENGTHS), LENGTHS)])
    assert np.array_equal(outputs(net, sequences), rows)


@pytest.mark.parametrize(("direction", "merge"), DIRECTIONS)
@pytest.mark.parametrize("summary", SUMMARIES)
def test_gradients_are_those_of_the_complex_step(summary: str, direction: str, merge: str) -> None:
    rng = np.random.default_rng(7)
    net = network(summary, direction, merge)
    x, targets = rng.normal(size=(3, 4, D)), rng.normal(size=(3, 4, O))
    targets[:, 1] = np.nan
    for lengths in (None, [2, 4, 0]):
        trace = net.forward(x, lengths=lengths)
        gradients = net.backward(trace, targets, loss="squared_error")
        objective = resolve_objective(net, trace, targets, "squared_error")
        check = GradientCheck(net, trace, objective, None, None)
        assert worst(list(check.compare(gradients, most=12))) < 1e-12


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("engine", ENGINES)
def test_final_is_h_n_of_pytorch_and_its_gradients_are_those_of_autograd(kind: str, engine: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    rng = np.random.default_rng(8)
    module = getattr(torch.nn, kind)(D, 5, 2, batch_first=True, bidirectional=True, dtype=torch.float64)
    top = torch.nn.Linear(10, O, dtype=torch.float64)
    tensors = {f"rnn.{name}": tensor for name, tensor in module.state_dict().items()}
    tensors |= {f"fc.{name}": tensor for name, tensor in top.state_dict().items()}
    read = rnncalc.from_state_dict(tensors, readout="fc", **({"activation": "tanh"} if kind == "RNN" else {}))
    lengths, x = [4, 6, 1, 3], rng.normal(size=(4, 6, D))
    given = torch.from_numpy(x)
    given.requires_grad_()
    packed = torch.nn.utils.rnn.pack_padded_sequence(given, lengths, batch_first=True, enforce_sorted=False)
    emitted, state = module(packed)
    h = state[0] if kind == "LSTM" else state
    steps, _lengths = torch.nn.utils.rnn.pad_packed_sequence(emitted, batch_first=True)
    there = torch.arange(6)[None, :, None] < torch.tensor(lengths)[:, None, None]
    seen = {
        "final": torch.cat([h[-2], h[-1]], dim=1),
        "mean": steps.sum(dim=1) / torch.tensor(lengths)[:, None],
        "max": torch.where(there, steps, -torch.inf).max(dim=1).values,
    }
    for summary, rows in seen.items():
        assert read.read_out
        V, c = read.read_out.arrays["V"], read.read_out.arrays["c"]
        net = Network(read.layers, V, c, engine=engine, summary=summary)
        wanted = top(rows)
        y = net(x, lengths=lengths)
        last = np.array(lengths) - 1
        np.testing.assert_allclose(y[np.arange(4), last], wanted.detach().numpy(), rtol=0, atol=1e-12)
        dy = np.zeros_like(y)
        dy[np.arange(4), last] = rng.normal(size=(4, O))
        given.grad = None
        wanted.backward(torch.from_numpy(dy[np.arange(4), last]), retain_graph=True)
        gradients = net.backward(net.forward(x, lengths=lengths), dy=dy)
        np.testing.assert_allclose(gradients.x, given.grad.numpy(), rtol=0, atol=1e-12)


@compiler
@pytest.mark.parametrize(("direction", "merge"), DIRECTIONS)
@pytest.mark.parametrize("summary", SUMMARIES[1:])
def test_training_is_that_of_the_equations_and_of_any_number_of_threads(
    summary: str, direction: str, merge: str
) -> None:
    rng = np.random.default_rng(9)
    lengths = rng.integers(0, 7, size=40)
    x, y = rng.normal(size=(40, 6, D)), rng.normal(size=(40, O))
    every = [rng.normal(size=(n, O)) for n in lengths]  # most rows are judged: the read-out takes all

    def trained(engine: str, threads: int, last: bool) -> tuple[Any, np.ndarray]:
        net = network(summary, direction, merge, engine)
        given: Any = y if last else [np.concatenate([rows, np.zeros((6 - len(rows), O))]) for rows in every]
        history = net.fit(x, given, lengths=lengths, loss="mean_squared_error", epochs=2, batch=17, threads=threads,
                          optimizer="sgd", lr=0.05, clip_norm=1.0)  # fmt: skip
        return history, Parameters.of(net).vector.copy()

    for last in (True, False):
        history, theta = trained("numba", 1, last)
        said, wanted = trained("equations", 1, last)
        np.testing.assert_allclose(theta, wanted, rtol=1e-10, atol=1e-12)
        assert history[-1]["loss"] == pytest.approx(said[-1]["loss"], rel=1e-10)
        for threads in (2, 4):
            repeated, same = trained("numba", threads, last)
            assert repeated == history
            assert same.tobytes() == theta.tobytes()


@pytest.mark.parametrize("summary", SUMMARIES)
def test_rows_side_by_side_are_summarised_as_step_by_step(summary: str) -> None:
    rng = np.random.default_rng(10)
    sides = {way: rng.normal(size=(4, 5, 3)) for way in ("forward", "backward")}
    plain, major = PackedBatch.full(4, 5), BatchMajor(4, 5)
    dy = rng.normal(size=(4, 5, 6))
    computed = []
    for schedule in (plain, major):
        rows = {way: schedule.pack(array) for way, array in sides.items()}
        seen = summarised(summary, "concat", rows, schedule)
        back = unsummarised(summary, "concat", schedule.pack(dy), rows, schedule)
        computed.append([schedule.unpack(part) for part in (seen, *back.values())])
    for ours, other in zip(*computed):
        assert np.array_equal(ours, other)


def test_no_number_is_no_maximum() -> None:
    rows = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 5.0]])
    seen = summarised("max", "concat", {"forward": rows}, PackedBatch.full(1, 3))
    np.testing.assert_array_equal(seen, [[1, 2], [np.nan, 2], [np.nan, 5]])


def test_a_model_file_keeps_it_and_one_without_the_key_means_the_last_step(tmp_path: Path) -> None:
    x = np.random.default_rng(2).normal(size=(4, D))
    for summary in SUMMARIES:
        net = network(summary, "both", "concat")
        rnncalc.save_model(net, tmp_path / "model.safetensors")
        assert (b"summary" in (tmp_path / "model.safetensors").read_bytes()) == (summary != "last")
        read = rnncalc.load_model(tmp_path / "model.safetensors", engine="equations")
        assert read.network.summary == summary
        assert np.array_equal(read.predict(x), net(x))
        assert np.array_equal(read(x), net(x))


def test_what_has_no_summary_refuses_it(tmp_path: Path) -> None:
    layer = Layer("elman", U=[[0.9]], W=[[0.5]])
    with pytest.raises(ProblemError, match="needs V"):
        Network([layer], summary="mean")
    with pytest.raises(ProblemError, match="summary"):
        Network([layer], V=[[1]], summary="means")
    with pytest.raises(ProblemError, match="owns its read-out"):
        rnncalc.random_network("jordan", 2, 3, 2, summary="max")
    net = network("mean", "forward", "concat")
    with pytest.raises(ProblemError, match="stepped"):
        net.stepper()
    with pytest.raises(ProblemError, match="sees all steps"):
        net.fit(np.ones((2, 3, D)), np.ones((2, O)), loss="squared_error", chunk=2)
    with pytest.raises(ProblemError, match="the format keras has nothing"):
        rnncalc.save(net, tmp_path / "model.keras")
    network("final", "forward", "concat").stepper()  # that is the last step


def test_who_learns_from_one_input_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    x, y = np.ones((4, 3, D)), np.zeros((4, O))
    every = np.zeros((4, 3, O))
    for summary, targets, warned in (("last", y, True), ("final", y, False), ("last", every, False)):
        caplog.clear()
        network(summary, "both", "concat").fit(x, targets, loss="squared_error", epochs=1)
        assert ["summary final" in message for message in caplog.messages] == [True] * warned
