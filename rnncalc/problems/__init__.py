"""What a person states, in any notation, becomes a network, its inputs and what is asked of them."""
