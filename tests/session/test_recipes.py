"""Which recipe of the connect ladder reaches which chip, and what is left behind where none does."""

from __future__ import annotations

import pytest

from session.bench import Board, image_of
from stm8tool.sim.switches import Switches

_KEPT = [Switches(entry_keeps_hs=True), Switches(entry_keeps_hs=True, resync_keeps_hs=True)]


def _kill_in_high_speed(board: Board) -> None:
    """Leave the board as a command does that is killed while it talks high speed."""
    session = board.session()
    session.__enter__()
    session.connect()
    assert board.probe.firmware.high_speed


@pytest.mark.parametrize("switches", [Switches(), *_KEPT])
@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
@pytest.mark.parametrize(("part", "faults"), [("stm8s103f3", ["nrst-open"]), ("stm8s001j3", []), ("stm8s103f3", [])])
def test_a_chip_that_was_left_in_high_speed_is_reached(
    part: str, faults: list[str], model: str, switches: Switches
) -> None:
    board = Board(part, model, faults=faults, switches=switches)
    _kill_in_high_speed(board)
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()


@pytest.mark.parametrize("switches", _KEPT)
def test_the_last_recipe_is_what_reaches_a_chip_that_keeps_high_speed(switches: Switches) -> None:
    board = Board("stm8s001j3", "v2", switches=switches)
    _kill_in_high_speed(board)
    with board.session() as session:
        assert session.info().recipe == "without NRST, out of high speed"
    with board.session() as session:
        assert session.info().recipe == "under reset, high speed"


@pytest.mark.parametrize("switches", [Switches(), *_KEPT])
@pytest.mark.parametrize("model", ["v1", "v2"])
def test_a_probe_that_hangs_once_costs_no_upload_of_a_chip_that_keeps_high_speed(
    model: str, switches: Switches
) -> None:
    board = Board("stm8s001j3", model, switches=switches)
    image = image_of(board.part, size=500)
    board.upload(image)
    for after in range(20, board.probe.transfers - 20, 9):
        board = Board("stm8s001j3", model, faults=[f"wedged={after}"], switches=switches)
        board.upload(image)
        assert board.holds(image), after
        assert board.is_left_idle(), after
