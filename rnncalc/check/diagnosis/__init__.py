"""Why answers are wrong: mistakes as rewrites of the computation, and the search for those that explain the numbers."""
