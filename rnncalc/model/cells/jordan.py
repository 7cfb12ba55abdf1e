"""The network that remembers its last output: y_{t-1} stands where an Elman network has h_{t-1}."""

from rnncalc.model.cells.cell import ACTIVATIONS, OUTPUTS, Cell, Literature, functions_of

CELL = Cell(
    name="jordan",
    equations={
        "a": "b + W @ y_p + U @ x_t",
        "h": "tanh(a)",
        "s": "c + V @ h",
        "y": "identity(s)",
    },
    state=["y"],
    emits="y",
    optional=("b", "c"),
    outputs=("s", "y"),
    switches={
        "activation": functions_of("h", "a", ACTIVATIONS),
        "output": functions_of("y", "s", OUTPUTS),
    },
    literature=Literature(
        title="Jordan network",
        year=1986,
        papers=(
            "M. I. Jordan, Serial order: a parallel distributed processing approach, ICS report 8604, "
            "University of California, San Diego (1986)",
        ),
        also_called=("output-feedback network",),
        not_to_be_confused_with=(
            "elman, which feeds back the hidden state h",
            "teacher forcing, where the target of the last step is fed back in place of y",
        ),
        remarks=(
            "Jordan's state units also keep a fading trace of older outputs; here, as in most books, only the last.",
            "W is (H, O): it multiplies an output. The output before the first step is y0, zero unless given.",
        ),
    ),
)
