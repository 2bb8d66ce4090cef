"""Where a variable is: in memory, in the registers, or nowhere that can be trusted.

SDCC gives a variable one place for its whole function. This is what experience with SDCC 4.2 says about these places:

* An address: right at every instruction.
* The stack, for an argument that the caller has put there, or a local variable: right once the function's stack frame
  is complete.
* The stack, for an argument that came in a register: right from the function's second line on. It is stored by then.
* Registers: right only at the entry, for arguments. Later the registers hold other values.
* The stack, for an argument of a function that removes its arguments: not in its last line. The return address may lie
  there.
* Offset 0 of the stack frame: this is the return address, and means that the variable has no place.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from .frames import Frame, Read
from .lines import LineTable

OPTIMISED_AWAY = "optimised away"
AT_ENTRY_ONLY = "in a register, known at the function's entry only"
NEVER_KNOWN = "in a register that SDCC also uses for other values: not known"
NOT_STORED_YET = "not stored yet: known from the function's second line on"
NOT_THERE_YET = "its place on the stack does not exist here"
REMOVED = "the function returns, so its arguments may be gone"
FRAME_UNKNOWN = "the function's stack frame is not known here"
NOT_UNDERSTOOD = "its place is described in a way that this tool does not know"

_ADDR, _REG0, _REG31, _FBREG, _PIECE = 0x03, 0x50, 0x6F, 0x91, 0x93
_STORES, _STORE_SIZE = (b"\x1f", b"\x17", b"\x6b"), 2  # ldw (n,sp),x and ldw (n,sp),y and ld (n,sp),a
_A, _XL, _XH, _YL, _YH = range(5)


class InMemory(NamedTuple):
    """The variable is in memory from this address on."""

    address: int


class InRegisters(NamedTuple):
    """The variable has this value, which is in registers: the highest byte first."""

    data: bytes


class Unknown(NamedTuple):
    """There is no value that can be trusted, for this reason."""

    reason: str


def locate(die: Any, frame: Optional[Frame], lines: LineTable, code: Read) -> object:
    """Return `InMemory`, `InRegisters` or `Unknown` for a variable or an argument.

    Args:
        die: Its entry in pyelftools.
        frame: The call whose variable it is; None for a global variable.
        lines: The lines of the program.
        code: Returns bytes of the program: address, count.
    """
    attribute = die.attributes.get("DW_AT_location")
    if attribute is None:
        return Unknown(OPTIMISED_AWAY)
    if attribute.form not in ("DW_FORM_block", "DW_FORM_block1", "DW_FORM_block2", "DW_FORM_block4"):
        return Unknown(NOT_UNDERSTOOD)
    operations = _operations(bytes(attribute.value))
    if not operations:
        return Unknown(NOT_UNDERSTOOD if attribute.value else OPTIMISED_AWAY)
    is_argument = die.tag == "DW_TAG_formal_parameter"
    first, value = operations[0]
    if first == _ADDR and len(operations) == 1:
        return InMemory(value)
    if frame is None:
        return Unknown(NOT_UNDERSTOOD)
    if first == _FBREG and len(operations) == 1:
        return _on_stack(value, frame, lines, code, is_argument=is_argument)
    if all(_REG0 <= operation <= _REG31 or operation == _PIECE for operation, _ in operations):
        return _in_registers(operations, frame, is_argument=is_argument)
    return Unknown(NOT_UNDERSTOOD)


def stack_offset(die: Any) -> Optional[int]:
    """Return how far a variable is from the frame base; None if it is not on the stack."""
    attribute = die.attributes.get("DW_AT_location")
    if attribute is None or isinstance(attribute.value, int):
        return None
    operations = _operations(bytes(attribute.value))
    if len(operations) != 1 or operations[0][0] != _FBREG or not operations[0][1]:
        return None
    return operations[0][1]


def _on_stack(offset: int, frame: Frame, lines: LineTable, code: Read, *, is_argument: bool) -> object:
    if not offset:
        return Unknown(OPTIMISED_AWAY)
    base, function = frame.base, frame.function
    if base is None or function is None:
        return Unknown(FRAME_UNKNOWN)
    address = base + offset
    if address <= frame.state.sp:
        if is_argument:
            return Unknown(REMOVED if offset > 0 else NOT_STORED_YET)
        return Unknown(NOT_THERE_YET)
    if is_argument and offset < 0 and not _is_stored(frame, lines, code):
        return Unknown(NOT_STORED_YET)
    if is_argument and offset > 0 and function.pops_arguments and _is_in_last_line(frame, lines):
        return Unknown(REMOVED)
    return InMemory(address)


def _is_stored(frame: Frame, lines: LineTable, code: Read) -> bool:
    """Tell whether the frame is after the code that stores the arguments which came in registers.

    That is the first line of the function. SDCC 4.5 sometimes puts the stores at the beginning of the second line.
    """
    function = frame.function
    first = lines.at(function.start) if function is not None else None
    while first is not None and function is not None and first.end < function.end:
        following = lines.at(first.end)
        if following is None or (following.file, following.line) != (first.file, first.line):
            stored = first.end
            while code(stored, 1) in _STORES:
                stored += _STORE_SIZE
            return frame.place >= stored
        first = following
    return False


def _is_in_last_line(frame: Frame, lines: LineTable) -> bool:
    """Tell whether the frame is in the last line of its function, which removes the arguments."""
    function, here = frame.function, lines.at(frame.place)
    last = lines.at(function.end - 1) if function is not None else None
    return here is None or last is None or (here.file, here.line) == (last.file, last.line)


def body_of(start: int, end: int, lines: LineTable) -> Optional[int]:
    """Return where the second line of a function begins: after the code that makes its stack frame."""
    if start in lines.without_code:
        return start
    first = lines.at(start)
    if first is None:
        return None
    at = first
    while at.line == first.line and at.file == first.file:
        following = lines.at(at.end)
        if following is None or at.end >= end:
            return None
        at = following
    return at.start


def _in_registers(operations: list[tuple[int, int]], frame: Frame, *, is_argument: bool) -> object:
    function = frame.function
    if not is_argument:
        return Unknown(NEVER_KNOWN)
    if function is None or frame.state.pc != function.start or not (frame.is_innermost or frame.is_interrupted):
        return Unknown(AT_ENTRY_ONLY)
    data = b""
    for operation, _ in operations:
        if operation != _PIECE:
            byte = _byte_of(operation - _REG0, frame)
            if byte is None:
                return Unknown(NOT_UNDERSTOOD)
            data += byte
    return InRegisters(data)


def _byte_of(register: int, frame: Frame) -> Optional[bytes]:
    state = frame.state
    if state.a is None or state.x is None or state.y is None:
        return None
    values = {_A: state.a, _XL: state.x & 0xFF, _XH: state.x >> 8, _YL: state.y & 0xFF, _YH: state.y >> 8}
    return bytes([values[register]]) if register in values else None


def _operations(data: bytes) -> list[tuple[int, int]]:
    """Return the operations of a location with their operands; nothing if one is of another kind, or is cut short."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        operation = data[at]
        at += 1
        if operation == _ADDR and at + 4 <= len(data):
            found.append((operation, int.from_bytes(data[at : at + 4], "big")))
            at += 4
        elif operation in (_FBREG, _PIECE):
            value, at = _leb128(data, at, signed=operation == _FBREG)
            found.append((operation, value))
        elif _REG0 <= operation <= _REG31:
            found.append((operation, 0))
        else:
            return []
    return found


def _leb128(data: bytes, at: int, *, signed: bool) -> tuple[int, int]:
    """Return a number and the position after it."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            if signed and byte & 0x40:
                value -= 1 << shift
            break
    return value, at
