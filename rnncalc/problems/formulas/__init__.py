"""Equations as sheets write them: read, matched with the cells, or taken as a cell of their own."""
