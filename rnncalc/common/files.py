"""Files that are written: whole or not at all, and never one that the same command reads.

`write` is the one place that replaces a file, `remove` the one that deletes one. Whoever reads a file calls `reading`
first, which refuses one that the command was told to write.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import combinations, count
from os import PathLike, fspath
from pathlib import Path

from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import RnncalcError

STREAMS = ("/dev/", "/proc/")  # what lies there is written to, never replaced

Name = str | PathLike[str]
_claimed: list[Name] = []


class WriteError(RnncalcError):
    """A file could not be written; what was there before is still there."""


# one command, its inputs and outputs ----------------------------------------------------------------------------------


@contextmanager
def claimed(*outputs: Name) -> Iterator[None]:
    """Within the block, nothing is read that one of the outputs replaces. A folder claims the files right in it if its
    name ends with a slash. Raises RnncalcError where two outputs are one file."""
    for name, other in combinations(outputs, 2):
        if _same(name, other):
            raise RnncalcError(_("{one} and {other} are one file: write them to two"), one=name, other=other)
    _claimed.extend(outputs)
    try:
        yield
    finally:
        del _claimed[len(_claimed) - len(outputs) :]


def reading(source: Name | int) -> None:
    """Say that a file (or what a descriptor stands for) is going to be read. Raises RnncalcError if it is claimed."""
    for output in _claimed:
        folder = not isinstance(source, int) and fspath(output).endswith("/") and (os.path.dirname(source) or ".")
        if _same(source, output) or (folder and _same(folder, output)):
            message = _("{source} is read here and cannot be written over by {output}: choose another output")
            raise RnncalcError(message, source="-" if isinstance(source, int) else source, output=output)


def _same(name: Name | int, other: Name | int) -> bool:
    """Whether two names, links of either kind too, stand for one file or folder; devices and pipes do not count."""
    with suppress(OSError, ValueError):
        first, second = os.stat(name), os.stat(other)
        return os.path.samestat(first, second) and (stat.S_ISREG(first.st_mode) or stat.S_ISDIR(first.st_mode))
    with suppress(OSError, ValueError):
        return not isinstance(name, int) and not isinstance(other, int) and _place(name) == _place(other)
    return False


def _place(path: Name) -> Path:
    """Where a file lies once its links are followed."""
    return Path(os.path.realpath(path))


# whole files ----------------------------------------------------------------------------------------------------------


def write(path: Name, content: str | bytes, durable: bool = False) -> None:
    """Replace a file whole or not at all: beside its place, then renamed. Links are followed; owner and mode stay.

    durable: on the disk before the old content goes. Raises WriteError.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
        there = status(path)
        if fspath(path).startswith(STREAMS) or (there and not stat.S_ISREG(there.st_mode)):
            with open(path, "ab") as stream:
                stream.write(data)
            return
        if there and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        place, mode = _place(path), stat.S_IMODE(there.st_mode) if there else 0o666
        beside = place.with_name(f".{place.name}.{os.urandom(4).hex()}")
        try:
            with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            if there:
                with suppress(OSError, AttributeError):  # only root may give a file away; Windows knows no owners
                    os.chown(beside, there.st_uid, there.st_gid)
                os.chmod(beside, mode)
            os.replace(beside, place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise WriteError(_("cannot write {name}: {reason}"), name=path, reason=os_error_reason(error)) from None


def left_beside(path: Name) -> list[Path]:
    """What a kill in the midst of `write` may have left beside a file; whoever deletes it looks into it first."""
    place = _place(path)
    pattern = re.compile(re.escape(f".{place.name}.") + "[0-9a-f]{8}")
    return [other for other in place.parent.iterdir() if pattern.fullmatch(other.name)]


def writable(path: Name) -> None:
    """Find out, before long work, whether a file can be written at all. Raises WriteError."""
    there, folder = status(path), _place(path).parent
    number = 0
    if there and stat.S_ISDIR(there.st_mode):
        number = errno.EISDIR
    elif not folder.is_dir():
        number = errno.ENOENT
    elif not os.access(path if there else folder, os.W_OK):
        number = errno.EACCES
    if number:
        reason = os_error_reason(OSError(number, os.strerror(number)))
        raise WriteError(_("cannot write {name}: {reason}"), name=path, reason=reason)


def status(path: Name) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def put_aside(path: Name) -> Path | None:
    """Rename a file that is there, so that another one does not overwrite it: its name with a number behind it."""
    place = _place(path)
    if not place.is_file():
        return None
    aside = next(name for n in count(1) if not os.path.lexists(name := Path(f"{place}.{n}")))
    os.replace(place, aside)
    return aside


def write_folder(folder: Path, texts: Iterable[tuple[str, str]], ours: Callable[[str, str], bool]) -> Path | None:
    """Write files by name into a folder, which is made. What lies there and is not `ours`, judged by its text and the
    new one, is put aside: the last that was. Raises WriteError."""
    aside = None
    for name, text in texts:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file() and not ours(path.read_text(encoding="utf-8", errors="replace"), text):
                aside = put_aside(path)
        except OSError as error:
            raise WriteError(
                _("cannot write {name}: {reason}"), name=path.parent, reason=os_error_reason(error)
            ) from None
        write(path, text)
    return aside


def remove(path: Name) -> None:
    """Delete a file of ours that nobody needs any more; where it cannot be deleted, it stays."""
    with suppress(OSError):
        _place(path).unlink()
