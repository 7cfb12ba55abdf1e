"""Files of Keras, written here as Keras lays them out: read to what Keras computes, or refused by the layer's name.

Longer than other files: it writes Keras' layout itself, without Keras.
"""

import copy
import io
import json
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exchanged
from support.helpers import random_arrays

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network

h5py = pytest.importorskip("h5py")
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
SNAKE = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru", "Dense": "dense", "Bidirectional": "bidirectional"}
RNG = np.random.default_rng(4)
Arrays = list[np.ndarray]


def arrays(kind: str, D: int, H: int, *, bias: bool = True, after: bool = True) -> Arrays:
    """Kernel, recurrent kernel and bias."""
    columns = GATES[kind] * H
    both = [RNG.normal(size=(rows, columns)) / np.sqrt(rows) for rows in (D, H)]
    shape = (2, columns) if kind == "GRU" and after else (columns,)
    return [*both, *([RNG.normal(size=shape)] if bias else [])]


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def computed(kind: str, given: Arrays, x: np.ndarray, after: bool = True) -> np.ndarray:
    """What Keras computes, from its documentation: the states at every step."""
    kernel, recurrent, *rest = (array.astype(np.float64) for array in given)
    H = len(recurrent)
    bias = rest[0] if rest else np.zeros((2, GATES[kind] * H) if kind == "GRU" and after else GATES[kind] * H)
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    h, c, out = np.zeros(H), np.zeros(H), []
    for row in x:
        a = row @ kernel + first
        if kind == "SimpleRNN":
            h = np.tanh(a + h @ recurrent)
        elif kind == "LSTM":
            i, f, g, o = np.split(a + h @ recurrent, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            az, ar, ah = np.split(a, 3)
            rz, rr, rh = np.split(recurrent, 3, axis=1)
            bz, br, bh = np.split(second, 3)
            z, r = sigmoid(az + h @ rz + bz), sigmoid(ar + h @ rr + br)
            new = np.tanh(ah + r * (h @ rh + bh) if after else ah + (r * h) @ rh)
            h = z * h + (1 - z) * new
        out.append(h)
    return np.array(out)


def options(kind: str, **more: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": f"my_{kind.lower()}", "return_sequences": True, **more}}


def written(path: Path, groups: dict[str, Arrays], layers: list[dict[str, Any]] | None = None, **config: Any) -> Path:
    """A file with these variables; with a configuration if there are layers."""
    weights = path.with_name("model.weights.h5")
    with h5py.File(weights, "w") as file:
        for name, variables in groups.items():
            group = file.create_group(f"layers/{name}/vars")
            for number, array in enumerate(variables):
                group.create_dataset(str(number), data=array)
    if layers is None:
        return weights
    whole = {"class_name": "Sequential", **config, "config": {"name": "m", "layers": layers}}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(whole))
        file.write(weights, "model.weights.h5")
    return path


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kind", "after"), [("SimpleRNN", False), ("LSTM", False), ("GRU", True), ("GRU", False)])
def test_every_layer_with_and_without_what_may_be_absent(kind: str, after: bool, bias: bool, tmp_path: Path) -> None:
    given, x = arrays(kind, 3, 4, bias=bias, after=after), RNG.normal(size=(6, 3))
    more = {"reset_after": after} if kind == "GRU" else {}
    dense = [RNG.normal(size=(4, 2)).astype(np.float32), np.ones(2, np.float32)][: 1 + bias]
    for top in (False, True):
        layers = [options(kind, **more), *([options("Dense", activation="tanh")] if top else [])]
        groups = {f"{SNAKE[kind]}/cell": given, **({"dense": dense} if top else {})}
        net = rnncalc.load(written(tmp_path / "m.keras", groups, layers), engine="equations", dtype="float64")
        wanted = computed(kind, given, x, after)
        if top:
            wanted = np.tanh(wanted @ dense[0] + (dense[1] if bias else 0))
        np.testing.assert_allclose(net(x), wanted, rtol=0, atol=1e-12)
    if bias or kind != "GRU":
        bare = rnncalc.load(written(tmp_path / "m", groups), engine="equations", dtype="float64", output="tanh")
        np.testing.assert_allclose(bare(x), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("merge", "bare"), list(product(["concat", "sum", "ave", "mul"], [False, True])))
def test_both_directions_and_a_stack(merge: str, bare: bool, tmp_path: Path) -> None:
    first, second = arrays("LSTM", 3, 4), arrays("LSTM", 3, 4)
    above = arrays("GRU", 8 if merge == "concat" else 4, 2)
    groups = {"bidirectional/forward_layer/cell": first, "bidirectional/backward_layer/cell": second, "gru/cell": above}
    both = options("Bidirectional", merge_mode=merge, layer=options("LSTM"), backward_layer=options("LSTM"))
    path = written(tmp_path / "m.keras", groups, None if bare else [both, options("Dropout"), options("GRU")])
    said = {"merge": merge} if bare and merge != "concat" else {}
    net = rnncalc.load(path, engine="equations", dtype="float64", **said)
    x = RNG.normal(size=(6, 3))
    directions = [computed("LSTM", first, x), computed("LSTM", second, x[::-1])[::-1]]
    merged = {
        "concat": np.hstack(directions),
        "sum": sum(directions),
        "ave": sum(directions) / 2,
        "mul": directions[0] * directions[1],
    }[merge]
    np.testing.assert_allclose(net(x), computed("GRU", above, np.asarray(merged)), rtol=0, atol=1e-12)


def test_layers_of_one_class_are_found_by_number_or_by_name(tmp_path: Path) -> None:
    groups = {"lstm/cell": arrays("LSTM", 4, 4), "lstm_1/cell": arrays("LSTM", 4, 4), "gru/cell": arrays("GRU", 4, 4)}
    layers = [options("LSTM"), options("GRU"), options("LSTM")]
    net = rnncalc.load(written(tmp_path / "m.keras", groups, layers), engine="equations")
    x = RNG.normal(size=(5, 4))
    wanted = x
    for name, kind in (("lstm/cell", "LSTM"), ("gru/cell", "GRU"), ("lstm_1/cell", "LSTM")):
        wanted = computed(kind, groups[name], wanted)
    np.testing.assert_allclose(net(x), wanted, rtol=0, atol=1e-6)
    path = written(tmp_path / "m", groups)
    with pytest.raises(RnncalcError, match=r"the order of layers/.* cannot be known: read the \.keras file, or name"):
        rnncalc.load(path)
    ordered = rnncalc.load(path, prefix=["lstm", "gru", "lstm_1"], engine="equations")
    np.testing.assert_array_equal(ordered(x), net(x))


def test_other_functions_are_equations_of_their_own(tmp_path: Path) -> None:
    given = arrays("LSTM", 3, 2)
    layers = [options("LSTM", recurrent_activation="hard_sigmoid", activation="softsign")]
    net = rnncalc.load(written(tmp_path / "m.keras", {"lstm/cell": given}, layers), engine="equations")
    assert net.layers[0].cell.equations["g"] == "softsign(ag)"
    layers = [options("SimpleRNN", activation="relu")]
    path = written(tmp_path / "m.keras", {"simple_rnn/cell": arrays("SimpleRNN", 3, 2)}, layers)
    assert rnncalc.load(path).layers[0].cell.switched == {"activation": "relu"}


def test_the_last_step_and_masking_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    layers = [options("Masking", mask_value=-1), options("LSTM", return_sequences=False), options("Dense")]
    groups = {"lstm/cell": arrays("LSTM", 3, 2), "dense": [np.ones((2, 1), np.float32)]}
    rnncalc.load(written(tmp_path / "m.keras", groups, layers))
    assert "pass mask= with the call to skip the steps that equal -1" in caplog.text
    assert "here it is y[-1]" in caplog.text


BOTH = {"layer": options("LSTM"), "merge_mode": "concat"}
LAST = {**BOTH, "layer": options("LSTM", return_sequences=False)}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([options("Conv1D")], r"the layer my_conv1d \(Conv1D\) has no place"),
        ([options("Dense"), options("LSTM")], "my_dense"),
        ([options("LSTM"), options("Dense"), options("Dense")], "my_dense"),
        ([options("LSTM", go_backwards=True)], "go_backwards gives its steps in reverse order"),
        ([options("LSTM", activation="gelu")], "the function gelu is not supported"),
        ([options("LSTM", activation={"class_name": "Mine"})], "is not supported"),
        ([options("LSTM"), options("Dense", activation="gelu")], "the function gelu is not supported"),
        ([options("LSTM", return_sequences=False), options("LSTM")], "my_lstm"),
        ([options("Bidirectional", **LAST)], "backward direction at the first step"),
        ([options("Bidirectional", **{**BOTH, "merge_mode": None})], "merge_mode=None"),
        ([options("Dropout")], "has no SimpleRNN, LSTM or GRU"),
        ([{"class_name": "LSTM"}], "a layer's configuration is no object"),
    ],
)
def test_what_has_no_place_is_refused_by_name(layers: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    given = arrays("LSTM", 3, 2)
    groups = {"lstm/cell": given, "dense": [np.ones((2, 2), np.float32)],
              "bidirectional/forward_layer/cell": given, "bidirectional/backward_layer/cell": given}  # fmt: skip
    with pytest.raises(RnncalcError, match=message):
        rnncalc.load(written(tmp_path / "m.keras", groups, layers))


def functional(*sources: list[str]) -> list[dict[str, Any]]:
    """An input and layers, each with the layers that it takes."""
    made = []
    for number, names in enumerate([[], *sources]):
        kind = "LSTM" if number else "InputLayer"
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in names]
        entry = {"class_name": kind, "config": {"name": f"n{number}", "return_sequences": True}}
        made.append({**entry, "inbound_nodes": [{"args": tensors, "kwargs": {}}] if number else []})
    return made


def test_functional_models_are_read_where_they_are_a_chain(tmp_path: Path) -> None:
    groups = {"lstm/cell": arrays("LSTM", 3, 2), "lstm_1/cell": arrays("LSTM", 2, 2)}
    path = written(tmp_path / "m.keras", groups, functional(["n0"], ["n1"]), class_name="Functional")
    assert len(rnncalc.load(path).layers) == 2
    for sources in ((["n0"], ["n0"]), (["n0"], ["n1", "n0"])):
        path = written(tmp_path / "m.keras", groups, functional(*sources), class_name="Functional")
        with pytest.raises(RnncalcError, match="only a chain is read"):
            rnncalc.load(path)
    with pytest.raises(RnncalcError, match="only Sequential and Functional models are read, not Mine"):
        rnncalc.load(written(tmp_path / "m.keras", groups, functional(["n0"]), class_name="Mine"))


def test_nothing_is_read_from_other_files_or_beyond_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.weights.h5"
    for place, link in (
        ("layers/lstm/cell/vars/3", h5py.ExternalLink("secret.h5", "/x")),
        ("layers/far", h5py.SoftLink("/layers/lstm")),
        ("layers/far", h5py.ExternalLink("secret.h5", "/x")),
    ):
        written(path, {"lstm/cell": arrays("LSTM", 3, 2)}).rename(path)
        with h5py.File(path, "a") as file:
            file[place] = link
        with pytest.raises(RnncalcError, match="is a link, which is not followed"):
            rnncalc.load(path)
    with h5py.File(path, "w") as file:
        place = "layers/lstm/cell/vars/0"
        file.create_dataset(place, shape=(2, 2), dtype="f4", external=[(str(path), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(RnncalcError, match="lies in another file"):
        rnncalc.load(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n broken")
    with pytest.raises(RnncalcError, match="cannot read"):
        rnncalc.load(path)
    with h5py.File(path, "w") as file:
        file.create_dataset(place, shape=(1 << 16, 1 << 16), dtype="f4", chunks=(64, 64))
    monkeypatch.setenv("RNNCALC_MAX_BYTES", str(1 << 20))
    with pytest.raises(RnncalcError, match="more than 1048576"):
        rnncalc.load(path)


# written --------------------------------------------------------------------------------------------------------------


def test_what_we_write_is_read_back(tmp_path: Path) -> None:
    """Both kinds of file; `bench/conformance/keras_exchange.py` has Keras open them."""
    count = 0
    for seed in range(60):
        rng = np.random.default_rng([8, seed])
        net = exchanged.network(rng, ("forward", "both"), states=False)
        if any(layer.cell.switched.get("activation") == "leaky_relu" for layer in net.layers):
            continue  # Keras takes another slope
        path = tmp_path / "n.keras"
        rnncalc.save(net, path)
        back, x = rnncalc.load(path, engine="equations"), exchanged.batch(rng, net.sizes["D"], ragged=False)[0]
        np.testing.assert_allclose(back(x), net(x), rtol=0, atol=1e-6 * max(1.0, float(np.abs(net(x)).max())))
        shapes = [[(layer.direction, layer.sizes) for layer in each.layers] for each in (net, back)]
        assert shapes[0] == shapes[1]
        with zipfile.ZipFile(path) as parts:
            whole = parts.read("model.weights.h5")
        rnncalc.save(net, tmp_path / "n.weights.h5")
        with h5py.File(tmp_path / "n.weights.h5") as alone, h5py.File(io.BytesIO(whole)) as inside:
            assert list(alone["layers"]) == list(inside["layers"])
        count += 1
    assert count > 40


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("jordan", {}, "layer 1: Keras has no layer of the cell jordan"),
        ("elman", {"activation": "step"}, "Keras has no function step"),
        ("lstm", {"direction": "backward"}, "Keras lists the steps of a backward layer in reverse order"),
        ("lstm", {"c0": np.ones(5)}, "a file of Keras holds no initial states"),
    ],
)
def test_what_keras_cannot_hold(name: str, more: dict[str, Any], message: str, tmp_path: Path) -> None:
    net = Network([Layer(name, **random_arrays(CELLS[name], np.random.default_rng(0)), **more)])
    with pytest.raises(RnncalcError, match=message):
        rnncalc.save(net, tmp_path / "n.keras")


# changed --------------------------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2.5,
    "",
    "tanh",
    "GRU",
    "concat",
    [],
    {},
    [None],
    {"a": 1},
    {"class_name": "LSTM"},
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a configuration, with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def test_changed_files_are_read_or_refused(tmp_path: Path) -> None:
    outcomes = [0, 0]
    both = {"forward_layer/cell": arrays("LSTM", 3, 2), "backward_layer/cell": arrays("LSTM", 3, 2)}
    for seed in range(300):
        rng = np.random.default_rng([7, seed])
        layers = [options("Bidirectional", **copy.deepcopy(BOTH)), options("GRU"), options("Dense")]
        groups = {f"bidirectional/{name}": list(part) for name, part in both.items()}
        groups |= {"gru/cell": arrays("GRU", 4, 2), "dense": [np.ones((2, 2))]}
        if seed % 3 == 0:
            layers, groups = (
                functional(["n0"], ["n1"]),
                {"lstm/cell": arrays("LSTM", 3, 2), "lstm_1/cell": arrays("LSTM", 2, 2)},
            )
        if seed % 2:
            container, key = places(layers)[rng.integers(len(places(layers)))]
            container[key] = json.loads(json.dumps(VALUES[rng.integers(len(VALUES))]))
        else:
            variables = groups[list(groups)[rng.integers(len(groups))]]
            number = int(rng.integers(len(variables)))
            array = variables[number]
            others = [
                array.T,
                array[None],
                array.reshape(-1),
                array[:0],
                array.astype(int),
                np.array(1.0),
                array.astype("S3"),
            ]
            variables[number] = others[rng.integers(len(others))]
        kind = "Functional" if seed % 3 == 0 else "Sequential"
        path = written(tmp_path / "m.keras", groups, layers, class_name=kind)
        try:
            rnncalc.load(path if seed % 5 else tmp_path / "model.weights.h5")
            outcomes[0] += 1
        except RnncalcError:
            outcomes[1] += 1
    assert min(outcomes) > 30
