"""Training in machine code: a network's calls as one tape, played batch after batch, and the optimisers' updates."""
