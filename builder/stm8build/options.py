"""Every option of platformio.ini that this platform uses, one row each: for the builder and the docs.

Pure: no SCons in here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One option; `name` is the text before the equals sign."""

    name: str
    values: tuple[str, ...]  # the allowed values; empty: free text
    form: str  # describes free text for the reader
    default: str
    example: str
    meaning: str

    @property
    def has_default(self) -> bool:
        """Tell whether the default is a value, not a description of one."""
        return self.default in self.values or re.match(r"[$\d]", self.default) is not None


STLINK_PROTOCOLS = {
    "stlink": "any ST-LINK",
    "stlinkv1": "an ST-LINK/V1; if there is none, any other, with a warning",
    "stlinkv2": "an ST-LINK/V2; if there is none, any other, with a warning",
    "stlinkv21": "an ST-LINK/V2-1; if there is none, any other, with a warning",
    "stlinkv3": "an STLINK-V3; if there is none, any other, with a warning",
}
OTHER_PROTOCOLS = {
    "serial": "the loader in the chip's boot ROM, at its [serial port](serial.md), if the board lists it",
    "espstlink": "an [ESP8266 as the probe](espstlink.md), for every target",
    "rp2040": "an [RP2040 as the probe](rp2040.md), for every target",
    "simulator": "a [simulated board](testing.md#a-whole-firmware-in-the-simulator) in the build directory, for every "
    "target and for `pio debug` with `debug_tool = stm8tool`. `upload` also runs the program there, and `pio test` "
    "runs a [test](testing.md) on a new board",
    "custom": "your own `upload_command` for the target `upload`; other targets use any ST-LINK",
}

# Options of stm8flash 1.1 in upload_flags -> the replacement that the message names.
STM8FLASH_OPTIONS = {
    "c": "upload_protocol",
    "d": "upload_port",
    "S": "upload_port",
    "p": "board_upload.part",
    "s": "--region",
    "b": "--region ADDRESS:SIZE",
    "w": "the target upload",
    "r": "the target dump",
    "u": "the target unlock",
    "R": "the target reset",
    "L": "the target list-probes",
}

OPTIONS = {
    option.name: option
    for option in (
        Option(
            "upload_protocol",
            (*STLINK_PROTOCOLS, *OTHER_PROTOCOLS),
            "",
            "that of the board",
            "stlinkv3",
            "the way to the chip, see below",
        ),
        Option(
            "upload_port",
            (),
            "a serial number or its beginning, `usb:BUS-PORT`, `sim:FILE`, `sim:FOLDER#SELECTOR`, "
            "`usbip://HOST/BUSID`, a UART",
            "the only probe",
            "57FF72",
            "which probe (`pio run -t list-probes`), or a simulated board. `sim:`, `usb:` and `usbip:` count with "
            "every protocol. A UART such as COM3 serves `serial`, `espstlink` and `rp2040` only; these also take "
            "`socket://…` and `rfc2217://…`",
        ),
        Option(
            "upload_flags",
            (),
            "options of stm8tool, on one line or several",
            "none",
            "--region flash",
            "go to the flasher and win over all other options. With `serial`, options of stm8gal are understood, too. "
            "With `custom` they are words of your command, and other targets leave them out",
        ),
        Option(
            "upload_command",
            (),
            "a command line",
            "the flasher's",
            "my-tool $SOURCE",
            "runs instead of the flasher, with any protocol, for the target `upload`. A leading `stm8flash`, "
            "`$STM8FLASH` and `$UPLOADER $UPLOADERFLAGS` are [stm8flash's command line](compat.md#in-platformio)",
        ),
        Option(
            "board_upload.unlock",
            ("auto", "never"),
            "",
            "auto",
            "never",
            "whether `upload` may unlock a read-protected chip, which erases it",
        ),
        Option(
            "board_upload.option_bytes",
            ("no", "yes"),
            "",
            "no",
            "yes",
            "whether `upload` also writes the option bytes in the program's image, after everything else. A value that "
            "could lock or ruin the chip is refused",
        ),
        Option(
            "board_upload.verify",
            ("yes", "no", "read"),
            "",
            "yes",
            "no",
            "whether `upload` compares what it programmed. `read`: byte by byte, also where checksums would do",
        ),
        Option(
            "board_upload.loader",
            ("yes", "no"),
            "",
            "yes",
            "no",
            "whether code in the chip's RAM may program and compare, which is [faster](performance.md)",
        ),
        Option(
            "board_upload.part",
            (),
            "a part or an order code",
            "that of the board",
            "stm8s103k3",
            "the chip, if it is not the board's usual one",
        ),
        Option(
            "board_upload.stm8flash_target",
            (),
            "a part as stm8flash writes it",
            "none",
            "stm8s105?4",
            "the same, in the form of ststm8 2.x; `board_upload.part` wins",
        ),
        Option(
            "board_upload.offset_address",
            (),
            "an address in the flash",
            "where the flash begins",
            "0x9000",
            "where the program begins with its vectors, such as after a boot loader. `upload` does not change the "
            "flash below this address, unless it has to unlock the chip",
        ),
        Option(
            "board_upload.maximum_size",
            (),
            "bytes",
            "that of the board",
            "16384",
            "size of the flash; a larger program is an error",
        ),
        Option(
            "board_upload.maximum_ram_size",
            (),
            "bytes",
            "that of the board",
            "2048",
            "size of the RAM; variables that do not fit are an error, with `framework = arduino` a warning",
        ),
        Option(
            "board_build.mcu",
            (),
            "a part or an order code",
            "that of the board",
            "stm8s103k3t6",
            "the chip",
        ),
        Option(
            "board_build.f_cpu",
            (),
            "Hz, then an L",
            "16000000L",
            "2000000L",
            "the macro `F_CPU`; it does not set the clock, your program does",
        ),
        Option(
            "board_build.memory_model",
            ("medium", "large"),
            "",
            "medium",
            "large",
            "how far code reaches: up to 0xFFFF, or into all of a flash above 32 KB. Constants stay below 0x10000. "
            "`--model-large` in `build_flags` is the same",
        ),
        Option(
            "board_build.sdcc",
            ("package", "system"),
            "",
            "package",
            "system",
            "[which SDCC](sdcc.md) compiles. `package`: the one that PlatformIO brings, or that `platform_packages` "
            "names. `system`: the one on `PATH`",
        ),
        Option(
            "board_build.wrong_code",
            ("warn", "error", "off"),
            "",
            "warn",
            "error",
            "the build looks for constructs of the project that SDCC makes [wrong code](compilers.md) of. `warn` names "
            "each place. `error` also ends the build. `off` does not look",
        ),
        Option(
            "board_build.remove_unused",
            ("no", "yes"),
            "",
            "no",
            "yes",
            "whether the program is linked without the [functions and constants that it does not reach](unused.md)",
        ),
        Option(
            "board_build.keep_unused",
            (),
            "names of C, with spaces or commas between them",
            "none",
            "boot_entry version",
            "functions and constants that `remove_unused` keeps although the program does not reach them",
        ),
        Option(
            "custom_spl_archive",
            ("auto", "yes", "no"),
            "",
            "auto",
            "no",
            "`yes`: the drivers of `framework = spl` are linked as a library, and a program carries only the drivers "
            "that it uses. `no`: they are linked as objects, all of them. `auto`: as objects if one of "
            "`extra_scripts` works on objects, such as a script that removes dead code; else as a library. For the "
            "folder lib use PlatformIO's `lib_archive`",
        ),
        Option(
            "board_build.startup",
            ("main", "own"),
            "",
            "main",
            "own",
            "where the vectors and the start-up code come from. `main`: SDCC puts them beside that function. `own`: "
            "the program brings its own or needs none, and the build does not look for `main` and vectors",
        ),
        Option(
            "custom_eeprom_file",
            (),
            "a file, `.hex` or `.bin`",
            "none",
            "data/eeprom.hex",
            "the file that `uploadeep` writes to the EEPROM, a `.bin` from its start on; "
            "the path is relative to the project",
        ),
        Option(
            "custom_dump_file",
            (),
            "a file, `.hex` or `.bin`",
            "$BUILD_DIR/dump.hex",
            "flash.bin",
            "the file into which `dump` reads the flash",
        ),
        Option(
            "custom_dumpeep_file",
            (),
            "a file, `.hex` or `.bin`",
            "$BUILD_DIR/dumpeep.hex",
            "data/eeprom.hex",
            "the file into which `dumpeep` reads the EEPROM",
        ),
        Option(
            "custom_simulated_time",
            (),
            "a simulated time: us, ms or s",
            "2s",
            "500ms",
            "how long `upload` runs the program with `upload_protocol = simulator`",
        ),
        Option(
            "custom_test_timeout",
            (),
            "seconds, 1 to 600",
            "10",
            "60",
            "after how many seconds without output a [test program](testing.md) counts as hanging. In the simulator "
            "they are simulated seconds",
        ),
        Option(
            "custom_watch",
            (),
            "names of variables, with commas or line ends between them",
            "none",
            "counter, temp[2]",
            "the [variables](watch.md) that `watch` shows",
        ),
        Option(
            "custom_confirm",
            ("no", "yes"),
            "",
            "no",
            "yes",
            "whether `unlock`, `erase` and `uploadeep` ask first, so that one click in an IDE destroys nothing",
        ),
    )
}


def upload_settings(upload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the board's "upload" object, with the default of each option that it does not set."""
    prefix = "board_upload."
    defaults = {name[len(prefix) :]: o.default for name, o in OPTIONS.items() if name.startswith(prefix) and o.values}
    return {**defaults, **upload}


def of_project(project: Mapping[str, Any], board: Any) -> tuple[dict[str, Any], str]:
    """Return the "upload" object with a project's options and every default, and the project's MCU.

    Args:
        project: The options of the environment as they stand in platformio.ini.
        board: PlatformIO's board.
    """
    own = {key.partition(".")[2]: value for key, value in project.items() if key.startswith("board_upload.")}
    mcu = project.get("board_build.mcu") or board.get("build.mcu", "")
    return upload_settings({**board.get("upload"), **own}), str(mcu)
