"""An espstlink by the command line: all work at a simulated one, and what its wires can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.desk import Desk
from cli.serial_probe import CONTENT, ESPSTLINK, board, has_ports, tool
from stm8tool.cli.main import main
from stm8tool.transport import serial_port


def test_the_everyday_work(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(locked=True)
    assert tool(ESPSTLINK, "write", image) == 0
    assert "espstlink 0.2, STM8S103F3" in capsys.readouterr().out
    for words in (["verify", image], ["read", "b.bin"], ["options", "set", "AFR=1"], ["erase"], ["doctor"], ["reset"]):
        assert tool(ESPSTLINK, *words) == 0, words
    assert Path("b.bin").read_bytes()[:700] == CONTENT
    assert tool(ESPSTLINK, "lock", "--yes") == 0
    assert tool(ESPSTLINK, "read", "b.bin") == 5
    assert tool(ESPSTLINK, "unlock") == 0


def test_an_esp8266_that_is_deaf_and_cannot_be_reset_is_told(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("esp-deaf", "esp-no-reset", "swim-open")
    assert tool(ESPSTLINK, "write", image) == 3
    assert capsys.readouterr().err.splitlines()[-1].endswith("[E-PROBE-HUNG]")


@pytest.mark.parametrize(
    ("adapters", "built_in", "says"),
    [
        ([], [], "this machine has no serial port [E-NO-PROBE]"),
        (["COM3", "COM4"], [], "this machine has 2 serial ports on USB, and you named none [E-SEVERAL-PROBES]"),
        (["no-such-port"], [], "there is no serial port espstlink:no-such-port [E-NO-PROBE]"),
        (["no-such-port"], ["COM1"], "there is no serial port espstlink:no-such-port [E-NO-PROBE]"),
    ],
)
@pytest.mark.parametrize("probe", ["espstlink", "espstlink:"])
def test_without_a_port_the_only_one_on_usb_is_used(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    adapters: list[str],
    built_in: list[str],
    says: str,
    probe: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    has_ports(monkeypatch, adapters, built_in)
    assert tool(probe, "info") == 3
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {says}"


@pytest.mark.parametrize("kind", ["espstlink", "rp2040"])
def test_a_port_that_is_built_into_the_machine_must_be_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    has_ports(monkeypatch, [], ["COM1", "COM2"])
    assert tool(kind, "info") == 3
    assert capsys.readouterr().err.splitlines() == [
        f"  {kind}:COM1",
        f"  {kind}:COM2",
        f"hint: plug the adapter in, or name the port: --probe {kind}:COM1",
        "error: this machine has no serial port on USB, and you named none [E-NO-PROBE]",
    ]


def test_list_shows_the_ports_only_if_the_kind_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serial_port, "ports", lambda: [("COM3", "USB serial adapter")])
    assert main(["--probe", "espstlink:", "list"]) == 0
    assert "USB serial adapter  unknown  espstlink:COM3  -" in capsys.readouterr().out
    assert main(["--probe", "sim:.", "list"]) == 0
    assert "COM3" not in capsys.readouterr().out
