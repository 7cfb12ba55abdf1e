"""The rooms of the package stand on one staircase: a room imports only lower rooms, and no two files import each other.

Every import counts: at the top of a file, inside a function, for types only. `pytest -n 0 -s -k measure` prints the
measure: names at the root, arrows between rooms, circles.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rnncalc"
ROOMS = {  # room → its step, from the ground up; rooms on one step do not import each other
    "errors": 0, "common": 1, "model": 2, "engine": 3, "network": 4, "problems": 5, "check": 6, "pipeline": 6,
    "report": 7, "classroom": 8, "cli": 9,
}  # fmt: skip
COMPILED = ("layout", "codegen", "kernels", "packing", "execution", "training")  # inside engine/compiled, likewise
AT_THE_ROOT = {"__init__.py", "__main__.py", "py.typed", "errors.py", *(room for room in ROOMS if room != "errors")}
MOST_ARROWS = 45  # between rooms
HEAVY = {  # package → the only places that may import it
    "click": ("cli",),
    "rich": ("report/render/table.py", "cli/progress.py", "cli/watching.py"),
    "numba": ("engine/compiled",),
    "llvmlite": ("engine/compiled",),
    "platformdirs": ("engine/compiled",),
    "safetensors": ("network/weights",),
    "onnx": ("network/weights",),
    "h5py": ("network/weights",),
    "pyarrow": ("pipeline/data/arrow.py", "pipeline/data/frame.py"),
    "matplotlib": ("pipeline/plots.py",),
    "sklearn": ("pipeline/estimators.py",),
    "distributed": ("cli/scheduler.py",),
    "IPython": ("report/magic.py",),
}
FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, dotted."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(modules)


@cache
def neighbours(path: Path) -> frozenset[Path]:
    """The files of the package that a file imports."""
    return frozenset(file for name in imported(path) if (file := file_of(name)) is not None and file != path)


def file_of(name: str) -> Path | None:
    """The file of a dotted name: a module, a package, or the one that holds the name."""
    parts = name.split(".")
    if parts[0] != "rnncalc":
        return None
    for length in (len(parts), len(parts) - 1):
        place = PACKAGE.joinpath(*parts[1:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def arrows() -> set[tuple[str, str]]:
    """(room, room that it imports)"""
    inside = [path for path in FILES if room(path) in ROOMS]
    return {(room(path), room(other)) for path in inside for other in neighbours(path)} - {
        (name, name) for name in ROOMS
    }


def circles() -> list[list[str]]:
    """Files that import each other, directly or through others (Tarjan's strongly connected components)."""
    number: dict[Path, int] = {}
    lowest: dict[Path, int] = {}
    stack: list[Path] = []
    components: list[list[str]] = []

    def visit(path: Path) -> None:
        number[path] = lowest[path] = len(number)
        stack.append(path)
        for other in neighbours(path):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[path] = min(lowest[path], lowest[other])
        if lowest[path] == number[path]:
            component = stack[stack.index(path) :]
            del stack[stack.index(path) :]
            if len(component) > 1:
                components.append(sorted(map(place, component)))

    for path in FILES:
        if path not in number:
            visit(path)
    return components


def test_the_root_holds_the_rooms_and_nothing_else() -> None:
    assert {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"} == AT_THE_ROOT


@pytest.mark.parametrize("path", FILES, ids=place)
def test_a_room_imports_only_lower_rooms(path: Path) -> None:
    if room(path) not in ROOMS:
        return  # __init__ and __main__ hold what is public
    for other in neighbours(path):
        here, there = room(path), room(other)
        assert there in ROOMS, f"{place(path)} imports {place(other)}"
        assert there == here or ROOMS[there] < ROOMS[here], f"{place(path)} imports {place(other)}"


def test_inside_the_compiled_engine_files_go_one_way_too() -> None:
    home = PACKAGE / "engine" / "compiled"
    step = {name: number for number, name in enumerate(COMPILED)}
    for path in home.rglob("*.py"):
        here = path.relative_to(home).parts[0].removesuffix(".py")
        for other in neighbours(path) if here in step else ():
            if home in other.parents:
                there = other.relative_to(home).parts[0].removesuffix(".py")
                assert step[there] <= step[here], f"{place(path)} imports {place(other)}"


def test_no_two_files_import_each_other() -> None:
    assert circles() == []


def test_measure() -> None:
    upward = [arrow for arrow in arrows() if ROOMS[arrow[1]] >= ROOMS[arrow[0]]]
    print(f"\n{len(AT_THE_ROOT)} names at the root, {len(arrows())} arrows between rooms, {len(upward)} upward, "
          f"{len(circles())} circles, {len(FILES)} files")  # fmt: skip
    assert len(arrows()) <= MOST_ARROWS


@pytest.mark.parametrize("path", FILES, ids=place)
def test_heavy_packages_stay_in_their_rooms(path: Path) -> None:
    for name in imported(path):
        rooms = HEAVY.get(name.split(".")[0])
        assert rooms is None or place(path).startswith(rooms), f"{place(path)} imports {name}"
