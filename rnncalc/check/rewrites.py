"""The rewrites that mistakes are made of: each takes a Spec and gives the one that somebody solved instead.

None (or nothing yielded) where the rewrite makes no sense: a rectangular matrix is not transposed by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.cells import CELLS
from rnncalc.cells.plan import has_product, product_line
from rnncalc.check.graph import Key
from rnncalc.check.solve import graph_of
from rnncalc.check.spec import Run, Spec
from rnncalc.equations import INPUT, Binary, Call, Expression, Name, names, previous, substitute, terms, total
from rnncalc.language import _

if TYPE_CHECKING:
    from rnncalc.check.mistakes import Context

Signed = list[tuple[int, Expression]]
Rewritten = Iterator[tuple[Spec, str, str]]  # the Spec, the detail, the option


def _each(spec: Spec, change: Callable[[Run], Run], top: bool = True) -> Spec:
    """Every run changed; top: the read-out too."""
    runs = [change(run) for run in spec.runs]
    if spec.read_out:
        runs.append(change(spec.read_out) if top else spec.read_out)
    return spec.with_runs(runs)


def _with(run: Run, changed: Mapping[str, np.ndarray]) -> Run:
    return replace(run, parameters={**run.parameters, **changed})


def _zeros(run: Run, symbols: list[str]) -> Run:
    return _with(run, {symbol: np.zeros_like(run.parameters[symbol]) for symbol in symbols})


# ----------------------------------------------------------------------------------------------------------- parameters


def kind(run: Run, symbol: str) -> str:
    """U (multiplies the input), W (multiplies a state), V (makes the scores), R, b, or p (element-wise)."""
    stack = run.cell.parameters[symbol].stack if symbol in run.cell.parameters else symbol
    if run.cell.outputs and stack in ("V", "R", "c"):
        return stack
    for expression in run.lines.values():
        if has_product(expression):
            line = product_line("", expression)
            if any(symbol == bias for _sign, bias in line.biases):
                return "b" if stack != "d" else "d"
            for term in (*line.inputs, *line.products):
                if term.weight == symbol:
                    return "U" if term.source == INPUT else "W"
    return "p"


def _of_kind(run: Run, *kinds: str) -> list[str]:
    return [symbol for symbol in run.parameters if kind(run, symbol) in kinds]


def without_bias(spec: Spec) -> Iterator[Spec]:
    """b = 0; of gru_after with or without its d."""
    yield _each(spec, lambda run: _zeros(run, _of_kind(run, "b")))
    if any(_of_kind(run, "d") for run in spec.runs):
        yield _each(spec, lambda run: _zeros(run, _of_kind(run, "b", "d")))


def without_output_bias(spec: Spec) -> Spec:
    """c = 0."""
    return _each(spec, lambda run: _zeros(run, _of_kind(run, "c")))


def without_second_bias(spec: Spec, context: Context) -> Rewritten:
    """Of b_ih + b_hh only one; of gru_after no d."""
    for keep_first in (True, False):
        runs, any_second = [], False
        for number, run in enumerate(spec.runs):
            second: Any = context.second.get(number, {})
            any_second = any_second or bool(second)
            changed = {
                symbol: run.parameters[symbol] - part if keep_first else np.asarray(part)
                for symbol, part in second.items()
            }
            if keep_first:
                changed |= {symbol: np.zeros_like(run.parameters[symbol]) for symbol in _of_kind(run, "d")}
            runs.append(_with(run, changed))
        has_d = keep_first and any(_of_kind(run, "d") for run in spec.runs)
        if any_second or has_d:
            yield spec.with_runs([*runs, *([spec.read_out] if spec.read_out else [])]), "", ""


def bias_outside(spec: Spec) -> Iterator[Spec]:
    """f(W h + U x) + b."""
    yield _each(spec, _bias_outside, top=False)


def _bias_outside(run: Run) -> Run:
    lines: dict[str, Expression] = {}
    moved: dict[str, Expression] = {}
    for line, expression in run.lines.items():
        if has_product(expression) and line not in run.cell.outputs:
            signed = terms(expression)
            kept: Signed = [(sign, term) for sign, term in signed if not isinstance(term, Name)]
            biases: Signed = [(sign, term) for sign, term in signed if isinstance(term, Name)]
            used = any(isinstance(e, Call) and e.argument == Name(line) for e in run.lines.values())
            if kept and biases and used:
                moved[line] = total(biases)
                lines[line] = total(kept)
                continue
        argument = expression.argument if isinstance(expression, Call) else None
        if isinstance(argument, Name) and argument.id in moved and line not in run.cell.outputs:
            lines[f"{line}_f"] = expression
            lines[line] = Binary("+", Name(f"{line}_f"), moved[argument.id])
            continue
        lines[line] = expression
    return replace(run, lines=lines)


def transposed(which: str) -> Callable[[Spec], Spec | None]:
    """U, W or V transposed, where that is square."""

    def change(spec: Spec) -> Spec | None:
        found = False

        def one(run: Run) -> Run:
            nonlocal found
            square = [s for s in _of_kind(run, which) if run.parameters[s].shape[0] == run.parameters[s].shape[1]]
            found = found or bool(square)
            return _with(run, {symbol: run.parameters[symbol].T for symbol in square})

        changed = _each(spec, one)
        return changed if found else None

    return change


def swapped(spec: Spec) -> Spec | None:
    """U for W and W for U, line by line, where the shapes allow it."""
    found = False

    def one(run: Run) -> Run:
        nonlocal found
        changed: dict[str, np.ndarray] = {}
        for expression in run.lines.values():
            if not has_product(expression):
                continue
            line = product_line("", expression)
            weights = [term.weight for term in (*line.inputs, *line.products)]
            by_gate = [symbol for symbol in weights if kind(run, symbol) in "UW"]
            if len(by_gate) == 1 and by_gate[0].startswith("U_"):  # gru: U_n and W_n stand in lines of their own
                by_gate.append("W" + by_gate[0][1:])
            if len(by_gate) == 2 and all(symbol in run.parameters for symbol in by_gate):
                first, second = by_gate
                if run.parameters[first].shape == run.parameters[second].shape:
                    changed |= {first: run.parameters[second], second: run.parameters[first]}
        found = found or bool(changed)
        return _with(run, changed)

    changed = _each(spec, one, top=False)
    return changed if found else None


def weights_of_one(spec: Spec) -> Iterator[Spec]:
    """Every weight 1: all of them, the cells' alone, the read-out's alone, biases too."""
    for kinds in (("U", "W", "V", "R"), ("U", "W"), ("V", "R"), ("U", "W", "V", "R", "b", "c", "d")):
        yield _each(spec, partial(_ones, kinds=kinds))


def _ones(run: Run, kinds: tuple[str, ...]) -> Run:
    return _with(run, {symbol: np.ones_like(run.parameters[symbol]) for symbol in _of_kind(run, *kinds)})


# ---------------------------------------------------------------------------------------------------------------- state


def without_recurrence(spec: Spec) -> Spec:
    """W h_{t-1} left out."""
    return _each(spec, lambda run: _zeros(run, _of_kind(run, "W")), top=False)


def from_zero(spec: Spec) -> Iterator[Spec]:
    """Starts taken as 0: all of them, or one state's."""
    yield _each(spec, lambda run: _from_zero(run, run.cell.state))
    states = {state for run in spec.runs for state in run.cell.state if len(run.cell.state) > 1}
    for state in sorted(states):
        yield _each(spec, partial(_from_zero, states=(state,)))


def _from_zero(run: Run, states: Sequence[str]) -> Run:
    starts = {state: np.zeros_like(a) if state in states else a for state, a in run.starts.items()}
    return replace(run, starts=starts)


def from_last(spec: Spec) -> Iterator[Spec]:
    """Started from the state in which the sequence ended, or the sequence before it in the batch."""
    keys = [("", n, state, visit) for n, run in enumerate(spec.runs) for state in run.cell.state
            for visit in range(spec.visits + 1)]  # fmt: skip
    graph = graph_of(spec, keys)
    values = graph.walk(graph.needed(keys))
    counts = spec.schedule.counts

    def last(number: int, state: str) -> np.ndarray:
        rows = [values[("", number, state, int((counts > row).sum()))][row] for row in range(spec.schedule.sequences)]
        return np.array(rows)

    ends = [{state: last(number, state) for state in run.cell.state} for number, run in enumerate(spec.runs)]
    read_out = [spec.read_out] if spec.read_out else []
    yield spec.with_runs([replace(run, starts=end) for run, end in zip(spec.runs, ends)] + read_out)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        for only in sorted({state for run in spec.runs for state in run.cell.state}):
            runs = [
                replace(run, starts={s: end[s] if s == only else run.starts[s] for s in end})
                for run, end in zip(spec.runs, ends)
            ]
            yield spec.with_runs(runs + read_out)


def lagging(spec: Spec) -> Iterator[Spec | None]:
    """h_{t-2}: what stands before h_0 is 0, or h_0 itself."""
    if spec.visits < 2:
        return
    for known in (False, True):
        yield _each(spec, partial(_lagging, known=known), top=False)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        yield _each(spec, lambda run: replace(run, lags=frozenset({run.cell.emits})), top=False)


def _lagging(run: Run, known: bool) -> Run:
    return replace(run, lags=frozenset(run.cell.state), before=run.starts if known else {})


def preactivation_fed_back(spec: Spec) -> Iterator[Spec | None]:
    """a_{t-1} where h_{t-1} belongs."""
    found = False

    def one(run: Run) -> Run:
        nonlocal found
        swap: dict[str, Expression] = {}
        starts = dict(run.starts)
        for state in run.cell.state:
            expression = run.lines.get(state)
            if (
                isinstance(expression, Call)
                and isinstance(expression.argument, Name)
                and not previous(expression.argument.id)
            ):
                swap[f"{state}_p"] = Name(f"{expression.argument.id}_p")
                starts[expression.argument.id] = run.starts[state]
        found = found or bool(swap)
        lines = {line: substitute(expression, swap) for line, expression in run.lines.items()}
        return replace(run, lines=lines, starts=starts)

    changed = _each(spec, one, top=False)
    if found:
        yield changed


# ------------------------------------------------------------------------------------------------------------ functions


def with_function(function: str) -> Callable[[Spec], Iterator[Spec | None]]:
    """Another function in place of the activation; of a gated cell, of its candidate, its gates, or all."""

    def change(spec: Spec) -> Iterator[Spec | None]:
        gated = any(run.cell.gates for run in spec.runs)
        choices: list[tuple[tuple[str, ...], bool]] = [((), True)]
        if gated:
            choices = [(("tanh",), True), (("tanh",), False), (("sigmoid",), False), (("tanh", "sigmoid"), False)]
        for replaced, labels in choices:
            if (function,) != replaced:
                change_run = partial(_functions, function=function, replaced=replaced, labels=labels)
                yield _each(spec, change_run, top=False)

    return change


def _functions(run: Run, function: str, replaced: tuple[str, ...], labels: bool) -> Run:
    lines = {}
    for line, expression in run.lines.items():
        if (
            isinstance(expression, Call)
            and line not in run.cell.outputs
            and (not replaced or expression.function in replaced)
            and (labels or line in run.cell.written)
        ):
            expression = Call(function, expression.argument)
        lines[line] = expression
    return replace(run, lines=lines)


def without_output(spec: Spec) -> Spec | None:
    """y_t = s_t."""
    top = spec.top
    if not isinstance(top.lines.get("y"), Call) or "y" not in top.cell.outputs:
        return None
    return _on_top(spec, replace(top, lines={**top.lines, "y": Call("identity", Name("s"))}))


def _on_top(spec: Spec, run: Run) -> Spec:
    if spec.read_out:
        return replace(spec, read_out=run)
    number = spec.layers[-1][0][0]
    return replace(spec, runs=(*spec.runs[:number], run, *spec.runs[number + 1 :]))


def softmax_over(what: str) -> Callable[[Spec], Spec | None]:
    """softmax along another axis."""

    def change(spec: Spec) -> Spec | None:
        top = spec.top
        function = getattr(top.lines.get("y"), "function", "")
        length = spec.visits if what == "steps" else spec.schedule.sequences
        if function not in ("softmax", "log_softmax") or length < 2 or "y" in top.cell.state:
            return None
        return replace(spec, softmax_over=what)

    return change


# --------------------------------------------------------------------------------------------------- inputs and outputs


def inputs_reversed(spec: Spec) -> Spec | None:
    """The last input first."""
    return replace(spec, x=spec.x[spec.schedule.mirror]) if spec.visits > 1 else None


def inputs_shifted(spec: Spec) -> Spec:
    """x_{t-1}, zero first."""
    before = spec.schedule.before - spec.schedule.sequences
    return replace(spec, x=np.where(before[:, None] < 0, 0.0, spec.x[before]))


def output_earlier(spec: Spec) -> Spec | None:
    """y_t from h_{t-1}."""
    top = spec.layers[-1][0]
    if spec.read_out:
        if len(top) > 1 or spec.runs[top[0]].mirrored:
            return None
        return replace(spec, read_out=replace(spec.read_out, earlier=True))
    run = spec.runs[top[0]]
    if "s" not in run.cell.outputs or "h" not in names(run.lines["s"]):
        return None
    return _on_top(spec, replace(run, lines={**run.lines, "s": substitute(run.lines["s"], {"h": Name("h_p")})}))


def realigned(spec: Spec) -> Iterator[Spec | None]:
    """Backward states in the order in which they were computed: where they are merged, where they are listed, both."""
    mirrored = [number for number, run in enumerate(spec.runs) if run.mirrored]
    if not mirrored or spec.visits < 2:
        return
    yield replace(spec, realigned=False)
    if len(set(spec.schedule.counts)) > 1:
        return
    said = {
        ("", number, line, visit): ("", number, line, spec.visits + 1 - visit)
        for number in mirrored
        for line in spec.runs[number].lines
        for visit in range(1, spec.visits + 1)
    }
    listed = spec.ruled(said={**spec.rules.said, **said})
    yield listed
    yield replace(listed, realigned=False)


# ---------------------------------------------------------------------------------------------------------- gated cells


def gate_orders(spec: Spec, context: Context) -> Rewritten:
    """Stacked parameters cut in another order."""
    gated = {number: run for number, run in enumerate(spec.runs) if run.cell.gates and run.cell.name in CELLS}
    letters = {run.cell.gates for run in gated.values()}
    if len(letters) != 1:
        return
    gates = next(iter(letters))
    for order in permutations(gates):
        runs, said, same = list(spec.runs), dict(spec.rules.said), True
        for number, run in gated.items():
            given = context.orders.get(number) or gates
            same = same and given == "".join(order)
            changed = {}
            for meant, taken in zip(given, order):
                for stack in ("U", "W", "b"):
                    changed[f"{stack}_{taken}"] = run.parameters[f"{stack}_{meant}"]
                    for head in ("d", "new"):
                        said[(head, number, f"{stack}_{meant}")] = (head, number, f"{stack}_{taken}")
            runs[number] = _with(run, changed)
        if not same:
            word = "".join(order)
            rest = [spec.read_out] if spec.read_out else []
            changed_spec = spec.with_runs([*runs, *rest])
            yield changed_spec, " ".join(order), f"--gates {word}"
            if context.parameters:  # gradients and updates that are themselves listed in that order
                yield changed_spec.ruled(said=said), " ".join(order), f"--gates {word}"


def update_complement(spec: Spec, context: Context) -> Rewritten:
    """The other update of a GRU."""
    for value in ("z_new", "z_old"):
        changed = False

        def one(run: Run, value: str = value) -> Run:
            nonlocal changed
            if "update" not in run.cell.switches or run.cell.switched.get("update", "z_old") == value:
                return run
            changed = True
            return replace(run, lines={**run.lines, "h": run.cell.switch(update=value).lines["h"]})

        found = _each(spec, one, top=False)
        if changed:
            text = "h = (1 − z) ∘ h_{t-1} + z ∘ n" if value == "z_new" else "h = (1 − z) ∘ n + z ∘ h_{t-1}"
            yield found, text, f"--update {value}"


def reset_position(spec: Spec, context: Context) -> Rewritten:
    """Before the recurrent product, or after it; a d that has no place is left out or added to b_n."""
    for name, other in (("gru", "gru_after"), ("gru_after", "gru")):
        if not any(run.cell.name == name for run in spec.runs):
            continue
        for added in (False, True):
            if added and other == "gru_after":
                continue

            def one(run: Run, name: str = name, other: str = other, added: bool = added) -> Run:
                if run.cell.name != name:
                    return run
                cell = CELLS[other].switch(**run.cell.switched) if run.cell.switched else CELLS[other]
                bias = run.parameters["b_n"]
                if other == "gru_after":
                    return replace(run, lines=cell.lines, parameters={**run.parameters, "d": np.zeros_like(bias)})
                return _with(replace(run, lines=cell.lines), {"b_n": bias + run.parameters["d"]} if added else {})

            detail = _("after the product W_n h") if other == "gru_after" else _("before the product, to h itself")
            yield _each(spec, one, top=False), detail, f"--cell {other}"


def memory_bare(spec: Spec) -> Spec | None:
    """o ∘ c."""
    if not any(run.cell.name == "lstm" for run in spec.runs):
        return None
    return _each(spec, lambda run: _relabelled(run, "tanh_c", "identity"), top=False)


def _relabelled(run: Run, line: str, function: str) -> Run:
    expression = run.lines.get(line)
    if not isinstance(expression, Call) or run.cell.name != "lstm":
        return run
    return replace(run, lines={**run.lines, line: Call(function, expression.argument)})


def forget_bias(spec: Spec) -> Spec | None:
    """b_f + 1."""
    if not any(run.cell.name == "lstm" for run in spec.runs):
        return None

    def one(run: Run) -> Run:
        return _with(run, {"b_f": run.parameters["b_f"] + 1}) if run.cell.name == "lstm" else run

    return _each(spec, one, top=False)


def candidate_sigmoid(spec: Spec) -> Spec | None:
    """σ where the candidate has tanh."""
    if not any(run.cell.gates for run in spec.runs):
        return None

    def one(run: Run) -> Run:
        lines = dict(run.lines)
        for gate in run.cell.gates:
            expression = lines.get(gate)
            if isinstance(expression, Call) and expression.function == "tanh":
                lines[gate] = Call("sigmoid", expression.argument)
        return replace(run, lines=lines)

    return _each(spec, one, top=False)


# ------------------------------------------------------------------------------------------------------------ gradients


def slopes(rule: str) -> Callable[[Spec], Iterator[Spec | None]]:
    """f′ changed in every line of the cells; in those around a preactivation; in the memory's; in the output's."""

    def change(spec: Spec) -> Iterator[Spec | None]:
        calls = {
            (line, run.cell.preactivations.get(line) or line in run.cell.written)
            for run in spec.all_runs
            for line, expression in run.lines.items()
            if isinstance(expression, Call) and expression.function != "identity" and line not in run.cell.outputs
        }
        yield spec.ruled(slope=rule)
        gates = frozenset(line for line, gate in calls if gate)
        others = frozenset(line for line, gate in calls if not gate)
        if gates and others:
            yield spec.ruled(slope=rule, slopes=gates)
            yield spec.ruled(slope=rule, slopes=others)
        if getattr(spec.top.lines.get("y"), "function", "") in ("sigmoid", "tanh"):
            yield spec.ruled(slope=rule, slopes=frozenset({"y"}))
            yield spec.ruled(slope=rule, slopes=gates | others | {"y"})

    return change


def loss_factors(spec: Spec, context: Context) -> Rewritten:
    """½, 2, one over the steps, the sequences or the outputs; in the loss, in its gradient, in both."""
    factors: dict[float, str] = {0.5: "½", 2.0: "2"}
    for count, text in ((context.steps, "T"), (context.sequences, "N"), (context.outputs, "O")):
        if count > 1:
            factors.setdefault(1 / count, f"1/{text}")
            factors.setdefault(float(count), text)
    targets = _rows_with_targets(spec)
    if targets > 1:
        factors.setdefault(1 / targets, "1/T")
    name = spec.task.loss or ""
    for factor, text in factors.items():
        option = ""
        if name == "half_squared_error" and factor == 2:
            option = "--loss squared_error"
        elif name == "squared_error" and factor == 0.5:
            option = "--loss half_squared_error"
        elif text == "1/T" and not spec.task.reduction and not name.startswith("mean"):
            option = "--reduction mean"
        elif text == "1/N" and not spec.task.reduction and not name.startswith("mean"):
            option = "--reduction batch_mean"
        yield spec.ruled(loss_factor=factor, gradient_factor=factor), text, option
        yield spec.ruled(gradient_factor=factor), text, option
        yield spec.ruled(loss_factor=factor), text, option


def _rows_with_targets(spec: Spec) -> int:
    return int((~np.isnan(spec.question.rows)).any(axis=-1).sum()) if spec.question else 0


def loss_for_gradient(spec: Spec, context: Context) -> Rewritten:
    """The whole loss, or a step's, where gradients of parameters belong: of all, or of one quantity."""
    gradients = [key for key in context.wrong if key[0] in ("d", "dstart", "dshared")]
    if not gradients or spec.question is None:
        return
    sources: list[tuple[Key, str]] = [(("loss", ""), _("the total"))]
    sources += [(("losses", "", visit), _("step {t}").format(t=visit)) for visit in range(1, spec.visits + 1)]
    for group in _groups(gradients):
        for source, text in sources:
            yield spec.ruled(said={**spec.rules.said, **dict.fromkeys(group, source)}), text, ""


def gradient_for_parameter(spec: Spec, context: Context) -> Rewritten:
    """dθ where the updated θ belongs."""
    updated = [key for key in context.wrong if key[0] == "new" and len(key) == 3]
    for group in _groups(updated):
        said = {key: ("d", *key[1:]) for key in group}
        yield spec.ruled(said={**spec.rules.said, **said}), "", ""


def _groups(keys: list[Any]) -> list[list[Any]]:
    """All of them together, then each alone."""
    if not keys:
        return []
    return [keys, *([key] for key in keys if len(keys) > 1)]
