import torch
import torch.nn as nn
import torch.nn.functional as F


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, h0):
        hs = [h0]
        for t in range(x.shape[1]):
            hs.append(torch.tanh(self.cell(torch.cat([x[:, t, :], hs[-1]], dim=-1))))
        return torch.stack(hs[1:], dim=1), hs[-1]


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.forget = nn.Linear(input_size + hidden_size, hidden_size)
        self.input = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)
        self.output = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, h0, c0):
        h, c, hs = h0, c0, []
        for t in range(x.shape[1]):
            v = torch.cat([x[:, t], h], dim=-1)
            c = F.sigmoid(self.forget(v)) * c + F.sigmoid(self.input(v)) * F.tanh(self.candidate(v))
            h = F.sigmoid(self.output(v)) * F.tanh(c)
            hs.append(h)
        return torch.stack(hs, dim=1), (h, c)
