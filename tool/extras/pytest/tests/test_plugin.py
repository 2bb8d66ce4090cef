"""The plugin as its user runs it: each test here runs pytest, with tests for simulated boards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugin_boards import PART, Make
from stm8tool.selector import place_of
from stm8tool.sim import store
from stm8tool.support.reserving import Reservation

LIMIT_S = 300  # longer than a busy machine needs; only a hang takes as long
HELLO = """
def test_hello(stm8_board):
    assert stm8_board.console.expect("hello")
"""


def ran(pytester: pytest.Pytester, *words: str, without: str = "labgrid") -> pytest.RunResult:
    """Run pytest; labgrid's plugin, which takes long to start, is left out unless a test is about it."""
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", f"no:{without}", *words, timeout=LIMIT_S)


def is_running(path: Path) -> bool:
    """Tell whether probe and chip are at rest: out of SWIM mode, NRST high, the CPU running."""
    report = store.describe(path)
    return report.probe_mode != 3 and not report.nrst_low and report.state.startswith("running")


def test_a_line_of_the_program_is_awaited(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(HELLO)
    result = ran(pytester, "--stm8-probe", make(), *PART)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["stm8: stm8s103f3 at sim:*board.chip; program: as they are"])
    assert is_running(pytester.path / "board.chip")


def test_the_ini_file_names_board_and_program_from_its_own_folder(pytester: pytest.Pytester, make: Make) -> None:
    make(content=b"")
    pytester.makeini(
        "[pytest]\nstm8_probe = sim:board.chip\nstm8_part = stm8s103f3\nstm8_firmware = talking.elf\nstm8_wait = 5\n"
    )
    pytester.mkdir("deeper")
    (pytester.path / "deeper" / "test_it.py").write_text(HELLO, encoding="utf-8")
    pytester.chdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(pytester.path / "deeper")
        result = ran(pytester)
    result.assert_outcomes(passed=1)


def test_a_test_may_change_the_folder(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        def test_it(stm8_session_board, monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            assert stm8_session_board.console.expect("hello")
        """
    )
    ran(pytester, "--stm8-probe", make(), *PART, "--stm8-firmware", "talking.hex").assert_outcomes(passed=1)


def test_every_test_begins_with_a_reset_and_an_empty_console(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("time", range(3))
        def test_hello(stm8_board, time):
            console = stm8_board.console
            assert console.text == ""
            assert console.expect("hello")
            assert console.read(0.1) == "\\n"
            assert console.text == "hello\\n"

        def test_the_board_of_the_session_is_the_same_one_and_runs_on(stm8_session_board):
            assert stm8_session_board.console.read(0.1) == ""
        """
    )
    ran(pytester, "--stm8-probe", make(), *PART).assert_outcomes(passed=4)


def test_flash_reset_verify_erase_unlock_and_the_library(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        import pytest
        import stm8tool

        def test_all(stm8_board):
            with pytest.raises(stm8tool.ReadoutProtectedError):
                stm8_board.verify("talking.hex")
            assert stm8_board.unlock().erased
            assert stm8_board.flash("talking.bin", base=0x8000).written.programmed == 1
            assert stm8_board.verify("talking.hex") > 10
            assert stm8_board.console.expect("hello")
            with pytest.raises(stm8tool.VerifyError):
                stm8_board.verify("other.hex")
            stm8_board.flash("other.hex")
            assert stm8_board.console.expect("bye")
            stm8_board.reset()
            assert stm8_board.console.expect("bye")
            assert stm8_board.erase().programmed == 1
            with stm8_board.chip() as chip:
                assert not any(chip.read("flash"))
        """
    )
    ran(pytester, "--stm8-probe", make(locked=True), *PART).assert_outcomes(passed=1)


def test_variables_are_watched_and_set_by_name(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        import pytest
        import stm8tool

        def test_it(stm8_board):
            first = stm8_board.watch("counter", "motor.speed", "table")
            assert first["motor.speed"] == 0
            assert len(first["table"]) == 4
            assert stm8_board.wait_until("counter", lambda value: value != first["counter"])
            stm8_board.set({"motor.speed": -300}, gain=7)
            assert stm8_board.watch("motor", "gain") == {"motor": {"speed": -300, "on": 0}, "gain": 7}
            assert stm8_board.console.expect("hello")
            with pytest.raises(stm8tool.UsageError) as caught:
                stm8_board.watch("missing")
            assert str(caught.value.code) == "[E-NO-VARIABLE]"
            with pytest.raises(stm8tool.ToolError, match="gain was not as expected within 0.1 s: it is 7"):
                stm8_board.wait_until("gain", lambda value: value == 8, timeout=0.1)
        """
    )
    ran(pytester, "--stm8-probe", make(), *PART, "--stm8-firmware", "talking.elf").assert_outcomes(passed=1)


def test_text_goes_to_the_program(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        import pytest
        import stm8tool

        IN = 0x0200

        def test_it(stm8_board):
            with pytest.raises(stm8tool.ToolError, match="takes no input"):
                stm8_board.console.send("x")
            with stm8_board.chip() as chip:
                ring = b"\\x57\\xc5I\\xa3" + bytes([15, 0, 0, 0]) + bytes(16)
                chip.variables().__enter__()._link.wotf(IN, ring)
            stm8_board.console.send("hi")
            with pytest.raises(stm8tool.ToolError, match="did not take the last 6 bytes of"):
                stm8_board.console.send("0123456789abcdefghij"[:20], timeout=0.1)
        """
    )
    ran(pytester, "--stm8-probe", make(), *PART).assert_outcomes(passed=1)


# -- what fails ------------------------------------------------------------------------------------------------------


def test_a_test_that_fails_shows_the_console_and_leaves_the_chip_running(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(
        """
        def test_it(stm8_board):
            stm8_board.console.expect("goodbye", timeout=0.2)

        def test_without_a_look_at_the_console(stm8_board):
            assert stm8_board.watch("0x10:uint8_t") == {}
        """
    )
    result = ran(pytester, "--stm8-probe", make(), *PART)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*did not write 'goodbye' in 0.2 s: it wrote 'hello*",
            "- STM8 console of sim:*board.chip -*",
            "hello",
            "- STM8 console of sim:*board.chip -*",
            "hello",
        ]
    )
    assert is_running(pytester.path / "board.chip")


def test_a_chip_without_a_console_has_no_section(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile("def test_it(stm8_board):\n    assert stm8_board is None\n")
    result = ran(pytester, "--stm8-probe", make(content=bytes.fromhex("82008004 20FE")), *PART)
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*STM8 console*")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "tests need an STM8 board, and no probe is named: give --stm8-probe stlink*"),
        (["--stm8-probe", "sim:board.chip"], "*its chip is not named: give --stm8-part stm8s103f3*"),
        (["--stm8-probe", "sim:board.chip", "--stm8-part", "stm8s999"], "*[[]E-PART-UNKNOWN[]]*"),
        (["--stm8-probe", "sim:missing.chip", *PART], "there is no chip file *missing.chip [[]E-USAGE[]]*"),
        (["--stm8-probe", "sim:board.chip", "--stm8-probe", "sim:missing.chip", *PART], "*missing.chip*"),
        (["--stm8-probe", "sim:board.chip", *PART, "--stm8-firmware", "no.hex"], "*no.hex: no such file: build it*"),
        (["--stm8-probe", "sim:board.chip", *PART, "--stm8-wait", "soon"], "--stm8-wait soon is not a number*"),
    ],
    ids=["no probe", "no part", "unknown part", "missing probe", "one of two is missing", "no firmware", "wait"],
)
def test_a_run_without_a_board_fails_at_its_start_with_the_reason(
    pytester: pytest.Pytester, make: Make, words: list[str], reason: str
) -> None:
    make()
    pytester.makepyfile(HELLO + "def test_of_something_else():\n    pass\n")
    result = ran(pytester, *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {reason}"])
    assert "Traceback" not in result.stderr.str()


def test_a_run_without_tests_for_a_board_needs_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_of_something_else():\n    pass\n")
    ran(pytester).assert_outcomes(passed=1)


def test_tests_can_be_listed_without_a_board(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HELLO)
    assert ran(pytester, "--collect-only").ret == 0


def test_a_probe_that_another_run_keeps_is_awaited_and_then_an_error(pytester: pytest.Pytester, make: Make) -> None:
    make()
    pytester.makepyfile(HELLO + "def test_again(stm8_board):\n    pass\n")
    with Reservation(place_of(f"sim:{pytester.path / 'board.chip'}")):
        result = ran(pytester, "--stm8-probe", "sim:board.chip", *PART, "--stm8-wait", "0.1")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*AccessError: the probe is reserved by other programs: sim:*board.chip"])


def test_a_firmware_that_cannot_be_written_is_an_error_of_each_test(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(HELLO)
    words = ("--stm8-probe", make(faults=("unplug-after=40",)), *PART, "--stm8-firmware", "talking.hex")
    result = ran(pytester, *words)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ProbeLostError*"])


# -- several processes -----------------------------------------------------------------------------------------------

MANY = """
import os
import pytest

@pytest.mark.parametrize("n", range(5))
def test_it(stm8_board, n):
    assert stm8_board.console.expect("hello")
    with open("seen.txt", "a") as file:
        file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {stm8_board.probe}\\n")
"""


@pytest.mark.parametrize("dist", ["load", "worksteal"])
def test_four_workers_share_two_boards_and_no_test_is_lost(pytester: pytest.Pytester, make: Make, dist: str) -> None:
    pytester.makepyfile(**{f"test_{name}": MANY for name in "abcd"})
    boards = ["--stm8-probe", make("a.chip"), "--stm8-probe", make("b.chip")]
    result = ran(pytester, *boards, *PART, "-n4", "--dist", dist)
    result.assert_outcomes(passed=20)
    assert result.ret == 0
    used = {tuple(line.split()) for line in (pytester.path / "seen.txt").read_text().splitlines()}
    assert {Path(probe).name for _, probe in used} == {"a.chip", "b.chip"}
    assert len({worker for worker, _ in used}) == len(used)  # each worker keeps one board


def test_workers_that_find_no_free_probe_in_time_fail(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makepyfile(HELLO + "def test_again(stm8_board):\n    pass\n")
    make()
    with Reservation(place_of(f"sim:{pytester.path / 'board.chip'}")):
        result = ran(pytester, "--stm8-probe", "sim:board.chip", *PART, "--stm8-wait", "0.1", "-n2")
    result.assert_outcomes(errors=2)
    assert result.ret == 1


def test_workers_without_a_probe_stop_the_run_with_the_reason(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HELLO)
    result = ran(pytester, "-n2")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "skipped" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*tests need an STM8 board, and no probe is named*"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_lets_the_probe_go_and_the_program_run(pytester: pytest.Pytester, make: Make) -> None:
    selector = make()
    pytester.makepyfile(
        """
        import signal

        def test_it(stm8_board):
            print("\\nHERE", flush=True)
            signal.pause()
        """
    )
    words = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "--stm8-probe", selector, *PART]
    with subprocess.Popen(words, cwd=pytester.path, stdout=subprocess.PIPE, encoding="utf-8") as run:
        assert run.stdout is not None
        assert any("HERE" in line for line in run.stdout)
        reservation = Reservation(place_of(f"sim:{pytester.path / 'board.chip'}"))
        assert not reservation.attempt()
        os.kill(run.pid, signal.SIGINT)
        assert "KeyboardInterrupt" in run.communicate(timeout=LIMIT_S)[0]
        assert run.returncode == pytest.ExitCode.INTERRUPTED
    with reservation:
        assert is_running(pytester.path / "board.chip")


def test_the_plugin_works_beside_those_of_labgrid_and_others(pytester: pytest.Pytester, make: Make) -> None:
    pytester.makeconftest(
        """
        import pytest

        def pytest_addoption(parser):
            parser.addoption("--target")
            parser.addoption("--port")

        @pytest.fixture
        def dut(): return 3
        """
    )
    pytester.makepyfile("def test_it(dut, stm8_board):\n    assert dut == 3\n")
    words = ("--stm8-probe", make(), *PART, "--target", "esp32", "--port", "x")
    ran(pytester, *words, without="nothing").assert_outcomes(passed=1)
