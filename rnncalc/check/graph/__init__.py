"""A whole computation as one graph, which is walked in numbers, in intervals and in lanes."""
