"""How fast the STM8 core of the simulator executes, on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator

from plain_bus import PlainBus
from speed.processes import Figure
from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.cpu.core import Cpu
from stm8tool.sim.cpu.writer import MemoryLayout

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


def figures() -> Iterator[Figure]:
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
