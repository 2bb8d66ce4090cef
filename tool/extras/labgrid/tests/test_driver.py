"""The driver on a board of its own environment file: no coordinator, no exporter."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labgrid.binding import StateError
from labgrid.logging import StepLogger
from labgrid.step import steps
from pexpect import TIMEOUT

import stm8tool
from boards import board, held, loop, save, silent, talking
from stm8tool.sim import store
from stm8tool_labgrid import Stm8ToolDriver, Stm8ToolError

Make = Callable[..., Any]
WITHOUT_PROBE = ""
TWO = "NetworkStm8Probe: {address: sim:board.chip}, USBDebugger: {}"


@pytest.fixture(autouse=True)
def _log_of_its_own() -> None:
    """Begin a new log of steps. labgrid's log fails after a console that gave no text, if another one gave some."""
    StepLogger.stop()
    StepLogger.start()


def driver(target: Any) -> Stm8ToolDriver:
    found: Stm8ToolDriver = target.get_driver("Stm8ToolDriver")
    return found


# -- jobs ------------------------------------------------------------------------------------------------------------


def test_it_is_found_by_each_protocol(target: Make) -> None:
    made = target()
    for protocol in ("BootstrapProtocol", "ResetProtocol", "ConsoleProtocol"):
        assert made.get_driver(protocol) is driver(made)


def test_load_writes_verifies_and_says_what_it_did(desk: Path, target: Make) -> None:
    upload = driver(target()).load("loop.hex")
    assert (upload.written.programmed, upload.unlocked) == (3, None)
    assert held(desk / "board.chip", len(loop(1))) == loop(1)


def test_load_without_a_file_takes_the_image_of_the_environment(desk: Path, target: Make) -> None:
    driver(target("image: firmware")).load()
    assert held(desk / "board.chip", len(loop(1))) == loop(1)


def test_load_without_any_file_is_an_error(target: Make) -> None:
    with pytest.raises(Stm8ToolError, match=r"which file\?"):
        driver(target()).load()


def test_a_raw_binary_needs_its_address(desk: Path, target: Make) -> None:
    (desk / "raw.bin").write_bytes(loop(2))
    with pytest.raises(Stm8ToolError, match="base=0x8000"):
        driver(target()).load("raw.bin")


def test_a_raw_binary_goes_to_the_address_of_the_environment(desk: Path, target: Make) -> None:
    (desk / "raw.bin").write_bytes(loop(2))
    driver(target("base: 0x8000")).load("raw.bin")
    assert held(desk / "board.chip", len(loop(2))) == loop(2)


def test_verify_names_the_first_difference(desk: Path, target: Make) -> None:
    made = driver(target())
    made.load("loop.hex")
    assert made.verify("loop.hex") == len(loop(1))
    with pytest.raises(Stm8ToolError, match="E-VERIFY") as failure:
        made.verify(str(save(desk / "other.hex", loop(2))))
    assert failure.value.exit_code == 6


def test_erase_read_memory_options_info_and_unlock(desk: Path, target: Make) -> None:
    made = driver(target())
    made.load("loop.hex")
    assert made.read_memory("0x8000:4") == loop(1)[:4]
    assert made.erase().programmed > 0
    assert made.read_memory("0x8000:4") == bytes(4)
    assert [change.option.name for change in made.set_options("MISC.LSI_EN=1")] == ["MISC"]
    assert {state.option.name: state.value for state in made.options()}["MISC"] == 8
    with pytest.raises(Stm8ToolError, match="E-") as failure:
        made.set_options("ROP=0xAA")
    assert failure.value.exit_code == 2
    assert made.unlock().restored == ("MISC",)
    assert made.info().protection.locked is False


def test_without_a_part_load_says_where_to_write_it(target: Make) -> None:
    with pytest.raises(Stm8ToolError, match=r"which chip\? Neither the driver nor .* \[E-USAGE\]; hint: write part: "):
        driver(target(resources="NetworkStm8Probe: {address: sim:board.chip}")).load("loop.hex")


def test_info_needs_no_part(target: Make) -> None:
    assert driver(target(resources="NetworkStm8Probe: {address: sim:board.chip}")).info().recipe


def test_a_job_is_a_step_with_arguments_and_result(target: Make) -> None:
    seen: list[Any] = []
    made = driver(target())
    steps.subscribe(seen.append)
    try:
        made.load("loop.hex")
        with pytest.raises(Stm8ToolError):
            made.verify("talking.hex")
    finally:
        steps.unsubscribe(seen.append)
    first, result, _, failed = [event.data for event in seen]
    assert first["args"] == {"filename": "loop.hex"}
    assert result["result"].written.programmed == 3
    assert "E-VERIFY" in str(failed["exception"])


def test_a_driver_that_is_not_active_does_nothing(target: Make) -> None:
    made = target().get_driver("Stm8ToolDriver", activate=False)
    with pytest.raises(StateError):
        made.load("loop.hex")


# -- the console -----------------------------------------------------------------------------------------------------


def test_the_console_shows_the_text_from_its_first_byte_and_takes_text(target: Make) -> None:
    made = driver(target())
    made.load("talking.hex")
    assert made.read(timeout=1.0) == b"hello\n"
    assert made.write(b"abcdefghijklmnopqrstuvwxyz") == 26  # more than a ring holds
    _, _, _, after = made.expect("xyz", timeout=5)
    assert after == b"xyz"


def test_a_read_gives_no_more_than_it_is_asked_for_and_keeps_the_rest(target: Make) -> None:
    made = driver(target())
    made.load("talking.hex")
    assert made.read(size=6, timeout=1.0, max_size=2) == b"he"
    assert made.read(size=1, timeout=0.0) == b"llo\n"
    with pytest.raises(TIMEOUT, match=r"the program wrote nothing in 0\.20 s"):
        made.read(timeout=0.2)


def test_another_job_interrupts_the_console_and_it_comes_back(target: Make) -> None:
    made = driver(target())
    made.load("talking.hex")
    for job in (made.reset, lambda: made.load("talking.hex"), made.reset):
        made.expect("hello", timeout=5)
        job()
    made.expect("hello", timeout=5)


def test_a_program_without_a_console_is_named_as_that(desk: Path, target: Make) -> None:
    made = driver(target())
    made.load(str(save(desk / "silent.hex", silent())))
    with pytest.raises(Stm8ToolError, match=r"shows no console in its RAM \[E-NO-CONSOLE\]; hint: "):
        made.read(timeout=0.1)


def test_with_the_program_named_another_build_is_refused(desk: Path, target: Make) -> None:
    made = driver(target("elf: talk"))
    made.load("talking.hex")
    assert made.read(timeout=1.0) == b"hello\n"
    made.load(str(save(desk / "longer.hex", talking(b"hello you\n"))))
    with pytest.raises(Stm8ToolError, match=r"E-OTHER-BUILD"):
        made.read(timeout=1.0)


# -- configurations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        (WITHOUT_PROBE, "main has no probe for Stm8ToolDriver, or several: .*hint: the place needs a USBDebugger"),
        (TWO, "main has no probe for Stm8ToolDriver, or several: .*conflicting"),
        ("NetworkStm8Probe: {address: 3744}", "NetworkStm8Probe: address is a text, not 3744"),
    ],
    ids=["none", "two", "a number"],
)
def test_a_target_that_does_not_fit_is_an_error_of_the_configuration(target: Make, resources: str, says: str) -> None:
    with pytest.raises(Stm8ToolError, match=says) as failure:
        target(resources=resources)
    assert failure.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("part: 103", r"Stm8ToolDriver: part is a text, not 103 \[E-USAGE\]; hint: write part: stm8s103f3"),
        ("part: stm8s999", r"stm8s999.* \[E-PART-UNKNOWN\]"),
        ("part: stm8s105k4", r"which chip\? The driver says STM8S105K4, and .* \[E-FAMILY\]; hint: write the part in"),
        ("bindings: {prb: x}", r"Stm8ToolDriver: .*prb.* \[E-USAGE\]; hint: its only binding is probe"),
        ("auto_unlock: maybe", "auto_unlock is true or false, not 'maybe'"),
        ("txdelay: soon", "txdelay is a number, not 'soon'"),
        ("usbip_port: true", "usbip_port is a whole number, not True"),
        ("txchunk: -1, txdelay: 0.1", "txchunk is at least 1, not -1"),
        ("txdelay: -1", "txdelay is at least 0, not -1"),
        ("base: '0x8000'", "base is a whole number, not '0x8000'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(target: Make, options: str, says: str) -> None:
    with pytest.raises(Stm8ToolError, match=says):
        target(options)


def test_the_drivers_own_address_replaces_that_of_the_resource(desk: Path, target: Make) -> None:
    board(desk / "other.chip")
    driver(target("address: sim:other.chip")).load("loop.hex")
    assert held(desk / "other.chip", 4) == loop(1)[:4]
    assert store.describe(desk / "board.chip").transfers == 0


def test_a_probe_is_free_again_after_the_driver_is_inactive(desk: Path, target: Make) -> None:
    first, second = target(), target()
    made = driver(first)
    made.load("talking.hex")
    made.read(timeout=1.0)
    with pytest.raises(Stm8ToolError, match=rf"sim:{desk}/board\.chip is in use by this process \(.*\), place main"):
        driver(second)
    first.deactivate(made)
    driver(second).load("loop.hex")


def test_a_worker_of_pytest_xdist_is_named_as_one(target: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
    driver(target())
    with pytest.raises(Stm8ToolError, match=r"is in use by this process \(pytest-xdist gw3\), place main, since "):
        driver(target())


def test_a_lock_that_cannot_be_made_is_an_error_with_its_path(
    desk: Path, target: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(desk / "file"))
    with pytest.raises(Stm8ToolError, match=rf"the lock file {desk}/file/.* cannot be used: .*E-PERMISSION"):
        driver(target())


def test_a_hint_names_the_drivers_own_parameters(target: Make) -> None:
    with pytest.raises(Stm8ToolError, match=r"\[E-REMOTE\]; hint: .* add allow_remote: true below the driver"):
        driver(target("address: usbip://192.0.2.1/1-1")).info()


def test_the_error_of_the_tool_keeps_code_hint_and_evidence(desk: Path, target: Make) -> None:
    board(desk / "off.chip", "unpowered")
    with pytest.raises(Stm8ToolError) as failure:
        driver(target("address: sim:off.chip")).info()
    error = failure.value
    assert (error.code, error.exit_code) == (stm8tool.Code.TARGET_UNPOWERED, 4)
    assert error.hint
    assert f"{error.code}; hint: {error.hint}" in str(error)
    assert isinstance(error.__cause__, stm8tool.ToolError)
    assert os.linesep not in str(error)
