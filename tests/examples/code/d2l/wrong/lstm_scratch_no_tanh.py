import torch
from torch import nn


class LSTMScratch(nn.Module):
    def __init__(self, num_inputs, num_hiddens, sigma=0.01):
        super().__init__()
        self.num_hiddens = num_hiddens
        for k in ("i", "f", "o", "c"):
            setattr(self, "W_x" + k, nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma))
            setattr(self, "W_h" + k, nn.Parameter(torch.randn(num_hiddens, num_hiddens) * sigma))
            setattr(self, "b_" + k, nn.Parameter(torch.zeros(num_hiddens)))

    def forward(self, inputs, H_C=None):
        if H_C is None:
            H = torch.zeros(inputs.shape[1], self.num_hiddens)
            C = torch.zeros(inputs.shape[1], self.num_hiddens)
        else:
            H, C = H_C
        outputs = []
        for X in inputs:
            I = torch.sigmoid(X @ self.W_xi + H @ self.W_hi + self.b_i)
            F = torch.sigmoid(X @ self.W_xf + H @ self.W_hf + self.b_f)
            O = torch.sigmoid(X @ self.W_xo + H @ self.W_ho + self.b_o)
            C = F * C + I * torch.tanh(X @ self.W_xc + H @ self.W_hc + self.b_c)
            H = O * C
            outputs.append(H)
        return outputs, (H, C)
