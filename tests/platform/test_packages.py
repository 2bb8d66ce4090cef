"""platform.py: which packages a run asks for. Each one too many costs a minute where no registry answers."""

from __future__ import annotations

from typing import Any

import pytest
from platformio.project.config import ProjectConfig

from pio import BOARDS, ROOT, load
from stand_ins import ARDUINO, SPL, STM8FLASH, STM8GAL, manifest

SDCC = "toolchain-sdcc"
SERIAL_BOARDS = [name for name, board in BOARDS.items() if board["upload"]["protocol"] == "serial"]
SERIAL = {"board": "mb208"}  # by default
ESPSTLINK = {"upload_protocol": "espstlink"}


def needed(options: dict[str, Any], *targets: str) -> dict[str, str]:
    """Return package -> version of what a run asks for, with a platform that was loaded afresh, as for each run."""
    platform = load(ROOT / "platform.py").Ststm8Platform(str(ROOT / "platform.json"))
    platform.config = ProjectConfig()
    platform.configure_default_packages({"board": "stm8sblue", **options}, list(targets))
    return {name: package["version"] for name, package in platform.packages.items() if not package.get("optional")}


@pytest.mark.parametrize(
    ("options", "targets", "packages"),
    [
        ({}, [], {SDCC}),
        ({}, ["upload"], {SDCC}),
        ({}, ["verify", "reset"], {SDCC}),
        ({}, ["nobuild", "upload"], set()),
        ({}, ["unlock"], set()),
        ({}, ["unlock", "upload"], {SDCC}),
        ({}, ["uploadeep"], set()),
        ({}, ["__debug"], {SDCC, "tool-stm8binutils"}),
        ({"board_build.sdcc": "system"}, [], set()),
        ({"board_build.sdcc": "system", "framework": ["spl"]}, ["upload"], {SPL}),
        ({"board_build.sdcc": "package"}, [], {SDCC}),
        ({"framework": ["spl"]}, [], {SDCC, SPL}),
        ({"framework": ["spl"]}, ["upload"], {SDCC, SPL}),
        ({"framework": ["spl"]}, ["unlock"], set()),
        ({"framework": ["spl"]}, ["nobuild", "upload"], set()),
        ({"framework": ["arduino"]}, [], {SDCC, ARDUINO}),
        (SERIAL, [], {SDCC}),
        (SERIAL, ["upload"], {SDCC}),
        (SERIAL, ["nobuild", "upload"], set()),
        (SERIAL, ["unlock"], set()),
        ({**SERIAL, "upload_protocol": "stlinkv2"}, ["upload"], {SDCC}),
        ({**SERIAL, "upload_command": "own $UPLOADERFLAGS $SOURCE"}, ["upload"], {SDCC}),
        ({**SERIAL, "upload_command": "${UPLOADER} $UPLOADERFLAGS $SOURCE"}, ["upload"], {SDCC, STM8GAL}),
        *(
            ({**SERIAL, "upload_command": "$UPLOADER $SOURCE", "upload_port": port}, ["upload"], {SDCC})
            for port in ("usbip://127.0.0.1/1-1", "rp2040:COM3")
        ),
        *(({"board": board, "upload_port": "sim:b.chip"}, ["upload"], {SDCC}) for board in SERIAL_BOARDS),
        *(({"board": board, "upload_port": "usb:1-2"}, ["upload"], {SDCC}) for board in SERIAL_BOARDS),
        *(({"board": board, "upload_port": "COM3"}, ["upload"], {SDCC}) for board in SERIAL_BOARDS),
        (ESPSTLINK, [], {SDCC}),
        (ESPSTLINK, ["upload"], {SDCC}),
        ({**ESPSTLINK, "upload_port": "COM3"}, ["upload"], {SDCC}),
        ({**ESPSTLINK, "upload_command": "${UPLOADER} $UPLOADERFLAGS $SOURCE"}, ["upload"], {SDCC}),
        (ESPSTLINK, ["unlock"], set()),
        ({**ESPSTLINK, "upload_port": "sim:b.chip"}, ["upload"], {SDCC}),
        ({"upload_protocol": "serial", "board": "s8uno"}, ["upload"], {SDCC}),
        ({**SERIAL, "upload_port": "COM3"}, ["upload"], {SDCC}),
        ({**SERIAL, "upload_port": "sim:a.chip"}, ["upload"], {SDCC}),
        ({**SERIAL, "upload_port": "usb:1-2"}, ["upload"], {SDCC}),
        ({"upload_protocol": "stlink-v2"}, ["upload"], {SDCC}),
        ({"upload_protocol": "serial"}, ["upload"], {SDCC}),  # the STM8S103 has no bootloader
    ],
)
def test_a_run_asks_for_what_it_needs_and_nothing_else(
    options: dict[str, Any], targets: list[str], packages: set[str]
) -> None:
    assert set(needed(options, *targets)) == packages


def test_only_sduino_needs_an_old_sdcc() -> None:
    assert needed({"framework": ["arduino"]})[SDCC] == "~1.30901.0"
    assert needed({"framework": ["spl"]})[SDCC] == needed({})[SDCC] == ">=1.40100.0,<1.40700.0"


def test_the_boards_that_upload_by_serial_are_those_of_ststm8_2_and_one_more() -> None:
    assert SERIAL_BOARDS == ["mb208", "muboard", "s8uno", "stm8sblack"]


def test_the_frameworks_and_uploaders_have_the_names_and_versions_of_ststm8_2() -> None:
    assert {name: manifest()[name] for name in (ARDUINO, SPL, STM8FLASH, STM8GAL)} == {
        ARDUINO: "0.50.0",
        SPL: "0.20301.181217",
        STM8FLASH: "1.1.0",
        STM8GAL: "1.5.0",
    }


def test_a_package_that_the_project_itself_names_is_always_asked_for() -> None:
    platform = load(ROOT / "platform.py").Ststm8Platform(str(ROOT / "platform.json"))
    platform._custom_packages = ["tool-openocd@~2.1100.0"]
    platform.configure_default_packages({"board": "stm8sblue"}, ["unlock"])
    assert platform.packages["tool-openocd"]["optional"] is False
