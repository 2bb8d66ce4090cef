"""Run a project's own command or program instead of the flasher. The variables mean the same as in ststm8 2.1.0.

There `upload` runs UPLOADCMD. It is made of UPLOADER and UPLOADERFLAGS, which are words of stm8flash.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Optional

from SCons.Script import Action, Split

from . import command_line, option_problems, process, shell, stm8gal

WINDOWS = os.name == "nt"

OWN_COMMAND = '"$PYTHONEXE" "$UPLOADER" $UPLOADERFLAGS write $STM8TOOL_OPTIONS $SOURCE'
PROGRAM_COMMAND = '"$UPLOADER" $UPLOADERFLAGS $SOURCE'  # from ststm8 2.1.0, which has a program in UPLOADER


Stands = Callable[[str], str]  # keeps SCons from changing a value, as shell.as_it_stands does


def before_upload(*, at_uart: bool) -> list[Any]:
    """Return the actions that run before `upload`."""
    return [Action(_find_upload_port, "Looking for upload port...")] if at_uart else []


def _find_upload_port(target: Any, source: Any, env: Any) -> None:
    """Let PlatformIO choose the serial port. A project's own command does not need it."""
    if env["UPLOADCMD"] == OWN_COMMAND:
        find_port(target, source, env)


def find_port(target: Any, source: Any, env: Any) -> None:
    """Let PlatformIO choose the serial port: without one the flasher would take an ST-LINK, maybe of another board."""
    if "--probe" not in env["UPLOAD_FLAGS"]:
        env.AutodetectUploadPort()


def serve(env: Any, stands: Stands, ours: list[str]) -> None:
    """If a project has its own tool, flags or command, set the variables to their values in ststm8 2.1.0.

    Args:
        env: The environment of the build.
        stands: Keeps SCons from changing a value.
        ours: The flasher's options, as UPLOADERFLAGS had them before the project's scripts ran.
    """
    words = [str(word) for word in Split(env["UPLOADERFLAGS"])]
    protocol, port = env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
    may_stand_in = "tool-stm8flash" not in str(env.GetProjectOption("platform_packages", ""))
    if may_stand_in and isinstance(env["UPLOADCMD"], str):
        env.Replace(UPLOADCMD=command_line.with_our_stm8flash(env["UPLOADCMD"]))
    if may_stand_in and command_line.with_our_stm8flash(f"{env['UPLOADER']} {' '.join(words)}").startswith(
        "$STM8FLASH "
    ):
        if env["UPLOADCMD"] == OWN_COMMAND:
            env.Replace(UPLOADCMD=PROGRAM_COMMAND)
        env.Replace(UPLOADER="$STM8TOOL")
    own_words = option_problems.stm8flash_option(words)
    if (env["UPLOADER"], env["UPLOADCMD"]) == ("$STM8TOOL", OWN_COMMAND) and not own_words:
        return
    more = {"c": "$UPLOAD_PORT"} if port.startswith("sim:") else {}  # no other program understands it
    if env["UPLOADCMD"] == OWN_COMMAND:
        env.Replace(UPLOADCMD=PROGRAM_COMMAND)
    if command_line.is_at_uart(protocol, port):
        _serve_stm8gal(env, words, ours)
        return
    if env["UPLOADER"] == "$STM8TOOL":  # two words, so they need no quotation marks
        env.Replace(UPLOADER="$STM8FLASH")
        if isinstance(env["UPLOADCMD"], str):  # a script may have set a function
            env.Replace(UPLOADCMD=re.sub(r'"(\$UPLOADER|\$\{UPLOADER\})"', r"\1", env["UPLOADCMD"]))
        if port and command_line.serial_probe(protocol, port):
            more = {"d": "$UPLOAD_PORT"}
        elif port and not more and not command_line.is_serial_port(port):
            more = {"S": "$UPLOAD_PORT"}
    if words[-len(ours) :] == ours:
        board = env.BoardConfig()
        part = stands(command_line.stm8flash_part(board.get("upload"), board.get("build.mcu", "")))
        words[-len(ours) :] = command_line.stm8flash_flags(part, stands(protocol), env["UPLOAD_FLAGS"], **more)
        env.Replace(UPLOADERFLAGS=words)


def _serve_stm8gal(env: Any, words: list[str], ours: list[str]) -> None:
    """Set the variables for a command of a project that runs stm8gal, as ststm8 2.1.0 does."""
    if env["UPLOADER"] == "$STM8TOOL":
        env.Replace(UPLOADER=stm8gal.UPLOADER)
    if words[-len(ours) :] == ours:
        words[-len(ours) :] = stm8gal.flags(env.subst("$UPLOAD_SPEED"), given=env["UPLOAD_FLAGS"])
        env.Replace(UPLOADERFLAGS=words)


def takes_the_flags(env: Any) -> bool:
    """Tell whether upload_flags are words of the project's own command, which the flasher would not understand."""
    command = env["UPLOADCMD"]
    if env.subst("$UPLOAD_PROTOCOL") == "custom":
        return True
    if command in (OWN_COMMAND, PROGRAM_COMMAND):
        return False
    return not isinstance(command, str) or re.search(r"\$\{?(UPLOAD_FLAGS|UPLOADERFLAGS)\b", command) is not None


def shell_problem(env: Any, stands: Stands, target: Any, source: Any) -> Optional[str]:
    """Return the message for a value that the shell would change before the project's own command, or None."""
    if not isinstance(env["UPLOADCMD"], str):
        return None
    line = env.subst("$UPLOADCMD", 0, target, source)
    for option, items in (
        ("upload_port", ["$UPLOAD_PORT"]),
        ("upload_flags", env["UPLOAD_FLAGS"]),
        ("board_upload.part", [stands(str(env.BoardConfig().get("upload.part", "")))]),
    ):
        for value in process.words(env, items, target, source):
            letter = shell.changed_by_shell(value, windows=WINDOWS)
            if letter and value in line:
                return (
                    f"{option} = {value}: the shell that runs the project's own upload command would change the "
                    f"character {letter!r}; use another value, or leave out upload_command"
                )
    return None
