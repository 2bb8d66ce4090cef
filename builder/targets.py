"""The targets of `pio run -t …`: each is one call of the flasher in tool/, which `upload.py` composes.

No shell stands between platformio.ini and the flasher (`run.py`); only a command of the project's own passes one.
"""

from __future__ import annotations

import functools
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

from SCons.Script import ARGUMENTS, Action

WINDOWS = os.name == "nt"
VERBOSE = ARGUMENTS.get("PIOVERBOSE") == "1"

TARGETS = (
    # name, group, title, description, the flasher's command
    ("upload", "Platform", "Upload", "Write the firmware to the chip and verify it", "write $STM8TOOL_OPTIONS $SOURCE"),
    ("verify", "Platform", "Verify", "Compare the chip with the firmware", "verify $SOURCE"),
    ("unlock", "Platform", "Unlock", "Remove the read-out protection, which erases the chip", "unlock"),
    ("erase", "Platform", "Erase", "Erase the program memory", "erase"),
    ("reset", "Platform", "Reset", "Reset the chip and let its program run", "reset"),
    ("dump", "Platform", "Dump Flash", "Read the program memory into a file", "read $DUMP_FILE"),
    (
        "uploadeep",
        "Platform",
        "Upload EEPROM",
        "Write custom_eeprom_file to the EEPROM and verify it",
        "write --unlock never --region eeprom $EEPROM_FILE",
    ),
    (
        "dumpeep",
        "Platform",
        "Dump EEPROM",
        "Read the EEPROM into a file",
        "read --region eeprom $DUMPEEP_FILE",
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

FILES = ("$SOURCE", "$DUMP_FILE", "$DUMPEEP_FILE", "$EEPROM_FILE")  # words of a command that are paths


def add(env: Any, firmware: Any) -> None:
    """Add the targets to the build; `firmware` is the node, or the path, of the file that is uploaded."""
    Targets(env).add(env, firmware)


def _load(env: Any) -> SimpleNamespace:
    """Return the builder's modules that targets need, and `stands`, which keeps SCons from changing a value."""
    folder = Path(env.PioPlatform().get_dir(), "builder")
    names = ("upload", "options", "stm8gal", "shell", "run", "refusal", "own_command")
    tools = SimpleNamespace(**{name: SimpleNamespace(**runpy.run_path(str(folder / f"{name}.py"))) for name in names})
    known = {name for name, value in env.Dictionary().items() if isinstance(value, (str, list))}
    tools.stands = functools.partial(tools.shell.as_it_stands, known=known | {"SOURCE", "SOURCES", "TARGET"})
    return tools


def _upload_nothing(target: Any, source: Any, env: Any) -> None:
    """Be the upload of a program that a simulator of the CPU runs."""
    sys.stdout.write("nothing is uploaded: upload_protocol = simulator\n")


def _make_build_dir(target: Any, source: Any, env: Any) -> None:
    """What is read may be kept there before anything was built."""
    Path(env.subst("$BUILD_DIR")).mkdir(parents=True, exist_ok=True)


class Targets:
    """The targets of one environment of platformio.ini."""

    def __init__(self, env: Any) -> None:
        """Set the variables that command lines are made of. A package may upload in the flasher's place."""
        self.tools = _load(env)
        self.project = dict(env.GetProjectOptions())
        self._take_upload_options(env)
        self.package: Optional[str] = env.PioPlatform().upload_package(
            env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
        )
        self.ours = self._set_up(env)
        self.before_upload = self.tools.own_command.by_package(env, self.tools, self.package)
        if env.subst("$UPLOAD_PROTOCOL") == "simulator" and not self.package:
            env.Replace(UPLOADCMD=_upload_nothing)
        self.uploader = env["UPLOADER"]

    def _take_upload_options(self, env: Any) -> None:
        stands = self.tools.stands
        env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
        flags: list[str] = []
        try:
            flags = self.tools.upload.split_flags(env["UPLOAD_FLAGS"])
        except ValueError as exc:
            self.tools.refusal.stop(str(exc))
        env.Replace(
            PYTHONEXE=stands(env["PYTHONEXE"]),
            UPLOAD_FLAGS=[stands(word) for word in flags],
            UPLOAD_PORT=stands(env["UPLOAD_PORT"]),
        )

    def _set_up(self, env: Any) -> list[str]:
        """Set what `upload` runs and the variables of commands; return the flasher's options."""
        tool = Path(env.PioPlatform().get_dir(), "tool")
        options, stands = self.tools.options, self.tools.stands
        own_command = env.subst("$UPLOAD_PROTOCOL") == "custom" and "UPLOADCMD" in env  # a pre: script may have set it
        ours = self._options(env, env["UPLOAD_FLAGS"])
        stm8flash = self.tools.shell.line([env.subst("$PYTHONEXE"), str(tool / "stm8flash.py")], windows=WINDOWS)

        def file(option: str) -> str:
            path: str = stands(str(self.project.get(option, options.OPTIONS[option].default)))
            return path

        env.Replace(
            STM8TOOL=stands(str(tool)),  # of every target but `upload`, whatever becomes of UPLOADER
            STM8TOOL_OPTIONS=["--options"] * (env.BoardConfig().get("upload.option_bytes", "no") == "yes"),
            STM8TOOL_PROBE=functools.partial(self.tools.upload.probe, known=tuple(options.STLINK_PROTOCOLS)),
            UPLOADER="$STM8TOOL",
            UPLOADERFLAGS=ours,
            UPLOADCMD=env["UPLOADCMD"] if own_command else self.tools.own_command.OWN_COMMAND,
            STM8FLASH=stands(stm8flash),  # for an upload_command in its words
            DUMP_FILE=file("custom_dump_file"),
            DUMPEEP_FILE=file("custom_dumpeep_file"),
            EEPROM_FILE=file("custom_eeprom_file") if "custom_eeprom_file" in self.project else "",
        )
        return ours

    def _options(self, env: Any, given: list[str]) -> list[str]:
        """Return the flasher's options for SCons, except those that `given`, words of upload_flags, holds."""
        board = env.BoardConfig()
        words = self.tools.upload.flags(
            self.tools.options.upload_settings(board.get("upload")),
            board.get("build.mcu", ""),
            given=given,
            bar=ARGUMENTS.get("ISATTY") == "1",
            verbose=VERBOSE,
        )
        return [word if word == self.tools.upload.PROBE else self.tools.stands(str(word)) for word in words]

    def _given(self, env: Any, name: str) -> list[str]:
        """Return the words of upload_flags that are the flasher's in the target `name`."""
        if self.package or (name != "upload" and self.tools.own_command.takes_the_flags(env)):
            return []
        flags: list[str] = env["UPLOAD_FLAGS"]
        return flags

    def _is_own_command(self, env: Any) -> bool:
        """Whether `upload` runs what the project has in the place of the flasher, or of a package's program."""
        own = self.tools.own_command
        by_package = self.package and (env["UPLOADER"], env["UPLOADCMD"]) == (self.uploader, own.PROGRAM_COMMAND)
        return not by_package and env["UPLOADCMD"] != own.OWN_COMMAND

    def _problem(self, env: Any, name: str) -> Optional[str]:
        """Return why the target `name` cannot run with these options, or None; warn of one that is not used.

        What the flasher could misunderstand is refused, unless a command of the project's own runs.
        """
        upload, options, own = self.tools.upload, self.tools.options, self.tools.own_command
        if name == "upload" and env["UPLOADCMD"] not in (own.OWN_COMMAND, own.PROGRAM_COMMAND):
            return None
        flags: Optional[str] = None
        if name != "upload" or env["UPLOADCMD"] == own.OWN_COMMAND:
            flags = options.stm8flash_option(self._given(env, name))
        if name == "list-probes":
            return flags  # it opens no probe, so no protocol can be wrong
        board = env.BoardConfig()
        protocol, port = env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
        if not self.package and protocol in env.PioPlatform().UPLOAD_PACKAGES:
            protocol = "stlink"  # that port is one
        unusual = options.unusual_protocol(protocol)
        if unusual:
            sys.stderr.write(f"warning: {unusual}\n")
        if "stlink" in protocol and protocol != "espstlink" and upload.is_serial_port(port):
            sys.stderr.write(f"warning: upload_port = {port} is a serial port, no ST-LINK: not used by {name}\n")
        message: Optional[str] = options.problem(
            protocol, board.get("build.mcu"), board.get("upload"), self.project, name
        )
        if not message and name == "uploadeep" and not env.subst("$EEPROM_FILE"):
            return "uploadeep: custom_eeprom_file names no file, such as data/eeprom.hex"
        return message or flags

    def check(self, target: Any, source: Any, env: Any) -> int:
        """Refuse options that make no sense for the target; what scripts have set is known only now."""
        name, own = str(target[0]), self.tools.own_command
        if name == "upload" and not self.package:
            own.serve(env, self.tools, self.ours)
        message = self._problem(env, name)
        if name == "upload" and not message and self._is_own_command(env):
            message = own.shell_problem(env, self.tools, target, source)
        if VERBOSE and name != "upload" and own.takes_the_flags(env) and env["UPLOAD_FLAGS"]:
            sys.stdout.write(f"{name}: upload_flags are left out: they belong to the project's own upload command\n")
        code: int = self.tools.refusal.refuse(message) if message else 0
        return code

    def confirm(self, target: Any, source: Any, env: Any) -> int:
        """Ask before something is lost; the question ends its line, as PlatformIO shows whole lines only."""
        name = str(target[0])
        sys.stdout.write(f"{name}: {LOST[name]}. Type yes to go on:\n")
        sys.stdout.flush()
        if sys.stdin.readline().strip() == "yes":
            return 0
        code: int = self.tools.refusal.refuse(f"{name} was not confirmed (custom_confirm = yes): type yes when it asks")
        return code

    def _words(self, env: Any, name: str, command: str, target: Any, source: Any) -> list[str]:
        """Return the program that the target `name` runs, and its words."""
        program, options = ["$PYTHONEXE", "$STM8TOOL"], []
        if name != "upload":
            given = self._given(env, name)
            options = [*given, *self._options(env, given)]
        elif env["UPLOADCMD"] == self.tools.own_command.OWN_COMMAND:
            program, options = ["$PYTHONEXE", "$UPLOADER"], env["UPLOADERFLAGS"]
        else:
            program, options, command = ["$UPLOADER"], env["UPLOADERFLAGS"], "$SOURCE"
        words = functools.partial(self.tools.run.words, env, target=target, source=source)
        rest = [
            self.tools.shell.file_word(word) if item in FILES else word
            for item in command.split()
            for word in words([item])
        ]
        return [*words(program), *words(options), *rest]

    def _action(self, name: str, command: str, shown: str) -> Any:
        """Return what runs the target `name`; with -v, SCons shows the line that a user could type."""

        def run(target: Any, source: Any, env: Any) -> int:
            code: int = self.tools.run.start(self._words(env, name, command, target, source), env)
            return code

        def say(target: Any, source: Any, env: Any) -> str:
            line: str = self.tools.shell.shown(self._words(env, name, command, target, source), windows=WINDOWS)
            return line

        action = Action(run, say if VERBOSE else shown)
        if name != "upload":
            return action

        def choose(target: Any, source: Any, env: Any, for_signature: bool) -> Any:
            return env["UPLOADCMD"] if self._is_own_command(env) else action

        return Action(choose, generator=True) if VERBOSE else Action(choose, shown, generator=True)

    def add(self, env: Any, firmware: Any) -> None:
        """Add the targets of the table to the build."""
        for name, group, title, description, command in TARGETS:
            takes_firmware = "$SOURCE" in command
            actions = [Action(self.check, None)]
            if name in LOST and self.project.get("custom_confirm") == "yes":
                actions.append(Action(self.confirm, None))
            if name == "upload":
                actions += self.before_upload
            if command.startswith("read"):
                actions.append(Action(_make_build_dir, None))
            actions.append(self._action(name, command, f"{title} $SOURCE" if takes_firmware else title))
            env.AddTarget(
                name, firmware if takes_firmware else None, actions, title=title, description=description, group=group
            )
