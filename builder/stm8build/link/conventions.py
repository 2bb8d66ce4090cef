"""Compare a project's own assembler with the way in which SDCC calls it. Pure: no SCons in here.

SDCC 4.2 and later pass the first arguments in A and X. SDCC 4.1 passes all on the stack (`__sdcccall(0)`). The large
memory model calls with `callf`, which stores a return address of 3 bytes; the medium model stores 2. Source: SDCC
Compiler User Guide, "Calling conventions", STM8. An assembler source does not name its convention. These signs tell it:

* `ret` or `retf` at the end of a routine that C calls;
* how far above the return address a routine reads the stack, and how much the calls in C put there;
* whether a routine reads A or X before it writes them.

A comment in the source decides instead: `; stm8: sdcccall 1`, `; stm8: model large`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Optional

SUFFIXES = (".s", ".asm")
_CODE = re.compile(r"^(?:([A-Za-z_.$][\w.$]*|\d+\$)(::?))?\s*(?:(\w+)(?:\s+(.*))?)?$")
_MARK = re.compile(r";\s*stm8:\s*(sdcccall\s+([01])|model\s+(medium|large))\b", re.IGNORECASE)
_NEAR_CALL = re.compile(r"^\s+callr?\s+_", re.MULTILINE | re.IGNORECASE)
_FAR_CALL = re.compile(r"^\s+callf\s+_", re.MULTILINE | re.IGNORECASE)
_GLOBAL = re.compile(r"^\s*\.globl\s+(.*)$", re.MULTILINE)
_STACK = re.compile(r"\(\s*(?:#?)(0x[0-9a-fA-F]+|\d+)\s*,\s*sp\s*\)", re.IGNORECASE)
_SP_BY = re.compile(r"sp\s*,\s*#\s*(0x[0-9a-fA-F]+|\d+)", re.IGNORECASE)
_FUNCTION = re.compile(r"^;\t function (\w+)$")
_C_LINE = re.compile(r"^;\t(.+?): (\d+): ")
_CALLS = ("call", "callf", "jp", "jpf", "callr", "jra", "jrt")
_ENDS = ("ret", "retf", "iret", "jp", "jpf", "jra", "jrt")
_WORDS = ("ldw", "addw", "subw", "cpw")  # they take two bytes of the stack
_PUSHES = {"push": 1, "pushw": 2, "pop": -1, "popw": -2}
_TAKES = {"sub": 1, "subw": 1, "add": -1, "addw": -1}  # … sp, #n
_CLEARS = ("clr", "clrw")
MEDIUM, LARGE = "medium", "large"
_ADDRESS = {MEDIUM: 2, LARGE: 3}  # bytes of a return address
_RETURN = {MEDIUM: "ret", LARGE: "retf"}
_CALL = {MEDIUM: "call", LARGE: "callf"}


class Build(NamedTuple):
    """How SDCC calls functions in this build."""

    in_registers: bool
    model: str


class Call(NamedTuple):
    """A place in C that calls a routine."""

    file: str
    line: int
    pushed: int  # bytes on the stack for it, at most


class Line(NamedTuple):
    """A line of assembler."""

    label: str
    exported: bool  # by `::`
    operation: str
    operands: str


class Routine(NamedTuple):
    """A routine of a hand-written source."""

    name: str
    returns: frozenset[str]  # ret, retf
    stack: int  # bytes that it reads above the place where it was called; 0: none
    reads_registers: bool  # A or X, before it writes them


class Source(NamedTuple):
    """A hand-written source."""

    routines: list[Routine]
    in_registers: Optional[bool]  # what a comment says
    model: Optional[str]


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of an assembler source without comments."""
    for raw in text.splitlines():
        found = _CODE.match(raw.partition(";")[0].rstrip())
        if found:
            label, colons, operation, operands = found.groups()
            yield Line(label or "", colons == "::", (operation or "").lower(), (operands or "").strip())


def read(text: str) -> Source:
    """Return what a hand-written source shows."""
    exported = {name.strip() for names in _GLOBAL.findall(text) for name in names.split(",")}
    bodies: list[tuple[str, list[Line]]] = []
    for line in lines(text):
        if line.label and (line.exported or line.label in exported):
            bodies.append((line.label, []))
        elif line.operation == "area" and bodies:
            bodies.append(("", []))
        if bodies:
            bodies[-1][1].append(line)
    marks = _MARK.findall(text)
    conventions = [number == "1" for _, number, _ in marks if number]
    models = [model.lower() for _, _, model in marks if model]
    return Source(
        [_routine(name, body) for name, body in bodies if name],
        conventions[-1] if conventions else None,
        models[-1] if models else None,
    )


def _number(text: str) -> int:
    return int(text, 16 if text.lower().startswith("0x") else 10)


def change(line: Line) -> int:
    """Return how many bytes an instruction puts on the stack."""
    by = _SP_BY.match(line.operands)
    if by and line.operation in _TAKES:
        return _TAKES[line.operation] * _number(by[1])
    return _PUSHES.get(line.operation, 0)


def _routine(name: str, body: list[Line]) -> Routine:
    """Follow a routine from its first line to its last, with the depth of the stack at each."""
    depth = reads = 0
    at_label: dict[str, int] = {}
    written: set[str] = set()
    from_registers = False
    for line in body:
        depth = at_label.get(line.label, depth) if line.label else depth
        if line.operation.startswith("jr") or line.operation == "jp":
            at_label.setdefault(line.operands.rpartition(",")[2].strip(), depth)
        if line.operation == "ldw" and re.match(r"sp\b", line.operands, re.IGNORECASE):
            break  # the depth is not known from here on
        for place in _STACK.findall(line.operands):
            width = 2 if line.operation in _WORDS else 1
            reads = max(reads, _number(place) - depth + width - 1)
        from_registers = from_registers or _reads_register(line, written)
        written |= _writes(line)
        depth += change(line)
    returns = frozenset(line.operation for line in body if line.operation in ("ret", "retf"))
    return Routine(name, returns, max(reads, 0), from_registers)


def _operands(line: Line) -> list[str]:
    return [word.strip().lower() for word in re.split(r",(?![^(\[]*[)\]])", line.operands) if word.strip()]


def _writes(line: Line) -> set[str]:
    """Return A and X if the instruction gives them a value."""
    operands = _operands(line)
    if line.operation in ("call", "callf", "callr"):
        return {"a", "x"}
    first = operands[0] if operands else ""
    if _is_zero(line, operands):
        return {"a"}
    if line.operation in ("ld", "ldw", "ldf", "pop", "popw", *_CLEARS, "mov") and first in ("a", "x", "xl", "xh"):
        return {first[0]}
    return {"a", "x"} & set(operands) if line.operation in ("exg", "exgw") else set()


def _is_zero(line: Line, operands: list[str]) -> bool:
    """Tell whether an instruction makes A zero whatever it held."""
    return line.operation in ("xor", "sub") and operands == ["a", "a"]


def _reads_register(line: Line, written: set[str]) -> bool:
    """Tell whether an instruction uses A or X although nothing has given them a value."""
    operands = _operands(line)
    if line.operation in ("push", "pushw", "pop", "popw", *_CLEARS, "") or line.operation in _CALLS:
        return False  # saved only, or given on
    loads = line.operation in ("ld", "ldw", "ldf", "mov")
    sources = operands[1:] + [word for word in operands[:1] if word[:1] in "([" or not loads]
    if _is_zero(line, operands):
        return False
    used = {name for word in sources for name in re.findall(r"\b(a|x|xl|xh)\b", word)}
    return bool({name[0] for name in used} - written)


def calls(assembler: str) -> Iterator[tuple[str, str, Call]]:
    """Yield (function, instruction, place) for each call in the assembler that SDCC wrote of a C source."""
    block: list[int] = []  # what each instruction since the last label or jump has put on the stack
    file, number = "", 0
    for raw in assembler.splitlines():
        place = _C_LINE.match(raw)
        if place:
            file, number = place[1], int(place[2])
        for line in lines(raw):
            if line.label:
                block = []
            target = line.operands
            if line.operation in _CALLS and re.fullmatch(r"_\w+", target):
                yield target, line.operation, Call(file, number, _most(block))
            if line.operation in (*_CALLS, *_ENDS) or line.operation.startswith("jr"):
                block = []
            elif line.operation:
                block.append(change(line))


def compiled(assembler: str, model: str) -> set[str]:
    """Return the functions in SDCC's assembler that return as this memory model does."""
    found: set[str] = set()
    name = ""
    for raw in assembler.splitlines():
        function = _FUNCTION.match(raw)
        if function:
            name = f"_{function[1]}"
        elif name and raw.startswith(f"\t{_RETURN[model]}") and raw.split() == [_RETURN[model]]:
            found.add(name)
    return found


def _most(block: list[int]) -> int:
    """Return the most bytes that the last instructions of a block have put on the stack."""
    most = total = 0
    for bytes_more in reversed(block):
        total += bytes_more
        most = max(most, total)
    return most


def problem(build: Build, source: Source, routine: Routine, places: list[Call]) -> Optional[tuple[str, str]]:
    """Return (what is wrong, what to do) with a routine that C calls, or None.

    Args:
        build: How SDCC calls it.
        source: The file.
        routine: The routine.
        places: The calls in C.
    """
    name = routine.name.lstrip("_")
    where = f"{places[0].file}:{places[0].line}"
    other = LARGE if build.model == MEDIUM else MEDIUM
    wrong_model = source.model == other
    if source.model is None:
        wrong_model = _RETURN[other] in routine.returns and _RETURN[build.model] not in routine.returns
    if wrong_model:
        sign = "as its comment says" if source.model else f"as it ends in `{_RETURN[other]}`"
        return (
            f"`{name}` is written for the {other} memory model, {sign}, and {where} calls it with "
            f"`{_CALL[build.model]}`: it returns to a wrong address",
            f"end it with `{_RETURN[build.model]}` and move the offsets of its arguments on the stack by 1, or set "
            f"board_build.memory_model = {other}",
        )
    taken = max(routine.stack - _ADDRESS[build.model], 0)
    if build.in_registers and taken > max(place.pushed for place in places):
        if source.in_registers or (source.in_registers is None and routine.reads_registers):
            return None
        most = max(place.pushed for place in places)
        return (
            f"`{name}` takes {taken} bytes of arguments from the stack, and {where} puts {most} there: it seems "
            "written for SDCC before 4.2",
            f"write __sdcccall(0) after the prototype of `{name}` in C; if the source is right, put the comment "
            "`; stm8: sdcccall 1` into it",
        )
    if not build.in_registers:
        all_on_stack = min(place.pushed for place in places)
        guessed = routine.reads_registers and not taken and all_on_stack > 0
        if source.in_registers or (source.in_registers is None and guessed):
            return (
                f"`{name}` takes arguments from A or X, and {where} puts them on the stack: it seems written for "
                "SDCC 4.2 or later",
                "use SDCC 4.2 or later without --sdcccall 0; if the source is right, put the comment "
                "`; stm8: sdcccall 0` into it",
            )
    return None


def problems(build: Build, source: Source, called: Mapping[str, list[Call]]) -> list[tuple[str, str]]:
    """Return (what is wrong, what to do) for each routine of a source that C calls."""
    found = (
        problem(build, source, routine, called[routine.name]) for routine in source.routines if routine.name in called
    )
    return [message for message in found if message]


def may_call_wrongly(build: Build, assembler: str) -> bool:
    """Tell whether SDCC's assembler has an instruction of the other model at all. This is quick."""
    return (_NEAR_CALL if build.model == LARGE else _FAR_CALL).search(assembler) is not None


def is_wrong_call(build: Build, operation: str, name: str, own: Collection[str]) -> bool:
    """Tell whether assembler calls a C function with the other model's instruction.

    Args:
        build: How SDCC calls functions.
        operation: The instruction.
        name: The function, as assembler spells it.
        own: The functions that SDCC has compiled in this program.
    """
    wrong = ("call", "callr") if build.model == LARGE else ("callf",)
    return operation in wrong and name in own


def wrong_call_problem(build: Build, name: str) -> tuple[str, str]:
    """Return (what is wrong, what to do) for a call from assembler."""
    other = LARGE if build.model == MEDIUM else MEDIUM
    return (
        f"assembler calls `{name.lstrip('_')}` with `{_CALL[other]}`, and in the {build.model} memory model it returns "
        f"with `{_RETURN[build.model]}`: it returns to a wrong address",
        f"call it with `{_CALL[build.model]}`, or set board_build.memory_model = {other}",
    )
