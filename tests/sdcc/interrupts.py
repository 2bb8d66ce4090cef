"""An interrupt after every instruction of a program: the results of the program must not change."""

from __future__ import annotations

from pathlib import Path

from stm8tool.sim.cpu.core import LEVEL_BITS

from .machine import RefusedError, compile_c, loaded, results
from .programs import Maker

NUMBER = 5
IRET = 0x80
MOST_STEPS = 1_000_000
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
