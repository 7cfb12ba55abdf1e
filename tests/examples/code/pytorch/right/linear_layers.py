import torch
from torch import nn


class Elman(nn.Module):
    """x (N, T, D), h0 (N, H)"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.i2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x, h0):
        h = h0
        outputs = []
        for t in range(x.size(1)):
            h = torch.tanh(self.i2h(x[:, t]) + self.h2h(h))
            outputs.append(h)
        return torch.stack(outputs, dim=1), h


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def forward(self, x, h0, c0):
        h, c = h0, c0
        outputs = []
        for t in range(x.size(1)):
            i, f, g, o = (self.x2h(x[:, t]) + self.h2h(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 3 * hidden_size)
        self.h2rz = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.h2n = nn.Linear(hidden_size, hidden_size)

    def forward(self, x, h0):
        h = h0
        outputs = []
        for t in range(x.size(1)):
            xr, xz, xn = self.x2h(x[:, t]).chunk(3, 1)
            hr, hz = self.h2rz(h).chunk(2, 1)
            r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
            n = torch.tanh(xn + r * self.h2n(h))
            h = (1 - z) * n + z * h
            outputs.append(h)
        return torch.stack(outputs, dim=1), h
