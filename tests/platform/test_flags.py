"""Real `pio run` with SDCC's options that take an argument: in every place, in every spelling, in every step."""

from __future__ import annotations

import re
import subprocess

import pytest

from patience import LIMIT_S
from pio import Core, Project, loaded_bytes
from stm8build import flags

pytestmark = pytest.mark.platform

SCRIPTS = {
    "extra_scripts = pre:add.py": 'Import("env")\nenv.Append(LINKFLAGS=["--code-loc", "0x9000"])\n',
    "extra_scripts = post:add.py": 'Import("env")\nenv.Append(LINKFLAGS="--code-loc=0x9000")\n',
    "extra_scripts = add.py": 'Import("env")\nenv.Append(CCFLAGS=["--code-loc 0x9000"])\n',
}


def test_every_option_of_sdcc_with_an_argument_is_in_the_table(core: Core) -> None:
    shown = subprocess.run([core.sdcc(), "--help"], capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=True)
    documented = set(re.findall(r"^ +(--[a-z-]+) +<", shown.stdout, re.MULTILINE))
    assert len(documented) > 10
    assert documented - {*flags.OPTIONS, *flags.OTHER_PORTS} == set()


@pytest.mark.parametrize("option", sorted(flags.OPTIONS))
def test_sdcc_takes_the_next_word_for_the_argument_of_each_option_in_the_table(core: Core, option: str) -> None:
    command = [core.sdcc(), "-mstm8", "-E", option, "0", "/nothing/here.c"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)
    assert "unknown compiler option" not in done.stdout + done.stderr
    assert "don't know what to do with file '0'" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "option",
    [
        "build_flags = --code-loc 0x9000",
        "build_flags = --code-loc=0x9000",
        "build_flags = --code-loc0x9000",
        'build_flags = "--code-loc 0x9000"',
        "build_src_flags = --code-loc 0x9000",
        "board_upload.offset_address = 0x9000",
        *SCRIPTS,
    ],
)
def test_the_program_moves_with_its_vectors(project: Project, option: str) -> None:
    (project.folder / "add.py").write_text(SCRIPTS.get(option, ""))
    project.configure(f"stm8sblue\n{option}")
    result = project.run()
    assert result.code == 0, result.output
    held = loaded_bytes(project.built("firmware.hex").read_text())
    assert min(held) == 0x9000
    assert held[0x9000] == 0x82


@pytest.mark.parametrize("area", ["-Wl-bBOOT=0x9E00", "-Wl,-bBOOT=0x9E00", "-Wl -bBOOT=0x9E00"])
def test_an_area_is_placed(project: Project, area: str) -> None:
    project.source("#pragma codeseg BOOT\nvoid there(void) {}\n", "there.c")
    project.configure(f"stm8sblue\nbuild_flags = {area}")
    result = project.run()
    assert result.code == 0, result.output
    assert loaded_bytes(project.built("firmware.hex").read_text())[0x9E00] == 0x81  # ret


def test_no_option_takes_what_belongs_to_another(project: Project) -> None:
    (project.folder / "force.h").write_text("#define FORCED 1\n")
    project.source("volatile char c;\nvoid main(void) { c = FORCED + ONE + TWO; for (;;); }\n")
    words = "-DONE=1 --codeseg MINE --max-allocs-per-node=25000 --disable-warning84 --include force.h -Wa,-a -DTWO=2"
    project.configure(f"stm8sblue\nbuild_flags = {words} --out-fmt-ihx")
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    call = next(line for line in result.output.splitlines() if line.startswith("sdcc ") and " -c " in line)
    assert "--codeseg MINE --max-allocs-per-node 25000 --disable-warning 84 --include force.h -Wa-a " in call


def test_build_unflags_takes_an_option_away_by_any_spelling_or_by_its_name(project: Project) -> None:
    project.configure(
        "stm8sblue\nbuild_flags = --code-loc 0x9000 --max-allocs-per-node 3\n"
        "build_unflags = --code-loc=0x9000 --max-allocs-per-node"
    )
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    assert "--max-allocs-per-node" not in "".join(line for line in result.output.splitlines() if "sdcc -o" in line)
    assert min(loaded_bytes(project.built("firmware.hex").read_text())) == 0x8000


def test_an_option_without_its_argument_is_named(project: Project) -> None:
    project.configure("stm8sblue\nbuild_flags = --codeseg -DX=1")
    result = project.run()
    assert result.errors == ["error: build_flags: --codeseg takes an argument, and none follows it"]


def test_an_editor_s_data_are_made_all_the_same(project: Project) -> None:
    project.configure("stm8sblue\nbuild_flags = --codeseg -DX=1\nboard_upload.offset_address = 0x1000")
    result = project.run("idedata")
    assert result.code == 0, result.output


def test_warnings_of_gcc_are_left_out_and_named_once(project: Project) -> None:
    """SDCC would take -Wall for -Wa and `ll`, which its assembler answers with its usage."""
    (project.folder / "add.py").write_text('Import("env")\nenv.Append(CCFLAGS=["-Wpedantic"])\n')
    project.configure("stm8sblue\nbuild_flags = -Wall -Wextra\nextra_scripts = post:add.py")
    result = project.run()
    assert result.code == 0, result.output
    assert result.output.count("warning: build_flags: -Wall is left out") == 1


def test_a_quotation_mark_without_a_partner_is_named(project: Project) -> None:
    project.configure('stm8sblue\nbuild_flags = -DX="1')
    result = project.run()
    assert result.code == 1
    assert result.errors == ['error: build_flags = -DX="1: a quotation mark has no partner']
    assert "Traceback" not in result.output
