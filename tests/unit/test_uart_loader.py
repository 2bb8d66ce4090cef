"""The host's side of the loader in a chip's RAM, against a line with scripted answers; which parts can have it."""

from __future__ import annotations

import zlib

import pytest

from clocks import StandingClock
from stm8tool.chip.flash.blocks import BlockWrite
from stm8tool.errors import ProgramError, SerialError
from stm8tool.parts.table import all_parts, find_part
from stm8tool.sim.serial import rom_facts
from stm8tool.uart import loader
from stm8tool.uart.link import ACK, NACK, LoaderLink
from stm8tool.uart.loader.link import LoaderInRam, sum_of
from stm8tool.uart.settings import UartMode

PART = find_part("stm8s208mb")
TAKEN, DAMAGED, REFUSED, SILENT = bytes([ACK]), bytes([NACK]), b"\xee", b""
BLOCKS = [BlockWrite(0x8000 + 128 * n, bytes([n + 1]) * 128, False) for n in range(3)]


class ScriptedLine:
    """A serial line that returns the answers of a script, one for each read, and then nothing."""

    def __init__(self, *answers: bytes) -> None:
        self.clock = StandingClock()
        self.frames: list[bytes] = []
        self._answers = list(answers)

    def drop_input(self) -> None:
        """Nothing waits."""

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def read(self, _size: int, _timeout_s: float) -> bytes:
        return self._answers.pop(0) if self._answers else SILENT

    @property
    def addresses(self) -> list[int]:
        """Of the writes."""
        return [int.from_bytes(frame[1:4], "big") for frame in self.frames if frame[:1] == b"W"]


def at(line: ScriptedLine) -> LoaderInRam:
    return LoaderInRam(LoaderLink(line), PART, 115200)  # type: ignore[arg-type]


def test_a_frame_ends_with_its_checksum_and_two_are_sent_before_the_first_answer() -> None:
    line = ScriptedLine(TAKEN, TAKEN, TAKEN, TAKEN + bytes(4))
    done: list[int] = []
    at(line).stream(BLOCKS, done.append)
    assert done == [1, 2, 3]
    assert line.addresses == [0x8000, 0x8080, 0x8100]
    first = line.frames[0]
    assert first[:6] == bytes([0x57, 0x00, 0x80, 0x00, 128, 0x01])
    assert zlib.crc32(first[:-4]).to_bytes(4, "little") == first[-4:]


@pytest.mark.parametrize("answer", [DAMAGED, SILENT, b"\x42"])
def test_a_block_that_was_damaged_is_sent_again_with_those_after_it(answer: bytes) -> None:
    quiet = () if answer == DAMAGED else (SILENT,)
    line = ScriptedLine(TAKEN, answer, *quiet, TAKEN, TAKEN, TAKEN + bytes(4))
    link = at(line)
    link.stream(BLOCKS, lambda _: None)
    assert line.addresses == [0x8000, 0x8080, 0x8100, 0x8080, 0x8100]
    assert link.repeated == 1


def test_a_loader_that_falls_silent_is_an_error_of_the_link() -> None:
    with pytest.raises(SerialError, match="answered a block with nothing"):
        at(ScriptedLine(TAKEN)).stream(BLOCKS, lambda _: None)


def test_a_refused_block_is_named_also_if_it_is_the_last() -> None:
    with pytest.raises(ProgramError, match="0x008000"):
        at(ScriptedLine(TAKEN, REFUSED)).stream(BLOCKS, lambda _: None)
    with pytest.raises(ProgramError, match="0x008100"):
        at(ScriptedLine(TAKEN, TAKEN, TAKEN, REFUSED)).stream(BLOCKS, lambda _: None)


def test_bytes_that_were_read_are_compared_with_their_checksum() -> None:
    good = b"\x01\x02"
    checksum = sum_of(good).to_bytes(4, "big")
    assert at(ScriptedLine(TAKEN + good + checksum)).read(0x8000, 2) == good
    with pytest.raises(SerialError, match="wrong checksum"):
        at(ScriptedLine(TAKEN + b"\x01\x03" + checksum)).read(0x8000, 2)


@pytest.mark.parametrize(
    ("address", "size", "mode"), [(0x8000, 128, 0x01), (0x8001, 127, 0x00), (0x4000, 128, 0x01), (0x487E, 2, 0x80)]
)
def test_a_write_chooses_the_mode_of_the_flash_controller(address: int, size: int, mode: int) -> None:
    line = ScriptedLine(TAKEN, TAKEN + bytes(4))
    at(line).write(address, bytes(size))
    assert line.frames[0][5] == mode


def test_the_code_ends_before_its_block_and_each_part_with_a_loader_has_a_variant_or_a_reason() -> None:
    for name in loader.VARIANTS:
        assert loader.START + len(loader.code(name)) <= loader.BLOCK
    reasons: dict[str, set[int]] = {}
    for part in all_parts():
        if part.boot_rom is None or part.family in ("STLUX", "STNRG"):
            continue
        mode = UartMode.REPLY if rom_facts.of(part).reply else UartMode.DUPLEX
        why = loader.obstacle(part, mode)
        if why is None:
            assert loader.variant(part, mode) in loader.VARIANTS
        else:
            reasons.setdefault(why.replace(part.name, "part"), set()).add(part.ram.size)
    assert reasons == {"the part has only 1024 bytes of RAM": {1024}}


def test_a_single_wire_has_no_loader_in_ram() -> None:
    assert "hear itself" in str(loader.obstacle(PART, UartMode.ONE_WIRE))
