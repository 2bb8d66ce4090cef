"""The targets of `pio run -t …`: each is one call of the flasher in tool/, which `upload.py` composes."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from SCons.Script import ARGUMENTS, Action

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
        'write --region eeprom "$EEPROM_FILE"',
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


def _by_serial(env: Any, stm8gal: Any) -> list[Any]:
    """Let `upload` run stm8gal; return what comes before it."""
    flags = stm8gal.flags(env.subst("$UPLOAD_SPEED"), given=env["UPLOAD_FLAGS"])
    env.Replace(UPLOADER=stm8gal.UPLOADER, UPLOADCMD=stm8gal.COMMAND, UPLOADERFLAGS=flags)

    def find_port(target: Any, source: Any, env: Any) -> None:
        """Let PlatformIO choose the port, and tell the user what to do; a command of the project's needs neither."""
        if env["UPLOADCMD"] == stm8gal.COMMAND:
            env.AutodetectUploadPort()
            sys.stdout.write(stm8gal.hint(env["UPLOAD_FLAGS"]))

    return [Action(find_port, "Looking for upload port...")]


def add(env: Any, firmware: Any) -> None:
    """Add the targets to the build; `firmware` is the node, or the path, of the file that is uploaded."""
    root = Path(env.PioPlatform().get_dir())
    upload, options, stm8gal = (
        SimpleNamespace(**runpy.run_path(str(root / "builder" / f"{name}.py")))
        for name in ("upload", "options", "stm8gal")
    )
    board = env.BoardConfig()
    project = dict(env.GetProjectOptions())
    env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
    try:
        env.Replace(UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]))
    except ValueError as exc:
        env.Exit(_refuse(str(exc)))
    env.Replace(
        UPLOADER=str(root / "tool"),
        STM8FLASH=f'"$PYTHONEXE" "{root / "tool" / "stm8flash.py"}"',  # for an upload_command in its words
        UPLOADCMD=upload.command("write $SOURCE"),
        UPLOADERFLAGS=upload.flags(
            options.upload_settings(board.get("upload")),
            board.get("build.mcu"),
            given=env["UPLOAD_FLAGS"],
            bar=ARGUMENTS.get("ISATTY") == "1",
            verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
        ),
        DUMP_FILE=project.get("custom_dump_file", options.OPTIONS["custom_dump_file"].default),
        DUMPEEP_FILE=project.get("custom_dumpeep_file", options.OPTIONS["custom_dumpeep_file"].default),
        EEPROM_FILE=project.get("custom_eeprom_file", ""),
    )

    before_upload = _by_serial(env, stm8gal) if env.subst("$UPLOAD_PROTOCOL") == "serial" else []
    own_command = env["UPLOADCMD"]

    def check_options(target: Any, source: Any, env: Any) -> int:
        """Refuse what the flasher could misunderstand, unless the project brings a command of its own."""
        name = str(target[0])
        if name == "upload" and env["UPLOADCMD"] != own_command:
            return 0
        protocol = env.subst("$UPLOAD_PROTOCOL")
        message = options.problem(protocol, board.get("build.mcu"), board.get("upload"), project, name)
        if not message and name == "uploadeep" and not env.subst("$EEPROM_FILE"):
            message = "uploadeep: custom_eeprom_file names no file, such as data/eeprom.hex"
        return _refuse(message) if message else 0

    def make_build_dir(target: Any, source: Any, env: Any) -> None:
        """What is read may be kept there before anything was built."""
        Path(env.subst("$BUILD_DIR")).mkdir(parents=True, exist_ok=True)

    for name, group, title, description, words in TARGETS:
        takes_firmware = "$SOURCE" in words
        actions = []
        if name != "list-probes":  # it opens no probe, so no protocol can be wrong
            actions.append(Action(check_options, None))
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
