"""What `produce` shows: lines in a pipe and without rich, bars on a terminal with rich."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from stm8tool.cli import produce_display
from stm8tool.cli.console import Console
from stm8tool.cli.produce_display import PlainDisplay, RichDisplay, display_for, line_of
from stm8tool.production.chip_run import ChipRecord
from stm8tool.production.starts import PRESS_ENTER, PUT_IN
from stm8tool.production.worker import SocketState

has_rich = pytest.mark.skipif(
    importlib.util.find_spec("rich") is None, reason="rich is not a dependency, and is not installed here"
)
JOB: Any = SimpleNamespace(
    name="blink",
    part=SimpleNamespace(name="STM8S103F3"),
    files=(SimpleNamespace(name="a.hex"), SimpleNamespace(name="b.hex")),
    sockets=(SimpleNamespace(name="A"), SimpleNamespace(name="B")),
    log="log.jsonl",
)


def record(**fields: Any) -> ChipRecord:
    made = ChipRecord("A")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"result": "pass", "serial": 41, "seconds": 1.234}, "A: PASS serial number 41, 1.2 s (3 passed, 1 failed)"),
        ({"result": "pass", "retries": {"reads": 2, "slow": 1}}, "A: PASS 0.0 s, 2 repeats (3 passed, 1 failed)"),
        ({"code": "E-VERIFY", "message": "bad"}, "A: FAIL bad [E-VERIFY] (3 passed, 1 failed)"),
        ({"serial": 7, "message": "stopped"}, "A: FAIL serial number 7, stopped (3 passed, 1 failed)"),
    ],
)
def test_a_chip_is_one_line(fields: dict[str, Any], line: str) -> None:
    assert line_of(record(**fields), 3, 1) == line


def test_in_a_pipe_there_are_lines_and_only_what_the_user_is_to_do_with_a_board(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with display_for(Console("lines"), JOB) as display:
        for text in (PUT_IN, PUT_IN, "write", PRESS_ENTER, PUT_IN):
            display.draw({"A": SocketState(text)})
        display.chip(record(result="pass", warnings=["weak link"]), 1, 0)
    assert type(display) is PlainDisplay
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "blink: STM8S103F3, a.hex, b.hex, 2 sockets; log log.jsonl",
        "socket A: put a board in",
        "socket A: put a board in",
        "A: PASS 0.0 s (1 passed, 0 failed)",
    ]
    assert err == "warning: socket A: weak link\n"


def test_without_rich_a_terminal_has_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "can_redraw", staticmethod(lambda: True))
    monkeypatch.setattr(produce_display.importlib.util, "find_spec", lambda _name: None)
    with display_for(Console("lines"), JOB) as display:
        assert type(display) is PlainDisplay


@contextmanager
def broken_stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fails(_text: str) -> int:
        raise OSError(5, "the terminal is gone")

    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "write", fails)
        yield


@has_rich
def test_on_a_terminal_each_socket_has_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Console, "can_redraw", staticmethod(lambda: True))
    with display_for(Console("lines"), JOB) as display:
        assert isinstance(display, RichDisplay)
        display.draw({"A": SocketState("writing", 0.5)})
        display.note("[bold] is not a style here")
        display.chip(record(result="pass", serial=41, warnings=["weak link"]), 1, 0)
        display.draw({"A": SocketState("passed"), "B": SocketState("take the board out")})
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
    assert "[bold] is not a style here\n" in shown
    assert "A: PASS serial number 41, 0.0 s (1 passed, 0 failed)\n" in shown
    assert re.search(r"socket A +\S+ .*writing", shown)
    assert re.search(r"socket B +\S+ .*take the board out", shown)


@has_rich
def test_a_terminal_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    display = RichDisplay(Console("lines"), ["A"])
    with broken_stdout(monkeypatch):
        display.note("a line")
        display.draw({"A": SocketState("writing", 0.5)})
