"""How the loader of a chip is reached: ports, speeds, modes, resets, and which part answers."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from pathlib import Path

import pytest

from cli.uart_board import board, tool
from stm8tool.cli.main import main
from stm8tool.sim.chip import powered
from stm8tool.sim.switches import Switches
from stm8tool.transport import serial_port
from stm8tool.transport.serial_port import UsbPort, ports


@pytest.mark.usefixtures("at_uart")
def test_a_locked_chip_is_silent_and_the_message_names_read_protection(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", locked=True)
    assert tool("stm8s208mb", "info") == 4
    text = capsys.readouterr().err
    assert "never under read protection" in text
    assert text.endswith("error: no loader answers at serial:sim:b.chip [E-LOADER-SILENT]\n")


@pytest.mark.usefixtures("at_uart")
def test_a_program_without_an_enabled_loader_is_silent_until_the_user_resets_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert main(["--probe", "serial:sim:b.chip", "--part", "stm8s208mb", "info"]) == 4
    said = capsys.readouterr()
    assert "reset the board now (20 s)" in said.out
    assert "after a reset by hand" in said.err


@pytest.mark.usefixtures("at_uart")
def test_a_reset_by_hand_is_waited_for_with_a_countdown(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "user-resets=7300", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    words = ["--probe", "serial:sim:b.chip", "--part", "stm8s208mb", "--uart-reset", "manual", "--power-cycle=9"]
    assert main([*words, "verify", "firmware.hex"]) == 0
    assert "reset the board now (9 s)\n5 s left\n" in capsys.readouterr().out


@pytest.mark.usefixtures("at_uart")
def test_a_speed_that_the_chip_does_not_follow_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "uart-slow=230400")
    assert tool("stm8s208mb", "--baud", "1000000", "info") == 0
    said = capsys.readouterr()
    assert "the loader does not follow at 1000000 baud: 115200 baud are used" in said.err
    assert "115200 baud, even parity" in said.out


@pytest.mark.parametrize("baud", ["4800", "230400", "1000000"])
@pytest.mark.usefixtures("at_uart")
def test_a_speed_that_the_chip_follows_is_used(baud: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "--baud", baud, "info") == 0
    assert f"{baud} baud, even parity" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["stm8s208mb", "stm8s105k4", "stm8l151k3"])
@pytest.mark.usefixtures("at_uart")
def test_at_the_lowest_speed_the_longest_answer_comes_whole(part: str) -> None:
    board(part, enabled=True)
    for command in ("write", "verify"):
        assert tool(part, "--baud", "4800", "--no-loader", command, "firmware.hex") == 0


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("stm8s103f3", "has no boot ROM, so it cannot be programmed at its UART [E-NO-LOADER]"),
        ("stlux385a", "describes the loader in the boot ROM of the STLUX385A [E-NO-LOADER]"),
        ("stm8s105k4", "the chip is not an STM8S105K4: its loader has version 2.2 [E-FAMILY]"),
        ("stm8l151k4", "the chip is not an STM8L151K4: its loader has version 2.2 [E-FAMILY]"),
    ],
)
@pytest.mark.usefixtures("at_uart")
def test_another_part_than_that_on_the_wire_is_refused(
    named: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb")
    assert tool(named, "info") == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(says)


@pytest.mark.usefixtures("at_uart")
def test_the_doctor_examines_the_port_the_loader_and_the_chip(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "doctor") == 0
    text = capsys.readouterr().out
    assert "loader 2.2, after a reset by DTR; 115200 baud, even parity" in text
    assert text.endswith("no problem found; writing was not tried\n")


class LikeWine:
    """Finds no module, and raises for pyserial's list of ports what it raises under Wine 8."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "serial.tools.list_ports":
            raise AttributeError("function 'CM_MapCrToWin32Err' not found")


def test_a_system_that_cannot_list_its_serial_ports_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = importlib.import_module("serial.tools")
    monkeypatch.delattr(tools, "list_ports", raising=False)
    monkeypatch.delitem(sys.modules, "serial.tools.list_ports", raising=False)
    monkeypatch.setattr(sys, "meta_path", [LikeWine, *sys.meta_path])
    assert ports() == []


@pytest.mark.parametrize("words", [["list"], ["info"]])
@pytest.mark.usefixtures("at_uart")
def test_a_port_that_does_not_exist_is_one_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    ended = main(["--probe", "serial:/dev/no-such-port", "--part", "stm8s208mb", *words])
    assert ended == (0 if words == ["list"] else 3)
    said = capsys.readouterr().err.splitlines()
    assert not said or "there is no serial port" in said[-1] or "cannot be opened" in said[-1]


@pytest.mark.parametrize("prefix", ["serial:", "espstlink:", "rp2040:"])
@pytest.mark.usefixtures("at_uart")
def test_list_shows_only_the_port_that_is_named(
    prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serial_port, "ports", lambda: [("COM3", "an adapter"), ("COM4", "another one")])
    picos = [UsbPort(name, text, None, 0x000A) for name, text in serial_port.ports()]
    monkeypatch.setattr(serial_port, "usb_ports", lambda _vendor, _products: picos)
    assert main(["--probe", prefix, "list"]) == 0
    assert {f"{prefix}COM3", f"{prefix}COM4"} <= set(capsys.readouterr().out.split())
    assert main(["--probe", f"{prefix} COM4", "list"]) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["another", "one", "unknown", f"{prefix}COM4", "-"]
    assert main(["--probe", f"{prefix}COM5", "list"]) == 0
    none, *instead = capsys.readouterr().out.splitlines()
    assert none.endswith(" COM5 is attached")
    assert instead == [f"  seen instead: {prefix}COM3, an adapter", f"  seen instead: {prefix}COM4, another one"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no links to its ports")
@pytest.mark.usefixtures("at_uart")
def test_list_knows_a_port_by_a_link_of_udev(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ttyUSB7").touch()
    (tmp_path / "usb-adapter").symlink_to("ttyUSB7")
    monkeypatch.setattr(serial_port, "ports", lambda: [(str(tmp_path / "ttyUSB7"), "an adapter"), ("/dev/x", "y")])
    assert main(["--probe", f"serial:{tmp_path / 'usb-adapter'}", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("port", ["socket://127.0.0.1:4000", "serial:sim:uart.chip", "espstlink:sim:b.chip"])
@pytest.mark.usefixtures("at_uart")
def test_a_port_that_is_not_of_this_machine_is_in_no_list(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--probe", port, "list"]) == 2
    *_, hint, reason = capsys.readouterr().err.splitlines()
    assert reason.endswith(" is not a serial port of this machine, so no list has it [E-USAGE]")
    assert f"--probe {port} " in hint


@pytest.mark.parametrize(
    "port", ["serial:", "socket://127.0.0.1", "rfc2217://127.0.0.1", "socket://127.0.0.1:70000", "socket://[::1]:0"]
)
def test_a_port_without_its_name_or_number_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--probe", port, "--part", "stm8s208mb", "info"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"error: {port} names no port [E-USAGE]"


@pytest.mark.parametrize("awaits", [True, False])
@pytest.mark.parametrize("mode", ["auto", "reply"])
@pytest.mark.usefixtures("at_uart")
def test_reply_mode_is_reached_whether_or_not_the_answer_to_a_sync_goes_back(
    mode: str, awaits: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(powered, "Switches", functools.partial(Switches, sync_awaits_echo=awaits))
    board("stm8s105k4")
    assert tool("stm8s105k4", "--uart-mode", mode, "info") == 0
    assert "no parity, the tool returns each byte" in capsys.readouterr().out


@pytest.mark.usefixtures("at_uart")
def test_a_high_density_part_is_reached_at_its_other_uart(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "uart-reply")
    assert tool("stm8s208mb", "-v", "write", "firmware.hex") == 0
    assert "a loader in the chip's RAM does the work" in capsys.readouterr().err
    board("stm8s208mb", "uart-reply")
    assert tool("stm8s208mb", "info") == 0
    assert "no parity, the tool returns each byte" in capsys.readouterr().out


@pytest.mark.parametrize(("part", "mode"), [("stm8s208mb", "reply"), ("stm8s105k4", "duplex")])
@pytest.mark.usefixtures("at_uart")
def test_a_wrong_mode_is_named_and_not_the_adapter(part: str, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part)
    assert tool(part, "--uart-mode", mode, "info") == 4
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith(f"error: the loader answers a sync, and refuses every command in the mode {mode}")
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--baud", "300"], "--baud 300 is not a speed of the loader"),
        (["--baud", "fast"], "fast"),
        (["--reset-command", "'"], "a quotation mark has no partner"),
        (["--reset-command", ""], "--reset-command needs a command"),
    ],
)
@pytest.mark.usefixtures("at_uart")
def test_a_wrong_value_of_an_option_for_a_port_is_a_usage_error(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", *words, "info") == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
