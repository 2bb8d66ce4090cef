"""ST-LINK firmware versions, from the replies to F1 and FB.

Source: OpenOCD and stm8flash, and version words seen in logs of real probes; confidence high.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from .usb_ids import V21_PRODUCTS

GENERATION_NAMES = {1: "ST-LINK/V1", 2: "ST-LINK/V2", 3: "STLINK-V3", 4: "STLINK-V3PWR"}


class Version(NamedTuple):
    """Version numbers of one probe's firmware; 0 for a part that it does not have."""

    generation: int
    jtag: int = 0
    swim: int = 0
    msd: int = 0
    bridge: int = 0

    def __str__(self) -> str:
        """Return ST's form, as "V2J37S7", "V2J29M18" or "V3J7M2B4S1"."""
        text = f"V{self.generation}"
        if self.jtag or not self.msd:
            text += f"J{self.jtag}"
        if self.msd:
            text += f"M{self.msd}"
        if self.bridge:
            text += f"B{self.bridge}"
        if self.swim or not self.msd:
            text += f"S{self.swim}"
        return text


def needs_extended_query(reply: bytes) -> bool:
    """Return True if the F1 reply says that only FB tells the numbers (V3 and later)."""
    word = int.from_bytes(reply[:2], "big")
    return word >> 12 >= 3 and word & 0x0FFF == 0


def decode(reply: bytes, product: int) -> Version:
    """Decode the 6 bytes of the reply to F1.

    Args:
        reply: Big-endian version word, then little-endian vendor and product id.
        product: idProduct of the device; on a V2-1 it decides how to read the word.
    """
    word = int.from_bytes(reply[:2], "big")
    generation, upper, lower = word >> 12, word >> 6 & 0x3F, word & 0x3F
    if generation == 2 and product in V21_PRODUCTS:
        # One word, two flavours: "MxSy" with SWIM on STM8 boards, "JxMy" without it on STM32 boards.
        if (upper <= 22 and lower == 7) or (upper >= 25 and 7 <= lower <= 12):
            return Version(generation, msd=upper, swim=lower)
        return Version(generation, jtag=upper, msd=lower)
    return Version(generation, jtag=upper, swim=lower)


def decode_extended(reply: bytes) -> Version:
    """Decode the 12 bytes of the reply to FB."""
    generation, swim, jtag, msd, bridge = reply[:5]
    return Version(generation, jtag=jtag, swim=swim, msd=msd, bridge=bridge)


def model_name(version: Version, product: int) -> str:
    """Return the probe's name as ST writes it."""
    if version.generation == 2 and product in V21_PRODUCTS:
        return "ST-LINK/V2-1"
    return GENERATION_NAMES.get(version.generation, f"ST-LINK generation {version.generation}")


class Obstacle(NamedTuple):
    """The reason why a probe with this firmware cannot be used (the second half of a sentence), and advice."""

    problem: str
    hint: str


def obstacle(version: Version, product: int) -> Optional[Obstacle]:
    """Return the reason why this firmware cannot speak SWIM, None if it can."""
    if version.swim:
        return None
    if version.generation == 2 and product in V21_PRODUCTS:
        return Obstacle(
            f"has the firmware for STM32 boards ({version}), which has no SWIM",
            "use a V2-1 from an STM8 board (its firmware has M and S numbers), an ST-LINK/V2 or an STLINK-V3SET",
        )
    return Obstacle(
        f"(firmware {version}) has no SWIM: it can program STM32 only",
        "use an ST-LINK/V2, a V2-1 from an STM8 board, or an STLINK-V3SET",
    )


def advice(version: Version, product: int) -> Optional[str]:
    """Return a line that advises an update if an old firmware has a known fault, else None.

    Source: OpenOCD on serial numbers of V2 firmware before J21S4; confidence high.
    """
    if version.generation == 2 and product not in V21_PRODUCTS and (version.jtag, version.swim) < (21, 4):
        return (
            f"the probe's firmware {version} is old: before V2J21S4 its serial number may change or be garbage. "
            "ST's STLinkUpgrade installs a newer one (this tool does not need it)"
        )
    return None
