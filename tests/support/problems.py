"""Valid problems at random, as the keys of a problem file: every optional part present in some and absent in others.

`random_problem(random.Random(7))` is a dict that JSON can hold. All sizes differ, all numbers are random, so that no
swapped axis, no transposed matrix and no missing part can hide. What a problem file allows (its cells, read-outs,
losses, batches, stacks, notations) is drawn anew each time.

Longer than other files: one choice after another draws a problem, and later ones depend on earlier ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.losses import LOSSES, REDUCTIONS

Keys = dict[str, Any]
Nested = Any  # numbers, or lists of them

PLAIN = ("elman", "lstm", "gru", "gru_after")  # cells that can stand anywhere in a stack
GATE_LETTERS = {"lstm": "ifgo", "gru": "rzn", "gru_after": "rzn"}
LARGE = 1e180  # weights of this size overflow within a few steps


class Draw:
    """Random choices and random arrays."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.scale = 1.0
        self.sizes = rng.sample(range(1, 8), 7)  # taken one by one, so that no two sizes agree

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def size(self) -> int:
        """A size that no other part of the problem has, as long as there are any."""
        return self.sizes.pop() if self.sizes else self.rng.randint(1, 9)

    def array(self, *shape: int, scale: float = 1.0) -> Nested:
        """Nested lists of random numbers with three decimals."""
        if not shape:
            return round(self.rng.gauss(0, scale * self.scale), 3)
        return [self.array(*shape[1:], scale=scale) for _ in range(shape[0])]


def random_problem(rng: random.Random, cell: Cell | None = None) -> Keys:
    """A valid problem. cell: a cell of one's own, in every layer; without it, built-in cells."""
    draw = Draw(rng)
    if draw.chance(0.04):
        draw.scale = LARGE
    inputs, steps = draw.size(), draw.size()
    sequences = draw.size() if draw.chance(0.45) else None
    keys: Keys = {"title": "Übung 1"} if draw.chance(0.2) else {}
    top, width = _layers(draw, keys, inputs, sequences, cell)
    outputs, output = _read_out(draw, keys, top, width)
    if steps == 1 and set(keys) & {"cell", "U"} and cell is None and draw.chance(0.5):
        _without_recurrence(keys, top)
    _inputs(draw, keys, steps, inputs, sequences)
    _goal(draw, keys, (*([sequences] if sequences else []), steps, outputs), output)
    if not _runs_backward(keys):
        _reach(draw, keys, steps)
    if keys.get("layout") == "time_first":
        for name in ("x", "targets", "dy", "mask"):
            if name in keys:
                rows = [[None] * steps if part is None else part for part in keys[name]]
                keys[name] = [list(part) for part in zip(*rows)]
    return keys


# layers ---------------------------------------------------------------------------------------------------------------


def _layers(draw: Draw, keys: Keys, inputs: int, sequences: int | None, cell: Cell | None) -> tuple[Cell, int]:
    """The layers; the top one's cell and the width of what it emits."""
    count = 1 if cell and cell.owns_read_out else draw.rng.choice((1, 1, 1, 1, 2, 3))
    if count == 1:
        top, width = _layer(draw, keys, inputs, sequences, cell or draw.rng.choice(list(CELLS.values())))
        return top, width
    layers: list[Keys] = []
    width = inputs
    for number in range(count):
        layers.append({})
        last = number == count - 1
        chosen = cell or CELLS[draw.rng.choice([*PLAIN, "jordan", "i2h_i2o"] if last else PLAIN)]
        top, width = _layer(draw, layers[-1], width, sequences, chosen)
    keys["layers"] = layers
    for name in ("V", "c", "output"):  # of a jordan or i2h_i2o on top: they stand beside the stack
        if name in layers[-1]:
            keys[name] = layers[-1].pop(name)
    return top, width


def _layer(draw: Draw, keys: Keys, inputs: int, sequences: int | None, cell: Cell) -> tuple[Cell, int]:
    built_in = CELLS.get(cell.name) is cell
    keys["cell"] = cell.name if built_in else described(cell)
    if built_in and cell.name == "elman" and draw.chance(0.3):
        del keys["cell"]
    for option, choices in cell.switches.items():
        if draw.chance(0.6):
            keys[option] = draw.rng.choice(list(choices))
    sizes = {"D": inputs, "H": inputs if cell.adds_input else draw.size(), "O": draw.size() if cell.outputs else 0}
    keys |= _arrays(draw, cell, sizes, sequences, built_in, gates := _gates(draw, cell))
    if gates and any(isinstance(keys.get(name), list) for name in "UWb"):
        keys["gates"] = gates
    direction = "forward" if cell.owns_read_out else draw.rng.choice(("forward", "forward", "backward", "both"))
    if direction != "forward" or draw.chance(0.1):
        keys["direction"] = direction
    width = sizes[cell.size(cell.emits)]
    if direction == "both":
        keys["backward"] = _arrays(draw, cell, sizes, sequences, built_in, gates)
        merge = draw.rng.choice(("concat", "concat", "sum", "ave", "mul"))
        if merge != "concat" or draw.chance(0.3):
            keys["merge"] = merge
        width *= 2 if merge == "concat" else 1
    return cell, width


def _gates(draw: Draw, cell: Cell) -> str:
    """An order of the gates other than the cell's own; empty: the cell's own."""
    letters = GATE_LETTERS.get(cell.name, "")
    return "".join(draw.rng.sample(letters, len(letters))) if letters and draw.chance(0.3) else ""


def _arrays(
    draw: Draw, cell: Cell, sizes: Mapping[str, int], sequences: int | None, built_in: bool, gates: str
) -> Keys:
    """Weights, biases (a built-in cell's may be left out) and initial states (any may)."""
    arrays: Keys = {}
    for name, stack in cell.stacks.items():
        rows, columns = sizes[stack[0].rows], stack[0].columns
        if built_in and columns is None and draw.chance(0.45):
            continue
        shape = (rows, sizes[columns]) if columns else (rows,)
        blocks = {parameter.gate or "": draw.array(*shape, scale=0.8) for parameter in stack}
        if len(blocks) == 1:
            arrays[name] = next(iter(blocks.values()))
        elif not gates and draw.chance(0.4):
            arrays[name] = blocks
        else:
            arrays[name] = [row for block in blocks.values() for row in block]  # random: any order of gates is valid
    for state in cell.state:
        if draw.chance(0.4):
            width = sizes[cell.size(state)]
            arrays[f"{state}0"] = draw.array(*((sequences, width) if sequences and draw.chance(0.5) else (width,)))
    return arrays


def described(cell: Cell) -> Keys:
    """A cell of one's own as a problem file names it."""
    return {"name": cell.name, "equations": dict(cell.equations), "state": list(cell.state), "emits": cell.emits}


def _without_recurrence(keys: Keys, cell: Cell) -> None:
    """One step from an initial state of zero: W multiplies nothing but zeros, so it need not be given."""
    for part in (keys, keys.get("backward", {})):
        if not any(f"{state}0" in part for state in cell.state):
            for name in "W":
                part.pop(name, None)


def _read_out(draw: Draw, keys: Keys, top: Cell, width: int) -> tuple[int, str]:
    """V, c and the output's function, or none of them; the width of y and the function that makes it."""
    if top.owns_read_out:
        holder = keys if "V" in keys else keys["layers"][-1]
        outputs = len(holder["V"]) if "V" in holder else width
        return outputs, keys.get("output", "log_softmax" if top.name == "i2h_i2o" else "identity")
    if draw.chance(0.4):
        return width, "identity"
    outputs = draw.size()
    keys["V"] = draw.array(outputs, width)
    if draw.chance(0.5):
        keys["c"] = draw.array(outputs)
    output = draw.rng.choice(("identity", "identity", "softmax", "log_softmax", "sigmoid", "tanh"))
    if output != "identity" or draw.chance(0.2):
        keys["output"] = output
    return outputs, output


# inputs and goal ------------------------------------------------------------------------------------------------------


def _inputs(draw: Draw, keys: Keys, steps: int, inputs: int, sequences: int | None) -> None:
    keys["x"] = draw.array(*([sequences] if sequences else []), steps, inputs)
    rng = draw.rng
    if sequences:
        which = rng.random()
        if which < 0.35:
            keys["lengths"] = [rng.choice((0, rng.randint(0, steps), steps)) for _ in range(sequences)]
        elif which < 0.55:
            keys["mask"] = [[draw.chance(0.7) for _ in range(steps)] for _ in range(sequences)]
            if draw.chance(0.4):
                keys["mask"][rng.randrange(sequences)] = [False] * steps
        if which < 0.03:
            keys["lengths"] = [0] * sequences
        if draw.chance(0.2):
            keys["layout"] = "time_first"
    elif draw.chance(0.15):
        keys["mask"] = [draw.chance(0.7) for _ in range(steps)]


def _goal(draw: Draw, keys: Keys, shape: Sequence[int], output: str) -> None:
    """Targets and a loss, or dy, or nothing; the update."""
    which, rng = draw.rng.random(), draw.rng
    if which < 0.12:
        return
    if which < 0.27:
        keys["dy"] = draw.array(*shape)
    else:
        loss = rng.choice([name for name, loss in LOSSES.items() if not loss.outputs or output in loss.outputs])
        keys["loss"], keys["targets"] = loss, _targets(draw, loss, shape)
        if not LOSSES[loss].mean and draw.chance(0.5):
            keys["reduction"] = rng.choice(REDUCTIONS)
    if draw.chance(0.6):
        keys["lr"] = rng.choice((0.1, 0.5, 1))
        for clip in ("clip_norm", "clip_value"):
            if draw.chance(0.25):
                keys[clip] = rng.choice((0.01, 0.3, 100))


def _runs_backward(keys: Keys) -> bool:
    return any("direction" in layer and layer["direction"] != "forward" for layer in [keys, *keys.get("layers", ())])


def _reach(draw: Draw, keys: Keys, steps: int) -> None:
    """How many steps a loss reaches, or blocks without a gradient between them."""
    if draw.chance(0.4) and ("loss" in keys or "dy" in keys):
        keys[draw.rng.choice(("truncate", "chunk"))] = draw.rng.randint(1, steps + 1)


def _targets(draw: Draw, loss: str, shape: Sequence[int]) -> Nested:
    """Numbers of the shape of y, or classes; null for some entries, rows or a whole sequence."""
    rng = draw.rng
    classes = loss == "cross_entropy" and draw.chance(0.6)
    gaps = 0.25 if draw.chance(0.5) else 0.0

    def row() -> Nested:
        if draw.chance(gaps):
            return None
        if classes:
            return rng.randrange(shape[-1])
        if loss.endswith("cross_entropy"):
            return [round(rng.random(), 2) for _ in range(shape[-1])]
        return [None if draw.chance(gaps / 2) else draw.array() for _ in range(shape[-1])]

    def rows(lengths: Sequence[int]) -> Nested:
        if not lengths:
            return row()
        return [rows(lengths[1:]) for _ in range(lengths[0])]

    targets = rows(shape[:-1])
    if len(shape) == 3 and gaps and not classes and draw.chance(0.3):
        targets[rng.randrange(shape[0])] = rng.choice(([None] * shape[1], None))
    return targets
