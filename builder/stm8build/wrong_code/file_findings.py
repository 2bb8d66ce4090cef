"""What SDCC makes wrong in one file: the findings of the rules, with the lines that the user has silenced left out.

Pure: no SCons in here. A finding names the file and the line, the kind, what comes out wrong, and how to write it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple, Optional

from . import (
    choices_in_text,
    divided_bytes,
    lost_arguments,
    lost_in_assembler,
    lost_values,
    rules_constants,
    shift_counts,
    unloaded_bytes,
    wrong_assembler,
    wrong_registers,
)
from .confirmations import CONFIRMATIONS, DOUBTS, INITIAL_QUESTIONS, Question, Source, touches
from .initialisers import add_initialisers
from .kinds import BY_NAME
from .lost_loops import lost_loops
from .lost_rests import lost_conditions, lost_rests
from .lost_variables import lost_variables
from .rules import DOUBTFUL, INITIAL, INITIAL_SINCE, RULES, Rule
from .syntax_tree import Function, Node, parse

OPTION = "board_build.wrong_code"
TARGET = "check-compiler"
DUMPS = ("--dump-ast", "--dump-i-code")  # options of SDCC, by which it shows what the rules look at
CACHE_FORMAT = 10  # another one where the rules change
# Kinds that are looked for in the intermediate code.
IN_THE_CODE = ("lost-condition", "lost-loop", "lost-rest", "lost-variable")
_NARROWS_SINCE = (4, 3)  # the first SDCC after 4.2, which narrows no variable
_SHIFTED_OUT = re.compile(r"^(.+?):(\d+): warning 116:", re.MULTILINE)
_SHIFT, _SHIFT_OF_A_NUMBER = re.compile(r"<<|>>"), re.compile(r"\b\d\w*\s*(?:<<|>>)")
_INDEX = re.compile(r"\[[^\[\]<>]*\]")  # one without a shift
_SUM = re.compile(r"\+|-(?!>)")
_COMPARED_IN_VAIN = re.compile(r"^(.+?):(\d+): warning 94:", re.MULTILINE)
_SILENT = re.compile(r"/[/*].*\bwrong-code: ok\b(.*)")
_WORD = re.compile(r"[\w-]+")


class Finding(NamedTuple):
    """One place in the user's program, or in a library's."""

    file: str
    line: int  # 0 where SDCC does not tell it
    kind: str
    function: str

    def message(self, version: str) -> str:
        """Return it as one line, in the form that editors know."""
        kind = BY_NAME[self.kind]
        where = f"{self.file}:{self.line}" if self.line else f"{self.file}, in {self.function}"
        return f"{where}: warning: SDCC {version} makes wrong code here: {kind.wrong} ({kind.name}); {kind.right}"


class Compiled(NamedTuple):
    """What SDCC has left of one file."""

    tree: str
    assembler: str
    messages: str
    code: str = ""  # the intermediate code, as it is before SDCC changes anything
    narrowed: str = ""  # after operations were moved and narrowed
    placed: str = ""  # with the registers of each value


def version_text(assembler: str) -> str:
    """Return the version of the SDCC that wrote it, such as `4.2.0`."""
    return ".".join(map(str, wrong_assembler.version(assembler)))


def findings(compiled: Compiled, large: bool, read: Callable[[str], Optional[str]]) -> list[Finding]:
    """Return what comes out wrong, in the order of the lines.

    Args:
        compiled: What SDCC has left.
        large: Whether the memory model is the large one.
        read: Gives the text of a source, or None, for the comments that silence a line.
    """
    source = Source(read)
    return _not_silenced(_all(compiled, large, source), source)


def _all(compiled: Compiled, large: bool, source: Source) -> list[Finding]:
    if not compiled.assembler:
        return []
    functions = parse(compiled.tree)
    add_initialisers(functions, compiled.code)
    found = {
        *_in_tree(functions, compiled, source),
        *_in_source(functions, compiled.messages, source),
        *_in_assembler(functions, compiled.assembler, large),
        *_in_the_intermediate_code(functions, compiled),
    }
    version = wrong_assembler.version(compiled.assembler)[:2]
    return sorted(finding for finding in found if BY_NAME[finding.kind].is_made_by(version))


def _not_silenced(found: list[Finding], source: Source) -> list[Finding]:
    return [finding for finding in found if not _is_silenced(finding, source.line(*finding[:2]))]


def _in_source(functions: list[Function], messages: str, source: Source) -> Iterator[Finding]:
    in_vain = {(file, int(line)) for file, line in _COMPARED_IN_VAIN.findall(messages)}
    for function in functions:
        coded = _by_line(node for statement in function.initial for node in statement.walk())
        for where, nodes in _by_line(function.nodes()).items():
            text = source.expanded(*where)
            for kind in rules_constants.kinds_in_line(text, coded.get(where, []), where in in_vain):
                yield Finding(*where, kind, function.name)
            if choices_in_text.are_lost(text, nodes, function):
                yield Finding(*where, "choice-by-a-constant", function.name)


def _by_line(nodes: Iterable[Node]) -> dict[tuple[str, int], list[Node]]:
    lines: dict[tuple[str, int], list[Node]] = {}
    for node in nodes:
        lines.setdefault((node.file, node.line), []).append(node)
    return lines


def _is_silenced(finding: Finding, line: str) -> bool:
    """Tell whether a comment silences the kind: it names kinds, or none; a reason may follow."""
    comment = _SILENT.search(line)
    if not comment:
        return False
    words = _WORD.findall(comment[1])
    kinds = list(takewhile(BY_NAME.__contains__, words))
    misspelt = not kinds and "-" in "".join(words[:1])  # then the user wants to see the other kinds
    return finding.kind in kinds if kinds else not misspelt


def _in_tree(functions: list[Function], compiled: Compiled, source: Source) -> Iterator[Finding]:
    code = wrong_assembler.Code(compiled.assembler)
    files = {node.file for function in functions for node in function.statements}

    def asked(rules: dict[str, Rule], questions: dict[str, Question]) -> Iterator[Finding]:
        for function in functions:
            for kind, rule in rules.items():
                for node in rule(function):
                    question = questions.get(kind)
                    if question is None or question(node, source.written(node.file, node.line, files), code):
                        yield Finding(node.file, node.line, kind, function.name)

    yield from asked(RULES, CONFIRMATIONS)
    yield from asked(DOUBTFUL, DOUBTS)
    version = wrong_assembler.version(compiled.assembler)
    initial = {kind: rule for kind, rule in INITIAL.items() if version >= INITIAL_SINCE.get(kind, version)}
    yield from asked(initial, INITIAL_QUESTIONS)
    shifted = {(file, int(line)) for file, line in _SHIFTED_OUT.findall(compiled.messages)}
    for function in functions if shifted else []:
        for node in function.nodes():
            where = (node.file, node.line)
            if where not in shifted or not _is_folded_sum(node):
                continue
            text = source.written(*where, files)
            if _SUM.search(_INDEX.sub("", text)) and not _shifts_only_numbers(text):
                yield Finding(node.file, node.line, "shift-count", function.name)
    for file, line in {(file, int(line)) for file, line in _COMPARED_IN_VAIN.findall(compiled.messages)}:
        names = source.volatiles(file, line)
        if names and not touches(names, code.of_line(file, line)):
            yield Finding(file, line, "untouched", _function_at(functions, file, line))


def _function_at(functions: list[Function], file: str, line: int) -> str:
    for function in functions:
        if any((node.file, node.line) == (file, line) for node in function.nodes()):
            return function.name
    return ""


def _shifts_only_numbers(text: str) -> bool:
    """Whether each shift in a text is one of a number, such as `(1 << 8) - 1`: SDCC works that out as it should."""
    return "<<" in text and _SHIFT.search(_SHIFT_OF_A_NUMBER.sub("", text)) is None


def _is_folded_sum(node: Node) -> bool:
    """Whether SDCC has put a number for a shift to which it belongs: it marks what the user wrote as const."""
    made = node.kind == "CONSTANT" and node.value and node.type.text.endswith(" literal")
    if not made or node.type.text.startswith("const-"):
        return False
    return node.parent is None or node.parent.kind in ("ADD", "SUB", "RETURN", "ASSIGN(=)", "CAST", "PARAM", "CALL")


def _in_assembler(functions: list[Function], assembler: str, large: bool) -> Iterator[Finding]:
    wide = {function.name for function in functions if function.returns.size == 8}
    places = (
        *wrong_assembler.patterns(assembler),
        *wrong_assembler.moved_parameters(assembler, wide, large),
        *wrong_assembler.overwritten_bytes(assembler),
        *shift_counts.overwritten_counts(assembler),
        *wrong_assembler.misplaced_falses(assembler),
        *lost_in_assembler.lost(assembler, functions),
        *unloaded_bytes.unloaded_bytes(functions, assembler),
        *lost_arguments.lost_arguments_of_pointers(assembler),
        *wrong_registers.unpushed_factors(assembler),
        *wrong_registers.doubled_bytes(functions, assembler),
    )
    for place in places:
        loses = place.kind in ("lost-low-byte", "lost-middle-byte")
        if not loses or not lost_in_assembler.drops_the_low_byte(functions, place.file, place.line):
            yield Finding(place.file, place.line, place.kind, place.function)


def _in_the_intermediate_code(functions: list[Function], compiled: Compiled) -> Iterator[Finding]:
    narrows = wrong_assembler.version(compiled.assembler) >= _NARROWS_SINCE
    places = (
        *lost_loops(compiled.code, compiled.messages),
        *lost_rests(compiled.code, compiled.placed, compiled.messages),
        *lost_conditions(functions, compiled.placed),
        *(lost_variables(compiled.code, compiled.narrowed) if narrows else ()),
        *lost_values.lost_bytes(compiled.placed, compiled.assembler),
        *lost_arguments.lost_arguments(compiled.placed, compiled.assembler),
        *lost_values.overwritten_values(compiled.placed, compiled.assembler),
        *divided_bytes.divided_bytes(compiled.code, compiled.placed),
    )
    for place in places:
        yield Finding(place.file, place.line, place.kind, place.function)


def cached(
    compiled: Compiled, large: bool, read: Callable[[str], Optional[str]], cache: Path, source: str
) -> list[Finding]:
    """Return the same as `findings`; nothing is looked for anew while the file and what SDCC made of it stay.

    The comments that silence a line are read each time: they can be in another file, which `#line` names.
    """
    silencing = Source(read)
    text = "\0".join((str(CACHE_FORMAT), str(large), read(source) or "", *compiled))
    key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    try:
        held = json.loads(cache.read_text(encoding="utf-8"))
        if held["key"] == key:
            return _not_silenced([Finding(*row) for row in held["findings"]], silencing)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is none, or not one of ours: it is written anew
    found = _all(compiled, large, silencing)
    cache.write_text(json.dumps({"key": key, "findings": found}), encoding="utf-8")
    return _not_silenced(found, silencing)
