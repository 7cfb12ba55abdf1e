"""What training adds to the loops of a cell: weights moved into their panels, rows between layers, the hot loop.

All but the norm and the hot loop are calls of a tape: they take integers and arrays and return nothing.
"""

from __future__ import annotations

import math

import numpy as np

from rnncalc.engine.compiled.codegen.barrier import meet
from rnncalc.engine.compiled.codegen.jit import jit
from rnncalc.engine.compiled.layout import FIRST, OUT_AT, VECTORS
from rnncalc.engine.compiled.training.batches import VARIANT
from rnncalc.engine.compiled.training.tape import play

JUDGE, DIFFERENTIATE, TRAIN = range(3)  # what is wanted of a run of batches
# sections of a tape, each up to a meeting of the threads: weights packed anew, losses added up, gradients into their
# places, the optimiser's update, last states kept; then three of each variant: up, down, and the sums of gradients
PACK, TALLY, HAND_OUT, UPDATE, KEEP, WAYS = range(6)
SET, ADD, TIMES, MEAN, ADD_HALF, ADD_TIMES = range(6)


@jit
def move(target, to, source, of):
    """target[to[i]] = source[of[i]]"""
    for i in range(len(to)):
        target[to[i]] = source[of[i]]


@jit
def negate(target, at):
    """target[at[i]] changes its sign."""
    for i in range(len(at)):
        target[at[i]] = -target[at[i]]


@jit
def clear(target, at):
    """target[at[i]] = 0"""
    for i in range(len(at)):
        target[at[i]] = 0


@jit
def zero(target):
    """All of it."""
    for i in range(len(target)):
        target[i] = 0


@jit
def gather(target, source):
    """target += source"""
    for i in range(len(source)):
        target[i] += source[i]


@jit
def add(target, to, source, of, sign):
    """target[to[i]] += sign[i] source[of[i]]; several may go to one place."""
    for i in range(len(to)):
        target[to[i]] += sign[i] * source[of[i]]


@jit
def rows(kind, count, width, target, pitch_t, to, source, pitch_s, of, other, pitch_o, by):
    """What a kind says of each entry of `count` rows: t ← s, t + s, t s, (t + s) / 2, t + s / 2 or t + s o.

    to, of, by: which row of target, source and other is the i-th; empty: the i-th.
    """
    for i in range(count):
        t = (to[i] if len(to) else i) * pitch_t
        s = (of[i] if len(of) else i) * pitch_s
        o = (by[i] if len(by) else i) * pitch_o
        if kind == SET:
            for k in range(width):
                target[t + k] = source[s + k]
        elif kind == ADD:
            for k in range(width):
                target[t + k] += source[s + k]
        else:
            for k in range(width):
                value = source[s + k]
                if kind == TIMES:
                    target[t + k] *= value
                elif kind == MEAN:
                    target[t + k] = (target[t + k] + value) / 2
                elif kind == ADD_HALF:
                    target[t + k] += value / 2
                else:
                    target[t + k] += value * other[o + k]


@jit
def pick_gradients(adjoint, pitch, rows, order, tokens, order_x, lanes, low, high, gradients, dweights):
    """What one-hot rows add to the gradient of the weights that took them: a row of it for each token.

    Arguments as for `gradients.weight_gradients`.
    """
    for g in range(len(gradients)):
        wide, start = gradients[g, VECTORS] * lanes, gradients[g, FIRST]
        begin, end = max(low - start, 0) * lanes, min((high - start) * lanes, wide)
        for i in range(rows):
            token = int(tokens[order_x[i]])
            if token < 0:
                continue
            to, of = gradients[g, OUT_AT] + token * wide, order[i] * pitch + start * lanes
            for k in range(begin, end):
                dweights[to + k] += adjoint[of + k]


@jit
def squares(g):
    """The sum of the squares of all entries, always added in the same order."""
    s0, s1, s2, s3, whole = 0.0, 0.0, 0.0, 0.0, len(g) // 4 * 4
    for i in range(0, whole, 4):
        s0 += np.float64(g[i]) * np.float64(g[i])
        s1 += np.float64(g[i + 1]) * np.float64(g[i + 1])
        s2 += np.float64(g[i + 2]) * np.float64(g[i + 2])
        s3 += np.float64(g[i + 3]) * np.float64(g[i + 3])
    for i in range(whole, len(g)):
        s0 += np.float64(g[i]) * np.float64(g[i])
    return (s0 + s1) + (s2 + s3)


@jit
def length(g):
    """The norm of g; where squares would overflow or vanish, with the largest entry divided out first."""
    whole, most = squares(g), 0.0
    if 1e-280 < whole < math.inf:
        return math.sqrt(whole)
    for i in range(len(g)):
        entry = abs(np.float64(g[i]))
        if not entry <= most:  # NaN, too
            most = entry
        if math.isnan(most):
            return most
    if most == 0.0 or math.isinf(most):
        return most
    whole = 0.0
    for i in range(len(g)):
        whole += (np.float64(g[i]) / most) * (np.float64(g[i]) / most)
    return most * math.sqrt(whole)


@jit
def tally(losses, order, outcome):
    """The sum of the rows' losses in their order, and how many rows were right. losses: both of a row, side by side."""
    total, right = 0.0, 0.0
    for i in range(len(order)):
        total += losses[2 * order[i]]
        right += losses[2 * order[i] + 1]
    outcome[0], outcome[1] = total, right


@jit
def play_batches(
    mode, table, divisors, calls, patches, words, marks, g, outcome, share, rates, numbers, clip_norm, first, exploded,
    carry, results, parts, met,
):  # fmt: skip
    """The hot loop of one thread: batch after batch, forward, loss, backward, clipping and update.

    table: the registers of each batch, as this thread's part has them; divisors: what its loss is divided by; marks:
    where the sections of the tape begin, as `step` writes them; parts: how many threads play together; met: how often
    they have met. All of them find the same loss and the same norm, so they go the same way. The rest as for
    `CompiledStep`.
    """
    meetings = 0
    for b in range(len(table)):
        registers, weight = table[b], divisors[b]
        up = WAYS + 3 * table[b, VARIANT]
        if mode == TRAIN:
            share[0] = 1 / (weight if weight > 0 else 1.0)
        if mode == TRAIN or b == 0:
            play(calls, patches, words, registers, marks[PACK], marks[PACK + 1])
            meetings = meet(met, parts, meetings)
            if meetings < 0:  # only the first time: who has come to play plays to the end
                return
        play(calls, patches, words, registers, marks[up], marks[up + 1])
        if mode != JUDGE:
            play(calls, patches, words, registers, marks[up + 1], marks[up + 2])
        meetings = meet(met, parts, meetings)
        play(calls, patches, words, registers, marks[TALLY], marks[TALLY + 1])
        results[b, 0], results[b, 1] = outcome[0], outcome[1]
        if mode != JUDGE:
            play(calls, patches, words, registers, marks[up + 2], marks[up + 3])
            meetings = meet(met, parts, meetings)
            play(calls, patches, words, registers, marks[HAND_OUT], marks[HAND_OUT + 1])
        meetings = meet(met, parts, meetings)
        if mode == TRAIN:
            norm = length(g)
            results[b, 2] = norm
            loss = outcome[0] / (weight if weight > 0 else 1.0)
            if math.isnan(first):
                first = loss
            if not math.isfinite(loss) or not math.isfinite(norm) or loss > exploded * max(first, 1.0):
                return
            for k in range(len(numbers)):
                numbers[k] = rates[b, k]
            numbers[0] = min(1.0, clip_norm / norm) if clip_norm > 0 and norm > 0 else 1.0
            play(calls, patches, words, registers, marks[UPDATE], marks[UPDATE + 1])
            meetings = meet(met, parts, meetings)
        if carry:
            play(calls, patches, words, registers, marks[KEEP], marks[KEEP + 1])
        results[b, 3] = weight
