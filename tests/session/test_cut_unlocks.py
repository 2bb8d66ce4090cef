"""An unlock that is cut anywhere: whatever is done next, the next unlock makes the chip whole and loses nothing.

The sequences here are a sample that is drawn anew for each part by a fixed seed. All cuts of an unlock leave about ten
different chips, so that one run over all sequences takes some seconds per part.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple, Optional

import pytest

from session.bench import Board, image_of
from session.option_bench import Cut, change
from stm8tool.chip import wording
from stm8tool.chip.options.bytes import left_undone, show_a_cut_unlock
from stm8tool.errors import Code, ProgramError, ReadoutProtectedError, ToolError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, find_part, option_table
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches
from stm8tool.words import COMMAND_LINE

_PARTS = ["stm8s208c6", "stm8af5288", "stm8s103f3", "stm8l151k4", "stlux385"]
_WITH_FAR_PAIRS = ["stm8s208c6", "stm8s105k4", "stm8af5288", "stlux385", "stnrg388a"]
_SAMPLE = 40


class Held(NamedTuple):
    """What a chip keeps without power."""

    options: bytes
    flash: bytes
    eeprom: bytes

    @property
    def data(self) -> tuple[bytes, bytes]:
        return self.flash, self.eeprom


def held_by(board: Board) -> Held:
    eeprom = bytes(board.chip.eeprom.data) if board.chip.eeprom else b""
    return Held(bytes(board.chip.options.memory.data), bytes(board.chip.flash.data), eeprom)


def board_with(name: str, held: Held, switches: Optional[Switches] = None) -> Board:
    """Return a board whose chip holds this, after a reset."""
    board = Board(name, switches=switches)
    board.chip.options.memory.data[:] = held.options
    board.chip.flash.data[:] = held.flash
    if board.chip.eeprom:
        board.chip.eeprom.data[:] = held.eeprom
    return restarted(board)


def restarted(board: Board) -> Board:
    now = board.probe.clock.now()
    board.chip.set_nrst(True, now)
    board.chip.set_nrst(False, now + 0.01)
    board.chip.settle(now + 1)
    return board


@cache
def cut_unlocks(name: str, switches: Optional[Switches] = None) -> tuple[Held, ...]:
    """Return every different chip that an unlock leaves if it is cut at one of its transfers, and the finished one."""
    left: dict[Held, None] = {}
    for transfers in itertools.count():
        board = Board(name, locked=True, faults=[f"wedged-for-good={transfers}"], switches=switches)
        board.chip.flash.write(board.part.flash.start + 256, bytes(board.part.flash.size - 256))
        try:
            unlock(board)
        except ToolError:
            pass
        else:
            return (*left, held_by(board))
        left[held_by(restarted(board))] = None
    raise AssertionError


# -- the commands ----------------------------------------------------------------------------------------------------


def unlock(board: Board) -> None:
    with board.open() as chip:
        chip.unlock()


def defaults(board: Board) -> None:
    with board.open() as chip:
        chip.reset_options()


def options_set(board: Board) -> None:
    change(board, *_some_option(board.part))


def compat_options(board: Board) -> None:
    with board.open() as chip:
        held = Image(Segment(address, bytes([byte])) for address, byte in _option_image(board.part).items())
        chip.write(held, options=True, unlock=False, mend=True)


def write(board: Board) -> None:
    board.upload(image_of(board.part, 7, 300))


def restore(board: Board) -> None:
    options = bytes(_option_image(board.part).get(address, 0) for address in _area(board.part))
    image = Image([*image_of(board.part, 9, 512).segments, Segment(board.part.options.start, options)])
    with board.open() as chip:
        chip.restore(image, force=True)


def lock(board: Board) -> None:
    with board.open() as chip:
        chip.lock()


_COMMANDS = (unlock, defaults, options_set, compat_options, write, restore, lock)
_REFUSED_UNDER_ROP = (defaults, options_set, compat_options)
_ON_OPTIONS_ALONE = (unlock, defaults, options_set, compat_options)


def _is_stm8(part: Part) -> bool:
    return part.name.startswith("STM8")  # the others are STLUX and STNRG


def _some_option(part: Part) -> list[str]:
    return ["AFR=0x01" if _is_stm8(part) else "GENCFG=0x01"] if part.aa_locks else ["BOR=0x01"]


def _area(part: Part) -> range:
    return range(part.options.start, part.options.end)


def _option_image(part: Part) -> dict[int, int]:
    held = {}
    for option in option_table(part):
        if option.policy == "normal":
            value = 1 if option.name == "AFR" else option.default
            held.update({option.address: value, **({option.address + 1: value ^ 0xFF} if option.complement else {})})
    return held


# -- what becomes of the chip ----------------------------------------------------------------------------------------


def _do(board: Board, command: Callable[[Board], None]) -> None:
    """Do a command; on a locked chip most are refused, on an open one none is, and none of option bytes costs data."""
    locked, before = board.chip.options.rop, held_by(board)
    if locked and command in _REFUSED_UNDER_ROP:
        with pytest.raises(ReadoutProtectedError):
            command(board)
    else:
        command(board)
    restarted(board)
    if not locked and command in _ON_OPTIONS_ALONE:
        assert held_by(board).data == before.data


def _is_healed_by_unlock(board: Board) -> None:
    locked, before = board.chip.options.rop, held_by(board)
    unlock(board)
    assert board.options_are_factory()
    assert not board.chip.options.rop
    assert board.chip.bricked is None
    if not locked:
        assert held_by(board).data == before.data


def _sequences(
    name: str, switches: Optional[Switches] = None
) -> Iterator[tuple[Held, tuple[Callable[..., None], ...]]]:
    pairs = list(itertools.product(_COMMANDS, repeat=2))
    every = list(itertools.product(cut_unlocks(name, switches), pairs))
    yield from random.Random(name).sample(every, _SAMPLE)


@pytest.mark.parametrize("name", _PARTS)
def test_after_a_cut_unlock_and_any_two_commands_the_next_unlock_makes_the_chip_whole(name: str) -> None:
    for held, commands in _sequences(name):
        board = board_with(name, held)
        for command in commands:
            _do(board, command)
        _is_healed_by_unlock(board)


@pytest.mark.parametrize("name", ["stm8s208c6", "stm8af5288"])
def test_it_does_so_where_the_boot_rom_shows_only_after_the_reset(name: str) -> None:
    switches = Switches(rop_hides_boot_rom=True)
    assert any(_pairs_after_a_reset(name, held) for held in cut_unlocks(name, switches)), "the other way was taken"
    for held, commands in _sequences(name, switches):
        board = board_with(name, held, switches)
        for command in commands:
            _do(board, command)
        _is_healed_by_unlock(board)


def _pairs_after_a_reset(name: str, held: Held) -> bool:
    """Tell whether all common pairs but the last one are right, and the others as the erase left them."""
    part = find_part(name)
    at = {o: held.options[o.address - part.options.start :][:2] for o in option_table(part) if o.complement}
    common = [pair for option, pair in at.items() if option.address < 0x480B]
    return not any(common[-1]) and all(map(any, common[:-1])) and not any(at[list(at)[-1]])


# -- where the common pairs were written by another tool, or an earlier version --------------------------------------


def _without_the_far_pairs(name: str) -> Board:
    """Return an open chip with a program, and AFR or GENCFG in use, whose last pairs are as the erase left them."""
    board = Board(name)
    change(board, *_some_option(board.part))
    for option in option_table(board.part):
        if option.address > 0x480A:
            board.chip.options.memory.write(option.address, bytes(2 if option.complement else 1))
    return restarted(board)


@pytest.mark.parametrize("command", [unlock, defaults])
@pytest.mark.parametrize("name", _WITH_FAR_PAIRS)
def test_unlock_and_defaults_mend_every_pair_also_without_the_mark(name: str, command: Callable[[Board], None]) -> None:
    board = _without_the_far_pairs(name)
    before = held_by(board).data
    command(board)
    assert board.options_are_factory()
    assert held_by(board).data == before
    assert board.chip.bricked is None
    with board.session() as session:
        session.connect()
        assert not session.no_high_speed


@pytest.mark.parametrize("name", _WITH_FAR_PAIRS)
def test_a_change_of_one_option_finishes_the_unlock_and_keeps_the_others(name: str) -> None:
    board = _without_the_far_pairs(name)
    change(board, "HSECNT=0xB4" if _is_stm8(board.part) else "HSESTAB=0x01")
    assert board.chip.options.mismatch is False
    changed = [o.name for o in option_table(board.part) if board.chip.options.byte(o.address) not in o.accepted]
    assert len(changed) == 2, "the one from before, and this one"
    assert board.chip.bricked is None


def test_the_last_pairs_can_be_changed_themselves() -> None:
    board = _without_the_far_pairs("stm8s208c6")
    change(board, "WAITSTATE=1")
    assert board.chip.options.byte(0x480D) == 1
    assert not board.chip.options.mismatch


def test_locking_finishes_an_unlock_first() -> None:
    board = _without_the_far_pairs("stm8s208c6")
    lock(board)
    restarted(board)
    assert board.chip.options.rop
    assert not board.chip.options.mismatch


def test_a_cut_while_an_unlock_is_finished_leaves_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter of failed tries of an STM8AF has no complement: it must be right before the last pair is."""
    before, cuts = held_by(_without_the_far_pairs("stm8af5288")), set()
    for transfers in itertools.count(0, 3):
        board = board_with("stm8af5288", before)
        board.probe = SimStlink(board.chip, "v3", faults=[f"wedged-for-good={transfers}"])
        try:
            change(board, "CLK.CKAWUSEL=1")
        except ToolError:
            cuts.add(held_by(restarted(board)))
        else:
            break
    assert len(cuts) > 5
    for held in cuts:
        _is_healed_by_unlock(board_with("stm8af5288", held))


def test_what_the_words_say_is_so() -> None:
    board = _without_the_far_pairs("stm8s208c6")
    with board.open() as chip:
        states = chip.options()
    assert [option.name for option in left_undone(states)] == ["RESERVED_480B", "WAITSTATE", "OPTBL"]
    assert not show_a_cut_unlock(states), "AFR is in use: an upload tells it, and changes nothing"
    assert "an earlier unlock was cut short" in list(wording.options_in_force(board.part, states))[-1]
    with board.open() as chip:
        result = chip.unlock()
    assert result.restored == ("AFR", "RESERVED_480B", "WAITSTATE", "OPTBL")
    assert wording.unlocked(result).startswith("not read-protected, nothing erased; back at factory values: ")


def test_what_is_left_alone_is_not_called_factory() -> None:
    board = Board("stm8af5288")
    board.chip.options.set("TMU_KEY1=0x12")
    with board.open() as chip:
        said = wording.unlocked(chip.unlock())
    assert said == "not read-protected: nothing to do; not changed, and not at factory values: TMU_KEY1"


# -- told not to ------------------------------------------------------------------------------------------------------


def test_an_upload_that_may_not_unlock_only_says_what_is_undone(caplog: pytest.LogCaptureFixture) -> None:
    held = next(held for held in cut_unlocks("stm8s208c6") if not any(held.options))
    board = board_with("stm8s208c6", held)
    board.upload(image_of(board.part, 7, 300), unlock=False)
    assert held_by(board).options == held.options
    assert "another unlock finishes it and erases nothing" in caplog.text
    board.upload(image_of(board.part, 7, 300))
    assert board.options_are_factory()


@pytest.mark.parametrize("what", ["write", "restore"])
def test_option_bytes_are_refused_where_the_unlock_may_not_be_finished(what: str) -> None:
    board = _without_the_far_pairs("stm8s208c6")
    before = held_by(board)
    image = Image([*image_of(board.part, 7, 300).segments, Segment(0x4803, b"\x00\xff")])
    with board.open() as chip, pytest.raises(ProgramError) as caught:
        if what == "write":
            chip.write(image, options=True, unlock=False)
        else:
            chip.restore(image, unlock=False, force=True)
    assert caught.value.code is Code.OPTIONS_CORRUPT
    assert "`unlock` finishes it" in (caught.value.hint_in(COMMAND_LINE) or "")
    assert held_by(board) == before


# -- power that fails -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Switches(), Switches(cut_erases=True)], ids=["garbage", "erased"])
@pytest.mark.parametrize("name", ["stm8s103f3", "stm8s208c6"])
def test_an_upload_and_an_unlock_finish_what_a_power_cut_in_any_byte_left(
    name: str, how: Switches, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in itertools.count(1):
        board = Board(name, locked=True, switches=how)
        with monkeypatch.context() as patch:
            cut = Cut(board, patch, number, 0.5)
            try:
                unlock(board)
            except ToolError:
                assert cut.writes == number
            else:
                break
        board.chip.power(True, board.probe.clock.now())
        held = held_by(restarted(board))
        for command in (unlock, write):
            board = board_with(name, held, how)
            command(board)
            assert board.options_are_factory(), command
            assert board.chip.bricked is None
    assert number > 10


@pytest.mark.parametrize("how", [Switches(), Switches(cut_erases=True)], ids=["garbage", "erased"])
def test_a_counter_of_an_stm8af_that_a_power_cut_left_as_garbage_is_mended_whatever_comes_before_the_unlock(
    how: Switches, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board("stm8af5288", locked=True, switches=how)
    with monkeypatch.context() as patch:
        Cut(board, patch, 1, 0.5)
        with pytest.raises(ToolError):
            unlock(board)
    board.chip.power(True, board.probe.clock.now())
    held = held_by(restarted(board))
    for command in _COMMANDS:
        board = board_with("stm8af5288", held, how)
        command(board)
        restarted(board)
        _is_healed_by_unlock(board)
