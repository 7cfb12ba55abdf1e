r"""A sheet as it stands: prose, Markdown, LaTeX, code, tables, with the values and the equations of a problem in them.

`read` gives the keys of a problem; `scan` takes the text apart, `assemble` puts steps, tables and answers together.
"""

from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import assemble
from rnncalc.problems.sheet.parts import parts

__all__ = ["problems", "read"]


def read(text: str) -> dict[str, RawValue]:
    """The keys of a sheet's problem; of several, {"problems": {"Q1": keys, …}}. Raises ParseError with the line."""
    several = {name: keys for name, part in parts(text).items() if "x" in (keys := assemble.read(part))}
    if len(several) > 1:
        return {"problems": RawValue(several, "problems")}
    return assemble.read(text)


def problems(text: str) -> dict[str, str]:
    """The texts of the problems that `read` finds in a sheet of several."""
    return {name: part for name, part in parts(text).items() if "x" in assemble.read(part)}
