"""The link of an rp2040_swim over a line that answers by a list."""

from __future__ import annotations

import logging
import struct
import zlib
from collections import deque
from collections.abc import Callable
from typing import Optional, Union

import pytest

from stm8tool.errors import Code, ExchangeError, LinkFault, ProbeError, SwimError, TransportTimeoutError
from stm8tool.probe.rp2040.swim import Rp2040
from unit.scripted_line import ScriptedLine

VERSION, PINS, ENTER, RESET, READ, WRITE, DEBUG = 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0F
NAME = bytes((0, 1, 0, 1)) + b"rp2040-swim\0"
LET_GO = (PINS, b"\x02\x03\x01")
# A status, or the content after status 0, or the bytes that are made from command and number.
Answer = Union[int, bytes, Callable[[int, int], bytes]]
Row = tuple[tuple[int, bytes], Answer]


def frame(command: int, number: int, content: bytes) -> bytes:
    whole = b"RPWS\x01" + struct.pack("<BHH", command, number, len(content)) + content
    return whole + struct.pack("<I", zlib.crc32(whole))


def debug(width_ns: int = 16000, text: bytes = b"ok") -> bytes:
    return bytes(8) + struct.pack("<I", width_ns) + bytes(28) + bytes([len(text)]) + text


def nothing(command: int, number: int) -> bytes:
    return b""


def wrong_checksum(command: int, number: int) -> bytes:
    return frame(command | 0x80, number, bytes(2))[:-1] + b"\x00"


def old_number(command: int, number: int) -> bytes:
    return frame(command | 0x80, number - 1, bytes(2))


def other_command(command: int, number: int) -> bytes:
    return frame((command ^ 1) | 0x80, number, bytes(2))


def cut(command: int, number: int) -> bytes:
    return frame(command | 0x80, number, bytes(2))[:-3]


def cut_head(command: int, number: int) -> bytes:
    return b"RPWS"


def without_status(command: int, number: int) -> bytes:
    return frame(command | 0x80, number, b"\0")


def too_much(command: int, number: int) -> bytes:
    return b"RPWS\x01" + struct.pack("<BHH", command | 0x80, number, 60000)


def other_words(command: int, number: int) -> bytes:
    return b"ok\r\nready\r\n"


BROKEN = [nothing, wrong_checksum, old_number, other_command, cut, cut_head, without_status, too_much, other_words]


class PicoLine(ScriptedLine[Row]):
    """The line of an rp2040_swim; it may echo."""

    place = "rp2040:bench"

    def __init__(self, *rows: Row) -> None:
        super().__init__(*rows)
        self.dtr = self.echo = False

    def open(self, baud: int) -> None:
        assert not self.is_open
        assert baud != 1200
        self.is_open = True

    def set_parity(self, *, even: bool) -> None:
        assert not even

    def set_lines(self, *, dtr: Optional[bool] = None, rts: Optional[bool] = None) -> None:
        assert (dtr, rts) == (True, None)
        self.dtr = True

    def write(self, data: bytes) -> None:
        assert self.dtr
        self.input += data if self.echo else b""
        command, number = data[5], int.from_bytes(data[6:8], "little")
        assert data == frame(command, number, data[10:-4])
        wanted, answer = self.rows.popleft()
        assert (command, data[10:-4]) == wanted
        if callable(answer):
            self.input += answer(command, number)
        else:
            status, content = (answer, b"") if isinstance(answer, int) else (0, answer)
            self.input += frame(command | 0x80, number, struct.pack("<H", status) + content)


def read(address: int, size: int) -> tuple[int, bytes]:
    return READ, struct.pack("<IH", address, size)


def write(address: int, data: bytes) -> tuple[int, bytes]:
    return WRITE, struct.pack("<IH", address, len(data)) + data


ASKED: Row = ((VERSION, b""), NAME)


def opened(*rows: Row) -> tuple[Rp2040, PicoLine]:
    """Return an open link; `rows` follow the handshake."""
    line = PicoLine(ASKED, (LET_GO, b""), *rows)
    link = Rp2040(line)
    link.open()
    return link, line


def test_it_opens_with_dtr_lets_go_of_the_pins_and_names_itself() -> None:
    link, line = opened((LET_GO, b""))
    assert (link.info.model, link.info.firmware, link.info.place) == ("rp2040_swim", "0.1.0", "rp2040:bench")
    assert (link.has_high_speed, link.resets_on_entry, link.most_written, link.supply_mv()) == (False, True, 1018, None)
    link.close()
    assert not line.is_open
    assert not line.rows
    with pytest.raises(ProbeError, match="not open"):
        _ = link.info


def test_a_device_that_gets_out_of_its_old_frame_is_asked_again() -> None:
    line = PicoLine(((VERSION, b""), nothing), ((VERSION, b""), wrong_checksum), ASKED, (LET_GO, b""))
    Rp2040(line).open()
    assert not line.rows
    assert line.clock.now() > 2 * 0.5  # the firmware forgets a frame after half a second


@pytest.mark.parametrize("broken", BROKEN)
def test_another_device_is_not_an_rp2040_swim(broken: Answer) -> None:
    line = PicoLine(*[((VERSION, b""), broken)] * 3)
    with pytest.raises(ProbeError, match="does not answer as an rp2040_swim: ") as caught:
        Rp2040(line).open()
    assert (caught.value.code, line.is_open) == (Code.PROBE_HUNG, False)
    assert caught.value.hint


def test_a_port_that_only_returns_what_it_gets_is_said_to() -> None:
    line = PicoLine(*[((VERSION, b""), lambda command, number: frame(command, number, b""))] * 3)
    line.echo = True
    with pytest.raises(ProbeError, match="only returns what the tool sends"):
        Rp2040(line).open()


def test_an_echo_before_the_answer_does_no_harm() -> None:
    line = PicoLine(ASKED, (LET_GO, b""), (read(0x10, 1), b"\x42"))
    line.echo = True
    link = Rp2040(line)
    link.open()
    assert link.rotf(0x10, 1) == b"\x42"


@pytest.mark.parametrize("name", [b"", b"\0\1\0\1", b"\0\1\0\1another\0"])
def test_a_device_with_another_name_is_refused(name: bytes) -> None:
    line = PicoLine(((VERSION, b""), name))
    with pytest.raises(ProbeError, match="it calls itself '") as caught:
        Rp2040(line).open()
    assert (caught.value.code, line.is_open) == (Code.PROBE_REFUSES, False)


@pytest.mark.parametrize(("status", "fault"), [(5, LinkFault.SILENT), (6, LinkFault.REFUSED), (7, LinkFault.DAMAGED)])
def test_a_status_of_the_wire_has_a_meaning(status: int, fault: LinkFault) -> None:
    link, _ = opened((write(0x10, b"\x01"), status))
    with pytest.raises(SwimError) as caught:
        link.wotf(0x10, b"\x01")
    assert caught.value.fault is fault
    assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (3, Code.PROBE_REFUSES, "does not do the command 09"),
        (4, Code.PROBE_REFUSES, "does not do the command 09"),
        (8, Code.PROBE_REFUSES, "does not do the command 09"),
        (9, Code.PROBE_REFUSES, "does not do the command 09"),
        (10, Code.PROBE_HUNG, "tells an error of its own"),
        (99, Code.PROBE_HUNG, "tells the unknown status 99"),
    ],
)
def test_a_status_of_the_probe_is_its_error(status: int, code: Code, says: str) -> None:
    link, _ = opened((write(0x10, b"\x01"), status))
    with pytest.raises(ProbeError, match=says) as caught:
        link.wotf(0x10, b"\x01")
    assert caught.value.code is code
    assert caught.value.hint


@pytest.mark.parametrize("status", [1, 2])
def test_a_request_that_came_damaged_failed_as_an_exchange(status: int) -> None:
    link, _ = opened((write(0x10, b"\x01"), status))
    with pytest.raises(ExchangeError, match="came damaged"):
        link.wotf(0x10, b"\x01")


@pytest.mark.parametrize("broken", BROKEN)
def test_a_read_whose_answer_is_not_good_is_repeated_when_both_ends_are_in_step(broken: Answer) -> None:
    link, line = opened((read(0x505F, 1), broken), ASKED, (read(0x505F, 1), b"\x42"))
    assert link.rotf(0x505F, 1) == b"\x42"
    assert (link.exchanges_repeated, link.reads_repeated, len(line.rows)) == (1, 0, 0)
    assert line.clock.now() > 0.5


def test_an_answer_of_another_size_is_not_believed() -> None:
    link, _ = opened((read(0x10, 2), b"\x42"), ASKED, (read(0x10, 2), b"\x42\x43"))
    assert link.rotf(0x10, 2) == b"\x42\x43"


@pytest.mark.parametrize("broken", BROKEN)
def test_a_write_is_never_repeated(broken: Answer) -> None:
    link, line = opened((write(0x10, b"\xab\xcd"), broken), ASKED, (read(0x10, 1), b"\xab"))
    with pytest.raises((ExchangeError, TransportTimeoutError)):
        link.wotf(0x10, b"\xab\xcd")
    assert link.rotf(0x10, 1) == b"\xab"
    assert not line.rows


@pytest.mark.parametrize(("status", "tries"), [(5, 4), (6, 2), (7, 4)])
def test_a_read_that_the_chip_spoils_is_tried_again(status: int, tries: int) -> None:
    link, _ = opened(*[(read(0x505F, 1), status)] * (tries - 1), (read(0x505F, 1), b"\x42"))
    assert link.rotf(0x505F, 1) == b"\x42"
    assert link.reads_repeated == 1
    link, line = opened(*[(read(0x505F, 1), status)] * tries)
    with pytest.raises(SwimError):
        link.rotf(0x505F, 1)
    assert not line.rows


def test_long_data_go_in_pieces() -> None:
    data = bytes(range(256)) * 5
    link, line = opened(
        (write(0x8000, data[:1018]), b""),
        (write(0x8000 + 1018, data[1018:]), b""),
        (read(0x10000, 1024), data[:1024]),
        (read(0x10400, 1), b"\x55"),
    )
    link.wotf(0x8000, data)
    assert link.rotf(0x10000, 1025) == data[:1024] + b"\x55"
    assert not line.rows
    with pytest.raises(ProbeError, match="takes only 1018 bytes at once") as caught:
        link.wotf(0x8000, data, whole=True)
    assert caught.value.code is Code.PROBE_LIMIT
    with pytest.raises(ValueError, match="without data"):
        link.wotf(0x8000, b"")


def test_a_speed_that_it_does_not_have_is_refused() -> None:
    link, _ = opened()
    link.set_speed(False)
    with pytest.raises(ProbeError, match="low speed only"):
        link.set_speed(True)


@pytest.mark.parametrize(("width", "warns"), [(13999, True), (14000, False), (18000, False), (18001, True)])
def test_an_answer_to_the_entry_that_is_off_is_told_once(
    width: int, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    link, line = opened(((ENTER, b""), b""), ((DEBUG, b""), debug(width)), ((ENTER, b""), b""))
    with caplog.at_level(logging.WARNING):
        link.enter(0.0)
        link.enter(0.0)
    assert len(caplog.records) == warns
    assert not line.rows


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (5, b"PIO RX response timeout", LinkFault.SILENT),
        (5, b"PIO RX sync width out of range", LinkFault.STUCK),
        (6, b"PIO RX sync width out of range", LinkFault.REFUSED),
        (7, b"", LinkFault.DAMAGED),
    ],
)
def test_an_entry_that_fails_says_how(status: int, text: bytes, fault: LinkFault) -> None:
    link, _ = opened(((ENTER, b""), status), ((DEBUG, b""), debug(0, text)))
    with pytest.raises(SwimError) as caught:
        link.enter(0.0)
    assert caught.value.fault is fault
    assert caught.value.hint


def test_a_resync_enters_only_after_a_failure() -> None:
    link, line = opened(
        ((ENTER, b""), b""),
        ((DEBUG, b""), b"short"),
        (write(0x10, b"\x01"), 6),
        ((ENTER, b""), b""),
    )
    link.enter(0.0)
    link.resync()
    with pytest.raises(SwimError):
        link.wotf(0x10, b"\x01")
    link.resync()
    link.resync()
    assert not line.rows


def test_nrst_is_only_pulsed_where_no_entry_does_that() -> None:
    link, line = opened(((ENTER, b""), b""), ((DEBUG, b""), debug()), ((RESET, b""), b""))
    link.release_reset()
    link.assert_reset()
    link.enter(0.0)
    link.release_reset()
    assert len(line.rows) == 1
    link.assert_reset()
    link.release_reset()
    link.release_reset()
    assert not line.rows


CSR, CC = 0x7F80, 0x7F0A


def test_the_first_system_reset_proves_that_nrst_is_wired() -> None:
    link, line = opened(
        (read(CSR, 1), b"\xa2"),
        (read(CC, 1), b"\x0b"),
        (write(CC, b"\x2f"), b""),
        ((ENTER, b""), b""),
        ((DEBUG, b""), debug()),
        (read(CC, 1), b"\x28"),
        (read(CSR, 1), b"\xa2"),
        ((ENTER, b""), b""),
        (read(CSR, 1), b"\xa6"),
        ((RESET, b""), b""),
    )
    for _ in range(3):
        link.system_reset()
    assert not line.rows


@pytest.mark.parametrize("answer", [b"", 5])
def test_without_nrst_the_program_goes_on_and_the_user_is_told(answer: Answer) -> None:
    rows: list[Row] = [
        (read(CSR, 1), b"\xa2"),
        (read(CC, 1), b"\x0b"),
        (write(CC, b"\x2f"), b""),
        ((ENTER, b""), b""),
        ((DEBUG, b""), debug()),
        (read(CC, 1), b"\x2f"),
        (write(CC, b"\x0b"), answer),
    ]
    go_on: list[Row] = [(write(0x7F99, b"\0"), b""), (write(CSR, b"\x0c"), b"")]
    link, line = opened(*rows, *(go_on if answer == b"" else []))
    with pytest.raises(ProbeError, match="a pulse on NRST does not reset the chip") as caught:
        link.system_reset()
    assert (caught.value.code, len(line.rows)) == (Code.PROBE_LIMIT, 0)


def test_recover_waits_until_the_firmware_has_forgotten_a_request() -> None:
    link, line = opened(ASKED, (LET_GO, b""))
    link.recover()
    assert not line.rows
    line.rows = deque([((VERSION, b""), nothing)] * 3)
    with pytest.raises(TransportTimeoutError, match="the rp2040_swim does not answer") as caught:
        link.recover()
    assert "unplug the RP2040" in str(caught.value.hint)


def test_a_release_that_fails_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    link, line = opened((LET_GO, nothing), *[((VERSION, b""), nothing)] * 3)
    link.close()
    assert "could not release NRST" in caplog.text
    assert not line.is_open


def test_after_an_interrupt_the_late_answer_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    link, line = opened((write(0x10, b"\xab"), b""), ASKED, (LET_GO, b""))
    given = line.read

    def interrupt(_size: int, _timeout_s: float) -> bytes:
        monkeypatch.setattr(line, "read", given)
        raise KeyboardInterrupt

    monkeypatch.setattr(line, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        link.wotf(0x10, b"\xab")
    assert line.input
    link.close()
    assert (len(line.rows), line.is_open) == (0, False)
