import torch
from torch import nn


class LSTM(nn.Module):
    """The parameters of nn.LSTM, stacked as there."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def forward(self, x, h0, c0):
        h, c, outputs = h0, c0, []
        for t in range(x.size(1)):
            i, f, o, g = (self.x2h(x[:, t]) + self.h2h(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)
