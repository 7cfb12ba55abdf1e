"""How numbers come in: text as people type it, print it and copy it, turned into arrays that remember their digits.

`matrix.read` is the door for one matrix, `sheet.read` for a whole problem as lines or JSON; `notation` knows other
people's letters. No reader evaluates anything, and every one is bounded in length, depth and digits.
"""
