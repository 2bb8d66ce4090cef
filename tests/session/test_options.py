"""Option bytes on simulated chips: changed and locked, over good and bad links, and never to a chip's ruin."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session.bench import MODELS, Board, image_of
from session.option_bench import ONE_OF_EACH_LAYOUT, change, everything, other_value, values
from stm8tool.chip.flash.controller import Flash
from stm8tool.chip.options import writing
from stm8tool.chip.options.bytes import OptionState, read_options
from stm8tool.chip.options.plan import Change, Danger, hazards, requested
from stm8tool.errors import (
    Code,
    FamilyMismatchError,
    ReadoutProtectedError,
    ToolError,
    UsageError,
    WriteProtectedError,
)
from stm8tool.parts.option_fields import fields_of
from stm8tool.parts.table import Part, all_parts, find_part, option_table
from stm8tool.sim.chip.options import OptionBytes
from stm8tool.sim.switches import Switches

# -- changing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
def test_every_option_byte_can_be_changed_and_brought_back(name: str) -> None:
    board = Board(name)
    before = bytes(board.chip.flash.data)
    assert [c.option.name for c in change(board, *everything(board.part))] == [
        text.partition("=")[0] for text in everything(board.part)
    ]
    for option in option_table(board.part):
        wanted = other_value(board.part, option)
        assert values(board)[option.name] == (option.default if wanted is None else wanted)
    with board.open() as chip:
        assert chip.unlock().erased is False
    assert board.options_are_factory()
    assert bytes(board.chip.flash.data) == before
    assert board.is_left_idle()


@pytest.mark.parametrize("model", MODELS)
def test_what_is_so_already_is_not_written(model: str) -> None:
    board = Board(model=model)
    change(board, "UBC=0x02", "AFR=0x01")
    wear = list(board.chip.options.memory.wear)
    assert change(board, "UBC=0x02", "AFR.AFR0=1") == []
    assert board.chip.options.memory.wear == wear
    assert len(change(board, "UBC=0x02", "AFR=0x00")) == 1
    assert board.chip.options.memory.wear == [wear[0] + 2]


def test_a_changed_option_is_in_force_when_the_command_ends() -> None:
    board = Board()
    change(board, "UBC=1K")
    with pytest.raises(WriteProtectedError):
        board.upload(image_of(board.part))
    change(board, "UBC=none")
    board.upload(image_of(board.part))
    assert board.holds(image_of(board.part))


def test_a_field_of_a_byte_without_its_complement_is_put_into_the_value_that_the_chip_uses() -> None:
    board = Board()
    board.chip.options.set("0x4805=0x55")
    change(board, "MISC.LSI_EN=1")
    assert values(board)["MISC"] == 0x08


def test_option_bytes_of_a_locked_chip_are_neither_shown_nor_written() -> None:
    board = Board(locked=True)
    before = bytes(board.chip.options.memory.data)
    with pytest.raises(ReadoutProtectedError):
        change(board, "UBC=0x02")
    assert bytes(board.chip.options.memory.data) == before


def test_nothing_is_written_to_a_chip_that_has_less_ram_than_the_part_named() -> None:
    board = Board("stm8s103f3")
    before = bytes(board.chip.options.memory.data)
    part = find_part("stm8s208mb")
    with board.open(part) as chip, pytest.raises(FamilyMismatchError):
        chip.set_options("WAITSTATE=1")
    assert bytes(board.chip.options.memory.data) == before


@pytest.mark.parametrize("transfers", range(20, 260, 6))
def test_a_lost_link_is_no_reason_to_write_a_byte_twice_that_the_chip_holds(transfers: int) -> None:
    board = Board(faults=[f"drop-link-after={transfers}"])
    change(board, "UBC=0x02", "AFR=0x01", "HSECNT=0xB4")
    assert [values(board)[name] for name in ("UBC", "AFR", "HSECNT")] == [0x02, 0x01, 0xB4]
    assert board.chip.options.memory.wear[0] <= 6 + 2  # one pair, the one that was under way, is done again


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("milliseconds", range(60, 300, 15))
def test_a_supply_that_fails_for_half_a_second_delays_a_change_only(model: str, milliseconds: int) -> None:
    board = Board(model=model, faults=[f"power-switch={milliseconds}"])
    change(board, "UBC=0x02", "AFR=0x01", "HSECNT=0xB4", "MISC.LSI_EN=1")
    assert [values(board)[name] for name in ("UBC", "AFR", "HSECNT", "MISC")] == [0x02, 0x01, 0xB4, 0x08]


def test_option_bytes_that_do_not_take_are_an_error() -> None:
    board = Board(faults=["no-eop"])
    with pytest.raises(ToolError) as caught:
        change(board, "UBC=0x02")
    assert caught.value.code is Code.WRITE_UNFINISHED
    assert board.options_are_factory()


# -- locking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_locked_chip_is_locked_by_its_own_polarity_and_opens_only_by_an_erase(name: str, model: str) -> None:
    board = Board(name, model)
    with board.open() as chip:
        assert chip.lock() is True
    assert board.chip.options.rop
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.read(board.part.flash)
    with board.open() as chip:
        assert chip.unlock().erased is True
    assert not any(board.chip.flash.data)
    assert board.options_are_factory()


@pytest.mark.parametrize("relocks", [False, True])
def test_a_chip_that_is_locked_is_not_locked_again_which_would_erase_it(relocks: bool) -> None:
    board = Board(locked=True, switches=Switches(lock_write_relocks=relocks))
    before = bytes(board.chip.flash.data)
    with board.open() as chip:
        assert chip.lock() is False
    assert bytes(board.chip.flash.data) == before
    assert board.chip.options.rop


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151k4", "stm8l101f3"])
@pytest.mark.parametrize("transfers", range(20, 200, 5))
def test_a_link_that_is_lost_while_locking_never_erases_the_chip(name: str, transfers: int) -> None:
    board = Board(name, faults=[f"drop-link-after={transfers}"])
    before = bytes(board.chip.flash.data)
    with board.open() as chip:
        assert chip.lock() is True
    assert board.chip.options.rop
    assert bytes(board.chip.flash.data) == before


# -- the reset wire --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151k4"])
@pytest.mark.parametrize(("faults", "works"), [([], True), (["nrst-open"], False), (["hsit-stuck"], False)])
def test_the_reset_line_is_seen_to_work_where_it_does(model: str, name: str, faults: list[str], works: bool) -> None:
    board = Board(name, model, faults=faults)
    with board.session() as session:
        core = session.connect()
        assert core.reset_line_works() is works
        assert len(core.read(board.part.flash.start, 1024)) == 1024
    assert board.is_left_idle()


# -- whatever is asked for -------------------------------------------------------------------------------------------


@st.composite
def requests(draw: st.DrawFn) -> tuple[Part, list[str]]:
    """Draw a part and a change of its options that a user might ask for, right or wrong."""
    part = draw(
        st.sampled_from([find_part(name) for name in ONE_OF_EACH_LAYOUT.values()]) | st.sampled_from(all_parts())
    )
    names = [option.name for option in option_table(part)]
    names += [f"{option.name}.{field.name}" for option in option_table(part) for field in fields_of(part, option)]
    one = st.tuples(st.sampled_from(names), st.sampled_from([0x00, 0x01, 0x02, 0x55, 0xAA]) | st.integers(0, 255))
    return part, [f"{name}=0x{value:02X}" for name, value in draw(st.lists(one, min_size=1, max_size=3))]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_no_request_ruins_a_chip_and_only_a_lock_locks_one(request: tuple[Part, list[str]]) -> None:
    part, texts = request
    board = Board(part.name)
    content = bytes(board.chip.flash.data)
    try:
        with board.session() as session:
            flash = Flash(session.connect(), part)
            changes = requested(part, read_options(flash), texts)
            writing.change(flash, [change for change in changes if not change.locks], frozenset(Danger))
    except UsageError:
        assert board.options_are_factory()
    else:
        asked = {change.option.name: change.value for change in changes if not change.locks}
        assert {name: values(board)[name] for name in asked} == asked
        others = [option for option in board.chip.options.table if option.name not in asked]
        assert all(values(board)[option.name] == option.default for option in others)
    assert board.chip.bricked is None
    assert not board.chip.options.rop
    assert bytes(board.chip.flash.data) == content
    assert board.is_left_idle()


@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
def test_no_value_of_any_option_byte_that_is_accepted_ruins_a_chip_by_the_simulators_reading(name: str) -> None:
    part = find_part(name)
    states = [
        OptionState(option, option.default, option.default ^ 0xFF if option.complement else None)
        for option in option_table(part)
    ]
    accepted = 0
    for option in option_table(part):
        for value in range(256):
            try:
                changes = requested(part, states, [f"{option.name}=0x{value:02X}"])
            except UsageError:
                continue
            accepted += len(changes)
            bytes_ = OptionBytes(part, option_table(part), Switches())
            for change_ in changes:
                bytes_.memory.write(option.address, bytes([value]))
                bytes_.programmed(option.address, bytes([value]))
                if option.complement:
                    bytes_.memory.write(option.address + 1, bytes([value ^ 0xFF]))
                    bytes_.programmed(option.address + 1, bytes([value ^ 0xFF]))
                bytes_.load()
                locks = Danger.LOCK in {hazard.danger for hazard in hazards(part, [change_])}
                assert (bytes_.bricked, bytes_.rop) == (None, locks), f"{option.name}=0x{value:02X}"
    assert accepted > 5


@pytest.mark.parametrize("name", ONE_OF_EACH_LAYOUT.values())
def test_whoever_asks_for_a_value_that_ruins_or_locks_a_chip_it_is_not_written(name: str) -> None:
    """Below every check of a request: the function that writes refuses by itself."""
    board = Board(name)
    before = bytes(board.chip.options.memory.data)
    refused = 0
    with board.session() as session:
        flash = Flash(session.connect(), board.part)
        for state in read_options(flash):
            for value in range(256):
                reading = OptionBytes(board.part, option_table(board.part), Switches())
                reading.memory.write(state.option.address, bytes([value]))
                reading.programmed(state.option.address, bytes([value]))
                reading.load()
                if reading.bricked or reading.rop:
                    refused += 1
                    with pytest.raises(ValueError, match="is not written"):
                        writing.write_open(flash, [Change(state, value)])
    assert refused
    assert bytes(board.chip.options.memory.data) == before
    assert board.chip.bricked is None
