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
from types import TracebackType
from typing import TYPE_CHECKING

from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import RnncalcError

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20  # bytes of room that are reserved at a time
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
            raise RnncalcError(_("{name} and {other} are one file: write them to two"), name=name, other=other)
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
    from pathlib import Path  # here, so that a command that writes no file loads neither it nor what it imports

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
        new = beside(place)
        try:
            with open(new, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            if there:
                with suppress(OSError, AttributeError):  # only root may give a file away; Windows knows no owners
                    os.chown(new, there.st_uid, there.st_gid)
                os.chmod(new, mode)
            os.replace(new, place)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise WriteError(_("cannot write {name}: {reason}"), name=path, reason=_reason(path, error)) from None


def _reason(path: Name, error: Exception) -> str:
    """Why a file cannot be written: what is not there is its folder, not the file."""
    if getattr(error, "errno", None) == errno.ENOENT and not (folder := _place(path).parent).exists():
        return _("there is no folder {folder}").format(folder=folder)
    return os_error_reason(error)


def beside(path: Name) -> Path:
    """A hidden name of its own in the folder of a file, which `left_beside` knows."""
    place = _place(path)
    return place.with_name(f".{place.name}.{os.urandom(4).hex()}")


def left_beside(path: Name) -> list[Path]:
    """What a kill in the midst of `write` may have left beside a file; whoever deletes it looks into it first."""
    place = _place(path)
    pattern = re.compile(re.escape(f".{place.name}.") + "[0-9a-f]{8}")
    others = place.parent.iterdir() if place.parent.is_dir() else ()
    return [other for other in others if pattern.fullmatch(other.name)]


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
        reason = _reason(path, OSError(number, os.strerror(number)))
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
    aside = next(name for n in count(1) if not os.path.lexists(name := place.with_name(f"{place.name}.{n}")))
    os.replace(place, aside)
    return aside


def write_folder(
    folder: Path, texts: Iterable[tuple[str, str | bytes]], ours: Callable[[str, str], bool]
) -> Path | None:
    """Write files by name into a folder, which is made. What lies there and is not `ours`, judged by its text and the
    new one, is put aside: the last that was. Raises WriteError."""
    aside = None
    for name, text in texts:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file() and not _is(path, text, ours):
                aside = put_aside(path)
        except OSError as error:
            raise WriteError(
                _("cannot write {name}: {reason}"), name=path.parent, reason=os_error_reason(error)
            ) from None
        write(path, text)
    return aside


def _is(path: Path, content: str | bytes, ours: Callable[[str, str], bool]) -> bool:
    """Whether a file has this content already: to the byte, or as text in somebody's judgement."""
    if isinstance(content, bytes):
        return path.read_bytes() == content
    return ours(path.read_text(encoding="utf-8", errors="replace"), content)


def remove(path: Name) -> None:
    """Delete a file of ours that nobody needs any more; where it cannot be deleted, it stays."""
    with suppress(OSError):
        _place(path).unlink()


# room kept -----------------------------------------------------------------------------------------------------------


class Reserve:
    """Room on the disk for a file that is written later, so that whoever fills the disk meanwhile does not take it.

    Within a `with`, it is a file of so many bytes beside that one; `release` deletes it. Where there is no room for it,
    nothing is reserved.
    """

    def __init__(self, path: Name, size: int, head: bytes):
        """head: how the file begins, by which one that a kill has left is known."""
        self.path, self.size, self.head = path, size, head
        self.place: Path | None = None

    def __enter__(self) -> Reserve:
        self.take()
        return self

    def take(self) -> None:
        """Reserve the room, if there is any."""
        if fspath(self.path).startswith(STREAMS):
            return
        place = beside(self.path)
        try:
            with open(place, "xb") as file:
                file.write(self.head)
                file.flush()
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, self.size)
                else:
                    for _begin in range(len(self.head), self.size, CHUNK):
                        file.write(bytes(CHUNK))
            self.place = place
        except OSError:
            remove(place)

    def release(self) -> bool:
        """Give the room back. Returns whether there was any."""
        place, self.place = self.place, None
        if place is not None:
            remove(place)
        return place is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.release()
