"""The library `swim_console` as a project builds it, on the executing simulator."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pio import ROOT, Core, Project, stm8tool

pytestmark = pytest.mark.platform

EXAMPLE = (ROOT / "examples" / "native-console" / "src" / "main.c").read_text(encoding="utf-8")
ONLY_OUTPUT = '#include <swim_console.h>\nvoid main(void) { swim_puts("x"); for (;;) ; }\n'

# TIM4's update interrupts main again and again; both write. A line of main is never torn by more than whole bytes.
TWO_WRITERS = """
#include <swim_console.h>
#define REG(address) (*(volatile unsigned char *)(address))
volatile unsigned char ticks;
void tick(void) __interrupt(23)
{
    REG(0x5344) = 0;
    if (ticks < 100) { ++ticks; swim_putchar('.'); }
}
void main(void)
{
    unsigned char n;
    REG(0x50C6) = 0;
    REG(0x5346 + 1) = 0;
    REG(0x5348) = 200;
    REG(0x5343) = 1;
    REG(0x5340) = 1;
    __asm__("rim");
    for (n = 0; n < 100; ++n) swim_putchar('a' + n % 26);
    while (ticks < 100) ;
    swim_puts("end\\n");
    for (;;) ;
}
"""


def built(project: Project, code: str, options: str = "") -> list[str]:
    """Build a program and write it to a new board; return the words that name the board."""
    project.source(code)
    project.configure(f"stm8sblue\n{options}")
    result = project.run()
    assert result.code == 0, result.output
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3", "--force", cwd=project.folder)
    written = stm8tool(*words, "write", str(project.built("firmware.hex")), cwd=project.folder)
    assert written.code == 0, written.output
    return words


def monitor(project: Project, words: list[str], *more: str, typed: bytes = b"") -> str:
    """Run `monitor` with the ELF; return what came on stdout."""
    command = [sys.executable, str(ROOT / "tool"), *words, "monitor", str(project.built("firmware.elf")), *more]
    done = subprocess.run(command, cwd=project.folder, input=typed, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("model", ["medium", "large"])
def test_the_example_answers_what_is_typed(project: Project, model: str) -> None:
    words = built(project, EXAMPLE, f"board_build.memory_model = {model}")
    found = monitor(project, words, "--until", "2: 0x0a\n", typed=b"A\n")
    assert found == "hello over SWIM\n1: 0x41\n2: 0x0a\n"


def test_sizes_and_blocking_come_from_build_flags(project: Project) -> None:
    text = "0123456789" * 10
    code = f'#include <swim_console.h>\nvoid main(void) {{ swim_puts("{text}end\\n"); for (;;) ; }}\n'
    words = built(project, code, "build_flags = -DSWIM_CONSOLE_OUT_SIZE=16 -DSWIM_CONSOLE_BLOCK")
    assert monitor(project, words, "--until", "end\n") == f"{text}end\n"


def test_a_size_that_is_not_a_power_of_two_is_refused(project: Project) -> None:
    project.source(ONLY_OUTPUT)
    project.configure("stm8sblue\nbuild_flags = -DSWIM_CONSOLE_OUT_SIZE=100")
    result = project.run()
    assert result.code
    assert "The size of a ring must be 16, 32, 64, 128 or 256" in result.output


def test_main_and_an_interrupt_write_and_no_byte_is_lost(project: Project) -> None:
    words = built(project, TWO_WRITERS, "build_flags = -DSWIM_CONSOLE_BLOCK")
    found = monitor(project, words, "--until", "end\n")
    assert found.count(".") == 100
    assert found.replace(".", "") == "".join(chr(ord("a") + n % 26) for n in range(100)) + "end\n"


def test_output_alone_takes_less_than_120_bytes_and_nothing_else_is_linked(project: Project) -> None:
    built(project, ONLY_OUTPUT)
    with_console = flash_of(project)
    names = project.built("firmware.map").read_text(encoding="utf-8", errors="replace")
    assert "_swim_console_out" in names
    assert "_swim_getchar" not in names
    built(project, ONLY_OUTPUT.replace('swim_puts("x");', "").replace("#include <swim_console.h>", ""))
    assert 0 < with_console - flash_of(project) < 120


def test_a_project_that_does_not_include_it_compiles_nothing_of_it(project: Project) -> None:
    result = project.run()
    assert result.code == 0, result.output
    assert "swim_putchar" not in result.output
    assert not list(Path(project.built("")).glob("lib*/swim_console"))


FRAMEWORKS = {
    "arduino": "#include <Arduino.h>\n#include <swim_console.h>\n"
    'void setup(void) { swim_puts("from a framework\\n"); }\nvoid loop(void) { delay(10); }\n',
    "spl": '#include "stm8s.h"\n#include <swim_console.h>\n'
    'void main(void) { swim_puts("from a framework\\n"); for (;;) ; }\n',
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_program_with_a_framework_has_a_console_too(frameworks: Core, project: Project, framework: str) -> None:
    project.source('#define assert_param(x) ((void)0)\n#include "stm8s_clk.h"\n', "stm8s_conf.h")
    words = built(project, FRAMEWORKS[framework], f"framework = {framework}")
    assert monitor(project, words, "--until", "framework\n") == "from a framework\n"


def flash_of(project: Project) -> int:
    """Return how many bytes the program in the build directory has."""
    lines = project.built("firmware.hex").read_text(encoding="ascii").splitlines()
    return sum(int(line[1:3], 16) for line in lines if re.match(":.{6}00", line))


PORT = """
import serial, sys
from platformio.platform.factory import PlatformFactory
PlatformFactory.new("ststm8")
port = serial.serial_for_url(sys.argv[1], timeout=60)
port.setDTR(False)
print(port.read(100).decode(), end="")
port.write(b"q")
found = b""
while not found.endswith(b"\\n"):
    found += port.read(port.in_waiting or 1)
print(found.decode(), end="")
port.close()
print("open" if port.is_open else "closed")
"""


def through_port(project: Project, url: str) -> subprocess.CompletedProcess[str]:
    """Run a program that opens a port of pyserial, as `pio device monitor` and `pio test` do."""
    return python(project, PORT, url)


def python(project: Project, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program with PlatformIO's modules, in the project."""
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=project.folder,
        env=project.core.environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_swim_is_a_port_of_pyserial_once_the_platform_is_loaded(project: Project) -> None:
    built(project, EXAMPLE, "upload_port = sim:board.chip")
    done = through_port(project, "swim://")
    assert (done.returncode, done.stdout) == (0, "hello over SWIM\n1: 0x71\nclosed\n"), done.stderr
    shown = stm8tool("sim", "show", "board.chip", cwd=project.folder)
    assert "mode 1, NRST high" in shown.output, shown.output  # the probe was left in order


def test_the_port_says_what_is_wrong(project: Project) -> None:
    unknown = through_port(project, "swim://nothing")
    assert "swim://nothing: platformio.ini has no [env:nothing]" in unknown.stderr
    built(project, "void main(void) { for (;;) ; }\n", "upload_port = sim:board.chip")
    silent = through_port(project, "swim://stm8sblue")
    assert "has no console: its program uses no function of swim_console.h [E-NO-CONSOLE]" in silent.stderr


ONE_AFTER_THE_OTHER = """
import serial, sys
from platformio.platform.factory import PlatformFactory
for name in ("stm8sblue", "stm8sblack", "s8uno"):
    PlatformFactory.from_env(name)
    serial.serial_for_url("swim://", do_not_open=True)
    words = sys.modules["stm8serial.protocol_swim"].command("")
    print(words[words.index("--probe") + 1])
"""


def test_the_port_is_that_of_the_environment_that_pio_test_works_on(project: Project) -> None:
    at_uart = "s8uno\nupload_protocol = serial\nupload_port = /dev/ttyUSB0\nupload_flags = -R 1"
    project.configure("stm8sblue\nupload_port = sim:blue.chip", "stm8sblack\nupload_port = sim:black.chip", at_uart)
    done = python(project, ONE_AFTER_THE_OTHER)
    assert done.stdout.split() == ["sim:blue.chip", "sim:black.chip", "stlink"], done.stderr


FLASHER_GONE = """
import serial
from platformio.platform.factory import PlatformFactory
PlatformFactory.new("ststm8")
port = serial.serial_for_url("swim://", timeout=60)
try:
    port.read(1)
except serial.SerialException as exc:
    print(exc)
try:
    port.write(b"some")
except serial.SerialException as exc:
    print(exc)
port.close()
print("closed")
"""


def test_a_port_whose_flasher_has_ended_can_be_closed(project: Project) -> None:
    project.configure("stm8sblue\nupload_port = sim:missing.chip")
    done = python(project, FLASHER_GONE)
    *said, last = done.stdout.splitlines()
    assert last == "closed", done.stderr
    assert [line[-8:] for line in said] == ["[E-FILE]"] * 2 or "missing.chip" in said[0]


def test_the_port_of_an_environment_without_a_board_says_so(project: Project) -> None:
    (project.folder / "platformio.ini").write_text("[env:bare]\nplatform = ststm8\n", encoding="utf-8")
    assert "[env:bare] of platformio.ini names no board" in through_port(project, "swim://").stderr


UPLOADED_MEANWHILE = """
import serial, subprocess, sys
from platformio.platform.factory import PlatformFactory
PlatformFactory.new("ststm8")
port = serial.serial_for_url("swim://", timeout=600)
def line():
    found = b""
    while not found.endswith(b"\\n"):
        found += port.read(1)
    return found.decode()
print(line(), end="")
subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(line(), end="")
port.close()
"""


def saying(text: str) -> str:
    return '#include <swim_console.h>\nvoid main(void) { swim_puts("' + text + '\\n"); for (;;) ; }\n'


def test_the_port_stays_open_while_another_build_is_uploaded(project: Project) -> None:
    """`pio device monitor` reads this port. The upload is that of another terminal."""
    words = built(project, saying("second"))
    newer = project.folder / "newer.hex"
    newer.write_bytes(project.built("firmware.hex").read_bytes())
    built(project, saying("first"), "upload_port = sim:board.chip")
    done = python(project, UPLOADED_MEANWHILE, str(ROOT / "tool"), *words, "write", str(newer))
    assert (done.returncode, done.stdout) == (0, "first\nsecond\n"), done.stderr
    told = [text for text in done.stderr.splitlines() if text.startswith("---")]
    assert told[-3:-1] == [
        "--- monitor: another command needs the probe: it has the probe now",
        "--- monitor: the probe is back",
    ]
    assert "runs another program" in told[-1]  # the ELF is still that of the first one


def test_the_build_of_the_example_prints_how_much_flash_the_console_takes(project: Project) -> None:
    folder = ROOT / "examples" / "native-console"
    project.source(ONLY_OUTPUT)
    (project.folder / "console_size.py").write_bytes((folder / "console_size.py").read_bytes())
    assert "extra_scripts = post:console_size.py" in (folder / "platformio.ini").read_text(encoding="utf-8")
    project.configure("stm8sblue\nextra_scripts = post:console_size.py")
    result = project.run()
    assert result.code == 0, result.output
    found = re.search(
        r"^the console takes (\d+) bytes of flash: swim_putchar (\d+), swim_puts (\d+)$", result.output, re.M
    )
    assert found, result.output
    assert int(found[1]) == int(found[2]) + int(found[3])
    assert int(found[1]) < 120
    with_console = flash_of(project)
    project.source("void main(void) { for (;;) ; }\n")
    assert project.run().code == 0
    assert with_console - flash_of(project) - int(found[1]) in range(12)  # the call and its text
