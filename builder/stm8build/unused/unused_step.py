"""The option `remove_unused`: after the linker, leave out what the program does not reach, and link again.

The parts are pure modules in this folder. This module connects them to SCons.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SCons.Action import Action
from SCons.Subst import escape_list

from .. import elf
from ..linker_files import linked_objects, maps, program
from . import reduction

OPTION = "board_build.remove_unused"
KEEP = "board_build.keep_unused"
REPORT = "unused.json"  # in the build directory
_NOTHING = f"warning: {OPTION}: nothing is removed"


class StepError(Exception):
    """Why the program stays as it is, as one sentence."""


def names(text: Any) -> list[str]:
    """Return the names in the value of the option `keep_unused`."""
    return [word for word in re.split(r"[\s,]+", str(text or "")) if word]


def dropped(build_dir: Path) -> set[str]:
    """Return the symbols that the last link left out."""
    try:
        return {one["symbol"] for one in json.loads((build_dir / REPORT).read_text(encoding="utf-8"))["dropped"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # nothing is left out


class UnusedStep:
    """What is left out of the program of one environment of platformio.ini."""

    def __init__(self, env: Any, ram_size: int, keep: list[str], verbose: bool) -> None:
        """Prepare the step.

        Args:
            env: SCons's environment.
            ram_size: In bytes.
            keep: The C names that stay anyway.
            verbose: Whether the report lists all that is left out.
        """
        self.env = env
        self.ram_size = ram_size
        self.keep = keep
        self.verbose = verbose
        # Relative to the project, because SDCC cannot write below a folder with a space in its name.
        self.build_dir = Path(env.Dir("$BUILD_DIR").get_path(env.Dir("#")))
        self.folder = self.build_dir / "unused"
        env.Replace(SDCC_KEEP_UNUSED=" ".join(keep))
        self.after_link = Action(self._after_link, None, varlist=["SDCC_KEEP_UNUSED"])

    def forget(self) -> None:
        """Remove the report of a link before."""
        (self.build_dir / REPORT).unlink(missing_ok=True)

    def _after_link(self, target: Any, source: Any, env: Any) -> int:
        """Link the program again without what it does not reach. If that fails, the first one stays. An action."""
        self.forget()
        if not Path(str(target[0])).is_file():
            return 0  # a program without a byte; the next action tells it
        try:
            self._link_again(target[0], source, env)
        except (StepError, linked_objects.UnknownError, OSError) as exc:
            sys.stderr.write(f"{_NOTHING}: {exc}\n")
        return 0

    def _link_again(self, target: Any, source: Any, env: Any) -> None:
        path = Path(str(target))
        before = path.read_bytes()
        units = self._units(target, path, source, program.read(before))
        self.folder.mkdir(parents=True, exist_ok=True)
        keep = [f"_{name}" for name in self.keep]
        result = reduction.reduce(units, ["_main", *keep], self.folder, self._assembler(env))
        self._tell_of_unknown(units, keep)
        again = env.Clone()
        again.Replace(LIBS=[])
        new = self.folder / path.name
        new.unlink(missing_ok=True)
        link = Action("$LINKCOM", None)
        code = link([again.File(_node_path(new))], [again.File(_node_path(one)) for one in result.objects], again)
        if code or not new.is_file():
            raise StepError("the linker refuses the program without what it does not reach")
        for written in self.folder.glob(f"{path.stem}.*"):
            if written.is_file():
                written.replace(path.with_name(written.name))
        report = {
            "dropped": [one._asdict() for one in result.dropped],
            "whole": [one._asdict() for one in result.whole],
            "objects": {path.as_posix(): file for path, file in result.objects.items()},
            "flash": {"before": self._flash(before), "after": self._flash(path.read_bytes())},
        }
        (self.build_dir / REPORT).write_text(json.dumps(report, indent=1), encoding="utf-8")

    def _flash(self, content: bytes) -> int:
        return sum(len(section.data) for section in elf.sections(content, self.ram_size) if section.memory == "flash")

    def _tell_of_unknown(self, units: Sequence[linked_objects.Unit], keep: Sequence[str]) -> None:
        known = {name for unit in units for name in re.findall(r"\b_\w+", unit.content.decode("latin-1"))}
        for unit in units if keep else ():
            if unit.assembler and unit.assembler.is_file():
                known.update(re.findall(r"^(_\w+):", unit.assembler.read_text("latin-1"), re.MULTILINE))
        for name in keep:
            if name not in known:
                sys.stderr.write(f"warning: {KEEP}: the program has no function or constant `{name[1:]}`\n")

    #
    # The program that was linked
    #

    def _units(self, target: Any, path: Path, source: Any, linked: program.Program) -> list[linked_objects.Unit]:
        listed = maps.listed(path.with_suffix(".map").read_text("utf-8", "replace"))
        libraries = {linked_objects.plain(str(node)): node for node in target.all_children() if node.sources}
        nodes: dict[Path, Any] = {}

        def origin(node: Any) -> linked_objects.Origin:
            path = Path(str(node))
            if not node.sources:
                return linked_objects.Origin(path, str(node), None)
            file = str(node.sources[0].srcnode())
            if not file.lower().endswith(".c"):
                return linked_objects.Origin(path, file, None)  # what a person has written stays whole
            nodes[path.with_suffix(".asm")] = node
            return linked_objects.Origin(path, file, path.with_suffix(".asm"))

        def parts(library: str) -> list[linked_objects.Origin]:
            node = libraries.get(linked_objects.plain(library))
            return [origin(part) for part in (node.sources if node else ())]

        found = linked_objects.units(listed, linked.symbols, [origin(node) for node in source], parts)
        for unit in found:
            if unit.assembler and not unit.assembler.is_file():  # the object came from `build_cache_dir`
                self._compile(nodes[unit.assembler], unit.assembler)
        return found

    def _compile(self, node: Any, path: Path) -> None:
        """Let SDCC write the assembler of an object once more."""
        env = node.get_build_env()
        with tempfile.TemporaryDirectory(dir=self.build_dir, prefix="assembler") as folder:
            out = Path(folder, path.name)
            text = "$CC -S $SDCC_COMPILE_FLAGS $_CCCOMCOM $SOURCES"
            words = env.subst_list(text, target=[node], source=node.sources)[0]
            # A shell reads the words, as in the build: `-DNAME=\\"text\\"` has a backslash for it.
            line = " ".join([*escape_list(words, env["ESCAPE"]), "-o", out.as_posix()])
            variables = {name: str(value) for name, value in env["ENV"].items()}
            done = subprocess.run(line, shell=True, env=variables, capture_output=True, check=False)
            if not done.returncode and out.is_file():
                path.write_bytes(out.read_bytes())

    def _assembler(self, env: Any) -> reduction.Assemble:
        command = [str(word) for word in env.subst_list("$AS $ASFLAGS")[0]]
        variables = {name: str(value) for name, value in env["ENV"].items()}

        def assemble(source: Path, target: Path, option: str) -> bool:
            words = [command[0], command[1] + option, *command[2:], target.as_posix(), source.as_posix()]
            done = subprocess.run(words, env=variables, capture_output=True, check=False)
            return done.returncode == 0 and not done.stderr and target.is_file()

        return assemble

    #
    # Tell
    #

    def advise(self, target: Any, source: Any, env: Any) -> int:
        """Say what to do if the program is larger than the flash; PlatformIO ends the run. An action."""
        path = Path(str(source[0]))
        if path.is_file() and self._flash(path.read_bytes()) > env.BoardConfig().get("upload.maximum_size"):
            removed = (self.build_dir / REPORT).is_file()
            smaller = "" if removed else f"{OPTION} = yes leaves out what the program does not reach, and "
            sys.stderr.write(f"hint: {smaller}`pio run -t memory-map` shows what fills the flash\n")
        return 0

    def tell(self, target: Any, source: Any, env: Any) -> int:
        """Print how much is left out, and what if the user wants to see it. An action."""
        try:
            report = json.loads((self.build_dir / REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0  # a warning has told why nothing is left out
        dropped = [one for one in report["dropped"] if one["size"]]  # a function without a byte is only a name
        kinds = [one["kind"] for one in dropped]
        before, after = report["flash"]["before"], report["flash"]["after"]
        sys.stdout.write(
            f"remove_unused: {before - after} of {before} bytes of flash are dropped: "
            f"{_count(kinds.count('function'), 'function')} and {_count(kinds.count('constant'), 'constant')}"
            + (":\n" if self.verbose and kinds else "; -v lists them\n" if kinds else "\n")
        )
        for one in dropped if self.verbose else ():
            sys.stdout.write(f"  {one['size']:6}  {one['kind']:9} {one['symbol']}  {one['file']}\n")
        for one in report["whole"] if self.verbose else ():
            sys.stdout.write(f"  in one piece: {one['file']}: {one['why']}\n")
        return 0


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _node_path(path: Path) -> str:
    return path.as_posix() if path.is_absolute() else f"#{path.as_posix()}"
