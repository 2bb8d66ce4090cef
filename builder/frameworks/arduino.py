"""Framework `arduino`: sduino, the Arduino API in C for the STM8S.

Package `framework-arduinoststm8`: cores/CORE, variants/VARIANT, libraries, and STM8S_StdPeriph_Driver with headers in
inc and one compiled library for each chip in lib. Documentation: https://tenbaht.github.io/sduino/
"""

from __future__ import annotations

from pathlib import Path

from SCons.Script import DefaultEnvironment

from stm8build import refusal

# main() is in the core's library. SDCC's linker takes from a library only modules that something refers to.
MAIN_REFERENCE = "void main(void);\nvoid (*const main_reference)(void) = main;\n"


def main() -> None:
    """Add the flags and the libraries to the build."""
    env = DefaultEnvironment()
    board = env.BoardConfig()
    root = Path(env.PioPlatform().get_package_dir("framework-arduinoststm8"))
    driver = root / "STM8S_StdPeriph_Driver"
    chip = board.get("build.mcu", "")[:8].upper()
    chips = sorted(file.stem for file in (driver / "lib").glob("*.lib"))
    if chip not in chips:
        stop(f"board {board.id}: sduino has no library for {chip}; it has: {', '.join(chips)}")
    if board.get("build.memory_model", "medium") != "medium":
        stop("board_build.memory_model = large: sduino's compiled libraries are for medium")

    core = root / "cores" / board.get("build.core", "sduino")
    folders = {"FrameworkArduino": core}
    if "build.variant" in board:
        folders = {"FrameworkArduinoVariant": root / "variants" / board.get("build.variant"), **folders}
    env.Append(
        CCFLAGS=["--less-pedantic"],
        CPPDEFINES=[
            "ARDUINO_ARCH_STM8",
            ("ARDUINO", 10802),
            ("double", "float"),
            "USE_STDINT",
            "__PROG_TYPES_COMPAT__",
        ],
        CPPPATH=[str(core), str(driver / "inc"), *(str(folder) for folder in folders.values() if folder != core)],
        LIBPATH=[str(driver / "lib")],
        LIBS=[chip],
        LIBSOURCE_DIRS=[str(root / "libraries")],
    )
    reference = Path(env.subst("$BUILD_DIR"), "_pio_main_ref.c")
    reference.parent.mkdir(parents=True, exist_ok=True)
    if not reference.is_file():
        reference.write_text(MAIN_REFERENCE, encoding="ascii")
    env.Append(PIOBUILDFILES=[env.File(str(reference))])
    env.Prepend(LIBS=[env.BuildLibrary(f"$BUILD_DIR/{name}", str(folder)) for name, folder in folders.items()])


def stop(message: str) -> None:
    """End the run with one line, unless the run only makes data for an editor."""
    refusal.stop(f"framework = arduino: {message}")


main()
