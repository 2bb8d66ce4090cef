"""Run pip for the tool, without the user's settings for other projects, but through the user's network.

pip takes options from variables (PIP_TARGET) and from several configuration files. Python takes variables, too
(PYTHONPATH). Here only the settings count that name the source of packages or the way to the network: a company's
index, proxy and certificates. Others would install the files elsewhere (PIP_ROOT, PIP_PREFIX), or prevent the
installation (PIP_DRY_RUN, PIP_CONSTRAINT, PIP_NO_BINARY).

Source: pip's documentation, "Configuration": precedence, section names, PIP_CONFIG_FILE; pip 20 to 25 do this.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

LIMIT_S = 120.0  # for one `install`
_CONFIG_LIMIT_S = 60.0  # it asks no network, but a busy or slow machine starts pip slowly

# The settings for the source of packages and the network, with their names in a configuration file.
KEPT = (
    "index-url",
    "extra-index-url",
    "no-index",
    "find-links",
    "trusted-host",
    "proxy",
    "cert",
    "client-cert",
    "timeout",
    "default-timeout",
    "retries",
    "cache-dir",
    "no-cache-dir",
    "keyring-provider",
    "use-feature",
)
_FEATURES = {"truststore"}  # certificates of the system; the other features change the installed files
_SECTIONS = ("global", "install")  # sections of configuration files; the last one wins
_SETTING = re.compile(r"([\w-]+)\.([\w-]+)=(['\"].*['\"])")  # a line of `pip config list`
_FULL = re.compile(r"\[(?:Errno (?:28|30|122)|WinError (?:39|112))\] ([\w -]+)")  # no space, read-only, quota
_LONGEST_WORD = 300


def install(target: Path, requirements: str) -> Optional[str]:
    """Install the packages of a requirements text into the folder `target`; return None, or the reason of a failure.

    Raises:
        OSError: The folder cannot be filled: the disk is full, or the folder cannot be written.
    """
    import subprocess

    target.mkdir(exist_ok=True)
    file = target / "requirements.lock"
    file.write_text(requirements, encoding="utf-8")
    try:
        done = subprocess.run(
            command(sys.executable, target, file),
            cwd=target.parent,  # -m looks for modules in the current directory first
            env=environment(target.parent),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"pip did not end within {LIMIT_S:.0f} s"
    if done.returncode == 0:
        return None
    last = _last_word(done.stdout) or f"exit code {done.returncode}"
    full = _FULL.search(last)
    if full:  # pip's own text may name every file that did not fit
        raise OSError(f"{target.parent}: {full[1]}")
    return last if len(last) <= _LONGEST_WORD else f"{last[:_LONGEST_WORD]}…"


def _last_word(output: str) -> str:
    """Return pip's last error, or else the last line. If pip fails with a traceback, this is Python's message."""
    lines = output.strip().splitlines() or [""]
    errors = [line for line in lines if line.startswith("ERROR: ") and line != "ERROR: Exception:"]
    return (errors or lines)[-1].replace("ERROR: ", "")


def command(python: str, target: Path, requirements: Path) -> list[str]:
    """Return the command that installs `requirements` into `target`."""
    return [
        *(python, _isolation(), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--upgrade"),
        *("--target", str(target), "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements)),
    ]


def command_line(target: Path, requirements: Path) -> str:
    """Return the command that installs `requirements` into `target`, as the user would type it."""
    import shlex
    import subprocess

    python = sys.executable
    if importlib.util.find_spec("pip") is None:  # the pip of any other Python will do
        python = "py" if sys.platform == "win32" else "python3"
    words = command(python, target, requirements)
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment variables for pip. `folder` is a current directory without modules."""
    return _environment(_settings(folder))


def _isolation() -> str:
    """Return the interpreter's option that ignores PYTHON* variables, and the user's packages unless pip is one."""
    import site

    pip = importlib.util.find_spec("pip")
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else None
    return "-E" if pip and pip.origin and user and Path(user) in Path(pip.origin).parents else "-I"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a pip that uses only `settings`."""
    own = {"PIP_CONFIG_FILE": os.devnull}  # this makes pip read no configuration file at all
    if not settings.keys() & {"timeout", "default-timeout"}:
        own["PIP_DEFAULT_TIMEOUT"] = "15"
    if "retries" not in settings:
        own["PIP_RETRIES"] = "1"
    return {**_without_options(), **own, **{f"PIP_{_variable(name)}": value for name, value in settings.items()}}


def _settings(folder: Path) -> dict[str, str]:
    """Return the user's settings of KEPT. They come from pip's configuration files and from variables, which win."""
    found = _configured(folder)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:  # pip ignores an empty variable, too
            found[name[4:].lower().replace("_", "-")] = value
    features = _FEATURES.intersection(found.pop("use-feature", "").split())
    if features:
        found["use-feature"] = " ".join(features)
    return {name: " ".join(value.split("\n")) for name, value in found.items() if name in KEPT}


def _configured(folder: Path) -> dict[str, str]:
    """Return the settings in pip's configuration files, as pip itself reads them; none if it cannot."""
    import ast
    import subprocess

    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return {}
    environment = _without_options()
    if chosen:
        environment["PIP_CONFIG_FILE"] = chosen
    try:
        done = subprocess.run(
            # -v, because a file may set `quiet`, which would suppress the list.
            [sys.executable, _isolation(), "-m", "pip", "--disable-pip-version-check", "-v", "config", "list"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=_CONFIG_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in done.stdout.splitlines():
        setting = _SETTING.fullmatch(line)
        if setting and setting[1] in found:
            found[setting[1]][setting[2]] = str(ast.literal_eval(setting[3]))
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def _without_options() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
