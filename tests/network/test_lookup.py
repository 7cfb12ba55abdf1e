"""Embeddings: tables looked up by token and gradients added to them, against PyTorch, one-hot rows and complex step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, compiler, random_arrays

import rnncalc
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.trainer import Trainer
from rnncalc.pipeline.series import outputs

V, K, H, O, T = 11, 5, 6, 4, 7
LENGTHS = [3, 7, 0, 2, 7, 1, 4, 5, 6]
OPTIMIZERS = ("adam", "sgd", "momentum", "nesterov", "rmsprop", "adamw")


def network(
    engine: str = "equations", direction: str = "forward", cell: str = "gru", dtype: str = "float64"
) -> Network:
    rng = np.random.default_rng(5)
    both: dict[str, Any] = {"backward": random_arrays(CELLS[cell], rng, D=K, H=H)} if direction == "both" else {}
    above = Layer(cell, **random_arrays(CELLS[cell], rng, D=K, H=H), direction=direction, **both)
    E = rng.normal(size=(K, V))
    return Network([Layer("embedding", E=E), above], rng.normal(size=(O, above.width)), rng.normal(size=O), "softmax",
                   dtype=dtype, engine=engine)  # fmt: skip


def drawn(seed: int = 0) -> np.ndarray:
    """Tokens, some of them unknown."""
    return np.random.default_rng(seed).integers(-1, V, size=(len(LENGTHS), T))


def one_hot(tokens: np.ndarray) -> np.ndarray:
    return (np.arange(V) == tokens[..., None]).astype(float)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_tokens_have_the_bits_of_one_hot_rows(engine: str, direction: str) -> None:
    net, tokens = network(engine, direction), drawn()
    for options in ({}, {"lengths": LENGTHS}, {"mask": drawn(1) > 3}):
        wanted, states = net(one_hot(tokens), return_state=True, **options)
        y, ends = net(tokens, return_state=True, **options)
        assert np.array_equal(y, wanted)
        assert all(np.array_equal(ends.flat[name], states.flat[name]) for name in states.flat)
        trace = net.forward(tokens, **options)
        assert np.array_equal(trace.y, wanted)
    assert np.array_equal(net(tokens.T, layout="time_first"), np.swapaxes(net(tokens), 0, 1))
    assert np.array_equal(net(tokens[0].tolist()), net(one_hot(tokens[0])))
    assert net(tokens[:, :0]).shape == (len(LENGTHS), 0, O)
    flat = np.concatenate([rows[:n] for rows, n in zip(tokens, LENGTHS)])
    ends_at = np.concatenate([[0], np.cumsum(LENGTHS)])
    rows = np.concatenate([y[:n] for y, n in zip(net(tokens, lengths=LENGTHS), LENGTHS)])
    assert np.array_equal(outputs(net, Sequences(flat, np.full(len(flat), -1), ends_at, V)), rows)
    if direction == "forward":
        stepper, single = net.stepper(), net.stepper()
        steps = np.stack([stepper.step(tokens[:, t]) for t in range(T)], axis=1)
        assert np.array_equal(steps, net(tokens))
        assert np.array_equal(single.step(int(tokens[0, 0])), net(tokens)[0, 0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cut", [{}, {"chunk": 3}, {"truncate": 2}])
def test_gradients_are_those_of_one_hot_rows_and_of_the_complex_step(engine: str, cut: dict[str, Any]) -> None:
    net, tokens = network(engine), drawn()
    targets = np.random.default_rng(3).integers(0, O, size=tokens.shape)
    trace = net.forward(tokens, lengths=LENGTHS)
    gradients = net.backward(trace, targets, loss="cross_entropy", **cut)
    rows = net.backward(net.forward(one_hot(tokens), lengths=LENGTHS), targets, loss="cross_entropy", **cut)
    for name, array in rows.parameters.items():
        np.testing.assert_allclose(gradients.parameters[name], array, rtol=1e-12, atol=1e-13)
    with pytest.raises(ProblemError, match="no gradient at them"):
        gradients.x  # noqa: B018
    if engine == "equations":
        objective = resolve_objective(net, trace, targets, "cross_entropy")
        check = GradientCheck(net, trace, objective, cut.get("truncate"), cut.get("chunk"))
        assert worst(list(check.compare(gradients, most=9))) < 1e-12


@pytest.mark.parametrize("engine", ENGINES)
def test_the_table_is_that_of_pytorch(engine: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    table, rnn = (
        torch.nn.Embedding(V, K, dtype=torch.float64),
        torch.nn.GRU(K, H, batch_first=True, dtype=torch.float64),
    )
    top = torch.nn.Linear(H, O, dtype=torch.float64)
    tensors = {f"rnn.{name}": tensor for name, tensor in rnn.state_dict().items()}
    tensors |= {f"fc.{name}": tensor for name, tensor in top.state_dict().items()}
    read = rnncalc.from_state_dict(tensors, readout="fc")
    assert read.read_out
    E, own = table.weight.detach().numpy().T, read.read_out.arrays
    net = Network([Layer("embedding", E=E), *read.layers], own["V"], own["c"], "softmax", engine=engine)
    tokens = np.maximum(drawn(), 0)
    targets = np.random.default_rng(3).integers(0, O, size=tokens.shape)
    scores = top(rnn(table(torch.from_numpy(tokens)))[0])
    loss = torch.nn.functional.cross_entropy(scores.reshape(-1, O), torch.from_numpy(targets).reshape(-1))
    loss.backward()
    grads = net.backward(net.forward(tokens), targets, loss="cross_entropy", reduction="mean")
    assert grads.loss == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(grads.layers[0]["E"].T, table.weight.grad.numpy(), rtol=0, atol=1e-13)


@compiler
@pytest.mark.parametrize("seed", range(6))
def test_training_has_the_same_bits_on_any_number_of_threads_and_the_numbers_of_the_equations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, T + 1, size=40)
    x = [rng.integers(-1, V, size=n) for n in lengths]
    y = [rng.integers(0, O, size=n) for n in lengths]
    settings: dict[str, Any] = {
        "optimizer": OPTIMIZERS[seed], "clip_norm": (None, 0.5)[seed % 2], "weight_decay": (0.0, 0.1)[seed // 2 % 2],
        "clip_value": (None, 0.05)[seed // 3], "lr": 0.01, "epochs": 2, "batch": 17,
    }  # fmt: skip

    def trained(engine: str, threads: int) -> np.ndarray:
        net = network(engine, ("forward", "both")[seed % 2])
        net.fit(x, y, loss="cross_entropy", threads=threads, **settings)
        return Parameters.of(net).vector.copy()

    theta = trained("numba", 1)
    assert {trained("numba", threads).tobytes() for threads in (2, 4)} == {theta.tobytes()}
    np.testing.assert_allclose(trained("equations", 1), theta, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_taken_up_again_ends_with_the_same_bits(engine: str) -> None:
    tokens, targets = drawn(2), np.random.default_rng(4).integers(0, O, size=(len(LENGTHS), T))
    data = Sequences.of(tokens, targets, LENGTHS, classes=True, inputs=V)
    settings = Settings("cross_entropy", epochs=3, batch=2)
    whole, first = Trainer(network(engine), data, settings), Trainer(network(engine), data, settings)
    whole.run()

    class StoppedError(Exception):
        pass

    def stop(trainer: Trainer) -> None:
        if trainer.progress.steps == 6:
            raise StoppedError

    with pytest.raises(StoppedError):
        first.run(stop)
    arrays, numbers = first.state()
    second = Trainer(network(engine), data, settings)
    second.restore({name: array.copy() for name, array in arrays.items()}, numbers)
    second.run()
    assert second.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_a_model_file_keeps_the_table(tmp_path: Path) -> None:
    net, tokens = network(), drawn()
    rnncalc.save_model(net, tmp_path / "model.safetensors")
    read = rnncalc.load_model(tmp_path / "model.safetensors", engine="equations")
    assert read.network.embeds
    assert np.array_equal(read(tokens), net(tokens))
    rnncalc.save(net, tmp_path / "weights.npz")
    assert np.array_equal(rnncalc.load(tmp_path / "weights.npz", engine="equations")(tokens), net(tokens))


def test_what_is_drawn_and_what_is_refused() -> None:
    for init, most in (("torch", 5.0), ("keras", 0.05)):
        net = rnncalc.random_network("lstm", V, H, O, embed=K, init=init, seed=3)
        assert net.layers[0].arrays["E"].shape == (K, V)
        assert 0 < np.abs(net.layers[0].arrays["E"]).max() < most
        assert net.sizes == {"D": V, "H": H, "O": O}
    for wrong in ([V], [[-2, 0]]):
        with pytest.raises(ShapeError, match=f"from 0 to {V - 1}"):
            network()(wrong)
        with pytest.raises(ShapeError, match=f"from 0 to {V - 1}"):
            network().stepper().step(wrong[0])
    with pytest.raises(ShapeError):
        network()(np.ones((2, 3)))
