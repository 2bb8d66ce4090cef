"""The simulated loader, by bytes that are written by hand."""

from __future__ import annotations

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.serial import rom_facts
from stm8tool.sim.serial.boot_rom import BootRom


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
