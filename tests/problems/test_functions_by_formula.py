"""Functions that no name tells: lines between bounds, pieces, formulas of one letter. They compute what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

from rnncalc.errors import RnncalcError

X = [[0.6, -1.1], [1.3, 0.2], [-2.5, 0.7], [4.1, -3.3]]
A, B, K = 4 * drawn_at(61, 3, 2), 3 * drawn_at(62, 3, 3), drawn_at(63, 3)
GIVEN = f"P = {printed(A)}\nQ = {printed(B)}\nk = {printed(K)}\n" + "\n".join(
    f"x_{t} = {row}" for t, row in enumerate(X, 1)
)
SUM = "P x_t + Q s_{t-1} + k"

Line = Callable[[np.ndarray], np.ndarray]


def assert_is(sheet: str, line: Line) -> None:
    """The states of the sheet are those of the function, which bends somewhere in them."""
    s, bent = np.zeros(3), False
    for row, got in zip(X, problem(f"{sheet}\n{GIVEN}").forward()["h"], strict=True):
        a = A @ row + B @ s + K
        bent, s = bent or not np.allclose(line(a), a), line(a)
        np.testing.assert_allclose(got, s, rtol=1e-12, atol=1e-12, err_msg=sheet)
    assert bent


def refused(sheet: str) -> str:
    with pytest.raises(RnncalcError) as caught:
        problem(f"{sheet}\n{GIVEN}").forward()
    return str(caught.value)


BOUNDED = [  # of {a}
    "min({high}, max({low}, {a}))", "max({low}, min({high}, {a}))", "np.clip({a}, {low}, {high})",
    "\\max\\bigl({low}, \\min({a}, {high})\\bigr)", "torch.clamp({a}, {low}, {high})",
    "\\min\\{{{high}, \\max\\{{{a}, {low}\\}}\\}}", "np.minimum(np.maximum({a}, {low}), {high})",
]  # fmt: skip
LINES = [(0.25, 0.5, 0, 1), (0.2, 0.5, 0, 1), (1, 0, -1, 1), (1, 0, 0, 6), (0.5, -0.1, -2, 3), (1 / 6, 0.5, 0, 1)]


@pytest.mark.parametrize("number", range(len(BOUNDED)))
@pytest.mark.parametrize("place", ["one line", "two lines", "a letter", "a word"])
def test_a_line_between_two_bounds(number: int, place: str) -> None:
    way, (slope, level, low, high) = BOUNDED[number], LINES[(number + len(place)) % len(LINES)]

    def sloped(letter: str) -> str:
        of = f"({letter})" if " " in letter else letter
        return f"{slope!r} {of} + {level!r}" if level > 0 else f"{of}" if slope == 1 else f"{slope!r} {of} - {-level!r}"

    def bounded(letter: str) -> str:
        return way.format(a=sloped(letter), low=low, high=high)

    sheet = {
        "one line": f"s_t = {bounded(SUM)}",
        "two lines": f"z_t = {SUM}\ns_t = {bounded('z_t')}",
        "a letter": f"s_t = f({SUM}) with f(z) = {bounded('z')}.",
        "a word": f"clipped(a) = {bounded('a')}\ns_t = clipped({SUM})",
    }[place]
    assert_is(sheet, lambda a: np.clip(slope * a + level, low, high))


@pytest.mark.parametrize("order", ["{leak}, {a}", "{a}, {leak}"])
@pytest.mark.parametrize("slope", [0.01, 0.1, 0.3])
def test_a_leak_below_zero(order: str, slope: float) -> None:
    assert_is(
        f"z_t = {SUM}\ns_t = max({order.format(a='z_t', leak=f'{slope} z_t')})", lambda a: np.maximum(a, slope * a)
    )


@pytest.mark.parametrize("word", ["ReLU6", "\\mathrm{ReLU6}", "\\operatorname{ReLU6}", "relu6"])
def test_relu_up_to_six(word: str) -> None:
    assert_is(f"s_t = {word}({SUM})", lambda a: np.clip(a, 0, 6))


PIECES: dict[str, tuple[list[tuple[str, str]], Line]] = {
    "leaky": ([("{z}", "{z} > 0"), ("0.1 {z}", "{z} \\le 0")], lambda a: np.where(a > 0, a, 0.1 * a)),
    "rectified": ([("0", "{z} < 0"), ("{z}", "{z} \\geq 0")], lambda a: np.maximum(a, 0)),
    "otherwise": (
        [("{z}", "\\text{{if }} {z} > 0"), ("0.3 {z}", "\\text{{otherwise}}")],
        lambda a: np.where(a > 0, a, 0.3 * a),
    ),
    "clipped": (
        [("0", "{z} < -2"), ("0.25 {z} + 0.5", "-2 \\le {z} \\le 2"), ("1", "{z} > 2")],
        lambda a: np.clip(0.25 * a + 0.5, 0, 1),
    ),
    "around": (
        [("1", "{z} \\ge 1"), ("{z}", "|{z}| < 1"), ("-1", "{z} \\le -1")],
        lambda a: np.clip(a, -1, 1),
    ),
    "the rest between": (
        [("-1.5", "\\text{{wenn }} {z} < -3"), ("1.5", "\\text{{wenn }} {z} > 3"), ("{z}/2", "\\text{{sonst}}")],
        lambda a: np.clip(a / 2, -1.5, 1.5),
    ),
    "threshold": ([("1", "{z} > 0"), ("0", "{z} \\le 0")], lambda a: np.where(a > 0, 1.0, 0.0)),
}  # fmt: skip


@pytest.mark.parametrize("kind", PIECES)
@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize("direct", [True, False])
def test_a_function_in_pieces(kind: str, over: bool, direct: bool) -> None:
    rows, line = PIECES[kind]
    letter = "a_t" if direct else "z"
    gap = " \\\\\n" if over else " \\\\ "
    body = gap.join(f"{value.format(z=letter)} & {where.format(z=letter)}" for value, where in rows)
    pieces = f"\\begin{{cases}}\n{body}\n\\end{{cases}}" if over else f"\\begin{{cases}} {body} \\end{{cases}}"
    if direct:
        assert_is(f"$a_t = {SUM}$\n\n$$s_t = {pieces}$$\n", line)
    else:
        assert_is(f"$s_t = \\varphi({SUM})$\n\n$$\\varphi(z) = {pieces}$$\n", line)


FORMULAS: dict[str, Line] = {
    "(e^z - e^{-z}) / (e^z + e^{-z})": np.tanh,
    "1 / (1 + e^{-z})": lambda a: 1 / (1 + np.exp(-a)),
    "1 / (1 + e^{-2z})": lambda a: 1 / (1 + np.exp(-2 * a)),
    "2 / (1 + exp(-2z)) - 1": np.tanh,
    "z / (1 + |z|)": lambda a: a / (1 + abs(a)),
    "ln(1 + e^z)": lambda a: np.log1p(np.exp(a)),
    "1.7159 tanh(2/3 z)": lambda a: 1.7159 * np.tanh(2 / 3 * a),
    "0.5 (1 + tanh(z/2))": lambda a: 0.5 * (1 + np.tanh(a / 2)),
    "max(0, z)": lambda a: np.maximum(a, 0),
}


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("first", [True, False])
def test_a_function_by_its_formula(formula: str, first: bool) -> None:
    letter = ["f", "g", "σ", "φ", "act"][(len(formula) + first) % 5]
    lines = [f"s_t = {letter}({SUM})", f"{letter}(z) = {formula}"]
    assert_is("\n".join(lines[::-1] if first else lines), FORMULAS[formula])


@pytest.mark.parametrize("formula", [
    "z^+", "z if z > 0 else 0.1 z", "z^3", "z, z > 0; 0.1 z otherwise",
    "\\begin{cases} 1 & z \\ge 0 \\\\ 0 & z < 0 \\end{cases}",
    "\\begin{cases} 2 & z > 1 \\\\ z & z \\le 1 \\end{cases}", "\\begin{cases} z & z > 0 \\\\ 0 & z < -1 \\end{cases}",
])  # fmt: skip
def test_a_formula_that_is_not_read_is_no_tanh(formula: str) -> None:
    assert "f(z)" in refused(f"$s_t = f({SUM})$\n$f(z) = {formula}$\n") or "cases" in refused(
        f"$s_t = f({SUM})$\n$f(z) = {formula}$\n"
    )


@pytest.mark.parametrize("rest", [" if a_t > 0, else 0.1 a_t", ", falls a_t > 0, sonst 0.1 a_t", " & a_t > 0"])
def test_a_condition_behind_an_equation_is_not_left_out(rest: str) -> None:
    assert "s_t" in refused(f"a_t = {SUM}\ns_t = a_t{rest}\n")
