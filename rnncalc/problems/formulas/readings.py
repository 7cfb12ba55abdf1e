"""Other readings of a system that is no cell as it stands: numbers as parameters, gates that only a table has."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import replace

from rnncalc.problems.formulas import polynomial
from rnncalc.problems.formulas.polynomial import Function, Param, Poly, Signal, Weighted, added, signals
from rnncalc.problems.formulas.system import System
from rnncalc.problems.notation import GATE_NAMES


def with_weights(system: System, ones: bool) -> System:
    """The system with its numbers as parameters: tanh(0.7 x_t − 0.4 h_{t-1} + 0.1)."""
    fresh = itertools.count(1)
    return replace(
        system, polys={key: polynomial.with_weights(poly, ones, fresh) for key, poly in system.polys.items()}
    )


def with_gates(system: System, names: Collection[str]) -> System:
    """The system with the gates of an LSTM whose weights a table has by what they multiply, @U_f, @W_f, @b_f."""
    output = next(
        (key for key in system.polys if not any(s.key == key for p in system.polys.values() for s in signals(p))), ""
    )
    gates: dict[str, Poly] = {}
    for key in system.inputs:
        for gate, letters in GATE_NAMES["ifgo"].items():
            if key.rstrip("\u0303~") in letters and f"@U_{gate}" in names and output:
                parts: list[Poly] = [
                    ((1.0, (Weighted(Param(f"@{stack}_{gate}"), ((1.0, (Signal(name, offset),)),), False),)),)
                    for stack, name, offset in (("U", "x", 0), ("W", output, -1))
                ]
                parts.append(((1.0, (Param(f"@b_{gate}"),)),))
                gates[key] = ((1.0, (Function("tanh" if gate == "g" else "sigmoid", added(parts)),)),)
    inputs = {*system.inputs, *(("x",) if gates else ())} - gates.keys()
    return replace(system, polys={**system.polys, **gates}, inputs=inputs)
