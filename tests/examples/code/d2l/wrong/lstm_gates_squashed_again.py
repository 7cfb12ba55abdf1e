import torch


def gate(X, H, W_x, W_h, b):
    return torch.sigmoid(X @ W_x + H @ W_h + b)


def lstm(inputs, state, params):
    p = params
    H, C = state
    Y = []
    for X in inputs:
        I, F, O = gate(X, H, *p[0:3]), gate(X, H, *p[3:6]), gate(X, H, *p[6:9])
        C_tilde = torch.tanh(X @ p[9] + H @ p[10] + p[11])
        C = torch.sigmoid(F) * C + torch.sigmoid(I) * C_tilde
        H = torch.sigmoid(O) * torch.tanh(C)
        Y.append(H @ p[12] + p[13])
    return torch.cat(Y), (H, C)
