"""The frameworks spl and arduino, with stand-ins for their packages (see tests/stand_ins.py)."""

from __future__ import annotations

import json

import pytest

from pio import Core, Project, load_builder, loaded_bytes
from stand_ins import FOLDER

pytestmark = pytest.mark.platform

CONF = (
    '#include "stm8s.h"\n#include "stm8s_clk.h"\n#include "stm8s_tim4.h"\n{more}\n#define assert_param(x) ((void)0)\n'
)
SPL_MAIN = '#include "stm8s.h"\nvoid main(void) { CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1); }\n'
SKETCH = "#include <Arduino.h>\nvoid setup(void) { pinMode(2, OUTPUT); }\nvoid loop(void) { delay(10); }\n"


def macros(project: Project, board: str) -> list[str]:
    """Return what the compiler is told to define, as an IDE learns it."""
    result = project.run("idedata", options=("-e", board))
    data = next(line for line in result.output.splitlines() if line.startswith("{"))
    found: list[str] = json.loads(data)["defines"]
    return found


@pytest.fixture
def spl(frameworks: Core, project: Project) -> Project:
    """A project that configures clk and tim4, and uses clk."""
    project.source(SPL_MAIN)
    project.source(CONF.format(more=""), "stm8s_conf.h")
    project.source("", "stm8s_it.h")
    project.configure("stm8sblue\nframework = spl")
    return project


@pytest.fixture
def arduino(frameworks: Core, project: Project) -> Project:
    project.source(SKETCH)
    project.configure("stm8sblue\nframework = arduino")
    return project


def test_of_st_s_library_a_program_carries_what_it_uses(spl: Project) -> None:
    result = spl.run()
    assert result.code == 0, result.output
    assert spl.built("libSPL.lib").is_file()
    assert spl.built("SPL/stm8s_tim4.rel").is_file()
    assert len(loaded_bytes(spl.built("firmware.hex").read_text())) < 100  # tim4 alone has 1024 bytes


def test_only_drivers_that_the_project_configures_are_compiled(spl: Project) -> None:
    """The STM8S103 has no UART2, and its driver does not compile for it."""
    assert spl.run().code == 0
    assert {path.name for path in spl.built("SPL").glob("*.rel")} == {"stm8s_clk.rel", "stm8s_tim4.rel"}
    spl.source(CONF.format(more='#include "stm8s_uart2.h"\n'), "stm8s_conf.h")
    result = spl.run()
    assert result.code == 1
    assert "this chip has no UART2" in result.output


@pytest.mark.parametrize("missing", ["stm8s_conf.h", "stm8s_it.h"])
def test_a_project_without_the_headers_that_the_library_needs_is_told(spl: Project, missing: str) -> None:
    (spl.folder / "src" / missing).unlink()
    result = spl.run()
    assert result.code == 1
    assert f"{missing}: No such file" in result.output
    assert result.errors == [
        "error: framework = spl: a header cannot be read, see above; "
        "the library needs stm8s_conf.h and stm8s_it.h in src, as in examples/spl-blink"
    ]


def test_the_headers_may_lie_in_the_include_folder(spl: Project) -> None:
    (spl.folder / "include").mkdir()
    for name in ("stm8s_conf.h", "stm8s_it.h"):
        (spl.folder / "src" / name).rename(spl.folder / "include" / name)
    result = spl.run()
    assert result.code == 0, result.output


def test_the_macros_of_st_s_library_are_defined(spl: Project) -> None:
    assert {"USE_STDPERIPH_DRIVER", "USE_STDINT", "STM8S103", "STM8S_BLUE"} <= set(macros(spl, "stm8sblue"))


def test_a_sketch_in_c_builds_and_main_comes_from_the_core(arduino: Project) -> None:
    boards = ["stm8sblue", "stm8s003f3"]  # the other boards with a variant build the examples
    arduino.configure(*(f"{board}\nframework = arduino" for board in boards))
    result = arduino.run()
    assert result.code == 0, result.output
    assert "toolchain-sdcc @ 1.30901.0" in result.output
    assert "_main " in arduino.built("firmware.map").read_text()
    assert arduino.built("_pio_main_ref.c").is_file()


def test_the_macros_of_sduino_are_defined(arduino: Project) -> None:
    expected = {"ARDUINO_ARCH_STM8", "ARDUINO=10802", "double=float", "USE_STDINT", "__PROG_TYPES_COMPAT__"}
    assert expected | {"F_CPU=16000000L", "STM8S103"} <= set(macros(arduino, "stm8sblue"))


def test_a_library_of_sduino_is_found_by_its_header(arduino: Project) -> None:
    arduino.source(SKETCH.replace("<Arduino.h>", "<I2C.h>").replace("pinMode(2, OUTPUT)", "I2C_begin()"))
    result = arduino.run()
    assert result.code == 0, result.output
    assert "|-- I2C" in result.output


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "sketch.ino",
            'src/sketch.ino: SDCC has no C++; rename it to src/sketch.c and begin it with #include "Arduino.h"',
        ),
        (
            "main.cpp",
            "src/main.cpp: SDCC has no C++; if it is plain C, rename it to src/main.c, else leave it out with "
            "build_src_filter, or its library with lib_ignore",
        ),
    ],
)
def test_a_sketch_in_c_plus_plus_is_refused_with_what_to_do(arduino: Project, name: str, message: str) -> None:
    (arduino.folder / "src" / "main.c").rename(arduino.folder / "src" / name)
    result = arduino.run()
    assert result.code == 1
    assert [error.replace("\\", "/") for error in result.errors] == [f"error: {message}"]
    assert "Compiling" not in result.output


def test_sduino_is_refused_where_its_compiled_libraries_cannot_serve(arduino: Project) -> None:
    arduino.configure("stm8sblue\nframework = arduino\nboard_build.memory_model = large")
    result = arduino.run()
    assert result.code == 1
    assert result.errors == [
        "error: framework = arduino: board_build.memory_model = large: sduino's compiled libraries are for medium"
    ]
    arduino.configure("stm8sblue\nframework = arduino\nboard_build.mcu = stm8s903k3t6")
    result = arduino.run()
    assert result.code == 1
    assert result.errors == [
        "error: framework = arduino: board stm8sblue: sduino has no library for STM8S903; "
        "it has: STM8S003, STM8S103, STM8S105, STM8S208"
    ]


def test_a_board_without_the_framework_says_so(project: Project) -> None:
    project.configure("nucleo_8l152r8\nframework = arduino")
    result = project.run()
    assert result.code == 1
    assert "This board doesn't support arduino framework!" in result.output


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("stm8s.o: stm8s.h stm8s_conf.h stm8s_clk.h \\\n stm8s_gpio.h\n", ["stm8s_clk.c", "stm8s_gpio.c"]),
        ("stm8s.o: /a\\ b/inc/stm8s.h /a\\ b/inc/stm8s_tim4.h src/stm8s_it.h\n", ["stm8s_tim4.c"]),
        ("stm8s.o: C:\\inc\\stm8s_clk.h C:\\inc\\stm8s_clk.h\n", ["stm8s_clk.c"]),
        ("stm8s.o: stm8s.h\n", []),
    ],
)
def test_the_preprocessor_s_rule_names_the_drivers(rule: str, names: list[str]) -> None:
    folder = FOLDER / "spl" / "Libraries" / "STM8S_StdPeriph_Driver" / "src"
    assert load_builder("sources").drivers(rule, folder) == names
