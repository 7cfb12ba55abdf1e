"""How weights and signals lie in memory: packed panels, rows of signals, blocks that are used again."""
