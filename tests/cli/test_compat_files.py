"""The files that stm8flash's command line takes; docs/compat.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from cli.compat import Flash, raw, row
from cli.desk import program
from stm8tool.image import Segment, load, save


@row("type of a file")
@pytest.mark.parametrize("suffix", [".ihx", ".hex", ".i86", ".HEX"])
def test_intel_hex_by_its_suffix(flash: Flash, suffix: str) -> None:
    assert flash("-w", flash.desk.hex(f"fw{suffix}", (0x8000, program(100)))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:100] == program(100)
    assert flash("-r", f"out{suffix}").code == 0
    assert Path(f"out{suffix}").read_text(encoding="ascii").startswith(":")
    assert load([f"out{suffix}"]).segments == (Segment(0x8000, flash.desk.memory()),)


@row("type of a file")
@pytest.mark.parametrize("suffix", [".s19", ".s8", ".srec"])
def test_s_records_by_their_suffix(flash: Flash, suffix: str) -> None:
    save("fw.s19", [Segment(0x8000, program(100))])
    assert flash("-w", str(Path("fw.s19").rename(f"fw{suffix}"))).err == "Bytes written: 100\n"
    assert flash("-r", f"out{suffix}").code == 0
    assert Path(f"out{suffix}").read_text(encoding="ascii").startswith("S0")
    assert load([f"out{suffix}"]).segments == (Segment(0x8000, flash.desk.memory()),)


@row("type of a file")
@pytest.mark.parametrize("name", ["fw.bin", "fw.rom", "fw"])
@pytest.mark.parametrize(("words", "offset"), [((), 0), (("-s", "0x8020"), 0x20)])
def test_all_else_is_raw_from_the_start_that_was_given(
    flash: Flash, name: str, words: Iterable[str], offset: int
) -> None:
    assert flash(*words, "-w", raw(name, program(100))).code == 0
    assert flash.desk.memory()[offset : offset + 100] == program(100)
    assert flash(*words, "-b", "100", "-r", f"out-{name}").code == 0
    assert Path(f"out-{name}").read_bytes() == program(100)


@row("type of a file")
def test_hex_under_another_name_is_taken_for_what_it_is(flash: Flash) -> None:
    assert flash("-w", flash.desk.hex("fw.bin", (0x8000, program(100)))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:101] == program(100) + b"\0"


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
@pytest.mark.parametrize("suffix", [".hex", ".s19"])
def test_an_address_that_is_given_twice_is_an_error(flash: Flash, action: str, suffix: str) -> None:
    save(f"fw{suffix}", [Segment(0x8000, program(16))])
    records = Path(f"fw{suffix}").read_text(encoding="ascii").split()
    data = next(n for n, record in enumerate(records) if program(16).hex().upper() in record)
    file = raw(f"twice{suffix}", "\n".join([*records[: data + 1], records[data], records[-1]]).encode())
    result = flash(action, file)
    assert (result.code, result.reason) == (2, f"error: {file}:{data + 2}: a second byte for 0x008000 [E-FILE]")


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_intel_hex_that_stops_before_its_end_is_an_error(flash: Flash, action: str) -> None:
    file = Path(flash.desk.hex("fw.hex", (0x8000, program(16))))
    file.write_bytes(file.read_bytes().partition(b":00000001FF")[0])
    result = flash(action, "fw.hex")
    assert (result.code, result.reason) == (
        2,
        "error: fw.hex:2: the file stops without an end-of-file record [E-FILE]",
    )


@row("type of a file")
def test_s_records_and_elf_are_taken_for_what_they_are_under_any_name(flash: Flash) -> None:
    save("fw.s19", [Segment(0x8000, program(100))])
    assert flash("-w", str(Path("fw.s19").rename("fw.bin"))).err == "Bytes written: 100\n"
    assert flash.desk.memory()[:101] == program(100) + b"\0"
    for name in ("fw.bin", "fw", "fw.elf"):
        result = flash("-w", raw(name, b"\x7fELF" + bytes(100)))
        assert (result.code, result.reason.rpartition(" ")[2]) == (2, "[E-FILE]")
        assert "ELF" in result.reason


@row("type of a file")
def test_text_is_raw_in_a_bin_only(flash: Flash) -> None:
    assert flash("-s", "eeprom", "-w", raw("name.bin", b"board 17")).err == "Bytes written: 8\n"
    assert flash.desk.memory("eeprom")[:8] == b"board 17"
    for name in ("name.txt", "name.hex"):
        result = flash("-s", "eeprom", "-w", raw(name, b"board 18"))
        assert (result.code, result.reason) == (
            2,
            f"error: {name}: this is a text file, neither Intel HEX nor S-records [E-FILE]",
        )


@row("type of a file")
@pytest.mark.parametrize("action", ["-w", "-v"])
def test_a_file_that_cannot_be_what_it_shall_be_is_an_error(flash: Flash, action: str) -> None:
    damaged = Path(flash.desk.hex("fw.hex", (0x8000, program(16)))).read_bytes().replace(b":10", b":11")
    reasons = {
        raw("big.bin", bytes(8193)): "big.bin: 8193 bytes do not fit into the 8192 bytes of flash 0x008000..0x009FFF",
        raw("empty.bin", b""): "empty.bin: the file is empty",
        raw("raw.hex", program(16)): "raw.hex: this is a raw binary, not Intel HEX",
        raw("damaged.hex", damaged): "damaged.hex:2",
        flash.desk.hex("eeprom.hex", (0x4000, b"\1")): "the image has data at 0x004000, outside flash",
        "missing.bin": "missing.bin: no such file",
    }
    for file, reason in reasons.items():
        result = flash(action, file)
        assert result.code == 2
        assert result.reason.startswith(f"error: {reason}")
    assert flash("-b", "50", action, flash.desk.hex("long.hex", (0x8000, program(51)))).code == 2
