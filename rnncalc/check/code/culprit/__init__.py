"""Looks in somebody's source for the line that a mistake points to. It reads the source and never runs it."""
