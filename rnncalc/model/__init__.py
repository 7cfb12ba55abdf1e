"""What is computed, as data: equations, cells, layers with weights, losses, a batch's rows. No engine, no file."""
