"""Warn where a project's own assembler and SDCC disagree about calls. Here conventions.py meets SCons."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import flags
from ..sdcc import FIRST_IN_REGISTERS
from . import conventions

Problem = tuple[str, str, str]  # file, warning, hint


class ConventionCheck:
    """The look at the assembler of one environment of platformio.ini."""

    def __init__(self, modules: Callable[[Any], Iterable[tuple[Any, bool]]], version: tuple[int, ...]) -> None:
        """Keep the function that gives the objects in a program, and SDCC's version. Empty: it is not known."""
        self.modules = modules
        self.version = version or FIRST_IN_REGISTERS

    def after_build(self, target: Any, source: Any, env: Any) -> int:
        """Warn of each routine. An action: it runs after the linker."""
        for file, warning, hint in dict.fromkeys(self._problems(env)):
            sys.stderr.write(f"warning: {file}: {warning}\nhint: {hint}\n")
        return 0

    def _problems(self, env: Any) -> Iterator[Problem]:
        build = self._build(env)
        hand_written: dict[str, str] = {}
        called: dict[str, list[conventions.Call]] = {}
        by_sdcc: list[str] = []
        for node, _ in self.modules(env["PIOMAINPROG"][0]):
            file = str(node.sources[0].srcnode()) if node.sources else ""
            if file.lower().endswith(conventions.SUFFIXES):
                hand_written[file] = Path(file).read_text("utf-8", "replace")
            assembler = Path(str(node)).with_suffix(".asm")
            if not file.lower().endswith(".c") or not assembler.is_file():
                continue  # an object out of build_cache_dir comes alone
            by_sdcc.append(assembler.read_text("utf-8", "replace"))
        if not hand_written and not any(conventions.may_call_wrongly(build, text) for text in by_sdcc):
            return  # as in most programs: SDCC's own calls are right
        own = {name for text in by_sdcc for name in conventions.compiled(text, build.model)}
        for name, operation, place in (call for text in by_sdcc for call in conventions.calls(text)):
            called.setdefault(name, []).append(place)
            if conventions.is_wrong_call(build, operation, name, own):
                yield (f"{place.file}:{place.line}", *conventions.wrong_call_problem(build, name))
        for file, text in hand_written.items():
            for number, raw in enumerate(text.split("\n"), 1):
                for line in conventions.lines(raw):
                    if conventions.is_wrong_call(build, line.operation, line.operands, own):
                        yield (f"{file}:{number}", *conventions.wrong_call_problem(build, line.operands))
            for problem in conventions.problems(build, conventions.read(text), called):
                yield (file, *problem)

    def _build(self, env: Any) -> conventions.Build:
        words = flags.compile_flags(env["CFLAGS"], env["CCFLAGS"])
        on_the_stack = any(isinstance(flag, tuple) and flag == ("--sdcccall", "0") for flag in words)
        model = conventions.LARGE if "--model-large" in words else conventions.MEDIUM
        return conventions.Build(self.version[:2] >= FIRST_IN_REGISTERS and not on_the_stack, model)
