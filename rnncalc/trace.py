"""What a forward pass leaves behind: every signal at every step, by name, read-only.

`trace.h` or `trace["h"]` is (T, H) for one sequence and (N, T, H) for a batch; zeros where a sequence has no step.
`trace.initial["h"]` and `trace.final["h"]` are the state before the first and after the last step, (H,) or (N, H).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rnncalc.language import _
from rnncalc.schedule import Schedule


class View:
    """How packed rows are shown: as one sequence or as a batch, batch first or time first."""

    def __init__(self, schedule: Schedule, batch: bool, time_first: bool = False):
        self.schedule, self.batch, self.time_first = schedule, batch, time_first

    @property
    def step_axis(self) -> int:
        """The axis of the steps in what is shown."""
        return int(self.batch and not self.time_first)

    def steps(self, rows: np.ndarray) -> np.ndarray:
        """Rows of all steps as (T, width), (N, T, width) or (T, N, width)."""
        array = self.schedule.unpack(rows)
        if not self.batch:
            return array[0]
        return np.swapaxes(array, 0, 1) if self.time_first else array

    def sequences(self, rows: np.ndarray) -> np.ndarray:
        """A row for each sequence as (width,) or (N, width)."""
        return rows if self.batch else rows[0]


class Signals(Mapping[str, np.ndarray]):
    """Signals by name, each at every step."""

    def __init__(self, rows: Mapping[str, np.ndarray], view: View):
        self.rows, self.view = rows, view
        self.initial: dict[str, np.ndarray] = {}
        self.final: dict[str, np.ndarray] = {}
        self._shown: dict[str, np.ndarray] = {}

    @classmethod
    def of_layer(cls, blocks: Mapping[str, np.ndarray], state: Sequence[str], view: View) -> Signals:
        """From a cell's blocks, whose first rows are the initial states."""
        schedule = view.schedule
        signals = cls({name: block[schedule.sequences :] for name, block in blocks.items()}, view)
        given = np.argsort(schedule.order)
        for name in state:
            signals.initial[name] = _frozen(view.sequences(blocks[name][given]))
            signals.final[name] = _frozen(view.sequences(blocks[name][schedule.last]))
        return signals

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._shown:
            self._shown[name] = _frozen(self.view.steps(self.rows[name]))
        return self._shown[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getattr__(self, name: str) -> np.ndarray:
        if name in self.__dict__.get("rows", ()):
            return self[name]
        raise AttributeError(
            _("no signal is called {name}; there are {known}").format(name=name, known=", ".join(self))
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name} {self[name].shape}' for name in self)})"


class Trace(Signals):
    """A network's forward pass: signals of the last layer and of the read-out; `layers` holds those of every layer."""

    def __init__(self, layers: Sequence[Signals], read_out: Mapping[str, np.ndarray], view: View):
        top = layers[-1]
        super().__init__({**top.rows, **read_out}, view)
        self.layers, self.initial, self.final = layers, top.initial, top.final

    def first_not_finite(self) -> tuple[str, int, tuple[int, ...]] | None:
        """Where the computation left the finite numbers: (signal, step, index), counted from 1; the earliest step."""
        found = []
        for order, name in enumerate(self):
            broken = np.argwhere(~np.isfinite(np.moveaxis(self[name], self.view.step_axis, 0)))
            if len(broken):
                place = tuple(int(i) + 1 for i in broken[0])
                found.append((place[0], order, name, place[1:]))
        if not found:
            return None
        step, _order, name, index = min(found)
        return name, step, index


def _frozen(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
