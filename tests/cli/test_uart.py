"""A chip at its UART: every command by the loader in its boot ROM, which is simulated in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.uart_board import board, held, program, tool
from stm8tool.cli.main import main
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.serial import rom_facts
from stm8tool.uart import routines

PARTS = {"stm8s208mb": 8192, "stm8s105k4": 8192, "stm8l151k4": 8192, "stm8l151k3": 4096, "stm8l152r8": 8192}


@pytest.mark.parametrize(("part", "size"), PARTS.items())
@pytest.mark.usefixtures("at_uart")
def test_a_blank_chip_is_written_verified_and_started(part: str, size: int, capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.bin").write_bytes(program(size))
    board(part, enabled=True)
    assert tool(part, "--base", "0x8000", "write", "p.bin") == 0
    assert "the program runs" in capsys.readouterr().out
    assert tool(part, "--base", "0x8000", "verify", "p.bin") == 0
    assert f"verified: {size} bytes are equal" in capsys.readouterr().out
    assert main(["--probe", "sim:b.chip", "--part", part, "--base", "0x8000", "verify", "p.bin"]) == 0
    assert store.describe("b.chip").state == "running"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("at_uart")
def test_only_a_block_that_differs_is_programmed(part: str) -> None:
    board(part, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    before = held()[1]
    assert tool(part, "write", "firmware.hex", "--patch", "0x8100=AA55") == 0
    assert held()[1] == before + 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("at_uart")
def test_flash_and_eeprom_are_erased(part: str) -> None:
    board(part, enabled=True)
    eeprom = "0x4000" if part.startswith("stm8s") else "0x1000"
    Path("e.bin").write_bytes(bytes(range(1, 100)))
    assert tool(part, "write", "firmware.hex") == 0
    assert tool(part, "--base", eeprom, "--region", "eeprom", "write", "e.bin") == 0
    assert held()[0]
    assert held("eeprom")[0] == 99
    assert tool(part, "erase", "--all") == 0
    assert held()[0] == held("eeprom")[0] == 0


@pytest.mark.usefixtures("at_uart")
def test_a_piece_of_a_sector_is_erased_alone() -> None:
    board("stm8s105k4", enabled=True)
    assert tool("stm8s105k4", "write", "firmware.hex") == 0
    assert tool("stm8s105k4", "erase", "--range", "0x8400:0x100") == 0
    assert tool("stm8s105k4", "read", "out.bin") == 0
    assert Path("out.bin").read_bytes()[:2048] == program(2048)[:0x400] + bytes(0x100) + program(2048)[0x500:]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("at_uart")
def test_option_bytes_are_shown_set_and_brought_back(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part)
    setting = "AFR=0x01" if part.startswith("stm8s") else "OPTBL_H=0x55"
    assert tool(part, "options", "set", setting, "--force-uncertain") == 0
    assert "written and read back; the next reset loads them: " in capsys.readouterr().out
    assert tool(part, "options", "show") == 0
    assert "changed" in capsys.readouterr().out
    assert tool(part, "options", "defaults") == 0
    assert tool(part, "options", "show") == 0
    assert "changed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lock", "--yes"], "the loader in the boot ROM cannot set read protection"),
        (["unlock"], "the loader in the boot ROM cannot remove read protection"),
        (["options", "set", "ROP=0xAA", "--force-lock"], "cannot write the option byte ROP"),
    ],
)
@pytest.mark.usefixtures("at_uart")
def test_what_a_uart_cannot_do_is_said(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", *words) == 3
    said = capsys.readouterr().err.splitlines()
    assert says in said[-1]
    assert said[-1].endswith("[E-PROBE-LIMIT]")


@pytest.mark.usefixtures("at_uart")
def test_each_danger_of_a_change_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8l151k4")
    assert tool("stm8l151k4", "options", "set", "WDG.IWDG_HW=1", "BOR=0x09") == 2
    said = capsys.readouterr().err
    assert "--force-watchdog: WDG.IWDG_HW starts a watchdog at each reset" in said
    assert "--force-brownout: BOR: a chip whose supply is below the threshold stays in reset" in said


@pytest.mark.usefixtures("at_uart")
def test_ubc_protects_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert tool("stm8s208mb", "options", "set", "UBC=1K") == 0
    before = held()[1]
    assert tool("stm8s208mb", "write", "firmware.hex", "--patch", "0x8010=11") == 5
    assert capsys.readouterr().err.endswith("nothing was written [E-UBC]\n")
    assert held()[1] == before
    assert tool("stm8s208mb", "write", "firmware.hex", "--patch", "0x8400=11") == 0


@pytest.mark.usefixtures("at_uart")
def test_a_backup_comes_back() -> None:
    board("stm8s105k4", enabled=True)
    assert tool("stm8s105k4", "write", "firmware.hex") == 0
    assert tool("stm8s105k4", "read", "--all", "saved.hex") == 0
    assert tool("stm8s105k4", "erase", "--all") == 0
    assert tool("stm8s105k4", "restore", "saved.hex") == 0
    assert tool("stm8s105k4", "verify", "saved.hex") == 0


@pytest.mark.usefixtures("at_uart")
def test_a_program_in_ram_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    Path("loop.bin").write_bytes(b"\x20\xfe")
    assert tool("stm8s208mb", "--base", "0x300", "run", "0x300", "loop.bin") == 0
    assert store.describe("b.chip").state == "running in RAM"
    assert tool("stm8s208mb", "--base", "0x20", "run", "0x20", "loop.bin") == 2
    assert "the loader uses the RAM below 0x0000A0" in capsys.readouterr().err


@pytest.mark.usefixtures("at_uart")
def test_a_write_takes_little_longer_than_its_bytes_and_the_flash() -> None:
    """8 KiB at 115200 baud: a frame of a block has 140 bytes and 3 answers, one of a read 11 bytes and 259 answers."""
    Path("p.bin").write_bytes(program(8192))
    board("stm8s208mb", enabled=True)
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    wire = (64 * (140 + 3) + 32 * (11 + 259)) * 11 / 115200
    assert store.describe("b.chip").seconds < 1.25 * (wire + 64 * 0.006)


def test_the_loader_in_rom_calls_each_version_of_the_routines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts of the simulator are a second reading: both know the same versions and addresses."""
    monkeypatch.chdir(tmp_path)
    for name, versions in {"stm8s105k4": (0x10, 0x12, 0x13), "stm8s208mb": (0x20, 0x21, 0x22)}.items():
        for version in versions:
            calls = rom_facts.of(find_part(name), version).calls
            assert calls is not None
            own = routines.VERSIONS[version]
            assert (calls.write_entry, calls.option) == (own.write_entry, own.option)
            assert (calls.erase_error, calls.write_error) == (own.erase_error, own.write_error)


@pytest.mark.parametrize("version", [0x10, 0x12, 0x20, 0x21])
@pytest.mark.usefixtures("at_uart")
def test_an_older_loader_writes_erases_and_sets_option_bytes(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "stm8s105k4" if version < 0x20 else "stm8s208mb"
    newest = rom_facts.of
    monkeypatch.setattr(rom_facts, "of", lambda chip, *_: newest(chip, version))
    board(part)
    assert tool(part, "options", "set", "OPTBL=0x55", "--force-uncertain") == 0
    assert tool(part, "write", "firmware.hex") == 0
    assert tool(part, "verify", "firmware.hex") == 0
    assert tool(part, "erase", "--all") == 0
    assert held()[0] == 0
