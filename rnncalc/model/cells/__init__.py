"""The cells: one file each, and this list of them. A new cell is a new file and one more name here."""

from functools import lru_cache

from rnncalc.model.cells import elman, gru, gru_after, i2h_i2o, jordan, lstm
from rnncalc.model.cells.cell import Cell, Literature, Parameter

CELLS: dict[str, Cell] = {cell.CELL.name: cell.CELL for cell in (elman, jordan, lstm, gru, gru_after, i2h_i2o)}


def built_in(cell: Cell) -> bool:
    """Whether a cell is one of ours, switched or not; another one may be called alike."""
    base = CELLS.get(cell.name)
    if base is not None and cell.switched and all(option in base.switches for option in cell.switched):
        base = _switched(cell.name, tuple(cell.switched.items()))
    return cell == base


@lru_cache(maxsize=256)
def _switched(name: str, chosen: tuple[tuple[str, str], ...]) -> Cell:
    """One of ours with other switches, made once: whoever reads a problem asks for it often."""
    return CELLS[name].switch(**dict(chosen))


__all__ = ["CELLS", "Cell", "Literature", "Parameter", "built_in"]
