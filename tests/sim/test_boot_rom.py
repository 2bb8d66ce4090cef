"""The simulated loader, by bytes that are written by hand."""

from __future__ import annotations

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.faults import Faults
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.serial import rom_facts
from stm8tool.sim.serial.boot_rom import BootRom
from stm8tool.sim.serial.wire import Wire


def answers(rom: BootRom, *frames: str) -> list[str]:
    """Send frames; return the answer to each."""
    now, found = 1.0, []
    for frame in frames:
        said = b""
        for byte in bytes.fromhex(frame):
            now += 0.001
            for sent in rom.take(byte, now):
                said += bytes([sent.byte])
                now = max(now, sent.at)
        found.append(said.hex())
    return found


def test_a_flash_write_without_routines_in_ram_leaves_a_silent_loader() -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    rom = BootRom(chip, rom_facts.of(part), 0.0)
    block = "7f" + "01" * 128 + "7f"
    assert answers(rom, "7f", "7f", "00ff", "31ce", "0000800080", block, "00ff") == [
        *("79", "1f", "790522001121314379"),
        *("79", "79", "", ""),
    ]
    assert not any(chip.flash.data)


def test_an_stm8l_writes_and_erases_by_itself_and_refuses_what_does_not_exist() -> None:
    part = find_part("stm8l151k4")
    chip = Microcontroller(part)
    rom = BootRom(chip, rom_facts.of(part), 0.0)
    block = "7f" + "01" * 128 + "7f"
    assert answers(rom, "7f", "31ce", "0000800080", block) == ["79", "79", "79", "79"]
    assert chip.flash.data[:129] == b"\x01" * 128 + b"\0"
    assert answers(rom, "11ee", "0000400040", "12ed", "03fc", "43bc", "009999") == ["79", "1f", "1f", "1f", "79", "1f"]
    assert answers(rom, "43bc", "000000") == ["79", "79"]
    assert not any(chip.flash.data)


def test_an_stm8l_of_8_kib_writes_only_with_the_byte_that_its_routine_needs() -> None:
    part = find_part("stm8l151k3")
    chip = Microcontroller(part)
    rom = BootRom(chip, rom_facts.of(part), 0.0)
    patched = ("31ce", "000001eaeb", "00b2b2")
    assert answers(rom, "7f", *patched, "31ce", "0000800080", "005555") == ["79"] * 7
    assert chip.flash.data[0] == 0x55
    rom.begin(2.0)  # a reset copies the wrong byte again
    assert answers(rom, "7f", "31ce", "0000800181") == ["79"] * 3
    with pytest.raises(SimGapError, match="does not hold 0xB2 at 0x01EA"):
        answers(rom, "005555")


@pytest.mark.parametrize(("baud", "answer"), [(115200, "1f"), (112000, "1f"), (57600, ""), (230400, "")])
def test_after_a_sync_the_loader_keeps_its_speed(baud: int, answer: str) -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    wire = Wire(BootRom(chip, rom_facts.of(part), 0.0), 0.0, Faults())
    at = wire.feed(0x7F, 115200, True, 1.0)
    assert wire.arrived(at + 0.01) == b"\x79"
    at = wire.feed(0x7F, baud, True, 2.0)
    assert wire.arrived(at + 0.01).hex() == answer


def test_on_a_single_wire_the_loader_takes_its_own_bytes_for_those_it_awaits() -> None:
    part = find_part("stm8s105k4")
    chip = Microcontroller(part)
    wire = Wire(BootRom(chip, rom_facts.of(part), 0.0), 0.0, Faults(uart_one_wire=True))
    said = b""
    for number, byte in enumerate(bytes.fromhex("7f7f00ff")):
        wire.feed(byte, 115200, False, 1.0 + number)
        said += wire.arrived(1.5 + number)
    assert said.hex(" ") == "7f 79 7f 1f 00 ff 79 05 13 00 11 21 31 43 79"


def test_a_loader_that_is_in_step_stays_so_for_the_next_client_until_a_reset() -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    loader = rom_facts.of(part)
    assert answers(BootRom(chip, loader, 0.0), "7f", "00ff") == ["79", "790522001121314379"]
    second = BootRom(chip, loader, 2.0)
    assert not second.follows(57600)
    assert answers(second, "7f", "00ff") == ["1f", "790522001121314379"]
    second.begin(3.0)
    assert second.follows(57600)
    assert answers(second, "7f") == ["79"]


def test_a_loader_that_a_routine_in_ram_has_lost_answers_no_later_client() -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    loader = rom_facts.of(part)
    answers(BootRom(chip, loader, 0.0), "7f", "31ce", "0000800080", "7f" + "01" * 128 + "7f")
    assert answers(BootRom(chip, loader, 40.0), "7f") == [""]


@pytest.mark.parametrize("junk", ["20fe", "5c9d5c20fb"], ids=["an empty loop", "a loop that counts"])
def test_a_routine_in_ram_that_starts_no_work_is_given_up_soon(junk: str, caplog: pytest.LogCaptureFixture) -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    rom = BootRom(chip, rom_facts.of(part), 0.0)
    chip.ram.write(0xA0, bytes.fromhex(junk))
    assert answers(rom, "7f", "43bc", "ff00", "7f") == ["79", "79", "", ""]
    assert chip.executed_to < 1.2  # the client began at 1.0
    (told,) = caplog.records
    assert told.getMessage().startswith("a routine in RAM did not come back at 0x0000A")
    rom.begin(2.0)
    assert answers(rom, "7f") == ["79"]


def test_a_program_in_ram_goes_on_for_the_next_client() -> None:
    part = find_part("stm8s208mb")
    chip = Microcontroller(part)
    loader = rom_facts.of(part)
    loop = ("31ce", "0000030003", "0120fe" + "df", "21de", "0000030003")
    assert answers(BootRom(chip, loader, 0.0), "7f", *loop) == ["79"] * 6
    later = BootRom(chip, loader, 2.0)
    assert later.works
    assert answers(later, "7f") == [""]


def test_the_loader_of_a_medium_stm8l_leaves_the_flash_open_and_no_key_opens_it_again() -> None:
    part = find_part("stm8l151k4")
    chip = Microcontroller(part)
    rom = BootRom(chip, rom_facts.of(part), 0.0)
    assert answers(rom, "7f", "21de", "0000030003") == ["79", "79", "79"]
    assert chip.controller.pul
    chip.map.write(0x5054, b"\0", 2.0, 0.0, False)  # FLASH_IAPSR: the program locks it
    assert not chip.controller.pul
    for key in (0x56, 0xAE):
        chip.map.write(0x5052, bytes([key]), 2.0, 0.0, False)
    assert not chip.controller.pul
