"""Check that an installed package is whole: each file must match its RECORD.

A folder may be incomplete after a full disk or an interrupted copy. It may have been edited, or hold another program's
files. Python notices that late and with a traceback. So this module compares the files with their hashes before they
are imported. It does not defend against an attacker who can write the folder, and with it the RECORD.

Files in `__pycache__` are Python's own. Python compares them with their source, and writes them again if necessary.

Source: Python packaging, "Recording installed projects", §The RECORD file; "Binary distribution format", §.data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

_CACHE = "__pycache__"
_NOT_OURS = (_CACHE, "bin", "Scripts")  # pip --target puts commands there; the tool does not run them
_IMPORTABLE = (".py", ".pyw", ".pyc", ".so", ".pyd")  # other strange files do no harm, such as .DS_Store of macOS
_HASH = "sha256="
_URL_SAFE = str.maketrans("+/", "-_")  # RFC 4648 §5


def damage(folder: Path, dist_info: str, *, by_hash: bool = True) -> Optional[str]:
    """Return the fault of a package, None if it is whole.

    Args:
        folder: The folder of its modules.
        dist_info: The name of its RECORD's folder there.
        by_hash: A changed file is a fault, too.
    """
    listed = _listed(folder, dist_info)
    if not listed:
        return f"{dist_info}/RECORD cannot be read"
    for name, digest in listed:
        found = _digest(folder / name)
        if found is None:
            return f"{name} is missing"
        if by_hash and digest and found != digest:
            return f"{name} was changed"
    return None


def stranger(folder: Path, dist_infos: list[str]) -> Optional[str]:
    """Return a file that Python might import, but that belongs to none of the packages; None if there is none.

    Args:
        folder: A folder that contains only packages.
        dist_infos: The names of their RECORDs' folders there. Missing folders are ignored.
    """
    listed = {name for dist_info in dist_infos for name, _ in _listed(folder, dist_info)}
    top = str(folder)
    for place, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        inner = place[len(top) :].replace(os.sep, "/").lstrip("/")
        for file in files:
            name = f"{inner}/{file}" if inner else file
            if name not in listed and name.endswith(_IMPORTABLE):
                return name
    return None


def _listed(folder: Path, dist_info: str) -> list[tuple[str, str]]:
    """Return the entries of a RECORD; an empty list if it cannot be read."""
    try:
        return list(_entries((folder / dist_info / "RECORD").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def _entries(record: str) -> Iterator[tuple[str, str]]:
    """Yield name and hash ("" if there is none) of each file that must be there; ValueError if it is not a RECORD."""
    for line in record.splitlines():
        name, digest, _ = line.rsplit(",", 2)
        if name.startswith('"'):
            name = name[1:-1].replace('""', '"')
        top = name.partition("/")[0]
        # These entries are not in the folder: commands, which lie elsewhere, and .data, which only pip unpacks.
        if top not in ("", "..") and not top.endswith(".data") and f"{_CACHE}/" not in name:
            yield name, digest[len(_HASH) :] if digest.startswith(_HASH) else ""


def _digest(file: Path) -> Optional[str]:
    """Return a file's hash in the form of a RECORD, None if there is no such file."""
    import binascii
    import hashlib

    try:
        content = file.read_bytes()
    except OSError:
        return None
    text = binascii.b2a_base64(hashlib.sha256(content).digest(), newline=False).decode()
    return text.rstrip("=").translate(_URL_SAFE)
