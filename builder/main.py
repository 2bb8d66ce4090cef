"""Build with SDCC, then hand over to the flasher in tool/: this file only composes command lines."""

from __future__ import annotations

import os
import runpy
import sys
from types import SimpleNamespace
from typing import Any

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, Action, AlwaysBuild, Builder, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()
platform = env.PioPlatform()
# An import would put this folder on sys.path, before the project's own scripts.
upload = SimpleNamespace(**runpy.run_path(os.path.join(platform.get_dir(), "builder", "upload.py")))


def stop(message: str) -> None:
    """End the run with one line."""
    sys.stderr.write(f"error: {message}\n")
    env.Exit(1)


#
# Tools and flags
#

cpu = board.get("build.cpu")
ram_size = board.get("upload.maximum_ram_size")
toolchain = platform.get_package_dir("toolchain-sdcc") or ""
libraries = [os.path.join(toolchain, *folders, "lib", cpu) for folders in (["share", "sdcc"], [])]  # Linux, Windows

env.Replace(
    AR="sdar",
    ARFLAGS=["rcs"],
    AS="sdasstm8",
    ASCOM="$AS $ASFLAGS $TARGET $SOURCES",
    ASFLAGS=["-plosgffw"],  # as SDCC calls it
    CC="sdcc",
    CFLAGS=[f"-m{cpu}"],
    CPPDEFINES=["F_CPU=$BOARD_F_CPU"],
    GDB="stm8-gdb",
    LD="sdldstm8",
    LIBPATH=[path for path in libraries if os.path.isdir(path)],
    LIBS=["stm8"],
    LIBSUFFIX=".lib",
    LINKFLAGS=[
        f"-m{cpu}",
        "--nostdlib",
        "--code-size",
        board.get("upload.maximum_size"),
        "--iram-size",
        ram_size,
        "--out-fmt-elf",
    ],
    OBJSUFFIX=".rel",
    PIODEBUGFLAGS=["--debug", "--out-fmt-elf"],  # DWARF needs both, where it compiles
    PROGSUFFIX=".elf",
    RANLIB="sdranlib",
    # Core drops its size check without a SIZETOOL, and splits a SIZECHECKCMD at its spaces unless it is a list.
    SIZETOOL=os.path.join(platform.get_dir(), "builder", "elf.py"),
    SIZECHECKCMD=["$PYTHONEXE", "$SIZETOOL", "size", str(ram_size), "$SOURCES"],
    SIZEPRINTCMD=f'"$PYTHONEXE" "$SIZETOOL" size {ram_size} $SOURCES',
    SIZEPROGREGEXP=r"^flash\s+(\d+)",
    SIZEDATAREGEXP=r"^ram\s+(\d+)",
)
env.Append(
    BUILDERS={
        "ElfToHex": Builder(
            action=env.VerboseAction(
                f'"$PYTHONEXE" "$SIZETOOL" hex {ram_size} $SOURCE $TARGET',
                "Building $TARGET",
            ),
            suffix=".hex",
        )
    },
)
if env.get("PROGNAME", "program") == "program":  # a pre: script may have chosen one
    env.Replace(PROGNAME="firmware")

#
# Build
#

if platform.builds(COMMAND_LINE_TARGETS):
    for framework in env.get("PIOFRAMEWORK", []):
        if framework in platform.frameworks and not os.path.isfile(env.GetFrameworkScript(framework)):
            stop(f"framework = {framework} is not supported by this version; without that line it builds plain C")
    if " " in os.path.relpath(env.subst("$BUILD_DIR"), env.subst("$PROJECT_DIR")):
        stop(f"SDCC cannot write below a folder with a space in its name: build_dir = {env.subst('$PROJECT_BUILD_DIR')}")
    program = env.BuildProgram()
    firmware = env.ElfToHex(os.path.join("$BUILD_DIR", "${PROGNAME}"), program)
    env.Depends(firmware, "checkprogsize")
    env.AddPostAction("checkprogsize", Action(f'"$PYTHONEXE" "$SIZETOOL" check {ram_size} $SOURCE', None))
    AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE")))
    Default([env.Alias("buildprog", firmware, firmware), "size"])
else:
    env.Replace(SIZETOOL="")  # else Core makes the upload depend on a check of the ELF
    firmware = os.path.join(env.subst("$BUILD_DIR"), env.subst("${PROGNAME}.hex"))
    if "nobuild" in COMMAND_LINE_TARGETS and not os.path.isfile(firmware):
        stop(f"nobuild: there is no {firmware} yet; `pio run -e {env['PIOENV']}` builds it")
    AlwaysBuild(env.Alias("nobuild", firmware))

#
# Upload, and what else the flasher does
#

env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
env.Replace(
    UPLOADER=os.path.join(platform.get_dir(), "tool"),
    UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]),
    UPLOADCMD=upload.command("write $SOURCE"),
)
env.Replace(
    UPLOADERFLAGS=upload.flags(
        board.get("upload"),
        board.get("build.mcu"),
        given=env["UPLOAD_FLAGS"],
        bar=ARGUMENTS.get("ISATTY") == "1",
        verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
    )
)


def check_options(target: Any, source: Any, env: Any) -> int:
    """Refuse what the flasher could misunderstand, unless the project brings a command of its own."""
    uploads_otherwise = str(target[0]) == "upload" and env["UPLOADCMD"] != upload.command("write $SOURCE")
    message = None if uploads_otherwise else upload.problem(env.subst("$UPLOAD_PROTOCOL"), board.get("upload"))
    if message:
        sys.stderr.write(f"error: {message}\n")
    return int(message is not None)


TARGETS = (
    # name, needs the firmware, command, title, description, group
    ("upload", True, "$UPLOADCMD", "Upload", "Write the firmware to the chip and verify it", "Platform"),
    ("verify", True, upload.command("verify $SOURCE"), "Verify", "Compare the chip with the firmware", "Platform"),
    ("unlock", False, upload.command("unlock"), "Unlock", "Remove the read-out protection; erases the chip", "Platform"),
    ("erase", False, upload.command("erase"), "Erase", "Erase the program memory", "Platform"),
    ("reset", False, upload.command("reset"), "Reset", "Reset the chip and let it run", "Platform"),
    ("list-probes", False, '"$PYTHONEXE" "$UPLOADER" list', "List Probes", "List the attached probes", "Probe"),
    ("probe-info", False, upload.command("info"), "Probe Info", "Show the probe and the chip behind it", "Probe"),
)
for name, needs_firmware, command, title, description, group in TARGETS:
    env.AddTarget(
        name,
        firmware if needs_firmware else None,
        [Action(check_options, None)] * (name != "list-probes")
        + [env.VerboseAction(command, f"{title}: $SOURCE" if needs_firmware else title)],
        title=title,
        description=description,
        group=group,
    )
