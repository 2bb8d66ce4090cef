"""The words of a hint: the library, the command line and the platform have different words for the same thing.

Layers below `cli/` write a `Hint`, a sentence with named words: "check that {part} names the chip". The layer that
shows it fills in the words: a program that uses the library reads "`part`", a user of the command line "--part". A
value may follow the name: "{part:stm8s103f3}" is "part='stm8s103f3'" for the library and "--part stm8s103f3" on the
command line.

A hint without such words is a plain text. Braces in it have no meaning.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Optional, Union


class Word:
    """One word of a vocabulary.

    Args:
        alone: The word without a value.
        with_value: The word with a value, which replaces "{}"; or a function that makes the text from the value.
    """

    def __init__(self, alone: str, with_value: Union[str, Callable[[str], str]] = "{}") -> None:
        self._alone = alone
        self._with_value = with_value

    def __format__(self, value: str) -> str:
        """Return the word, with `value` if there is one."""
        if not value:
            return self._alone
        form = self._with_value
        return form.replace("{}", value) if isinstance(form, str) else form(value)


Words = Mapping[str, Word]


class Hint:
    """A sentence that each layer shows in its own words.

    Args:
        text: The sentence, with the names of words in braces, as for `str.format`. Names of `values` may be there, too.
        values: Texts from elsewhere, such as the name of a file. Braces in them have no meaning. A Hint among them gets
            the same words.
    """

    __slots__ = ("_text", "_values")

    def __init__(self, text: str, **values: object) -> None:
        self._text = text
        self._values = values

    def said(self, words: Words) -> str:
        """Return the sentence in the words of a vocabulary."""
        values = {name: value.said(words) if isinstance(value, Hint) else value for name, value in self._values.items()}
        return self._text.format_map({**words, **values})

    def __str__(self) -> str:
        return self.said(LIBRARY)

    def __repr__(self) -> str:
        return f"Hint({str(self)!r})"


Advice = Union[str, Hint]


def said(advice: Optional[Advice], words: Words) -> Optional[str]:
    """Return advice in the words of a vocabulary; None stays None."""
    return advice.said(words) if isinstance(advice, Hint) else advice


def joined(first: Advice, rest: Optional[Advice]) -> Advice:
    """Return `first`, followed by `rest` if there is any."""
    return Hint("{first}; {rest}", first=first, rest=rest) if rest else first


def _quoted(option: str) -> Callable[[str], str]:
    """Return a function that makes an option from a value, quoted for every shell."""
    return lambda value: f"{option} {_one_word(value)}"


def _allowed(dangers: str) -> str:
    return f"allow=[{', '.join(f'stm8tool.Danger.{danger.upper()}' for danger in dangers.split())}]"


def _forced(dangers: str) -> str:
    return " ".join(f"--force-{danger}" for danger in dangers.split())


def _commands(tool: str) -> dict[str, Word]:
    """Return the words that are whole commands, for one way to start the tool."""

    def sim_create(path: str) -> str:
        return f"{tool} sim create {_one_word(path)} --part … --probe v2"

    return {
        "tool": Word(tool),
        "list": Word(f"`{tool} list`"),
        "sim_create": Word(f"{tool} sim create", sim_create),
        "sim_write": Word(f"{tool} --probe sim:CHIPFILE --part … write …"),
    }


def _one_word(text: str) -> str:
    """Return `text` as one word of a command line, for every shell."""
    return f'"{text}"' if " " in text else text


LIBRARY: Words = {
    # Words for the chip, the probe, a memory
    "part": Word("`part`", "part='{}'"),
    "part_or_board": Word("`part`"),
    "part_and_board": Word("`part`"),
    "probe": Word("`probe`", lambda value: f"probe={value!r}"),
    "upload_port": Word(""),
    "base": Word("`base`", "base={}"),
    "region": Word("`region`", "region='{}'"),
    "options_show": Word("`chip.options()`"),
    "place": Word("`base`", "the address of the {} as `base`"),
    "load_ram": Word("with `chip.load_ram()`"),
    "compat_start": Word("", lambda value: ""),
    "compat_region": Word(""),
    # Words for methods
    "unlock": Word("`chip.unlock()`"),
    "unlock_target": Word("`chip.unlock()`"),
    "unlock_never": Word("unlock=False"),
    "erase": Word("`chip.erase()`"),
    "reset": Word("`chip.reset()`"),
    "variables": Word("`names`"),
    "watch": Word("`chip.variables()`", "`chip.variables()` with '{}'"),
    "write": Word("`chip.write()`"),
    "restore_force": Word("`chip.restore()` with force=True"),
    "options_set": Word("`chip.set_options()`", "`chip.set_options('{}')`"),
    "options_defaults": Word("`chip.reset_options()`"),
    "write_options": Word("`chip.write()` with options=True"),
    "allow": Word("`allow`", _allowed),
    "power_cycle": Word("`power_cycle`"),
    "attach_reset": Word("`Target.attach()` with reset=True"),
    "begin_reset": Word("`begun` without `attach`"),
    "source": Word("`source`"),
    "baud": Word("`serial`", "serial=SerialSettings(baud={})"),
    "reset_command": Word("`SerialSettings.reset_command`"),
    "uart_mode": Word("`SerialSettings.mode`"),
    "no_loader": Word("loader=False"),
    "list": Word("`stm8tool.list_probes()`"),
    "command": Word("call"),
    # Words for changes of an image
    "patch": Word("a patch"),
    "fill": Word("a fill"),
    "serial_number": Word("a serial number", "SerialNumber.parse('{}')"),
    # The doctor and the simulator: the library makes no boards
    "report": Word("the report"),
    "tool": Word("stm8tool"),
    "sim_create": Word("`stm8tool sim create`", "make it with `stm8tool sim create {}`"),
    "sim_write": Word("`chip.write()`"),
    "board_probe": Word("the model of the probe", "the probe {}"),
    "fault": Word("a fault"),
    "overwrite": Word("overwrite=True"),
    "port": Word("`port`"),
    "host": Word("`host`"),
    "allow_remote": Word("`?allow-remote` at the end of `probe`"),
}

_INSTALLED = "stm8tool"  # the command, where the tool is installed

COMMAND_LINE: Words = {
    **_commands(_INSTALLED),
    "part": Word("--part", "--part {}"),
    "part_or_board": Word("--part, or `board` / `board_upload.part`"),
    "part_and_board": Word("--part (`board`, `board_upload.part`)"),
    "probe": Word("--probe", _quoted("--probe")),
    "upload_port": Word(" (upload_port in platformio.ini)"),
    "base": Word("--base", "--base {}"),
    "region": Word("--region", "--region {}"),
    "options_show": Word("`options show`"),
    "place": Word("--region", "--region {}"),
    "load_ram": Word("by --region ram"),
    "compat_start": Word("", " (stm8flash-compat: -s {})"),
    "compat_region": Word(" (stm8flash-compat: -s in place of --region and --base)"),
    "unlock": Word("`unlock`"),
    "unlock_target": Word("`unlock` (pio run -t unlock)"),
    "unlock_never": Word("--unlock never"),
    "erase": Word("`erase`"),
    "reset": Word("`reset`"),
    "variables": Word("`watch ELF --list`"),
    "watch": Word("`watch`", "`watch {}`"),
    "write": Word("`write`"),
    "restore_force": Word("`restore --force`"),
    "options_set": Word("`options set`", "`options set {}`"),
    "options_defaults": Word("`options defaults`"),
    "write_options": Word("`write --options` (board_upload.option_bytes = yes)"),
    "allow": Word("--force-…", _forced),
    "power_cycle": Word("--power-cycle"),
    "attach_reset": Word("`gdbserver --reset`"),
    "begin_reset": Word("leave out --attach"),
    "source": Word("--source FOLDER"),
    "baud": Word("--baud", "--baud {}"),
    "reset_command": Word("--reset-command"),
    "uart_mode": Word("--uart-mode"),
    "no_loader": Word("--no-loader"),
    "command": Word("command"),
    "patch": Word("--patch", "--patch {}"),
    "fill": Word("--fill", "--fill {}"),
    "serial_number": Word("--serial-number", "--serial-number {}"),
    "report": Word("--report", "--report {}"),
    "board_probe": Word("--probe", "--probe {}"),
    "fault": Word("--fault", "--fault {}"),
    "overwrite": Word("--force"),
    "port": Word("--port"),
    "host": Word("--host"),
    "allow_remote": Word("--allow-remote"),
}


def _chosen(probe: str) -> str:
    """Return the option of platformio.ini for a probe: any ST-LINK is a protocol, all else is a port.

    A port that names a UART counts with the protocol of an ST-LINK, too.
    """
    return f"upload_protocol = {probe}, without upload_port" if probe.startswith("stlink") else f"upload_port = {probe}"


_TARGETS: Words = {
    "part": Word("`board_upload.part`", "board_upload.part = {}"),
    "part_or_board": Word("`board` or `board_upload.part`"),
    "part_and_board": Word("`board` or `board_upload.part`"),
    "probe": Word("`upload_port`", _chosen),
    "upload_port": Word(" (in platformio.ini)"),
    "allow_remote": Word("`?allow-remote` at the end of `upload_port`"),
    "unlock": Word("`pio run -t unlock`"),
    "unlock_target": Word("`pio run -t unlock`"),
    "unlock_never": Word("board_upload.unlock = never"),
    "erase": Word("`pio run -t erase`"),
    "reset": Word("`pio run -t reset`"),
    "write": Word("`pio run -t upload`"),
    "write_options": Word("`board_upload.option_bytes = yes`"),
    "list": Word("`pio run -t list-probes`"),
    "baud": Word("`upload_speed`", "upload_speed = {}"),
    "reset_command": Word("--reset-command in `upload_flags`"),
    "no_loader": Word("--no-loader in `upload_flags`"),
    "power_cycle": Word("--power-cycle in `upload_flags`"),
    "allow": Word("--force-… in `upload_flags`", lambda value: f"{_forced(value)} in `upload_flags`"),
}

# A target of `pio run` is a command line with options from platformio.ini.
PLATFORM: Words = {**COMMAND_LINE, **_TARGETS}

# The keys of a job file for `stm8tool produce`.
JOB: Words = {
    **COMMAND_LINE,
    "part": Word("`part`", 'part = "{}"'),
    "part_or_board": Word("`part`"),
    "part_and_board": Word("`part`"),
    "probe": Word("`probe`", 'probe = "{}"'),
    "upload_port": Word(""),
    "base": Word("`base`", "base = {}"),
    "unlock_never": Word('unlock = "never"'),
    "write_options": Word("`options.file`"),
    "allow": Word("`options.allow`", lambda dangers: f"options.allow = {dangers.split()}"),
    "serial_number": Word("`serial_number`"),
}

_SPEAKER, _OF_PLATFORM = "STM8TOOL_WORDS", "platformio"


def spoken() -> Words:
    """Return the words of the user of this process: a target of `pio run` says by a variable that it has started it."""
    is_target, tool = os.environ.get(_SPEAKER) == _OF_PLATFORM, _started()
    if tool == _INSTALLED:
        return PLATFORM if is_target else COMMAND_LINE
    return {**COMMAND_LINE, **_commands(tool), **(_TARGETS if is_target else {})}


def _started() -> str:
    """Return the words that start this tool again. The command `stm8tool` exists only if the tool is installed."""
    started, on_windows = Path(sys.argv[0]), sys.platform == "win32"
    python = "py" if on_windows else "python3"
    folder = started.parent if started.name == "stm8flash.py" else started
    if sys.argv[0] and folder.is_dir():  # `python3 tool`: Python takes a folder with a __main__.py
        return f"{python} {_one_word(str(folder)) if on_windows else shlex.quote(str(folder))}"
    if started.parts[-2:] == (_INSTALLED, "__main__.py"):
        return f"{python} -m {_INSTALLED}"
    return _INSTALLED
