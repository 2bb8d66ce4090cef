"""Real `pio run -t ...` with a recorder in the flasher's place: which command each target becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pio import BOARDS, ROOT, UPSTREAM_BOARDS, Core, Project, load
from stm8build.targets import TARGETS

pytestmark = pytest.mark.platform

OPTIONS = ["--probe", "stlinkv2", "--part", "stm8s103f3p6", "--unlock", "auto", "--verify", "yes"]
OPTIONS += ["--progress", "lines"]
HEX = str(Path(".pio", "build", "stm8sblue", "firmware.hex"))

PROBE_TARGETS = [target.name for target in TARGETS if target.command and not target.takes_firmware]
LOSING = [target for target in TARGETS if target.loses]


@pytest.fixture
def recorded(project: Project) -> Project:
    """A project for stm8sblue whose flasher only writes down how it is called."""
    project.configure("stm8sblue", recorder=True)
    return project


@pytest.fixture
def bare(core: Core, project: Project, tmp_path: Path) -> Project:
    """The same, and beside it a packages directory that holds SCons and nothing else."""
    packages = tmp_path / "packages"
    packages.mkdir()
    scons = core.folder / "packages" / "tool-scons"
    (packages / scons.name).symlink_to(scons.resolve(), target_is_directory=True)
    project.configure("stm8sblue", recorder=True)
    return project


@pytest.mark.parametrize(
    ("targets", "builds"),
    [
        ([], True),
        (["upload"], True),
        (["unlock", "verify"], True),
        (["unlock", "list-probes"], False),
        (["upload", "nobuild"], False),
        (PROBE_TARGETS, False),
        (["test-runner"], False),
        (["of-a-script"], True),
    ],
)
def test_the_platform_knows_which_targets_compile_nothing(targets: list[str], builds: bool) -> None:
    assert load(ROOT / "platform.py").Ststm8Platform.builds(targets) == builds


def test_the_targets_are_listed_with_titles_and_descriptions(project: Project) -> None:
    result = project.run(options=("--list-targets",))
    lines = [" ".join(line.split()) for line in result.output.splitlines() if line and not line.startswith("---")]
    assert lines[0] == "Environment Group Name Title Description"
    assert lines[1:] == sorted(f"stm8sblue {row.group} {row.name} {row.title} {row.description}" for row in TARGETS)
    assert "stm8sblue Probe list-probes List Probes List the attached probes" in lines


def test_an_ide_is_told_of_every_target_and_of_the_registers_of_the_chip(project: Project) -> None:
    result = project.core.pio("project", "metadata", "--json-output", cwd=project.folder)
    assert result.code == 0, result.output
    (data,) = json.loads(result.output[result.output.index("{") :]).values()
    assert [target["name"] for target in data["targets"]] == [target.name for target in TARGETS]
    assert Path(data["svd_path"]).samefile(ROOT / "misc" / "svd" / "stm8s103.svd")


def test_a_target_becomes_one_call_of_the_flasher_and_they_run_in_the_order_in_which_they_are_given(
    recorded: Project,
) -> None:
    commands = {
        "erase": ["erase"],
        "upload": ["write", HEX],
        "verify": ["verify", HEX],
        "options": ["options", "show"],
        "unlock": ["unlock"],
        "doctor": ["doctor"],
        "reset": ["reset"],
        "list-probes": ["list"],
        "probe-info": ["info"],
        "monitor-swim": ["monitor", str(recorded.built("firmware.elf"))],
    }
    result = recorded.run(*commands)
    assert result.code == 0, result.output
    assert recorded.calls() == [OPTIONS + command for command in commands.values()]


def test_watch_names_the_variables_of_the_project_and_takes_options_as_monitor_swim_does(project: Project) -> None:
    project.configure("stm8sblue\ncustom_watch = counter, temp[2]\n  *p, $x:y", recorder=True)
    assert project.run("watch", "monitor-swim", options=("-a", "--events", "-a", "--for=3s")).code == 0
    elf, given = str(project.built("firmware.elf")), ["--events", "--for=3s"]
    watch, monitor = project.calls()
    assert watch == [*OPTIONS, "watch", elf, "counter", "temp[2]", "*p", "$x:y", *given]
    assert monitor == [*OPTIONS, "monitor", elf, *given]


def test_watch_without_names_is_refused(recorded: Project) -> None:
    result = recorded.run("watch")
    assert result.code == 1
    assert result.errors == ["error: watch: custom_watch names nothing, such as counter, temp[2]"]
    assert recorded.calls() == []


def test_what_is_read_goes_to_the_build_directory_though_nothing_was_built(recorded: Project) -> None:
    assert recorded.run("dump", "dumpeep").code == 0
    assert [call[len(OPTIONS) :] for call in recorded.calls()] == [
        ["read", str(recorded.built("dump.hex"))],
        ["read", "--region", "eeprom", str(recorded.built("dumpeep.hex"))],
    ]
    assert recorded.built("").is_dir()


def test_the_eeprom_and_what_is_read_have_files_of_the_project_s_choice(project: Project) -> None:
    files = ["custom_eeprom_file = my data/eeprom.hex", "custom_dump_file = flash.bin", "custom_dumpeep_file = e.hex"]
    project.configure("\n".join(["stm8sblue", *files]), recorder=True)
    assert project.run("uploadeep", "dump", "dumpeep").code == 0
    assert [call[len(OPTIONS) :] for call in project.calls()] == [
        ["write", "--unlock", "never", "--region", "eeprom", "my data/eeprom.hex"],
        ["read", "flash.bin"],
        ["read", "--region", "eeprom", "e.hex"],
    ]


def test_an_eeprom_without_a_file_is_not_written(recorded: Project) -> None:
    result = recorded.run("uploadeep")
    assert result.code == 1
    assert result.errors == ["error: uploadeep: custom_eeprom_file names no file, such as data/eeprom.hex"]
    assert recorded.calls() == []


def test_what_loses_something_asks_first_where_the_project_wants_that(project: Project) -> None:
    project.configure("stm8sblue\ncustom_confirm = yes\ncustom_eeprom_file = eeprom.hex", recorder=True)
    result = project.run("erase", "uploadeep", "unlock", answer="yes\nyes\nno\n")
    assert [row for row in LOSING if f"{row.name}: {row.loses}. Type yes to go on:" in result.output] == LOSING
    assert [call[len(OPTIONS)] for call in project.calls()] == ["erase", "write"]
    assert result.code == 1
    assert result.errors == ["error: unlock was not confirmed (custom_confirm = yes): type yes when it asks"]


def test_nobody_there_to_answer_is_no_confirmation(project: Project) -> None:
    project.configure("stm8sblue\ncustom_confirm = yes", recorder=True)
    result = project.run("erase")
    assert result.code == 1
    assert result.errors == ["error: erase was not confirmed (custom_confirm = yes): type yes when it asks"]
    assert project.calls() == []


def test_a_board_uploads_as_its_manifest_says(project: Project) -> None:
    boards = [board for board in UPSTREAM_BOARDS if BOARDS[board]["upload"]["protocol"] != "serial"]
    project.configure(*boards, recorder=True)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert [(call[1], call[3]) for call in project.calls()] == [
        (
            BOARDS[board]["upload"]["protocol"],
            BOARDS[board]["upload"].get("stm8flash_target", BOARDS[board]["build"]["mcu"]),
        )
        for board in boards
    ]


def test_the_options_of_platformio_ini_reach_the_flasher(project: Project) -> None:
    options = ["upload_protocol = stlinkv3", "upload_port = sim:my board.chip", "upload_flags = --region 0x8000:0x100"]
    options += ["board_upload.unlock = never", "board_upload.verify = no", "board_upload.part = stm8s103k3"]
    project.configure("\n".join(["stm8sblue", *options]), recorder=True)
    result = project.run("upload", options=("-v",))
    assert result.code == 0, result.output
    words = ["--region", "0x8000:0x100", "--probe", "sim:my board.chip", "--part", "stm8s103k3"]
    words += ["--unlock", "never", "--verify", "no", "--progress", "lines", "-v", "write", HEX]
    assert project.calls() == [words]


def test_upload_flags_win_over_the_builder_s_own(project: Project) -> None:
    project.configure("stm8sblue\nupload_flags =\n  --unlock\n  never", recorder=True)
    assert project.run("upload").code == 0
    (call,) = project.calls()
    assert call[:2] == ["--unlock", "never"]
    assert call.count("--unlock") == 1


def test_the_upload_port_of_the_command_line_is_the_probe(recorded: Project) -> None:
    assert recorded.run("reset", options=("--upload-port", "usb:1-2.3")).code == 0
    assert recorded.calls()[0][:2] == ["--probe", "usb:1-2.3"]


def test_a_port_that_a_script_sets_later_is_the_probe(recorded: Project) -> None:
    script = recorded.folder / "use_recorder.py"
    script.write_text(script.read_text(encoding="utf-8") + 'env.Replace(UPLOAD_PORT="usb:2-1")\n', encoding="utf-8")
    assert recorded.run("reset").code == 0
    assert recorded.calls()[0][:2] == ["--probe", "usb:2-1"]


WRONG = {
    "stm8sblue": (
        "upload_protocol = serial",
        "upload_protocol = serial needs a UART bootloader in the chip's ROM, and none is known for the STM8S103F3P6; "
        "use an ST-LINK with one of: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3",
    ),
    "stm8sdisco": (
        "upload_protocol = jlink",
        "upload_protocol = jlink is unknown; "
        "allowed: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3, serial, espstlink, rp2040, simulator, custom",
    ),
    "stm8s003f3": ("board_upload.unlock = ask", "board_upload.unlock = ask is unknown; allowed: auto, never"),
    "stm8svldiscovery": ("board_upload.verify = true", "board_upload.verify = true is unknown; allowed: yes, no, read"),
    "nucleo_8l152r8": ("custom_confirm = always", "custom_confirm = always is unknown; allowed: no, yes"),
    "w1209": (
        "board_upload.unlok = never",
        "the option board_upload.unlok is unknown; did you mean board_upload.unlock?",
    ),
    "nucleo_8s208rb": (
        "upload_flags = -c stlinkv2",
        "upload_flags = -c: these are options of stm8tool; instead of stm8flash's -c use upload_protocol",
    ),
}


@pytest.mark.parametrize("target", ["upload", "unlock"])
def test_a_wrong_option_stops_before_the_flasher_starts(project: Project, target: str) -> None:
    project.configure(*(f"{board}\n{option}" for board, (option, _) in WRONG.items()), recorder=True)
    result = project.run(target)
    assert result.code == 1
    assert result.errors == [f"error: {message}" for _, message in WRONG.values()]
    assert project.calls() == []


def test_another_name_of_an_st_link_is_any_st_link_and_one_warning(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = stlinkv2-1", recorder=True)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert project.calls() == [["--probe", "stlink", *OPTIONS[2:], "write", HEX]]
    assert [line for line in result.output.splitlines() if "warning" in line] == [
        "warning: upload_protocol = stlinkv2-1 means any ST-LINK; the known names are: "
        "stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"
    ]


def test_a_wrong_protocol_does_not_stop_a_build_or_a_list_of_probes(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = jlink", recorder=True)
    assert project.run().code == 0
    assert project.run("list-probes").code == 0


def test_a_custom_command_runs_in_place_of_the_flasher(project: Project) -> None:
    command = '"$PYTHONEXE" recorder.py custom $SOURCE'
    project.configure(f"stm8sblue\nupload_protocol = custom\nupload_command = {command}", recorder=True)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert project.calls() == [["custom", HEX]]


def test_a_custom_protocol_without_a_command_is_an_error(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = custom", recorder=True)
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == [
        "error: upload_protocol = custom needs upload_command; without one, use an ST-LINK with one of: "
        "stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"
    ]


def test_nobuild_uploads_the_file_that_the_build_made_and_needs_no_toolchain(bare: Project, tmp_path: Path) -> None:
    assert bare.run().code == 0
    bare.source("this does not compile")
    result = bare.run("nobuild", "upload", PLATFORMIO_PACKAGES_DIR=str(tmp_path / "packages"))
    assert result.code == 0, result.output
    assert bare.calls() == [[*OPTIONS, "write", HEX]]


def test_nobuild_without_a_file_says_what_makes_it(recorded: Project) -> None:
    result = recorded.run("nobuild", "upload")
    assert result.code == 1
    missing = recorded.built("firmware.hex")
    assert result.errors == [f"error: nobuild: there is no {missing} yet; `pio run -e stm8sblue` builds it"]
    assert recorded.calls() == []


def test_what_only_needs_the_probe_needs_no_toolchain_and_builds_nothing(bare: Project, tmp_path: Path) -> None:
    bare.configure("stm8sblue\ncustom_eeprom_file = eeprom.hex", recorder=True)
    result = bare.run(*PROBE_TARGETS, PLATFORMIO_PACKAGES_DIR=str(tmp_path / "packages"))
    assert result.code == 0, result.output
    assert len(bare.calls()) == len(PROBE_TARGETS)
    assert "Compiling" not in result.output
    assert sorted(path.name for path in (tmp_path / "packages").iterdir()) == ["tool-scons"]


COUNTING = """
import atexit, SCons.Action
seen, before = [], SCons.Action._object_instance_content
SCons.Action._object_instance_content = lambda content: seen.append(1) or before(content)
atexit.register(lambda: print("objects:", len(seen)))
"""


def test_scons_does_not_read_everything_that_a_target_can_reach(project: Project) -> None:
    """It did: that took a third of its time in every run."""
    (project.folder / "counting.py").write_text(COUNTING, encoding="utf-8")
    project.configure("stm8sblue\nextra_scripts = pre:counting.py")
    result = project.run()
    assert result.code == 0, result.output
    (count,) = [int(line.partition(":")[2]) for line in result.output.splitlines() if line.startswith("objects:")]
    assert 0 < count < 1000
