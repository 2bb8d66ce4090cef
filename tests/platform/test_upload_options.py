"""builder/upload.py: what platformio.ini says becomes the flasher's options, or one line that says what is wrong."""

from __future__ import annotations

import pytest

from pio import BOARDS, load_builder
from stm8tool.devices import find_part

upload = load_builder("upload")

UPSTREAM_BOARDS = {
    "mb208",
    "nucleo_8s207k8",
    "nucleo_8s208rb",
    "s8uno",
    "stm8s003f3",
    "stm8sblack",
    "stm8sblue",
    "stm8sdisco",
}


def test_the_boards_that_users_know_are_here() -> None:
    assert set(BOARDS) >= UPSTREAM_BOARDS


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_the_memory_of_its_part(board: str) -> None:
    part = find_part(BOARDS[board]["build"]["mcu"])
    limits = BOARDS[board]["upload"]
    assert (limits["maximum_size"], limits["maximum_ram_size"]) == (part.flash.size, part.ram.size)


@pytest.mark.parametrize("protocol", upload.STLINK_PROTOCOLS)
@pytest.mark.parametrize("board", BOARDS)
def test_every_board_can_be_written_through_every_st_link(board: str, protocol: str) -> None:
    manifest = BOARDS[board]
    assert protocol in manifest["upload"]["protocols"]
    assert manifest["upload"]["protocol"] in manifest["upload"]["protocols"]
    assert upload.problem(protocol, manifest["upload"]) is None
    words = upload.flags(manifest["upload"], manifest["build"]["mcu"])
    assert words[0::2] == ["--probe", "--part", "--unlock", "--verify", "--progress"]
    assert words[1] == upload.PROBE
    assert find_part(words[3]) == find_part(manifest["build"]["mcu"])
    assert words[5::2] == ["auto", "yes", "lines"]


@pytest.mark.parametrize(
    ("protocol", "options", "message"),
    [
        (
            "jlink",
            {},
            "upload_protocol = jlink is unknown; allowed: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3, custom",
        ),
        (
            "stlinkv9",
            {},
            "upload_protocol = stlinkv9 is unknown; allowed: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3, custom",
        ),
        (
            "serial",
            {},
            "upload_protocol = serial is not supported by this version; "
            "use an ST-LINK with one of: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3",
        ),
        (
            "espstlink",
            {},
            "upload_protocol = espstlink is not supported by this version; "
            "use an ST-LINK with one of: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3",
        ),
        (
            "custom",
            {},
            "upload_protocol = custom serves only the target upload, with upload_command; "
            "allowed here: stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3",
        ),
        ("stlink", {"unlock": "yes"}, "board_upload.unlock = yes is unknown; allowed: auto, never"),
        ("stlink", {"verify": "maybe"}, "board_upload.verify = maybe is unknown; allowed: yes, no"),
        ("stlink", {"verify": ""}, "board_upload.verify =  is unknown; allowed: yes, no"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(protocol: str, options: dict[str, str], message: str) -> None:
    assert upload.problem(protocol, options) == message


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_the_project_s_part_goes_before_stm8flash_s_name_and_that_before_the_mcu() -> None:
    named = {"part": "stm8s103f3", "stm8flash_target": "stm8s103?3"}
    assert option(upload.flags(named, "stm8s003f3p6"), "--part") == "stm8s103f3"
    assert option(upload.flags({"stm8flash_target": "stm8s103?3"}, "stm8s003f3p6"), "--part") == "stm8s103?3"
    assert option(upload.flags({}, "stm8s003f3p6"), "--part") == "stm8s003f3p6"


def test_the_options_of_the_project_are_passed_on() -> None:
    words = upload.flags({"unlock": "never", "verify": "no"}, "stm8s103f3p6", bar=True, verbose=True)
    assert option(words, "--unlock") == "never"
    assert option(words, "--verify") == "no"
    assert option(words, "--progress") == "bar"
    assert words[-1] == "-v"


@pytest.mark.parametrize("given", [["--unlock", "never"], ["--unlock=never"]])
def test_upload_flags_win_over_what_the_builder_would_say(given: list[str]) -> None:
    assert "--unlock" not in upload.flags({}, "stm8s103f3p6", given=given)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], []),
        (["--unlock", "never"], ["--unlock", "never"]),
        (["--unlock never", "-v"], ["--unlock", "never", "-v"]),
        ([r'--probe "sim:C:\my board.chip"'], ["--probe", r"sim:C:\my board.chip"]),
        (["--region 0x8000:0x100 # no comment"], ["--region", "0x8000:0x100", "#", "no", "comment"]),
    ],
)
def test_upload_flags_may_stand_on_one_line_or_on_several(entries: list[str], words: list[str]) -> None:
    assert upload.split_flags(entries) == words


def test_upload_flags_with_half_a_quotation_are_named() -> None:
    with pytest.raises(ValueError, match=r'^upload_flags = --probe "sim:board: a quotation mark has no partner$'):
        upload.split_flags(["-v", '--probe "sim:board'])
