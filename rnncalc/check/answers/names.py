"""Names of answers: the quantity under each name, its shape as a person writes it, and where it is computed.

Longer than other files: every name that an answer may have is understood in one place.
"""

from __future__ import annotations

import re
import unicodedata

from rnncalc.check.answers.quantities import Quantity, Scope, Shapes
from rnncalc.check.graph.keys import output
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.equations.printer import Grid
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.keys import near
from rnncalc.problems.notation import gate_letters
from rnncalc.problems.problem import Problem

_ACCENTED = re.compile(r"(d?)([a-zA-Z])_?(hat|tilde)((?:_new)?)")
LAYER = re.compile(r"layers\[(?P<layer>\d{1,4})\]\.(?:(?P<direction>forward|backward)\.)?(?P<name>.+)")


class QuantityIndex(Shapes):
    """The quantities of one problem, by name."""

    def __init__(self, problem: Problem, spec: Spec):
        super().__init__(problem, spec)
        self.met: dict[tuple[Scope, str], Quantity | dict[str, Quantity]] = {}  # what answers have named

    @property
    def whole(self) -> Scope:
        """The scope of a bare name: the last layer and the read-out."""
        last = len(self.spec.layers) - 1
        return Scope("", last, self.spec.layers[last][0], top=True)

    def layer(self, number: int) -> Scope:
        """The scope of a layer, counted from 0."""
        return Scope(f"layers[{number + 1}].", number, self.spec.layers[number][0])

    def direction(self, scope: Scope, name: str) -> Scope:
        """The scope of one direction of a layer. Raises ProblemError if the layer has no such direction."""
        for run in scope.runs:
            if self.spec.runs[run].mirrored == (name == "backward"):
                return Scope(f"layers[{scope.layer + 1}].{name}.", scope.layer, (run,))
        raise ProblemError(_("answers: layer {n} has no direction {name}"), n=scope.layer + 1, name=name)

    def scoped(self, name: str) -> tuple[Scope, str]:
        """Where a name belongs, and the rest of it: h, layers[2].h, layers[2].backward.h. Raises ProblemError."""
        match = LAYER.fullmatch(name)
        if not match:
            return self.whole, name
        number, count = int(match["layer"]), len(self.spec.layers)
        if not 1 <= number <= count:
            message = _("answers.{name}: there is no layer {number}; layers are counted from 1 to {count}")
            raise ProblemError(message, name=name, number=number, count=count)
        scope = self.layer(number - 1)
        return (self.direction(scope, match["direction"]) if match["direction"] else scope), match["name"]

    # names -----------------------------------------------------------------------------------------------------------

    def find(self, scope: Scope, name: str) -> Quantity | dict[str, Quantity]:
        """The quantity under a name; of a stacked one, by gate, and under "" the whole. Raises ProblemError."""
        if (scope, name) not in self.met:
            self.met[scope, name] = self._named(scope, name)
        return self.met[scope, name]

    def _named(self, scope: Scope, name: str) -> Quantity | dict[str, Quantity]:
        bare, _dot, gate = name.partition(".")
        bare, gate = self._ours_gate(scope, bare, gate)
        quantity = self._find(scope, self._ours_signal(bare))
        if quantity is None:
            self._refuse_step(scope, bare)
            message = _("answers.{name}: unknown name “{bare}”{near}")
            raise ProblemError(message, name=scope.prefix + name, bare=bare, near=near(bare, self.known(scope)))
        if not gate:
            return quantity
        parts = quantity if isinstance(quantity, dict) else {}
        letters = gate_letters(self.spec.runs[scope.runs[0]].cell)
        ours = next((own for own in parts if own and gate in (own, *letters.get(own, ""))), None)
        if ours is None:
            message = _("answers.{name}: {bare} has no gate “{gate}”")
            raise ProblemError(message, name=scope.prefix + name, bare=bare, gate=gate)
        return parts[ours]

    def _refuse_step(self, scope: Scope, bare: str) -> None:
        """Refuse a step or a unit behind the last one, h_4 of three steps. Raises ProblemError."""
        numbered = re.fullmatch(r"(\w*?[^\W\d_])_?(\d{1,7})", bare)
        quantity = self._find(scope, self._ours_signal(numbered[1])) if numbered else None
        if isinstance(quantity, Quantity) and numbered and quantity.shape and int(numbered[2]) > 0:
            message = _("answers.{name}: there is no {bare}: T = {steps}, and {quantity} has the shape {shape}")
            raise ProblemError(
                message, name=scope.prefix + bare, bare=bare, steps=self.spec.schedule.steps, quantity=quantity.name,
                shape=quantity.shape,
            )  # fmt: skip

    def _ours_gate(self, scope: Scope, bare: str, gate: str) -> tuple[str, str]:
        """The name and the gate of a derived parameter in our letters, from the reader's: dW.i is dU.i of W_i x_t."""
        derived = re.fullmatch(r"(d?)(\w+?)((?:_t|_new)?)", bare)
        given = self.given[scope.runs[0]].letters.parameters if gate else {}
        theirs = {letter.replace("_", ""): ours for ours, letter in given.items()}
        ours = theirs.get(f"{derived[2]}{gate}".replace("_", "")) if derived and (derived[1] or derived[3]) else None
        if ours is None or derived is None:
            return bare, gate
        stack, _underscore, own = ours.rpartition("_")
        return f"{derived[1]}{stack or own}{derived[3]}", own if stack else ""

    def known(self, scope: Scope) -> list[str]:
        """The names that an answer may have."""
        names = ["h", "s", "y", "loss", "losses", "dx", "da", "dh", "ds", "a", "slope"]
        for run in [self.spec.runs[n] for n in scope.runs] + [r for r in [self.spec.read_out] if r]:
            names += run.lines
            for stack in run.cell.stacks:
                names += [f"d{stack}", f"d{stack}_t", f"{stack}_new"]
            names += [f"d{state}0" for state in run.cell.state]
        return list(dict.fromkeys(names))

    def _find(self, scope: Scope, name: str) -> Quantity | dict[str, Quantity] | None:
        if scope.top and name in ("loss", "losses", "loss_new", "losses_new"):
            return self._loss(name)
        quantity: Quantity | dict[str, Quantity] | None
        if not name.endswith("_new"):
            quantity = self._signal(scope, name, "", name)
            if quantity is not None:
                return quantity
        for prefix, suffix, kind in (("d", "_t", "term"), ("d", "", "d"), ("", "_new", "new")):
            if name.startswith(prefix) and name.endswith(suffix) and len(name) > len(prefix + suffix):
                core = name[len(prefix) : len(name) - len(suffix)]
                quantity = self._parameter(scope, core, kind, prefix, suffix)
                if quantity is not None:
                    self._need_update(name) if kind == "new" else self._need_loss(name)
                    return quantity
        if name.endswith("_new"):  # c is a signal and a parameter: the parameter comes first, as in dc
            quantity = self._signal(scope, name.removesuffix("_new"), "new", name)
            if quantity is not None:
                self._need_update(name)
                return quantity
        quantity = self._gradient(scope, name)
        if quantity is not None:
            self._need_loss(name)
        return quantity

    def _need_loss(self, name: str) -> None:
        if self.spec.objective is None:
            raise ProblemError(_("answers.{name} needs targets and a loss, or dy"), name=name)

    def _need_update(self, name: str) -> None:
        self._need_loss(name)
        if self.spec.task.lr is None:
            raise ProblemError(_("answers.{name} needs lr, the learning rate of the update"), name=name)

    def _loss(self, name: str) -> Quantity:
        era = "new" if name.endswith("_new") else ""
        self._need_update(name) if era else self._need_loss(name)
        if name.startswith("losses"):
            return self._stepwise(name, None, lambda visit, unit: (("losses", era, visit), ()))
        return Quantity(name, (), lambda index: (("loss", era), (0,)))

    def _ours_signal(self, name: str) -> str:
        """Our name of a signal, from the reader's; yhat and h_tilde are ŷ and h̃, and ŷ is y where no signal is ŷ."""
        spelled = _ACCENTED.fullmatch(name)
        if spelled:
            accent = {"hat": "\u0302", "tilde": "\u0303"}[spelled[3]]
            name = spelled[1] + unicodedata.normalize("NFC", spelled[2] + accent) + spelled[4]
        name = name if "ŷ" in self.problem.letters.signals.values() else name.replace("ŷ", "y")
        for ours, theirs in self.problem.letters.signals.items():
            for suffix in ("", "_new"):
                if name == theirs + suffix:
                    return ours + suffix
                if name == f"d{theirs}":
                    return f"d{ours}"
        return name

    # signals ---------------------------------------------------------------------------------------------------------

    def _signal(self, scope: Scope, name: str, era: str, full: str) -> Quantity | dict[str, Quantity] | None:
        spec = self.spec
        label = scope.prefix + full
        if scope.top and name in ("s", "y"):
            number = output(spec, era, name, 1)[1]
            run = spec.all_runs[number] if isinstance(number, int) else None
            width = run.sizes["O"] if run else self._width(scope)
            if run is None and len(scope.runs) == 1:
                return self._of_run(scope, spec.runs[scope.runs[0]].cell.emits, era, label)
            return self._stepwise(label, width, lambda visit, unit: (output(spec, era, name, visit), (unit,)))
        if len(scope.runs) > 1:
            emits = spec.runs[scope.runs[0]].cell.emits
            if name != emits:
                return None
            out = lambda visit, unit: ((era, "out", scope.layer, visit), (unit,))  # noqa: E731
            return self._stepwise(label, self._width(scope), out)
        run = spec.runs[scope.runs[0]]
        if name in run.lines:
            return self._of_run(scope, name, era, label)
        gates = run.cell.preactivations
        if name == "a" and gates:
            return self._stacked(scope, label, gates, lambda line: lambda visit: (era, scope.runs[0], line, visit))
        if name == "slope" and not era:
            values = {gate: gate or _value_of(run) for gate in gates}
            return self._stacked(scope, label, values, lambda line: lambda visit: ("slope", scope.runs[0], line, visit))
        return self._gate_signal(scope, name, era, label)

    def _gate_signal(self, scope: Scope, name: str, era: str, label: str) -> Quantity | None:
        """A gate's signal under another of the gate's letters."""
        run = self.spec.runs[scope.runs[0]]
        bare = name.rstrip("\u0303~")
        for ours, letters in gate_letters(run.cell).items():
            if len(bare) == 1 and bare in letters:
                return self._of_run(scope, ours, era, label)
        return None

    def _gradient(self, scope: Scope, name: str) -> Quantity | dict[str, Quantity] | None:
        """dx, and the gradients of initial states and of every line."""
        spec, label = self.spec, scope.prefix + name
        if name == "dx" and scope.top:
            return self._stepwise(name, spec.x.shape[1], lambda visit, unit: (("∂x", visit), (unit,)))
        if not name.startswith("d"):
            return None
        line = "c" if name == "dmemory" else name[1:]
        top = spec.read_out
        if scope.top and top and line in top.lines:
            number, width = len(spec.runs), top.sizes["O"]
            return self._stepwise(label, width, lambda visit, unit: (("∂", number, line, visit), (unit,)))
        if len(scope.runs) > 1:
            return None
        number = scope.runs[0]
        run = spec.runs[number]
        if line.endswith("0") and line[:-1] in run.cell.state:
            return self._start(label, number, run, line[:-1])
        if line in run.lines:
            width = run.sizes[run.cell.size(line)]
            at = lambda visit, unit: (("∂", number, line, visit), (unit,))  # noqa: E731
            return self._stepwise(label, width, at, run.mirrored)
        if line == "a" and run.cell.preactivations:
            return self._stacked(scope, label, run.cell.preactivations, lambda a: lambda visit: ("∂", number, a, visit))
        return None

    def _parameter(
        self, scope: Scope, core: str, kind: str, prefix: str, suffix: str
    ) -> Quantity | dict[str, Quantity] | None:
        """A parameter's gradient, the contributions to it, or the updated parameter."""
        for number, run, given in self._owners(scope):
            if theirs := self._joined(core, run, given):
                label = f"{scope.prefix}{prefix}{theirs}{suffix}"
                return self._whole_and_rows(label, run, number, kind, given, given.letters.joined[theirs])
            stack, gate = self._ours(core, run, given)
            if stack not in run.cell.stacks:
                continue
            label = f"{scope.prefix}{prefix}{stack}{suffix}"
            if kind == "new" and run.cell.stacks[stack][0].symbol in run.fixed:
                message = _("answers.{name}: {bias} was not given, so it is no parameter and the update leaves it out")
                raise ProblemError(message, name=label, bias=given.letters.parameter(stack))
            parameters = {parameter.gate or "": parameter.symbol for parameter in run.cell.stacks[stack]}
            if gate:
                if gate not in parameters:
                    continue
                return self._array(f"{label}.{gate}", run, number, ((parameters[gate],),), kind, given)
            if len(parameters) == 1:
                return self._array(label, run, number, ((*parameters.values(),),), kind, given)
            order = [letter for letter in given.order if letter in parameters]
            grid = tuple((parameters[letter],) for letter in order)
            return self._whole_and_rows(label, run, number, kind, given, grid)
        return None

    @staticmethod
    def _joined(core: str, run: RunSpec, given: GivenDirection) -> str:
        """The reader's name of one array that we have in pieces; "" where this is none."""
        bare = core.replace("_", "")
        grids = given.letters.joined.items()
        return next((n for n, g in grids if n.replace("_", "") == bare and g[0][0] in run.parameters), "")

    def _whole_and_rows(
        self, label: str, run: RunSpec, number: int, kind: str, given: GivenDirection, grid: Grid
    ) -> Quantity | dict[str, Quantity]:
        """An array of several parameters; where each row is a gate, they are by gate, and the whole is under ""."""
        whole = self._array(label, run, number, grid, kind, given)
        gates = [run.cell.parameters[row[0]].gate or "" for row in grid]
        if len(grid) == 1 or len(set(gates)) < len(grid) or "" in gates:
            return whole
        rows = {g: self._array(f"{label}.{g}", run, number, (row,), kind, given) for g, row in zip(gates, grid)}
        return {**rows, "": whole}

    def _owners(self, scope: Scope) -> list[tuple[int, RunSpec, GivenDirection]]:
        """The runs that may have a parameter in this scope: the read-out on top, and the scope's only run."""
        spec, owners = self.spec, []
        if scope.top and spec.read_out:
            owners.append((len(spec.runs), spec.read_out, self.given[scope.runs[0]]))
        if len(scope.runs) == 1 and (not scope.top or len(spec.layers) == 1):
            owners.append((scope.runs[0], spec.runs[scope.runs[0]], self.given[scope.runs[0]]))
        return owners

    @staticmethod
    def _ours(core: str, run: RunSpec, given: GivenDirection) -> tuple[str, str]:
        """(stack, gate) of a parameter under the reader's name or ours."""
        bare = core.replace("_", "")
        for ours, theirs in given.letters.parameters.items():
            if theirs.replace("_", "") == bare:
                parameter = run.cell.parameters.get(ours)
                return (parameter.stack, parameter.gate or "") if parameter else (ours, "")
        if core in run.cell.stacks:
            return core, ""
        stack, _underscore, gate = core.rpartition("_")
        return (stack, gate) if stack in run.cell.stacks and len(gate) == 1 else (core, "")


def _value_of(run: RunSpec) -> str:
    """The line of a cell without gates that applies the activation."""
    argument = run.cell.preactivations.get("", "")
    for line, expression in run.lines.items():
        if getattr(getattr(expression, "argument", None), "id", None) == argument:
            return line
    return run.cell.emits
