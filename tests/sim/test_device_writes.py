"""Writes to a peripheral: the CPU goes on at once, unless something else has to notice the write."""

from __future__ import annotations

import random

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.execution import Execution
from stm8tool.sim.peripherals.build import build
from stm8tool.sim.peripherals.device import Device

MAIN, HANDLER = 0x8080, 0x8F00
PORT, UART, TIM2, TIM4, IWDG, WWDG, SPI = 0x5000, 0x5230, 0x5300, 0x5340, 0x50E0, 0x50D1, 0x5200
VECTORS = (13, 17, 23)  # TIM2, UART1, TIM4
# What a handler does: clear both update flags, stop the UART's interrupts, count.
CLEAR = "35005304" + "35005344" + "721F5235" + "721D5235" + "3C10" + "80"


class Looking(Execution):
    """An execution that looks at all devices after each write, as it does after a write that reaches others."""

    def _write_device(self, device: Device, address: int, value: int, now: int) -> bool:
        device.write(address, value, self._at(now))
        self._due = 0.0
        self.core.limit = 0
        return True


class Exact(Execution):
    """An execution that ends before the next event, and takes single steps up to it."""

    def _most(self, _until: float) -> int:
        return 0


class Counting(Execution):
    """An execution that counts its looks."""

    looks = 0

    def _settle_devices(self, now: float) -> None:
        self.looks += 1
        super()._settle_devices(now)


def executing(kind: type[Execution], code: bytes) -> tuple[Execution, list[str]]:
    """Return a chip with a program, and the causes of its resets."""
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.flash.write(0x8000, bytes.fromhex(f"8200{MAIN:04X}"))
    for vector in VECTORS:
        chip.flash.write(0x8008 + 4 * vector, bytes.fromhex(f"8200{HANDLER:04X}"))
    chip.flash.write(MAIN, code)
    chip.flash.write(HANDLER, bytes.fromhex(CLEAR))
    board = build(chip, lambda _warning: None)
    execution = kind(chip, 0.0, board.devices)
    causes: list[str] = []
    execution.level, execution.on_reset = board.priorities.level, causes.append
    return execution, causes


def mov(address: int, value: int) -> bytes:
    return bytes([0x35, value, address >> 8, address & 0xFF])


def random_program(rng: random.Random) -> bytes:
    """Return a loop of writes, reads, waits and counts, with interrupts on."""
    writes = [
        (PORT, None),
        (PORT + 2, None),
        (SPI, None),
        (UART + 1, None),
        (UART + 2, 1),
        (UART + 5, 0x08),
        (UART + 5, 0x88),
        (UART + 5, 0x48),
        (TIM2, 1),
        (TIM2, 0x81),
        (TIM2 + 3, 1),
        (TIM2 + 4, 0),
        (TIM2 + 6, 1),
        (TIM2 + 15, 0),
        (TIM2 + 16, None),
        (TIM4, 1),
        (TIM4, 9),
        (TIM4, 0),
        (TIM4 + 3, 1),
        (TIM4 + 3, 0),
        (TIM4 + 4, 0),
        (TIM4 + 5, 1),
        (TIM4 + 6, None),
        (TIM4 + 7, 2),
        (TIM4 + 8, None),
        (IWDG, 0xCC),
        (IWDG, 0xAA),
        (WWDG, 0xFF),
        (WWDG + 1, 0x7F),
        (WWDG + 1, 0x50),
        (0x7F73, 0xF7),
        (0x50C6, 0),
        (0x50C6, 8),
    ]
    code = b"\x9a"  # RIM
    for _ in range(rng.randrange(3, 25)):
        kind = rng.randrange(6)
        address, value = rng.choice(writes)
        if kind < 3:
            code += mov(address, rng.randrange(256) if value is None else value)
        elif kind == 3:  # LD A,address; LD place,A
            code += bytes([0xC6, address >> 8, address & 0xFF, 0xB7, rng.randrange(0x20, 0x40)])
        elif kind == 4:  # LDW X,#n; DECW X; JRNE: wait
            code += bytes([0xAE, 0, rng.randrange(1, 40), 0x5A, 0x26, 0xFD])
        else:  # INC, NOP
            code += bytes([0x3C, 0x12, 0x9D])
    if rng.random() < 0.3:
        return code + b"\x20\xfe"
    return code + bytes([0xCC, MAIN >> 8, MAIN & 0xFF])


@pytest.mark.parametrize("seed", range(60))
def test_a_program_meets_the_same_at_each_cycle_as_with_a_look_after_every_write(seed: int) -> None:
    code = random_program(random.Random(seed))
    runs = [executing(kind, code) for kind in (Execution, Looking, Exact)]
    rng = random.Random(-seed)
    until = 0.0
    for _ in range(12):
        until += rng.choice((1e-6, 37e-6, 1e-3, 4e-3))
        ends = []
        for execution, causes in runs:
            why = execution.run(until)
            core = execution.core
            ram = bytes(execution.memory[:0x400])
            ends.append((why, core.registers, core.cycles, dict(core.pending), core.sleep, tuple(causes), ram))
        assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("address", [PORT, WWDG, IWDG, UART, SPI])
def test_a_loop_that_writes_a_register_costs_no_look_at_the_other_devices(address: int) -> None:
    value = {WWDG: 0xFF, IWDG: 0xAA}.get(address, 0x55)
    execution, causes = executing(Counting, mov(IWDG, 0xCC) + mov(address, value) + b"\x20\xfa")
    assert isinstance(execution, Counting)
    assert execution.run(0.01) == ""
    assert execution.core.count > 2000
    assert execution.looks < 40
    assert causes == []
