"""What backpropagation leaves behind: the gradient of the loss with respect to everything, by name, read-only.

grads.U, grads.b, grads.V (of the shapes of the parameters), grads.h0, grads.x; grads.steps["da"], ["dh"], ["ds"] (a row
a step); grads.loss, grads.losses. Of a stack, grads.layers[k] has its own, and .forward and .backward if it runs both
ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rnncalc.language import _
from rnncalc.layer import Pass
from rnncalc.trace import Late, Signals, frozen


class PassGradients(Mapping[str, np.ndarray]):
    """One direction of a layer, or the read-out: parameters and starts by name.

    symbols: by symbol of the equations (U_i, …); totals: what reached each line from the loss, every step, as `steps`
    has them under the names da, dh, ds, dmemory.
    """

    def __init__(
        self,
        one: Pass,
        symbols: Mapping[str, np.ndarray],
        starts: Mapping[str, np.ndarray],
        totals: Signals,
    ):
        self.symbols, self.totals, self.steps = dict(symbols), totals, steps_of(one, totals)
        self.found: dict[str, np.ndarray] = {}
        for name, stack in one.cell.stacks.items():
            arrays = [symbols[parameter.symbol] for parameter in stack]
            self.found[name] = frozen(np.concatenate(arrays) if len(arrays) > 1 else np.ascontiguousarray(arrays[0]))
        self.starts = {f"{state}0": frozen(start) for state, start in starts.items()}
        self.found.update(self.starts)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getattr__(self, name: str) -> np.ndarray:
        return _attribute(self, self.__dict__.get("found", {}), name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name} {array.shape}' for name, array in self.items())})"


def steps_of(one: Pass, totals: Signals) -> Late:
    """The gradients of every step: da (gates stacked in the cell's order), dh, ds, dmemory (at an LSTM's c)."""

    def together(lines: list[str]) -> np.ndarray:
        arrays = [totals[line] for line in lines]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)

    return Late({name: partial(together, lines) for name, lines in one.cell.gradient_lines.items()})


class LayerGradients(PassGradients):
    """One layer. Of a layer in both directions, `forward` and `backward` have what this has of any other."""

    def __init__(self, passes: Mapping[str, PassGradients]):
        self.passes = passes
        self.forward, self.backward = passes.get("forward"), passes.get("backward")
        self.found: dict[str, np.ndarray] = {}
        if len(passes) == 1:
            only = next(iter(passes.values()))
            self.found, self.starts, self.symbols = only.found, only.starts, only.symbols
            self.totals, self.steps = only.totals, only.steps


class Gradients(Mapping[str, np.ndarray]):
    """The gradients of a whole network."""

    def __init__(
        self,
        layers: Sequence[LayerGradients],
        read_out: PassGradients | None,
        x: Callable[[], np.ndarray],
        loss: float | None,
        losses: np.ndarray | None,
    ):
        self.layers, self.read_out = layers, read_out
        self.loss, self.losses = loss, None if losses is None else frozen(losses)
        self.found = dict(layers[0].found) if len(layers) == 1 else {}
        self.found |= dict(read_out.found) if read_out else {}
        last = [layers[-1].steps.makers] if len(layers[-1].passes) == 1 else []
        above = [read_out.steps.makers] if read_out else []
        self.steps = Late({name: maker for makers in (*last, *above, {"dx": x}) for name, maker in makers.items()})

    @property
    def x(self) -> np.ndarray:
        """The gradient at the inputs, of the shape of x; computed when somebody asks."""
        return self.steps["dx"]

    def first_not_finite(self) -> str | None:
        """The name of a gradient that overflowed or is not a number."""
        parts = [one for layer in self.layers for one in layer.passes.values()]
        found = {
            name: array for one in [*parts, *([self.read_out] if self.read_out else [])] for name, array in one.items()
        }
        return next((f"d{name}" for name, array in found.items() if not np.isfinite(array).all()), None)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.x if name == "x" else self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.found, "x"])

    def __len__(self) -> int:
        return len(self.found) + 1

    def __getattr__(self, name: str) -> np.ndarray:
        return _attribute(self, self.__dict__.get("found", {}), name)

    def __repr__(self) -> str:
        return f"Gradients({', '.join(f'{name} {array.shape}' for name, array in self.items())})"


def _attribute(of: Any, found: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name in found:
        return found[name]
    message = _("no gradient is called {name}; there are {known}")
    raise AttributeError(message.format(name=name, known=", ".join(found) or _("those of the layers")))
