"""The link of an espstlink over a line that answers by a list."""

from __future__ import annotations

import logging
from collections import deque
from typing import Optional, Union

import pytest

from stm8tool.errors import Code, ExchangeError, LinkFault, ProbeError, SwimError, TransportTimeoutError
from stm8tool.probe.espstlink.swim import EspStlink
from unit.scripted_line import ScriptedLine

VERSION = "FF 00 00 02"
Row = tuple[str, str]


class EspLine(ScriptedLine[Row]):
    """The line of an espstlink; it counts the pulses of RTS."""

    place = "espstlink:bench"

    def __init__(self, *rows: Row) -> None:
        super().__init__(*rows)
        self.speeds: list[int] = []
        self.pulses = 0
        self.even = True

    def open(self, baud: int) -> None:
        assert not self.is_open
        self.is_open = True
        self.speeds.append(baud)

    def set_parity(self, *, even: bool) -> None:
        self.even = even

    def set_lines(self, *, dtr: Optional[bool] = None, rts: Optional[bool] = None) -> None:
        assert dtr is False
        self.pulses += bool(rts)

    def write(self, data: bytes) -> None:
        assert not self.even
        request, answer = self.rows.popleft()
        assert data == bytes.fromhex(request)
        self.input += bytes.fromhex(answer)


def opened(*rows: Row) -> tuple[EspStlink, EspLine]:
    """Return an open link; `rows` follow the handshake."""
    line = EspLine(("FF", VERSION), ("FD FF", "FD 00"), *rows)
    link = EspStlink(line)
    link.open()
    return link, line


def test_it_opens_at_the_newer_speed_and_releases_nrst() -> None:
    link, line = opened(("FD FF", "FD 00"))
    assert (line.speeds, line.pulses) == ([921600], 0)
    assert (link.info.model, link.info.firmware, link.info.place) == ("espstlink", "0.2", "espstlink:bench")
    assert (link.has_high_speed, link.most_written, link.supply_mv()) == (False, 255, None)
    link.close()
    assert not line.is_open
    assert not line.rows


def test_after_a_restart_an_earlier_failure_asks_for_no_entry() -> None:
    link, line = opened(("00", "00 FF 00 04"), ("FD FF", "FD 00"))
    with pytest.raises(SwimError):
        link.system_reset()
    link.restart()
    link.resync()
    assert not line.rows


def test_older_firmware_is_found_at_its_speed() -> None:
    line = EspLine(*[("FF", "")] * 5, ("FF", "FF 00 00 01"), ("FD FF", "FD 00"))
    EspStlink(line).open()
    assert (line.speeds, line.pulses) == ([921600, 115200], 0)


def test_the_text_of_a_start_does_not_count_as_an_answer() -> None:
    banner = b"\r\nESP-STLINK\r\n".hex()
    line = EspLine(("FF", "FF E0 02"), ("FF", VERSION + banner), ("FF", VERSION), ("FD FF", "FD 00"))
    EspStlink(line).open()
    assert line.speeds == [921600]


@pytest.mark.parametrize(
    ("answer", "says"), [("", "does not answer"), ("7F 1F", "answers 7f 1f, which is not the answer of an espstlink")]
)
def test_another_device_is_not_an_espstlink(answer: str, says: str) -> None:
    line = EspLine(*[("FF", answer)] * 20)
    with pytest.raises(ProbeError, match=says) as caught:
        EspStlink(line).open()
    assert caught.value.code is Code.PROBE_HUNG
    assert (line.speeds, line.pulses, line.is_open) == ([921600, 115200] * 2, 2, False)


def test_newer_firmware_is_refused() -> None:
    line = EspLine(("FF", "FF 00 00 03"))
    with pytest.raises(ProbeError, match=r"firmware 0\.3, and this tool knows versions up to 0\.2") as caught:
        EspStlink(line).open()
    assert (caught.value.code, line.is_open) == (Code.PROBE_REFUSES, False)


def test_the_first_firmware_never_gets_a_command_for_nrst() -> None:
    line = EspLine(*[("FF", "")] * 5, ("FF", "FF 00 00 00"))
    link = EspStlink(line)
    link.open()
    link.release_reset()
    with pytest.raises(SwimError, match="cannot move NRST"):
        link.assert_reset()
    link.close()


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (1, LinkFault.SILENT),
        (2, LinkFault.DAMAGED),
        (3, LinkFault.DAMAGED),
        (4, LinkFault.REFUSED),
        (20, LinkFault.SILENT),
        (28, LinkFault.SILENT),
        (77, None),
    ],
)
def test_an_error_of_the_wire_has_a_meaning(code: int, fault: Optional[LinkFault]) -> None:
    link, _ = opened(("00", f"00 FF 00 {code:02X}"))
    with pytest.raises(SwimError) as caught:
        link.system_reset()
    assert caught.value.fault is fault
    assert caught.value.hint


@pytest.mark.parametrize(("code", "fault"), [(5, LinkFault.SILENT), (6, LinkFault.STUCK)])
def test_after_an_entry_that_failed_the_esp8266_is_asked_if_it_still_answers(code: int, fault: LinkFault) -> None:
    link, line = opened(("FE", f"FE FF 00 0{code}"), ("FF", VERSION))
    with pytest.raises(SwimError) as caught:
        link.enter(0.0)
    assert (caught.value.fault, line.pulses) == (fault, 0)


def test_an_esp8266_that_is_deaf_after_an_entry_is_reset() -> None:
    link, line = opened(("FE", "FE FF 00 05"), ("FF", ""), ("FF", VERSION))
    with pytest.raises(SwimError):
        link.enter(0.0)
    assert (line.pulses, len(line.rows)) == (1, 0)


@pytest.mark.parametrize(("cycles", "warns"), [("04 B0", False), ("05 50", False), ("04 AF", True), ("05 51", True)])
def test_an_answer_to_the_entry_that_is_off_is_told_once(
    cycles: str, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    link, _ = opened(*[("FE", "FE 00 " + cycles)] * 2)
    with caplog.at_level(logging.WARNING):
        link.enter(0.0)
        link.enter(0.0)
    assert len(caplog.records) == warns


def test_a_resync_enters_only_after_a_failure() -> None:
    link, line = opened(("00", "00 FF 00 01"), ("FE", "FE 00 05 00"))
    link.resync()
    with pytest.raises(SwimError):
        link.system_reset()
    link.resync()
    link.resync()
    assert not line.rows


def test_long_data_go_in_pieces_of_255_bytes() -> None:
    data = bytes(range(256)) * 2
    link, line = opened(
        ("02 FF 00 80 00" + data[:255].hex(), "02 00 FF 00 80 00"),
        ("02 FF 00 80 FF" + data[255:510].hex(), "02 00 FF 00 80 FF"),
        ("02 02 00 81 FE" + data[510:].hex(), "02 00 02 00 81 FE"),
        ("01 FF 01 00 00", "01 00 FF 01 00 00" + data[:255].hex()),
        ("01 01 01 00 FF", "01 00 01 01 00 FF 55"),
    )
    link.wotf(0x8000, data)
    assert link.rotf(0x10000, 256) == data[:255] + b"\x55"
    assert not line.rows
    with pytest.raises(ProbeError, match="takes only 255 bytes at once"):
        link.wotf(0x8000, data, whole=True)


def test_a_speed_that_it_does_not_have_is_refused() -> None:
    link, _ = opened()
    link.set_speed(False)
    with pytest.raises(ProbeError, match="low speed only"):
        link.set_speed(True)


READ_ONE = "01 01 00 50 5F"
GOOD = "01 00 01 00 50 5F 42"


@pytest.mark.parametrize(
    ("first", "between", "pulses"),
    [
        ("", [], 1),  # nothing: the command may be in the ESP8266 in part
        ("01 00 01 00 50 5F", [], 1),  # a byte of the answer is lost
        ("01 07", [], 1),
        ("01 00 01 00 58 5F 42", [], 1),  # the address that comes back is another one
    ],
)
def test_a_read_whose_answer_is_not_good_is_repeated(first: str, between: list[Row], pulses: int) -> None:
    link, line = opened((READ_ONE, first), ("FF", VERSION), *between, (READ_ONE, GOOD))
    assert link.rotf(0x505F, 1) == b"\x42"
    assert (link.exchanges_repeated, line.pulses) == (1, pulses)


@pytest.mark.parametrize(("code", "tries"), [(1, 2), (4, 2), (3, 4), (2, 4)])
def test_a_read_that_the_chip_spoils_is_tried_again(code: int, tries: int) -> None:
    link, _ = opened(*[(READ_ONE, f"01 FF 00 0{code}")] * (tries - 1), (READ_ONE, GOOD))
    assert link.rotf(0x505F, 1) == b"\x42"
    assert link.reads_repeated == 1
    link, line = opened(*[(READ_ONE, f"01 FF 00 0{code}")] * tries)
    with pytest.raises(SwimError):
        link.rotf(0x505F, 1)
    assert not line.rows


WRITE_TWO = "02 02 00 00 10 AB CD"


@pytest.mark.parametrize(("answer", "error"), [("", TransportTimeoutError), ("02 00 02 00", ExchangeError)])
def test_a_write_is_never_repeated_and_its_rest_is_never_sent(
    answer: str, error: Union[type[TransportTimeoutError], type[ExchangeError]]
) -> None:
    link, line = opened((WRITE_TWO, answer), ("FF", VERSION), ("00", "00 00"))
    with pytest.raises(error):
        link.wotf(0x10, b"\xab\xcd")
    link.system_reset()
    assert (line.pulses, len(line.rows)) == (1, 0)


def test_an_answer_that_comes_late_needs_no_reset() -> None:
    link, line = opened((WRITE_TWO, ""), ("FF", VERSION), ("00", "00 00"))
    with pytest.raises(TransportTimeoutError):
        link.wotf(0x10, b"\xab\xcd")
    line.input = bytes.fromhex("02 00 02 00 00 10")
    link.system_reset()
    assert line.pulses == 0


@pytest.mark.parametrize("when", ["at once", "after the question"])
def test_a_write_to_a_wrong_place_ends_the_command(when: str) -> None:
    wrong = "02 00 02 00 10 10"
    rows = [(WRITE_TWO, wrong)] if when == "at once" else [(WRITE_TWO, ""), ("FF", wrong)]
    link, _ = opened(*rows)
    if when != "at once":
        with pytest.raises(TransportTimeoutError):
            link.wotf(0x10, b"\xab\xcd")
    says = "says that it wrote 2 bytes at 0x001010, not 2 bytes at 0x000010"
    with pytest.raises(ProbeError, match=says) as caught:
        link.wotf(0x10, b"\xab\xcd")
    assert caught.value.hint


def test_a_write_of_one_byte_that_lost_its_count_wrote_nothing() -> None:
    link, line = opened(("02 01 00 50 62 AE", "02 00 00 50 62 AE"), ("FF", VERSION), ("00", "00 00"))
    with pytest.raises(ExchangeError, match="wrote nothing"):
        link.wotf(0x5062, b"\xae")
    link.system_reset()
    assert not line.rows


def test_a_write_that_the_question_completes_at_its_place_is_left_to_the_caller() -> None:
    link, line = opened((WRITE_TWO, ""), ("FF", "02 00 02 00 00 10"), ("FF", VERSION), ("00", "00 00"))
    with pytest.raises(TransportTimeoutError):
        link.wotf(0x10, b"\xab\xcd")
    link.system_reset()
    assert not line.rows


def test_an_esp8266_that_stays_silent_is_said_to_hang() -> None:
    link, _ = opened(("00", ""), *[("FF", "")] * 10)
    with pytest.raises(TransportTimeoutError):
        link.system_reset()
    with pytest.raises(TransportTimeoutError, match="does not answer"):
        link.system_reset()
    with pytest.raises(TransportTimeoutError) as caught:
        link.recover()
    assert "reset button" in str(caught.value.hint)


def test_recover_resets_the_esp8266() -> None:
    link, line = opened(("FF", VERSION))
    link.recover()
    assert line.pulses == 1


def test_it_says_if_it_is_not_open() -> None:
    with pytest.raises(ProbeError, match="not open"):
        _ = EspStlink(EspLine()).info


def test_a_release_that_fails_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    link, line = opened(*[("FD FF", "FD 07")] * 2, *[("FF", "")] * 10)
    line.rows = deque([("FD FF", "FD 07"), *[("FF", "")] * 5])
    link.close()
    assert "could not release NRST" in caplog.text
    assert not line.is_open


def test_after_an_interrupt_the_next_command_finds_the_esp8266_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    link, line = opened((WRITE_TWO, ""), ("FF", VERSION), ("FD FF", "FD 00"))
    read = line.read

    def interrupt(_size: int, _timeout_s: float) -> bytes:
        monkeypatch.setattr(line, "read", read)
        raise KeyboardInterrupt

    monkeypatch.setattr(line, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        link.wotf(0x10, b"\xab\xcd")
    line.input = bytes.fromhex("02 00 02 00 00 10")  # the ESP8266 has gone on
    link.close()
    assert (line.pulses, len(line.rows), line.is_open) == (0, 0, False)
