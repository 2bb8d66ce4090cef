"""Programs of a newer Debian, unpacked into a folder of this checkout. Nothing is installed.

A program of a newer Debian needs that Debian's C library. So the loader of that library, which was unpacked beside the
program, starts it. apt-get fetches the packages from this machine's own mirror, and checks their signatures.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from pathlib import Path

from .system import DEMO, SetupError, capture, say

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = DEMO / "debian"
_PROGRAMS = ("bin", "libexec")  # below usr; programs that programs start are in libexec
_LOADERS = "usr/lib/*/ld-linux*.so.*"
_ELF = b"\x7fELF"
_WAIT = ("-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1")  # seconds; without a network it takes no longer


def unpacked(suite: str, package: str, *more: str) -> Path:
    """Return the folder `usr` with a package of another Debian and all that it needs. It is made once.

    Args:
        suite: The Debian, such as "trixie".
        package: The package.
        more: Packages that it does not need, but we do.

    Raises:
        SetupError: this machine is not a Debian, or the packages cannot be fetched.
    """
    folder = FOLDER / f"{suite}-{package}"
    if not (folder / "complete").exists():
        mirror = _mirror()
        say(f"Fetching {package} of Debian {suite} ...")
        partial = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
        try:
            for archive in _fetched(mirror, suite, (package, *more), partial / "apt"):
                _must("dpkg-deb", "--extract", archive, partial)
            shutil.rmtree(partial / "apt")
            _start_by_own_loader(partial, folder)
            (partial / "complete").touch()
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder / "usr"


def _mirror() -> str:
    """Return the address of the machine's own Debian mirror."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get") or not KEYS.is_file():
        raise SetupError("this machine is not a Debian")
    about = Path("/etc/os-release").read_text(encoding="utf-8")
    name = re.search(r"^VERSION_CODENAME=\"?(\w+)", about, re.MULTILINE)
    form = "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)"
    targets = capture("apt-get", "indextargets", "--format", form).stdout
    wanted = ["Packages", name[1] if name else "", "main"]
    found = [words[3] for words in map(str.split, targets.splitlines()) if words[:3] == wanted]
    if not re.search(r"^ID=debian$", about, re.MULTILINE) or not found:
        raise SetupError("apt-get on this machine has no list of Debian's packages")
    return found[0]


def _fetched(mirror: str, suite: str, packages: tuple[str, ...], folder: Path) -> list[Path]:
    """Fetch packages and all that they need into folders of their own; return the archives."""
    for name in ("lists/partial", "archives/partial", "sources"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # so nothing counts as installed
    (folder / "sources" / "other.list").write_text(f"deb [signed-by={KEYS}] {mirror} {suite} main\n", encoding="ascii")
    places = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": folder / "sources",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",  # apt's own user cannot write into this checkout
    }
    options = [word for name, value in places.items() for word in ("-o", f"{name}={value}")]
    _must("apt-get", "-qq", *options, *_WAIT, "update")
    words = ("install", "--yes", "--no-install-recommends", "--download-only", *packages)
    _must("apt-get", "-qq", *options, *_WAIT, *words)
    return sorted((folder / "archives").glob("*.deb"))


def _start_by_own_loader(made: Path, final: Path) -> None:
    """Move each program aside, and put a script in its place that starts it by the loader of its own C library."""
    loader = next(made.glob(_LOADERS), None)
    if loader is None:
        raise SetupError("the packages have no C library")
    libraries = final / loader.parent.relative_to(made)
    for file in [file for name in _PROGRAMS for file in sorted((made / "usr" / name).rglob("*"))]:
        if file.is_symlink() or not file.is_file() or file.read_bytes()[: len(_ELF)] != _ELF:
            continue
        place = file.relative_to(made)
        moved = made / "elf" / place
        moved.parent.mkdir(parents=True, exist_ok=True)
        file.replace(moved)
        # With --argv0, a program looks for its data beside the script.
        file.write_text(
            f'#!/bin/sh\nexec "{libraries / loader.name}" --argv0 "$0" --library-path "{libraries}" '
            f'"{final / "elf" / place}" "$@"\n',
            encoding="utf-8",
        )
        file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _must(*command: object) -> None:
    done = capture(*map(str, command))
    if done.returncode:
        cause = done.stderr.strip().splitlines()
        raise SetupError(f"{command[0]} failed: {cause[-1] if cause else done.returncode}")
