"""What type checkers see: every public result as what it is, to mypy and to pyright alike."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rnncalc

GIVEN = """\
import numpy as np
import rnncalc

x = np.ones((5, 3))
net = rnncalc.LSTM(np.ones((8, 3)), np.ones((8, 2)))
trace: rnncalc.Trace = net.forward(x)
grads = net.backward(trace, np.ones((5, 2)))
stepper: rnncalc.Stepper = net.stepper()
worked = rnncalc.problem(U=0.9, W=0.5, x=[1])
gradebook = rnncalc.grade({"U": 0.9}, "folder")
model = rnncalc.load_model("model.safetensors")
"""
ARRAY = "ndarray[tuple[Any, ...], dtype[Any]]"
TYPES = {  # expression → its type; Any is what depends on how many layers there are
    "rnncalc.Elman(x, x)": "Elman", "rnncalc.Jordan(x, x)": "Jordan", "rnncalc.LSTM(x, x)": "LSTM",
    "rnncalc.GRU(x, x)": "GRU", "rnncalc.GRUAfter(x, x)": "GRUAfter", "rnncalc.I2HI2O(x, x)": "I2HI2O",
    "rnncalc.Layer('gru', U=x, W=x)": "Layer", "rnncalc.Network([rnncalc.Layer('gru', U=x, W=x)])": "Network",
    "rnncalc.random_network('lstm', inputs=3, hidden=8, outputs=2)": "Network",
    "rnncalc.load('net.onnx')": "Network", "rnncalc.save(net, 'net.npz')": "None",
    "rnncalc.save_model(net, 'net.safetensors')": "None", "rnncalc.from_state_dict({})": "Network",
    "rnncalc.to_state_dict(net)": f"dict[str, {ARRAY}]", "rnncalc.CELLS['lstm']": "Cell",
    "rnncalc.Cell('own', {'h': 'tanh(U @ x_t)'}, ['h'], 'h')": "Cell",
    "net(x)": ARRAY, "net([x, x])": ARRAY, "net(x, return_state=True)": f"tuple[{ARRAY}, States]",
    "net.parameters": f"Mapping[str, {ARRAY}]", "net.set({})": "None", "net.update(grads, lr=0.1)": "None",
    "net.fit([x], np.ones((1, 2)), loss='squared_error')": "list[dict[str, float]]",
    "trace": "Trace", "trace.output": ARRAY, "trace['h']": ARRAY, "trace.final": "States", "trace.h": "Any",
    "grads": "Gradients", "grads.x": ARRAY, "grads.loss": "float | None", "grads.states": "States",
    "grads.parameters": f"dict[str, {ARRAY}]", "grads['V']": ARRAY, "grads.U": "Any",
    "stepper": "Stepper", "stepper.step(x[0])": ARRAY, "stepper.state": "States", "stepper.state['h']": "Any",
    "stepper.state.flat": f"dict[str, {ARRAY}]", "stepper.state.stacked('h')": ARRAY,
    "rnncalc.States.from_flat({})": "States",
    "model": "TrainedModel", "model.network": "Network", "model.vocabulary": "list[str]", "model.classes": "list[str]",
    "model.scaling": f"dict[str, {ARRAY}]", "model.predict(x)": ARRAY, "model.predict([x, x])": f"list[{ARRAY}]",
    "model.predict('new.csv')": "list[dict[str, Any]]",
    "worked": "Worked", "rnncalc.load_problem('problem.json')": "Worked", "worked.forward()": "Forward",
    "worked.backward()": "Backward", "worked.check(h=[['0.7']])": "Checked", "worked.forward().text()": "str",
    "gradebook": "Gradebook", "gradebook['Ada']": "Row", "gradebook.rows": "list[Row]", "gradebook.text('csv')": "str",
    "gradebook.report('html')": "str", "rnncalc.check_function(max, 'cs231n')": "CheckedCode",
    "rnncalc.testing.assert_rnn_forward(max)": "None", "rnncalc.RNNClassifier()": "RNNClassifier",
    "rnncalc.RNNRegressor().predict([x])": ARRAY, "rnncalc.RnncalcError('what is wrong')": "RnncalcError",
}  # fmt: skip
WRONG = ["rnncalc.Elmann(x, x)", "net.fit([x], x)", "rnncalc.load(3)", "rnncalc.save(net)"]
CHECKERS = {"mypy": ("Revealed type is", ["--strict"]), "pyright": ("Type of", ["--pythonpath", sys.executable])}


def test_every_public_name_is_among_them() -> None:
    named = set(re.findall(r"rnncalc\.(\w+)", GIVEN + " ".join(TYPES)))
    assert set(rnncalc.__all__) <= named


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_sees_what_each_is(checker: str, tmp_path: Path) -> None:
    pytest.importorskip(checker)
    begins, options = CHECKERS[checker]
    lines = [*GIVEN.splitlines(), *(f"reveal_type({expression})" for expression in TYPES), *WRONG]
    path = tmp_path / "said.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", checker, *options, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1]).stdout
    seen = {
        int(line): text for line, text in re.findall(rf'said\.py:(\d+).*?{begins}.*?"([^"]+)"$', said, re.MULTILINE)
    }
    wrong = {int(line) for line in re.findall(r"said\.py:(\d+).*? error:", said)}
    first = len(GIVEN.splitlines()) + 1
    for number, (expression, expected) in enumerate(TYPES.items(), first):
        short = re.sub(r"\b(?:\w+\.)+(?=\w)", "", seen[number])  # mypy says modules, too
        assert short == expected, (expression, seen[number])
    assert wrong == set(range(first + len(TYPES), len(lines) + 1)), said
