"""`sim serve-serial` in another process, and the tool at its TCP port or pseudo terminal; the command that resets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pio import ROOT
from stm8tool.cli.main import main
from stm8tool.sim.serial import ends

LOOP = b"\x82\x00\x80\x80" + bytes(range(1, 125)) + b"\x20\xfe"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.bin").write_bytes(LOOP)


@contextmanager
def served(part: str, *words: str) -> Iterator[str]:
    """Serve a new board; the value of `--probe` that reaches it."""
    assert main(["sim", "create", "b.chip", "--part", part]) == 0
    command = [sys.executable, "-I", str(ROOT / "tool"), "sim", "serve-serial", "b.chip", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert server.stdout.readline().startswith("b.chip: ")
            yield server.stdout.readline().split("--probe ")[1].split(";")[0]
        finally:
            server.terminate()
            server.communicate(timeout=60)


def write_and_verify(probe: str, part: str, *words: str) -> None:
    for command in ("write", "verify"):
        assert main(["--probe", probe, "--part", part, "--base", "0x8000", *words, command, "p.bin"]) == 0


def test_a_raw_tcp_port_carries_the_loader_of_a_blank_chip(capsys: pytest.CaptureFixture[str]) -> None:
    with served("stm8s208mb", "--loader-version", "2.1") as probe:
        assert probe.startswith("socket://127.0.0.1:")
        assert main(["--probe", probe, "--part", "stm8s208mb", "--base", "0x8000", "write", "p.bin"]) == 0
        text = capsys.readouterr().out
    assert "UART loader 2.1, STM8S208MB" in text
    assert "2 of 2 blocks of 128 bytes written and verified" in text
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # in pyserial 3.5, the last release
def test_rfc_2217_carries_parity_and_the_line_that_resets(capsys: pytest.CaptureFixture[str]) -> None:
    with served("stm8s105k4", "--rfc2217") as probe:
        assert probe.startswith("rfc2217://127.0.0.1:")
        assert main(["--probe", probe, "--part", "stm8s105k4", "--uart-reset", "dtr", "info"]) == 0
        assert "no parity, the tool returns each byte" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo terminals of this kind")
def test_a_pseudo_terminal_is_a_serial_port() -> None:
    with served("stm8l151k4", "--pty") as probe:
        assert probe.startswith("serial:/dev/")
        assert main(["--probe", probe, "--part", "stm8l151k4", "--base", "0x8000", "write", "p.bin"]) == 0
    assert main(["--probe", "sim:b.chip", "--part", "stm8l151k4", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.parametrize(
    ("words", "probe"),
    [
        ([], "socket://127.0.0.1:"),
        pytest.param(
            ["--pty"],
            "/dev/",
            marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo terminals of this kind"),
        ),
    ],
)
@pytest.mark.parametrize("kind", ["espstlink", "rp2040"])
def test_a_probe_at_a_serial_port_has_the_same_ends(kind: str, words: list[str], probe: str) -> None:
    with served("stm8s103f3", "--as", kind, *words) as selector:
        assert selector.startswith(f"{kind}:{probe}")
        write_and_verify(selector, "stm8s103f3")
    assert main(["--probe", "sim:b.chip", "--part", "stm8s103f3", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # in pyserial 3.5, the last release
def test_rfc_2217_carries_the_line_by_which_an_rp2040_sees_its_host() -> None:
    with served("stm8s103f3", "--as", "rp2040", "--rfc2217") as probe:
        assert probe.startswith("rp2040:rfc2217://127.0.0.1:")
        assert main(["--probe", probe, "--part", "stm8s103f3", "info"]) == 0


def test_a_client_that_never_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "_STUCK_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()[:2]) as client:
        end = ends.SocketEnd(door.accept()[0], telnet=False)
        client.sendall(b"\x7f")
        assert end.receive(1) == b"\x7f"
        end.send(bytes(1 << 26))
        assert end.receive(0) is None
        end.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--part", "stm8s103f3"], "the STM8S103F3 has no boot ROM, so nothing answers at its UART [E-USAGE]"),
        (["--part", "stlux385a"], "AN4656 describes it"),
    ],
)
def test_a_part_without_a_known_loader_is_not_served(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "create", "b.chip", *words]) == 0
    assert main(["sim", "serve-serial", "b.chip"]) != 0
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--loader-version", "9.9"], ["--loader-version", "new"], ["--port", "70000"]])
def test_a_server_that_cannot_be_is_a_usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "create", "b.chip", "--part", "stm8s208mb"]) == 0
    assert main(["sim", "serve-serial", "b.chip", *words]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize(
    ("code", "ended", "says"),
    [
        ("pass", 0, ""),
        ("raise SystemExit('no relay')", 2, "the reset command ended with 1"),
    ],
)
def test_a_command_of_the_user_resets_the_chip(
    code: str, ended: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "create", "b.chip", "--part", "stm8s208mb"]) == 0
    words = [
        "--probe",
        "serial:sim:b.chip",
        "--part",
        "stm8s208mb",
        "--reset-command",
        f'"{sys.executable}" -c "{code}"',
    ]
    assert main([*words, "info"]) == ended
    shown = capsys.readouterr()
    assert says in shown.err
    assert ("after a reset by your command" in shown.out) == (ended == 0)


def test_a_command_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "create", "b.chip", "--part", "stm8s208mb"]) == 0
    words = ["--probe", "serial:sim:b.chip", "--part", "stm8s208mb", "--reset-command", "no-such-program-here"]
    assert main([*words, "info"]) == 2
    assert "the reset command cannot run: no-such-program-here" in capsys.readouterr().err
