"""Classes without nn.Module: plain tensors with requires_grad."""
import torch


def parameter(*shape):
    return (torch.randn(*shape) * 0.01).requires_grad_()


class RNNScratch:
    def __init__(self, num_inputs, num_hiddens):
        self.num_hiddens = num_hiddens
        self.W_xh = parameter(num_inputs, num_hiddens)
        self.W_hh = parameter(num_hiddens, num_hiddens)
        self.b_h = parameter(num_hiddens)

    def forward(self, inputs, state=None):
        H = state[0] if state is not None else torch.zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            H = (X @ self.W_xh + H @ self.W_hh + self.b_h).tanh()
            outputs.append(H)
        return torch.stack(outputs), H


class LSTMScratch:
    def __init__(self, num_inputs, num_hiddens):
        self.num_hiddens = num_hiddens
        for k in "ifoc":
            setattr(self, f"W_x{k}", parameter(num_inputs, num_hiddens))
            setattr(self, f"W_h{k}", parameter(num_hiddens, num_hiddens))
            setattr(self, f"b_{k}", parameter(num_hiddens))

    def pre(self, k, X, H):
        return X @ getattr(self, f"W_x{k}") + H @ getattr(self, f"W_h{k}") + getattr(self, f"b_{k}")

    def forward(self, inputs, H_C=None):
        H, C = H_C if H_C is not None else [torch.zeros(inputs.shape[1], self.num_hiddens)] * 2
        outputs = []
        for X in inputs:
            i, f, o = (torch.sigmoid(self.pre(k, X, H)) for k in "ifo")
            C = f * C + i * torch.tanh(self.pre("c", X, H))
            H = o * torch.tanh(C)
            outputs.append(H)
        return torch.stack(outputs), (H, C)


class GRUScratch:
    def __init__(self, num_inputs, num_hiddens):
        self.num_hiddens = num_hiddens
        self.W_xz, self.W_xr, self.W_xh = (parameter(num_inputs, num_hiddens) for _ in range(3))
        self.W_hz, self.W_hr, self.W_hh = (parameter(num_hiddens, num_hiddens) for _ in range(3))
        self.b_z, self.b_r, self.b_h = (parameter(num_hiddens) for _ in range(3))

    def forward(self, inputs, H=None):
        H = torch.zeros(inputs.shape[1], self.num_hiddens) if H is None else H
        outputs = []
        for t in range(len(inputs)):
            X = inputs[t]
            z = torch.sigmoid(X @ self.W_xz + H @ self.W_hz + self.b_z)
            r = torch.sigmoid(X @ self.W_xr + H @ self.W_hr + self.b_r)
            n = torch.tanh(X @ self.W_xh + (r * H) @ self.W_hh + self.b_h)
            H = n - z * n + z * H
            outputs.append(H)
        return outputs, H
