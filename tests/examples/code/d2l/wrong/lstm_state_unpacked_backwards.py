import torch


def lstm(inputs, state, params):
    gates, (W_hq, b_q) = params[:12], params[12:]
    C, H = state
    outputs = []
    for X in inputs:
        I, F, O, A = (X @ gates[k] + H @ gates[k + 1] + gates[k + 2] for k in range(0, 12, 3))
        C = torch.sigmoid(F) * C + torch.sigmoid(I) * torch.tanh(A)
        H = torch.sigmoid(O) * torch.tanh(C)
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs, dim=0), (H, C)
