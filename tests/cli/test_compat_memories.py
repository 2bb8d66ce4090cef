"""What stm8flash's command line does to a chip: flash, EEPROM and RAM; docs/compat.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.compat import Flash, raw, row, usage
from cli.desk import STM8L, STM8S, program
from stm8tool.parts.table import find_part, option_table


@row("-w")
def test_a_file_is_written_read_back_and_the_program_runs(flash: Flash) -> None:
    result = flash("-w", flash.desk.hex("fw.hex", (0x8000, program(1000))))
    assert (result.code, result.err) == (0, "Bytes written: 1000\n")
    assert "verifying: 1024 of 1024 bytes\n" in result.out
    assert flash.desk.memory()[:1000] == program(1000)
    assert flash.desk.is_idle()


@row("-w")
def test_what_the_chip_holds_already_is_not_programmed_again_and_counts_all_the_same(flash: Flash) -> None:
    file = flash.desk.hex("fw.hex", (0x8000, program(1000)))
    flash("-w", file)
    before = flash.desk.memories()
    assert flash("-w", file).err == "Bytes written: 1000\n"
    assert flash.desk.memories() == before


@row("-w")
def test_gaps_in_a_file_keep_what_the_chip_holds(flash: Flash) -> None:
    flash("-w", raw("old.bin", program(300)))
    new = flash.desk.hex("new.hex", (0x8010, b"\xaa" * 8), (0x8100, b"\xbb" * 8))
    assert flash("-w", new).err == "Bytes written: 16\n"
    held = bytearray(program(300))
    held[0x10:0x18], held[0x100:0x108] = b"\xaa" * 8, b"\xbb" * 8
    assert flash.desk.memory()[:300] == held


@row("-w")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_a_locked_chip_is_an_error_and_not_erased(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    before = flash.desk.memories()
    result = flash("-w", raw("fw.bin", program(64)), part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-UPLOAD]")
    assert result.hint == "hint: -u removes the protection and erases the whole chip; its content cannot be saved"
    assert flash.desk.memories() == before


@row("-w with -s ram")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_ram_is_written_and_read_back(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part)
    result = flash("-s", "ram", "-w", raw("code.bin", program(300)), part=part)
    assert (result.code, result.err) == (0, "Bytes written: 300\n")
    assert flash("-s", "0x10", "-w", raw("piece.bin", b"\x55" * 4), part=part).err == "Bytes written: 4\n"
    held = program(300)[:0x10] + b"\x55" * 4 + program(300)[0x14:]
    assert flash("-s", "ram", "-v", raw("held.bin", held), part=part).err == "Bytes verified: 300\n"
    assert flash("-s", "ram", "-b", "300", "-r", "out.bin", part=part).err == "Bytes received: 300\n"
    assert Path("out.bin").read_bytes() == held
    assert flash.desk.is_idle()


@row("-w with -s ram")
def test_boot_rom_and_unique_id_are_never_written(flash: Flash) -> None:
    file = raw("data.bin", b"\xaa")
    usage(flash("-s", "4865", "-w", file), "-w to unique ID 0x004865..0x004870: this memory is never written")
    usage(
        flash("-s", "6000", "-w", file, part="stm8s105c6"),
        "-w to boot ROM 0x006000..0x0067FF: this memory is never written",
    )


@row("-w with -s ram")
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_ram_of_a_locked_chip_is_an_error(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    result = flash("-s", "ram", "-w", raw("code.bin", program(300)), part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-READ]")


@row("-w with -s ram")
def test_what_does_not_fit_the_ram_is_an_error(flash: Flash) -> None:
    result = flash("-s", "ram", "-w", raw("code.bin", program(1025)))
    assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-IMAGE-TOO-BIG]")
    assert flash("-s", "3ff", "-w", raw("code.bin", program(2))).code == 2


@row("-v")
def test_a_comparison_tells_the_first_difference(flash: Flash) -> None:
    file = raw("fw.bin", program(300))
    flash("-w", file)
    assert flash("-v", file).err == "Bytes verified: 300\n"
    other = bytearray(program(300))
    other[200] ^= 1
    result = flash("-v", raw("other.bin", bytes(other)))
    assert result.code == 6
    assert result.reason.startswith("error: verify failed at 0x0080C8: ")


@row("-v")
def test_option_bytes_can_be_compared_and_gaps_are_not(flash: Flash) -> None:
    assert flash("-s", "opt", "-r", "opt.bin").code == 0
    assert flash("-s", "opt", "-v", "opt.bin").err == "Bytes verified: 11\n"
    flash("-w", raw("fw.bin", program(300)))
    sparse = flash.desk.hex("sparse.hex", (0x8000, program(300)[:4]), (0x8080, program(300)[0x80:0x84]))
    assert flash("-v", sparse).err == "Bytes verified: 8\n"


@row("-v")
@row("-r")
@pytest.mark.parametrize("part", [STM8S, STM8L])
@pytest.mark.parametrize("action", ["-v", "-r"])
def test_a_locked_chip_is_neither_compared_nor_read(flash: Flash, action: str, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    file = raw("fw.bin", b"\x71" * 64)
    result = flash(action, file, part=part)
    assert (result.code, result.reason.rpartition(" ")[2]) == (5, "[E-ROP-READ]")
    assert Path(file).read_bytes() == b"\x71" * 64


@row("-r")
def test_a_memory_is_read_into_a_file(flash: Flash) -> None:
    flash("-s", "eeprom", "-w", raw("data.bin", program(640)))
    result = flash("-s", "eeprom", "-r", "out.bin")
    assert (result.code, result.err) == (0, "Bytes received: 640\n")
    assert Path("out.bin").read_bytes() == program(640)


@row("-r")
def test_a_read_that_fails_leaves_the_old_file(flash: Flash) -> None:
    assert flash("-r", "out.bin").code == 0
    flash.desk.chip(faults=["unplug-after=60"])
    Path("out.bin").write_bytes(b"as before")
    result = flash("-r", "out.bin")
    assert (result.code, result.reason.rpartition(" ")[2]) == (3, "[E-PROBE-LOST]")
    assert [path.name for path in flash.desk.folder.iterdir() if "out" in path.name] == ["out.bin"]
    assert Path("out.bin").read_bytes() == b"as before"


@row("-r")
def test_a_file_that_cannot_be_written_is_known_before_the_chip_is_read(flash: Flash) -> None:
    result = flash("-r", "missing/out.bin")
    assert (result.code, result.out) == (2, "")
    assert result.reason == "error: missing/out.bin: its directory does not exist [E-FILE]"


@row("-u")
@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3", "stm8s208rb", "stm8af52a6"])
def test_an_unlock_leaves_the_factory_values_of_the_part(flash: Flash, part: str) -> None:
    flash.desk.chip(part=part, locked=True)
    result = flash("-u", part=part)
    options = option_table(find_part(part))
    written = sum(1 + option.complement for option in options if option.policy != "never")
    assert (result.code, result.err) == (
        0,
        "unlocked: read protection is off, the chip is erased, option bytes are at factory values, read back\n"
        f"Bytes written: {written}\n",
    )
    held = flash.desk.memory("options")
    for option in options:
        offset = option.address - find_part(part).options.start
        assert held[offset] in option.accepted
        if option.complement:
            assert held[offset + 1] == held[offset] ^ 0xFF
    assert not any(flash.desk.memory())


@row("-u")
def test_a_chip_that_is_not_locked_keeps_its_program(flash: Flash) -> None:
    flash("-w", raw("fw.bin", program(300)))
    flash.desk.set_option("UBC", 2)
    result = flash("-u")
    assert result.err == "not read-protected, nothing erased; back at factory values: UBC\nBytes written: 11\n"
    assert flash.desk.memory()[:300] == program(300)


@row("-R")
def test_a_reset_needs_no_part(flash: Flash) -> None:
    flash.desk.chip(content=program(64))
    result = flash.words("-c", "sim:board.chip", "-R")
    assert (result.code, result.err) == (0, "the chip was reset and runs\n")
    assert flash("-R").code == 0
