"""Checks somebody's code against the engine, and names its mistakes."""

from rnncalc.check.code.checking import check_file, check_function
from rnncalc.check.code.verdict import CodeMistake, CodeVerdict, Finding

__all__ = ["CodeMistake", "CodeVerdict", "Finding", "check_file", "check_function"]
