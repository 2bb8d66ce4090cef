"""The rows of builder/stm8build/targets.py: each is complete, and its command is one of the flasher."""

from __future__ import annotations

import argparse
import re
from typing import Optional

import pytest

from pio import ROOT
from stm8build.options import OPTIONS
from stm8build.targets import TARGETS, Target, meant
from stm8build.wrong_code import file_findings
from stm8tool.cli import main as cli

TABLE = "builder/stm8build/targets.py"
each_target = pytest.mark.parametrize("row", TARGETS, ids=lambda row: row.name)


def test_no_target_has_the_name_or_the_title_of_another() -> None:
    for column in ("name", "title"):
        values = [getattr(row, column) for row in TARGETS]
        assert sorted(values) == sorted(set(values)), f"{TABLE}: two rows have one {column}"


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("verfy", "verify"),
        ("unlok", "unlock"),
        ("uplaod", "upload"),
        ("memory_map", "memory-map"),
        ("monitor_swim", "monitor-swim"),
        ("list-probe", "list-probes"),
        ("probeinfo", "probe-info"),
        *(
            (name, None)
            for name in ("buildprog", "size", "clean", "nobuild", "compiledb", "envdump", "__debug", "exec")
        ),
        ("my-own", None),
    ],
)
def test_a_misspelt_target_resembles_one_of_the_table(name: str, likely: Optional[str]) -> None:
    assert meant(name) == likely


def test_a_target_is_not_a_misspelt_one() -> None:
    assert [row.name for row in TARGETS if meant(row.name)] == []


@each_target
def test_the_command_of_a_target_is_one_of_the_flasher(row: Target, capsys: pytest.CaptureFixture[str]) -> None:
    if row.name in (file_findings.TARGET, "memory-map", "test-runner"):  # the builder does the work
        assert not row.command
        return
    given = row.command.replace("$STM8TOOL_OPTIONS", "").replace("$PROGRAM_ARGS", "")
    words = [re.sub(r"^\$\w+$", "x.hex", word) for word in given.split()]
    try:
        arguments = cli._parser().parse_args(words)
    except SystemExit:
        pytest.fail(f"{TABLE}: {row.name}: {row.command!r} is not a command of stm8tool: {capsys.readouterr().err}")
    assert isinstance(arguments, argparse.Namespace)


@each_target
def test_the_file_of_a_target_is_an_option_of_platformio_ini(row: Target) -> None:
    if row.file_option:
        assert row.file_option.startswith("custom_"), f"{TABLE}: {row.name}: file_option begins with custom_"
        missing = f"builder/stm8build/options.py: add a row for {row.file_option}, the file_option of {row.name}"
        assert row.file_option in OPTIONS, missing
    files = {word for word in row.command.split() if re.fullmatch(r"\$\w+_FILE", word)}
    expected = {f"${row.file_variable}"} - {"$"}
    assert files == expected, f"{TABLE}: {row.name}: command and file_option name different files"


@each_target
def test_a_target_is_tried_with_a_real_build(row: Target) -> None:
    """A target that no file below tests/platform names in quotes was never run."""
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "platform").glob("test_*.py")]
    missing = f"tests/platform/test_targets.py: add {row.name} and its command to the test of one call a target"
    assert any(f'"{row.name}"' in text for text in tests), missing
