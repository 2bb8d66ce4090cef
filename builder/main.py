"""Build with SDCC, then add the flasher's targets. This file only composes command lines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from glob import glob
from pathlib import Path
from typing import Any, Optional

from platformio.project.options import ProjectOptions
from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, Action, AlwaysBuild, Builder, Default, DefaultEnvironment

env = DefaultEnvironment()
platform = env.PioPlatform()
root = Path(platform.get_dir())


# The frameworks' scripts can import the package later. Its folder must not hide a module of the project's scripts.
sys.path.insert(0, str(root / "builder"))
from stm8build import option_problems, options, refusal, sdcc, shell, target_actions  # noqa: E402

sys.path.remove(str(root / "builder"))

stop = refusal.stop  # it returns if the run only makes data for an editor

variable = shell.variable_in(env["PROJECT_DIR"])
if variable:
    cause = f"PlatformIO takes {variable} in the path of the project for a variable; rename the folder"
    stop(f"{env['PROJECT_DIR']}: {cause}")
if re.search("[ \t]{2}", env["PROJECT_DIR"]):  # SCons would put the build into another folder
    stop(f"{env['PROJECT_DIR']!r}: PlatformIO takes the spaces in the path of the project for one; rename the folder")
if "BOARD" not in env:  # PlatformIO itself would show a traceback
    stop(f"[env:{env['PIOENV']}] in platformio.ini has no board, such as board = stm8sblue")
    env["BOARD"] = "stm8sblue"  # for the editor
board = env.BoardConfig()

#
# Tools and flags
#


def find_sdcc() -> Optional[sdcc.Compiler]:
    """Return the SDCC of this build, and say which one it is. Without one, end the run."""
    mode = str(env.GetProjectOption(sdcc.OPTION, options.OPTIONS[sdcc.OPTION].default))
    folder = platform.get_package_dir(sdcc.PACKAGE) or ""
    for_an_editor = env.IsIntegrationDump()
    try:
        path = sdcc.find(mode, env["ENV"].get("PATH", ""), folder)
        found = sdcc.ask(path, None if for_an_editor else Path(env.subst("$BUILD_DIR"), "sdcc.json"))
    except sdcc.NoCompilerError as exc:
        stop(str(exc), exc.hint)
        return None
    if mode == sdcc.SYSTEM:
        env.PrependENVPath("PATH", str(Path(path).parent))  # PlatformIO's package is in front
    version = str(platform.get_package_version(sdcc.PACKAGE) or "") if folder else ""
    if not for_an_editor:
        sys.stdout.write(sdcc.told(found, mode, folder, version) + "\n")
        for warning, hint in sdcc.problems(found, mode, folder, version, env.get("PIOFRAMEWORK", [])):
            sys.stderr.write(f"warning: {warning}\nhint: {hint}\n")
    return found


cpu = board.get("build.cpu")
memory_model, wrong_model = option_problems.memory_model(
    board.get("build.memory_model", None), env.get("BUILD_FLAGS", [])
)
if wrong_model:
    stop(wrong_model)
    memory_model = "medium"
known = [name for option in ProjectOptions.values() for name in (option.name, *(option.oldnames or []))]
config = env.GetProjectConfig()
more = config.get("platformio", "extra_configs")
configurations = [config.path, *(path for word in more for path in glob(word))]  # noqa: PTH207 -- as PlatformIO does it
texts = [
    Path(path).read_text(encoding="utf-8", errors="replace")
    for path in (*configurations, *env.GetExtraScripts("pre"), *env.GetExtraScripts("post"))
    if Path(path).is_file()
]
wrong_option = option_problems.in_project(env.GetProjectOptions(as_dict=True), known, texts)
if wrong_option:
    stop(wrong_option)
if not board.get("build.mcu", ""):
    stop("board_build.mcu names no part, such as stm8s103f3p6")
if not re.fullmatch(r"[0-9]+U?L?", str(board.get("build.f_cpu"))):
    stop(f"board_build.f_cpu = {board.get('build.f_cpu')} is not a frequency in Hz, such as 16000000L")
    board.update("build.f_cpu", "16000000L")
    env.Replace(BOARD_F_CPU="16000000L")
board.update("build.memory_model", memory_model)  # for the frameworks
offset, wrong_offset = option_problems.offset_address(
    board.get("upload.offset_address", None), board.get("upload.maximum_size")
)
if wrong_offset and not env.IsIntegrationDump():
    stop(wrong_offset)
machine = [f"-m{cpu}"] + ["--model-large"] * (memory_model == "large")  # to compile and to link
ram_size = board.get("upload.maximum_ram_size")
compiler = find_sdcc() if platform.builds(COMMAND_LINE_TARGETS) and not env.GetOption("clean") else None
libraries = sdcc.library_folders(compiler, f"{cpu}-large" if memory_model == "large" else cpu)

# The platform keeps what a pre: script has added to these.
given = {name: env.Split(env.get(name, [])) for name in ("ASFLAGS", "CFLAGS", "LIBPATH", "LIBS", "LINKFLAGS")}
env.Replace(
    AR="sdar",
    ARFLAGS=["rcs"],
    AS="sdasstm8",
    ASCOM="$AS $ASFLAGS $TARGET $SOURCES",
    ASFLAGS=["-plosgffw", *given["ASFLAGS"]],  # as SDCC calls it
    CC="sdcc",
    CFLAGS=[*machine, *given["CFLAGS"]],
    GDB="stm8-gdb",
    LD="sdldstm8",
    LIBPATH=[*given["LIBPATH"], *map(str, libraries)],
    LIBS=[*given["LIBS"], "stm8"],
    LIBSUFFIX=".lib",
    LINKFLAGS=[
        *machine,
        "--nostdlib",
        ("--code-size", str(board.get("upload.maximum_size"))),
        ("--iram-size", str(ram_size)),
        "--out-fmt-elf",
        *given["LINKFLAGS"],
    ],
    OBJSUFFIX=".rel",
    PIODEBUGFLAGS=["--debug", "--out-fmt-elf"],  # DWARF needs both, where it compiles
    PROGSUFFIX=".elf",
    RANLIB="sdranlib",
    SDCC_VERSION=".".join(map(str, compiler.version)) if compiler else "",  # for scripts of the project
    SDCC_STARTUP=board.get("build.startup", options.OPTIONS["board_build.startup"].default),
    # Core skips its size check without a SIZETOOL. It splits a SIZECHECKCMD at spaces if that is not a list.
    SIZETOOL="size",
    STM8ELF=str(root / "builder" / "stm8build" / "elf.py"),
    SIZECHECKCMD=["$PYTHONEXE", "$STM8ELF", "size", str(ram_size), "$SOURCES"],
    SIZEPRINTCMD=f'"$PYTHONEXE" "$STM8ELF" size {ram_size} $SOURCES',
    SIZEPROGREGEXP=r"^flash\s+(\d+)",
    SIZEDATAREGEXP=r"^ram\s+(\d+)",
)
env.Append(CPPDEFINES=["F_CPU=$BOARD_F_CPU"], LIBSOURCE_DIRS=[str(root / "builder" / "libraries")])
if "__test" in COMMAND_LINE_TARGETS:
    env.Append(CPPDEFINES=["SWIM_CONSOLE_BLOCK"])  # no result may be lost
    if str(board.get("build.mcu")).lower().startswith(("stm8l", "stm8al")):
        env.Append(CPPDEFINES=["STM8_UNITY_STM8L"])  # the clock of a UART is off there
elf_to_hex = env.VerboseAction(f'"$PYTHONEXE" "$STM8ELF" hex {ram_size} $SOURCE $TARGET', "Building $TARGET")
env.Append(BUILDERS={"ElfToHex": Builder(action=elf_to_hex, suffix=".hex")})
if env.get("PROGNAME", "program") == "program":  # a pre: script may have chosen one
    env.Replace(PROGNAME="firmware")

#
# Build
#


def take_source(env: Any, node: Any) -> Any:
    """Refuse a source that SDCC cannot compile, and name its object so that SDCC can write it. A build middleware."""
    if env.IsIntegrationDump():
        return node
    project = env.Dir("#")
    problem = sources.problem(node.srcnode().get_path(project))
    if problem:
        stop(problem)
        return node
    target = sources.object_path(node.get_path(project), env["OBJSUFFIX"], taken)
    if not target:
        return node
    return env.Object(target if Path(target).is_absolute() else f"#{target}", node)  # "#" is the project


def take_objects_of_a_script() -> None:
    """Let SDCC write the objects of a pre: script that calls BuildSources: PlatformIO has given them its own ending."""
    early = env.arg2nodes(env.get("PIOBUILDFILES", []), env.fs.File)  # a script may have added a path
    env.Replace(PIOBUILDFILES=[])
    for node in early:
        compiled = node.has_builder() and node.get_builder().get_name(env) in ("Object", "StaticObject")
        if compiled and not str(node).endswith(env["OBJSUFFIX"]):
            source = take_source(env, node.sources[0])
            node = env.Object(source) if source is node.sources[0] else source
        env.Append(PIOBUILDFILES=[node])


def refuse_sketches(env: Any) -> None:
    """Replace PlatformIO's conversion of sketches to C++, which runs the host's compiler."""
    for node in [] if env.IsIntegrationDump() else env.FindInoNodes():
        problem = sources.problem(node.get_path(env.Dir("#")))
        if problem:
            stop(problem)


def warn_of_sketches() -> None:
    """Warn of sketches that are not compiled: PlatformIO compiles them only for the framework `arduino`."""
    if "arduino" not in env.get("PIOFRAMEWORK", []) and not env.IsIntegrationDump():
        for node in env.FindInoNodes():
            path = node.get_path(env.Dir("#"))
            sys.stderr.write(f"warning: {path} is not compiled, as framework = arduino is not set\n")


def require_sources(sources_found: Any) -> None:
    """Stop if there is nothing to compile. Core itself says so only if no target is named."""
    looks_only = {"compiledb", "envdump"}.intersection(COMMAND_LINE_TARGETS)
    if not sources_found and not looks_only and not env.IsIntegrationDump() and not env.GetOption("clean"):
        stop(f"{env.subst('$PROJECT_SRC_DIR')} has no source to compile: put one there, or change build_src_filter")


def settle_program(target: Any, source: Any, env: Any) -> int:
    """Make the ELF the same in every build. End the build here if the linker wrote no ELF."""
    problem = elf.settle(str(target[0]))
    if problem:
        sys.stderr.write(f"error: {problem}\n")
    return int(bool(problem))


def dump_size_data(_: Any, target: Any, source: Any, env: Any) -> None:
    """Replace PlatformIO's report, which needs an ELF of GNU tools."""
    from stm8build import sizedata  # imported here because loading pyelftools is slow

    path = env.subst("$PIOMAINPROG")
    content = elf.sections(Path(path).read_bytes(), ram_size)
    areas = {section.name: section.memory for section in content if section.name != elf.STACK_AREA}
    report = sizedata.report(path, areas, board)
    Path(env.subst("$BUILD_DIR"), "sizedata.json").write_text(json.dumps(report), encoding="utf-8")


def tell_test_runner(target: Any, source: Any, env: Any) -> None:
    """Say where the runner of `pio test` is. `platform.py` wrote it, as PlatformIO looks for it before SCons runs."""
    path = Path(env.subst("$PROJECT_TEST_DIR"), "test_custom_runner.py")
    sys.stdout.write(f"{path} lets pio test use the runner of this platform\n")


def describe_sdcc() -> None:
    """Add to PlatformIO's IDE data what an editor must know about SDCC."""
    from stm8build import ide

    folders = ide.include_folders(compiler.folder) if compiler else []
    command = [
        env.WhereIs("sdcc") or "sdcc",
        *machine,
        "-E",
        "-Wp-dM",
        *(str(folder / "stdint.h") for folder in folders),
    ]
    listed = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    env.Append(CPPPATH=[str(folder) for folder in folders], CPPDEFINES=ide.defines(listed.stdout))


if platform.builds(COMMAND_LINE_TARGETS) or "nobuild" in COMMAND_LINE_TARGETS:
    from stm8build import binutils

    tools = Path(env.Dir("$BUILD_DIR").get_path(env.Dir("#")), "tools")  # for scripts of the project
    env.Replace(**binutils.launchers(tools, env["PYTHONEXE"], ram_size, windows=os.name == "nt"))
own_targets: dict[str, Any] = {"test-runner": Action(tell_test_runner, None)}  # the builder itself serves these
of_program: dict[str, Any] = {}
if platform.builds(COMMAND_LINE_TARGETS):
    from stm8build import elf, sources
    from stm8build.link import convention_check, link_step
    from stm8build.memory_map import memory_target
    from stm8build.unused import unused_step
    from stm8build.wrong_code import compiler_check, file_findings

    if " " in env.Dir("$BUILD_DIR").get_path(env.Dir("#")):  # as SDCC gets it: relative to the project, or absolute
        stop(
            f"build_dir = {env.subst('$PROJECT_BUILD_DIR')}: SDCC cannot write below a folder with a space in its name"
        )
    taken: list[str] = []  # the sources that already have an object
    take_objects_of_a_script()
    env.AddBuildMiddleware(take_source)
    env.AddMethod(refuse_sketches, "ConvertInoToCpp")
    env.AddMethod(dump_size_data, "DumpSizeData")
    if env.IsIntegrationDump():
        describe_sdcc()
    warn_of_sketches()
    link = link_step.LinkStep(env, offset)
    mode = board.get("build.wrong_code", options.OPTIONS[file_findings.OPTION].default)
    check = compiler_check.CompilerCheck(env, link.modules, mode, asked=file_findings.TARGET in COMMAND_LINE_TARGETS)
    program = env.BuildProgram()
    require_sources(env.get("PIOBUILDFILES"))
    remove = board.get("build.remove_unused", options.OPTIONS[unused_step.OPTION].default) == "yes"
    keep = unused_step.names(board.get("build.keep_unused", ""))
    unused = unused_step.UnusedStep(env, ram_size, keep, verbose=bool(int(ARGUMENTS.get("PIOVERBOSE", 0))))
    if remove:
        env.AddPostAction(program, unused.after_link)
    else:
        unused.forget()
    env.NoCache(program)  # a map and reports are beside it, and build_cache_dir keeps single files
    env.AddPostAction(program, Action(settle_program, None))
    look_at_flags = Action(link.check_flags, None)
    look_at_flags.of_the_platform = True  # a framework looks for the pre-actions of a project's scripts
    env.AddPreAction(program, look_at_flags)
    firmware = env.ElfToHex("$BUILD_DIR/${PROGNAME}", program)
    if "checkprogsize" not in COMMAND_LINE_TARGETS:  # Core runs the targets of a command line in order
        env.Depends(firmware, "checkprogsize")
    env.AddPostAction(
        "checkprogsize",
        Action(f'"$PYTHONEXE" "$STM8ELF" check {ram_size} $SOURCE {memory_model} $PIOFRAMEWORK', None),
    )
    env.AddPreAction("checkprogsize", Action(unused.advise, None))
    if remove:
        env.AddPostAction("checkprogsize", Action(unused.tell, None))
    env.AddPostAction("checkprogsize", Action(link.check_program, None))
    env.AddPostAction("checkprogsize", Action(check.after_build, None))
    assembler_check = convention_check.ConventionCheck(link.modules, compiler.version if compiler else ())
    env.AddPostAction("checkprogsize", Action(assembler_check.after_build, None))
    own_targets[file_findings.TARGET] = Action(check.list_all, None)
    own_targets[memory_target.TARGET] = Action(memory_target.MemoryMap(link.objects).show, None)
    of_program[memory_target.TARGET] = program  # a program that is too large has no other file
    AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE")))
    Default([env.Alias("buildprog", firmware, firmware), "size"])
else:
    env.Replace(SIZETOOL="")  # otherwise Core makes the upload depend on a check of the ELF
    candidates = [env.subst(f"$BUILD_DIR/${{PROGNAME}}.{suffix}") for suffix in ("hex", "ihx")]  # SDCC's own is .ihx
    firmware = next((path for path in candidates if Path(path).is_file()), candidates[0])
    if "check-compiler" in COMMAND_LINE_TARGETS:  # otherwise SCons would say that it does not know the target
        stop("check-compiler looks at the objects of a build, and nobuild builds nothing; leave one of the two out")
    if "nobuild" in COMMAND_LINE_TARGETS and not Path(firmware).is_file():
        stop(f"nobuild: there is no {firmware} yet; `pio run -e {env['PIOENV']}` builds it")
    AlwaysBuild(env.Alias("nobuild", firmware))

#
# The flasher's targets
#

target_actions.add(env, firmware, own_targets, of_program)
