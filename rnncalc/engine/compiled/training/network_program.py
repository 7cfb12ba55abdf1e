"""A whole network as calls of a tape, up and down: its cells' programs, what lies between them, and the loss on top.

Longer than other files, so that the way up and the way down stand together, each the mirror of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.engine.compiled.kernels.forward import TOKENS
from rnncalc.engine.compiled.training import batches, losses, summaries
from rnncalc.engine.compiled.training import loops as train_loops
from rnncalc.engine.compiled.training.cell_program import INDEX, UNKNOWN, CellProgram, Fed, Share, copy_rows
from rnncalc.engine.compiled.training.dropout import drop
from rnncalc.engine.compiled.training.tape import Later, Literal, Tape, View
from rnncalc.model.dropout import Dropout
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.losses import LARGEST, LOSSES, SIGN

RIGHT = {"": losses.NEVER, LARGEST: losses.BY_LARGEST, SIGN: losses.BY_SIGN}
Index = dict[str, Any]  # which row of an array is the i-th, by its role in `copy_rows`
MIRROR = View(INDEX, Later(batches.MIRROR), Later(batches.ROWS))
CHOSEN = View(INDEX, Later(batches.CHOSEN), Later(batches.JUDGED))
LATE = View(INDEX, Later(batches.LATE), Later(batches.ROWS))
OFFSETS = View(INDEX, Later(batches.ROW_OFFSETS), Later(batches.STEPS))
OVER_STEPS = {"mean": summaries.MEANS, "max": summaries.LARGEST}


class NetworkProgram:
    """The calls of one network: the programs of its cells, and what lies between them."""

    def __init__(
        self, layers: Sequence[Layer], read_out: DirectionalLayer | None,
        places: Callable[[DirectionalLayer], Mapping[str, np.ndarray]],
        theta: np.ndarray, loss: str, classes: bool, tokens: bool, summary: str, dropout: Dropout,
    ):  # fmt: skip
        self.layers, self.loss, self.classes, self.dtype = layers, LOSSES[loss], classes, theta.dtype
        self.summary, self.dropout = summary, dropout
        passes = [directed for layer in layers for directed in layer.passes.values()]
        bottom = len(layers[0].passes)
        self.programs = [
            CellProgram(directed, places(directed), theta, number >= bottom) for number, directed in enumerate(passes)
        ]
        self.inputs = TOKENS if tokens else layers[0].sizes["D"]
        self.top: CellProgram | None = None
        if read_out:
            if self.loss.at == "s":  # the loss takes the scores, so nobody needs a function of them
                plain = read_out.settled(theta.dtype)
                plain.cell, plain.arrays = read_out.cell.switch(output="identity"), read_out.arrays
                self.top = CellProgram(plain, places(read_out), theta, True)
            else:
                self.top = CellProgram(read_out, places(read_out), theta, True)

    @property
    def all(self) -> list[CellProgram]:
        return [*self.programs, *([self.top] if self.top else [])]

    def hold(self, rows: int, sequences: int) -> None:
        """Room for batches of so many rows, all that their parts have included."""
        self.capacity, self.losses = rows, np.empty(2 * rows)
        for program in self.all:
            program.hold(rows, sequences)

    def _here(self, level: int) -> list[tuple[str, CellProgram]]:
        """The directions of a layer with their programs."""
        number = sum(len(layer.passes) for layer in self.layers[:level])
        return list(zip(self.layers[level].passes, self.programs[number:]))

    # up ---------------------------------------------------------------------------------------------------------------

    def up(self, tape: Tape, chosen: bool, share: np.ndarray) -> None:
        """Forward and the loss, times share[0], whose gradient arrives where it belongs."""
        fed = Fed(Later(batches.X), self.inputs, self.dtype, Later(batches.TOTAL_X), batches.X_ORDER)
        for level, layer in enumerate(self.layers):
            here = self._here(level)
            fed = self._dropped(tape, level, fed, here[0][1])
            for way, program in here:
                given, width = fed, program.layer.sizes["D"]
                own = fed.pitch == TOKENS or fed.pitch == width
                if way == "backward" or (program.cell.adds_input and not own):
                    columns = 1 if fed.pitch == TOKENS else width
                    room = program.room("inputs", self.capacity * columns)
                    given = Fed.of(room, TOKENS if fed.pitch == TOKENS else width)
                    index: Index = {"of": MIRROR} if way == "backward" else {}
                    copy_rows(tape, train_loops.SET, batches.ROWS, columns, Fed.of(room, columns), fed, **index)
                program.forward(tape, given)
            late = self.summary == "final" and level == len(self.layers) - 1
            fed = self._merged(tape, layer, here, LATE if late else MIRROR)
        if self.summary in OVER_STEPS:
            fed = self._summarised(tape, fed)
        if self.top:
            fed = self._dropped(tape, len(self.layers), fed, self.top)
            if chosen:
                width = self.top.layer.sizes["D"]
                room = self.top.room("inputs", self.capacity * width)
                copy_rows(tape, train_loops.SET, batches.JUDGED, width, Fed.of(room, width), fed, of=CHOSEN)
                fed = Fed.of(room, width)
            self.top.forward(tape, fed, flat=True)
        self._judge(tape, share)

    def _rate(self, level: int) -> float:
        return self.dropout.rates[level] if self.dropout else 0.0

    def _dropped(self, tape: Tape, level: int, fed: Fed, program: CellProgram) -> Fed:
        """What reaches a level of the rows that are handed to it, in rows of its own where some is left out."""
        if not self._rate(level):
            return fed
        width = program.layer.sizes["D"]
        rows = Fed.of(program.room("dropped", self.capacity * width), width)
        copy_rows(tape, train_loops.SET, batches.ROWS, width, rows, fed)
        self._drop(tape, level, rows, width)
        return rows

    def _drop(self, tape: Tape, level: int, rows: Fed, width: int) -> None:
        """Leave entries out, of rows or of their gradient, in place."""
        rate, base = self._rate(level), self.dropout.base(level)
        tape.call(
            drop, rows.view, rows.pitch, width, OFFSETS, Later(batches.SEQUENCE), Later(batches.NUMBER),
            base - (1 << 64) * (base >> 63), np.array([rate, 1 - rate]), self.dropout.mask == "step",
        )  # fmt: skip

    def _summarised(self, tape: Tape, fed: Fed) -> Fed:
        """What the read-out sees of the steps so far, in rows of its own."""
        program, width = self.programs[-1], self.layers[-1].width
        self.merged, rows = fed, program.room("summary", self.capacity * width)
        self.seen = Fed.of(rows, width)
        copy_rows(tape, train_loops.SET, batches.ROWS, width, self.seen, fed)
        tape.call(summaries.over_steps, OVER_STEPS[self.summary], self.seen.view, width, OFFSETS)
        return self.seen

    def _merged(self, tape: Tape, layer: Layer, here: list[tuple[str, CellProgram]], mirror: View = MIRROR) -> Fed:
        """What a layer hands up: its only direction's signal as it lies, or both made into rows of their own.

        mirror: which row of a direction that runs backward is met.
        """
        outs = [(way, program.fed(layer.cell.emits)) for way, program in here]
        if [way for way, _out in outs] == ["forward"]:
            return outs[0][1]
        width, each = layer.width, layer.only.width
        rows = here[0][1].room("merged", self.capacity * width)
        kinds = {"sum": train_loops.ADD, "ave": train_loops.MEAN, "mul": train_loops.TIMES}
        for number, (way, out) in enumerate(outs):
            apart = layer.merge == "concat"
            kind = kinds[layer.merge] if number and not apart else train_loops.SET
            target = Fed.of(rows, width, number * each if apart else 0)
            index: Index = {"of": mirror} if way == "backward" else {}
            copy_rows(tape, kind, batches.ROWS, each, target, out, **index)
        return Fed.of(rows, width)

    def _judge(self, tape: Tape, share: np.ndarray) -> None:
        """The loss of the topmost program's rows."""
        program = self.top or self.programs[-1]
        name = self.loss.at if "s" in program.cell.outputs else program.cell.emits
        program.clear(tape, program.adjoint)
        to, scores = program.arriving(name, program.adjoint), program.fed(name)
        O = program.layer.sizes[program.cell.size(name)]
        row_losses = View(self.losses.dtype, Later(batches.FIRST, 16, self.losses.ctypes.data), UNKNOWN)
        targets = View(INDEX if self.classes else self.dtype, Later(batches.Y), Later(batches.TARGETS))
        weights = View(self.dtype, Later(batches.ROW_WEIGHTS), Later(batches.WEIGHED))
        if not self.classes:
            losses.LOSS[self.loss.digest] = self.loss
            tape.call(
                losses.rows_loss, Literal(self.loss.digest), RIGHT[self.loss.right], scores.view, scores.pitch,
                targets, weights, O, share, to.view, to.pitch, row_losses,
            )  # fmt: skip
            return
        lanes, width = program.packed.lanes, program.packed.widths[program.cell.size(name)]
        if program is self.top and "y" in program.cell.outputs:
            block, pitch = program.block, program.pitch
            at, room = program.packed.offset(name), program.packed.offset("y")
        else:  # a cell that makes y itself still needs its own y on the way back: its scores, copied, with room beside
            block = program.room("scores", self.capacity * 2 * width)
            pitch, at, room = 2 * width, 0, width
            copy_rows(tape, train_loops.SET, batches.ROWS, O, Fed.of(block, pitch), scores)
        tape.call(
            losses.classes_loss, Fed.of(block, pitch).view, pitch, at, room, targets, weights, O, lanes, share, to.view,
            to.pitch, row_losses,
        )  # fmt: skip

    # down -------------------------------------------------------------------------------------------------------------

    def down(self, tape: Tape, chosen: bool, chunk: int, sweeps: int, share: Share) -> None:
        """Backward. sweeps: of a truncated gradient, 0: none."""
        last = len(self.layers) - 1
        for program in self.programs if self.top else self.programs[:-1]:
            program.clear(tape, program.adjoint)
        for program in self.all:
            program.clear_sums(tape, share)
            if share.number == 0:  # only the first part has sequences where these are added up
                tape.call(train_loops.zero, program.slopes)
        if self.top:
            self.top.back_through_time(tape, self.top.adjoint, self.top.adjoint, 0)
            self._hand_down(tape, self.top, "forward", last, chosen)
        if sweeps:
            self._sweep(tape, sweeps)
            return
        for level in range(last, -1, -1):
            for _way, program in self._here(level):
                program.back_through_time(tape, program.adjoint, program.adjoint, chunk)
            for way, program in self._here(level) if level else ():
                self._hand_down(tape, program, way, level - 1)

    def add_up(self, tape: Tape, sweeps: int, share: Share) -> None:
        """The sums for the gradients, a share of them, after everybody's way down."""
        for program in self.all:
            program.add_up(tape, program.reached if sweeps and program is not self.top else program.adjoint, share)

    def tally(self, tape: Tape, outcome: np.ndarray) -> None:
        """The losses of all rows together."""
        order = View(INDEX, Later(batches.JUDGED_ORDER), Later(batches.TOTAL_JUDGED))
        tape.call(train_loops.tally, self.losses, order, outcome)

    def _sweep(self, tape: Tape, sweeps: int) -> None:
        """One step back from every row at once, again and again; each sweep goes through all layers."""
        own = [program.adjoint for program in self.programs]
        for program in self.programs:
            program.earlier = program.room("earlier", len(program.adjoint))
            program.reached = program.room("reached", len(program.adjoint))
            program.clear(tape, program.reached)
        for _sweep in range(sweeps):
            for level in range(len(self.layers) - 1, -1, -1):
                for way, program in self._here(level):
                    program.clear(tape, program.earlier)
                    program.back_through_time(tape, program.adjoint, program.earlier, 0)
                    both = (program.part(block, program.pitch_a) for block in (program.reached, program.adjoint))
                    tape.call(train_loops.gather, *both)
                    if level:
                        self._hand_down(tape, program, way, level - 1)
                    program.adjoint, program.earlier = program.earlier, program.adjoint
        for program, block in zip(self.programs, own):
            program.adjoint = block

    def _hand_down(self, tape: Tape, program: CellProgram, way: str, level: int, chosen: bool = False) -> None:
        """The gradient at a program's inputs arrives at the layer below."""
        layer, here = self.layers[level], self._here(level)
        name, width, each = layer.cell.emits, program.layer.sizes["D"], layer.only.width
        summary = self.summary if program is self.top else "last"
        plain = [below for below, _unit in here] == ["forward"] and summary not in OVER_STEPS
        rate = self._rate(level + 1)
        if plain and not chosen and way == "forward" and not rate:
            program.below(tape, program.adjoint, here[0][1].arriving(name, here[0][1].adjoint))
            return
        pitch = program.back.input_width
        room = program.room("dx", self.capacity * pitch)
        gradient = Fed.of(room, pitch)
        tape.call(train_loops.zero, View(self.dtype, gradient.data, Later(program.count.register, pitch)))
        program.below(tape, program.adjoint, gradient)
        if chosen and plain and not rate:
            to = here[0][1].arriving(name, here[0][1].adjoint)
            copy_rows(tape, train_loops.ADD, batches.JUDGED, width, to, gradient, to=CHOSEN)
            return
        if chosen or way == "backward":
            whole = program.room("whole", self.capacity * width)
            if chosen:
                rows = Later(batches.ROWS, width)
                tape.call(train_loops.zero, View(self.dtype, Fed.of(whole, width).data, rows))
            index: Index = {"to": CHOSEN} if chosen else {"of": MIRROR}
            copy_rows(tape, train_loops.SET, program.count.register, width, Fed.of(whole, width), gradient, **index)
            gradient = Fed.of(whole, width)
        if rate:
            self._drop(tape, level + 1, gradient, width)
        if summary in OVER_STEPS:
            tape.call(
                summaries.back_over_steps, OVER_STEPS[summary], gradient.view, gradient.pitch, width, OFFSETS,
                self.merged.view, self.merged.pitch, self.seen.view,
            )  # fmt: skip
        for number, (below, lower) in enumerate(here):
            to = lower.arriving(name, lower.adjoint)
            mirrored: Index = {"of": MIRROR} if below == "backward" else {}
            if summary == "final" and below == "backward":
                mirrored = {"to": LATE}
            if len(here) == 1 or layer.merge == "sum":
                copy_rows(tape, train_loops.ADD, batches.ROWS, each, to, gradient, **mirrored)
            elif layer.merge == "concat":
                copy_rows(tape, train_loops.ADD, batches.ROWS, each, to, gradient.at(number * each), **mirrored)
            elif layer.merge == "ave":
                copy_rows(tape, train_loops.ADD_HALF, batches.ROWS, each, to, gradient, **mirrored)
            else:  # times what the other direction emitted, which lies mirrored if it is the backward one
                other = here[1 - number][1].fed(name)
                copy_rows(
                    tape,
                    train_loops.ADD_TIMES,
                    batches.ROWS,
                    each,
                    to,
                    gradient,
                    other,
                    **self._by(below, summary),
                    **mirrored,
                )

    def _by(self, way: str, summary: str) -> Index:
        """Which row of the other direction has met the i-th one."""
        if summary == "final":
            return {"by": LATE} if way == "forward" else {}
        return {"by": MIRROR}
