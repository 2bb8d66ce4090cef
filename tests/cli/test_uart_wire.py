"""A chip at its UART, over a bad wire: lost and wrong bytes, an adapter that is pulled, Ctrl-C."""

from __future__ import annotations

import functools
import signal
from pathlib import Path

import pytest

from cli.uart_board import board, held, program, tool
from stm8tool.cli.main import main
from stm8tool.sim import store
from stm8tool.sim.chip import powered
from stm8tool.sim.serial.line import SimLine
from stm8tool.sim.switches import Switches


@pytest.mark.parametrize("part", ["stm8s208mb", "stm8s105k4", "stm8l151k4"])
@pytest.mark.parametrize("fault", ["uart-lost=700", "uart-lost=701", "uart-lost=702", "uart-garbage=997"])
@pytest.mark.usefixtures("at_uart")
def test_a_disturbed_wire_costs_repeats_and_no_wrong_byte(
    part: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board(part, fault, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    assert "weak link" in capsys.readouterr().err
    assert main(["--probe", "sim:b.chip", "--part", part, "verify", "firmware.hex"]) == 0


@pytest.mark.parametrize("lost", range(1, 1200, 37))
@pytest.mark.usefixtures("at_uart")
def test_one_lost_byte_anywhere_fails_no_write(lost: int) -> None:
    Path("p.bin").write_bytes(program(256))
    board("stm8s208mb", f"uart-lost={lost}", enabled=True)
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.parametrize("lost", range(180, 215))
@pytest.mark.usefixtures("at_uart")
def test_one_lost_byte_changes_no_other_option_byte(lost: int) -> None:
    board("stm8l151k4", f"uart-lost={lost}")
    with store.board("b.chip") as (chip, _):
        before = bytes(chip.options.memory.data)
    assert tool("stm8l151k4", "options", "set", "OPTBL_H=0x55", "--force-uncertain") == 0
    with store.board("b.chip") as (chip, _):
        after = bytes(chip.options.memory.data)
    assert after == before[:0x0B] + b"\x55" + before[0x0C:]


@pytest.mark.parametrize("lost", range(425, 450))
@pytest.mark.usefixtures("at_uart")
def test_a_lost_byte_of_the_routines_fails_no_erase(lost: int) -> None:
    Path("p.bin").write_bytes(b"\xa5" * 1024)
    board("stm8s208mb", f"uart-lost={lost}", enabled=True)
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8400", "write", "p.bin"]) == 0
    assert tool("stm8s208mb", "erase", "--region", "0x8400:128") == 0
    assert held()[0] == 896


@pytest.mark.parametrize("wrong", [499, 691, 997])
@pytest.mark.usefixtures("at_uart")
def test_wrong_bits_in_what_was_read_reach_no_file_and_no_neighbour(wrong: int) -> None:
    old = program(4096)
    Path("old.bin").write_bytes(old)
    Path("p.bin").write_bytes(b"\x11" * 100)
    board("stm8s208mb", f"uart-garbage={wrong}", enabled=True)
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "write", "old.bin"]) == 0
    assert tool("stm8s208mb", "--base", "0x8000", "verify", "old.bin") == 0
    assert tool("stm8s208mb", "read", "--region", "0x8000:4096", "read.bin") == 0
    assert Path("read.bin").read_bytes() == old
    assert tool("stm8s208mb", "erase", "--region", "0x8C00:1024") == 0
    assert tool("stm8s208mb", "--base", "0x8410", "write", "p.bin") == 0
    new = old[:0x410] + b"\x11" * 100 + old[0x474:0xC00] + bytes(1024)
    with store.board("b.chip") as (chip, _):
        assert bytes(chip.flash.data[:4096]) == new


@pytest.mark.parametrize("lost", range(1085, 1345, 13))
@pytest.mark.usefixtures("at_uart")
def test_a_block_of_any_bytes_survives_a_lost_byte(lost: int) -> None:
    Path("p.bin").write_bytes(bytes(range(0x80, 0x100)))
    board("stm8s208mb", f"uart-lost={lost}")
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.parametrize(
    ("fault", "ended", "code"),
    [
        ("uart-open", 4, "E-LOADER-SILENT"),
        ("uart-no-parity", 4, "E-UART-LINK"),
        ("uart-garbage=3", 4, "E-UART-LINK"),
        ("unpowered", 4, "E-LOADER-SILENT"),
    ],
)
@pytest.mark.usefixtures("at_uart")
def test_a_fault_of_the_wire_is_one_error(
    fault: str, ended: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb", fault)
    assert tool("stm8s208mb", "info") == ended
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: ")
    assert said[-1].endswith(f"[{code}]")
    assert said[-2].startswith("hint: ")


@pytest.mark.parametrize("after", [0, 1, 2, 5, 12, 40, 200, 700, 1500, 2500])
@pytest.mark.usefixtures("at_uart")
def test_an_adapter_that_is_pulled_is_one_error_and_the_next_write_does_the_rest(
    after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb", f"uart-unplug-after={after}", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 3
    assert capsys.readouterr().err.splitlines()[-1].endswith("[E-PROBE-LOST]")
    kept = store.describe("b.chip").faults
    assert kept
    board_without = [main(["sim", "create", "b.chip", "--part", "stm8s208mb", "--force", "--option", "OPTBL=0x55"])]
    assert board_without == [0]
    assert tool("stm8s208mb", "write", "firmware.hex") == 0


@pytest.mark.parametrize(("part", "fault"), [("stm8s208mb", "uart-echo"), ("stm8s105k4", "uart-one-wire")])
@pytest.mark.usefixtures("at_uart")
def test_an_adapter_that_returns_what_it_sends_is_a_single_wire(
    part: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board(part, fault, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    assert tool(part, "info") == 0
    assert "one wire" in capsys.readouterr().out


@pytest.mark.parametrize("lost", [40, 41, 47, 55])
@pytest.mark.usefixtures("at_uart")
def test_a_loader_that_wants_each_refusal_back_is_brought_back_too(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powered, "Switches", functools.partial(Switches, refusal_awaits_echo=True))
    board("stm8s105k4", f"uart-lost={lost}", enabled=True)
    assert tool("stm8s105k4", "info") == 0


@pytest.mark.parametrize("command", [["write", "firmware.hex"], ["info"], ["erase"], ["read", "o.bin"], ["doctor"]])
@pytest.mark.usefixtures("at_uart")
def test_ctrl_c_at_any_time_ends_the_command_and_the_next_one_works(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    presses, calls = 0, 0
    read = SimLine.read

    def pressed(line: SimLine, size: int, timeout_s: float) -> bytes:
        nonlocal calls
        calls += 1
        if calls == presses:
            signal.raise_signal(signal.SIGINT)
        return read(line, size, timeout_s)

    monkeypatch.setattr(SimLine, "read", pressed)
    board("stm8s208mb", enabled=True)
    for presses in [1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 45, 70, 110]:
        calls = 0
        capsys.readouterr()
        ended = tool("stm8s208mb", *command)
        said = capsys.readouterr().err
        assert "Traceback" not in said
        if calls < presses:
            break
        assert ended == 130
        assert "interrupted: the probe is released" in said
    presses = 0
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert tool("stm8s208mb", "verify", "firmware.hex") == 0
