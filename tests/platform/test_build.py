"""Real `pio run`: what it builds, where it writes, and what it refuses to build."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from patience import LIMIT_S
from pio import BOARDS, OTHER_BOARDS, UPSTREAM_BOARDS, Core, Project, loaded_bytes

pytestmark = pytest.mark.platform


def test_a_build_makes_the_hex_that_sdcc_would_make_and_the_next_one_has_nothing_to_do(project: Project) -> None:
    first = project.run()
    assert first.code == 0, first.output
    assert "RAM:   [          ]   2.1% (used 22 bytes from 1024 bytes)" in first.output
    assert "Flash: [" in first.output
    link = [project.core.sdcc(), "-mstm8", "--out-fmt-ihx", "src/main.rel", "-o", "own.ihx"]
    subprocess.run(link, cwd=project.built(""), check=True, timeout=LIMIT_S)
    built = project.built("firmware.hex")
    assert loaded_bytes(built.read_text()) == loaded_bytes(project.built("own.ihx").read_text())
    written = built.stat().st_mtime_ns
    second = project.run()
    assert second.code == 0, second.output
    assert not [line for line in second.output.splitlines() if line.startswith(("Compiling", "Linking", "Building ."))]
    assert built.stat().st_mtime_ns == written


def test_a_build_writes_nothing_into_the_project_but_its_build_directory(project: Project) -> None:
    before = {path.name for path in project.folder.iterdir()}
    assert project.run().code == 0
    assert {path.name for path in project.folder.iterdir()} - before == {".pio"}


def test_a_board_of_every_kind_builds(project: Project) -> None:
    boards = UPSTREAM_BOARDS + OTHER_BOARDS
    project.configure(*boards)
    result = project.run()
    assert result.code == 0, result.output
    assert all(project.built("firmware.hex", board).is_file() for board in boards)


def test_the_boards_are_listed_with_openocd_and_our_server_as_their_debuggers(core: Core, tmp_path: Path) -> None:
    result = core.pio("boards", "ststm8", "--installed", "--json-output", cwd=tmp_path)
    assert {board["id"]: list(board["debug"]["tools"]) for board in json.loads(result.output)} == {
        board: ["stlink", "stm8tool"] for board in BOARDS
    }


def test_a_debug_build_holds_line_numbers(project: Project) -> None:
    project.configure("stm8sblue\nbuild_type = debug")
    result = project.run()
    assert result.code == 0, result.output
    assert b".debug_line" in project.built("firmware.elf").read_bytes()


def test_an_assembler_source_is_assembled_and_linked(project: Project) -> None:
    project.source("unsigned char answer(void); volatile char c; void main(void) { c = answer(); }")
    project.source("\t.module zz\n\t.globl _answer\n\t.area CODE\n_answer:\n\tld a, #0x2A\n\tret\n", "zz.asm")
    result = project.run()
    assert result.code == 0, result.output
    program = bytes(loaded_bytes(project.built("firmware.hex").read_text()).values())
    assert b"\xa6\x2a\x81" in program


def test_variables_that_do_not_fit_the_ram_are_an_error(project: Project) -> None:
    project.source("char big[1025]; void main(void) { big[3]++; }")
    result = project.run()
    assert result.code == 1
    assert result.errors == ["error: the variables need 1025 bytes, the RAM has 1024"]
    assert not project.built("firmware.hex").exists()


def test_a_program_that_does_not_fit_the_flash_is_an_error(project: Project) -> None:
    project.source("const char big[8192] = {1}; volatile char c; void main(void) { c = big[c]; }")
    result = project.run()
    assert result.code == 1
    assert "is greater than maximum allowed (8192 bytes)" in result.output


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            "board_build.memory_modell = large",
            "board_build.memory_modell is unknown; did you mean board_build.memory_model?",
        ),
        ("board_upload.unlock = Never", "board_upload.unlock = Never is unknown; allowed: auto, never"),
        ("custom_confirm = ja", "custom_confirm = ja is unknown; allowed: no, yes"),
        ("board_upload.verifyy = no", "board_upload.verifyy is unknown; did you mean board_upload.verify?"),
        ("board_build.mcu =", "board_build.mcu names no part, such as stm8s103f3p6"),
        ("board_build.f_cpu = 16MHz", "board_build.f_cpu = 16MHz is not a frequency in Hz, such as 16000000L"),
        ("board_upload.maximum_size = 16K", "board_upload.maximum_size = 16K is not a number of bytes, such as 8192"),
        (
            "board_upload.maximum_ram_size = 2 KB",
            "board_upload.maximum_ram_size = 2 KB is not a number of bytes, such as 8192",
        ),
    ],
)
def test_an_option_that_makes_no_sense_stops_a_plain_build(project: Project, option: str, said: str) -> None:
    project.configure(f"stm8sblue\n{option}")
    result = project.run()
    assert result.code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_code_that_the_linker_puts_below_the_flash_is_an_error(project: Project) -> None:
    project.source("void main(void) { }")
    project.source("\t.module aa\n\t.area CODE\n\tnop\n", "aa.asm")
    result = project.run()
    assert result.code == 1
    assert "begins at 0x000000, below the flash" in result.output


@pytest.mark.parametrize("place", ["with space", "Prüf stand 2/out"])
def test_a_build_directory_that_sdcc_cannot_write_to_is_named(project: Project, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / place
    result = project.run(PLATFORMIO_BUILD_DIR=str(elsewhere))
    assert result.code == 1
    assert result.errors == [
        f"error: build_dir = {elsewhere}: SDCC cannot write below a folder with a space in its name"
    ]


# 40 KB of nop: code that is linked after them does not fit between 0x8000 and 0xFFFF.
NOPS = "\t.module nops\n\t.globl _nops\n\t.area CODE\n_nops:\n" + 1280 * f"\t.db {','.join(32 * ['0x9D'])}\n"
BIG_C = "void nops(void);\nvolatile char x;\nvoid one(void) { x++; }\nvoid main(void) { nops(); one(); }\n"


@pytest.mark.parametrize("option", ["board_build.memory_model = large", "build_flags = -DONE --model-large"])
def test_a_program_above_0xffff_needs_the_large_model_and_has_every_byte_in_it(project: Project, option: str) -> None:
    project.source(BIG_C)
    project.source(NOPS, "nops.asm")
    project.configure(f"nucleo_8s208rb\n{option}")
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    calls = [line for line in result.output.splitlines() if line.startswith("sdcc ")]
    assert len(calls) == 2  # compile and link
    assert all("-mstm8 --model-large" in call for call in calls)
    assert "stm8-large" in calls[1]
    link = [
        project.core.sdcc(),
        "-mstm8",
        "--model-large",
        "--out-fmt-ihx",
        "src/main.rel",
        "src/nops.rel",
        "-o",
        "own.ihx",
    ]
    subprocess.run(link, cwd=project.built("", "nucleo_8s208rb"), check=True, timeout=LIMIT_S)
    ours = loaded_bytes(project.built("firmware.hex", "nucleo_8s208rb").read_text())
    assert ours == loaded_bytes(project.built("own.ihx", "nucleo_8s208rb").read_text())
    assert max(ours) > 0xFFFF


def test_the_large_model_may_stand_in_build_flags(project: Project) -> None:
    flags = {"nucleo_8s208rb": "--model-large", "nucleo_8s207k8": "-mstm8 --model-large"}
    project.source(BIG_C)
    project.source(NOPS, "nops.asm")
    project.configure(*(f"{board}\nbuild_flags = {words}" for board, words in flags.items()))
    result = project.run()
    assert result.code == 0, result.output
    for board in flags:
        assert max(loaded_bytes(project.built("firmware.hex", board).read_text())) > 0xFFFF


def test_two_memory_models_at_once_are_an_error_that_names_both(project: Project) -> None:
    project.configure("stm8sblue\nbuild_flags = --model-large\nboard_build.memory_model = medium")
    result = project.run()
    assert result.code == 1
    assert result.errors == [
        "error: board_build.memory_model = medium and build_flags = --model-large do not go together; "
        "leave one of them out"
    ]


def test_a_sketch_beside_a_c_source_is_left_out_with_a_warning_as_only_arduino_has_sketches(project: Project) -> None:
    project.source("void setup() { }", "blink.ino")
    result = project.run()
    assert result.code == 0, result.output
    warning = f"warning: {Path('src', 'blink.ino')} is not compiled, as framework = arduino is not set"
    assert result.output.splitlines().count(warning) == 1


def test_a_program_above_0xffff_in_the_medium_model_is_an_error_that_names_the_option(project: Project) -> None:
    project.source(BIG_C)
    project.source(NOPS, "nops.asm")
    project.configure("nucleo_8s208rb")
    result = project.run()
    assert result.code == 1
    (error,) = result.errors
    assert error.startswith("error: the program ends at 0x01")
    assert error.endswith("; board_build.memory_model = medium reaches up to 0x00FFFF, large reaches all")
    assert not project.built("firmware.hex", "nucleo_8s208rb").exists()


def test_an_unknown_memory_model_is_named_with_those_that_are_known(project: Project) -> None:
    project.configure("stm8sblue\nboard_build.memory_model = huge")
    result = project.run()
    assert result.code == 1
    assert result.errors == ["error: board_build.memory_model = huge is unknown; allowed: medium, large"]


def test_sources_and_libraries_may_have_spaces_in_their_names(project: Project) -> None:
    project.source('#include "two.h"\nchar one(void);\nvolatile char x; void main(void) { x = one() + two(); }')
    project.source("char one(void) { return 0x51; }", "sub dir/one one.c")
    project.source("char one2(void) { return 0x51; }", "prüf.c")
    library = project.folder / "lib" / "my lib" / "src"
    library.mkdir(parents=True)
    (library / "two.h").write_text("char two(void);\n")
    (library / "two two.c").write_text('#include "two.h"\nchar two(void) { return 0x52; }\n')
    result = project.run()
    assert result.code == 0, result.output
    program = bytes(loaded_bytes(project.built("firmware.hex").read_text()).values())
    assert b"\xa6\x51\x81" in program  # ld a, #0x51; ret
    assert b"\xa6\x52\x81" in program


def test_a_source_in_c_plus_plus_is_refused_unless_it_is_left_out(project: Project) -> None:
    project.source("int x;", "test.cpp")
    result = project.run()
    assert result.code == 1
    assert [error.replace("\\", "/") for error in result.errors] == [
        "error: src/test.cpp: SDCC has no C++; if it is plain C, rename it to src/test.c, else leave it out with "
        "build_src_filter, or its library with lib_ignore"
    ]
    project.configure("stm8sblue\nbuild_src_filter = +<*> -<*.cpp>")
    assert project.run().code == 0


@pytest.mark.parametrize("target", ["buildprog", "sizedata"])
def test_two_sources_may_have_one_name_also_with_debug_information(project: Project, target: str) -> None:
    for folder in ("left", "right"):
        (project.folder / "src" / folder).mkdir()
        project.source(f"volatile char {folder}_x;\nvoid {folder}(void) {{ {folder}_x = 1; }}\n", f"{folder}/side.c")
    project.source("void left(void);\nvoid right(void);\nvoid main(void) { left(); right(); }\n")
    result = project.run(target)
    assert result.code == 0, result.output


def test_project_inspect_shows_functions_and_variables_by_file(project: Project) -> None:
    project.source("char add(char a, char b) { return a + b; }", "add.c")
    result = project.run("sizedata")
    assert result.code == 0, result.output
    report: dict[str, Any] = json.loads(project.built("sizedata.json").read_text(encoding="utf-8"))
    assert report["device"] == {
        "mcu": "stm8s103f3p6",
        "cpu": "stm8",
        "frequency": 16000000,
        "flash": 8192,
        "ram": 1024,
    }
    files = {file["path"].replace("\\", "/"): file for file in report["memory"]["files"]}
    symbols = {symbol["name"]: symbol for file in files.values() for symbol in file["symbols"]}
    assert set(files) == {"src/main.c", "src/add.c"}
    assert set(symbols) == {"main", "zeroed", "initialised", "text", "add"}
    assert [(symbols[name]["section"], symbols[name]["size"]) for name in ("zeroed", "initialised", "text")] == [
        *[("DATA", 20), ("INITIALIZED", 2), ("CONST", 6)]
    ]
    assert (symbols["add"]["type"], symbols["add"]["section"], symbols["add"]["line"]) == ("STT_FUNC", "CODE", 1)
    assert 0 < symbols["add"]["size"] < 10  # SDCC tells no end of this one
    assert files["src/main.c"]["ram_size"] == report["memory"]["total"]["ram_size"] == 22
    assert 0 < files["src/main.c"]["flash_size"] < report["memory"]["total"]["flash_size"]


def test_an_editor_learns_sdcc_s_headers_macros_and_keywords(project: Project) -> None:
    result = project.run("idedata")
    assert result.code == 0, result.output
    data = json.loads(next(line for line in result.output.splitlines() if line.startswith("{")))
    assert any((Path(folder) / "stdint.h").is_file() for folder in data["includes"]["build"])
    assert {"__SDCC_stm8=1", "__SDCC_MODEL_MEDIUM=1", "__interrupt(number)=", "__naked="} <= set(data["defines"])
    assert any(macro.startswith("__SDCC_VERSION_MAJOR=") for macro in data["defines"])


def test_what_an_editor_is_told_never_reaches_the_compiler(project: Project) -> None:
    result = project.run(options=("-v",))
    assert "-mstm8" in result.output
    assert "__interrupt" not in result.output
    assert "-D__SDCC" not in result.output


@pytest.mark.parametrize("target", ["buildprog", "list-probes"])
def test_an_environment_without_a_board_is_named(project: Project, target: str) -> None:
    (project.folder / "platformio.ini").write_text("[env:own]\nplatform = ststm8\n")
    result = project.run(target)
    assert result.code == 1
    assert result.errors == ["error: [env:own] in platformio.ini has no board, such as board = stm8sblue"]
    assert "Traceback" not in result.output


def test_an_unknown_board_is_named(project: Project) -> None:
    project.configure("stm8sgreen")
    result = project.run()
    assert result.code == 1
    assert "Error: Unknown board ID 'stm8sgreen'" in result.output
