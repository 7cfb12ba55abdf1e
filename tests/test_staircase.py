"""Imports go down one staircase: a room imports lower steps and its own family, nothing looks back."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rnncalc"
STAIRS = [  # from the ground up; rooms of one step do not import each other
    {"errors", "language", "functions", "named", "norm", "safe", "spool"},
    {"files", "workers"},
    {"journal", "cluster", "bounds"},
    {"equations", "npy"},
    {"writing"},
    {"cells"},
    {"readout", "schedule", "threads"},
    {"walk", "layer", "losses", "view"},
    {"trace", "targets"},
    {"question", "states"},
    {"gradients", "engine"},
    {"tracing"},
    {"stepper", "backprop", "inference", "parameters", "sequences", "optim", "settings"},
    {"walked_run", "compiled_run"},
    {"training"},
    {"fitting"},
    {"network"},
    {"one_layer"},
    {"gradcheck", "update", "flow", "parse", "warming"},
    {"shapes", "words", "initialise", "data", "curve", "bigram", "series"},
    {"weights"},
    {"examples"},
    {"recipe"},
    {"runs"},
    {"prediction", "generation", "asking", "sweep", "plots", "estimators"},
    {"passes"},
    {"problems"},
    {"reading", "quantities"},
    {"document", "making"},
    {"work", "check"},
    {"report", "lesson"},
    {"homework"},
    {"render"},
    {"grading"},
    {"notebook"},
    {"cli"},
]
LEVEL = {room: level for level, rooms in enumerate(STAIRS) for room in rooms}
HEAVY = {  # package → the only places that may import it
    "click": ("cli",),
    "rich": ("render/table.py", "cli/progress.py", "cli/watching.py"),
    "numba": ("engine",),
    "llvmlite": ("engine",),
    "platformdirs": ("engine",),
    "safetensors": ("weights",),
    "matplotlib": ("plots.py",),
    "sklearn": ("estimators.py",),
    "distributed": ("cluster.py",),
}


def modules() -> list[Path]:
    return sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py") or path.parent != PACKAGE
    )


def imports(path: Path) -> list[str]:
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {id(node) for block in ast.walk(tree) if _only_types(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _only_types(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`, which imports nothing when the program runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_lower_steps(path):
    here = room(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "rnncalc" or len(parts) < 2 or parts[1].startswith("__"):
            continue
        assert parts[1] in LEVEL, f"{parts[1]} has no step"
        assert parts[1] == here or LEVEL[parts[1]] < LEVEL[here], f"{here} imports {parts[1]}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_stay_in_their_rooms(path):
    where = str(path.relative_to(PACKAGE))
    for name in imports(path):
        rooms = HEAVY.get(name.split(".")[0])
        assert rooms is None or where.startswith(rooms), f"{where} imports {name}"


def test_every_room_has_a_step():
    assert {room(path) for path in modules()} == set(LEVEL)
