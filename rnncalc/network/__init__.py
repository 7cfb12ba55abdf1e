"""Layers together: forward, backward, streams, gradients by name, training, and weights in files."""
