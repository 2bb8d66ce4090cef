"""Real clients on a simulated board, over USB/IP in the virtual machine of tests/vm.

By the model of time: the board has a virtual clock. Each transfer moves it on by what a bus would take, and so do the
known waits of a client. Transfers that a client is known to have in flight together count as such. So a busy machine
does not change the figure. In real time: the board has this machine's clock, and the process in the virtual machine is
measured.
"""

from __future__ import annotations

import re
import shlex
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from session.debug_bench import board_with
from speed.cases import DIRECT, LOADER, OPENOCD, VERIFY, Cost
from speed.meter import Meter
from speed.modelled import chip_for, new_content
from stm8tool.image import Segment, save
from stm8tool.parts.table import Part, find_part
from stm8tool.sim.clock import PacedClock
from stm8tool.sim.faults import Faults
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.usbip.device import Function, UsbDevice
from stm8tool.sim.usbip.disk import EmptyDisk
from stm8tool.sim.usbip.probe import ProbeFunction
from stm8tool.sim.usbip.serial_port import SilentSerialPort
from stm8tool.sim.usbip.server import BUSID, Server
from stm8tool.sim.usbip.stlink import DISK, PROBE, SERIAL_DATA, SERIAL_PORT, of_board
from vm.debug_session import MARK, STEPS
from vm.image import HERE
from vm.machine import HOST, Machine

_LIMIT_S = 600
_WAKE_S = 0.1
_SERIAL = "303030303030303030303031"
_REAL = re.compile(r"^real\s+(\d+)m([\d.]+)s$", re.MULTILINE)


@contextmanager
def _served(probe: Meter, model: str) -> Iterator[int]:
    """Serve a probe on the loopback, in a thread; give its TCP port."""
    about = of_board(model, _SERIAL, Faults())

    @contextmanager
    def plugged() -> Iterator[UsbDevice]:
        serial = SilentSerialPort()
        functions: dict[int, Function] = {PROBE: ProbeFunction(probe), DISK: EmptyDisk()}
        yield UsbDevice(about, {**functions, SERIAL_PORT: serial, SERIAL_DATA: serial})

    said: list[str] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        server = Server(about, plugged, said.append)

        def serve() -> None:
            try:
                while not ended.is_set():
                    server.turn(listener, _WAKE_S)
            finally:
                server.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def measure(machine: Machine, client: str, name: str, model: str, job: str, *, real_time: bool) -> tuple[Cost, float]:
    """Run a job of a client; return its cost by the model, or in real time, and how long its process ran."""
    part = find_part(name)
    chip = chip_for(part, job)
    probe = SimStlink(chip, model, serial=_SERIAL, clock=PacedClock() if real_time else None)
    meter = Meter(probe, stands_in=client == OPENOCD and not real_time)
    file = machine.io / "bench.hex"
    save(file, [Segment(part.flash.start, new_content(part))])
    with _served(meter, model) as port:
        device = machine.do(f"attach usbip --tcp-port {port} attach -r {HOST} -b {BUSID}").strip()
        before = meter.transfers
        meter.first_s = None
        result = machine.run(f"time {_command(client, part, job)}", _LIMIT_S)
        seconds, transfers = meter.seconds, meter.transfers - before
    machine.do(f"while [ -e $DEVICES/{device} ]; do sleep 0.05; done")
    took = _REAL.search(result.output)
    if result.code or not took or bytes(chip.flash.data) != new_content(part):
        raise AssertionError(f"{client}, {name}, {model}, {job}: {result.output}")
    if client == OPENOCD and f"verified {part.flash.size} bytes" not in result.output:
        raise AssertionError(f"{client}, {name}, {model}, {job}: {result.output}")
    process_s = 60 * int(took[1]) + float(took[2])
    real = (process_s, seconds) if real_time else (None, None)
    return Cost(client, part.name, model, job, seconds, *real, transfers, meter.swim_bytes), process_s


class _Marked(Meter):
    """A meter that notes when the client reads the byte that is a mark."""

    def __init__(self, probe: SimStlink) -> None:
        super().__init__(probe, stands_in=True)
        self.marks: list[float] = []

    def write(self, data: bytes, timeout_s: float) -> None:
        if data[:8] == b"\xf4\x0b\x00\x01" + MARK.to_bytes(4, "big"):
            self.marks.append(self.clock.now())
        super().write(data, timeout_s)


def openocd_step_s(machine: Machine, model: str) -> float:
    """Return how long a step of OpenOCD takes by the model of time, with the registers after it.

    OpenOCD also looks at the chip ten times in a second of real time. It is told not to.
    """
    meter = _Marked(board_with(model=model).probe)
    words = '-f interface/stlink-dap.cfg -f target/stm8s103.cfg -c "gdb_port 3334" -c init -c "poll off"'
    session = shlex.quote(str(HERE / "debug_session.py"))
    with _served(meter, model) as port:
        device = machine.do(f"attach usbip --tcp-port {port} attach -r {HOST} -b {BUSID}").strip()
        result = machine.run(f'"$PYTHON" {session} steps 3334 openocd {words}', _LIMIT_S)
    machine.do(f"while [ -e $DEVICES/{device} ]; do sleep 0.05; done")
    if result.code or len(meter.marks) != 3:
        raise AssertionError(f"OpenOCD, steps over {model}: {meter.marks} {result.output}")
    first, second, third = meter.marks
    return (third - second - (second - first)) / STEPS


def _command(client: str, part: Part, job: str) -> str:
    if client == OPENOCD:
        family = "stm8l" if part.flash_regs == "stm8l" else "stm8s"
        memories = {
            "FLASHSTART": part.flash.start,
            "FLASHEND": part.flash.start + part.flash.size - 1,
            "BLOCKSIZE": part.block,
        }
        if part.eeprom:
            memories["EEPROMSTART"] = part.eeprom.start
            memories["EEPROMEND"] = part.eeprom.start + part.eeprom.size - 1
        jobs = ["verify_image /io/bench.hex"]
        if job != VERIFY:
            jobs.insert(0, "load_image /io/bench.hex")
        settings = [f"set {key} 0x{value:x}" for key, value in memories.items()]
        words = ["-f interface/stlink-dap.cfg", *(f'-c "{line}"' for line in settings), f"-f target/{family}.cfg"]
        words += [f'-c "{line}"' for line in ("init", "reset halt", *jobs, "reset run", "shutdown")]
        return f"openocd {' '.join(words)}"
    assert client in (DIRECT, LOADER)
    option = "" if client == LOADER else " --no-loader"
    action = "verify" if job == VERIFY else "write"
    return f"stm8tool --part {part.name.lower()} --probe stlink {action}{option} /io/bench.hex"
