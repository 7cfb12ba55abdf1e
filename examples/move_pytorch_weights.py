"""Move a network from PyTorch to rnncalc and back: the same outputs, and the same weights bit for bit."""

import torch

import rnncalc

torch.manual_seed(0)
lstm = torch.nn.LSTM(input_size=3, hidden_size=8, num_layers=2, bidirectional=True, batch_first=True)
head = torch.nn.Linear(16, 2)
module = torch.nn.ModuleDict({"lstm": lstm, "fc": head})

net = rnncalc.from_state_dict(module, readout="fc")
x = torch.randn(4, 10, 3)
with torch.no_grad():
    expected = head(lstm(x)[0]).numpy()
print("largest difference of an output:", f"{abs(net(x.numpy()) - expected).max():.0e}")

rnncalc.save(net, "network.onnx")  # or .npz, .safetensors: whatever runs next
back = rnncalc.to_state_dict(net)
print("parameters on the way back:", *list(back)[:4], "…")
