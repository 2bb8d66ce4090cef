"""The targets of `pio run -t …`: each is one call of the flasher in tool/, which `upload.py` composes."""

from __future__ import annotations

import functools
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

from SCons.Script import ARGUMENTS, Action, Split

TARGETS = (
    # name, group, title, description, the flasher's command
    ("upload", "Platform", "Upload", "Write the firmware to the chip and verify it", "write $SOURCE"),
    ("verify", "Platform", "Verify", "Compare the chip with the firmware", "verify $SOURCE"),
    ("unlock", "Platform", "Unlock", "Remove the read-out protection, which erases the chip", "unlock"),
    ("erase", "Platform", "Erase", "Erase the program memory", "erase"),
    ("reset", "Platform", "Reset", "Reset the chip and let its program run", "reset"),
    ("dump", "Platform", "Dump Flash", "Read the program memory into a file", 'read "$DUMP_FILE"'),
    (
        "uploadeep",
        "Platform",
        "Upload EEPROM",
        "Write custom_eeprom_file to the EEPROM and verify it",
        'write --unlock never --region eeprom "$EEPROM_FILE"',
    ),
    (
        "dumpeep",
        "Platform",
        "Dump EEPROM",
        "Read the EEPROM into a file",
        'read --region eeprom "$DUMPEEP_FILE"',
    ),
    (
        "options",
        "Platform",
        "Option Bytes",
        "Show the option bytes and which of them are at factory values",
        "options show",
    ),
    ("doctor", "Probe", "Doctor", "Look at everything up to the chip, and explain what is wrong", "doctor"),
    ("list-probes", "Probe", "List Probes", "List the attached probes", "list"),
    ("probe-info", "Probe", "Probe Info", "Show the probe and the chip behind it", "info"),
)
LOST = {"unlock": "a locked chip is erased", "erase": "the program is erased", "uploadeep": "the EEPROM is overwritten"}

OWN_COMMAND = '"$PYTHONEXE" "$UPLOADER" $UPLOADERFLAGS write $STM8TOOL_OPTIONS $SOURCE'
PROGRAM_COMMAND = '"$UPLOADER" $UPLOADERFLAGS $SOURCE'  # of ststm8 2.1.0, where UPLOADER is a program


def _refuse(message: str) -> int:
    """Say why a target does not run; return its exit code."""
    sys.stderr.write(f"error: {message}\n")
    return 1


def _confirm(target: Any, source: Any, env: Any) -> int:
    """Ask before something is lost; the question ends its line, as PlatformIO shows whole lines only."""
    name = str(target[0])
    sys.stdout.write(f"{name}: {LOST[name]}. Type yes to go on:\n")
    sys.stdout.flush()
    if sys.stdin.readline().strip() == "yes":
        return 0
    return _refuse(f"{name} was not confirmed (custom_confirm = yes): type yes when it asks")


def _by_stm8flash(env: Any, upload: Any) -> None:
    """Let `upload` run stm8flash, as ststm8 2.1.0 does it, for an espstlink."""
    board = env.BoardConfig()
    part = upload.stm8flash_part(board.get("upload"), board.get("build.mcu"))
    port = {"d": "$UPLOAD_PORT"} if env.subst("$UPLOAD_PORT") else {}
    flags = upload.stm8flash_flags(part, "espstlink", env["UPLOAD_FLAGS"], **port)
    env.Replace(UPLOADER="stm8flash", UPLOADCMD=PROGRAM_COMMAND, UPLOADERFLAGS=flags)


def _upload_nothing(target: Any, source: Any, env: Any) -> None:
    """Be the upload of a program that a simulator of the CPU runs."""
    sys.stdout.write("nothing is uploaded: upload_protocol = simulator\n")


def _by_stm8gal(env: Any, stm8gal: Any) -> list[Any]:
    """Let `upload` run stm8gal; return what comes before it."""
    flags = stm8gal.flags(env.subst("$UPLOAD_SPEED"), given=env["UPLOAD_FLAGS"])
    env.Replace(UPLOADER=stm8gal.UPLOADER, UPLOADCMD=PROGRAM_COMMAND, UPLOADERFLAGS=flags)

    def find_port(target: Any, source: Any, env: Any) -> None:
        """Let PlatformIO choose the port, and tell the user what to do; a command of the project's needs neither."""
        if env["UPLOADCMD"] == PROGRAM_COMMAND:
            env.AutodetectUploadPort()
            sys.stdout.write(stm8gal.hint(env["UPLOAD_FLAGS"]))

    return [Action(find_port, "Looking for upload port...")]


def _serve_the_project_s_own(env: Any, upload: Any, options: Any, ours: list[str]) -> None:
    """Where a project brings a tool, its flags or a command, the variables mean what they do in ststm8 2.1.0."""
    words = [str(word) for word in Split(env["UPLOADERFLAGS"])]
    if (env["UPLOADER"], env["UPLOADCMD"]) == ("$STM8TOOL", OWN_COMMAND) and not options.stm8flash_option(words):
        return
    board, port = env.BoardConfig(), env.subst("$UPLOAD_PORT")
    protocol = env.subst("$UPLOAD_PROTOCOL")
    more = {"c": port} if port.startswith("sim:") else {}  # means nothing to any other program
    if env["UPLOADCMD"] == OWN_COMMAND:
        env.Replace(UPLOADCMD=PROGRAM_COMMAND)
    if env["UPLOADER"] == "$STM8TOOL":  # two words, so no quotation marks around them
        env.Replace(UPLOADER="$STM8FLASH")
        if isinstance(env["UPLOADCMD"], str):  # a script may have set a function
            env.Replace(UPLOADCMD=re.sub(r'"(\$UPLOADER|\$\{UPLOADER\})"', r"\1", env["UPLOADCMD"]))
        if port and not more and not upload.is_serial_port(port):
            more = {"S": port}
    if words[-len(ours) :] == ours:
        part = upload.stm8flash_part(board.get("upload"), board.get("build.mcu"))
        words[-len(ours) :] = upload.stm8flash_flags(part, protocol, env["UPLOAD_FLAGS"], **more)
        env.Replace(UPLOADERFLAGS=words)


def _set_up(env: Any, project: dict[str, Any], upload: Any, options: Any, package: Optional[str]) -> list[str]:
    """Set the variables that command lines are made of; return the flasher's options. `package` may upload instead."""
    root = Path(env.PioPlatform().get_dir())
    board = env.BoardConfig()
    ours: list[str] = upload.flags(
        options.upload_settings(board.get("upload")),
        board.get("build.mcu"),
        given=env["UPLOAD_FLAGS"],
        bar=ARGUMENTS.get("ISATTY") == "1",
        verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
    )
    if not (env.subst("$UPLOAD_PROTOCOL") == "custom" and "UPLOADCMD" in env):  # a pre: script may have set it
        env.Replace(UPLOADCMD=OWN_COMMAND)
    env.Replace(
        STM8TOOL=str(root / "tool"),  # of every target but `upload`, whatever becomes of UPLOADER
        STM8TOOLFLAGS=[*([] if package else ["$UPLOAD_FLAGS"]), *ours],  # else they are for its program
        STM8TOOL_OPTIONS=["--options"] * (board.get("upload.option_bytes", "no") == "yes"),
        STM8TOOL_PROBE=functools.partial(upload.probe, known=tuple(options.STLINK_PROTOCOLS)),
        UPLOADER="$STM8TOOL",
        UPLOADERFLAGS=ours,
        STM8FLASH=f'"$PYTHONEXE" "{root / "tool" / "stm8flash.py"}"',  # for an upload_command in its words
        DUMP_FILE=project.get("custom_dump_file", options.OPTIONS["custom_dump_file"].default),
        DUMPEEP_FILE=project.get("custom_dumpeep_file", options.OPTIONS["custom_dumpeep_file"].default),
        EEPROM_FILE=project.get("custom_eeprom_file", ""),
    )
    return ours


def _option_problem(
    env: Any, upload: Any, options: Any, project: dict[str, Any], name: str, package: Optional[str]
) -> Optional[str]:
    """Return why the target `name` cannot run with these options, or None; warn of one that is not used.

    What the flasher could misunderstand is refused, unless a command of the project's own runs.
    """
    if name == "upload" and env["UPLOADCMD"] not in (OWN_COMMAND, PROGRAM_COMMAND):
        return None
    flags: Optional[str] = None
    if not package and (name != "upload" or env["UPLOADCMD"] == OWN_COMMAND):
        flags = options.stm8flash_option(env["UPLOAD_FLAGS"])
    if name == "list-probes":
        return flags  # it opens no probe, so no protocol can be wrong
    board = env.BoardConfig()
    protocol, port = env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
    if not package and protocol in env.PioPlatform().UPLOAD_PACKAGES:
        protocol = "stlink"  # that port is one
    unusual = options.unusual_protocol(protocol)
    if unusual:
        sys.stderr.write(f"warning: {unusual}\n")
    if "stlink" in protocol and protocol != "espstlink" and upload.is_serial_port(port):
        sys.stderr.write(f"warning: upload_port = {port} is a serial port, no ST-LINK: not used by {name}\n")
    message: Optional[str] = options.problem(protocol, board.get("build.mcu"), board.get("upload"), project, name)
    if not message and name == "uploadeep" and not env.subst("$EEPROM_FILE"):
        return "uploadeep: custom_eeprom_file names no file, such as data/eeprom.hex"
    return message or flags


def add(env: Any, firmware: Any) -> None:
    """Add the targets to the build; `firmware` is the node, or the path, of the file that is uploaded."""
    root = Path(env.PioPlatform().get_dir())
    upload, options, stm8gal = (
        SimpleNamespace(**runpy.run_path(str(root / "builder" / f"{name}.py")))
        for name in ("upload", "options", "stm8gal")
    )
    project = dict(env.GetProjectOptions())
    env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
    try:
        env.Replace(UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]))
    except ValueError as exc:
        env.Exit(_refuse(str(exc)))
    package = env.PioPlatform().upload_package(env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT"))
    ours = _set_up(env, project, upload, options, package)
    before_upload = []
    if package == "tool-stm8gal":
        before_upload = _by_stm8gal(env, stm8gal)
    elif package == "tool-stm8flash":
        _by_stm8flash(env, upload)
    elif env.subst("$UPLOAD_PROTOCOL") == "simulator":
        env.Replace(UPLOADCMD=_upload_nothing)

    def check_options(target: Any, source: Any, env: Any) -> int:
        """Refuse options that make no sense for the target; what scripts have set is known only now."""
        name = str(target[0])
        if name == "upload" and not package:
            _serve_the_project_s_own(env, upload, options, ours)
        message = _option_problem(env, upload, options, project, name, package)
        return _refuse(message) if message else 0

    def make_build_dir(target: Any, source: Any, env: Any) -> None:
        """What is read may be kept there before anything was built."""
        Path(env.subst("$BUILD_DIR")).mkdir(parents=True, exist_ok=True)

    for name, group, title, description, words in TARGETS:
        takes_firmware = "$SOURCE" in words
        actions = [Action(check_options, None)]
        if name in LOST and project.get("custom_confirm") == "yes":
            actions.append(Action(_confirm, None))
        if name == "upload":
            actions += before_upload
        if words.startswith("read"):
            actions.append(Action(make_build_dir, None))
        command = "$UPLOADCMD" if name == "upload" else upload.command(words)
        actions.append(env.VerboseAction(command, f"{title} $SOURCE" if takes_firmware else title))
        env.AddTarget(
            name, firmware if takes_firmware else None, actions, title=title, description=description, group=group
        )
