"""torch.nn.RNN, LSTM or GRU; inference without a graph."""

from __future__ import annotations

import numpy as np
import torch

from rivals import Rival, Weights


def rival(cell: str, p: Weights, threads: int) -> Rival:
    torch.set_num_threads(threads)
    H, D = p["W"].shape[1], p["U"].shape[1]
    dtype = torch.float32 if p["U"].dtype == np.float32 else torch.float64
    kind = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru_after": torch.nn.GRU}[cell]
    module = kind(D, H, batch_first=True, dtype=dtype)
    second = np.zeros_like(p["b"])
    if "d" in p:
        second[2 * H :] = p["d"]
    with torch.no_grad():
        given = (p["U"], p["W"], p["b"], second)
        for parameter, array in zip(
            (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0), given
        ):
            parameter.copy_(torch.from_numpy(array))

    def forward(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            h: np.ndarray = module(torch.from_numpy(x))[0].numpy()
            return h

    def both(x: np.ndarray, dh: np.ndarray) -> tuple[np.ndarray, Weights]:
        for parameter in module.parameters():
            parameter.grad = None
        h = module(torch.from_numpy(x))[0]
        h.backward(torch.from_numpy(dh))
        gradients = (module.weight_ih_l0.grad, module.weight_hh_l0.grad, module.bias_ih_l0.grad)
        return h.detach().numpy(), {name: gradient.numpy() for name, gradient in zip("UWb", gradients)}

    return Rival(forward, both)
