"""Somebody's code in another process, for the check: the file's text is here, its functions are called there.

What comes back is not believed: kinds, places, shapes and sizes are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from rnncalc.check.code.calling import Call, Caller, Output
from rnncalc.check.code.loading import Code
from rnncalc.check.code.module import OUTPUTS, with_backward
from rnncalc.check.code.signature import FunctionSignature, Reading, leaves
from rnncalc.check.code.signature_file import tree_of
from rnncalc.check.code.trial import Trial
from rnncalc.check.code.verdict import Finding
from rnncalc.classroom.code.answers import LONG, MOST, request
from rnncalc.classroom.code.child import LONGEST, Reply, Request
from rnncalc.classroom.code.watching import Stopped
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.cells import CELLS

MANY = 64  # readings of a module
RAISED = {
    kind.__name__: kind for kind in (ValueError, IndexError, TypeError, RuntimeError)
}  # which the check looks for

Ask = Callable[[Request], Reply]


class RemoteCaller(Caller):
    """Calls the functions of a submission in its process."""

    def __init__(self, code: Code, ask: Ask):
        super().__init__(code)
        self.ask = ask
        self.readings = list[Reading]()  # of the module that was asked for last

    def call(self, function: FunctionSignature, trial: Trial) -> Call:
        """As a caller does; raises Stopped where no call comes back."""
        places = [(at, part) for at, each in enumerate(self.readings) for part in (0, 1) if each[part] is function]
        reply = self._asked(request(function, trial, places[0] if places else None))
        with _no_nonsense():
            return _call(reply["call"], function)

    def module_readings(self, name: str, cell: str | None) -> list[Reading] | None:
        """What a module may be, which its process reads off it."""
        reply = self._asked({"module": name, "cell": cell})
        with _no_nonsense():
            if reply["readings"] is None:
                return None
            self.readings = [_reading(name, record) for record in reply["readings"][:MANY]]
        return self.readings

    def _asked(self, request: Request) -> Reply:
        return _alive(self.ask(request))


def _alive(reply: Reply) -> Reply:
    """The reply of a process that goes on; raises Stopped for one that ended."""
    if "raised" in reply:
        raise Stopped(_("it ended with {kind}").format(kind=one_line(str(reply["raised"]), 60)))
    return reply


@contextmanager
def _no_nonsense() -> Iterator[None]:
    """Raise Stopped where a reply is not what it should be."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, ProblemError):
        raise Stopped(_("what came back are no numbers of this function")) from None


def _reading(name: str, record: Any) -> Reading:
    """A module's forward pass and what PyTorch derives from it. Raises one of several errors where it is none."""
    trees = {part: tree_of(record[part], part) for part in ("arguments", "returns", "variables")}
    variables, cell = trees["variables"], CELLS[record["cell"]].name
    task = {"output": str(record["task"]["output"])} if record["task"] else {}
    if task and task["output"] not in OUTPUTS:
        raise ValueError(name)
    forward = FunctionSignature(f"{name}.forward", (cell,), **trees, init={}, arrays="torch", task=task)
    parameters = {array[0] for layout in leaves(variables) for array in layout.names}
    states = {array for layout in forward.returned for array in layout.names}
    if not {"U", "W"} <= parameters or not states <= {"h", "memory", "y"}:
        raise ValueError(name)
    return with_backward(forward)


def load(path: Path, name: str, ask: Ask) -> Code:
    """The code of a file, with the names that it has there. Raises ParseError, and Stopped.

    name: of the file, for whoever reads about it.
    """
    reply = ask({})
    if "unreadable" in reply:
        raise ParseError(str(reply["unreadable"]).replace(str(path), name).replace("{", "{{").replace("}", "}}"))
    _alive(reply)
    names, missing, broken = (_texts(reply.get(key)) for key in ("names", "missing", "broken"))
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return Code(dict.fromkeys(names), str(path), text, missing=missing, broken=broken)


def _call(data: Any, function: FunctionSignature | None) -> Call:
    """A call from plain data. Raises one of several errors where it is none."""
    call = Call(earlier=None if data["earlier"] is None or function is None else _call(data["earlier"], function.first))
    for name, depth, place, shape, numbers, whole in data["outputs"][:LONG]:
        owner = function
        for _step in range(depth):
            assert owner is not None
            owner = owner.first
        if owner is None or place < 0:
            raise IndexError(depth)
        shape = tuple(map(int, shape))
        if numbers is None:
            array: np.ndarray = np.broadcast_to(np.nan, shape)
        else:
            if len(numbers) != prod(shape) or len(numbers) > MOST:
                raise ValueError(shape)
            array = np.array(numbers, dtype=float).reshape(shape)
        call.outputs.append(Output(_text(name, 60), owner.returned[place], array, whole is True))
    call.findings = [Finding(_text(kind, 20), _text(text)) for kind, text in data["findings"][:LONG]]
    kinds = _texts(data["raised"])
    if kinds:
        call.raised = next((RAISED[kind] for kind in kinds if kind in RAISED), Exception)()
    have = [output.layout for output in call.outputs]
    if function is not None and have != function.returned and not (call.findings or kinds):
        raise ValueError(have)  # what is missing would have been said
    return call


def _text(value: Any, most: int = LONGEST) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value[:most]


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values] if isinstance(values, list) else []
