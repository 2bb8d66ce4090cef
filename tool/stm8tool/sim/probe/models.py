"""The ST-LINK generations that can be simulated, and how they differ.

Source: as `firmware.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

DFU, MASS, DEBUG, SWIM = 0, 1, 2, 3  # modes, as F5 answers them


@dataclass(frozen=True)
class Model:
    """One generation, and how it differs from the others.

    Attributes:
        word: Bytes 0..1 of F1; `old_word` and `swimless_word` with the fault of that name.
        plugged: The mode that F5 answers after plug-in.
        extended: The head of FB's reply, if it knows FB.
        measures: It answers F7.
        scsi: Commands come in the framing of a disk, see `scsi.py`.
    """

    product: int
    high_speed: bool
    word: int
    old_word: int
    swimless_word: int
    plugged: tuple[int, int]
    capability: bytes
    extended: Optional[bytes] = None
    measures: bool = True
    scsi: bool = False


MODELS = {
    # No source gives the version of a V1: J13 S4 is what we remember (low confidence); only the form matters.
    "v1": Model(
        0x3744,
        False,
        0x1344,
        0x12C2,
        0x1340,
        (MASS, 0),
        bytes([0, 1, 1, 4, 0, 0, 0, 0]),
        measures=False,
        scsi=True,
    ),
    "v2": Model(0x3748, False, 0x2B47, 0x2444, 0x2B40, (DFU, 1), bytes([0, 1, 2, 7, 0, 0, 0, 0])),
    "v21": Model(0x374B, False, 0x2707, 0x2487, 0x264D, (MASS, 0), bytes([0, 1, 2, 7, 0, 0, 0, 0]), measures=False),
    "v3": Model(
        0x374F,
        True,
        0x3000,
        0x3000,
        0x3000,
        (MASS, 3),
        bytes([0, 1, 0, 0x30, 0, 0, 0, 0]),
        extended=bytes([3, 1, 7, 2, 4, 0, 0, 0]),
    ),
}
