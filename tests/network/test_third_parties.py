"""Suites that others wrote: PyTorch's samples of its recurrent modules, with gradients; WebNN's recorded numbers.

ONNX's node tests are in `test_onnx_exchange`.
"""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights.cell_variants import USUAL, Activation, cell
from rnncalc.network.weights.gate_blocks import one_bias

same = partial(np.testing.assert_allclose, rtol=0, atol=1e-11)


# PyTorch --------------------------------------------------------------------------------------------------------------


def test_samples_of_recurrent_modules_with_gradients() -> None:
    """Outputs, and the gradients of every parameter, of the inputs and of the initial states."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("expecttest")
    from torch.testing._internal.common_modules import module_db

    names = ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell")
    kinds = {getattr(torch.nn, name): name for name in names}
    outcomes: Counter[str] = Counter()
    for info in module_db:
        if info.module_cls not in kinds:
            continue
        how = {"device": "cpu", "dtype": torch.float64, "requires_grad": True, "training": False}
        for sample in info.module_inputs_func(info, **how, with_packed_sequence=True):
            torch.manual_seed(1)
            made = sample.constructor_input
            module = info.module_cls(*made.args, **made.kwargs, dtype=torch.float64)
            try:
                compare(torch, module, *sample.forward_input.args)
                outcomes[kinds[info.module_cls]] += 1
            except RnncalcError as error:
                outcomes[str(error)] += 1
    assert outcomes == {"RNN": 64, "GRU": 32, "LSTM": 32, "RNNCell": 3, "GRUCell": 2, "LSTMCell": 2}


def compare(torch: Any, module: Any, x: Any, initial: Any = None) -> None:
    """Hold a call of a module, and a random gradient that arrives at its output, against ours."""
    net = rnncalc.from_state_dict(module, engine="equations")
    given = () if initial is None else initial if isinstance(initial, tuple) else (initial,)
    packed = isinstance(x, torch.nn.utils.rnn.PackedSequence)
    single = not hasattr(module, "num_layers")
    out = module(x, *([] if initial is None else [initial]))
    out = out[0] if isinstance(out, tuple) and not isinstance(out, torch.nn.utils.rnn.PackedSequence) else out
    lengths, values = None, x
    if packed:
        out, lengths = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
        values = torch.nn.utils.rnn.pad_packed_sequence(x, batch_first=True)[0]
    g = torch.randn_like(out)
    (out * g).sum().backward()
    rows = [state.detach().numpy() for state in given]
    if single:
        states = {f"{name}0": state for name, state in zip("hc", rows)}
    else:
        states = {f"{name}0": state[0] if len(state) == 1 else list(state) for name, state in zip("hc", rows)}
    shaped = [tensor.detach().numpy()[None] if single else tensor.detach().numpy() for tensor in (values, g, out)]
    trace = net.forward(shaped[0], lengths=lengths, **states)
    same(net(shaped[0], lengths=lengths, **states), shaped[2])
    gradients = net.backward(trace, dy=shaped[1])
    if packed:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        same(pack(torch.tensor(gradients.x), lengths, batch_first=True).data.numpy(), x.data.grad.numpy())
    else:
        same(gradients.x, x.grad.numpy()[None] if single else x.grad.numpy())
    directions = ["", "_reverse"] if getattr(module, "bidirectional", False) else [""]
    for level, layer in enumerate(net.layers):
        for number, (direction, suffix) in enumerate(zip(layer.passes, directions)):
            ours = gradients.layers[level].passes[direction]
            end = "" if single else f"_l{level}{suffix}"
            same(ours["U"], getattr(module, f"weight_ih{end}").grad.numpy())
            same(ours["W"], getattr(module, f"weight_hh{end}").grad.numpy())
            if "P" in ours:
                same(ours["P"], getattr(module, f"weight_hr{end}").grad.numpy())
            if module.bias:
                same(ours["b"], getattr(module, f"bias_ih{end}").grad.numpy())
            if module.bias and "d" in ours:
                same(ours["d"], np.split(getattr(module, f"bias_hh{end}").grad.numpy(), 3)[2])
            for name, state in zip("hc", given):
                wanted = state.grad.numpy() if single else state.grad.numpy()[level * len(directions) + number]
                same(ours[f"{name}0"], wanted)


# WebNN ----------------------------------------------------------------------------------------------------------------

PLACES = [folder / "shared" / "conformance" / "webnn_rnn_cases.json" for folder in Path(__file__).parents[2].parents]
WEBNN = next((place for place in PLACES if place.is_file()), None)
OURS = {"gru": "rzn", "lstm": "ifgo"}
FUNCTIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def tensor(entry: dict[str, Any], rank: int) -> np.ndarray:
    array = np.array(entry["data"], np.float64).reshape(entry["shape"])
    return array.reshape((1,) * (rank - array.ndim) + array.shape)


def network_of(case: dict[str, Any]) -> Network:
    """A case's layer, of our cell or of its variant."""
    kind, given, options = case["op"].removesuffix("Cell"), case["args"], case["opts"]
    after = kind == "gru" and options.get("resetAfter", True)
    order = options.get("layout", "iofg" if kind == "lstm" else "zrn")
    operator, named = kind.upper(), "gru_after" if after else kind
    names = [FUNCTIONS[name] for name in options["activations"]] if "activations" in options else USUAL[operator]
    peepholes = tensor(options["peepholeWeight"], 2) if "peepholeWeight" in options else None
    chosen = cell(operator, [Activation(name) for name in names], peepholes=peepholes is not None, after=after)
    weights = [tensor(given[key], 3) for key in ("weight", "recurrentWeight")]
    biases = [tensor(options[key], 2) if key in options else None for key in ("bias", "recurrentBias")]

    def ours(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(order))
        return np.concatenate([blocks[order.index(gate)] for gate in OURS[kind]])

    passes: list[dict[str, Any]] = []
    for number in range(len(weights[0])):
        U, W = (ours(array[number]) for array in weights)
        both = [None if array is None else ours(array[number]) for array in biases]
        passes.append({"U": U, "W": W, **one_bias(named, *both)})
        if peepholes is not None:
            i, o, f = np.split(peepholes[number], 3)
            passes[-1]["p"] = np.concatenate([i, f, o])
    direction = options.get("direction", "forward")
    second: dict[str, Any] = {"backward": passes[1]} if direction == "both" else {}
    return Network([Layer(chosen, **passes[0], direction=direction, **second)], engine="equations")


@pytest.mark.skipif(WEBNN is None, reason="../shared is not beside this clone")
def test_recorded_numbers_of_webnn() -> None:
    assert WEBNN is not None
    cases = json.loads(WEBNN.read_text(encoding="utf-8"))
    assert Counter(case["op"] for case in cases) == {"gru": 10, "gruCell": 9, "lstm": 3, "lstmCell": 1}
    for case in cases:
        net, options = network_of(case), {**case["opts"], **case["args"]}
        H, passes = net.layers[0].sizes["H"], list(net.layers[0].passes)
        initial = {}
        for name, keys in (
            ("h0", ("initialHiddenState", "hiddenState")), ("c0", ("initialCellState", "cellState"))
        ):  # fmt: skip
            state = next((tensor(options[key], 3) for key in keys if key in options), None)
            if state is not None:
                initial[name] = state[0] if len(passes) == 1 else list(state)
        y, final = net(tensor(options["input"], 3), layout="time_first", return_state=True, **initial)
        steps = y.reshape(*y.shape[:2], len(passes), H)
        last = [steps[0 if way == "backward" else -1, :, number] for number, way in enumerate(passes)]
        results = [np.stack(last)]
        if case["op"].startswith("lstm"):
            results.append(np.asarray(final["c"]).reshape(results[0].shape))
        if case["opts"].get("returnSequence"):
            results.append(steps.swapaxes(1, 2))
        wanted = [tensor(out, 0) for out in case["outs"]]
        assert len(results) == len(wanted)
        for ours, theirs in zip(results, wanted):
            np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-12, atol=1e-12, err_msg=case["test"])
