"""From a row of the table, or a run of instructions, to a Python function that executes them.

There is one generator for both uses. A *step* executes one opcode and reads its operand when it runs; it serves code that
ran seldom yet. A *block* executes up to BLOCK_LENGTH instructions with their operands as constants, and leaves out the
flags that nothing reads. Both load the registers into locals and store what they changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable, NamedTuple, Union

from . import semantics
from .opcodes import MODES, Row

BLOCK_LENGTH = 32
LONGEST_DIVISION = 15  # cycles that DIV and DIVW may take above those of the table

REGISTERS = ("a", "x", "y", "sp", "im", *semantics.FLAGS)
SECTION = 0xFF0000
SPACE = 0xFFFFFF

ENDS = {"JRA", "JP", "JPF", "INT", "CALL", "CALLF", "CALLR", "RET", "RETF", "IRET", "TRAP", "BREAK"}
ENDS |= {"HALT", "WFI", "WFE", "RIM", "SIM", "POPCC"}  # interrupts are looked at between blocks
PUSHES = {"PUSH", "PUSHM", "PUSHW", "PUSHCC", "CALL", "CALLF", "CALLR", "TRAP"}

_FLAG = re.compile(rf"\b({'|'.join(semantics.FLAGS)})\b")
_FLAG_SET = re.compile(rf"({'|'.join(semantics.FLAGS)}) = (.*)")
_USED = re.compile(rf"\b({'|'.join(REGISTERS)})\b")
_SET = re.compile(rf"\b({'|'.join(REGISTERS)}) =")

Value = Union[int, str]  # known, or an expression


class Layout(NamedTuple):
    """What a core may do by itself: `ram` is read and written, `rom` is read; all else goes through the bus.

    A push at `stack_low` rolls the stack pointer over to `stack_top`.
    """

    ram_end: int
    rom_start: int
    rom_end: int
    stack_low: int = 0
    stack_top: int = 0xFFFF


class Instruction(NamedTuple):
    """A decoded instruction; `operands` are the numbers in its code."""

    address: int
    row: Row
    operands: tuple[int, ...]

    @property
    def next(self) -> int:
        return self.address + self.row.length & SPACE


# The sizes of the numbers in an operand.
PARTS = {
    "#byte>long": (1, 2),
    "short>short": (1, 1),
    "long>long": (2, 2),
    "long,#bit": (2,),
    "long,#bit,rel": (2, 1),
}


def parts(mode: str) -> tuple[int, ...]:
    """Return the sizes of the numbers in the operand of a mode."""
    size = MODES[mode][0]
    return PARTS.get(mode, (size,) if size else ())


def plus(left: Value, right: Value) -> Value:
    """Add two values, now if both are known."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return f"{left} + {right}" if right else left


class Writer:
    """Writes the lines of one function.

    Attributes:
        guard: Addresses of RAM code in this block: whoever writes there leaves the block.
    """

    def __init__(self, layout: Layout, guard: range = range(0)) -> None:
        self.layout = layout
        self.guard = guard
        self.lines: list[tuple[int, str]] = []
        self.cycles = 0
        self.count = 0
        self.stores = False
        self.fixed = True  # every way through takes a number of cycles that is known
        self.next: Value = 0

    def put(self, *texts: str, indent: int = 0) -> None:
        self.lines.extend((indent, text) for text in texts)

    def script(self, text: str, reg: str = "") -> None:
        """Put the lines of `semantics.py`."""
        own = reg.lower() or "x"
        text = re.sub(r"\bR\b", own, re.sub(r"\bS\b", "y" if own == "x" else "x", text))
        self.put(*(line for line in text.split("; ") if line))

    def leave(self, target: Value, row: Row, extra: int = 0, indent: int = 0) -> None:
        """End the function with the registers stored and the PC at `target`."""
        self.put(f"EXIT {target}|{self.cycles + row.cycles + extra}|{self.count + 1}", indent=indent)

    # -- memory ---------------------------------------------------------------------------------------------

    @property
    def _now(self) -> str:
        return f"n + {self.cycles}"

    def bytes_at(self, address: Value, size: int) -> str:
        """Return an expression for `size` bytes from an address, the first the highest."""
        if not isinstance(address, int):
            self.put(f"p = {address}")
            address = "p"
        plain = " | ".join(
            f"m[{plus(address, i)}]" + (f" << {8 * (size - 1 - i)}" if i < size - 1 else "") for i in range(size)
        )
        slow = " | ".join(
            f"rd({plus(address, i)}, {self._now})" + (f" << {8 * (size - 1 - i)}" if i < size - 1 else "")
            for i in range(size)
        )
        ram, low, high = self.layout.ram_end - size + 1, self.layout.rom_start, self.layout.rom_end - size + 1
        if isinstance(address, int):
            return f"({plain if address < ram or low <= address < high else slow})"
        return f"({plain} if p < {ram} or {low} <= p < {high} else {slow})"

    def store(self, address: Value, values: Sequence[str], row: Row) -> None:
        """Write bytes, as the last that an instruction does; if they are not plain RAM, leave the block after it."""
        self.stores = True
        last = len(values) - 1
        end = self.layout.ram_end - last
        if isinstance(address, int):
            touched = range(address, address + last + 1)
            if address < end and not any(byte in self.guard for byte in touched):
                self.put(*(f"m[{byte}] = {value}" for byte, value in zip(touched, values)))
                return
            self.put(*(f"wr({byte}, {value}, {self._now})" for byte, value in zip(touched, values)))
            self.leave(self.next, row)
            return
        self.put(f"p = {address}")
        guarded = f" and not {self.guard.start - last} <= p < {self.guard.stop}" if self.guard else ""
        self.put(f"if p < {end}{guarded}:")
        self.put(*(f"m[{plus('p', i)}] = {value}" for i, value in enumerate(values)), indent=1)
        self.put("else:")
        self.put(*(f"wr({plus('p', i)}, {value}, {self._now})" for i, value in enumerate(values)), indent=1)
        self.leave(self.next, row, indent=1)

    def push(self, *values: str) -> None:
        self.stores = True
        low, top = self.layout.stack_low, self.layout.stack_top
        for value in values:
            self.put(f"if sp < {self.layout.ram_end}: m[sp] = {value}", f"else: wr(sp, {value}, {self._now})")
            self.put(f"sp = sp - 1 if sp != {low} else {top}")

    def pop(self, name: str) -> None:
        low, top = self.layout.stack_low, self.layout.stack_top
        self.put(f"sp = sp + 1 if sp != {top} else {low}")
        self.put(f"{name} = m[sp] if sp < {self.layout.ram_end} else rd(sp, {self._now})")

    def address(self, mode: str, operand: Value) -> Value:
        """Return the effective address; an index is added without a wrap at 16 bits (PM0044: up to 0x1FFFE)."""
        if mode in ("short", "long", "ext"):
            return operand
        index = mode[-2].lower() if mode.endswith(("X)", "Y)")) else "sp" if mode.endswith("SP)") else ""
        if ".e" in mode or ".w" in mode:
            base: Value = self.bytes_at(operand, 3 if ".e" in mode else 2)
        else:
            base = operand
        far = ".e" in mode or "ext" in mode
        if not index:
            return base
        if mode in ("(X)", "(Y)"):
            return index
        return f"({index} + {base}) & {SPACE}" if far else f"{index} + {base}"


def _operand(writer: Writer, row: Row, operands: Sequence[Value], size: int) -> str:
    """Return an expression for what an instruction reads."""
    if row.mode in ("#byte", "#word"):
        return str(operands[0])
    return writer.bytes_at(writer.address(row.mode, operands[0] if operands else 0), size)


def write(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    """Put the lines of one instruction, whose successor is at `following`."""
    writer.next = following
    action = row.action
    if action in semantics.PLAIN:
        if row.mode == "#byte":
            writer.put(f"b = {operands[0]}")
        writer.script(semantics.PLAIN[action], row.reg)
    elif action in semantics.DIVIDE:
        writer.script(semantics.DIVIDE[action], row.reg)
        writer.put(semantics.DIVIDE_CYCLES)
        writer.fixed = False
    elif action in semantics.ALU:
        writer.put(f"b = {_operand(writer, row, operands, 1)}")
        writer.script(semantics.ALU[action])
    elif action in semantics.WORD:
        writer.put(f"w = {_operand(writer, row, operands, 2)}")
        writer.script(semantics.WORD[action], row.reg)
    elif action in semantics.RMWW:
        writer.script(semantics.RMWW[action], row.reg)
    elif action in semantics.CONDITIONS:
        writer.put(f"if {semantics.CONDITIONS[action]}:")
        writer.leave(_relative(following, operands[0]), row, 1, indent=1)
    else:
        _write_rest(writer, row, operands, following)
    if action in PUSHES and action not in ENDS:
        # A stack outside of RAM, or on top of the code, may have changed what comes next.
        writer.put(f"if sp >= {writer.layout.ram_end - 1 if not writer.guard else 0}:")
        writer.leave(following, row, indent=1)
    writer.cycles += row.cycles
    writer.count += 1


def _relative(following: Value, offset: Value) -> Value:
    if isinstance(following, int) and isinstance(offset, int):
        return following + (offset ^ 128) - 128 & SPACE
    return f"{following} + ({offset} ^ 128) - 128 & {SPACE}"


def _write_rest(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    action = row.action
    if action in semantics.RMW or action in ("TNZ", "CLR"):
        _write_rmw(writer, row, operands)
    elif action in ("ST", "STW", "MOV", "EXG", "POPM") or row.mode.startswith("long,#bit"):
        _write_stores(writer, row, operands, following)
    elif action in ("PUSH", "PUSHM", "PUSHW", "PUSHCC", "POP", "POPW", "POPCC"):
        _write_stack(writer, row, operands, following)
    else:
        _write_flow(writer, row, operands, following)


def _write_rmw(writer: Writer, row: Row, operands: Sequence[Value]) -> None:
    if row.mode == "A":
        if row.action == "CLR":
            writer.script("a = 0; nv = 0; zv = 0")
        elif row.action == "TNZ":
            writer.script("nv = a; zv = a")
        else:
            writer.script("b = a; " + semantics.RMW[row.action] + "; a = r")
        return
    address = writer.address(row.mode, operands[0] if operands else 0)
    if not isinstance(address, int):
        writer.put(f"u = {address}")
        address = "u"
    if row.action == "CLR":
        writer.script("nv = 0; zv = 0")
        writer.store(address, ["0"], row)
        return
    writer.put(f"b = {writer.bytes_at(address, 1)}")
    if row.action == "TNZ":
        writer.script("nv = b; zv = b")
        return
    writer.script(semantics.RMW[row.action])
    writer.store(address, ["r"], row)


def _write_stores(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    action = row.action
    if row.mode.startswith("long,#bit"):
        _write_bits(writer, row, operands, following)
    elif action == "ST":
        writer.script("nv = a; zv = a")
        writer.store(writer.address(row.mode, operands[0] if operands else 0), ["a"], row)
    elif action == "STW":
        reg = row.reg.lower()
        writer.script(f"nv = {reg} >> 8; zv = {reg}")
        writer.store(writer.address(row.mode, operands[0] if operands else 0), [f"{reg} >> 8", f"{reg} & 255"], row)
    elif action == "MOV":
        writer.put(f"b = {operands[0] if row.mode == '#byte>long' else writer.bytes_at(operands[0], 1)}")
        writer.store(operands[1], ["b"], row)
    elif action == "EXG":
        writer.put(f"b = {writer.bytes_at(operands[0], 1)}", "r = a", "a = b")
        writer.store(operands[0], ["r"], row)
    else:
        writer.pop("b")
        writer.store(operands[0], ["b"], row)


def _write_bits(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    bit = int(row.reg)
    value = writer.bytes_at(operands[0], 1)
    if row.action in ("BTJT", "BTJF"):
        writer.put(f"cf = {value} >> {bit} & 1", "if cf:" if row.action == "BTJT" else "if not cf:")
        writer.leave(_relative(following, operands[1]), row, 1, indent=1)
        return
    changed = {
        "BSET": f"{value} | {1 << bit}",
        "BRES": f"{value} & {255 ^ 1 << bit}",
        "BCPL": f"{value} ^ {1 << bit}",
        "BCCM": f"{value} & {255 ^ 1 << bit} | cf << {bit}",
    }
    writer.put(f"r = {changed[row.action]}")
    writer.store(operands[0], ["r"], row)


def _write_stack(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    action, reg = row.action, row.reg.lower()
    if action == "PUSH":
        writer.push("a")
    elif action == "PUSHM":
        writer.put(f"b = {_operand(writer, row, operands, 1)}")
        writer.push("b")
    elif action == "PUSHW":
        writer.push(f"{reg} & 255", f"{reg} >> 8")
    elif action == "PUSHCC":
        writer.put(f"b = {semantics.CC}")
        writer.push("b")
    elif action == "POP":
        writer.pop("a")
    elif action == "POPW":
        writer.pop("b")
        writer.pop("r")
        writer.put(f"{reg} = b << 8 | r")
    else:
        writer.pop("b")
        writer.script(semantics.SET_CC.format("b"))
        writer.leave(following, row)


def _push_pc(writer: Writer, following: Value, *, far: bool) -> None:
    if isinstance(following, int):
        pieces = [str(following >> shift & 255) for shift in (0, 8, 16)]
    else:
        pieces = [f"{following} & 255", f"({following}) >> 8 & 255", f"({following}) >> 16 & 255"]
    writer.push(*pieces[: 3 if far else 2])


def _in_section(following: Value, address: Value) -> Value:
    """Return where JP and CALL lead: PCE stays."""
    if isinstance(following, int):
        section = following & SECTION
        return address & 0xFFFF | section if isinstance(address, int) else f"({address}) & 65535 | {section}"
    return f"({address}) & 65535 | ({following}) & {SECTION}"


def _write_flow(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    action = row.action
    target: Value
    if action in ("JRA", "CALLR"):
        target = _relative(following, operands[0])
    elif action in ("JP", "CALL", "JPF", "CALLF", "INT"):
        target = writer.address(row.mode, operands[0] if operands else 0)
        if action in ("JP", "CALL"):
            target = _in_section(following, target)
        if not isinstance(target, int):
            writer.put(f"t = {target}")
            target = "t"
    else:
        _write_system(writer, row, following)
        return
    if action.startswith("CALL"):
        _push_pc(writer, following, far=action == "CALLF")
    writer.leave(target, row)


def _write_system(writer: Writer, row: Row, following: Value) -> None:
    action = row.action
    if action == "JRF":
        return
    if action in ("RET", "RETF"):
        if action == "RETF":
            writer.pop("u")
        writer.pop("b")
        writer.pop("r")
        section = "u << 16" if action == "RETF" else f"({following}) & {SECTION}"
        writer.leave(f"b << 8 | r | {section}", row)
        return
    if action == "IRET":
        writer.pop("w")
        writer.pop("a")
        for reg in "xy":
            writer.pop("b")
            writer.pop("r")
            writer.put(f"{reg} = b << 8 | r")
        for name in "ubr":
            writer.pop(name)
        writer.script(semantics.SET_CC.format("w"))
        writer.leave("u << 16 | b << 8 | r", row)
        return
    if action == "TRAP":
        _push_pc(writer, following, far=True)
        writer.push("y & 255", "y >> 8", "x & 255", "x >> 8", "a", semantics.CC)
        writer.put("im = 40")
        writer.leave(0x8004, row)
        return
    if action == "BREAK":
        writer.put("s.stopped = 'BREAK'")
    elif action == "RIM":
        writer.put("im = 32")
    elif action == "SIM":
        writer.put("im = 40")
    elif action == "WFE":
        writer.put("s.sleep = 'WFE'")
    else:  # WFI, HALT: level 0, so that an interrupt can end it
        writer.put("im = 32", f"s.sleep = '{action}'")
    writer.leave(following, row)


# -- from lines to a function -------------------------------------------------------------------------------


def step_source(row: Row, layout: Layout) -> str:
    """Return the source of a function that executes this opcode wherever it stands."""
    writer = Writer(layout)
    names, offset = [], 1 + bool(row.prefix)
    for index, size in enumerate(parts(row.mode)):
        pieces = [f"m[q + {offset + i}] << {8 * (size - 1 - i)}" for i in range(size)]
        names.append(f"o{index}")
        writer.put(f"o{index} = {' | '.join(pieces)}")
        offset += size
    following = f"q + {row.length}"
    write(writer, row, names, following)
    writer.put(f"EXIT {following}|{writer.cycles}|1")
    return _source(writer, "step", None, ["q = s.pc"])


def block_source(code: Sequence[Instruction], layout: Layout) -> str:
    """Return the source of a function that executes these instructions, which follow each other."""
    start, end = code[0].address, code[-1].next
    in_ram = start < layout.ram_end
    writer = Writer(layout, range(start, end) if in_ram else range(0))
    for instruction in code:
        write(writer, instruction.row, instruction.operands, instruction.next)
    writer.put(f"EXIT {end}|{writer.cycles}|{writer.count}")
    return _source(writer, "block", start, [])


def longest(code: Sequence[Instruction]) -> int:
    """Return the most cycles that a block takes."""
    return sum(item.row.cycles + LONGEST_DIVISION * (item.row.action in semantics.DIVIDE) for item in code) + 1


def _source(writer: Writer, name: str, start: Union[int, None], head: list[str]) -> str:
    lines = _without_dead_flags(writer.lines)
    text = "\n".join(line for _, line in lines)
    used = [reg for reg in REGISTERS if reg in set(_USED.findall(text))]
    changed = [reg for reg in REGISTERS if reg in set(_SET.findall(text))]
    loops = start is not None and any(line.startswith(f"EXIT {start}|") for _, line in lines)
    out = [f"def {name}(s, m=m, rd=rd, wr=wr):", *(f"    {line}" for line in head), "    n = s.cycles"]
    if used:
        out.append(f"    {', '.join(used)} = {', '.join(f's.{reg}' for reg in used)}")
    body = "    "
    if loops:
        out += ["    k = s.count", "    lim = s.limit - s.reserve", "    old = None", "    while True:"]
        body = "        "
    save = f"{', '.join(f's.{reg}' for reg in changed)} = {', '.join(changed)}; " if changed else ""
    pure = loops and not writer.stores and writer.fixed
    for indent, line in lines:
        pad = body + "    " * indent
        if not line.startswith("EXIT "):
            out.append(pad + line)
            continue
        target, cycles, count = line[5:].rsplit("|", 2)
        if loops and target == str(start):
            out += _loop(pad, changed, cycles, count, pure)
            cycles = count = "0"
        counted = f"s.count = k + {count}" if loops else f"s.count += {count}"
        out.append(f"{pad}{save}s.pc = {target}; s.cycles = n + {cycles}; {counted}; return")
    return "\n".join(out) + "\n"


def _loop(pad: str, changed: list[str], cycles: str, count: str, pure: bool) -> list[str]:
    """Go back to the start of the block; one that changes nothing runs on to the next event at once."""
    out = [f"{pad}n += {cycles}; k += {count}"]
    if pure:
        state = f"({', '.join(changed)},)" if changed else "()"
        out += [
            f"{pad}if {state} == old and n < lim and not s.volatile: n += (lim - n) // {cycles} * {cycles}",
            f"{pad}old = {state}; s.volatile = False",
        ]
    return [*out, f"{pad}if n <= lim: continue"]


def _without_dead_flags(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out each `flag = ...` whose flag is set again before anything reads it."""
    live = set(semantics.FLAGS)
    kept = []
    for indent, line in reversed(lines):
        if line.startswith("EXIT "):
            live = set(semantics.FLAGS)
        else:
            found = _FLAG_SET.fullmatch(line) if not indent else None
            if found:
                if found[1] not in live:
                    continue
                live.discard(found[1])
                live.update(_FLAG.findall(found[2]))
            else:
                live.update(_FLAG.findall(line))
        kept.append((indent, line))
    return kept[::-1]


def compile_function(
    source: str, name: str, memory: bytearray, read: object, write: object
) -> Callable[[object], None]:
    """Return the function of a source text."""
    names: dict[str, object] = {"m": memory, "rd": read, "wr": write}
    exec(compile(source, f"<stm8 {name}>", "exec"), names)
    function = names[name]
    return function  # type: ignore[return-value]
