"""Columns of the kernels' tables and fields of a cell's geometry: packing writes them, kernels read them by number.

A name is one number: where two tables have a column of the same meaning, it stands at the same place in both. Names are
whole numbers of a module, which Numba freezes into the machine code.
"""

# geometry: padded widths of lines of H and of O units, entries of a row, entries of a vector, number of stages, where a
# copy of x lies in a row (-1: none) and its entries, the addresses of `multiply` and, across sequences, of `affine`
WIDTH_H, WIDTH_O, PITCH, LANES, STAGES, INPUT_AT, INPUTS, MULTIPLY, AFFINE = range(9)

# products: stage, where the source lies in a row, whether that is the row before, entries of the source, where the
# weight's panels begin, where the targets of its vectors begin in the list of columns, number of vectors
STAGE, SOURCE, EARLIER, DEPTH, PANEL, COLUMN, VECTORS = range(7)
PRODUCT_COLUMNS = 7

# row-wise lines: STAGE, SOURCE, where the result goes, width, kind; backward, from adjoint to adjoint, also where the
# result of the forward pass lies
TARGET, WIDE, KIND, VALUE = range(2, 6)
ROWWISE_COLUMNS, BACK_ROWWISE_COLUMNS = 5, 6

# tiles of `affine`: STAGE, where the targets of its units begin in the list of columns, number of units, whether it
# continues what it finds, PANEL; then for each of two terms which row its source lies in, where, and its entries
TILE_COLUMN, TILE_UNITS, CONTINUES = range(1, 4)
TERM_SOURCE, TERM_AT, TERM_DEPTH = range(5, 8)
TERM_COLUMNS, TILE_COLUMNS = 3, 11
FROM_X, FROM_HERE, FROM_EARLIER = range(3)  # rows of a term: the inputs, the row itself, the row that it continues

# states: where each lies in a row, its width, where it goes in a row of final states; the emitted signal: the first two
OFFSET, WIDTH, FINAL = range(3)
STATE_COLUMNS = 3

# gradients of weights, each source with a run of neighbouring lines: SOURCE (-1: the inputs), EARLIER, DEPTH, the first
# vector of the lines, where their sums begin, VECTORS; column 0 is unused
FIRST, OUT_AT = 4, 5
GRADIENT_COLUMNS = 7
# the same across sequences, each use of a weight: where its line lies, SOURCE, EARLIER, DEPTH, the line's units, OUT_AT
LINE, UNITS = 0, 4
LANE_GRADIENT_COLUMNS = 6

# gradients as people know them: which of the sums (weights, biases, slopes), the first of them, how far apart columns
# are, DEPTH, UNITS, where they go, their sign, whether they are added to what is there
SUM, BEGIN, APART = range(3)
PLACE, SIGN, ADDS = range(5, 8)
SHOWN_COLUMNS = 8

# blocks of packed weights that are fetched anew out of θ: where a run of entries side by side begins, and where in θ,
# how many entries it has, how far apart they are in θ; how many such runs there are, how far apart they begin, and in
# θ; whether the sign changes
TO, FROM, LENGTH, STRIDE, RUNS, RUN_TO, RUN_FROM, MINUS = range(8)
BLOCK_COLUMNS = 8
