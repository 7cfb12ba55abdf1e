"""The cells: one file each, and this list of them. A new cell is a new file and one more name here."""

from rnncalc.cells import elman, gru, gru_after, i2h_i2o, jordan, lstm
from rnncalc.cells.cell import Cell, Literature, Parameter

CELLS: dict[str, Cell] = {cell.CELL.name: cell.CELL for cell in (elman, jordan, lstm, gru, gru_after, i2h_i2o)}

__all__ = ["CELLS", "Cell", "Literature", "Parameter"]
