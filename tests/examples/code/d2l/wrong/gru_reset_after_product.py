import torch


def gru(inputs, state, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
    H = state[0]
    outputs = []
    for X in inputs:
        update = torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
        reset = torch.sigmoid(X @ W_xr + H @ W_hr + b_r)
        new = torch.tanh(X @ W_xh + reset * (H @ W_hh) + b_h)
        H = update * H + (1 - update) * new
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs, dim=0), (H,)
