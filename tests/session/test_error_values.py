"""What an error knows stands in fields. An error that learns more on its way is another one, raised from the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import pytest

import stm8tool
from stm8tool.errors import Code, ProbeError, ProgramError, ToolError
from stm8tool.image import Segment
from stm8tool.sim import store

PART = "stm8s103f3"
PROGRAM = Segment(0x8000, bytes([0x82, 0x00, 0x80, 0x04]) + bytes(range(1, 253)))
WRITE = stm8tool.Image([PROGRAM])


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def failure(
    job: Callable[[stm8tool.Chip], object], *, part: str = PART, named: Optional[str] = None, **about: Any
) -> ToolError:
    """Return how a job fails on a new board."""
    store.create("board.chip", stm8tool.find_part(part), "v2", **about)
    with pytest.raises(ToolError) as caught, stm8tool.open("sim:board.chip", named or part) as chip:
        job(chip)
    return caught.value


def write(*segments: tuple[int, bytes]) -> Callable[[stm8tool.Chip], object]:
    return lambda chip: chip.write(stm8tool.Image(Segment(*segment) for segment in segments))


def test_a_verify_says_where_what_and_how_much() -> None:
    error = failure(lambda chip: chip.verify(WRITE))
    assert isinstance(error, stm8tool.VerifyError)
    assert (error.address, error.expected, error.actual) == (0x8000, 0x82, 0x00)
    assert (error.differing, error.compared) == (255, 256)  # one byte of the program is 0x00


def test_a_block_that_is_worn_out_has_its_address() -> None:
    error = failure(lambda chip: chip.write(WRITE), faults=["dead-block=0x8040"])
    assert isinstance(error, stm8tool.VerifyError)
    assert error.address == 0x8040
    assert error.cut == ()


def test_a_block_under_ubc_has_its_address_and_the_value() -> None:
    error = failure(lambda chip: chip.write(WRITE), options=["UBC=0x02"])
    assert isinstance(error, stm8tool.WriteProtectedError)
    assert (error.address, error.ubc) == (0x8000, 2)


def test_a_write_that_does_not_end_has_its_address_and_the_status_of_the_flash() -> None:
    error = failure(lambda chip: chip.write(WRITE), faults=["no-eop"])
    assert isinstance(error, ProgramError)
    assert error.address == 0x8000
    assert error.iapsr is not None
    assert f"IAPSR 0x{error.iapsr:02X}" in str(error)
    assert error.cut == (0x8000,)
    assert error.supply_mv is None


def test_a_low_supply_is_a_number_and_the_first_error_is_the_cause() -> None:
    error = failure(lambda chip: chip.write(WRITE), faults=["marginal-supply"])
    assert (error.code, error.supply_mv, error.exit_code) == (Code.SUPPLY_LOW, 2400, 4)
    causes = list(_causes(error))
    assert [cause.code for cause in causes if isinstance(cause, ToolError)][-1] is Code.WRITE_UNFINISHED
    assert all(isinstance(cause, ToolError) for cause in causes)


def _causes(error: BaseException) -> Sequence[BaseException]:
    found = []
    while error.__cause__ is not None:
        error = error.__cause__
        assert error not in found
        found.append(error)
    return found


def test_a_chip_that_is_not_reached_comes_with_the_supply() -> None:
    error = failure(lambda chip: chip.read(), faults=["unpowered"])
    assert (error.code, error.supply_mv) == (Code.TARGET_UNPOWERED, 0)


def test_data_outside_have_a_place_and_a_size() -> None:
    error = failure(write((0x8000, b"\x82"), (0x9000, b"a"), (0x20000, b"abc")))
    assert isinstance(error, stm8tool.ImageError)
    assert (error.address, error.size, error.room) == (0x20000, 3, None)


def test_a_piece_of_a_backup_says_how_much_of_it_is_there() -> None:
    error = failure(lambda chip: chip.restore(stm8tool.Image([Segment(0x4000, b"abc")])))
    assert isinstance(error, stm8tool.ImageError)
    assert (error.address, error.size, error.room) == (0x4000, 3, 640)


def test_a_limit_of_the_probe_says_what_is_needed() -> None:
    error = failure(write((0x10000, b"abc")), part="stm8s208c8", faults=["clone-16bit-address"])
    assert isinstance(error, ProbeError)
    assert (error.code, error.end) == (Code.PROBE_LIMIT, 0x10003)


def test_another_ram_is_a_number() -> None:
    error = failure(lambda chip: chip.read(), named="stm8s105k4")
    assert isinstance(error, stm8tool.FamilyMismatchError)
    assert error.ram_size == stm8tool.find_part(PART).ram.size


def test_an_error_that_a_program_kept_stays_as_it_was_when_the_session_ends() -> None:
    store.create("board.chip", stm8tool.find_part(PART), "v2", locked=True, faults=["stall-after=30"])
    kept: list[ToolError] = []
    with pytest.raises(stm8tool.ReadoutProtectedError) as caught, stm8tool.open("sim:board.chip", PART) as chip:
        try:
            chip.read()
        except ToolError as error:
            kept.append(error)
            raise
    assert kept[0].details == ()
    assert [line.partition(":")[0] for line in caught.value.details] == ["until then"]
    assert caught.value.__cause__ is kept[0]
    assert (caught.value.code, str(caught.value)) == (kept[0].code, str(kept[0]))


def test_an_upload_that_may_not_unlock_is_another_situation_than_the_first() -> None:
    error = failure(lambda chip: chip.write(WRITE, unlock=False), locked=True)
    assert error.code is Code.ROP_UPLOAD
    first = error.__cause__
    assert isinstance(first, stm8tool.ReadoutProtectedError)
    assert (first.code, first.hint, str(first)) == (Code.ROP_READ, error.hint, str(error))
