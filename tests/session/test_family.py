"""What a chip shows of its kind, whatever reserved addresses read, and whom that refuses."""

from __future__ import annotations

import pytest

from session.bench import Board, chip_behind, image_of
from stm8tool.chip.link import family
from stm8tool.chip.link.family import Traits
from stm8tool.chip.options import ubc
from stm8tool.errors import FamilyMismatchError, LinkFault, SwimError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import all_parts, disagreements, find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches

PARTS = {part.name: part for part in all_parts()}
SEEN = {part.name: Traits(part.flash_regs, part.ram.size) for part in all_parts()}


def _refuses(chip: str, named: str) -> bool:
    try:
        family.check(SEEN[chip], PARTS[named])
    except FamilyMismatchError:
        return True
    return False


@pytest.mark.parametrize("unmapped", [0x00, 0xFF])
def test_every_part_shows_its_registers_and_its_ram_and_is_not_refused(unmapped: int) -> None:
    for part in all_parts():
        probe = SimStlink(Microcontroller(part, switches=Switches(unmapped_value=unmapped)), "v3")
        with chip_behind(probe, part) as chip:
            found = chip.candidates()
            assert chip.info().seen == SEEN[part.name], part.name
        assert part in found


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize(
    ("chip", "named"),
    [
        ("stm8s103f3", "stm8l151k4"),
        ("stm8l151k4", "stm8s103f3"),
        ("stm8s105k4", "stm8l101f3"),
        ("stm8l101f3", "stm8l151k4"),
        ("stm8l151k4", "stm8l101f3"),
        ("stm8l051f3", "stm8l101f3"),
        ("stm8s103f3", "stm8s105k6"),
        ("stm8s105k6", "stm8s208mb"),
        ("stm8s208mb", "stm8s103f3"),
        ("stm8l152r8", "stm8l051f3"),
    ],
)
def test_a_contradiction_stops_before_anything_is_written(chip: str, named: str, locked: bool) -> None:
    board = Board(chip, locked=locked)
    other = find_part(named)
    before = bytes(board.chip.flash.data), bytes(board.chip.options.memory.data)
    with board.open(other) as opened, pytest.raises(FamilyMismatchError) as error:
        opened.write(image_of(other, size=64), other.flash)
    assert board.part.name[:8] in str(error.value.hint)
    assert (bytes(board.chip.flash.data), bytes(board.chip.options.memory.data)) == before
    assert board.is_left_idle()


def test_no_part_passes_for_one_of_other_registers_or_other_protection() -> None:
    for chip, part in PARTS.items():
        for named, other in PARTS.items():
            other_kind = (part.flash_regs, part.aa_locks) != (other.flash_regs, other.aa_locks)
            if other_kind or (part.ram.size < other.ram.size and not disagreements(other)):
                assert _refuses(chip, named), (chip, named)


def test_more_ram_than_documented_is_no_contradiction_where_larger_parts_share_the_die() -> None:
    assert not _refuses("STM8S207S6", "STM8S207S6")
    family.check(Traits("stm8s", 0x1800), PARTS["STM8AF6176"])
    family.check(Traits("stm8s", 0x800), PARTS["STM8AF6226"])  # one source has 1 KB, others 2
    with pytest.raises(FamilyMismatchError, match="1024 bytes of RAM"):
        family.check(Traits("stm8s", 0x400), PARTS["STM8AF6176"])


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_a_chip_that_does_not_tell_its_registers_or_ram_is_not_refused(part: str) -> None:
    family.check(Traits(None, None), find_part(part))
    assert len(family.fitting(Traits(None, None))) == len(PARTS)


def test_a_stack_pointer_that_is_no_end_of_a_ram_tells_nothing() -> None:
    memory = {0x505B: b"\x00\xff", 0x7F08: b"\x03\xfe"}
    read = memory.__getitem__
    assert family.look(lambda address, _: read(address), lambda address, _: read(address)) == Traits("stm8s", None)


@pytest.mark.parametrize("fault", [LinkFault.SILENT, LinkFault.REFUSED])
def test_addresses_that_refuse_to_be_read_tell_nothing(fault: LinkFault) -> None:
    def read(address: int, size: int) -> bytes:
        raise SwimError("no", fault=fault)

    assert family.look(read, read) == Traits(None, None)


def test_a_link_that_fails_is_no_answer() -> None:
    def read(address: int, size: int) -> bytes:
        if address == 0x7F08:
            raise SwimError("two reads differ")
        return b"\x00\xff"

    with pytest.raises(SwimError):
        family.look(read, read)


# -- groups of parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", sorted({seen: part for part, seen in SEEN.items()}.values()))
def test_what_is_shared_holds_for_every_part_of_the_group(part: str) -> None:
    found = family.fitting(SEEN[part])
    common = family.group(found)
    assert PARTS[part] in found
    if common is None:
        assert len({(p.block, p.flash_regs, p.aa_locks, p.eeprom and p.eeprom.start) for p in found}) > 1
        return
    for member in found:
        assert (member.block, member.aa_locks) == (common.part.block, common.part.aa_locks)
        for mine, theirs in ((common.part.flash, member.flash), (common.part.eeprom, member.eeprom)):
            assert mine == theirs or (mine and theirs and mine.start == theirs.start and mine.size < theirs.size)
        if "options" not in common.differing:
            assert member.options == common.part.options
        if "meaning" not in common.differing:
            for value in range(256):
                mine, theirs = ubc.protected(common.part, value), ubc.protected(member, value)
                assert mine == theirs or mine == common.part.flash


@pytest.mark.parametrize("locked", [False, True])
def test_optbl_tells_the_medium_density_from_an_stm8af_of_low_density_while_the_chip_is_open(locked: bool) -> None:
    board = Board("stm8s105k6", locked=locked)
    with chip_behind(board.probe) as chip:
        blocks = {found.block for found in chip.candidates()}
    assert blocks == ({64, 128} if locked else {128})


def test_the_boot_rom_tells_the_small_stm8s_apart() -> None:
    for part, expected in (("stm8s103f3", "low"), ("stm8af6148", "medium")):
        board = Board(part)
        with chip_behind(board.probe) as chip:
            densities = {found.density for found in chip.candidates()}
        assert expected in densities
        assert ("medium" in densities) == (expected == "medium")


def test_an_unlock_of_a_chip_without_the_boot_rom_of_the_part_writes_no_address_that_it_may_not_have(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An STM8S103 taken for an STM8AF with as much RAM: pairs from 0x480B on, and the TMU, are reserved there."""
    board = Board("stm8s103f3", locked=True)
    with board.open(find_part("stm8af6148")) as chip:
        assert chip.unlock().erased is True
    assert board.chip.bricked is None
    assert not board.chip.options.rop
    assert board.options_are_factory()
    assert (
        "not written: TMU, WAITSTATE, TMU_MAXATT, OPTBL. An STM8AF6148 has a boot ROM and this chip shows none"
        in caplog.text
    )
    caplog.clear()
    with board.open(find_part("stm8af6148")) as chip:
        chip.write(Image([Segment(0x8000, bytes(128))]), board.part.flash)
    assert "an STM8AF6148 has a boot ROM and this chip shows none: check the part name [E-FAMILY]" in caplog.text


@pytest.mark.parametrize("name", ["stm8af6148", "stm8s105k6", "stm8l151k4", "stm8s103f3"])
def test_the_part_itself_is_not_doubted(name: str, caplog: pytest.LogCaptureFixture) -> None:
    board = Board(name, locked=True)
    with board.open() as chip:
        chip.unlock()
        chip.write(Image([Segment(0x8000, bytes(8))]), board.part.flash)
    assert board.options_are_factory()
    assert "boot ROM" not in caplog.text


@pytest.mark.parametrize("name", ["stm8s105k6", "stm8s208mb", "stm8af5288"])
def test_ram_that_no_small_chip_has_proves_a_boot_rom_that_does_not_show(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board(name, locked=True)
    board.chip.map._rom = [(start, bytes(len(data))) for start, data in board.chip.map._rom]
    with board.open() as chip:
        assert chip.unlock().erased is True
        chip.write(Image([Segment(0x8000, bytes(8))]), board.part.flash)
    assert board.options_are_factory()
    assert "boot ROM" not in caplog.text


def test_only_ram_beyond_every_figure_of_a_small_part_is_such_a_proof() -> None:
    """An STM8AF6226 has 1 or 2 KB of RAM: the sources differ."""

    def blank(address: int, size: int) -> bytes:
        return bytes(size)

    for name, ram, lacks in (
        ("STM8S105K6", 0x800, False),
        ("STM8S105K6", None, True),
        ("STM8AF6266", 0x800, True),
        ("STM8AF5288", 0x1800, False),
    ):
        seen = Traits("stm8s", ram)
        assert family.lacks_the_boot_rom_of(PARTS[name], seen, blank) == lacks, name
        assert family.may_lack_the_pairs_of(PARTS[name], seen, blank, as_after_a_cut=True) == lacks, name
