"""Programs that use SDCC's library and floats: a row of steps, each with what it must report.

A step reads and changes buffers and floats that all steps share. `library_steps.py` makes random ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from .machine import OUT, put
from .standard import Type, UndefinedError

BUFFERS, LENGTH, NUMBERS = 3, 24, 4
HEAD = """#include <string.h>
#include <stdlib.h>
#include <stdio.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#define SIGN(v) ((v) > 0 ? 1 : (v) < 0 ? -1 : 0)
unsigned char b0[24], b1[24], b2[24];
long n0, n1, n2, n3;
float x0, x1, x2, x3;
int order[8];
char *end;
int less(const void *a, const void *b) { int l = *(const int *)a, r = *(const int *)b; return l < r ? -1 : l > r; }
long sum(char *kinds, ...) {
    long total = 0;
    va_list list;
    va_start(list, kinds);
    for (; *kinds; kinds++) total = total * 3 + (*kinds == 'l' ? va_arg(list, long) : va_arg(list, int));
    va_end(list);
    return total;
}
"""


@dataclass
class State:
    """What the steps share."""

    buffers: list[bytearray] = field(default_factory=lambda: [bytearray(LENGTH) for _ in range(BUFFERS)])
    floats: list[float] = field(default_factory=lambda: [0.0] * NUMBERS)

    def copy(self) -> State:
        return State([bytearray(one) for one in self.buffers], list(self.floats))

    def text(self, buffer: int, start: int = 0) -> bytes:
        """Return the string that begins in a buffer."""
        length = self.buffers[buffer].find(0, start)
        if length < 0:
            raise UndefinedError("a string without an end")
        return bytes(self.buffers[buffer][start:length])

    def store(self, buffer: int, start: int, content: bytes) -> None:
        if start + len(content) > LENGTH:
            raise UndefinedError("beyond the buffer")
        self.buffers[buffer][start : start + len(content)] = content


Reported = list[tuple[Type, str, int]]  # the type, the expression, its value


@dataclass(frozen=True)
class Step:
    """A statement, and what it does; it returns what is reported after it."""

    name: str
    code: str
    run: Callable[[State], Reported]


@dataclass(frozen=True)
class Steps:
    """A program."""

    steps: tuple[Step, ...]

    def _reports(self) -> Iterator[tuple[Step, Reported]]:
        state = State()
        for step in self.steps:
            yield step, step.run(state)

    def expected(self) -> list[int]:
        """Return the results by a right compiler and a right library."""
        return [value & (1 << kind.bits) - 1 for _, rows in self._reports() for kind, _, value in rows]

    def text(self, head: str = OUT) -> str:
        """Return the C source."""
        lines = [head + HEAD, "void main(void) {"]
        for step, rows in self._reports():
            lines.append(f"    {step.code}")
            lines += ["    " + put(kind, shown) for kind, shown, _ in rows]
        return "\n".join([*lines, '    __asm__("break");', "    for (;;) ;", "}", ""])

    def smaller(self) -> Iterator[Steps]:
        """Yield the program with steps left out."""
        half = len(self.steps) // 2
        for steps in (self.steps[half:], self.steps[:half]) if half else ():
            yield replace(self, steps=steps)
        for index in range(len(self.steps)):
            yield replace(self, steps=(*self.steps[:index], *self.steps[index + 1 :]))
