"""Which SDCC a build uses: the one of PlatformIO's package, or the one on PATH. No SCons in here.

The compiler is asked for its version once. The answer is kept in a file until the compiler changes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

PACKAGE = "toolchain-sdcc"
OPTION = "board_build.sdcc"
SYSTEM = "system"
OLDEST, NEWEST = (4, 1), (4, 6)  # this platform takes these and all between
FIRST_IN_REGISTERS = (4, 2)  # SDCC 4.2 passes arguments in registers, SDCC 4.1 on the stack (SDCC's ChangeLog)

_FETCH_AGAIN = "delete the package's folder, so that PlatformIO fetches it again"
_BANNER = re.compile(r" (\d+)\.(\d+)\.(\d+) (#\d+)?")


class NoCompilerError(Exception):
    """There is no SDCC, or it does not start."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep both lines."""
        super().__init__(message)
        self.hint = hint


class Compiler(NamedTuple):
    """An SDCC that starts."""

    path: str
    banner: str  # the first line of `sdcc --version`

    @property
    def version(self) -> tuple[int, ...]:
        """Its version, such as (4, 2, 0). Empty: the compiler does not tell it."""
        found = _BANNER.search(self.banner)
        return tuple(map(int, found.groups()[:3])) if found else ()

    @property
    def version_text(self) -> str:
        """Its version, such as `4.2.0`."""
        return ".".join(map(str, self.version)) or "of an unknown version"

    @property
    def revision(self) -> str:
        """The revision of its source, such as `#13081`, or an empty text."""
        found = _BANNER.search(self.banner)
        return (found and found[4]) or ""

    @property
    def folder(self) -> Path:
        """The folder that holds `bin` and SDCC's headers. Either of them may be a link."""
        places = [Path(path).parent.parent for path in (self.path, os.path.realpath(self.path))]
        return next((place for place in places if (place / "share" / "sdcc").is_dir()), places[0])


def find(mode: str, path: str, package: str) -> str:
    """Return the compiler that a build starts.

    Args:
        mode: `board_build.sdcc`: package or system.
        path: The PATH of the build. PlatformIO puts the package's folder in front.
        package: The folder of PlatformIO's package, or an empty text.

    Raises:
        NoCompilerError: there is none.
    """
    found = shutil.which("sdcc", path=without(path, package) if mode == SYSTEM else path)
    if found:
        return found
    if mode == SYSTEM:
        raise NoCompilerError(
            f"{OPTION} = {SYSTEM}, and there is no `sdcc` on PATH",
            f"install SDCC and open a new terminal, or remove {OPTION}: then PlatformIO brings SDCC",
        )
    where = f"the package {PACKAGE} in {package} has no `sdcc`" if package else f"there is no package {PACKAGE}"
    raise NoCompilerError(
        f"{where}, and PATH has none",
        f"{_FETCH_AGAIN}, or install SDCC and set {OPTION} = {SYSTEM}",
    )


def without(path: str, package: str) -> str:
    """Return PATH without the folders of PlatformIO's package."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if not (package and inside(folder, package)))


def inside(path: str, folder: str) -> bool:
    """Tell whether a path is the folder or lies in it, as the text says it: links are not followed."""
    held, own = (os.path.normcase(os.path.abspath(text)) for text in (path, folder))  # noqa: PTH100 -- no links
    return held == own or held.startswith(own.rstrip(os.sep) + os.sep)


def ask(path: str, cache: Optional[Path] = None) -> Compiler:
    """Return a compiler with what it says of itself.

    Args:
        path: The compiler.
        cache: The file with the last answer. It counts while the compiler has the same path and time. None: no file.

    Raises:
        NoCompilerError: it does not start.
    """
    key = [path, Path(path).stat().st_mtime_ns]
    if cache:
        try:
            held = json.loads(cache.read_text(encoding="utf-8"))
            if held["key"] == key:
                return Compiler(path, str(held["banner"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none, or not one of ours: it is written anew
    try:
        done = subprocess.run([path, "--version"], capture_output=True, check=False)
    except OSError as exc:
        raise NoCompilerError(f"{path} does not start: {exc.strerror}", _FOR_THIS_MACHINE) from exc
    if done.returncode:
        cause = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoCompilerError(
            f"{path} does not start: {cause[-1] if cause else f'exit code {done.returncode}'}", _FOR_THIS_MACHINE
        )
    banner = (done.stdout.decode("utf-8", "replace").splitlines() or [""])[0]
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps({"key": key, "banner": banner}), encoding="utf-8")
    return Compiler(path, banner)


_FOR_THIS_MACHINE = "is it an SDCC for this system and processor? `sdcc --version` in a terminal must print its version"


def search_folders(path: str) -> list[Path]:
    """Return the folders in which this SDCC looks for a processor's library. For an SDCC with an unusual layout."""
    done = subprocess.run([path, "-mstm8", "--print-search-dirs"], capture_output=True, check=False)
    found = re.search(r"^libdir:\s*\n((?:\S.*[^:\n]\n?)+)", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return [Path(line.strip()).parent for line in found[1].splitlines()] if found else []


def library_folders(compiler: Optional[Compiler], library: str) -> list[Path]:
    """Return the existing folders of SDCC's own library, such as `stm8-large`."""
    if not compiler:
        return []
    roots = [compiler.folder / "share" / "sdcc" / "lib", compiler.folder / "lib"]  # the second one is for Windows
    found = [root / library for root in roots if (root / library).is_dir()]
    return found or [root / library for root in search_folders(compiler.path) if (root / library).is_dir()]


def told(compiler: Compiler, mode: str, package: str, package_version: str) -> str:
    """Return the line that says which SDCC the build uses, and from where."""
    if mode != SYSTEM and package and inside(compiler.path, package):
        origin = f"package {PACKAGE} {package_version}".rstrip()
    else:
        origin = "from PATH"
    return " ".join(filter(None, ("SDCC", compiler.version_text, compiler.revision))) + f", {origin}: {compiler.path}"


def in_package_version(version: str) -> tuple[int, ...]:
    """Return SDCC's version in that of PlatformIO's package: `1.30901.0` is (3, 9, 1). Empty: it is not in there."""
    found = re.match(r"1\.(\d)(\d\d)(\d\d)\.", version)
    return tuple(map(int, found.groups())) if found else ()


def problems(
    compiler: Compiler, mode: str, package: str, package_version: str, frameworks: list[str]
) -> list[tuple[str, str]]:
    """Return (warning, hint) for each reason why this SDCC may not do. The build goes on.

    Args:
        compiler: The compiler.
        mode: `board_build.sdcc`.
        package: The folder of PlatformIO's package, or an empty text.
        package_version: Its version in PlatformIO's registry. It counts for sduino, which asks for it.
        frameworks: The project's frameworks.
    """
    found: list[tuple[str, str]] = []
    version, text = compiler.version, compiler.version_text
    sduino = "arduino" in frameworks
    if not version:
        found.append((f"{compiler.path} does not tell its version: {compiler.banner!r}", _RANGE))
    elif version[:2] > NEWEST:
        found.append((f"SDCC {text} is newer than {_text(NEWEST)}: this platform was not tried with it", _RANGE))
    elif version[:2] < OLDEST and not sduino:  # sduino asks for an older one
        found.append((f"SDCC {text} is older than {_text(OLDEST)}: this platform was not tried with it", _RANGE))
    if mode != SYSTEM and package and not inside(compiler.path, package):
        found.append(
            (
                f"the package {PACKAGE} in {package} has no `sdcc`, so the build takes {compiler.path}",
                f"{_FETCH_AGAIN}, or set {OPTION} = {SYSTEM}",
            )
        )
    if mode != SYSTEM and not package:
        found.append(
            (
                f"PlatformIO finds no package {PACKAGE} for this project, so the build takes {compiler.path}",
                "if platform_packages has symlink://, the folder must hold package.json and no file .piopm; or set "
                f"{OPTION} = {SYSTEM}",
            )
        )
    counts = (mode != SYSTEM and in_package_version(package_version)) or version
    if sduino and counts[:2] >= FIRST_IN_REGISTERS:
        found.append(
            (
                "framework = arduino: sduino's compiled libraries take arguments from the stack, and SDCC "
                f"{text} passes them in registers: their functions get wrong values",
                f"remove {OPTION}, and {PACKAGE} in platform_packages: then PlatformIO brings what sduino needs",
            )
        )
    return found


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


_RANGE = f"this platform takes SDCC {_text(OLDEST)} to {_text(NEWEST)}; if the build fails, take one of these"
