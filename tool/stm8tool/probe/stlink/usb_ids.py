"""Every ST-LINK by its USB product id (vendor 0483), and the obstacles that no firmware removes.

The version of the firmware tells whether a V2, V2-1 or V3 speaks SWIM. The product id never tells it.

Source: the tables of stm8flash, OpenOCD, probe-rs and pyOCD (confidence high). Only one or two of them know 3742, 374A,
374E, 3753, 3754 and 3757 (medium).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class UsbModel:
    """One product id.

    Attributes:
        name: "ST-LINK/V2", "ST-LINK/V2-1", "STLINK-V3SET".
        generation: "v1", "v2", "v21", "v3"; it decides the command framing.
        obstacle: The reason why it cannot be used as it is, as the second half of a sentence; None if it can.
        remedy: The advice against the obstacle.
    """

    name: str
    generation: str
    obstacle: Optional[str] = None
    remedy: Optional[str] = None


IN_ENDPOINT = 0x81  # of every model, for replies; others are for trace
GENERATIONS = {"v1": "ST-LINK/V1", "v2": "ST-LINK/V2", "v21": "ST-LINK/V2-1", "v3": "STLINK-V3"}


def _v21(name: str) -> UsbModel:
    return UsbModel(name, "v21")


def _v3(name: str) -> UsbModel:
    return UsbModel(name, "v3")


def _loader(name: str) -> UsbModel:
    return UsbModel(
        name,
        "v3",
        obstacle="is in its firmware update loader",
        remedy="replug it; if it stays so, finish the update with ST's STLinkUpgrade",
    )


V1_PRODUCT = 0x3744

MODELS = {
    0x3742: _v21("ST-LINK/V2-1 without disk (old)"),
    V1_PRODUCT: UsbModel("ST-LINK/V1", "v1"),
    0x3748: UsbModel("ST-LINK/V2", "v2"),
    0x374A: _v21("ST-LINK/V2-1 with audio"),
    0x374B: _v21("ST-LINK/V2-1"),
    0x374D: _loader("STLINK-V3 loader"),
    0x374E: _v3("STLINK-V3E"),
    0x374F: _v3("STLINK-V3SET"),
    0x3752: _v21("ST-LINK/V2-1 without disk"),
    0x3753: _v3("STLINK-V3 with two serial ports"),
    0x3754: _v3("STLINK-V3E without disk"),
    0x3755: _loader("STLINK-V3PWR loader"),
    0x3757: _v3("STLINK-V3PWR"),
}

# The only generation whose version word has two readings.
V21_PRODUCTS = frozenset(product for product, model in MODELS.items() if model.generation == "v21")

# Devices that are not probes, but that a user may have attached instead of one.
OTHER_ST_DEVICES = {
    0xDF11: "an STM32 in DFU mode; if it is a probe, replug it, or finish its update with ST's STLinkUpgrade"
}
