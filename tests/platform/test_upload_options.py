"""builder/options.py and upload.py: what platformio.ini says becomes the flasher's options, or one line that says
what is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from pio import BOARDS, load_builder
from stm8tool.devices import find_part

upload, options = load_builder("upload"), load_builder("options")


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_can_be_written_through_every_st_link(board: str) -> None:
    manifest = BOARDS[board]
    mcu, limits = manifest["build"]["mcu"], manifest["upload"]
    assert limits["protocols"][: len(options.STLINK_PROTOCOLS)] == list(options.STLINK_PROTOCOLS)
    assert limits["protocol"] in limits["protocols"]
    words = upload.flags(options.upload_settings(limits), mcu)
    assert words[0::2] == ["--probe", "--part", "--unlock", "--verify", "--progress"]
    assert words[1] == upload.PROBE
    assert find_part(words[3]) == find_part(mcu)
    assert words[5::2] == ["auto", "yes", "lines"]
    for protocol in options.STLINK_PROTOCOLS:
        assert options.problem(protocol, mcu, limits, {}, "unlock") is None


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_lists_serial_only_where_its_chip_has_a_bootloader(board: str) -> None:
    manifest = BOARDS[board]
    listed = "serial" in manifest["upload"]["protocols"]
    message = options.problem("serial", manifest["build"]["mcu"], manifest["upload"], {}, "upload")
    assert (message is None) == listed
    mcu = manifest["build"]["mcu"].upper()
    said = "stm8gal does not know the " if mcu.startswith(("STLUX", "STNRG")) else "none is known for the "
    assert (said + mcu in str(message)) == (not listed)
    if listed:
        assert find_part(manifest["build"]["mcu"]).boot_rom is not None


ALLOWED = "stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"


@pytest.mark.parametrize(
    ("protocol", "settings", "message"),
    [
        ("jlink", {}, f"upload_protocol = jlink is unknown; allowed: {ALLOWED}, serial, espstlink, custom"),
        (
            "serial",
            {"protocols": ["stlink"]},
            "upload_protocol = serial needs a UART bootloader in the chip's ROM, and none is known for the "
            f"STM8S103F3P6; use an ST-LINK with one of: {ALLOWED}",
        ),
        ("stlink", {"unlock": "yes"}, "board_upload.unlock = yes is unknown; allowed: auto, never"),
        ("stlink", {"verify": "maybe"}, "board_upload.verify = maybe is unknown; allowed: yes, no"),
        ("stlink", {"verify": ""}, "board_upload.verify =  is unknown; allowed: yes, no"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(protocol: str, settings: dict[str, Any], message: str) -> None:
    assert options.problem(protocol, "stm8s103f3p6", settings, {}, "verify") == message


@pytest.mark.parametrize("protocol", ["stlinkv9", "stlinkv2-1", "stlink-v2", "my-stlink"])
def test_any_other_stlink_is_any_st_link_and_a_warning_names_those_there_are(protocol: str) -> None:
    assert options.problem(protocol, "stm8s103f3p6", {}, {}, "upload") is None
    assert upload.probe("", protocol) == "stlink"
    assert options.substitution(protocol) == (
        f"upload_protocol = {protocol} is taken for stlink: any ST-LINK; there are: {ALLOWED}"
    )


def test_a_protocol_that_is_known_is_not_warned_of() -> None:
    for protocol in (*options.STLINK_PROTOCOLS, *options.OTHER_PROTOCOLS):
        assert options.substitution(protocol) is None


@pytest.mark.parametrize("board", BOARDS)
def test_the_part_that_stm8flash_gets_names_the_board_s_chip_or_its_like(board: str) -> None:
    """A pattern may name the same part in another package, with the same flash."""
    mcu, limits = BOARDS[board]["build"]["mcu"], BOARDS[board]["upload"]
    named = find_part(upload.stm8flash_part(limits, mcu))
    part = find_part(mcu)
    assert (named.flash, named.block, named.flash_regs) == (part.flash, part.block, part.flash_regs)
    assert upload.stm8flash_part({"part": "stm8l151k4"}, mcu) == "stm8l151k4"


def test_custom_needs_a_command_for_the_upload_and_nothing_for_other_targets() -> None:
    message = f"upload_protocol = custom needs upload_command; without one, use an ST-LINK with one of: {ALLOWED}"
    assert options.problem("custom", "stm8s103f3p6", {}, {}, "upload") == message
    assert options.problem("custom", "stm8s103f3p6", {}, {}, "verify") is None


@pytest.mark.parametrize(
    ("port", "protocol", "probe"),
    [
        ("COM3", "stlinkv2", "stlinkv2"),
        ("/dev/ttyUSB0", "serial", "stlink"),
        (r"\\.\COM12", "stlink", "stlink"),
        ("", "custom", "stlink"),
        ("57FF72", "stlinkv2", "57FF72"),
        ("sim:b.chip", "serial", "sim:b.chip"),
    ],
)
def test_a_serial_port_is_no_probe(port: str, protocol: str, probe: str) -> None:
    assert upload.probe(port, protocol) == probe


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("board_upload.unlok", "board_upload.unlock"),
        ("board_upload.verfy", "board_upload.verify"),
        ("board_upload.prt", "board_upload.part"),
        ("board_build.fcpu", "board_build.f_cpu"),
        ("custom_eeprom_files", "custom_eeprom_file"),
    ],
)
def test_a_misspelt_option_is_named_with_what_was_meant(name: str, meant: str) -> None:
    message = f"the option {name} is unknown; did you mean {meant}?"
    assert options.problem("stlink", "stm8s103f3p6", {}, {"board": "stm8sblue", name: "x"}, "upload") == message


@pytest.mark.parametrize(
    "name", [*options.OPTIONS, "board_upload.speed", "board_build.core", "custom_eeprom_size", "custom_anything"]
)
def test_a_project_s_own_option_is_not_taken_for_one_that_is_misspelt(name: str) -> None:
    assert options.misspelt([name]) is None


def test_every_option_has_an_example_that_is_allowed_and_a_default_among_its_values() -> None:
    for option in options.OPTIONS.values():
        assert options.wrong_value(option.name, option.example) is None
        assert bool(option.values) != bool(option.form)
        assert option.name == "upload_protocol" or not option.values or option.values[0] == option.default


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def flags(settings: dict[str, str], mcu: str, **more: Any) -> list[str]:
    words: list[str] = upload.flags(options.upload_settings(settings), mcu, **more)
    return words


def test_the_project_s_part_goes_before_stm8flash_s_name_and_that_before_the_mcu() -> None:
    named = {"part": "stm8s103f3", "stm8flash_target": "stm8s103?3"}
    assert option(flags(named, "stm8s003f3p6"), "--part") == "stm8s103f3"
    assert option(flags({"stm8flash_target": "stm8s103?3"}, "stm8s003f3p6"), "--part") == "stm8s103?3"
    assert option(flags({}, "stm8s003f3p6"), "--part") == "stm8s003f3p6"


def test_the_options_of_the_project_are_passed_on() -> None:
    words = flags({"unlock": "never", "verify": "no"}, "stm8s103f3p6", bar=True, verbose=True)
    assert option(words, "--unlock") == "never"
    assert option(words, "--verify") == "no"
    assert option(words, "--progress") == "bar"
    assert words[-1] == "-v"


@pytest.mark.parametrize("given", [["--unlock", "never"], ["--unlock=never"]])
def test_upload_flags_win_over_what_the_builder_would_say(given: list[str]) -> None:
    assert "--unlock" not in flags({}, "stm8s103f3p6", given=given)


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
