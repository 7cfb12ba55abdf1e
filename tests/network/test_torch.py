"""Against PyTorch, where it is installed: the same weights, the same numbers."""

import itertools
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.network.weights.pytorch_writer import modules

torch = pytest.importorskip("torch")
from safetensors.torch import save_file  # noqa: E402 - it needs torch

KINDS = [("RNN", {"nonlinearity": "tanh"}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("GRU", {})]
IDS = ["RNN tanh", "RNN relu", "LSTM", "GRU"]


@pytest.mark.parametrize("engine", ["equations", "numba"])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=IDS)
def test_outputs_and_states_on_random_sizes(kind: str, options: dict[str, Any], engine: str) -> None:
    torch.manual_seed(1)
    rng = np.random.default_rng(2)
    for layers in (1, 3):
        D, H, O, N, T = (int(n) for n in rng.integers(1, 20, 5))
        module = getattr(torch.nn, kind)(D, H, layers, batch_first=True, dtype=torch.float64, **options)
        top = torch.nn.Linear(H, O, dtype=torch.float64)
        tensors = {f"rnn.{name}": tensor for name, tensor in module.state_dict().items()}
        tensors |= {f"fc.{name}": tensor for name, tensor in top.state_dict().items()}
        activation = {"activation": options["nonlinearity"]} if options else {}
        net = rnncalc.from_state_dict(tensors, readout="fc", engine=engine, **activation)
        x = torch.randn(N, T, D, dtype=torch.float64)
        out, state = module(x)
        y, final = net(x.numpy(), return_state=True)
        np.testing.assert_allclose(y, top(out).detach().numpy(), rtol=0, atol=1e-12)
        for name, theirs in zip("hc", state if kind == "LSTM" else (state,)):
            ours = [final[name]] if layers == 1 else final[name]
            np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=IDS)
def test_problem_files_speak_pytorch(kind: str, options: dict[str, Any]) -> None:
    torch.manual_seed(3)
    module = getattr(torch.nn, kind)(3, 4, dtype=torch.float64, **options)
    x = torch.randn(5, 3, dtype=torch.float64)
    keys = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    cell = {"RNN": "elman", "LSTM": "lstm", "GRU": "gru"}[kind]
    activation = {"activation": options["nonlinearity"]} if options else {}
    forward = rnncalc.problem(cell=cell, notation="pytorch", x=x.numpy(), **keys, **activation).forward()
    np.testing.assert_allclose(forward.h, module(x)[0].detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=IDS)
def test_packed_sequences_are_ragged_batches(kind: str, options: dict[str, Any]) -> None:
    torch.manual_seed(4)
    module = getattr(torch.nn, kind)(3, 5, batch_first=True, dtype=torch.float64, **options)
    activation = {"activation": options["nonlinearity"]} if options else {}
    net = rnncalc.from_state_dict(module.state_dict(), **activation)
    x, lengths = torch.randn(4, 7, 3, dtype=torch.float64), [3, 7, 1, 5]
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(module(packed)[0], batch_first=True)
    np.testing.assert_allclose(net(x.numpy(), lengths=lengths), out.detach().numpy(), rtol=0, atol=1e-12)


def test_float32_weights_stay_float32() -> None:
    module = torch.nn.LSTM(3, 4)
    net = rnncalc.from_state_dict(module.state_dict())
    x = torch.randn(6, 3)
    assert net.dtype == np.float32
    np.testing.assert_allclose(net(x.numpy()), module(x)[0].detach().numpy(), rtol=0, atol=1e-6)


# ------------------------------------------------------------------------------------------------------------- gradient


@pytest.mark.parametrize("engine", ["equations", "numba"])
@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=IDS)
def test_gradients_are_those_of_autograd(kind: str, options: dict[str, Any], both: bool, engine: str) -> None:
    """Stacked, in both directions, ragged; every parameter, the initial states and the inputs."""
    torch.manual_seed(5)
    directions = ["forward", "backward"] if both else ["forward"]
    for layers in (1, 2, 3):
        D, H, O, N, T = 3, 5, 4, 6, 9
        module = getattr(torch.nn, kind)(
            D, H, layers, batch_first=True, bidirectional=both, dtype=torch.float64, **options
        )
        top = torch.nn.Linear(len(directions) * H, O, dtype=torch.float64)
        x = torch.randn(N, T, D, dtype=torch.float64, requires_grad=True)
        count = layers * len(directions)
        states = [torch.randn(count, N, H, dtype=torch.float64, requires_grad=True) for _ in range(2)]
        lengths, targets = [4, 9, 1, 6, 9, 2], torch.randint(0, O, (N, T))
        present = torch.arange(T) < torch.tensor(lengths)[:, None]
        targets[~present | (torch.rand(N, T) < 0.3)] = -100
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out = module(packed, (states[0], states[1]) if kind == "LSTM" else states[0])[0]
        scores = top(torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0])
        loss = torch.nn.functional.cross_entropy(scores.reshape(-1, O), targets.reshape(-1))
        loss.backward()

        tensors = {**module.state_dict(), **{f"fc.{name}": tensor for name, tensor in top.state_dict().items()}}
        activation = {"activation": options["nonlinearity"]} if options else {}
        net = rnncalc.from_state_dict(tensors, readout="fc", engine=engine, **activation)
        named = dict(zip(("h0", "c0"), states if kind == "LSTM" else states[:1]))
        arrays = {name: state.detach().numpy() for name, state in named.items()}
        initial: dict[str, Any] = {name: state[0] if len(state) == 1 else list(state) for name, state in arrays.items()}
        trace = net.forward(x.detach().numpy(), lengths=lengths, **initial)
        classes = np.where(targets.numpy() < 0, np.nan, targets.numpy())
        gradients = net.backward(trace, classes, loss="cross_entropy", reduction="mean")

        assert gradients.loss == pytest.approx(loss.item(), rel=1e-12)
        same = partial(np.testing.assert_allclose, rtol=0, atol=1e-12)
        same(gradients.x, x.grad.numpy())
        same(gradients.V, top.weight.grad.numpy())
        same(gradients.c, top.bias.grad.numpy())
        for level in range(layers):
            for number, direction in enumerate(directions):
                ours, name = gradients.layers[level].passes[direction], f"_l{level}" + ("_reverse" if number else "")
                grads = {
                    part: getattr(module, part + name).grad.numpy() for part in ("weight_ih", "weight_hh", "bias_ih")
                }
                same(ours["U"], grads["weight_ih"])
                same(ours["W"], grads["weight_hh"])
                same(ours["b"], grads["bias_ih"])
                if kind == "GRU":
                    second = getattr(module, f"bias_hh{name}").grad.numpy()
                    same(ours["d"], second[2 * H :])
                for state, theirs in named.items():
                    same(ours[state], theirs.grad[level * len(directions) + number].numpy())


# ------------------------------------------------------------------------------------------------------------- exchange


@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=IDS)
def test_weights_come_back_to_the_bit(kind: str, options: dict[str, Any], both: bool) -> None:
    """From a module to a network and into a new module: weights equal, biases by their sum; of nn.*Cell too."""
    torch.manual_seed(6)
    for layers in (1, 3):
        modules = [getattr(torch.nn, kind)(3, 5, layers, bidirectional=both, **options) for _ in range(2)]
        modules += [getattr(torch.nn, f"{kind}Cell")(3, 5, **options) for _ in range(2)] if layers == 1 else []
        for first, second in zip(modules[::2], modules[1::2]):
            net = rnncalc.from_state_dict(first, engine="equations")
            named = {name: torch.tensor(array) for name, array in rnncalc.to_state_dict(net).items()}
            if not hasattr(first, "num_layers"):
                named = {name.removesuffix("_l0"): tensor for name, tensor in named.items()}
            second.load_state_dict(named)
            for name, tensor in first.state_dict().items():
                there = second.state_dict()[name]
                if name.startswith("weight"):
                    assert torch.equal(tensor, there)
                elif kind != "GRU" and name.startswith("bias_ih"):
                    other = name.replace("bias_ih", "bias_hh")
                    assert torch.equal(tensor + first.state_dict()[other], there + second.state_dict()[other])
            x = torch.randn(7, 3)
            output = first(x)[0] if hasattr(first, "num_layers") else x
            theirs = second(x)[0] if hasattr(first, "num_layers") else x
            np.testing.assert_allclose(theirs.detach().numpy(), output.detach().numpy(), rtol=0, atol=1e-6)


def test_lists_of_modules_projections_and_half_precision(tmp_path: Path) -> None:
    torch.manual_seed(7)
    x = torch.randn(6, 3, dtype=torch.float64)
    below, above = torch.nn.RNN(3, 5, nonlinearity="relu"), torch.nn.GRU(5, 4, bidirectional=True)
    stack = [module.double() for module in (below, above)]
    net = rnncalc.from_state_dict(stack, engine="equations")
    np.testing.assert_allclose(net(x.numpy()), above(below(x)[0])[0].detach().numpy(), rtol=0, atol=1e-12)
    listed = rnncalc.from_state_dict(torch.nn.ModuleList(stack), engine="equations")
    np.testing.assert_array_equal(listed(x.numpy()), net(x.numpy()))
    projected = torch.nn.LSTM(3, 5, proj_size=2).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says which implementation it takes
        expected = projected(x)[0].detach().numpy()
    ours = rnncalc.from_state_dict(projected, engine="equations")
    np.testing.assert_allclose(ours(x.numpy()), expected, rtol=0, atol=1e-12)
    for layers, both in itertools.product((1, 2), (False, True)):
        made = torch.nn.LSTM(3, 5, num_layers=layers, proj_size=2, bidirectional=both).double()
        net = rnncalc.from_state_dict(made, engine="equations")
        text, back = modules(net), rnncalc.to_state_dict(net)
        assert "proj_size=2" in text
        assert set(eval(text, {"nn": torch.nn}).state_dict()) == set(back)
        assert set(back) == set(made.state_dict())
        for name, tensor in made.state_dict().items():
            if "bias" not in name:
                np.testing.assert_array_equal(back[name], tensor.numpy())
            elif "bias_ih" in name:
                other = made.state_dict()[name.replace("ih", "hh")]
                np.testing.assert_array_equal(back[name], (tensor + other).numpy())
    for dtype in (torch.bfloat16, torch.float16):
        half = torch.nn.LSTM(3, 5).to(dtype)
        save_file(half.state_dict(), tmp_path / "half.safetensors")
        loaded = rnncalc.load(tmp_path / "half.safetensors", engine="equations")
        assert loaded.dtype == np.float32
        np.testing.assert_array_equal(loaded.layers[0].arrays["U"], half.weight_ih_l0.detach().float().numpy())
        direct = rnncalc.from_state_dict(half, engine="equations")
        np.testing.assert_array_equal(direct.layers[0].arrays["b"], loaded.layers[0].arrays["b"])


MODULE: Any = torch.nn.Module


class Tagger(MODULE):  # type: ignore[misc]
    """A recurrent module of two layers with a linear one on top."""

    def __init__(self, kind: str, both: bool, last: bool):
        super().__init__()
        self.rnn = getattr(torch.nn, kind)(3, 4, 2, batch_first=True, bidirectional=both)
        self.fc, self.last = torch.nn.Linear(8 if both else 4, 2), last

    def forward(self, x: Any) -> Any:
        y = self.rnn(x)[0]
        return torch.softmax(self.fc(y[:, -1] if self.last else y), -1)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_what_pytorch_exports_as_onnx_is_read(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("onnx")
    for both, last in ((False, False), (True, False), (True, True)):
        module, x = Tagger(kind, both, last), torch.randn(2, 5, 3)
        caplog.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # this exporter is the older one
            torch.onnx.export(
                module, (x,), tmp_path / "m.onnx", dynamo=False, dynamic_axes={"x": [0, 1]}, input_names=["x"]
            )
        net = rnncalc.load(tmp_path / "m.onnx", engine="equations")
        y = net(x.numpy())
        theirs = module(x).detach().numpy()
        np.testing.assert_allclose(y[:, -1] if last else y, theirs, rtol=0, atol=1e-6)
        assert net.output == "softmax"
        assert len(caplog.records) == int(last), caplog.text
