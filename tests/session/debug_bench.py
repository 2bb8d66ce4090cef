"""A simulated board that our GDB server serves, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from patience import LIMIT_S
from rsp_client import RspClient
from session.bench import Board
from stm8tool.debugger.server import GdbServer
from stm8tool.debugger.stub import Settings, Stub
from stm8tool.debugger.target import Target
from stm8tool.errors import ToolError
from stm8tool.sim.faults import parse

START = 0x8080
LOOP = {
    START: b"\x3c\x10"  # inc 0x10
    b"\x4c"  # inc a
    b"\xcd\x80\x90"  # call 0x8090
    b"\xc7\x00\x20"  # ld 0x20, a
    b"\x20\xf5",  # jra START
    0x8090: b"\x9d\x81",  # nop; ret
}


def board_with(program: Optional[dict[int, bytes]] = None, part: str = "stm8s103f3", model: str = "v3") -> Board:
    """Return a board whose program begins at START."""
    board = Board(part, model, loader=True)
    board.chip.flash.write(0x8000, b"\x82\x00" + START.to_bytes(2, "big"))
    for address, code in (LOOP if program is None else program).items():
        board.chip.flash.write(address, code)
    return board


def give_faults(board: Board, *names: str) -> None:
    """Give a board other faults."""
    board.probe.faults = board.chip.faults = board.probe.firmware.faults = parse(names)


class Service:
    """A running server.

    Attributes:
        board: Its board.
        port: Its port.
        said: Its lines for the user.
        error: What ended it; None if it was told to end.
    """

    def __init__(self, board: Board, settings: Settings) -> None:
        self.board = board
        self.port = 0
        self.said: list[str] = []
        self.error: Optional[Exception] = None
        self._settings = settings
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with self.board.open() as chip, Target(chip, self._say) as target:
                stub = Stub(target, self._settings, self._say)
                self._server = GdbServer(
                    stub, 0, self.said.append, self._ended.is_set, lambda seconds: target.clock.sleep(seconds)
                )
                self._server.serve(self._serves)
        except (ToolError, AssertionError) as exc:
            self.error = exc
        finally:
            self._ready.set()

    def _say(self, text: str) -> None:
        self._server.notify(text)

    def _serves(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def start(self) -> None:
        """Start it, and wait until clients may come."""
        self._thread.start()
        assert self._ready.wait(LIMIT_S)

    def end(self) -> None:
        """Tell it to end, and wait for that."""
        self._ended.set()
        self.wait()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()

    def client(self, *, acks: bool = False) -> RspClient:
        """Return a new client."""
        return RspClient(self.port, acks=acks)


@contextmanager
def serving(
    board: Optional[Board] = None, settings: Optional[Settings] = None, fails: bool = False
) -> Iterator[Service]:
    """Serve a board until the end of the block. Unless it `fails`, the server must end without an error."""
    service = Service(board or board_with(), settings or Settings())
    service.start()
    try:
        yield service
    finally:
        service.end()
    assert fails == (service.error is not None), service.error
