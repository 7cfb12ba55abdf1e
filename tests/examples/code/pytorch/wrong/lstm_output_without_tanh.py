import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        size = input_size + hidden_size
        self.forget = nn.Linear(size, hidden_size)
        self.input = nn.Linear(size, hidden_size)
        self.candidate = nn.Linear(size, hidden_size)
        self.output = nn.Linear(size, hidden_size)

    def forward(self, x, h0, c0):
        h, c, outputs = h0, c0, []
        for t in range(x.size(1)):
            v = torch.cat((x[:, t], h), dim=1)
            c = torch.sigmoid(self.forget(v)) * c + torch.sigmoid(self.input(v)) * torch.tanh(self.candidate(v))
            h = torch.sigmoid(self.output(v)) * c
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)
