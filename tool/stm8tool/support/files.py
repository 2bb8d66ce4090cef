"""Put a finished file or folder in its place, completely or not at all."""

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
STALE_S = 3600.0  # a write takes seconds; an older unfinished file was left by a run that was killed

BOARD_FORMAT = "stm8tool simulated chip"  # the mark in the file of a simulated board, see sim/store.py
BOARD_LIMIT = 1 << 21  # bytes; the largest part takes 0.3 MB
_BOARD = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{.*?"format"\s*:\s*"%s"' % BOARD_FORMAT.encode(), re.DOTALL)
_LONGEST_NAME = 255  # UTF-16 units of a file's name on Windows
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class FolderError(PermissionError):
    """The folder of a file does not allow its replacement. The rights of the file do not matter."""


def hint_for(exc: OSError, path: Path) -> str:
    """Return the hint if a file that several users share cannot be replaced."""
    if isinstance(exc, FolderError):
        return f"keep {path.name} in a folder in which all users of the file may make and replace files"
    if isinstance(exc, PermissionError):
        return f"chmod g+w {path} lets a user of its group use it"
    return "check the path and the disk"


def replace(source: Path, target: Path) -> None:
    """Rename `source` to `target`, and replace `target` if it is a file. A folder needs a `target` that does not exist.

    Windows refuses this while a program has one of them open, even only to read. Virus scanners open all new files. So
    on Windows it is tried again for WAIT_S.

    Raises:
        OSError: The rename failed.
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
    """Return the contents of a regular file, at most `limit` bytes. Links are followed.

    Raises:
        OSError: It cannot be read, or is not a regular file. A pipe or a device might never end or never begin.
    """
    check_name(source)
    if not stat.S_ISREG(source.stat().st_mode):
        raise _not_regular(source)
    # Another file may have replaced it since: a pipe without a writer must not make the tool wait.
    descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_regular(source)
        content: Optional[bytes] = file.read(limit)  # None: some regular files of /proc make a reader wait
        if content is None:
            raise _not_regular(source)
        return content


def holds_board(path: Path) -> bool:
    """Tell by the content whether a regular file holds a simulated board, of any version, even a damaged one."""
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
    """Write `content` to a file, completely or not at all. Links are followed.

    The new file has the mode and the group of the old one, for the users who share it. It also has the old owner if the
    system allows that. If the group cannot be kept, the mode gives the new group no more rights than all other users.

    Args:
        target: A regular file, or a name that does not exist yet.
        content: All bytes of the file.
        durable: The file survives a power cut, too.
        board: `content` is a simulated board, which may replace another one.

    Raises:
        OSError: The write failed, or `target` is read-only, a device, a pipe, a folder or a simulated board.
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
            sync_folder(target.parent)
    finally:
        half.unlink(missing_ok=True)


def names_file(path: Union[str, os.PathLike[str]]) -> bool:
    """Tell whether `path` can mean a file: "", "." and a name with a slash at its end cannot."""
    return bool(Path(path).name) and not os.fspath(path).endswith((os.sep, os.altsep or os.sep))


def check_name(path: Union[Path, str]) -> None:
    """Raise OSError for a name that a file cannot have; Python itself raises ValueError."""
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
    """Return a new file beside `target`, open for writing, with an unpredictable name.

    The name is short, even if the name of `target` is long. Unfinished files of killed runs are removed.
    """
    if sys.platform == "win32" and len(target.name.encode("utf-16-le", "surrogatepass")) > 2 * _LONGEST_NAME:
        # Other systems have refused the name in `check_name`. Windows only says that the file is not there, and later
        # refuses the rename.
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(target))
    kind = f"{zlib.crc32(os.fsencode(target.name)):08x}"  # two targets with the same value do no harm
    _sweep(target.parent, f".{kind}.")
    half = target.with_name(f".{kind}.{os.urandom(8).hex()}.partial")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(half, flags, 0o666), half
    except PermissionError as exc:
        raise FolderError(exc.errno, "its folder does not let you make a file", str(target)) from exc


def _sweep(folder: Path, prefix: str) -> None:
    """Remove unfinished files with `prefix` that are so old that their writer must be dead."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.endswith(".partial"):
                with suppress(OSError):
                    if abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > STALE_S:
                        Path(entry.path).unlink()


def _resemble(half: Path, descriptor: int, old: os.stat_result) -> None:
    """Give a new file the owner, the group and the mode of the `old` one, as far as the system allows it."""
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


def sync_folder(folder: Path) -> None:
    """Write a new name to the disk. If the folder cannot be opened for that, the system does it by itself."""
    if sys.platform == "win32":
        return
    with suppress(PermissionError):  # the folder may be writable, but not readable
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that do not support it
                raise
        finally:
            os.close(descriptor)


def _followed(target: Path) -> Path:
    """Return the path of the regular file that `target` means, or will become."""
    check_name(target)
    place = Path(os.path.realpath(target))
    if os.path.lexists(place) and not place.is_file():
        raise _not_regular(target)
    return place


def _replaced(target: Path) -> Optional[os.stat_result]:
    """Return the state of the regular file `target`, None if there is none; PermissionError if it must not be replaced.

    To replace a file, the system only checks the rights of its folder. This function also refuses a read-only file, and
    in a sticky folder the file of another user.
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
