"""The build's steps around SDCC's linker: sort the flags, link a `main` from a library, check the program.

The parts are pure modules in this folder. This module connects them to SCons.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from .. import flags
from ..linker_files import program
from ..linker_files.objects import read_object
from ..refusal import refuse
from ..unused import unused_step
from . import handlers, startup

_LIBRARY_FOLDER = re.compile(r"/lib[0-9a-f]{3}/")  # Core's name for it in the build directory
LIBRARY_CALLS = ("_putchar", "_getchar")  # functions of a program that SDCC's library calls


class LinkStep:
    """Everything around the linker in one environment of platformio.ini."""

    def __init__(self, env: Any, offset: Optional[int]) -> None:
        """Make `env` understand SDCC's options. Its clones, such as a library's environment, understand them, too.

        Args:
            env: SCons's environment with the platform's own flags.
            offset: The address of the program, or None for the beginning of the flash.
        """
        self.env = env
        self.offset = offset
        self._told: set[str] = set()
        self._parse = env.ParseFlagsExtended.method
        self._process = env.ProcessFlags.method
        own = [("--code-loc", f"0x{offset:X}")] if offset is not None else []
        env.Append(LINKFLAGS=own)
        self.base = [flag for flag in env["LINKFLAGS"] if isinstance(flag, tuple)]
        env.AddMethod(self.parse_flags, "ParseFlagsExtended")
        env.AddMethod(self.process_flags, "ProcessFlags")
        env.Replace(
            SDCC_COMPILE=flags.compile_flags,
            SDCC_LINK=self.link_flags,
            SDCC_MAIN=self.main_reference,
            # Core wraps these command lines in a call of its own, which must not contain another call.
            SDCC_COMPILE_FLAGS="${SDCC_COMPILE(CFLAGS, CCFLAGS)}",
            SDCC_LINK_FLAGS="${SDCC_LINK(__env__)}",
            SDCC_MAIN_REFERENCE="${SDCC_MAIN(__env__, SOURCES)}",
            CCCOM=env["CCCOM"].replace("$CFLAGS $CCFLAGS", "$SDCC_COMPILE_FLAGS"),
            LINKCOM=env["LINKCOM"]
            .replace("$LINKFLAGS", "$SDCC_LINK_FLAGS")
            .replace("$SOURCES", "$SOURCES $SDCC_MAIN_REFERENCE"),
        )

    #
    # Flags
    #

    def parse_flags(self, env: Any, lines: Any) -> Any:
        """Replace PlatformIO's ParseFlagsExtended, which only knows GNU's options."""
        lines = lines if isinstance(lines, list) else [lines]
        if any(str(line).lstrip().startswith("!") for line in lines):  # a command that prints flags: SCons runs it
            return self._parse(env, lines)
        found = flags.parse(lines)
        result = self._parse(env, [_quoted(found.rest)])
        for name, more in (
            ("CCFLAGS", [*found.compile, *found.bare]),
            ("ASFLAGS", found.assemble),
            ("LINKFLAGS", found.link),
        ):
            result[name] = [*result.get(name, []), *more]
        return result

    def process_flags(self, env: Any, lines: Any) -> Any:
        """Replace PlatformIO's ProcessFlags: refuse an option without its argument."""
        lines = lines if isinstance(lines, list) or not lines else [lines]
        try:
            found = flags.parse(lines or [])
        except ValueError:
            line = " ".join(map(str, lines))
            env.Exit(refuse(f"build_flags = {line}: a quotation mark has no partner", "add it, or remove the first"))
        self._tell_of_gcc(found.rest)
        bare = found.bare
        if bare and not env.IsIntegrationDump():
            hint = f"write it after the option, such as {bare[0]} VALUE, or leave the option out"
            env.Exit(refuse(f"build_flags: {bare[0]} takes an argument, and none follows it", hint))
        return self._process(env, lines)

    def _tell_of_gcc(self, words: list[str]) -> None:
        """Warn once of each option that is left out."""
        for word in words:
            if flags.is_warning_of_gcc(word) and word not in self._told:
                self._told.add(word)
                sys.stderr.write(
                    f"warning: build_flags: {word} is left out: it is an option of GCC, and SDCC would pass the end of "
                    "it to another program. SDCC shows its warnings anyway\n"
                )

    def link_flags(self, env: Any) -> list[Any]:
        """Return the words for the linker. LINKCOM calls this."""
        return flags.link_flags(env["LINKFLAGS"], (env["CFLAGS"], env["CCFLAGS"]), self.base)

    def check_flags(self, target: Any, source: Any, env: Any) -> int:
        """Refuse options that put the program at two addresses. An action: it runs after all scripts.

        The linker also reads the listing of every object. One from `build_cache_dir` comes without it.
        """
        for path in (Path(str(node)).with_suffix(".lst") for node in source):
            if path.parent.is_dir() and not path.is_file():
                path.write_text("", encoding="ascii")
        problem = flags.place_problem([_text(env, flag) for flag in self.link_flags(env)], self.offset)
        return refuse(*problem) if problem else 0

    #
    # A `main` from a library
    #

    def libraries(self, env: Any) -> list[Path]:
        """Return the files of the libraries, in the linker's order."""
        folders = [Path(str(env.subst(str(folder)))) for folder in env.Flatten(env.get("LIBPATH", []))]
        found: list[Path] = []
        for item in env.Flatten(env["LIBS"]):
            name = env.subst(str(item))
            places = [Path(name), *(folder / f"{name}{suffix}" for folder in folders for suffix in (".lib", ""))]
            found += [next((place for place in places if place.is_file()), Path(name))]
        return found

    def main_reference(self, env: Any, sources: Any) -> list[str]:
        """Return an object that refers to `main` if the linker would leave `main` in a library. LINKCOM calls this."""
        objects = [Path(str(node)) for node in sources]
        if env["SDCC_STARTUP"] == "own" or not startup.needs_reference(objects, self.libraries(env)):
            return []
        # Relative to the project, because SDCC cannot write below a folder with a space in its name.
        file = Path(env.Dir("$BUILD_DIR").get_path(env.Dir("#")), "main_reference.rel")
        file.write_text(startup.REFERENCE, encoding="ascii")
        file.with_suffix(".lst").write_text("", encoding="ascii")  # the linker reads the listing of every object
        return [file.as_posix()]

    #
    # The program
    #

    def check_program(self, target: Any, source: Any, env: Any) -> int:
        """Refuse a program that would not run or cannot be uploaded. An action: it runs after the linker."""
        node = env["PIOMAINPROG"][0]
        linked = program.read(Path(str(node)).read_bytes())
        board = env.BoardConfig()
        upload = board.get("upload")
        part = upload.get("part") or upload.get("stm8flash_target") or board.get("build.mcu")
        held = program.memories(part, upload["maximum_size"])
        problem = program.outside(linked, part, held, upload["maximum_ram_size"]) if held else None
        if not problem and env["SDCC_STARTUP"] != "own":
            problem = self._startup_problem(linked)
            unserved = None if problem else self._handler_problem(linked, node)
            if unserved and "test" in env.GetBuildType():
                # A unit test calls the functions of a program. Its `main` usually enables no interrupt.
                sys.stderr.write(f"warning: {unserved[0]}\n")
            else:
                problem = problem or unserved
        return refuse(*problem) if problem else 0

    def _start(self) -> int:
        places = flags.places([_text(self.env, flag) for flag in self.link_flags(self.env)])
        return next(iter(places.values()), program.FLASH_START)

    def _startup_problem(self, linked: program.Program) -> Optional[tuple[str, str]]:
        if program.starts(linked, self._start()):
            return None
        names = {name[1:] for name in linked.symbols if name.startswith("_")}
        return startup.problem(names, self._start())

    def objects(self, node: Any) -> Iterator[tuple[Any, bool]]:
        """Yield (object, whether it is the project's own). A library may have objects that no program needs."""
        for child in node.all_children():
            if str(child).endswith(".rel"):
                yield child, not _LIBRARY_FOLDER.search(Path(str(child)).as_posix())  # with lib_archive = no
            elif child.sources and str(child) != str(node):
                yield from ((member, False) for member in child.sources if str(member).endswith(".rel"))

    def modules(self, node: Any) -> list[tuple[Any, bool]]:
        """Return the objects that are in the program, and whether each one is the project's own."""
        linked = program.read(Path(str(node)).read_bytes())
        return [(module.node, own) for module, own in self._linked_modules(node, linked)]

    def _linked_modules(self, node: Any, linked: program.Program) -> list[tuple[_Module, bool]]:
        objects = [(_Module(part), always) for part, always in self.objects(node)]
        needed = {"_main", *LIBRARY_CALLS}.union(*(module.names("Ref") for module, _ in objects))
        dropped = unused_step.dropped(Path(self.env.subst("$BUILD_DIR")))
        return [pair for pair in objects if pair[1] or pair[0].is_linked(linked.symbols, dropped, needed)]

    def _handler_problem(self, linked: program.Program, node: Any) -> Optional[tuple[str, str]]:
        """Return (message, hint) for the first handler without a vector, or None; warn of a template's handlers."""
        table = program.vectors(linked, self._start())
        modules = [module for module, _ in self._linked_modules(node, linked)]
        main_file = next((module.file for module in modules if handlers.is_main(module.assembler)), None)
        if not table or (main_file is None and "_main" not in linked.symbols):
            return None  # the program brings its own vectors
        templates = 0
        for module in modules:
            if module.file == main_file:
                continue
            for handler in self._unserved(module, linked.symbols, table):
                if handlers.is_template(handler):
                    templates += 1
                    continue
                where = main_file or "the file with main"
                return handlers.problem(handler, table, linked.symbols, where)
        if templates:
            sys.stderr.write(
                f"warning: {templates} empty interrupt handlers get no vector, because "
                f"{main_file or 'the file with main'} does not include their header\n"
            )
        return None

    def _unserved(self, module: _Module, symbols: dict[str, int], table: list[int]) -> list[handlers.Unserved]:
        suspects = [
            found
            for found in handlers.candidates(module.assembler)
            if not handlers.is_served(found, symbols.get(f"_{found.name}"), table)
        ]
        if not suspects and not module.from_cache:
            return []
        numbers = self._numbers(module)
        if module.from_cache:
            suspects = [handlers.Candidate(name, False, None) for name in numbers]
        return [
            handlers.Unserved(module.file, found.name, numbers[found.name], found.empty)
            for found in suspects
            if numbers.get(found.name, handlers.TRAP + 1) <= handlers.TRAP
            and not handlers.is_served(found._replace(number=numbers[found.name]), symbols.get(f"_{found.name}"), table)
        ]

    def _numbers(self, module: _Module) -> dict[str, int]:
        """Compile a module once more, so that SDCC tells the interrupt of each handler."""
        env = module.node.get_build_env()
        build_dir = env.Dir("$BUILD_DIR").get_path(env.Dir("#"))
        with tempfile.TemporaryDirectory(dir=build_dir, prefix="handlers") as folder:
            out = Path(folder, "module.asm")
            words = "$CC -S --debug $SDCC_COMPILE_FLAGS $_CCCOMCOM $SOURCES"
            # With the target, SCons writes the header folders as for the object.
            found_words = env.subst_list(words, target=[module.node], source=module.node.sources)[0]
            # For an ELF, SDCC would write DWARF instead of the .adb.
            command = [str(word) for word in found_words if str(word) != "--out-fmt-elf"]
            done = subprocess.run([*command, "-o", out.as_posix()], env=env["ENV"], capture_output=True, check=False)
            told = out.with_suffix(".adb")
            if done.returncode or not told.is_file():
                sys.stderr.write(
                    f"warning: {module.file}: SDCC does not tell which interrupts its handlers serve, so they are not "
                    "compared with the vectors\n"
                )
                return {}
            return handlers.numbers(told.read_text("utf-8", "replace"))


class _Module:
    """An object, and the files that SDCC wrote beside it."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.file = str(node.sources[0].srcnode()) if node.sources else str(node)
        self.path = Path(str(node))
        assembler = self.path.with_suffix(".asm")
        from_c = self.file.lower().endswith(".c")
        self.from_cache = from_c and not assembler.is_file()  # build_cache_dir has only objects
        self.assembler = assembler.read_text("utf-8", "replace") if from_c and not self.from_cache else ""
        if self.from_cache and startup.defines_main(self.path):
            self.assembler = "_main:"  # no other line of it is needed

    def names(self, kind: str) -> list[str]:
        """Return the C names that it defines ("Def") or refers to ("Ref")."""
        found = read_object(self.path.read_text("utf-8", "replace"))
        return [name for name in (found.defines if kind == "Def" else found.refers) if name.startswith("_")]

    def is_linked(self, symbols: dict[str, int], dropped: set[str], needed: set[str]) -> bool:
        """Tell whether a library's module is in the program because something refers to it.

        Args:
            symbols: Those of the program.
            dropped: Those that `remove_unused` has left out.
            needed: Those that the program's objects refer to.
        """
        defined = self.names("Def")
        if needed.isdisjoint(defined) or not all(name in symbols or name in dropped for name in defined):
            return False
        return not dropped or any(name in symbols for name in defined)


def _quoted(words: list[str]) -> str:
    return " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)


def _text(env: Any, flag: Any) -> Any:
    """Return a flag with its variables expanded."""
    if isinstance(flag, tuple):
        return tuple(env.subst(str(word)) for word in flag)
    return env.subst(flag) if isinstance(flag, str) else flag
