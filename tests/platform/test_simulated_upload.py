"""Real `pio run -t upload` with the real flasher, through a simulated ST-LINK to a simulated chip in a file."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from pio import BOARDS, MAIN_C, ROOT, Core, Project, finish, loaded_bytes, stm8tool, write_program
from stm8build.targets import TARGETS
from stm8tool.image import Segment, save
from stm8tool.parts.table import find_part

pytestmark = pytest.mark.platform

PORT = "upload_port = sim:board.chip"


def make_chip(project: Project, *options: str, part: str = "stm8s103f3", name: str = "board.chip") -> None:
    made = stm8tool("sim", "create", name, "--part", part, "--probe", "v3", *options, cwd=project.folder)
    assert made.code == 0, made.output


def chip_verifies(
    project: Project, part: str = "stm8s103f3", environment: str = "stm8sblue", port: str = "sim:board.chip"
) -> bool:
    """Whether the chip holds the program that was built; asked of the flasher itself, without PlatformIO."""
    hex_file = str(project.built("firmware.hex", environment))
    return stm8tool("--probe", port, "--part", part, "verify", hex_file, cwd=project.folder).code == 0


def flash_of(project: Project) -> str:
    """Return what the simulated chip's flash holds, from its file."""
    chip = json.loads((project.folder / "board.chip").read_text(encoding="utf-8"))
    data: str = chip["memories"]["flash"]["data"]
    return data


@pytest.fixture
def simulated(project: Project) -> Project:
    """A project for stm8sblue with a simulated board that ships read-protected."""
    project.configure(f"stm8sblue\nupload_protocol = stlinkv3\n{PORT}")
    make_chip(project, "--locked")
    return project


def test_an_upload_opens_a_locked_chip_and_leaves_the_program_in_it(simulated: Project) -> None:
    result = simulated.run("upload", "verify")
    assert result.code == 0, result.output
    assert chip_verifies(simulated)


def test_a_second_upload_has_nothing_to_write(simulated: Project) -> None:
    assert simulated.run("upload").code == 0
    result = simulated.run("upload")
    assert result.code == 0, result.output
    assert "nothing to do" in result.output


def test_unlock_erases_a_locked_chip_and_says_so(simulated: Project) -> None:
    result = simulated.run("unlock")
    assert result.code == 0, result.output
    assert "unlocked" in result.output
    assert simulated.run("verify").code == 1  # there is no program in it


def test_a_locked_chip_stays_as_it_is_where_the_project_says_never(project: Project) -> None:
    project.configure(f"stm8sblue\nboard_upload.unlock = never\n{PORT}")
    make_chip(project, "--locked")
    before = flash_of(project)
    result = project.run("upload")
    assert result.code == 1
    assert "*** [upload] Error 5" in result.output
    assert flash_of(project) == before


def test_a_board_of_one_s_own_with_an_stm8l_uploads_too(project: Project) -> None:
    """Users describe their boards in the project; an upload needs no more of it than the MCU."""
    manifest = {
        "name": "Own board",
        "vendor": "me",
        "url": "https://example.org",
        "build": {"cpu": "stm8", "f_cpu": "16000000L", "mcu": "stm8l151k4t6"},
        "upload": {"maximum_ram_size": 2048, "maximum_size": 16384},
    }
    (project.folder / "boards").mkdir()
    (project.folder / "boards" / "stm8l151k4.json").write_text(json.dumps(manifest))
    project.configure(f"stm8l151k4\n{PORT}")
    make_chip(project, "--locked", part="stm8l151k4")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert chip_verifies(project, "stm8l151k4", "stm8l151k4")


def test_an_unknown_part_stops_the_upload(project: Project) -> None:
    project.configure(f"stm8sblue\nboard_upload.part = stm8s103f9\n{PORT}")
    make_chip(project)
    result = project.run("upload")
    assert result.code == 1
    assert "*** [upload] Error 2" in result.output
    assert any("stm8s103f9" in line for line in result.errors)


def test_the_path_of_a_simulated_board_counts_from_the_project(simulated: Project, tmp_path: Path) -> None:
    result = simulated.core.pio("run", "-d", str(simulated.folder), "-t", "upload", cwd=tmp_path)
    assert result.code == 0, result.output
    assert chip_verifies(simulated)


@pytest.fixture
def eeprom(project: Project) -> Project:
    """A project for stm8sblue with an EEPROM image of its own and a blank simulated board."""
    project.configure(f"stm8sblue\ncustom_eeprom_file = eeprom.hex\n{PORT}")
    save(str(project.folder / "eeprom.hex"), [Segment(0x4010, b"calibration")])
    make_chip(project)
    return project


def test_what_dumpeep_saves_as_bin_is_changed_and_uploadeep_writes_it(project: Project) -> None:
    project.configure(f"stm8sblue\ncustom_dumpeep_file = eeprom.bin\ncustom_eeprom_file = eeprom.bin\n{PORT}")
    make_chip(project)
    file = project.folder / "eeprom.bin"
    assert project.run("dumpeep").code == 0
    edited = b"SN000041" + file.read_bytes()[8:]
    file.write_bytes(edited)
    result = project.run("uploadeep")
    assert result.code == 0, result.output
    file.unlink()
    assert project.run("dumpeep").code == 0
    assert file.read_bytes() == edited
    file.write_bytes(edited + b"!")
    result = project.run("uploadeep")
    assert result.code == 1
    assert "eeprom.bin: 641 bytes do not fit the 640 bytes of eeprom 0x004000..0x00427F" in result.output


def test_a_target_without_files_says_what_it_did_to_the_simulated_board(eeprom: Project) -> None:
    shown = {
        "unlock": "not read-protected",
        "erase": "is erased",
        "reset": r"the chip was reset\n",  # `erase` was before it
        "options": "ROP .* factory",
        "doctor": "STM8S103F3",
        "list-probes": "STLINK-V3SET",
        "probe-info": "STM8S103F3",
    }
    titles = {target.name: target.title for target in TARGETS}
    result = eeprom.run(*shown)
    assert result.code == 0, result.output
    headings = "|".join(titles[target] for target in shown)
    _, *parts = re.split(f"^({headings})$", result.output, flags=re.MULTILINE)
    said = dict(zip(parts[0::2], parts[1::2]))
    assert list(said) == [titles[target] for target in shown]
    for target, pattern in shown.items():
        assert re.search(pattern, said[titles[target]]), target


def test_an_eeprom_image_goes_to_the_eeprom_and_comes_back_with_dumpeep(eeprom: Project) -> None:
    result = eeprom.run("uploadeep", "dumpeep")
    assert result.code == 0, result.output
    dumped = eeprom.built("dumpeep.hex")
    assert f"saved to {dumped}" in result.output
    content = loaded_bytes(dumped.read_text())
    assert bytes(content[address] for address in range(0x4010, 0x401B)) == b"calibration"
    assert len(content) == 640


def test_option_bytes_in_the_program_are_written_only_where_the_project_says_so(project: Project) -> None:
    project.source("const __at(0x4803) char afr[2] = {0x01, 0xFE}; void main(void) { }")
    make_chip(project)
    project.configure(f"stm8sblue\n{PORT}")
    refused = project.run("upload")
    assert refused.errors[0].endswith("[E-DANGEROUS-WRITE]")
    assert "board_upload.option_bytes = yes" in refused.output
    project.configure(f"stm8sblue\n{PORT}\nboard_upload.option_bytes = yes")
    result = project.run("upload", "verify")
    assert result.code == 0, result.output
    assert "written and read back after a reset: AFR" in result.output


def test_what_was_there_before_is_gone_after_erase_and_upload_and_dump_shows_it(eeprom: Project) -> None:
    save(str(eeprom.folder / "old.hex"), [Segment(0x9F00, b"old")])
    stm8tool("--probe", "sim:board.chip", "--part", "stm8s103f3", "write", "old.hex", cwd=eeprom.folder)
    assert b"old".hex() in flash_of(eeprom)
    result = eeprom.run("erase", "upload", "dump")
    assert result.code == 0, result.output
    assert f"saved to {eeprom.built('dump.hex')}" in result.output
    written, content = (loaded_bytes(eeprom.built(name).read_text()) for name in ("firmware.hex", "dump.hex"))
    assert content == {address: written.get(address, 0) for address in range(0x8000, 0xA000)}
    assert chip_verifies(eeprom)


def test_four_uploads_at_once_do_not_disturb_each_other(core: Core, tmp_path: Path) -> None:
    projects = []
    for number in range(4):
        folder = tmp_path / f"project {number}"
        folder.mkdir()
        project = Project(core, folder)
        project.source(MAIN_C.replace("0x1234", str(number)))
        project.configure(f"stm8sblue\n{PORT}")
        make_chip(project, "--locked")
        projects.append(project)
    running = [core.start("run", "-t", "upload", cwd=project.folder) for project in projects]
    for project, process in zip(projects, running):
        result = finish(process)
        assert result.code == 0, result.output
        assert chip_verifies(project)


def test_four_uploads_at_once_by_two_probes_never_mix_and_a_probe_in_use_is_an_error_that_says_so(
    core: Core, tmp_path: Path
) -> None:
    """Probe and chip are chosen by serial number on one simulated USB; two projects share each of them."""
    bench = tmp_path / "bench"
    bench.mkdir()
    for name in ("a.chip", "b.chip"):
        made = stm8tool("sim", "create", name, "--part", "stm8s103f3", "--probe", "v3", "--locked", cwd=bench)
        assert made.code == 0, made.output
    listed = json.loads(stm8tool("list", "--json", "--probe", "sim:bench", cwd=tmp_path).output)["result"]["probes"]
    serials = [probe["serial"] for probe in listed]
    projects = []
    for number in range(4):
        folder = tmp_path / f"project {number}"
        folder.mkdir()
        project = Project(core, folder)
        project.source(MAIN_C.replace("0x1234", str(number)))
        project.configure(f"stm8sblue\nupload_port = sim:../bench#{serials[number % 2]}")
        projects.append(project)
    running = [core.start("run", "-t", "upload", cwd=project.folder) for project in projects]
    results = [finish(process) for process in running]
    for number, file in enumerate(("a.chip", "b.chip")):
        port = f"sim:../bench/{file}"
        held = [p for p, project in enumerate(projects) if chip_verifies(project, port=port)]
        assert len(held) == 1
        assert held[0] % 2 == number
        assert results[held[0]].code == 0
    for result in results:
        assert result.code == 0 or "[E-BUSY]" in result.output, result.output


def test_boards_whose_default_is_serial_upload_to_simulated_ones_and_ask_for_no_package(project: Project) -> None:
    boards = ["mb208", "muboard", "s8uno", "stm8sblack"]
    parts = {board: find_part(BOARDS[board]["build"]["mcu"]).name for board in boards}
    for board in boards:
        make_chip(project, part=parts[board], name=f"{board}.chip")
    project.configure(*(f"{board}\nupload_port = sim:{board}.chip" for board in boards))
    result = project.run("upload", "verify")
    assert result.code == 0, result.output
    assert all(chip_verifies(project, parts[board], board, f"sim:{board}.chip") for board in boards)


def test_a_port_on_the_command_line_is_an_st_link_too_where_the_default_is_serial(project: Project) -> None:
    project.configure("s8uno")
    make_chip(project, part="stm8s105k6")
    result = project.run("upload", options=("--upload-port", "sim:board.chip"))
    assert result.code == 0, result.output
    assert chip_verifies(project, "stm8s105k6", "s8uno")


@pytest.mark.parametrize(
    ("options", "named", "part"),
    [
        ('"$UPLOADER" $UPLOADERFLAGS $SOURCE', "stm8s103?3", "stm8s103f3"),  # as ststm8 2.1.0 has it
        ("$UPLOADER $UPLOADERFLAGS $SOURCE\nupload_protocol = custom", "stm8s103?3", "stm8s103f3"),
        ("${UPLOADER} $UPLOADERFLAGS $SOURCE\nboard_upload.part = stm8s003k3", "stm8s003k3", "stm8s003k3"),
        ("$UPLOADER $UPLOADERFLAGS $SOURCE\nboard_upload.stm8flash_target = stm8s003?3", "stm8s003?3", "stm8s003f3"),
    ],
)
def test_an_upload_command_around_the_uploader_uploads_to_the_part_that_the_project_names(
    project: Project, options: str, named: str, part: str
) -> None:
    project.configure(f"stm8sblue\n{PORT}\nupload_command = {options}")
    make_chip(project, part=part)
    result = project.run("upload", options=("-v",))
    assert result.code == 0, result.output
    assert f"-p {named} -s flash -w" in result.output
    assert "Bytes written: " in result.output
    assert chip_verifies(project, part)


def test_a_program_in_the_place_of_the_uploader_gets_the_words_of_stm8flash_and_uploads(project: Project) -> None:
    (project.folder / "own.py").write_text('Import("env")\nenv.Replace(UPLOADER=env.subst("$PROJECT_DIR/mytool"))\n')
    words = [sys.executable, str(ROOT / "tool" / "stm8flash.py")]
    write_program(
        project.folder / "mytool", f"import subprocess, sys\nsys.exit(subprocess.call({words} + sys.argv[1:]))"
    )
    project.configure(f"stm8sblue\n{PORT}\nextra_scripts = post:own.py")
    make_chip(project)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output
    assert chip_verifies(project)


def test_an_upload_command_in_the_words_of_stm8flash_uploads_with_one_word_changed(project: Project) -> None:
    command = "$STM8FLASH -c sim:board.chip -p stm8s103?3 -w $SOURCE"
    project.configure(f"stm8sblue\nupload_protocol = custom\nupload_command = {command}")
    make_chip(project)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output
    assert chip_verifies(project)
    (project.folder / "board.chip").unlink()
    make_chip(project, "--locked")
    result = project.run("upload")
    assert result.code == 1
    assert "*** [upload] Error 5" in result.output
