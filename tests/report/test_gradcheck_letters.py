"""`backward --gradcheck` speaks the letters of the sheet, as the gradients above it do."""

from __future__ import annotations

import re

import pytest
from support.commands import command

SHEETS = {
    "h_t = tanh(w x_t + u h_{t-1}), w = 0.5, u = 0.8": ("dw", "du"),
    "h_t = tanh(W_{xh} x_t + W_{hh} h_{t-1}), W_{xh} = 0.5, W_{hh} = 0.8": ("dW_xh", "dW_hh"),
    "h_t = tanh(W x_t + U h_{t-1}), W = 0.5, U = 0.8": ("dW", "dU"),
}


@pytest.mark.parametrize("sheet", SHEETS)
def test_gradients_have_one_name_above_and_below(sheet: str) -> None:
    text = f"{sheet}, y_t = v h_t, v = 1.2, h_0 = 0, x = (1, 0.5), targets = (0.3, 0.1), loss: mse"
    shown = command("backward", "-", "--gradcheck", stdin=text).out
    table, check = shown.split("against complex step")
    for name in (*SHEETS[sheet], "dv"):
        printed = re.findall(rf"^ *{name} += (\S+)$", table, re.MULTILINE)[-1]
        line = next(line for line in check.splitlines() if line.split()[:1] == [name])
        assert printed[:6] in line
