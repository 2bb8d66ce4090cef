"""Random programs beside random SWIM: however the core gets its speed, it cannot be seen.

The same happens to two chips. One jumps over loops, runs translated blocks, and lets a CPU wait while SWIM writes. The
other one executes one instruction after the other, and looks at everything before each of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sim.bench import CSR, DM_CSR2, Bench
from stm8tool.sim.gap import SimGapError

PC, BK1, CR1, CSR1 = 0x7F01, 0x7F90, 0x7F96, 0x7F98
STALL, FLUSH = 0x08, 0x01
CODE, TABLE, DATA, RAM_END = 0x40, 0x300, 0x200, 0x400
FLAGS = range(0x10, 0x18)  # bytes that programs poll
COUNTS = range(0x18, 0x20)
UNLOCK = "35565062 35AE5062"
TARGETS = range(0x9000, 0x9100)  # flash that programs write


def poll_flag(rng: random.Random) -> str:
    flag = rng.choice(FLAGS)
    forms = [
        f"3D{flag:02X} 27FC",  # TNZ flag; JREQ back
        f"B6{flag:02X} A501 27FA",  # LD A,flag; BCP A,#1; JREQ back
        f"7201{flag:04X}FB",  # BTJF flag,#0,itself
        f"AE{flag:04X} 6D00 2604 9D 20F9",  # LDW X,#flag; TNZ (0,X); JRNE on; NOP; JRA back
    ]
    return rng.choice(forms) + f"3F{flag:02X}"  # CLR flag


def compute(rng: random.Random) -> str:
    """From flash and RAM, as a checksum does."""
    rounds, flash = rng.randrange(1, 60), rng.choice(TARGETS)
    body = f"D6{flash:04X} B8{rng.choice(COUNTS):02X} 44 2402 A88C B7{rng.choice(COUNTS):02X} 5C"
    back = 256 - (len(bytes.fromhex(body)) + 5)
    return f"5F {body} A3{rounds:04X} 26{back:02X}"  # CLRW X; …; CPW X,#rounds; JRNE back


def copy(rng: random.Random) -> str:
    start, count = rng.randrange(DATA, TABLE - 64), rng.randrange(1, 40)
    return f"5F D6{TABLE:04X} D7{start:04X} 5C A3{count:04X} 26F4"


def count(rng: random.Random) -> str:
    return f"725C{rng.choice(COUNTS):04X}"


def call(rng: random.Random) -> str:
    return f"AD02 2004 3C{rng.choice(COUNTS):02X} 81 9D"  # CALLR; JRA over it; INC count; RET


def end_of_programming(rng: random.Random) -> str:
    return "C6505F A505 27F9"  # LD A,IAPSR; BCP A,#5; JREQ back


def write_byte(rng: random.Random) -> str:
    return f"35{rng.getrandbits(8):02X}{rng.choice(TARGETS):04X}" + end_of_programming(rng)


def write_block(rng: random.Random) -> str:
    start = TARGETS.start + 64 * rng.randrange(4)
    head = "3501505B 35FE505C" if rng.random() < 0.8 else "3501505B C69000 35FE505C"  # one access too many
    return f"{head} 5F D6{DATA:04X} D7{start:04X} 5C A30040 26F4" + end_of_programming(rng) * rng.randrange(2)


def timer(rng: random.Random) -> str:
    start = f"35{rng.randrange(8):02X}5347 35{rng.randrange(1, 256):02X}5348 35015340"
    return start + rng.choice(["", "7201 5344 FB 35005344", "35015343 9A", "35015343 8F"])  # poll, interrupt, WFI


def send(rng: random.Random) -> str:
    return f"35085235 35{rng.randrange(1, 4):02X}5232 35{rng.getrandbits(8):02X}5231" + rng.choice(["", "720F5230FB"])


PIECES: list[Callable[[random.Random], str]] = [
    *[poll_flag] * 4,
    *(compute, compute, copy, copy, count, count, call),
    *(end_of_programming, write_byte, write_block, write_block, timer, send),
]


def program(rng: random.Random) -> bytes:
    """Return code for 0x40: random pieces, again and again."""
    code = bytes.fromhex(rng.choice(["", "350050C6"]) + UNLOCK)
    start = CODE + len(code)
    for _ in range(rng.randrange(1, 7)):
        code += bytes.fromhex(rng.choice(PIECES)(rng))
    return code + b"\xcc" + start.to_bytes(2, "big")  # JP


class Act:
    """One use of SWIM, on any chip."""

    def __init__(self, name: str, *numbers: int) -> None:
        self.name = name
        self.numbers = numbers

    def on(self, bench: Bench) -> object:
        try:
            return self._on(bench)
        except SimGapError as exc:
            return str(exc)

    def _on(self, bench: Bench) -> object:
        numbers = self.numbers
        if self.name == "write":
            return bench.write(*numbers)
        if self.name == "read":
            status = bench.try_read(*numbers)
            return status, bench.read(*numbers) if status == 0 else b""
        if self.name == "sleep":
            return bench.clock.sleep(numbers[0] / 1e6)
        if self.name == "stall":
            seen = bench.write(DM_CSR2, STALL), bench.read(0x7F00, 11), bench.read(CSR1, 2)
            return seen, bench.write(DM_CSR2, STALL | FLUSH), bench.write(DM_CSR2, FLUSH)
        if self.name == "step":
            seen = bench.write(DM_CSR2, STALL), bench.write(CSR1, 0x40), bench.write(DM_CSR2, STALL | FLUSH)
            return seen, bench.write(DM_CSR2, FLUSH), bench.read(0x7F00, 11), bench.write(CSR1, 0)
        mode, *places = numbers
        return bench.write(BK1, *places), bench.write(CR1, mode)


def act(rng: random.Random) -> Act:
    name = rng.choice(["write"] * 6 + ["flag"] * 6 + ["read"] * 4 + ["sleep"] * 2 + ["stall", "step", "iapsr", "break"])
    if name == "write":
        size = rng.choice([1, 2, 7, 64, 200])
        return Act("write", rng.randrange(0x180, RAM_END - size), *rng.randbytes(size))
    if name == "flag":
        size = rng.randrange(1, 9)
        start = rng.choice(FLAGS)
        return Act("write", start, *(rng.randrange(4) for _ in range(size)))
    if name == "read":
        return Act("read", rng.randrange(RAM_END - 40), rng.randrange(1, 40))
    if name == "iapsr":
        return Act("read", rng.choice([0x505F, 0x5344, 0x5346, 0x5230]), 1)
    if name == "sleep":
        return Act("sleep", rng.choice([3, 40, 500, 3000, 8000]))
    if name == "break":
        place = rng.randrange(CODE, CODE + 60)
        return Act("break", rng.choice([0, 0, 0x28, 0x0C, 0x22]), 0, 0, place, 0, 0, rng.choice(COUNTS))
    return Act(name)


def chip_with(code: bytes, data: bytes, *, model: str) -> Bench:
    bench = Bench(model=model).connect(fast=True)
    bench.chip.flash.write(0x8064, bytes.fromhex("8200 8100"))  # the vector of TIM4
    bench.chip.flash.write(0x8100, bytes.fromhex("35005344 3C1F 80"))  # clear the flag, count, IRET
    bench.write(DATA, *data)
    bench.write(CODE, *code)
    bench.write(PC, 0, 0, CODE)
    bench.write(0x7F0A, 0x20)
    return bench


def go(bench: Bench) -> Bench:
    assert bench.write(DM_CSR2, STALL | FLUSH) == 0
    assert bench.write(DM_CSR2, FLUSH) == 0
    return bench


def never_lagging(bench: Bench) -> Bench:
    """Let the chip look at everything before each instruction."""
    execution: Any = bench.chip.processor.execution
    execute = execution._execute
    execution._execute = lambda until, event: execute(until, event if execution.core.sleep else 0.0)
    execution._most = lambda _until: 0
    execution._wait_in_loop = lambda _limit: False
    return bench


def everything(bench: Bench) -> tuple[object, ...]:
    chip, core, now = bench.chip, bench.chip.processor.execution.core, bench.clock.now()
    chip.settle(now)
    held = tuple(bytes(memory.data) for memory in (chip.ram, chip.flash))
    board = chip.processor.board
    for device in board.devices:
        device.settle(max(now, chip.executed_to))  # the last instruction may end a little later
    devices = {name: rounded(device.STATE.dump(device, now)) for name, device in board.named.items()}
    sent = {name: bytes(uart.sent) for name, uart in board.uarts.items()}
    return chip.state, chip.debug.registers, round(chip.executed_to, 9), core.cycles, held, devices, sent


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Round times: they are sums, in another order on each chip."""
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in values.items()}


def lives(seed: int) -> None:
    """Let two chips live through the same, and compare all that can be seen of them."""
    rng = random.Random(seed)
    model = rng.choice(["v2", "v3"])
    code, data = program(rng), rng.randbytes(0x100)
    fast, slow = (chip_with(code, data, model=model) for _ in range(2))
    never_lagging(slow)
    acts = [act(rng) for _ in range(rng.randrange(8, 25))]
    for bench in (go(fast), go(slow)):
        assert bench.byte(CSR) & 0x20
    for number, one in enumerate(acts):
        answers = one.on(fast), one.on(slow)
        assert answers[0] == answers[1], f"{code.hex()}: act {number} ({one.name} {one.numbers})"
        for ours, expected in zip(everything(fast), everything(slow)):
            assert ours == expected, f"{code.hex()}: after act {number} ({one.name} {one.numbers})"


@pytest.mark.parametrize("seed", range(12))
def test_a_chip_that_hurries_cannot_be_told_from_one_that_does_not(seed: int) -> None:
    lives(seed)
