"""The loops over steps: forward and backward, along a sequence's units and in lanes across sequences."""
