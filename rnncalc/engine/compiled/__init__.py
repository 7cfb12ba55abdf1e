"""How equations run fast, knowing no cell by name. Importing anything here imports numba: load it on first need.

jit compiles and caches · vector is the register's vocabulary · step turns a stage's lines into fused vector code ·
products applies packed weights · loops holds the one forward loop · compiled is the door: a layer's weights, packed.
"""
