"""Keys of quantities in the graph: the network's output, a run's input, and the names in an equation."""

from __future__ import annotations

from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.expression import INPUT, previous, signal_of


def output(spec: Spec, era: str, name: str, visit: int) -> Key:
    """The key of s or y. Without a read-out, both are the last layer's output."""
    if spec.read_out:
        return (era, len(spec.runs), name, visit)
    top = spec.layers[-1][0][0]
    if name in spec.runs[top].lines and name in spec.runs[top].cell.outputs:
        return (era, top, name, visit)
    return (era, "out", len(spec.layers) - 1, visit)


def layer_of(spec: Spec, number: int) -> int:
    """The layer of a run, from 0; of the read-out, the number of layers."""
    return next((layer for layer, (numbers, _merge) in enumerate(spec.layers) if number in numbers), len(spec.layers))


def input_of(spec: Spec, number: int, run: RunSpec, visit: int, era: str = "") -> Key:
    """The key of a run's input at a visit."""
    if run.mirrored:
        return (era, "in", number, visit)
    layer = layer_of(spec, number)
    if run.earlier and visit == 1:  # a read-out of the initial state
        below = spec.layers[-1][0][0]
        return (era, below, spec.runs[below].cell.emits, 0)
    return (era, "out", layer - 1, visit - run.earlier) if layer else ("x", visit)


def operand(spec: Spec, number: int, run: RunSpec, name: str, visit: int, era: str = "") -> Key:
    """The key of a name in the equation of a line."""
    if name == INPUT:
        return input_of(spec, number, run, visit, era)
    if name in run.parameters:
        return (era or "θ", number, name)
    signal = signal_of(name)
    return (era, number, *(before(run, signal, visit) if previous(name) else (signal, visit)))


def before(run: RunSpec, state: str, visit: int) -> tuple[str, int]:
    """The state that a visit continues, and its visit; 0: the initial one."""
    state = run.exchanged.get(state, state)
    return state, 0 if state in run.restarts else visit - (2 if state in run.lags else 1)


def parameter(spec: Spec, number: int, symbol: str) -> Key:
    """The key of a parameter on the way back, which may be another than that of the forward pass."""
    return ("θ back" if spec.forward else "θ", number, symbol)
