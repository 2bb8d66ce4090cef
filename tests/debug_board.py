"""A program by a real SDCC in a simulated board, for tests of `stm8tool debug`: STM8S and STM8L, both memory models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import documents
from debugged import LARGE, MEDIUM, build, line_of

MAIN_C = """\
#include <stdint.h>
#include "motor.h"
volatile uint8_t ticks;
volatile uint8_t wanted;
static struct motor left = {3, {10, 20, 30}, &left};
static int8_t level = -5;

void tick(void) __interrupt(HANDLER)
{
    CLEAR = 0;
    ticks++;
    if (wanted)
        wanted--;
}

static int16_t sum(uint8_t count, int16_t start)
{
    int16_t result = start;
    uint8_t i;
    for (i = 0; i < count; i++)
        result += speed_of(&left, i);
    return result;
}

static void wait(void)
{
    wanted = 3;
    while (wanted)
        ;
    level++;
}

void main(void)
{
    start_timer();
    __asm__("rim");
    for (;;) {
        left.total = sum(3, 100);
        wait();
        left.total = left.total * 3L / 2;
    }
}
"""
MOTOR_H = """\
struct motor { int16_t total; uint8_t speed[3]; struct motor *next; };
uint8_t speed_of(struct motor *motor, uint8_t index);
void start_timer(void);
"""
MOTOR_C = """\
#include <stdint.h>
#include "motor.h"
#define REG(address) (*(volatile unsigned char *)(address))

uint8_t speed_of(struct motor *motor, uint8_t index)
{
    uint8_t speed = motor->speed[index];
    if (speed > 100)
        speed = 100;
    return speed;
}

void start_timer(void)
{
    CLOCK;
    REG(AUTO_RELOAD) = 200;
    REG(ENABLE) = 1;
    REG(CONTROL) = 1;
}
"""
# TIM4: its vector, and its registers (RM0016, RM0031).
FAMILIES = {
    "stm8s103f3": ("23", "0x5344", "(void)0", "0x5348", "0x5343", "0x5340"),
    "stm8s208rb": ("23", "0x5342", "(void)0", "0x5346", "0x5341", "0x5340"),
    "stm8l151k6": ("25", "0x52E5", "REG(0x50C3) |= 4", "0x52E9", "0x52E4", "0x52E0"),
}
BOARDS = [("stm8s103f3", MEDIUM), ("stm8s103f3", LARGE), ("stm8l151k6", MEDIUM), ("stm8l151k6", LARGE)]


class DebugBoard:
    """A program in a simulated chip, in the current folder."""

    def __init__(self, sdcc: str, folder: Path, part: str, model: str) -> None:
        handler, clear, clock, reload, enable, control = FAMILIES[part]
        defines = (f"HANDLER={handler}", f"CLEAR=(*(volatile uint8_t*){clear})", f"AUTO_RELOAD={reload}")
        options = [f"-D{define}" for define in (*defines, f"ENABLE={enable}", f"CONTROL={control}", f"CLOCK={clock}")]
        self.sources = {"main.c": MAIN_C, "motor.h": MOTOR_H, "motor.c": MOTOR_C}
        self.part, self.folder = part, folder
        self.file = build(sdcc, folder, self.sources, *options, model=model)
        assert documents.run(["sim", "create", "board.chip", "--part", part, "--probe", "v3"])[0] == 0
        code, shown = documents.run([*self.words, "write", "program.elf"])
        assert code == 0, shown

    @property
    def words(self) -> list[str]:
        return ["--probe", "sim:board.chip", "--part", self.part]

    def debug(self, *commands: str, code: int = 0, options: Sequence[str] = ()) -> str:
        """Run `debug` with commands; return what a terminal shows."""
        given = [word for text in commands for word in ("--do", text)]
        ended, shown = documents.run([*self.words, "debug", "program.elf", *options, *given])
        assert ended == code, shown
        return shown

    def at(self, file: str, words: str) -> str:
        """Return the place of a line by its words."""
        return f"{file}:{line_of(self.sources[file], words)}"
