"""Whole memories on the command line: backup and restore, erase, RAM, and a part that the chip tells."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.compat import Flash
from cli.desk import STM8L, STM8S, Desk, program
from stm8tool import image
from stm8tool.chip.link import family
from stm8tool.errors import ImageError
from stm8tool.parts.table import find_part
from stm8tool.sim import store

# -- backup and restore ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3", "stm8af5288"])
@pytest.mark.parametrize("name", ["chip.hex", "chip.s19"])
def test_a_backup_is_restored_to_the_same_chip_bit_for_bit(desk: Desk, part: str, name: str) -> None:
    desk.chip(part=part, content=program(3000, seed=5))
    desk.set_option("UBC", 0x01)
    if part != "stm8l101f3":
        desk.flash("write", desk.hex("e.hex", (0x4010 if part != STM8L else 0x1010, b"data")), part=part)
    before = {name: memory["data"] for name, memory in desk.memories().items()}
    assert desk.flash("read", name, "--all", part=part).code == 0
    for command in (["unlock"], ["erase", "--all"]):
        assert desk.flash(*command, part=part).code == 0
    assert not any(desk.memory())
    result = desk.flash("restore", name, part=part)
    assert result.code == 0, result.err
    assert "option bytes written: UBC" in result.out
    assert {name: memory["data"] for name, memory in desk.memories().items()} == before
    again = desk.flash("restore", name, part=part)
    assert "0 of " in again.out
    assert "option bytes written: none" in again.out
    assert desk.flash("verify", name, part=part).code == 0


def test_a_backup_names_the_part_and_its_unique_id_in_comments_that_any_reader_passes(desk: Desk) -> None:
    desk.chip()
    desk.flash("read", "chip.hex", "--all")
    lines = Path("chip.hex").read_text(encoding="ascii").splitlines()
    end = lines.index(":00000001FF")
    assert [line for line in lines if not line.startswith(":")] == lines[end + 1 :]
    assert lines[end + 1].startswith("; all memories of an STM8S103F3, ")
    assert lines[end + 2] == "; unique ID A0A1A2A3A4A5A6A7A8A9AAAB"
    intelhex = pytest.importorskip("intelhex")
    assert intelhex.IntelHex("chip.hex").minaddr() == 0x4000


def test_comments_behind_the_end_record_are_passed_over_and_data_there_are_not(desk: Desk) -> None:
    desk.hex("a.hex", (0x8000, b"abc"))
    text = Path("a.hex").read_text(encoding="ascii")
    Path("b.hex").write_text(text + "; one\n\n  ; two", encoding="ascii")
    assert image.load(["b.hex"]).segments == image.load(["a.hex"]).segments
    Path("b.hex").write_text(text + "; one\n" + text, encoding="ascii")
    with pytest.raises(ImageError, match="a second file begins here, after the end record in line 3"):
        image.load(["b.hex"])


@pytest.mark.parametrize("words", [("--region", "eeprom"), ("--base", "0x4000")])
def test_a_restore_of_one_memory_is_refused_and_not_done_to_all(desk: Desk, words: tuple[str, str]) -> None:
    desk.chip(content=program(500))
    desk.flash("read", "chip.hex", "--all")
    desk.flash("erase")
    result = desk.flash(*words, "restore", "chip.hex")
    assert result.code == 2
    assert f"restore brings back every memory in the file, so {words[0]} cannot be used" in result.err
    assert not any(desk.memory())


def test_a_locked_chip_cannot_be_saved_and_is_erased_by_a_restore(desk: Desk) -> None:
    desk.chip(content=program(500))
    desk.flash("read", "chip.hex", "--all")
    desk.chip(locked=True)
    refused = desk.flash("read", "other.hex", "--all")
    assert (refused.code, refused.reason[-12:]) == (5, "[E-ROP-READ]")
    assert "its content cannot be saved" in refused.hint
    assert desk.flash("--unlock", "never", "restore", "chip.hex").code == 5
    assert desk.flash("restore", "chip.hex").code == 0
    assert desk.memory()[:500] == program(500)


def test_the_backup_of_another_part_is_restored_only_by_force(desk: Desk) -> None:
    desk.chip(part="stm8s003f3", content=program(500))
    desk.flash("read", "chip.hex", "--all", part="stm8s003f3")
    text = Path("chip.hex").read_text(encoding="ascii")
    Path("chip.hex").write_text(text.replace("STM8S003F3", "STM8S103K3"), encoding="ascii")
    before = desk.memories()
    result = desk.flash("restore", "chip.hex", part="stm8s003f3")
    assert result.code == 2
    assert "is the backup of an STM8S103K3, not of an STM8S003F3" in result.reason
    assert desk.memories() == before
    assert desk.flash("restore", "--force", "chip.hex", part="stm8s003f3").code == 0


def test_a_damaged_backup_is_refused_before_the_chip_is_touched(desk: Desk) -> None:
    desk.chip(content=program(5000))
    desk.flash("read", "chip.hex", "--all")
    lines = Path("chip.hex").read_text(encoding="ascii").splitlines(keepends=True)
    Path("chip.hex").write_text("".join(lines[:80] + lines[200:]), encoding="ascii")
    before = desk.memories()
    result = desk.flash("restore", "chip.hex")
    assert result.code == 2
    assert "this is not a whole backup: it has " in result.reason
    assert desk.memories() == before


@pytest.mark.parametrize("saved_as", ["stm8af5178", "auto"])
@pytest.mark.parametrize("restored_as", ["stm8af5178", "auto"])
def test_a_backup_is_restored_whether_the_part_was_named_or_found(desk: Desk, saved_as: str, restored_as: str) -> None:
    desk.chip(part="stm8af5178", content=program(500))
    assert desk.flash("read", "chip.hex", "--all", part=saved_as).code == 0
    assert desk.flash("erase", part="stm8af5178").code == 0
    result = desk.flash("restore", "chip.hex", part=restored_as)
    assert result.code == 0, result.err
    assert desk.memory()[:500] == program(500)


def test_the_backup_of_a_part_that_the_chip_cannot_be_is_refused_with_the_part_auto(desk: Desk) -> None:
    desk.chip(part="stm8af5178")
    desk.flash("read", "chip.hex", "--all", part="stm8af5178")
    text = Path("chip.hex").read_text(encoding="ascii")
    Path("chip.hex").write_text(text.replace("STM8AF5178", "STM8AF5288"), encoding="ascii")
    result = desk.flash("restore", "chip.hex", part="auto")
    assert (result.code, "is the backup of an STM8AF5288, not of an STM8AF " in result.reason) == (2, True)


def test_a_restore_tells_a_file_without_option_bytes_from_one_that_is_equal_or_left_out(desk: Desk) -> None:
    desk.chip()
    told = {
        "none: the file has none": (0x8000, b"abc"),
        "none: they are already as in the file": (0x4803, b"\x00\xff"),
        "none": (0x4803, b"\x01"),
    }
    for said, segment in told.items():
        result = desk.flash("restore", "--force", desk.hex("a.hex", segment))
        assert f"option bytes written: {said}\n" in result.out
    assert "left out: AFR: the file has only one half of value and complement" in result.out
    result = desk.flash("restore", "--force", desk.hex("a.hex", (0x4820, b"\xaa")))
    assert "left out: 0x4820 (0xAA in the file): the STM8S103F3 is not known to have an option byte there" in result.out


@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8l101f3"])
@pytest.mark.parametrize("saved", [0x00, 0x03])
def test_a_restore_clears_the_ubc_that_is_in_its_way_and_brings_that_of_the_file(
    desk: Desk, part: str, saved: int
) -> None:
    desk.chip(part=part, content=program(3000, seed=5))
    desk.set_option("UBC", saved)
    before = {name: memory["data"] for name, memory in desk.memories().items()}
    assert desk.flash("read", "chip.hex", "--all", part=part).code == 0
    desk.chip(part=part, content=program(3000, seed=6))
    desk.set_option("UBC", 0x04)
    plain = desk.flash("restore", "--force", desk.hex("a.hex", (0x8000, b"abc")), part=part)
    assert plain.reason.endswith("[E-UBC]")
    result = desk.flash("restore", "chip.hex", part=part)
    assert result.code == 0, result.err
    assert "UBC protects blocks of the image: clearing it" in result.err
    assert {name: memory["data"] for name, memory in desk.memories().items()} == before


def test_a_restore_never_locks(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("restore", "--force", desk.hex("a.hex", (0x4800, b"\xaa"), (0x8000, b"abc")))
    assert result.code == 0
    assert "left out: ROP: read protection is never restored" in result.out
    assert desk.memory("options")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["read", "chip.bin", "--all"],
        ["--region", "flash", "read", "chip.hex", "--all"],
        ["erase", "--all", "--region", "flash"],
        ["erase", "--all", "--range", "0x8000:0x40"],
        ["erase", "--region", "ram"],
        ["erase", "--range", "0x0:0x40"],
        ["run", "0x8000"],
        ["run", "0x400"],
        ["run", "everywhere"],
        ["erase", "--range", "0x8000:0x41"],
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(desk: Desk, words: list[str]) -> None:
    desk.chip(content=program(500))
    before = desk.memories()
    assert desk.flash(*words).code == 2
    assert desk.memories() == before


# -- erase -----------------------------------------------------------------------------------------------------------


def test_erase_all_blanks_flash_and_eeprom_and_nothing_else(desk: Desk) -> None:
    desk.chip(content=program(100))
    desk.flash("write", desk.hex("a.hex", (0x4000, b"data"), (0x8100, b"more")))
    desk.set_option("AFR", 0x01)
    options, wear = desk.memory("options"), desk.memories()["flash"]["wear"]
    result = desk.flash("erase", "--all")
    assert "eeprom 0x004000..0x00427F is erased (1 block; " in result.out
    assert "flash 0x008000..0x009FFF is erased (3 blocks; " in result.out
    assert not any(desk.memory() + desk.memory("eeprom"))
    assert desk.memory("options") == options
    worn = desk.memories()["flash"]["wear"]
    assert [after - before for before, after in zip(wear, worn)] == [1, 1, 0, 0, 1] + [0] * (len(wear) - 5)


def test_a_range_of_blocks_is_erased_alone(desk: Desk) -> None:
    desk.chip(content=program(8192))
    assert desk.flash("erase", "--range", "0x8040:0x80").code == 0
    assert desk.memory() == program(8192)[:0x40] + bytes(0x80) + program(8192)[0xC0:]


# -- RAM -------------------------------------------------------------------------------------------------------------


def test_ram_is_written_and_read(desk: Desk) -> None:
    desk.chip(content=program(100))
    result = desk.flash("--region", "ram", "write", desk.hex("a.hex", (0x20, b"hello")))
    assert result.code == 0
    assert "5 bytes of RAM written and verified" in result.out
    assert desk.memory("ram")[0x20:0x25] == b"hello"
    assert desk.flash("--region", "ram", "read", "ram.bin").code == 0
    assert Path("ram.bin").read_bytes()[0x20:0x25] == b"hello"


def test_a_piece_of_the_ram_is_written_and_nothing_outside_of_it(desk: Desk) -> None:
    desk.chip(content=program(100))
    assert desk.flash("--region", "0x20:8", "write", desk.hex("a.hex", (0x20, b"hello"))).code == 0
    assert desk.memory("ram")[0x20:0x25] == b"hello"
    refused = desk.flash("--region", "0x20:8", "write", desk.hex("b.hex", (0x24, b"hello")))
    assert refused.reason == "error: the image has data at 0x000028, outside range 0x000020..0x000027 [E-OUTSIDE-MAP]"
    assert desk.flash("--region", "0x3FF:2", "write", "a.hex").code == 2


def test_run_loads_a_program_into_ram_and_leaves_it_running(desk: Desk) -> None:
    desk.chip(content=program(100))
    Path("loop.bin").write_bytes(b"\x20\xfe")
    result = desk.flash("--base", "0x30", "run", "0x30", "loop.bin")
    assert result.code == 0
    assert "2 bytes loaded into RAM; the CPU runs from 0x000030, until the next reset" in result.out
    assert store.describe(desk.folder / "board.chip").state == "running in RAM"
    assert desk.flash("reset").code == 0
    assert store.describe(desk.folder / "board.chip").state == "running"


def test_nothing_runs_in_a_locked_chip(desk: Desk) -> None:
    desk.chip(locked=True)
    result = desk.flash("--base", "0x30", "run", "0x30", desk.hex("a.hex", (0x30, b"\x20\xfe")))
    assert (result.code, result.reason[-12:]) == (5, "[E-ROP-READ]")


# -- a part that the chip tells --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_parts")
def test_auto_says_what_it_found_and_writes_where_all_those_parts_agree(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("write", desk.hex("a.hex", (0x4000, b"x"), (0x8000, program(100))), part="auto")
    assert result.code == 0, result.err
    assert "STM8S001, STM8S003, STM8S103, STM8S903 or STM8AF" in result.out.splitlines()[0]
    assert desk.memory()[:100] == program(100)


def test_auto_writes_nothing_beyond_the_smallest_of_those_parts(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("write", desk.hex("a.hex", (0x9800, b"x")), part="auto")
    assert result.code == 2
    assert result.reason.endswith("[E-OUTSIDE-MAP]")


@pytest.mark.parametrize(
    "words",
    [
        ["read", "a.hex"],
        ["erase"],
        ["erase", "--all"],
        ["read", "a.hex", "--all"],
        ["--region", "eeprom", "read", "a.hex"],
    ],
)
def test_auto_does_not_guess_where_a_memory_ends(desk: Desk, words: list[str]) -> None:
    desk.chip(content=program(500))
    result = desk.flash(*words, part="auto")
    assert result.code == 2
    assert "name the part" in result.hint
    assert desk.memory()[:500] == program(500)


def test_auto_reads_a_range_and_unlocks_where_the_option_bytes_are_the_same(desk: Desk) -> None:
    desk.chip(locked=True)
    assert desk.flash("unlock", part="auto").code == 0
    assert desk.flash("--region", "0x8000:0x100", "read", "a.bin", part="auto").code == 0
    assert Path("a.bin").read_bytes() == bytes(0x100)


@pytest.mark.parametrize("locked", [False, True])
def test_auto_neither_unlocks_nor_touches_option_bytes_where_these_differ(desk: Desk, locked: bool) -> None:
    desk.chip(part="stm8s105k6", locked=locked)
    before = desk.memories()
    for words in (
        ["unlock"],
        ["options", "show"],
        ["options", "defaults"],
        ["restore", desk.hex("a.hex", (0x8000, b"a"))],
    ):
        result = desk.flash(*words, part="auto")
        assert result.code == 2
        assert ("programmed differently" if locked else "differ in their options") in result.reason
    assert desk.flash("write", "a.hex", part="auto").code == (2 if locked else 0)
    assert (desk.memories() == before) == locked


def test_auto_changes_no_option_byte_that_means_another_thing_on_some_of_those_parts(desk: Desk) -> None:
    desk.chip(part="stm8l151r6")  # its pages of UBC have 256 bytes; of others with as much RAM they have 128
    before = desk.memories()
    for words in (
        ["options", "set", "UBC=1K"],
        ["options", "show"],
        ["write", desk.hex("a.hex", (0x8000, b"a"), (0x4802, b"\x08")), "--options"],
    ):
        result = desk.flash(*words, part="auto")
        assert result.code == 2
        assert "differ in the meaning of their option bytes" in result.reason
    assert desk.memories() == before
    assert desk.flash("unlock", part="auto").code == 0  # the values are the same


@pytest.mark.parametrize("part", [STM8S, STM8L, "stm8s208mb", "stm8l101f3"])
def test_auto_tells_in_info_what_the_chip_may_be(desk: Desk, part: str) -> None:
    desk.chip(part=part)
    result = desk.flash("info", part="auto")
    assert result.code == 0
    assert part.upper()[:8] in result.out


def test_auto_names_a_chip_that_can_be_one_part_only(desk: Desk) -> None:
    desk.chip(part="stm8af6148", content=program(500))
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(300, seed=2))), part="auto")
    assert result.code == 0, result.err
    assert "STLINK-V3 V3J7M2B4S1, STM8AF6148\n" in result.out
    for words in (["erase", "--all"], ["options", "show"], ["unlock"], ["read", "all.hex", "--all"]):
        assert desk.flash(*words, part="auto").code == 0
    assert "; all memories of an STM8AF6148, read by" in Path("all.hex").read_text(encoding="ascii")


def test_a_group_of_one_is_as_certain_as_its_part_and_a_larger_one_is_not() -> None:
    alone = find_part("stm8af6148")
    found = family.group([alone])
    assert found is not None
    assert (found.part, found.parts, found.differing) == (alone, (alone,), frozenset())
    several = family.group([alone, find_part("stm8af6146")])
    assert several is None or several.part.confidence == "medium"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("name", ["board.hex", "hard.hex", "link.hex", "other.s19", "broken.hex", "../here/board.hex"])
def test_what_is_read_does_not_take_the_place_of_a_simulated_board(
    desk: Desk, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = desk.folder / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    desk.folder = here
    desk.chip("board.hex", content=program(100))
    board = desk.chip("other.s19")
    (here / "broken.hex").write_bytes(board.read_bytes()[:200])
    os.link(here / "board.hex", here / "hard.hex")
    (here / "link.hex").symlink_to("board.hex")
    before = {path.name: path.read_bytes() for path in here.glob("[!.]*")}
    for words in ("read {}", "read {} --all", "--region eeprom read {}", "doctor --report {}"):
        result = desk.flash(*words.format(name).split(), chip="board.hex")
        assert (result.code, result.out) == (2, "")
        assert result.reason == f"error: {name}: cannot be written: it holds a simulated board [E-FILE]"
        assert result.hint
    result = Flash(desk, capsys)("-r", name, chip="board.hex")
    assert result.code == 2
    assert "it holds a simulated board [E-FILE]" in result.reason
    assert {path.name: path.read_bytes() for path in here.glob("[!.]*")} == before
    assert desk.flash("read", "saved.hex", chip="board.hex").code == 0
    assert (here / "saved.hex").read_text().startswith(":")
