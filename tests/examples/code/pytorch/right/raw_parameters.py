import torch
from torch import nn


def weight(*shape):
    return nn.Parameter(torch.empty(*shape).uniform_(-0.1, 0.1))


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = weight(hidden_size, input_size)
        self.weight_hh = weight(hidden_size, hidden_size)
        self.bias = weight(hidden_size)

    def forward(self, x, h0):
        h, outputs = h0, []
        for x_t in x.unbind(1):
            h = (x_t @ self.weight_ih.t() + h @ self.weight_hh.t() + self.bias).tanh()
            outputs.append(h)
        return torch.stack(outputs, 1), h


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = weight(4 * hidden_size, input_size)
        self.weight_hh = weight(4 * hidden_size, hidden_size)
        self.bias = weight(4 * hidden_size)

    def forward(self, x, h0, c0):
        state, outputs = (h0, c0), []
        for x_t in x.unbind(1):
            state = self.cell(x_t, *state)
            outputs.append(state[0])
        return torch.stack(outputs, 1), state

    def cell(self, x, h, c):
        gates = torch.addmm(self.bias, x, self.weight_ih.t()) + torch.mm(h, self.weight_hh.t())
        H = h.shape[1]
        s = gates.sigmoid()
        c = s[:, H : 2 * H] * c + s[:, :H] * gates[:, 2 * H : 3 * H].tanh()
        return s[:, 3 * H :] * c.tanh(), c
