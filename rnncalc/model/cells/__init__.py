"""The cells: one file each, and this list of them. A new cell is a new file and one more name here."""

from rnncalc.model.cells import elman, gru, gru_after, i2h_i2o, jordan, lstm
from rnncalc.model.cells.cell import Cell, Literature, Parameter

CELLS: dict[str, Cell] = {cell.CELL.name: cell.CELL for cell in (elman, jordan, lstm, gru, gru_after, i2h_i2o)}


def built_in(cell: Cell) -> bool:
    """Whether a cell is one of ours, switched or not; another one may be called alike."""
    base = CELLS.get(cell.name)
    if base is not None and cell.switched and all(option in base.switches for option in cell.switched):
        base = base.switch(**cell.switched)
    return cell == base


__all__ = ["CELLS", "Cell", "Literature", "Parameter", "built_in"]
