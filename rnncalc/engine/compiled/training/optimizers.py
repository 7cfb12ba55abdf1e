"""Optimisers' steps in machine code: one pass over θ, its gradient and the optimiser's own vectors.

Each takes θ, g, its vectors, and its numbers in an array of θ's dtype, so that float32 stays float32. The first two
numbers are the factor that clipping by norm gives every gradient, and the bound of clipping by value.
"""

from __future__ import annotations

import math

from rnncalc.engine.compiled.codegen.jit import jit


@jit
def clipped(g, numbers, i):
    """The gradient that the update uses."""
    return min(max(g[i] * numbers[0], -numbers[1]), numbers[1])


@jit
def sgd(theta, g, velocity, numbers):
    """numbers: factor, bound, lr, weight decay, momentum, 1 for Nesterov's, 1 in the first step.

    velocity has no entries where momentum is zero.
    """
    lr, decay, momentum, nesterov, first = numbers[2], numbers[3], numbers[4], numbers[5] != 0, numbers[6] != 0
    for i in range(len(theta)):
        d = clipped(g, numbers, i) + decay * theta[i]
        if len(velocity):
            velocity[i] = d if first else momentum * velocity[i] + d
            d = d + momentum * velocity[i] if nesterov else velocity[i]
        theta[i] -= lr * d


@jit
def rmsprop(theta, g, mean, velocity, numbers):
    """numbers: factor, bound, lr, weight decay, momentum, alpha, 1 − alpha, eps."""
    lr, decay, momentum, alpha, rest, eps = numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]
    for i in range(len(theta)):
        d = clipped(g, numbers, i) + decay * theta[i]
        mean[i] = alpha * mean[i] + rest * d * d
        d = d / (math.sqrt(mean[i]) + eps)
        if len(velocity):
            velocity[i] = momentum * velocity[i] + d
            d = velocity[i]
        theta[i] -= lr * d


@jit
def adam(theta, g, mean, square, numbers):
    """numbers: factor, bound, lr / (1 − β₁ᵗ), L2 decay, β₁, 1 − β₁, β₂, 1 − β₂, √(1 − β₂ᵗ), eps, 1 − lr · decay."""
    lr, l2, b1, r1, b2, r2 = numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]
    root, eps, shrink = numbers[8], numbers[9], numbers[10]
    for i in range(len(theta)):
        t = theta[i] * shrink
        d = clipped(g, numbers, i) + l2 * t
        mean[i] = b1 * mean[i] + r1 * d
        square[i] = b2 * square[i] + r2 * d * d
        theta[i] = t - lr * (mean[i] / (math.sqrt(square[i]) / root + eps))
