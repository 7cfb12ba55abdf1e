"""Sheets as people paste them: layouts of matrices, programs, words of other languages, divisors behind a square.

Longer than other files: each layout has its sheet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

U, W, V = drawn_at(61, 2, 2), drawn_at(62, 2, 2), drawn_at(63, 1, 2)
B, C, X, D = drawn_at(64, 2), drawn_at(65, 1), drawn_at(66, 3, 2), drawn_at(67, 3)
KEYS: dict[str, Any] = {"U": U.tolist(), "W": W.tolist(), "b": B.tolist(), "x": X.tolist()}
READ_OUT: dict[str, Any] = {**KEYS, "V": V.tolist(), "c": C.tolist()}
LINE = "h_t = tanh(W h_{t-1} + U x_t + b)\n"
GIVEN = "".join(f"{name} = {printed(array)}\n" for name, array in {"U": U, "W": W, "b": B, "V": V, "c": C}.items())
INPUTS = "".join(f"x_{t} = {printed(row)}\n" for t, row in enumerate(X, 1))


def results(sheet: str | dict[str, Any]) -> dict[str, np.ndarray]:
    stated = problem(sheet)
    return dict(stated.backward(stated.forward()))


def assert_same_gradients(sheet: str, wanted: dict[str, Any]) -> None:
    ours, theirs = results(sheet), results(wanted)
    assert theirs.keys() <= ours.keys()  # two biases of PyTorch are one here
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=1e-15, err_msg=f"{name}\n{sheet}")


# layouts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [2, 3])
@pytest.mark.parametrize("pad", [0, 1, 2, 4])
def test_a_list_that_goes_on_below_beside_vectors_of_the_same_columns(pad: int, units: int) -> None:
    arrays = {"U": drawn_at(1, units, 2), "W": drawn_at(2, units, units)}
    bias, sheet = drawn_at(3, units), LINE
    for name, array in arrays.items():
        head = f"{name}{' ' * pad} = ["
        sheet += head + f",\n{' ' * len(head)}".join(printed(row) for row in array) + "]\n"
    sheet += f"b{' ' * pad} = {printed(bias)}\nh_0{' ' * pad} = {printed(bias)}\n{INPUTS}"
    wanted = {**{name: array.tolist() for name, array in arrays.items()}, "b": bias.tolist(), "h0": bias.tolist()}
    assert_same(sheet, {**wanted, "x": X.tolist()})


@pytest.mark.parametrize("units", [2, 4])
def test_a_matrix_between_round_brackets_with_its_name_between_two_rows(units: int) -> None:
    arrays = {"U": drawn_at(1, units, 3), "W": drawn_at(2, units, units)}
    bodies = {name: ["  ".join(f"{value:5.2f}" for value in row) for row in array] for name, array in arrays.items()}
    lines = [""] * (units + 1)
    for name, body in bodies.items():
        rows = [*body[: units // 2], " " * len(body[0]), *body[units // 2 :]]
        for at, row in enumerate(rows):
            lines[at] += f"{f'   {name} = ' if at == units // 2 else ' ' * 7}( {row} )"
    x = drawn_at(3, 2, 3)
    sheet = "h_t = tanh(W h_{t-1} + U x_t)\n\n" + "\n".join(lines) + "\n\n"
    sheet += "".join(f"x_{t} = {printed(row)}\n" for t, row in enumerate(x, 1))
    assert_same(sheet, {**{name: array.tolist() for name, array in arrays.items()}, "x": x.tolist()})


@pytest.mark.parametrize("brackets", ["[]", "()"])
@pytest.mark.parametrize("between", ["  ", ", "])
@pytest.mark.parametrize("units", [2, 3])
def test_a_line_is_a_row(units: int, between: str, brackets: str) -> None:
    arrays = {"U": drawn_at(1, units, 2), "W": drawn_at(2, units, units)}
    sheet = "h_t = tanh(W h_{t-1} + U x_t)\n"
    for name, array in arrays.items():
        rows = "\n     ".join(between.join(map(str, row)) for row in array)
        sheet += f"{name} = {brackets[0]}{rows}{brackets[1]}\n"
    assert_same(sheet + INPUTS, {**{name: array.tolist() for name, array in arrays.items()}, "x": X.tolist()})


# programs -------------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "sigmoid": ["1 / (1 + np.exp(-{0}))", "1.0/(1.0+np.exp(-{0}))"],
    "tanh": ["np.tanh({0})"],
    "relu": ["np.maximum(0, {0})"],
}


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in FUNCTIONS.items() for body in bodies])
@pytest.mark.parametrize("letter", ["z", "x", "a"])
def test_a_function_of_the_program_is_applied_to_a_sum(name: str, body: str, letter: str) -> None:
    arrays = "".join(f"{key} = np.array({printed(array)})\n" for key, array in {"Wx": U, "Wh": W, "b": B}.items())
    sheet = f"import numpy as np\n\ndef {name}({letter}):\n    return {body.format(letter)}\n\n{arrays}"
    sheet += f"X = np.array({printed(X)})\nh = np.array({printed(B)})\nfor t in range(3):\n"
    sheet += f"    h = {name}(Wx @ X[t] + Wh @ h + b)\n"
    assert_same(sheet, {**KEYS, "h0": B.tolist(), "activation": name})


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_a_layer_of_pytorch_and_the_axes_of_its_inputs(batch_first: bool, wrapped: bool) -> None:
    def tensor(array: np.ndarray) -> str:
        text = printed(array)
        return f"torch.tensor({text.replace('],', '],' + chr(10) + ' ' * 20) if wrapped else text})"

    arrays = {"weight_ih_l0": U, "weight_hh_l0": W, "bias_ih_l0": B, "bias_hh_l0": B[::-1]}
    given = "".join(f"    rnn.{name}.copy_({tensor(array)})\n" for name, array in arrays.items())
    x = X[None] if batch_first else X[:, None]
    options = "2, 2, batch_first=True" if batch_first else "input_size=2, hidden_size=2"
    sheet = f"rnn = nn.RNN({options})\nwith torch.no_grad():\n{given}x = {tensor(x)}\nout, h = rnn(x)\n"
    assert_same(sheet, {**KEYS, "b": (B + B[::-1]).tolist(), "x": [X.tolist()]})


@pytest.mark.parametrize("form", ["OrderedDict([{}])", "{{{}}}"])
def test_a_module_of_pytorch_with_its_printed_state(form: str) -> None:
    arrays = {"rnn.weight_ih_l0": U, "rnn.weight_hh_l0": W, "rnn.bias_ih_l0": B, "rnn.bias_hh_l0": B, "fc.weight": V,
              "fc.bias": C}  # fmt: skip
    entry = "('{}', tensor({}))" if form.startswith("O") else "'{}': tensor({})"
    state = form.format(", ".join(entry.format(name, printed(array)) for name, array in arrays.items()))
    sheet = f"""class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 2, batch_first=True)
        self.fc = nn.Linear(2, 1)
    def forward(self, x):
        out, h = self.rnn(x)
        return self.fc(out[:, -1, :])

>>> net.state_dict()
{state}
>>> x = torch.tensor({printed(X[None])})

The target is 0.5 and the loss is nn.MSELoss."""
    wanted = {**READ_OUT, "b": (2 * B).tolist(), "targets": [[[None], [None], [0.5]]], "loss": "mean_squared_error"}
    assert_same_gradients(sheet, {**wanted, "x": [X.tolist()]})


# losses ---------------------------------------------------------------------------------------------------------------

HALF, MEAN = "half_squared_error", "mean"
DIVIDED = [
    ("Σ_t (y_t - d_t)^2 / 2", HALF, ""),
    ("Σ_t (y_t - d_t)²/2", HALF, ""),
    ("sum over t of (y_t - d_t)^2 / 2", HALF, ""),
    ("\\sum_t \\frac{(y_t - d_t)^2}{2}", HALF, ""),
    ("\\frac{\\sum_t (y_t - d_t)^{2}}{2}", HALF, ""),
    ("Σ_t (y_t - d_t)^2 / 3", "squared_error", MEAN),
    ("Σ_t (y_t - d_t)^2 / T", "squared_error", MEAN),
    ("Σ_t (y_t - d_t)^2 / (2T)", HALF, MEAN),
    ("\\frac{1}{2} \\sum_{t=1}^{3} (y_t - d_t)^{2}", HALF, ""),
    ("Σ_t (y_t - d_t)^2", "squared_error", ""),
]


@pytest.mark.parametrize(("formula", "loss", "reduction"), DIVIDED)
@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("end", ["", ".", ". Compute it."])
def test_what_a_sum_of_squares_is_divided_by(formula: str, loss: str, reduction: str, beside: bool, end: str) -> None:
    sheet = f"{LINE}y_t = V h_t + c{', ' if beside else chr(10)}L = {formula}{end}\n{GIVEN}{INPUTS}d = {printed(D)}\n"
    wanted = {**READ_OUT, "loss": loss, "targets": D.tolist()}
    assert_same_gradients(sheet, {**wanted, "reduction": reduction} if reduction else wanted)


def test_a_formula_for_a_gradient_is_no_number() -> None:
    sheet = f"{LINE}y_t = V h_t + c\nL = Σ_t (y_t - d_t)^2\n{GIVEN}{INPUTS}d = {printed(D)}\n"
    sheet += "I only used the last step and got dL/dW = 2(y-d) * V * (1-h_3^2) * h_2. What is right?\n"
    assert_same_gradients(sheet, {**READ_OUT, "loss": "squared_error", "targets": D.tolist()})


@pytest.mark.parametrize("last", ["d - y({})", "y({}) - d"])
def test_the_step_of_an_output_in_round_brackets(last: str) -> None:
    sheet = "h(t) = tanh(W h(t-1) + U x(t) + b)\ny(t) = V h(t) + c\n"
    sheet += f"E = 1/2 ({last.format(3)})^2, d = 0.7\n{GIVEN}"
    sheet += "".join(f"x({t}) = {printed(row)}\n" for t, row in enumerate(X, 1))
    assert_same_gradients(sheet, {**READ_OUT, "loss": HALF, "targets": [None, None, 0.7]})


@pytest.mark.parametrize("step", ["x({})", "x_{}"])
@pytest.mark.parametrize("words", [" with label ", " with the target ", ", target ", " (desired output: "])
def test_a_target_beside_its_input(words: str, step: str) -> None:
    sheet = LINE + "y_t = V h_t + c\nL = ½ Σ (y_t − target_t)²\n" + GIVEN
    for t, (row, target) in enumerate(zip(X, D), 1):
        sheet += f"{step.format(t)} = {printed(row)}{words}{target}{')' * words.count('(')}\n"
    assert_same_gradients(sheet, {**READ_OUT, "loss": HALF, "targets": D.tolist()})


# words ----------------------------------------------------------------------------------------------------------------

RATES = [
    "Führen Sie einen Schritt mit der Lernrate {} aus.", "avec un taux d'apprentissage de {}",
    "con una tasa de aprendizaje de {}", "com taxa de aprendizado {}", "con tasso di apprendimento {}",
    "с темпом обучения {}", "скорость обучения {}", "学習率を {} とする。", "학습률 {} 로 갱신하시오.",
    "an SGD update with λ = {}", "gradient descent, ε = {}",
]  # fmt: skip


@pytest.mark.parametrize("words", RATES)
def test_a_learning_rate_in_other_words(words: str) -> None:
    sheet = f"{LINE}y_t = V h_t + c\nL = Σ_t (y_t - d_t)^2\n{GIVEN}{INPUTS}d = {printed(D)}\n{words.format(0.25)}\n"
    assert problem(sheet).task.lr == 0.25


def test_the_weight_of_a_penalty_is_no_learning_rate() -> None:
    sheet = f"{LINE}{GIVEN}{INPUTS}SGD with an L2 penalty, λ = 0.25\n"
    with pytest.raises(RnncalcError, match="λ"):
        problem(sheet)


CLASSES = {
    "binary_cross_entropy": ["binary cross-entropies", "이진 교차 엔트로피", "binäre Kreuzentropie",
                             "二値交差エントロピー", "entropie croisée binaire",
                             "entropía cruzada binaria", "бинарная кросс-энтропия"],
    "mean_squared_error": ["평균 제곱 오차", "平均二乗誤差", "mittlere quadratische Fehler",
                           "erreur quadratique moyenne", "error cuadrático medio", "среднеквадратичная ошибка"],
}  # fmt: skip


@pytest.mark.parametrize(("loss", "words"), [(loss, each) for loss, every in CLASSES.items() for each in every])
def test_a_loss_in_other_words(loss: str, words: str) -> None:
    sheet = f"{LINE}y_t = σ(V h_t + c)\n{GIVEN}{INPUTS}The targets are 1, 0, 1. Loss: {words}.\n"
    wanted = {**READ_OUT, "output": "sigmoid", "targets": [1, 0, 1], "loss": loss}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize("words", ["sum over the 3 steps", "the sum of the losses over time", "average over the steps"])
def test_how_the_losses_of_the_steps_are_put_together(words: str) -> None:
    sheet = f"{LINE}y_t = softmax(V h_t)\nU = {printed(U)}\nW = {printed(W)}\nb = {printed(B)}\n{INPUTS}"
    sheet += f"V = {printed(drawn_at(68, 3, 2))}\ntargets = [2, 0, 1]\n"
    sheet += f"At each step the cross-entropy loss; total loss = {words}\n"
    wanted = {**KEYS, "V": drawn_at(68, 3, 2).tolist(), "output": "softmax", "loss": "cross_entropy"}
    mean = {"reduction": "mean"} if words.startswith("average") else {}
    assert_same_gradients(sheet, {**wanted, **mean, "targets": [2, 0, 1]})


MULTIPLIED = [
    "{u} moltiplica l'ingresso x_t, {w} moltiplica lo stato h_{{t-1}}",
    "{u} multipliziert die Eingabe x_t, {w} multipliziert den Zustand",
    "{u} multiplie l'entrée x_t, {w} multiplie l'état précédent",
    "{u} multiplica la entrada x_t, {w} multiplica el estado anterior",
    "{u} は入力 x_t に、{w} は隠れ状態に掛かる",
    "{u}는 입력 x_t에, {w}는 은닉 상태에 곱해진다",
    "{u} умножается на вход x_t, {w} умножается на состояние",
    "{u} multiplies the input x_t and {w} multiplies the previous state",
]


@pytest.mark.parametrize("words", MULTIPLIED)
@pytest.mark.parametrize("letters", ["uw", "wu"])
def test_which_letter_multiplies_the_input(letters: str, words: str) -> None:
    values = dict(zip("uw", drawn_at(69, 2, 4).tolist()))
    sheet = "An LSTM cell.\n"
    for at, gate in enumerate("fiog"):
        sheet += "".join(f"{letter}_{gate} = {values[ours][at]}\n" for ours, letter in zip("uw", letters))
    sheet += f"{words.format(u=letters[0], w=letters[1])}.\nx = 1, 2, -1\n"
    wanted = {"cell": "lstm", "x": [1, 2, -1]}
    for ours, name in zip("uw", "UW"):
        wanted |= {f"{name}_{gate}": values[ours][at] for at, gate in enumerate("fiog")}
    assert_same(sheet, wanted)


# equations ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["o", "∘"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_circle_that_is_typed_as_a_letter(keeps: bool, sign: str) -> None:
    old, new = ("z_t", "(1 - z_t)") if keeps else ("(1 - z_t)", "z_t")
    sheet = f"""r_t = sigmoid(U_r x_t + W_r h_<t-1>)
z_t = sigmoid(U_z x_t + W_z h_<t-1>)
h~_t = tanh(U x_t + W (r_t {sign} h_<t-1>))
h_t = {old} {sign} h_<t-1> + {new} {sign} h~_t
where "{sign}" denotes elementwise multiplication
"""
    wanted: dict[str, Any] = {"cell": "gru", "update": "keep" if keeps else "write", "x": X.tolist()}
    for number, (gate, label) in enumerate({"r": "_r", "z": "_z", "n": ""}.items()):
        for name in "UW":
            array = drawn_at(70 + number + (name == "W") * 5, 2, 2)
            sheet += f"{name}{label} = {printed(array)}\n"
            wanted[f"{name}_{gate}"] = array.tolist()
    got = problem(sheet + INPUTS).forward()["h"]
    h = np.zeros(2)
    for x, row in zip(X, got):

        def of(name: str, gate: str) -> np.ndarray:
            return np.array(wanted[f"{name}_{gate}"])

        r, z = (1 / (1 + np.exp(-of("U", gate) @ x - of("W", gate) @ h)) for gate in "rz")
        n = np.tanh(of("U", "n") @ x + of("W", "n") @ (r * h))
        h = z * h + (1 - z) * n if keeps else (1 - z) * h + z * n
        np.testing.assert_allclose(row, h, rtol=1e-12)


@pytest.mark.parametrize("braces", [True, False])
def test_a_raised_two_is_a_layer_beside_a_raised_one(braces: bool) -> None:
    def raised(number: int) -> str:
        return f"^{{{number}}}" if braces else f"^{number}"

    sheet, layers = "", []
    for number in (1, 2):
        below, at = ("x_t", raised(number)) if number == 1 else (f"h{raised(1)}_t", raised(number))
        sheet += f"h{at}_t = tanh(W{at} {below} + U{at} h{at}_{{t-1}} + b{at})\n"
        arrays = drawn_at(80 + number, 2, 2), drawn_at(85 + number, 2, 2), drawn_at(90 + number, 2)
        sheet += "".join(f"{name}{at} = {printed(array)}\n" for name, array in zip("WUb", arrays))
        layers.append({name: array.tolist() for name, array in zip("UWb", arrays)})
    assert_same(sheet + INPUTS, {"layers": layers, "x": X.tolist()})


@pytest.mark.parametrize("order", ["ifog", "fiog", "ogif"])
@pytest.mark.parametrize("step", ["", "_t"])
def test_a_sum_that_is_divided_into_gates(step: str, order: str) -> None:
    parts = ", ".join(f"a_{gate}" for gate in order)
    sheet = f"We compute a{step} = W_x x_t + W_h h_{{t-1}} + b and divide it into four vectors {parts}.\n"
    for gate, function in zip("ifog", ["σ", "σ", "σ", "tanh"]):
        sheet += f"{gate}{step} = {function}(a_{f'{{t,{gate}}}' if step else gate})\n"
    sheet += f"c_t = f{step} * c_{{t-1}} + i{step} * g{step}\nh_t = o{step} * tanh(c_t)\n"
    arrays = {"W_x": drawn_at(95, 8, 2), "W_h": drawn_at(96, 8, 2), "b": drawn_at(97, 8)}
    sheet += "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    wanted = {"cell": "lstm", "gates": order, "x": X.tolist()}
    assert_same(sheet + INPUTS, {**wanted, **{ours: arrays[n].tolist() for ours, n in zip("UWb", arrays)}})


@pytest.mark.parametrize("line", ["H = zeros(2, 3); Y = zeros(1, 3);", "H = zeros(2,3);\nY = zeros(1,3);"])
def test_arrays_that_a_loop_fills(line: str) -> None:
    def matrix(array: np.ndarray) -> str:
        return f"[{'; '.join(' '.join(map(str, row)) for row in array)}]"

    sheet = f"""U = {matrix(U)};
W = {matrix(W)};
b = {matrix(B[:, None])};
V = {matrix(V)};
c = {C[0]};
X = {matrix(X.T)};   % one column per time step
h = zeros(2,1);
{line}
for t = 1:3
    h = tanh(U*X(:,t) + W*h + b);
    H(:,t) = h;
    Y(:,t) = V*h + c;
end
"""
    assert_same(sheet, READ_OUT)


@pytest.mark.parametrize("prime", ["h't", "h̃t", "n_t"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_candidate_with_a_prime_that_lost_its_index(keeps: bool, prime: str) -> None:
    old, new = ("zt", "(1 - zt)") if keeps else ("(1 - zt)", "zt")
    sheet = f"zt = σ(Wz xt + Uz ht-1)\nrt = σ(Wr xt + Ur ht-1)\n{prime} = tanh(Wh xt + Uh (rt ⊙ ht-1))\n"
    sheet += f"ht = {old} ⊙ ht-1 + {new} ⊙ {prime}\n"
    arrays = {name: drawn_at(100 + at, 2, 2) for at, name in enumerate(["Wz", "Wr", "Wh", "Uz", "Ur", "Uh"])}
    sheet += "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    h = np.zeros(2)
    for x, row in zip(X, problem(sheet + INPUTS).forward()["h"]):
        z, r = (1 / (1 + np.exp(-arrays[f"W{gate}"] @ x - arrays[f"U{gate}"] @ h)) for gate in "zr")
        n = np.tanh(arrays["Wh"] @ x + arrays["Uh"] @ (r * h))
        h = z * h + (1 - z) * n if keeps else (1 - z) * h + z * n
        np.testing.assert_allclose(row, h, rtol=1e-12)


@pytest.mark.parametrize("left", ['∘ h"_t', "⊙ 'n_t", "⊙ ?"])
def test_an_equation_is_not_read_without_its_last_factor(left: str) -> None:
    sheet = f"{LINE}h_t = (1 - z_t) ⊙ h_{{t-1}} + z_t {left}\nz_t = σ(U x_t)\n{GIVEN}{INPUTS}"
    with pytest.raises(RnncalcError):
        problem(sheet)


@pytest.mark.parametrize("signal", ["ŷ", "y_hat", "p"])
def test_a_loss_of_the_last_state_under_another_name(signal: str) -> None:
    sheet = f"{LINE}U = {printed(U[:, :1])}\nW = {printed(W)}\nb = {printed(B)}\n"
    sheet = f"h_t = tanh(u*x_t + w*h_{{t-1}})\nu = {U[0, 0]}, w = {W[0, 0]}\nx = {printed(D)}\n"
    sheet += f"{signal} = h_3, y = 0.3, L = ({signal} - y)^2/2\n"
    wanted = {"U": U[0, 0], "W": W[0, 0], "x": D.tolist(), "targets": [None, None, 0.3], "loss": HALF}
    assert_same_gradients(sheet, wanted)


PROGRAM_LOSSES = [
    ("loss = nn.CrossEntropyLoss()(logits.view(-1, 3), y)", MEAN),
    ("criterion = nn.CrossEntropyLoss()\nloss = criterion(logits.squeeze(0), y)", MEAN),
    ("loss = F.cross_entropy(logits.view(-1, 3), y)", MEAN),
    ("loss = nn.CrossEntropyLoss(reduction='sum')(logits.view(-1, 3), y)", ""),
]


@pytest.mark.parametrize(("call", "reduction"), PROGRAM_LOSSES)
@pytest.mark.parametrize("data", [".data", ""])
def test_a_loss_of_pytorch_is_a_mean(data: str, call: str, reduction: str) -> None:
    heads = drawn_at(110, 3, 2)
    given = {"rnn.weight_ih_l0": U, "rnn.weight_hh_l0": W, "fc.weight": heads, "fc.bias": drawn_at(111, 3)}
    sheet = "rnn = nn.RNN(2, 2, bias=False, batch_first=True)\nfc = nn.Linear(2, 3)\n"
    sheet += "".join(f"{name}{data} = torch.tensor({printed(array)})\n" for name, array in given.items())
    sheet += f"x = torch.tensor({printed(X[None])})\ny = torch.tensor([2, 0, 1])\nout, _ = rnn(x)\nlogits = fc(out)\n"
    wanted = {"U": U.tolist(), "W": W.tolist(), "V": heads.tolist(), "c": drawn_at(111, 3).tolist(), "x": [X.tolist()]}
    mean = {"reduction": reduction} if reduction else {}
    assert_same_gradients(f"{sheet}{call}\n", {**wanted, **mean, "targets": [[2, 0, 1]], "loss": "cross_entropy"})
