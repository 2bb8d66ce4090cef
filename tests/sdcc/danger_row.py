"""One row of the programs in `dangers.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional


class Danger(NamedTuple):
    """A program in which something is easily dropped that must stay, and the other way round."""

    sources: Mapping[str, str]  # with $REPORT(value); main.c ends in $END
    reports: list[int]
    stays: str  # C names, or those of the assembler if they begin with "="
    goes: str
    libraries: Optional[Mapping[str, Mapping[str, str]]] = None
    only: str = "medium large debug"
