"""The mistakes that people make, each as one entry: a rewrite of lines, parameters, inputs or gradient rules.

A mistake yields variants: the same slip in the ways in which it is made (all weights at once, one order of gates out of
many). To add one is to add one entry to MISTAKES; its lesson is in `lessons`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rnncalc.check import rewrites as to
from rnncalc.check.graph import Key
from rnncalc.check.spec import Spec
from rnncalc.language import _


@dataclass(frozen=True)
class Context:
    """What a variant may need to know beside the Spec.

    orders: run → the gates as this problem stacks them. second: run → symbol → the second of two biases. wrong:
    quantities of the graph with wrong numbers. parameters: whether gradients of parameters, or updated ones, are among
    the answers.
    """

    orders: dict[int, str] = field(default_factory=dict)
    second: dict[int, dict[str, object]] = field(default_factory=dict)
    wrong: tuple[Key, ...] = ()
    parameters: bool = False
    steps: int = 1
    sequences: int = 1
    outputs: int = 1


@dataclass(frozen=True)
class Variant:
    """One way to make a mistake. detail: which (the order, the factor), to be put into the message."""

    spec: Spec
    detail: str = ""
    option: str = ""


Variants = Callable[[Spec, Context], Iterator[Variant]]


@dataclass(frozen=True)
class Mistake:
    """One entry. message: what was done, with {detail} if the variants differ; family: forward, gated or gradient."""

    id: str
    message: str
    variants: Variants
    family: str = "forward"

    def said(self, variant: Variant) -> str:
        """The message of one variant, in the reader's language."""
        return _(self.message).format(detail=variant.detail)


def _plain(change: Callable[[Spec], Spec | None]) -> Variants:
    """A mistake that is made in one way; None where it cannot be made."""

    def variants(spec: Spec, context: Context) -> Iterator[Variant]:
        changed = change(spec)
        if changed is not None:
            yield Variant(changed)

    return variants


def _several(change: Callable[[Spec], Iterator[Spec | None]]) -> Variants:
    """A mistake that is made in several ways, all with the same message."""

    def variants(spec: Spec, context: Context) -> Iterator[Variant]:
        for changed in change(spec):
            if changed is not None:
                yield Variant(changed)

    return variants


def _ruled(*choices: dict[str, object]) -> Variants:
    """A mistake in the rules of the gradient."""

    def variants(spec: Spec, context: Context) -> Iterator[Variant]:
        for choice in choices:
            yield Variant(spec.ruled(**choice))

    return variants


def _with_context(change: Callable[[Spec, Context], Iterator[tuple[Spec, str, str]]]) -> Variants:
    def variants(spec: Spec, context: Context) -> Iterator[Variant]:
        for changed, detail, option in change(spec, context):
            yield Variant(changed, detail, option)

    return variants


N_ = str  # marks a message for translation; it is translated where it is shown

_ENTRIES = (
    # forward: parameters
    Mistake("bias_omitted", N_("the bias b was left out"), _several(to.without_bias)),
    Mistake("output_bias_omitted", N_("the read-out's bias c was left out"), _plain(to.without_output_bias)),
    Mistake("second_bias_omitted", N_("one of the two biases was left out"), _with_context(to.without_second_bias)),
    Mistake("bias_outside_activation", N_("the bias was added after the activation"), _several(to.bias_outside)),
    Mistake("U_transposed", N_("U was transposed: its columns were taken for its rows"), _plain(to.transposed("U"))),
    Mistake("W_transposed", N_("W was transposed: its columns were taken for its rows"), _plain(to.transposed("W"))),
    Mistake("V_transposed", N_("V was transposed: its columns were taken for its rows"), _plain(to.transposed("V"))),
    Mistake("U_W_swapped", N_("U and W were exchanged: U multiplies x_t, W multiplies h_{{t-1}}"), _plain(to.swapped)),
    # forward: state
    Mistake("recurrence_omitted", N_("the recurrent term W h_{{t-1}} was left out"), _plain(to.without_recurrence)),
    Mistake("initial_state_ignored", N_("the initial state was taken as 0"), _several(to.from_zero)),
    Mistake("stale_state", N_("the sequence was started from the last state in place of h_0"), _several(to.from_last)),
    Mistake("state_lag", N_("h_{{t-2}} was used for h_{{t-1}}"), _several(to.lagging)),
    Mistake(
        "preactivation_fed_back",
        N_("the preactivation a_{{t-1}} was fed back in place of h_{{t-1}}"),
        _several(to.preactivation_fed_back),
    ),
    # forward: functions
    Mistake("activation_omitted", N_("the activation was left out"), _several(to.with_function("identity"))),
    Mistake("activation_tanh", N_("tanh was used as the activation"), _several(to.with_function("tanh"))),
    Mistake("activation_sigmoid", N_("the sigmoid was used as the activation"), _several(to.with_function("sigmoid"))),
    Mistake("activation_relu", N_("ReLU was used as the activation"), _several(to.with_function("relu"))),
    Mistake(
        "output_activation_omitted", N_("the output's function was left out: y_t is s_t"), _plain(to.without_output)
    ),
    Mistake(
        "softmax_over_steps",
        N_("softmax was taken over the steps, not over the outputs"),
        _plain(to.softmax_over("steps")),
    ),
    # forward: inputs and outputs
    Mistake("inputs_reversed", N_("the inputs were taken in reverse order"), _plain(to.inputs_reversed)),
    Mistake("inputs_shifted", N_("x_{{t-1}} was used for x_t, with zero first"), _plain(to.inputs_shifted)),
    Mistake("output_from_previous_state", N_("y_t was read from h_{{t-1}} in place of h_t"), _plain(to.output_earlier)),
    Mistake(
        "softmax_over_batch",
        N_("softmax was taken over the sequences of the batch"),
        _plain(to.softmax_over("sequences")),
    ),
    Mistake("weights_ignored", N_("every weight was taken as 1"), _several(to.weights_of_one)),
    Mistake(
        "backward_realigned", N_("the backward states were put in the wrong order of time"), _several(to.realigned)
    ),
    # gated cells
    Mistake("gate_order", N_("the gates were taken in the order {detail}"), _with_context(to.gate_orders), "gated"),
    Mistake(
        "update_complement", N_("z and 1 − z were exchanged: {detail}"), _with_context(to.update_complement), "gated"
    ),
    Mistake("reset_position", N_("the reset gate was applied {detail}"), _with_context(to.reset_position), "gated"),
    Mistake(
        "memory_activation_omitted",
        N_("h_t = o ∘ c_t: the tanh of the memory was left out"),
        _plain(to.memory_bare),
        "gated",
    ),
    Mistake("forget_bias_added", N_("1 was added to the forget gate's bias"), _plain(to.forget_bias), "gated"),
    Mistake(
        "candidate_sigmoid",
        N_("the candidate went through a sigmoid in place of tanh"),
        _plain(to.candidate_sigmoid),
        "gated",
    ),
    # gradients: how far
    Mistake(
        "not_through_time",
        N_("nothing was carried back through time: each step was differentiated alone"),
        _ruled({"through_time": False}),
        "gradient",
    ),
    Mistake(
        "last_step_only", N_("only the last step's loss was differentiated"), _ruled({"losses": "last"}, {"losses": "last alone"}),
        "gradient",
    ),
    Mistake(
        "longest_path_only",
        N_("only the longest path was kept: the last loss, and the first step of each sum"),
        _ruled({"losses": "last", "terms": "first"}, {"losses": "last", "terms": "first below"}),
        "gradient",
    ),
    # gradients: the chain rule
    Mistake(
        "recurrent_derivative_omitted",
        N_("in Wᵀδ the next step's f′ was left out"),
        _ruled({"recurrent_slope": False}),
        "gradient",
    ),
    Mistake(
        "derivative_omitted", N_("the derivative f′(a_t) was left out"), _several(to.slopes("omitted")), "gradient"
    ),
    Mistake(
        "derivative_of_preactivation",
        N_("f′ was taken from a_t, as in 1 − a², in place of 1 − h²"),
        _several(to.slopes("preactivation")),
        "gradient",
    ),
    Mistake(
        "derivative_twice",
        N_("the derivative f′(a_t) was multiplied in twice"),
        _several(to.slopes("twice")),
        "gradient",
    ),
    Mistake(
        "W_not_transposed",
        N_("the error went back through W in place of Wᵀ"),
        _ruled({"transposed": False}),
        "gradient",
    ),
    Mistake(
        "upstream_omitted",
        N_("the loss's own derivative dL/dy was taken as 1"),
        _ruled({"upstream": "one"}, {"upstream": "weighted"}),
        "gradient",
    ),
    Mistake(
        "sign_flipped",
        N_("the gradients have the opposite sign"),
        _ruled({"sign": -1.0}, {"sign": -1.0, "update": 1.0}),
        "gradient",
    ),
    Mistake("loss_factor", N_("the loss was multiplied by {detail}"), _with_context(to.loss_factors), "gradient"),
    # gradients: what is reported, and the update
    Mistake(
        "loss_reported_for_gradient",
        N_("the loss was given in place of the gradient ({detail})"),
        _with_context(to.loss_for_gradient),
        "gradient",
    ),
    Mistake(
        "gradient_reported_for_parameter",
        N_("the gradient was given in place of the updated parameter"),
        _with_context(to.gradient_for_parameter),
        "gradient",
    ),
    Mistake("learning_rate_omitted", N_("the learning rate was left out: θ − dθ"), _ruled({"lr": 1.0}), "gradient"),
    Mistake(
        "update_sign",
        N_("the gradient was added in place of subtracted: θ + lr·dθ"),
        _ruled({"update": 1.0}),
        "gradient",
    ),
)

MISTAKES: dict[str, Mistake] = {mistake.id: mistake for mistake in _ENTRIES}
