"""Whether a reset starts a program: what is said, and warned of, after a write and a reset."""

from __future__ import annotations

import re
from typing import Optional

import pytest

from session.bench import Board, chip_behind
from stm8tool import api
from stm8tool.chip import start
from stm8tool.chip.options.plan import Danger
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Region, all_parts
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches

_CODE = bytes(range(1, 120))
_FLASH = Region("flash", 0x8000, 0x2000)


def _program(vector: bytes, code: bytes = _CODE, at: int = 0x8080) -> Image:
    return Image([Segment(0x8000, vector), Segment(at, code)])


def _read(image: Image) -> start.Read:
    def read(address: int, size: int) -> bytes:
        found = image.filled(_FLASH, 0).slice(Region("piece", address, size))
        return b"".join(segment.data for segment in found)

    return read


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (_program(b"\x82\x00\x80\x80"), None),
        (_program(b"\xac\x00\x80\x80"), None),
        (_program(b"\x82\x00\x80\x80", b"\x00\x10\x00\x11"), None),
        (_program(b"\x82\x00\x9f\xff", b"\x8e", 0x9FFF), None),
        (_program(b"\x82\x00\x9f\xff", b"\x8e", 0x9FFE), "blank"),
        (_program(b"\x82\x00\x80\x80", b""), "leads to 0x008080, where the flash is blank"),
        (_program(b"\x82\x00\x80\x80", _CODE, 0x8090), "leads to 0x008080, where the flash is blank"),
        (_program(b"\x82\x00\x80\x80", _CODE, 0x808F), None),
        (_program(b"\x82\x00\xa0\x00"), "leads to 0x00A000, which is not in flash"),
        (_program(b"\x82\x00\x7f\xff"), "leads to 0x007FFF, which is not in flash"),
        (_program(b"\x82\x00\x00\x40"), "leads to 0x000040, which is not in flash"),
        (_program(b"\x82\x00\x40\x00"), "leads to 0x004000, which is not in flash"),
        (_program(b"\x82\x01\x00\x00"), "leads to 0x010000, which is not in flash"),
        (_program(b"\x9d\x00\x80\x80"), "holds 0x9D, which is not a reset vector"),
        (_program(b"\xcc\x80\x80\x00"), "holds 0xCC, which is not a reset vector"),
        (_program(b"\x00\x00\x80\x80"), "holds 0x00, which is not a reset vector"),
        (_program(b"\xff\xff\xff\xff"), "holds 0xFF, which is not a reset vector"),
        (_program(b"\x71\x71\x71\x71"), "holds 0x71, which is not a reset vector"),
        (_program(b"\x00\x00\x00\x00"), "blank at 0x008000, where the reset vector belongs"),
        (Image(), "blank at 0x008000, where the reset vector belongs"),
    ],
)
def test_a_program_is_a_vector_that_leads_to_flash_which_is_not_blank(image: Image, says: Optional[str]) -> None:
    found = start.flaw(_read(image), _FLASH)
    assert (found is None) == (says is None)
    assert says is None or says in (found or "")


def _told(chip: api.Chip, caplog: pytest.LogCaptureFixture) -> tuple[Optional[bool], int]:
    return chip.starts_program, len(re.findall(r"\[E-NO-PROGRAM\]", caplog.text))


@pytest.mark.parametrize("model", ["v1", "v3"])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s105k4", "stm8s208mb", "stm8l101f3", "stm8l151k4", "stm8l152m8"])
def test_a_write_is_judged_by_what_the_chip_then_holds(part: str, model: str, caplog: pytest.LogCaptureFixture) -> None:
    board = Board(part, model)
    board.chip.flash.write(0x8000, bytes(board.part.flash.size))
    with board.open() as chip:
        chip.write(Image([Segment(0x8080, _CODE)]), board.part.flash)
    assert _told(chip, caplog) == (False, 1)
    assert "write one that has a `main`, or the boot loader that starts it" in caplog.text
    caplog.clear()
    with board.open() as chip:  # the vector alone: the chip holds what it leads to
        chip.write(Image([Segment(0x8000, b"\x82\x00\x80\x80")]), board.part.flash)
    assert _told(chip, caplog) == (True, 0)
    assert board.is_left_idle()


def test_a_program_at_the_end_of_the_largest_flash_is_found() -> None:
    board = Board("stm8s208mb", "v3")
    end = board.part.flash.end
    with board.open() as chip:
        image = Image([Segment(0x8000, b"\x82" + (end - 2).to_bytes(3, "big")), Segment(end - 2, b"\x20\xfe")])
        chip.write(image, board.part.flash)
    assert chip.starts_program


@pytest.mark.parametrize("part", [None, "stm8s103f3"])
def test_a_reset_of_a_blank_chip_is_warned_of(part: Optional[str], caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    for held, told in ((bytes(8), (False, 1)), (b"\x82\x00\x80\x04\x20\xfe", (True, 0))):
        caplog.clear()
        board.chip.flash.write(0x8000, bytes(0x2000))
        board.chip.flash.write(0x8000, held)
        chip = chip_behind(board.probe, board.part if part else None)
        with chip:
            chip.reset()
        assert _told(chip, caplog) == told


@pytest.mark.parametrize("switches", [Switches(), Switches(rop_reads=0x00), Switches(rop_hides_options=False)])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_of_a_locked_chip_nothing_is_claimed(part: str, switches: Switches, caplog: pytest.LogCaptureFixture) -> None:
    board = Board(part, locked=True, switches=switches)
    with board.open() as chip:
        chip.reset()
    assert _told(chip, caplog) == (None, 0)
    if switches == Switches():
        with chip_behind(board.probe) as chip:
            chip.reset()
        assert _told(chip, caplog) == (None, 0)


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_a_write_that_ends_in_a_lock_is_judged_by_the_file(part: str, caplog: pytest.LogCaptureFixture) -> None:
    for image, told in (
        (_program(b"\x82\x00\x80\x80"), (True, 0)),
        (_program(b"\x82\x00\x80\x80", b"\x8e" * 16), (True, 0)),
        (_program(b"\x9d\x00\x80\x80"), (False, 1)),
        (Image([Segment(0x8080, _CODE)]), (None, 0)),
        (_program(b"\x82\x00\x80\x80", b""), (None, 0)),
    ):
        caplog.clear()
        board = Board(part)
        locking = 0xAA if board.part.aa_locks else 0x00
        with board.open() as chip:
            locked = image.overlaid(Image([Segment(0x4800, bytes([locking]))]))
            chip.write(locked, options=True, allow=[Danger.LOCK])
        assert _told(chip, caplog) == told


def test_other_memories_and_jobs_make_no_claim(caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    board.chip.flash.write(0x8000, bytes(0x2000))
    assert board.part.eeprom
    for job in (
        lambda chip: chip.write(Image([Segment(0x4000, b"abc")]), board.part.eeprom),
        lambda chip: chip.load_ram(Image([Segment(0x10, b"abc")])),
        lambda chip: chip.erase(board.part.flash),
        lambda chip: chip.read(board.part.flash),
        lambda chip: chip.info(),
    ):
        with board.open() as chip:
            job(chip)
        assert _told(chip, caplog) == (None, 0)


def test_a_failed_write_makes_no_claim(caplog: pytest.LogCaptureFixture) -> None:
    board = Board(faults=["dead-block=0x8000"])
    board.chip.flash.write(0x8000, bytes(0x2000))
    chip = board.open()
    with pytest.raises(Exception, match="verify failed"), chip:
        chip.write(_program(b"\x82\x00\x80\x80"), board.part.flash)
    assert _told(chip, caplog) == (None, 0)


def test_every_part_has_its_vector_at_the_start_of_its_flash() -> None:
    assert {part.flash.start for part in all_parts()} == {start.VECTOR}
    assert max(part.flash.size for part in all_parts()) <= 0x20000


@pytest.mark.parametrize("verify", [True, False])
def test_the_last_job_of_a_session_decides(verify: bool, caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    whole, flash = _program(b"\x82\x00\x80\x80"), board.part.flash
    with board.open() as chip:
        chip.write(whole, flash, verify=verify)
        chip.erase(board.part.flash)
    assert _told(chip, caplog) == (None, 0)
    with board.open() as chip:
        chip.write(Image([Segment(0x8080, _CODE)]), flash, verify=verify)
        chip.write(whole, flash, verify=verify)
        chip.verify(whole, flash)
    assert _told(chip, caplog) == (True, 0)
    with board.open() as chip:
        chip.write(whole, flash, verify=verify)
        chip.write(_program(b"\x9d\x9d\x9d\x9d"), flash, verify=verify)
        chip.read(board.part.flash)
    assert _told(chip, caplog) == (False, 1)
    caplog.clear()
    with board.open() as chip:
        chip.reset()
        chip.run(0x30, Image([Segment(0x30, b"\x20\xfe")]))
    assert _told(chip, caplog) == (None, 0)


def test_what_was_not_verified_is_read() -> None:
    board = Board(faults=["dead-block=0x8080"])
    board.chip.flash.write(0x8000, bytes(0x2000))
    with board.open() as chip:
        chip.write(_program(b"\x82\x00\x80\x80"), board.part.flash, verify=False)
    assert chip.starts_program is False


@pytest.mark.parametrize("fault", ["clone-16bit-address", "open-firmware"])
def test_a_program_that_a_probe_cannot_reach_is_not_called_missing(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board("stm8s208mb", "v2")
    board.upload(Image([Segment(0x8000, b"\x82\x01\x50\x00"), Segment(0x15000, _CODE)]))
    board.probe = SimStlink(board.chip, "v2", faults=[fault])
    ram = bytes(board.chip.ram.data)
    with board.open() as chip:
        chip.reset()
    assert chip.starts_program is None
    assert not caplog.messages
    assert bytes(board.chip.ram.data) == ram
