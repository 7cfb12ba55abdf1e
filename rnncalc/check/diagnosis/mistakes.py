"""The mistakes that people make, one entry each: a rewrite of lines, parameters, inputs or rules of the gradient.

A mistake has variants, the ways in which people make it: all weights at once, one of many orders of gates. A new
mistake is one entry in its family; its lesson is in `report/explain_mistake.py`. The family code is tried only where
numbers come from code. Longer than other files: every mistake has an entry.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.check.diagnosis.mistake import (
    Mistake,
    Variants,
    also_in_code,
    by_hand,
    in_both_passes,
    in_code,
    plain,
    rules,
    several,
)
from rnncalc.check.diagnosis.rewrites import code, code_backward, factors, gated, gradients, parameters, signals, states
from rnncalc.common.i18n import N_


def _transposed(name: str) -> Variants:
    whole, of_gates = parameters.transposed(name), parameters.one_by_one(name, parameters.transpose)
    return also_in_code(plain(whole), several(of_gates))


def _with_function(function: str) -> Variants:
    return also_in_code(several(signals.with_function(function)), code.in_one_line(function))


def _slopes(rule: str) -> Variants:
    return also_in_code(several(gradients.slopes(rule)), several(code_backward.slope_of_one_line(rule)))


_NO_REWRITE = several(lambda spec: iter(()))  # whoever finds it looks at the code itself

_FORWARD = (
    # parameters
    Mistake(
        "bias_omitted",
        N_("the bias b was left out"),
        also_in_code(several(parameters.without_bias), several(parameters.one_by_one("b", np.zeros_like))),
    ),
    Mistake(
        "bias_subtracted",
        N_("the bias b was {detail}"),
        by_hand(parameters.bias_subtracted, code_backward.bias_subtracted),
    ),
    Mistake("output_bias_omitted", N_("the read-out's bias c was left out"), plain(parameters.without_output_bias)),
    Mistake("second_bias_omitted", N_("one of the two biases was left out"), several(parameters.without_second_bias)),
    Mistake("bias_outside_activation", N_("the bias was added after the activation"), several(parameters.bias_outside)),
    Mistake(
        "U_transposed", N_("U was transposed: its columns were taken for its rows"), in_both_passes(_transposed("U"))
    ),
    Mistake(
        "W_transposed", N_("W was transposed: its columns were taken for its rows"), in_both_passes(_transposed("W"))
    ),
    Mistake(
        "V_transposed", N_("V was transposed: its columns were taken for its rows"), plain(parameters.transposed("V"))
    ),
    Mistake(
        "U_W_swapped",
        N_("U and W were exchanged: U multiplies x_t, W multiplies h_{{t-1}}"),
        also_in_code(parameters.swapped, several(parameters.swapped_in_one_gate)),
    ),
    # state
    Mistake(
        "recurrence_omitted",
        N_("the recurrent term W h_{{t-1}} was left out"),
        in_both_passes(plain(states.without_recurrence)),
    ),
    Mistake("initial_state_ignored", N_("the initial state was taken as 0"), several(states.from_zero)),
    Mistake(
        "stale_state", N_("the sequence was started from the last state in place of h_0"), several(states.from_last)
    ),
    Mistake("state_lag", N_("h_{{t-2}} was used for h_{{t-1}}"), several(states.lagging)),
    Mistake(
        "preactivation_fed_back",
        N_("the preactivation a_{{t-1}} was fed back in place of h_{{t-1}}"),
        plain(states.preactivation_fed_back),
    ),
    # functions
    Mistake("activation_omitted", N_("the activation was left out"), in_both_passes(_with_function("identity"))),
    Mistake("activation_tanh", N_("tanh was used as the activation"), in_both_passes(_with_function("tanh"))),
    Mistake(
        "activation_sigmoid",
        N_("the sigmoid was used as the activation"),
        code.sigmoid,
    ),
    Mistake("activation_relu", N_("ReLU was used as the activation"), _with_function("relu")),
    Mistake(
        "output_activation_omitted", N_("the output's function was left out: y_t is s_t"), plain(signals.without_output)
    ),
    Mistake(
        "softmax_over_steps",
        N_("softmax was taken over the steps, not over the outputs"),
        plain(signals.softmax_over("steps")),
    ),
    # inputs and outputs
    Mistake("inputs_reversed", N_("the inputs were taken in reverse order"), plain(signals.inputs_reversed)),
    Mistake("inputs_shifted", N_("x_{{t-1}} was used for x_t, with zero first"), plain(signals.inputs_shifted)),
    Mistake(
        "output_from_previous_state", N_("y_t was read from h_{{t-1}} in place of h_t"), plain(signals.output_earlier)
    ),
    Mistake(
        "softmax_over_batch",
        N_("softmax was taken over the sequences of the batch"),
        plain(signals.softmax_over("sequences")),
    ),
    Mistake("weights_ignored", N_("every weight was taken as 1"), several(parameters.weights_of_one)),
    Mistake(
        "backward_realigned", N_("the backward states were put in the wrong order of time"), several(signals.realigned)
    ),
)

_GATED = (
    Mistake("gate_order", N_("the gates were taken in the order {detail}"), gated.gate_orders),
    Mistake("update_complement", N_("z and 1 − z were exchanged: {detail}"), gated.update_complement),
    Mistake("reset_position", N_("the reset gate was applied {detail}"), gated.reset_position),
    Mistake(
        "memory_activation_omitted",
        N_("h_t = o ∘ c_t: the tanh of the memory was left out"),
        also_in_code(in_both_passes(plain(gated.memory_bare)), several(code_backward.memory_read)),
    ),
    Mistake(
        "forget_gate_omitted",
        N_("c_t was computed without the forget gate"),
        in_both_passes(several(gated.without_forget_gate)),
    ),
    Mistake("forget_bias_added", N_("1 was added to the forget gate's bias"), plain(gated.forget_bias)),
    Mistake(
        "candidate_sigmoid",
        N_("the candidate went through a sigmoid in place of tanh"),
        in_both_passes(plain(gated.candidate_sigmoid)),
    ),
    Mistake("sign_of_preactivation", N_("the sigmoid was taken of −a in place of a, {detail}"), gated.negated),
)

_GRADIENT = (
    # how far they go back
    Mistake(
        "not_through_time",
        N_("nothing was carried back through time: each step was differentiated alone"),
        by_hand(rules({"through_time": False}), _NO_REWRITE),
    ),
    Mistake(
        "last_step_only",
        N_("only the last step's loss was differentiated"),
        rules({"losses": "last"}, {"losses": "last alone"}),
    ),
    Mistake(
        "longest_path_only",
        N_("only the longest path was kept: the last loss, and the first step of each sum"),
        rules({"losses": "last", "terms": "first"}, {"losses": "last", "terms": "first below"}),
    ),
    # the chain rule
    Mistake(
        "recurrent_derivative_omitted",
        N_("in Wᵀδ the next step's f′ was left out"),
        rules({"recurrent_slope": False}),
    ),
    Mistake("derivative_omitted", N_("the derivative f′(a_t) was left out"), _slopes("omitted")),
    Mistake(
        "derivative_of_preactivation",
        N_("f′ was taken from a_t, as in 1 − a², in place of 1 − h²"),
        _slopes("preactivation"),
    ),
    Mistake("derivative_twice", N_("the derivative f′(a_t) was multiplied in twice"), _slopes("twice")),
    Mistake(
        "W_not_transposed",
        N_("the error went back through W in place of Wᵀ"),
        also_in_code(rules({"transposed": False}), several(code_backward.back_through_one)),
    ),
    Mistake(
        "upstream_omitted",
        N_("the loss's own derivative dL/dy was taken as 1"),
        rules({"upstream": "one"}, {"upstream": "weighted"}),
    ),
    Mistake(
        "sign_flipped",
        N_("the gradients have the opposite sign"),
        also_in_code(rules({"sign": -1.0}, {"sign": -1.0, "update": 1.0}), several(code_backward.one_sign)),
    ),
    Mistake("loss_factor", N_("the loss was multiplied by {detail}"), gradients.loss_factors),
    # what is reported, and the update
    Mistake(
        "loss_reported_for_gradient",
        N_("the loss was given in place of the gradient ({detail})"),
        gradients.loss_for_gradient,
        personal=True,
    ),
    Mistake(
        "gradient_reported_for_parameter",
        N_("the gradient was given in place of the updated parameter"),
        gradients.gradient_for_parameter,
        personal=True,
    ),
    Mistake("learning_rate_omitted", N_("the learning rate was left out: θ − dθ"), rules({"lr": 1.0})),
    Mistake("update_sign", N_("the gradient was added in place of subtracted: θ + lr·dθ"), rules({"update": 1.0})),
)

_CODE = (
    Mistake(
        "state_not_carried",
        N_("the state was not carried on: every step began from {detail}"),
        in_both_passes(code.state_not_carried),
    ),
    Mistake("h_c_exchanged", N_("h and c were exchanged {detail}"), code.exchanged),
    Mistake(
        "concatenation_order", N_("x and h were put together in the other order"), in_both_passes(code.joined_crosswise)
    ),
    Mistake(
        "gates_interleaved",
        N_("the stacked gates were cut unit by unit ({detail}), not one whole gate after the other"),
        in_both_passes(gated.interleaved),
    ),
    Mistake("wrong_quantity", N_("a line took the wrong quantity: {detail}"), in_both_passes(code.wrong_quantities)),
    Mistake("gate_omitted", N_("the gate {detail} was left out"), in_both_passes(code.without_gate)),
    Mistake(
        "output_gate_inside_tanh",
        N_("the output gate came inside: h_t = tanh(o ∘ c_t)"),
        plain(code.output_gate_inside),
    ),
    Mistake("gates_activated_twice", N_("the function was applied twice: {detail}"), code.activated_twice),
    Mistake("cache_order", N_("the cache was unpacked in another order than it was packed"), _NO_REWRITE),
    Mistake("input_modified", N_("an argument was changed in place"), _NO_REWRITE),
)

_CODE_BACK = (
    Mistake(
        "U_not_transposed",
        N_("the error went to x through U in place of Uᵀ"),
        several(code_backward.back_to_the_input),
    ),
    Mistake(
        "arriving_gradient_omitted",
        N_("the gradient that arrives was not multiplied in: {detail} was taken as 1"),
        code_backward.arriving_as_one,
    ),
    Mistake(
        "next_gradient_omitted", N_("the gradient of the next step was not added: {detail}"), code_backward.next_omitted
    ),
    Mistake(
        "gradient_overwritten",
        N_("at every turn of the loop the gradient was overwritten, not added up: {detail}"),
        code_backward.overwritten,
    ),
    Mistake(
        "bias_gradient_not_summed",
        N_("the gradient of a bias was not summed over the batch: {detail} is that of one sequence"),
        code_backward.bias_of_one_sequence,
    ),
    Mistake(
        "target_not_subtracted",
        N_("the target was not subtracted: the gradient at the scores was begun with y in place of y − t"),
        plain(code_backward.without_target),
    ),
    Mistake(
        "part_through_h_omitted",
        N_("the memory's gradient lacks its part through h in {detail}"),
        factors.without_the_part_through_h,
    ),
    Mistake("wrong_factor", N_("a gradient was multiplied by the wrong factor: {detail}"), factors.wrong_factors),
    Mistake("mean_for_sum", N_("a mean was taken in place of the sum: {detail}"), code_backward.means),
    Mistake(
        "cache_of_wrong_step",
        N_("the backward pass took values of another step: {detail}"),
        code_backward.of_wrong_step,
    ),
)

_CONVENTIONS = (
    "U_W_swapped gate_order update_complement reset_position forget_bias_added loss_factor mean_for_sum".split()
)
_RARE = """bias_outside_activation stale_state state_lag preactivation_fed_back softmax_over_steps softmax_over_batch
inputs_reversed inputs_shifted output_from_previous_state weights_ignored backward_realigned sign_of_preactivation
longest_path_only derivative_of_preactivation derivative_twice loss_reported_for_gradient""".split()


def _likelihood(mistake: str) -> str:
    """How likely people make a mistake: books warn of it, other books define it so, or it is rare."""
    return "convention" if mistake in _CONVENTIONS else "rare" if mistake in _RARE else "textbook"


def _in_family(mistake: Mistake, family: str, backward: bool) -> Mistake:
    variants = in_code(mistake.variants) if family == "code" else mistake.variants
    likelihood = _likelihood(mistake.id)
    return replace(mistake, family=family, likelihood=likelihood, backward=backward, variants=variants)


MISTAKES: dict[str, Mistake] = {
    mistake.id: _in_family(mistake, family, backward)
    for family, mistakes, backward in (
        ("forward", _FORWARD, False),
        ("gated", _GATED, False),
        ("gradient", _GRADIENT, True),
        ("code", _CODE, False),
        ("code", _CODE_BACK, True),
    )
    for mistake in mistakes
}
