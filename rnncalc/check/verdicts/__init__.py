"""Verdicts: how a single number is judged, how all are, and the arithmetic of the first slip."""
