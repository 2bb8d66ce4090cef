"""pip as the tool runs it: apart from what the user set for other uses of pip, but through the user's network.

pip takes options from variables (PIP_TARGET), from several configuration files, and Python takes some (PYTHONPATH).
Of those only the ones that say where packages come from, and how the network is reached, count here: a company's
index, proxy and certificates. All others would send the files elsewhere (PIP_ROOT, PIP_PREFIX), or keep them from
coming (PIP_DRY_RUN, PIP_CONSTRAINT, PIP_NO_BINARY).

Source: pip's documentation, "Configuration": precedence, section names, PIP_CONFIG_FILE; pip 20 to 25 behave so.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

LIMIT_S = 120.0  # of one `install`
_CONFIG_LIMIT_S = 20.0

# Where packages come from, and how the network is reached; names as in a configuration file.
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
_FEATURES = {"truststore"}  # certificates of the system; the other features change what is installed
_SECTIONS = ("global", "install")  # of configuration files, the stronger one last
_SETTING = re.compile(r"([\w-]+)\.([\w-]+)=(['\"].*['\"])")  # a line of `pip config list`
_FULL = re.compile(r"\[(?:Errno (?:28|30|122)|WinError (?:39|112))\] ([\w -]+)")  # no space, read-only, quota
_LONGEST_WORD = 300


def install(target: Path, requirements: str) -> Optional[str]:
    """Install what the text of a requirements file names into the folder `target`; return None, or why not.

    Raises:
        OSError: The folder cannot be filled: full, or not to be written.
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
    if full:  # pip may name every file that did not fit
        raise OSError(f"{target.parent}: {full[1]}")
    return last if len(last) <= _LONGEST_WORD else f"{last[:_LONGEST_WORD]}…"


def _last_word(output: str) -> str:
    """Return pip's last error, or the last line: of an error that pip does not know, that is Python's."""
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
    """Return, as the user would type it, what installs `requirements` into `target`."""
    import shlex
    import subprocess

    python = sys.executable
    if importlib.util.find_spec("pip") is None:  # any other Python's will do
        python = "py" if sys.platform == "win32" else "python3"
    words = command(python, target, requirements)
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def environment(folder: Path) -> dict[str, str]:
    """Return the variables under which pip runs; `folder` is a current directory for it without modules."""
    return _environment(_settings(folder))


def _isolation() -> str:
    """Return the interpreter's option: no PYTHON* variables, and no packages of the user unless pip is one of them."""
    import site

    pip = importlib.util.find_spec("pip")
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else None
    return "-E" if pip and pip.origin and user and Path(user) in Path(pip.origin).parents else "-I"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a pip that knows `settings` and no others."""
    own = {"PIP_CONFIG_FILE": os.devnull}  # with this name pip reads no configuration file at all
    if not settings.keys() & {"timeout", "default-timeout"}:
        own["PIP_DEFAULT_TIMEOUT"] = "15"
    if "retries" not in settings:
        own["PIP_RETRIES"] = "1"
    return {**_without_options(), **own, **{f"PIP_{_variable(name)}": value for name, value in settings.items()}}


def _settings(folder: Path) -> dict[str, str]:
    """Return the user's settings of KEPT: from pip's configuration files, and from variables, which are stronger."""
    found = _configured(folder)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:  # an empty one counts for nothing with pip, too
            found[name[4:].lower().replace("_", "-")] = value
    features = _FEATURES.intersection(found.pop("use-feature", "").split())
    if features:
        found["use-feature"] = " ".join(features)
    return {name: " ".join(value.split("\n")) for name, value in found.items() if name in KEPT}


def _configured(folder: Path) -> dict[str, str]:
    """Return what pip's configuration files say, as pip itself reads them; nothing where it cannot."""
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
            # -v: a file may say `quiet`, which would silence the list.
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
