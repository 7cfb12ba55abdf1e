"""Where kernels are kept on disk for the next process. A kept kernel is code: whoever can change it runs as us.

a) Ownership guards against attack. After links are resolved, every folder from the root down belongs to root or to us,
   and nobody else can write to it. A group that can write counts as somebody else, root's too: who its members are
   cannot be told (an access list that lets others write shows as such a group). The one exception is a folder with the
   sticky bit, as /tmp has it, whose next entry is ours: nobody else can rename that. Where files have no owners
   (Windows), only folders in the user's own profile are used.
b) A checksum guards against damage: a file begins with the SHA-256 of the rest, which is compared before it is read.
c) The folder's name is a digest of what kernels are made of (`SOURCES`), so that an edit there leaves no stale code.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pkgutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy
from platformdirs import user_cache_dir

from rnncalc.common.i18n import _, os_error_reason
from rnncalc.engine.compiled.codegen.register import WIDTH

# The packages and modules that machine code depends on: those that define kernels, and all that they import
SOURCES = ("rnncalc.engine", "rnncalc.model")


def cache_folder() -> Path | None:
    """The folder of this version's kernels, ours alone to write; None where there is none."""
    return _choice()[0]


def refused() -> tuple[str, ...]:
    """Why a folder that comes first is not used, or why none is, a sentence each."""
    return _choice()[1]


@cache
def _choice() -> tuple[Path | None, tuple[str, ...]]:
    """The first folder that can be used, below RNNCALC_CACHE_DIR or the user's cache, else a temporary one."""
    user, reasons = str(os.getuid()) if hasattr(os, "getuid") else "user", list[str]()
    try:
        name = f"kernels-{_key()}"
        chosen = os.environ.get("RNNCALC_CACHE_DIR") or user_cache_dir("rnncalc")
        for base in (chosen, os.path.join(tempfile.gettempdir(), f"rnncalc-{user}")):
            try:
                return _made((Path(base).expanduser() / name).resolve()), tuple(reasons)
            except _NotOursError as error:
                reasons.append(str(error))
            except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no home, links in a circle
                reasons.append(f"{base}: {os_error_reason(error)}")
    except Exception as error:  # sources that cannot be read, no home, no temporary folder: kernels are not kept
        reasons.append(f"{type(error).__name__}: {error}")
    return None, tuple(reasons)


def write(path: Path, content: bytes) -> None:
    """Put a file in its place, whole or not at all, for nobody else to read. Raises OSError."""
    number, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def read(path: Path) -> bytes | None:
    """What `write` was given, with not a bit changed; None where that cannot be said. Raises OSError."""
    with path.open("rb") as file:
        if _others(os.fstat(file.fileno()), path):
            return None
        whole = file.read()
    size = hashlib.sha256().digest_size
    return whole[size:] if hashlib.sha256(whole[size:]).digest() == whole[:size] else None


# whose it is ----------------------------------------------------------------------------------------------------------


class _NotOursError(Exception):
    """Somebody else could change what is kept there."""


def _made(folder: Path) -> Path:
    """A folder whose links are resolved, made if need be: trusted and writable. Raises _NotOursError, OSError.

    From the root down: each is made only when nobody else can change those above, so that none is swapped meanwhile.
    """
    owners, shared = hasattr(os, "getuid"), ""
    if not owners and not folder.is_relative_to(Path.home().resolve()):
        raise _NotOursError(_("{folder} is not in your own profile").format(folder=folder))
    for path in (*reversed(folder.parents), folder):
        if not os.path.lexists(path):
            path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "", str(path))
        if shared and status.st_uid != os.getuid():
            raise _NotOursError(shared)
        shared = _others(status, path)
        if shared and not (status.st_mode & stat.S_ISVTX and status.st_uid in (0, os.getuid())):
            raise _NotOursError(shared)
    if shared:
        raise _NotOursError(shared)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _others(status: os.stat_result, path: Path) -> str:
    """Who else can change a file or folder, in words; empty: nobody."""
    if not hasattr(os, "getuid"):
        return ""
    if status.st_uid not in (0, os.getuid()):
        return _("{folder} belongs to another user").format(folder=path)
    return _("other users can write to {folder}").format(folder=path) if status.st_mode & 0o022 else ""


# what they are made of ------------------------------------------------------------------------------------------------


def _key() -> str:
    """A digest of the sources, of the versions, and of the vector width. The processor is a part of a file's name."""
    key = hashlib.sha256()
    for name in SOURCES:
        for module, source in _sources(name):
            key.update(f"{module} {len(source)}\n".encode())
            key.update(source)
    versions = numba.__version__, llvmlite.__version__, numpy.__version__, sys.implementation.cache_tag, WIDTH
    key.update(repr(versions).encode())
    return key.hexdigest()[:16]


def _sources(name: str) -> Iterator[tuple[str, bytes]]:
    """A module with its source; of a package all modules in it. Raises ImportError, OSError."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(name)
    loader: Any = spec.loader
    yield name, loader.get_data(spec.origin)
    for _finder, below, _package in sorted(pkgutil.iter_modules(spec.submodule_search_locations or [])):
        yield from _sources(f"{name}.{below}")
