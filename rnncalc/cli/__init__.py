"""Who asks: the command line. One command, one file, named alike; no maths here."""

from rnncalc.cli.main import main

__all__ = ["main"]
