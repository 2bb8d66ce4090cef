"""`sim run`: what a user sees of a program that executes on a simulated board."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

import pytest

from cli.desk import Desk
from stm8tool.chip.running.rings import OUT_MAGIC
from stm8tool.cli.console import Console

MAIN = 0x8080
BREAK, FOREVER, WFI, HALT = "8B", "20FE", "8F", "8E"
SETUP = "350152333501523235085235"  # BRR2 and BRR1: divider 0x11; CR2.TEN
SEND = "AE8200F6270B720F5230FBC752315C20F2"  # each byte at 0x8200 up to a 0, once TXE is set
DRAIN = "720D5230FB"  # until TC
EEPROM = "35AE506435565064" + "355A4000" + "7205505FFB"  # DUKR twice, 0x5A to 0x4000, until EOP


def firmware(code: str, text: bytes = b"Hello\r\nready\r\n") -> bytes:
    """Return flash with a reset vector, code at 0x8080 and a text at 0x8200."""
    content = bytearray(0x240)
    content[:4] = bytes.fromhex(f"8200{MAIN:04X}")
    content[0x80 : 0x80 + len(code) // 2] = bytes.fromhex(code)
    content[0x200 : 0x200 + len(text)] = text
    return bytes(content)


def symbol_file(desk: Desk, sections: Sequence[tuple[int, int]] = (), **symbols: int) -> str:
    """Write an ELF that has only a symbol table, and sections of (address, size) if given; return its name."""
    names, entries = b"\0", bytes(16)
    for name, value in symbols.items():
        entries += struct.pack(">IIIBBH", len(names), value, 0, 0x10, 0, 1)
        names += name.encode() + b"\0"
    body = names + entries + bytes(max((size for _, size in sections), default=0))
    headers = bytes(40)
    headers += struct.pack(">10I", 0, 2, 0, 0, 52 + len(names), len(entries), 2, 0, 0, 16)
    headers += struct.pack(">10I", 0, 3, 0, 0, 52, len(names), 0, 0, 0, 0)
    for address, size in sections:
        headers += struct.pack(">10I", 0, 1, 2, address, 52 + len(names + entries), size, 0, 0, 1, 0)
    head = (
        b"\x7fELF\1\2\1"
        + bytes(9)
        + struct.pack(">HHIIIIIHHHHHH", 2, 186, 1, 0, 0, 52 + len(body), 0, 52, 0, 0, 40, 3 + len(sections), 2)
    )
    (desk.folder / "firmware.elf").write_bytes(head + body + headers)
    return "firmware.elf"


def test_what_the_program_sends_is_printed_with_the_reason_of_the_end(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + DRAIN + BREAK))
    result = desk.run("sim", "run", "board.chip")
    assert (result.code, result.out) == (1, "Hello\nready\n")
    assert result.reason.startswith("error: the CPU stopped: BREAK, at 0x0080")
    assert result.reason.endswith("of simulated time [E-RUN-STOPPED]")


def test_a_text_ends_the_run_when_it_is_sent(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--until-uart", "ready")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Hello\nready\nthe program sent 'ready': at 0x0080")


def test_a_text_that_does_not_come_is_an_error_at_the_end_of_the_time(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--until-uart", "steady", "--for", "2ms")
    assert result.code == 1
    assert result.reason.startswith("error: the program did not send 'steady': the CPU is at 0x0080")
    assert re.search(r"after 2\.00\d ms of simulated time \[E-RUN-TIME\]$", result.reason)


@pytest.mark.parametrize("option", ["--until", "--until-uart"])
def test_a_text_of_bytes_that_are_not_utf_8_is_waited_for_like_any_other(desk: Desk, option: str) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER))
    result = desk.run("sim", "run", "board.chip", option, "\udcff", "--for", "2ms")
    assert result.reason.startswith(r"error: the program did not send '\udcff': ")


def test_a_time_alone_is_a_goal(desk: Desk) -> None:
    desk.chip(content=firmware(FOREVER))
    result = desk.run("sim", "run", "board.chip", "--for", "10ms")
    assert (result.code, result.err) == (0, "")
    assert result.out == "the time is over: the CPU is at 0x008080, after 10.000 ms of simulated time\n"


def test_without_a_goal_there_is_a_limit(desk: Desk) -> None:
    desk.chip(content=firmware(FOREVER))
    result = desk.run("sim", "run", "board.chip")
    assert result.code == 1
    assert "after 10.000 s of simulated time: that is the limit [E-RUN-TIME]" in result.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (BREAK, "BREAK"),
        ("05", "an illegal opcode"),
        (HALT, "HALT, and no interrupt or reset can come"),
        (WFI, "WFI, and no interrupt or reset can come"),
        ("CC7000", "an illegal opcode"),
    ],
)
def test_a_program_that_cannot_go_on_ends_the_run(desk: Desk, code: str, reason: str) -> None:
    desk.chip(content=firmware(code))
    result = desk.run("sim", "run", "board.chip", "--until-uart", "x")
    assert result.code == 1
    assert result.reason.startswith(f"error: the CPU stopped: {reason}, at 0x00")


def test_an_address_ends_the_run_before_its_instruction(desk: Desk) -> None:
    desk.chip(content=firmware("9D" + BREAK))
    result = desk.run("sim", "run", "board.chip", "--until-pc", "0x8081")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("the program reached 0x8081: at 0x008081, ")


def test_an_address_in_a_loop_that_is_translated_is_met(desk: Desk) -> None:
    # X = 200, DECW X, JRNE back: the address after the loop, and one in the middle of a possible block.
    desk.chip(content=firmware("AE00C8" + "5A26FD" + "9D9D9D" + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--until-pc", "0x8088", "--for", "10ms")
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("name", ["main", "_main"])
def test_a_symbol_stands_for_its_address_and_names_it(desk: Desk, name: str) -> None:
    desk.chip(content=firmware("9D9D" + FOREVER))
    elf = symbol_file(desk, _main=0x8082, s_CODE=0x8081)
    result = desk.run("sim", "run", "board.chip", "--until-pc", name, "--elf", elf)
    assert (result.code, result.err) == (0, "")
    assert f"the program reached {name}: at 0x008082 (main), after" in result.out


def test_show_names_what_runs(desk: Desk) -> None:
    desk.chip(content=firmware("9D9D" + FOREVER))
    assert "CPU            running\n  seen at        0x008080\n" in desk.run("sim", "show", "board.chip").out
    desk.run("sim", "run", "board.chip", "--for", "1ms")
    elf = symbol_file(desk, **{"_main": 0x8080, "A$main$7": 0x8082})
    assert "running\n  seen at        0x008082\n" in desk.run("sim", "show", "board.chip").out
    assert "running\n  seen at        0x008082 (main+0x2)\n" in desk.run("sim", "show", "board.chip", "--elf", elf).out


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ([(1, 64), (0x8080, 32)], "0x008082"),  # the section begins with a static function, which has no symbol
        ([(1, 64), (0x8100, 32)], "0x008082"),  # no section of the program is there
        ([(1, 64), (0x8000, 256)], "0x008082 (start+0x82)"),
    ],
)
def test_a_name_reaches_no_farther_than_its_section(desk: Desk, sections: list[tuple[int, int]], place: str) -> None:
    desk.chip(content=firmware("9D9D" + FOREVER))
    elf = symbol_file(desk, sections, _ring=0x0F, _start=0x8000, _later=0x8090)
    result = desk.run("sim", "run", "board.chip", "--for", "1ms", "--elf", elf)
    assert f"the time is over: the CPU is at {place}, after" in result.out


@pytest.mark.parametrize("locked", [False, True])
def test_what_the_program_writes_to_eeprom_stays(desk: Desk, locked: bool) -> None:
    desk.chip(content=firmware(EEPROM + BREAK), locked=locked)
    assert "BREAK" in desk.run("sim", "run", "board.chip").reason
    assert desk.memory("eeprom")[0] == 0x5A


def test_a_locked_chip_runs_its_program_and_stays_locked(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER), locked=True)
    assert desk.run("sim", "run", "board.chip", "--until-uart", "ready").out.startswith("Hello\nready\n")
    assert desk.flash("read", "out.bin").code == 5


def test_the_board_can_be_used_after_a_run(desk: Desk) -> None:
    desk.chip(content=firmware(EEPROM + "350750C6" + FOREVER))
    assert desk.run("sim", "run", "board.chip", "--for", "20ms").code == 0
    assert desk.flash("info").code == 0
    assert desk.flash("erase").code == 0
    assert desk.is_idle()


def test_ctrl_c_ends_the_run_and_keeps_the_eeprom(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_console: Console, text: str) -> None:
        if text:
            raise KeyboardInterrupt

    monkeypatch.setattr(Console, "output", interrupted)
    desk.chip(content=firmware(EEPROM + SETUP + SEND + FOREVER))
    assert desk.run("sim", "run", "board.chip").code == 130
    assert desk.memory("eeprom")[0] == 0x5A


def test_a_peripheral_that_is_not_modelled_is_told_and_named_where_a_wait_ends(desk: Desk) -> None:
    desk.chip(content=firmware("35015200" + "72035203FB" + BREAK))  # SPI on, until TXE
    result = desk.run("sim", "run", "board.chip", "--until-uart", "x", "--for", "5ms")
    assert result.code == 1
    assert result.err.count("warning: the program writes SPI at 0x005200") == 1
    assert result.hint.startswith("hint: it uses SPI, which is not modelled")


def test_a_watchdog_starts_the_program_again(desk: Desk) -> None:
    desk.chip(content=firmware("35CC50E0" + SETUP + SEND + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--for", "40ms")
    assert result.code == 0
    assert result.out.count("ready\n") == 3
    assert result.err.count("warning: the independent watchdog (IWDG)") == 1


def test_a_time_that_ends_within_a_reset_ends_the_run(desk: Desk) -> None:
    reset = "358050D1"  # WWDG_CR: T6 clear
    desk.chip(content=firmware(reset + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--for", "3ms")
    assert result.code == 0
    assert result.out.endswith("after 3.000 ms of simulated time\n")


@pytest.mark.parametrize("words", [{}, {"faults": ["unpowered"]}, {"faults": ["nrst-stuck-low"]}])
def test_a_board_on_which_nothing_runs_says_why(desk: Desk, words: dict[str, list[str]]) -> None:
    desk.chip(content=firmware(FOREVER) if words else None, **words)
    result = desk.run("sim", "run", "board.chip")
    assert result.code == 1
    assert result.reason.startswith("error: nothing runs on this board: ")


@pytest.mark.parametrize(
    "words",
    [
        "--for 3",
        "--for 0ms",
        "--for -1ms",
        "--for 100000s",
        "--for 1e3ms",
        "--until-pc main",
        "--until-pc 0x1000000",
        "--until-pc 99999999",
        "--elf missing.elf",
        "--elf board.chip",
        "--until-uart=",
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, words: str) -> None:
    desk.chip(content=firmware(FOREVER))
    assert desk.run("sim", "run", "board.chip", *words.split()).code == 2


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ("--coverage out.info", 2, "error: --coverage needs the program's ELF [E-USAGE]"),
        ("--hot-spots", 2, "error: --hot-spots needs the program's ELF [E-USAGE]"),
        ("--elf firmware.elf --hot-spots", 2, "error: firmware.elf has no debug information [E-NO-DWARF]"),
        ("--elf firmware.elf --coverage missing/out.info", 2, "error: missing/out.info: cannot be written: "),
        ("--elf firmware.elf --coverage board.chip", 2, "error: board.chip: cannot be written: "),
        ("--elf firmware.elf --coverage ./firmware.elf", 2, "error: --coverage ./firmware.elf is the ELF itself"),
    ],
)
def test_coverage_that_cannot_be_had_is_refused_before_the_program_runs(
    desk: Desk, words: str, code: int, reason: str
) -> None:
    desk.chip(content=firmware(FOREVER))
    symbol_file(desk, _main=0x8080)
    result = desk.run("sim", "run", "board.chip", "--for", "1ms", *words.split())
    assert (result.code, result.out) == (code, "")
    assert result.reason.startswith(reason)


def test_a_symbol_that_is_not_in_the_elf_is_refused(desk: Desk) -> None:
    desk.chip(content=firmware(FOREVER))
    result = desk.run("sim", "run", "board.chip", "--until-pc", "loop", "--elf", symbol_file(desk, _main=0x8080))
    assert (result.code, result.reason) == (2, "error: firmware.elf has no symbol 'loop' [E-USAGE]")


def test_what_no_manual_describes_is_an_error_without_a_traceback(desk: Desk) -> None:
    # Keys, CR2.PRG, then a byte in one block and a byte in another.
    desk.chip(content=firmware("3556506235AE5062" + "3501505B35FE505C" + "35018240" + "35018300" + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--for", "1ms")
    assert result.code == 1
    assert "the simulator does not know what a chip does here, at 0x00" in result.reason


# -- the console of a program ---------------------------------------------------------------------------------------

RING = 0x0100
# It writes a ring of 16 bytes, then each byte at 0x8200 up to a 0; it waits while the ring is full.
START_RING = "".join(f"35{byte:02X}01{at:02X}" for at, byte in enumerate(OUT_MAGIC + bytes([15, 0, 0, 0])))
FILL_RING = "AE8200F6272088" + "C60107C00106A11024F6" + "905FC60107A40F909784" + "90D701085C725C010720DD"


def writing(text: bytes, *, start: str = START_RING, then: str = FOREVER) -> bytes:
    """Return flash with a program that writes a text to its console."""
    return firmware(start + FILL_RING + then, text)


def test_the_console_is_printed_if_the_elf_names_it(desk: Desk) -> None:
    text = b"a text that is longer than its ring\n"
    desk.chip(content=writing(text))
    elf = symbol_file(desk, _swim_console_out=RING)
    words = ("sim", "run", "board.chip", "--until", "its ring", "--for", "1s")
    result = desk.run(*words, "--elf", elf)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{text.decode()}the program sent 'its ring': at 0x0080")
    without = desk.run(*words)
    assert (without.code, without.out) == (1, "")
    assert without.reason.startswith("error: the program did not send 'its ring'")


def test_until_counts_for_a_uart_too(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER))
    result = desk.run("sim", "run", "board.chip", "--until", "ready")
    assert (result.code, result.err) == (0, "")
    assert "the program sent 'ready'" in result.out


def test_until_uart_does_not_count_for_the_console(desk: Desk) -> None:
    desk.chip(content=writing(b"ready\n"))
    elf = symbol_file(desk, _swim_console_out=RING)
    result = desk.run("sim", "run", "board.chip", "--until-uart", "ready", "--for", "100ms", "--elf", elf)
    assert (result.code, result.out) == (1, "ready\n")


@pytest.mark.parametrize("damage", ["35000100", "350B0104", "35FF0107"], ids=["magic", "size", "counter"])
def test_a_ring_that_the_program_has_damaged_is_not_believed(desk: Desk, damage: str) -> None:
    desk.chip(content=firmware(START_RING + damage + FOREVER))
    elf = symbol_file(desk, _swim_console_out=RING)
    result = desk.run("sim", "run", "board.chip", "--for", "50ms", "--elf", elf)
    assert result.code == 0
    assert result.out.startswith("the time is over")


def test_silence_ends_a_run(desk: Desk) -> None:
    desk.chip(content=writing(b"begun\n"))
    elf = symbol_file(desk, _swim_console_out=RING)
    result = desk.run("sim", "run", "board.chip", "--silence", "200ms", "--for", "60s", "--elf", elf)
    assert (result.code, result.out) == (1, "begun\n")
    assert result.reason.startswith("error: the program sent nothing for 200ms: the CPU is at 0x0080")
    assert re.search(r"after 2[12]0\.\d+ ms of simulated time \[E-RUN-TIME\]$", result.reason)


def test_text_before_a_stop_is_printed(desk: Desk) -> None:
    desk.chip(content=writing(b"begun\n", then="05"))
    elf = symbol_file(desk, _swim_console_out=RING)
    result = desk.run("sim", "run", "board.chip", "--until", "x", "--elf", elf)
    assert (result.code, result.out) == (1, "begun\n")
    assert "an illegal opcode" in result.reason


@pytest.mark.parametrize(("option", "value"), [("--until", ""), ("--silence", "1"), ("--silence", "0s")])
def test_a_limit_that_makes_no_sense_is_refused(desk: Desk, option: str, value: str) -> None:
    desk.chip(content=firmware(FOREVER))
    result = desk.run("sim", "run", "board.chip", option, value)
    assert result.code == 2
    assert option in result.reason


# -- a board that holds a program from the beginning ------------------------------------------------------------------


def test_a_new_board_holds_a_program_that_has_never_run(desk: Desk) -> None:
    def record(address: int, data: bytes) -> str:
        body = bytes([len(data)]) + address.to_bytes(2, "big") + b"\0" + data
        return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}\n"

    text = record(0x8000, b"\x82\0\x80\x80") + record(0x4000, b"\xaa\x55") + ":00000001FF\n"
    (desk.folder / "program.hex").write_text(text, encoding="ascii")
    made = desk.run("sim", "create", "new.chip", "--part", "stm8s103f3", "--program", "program.hex")
    assert made.code == 0, made.err
    assert "with program.hex in it" in made.out
    assert desk.memory("eeprom", "new.chip")[:2] == b"\xaa\x55"
    assert desk.memory("flash", "new.chip")[:4] == bytes.fromhex("82008080")


def test_a_program_outside_of_the_memories_is_refused(desk: Desk) -> None:
    (desk.folder / "far.hex").write_text(":020000040001F9\n:0100000001FE\n:00000001FF\n", encoding="ascii")
    result = desk.run("sim", "create", "new.chip", "--part", "stm8s103f3", "--program", "far.hex")
    assert result.code == 2
    assert "[E-OUTSIDE-MAP]" in result.reason
    assert not (desk.folder / "new.chip").exists()
