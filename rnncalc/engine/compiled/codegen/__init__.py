"""Machine code from equations: vectors, products, functions, and the cache that keeps what was compiled."""
