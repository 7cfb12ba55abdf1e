"""Rewrites of a Spec: each returns the Spec that a person with this mistake has solved.

A rewrite that is impossible, such as the transpose of a rectangular matrix, returns None or yields nothing.
"""
