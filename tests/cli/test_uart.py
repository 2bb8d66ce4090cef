"""A chip at its UART: every command by the loader in its boot ROM, which is simulated in this process."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stm8tool.cli.main import main
from stm8tool.image import Segment, save
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.serial import rom_facts
from stm8tool.sim.serial.line import SimLine
from stm8tool.transport.serial_port import ports
from stm8tool.uart import routines

PARTS = {"stm8s208mb": 8192, "stm8s105k4": 8192, "stm8l151k4": 8192, "stm8l151k3": 4096, "stm8l152r8": 8192}
ENABLED = {"stm8s208mb": ["OPTBL=0x55"], "stm8s105k4": ["OPTBL=0x55"]}
FOR_STM8L = ["OPTBL_H=0x55", "OPTBL_L=0xAA"]

Tool = Callable[..., int]


def program(size: int) -> bytes:
    data = bytearray(n * 7 + (n >> 8) & 0xFF for n in range(size))
    data[:4] = 0x82, 0x00, 0x80, 0x80
    data[0x80:0x82] = 0x20, 0xFE
    return bytes(data)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save("firmware.hex", [Segment(0x8000, program(2048))])
    return tmp_path


def board(part: str, *faults: str, enabled: bool = False, locked: bool = False) -> None:
    more = ENABLED.get(part, FOR_STM8L) if enabled else []
    fault = [word for name in faults for word in ("--fault", name)]
    option = [word for text in more for word in ("--option", text)]
    words = ["sim", "create", "b.chip", "--part", part, "--force", *fault, *option, *(["--locked"] if locked else [])]
    assert main(words) == 0


def tool(part: str, *words: str) -> int:
    return main(["--probe", "serial:sim:b.chip", "--part", part, "--uart-reset", "dtr", *words])


def held(name: str = "flash") -> tuple[int, int]:
    """Return how many bytes of a memory are not blank, and how often its blocks were programmed."""
    memory = next(one for one in store.describe("b.chip").memories if one.name == name)
    return memory.used, memory.total_wear


@pytest.mark.parametrize(("part", "size"), PARTS.items())
@pytest.mark.usefixtures("desk")
def test_a_blank_chip_is_written_verified_and_started(part: str, size: int, capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.bin").write_bytes(program(size))
    board(part, enabled=True)
    assert tool(part, "--base", "0x8000", "write", "p.bin") == 0
    assert "the program runs" in capsys.readouterr().out
    assert tool(part, "--base", "0x8000", "verify", "p.bin") == 0
    assert f"verified: {size} bytes are equal" in capsys.readouterr().out
    assert main(["--probe", "sim:b.chip", "--part", part, "--base", "0x8000", "verify", "p.bin"]) == 0
    assert store.describe("b.chip").state == "running"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("desk")
def test_only_a_block_that_differs_is_programmed(part: str) -> None:
    board(part, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    before = held()[1]
    assert tool(part, "write", "firmware.hex", "--patch", "0x8100=AA55") == 0
    assert held()[1] == before + 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("desk")
def test_flash_and_eeprom_are_erased(part: str) -> None:
    board(part, enabled=True)
    eeprom = "0x4000" if part.startswith("stm8s") else "0x1000"
    Path("e.bin").write_bytes(bytes(range(1, 100)))
    assert tool(part, "write", "firmware.hex") == 0
    assert tool(part, "--base", eeprom, "--region", "eeprom", "write", "e.bin") == 0
    assert held()[0]
    assert held("eeprom")[0] == 99
    assert tool(part, "erase", "--all") == 0
    assert held()[0] == held("eeprom")[0] == 0


@pytest.mark.usefixtures("desk")
def test_a_piece_of_a_sector_is_erased_alone() -> None:
    board("stm8s105k4", enabled=True)
    assert tool("stm8s105k4", "write", "firmware.hex") == 0
    assert tool("stm8s105k4", "erase", "--range", "0x8400:0x100") == 0
    assert tool("stm8s105k4", "read", "out.bin") == 0
    assert Path("out.bin").read_bytes()[:2048] == program(2048)[:0x400] + bytes(0x100) + program(2048)[0x500:]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("desk")
def test_option_bytes_are_shown_set_and_brought_back(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part)
    setting = "AFR=0x01" if part.startswith("stm8s") else "OPTBL_H=0x55"
    assert tool(part, "options", "set", setting, "--force-uncertain") == 0
    assert "written and read back; the next reset loads them: " in capsys.readouterr().out
    assert tool(part, "options", "show") == 0
    assert "changed" in capsys.readouterr().out
    assert tool(part, "options", "defaults") == 0
    assert tool(part, "options", "show") == 0
    assert "changed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lock", "--yes"], "the loader in the boot ROM cannot set read protection"),
        (["unlock"], "the loader in the boot ROM cannot remove read protection"),
        (["options", "set", "ROP=0xAA", "--force-lock"], "cannot write the option byte ROP"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_what_a_uart_cannot_do_is_said(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", *words) == 3
    said = capsys.readouterr().err.splitlines()
    assert says in said[-1]
    assert said[-1].endswith("[E-PROBE-LIMIT]")


@pytest.mark.usefixtures("desk")
def test_a_locked_chip_is_silent_and_the_message_names_read_protection(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", locked=True)
    assert tool("stm8s208mb", "info") == 4
    text = capsys.readouterr().err
    assert "never under read protection" in text
    assert text.endswith("error: no loader answers at serial:sim:b.chip [E-LOADER-SILENT]\n")


@pytest.mark.usefixtures("desk")
def test_a_program_without_an_enabled_loader_is_silent_until_the_user_resets_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert main(["--probe", "serial:sim:b.chip", "--part", "stm8s208mb", "info"]) == 4
    said = capsys.readouterr()
    assert "reset the board now (20 s)" in said.out
    assert "after a reset by hand" in said.err


@pytest.mark.usefixtures("desk")
def test_a_reset_by_hand_is_waited_for_with_a_countdown(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "user-resets=7300", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    words = ["--probe", "serial:sim:b.chip", "--part", "stm8s208mb", "--uart-reset", "manual", "--power-cycle=9"]
    assert main([*words, "verify", "firmware.hex"]) == 0
    assert "reset the board now (9 s)\n5 s left\n" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["stm8s208mb", "stm8s105k4", "stm8l151k4"])
@pytest.mark.parametrize("fault", ["uart-lost=700", "uart-lost=701", "uart-lost=702", "uart-garbage=997"])
@pytest.mark.usefixtures("desk")
def test_a_disturbed_wire_costs_repeats_and_no_wrong_byte(
    part: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board(part, fault, enabled=True)
    assert tool(part, "write", "firmware.hex") == 0
    assert "weak link" in capsys.readouterr().err
    assert main(["--probe", "sim:b.chip", "--part", part, "verify", "firmware.hex"]) == 0


@pytest.mark.parametrize("lost", range(1, 1200, 37))
@pytest.mark.usefixtures("desk")
def test_one_lost_byte_anywhere_fails_no_write(lost: int) -> None:
    Path("p.bin").write_bytes(program(256))
    board("stm8s208mb", f"uart-lost={lost}", enabled=True)
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.parametrize("lost", range(180, 215))
@pytest.mark.usefixtures("desk")
def test_one_lost_byte_changes_no_other_option_byte(lost: int) -> None:
    board("stm8l151k4", f"uart-lost={lost}")
    with store.board("b.chip") as (chip, _):
        before = bytes(chip.options.memory.data)
    assert tool("stm8l151k4", "options", "set", "OPTBL_H=0x55", "--force-uncertain") == 0
    with store.board("b.chip") as (chip, _):
        after = bytes(chip.options.memory.data)
    assert after == before[:0x0B] + b"\x55" + before[0x0C:]


@pytest.mark.parametrize("lost", range(425, 450))
@pytest.mark.usefixtures("desk")
def test_a_lost_byte_of_the_routines_fails_no_erase(lost: int) -> None:
    Path("p.bin").write_bytes(b"\xa5" * 1024)
    board("stm8s208mb", f"uart-lost={lost}", enabled=True)
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8400", "write", "p.bin"]) == 0
    assert tool("stm8s208mb", "erase", "--region", "0x8400:128") == 0
    assert held()[0] == 896


@pytest.mark.parametrize("wrong", [499, 691, 997])
@pytest.mark.usefixtures("desk")
def test_wrong_bits_in_what_was_read_reach_no_file_and_no_neighbour(wrong: int) -> None:
    old = program(4096)
    Path("old.bin").write_bytes(old)
    Path("p.bin").write_bytes(b"\x11" * 100)
    board("stm8s208mb", f"uart-garbage={wrong}", enabled=True)
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "write", "old.bin"]) == 0
    assert tool("stm8s208mb", "--base", "0x8000", "verify", "old.bin") == 0
    assert tool("stm8s208mb", "read", "--region", "0x8000:4096", "read.bin") == 0
    assert Path("read.bin").read_bytes() == old
    assert tool("stm8s208mb", "erase", "--region", "0x8C00:1024") == 0
    assert tool("stm8s208mb", "--base", "0x8410", "write", "p.bin") == 0
    new = old[:0x410] + b"\x11" * 100 + old[0x474:0xC00] + bytes(1024)
    with store.board("b.chip") as (chip, _):
        assert bytes(chip.flash.data[:4096]) == new


@pytest.mark.parametrize("lost", range(1085, 1345, 13))
@pytest.mark.usefixtures("desk")
def test_a_block_of_any_bytes_survives_a_lost_byte(lost: int) -> None:
    Path("p.bin").write_bytes(bytes(range(0x80, 0x100)))
    board("stm8s208mb", f"uart-lost={lost}")
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    assert main(["--probe", "sim:b.chip", "--part", "stm8s208mb", "--base", "0x8000", "verify", "p.bin"]) == 0


@pytest.mark.parametrize(
    ("fault", "ended", "code"),
    [
        ("uart-open", 4, "E-LOADER-SILENT"),
        ("uart-no-parity", 4, "E-UART-LINK"),
        ("uart-garbage=3", 4, "E-UART-LINK"),
        ("unpowered", 4, "E-LOADER-SILENT"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_a_fault_of_the_wire_is_one_error(
    fault: str, ended: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb", fault)
    assert tool("stm8s208mb", "info") == ended
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: ")
    assert said[-1].endswith(f"[{code}]")
    assert said[-2].startswith("hint: ")


@pytest.mark.parametrize("after", [0, 1, 2, 5, 12, 40, 200, 700, 1500, 2500])
@pytest.mark.usefixtures("desk")
def test_an_adapter_that_is_pulled_is_one_error_and_the_next_write_does_the_rest(
    after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb", f"uart-unplug-after={after}", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 3
    assert capsys.readouterr().err.splitlines()[-1].endswith("[E-PROBE-LOST]")
    kept = store.describe("b.chip").faults
    assert kept
    board_without = [main(["sim", "create", "b.chip", "--part", "stm8s208mb", "--force", "--option", "OPTBL=0x55"])]
    assert board_without == [0]
    assert tool("stm8s208mb", "write", "firmware.hex") == 0


@pytest.mark.usefixtures("desk")
def test_a_speed_that_the_chip_does_not_follow_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "uart-slow=230400")
    assert tool("stm8s208mb", "--baud", "1000000", "info") == 0
    said = capsys.readouterr()
    assert "the loader does not follow at 1000000 baud: 115200 baud are used" in said.err
    assert "115200 baud, even parity" in said.out


@pytest.mark.parametrize("baud", ["4800", "230400", "1000000"])
@pytest.mark.usefixtures("desk")
def test_a_speed_that_the_chip_follows_is_used(baud: str, capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "--baud", baud, "info") == 0
    assert f"{baud} baud, even parity" in capsys.readouterr().out


@pytest.mark.usefixtures("desk")
def test_an_adapter_that_returns_what_it_sends_is_a_single_wire(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", "uart-echo", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert tool("stm8s208mb", "info") == 0
    assert "one wire" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["write", "firmware.hex"], ["info"], ["erase"], ["read", "o.bin"], ["doctor"]])
@pytest.mark.usefixtures("desk")
def test_ctrl_c_at_any_time_ends_the_command_and_the_next_one_works(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    presses, calls = 0, 0
    read = SimLine.read

    def pressed(line: SimLine, size: int, timeout_s: float) -> bytes:
        nonlocal calls
        calls += 1
        if calls == presses:
            signal.raise_signal(signal.SIGINT)
        return read(line, size, timeout_s)

    monkeypatch.setattr(SimLine, "read", pressed)
    board("stm8s208mb", enabled=True)
    for presses in [1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 45, 70, 110]:
        calls = 0
        capsys.readouterr()
        ended = tool("stm8s208mb", *command)
        said = capsys.readouterr().err
        assert "Traceback" not in said
        if calls < presses:
            break
        assert ended == 130
        assert "interrupted: the probe is released" in said
    presses = 0
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert tool("stm8s208mb", "verify", "firmware.hex") == 0


@pytest.mark.usefixtures("desk")
def test_ubc_protects_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb", enabled=True)
    assert tool("stm8s208mb", "write", "firmware.hex") == 0
    assert tool("stm8s208mb", "options", "set", "UBC=1K") == 0
    before = held()[1]
    assert tool("stm8s208mb", "write", "firmware.hex", "--patch", "0x8010=11") == 5
    assert capsys.readouterr().err.endswith("nothing was written [E-UBC]\n")
    assert held()[1] == before
    assert tool("stm8s208mb", "write", "firmware.hex", "--patch", "0x8400=11") == 0


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("stm8s103f3", "has no boot ROM, so it cannot be programmed at its UART [E-NO-LOADER]"),
        ("stlux385a", "describes the loader in the boot ROM of the STLUX385A [E-NO-LOADER]"),
        ("stm8s105k4", "the chip is not an STM8S105K4: its loader has version 2.2 [E-FAMILY]"),
        ("stm8l151k4", "the chip is not an STM8L151K4: its loader has version 2.2 [E-FAMILY]"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_another_part_than_that_on_the_wire_is_refused(
    named: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb")
    assert tool(named, "info") == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(says)


@pytest.mark.usefixtures("desk")
def test_a_backup_comes_back() -> None:
    board("stm8s105k4", enabled=True)
    assert tool("stm8s105k4", "write", "firmware.hex") == 0
    assert tool("stm8s105k4", "read", "--all", "saved.hex") == 0
    assert tool("stm8s105k4", "erase", "--all") == 0
    assert tool("stm8s105k4", "restore", "saved.hex") == 0
    assert tool("stm8s105k4", "verify", "saved.hex") == 0


@pytest.mark.usefixtures("desk")
def test_a_program_in_ram_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    Path("loop.bin").write_bytes(b"\x20\xfe")
    assert tool("stm8s208mb", "--base", "0x300", "run", "0x300", "loop.bin") == 0
    assert store.describe("b.chip").state == "running in RAM"
    assert tool("stm8s208mb", "--base", "0x20", "run", "0x20", "loop.bin") == 2
    assert "the loader uses the RAM below 0x0000A0" in capsys.readouterr().err


@pytest.mark.usefixtures("desk")
def test_the_doctor_examines_the_port_the_loader_and_the_chip(capsys: pytest.CaptureFixture[str]) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", "doctor") == 0
    text = capsys.readouterr().out
    assert "loader 2.2, after a reset by DTR; 115200 baud, even parity" in text
    assert text.endswith("no problem found; writing was not tried\n")


class LikeWine:
    """Finds no module, and raises for pyserial's list of ports what it raises under Wine 8."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "serial.tools.list_ports":
            raise AttributeError("function 'CM_MapCrToWin32Err' not found")


def test_a_system_that_cannot_list_its_serial_ports_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = importlib.import_module("serial.tools")
    monkeypatch.delattr(tools, "list_ports", raising=False)
    monkeypatch.delitem(sys.modules, "serial.tools.list_ports", raising=False)
    monkeypatch.setattr(sys, "meta_path", [LikeWine, *sys.meta_path])
    assert ports() == []


@pytest.mark.parametrize("words", [["list"], ["info"]])
@pytest.mark.usefixtures("desk")
def test_a_port_that_does_not_exist_is_one_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    ended = main(["--probe", "serial:/dev/no-such-port", "--part", "stm8s208mb", *words])
    assert ended == (0 if words == ["list"] else 3)
    said = capsys.readouterr().err.splitlines()
    assert not said or "there is no serial port" in said[-1] or "cannot be opened" in said[-1]


@pytest.mark.parametrize("port", ["serial:", "socket://127.0.0.1", "rfc2217://127.0.0.1"])
def test_a_port_without_its_name_or_number_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--probe", port, "--part", "stm8s208mb", "info"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"error: {port} names no port [E-USAGE]"


@pytest.mark.parametrize(("part", "mode"), [("stm8s208mb", "reply"), ("stm8s105k4", "duplex")])
@pytest.mark.usefixtures("desk")
def test_a_wrong_mode_is_named_and_not_the_adapter(part: str, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    board(part)
    assert tool(part, "--uart-mode", mode, "info") == 4
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith(f"error: the loader answers a sync, and refuses every command in the mode {mode}")
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--baud", "300"], "--baud 300 is not a speed of the loader"),
        (["--baud", "fast"], "fast"),
        (["--reset-command", "'"], "a quotation mark has no partner"),
        (["--reset-command", ""], "--reset-command needs a command"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_a_wrong_value_of_an_option_for_a_port_is_a_usage_error(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board("stm8s208mb")
    assert tool("stm8s208mb", *words, "info") == 2
    assert says in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("desk")
def test_a_write_takes_little_longer_than_its_bytes_and_the_flash() -> None:
    """8 KiB at 115200 baud: a frame of a block has 140 bytes and 3 answers, one of a read 11 bytes and 259 answers."""
    Path("p.bin").write_bytes(program(8192))
    board("stm8s208mb", enabled=True)
    assert tool("stm8s208mb", "--base", "0x8000", "write", "p.bin") == 0
    wire = (64 * (140 + 3) + 32 * (11 + 259)) * 11 / 115200
    assert store.describe("b.chip").seconds < 1.25 * (wire + 64 * 0.006)


def test_the_loader_in_rom_calls_each_version_of_the_routines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts of the simulator are a second reading: both know the same versions and addresses."""
    monkeypatch.chdir(tmp_path)
    for name, versions in {"stm8s105k4": (0x10, 0x12, 0x13), "stm8s208mb": (0x20, 0x21, 0x22)}.items():
        for version in versions:
            calls = rom_facts.of(find_part(name), version).calls
            assert calls is not None
            own = routines.VERSIONS[version]
            assert (calls.write_entry, calls.option) == (own.write_entry, own.option)
            assert (calls.erase_error, calls.write_error) == (own.erase_error, own.write_error)


@pytest.mark.parametrize("version", [0x10, 0x12, 0x20, 0x21])
@pytest.mark.usefixtures("desk")
def test_an_older_loader_writes_erases_and_sets_option_bytes(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "stm8s105k4" if version < 0x20 else "stm8s208mb"
    newest = rom_facts.of
    monkeypatch.setattr(rom_facts, "of", lambda chip, *_: newest(chip, version))
    board(part)
    assert tool(part, "options", "set", "OPTBL=0x55", "--force-uncertain") == 0
    assert tool(part, "write", "firmware.hex") == 0
    assert tool(part, "verify", "firmware.hex") == 0
    assert tool(part, "erase", "--all") == 0
    assert held()[0] == 0
