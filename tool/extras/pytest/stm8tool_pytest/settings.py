"""The settings of the command line and of the ini file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import pytest

_SIM = "sim:"
_WAIT_S = 600.0  # a run of tests on another board may take some minutes; our choice


class Settings(NamedTuple):
    """The boards and their program.

    Attributes:
        probes: The probes to choose from, each as `stm8tool.open` takes it.
        part: The chip on all of them.
        firmware: The program for it; None: the boards keep theirs.
        wait_s: How long a process waits for a probe that is free.
    """

    probes: Sequence[str]
    part: str
    firmware: Optional[Path]
    wait_s: float


def add_options(parser: pytest.Parser) -> None:
    """Add the options, each with an entry of the ini file."""
    group = parser.getgroup("stm8", "STM8 boards")
    group.addoption(
        "--stm8-probe",
        action="append",
        metavar="PROBE",
        help="the probe: stlink, a serial number, usb:BUS-PORT, sim:CHIPFILE; once for each board to choose from",
    )
    group.addoption("--stm8-part", metavar="PART", help="the chip, such as stm8s103f3")
    group.addoption("--stm8-firmware", metavar="FILE", help="the program that every board gets at the start of the run")
    group.addoption("--stm8-wait", metavar="SECONDS", help=f"how long to wait for a probe that is free ({_WAIT_S:.0f})")
    parser.addini("stm8_probe", "the probes, one a line", type="linelist")
    parser.addini("stm8_part", "the chip", default="")
    parser.addini("stm8_firmware", "the program, from the folder of the ini file", default="")
    parser.addini("stm8_wait", "seconds to wait for a probe that is free", default="")


def read(config: pytest.Config) -> Settings:
    """Return the settings. An option on the command line replaces the entry of the ini file.

    Raises:
        pytest.UsageError: One is missing or makes no sense.
    """
    here = config.invocation_params.dir
    ini = config.inipath.parent if config.inipath else config.rootpath
    typed = config.getoption("--stm8-probe")
    probes = [_absolute(probe, here) for probe in typed or ()]
    probes = probes or [_absolute(probe, ini) for probe in config.getini("stm8_probe") if probe]
    if not probes:
        raise pytest.UsageError(
            "tests need an STM8 board, and no probe is named: give --stm8-probe stlink, or stm8_probe in the ini file. "
            "Without hardware give sim:CHIPFILE"
        )
    part = config.getoption("--stm8-part") or config.getini("stm8_part")
    if not part:
        raise pytest.UsageError(
            "tests need an STM8 board, and its chip is not named: give --stm8-part stm8s103f3, or stm8_part "
            "in the ini file"
        )
    given, kept = config.getoption("--stm8-firmware"), config.getini("stm8_firmware")
    firmware = here / given if given else ini / kept if kept else None
    return Settings(probes, part, firmware, _seconds(config.getoption("--stm8-wait") or config.getini("stm8_wait")))


def _seconds(text: str) -> float:
    if not text:
        return _WAIT_S
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise pytest.UsageError(f"--stm8-wait {text} is not a number of seconds: write 0 or more")
    return value


def _absolute(probe: str, folder: Path) -> str:
    """Return a selector that means the same board after a test has changed the folder."""
    if not probe.startswith(_SIM):
        return probe
    return _SIM + os.path.normpath(folder / probe[len(_SIM) :])
