"""Programs in which something that must stay is easily dropped. One row each, for `test_unused.py`."""

from __future__ import annotations

from .dangers_in_assembler import IN_ASSEMBLER
from .dangers_in_c import IN_C
from .dangers_in_libraries import IN_LIBRARIES

DANGERS = {**IN_C, **IN_ASSEMBLER, **IN_LIBRARIES}
