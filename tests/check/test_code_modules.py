"""PyTorch modules in the forms in which people write them: right ones are right, whatever holds their biases."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from textwrap import dedent

import pytest

from rnncalc.check.code import check_file
from rnncalc.check.code.loading import Code
from rnncalc.check.code.module import readings
from rnncalc.classroom.code.answers import record
from rnncalc.classroom.code.remote import _reading

torch = pytest.importorskip("torch")

LIBRARY = """
    from torch import nn

    class Net(nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.cell = nn.{kind}(input_size, hidden_size, bias={bias})

        def forward(self, x, h):
            return self.cell(x, h)
"""
OWN = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, n_in, n_hid):
            super().__init__()
            {layers}

        def forward(self, x, h):
            outputs = []
            for x_t in x:
                {gates}
                r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
                n = torch.tanh(xn + {reset})
                h = {update}
                outputs.append(h)
            return torch.stack(outputs), h[None]
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(dedent(text), "utf-8")
    return file


def own(
    stacked: bool, biases: str, recurrent_first: bool, reset: str = "r * hn", update: str = "(1 - z) * n + z * h"
) -> str:
    """A GRU: its layers for x and h in one matrix or three, a bias beside both, one or none, in either order."""
    sides = [("x", "n_in", "x" in biases), ("h", "n_hid", "h" in biases)][:: -1 if recurrent_first else 1]
    names = [(f"{side}2h", "3 * n_hid", size, bias) for side, size, bias in sides]
    gates = ["xr, xz, xn = self.x2h(x_t).chunk(3, 1)", "hr, hz, hn = self.h2h(h).chunk(3, 1)"]
    if not stacked:
        names = [(f"{side}{gate}", "n_hid", size, bias) for gate in "rzn" for side, size, bias in sides]
        gates = [
            f"{side}{gate} = self.{side}{gate}({'x_t' if side == 'x' else 'h'})" for side in "xh" for gate in "rzn"
        ]
    layers = [f"self.{name} = nn.Linear({size}, {units}, bias={bias})" for name, units, size, bias in names]
    return OWN.format(layers="; ".join(layers), gates="; ".join(gates), reset=reset, update=update)


@pytest.mark.parametrize("kind", ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_library_itself_is_right(kind: str, bias: bool, tmp_path: Path) -> None:
    file = written(tmp_path, LIBRARY.format(kind=kind, bias=bias))
    assert [(each.verdict, each.mistakes, each.findings) for each in check_file(file)] == [("right", [], [])] * 2


@pytest.mark.parametrize(("stacked", "biases", "first"), [*product([True, False], ["xh", "x", ""], [True, False])])
def test_the_bias_behind_the_reset_gate_is_found(stacked: bool, biases: str, first: bool, tmp_path: Path) -> None:
    forward, backward = check_file(written(tmp_path, own(stacked, biases, first)))
    assert (forward.verdict, forward.cell, backward.verdict) == ("right", "gru_after", "right"), forward


@pytest.mark.parametrize("stacked", [True, False])
def test_a_mistake_in_front_of_it_is_named_alone(stacked: bool, tmp_path: Path) -> None:
    forward, backward = check_file(written(tmp_path, own(stacked, "xh", False, update="z * n + (1 - z) * h")))
    assert [mistake.id for mistake in forward.mistakes] == ["update_complement"]
    assert backward.verdict == "right"


@pytest.mark.parametrize(("reset", "update"), [("hn ** 2", "z * n + r * h"), ("hn", "z * n + (1 - z) * h")])
def test_what_pytorch_derives_belongs_to_its_forward_pass(reset: str, update: str, tmp_path: Path) -> None:
    """Whatever is wrong with the forward pass, and whether that has a name."""
    forward, backward = check_file(written(tmp_path, own(True, "xh", False, reset=reset, update=update)))
    assert forward.verdict == "wrong"
    assert (backward.verdict, backward.mistakes, backward.findings) == ("right", [], [])
    assert "mend Net.forward first" in backward.notes[-1]


STEP = """
    import numpy as np

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        h = np.tanh({kind}(x @ Wx + prev_h @ Wh + b))
        return h, (x, prev_h, Wx, Wh, h)

    def rnn_step_backward(dnext_h, cache):
        x, prev_h, Wx, Wh, h = cache
        da = {factor} * dnext_h * (1 - h ** 2)
        return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)
"""


@pytest.mark.parametrize("factor", ["1", "1.001"])
@pytest.mark.parametrize("kind", ["np.asarray", "np.float32"])
def test_sums_of_float32_in_float64_are_no_mistake(kind: str, factor: str, tmp_path: Path) -> None:
    forward, backward = check_file(written(tmp_path, STEP.format(kind=kind, factor=factor)))
    assert forward.verdict == "right"
    assert (backward.verdict == "right") == (factor == "1"), backward


LISTED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, D, H):
        super().__init__()
        self.i2h, self.h2h = nn.Linear(D, H), nn.Linear(H, H, bias=False)

    def forward(self, x, h):
        states = []
        for row in x:
            h = torch.tanh(self.i2h(row) + {recurrent})
            states.append(h)
        return {returned}
"""


@pytest.mark.parametrize("returned", ["states", "(states, h)", "torch.stack(states), h"])
def test_a_list_of_what_every_step_gave_is_an_array(returned: str, tmp_path: Path) -> None:
    verdicts = check_file(written(tmp_path, LISTED.format(returned=returned, recurrent="self.h2h(h)")))
    assert [verdict.verdict for verdict in verdicts] == ["right", "right"]
    forward, _backward = check_file(written(tmp_path, LISTED.format(returned=returned, recurrent="0 * self.h2h(h)")))
    assert forward.mistakes[0].id == "recurrence_omitted"


STEP_OF_LSTM = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, D, H):
            super().__init__()
            self.i2h = nn.Linear(D + H, 4 * H)

        def forward(self, x, state):
            h, c = state
            i, f, g, o = self.i2h(torch.cat([x, h], dim=1)).chunk(4, dim=1)
            i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
            g = {g}
            c = {c}
            h = {h}
            return {returned}
"""
LINES = {"g": "torch.tanh(g)", "c": "f * c + i * g", "h": "o * torch.tanh(c)"}


@pytest.mark.parametrize("returned", ["h, c", "(h, c)", "h, (h, c)", "h, (h.clone(), c)"])
def test_a_state_may_be_returned_twice(returned: str, tmp_path: Path) -> None:
    forward, backward = check_file(written(tmp_path, STEP_OF_LSTM.format(**LINES, returned=returned)))
    assert [(each.verdict, each.mistakes) for each in (forward, backward)] == [("right", [])] * 2


def test_two_gates_that_are_left_out_are_both_named(tmp_path: Path) -> None:
    wrong = {"g": "torch.sigmoid(g)", "c": "f * c + g", "h": "torch.tanh(c)"}
    forward, _backward = check_file(written(tmp_path, STEP_OF_LSTM.format(**wrong, returned="h, (h, c)")))
    named = [(mistake.id, mistake.line.text if mistake.line else "") for mistake in forward.mistakes]
    assert named == [
        ("candidate_sigmoid", "g = torch.sigmoid(g)"), ("gate_omitted", "c = f * c + g"),
        ("gate_omitted", "h = torch.tanh(c)"),
    ]  # fmt: skip


READ_OUT = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, D, H, O):
            super().__init__()
            self.i2h, self.h2o = nn.Linear(D + H, H), nn.Linear(H, O)

        def forward(self, x, h):
            h = torch.tanh(self.i2h(torch.cat((x, h), 1)))
            return {output}, h
"""
FUNCTIONS = ["self.h2o(h)", "torch.log_softmax(self.h2o(h), 1)", "self.h2o(h).softmax(1)", "torch.sigmoid(self.h2o(h))"]


@pytest.mark.parametrize("output", FUNCTIONS)
def test_the_function_of_the_output_is_told_by_its_numbers(output: str, tmp_path: Path) -> None:
    file = written(tmp_path, READ_OUT.format(output=output))
    assert [(each.verdict, each.mistakes, each.findings) for each in check_file(file)] == [("right", [], [])] * 2
    code = Code.of_file(str(file))
    tasks = [forward.task for forward, _backward in readings(code, "Net", None)]
    sent = [_reading("Net", record(forward))[1].task for forward, _backward in readings(code, "Net", None)]
    assert tasks == sent  # another process tells it as well


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_softmax_over_the_batch_is_named(function: str, tmp_path: Path) -> None:
    file = written(tmp_path, READ_OUT.format(output=f"torch.{function}(self.h2o(h), 0)"))
    assert [mistake.id for mistake in check_file(file)[0].mistakes] == ["softmax_over_batch"]
