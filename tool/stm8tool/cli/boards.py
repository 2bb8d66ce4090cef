"""The commands around simulated boards: make one, look at it, put its probe on real USB."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .probes import DEFAULT_PROBE, required_part
from .simulation import Symbols

if TYPE_CHECKING:
    from .console import Console


def create(arguments: argparse.Namespace, console: Console) -> None:
    from ..sim import store

    part = required_part(arguments)
    model = "v2" if arguments.probe == DEFAULT_PROBE else arguments.probe
    store.create(
        arguments.chipfile,
        part,
        model,
        locked=arguments.locked,
        options=arguments.option,
        faults=arguments.fault,
        overwrite=arguments.force,
    )
    state = "read-protected" if arguments.locked else "blank"
    console.say(f"{arguments.chipfile}: a simulated {part.name}, {state}, on an ST-LINK {model}")
    console.say(f"use it with --probe sim:{arguments.chipfile}, or upload_port = sim:{arguments.chipfile}")


def serve(arguments: argparse.Namespace, console: Console) -> None:
    from ..sim.usbip import export

    try:
        export.serve(arguments.chipfile, arguments.host, arguments.port, console.say)
    except KeyboardInterrupt:
        console.say(f"{arguments.chipfile} is saved")


def show(arguments: argparse.Namespace, console: Console) -> None:
    from ..sim import store

    symbols = Symbols(arguments.elf)
    report = store.describe(arguments.chipfile)
    console.say(f"{report.part} on a simulated ST-LINK {report.model}, serial {report.serial}")
    console.say(f"  CPU            {report.state}" + (f"; BRICKED: {report.bricked}" if report.bricked else ""))
    if report.pc is not None:
        console.say(f"  seen at        {symbols.place(report.pc)}")
    console.say(f"  protection     {'ON (read-protected)' if report.locked else 'off'}")
    for memory in report.memories:
        console.say(
            f"  {memory.name:<13}  {memory.used} of {memory.size} bytes are not 0x00, CRC-32 {memory.crc32:08X}, "
            f"block programmed {memory.max_wear} times at most, {memory.total_wear} in all"
        )
    for option in report.options:
        notes = [] if option.value == option.default else [f"factory 0x{option.default:02X}"]
        notes += [] if option.intact else ["complement does not match"]
        text = f"  {option.name:<13}  0x{option.address:04X} = 0x{option.value:02X}"
        console.say(text + (f"  ({', '.join(notes)})" if notes else ""))
    lines = "low" if report.nrst_low else "high"
    console.say(
        f"  probe          mode {report.probe_mode}, NRST {lines}, SWIM {'active' if report.swim_active else 'off'}"
    )
    for fault in report.faults:
        console.say(f"  fault          {fault}")
    console.say(f"  last run       {report.transfers} USB transfers, {report.seconds:.3f} s of simulated time")
