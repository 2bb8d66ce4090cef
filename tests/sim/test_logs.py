"""Logs of real exchanges, replayed."""

from __future__ import annotations

import pytest

from sim.bench import ENDLESS, LIMIT_S, OK, SILENT, Bench
from stm8tool.errors import TransferSizeError, TransportTimeoutError


def test_a_v3_that_gets_a_short_status_command_answers_two_bytes_and_then_nothing() -> None:
    bench = Bench(model="v3")
    assert bench.ask("F1", 6) == "30 00 83 04 4F 37"
    assert bench.ask("F5", 2) == "01 03"
    bench.send("F3 07")
    bench.send("F4 00")
    assert bench.ask("F4 0D", 2) == "00 18"
    assert bench.ask("F4 02 01", 8) == "00 01 00 30 00 00 00 00"
    bench.send("F4 07")
    bench.probe.write(b"\xf4\x09", LIMIT_S)
    with pytest.raises(TransferSizeError) as caught:
        bench.take(4)
    assert len(caught.value.data) == 2
    for command in ("F4 09", "F1", "F5"):
        bench.send(command)
        with pytest.raises(TransportTimeoutError):
            bench.take(2)


@pytest.mark.parametrize("cure", ["replug", "reset"])
def test_a_wedged_v3_comes_back(cure: str) -> None:
    bench = Bench(model="v3")
    bench.probe.write(b"\xf5", LIMIT_S)
    getattr(bench.probe, cure)()
    assert bench.ask("F5", 2) == "01 03"


def test_a_wedged_v3_may_need_more_than_a_usb_reset() -> None:
    bench = Bench(model="v3")
    bench.probe.firmware.reset_unwedges = False
    bench.probe.write(b"\xf5", LIMIT_S)
    bench.probe.reset()
    bench.send("F5")
    with pytest.raises(TransportTimeoutError):
        bench.take(2)


def test_a_v2_takes_short_commands() -> None:
    bench = Bench(model="v2")
    bench.probe.write(b"\xf5", LIMIT_S)
    assert bench.take(2) == b"\x00\x01"


def test_a_v2_with_a_silent_target_is_busy_for_10_ms_and_then_says_04_for_ever() -> None:
    bench = Bench(faults=["unpowered"])
    bench.probe.firmware.mode, bench.probe.firmware.counts_bytes = 3, False
    assert bench.ask("F1", 6) == "2B 47 83 04 48 37"
    assert bench.ask("F5", 2)[:2] == "03"
    assert bench.ask("F4 0D", 2) == "00 18"
    assert bench.ask("F4 02 01", 8) == "00 01 02 07 00 00 00 00"
    bench.send("F4 07")
    assert bench.ask("F4 09", 4) == "00 00 00 00"
    bench.send("F4 04")
    assert bench.ask("F4 09", 4) == "01 00 00 00"
    bench.clock.sleep(0.010)
    assert bench.ask("F4 09", 4) == "01 00 00 00"
    bench.clock.sleep(0.010)
    assert bench.ask("F4 09", 4) == "04 00 00 00"
    bench.clock.sleep(1.0)
    assert bench.ask("F4 09", 4) == "04 00 00 00"


ST_TOOL_CONNECT = """
    F4 07 01 00 00 00 00 00 00 00 | F4 08 01 00 | F4 07 01 00 | F4 04 01 00 | F4 03 00 | F4 05 00 00
    F4 0A 00 01 00 00 7F 80 A0 00 00 00 00 00 00 00
    F4 08 00 01 00 00 7F 80 A0 00
    F4 0B 00 01 00 00 7F 99 A0 00 > F4 0C 00 01 00 00 7F 99 A0 00 = 1
    F4 06 00 01 00 00 7F 99 A0 00
    F4 0A 00 01 00 00 7F 80 B0 | F4 03 01 | F4 0A 00 01 00 00 7F 80 B4
    F4 0A 00 01 00 00 50 C6 00
    F4 0B 00 06 00 00 67 F0 00 00 > F4 0C 00 06 00 00 67 F0 00 00 = 6
    F4 0B 00 01 00 00 58 08 > F4 0C = 1
    F4 0B 00 02 00 00 48 8E > F4 0C = 2
    F4 0B 00 01 00 00 48 00 > F4 0C = 1
    F4 0B 00 01 00 00 48 01 > F4 0C = 1
    F4 0B 00 01 00 00 48 02 > F4 0C = 1
    F4 0B 18 00 00 00 80 00 00 00 > F4 0C 18 00 00 00 80 00 00 00 = 6144
    F4 0A 00 01 00 00 50 62 56 | F4 0A 00 01 00 00 50 62 AE | F4 0A 00 01 00 00 50 64 AE | F4 0A 00 01 00 00 50 64 56
    F4 0B 00 01 00 00 50 5F > F4 0C = 1
"""
ST_TOOL_LEAVE = """
    F4 0B 00 01 00 00 7F 80 > F4 0C = 1
    F4 0A 00 01 00 00 7F 80 B6 | F4 05 00 01 00 00 7F 80 B6 00 | F4 03 00
"""


def replay(bench: Bench, log: str) -> None:
    """Run a log: status 00 after each command; `>` is followed by the READBUF and its length."""
    for step in log.replace("\n", "|").split("|"):
        command, _, rest = step.partition(">")
        if not command.strip():
            continue
        assert bench.do(command) == OK, step
        if rest:
            readbuf, _, size = rest.partition("=")
            bench.send(readbuf)
            assert len(bench.take(int(size))) == int(size)


def test_the_order_of_sts_own_tool_connects_reads_and_leaves_the_program_running() -> None:
    bench = Bench("stm8s105k4", program=ENDLESS)
    bench.swim_mode()
    replay(bench, ST_TOOL_CONNECT)
    assert bench.state == "stalled"
    assert bench.chip.csr == 0xB4
    assert bench.chip.controller.pul
    assert bench.chip.controller.dul
    replay(bench, ST_TOOL_LEAVE)
    bench.clock.sleep(0.001)
    assert bench.state == "running"
    assert not bench.chip.swim_active
    assert bench.do("F4 07 00 01 00 00 7F 80 B6 00") == OK
    bench.send("F4 01")
    assert bench.state == "held in reset"


def test_the_open_firmware_answers_as_its_source_says() -> None:
    bench = Bench(faults=["open-firmware"])
    assert bench.ask("F1", 6) == "29 47 83 04 48 37"
    assert bench.ask("F5", 2) == "00 01"
    bench.send("F3 07")
    assert bench.ask("F5", 2) == "00 01"
    bench.send("F4 00")
    assert bench.ask("F5", 2) == "03 01"
    assert bench.ask("F4 0D", 2) == "00 18"
    assert bench.ask("F4 02 01", 8) == "00 00 00 00 00 00 00 00"
    for command in ("F7", "FB"):
        bench.send(command)
        with pytest.raises(TransportTimeoutError):
            bench.take(8)
    bench.send("F4 01")
    assert bench.ask("F5", 2) == "03 01"


def test_the_open_firmware_calls_an_entry_good_though_nobody_answered() -> None:
    bench = Bench(faults=["open-firmware", "unpowered"])
    bench.send("F4 00")
    bench.send("F4 07")
    assert bench.ask("F4 09", 4) == "00 00 00 00"
    for command in ("F4 04", "F4 05", "F4 06"):
        bench.send(command)
        bench.clock.sleep(0.007)
        assert bench.ask("F4 09", 4) == "00 00 00 00"
    assert bench.write(0x7F80, 0xA0) == 0x04


def test_the_open_firmware_counts_the_bytes_of_a_transfer() -> None:
    bench = Bench(faults=["open-firmware"]).connect()
    bench.start_read(0x8000, 300)
    seen = [bench.ask("F4 09", 4)]
    while seen[-1].startswith("01"):
        seen.append(bench.ask("F4 09", 4))
    assert seen[-1] == "00 2C 01 00"
    assert len({reply[3:8] for reply in seen}) > 3
    bench.send("F4 0C")
    bench.send("F5")  # lost: data are pending
    assert len(bench.take(300)) == 300
    with pytest.raises(TransportTimeoutError):
        bench.take(2)


def test_the_open_firmware_cuts_addresses_to_16_bits() -> None:
    bench = Bench("stm8s208rb", faults=["open-firmware"])
    bench.chip.flash.write(0x8000, b"\x82")
    bench.chip.flash.write(0x18000, b"\x11")
    assert bench.connect().byte(0x18000) == 0x82


def test_the_open_firmware_tells_a_refusal_like_silence() -> None:
    bench = Bench(faults=["open-firmware"]).attach()
    bench.unlock()
    assert bench.mode(0x01) == SILENT


def test_the_open_firmware_clears_an_old_error_when_swim_mode_is_entered() -> None:
    bench = Bench(faults=["open-firmware"])
    bench.swim_mode()
    assert bench.try_read(0x8000) == SILENT
    bench.send("F4 00")
    assert bench.poll() == OK
