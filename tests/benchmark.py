"""Figures of speed, from runs made now: what the simulator's model of time says, and what this machine's clock says.

`python3 dev.py bench` runs it. It prints and asserts nothing: a figure above its target is for a human to look at.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_TOOL = Path(__file__).parents[1] / "tool"
sys.path.insert(0, str(_TOOL))

from session.bench import Board, image_of, program  # noqa: E402
from stm8tool import image  # noqa: E402
from stm8tool.parts.table import Part, find_part  # noqa: E402
from stm8tool.sim import store  # noqa: E402
from stm8tool.sim.chip.microcontroller import Microcontroller  # noqa: E402
from stm8tool.sim.cpu.core import Cpu  # noqa: E402
from stm8tool.sim.cpu.image import PlainBus  # noqa: E402
from stm8tool.sim.cpu.writer import MemoryLayout  # noqa: E402

_RUNS = 7
_PARTS = ("stm8s103f3", "stm8s105k6", "stm8s208mb")
_TARGETS = {("STM8S103F3", "v3"): "2.0", ("STM8S103F3", "v2"): "3.5"}
# With the loader, over what the flash alone takes; the smallest flash is given more.
_LIMITS = {
    (kind, model, 1024 * size): limits[size == 8]
    for kind, model, limits in (
        ("full rewrite", "v3", ("1.10", "1.20")),
        ("full rewrite", "v2", ("1.20", "1.40")),
        ("blank", "v3", ("1.25", "1.50")),
        ("blank", "v2", ("1.50", "1.90")),
    )
    for size in (8, 32, 64, 128)
}
_UNCHANGED = {("v3", 128 * 1024): "0.400 s", ("v2", 128 * 1024): "0.500 s"}

# The wire at high speed: a bit takes 10 clocks of 8 MHz. A frame has a head of 50 bits (command, count, three address
# bytes) and 11 bits for each of its up to 255 bytes (SWIM protocol, UM0470). A block is erased and written in 6 ms.
_BIT_S = 10 / 8e6
_HEAD_BITS, _BYTE_BITS, _FRAME = 6 + 4 * 11, 11, 255
_PROGRAM_S = 0.006


# For each of 512 bytes: a load, a shift, a branch, a store, a call of a routine that counts, a comparison of words.
_CPU_CODE = bytes.fromhex("AE0000 F6 A85A 44 2402 A88C F7 CD8020 5C A30200 26EE 20E9")
_CPU_ROUTINE = bytes.fromhex("725C0300 81")
# Loops of firmware that waits: for ever, for a flag in RAM, for EOP, for a UART, for TIM4, in WFI.
_POLLS = {
    "an empty loop": "20FE",
    "polling a flag in RAM": "720100FBFB",
    "polling EOP": "7205505FFB",
    "polling a UART": "720B5230FB",
    "polling TIM4 (8 ms)": "35075347 357C5348 35015340 72015344FB 35005344 20F5",
    "WFI and TIM4 (8 ms)": "35075347 357C5348 35015343 35015340 8F 20FD",
}
_CPU_CYCLES, _CPU_HZ = 4_000_000, 16_000_000


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    measured: str
    target: str = "-"


def main() -> None:
    rows = [Figure("figure", "measured", "target"), *_figures()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for what, measured, target in rows:
        print(f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {target:>{widths[2]}}")


def _figures() -> Iterator[Figure]:
    for name in _PARTS:
        for model in ("v3", "v2"):
            yield from _modelled(find_part(name), model)
            yield from _by_loader(find_part(name), model)
    with tempfile.TemporaryDirectory() as folder:
        yield from _wall(Path(folder))
    yield from _cpu()


def _wire_s(size: int) -> float:
    """Return how long `size` bytes take on the wire, in seconds."""
    frames = -(-size // _FRAME)
    return (frames * _HEAD_BITS + size * _BYTE_BITS) * _BIT_S


def _modelled(part: Part, model: str) -> Iterator[Figure]:
    """Yield what full writes of a flash that holds something else take on the simulated bench."""
    size, blocks = part.flash.size, part.flash.size // part.block
    limit_s = blocks * (_wire_s(part.block) + _PROGRAM_S)
    first = _upload(Board(part.name, model), verify=True)
    board = Board(part.name, model)
    unverified = _upload(board, verify=False)
    again = _upload(board, verify=True)
    transfers = (unverified.transfers - again.transfers) / blocks

    yield Figure(f"{size // 1024} KiB to {part.name} over {model}", f"{first.seconds:.3f} s")
    ratio = first.seconds / limit_s
    yield Figure(
        f"  over transfer, then program ({limit_s:.3f} s)", f"{ratio:.2f}", _TARGETS.get((part.name, model), "-")
    )
    yield Figure("  USB transfers per block", f"{transfers:.1f}", "12")
    yield Figure("  unchanged image: blocks programmed", str(again.programmed), "0")
    yield Figure("  unchanged image: USB transfers", str(again.transfers))
    yield Figure(f"  unchanged image: over one read ({_wire_s(size):.3f} s)", f"{again.seconds / _wire_s(size):.2f}")


def _by_loader(part: Part, model: str) -> Iterator[Figure]:
    """Yield what the loader in RAM takes beside what the flash alone takes, from opening the probe to letting it go."""
    blocks = part.flash.size // part.block
    for kind, limit_s in (("full rewrite", blocks * _PROGRAM_S), ("blank", blocks * _PROGRAM_S / 2)):
        board = Board(part.name, model, loader=True)
        if kind == "blank":
            board.chip.flash.data[:] = bytes(part.flash.size)
        taken = _upload(board, verify=True)
        what = f"  loader, {kind}: over the flash alone ({limit_s:.3f} s)"
        yield Figure(what, f"{taken.seconds / limit_s:.2f}", _LIMITS.get((kind, model, part.flash.size), "-"))
        if kind == "full rewrite":
            again = _upload(board, verify=True)
            yield Figure("  loader, unchanged", f"{again.seconds:.3f} s", _UNCHANGED.get((model, part.flash.size), "-"))


class Upload(NamedTuple):
    """What one session that writes all of flash cost."""

    seconds: float
    transfers: int
    programmed: int


def _upload(board: Board, *, verify: bool) -> Upload:
    start, transfers = board.probe.clock.now(), board.probe.transfers
    programmed = board.upload(image_of(board.part), verify=verify)
    return Upload(board.probe.clock.now() - start, board.probe.transfers - transfers, programmed)


def _wall(folder: Path) -> Iterator[Figure]:
    """Yield what this machine's clock says, the best of several runs."""
    small, large = find_part("stm8s103f3"), find_part("stm8s208mb")
    chip = folder / "board.chip"
    for part in (small, large):
        image.save(folder / f"{part.name}.hex", image_of(part).segments)

    def new_chip() -> None:
        store.create(chip, small, "v3", content=program(small, seed=2), overwrite=True)

    write = ("--probe", f"sim:{chip}", "--part", small.name, "write", str(folder / f"{small.name}.hex"))
    yield Figure("wall time of a process: write of 8 KiB", _best(lambda: _run(*write), new_chip), "0.600 s")
    yield Figure("wall time of a process: --help", _best(lambda: _run("--help")), "0.150 s")
    for part in (small, large):
        load = functools.partial(image.load, [folder / f"{part.name}.hex"])
        yield Figure(f"wall time of loading {part.flash.size // 1024} KiB of hex", _best(load))


def _cpu() -> Iterator[Figure]:
    """Yield how fast the STM8 core executes, and what a second of waiting costs."""
    bus = PlainBus(0x28000, MemoryLayout(0x1800, 0x8000, 0x28000))
    bus.memory[0x8000 : 0x8000 + len(_CPU_CODE)] = _CPU_CODE
    bus.memory[0x8020 : 0x8020 + len(_CPU_ROUTINE)] = _CPU_ROUTINE
    core = Cpu(bus)
    start = time.process_time()
    core.run(_CPU_CYCLES)
    speed = core.count / (time.process_time() - start) / 1e6
    yield Figure("STM8 core, million instructions a second", f"{speed:.2f}", "0.8")
    bus.memory[0x8000:0x8005] = bytes.fromhex("720100FBFB")  # BTJF 0x00fb,#0,itself
    waiting = Cpu(bus)
    start = time.process_time()
    waiting.run(_CPU_HZ)
    yield Figure("STM8 core, a second of waiting at 16 MHz", f"{(time.process_time() - start) * 1e3:.1f} ms")
    for what, code in _POLLS.items():
        yield Figure(f"a chip, a second of {what}", f"{_poll_ms(bytes.fromhex(code)):.1f} ms", "50 ms")


def _poll_ms(code: bytes) -> float:
    """Return the time that a second of a program costs which polls, with a probe that looks a hundred times."""
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.flash.write(0x8000, bytes.fromhex("82008080"))
    chip.flash.write(0x8080, code)
    chip.flash.write(0x8064, bytes.fromhex("82008100"))  # the vector of TIM4
    chip.flash.write(0x8100, bytes.fromhex("35005344 80"))  # clear the flag, IRET
    chip.settle(0.001)  # with what is made and translated at the first time
    start = time.process_time()
    for hundredth in range(1, 101):
        chip.settle(0.001 + hundredth / 100)
    return (time.process_time() - start) * 1e3


def _run(*words: str) -> None:
    subprocess.run([sys.executable, str(_TOOL), *words], check=True, stdout=subprocess.DEVNULL)


def _best(job: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> str:
    best = float("inf")
    for _ in range(_RUNS):
        prepare()
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return f"{best:.3f} s"


if __name__ == "__main__":
    main()
