"""An embedding at the bottom of a network: e_t = E x_t, where x_t is a one-hot row and so e_t a column of E.

It is a cell without a state, so everything that knows cells knows it: θ, gradients, optimisers, model files. What is
fed tokens, by their numbers, looks their columns up and adds gradients to them (`engine/lookup.py`, and training).
"""

from __future__ import annotations

from rnncalc.model.cells.cell import Cell

EMBEDDING = Cell(name="embedding", equations={"h": "E @ x_t"}, state=(), emits="h")
