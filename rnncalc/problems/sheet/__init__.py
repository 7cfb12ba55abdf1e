r"""A sheet as it stands: prose, Markdown, LaTeX, code, tables, with the values and the equations of a problem in them.

`read` gives the keys of a problem, in four steps. First `runs` refuses or shortens what runs on without end. Then the
text is written in one spelling, line by line (`cleaned` lists the rewrites: `sentence_values` and `step_lines` make
assignments of sentences and labels). Then `scan` takes it apart: `heads` finds names before a sign, `right_sides` what
stands behind; `values`, `working`, `tables`, `code` read the numbers. Last, `assemble` puts it together: `roles` says
which name is what; `sequences`, `words`, `answers` and `claims` fill the keys; `prose`, `sizes`, `digits`,
`letter_roles` and `named_functions` ask the sentences; `unread` lists what is left.
"""

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import assemble
from rnncalc.problems.sheet.bounds import bounded
from rnncalc.problems.sheet.parts import parts
from rnncalc.problems.sheet.scan import scan


def read(text: str, decimal: str = "", answers: bool = False) -> dict[str, RawValue]:
    """The keys of a sheet's problem; of several, {"problems": {"Q1": keys, …}}. Raises ParseError with the line.

    decimal: comma or point, where somebody says how numbers are written. answers: all of it is somebody's answers to
    one problem. A problem that cannot be read, beside others
    that can, is the error in place of its keys.
    """
    text = bounded(text)
    preamble, begin, body = text.partition(r"\begin{document}")
    if begin:  # commands of one's own stay
        text = "\n".join(line if "newcommand" in line else "" for line in preamble.split("\n")) + body
    if answers:
        return assemble.read(text, decimal, answers)
    problems = _problems(text, decimal)
    if not problems:
        try:
            return assemble.read(text, decimal)
        except RnncalcError:  # the parts of a sheet may contradict each other, where one of them has no inputs
            problems = _problems(text, decimal, least=1)
            if not problems:
                raise
    return {"problems": RawValue({name: keys for name, (_part, keys) in problems.items()}, "problems")}


def problems(text: str) -> dict[str, str]:
    """The texts of the problems of a sheet by name; empty where there is one, with several questions about it."""
    return {name: part for name, (part, _read) in _problems(text, "").items()}


def _problems(text: str, decimal: str, least: int = 2) -> dict[str, tuple[str, dict[str, RawValue] | RnncalcError]]:
    """Each problem of several: its text, and its keys or why it cannot be read; least: parts that are problems."""
    several: dict[str, tuple[str, dict[str, RawValue] | RnncalcError]] = {}
    for name, (above, own) in parts(text).items():
        part = above + own
        try:
            if not _says_something(own):
                continue
            keys = assemble.read(part, decimal)
        except RnncalcError as error:
            several[name] = part, error
        else:
            if "x" in keys:
                several[name] = part, keys
            elif least == 1 and scan(own).equations:
                several[name] = part, ProblemError(_("x is missing: nothing says the inputs"))
    readable = [keys for _part, keys in several.values() if not isinstance(keys, RnncalcError)]
    return several if len(several) >= least and readable else {}


def _says_something(text: str) -> bool:
    sheet = scan(text)
    return bool(sheet.assigned or sheet.equations)
