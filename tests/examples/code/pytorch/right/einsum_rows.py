import torch
from torch import nn


class Elman(nn.Module):
    """Weights for row vectors, all inputs at once."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.U = nn.Parameter(torch.randn(input_size, hidden_size) * 0.1)
        self.W = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1)
        self.b = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x, h0):
        a = torch.einsum("ntd,dh->tnh", x, self.U) + self.b
        h, hs = h0, []
        for a_t in a:
            h = torch.tanh(a_t + torch.einsum("nk,kh->nh", h, self.W))
            hs.append(h)
        return torch.stack(hs).transpose(0, 1), h


class GRU(nn.Module):
    """Cho's GRU: the reset gate multiplies the state."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.U = nn.Parameter(torch.randn(input_size, 3 * hidden_size) * 0.1)
        self.W = nn.Parameter(torch.randn(hidden_size, 3 * hidden_size) * 0.1)
        self.b = nn.Parameter(torch.zeros(3 * hidden_size))

    def forward(self, x, h0):
        W_r, W_z, W_n = self.W.chunk(3, dim=1)
        a = torch.einsum("ntd,dk->tnk", x, self.U) + self.b
        h, hs = h0, []
        for a_r, a_z, a_n in (a_t.chunk(3, dim=1) for a_t in a):
            r = torch.sigmoid(a_r + torch.einsum("nk,kh->nh", h, W_r))
            z = torch.sigmoid(a_z + torch.einsum("nk,kh->nh", h, W_z))
            n = torch.tanh(a_n + torch.einsum("nk,kh->nh", r * h, W_n))
            h = torch.lerp(n, h, z)
            hs.append(h)
        return torch.stack(hs, dim=1), h
