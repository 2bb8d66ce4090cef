"""An rp2040_swim by the command line: all work at a simulated one, and what its wires can do."""

from __future__ import annotations

from pathlib import Path

import pytest

import stm8tool
from cli.desk import STM8L, STM8S, Desk
from cli.serial_probe import CONTENT, RP2040, STLINK, board, has_ports, holds, tool
from documents import examples, read
from stm8tool import selector
from stm8tool.chip.running import attach
from stm8tool.chip.running.attachment import Attachment
from stm8tool.cli.main import main
from stm8tool.debugger.target import Target
from stm8tool.errors import Code
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.transport import serial_port
from stm8tool.transport.serial_port import UsbPort


@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_the_everyday_work(image: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part=part, locked=True)
    assert tool(RP2040, "write", image, part=part) == 0
    assert f"rp2040_swim 0.1.0, {part.upper()}" in capsys.readouterr().out
    for words in (["verify", image], ["read", "b.bin"], ["erase"], ["doctor"], ["reset"], ["info"]):
        assert tool(RP2040, *words, part=part) == 0, words
    assert "NRST         it resets the chip" in capsys.readouterr().out
    assert Path("b.bin").read_bytes()[:700] == CONTENT
    assert tool(RP2040, "lock", "--yes", part=part) == 0
    assert tool(RP2040, "read", "b.bin", part=part) == 5
    assert tool(RP2040, "unlock", part=part) == 0


def test_without_the_loader_the_blocks_go_over_swim(image: str) -> None:
    board(part=STM8L)
    assert tool(RP2040, "--no-loader", "write", image, part=STM8L) == 0
    assert holds(image, STM8L)


def test_a_program_that_cannot_be_reset_goes_on(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    board()
    Path("loop.bin").write_bytes(b"\x82\x00\x80\x80" + bytes(124) + b"\x20\xfe")
    assert tool(STLINK, "--base", "0x8000", "write", "loop.bin") == 0
    assert main(["sim", "create", "c.chip", "--part", STM8S, "--fault", "nrst-open"]) == 0
    assert tool("sim:c.chip", "--base", "0x8000", "write", "loop.bin") == 0
    assert tool("rp2040:sim:c.chip", "info") == 3
    capsys.readouterr()
    assert main(["sim", "show", "c.chip"]) == 0
    assert "CPU            running" in capsys.readouterr().out


def test_the_page_shows_what_happens(image: str) -> None:
    Path(image).rename("firmware.hex")
    shown = list(examples(read("docs/rp2040.md")))
    assert len(shown) == 2
    for example in shown:
        code, text = example.run()
        assert code == 0, text
        assert example.fits(text), text


def test_an_attachment_restarts_the_program_and_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    board()
    Path("loop.bin").write_bytes(b"\x82\x00\x80\x80" + bytes(124) + b"\x20\xfe")
    assert tool(STLINK, "--base", "0x8000", "write", "loop.bin") == 0
    link = selector.open_link(RP2040)
    link.open()
    attachment = Attachment(link, find_part(STM8S), lambda _text: None, Code.NOT_RUNNING)
    attachment.enter(lambda: None)
    assert not attach.is_stalled(link)
    attachment.leave()
    link.close()
    assert "warning: this probe resets the chip when it attaches: the program" in capsys.readouterr().err
    assert store.describe("b.chip").state == "running"


# At 0x8080: inc 0x10, nop, and back to it.
COUNTER = b"\x82\x00\x80\x80" + bytes(124) + b"\x3c\x10\x9d\x20\xfb"


@pytest.mark.parametrize("reset", [False, True])
def test_a_debugger_halts_steps_and_lets_run(desk: Desk, reset: bool, capsys: pytest.CaptureFixture[str]) -> None:
    board()
    Path("loop.bin").write_bytes(COUNTER)
    assert tool(STLINK, "--base", "0x8000", "write", "loop.bin") == 0
    with stm8tool.open(RP2040, STM8S) as chip, Target(chip) as target:
        assert target.attach(reset=reset).pc == 0x8000
        assert target.step().pc == 0x8080
        assert target.step().pc == 0x8082
        assert target.reset().pc == 0x8000
    assert ("the program starts again" in capsys.readouterr().err) != reset
    assert store.describe("b.chip").state == "running"


def test_a_debugger_knows_that_to_find_a_lost_chip_again_was_a_reset(desk: Desk) -> None:
    board()
    Path("loop.bin").write_bytes(COUNTER)
    assert tool(STLINK, "--base", "0x8000", "write", "loop.bin") == 0
    with stm8tool.open(RP2040, STM8S) as chip, Target(chip) as target:
        target.attach()
        target.step()
        assert target.step().pc == 0x8082
        assert not target.find_again()
        assert target.registers.pc == 0x8000


PICO, OTHER = UsbPort("COM7", "Pico (COM7)", "E66058", 0x000A), UsbPort("COM8", "Pico (COM8)", None, 0x0009)


@pytest.mark.parametrize(
    ("picos", "ports", "ended", "says"),
    [
        ([], [], 3, "this machine has no serial port [E-NO-PROBE]"),
        ([], ["COM3", "COM4"], 3, "this machine has 2 serial ports on USB, and you named none [E-SEVERAL-PROBES]"),
        (
            [PICO, OTHER],
            ["COM3"],
            3,
            "this machine has 2 serial ports of this kind, and you named none [E-SEVERAL-PROBES]",
        ),
        ([PICO], ["COM3", "COM4", "COM7"], 3, "there is no serial port rp2040:COM7 [E-NO-PROBE]"),
        ([], ["no-such-port"], 3, "there is no serial port rp2040:no-such-port [E-NO-PROBE]"),
    ],
)
@pytest.mark.parametrize("probe", ["rp2040", "rp2040:"])
def test_without_a_port_the_only_pico_is_used_or_the_only_port(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    picos: list[UsbPort],
    ports: list[str],
    ended: int,
    says: str,
    probe: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(serial_port, "usb_ports", lambda _vendor, _products: picos)
    has_ports(monkeypatch, ports)
    assert tool(probe, "info") == ended
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {says}"


def test_list_shows_the_picos_only_if_the_kind_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serial_port, "usb_ports", lambda _vendor, _products: [PICO, OTHER])
    monkeypatch.setattr(serial_port, "ports", lambda: [("COM3", "an adapter"), ("COM7", "Pico"), ("COM8", "Pico")])
    assert main(["--probe", "rp2040:", "list"]) == 0
    shown = capsys.readouterr().out
    assert "Pico (COM7)  E66058   rp2040:COM7  -" in shown
    assert "Pico (COM8)  unknown  rp2040:COM8  -" in shown
    assert main(["--probe", "rp2040:", "list", "--json"]) == 0
    assert '"vendor": "2e8a"' in capsys.readouterr().out
    assert main(["--probe", "sim:.", "list"]) == 0
    assert "COM7" not in capsys.readouterr().out


def test_other_serial_ports_are_named_where_no_pico_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serial_port, "usb_ports", lambda _vendor, _products: [])
    monkeypatch.setattr(serial_port, "ports", lambda: [("COM3", "an adapter")])
    assert main(["--probe", "rp2040:", "list"]) == 0
    assert capsys.readouterr().out == "no RP2040 is attached\n  seen instead: rp2040:COM3, an adapter\n"
