"""The rewrites that mistakes are made of: each takes a Spec and gives the one that somebody solved instead.

None (or nothing yielded) where the rewrite makes no sense: a rectangular matrix is not transposed by mistake.
"""
