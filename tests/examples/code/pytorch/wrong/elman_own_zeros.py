import torch
from torch import nn


class Elman(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, h0):
        h = x.new_zeros(x.size(0), self.hidden_size)
        outputs = []
        for t in range(x.size(1)):
            h = torch.tanh(self.cell(torch.cat((x[:, t], h), dim=1)))
            outputs.append(h)
        return torch.stack(outputs, dim=1), h
