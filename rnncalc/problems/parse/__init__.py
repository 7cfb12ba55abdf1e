"""Reads numbers as people type, print and copy them into arrays that keep the digits of every entry.

`matrix.read` reads one matrix, `given.read` a whole problem as lines or JSON. No reader evaluates code, and each bounds
length, depth and digits.
"""
