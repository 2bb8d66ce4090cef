"""The framing of ST-LINK/V1: CBW, data, CSW, and what happens when one of them goes wrong."""

from __future__ import annotations

import pytest

from stm8tool.errors import EndpointStallError, ProbeError, TransferSizeError, TransportTimeoutError
from stm8tool.probe.stlink.scsi import ScsiChannel
from unit.fake_disk import V1_VERSION, FakeDisk, sense, status

_STATUS, _MODE = b"\xf4\x09", b"\xf5"
_STALL = EndpointStallError("stall")
_SILENCE = TransportTimeoutError("silence")


def _in_step(disk: FakeDisk) -> ScsiChannel:
    channel = ScsiChannel(disk)
    channel.synchronise()
    disk.sent.clear()
    disk.commands.clear()
    disk.limits.clear()
    return channel


def test_a_command_that_reads_is_wrapped_with_length_and_direction() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"
    (wrapper,) = disk.sent
    tag = disk.tags[-1].to_bytes(4, "little")
    assert wrapper == b"USBC" + tag + bytes([2, 0, 0, 0, 0x80, 0, 1]) + b"\xf5" + bytes(15)
    assert len(wrapper) == 31


def test_a_command_without_data_announces_none() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    channel.exchange(b"\xf4\x00")
    assert disk.sent[0][8:17] == bytes([0, 0, 0, 0, 0x00, 0, 2, 0xF4, 0x00])


def test_data_go_out_between_wrapper_and_status() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    command = bytes.fromhex("f4 0a 00 78 00 00 80 00 01 02 03 04 05 06 07 08")
    channel.exchange(command, data=bytes(112), repeatable=False)
    assert disk.sent[0][8:] == bytes([112, 0, 0, 0, 0x00, 0, 16]) + command
    assert disk.sent[1:] == [bytes(112)]
    assert not disk.answers


def test_every_command_has_a_tag_of_its_own() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    for _ in range(3):
        channel.exchange(_MODE, reply=2)
    assert len(set(disk.tags)) == len(disk.tags)
    assert 0 not in disk.tags


def test_the_time_limit_reaches_all_three_stages() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    channel.exchange(_MODE, reply=2, limit_s=0.3)
    channel.exchange(b"\xf4\x0a", data=b"x", limit_s=0.4)
    assert disk.limits == [0.3] * 3 + [0.4] * 3


def test_a_status_of_an_earlier_command_is_dropped() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [status(tag - 1), status(tag)])
    channel.exchange(b"\xf4\x00")
    assert not disk.answers
    assert channel.hiccups == 0


@pytest.mark.parametrize("tag", [0, 0x12345678])
def test_a_tag_that_was_never_sent_is_accepted_as_working_clients_do(tag: int) -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda _: [status(tag)])
    channel.exchange(b"\xf4\x00")
    assert len(disk.commands) == 1


def test_what_an_earlier_user_left_behind_is_not_taken_for_ours() -> None:
    disk = FakeDisk()
    disk.answers.extend([bytes(6), status(77)])
    channel = ScsiChannel(disk)
    channel.synchronise()
    assert channel.version_reply == V1_VERSION
    assert disk.resets == 0


def test_a_late_answer_of_the_length_of_a_version_is_told_by_its_vendor_id() -> None:
    disk = FakeDisk()
    disk.odd.append(lambda tag: [bytes(6), status(99), V1_VERSION, status(tag)])
    channel = ScsiChannel(disk)
    channel.synchronise()
    assert channel.version_reply == V1_VERSION
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"
    assert channel.hiccups == 0


def test_an_answer_that_comes_after_its_time_limit_is_dropped_not_taken_for_the_next_one() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.replies[_STATUS] = b"\x01\x00\x00\x00"
    disk.odd.append(lambda tag: [_SILENCE, b"\x04\xff\xff\xff", status(tag)])
    assert channel.exchange(_STATUS, reply=4) == b"\x01\x00\x00\x00"
    assert channel.hiccups == 1


def test_a_short_reply_is_an_error_to_recover_from_not_data() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [b"\x04\xff", status(tag, residue=2)])
    assert channel.exchange(_STATUS, reply=4) == bytes(4)
    assert channel.hiccups == 1


def test_a_short_reply_that_may_not_be_asked_for_again_is_handed_on() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [b"\x04", status(tag)])
    with pytest.raises(TransferSizeError):
        channel.exchange(b"\xf4\x0c", reply=4, repeatable=False)
    assert len(disk.commands) == 1


def test_the_residue_is_not_judged() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [b"\x03\x01", status(tag, residue=2)])
    assert channel.exchange(_MODE, reply=2) == b"\x03\x01"


def test_a_stall_in_the_data_stage_is_cleared_the_status_taken_and_the_command_sent_once_more() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [_STALL, status(tag)])
    assert channel.exchange(_STATUS, reply=4) == bytes(4)
    assert disk.halts_cleared == 1
    assert disk.commands.count(_STATUS) == 2


def test_a_stalled_status_is_asked_for_once_more() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [b"\x03\x02", _STALL, status(tag)])
    assert channel.exchange(_MODE, reply=2) == b"\x03\x02"
    assert (disk.halts_cleared, channel.hiccups) == (1, 0)


@pytest.mark.parametrize("stalled", [True, False])
def test_a_refused_command_is_not_repeated_and_its_reason_asked_for(stalled: bool) -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.replies[b"\x03"] = sense(5, 0x20, 0)
    disk.odd.append(lambda tag: [_STALL if stalled else bytes(4), status(tag, 1)])
    with pytest.raises(ProbeError, match="sense 5/20/00") as caught:
        channel.exchange(_STATUS, reply=4)
    assert caught.value.hint
    assert disk.commands == [_STATUS, bytes([3, 0, 0, 0, 18]) + bytes(11)]
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"


def test_a_probe_that_refuses_to_give_its_reason_is_an_error_not_a_loop() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.extend([lambda tag: [status(tag, 1)], lambda tag: [_STALL, status(tag, 1)]])
    with pytest.raises(ProbeError, match="does not say why"):
        channel.exchange(b"\xf4\x00")


def test_a_probe_that_reports_its_own_reset_is_asked_again() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.extend([lambda tag: [_STALL, status(tag, 1)], lambda tag: [sense(6, 0x29, 0), status(tag)]])
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"


@pytest.mark.parametrize("end", [lambda tag: status(tag, 2), lambda tag: b"SBSU" + bytes(9)])
def test_a_phase_error_or_a_broken_status_leads_to_a_reset_before_the_next_command(end: object) -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.odd.append(lambda tag: [bytes(4), end(tag)])  # type: ignore[operator]
    assert channel.exchange(_STATUS, reply=4) == bytes(4)
    assert (disk.resets, channel.hiccups) == (1, 1)


@pytest.mark.parametrize("knows_reset", [True, False])
def test_a_write_whose_data_did_not_go_out_is_given_up_by_a_reset_before_anything_is_sent(knows_reset: bool) -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    disk.knows_reset = knows_reset
    original = disk.write

    def write(data: bytes, timeout_s: float) -> None:
        if len(data) == 112:
            disk._announced = 0 if not knows_reset else 112
            raise _SILENCE
        original(data, timeout_s)

    disk.write = write  # type: ignore[method-assign]
    with pytest.raises(TransportTimeoutError):
        channel.exchange(b"\xf4\x0a", data=bytes(112), repeatable=False)
    assert disk.resets == 0
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"
    assert disk.resets == 1


def test_a_probe_that_does_not_answer_is_reset_on_its_pipes_and_then_given_up_in_seconds() -> None:
    disk = FakeDisk()
    channel = ScsiChannel(disk)
    disk.odd.extend([lambda tag: []] * 3)
    with pytest.raises(TransportTimeoutError):
        channel.synchronise()
    assert disk.resets == 1
    assert disk.clock.now() < 1.1


def test_a_probe_that_stalls_everything_is_given_up_like_one_that_is_silent() -> None:
    disk = FakeDisk()
    disk.knows_reset = False
    disk.refuse_writes.extend([_STALL] * 3)
    with pytest.raises(TransportTimeoutError, match="into step"):
        ScsiChannel(disk).synchronise()


def test_an_interrupted_exchange_is_put_right_before_the_next_one() -> None:
    disk = FakeDisk()
    channel = _in_step(disk)
    original = disk.read

    def read(size: int, timeout_s: float) -> bytes:
        disk.read = original  # type: ignore[method-assign]
        raise KeyboardInterrupt

    disk.read = read  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        channel.exchange(_STATUS, reply=4)
    assert channel.exchange(_MODE, reply=2) == b"\x03\x00"
    assert not disk.answers
