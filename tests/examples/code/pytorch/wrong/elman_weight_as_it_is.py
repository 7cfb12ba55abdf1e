import torch
from torch import nn


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.randn(hidden_size, input_size) * 0.1)
        self.weight_hh = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1)
        self.bias = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x, h0):
        h, outputs = h0, []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ self.weight_ih.T + h @ self.weight_hh + self.bias)
            outputs.append(h)
        return torch.stack(outputs, 1), h
