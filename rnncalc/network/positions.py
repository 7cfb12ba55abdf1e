"""Where a directional layer stands in a network: the one order in which layers, gradients and tensors are listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeVar

READ_OUT = -1  # the layer number of the read-out

Part = TypeVar("Part", covariant=True)


class Position(NamedTuple):
    """A layer, counted from 0, and one of its directions."""

    layer: int
    direction: str = "forward"
    paired: bool = False  # whether the layer runs in both directions

    @property
    def prefix(self) -> str:
        """How its tensors' names begin in files: layers.0., layers.0.backward., nothing for the read-out."""
        if self.layer == READ_OUT:
            return ""
        return f"layers.{self.layer}." + ("backward." if self.paired and self.direction == "backward" else "")

    @property
    def path(self) -> str:
        """How its arrays' names begin in `Network.parameters`: layers.0.forward., nothing for the read-out."""
        return "" if self.layer == READ_OUT else f"layers.{self.layer}.{self.direction}."

    @property
    def label(self) -> str:
        """What its quantities are called in front of people, who count from 1: layers[1]., layers[1].backward."""
        if self.layer == READ_OUT:
            return ""
        return f"layers[{self.layer + 1}]." + (f"{self.direction}." if self.paired else "")


class ByDirection(Protocol[Part]):
    """A layer, or what belongs to one: something for each direction."""

    @property
    def passes(self) -> Mapping[str, Part]: ...


def positioned(layers: Iterable[ByDirection[Part]], read_out: Part | None = None) -> Iterator[tuple[Position, Part]]:
    """Layer by layer, forward before backward, the read-out last."""
    for number, layer in enumerate(layers):
        for direction, part in layer.passes.items():
            yield Position(number, direction, len(layer.passes) > 1), part
    if read_out is not None:
        yield Position(READ_OUT), read_out
