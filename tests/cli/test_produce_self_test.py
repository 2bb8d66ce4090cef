"""`produce`: the self-test of a program that was written."""

from __future__ import annotations

import pytest

from cli.desk import Desk, talking
from cli.production_shop import SERIAL, events, job
from stm8tool.api import Chip
from stm8tool.production.chip_run import BlockTimer
from stm8tool.production.self_test import SelfTest


def test_the_program_tells_that_it_works(shop: Desk) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"ok 7\n")))
    result = shop.run("produce", job('[self_test]\nline = "ok [0-9]"\nseconds = 1\n', sockets="a"), "--once")
    assert result.code == 0, result.err
    assert events("chip")[0]["self_test"] == "ok 7"
    assert shop.is_idle("a.chip")


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ("ok", "ok", True),
        ("ok", "ok 7", False),
        ("ok", "OK", False),
        ("ok *", "ok 7", True),
        ("ok *", "not ok 7", False),
        ("*3.[23]? V*", "supply 3.31 V, fine", True),
        ("*3.[23]? V*", "supply 3.51 V", False),
        ("[*][!0-9]", "*x", True),
        ("*a" * 400, "a" * 4096, True),
        ("*a" * 400, "a" * 4097, False),  # the limit of a line
        ("*a" * 499 + "b", "a" * 4096, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_pattern_fits_a_whole_line(pattern: str, line: str, fits: bool) -> None:
    assert SelfTest(pattern, 1.0).fits(line) is fits


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"bad\n", "ok*", "the self-test printed no line that fits 'ok*' in 0.5 s; its last line is 'bad'"),
        (b"ok 1", "ok*", "the self-test printed no line that fits 'ok*' in 0.5 s; its last line is 'ok 1'"),
        (b"", "ok*", "the self-test printed no line that fits 'ok*' in 0.5 s; it printed nothing"),
    ],
)
def test_a_program_that_prints_something_else_fails(shop: Desk, text: bytes, line: str, message: str) -> None:
    shop.hex("firmware.hex", (0x8000, talking(text)))
    more = f'{SERIAL}[self_test]\nline = "{line}"\nseconds = 0.5\n'
    assert shop.run("produce", job(more, sockets="a", head="lock = true\n"), "--once").code == 1
    (chip,) = events("chip")
    assert (chip["code"], chip["message"]) == ("E-SELF-TEST", message)
    assert events("gap")[0]["serial"] == chip["serial"] == 41
    assert shop.memory("options", "a.chip")[0] == 0, "it was locked"
    assert shop.is_idle("a.chip")


def test_a_board_that_was_changed_during_the_self_test_does_not_pass(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"ok\n")))
    found = iter([b"\x01" * 12, b"\x02" * 12])
    monkeypatch.setattr(Chip, "unique_id", lambda _chip: next(found))
    shop.run("produce", job('[self_test]\nline = "ok"\nseconds = 1\n', sockets="a", head="lock = true\n"), "--once")
    (chip,) = events("chip")
    assert (chip["code"], chip["message"]) == ("E-SELF-TEST", "another board came into the socket during the self-test")
    assert shop.memory("options", "a.chip")[0] == 0, "it was locked"


def test_the_text_of_an_earlier_program_is_not_that_of_this_one(shop: Desk) -> None:
    old = shop.hex("old.hex", (0x8000, talking(b"ok\n")))
    test = '[self_test]\nline = "ok"\nseconds = 0.5\n'
    assert shop.flash("write", old, chip="a.chip").code == 0
    assert shop.run("produce", job(test, sockets="a"), "--once").code == 1  # its program only loops
    assert events("chip")[0]["code"] == "E-NO-CONSOLE"
    shop.hex("firmware.hex", (0x8000, talking(b"ok\n", ring=0x0140)))
    assert shop.flash("write", old, chip="a.chip").code == 0
    result = shop.run("produce", job(test, sockets="a"), "--once")  # two rings would be refused
    assert result.code == 0, result.out


def test_what_the_self_test_writes_to_ram_is_no_block() -> None:
    timer = BlockTimer(lambda *progress: None)
    timer("writing", 64, 64)
    before = timer.times_ms(64)
    timer.is_over = True
    timer("writing", 4, 4)
    assert timer.times_ms(64) == before is not None


def test_a_program_without_a_console_fails_with_its_own_code(shop: Desk) -> None:
    shop.run("produce", job('[self_test]\nline = "x"\nseconds = 0.5\n', sockets="a"), "--once")
    assert events("chip")[0]["code"] == "E-NO-CONSOLE"
