"""One compiled cell and all that it does: a call, a trace, the way back, streams, lanes, threads."""
