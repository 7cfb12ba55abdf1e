"""Would the tests notice? Small faults are put into check/ and model/, one at a time, and the room's fast tests run.

    python bench/mutation.py                                  # 300 mutants, half in each room: an hour or more
    python bench/mutation.py --count 10 --room model --seed 2

A comparison is flipped (< for <=, == for !=), + and − are exchanged, a `not` is dropped, a whole number is one larger.
A mutant is killed if a test fails or takes too long. Those that survive are printed with their line: look at each, for
it is a line that no fast test knows, or a change that changes nothing.
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
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import keep

ROOT = Path(__file__).parents[1]
ROOMS = {  # room → its fast tests
    "check": ("tests/check/test_check_graph.py", "tests/check/test_check.py", "tests/check/test_mistakes.py"),
    "model": ("tests/model", "tests/problems/test_published.py"),
}
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


def mutant(source: str, number: int) -> tuple[int, str, str]:
    """The source with one node changed: its line, what was done, and the text."""
    tree = ast.parse(source)
    node = list(ast.walk(tree))[number]
    what = _change(node)
    return getattr(node, "lineno", 1), what, ast.unparse(ast.fix_missing_locations(tree))


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


def passes(folder: Path, room: str, seconds: float) -> bool:
    """Whether the room's fast tests pass in time. Nothing is compiled; no bytecode is kept, for it could be stale."""
    around = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not numba")
    try:
        command = [sys.executable, "-m", "pytest", *options, *ROOMS[room]]
        return subprocess.run(command, cwd=folder, env=around, capture_output=True, timeout=seconds).returncode == 0
    except subprocess.TimeoutExpired:
        return False


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
            begin = time.monotonic()
            assert passes(folder, room, 3600), f"the tests of {room} fail without any fault"
            seconds = time.monotonic() - begin
            print(f"{room}: {seconds:.0f} s for the tests without a fault", flush=True)
            paths = sorted((folder / "rnncalc" / room).rglob("*.py"))
            found = [(path, number) for path in paths for number in places(path.read_text("utf-8"))]
            chosen = random.Random(options.seed).sample(found, min(options.count // len(rooms), len(found)))
            for path, number in sorted(chosen):
                source = path.read_text("utf-8")
                line, what, text = mutant(source, number)
                path.write_text(text, "utf-8")
                killed = not passes(folder, room, 3 * seconds + 30)
                path.write_text(source, "utf-8")
                where = f"{path.relative_to(folder)}:{line}"
                rows.append({"room": room, "where": where, "what": what, "killed": killed})
                shown = "" if killed else f"    {source.splitlines()[line - 1].strip()}"
                print(f"{'killed  ' if killed else 'SURVIVED'} {where}: {what}{shown}", flush=True)
    for room in rooms:
        counts = Counter(row["killed"] for row in rows if row["room"] == room)
        print(f"{room}: {counts[True]} killed, {counts[False]} survived, of {counts.total()}")
    keep({"what": "mutation", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
