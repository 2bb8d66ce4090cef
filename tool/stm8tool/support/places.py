"""The folders of this user: the home directory and the cache, if there are any.

A service or a container may have neither HOME nor an entry in the user table, and a variable may hold anything.

Sources: XDG Base Directory Specification 0.8: "All paths must be absolute"; programs must ignore a relative path.
Apple's File System Programming Guide. Microsoft's KNOWNFOLDERID, FOLDERID_LocalAppData.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Optional


def home() -> Optional[Path]:
    """Return the user's home directory, None if none is known. It may not exist."""
    if sys.platform == "win32":
        return _absolute(os.path.expanduser("~"))  # noqa: PTH111 -- Path.home() raises if it finds none
    return _absolute(os.environ.get("HOME")) or _of_user_table()


def user_cache() -> Optional[Path]:
    """Return the user's cache folder, for files that can be fetched again; None if there is none. It may not exist."""
    if sys.platform == "win32":
        return _absolute(os.environ.get("LOCALAPPDATA")) or _below_home("AppData", "Local")
    if sys.platform == "darwin":
        return _below_home("Library", "Caches")
    return _absolute(os.environ.get("XDG_CACHE_HOME")) or _below_home(".cache")


def _of_user_table() -> Optional[Path]:
    try:
        import pwd

        return _absolute(pwd.getpwuid(os.getuid()).pw_dir)  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, KeyError):
        return None


def _below_home(*names: str) -> Optional[Path]:
    found = home()
    return found.joinpath(*names) if found else None


def _absolute(path: Optional[str]) -> Optional[Path]:
    return Path(path) if path and Path(path).is_absolute() else None
