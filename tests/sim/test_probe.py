"""The probe's commands, as clients of real ST-LINKs know them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.bench import BUSY, CSR, LIMIT_S, OK, REFUSED, SILENT, Bench
from stm8tool.errors import EndpointStallError, TransferSizeError, TransportTimeoutError
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.gap import SimGapError


@pytest.mark.parametrize(
    ("model", "version", "mode"),
    [("v2", "2B 47 83 04 48 37", "00 01"), ("v21", "27 07 83 04 4B 37", "01 00"), ("v3", "30 00 83 04 4F 37", "01 03")],
)
def test_each_generation_has_its_version_and_its_mode_after_plug_in(model: str, version: str, mode: str) -> None:
    bench = Bench(model=model)
    assert bench.ask("F1", 6) == version
    assert bench.ask("F5", 2) == mode


def test_a_v3_tells_its_swim_version_by_the_extended_command() -> None:
    assert Bench(model="v3").ask("FB", 12) == "03 01 07 02 04 00 00 00 83 04 4F 37"


def test_the_identity_names_product_speed_and_serial() -> None:
    identity = Bench(model="v3").probe.identity
    assert (identity.vendor, identity.product, identity.high_speed) == (0x0483, 0x374F, True)


def test_in_dfu_mode_swim_is_entered_only_after_the_dfu_exit() -> None:
    bench = Bench(model="v2")
    bench.send("F4 00")
    assert bench.ask("F5", 2) == "00 01"
    bench.send("F3 07")
    bench.send("F4 00")
    assert bench.ask("F5", 2) == "03 00"


def test_the_debug_exit_leaves_debug_mode() -> None:
    bench = Bench(model="v2")
    bench.probe.firmware.mode = 2
    for _ in range(2):
        bench.send("F2 21")
        assert bench.ask("F5", 2)[:2] == "01"


def test_outside_swim_mode_nothing_reaches_the_pins_and_nothing_answers() -> None:
    bench = Bench(model="v3")
    bench.send("F4 07")
    assert not bench.chip.nrst_low
    bench.send("F4 09")
    with pytest.raises(TransportTimeoutError):
        bench.take(4)


def test_a_speed_before_the_swim_mode_spoils_the_session_on_a_v3() -> None:
    bench = Bench(model="v3")
    bench.send("F4 03 01")
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    bench.send("F4 01")
    bench.swim_mode()
    assert bench.do("F4 04") == OK


def test_a_probe_found_in_swim_mode_gives_no_entry_until_it_has_left_that_mode() -> None:
    bench = Bench()
    bench.probe.firmware.mode = 3
    bench.probe.open()
    bench.send("F4 00")
    assert bench.do("F4 04") == SILENT
    bench.send("F4 01")
    bench.send("F4 00")
    assert bench.do("F4 04") == OK


def test_entering_swim_mode_does_not_refresh_the_status() -> None:
    bench = Bench(faults=["unpowered"])
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    bench.send("F4 01")
    bench.send("F4 00")
    assert bench.poll() == SILENT
    assert bench.do("F4 08") == OK


def test_leaving_swim_mode_does_not_release_nrst() -> None:
    bench = Bench()
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    bench.send("F4 01")
    assert bench.state == "held in reset"


@pytest.mark.parametrize("event", ["reset", "replug"])
def test_a_probe_that_starts_again_lets_go_of_its_pins(event: str) -> None:
    bench = Bench()
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    before = bench.clock.now()
    getattr(bench.probe, event)()
    assert bench.clock.now() - before == (0.5 if event == "reset" else 0.0)
    assert not bench.chip.nrst_low
    assert bench.ask("F5", 2) == "00 01"


def test_what_was_over_on_the_wire_before_the_plug_was_pulled_has_happened() -> None:
    bench = Bench()
    bench.swim_mode()
    bench.send("F4 04")
    bench.clock.sleep(0.02)
    bench.probe.replug()
    assert bench.chip.swim_active


@pytest.mark.parametrize("command", ["EE", "F3 08", "F2 30", "F4 0E", "F4 7F", "FC"])
def test_an_unmodelled_command_is_an_error_not_an_ack(command: str) -> None:
    bench = Bench()
    bench.swim_mode()
    with pytest.raises(SimGapError):
        bench.send(command)


def test_the_extended_version_of_a_v2_is_a_gap() -> None:
    with pytest.raises(SimGapError):
        Bench(model="v2").send("FB")


def test_a_command_longer_than_16_bytes_is_a_gap() -> None:
    with pytest.raises(SimGapError):
        Bench().probe.write(bytes([0xF5]) + bytes(16), LIMIT_S)


@given(st.binary(min_size=1, max_size=16))
def test_whatever_is_sent_is_answered_ignored_or_a_gap(command: bytes) -> None:
    bench = Bench()
    bench.swim_mode()
    try:
        bench.probe.write(command, LIMIT_S)
        bench.take(1)
    except (SimGapError, TransferSizeError, TransportTimeoutError):
        return
    assert command[:2] == b"\xf4\x0c"


# -- data and status ---------------------------------------------------------------------------------------


def test_a_read_of_another_length_hands_over_what_came() -> None:
    bench = Bench()
    bench.send("F5")
    with pytest.raises(TransferSizeError) as caught:
        bench.take(6)
    assert (caught.value.expected, caught.value.data) == (6, b"\x00\x01")
    with pytest.raises(TransportTimeoutError):
        bench.take(2)


def test_a_read_with_nothing_to_come_costs_its_time_limit() -> None:
    bench = Bench()
    before = bench.clock.now()
    with pytest.raises(TransportTimeoutError):
        bench.probe.read(2, 0.3)
    assert bench.clock.now() - before == pytest.approx(0.301)


def test_readbuf_before_the_end_of_the_transfer_stays_pending_for_ever() -> None:
    bench = Bench().connect()
    bench.start_read(0x8000, 6144)
    bench.send("F4 0C")
    with pytest.raises(TransportTimeoutError):
        bench.take(6144)
    assert bench.wait() == OK
    with pytest.raises(TransportTimeoutError):
        bench.take(6144)
    bench.send("F4 0C")
    assert len(bench.take(6144)) == 6144


def test_readbuf_after_a_write_or_an_error_returns_nothing() -> None:
    bench = Bench().connect()
    assert bench.write(0x0100, 1) == OK
    bench.send("F4 0C")
    with pytest.raises(TransportTimeoutError):
        bench.take(1)
    bench.send("F4 03 01")  # the chip is in low speed: it will not answer
    assert bench.try_read(0x8000) == SILENT
    bench.send("F4 0C")
    with pytest.raises(TransportTimeoutError):
        bench.take(1)


def test_a_new_memory_command_breaks_off_the_running_one_silently() -> None:
    bench = Bench().connect()
    bench.send("F4 0A", (255).to_bytes(2, "big") + (0x100).to_bytes(4, "big") + bytes([7] * 8))
    bench.probe.write(bytes([7] * 247), LIMIT_S)
    bench.clock.sleep(0.002)
    assert bench.read(0x0000) == b"\0"
    written = bench.chip.ram.data.count(7)
    assert 0 < written < 255


@pytest.mark.parametrize("command", ["F4 06", "F4 07", "F4 0A 00 01"])
def test_any_other_swim_command_breaks_off_a_running_write_too(command: str) -> None:
    bench = Bench().connect()
    bench.send("F4 0A", (1000).to_bytes(2, "big") + bytes(4) + bytes([7] * 8))
    bench.probe.write(bytes([7] * 992), LIMIT_S)
    bench.clock.sleep(0.002)
    assert bench.do(command) == OK
    bench.clock.sleep(0.1)
    bench.do("F4 09")
    assert 0 < bench.chip.ram.data.count(7) < 1000


def test_a_pulled_plug_breaks_off_a_running_write() -> None:
    bench = Bench().connect()
    bench.send("F4 0A", (1000).to_bytes(2, "big") + bytes(4) + bytes([7] * 8))
    bench.probe.write(bytes([7] * 992), LIMIT_S)
    bench.clock.sleep(0.002)
    bench.probe.unplug()
    assert 0 < bench.chip.ram.data.count(7) < 1000


def test_a_command_while_data_wait_is_answered_out_of_step() -> None:
    bench = Bench().connect()
    assert bench.try_read(0x8000, 2) == OK
    bench.send("F4 0C")
    bench.send("F5")
    assert bench.take(2) == b"\0\0"
    assert bench.take(2) == b"\x03\0"


def test_a_speed_in_the_middle_of_a_transfer_spoils_it() -> None:
    bench = Bench().connect()
    bench.start_read(0x8000, 6144)
    bench.send("F4 03 00")
    assert bench.wait() == SILENT


@pytest.mark.parametrize("size", [0, 6145])
@pytest.mark.parametrize("command", ["F4 0A", "F4 0B"])
def test_a_transfer_beyond_the_buffer_is_a_gap(command: str, size: int) -> None:
    bench = Bench().connect()
    with pytest.raises(SimGapError):
        bench.send(command, size.to_bytes(2, "big") + bytes(4))


@pytest.mark.parametrize("counts", [True, False])
def test_the_status_counts_bytes_or_shows_zeros(counts: bool) -> None:
    bench = Bench(faults=[] if counts else ["no-count"]).connect()
    bench.start_read(0x8000, 300)
    bench.clock.sleep(0.1)
    assert bench.ask("F4 09", 4) == ("00 2C 01 00" if counts else "00 00 00 00")


def test_an_error_stays_until_the_next_swim_command() -> None:
    bench = Bench().connect()
    bench.send("F4 03 01")
    assert bench.try_read(0x8000) == SILENT
    assert [bench.poll() for _ in range(3)] == [SILENT] * 3
    assert bench.do("F4 06") == OK


def test_the_rest_of_a_write_may_come_in_one_transfer_and_is_then_executed_in_ascending_order() -> None:
    bench = Bench().connect()
    assert bench.write(0x0100, *range(1, 101)) == OK
    assert bench.chip.ram.read(0x100, 100) == bytes(range(1, 101))


def test_the_voltage_is_the_quotient_of_two_numbers() -> None:
    bench = Bench(model="v3")
    bench.send("F7")
    reply = bench.take(8)
    a0, a1 = (int.from_bytes(reply[n : n + 4], "little") for n in (0, 4))
    assert 2400 * a1 // a0 in range(3290, 3311)


@pytest.mark.parametrize("model", ["v2", "v21"])
def test_no_voltage_in_dfu_mode_or_from_a_v21(model: str) -> None:
    bench = Bench(model=model)
    bench.send("F7")
    with pytest.raises(TransportTimeoutError):
        bench.take(8)


# -- time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "seconds"), [("v2", 0.001), ("v21", 0.001), ("v3", 0.0002)])
def test_each_bulk_transfer_costs_its_time_and_is_counted(model: str, seconds: float) -> None:
    bench = Bench(model=model)
    bench.ask("F5", 2)
    assert bench.probe.transfers == 2
    assert bench.clock.now() == pytest.approx(2 * seconds)


@pytest.mark.parametrize(
    ("fast", "seconds"), [(False, 24 * 137.5e-6 + 6000 * 30.25e-6), (True, 24 * 62.5e-6 + 6000 * 13.75e-6)]
)
def test_a_memory_transfer_takes_its_bit_times(fast: bool, seconds: float) -> None:
    bench = Bench("stm8s105k4", "v3").connect(fast=fast)
    bench.start_read(0x8000, 6000)
    bench.clock.sleep(seconds - 0.001)
    assert bench.poll() == BUSY
    bench.clock.sleep(0.001)
    assert bench.poll() == OK


def test_the_entry_waveform_takes_9_ms() -> None:
    bench = Bench()
    bench.swim_mode()
    bench.send("F4 04")
    bench.clock.sleep(0.007)
    assert bench.poll() == BUSY
    bench.clock.sleep(0.001)
    assert bench.poll() == OK


def test_an_early_poll_spoils_the_entry_on_one_clone() -> None:
    bench = Bench(faults=["early-poll"])
    bench.swim_mode()
    assert bench.do("F4 04") == SILENT
    bench.send("F4 04")
    bench.clock.sleep(0.0065)
    assert bench.wait() == OK


def test_the_virtual_clock_moves_only_when_somebody_waits() -> None:
    clock = VirtualClock()
    assert clock.now() == clock.now() == 0
    clock.sleep(2.5)
    clock.sleep(-1)
    assert clock.now() == 2.5


def test_silence_costs_the_probe_time_before_it_gives_up() -> None:
    bench = Bench(model="v3").connect()
    for limit_s in (0.01, 0.1):
        bench.probe.firmware.silence_s = limit_s
        bench.send("F4 03 01")
        bench.start_read(0x8000, 1)
        bench.clock.sleep(limit_s - 0.001)
        assert bench.poll() == BUSY
        bench.clock.sleep(0.001)
        assert bench.poll() == SILENT


def test_a_refusal_and_silence_are_different_statuses() -> None:
    bench = Bench()
    bench.swim_mode()
    assert bench.do("F4 07") == OK
    assert bench.do("F4 04") == OK
    assert bench.write(CSR, 0xA0) == OK
    assert bench.try_read(0x8000) == REFUSED  # in reset the bus is closed
    assert bench.do("F4 08") == OK
    assert bench.try_read(0x8000) == OK


# -- transfers that are in flight together ---------------------------------------------------------------------


def _taken(bench: Bench, out: list[bytes], reply: int) -> float:
    before = bench.probe.clock.now()
    bench.probe.exchange(out, reply, 1.0)
    return bench.probe.clock.now() - before


def _command(text: str) -> bytes:
    return bytes.fromhex(text).ljust(16, b"\0")


@pytest.mark.parametrize(
    ("model", "size", "together_ms", "alone_ms"),
    [("v2", 1000, 1, 2), ("v2", 2400, 3, 3), ("v2", 6144, 6, 7), ("v3", 1000, 0.325, 0.4), ("v3", 6144, 0.325, 0.4)],
)
def test_transfers_that_are_in_flight_together_share_frames(
    model: str, size: int, together_ms: float, alone_ms: float
) -> None:
    bench = Bench(model=model)
    bench.swim_mode()
    command, data = _command("F4 0A")[:2] + size.to_bytes(2, "big") + bytes(12), bytes(size - 8)
    assert _taken(bench, [command, data], 0) * 1000 == pytest.approx(together_ms)
    assert (_taken(bench, [command], 0) + _taken(bench, [data], 0)) * 1000 == pytest.approx(alone_ms)


def test_a_command_and_its_reply_share_a_frame_and_the_next_command_needs_another() -> None:
    bench = Bench(model="v2")
    assert _taken(bench, [_command("F5")], 2) == pytest.approx(0.001)
    assert _taken(bench, [_command("F5")], 2) == pytest.approx(0.001)


@pytest.mark.parametrize("first", ["F5", "F4 09", "F4 07"])
def test_a_second_command_in_flight_with_the_first_is_refused(first: str) -> None:
    bench = Bench(model="v2")
    bench.swim_mode()
    with pytest.raises(SimGapError, match="two commands"):
        bench.probe.exchange([_command(first), _command("F4 09")], 4, 1.0)


def test_a_fault_of_one_transfer_leaves_those_after_it_without_a_turn() -> None:
    bench = Bench(model="v2", faults=["stall-after=0"])
    with pytest.raises(EndpointStallError):
        bench.probe.exchange([_command("F5")], 2, 1.0)
    assert bench.probe.transfers == 1
    bench.probe.clear_halt()
    assert bench.probe.exchange([_command("F5")], 2, 1.0)[0] == 0
