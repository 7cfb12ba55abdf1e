"""How weights begin. Every scheme draws each gate's block by itself, from one seeded generator, in a fixed order.

`rnncalc init` shows this text of each scheme and the numbers that it draws.
Longer than other files by what `random_network` says of its arguments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.common.i18n import N_, _
from rnncalc.common.kinds import number, whole
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError
from rnncalc.model.cells import Cell
from rnncalc.model.cells.embedding import EMBEDDING
from rnncalc.model.layer import DIRECTIONS, Layer, cell_named
from rnncalc.model.summaries import OVER_STEPS
from rnncalc.network.network import Network
from rnncalc.network.stack import known_dtype

Draw = Callable[[np.random.Generator, str, tuple[int, ...], int], np.ndarray]
Block = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Scheme:
    """One way to begin: how a block is drawn (generator, input | recurrent | bias, shape, H), and why so."""

    draw: Draw
    text: str
    source: str
    forget_bias: float = 0.0


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-bound, bound, size=shape)


def _glorot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return _uniform(rng, math.sqrt(6 / (shape[0] + shape[1])), shape)


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix with orthonormal rows or columns, uniform among them: Q of a normal one, R's signs made positive."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def _torch(rng: np.random.Generator, kind: str, shape: tuple[int, ...], units: int) -> np.ndarray:
    return _uniform(rng, 1 / math.sqrt(units), shape)


def _small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.001


def _identity(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[0]) if shape[0] == shape[1] else _small(rng, shape)


def _with_zeros(inputs: Block, recurrent: Block) -> Draw:
    """Input and recurrent blocks as these draw them, biases zero."""

    def draw(rng: np.random.Generator, kind: str, shape: tuple[int, ...], units: int) -> np.ndarray:
        if kind == "bias":
            return np.zeros(shape)
        return (recurrent if kind == "recurrent" else inputs)(rng, shape)

    return draw


SCHEMES: dict[str, Scheme] = {
    "torch": Scheme(
        _torch,
        N_("every number uniform in ±1/√H, biases too; PyTorch's two biases are one here"),
        "torch.nn.RNN, LSTM, GRU: reset_parameters",
    ),
    "keras": Scheme(
        _with_zeros(_glorot, orthogonal),
        N_("U Glorot uniform in ±√(6/(D + H)), W orthogonal gate by gate, biases zero, an LSTM's forget bias 1"),
        "keras.layers.LSTM: glorot_uniform, orthogonal, unit_forget_bias (Keras draws over all gates at once)",
        forget_bias=1.0,
    ),
    "xavier": Scheme(
        _with_zeros(_glorot, _glorot),
        N_("U and W uniform in ±√(6/(fan in + fan out)), each gate by itself, biases zero"),
        "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks (2010)",
    ),
    "orthogonal": Scheme(
        _with_zeros(orthogonal, orthogonal),
        N_("U and W orthogonal, each gate by itself, biases zero: products of many W neither grow nor shrink"),
        "A. Saxe, J. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning (2014)",
    ),
    "identity": Scheme(
        _with_zeros(_small, _identity),
        N_("W = 1, U normal with deviation 0.001, biases zero: a ReLU network that begins by remembering everything"),
        "Q. Le, N. Jaitly, G. Hinton, A simple way to initialize recurrent networks of rectified linear units (2015)",
    ),
}


def scheme(name: str) -> Scheme:
    """The scheme of that name. Raises ProblemError."""
    one_of("init", name, SCHEMES)
    return SCHEMES[name]


def arrays(
    cell: Cell, sizes: Mapping[str, int], rng: np.random.Generator, init: str = "torch",
    forget_bias: float | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """A cell's arrays by name. sizes: D, H, O; forget_bias: of an LSTM's f, in place of the scheme's."""
    chosen, drawn = scheme(init), {}
    if forget_bias is not None:
        number("forget_bias", forget_bias)
    for name, stack in cell.stacks.items():
        blocks = []
        for parameter in stack:
            shape = parameter.shape(sizes)
            kind = "bias" if parameter.columns is None else "recurrent" if parameter.columns == "H" else "input"
            top = cell.outputs and parameter.rows == "O"
            block = chosen.draw(rng, "input" if top and kind == "recurrent" else kind, shape, sizes["H"])
            if name == "b" and parameter.gate == "f" and cell.name == "lstm":
                bias = chosen.forget_bias if forget_bias is None else forget_bias
                block = np.full(shape, bias) if forget_bias is not None or bias else block
            blocks.append(block)
        drawn[name] = np.concatenate(blocks)
    return drawn


def random_network(
    cell: str | Cell, inputs: int, hidden: int, outputs: int, *, layers: int = 1, direction: str = "forward",
    merge: str = "concat", output: str = "identity", activation: str | None = None, init: str = "torch",
    forget_bias: float | None = None, seed: int = 0, dtype: str = "float32", engine: str = "auto",
    summary: str = "last", embed: int = 0,
) -> Network:  # fmt: skip
    """A network ready to be trained: layers of one cell, and a read-out unless the cell has its own.

    Parameters
    ----------
    cell : str or Cell
        elman, jordan, lstm, gru, gru_after, i2h_i2o, or a cell of your own.
    inputs, hidden, outputs : int
        D, H and O.
    layers : int
    direction : {"forward", "backward", "both"}
    merge : {"concat", "sum", "ave", "mul"}
        How two directions become one.
    output : {"identity", "softmax", "log_softmax", "sigmoid", "tanh", "relu"}
        The function of the read-out.
    activation : {"tanh", "relu", "sigmoid", "identity", "elu", "leaky_relu", "softplus", "softsign", …}, optional
        Of a cell that has the choice.
    init : {"torch", "keras", "xavier", "orthogonal", "identity"}
        How weights are drawn; `rnncalc init` explains each, with its source.
    forget_bias : float, optional
        Of an LSTM's forget gate, in place of the scheme's.
    seed : int
        One seed gives one network, bit for bit.
    dtype : {"float32", "float64"}
    engine : {"auto", "numba", "equations"}
        As for `Network`.
    summary : {"last", "final", "mean", "max"}
        What the read-out sees, as for `Network`; "final" for one target a sequence and direction="both".
    embed : int
        The width of an embedding below the layers, whose D is then that; 0: none. It is drawn as PyTorch's, normal
        with deviation 1, for init="keras" as Keras's, uniform in ±0.05.

    Returns
    -------
    Network

    Raises
    ------
    ProblemError
        If a name is unknown, a size too small, or the network too large to be trained in this machine's memory.

    Examples
    --------
    >>> from rnncalc import random_network
    >>> net = random_network("lstm", inputs=3, hidden=8, outputs=2, output="softmax", seed=1)
    >>> net
    Network(lstm, D=3, H=8, O=2, float32)
    >>> float(net([[1, 0, 0]]).sum().round(4))
    1.0
    """
    sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs, "layers": layers}
    for name, value in {**sizes, "embed": embed, "seed": seed}.items():
        whole(name, value, least=int(name in sizes))
    one_of("direction", direction, DIRECTIONS)
    size = known_dtype(dtype).itemsize
    base = cell_named(cell)
    if activation is not None:
        base = base.switch(activation=activation)
    if base.owns_read_out and layers > 1:
        message = _("{cell} owns its read-out, so it can only be the top layer: layers must be 1")
        raise ProblemError(message, cell=base.name)
    if base.owns_read_out and "output" in base.switches:
        base = base.switch(output=output)
    _refuse_too_large(base, inputs, embed, hidden, outputs, layers, 1 + (direction == "both"), size)
    rng, width, made = np.random.default_rng([seed, 2]), inputs, list[Layer]()
    if embed:
        of_tokens, shape = np.random.default_rng([seed, 5]), (inputs, embed)
        drawn_table = _uniform(of_tokens, 0.05, shape) if init == "keras" else of_tokens.normal(size=shape)
        made.append(Layer(EMBEDDING, E=drawn_table.T))
        width = embed
    for _level in range(layers):
        letters = {"D": width, "H": hidden, "O": outputs}
        given: dict[str, Any] = arrays(base, letters, rng, init, forget_bias)
        both: dict[str, Any] = {}
        if direction == "both":
            both = {"backward": arrays(base, letters, rng, init, forget_bias), "merge": merge}
        made.append(Layer(base, **given, direction=direction, **both))
        width = made[-1].width
    if base.outputs:
        if summary in OVER_STEPS:
            raise ProblemError(_("{cell} owns its read-out, which sees no summary"), cell=base.name)
        return Network(made, dtype=dtype, engine=engine)
    drawn = scheme(init).draw
    V = drawn(rng, "input", (outputs, width), width)
    if init == "identity":
        V = _glorot(rng, (outputs, width))
    c = drawn(rng, "bias", (outputs,), width)
    return Network(made, V, c, output, dtype=dtype, engine=engine, summary=summary)


def _refuse_too_large(
    cell: Cell, inputs: int, embed: int, hidden: int, outputs: int, layers: int, directions: int, size: int
) -> None:
    """Raises ProblemError for a network that cannot be trained here: a system that runs out of memory kills in silence.

    Of each parameter there are six numbers: itself, packed for the kernels, its best value, its gradient, two moments.
    """
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not known on every system
        return
    count = inputs * embed
    for width, repeats in ((embed or inputs, 1), (directions * hidden, layers - 1)):  # the bottom layer, those above
        sizes = {"D": width, "H": hidden, "O": outputs, None: 1}
        parameters = sum(sizes[part.rows] * sizes[part.columns] for stack in cell.stacks.values() for part in stack)
        count += directions * parameters * repeats
    if 6 * size * count > memory:
        message = _("{n} parameters need {need:.0f} GB to be trained, and there are {has:.0f}: take fewer hidden units")
        raise ProblemError(message.format(n=count, need=6 * size * count / 1e9, has=memory / 1e9))
