"""Real `pio run -t ...` with a recorder in the flasher's place: which command each target becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pio import BOARDS, Core, Project

pytestmark = pytest.mark.platform

OPTIONS = ["--probe", "stlinkv2", "--part", "stm8s103f3p6", "--unlock", "auto", "--verify", "yes"]
OPTIONS += ["--progress", "lines"]
HEX = str(Path(".pio", "build", "stm8sblue", "firmware.hex"))

LISTED = """
Environment Group Name Title Description
stm8sblue Platform erase Erase Erase the program memory
stm8sblue Platform reset Reset Reset the chip and let its program run
stm8sblue Platform unlock Unlock Remove the read-out protection, which erases the chip
stm8sblue Platform upload Upload Write the firmware to the chip and verify it
stm8sblue Platform verify Verify Compare the chip with the firmware
stm8sblue Probe doctor Doctor Look at everything up to the chip, and explain what is wrong
stm8sblue Probe list-probes List Probes List the attached probes
stm8sblue Probe probe-info Probe Info Show the probe and the chip behind it
"""


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


def test_the_targets_are_listed_with_titles_and_descriptions(project: Project) -> None:
    result = project.run(options=("--list-targets",))
    lines = [" ".join(line.split()) for line in result.output.splitlines() if line and not line.startswith("---")]
    assert lines == LISTED.split("\n")[1:-1]


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("upload", ["write", HEX]),
        ("verify", ["verify", HEX]),
        ("unlock", ["unlock"]),
        ("erase", ["erase"]),
        ("reset", ["reset"]),
        ("list-probes", ["list"]),
        ("probe-info", ["info"]),
        ("doctor", ["doctor"]),
    ],
)
def test_a_target_becomes_one_call_of_the_flasher(recorded: Project, target: str, command: list[str]) -> None:
    result = recorded.run(target)
    assert result.code == 0, result.output
    assert recorded.calls() == [OPTIONS + command]


def test_targets_run_in_the_order_in_which_they_are_given(recorded: Project) -> None:
    assert recorded.run("unlock", "upload", "verify", "reset").code == 0
    assert [call[len(OPTIONS)] for call in recorded.calls()] == ["unlock", "write", "verify", "reset"]


def test_every_board_uploads_as_its_manifest_says(project: Project) -> None:
    boards = [board for board, manifest in BOARDS.items() if manifest["upload"]["protocol"] != "serial"]
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "upload_protocol = stlinkv4",
            "upload_protocol = stlinkv4 is unknown; allowed: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3, custom",
        ),
        (
            "upload_protocol = serial",
            "upload_protocol = serial is not supported by this version; "
            "use an ST-LINK with one of: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3",
        ),
        ("board_upload.unlock = ask", "board_upload.unlock = ask is unknown; allowed: auto, never"),
        ("board_upload.verify = true", "board_upload.verify = true is unknown; allowed: yes, no"),
    ],
)
@pytest.mark.parametrize("target", ["upload", "unlock"])
def test_a_wrong_option_stops_before_the_flasher_starts(
    project: Project, target: str, options: str, message: str
) -> None:
    project.configure(f"stm8sblue\n{options}", recorder=True)
    result = project.run(target)
    assert result.code == 1
    assert result.errors == [f"error: {message}"]
    assert project.calls() == []


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
        "error: upload_protocol = custom serves only the target upload, with upload_command; "
        "allowed here: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"
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


@pytest.mark.parametrize("target", ["unlock", "erase", "reset", "list-probes", "probe-info", "doctor"])
def test_what_only_needs_the_probe_needs_no_toolchain_and_builds_nothing(
    bare: Project, target: str, tmp_path: Path
) -> None:
    result = bare.run(target, PLATFORMIO_PACKAGES_DIR=str(tmp_path / "packages"))
    assert result.code == 0, result.output
    assert len(bare.calls()) == 1
    assert "Compiling" not in result.output
    assert sorted(path.name for path in (tmp_path / "packages").iterdir()) == ["tool-scons"]
