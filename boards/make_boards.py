"""Make the board manifests: the boards of boards.csv, and a generic board for every other part.

    python3 dev.py generate

Sizes come from the flasher's part table, `tool/stm8tool/parts/data/devices.csv`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple, Optional

BOARDS = Path(__file__).resolve().parent
ROOT = BOARDS.parent
sys.path.insert(0, str(ROOT / "tool"))

from stm8tool.parts.table import Part, all_parts, find_part  # noqa: E402

STLINK_PROTOCOLS = ["stlink", "stlinkv1", "stlinkv2", "stlinkv21", "stlinkv3"]
ST_URL = "https://www.st.com/en/microcontrollers-microprocessors/stm8-8-bit-mcus.html"

# The frequency of HSI, the oscillator after a reset, when the program has switched off its division by 8 (RM0016,
# RM0031: CLK).
F_CPU = "16000000L"

# The device macros of ST's peripheral libraries, STM8S 2.3 and STM8L15x 1.6.1, by family and density. [H]
# The libraries' lists do not name every STM8AF and every STM8L of low density. [M]
AF_MACROS = {"low": "STM8AF622x", "medium": "STM8AF626x"}
L15_MACROS = {"low": "STM8L15X_LD", "medium": "STM8L15X_MD", "medium+": "STM8L15X_MDP", "high": "STM8L15X_HD"}
L05_MACROS = {"low": "STM8L05X_LD_VL", "medium": "STM8L05X_MD_VL", "high": "STM8L05X_HD_VL"}


class Board(NamedTuple):
    """One board, with the data for its manifest and for docs/boards.md."""

    id: str
    part: Part
    row: dict[str, str]  # its row of boards.csv
    manifest: dict[str, Any]


def serial(part: Part) -> bool:
    """Tell whether UM0560 describes the bootloader in ROM. It does not describe that of STLUX and STNRG."""
    return part.boot_rom is not None and part.family in ("STM8S", "STM8L", "STM8AF", "STM8AL")


def macros(part: Part) -> list[str]:
    """Return the macros for a program: the part's series and, if it differs, the macro of ST's library."""
    if part.family == "STM8S":
        return [part.name[:8]]
    if part.family == "STM8AF":
        can = part.name.startswith("STM8AF5")
        return [part.name, AF_MACROS.get(part.density, "STM8AF52Ax" if can else "STM8AF62Ax")]
    if part.family == "STM8AL":
        return [part.name, *(["STM8AL31_L_MD"] if part.density == "medium" else [])]
    if part.family == "STM8L" and part.option_layout != "stm8l101":
        library = L05_MACROS if part.name.startswith("STM8L05") else L15_MACROS
        return [part.name[:8], library[part.density]]
    return [part.name[:8] if part.family == "STM8L" else part.name]


def svd(part: Part) -> str:
    """Return the file of misc/svd with the part's registers, or "" if there is none."""
    if part.family == "STM8S":
        series = part.name[:8]
        own = {"STM8S903": "stm8s903", "STM8S208": "stm8s208"}
        return own.get(series, {"low": "stm8s103", "medium": "stm8s105", "high": "stm8s207"}[part.density])
    if part.family == "STM8AF":
        can = part.name.startswith("STM8AF5")
        return {"low": "stm8af622x", "medium": "stm8s105", "high": "stm8s208" if can else "stm8s207"}[part.density]
    if part.family in ("STM8L", "STM8AL"):
        if part.option_layout == "stm8l101":
            return "stm8l101"
        return {"low": "stm8l151x3", "medium": "stm8l152x6"}.get(part.density, "stm8l152x8")
    return ""


def openocd_variables(part: Part) -> dict[str, str]:
    """Return the variables for OpenOCD's target/stm8s.cfg and stm8l.cfg. Without them these assume a 32 KB part."""
    variables = {"FLASHEND": part.flash.end - 1, "OPTIONEND": part.options.end - 1, "BLOCKSIZE": part.block}
    if part.eeprom:
        variables.update(EEPROMSTART=part.eeprom.start, EEPROMEND=part.eeprom.end - 1)
    return {name: f"{value:#x}" for name, value in sorted(variables.items())}


def manifest(row: dict[str, str], part: Part) -> dict[str, Any]:
    """Return the manifest of one board, in the form that PlatformIO reads."""
    frameworks = row["frameworks"].split()
    words = [row["macro"], *macros(part)]
    onboard = {"default_tools": ["stlink"], "onboard_tools": ["stlink"]} if row["onboard_probe"] else {}
    path = svd(part)
    named = row["stm8flash_target"]
    return {
        "name": row["name"],
        "vendor": row["vendor"],
        "url": row["url"],
        "build": {
            **({"core": "sduino"} if frameworks else {}),
            "cpu": "stm8",
            "extra_flags": " ".join(f"-D{word}" for word in dict.fromkeys(words) if word),
            "f_cpu": F_CPU,
            "mcu": row["mcu"],
            **({"variant": row["variant"]} if row["variant"] else {}),
        },
        "debug": {
            **onboard,
            "openocd_target": row["openocd_target"],
            "openocd_variables": openocd_variables(part),
            **({"svd_path": f"{path}.svd"} if path else {}),
        },
        "frameworks": frameworks,
        "upload": {
            "maximum_ram_size": part.ram.size,
            "maximum_size": part.flash.size,
            "protocol": row["protocol"],
            "protocols": [*STLINK_PROTOCOLS, *(["serial"] if serial(part) else []), "espstlink", "rp2040", "simulator"],
            **({"stm8flash_target": named} if named else {}),
        },
    }


def generic(part: Part) -> dict[str, str]:
    """Return the row of the generic board for a part."""
    return {
        "id": f"generic_{part.name.lower()}",
        "name": f"Generic {part.name}",
        "mcu": part.name.lower(),
        "vendor": "STMicroelectronics",
        "url": ST_URL,
        # ST's library is for STM8S and STM8AF. An Arduino variant needs a named board.
        "frameworks": "spl" if part.family in ("STM8S", "STM8AF") else "",
        "variant": "",
        "protocol": "stlinkv2",
        "macro": "",
        "onboard_probe": "",
        "openocd_target": "stm8s" if part.flash_regs == "stm8s" else "stm8l",
        "stm8flash_target": "",
        "source": part.source,
        "confidence": part.confidence,
        "notes": "",
    }


def boards() -> list[Board]:
    """Return every board, those of boards.csv first."""
    with (BOARDS / "boards.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    named = [(row, find_part(row["mcu"])) for row in rows]
    have = {part.name for _, part in named}
    named += [(generic(part), part) for part in all_parts() if part.name not in have]
    return [Board(row["id"], part, row, manifest(row, part)) for row, part in named]


def text(board: Board) -> str:
    """Return the content of the board's file."""
    return json.dumps(board.manifest, indent=2) + "\n"


def files() -> dict[Path, Optional[bytes]]:
    """Return every manifest. None means that its board does not exist any more."""
    stale: dict[Path, Optional[bytes]] = dict.fromkeys(BOARDS.glob("*.json"))
    return {**stale, **{BOARDS / f"{board.id}.json": text(board).encode() for board in boards()}}
