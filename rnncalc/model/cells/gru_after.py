"""The gated recurrent unit of cuDNN, PyTorch and Keras: the reset gate acts after the recurrent product."""

from rnncalc.model.cells.cell import Cell, Literature

CELL = Cell(
    name="gru_after",
    equations={
        "r": "sigmoid(b_r + W_r @ h_p + U_r @ x_t)",
        "z": "sigmoid(b_z + W_z @ h_p + U_z @ x_t)",
        "n": "tanh(b_n + r * (W_n @ h_p + d) + U_n @ x_t)",
        "h": "(1 - z) * n + z * h_p",
    },
    state=["h"],
    emits="h",
    optional=("b", "d"),
    gates="rzn",
    switches={
        "update": {
            "z_old": {"h": "(1 - z) * n + z * h_p"},
            "z_new": {"h": "(1 - z) * h_p + z * n"},
        }
    },
    literature=Literature(
        title="Gated recurrent unit, reset after the product",
        year=2014,
        papers=(
            "K. Cho et al., Learning phrase representations using RNN encoder–decoder for statistical machine "
            "translation, EMNLP (2014), arXiv:1406.1078 (first version, v1)",
            "NVIDIA, cuDNN developer guide, CUDNN_GRU",
        ),
        also_called=(
            "GRU v3",
            "CuDNNGRU",
            "nn.GRU (PyTorch)",
            "reset_after=True (Keras, its default)",
            "linear_before_reset=1 (ONNX)",
        ),
        not_to_be_confused_with=("gru, where r multiplies h_{t-1} before the product",),
        remarks=(
            "The bias d is inside r ∘ (…), so it cannot be added to b_n. PyTorch calls it b_hn.",
            "Half of the literature exchanges z and 1 − z: update z_new.",
        ),
    ),
    gate_orders={"PyTorch": "rzn", "Keras": "zrn", "ONNX": "zrn"},
)
