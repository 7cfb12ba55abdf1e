"""CSV for programs and spreadsheets: full precision, one row a step, columns step, h[1], h[2], …"""

from __future__ import annotations

import csv
import io

from rnncalc.common import safe_text as safe
from rnncalc.report.document import Document, Grid, Table
from rnncalc.report.render import RenderOptions, grid
from rnncalc.report.render.numbers import exact


def render(document: Document, options: RenderOptions) -> str:
    """Every table of the document below one header; an empty cell where a sequence has no step."""
    blocks = document.sheet or document.blocks
    tables = [block for block in blocks if isinstance(block, Table)]
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    grids = [block for block in blocks if isinstance(block, Grid)]
    for number, block in enumerate(grids):
        writer.writerows([[]] if number else [])
        writer.writerow(map(safe.cell, block.keys or block.headings))
        writer.writerows(["" if cell is None else safe.cell(cell) for cell in grid.exactly(row)] for row in block.rows)
    if grids:
        return output.getvalue()
    for number, table in enumerate(tables):
        if number == 0:
            writer.writerow([*table.key, "step", *(column.key for column in table.columns)])
        for step, row in zip(table.steps, table.rows):
            writer.writerow([*table.key.values(), step, *("" if value is None else exact(value) for value in row)])
    return output.getvalue()
