"""PyTorch modules: which parameter is which of ours, and how `forward` takes its inputs, read off names and shapes.

Nobody writes a signature for a module of his own. The sizes of a trial are all different, so a shape tells the axes: a
parameter of (H, D) is U. Gates are told by names such as `forget` or W_hf. Where several readings are possible (the
batch first or the steps, x before h or behind it), each is tried, and the one that agrees with most numbers is meant.

Longer than other files: every way of storing gates has its line.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.check.code.layout import Layout
from rnncalc.check.code.loading import Code, quietly
from rnncalc.check.code.signature import FunctionSignature, Reading, Size, Tree, leaves
from rnncalc.check.code.trial import SIZES

GATES = {  # cell → gate → words in the names of its parameters
    "lstm": {"i": "input in update", "f": "forget", "g": "cell candidate memory cand c", "o": "output out"},
    "gru": {"r": "reset", "z": "update", "n": "new candidate cand hidden h"},
}
STACKED = {"lstm": "ifgo", "gru": "rzn"}  # as PyTorch stacks them
WORDS = {"H": r"hid|unit|n_h|nh\b", "D": r"in|feat|emb|n_x|vocab", "O": r"out|class|label|n_y"}
OUTPUTS = ("log_softmax", "softmax", "sigmoid")  # functions of an output that are told by its numbers
CALLS = [(x, h) for x, states in (("N,T,D", "N,H 1,N,H"), ("T,N,D", "N,H 1,N,H"), ("N,D", "N,H"), ("T,D", "H 1,H"))
         for h in states.split()]  # fmt: skip


def is_module(value: Any) -> bool:
    """Whether a value is a class of PyTorch modules; without PyTorch there is none."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, type) and issubclass(value, torch.nn.Module)


def readings(code: Code, name: str, cell: str | None) -> list[Reading]:
    """Every possible reading of a module: its forward pass, and the backward pass that PyTorch derives from it."""
    module = code.names[name]
    init = _init(module)
    sizes = {**SIZES[0], "h": SIZES[0]["H"], "1": 1}
    with quietly():
        instance = module(**{argument: sizes[size.letter] for argument, size in init.items()})
        shapes = {parameter: tuple(array.shape) for parameter, array in instance.named_parameters()}
    made = []
    for known in ("elman", "lstm", "gru", "gru_after"):
        if cell not in (None, known):
            continue
        for variables in _parameters(shapes, sizes, known):
            for arguments in _arguments(module, known):
                forward = FunctionSignature(
                    f"{name}.forward", (known,), arguments, (), variables, init=init, arrays="torch"
                )
                made.append(forward)
    return [each for forward in made for each in _returning(forward, instance, sizes)]


def _init(module: Any) -> dict[str, Size]:
    """The sizes with which a module is made; arguments with a default of another kind keep it."""
    left, sizes = ["D", "H", "O"], {}
    for argument in inspect.signature(module).parameters.values():
        word = next((size for size in "HOD" if re.search(WORDS[size], argument.name.lower())), None)
        if word is None and argument.default is not inspect.Parameter.empty:
            continue
        letter = word if word in left else left[0]
        left.remove(letter)
        sizes[argument.name] = Size(letter)
        if not left:
            break
    return sizes


# parameters ------------------------------------------------------------------------------------------------------


def _parameters(
    shapes: Mapping[str, tuple[int, ...]], sizes: Mapping[str, int], cell: str
) -> Iterator[dict[str, Tree]]:
    """Yield every way in which the parameters are those of a cell: name → layout."""
    gates = STACKED.get(cell.partition("_")[0], "")
    choices: list[list[tuple[str, Tree]]] = []
    rows = any(shape[:1] == (sizes["D"],) and len(shape) == 2 for shape in shapes.values())
    recurrent = {name.replace("weight", "bias") for name, shape in shapes.items() if sizes["H"] in shape[1:]}
    for name in sorted(shapes, key=lambda name: "bias" in name and name in recurrent):  # beside W: the second bias
        texts = _texts(name, shapes[name], sizes, gates, cell, rows)
        if not texts:
            return
        choices.append([(name, text) for text in texts])
    most = max((len(choice) for choice in choices), default=1)
    for order in range(most):  # x before h, or behind it: in all of them alike
        chosen = [choice[min(order, len(choice) - 1)] for choice in choices]
        variables, names = dict[str, Tree](), list[str]()
        for name, text in chosen:
            layout = Layout.read(text, name)
            repeated = {*_by_gate(layout, gates)} & {*names}
            if repeated and layout.names[0][0] != "b":
                break
            variables[name] = _second_bias(layout, gates if cell == "gru_after" else "") if repeated else layout
            names += _by_gate(variables[name], gates)
        else:
            whole = {f"{stack}.{gate}" for stack in "UW" for gate in gates} if gates else {"U", "W"}
            if whole <= {*names}:
                yield variables


def _by_gate(tree: Tree, gates: str) -> list[str]:
    """The names in an array, U as U.r U.z U.n."""
    names = tree.names if isinstance(tree, Layout) else ()
    stacked = ("U", "W", "b") if gates else ()
    return [each for name in names for each in ([f"{name}.{gate}" for gate in gates] if name in stacked else [name])]


def _second_bias(layout: Layout, gates: str) -> Tree:
    """What a second bias is: 0, but for the candidate's behind the reset gate. gates: of a cell that has one there."""
    own = "".join(name[2:] for name in _by_gate(layout, gates))
    if "n" not in own or not gates:
        return 0.0
    names = "|".join("d" if gate == "n" else f"0.{gate}" for gate in own)
    axes = ",".join("|".join("H" * len(own)) if "H" in axis else "1" for axis in layout.axes[0])
    return Layout.read(f"{names}[{axes}]", layout.text)


def _texts(name: str, shape: tuple[int, ...], sizes: Mapping[str, int], gates: str, cell: str, rows: bool) -> list[str]:
    """The layouts that a parameter of this name and shape may have in a cell."""
    D, H, O = sizes["D"], sizes["H"], sizes["O"]
    gate = _gate(name, cell) if gates else ""
    of = f".{gate}" if gate else ""
    many = {1: "H", len(gates): "gates*H"} if gates else {1: "H"}
    linear = name.endswith("weight")
    layouts = []
    for count, stacked in many.items():
        if gates and count == 1 and not gate:
            continue
        here = "" if count > 1 else of
        if shape == (count * H, D):
            layouts.append(f"U{here}[{stacked},D]")
        elif shape == (D, count * H):
            layouts.append(f"U{here}[D,{stacked}]")
        elif shape == (count * H, H) and (count > 1 or linear or not rows):
            layouts.append(f"W{here}[{stacked},h]")
        elif shape == (H, count * H):
            layouts.append(f"W{here}[h,{stacked}]")
        elif shape in ((count * H,), (1, count * H), (count * H, 1)):
            axes = ",".join("1" if size == 1 else stacked for size in shape)
            layouts.append(f"b{here}[{axes}]")
        elif shape == (count * H, D + H):
            layouts += [f"U{here}|W{here}[{stacked},D|h]", f"W{here}|U{here}[{stacked},h|D]"]
        elif shape == (D + H, count * H):
            layouts += [f"U{here}|W{here}[D|h,{stacked}]", f"W{here}|U{here}[h|D,{stacked}]"]
    tail = re.search(f"[{gates}]{{2,}}$", _bare(name)) if gates else None
    if tail and len(tail[0]) < len(gates):  # h2rz: two of three gates
        count, side = len(tail[0]), "|".join("H" * len(tail[0]))
        kinds = {(count * H, D): ("U", ",D"), (count * H, H): ("W", ",h"), (count * H,): ("b", "")}
        if shape in kinds:
            layouts.append("|".join(f"{kinds[shape][0]}.{gate}" for gate in tail[0]) + f"[{side}{kinds[shape][1]}]")
    simple = {(O, H): "V[O,H]", (H, O): "V[H,O]", (O,): "c[O]"}
    return layouts + ([simple[shape]] if shape in simple else [])


def _gate(name: str, cell: str) -> str:
    """The gate of a parameter, by a word in its name or by its last letter: forget.weight, W_hf, x2f.bias."""
    words = GATES[cell.partition("_")[0]]
    bare = _bare(name)
    parts = re.split(r"[._\d]+", bare)
    for gate, known in words.items():
        if any(part in (gate, *known.split()) for part in parts):
            return gate
    return bare[-1] if bare and bare[-1] in words else {"c": "g", "h": "n"}.get(bare[-1:], "")


def _bare(name: str) -> str:
    """The name of a layer: forget of forget.weight."""
    return re.sub(r"[._]?(weight|bias)$", "", name.lower())


# calls -----------------------------------------------------------------------------------------------------------


def _arguments(module: Any, cell: str) -> Iterator[dict[str, Tree]]:
    """Yield the ways in which `forward` may take its inputs and states."""
    names = [name for name in inspect.signature(module.forward).parameters if name != "self"]
    for inputs, state in CALLS:
        x, h, c = (Layout.read(text, text) for text in (f"x[{inputs}]", f"h0[{state}]", f"c0[{state}]"))
        given: list[list[Tree]] = [[x], [x, h]] if cell != "lstm" else [[x], [x, h, c], [x, [h, c]]]
        for trees in given:
            if len(trees) == len(names):
                yield dict(zip(names, trees))


def _returning(
    forward: FunctionSignature, instance: Any, sizes: Mapping[str, int]
) -> Iterator[tuple[FunctionSignature, ...]]:
    """Yield the reading with what `forward` returns, by the shapes of a call; nothing if the call fails."""
    import torch  # here: only modules need it

    letters = {letter for layout in leaves(forward.arguments) for letter in layout.letters}
    rng = torch.Generator().manual_seed(0)

    def zeros(tree: Tree) -> Any:
        if isinstance(tree, Layout):
            return torch.rand(tree.shape(sizes), generator=rng, dtype=torch.float64)
        return tuple(map(zeros, tree))

    with quietly():
        try:
            returned = instance.double()(*map(zeros, forward.arguments.values()))
        except (Exception, SystemExit):
            return
    seen: list[tuple[str, Any]] = []
    returns = _layouts(returned, sizes, letters, seen)
    if returns is None:
        return
    outputs = [_plain(value) for name, value in seen if name == "y"]
    yield with_backward(replace(forward, returns=returns, task=_output(outputs[0]) if outputs else {}))


def _plain(value: Any) -> np.ndarray:
    return np.array([_plain(part) for part in value]) if isinstance(value, list) else value.detach().numpy()


def _output(y: np.ndarray) -> dict[str, str]:
    """The function of the output, by its numbers, over whichever axis it was taken."""
    for function, positive in (("log_softmax", np.exp(y)), ("softmax", y)):
        sums = [positive.sum(axis=axis) for axis in range(y.ndim)]
        if (positive >= 0).all() and any(np.allclose(each, 1, rtol=0, atol=1e-9) for each in sums):
            return {"output": function}
    return {"output": "sigmoid"} if ((y > 0) & (y < 1)).all() else {}


def with_backward(forward: FunctionSignature) -> Reading:
    """A module's forward pass, and the backward pass that PyTorch derives from it. Raises ValueError if it has none."""
    first = next(leaves([forward.returns]), None)
    if first is None:
        raise ValueError(forward.name)
    trees = {**forward.variables, **forward.arguments}
    backward = replace(
        forward, name=forward.name.replace(".forward", ".backward"), arguments={f"d{first.names[0]}": _slope(first)},
        returns={name: _slope(tree) for name, tree in trees.items() if isinstance(tree, Layout)}, first=forward,
        autograd=True,
    )  # fmt: skip
    return forward, backward


def _slope(layout: Layout) -> Layout:
    """The layout of an array's gradient."""
    names = tuple(f"d{name.replace('0.', 'b.')}" for name in layout.names)
    return replace(layout, names=names, text=f"{'|'.join(names)}[{layout.text.partition('[')[2]}")


def _layouts(value: Any, sizes: Mapping[str, int], given: set[str], seen: list[tuple[str, Any]]) -> Tree | None:
    """The layouts of what was returned, by its shapes; None if they say nothing."""
    letters = {sizes[letter]: letter for letter in ("N", "T", "H", "O")} | {1: "1"}
    shape: Sequence[int] = tuple(getattr(value, "shape", ()))
    if isinstance(value, list) and "T" in given and len(value) == sizes["T"]:  # a list of what every step gave
        shape = (len(value), *getattr(value[0], "shape", ()))
    elif isinstance(value, tuple | list):
        parts = [_layouts(part, sizes, given, seen) for part in value]
        return None if None in parts else parts
    axes = [letters.get(size) for size in shape]
    if None in axes or any(axes.count(letter) > 1 for letter in "NTHO") or ("N" in given) != ("N" in axes):
        return None
    if not {"H", "O"} & {*axes[-1:]} or {"1", "T"} <= {*axes}:
        return None
    steps = "T" in given
    name, names = "y" if axes[-1] == "O" else "h", [name for name, _value in seen]
    if name == "h" and "T" not in axes and "h" in names and (not steps or "last" in names):
        same = [other for other, old in seen if getattr(old, "shape", ()) == shape and bool((old == value).all())]
        name = same[0].replace("last", "h") if same else "memory"  # h, (h, c) has h twice
    seen += [(each, value) for each in ([name] if "T" in axes or not steps else ["h", "last"])]
    return Layout.read(f"{name}[{','.join(map(str, axes))}]", "forward")
