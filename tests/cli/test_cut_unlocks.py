"""What the commands say and do to a chip whose unlock was cut short; docs/errors.md, E-OPTIONS-CORRUPT."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.compat import Flash, raw
from cli.desk import Desk, program
from stm8tool.parts.table import find_part

_PART = "stm8s208c6"
_SAYS = "an earlier unlock was cut short and did not restore "
_UNDONE = "RESERVED_480B, WAITSTATE, OPTBL"


@pytest.fixture
def flash(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Flash:
    return Flash(desk, capsys)


@pytest.fixture(autouse=True)
def _cut(desk: Desk) -> None:
    """Put a board with a program on the desk whose last option pairs are as the erase left them."""
    desk.chip(part=_PART, content=program(300))
    _put(desk, {0x480B: 0, 0x480C: 0, 0x480D: 0, 0x480E: 0, 0x487E: 0, 0x487F: 0})


def _put(desk: Desk, held: dict[int, int]) -> None:
    document = json.loads((desk.folder / "board.chip").read_text(encoding="ascii"))
    options = bytearray.fromhex(document["memories"]["options"]["data"])
    for address, byte in held.items():
        options[address - find_part(_PART).options.start] = byte
    document["memories"]["options"]["data"] = options.hex()
    (desk.folder / "board.chip").write_text(json.dumps(document), encoding="ascii")


def _is_whole(desk: Desk) -> bool:
    held = desk.memory("options")
    return all(held[n] ^ held[n + 1] == 0xFF for n in (*range(1, 0x0F, 2), 0x7E))


@pytest.mark.parametrize("words", [("options", "show"), ("info",)])
def test_looking_says_it_and_changes_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    before = desk.memories()
    result = desk.flash(*words, part=_PART)
    assert result.code == 0
    assert f"{_SAYS}{_UNDONE}: another unlock finishes it and erases nothing" in result.out
    assert "complement does not match: the chip uses the factory value" in result.out
    assert desk.memories() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("unlock",), f"not read-protected, nothing erased; back at factory values: {_UNDONE}"),
        (("options", "defaults"), f"written and read back after a reset: {_UNDONE}"),
        (("options", "set", "AFR=0x01"), "written and read back after a reset: AFR"),
        (("options", "set", "WAITSTATE=1"), "written and read back after a reset: WAITSTATE"),
        (("lock", "--yes"), "locked: read protection is on"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_every_command_that_writes_option_bytes_finishes_it(desk: Desk, words: tuple[str, ...], said: str) -> None:
    before = desk.memory()
    result = desk.flash(*words, part=_PART)
    assert (result.code, said in result.out) == (0, True)
    assert "another part" not in result.out + result.err
    assert _is_whole(desk)
    assert desk.memory() == before


def test_the_words_of_stm8flash_finish_it_too(flash: Flash) -> None:
    result = flash("-s", "0x4803", "-w", raw("afr.bin", b"\x01"), part=_PART)
    assert result.code == 0
    assert "warning: an earlier unlock was cut short: setting the option bytes to their factory values" in result.err
    assert _is_whole(flash.desk)
    assert flash.desk.memory("options")[3] == 0x01


def test_an_upload_finishes_it_where_nobody_has_changed_an_option_since(desk: Desk) -> None:
    image = desk.hex("a.hex", (0x8000, program(300, seed=2)))
    told = desk.flash("--unlock", "never", "write", image, part=_PART)
    assert told.code == 0
    assert "; an unlock was cut short: another unlock finishes it and erases nothing [E-OPTIONS-CORRUPT]\n" in told.err
    assert not _is_whole(desk)
    assert desk.flash("write", image, part=_PART).code == 0
    assert _is_whole(desk)


def test_option_bytes_with_unlock_never_are_refused_and_no_serial_number_is_used_up(desk: Desk) -> None:
    Path("next.txt").write_text("7\n", encoding="ascii")
    image = desk.hex("a.hex", (0x8000, program(300, seed=2)), (0x4803, b"\x01"))
    before = desk.memories()
    words = ("--unlock", "never", "write", image, "--options", "--serial-number", "0x8200,u16,next.txt")
    result = desk.flash(*words, part=_PART)
    assert (result.code, result.reason[-19:]) == (1, "[E-OPTIONS-CORRUPT]")
    assert result.hint == "hint: `unlock` finishes it and erases nothing; or leave out --unlock never"
    assert desk.memories() == before
    assert Path("next.txt").read_text(encoding="ascii") == "7\n"


def test_what_is_left_alone_is_named_and_not_called_factory(desk: Desk) -> None:
    desk.chip(part="stm8af5288")
    desk.set_option("TMU_KEY1", 0x12)
    assert desk.flash("options", "defaults", part="stm8af5288").out == (
        "not changed, and not at factory values: TMU_KEY1\n"
    )
    assert desk.flash("unlock", part="stm8af5288").out == (
        "not read-protected: nothing to do; not changed, and not at factory values: TMU_KEY1\n"
    )


def test_a_protected_block_is_seen_before_eeprom_and_serial_number_are_used_up(desk: Desk) -> None:
    desk.chip(content=program(300))
    desk.set_option("UBC", 0x02)
    Path("next.txt").write_text("7\n", encoding="ascii")
    before = desk.memories()
    image = desk.hex("a.hex", (0x4000, b"settings"), (0x8000, program(300, seed=2)))
    result = desk.flash("write", image, "--serial-number", "0x4010,u16,next.txt")
    assert (result.code, result.reason[-7:]) == (5, "[E-UBC]")
    assert "nothing was written, because of block 0x008000" in result.reason
    assert desk.memories() == before
    assert Path("next.txt").read_text(encoding="ascii") == "7\n"
