"""How the link to a boot ROM's loader gets back in step after a broken frame, against a line with scripted answers."""

from __future__ import annotations

import pytest

from clocks import StandingClock
from stm8tool.errors import SerialError
from stm8tool.uart.link import NACK, SYNC, LoaderLink

REFUSED, SILENT = bytes([NACK]), b""


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
