"""A command that needs the probe while a console listens at it: each gets the probe in turn."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stm8tool
from cli.desk import ROOT, STM8S, Desk, finish, start, talking
from patience import LIMIT_S, ended
from stm8tool.chip.running import lending
from stm8tool.chip.running.program import Program
from stm8tool.chip.running.swim_console import SwimConsole
from stm8tool.errors import AccessError, Code
from stm8tool.image import Image, Segment
from stm8tool.support import handover, locks
from stm8tool.support.handover import Offer, Wish

GIVEN, BACK = "another command needs the probe: it has the probe now", "the probe is back"
FIRST, SECOND = talking(), talking(b"goodbye\n", 0x0180)
SILENT = b"\x82\x00\x80\x04" + b"\x20\xfe" * 90


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with board.chip, whose program says hello."""
    desk.chip(content=FIRST)
    desk.hex("second.hex", (0x8000, SECOND))
    return desk


def of(code: bytes, ring: int) -> Program:
    return Program("firmware.elf", {"_swim_console_out": ring}, [Segment(0x8000, code)])


class Talk:
    """A console, the texts that it told, and uploads by another thread."""

    def __init__(self, console: SwimConsole, told: list[str], selector: str) -> None:
        self.console, self.told, self._selector = console, told, selector

    def upload(self, code: bytes) -> bytes:
        """Write a program while the console listens; return what the console read until it had the probe again."""
        failed: list[stm8tool.ToolError] = []

        def write() -> None:
            try:
                with stm8tool.open(self._selector, STM8S) as chip:
                    chip.write(Image([Segment(0x8000, code)]))
            except stm8tool.ToolError as exc:
                failed.append(exc)

        before = self.told.count(BACK)
        other = threading.Thread(target=write)
        other.start()
        found = b""
        while self.told.count(BACK) == before and not failed:
            found += self.console.read()
        other.join()
        assert failed == []
        return found


@pytest.fixture
def talk(board: Desk) -> Iterator[Callable[..., Talk]]:
    """Return a function that opens a console; its arguments are those of `Chip.console`."""
    chips = []

    def begin(program: Program, reload: Callable[[], Program]) -> Talk:
        chip = stm8tool.open("sim:board.chip", STM8S)
        chips.append(chip)
        chip.__enter__()
        told: list[str] = []
        console = chip.console(program, told.append, reload)
        chips.append(console)
        return Talk(console.__enter__(), told, "sim:board.chip")

    yield begin
    for opened in reversed(chips):
        opened.__exit__(None, None, None)
    assert board.is_idle()


def test_an_upload_gets_the_probe_and_the_console_shows_the_new_program(talk: Callable[..., Talk]) -> None:
    talking_to = talk(of(FIRST, 0x0100), lambda: of(SECOND, 0x0180))
    assert talking_to.console.read() == b"hello\n"
    assert talking_to.upload(SECOND) + talking_to.console.read() == b"goodbye\n"
    assert talking_to.told == [GIVEN, BACK]


def test_the_probe_goes_to_and_fro_as_often_as_it_is_asked_for(talk: Callable[..., Talk]) -> None:
    code = [FIRST]
    talking_to = talk(of(FIRST, 0x0100), lambda: of(code[-1], 0x0180))
    for text in (b"1\n", b"2\n", b"3\n"):
        code.append(talking(text, 0x0180))
        found = talking_to.upload(code[-1]) + talking_to.console.read()
        assert found.endswith(text)
    assert talking_to.told == [GIVEN, BACK] * 3


def test_a_program_that_is_not_that_of_the_elf_is_told_and_its_console_is_looked_for(talk: Callable[..., Talk]) -> None:
    talking_to = talk(of(FIRST, 0x0100), lambda: of(FIRST, 0x0100))
    assert talking_to.console.read() == b"hello\n"
    assert talking_to.upload(SECOND) + talking_to.console.read() == b"goodbye\n"
    assert talking_to.told[2:] == [
        "the chip runs another program than firmware.elf; its console is looked for in RAM",
    ]


def test_an_elf_that_has_gone_is_told_and_the_console_is_looked_for(talk: Callable[..., Talk]) -> None:
    def gone() -> Program:
        raise stm8tool.ImageError("firmware.elf: no such file", hint="build it first")

    talking_to = talk(of(FIRST, 0x0100), gone)
    assert talking_to.console.read() == b"hello\n"
    assert talking_to.upload(SECOND) + talking_to.console.read() == b"goodbye\n"
    assert talking_to.told[2:] == ["firmware.elf: no such file; the console is looked for in RAM"]


def test_a_program_without_a_console_is_told_and_the_next_one_is_shown(talk: Callable[..., Talk]) -> None:
    code = [FIRST]
    talking_to = talk(of(FIRST, 0x0100), lambda: of(code[-1], 0x0180))
    code.append(SILENT)
    talking_to.upload(SILENT)
    assert talking_to.console.read() == b""
    assert talking_to.told[2:] == ["the program shows no console in its RAM any more; waiting for it"]
    code.append(SECOND)
    assert talking_to.upload(SECOND) + talking_to.console.read() == b"goodbye\n"


def test_a_console_without_its_probe_does_nothing_and_can_be_left(talk: Callable[..., Talk], board: Desk) -> None:
    talking_to = talk(of(FIRST, 0x0100), lambda: of(FIRST, 0x0100))
    wish = Wish("sim:board.chip")
    wish.make()
    assert talking_to.console.read() == b""
    assert (talking_to.told, board.is_idle()) == ([GIVEN], True)
    assert talking_to.console.write(b"x") == 0
    wish.withdraw()


def test_a_program_that_keeps_the_probe_without_asking_ends_the_console(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.0)
    monkeypatch.setattr(lending, "_MOST_TRIES", 2)
    talking_to = talk(of(FIRST, 0x0100), lambda: of(FIRST, 0x0100))
    wish = Wish("sim:board.chip")
    wish.make()
    talking_to.console.read()
    taken = locks.FileLock(Path("board.chip"), "simulated probe")
    taken.acquire()
    wish.withdraw()

    def wait() -> None:
        while True:
            talking_to.console.read()

    with pytest.raises(AccessError, match=r"board.chip is busy"):
        wait()
    taken.release()


def test_a_second_console_is_refused_and_the_first_one_keeps_the_probe(talk: Callable[..., Talk], board: Desk) -> None:
    talking_to = talk(of(FIRST, 0x0100), lambda: of(FIRST, 0x0100))
    second = board.flash("monitor", "--for", "50ms")
    assert second.reason == "error: another monitor listens at the probe sim:board.chip [E-BUSY]"
    assert second.code == Code.BUSY.exit_code
    assert talking_to.console.read() == b"hello\n"
    assert talking_to.told == []


def test_a_console_that_hangs_keeps_the_probe_and_the_upload_says_so(
    board: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "LIMIT_S", 0.0)
    monkeypatch.setattr(locks, "WAIT_S", 0.0)
    with stm8tool.open("sim:board.chip", STM8S) as chip, chip.console():
        result = board.flash("write", "second.hex")
        assert result.reason == ("error: board.chip is busy: another program is using this simulated probe [E-BUSY]")
        assert result.hint == "hint: a monitor has the probe and does not answer: end it, then repeat"
        assert result.details == ["it did not release the probe within 0 s"]
    assert board.flash("write", "second.hex").code == 0


def listening(desk: Desk, *words: str) -> subprocess.Popen[str]:
    """Start `monitor` as a process of its own, and wait until it has the probe."""
    tool = ("-I", str(ROOT / "tool"), "--probe", "sim:board.chip", "--part", STM8S)
    process = start(*tool, "monitor", *words, folder=desk.folder)
    assert process.stderr
    assert "Ctrl-C ends it" in process.stderr.readline()
    return process


def test_an_upload_by_another_process_shows_its_text_in_the_same_monitor(board: Desk) -> None:
    process = listening(board, "--until", "goodbye")
    assert process.stdout
    assert process.stdout.readline() == "hello\n"
    assert board.flash("write", "second.hex").code == 0
    result = finish(process)
    assert (result.code, result.out) == (0, "goodbye\n")
    assert [line for line in result.err.splitlines() if "probe" in line] == [f"monitor: {GIVEN}", f"monitor: {BACK}"]


def test_a_monitor_that_was_killed_keeps_no_command_from_the_probe(
    board: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = listening(board)
    process.kill()
    ended(process)
    monkeypatch.setattr(handover, "LIMIT_S", 0.0)
    file = board.hex("third.hex", (0x8000, talking(b"goodbye\n")))
    assert board.flash("write", file).code == 0
    assert board.flash("monitor", "--for", "50ms").out == "goodbye\n"


def test_a_port_without_a_client_gives_the_probe_away_too(board: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    process = listening(board, "--port", f"socket://127.0.0.1:{number}", "--until", "goodbye")
    assert board.flash("write", "second.hex").code == 0
    with socket.create_connection(("127.0.0.1", number), timeout=LIMIT_S) as client:
        found = b""
        while not found.endswith(b"goodbye\n"):
            found += client.recv(100)
    assert finish(process).code == 0
    assert found == b"goodbye\n"


@pytest.mark.parametrize("place", ["usb:1-4", "sim:boards#usb:1-1"])
def test_the_offer_of_a_probe_is_seen_by_other_commands(desk: Desk, place: str) -> None:
    (desk.folder / "boards").mkdir()
    offer, other, wish = Offer(place), Offer(place), Wish(place)
    offer.make()
    with pytest.raises(AccessError) as caught:
        other.make()
    assert caught.value.code is Code.BUSY
    assert not offer.is_wanted()
    wish.make()
    asked = Offer(place)
    asked._is_made = True  # a fresh look, without the wait for the next one
    assert asked.is_wanted()
    wish.withdraw()
    offer.withdraw()
    other.make()
    other.withdraw()


def test_without_a_cache_folder_commands_work_and_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "_folder", lambda: None)
    first, second, wish = Offer("usb:1-4"), Offer("usb:1-4"), Wish("usb:1-4")
    first.make()
    second.make()
    wish.make()
    taken: list[str] = []
    wish.through(lambda: taken.append("opened"))
    assert (taken, first.is_wanted()) == (["opened"], False)


def test_a_lock_file_that_cannot_be_made_hinders_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(handover, "_folder", lambda: tmp_path / "file" / "below")
    offer, wish = Offer("usb:1-4"), Wish("usb:1-4")
    offer.make()
    wish.make()
    assert not offer.is_wanted()
    offer.withdraw()
    wish.withdraw()
