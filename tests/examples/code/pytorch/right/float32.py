import torch
from torch import nn


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.i2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x, h0):
        self.float()
        x, h = x.float(), h0.float()
        outputs = torch.empty(x.shape[0], x.shape[1], h.shape[1])
        for t in range(x.shape[1]):
            h = torch.tanh(self.i2h(x[:, t]) + self.h2h(h))
            outputs[:, t] = h
        return outputs, h
