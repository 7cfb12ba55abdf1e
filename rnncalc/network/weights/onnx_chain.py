"""The values of an ONNX graph that a network can be made of, and the operators between its layers.

Of each value it is known what its axes mean (T steps, N sequences, D directions, H units, O outputs) and which layers
lie below; an operator that has no place in a network is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError

MERGES = {"ReduceSum": "sum", "ReduceMean": "ave", "ReduceProd": "mul"}
FUNCTIONS = {
    "Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu",
}  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """A value on the chain: its axes, and the network that has made it.

    layers: the arguments of each `Layer`; the directions of the last one are an axis until they are merged.
    final: whether it is only the last step.
    """

    axes: tuple[str, ...]
    layers: tuple[dict[str, Any], ...] = ()
    read_out: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False


class Beside:
    """A value that depends on what is given at the call: a shape, lengths, states. spread: the constant in it."""

    def __init__(self, name: str, spread: np.ndarray | None = None):
        self.name, self.spread = name, spread


Value = Chain | Beside | np.ndarray


def refused(kind: str, name: str) -> Any:
    raise ProblemError(_("the operator {kind} ({name}) has no place in a network"), kind=kind, name=name or "–")


def _of(values: Sequence[Any]) -> Chain:
    chain: Chain = next(value for value in values if isinstance(value, Chain))
    return chain


def _same(_kind: str, _attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    return _of(values)


def _numbers(kind: str, name: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> list[int]:
    """Axes or a shape, an attribute once and an input today."""
    if name in attributes:
        numbers = attributes[name]
        return [int(number) for number in (numbers if isinstance(numbers, Sequence) else [numbers])]
    if len(values) > 1 and isinstance(values[1], np.ndarray):
        return [int(number) for number in values[1].reshape(-1)]
    return refused(kind, "")


def _transpose(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    chain = _of(values)
    order = list(attributes.get("perm", range(len(chain.axes))[::-1]))
    if sorted(order) != list(range(len(chain.axes))):
        return refused(kind, "")
    return replace(chain, axes=tuple(chain.axes[axis] for axis in order))


def _squeeze(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    """Only the axis of one direction is known to have one entry."""
    chain, rank = _of(values), len(_of(values).axes)
    for axis in _numbers(kind, "axes", attributes, values):
        if not (-rank <= axis < rank and chain.axes[axis] == "D" and len(chain.layers[-1]["passes"]) == 1):
            return refused(kind, "")
    return replace(chain, axes=tuple(axis for axis in chain.axes if axis != "D"))


def _reshape(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    """The directions beside each other: (…, D, H) → (…, D·H)."""
    chain = _of(values)
    shape = _numbers(kind, "shape", attributes, values)
    if chain.axes[-2:] != ("D", "H") or len(shape) != len(chain.axes) - 1:
        return refused(kind, "")
    layer = chain.layers[-1]
    width = sum(len(part["W"][0]) for part in layer["passes"].values())
    if shape[-1] not in (-1, width) or any(size != 0 for size in shape[:-1] if size != -1):
        return refused(kind, "")
    return replace(chain, axes=(*chain.axes[:-2], "H"))


def _merge(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    chain, rank = _of(values), len(_of(values).axes)
    axes = _numbers(kind, "axes", attributes, values)
    if len(axes) != 1 or not -rank <= axes[0] < rank or chain.axes[axes[0]] != "D" or attributes.get("keepdims", 1):
        return refused(kind, "")
    layer = {**chain.layers[-1], "merge": MERGES[kind]}
    return replace(chain, axes=tuple(axis for axis in chain.axes if axis != "D"), layers=(*chain.layers[:-1], layer))


def _last_step(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    chain, index = _of(values), values[-1]
    axis = int(attributes.get("axis", 0))
    last = isinstance(index, np.ndarray) and index.ndim == 0 and int(index) == -1
    if not (last and -len(chain.axes) <= axis < len(chain.axes) and chain.axes[axis] == "T"):
        return refused(kind, "")
    return replace(chain, axes=tuple(name for name in chain.axes if name != "T"), final=True)


def _product(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    """The linear layer on top: x V^T, with c where a Gemm has it."""
    chain, weight = values[0], values[min(1, len(values) - 1)]
    weights = isinstance(chain, Chain) and isinstance(weight, np.ndarray) and weight.ndim == 2
    weights = weights and weight.dtype.kind == "f"
    if not weights or not chain.layers or chain.read_out or "D" in chain.axes or chain.axes[-1] != "H":
        return refused(kind, "")
    if attributes.get("transA", 0) or (kind == "Gemm" and len(chain.axes) != 2):
        return refused(kind, "")
    V = weight if attributes.get("transB", 0) else weight.T
    read_out: dict[str, Any] = {"V": V * np.asarray(attributes.get("alpha", 1.0), V.dtype)}
    chain = replace(chain, axes=(*chain.axes[:-1], "O"), read_out=read_out)
    if len(values) > 2 and not (isinstance(values[2], Beside) and not values[2].name):
        if not isinstance(values[2], np.ndarray):
            return refused(kind, "")
        scaled = values[2] * np.float32(attributes.get("beta", 1.0))
        return _sum("Add", {}, [chain, scaled])
    return chain


def _sum(kind: str, _attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    """The bias of the linear layer."""
    chain = _of(values)
    bias = next((value for value in values if isinstance(value, np.ndarray)), None)
    if bias is None or bias.dtype.kind != "f" or "V" not in chain.read_out or set(chain.read_out) & {"c", "output"}:
        return refused(kind, "")
    outputs = len(chain.read_out["V"])
    if bias.size not in (1, outputs) or bias.shape[-1:] not in ((), (1,), (outputs,)):
        return refused(kind, "")
    c = np.broadcast_to(bias.reshape(-1), (outputs,))
    return replace(chain, read_out={**chain.read_out, "c": c})


def _function(kind: str, attributes: Mapping[str, Any], values: Sequence[Any]) -> Chain:
    """The function of the read-out."""
    chain = _of(values)
    axis = attributes.get("axis", -1)
    if "V" not in chain.read_out or "output" in chain.read_out or axis not in (-1, len(chain.axes) - 1):
        return refused(kind, "")
    return replace(chain, read_out={**chain.read_out, "output": FUNCTIONS[kind]})


STEPS: dict[str, Callable[[str, Mapping[str, Any], Sequence[Any]], Chain]] = {
    "Identity": _same, "Dropout": _same, "Transpose": _transpose, "Squeeze": _squeeze, "Reshape": _reshape,
    "Gather": _last_step, "MatMul": _product, "Gemm": _product, "Add": _sum,
    **dict.fromkeys(MERGES, _merge), **dict.fromkeys(FUNCTIONS, _function),
}  # fmt: skip
