"""Ctrl-C while something may not be cut off."""

from __future__ import annotations

import signal
import threading

import pytest

from stm8tool.support.interrupts import counted, interrupted, shield, terminate_like_ctrl_c


def _press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_inside_a_shield_is_raised_at_its_end() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), shield():
        _press_ctrl_c()
        reached.append("the end of the work")
    assert reached == ["the end of the work"]


def test_nested_shields_hold_until_the_outermost_ends() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), shield():
        with shield():
            _press_ctrl_c()
        reached.append("after the inner one")
    assert reached == ["after the inner one"]


def test_an_interrupt_after_a_shield_comes_at_once() -> None:
    with shield():
        pass
    with pytest.raises(KeyboardInterrupt):
        _press_ctrl_c()


def test_work_without_an_end_of_its_own_can_ask_whether_an_interrupt_waits() -> None:
    asked = []
    with pytest.raises(KeyboardInterrupt), shield():
        asked.append(interrupted())
        _press_ctrl_c()
        asked.append(interrupted())
    asked.append(interrupted())
    assert asked == [False, True, False]


def test_an_error_inside_a_shield_comes_through_and_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="reason"), shield():
        raise ValueError("reason")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_shield_in_another_thread_lets_the_work_run() -> None:
    done = []

    def work() -> None:
        with shield():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


_OTHERS = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@pytest.mark.parametrize("name", _OTHERS)
def test_what_else_ends_a_program_is_an_interrupt_too_and_waits_for_a_shield(name: str) -> None:
    before = {getattr(signal, each): signal.getsignal(getattr(signal, each)) for each in _OTHERS}
    reached = []
    try:
        terminate_like_ctrl_c()
        with pytest.raises(KeyboardInterrupt), shield():
            signal.raise_signal(getattr(signal, name))
            reached.append("the end of the work")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(getattr(signal, name))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert reached == ["the end of the work"]


def test_signals_are_only_counted_for_work_that_looks_at_their_number() -> None:
    before = signal.getsignal(signal.SIGINT)
    with counted() as presses:
        _press_ctrl_c()
        _press_ctrl_c()
        assert presses.count == 2
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        _press_ctrl_c()


def test_another_thread_counts_nothing_and_changes_no_handler() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with counted() as presses:
            seen.append((presses.count, signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(0, True)]
