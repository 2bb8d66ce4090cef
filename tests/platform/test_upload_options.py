"""`command_line.py`, `option_problems.py`: the flasher's options, or one line that says what is wrong."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from platformio.project.options import ProjectOptions

from pio import BOARDS, UPSTREAM_BOARDS, Project
from stm8build import command_line, option_problems, options
from stm8tool.parts.table import find_part


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_can_be_written_through_every_st_link(board: str) -> None:
    manifest = BOARDS[board]
    mcu, limits = manifest["build"]["mcu"], manifest["upload"]
    assert limits["protocols"][: len(options.STLINK_PROTOCOLS)] == list(options.STLINK_PROTOCOLS)
    assert limits["protocol"] in limits["protocols"]
    words = command_line.flags(options.upload_settings(limits), mcu)
    assert words[0::2] == ["--probe", "--part", "--unlock", "--verify", "--progress"]
    assert words[1] == command_line.PROBE
    assert limits["protocols"][-3:] == ["espstlink", "rp2040", "simulator"]
    assert find_part(words[3]) == find_part(mcu)
    assert words[5::2] == ["auto", "yes", "lines"]
    for protocol in options.STLINK_PROTOCOLS:
        assert option_problems.problem(protocol, mcu, limits, {}, "unlock") is None


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_lists_serial_only_where_its_chip_has_a_bootloader(board: str) -> None:
    manifest = BOARDS[board]
    listed = "serial" in manifest["upload"]["protocols"]
    message = option_problems.problem("serial", manifest["build"]["mcu"], manifest["upload"], {}, "upload")
    assert (message is None) == listed
    assert (manifest["build"]["mcu"].upper() in str(message)) == (not listed)
    if listed:
        assert find_part(manifest["build"]["mcu"]).boot_rom is not None


ALLOWED = "stlink, stlinkv1, stlinkv2, stlinkv21, stlinkv3"


@pytest.mark.parametrize(
    ("protocol", "settings", "message"),
    [
        (
            "jlink",
            {},
            f"upload_protocol = jlink is unknown; allowed: {ALLOWED}, serial, espstlink, rp2040, simulator, custom",
        ),
        (
            "serial",
            {"protocols": ["stlink"]},
            "upload_protocol = serial needs a UART bootloader in the chip's ROM, and none is known for the "
            f"STM8S103F3P6; use an ST-LINK with one of: {ALLOWED}",
        ),
        ("stlink", {"unlock": "yes"}, "board_upload.unlock = yes is unknown; allowed: auto, never"),
        ("stlink", {"verify": "maybe"}, "board_upload.verify = maybe is unknown; allowed: yes, no, read"),
        ("stlink", {"verify": ""}, "board_upload.verify =  is unknown; allowed: yes, no, read"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(protocol: str, settings: dict[str, Any], message: str) -> None:
    assert option_problems.problem(protocol, "stm8s103f3p6", settings, {}, "verify") == message


@pytest.mark.parametrize("mcu", ["stlux385a", "stnrg388a"])
def test_serial_on_a_chip_with_another_boot_rom_says_that_it_is_not_known(mcu: str) -> None:
    board = BOARDS[f"generic_{mcu}"]
    assert option_problems.problem("serial", board["build"]["mcu"], board["upload"], {}, "upload") == (
        f"upload_protocol = serial needs facts about the boot ROM of the {mcu.upper()}, which we do not have; "
        f"use an ST-LINK with one of: {ALLOWED}"
    )


@pytest.mark.parametrize("target", ["upload", "verify", "unlock", "doctor"])
@pytest.mark.parametrize("protocol", ["espstlink", "rp2040"])
def test_a_probe_at_a_serial_port_serves_every_target(protocol: str, target: str) -> None:
    assert option_problems.problem(protocol, "stm8s103f3p6", {}, {}, target) is None


@pytest.mark.parametrize(
    ("port", "protocol", "probe"),
    [
        ("", "espstlink", "espstlink:"),
        ("COM5", "espstlink", "espstlink:COM5"),
        ("/dev/ttyUSB0", "espstlink", "espstlink:/dev/ttyUSB0"),
        ("socket://127.0.0.1:4000", "espstlink", "espstlink:socket://127.0.0.1:4000"),
        ("espstlink:sim:b.chip", "espstlink", "espstlink:sim:b.chip"),
        ("espstlink:sim:b.chip", "stlinkv2", "espstlink:sim:b.chip"),
        ("sim:b.chip", "espstlink", "sim:b.chip"),
        ("usb:1-2", "espstlink", "usb:1-2"),
        ("usbip://127.0.0.1/1-1", "espstlink", "usbip://127.0.0.1/1-1"),
        ("", "rp2040", "rp2040:"),
        ("/dev/ttyACM0", "rp2040", "rp2040:/dev/ttyACM0"),
        ("rp2040:COM5", "stlinkv2", "rp2040:COM5"),
        ("rp2040:COM5", "serial", "rp2040:COM5"),
        ("espstlink:COM5", "rp2040", "espstlink:COM5"),
        ("sim:b.chip", "rp2040", "sim:b.chip"),
        ("usbip://127.0.0.1/1-1", "rp2040", "usbip://127.0.0.1/1-1"),
    ],
)
def test_the_port_of_a_probe_at_a_serial_port_is_its_selector(port: str, protocol: str, probe: str) -> None:
    assert command_line.probe(port, protocol, options.STLINK_PROTOCOLS) == probe


@pytest.mark.parametrize("protocol", ["stlinkv2-1", "stlink-v2", "stlinkv9"])
def test_any_other_name_of_an_st_link_is_any_st_link_and_a_warning(protocol: str) -> None:
    assert option_problems.problem(protocol, "stm8s103f3p6", {}, {}, "unlock") is None
    assert option_problems.unusual_protocol(protocol) == (
        f"upload_protocol = {protocol} means any ST-LINK; the known names are: {ALLOWED}"
    )
    assert command_line.probe("", protocol, options.STLINK_PROTOCOLS) == "stlink"


@pytest.mark.parametrize("protocol", [*options.STLINK_PROTOCOLS, *options.OTHER_PROTOCOLS])
def test_a_protocol_with_a_name_of_its_own_is_not_unusual(protocol: str) -> None:
    assert option_problems.unusual_protocol(protocol) is None


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (
            ["-c", "stlinkv2"],
            "upload_flags = -c: these are options of stm8tool; instead of stm8flash's -c use upload_protocol",
        ),
        (
            ["--part", "x", "-pstm8s103?3"],
            "upload_flags = -pstm8s103?3: these are options of stm8tool; instead of stm8flash's -p",
        ),
        (["-v", "--region", "flash"], "None"),
    ],
)
def test_an_option_of_stm8flash_is_named_with_what_replaces_it(words: list[str], meant: str) -> None:
    assert str(option_problems.stm8flash_option(words)).startswith(meant)


@pytest.mark.parametrize(
    ("named", "flags", "model", "problem"),
    [
        (None, [], "medium", None),
        (None, ["-DX -mstm8 --model-large"], "large", None),
        (None, ["-DX", "--model-large"], "large", None),
        ("large", ["--model-large"], "large", None),
        (
            "medium",
            ["--model-large"],
            "medium",
            "board_build.memory_model = medium and build_flags = --model-large do not go together; "
            "leave one of them out",
        ),
        (
            None,
            ["--model-medium", "--model-large"],
            "",
            "build_flags = --model-medium --model-large do not go together; leave all but one out",
        ),
        ("huge", ["-DX"], "huge", "board_build.memory_model = huge is unknown; allowed: medium, large"),
    ],
)
def test_the_memory_model_comes_from_its_option_or_from_build_flags(
    named: Optional[str], flags: list[str], model: str, problem: Optional[str]
) -> None:
    assert option_problems.memory_model(named, flags) == (model, problem)


@pytest.mark.parametrize(
    ("settings", "mcu", "part"),
    [
        ({}, "stm8s103f3p6", "stm8s103?3"),
        ({"stm8flash_target": "stm8s208?b"}, "stm8s208mbt6", "stm8s208?b"),
        ({"part": "stm8s103k3", "stm8flash_target": "stm8s103?3"}, "stm8s103f3p6", "stm8s103k3"),
        ({}, "stlux385a", "stlux385a"),
    ],
)
def test_stm8flash_gets_the_part_that_ststm8_2_gave_it(settings: dict[str, Any], mcu: str, part: str) -> None:
    assert command_line.stm8flash_part(settings, mcu) == part


@pytest.mark.parametrize("board", UPSTREAM_BOARDS)
def test_the_part_for_stm8flash_is_the_board_s(board: str) -> None:
    mcu = BOARDS[board]["build"]["mcu"]
    found = find_part(command_line.stm8flash_part(BOARDS[board]["upload"], mcu))
    assert (found.flash, found.family) == (find_part(mcu).flash, find_part(mcu).family)


def test_custom_needs_a_command_for_the_upload_and_nothing_for_other_targets() -> None:
    message = f"upload_protocol = custom needs upload_command; without one, use an ST-LINK with one of: {ALLOWED}"
    assert option_problems.problem("custom", "stm8s103f3p6", {}, {}, "upload") == message
    assert option_problems.problem("custom", "stm8s103f3p6", {}, {}, "verify") is None


@pytest.mark.parametrize(
    ("port", "protocol", "probe"),
    [
        ("COM3", "stlinkv2", "stlinkv2"),
        ("/dev/ttyUSB0", "serial", "serial:/dev/ttyUSB0"),
        (r"\\.\COM12", "stlink", "stlink"),
        ("", "custom", "stlink"),
        ("57FF72", "stlinkv2", "57FF72"),
        ("sim:b.chip", "serial", "sim:b.chip"),
    ],
)
def test_a_serial_port_is_no_probe(port: str, protocol: str, probe: str) -> None:
    assert command_line.probe(port, protocol, options.STLINK_PROTOCOLS) == probe


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("board_upload.unlok", "board_upload.unlock"),
        ("board_upload.verfy", "board_upload.verify"),
        ("board_upload.unlokc", "board_upload.unlock"),
        ("board_upload.verfiy", "board_upload.verify"),
        ("board_upload.prt", "board_upload.part"),
        ("board_build.fcpu", "board_build.f_cpu"),
        ("board_build.f_cup", "board_build.f_cpu"),
        ("board_upload.prat", "board_upload.part"),
        ("custom_eeprom_files", "custom_eeprom_file"),
    ],
)
def test_a_misspelt_option_is_named_with_what_was_meant(name: str, meant: str) -> None:
    message = f"the option {name} is unknown; did you mean {meant}?"
    assert option_problems.problem("stlink", "stm8s103f3p6", {}, {"board": "stm8sblue", name: "x"}, "upload") == message


@pytest.mark.parametrize(
    "name", [*options.OPTIONS, "board_upload.speed", "board_build.core", "custom_eeprom_size", "custom_anything"]
)
def test_a_project_s_own_option_is_not_taken_for_one_that_is_misspelt(name: str) -> None:
    assert option_problems.misspelt([name]) is None


def test_every_option_has_an_example_that_is_allowed_and_a_default_among_its_values() -> None:
    for option in options.OPTIONS.values():
        assert option_problems.wrong_value(option.name, option.example) is None
        assert bool(option.values) != bool(option.form)
        assert option.name == "upload_protocol" or not option.values or option.values[0] == option.default


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def flags(settings: dict[str, str], mcu: str, **more: Any) -> list[str]:
    words: list[str] = command_line.flags(options.upload_settings(settings), mcu, **more)
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
    assert command_line.split_flags(entries) == words


def test_upload_flags_with_half_a_quotation_are_named() -> None:
    with pytest.raises(ValueError, match=r'^upload_flags = --probe "sim:board: a quotation mark has no partner$'):
        command_line.split_flags(["-v", '--probe "sim:board'])


PLATFORMIO_S = [
    "upload_port",
    "upload_protocol",
    "upload_flags",
    "build_flags",
    "monitor_speed",
    "lib_deps",
    "src_filter",
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("upload_portt", "upload_port"),
        ("uplod_port", "upload_port"),
        ("upload-port", "upload_port"),
        ("upload_protocl", "upload_protocol"),
        ("build_flag", "build_flags"),
        ("monitor_sped", "monitor_speed"),
        ("lib_dep", "lib_deps"),
        ("board_buildd.mcu", "board_build.mcu"),
        ("board_uplod.part", "board_upload.part"),
        ("boardupload.part", "board_upload.part"),
    ],
)
def test_a_misspelt_option_of_platformio_s_is_named_with_what_was_meant(name: str, meant: str) -> None:
    message = f"the option {name} is unknown; did you mean {meant}?"
    found = option_problems.in_project({name: "x"}, PLATFORMIO_S)
    assert found in (message, f"{message} An option of your own begins with custom_")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("build_flags = -DT=${this.monitor_sped}", True),
        ("build_flags = -DT=${env:a.monitor_sped}", True),
        ('env.GetProjectOption("monitor_sped")', True),
        ("monitor_sped = 9600", False),
        ("build_flags = -DT=${this.monitor_speed}", False),
    ],
)
def test_an_option_that_the_project_itself_reads_is_its_own(text: str, own: bool) -> None:
    assert (option_problems.in_project({"monitor_sped": "1"}, PLATFORMIO_S, [text]) is None) == own


@pytest.mark.platform
def test_a_project_with_an_option_of_its_own_builds_as_before(project: Project) -> None:
    (project.folder / "post.py").write_text('Import("env")\nprint(env.GetProjectOption("test_prot"))\n')
    own = ["target = 7", "test_prot = own", "build_flags = -DTARGET=${this.target}", "extra_scripts = post.py"]
    project.configure("\n".join(["stm8sblue", *own]), recorder=True)
    text = (project.folder / "platformio.ini").read_text()
    (project.folder / "platformio.ini").write_text(text.replace("extra_scripts = post:use_recorder.py\n", ""))
    result = project.run()
    assert result.code == 0, result.output


@pytest.mark.parametrize(
    "name",
    [
        *("upload_port", "src_filter", "board_build.ldscript", "board_upload.part", "board_debug.svd_path"),
        *("custom_upload_port", "custom_portt", "upload_host", "upload_port2", "upload_port_2", "lib_deps_extra"),
        *("lib_deps_a", "my_upload_port", "stm8dce_flags", "board_vendor", "board_connectivity.x"),
    ],
)
def test_a_name_that_is_known_or_meant_so_is_left_alone(name: str) -> None:
    assert option_problems.misspelt_of_platformio([name], PLATFORMIO_S) is None


def test_no_option_of_platformio_s_is_taken_for_another() -> None:
    known = [name for option in ProjectOptions.values() for name in (option.name, *(option.oldnames or []))]
    assert {"upload_port", "board_build.mcu", "src_filter"} <= set(known)
    for name in known:
        assert option_problems.misspelt_of_platformio([name], known) is None


@pytest.mark.platform
@pytest.mark.parametrize("target", ["upload", "unlock", "list-probes", "buildprog"])
def test_a_misspelt_option_of_platformio_s_stops_every_run(project: Project, target: str) -> None:
    project.configure("stm8sblue\nupload_portt = sim:board.chip", recorder=True)
    result = project.run(target)
    assert result.code == 1
    (error,) = result.errors
    assert error == (
        "error: the option upload_portt is unknown; did you mean upload_port? An option of your own begins with custom_"
    )
    assert project.calls() == []


@pytest.mark.platform
def test_an_unknown_option_far_from_all_is_platformio_s_warning(project: Project) -> None:
    project.configure("stm8sblue\nstm8dce_flags = -v", recorder=True)
    result = project.run("reset")
    assert result.code == 0, result.output
    assert "Ignore unknown configuration option `stm8dce_flags`" in result.output
