"""`gdbserver` as a process: its port, its ends, and who lets the chip go if it is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from cli.desk import ROOT, STM8S, Desk
from patience import LIMIT_S
from rsp_client import ClosedError, RspClient
from session.debug_bench import LOOP, START

_TOOL = str(ROOT / "tool")


def looping() -> bytes:
    """Return the program of the bench as one piece."""
    flash = bytearray(0x100)
    flash[:4] = b"\x82\x00" + START.to_bytes(2, "big")
    for address, code in LOOP.items():
        flash[address - 0x8000 : address - 0x8000 + len(code)] = code
    return bytes(flash)


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with board.chip, whose program counts."""
    desk.chip(content=looping())
    desk.hex("held.hex", (0x8000, looping()))
    desk.hex("other.hex", (0x8000, looping()[:-1] + b"\x01"))
    return desk


class Served:
    """A server as a process.

    Attributes:
        process: The process.
        port: Its port; 0 if it did not begin.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", _pipe(process.stdout).readline())
        self.port = int(found[1]) if found else 0

    def end(self) -> tuple[int, str]:
        """Close its stdin; return its exit code and its stderr."""
        _, err = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, err


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@contextmanager
def serving(desk: Desk, *words: str) -> Iterator[Served]:
    """Start a server for board.chip on a free port."""
    command = [sys.executable, "-I", _TOOL, "--probe", "sim:board.chip", "--part", STM8S, "gdbserver", "--port", "0"]
    process = subprocess.Popen(
        [*command, *words],
        cwd=desk.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield Served(process)
        finally:
            process.kill()


def is_free(desk: Desk) -> bool:
    """Wait until nothing holds the board; tell whether its program runs, without breakpoints."""
    result = desk.flash("info")
    assert result.code == 0, result.err
    return desk.is_idle()


def test_the_end_of_stdin_ends_the_server_and_the_program_runs(board: Desk) -> None:
    with serving(board, "--end-with-stdin", "held.hex") as server, RspClient(server.port) as client:
        client.monitor("reset halt")
        assert client.step() == "T05"
        assert server.end()[0] == 0
        with pytest.raises(ClosedError):
            client.packet()
    assert is_free(board)


def test_a_program_reads_the_port_and_the_clients_as_events_and_one_object_at_the_end(board: Desk) -> None:
    command = [sys.executable, "-I", _TOOL, "--json", "--events", "--probe", "sim:board.chip", "--part", STM8S]
    with subprocess.Popen(
        [*command, "gdbserver", "--port", "0", "--end-with-stdin"],
        cwd=board.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        lines = (json.loads(line) for line in _pipe(process.stderr))
        try:
            port = next(event["port"] for event in lines if event["event"] == "listening")
            with RspClient(port) as client:
                assert client.ask("?") == "S02"
            came = [next(event["is_there"] for event in lines if event["event"] == "client") for _ in range(2)]
            _pipe(process.stdin).close()
            *_, last = lines
            told = json.loads(_pipe(process.stdout).read())
            assert process.wait(timeout=LIMIT_S) == 0
        finally:
            process.kill()
    assert came == [True, False]
    assert (last["event"], last["ok"]) == ("end", True)
    assert told["result"] == {"host": "127.0.0.1", "port": port, "clients": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL; its TerminateProcess is the same to the server")
def test_a_server_that_is_killed_lets_the_chip_go(board: Desk) -> None:
    with serving(board, "--end-with-stdin") as server, RspClient(server.port) as client:
        client.monitor("reset halt")
        assert client.ask("Z1,8080,1") == "OK"
        assert client.go_on() == "T05"
        server.process.send_signal(signal.SIGKILL)
        with pytest.raises(ClosedError):
            client.packet()
    assert is_free(board)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console, not to one process")
def test_ctrl_c_ends_a_server_on_a_terminal_but_not_the_one_of_pio_debug(board: Desk) -> None:
    with serving(board) as server, RspClient(server.port) as client:
        assert client.ask("?") == "S02"
        server.process.send_signal(signal.SIGINT)
        code, err = server.end()
    assert code == 130
    assert err.splitlines()[-1] == "interrupted: the probe is released"  # nothing was being written
    assert is_free(board)
    with serving(board, "--end-with-stdin") as server, RspClient(server.port) as client:
        server.process.send_signal(signal.SIGINT)
        assert client.ask("?") == "S02"
        assert server.end()[0] == 0


def test_a_port_in_use_is_an_error_with_a_hint(board: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        number = taken.getsockname()[1]
        result = board.flash("gdbserver", "--port", str(number))
    assert result.code == 2
    assert result.reason.startswith(f"error: port {number} cannot be used: ")
    assert "another program has it" in result.hint
    assert board.is_idle()


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "٣٣٣٣"])
def test_a_port_that_is_none_is_refused(board: Desk, port: str) -> None:
    result = board.flash("gdbserver", f"--port={port}")
    assert result.code == 2
    assert result.reason.endswith("is not a port [E-USAGE]")


def test_a_chip_that_does_not_answer_ends_the_server_at_once(desk: Desk) -> None:
    desk.chip(faults=["swim-open"])
    result = desk.flash("gdbserver", "--port", "0")
    assert result.code == 4
    assert result.reason.endswith("[E-TARGET-SILENT]")
    assert "gdbserver --reset" in result.hint


def test_a_chip_that_sleeps_in_halt_is_reached_with_a_reset(desk: Desk) -> None:
    desk.chip(content=b"\x82\x00\x80\x04\x8e\x20\xfd")
    desk.run("sim", "run", "board.chip", "--for", "1ms")
    assert desk.flash("gdbserver", "--port", "0").code == 4
    with serving(desk, "--reset", "--end-with-stdin") as server:
        with RspClient(server.port) as client:
            assert client.pc == 0x8000
            assert client.step() == "T05"
            assert client.pc == 0x8004
        assert server.end()[0] == 0


def test_a_locked_chip_is_told_at_the_start_and_can_be_unlocked_by_a_client(desk: Desk) -> None:
    desk.chip(locked=True)
    with serving(desk, "--end-with-stdin") as server:
        with RspClient(server.port) as client:
            assert client.ask("g").endswith("[E-ROP-READ]")
            assert client.monitor("unlock").startswith("unlocked")
        code, err = server.end()
    assert code == 0
    assert err.startswith("gdbserver: the chip is read-protected (")
    assert desk.flash("read", "out.bin").code == 0


def test_another_program_is_told_by_its_content(board: Desk) -> None:
    with serving(board, "other.hex", "--end-with-stdin") as server:
        with RspClient(server.port) as client:
            assert client.step() == "T05"
        _, err = server.end()
    assert "the chip runs another program than other.hex" in err
    assert "[E-OTHER-BUILD]" in err


def test_the_exit_code_of_the_server_passes_the_guard(desk: Desk) -> None:
    desk.chip(faults=["swim-open"])
    with serving(desk, "--end-with-stdin") as server:
        code, err = server.end()
    assert code == 4
    assert err.splitlines()[-1].endswith("[E-TARGET-SILENT]")
