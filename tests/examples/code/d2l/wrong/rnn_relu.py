import torch


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    H = state[0]
    Y = []
    for t in range(len(inputs)):
        H = torch.relu(inputs[t] @ W_xh + H @ W_hh + b_h)
        Y.append(H @ W_hq + b_q)
    return torch.cat(Y, 0), (H,)
