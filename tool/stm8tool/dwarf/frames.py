"""The calls that led to an instruction, from `.debug_frame` and the stack.

What SDCC 4.2 writes is right for ordinary functions, with these exceptions, which this module knows:

* Large model: a call pushes three bytes, but the data count two. The return address begins where the data say.
* A function that returns 64 bits: after its first instructions the data are two bytes off. Its callers stay unknown.
* A function that pops its arguments: at its end the distance is negative. The return address is in X or Y then, or it
  was copied to where the arguments were.
* An interrupt handler: the CPU has pushed CC, A, X, Y and the 24-bit PC. The data describe only the PC, by 16 bits.
* `main` is entered by a jump, so it has no caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Optional

from .functions import CALL_OFFSET, Functions, SourceFunction

LONGEST = 64  # frames; our choice: the stack of the largest part holds more, but a recursion without end is one answer
_SAVED = 9  # bytes that an interrupt pushes: CC, A, X, Y, PC
_RETURNS = (b"\x81", b"\x87")  # ret, retf
_JP_Y = b"\x90\xfc"
_LONGEST_CALL = 4
# The last opcode byte of calls by a pointer, by the bytes from it to the return address.
_CALLS = {1: b"\xfd", 2: b"\xcd\xdd\xed", 3: b"\xdd"}
_FAR_POINTER_CALL = b"\x92\x8d"  # callf [address], with two bytes after it
_POINTER_CALL = b"\x72\xcd"  # call [address], with two bytes after it
_CALL, _CALLF, _CALLR, _JP, _JPF = 0xCD, 0x8D, 0xAD, 0xCC, 0xAC
_SHORT_JUMPS = range(0x20, 0x30)
_JUMPS = 3  # in a row, from the function that was called to the one that returns; our choice

Read = Callable[[int, int], bytes]

NO_DATA = "no debug information here: it is hand-written assembler or a library"
ENTERED_BY_JUMP = "main has no caller"
WIDE_RESULT = "SDCC's data about the stack are wrong in a function that returns 64 bits"
NO_MODEL = "the program does not show how many bytes a call pushes"
TOO_MANY = f"only the first {LONGEST} frames are shown"
STACK_ENDS = "the stack has no further frame"
NOT_CODE = "the stack has no address of code where a caller should be"
NOT_CALLED = "no call is in front of the address on the stack: the data about the stack do not fit here"


class CpuState(NamedTuple):
    """The registers as a frame sees them. None: a function called later may have changed this register."""

    pc: int
    sp: int
    a: Optional[int] = None
    x: Optional[int] = None
    y: Optional[int] = None
    cc: Optional[int] = None


class Frame(NamedTuple):
    """One of the calls that are active.

    Attributes:
        state: The registers in it. Its PC is the next instruction that it executes.
        function: Its function; None without debug information.
        is_interrupted: An interrupt stopped it. So its PC may be anywhere in it.
        is_innermost: It is the one that the CPU executes.
        fits: Its return address is where the data about the stack say, as far as that can be seen. Pushes of inline
            assembler are not in these data.
    """

    state: CpuState
    function: Optional[SourceFunction]
    is_interrupted: bool
    is_innermost: bool
    fits: bool = True

    @property
    def place(self) -> int:
        """An address in the line that it executes: a call is before the address to which it returns."""
        return self.state.pc if self.is_interrupted or self.is_innermost else self.state.pc - 1

    @property
    def base(self) -> Optional[int]:
        """What DWARF calls the frame base: the address that its variables on the stack count from."""
        function = self.function
        if function is None or not self.fits:
            return None
        offset = function.cfa_offset(self.place if self.is_innermost else self.state.pc)
        at_entry = function.cfa_offset(function.start)
        if offset is None or at_entry is None or (function.returns_wide and self.state.pc != function.start):
            return None
        return self.state.sp + offset - at_entry + 1


class Backtrace(NamedTuple):
    """The frames, the innermost one first, and why there are no more."""

    frames: tuple[Frame, ...]
    end: str


class Unwinder:
    """Finds the frames of a program.

    Args:
        functions: Its functions.
        return_size: How many bytes a call pushes; None if that is not known.
        code: Returns bytes of the program: address, count.
        is_code: Tells whether an address is in a memory that the CPU executes.
    """

    def __init__(
        self, functions: Functions, return_size: Optional[int], code: Read, is_code: Callable[[int], bool]
    ) -> None:
        self._functions = functions
        self._return_size = return_size
        self._code = code
        self._is_code = is_code

    def backtrace(self, state: CpuState, read: Read, stack_end: int) -> Backtrace:
        """Return the active frames.

        Args:
            state: The registers of the CPU.
            read: Reads the chip's memory: address, count.
            stack_end: The address after the stack.
        """
        frames = [Frame(state, self._functions.at(state.pc), is_interrupted=False, is_innermost=True)]
        while len(frames) < LONGEST:
            found, end = self.caller(frames[-1], read, stack_end)
            if found is None:
                frames[-1] = frames[-1]._replace(fits=end not in (NOT_CODE, NOT_CALLED))
                return Backtrace(tuple(frames), end)
            frames.append(found)
        return Backtrace(tuple(frames), TOO_MANY)

    def caller(self, frame: Frame, read: Read, stack_end: int) -> tuple[Optional[Frame], str]:
        """Return the frame that called this one; or None and the reason why it is not known."""
        function, state = frame.function, frame.state
        if function is None:
            return None, NO_DATA
        if function.name == "main":
            return None, ENTERED_BY_JUMP
        if function.returns_wide and state.pc != function.start:
            return None, WIDE_RESULT
        offset = function.cfa_offset(state.pc)
        if offset is None:
            return None, NO_DATA
        cfa = state.sp + offset
        if function.is_handler:
            return self._interrupted(cfa, read, stack_end)
        size = self._return_size
        if size is None:
            return None, NO_MODEL
        if self._code(state.pc, 1) in _RETURNS:
            target, sp = self._stacked(state.sp, size, read, stack_end), state.sp + size
        elif offset < CALL_OFFSET:
            target, sp = self._target_of_jump(function, state), cfa + self._popped(function)
        else:
            target = self._stacked(cfa - CALL_OFFSET, size, read, stack_end)
            sp = cfa + size - CALL_OFFSET + self._popped(function)
        if target is None:
            return None, STACK_ENDS
        if not self._is_code(target):
            return None, NOT_CODE
        if not self._may_return(target, function, read):
            return None, NOT_CALLED
        around = self._functions.at(target - 1)
        return Frame(CpuState(target, sp), around, is_interrupted=False, is_innermost=False), ""

    def _may_return(self, address: int, function: SourceFunction, read: Read) -> bool:
        """Tell whether a function may return to an address: a call of it, or of what jumps to it, is in front."""
        if address < _LONGEST_CALL:
            return False
        before = self._code(address - _LONGEST_CALL, _LONGEST_CALL)
        if len(before) < _LONGEST_CALL:  # the program does not hold it, or not all of it
            before = read(address - _LONGEST_CALL, _LONGEST_CALL)
        if before[:2] in (_FAR_POINTER_CALL, _POINTER_CALL) or any(
            before[-size] in last for size, last in _CALLS.items()
        ):
            return True
        return any(self._leads_to(place, function, _JUMPS) for place in _targets(address, before))

    def _leads_to(self, place: int, function: SourceFunction, jumps: int) -> bool:
        """Tell whether the code at a place is a function, or may jump to it: a call at the end may be a jump."""
        if place == function.start:
            return True
        other = self._functions.at(place)
        if other is None or other.start != place:
            return self._is_code(place)  # code without debug information may call anything
        code = self._code(other.start, other.end - other.start)
        jumped = {int.from_bytes(code[at + 1 : at + 3], "big") for at in range(len(code) - 2) if code[at] == _JP}
        jumped |= {int.from_bytes(code[at + 1 : at + 4], "big") for at in range(len(code) - 3) if code[at] == _JPF}
        jumped |= {
            other.start + at + 2 + _signed(code[at + 1]) for at in range(len(code) - 1) if code[at] in _SHORT_JUMPS
        }
        known = {start for start in jumped if (found := self._functions.at(start)) and found.start == start}
        return bool(jumps) and any(self._leads_to(start, function, jumps - 1) for start in known - {place})

    @staticmethod
    def _stacked(sp: int, size: int, read: Read, stack_end: int) -> Optional[int]:
        """Return the address above a stack pointer; None if this is beyond the stack."""
        return int.from_bytes(read(sp + 1, size), "big") if sp + size < stack_end else None

    def _popped(self, function: SourceFunction) -> int:
        """Return how many bytes of arguments a function removes from the stack.

        At its last instruction the data count them, too. A `ret` still has the return address on the stack there.
        """
        lowest = min((row.offset for row in function.frame_rows), default=CALL_OFFSET)
        if lowest >= CALL_OFFSET:
            return 0
        return (CALL_OFFSET if self._code(function.end - 1, 1) in _RETURNS else 0) - lowest

    def _interrupted(self, cfa: int, read: Read, stack_end: int) -> tuple[Optional[Frame], str]:
        if cfa >= stack_end:
            return None, STACK_ENDS
        saved = read(cfa - _SAVED + 1, _SAVED)
        pc = int.from_bytes(saved[6:9], "big")
        if not self._is_code(pc):
            return None, NOT_CODE
        a, x, y = saved[1], int.from_bytes(saved[2:4], "big"), int.from_bytes(saved[4:6], "big")
        state = CpuState(pc, cfa, a, x, y, saved[0])
        return Frame(state, self._functions.at(pc), is_interrupted=True, is_innermost=False), ""

    def _target_of_jump(self, function: SourceFunction, state: CpuState) -> Optional[int]:
        """Return where a function returns that has popped its return address: medium model, by `jp (x)` or `jp (y)`."""
        return state.y if self._code(function.end - 2, 2) == _JP_Y else state.x


def _targets(address: int, before: bytes) -> Iterator[int]:
    """Yield where the call goes that may stand in the bytes before a return address."""
    if before[-3] == _CALL:
        yield address & 0xFF0000 | int.from_bytes(before[-2:], "big")
    if before[-4] == _CALLF:
        yield int.from_bytes(before[-3:], "big")
    if before[-2] == _CALLR:
        yield address + _signed(before[-1])


def _signed(byte: int) -> int:
    return byte - 0x100 if byte & 0x80 else byte
