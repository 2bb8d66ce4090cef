"""Every target of `pio run -t …`, one row each: for the builder, platform.py, docs/targets.md and the tests.

platform.py loads this file by its path. So it uses no SCons and imports no other module of the package.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NamedTuple, Optional


class Target(NamedTuple):
    """One target."""

    name: str
    group: str  # the heading in an IDE
    title: str
    description: str  # one line, for `pio run --list-targets` and the IDE
    command: str  # of stm8tool, or empty if the builder does the work; the words with a $ are variables of SCons
    readme: str  # its description in the table of docs/targets.md
    loses: str = ""  # the loss that custom_confirm = yes asks about; empty: nothing is lost
    file_option: str = ""  # the option of platformio.ini that names the file of the target, custom_…
    opens_probe: bool = True
    builds: bool = True  # a target without a command needs the built program
    names_option: str = ""  # the option of platformio.ini with names for the command, with commas between them

    @property
    def file_variable(self) -> str:
        """The variable of SCons with the file's name: DUMP_FILE for custom_dump_file."""
        return self.file_option[len("custom_") :].upper()

    @property
    def names_variable(self) -> str:
        """The variable of SCons with the names: WATCH for custom_watch."""
        return self.names_option[len("custom_") :].upper()

    @property
    def takes_firmware(self) -> bool:
        """Tell whether the target needs the built program."""
        if not self.command:
            return self.builds
        return not {"$SOURCE", "$PROGRAM_ELF"}.isdisjoint(self.command.split())

    @property
    def makes_a_file(self) -> bool:
        """Tell whether stm8tool writes a file. The build directory may not exist yet."""
        return self.command.split()[:1] == ["read"]


TARGETS = (
    Target(
        "upload",
        "Platform",
        "Upload",
        "Write the firmware to the chip and verify it",
        "write $STM8TOOL_OPTIONS $SOURCE",
        "writes the firmware and reads it back; a locked chip is unlocked first",
    ),
    Target(
        "verify",
        "Platform",
        "Verify",
        "Compare the chip with the firmware",
        "verify $SOURCE",
        "compares the chip with the firmware; writes nothing",
    ),
    Target(
        "unlock",
        "Platform",
        "Unlock",
        "Remove the read-out protection, which erases the chip",
        "unlock",
        "removes read protection (erases a locked chip), restores factory option bytes",
        loses="a locked chip is erased",
    ),
    Target(
        "erase",
        "Platform",
        "Erase",
        "Erase the program memory",
        "erase",
        "erases the program memory",
        loses="the program is erased",
    ),
    Target(
        "reset",
        "Platform",
        "Reset",
        "Reset the chip and let its program run",
        "reset",
        "resets the chip and lets its program run",
    ),
    Target(
        "dump",
        "Platform",
        "Dump Flash",
        "Read the program memory into a file",
        "read $DUMP_FILE",
        "reads the program memory into `dump.hex` in the build directory, or `custom_dump_file`",
        file_option="custom_dump_file",
    ),
    Target(
        "uploadeep",
        "Platform",
        "Upload EEPROM",
        "Write custom_eeprom_file to the EEPROM and verify it",
        "write --unlock never --region eeprom $EEPROM_FILE",
        "writes `custom_eeprom_file` to the EEPROM and reads it back; see below",
        loses="the EEPROM is overwritten",
        file_option="custom_eeprom_file",
    ),
    Target(
        "dumpeep",
        "Platform",
        "Dump EEPROM",
        "Read the EEPROM into a file",
        "read --region eeprom $DUMPEEP_FILE",
        "reads the EEPROM into `dumpeep.hex` in the build directory, or `custom_dumpeep_file`",
        file_option="custom_dumpeep_file",
    ),
    Target(
        "options",
        "Platform",
        "Option Bytes",
        "Show the option bytes and which of them are at factory values",
        "options show",
        "shows the option bytes",
    ),
    Target(
        "monitor-swim",
        "Platform",
        "Monitor over SWIM",
        "Show the text of the running program, and send it text",
        "monitor $PROGRAM_ELF $PROGRAM_ARGS",
        "shows the text of a program that uses [`swim_console.h`](console.md), and sends it text; "
        "`-a` passes an option on, such as `-a --until=ready`",
    ),
    Target(
        "watch",
        "Platform",
        "Watch Variables",
        "Show variables of the running program by name",
        "watch $PROGRAM_ELF $WATCH $PROGRAM_ARGS",
        "shows the [variables of the running program](watch.md) that `custom_watch` names; "
        "`-a` passes an option on, such as `-a --events`",
        names_option="custom_watch",
    ),
    Target(
        "check-compiler",
        "Platform",
        "Check Compiler",
        "List where SDCC makes wrong code of the program",
        "",
        "lists where SDCC makes [wrong code](compilers.md) of the program and its libraries; "
        "`-a --json` prints it as JSON",
        opens_probe=False,
    ),
    Target(
        "memory-map",
        "Platform",
        "Memory Map",
        "Show what fills flash, EEPROM and RAM",
        "",
        "shows which [files and functions](#memory-map) fill flash, EEPROM and RAM, and draws a picture; "
        "`-a --json` prints it as JSON",
        opens_probe=False,
    ),
    Target(
        "test-runner",
        "Platform",
        "Write Test Runner",
        "Write the file test_custom_runner.py, which pio test needs",
        "",
        "writes the file test_custom_runner.py, which [`pio test`](testing.md) needs; once for each project",
        opens_probe=False,
        builds=False,
    ),
    Target(
        "doctor",
        "Probe",
        "Doctor",
        "Look at everything up to the chip, and explain what is wrong",
        "doctor",
        "looks at everything from Python to the chip, and explains what is wrong",
    ),
    Target(
        "list-probes",
        "Probe",
        "List Probes",
        "List the attached probes",
        "list",
        "lists the attached probes",
        opens_probe=False,
    ),
    Target(
        "probe-info",
        "Probe",
        "Probe Info",
        "Show the probe and its chip",
        "info",
        "shows probe, supply, chip family, protection, option bytes",
    ),
)

# Words of a command that are paths.
FILES = ("$SOURCE", "$PROGRAM_ELF", *(f"${target.file_variable}" for target in TARGETS if target.file_option))


_LIKENESS = 0.8  # "verfy" is `verify`, "unlok" is `unlock`


def meant(name: str) -> Optional[str]:
    """Return the target that a misspelt name resembles, or None."""
    known = [target.name for target in TARGETS]
    likely = difflib.get_close_matches(name.replace("_", "-"), known, 1, _LIKENESS)
    return likely[0] if likely and name not in known else None


def compile_nothing(names: Sequence[str]) -> bool:
    """Tell whether a run needs no compiler because each target only talks to the probe or the chip."""
    without = {target.name for target in TARGETS if not target.takes_firmware}
    return bool(names) and without.issuperset(names)
