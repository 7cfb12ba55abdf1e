"""Problems on which code is tried: every size different, weights random and asymmetric, no start or bias zero.

Mistakes that look alike on one problem differ on another, so there are several; where code fails for the shapes alone,
one with D = H = O shows what it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from rnncalc.check.answers.quantities import Spot
from rnncalc.check.code.layout import AXES, Layout
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.diagnosis.batch import SpecBatches
from rnncalc.check.graph.keys import output
from rnncalc.check.graph.spec import Spec, of_problem
from rnncalc.model.cells import CELLS
from rnncalc.problems import reader
from rnncalc.problems.parse import given
from rnncalc.problems.problem import Problem

Sizes = Mapping[str, int]
SIZES: tuple[Sizes, ...] = (
    {"N": 3, "T": 4, "D": 6, "H": 5, "O": 7},
    {"N": 2, "T": 5, "D": 3, "H": 4, "O": 6},
)
ALONE: Sizes = {"N": 1, "T": 3, "D": 2, "H": 4, "O": 5}
SQUARE: Sizes = {"N": 2, "T": 3, "D": 4, "H": 4, "O": 4}
SCALE = {"x": 1.0, "U": 0.5, "W": 0.5, "V": 0.6}  # so that no unit saturates; of other arrays 0.4
RATE = 0.05
MOST = 20_000  # Specs and numbers that a trial keeps


@dataclass
class Trial:
    """One problem for one function.

    Attributes
    ----------
    sizes : by letter
    arrays : what goes in, by name, in our order of axes
    spec : the right solution
    joined : WU where the code has one matrix for [h; x], UW for [x; h]
    spots : the numbers that somebody has asked for, each with its place in the computation
    kept : what was computed for one person's function and will be for the next one's
    """

    sizes: Sizes
    arrays: Mapping[str, np.ndarray]
    spec: Spec
    gates: str
    joined: str = ""
    spots: list[Spot] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def _numbered(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def way_back(self) -> Spec:
        """The right solution of a function that goes back through a forward pass which is right."""
        return replace(self.spec, forward=self.spec)

    def places(self, name: str) -> np.ndarray:
        """A quantity that comes out, in our order of axes: of every number, its place in `spots`."""
        if name not in self._numbered:
            where = _spots(self.spec, name, self.sizes, self.gates)
            flat = where.reshape(-1)
            self._numbered[name] = np.arange(len(self.spots), len(self.spots) + flat.size).reshape(where.shape)
            self.spots += flat.tolist()
        return self._numbered[name]

    def numbers(self, specs: Sequence[Spec], spots: np.ndarray) -> np.ndarray:
        """(numbers, Specs): what each Spec gives at places in `spots`. Kept where every Spec is."""
        key = spots.tobytes(), *map(id, specs)
        if key in self.kept:
            return self.kept[key]
        numbers = SpecBatches(specs).numbers([self.spots[spot] for spot in spots])
        if all(map(self.keeps, specs)):
            self.kept[key] = numbers
        return numbers

    def keeps(self, spec: Spec) -> bool:
        """Whether a Spec is the right solution or kept, so that what follows from it is kept, too, if there is room."""
        return (spec is self.spec or spec is self.way_back or id(spec) in self.kept) and len(self.kept) < MOST

    def without(self, function: FunctionSignature, name: str, gate: str = "") -> Trial:
        """The same problem with 0 in an array, or in a gate's part of it."""
        array = np.array(self.arrays[name])
        array[self.gates.index(gate) if gate else ...] = 0
        arrays = {**self.arrays, name: array}
        return _solved(function, self.spec.runs[0].cell.name, self.sizes, arrays, self.gates)

    def quantity(self, name: str) -> np.ndarray:
        """An array that goes in; of a single gate too."""
        stack, _dot, gate = name.partition(".")
        return self.arrays[stack][self.gates.index(gate)] if gate else self.arrays[stack]


def trial(function: FunctionSignature, cell: str, gates: str, sizes: Sizes, seed: int) -> Trial:
    """A random problem for a function, the same every time. Raises RnncalcError if its signature makes no problem."""
    return _trial(_Text(function), cell, gates, tuple(sizes.items()), seed)


class _Text:
    """A function's signature as a key: two are one where their texts are."""

    def __init__(self, function: FunctionSignature):
        self.function, self.text = function, repr(function)

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Text) and self.text == other.text


@lru_cache(maxsize=256)
def _trial(named: _Text, cell: str, gates: str, lengths: tuple[tuple[str, int], ...], seed: int) -> Trial:
    function = named.function
    letters = function.letters
    sizes = {letter: size if letter in letters or letter not in "NT" else 1 for letter, size in lengths}
    rng = np.random.default_rng(seed)
    gates = "".join(sorted(CELLS[cell].gates, key=(gates or "".join(CELLS[cell].gates)).index))
    names = {name.partition(".")[0]: layout for layout in function.given for name in layout.names}
    if {"x#", "targets#"} <= names.keys():  # tokens that predict tokens: one vocabulary
        sizes["O"] = sizes["D"]
    every = {**sizes, "h": sizes["H"], "gates": len(gates)}
    arrays = {name: _numbers(rng, name, every, bool(gates)) for name in names}
    if "x#" in names:
        arrays["x"] = np.eye(sizes["D"])[arrays["x#"]]
    return _solved(function, cell, sizes, arrays, gates)


def _solved(
    function: FunctionSignature, cell: str, sizes: Sizes, arrays: Mapping[str, np.ndarray], gates: str
) -> Trial:
    problem = _problem(function, cell, gates, arrays)
    spec = of_problem(problem, problem.forward())
    names = {name.partition(".")[0]: layout for layout in function.given for name in layout.names}
    joined = next((each for each in ("WU", "UW") if any(_stacks(layout) == each for layout in function.given)), "")
    return Trial(sizes, arrays, _with_arriving(spec, arrays, names), gates, joined)


def _stacks(layout: Layout) -> str:
    """WU of W.f|U.f."""
    return "".join(name.partition(".")[0] for name in layout.names)


def _numbers(rng: np.random.Generator, name: str, sizes: Sizes, gated: bool) -> np.ndarray:
    axes = AXES[name] if name in AXES else AXES[name.removeprefix("d")]
    shape = [sizes[letter] for letter in axes if letter != "gates" or gated]
    if name == "lr":
        return np.array(RATE)
    if name in ("x#", "targets#"):
        return rng.integers(0, sizes["D" if name == "x#" else "O"], shape)
    return np.zeros(shape) if name == "0" else rng.normal(0, SCALE.get(name, 0.4), shape)


def _problem(function: FunctionSignature, cell: str, gates: str, arrays: Mapping[str, np.ndarray]) -> Problem:
    """The problem in the words of a problem file."""
    keys: dict[str, object] = {"cell": cell, "x": arrays["x"]}
    for name in ("U", "W", "b", "d", "V", "c", "h0", "c0"):
        if name in arrays:
            split = gates and name in ("U", "W", "b")
            keys[name] = dict(zip(gates, arrays[name])) if split else arrays[name]
    task = {**(function.first.task if function.first else {}), **function.task}
    keys |= {key: task[key] for key in ("activation", "output", "update") if key in task}
    problem = reader.read(given.of_python(keys), engine="equations", dtype="float64")
    targets = arrays.get("targets#", arrays.get("targets"))
    if targets is not None:
        problem.task = replace(problem.task, targets=targets, loss=task.get("loss"), reduction=task.get("reduction"))
    if "lr" in arrays:
        problem.task = replace(problem.task, lr=float(arrays["lr"]))
    return problem


def _with_arriving(spec: Spec, arrays: Mapping[str, np.ndarray], names: Mapping[str, Layout]) -> Spec:
    """The Spec with the gradients that arrive from outside: at every step, or only at the last."""
    run, arriving = spec.runs[0], {}
    top = ("y", len(spec.runs)) if spec.read_out else (run.cell.emits, 0)
    for name, (line, number) in {"dh": (run.cell.state[0], 0), "dmemory": (run.cell.state[-1], 0), "dy": top}.items():
        if name in arrays:
            visits = range(1, spec.visits + 1) if "T" in names[name].letters else [spec.visits]
            for visit in visits:
                arriving[number, line, visit] = arrays[name][:, visit - 1]
    return replace(spec, arriving=arriving) if arriving else spec


def _spots(spec: Spec, name: str, sizes: Sizes, gates: str) -> np.ndarray:
    """The place of every number of a quantity, as an array of objects in our order of axes."""
    run, N, T = spec.runs[0], sizes["N"], sizes["T"]
    if name == "loss":
        return _objects([(("loss", ""), (0,))], ())
    lines = {"h": run.cell.state[0], "memory": run.cell.state[-1]}
    bare = name.removeprefix("d") if name[0] == "d" and name != "d" else name
    if name in ("y", "s"):
        return _steps(lambda t: output(spec, "", name, t), N, T, sizes["O"])
    if name in lines:
        return _steps(lambda t: ("", 0, lines[name], t), N, T, sizes["H"])
    if bare in lines:
        return _steps(lambda t: ("∂", 0, lines[bare], t), N, T, sizes["H"])
    if name == "dx":
        return _steps(lambda t: ("∂x", t), N, T, sizes["D"])
    if bare in ("h0", "c0"):
        return _objects(
            [(("dstart", 0, bare[0]), (n, u)) for n in range(N) for u in range(sizes["H"])], (N, sizes["H"])
        )
    kind, core = ("new", name.removesuffix("_new")) if name.endswith("_new") else ("d", bare)
    stack, _dot, gate = core.partition(".")
    number = 0 if stack not in ("V", "c") or spec.read_out is None else len(spec.runs)
    owner = spec.all_runs[number]
    symbols = [f"{stack}_{letter}" for letter in (gate or gates)] if stack in ("U", "W", "b") and gates else [stack]
    shape = owner.parameters[symbols[0]].shape
    every = [((kind, number, symbol), index) for symbol in symbols for index in np.ndindex(*shape)]
    stacked = len(symbols) > 1 or (gates and not gate and stack in ("U", "W", "b"))
    return _objects(every, (len(symbols), *shape) if stacked else shape)


def _steps(key, N: int, T: int, width: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    return _objects([(key(t), (n, u)) for n in range(N) for t in range(1, T + 1) for u in range(width)], (N, T, width))


def _objects(places: list[Spot], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(places), object)
    array[:] = places
    return array.reshape(shape)
