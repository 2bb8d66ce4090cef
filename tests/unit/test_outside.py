"""Data outside the memories: the hint names what lies there, or the parts that fit; work and text are bounded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stm8tool.chip.flash.blocks import by_span, spans, whole_blocks
from stm8tool.errors import Code, ImageError
from stm8tool.image import Image, Segment, load
from stm8tool.parts.table import Region, all_parts, find_part
from stm8tool.words import COMMAND_LINE
from unit.counting import calls

S103 = find_part("stm8s103f3")
EEPROM = Region("eeprom", 0x4000, 640)
PROGRAM = Segment(0x8000, b"\x82\x00\x80\x80")


def refusal(*segments: Segment, regions: tuple[Region, ...] = (), part: str = "stm8s103f3") -> ImageError:
    chip = find_part(part)
    memories = regions or tuple(memory for memory in (chip.flash, chip.eeprom) if memory)
    with pytest.raises(ImageError) as caught:
        Image(segments).check_inside(memories, chip.options, chip)
    return caught.value


@pytest.mark.parametrize(
    ("segments", "hint"),
    [
        (
            [PROGRAM, Segment(0, bytes(4))],
            "the RAM is there, and a program fills it when it starts: leave these bytes",
        ),
        ([PROGRAM, Segment(0x3FF, b"x")], "the RAM is there"),
        ([PROGRAM, Segment(0x5000, b"x")], "registers are there"),
        ([PROGRAM, Segment(0x57FF, b"x")], "registers are there"),
        ([PROGRAM, Segment(0x7F60, b"x")], "registers are there"),
        ([PROGRAM, Segment(0x4865, bytes(12))], "the chip's unique ID is there, and it cannot be written: leave"),
        ([PROGRAM, Segment(0x4870, b"x")], "the chip's unique ID is there"),
        ([Segment(0, b"\x01" * 640)], "(stm8flash-compat: -s in place of --region and --base)"),
        ([Segment(0, b"\x82" * 5000)], "with --base 0x008000 (stm8flash-compat: -s 0x8000)"),
        ([PROGRAM, Segment(0x4900, b"x")], "no part that the tool knows has all that memory"),
        ([PROGRAM, Segment(0x28000, b"x")], "no part that the tool knows has all that memory"),
        ([PROGRAM, Segment(0x400, b"x")], "no part that the tool knows has all that memory"),
        ([Segment(0x08000000, b"x")], "the addresses of an STM8 end at 0xFFFFFF: this file is for another processor"),
        (
            [Segment(0, b"\x01" * 640)],
            "or write the RAM by --region ram. If the file counts from 0, give a .bin, with --base",
        ),
        ([Segment(0, b"\x82" * 5000)], "the addresses in the file count from 0, and flash begins at 0x008000: "),
        ([Segment(0, b"\xac" * 5)], "the addresses in the file count from 0, and flash begins at 0x008000: "),
    ],
)
def test_the_hint_names_what_lies_there(segments: list[Segment], hint: str) -> None:
    error = refusal(*segments)
    assert error.code is Code.OUTSIDE_MAP
    assert hint in (error.hint_in(COMMAND_LINE) or "")


def test_the_boot_rom_is_named_where_the_part_has_one() -> None:
    assert "the boot ROM is there, and it cannot be written" in str(
        refusal(Segment(0x6000, b"x"), part="stm8s105c6").hint
    )
    assert "no part that the tool knows" in str(refusal(Segment(0x6000, b"x"), part="stm8l101f3").hint)


@pytest.mark.usefixtures("few_parts")
@pytest.mark.parametrize(
    ("part", "address", "fitting"),
    [
        ("stm8s103f3", 0xFFFF, "STM8S005C6, STM8S005K6, STM8S105C6 and 24 more"),
        ("stm8s103f3", 0x1000, "STM8L151C2, STM8L151F2, STM8L151G2 and 14 more"),
        ("stm8l152c6", 0x4000, "STM8AF6213, STM8S103F2, STM8AF6126 and 28 more"),
        ("stm8l101f3", 0x1000, "STM8L151C2, STM8L151F2, STM8L151G2 and 14 more"),
    ],
)
def test_the_hint_names_the_parts_that_the_file_fits_and_the_nearest_first(
    part: str, address: int, fitting: str
) -> None:
    error = refusal(PROGRAM, Segment(address, b"x"), part=part)
    assert error.code is Code.OUTSIDE_MAP
    assert error.hint == f"this file fits {fitting}: build for the part that is printed on the chip, and name that part"


def test_every_part_that_the_hint_names_takes_the_file() -> None:
    image = Image([PROGRAM, Segment(0x1FFFF, b"x")])
    error = refusal(*image.segments, part="stm8s207c8")
    named = [part for part in all_parts() if error.hint and part.name in error.hint]
    assert len(named) == 3
    for part in named:
        image.check_inside(part.memories, part.options, part)


def test_the_ram_of_one_part_may_be_the_eeprom_of_another() -> None:
    hint = refusal(PROGRAM, Segment(0x1000, b"x"), part="stm8s208c8").hint
    assert hint is not None
    assert hint.startswith("the RAM is there")
    assert "the file fits STM8L151C2" in hint


@pytest.mark.parametrize(
    ("size", "hint"),
    [
        (0x2001, "1 byte too many for 8192 bytes of flash: make it smaller; it fits STM8S105C4, STM8S105K4"),
        (0x2010, "16 bytes too many for 8192 bytes of flash: make it smaller; it fits STM8S105C4, STM8S105K4"),
        (
            0x20001,
            "122881 bytes too many for 8192 bytes of flash: make it smaller; "
            "it does not fit any part that the tool knows",
        ),
    ],
)
def test_a_program_that_is_too_large_is_told_the_parts_that_hold_it(size: int, hint: str) -> None:
    error = refusal(Segment(0x8000, bytes(size)))
    assert error.code is Code.IMAGE_TOO_BIG
    assert error.hint is not None
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    ("segment", "region", "hint"),
    [
        (Segment(0, bytes(640)), EEPROM, "the addresses in the file count from 0, and eeprom begins at 0x004000: "),
        (Segment(0, b"a"), Region("range", 0x4100, 8), "the addresses in the file count from 0, and range begins at "),
        (Segment(0, bytes(641)), EEPROM, "the RAM is there"),
        (PROGRAM, EEPROM, "flash 0x008000..0x009FFF is there, but the command is for eeprom 0x004000"),
        (PROGRAM, S103.ram, "flash 0x008000..0x009FFF is there, but the command is for ram 0x000000"),
        (Segment(0x4000, b"x"), S103.flash, "eeprom 0x004000..0x00427F is there, but the command is for flash"),
        (Segment(0x4040, b"x"), Region("range", 0x4000, 64), "eeprom 0x004000..0x00427F is there, but the command"),
    ],
)
def test_the_hint_fits_the_memory_that_was_chosen(segment: Segment, region: Region, hint: str) -> None:
    error = refusal(segment, regions=(region,))
    assert (error.hint_in(COMMAND_LINE) or "").startswith(hint)


def test_option_bytes_outside_are_the_worst_case() -> None:
    error = refusal(Segment(0x4800, b"\xaa"), Segment(0, b"x"), Segment(0xA000, b"x"))
    assert error.code is Code.DANGEROUS_WRITE


# --- how much work, and how much text ---------------------------------------------------------------------------------


def record(address: int) -> str:
    body = bytes([1, address >> 8 & 0xFF, address & 0xFF, 0, 0x82])
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


def pieces(path: Path, count: int, first: int) -> Path:
    """Write a file with `count` records of one byte, each with a hole after it."""
    upper = f":02000004{first >> 16:04X}{-(6 + (first >> 16)) & 0xFF:02X}"
    path.write_text("\n".join([upper, *(record(first + 2 * n) for n in range(count)), ":00000001FF", ""]))
    return path


def check(path: Path) -> None:
    load([path]).check_inside([S103.flash], S103.options, S103)


def test_the_work_grows_as_the_pieces_do_where_all_lie_outside(tmp_path: Path) -> None:
    def refuse(path: Path) -> Callable[[], object]:
        def action() -> None:
            with pytest.raises(ImageError):
                check(path)

        return action

    few, many = (pieces(tmp_path / f"{count}.hex", count, 0x30000) for count in (1000, 4000))
    refuse(few)()  # loads the table of parts
    assert calls(refuse(many)) < 4.2 * calls(refuse(few))


def test_the_work_grows_as_the_pieces_do_where_all_lie_inside(tmp_path: Path) -> None:
    few, many = (pieces(tmp_path / f"{count}.hex", count, 0x8000) for count in (1000, 4000))
    check(few)
    assert calls(lambda: check(many)) < 4.2 * calls(lambda: check(few))


def test_the_work_of_an_overlay_and_of_a_plan_grows_as_the_pieces_do() -> None:
    def plan(count: int) -> Callable[[], object]:
        low = [Segment(0x8000 + 4 * n, b"ab") for n in range(count)]
        high = [Segment(0x8001 + 4 * n, b"xy") for n in range(count)]

        def action() -> None:
            image = Image(low).overlaid(Image(high))
            covered = spans(image.segments, 64)
            assert sum(map(len, by_span(image.segments, covered))) == len(image.segments)
            assert whole_blocks(image.segments, 64) == set()

        return action

    assert calls(plan(4000)) < 4.2 * calls(plan(1000))


def test_an_error_of_many_pieces_is_short_and_counts_the_rest(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"data at 0x030000 \(and 29999 more\), outside flash") as error:
        check(pieces(tmp_path / "many.hex", 30000, 0x30000))
    assert error.value.details[0] == f"outside: 0x030000, from {tmp_path / 'many.hex'}:2"
    assert error.value.details[8:] == ("outside: 29992 more, 29992 bytes up to 0x03EA5E",)
