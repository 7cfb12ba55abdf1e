"""Gates as slices of one product: q_t(1:2), q[0:2], q[:H], q[H:2*H], q_{t,1:2}, by their numbers, in any order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

H, D = 2, 3
BEGIN, END = ["", "H", "2*H", "3*H"], ["H", "2*H", "3*H", ""]
FORMS: dict[str, Callable[[int], str]] = {
    "matlab": lambda k: f"q_t({k * H + 1}:{k * H + H})",
    "python": lambda k: f"q_t[{k * H}:{k * H + H}]",
    "open": lambda k: f"q_t[{k * H or ''}:{k * H + H if k < 3 else ''}]",
    "sizes": lambda k: f"q_t[{BEGIN[k]}:{END[k]}]",
    "last": lambda k: f"q_t[{BEGIN[k] if k < 3 else '-H'}:{END[k]}]",
    "words": lambda k: f"q_t[{k}*hidden_size : {k + 1}*hidden_size]",
    "from one": lambda k: f"q_t({['1', 'H+1', '2H+1', '3H+1'][k]}:{k + 1}H)",
    "index": lambda k: f"q_{{t,{k * H + 1}:{k * H + H}}}",
    "raised": lambda k: f"q_t^{{({k * H + 1}:{k * H + H})}}",
    "bracket": lambda k: f"[q_t]_{{{k * H + 1}:{k * H + H}}}",
    "dots": lambda k: f"q_t[{k * H}..{k * H + 1}]",
    "rows": lambda k: f"q_t[:, {k * H}:{k * H + H}]",
    "parts": lambda k: f"q_t^{{({k + 1})}}",
}
ORDERS = ["figo", "iogf", "gofi"]


def lines(order: str, of: Callable[[int], str], kind: str) -> list[str]:
    """The equations of an LSTM, with gates, without them, or with names for what is in them."""
    slices = {gate: of(order.index(gate)) for gate in "figo"}
    functions = {gate: "tanh" if gate == "g" else "sigmoid" for gate in "figo"}
    first = ["q_t = A [x_t; h_{t-1}] + d"]
    if kind == "written out":
        f, i, g, o = (f"{functions[gate]}({slices[gate]})" for gate in "figo")
        return [*first, f"c_t = {f} * c_{{t-1}} + {i} * {g}", f"h_t = {o} * tanh(c_t)"]
    if kind == "named":
        first += [f"a^{{{gate}}}_t = {rows}" for gate, rows in slices.items()]
        slices = {gate: f"a^{{{gate}}}_t" for gate in "figo"}
    first += [f"{gate}_t = {functions[gate]}({inside})" for gate, inside in slices.items()]
    return [*first, "c_t = f_t .* c_{t-1} + i_t .* g_t", "h_t = o_t .* tanh(c_t)"]


def stated(order: str, of: Callable[[int], str], kind: str) -> tuple[str, dict[str, Any]]:
    """A sheet, and what it says as an object."""
    A, d, x = drawn_at(len(order + kind), 4 * H, D + H), drawn_at(2, 4 * H), drawn_at(3, 2, D)
    given = [f"A = {printed(A)}", f"d = {printed(d)}", *(f"x_{t} = {printed(step)}" for t, step in enumerate(x, 1))]
    rows = {gate: slice(at * H, at * H + H) for at, gate in enumerate(order)}
    keys = {
        "U": {gate: A[part, :D].tolist() for gate, part in rows.items()},
        "W": {gate: A[part, D:].tolist() for gate, part in rows.items()},
        "b": {gate: d[part].tolist() for gate, part in rows.items()},
    }
    return "\n".join([*lines(order, of, kind), "", *given]), {"cell": "lstm", **keys, "x": x.tolist()}


@pytest.mark.parametrize(
    ("form", "order", "kind"), [*itertools.product(FORMS, ORDERS, ["gates", "written out", "named"])][::2]
)
def test_the_slices_say_the_rows_of_each_gate(form: str, order: str, kind: str) -> None:
    sheet, keys = stated(order, FORMS[form], kind)
    assert_same(sheet, keys)


@pytest.mark.parametrize("order", ORDERS)
def test_words_beside_the_slices_name_the_gates_and_no_order(order: str) -> None:
    sheet, keys = stated(order, FORMS["python"], "gates")
    assert_same("The input gate i, the forget gate f, the candidate g and the output gate o.\n" + sheet, keys)


@pytest.mark.parametrize("order", ORDERS)
def test_the_numbered_parts_of_a_gru(order: str) -> None:
    """Two products, each cut by itself; the reset gate between them."""
    U, W = drawn_at(4, 3 * H, D), drawn_at(5, 3 * H, H)
    gates = {"figo": "zrn", "iogf": "rzn", "gofi": "nzr"}[order]
    at = {gate: f"{gates.index(gate) * H}:{gates.index(gate) * H + H}" for gate in gates}
    sheet = "\n".join([
        "p_t = U x_t", "s_t = W h_{t-1}", *(f"{g}_t = σ(p_t[{at[g]}] + s_t[{at[g]}])" for g in "zr"),
        f"n_t = tanh(p_t[{at['n']}] + r_t * s_t[{at['n']}])", "h_t = (1 - z_t) * n_t + z_t * h_{t-1}", "",
        f"U = {printed(U)}", f"W = {printed(W)}", "x_1 = [1, 0.5, -1]",
    ])  # fmt: skip
    parts = {gate: slice(k * H, k * H + H) for k, gate in enumerate(gates)}
    keys = {key: {g: M[part].tolist() for g, part in parts.items()} for key, M in (("U", U), ("W", W))}
    assert_same(sheet, {"cell": "gru_after", **keys, "x": [[1, 0.5, -1]]})


WRONG: dict[str, Callable[[int], str]] = {
    "a gap": lambda k: f"q_t[{k * 3}:{k * 3 + 2}]",
    "shared rows": lambda k: f"q_t[{k}:{k + 2}]",
    "other sizes": lambda k: f"q_t[{[0, 1, 3, 5][k]}:{[1, 3, 5, 8][k]}]",
    "begun at one": lambda k: f"q_t[{k * H + 1}:{k * H + H + 1}]",
    "of three units": lambda k: f"q_t[{k * 3}:{k * 3 + 3}]",
    "one of them twice": lambda k: f"q_t[{min(k, 2) * H}:{min(k, 2) * H + H}]",
}


@pytest.mark.parametrize(("wrong", "kind"), [*itertools.product(WRONG, ["gates", "written out"])])
def test_slices_that_leave_rows_out_are_refused(wrong: str, kind: str) -> None:
    with pytest.raises(RnncalcError):
        problem(stated("figo", WRONG[wrong], kind)[0]).forward()


def test_an_order_that_is_said_beside_them_is_held_against_the_slices() -> None:
    sheet, keys = stated("figo", FORMS["python"], "gates")
    assert_same(sheet + "\ngates: f i g o", keys)
    with pytest.raises(RnncalcError, match="contradicts the slices"):
        problem(sheet + "\ngates: i f g o").forward()


@pytest.mark.parametrize("call", ["np.concatenate([x, h_prev])", "np.hstack((x, h_prev))", "torch.cat([x, h_prev], 0)"])
def test_slices_of_code(call: str) -> None:
    sheet, keys = stated("iogf", FORMS["sizes"], "gates")
    numbers = sheet[sheet.index("A = ") : sheet.index("x_1")]
    made = [line.replace("q_t", "q").replace("_t ", " ") for line in lines("iogf", FORMS["sizes"], "gates")]
    body = [f"q = A @ {call} + d", *made[1:5], "c = f * c_prev + i * g", "h = o * np.tanh(c)"]
    assert_same("\n".join(["for x in xs:", *body, "", numbers, f"xs = {printed_rows(keys['x'])}"]), keys)


def printed_rows(rows: list[list[float]]) -> str:
    return "[" + ", ".join(map(str, rows)) + "]"
