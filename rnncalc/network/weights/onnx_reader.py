"""An ONNX graph as a network: a chain from the first input through RNN, LSTM and GRU nodes to the first output.

The nodes are followed in their order; `onnx_chain` says what is between the layers. Whatever has no place in a network
is refused by name. Longer than other files, so that all that is asked of a recurrent node stands together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rnncalc.common import bounds
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import cell_variants
from rnncalc.network.weights.gate_blocks import from_library, one_bias
from rnncalc.network.weights.model_file import Model
from rnncalc.network.weights.onnx_chain import STEPS, Beside, Chain, Value, refused

RECURRENT = {"RNN": "elman", "LSTM": "lstm", "GRU": "gru"}  # operator → the cell whose gates it has
KNOWN = {  # attributes that are honoured; any other one is refused
    "activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout", "input_forget",
    "linear_before_reset", "output_sequence",
}  # fmt: skip
_TYPE = onnx.AttributeProto
TYPES = {  # name → its type, with any operator
    **dict.fromkeys(("activation_alpha", "activation_beta"), _TYPE.FLOATS), "activations": _TYPE.STRINGS,
    **dict.fromkeys(("clip", "alpha", "beta"), _TYPE.FLOAT), "direction": _TYPE.STRING, "value": _TYPE.TENSOR,
    **dict.fromkeys(("axes", "perm"), _TYPE.INTS),
    **dict.fromkeys(("hidden_size", "layout", "input_forget", "linear_before_reset", "output_sequence"), _TYPE.INT),
    **dict.fromkeys(("axis", "keepdims", "transA", "transB"), _TYPE.INT),
}  # fmt: skip
DIRECTIONS = {"forward": ("forward",), "reverse": ("backward",), "bidirectional": ("forward", "backward")}
FOLDED = {"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Concat", "Slice", "Identity", "Cast"}  # none grows


def read(path: str | PathLike[str], *, engine: str = "auto", dtype: str | np.dtype | None = None) -> Model:
    """The network of a file. Raises ParseError, ProblemError."""
    data = bounds.content(path)
    try:
        graph = onnx.load_model_from_string(data).graph
    except Exception as error:  # the parser of protobuf raises what it likes
        raise ParseError(_("cannot read {name}: {reason}"), name=path, reason=error) from None
    reader = _Reader(graph)
    chain = reader.output()
    if not chain.layers:
        raise ProblemError(_("its first output comes from no RNN, LSTM or GRU"))
    if "D" in chain.axes and len(chain.layers[-1]["passes"]) > 1:
        reader.notes.append(_("the two directions of the last layer stand beside each other here"))
    layers = [_layer(**arguments) for arguments in chain.layers]
    network = Network(layers, **chain.read_out, engine=engine, dtype=dtype)
    if chain.final:
        reader.notes.append(_("the file gives the last step only: here it is y[-1]"))
    return Model(network, format="onnx", notes=list(dict.fromkeys(reader.notes)))


def _layer(passes: Mapping[str, dict[str, Any]], merge: str) -> Layer:
    names = list(passes)
    if len(names) == 1:
        return Layer(direction=names[0], **passes[names[0]])
    return Layer(direction="both", merge=merge, backward=passes["backward"], **passes["forward"])


class _Reader:
    """Follows the nodes of a graph."""

    def __init__(self, graph: Any):
        self.graph, self.notes = graph, list[str]()
        self.values: dict[str, Value] = {"": Beside("")}
        for tensor in graph.initializer:
            self.values[tensor.name] = _array(tensor)
        given = [value for value in graph.input if value.name not in self.values]
        if not given or not graph.output:
            raise ProblemError(_("its graph has no input, or no output"))
        rank = len(given[0].type.tensor_type.shape.dim)
        self.values[given[0].name] = Chain(tuple(f"axis {n}" for n in range(rank)))
        self.values |= {value.name: Beside(value.name) for value in given[1:]}

    def output(self) -> Chain:
        """The first output, once every node has been followed that leads to it."""
        wanted = self.graph.output[0].name
        for node in self._needed(wanted):
            values = [self.values.get(name) for name in node.input]
            if any(value is None for value in values):
                raise ProblemError(_("the node {name} needs what no node gives"), name=node.name or node.op_type)
            for name, value in zip(node.output, self._follow(node, values)):
                self.values[name] = value
        chain = self.values.get(wanted)
        if not isinstance(chain, Chain):
            raise ProblemError(_("its first output comes from no RNN, LSTM or GRU"))
        return chain

    def _needed(self, wanted: str) -> list[Any]:
        """The nodes that lead to a value, in order."""
        names, needed = {wanted}, []
        for node in reversed(self.graph.node):
            if names & set(node.output):
                names |= set(node.input)
                needed.append(node)
        return needed[::-1]

    def _follow(self, node: Any, values: list[Any]) -> Sequence[Value]:
        """What a node gives."""
        attributes = dict(map(_attribute, node.attribute))
        kind = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        chains = [value for value in values if isinstance(value, Chain)]
        if kind == "Constant":
            return [_array(attributes["value"]) if "value" in attributes else refused(kind, "")]
        if kind in RECURRENT:
            return self._recurrent(kind, attributes, values)
        if chains:
            if kind not in STEPS or len(chains) > 1:
                return [refused(kind, node.name)] if kind != "Shape" else [Beside("shape")]
            return [STEPS[kind](kind, attributes, values)]
        constants = [value for value in values if isinstance(value, np.ndarray)]
        if kind in FOLDED and len(constants) == len(values):
            return [_folded(node, constants)]
        return [_beside(kind, node, values, attributes)]

    def _recurrent(self, kind: str, attributes: dict[str, Any], values: list[Any]) -> Sequence[Value]:
        """A layer on top of the chain: Y, Y_h, Y_c."""
        for name in attributes:
            if name not in KNOWN:
                raise ProblemError(_("{kind}: the attribute {name} is not supported"), kind=kind, name=name)
        x, *rest = values
        if not isinstance(x, Chain) or len(x.axes) != 3 or x.final or x.read_out:
            raise ProblemError(_("{kind}: its input is no sequence of the layer below"), kind=kind)
        batch_first = attributes.get("layout", 0) == 1
        first, second = ("N", "T") if batch_first else ("T", "N")
        if x.layers and x.axes[:2] != (first, second):
            raise ProblemError(_("{kind}: the axes of its input are {axes}"), kind=kind, axes=", ".join(x.axes))
        names = ("W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
        given = {name: value for name, value in zip(names, rest) if not (isinstance(value, Beside) and not value.name)}
        if isinstance(given.get("sequence_lens"), np.ndarray):
            raise ProblemError(_("{kind}: {name} is fixed in the file"), kind=kind, name="sequence_lens")
        layer = _arguments(kind, attributes, given, self._states(kind, given, batch_first))
        steps = ("N", "T", "D", "H") if batch_first else ("T", "D", "N", "H")
        last = ("N", "D", "H") if batch_first else ("D", "N", "H")
        y = Chain(steps, (*x.layers, layer))
        forward = list(layer["passes"]) == ["forward"]
        ends: Value = replace(y, axes=last, final=True) if forward else Beside("Y_h")
        return [y, ends, Beside("Y_c")]

    def _states(self, kind: str, given: Mapping[str, Any], batch_first: bool) -> dict[str, np.ndarray]:
        """The initial states that are in the file, (directions, N, H); of the others a note."""
        states = {}
        for state, name in (("h", "initial_h"), ("c", "initial_c")):
            value = given.get(name)
            array = value.spread if isinstance(value, Beside) else value
            if isinstance(value, Chain):
                raise ProblemError(_("{kind}: {name} is computed from the input"), kind=kind, name=name)
            if array is None and value is not None:
                note = _("{name} is an input of the file: zero here, unless {key} is given with the call")
                self.notes.append(note.format(name=name, key=f"{state}0"))
            elif array is not None and np.any(array):
                states[state] = array.swapaxes(0, 1) if batch_first and array.ndim == 3 else array
        return states


def _attribute(attribute: Any) -> tuple[str, Any]:
    """The name and the value, which is of the type that the name asks for; texts as such."""
    name, expected = attribute.name, TYPES.get(attribute.name, attribute.type)
    if attribute.type != expected or attribute.ref_attr_name:
        raise ProblemError(_("the attribute {name} is of another type than it should be"), name=name)
    try:
        value = helper.get_attribute_value(attribute)
    except ValueError as error:
        raise ParseError(_("the attribute {name} cannot be read: {reason}"), name=name, reason=error) from None
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    elif attribute.type == onnx.AttributeProto.STRINGS:
        value = [text.decode(errors="replace") for text in value]
    return name, value


def _array(tensor: Any) -> np.ndarray:
    """A constant; half precision as float32."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise ProblemError(_("{name} lies in another file: save the model with its weights inside"), name=tensor.name)
    try:
        array = numpy_helper.to_array(tensor)
    except Exception as error:
        raise ParseError(_("the tensor {name} cannot be read: {reason}"), name=tensor.name, reason=error) from None
    return array.astype(np.float32) if array.dtype.name in ("float16", "bfloat16") else array


def _arguments(
    kind: str, attributes: Mapping[str, Any], given: Mapping[str, Any], states: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The arguments of a layer."""
    library = RECURRENT[kind]
    word = attributes.get("direction", "forward")
    if word not in DIRECTIONS:
        raise ProblemError(_("{kind}: {name} is {value}"), kind=kind, name="direction", value=word)
    directions = DIRECTIONS[word]
    rows = len(CELLS[library].gates) or 1
    R = given.get("R")
    units = R.shape[2] if isinstance(R, np.ndarray) and R.ndim == 3 else 0
    D = given["W"].shape[-1] if isinstance(given.get("W"), np.ndarray) and given["W"].ndim else 0
    shapes = {"W": (rows * units, D), "R": (rows * units, units), "B": (2 * rows * units,), "P": (3 * units,)}
    for name, shape in shapes.items():
        if name in given or name in ("W", "R"):
            array = given.get(name)
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
                raise ProblemError(_("{kind}: {name} is no constant of the file"), kind=kind, name=name)
            if array.shape != (len(directions), *shape) or not array.size:
                message = _("{kind}: {name} must be {wanted}, got {shape}")
                wanted = (len(directions), *shape)
                raise ProblemError(message, kind=kind, name=name, wanted=wanted, shape=array.shape)
    coupled, after = bool(attributes.get("input_forget", 0)), bool(attributes.get("linear_before_reset", 0))
    chosen = _chosen(kind, attributes, len(directions))
    clip, peepholes = float(attributes.get("clip", 0)), "P" in given
    cells = [cell_variants.cell(kind, functions, clip, coupled, peepholes, after) for functions in chosen]
    passes = dict[str, dict[str, Any]]()
    if "hidden_size" in attributes and attributes["hidden_size"] != units:
        raise ProblemError(
            _("{kind}: {name} is {value}"), kind=kind, name="hidden_size", value=attributes["hidden_size"]
        )
    ordered = "gru_after" if kind == "GRU" and after else library
    for number, direction in enumerate(directions):
        arrays = {name: from_library(given[key][number], library, "ONNX") for name, key in (("U", "W"), ("W", "R"))}
        if "B" in given:
            halves = np.split(given["B"][number], 2)
            arrays |= one_bias(ordered, *(from_library(half, library, "ONNX") for half in halves))
        if coupled and kind == "LSTM":
            arrays = {name: np.delete(array, np.s_[units : 2 * units], 0) for name, array in arrays.items()}
        if "P" in given:
            parts = dict(zip("iof", np.split(given["P"][number], 3)))
            arrays["p"] = np.concatenate([parts[gate] for gate in ("io" if coupled else "ifo")])
        arrays |= {f"{state}0": _start(kind, array, number, units) for state, array in states.items()}
        passes[direction] = {"cell": cells[number], **arrays}
    return {"passes": passes, "merge": "concat"}


def _start(kind: str, array: np.ndarray, number: int, units: int) -> np.ndarray:
    """The initial state of one direction, (H,) or (N, H), of an array that may be spread over all axes."""
    whole = array.reshape((1,) * (3 - array.ndim) + array.shape)
    if whole.ndim != 3 or whole.shape[0] not in (1, number + 1, 2) or whole.shape[2] not in (1, units):
        raise ProblemError(_("{kind}: {name} is {value}"), kind=kind, name="initial_h", value=array.shape)
    rows = np.broadcast_to(whole[min(number, len(whole) - 1)], (whole.shape[1], units))
    return rows[0] if len(rows) == 1 else rows


def _chosen(kind: str, attributes: Mapping[str, Any], directions: int) -> list[list[cell_variants.Activation]]:
    """The functions of each direction."""
    usual = cell_variants.USUAL[kind]
    names = list(attributes.get("activations", ())) or usual * directions
    if len(names) != len(usual) * directions:
        raise ProblemError(_("{name} has more numbers than its functions take"), name="activations")
    alphas, betas = (list(attributes.get(f"activation_{letter}", ())) for letter in ("alpha", "beta"))
    every = cell_variants.functions(names, alphas, betas)
    return [every[begin : begin + len(usual)] for begin in range(0, len(every), len(usual))]


# what is beside the chain ---------------------------------------------------------------------------------------------


def _folded(node: Any, constants: Sequence[np.ndarray]) -> np.ndarray:
    """What a node makes of constants alone."""
    from onnx.reference import ReferenceEvaluator  # here: few files have such nodes

    names = [name for name in node.input if name]
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
              for name, array in zip(names, constants)]  # fmt: skip
    output = onnx.ValueInfoProto(name=node.output[0])
    alone = helper.make_graph([node], "one", inputs, [output])
    try:
        result = ReferenceEvaluator(helper.make_model(alone, ir_version=8)).run(None, dict(zip(names, constants)))
    except Exception as error:
        raise ProblemError(_("the node {name} cannot be computed: {reason}"), name=node.name, reason=error) from None
    return np.asarray(result[0])


def _beside(kind: str, node: Any, values: Sequence[Any], attributes: Mapping[str, Any]) -> Beside:
    """A value that depends on the call; what is spread over the batch keeps its constant."""
    if kind == "Expand" and values and isinstance(values[0], np.ndarray):
        return Beside(node.output[0], values[0])
    spread = values[0].spread if values and isinstance(values[0], Beside) else None
    if kind in FOLDED and spread is not None and (spread == spread.flat[0]).all():  # a part of equal numbers
        return Beside(node.output[0], spread.flat[:1])
    if kind == "ConstantOfShape":
        value = _array(attributes["value"]) if "value" in attributes else np.zeros(1, np.float32)
        return Beside(node.output[0], value)
    return Beside(node.output[0])
