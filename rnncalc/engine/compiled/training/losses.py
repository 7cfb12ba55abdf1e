"""Losses in training, as calls of a tape: they take integers and arrays and return nothing.

A loss is summed in double precision whatever the dtype; its gradient goes straight to where it arrives in the adjoint
block of the topmost cell.
"""

from __future__ import annotations

import math

from numba.extending import overload, register_jitable

from rnncalc.engine.compiled.codegen.jit import jit
from rnncalc.engine.compiled.codegen.softmax import shifted_exp

NEVER, BY_LARGEST, BY_SIGN = range(3)  # how a row is found to be right


@jit
def classes_loss(block, pitch, scores, room, classes, weights, width, lanes, share, adjoint, pitch_a, losses):
    """Cross-entropy of class numbers (rows,), -1: none. losses: that of each row, and whether it is right, beside it.

    scores, room: where a row has its scores and as much room beside; share[0]: what each row's loss is multiplied by;
    weights: what each row's loss counts, empty: all alike; adjoint: where the gradient of the scores goes, zero
    elsewhere.
    """
    for i in range(len(classes)):
        wanted = classes[i]
        if wanted < 0:
            losses[2 * i] = losses[2 * i + 1] = 0
            continue
        row, to = i * pitch, i * pitch_a
        largest, best = block[row + scores], 0
        for k in range(1, width):
            score = block[row + scores + k]
            if score > largest or score != score:  # a NaN, once met, stays
                largest, best = score, k
        for k in range(0, width, lanes):
            shifted_exp(block, row + scores + k, row + room + k, largest)
        whole = block[row + room]
        for k in range(1, width):
            whole += block[row + room + k]
        losses[2 * i] = math.log(whole) + largest - block[row + scores + wanted]
        losses[2 * i + 1] = best == wanted
        counted = share[0]
        if len(weights):
            losses[2 * i] *= weights[i]
            counted *= weights[i]
        part = counted / whole
        for k in range(width):
            adjoint[to + k] = block[row + room + k] * part
        adjoint[to + wanted] -= counted


def row_loss(kind, values, targets, share, gradient):
    """A row's value of the loss of that digest, share times its gradient left in `gradient`; compiled from `LOSS`."""


@overload(row_loss, prefer_literal=True)
def _row_loss(kind, values, targets, share, gradient):
    loss = LOSS[kind.literal_value]
    kernel = register_jitable(loss.kernel)
    if not loss.apart:
        return lambda kind, values, targets, share, gradient: kernel(values, targets, share, gradient)

    def entries(kind, values, targets, share, gradient):
        total = 0.0
        for k in range(len(values)):
            if not math.isnan(targets[k]):
                value, slope = kernel(values[k], targets[k])
                total += value
                gradient[k] = share * slope
        return total

    return entries


LOSS: dict[int, object] = {}  # digest → the loss: put there by whoever calls `rows_loss`


@jit
def rows_loss(kind, judged, values, pitch, targets, weights, width, share, adjoint, pitch_a, losses):
    """Any loss, targets (rows · width), NaN: none. losses: that of each row, and whether it is right, beside it.

    kind: the loss's digest; judged: by what a row is right, NEVER, BY_LARGEST or BY_SIGN; weights as above.
    """
    for i in range(len(targets) // width):
        row, to, goal = i * pitch, i * pitch_a, i * width
        v, t = values[row : row + width], targets[goal : goal + width]
        counted = share[0]
        if len(weights):
            counted *= weights[i]
        losses[2 * i] = row_loss(kind, v, t, counted, adjoint[to : to + width])
        if len(weights):
            losses[2 * i] *= weights[i]
        losses[2 * i + 1] = is_right(judged, v, t) if judged else False


@jit
def is_right(judged, values, targets):
    """`losses.are_right` of one row."""
    best, there, hits, most = 0, 0, 0, 0.0
    for k in range(len(values)):
        if values[k] > values[best] or (values[k] != values[k] and values[best] == values[best]):
            best = k
        if not math.isnan(targets[k]):
            there += 1
            hits += (values[k] > 0) == (targets[k] > 0.5)
            most = max(most, targets[k])
    if judged == BY_SIGN:
        return there > 0 and hits == there
    return most > 0 and targets[best] == most
