"""OpenOCD 0.12 and the flasher's GDB server get the same packets, each with the same simulated chip.

OpenOCD leaves the CPU halted when it ends. So each server has a board of its own.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from session.debug_bench import LOOP, START
from stm8tool.image import Segment, save
from stm8tool.sim import store
from vm.image import HERE
from vm.machine import Machine

pytestmark = pytest.mark.vm

OPENOCD = 'openocd -f interface/stlink-dap.cfg -f target/stm8s103.cfg -c "gdb_port 3334" -c "tcl_port disabled"'
OURS = '"$PYTHON" -m stm8tool --part stm8s103f3 gdbserver --port 3334'


def answers(machine: Machine, model: str, server: str) -> tuple[dict[str, Any], str]:
    """Return what a server answers for a chip that holds the looping program, and the state of the CPU afterwards."""
    with machine.probe(model) as probe:
        machine.do("stm8tool --part stm8s103f3 write /io/loop.hex")
        session = shlex.quote(str(HERE / "debug_session.py"))
        said = machine.do(f'"$PYTHON" {session} compare 3334 {server}')
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found, store.describe(probe.chip).state


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_both_servers_give_the_same_registers_memory_and_stops(machine: Machine, model: str) -> None:
    vector = b"\x82\x00" + START.to_bytes(2, "big")
    save(machine.io / "loop.hex", [Segment(0x8000, vector), *(Segment(at, code) for at, code in LOOP.items())])
    (theirs, left), (ours, running) = (answers(machine, model, server) for server in (OPENOCD, OURS))
    print(f"a step over {model}: OpenOCD {theirs.pop('seconds'):.4f} s, the flasher {ours.pop('seconds'):.4f} s")
    assert ours == theirs
    assert theirs["third"] == ["O", "O", "E"]
    assert [reply for reply, _ in theirs["steps"]] == ["T05"] * len(theirs["steps"])
    assert (left, running) == ("stalled", "running")
