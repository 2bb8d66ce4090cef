"""Programs for a CPU that executes while SWIM uses the same bus, and how SWIM starts and stalls it."""

from __future__ import annotations

from sim.bench import DM_CSR2, OK, Bench

CPU, PC, SP, CR1, CSR1 = 0x7F00, 0x7F01, 0x7F08, 0x7F96, 0x7F98
BK1, BK2 = 0x7F90, 0x7F93
STE, STF, BRW, BK2F, BK1F = 0x40, 0x20, 0x08, 0x04, 0x02
STALL, FLUSH, SWBKE, SWBKF = 0x08, 0x01, 0x20, 0x10
FETCH, WRITES, READS = 0x00, 0x02, 0x04  # BIR and BIW of DM_CR1
MAIN = 0x8080
COUNT_X = "5F" + "5C" + "20FD"  # CLRW X; INCW X; JRA back: three cycles a round
COUNT_RAM = "725C0010" + "20FA"  # INC 0x10; JRA back
FOREVER, BREAK, HALT, WFI = "20FE", "8B", "8E", "8F"
IAPSR_END = "7205505FFB"  # BTJF IAPSR,#EOP,itself
UNLOCK = "3556506235AE5062"  # MOV PUKR,#0x56; MOV PUKR,#0xAE


def program(code: str) -> bytes:
    """Return flash with a vector and code at 0x8080."""
    return bytes.fromhex(f"8200{MAIN:04X}").ljust(0x80, b"\0") + bytes.fromhex(code)


def go(bench: Bench, csr2: int = 0) -> None:
    """Flush while stalled, then clear the stall with the flush still set."""
    assert bench.write(DM_CSR2, STALL | FLUSH) == OK
    assert bench.write(DM_CSR2, csr2 | FLUSH) == OK


def stall(bench: Bench) -> None:
    assert bench.write(DM_CSR2, STALL) == OK


def pc(bench: Bench) -> int:
    return int.from_bytes(bench.read(PC, 3), "big")


def x(bench: Bench) -> int:
    return int.from_bytes(bench.read(CPU + 4, 2), "big")


def in_ram(code: str, at: int = 0x30, **words: object) -> Bench:
    """Return a blank chip whose CPU stands before code in RAM."""
    bench = Bench(**words).connect(fast=True)  # type: ignore[arg-type]
    assert bench.write(at, *bytes.fromhex(code)) == OK
    assert bench.write(PC, 0, at >> 8, at & 0xFF) == OK
    return bench


# Two buffers of 64 bytes at 0x100 and 0x180, each followed by its address in flash and by a go flag.
def loader() -> str:
    """Program each buffer whose flag is set, clear the flag, and count at 0x20; MOV CKDIVR,#0 first."""
    code = "350050C6" + UNLOCK
    starts = []
    for buffer in (0x100, 0x180):
        starts.append(len(code) // 2)
        code += f"7201{buffer + 66:04X}FB"  # BTJF go,#0,itself
        code += "3501505B35FE505C"  # CR2 = PRG, NCR2
        code += f"90CE{buffer + 64:04X}" + "5F"  # LDW Y,address; CLRW X
        code += f"D6{buffer:04X}" + "90F7" + "905C" + "5C" + "A30040" + "26F3"
        code += IAPSR_END + f"725F{buffer + 66:04X}" + "725C0020"  # CLR go; INC 0x20
    return code + f"CC{0x30 + starts[0]:04X}"  # JP to the first
