r"""A sheet as it stands: prose, Markdown, LaTeX, code, tables, with the values and the equations of a problem in them.

`read` gives the keys of a problem; `scan` takes the text apart, `assemble` puts steps, tables and answers together.
"""

from rnncalc.problems.sheet.assemble import read

__all__ = ["read"]
