"""Every kind of probe that is not an ST-LINK, with a plain chip at its end, for `test_every_probe.py`.

A new kind of probe adds a row to `PROBES`: the beginning of its selectors, and a function. The function puts a script
in place of the wire. The script calls the methods of a `PlainChip`: `enter`, `resync`, `system_reset`, `read`, `write`
and `move_nrst`. `tests/cli/second_probe.py` shows how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from cli.plain_chip import Facts, PlainChip
from cli.second_probe import SELECTOR, SecondProbe, attach


class ProbeOnBench(NamedTuple):
    """A probe with a chip.

    Attributes:
        selector: The value of `--probe` that means it.
        chip: The chip at its end.
    """

    selector: str
    chip: PlainChip


def _wire(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> ProbeOnBench:
    return ProbeOnBench(SELECTOR, attach(monkeypatch, SecondProbe(facts)).chip)


PROBES: dict[str, Callable[[pytest.MonkeyPatch, Facts], ProbeOnBench]] = {
    "wire:": _wire,
}
