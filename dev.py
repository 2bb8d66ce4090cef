#!/usr/bin/env python3
"""What a developer types, with nothing installed before but Python 3.9 or newer.

    python3 dev.py demo       PlatformIO and SDCC build, flash and unlock a simulated board
    python3 dev.py test       every test; then the unit tests on the oldest and the newest Python of this machine
    python3 dev.py test ...   what follows goes to pytest, which uses every core; -n0: one process, as --pdb wants it
    python3 dev.py test --wine    a Windows Python, by wine; needs Debian, and root to install it where it is missing
    python3 dev.py test --vm  real USB, in a virtual machine; needs Debian, and root to install what is missing;
    python3 dev.py test --ucsim    our STM8 core beside Debian's uCsim, on random code and compiled programs;
                              these three exit with 77, and say why, where what they need cannot be had
    python3 dev.py check      ruff, mypy --strict, the rules of prose (dev/prose.py), and the docs site, strictly
    python3 dev.py docs       the docs site, in dist/site; its pages work without a network
    python3 dev.py bench      the figures of tests/benchmark.py
    python3 dev.py core --dir DIR    a PlatformIO core directory with this platform in it
    python3 dev.py release    the archive for users, in dist: made of the commit, installed and tried without a network

All that it installs lies in .venv* and .demo here, and what it makes in dist; the user's own PlatformIO is never
touched.
"""

# No `from __future__` here: an older Python must get as far as the sentence below.
import sys

if sys.version_info < (3, 9):
    sys.exit("dev.py needs Python 3.9 or newer; this is Python %d.%d" % sys.version_info[:2])

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Optional, Union

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
DEMO = ROOT / ".demo"
DIST = ROOT / "dist"
DEV_LOCK = ROOT / "requirements-dev.lock"
TOOL_LOCK = ROOT / "tool" / "requirements.lock"
WINDOWS = os.name == "nt"

# What another Python runs: not what runs programs of its own, nor minutes of what is the same logic on each.
ANY_PYTHON = "not platform and not hardware and not wine and not vm and not ucsim"
RANDOM_UPLOADS = ROOT / "tests" / "session" / "test_random_faults.py"

# Variables for other uses of pip, under which it would put the packages elsewhere, others, or none.
FOR_OTHER_PIPS = {f"PIP_{name}" for name in ("CONSTRAINT", "DRY_RUN", "NO_BINARY", "PREFIX", "ROOT", "TARGET", "USER")}

NOT_HERE = 77  # exit code for tests whose machine cannot be had, as automake has it; a failure has another

# Programs that single tests run, and the Debian packages that have them. Without one, its tests say so and are skipped.
TEST_PROGRAMS = {"umockdev-run": ["umockdev"], "gcc": ["gcc", "libc6-dev"], "sstm8": ["sdcc-ucsim"]}

# Tests on another machine: the option, which is also pytest's marker, and what makes that machine.
MACHINES = {
    "--vm": ROOT / "tests" / "vm" / "image.py",
    "--wine": ROOT / "tests" / "windows" / "wine.py",
    "--ucsim": ROOT / "tests" / "ucsim" / "witness.py",
}

Argument = Union[str, Path]


class SetupError(Exception):
    """One sentence that tells the user what is wrong."""


def say(text: str) -> None:
    print(text, flush=True)


def run(*command: Argument, cwd: Path = ROOT, env: Optional[dict[str, str]] = None) -> int:
    """Run a command that shows its own output; return its exit code."""
    return subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=False).returncode


def must(*command: Argument, env: Optional[dict[str, str]] = None) -> None:
    if run(*command, env=env):
        raise SetupError(f"this command failed: {' '.join(map(str, command))}")


def capture(*command: Argument, env: Optional[dict[str, str]] = None) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    return subprocess.run(words, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False)


def ask(*command: Argument) -> str:
    """Return what a command prints, or an empty text if it fails."""
    done = capture(*command)
    return done.stdout.strip() if done.returncode == 0 else ""


# Virtual environments


def virtual_environment(folder: Path = VENV, base: Argument = sys.executable) -> Path:
    """Return the interpreter of an environment that holds what the lock files say; make or renew it if need be."""
    python = program(folder, "python")
    stamp = folder / "installed"
    if python.exists() and stamp.is_file() and stamp.read_text() == locks_digest():
        return python
    say(f"Preparing {folder.name} ...")
    if not python.exists():
        if not ask(base, "-I", "-c", "import ensurepip, venv; print('both')") and not apt_install("python3-venv"):
            raise SetupError(f"{base} cannot make virtual environments; install python3-venv and try again")
        must(base, "-I", "-m", "venv", "--clear", folder)
    pip_install(python, "--require-hashes", "-r", DEV_LOCK)
    pip_install(python, "--require-hashes", "--no-deps", "-r", TOOL_LOCK)
    stamp.write_text(locks_digest())
    return python


def program(folder: Path, name: str) -> Path:
    return folder / ("Scripts" if WINDOWS else "bin") / (f"{name}.exe" if WINDOWS else name)


def locks_digest() -> str:
    return hashlib.sha256(DEV_LOCK.read_bytes() + TOOL_LOCK.read_bytes()).hexdigest()


def pip_install(python: Path, *arguments: Argument) -> None:
    env = {name: value for name, value in os.environ.items() if name not in FOR_OTHER_PIPS}
    must(
        python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-user", *arguments, env=env
    )


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that can be done without asking anybody: as root, with apt-get."""
    if sys.platform == "win32" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {' '.join(packages)} ...")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = capture("apt-get", "-qq", *arguments, env=env)
        if done.returncode:
            say(done.stderr)
            return False
    return True


# PlatformIO


def prepare_core(core: Path) -> None:
    """Fill a PlatformIO core directory: this platform by symlink, and what it needs if the registry is out of reach."""
    python = virtual_environment()
    stamp = core / "prepared"
    state = f"{ROOT}\n{locks_digest()}"
    scons, sdcc = core / "packages" / "tool-scons", core / "packages" / "toolchain-sdcc"
    complete = (scons / "scons.py").exists() and shutil.which("sdcc", path=str(sdcc / "bin"))
    if complete and stamp.is_file() and stamp.read_text() == state:
        return
    core.mkdir(parents=True, exist_ok=True)
    if not registry_answers(python):
        say("PlatformIO's registry does not answer: SCons and SDCC come from elsewhere.")
        link(scons_package(python), scons)
        link(sdcc_package(), sdcc)
    install = ("pkg", "install", "--global", "--skip-dependencies", "--platform", f"symlink://{ROOT}")
    done = capture(program(VENV, "pio"), *install, env=pio_environment(core))
    if done.returncode:
        raise SetupError(f"PlatformIO does not take this platform: {done.stdout}{done.stderr}")
    stamp.write_text(state)


def pio_environment(core: Path) -> dict[str, str]:
    """Return the variables under which `pio` uses that core directory alone, and no network for itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(program(VENV, "pio").parent), os.environ.get("PATH", "")]),
        "PLATFORMIO_CORE_DIR": str(core),
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "3650",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
        "PLATFORMIO_SETTING_DISABLE_UDEV_RULES_CHECK": "yes",
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
    }


def registry_answers(python: Path) -> bool:
    """Ask PlatformIO's registry once, for seconds: PlatformIO itself would try for a minute per package."""
    code = """
import requests
from platformio import __registry_mirror_hosts__ as hosts
def answers(host):
    try:
        return requests.get(f"https://{host}/v3/packages/platformio/tool/tool-scons", timeout=3).ok
    except requests.RequestException:
        return False
print("yes" if any(map(answers, hosts)) else "no")
"""
    return ask(python, "-I", "-c", code) == "yes"


def scons_package(python: Path) -> Path:
    """Return tool-scons as the installed PlatformIO asks for it, made of the same SCons from the package index."""
    code = "from platformio.dependencies import get_core_dependencies as get; print(get()['tool-scons'])"
    version = ask(python, "-I", "-c", code).lstrip("~")

    def fill(folder: Path) -> None:
        scons = f"SCons=={upstream_version(version)}"
        pip_install(python, "--no-deps", "--no-compile", "--target", folder / "scons-local", scons)
        (folder / "scons.py").write_text(
            "import os\nimport sys\n\n"
            'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons-local"))\n'
            "from SCons.Script.Main import main\n\nmain()\n"
        )

    return package("tool-scons", version, Path("scons.py"), fill)


def sdcc_package() -> Path:
    """Return toolchain-sdcc, made of the SDCC on PATH."""
    sdcc = shutil.which("sdcc") or (apt_install("sdcc") and shutil.which("sdcc"))
    if not sdcc:
        raise SetupError("there is no SDCC: install it so that `sdcc` is on PATH, and try again")
    programs = Path(sdcc).resolve().parent

    def fill(folder: Path) -> None:
        for name in ("sdcc", "sdcpp", "sdar", "sdranlib", "sdasstm8", "sdldstm8", "sdld", "sdnm", "sdobjcopy", "sstm8"):
            file = shutil.which(name, path=str(programs))
            if file:
                link(Path(file), folder / "bin" / Path(file).name)
        for data in ("share/sdcc", *(("lib", "include") if WINDOWS else ())):
            if (programs.parent / data).is_dir():
                link(programs.parent / data, folder / data)

    return package("toolchain-sdcc", package_version(ask(sdcc, "--version")), Path("bin", Path(sdcc).name), fill)


def upstream_version(version: str) -> str:
    """Return what a registry version packs: 4.41101.0 is SCons 4.11.1."""
    number = int(version.split(".")[1])
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def package_version(banner: str) -> str:
    """Return the registry's way to write the version in a compiler's banner: 4.2.0 is 1.40200.0."""
    found = re.search(r" (\d+)\.(\d+)\.(\d+) ", banner)
    if not found:
        raise SetupError(f"sdcc does not tell its version: {banner!r}")
    major, minor, patch = map(int, found.groups())
    return f"1.{major}{minor:02}{patch:02}.0"


def package(name: str, version: str, main_file: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder that PlatformIO takes for this package of its registry; keep it for the next core directory."""
    folder = VENV / "packages" / f"{name}-{version}"
    if not (folder / main_file).exists():
        shutil.rmtree(folder, ignore_errors=True)
        partial = folder.with_name("partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
        (partial / "package.json").write_text(json.dumps({"name": name, "version": version, "system": "*"}))
        (partial / ".piopm").write_text(json.dumps({"type": "tool", "name": name, "version": version, "spec": spec}))
        partial.replace(folder)
    return folder


def link(source: Path, target: Path) -> None:
    """Make `target` stand for `source`: a symbolic link, or a copy where links need a privilege."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    if not WINDOWS:
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


# The commands


def demo() -> int:
    """Do as a user would with simulated boards that ship locked; look at what the chips hold before and after."""
    core, project = DEMO / "core", DEMO / "blink"
    prepare_core(core)
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "native-blink", project, ignore=shutil.ignore_patterns(".pio"))
    env = pio_environment(core)
    tool = os.path.relpath(ROOT / "tool", project)

    def user(*command: str) -> None:
        say(f"\n$ {' '.join(command)}")
        if run(shutil.which(command[0], path=env["PATH"]) or command[0], *command[1:], cwd=project, env=env):
            raise SetupError("the demo failed at this command")

    def new_board(name: str) -> None:
        user("python", tool, "sim", "create", name, "--part", "stm8s103f3", "--probe", "v3", "--locked")
        expect("ON" in show(name)["protection"], "the new chip is locked")

    def pio(target: str, board: str) -> None:
        user("pio", "run", "-e", "stm8sblue", "-t", target, "--upload-port", f"sim:{board}")

    def show(board: str) -> dict[str, str]:
        say(f"\n$ python {tool} sim show {board}")
        text = ask(program(VENV, "python"), ROOT / "tool", "sim", "show", project / board)
        say(text)
        return dict(re.findall(r"^  (\S+) +(.*)$", text, re.MULTILINE))

    def expect(truth: bool, what: str) -> None:
        if not truth:
            raise SetupError(f"the demo failed: not so: {what}")

    new_board("board.chip")
    user("pio", "run", "-e", "stm8sblue")
    pio("upload", "board.chip")
    pio("verify", "board.chip")
    first = show("board.chip")
    expect(first["protection"] == "off", "the upload removed the protection")
    expect(first["CPU"] == "running", "the program runs")
    pio("upload", "board.chip")
    expect(show("board.chip")["flash"] == first["flash"], "the second upload programmed nothing")
    new_board("other.chip")
    pio("unlock", "other.chip")
    other = show("other.chip")
    expect(other["protection"] == "off" and other["flash"].startswith("0 of "), "the chip is unlocked and erased")
    say("\nThe demo passed: built, uploaded to a locked chip, verified, nothing written twice, another chip unlocked.")
    return 0


def test(arguments: list[str]) -> int:
    """Run pytest in .venv; without arguments then also, without PlatformIO, on the oldest and the newest Python."""
    python = virtual_environment()
    missing = [name for program, names in TEST_PROGRAMS.items() if not shutil.which(program) for name in names]
    if missing and sys.platform.startswith("linux"):
        apt_install(*missing)
    machines = [option for option in MACHINES if option in arguments]
    if machines:
        words = [word for word in arguments if word not in machines]
        codes = [test_on(option, python, words) for option in machines]
        return next((code for code in codes if code not in (0, NOT_HERE)), max(codes))
    if arguments:
        return pytest_on_every_core(python, *arguments)
    found = interpreters()
    for version, path in found.items():
        say(f"Found Python {'.'.join(map(str, version))}: {path}")
    suites = {"with PlatformIO": (python, ["-m", "platform"]), "without PlatformIO": (python, ["-m", ANY_PYTHON])}
    for version in sorted({min(found), max(found)} - {version_of(python)}):
        name = ".".join(map(str, version))
        other = virtual_environment(ROOT / f".venv-{name}", found[version])
        suites[f"on Python {name}"] = (other, ["-m", ANY_PYTHON, f"--ignore={RANDOM_UPLOADS}"])
    codes = []
    for name, (interpreter, words) in suites.items():
        say(f"\nThe tests {name}")
        codes.append(pytest_on_every_core(interpreter, "--quiet", *words))
    return max(codes)


def pytest_on_every_core(python: Path, *arguments: str) -> int:
    """Run pytest with pytest-xdist: a file of tests stays in one process, as its fixtures are made once."""
    # Isolated as their parent is, or our platform.py would hide the standard module; relative, or a space would end it.
    process = f"popen//python={os.path.relpath(python, ROOT)} -I"
    spread = ("--dist", "loadfile", "--tx", f"{os.cpu_count()}*{process}")
    return run(python, "-I", "-m", "pytest", *spread, *arguments)


def test_on(option: str, python: Path, arguments: list[str]) -> int:
    """Run the tests of another machine; where it cannot be had return NOT_HERE, as its maker does, which says why."""
    maker = MACHINES[option]
    missing = ask(python, "-I", maker, "--missing").split()
    if missing:
        apt_install(*missing)  # what is missing then, the maker names
    code = run(python, "-I", maker)
    if code:
        return code
    return run(python, "-I", "-m", "pytest", "-m", option.strip("-"), maker.parent, *arguments)


def interpreters() -> dict[tuple[int, int], str]:
    """Return the interpreters from 3.9 on that can make environments: one for each version, oldest first."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")) / "versions"  # noqa: PTH111 -- no home
    candidates = [sys.executable, *map(str, sorted(pyenv.glob("*/bin/python")))]
    candidates += [path for minor in range(9, 30) for path in [shutil.which(f"python3.{minor}")] if path]
    if WINDOWS:
        candidates += re.findall(r"\S:\\.*\.exe", ask("py", "-0p"))
    found = {version: path for path in candidates for version in [version_of(path)] if version >= (3, 9)}
    return dict(sorted(found.items()))


def version_of(python: Argument) -> tuple[int, int]:
    """Return the version of a CPython that has venv and pip; (0, 0) for anything else."""
    code = "import sys, venv, ensurepip; print(sys.implementation.name, *sys.version_info[:2])"
    name, *version = ask(python, "-I", "-c", code).split() or [""]
    return (int(version[0]), int(version[1])) if name == "cpython" else (0, 0)


def check() -> int:
    python = virtual_environment()
    # platform.py has the name of a standard module, which mypy does not accept; a copy gets another.
    copied = VENV / "check" / "ststm8_platform.py"
    copied.parent.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "platform.py", copied)
    commands = [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",), ("mypy", str(copied))]
    codes = [run(python, "-I", "-m", *command) for command in commands]
    codes.append(run(python, "-I", ROOT / "dev" / "prose.py"))
    site = run(python, "-I", ROOT / "dev" / "docs_site.py", VENV / "check" / "site")
    return max(*codes, 0 if site == NOT_HERE else site)


def docs() -> int:
    return run(virtual_environment(), "-I", ROOT / "dev" / "docs_site.py", DIST / "site")


def bench() -> int:
    return run(virtual_environment(), ROOT / "tests" / "benchmark.py")


def release() -> int:
    """Write the archive for users to dist, once it has shown that it works offline; `release/` makes it."""
    python, unproven = virtual_environment(), DEMO / "release"
    shutil.rmtree(unproven, ignore_errors=True)
    say("Making the archive ...")
    must(python, "-I", ROOT / "release", unproven)
    (archive,) = unproven.iterdir()
    say(f"Trying {archive.name} ...")
    must(
        python, "-I", "-m", "pytest", "tests/platform/test_release.py", env={**os.environ, "STM8_RELEASE": str(archive)}
    )
    DIST.mkdir(exist_ok=True)
    archive.replace(DIST / archive.name)
    say(f"{hashlib.sha256((DIST / archive.name).read_bytes()).hexdigest()}  {Path('dist', archive.name)}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in ("demo", "check", "docs", "bench", "release"):
        commands.add_parser(name)
    commands.add_parser("test", add_help=False)  # -h is pytest's
    commands.add_parser("core").add_argument("--dir", type=Path, required=True)
    options, rest = parser.parse_known_args()
    if rest and options.command != "test":
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        if options.command == "core":
            prepare_core(options.dir.resolve())
            return 0
        if options.command == "test":
            return test(rest)
        return {"demo": demo, "check": check, "docs": docs, "bench": bench, "release": release}[options.command]()
    except SetupError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
