"""How much of a small call is Python: `net(x)`, `forward`, `backward`, beside machine code alone; `net.set`, `update`.

    python bench/overhead.py

The machine code is called again with the arguments that it was called with. Microseconds, the least of many turns.
Weights that are set or moved are packed anew for the way forward, and for the way back when that is next gone. Beside
these two what it takes to copy the weights, array by array, and how many such copies each takes.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

from run import NETWORKS, question
from targets import Case

SIZES = [(1, 50, 3, 4), (1, 100, 32, 32), (1, 100, 128, 128)]


def least(call: Callable[[], object]) -> float:
    """Microseconds."""
    rounds = max(int(0.02 / timeit.timeit(call, number=3) * 3), 1)
    return min(timeit.repeat(call, number=rounds, repeat=25)) / rounds * 1e6


class Overheard:
    """Machine code that remembers how it was called."""

    def __init__(self, code: Any):
        self.code, self.arguments = code, ()

    def __call__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.code(*arguments)

    def alone(self) -> float:
        return least(lambda: self.code(*self.arguments))


def parts(case: Case) -> list[tuple[float, float]]:
    """Of the three calls, the whole and the machine code."""
    p, x, dh = question(case)
    net = NETWORKS[case.cell][1](**p)
    net(x)
    net.backward(net.forward(x), dy=dh)
    (prepared,) = net._calls.values()
    machine: list[float] = []
    whole = [least(lambda: net(x)), least(lambda: net.forward(x))]
    for prepared_run, call in zip((prepared.calls[0], prepared.tracers[0].signals), (net, net.forward)):
        prepared_run.code = overheard = Overheard(prepared_run.code)
        call(x)
        machine.append(overheard.alone())
        prepared_run.code = overheard.code
    trace = net.forward(x)
    whole.append(least(lambda: net.backward(trace, dy=dh)))
    back = net._cells[0].back
    back.descend = overheard = Overheard(back.descend)
    net.backward(trace, dy=dh)
    machine.append(overheard.alone())
    back.descend = overheard.code
    return list(zip(whole, machine))


def changed_weights(case: Case) -> tuple[float, float, float]:
    """`net.set` and `net.update` of a network that has gone forward and back, and the copy of its weights alone."""
    p, x, dh = question(case)
    net = NETWORKS[case.cell][1](**p)
    values = {name: array.copy() for name, array in net.parameters.items()}
    copies = {name: array.copy() for name, array in values.items()}
    net.set(values)
    gradients = dict(net.backward(net.forward(x), dy=dh).parameters)

    def copy() -> None:
        for name, array in values.items():
            copies[name][...] = array

    return least(lambda: net.set(values)), least(lambda: net.update(gradients, 1e-9)), least(copy)


def main() -> None:
    print(f"{'(N, T, D, H)':>20} {'cell':>10} {'dtype':>8}   net(x)           forward          backward")
    print(f"{'':>40}" + "   whole   code" * 3 + "     set update   copy  ratios")
    for size in SIZES:
        for cell in NETWORKS:
            for dtype in ("float32", "float64"):
                case = Case(size, cell, dtype, "both")
                shown = "".join(f"{whole:8.1f}{code:7.1f}" for whole, code in parts(case))
                put, moved, copy = changed_weights(case)
                shown += f"{put:8.1f}{moved:7.1f}{copy:7.1f}{put / copy:6.1f}{moved / copy:6.1f}"
                print(f"{size!s:>20} {cell:>10} {dtype:>8} {shown}", flush=True)


if __name__ == "__main__":
    main()
