"""Training a network: sequences, settings, optimisers, the epochs of both engines, `fit`."""
