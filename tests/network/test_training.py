"""Training: steps against backpropagation and against PyTorch, batches, streams, runs that are taken up again.

Longer than other files: what a run is compared with, step by step, is written out here.
"""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from support.helpers import compiler, every_cell, random_arrays, random_network

import rnncalc
from rnncalc.engine.compiled.training.loops import DIFFERENTIATE
from rnncalc.engine.compiled.training.step import CompiledStep
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.layer import Layer
from rnncalc.model.losses import LOSSES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.gradients import Gradients
from rnncalc.network.network import Network
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.training.interpreted_epochs import InterpretedStep
from rnncalc.network.training.run_state import DivergedError
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.trainer import Trainer

CELLS = {name: cell for name, cell in every_cell().items() if "," not in name}
LENGTHS = [3, 6, 0, 2, 6]


def stack(kind: str, read_out: bool = True) -> Network:
    """Networks of several layers, in one direction and in both."""
    rng = np.random.default_rng(4)

    def layer(cell: str, D: int, H: int, merge: str | None = None, direction: str = "forward") -> Layer:
        arrays = random_arrays(CELLS[cell], rng, D=D, H=H)
        two: dict[str, Any] = {"direction": direction}
        if merge:
            two = {"direction": "both", "backward": random_arrays(CELLS[cell], rng, D=D, H=H), "merge": merge}
        return Layer(CELLS[cell], **arrays, **two)

    layers = {
        "three": [layer("lstm", 3, 5), layer("gru", 5, 4), layer("elman", 4, 6)],
        "both": [layer("lstm", 3, 5, "concat"), layer("gru", 10, 4, "mul"), layer("elman", 4, 6)],
        "backward": [layer("lstm", 3, 5, direction="backward"), layer("gru", 5, 4, "ave")],
        "odd": [layer("elman", 3, 5), layer("odd", 5, 5), layer("odd", 5, 5)],
        "odd both": [layer("odd", 5, 5, "sum"), layer("odd", 5, 5)],
    }[kind]
    top = (rng.normal(size=(7, layers[-1].width)), rng.normal(size=7), "softmax") if read_out else ()
    return Network(layers, *top)


def gradients(
    net: Network, loss: str, lengths: list[int] | None = None, classes: bool = False, last: bool = False,
    tokens: bool = False, chunk: int = 0, truncate: int = 0,
    engine: type[CompiledStep] | type[InterpretedStep] = CompiledStep,
) -> tuple[dict[str, np.ndarray], Gradients]:  # fmt: skip
    """What a step finds, and what `Network.backward` says of the same."""
    rng = np.random.default_rng(1)
    D, O, N, T = net.sizes["D"], net.sizes["O"], 5, 6
    numbers = rng.integers(-1, D, size=(N, T))
    x = (np.arange(D) == numbers[..., None]).astype(net.dtype) if tokens else rng.normal(size=(N, T, D))
    x = x.astype(net.dtype)
    targets = rng.integers(0, O, size=(N, T)).astype(float) if classes else rng.random((N, T, O))
    targets[rng.random(targets.shape) < 0.2] = np.nan
    if last:
        targets[:, :-1] = np.nan
    wanted = net.backward(net.forward(x, lengths=lengths), targets, loss=loss, chunk=chunk or None,
                          truncate=truncate or None)  # fmt: skip
    parameters = Parameters.of(net)
    g = np.full_like(parameters.vector, np.nan)
    schedule = PackedBatch.of(N, T, lengths, None)
    rows = schedule.pack(targets)
    given = np.where(np.isnan(rows), -1, rows).astype(np.int64) if classes else rows.astype(net.dtype)
    fed = schedule.pack(numbers.astype(net.dtype) if tokens else x)
    share = 1 / max((~np.isnan(rows)).sum(), 1) if LOSSES[loss].mean else 1
    nothing: list[dict[str, np.ndarray]] = [{} for _layer in net.passes]
    if engine is CompiledStep:
        places, theta = parameters.places, parameters.vector
        step = CompiledStep(net.layers, net.read_out, places, theta, g, loss, chunk, truncate)
        steps = np.array(lengths if lengths else [T] * N)[schedule.order]
        for _twice in range(2):  # the second time in blocks that have been used
            laid = step.laid(T * schedule.order, steps, np.array([0, N]))
            assert np.array_equal(
                laid.rows, schedule.take if lengths else schedule.pack(np.arange(N * T).reshape(N, T))
            )
            total = step(laid, fed.copy(), given.copy(), nothing, DIFFERENTIATE, share)[0, 0]
    else:
        total, _right = InterpretedStep(net, parameters, loss)(fed, schedule, nothing, given, share, chunk, truncate, g)
    assert total * share == pytest.approx(wanted.loss, rel=1e-12 if net.dtype == np.float64 else 1e-5)
    return parameters.named(g), wanted


def agree(net: Network, loss: str, **how: Any) -> None:
    of_step, of_backward = gradients(net, loss, **how)
    tolerance = 1e-12 if net.dtype == np.float64 else 1e-3
    wanted = {at.path + name: array for at, part in of_backward.parts() for name, array in part.items()}
    for name, array in of_step.items():
        largest = np.abs(wanted[name]).max()
        assert np.allclose(array, wanted[name], rtol=tolerance, atol=tolerance * largest), name


@compiler
@pytest.mark.parametrize("name", CELLS)
def test_a_step_finds_the_gradients_of_backward(name: str) -> None:
    cell = CELLS[name]
    agree(random_network(cell, engine="numba", read_out="tanh"), "squared_error", lengths=LENGTHS)
    if name == "jordan":
        agree(random_network(cell, engine="numba"), "binary_cross_entropy")
    else:
        net = random_network(cell, engine="numba", read_out="softmax")
        agree(net, "cross_entropy", classes=True, last=True, lengths=LENGTHS)
        agree(net, "cross_entropy")
        agree(net, "cross_entropy", classes=True, chunk=2)
        if not cell.adds_input:
            agree(net, "cross_entropy", classes=True, tokens=True)
        for K in (1, 3, 6):
            agree(net, "cross_entropy", classes=True, truncate=K)
            agree(net, "cross_entropy", truncate=K, last=True, lengths=LENGTHS)


@compiler
@pytest.mark.parametrize("kind", ["three", "both", "backward", "odd", "odd both"])
def test_a_step_goes_through_stacks(kind: str) -> None:
    for lengths in (None, LENGTHS):
        agree(stack(kind), "squared_error", lengths=lengths)
        agree(stack(kind), "cross_entropy", lengths=lengths, classes=True, last=True)
    if kind != "backward":
        for loss in ("mean_squared_error", "mean_absolute_error"):
            agree(stack(kind, read_out=False), loss, lengths=LENGTHS)
    agree(stack(kind), "cross_entropy", lengths=LENGTHS, classes=True, engine=InterpretedStep)
    if kind in ("three", "odd"):
        for K in (1, 2, 5, 9):
            agree(stack(kind), "squared_error", lengths=LENGTHS, truncate=K)
            agree(stack(kind), "cross_entropy", lengths=LENGTHS, classes=True, last=True, truncate=K)
        agree(stack(kind), "cross_entropy", lengths=LENGTHS, classes=True, truncate=2, engine=InterpretedStep)


@compiler
def test_a_step_in_single_precision() -> None:
    net = random_network(CELLS["lstm"], engine="numba", read_out="sigmoid", dtype="float32")
    agree(net, "binary_cross_entropy", last=True)
    net = random_network(CELLS["lstm"], engine="numba", read_out="identity", dtype="float32")
    agree(net, "cross_entropy", classes=True, tokens=True)
    agree(net, "half_squared_error")


# ------------------------------------------------------------------------------------------------------------- PyTorch

N, T, D, H, O = 96, 9, 3, 16, 5


def losses_of(net: Network, x: Any, y: Any, **settings: Any) -> np.ndarray:
    """The loss of every step."""
    losses, before = list[float](), [0.0, 0.0]

    def watch(trainer: Trainer) -> None:
        progress = trainer.progress
        if progress.step:
            losses.append((progress.total - before[0]) / (progress.weight - before[1]))
        before[:] = (progress.total, progress.weight) if progress.step else (0.0, 0.0)

    net.fit(x, y, watch=watch, **settings)
    return np.array(losses)


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_after"])
@pytest.mark.parametrize(("optimizer", "lr"), [("sgd", 0.5), ("adam", 0.01), ("rmsprop", 0.003)])
def test_the_first_100_losses_are_those_of_pytorch(cell: str, optimizer: str, lr: float) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    rnn = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru_after": torch.nn.GRU}[cell](
        D, H, batch_first=True, dtype=torch.float64
    )
    top = torch.nn.Linear(H, O, dtype=torch.float64)
    frozen = 2 * H if cell == "gru_after" else len(rnn.bias_hh_l0)  # PyTorch's second bias, which is no other parameter
    with torch.no_grad():
        rnn.bias_hh_l0[:frozen] = 0
    rnn.bias_hh_l0.register_hook(lambda g: torch.cat([torch.zeros(frozen, dtype=g.dtype), g[frozen:]]))
    tensors = {**rnn.state_dict(), "top.weight": top.weight, "top.bias": top.bias}
    net = rnncalc.from_state_dict(tensors, readout="top")
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(N, T, D)), rng.integers(0, O, size=(N, T))
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[optimizer]
    steps = rule([*rnn.parameters(), *top.parameters()], lr=lr)
    inputs, targets, theirs = torch.from_numpy(x), torch.from_numpy(y), []
    for number in range(100):
        rows = slice(number % 6 * 16, number % 6 * 16 + 16)
        scores = top(rnn(inputs[rows])[0])
        loss = torch.nn.functional.cross_entropy(scores.reshape(-1, O), targets[rows].reshape(-1))
        steps.zero_grad()
        loss.backward()
        steps.step()
        theirs.append(loss.item())
    ours = losses_of(net, x, y, loss="cross_entropy", epochs=17, batch=16, shuffle=False, optimizer=optimizer, lr=lr)
    assert np.abs(ours[:100] - theirs).max() < 1e-8
    assert theirs[96] < theirs[0] - 0.001  # the same batch, 16 epochs later


# ---------------------------------------------------------------------------------------------------------------- runs


def task(seed: int = 0, count: int = 60, ragged: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """Is the sum of the first inputs positive?"""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, size=count) if ragged else [8] * count
    x = [rng.normal(size=(n, D)) for n in lengths]
    return x, np.array([int(rows[:, 0].sum() > 0) for rows in x])


def network(engine: str = "numba", cell: str = "gru", outputs: int = 2, **options: Any) -> Network:
    return random_network(CELLS[cell], 7, engine=engine, read_out="softmax", D=D, H=6, **options)


def weights(net: Network) -> np.ndarray:
    return Parameters.of(net).vector.copy()


@pytest.mark.parametrize("engine", ["numba", "equations"])
def test_fit_learns_and_a_seed_says_everything(engine: str) -> None:
    x, y = task(count=60 if engine == "numba" else 24)
    epochs = 12 if engine == "numba" else 5
    runs = []
    for seed in (3, 3, 4):
        net = network(engine)
        history = net.fit(x, y, loss="cross_entropy", epochs=epochs, batch=8, lr=0.02, seed=seed, validation=0.2)
        runs.append((weights(net), history))
    assert runs[0][1][-1]["loss"] < 0.8 * runs[0][1][0]["loss"]
    assert set(runs[0][1][0]) == {"epoch", "loss", "lr", "accuracy", "val_loss", "val_accuracy"}
    assert np.array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_both_engines_take_the_same_path() -> None:
    x, y = task(count=20)
    trained = []
    for engine in ("numba", "equations"):
        net = network(engine, cell="lstm")
        settings: dict[str, Any] = {
            "epochs": 3,
            "batch": 6,
            "clip_norm": 0.3,
            "clip_value": 0.1,
            "optimizer": "rmsprop",
        }
        net.fit(x, y, loss="cross_entropy", **settings)
        trained.append(weights(net))
    assert np.allclose(trained[0], trained[1], rtol=1e-9, atol=1e-12)


def note_steps(seen: list[int], trainer: Trainer) -> None:
    seen.append(trainer.progress.steps)


def test_blocks_of_steps_do_not_matter() -> None:
    x, y = task(count=50)
    data, runs = Sequences.of(x, y, classes=True, inputs=D), []
    for wait in (None, 1e-4, 10.0):
        net = network()
        seen: list[int] = []
        settings = Settings("cross_entropy", epochs=3, batch=4, clip_norm=0.5, optimizer="adamw")
        trainer = Trainer(net, *settle(data, settings))
        history = trainer.run(partial(note_steps, seen), wait)
        runs.append((weights(net), history, trainer.progress.norms))
        if wait is None:
            assert seen[:11] == [*range(1, 11), 10]  # after every step, and after the epoch
    for other in runs[1:]:
        assert np.array_equal(runs[0][0], other[0])
        assert runs[0][1:] == other[1:]


@compiler
@pytest.mark.parametrize("threads", [1, 2])
def test_an_epoch_has_room_for_its_largest_batch_from_the_first_step(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = task(count=50)
    data, written, write = Sequences.of(x, y, classes=True, inputs=D), [], CompiledStep._write

    def noted(step: CompiledStep, *arguments: Any) -> None:
        written.append(arguments)
        write(step, *arguments)

    monkeypatch.setattr(CompiledStep, "_write", noted)
    for seed in range(4):  # the first batch, which is played alone, is seldom the largest
        settings = Settings("cross_entropy", epochs=1, batch=4, seed=seed)
        Trainer(network(), *settle(data, settings), threads=threads).run(lambda _trainer: None)
    assert len(written) == 4


def test_fit_truncates_on_both_engines() -> None:
    x, y = task(count=20)
    trained = {}
    for engine, truncate in (("numba", 2), ("equations", 2), ("numba", 99), ("numba", 0)):
        net = network(engine, cell="lstm")
        net.fit(x, y, loss="cross_entropy", epochs=3, batch=6, optimizer="sgd", lr=0.5, truncate=truncate)
        trained[engine, truncate] = weights(net)
    assert np.allclose(trained["numba", 2], trained["equations", 2], rtol=1e-10, atol=1e-13)
    assert np.array_equal(trained["numba", 99], trained["numba", 0])
    assert not np.allclose(trained["numba", 2], trained["numba", 0])
    with pytest.raises(ProblemError, match="two ways to cut"):
        network().fit(x, y, loss="cross_entropy", truncate=2, chunk=3)
    with pytest.raises(ProblemError, match="it cannot be truncated"):
        stack("both").fit(np.zeros((2, 3, 3)), np.zeros((2, 7)), loss="squared_error", truncate=2)


def test_what_starts_each_sequence_apart_is_refused_and_a_shared_start_is_used() -> None:
    rng = np.random.default_rng(3)
    arrays, x, y = random_arrays(CELLS["elman"], rng, D=D, H=4), rng.normal(size=(6, 5, D)), rng.normal(size=(6, 5, 4))
    losses = []
    for engine in ("numba", "equations"):
        net = Network([Layer(CELLS["elman"], **arrays, h0=np.arange(4) / 4)], engine=engine)
        losses.append(net.fit(x, y, loss="squared_error", epochs=2, batch=4, optimizer="sgd")[-1]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    with pytest.raises(ProblemError, match="one start for all sequences"):
        Network([Layer(CELLS["elman"], **arrays, h0=np.zeros((6, 4)))]).fit(x, y, loss="squared_error")


def test_a_trained_network_predicts_with_its_new_weights_and_refuses_old_traces() -> None:
    x, y = task(ragged=False)
    net = network()
    before, trace = net(np.stack(x)), net.forward(np.stack(x))
    net.fit(np.stack(x), y, loss="cross_entropy", epochs=2)
    assert not np.allclose(net(np.stack(x)), before)
    assert net.read_out is not None
    rebuilt = Network(net.layers, net.read_out.arrays["V"], net.read_out.arrays["c"], "softmax")
    assert np.array_equal(net(np.stack(x)), rebuilt(np.stack(x)))
    with pytest.raises(ProblemError, match="before its weights were changed"):
        net.backward(trace, y, loss="cross_entropy")
    with pytest.raises(ValueError, match="read-only"):
        net.layers[0].arrays["U"][0] = 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_run_taken_up_again_ends_with_the_same_bits(stream: bool) -> None:
    rng = np.random.default_rng(6)
    if stream:
        data = Sequences.of([rng.normal(size=(203, D))], [rng.normal(size=(203, 7))], classes=False, inputs=D)
        settings = Settings("mean_squared_error", epochs=4, batch=5, chunk=7, optimizer="adam", seed=2)
        make = partial(random_network, CELLS["lstm"], 7, engine="numba", read_out="identity", D=D, H=6)
    else:
        data = Sequences.of(*task(), classes=True, inputs=D)
        settings = Settings("cross_entropy", epochs=4, batch=7, optimizer="momentum", lr=0.1, schedule="cosine")
        make = partial(network)
    whole = make()
    wanted = Trainer(whole, *settle(data, settings)).run()
    for pause in (1, 4, 9, 13, 20):
        net = make()
        first = Trainer(net, *settle(data, settings))

        class StopError(Exception):
            pass

        def watch(trainer: Trainer, pause: int = pause, stop: type[Exception] = StopError) -> None:
            if trainer.progress.steps == pause:
                raise stop

        with pytest.raises(StopError):
            first.run(watch)
        arrays, numbers = first.state()
        arrays = {name: array.copy() for name, array in arrays.items()}
        other = make()
        second = Trainer(other, *settle(data, settings))
        second.restore(arrays, numbers)
        history = second.run()
        assert history == wanted
        assert np.array_equal(weights(other), weights(whole))


def settle(data: Sequences, settings: Settings) -> tuple[Sequences, Settings, Sequences | None]:
    train, validation = data.split(0.2, settings.seed)
    return train, settings, validation


def test_a_stream_carries_its_state_and_cuts_the_gradient() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(40, D)), rng.normal(size=(40, 7))
    net = random_network(CELLS["lstm"], 7, engine="numba", read_out="identity", D=D, H=6)
    whole = float(((net(x) - y) ** 2).mean())
    history = net.fit([x], [y], loss="mean_squared_error", epochs=1, batch=1, chunk=8, lr=0, optimizer="sgd")
    assert history[0]["loss"] == pytest.approx(whole, rel=1e-12)
    trainer = Trainer(net, Sequences.of([x], [y], classes=False, inputs=D), Settings("mean_squared_error", chunk=8))
    batches = list(trainer.data.stream(4, 3))
    assert [batch.carried for batch in batches] == [False, True, True, True]
    assert np.concatenate([b.rows.reshape(-1, 4)[:, 1] for b in batches]).tolist() == list(range(10, 20))


def test_batches_hold_every_sequence_once_and_neighbours_in_length() -> None:
    x, y = task(count=500)
    data = Sequences.of(x, y, classes=True, inputs=D)
    orders = [data.order(16, 5, epoch, True) for epoch in (0, 1, 0)]
    for order in orders:
        assert sorted(np.concatenate(order)) == list(range(500))
        assert max(np.ptp(data.lengths[which]) for which in order) <= 4
    assert [o.tolist() for o in orders[0]] == [o.tolist() for o in orders[2]]
    assert [o.tolist() for o in orders[0]] != [o.tolist() for o in orders[1]]
    batch = data.batch(orders[0][3])
    for number, which in enumerate(orders[0][3]):
        rows = batch.schedule.unpack(batch.rows)[number][: data.lengths[which]]
        assert rows.tolist() == list(range(data.offsets[which], data.offsets[which + 1]))


def test_early_stopping_keeps_the_best_weights() -> None:
    x, y = task(count=30)
    net = network()
    history = net.fit(
        x, y, loss="cross_entropy", epochs=200, lr=0.1, patience=3, validation=task(1, 30), batch=5, optimizer="adam"
    )
    best = min(history, key=lambda entry: entry["val_loss"])
    assert len(history) == best["epoch"] + 4 < 200
    held = Sequences.of(*task(1, 30), classes=True, inputs=D)
    assert Trainer(net, held, Settings("cross_entropy")).evaluate(held)[0] == pytest.approx(best["val_loss"], rel=1e-12)


def test_a_loss_that_explodes_stops_and_keeps_the_last_good_weights() -> None:
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(40, 6, D)), rng.normal(size=(40, 6, 7))
    net = random_network(CELLS["elman"].switch(activation="relu"), 7, engine="numba", read_out="identity", D=D, H=6)
    kept = weights(net)
    with pytest.raises(
        DivergedError, match=r"epoch 1, step \d+; gradient norms of the latest steps: [\d.e+]+"
    ) as error:
        net.fit(x, y, loss="mean_squared_error", lr=1e4, optimizer="sgd", batch=4)
    assert "clip_norm" in str(error.value)
    assert np.array_equal(weights(net), kept)
    with pytest.raises(ProblemError, match=r"x: sequence \d+, step \d+, input \d+ is inf: a finite"):
        net.fit(np.where(rng.random(x.shape) < 0.01, math.inf, x), y, loss="mean_squared_error")
    assert np.array_equal(weights(net), kept)


def test_what_does_not_fit_is_refused_by_name() -> None:
    x, y = task()
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"lerning_rate": 1}, "lerning_rate"),
        ({"optimiser": "adam"}, "did you mean optimizer"),
        ({"epochs": -1}, "epochs cannot be less than 0"),
        ({"clip_norm": 0}, "clip_norm must be above 0"),
        ({"loss": "binary_cross_entropy"}, "the output must be identity or sigmoid"),
    )
    for settings, message in faults:
        with pytest.raises(ProblemError, match=message):
            network().fit(x, y, **{"loss": "cross_entropy", **settings})
    with pytest.raises(ProblemError, match="two outputs or more"):
        rnncalc.Elman(np.ones((2, D)), np.ones((2, 2)), V=[[1.0, 2.0]]).fit(x, y * 0, loss="cross_entropy")
    with pytest.raises(ProblemError, match="class 9 is there"):
        network().fit(x, y + 8, loss="cross_entropy")
    with pytest.raises(ShapeError, match=r"sequence 2 must be \(T, D\)"):
        network().fit([x[0], x[1][:, :1]], y[:2], loss="cross_entropy")
    with pytest.raises(ShapeError, match="60 sequences need 60 targets"):
        network().fit(x, y[:-1], loss="cross_entropy")
    with pytest.raises(ProblemError, match="not one target"):
        network().fit(x, np.full(60, -1), loss="cross_entropy")


@pytest.mark.parametrize("y", [["a"] * 4, "abcd", [{}] * 4, np.array(3), 3, [[1, "b"]] * 4], ids=str)
def test_targets_that_are_no_numbers_are_refused_in_words(y: int | list[Any] | np.ndarray | str) -> None:
    net = rnncalc.GRU(np.ones((6, 3)), np.ones((6, 2)), V=np.ones((2, 2)), output="softmax")
    with pytest.raises(rnncalc.errors.ShapeError, match="targets"):
        net.fit([np.ones((3, 3))] * 4, y, loss="cross_entropy", epochs=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("ragged", [False, True])
def test_an_input_or_target_that_is_no_finite_number_is_named_with_its_place(bad: float, ragged: bool) -> None:
    rng = np.random.default_rng([ragged, 5])
    net = rnncalc.random_network("gru", inputs=2, hidden=3, outputs=1, dtype="float64")
    net.engine = "equations"
    for _ in range(10):
        lengths = rng.integers(0, 6, 7) if ragged else np.full(7, 5)
        x = [rng.normal(size=(length, 2)) for length in lengths]
        sequence = int(rng.choice(np.flatnonzero(lengths)))
        step, entry = int(rng.integers(lengths[sequence])), int(rng.integers(2))
        x[sequence][step:, entry] = bad  # the first of several
        place = rf"^x: sequence {sequence + 1}, step {step + 1}, input {entry + 1} is {bad}: a finite number is needed$"
        with pytest.raises(ProblemError, match=place):
            net.fit(x, [rows[:, :1] for rows in x], loss="squared_error", epochs=1)
        y = [rng.normal(size=(length, 1)) for length in lengths]
        y[sequence][step:] = bad
        x[sequence][:] = 0
        if np.isnan(bad):  # no target
            net.fit(x, y, loss="squared_error", epochs=1)
            continue
        place = rf"^y: sequence {sequence + 1}, step {step + 1}, output 1 is {bad}: a finite number is needed$"
        with pytest.raises(ProblemError, match=place):
            net.fit(x, y, loss="squared_error", epochs=1)
    padded = np.where(np.arange(5)[:, None] < 3, rng.normal(size=(4, 5, 2)), bad)  # behind the ends nothing counts
    net.fit(padded, rng.normal(size=(4, 1)), loss="squared_error", lengths=[3, 2, 0, 3], epochs=1)
