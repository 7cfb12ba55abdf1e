"""What a function returned as numbers that can be compared, and what is wrong with their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnncalc.check.code.calling import Output
from rnncalc.check.code.trial import Trial
from rnncalc.check.code.verdict import Finding, OutputPlace
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _

CLOSE, CLOSE_FLOAT32 = 1e-7, 3e-4  # of the largest number of an output; mistakes are far larger


@dataclass(frozen=True)
class Evidence:
    """The outputs for one trial.

    Attributes
    ----------
    given, tolerance : every number, and how far it may be off
    spots : where each is computed, as places in the trial's spots
    output : of which output each is, from 0
    """

    trial: Trial
    given: np.ndarray
    tolerance: np.ndarray
    spots: np.ndarray
    output: np.ndarray

    def only(self, rows: np.ndarray) -> Evidence:
        """Some of the numbers."""
        return Evidence(self.trial, *(array[rows] for array in (self.given, self.tolerance, self.spots, self.output)))

    def numbers(self, specs: Sequence[Spec]) -> np.ndarray:
        """(numbers, Specs): what each Spec gives."""
        return self.trial.numbers(specs, self.spots)

    def agreement(self, specs: Sequence[Spec]) -> np.ndarray:
        """(numbers, Specs): which numbers each Spec gives."""
        with np.errstate(all="ignore"):
            agree: np.ndarray = np.abs(self.numbers(specs) - self.given[:, None]) <= self.tolerance[:, None]
        return agree

    def first(self, wrong: np.ndarray, names: Sequence[str], spec: Spec) -> OutputPlace | None:
        """The first wrong number of the first wrong output: at the first step, of the first sequence."""
        if not wrong.any():
            return None
        exact = self.numbers([spec])[:, 0]
        places = []
        for at in np.flatnonzero(wrong).tolist():
            key, index = self.trial.spots[self.spots[at]]
            step = key[-1] if isinstance(key[-1], int) else None
            in_a_batch = step is not None or key[0] == "dstart"
            step = step if self.trial.sizes["T"] > 1 else None
            sequence, unit = (index[0] + 1, index[1:]) if in_a_batch else (None, index if key[0] != "loss" else ())
            places.append((int(self.output[at]), step or 0, sequence or 0, unit, at, step, sequence))
        output, _step, _sequence, unit, at, step, sequence = min(places, key=lambda place: place[:5])
        units = tuple(index + 1 for index in unit)
        return OutputPlace(names[output], step, sequence, units, float(self.given[at]), float(exact[at]))


def evidence(made: Trial, outputs: Sequence[Output], decimals: int | None) -> Evidence:
    """The outputs of one trial, which have the shapes of their layouts."""
    given, tolerance, spots, numbers = [], [], [], []
    for number, output in enumerate(outputs):
        largest = max(1.0, float(np.abs(output.array).max(initial=0.0)))
        close = (CLOSE if output.whole else CLOSE_FLOAT32) * largest
        if decimals is not None:
            close = max(close, 0.51 * 10.0**-decimals)
        given.append(output.array.ravel())
        tolerance.append(np.full(output.array.size, close))
        spots.append(output.layout.array(made.places).ravel())
        numbers.append(np.full(output.array.size, number))
    return Evidence(made, *map(np.concatenate, (given, tolerance, spots, numbers)))


def shaped(made: Trial, output: Output) -> Output | Finding:
    """An output in the shape of its layout, or what is wrong with it."""
    have, want = output.array.shape, output.layout.shape({**made.sizes, "gates": len(made.gates)})
    if bare(have) == bare(want):
        if np.isfinite(output.array).all():
            return replace(output, array=output.array.reshape(want))
        return Finding("nan", _("{name} holds NaN or infinite numbers.").format(name=output.name))
    text, have_said, want_said = _("{name} has shape {have}; {want} is expected."), str(have), str(want)
    order, letters = _letters(made, have), ", ".join(_axes(made, output))
    if sorted(bare(have)) == sorted(bare(want)):
        text = _("{name} has shape {have}, its axes in another order; {want} is expected.")
        if len({*want}) == len(want) == len(have):  # all different, so that each is known by its size
            text = _("{name} has shape {have}: returned as ({order})? Here it is ({letters}), which is {want}.")
            sizes = dict(zip(want, _axes(made, output)))
            order = ", ".join(sizes[size] for size in have)
    elif order:
        have_said, want_said = f"{have} = ({order})", f"{want} = ({letters})"
    said = text.format(name=output.name, have=have_said, want=want_said, order=order, letters=letters)
    return Finding("shape", said)


def _axes(made: Trial, output: Output) -> list[str]:
    """The axes of an output's layout as people write them: 4·H."""
    return ["·".join(axis).replace("gates", str(len(made.gates))) for axis in output.layout.axes[0]]


def _letters(made: Trial, shape: Sequence[int]) -> str:
    """A shape in letters; empty where a size is of two axes, or of none."""
    named: dict[int, list[str]] = {1: ["1"]}
    count = len(made.gates)
    for letter, size in [(letter, size) for letter, size in made.sizes.items() if size > 1]:
        named.setdefault(size, []).append(letter)
        if count and letter in "DH":
            named.setdefault(count * size, []).append(f"{count}·{letter}")
    known = [named.get(size, []) for size in shape]
    return ", ".join(letters[0] for letters in known) if all(len(letters) == 1 for letters in known) else ""


def bare(shape: Sequence[int]) -> list[int]:
    """A shape without axes of one entry."""
    return [size for size in shape if size != 1]
