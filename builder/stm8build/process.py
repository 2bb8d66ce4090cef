"""Start a program with the words of SCons' variables. No shell is used, so each word reaches it unchanged."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import Any

from SCons.Script import Split
from SCons.Subst import SUBST_RAW


def words(env: Any, value: Any, target: Any = (), source: Any = ()) -> list[str]:
    """Return the words of a variable's value with the variables in them expanded. Empty words are left out."""
    found: list[str] = []
    for item in value if isinstance(value, (list, tuple)) else Split(value):
        name = re.fullmatch(r"\$(?:(\w+)|\{(\w+)\})", str(item))
        held = env.get(name[1] or name[2]) if name else None
        if isinstance(held, (list, tuple)):
            found += words(env, held, target, source)
            continue
        word = env.subst(str(item), SUBST_RAW, target, source)  # otherwise "$(" and spaces get lost
        if word or not item:
            found.append(word)
    return found


def start(arguments: list[str], env: Any) -> int:
    """Run a program; return its exit code. If a signal ends it or it cannot start, return the code of a shell."""
    variables = {name: str(value) for name, value in env["ENV"].items()}
    variables["STM8TOOL_WORDS"] = "platformio"  # the flasher's hints name options of platformio.ini
    sys.stdout.flush()
    program = shutil.which(arguments[0], path=variables.get("PATH")) or arguments[0]
    special = [word for word in arguments[1:] if re.search(r'["%!^&|<>\r\n]', word)]
    if special and program.lower().endswith((".bat", ".cmd")):  # cmd reads these, and Windows does not quote for cmd
        sys.stderr.write(f"error: {program} is a batch file, and cmd would change the word {special[0]}\n")
        return 1
    try:
        code = subprocess.Popen([program, *arguments[1:]], env=variables).wait()
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"error: {arguments[0]} cannot be started: {exc}\n")
        return 127
    return code if code >= 0 else 128 - code
