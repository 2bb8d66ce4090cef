"""Putting a finished file or folder in its place: the whole of it or nothing."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Optional, Union

WAIT_S = 2.0
STEP_S = 0.05
STALE_S = 3600.0  # a write takes seconds; what it began and is older was left by a run that was killed

BOARD_FORMAT = "stm8tool simulated chip"  # what a simulated board says of itself, see sim/store.py
BOARD_LIMIT = 1 << 21  # bytes; the largest part takes 0.3 MB
_BOARD = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{.*?"format"\s*:\s*"%s"' % BOARD_FORMAT.encode(), re.DOTALL)
_LONGEST_NAME = 255  # UTF-16 units of a file's name on Windows
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class FolderError(PermissionError):
    """The folder of a file does not let it be replaced, whatever the rights of the file are."""


def hint_for(exc: OSError, path: Path) -> str:
    """Return what helps if a file that several users share cannot be replaced."""
    if isinstance(exc, FolderError):
        return f"keep {path.name} in a folder where each of its users may make and replace files"
    if isinstance(exc, PermissionError):
        return f"chmod g+w {path} lets a user of its group use it"
    return "check the path and the disk"


def replace(source: Path, target: Path) -> None:
    """Rename `source` to `target`, in whose place it then is; a folder only where there is none.

    Windows refuses that while somebody has one of them open, be it only to read, as virus scanners do with all that
    is new: there it is tried again for WAIT_S.

    Raises:
        OSError: It cannot be done.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() >= deadline:
                raise
        time.sleep(STEP_S)


def read_regular(source: Path, limit: int) -> bytes:
    """Return what a regular file holds, but not more than `limit` bytes; links are followed.

    Raises:
        OSError: It cannot be read, or is something else, which might never end or never begin: a pipe, a device.
    """
    check_name(source)
    if not stat.S_ISREG(source.stat().st_mode):
        raise _not_regular(source)
    # Another file may have come in between: a pipe without a writer must not make the tool wait.
    descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_regular(source)
        content: Optional[bytes] = file.read(limit)  # None: some files of /proc are regular, and make a reader wait
        if content is None:
            raise _not_regular(source)
        return content


def holds_board(path: Path) -> bool:
    """Tell whether a regular file holds a simulated board, by its content: of any version, and a damaged one, too."""
    try:
        return bool(_BOARD.match(read_regular(path, BOARD_LIMIT)))
    except OSError:
        return False


def check_whole(target: Path, *, board: bool = False) -> None:
    """Raise OSError unless `write_whole` could write `target`."""
    target = _followed(target)
    _replaced(target)
    if not board:
        _refuse_board(target)
    descriptor, half = _begin(target)
    os.close(descriptor)
    half.unlink()


def write_whole(target: Path, content: bytes, *, durable: bool = True, board: bool = False) -> None:
    """Write a file that holds all of `content` once it can be seen, or leave what was there; links are followed.

    The new file has the mode and the group of the one that it replaces, for those who share it. It has its owner, too,
    where the system allows that. Where the group cannot be kept, the mode gives it no more than it gives all others.

    Args:
        target: A regular file, or nothing yet.
        content: All of it.
        durable: Also after a power cut.
        board: `content` is a simulated board, which may replace another one.

    Raises:
        OSError: It cannot be done, or `target` is read-only, or something else: a device, a pipe, a folder, a
            simulated board.
    """
    target = _followed(target)
    old = _replaced(target)
    if not board:
        _refuse_board(target)
    descriptor, half = _begin(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _resemble(half, descriptor, old)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(descriptor)
        replace(half, target)
        if durable:
            _sync_folder(target.parent)
    finally:
        half.unlink(missing_ok=True)


def check_name(path: Union[Path, str]) -> None:
    """Raise OSError, where Python has ValueError, for a name that a file cannot have."""
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise OSError(errno.EINVAL, "a file cannot have this name", str(path))
    try:
        os.lstat(path)
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            raise


def _begin(target: Path) -> tuple[int, Path]:
    """Return a new file beside `target`, open for writing, under a name that cannot be foreseen.

    The name is short however long the one of `target` is. What a run that was killed has left goes away.
    """
    if sys.platform == "win32" and len(target.name.encode("utf-16-le", "surrogatepass")) > 2 * _LONGEST_NAME:
        # Elsewhere a look at the file has said so; Windows says only that it is not there, and refuses the rename.
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(target))
    kind = f"{zlib.crc32(os.fsencode(target.name)):08x}"  # another target with the same one harms nothing
    _sweep(target.parent, f".{kind}.")
    half = target.with_name(f".{kind}.{os.urandom(8).hex()}.partial")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(half, flags, 0o666), half
    except PermissionError as exc:
        raise FolderError(exc.errno, "its folder does not let you make a file", str(target)) from exc


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what was begun under `prefix` so long ago that its writer must be dead."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.endswith(".partial"):
                with suppress(OSError):
                    if abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > STALE_S:
                        Path(entry.path).unlink()


def _resemble(half: Path, descriptor: int, old: os.stat_result) -> None:
    """Give a new file the owner, the group and the mode of the `old` one, as far as the system lets us."""
    mode = stat.S_IMODE(old.st_mode)
    if sys.platform == "win32":
        half.chmod(mode)
        return
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except OSError:
        with suppress(OSError):
            os.fchown(descriptor, -1, old.st_gid)
    now = os.fstat(descriptor)
    if now.st_gid != old.st_gid:
        mode = mode & ~stat.S_ISGID & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3 & mode
    if now.st_uid != old.st_uid:
        mode &= ~stat.S_ISUID
    os.fchmod(descriptor, mode)


def _sync_folder(folder: Path) -> None:
    """Bring a new name to the disk; where a folder cannot be opened for that, the system does it by itself."""
    if sys.platform == "win32":
        return
    with suppress(PermissionError):  # a folder that may be written and searched, but not read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that know no such thing
                raise
        finally:
            os.close(descriptor)


def _followed(target: Path) -> Path:
    """Return the regular file that `target` means, or may become."""
    check_name(target)
    place = Path(os.path.realpath(target))
    if os.path.lexists(place) and not place.is_file():
        raise _not_regular(target)
    return place


def _replaced(target: Path) -> Optional[os.stat_result]:
    """Return the state of the regular file `target`, None if there is none yet; PermissionError if it stays as it is.

    Replacing a file asks the rights of its folder only; here a file that all are forbidden to write stays. In a sticky
    folder the file of another user stays.
    """
    try:
        old = target.stat()
    except FileNotFoundError:
        return None
    if not (stat.S_IMODE(old.st_mode) & _WRITABLE and os.access(target, os.W_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    if sys.platform != "win32":
        folder = target.parent.stat()
        if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, old.st_uid, folder.st_uid):
            raise FolderError(errno.EPERM, "its folder is sticky: only the owner of a file can replace it", str(target))
    return old


def _refuse_board(target: Path) -> None:
    if holds_board(target):
        raise OSError(errno.EEXIST, "it holds a simulated board", str(target))


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is not a regular file", str(path))
