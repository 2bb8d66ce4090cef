"""The targets of `pio run -t …`: each is one call of the flasher in tool/, which `upload.py` composes."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

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


FOREIGN_COMMAND = '"$UPLOADER" $UPLOADERFLAGS $SOURCE'
OWN_COMMAND = '"$PYTHONEXE" "$UPLOADER" $UPLOADERFLAGS write $SOURCE'


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


def _load(env: Any, name: str) -> Any:
    """Return builder/NAME.py; see `load` in main.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(env.PioPlatform().get_dir(), "builder", f"{name}.py"))))


def _by_stm8flash(env: Any) -> list[Any]:
    """Let `upload` run stm8flash, which speaks to an espstlink; return what comes before it."""
    upload, board = _load(env, "upload"), env.BoardConfig()
    part = upload.stm8flash_part(board.get("upload"), board.get("build.mcu"))
    flags = upload.stm8flash_flags(part, env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT"))
    env.Replace(UPLOADER="stm8flash", UPLOADCMD=FOREIGN_COMMAND, UPLOADERFLAGS=flags)
    return []


def _by_stm8gal(env: Any) -> list[Any]:
    """Let `upload` run stm8gal; return what comes before it."""
    stm8gal = _load(env, "stm8gal")
    flags = stm8gal.flags(env.subst("$UPLOAD_SPEED"), given=env["UPLOAD_FLAGS"])
    env.Replace(UPLOADER=stm8gal.UPLOADER, UPLOADCMD=FOREIGN_COMMAND, UPLOADERFLAGS=flags)

    def find_port(target: Any, source: Any, env: Any) -> None:
        """Let PlatformIO choose the port, and tell the user what to do; a command of the project's needs neither."""
        if env["UPLOADCMD"] == FOREIGN_COMMAND:
            env.AutodetectUploadPort()
            sys.stdout.write(stm8gal.hint(env["UPLOAD_FLAGS"]))

    return [Action(find_port, "Looking for upload port...")]


def _serve_the_project_s_own(env: Any, upload: Any, ours: list[str]) -> None:
    """Where a project brings a tool or a command, the other variables mean what they do in ststm8 2.1.0."""
    if (env["UPLOADER"], env["UPLOADCMD"]) == ("$STM8TOOL", OWN_COMMAND):
        return
    if env["UPLOADCMD"] == OWN_COMMAND:
        env.Replace(UPLOADCMD=FOREIGN_COMMAND)
    if env["UPLOADER"] == "$STM8TOOL":
        # Two words, each in quotation marks: those of a command around them go.
        env.Replace(UPLOADER="$STM8FLASH", UPLOADCMD=str(env["UPLOADCMD"]).replace('"$UPLOADER"', "$UPLOADER"))
    words = list(env["UPLOADERFLAGS"])
    if words[-len(ours) :] == ours:
        board = env.BoardConfig()
        part = upload.stm8flash_part(board.get("upload"), board.get("build.mcu"))
        words[-len(ours) :] = upload.stm8flash_flags(part, env.subst("$UPLOAD_PROTOCOL"))
        env.Replace(UPLOADERFLAGS=words)


def _set_up(
    env: Any, project: dict[str, Any], upload: Any, options: Any, brings_command: bool
) -> tuple[list[str], str]:
    """Set the variables that command lines are made of; return the flasher's options, and what else uploads, if any."""
    root = Path(env.PioPlatform().get_dir())
    board = env.BoardConfig()
    ours = upload.flags(
        options.upload_settings(board.get("upload")),
        board.get("build.mcu"),
        given=env["UPLOAD_FLAGS"],
        bar=ARGUMENTS.get("ISATTY") == "1",
        verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
    )
    protocol = env.subst("$UPLOAD_PROTOCOL")
    # As in platform.py, which asks for their packages.
    foreign = protocol in ("serial", "espstlink") and not upload.names_a_probe(env.subst("$UPLOAD_PORT"))
    if not brings_command:
        env.Replace(UPLOADCMD=OWN_COMMAND)
    env.Replace(
        STM8TOOL=str(root / "tool"),  # of every target but `upload`, whatever becomes of UPLOADER
        STM8TOOLFLAGS=[*([] if foreign else ["$UPLOAD_FLAGS"]), *ours],  # then they are that program's
        STM8TOOL_PROBE=upload.probe,
        UPLOADER="$STM8TOOL",
        UPLOADERFLAGS=ours,
        STM8FLASH=f'"$PYTHONEXE" "{root / "tool" / "stm8flash.py"}"',  # for an upload_command in its words
        DUMP_FILE=project.get("custom_dump_file", options.OPTIONS["custom_dump_file"].default),
        DUMPEEP_FILE=project.get("custom_dumpeep_file", options.OPTIONS["custom_dumpeep_file"].default),
        EEPROM_FILE=project.get("custom_eeprom_file", ""),
    )
    return ours, protocol if foreign else ""


def _option_problem(env: Any, upload: Any, options: Any, project: dict[str, Any], name: str) -> Optional[str]:
    """Return why the target `name` cannot run with these options, or None; warn of one that is not used."""
    board = env.BoardConfig()
    protocol, port = env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
    if protocol not in options.OTHER_PROTOCOLS and upload.is_serial_port(port):
        sys.stderr.write(f"warning: upload_port = {port} is a serial port, no ST-LINK: not used by {name}\n")
    instead = options.substitution(protocol)
    if instead:
        sys.stderr.write(f"warning: {instead}\n")
    message: Optional[str] = options.problem(protocol, board.get("build.mcu"), board.get("upload"), project, name)
    if not message and env["UPLOADER"] == "$STM8TOOL":
        message = upload.foreign_flag(env["UPLOAD_FLAGS"])
    if not message and name == "uploadeep" and not env.subst("$EEPROM_FILE"):
        return "uploadeep: custom_eeprom_file names no file, such as data/eeprom.hex"
    return message


def add(env: Any, firmware: Any) -> None:
    """Add the targets to the build; `firmware` is the node, or the path, of the file that is uploaded."""
    upload, options = _load(env, "upload"), _load(env, "options")
    project = dict(env.GetProjectOptions())
    env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
    try:
        env.Replace(UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]))
    except ValueError as exc:
        env.Exit(_refuse(str(exc)))
    brings_command = env.subst("$UPLOAD_PROTOCOL") == "custom" and "UPLOADCMD" in env  # a pre: script may have set it
    ours, foreign = _set_up(env, project, upload, options, brings_command)
    before_upload = {"serial": _by_stm8gal, "espstlink": _by_stm8flash}[foreign](env) if foreign else []

    def check_options(target: Any, source: Any, env: Any) -> int:
        """Refuse what the flasher could misunderstand, unless the project brings a command of its own."""
        name = str(target[0])
        if name == "upload":
            if not foreign:
                _serve_the_project_s_own(env, upload, ours)
            if brings_command or env["UPLOADCMD"] not in (OWN_COMMAND, FOREIGN_COMMAND):
                return 0
        message = _option_problem(env, upload, options, project, name)
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
