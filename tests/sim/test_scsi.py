"""The simulated ST-LINK/V1 at the wire: CBW, data stage, CSW, and the refusals of the class."""

from __future__ import annotations

from typing import NamedTuple, Optional

import pytest

from sim.bench import CSR, LIMIT_S, OK, Bench
from stm8tool.errors import EndpointStallError, TransferSizeError, TransportTimeoutError
from stm8tool.sim.gap import SimGapError

_IN, _OUT = 0x80, 0x00
_REQUEST_SENSE = "03 00 00 00 12"


class Csw(NamedTuple):
    tag: int
    residue: int
    status: int


class Disk(Bench):
    """A bench whose commands travel in SCSI blocks; `length` None is that of the block itself."""

    def __init__(self, part: str = "stm8s103f3", **options: object) -> None:
        super().__init__(part, "v1", **options)  # type: ignore[arg-type]
        assert self.probe.scsi is not None
        self.scsi = self.probe.scsi
        self.tag = 100

    def cbw(self, block: bytes, size: int = 0, flags: int = _OUT, length: Optional[int] = None) -> None:
        self.tag += 1
        head = b"USBC" + self.tag.to_bytes(4, "little") + size.to_bytes(4, "little")
        self.probe.write(head + bytes([flags, 0, length or len(block)]) + block.ljust(16, b"\0"), LIMIT_S)

    def csw(self) -> Csw:
        data = self.take(13)
        assert data[:4] == b"USBS"
        tag, residue = (int.from_bytes(data[n : n + 4], "little") for n in (4, 8))
        return Csw(tag, residue, data[12])

    def passed(self) -> None:
        assert self.csw() == (self.tag, 0, 0)

    def ask(self, command: str, size: int, length: Optional[int] = None) -> str:
        self.cbw(bytes.fromhex(command), size, _IN, length)
        reply = self.take(size).hex(" ").upper()
        self.passed()
        return reply

    def do(self, command: str, length: Optional[int] = None) -> int:
        self.cbw(bytes.fromhex(command), length=length)
        self.passed()
        return self.wait()

    def poll(self) -> int:
        return int(self.ask("F4 09", 4)[:2], 16)

    def swim_mode(self) -> None:
        self.cbw(b"\xf4\x00")
        self.passed()

    def write(self, address: int, *values: int) -> int:
        data = bytes(values)
        block = b"\xf4\x0a" + len(data).to_bytes(2, "big") + address.to_bytes(4, "big") + data[:8]
        self.cbw(block, len(data[8:]))
        if data[8:]:
            self.probe.write(data[8:], LIMIT_S)
        self.passed()
        return self.wait()

    def read(self, address: int, size: int = 1) -> bytes:
        assert self.do((b"\xf4\x0b" + size.to_bytes(2, "big") + address.to_bytes(4, "big")).hex()) == OK
        return bytes.fromhex(self.ask("F4 0C", size))


def test_it_is_a_full_speed_v1_in_mass_mode_after_plug_in() -> None:
    disk = Disk()
    identity = disk.probe.identity
    assert (identity.product, identity.high_speed) == (0x3744, False)
    assert disk.ask("F1 80 00 00 00 00", 6) == "13 44 83 04 44 37"
    assert disk.ask("F5 00", 2) == "01 00"
    disk.swim_mode()
    assert disk.ask("F5 00", 2) == "03 00"


@pytest.mark.parametrize("length", [2, 3, 10, 16])
def test_a_block_may_have_its_own_length_or_more(length: int) -> None:
    disk = Disk()
    disk.swim_mode()
    assert disk.ask("F4 0D", 2, length) == "00 18"
    assert disk.ask("F4 02 01", 8, max(length, 3)) == "00 01 01 04 00 00 00 00"
    assert disk.do("F4 07", length) == OK


def test_stale_bytes_behind_a_command_mean_nothing_as_with_sts_tool() -> None:
    disk = Disk("stm8s105k4")
    disk.swim_mode()
    for command in ("F4 07 01 00 00 00 00 00 00 00", "F4 08 01 00", "F4 07 01 00", "F4 04 01 00", "F4 03 00"):
        assert disk.do(command) == OK
    assert disk.do("F4 05 00 00") == OK
    assert disk.do("F4 0A 00 01 00 00 7F 80 A0 00 00 00 00 00 00 00") == OK
    assert disk.do("F4 08 00 01 00 00 7F 80 A0 00") == OK
    assert disk.do("F4 0B 00 01 00 00 7F 99 A0 00") == OK
    assert disk.ask("F4 0C 00 01 00 00 7F 99 A0 00", 1) == "08"


def test_a_write_carries_8_bytes_in_its_block_and_the_rest_as_data() -> None:
    disk = Disk().connect()
    assert disk.write(0x0100, *range(1, 101)) == OK
    assert disk.chip.ram.read(0x100, 100) == bytes(range(1, 101))
    assert disk.read(0x0100, 100) == bytes(range(1, 101))


def test_the_status_comes_after_the_data_and_with_the_tag_of_its_command() -> None:
    disk = Disk()
    disk.cbw(b"\xf5", 2, _IN)
    assert disk.take(2) == b"\x01\x00"
    assert disk.csw() == (disk.tag, 0, 0)
    with pytest.raises(TransportTimeoutError):
        disk.take(13)


def test_a_reply_shorter_than_announced_leaves_a_residue() -> None:
    disk = Disk()
    disk.cbw(b"\xf5", 6, _IN)
    with pytest.raises(TransferSizeError) as caught:
        disk.take(6)
    assert caught.value.data == b"\x01\x00"
    assert disk.csw() == (disk.tag, 4, 0)


@pytest.mark.parametrize(("size", "flags"), [(0, _OUT), (1, _IN), (2, _OUT)])
def test_a_reply_that_does_not_fit_what_was_announced_is_a_phase_error(size: int, flags: int) -> None:
    disk = Disk()
    disk.cbw(b"\xf5", size, flags)
    assert disk.csw().status == 2


@pytest.mark.parametrize(("size", "flags"), [(0, _OUT), (91, _OUT), (93, _OUT), (92, _IN)])
def test_a_write_whose_data_are_announced_wrongly_is_a_phase_error_and_writes_nothing(size: int, flags: int) -> None:
    disk = Disk().connect()
    disk.cbw(b"\xf4\x0a\x00\x64\x00\x00\x01\x00" + bytes(range(1, 9)), size, flags)
    assert disk.csw().status == 2
    assert disk.wait() == OK
    assert not any(disk.chip.ram.read(0x100, 100))


def test_data_of_another_length_than_announced_are_a_phase_error() -> None:
    disk = Disk().connect()
    disk.cbw(b"\xf4\x0a\x00\x64\x00\x00\x01\x00" + bytes(range(1, 9)), 92)
    disk.probe.write(bytes(31), LIMIT_S)
    assert disk.csw().status == 2
    assert not any(disk.chip.ram.read(0x100, 100))


def test_a_block_too_short_for_its_write_is_a_gap() -> None:
    disk = Disk().connect()
    with pytest.raises(SimGapError):
        disk.cbw(b"\xf4\x0a\x00\x04\x00\x00\x01\x00\x01")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cbw: cbw[:30],
        lambda cbw: cbw + b"\0",
        lambda cbw: b"USBS" + cbw[4:],
        lambda cbw: cbw[:13] + b"\x01" + cbw[14:],  # LUN 1
        lambda cbw: cbw[:14] + b"\x00" + cbw[15:],
        lambda cbw: cbw[:14] + b"\x11" + cbw[15:],
        lambda cbw: b"\xf5".ljust(16, b"\0"),  # a command as a V2 takes it
    ],
)
def test_what_is_no_valid_cbw_jams_both_endpoints_until_a_reset(spoil: object) -> None:
    disk = Disk()
    cbw = b"USBC" + bytes(4) + b"\x02\0\0\0\x80\0\x01\xf5" + bytes(15)
    disk.probe.write(spoil(cbw), LIMIT_S)  # type: ignore[operator]
    for _ in range(2):
        with pytest.raises(EndpointStallError):
            disk.take(2)
        disk.probe.clear_halt()
        with pytest.raises(EndpointStallError):
            disk.cbw(b"\xf5", 2, _IN)
        disk.probe.clear_halt()
    disk.probe.bulk_only_reset()
    assert disk.ask("F5", 2) == "01 00"


def test_no_command_is_taken_before_the_last_one_was_answered() -> None:
    disk = Disk()
    disk.cbw(b"\xf5", 2, _IN)
    with pytest.raises(TransportTimeoutError):
        disk.cbw(b"\xf5", 2, _IN)
    assert disk.take(2) == b"\x01\x00"
    disk.take(13)
    assert disk.ask("F5", 2) == "01 00"


def test_a_reset_of_the_pipes_drops_the_command_and_keeps_the_mode() -> None:
    disk = Disk().connect()
    disk.cbw(b"\xf4\x0a\x00\x64\x00\x00\x01\x00" + bytes(8), 92)
    disk.probe.bulk_only_reset()
    assert disk.ask("F5", 2) == "03 00"
    assert disk.read(CSR) == b"\xa2"


def test_a_probe_may_not_know_the_reset_of_the_pipes() -> None:
    disk = Disk()
    disk.scsi.knows_reset = False
    with pytest.raises(EndpointStallError):
        disk.probe.bulk_only_reset()


@pytest.mark.parametrize("stalls", [False, True])
def test_a_command_without_an_answer_ends_with_all_that_was_announced_as_residue(stalls: bool) -> None:
    disk = Disk()
    disk.scsi.stalls_missing_data = stalls
    disk.cbw(b"\xf4\x00", 2, _IN)  # as OpenOCD sends it
    if stalls:
        with pytest.raises(EndpointStallError):
            disk.take(2)
        disk.probe.clear_halt()
    assert disk.csw() == (disk.tag, 2, 0)
    assert disk.ask("F5", 2) == "03 00"


def test_an_answer_that_is_not_there_yet_may_end_without_data() -> None:
    disk = Disk().connect()
    disk.scsi.withholds_status = False
    disk.cbw(b"\xf4\x0c", 4, _IN)
    assert disk.csw() == (disk.tag, 4, 0)
    assert disk.ask("F5", 2) == "03 00"


def test_an_answer_that_is_not_there_yet_stays_pending_until_a_reset() -> None:
    disk = Disk().connect()
    disk.cbw(b"\xf4\x0c", 4, _IN)
    with pytest.raises(TransportTimeoutError):
        disk.take(4)
    with pytest.raises(TransportTimeoutError):
        disk.cbw(b"\xf5", 2, _IN)
    disk.probe.bulk_only_reset()
    assert disk.ask("F5", 2) == "03 00"


def test_the_commands_of_a_disk_are_answered() -> None:
    disk = Disk()
    disk.cbw(bytes(6))
    disk.passed()
    assert len(bytes.fromhex(disk.ask("12 80 00 00 20", 18))) == 18
    assert disk.ask(_REQUEST_SENSE, 18, 16) == "70 00 00 00 00 00 00 0A" + " 00" * 10


@pytest.mark.parametrize(("command", "size", "flags"), [("1B", 0, _OUT), ("25", 8, _IN), ("2A", 512, _OUT)])
def test_a_disk_command_it_does_not_know_fails_and_the_sense_says_why_once(command: str, size: int, flags: int) -> None:
    disk = Disk()
    disk.cbw(bytes.fromhex(command).ljust(10, b"\0"), size, flags)
    if flags == _IN:
        with pytest.raises(EndpointStallError):
            disk.take(size)
        with pytest.raises(EndpointStallError):
            disk.take(13)
        disk.probe.clear_halt()
    elif size:
        disk.probe.write(bytes(size), LIMIT_S)
    assert disk.csw() == (disk.tag, size, 1)
    assert disk.ask(_REQUEST_SENSE, 18)[6:8] == "05"
    assert disk.ask(_REQUEST_SENSE, 18)[6:8] == "00"


def test_a_reset_may_be_announced_once() -> None:
    disk = Disk()
    disk.scsi.announces_reset = True
    disk.probe.reset()
    disk.cbw(b"\xf4\x00")
    assert disk.csw().status == 1
    assert disk.ask(_REQUEST_SENSE, 18)[6:8] == "06"
    assert disk.ask("F5", 2) == "01 00"


def test_a_voltage_and_an_extended_version_are_not_to_be_had() -> None:
    disk = Disk()
    with pytest.raises(SimGapError):
        disk.cbw(b"\xfb", 12, _IN)
    disk.cbw(b"\xf7", 8, _IN)
    assert disk.csw() == (disk.tag, 8, 0)


def test_a_probe_that_hangs_gives_not_even_a_status_until_it_is_reset_on_usb() -> None:
    disk = Disk()
    disk.probe.firmware.wedged = True
    for revive, answers in ((disk.probe.bulk_only_reset, False), (disk.probe.reset, True)):
        revive()
        disk.cbw(b"\xf4\x00")
        if answers:
            disk.passed()
        else:
            with pytest.raises(TransportTimeoutError):
                disk.take(13)


def test_the_pipes_of_a_v2_have_no_such_reset() -> None:
    with pytest.raises(SimGapError):
        Bench(model="v2").probe.bulk_only_reset()


def test_every_stage_costs_a_transfer() -> None:
    disk = Disk()
    disk.ask("F5", 2)
    assert disk.probe.transfers == 3
    assert disk.clock.now() == pytest.approx(0.003)


@pytest.mark.parametrize("fault", ["timeout-after=1", "stall-after=1"])
def test_faults_strike_between_the_stages_and_what_was_owed_still_comes(fault: str) -> None:
    disk = Disk(faults=[fault])
    disk.cbw(b"\xf5", 2, _IN)
    with pytest.raises((TransportTimeoutError, EndpointStallError)):
        disk.take(2)
    disk.probe.clear_halt()
    assert disk.take(2) == b"\x01\x00"
    disk.passed()
