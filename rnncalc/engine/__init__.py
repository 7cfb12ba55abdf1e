"""How a cell is run: two answers to one question, the equations interpreted line by line and the same compiled."""
