"""`serial` and `espstlink`: the command lines of stm8gal and stm8flash, with a stand-in in the place of each."""

from __future__ import annotations

from pathlib import Path

import pytest

import stand_ins
from pio import Core, Project
from stm8build import stm8gal

HEX = str(Path(".pio", "build", "mb208", "firmware.hex"))
PORT = "upload_port = /dev/ttyUSB7"


def test_the_command_line_is_that_of_ststm8_2() -> None:
    words = ["-p", "$UPLOAD_PORT", "-b", "$UPLOAD_SPEED", "-R", "1", "-u", "2", "-V", "2", "-B", "-w"]
    assert stm8gal.flags("115200") == words


def test_without_a_speed_it_is_stm8gal_s_own() -> None:
    assert "-b" not in stm8gal.flags("")


@pytest.mark.parametrize("given", [["-R", "2"], ["-reset", "2"]])
def test_an_adapter_that_resets_the_board_replaces_the_hand_and_the_hint(given: list[str]) -> None:
    assert "-R" not in stm8gal.flags("", given)
    assert stm8gal.hint(given) == ""
    assert stm8gal.hint(["-u", "0"]).startswith("hint: reset the board when stm8gal synchronizes")


@pytest.fixture(scope="module")
def gal(core: Core) -> Core:
    """A core directory with a stand-in for stm8gal."""
    stand_ins.install_uploader(core, stand_ins.STM8GAL)
    return core


@pytest.fixture(scope="module")
def esp(core: Core) -> Core:
    """A core directory with a stand-in for stm8flash."""
    stand_ins.install_uploader(core, stand_ins.STM8FLASH)
    return core


@pytest.mark.platform
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", ["-p", "/dev/ttyUSB7", "-R", "1", "-u", "2", "-V", "2"]),
        ("upload_speed = 57600", ["-p", "/dev/ttyUSB7", "-b", "57600", "-R", "1", "-u", "2", "-V", "2"]),
        ("upload_flags = -u 0 -R 2", ["-u", "0", "-R", "2", "-p", "/dev/ttyUSB7", "-V", "2"]),
    ],
)
def test_a_board_whose_default_is_serial_uploads_through_stm8gal(
    gal: Core, project: Project, options: str, words: list[str]
) -> None:
    project.configure(f"mb208\n{PORT}\n{options}")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert project.calls() == [["stm8gal", *words, "-B", "-w", HEX]]
    assert "Using manually specified: /dev/ttyUSB7" in result.output
    assert ("hint: reset the board" in result.output) == ("-R 2" not in options)


@pytest.mark.platform
def test_other_targets_take_any_st_link(gal: Core, project: Project) -> None:
    project.configure(f"mb208\n{PORT}", recorder=True)
    for target, words in {"list-probes": ["list"], "unlock": ["unlock"]}.items():
        result = project.run(target)
        assert result.code == 0, result.output
        call = project.calls()[-1]
        assert call[-len(words) :] == words
        assert call[call.index("--probe") + 1] == "stlink"


@pytest.mark.platform
@pytest.mark.parametrize(
    ("options", "before", "words"),
    [
        ("", [], ["-p", "stm8s103?3", "-s", "flash"]),
        ("upload_port = /dev/ttyUSB7", [], ["-p", "stm8s103?3", "-s", "flash", "-d", "/dev/ttyUSB7"]),
        ("board_upload.stm8flash_target = stm8s003?3", [], ["-p", "stm8s003?3", "-s", "flash"]),
        ("upload_flags = -p stm8s903?3 -b 64", ["-p", "stm8s903?3", "-b", "64"], ["-s", "flash"]),
    ],
)
def test_an_espstlink_uploads_through_stm8flash(
    esp: Core, project: Project, options: str, before: list[str], words: list[str]
) -> None:
    project.configure(f"stm8sblue\nupload_protocol = espstlink\n{options}")
    result = project.run("upload")
    assert result.code == 0, result.output
    firmware = str(Path(".pio", "build", "stm8sblue", "firmware.hex"))
    assert project.calls() == [["stm8flash", *before, "-c", "espstlink", *words, "-w", firmware]]


@pytest.mark.platform
def test_an_espstlink_does_nothing_but_upload(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = espstlink", recorder=True)
    result = project.run("unlock")
    assert result.code == 1
    assert result.errors == [
        "error: upload_protocol = espstlink works for upload only; for unlock use an ST-LINK with one of: "
        "stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"
    ]
    assert project.calls() == []
