"""Everything that needs no state is computed before the loop, in one product for all the steps."""
import torch


def run(step, A, states, W_hq, b_q):
    hidden = []
    for a in A.unbind(0):
        states = step(a, *states)
        hidden.append(states[0])
    Y = torch.stack(hidden) @ W_hq + b_q
    return Y.reshape(-1, Y.shape[-1]), states


def rnn(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params

    def step(a, H):
        return (torch.tanh(a + H @ W_hh),)

    return run(step, inputs @ W_xh + b_h, state, W_hq, b_q)


def lstm(inputs, state, params):
    *gates, W_hq, b_q = params
    W_x = torch.cat(gates[0::3], dim=1)
    W_h = torch.cat(gates[1::3], dim=1)
    b = torch.cat(gates[2::3])

    def step(a, H, C):
        i, f, o, c = (a + H @ W_h).chunk(4, dim=1)
        C = f.sigmoid() * C + i.sigmoid() * c.tanh()
        return o.sigmoid() * C.tanh(), C

    return run(step, inputs @ W_x + b, state, W_hq, b_q)


def gru(inputs, state, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
    A = torch.cat([inputs @ W_xz + b_z, inputs @ W_xr + b_r, inputs @ W_xh + b_h], dim=-1)

    def step(a, H):
        z, r, n = a.chunk(3, dim=-1)
        z = (z + H @ W_hz).sigmoid()
        r = (r + H @ W_hr).sigmoid()
        n = (n + (r * H) @ W_hh).tanh()
        return (n + z * (H - n),)

    return run(step, A, state, W_hq, b_q)
