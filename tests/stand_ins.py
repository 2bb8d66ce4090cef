"""Stand-ins for packages of PlatformIO's registry: folders and names as there, small contents of our own.

The registry's packages belong to others and are not available everywhere. A test with a stand-in proves that the
platform asks for the right package and uses its layout. It does not prove that the real package compiles. The versions
of stand-ins show what they are: `0.50.0+stand-in`.

They have everything that the example projects of ststm8 2.1.0 need (tests/upstream). These include every header of ST's
library, and use little of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from patience import LIMIT_S
from pio import BOARDS, ROOT, Core, write_program

FOLDER = ROOT / "tests" / "stand_ins"
SPL, ARDUINO = "framework-ststm8spl", "framework-arduinoststm8"
STM8GAL, STM8FLASH = "tool-stm8gal", "tool-stm8flash"
BINUTILS, OPENOCD = "tool-stm8binutils", "tool-openocd"
OLD_SDCC = "1.30901.0"

# Drivers of ST's library that are one function here: the register that it sets, and to what. RM0016, register maps.
SMALL_DRIVERS = {
    "adc1": ("ADC1_DeInit", 0x5401, 0x00),
    "adc2": ("ADC2_DeInit", 0x5401, 0x00),
    "awu": ("AWU_DeInit", 0x50F0, 0x00),
    "beep": ("BEEP_DeInit", 0x50F3, 0x1F),
    "can": ("CAN_DeInit", 0x5420, 0x02),
    "exti": ("EXTI_DeInit", 0x50A0, 0x00),
    "i2c": ("I2C_DeInit", 0x5210, 0x00),
    "itc": ("ITC_DeInit", 0x7F70, 0xFF),
    "iwdg": ("IWDG_Enable", 0x50E0, 0xCC),
    "spi": ("SPI_DeInit", 0x5200, 0x00),
    "tim1": ("TIM1_DeInit", 0x5250, 0x00),
    "tim2": ("TIM2_DeInit", 0x5300, 0x00),
    "tim3": ("TIM3_DeInit", 0x5320, 0x00),
    "tim5": ("TIM5_DeInit", 0x5300, 0x00),
    "tim6": ("TIM6_DeInit", 0x5340, 0x00),
    "uart4": ("UART4_DeInit", 0x5235, 0x00),
    "wwdg": ("WWDG_SWReset", 0x50D1, 0x80),
}
SOME_CHIPS = {"adc1", "adc2", "can", "tim2", "tim3", "tim5", "tim6", "uart4"}
SMALL_HEADER = """#ifndef STM8S_{NAME}_H
#define STM8S_{NAME}_H

#include "stm8s.h"

void {function}(void);

#endif
"""
ONLY_WHERE_IT_IS = """
#ifndef HAS_{NAME}
#error "this chip has no {NAME}"
#endif
"""
SMALL_SOURCE = """
void {function}(void)
{{
    *(__IO uint8_t *){register:#x} = {value:#x};
}}
"""

# The library of registers that native-blink of ststm8 2.1.0 names by its address.
HEADERS = "STM8_headers"
HEADERS_URI = "https://github.com/gicking/STM8_headers/archive/refs/heads/master.zip"

# Writes down how it was called; a package of this kind is on PATH.
UPLOADER_PROGRAM = """
import json, pathlib, sys
with open("calls.jsonl", "a", encoding="utf-8") as file:
    file.write(json.dumps([pathlib.Path(sys.argv[0]).stem, *sys.argv[1:]]) + "\\n")
"""


def manifest() -> dict[str, str]:
    """Return package name -> version that platform.json asks for; of a range, its lower end."""
    packages = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))["packages"]
    return {name: package["version"].lstrip("~>=").split(",")[0] for name, package in packages.items()}


def install(core: Core, name: str, version: str) -> Path:
    """Return an empty package folder that PlatformIO takes for this version of its registry's package."""
    folder = core.folder / "packages" / f"{name}@{version}"
    folder.mkdir(parents=True)
    spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
    described = {"name": name, "version": version, "description": "a stand-in, built by a test", "system": "*"}
    (folder / "package.json").write_text(json.dumps(described))
    (folder / ".piopm").write_text(json.dumps({"type": "tool", "name": name, "version": version, "spec": spec}))
    return folder


def install_spl(core: Core) -> Path:
    """Install a stand-in for ST's library."""
    folder = install(core, SPL, f"{manifest()[SPL]}+stand-in")
    shutil.copytree(FOLDER / "spl", folder, dirs_exist_ok=True)
    driver = folder / "Libraries" / "STM8S_StdPeriph_Driver"
    for name, (function, register, value) in SMALL_DRIVERS.items():
        words = {"NAME": name.upper(), "function": function, "register": register, "value": value}
        guard = ONLY_WHERE_IT_IS if name in SOME_CHIPS else ""
        header, source = driver / "inc" / f"stm8s_{name}.h", driver / "src" / f"stm8s_{name}.c"
        header.write_text(SMALL_HEADER.format(**words))
        source.write_text(f'#include "{header.name}"\n{(guard + SMALL_SOURCE).format(**words)}')
    return folder


def install_arduino(core: Core) -> Path:
    """Install a stand-in for sduino, with a compiled library for each chip of the boards that have the framework."""
    folder = install(core, ARDUINO, f"{manifest()[ARDUINO]}+stand-in")
    shutil.copytree(FOLDER / "arduino", folder, dirs_exist_ok=True)
    driver = folder / "STM8S_StdPeriph_Driver"
    (driver / "lib").mkdir()
    subprocess.run([core.sdcc(), "-mstm8", "-c", "driver.c"], cwd=driver, check=True, timeout=LIMIT_S)
    archiver = Path(core.sdcc()).with_name("sdar")
    with_arduino = [board["build"]["mcu"] for board in BOARDS.values() if "arduino" in board.get("frameworks", [])]
    for chip in {mcu[:8].upper() for mcu in with_arduino}:
        library = driver / "lib" / f"{chip}.lib"
        subprocess.run([archiver, "-rc", library, "driver.rel"], cwd=driver, check=True, timeout=LIMIT_S)
    return folder


def install_headers(project: Path, environment: str) -> None:
    """Put a stand-in for STM8_headers where PlatformIO has a library that it fetched for this environment."""
    folder = project / ".pio" / "libdeps" / environment / HEADERS
    shutil.copytree(FOLDER / "headers", folder)
    version = "0.0.0+stand-in"
    described = {"name": HEADERS, "version": version, "platforms": "ststm8", "build": {"flags": ["-I include/"]}}
    spec = {"owner": None, "id": None, "name": HEADERS, "requirements": None, "uri": HEADERS_URI}
    (folder / "library.json").write_text(json.dumps(described))
    (folder / ".piopm").write_text(json.dumps({"type": "library", "name": HEADERS, "version": version, "spec": spec}))


def install_old_sdcc(core: Core) -> Path:
    """Install the SDCC that is there once more, under the version that sduino needs."""
    folder = install(core, "toolchain-sdcc", f"{OLD_SDCC}+stand-in")
    for path in (core.folder / "packages" / "toolchain-sdcc").iterdir():
        if path.name not in ("package.json", ".piopm"):
            (folder / path.name).symlink_to(path.resolve(), target_is_directory=path.is_dir())
    return folder


def install_uploader(core: Core, package: str) -> Path:
    """Install a program that writes its arguments into calls.jsonl, in the place of stm8gal or stm8flash."""
    folder = install(core, package, f"{manifest()[package]}+stand-in")
    write_program(folder / package[len("tool-") :], UPLOADER_PROGRAM)
    return folder
