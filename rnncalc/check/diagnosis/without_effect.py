"""Says why a mistake changes no number of a problem."""

from __future__ import annotations

import numpy as np

from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _

OVER_TIME = (
    "state_lag",
    "preactivation_fed_back",
    "not_through_time",
    "last_step_only",
    "longest_path_only",
    "recurrent_derivative_omitted",
    "W_not_transposed",
    "inputs_reversed",
)


def why_blind(mistake: str, spec: Spec) -> str:
    """The reason why a mistake changes no number of this problem."""
    weights = {"U_transposed": "U", "W_transposed": "W", "V_transposed": "V"}
    if mistake in weights:
        name = weights[mistake]
        arrays = [a for run in spec.all_runs for s, a in run.parameters.items() if s.partition("_")[0] == name]
        if all(a.shape == (1, 1) for a in arrays):
            return _("{name} is one number").format(name=name)
        if all(a.shape[0] == a.shape[-1] and np.array_equal(a, a.T) for a in arrays):
            return _("{name} is symmetric").format(name=name)
    if mistake in ("bias_omitted", "bias_outside_activation"):
        return _("b is zero")
    if mistake == "output_bias_omitted":
        return _("c is zero")
    if mistake == "initial_state_ignored":
        return _("the initial state is zero")
    if spec.visits == 1 and mistake in OVER_TIME:
        return _("there is one step only")
    return _("the numbers are the same")
