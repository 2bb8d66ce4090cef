"""Interrupts while a program runs: its results must not change, and those of the handler must be right.

`compared` has one handler, which comes after every instruction. `disturbed` has a random one, at random places.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from intelhex import IntelHex

from stm8tool.sim.cpu.core import LEVEL_BITS

from .machine import MOST_CYCLES, OUT, RefusedError, compile_c, loaded, put, results
from .programs import Maker, Program, unsigned
from .standard import UndefinedError, literal

NUMBER = 5
IRET = 0x80
MOST_STEPS = 1_000_000
MOST_RUNS = 60  # of a random handler in one program
MORE_SEEDS = 1_000_000_000  # those of handlers begin here
HANDLER = """
volatile unsigned long isr_long = 0x12345678, isr_factor = 77;
volatile unsigned int isr_count;
volatile unsigned char isr_byte = 201;
volatile float isr_float = 1.5f;
unsigned char isr_buffer[5];
static unsigned long isr_help(unsigned long value, unsigned char more) {
    unsigned char i;
    for (i = 0; i < 2; i++) isr_buffer[i] = (unsigned char)(value >> 1) + i;
    return value + isr_buffer[1] + more;
}
void isr(void) __interrupt(5) {
    isr_count++;
    isr_byte = isr_byte / 3 * isr_byte % 7 + (unsigned char)isr_count;
    isr_long = isr_long * isr_factor + isr_help(isr_long, isr_byte);
    MORE
}
"""
MORE = ("", "isr_float = isr_float * 1.25f;", "isr_factor = isr_long % 1000 + 1;")


def compared(seed: int, options: list[str], folder: Path) -> tuple[list[int], list[int], int]:
    """Return the results of a program without and with interrupts, and how many interrupts there were."""
    program = Maker(seed, wide=False).program(3)
    handler = HANDLER.replace("MORE", MORE[seed % len(MORE)])
    text = program.text().replace("void main(void) {", handler + 'void main(void) { __asm__("rim");')
    try:
        image = compile_c(text, options, folder)
    except RefusedError:
        return [], [], 0
    core = loaded(image)
    core.limit = 1 << 60
    count = 0
    for _ in range(MOST_STEPS):
        core.step()
        if core.stopped:
            break
        if core.im != LEVEL_BITS[0]:
            continue  # before "rim"
        core.pending[NUMBER] = 1
        core.step()
        core.pending.clear()
        count += 1
        _to_the_end_of_the_handler(core)
    return results(image), core.bus.results if core.stopped == "BREAK" else [*core.bus.results, -1], count


def _to_the_end_of_the_handler(core: object) -> None:
    if core.breakpoint is None:
        while core.m[core.pc] != IRET and not core.stopped:
            core.step()
        core.breakpoint = core.pc
    else:
        core.run(core.cycles + 1_000_000)
    assert core.pc == core.breakpoint, "the handler does not end"
    core.step()


@dataclass(frozen=True)
class Handled:
    """A random program with a random handler.

    Attributes:
        program: The program.
        handler: A program of which one function is called by the handler.
        most: How often the handler can run before C says nothing of its results.
    """

    program: Program
    handler: Program
    most: int

    def text(self) -> str:
        """Return the C source: the handler's variables are reported after all interrupts."""
        (call,) = self.handler.calls
        given = ", ".join(literal(p.type_, v) for p, v in zip(call.function.parameters, call.arguments))
        head = "\n".join([*self.handler.declarations, f"{call.function.head()};", call.function.text()])
        head += f"\nvoid isr(void) __interrupt({NUMBER}) {{ {call.function.name}({given}); }}\n"
        reports = "\n    ".join(put(place.type, place.text()) for place in self.handler.places)
        text = self.program.text(OUT + head)
        text = text.replace("void main(void) {", 'void main(void) {\n    __asm__("rim");')
        return text.replace('    __asm__("break");', f'    __asm__("sim");\n    {reports}\n    __asm__("break");')

    def expected(self, times: int) -> list[int]:
        """Return the results of a right compiler if the handler runs some times."""
        state = self.handler.state()
        (call,) = self.handler.calls
        for _ in range(times):
            state.steps = 0
            call.function.run(state, list(call.arguments))
        held = [unsigned(place.type, state[place.key(state)]) for place in self.handler.places]
        return [*self.program.expected(), *held]


def handled(seed: int) -> Handled:
    """Return the program of a seed."""
    program = Maker(seed, wide=False).program(3)
    number = seed
    while True:  # both would have the variable `flag`
        maker = Maker(MORE_SEEDS + number, wide=False)
        maker.serial = 500
        handler = maker.program(1)
        if "_Bool flag;" not in handler.declarations:
            break
        number += MORE_SEEDS
    made = Handled(program, handler, 0)
    most = 0
    while most < MOST_RUNS:
        try:
            made.expected(most + 1)
        except UndefinedError:
            break
        most += 1
    return replace(made, most=most)


def disturbed(made: Handled, image: IntelHex, seed: int) -> tuple[list[int], list[int], int]:
    """Let interrupts come at random places; return the results, what they must be, and how many came."""
    chance = random.Random(seed)
    core = loaded(image)
    core.limit = 1 << 60
    length = _instructions(image)
    places = set(chance.sample(range(length), min(made.most, length)))
    count = 0
    for place in range(MOST_STEPS):
        core.step()
        if core.stopped:
            break
        if place in places and core.im == LEVEL_BITS[0]:
            core.pending[NUMBER] = 1
            core.step()
            core.pending.clear()
            count += 1
            _to_the_end_of_the_handler(core)
    found = core.bus.results if core.stopped == "BREAK" else [*core.bus.results, -1]
    return found, made.expected(count), count


def _instructions(image: IntelHex) -> int:
    """Return how many instructions a program executes."""
    core = loaded(image)
    core.run(MOST_CYCLES)
    return int(core.count)
