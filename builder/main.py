"""Build with SDCC, then hand over to the flasher in tool/: this file only composes command lines."""

from __future__ import annotations

import os.path
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, Action, AlwaysBuild, Builder, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()
platform = env.PioPlatform()
root = Path(platform.get_dir())
# An import would put this folder on sys.path, before the project's own scripts.
upload = SimpleNamespace(**runpy.run_path(str(root / "builder" / "upload.py")))


def stop(message: str) -> None:
    """End the run with one line."""
    sys.stderr.write(f"error: {message}\n")
    env.Exit(1)


#
# Tools and flags
#

cpu = board.get("build.cpu")
ram_size = board.get("upload.maximum_ram_size")
toolchain = Path(platform.get_package_dir("toolchain-sdcc") or "")
libraries = [toolchain / "share" / "sdcc" / "lib" / cpu, toolchain / "lib" / cpu]  # the second one on Windows

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
    LIBPATH=[str(path) for path in libraries if path.is_dir()],
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
    SIZETOOL=str(root / "builder" / "elf.py"),
    SIZECHECKCMD=["$PYTHONEXE", "$SIZETOOL", "size", str(ram_size), "$SOURCES"],
    SIZEPRINTCMD=f'"$PYTHONEXE" "$SIZETOOL" size {ram_size} $SOURCES',
    SIZEPROGREGEXP=r"^flash\s+(\d+)",
    SIZEDATAREGEXP=r"^ram\s+(\d+)",
)
elf_to_hex = env.VerboseAction(f'"$PYTHONEXE" "$SIZETOOL" hex {ram_size} $SOURCE $TARGET', "Building $TARGET")
env.Append(BUILDERS={"ElfToHex": Builder(action=elf_to_hex, suffix=".hex")})
if env.get("PROGNAME", "program") == "program":  # a pre: script may have chosen one
    env.Replace(PROGNAME="firmware")

#
# Build
#

if platform.builds(COMMAND_LINE_TARGETS):
    for framework in env.get("PIOFRAMEWORK", []):
        if framework in platform.frameworks and not Path(env.GetFrameworkScript(framework)).is_file():
            stop(f"framework = {framework} is not supported by this version; without that line it builds plain C")
    if " " in os.path.relpath(env.subst("$BUILD_DIR"), env.subst("$PROJECT_DIR")):
        stop(
            f"build_dir = {env.subst('$PROJECT_BUILD_DIR')}: SDCC cannot write below a folder with a space in its name"
        )
    program = env.BuildProgram()
    firmware = env.ElfToHex("$BUILD_DIR/${PROGNAME}", program)
    env.Depends(firmware, "checkprogsize")
    env.AddPostAction("checkprogsize", Action(f'"$PYTHONEXE" "$SIZETOOL" check {ram_size} $SOURCE', None))
    AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE")))
    Default([env.Alias("buildprog", firmware, firmware), "size"])
else:
    env.Replace(SIZETOOL="")  # else Core makes the upload depend on a check of the ELF
    firmware = env.subst("$BUILD_DIR/${PROGNAME}.hex")
    if "nobuild" in COMMAND_LINE_TARGETS and not Path(firmware).is_file():
        stop(f"nobuild: there is no {firmware} yet; `pio run -e {env['PIOENV']}` builds it")
    AlwaysBuild(env.Alias("nobuild", firmware))

#
# Upload, and what else the flasher does
#

env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
try:
    env.Replace(UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]))
except ValueError as exc:
    stop(str(exc))
env.Replace(
    UPLOADER=str(root / "tool"),
    UPLOADCMD=upload.command("write $SOURCE"),
    UPLOADERFLAGS=upload.flags(
        board.get("upload"),
        board.get("build.mcu"),
        given=env["UPLOAD_FLAGS"],
        bar=ARGUMENTS.get("ISATTY") == "1",
        verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
    ),
)


def check_options(target: Any, source: Any, env: Any) -> int:
    """Refuse what the flasher could misunderstand, unless the project brings a command of its own."""
    uploads_otherwise = str(target[0]) == "upload" and env["UPLOADCMD"] != upload.command("write $SOURCE")
    message = None if uploads_otherwise else upload.problem(env.subst("$UPLOAD_PROTOCOL"), board.get("upload"))
    if message:
        sys.stderr.write(f"error: {message}\n")
    return int(message is not None)


TARGETS = (
    # name, group, title, description, the flasher's command
    ("upload", "Platform", "Upload", "Write the firmware to the chip and verify it", "write $SOURCE"),
    ("verify", "Platform", "Verify", "Compare the chip with the firmware", "verify $SOURCE"),
    ("unlock", "Platform", "Unlock", "Remove the read-out protection, which erases the chip", "unlock"),
    ("erase", "Platform", "Erase", "Erase the program memory", "erase"),
    ("reset", "Platform", "Reset", "Reset the chip and let its program run", "reset"),
    ("list-probes", "Probe", "List Probes", "List the attached probes", "list"),
    ("probe-info", "Probe", "Probe Info", "Show the probe and the chip behind it", "info"),
    ("doctor", "Probe", "Doctor", "Look at everything up to the chip, and explain what is wrong", "doctor"),
)
for name, group, title, description, words in TARGETS:
    takes_firmware = "$SOURCE" in words
    command = "$UPLOADCMD" if name == "upload" else upload.command(words)
    actions = [env.VerboseAction(command, f"{title} $SOURCE" if takes_firmware else title)]
    if name != "list-probes":  # it opens no probe, so no protocol can be wrong
        actions.insert(0, Action(check_options, None))
    env.AddTarget(
        name, firmware if takes_firmware else None, actions, title=title, description=description, group=group
    )
