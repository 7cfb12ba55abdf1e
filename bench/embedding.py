"""A network inside other programs, against PyTorch: what one evaluation or one step costs, the same numbers first.

    python bench/embedding.py

Three uses, those of docs/embedding.md: loss and gradient for an optimiser of one's own (`net.set` before each), a step
of an encoder and a decoder joined by their states, and a function of PyTorch around a network. One thread, in turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from measure import interleaved  # noqa: E402

import rnncalc  # noqa: E402

SIZES = [(1, 50, 3, 4), (16, 20, 8, 32), (32, 50, 32, 128)]
Pair = tuple[Callable[[], Any], Callable[[], Any]]  # ours, theirs; each gives its gradients, to be compared
RATE = 1e-9  # so that weights hardly move, and every turn does the same


def lstm(rng: np.random.Generator, D: int, H: int) -> tuple[torch.nn.LSTM, rnncalc.Network]:
    """The same layer in both libraries."""
    theirs = torch.nn.LSTM(D, H, batch_first=True)
    torch.nn.init.zeros_(theirs.bias_hh_l0)
    tensors = (theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0)
    arrays = (tensor.detach().numpy() for tensor in tensors)
    return theirs, rnncalc.Network([rnncalc.Layer("lstm", *arrays)])


def own_optimiser(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> Pair:
    """The loss and its gradient at given weights."""
    theirs, ours = lstm(rng, D, H)
    x, t = rng.normal(size=(N, T, D)).astype(np.float32), rng.normal(size=(N, T, H)).astype(np.float32)
    weights, x_, t_ = dict(ours.parameters), torch.tensor(x), torch.tensor(t)
    values = [parameter.detach().clone() for parameter in theirs.parameters()]

    def of_ours() -> Any:
        ours.set(weights)
        return list(ours.backward(ours.forward(x), t, loss="half_squared_error").parameters.values())

    def of_theirs() -> Any:
        with torch.no_grad():
            for parameter, value in zip(theirs.parameters(), values):
                parameter.copy_(value)
        theirs.zero_grad()
        (0.5 * (theirs(x_)[0] - t_) ** 2).sum().backward()
        return [parameter.grad for parameter in theirs.parameters()]

    return of_ours, of_theirs


def encoder_and_decoder(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> Pair:
    """One step of gradient descent of both."""
    (their_encoder, encoder), (their_decoder, decoder) = lstm(rng, D, H), lstm(rng, D, H)
    x, start = (rng.normal(size=(N, T, D)).astype(np.float32) for _each in range(2))
    t = rng.normal(size=(N, T, H)).astype(np.float32)
    x_, start_, t_ = map(torch.tensor, (x, start, t))
    every = [*their_encoder.parameters(), *their_decoder.parameters()]
    descent = torch.optim.SGD(every, lr=RATE)

    def of_ours() -> Any:
        code = encoder.forward(x)
        grads = decoder.backward(decoder.forward(start, code.final), t, loss="half_squared_error")
        below = encoder.backward(code, dstates=grads.states)
        encoder.update(below, RATE)
        decoder.update(grads, RATE)
        return list(below.parameters.values())

    def of_theirs() -> Any:
        descent.zero_grad()
        _y, code = their_encoder(x_)
        (0.5 * (their_decoder(start_, code)[0] - t_) ** 2).sum().backward()
        descent.step()
        return [parameter.grad for parameter in their_encoder.parameters()]

    return of_ours, of_theirs


def function_of_pytorch(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> Pair:
    """Forward and back through a `torch.autograd.Function` around a network, and through PyTorch's own layer."""
    theirs, ours = lstm(rng, D, H)
    x = torch.tensor(rng.normal(size=(N, T, D)).astype(np.float32), requires_grad=True)
    dy = torch.tensor(rng.normal(size=(N, T, H)).astype(np.float32))
    weights = [torch.tensor(array, requires_grad=True) for array in ours.parameters.values()]
    names = list(ours.parameters)

    class Recurrent(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
            ours.set(dict(zip(names, weights)))
            ctx.trace = ours.forward(x)
            return torch.tensor(ctx.trace.y)

        @staticmethod
        def backward(ctx: Any, *arriving: torch.Tensor) -> Any:
            grads = ours.backward(ctx.trace, dy=arriving[0])
            return torch.tensor(grads.x), *map(torch.tensor, grads.parameters.values())

    def of_ours() -> Any:
        return torch.autograd.grad(Recurrent.apply(x, *weights), [x, *weights], dy)[1:]

    def of_theirs() -> Any:
        return torch.autograd.grad(theirs(x)[0], [x, *theirs.parameters()], dy)[1:]

    return of_ours, of_theirs


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'(N, T, D, H), LSTM, float32':>28} {'use':>22} {'rnncalc µs':>11} {'PyTorch µs':>11} {'ratio':>6}")
    for size in SIZES:
        for use in (own_optimiser, encoder_and_decoder, function_of_pytorch):
            ours, theirs = use(np.random.default_rng(0), *size)
            for gradient, expected in zip(ours(), theirs()):
                gradient, expected = np.asarray(gradient), np.asarray(expected)
                np.testing.assert_allclose(gradient, expected, rtol=2e-3, atol=2e-4 * float(np.abs(expected).max()))
            times = interleaved({"ours": ours, "theirs": theirs}, 2.0)
            shown = [seconds * 1e6 for seconds in times.values()]
            name = use.__name__.replace("_", " ")
            print(f"{size!s:>28} {name:>22} {shown[0]:11.0f} {shown[1]:11.0f} {shown[1] / shown[0]:6.2f}", flush=True)


if __name__ == "__main__":
    main()
