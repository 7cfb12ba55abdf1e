import torch


def gru(inputs, state, params):
    *three, W_hq, b_q = params
    H, = state
    outputs = []
    for X in inputs:
        Z = torch.sigmoid(X @ three[0] + H @ three[1] + three[2])
        R = torch.sigmoid(X @ three[3] + H @ three[4] + three[5])
        H_new = torch.sigmoid(X @ three[6] + (R * H) @ three[7] + three[8])
        H = Z * H + (1 - Z) * H_new
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs), (H,)
