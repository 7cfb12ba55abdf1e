"""Values of the single step that a sheet is about: h_{t-1} = 0.3 beside x_t = 0.6 is what stands before that step.

With several steps nobody can say which of them has h_{t-1} = 0.3, so such a sheet is refused.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, shown
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.roles import Roles
from rnncalc.problems.stated_sizes import StatedSize


def numbered(sheet: ScannedSheet, roles: Roles) -> None:
    """Give values of h_{t-1}, x_t and h_t the number of their step, where there is one step.

    Raises ProblemError where h_{t-1} has a value beside several steps, or beside another value of the same state.
    """
    relative = [item for item in sheet.assigned if not item.key and not item.gradient and item.symbol.number is None]
    earlier = [item for item in relative if item.symbol.offset == -1 and _is_state(item, roles)]
    inputs = [item for item in relative if item.symbol.offset == 0 and roles.bare(item) in roles.inputs]
    steps = _input_steps(sheet, roles)
    whole = any(item.symbol.offset is None and roles.bare(item) in roles.inputs for item in relative)
    alone = not steps and not whole and len(inputs) == 1 and (bool(earlier) or _size(inputs[0]) == 1)
    if not alone and not earlier:
        return
    first, single = min(steps, default=1), alone or len(steps) == 1
    places = {id(item): first - 1 for item in earlier}
    places |= {id(item): first for item in inputs if alone}
    if single:
        places |= {id(item): first for item in relative if item.symbol.offset == 0 and _is_signal(item, roles)}
    for item in earlier:
        _agrees(item, sheet, roles, steps)
        if not single and not steps and _size(item) and "t" in item.symbol.text:
            sheet.sizes.append(StatedSize(_("number of steps"), 1, "T", item.where))
    sheet.assigned = [_at(item, places[id(item)]) if id(item) in places else item for item in sheet.assigned]


def _is_state(item: Assigned, roles: Roles) -> bool:
    name = roles.bare(item)
    return not item.answer and not item.unread and name in roles.states and name not in roles.params


def _is_signal(item: Assigned, roles: Roles) -> bool:
    return roles.is_result(item) and roles.bare(item) not in roles.inputs | roles.targets | roles.params


def _input_steps(sheet: ScannedSheet, roles: Roles) -> set[int]:
    """The numbers of the steps that have an input of their own."""
    numbers = {item.symbol.number for item in sheet.assigned if not item.key and roles.bare(item) in roles.inputs}
    return {number for number in numbers if number is not None}


def _agrees(item: Assigned, sheet: ScannedSheet, roles: Roles, steps: set[int]) -> None:
    """Raise ProblemError where a state before the step has another value, or there are several steps."""
    said = f"{shown(item.symbol.text.strip(), 40)} = {shown(item.value.strip(), 40)}"
    start = min(steps, default=1) - 1
    for other in sheet.assigned:
        same = other.symbol.number == start and roles.bare(other) == roles.bare(item)
        if same and not other.key and not other.answer and other.value.strip() != item.value.strip():
            message = _("{where}: {said} and {other} = {value} are the same state with two values; leave one out")
            value, name = shown(other.value.strip(), 40), other.symbol.text.strip()
            raise ProblemError(message, where=item.where, said=said, other=name, value=value)
    if len(steps) > 1 and _size(item) and "t" in item.symbol.text:
        message = _("{where}: {said} does not say which of the steps {first} to {last} is meant; write {start}")
        start_name = f"{item.symbol.base}_{start}"
        raise ProblemError(message, where=item.where, said=said, first=min(steps), last=max(steps), start=start_name)


def _size(item: Assigned) -> int:
    """The number of entries of a value; 0 where all are zero, or none is a number."""
    numbers = values.numbers(item.value)
    return numbers.values.size if numbers is not None and np.any(numbers.values) else 0


def _at(item: Assigned, step: int) -> Assigned:
    """The value under the number of its step."""
    bare = replace(item.symbol, indices=item.symbol.labels)
    return replace(item, symbol=replace(bare, indices=(*bare.indices, str(step))))
