"""What is computed, as data: equations, cells, layers with their weights, losses, the rows of a batch. No engine, no file."""
