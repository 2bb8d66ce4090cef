"""The frameworks spl and arduino, with stand-ins for their packages (see tests/stand_ins.py)."""

from __future__ import annotations

import json
from typing import Optional

import pytest

from pio import Core, Project, loaded_bytes
from stand_ins import FOLDER
from stm8build import object_scripts, sources

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


def warnings(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("warning: ")]


def test_a_project_without_stm8s_conf_h_is_warned_and_built_without_drivers(spl: Project) -> None:
    """As ststm8 2.1.0 does: PlatformIO picks this framework by itself where a board has no other."""
    (spl.folder / "src" / "stm8s_conf.h").unlink()
    spl.source("void main(void) { for (;;) ; }")
    result = spl.run()
    assert result.code == 0, result.output
    assert warnings(result.output) == [
        "warning: framework = spl: there is no stm8s_conf.h in src or include; none of the library's drivers is "
        "linked. To use them, copy the one of examples/spl-blink"
    ]
    assert spl.built("firmware.hex").is_file()
    assert not spl.built("libSPL.lib").exists()


def test_a_source_that_needs_stm8s_conf_h_is_named_by_the_compiler(spl: Project) -> None:
    (spl.folder / "src" / "stm8s_conf.h").unlink()
    result = spl.run()
    assert result.code == 1
    assert "stm8s_conf.h: No such file" in result.output


def test_a_header_that_is_missing_elsewhere_hides_no_driver(spl: Project) -> None:
    """It may come from a library of the project, whose folder is known later."""
    spl.source(CONF.format(more='#include "settings.h"\n'), "stm8s_conf.h")
    (spl.folder / "lib" / "settings").mkdir(parents=True)
    (spl.folder / "lib" / "settings" / "settings.h").write_text("#define SETTINGS 1\n")
    spl.source('#include "settings.h"\n' + SPL_MAIN)
    result = spl.run()
    assert "there is no stm8s_conf.h" not in result.output
    assert {path.name for path in spl.built("SPL").glob("*.rel")} <= {"stm8s_clk.rel", "stm8s_tim4.rel"}


def test_headers_that_the_preprocessor_refuses_are_a_warning_where_no_source_needs_them(spl: Project) -> None:
    spl.source('#error "not for this chip"\n', "stm8s_conf.h")
    spl.source("void main(void) { for (;;) ; }")
    result = spl.run()
    assert result.code == 0, result.output
    assert "not for this chip" in result.output
    assert warnings(result.output) == [
        "warning: framework = spl: the library's headers cannot be read, see above; none of its drivers is linked"
    ]


# The shape of the published script that removes dead code: it works on the assembler source beside each object.
REMOVES_DEAD_CODE = """import os
Import("env")

def work(source, target, env):
    for node in source:
        asm = os.path.splitext(str(node))[0] + ".asm"
        print("taken:", os.path.basename(str(node)), os.path.isfile(asm))
        if env.Execute('$AS -plosg -ff -o "%s" "%s"' % (node, asm)):
            return 1

env.AddPreAction({program}, work)
"""
BOTH_DRIVERS = ["taken: stm8s_clk.rel True", "taken: stm8s_tim4.rel True"]


@pytest.mark.parametrize("program", ['"$BUILD_DIR/${PROGNAME}.elf"', '"$PROGPATH"', 'env["PIOMAINPROG"]'])
def test_a_script_that_works_on_the_linker_s_objects_gets_those_of_the_library(spl: Project, program: str) -> None:
    (spl.folder / "dce.py").write_text(REMOVES_DEAD_CODE.replace("{program}", program), encoding="utf-8")
    spl.configure("stm8sblue\nframework = spl\nextra_scripts = dce.py")
    for _ in range(2):  # the second time the ELF is there already when the script runs
        result = spl.run()
        assert result.code == 0, result.output
        assert (
            "framework = spl: dce.py has a pre-action on the program, so the drivers are linked as objects, not as a "
            "library (custom_spl_archive = yes changes that)"
        ) in result.output
        spl.source(SPL_MAIN + "char more;\n")
    taken = [line for line in result.output.splitlines() if line.startswith("taken: ")]
    assert sorted(taken) == ["taken: main.rel True", *BOTH_DRIVERS]
    assert len(loaded_bytes(spl.built("firmware.hex").read_text())) > 1024  # tim4 is there though nothing uses it


@pytest.mark.parametrize(("archive", "as_objects"), [("auto", False), ("yes", False), ("no", True)])
def test_a_project_says_how_the_library_is_linked(spl: Project, archive: str, as_objects: bool) -> None:
    spl.configure(f"stm8sblue\nframework = spl\ncustom_spl_archive = {archive}")
    result = spl.run()
    assert result.code == 0, result.output
    assert (len(loaded_bytes(spl.built("firmware.hex").read_text())) > 1024) == as_objects
    assert spl.built("libSPL.lib").is_file() != as_objects


def test_a_project_s_word_counts_more_than_its_script(spl: Project) -> None:
    (spl.folder / "stamp.py").write_text('Import("env")\nenv.AddPreAction("$BUILD_DIR/firmware.elf", "@echo stamp")\n')
    spl.configure("stm8sblue\nframework = spl\nextra_scripts = stamp.py\ncustom_spl_archive = yes")
    result = spl.run()
    assert result.code == 0, result.output
    assert spl.built("libSPL.lib").is_file()
    assert warnings(result.output) == []


def test_a_script_that_hooks_the_program_by_another_module_is_told(spl: Project) -> None:
    hook = "def hook(env):\n    env.AddPreAction('$BUILD_DIR/firmware.elf', '@echo stamp')\n"
    (spl.folder / "hooking.py").write_text(hook)
    (spl.folder / "post.py").write_text(
        'Import("env")\nimport sys\nsys.path.insert(0, ".")\nfrom hooking import hook\nhook(env)\n'
    )
    spl.configure("stm8sblue\nframework = spl\nextra_scripts = post.py")
    result = spl.run()
    assert result.code == 0, result.output
    assert warnings(result.output) == [
        "warning: framework = spl: a script has a pre-action on the program, and the drivers are in a library. "
        "If the script works on objects, set custom_spl_archive = no"
    ]


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ('env.AddPreAction("$BUILD_DIR/firmware.elf", f)', "has a pre-action on the program"),
        ('env.AddPreAction("$BUILD_DIR/${PROGNAME}.elf", [f, g])', "has a pre-action on the program"),
        ('AddPreAction(env["PIOMAINPROG"], f)', "has a pre-action on the program"),
        (
            'elf = os.path.join("$BUILD_DIR", "firmware.elf")\nenv.AddPreAction(elf, f)',
            "has a pre-action on the program",
        ),
        ('for node in env["PIOBUILDFILES"]: print(node)', "takes PIOBUILDFILES"),
        ('objects = env.get("PIOBUILDFILES", [])', "takes PIOBUILDFILES"),
        ('env.Replace(LINKCOM="mylink $SOURCES")', "replaces the linker"),
        ('env["LINK"] = "mylink"', "replaces the linker"),
        ('env.AddPostAction("$BUILD_DIR/firmware.elf", f)', None),
        ('env.AddPreAction("upload", f)', None),
        ('env.AddPreAction("$BUILD_DIR/src/main.rel", f)', None),
        ('# env.AddPreAction("$BUILD_DIR/firmware.elf", f)', None),
        ("env.Append(PIOBUILDFILES=[extra])", None),
        ('env.Append(LINKFLAGS=["--verbose"])', None),
        ("this is no Python", None),
    ],
)
def test_a_script_that_takes_objects_is_known_by_its_code(code: str, how: Optional[str]) -> None:
    assert object_scripts.takes_objects(code) == how


def test_the_header_may_lie_in_the_include_folder(spl: Project) -> None:
    (spl.folder / "include").mkdir()
    (spl.folder / "src" / "stm8s_conf.h").rename(spl.folder / "include" / "stm8s_conf.h")
    result = spl.run()
    assert result.code == 0, result.output
    assert spl.built("libSPL.lib").is_file()


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
    assert sources.drivers(rule, folder) == names
