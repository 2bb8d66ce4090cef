"""$OBJCOPY, $SIZETOOL and their kin, as scripts of projects call them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pio import ROOT, Project, loaded_bytes
from stm8build import binutils, elf

pytestmark = pytest.mark.platform

MAIN = """
#include <stdint.h>
volatile uint8_t zeroed[20];
volatile uint16_t initialised = 0x1234;
const char text[] = "hello";
const __at(0x4000) uint8_t kept[] = {1, 2, 3};
void main(void) { for (;;) { zeroed[initialised++ % 20] = text[2] + kept[1]; } }
"""

# Ways in which scripts call a tool.
CALLS = {
    "a command line": """
copy = env.VerboseAction(" ".join(["$OBJCOPY", {words}, '"$BUILD_DIR/firmware.elf"', "out.x"]), "Copying")
""",
    "in quotation marks": """
def copy(source, target, env):
    return env.Execute('"$OBJCOPY" ' + " ".join([{words}, str(target[0]), "out.x"]))
""",
    "a list": """
def copy(source, target, env):
    return subprocess.call([env.subst("$OBJCOPY"), {words}, str(target[0]), "out.x"])
""",
}


def hook(project: Project, words: str, way: str = "a command line") -> None:
    """Give the project a script that copies the ELF to out.x."""
    copy = CALLS[way].replace("{words}", words)
    text = f'import subprocess\nImport("env")\n{copy}\nenv.AddPostAction("$BUILD_DIR/firmware.elf", copy)\n'
    (project.folder / "post.py").write_text(text, encoding="utf-8")
    project.source(MAIN)
    project.configure("stm8sblue\nextra_scripts = post.py")


@pytest.fixture
def built(project: Project) -> Project:
    """A project that is built, with data in RAM, flash and EEPROM."""
    project.source(MAIN)
    result = project.run()
    assert result.code == 0, result.output
    return project


def call(project: Project, *words: str, tool: str = "objcopy") -> tuple[int, str]:
    """Return what a tool of the build folder does."""
    name = f"{tool}.bat" if os.name == "nt" else tool
    build = Path(".pio", "build", "stm8sblue")
    path, elf = str(build / "tools" / name), str(build / "firmware.elf")
    command = [path, *(elf if word == "ELF" else word for word in words)]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("way", CALLS)
def test_a_post_script_gets_a_hex_file(project: Project, way: str) -> None:
    hook(project, '"-O", "ihex"', way)
    result = project.run()
    assert result.code == 0, result.output
    assert (project.folder / "out.x").read_text() == project.built("firmware.hex").read_text()


def test_a_post_script_that_fails_ends_the_run_with_a_sentence(project: Project) -> None:
    hook(project, '"-O", "verilog"')
    result = project.run()
    assert result.code == 1
    assert result.errors == ["error: objcopy: the format verilog cannot be written"]
    assert "hint: use -O with one of ihex, srec, binary" in result.output


def test_each_format_holds_what_the_chip_gets(built: Project) -> None:
    content = loaded_bytes(built.built("firmware.hex").read_text())
    flash = {address: value for address, value in content.items() if address >= 0x8000}
    size = max(flash) + 1 - 0x8000
    eeprom = [
        section for section in elf.sections(built.built("firmware.elf").read_bytes(), 1024) if section.memory == "data"
    ]
    (name,) = [section.name for section in eeprom]
    assert call(built, "-O", "binary", "-R", name, "--gap-fill=0xAA", "ELF", "f.bin") == (0, "")
    raw = (built.folder / "f.bin").read_bytes()
    assert raw == bytes(flash.get(0x8000 + index, 0xAA) for index in range(size))
    assert call(built, "-Obinary", f"-j{name}", "ELF", "e.bin") == (0, "")
    assert (built.folder / "e.bin").read_bytes() == bytes([1, 2, 3])
    assert call(built, "--output-target=srec", "-S", "ELF", "f.s19") == (0, "")
    assert (built.folder / "f.s19").read_text().startswith("S0")
    assert call(built, "-O", "binary", "ELF", "both.bin") == (0, "")  # as GNU's, from the lowest address on
    both = (built.folder / "both.bin").read_bytes()
    assert both[:4] == bytes([1, 2, 3, 0])
    assert both[0x4000:] == bytes(flash.get(0x8000 + index, 0) for index in range(size))


def test_ram_is_copied_only_where_it_is_named(built: Project) -> None:
    assert call(built, "-O", "binary", "-j", "DATA", "ELF", "ram.bin") == (0, "")
    assert (built.folder / "ram.bin").read_bytes() == bytes(20)
    assert call(built, "-O", "binary", "-R", "[A-Z]*", "ELF", "none.bin")[0] == 1


REFUSED = [
    (["ELF", "x.hex"], "the format elf cannot be written", "use -O with one of ihex, srec, binary"),
    (["-O", "elf32-stm8", "ELF", "x"], "the format elf32-stm8 cannot be written", "use -O with one of"),
    (["-O", "ihex", "ELF"], "1 files are named, not two", "name the ELF file, then the file to write"),
    (["-O", "ihex", "-j", ".text", "ELF", "x"], "has no section .text", "its sections are "),
    (["-O", "ihex", "--weaken", "ELF", "x"], "the option --weaken is unknown here", "there are -I -O -j -R --gap-fill"),
    (["-O", "ihex", "ELF", "x", "-j"], "-j has no value", "write the value after the option"),
    (["-O", "binary", "--gap-fill", "300", "ELF", "x"], "--gap-fill 300 is not a byte", "write one such as 0xFF"),
    (["-O", "ihex", "missing.elf", "x"], "missing.elf: no such file", "build it first"),
    (["-O", "ihex", "ELF", "no/x.hex"], "No such file or directory", "check the path"),
    (["-O", "ihex", "ELF", "ELF"], "would be written over what is read", "name another file to write"),
    (["-I", "binary", "-O", "ihex", "ELF", "x"], "a raw file has no addresses", "use the ELF or the HEX file"),
    (["-O", "ihex", "raw.bin", "x"], "a raw binary has no address", "use the ELF or the HEX file"),
]


def test_what_cannot_be_done_is_a_sentence_and_no_file(built: Project) -> None:
    before = built.built("firmware.elf").read_bytes()
    (built.folder / "raw.bin").write_bytes(b"\x82\x00\x80\x80")
    for words, message, hint in REFUSED:
        code, output = call(built, *words)
        lines = output.splitlines()
        assert code == 1, words
        assert lines[-1].startswith("error: objcopy: "), output
        assert message in lines[-1]
        assert lines[-2].startswith(f"hint: {hint}"), output
        assert len(lines) == 2
    assert not (built.folder / "x").exists()
    assert built.built("firmware.elf").read_bytes() == before


@pytest.mark.parametrize("tool", ["objdump", "nm", "readelf"])
def test_a_tool_that_is_not_there_says_where_it_is(built: Project, tool: str) -> None:
    code, output = call(built, "-h", "ELF", tool=tool)
    assert code == 1
    assert output.splitlines()[-1] == f"error: {tool}: this platform has no such program"
    assert f"stm8-{tool} is in the package tool-stm8binutils" in output


def test_sizes_are_told_in_both_of_gnu_s_ways(built: Project) -> None:
    hex_size = len(loaded_bytes(built.built("firmware.hex").read_text()))
    code, output = call(built, "-A", "-d", "ELF", tool="size")
    assert code == 0
    rows = [line.split() for line in output.splitlines()[2:]]
    assert sum(int(row[1]) for row in rows if row[0] in ("HOME", "GSINIT", "GSFINAL", "CODE", "CONST")) > 0
    code, output = call(built, "ELF", tool="size")
    text, data, bss = map(int, output.splitlines()[1].split()[:3])
    assert (code, text, data, bss) == (0, hex_size, 0, 22)


def test_every_variable_that_scripts_use_names_a_program(project: Project) -> None:
    names = ["OBJCOPY", "SIZETOOL", "OBJDUMP", "NM", "READELF", "AR", "AS", "CC", "LD", "RANLIB"]
    text = f'Import("env")\nimport shutil\nfor name in {names}:\n'
    text += '    print("tool:", name, shutil.which(env.subst("$" + name), path=env["ENV"]["PATH"]) is not None)\n'
    (project.folder / "post.py").write_text(text, encoding="utf-8")
    project.configure("stm8sblue\nextra_scripts = post.py")
    lines = [line for line in project.run().output.splitlines() if line.startswith("tool: ")]
    assert lines == [f"tool: {name} True" for name in names]


def test_a_launcher_holds_paths_with_any_letter(tmp_path: Path) -> None:
    python = tmp_path / "it's a $python"
    python.symlink_to(sys.executable)
    (path,) = {
        Path(name)
        for key, name in binutils.launchers(tmp_path / "t", str(python), 1024, windows=False).items()
        if key == "OBJCOPY"
    }
    done = subprocess.run([str(path), "a b"], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "the format elf cannot be written" in done.stderr
    text = binutils.launchers(tmp_path / "w", r"C:\100%\python.exe", 1024, windows=True)["OBJCOPY"]
    assert Path(text).name == "objcopy.bat"
    assert Path(text).read_bytes().startswith(b'@"C:\\100%%\\python.exe" "')
    assert Path(text).read_bytes().endswith(b" 1024 objcopy %*\r\n")
    assert (ROOT / "builder" / "stm8build" / "binutils.py").is_file()
