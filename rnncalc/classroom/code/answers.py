"""What a submission's process answers: which names the file has, and which numbers its functions give for a trial."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from rnncalc.check.code.calling import Call, Caller
from rnncalc.check.code.loading import Code, Nowhere
from rnncalc.check.code.signature import FunctionSignature, Reading, Signature
from rnncalc.check.code.signature import plain as plain_tree
from rnncalc.check.code.signature_file import signature
from rnncalc.check.code.trial import Trial
from rnncalc.classroom.code.child import Answerer, Reply, Request
from rnncalc.errors import RnncalcError

MOST = 100_000  # numbers of an array that are sent
LONG = 40  # findings, or definitions that fail


class CodeAnswers:
    """Makes, for one submission after the other, what answers in its process."""

    def __init__(self, name: str):
        self.signature = signature(name)
        if needs_torch(self.signature):
            import torch  # noqa: F401 - here and once: it takes seconds

    def __call__(self, path: str) -> Answerer:
        """What answers for a file."""
        caller, readings = Caller(Code({}, path)), list[Reading]()

        def answer(request: Request) -> Reply:
            nonlocal caller, readings
            if "module" in request:
                made = caller.module_readings(request["module"], request["cell"])
                readings = made or []
                return {"readings": made and [record(forward) for forward, _backward in made]}
            if "function" not in request:
                try:
                    code = Code.of_file(path)
                    caller = Caller(code)
                except RnncalcError as error:
                    return {"unreadable": str(error)}
                return {
                    "names": list(map(str, code.names)),
                    "missing": code.missing[:LONG],
                    "broken": code.broken[:LONG],
                }
            if place := request["reading"]:
                function = readings[place[0]][place[1]]
            else:
                function = self.signature.functions[request["function"]]
            call = plain(caller.call(function, trial(request)), function)
            return {"call": call, "printed": Nowhere.bytes}

        return answer


def needs_torch(signature: Signature) -> bool:
    """Whether submissions cannot be run without PyTorch."""
    return not signature.functions or any(each.arrays == "torch" for each in signature.functions.values())


def record(forward: FunctionSignature) -> dict[str, Any]:
    """A module's forward pass as plain data."""
    trees = {"arguments": forward.arguments, "returns": forward.returns, "variables": forward.variables}
    return {
        "cell": forward.cells[0],
        "task": dict(forward.task),
        **{name: plain_tree(tree) for name, tree in trees.items()},
    }


def request(function: FunctionSignature, made: Trial, reading: tuple[int, int] | None) -> Request:
    """A trial as plain data: what goes in, without the solution. reading: the place of a module's function."""
    arrays = {name: array.tolist() for name, array in made.arrays.items()}
    whole = {"function": function.name, "sizes": dict(made.sizes), "arrays": arrays, "gates": made.gates}
    return {**whole, "reading": reading}


def trial(request: Request) -> Trial:
    """The trial of a request, as far as a call needs it."""
    arrays = {name: np.array(array) for name, array in request["arrays"].items()}
    return Trial(request["sizes"], arrays, None, request["gates"])  # type: ignore[arg-type]


def plain(call: Call | None, function: FunctionSignature | None) -> dict[str, Any] | None:
    """A call as plain data: its outputs by their places in the signature, or in that of the function before it."""
    if call is None or function is None:
        return None
    outputs = []
    for output in call.outputs:
        depth, place = _place(output.layout, function)
        shape = output.array.shape
        numbers = output.array.ravel().tolist() if output.array.size <= MOST else None
        outputs.append([output.name, depth, place, shape, numbers, output.whole])
    kinds = [kind.__name__ for kind in type(call.raised).__mro__] if call.raised is not None else []
    return {
        "outputs": outputs,
        "findings": [[finding.kind, finding.text] for finding in call.findings[:LONG]],
        "raised": kinds,
        "earlier": plain(call.earlier, function.first),
    }


def _place(layout: Any, function: FunctionSignature | None) -> tuple[int, int]:
    for depth in count():
        assert function is not None
        if layout in function.returned:
            return depth, function.returned.index(layout)
        function = function.first
    raise AssertionError
