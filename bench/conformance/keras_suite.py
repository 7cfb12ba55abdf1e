"""Keras' own tests of recurrent layers, computed by rnncalc through the functions that Keras lets a backend replace.

    pip install keras torch pytest absl-py scipy    # in an environment that has rnncalc
    KERAS_BACKEND=torch python bench/conformance/keras_suite.py [-k WORDS] [--engine auto|equations|numba]

The tests are those of the installed Keras, keras/src/layers/rnn/*_test.py, which its wheel has. `backend.rnn`, `lstm`
and `gru` are replaced: what a layer asks for becomes a network of ours, with gradients through
`torch.autograd.Function`, masks of any form, either direction, states in and out. What we cannot express goes to Keras,
with its reason; shapes that are asked for without numbers go there too. Each call that we answer is answered by Keras
as well, outputs, states and gradients, and the largest difference is printed. Exit code 1 if a test fails that passes
without us, or a float32 number differs by more than 1e-5, of the largest one where that is above 1.

Longer than other files: it replaces three functions of Keras in full, and runs by itself.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import pytest
import torch
from keras.src import backend, tree

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.network.weights.cell_variants import cell as variant
from rnncalc.network.weights.gate_blocks import to_library
from rnncalc.network.weights.keras_arrays import cell_name, stacked
from rnncalc.network.weights.keras_reader import FUNCTIONS, OPERATORS

TOLERANCE = 1e-5
OWN = {  # the cells that the tests define, as equations, and the names of their weights
    "OneStateRNNCell": (CELLS["elman"].switch(activation="identity"), {"U": "kernel", "W": "recurrent_kernel"}),
    "RNNCellWithDropout": (CELLS["elman"].switch(activation="identity"), {"U": "kernel", "W": "recurrent_kernel"}),
    "TwoStatesRNNCell": (
        rnncalc.Cell(
            "two_states",
            {"p": "U @ x_t + W @ p_p", "q": "U @ x_t + R @ p_p", "h": "p + q"},
            ["p", "q"],
            "h",
        ),
        {"U": "kernel", "W": "recurrent_kernel_1", "R": "recurrent_kernel_2"},
    ),
}


class NotExpressibleError(Exception):
    """What a layer asks for that no network of ours is."""


class Part(NamedTuple):
    """A cell of Keras as ours: its tensors, and how they become our arrays and our gradients theirs."""

    cell: rnncalc.Cell
    tensors: list[torch.Tensor]
    ours: Callable[[list[np.ndarray]], dict[str, np.ndarray]]
    theirs: Callable[[dict[str, np.ndarray]], list[np.ndarray]]


class Tally:
    """What happened, call by call."""

    engine = "auto"

    def __init__(self) -> None:
        self.now, self.reasons, self.compared = Counter[str](), Counter[str](), Counter[str]()
        self.worst: dict[str, float] = {}

    def differ(self, what: str, theirs: Sequence[torch.Tensor], ours: Sequence[torch.Tensor]) -> None:
        self.compared[what] += 1
        for expected, given in zip(theirs, ours, strict=True):
            if expected.dtype in (torch.float32, torch.float64) and expected.numel():
                assert expected.shape == given.shape, (
                    f"{what}: {tuple(given.shape)} where Keras has {tuple(expected.shape)}"
                )
                largest = max(1.0, float(expected.abs().max()))
                self.worst[what] = max(self.worst.get(what, 0.0), float((expected - given).abs().max()) / largest)


TALLY = Tally()


def part(kind: str, tensors: list[Any], functions: list[Any], after: bool = False) -> Part:
    """SimpleRNN, LSTM or GRU with kernel, recurrent kernel and, where there is one, bias."""
    names = [keras.activations.serialize(function) if function else "linear" for function in functions]
    for name in names:
        if not isinstance(name, str) or name not in FUNCTIONS:
            raise NotExpressibleError(f"the function {name}")
    chosen = variant(OPERATORS[kind], [FUNCTIONS[name] for name in names], after=after)
    given = [backend.convert_to_tensor(tensor) for tensor in tensors if tensor is not None]

    def theirs(gradients: dict[str, np.ndarray]) -> list[np.ndarray]:
        named = cell_name(kind, after)
        out = [to_library(gradients[name], named, "Keras").T for name in "UW"]
        if len(given) > 2:
            both = [gradients["b"]]
            if given[2].ndim == 2:  # the state's bias as well: in n it stands inside the product with r
                both.append(np.concatenate([gradients["b"][: -len(gradients["d"])], gradients["d"]]))
            biases = [to_library(bias, named, "Keras") for bias in both]
            out.append(np.stack(biases) if given[2].ndim == 2 else biases[0])
        return out

    return Part(chosen, given, lambda arrays: stacked("layer", kind, after, arrays), theirs)


def part_of(cell: Any, training: bool, stack: bool) -> Part:
    """A cell object of Keras as ours."""
    kind, dropout = type(cell).__name__, float(getattr(cell, "dropout", 0) or 0)
    if training and (getattr(cell, "recurrent_dropout", 0) or (dropout and stack)):
        raise NotExpressibleError("dropout inside the recurrence")
    if training and dropout and getattr(cell, "implementation", 2) == 1:
        raise NotExpressibleError("dropout of its own for each gate")
    if kind in OWN:
        ours, names = OWN[kind]
        tensors = [backend.convert_to_tensor(getattr(cell, name)) for name in names.values()]
        return Part(
            ours,
            tensors,
            lambda arrays: {name: array.T for name, array in zip(names, arrays)},
            lambda gradients: [gradients[name].T for name in names],
        )
    kind = kind.removesuffix("Cell")
    if kind not in OPERATORS:
        raise NotExpressibleError(f"the cell {type(cell).__name__}")
    functions = [cell.activation]
    if kind != "SimpleRNN":
        functions = [cell.recurrent_activation, *functions, *functions * (kind == "LSTM")]
    after = kind == "GRU" and cell.reset_after
    return part(kind, [cell.kernel, cell.recurrent_kernel, cell.bias], functions, after)


class Recurrent(torch.autograd.Function):
    """Outputs and final states of a stack of parts, with gradients; the arguments are x, states and weights."""

    @staticmethod
    def forward(ctx: Any, parts: list[Part], lengths: Any, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        arrays = [tensor.detach().to(torch.promote_types(tensor.dtype, torch.float32)).numpy() for tensor in given]
        names = [f"layers.{n}.forward.{state}" for n, piece in enumerate(parts) for state in piece.cell.state]
        states, weights = dict(zip(names, arrays[1:])), arrays[1 + len(names) :]
        layers = []
        for piece in parts:
            own = [weights.pop(0) for _tensor in piece.tensors]
            layers.append(rnncalc.Layer(piece.cell, **piece.ours(own)))
        net = rnncalc.Network(layers, engine=TALLY.engine, dtype=arrays[0].dtype)
        trace = net.forward(arrays[0], rnncalc.States.from_flat(states), lengths=lengths)
        ctx.run = net, trace, names, parts, [tensor.dtype for tensor in given]
        outputs = [trace.y, *(trace.final[name] for name in names)]
        return tuple(torch.tensor(output).to(given[0].dtype) for output in outputs)

    @staticmethod
    def backward(ctx: Any, dy: torch.Tensor, *dstates: torch.Tensor) -> tuple[Any, ...]:
        net, trace, names, parts, dtypes = ctx.run
        incoming = [tensor.to(torch.promote_types(tensor.dtype, torch.float32)).numpy() for tensor in (dy, *dstates)]
        grads = net.backward(trace, dy=incoming[0], dstates=rnncalc.States.from_flat(dict(zip(names, incoming[1:]))))
        out = [grads.x, *(grads.states[name] for name in names)]
        for number, piece in enumerate(parts):
            prefix = f"layers.{number}.forward."
            own = {name.removeprefix(prefix): a for name, a in grads.parameters.items() if name.startswith(prefix)}
            out += piece.theirs(own)
        return None, None, *(torch.tensor(array.copy()).to(dtype) for array, dtype in zip(out, dtypes, strict=True))


def run(parts: list[Part], x: Any, states: Any, mask: Any, backwards: bool, zero: bool, every: bool) -> Any:
    """What a backend's loop gives: the last output, the outputs and the final states."""
    x = torch.flip(x, [1]) if backwards else x
    flat = [tensor.expand(len(x), -1) for tensor in tree.flatten(states)]
    if mask is None:
        lengths = None
    else:
        mask = mask.reshape(mask.shape[:2]).to(torch.bool)
        mask = torch.flip(mask, [1]) if backwards else mask
        order = torch.argsort((~mask).int(), dim=1, stable=True)  # the steps that count to the front
        x, lengths = torch.take_along_dim(x, order[..., None], 1), mask.sum(1).numpy()
    weights = [tensor for piece in parts for tensor in piece.tensors]
    y, *final = Recurrent.apply(parts, lengths, x, *flat, *weights)
    if mask is not None:
        place = mask.cumsum(1)[..., None] - 1  # the latest step that counted
        y = torch.where(place >= 0, torch.take_along_dim(y, place.clamp(min=0), 1), 0)
        y = torch.where(mask[..., None], y, 0) if zero else y
    return y[:, -1], y if every else y[:, -1:], tree.pack_sequence_as(states, final)


class Compared(torch.autograd.Function):
    """Ours unchanged; on the way back the gradients of both are compared."""

    @staticmethod
    def forward(ctx: Any, theirs: Sequence[torch.Tensor], leaves: Any, ours_of: Any, *ours: torch.Tensor) -> Any:
        ctx.kept = theirs, leaves, ours_of
        return tuple(tensor.clone() for tensor in ours)

    @staticmethod
    def backward(ctx: Any, *incoming: torch.Tensor) -> tuple[Any, ...]:
        theirs, leaves, ours_of = ctx.kept
        both = []
        for outputs in (theirs, ours_of):
            pairs = [(o, g) for o, g in zip(outputs, incoming) if o.requires_grad]
            both.append(
                torch.autograd.grad(
                    [o for o, _g in pairs], leaves, [g for _o, g in pairs], retain_graph=True, materialize_grads=True
                )
            )
        TALLY.differ("gradients", *both)
        return None, None, None, *incoming


def answered(parts: Callable[[], tuple[list[Part], Any]], x: Any, states: Any, options: tuple, original: Any) -> Any:
    """Our answer, held against Keras's; Keras's alone where we have none."""
    if x.device.type == "meta":
        TALLY.now["shapes alone"] += 1
        return original()
    try:
        made, x = parts()
        outcome = run(made, x, states, *options)
    except (NotExpressibleError, RnncalcError) as error:
        TALLY.now[f"not expressible: {error}"] += 1
        TALLY.reasons[str(error)] += 1
        return original()
    theirs, ours = original(), outcome
    TALLY.now["ours"] += 1
    flat, own = tree.flatten(theirs), tree.flatten(ours)
    TALLY.differ("outputs and states", [tensor.detach() for tensor in flat], [tensor.detach() for tensor in own])
    leaves = [tensor for piece in made for tensor in piece.tensors if tensor.requires_grad]
    if torch.is_grad_enabled() and leaves and any(tensor.requires_grad for tensor in own):
        own = list(Compared.apply(flat, leaves, own, *own))
    return tree.pack_sequence_as(ours, own)


def replace() -> None:
    """Puts our functions where Keras's layers call their backend."""
    rnn, lstm, gru = backend.rnn, backend.lstm, backend.gru

    def our_rnn(step: Any, inputs: Any, initial_states: Any, *args: Any, **keys: Any) -> Any:
        known = inspect.signature(rnn).bind(step, inputs, initial_states, *args, **keys)
        known.apply_defaults()
        options = known.arguments
        closure = inspect.getclosurevars(step).nonlocals

        def parts() -> tuple[list[Part], Any]:
            layer, training = closure["self"], bool(closure.get("cell_kwargs", {}).get("training"))
            cells = getattr(layer.cell, "cells", [layer.cell])
            made = [part_of(cell, training, len(cells) > 1) for cell in cells]
            if options["constants"] or options["time_major"]:
                raise NotExpressibleError("constants, or time first")
            x = inputs.to(made[0].tensors[0].dtype)
            if training and getattr(cells[0], "dropout", 0):
                x = x * cells[0].get_dropout_mask(x[:, 0, :])[:, None]
            return made, x

        chosen = (
            options["mask"],
            options["go_backwards"],
            options["zero_output_for_mask"],
            options["return_all_outputs"],
        )
        return answered(parts, inputs, initial_states, chosen, lambda: rnn(step, inputs, initial_states, *args, **keys))

    def fused(kind: str, original: Any, count: int) -> Any:
        def ours(inputs: Any, *given: Any, **keys: Any) -> Any:
            mask = given[count]
            if mask is not None:
                raise NotImplementedError  # the layer then asks for `rnn`, which knows what masked steps give

            def parts() -> tuple[list[Part], Any]:
                functions = [keys["recurrent_activation"], keys["activation"]]
                functions += [keys["activation"]] * (kind == "LSTM")
                weights = [keys[name] for name in ("kernel", "recurrent_kernel", "bias")]
                made = part(kind, weights, functions, kind == "GRU" and keys["reset_after"])
                return [made], inputs.to(made.tensors[0].dtype)

            states, every = [backend.convert_to_tensor(state) for state in given[:count]], keys["return_sequences"]
            options = (None, keys["go_backwards"], False, every)
            return answered(parts, inputs, states, options, lambda: original(inputs, *given, **keys))

        return ours

    backend.rnn, backend.lstm, backend.gru = our_rnn, fused("LSTM", lstm, 2), fused("GRU", gru, 1)


class Report:
    """How each test went, and by whom it was computed."""

    def __init__(self) -> None:
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_runtest_setup(self) -> None:
        TALLY.now.clear()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            reasons = sorted(name.partition(": ")[2] for name in TALLY.now if name.startswith("not"))
            by = "ours" if TALLY.now["ours"] else "shapes alone" if TALLY.now["shapes alone"] else "no recurrence"
            if reasons:
                by = ("in part, " if TALLY.now["ours"] else "") + "not expressible: " + ", ".join(reasons)
            self.outcomes[report.nodeid.rpartition("/")[2]] = report.outcome, by


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", default="", metavar="WORDS", help="only tests whose names have them")
    parser.add_argument("--engine", default="auto", choices=["auto", "equations", "numba"])
    chosen = parser.parse_args()
    TALLY.engine = chosen.engine
    folder = Path(inspect.getfile(keras)).parent / "src" / "layers" / "rnn"
    arguments = ["-q", "-p", "no:cacheprovider", "--no-header", "-W", "ignore", "--tb=short", str(folder)]
    arguments += ["-k", chosen.k] if chosen.k else []
    alone, ours = Report(), Report()
    pytest.main([*arguments, "--tb=no"], plugins=[alone])
    replace()
    pytest.main(arguments, plugins=[ours])
    counts = Counter(ours.outcomes.values())
    for (outcome, by), count in sorted(counts.items(), key=lambda entry: -entry[1]):
        print(f"{count:5} {outcome}: {by}")
    new = [name for name, (outcome, _by) in ours.outcomes.items() if outcome == "failed" != alone.outcomes[name][0]]
    failing = sum(outcome == "failed" for outcome, _by in alone.outcomes.values())
    passed = sum(outcome == "passed" for outcome, _by in ours.outcomes.values())
    tested = f"Keras {keras.__version__} on {backend.backend()}: {passed} of {len(ours.outcomes)} tests passed"
    print(f"{tested}, {failing} fail without us, {len(new)} through us only: {new}")
    print(f"calls that we cannot express: {dict(TALLY.reasons)}")
    for what, value in TALLY.worst.items():
        print(f"largest difference from Keras, {what}: {value:.2g} ({TALLY.compared[what]} calls)")
    return int(bool(new) or not ours.outcomes or any(value > TOLERANCE for value in TALLY.worst.values()))


if __name__ == "__main__":
    sys.exit(main())
