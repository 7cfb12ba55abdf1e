"""Equations as data: read from text, printed, evaluated, sorted into stages, differentiated."""
