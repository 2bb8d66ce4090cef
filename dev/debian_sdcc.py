"""Get the SDCC of a later Debian, without a change to this machine: its packages, unpacked into a folder of .demo.

The programs need a newer libc than an older Debian has. So the folder holds that libc, too, and a small script for each
program starts it with the loader of its own libc. apt fetches the packages from the place that this machine's own
packages come from, with lists of its own.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from .system import DEMO, ask, capture, say

RELEASE = "trixie"  # Debian 13: SDCC 4.5.0
FOLDER = DEMO / f"sdcc-{RELEASE}"
NEEDED = ("apt-get", "dpkg-deb")


def newer_sdcc() -> list[Path]:
    """Return the later SDCC in a list, or say why it is not available and return an empty list."""
    folder = FOLDER / "sdcc"
    program = folder / "bin" / "sdcc"
    if not works(program):
        reason = _unpack()
        if not reason and not works(program):
            reason = f"{program} does not start"
        if reason:
            say(f"The SDCC of Debian {RELEASE} is not available here: {reason}. The tests use the SDCC on PATH alone.")
            return []
    return [program]


def works(program: Path) -> bool:
    """Tell whether an SDCC starts."""
    return program.is_file() and "stm8" in ask(program, "-v")


def source() -> tuple[str, str]:
    """Return the address of the Debian archive that this machine uses, and the file of its key; empty if none is."""
    form = "$(ORIGIN)|$(COMPONENT)|$(CREATED_BY)|$(CODENAME)|$(REPO_URI)"
    for line in ask("apt-get", "indextargets", "--format", form).splitlines():
        origin, component, created_by, codename, address = line.split("|")
        if (origin, component, created_by) == ("Debian", "main", "Packages") and "-" not in codename:
            return address, "/usr/share/keyrings/debian-archive-keyring.gpg"
    return "", ""


def _unpack() -> str:
    """Fetch and unpack the packages; return why that fails, or an empty text."""
    if sys.platform != "linux" or not all(map(shutil.which, NEEDED)):
        return "this is not a Debian"
    address, key = source()
    if not address:
        return "apt knows no Debian archive; `apt-get update` may help"
    if not Path(key).is_file():
        return f"{key} is not there"
    shutil.rmtree(FOLDER, ignore_errors=True)
    root, cache = FOLDER / "root", FOLDER / "cache"
    for folder in (root, FOLDER / "lists" / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True)
    (FOLDER / "status").touch()  # nothing is installed: so apt fetches libc, too
    sources = FOLDER / "debian.sources"
    sources.write_text(f"Types: deb\nURIs: {address}\nSuites: {RELEASE}\nComponents: main\nSigned-By: {key}\n")
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": FOLDER / "none",
        "Dir::State::lists": FOLDER / "lists",
        "Dir::State::status": FOLDER / "status",
        "Dir::Cache": cache,
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",  # the folder belongs to the user who runs this
        "Debug::NoLocking": "true",
    }
    words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    say(f"Fetching the SDCC of Debian {RELEASE} into {FOLDER} ...")
    for step in (["update"], ["install", "--yes", "--download-only", "--no-install-recommends", "sdcc"]):
        done = capture("apt-get", "-qq", *words, *step)
        if done.returncode:
            return f"apt-get {step[0]}: {done.stderr.strip()}"
    for package in sorted((cache / "archives").glob("*.deb")):
        done = capture("dpkg-deb", "-x", package, root)
        if done.returncode:
            return f"dpkg-deb: {done.stderr.strip()}"
    return write_starters(root, FOLDER / "sdcc")


def write_starters(root: Path, folder: Path) -> str:
    """Write a script for each program of SDCC, in folders that SDCC looks into; return why that fails.

    SDCC finds its other programs and its libraries from the folder in its own name. The loader gives it the name of
    the script.
    """
    loaders = [*root.glob("usr/lib64/ld-linux*"), *root.glob("usr/lib/ld-linux*")]
    libraries = [file.parent for file in root.glob("usr/lib/*/libc.so.6")]
    if not loaders or not libraries:
        return "the packages hold no libc"
    programs = [*(root / "usr/bin").glob("*"), *root.glob("usr/libexec/sdcc/*/*/cc1")]
    for program in programs:
        starter = folder / program.relative_to(root / "usr")
        starter.parent.mkdir(parents=True, exist_ok=True)
        words = [str(loaders[0]), "--library-path", str(libraries[0]), "--argv0"]
        starter.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$0" {shlex.quote(str(program))} "$@"\n')
        starter.chmod(0o755)
    (folder / "share").symlink_to(root / "usr" / "share")
    return ""
