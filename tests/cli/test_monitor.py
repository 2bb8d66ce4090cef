"""`monitor`: both directions, its ends, and how it refuses."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cli.desk import Desk, talking
from stm8tool.cli import monitor
from stm8tool.cli.console import Console
from stm8tool.sim.clock import VirtualClock


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with board.chip, whose program says hello."""
    desk.chip(content=talking())
    desk.hex("talking.hex", (0x8000, talking()))
    desk.hex("other.hex", (0x8000, talking()[:-1] + b"\xfd"))
    return desk


def test_the_text_of_the_program_is_all_of_stdout(board: Desk) -> None:
    result = board.flash("monitor", "talking.hex", "--for", "50ms")
    assert (result.code, result.out) == (0, "hello\n")
    assert board.flash("monitor", "--for", "50ms").out == ""  # it was read


def test_text_that_does_not_come_ends_with_a_code(board: Desk) -> None:
    result = board.flash("monitor", "--until", "goodbye", "--for", "50ms")
    assert result.code == 1
    assert result.reason == "error: the program did not write 'goodbye' in that time [E-RUN-TIME]"


def test_a_text_of_bytes_that_are_not_utf_8_is_waited_for_like_any_other(board: Desk) -> None:
    result = board.flash(
        "monitor", "--until", "\udcff", "--for", "50ms"
    )  # as Python has the byte 0xFF of a command line
    assert result.reason == r"error: the program did not write '\udcff' in that time [E-RUN-TIME]"


def test_text_that_was_there_before_may_be_old_and_that_is_said_once(board: Desk) -> None:
    doubt = (
        "monitor: the first 6 bytes waited in RAM and may be of an earlier program; give the program's ELF to be sure"
    )
    assert board.flash("monitor", "--for", "50ms").err.splitlines().count(doubt) == 1
    assert doubt not in board.flash("monitor", "--for", "50ms").err  # it was read, so the next text is a new one


def test_text_may_come_in_pieces_and_is_found(board: Desk) -> None:
    assert board.flash("monitor", "--until", "hello\n", "--for", "50ms").code == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--until", ""], "error: --until needs a text [E-USAGE]"),
        (["--for", "soon"], "error: --for soon is not a time [E-USAGE]"),
        (["--port", "COM3"], "error: --port COM3 is not a port on this machine's loopback [E-USAGE]"),
        (
            ["--port", "socket://0.0.0.0:4000"],
            "error: --port socket://0.0.0.0:4000 is not a port on this machine's loopback [E-USAGE]",
        ),
        (
            ["--port", "socket://127.0.0.1:70000"],
            "error: --port socket://127.0.0.1:70000: a port is a number from 1 to 65535 [E-USAGE]",
        ),
        (["other.hex"], "error: the chip runs another program than other.hex [E-OTHER-BUILD]"),
        (["missing.elf"], "error: missing.elf: no such file [E-FILE]"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused(board: Desk, words: list[str], reason: str) -> None:
    result = board.flash("monitor", "--for", "50ms", *words) if "--for" not in words else board.flash("monitor", *words)
    assert result.code in (1, 2)
    assert (result.out, result.reason) == ("", reason)
    assert result.hint


def test_a_blank_chip_has_no_console(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("monitor", "--for", "50ms")
    assert result.reason == "error: the running program shows no console in its RAM [E-NO-CONSOLE]"


def test_a_client_on_loopback_gets_the_text(board: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    found = b""

    def listen() -> None:
        nonlocal found
        while not found:
            try:
                with socket.create_connection(("127.0.0.1", number), timeout=30) as client:
                    while not found.endswith(b"hello\n"):
                        found += client.recv(100)
            except ConnectionRefusedError:  # it is not there yet
                continue

    client = threading.Thread(target=listen)
    client.start()
    result = board.flash("monitor", "--port", f"socket://127.0.0.1:{number}", "--until", "hello")
    client.join()
    assert found == b"hello\n"
    assert result.out == ""


class _Program:
    """A program with room for four bytes at a time, and a clock."""

    takes_input = True
    lost = 0

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.got = b""

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        taken = data[:4] if len(self.got) < 40 else b""
        self.got += taken
        return len(taken)


@pytest.mark.parametrize(("sent", "got"), [(b"a" * 30, 30), (b"a" * 60, 40)], ids=["all", "the rest is given up"])
def test_what_stdin_held_at_its_end_goes_to_the_program(sent: bytes, got: int) -> None:
    running: Any = _Program()
    end: Any = SimpleNamespace(is_there=lambda: True, has_ended=False, input_has_ended=True, text="")
    pieces = [sent]
    end.get = lambda: pieces.pop() if pieces else b""
    pump = monitor._Pump(running, end, Console("lines"))
    pump.run(None, None)
    assert (len(running.got), pump.result().sent, pump.result().end) == (got, got, "input")


def test_a_part_that_only_a_reset_shows_is_refused(board: Desk) -> None:
    result = board.flash("monitor", "--for", "50ms", part="auto")
    assert (result.code, result.out) == (2, "")
    assert board.flash("monitor", "--for", "50ms").out == "hello\n"
