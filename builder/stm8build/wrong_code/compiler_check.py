"""Look for wrong code of SDCC in every build: let SDCC print its syntax tree, look at it, tell.

The rules are pure modules in this folder. This module connects them to SCons.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Optional

from SCons.Subst import escape_list

from ..refusal import refuse
from . import file_findings
from .file_findings import OPTION, TARGET
from .initialisers import OTHER_SUFFIXES, SUFFIX
from .kinds import BY_NAME
from .later_code import NARROWED, PLACED, lines_of

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "compilers.md"  # a project has no such file
_REST = (
    f"{_PAGE} explains each kind; silence one line with the comment `// wrong-code: ok`, or all with "
    "board_build.wrong_code = off"
)

_CODES = (SUFFIX, NARROWED, PLACED)  # of the files with intermediate code, in the order of `file_findings.Compiled`
_MESSAGES_TO_STDOUT = "--use-stdout"  # of SDCC: then its messages would be in the tree

Spawn = Callable[[str, Callable[[str], str], str, list[str], dict[str, str]], int]


class Place(NamedTuple):
    """One finding. It is one even if a header is in several sources, or a function in several others."""

    library: str  # its name; empty for the project's own
    version: str  # of SDCC
    finding: file_findings.Finding


class Looked(NamedTuple):
    """The program."""

    files: int
    versions: tuple[str, ...]
    places: list[Place]


def _tree(target: Path) -> Path:
    return target.with_suffix(".tree")


def _messages(target: Path) -> Path:
    return target.with_suffix(".messages")


def printing_the_tree(spawn: Spawn) -> Spawn:
    """Return what starts a command as `spawn` does; a call of SDCC that compiles also shows its syntax tree.

    SDCC prints the tree on stdout and its messages on stderr, and writes its intermediate code beside the object. All
    go into files there, and the messages to the user as well: one of them is a sign of wrong code. A command that fails
    runs again as it was, so the search never decides whether a file compiles.
    """

    def start(shell: str, escape: Callable[[str], str], command: str, words: list[str], variables: Any) -> int:
        target = _compiled_to(words)
        if target is None:
            return spawn(shell, escape, command, words, variables)
        tree, messages = _tree(target), _messages(target)
        into = [">", escape(tree.as_posix()), "2>", escape(messages.as_posix())]
        for suffix in _CODES:  # SDCC writes none of them for a file without a function
            target.with_suffix(suffix).unlink(missing_ok=True)
        searched = [word for word in words if word != _MESSAGES_TO_STDOUT]
        failed = spawn(shell, escape, command, [*searched, *file_findings.DUMPS, *into], variables)
        for suffix in OTHER_SUFFIXES:
            target.with_suffix(suffix).unlink(missing_ok=True)
        if failed:
            tree.unlink(missing_ok=True)
            return spawn(shell, escape, command, words, variables)
        for code in filter(Path.is_file, (target.with_suffix(suffix) for suffix in (NARROWED, PLACED))):
            shorter = "\n".join(lines_of(code.read_text("utf-8", "replace")))
            code.write_text(shorter, encoding="utf-8")  # each build reads it again
        (sys.stderr if searched == words else sys.stdout).write(messages.read_text("utf-8", "replace"))
        os.utime(tree)  # not older than the object: then it belongs to it
        return 0

    return start


def _shows_more(word: str) -> bool:
    """Tell whether an option of SDCC prints something that the user wants to see."""
    return word in ("-V", "--verbose") or word.startswith("--dump")


def _compiled_to(words: list[str]) -> Optional[Path]:
    """Return the object that a command line of SDCC compiles to, or None."""
    plain = [str(word).strip('"') for word in words]
    if "sdcc" not in Path(plain[0]).name.lower() or any(map(_shows_more, plain)):
        return None
    if "-c" not in plain or "-o" not in plain[:-1] or not plain[-1].lower().endswith(".c"):
        return None
    target = Path(plain[plain.index("-o") + 1])
    return target if target.suffix == ".rel" else None


class CompilerCheck:
    """The look at the program of one environment of platformio.ini."""

    def __init__(self, env: Any, modules: Callable[[Any], list[tuple[Any, bool]]], mode: str, asked: bool) -> None:
        """Let SDCC print the trees.

        Args:
            env: SCons's environment.
            modules: Gives the objects of the program, and whether each one is the project's own.
            mode: `board_build.wrong_code`: warn, error or off.
            asked: Whether the target check-compiler is run.
        """
        self.env = env
        self.modules = modules
        self.mode = mode
        self.asked = asked
        self._unread: list[str] = []
        # A project's own SPAWN may start no shell, and then nothing can go into a file.
        if (mode != "off" or asked) and env["SPAWN"].__module__.startswith("SCons."):
            env.Replace(SPAWN=printing_the_tree(env["SPAWN"]))

    #
    # Look
    #

    def look(self) -> Looked:
        """Return what was found in the files of the program that SDCC has compiled from C."""
        files = 0
        versions: dict[str, None] = {}
        found: dict[tuple[str, int, str], Place] = {}
        self._unread = []
        for node, own in self.modules(self.env["PIOMAINPROG"][0]):
            source = str(node.sources[0].srcnode()) if node.sources else ""
            if not source.lower().endswith(".c"):
                continue
            target = Path(str(node))
            compiled = self._compiled(node, target)
            if not compiled.assembler:
                self._unread.append(source)
                continue
            large = "--model-large" in [str(flag) for flag in self.env["CFLAGS"]]
            places = file_findings.cached(compiled, large, _read, target.with_suffix(".wrong"), source)
            files += 1
            version = file_findings.version_text(compiled.assembler)
            versions[version] = None
            for finding in places:
                library = self._library(finding.file) or ("" if own else self._library(source) or target.parent.name)
                where = os.path.normpath(finding.file)  # a source can reach a header by way of `..`
                found.setdefault((where, finding.line, finding.kind), Place(library, version, finding))
        if self._unread:
            more = f" and {len(self._unread) - 1} more" * (len(self._unread) > 1)
            sys.stderr.write(
                f"warning: {self._unread[0]}{more}: not searched for wrong code: SDCC does not print the syntax tree\n"
            )
        return Looked(files, tuple(versions), list(found.values()))

    def _library(self, file: str) -> str:
        """Return the name of the library or the package that a source or a header belongs to, or an empty text."""
        path = Path(file).resolve()
        # A project can lie in the folder of the library that it is an example of. Then its own files are not of that.
        own = [Path(self.env.subst(name)).resolve() for name in ("$PROJECT_DIR", "$PROJECT_SRC_DIR")]
        depth = max((len(folder.parts) for folder in own if folder in path.parents), default=0)
        folders = {Path(one.path).resolve(): str(one.name) for one in self.env.GetLibBuilders()}
        holding = [folder for folder in folders if folder in path.parents and len(folder.parts) > depth]
        if holding:
            return folders[max(holding, key=lambda folder: len(folder.parts))]
        packages = Path(self.env.subst("$PROJECT_PACKAGES_DIR")).resolve()
        return path.relative_to(packages).parts[0] if packages in path.parents else ""

    def _look_or_warn(self) -> Looked:
        """Return the same as `look`. A fault of the search is one warning: it never ends a build."""
        try:
            return self.look()
        except Exception as exc:  # noqa: BLE001 -- whatever it is, the program itself is built
            cause = f"{type(exc).__name__}: {exc}"
            sys.stderr.write(f"warning: the search for wrong code ends here: {cause}; {OPTION} = off leaves it out\n")
            return Looked(0, (), [])

    def _compiled(self, node: Any, target: Path) -> file_findings.Compiled:
        """Return what SDCC has left; where that does not belong to the object, SDCC compiles once more.

        An object from `build_cache_dir` comes alone. A project's script can start SDCC in its own way.
        """
        codes = [target.with_suffix(suffix) for suffix in _CODES]
        files = (_tree(target), target.with_suffix(".asm"), _messages(target), *codes)
        left = not getattr(node, "cached", False) and all(file.is_file() for file in files)
        if left and files[0].stat().st_mtime_ns >= target.stat().st_mtime_ns:
            return file_findings.Compiled(*(file.read_text("utf-8", "replace") for file in files))
        env = node.get_build_env()
        build_dir = env.Dir("$BUILD_DIR").get_path(env.Dir("#"))
        with tempfile.TemporaryDirectory(dir=build_dir, prefix="tree") as folder:
            out = Path(folder, "module.asm")
            text = f"$CC -S {' '.join(file_findings.DUMPS)} $SDCC_COMPILE_FLAGS $_CCCOMCOM $SOURCES"
            words = [
                word
                for word in env.subst_list(text, target=[node], source=node.sources)[0]
                if str(word) != _MESSAGES_TO_STDOUT
            ]
            # A shell reads the words, as in the build: `-DNAME=\\"text\\"` has a backslash for it.
            line = " ".join([*escape_list(words, env["ESCAPE"]), "-o", out.as_posix()])
            variables = {name: str(value) for name, value in env["ENV"].items()}
            done = subprocess.run(line, shell=True, env=variables, capture_output=True, check=False)
            assembler, *texts = (
                file.read_text("utf-8", "replace") if file.is_file() else ""
                for file in (out, *(out.with_suffix(suffix) for suffix in _CODES))
            )
        if done.returncode or not assembler:
            return file_findings.Compiled("", "", "")
        tree, messages = (output.decode("utf-8", "replace") for output in (done.stdout, done.stderr))
        made = file_findings.Compiled(tree, assembler, messages, *texts)
        for file, text in zip((*files[1:], files[0]), (*made[1:], made.tree)):
            file.write_text(text, encoding="utf-8")  # the tree last: see `printing_the_tree`
        return made

    #
    # Tell
    #

    def after_build(self, target: Any, source: Any, env: Any) -> int:
        """Warn of what is wrong in the project's own sources, and count it in libraries. An action."""
        if self.mode == "off" or self.asked:
            return 0
        places = self._look_or_warn().places
        own = [place for place in places if not place.library]
        for place in own:
            sys.stderr.write(place.finding.message(place.version) + "\n")
        libraries = Counter(place.library for place in places if place.library)
        for name, count in libraries.items():
            sys.stderr.write(
                f"warning: SDCC makes wrong code in {_count(count, 'place')} of {name}: `pio run -t {TARGET}` lists "
                "them\n"
            )
        if own:
            return self._end(len(own))
        return 0

    def _end(self, count: int) -> int:
        if self.mode == "error":
            return refuse(f"SDCC makes wrong code in {_count(count, 'place')} ({OPTION} = error)", _REST)
        sys.stderr.write(f"hint: {_REST}\n")
        return 0

    def list_all(self, target: Any, source: Any, env: Any) -> int:
        """Tell every finding, libraries too, for people or as JSON. The action of the target.

        With the option -s, PlatformIO throws stdout away. So findings are warnings on stderr, as in a build, and a file
        in the build directory has the JSON.
        """
        looked = self.look()
        data = json.dumps(_data(looked)) + "\n"
        Path(env.subst("$BUILD_DIR"), f"{TARGET}.json").write_text(data, encoding="utf-8")
        if "--json" in env.get("PROGRAM_ARGS", []):
            sys.stdout.write(data)
        else:
            for place in looked.places:
                sys.stderr.write(place.finding.message(place.version) + "\n")
            versions = " and ".join(sorted(looked.versions)) or "SDCC"
            where = f"{_count(len(looked.places), 'place')} in {_count(looked.files, 'file')}"
            sys.stdout.write(f"{where} compiled by SDCC {versions}\n")
        own = sum(not place.library for place in looked.places)
        return self._end(own) if own and self.mode == "error" else 0


def _data(looked: Looked) -> dict[str, Any]:
    places = [
        {
            **place.finding._asdict(),
            "library": place.library,
            "sdcc": place.version,
            "wrong": BY_NAME[place.finding.kind].wrong,
            "right": BY_NAME[place.finding.kind].right,
        }
        for place in looked.places
    ]
    return {"files": looked.files, "findings": places}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _read(file: str) -> Optional[str]:
    path = Path(file)
    return path.read_text("utf-8", "replace") if path.is_file() else None
