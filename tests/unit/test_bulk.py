"""The bulk framing of V2, V2-1 and V3: one command, its own reply, whatever the wire does."""

from __future__ import annotations

import pytest

from stm8tool.errors import EndpointStallError, ProbeLostError, TransferSizeError, TransportTimeoutError
from stm8tool.probe.stlink.bulk import BulkChannel
from unit.fake_wire import V2_VERSION, FakeWire

_STATUS = b"\xf4\x09"


def _in_step(wire: FakeWire) -> BulkChannel:
    channel = BulkChannel(wire)
    channel.synchronise()
    wire.sent.clear()
    wire.limits.clear()
    return channel


def test_every_command_is_sent_as_16_bytes_padded_with_zeros() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(bytes(4))
    channel.exchange(_STATUS, reply=4)
    assert wire.sent == [_STATUS + bytes(14)]


def test_data_goes_out_in_a_transfer_of_its_own() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    channel.exchange(b"\xf4\x0a", data=b"abc")
    assert wire.sent == [b"\xf4\x0a" + bytes(14), b"abc"]


def test_the_time_limit_reaches_every_transfer() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(b"ok")
    channel.exchange(b"\xf7", data=b"x", reply=2, limit_s=0.3)
    assert wire.limits == [0.3, 0.3, 0.3]


def test_a_reply_left_over_by_an_earlier_user_of_the_probe_is_not_taken_for_ours() -> None:
    wire = FakeWire(bytes(4), b"left over by a run that was killed", b"\x01\x00")
    channel = BulkChannel(wire)
    channel.synchronise()
    assert channel.version_reply == V2_VERSION


def test_a_left_over_reply_of_the_length_of_a_version_is_told_by_its_vendor_id() -> None:
    wire = FakeWire()
    wire.replies[b"\xf1"] = b"\x82\x00\x80\x83\x82\x00"  # comes late, in front of the true answer
    answers = wire.answers

    class Late(FakeWire):
        def write(self, data: bytes, timeout_s: float) -> None:
            super().write(data, timeout_s)
            if data.startswith(b"\xf1"):
                answers.append(V2_VERSION)

    late = Late()
    late.replies, late.answers = wire.replies, answers
    channel = BulkChannel(late)
    channel.synchronise()
    assert channel.version_reply == V2_VERSION


def test_an_answer_that_comes_after_its_time_limit_is_dropped_not_taken_for_the_next_one() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    late, right = b"\x04\xff\xff\xff", bytes(4)
    wire.answers.append(TransportTimeoutError("the answer is late"))
    original = wire.write

    def write(data: bytes, timeout_s: float) -> None:
        if data.startswith(b"\xf1"):
            wire.answers.append(late)  # here it comes, in front of the version
        original(data, timeout_s)
        if data.startswith(_STATUS) and wire.sent.count(data) == 2:
            wire.answers.append(right)

    wire.write = write  # type: ignore[method-assign]
    assert channel.exchange(_STATUS, reply=4) == right
    assert channel.hiccups == 1


def test_a_stall_is_cleared_and_the_command_sent_once_more() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(EndpointStallError("stall"))
    wire.replies[_STATUS] = bytes(4)
    assert channel.exchange(_STATUS, reply=4) == bytes(4)
    assert [command[:2] for command in wire.sent].count(_STATUS) == 2


def test_a_refused_command_is_cleared_before_the_next_is_sent() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.refuse_writes.extend([EndpointStallError("stall"), EndpointStallError("stall")])
    wire.replies[_STATUS] = bytes(4)
    assert channel.exchange(_STATUS, reply=4) == bytes(4)
    assert wire.halts_cleared == 1


def test_a_short_reply_is_an_error_to_recover_from_not_data() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(b"\x00\x00")
    wire.replies[b"\xf4\x09"] = bytes(4)
    assert channel.exchange(_STATUS, reply=4) == bytes(4)


def test_a_command_that_may_not_be_repeated_is_sent_once() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(b"\x00")
    with pytest.raises(TransferSizeError):
        channel.exchange(b"\xf4\x0c", reply=4, repeatable=False)
    assert len(wire.sent) == 1


def test_a_probe_that_stays_silent_is_an_error_after_one_repetition() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    with pytest.raises(TransportTimeoutError):
        channel.exchange(_STATUS, reply=4)
    assert [command[:2] for command in wire.sent].count(_STATUS) == 2
    assert wire.clock.now() < 3.0


def test_an_interrupted_exchange_is_put_right_before_the_next_one() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(KeyboardInterrupt())  # type: ignore[arg-type]
    original = wire.read

    def read(size: int, timeout_s: float) -> bytes:
        if wire.answers and isinstance(wire.answers[0], KeyboardInterrupt):
            wire.answers.popleft()
            wire.answers.append(bytes(4))  # what the probe still owes
            raise KeyboardInterrupt
        return original(size, timeout_s)

    wire.read = read  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        channel.exchange(_STATUS, reply=4)
    wire.replies[b"\xf4\x0d"] = b"\x00\x18"
    assert channel.exchange(b"\xf4\x0d", reply=2) == b"\x00\x18"


def test_a_probe_that_is_gone_is_not_asked_again() -> None:
    wire = FakeWire()
    channel = _in_step(wire)
    wire.answers.append(ProbeLostError("unplugged"))
    with pytest.raises(ProbeLostError):
        channel.exchange(_STATUS, reply=4)
    assert len(wire.sent) == 1
