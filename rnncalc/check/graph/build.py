"""Builds the graph of a problem as far as the wanted quantities need it."""

from __future__ import annotations

from collections.abc import Iterable

from rnncalc.check.graph import backward, forward, loss
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.spec import Spec
from rnncalc.check.graph.update import update

BACK = ("seed", "slope", "∂", "∂out", "∂x", "term", "d", "dstart", "dshared", "new")


def graph_of(spec: Spec, wanted: Iterable[Key]) -> Graph:
    """Build the forward pass, and the loss, gradients, update and the pass after it where they are wanted."""
    wanted = [spec.rules.reported_as.get(key, key) for key in wanted]
    heads = {key[0] for key in wanted}
    eras = {key[1] for key in wanted if key[0] in ("loss", "losses")}
    graph = Graph()
    forward.build(graph, spec.forward or spec, until=_last_visit(spec, wanted))
    if spec.forward:
        forward.parameters(graph, spec, "θ back")
    after = "new" in eras or any(key[0] == "new" and len(key) > 3 for key in wanted)
    if "" in eras:
        loss.build(graph, spec)
    if heads & set(BACK) or after:
        if heads - {"slope"} or after:
            loss.seeds(graph, spec) if spec.objective else None
            loss.arriving(graph, spec)
        backward.build(graph, spec)
        if "new" in heads or after:
            update(graph, spec)
    if after:
        forward.build(graph, spec, "new")
        if "new" in eras:
            loss.build(graph, spec, "new")
    return graph


def _last_visit(spec: Spec, wanted: list[Key]) -> int:
    """The last visit that is needed; an earlier one suffices for signals of a network that only runs forward."""
    simple = spec.softmax_over == "units" and not any(run.mirrored for run in spec.runs)
    if simple and wanted and all(key[0] == "" and isinstance(key[-1], int) for key in wanted):
        return max(key[-1] for key in wanted)
    return spec.visits
