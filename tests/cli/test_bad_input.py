"""What a user may get wrong: a line of reason, a hint, exit code 2, and nothing is touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import product

import pytest

from cli.desk import STM8S, Desk, Result, hex_text, program

_GOOD = hex_text((0x8000, program(64)))


@pytest.fixture
def refuse(desk: Desk) -> Callable[..., Result]:
    """Run a command that must be refused before the probe is even opened."""
    path = desk.chip(content=program(8192, seed=3))
    before = path.read_bytes()

    def run(*words: str, part: str = STM8S) -> Result:
        result = desk.flash(*words, part=part)
        assert result.code == 2
        assert result.out == ""
        assert result.reason.startswith("error: ")
        assert result.hint
        assert path.read_bytes() == before
        return result

    return run


@pytest.mark.parametrize("command", ["write", "verify"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"hello, world\n", "text file"),
        (_GOOD.replace(":", ";").encode(), "text file"),
        (_GOOD.encode().replace(b"\x3a10", b"\x3a1G"), "a.hex:2: not a valid Intel HEX record"),
        (_GOOD.replace("82", "83", 1).encode(), "wrong checksum"),
        (_GOOD[:-20].encode(), "a.hex:"),
        (_GOOD[: _GOOD.rindex(":")].encode(), "end-of-file"),
        ((_GOOD + _GOOD).encode(), "a second file begins here"),
        (b":00000001FF\n", "no data"),
        (b"\x7fELF" + bytes(100), "ELF"),
        (b"S1137AF00A0A0D0000000000000000000000000060\nS9030000FC\n", "a.hex:1: wrong checksum"),
        (b"S1137AF00A0A0D0000000000000000000000000061\n", "a.hex:1: the file stops without an end record"),
        (bytes(range(256)), "raw binary"),
        (_GOOD.encode("utf-16"), "byte order mark"),
    ],
)
def test_a_file_that_is_no_image_is_refused_and_says_why(
    desk: Desk, refuse: Callable[..., Result], command: str, content: bytes, reason: str
) -> None:
    (desk.folder / "a.hex").write_bytes(content)
    result = refuse(command, "a.hex")
    assert "a.hex" in result.reason
    assert reason in result.reason


@pytest.mark.parametrize("command", ["write", "verify"])
def test_a_file_that_is_not_there_is_named(refuse: Callable[..., Result], command: str) -> None:
    assert refuse(command, "firmware.hex").reason == "error: firmware.hex: no such file [E-FILE]"


def test_one_bad_file_among_good_ones_stops_all(desk: Desk, refuse: Callable[..., Result]) -> None:
    assert "b.hex" in refuse("write", desk.hex("a.hex", (0x8000, program(64))), "b.hex").reason


@pytest.mark.parametrize("command", ["write", "verify", "read"])
def test_a_name_that_is_a_directory_is_refused(desk: Desk, refuse: Callable[..., Result], command: str) -> None:
    (desk.folder / "build.hex").mkdir()
    assert "directory" in refuse(command, "build.hex").reason


@pytest.mark.parametrize("command", ["write", "verify", "read"])
def test_a_name_that_no_file_system_takes_is_refused(refuse: Callable[..., Result], command: str) -> None:
    refuse(command, "a" * 300 + ".hex")


def test_a_raw_binary_needs_a_base(desk: Desk, refuse: Callable[..., Result]) -> None:
    (desk.folder / "raw.bin").write_bytes(program(64))
    assert "--base" in refuse("write", "raw.bin").hint


@pytest.mark.parametrize("base", ["nowhere", "", "0x", "8000h"])
def test_a_base_that_is_no_number_is_refused(desk: Desk, refuse: Callable[..., Result], base: str) -> None:
    (desk.folder / "raw.bin").write_bytes(program(64))
    refuse(f"--base={base}", "write", "raw.bin")


@pytest.mark.parametrize("base", ["-1", "-0x20", "-0x1000"])
@pytest.mark.parametrize("command", ["write", "verify"])
def test_a_negative_base_is_refused(desk: Desk, refuse: Callable[..., Result], command: str, base: str) -> None:
    (desk.folder / "raw.bin").write_bytes(program(64))
    refuse(f"--base={base}", command, "raw.bin")


@pytest.mark.parametrize(
    ("segment", "outside"),
    [
        ((0x8000, program(8193)), "0x00A000"),
        ((0x9FFF, b"ab"), "0x00A000"),
        ((0x7FFF, b"ab"), "0x007FFF"),
        ((0x4280, program(16)), "0x004280..0x00428F"),
        ((0x0000, program(16)), "0x000000..0x00000F"),
        ((0x5000, program(300)), "0x005000..0x00512B"),
        ((0x18000, program(16)), "0x018000..0x01800F"),
        ((0xFFFFFFF0, program(16)), "0xFFFFFFF0..0xFFFFFFFF"),
    ],
)
def test_data_outside_every_memory_is_refused_and_its_range_named(
    desk: Desk, refuse: Callable[..., Result], segment: tuple[int, bytes], outside: str
) -> None:
    result = refuse("write", desk.hex("a.hex", (0x4000, b"good"), segment))
    assert f"{outside}, outside" in result.reason
    assert "flash 0x008000..0x009FFF" in result.reason


def test_every_range_outside_is_listed(desk: Desk, refuse: Callable[..., Result]) -> None:
    result = refuse("write", desk.hex("a.hex", (0x8000, b"good"), (0x6000, b"a"), (0xB000, b"bc")))
    assert result.details == ["outside: 0x006000, from a.hex:4", "outside: 0x00B000..0x00B001, from a.hex:6"]


def test_an_image_for_a_bigger_part_is_refused(desk: Desk, refuse: Callable[..., Result]) -> None:
    assert "0x00A000..0x00FFFF" in refuse("write", desk.hex("a.hex", (0x8000, program(32768)))).reason


def test_option_bytes_in_an_image_are_refused_by_write_and_compared_by_verify(
    desk: Desk, refuse: Callable[..., Result]
) -> None:
    file = desk.hex("a.hex", (0x4800, b"\x00\x00\xff"), (0x8000, program(64, seed=3)))
    assert "0x004800..0x004802" in refuse("write", file).reason
    assert desk.flash("verify", file).code == 0


def test_an_image_that_would_lock_the_chip_is_refused(desk: Desk, refuse: Callable[..., Result]) -> None:
    file = desk.hex("lock.hex", (0x4800, b"\xaa"))
    refuse("write", file)
    refuse("--region", "options", "write", file)
    refuse("--region", "0x4800:1", "write", file)


def test_files_that_overlap_are_refused_even_where_they_agree(desk: Desk, refuse: Callable[..., Result]) -> None:
    first = desk.hex("a.hex", (0x8000, program(64)))
    second = desk.hex("b.hex", (0x803F, program(64)[-1:] + b"x"))
    assert "0x00803F" in refuse("write", first, second).reason
    assert "0x008000..0x00803F" in refuse("write", first, first).reason


def test_data_outside_the_named_region_is_refused(desk: Desk, refuse: Callable[..., Result]) -> None:
    file = desk.hex("a.hex", (0x4000, b"settings"), (0x8000, program(64)))
    assert "0x008000..0x00803F" in refuse("--region", "eeprom", "write", file).reason
    assert "0x004000..0x004007" in refuse("--region", "flash", "write", file).reason


@pytest.mark.parametrize("command", ["write a.hex", "verify a.hex", "read out.bin", "erase", "unlock", "info"])
def test_an_unknown_part_comes_with_near_names(desk: Desk, refuse: Callable[..., Result], command: str) -> None:
    desk.hex("a.hex", (0x8000, program(64)))
    result = refuse(*command.split(), part="stm8s130f3")
    assert "stm8s130f3" in result.reason
    assert "STM8S103F3" in result.hint


@pytest.mark.parametrize("name", ["", "atmega328p", "stm8", "stm32f103c8"])
def test_a_name_like_no_part_is_refused(refuse: Callable[..., Result], name: str) -> None:
    assert "stm8s103f3" in refuse("unlock", part=name).hint.lower()


@pytest.mark.parametrize("command", ["write a.hex", "verify a.hex", "read out.bin", "erase", "unlock"])
def test_a_command_that_needs_a_part_asks_for_it(desk: Desk, command: str) -> None:
    path = desk.chip(locked=True)
    before = path.read_bytes()
    desk.hex("a.hex", (0x8000, program(64)))
    result = desk.run("--probe", "sim:board.chip", *command.split())
    assert result.code == 2
    assert "--part" in result.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("region", ["rom", "Flash0", "0x8000", "0x8000:", ":16", "0x8000:ten", "a:b", "0x8000:16:16"])
@pytest.mark.parametrize("command", ["read out.bin", "erase"])
def test_a_region_that_cannot_be_read_is_refused(refuse: Callable[..., Result], command: str, region: str) -> None:
    refuse("--region", region, *command.split())


@pytest.mark.parametrize("region", ["0xA000:1", "0x9FFF:2", "0x3FFF:2", "0x8000:0", "0x8000:-1", "0x1000000:16"])
@pytest.mark.parametrize("command", ["read out.bin", "erase", "write a.hex", "verify a.hex"])
def test_a_region_outside_the_memories_is_refused_and_they_are_named(
    desk: Desk, refuse: Callable[..., Result], command: str, region: str
) -> None:
    desk.hex("a.hex", (0x8000, program(64)))
    assert "flash 0x008000..0x009FFF" in refuse("--region", region, *command.split()).hint


@pytest.mark.parametrize("command", ["read out.bin", "write a.hex", "verify a.hex", "erase"])
def test_a_part_without_eeprom_of_its_own_names_the_place_in_flash(desk: Desk, command: str) -> None:
    desk.hex("a.hex", (0x9F80, program(64)))
    result = desk.flash("--region", "eeprom", *command.split(), part="stm8l101f3")
    assert result.code == 2
    assert "DATASIZE" in result.reason
    assert "flash 0x009800..0x009FFF at most" in result.reason
    desk.chip(part="stm8l101f3")
    region = result.hint.split()[-1]
    assert desk.flash("--region", region, "read", "out.bin", part="stm8l101f3").code == 0


def test_a_part_that_cannot_have_an_eeprom_says_so(desk: Desk) -> None:
    result = desk.flash("--region", "eeprom", "read", "out.bin", part="stm8l101f2")
    assert (result.code, result.hint) == (2, "hint: use --region flash")


@pytest.mark.parametrize("region", ["0x8001:0x40", "0x8000:0x41", "0x8020:0x40"])
def test_an_erase_of_broken_blocks_is_refused_and_the_block_size_named(desk: Desk, region: str) -> None:
    desk.chip(content=program(8192))
    before = desk.memories()
    result = desk.flash("--region", region, "erase")
    assert result.code == 2
    assert "multiples of 64" in result.hint
    assert desk.memories() == before


def test_option_bytes_cannot_be_erased(refuse: Callable[..., Result]) -> None:
    assert "options defaults" in refuse("--region", "options", "erase").hint


@pytest.mark.parametrize("name", ["out", "out.txt", "out.elf", "out.s1", ""])
def test_a_file_to_read_into_whose_suffix_names_no_format_is_refused(refuse: Callable[..., Result], name: str) -> None:
    assert ".hex" in refuse("read", name).hint


@pytest.mark.parametrize("name", ["nowhere/out.hex", "a.hex/out.bin"])
def test_a_place_that_is_not_there_is_refused_before_the_chip_is_read(
    desk: Desk, refuse: Callable[..., Result], name: str
) -> None:
    desk.hex("a.hex", (0x8000, program(64)))
    refuse("read", name)


def test_a_read_that_cannot_be_saved_leaves_chip_and_old_file_as_they_were(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    desk.chip(content=program(8192))
    (desk.folder / "out.hex").write_text("old")
    before = desk.memories()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = desk.flash("read", "out.hex")
    assert result.code == 2
    assert "No space left" in result.reason
    assert (desk.folder / "out.hex").read_text() == "old"
    assert sorted(path.name for path in desk.folder.iterdir() if not path.name.startswith(".board")) == [
        "board.chip",
        "out.hex",
    ]
    assert desk.memories() == before
    assert desk.is_idle()


def _newer(text: str) -> str:
    document = json.loads(text)
    return json.dumps({**document, "version": document["version"] + 1})


def _foreign_part(text: str) -> str:
    return json.dumps({**json.loads(text), "part": "STM8S999X9"})


def _short_flash(text: str) -> str:
    document = json.loads(text)
    document["memories"]["flash"]["data"] = document["memories"]["flash"]["data"][:-2]
    return json.dumps(document)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:1000],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: "not JSON",
        lambda text: "\x00\xff",
        _newer,
        _foreign_part,
        _short_flash,
    ],
    ids=["empty", "cut", "list", "object", "text", "bytes", "newer", "foreign part", "short flash"],
)
@pytest.mark.parametrize(
    "command", ["--probe sim:board.chip info", "--probe sim:board.chip list", "sim show board.chip"]
)
def test_a_chip_file_that_is_spoilt_or_newer_is_refused_and_left_as_it_is(
    desk: Desk, command: str, spoil: Callable[[str], str]
) -> None:
    path = desk.chip()
    path.write_text(spoil(path.read_text(encoding="ascii")), encoding="latin-1")
    before = path.read_bytes()
    result = desk.run(*command.split())
    assert result.code == 2
    assert result.out == ""
    assert "board.chip" in result.reason
    assert result.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *product(
            ["--probe sim:{} info", "sim show {}"],
            ["none.chip", "", "nowhere/none.chip", "nowhere#stlink", "a" * 300],
        ),
        ("sim show {}", "."),
    ],
)
def test_a_chip_file_that_is_not_there_is_refused(desk: Desk, command: str, name: str) -> None:
    result = desk.run(*(word.format(name) for word in command.split(" ")))
    assert result.code == 2
    assert not list(desk.folder.iterdir())


@pytest.mark.parametrize("name", ["", ".", "nowhere/new.chip", pytest.param("a" * 300, id="too long")])
def test_a_chip_file_that_cannot_be_made_is_refused(desk: Desk, name: str) -> None:
    assert desk.run("sim", "create", name, "--part", STM8S).code == 2


@pytest.mark.parametrize(
    "words",
    [
        "--part stm8s130f3",
        "--part stm8s103f3 --fault unplugged",
        "--part stm8s103f3 --fault unplug-after",
        "--part stm8s103f3 --fault unplug-after=soon",
        "--part stm8s103f3 --fault nrst-open=1",
        "--part stm8s103f3 --probe v3 --fault open-firmware",
    ],
)
def test_a_board_that_cannot_be_is_refused_and_no_file_is_made(desk: Desk, words: str) -> None:
    result = desk.run("sim", "create", "new.chip", *words.split())
    assert result.code == 2
    assert result.out == ""
    assert not list(desk.folder.iterdir())


@pytest.mark.parametrize("selector", ["", "stlinkv4", "my probe", "folder/port", "COM", "tty3"])
def test_a_probe_that_is_no_selector_is_refused_with_the_forms_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, selector: str
) -> None:
    desk.attach_to_usb(monkeypatch, "57FF6C064882485533212387")
    result = desk.run("--probe", selector, "--part", STM8S, "info")
    assert result.code == 2
    assert "usb:BUS-PORT" in result.hint
