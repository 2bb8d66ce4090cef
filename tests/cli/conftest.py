"""The desk of the command line tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import counting_board, production_shop
from cli.compat import Flash
from cli.desk import STM8L, STM8S, Desk
from cli.plain_chip import Facts
from cli.second_bench import FACTS, Bench
from cli.second_probe import SecondProbe, attach
from cli.serial_probe import CONTENT
from cli.uart_board import program
from stm8tool.image import Segment, save
from stm8tool.support import handover


@pytest.fixture(autouse=True)
def _no_locks_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the locks of probes that are not files out of the cache of the user who runs the tests."""
    monkeypatch.setattr(handover, "_folder", lambda: tmp_path / "probes")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An empty desk; what a command does to this process is undone afterwards."""
    monkeypatch.chdir(tmp_path)
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    handlers = [(number, signal.getsignal(number)) for number in numbers]
    yield Desk(tmp_path, capsys, monkeypatch)
    for number, handler in handlers:
        signal.signal(number, handler)


@pytest.fixture
def image(desk: Desk) -> str:
    """The file that is written to the board of `serial_probe`."""
    return desk.hex("a.hex", (0x8000, CONTENT))


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A desk with an image, a counter, and the sockets A and B with a blank chip in each."""
    production_shop.furnish(desk)
    return desk


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with the board of `counting_board`, for the tests of variables; other files have a board of their own."""
    counting_board.furnish(desk)
    return desk


@pytest.fixture
def at_uart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with a program, for the board of `uart_board`."""
    monkeypatch.chdir(tmp_path)
    save("firmware.hex", [Segment(0x8000, program(2048))])
    return tmp_path


@pytest.fixture
def flash(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Flash:
    """The command, and a blank STM8S103F3 to use it on."""
    desk.chip()
    return Flash(desk, capsys)


@pytest.fixture(params=[STM8S, STM8L])
def bench(request: pytest.FixtureRequest, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A part on the second probe."""
    facts: Facts = FACTS[request.param]
    return Bench(request.param, desk, attach(monkeypatch, SecondProbe(facts)))
