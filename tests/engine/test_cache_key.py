"""What the key of the kernels' folder covers: all that kernels are made of, and nothing else."""

import ast
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from support.helpers import python

from rnncalc.engine.compiled.codegen import cache


def source_of(module: str) -> Path:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def imported(module: str) -> set[str]:
    """The modules of rnncalc that a module imports, lazily or not, but for types alone."""
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    modules: set[str] = set()
    for_types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    left_out = {id(node) for guard in for_types for node in ast.walk(guard)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in left_out:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return {name for name in modules if name.split(".")[0] == "rnncalc" and name != "rnncalc" and exists(name)}


def exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a name in a module that is no package
        return False


def defines_kernels(module: str) -> bool:
    text = source_of(module).read_text(encoding="utf-8")
    kernels = re.search(r"^\s*@(jit|njit|intrinsic|overload|register_jitable)\b", text, re.MULTILINE)
    return bool(kernels) and not re.search(r"from typing import .*\boverload\b", text)


# what is imported there, but a part of no kernel
BESIDE = tuple(
    f"rnncalc.{module}"
    for module in ("errors", "common.i18n", "common.kinds", "common.places", "common.suggest", "common.threads")
)


def test_the_key_covers_all_that_kernels_are_made_of() -> None:
    """From every module that defines kernels along its imports: each is hashed, or said to be a part of none."""
    package = source_of("rnncalc").parent
    modules = [
        ".".join(("rnncalc", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")
        for path in package.rglob("*.py")
    ]
    todo, seen = [module for module in modules if defines_kernels(module)], set()
    assert len(todo) > 10
    while todo:
        module = todo.pop()
        if module not in seen and module not in BESIDE:
            seen.add(module)
            todo += imported(module)
    hashed = {name for source in cache.SOURCES for name, _content in cache._sources(source)}
    assert seen <= hashed
    assert not hashed & set(BESIDE)
    assert not any(defines_kernels(module) for module in BESIDE)


def test_only_an_edit_of_what_kernels_are_made_of_changes_the_key(tmp_path: Path) -> None:
    package = tmp_path / "rnncalc"
    shutil.copytree(source_of("rnncalc").parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import rnncalc.engine.compiled.codegen.cache as c\nprint(c.__file__, c._key())"

    def key() -> str:
        where, key = python(code, tmp_path, PYTHONPATH=str(tmp_path)).split()
        assert where.startswith(str(tmp_path))
        return key

    def append(place: str) -> None:
        (package / place).parent.mkdir(exist_ok=True)
        with (package / place).open("a", encoding="utf-8") as file:
            file.write("# a word\n")

    first = key()
    for place in ("cli/main.py", "check/graph/loss.py", "report/backward.py", "common/i18n.py", "errors.py"):
        append(place)
    assert key() == first
    seen = {first}
    for place in (
        "model/losses.py",
        "model/cells/lstm.py",
        "engine/compiled/codegen/vector.py",
        "engine/more/__init__.py",
    ):
        append(place)
        seen.add(key())
    append("engine/more/kernels.py")
    seen.add(key())
    assert len(seen) == 6
