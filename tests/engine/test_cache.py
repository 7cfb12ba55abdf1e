"""Kernels on disk: never stale, never shared by two cells, never what somebody else wrote, and no trouble of the disk
ever reaches the user."""

import ast
import errno
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from support.helpers import compiler, python

from rnncalc.engine.compiled.codegen import cache, jit

RUN = """
import numpy as np, rnncalc
cell = rnncalc.Cell("mine", {{"h": "{line}"}}, ["h"], "h")
net = rnncalc.Network([rnncalc.Layer(cell, W=[[0.5]], U=[[1.0]])])
print(net([[0.25], [0.5]]).ravel().tolist())
from rnncalc.engine.compiled.codegen import jit
print(jit.cache_folder())
"""
TANH, PLAIN = "tanh(W @ h_p + U @ x_t)", "W @ h_p + U @ x_t"


def mine(line: str, folder: Path | None = None, **environment: str) -> list[str]:
    return python(RUN.format(line=line), folder, **environment).splitlines()


def kernels(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.nbc")}


@compiler
def test_two_own_cells_of_one_name_in_two_processes(tmp_path: Path) -> None:
    first, folder = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    assert first == "[0.25, 0.625]"
    kept = kernels(tmp_path)
    assert kept
    second, second_folder = mine(TANH, RNNCALC_CACHE_DIR=str(tmp_path))
    assert second != first
    assert second_folder == folder
    assert kernels(tmp_path) > kept
    assert mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[0] == first


def test_the_next_process_finds_what_was_compiled(tmp_path: Path) -> None:
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == times


@compiler
def test_kept_code_is_loaded_without_what_compiles(tmp_path: Path) -> None:
    """Numba's own library and SciPy would take half a second; what is compiled afterwards finds them all the same."""
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    loaded = "import sys; print('numba.np.arraymath' in sys.modules)\n"
    code = RUN.format(line=PLAIN) + loaded + RUN.format(line=TANH) + loaded
    kept, _, before, compiled, _, after = python(code, RNNCALC_CACHE_DIR=str(tmp_path)).splitlines()
    assert (kept, before, after) == ("[0.25, 0.625]", "False", "True")
    assert [compiled] == mine(TANH, RNNCALC_CACHE_DIR=str(tmp_path))[:1]


def test_a_forced_width_has_a_folder_of_its_own(tmp_path: Path) -> None:
    narrow = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path), RNNCALC_VECTOR="128")
    plain = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path), RNNCALC_VECTOR="plain")
    assert narrow[0] == plain[0]
    assert narrow[1] != plain[1]


@compiler
def test_an_edited_source_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The trap: a helper in another file is edited, and its callers' machine code stays."""
    import rnncalc

    package = tmp_path / "site" / "rnncalc"
    shutil.copytree(Path(rnncalc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"RNNCALC_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(package.parent)}
    before = mine(PLAIN, tmp_path, **environment)
    products = package / "engine" / "compiled" / "codegen" / "gemm.py"
    source = products.read_text(encoding="utf-8")
    edited = source.replace(
        "vector.fma(entry_a, weights[v], running)", "vector.fma(vector.negate(entry_a), weights[v], running)"
    )
    assert edited != source
    products.write_text(edited, encoding="utf-8")
    after = mine(PLAIN, tmp_path, **environment)
    assert before[0] == "[0.25, 0.625]"
    assert after[0] == "[-0.25, -0.375]"
    assert after[1] != before[1]


def test_no_home_at_all(tmp_path: Path) -> None:
    surroundings = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_CACHE_HOME")}
    surroundings["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(line=PLAIN)], capture_output=True, text=True, env=surroundings
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[0.25, 0.625]")


def test_nowhere_to_write(tmp_path: Path) -> None:
    """Neither the user's cache nor the temporary folder can be used: compile, keep nothing, say nothing."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = mine(
        PLAIN, RNNCALC_CACHE_DIR=str(blocked / "below"), TMPDIR=str(tmp_path), XDG_CACHE_HOME=str(blocked / "x")
    )
    assert result[0] == "[0.25, 0.625]"
    assert str(tmp_path) in result[1]  # the temporary folder took its place
    closed = "import pathlib, errno\ndef mkdir(*given, **more): raise OSError(errno.EROFS, 'read-only')\n"
    code = closed + "pathlib.Path.mkdir = mkdir\n" + RUN.format(line=PLAIN)
    (tmp_path / "b").mkdir()
    result = python(code, RNNCALC_CACHE_DIR=str(tmp_path / "a"), TMPDIR=str(tmp_path / "b")).splitlines()
    assert result == ["[0.25, 0.625]", "None"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_home_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert mine(PLAIN, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))[0] == "[0.25, 0.625]"
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this system")
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    folder = Path(mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[1])
    folder.chmod(0o777)
    assert mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[1] != str(folder)


@compiler
def test_four_processes_at_once(tmp_path: Path) -> None:
    lines = [PLAIN, TANH, PLAIN, TANH]
    surroundings = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RUN.format(line=line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=surroundings,
        )
        for line in lines
    ]
    results = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, results
    printed = [out.splitlines()[0] for out, _err in results]
    assert printed[0] == printed[2] == "[0.25, 0.625]"
    assert printed[1] == printed[3] != printed[0]
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".nbc"}


def test_warmup_leaves_nothing_to_compile(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rnncalc", "warmup", "--cell", "elman", "--train"]
    environment = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert re.fullmatch(rf"elman, float64: [\d.]+ s\nkept in {re.escape(str(tmp_path))}\S+\n", done.stdout)
    before = kernels(tmp_path)
    code = """
import numpy as np, rnncalc
net = rnncalc.Elman(np.ones((3, 2)), np.ones((3, 3)), V=np.ones((2, 3)), output="softmax")
for x in (np.ones((4, 2)), np.ones((200, 4, 2))):
    net(x)
    net.backward(net.forward(x), dy=np.ones((*x.shape[:-1], 2))).x
net.fit(np.ones((9, 4, 2)), np.ones((9, 4), int), loss="cross_entropy", epochs=2, validation=0.3, clip_norm=1.0)
net.fit([[0, 1], [1]], [1, 0], loss="cross_entropy", epochs=2, optimizer="sgd", momentum=0.9)
"""
    python(code, RNNCALC_CACHE_DIR=str(tmp_path))
    assert kernels(tmp_path) == before


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_who_waits_for_a_compilation_is_told_once_unless_the_logger_is_silent(level: str) -> None:
    code = f"""
import logging, time
logging.getLogger("rnncalc").setLevel("{level}")
from rnncalc.engine.compiled.codegen import jit
jit.PATIENCE = 0.05
for seconds in (0.0, 0.3, 0.3):
    with jit.compile_notice():
        time.sleep(seconds)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.count("\n") == done.stderr.count("rnncalc warmup") == (level == "WARNING")


# damage ---------------------------------------------------------------------------------------------------------------

Twice = Callable[[], tuple[float, bool]]  # what `kernel` gives


def twice(x: float) -> float:
    return 2 * x + 1


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twice:
    """Call `twice` as the next process would: what it gives, and whether it was found on disk."""
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)

    def run() -> tuple[float, bool]:
        dispatcher: Any = jit.jit(twice)
        return dispatcher(20.5), bool(dispatcher._cache_hits)

    return run


@compiler
def test_one_flipped_bit_is_refused_and_compiled_again(kernel: Twice, tmp_path: Path) -> None:
    assert kernel() == (42.0, False)
    (path,) = tmp_path.iterdir()
    whole, rng = path.read_bytes(), random.Random(1)
    assert kernel() == (42.0, True)
    for _flip in range(2000):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        assert cache.read(path) is None
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, True)


@compiler
@pytest.mark.parametrize("damage", ["empty", "short", "cut", "longer", "zeros", "folder", "no pickle", "another's"])
def test_what_is_no_kernel_is_compiled_again(kernel: Twice, tmp_path: Path, damage: str) -> None:
    kernel()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage in ("no pickle", "another's"):  # a right checksum of something else
        import pickle

        cache.write(path, b"no pickle" if damage == "no pickle" else pickle.dumps(("another", ())))
    else:
        damaged = {"empty": b"", "short": whole[:20], "cut": whole[:-1], "longer": whole + b"\0", "zeros": bytes(999)}
        path.write_bytes(damaged[damage])
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, damage != "folder")


@compiler
@pytest.mark.parametrize("where", [(tempfile, "mkstemp"), (os, "fdopen"), (os, "replace"), (Path, "open")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EIO])
def test_a_disk_that_refuses_reaches_nobody(
    kernel: Twice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[Any, str],
    number: int,
) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(where[0], where[1], refuse)
        assert kernel() == (42.0, False)
    assert kernel() == (42.0, where[1] == "open")
    assert [path.suffix for path in tmp_path.iterdir()] == [".nbc"]


@compiler
def test_a_disk_that_is_full_in_the_midst_keeps_nothing(
    kernel: Twice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, number: int, _mode: str) -> None:
            self.number = number

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            os.close(self.number)

        def write(self, content: bytes) -> None:
            os.write(self.number, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", Full)
    assert kernel() == (42.0, False)
    assert not list(tmp_path.iterdir())


@compiler
def test_a_folder_that_vanishes(kernel: Twice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path / "gone")
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, False)


@compiler
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no modes on this system")
def test_what_is_kept_is_for_nobody_else(kernel: Twice, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kernel()
        folder = cache._made((tmp_path / "a" / "b").resolve())
    finally:
        os.umask(before)
    (path,) = tmp_path.glob("*.nbc")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(place.stat().st_mode) for place in (folder, folder.parent)} == {0o700}
    path.chmod(0o666)
    assert kernel() == (42.0, False)


# attack ---------------------------------------------------------------------------------------------------------------

ROOT, US, OTHER = 0, 1000, 65534
Trusted = Callable[..., bool]  # (owner, mode) of each level → whether the last is trusted


@pytest.fixture
def owned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trusted:
    """A folder three levels deep of which the caller says whose each level is, and with which mode."""
    monkeypatch.setattr(os, "getuid", lambda: US, raising=False)
    real = Path.lstat
    said: dict[Path, tuple[int, int]] = {}
    base = tmp_path.resolve()
    levels = [base, base / "a", base / "a" / "b"]

    def lstat(path: Path) -> SimpleNamespace | os.stat_result:
        if path in said:
            owner, mode = said[path]
            return SimpleNamespace(st_uid=owner, st_mode=stat.S_IFDIR | mode)
        return SimpleNamespace(st_uid=ROOT, st_mode=stat.S_IFDIR | 0o755) if path in base.parents else real(path)

    monkeypatch.setattr(Path, "lstat", lstat)

    def trusted(*levels_said: tuple[int, int]) -> bool:
        said.update(zip(levels, levels_said))
        try:
            return cache._made(levels[-1]) == levels[-1]
        except cache._NotOursError:
            return False

    return trusted


@pytest.mark.parametrize(
    ("levels", "good"),
    [
        ([(ROOT, 0o755), (US, 0o755), (US, 0o700)], True),
        ([(ROOT, 0o1777), (US, 0o700), (US, 0o700)], True),  # /tmp
        ([(US, 0o1777), (US, 0o700), (US, 0o700)], True),
        ([(ROOT, 0o1777), (OTHER, 0o755), (US, 0o700)], False),  # who was there first can swap what lies inside
        ([(ROOT, 0o1777), (OTHER, 0o777), (US, 0o700)], False),
        ([(ROOT, 0o1777), (ROOT, 0o755), (US, 0o700)], False),
        ([(OTHER, 0o1777), (US, 0o700), (US, 0o700)], False),
        ([(ROOT, 0o777), (US, 0o700), (US, 0o700)], False),
        ([(ROOT, 0o775), (US, 0o700), (US, 0o700)], False),  # a group, root's or not
        ([(ROOT, 0o755), (US, 0o1777), (US, 0o700)], True),
        ([(ROOT, 0o755), (US, 0o755), (US, 0o1777)], False),  # kernels themselves lie in no shared folder
        ([(ROOT, 0o755), (US, 0o755), (US, 0o720)], False),
        ([(ROOT, 0o755), (US, 0o755), (OTHER, 0o700)], False),
        ([(OTHER, 0o755), (US, 0o755), (US, 0o700)], False),
    ],
)
def test_whose_folder_is_trusted(owned: Trusted, levels: list[tuple[int, int]], good: bool) -> None:
    assert owned(*levels) == good


def test_every_chain_of_owners_and_modes(owned: Trusted) -> None:
    """The rule once more, of every chain of three folders."""
    kinds = [(owner, mode) for owner in (ROOT, US, OTHER) for mode in (0o700, 0o755, 0o775, 0o757, 0o1777, 0o1775)]
    for chain in ((root, middle, last) for root in kinds for middle in kinds for last in kinds):
        nobody = all(owner != OTHER for owner, _mode in chain)
        for (_owner, mode), after in zip(chain, [*(owner for owner, _mode in chain[1:]), None]):
            nobody &= not mode & 0o022 or (bool(mode & 0o1000) and after == US)
        assert owned(*chain) == nobody, chain


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives folders away")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
def test_a_temporary_folder_that_somebody_else_made_first(tmp_path: Path, mode: int) -> None:
    """The predictable name, made by another user, who would swap the kernels inside for their own."""
    first = tmp_path / f"rnncalc-{os.getuid()}"
    first.mkdir()
    first.chmod(mode)
    os.chown(first, OTHER, OTHER)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(cache.cache_folder(), cache.refused()[-1])"
    said = python(code, RNNCALC_CACHE_DIR=str(blocked / "below"), TMPDIR=str(tmp_path))
    assert said == f"None {first} belongs to another user\n"
    assert not list(first.iterdir())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no links and modes on this system")
def test_links_are_resolved_once(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    own.mkdir(mode=0o700)
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "link").symlink_to(own)
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(cache.cache_folder())"
    folder = Path(python(code, RNNCALC_CACHE_DIR=str(shared / "link")).strip())
    assert folder.parent == own.resolve()  # where a link leads is looked at, not where it lies
    (own / "link").symlink_to(shared)
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(*cache.refused())"
    said = python(code, RNNCALC_CACHE_DIR=str(own / "link")).strip()
    assert said == f"other users can write to {shared.resolve()}"


def test_where_files_have_no_owners_the_profile_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folder = (tmp_path / "a" / "b").resolve()
    assert cache._made(folder) == folder
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "elsewhere")
    with pytest.raises(cache._NotOursError, match="profile"):
        cache._made(folder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this system")
def test_warmup_says_why_nothing_is_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    command = [
        sys.executable,
        "-c",
        "import sys, rnncalc.network.warmup as w\nw.warm = print\nimport rnncalc.cli as c\nc.main()",
    ]
    environment = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path / "mine"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*command, "warmup", "--cell", "elman"], env=environment, capture_output=True, text=True, check=True
    )
    reason = f"kernels are not kept there: other users can write to {tmp_path.resolve()}"
    assert done.stdout.splitlines()[2:] == [
        reason,
        reason,
        "nothing is kept: set RNNCALC_CACHE_DIR to a folder that only you can write to",
    ]


# what kernels are made of ---------------------------------------------------------------------------------------------


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
