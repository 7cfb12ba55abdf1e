"""Names that could stand for anything, or that mean something else in the field, stand nowhere: docs/words.md."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
BANNED = frozenset(
    "found one asked because wished told walked abreast recall again spare totals ways starts "
    "Ready Prepared Judged Found Wish Made Look Given Schedule Descent Ran Late Pass Unit".split()
)
SHARED = frozenset("Call Cell Column Function Place Signal Single Table Task View".split())  # names of two classes
NAMES = ("id", "arg", "attr", "name", "asname", "rest")  # fields of nodes that hold a name or None


def banned(source: str) -> dict[str, list[int]]:
    """Banned name → the lines of its variables, arguments, attributes, functions, classes and imports."""
    lines: dict[str, list[int]] = defaultdict(list)
    for node in ast.walk(ast.parse(source)):
        fields = [getattr(node, field, None) for field in NAMES] + getattr(node, "names", [])  # global, nonlocal
        for name in BANNED.intersection(field for field in fields if isinstance(field, str)):
            lines[name].append(getattr(node, "lineno", 0))
    return dict(lines)


def test_a_banned_name_is_found_wherever_it_stands() -> None:
    for source in (
        "found = 1", "def f(*, one=2): pass", "f(asked=1)", "a.starts", "class Pass: pass", "import a as told",
        "from a import walked", "lambda again: 0", "global ways", "try: pass\nexcept E as totals: pass",
        "match a:\n case {**spare}: pass", "match a:\n case [*recall]: pass", "match a:\n case x as because: pass",
    ):  # fmt: skip
        assert banned(source), source
    assert not banned("'found'  # one\nonce = founded = {'asked': 1}")


def test_no_file_has_a_banned_name() -> None:
    faults = {
        f"{path.relative_to(ROOT)}": lines
        for folder in ("rnncalc", "tests", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := banned(path.read_text(encoding="utf-8")))
    }
    assert not faults, "\n".join(f"{place}: {lines}" for place, lines in faults.items())


def test_a_name_is_that_of_one_class() -> None:
    places = defaultdict(list)
    for path in sorted((ROOT / "rnncalc").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}")
    shared = {name: files for name, files in places.items() if len(files) > 1 and name not in SHARED}
    assert not shared, "\n".join(f"{name}: {', '.join(files)}" for name, files in shared.items())
