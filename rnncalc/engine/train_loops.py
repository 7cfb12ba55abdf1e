"""What training adds to the two loops: losses with their gradients, weights moved into their panels, the norm.

A loss is summed in double precision whatever the dtype; its gradient goes straight to where it arrives in the adjoint
block of the topmost cell.
"""

from __future__ import annotations

import math

from rnncalc.engine.jit import jit
from rnncalc.engine.softmax import shifted_exp

HALF, SQUARED, CROSS_ENTROPY, BINARY = range(4)
SOURCE, FIRST, OUT_AT, VECTORS = 1, 4, 5, 6  # columns of the table of weight gradients


@jit
def classes_loss(block, pitch, scores, room, first, classes, width, lanes, share, adjoint, pitch_a, slot):
    """Cross-entropy of class numbers (rows,), -1: none. Returns its sum and how many scores are largest where asked.

    scores, room: where a row has its scores and as much room beside; first: the first row; share: what each row's loss
    is multiplied by; slot: where a row of the adjoint block takes the gradient, zero elsewhere.
    """
    total, right = 0.0, 0
    for i in range(len(classes)):
        wanted = classes[i]
        if wanted < 0:
            continue
        row, to = (first + i) * pitch, (first + i) * pitch_a + slot
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
        total += math.log(whole) + largest - block[row + scores + wanted]
        right += best == wanted
        part = share / whole
        for k in range(width):
            adjoint[to + k] = block[row + room + k] * part
        adjoint[to + wanted] -= share
    return total, right


@jit
def rows_loss(kind, block, pitch, values, first, targets, share, adjoint, pitch_a, slot):
    """Any other loss, targets (rows, O), NaN: none. Returns its sum and how many rows lie on the right side of zero."""
    total, right = 0.0, 0
    count, width = targets.shape
    for i in range(count):
        row, to, weight, largest, whole = (first + i) * pitch + values, (first + i) * pitch_a + slot, 0.0, 0.0, 1.0
        there, hits = 0, 0
        if kind == CROSS_ENTROPY:
            largest = block[row]
            for k in range(width):
                largest = max(largest, block[row + k])
                weight += 0.0 if math.isnan(targets[i, k]) else targets[i, k]
            whole = 0.0
            for k in range(width):
                whole += math.exp(block[row + k] - largest)
        for k in range(width):
            wanted, value = targets[i, k], block[row + k]
            if kind == CROSS_ENTROPY and weight > 0:
                adjoint[to + k] = share * weight * (math.exp(value - largest) / whole)
            if math.isnan(wanted):
                continue
            there += 1
            if kind == CROSS_ENTROPY:
                if wanted != 0:
                    total += wanted * (math.log(whole) + largest - value)
                adjoint[to + k] -= share * wanted
            elif kind == BINARY:
                small = math.exp(-abs(value))
                total += max(value, 0) - value * wanted + math.log1p(small)
                adjoint[to + k] = share * ((1 if value >= 0 else small) / (1 + small) - wanted)
                hits += (value > 0) == (wanted > 0.5)
            else:
                apart = value - wanted
                total += apart * apart * (0.5 if kind == HALF else 1.0)
                adjoint[to + k] = share * apart * (1 if kind == HALF else 2)
        right += kind == BINARY and there > 0 and hits == there
    return total, right


@jit
def move(target, to, source, of):
    """target[to[i]] = source[of[i]]"""
    for i in range(len(to)):
        target[to[i]] = source[of[i]]


@jit
def add(target, to, source, of, sign):
    """target[to[i]] += sign[i] source[of[i]]; several may go to one place."""
    for i in range(len(to)):
        target[to[i]] += sign[i] * source[of[i]]


@jit
def pick_gradients(adjoint, pitch, first, rows, tokens, lanes, gradients, dweights):
    """What one-hot rows add to the gradient of the weights that took them: a row of it for each token."""
    for g in range(len(gradients)):
        wide = gradients[g, VECTORS] * lanes
        for i in range(rows):
            token = int(tokens[i])
            if token < 0:
                continue
            to, of = gradients[g, OUT_AT] + token * wide, (first + i) * pitch + gradients[g, FIRST] * lanes
            for k in range(wide):
                dweights[to + k] += adjoint[of + k]


@jit
def squares(g):
    """The sum of the squares of all entries, always added in the same order."""
    s0, s1, s2, s3, whole = 0.0, 0.0, 0.0, 0.0, len(g) // 4 * 4
    for i in range(0, whole, 4):
        s0 += float(g[i]) * float(g[i])
        s1 += float(g[i + 1]) * float(g[i + 1])
        s2 += float(g[i + 2]) * float(g[i + 2])
        s3 += float(g[i + 3]) * float(g[i + 3])
    for i in range(whole, len(g)):
        s0 += float(g[i]) * float(g[i])
    return (s0 + s1) + (s2 + s3)
