"""Make the release archive: the files that platform.json exports, and tool/_vendor. PlatformIO packs it.

The same commit gives the same bytes: every file has the time of the commit and no owner.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Optional

import wheels

ROOT = Path(__file__).resolve().parent.parent

# Files that a use of the checkout leaves in the exported folders. .gitignore has all of them.
_NEVER = shutil.ignore_patterns("__pycache__", "*.py[cod]", ".pio", "_deps", "_vendor", "build", "*.egg-info")


def manifest() -> dict[str, Any]:
    """Return platform.json."""
    content: dict[str, Any] = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))
    return content


def name() -> str:
    """Return the archive's file name, as `pio pkg pack` would choose it."""
    return f"{manifest()['name']}-{manifest()['version']}.tar.gz"


def make(archive: Path, cache: Path, seconds: int) -> None:
    """Write the archive of this checkout; `git` is not asked, see `commit_time`.

    Args:
        archive: The file to write, `*.tar.gz`.
        cache: A folder for the wheels, kept for the next time.
        seconds: The time of every file in it, in seconds since 1970.

    Raises:
        ReleaseError: A wheel or a library is not what it must be, or PlatformIO refuses to pack.
    """
    fetched = wheels.fetch(cache)
    with tempfile.TemporaryDirectory() as folder:
        staged, packed = Path(folder, "platform"), Path(folder, "packed.tar.gz")
        stage(staged)
        wheels.fill(staged / "tool" / "_vendor", fetched)
        content = (ROOT / "platform.json").read_bytes()
        _pack(staged, packed, content)
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(_rewritten(packed, {"platform.json": content}, seconds))


def exported(export: dict[str, list[str]]) -> list[str]:
    """Return for git the files that `export` of platform.json means."""
    return [*export["include"], *(f":(exclude){name}" for name in export.get("exclude", ()))]


def stage(folder: Path) -> None:
    """Copy the files that platform.json exports, without those that a use of the checkout left there."""
    folder.mkdir()
    export = manifest()["export"]
    excluded = {ROOT / name for name in export.get("exclude", ())}

    def left_out(parent: str, names: list[str]) -> set[str]:
        return {*_NEVER(parent, names), *(name for name in names if Path(parent, name) in excluded)}

    for entry in export["include"]:
        source = ROOT / entry
        if source.is_dir():
            shutil.copytree(source, folder / entry, ignore=left_out)
        else:
            shutil.copy2(source, folder / entry)


def commit_time(root: Path = ROOT) -> int:
    """Return the time of the commit that is checked out, in seconds since 1970.

    Raises:
        ReleaseError: A file that platform.json exports is changed, new, or not in git.
    """
    export = json.loads((root / "platform.json").read_text(encoding="utf-8"))["export"]
    changes = git(root, "status", "--porcelain", "--untracked-files=all", "--", *exported(export))
    if changes is None:
        raise wheels.ReleaseError("a release is made from a git checkout, with git")
    if changes:
        raise wheels.ReleaseError(f"a release is made from committed files; these differ:\n{changes.rstrip()}")
    return int(git(root, "log", "-1", "--format=%ct") or 0)


def _pack(staged: Path, packed: Path, content: bytes) -> None:
    """Let PlatformIO check and pack the folder, without the licence: for that PlatformIO downloads a list.

    `_rewritten` puts the licence back. `pio pkg publish`, which needs a network anyway, checks it later.
    """
    unlicensed = json.loads(content)
    del unlicensed["license"]
    (staged / "platform.json").write_text(json.dumps(unlicensed), encoding="utf-8")
    command = [sys.executable, "-I", "-m", "platformio", "pkg", "pack", str(staged), "-o", str(packed)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise wheels.ReleaseError(f"PlatformIO does not pack it: {done.stdout}{done.stderr}")


def _rewritten(packed: Path, replaced: dict[str, bytes], seconds: int) -> bytes:
    """Return the archive with some files replaced, and without the user, place and time of the packing."""
    plain, result = io.BytesIO(), io.BytesIO()
    with tarfile.open(packed) as old, tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            source = old.extractfile(member)
            if source is None:
                raise wheels.ReleaseError(f"{member.name} is not a file")  # a link would need a privilege on Windows
            content = replaced.get(member.name) or source.read()
            clean = tarfile.TarInfo(member.name)
            clean.size, clean.mtime = len(content), seconds
            new.addfile(clean, io.BytesIO(content))
    with gzip.GzipFile(filename="", fileobj=result, mode="wb", mtime=seconds) as zipped:
        zipped.write(plain.getvalue())
    return result.getvalue()


def git(root: Path, *words: str) -> Optional[str]:
    """Return git's output, or None if git fails or cannot be run."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, "-C", str(root), *words], capture_output=True, encoding="utf-8", check=False)
    return done.stdout if done.returncode == 0 else None
