"""An espstlink by the command line: all work at a simulated one, and what its wires can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.desk import STM8S, Desk, program
from stm8tool.cli.main import main
from stm8tool.transport import serial_port

PROBE = "espstlink:sim:b.chip"


@pytest.fixture
def image(desk: Desk) -> str:
    return desk.hex("a.hex", (0x8000, program(700)))


def board(*faults: str, locked: bool = False) -> None:
    words = ["sim", "create", "b.chip", "--part", STM8S, *(["--locked"] if locked else [])]
    assert main([*words, *(word for fault in faults for word in ("--fault", fault))]) == 0


def tool(*words: str, probe: str = PROBE) -> int:
    return main(["--probe", probe, "--part", STM8S, *words])


def test_the_everyday_work(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(locked=True)
    assert tool("write", image) == 0
    assert "espstlink 0.2, STM8S103F3" in capsys.readouterr().out
    for words in (["verify", image], ["read", "b.bin"], ["options", "set", "AFR=1"], ["erase"], ["doctor"], ["reset"]):
        assert tool(*words) == 0, words
    assert Path("b.bin").read_bytes()[:700] == program(700)
    assert tool("lock", "--yes") == 0
    assert tool("read", "b.bin") == 5
    assert tool("unlock") == 0


@pytest.mark.parametrize("lost", range(1, 1500, 61))
def test_one_lost_byte_anywhere_fails_no_write(image: str, lost: int) -> None:
    board(f"uart-lost={lost}")
    assert tool("write", image) == 0
    assert tool("verify", image, probe="sim:b.chip") == 0


@pytest.mark.parametrize("fault", ["uart-garbage=3001", "nak-every=500", "esp-deaf", "esp-version=0", "esp-version=1"])
def test_a_fault_that_can_be_mended_costs_no_wrong_byte(image: str, fault: str) -> None:
    board(fault)
    assert tool("write", image) == 0
    assert tool("verify", image, probe="sim:b.chip") == 0


@pytest.mark.parametrize(
    ("fault", "ended", "says"),
    [
        ("uart-open", 3, "the device at espstlink:sim:b.chip does not answer [E-PROBE-HUNG]"),
        ("esp-silent", 3, "the device at espstlink:sim:b.chip answers ff, which is not the answer of an espstlink "),
        ("esp-version=3", 3, "and this tool knows versions up to 0.2: a newer one may use other commands "),
        ("uart-unplug-after=300", 3, "the serial adapter is gone [E-PROBE-LOST]"),
        ("swim-open", 4, "[E-TARGET-SILENT]"),
        ("unpowered", 4, "[E-TARGET-SILENT]"),
        ("swim-stuck-low", 4, "[E-SWIM-STUCK]"),
    ],
)
@pytest.mark.parametrize("deaf", [False, True])
def test_a_fault_is_one_error_with_a_hint(
    image: str, fault: str, ended: int, says: str, deaf: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    board(fault, *(["esp-deaf"] if deaf else []))
    assert tool("write", image) == ended
    said = capsys.readouterr().err.splitlines()
    assert says in said[-1]
    assert said[-1].startswith("error: ")
    assert said[-2].startswith("hint: ")


def test_an_esp8266_that_is_deaf_and_cannot_be_reset_is_told(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("esp-deaf", "esp-no-reset", "swim-open")
    assert tool("write", image) == 3
    assert capsys.readouterr().err.splitlines()[-1].endswith("[E-PROBE-HUNG]")


def test_a_version_of_the_loader_is_not_one_of_the_espstlink(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    board()
    assert main(["sim", "serve-serial", "b.chip", "--as", "espstlink", "--loader-version", "2.1"]) == 2
    assert "only the loader in a boot ROM has a version of the loader" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ports", "ended", "says"),
    [
        ([], 3, "this machine has no serial port [E-NO-PROBE]"),
        (["COM3", "COM4"], 3, "this machine has 2 serial ports, and you named none [E-SEVERAL-PROBES]"),
        (["no-such-port"], 3, "there is no serial port espstlink:no-such-port [E-NO-PROBE]"),
    ],
)
@pytest.mark.parametrize("probe", ["espstlink", "espstlink:"])
def test_without_a_port_the_only_one_is_used(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    ports: list[str],
    ended: int,
    says: str,
    probe: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(serial_port, "ports", lambda: [(port, "an adapter") for port in ports])
    assert tool("info", probe=probe) == ended
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {says}"


def test_list_shows_the_ports_only_if_the_kind_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serial_port, "ports", lambda: [("COM3", "USB serial adapter")])
    assert main(["--probe", "espstlink:", "list"]) == 0
    assert "USB serial adapter  unknown  espstlink:COM3  -" in capsys.readouterr().out
    assert main(["--probe", "sim:.", "list"]) == 0
    assert "COM3" not in capsys.readouterr().out
