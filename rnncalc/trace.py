"""What a forward pass leaves behind: every signal at every step, by name, read-only.

`trace.h` or `trace["h"]` is (T, H) for one sequence and (N, T, H) for a batch; zeros where a sequence has no step.
`trace.initial["h"]` and `trace.final["h"]` are the state before the first and after the last step, (H,) or (N, H).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rnncalc.language import _
from rnncalc.schedule import Schedule

Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ran:
    """One cell's run: its signals (the first rows are the initial states), its inputs, the starts that are shared."""

    blocks: Mapping[str, np.ndarray]
    inputs: np.ndarray
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Made:
    """How a trace was made, for backpropagation: by which network and weights, and each cell's run, in order."""

    network: object
    weights: object
    ran: list[Ran]


class View:
    """How packed rows are shown: as one sequence or as a batch, batch first or time first."""

    def __init__(self, schedule: Schedule, batch: bool, time_first: bool = False):
        self.schedule, self.batch, self.time_first = schedule, batch, time_first

    @property
    def step_axis(self) -> int:
        """The axis of the steps in what is shown."""
        return int(self.batch and not self.time_first)

    def part(self, sequences: slice) -> View:
        """The same for some sequences of a batch."""
        schedule = self.schedule
        present = schedule.present[sequences] if schedule.ragged else None
        count = len(range(*sequences.indices(schedule.sequences)))
        return View(Schedule(count, schedule.steps, present), self.batch, self.time_first)

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of sequences and steps of what is shown: (T,), (N, T) or (T, N)."""
        schedule = self.schedule
        shape = (schedule.sequences, schedule.steps) if self.batch else (schedule.steps,)
        return shape[::-1] if self.time_first else shape

    def batch_first(self, array: np.ndarray) -> np.ndarray:
        """An array that is shown so, as (N, T, width)."""
        return np.swapaxes(array, 0, 1) if self.time_first else array if self.batch else array[None]

    def rows(self, array: np.ndarray) -> np.ndarray:
        """The inverse of `steps`: an array that is shown so, as rows."""
        return self.schedule.pack(self.batch_first(array))

    def steps(self, rows: np.ndarray) -> np.ndarray:
        """Rows of all steps as (T, width), (N, T, width) or (T, N, width)."""
        array = self.schedule.unpack(rows)
        if not self.batch:
            return array[0]
        return np.swapaxes(array, 0, 1) if self.time_first else array

    def sequences(self, rows: np.ndarray) -> np.ndarray:
        """A row for each sequence as (width,) or (N, width)."""
        return rows if self.batch else rows[0]


class Late(Mapping[str, np.ndarray]):
    """Arrays by name, each made when somebody asks for it."""

    def __init__(self, makers: Mapping[str, Callable[[], np.ndarray]]):
        self.makers, self.made = dict(makers), dict[str, np.ndarray]()

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.made:
            self.made[name] = frozen(self.makers[name]())
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers)

    def __len__(self) -> int:
        return len(self.makers)


class Steps(Mapping[str, np.ndarray]):
    """Rows by name without those of the starts, cut off when somebody asks."""

    def __init__(self, rows: Mapping[str, np.ndarray], starts: int):
        self.rows, self.starts = rows, starts

    def __getitem__(self, name: str) -> np.ndarray:
        return self.rows[name][self.starts :]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Signals(Mapping[str, np.ndarray]):
    """Signals by name, each at every step, in the original order of time."""

    def __init__(self, rows: Mapping[str, np.ndarray], view: View, mirrored: bool = False):
        self.rows, self.view, self.mirrored = rows, view, mirrored
        self.initial: Mapping[str, np.ndarray] = {}
        self.final: Mapping[str, np.ndarray] = {}
        self._shown: dict[str, np.ndarray] = {}

    @classmethod
    def of_pass(cls, blocks: Mapping[str, np.ndarray], state: Sequence[str], view: View, mirrored: bool) -> Signals:
        """From a cell's blocks, whose first rows are the initial states; mirrored: visited from the end."""
        schedule = view.schedule
        signals = cls(Steps(blocks, schedule.sequences), view, mirrored)

        def rows(name: str, which: str) -> np.ndarray:
            at = np.argsort(schedule.order) if which == "initial" else schedule.last
            return view.sequences(blocks[name][at])

        signals.initial, signals.final = (
            Late({name: partial(rows, name, which) for name in state}) for which in ("initial", "final")
        )
        return signals

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._shown:
            rows = self.rows[name][self.view.schedule.mirror] if self.mirrored else self.rows[name]
            self._shown[name] = frozen(self.view.steps(rows))
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


class LayerTrace(Signals):
    """One layer: what it emits, merged if it runs both ways; `forward` and `backward` hold what each way computed."""

    def __init__(self, emits: str, rows: np.ndarray, passes: Mapping[str, Signals], merge: Merge, view: View):
        only = next(iter(passes.values()))
        super().__init__({emits: rows} if len(passes) > 1 else only.rows, view, len(passes) == 1 and only.mirrored)
        self.passes, self.emits, self.emitted = passes, emits, rows
        self.forward, self.backward = passes.get("forward"), passes.get("backward")
        both = list(passes.values())
        self.initial, self.final = only.initial, only.final
        if len(both) > 1:

            def merged(which: str, state: str) -> np.ndarray:
                return merge(*(getattr(one, which)[state] for one in both))

            self.initial, self.final = (
                Late({state: partial(merged, which, state) for state in only.initial}) for which in ("initial", "final")
            )


class Trace(Signals):
    """A network's forward pass: signals of the last layer and of the read-out; `layers` holds those of every layer."""

    def __init__(self, layers: Sequence[LayerTrace], read_out: Mapping[str, np.ndarray], view: View, made: Made):
        top = layers[-1]
        super().__init__(ChainMap(read_out, top.rows), view)  # type: ignore[arg-type]
        self.layers, self.initial, self.final, self.made = layers, top.initial, top.final, made
        self._top, self._read_out = top, read_out

    def __getitem__(self, name: str) -> np.ndarray:
        return super().__getitem__(name) if name in self._read_out else self._top[name]

    @property
    def output(self) -> np.ndarray:
        """The rows of y, in the schedule's order."""
        return self._read_out["y"]

    @property
    def scores(self) -> np.ndarray:
        """The rows of what a loss from scores is taken of: s, or y where the network makes no s."""
        return self._read_out["s"] if "s" in self._read_out else self.rows.get("s", self.output)

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


def frozen(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
