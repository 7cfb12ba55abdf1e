"""How equations run fast, knowing no cell by name. Importing anything here imports Numba: load it on first need.

layout names the columns of tables · codegen turns lines into vector code and applies weights · kernels loop over
steps · packing lays weights and tables out for them · execution runs a cell · training runs whole epochs.
"""
