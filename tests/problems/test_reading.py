"""Problems: what may be left out, how shapes are understood, whose letters are spoken, and what is refused.

Longer than other files: what a reader may leave to the shapes is tried with every part missing.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES, random_arrays
from support.typed import SHEET

import rnncalc
from rnncalc.errors import ParseError, RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.cells.cell import ACTIVATIONS
from rnncalc.problems import problem_text
from rnncalc.problems.conventions import reordered
from rnncalc.problems.parse import given, matrix
from rnncalc.problems.problem import Problem
from rnncalc.problems.reader import read

SEED = {
    "U": [[0.1, 0.2], [0.3, 0.4]],
    "W": [[0.2, 0.2], [0.3, 0.3]],
    "b": [0.5, 0.6],
    "V": [[0.7, 0.8]],
    "c": [0.9],
    "x": [[2, 3]],
}
Y = 2.2901460976742585


def problem(**keys: object) -> Problem:
    return read(given.of_python(keys), engine="equations")


def y(**keys: object) -> np.ndarray:
    return problem(**keys).forward().y


# ------------------------------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"V": [0.7, 0.8], "c": 0.9, "x": [2, 3]},
        {"V": "0.7 0.8", "x": "2 3", "b": "0.5; 0.6"},
        {"x": [[2], [3]]},
        {"b": [[0.5], [0.6]], "c": [[0.9]], "h0": [[0], [0]]},
        {"h0": 0, "U": "{0.1f, 0.2f, 0.3f, 0.4f}"},
        {"U": "[0.1 0.2\n 0.3 0.4]"},
        {"W": None},
        {"h0": None, "title": "a", "_private": 3},
        {"x": r"\begin{bmatrix}2 & 3\end{bmatrix}", "W": np.array(SEED["W"], np.float32)},
    ],
)
def test_the_seed_exercise_in_many_shapes(change: dict[str, Any]) -> None:
    keys = {**SEED, **change}
    private = keys.pop("_private", None)
    text = problem_text.read('{"_note": [1]}') if private else {}
    trace = read({**text, **given.of_python(keys)}, engine="equations").forward()
    assert trace.y.shape == (1, 1)
    assert trace.y[0, 0] == pytest.approx(Y, abs=1e-7 if "W" in change and change["W"] is not None else 1e-14)


def test_scalars_are_matrices_of_one_entry() -> None:
    trace = problem(U=0.9, W=0.5, b=0.3, h0=0.1, x=[0.7, 0.5, 0.2]).forward()
    assert trace.h.shape == (3, 1)
    np.testing.assert_allclose(trace.h[:, 0], [0.753066, 0.809829, 0.708873], atol=5e-7)


def test_a_vector_of_inputs_is_steps_or_one_step() -> None:
    assert problem(U=[[1], [2]], W=[[0, 0], [0, 0]], x=[1, 2, 3]).shapes == {"T": 3, "D": 1, "H": 2, "O": 2}
    assert problem(U=[[1, 2, 3]], W=0, x=[1, 2, 3]).shapes == {"T": 1, "D": 3, "H": 1, "O": 1}
    assert problem(U=[1, 2], W=[[1, 0], [0, 1]], x=[3, 4]).shapes == {"T": 2, "D": 1, "H": 2, "O": 2}
    assert problem(U=[1, 2], W=1, x=[3, 4]).shapes == {"T": 1, "D": 2, "H": 1, "O": 1}


def test_a_bias_of_one_number_is_taken_for_every_unit_and_said() -> None:
    stated = problem(**{**SEED, "b": 0.5})
    assert stated.notes == ["b = 0.5 was taken for every entry"]
    assert problem(**{**SEED, "b": 0}).notes == []


def test_weights_may_be_zero_without_their_shape() -> None:
    assert problem(U=[[1], [2]], W=0, x=[1, 2]).network.layers[0].arrays["W"].shape == (2, 2)


def test_batches_and_their_initial_states() -> None:
    stated = problem(U=SEED["U"], W=SEED["W"], x=[[[1, 2]], [[3, 4]], [[5, 6]]], h0=[[0, 1], [1, 0], [0, 0]])
    assert stated.shapes == {"N": 3, "T": 1, "D": 2, "H": 2, "O": 2}
    assert stated.forward().h.shape == (3, 1, 2)
    turned = problem(U=SEED["U"], W=SEED["W"], x=[[[1, 2], [3, 4], [5, 6]]], layout="time_first")
    assert turned.shapes["N"] == 3


def test_lengths_and_masks() -> None:
    keys = {"U": 1, "W": 0.5, "x": [[[1], [2], [3]], [[4], [5], [6]]]}
    assert not problem(**keys, lengths=[1, 3]).forward().h[0, 1:].any()
    assert not problem(**keys, mask=[[True, False, True], [True, True, True]]).forward().h[0, 1].any()
    assert not problem(**keys, mask="1 0 1").forward().h[1, 1].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"U": [[1, 2, 3], [4, 5, 6]]}, "U must be (H, D) = (2, 2), got (2, 3): W says H = 2, x says D = 2"),
        ({"U": [[1, 2], [3, 4], [5, 6]]}, "U must be (H, D) = (2, 2), got (3, 2): W says H = 2, x says D = 2"),
        ({"W": [[1, 2, 3]]}, "W must be (H, H) = (2, 2), got (1, 3): b says H = 2"),
        ({"b": [1, 2, 3]}, "b must be (H,) = (2,), got (3,): W says H = 2"),
        ({"V": [[1, 2, 3]]}, "V must be (O, H) = (1, 2), got (1, 3): W says H = 2"),
        ({"c": [1, 2]}, "c must be (O,) = (1,), got (2,): V says O = 1"),
        ({"h0": [1, 2, 3]}, "h0 must be (H,) = (2,), got (3,): W says H = 2"),
        ({"x": [1, 2, 3]}, "x must be (T, D) = (T, 2) or (N, T, 2), got (3,): U says D = 2"),
        ({"x": [[[1, 2]]], "h0": [[1, 2], [3, 4]]}, "h0 has 2 rows, x has 1 sequences"),
        ({"U": "0.5"}, "U must be (H, D) = (2, 2), got ()"),
        ({"x": [[1, float("nan")]]}, "x[1][2] is nan: a finite number is needed"),
        ({"b": ["1e999", "1"]}, "b[1] is inf: a finite number is needed"),
        ({"b": [None, "1"]}, "b[1] is null"),
        ({"U": [["0.1", "O.1"], ["1", "2"]]}, 'U[0][1]: expected a number, got "O.1"'),
        ({"lengths": [1, 2]}, "lengths must be 1 whole numbers from 0 to T = 1"),
        ({"lengths": [0.5]}, "lengths are whole numbers"),
        ({"mask": [[True], [True, False]]}, "row 2 has 2 numbers, row 1 has 1 number"),
        ({"mask": ["x"]}, 'expected a number, got "x"'),
        ({"mask": ["0.5"]}, "a mask holds true and false"),
        ({"layout": "diagonal"}, "layout is one of batch_first, time_first, not “diagonal”"),
        ({"x": None}, "x is missing"),
        ({"U": None}, "U is not given: elman needs it"),
        ({"W": None, "x": [[1, 2], [3, 4]]}, "W is not given: elman needs it"),
        ({"W": None, "h0": [1, 0]}, "W is not given: elman needs it"),
        ({"V": None}, "c belongs to the read-out, which needs V"),
    ],
)
def test_what_does_not_fit_is_said_with_who_says_what(change: dict[str, Any], message: str) -> None:
    keys = {key: value for key, value in {**SEED, **change}.items() if value is not None}
    with pytest.raises(RnncalcError) as refused:
        problem(**keys)
    assert message in str(refused.value)


def test_a_transposed_weight_is_recognised() -> None:
    with pytest.raises(
        RnncalcError, match=r"U must be \(H, D\) = \(2, 3\), got \(3, 2\).*\nit fits transposed: .* --vectors row"
    ):
        problem(U=[[1, 2], [3, 4], [5, 6]], W=[[1, 0], [0, 1]], x=[[1, 2, 3], [4, 5, 6]])


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"activaton": "relu"}, "unknown key “activaton”: did you mean “activation”?"),
        ({"Title": "x"}, "unknown key “Title”: did you mean “title”?"),
        ({"h": [1, 2]}, "unknown key “h”: did you mean “h0”?"),
        ({"activation": "rlu"}, f"activation is one of {', '.join(ACTIVATIONS)}, not “rlu”: did you mean “relu”?"),
        ({"output": "sofmax"}, "did you mean “softmax”?"),
        (
            {"cell": "ltsm"},
            "no cell is called “ltsm”; there are elman, jordan, lstm, gru, gru_after, i2h_i2o: did you mean “lstm”?",
        ),
        ({"cell": "lstm", "activation": "tanh"}, "activation belongs to elman and jordan"),
        ({"update": "z_new"}, "update belongs to gru and gru_after"),
        ({"c0": [1, 2]}, "elman starts from h0"),
        ({"d": [1, 2]}, "elman has no d"),
        ({"R": [[1, 2]]}, "elman has no R"),
        ({"cell": "jordan", "h0": [1, 2]}, "jordan starts from y0"),
        ({"notation": "klingon"}, "no notation is called “klingon”"),
        ({"vectors": "diagonal"}, "vectors is one of row, column"),
        ({"U.q": "1"}, "elman has no gate “q”; its gates are none"),
        ({"cell": {"name": "mine"}}, "a cell is"),
        ({"cell": {"equation": {}}}, "unknown key “equation”"),
        (
            {"cell": {"name": "lstm", "equations": {"h": "W @ h_p"}, "state": ["h"], "emits": "h"}},
            "lstm is a built-in cell",
        ),
        ({"signals": {"q": "z"}}, "“z” is no signal; there are a, h, s, y"),
    ],
)
def test_words_that_nobody_knows(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(RnncalcError) as refused:
        problem(**{**SEED, **keys})
    assert message in str(refused.value)


def test_gates_by_name_stacked_and_in_other_orders() -> None:
    rng = np.random.default_rng(1)
    p = random_arrays(CELLS["lstm"], rng, D=2, H=3)
    x = rng.normal(size=(4, 2))
    stacked = y(cell="lstm", **p, x=x)
    split = {name: dict(zip("ifgo", array.reshape(4, 3, *array.shape[1:]))) for name, array in p.items()}
    np.testing.assert_array_equal(y(cell="lstm", **split, x=x), stacked)
    for order, g in (("ifog", "g"), ("o c i f", "c"), ("i,f,k,o", "k")):
        letters = order.replace(" ", "").replace(",", "")
        arrays = {name: np.concatenate([split[name]["g" if gate == g else gate] for gate in letters]) for name in p}
        np.testing.assert_array_equal(y(cell="lstm", gates=order, **arrays, x=x), stacked)
    tilde = {name: {**{k: v for k, v in gates.items() if k != "g"}, "c̃": gates["g"]} for name, gates in split.items()}
    np.testing.assert_array_equal(y(cell="lstm", **tilde, x=x), stacked)
    dotted = {f"{name}.{gate}": array for name, gates in split.items() for gate, array in gates.items()}
    np.testing.assert_array_equal(y(cell="lstm", **dotted, x=x), stacked)
    underscored = {f"{name}_{gate}": array for name, gates in split.items() for gate, array in gates.items()}
    np.testing.assert_array_equal(y(cell="lstm", **underscored, x=x), stacked)
    no_bias = {name: gates for name, gates in split.items() if name != "b"}
    only_i = y(cell="lstm", **no_bias, b={"i": split["b"]["i"]}, x=x)
    assert only_i.shape == stacked.shape
    with pytest.raises(RnncalcError, match="U has no gate o"):
        problem(cell="lstm", **{**split, "U": {k: v for k, v in split["U"].items() if k != "o"}}, x=x)
    with pytest.raises(RnncalcError, match="gates must name each of i f g o once"):
        problem(cell="lstm", gates="ifg", **p, x=x)
    with pytest.raises(RnncalcError, match="lstm has no gate “q”; its gates are i, f, g, o"):
        problem(cell="lstm", **{**p, "U": {"q": 1}}, x=x)


def test_a_fused_matrix_must_say_which_half_comes_first() -> None:
    rng = np.random.default_rng(2)
    p = random_arrays(CELLS["gru"], rng, D=2, H=3)
    x = rng.normal(size=(4, 2))
    right = y(cell="gru", **p, x=x)
    hx, xh = np.hstack([p["W"], p["U"]]), np.hstack([p["U"], p["W"]])
    np.testing.assert_array_equal(y(cell="gru", W=hx, fused="hx", b=p["b"], x=x), right)
    np.testing.assert_array_equal(y(cell="gru", W=xh, fused="xh", b=p["b"], x=x), right)
    with pytest.raises(RnncalcError, match=r"W is \(9, 5\) and there is no U: .* --fused hx, .* --fused xh"):
        problem(cell="gru", W=hx, b=p["b"], x=x)


def test_an_own_cell_from_a_file_is_like_any_other() -> None:
    mgu = {
        "name": "mgu",
        "state": ["h"],
        "emits": "h",
        "equations": {
            "f": "sigmoid(b_f + W_f @ h_p + U_f @ x_t)",
            "n": "tanh(b_n + W_n @ (f * h_p) + U_n @ x_t)",
            "h": "(1 - f) * h_p + f * n",
        },
    }
    keys = {"U_f": "1; 2", "W_f": [[0.5, 0.1], [0, 0.5]], "b_f": 0, "U_n": "2; 3", "b_n": [0, 0], "x": [1, 2]}
    stated = problem(cell=mgu, **keys, W_n=[[0.3, 0], [0.2, 0.1]], V=[[1, 1]])
    assert stated.shapes == {"T": 2, "D": 1, "H": 2, "O": 1}
    assert set(stated.forward()) == {"a_f", "f", "q_n", "a_n", "n", "h", "s", "y"}
    with pytest.raises(RnncalcError, match="W_n is not given: mgu needs it"):
        problem(cell=mgu, **keys)


# ------------------------------------------------------------------------------------------------------------- letters


def test_every_notation_states_the_same_network() -> None:
    rng = np.random.default_rng(3)
    for cell, orders in (
        ("lstm", {"cs231n": "ifog", "keras": "ifgo", "onnx": "iofg"}),
        ("gru", {"keras": "zrn", "onnx": "zrn"}),
        ("elman", {}),
    ):
        p = random_arrays(CELLS[cell], rng, D=2, H=3)
        gates = CELLS[cell].gates or "a"
        V, c, x = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(5, 2))
        right = y(cell=cell, **p, V=V, c=c, x=x)

        check = partial(_check_output, cell, x, right)
        U, W, b = (p[name] for name in ("U", "W", "b"))
        check(notation="swapped", W=U, U=W, b=b, V=V, c=c)
        if cell == "elman":
            check(W_hx=U, W_hh=W, b_h=b, W_hq=V, b_q=c)
            check(W_hx=U, W_hh=W, b_h=b, W_yh=V, b_y=c)
            check(W_xh=U.T, W_hh=W.T, b_h=b, W_hq=V.T, b_q=c)
            check(Wxh=U, Whh=W, bh=b, Why=V, by=c)
            check(Wax=U, Waa=W, ba=b, Wya=V, by=c)
            check(notation="cs231n", Wx=U.T, Wh=W.T, b=b, V=V.T, c=c)
            check(Wx=U.T, Wh=W.T, b=b, V=V.T, c=c)
            check(weight_ih_l0=U, weight_hh_l0=W, bias_ih_l0=b - 1, bias_hh_l0=np.ones(3), V=V, c=c)
            check(W_xh=U, W_hh=W, b_h=b, V=V, c=c)
            continue
        for notation, order in orders.items():
            u, w, bias = (reordered(p[name], gates, order) for name in ("U", "W", "b"))
            if notation == "cs231n":
                check(notation=notation, Wx=u.T, Wh=w.T, b=bias, V=V.T, c=c)
            elif notation == "keras":
                check(kernel=u.T, recurrent_kernel=w.T, bias=bias, V=V.T, c=c)
            else:
                check(W=u[None], R=w[None], B=np.concatenate([bias - 1, np.ones(len(bias))])[None], V=V, c=c)
        split = {name: dict(zip(gates, p[name].reshape(len(gates), 3, *p[name].shape[1:]))) for name in p}
        theirs = {"g": "c", "n": "h"}
        by_gate = {f"W_x{theirs.get(g, g)}": split["U"][g] for g in gates} | {
            f"W_h{theirs.get(g, g)}": split["W"][g] for g in gates
        }
        check(**by_gate, **{f"b_{theirs.get(g, g)}": split["b"][g] for g in gates}, V=V, c=c)


def _check_output(cell: str, x: np.ndarray, right: np.ndarray, **keys: object) -> None:
    np.testing.assert_allclose(y(cell=cell, x=x, **keys), right, rtol=0, atol=1e-15)


def test_pytorchs_gru_is_gru_after() -> None:
    rng = np.random.default_rng(4)
    p = random_arrays(CELLS["gru_after"], rng, D=2, H=3)
    x = rng.normal(size=(4, 2))
    second = np.concatenate([np.full(6, 0.25), p["d"]])
    first = p["b"] - np.concatenate([np.full(6, 0.25), np.zeros(3)])
    stated = problem(cell="gru", weight_ih=p["U"], weight_hh=p["W"], bias_ih=first, bias_hh=second, x=x)
    assert stated.network.layers[0].cell.name == "gru_after"
    np.testing.assert_allclose(stated.forward().y, y(cell="gru_after", **p, x=x), rtol=0, atol=1e-15)
    order = [1, 0, 2]
    keras = {name: np.concatenate([np.split(p[name], 3)[i] for i in order]) for name in ("U", "W")}
    biases = np.stack([np.concatenate([np.split(bias, 3)[i] for i in order]) for bias in (first, second)])
    stated = problem(cell="gru", kernel=keras["U"].T, recurrent_kernel=keras["W"].T, bias=biases, x=x)
    assert stated.network.layers[0].cell.name == "gru_after"
    np.testing.assert_allclose(stated.forward().y, y(cell="gru_after", **p, x=x), rtol=0, atol=1e-15)


def test_what_was_assumed_is_said() -> None:
    keys = {"W_hx": SEED["U"], "W_hh": SEED["W"], "b_h": SEED["b"], "W_hq": SEED["V"], "b_q": SEED["c"], "x": SEED["x"]}
    stated = problem(**keys)
    assert stated.forward().y[0, 0] == pytest.approx(Y, abs=1e-14)
    assert stated.notes[0] == "read as hx: W_hx = U, W_hh = W, b_h = b, W_hq = V, b_q = c; column vectors"
    assert stated.letters.parameter("U") == "W_hx"


def test_square_matrices_leave_the_orientation_open_and_that_is_a_warning() -> None:
    stated = problem(W_xh=SEED["U"], W_hh=SEED["W"], b_h=SEED["b"], x=SEED["x"])
    assert any(note.startswith("warning: column vectors (W h) assumed") for note in stated.notes)
    rows = problem(W_xh=SEED["U"], W_hh=SEED["W"], b_h=SEED["b"], x=SEED["x"], vectors="row")
    assert not any("warning" in note for note in rows.notes)
    np.testing.assert_array_equal(rows.network.layers[0].arrays["U"], np.array(SEED["U"]).T)


def test_shapes_decide_the_orientation_where_they_can() -> None:
    rng = np.random.default_rng(5)
    p, x = random_arrays(CELLS["elman"], rng, D=2, H=3), rng.normal(size=(4, 2))
    columns = problem(W_xh=p["U"], W_hh=p["W"], b_h=p["b"], x=x)
    rows = problem(W_xh=p["U"].T, W_hh=p["W"].T, b_h=p["b"], x=x)
    np.testing.assert_array_equal(columns.forward().h, rows.forward().h)
    assert rows.letters.rows
    assert "the shapes fit only row vectors (h W)" in rows.notes


def test_signals_are_called_as_the_sheet_calls_them() -> None:
    stated = problem(**SEED, signals={"s": "h", "o": "y"})
    assert stated.letters.signal("h") == "s"
    assert stated.letters.signal("y") == "o"
    assert stated.letters.signal("s") == "s′"


# ------------------------------------------------------------------------------------------------------ files and lines


def test_a_problem_as_lines_from_a_sheet() -> None:
    assert read(problem_text.read(SHEET), engine="equations").forward().y[0, 0] == pytest.approx(Y, abs=1e-14)


def test_steps_of_x_may_come_one_by_one_and_several_on_a_line() -> None:
    stated = read(problem_text.read("U = 1, W = 0.5, x_1 = 1, x_2 = 2, x_3 = 3"), engine="equations")
    np.testing.assert_array_equal(stated.x, [[1], [2], [3]])


def test_numpy_lines_share_their_seed() -> None:
    text = """
        np.random.seed(3)
        x = np.random.randn(4, 2)
        Wx = np.random.randn(2, 3)*0.1
        Wh = np.random.randn(3, 3)
        b = np.zeros(3)
    """
    stated = read(problem_text.read(text), engine="equations")
    state = np.random.RandomState(3)
    np.testing.assert_array_equal(stated.x, state.randn(4, 2))
    np.testing.assert_array_equal(stated.network.layers[0].arrays["U"], (state.randn(2, 3) * 0.1).T)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("U = 1\nU = 2", "line 2, U: it is given twice"),
        ("U = 1\nx_1 = 1\nx_3 = 2", "the steps of x run from x_1 without a gap; x_2 is missing"),
        ("x_1 = 1 2\nx_2 = 1", "every step of x must have the same number of entries"),
        ("U = 1\nW = O.5\nx = 1", 'line 2, W: expected a number, got "O.5"'),
        ('{"U": [[0.1, "O.1"]], "x": 1}', '$.U[0][1]: expected a number, got "O.1"'),
        ('{"U": [[0.1, true]], "x": 1}', "$.U[0][1]: expected a number, got true"),
        ('{"U": 1, "U": 2}', "the key “U” appears twice"),
        ('{"U": [1, }', "line 1, column 11: this is no JSON"),
        ('{"U": ' + "[" * 200_000, "nested too deeply"),
        ('{"U": {"i": 1}, "x": 1}', "elman has no gate “i”"),
        ('{"x": "@/etc/passwd", "U": 1, "W": 1}', "a problem file does not name other files"),
        ("x = @/etc/passwd\nU = 1\nW = 1", "a problem file does not name other files"),
        ('{"U": NaN, "W": 1, "x": 1}', "U is nan: a finite number is needed"),
    ],
)
def test_files_with_mistakes(text: str, message: str) -> None:
    with pytest.raises(RnncalcError) as refused:
        read(problem_text.read(text))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "path", sorted(path for path in EXAMPLES.glob("*.json") if path.name != "EXPECTED.json"), ids=lambda path: path.stem
)
def test_engines_agree_on_every_published_problem(path: Path) -> None:
    interpreted = rnncalc.load_problem(path, engine="equations").forward()
    compiled = rnncalc.load_problem(path, engine="numba").forward()
    assert list(interpreted) == list(compiled)
    for signal in interpreted:
        np.testing.assert_allclose(compiled[signal], interpreted[signal], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("mark", "ending"), [(",", "csv"), (";", "csv"), ("\t", "tsv")])
@pytest.mark.parametrize("header", [True, False])
def test_a_row_of_a_file_with_a_cell_too_many_is_refused_with_its_line(
    mark: str, ending: str, header: bool, tmp_path: Path
) -> None:
    """Wherever it stands, and also where the columns that are asked for lie before it; a gap is null, not nothing."""
    path = tmp_path / f"a.{ending}"

    def read(rows: list[list[str]], columns: str = "") -> Any:
        lines = [["a", "b", "c"]] * header + rows
        path.write_text("\n".join(mark.join(line) for line in lines) + "\n")
        return matrix.read(f"@{path}{columns}")

    rows = [[f"{n}.5", f"{n}", f"-{n}"] for n in range(4)]
    good = read(rows).values
    assert good.shape == (4, 3)
    for at in range(1 - header, 4):
        longer = [[*row, "7"] if n == at else row for n, row in enumerate(rows)]
        for columns in ("", ":1", ":2,1", *([":a"] if header else [])):
            with pytest.raises(ParseError, match=f"line {at + header + 1}: 4 columns, where the first row has 3"):
                read(longer, columns)
    assert np.array_equal(read([*rows, ["", "", ""], []]).values, good)
    gap = [rows[0], ["", "", ""], rows[1]]
    assert np.isnan(read(gap).values).tolist() == [[False] * 3, [True] * 3, [False] * 3]
    path.write_text("1\n\n3\n\n")
    assert np.array_equal(matrix.read(f"@{path}").values.reshape(-1), [1, np.nan, 3], equal_nan=True)


@pytest.mark.parametrize("width", [2, 4, 5])
def test_targets_of_another_width_are_said_to_be_so(width: int) -> None:
    """One-hot targets of four classes beside a V of three rows."""
    keys = {"U": [[0.5]], "W": [[0.1]], "V": [[1], [2], [3]], "x": [[1], [2]], "output": "softmax"}
    with pytest.raises(
        RnncalcError, match=rf"\(2, 3\), got \(2, {width}\): {width} numbers at every step, and y has 3"
    ):
        problem(**keys, targets=[[0.5] * width] * 2, loss="cross_entropy")
