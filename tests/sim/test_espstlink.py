"""The simulated espstlink: bytes in and bytes out, as the protocol's description has them."""

from __future__ import annotations

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.faults import parse
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.serial.espstlink import EspFirmware

BANNER = b"\r\nESP-STLINK\r\n"
CSR_DM = "02 01 00 7F 80 A0"


class EspBench:
    """An espstlink that is wired to a chip; each byte comes when the answer to those before it is through."""

    def __init__(self, *faults: str) -> None:
        self.chip = Microcontroller(find_part("stm8s103f3"))
        self.chip.faults = parse(faults)
        self.now = 1.0
        self.esp = EspFirmware(self.chip, self.now)

    def do(self, text: str) -> str:
        """Send bytes and return those that come back."""
        found = bytearray()
        for byte in bytes.fromhex(text):
            for sent in self.esp.take(byte, self.now):
                found.append(sent.byte)
                self.now = max(self.now, sent.at)
        return found.hex(" ").upper()

    def reach(self) -> None:
        """Enter under reset and set SWIM_CSR, as the clients do."""
        for text in ("FD 01", "FE", "00", CSR_DM, "FD FF"):
            self.do(text)
        self.now += 0.01


def test_each_command_is_confirmed_then_answered() -> None:
    bench = EspBench()
    assert bench.do("FF") == "FF 00 00 02"
    assert bench.do("FD 01") == "FD 00"
    assert bench.do("FE") == "FE 00 05 00"
    assert bench.do("00") == "00 00"
    assert bench.do(CSR_DM) == "02 00 01 00 7F 80"
    assert bench.do("FD FF") == "FD 00"
    bench.now += 0.01
    assert bench.do("01 01 00 7F 80") == "01 00 01 00 7F 80 A2"
    assert bench.do("02 03 00 00 10 11 22 33") == "02 00 03 00 00 10"
    assert bench.do("01 04 00 00 0F")[-11:] == f"{bench.chip.ram.data[0x0F]:02X} 11 22 33"


@pytest.mark.parametrize("command", ["03", "7F", "FC"])
def test_an_unknown_command_is_an_error(command: str) -> None:
    assert EspBench().do(command) == f"{command} FF 00 01"


@pytest.mark.parametrize(("version", "baud"), [(0, 115200), (1, 115200), (2, 921600)])
def test_older_firmware_has_another_speed(version: int, baud: int) -> None:
    bench = EspBench(f"esp-version={version}")
    assert bench.do("FF") == f"FF 00 00 {version:02X}"
    assert [speed for speed in (115200, 921600) if bench.esp.follows(speed)] == [baud]


def test_the_first_firmware_takes_the_level_of_nrst_for_a_command() -> None:
    bench = EspBench("esp-version=0")
    assert bench.do("FD FF") == "FD FF 00 01 FF 00 00 00"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [("swim-open", "FE FF 00 05"), ("unpowered", "FE FF 00 05"), ("swim-stuck-low", "FE FF 00 06")],
)
def test_an_entry_that_fails_says_how(fault: str, answer: str) -> None:
    assert EspBench(fault).do("FE") == answer


def test_a_chip_without_an_entry_is_silent() -> None:
    bench = EspBench()
    assert bench.do("01 01 00 7F 80") == "01 FF 00 01"
    assert bench.do(CSR_DM) == "02 FF 00 01"


def test_a_stuck_line_spoils_the_first_bit() -> None:
    bench = EspBench("swim-stuck-low")
    assert bench.do("01 01 00 7F 80") == "01 FF 00 02"


def test_a_wrong_bit_from_the_chip_is_a_wrong_parity() -> None:
    bench = EspBench("bit-flip-every=5")
    bench.reach()
    assert bench.do("01 04 00 00 00")[:11] == "01 00 04 00"
    assert bench.do("01 01 00 00 00") == "01 FF 00 03"


def test_a_byte_that_is_refused_is_sent_again() -> None:
    bench = EspBench("nak-every=31")
    bench.reach()
    data = bytes(range(60))
    assert bench.do("02 3C 00 00 20 " + data.hex()) == "02 00 3C 00 00 20"
    assert bytes(bench.chip.ram.data[0x20:0x5C]) == data


def test_a_chip_that_refuses_for_ever_lets_the_watchdog_restart_the_esp8266() -> None:
    bench = EspBench()
    for text in ("FD 01", "FE", CSR_DM):
        bench.do(text)
    assert bench.chip.nrst_low
    assert bytes.fromhex(bench.do("01 01 00 00 00")).endswith(BANNER)
    assert not bench.chip.nrst_low
    assert bench.now > 3.0


def test_a_frame_that_is_not_whole_waits_for_ever_and_takes_the_next_bytes() -> None:
    bench = EspBench()
    bench.reach()
    assert bench.do("02 03 00 00 10 11 22") == ""
    bench.now += 3600
    assert bench.do("FF FF") == "02 00 03 00 00 10 FF 00 00 02"
    assert bytes(bench.chip.ram.data[0x10:0x13]) == b"\x11\x22\xff"


def test_a_reset_line_restarts_the_esp8266_and_releases_nrst() -> None:
    bench = EspBench()
    bench.do("FD 01 02 03")
    assert bench.esp.pull(True, bench.now) is None
    assert bench.do("FF") == ""
    started = bench.esp.pull(False, bench.now)
    assert started
    assert bytes(sent.byte for sent in started.sent).endswith(BANNER)
    assert bench.do("FF") == ""  # it still starts
    bench.now += 1.0
    assert bench.do("FF") == "FF 00 00 02"
    assert not bench.chip.nrst_low


def test_an_esp8266_whose_reset_is_not_wired_goes_on() -> None:
    bench = EspBench("esp-no-reset")
    assert bench.do("01") == ""
    assert bench.esp.pull(True, bench.now) is None
    assert bench.esp.pull(False, bench.now) is None
    assert bench.do("FF FF FF FF")[:2] == "01"


def test_it_may_be_deaf_after_an_entry_that_failed() -> None:
    bench = EspBench("esp-deaf", "swim-open")
    assert bench.do("FE FF") == "FE FF 00 05"
    bench.esp.pull(True, bench.now)
    bench.esp.pull(False, bench.now)
    bench.now += 1.0
    assert bench.do("FF") == "FF 00 00 02"


def test_it_may_confirm_and_never_answer() -> None:
    assert EspBench("esp-silent").do("FF") == "FF"


def test_a_damaged_byte_is_lost() -> None:
    bench = EspBench()
    assert bench.esp.take(None, bench.now) == []
    assert bench.do("FF") == "FF 00 00 02"


def test_a_read_of_an_unknown_register_is_a_gap_unless_the_wire_damages_bytes() -> None:
    bench = EspBench("uart-garbage=999")
    bench.reach()
    assert bench.do("01 01 00 7F 9B") == "01 FF 00 01"
    bench = EspBench()
    bench.reach()
    with pytest.raises(SimGapError, match="0x007F9B"):
        bench.do("01 01 00 7F 9B")


def test_a_command_with_no_bytes_succeeds() -> None:
    bench = EspBench()
    bench.reach()
    assert bench.do("01 00 00 00 10") == "01 00 00 00 00 10"
    assert bench.do("02 00 00 00 10") == "02 00 00 00 00 10"
