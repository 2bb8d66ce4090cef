"""Power that fails in and after every byte of a change of option bytes, and what recovers the chip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest

from session.bench import Board, image_of
from session.option_bench import (
    ONE_OF_EACH_LAYOUT,
    ONE_OF_EACH_STRUCTURE,
    Cut,
    change,
    everything,
    other_value,
    values,
)
from stm8tool.chip.registers import UBC_ADDRESS
from stm8tool.errors import ReadoutProtectedError, ToolError
from stm8tool.image import Image, Segment
from stm8tool.parts.option_fields import fields_of
from stm8tool.parts.table import Part, find_part, option_table
from stm8tool.sim.switches import Switches

_WATCHDOGS = ("IWDG_HW", "WWDG_HW")


_GARBAGE = Switches()
_OTHER_CUTS = {
    "an erased byte": Switches(cut_erases=True),
    "a word of garbage": Switches(cut_ruins_word=True),
    "an erased word": Switches(cut_ruins_word=True, cut_erases=True),
}


def cut_boards(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    texts: Sequence[str],
    before: Sequence[str] = (),
    how: Switches = _GARBAGE,
) -> Iterator[Board]:
    """Yield a powered board for each way in which a change can be cut: in the middle of each byte, and after it."""
    for number in itertools.count(1):
        for fraction in (0.5, 1.01):
            board = Board(name, switches=how)
            change(board, *before)
            with monkeypatch.context() as patch:
                cut = Cut(board, patch, number, fraction)
                try:
                    change(board, *texts)
                except ToolError:
                    assert cut.writes == number
                else:
                    assert cut.writes == number - 1, "without a cut it comes to its end"
                    return
            board.chip.power(True, board.probe.clock.now())
            board.chip.settle(board.probe.clock.now() + 1)
            yield board


def watchdogs(board: Board) -> set[str]:
    """Return the watchdogs that the chip starts with."""
    options = board.chip.options
    return {
        field.name
        for option in options.table
        for field in fields_of(board.part, option)
        if field.name in _WATCHDOGS and field.of(options.byte(option.address) if options.valid(option) else 0)
    }


def to_factory(part: Part) -> list[str]:
    """Return a request for the factory value of every option byte that may be changed."""
    options = option_table(part)
    return [f"{option.name}=0x{option.default:02X}" for option in options if other_value(part, option) is not None]


@pytest.mark.parametrize("back", [False, True], ids=["to other values", "back to factory values"])
@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
def test_a_cut_at_any_byte_leaves_an_open_chip_that_the_same_change_and_unlock_both_recover(
    name: str, back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = find_part(name)
    there, home = everything(part), to_factory(part)
    wanted, before = (home, there) if back else (there, [])
    cuts = 0
    for recovery in ("set", "unlock"):
        for board in cut_boards(name, monkeypatch, wanted, before):
            cuts += 1
            content = bytes(board.chip.flash.data)
            assert not board.chip.options.rop
            assert board.chip.bricked is None
            if recovery == "set":
                change(board, *wanted)
                assert change(board, *wanted) == []
            else:
                with board.open() as chip:
                    assert chip.unlock().erased is False
                assert board.options_are_factory()
            assert board.chip.bricked is None
            assert bytes(board.chip.flash.data) == content
    assert cuts == 4 * sum(2 if o.complement else 1 for o in option_table(part) if other_value(part, o) is not None)


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8s208mb", "stm8af5288", "stlux385"])
def test_a_cut_never_starts_a_watchdog_that_nobody_asked_for_where_there_are_complements(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text for text in everything(find_part(name)) if not text.startswith(("WDG", "MISC"))]
    option = "MISC" if name == "stm8s103f3" else "WDG"
    if name != "stlux385":
        texts.append(f"{option}.LSI_EN=1")
    for board in cut_boards(name, monkeypatch, texts):
        assert watchdogs(board) == set()


@pytest.mark.parametrize("how", _OTHER_CUTS.values(), ids=_OTHER_CUTS)
@pytest.mark.parametrize("name", ONE_OF_EACH_STRUCTURE.values())
def test_whatever_else_a_cut_leaves_the_same_change_or_unlock_recovers_the_chip(
    name: str, how: Switches, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = find_part(name)
    wanted = everything(part)
    locked_ones = 0
    for board in cut_boards(name, monkeypatch, wanted, how=how):
        assert board.chip.bricked is None
        locked = board.chip.options.rop
        locked_ones += locked
        if locked:
            with pytest.raises(ReadoutProtectedError):
                change(board, *wanted)
            with board.open() as chip:
                assert chip.unlock().erased is True
        change(board, *wanted)
        assert change(board, *wanted) == []
        assert not board.chip.options.rop
        assert board.chip.bricked is None
    # The word with ROP holds another option byte on every part; its erased value, or garbage, locks the STM8L only.
    assert (locked_ones > 0) == (how.cut_ruins_word and not part.aa_locks)


@pytest.mark.parametrize("how", _OTHER_CUTS.values(), ids=_OTHER_CUTS)
@pytest.mark.parametrize("name", ONE_OF_EACH_STRUCTURE.values())
def test_whatever_else_a_cut_leaves_unlock_puts_factory_values_into_force(
    name: str, how: Switches, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = find_part(name)
    for board in cut_boards(name, monkeypatch, everything(part), how=how):
        locked = board.chip.options.rop
        with board.open() as chip:
            assert chip.unlock().erased is locked
        assert board.chip.bricked is None
        assert not board.chip.options.rop
        held = values(board)  # what does not match its complement is not in force
        assert all(held.get(o.name, o.default) in o.accepted for o in option_table(part) if o.policy == "normal")


def _cycled_boards(
    name: str, monkeypatch: pytest.MonkeyPatch, how: Switches, job: Callable[[Board], None]
) -> Iterator[Board]:
    """Yield a board for each option byte in whose write the supply failed for half a second, and `job` went on."""
    for number in itertools.count(1):
        board = Board(name, switches=how)
        change(board, *everything(board.part))
        with monkeypatch.context() as patch:
            patch.setattr(board.chip, "plan_power_cut", board.chip.plan_power_cycle)
            cut = Cut(board, patch, number, 0.5)
            with suppress(ReadoutProtectedError):  # garbage in the word of the ROP byte locks an STM8L
                job(board)
        if cut.writes < number:
            return
        yield board


@pytest.mark.parametrize("how", _OTHER_CUTS.values(), ids=_OTHER_CUTS)
@pytest.mark.parametrize("name", ONE_OF_EACH_STRUCTURE.values())
def test_a_change_that_goes_on_after_a_cut_gives_the_options_beside_it_back_what_they_held(
    name: str, how: Switches, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in to_factory(find_part(name)):
        option = text.partition("=")[0]
        for board in _cycled_boards(name, monkeypatch, how, lambda board, text=text: change(board, text) and None):
            if board.chip.options.rop:
                continue
            kept = dict(item.split("=") for item in everything(board.part) if not item.startswith(f"{option}="))
            held = values(board)
            assert {name: held.get(name) for name in kept} == {name: int(kept[name], 0) for name in kept}
            assert not board.chip.options.mismatch


def test_a_lock_that_goes_on_after_a_cut_gives_the_options_beside_it_back_what_they_held(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def job(board: Board) -> None:
        with board.open() as chip:
            chip.lock()

    (board,) = _cycled_boards("stm8s103f3", monkeypatch, Switches(cut_ruins_word=True), job)
    assert board.chip.options.rop
    assert (values(board)["UBC"], board.chip.options.mismatch) == (0x02, False)
    assert "restoring the old values of these: UBC, AFR" in caplog.text


def test_an_unlock_that_goes_on_after_a_cut_names_all_that_it_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        board = Board("stm8s103f3")
        change(board, "UBC=0x02")
        with monkeypatch.context() as patch:
            patch.setattr(board.chip, "plan_power_cut", board.chip.plan_power_cycle)
            Cut(board, patch, number, 1.01)
            with board.open() as chip:
                assert chip.unlock().restored == ("UBC",)


@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
@pytest.mark.parametrize("how", [_GARBAGE, *_OTHER_CUTS.values()])
@pytest.mark.parametrize("fraction", [0.5, 1.01])
def test_a_cut_while_locking_leaves_a_chip_that_unlock_recovers(
    name: str, how: Switches, fraction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(name, switches=how)
    with monkeypatch.context() as patch:
        cut = Cut(board, patch, 1, fraction)
        with board.open() as chip, pytest.raises(ToolError):
            chip.lock()
        assert cut.writes == 1
    board.chip.power(True, board.probe.clock.now())
    board.chip.settle(board.probe.clock.now() + 1)
    with board.open() as chip:
        chip.unlock()
    assert board.chip.bricked is None
    board.upload(image_of(board.part, size=200))
    assert board.holds(image_of(board.part, size=200))


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151k4", "stm8l101f3", "stm8s208mb"])
def test_a_cut_in_a_write_with_option_bytes_is_mended_by_the_same_write(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The boot area is replaced, so UBC is cleared before the write and set after it."""
    part = find_part(name)
    at = UBC_ADDRESS[part.flash_regs]
    complement = next(option.complement for option in option_table(part) if option.address == at)
    ubc = Segment(at, bytes([0x02, 0xFD] if complement else [0x02]))
    image = Image([*image_of(part, 200).segments, ubc])

    def write(board: Board) -> None:
        with board.open() as chip:
            chip.write(image, options=True)

    for number, fraction in ((n, f) for n in itertools.count(1) for f in (0.5, 1.01)):
        board = Board(name)
        change(board, "UBC=0x03")
        with monkeypatch.context() as patch:
            cut = Cut(board, patch, number, fraction)
            try:
                write(board)
            except ToolError:
                assert cut.writes == number
            else:
                break
        board.chip.power(True, board.probe.clock.now())
        board.chip.settle(board.probe.clock.now() + 1)
        assert not board.chip.options.rop
        write(board)
        assert board.holds(Image(image.slice(part.flash)))
        assert values(board)["UBC"] == 0x02
        assert board.chip.bricked is None
    assert cut.writes == number - 1 == (4 if complement else 2)  # UBC is written twice
