"""How the link to a boot ROM's loader gets back in step after a broken frame, against a line with scripted answers."""

from __future__ import annotations

import pytest

from clocks import StandingClock
from stm8tool.errors import SerialError
from stm8tool.uart.entry import reach
from stm8tool.uart.link import ACK, NACK, SYNC, LoaderLink
from stm8tool.uart.settings import Reset, SerialSettings, UartMode

REFUSED, SILENT = bytes([NACK]), b""
KNOWN = bytes((ACK, 5, 0x13, 0x00, 0x11, 0x21, 0x31, 0x43, ACK))


class ScriptedLine:
    """A serial line whose other end answers each byte as the script says, and then never again."""

    def __init__(self, *answers: bytes) -> None:
        self.clock = StandingClock()
        self.sent: list[int] = []
        self._answers = list(answers)

    def drop_input(self) -> None:
        """Nothing waits."""

    def write(self, data: bytes) -> None:
        self.sent += data

    def read(self, _size: int, _timeout_s: float) -> bytes:
        return self._answers.pop(0) if self._answers else SILENT


class EchoingLoader:
    """A line to a loader that awaits its bytes back, one after the other; it knows a sync and GET.

    Args:
        sync: It awaits the answer to the first sync, too.
        refusal: It awaits a refusal, too.
        refuses: It refuses a wrong byte in place of its own; otherwise it takes any byte.
    """

    sets_parity = False
    place = "a test"

    def __init__(self, *, sync: bool, refusal: bool, refuses: bool) -> None:
        self.clock = StandingClock()
        self._awaits = {ACK: sync, NACK: refusal}
        self._refuses = refuses
        self._synced = False
        self._due: list[int] = []  # its bytes: the first one was sent and is awaited
        self._frame = b""
        self._sent = b""

    def open(self, baud: int) -> None:
        """Be open."""

    def close(self) -> None:
        """Be closed."""

    def set_parity(self, *, even: bool) -> None:
        """Have none."""

    def drop_input(self) -> None:
        self._sent = b""

    def read(self, size: int, timeout_s: float) -> bytes:
        found, self._sent = self._sent[:size], self._sent[size:]
        self.clock.sleep(timeout_s if len(found) < size else 0.0)
        return found

    def write(self, data: bytes) -> None:
        for byte in data:
            self._take(byte)

    def _say(self, data: bytes, *, awaited: bool = True) -> None:
        self._sent += data[:1]
        self._due = list(data) if awaited else []

    def _refuse(self) -> None:
        self._frame = b""
        self._say(REFUSED, awaited=self._awaits[NACK])

    def _take(self, byte: int) -> None:
        if self._due:
            expected = self._due.pop(0)
            if byte != expected and self._refuses:
                self._refuse()
            else:
                self._sent += bytes(self._due[:1])
        elif not self._synced:
            self._synced = byte == SYNC
            self._say(bytes([ACK]) * self._synced, awaited=self._awaits[ACK])
        elif byte == SYNC and not self._frame:
            self._refuse()
        else:
            self._frame += bytes([byte])
            if self._frame == b"\x00\xff":
                self._frame = b""
                self._say(KNOWN)
            elif len(self._frame) == 2:
                self._refuse()


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("refusal", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_loader_that_awaits_any_of_its_bytes_is_reached(sync: bool, refusal: bool, refuses: bool) -> None:
    line = EchoingLoader(sync=sync, refusal=refusal, refuses=refuses)
    found = reach(line, SerialSettings(reset=Reset.NONE))  # type: ignore[arg-type]
    assert (found.version, found.mode) == (0x13, UartMode.REPLY)
    assert line.clock.now() < 2.0


def test_it_ends_after_two_refused_syncs_in_a_row() -> None:
    # The first refusal ends the frame. The next one may be that of a late byte of the frame, so one is not enough.
    line = ScriptedLine(SILENT, REFUSED, REFUSED, SILENT, REFUSED, REFUSED)
    LoaderLink(line).recover()  # type: ignore[arg-type]
    assert line.sent[2:] == [SYNC] * 4
    assert SYNC not in line.sent[:2]


def test_it_ends_if_the_loader_takes_every_other_sync_for_its_own_byte() -> None:
    line = ScriptedLine(REFUSED, SILENT, REFUSED, SILENT, REFUSED, SILENT)
    LoaderLink(line).recover()  # type: ignore[arg-type]
    assert line.sent[1:] == [SYNC] * 5


def test_bytes_of_an_old_answer_are_no_end() -> None:
    line = ScriptedLine(REFUSED, REFUSED, b"\x00", REFUSED, b"\x00", REFUSED, REFUSED)
    LoaderLink(line).recover()  # type: ignore[arg-type]
    assert line.sent[1:] == [SYNC] * 6


def test_a_loader_that_never_answers_is_an_error() -> None:
    line = ScriptedLine()
    with pytest.raises(SerialError):
        LoaderLink(line).recover()  # type: ignore[arg-type]
    assert SYNC not in line.sent
