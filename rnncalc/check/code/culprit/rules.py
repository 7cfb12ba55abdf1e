"""The line of the code that looks like the culprit: a hint, found by what the line uses, not by what it means.

Of each mistake, what the culprit's statement has, the surest sign first.

A rule is words, all of which must hold of a statement; "!" denies one. The words are the predicates, methods by that
name, the CALLS, and the names of quantities: W means that the statement reckons with the matrix W. "first" and "last"
take that one of many statements, "only" wants exactly one; without them a rule that fits more than three says nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import replace

from rnncalc.check.code.culprit.backward_predicates import BackwardPredicates
from rnncalc.check.code.culprit.forward_predicates import ForwardPredicates
from rnncalc.check.code.culprit.reading import Reading, Statement
from rnncalc.check.code.culprit.statement_predicates import CALLS
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.code.verdict import Line

FEW = 3
CHOICES = {"first", "last", "only"}
THROUGH_TIME = (
    "detaches first",
    "loop stuck first",
    "!loop dh slope lost",
    "loop dh first",
    "loop V back first",
    "dh first",
)
NO_DERIVATIVE = (
    "back renames first",
    "dmemory !slope !calls first",
    "slope back only",
    "!sloped loop V back first",
    "!sloped dh first",
)
STATE = ("loop W forward first", "loop calls forward first")
RULES: dict[str, tuple[str, ...]] = {
    # forward
    "bias_omitted": ("forward joins !b", "forward joins first"),
    "bias_subtracted": ("b forward takes_bias_off", "b forward", "forward joins first"),
    "output_bias_omitted": ("V forward !c first",),
    "bias_outside_activation": ("b activation", "b forward"),
    "U_transposed": ("U forward turned", "U forward"),
    "W_transposed": ("W forward turned", "W forward", "W back"),
    "V_transposed": ("V forward",),
    "U_W_swapped": ("forward joins",),
    "weights_ignored": ("forward joins",),
    "recurrence_omitted": ("U forward !W",),
    "initial_state_ignored": ("starts_at_zero first",),
    "stale_state": ("starts_at_zero first", *STATE),
    "state_lag": STATE,
    "preactivation_fed_back": STATE,
    "state_not_carried": (
        "loop forward from_start first",
        "each forward from_start first",
        "loop zero restarted first",
    ),
    "activation_omitted": ("forward of_gate !activation !unpacks", "forward joins !activation", *NO_DERIVATIVE),
    "activation_tanh": ("tanh of_gate", "tanh joined"),
    "activation_sigmoid": ("sigmoid of_gate", "sigmoid joined", "forward joined !tanh first"),
    "activation_relu": ("relu of_gate", "relu joined", "forward joined !tanh first"),
    "output_activation_omitted": ("V forward first",),
    "softmax_over_steps": ("softmax divided first", "softmax first"),
    "softmax_over_batch": ("softmax divided first", "softmax first"),
    "inputs_reversed": ("header x first", "x forward first"),
    "inputs_shifted": ("loop x U forward first", "loop U forward first", "loop x forward first"),
    "output_from_previous_state": ("V forward first",),
    # gated cells
    "gate_order": (
        *("unpacks crossed", "slice crossed first", "memory_crossed", "back gathers first"),
        *("split first", "unpacks parameters first"),
    ),
    "concatenation_order": ("joins_inputs first",),
    "gates_interleaved": ("strided first", "split first"),
    "wrong_quantity": ("forward named_result last",),
    "gate_omitted": ("forward named_result last",),
    "update_complement": ("slope gated",),
    "reset_position": ("candidate W",),
    "memory_activation_omitted": ("gives_h reads_memory !tanh last", "back dh reads_memory !slope"),
    "forget_bias_added": ("adds_number forget", "adds_number sigmoid"),
    "candidate_sigmoid": ("sigmoid candidate", "slope candidate back", "sigmoid joined only"),
    "sign_of_preactivation": ("exponential !negative", "sigmoid negative"),
    "h_c_exchanged": ("exchanged first",),
    "forget_gate_omitted": ("gives_memory first",),
    "output_gate_inside_tanh": ("tanh_of_product",),
    "gates_activated_twice": ("activated_again first",),
    # gradients
    "not_through_time": THROUGH_TIME,
    "next_gradient_omitted": THROUGH_TIME,
    "last_step_only": ("loop dh first", "loop V back first"),
    "recurrent_derivative_omitted": ("W back unsloped",),
    "derivative_omitted": NO_DERIVATIVE,
    "derivative_of_preactivation": ("slope raw", "slope back"),
    "derivative_twice": ("slope twice", "slope back"),
    "W_not_transposed": ("W back bare", "W back"),
    "U_not_transposed": ("U back bare", "U back"),
    "upstream_omitted": ("loop V back first",),
    "sign_flipped": ("slope_turned", "output_taken_off", "loop subtracts first", "dh first", "updates lr first"),
    "loss_factor": ("scales error", "scales loss"),
    "learning_rate_omitted": ("updates !lr first",),
    "update_sign": ("updates lr first",),
    # code
    "gradient_overwritten": ("loop gives_output overwrites",),
    "bias_gradient_not_summed": ("gives_bias_gradient",),
    "part_through_h_omitted": ("gives_memory_gradient", "dmemory back !slope only"),
    "wrong_factor": (
        "back memory_slope first",
        "back named_slope first",
        "back named_gate !unpacks !returns last",
        "slope back only",
    ),
    "mean_for_sum": ("mean back", "gives_output scales", "scales error"),
    "target_not_subtracted": ("loop takes_output first", "loop V y first"),
    "cache_of_wrong_step": (
        "loop other_cache",
        "loop calls shifted",
        "fixed_cache",
        "loop gives_output alone",
        "back reads_memory !slope !tanh !unpacks only",
    ),
    "input_modified": ("writes_argument first",),
}


def culprit(
    code: Code,
    function: FunctionSignature,
    mistake: str,
    gates: str,
    outputs: Collection[str] = (),
    detail: str = "",
) -> Line | None:
    """The line of a function, or of the functions of the file that it calls, that looks like the culprit.

    outputs: our names of those that are wrong. detail: what the mistake says of itself, da_f without f.
    """
    if mistake not in RULES or not code.tree.body:
        return None
    try:
        reading = Reading(code, function, gates)
        node = Predicates(reading, frozenset(outputs), detail).best(mistake)
    except Exception:  # whatever somebody's code looks like: no hint must end a check
        return None
    if node is None:
        return None
    lines = code.text.splitlines()
    return Line(node.lineno, lines[node.lineno - code.line].strip())


class Predicates(ForwardPredicates, BackwardPredicates):
    """All predicates, and the statement of one reading that a mistake's rules find."""

    def best(self, mistake: str) -> ast.stmt | ast.expr | None:
        """The statement that a mistake's first fitting rule finds; the function's own before the one called earlier."""
        for earlier in (False, True):
            here = [each for each in self.statements if each.earlier is earlier]
            for rule in RULES.get(mistake, ()):
                words, choice = [word for word in rule.split() if word not in CHOICES], {*rule.split()} & CHOICES
                fits = [each for each in here if all(self._holds(word, each) for word in words)]
                if fits and (choice & {"first", "last"} or len(fits) <= (1 if choice else FEW)):
                    return self._entry(fits[-1 if "last" in choice else 0], words)
        return None

    def _entry(self, statement: Statement, words: list[str]) -> ast.stmt | ast.expr:
        """The entry of a dict or tuple over several lines that is meant, or the whole statement."""
        node, value = statement.node, getattr(statement.node, "value", None)
        entries: list[ast.expr] = []
        if isinstance(value, ast.Dict):
            entries = value.values
        elif isinstance(value, ast.Tuple | ast.List):
            entries = value.elts
        elif isinstance(value, ast.Call):
            entries = [each.value for each in value.keywords]
        for entry in entries if value is not None and value.end_lineno != value.lineno else []:
            targets = getattr(node, "targets", [])
            alone = ast.Return(entry) if isinstance(node, ast.Return) else ast.Assign(targets, entry)
            if all(self._holds(word, replace(statement, node=alone)) for word in words):
                return entry
        return node

    def named_result(self, statement: Statement) -> bool:
        """Whether it gives what the mistake names: h of h_t, the memory of c_t, or the candidate."""
        name = {"h": "h", "o": "h", "c": "memory", "i": "memory"}.get(self.detail[:1])
        if name:
            return self.gives(statement, frozenset((name,)))
        return "W" in self.reckons(statement) and self.candidate(statement)

    def _holds(self, word: str, statement: Statement) -> bool:
        if word.startswith("!"):
            return not self._holds(word[1:], statement)
        if word in CALLS:
            return any(name in CALLS[word] for name, _call in self.calls_in(statement))
        predicate = getattr(self, word, None)
        return bool(predicate(statement)) if predicate else word in self.reckons(statement)
