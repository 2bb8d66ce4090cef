"""`upload_protocol = serial` and `espstlink`: the command lines of stm8gal and stm8flash, which stand-ins get."""

from __future__ import annotations

from pathlib import Path

import pytest

import stand_ins
from pio import Core, Project, load_builder

stm8gal = load_builder("stm8gal")

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


@pytest.fixture(scope="module")
def esp(core: Core) -> Core:
    """A core directory with a stand-in for stm8flash."""
    stand_ins.install_uploader(core, stand_ins.STM8FLASH)
    return core


@pytest.mark.platform
@pytest.mark.parametrize(
    ("board", "options", "words"),
    [
        ("stm8sblue", "", ["-p", "stm8s103?3"]),
        ("stm8sdisco", PORT, ["-p", "stm8s105?6", "-d", "/dev/ttyUSB7"]),
        ("mb208", "board_upload.part = stm8s208rb", ["-p", "stm8s208rb"]),
    ],
)
def test_an_espstlink_is_served_by_stm8flash_as_in_ststm8_2(
    esp: Core, project: Project, board: str, options: str, words: list[str]
) -> None:
    project.configure(f"{board}\nupload_protocol = espstlink\n{options}")
    result = project.run("upload")
    assert result.code == 0, result.output
    firmware = str(Path(".pio", "build", board, "firmware.hex"))
    assert project.calls() == [["stm8flash", "-c", "espstlink", *words, "-s", "flash", "-w", firmware]]


@pytest.mark.platform
@pytest.mark.parametrize("protocol", ["serial", "espstlink"])
def test_a_simulated_board_or_a_usb_socket_as_the_port_is_served_by_the_flasher(
    core: Core, project: Project, protocol: str
) -> None:
    project.configure(f"mb208\nupload_protocol = {protocol}\nupload_port = sim:no.chip")
    result = project.run("upload")
    assert "Tool Manager" not in result.output
    assert len(result.errors) == 1
    assert "no.chip" in result.errors[0]
