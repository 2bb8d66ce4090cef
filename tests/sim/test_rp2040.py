"""The simulated rp2040_swim: frames in and frames out, as the code of its firmware has them."""

from __future__ import annotations

import struct
import zlib
from typing import Optional

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.faults import parse
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.serial.rp2040 import USB_BYTE_S, Rp2040Firmware
from stm8tool.sim.serial.wire import Wire
from stm8tool.sim.switches import Switches

OK, BAD_COMMAND, BAD_ARGUMENT, SILENT, NACK, TARGET, UNSUPPORTED = 0, 3, 4, 5, 6, 7, 8
VERSION, PINS, SPEED, ENTER, RESET, READ, WRITE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x08, 0x09
VERIFY, LAST_ERROR, DEBUG, WAVEFORM, RELEASE = 0x0C, 0x0D, 0x0F, 0x10, 0x12
CSR, DM_CSR2 = 0x7F80, 0x7F99


def framed(command: int, payload: bytes = b"", number: int = 7, magic: bytes = b"\x52\x50\x57\x53\x01") -> bytes:
    content = magic + bytes([command]) + struct.pack("<HH", number, len(payload)) + payload
    return content + struct.pack("<I", zlib.crc32(content))


class PicoBench:
    """An RP2040 that is wired to a chip; each byte comes when the answer to those before it is through."""

    def __init__(self, *faults: str, part: str = "stm8s103f3", switches: Optional[Switches] = None) -> None:
        self.chip = Microcontroller(find_part(part), switches=switches or Switches())
        self.chip.faults = parse(faults)
        self.now = 1.0
        self.pico = Rp2040Firmware(self.chip, self.now)

    def send(self, data: bytes) -> bytes:
        """Send bytes and return those that come back."""
        found = bytearray()
        for byte in data:
            for sent in self.pico.take(byte, self.now):
                found.append(sent.byte)
                self.now = max(self.now, sent.at)
        return bytes(found)

    def ask(self, command: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Send a request; return status and content of its answer."""
        answer = self.send(framed(command, payload))
        assert answer[:8] == b"\x52\x50\x57\x53\x01" + bytes([command | 0x80]) + b"\x07\x00"
        assert zlib.crc32(answer[:-4]) == int.from_bytes(answer[-4:], "little")
        assert int.from_bytes(answer[8:10], "little") == len(answer) - 14
        return int.from_bytes(answer[10:12], "little"), answer[12:-4]

    def read(self, address: int, size: int) -> tuple[int, bytes]:
        return self.ask(READ, struct.pack("<IH", address, size))

    def write(self, address: int, data: bytes, size: Optional[int] = None) -> int:
        return self.ask(WRITE, struct.pack("<IH", address, len(data) if size is None else size) + data)[0]


def test_it_tells_its_name_and_version() -> None:
    assert PicoBench().ask(VERSION) == (OK, b"\x00\x01\x00\x01rp2040-swim\x00")


def test_an_entry_resets_stalls_and_opens_the_bus() -> None:
    bench = PicoBench()
    assert bench.ask(ENTER) == (OK, b"")
    assert (bench.chip.nrst_low, bench.chip.state) == (False, "stalled")
    assert bench.read(CSR, 1) == (OK, b"\xa2")
    assert bench.write(0x10, b"\x11\x22\x33") == OK
    assert bench.read(0x0F, 4) == (OK, bytes([bench.chip.ram.data[0x0F], 0x11, 0x22, 0x33]))


def test_a_number_is_returned_and_never_looked_at() -> None:
    bench = PicoBench()
    for number in (9, 9, 2, 0xFFFF):
        assert bench.send(framed(VERSION, number=number))[6:8] == struct.pack("<H", number)


@pytest.mark.parametrize(
    "wrong",
    [
        framed(VERSION)[:-1] + b"\x00",
        framed(VERSION, magic=b"\x52\x50\x57\x53\x02"),
        framed(VERSION, magic=b"\x53\x50\x57\x53\x01"),
        framed(VERSION)[:-1],
        b"\x00" * 13,
    ],
)
def test_a_frame_that_is_not_right_gets_no_answer_and_is_forgotten_after_half_a_second(wrong: bytes) -> None:
    bench = PicoBench()
    assert bench.send(wrong) == b""
    bench.now += 0.6
    assert bench.ask(VERSION)[0] == OK


def test_a_lost_byte_takes_the_next_request_with_it() -> None:
    bench = PicoBench()
    assert bench.send(framed(VERSION)[1:] + framed(VERSION)) == b""


def test_a_frame_that_says_too_much_is_dropped_with_its_head() -> None:
    bench = PicoBench()
    assert bench.send(framed(WRITE, bytes(1025))[:10] + framed(VERSION))[5] == VERSION | 0x80


@pytest.mark.parametrize(
    ("command", "payload", "status"),
    [
        (0x00, b"", BAD_COMMAND),
        (0x13, b"", BAD_COMMAND),
        (PINS, b"\x02\x03", BAD_ARGUMENT),
        (SPEED, b"", BAD_ARGUMENT),
        (SPEED, b"\x02", BAD_ARGUMENT),
        (READ, b"\x00\x80\x00\x00\x01", BAD_ARGUMENT),
        (READ, b"\x00\x80\x00\x00\x01\x04", BAD_ARGUMENT),
        (WRITE, b"\x00\x00\x00\x00", BAD_ARGUMENT),
        (WRITE, b"\x00\x00\x00\x00\x02\x00\x11", BAD_ARGUMENT),
        (WAVEFORM, b"\x00", BAD_ARGUMENT),
        (WAVEFORM, struct.pack("<I", 60001), BAD_ARGUMENT),
        (VERIFY, b"", UNSUPPORTED),
        (READ, struct.pack("<IH", 0x8000, 1), SILENT),
        (WRITE, struct.pack("<IH", 0, 1) + b"\x00", SILENT),
        (SPEED, b"\x01", SILENT),
        (READ, struct.pack("<IH", 0x8000, 0), OK),
        (WRITE, struct.pack("<IH", 0x8000, 0), OK),
        (SPEED, b"\x00", OK),
        (WAVEFORM, struct.pack("<I", 5), OK),
        (RELEASE, b"", OK),
    ],
)
def test_a_request_without_an_entry_ends_as_the_firmware_ends_it(command: int, payload: bytes, status: int) -> None:
    assert PicoBench().ask(command, payload) == (status, b"")


@pytest.mark.parametrize("command", [0x0A, 0x0B, 0x0E, 0x11])
def test_work_that_is_not_simulated_is_a_gap(command: int) -> None:
    with pytest.raises(SimGapError, match="does not have the command that"):
        PicoBench().ask(command, bytes(8))


def test_the_last_error_is_a_text() -> None:
    bench = PicoBench()
    assert bench.ask(LAST_ERROR) == (OK, b"none")
    assert bench.read(0x8000, 1)[0] == SILENT
    assert bench.ask(LAST_ERROR) == (OK, b"swim timeout")


def test_long_work_goes_to_the_chip_in_pieces_of_64_bytes() -> None:
    bench = PicoBench()
    bench.ask(ENTER)
    data = bytes(range(200))
    assert bench.write(0x100, data) == OK
    assert bench.read(0x100, 200) == (OK, data)
    assert bench.read(0x8000, 1024) == (OK, bytes(1024))


def test_a_block_of_128_bytes_is_programmed_in_two_pieces() -> None:
    bench = PicoBench(part="stm8s105k4")
    bench.ask(ENTER)
    for address, value in ((0x5062, 0x56), (0x5062, 0xAE)):
        assert bench.write(address, bytes([value])) == OK
    assert bench.write(0x505B, b"\x01\xfe") == OK
    assert bench.write(0x8000, bytes(range(1, 129))) == OK
    bench.now += 0.01
    assert bench.read(0x505F, 1)[1][0] & 0x04
    assert bench.read(0x8000, 128) == (OK, bytes(range(1, 129)))


def test_a_byte_that_is_refused_ends_the_write_and_is_not_sent_again() -> None:
    bench = PicoBench("nak-every=200")
    bench.ask(ENTER)
    found = [bench.write(0x20, bytes(60)) for _ in range(6)]
    assert NACK in found
    assert found.count(OK) > found.count(NACK)


def test_a_wrong_bit_from_the_chip_looks_like_silence() -> None:
    bench = PicoBench("bit-flip-every=40")
    bench.ask(ENTER)
    found = [bench.read(0x20, 8)[0] for _ in range(6)]
    assert SILENT in found
    assert OK in found


@pytest.mark.parametrize(
    ("fault", "says"),
    [("swim-open", b"timeout"), ("unpowered", b"timeout"), ("swim-stuck-low", b"out of range")],
)
def test_an_entry_that_fails_lets_go_of_nrst_and_says_how(fault: str, says: bytes) -> None:
    bench = PicoBench(fault)
    assert bench.ask(ENTER) == (SILENT, b"")
    assert not bench.chip.nrst_low
    status, debug = bench.ask(DEBUG)
    assert (status, debug[0], debug[28]) == (OK, 0, 11)
    assert says in debug[41 : 41 + debug[40]]


@pytest.mark.parametrize(("fault", "held"), [("nrst-slow=5", 0x28), ("nrst-slow=20", 0x2F), ("nrst-open", 0x2F)])
def test_an_entry_without_a_pulse_on_nrst_only_stops_the_program(fault: str, held: int) -> None:
    bench = PicoBench(fault, switches=Switches(debug_module_in_reset=False))
    assert bench.ask(ENTER)[0] == OK
    assert bench.write(0x7F0A, b"\x2f") == OK
    assert bench.ask(ENTER)[0] == OK
    assert bench.read(0x7F0A, 1) == (OK, bytes([held]))


def test_what_it_measures_is_told() -> None:
    bench = PicoBench()
    bench.ask(ENTER)
    status, debug = bench.ask(DEBUG)
    assert (status, debug[0], debug[1], debug[2], debug[3]) == (OK, 1, 0, 1, 0xA2)
    assert struct.unpack("<II", debug[8:16]) == (16000, 125)
    assert len(debug) == 41 + debug[40]


@pytest.mark.parametrize("command", [RESET, RELEASE])
def test_after_a_reset_or_release_only_an_entry_reaches_the_chip(command: int) -> None:
    bench = PicoBench()
    bench.ask(ENTER)
    assert bench.write(CSR, b"\xa4") == OK
    assert bench.ask(command) == (OK, b"")
    assert bench.read(CSR, 1)[0] == SILENT
    bench.now += 0.01
    bench.chip.settle(bench.now)
    assert bench.chip.swim_active == (command == RELEASE)
    assert bench.ask(ENTER)[0] == OK


def test_high_speed_is_taken_and_then_nothing_is_understood() -> None:
    bench = PicoBench()
    bench.ask(ENTER)
    assert bench.ask(SPEED, b"\x01") == (OK, b"")
    assert bench.read(CSR, 1)[0] == SILENT
    assert bench.ask(SPEED, b"\x00") == (OK, b"")
    assert bench.read(CSR, 1)[0] == SILENT  # the chip is still fast
    assert bench.ask(ENTER)[0] == OK
    assert bench.read(CSR, 1) == (OK, b"\xa2")


def test_high_speed_waits_for_hsit() -> None:
    bench = PicoBench("hsit-stuck")
    bench.ask(ENTER)
    assert bench.ask(SPEED, b"\x01") == (UNSUPPORTED, b"")


def test_at_other_pins_there_is_no_chip() -> None:
    bench = PicoBench()
    assert bench.ask(PINS, b"\x04\x05\x01") == (OK, b"")
    assert bench.ask(ENTER)[0] == SILENT
    assert bench.ask(PINS, b"\x02\x03\x00") == (OK, b"")
    assert bench.ask(ENTER)[0] == OK


def test_it_may_be_silent_send_a_wrong_checksum_or_an_old_number() -> None:
    assert PicoBench("rp2040-silent").send(framed(VERSION)) == b""
    bench = PicoBench("rp2040-bad-crc=2")
    answers = [bench.send(framed(VERSION)) for _ in range(4)]
    assert [zlib.crc32(one[:-4]) == int.from_bytes(one[-4:], "little") for one in answers] == [True, False] * 2
    bench = PicoBench("rp2040-old-number=3")
    answers = [bench.send(framed(VERSION, number=number)) for number in range(1, 7)]
    assert [one[6] for one in answers] == [1, 2, 2, 4, 5, 5]


def test_without_dtr_or_at_1200_baud_nothing_passes() -> None:
    bench = PicoBench()
    wire = Wire(bench.pico, bench.now, bench.chip.faults, USB_BYTE_S)
    for dtr, baud, even, passes in (
        (False, 115200, False, False),
        (True, 1200, False, False),
        (True, 115200, False, True),
        (True, 9600, True, True),
    ):
        wire.dtr = dtr
        for byte in framed(VERSION):
            bench.now = wire.feed(byte, baud, even, bench.now)
        bench.now += 1.0
        assert bool(wire.arrived(bench.now)) == passes
