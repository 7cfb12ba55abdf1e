"""Would the tests notice? Small faults are put into check/ and model/, one at a time, and tests that run the line.

    python bench/mutation.py                                  # 300 mutants, half in each room: about an hour
    python bench/mutation.py --count 10 --room model --seed 2

A comparison is flipped (< for <=, == for !=), + and − are exchanged, a `not` is dropped, a whole number is one larger.
The room's tests run once under coverage.py, which tells the tests of each line and how long they take: of a mutant's
tests the quickest run, until one fails or their time is up. A mutant is killed if a test fails or takes too long. Those
that survive are printed with their line: look at each, for it is a line that no quick test of the room knows, or a
change that changes nothing. It needs coverage.py (`pip install ".[dev]"`).
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from measure import keep

ROOT = Path(__file__).parents[1]
ROOMS = {  # room → its tests
    "check": ("tests/check",),
    "model": ("tests/model", "tests/problems/test_published.py"),
}
OPTIONS = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not numba")
BUDGET = 20  # seconds of tests for a mutant
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
EXCHANGED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}


def places(source: str) -> list[int]:
    """The nodes, counted as `ast.walk` goes, that can be changed."""
    nodes = list(ast.walk(ast.parse(source)))
    annotations = {id(part) for node in nodes for part in _annotation(node)}
    return [number for number, node in enumerate(nodes) if id(node) not in annotations and _change(node)]


def mutant(source: str, number: int) -> tuple[int, int, str, str]:
    """The source with one node changed: its first and last line, what was done, and the text."""
    tree = ast.parse(source)
    node = list(ast.walk(tree))[number]
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    return first, last, _change(node), ast.unparse(ast.fix_missing_locations(tree))


def _annotation(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        part = getattr(node, name, None)
        if part is not None:
            yield from ast.walk(part)


def _change(node: ast.AST) -> str:
    """Change a node in place; what was done, or nothing."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED:
        before = type(node.ops[0])
        node.ops[0] = FLIPPED[before]()
        return f"{before.__name__} → {FLIPPED[before].__name__}"
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in EXCHANGED:
        sign = type(node.op)
        node.op = EXCHANGED[sign]()
        return f"{sign.__name__} → {EXCHANGED[sign].__name__}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)  # not not x is x
        return "not dropped"
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
        return f"{node.value - 1} → {node.value}"
    return ""


class Tests:
    """The tests of a room, which of them run a line, and how long each takes."""

    def __init__(self, folder: Path, room: str):
        self.folder, self.paths = folder, ROOMS[room]
        report, data = folder / "report.xml", folder / ".coverage"
        settings = folder / "contexts.ini"
        settings.write_text(f"[run]\ndata_file = {data}\ndynamic_context = test_function\nsource = rnncalc/{room}\n")
        words = ("-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", *OPTIONS, f"--junitxml={report}")
        assert self._run([*words, *self.paths], 3600) == 0, f"the tests of {room} fail without any fault"
        self.seconds: dict[str, float] = Counter()  # test → its time, over all parameters
        for case in ElementTree.parse(report).iter("testcase"):
            file = case.attrib["classname"].replace(".", "/") + ".py"
            self.seconds[f"{file}::{case.attrib['name'].partition('[')[0]}"] += float(case.attrib["time"])
        self.ids = {node[len(Path(node).parent.as_posix()) + 1 :].replace(".py::", "."): node for node in self.seconds}
        from coverage import CoverageData  # imported here, since only development has it

        self.data = CoverageData(str(data))
        self.data.read()

    def of(self, path: Path, first: int, last: int) -> list[str]:
        """The quickest tests that run these lines; of lines that run at import, the quickest of all."""
        contexts = self.data.contexts_by_lineno(str(path))
        names = {name for line in range(first, last + 1) for name in contexts.get(line, ())}
        nodes = self.seconds if "" in names else {self.ids[name] for name in names if name in self.ids}
        quickest = sorted(nodes, key=self.seconds.__getitem__)
        return [node for node, spent in zip(quickest, accumulate(map(self.seconds.get, quickest))) if spent <= BUDGET]

    def pass_(self, nodes: list[str]) -> bool:
        """Whether these tests pass in time. Nothing is compiled."""
        return not nodes or self._run(["-m", "pytest", *OPTIONS, *nodes], 60 + 3 * BUDGET) == 0

    def _run(self, words: list[str], seconds: float) -> int:
        """The exit code of Python; 1 if it takes too long. No bytecode is kept, for it could be stale."""
        around = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        try:
            command = [sys.executable, *words]
            return subprocess.run(command, cwd=self.folder, env=around, capture_output=True, timeout=seconds).returncode
        except subprocess.TimeoutExpired:
            return 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="of mutants in all")
    parser.add_argument("--room", choices=ROOMS, help="default: both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="keep the figures")
    options = parser.parse_args()
    rooms = [options.room] if options.room else list(ROOMS)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("rnncalc", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for room in rooms:
            tests = Tests(folder, room)
            print(f"{room}: {sum(tests.seconds.values()):.0f} s for the tests without a fault", flush=True)
            paths = sorted((folder / "rnncalc" / room).rglob("*.py"))
            faults = [(path, number) for path in paths for number in places(path.read_text("utf-8"))]
            chosen = random.Random(options.seed).sample(faults, min(options.count // len(rooms), len(faults)))
            for path, number in chosen:
                source = path.read_text("utf-8")
                first, last, what, text = mutant(source, number)
                path.write_text(text, "utf-8")
                killed = not tests.pass_(tests.of(path, first, last))
                path.write_text(source, "utf-8")
                where = f"{path.relative_to(folder)}:{first}"
                rows.append({"room": room, "where": where, "what": what, "killed": killed})
                shown = "" if killed else f"    {source.splitlines()[first - 1].strip()}"
                print(f"{'killed  ' if killed else 'SURVIVED'} {where}: {what}{shown}", flush=True)
    for room in rooms:
        counts = Counter(row["killed"] for row in rows if row["room"] == room)
        print(f"{room}: {counts[True]} killed, {counts[False]} survived, of {counts.total()}")
    keep({"what": "mutation", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
