"""The USB descriptors of each generation of ST-LINK.

Working clients rely on these facts: product ids, the interfaces, endpoints of interface 0, speed and the forms of the
serial number. The endpoints of the other interfaces, bcdDevice and the texts are ours.
"""

from __future__ import annotations

from stm8tool.sim.faults import Faults
from stm8tool.sim.probe.models import MODELS

from .descriptors import (
    BULK,
    CDC_CLASS,
    CDC_DATA_CLASS,
    COMPOSITE_CLASS,
    INTERRUPT,
    STORAGE_CLASS,
    VENDOR_CLASS,
    Descriptors,
    Endpoint,
    Interface,
    strings,
)

PROBE, DISK, SERIAL_PORT, SERIAL_DATA = range(4)  # interface numbers

_ST = 0x0483
_LOADER_PRODUCT = 0x374D  # of an STLINK-V3
_MAKER = "STMicroelectronics"
_NAMES = {"v1": "STM32 STLink", "v2": "STM32 STLink", "v21": "STM32 STLink", "v3": "STLINK-V3"}
_VENDOR = (VENDOR_CLASS,) * 3
_SCSI_BULK_ONLY = (STORAGE_CLASS, 6, 0x50)
_ABSTRACT_CONTROL = (CDC_CLASS, 2, 1)
_WITH_ASSOCIATIONS = (COMPOSITE_CLASS, 2, 1)
# CDC 1.10 §5.2.3: header, call management, abstract control, union of interfaces 2 and 3.
_CDC = bytes.fromhex("05 24 00 10 01  05 24 01 00 03  04 24 02 02  05 24 06 02 03")


def of_board(model: str, serial: str, faults: Faults) -> Descriptors:
    """Return the descriptors of the probe of a chip file; arguments as for `descriptors`.

    Old ST-LINK/V2 firmware and clones have the raw form of the serial; no source has it of the others.
    """
    raw_serial = faults.clone_serial or (faults.old_firmware and model == "v2")
    about = descriptors(model, serial, raw_serial=raw_serial)
    return about._replace(product=_LOADER_PRODUCT) if faults.loader else about


def descriptors(model: str, serial: str, *, raw_serial: bool = False) -> Descriptors:
    """Return the descriptors of a probe.

    Args:
        model: One of `sim.models.MODELS`.
        serial: 24 hex digits.
        raw_serial: As in old V2 firmware: 12 units, each with a byte of the serial in its low half.
    """
    text = strings(_MAKER, _NAMES[model], bytes.fromhex(serial).decode("latin-1") if raw_serial else serial)
    kind = MODELS[model]
    packet = 512 if kind.high_speed else 64
    interfaces = {"v1": _v1, "v2": _v2}.get(model, _composite)(packet)
    triple = _WITH_ASSOCIATIONS if len(interfaces) > 1 else (0, 0, 0)
    return Descriptors(_ST, kind.product, kind.high_speed, interfaces, text, triple)


def _v1(packet: int) -> tuple[Interface, ...]:
    return (Interface(PROBE, _SCSI_BULK_ONLY, _bulk(packet, 0x81, 0x02)),)


def _v2(packet: int) -> tuple[Interface, ...]:
    return (Interface(PROBE, _VENDOR, _bulk(packet, 0x81, 0x02, 0x83)),)


def _composite(packet: int) -> tuple[Interface, ...]:
    return (
        Interface(PROBE, _VENDOR, _bulk(packet, 0x01, 0x81, 0x82)),
        Interface(DISK, _SCSI_BULK_ONLY, _bulk(packet, 0x83, 0x03)),
        Interface(SERIAL_PORT, _ABSTRACT_CONTROL, (Endpoint(0x84, INTERRUPT, 10),), _CDC),
        Interface(SERIAL_DATA, (CDC_DATA_CLASS, 0, 0), _bulk(packet, 0x85, 0x05)),
    )


def _bulk(packet: int, *addresses: int) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(address, BULK, packet) for address in addresses)
