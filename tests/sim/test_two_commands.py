"""A CPU that executes, and two commands with one board file."""

from __future__ import annotations

from pathlib import Path

from sim.bench import OK, Bench
from sim.cpu_programs import BK1, CR1, FOREVER, HALT, PC, go, loader, pc, program, stall, x
from stm8tool.parts.table import find_part
from stm8tool.sim import store


def board(path: Path, content: bytes = b"") -> Path:
    store.create(path, find_part("stm8s103f3"), "v3", content=content or None)
    return path


class Command(Bench):
    """What one command does with a board file."""

    def __init__(self, path: Path) -> None:
        self.stored = store.open_transport(path)
        self.stored.open()
        self.clock = self.stored.clock  # type: ignore[assignment]
        self.probe = self.stored._probe
        self.chip = self.probe.chip
        self.registers = {}
        self.block = self.chip.part.block

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.stored.close()


def test_a_program_in_ram_goes_on_where_the_command_before_left_it(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip")
    with Command(path) as first:
        first.connect(fast=True)
        assert first.write(0x30, *bytes.fromhex(loader())) == OK
        for flag in (0x20, 0x142, 0x1C2):
            assert first.write(flag, 0) == OK
        assert first.write(PC, 0, 0, 0x30) == OK
        go(first)
        assert first.write(0x100, *range(1, 65), 0x90, 0x00, 1) == OK
    assert store.describe(path).state == "running in RAM"
    with Command(path) as second:  # the probe is in SWIM mode still, and so is the chip
        assert second.byte(0x142) == 0  # the time of a process start has passed
        assert second.chip.flash.read(0x9000, 64) == bytes(range(1, 65))
        assert second.byte(0x20) == 1
        assert second.write(0x180, *range(2, 66), 0x90, 0x40, 1) == OK
        second.clock.sleep(0.007)
        assert second.byte(0x20) == 2
        assert second.chip.flash.read(0x9040, 64) == bytes(range(2, 66))


def test_the_next_command_does_not_cut_a_write_at_the_start_of_the_program(tmp_path: Path) -> None:
    # If the first byte of EEPROM is not 0xA5: the keys of DUKR, and two bytes.
    code = "C64000A1A52710" + "35AE5064" + "35565064" + "35A54000" + "355A4001" + FOREVER
    path = board(tmp_path / "board.chip", program(code))
    with Command(path) as first:
        first.connect()
        for address, value in ((0x5064, 0xAE), (0x5064, 0x56), (0x4000, 0), (0x4001, 0)):
            assert first.write(address, value) == OK
            first.clock.sleep(0.007)
        first.leave()
        first.send("F4 01")
    with Command(path) as second:
        second.connect()
        assert second.read(0x4000, 2) == bytes([0xA5, 0x5A])


def test_a_cpu_in_the_middle_of_its_program_goes_on_there(tmp_path: Path) -> None:
    # LDW X,#0; INCW X; CPW X,#2000; JRNE; then MOV 0x10,#1 and for ever. 2000 rounds are 5 ms or so.
    path = board(
        tmp_path / "board.chip", program("725F0010" + "AE0000" + "5C" + "A307D0" + "26FA" + "35010010" + FOREVER)
    )
    with Command(path) as first:
        first.clock.sleep(0.002)
    with Command(path) as second:
        second.attach()
        stall(second)
        assert x(second) > 0
        assert second.byte(0x10) in (0, 1)
        go(second)
        second.clock.sleep(0.01)
        assert second.byte(0x10) == 1


def test_a_breakpoint_and_a_stalled_cpu_are_found_by_the_next_command(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip", program("5F" + "5C" + "20FD"))
    with Command(path) as first:
        first.connect()
        assert first.write(BK1, 0, 0x80, 0x81) == OK
        assert first.write(CR1, 0x28) == OK
        go(first)
        assert (pc(first), x(first)) == (0x8081, 0)
    with Command(path) as second:
        assert (pc(second), x(second)) == (0x8081, 0)
        go(second)
        assert (pc(second), x(second)) == (0x8081, 1)


def test_a_chip_that_sleeps_is_found_asleep(tmp_path: Path) -> None:
    path = board(tmp_path / "board.chip", program(HALT))
    with Command(path) as first:
        first.clock.sleep(0.01)
    assert store.describe(path).state == "running: asleep in HALT"
