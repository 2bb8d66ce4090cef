"""What the ST-LINK driver puts on the wire, against the command set of working tools."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Optional

import pytest

from stm8tool.errors import Code, EndpointStallError, LinkFault, ProbeError, SwimError, TransportTimeoutError
from stm8tool.probe.stlink.swim import Stlink, wire_time_s
from unit.fake_probe import BUSY, DONE, FakeProbe, opened

SILENT = bytes([4, 0, 0, 0])


@pytest.mark.parametrize(
    ("mode", "leave"), [(0, ["f307"]), (1, ["f307"]), (2, ["f221"]), (3, ["f401"]), (4, ["f307"]), (9, [])]
)
def test_whatever_mode_the_probe_is_in_it_leaves_it_and_enters_swim_mode(mode: int, leave: list[str]) -> None:
    probe = FakeProbe(mode)
    Stlink(probe).open()
    assert probe.commands() == ["f100", "f500", "f500", *leave, "f400", "f500", "f40d"]


def test_a_probe_that_never_reports_swim_mode_is_an_error_and_is_left_idle() -> None:
    class Stubborn(FakeProbe):
        def write(self, data: bytes, timeout_s: float) -> None:
            super().write(data, timeout_s)
            self.mode = 2

    probe = Stubborn(2)
    with pytest.raises(ProbeError, match="SWIM mode"):
        Stlink(probe).open()
    assert probe.commands()[-3:] == ["f408", "f401", "f500"]


def test_a_v21_with_stm32_firmware_is_refused_by_name() -> None:
    probe = FakeProbe(product=0x374B)
    probe.version = bytes.fromhex("26 4D 83 04 4B 37")
    with pytest.raises(ProbeError, match=r"V2J25M13.*no SWIM"):
        Stlink(probe).open()


def test_a_v3_is_asked_for_its_extended_version() -> None:
    probe = FakeProbe(product=0x374F)
    probe.version = bytes.fromhex("30 00 83 04 4F 37")
    probe.extended = bytes([3, 1, 7, 2, 4, 0, 0, 0, 0x83, 0x04, 0x4F, 0x37])
    link = opened(probe)
    assert (link.info.model, link.info.firmware) == ("STLINK-V3", "V3J7M2B4S1")


def test_a_probe_that_hangs_is_reset_once_and_then_reported() -> None:
    resets = []

    class Hung(FakeProbe):
        def read(self, size: int, timeout_s: float) -> bytes:
            raise TransportTimeoutError("silence")

        def reset(self) -> None:
            resets.append(1)

    with pytest.raises(ProbeError, match="hangs"):
        Stlink(Hung()).open()
    assert len(resets) == 1


def test_a_probe_whose_first_command_fails_is_reset_once_and_used() -> None:
    class Stuck(FakeProbe):
        resets = 0

        def write(self, data: bytes, timeout_s: float) -> None:
            if not self.resets:
                raise EndpointStallError("a transfer broke off")
            super().write(data, timeout_s)

        def reset(self) -> None:
            self.resets += 1

    probe = Stuck()
    assert opened(probe).info.firmware == "V2J37S7"
    assert probe.resets == 1


def test_a_write_carries_8_bytes_in_the_command_and_the_rest_behind_it() -> None:
    probe = FakeProbe()
    link = opened(probe)
    link.wotf(0x018000, bytes(range(20)))
    command, rest = probe.sent[:2]
    assert command == bytes.fromhex("f4 0a 00 14 00 01 80 00 00 01 02 03 04 05 06 07")
    assert rest == bytes(range(8, 20))


def test_a_read_larger_than_the_buffer_is_split_and_each_part_read_out_whole() -> None:
    probe = FakeProbe()
    probe.buffer_size = 1024
    link = opened(probe)
    assert link.rotf(0x8000, 2500) == bytes(2500)
    reads = [data for data in probe.sent if data[:2] == b"\xf4\x0b"]
    assert [int.from_bytes(data[2:4], "big") for data in reads] == [1024, 1024, 452]
    assert [int.from_bytes(data[4:8], "big") for data in reads] == [0x8000, 0x8400, 0x8800]


def test_a_write_is_never_repeated_by_itself() -> None:
    probe = FakeProbe()
    link = opened(probe)
    original = probe.write

    def write(data: bytes, timeout_s: float) -> None:
        original(data, timeout_s)
        if len(data) == 12:
            raise EndpointStallError("stall")

    probe.write = write  # type: ignore[method-assign]
    with pytest.raises(EndpointStallError):
        link.wotf(0x8000, bytes(20))
    assert probe.commands().count("f40a") == 1


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(1, [1]), (1023, [1023]), (1024, [1024]), (1025, [1024, 1]), (2048, [1024, 1024]), (2500, [1024, 1024, 452])],
)
def test_a_write_larger_than_the_buffer_is_split(size: int, sizes: list[int]) -> None:
    probe = FakeProbe()
    probe.buffer_size = 1024
    link = opened(probe)
    link.wotf(0x0100, bytes(n & 0xFF for n in range(size)))
    writes = [data for data in probe.sent if data[:2] == b"\xf4\x0a"]
    assert [int.from_bytes(data[2:4], "big") for data in writes] == sizes
    assert [int.from_bytes(data[4:8], "big") for data in writes] == [0x0100 + n for n in range(0, size, 1024)]
    assert [data[8] for data in writes] == [n & 0xFF for n in range(0, size, 1024)]


def test_what_must_stay_whole_and_does_not_fit_is_refused_before_anything_is_sent() -> None:
    probe = FakeProbe()
    probe.buffer_size = 128
    link = opened(probe)
    link.wotf(0x8000, bytes(128), whole=True)
    probe.sent.clear()
    with pytest.raises(ProbeError, match="only 128 bytes at once, and 0x008000 needs 129") as caught:
        link.wotf(0x8000, bytes(129), whole=True)
    assert caught.value.code is Code.PROBE_LIMIT
    assert caught.value.hint
    assert probe.sent == []


def test_a_write_of_nothing_is_our_defect() -> None:
    with pytest.raises(ValueError, match="without data"):
        opened(FakeProbe()).wotf(0, b"")


def test_the_first_poll_of_a_long_read_waits_for_the_computed_time() -> None:
    probe = FakeProbe()
    link = opened(probe)
    before = probe.clock.now()
    link.rotf(0x8000, 6144)
    assert probe.clock.now() - before >= wire_time_s(6144, high_speed=False) - 0.001
    assert [data[:2] for data in probe.sent].count(b"\xf4\x09") == 1


def test_times_on_the_wire_are_those_of_the_swim_manual() -> None:
    assert wire_time_s(1, high_speed=False) == pytest.approx(137.5e-6 + 30.25e-6)
    assert wire_time_s(256, high_speed=True) == pytest.approx(2 * 62.5e-6 + 256 * 13.75e-6)


def test_busy_is_polled_until_done() -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.statuses.extend([BUSY, BUSY, DONE])
    link.wotf(0x5000, b"\x01")
    assert [data[:2] for data in probe.sent].count(b"\xf4\x09") == 3


def test_busy_for_ever_ends_with_an_error() -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.statuses.extend([BUSY] * 10_000)
    with pytest.raises(SwimError, match="stays busy") as caught:
        link.wotf(0x5000, b"\x01")
    assert caught.value.fault is LinkFault.BUSY
    assert probe.clock.now() < 1.0


@pytest.mark.parametrize(
    ("status", "meaning", "fault"),
    [
        (0x04, "does not answer", LinkFault.SILENT),
        (0x05, "refuses", LinkFault.REFUSED),
        (0x10, "stuck", LinkFault.STUCK),
        (0x16, "stuck", LinkFault.STUCK),
        (0x77, "unknown error", None),
    ],
)
def test_a_status_is_reported_by_its_meaning_and_not_polled_again(
    status: int, meaning: str, fault: Optional[LinkFault]
) -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.statuses.append(bytes([status, 0, 0, 0]))
    with pytest.raises(SwimError, match=rf"{meaning}.*SWIM status 0x{status:02X}") as caught:
        link.resync()
    assert caught.value.fault is fault
    assert [data[:2] for data in probe.sent].count(b"\xf4\x09") == 1


def test_no_status_is_asked_for_while_the_entry_waveform_runs() -> None:
    probe = FakeProbe()
    link = opened(probe)
    times = []
    original = probe.write

    def write(data: bytes, timeout_s: float) -> None:
        times.append((data[:2].hex(), probe.clock.now()))
        original(data, timeout_s)

    probe.write = write  # type: ignore[method-assign]
    link.enter(0.012)
    assert [name for name, _ in times] == ["f404", "f409"]
    assert times[1][1] - times[0][1] >= 0.012


def test_entry_and_communication_reset_bring_the_wire_back_to_low_speed() -> None:
    link = opened(FakeProbe())
    for back in (lambda: link.enter(0.0), link.resync):
        link.set_speed(True)
        assert link.high_speed
        back()
        assert not link.high_speed


def test_a_probe_in_high_speed_is_told_to_leave_it_after_a_communication_reset() -> None:
    """One firmware leaves it by itself; of the others no source says that."""
    probe = FakeProbe()
    link = opened(probe)
    probe.sent.clear()
    link.resync()
    assert [data[:3].hex() for data in probe.sent] == ["f40600", "f40900"]
    link.set_speed(True)
    probe.sent.clear()
    link.resync()
    assert [data[:3].hex() for data in probe.sent] == ["f40600", "f40900", "f40300", "f40900"]


def test_a_read_that_loses_its_answer_is_begun_again_as_a_whole() -> None:
    probe = FakeProbe()
    link = opened(probe)
    original = probe.read
    lost = [True]

    def read(size: int, timeout_s: float) -> bytes:
        if size == 32 and lost:
            lost.clear()
            probe.answers.clear()
            raise TransportTimeoutError("lost")
        return original(size, timeout_s)

    probe.read = read  # type: ignore[method-assign]
    assert link.rotf(0x8000, 32) == bytes(32)
    assert probe.commands().count("f40b") == 2


def test_firmware_below_the_documented_version_is_advised_against_and_used(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("stm8tool"), "propagate", True)
    probe = FakeProbe()
    probe.version = bytes.fromhex("24 44 83 04 48 37")
    with caplog.at_level("WARNING", "stm8tool"):
        opened(probe)
    (line,) = {record.getMessage() for record in caplog.records}
    assert "V2J17S4 is old" in line
    assert "\n" not in line


@pytest.mark.parametrize(("mode", "name"), [(0, "DFU"), (4, "bootloader"), (9, "mode 9")])
def test_a_probe_that_stays_in_its_update_mode_is_named_as_such(mode: int, name: str) -> None:
    class Stuck(FakeProbe):
        def write(self, data: bytes, timeout_s: float) -> None:
            super().write(data, timeout_s)
            self.mode = mode

    with pytest.raises(ProbeError, match=name) as caught:
        Stlink(Stuck(mode)).open()
    assert "STLinkUpgrade" in (caught.value.hint or "")


def test_closing_releases_nrst_before_it_leaves_swim_mode() -> None:
    probe = FakeProbe()
    link = opened(probe)
    link.assert_reset()
    link.close()
    assert probe.commands()[-3:] == ["f408", "f401", "f500"]


def test_closing_a_probe_that_is_gone_does_not_raise() -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.gone = True
    link.close()


@pytest.mark.parametrize(
    ("reply", "millivolts"),
    [("b4050000 d3070000", 3292), ("00000000 00000000", None)],
)
def test_the_supply_is_two_references_over_the_two_readings(reply: str, millivolts: int) -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.voltage = bytes.fromhex(reply)
    assert link.supply_mv() == millivolts


@pytest.mark.parametrize(("jtag", "measures"), [(12, False), (13, True)])
def test_a_v2_measures_the_supply_from_j13_on(jtag: int, measures: bool) -> None:
    probe = FakeProbe()
    probe.version = (0x2007 | jtag << 6).to_bytes(2, "big") + probe.version[2:]
    link = opened(probe)
    assert link.version.jtag == jtag
    probe.voltage = bytes.fromhex("b4050000 d3070000")
    assert (link.supply_mv() == 3292) is measures
    assert ("f700" in probe.commands()) is measures


class Leaving(FakeProbe):
    """A probe whose USB loses some questions for the status."""

    resets = 0
    stalls = 0

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        if self.stalls and out[0][:2] == b"\xf4\x09":
            self.stalls -= 1
            raise EndpointStallError("the probe refused a transfer")
        return super().exchange(out, reply, timeout_s)

    def reset(self) -> None:
        self.resets += 1


@pytest.mark.parametrize(("stalls", "resets"), [(0, 0), (2, 0), (8, 0), (10, 1)])
def test_the_release_of_nrst_is_tried_five_times_over_a_bad_cable_before_the_probe_is_reset(
    stalls: int, resets: int
) -> None:
    probe = Leaving()
    link = opened(probe)
    probe.stalls = stalls  # each command is repeated once by itself
    link.close()
    assert probe.resets == resets
    assert probe.commands().count("f408") == min(5, stalls // 2 + 1)
    assert "f401" in probe.commands()


@pytest.mark.parametrize(
    ("statuses", "tries"), [([SILENT], 2), ([SILENT, SILENT], 2), ([DONE], 1)], ids=["once", "twice", "never"]
)
def test_the_release_of_nrst_is_tried_once_more_after_an_error_that_may_be_an_old_one(
    statuses: list[bytes], tries: int
) -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.statuses.extend(statuses)
    link.close()
    assert probe.commands().count("f408") == tries
    assert "f401" in probe.commands()


def test_the_release_of_nrst_is_not_tried_again_with_a_probe_that_stays_busy() -> None:
    probe = FakeProbe()
    link = opened(probe)
    probe.statuses.extend([BUSY] * 5000)
    link.close()
    assert probe.commands().count("f408") == 1


def test_a_probe_that_never_answers_the_voltage_costs_a_third_of_a_second() -> None:
    probe = FakeProbe()
    link = opened(probe)
    before = probe.clock.now()
    assert link.supply_mv() is None
    assert probe.clock.now() - before < 0.4
    link.resync()  # and the next command gets its own answer
