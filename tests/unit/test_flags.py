"""builder/stm8build/flags.py: SDCC's options that take an argument, in every spelling, and which steps get them."""

from __future__ import annotations

import pytest

from stm8build import flags


@pytest.mark.parametrize(
    "line",
    ["--code-loc 0x9000", "--code-loc=0x9000", "--code-loc0x9000", '"--code-loc 0x9000"', '--code-loc "0x9000"'],
)
def test_every_spelling_goes_to_the_compiler_and_to_the_linker(line: str) -> None:
    found = flags.parse([f"-DONE {line} -DTWO=2"])
    assert found.compile == found.link == [("--code-loc", "0x9000")]
    assert found.rest == ["-DONE", "-DTWO=2"]


@pytest.mark.parametrize("option", sorted(flags.OPTIONS))
def test_no_option_takes_its_neighbour_for_its_argument(option: str) -> None:
    found = flags.parse([f"{option} -DF_CPU=1"])
    assert (found.bare, found.compile, found.rest) == ([option], [], ["-DF_CPU=1"])


@pytest.mark.parametrize("option", sorted(flags.OPTIONS))
def test_an_option_of_the_compiler_alone_is_not_sent_to_the_linker(option: str) -> None:
    found = flags.parse([f"{option} X"])
    assert found.compile == [(option, "X")]
    assert found.link == ([(option, "X")] if flags.OPTIONS[option] == flags.BOTH else [])


def test_an_argument_may_stand_on_the_next_line_and_have_spaces() -> None:
    assert flags.parse(["--peep-file", "'my rules.def'"]).compile == [("--peep-file", "my rules.def")]


@pytest.mark.parametrize("word", ["--callee-saves-bc", "--xstack", "--std-c99", "--opt-code-size", "-DA=--code-loc"])
def test_an_option_that_only_begins_like_one_is_left_to_scons(word: str) -> None:
    assert flags.parse([f"{word} -DX"]).rest == [word, "-DX"]


@pytest.mark.parametrize("warning", ["-Wlogical-op", "-Wall", "-Wpedantic"])
def test_a_warning_of_gcc_goes_neither_to_the_assembler_nor_to_the_linker(warning: str) -> None:
    found = flags.parse([warning])
    assert (found.link, found.assemble, found.compile, found.rest) == ([], [], [], [warning])
    assert flags.link_flags([], [warning]) == []
    assert flags.compile_flags([warning, "-DX"]) == ["-DX"]


@pytest.mark.parametrize("line", ["-Wl-bBOOT=0x9E00", "-Wl,-bBOOT=0x9E00", "-Wl -bBOOT=0x9E00"])
def test_words_for_the_linker_have_no_empty_one_in_front(line: str) -> None:
    found = flags.parse([line])
    assert (found.link, found.compile, found.rest) == (["-Wl-bBOOT=0x9E00"], [], [])


def test_words_for_the_assembler_reach_sources_in_c_and_in_assembler() -> None:
    found = flags.parse(["-Wa,-a,-y"])
    assert (found.compile, found.assemble, found.link) == (["-Wa-a,-y"], ["-a", "-y"], [])


def test_a_script_may_append_an_option_in_any_form() -> None:
    for value in (["--code-loc", "0x9000"], ["--code-loc=0x9000"], ["--code-loc 0x9000"], "--code-loc 0x9000"):
        assert flags.compile_flags(value) == [("--code-loc", "0x9000")]
        assert flags.link_flags(value) == [("--code-loc", "0x9000")]


def test_the_linker_gets_its_options_from_the_compiler_s_flags_and_no_other_format() -> None:
    base = [("--iram-size", "1024")]
    found = flags.link_flags(
        [*base, "--out-fmt-elf", "--out-fmt-ihx"],
        (["--opt-code-size"], ["--iram-size", "512", "-Wl-bX=1"]),
        base,
    )
    assert found == ["--out-fmt-elf", ("--iram-size", "512"), "-Wl-bX=1"]


def test_two_places_for_one_program_are_named_and_one_place_said_twice_is_not() -> None:
    two = [("--code-loc", "0x9000"), "-Wl-bHOME=0x9100"]
    assert flags.place_problem(two, None)[0].startswith("--code-loc 0x9000 and -Wl-bHOME=0x9100 put the program")
    assert "board_upload.offset_address = 0x9200" in flags.place_problem(two[:1], 0x9200)[0]
    assert flags.place_problem([("--code-loc", "36864"), "-Wl-bHOME=0x9000"], 0x9000) is None
