import torch
from torch import nn


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.i2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size, bias=False)

    def step(self, x, h):
        return torch.tanh(self.i2h(x) + self.h2h(h))

    def forward(self, x, h0):
        outputs = [self.step(x[:, t], h0) for t in range(x.size(1))]
        return torch.stack(outputs, dim=1), outputs[-1]
