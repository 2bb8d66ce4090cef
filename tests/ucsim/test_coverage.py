"""What our core counts, compared with the fetches that uCsim counts for the same program."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from intelhex import IntelHex

import lockstep
from plain_bus import PlainBus
from stm8tool.sim.cpu.core import decode
from stm8tool.sim.cpu.counting import CountingCpu, Counts

pytestmark = pytest.mark.ucsim

PROGRAM = Path(__file__).parent / "programs" / "sorting.c"  # it reads no constant out of flash
_READS = re.compile(r"rom\[0x([0-9a-f]{6})\] writes= *\d+ +\([^)]*\) reads= *(\d+)")


def test_every_byte_of_a_program_is_fetched_as_often_as_ucsim_fetches_it(tmp_path: Path) -> None:
    output = tmp_path / "program.ihx"
    subprocess.run(["sdcc", "-mstm8", str(PROGRAM), "-o", str(output)], check=True, capture_output=True)
    bus = PlainBus(lockstep.SIZE, lockstep.LAYOUT)
    image = IntelHex(str(output))
    for start, end in image.segments():
        bus.memory[start:end] = image.tobinarray(start=start, end=end - 1).tobytes()
    counts = Counts()
    core = CountingCpu(bus, counts)
    core.run(50_000_000)
    assert core.stopped == "BREAK"
    ours: Counter[int] = Counter()
    for address, count in counts.by_address().items():
        instruction = decode(bus.memory, address)
        assert instruction
        for place in range(address, instruction.next):
            ours[place] += count.times

    end = max(stop for _, stop in image.segments())
    (tmp_path / "ram.hex").write_text(lockstep.hex_text(bytes(lockstep.LAYOUT.ram_end), 0))
    commands = [f'file "{output}"', f'file "{tmp_path / "ram.hex"}"', "run 0x8000", f"statistic rom 0x8000 0x{end:x}"]
    theirs = {int(at, 16): int(reads) for at, reads in _READS.findall(lockstep.talk(commands, tmp_path))}
    assert len(theirs) == end - 0x8000 + 1
    assert {at: reads for at, reads in theirs.items() if reads} == dict(sorted(ours.items()))
    assert sum(ours.values()) > 10_000
