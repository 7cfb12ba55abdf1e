"""From results to documents: which equations, which tables, whose arithmetic. Nothing here knows a format."""
