"""A board in real time: its program goes on by itself, and no command waits for a long stretch of it."""

from __future__ import annotations

import socket
from contextlib import ExitStack, nullcontext, suppress

import pytest

from session.debug_bench import LOOP, START
from sim.bench import DM_CSR2, Bench
from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.clock import LONGEST_LEAP_S, PACE_S, PacedClock, VirtualClock
from stm8tool.sim.faults import Faults
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.usbip.device import UsbDevice
from stm8tool.sim.usbip.probe import ProbeFunction
from stm8tool.sim.usbip.server import Server
from stm8tool.sim.usbip.stlink import PROBE, of_board

HZ = 2_000_000  # of a chip after its reset: HSI divided by 8


def busy_chip() -> Microcontroller:
    """Return a chip whose program counts in RAM, so that the simulator has to execute each round."""
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.flash.write(0x8000, b"\x82\x00" + START.to_bytes(2, "big"))
    for address, code in LOOP.items():
        chip.flash.write(address, code)
    return chip


def cycles(chip: Microcontroller) -> int:
    return chip.processor.execution.core.cycles if chip.has_executed else 0


def test_a_bounded_time_passes_from_one_look_to_the_next() -> None:
    real = VirtualClock(100.0)
    clock = PacedClock(real)
    assert clock.now() == 100.0
    real.sleep(LONGEST_LEAP_S / 2)
    assert clock.now() == pytest.approx(100.0 + LONGEST_LEAP_S / 2)
    real.sleep(3600.0)
    assert clock.now() == pytest.approx(100.0 + 1.5 * LONGEST_LEAP_S)
    assert clock.now() == pytest.approx(100.0 + 1.5 * LONGEST_LEAP_S)


def test_what_the_board_itself_waits_for_passes_wholly() -> None:
    real = VirtualClock()
    clock = PacedClock(real)
    clock.sleep(0.5)
    assert (clock.now(), real.now()) == (0.5, 0.5)
    clock.sleep(0.0)
    assert clock.now() == 0.5


@pytest.mark.parametrize("command", ["F4 08", "F4 07", "F4 04"])
def test_a_command_after_a_long_silence_does_not_wait_for_the_program(command: str) -> None:
    """Otherwise the host gives up after a second, and takes the probe for one that hangs."""
    real, chip = VirtualClock(), busy_chip()
    probe = SimStlink(chip, "v3", clock=PacedClock(real))
    probe.open()
    for one in ("F3 07", "F4 00"):
        probe.write(bytes.fromhex(one).ljust(16, b"\0"), 0.0)
    chip.settle(probe.clock.now())
    before = cycles(chip)
    real.sleep(60.0)
    probe.write(bytes.fromhex(command).ljust(16, b"\0"), 0.0)
    probe.write(bytes.fromhex("F4 09").ljust(16, b"\0"), 0.0)
    assert probe.read(4, 0.0)[0] == (1 if command == "F4 04" else 0)
    assert cycles(chip) - before <= 4 * LONGEST_LEAP_S * HZ


def test_between_two_commands_the_program_runs_in_real_time() -> None:
    real, chip = VirtualClock(), busy_chip()
    probe = SimStlink(chip, "v3", clock=PacedClock(real))
    about = of_board("v3", "57FF6B0648824855FFFF1687", Faults())
    device = UsbDevice(about, {PROBE: ProbeFunction(probe)})
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        listener.setblocking(False)
        server = Server(about, lambda: nullcontext(device), lambda _: None, VirtualClock())
        stack.callback(server.close)
        host = stack.enter_context(socket.create_connection(listener.getsockname()))
        host.sendall(bytes.fromhex("0111 8003 00000000") + b"1-1".ljust(32, b"\0"))
        host.setblocking(False)
        got = b""
        while len(got) < 8:
            server.turn(listener, 0.0)
            with suppress(BlockingIOError):
                got += host.recv(4096)
        before = cycles(chip)
        for _ in range(50):
            real.sleep(PACE_S)
            server.turn(listener, 0.0)
    assert cycles(chip) - before == pytest.approx(50 * PACE_S * HZ, rel=0.05)


def test_work_on_the_wire_reads_the_same_if_the_board_is_let_go_on_meanwhile() -> None:
    read = []
    for looks in (False, True):
        bench = Bench(model="v3")
        for address, code in LOOP.items():
            bench.chip.flash.write(address, code)
        bench.chip.flash.write(0x8000, b"\x82\x00" + START.to_bytes(2, "big"))
        bench.connect(fast=True)
        assert (bench.write(DM_CSR2, 0x09), bench.write(DM_CSR2, 0x01)) == (0, 0)  # it runs
        bench.send("F4 0B 00 C8 00 00 00 10")
        for _ in range(100):
            bench.clock.sleep(0.00005)
            if looks:
                bench.probe.settle()
        assert bench.wait() == 0
        bench.send("F4 0C")
        data = bench.take(200)
        bench.chip.settle(bench.clock.now())
        read.append((data, bench.chip.debug.registers, cycles(bench.chip)))
    assert read[0] == read[1]
    assert read[0][0][0]  # it counts
