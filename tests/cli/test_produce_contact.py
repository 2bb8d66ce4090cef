"""`produce`: a run whose chips begin by contact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.desk import Desk, program, talking
from cli.production_shop import PART, SERIAL, board, events, job
from stm8tool.errors import Code, ToolError
from stm8tool.production import line, starts, worker
from stm8tool.sim import store


class Operator:
    """Stands at socket A: takes out each board that holds a program, and puts a blank one in a moment later.

    With `careless` the operator puts the first board that has passed in again.
    """

    def __init__(self, shop: Desk, look: Callable[[str], bool], *, careless: bool = False) -> None:
        self._shop = shop
        self._look = look
        self._silent = 0
        self._careless = careless
        self.boards = 0

    def answers(self, probe: str) -> bool:
        try:
            found = self._look(probe)
        except ToolError:  # no board at this simulated probe
            found = False
        self._silent = 0 if found else self._silent + 1
        if found and any(self._shop.memory("flash", "a.chip")):
            Path("a.chip").replace("taken-out")
        elif self._silent == 5:
            if self._careless and self.boards == 1:
                self._careless = False
                Path("taken-out").replace("a.chip")
            else:
                self.boards += 1
                board("a")
        return found


@pytest.fixture
def at_socket(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Operator]:
    """Have an operator, and a board in the socket that was done before the run."""
    monkeypatch.setattr(starts, "_POLL_S", 0.0)
    monkeypatch.setattr(worker, "_LOOK_S", 0.0)
    store.create("a.chip", PART, "v3", content=program(100), overwrite=True)

    def made(**how: bool) -> Operator:
        operator = Operator(shop, starts.answers, **how)
        monkeypatch.setattr(line, "answers", operator.answers)
        return operator

    return made


def test_contact_is_an_answer_after_a_silence(shop: Desk, at_socket: Callable[..., Operator]) -> None:
    operator = at_socket()
    result = shop.run("produce", job(SERIAL, sockets="a", start="contact"), "--count", "3")
    assert result.code == 0, result.err
    assert [chip["serial"] for chip in events("chip")] == [41, 42, 43]
    assert len({chip["uid"] for chip in events("chip")}) == operator.boards == 3


def test_the_board_that_passed_is_never_programmed_again(shop: Desk, at_socket: Callable[..., Operator]) -> None:
    operator = at_socket(careless=True)
    result = shop.run("produce", job(SERIAL, sockets="a", start="contact"), "--count", "2")
    assert result.code == 0, result.err
    assert [chip["serial"] for chip in events("chip")] == [41, 42]
    assert len({chip["uid"] for chip in events("chip")}) == operator.boards == 2


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ("...##", []),
        ("#...##", [starts.TAKE_OUT]),
        ("...#.##", [starts.PUT_IN]),
        ("#..#...#.##", [starts.TAKE_OUT, starts.TAKE_OUT, starts.PUT_IN]),
        ("!...##", ["the probe fails: it was unplugged"]),
        ("!..!...#!##", ["the probe fails: it was unplugged"] * 3),
    ],
)
def test_a_silence_and_a_contact_are_several_looks_in_a_row(
    monkeypatch: pytest.MonkeyPatch, looks: str, told: list[str]
) -> None:
    monkeypatch.setattr(starts, "_POLL_S", 0.0)
    left, said = list(looks), []

    def answers() -> bool:
        look = left.pop(0)
        if look == "!":
            raise ToolError("it was unplugged", code=Code.PROBE_LOST)
        return look == "#"

    assert starts.OnContact(answers, threading.Event()).wait(said.append)
    assert left == []
    assert said == told


def test_a_look_at_a_board_does_not_reset_it(shop: Desk) -> None:
    shop.chip(content=talking())
    assert starts.answers("sim:board.chip")
    assert starts.answers("sim:board.chip")
    assert shop.is_idle()
    shop.chip(locked=True)
    assert starts.answers("sim:board.chip")
    shop.chip(faults=["swim-open"])
    assert not starts.answers("sim:board.chip")
    with pytest.raises(ToolError):
        starts.answers("sim:no.chip")
