"""The one backward loop, for every cell: the mirror of `forward`.

It goes from the last step to the first and leaves in the adjoint block what reached every signal; `gradients` goes on
from there.
"""

from __future__ import annotations

from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.backward_lines import elementwise_back
from rnncalc.engine.compiled.codegen.denormals import flush, restore
from rnncalc.engine.compiled.codegen.gemm import call_multiply
from rnncalc.engine.compiled.codegen.jit import call_address, inner, jit
from rnncalc.engine.compiled.codegen.softmax import row_lines_back
from rnncalc.engine.compiled.layout import (
    COLUMN,
    DEPTH,
    EARLIER,
    LANES,
    MULTIPLY,
    PANEL,
    SOURCE,
    STAGE,
    STAGES,
    VECTORS,
    WIDTH_H,
    WIDTH_O,
)


@jit  # the tables stand one by one for the reason that `kernels/forward.py` gives
def backward(
    cell, signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, offsets, low, high, products, rowwise, panels,
    columns, extras, dextras, arriving, slot, width, met, clear,
):  # fmt: skip
    """Fill the adjoint block from the last step to the first.

    signals, pitch_s: the trace; earlier: the block in which the step before is met, `adjoint` itself, or another for
    one sweep; its last row takes what a cut into chunks throws away. low, high: only these sequences; products:
    transposed weights; the rest as in the forward loop. At most `chunk` steps hang together; 0: all.

    arriving: what comes from above, a row of `width` for each row of a step, at the slot; may be empty. The block may
    be unset: from the entry `clear` on a row is set to zero before anything is added there, but for the first `met`
    rows of the last step, which already hold what reached them. clear < 0: all of it is zero.
    """
    literally(cell)
    mode: int = flush()
    H, O, lanes, steps = geometry[WIDTH_H], geometry[WIDTH_O], geometry[LANES], len(offsets) - 2
    thrown = len(earlier) - pitch
    fresh = max(min(met, high) - low, 0)  # rows of this step that are already laid
    for t in range(steps, -1, -1):
        here, count = offsets[t] + low, min(offsets[t + 1] - offsets[t], high) - low
        if clear >= 0:
            zero(adjoint, pitch, clear, here + fresh, here + count)
            fresh = max(count, 0)
        if t == 0 or count <= 0:
            continue
        before = offsets[t - 1] + low
        if clear >= 0:
            zero(adjoint, pitch, clear, before, before + count)
        if len(arriving):
            gather(adjoint, pitch, slot, here, count, arriving, (here - offsets[1]) * width, width)
        cut = chunk > 0 and t > 1 and (t - 1) % chunk == 0
        for stage in range(geometry[STAGES]):
            for i in range(count):
                row, now, last = (here + i) * pitch, (here + i) * pitch_s, (before + i) * pitch_s
                to = thrown if cut else (before + i) * pitch
                row_lines_back(cell, stage, signals, now, adjoint, row, rowwise, lanes)
                for unit in range(0, H, lanes):
                    elementwise_back(
                        cell, 0, stage, signals, now, last, adjoint, row, earlier, to, H, O, extras, dextras, unit
                    )
                for unit in range(0, O, lanes):
                    elementwise_back(
                        cell, 1, stage, signals, now, last, adjoint, row, earlier, to, H, O, extras, dextras, unit
                    )
            for p in range(len(products)):
                if products[p, STAGE] != stage or (cut and products[p, EARLIER]):
                    continue
                source = here * pitch + products[p, SOURCE]
                if products[p, EARLIER]:
                    call_multiply(
                        geometry[MULTIPLY], adjoint, source, pitch, count, products[p, DEPTH], panels,
                        products[p, PANEL], lanes, columns, products[p, COLUMN], products[p, VECTORS], earlier,
                        before * pitch, pitch,
                    )  # fmt: skip
                else:
                    call_multiply(
                        geometry[MULTIPLY], adjoint, source, pitch, count, products[p, DEPTH], panels,
                        products[p, PANEL], lanes, columns, products[p, COLUMN], products[p, VECTORS], adjoint,
                        here * pitch, pitch,
                    )  # fmt: skip
    restore(mode)


@intrinsic
def call_backward(
    typing, address, signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, offsets, low, high, products,
    rowwise, panels, columns, extras, dextras, arriving, slot, width, met, clear,
):  # fmt: skip
    """A cell's `backward` through its address."""
    arguments = (
        signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, offsets, low, high, products, rowwise, panels,
        columns, extras, dextras, arriving, slot, width, met, clear,
    )  # fmt: skip
    return types.void(types.int64, *arguments), call_address


@inner
def zero(block, pitch, clear, begin, end):
    """Rows of a block, from the entry `clear` on."""
    for row in range(begin, end):
        for entry in range(row * pitch + clear, (row + 1) * pitch):
            block[entry] = 0


@inner
def gather(block, pitch, slot, begin, count, rows, first, width):
    """block[begin : begin + count, slot:] += rows, which are one run of memory that begins at `first`."""
    for i in range(count):
        to, of = (begin + i) * pitch + slot, first + i * width
        for unit in range(width):
            block[to + unit] += rows[of + unit]
