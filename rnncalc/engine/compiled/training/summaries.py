"""What the read-out sees of the steps so far, as calls of a tape: `model/summaries.py` in machine code."""

from __future__ import annotations

from rnncalc.engine.compiled.codegen.jit import jit

MEANS, LARGEST = range(2)  # of the steps so far


@jit
def over_steps(kind, rows, width, offsets):
    """Rows of all steps, longest sequence first, in place: the mean or the maximum of each sequence's steps so far."""
    n = offsets[1]
    for t in range(2, len(offsets) - 1):
        for i in range(offsets[t + 1] - offsets[t]):
            now, before = (offsets[t] - n + i) * width, (offsets[t - 1] - n + i) * width
            for k in range(width):
                value, sofar = rows[now + k], rows[before + k]
                if kind == MEANS:
                    rows[now + k] = sofar + value
                elif not (value > sofar or value != value):
                    rows[now + k] = sofar
    if kind == MEANS:
        for t in range(1, len(offsets) - 1):
            for j in range((offsets[t] - n) * width, (offsets[t + 1] - n) * width):
                rows[j] /= t


@jit
def back_over_steps(kind, gradient, pitch, width, offsets, rows, pitch_r, largest):
    """The way back, in place. rows: what `over_steps` was given; largest: what it made of it, side by side."""
    n = offsets[1]
    for t in range(len(offsets) - 2, 0, -1):
        for i in range(offsets[t + 1] - offsets[t]):
            row = offsets[t] - n + i
            if kind == MEANS:
                for k in range(width):
                    gradient[row * pitch + k] /= t
                if t + 2 < len(offsets) and i < offsets[t + 2] - offsets[t + 1]:
                    after = (offsets[t + 1] - n + i) * pitch
                    for k in range(width):
                        gradient[row * pitch + k] += gradient[after + k]
            elif t > 1:
                before = offsets[t - 1] - n + i
                for k in range(width):
                    value = rows[row * pitch_r + k]
                    if not (value > largest[before * width + k] or value != value):
                        gradient[before * pitch + k] += gradient[row * pitch + k]
                        gradient[row * pitch + k] = 0
