"""A noisy SWIM: bytes that the chip does not acknowledge, and bits that come wrong from it."""

from __future__ import annotations

import pytest

from sim.bench import CSR, ENDLESS, OK, REFUSED, SILENT, Bench
from stm8tool.sim.faults import parse
from stm8tool.sim.noise import Noise

_RAM = 0x0100


def test_every_frame_to_the_chip_counts_commands_and_addresses_too() -> None:
    bench = Bench(faults=["nak-every=10"])
    bench.swim_mode()
    assert bench.do("F4 04") == OK
    assert bench.do("F4 05") == OK  # one frame
    assert bench.write(CSR, 0xA0) == OK  # five of a header, one byte
    assert [bench.try_read(CSR) for _ in range(6)] == [REFUSED, OK, REFUSED, OK, REFUSED, OK]
    # The 10th, 20th and 30th frame were the 3rd, 4th, … of a header; what was left of that header was not sent.
    assert bench.chip.noise.sent == 10 + 5 + 5 + 5 + 5 + 5


def test_a_byte_that_was_not_acknowledged_was_not_taken_and_ends_the_write() -> None:
    bench = Bench(faults=["nak-every=20"]).attach()
    assert bench.write(_RAM, *range(1, 31)) == REFUSED
    assert bench.ask("F4 09", 4) == "05 08 00 00"
    assert bench.chip.ram.read(_RAM, 30) == bytes(range(1, 9)) + bytes(22)
    assert bench.write(_RAM + 8, *range(9, 18)) == OK
    assert bench.chip.ram.read(_RAM, 30) == bytes(range(1, 18)) + bytes(13)


def test_a_reset_that_was_not_acknowledged_did_not_happen() -> None:
    bench = Bench(faults=["nak-every=7"], program=ENDLESS).attach()
    assert bench.do("F4 05") == REFUSED
    assert bench.state == "running"
    assert bench.do("F4 05") == OK
    bench.clock.sleep(0.001)
    assert bench.state == "stalled"


def test_a_block_with_a_byte_not_acknowledged_is_not_programmed() -> None:
    bench = Bench(faults=["nak-every=100"]).connect()
    bench.unlock()
    assert bench.mode(0x01) == OK
    assert bench.write(0x8000, *range(64)) == REFUSED
    bench.clock.sleep(0.01)
    assert not bench.iapsr() & 0x04
    assert bench.try_read(0x8000) == REFUSED  # it waits for the rest
    bench.connect()
    assert not any(bench.read(0x8000, 64))


def test_a_byte_not_acknowledged_at_all_leaves_no_command() -> None:
    bench = Bench(faults=["nak-every=1"])
    bench.swim_mode()
    assert bench.do("F4 04") == OK  # pulses and a sync are not frames
    assert bench.write(CSR, 0xA0) == REFUSED
    assert bench.do("F4 06") == OK


def test_the_open_firmware_calls_it_silence() -> None:
    bench = Bench(faults=["nak-every=1", "open-firmware"])
    bench.swim_mode()
    assert bench.do("F4 04") == OK
    assert bench.write(CSR, 0xA0) == SILENT


def test_every_nth_byte_read_has_one_wrong_bit_and_not_the_same_one_next_time() -> None:
    bench = Bench(faults=["bit-flip-every=16"]).connect()
    first, second = (bench.read(_RAM, 64) for _ in range(2))
    for read in (first, second):
        assert [n for n, value in enumerate(read) if value] == [15, 31, 47, 63]
        assert all(bin(value).count("1") == 1 for value in read if value)
    assert first != second
    assert not any(bench.chip.ram.read(_RAM, 64))


def test_registers_come_wrong_too_and_what_is_written_arrives() -> None:
    bench = Bench(faults=["bit-flip-every=3"]).connect()
    assert [bench.byte(CSR) == 0xA2 for _ in range(6)] == [True, True, False] * 2
    assert bench.write(_RAM, *range(100)) == OK
    assert bench.chip.ram.read(_RAM, 100) == bytes(range(100))


@pytest.mark.parametrize("every", [1, 2, 3, 5, 8, 64])
def test_two_reads_of_the_same_bytes_one_after_the_other_never_agree(every: int) -> None:
    noise = Noise()
    noise.faults = parse([f"bit-flip-every={every}"])
    for flips in range(1, 169):
        reads = [noise.spoil(bytes(every * flips)) for _ in range(3)]
        assert reads[0] != reads[1] != reads[2]
        assert all(sum(map(bool, read)) == flips for read in reads)


def test_a_quiet_line_is_not_counted() -> None:
    bench = Bench().connect()
    bench.read(_RAM, 64)
    assert (bench.chip.noise.sent, bench.chip.noise.read) == (0, 0)
