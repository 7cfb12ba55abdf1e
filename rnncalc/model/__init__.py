"""What is computed, as data: equations, cells, layers with their weights, losses, a batch's rows. No engine, no file."""
