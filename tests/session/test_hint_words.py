"""A sweep of failures: what the library raises never speaks the command line's language, and no word is left open."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import pytest

import stm8tool
from documents import read
from dwarf_files import small_program
from elf_files import ALLOC, make_elf
from stm8tool.chip.link.capture import PowerCycle
from stm8tool.errors import Code, ToolError
from stm8tool.image import Segment, edits
from stm8tool.sim import running, store
from stm8tool.sim.probe.models import MODELS
from stm8tool.words import COMMAND_LINE, LIBRARY, PLATFORM

PART = "stm8s103f3"
FAULT_ROWS = re.findall(r"^\| `(.*?)` \| (.*) \| \d+ \|$", read("docs/stm8tool.md"), re.MULTILINE)
PROGRAM = Segment(0x8000, bytes([0x82, 0x00, 0x80, 0x04, 0x20, 0xFE]) + bytes(range(3, 200)))

# What no simulated board has, what is only warned of, and what only the command line meets.
_NOT_MET = {Code.USB_LIBRARY, Code.PACKAGES, Code.WEAK_LINK, Code.NO_HIGH_SPEED, Code.NO_PROGRAM, Code.RUN_TIME}
_NOT_MET |= {Code.NO_LOADER, Code.LOADER_SILENT, Code.UART_LINK}  # of a UART: tests/cli/test_uart.py
_NOT_MET |= {Code.RING_FULL}  # a notice: tests/session/test_swim_console.py
_NOT_MET |= {Code.DEBUG}  # of a debugger's client: tests/session/test_gdb_breakpoints.py
_NOT_MET |= {Code.NO_CONSOLE, Code.OTHER_BUILD}  # of a running program: tests/session/test_swim_console.py
_NOT_MET |= {Code.NOT_RUNNING}  # tests/session/test_live_variables.py
_NOT_MET |= {Code.JOB, Code.CHIPS_FAILED, Code.SELF_TEST}  # of production: tests/cli/test_produce*.py


# Options of udevadm, docker, podman, usbipd and SDCC.
_OF_OTHERS = {
    *("--reload-rules", "--device", "--device-cgroup-rule", "--group-add", "--busid", "--wsl"),
    *("--out-fmt-s19", "--out-fmt-ihx", "--out-fmt-elf", "--debug"),
}


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def board(name: str = "board.chip", part: str = PART, model: str = "v2", **about: Any) -> str:
    store.create(name, stm8tool.find_part(part), model, overwrite=True, **about)
    return f"sim:{name}"


def check(error: ToolError) -> None:
    """Look at one error in the words of each speaker."""
    assert error.hint, repr(error)
    text = " ".join([error.hint, *error.details])
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) <= _OF_OTHERS, text
    assert (error.hint, error.details) == (error.hint_in(LIBRARY), error.details_in(LIBRARY))
    for words in (LIBRARY, COMMAND_LINE, PLATFORM):
        said = " ".join([error.hint_in(words) or "", *error.details_in(words)])
        assert not set(said.replace("ATTR{idVendor}", "")) & set("{}"), said  # that is what udev wants


def met(job: Callable[[], object]) -> Optional[ToolError]:
    """Do a job that may fail; return how."""
    try:
        job()
    except ToolError as error:
        check(error)
        return error
    return None


def use(probe: str, part: Optional[str], job: Callable[[stm8tool.Chip], object], **how: Any) -> Optional[ToolError]:
    def work() -> None:
        with stm8tool.open(probe, part, **how) as chip:
            job(chip)

    return met(work)


WRITE = stm8tool.Image([PROGRAM])
BACKUP_PIECE = stm8tool.Image([Segment(0x8000, b"abc")])
JOBS: dict[str, Callable[[stm8tool.Chip], object]] = {
    "write": lambda chip: chip.write(WRITE),
    "write, no unlock": lambda chip: chip.write(WRITE, unlock=False),
    "write options": lambda chip: chip.write(stm8tool.Image([Segment(0x4800, b"\x00\x02\xfd")]), options=True),
    "read": lambda chip: chip.read(),
    "erase": lambda chip: chip.erase("flash"),
    "unlock": lambda chip: chip.unlock(),
    "lock": lambda chip: chip.lock(),
    "set options": lambda chip: chip.set_options("AFR=0x01"),
}


def probe_for(text: str) -> str:
    only = re.search(r"`(v\d+)` only", text)
    return only[1] if only else "v2"


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize(("fault", "text"), FAULT_ROWS)
def test_no_fault_has_a_hint_for_another_speaker(fault: str, text: str, locked: bool) -> None:
    for job in JOBS.values():
        probe = board(model=probe_for(text), faults=[fault], locked=locked)
        use(probe, PART, job)
    hints = " ".join(entry.hint or "" for entry in stm8tool.list_probes(probe))
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", hints)) <= _OF_OTHERS, hints


def in_use(job: Callable[[stm8tool.Chip], object], part: str = PART, **about: Any) -> Callable[[], object]:
    """Return a job that raises how it fails on a new board."""

    def work() -> None:
        with stm8tool.open(board(part=about.pop("of", part), **about), part) as chip:
            job(chip)

    return work


END = b":00000001FF\n"


def file_of(content: bytes, name: str = "file.hex") -> str:
    Path(name).write_bytes(content)
    return name


def _several() -> None:
    Path("bench").mkdir()
    for name in ("bench/a.chip", "bench/b.chip"):
        board(name)
    with stm8tool.open("sim:bench", PART):
        pass


def _none() -> None:
    Path("bench").mkdir()
    use_raising("sim:bench")


def _program_in_the_way() -> None:
    probe = board(part="stm8s001j3", faults=["app-disables-swim=100"])
    for _ in range(2):
        with stm8tool.open(probe, "stm8s001j3") as chip:
            chip.write(WRITE)


def _unlock_left_undone() -> None:
    image = stm8tool.Image([Segment(0x4803, b"\x02\xfd")])
    probe = board(part="stm8s208c6")
    with store.board(Path("board.chip")) as (simulated, _):
        for address in (0x480B, 0x480D, 0x487E):
            simulated.options.memory.write(address, bytes(2))  # as the erase leaves these pairs
        simulated.options.memory.write(0x4803, b"\x01\xfe")
    with stm8tool.open(probe, "stm8s208c6") as chip:
        chip.write(image, options=True, unlock=False)


def _damaged_of_two() -> None:
    Path("bench").mkdir()
    board("bench/a.chip")
    Path("bench/b.chip").write_text("{}", encoding="ascii")
    with stm8tool.open("sim:bench#000000000000000000000000", PART):
        pass


def _closed() -> None:
    stm8tool.open(board(), PART).read()


def _twice() -> None:
    chip = stm8tool.open(board(), PART)
    with chip, chip:
        pass


def _without_part() -> None:
    with stm8tool.open(board()) as chip:
        chip.read()


def _silent_at_power_on() -> None:
    cycle = PowerCycle(1, lambda left_s: None)
    with stm8tool.open(board(faults=["swim-open"]), PART, power_cycle=cycle) as chip:
        chip.read()


PROGRAM_OF_VARIABLES = bytes([0x82, 0, 0x80, 8, 1, 2, 3, 4, 0x20, 0xFE])


def _setting(name: str, value: str, content: Optional[bytes] = None) -> Callable[[], object]:
    """Return a job that sets a variable of an ELF."""

    def work() -> None:
        file = file_of(content or small_program(PROGRAM_OF_VARIABLES), "a.elf")
        with stm8tool.open(board(content=PROGRAM_OF_VARIABLES), PART) as chip, chip.variables(file) as live:
            live.write(name, value)

    return work


OTHER_FAILURES: dict[str, tuple[Callable[[], object], Code]] = {
    "no debug information": (_setting("gain", "1", make_elf(("CODE", 0x8000, b"ab", ALLOC))), Code.NO_DWARF),
    "no such variable": (_setting("gian", "1"), Code.NO_VARIABLE),
    "no such index": (_setting("temp[3]", "1"), Code.NO_VARIABLE),
    "a const variable": (_setting("table[0]", "1"), Code.NOT_RAM),
    "a value that does not fit": (_setting("gain", "300"), Code.USAGE),
    "no such part": (lambda: stm8tool.open("stlink", "stm8s130f3"), Code.PART_UNKNOWN),
    "no such probe": (lambda: use_raising("sim:bench#zz"), Code.USAGE),
    "no such chip file": (lambda: use_raising("sim:nothing.chip"), Code.USAGE),
    "no chip file": (lambda: use_raising(f"sim:{file_of(b'[]', 'x.chip')}"), Code.USAGE),
    "several probes": (_several, Code.SEVERAL_PROBES),
    "no probe": (_none, Code.NO_PROBE),
    "another machine": (lambda: use_raising("usbip://192.0.2.1/1-1"), Code.REMOTE),
    "no server": (lambda: use_raising("usbip://127.0.0.1:1/1-1"), Code.NO_SERVER),
    "a program that turns SWIM off": (_program_in_the_way, Code.SWIM_DISABLED),
    "an unlock that was cut short": (_unlock_left_undone, Code.OPTIONS_CORRUPT),
    "a damaged one of two": (_damaged_of_two, Code.USAGE),
    "not open": (_closed, Code.USAGE),
    "open twice": (_twice, Code.USAGE),
    "no part": (_without_part, Code.USAGE),
    "silent at power-on": (_silent_at_power_on, Code.TARGET_SILENT),
    "a raw file": (lambda: stm8tool.load_image(file_of(b"\x82\x00\x80", "x.bin")), Code.FILE),
    "a text": (lambda: stm8tool.load_image(file_of(b"int main(void);\n", "x.c")), Code.FILE),
    "two files in one": (lambda: stm8tool.load_image(file_of(b":00000001FF\n:01000000827D\n:00000001FF\n")), Code.FILE),
    "sdcc's s19": (lambda: stm8tool.load_image(file_of(b"S10410800082E9\nS9030000FC\n", "x.s19")), Code.FILE),
    "no file": (lambda: stm8tool.load_image("nothing.hex"), Code.FILE),
    "twice the same address": (
        lambda: stm8tool.load_image(file_of(b"\x82", "a.bin"), "a.bin", base=0x8000),
        Code.FILE,
    ),
    "no suffix": (lambda: stm8tool.save_image("x.what", WRITE), Code.USAGE),
    "outside": (in_use(lambda chip: chip.write(stm8tool.Image([Segment(0x20000, b"a")]))), Code.OUTSIDE_MAP),
    "in RAM": (in_use(lambda chip: chip.write(stm8tool.Image([Segment(0x10, b"a")]))), Code.OUTSIDE_MAP),
    "from 0": (in_use(lambda chip: chip.write(stm8tool.Image([Segment(0, b"\x82a")]))), Code.OUTSIDE_MAP),
    "in the EEPROM": (
        in_use(lambda chip: chip.write(stm8tool.Image([Segment(0x4000, b"a")]), "flash")),
        Code.OUTSIDE_MAP,
    ),
    "too big": (in_use(lambda chip: chip.write(stm8tool.Image([Segment(0x8000, bytes(9000))]))), Code.IMAGE_TOO_BIG),
    "option bytes": (
        in_use(lambda chip: chip.write(stm8tool.Image([Segment(0x4800, b"a")]))),
        Code.DANGEROUS_WRITE,
    ),
    "another family": (in_use(JOBS["read"], "stm8l151k4", of=PART), Code.FAMILY),
    "another RAM": (in_use(JOBS["read"], "stm8s105k4", of=PART), Code.FAMILY),
    "a locked chip": (in_use(JOBS["read"], locked=True), Code.ROP_READ),
    "a locked chip, to be left so": (in_use(JOBS["write, no unlock"], locked=True), Code.ROP_UPLOAD),
    "write-protected": (in_use(JOBS["write"], options=["UBC=0x02"]), Code.UBC),
    "a lock": (in_use(lambda chip: chip.set_options("ROP=0xAA")), Code.DANGEROUS_WRITE),
    "what ruins": (in_use(lambda chip: chip.set_options("NOPE=1")), Code.USAGE),
    "no such field": (in_use(lambda chip: chip.set_options("MISC.X=1")), Code.USAGE),
    "no such value": (in_use(lambda chip: chip.set_options("UBC=99999")), Code.USAGE),
    "no such region": (in_use(lambda chip: chip.read("everything")), Code.USAGE),
    "no whole blocks": (in_use(lambda chip: chip.erase(stm8tool.Region("r", 0x8001, 3))), Code.USAGE),
    "no EEPROM apart": (in_use(lambda chip: chip.read("eeprom"), "stm8l101f3"), Code.USAGE),
    "run in flash": (in_use(lambda chip: chip.run(0x8000, BACKUP_PIECE)), Code.USAGE),
    "no whole backup": (in_use(lambda chip: chip.restore(BACKUP_PIECE)), Code.FILE),
    "a difference": (in_use(lambda chip: chip.verify(WRITE)), Code.VERIFY),
    "16-bit addresses": (
        in_use(
            lambda chip: chip.write(stm8tool.Image([Segment(0x10000, b"a")])),
            "stm8s208c8",
            faults=["clone-16bit-address"],
        ),
        Code.PROBE_LIMIT,
    ),
    "keys": (in_use(lambda chip: chip.set_options("UBC=1"), "stm8l151k4", faults=["dul-misses"]), Code.KEYS),
    "a low supply": (in_use(JOBS["write"], faults=["marginal-supply"]), Code.SUPPLY_LOW),
    "a serial number": (lambda: stm8tool.SerialNumber.parse("x"), Code.USAGE),
    "no numbers": (lambda: stm8tool.SerialNumber.parse("0x4000,u8,no.txt").take(), Code.FILE),
    "a patch": (lambda: edits.patch("x"), Code.USAGE),
    "a fill": (lambda: edits.fill("8000=1", stm8tool.find_part(PART).flash), Code.USAGE),
    "no such fault": (lambda: board(faults=["nope"]), Code.USAGE),
    "a fault with a number": (lambda: board(faults=["unpowered=1"]), Code.USAGE),
    "a fault of another probe": (lambda: board(faults=["loader"]), Code.USAGE),
    "a board that exists": (
        lambda: [store.create("twice.chip", stm8tool.find_part(PART), "v2") for _ in range(2)],
        Code.USAGE,
    ),
    "nothing to run": (
        lambda: running.run(Path(board().partition(":")[2]), running.Goal(1.0), lambda data: None, lambda text: None),
        Code.RUN_STOPPED,
    ),
}


def use_raising(probe: str) -> None:
    with stm8tool.open(probe, PART) as chip:
        chip.read()


@pytest.mark.parametrize("name", OTHER_FAILURES)
def test_no_failure_has_a_hint_for_another_speaker(name: str) -> None:
    job, code = OTHER_FAILURES[name]
    error = met(job)
    assert error is not None
    assert error.code is code


def test_the_sweep_meets_nearly_every_code() -> None:
    seen = {code for _, code in OTHER_FAILURES.values()}
    for fault, text in FAULT_ROWS:
        for job in ("write", "read", "unlock"):
            error = use(board(model=probe_for(text), faults=[fault], locked=job == "unlock"), PART, JOBS[job])
            seen |= {error.code} if error else set()
    assert set(Code) - seen == _NOT_MET


def test_a_name_with_braces_stands_in_the_hint_as_it_is() -> None:
    assert "{part}" not in MODELS
    with pytest.raises(stm8tool.UsageError) as caught:
        use_raising("sim:{part}.chip")
    for words in (LIBRARY, COMMAND_LINE, PLATFORM):
        assert "{part}.chip" in (caught.value.hint_in(words) or "")
