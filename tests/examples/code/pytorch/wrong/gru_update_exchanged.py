import torch
from torch import nn


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 3 * hidden_size)
        self.h2rz = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.h2n = nn.Linear(hidden_size, hidden_size)

    def forward(self, x, h0):
        h, outputs = h0, []
        for t in range(x.size(1)):
            xr, xz, xn = self.x2h(x[:, t]).chunk(3, 1)
            hr, hz = self.h2rz(h).chunk(2, 1)
            r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
            n = torch.tanh(xn + r * self.h2n(h))
            h = z * n + (1 - z) * h
            outputs.append(h)
        return torch.stack(outputs, dim=1), h
