"""The gated recurrent unit as published: the reset gate acts before the recurrent product."""

from rnncalc.model.cells.cell import Cell, Literature

CELL = Cell(
    name="gru",
    equations={
        "r": "sigmoid(b_r + W_r @ h_p + U_r @ x_t)",
        "z": "sigmoid(b_z + W_z @ h_p + U_z @ x_t)",
        "n": "tanh(b_n + W_n @ (r * h_p) + U_n @ x_t)",
        "h": "(1 - z) * n + z * h_p",
    },
    state=["h"],
    emits="h",
    optional=("b",),
    gates="rzn",
    switches={
        "update": {
            "z_old": {"h": "(1 - z) * n + z * h_p"},
            "z_new": {"h": "(1 - z) * h_p + z * n"},
        }
    },
    literature=Literature(
        title="Gated recurrent unit, reset before the product",
        year=2014,
        papers=(
            "K. Cho et al., Learning phrase representations using RNN encoder–decoder for statistical machine "
            "translation, EMNLP (2014), arXiv:1406.1078 (update z_old)",
            "J. Chung, C. Gulcehre, K. Cho, Y. Bengio, Empirical evaluation of gated recurrent neural networks on "
            "sequence modeling, arXiv:1412.3555 (update z_new)",
        ),
        also_called=("GRU v1", "reset_after=False (Keras)", "linear_before_reset=0 (ONNX)"),
        not_to_be_confused_with=("gru_after, where r multiplies the finished product W_n h_{t-1} + d",),
        remarks=(
            "Half of the literature exchanges z and 1 − z: update z_new.",
            "With one unit and no bias d, gru and gru_after give the same numbers.",
            "n is also written h̃, g or c; z is also written u.",
        ),
    ),
    gate_orders={"PyTorch": "rzn", "Keras": "zrn", "ONNX": "zrn", "TensorFlow 1 GRUCell": "rzn"},
)
