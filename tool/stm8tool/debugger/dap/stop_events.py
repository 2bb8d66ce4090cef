"""The event `stopped`: why the program stands still, in the words of the protocol."""

from __future__ import annotations

from typing import Optional

from ..source_run import Halted
from ..stops import Reason
from .messages import Body
from .views import THREAD


def stop(reason: str, text: str, number: Optional[int] = None) -> Body:
    """Return the body of the event.

    Args:
        reason: A word of the protocol.
        text: The reason for a user.
        number: The breakpoint that was hit, if it was one.
    """
    hit = {} if number is None else {"hitBreakpointIds": [number]}
    body = {"reason": reason, "description": text, "threadId": THREAD, "allThreadsStopped": True}
    return {**body, **hit}


def stop_of(halted: Halted) -> Body:
    """Return the body of the event for a program that has run."""
    if halted.breakpoint:
        return stop("breakpoint", halted.reason, halted.breakpoint.number)
    if halted.reason == Reason.WATCH.value:
        return stop("data breakpoint", halted.reason)
    if halted.reason.startswith("halted"):
        return stop("pause", halted.reason)
    return stop("step", f"{halted.reason}: {halted.result}" if halted.result else halted.reason)
