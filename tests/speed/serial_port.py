"""A chip at its UART: 8 KiB written and verified.

By the simulator's model of time: over what the bytes take once on the wire, and the flash for its blocks. And in real
time on a pseudo terminal, beside stm8gal. The two take turns at one board, each with an image that differs in every
block. stm8gal is the user's own; nothing builds it. It needs RTS and parity, which a pseudo terminal does not have. So
name a program that hides this from it, such as a script that sets LD_PRELOAD.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from pio import ROOT
from session.bench import program
from speed.cases import BLOCK_S
from speed.processes import Figure
from stm8tool.image import Image, Segment, save
from stm8tool.parts.table import Part, find_part, option_table
from stm8tool.sim import store
from stm8tool.sim.serial import rom_facts
from stm8tool.sim.serial.line import SimLine
from stm8tool.uart.chip import UartChip
from stm8tool.uart.settings import Reset, SerialSettings

PARTS = ("stm8s208mb", "stm8s105k4", "stm8l151k4")
BAUD = 115200
SIZE = 8192
TARGET = 1.25
OVER_STM8GAL = 0.5
RUNS = 3
_WRITE = 2 + 5 + 130, 3  # bytes of a block of 128 to the boot ROM: command, address, data. And its answers
_READ = 2 + 5 + 2, 3 + 256  # the same of a read of 256 bytes
_ENABLED = {"OPTBL": 0x55, "OPTBL_H": 0x55, "OPTBL_L": 0xAA}  # the loader listens after each reset
_LIMIT_S = 120


def limit_s(part: Part, *, loader: bool) -> float:
    """Return what the bytes take on the wire, and the flash for the blocks.

    With our loader in RAM the wire carries the image once. The boot ROM needs its commands, and the image again for the
    verify; in reply mode each of its bytes goes back to it.
    """
    blocks = SIZE // part.block * BLOCK_S
    reply = rom_facts.of(part).reply
    if loader:
        return SIZE * (10 if reply else 11) / BAUD + blocks
    (sent, got), (asked, held) = _WRITE, _READ
    answers = SIZE // 128 * got + SIZE // 256 * held
    there = SIZE // 128 * sent + SIZE // 256 * asked
    bits = 10 * (there + 2 * answers) if reply else 11 * (there + answers)
    return bits / BAUD + blocks


def taken_s(part: Part, *, loader: bool) -> float:
    """Write a blank chip and verify it; return the time from the reset to the start of the program."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "b.chip")
        store.create(file, part, "v3")
        line = SimLine(file, "serial:sim:b.chip")
        with UartChip(lambda: line, part, SerialSettings(baud=BAUD, reset=Reset.DTR), loader=loader) as chip:
            chip.write(Image([Segment(part.flash.start, program(part, seed=1)[:SIZE])]))
        return store.describe(file).seconds


@contextmanager
def _served(file: Path) -> Iterator[str]:
    """Serve a board; give the name of its pseudo terminal."""
    command = [sys.executable, "-I", str(ROOT / "tool"), "sim", "serve-serial", str(file), "--pty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            yield server.stdout.readline().split("--probe serial:")[1].split(";")[0].strip()
        finally:
            server.terminate()


def _process_s(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=_LIMIT_S)
    return time.perf_counter() - start


def beside(stm8gal: str, part: Part) -> tuple[float, float]:
    """Return the least wall time of a process of stm8tool, and of stm8gal, on one pseudo terminal."""
    taken: dict[str, list[float]] = {"stm8tool": [], "stm8gal": []}
    with tempfile.TemporaryDirectory() as folder:
        board, images = Path(folder) / "b.chip", [Path(folder) / f"{n}.s19" for n in (1, 2)]
        options = [f"{o.name}=0x{_ENABLED[o.name]:02X}" for o in option_table(part) if o.name in _ENABLED]
        store.create(board, part, "v3", options=options)
        for seed, file in enumerate(images, 1):
            save(file, [Segment(part.flash.start, program(part, seed=seed)[:SIZE])])
        with _served(board) as port:
            ours = [sys.executable, "-I", str(ROOT / "tool"), "--probe", f"serial:{port}", "--part", part.name, "write"]
            mode = "2" if rom_facts.of(part).reply else "0"
            theirs = [stm8gal, "-B", "-v", "0", "-R", "0", "-u", mode, "-p", port, "-b", str(BAUD), "-w"]
            for _ in range(RUNS):
                taken["stm8tool"].append(_process_s([*ours, str(images[0])]))
                taken["stm8gal"].append(_process_s([*theirs, str(images[1])]))
    return min(taken["stm8tool"]), min(taken["stm8gal"])


def figures(stm8gal: Optional[str] = None) -> Iterator[Figure]:
    """Yield the ratios for each kind of loader; beside stm8gal only if it is here."""
    for part in map(find_part, PARTS):
        what = f"UART: 8 KiB written and verified at {BAUD} baud"
        for loader, name in ((True, "over wire and flash"), (False, "by the boot ROM alone, over wire and flash")):
            ratio = taken_s(part, loader=loader) / limit_s(part, loader=loader)
            yield Figure(f"{what}, {name}, {part.name}", f"{ratio:.2f}", f"{TARGET:.2f}")
        program_there = stm8gal or shutil.which("stm8gal")
        if program_there is None:
            continue
        try:
            ours_s, theirs_s = beside(program_there, part)
        except subprocess.CalledProcessError as exc:
            yield Figure(f"{what}, over stm8gal, {part.name}", f"{exc.cmd[0]} ended with {exc.returncode}")
            continue
        yield Figure(f"{what} on a pseudo terminal, {part.name}", f"{ours_s:.2f} s")
        yield Figure(f"{what} by stm8gal on the same one, {part.name}", f"{theirs_s:.2f} s")
        yield Figure(f"{what}, over stm8gal, {part.name}", f"{ours_s / theirs_s:.2f}", f"{OVER_STM8GAL:.2f}")
