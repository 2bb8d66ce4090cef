"""The lines of Python for one instruction: a row of the table, its operands, and `semantics.py`.

An operand is a number if a block is translated, and an expression that reads the code if one opcode is.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import semantics
from .opcodes import Row
from .writer import SPACE, Value, Writer

SECTION = 0xFF0000
TRAP_VECTOR = 0x8004

ENDS = {"JRA", "JP", "JPF", "INT", "CALL", "CALLF", "CALLR", "RET", "RETF", "IRET", "TRAP", "BREAK"}
ENDS |= {"HALT", "WFI", "WFE", "RIM", "SIM", "POPCC"}  # interrupts are looked at between blocks
PUSHES = {"PUSH": 1, "PUSHM": 1, "PUSHW": 2, "PUSHCC": 1, "CALL": 2, "CALLF": 3, "CALLR": 2, "TRAP": 9}  # and bytes
POPS = {"POP": 1, "POPM": 1, "POPW": 2, "POPCC": 1, "RET": 2, "RETF": 3, "IRET": 9}


def _operand(writer: Writer, row: Row, operands: Sequence[Value], size: int) -> str:
    """Return an expression for the value that an instruction reads."""
    if row.mode in ("#byte", "#word"):
        return str(operands[0])
    return writer.bytes_at(writer.address(row.mode, operands[0] if operands else 0), size)


def write(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    """Put the lines of one instruction, whose successor is at `following`."""
    writer.next = following
    action = row.action
    if action in PUSHES:
        writer.escape(f"sp >= {writer.layout.ram_end}")
    elif action in POPS:
        writer.escape(f"sp >= {writer.layout.ram_end - POPS[action]}")
    if action in semantics.PLAIN:
        if row.mode == "#byte":
            writer.put(f"b = {operands[0]}")
        writer.script(semantics.PLAIN[action], row.reg)
    elif action in semantics.DIVIDE:
        writer.script(semantics.DIVIDE[action], row.reg)
        writer.put(semantics.DIVIDE_CYCLES)
        writer.fixed = False
    elif action in semantics.ALU:
        writer.script_with(semantics.ALU[action], "b", _operand(writer, row, operands, 1))
    elif action in semantics.WORD:
        writer.script_with(semantics.WORD[action], "w", _operand(writer, row, operands, 2), row.reg)
    elif action in semantics.RMWW:
        writer.script(semantics.RMWW[action], row.reg)
    elif action in semantics.CONDITIONS:
        writer.put(f"if {semantics.CONDITIONS[action]}:")
        writer.leave(relative(following, operands[0]), row, 1, indent=1)
    else:
        _write_rest(writer, row, operands, following)
    if action in PUSHES and action not in ENDS:
        # A stack outside of RAM, or on top of the code, may have changed what comes next.
        first, guard = writer.layout.ram_end - PUSHES[action], writer.guard
        on_code = f" or {guard.start - PUSHES[action]} <= sp < {guard.stop}" if guard else ""
        writer.put(f"if sp >= {first}{on_code}:")
        writer.leave(following, row, indent=1)
    writer.cycles += row.cycles
    writer.count += 1


def relative(following: Value, offset: Value) -> Value:
    """Return the target of a branch."""
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
        writer.leave(relative(following, operands[1]), row, 1, indent=1)
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
    """Return the target of JP and CALL: PCE stays."""
    if isinstance(following, int):
        section = following & SECTION
        return address & 0xFFFF | section if isinstance(address, int) else f"({address}) & 65535 | {section}"
    return f"({address}) & 65535 | ({following}) & {SECTION}"


def _write_flow(writer: Writer, row: Row, operands: Sequence[Value], following: Value) -> None:
    action = row.action
    target: Value
    if action in ("JRA", "CALLR"):
        target = relative(following, operands[0])
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
        writer.leave(TRAP_VECTOR, row)
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
