"""Run the targets of `targets.py`: each calls the flasher in tool/ with the words that `command_line.py` makes.

No shell reads the words on their way to the flasher (`process.py`). A shell only reads a project's own command.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Optional

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, Action

from . import command_line, option_problems, options, other_uploader, process, refusal, shell, simulation, stm8gal
from .targets import FILES, TARGETS, Target, meant

WINDOWS = os.name == "nt"
VERBOSE = ARGUMENTS.get("PIOVERBOSE") == "1"


def add(env: Any, firmware: Any, own: Mapping[str, Any], of_program: Mapping[str, Any]) -> None:
    """Add the targets to the build, in the order of the table.

    Args:
        env: SCons's environment.
        firmware: The node or the path of the file to upload.
        own: The actions of the targets that the builder itself serves in this run.
        of_program: For the targets that need only the linked program, even one that is too large: that program.
    """
    Targets(env).add(env, firmware, own, of_program)


def _keeper(env: Any) -> other_uploader.Stands:
    """Return a function that keeps SCons from changing a value of platformio.ini."""
    known = {name for name, value in env.Dictionary().items() if isinstance(value, (str, list))}
    return functools.partial(shell.as_it_stands, known=known | {"SOURCE", "SOURCES", "TARGET"})


def _make_build_dir(target: Any, source: Any, env: Any) -> None:
    """Make the build directory: a target may write a file there before the first build."""
    Path(env.subst("$BUILD_DIR")).mkdir(parents=True, exist_ok=True)


class _Step:
    """A step of a target, for SCons. SCons reads whatever the variables of a nested function lead to, but no object."""

    def __init__(self, do: Callable[[Any, Any, Any], Any]) -> None:
        self._do = do

    def __call__(self, target: Any, source: Any, env: Any) -> Any:
        """Do the step; return its exit code."""
        return self._do(target, source, env)


class Targets:
    """The targets of one environment of platformio.ini."""

    def __init__(self, env: Any) -> None:
        """Set the variables of the command lines."""
        self.stands = _keeper(env)
        self.project = dict(env.GetProjectOptions())
        self._take_upload_options(env)
        self.ours = self._set_up(env)
        self.before_upload = other_uploader.before_upload(at_uart=self.at_uart)
        self.simulation = simulation.of(env, self.stands)

    def _take_upload_options(self, env: Any) -> None:
        env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
        flags: list[str] = []
        try:
            flags = command_line.split_flags(env["UPLOAD_FLAGS"])
        except ValueError as exc:
            refusal.stop(str(exc))
        env.Replace(UPLOAD_PORT=self.stands(env["UPLOAD_PORT"]))  # before SCons looks into it
        self.at_uart = command_line.is_at_uart(env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT"))
        self.wrong_flag: Optional[str] = None
        if self.at_uart and "upload_command" not in self.project:
            flags, self.wrong_flag = stm8gal.translated(flags)
        env.Replace(
            PYTHONEXE=self.stands(env["PYTHONEXE"]),
            UPLOAD_FLAGS=[self.stands(word) for word in flags],
        )

    def _set_up(self, env: Any) -> list[str]:
        """Set the command of `upload` and the variables of all commands; return the flasher's options."""
        tool = Path(env.PioPlatform().get_dir(), "tool")
        own_command = env.subst("$UPLOAD_PROTOCOL") == "custom" and "UPLOADCMD" in env  # a pre: script may have set it
        ours = self._options(env, env["UPLOAD_FLAGS"])
        stm8flash = shell.line([env.subst("$PYTHONEXE"), str(tool / "stm8flash.py")], windows=WINDOWS)

        def names(option: str) -> list[str]:
            return [self.stands(name) for name in command_line.split_names(str(self.project.get(option, "")))]

        def file(option: str) -> str:
            known = options.OPTIONS[option]
            return self.stands(str(self.project.get(option, known.default if known.has_default else "")))

        env.Replace(
            STM8TOOL=self.stands(str(tool)),  # for all targets except `upload`; a script may change UPLOADER
            STM8TOOL_OPTIONS=["--options"] * (env.BoardConfig().get("upload.option_bytes", "no") == "yes"),
            STM8TOOL_PROBE=functools.partial(command_line.probe, known=tuple(options.STLINK_PROTOCOLS)),
            UPLOADER="$STM8TOOL",
            UPLOADERFLAGS=ours,
            UPLOADCMD=env["UPLOADCMD"] if own_command else other_uploader.OWN_COMMAND,
            PROGRAM_ELF="$BUILD_DIR/${PROGNAME}$PROGSUFFIX",
            STM8FLASH=self.stands(stm8flash),  # for an upload_command with stm8flash's options
            **{target.file_variable: file(target.file_option) for target in TARGETS if target.file_option},
            **{target.names_variable: names(target.names_option) for target in TARGETS if target.names_option},
        )
        return ours

    def _options(self, env: Any, given: list[str]) -> list[str]:
        """Return the flasher's options for SCons, except those in `given`, the words of upload_flags."""
        board = env.BoardConfig()
        words = command_line.flags(
            options.upload_settings(board.get("upload")),
            board.get("build.mcu", ""),
            given=given,
            bar=ARGUMENTS.get("ISATTY") == "1",
            verbose=VERBOSE,
            speed=env.subst("$UPLOAD_SPEED") if self.at_uart else "",
        )
        return [word if word == command_line.PROBE else self.stands(str(word)) for word in words]

    def _given(self, env: Any, target: Target) -> list[str]:
        """Return the words of upload_flags that the flasher gets in a target."""
        if target.name != "upload" and other_uploader.takes_the_flags(env):
            return []
        flags: list[str] = env["UPLOAD_FLAGS"]
        return flags

    def _is_own_command(self, env: Any) -> bool:
        """Tell whether `upload` runs a command of the project instead of the flasher."""
        return bool(env["UPLOADCMD"] != other_uploader.OWN_COMMAND)

    def _problem(self, env: Any, row: Target) -> Optional[str]:
        """Return why a target cannot run with these options, or None; warn of an option that is ignored.

        A value that the flasher could misunderstand is refused, unless a command of the project runs.
        """
        name, command = row.name, env["UPLOADCMD"]
        if name == "upload" and command not in (other_uploader.OWN_COMMAND, other_uploader.PROGRAM_COMMAND):
            return None
        flags: Optional[str] = None
        if name != "upload" or command == other_uploader.OWN_COMMAND:
            flags = option_problems.stm8flash_option(self._given(env, row))
        if not row.opens_probe:
            return flags  # the protocol does not matter
        board = env.BoardConfig()
        protocol, port = env.subst("$UPLOAD_PROTOCOL"), env.subst("$UPLOAD_PORT")
        serial_probe = command_line.serial_probe(protocol, port)
        if not self.at_uart and protocol in ("serial", *command_line.SERIAL_PROBES):
            protocol = serial_probe or "stlink"  # the port says which
        unusual = option_problems.unusual_protocol(protocol)
        if unusual:
            sys.stderr.write(f"warning: {unusual}\n")
        if "stlink" in protocol and not serial_probe and command_line.is_serial_port(port):
            sys.stderr.write(f"warning: upload_port = {port} is a serial port, not an ST-LINK; {name} ignores it\n")
        message = option_problems.problem(protocol, board.get("build.mcu"), board.get("upload"), self.project, name)
        if not message and self.simulation and name == "upload":
            message = self.simulation.problem
        message = message or self.wrong_flag
        if not message and row.file_option and not env.subst(f"${row.file_variable}"):
            return f"{name}: {row.file_option} names no file, such as {options.OPTIONS[row.file_option].example}"
        if not message and row.names_option and not env[row.names_variable] and not env.get("PROGRAM_ARGS"):
            return f"{name}: {row.names_option} names nothing, such as {options.OPTIONS[row.names_option].example}"
        return message or flags

    def _check(self, row: Target, env: Any, target: Any, source: Any) -> int:
        """Refuse options that make no sense for a target. This runs after scripts have set their values."""
        name = row.name
        if name == "upload":
            other_uploader.serve(env, self.stands, self.ours)
        message = self._problem(env, row)
        if name == "upload" and not message and self._is_own_command(env):
            message = other_uploader.shell_problem(env, self.stands, target, source)
        if VERBOSE and name != "upload" and other_uploader.takes_the_flags(env) and env["UPLOAD_FLAGS"]:
            sys.stdout.write(f"{name}: upload_flags are left out: they belong to the project's own upload command\n")
        return refusal.refuse(message) if message else 0

    def _confirm(self, row: Target) -> int:
        """Ask before something is lost. The question ends with a line break: PlatformIO only shows whole lines."""
        sys.stdout.write(f"{row.name}: {row.loses}. Type yes to go on:\n")
        sys.stdout.flush()
        if sys.stdin.readline().strip() == "yes":
            return 0
        return refusal.refuse(f"{row.name} was not confirmed (custom_confirm = yes): type yes when it asks")

    def _words(self, env: Any, row: Target, target: Any, source: Any) -> list[str]:
        """Return the command line of a target as words."""
        command = row.command
        program, flags = ["$PYTHONEXE", "$STM8TOOL"], env["UPLOADERFLAGS"]
        if row.name != "upload":
            given = self._given(env, row)
            flags = [*given, *self._options(env, given)]
        elif env["UPLOADCMD"] == other_uploader.OWN_COMMAND:
            program = ["$PYTHONEXE", "$UPLOADER"]
        else:
            program, command = ["$UPLOADER"], "$SOURCE"
        words = functools.partial(process.words, env, target=target, source=source)
        rest = [shell.file_word(word) if item in FILES else word for item in command.split() for word in words([item])]
        return [*words(program), *words(flags), *rest]

    def _run_action(self, row: Target) -> Any:
        """Return the action that runs a target. With -v SCons shows a line that a user could type."""
        shown = f"{row.title} $SOURCE" if row.takes_firmware else row.title

        def run(target: Any, source: Any, env: Any) -> int:
            return process.start(self._words(env, row, target, source), env)

        def say(target: Any, source: Any, env: Any) -> str:
            return shell.shown(self._words(env, row, target, source), windows=WINDOWS)

        action = Action(_Step(run), say if VERBOSE else shown)
        if row.name != "upload":
            return action

        def choose(target: Any, source: Any, env: Any, for_signature: bool) -> Any:
            return env["UPLOADCMD"] if self._is_own_command(env) else action

        return Action(choose, generator=True) if VERBOSE else Action(choose, shown, generator=True)

    def _actions(self, row: Target) -> list[Any]:
        """Return all actions of a target, in order."""

        def check(target: Any, source: Any, env: Any) -> int:
            return self._check(row, env, target, source)

        def confirm(target: Any, source: Any, env: Any) -> int:
            return self._confirm(row)

        actions = [Action(_Step(check), None)]
        if row.loses and self.project.get("custom_confirm") == "yes":
            actions.append(Action(_Step(confirm), None))
        if row.name == "upload":
            actions += self.before_upload
        elif row.opens_probe and self.at_uart and not self.simulation:
            actions.append(Action(_Step(other_uploader.find_port), None))
        if row.makes_a_file:
            actions.append(Action(_make_build_dir, None))
        if self.simulation and row.opens_probe:
            actions.append(Action(_Step(self.simulation.make_board), None))
            if row.name == "upload":
                return [*actions, *self._simulated_upload(row, self.simulation)]
        return [*actions, self._run_action(row)]

    def _simulated_upload(self, row: Target, board: simulation.Simulation) -> list[Any]:
        """Return the actions that upload to the simulated board, and run the program there."""
        if board.serves_a_test:  # its runner makes a new board
            return [Action(_Step(board.tell_of_the_test), None)]

        def run(target: Any, source: Any, env: Any) -> int:
            return 0 if self._is_own_command(env) else board.run(target, source, env)

        return [self._run_action(row), Action(_Step(run), None)]

    def add(self, env: Any, firmware: Any, own: Mapping[str, Any], of_program: Mapping[str, Any]) -> None:
        """Add the targets of the table to the build."""
        if self.simulation and self.simulation.serves_a_debugger and self.simulation.make_board(None, None, env):
            env.Exit(1)  # the flasher has said why
        for row in TARGETS:
            if not row.command and row.name not in own:
                continue  # this run does not compile
            env.AddTarget(
                row.name,
                of_program.get(row.name, firmware) if row.takes_firmware else None,
                own[row.name] if row.name in own else self._actions(row),
                title=row.title,
                description=row.description,
                group=row.group,
            )
        for name in COMMAND_LINE_TARGETS:  # a script of the project may still add a target; if none does, SCons fails
            likely = meant(name)
            if likely:
                sys.stderr.write(f"hint: the platform has no target {name}; did you mean {likely}?\n")
