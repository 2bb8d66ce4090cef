"""Make the SVD files from two tables. They tell a debugger where the registers are.

    python3 dev.py generate

    peripherals.csv   the blocks of registers: the base of their offsets, and the files that have them
    registers.csv     the registers of a block: offset, name, access, value after a reset, confidence, and fields as
                      NAME[bit] or NAME[high:low]

The register maps are those of RM0016 (STM8S, STM8AF), RM0031 (STM8L, STM8AL) and RM0013 (STM8L101). Every address and
name was compared with two public readings of them. These are the device descriptions of the project STM8_headers, and
the headers of ST's peripheral libraries. This is [H] in the table.

They disagree on the place of some fields. The table has the library's place for LINEN of UART_CR3, ALIGN of ADC2_CR2
and FOVIE of CAN_IER. It has the timers' prescaler fields of STM8_headers. [M]

The rows that the table marks M:

* STM8_headers has RTC_SSRH and SSRL in the other order. The table has the library's order, high byte first, as in
  every other pair.
* AES is at the library's address. STM8_headers has it at 0x51D0, only for the STM8L162.
* RI_IOMR1 to 4 are MASKR in STM8_headers.
* CLK_CANCCR is not in the newest library; an older one has it.

A register has a value after a reset if both readings have it, with the same value for every part. Otherwise it has
none, as RTC_APRER and CLK_REGCSR. It also has none if a pin or an option byte decides.

These are not described: the paged registers of beCAN, the unit of the STM8AF that guards its memory (TMU), option
bytes, STLUX and STNRG. A file is for a group of parts. One of them may lack a peripheral or a port in it.
"""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Optional

SVD = Path(__file__).resolve().parent

DEVICES = {
    "stm8s103": "STM8S low density: STM8S001, STM8S003, STM8S103",
    "stm8s903": "STM8S903",
    "stm8s105": "STM8S and STM8AF medium density: STM8S005, STM8S105, STM8AF612x to STM8AF626x",
    "stm8s207": "STM8S and STM8AF high density without CAN: STM8S007, STM8S207, STM8AF616x to STM8AF62Ax",
    "stm8s208": "STM8S and STM8AF high density with CAN: STM8S208, STM8AF51xx, STM8AF52xx",
    "stm8af622x": "STM8AF low density: STM8AF6213, STM8AF622x",
    "stm8l101": "STM8L001, STM8L101",
    "stm8l151x3": "STM8L low density: STM8L050, STM8L051, STM8L151x2, STM8L151x3",
    "stm8l152x6": "STM8L and STM8AL medium density: STM8L052C6, STM8L151x4, STM8L152x6, STM8AL313x to STM8AL3Lx8",
    "stm8l152x8": "STM8L and STM8AL medium+ and high density: STM8L052R8, STM8L151x8, STM8L152x8, STM8L162, STM8AL318x",
}


def _rows(name: str) -> list[dict[str, str]]:
    with (SVD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _add(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text


def _add_register(parent: ET.Element, row: dict[str, str]) -> None:
    register = ET.SubElement(parent, "register")
    _add(register, name=row["register"], addressOffset=row["offset"], access=row["access"])
    if row["reset"]:
        _add(register, resetValue=row["reset"])
    fields = re.findall(r"(\w+)\[(\d+)(?::(\d+))?\]", row["fields"])
    if fields:
        below = ET.SubElement(register, "fields")
        for name, high, low in fields:
            first = int(low or high)
            width = int(high) - first + 1
            _add(ET.SubElement(below, "field"), name=name, bitOffset=str(first), bitWidth=str(width))


def _runs(offsets: list[int]) -> list[tuple[int, int]]:
    """Return (first, size) of each row of adjacent registers. Another peripheral may be between two rows."""
    runs: list[tuple[int, int]] = []
    for offset in offsets:
        if runs and offset == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((offset, 1))
    return runs


def text(device: str) -> str:
    """Return one SVD file."""
    blocks: dict[str, list[dict[str, str]]] = {}
    for row in _rows("registers.csv"):
        blocks.setdefault(row["block"], []).append(row)
    root = ET.Element("device", schemaVersion="1.3")
    _add(root, vendor="STMicroelectronics", name=device.upper(), version="1.0", description=DEVICES[device])
    _add(root, addressUnitBits="8", width="8", size="8", access="read-write")
    peripherals = ET.SubElement(root, "peripherals")
    for row in _rows("peripherals.csv"):
        if device not in row["files"].split():
            continue
        registers = [register for block in row["block"].split() for register in blocks[block]]
        registers.sort(key=lambda register: int(register["offset"], 16))
        peripheral = ET.SubElement(peripherals, "peripheral")
        _add(peripheral, name=row["peripheral"], baseAddress=row["base"])
        for first, size in _runs([int(register["offset"], 16) for register in registers]):
            block = ET.SubElement(peripheral, "addressBlock")
            _add(block, offset=f"0x{first:02X}", size=f"0x{size:02X}", usage="registers")
        below = ET.SubElement(peripheral, "registers")
        for register in registers:
            _add_register(below, register)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def files() -> dict[Path, Optional[bytes]]:
    """Return every SVD file. None means that its device does not exist any more."""
    stale: dict[Path, Optional[bytes]] = dict.fromkeys(SVD.glob("*.svd"))
    return {**stale, **{SVD / f"{device}.svd": text(device).encode() for device in DEVICES}}
