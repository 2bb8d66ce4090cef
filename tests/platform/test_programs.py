"""Real `pio run`: programs that would not run are refused, a `main` from a library is linked."""

from __future__ import annotations

import pytest

from pio import Project, Result, loaded_bytes, stm8tool, write_program

pytestmark = pytest.mark.platform

ISR = "volatile char t; void tick(void) __interrupt(23) { t++; }"
IDLE = "void main(void) { for (;;); }"


def refused(project: Project, environment: str = "stm8sblue", *options: str) -> tuple[str, str]:
    """Return the error and the hint of a build that must fail."""
    project.configure("\n".join((environment, *options)))
    result = project.run()
    assert result.code == 1, result.output
    assert "Traceback" not in result.output
    assert not project.built("firmware.hex", environment).exists()
    lines = result.output.splitlines()
    (error,) = result.errors
    (hint,) = [line for line in lines if line.startswith("hint:")]
    return error, hint


def built(project: Project, *options: str) -> dict[int, int]:
    """Return the bytes of a build that must succeed."""
    project.configure("\n".join(("stm8sblue", *options)))
    result: Result = project.run()
    assert result.code == 0, result.output
    return loaded_bytes(project.built("firmware.hex").read_text())


def library(project: Project, name: str, header: str, source: str) -> None:
    folder = project.folder / "lib" / name
    folder.mkdir(parents=True)
    (folder / f"{name}.h").write_text(header)
    (folder / f"{name}.c").write_text(f'#include "{name}.h"\n{source}')


def test_a_main_in_a_library_is_linked_as_it_is_without_the_library(project: Project) -> None:
    project.source('#include "core.h"\nvolatile char x;\nvoid setup(void) { x = 1; }\nvoid loop(void) { x++; }\n')
    library(
        project,
        "core",
        "void setup(void);\nvoid loop(void);\n",
        "void main(void) { setup(); for (;;) loop(); }\n",
    )
    archived = built(project)
    assert archived[0x8000] == 0x82
    assert len(archived) == len(built(project, "lib_archive = no"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("void setup(void) {}\nvoid loop(void) {}", "set framework = arduino"),
        ("void Main(void) {}", "rename `Main` to `main`"),
        ("void mian(void) {}", "did you mean `main`"),
    ],
)
def test_a_program_without_main_is_refused(project: Project, code: str, said: str) -> None:
    project.source(code)
    error, hint = refused(project)
    assert error.startswith("error: the program has no function main")
    assert said in hint


def test_a_program_may_bring_its_own_vectors(project: Project) -> None:
    project.source("void setup(void) {}\nvoid loop(void) {}")
    assert 0x8000 in built(project, "board_build.startup = own")
    project.source("void start(void) { for (;;); }")
    project.source("\t.module vectors\n\t.globl _start\n\t.area HOME\n\tint _start\n", "vectors.asm")
    assert built(project)[0x8000] == 0x82


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0xA100", "lies at 0x00A100 to 0x00A103, outside the memories of the stm8s103f3p6"),
        ("0x9FFE", "reaches 0x00A001, past the end of the flash 0x008000 to 0x009FFF"),
        ("0x5000", "lies at 0x005000"),
        ("0x0300", "in the RAM, which an upload cannot fill"),
        ("0x4300", "lies at 0x004300"),
    ],
)
def test_data_outside_every_memory_are_refused_by_name(project: Project, address: str, said: str) -> None:
    project.source(f"const __at({address}) char table[4] = {{1, 2, 3, 4}};\n{IDLE}")
    error, hint = refused(project)
    assert error.startswith("error: `table` ")
    assert said in error
    assert "EEPROM 0x004000 to 0x00427F" in hint


@pytest.mark.parametrize("address", ["0x4000", "0x427C", "0x4800", "0x9FFC"])
def test_data_in_a_memory_are_built(project: Project, address: str) -> None:
    project.source(f"const __at({address}) char table[4] = {{1, 2, 3, 4}};\n{IDLE}")
    assert int(address, 16) in built(project)


def test_a_program_past_the_end_of_the_flash_is_refused(project: Project) -> None:
    project.source(IDLE)
    error, _ = refused(project, "stm8sblue", "build_flags = --code-loc 0x9FE0")
    assert "past the end of the flash" in error


def test_a_handler_without_a_vector_is_refused_with_the_prototype_to_declare(project: Project) -> None:
    project.source(IDLE)
    project.source(ISR, "isr.c")
    for options in ((), ("build_type = debug",), ("build_flags = --no-c-code-in-asm",)):
        error, hint = refused(project, "stm8sblue", *options)
        assert "`tick` is the handler of interrupt 23, and it gets no vector" in error
        assert "void tick(void) __interrupt(23);" in hint
    project.source(f"void tick(void) __interrupt(23);\n{IDLE}")
    assert built(project)[0x8000 + 4 * 25] == 0x82


@pytest.mark.parametrize(
    ("main", "handler", "said"),
    [
        (IDLE, "volatile char t; static void tick(void) __interrupt(23) { t++; }", "no vector: it is static"),
        ("static void main(void) { for (;;); }", ISR, "it gets no vector"),
        (IDLE, "volatile char t; void tick(void) __trap { t++; }", "is the handler of the trap"),
        (f"void tick(void) __interrupt(22);\n{IDLE}", ISR, "the vector of interrupt 22 leads to it"),
        (f"void other(void) __interrupt(23) {{}}\n{IDLE}", ISR, "the vector leads to `other`"),
    ],
)
def test_what_else_keeps_a_handler_from_its_vector_is_told_apart(
    project: Project, main: str, handler: str, said: str
) -> None:
    project.source(main)
    project.source(handler, "isr.c")
    assert said in refused(project)[0]


def test_a_handler_in_a_library_counts_where_its_module_is_linked(project: Project) -> None:
    macro = "#define HANDLER(f, n) void f(void) __interrupt(n)\nenum { TIMER = 3 + 20 };\n"
    library(project, "isr", "void begin(void);\n", f"{macro}volatile char t; void begin(void) {{ t = 1; }}\n")
    source = project.folder / "lib" / "isr" / "isr.c"
    project.source('#include "isr.h"\nvoid main(void) { begin(); for (;;); }')
    (source.parent / "other.c").write_text("volatile char q; void unused(void) __interrupt(9) { q++; }")
    built(project)
    source.write_text(source.read_text() + "HANDLER(tick, TIMER) { t++; }\n")
    project.built("firmware.hex").unlink()
    assert "`tick` is the handler of interrupt 23" in refused(project)[0]


def test_a_handler_of_a_module_that_stays_in_its_library_needs_no_vector(project: Project) -> None:
    library(project, "delay", "void delay(void);\n", "volatile char waited; void delay(void) { waited++; }\n")
    uart = project.folder / "lib" / "delay" / "uart.c"
    uart.write_text(f'#include "delay.h"\n{ISR}\nvoid send(void) {{ delay(); }}\nvoid flush(void) {{ delay(); }}\n')
    project.source('#include "delay.h"\nvoid flush(void) {}\nvoid main(void) { for (;;) { delay(); flush(); } }')
    built(project)
    uart.write_text(f"{ISR}\nvoid send(void) {{ t = 1; }}\n")
    built(project, "lib_archive = no")
    project.built("firmware.hex").unlink()
    project.source('#include "delay.h"\nvoid send(void);\nvoid main(void) { delay(); send(); }')
    assert "`tick` is the handler of interrupt 23" in refused(project, "stm8sblue", "lib_archive = no")[0]


def test_a_handler_whose_object_comes_from_a_cache_is_refused_too(project: Project) -> None:
    project.source(IDLE)
    project.source(ISR, "isr.c")
    cache = {"PLATFORMIO_BUILD_CACHE_DIR": str(project.folder / "cache")}
    assert "`tick` is the handler of interrupt 23" in project.run(**cache).output
    project.run("clean", **cache)
    again = project.run(**cache)
    assert "Retrieved " in again.output
    assert not project.built("src/isr.asm").exists()
    assert "`tick` is the handler of interrupt 23" in again.output


def test_a_program_whose_objects_come_from_a_cache_is_linked_again_and_has_its_map(project: Project) -> None:
    project.source(IDLE)
    cache = {"PLATFORMIO_BUILD_CACHE_DIR": str(project.folder / "cache")}
    assert project.run(**cache).code == 0
    program = project.built("firmware.hex").read_text()
    project.run("clean", **cache)
    again = project.run(**cache)
    assert again.code == 0, again.output
    assert "Retrieved " in again.output
    assert project.built("firmware.hex").read_text() == program
    assert "_main " in project.built("firmware.map").read_text()


def test_a_compiler_that_does_not_tell_the_handlers_is_a_warning(project: Project) -> None:
    project.source(IDLE)
    project.source(ISR, "isr.c")
    project.configure("stm8sblue\nextra_scripts = post:compiler.py")
    refuses = 'import subprocess, sys\nsys.exit("-S" in sys.argv or subprocess.call(["sdcc", *sys.argv[1:]]))\n'
    write_program(project.folder / "compiler", refuses)
    wrapper = 'Import("projenv")\nprojenv.Replace(CC="./compiler")\n'
    (project.folder / "compiler.py").write_text(wrapper)
    result = project.run()
    assert result.code == 0, result.output
    assert "warning: src/isr.c: SDCC does not tell which interrupts" in result.output


def test_what_is_no_handler_of_an_interrupt_needs_no_vector(project: Project) -> None:
    project.source(IDLE)
    project.source("volatile char t; void tick(void) __interrupt { t++; }", "isr.c")
    built(project)


def test_empty_handlers_of_st_s_template_are_a_warning(project: Project) -> None:
    project.source(IDLE)
    project.source("void a(void) __interrupt(1) {}\nvoid b(void) __interrupt(2) {}", "stm8s_it.c")
    result = project.run()
    assert result.code == 0, result.output
    assert "warning: 2 empty interrupt handlers get no vector" in result.output


def test_a_program_behind_a_boot_loader_leaves_it_alone(project: Project) -> None:
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    port = ("--upload-port", "sim:board.chip")
    project.source(IDLE)
    project.configure("stm8sblue")
    assert project.run("upload", options=port).code == 0
    first = loaded_bytes(project.built("firmware.hex").read_text())
    project.configure("stm8sblue\nboard_upload.offset_address = 0x9000")
    result = project.run("upload", "dump", options=port)
    assert result.code == 0, result.output
    held = loaded_bytes(project.built("dump.hex").read_text())
    second = loaded_bytes(project.built("firmware.hex").read_text())
    assert min(second) == 0x9000
    assert {**first, **second}.items() <= held.items()


def test_where_a_program_cannot_begin_is_said(project: Project) -> None:
    project.source(IDLE)
    for value in ("0x1000", "0xA000"):
        project.configure(f"stm8sblue\nboard_upload.offset_address = {value}")
        result = project.run()
        assert result.errors == [
            f"error: board_upload.offset_address = {value} lies outside the flash, which is 0x008000 to 0x009FFF"
        ]
    error, _ = refused(project, "stm8sblue", "board_upload.offset_address = 0x9000", "build_flags = --code-loc=0x9100")
    assert "put the program at different addresses" in error
