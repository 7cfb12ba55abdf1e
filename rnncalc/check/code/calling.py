"""Calls a function with the numbers of a trial, and takes what it returns apart.

Longer than other files: what is given and what is taken back follow one tree, which both halves read.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from rnncalc.check.code.layout import Layout
from rnncalc.check.code.loading import Code, message, quietly
from rnncalc.check.code.module import is_module, readings
from rnncalc.check.code.signature import FunctionSignature, Opaque, Reading, Size, Tree, arguments
from rnncalc.check.code.trial import Trial
from rnncalc.check.code.verdict import Finding
from rnncalc.common.i18n import _


@dataclass(frozen=True)
class Output:
    """One array that a function returned. name: as the person would say it; whole: not float32."""

    name: str
    layout: Layout
    array: np.ndarray
    whole: bool


@dataclass
class Call:
    """What one call gave. findings: what is wrong with it besides its numbers. earlier: the call before it."""

    outputs: list[Output] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cache: Any = None
    object: Any = None
    raised: BaseException | None = None
    earlier: Call | None = None


class Caller:
    """Calls the functions of one person's code."""

    def __init__(self, code: Code):
        self.code = code
        self.calls = 0

    def call(self, function: FunctionSignature, trial: Trial) -> Call:
        """Call a function; before it, the one whose cache or object it needs."""
        earlier = Call()
        if function.first is not None:
            earlier = self.call(function.first, trial)
            if earlier.raised is not None or (earlier.cache is None and function.init is None):
                said = [finding.text for finding in earlier.findings]
                text = _("{first}, which must run before it, fails: {said}")
                reason = "; ".join(said) or _("it returns no cache")
                earlier.findings = [Finding("raises", text.format(first=function.first.name, said=reason))]
                earlier.raised = earlier.raised or ValueError()
                return earlier
        result = Call(object=earlier.object, earlier=earlier if function.first is not None else None)
        values = self._built(function, dict(function.arguments), trial, earlier.cache)
        before = copy.deepcopy({name: value for name, value in values.items() if value is not earlier.cache})
        with quietly():
            np.random.seed(self.calls)  # another one for every call: a function that draws numbers is seen
            self.calls += 1
            try:
                target = self._target(function, trial, result)
                returned = target(*values.values())
            except (Exception, SystemExit) as error:
                result.raised = error
                result.findings.append(Finding("raises", self._said(error, function, trial)))
                return result
        for name, value in before.items():
            if not _same(value, values[name]):
                text = _("It changes its argument {name} in place: whoever called it has other numbers afterwards.")
                result.findings.append(Finding("modified", text.format(name=name)))
        names = dict(arguments(function)) | self._named(function)
        self._receive(function.returns, returned, names, result)
        after = {
            name: _read(self.code.names if result.object is None else result.object, name) for name in function.after
        }
        if after:
            self._receive(dict(function.after), after, names, result)
        if not all(output.whole for output in (*earlier.outputs, *result.outputs)):  # sums of float32 are no better
            result.outputs = [replace(output, whole=False) for output in result.outputs]
        return result

    def _named(self, function: FunctionSignature) -> dict[str, str]:
        """Our names of arrays that a function returns, each with its variable in the code, where that is one."""
        node, tree = self.code.definition(function.name), function.returns
        values = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)] if node else []
        for value in reversed(values):
            if isinstance(value, ast.Tuple) and isinstance(tree, list) and len(value.elts) == len(tree):
                pairs = zip(tree, value.elts)
                return {_core(part): each.id for part, each in pairs if isinstance(each, ast.Name) and _core(part)}
        return {}

    def module_readings(self, name: str, cell: str | None) -> list[Reading] | None:
        """What a class of PyTorch modules may be; None if the name is no such class."""
        return readings(self.code, name, cell) if is_module(self.code.names[name]) else None

    def _said(self, error: BaseException, function: FunctionSignature, trial: Trial) -> str:
        """An error with the lines of the person's own code; of shapes that do not fit, also with the sizes."""
        lines = self.code.frames(error)
        if isinstance(error, ValueError | IndexError | RuntimeError):
            sizes = [f"{letter} = {size}" for letter, size in trial.sizes.items() if letter in function.letters]
            lines.append(_("the sizes here: {sizes}").format(sizes=", ".join(sizes)))
        said = message(error)
        if isinstance(error, EOFError):
            said = _("It waits for input from the keyboard.")
        for tree in (*function.arguments.values(), *(function.first.arguments.values() if function.first else ())):
            if isinstance(error, KeyError) and isinstance(tree, Mapping) and error.args[0] not in tree:
                text = _("the arrays in the dict are {names}; if your course names them otherwise, write a signature")
                lines.append(text.format(names=", ".join(map(str, tree))))
                break
        return "\n".join([said, *lines])

    def _target(self, function: FunctionSignature, trial: Trial, result: Call) -> Callable[..., Any]:
        """What is called: the function, or a method of an object that is made here; global names are set."""
        name, _dot, method = function.name.partition(".")
        owner: Any = self.code.names
        if function.init is not None:
            if result.object is None:
                result.object = _made(owner[name], self._built(function, dict(function.init), trial, None))
            owner = result.object
        if function.autograd:
            return partial(self._derived, function, trial, owner)
        if function.first is None or function.init is None:
            for variable, value in self._built(function, dict(function.variables), trial, None).items():
                _set(owner, variable, value)
        target: Callable[..., Any] = getattr(owner, method) if method else owner[name]
        return target

    def _derived(self, function: FunctionSignature, trial: Trial, module: Any, arriving: Any) -> dict[str, Any]:
        """What PyTorch derives: the gradients of the parameters and inputs of a module's forward pass."""
        assert function.first is not None
        inputs = self._built(function.first, dict(function.first.arguments), trial, None)
        tensors = {name: value.requires_grad_() for name, value in inputs.items() if hasattr(value, "detach")}
        module.zero_grad()
        first, tree = module(*inputs.values()), function.first.returns
        if isinstance(tree, list):
            first = first[0]
        if isinstance(first, list):  # of what every step gave
            import torch  # here: only modules need it

            first = torch.stack(first)
        (first * arriving).sum().backward()
        every = {**dict(module.named_parameters()), **tensors}
        slopes = {name: tensor.grad if tensor.grad is not None else 0 * tensor for name, tensor in every.items()}
        return {name: slope.to(first.dtype) for name, slope in slopes.items()}  # in float32 where it works in it

    def _built(self, function: FunctionSignature, tree: Tree, trial: Trial, cache: Any) -> Any:
        """Arguments from a tree."""
        if isinstance(tree, Layout):
            array = np.array(tree.array(trial.quantity))
            if function.arrays == "torch":
                import torch  # here: only courses that use it

                return torch.tensor(array)
            if function.arrays == "list" or (tree.names[0].endswith("#") and array.ndim == 1):  # a list of tokens
                return array.tolist()
            return float(array) if array.ndim == 0 else array
        if isinstance(tree, Size):
            return {**trial.sizes, "h": trial.sizes["H"]}[tree.letter]
        if isinstance(tree, Opaque):
            return cache if tree.name == "cache" else None
        if isinstance(tree, Mapping):
            return {name: self._built(function, part, trial, cache) for name, part in tree.items()}
        return tuple(self._built(function, part, trial, cache) for part in tree) if isinstance(tree, list) else tree

    def _receive(self, tree: Tree, value: Any, names: Mapping[str, str], result: Call) -> None:
        """Take what was returned apart, as the signature has it."""
        if isinstance(tree, Opaque):
            result.cache = value if tree.name == "cache" else result.cache
        elif isinstance(tree, Layout):
            output = _output(tree, value, names)
            result.findings.append(output) if isinstance(output, Finding) else result.outputs.append(output)
        elif isinstance(tree, Mapping):
            for name, part in tree.items():
                if isinstance(value, Mapping) and name in value:
                    self._receive(part, value[name], {**names, _core(part): name}, result)
                else:
                    text = _("There is no “{name}” in what it gives back.")
                    result.findings.append(Finding("missing", text.format(name=name)))
        elif isinstance(value, tuple | list) and len(value) == len(tree):
            for part, piece in zip(tree, value):
                self._receive(part, piece, names, result)
        else:
            have = len(value) if isinstance(value, tuple | list) else 1
            listed = ", ".join(_said(part, names) for part in tree)
            text = _("{have} values where {wanted} are expected: {names}.")
            result.findings.append(Finding("count", text.format(have=have, wanted=len(tree), names=listed)))


def _core(tree: Tree) -> str:
    return tree.text.partition("[")[0] if isinstance(tree, Layout) else ""


def _said(tree: Tree, names: Mapping[str, str]) -> str:
    """An output in the person's names: dW is dWh where W is Wh."""
    if isinstance(tree, Opaque):
        return tree.name
    if not isinstance(tree, Layout):
        return "…"
    core = _core(tree)
    if core in names:
        return names[core]
    if core[:1] == "d" and core[1:] in names:
        return f"d{names[core[1:]]}"
    bare = core.removesuffix("_new")
    return names[bare] if bare != core and bare in names else core


def _output(layout: Layout, value: Any, names: Mapping[str, str]) -> Output | Finding:
    """An array of numbers, or what it is in place of one."""
    name = _said(layout, names)
    try:
        array = _plain(value)
        array, whole = array.astype(float), array.dtype != np.float32
        if array.size > 1 and np.array_equal(array, array.astype(np.float32)) and (array % 1).any():
            whole = False  # float32 in an array of float64
    except (TypeError, ValueError, RuntimeError):
        said = _("nothing") if value is None else type(value).__name__
        return Finding("type", _("{name} is {type}, no array of numbers.").format(name=name, type=said))
    return Output(name, layout, array, whole)


def _plain(value: Any) -> np.ndarray:
    """An array of numbers from an array, a tensor, or a list of such."""
    if isinstance(value, tuple | list):
        return np.array([_plain(part) for part in value])
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else "" if value is None else value)


def _made(kind: Any, sizes: Mapping[str, Any]) -> Any:
    """An object of a class, from sizes by name where it has these names; a module of PyTorch in float64."""
    known = inspect.signature(kind).parameters
    made = kind(**sizes) if sizes.keys() <= known.keys() else kind(*sizes.values())
    return made.double() if hasattr(made, "named_parameters") else made


def _set(owner: Any, name: str, value: Any) -> None:
    """Set a global name or an attribute, i2h.weight too; a parameter of a PyTorch module stays one."""
    if isinstance(owner, dict):
        owner[name] = value
        return
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    old: Any = getattr(owner, last, None)
    kind = type(old)
    if kind.__name__ == "Parameter":
        value = kind(old.detach() * 0 + value)
    setattr(owner, last, value)


def _read(owner: Any, name: str) -> Any:
    return owner.get(name) if isinstance(owner, dict) else getattr(owner, name, None)


def _same(before: Any, after: Any) -> bool:
    """Whether nothing in an argument has changed."""
    if isinstance(before, Mapping):
        return before.keys() == after.keys() and all(_same(before[name], after[name]) for name in before)
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(_same, before, after))
    if hasattr(before, "detach"):
        return bool((before.detach() == after.detach()).all())
    if isinstance(before, np.ndarray):
        return before.shape == np.shape(after) and bool(np.array_equal(before, after))
    return bool(before == after)
