"""A program that PlatformIO and SDCC have built executes on a simulated board: `sim run`."""

from __future__ import annotations

import json

import pytest

from pio import Project, stm8tool

pytestmark = pytest.mark.platform

MAIN = r"""
#include <stdio.h>

#define REGISTER(address) (*(volatile unsigned char *)(address))

volatile unsigned char ticks;

int putchar(int c)
{
    while (!(REGISTER(0x5230) & 0x80))
        ;
    REGISTER(0x5231) = c;
    return c;
}

void tick(void) __interrupt(23)
{
    REGISTER(0x5344) = 0;
    REGISTER(0x5005) ^= 0x20;
    ticks++;
}

void save(void)
{
    REGISTER(0x5064) = 0xAE;
    REGISTER(0x5064) = 0x56;
    REGISTER(0x4000)++;
    while (!(REGISTER(0x505F) & 0x04))
        ;
}

void main(void)
{
    unsigned char seen = 0;
    REGISTER(0x50C6) = 0; /* 16 MHz */
    REGISTER(0x5233) = 0x0B;
    REGISTER(0x5232) = 0x08; /* 115200 baud */
    REGISTER(0x5235) = 0x08;
    REGISTER(0x5007) = 0x20;
    REGISTER(0x5008) = 0x20;
    save();
    printf("start %u\r\n", REGISTER(0x4000));
    REGISTER(0x5347) = 7; /* a period of two milliseconds */
    REGISTER(0x5348) = 249;
    REGISTER(0x5343) = 1;
    REGISTER(0x5340) = 1;
    __asm__("rim");
    for (;;) {
        if (ticks != seen) {
            seen = ticks;
            printf("tick %u LED %u\r\n", seen, (REGISTER(0x5006) >> 5) & 1);
        }
        __asm__("wfi");
    }
}
"""


@pytest.mark.parametrize("locked", [False, True], ids=["open", "locked"])
def test_a_program_prints_blinks_by_an_interrupt_and_counts_its_starts_in_eeprom(
    project: Project, *, locked: bool
) -> None:
    project.configure("stm8sblue\nupload_protocol = stlinkv3\nupload_port = sim:board.chip")
    project.source(MAIN)
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3", cwd=project.folder)
    assert made.code == 0, made.output
    uploaded = project.run("upload")
    assert uploaded.code == 0, uploaded.output
    elf = str(project.built("firmware.elf"))
    until_tick = ("sim", "run", "board.chip", "--until-uart", "tick 4", "--elf", elf)
    if locked:
        # Its reset would cut the write at the program's start, which the upload let begin.
        assert stm8tool(*until_tick, cwd=project.folder).code == 0
        chip = ("--probe", "sim:board.chip", "--part", "stm8s103f3", "lock", "--yes")
        assert stm8tool(*chip, cwd=project.folder).code == 0
    starts = []  # the program has started before: at the end of each command that resets the chip
    for _ in range(2):
        ran = stm8tool(*until_tick, cwd=project.folder)
        assert ran.code == 0, ran.output
        lines = ran.output.splitlines()
        starts.append(int(lines[0].replace("start ", "")))
        lights = [line.rpartition(" ")[2] for line in lines[1:-2]]
        assert lights in (["1", "0", "1"], ["0", "1", "0"]), ran.output
        assert "the program sent 'tick 4': at 0x00" in lines[-1]
    stopped = stm8tool("sim", "run", "board.chip", "--until-pc", "save", "--elf", elf, cwd=project.folder)
    assert "the program reached save: at 0x00" in stopped.output
    assert "(save)" in stopped.output
    eeprom = json.loads((project.folder / "board.chip").read_text(encoding="utf-8"))["memories"]["eeprom"]["data"]
    assert starts[0] > 1 + locked
    assert starts[1] == starts[0] + 1
    assert int(eeprom[:2], 16) == starts[1]
