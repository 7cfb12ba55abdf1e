"""From the equations of a sheet to a network: its layers, its directions, its read-out, or a cell of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from rnncalc.model.cells.readout import READ_OUT
from rnncalc.problems.formulas import cell_match as matching
from rnncalc.problems.formulas.both_directions import BOTH, merged
from rnncalc.problems.formulas.cell_match import Match, Pattern
from rnncalc.problems.formulas.polynomial import NotUnderstoodError, Poly, Signal, signals
from rnncalc.problems.formulas.system import System


@dataclass
class LayerMatches:
    """A layer: the match that runs forward, the one that runs from the end, or both; merge: what reads both reads."""

    forward: Match | None = None
    backward: Match | None = None
    merge: str = "concat"

    @property
    def both(self) -> list[Match]:
        return [match for match in (self.forward, self.backward) if match]

    @property
    def input(self) -> str:
        return self.both[0].input

    @property
    def emits(self) -> list[str]:
        return [match.lines[match.pattern.cell.emits] for match in self.both]


@dataclass
class FromEquations:
    """layers: from the input up; own: whether no built-in cell fits, so that the equations are a cell of their own."""

    system: System
    layers: list[LayerMatches] = field(default_factory=list)
    read_out: Match | None = None
    own: bool = False

    @property
    def matches(self) -> list[Match]:
        return [match for layer in self.layers for match in layer.both] + ([self.read_out] if self.read_out else [])

    @property
    def input(self) -> str:
        """The sheet's name of the input."""
        if self.layers:
            return self.layers[0].input
        return min(self.system.inputs, default="x")

    @property
    def output(self) -> str:
        """The sheet's name of y."""
        if self.read_out:
            return self.read_out.lines["y"]
        if self.layers:
            return self.layers[-1].emits[0]
        return ""

    def of_signal(self, key: str) -> tuple[int, str, str] | None:
        """(layer, direction, our line) of one of the sheet's signals; the read-out's belong to the last layer."""
        if self.read_out:
            for ours, theirs in self.read_out.lines.items():
                if theirs == key:
                    return len(self.layers) - 1, "", ours
        for number, layer in enumerate(self.layers):
            for direction in ("forward", "backward"):
                match = getattr(layer, direction)
                for ours, theirs in match.lines.items() if match else ():
                    if theirs == key:
                        return number, direction, ours
        return None


def network(system: System) -> FromEquations:
    """The network of a system. Raises NotUnderstoodError with a signal that nothing explains."""
    system = without_aliases(system)
    made = FromEquations(system)
    left = dict(system.polys)
    cells: list[Match] = []
    while match := _best(system, left):
        cells.append(match)
        left = {key: poly for key, poly in left.items() if key not in match.explained}
    made.layers = _stacked(cells)
    if made.layers:
        top = made.layers[-1]
        if not top.both[0].pattern.cell.owns_read_out:
            left = _read_out(made, left)
    if left or not made.layers:
        raise NotUnderstoodError(next(iter(left), ""))
    return made


def without_aliases(system: System) -> System:
    """The system without lines that only give a signal another name: H = h, y = s."""
    aliases = {}
    for key, poly in system.polys.items():
        inside = poly[0][1] if len(poly) == 1 and poly[0][0] == 1 else ()
        if (
            len(inside) == 1
            and isinstance(inside[0], Signal)
            and not inside[0].offset
            and inside[0].key in system.polys
        ):
            aliases[key] = inside[0].key
    read = {signal.key for poly in system.polys.values() for signal in signals(poly)}
    return replace(system, polys={key: poly for key, poly in system.polys.items() if key not in aliases or key in read})


def _best(system: System, left: Mapping[str, Poly]) -> Match | None:
    candidates = [
        match
        for pattern in matching.built_in()
        for turn in (1, -1)
        for match in matching.matches(system, pattern, turn)
        if match.explained <= left.keys()
    ]
    return max(candidates, key=lambda match: (len(match.explained), -len(match.pattern.lines)), default=None)


def _stacked(cells: Collection[Match]) -> list[LayerMatches]:
    """The matches in order, from the one that reads the input up; both directions read the same."""
    layers: list[LayerMatches] = []
    left = list(cells)
    made = {match.lines[match.pattern.cell.emits] for match in cells}
    inputs = [match for match in left if match.input not in made]
    while inputs:
        layer = LayerMatches()
        for match in inputs:
            direction = "forward" if match.turn > 0 else "backward"
            if getattr(layer, direction):
                raise NotUnderstoodError(match.lines[match.pattern.cell.emits])
            setattr(layer, direction, match)
            left.remove(match)
        layers.append(layer)
        inputs = [match for match in left if match.input in layer.emits]
    if left:
        raise NotUnderstoodError(left[0].lines[left[0].pattern.cell.emits])
    return layers


def _read_out(made: FromEquations, left: dict[str, Poly]) -> dict[str, Poly]:
    """Find y = g(V h + c) among what is left; what is left then."""
    emits = made.layers[-1].emits
    polys = left
    if len(emits) == 2:
        made.layers[-1].merge, polys = merged(emits, left)
    source = emits[0] if len(emits) == 1 else BOTH
    system = replace(made.system, polys={**polys, source: ()})
    candidates = [
        match
        for match in matching.matches(replace(system, polys=dict(polys)), Pattern(READ_OUT))
        if match.input == source and match.explained <= left.keys()
    ]
    best = max(candidates, key=lambda match: len(match.explained), default=None)
    if best is None:
        return left
    made.read_out = best
    return {key: poly for key, poly in left.items() if key in polys and key not in best.explained}
