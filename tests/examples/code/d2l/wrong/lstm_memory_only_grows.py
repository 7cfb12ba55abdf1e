import torch


def sigma(X, H, W_x, W_h, b):
    return torch.sigmoid(torch.matmul(X, W_x) + torch.matmul(H, W_h) + b)


def lstm(inputs, state, params):
    W_xi, W_hi, b_i, W_xf, W_hf, b_f, W_xo, W_ho, b_o, W_xc, W_hc, b_c, W_hq, b_q = params
    H, C = state
    outputs = []
    for X in inputs:
        I = sigma(X, H, W_xi, W_hi, b_i)
        O = sigma(X, H, W_xo, W_ho, b_o)
        C = C + I * torch.tanh(torch.matmul(X, W_xc) + torch.matmul(H, W_hc) + b_c)
        H = O * torch.tanh(C)
        outputs.append(torch.matmul(H, W_hq) + b_q)
    return torch.cat(outputs, dim=0), (H, C)
