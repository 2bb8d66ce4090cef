"""What the driver of an ST-LINK/V1 puts on the wire."""

from __future__ import annotations

import pytest

from stm8tool.probe.stlink.swim import Stlink
from unit.fake_disk import V1_VERSION, status
from unit.fake_probe import BUSY, DONE, FakeProbe, opened


class FakeV1(FakeProbe):
    """The same probe, with its commands wrapped in those of a disk."""

    def __init__(self, mode: int = 1) -> None:
        super().__init__(mode, product=0x3744)
        self.version = V1_VERSION
        self.announced = 0
        self.data: list[bytes] = []

    def write(self, data: bytes, timeout_s: float) -> None:
        if self.announced:
            self.data.append(data)
            self.announced = 0
        else:
            self.tag = int.from_bytes(data[4:8], "little")
            super().write(data[15:], timeout_s)
            self.announced = int.from_bytes(data[8:12], "little") if data[12] != 0x80 else 0
        if not self.announced:
            self.answers.append(status(self.tag))


@pytest.mark.parametrize(("mode", "leave"), [(0, ["f307"]), (1, []), (2, ["f221"]), (3, ["f401"])])
def test_a_v1_goes_to_swim_mode_straight_from_mass_mode(mode: int, leave: list[str]) -> None:
    probe = FakeV1(mode)
    link = Stlink(probe)
    link.open()
    assert probe.commands() == ["f100", "f500", *leave, "f400", "f500", "f40d"]
    assert (link.info.model, link.info.firmware) == ("ST-LINK/V1", "V1J13S4")


def test_a_v1_is_never_asked_for_a_voltage() -> None:
    probe = FakeV1()
    link = opened(probe)
    assert link.supply_mv() is None
    assert probe.commands() == []


def test_a_v1_takes_as_much_in_one_write_as_sts_tool_was_seen_to_send() -> None:
    probe = FakeV1()
    link = opened(probe)
    link.wotf(0x0030, bytes(range(256)) * 2)
    assert probe.sent[0] == bytes.fromhex("f4 0a 02 00 00 00 00 30 00 01 02 03 04 05 06 07")
    assert probe.data == [(bytes(range(256)) * 2)[8:]]


def test_a_v1_gets_more_than_that_in_several_writes() -> None:
    probe = FakeV1()
    link = opened(probe)
    probe.sent.clear()
    link.wotf(0x0030, bytes(1029))
    sizes = [int.from_bytes(data[2:4], "big") for data in probe.sent if data[:2] == b"\xf4\x0a"]
    assert sizes == [514, 514, 1]


def test_a_v1_is_polled_in_steps_of_two_milliseconds() -> None:
    probe = FakeV1()
    link = opened(probe)
    probe.statuses.extend([BUSY, BUSY, DONE])
    before = probe.clock.now()
    link.resync()
    assert probe.clock.now() - before == pytest.approx(0.004)
