"""Our loader in the RAM of a chip at its UART: when it does the work, and that a write never fails because of it."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from cli.uart_board import board, held, program, tool
from stm8tool.cli.main import main
from stm8tool.image import Segment, save
from stm8tool.sim import store
from stm8tool.sim.chip import powered
from stm8tool.sim.switches import Switches
from stm8tool.uart.loader import use
from stm8tool.uart.loader.link import LoaderInRam

PARTS = ["stm8s208mb", "stm8s105k4", "stm8l151k4", "stm8l152r8"]
WORKS = "a loader in the chip's RAM does the work"
GIVEN_UP = "the loader in the chip's RAM is given up"


def verified(part: str, file: str) -> bool:
    """Compare over SWIM."""
    return main(["--probe", "sim:b.chip", "--part", part, "--base", "0x8000", "verify", file]) == 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("at_uart")
def test_it_writes_and_verifies_and_the_program_runs(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.bin").write_bytes(program(3000))
    board(part, enabled=True)
    assert tool(part, "-v", "--base", "0x8000", "write", "p.bin") == 0
    said = capsys.readouterr()
    assert WORKS in said.err
    assert "the program runs" in said.out
    assert verified(part, "p.bin")
    assert store.describe("b.chip").state == "running"


@pytest.mark.parametrize(
    ("part", "words", "faults", "why"),
    [
        ("stm8s208mb", ["--no-loader"], [], ""),
        ("stm8l151k3", [], [], "no loader in RAM: the STM8L151K3 has only 1024 bytes of RAM"),
        (
            "stm8s208mb",
            [],
            ["uart-echo"],
            "no loader in RAM: the wire is a single one, and the loader would hear itself",
        ),
    ],
)
@pytest.mark.usefixtures("at_uart")
def test_without_it_the_boot_rom_writes(
    part: str, words: list[str], faults: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board(part, *faults, enabled=True)
    assert tool(part, "-v", *words, "write", "firmware.hex") == 0
    said = capsys.readouterr().err
    assert WORKS not in said
    assert why in said
    assert main(["--probe", "sim:b.chip", "--part", part, "verify", "firmware.hex"]) == 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.usefixtures("at_uart")
def test_a_boot_rom_that_stops_its_uart_costs_time_and_no_write(
    part: str, enabled: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(powered, "Switches", functools.partial(Switches, go_keeps_uart=False))
    board(part, enabled=enabled)
    capsys.readouterr()
    assert tool(part, "-v", "--uart-reset", "none", "write", "firmware.hex") == 0
    said = capsys.readouterr()
    assert GIVEN_UP in said.err
    assert "the program runs" in said.out
    assert main(["--probe", "sim:b.chip", "--part", part, "verify", "firmware.hex"]) == 0


@pytest.mark.usefixtures("at_uart")
def test_a_chip_that_does_not_come_back_says_how_to_do_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(use, "code", lambda _name: b"\x20\xfe" * 300)  # it neither answers nor resets the chip
    board("stm8s208mb")
    assert tool("stm8s208mb", "--uart-reset", "none", "write", "firmware.hex") == 4
    said = capsys.readouterr().err.splitlines()
    assert said[-1].endswith("[E-LOADER-SILENT]")
    assert said[-2].endswith("did not answer: reset the chip, and repeat with --no-loader")


@pytest.mark.usefixtures("at_uart")
def test_a_wire_that_damages_each_block_is_left_to_the_boot_rom(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "uart-garbage=83", enabled=True)
    assert tool("stm8s208mb", "-v", "write", "firmware.hex") in (0, 4)
    assert GIVEN_UP in capsys.readouterr().err


@pytest.mark.parametrize("part", ["stm8s208mb", "stm8s105k4"])
@pytest.mark.parametrize("lost", range(800, 3400, 331))
@pytest.mark.usefixtures("at_uart")
def test_one_lost_byte_anywhere_fails_no_stream(part: str, lost: int) -> None:
    board(part, f"uart-lost={lost}", enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    assert main(["--probe", "sim:b.chip", "--part", part, "verify", "firmware.hex"]) == 0


@pytest.mark.parametrize("part", ["stm8s208mb", "stm8s105k4", "stm8l151k4"])
@pytest.mark.usefixtures("at_uart")
def test_it_verifies_and_reads_and_names_the_byte_that_differs(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    Path("p.bin").write_bytes(program(1999))
    capsys.readouterr()
    assert tool(part, "-v", "--base", "0x8000", "verify", "p.bin") == 0
    said = capsys.readouterr()
    assert WORKS in said.err
    assert "verified: 1999 bytes are equal" in said.out
    assert tool(part, "-v", "read", "--region", "0x8000:2048", "read.bin") == 0
    assert WORKS in capsys.readouterr().err
    assert Path("read.bin").read_bytes() == program(2048)
    with store.board("b.chip") as (chip, _):
        chip.flash.write(0x8000 + 1234, b"\xee")
    assert tool(part, "--base", "0x8000", "verify", "p.bin") == 6
    assert (
        "verify failed at 0x0084D2: the chip holds 0xEE, the image 0xC2 (1 of 1999 bytes differ)"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(("verify", "read"), [("yes", 0), ("read", 2048), ("no", 0)])
@pytest.mark.usefixtures("at_uart")
def test_verify_read_compares_byte_by_byte(verify: str, read: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    original = LoaderInRam.read

    def counted(self: LoaderInRam, address: int, size: int) -> bytes:
        sizes.extend([size] * (address >= 0x8080))
        return original(self, address, size)

    monkeypatch.setattr(LoaderInRam, "read", counted)
    board("stm8s208mb")
    assert tool("stm8s208mb", "--verify", verify, "write", "firmware.hex") == 0
    assert sum(sizes) >= read - 256
    assert bool(sizes) is bool(read)


@pytest.mark.usefixtures("at_uart")
def test_an_image_that_fills_blocks_in_part_keeps_their_other_bytes() -> None:
    old = program(2048)
    board("stm8s208mb", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    Path("p.bin").write_bytes(b"\x5a" * 1000)
    before = held()[1]
    assert tool("stm8s208mb", "--base", "0x8110", "write", "p.bin") == 0
    assert held()[1] == before + 8
    with store.board("b.chip") as (chip, _):
        assert bytes(chip.flash.data[:2048]) == old[:0x110] + b"\x5a" * 1000 + old[0x110 + 1000 :]


@pytest.mark.parametrize(
    ("part", "address", "data"), [("stm8s208mb", 0x487E, b"\x55\xaa"), ("stm8l151k4", 0x480B, b"\x55")]
)
@pytest.mark.usefixtures("at_uart")
def test_option_bytes_of_an_image_are_written_after_it(
    part: str, address: int, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    save("o.hex", [Segment(address, data), Segment(0x8000, program(2048))])
    board(part)
    assert tool(part, "-v", "write", "o.hex", "--options", "--force-uncertain") == 0
    assert WORKS in capsys.readouterr().err
    with store.board("b.chip") as (chip, _):
        assert chip.options.memory.read(address, len(data)) == data


@pytest.mark.usefixtures("at_uart")
def test_a_write_that_is_cut_leaves_a_chip_that_its_boot_rom_still_serves() -> None:
    """The first block is written last, so a chip without an enabled loader stays blank for its boot ROM."""
    Path("p.bin").write_bytes(program(4096))
    board("stm8s208mb", "uart-unplug-after=2600")
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 3
    assert 0 < held()[0] < 4096
    with store.board("b.chip") as (chip, _):
        assert not any(chip.flash.data[:128])
