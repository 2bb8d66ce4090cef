"""The target memory-map: it adds up to what the linker uses, and puts each name where the linker says."""

from __future__ import annotations

import json
import re

import pytest

from memory_maps import check, data
from pio import Core, Project

pytestmark = pytest.mark.platform

LED_C = """
static int helper(int x) { return x * 5; }
int led_on(int x) { return helper(x) / 3; }
"""
MAIN_C = r"""
#include <led.h>
int add(int a, char b);
void wait(void);
static int sum(int x) { static int kept = 3; kept += x; return kept * 3; }
const char *const names[] = {"one", "two"};
int value = 7;
char buffer[10];
const int __at(0x4000) setting = 5;
const char __at(0x9000) late[] = "late";
void tick(void) __interrupt(4) { value++; }
void wait(void) { __asm__("ldw x, #9\n_again:\n\tdecw x\n\tjrne _again"); }
void main(void) { buffer[2] = led_on(value) + add(sum(3), 2); buffer[1] = names[value][0]; }
"""
DEBUGGED_C = """
#include <led.h>
static int kept;
volatile int seen;
void main(void)
{
    kept += led_on(seen);
    seen = kept;
}
"""
ADD_S = "\t.module zz\n\t.globl _add\n\t.area CODE\n_add:\n\taddw x, #1\nagain:\n\tret\n"


@pytest.fixture
def mixed(project: Project) -> Project:
    """A program with a library, assembler, static names, bytes in the EEPROM and a gap."""
    led = project.folder / "lib" / "led"
    led.mkdir(parents=True)
    (led / "led.h").write_text("int led_on(int x);\n")
    (led / "led.c").write_text('#include "led.h"\n' + LED_C)
    project.source(MAIN_C)
    project.source(ADD_S, "zz.s")
    return project


def test_every_byte_of_flash_eeprom_and_ram_has_a_file_and_a_name(mixed: Project) -> None:
    made = data(mixed.run("memory-map", options=("-a", "--json")))
    check(made, mixed.built("firmware.elf"), 1024)
    sizes = {(item["file"].replace("\\", "/"), item["name"], item["kind"]): item["size"] for item in made["items"]}
    assert sizes["src/main.c", "interrupt vectors", "vectors"] == 4 * 7
    assert sizes["src/main.c", "setting", "placed"] == 2
    assert sizes["src/main.c", "sum_kept", "variable"] == sizes["src/main.c", "value", "variable"] == 2
    assert sizes["src/zz.s", "add", "code"] == 4
    assert ("src/main.c", "wait", "code") in sizes
    assert ("src/main.c", "again", "code") not in sizes  # a place inside of it
    assert ("lib/led/led.c", "helper", "code") in sizes
    assert any(file.startswith("stm8.lib(_divsint") for file, _, _ in sizes)
    (flash,) = [memory for memory in made["memories"] if memory["name"] == "flash"]
    assert [gap["address"] + gap["size"] for gap in flash["gaps"]] == [0x9000]
    assert [memory["used"] for memory in made["memories"] if memory["name"] == "EEPROM"] == [2]


def test_a_person_gets_a_table_and_a_picture(mixed: Project) -> None:
    mixed.source(f"{MAIN_C}int never(int x) {{ return x + 1234; }}\n")
    mixed.configure("stm8sblue\nboard_build.remove_unused = yes")
    result = mixed.run("memory-map")
    assert result.code == 0, result.output
    lines = result.output.splitlines()
    dropped = json.loads(mixed.built("unused.json").read_text(encoding="utf-8"))["dropped"]
    (size,) = [one["size"] for one in dropped if one["symbol"] == "_never"]
    assert "EEPROM: 2 of 640 bytes" in lines
    assert "      4    add  (code)" in lines
    assert f"left out as unused: {sum(one['size'] for one in dropped)} bytes" in lines
    picture = mixed.built("memory-map.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg ")
    assert f"left out as unused: never, {size} bytes, src/main.c" in picture


def test_a_program_that_is_too_large_is_shown_as_well(mixed: Project) -> None:
    mixed.source(f"{MAIN_C}const char big[9000] = {{1}};\n")
    result = mixed.run("memory-map")
    assert result.code == 0, result.output
    assert "   9000    big  (constant)" in result.output.splitlines()
    assert re.search(r"^flash: 9\d{3} of 8192 bytes$", result.output, re.MULTILINE)
    assert mixed.built("memory-map.svg").is_file()


@pytest.mark.parametrize(
    "options",
    [
        "stm8sblue\nframework = spl",
        "stm8sblue\nframework = arduino",
        "stm8sblue\nbuild_type = debug",
        "stm8sblue\nboard_build.remove_unused = yes",
        "nucleo_8s208rb\nboard_build.memory_model = large",
    ],
)
def test_it_adds_up_in_other_builds(frameworks: Core, mixed: Project, options: str) -> None:
    board = options.partition("\n")[0]
    if "arduino" in options:
        (mixed.folder / "src" / "main.c").unlink()
        mixed.source("#include <Arduino.h>\nvoid setup(void) { pinMode(2, OUTPUT); }\nvoid loop(void) { delay(1); }\n")
    if "debug" in options:  # SDCC 4.2.0 with --debug does not compile a static function on one line
        mixed.source(DEBUGGED_C)
    if "spl" in options:
        mixed.source('#include "stm8s_clk.h"\n#include "stm8s_tim4.h"\n#define assert_param(x)\n', "stm8s_conf.h")
        mixed.source('#include "stm8s.h"\nvoid main(void) { CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1); }\n')
    if "large" in options:
        mixed.source(ADD_S.replace("\tret\n", "\tretf\n"), "zz.s")
    mixed.configure(options)
    made = data(mixed.run("memory-map", options=("-a", "--json")))
    check(made, mixed.built("firmware.elf", board), 6144 if "208" in board else 1024)


def test_an_object_out_of_a_cache_has_its_global_names(mixed: Project) -> None:
    mixed.run()
    for file in mixed.built("src").glob("*.sym"):
        file.unlink()
    made = data(mixed.run("memory-map", options=("-a", "--json")))
    check(made, mixed.built("firmware.elf"), 1024)
