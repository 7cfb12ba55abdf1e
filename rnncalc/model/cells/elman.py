"""The simple recurrent network: one layer of units that see the input and their own last values."""

from rnncalc.model.cells.cell import ACTIVATIONS, Cell, Literature, functions_of

CELL = Cell(
    name="elman",
    equations={
        "a": "b + W @ h_p + U @ x_t",
        "h": "tanh(a)",
    },
    state=["h"],
    emits="h",
    optional=("b",),
    switches={"activation": functions_of("h", "a", ACTIVATIONS)},
    literature=Literature(
        title="Elman network",
        year=1990,
        papers=(
            "J. L. Elman, Finding structure in time, Cognitive Science 14 (1990) 179–211, "
            "doi:10.1207/s15516709cog1402_1",
            "I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, MIT Press (2016), section 10.2",
        ),
        also_called=("simple recurrent network (SRN)", "vanilla RNN", "SimpleRNN (Keras)", "nn.RNN (PyTorch)"),
        not_to_be_confused_with=("jordan, which feeds back the output y in place of the state h",),
        remarks=(
            "Elman's context units are a copy of the last hidden state; his units are logistic: activation sigmoid.",
            "PyTorch and ONNX write two biases, b_ih + b_hh; only their sum b counts.",
        ),
    ),
)
