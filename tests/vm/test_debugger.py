"""OpenOCD 0.12 and the flasher's GDB server get the same packets, each with the same simulated chip."""

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


def answers(machine: Machine, model: str, server: str) -> dict[str, Any]:
    """Return what a server answers for a chip that holds the looping program."""
    with machine.probe(model) as probe:
        machine.do("stm8tool --part stm8s103f3 write /io/loop.hex")
        session = shlex.quote(str(HERE / "debug_session.py"))
        said = machine.do(f'busybox ip link set lo up; "$PYTHON" {session} 3334 {server} 2> /dev/null')
    assert store.describe(probe.chip).has_program
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_both_servers_give_the_same_registers_memory_and_stops(machine: Machine, model: str) -> None:
    vector = b"\x82\x00" + START.to_bytes(2, "big")
    save(machine.io / "loop.hex", [Segment(0x8000, vector), *(Segment(at, code) for at, code in LOOP.items())])
    theirs, ours = answers(machine, model, OPENOCD), answers(machine, model, OURS)
    print(f"a step over {model}: OpenOCD {theirs.pop('seconds'):.4f} s, the flasher {ours.pop('seconds'):.4f} s")
    assert ours == theirs
