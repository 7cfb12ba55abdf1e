import torch

# Fills arrays of its own in place; the caller's tensors are not touched.


def gate(X, H, W_x, W_h, b):
    a = torch.einsum("nd,dh->nh", X, W_x)
    a += torch.einsum("nk,kh->nh", H, W_h)
    a += b
    return a


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    T, N, _ = inputs.shape
    H = state[0].clone()
    Y = torch.empty((T, N, b_q.shape[0]), dtype=inputs.dtype)
    for t in range(T):
        H = gate(inputs[t], H, W_xh, W_hh, b_h).tanh_()
        Y[t] = torch.einsum("nh,hq->nq", H, W_hq) + b_q
    return Y.view(T * N, -1), (H,)


def lstm(inputs, state, params):
    T, N, _ = inputs.shape
    H, C = (s.clone() for s in state)
    W_hq, b_q = params[12:]
    Y = torch.empty((T, N, b_q.shape[0]), dtype=inputs.dtype)
    for t in range(T):
        i, f, o = (gate(inputs[t], H, *params[k : k + 3]).sigmoid_() for k in (0, 3, 6))
        c = gate(inputs[t], H, *params[9:12]).tanh_()
        C *= f
        C += i * c
        H = o * C.tanh()
        Y[t] = torch.einsum("nh,hq->nq", H, W_hq) + b_q
    return Y.view(T * N, -1), (H, C)


def gru(inputs, state, params):
    T, N, _ = inputs.shape
    H = state[0].clone()
    W_hq, b_q = params[9:]
    Y = torch.empty((T, N, b_q.shape[0]), dtype=inputs.dtype)
    for t in range(T):
        z = gate(inputs[t], H, *params[0:3]).sigmoid_()
        r = gate(inputs[t], H, *params[3:6]).sigmoid_()
        n = gate(inputs[t], r * H, *params[6:9]).tanh_()
        H = (1 - z) * n + z * H
        Y[t] = torch.einsum("nh,hq->nq", H, W_hq) + b_q
    return Y.view(T * N, -1), (H,)
