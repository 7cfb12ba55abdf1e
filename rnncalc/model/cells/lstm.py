"""Long short-term memory: a memory c that gates write, keep and read."""

from rnncalc.model.cells.cell import Cell, Literature

CELL = Cell(
    name="lstm",
    equations={
        "i": "sigmoid(b_i + W_i @ h_p + U_i @ x_t)",
        "f": "sigmoid(b_f + W_f @ h_p + U_f @ x_t)",
        "g": "tanh(b_g + W_g @ h_p + U_g @ x_t)",
        "o": "sigmoid(b_o + W_o @ h_p + U_o @ x_t)",
        "c": "f * c_p + i * g",
        "h": "o * tanh(c)",
    },
    state=["h", "c"],
    emits="h",
    optional=("b",),
    gates="ifgo",
    literature=Literature(
        title="Long short-term memory",
        year=1997,
        papers=(
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997) 1735–1780, "
            "doi:10.1162/neco.1997.9.8.1735",
            "F. A. Gers, J. Schmidhuber, F. Cummins, Learning to forget: continual prediction with LSTM, "
            "Neural Computation 12 (2000) 2451–2471, doi:10.1162/089976600300015015 (the forget gate)",
        ),
        also_called=("LSTM with forget gate", "vanilla LSTM", "nn.LSTM (PyTorch)"),
        not_to_be_confused_with=(
            "the LSTM of 1997, which has no forget gate",
            "the peephole LSTM, whose gates also see c",
            "the coupled LSTM (CIFG), where i = 1 − f",
        ),
        remarks=(
            "Keras calls g c; TensorFlow 1 calls it j. Books write g as c̃ or C̃.",
            "Keras starts with a forget bias of 1 (unit_forget_bias); TensorFlow 1 adds 1 at every step (forget_bias).",
        ),
    ),
    gate_orders={
        "PyTorch": "ifgo",
        "Keras": "ifgo",
        "ONNX": "iofg",
        "CS231n": "ifog",
        "TensorFlow 1 BasicLSTMCell": "igfo",
    },
)
