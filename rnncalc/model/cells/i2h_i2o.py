"""The cell of the name-classification tutorial: two linear maps of the input and the last state, no activation."""

from rnncalc.model.cells.cell import Cell, Literature

CELL = Cell(
    name="i2h_i2o",
    equations={
        "h": "b + W @ h_p + U @ x_t",
        "s": "c + V @ h_p + R @ x_t",
        "y": "log_softmax(s)",
    },
    state=["h"],
    emits="y",
    optional=("b", "c"),
    outputs=("s", "y"),
    literature=Literature(
        title="The i2h / i2o cell",
        year=2017,
        papers=("S. Robertson, Classifying names with a character-level RNN, PyTorch tutorials (2017)",),
        also_called=("the tutorial RNN",),
        not_to_be_confused_with=("elman, which has an activation and reads y from the new state h_t",),
        remarks=(
            "y_t is read from the state before the step, h_{t-1}, and straight from the input through R (O, D).",
            "The tutorial's i2h is (W, U) side by side on [x; h], its i2o is (R, V).",
        ),
    ),
)
