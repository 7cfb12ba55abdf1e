"""A read-out's vector may stand on either side, whatever side the weights stand on: y = qᵀ h is y = Q h and h q."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.commands import command

A, B = np.array([[0.5, -1.5], [0.8, 0.6], [-0.9, 0.3]]), np.array([[1.2], [-0.7], [0.4]])
W = np.array([[0.2, -0.5, 0.3], [0.7, 0.1, -0.4], [0.6, 0.9, -0.2]])
Q = [0.75, -1.1, 1.6]
READ_OUTS = {
    "y_t = q^T h_t + s": [Q, [[number] for number in Q]],
    "y_t = q h_t + s": [[Q], Q],
    "y_t = h_t q + s": [[[number] for number in Q], Q],
}
STATES = {
    "columns": ("h_t = sigmoid(A x_t + {} + p)", A, {"B y_{t-1}": B, "W h_{t-1}": W}),
    "rows": ("h_t = sigmoid(x_t A + {} + p)", A.T, {"y_{t-1} B": B.T, "h_{t-1} W": W.T}),
}


@pytest.mark.parametrize("fed_back", ["y", "h"])
@pytest.mark.parametrize("stands", STATES)
@pytest.mark.parametrize("read_out", READ_OUTS)
def test_on_either_side(read_out: str, stands: str, fed_back: str, tmp_path: Path) -> None:
    y, h, wanted = 0.5, np.zeros(3), []
    for x in ([1, 0], [-2, 1], [0.5, 1.5]):
        a = A @ x + (B[:, 0] * y if fed_back == "y" else W @ h) + [-0.1, 0.25, 0.35]
        h = 1 / (1 + np.exp(-a))
        y = float(np.dot(Q, h) - 0.3)
        wanted.append([y])
    equation, inputs, terms = STATES[stands]
    term = next(term for term in terms if fed_back in term)
    for vector in READ_OUTS[read_out]:
        text = f"{equation.format(term)}\n{read_out}\nA = {json.dumps(inputs.tolist())}\n"
        text += f"{term[0] if stands == 'columns' else term[-1]} = {json.dumps(terms[term].tolist())}\n"
        text += f"p = [-0.1, 0.25, 0.35]\nq = {vector}\ns = -0.3\nx_1 = (1, 0)\nx_2 = (-2, 1)\nx_3 = (0.5, 1.5)\n"
        path = tmp_path / "sheet.txt"
        path.write_text(text + ("y_0 = 0.5\n" if fed_back == "y" else ""), encoding="utf-8")
        done = command("forward", str(path), "--format", "json")
        assert done.code == 0, (text, done.err)
        np.testing.assert_allclose(done.data["trace"]["y"], wanted, rtol=1e-12, err_msg=text)
