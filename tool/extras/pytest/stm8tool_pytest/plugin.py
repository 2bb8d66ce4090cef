"""The plugin: options, fixtures, and the console in the report of a test that failed.

Each process of a run keeps one probe until it ends, so with pytest-xdist each worker has a board of its own. A worker
that finds no free probe waits: it fails after `--stm8-wait`, and never skips a test.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Optional

import pytest

from stm8tool import Code, ToolError, find_part
from stm8tool.selector import place_of
from stm8tool.support.reserving import Reservation, take_one

from . import settings
from .board import Board

_SESSION, _FUNCTION = "stm8_session_board", "stm8_board"
_LAST_LINES = 40  # of the console, in the report of a test that failed; our choice


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    settings.add_options(parser)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fail at the start if there are tests for a board, and no board. A worker of xdist fails with its first test."""
    config = session.config
    if config.option.collectonly or not any(_SESSION in getattr(item, "fixturenames", ()) for item in session.items):
        return
    try:
        require_boards(config)
    except pytest.UsageError as exc:
        if not hasattr(config, "workerinput"):
            raise
        session.shouldfail = str(exc)


def require_boards(config: pytest.Config) -> tuple[settings.Settings, list[str]]:
    """Return the settings and the places of the probes, without opening one; pytest.UsageError with the reason."""
    given = settings.read(config)
    try:
        find_part(given.part)
        if given.firmware is not None and not given.firmware.is_file():
            raise pytest.UsageError(f"--stm8-firmware {given.firmware}: no such file: build it first")
        return given, [place_of(probe) for probe in given.probes]
    except ToolError as exc:
        raise pytest.UsageError(_in_one_line(exc)) from exc


def _in_one_line(exc: ToolError) -> str:
    return f"{exc} {exc.code}" + (f": {exc.hint}" if exc.hint else "")


@pytest.fixture(scope="session")
def stm8_session_board(pytestconfig: pytest.Config) -> Iterator[Board]:
    """A board for the whole run of this process, with `--stm8-firmware` in it. Nothing resets it between tests."""
    given, places = require_boards(pytestconfig)
    probe_at = dict(zip(places, given.probes))
    reservation = take_one([Reservation(place) for place in probe_at], given.wait_s)
    try:
        board = Board(probe_at[reservation.place], given.part)
        if given.firmware is not None:
            board.flash(given.firmware)
        yield board
    finally:
        reservation.release()


@pytest.fixture
def stm8_board(stm8_session_board: Board) -> Board:
    """The board, reset before the test: its program starts anew, with an empty console."""
    stm8_session_board.reset()
    return stm8_session_board


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Put the last lines of the console into the report of a test that failed."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    board = getattr(item, "funcargs", {}).get(_SESSION)
    if report.failed and isinstance(board, Board):
        shown = last_lines(board)
        if shown:
            report.sections.append((f"STM8 console of {board.probe}", shown))


def last_lines(board: Board) -> str:
    """Return the end of the text that the program has written. Say so if it may not be all."""
    problem: Optional[str] = None
    try:
        board.console.catch_up()
    except ToolError as exc:
        if board.console.was_used or exc.code is not Code.NO_CONSOLE:
            problem = f"(its console cannot be read any more: {_in_one_line(exc)})"
    lines = board.console.text.splitlines()[-_LAST_LINES:] + [f"({notice})" for notice in board.console.notices]
    return "\n".join([*lines, *([problem] if problem else [])])


def pytest_report_header(config: pytest.Config) -> Optional[str]:
    """Say which boards the run may use."""
    try:
        given = settings.read(config)
    except pytest.UsageError:  # told if there is a test for a board
        return None
    firmware = "as they are" if given.firmware is None else str(given.firmware)
    return f"stm8: {given.part} at {', '.join(given.probes)}; program: {firmware}"
