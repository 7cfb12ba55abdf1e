"""What each mistake teaches: how it comes about, how to see it in the numbers, what to do instead.

Longer than other files: it has a paragraph for each mistake.
"""

from __future__ import annotations

from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common.i18n import N_, _
from rnncalc.report.document import Block, Document, Heading, Items, Paragraph

# id → (what goes wrong, what is right, how to see it)
LESSONS: dict[str, tuple[str, str, str]] = {
    "bias_omitted": (
        N_("The bias is forgotten: it stands apart from the matrices and is easily overlooked."),
        N_("a_t = b + W h_{t-1} + U x_t: b is added once, at every step."),
        N_("With x = 0 and h = 0 the preactivation is b itself, not 0. Where b = 0 nothing shows."),
    ),
    "output_bias_omitted": (
        N_("The read-out's bias c is forgotten, while the cell's b is there."),
        N_("s_t = c + V h_t."),
        N_("Every score is off by the same amount at every step: c."),
    ),
    "second_bias_omitted": (
        N_("Libraries keep two biases, b_ih and b_hh; only one of them was added."),
        N_("b = b_ih + b_hh; in a GRU with the reset gate after the product, b_hn stays inside: r ∘ (W_n h + d)."),
        N_("Every preactivation is off by the bias that is missing."),
    ),
    "bias_outside_activation": (
        N_("The bias is added to the result of the activation."),
        N_("The bias belongs inside: h_t = f(b + W h_{t-1} + U x_t)."),
        N_("A value beyond ±1 cannot come out of tanh: then something was added after it."),
    ),
    "U_transposed": (
        N_("The columns of U were multiplied with x in place of its rows: x U is not U x."),
        N_("Unit k is row k of U times x. Weights are (out, in)."),
        N_("Try x = (1, 0, …): U x is the first column of U. A symmetric U hides the mistake."),
    ),
    "W_transposed": (
        N_("The columns of W were multiplied with h in place of its rows."),
        N_("Unit k of the next step is row k of W times h_{t-1}."),
        N_("The first step from h_0 = 0 is right, the second is not. A symmetric W hides the mistake."),
    ),
    "V_transposed": (
        N_("The columns of V were multiplied with h in place of its rows."),
        N_("Output k is row k of V times h_t."),
        N_("The states are right and every output is wrong."),
    ),
    "U_W_swapped": (
        N_("The two matrices changed places. Half of the literature calls them the other way round."),
        N_("Here U multiplies the input x_t and W the state h_{t-1}; --notation swapped is for sheets that differ."),
        N_("The first step from h_0 = 0 must not depend on the recurrent matrix."),
    ),
    "recurrence_omitted": (
        N_("Each step was computed as if it were the first: W h_{t-1} is missing."),
        N_("The state carries over: a_t = b + W h_{t-1} + U x_t."),
        N_("The first step is right. Two steps with the same input give the same state, which they must not."),
    ),
    "initial_state_ignored": (
        N_("The initial state was taken as 0, though one was given."),
        N_("The first step sees h_0 as every other step sees the state before it."),
        N_("The first step is already wrong; the difference fades as steps go by."),
    ),
    "stale_state": (
        N_("The state of the last run was kept: the sequence did not start from h_0."),
        N_("Every sequence starts from its own h_0, 0 unless given. Reset the state between sequences."),
        N_("The first step is wrong, as if something had come before it."),
    ),
    "state_lag": (
        N_("The state was read one step too early, often by an index that is off by one."),
        N_("Step t sees h_{t-1}, the state that step t-1 has just made."),
        N_("Odd and even steps do not know of each other."),
    ),
    "preactivation_fed_back": (
        N_("a_{t-1}, before the activation, was carried to the next step."),
        N_("The state is h_{t-1} = f(a_{t-1})."),
        N_("The first step is right. From the second on the numbers are too large."),
    ),
    "activation_omitted": (
        N_("The activation was not applied."),
        N_("h_t = f(a_t)."),
        N_("States beyond ±1 cannot come out of tanh, nor negative ones out of a sigmoid."),
    ),
    "activation_tanh": (
        N_("tanh was applied where the problem asks for another function."),
        N_("Look at the problem's activation; gates use the sigmoid."),
        N_("Negative values cannot come out of a sigmoid or ReLU."),
    ),
    "activation_sigmoid": (
        N_("The sigmoid was applied where the problem asks for another function."),
        N_("Look at the problem's activation; tanh is the usual one for states."),
        N_("f(0) is ½ for the sigmoid and 0 for tanh."),
    ),
    "activation_relu": (
        N_("ReLU was applied where the problem asks for another function."),
        N_("Look at the problem's activation; tanh is the usual one for states."),
        N_("Exact zeros, and values that equal their preactivation, come from ReLU."),
    ),
    "output_activation_omitted": (
        N_("The scores s_t were given as the output y_t."),
        N_("y_t = g(s_t), with the g of the problem."),
        N_("Outputs of softmax lie between 0 and 1 and add up to 1."),
    ),
    "softmax_over_steps": (
        N_("softmax was taken along the wrong axis: over time."),
        N_("The outputs of one step add up to 1."),
        N_("Add up a row and a column: which gives 1?"),
    ),
    "softmax_over_batch": (
        N_("softmax was taken along the wrong axis: over the sequences."),
        N_("The outputs of one step of one sequence add up to 1."),
        N_("Add up along each axis: which gives 1?"),
    ),
    "inputs_reversed": (
        N_("The sequence was read from its end."),
        N_("Step 1 sees x_1."),
        N_("The numbers are those of the mirrored sequence."),
    ),
    "inputs_shifted": (
        N_("Every step saw the input of the step before, the first one nothing."),
        N_("Step t sees x_t."),
        N_("The first state is that of a zero input."),
    ),
    "output_from_previous_state": (
        N_("The output was read before the state was renewed."),
        N_("s_t = c + V h_t, with the new state."),
        N_("The first output is that of h_0."),
    ),
    "weights_ignored": (
        N_("Inputs and states were simply added, as if every weight were 1."),
        N_("Each input is multiplied by its weight before it is added."),
        N_("All units of a layer come out the same, but for the bias."),
    ),
    "backward_realigned": (
        N_("A backward layer makes its states from the last step to the first, and they were left in that order."),
        N_("The backward state of step t stands beside the forward state of step t, in the original order of time."),
        N_("The backward state of the last step has seen one input only."),
    ),
    "gate_order": (
        N_("Stacked matrices were cut in another library's order of gates."),
        N_("LSTM: i f g o here, in PyTorch, in Keras; i o f c in ONNX. GRU: r z n here, in PyTorch; z r h elsewhere."),
        N_("A gate between 0 and 1 and a candidate between -1 and 1 have changed places."),
    ),
    "update_complement": (
        N_("z and 1 − z changed places: half of the literature defines the update the other way."),
        N_("Here h = (1 − z) ∘ n + z ∘ h_{t-1}: z keeps. --update z_new is the other one."),
        N_("With z near 1, does the state stay or does it change?"),
    ),
    "reset_position": (
        N_("There are two GRUs: the reset gate acts on h_{t-1} before the product, or on the product after it."),
        N_("gru: W_n (r ∘ h); gru_after (cuDNN, PyTorch, Keras by default): r ∘ (W_n h + d)."),
        N_("With one unit and no bias d both give the same numbers."),
    ),
    "memory_activation_omitted": (
        N_("The memory went out as it is."),
        N_("h_t = o ∘ tanh(c_t)."),
        N_("A state beyond ±1 cannot come out of an LSTM."),
    ),
    "forget_bias_added": (
        N_("1 was added to the forget gate's bias, as TensorFlow 1 does at every step."),
        N_("The bias is used as it is given. Keras' unit_forget_bias only sets its first value."),
        N_("Only f, and what follows from it, is wrong: the memory fades too slowly."),
    ),
    "candidate_sigmoid": (
        N_("The candidate went through the sigmoid, as the gates do."),
        N_("g, or n, is a value and not a gate: it goes through tanh."),
        N_("The candidate is never negative."),
    ),
    "sign_of_preactivation": (
        N_("The minus of 1 / (1 + e^-a) was lost, or written twice: the gate came out as σ(−a)."),
        N_("σ(a) = 1 / (1 + e^-a); σ(−a) = 1 − σ(a)."),
        N_("A large positive preactivation opens a gate: σ(2) is 0.88, not 0.12. Where a = 0 nothing shows."),
    ),
    "not_through_time": (
        N_("Each step was differentiated alone: the gradient from later steps is missing."),
        N_("dh_t = Vᵀ ds_t + Wᵀ da_{t+1}: the state has two successors."),
        N_("The gradients of V and c are right, those of U, W and b are not; with one step nothing shows."),
    ),
    "last_step_only": (
        N_("Only the last step's loss was differentiated, though every step has one."),
        N_("The gradients of all losses add up."),
        N_("Even dV is too small: it is the last step's contribution."),
    ),
    "longest_path_only": (
        N_("Only the path from the last loss to the first step was followed."),
        N_("A parameter is used at every step: its gradient is the sum over all of them."),
        N_("The result is one summand of the right sum."),
    ),
    "recurrent_derivative_omitted": (
        N_("On the way from step t+1 to step t the factor f′(a_{t+1}) is missing."),
        N_("dh_t = Vᵀ ds_t + Wᵀ (dh_{t+1} ∘ f′(a_{t+1}))."),
        N_("The last step is right; the gradients grow too fast towards the first."),
    ),
    "derivative_omitted": (
        N_("The derivative of the activation is missing: da was taken as dh."),
        N_("da_t = dh_t ∘ f′(a_t)."),
        N_("db is the sum of dh. Where states are near 0, tanh′ is near 1 and little shows."),
    ),
    "derivative_of_preactivation": (
        N_("The slope was written in terms of the value but computed from the argument: 1 − a²."),
        N_("tanh′(a) = 1 − tanh²(a) = 1 − h²; σ′(a) = h (1 − h)."),
        N_("A negative slope of tanh or of the sigmoid does not exist."),
    ),
    "derivative_twice": (
        N_("f′ was multiplied in twice: once into dh, once more into da."),
        N_("da_t = dh_t ∘ f′(a_t), once."),
        N_("The gradients are too small, most where the states are near ±1."),
    ),
    "W_not_transposed": (
        N_("The error was sent back through W, as values are sent forward."),
        N_("Backwards goes the transposed matrix: Wᵀ da_{t+1}."),
        N_("A symmetric W hides the mistake, and so does one unit."),
    ),
    "upstream_omitted": (
        N_("The chain was begun at y with 1 in place of dL/dy."),
        N_("For ½ (y − t)² it begins with y − t; for softmax with cross-entropy ds = y − t."),
        N_("The gradients do not depend on the targets."),
    ),
    "sign_flipped": (
        N_("The gradient of (t − y)² was begun with t − y."),
        N_("dL/dy = y − t."),
        N_("A step against the gradient must make the loss smaller."),
    ),
    "loss_factor": (
        N_("The loss was taken with another factor: ½ or none, a mean or a sum."),
        N_("½ Σ (y − t)² has the gradient y − t, Σ (y − t)² has 2 (y − t); a mean divides by the number of steps."),
        N_("All gradients are off by the same factor."),
    ),
    "loss_reported_for_gradient": (
        N_("The value of the loss was given where its derivative is asked for."),
        N_("The gradient says how the loss changes with the parameter."),
        N_("A gradient can be negative; this loss cannot."),
    ),
    "gradient_reported_for_parameter": (
        N_("The gradient was given where the updated parameter is asked for."),
        N_("θ_new = θ − lr · dθ."),
        N_("With a small learning rate the new parameter is near the old one."),
    ),
    "learning_rate_omitted": (
        N_("The whole gradient was subtracted."),
        N_("θ_new = θ − lr · dθ."),
        N_("The step is 1/lr times too long."),
    ),
    "update_sign": (
        N_("The gradient was added: the step goes up the loss."),
        N_("θ_new = θ − lr · dθ."),
        N_("The loss after the update is larger than before."),
    ),
    "state_not_carried": (
        N_("The loop hands every step the initial state, or zeros, in place of the state that the last step made."),
        N_("Before the loop h = h_0; in it h = step(x_t, h): the same name is read and written."),
        N_("The first step is right. Two steps with the same input give the same state."),
    ),
    "h_c_exchanged": (
        N_("The hidden state and the memory changed places: in the order of arguments, of what is returned, or both."),
        N_("h goes out and into W h_{t-1}; c is only kept, forgotten and written. Look at the order on both sides."),
        N_("h = o ∘ tanh(c) lies between -1 and 1, c need not."),
    ),
    "forget_gate_omitted": (
        N_("The old memory was added whole, or not at all: f is computed and not used."),
        N_("c_t = f ∘ c_{t-1} + i ∘ g."),
        N_("The gradients of the forget gate's weights come out as 0."),
    ),
    "gate_omitted": (
        N_("A gate was left out, or computed and not used: what it should weigh goes through whole."),
        N_("LSTM: c_t = f ∘ c_{t-1} + i ∘ g, h_t = o ∘ tanh(c_t). GRU: the candidate sees r ∘ h_{t-1}."),
        N_("The gradients of this gate's weights come out as 0."),
    ),
    "U_not_transposed": (
        N_("The gradient of the input was multiplied by U as the forward pass has it; it needs its transpose."),
        N_("Forward a = U x, so backward dx = Uᵀ da: what was summed over inputs is now summed over units."),
        N_("With D = H nothing fails, and only dx is wrong. With D ≠ H the shapes do not fit."),
    ),
    "concatenation_order": (
        N_("One matrix multiplies x and h together, and they were put together in the other order than its columns."),
        N_("The columns of W = [W_h W_x] meet [h; x], those of [W_x W_h] meet [x; h]."),
        N_("With D = H every shape fits; otherwise, too, since the sum D + H is the same."),
    ),
    "gates_interleaved": (
        N_("Stacked gates were cut with a stride, or reshaped to (units, gates) in place of (gates, units)."),
        N_("The first H entries are the first gate, the next H the second: a[:H], a[H:2H], …"),
        N_("With one unit nothing shows. With several, every gate is a mixture of all."),
    ),
    "cache_order": (
        N_("The backward pass takes the cache apart in another order than the forward pass put it together."),
        N_("Unpack with the same names in the same order, or keep a dict, where each name finds its own array."),
        N_("Shapes do not fit, or, among arrays of one shape, every gradient that reads them is wrong."),
    ),
    "wrong_quantity": (
        N_("A line reads another quantity than its equation names: another gate, or the state of another step."),
        N_("LSTM: c_t = f ∘ c_{t-1} + i ∘ g, h_t = o ∘ tanh(c_t) with the new memory. GRU: n sees r ∘ h_{t-1}."),
        N_("Whatever comes before this line is right. Print the line's parts side by side with their names."),
    ),
    "bias_subtracted": (
        N_("The bias was subtracted: x U + h W − b, or a threshold was meant, which is a bias with the other sign."),
        N_("a_t = b + W h_{t-1} + U x_t: b is added. Where the equation has − θ, θ is taken away."),
        N_("With x = 0 and h = 0 the preactivation is −b, not b. Where b = 0 nothing shows."),
    ),
    "output_gate_inside_tanh": (
        N_("The parentheses of tanh close too late: o is multiplied in before tanh."),
        N_("h_t = o ∘ tanh(c_t)."),
        N_("c is right and h is wrong; with o near 1 little shows."),
    ),
    "gates_activated_twice": (
        N_("The function was applied to what had been through it already: once in a helper, once more in the step."),
        N_("i = σ(a_i), g = tanh(a_g): every preactivation goes through its function once."),
        N_("σ(σ(a)) lies between 0.5 and 0.73: no gate closes any more."),
    ),
    "input_modified": (
        N_("The function wrote into an array that it was given: x += …, h[:] = …, or a += on a name for the argument."),
        N_("An array is passed by reference. Write h = h + …, or copy first: h = h0.copy()."),
        N_("Call the function twice with the same arrays: the second result differs."),
    ),
    "arriving_gradient_omitted": (
        N_("The gradient that arrives, dh_next, was never used: the slope alone was taken, as in dtanh = 1 − h²."),
        N_("da = dh ∘ (1 − h²): every gradient is multiplied by what arrives from outside and from the next step."),
        N_("Twice the gradient that arrives must give twice every gradient; here nothing changes."),
    ),
    "next_gradient_omitted": (
        N_("What comes back from step t+1 was not added to the gradient of the state, or not on every way."),
        N_("dh_t = dh_t from outside + dh_next; dc_t = dc_next + dh_t ∘ o ∘ (1 − tanh²(c_t))."),
        N_("The last step is right and the earlier ones are wrong; with one step nothing shows."),
    ),
    "gradient_overwritten": (
        N_("dW = … in the loop in place of dW += …: only the term of the last turn is left."),
        N_("A parameter is used at every step and in every sequence: begin with zeros and add up."),
        N_("dx is right. With one step the gradient is right too."),
    ),
    "bias_gradient_not_summed": (
        N_("The bias was added to every row of the batch, but its gradient was taken from one row."),
        N_("db = da.sum(axis=0), over all sequences, at every step."),
        N_("With a batch of one nothing shows."),
    ),
    "target_not_subtracted": (
        N_("The probabilities were taken for their own gradient: the 1 of the target is not subtracted."),
        N_("Softmax with cross-entropy: ds = y − t, so ds[target] -= 1."),
        N_("Every entry of ds is positive; those of a step should add up to 0."),
    ),
    "part_through_h_omitted": (
        N_("The gradient that arrives at c, dc_next, was used where the whole gradient of c belongs."),
        N_("c goes on to c_{t+1} and into h_t: dc = dc_next + dh ∘ o ∘ (1 − tanh²(c)), and this dc is used for all."),
        N_("Where dc_next = 0, as at the last step, this gradient comes out as 0."),
    ),
    "wrong_factor": (
        N_("In the gradient of a product or of a gate a factor is missing, or is another: dc_{t-1} = dc, di = dc ∘ i."),
        N_(
            "For y = a ∘ b: da = dy ∘ b and db = dy ∘ a; so di = dc ∘ g, dg = dc ∘ i, dc_{t-1} = dc ∘ f. Of y = σ(a) "
            "the slope is y ∘ (1 − y), so da_f = df ∘ f ∘ (1 − f); of y = tanh(a) it is 1 − y², so "
            "da_g = dg ∘ (1 − g²)."
        ),
        N_("Differentiate the line by one name after the other; a finite difference shows which is off."),
    ),
    "mean_for_sum": (
        N_("np.mean in place of np.sum, or a division by the number of rows that the loss has not asked for."),
        N_("A gradient is the sum of what all sequences and steps contribute; a mean belongs to the loss alone."),
        N_("The wrong gradients are off by one factor, N or T, and dx is right."),
    ),
    "cache_of_wrong_step": (
        N_("Going back, a step read what another step had stored: one variable for all steps, or a wrong index."),
        N_("Keep a cache for every step and take it from the end: caches[t] with t = T-1, …, 0; dW needs h_{t-1}."),
        N_("With one step it is right, unless h_t was taken for h_{t-1}."),
    ),
}  # fmt: skip


def rule(mistake: str) -> str:
    """What is right, in one sentence; empty for a mistake without a lesson."""
    return _(LESSONS[mistake][1]) if mistake in LESSONS else ""


def lesson(mistake: str) -> Document:
    """One page on a mistake."""
    wrong, right, seen = LESSONS[mistake]
    blocks: list[Block] = [
        Heading(mistake, 1),
        Paragraph(_(wrong)),
        Items(((_("right"), _(right)), (_("to see it"), _(seen)))),
        Paragraph(_("try: {command}").format(command="rnncalc check problem.json --explain")),
    ]
    data = {
        "id": mistake,
        "family": MISTAKES[mistake].family,
        "what": _(wrong),
        "right": _(right),
        "to_see_it": _(seen),
    }
    return Document(blocks, data)
