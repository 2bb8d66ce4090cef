"""`serial` and `espstlink`, at simulated boards."""

from __future__ import annotations

from pathlib import Path

import pytest

import stand_ins
from pio import Core, Project, stm8tool
from stm8build import stm8gal

PORT = "upload_port = /dev/ttyUSB7"
UNKNOWN = "this option of stm8gal has no counterpart; "


def test_the_command_line_of_stm8gal_is_that_of_ststm8_2() -> None:
    words = ["-p", "$UPLOAD_PORT", "-b", "$UPLOAD_SPEED", "-R", "1", "-u", "2", "-V", "2", "-B", "-w"]
    assert stm8gal.flags("115200") == words


def test_without_a_speed_it_is_stm8gal_s_own() -> None:
    assert "-b" not in stm8gal.flags("")
    assert "-R" not in stm8gal.flags("", ["-reset", "2"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("-R 2", "--uart-reset dtr"),
        ("-reset 6 -u 0", "--uart-reset rts --uart-mode duplex"),
        ("-R 0 -u 1 -V 0", "--uart-reset none --uart-mode one-wire --verify no"),
        ("-R 1 -uart-mode 2 -verify 1", "--uart-reset manual --uart-mode reply --verify yes"),
        ("-V 2", "--verify read"),
        ("-u 255", "--uart-mode auto"),
        ("-p COM5 -baudrate 230400", "--probe serial:COM5 --baud 230400"),
        ("-p socket://127.0.0.1:4000", "--probe socket://127.0.0.1:4000"),
        ("-v -B -q -v 2 -i 0 -j 0x8000", ""),
        ("--uart-reset rts -v --unlock never", "--uart-reset rts --unlock never"),
    ],
)
def test_an_option_of_stm8gal_keeps_its_meaning(given: str, words: str) -> None:
    assert stm8gal.translated(given.split()) == (words.split(), None)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("-R 3", "-R 3: " + UNKNOWN + "use --reset-command COMMAND for another way to reset the board"),
        ("-i 1", "-i 1: " + UNKNOWN + "only the UART is served; use an ST-LINK for other wires"),
        ("-j 0x9000", "-j 0x9000: " + UNKNOWN + "the tool starts the program at 0x008000"),
        ("-j -1", "-j -1: " + UNKNOWN + "the tool starts the program at 0x008000"),
        ("-E", "-E: " + UNKNOWN + "use `pio run -t erase`"),
        ("-w other.hex", "-w: " + UNKNOWN + "leave it out: the target names the file"),
        ("-V", "-V: " + UNKNOWN + "give its value"),
    ],
)
def test_an_option_of_stm8gal_without_a_counterpart_gets_a_sentence(given: str, says: str) -> None:
    assert stm8gal.translated(given.split()).problem == f"upload_flags = {says}"


@pytest.mark.platform
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", []),
        ("upload_speed = 57600", ["--baud", "57600"]),
        ("upload_flags = -u 0 -R 2", ["--uart-mode", "duplex", "--uart-reset", "dtr"]),
    ],
)
def test_a_board_whose_default_is_serial_uploads_at_its_uart_and_fetches_nothing(
    project: Project, options: str, words: list[str]
) -> None:
    project.configure(f"mb208\n{PORT}\n{options}", recorder=True)
    result = project.run("upload")
    assert result.code == 0, result.output
    (call,) = project.calls()
    assert call[call.index("--probe") + 1] == "serial:/dev/ttyUSB7"
    assert all(word in call for word in words)
    assert "Using manually specified: /dev/ttyUSB7" in result.output


@pytest.mark.platform
def test_other_targets_use_the_port_too(project: Project) -> None:
    project.configure(f"mb208\n{PORT}", recorder=True)
    for target, words in {"erase": ["erase"], "unlock": ["unlock"]}.items():
        result = project.run(target)
        assert result.code == 0, result.output
        call = project.calls()[-1]
        assert call[-len(words) :] == words
        assert call[call.index("--probe") + 1] == "serial:/dev/ttyUSB7"


@pytest.mark.platform
@pytest.mark.parametrize("target", ["erase", "reset", "probe-info"])
def test_without_a_port_no_target_takes_an_st_link(project: Project, target: str) -> None:
    """It may be the ST-LINK of another board. PlatformIO finds a port, or asks for one."""
    project.configure("mb208", recorder=True)
    result = project.run(target)
    for call in project.calls():
        assert call[call.index("--probe") + 1].startswith("serial:")
    assert result.code == 0 or "upload_port" in result.output, result.output


@pytest.mark.platform
@pytest.mark.parametrize(("board", "part"), [("mb208", "stm8s208mb"), ("s8uno", "stm8s105k6")])
def test_a_simulated_board_is_written_verified_and_erased_at_its_uart(project: Project, board: str, part: str) -> None:
    made = stm8tool("sim", "create", "board.chip", "--part", part, "--option", "OPTBL=0x55", cwd=project.folder)
    assert made.code == 0, made.output
    project.configure(f"{board}\nupload_port = serial:sim:board.chip\nupload_flags = -R 2")
    result = project.run("upload", "verify")
    assert result.code == 0, result.output
    assert "UART loader" in result.output
    firmware = str(project.built("firmware.hex", board))
    held = stm8tool("--probe", "sim:board.chip", "--part", part, "verify", firmware, cwd=project.folder)
    assert held.code == 0, held.output
    result = project.run("erase")
    assert result.code == 0, result.output


@pytest.mark.platform
def test_an_option_of_stm8gal_without_a_counterpart_stops_the_upload(project: Project) -> None:
    project.configure(f"mb208\n{PORT}\nupload_flags = -R 4", recorder=True)
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == [
        f"error: upload_flags = -R 4: {UNKNOWN}use --reset-command COMMAND for another way to reset the board"
    ]
    assert project.calls() == []


@pytest.mark.platform
def test_an_upload_command_around_the_uploader_still_runs_stm8gal(core: Core, project: Project) -> None:
    stand_ins.install_uploader(core, stand_ins.STM8GAL)
    project.configure(f"mb208\n{PORT}\nupload_command = $UPLOADER $UPLOADERFLAGS $SOURCE\nupload_flags = -R 2")
    result = project.run("upload")
    assert result.code == 0, result.output
    firmware = str(Path(".pio", "build", "mb208", "firmware.hex"))
    words = ["-R", "2", "-p", "/dev/ttyUSB7", "-u", "2", "-V", "2", "-B", "-w"]
    assert project.calls() == [["stm8gal", *words, firmware]]


@pytest.mark.platform
@pytest.mark.parametrize("kind", ["espstlink", "rp2040"])
def test_a_probe_at_a_serial_port_serves_every_target_and_nothing_is_fetched(project: Project, kind: str) -> None:
    project.configure(f"stm8sblue\nupload_protocol = {kind}\n{PORT}", recorder=True)
    for target, words in {"upload": ["write"], "verify": ["verify"], "unlock": ["unlock"], "dump": ["read"]}.items():
        result = project.run(target)
        assert result.code == 0, result.output
        call = project.calls()[-1]
        assert call[call.index("--probe") + 1] == f"{kind}:/dev/ttyUSB7"
        assert all(word in call for word in words)
        assert "warning" not in result.output


@pytest.mark.platform
@pytest.mark.parametrize(("kind", "model"), [("espstlink", "espstlink 0.2"), ("rp2040", "rp2040_swim 0.1.0")])
def test_a_board_at_a_simulated_probe_is_written_verified_read_and_unlocked(
    project: Project, kind: str, model: str
) -> None:
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", "--locked", cwd=project.folder)
    assert made.code == 0, made.output
    project.configure(f"stm8sblue\nupload_protocol = {kind}\nupload_port = {kind}:sim:board.chip")
    result = project.run("unlock", "upload", "verify", "dump", "doctor")
    assert result.code == 0, result.output
    assert f"{model}, STM8S103F3" in result.output
    firmware = str(project.built("firmware.hex", "stm8sblue"))
    held = stm8tool("--probe", "sim:board.chip", "--part", "stm8s103f3", "verify", firmware, cwd=project.folder)
    assert held.code == 0, held.output


@pytest.mark.platform
@pytest.mark.parametrize("kind", ["espstlink", "rp2040"])
def test_a_command_of_the_project_around_the_uploader_serves_the_probe_as_stm8flash_does(
    project: Project, kind: str
) -> None:
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    project.configure(
        f"stm8sblue\nupload_protocol = {kind}\nupload_port = {kind}:sim:board.chip\n"
        "upload_command = $UPLOADER $UPLOADERFLAGS $SOURCE"
    )
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output


@pytest.mark.platform
def test_an_option_of_stm8flash_in_the_flags_of_an_espstlink_gets_a_sentence(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = espstlink\nupload_flags = -p stm8s903?3", recorder=True)
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == [
        "error: upload_flags = -p: these are options of stm8tool; instead of stm8flash's -p use board_upload.part"
    ]
    assert project.calls() == []
