import torch
import torch.nn.functional as F


def affine(X, H, W_x, W_h, b):
    return torch.addmm(b, torch.cat((X, H), 1), torch.cat((W_x, W_h), 0))


def three_by_three(params):
    return [params[k : k + 3] for k in range(0, len(params) - 2, 3)]


def rnn(inputs, state, params):
    H = state[0]
    Y = []
    for t in range(inputs.shape[0]):
        H = affine(inputs[t], H, *params[:3]).tanh()
        Y += [F.linear(H, params[3].T, params[4])]
    return torch.vstack(Y), (H,)


def lstm(inputs, state, params):
    (i, f, o, c), (W_hq, b_q) = three_by_three(params), params[-2:]
    H, C = state
    Y = []
    for t in range(inputs.shape[0]):
        X = inputs[t]
        new = torch.sigmoid(affine(X, H, *i)) * torch.tanh(affine(X, H, *c))
        kept = torch.sigmoid(affine(X, H, *f)) * C
        out = torch.sigmoid(affine(X, H, *o))
        C = kept + new
        H = out * torch.tanh(C)
        Y += [F.linear(H, W_hq.T, b_q)]
    return torch.vstack(Y), (H, C)


def gru(inputs, state, params):
    (z, r, h), (W_hq, b_q) = three_by_three(params), params[-2:]
    H = state[0]
    Y = []
    for X in inputs:
        Z = torch.sigmoid(affine(X, H, *z))
        R = torch.sigmoid(affine(X, H, *r))
        H = torch.lerp(torch.tanh(affine(X, R * H, *h)), H, Z)
        Y += [F.linear(H, W_hq.T, b_q)]
    return torch.vstack(Y), (H,)
