"""The kinds of wrong code that SDCC is known to make for STM8: one row each, for the build, the docs and the tests.

Every program and every result here was seen: the tests compile each with every SDCC at hand, and a simulated STM8
executes it. Pure: no SCons.
"""

from __future__ import annotations

from . import (
    kinds_bytes,
    kinds_calls,
    kinds_choices,
    kinds_constants,
    kinds_fields,
    kinds_long_long,
    kinds_lost,
    kinds_numbers,
    kinds_registers,
    kinds_switches,
    kinds_volatile,
)
from .kind_row import Kind

KINDS: tuple[Kind, ...] = (
    *kinds_numbers.KINDS,
    *kinds_registers.KINDS,
    *kinds_bytes.KINDS,
    *kinds_calls.KINDS,
    *kinds_choices.KINDS,
    *kinds_constants.KINDS,
    *kinds_fields.KINDS,
    *kinds_long_long.KINDS,
    *kinds_volatile.KINDS,
    *kinds_lost.KINDS,
    *kinds_switches.KINDS,
)
BY_NAME = {kind.name: kind for kind in KINDS}
