r"""A sheet as it stands: prose, Markdown, LaTeX, code, tables, with the values and the equations of a problem in them.

`read` gives the keys of a problem; `scan` takes the text apart, `assemble` puts steps, tables and answers together.
"""

from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import assemble
from rnncalc.problems.sheet.parts import parts
from rnncalc.problems.sheet.scan import scan

__all__ = ["problems", "read"]


def read(text: str, decimal: str = "") -> dict[str, RawValue]:
    """The keys of a sheet's problem; of several, {"problems": {"Q1": keys, …}}. Raises ParseError with the line.

    decimal: comma or point, where somebody says how numbers are written.
    """
    preamble, begin, body = text.partition(r"\begin{document}")
    if begin:  # commands of one's own stay
        text = "\n".join(line if "newcommand" in line else "" for line in preamble.split("\n")) + body
    several = {name: assemble.read(part, decimal) for name, part in problems(text).items()}
    return {"problems": RawValue(several, "problems")} if several else assemble.read(text, decimal)


def problems(text: str) -> dict[str, str]:
    """The texts of the problems of a sheet by name; empty where there is one, with several questions about it."""
    own = {name: above + part for name, (above, part) in parts(text).items() if _says_something(part)}
    several = {name: part for name, part in own.items() if "x" in assemble.read(part)}
    return several if len(several) > 1 else {}


def _says_something(text: str) -> bool:
    sheet = scan(text)
    return bool(sheet.assigned or sheet.equations)
