"""The variables of a running program: read, set, resets, lost links, and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pytest

from dwarf_files import SIGNED, UNSIGNED_CHAR, Die, array, base, debug_elf, member, variable
from elf_files import ALLOC, make_elf
from session.bench import Board
from stm8tool.chip.running.live_variables import LiveVariables, Reading
from stm8tool.errors import Code, ConnectError, ImageError, LinkFault, SwimError, TargetError, UsageError

PARTS = ("stm8s103f3", "stm8l151k6")
MODELS = ("v2", "v3")

# The vector, then JRA to itself: the program changes nothing, so each test decides what its variables do.
CODE = bytes([0x82, 0, 0x80, 4, 0x20, 0xFE, 1, 2])
AT = 0x0100


def elf() -> bytes:
    """Return an ELF whose program is `CODE`, with variables from 0x0100 on."""
    byte, word, big = base("unsigned char", 1, UNSIGNED_CHAR), base("int", 2, SIGNED), base("unsigned long", 4)
    const = Die("const_type", type=byte)
    fields = Die(
        "structure_type",
        name="fields",
        byte_size=3,
        children=[
            member("low", 0, byte, byte_size=1, bit_offset=5, bit_size=3),
            member("wide", 1, word, byte_size=2, bit_offset=6, bit_size=10),
            member("rest", 2, byte, byte_size=1, bit_offset=0, bit_size=6),
        ],
    )
    pointer = Die("pointer_type", byte_size=2, type=word)
    words = array(word, 4, size=8)
    children = [byte, word, big, const, fields, pointer, words]
    children += [
        variable("counter", AT, word),
        variable("gain", AT + 2, byte),
        variable("big", AT + 4, big),
        variable("fields", AT + 8, fields),
        variable("temp", AT + 12, words),
        variable("pointer", AT + 20, pointer),
        variable("far", AT + 0x80, byte),
        variable("version", 0x8002, const),
        variable("outside", 0x3000, byte),
    ]
    return debug_elf([Die("compile_unit", name="a.c", children=children)], ("CODE", 0x8000, CODE, ALLOC))


class Running:
    """A board whose chip runs `CODE`, and the ELF of that program."""

    def __init__(self, folder: Path, part: str = "stm8s103f3", model: str = "v3") -> None:
        self.board = Board(part, model)
        self.board.chip.flash.write(0x8000, CODE)
        self.file = folder / "a.elf"
        self.file.write_bytes(elf())
        self.told: list[str] = []

    def poke(self, address: int, data: bytes) -> None:
        self.board.chip.ram.write(address, data)

    def peek(self, address: int, size: int) -> bytes:
        return self.board.chip.ram.read(address, size)

    def reset(self) -> None:
        self.board.chip.reset_by_program(self.board.probe.clock.now())


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


@pytest.fixture(params=[(part, model) for part in PARTS for model in MODELS], ids=" ".join)
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Running:
    """Both families on both probes."""
    return Running(tmp_path, *request.param)


def opened(running: Running, chip: Any, file: Optional[str] = None) -> LiveVariables:
    live: LiveVariables = chip.variables(file or str(running.file), running.told.append)
    return live


def values(readings: Optional[list[Reading]]) -> list[object]:
    assert readings is not None
    return [reading.value for reading in readings]


def test_variables_are_read_by_name_and_the_cpu_runs_the_whole_time(each: Running) -> None:
    each.poke(AT, bytes.fromhex("FFD8 2A 00 00010203 05BC02 00 0001000200030004"))
    states = set()
    with each.board.open() as chip, opened(each, chip) as live:
        for _ in range(3):
            found = values(live.read(["counter", "gain", "big", "fields", "temp[1]", "temp", "0x102:uint8_t"]))
            states.add((each.board.chip.state, each.board.chip.debug.stalled))
    assert found == [-40, 42, 0x00010203, {"low": 5, "wide": 700, "rest": 0}, 2, [1, 2, 3, 4], 42]
    assert states == {("running", False)}
    assert each.told == []
    assert each.board.is_left_idle()


def test_the_names_are_those_of_the_program(running: Running) -> None:
    with running.board.open() as chip:
        live = opened(running, chip)
        assert live.names == sorted(
            ["counter", "gain", "big", "fields", "temp", "pointer", "far", "version", "outside"]
        )
        assert chip.variables().names == []


def test_a_variable_is_set_and_nothing_beside_it(each: Running) -> None:
    each.poke(AT, bytes.fromhex("0001 02 03 04050607"))
    with each.board.open() as chip, opened(each, chip) as live:
        change = live.write("gain", 200)
        assert (change.before.value, change.after.value, change.disturbed) == (2, 200, False)
        live.write("counter", "-2")
        live.write("temp[3]", 0x1234)
        live.write("0x103:uint8_t", True)
    assert each.peek(AT, 8) == bytes.fromhex("FFFE C8 01 04050607")
    assert each.peek(AT + 18, 2) == b"\x12\x34"


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [("low", 2, "FAFFFF"), ("wide", 0x155, "FF55FD"), ("rest", 0, "FFFF03")],
)
def test_a_bit_field_is_set_and_its_neighbours_keep_their_bits(each: Running, name: str, value: int, held: str) -> None:
    each.poke(AT + 8, b"\xff\xff\xff")
    with each.board.open() as chip, opened(each, chip) as live:
        change = live.write(f"fields.{name}", value)
        assert change.after.value == value
    assert each.peek(AT + 8, 3) == bytes.fromhex(held)


def test_a_neighbour_that_changes_in_that_moment_is_told(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        write = live._link.wotf

        def wotf(address: int, data: bytes) -> None:
            write(address, data)
            running.poke(AT + 8, b"\xf8")

        monkeypatch.setattr(live._link, "wotf", wotf)
        assert live.write("fields.low", 1).disturbed


def test_a_pointer_is_followed_when_it_is_read(each: Running) -> None:
    with each.board.open() as chip, opened(each, chip) as live:
        each.poke(AT + 20, b"\x01\x00")
        each.poke(AT, b"\x00\x07")
        assert values(live.read(["*pointer", "pointer[0]", "pointer"])) == [7, 7, 0x100]
        live.write("*pointer", 8)
        assert each.peek(AT, 2) == b"\x00\x08"
        for held, problem in [
            (0, "the pointer is NULL"),
            (0x3000, "the pointer leads to 0x003000, where the chip has no memory"),
        ]:
            each.poke(AT + 20, held.to_bytes(2, "big"))
            readings = live.read(["*pointer"])
            assert readings is not None
            assert (readings[0].value, readings[0].text) == (None, problem)
            with pytest.raises(TargetError, match="cannot be set: the pointer") as failure:
                live.write("*pointer", 1)
            assert failure.value.hint
        each.poke(AT + 20, b"\x80\x02")
        with pytest.raises(UsageError, match="is at 0x008002, which is not RAM"):
            live.write("*pointer", 1)


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("gain", "256", Code.USAGE, "gain cannot be '256': it is unsigned char"),
        ("fields.low", "8", Code.USAGE, "fields.low cannot be '8': it is a bit-field of 3 bits"),
        ("temp", "1", Code.USAGE, r"temp cannot be '1': it is int\[4\]"),
        ("version", "1", Code.NOT_RAM, "version is at 0x008002, which is not RAM"),
        ("0x7F00:uint8_t", "1", Code.NO_VARIABLE, "0x7F00:uint8_t is a register of the CPU"),
        ("outside", "1", Code.NO_VARIABLE, "outside is at 0x003000, where the STM8S103F3 has no memory"),
        ("countr", "1", Code.NO_VARIABLE, "a.elf has no variable 'countr'"),
    ],
)
def test_what_cannot_be_set_is_refused_before_the_chip_is_asked(
    running: Running, name: str, value: str, code: Code, message: str
) -> None:
    with running.board.open() as chip:
        live = opened(running, chip)
        with pytest.raises(UsageError, match=message) as failure:
            live.setting(name, value)
    assert failure.value.code is code
    assert failure.value.hint


def test_a_register_of_a_device_can_be_read_and_set(running: Running) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        live.write("0x5002:uint8_t", 0x20)  # PA_DDR
        assert values(live.read(["0x5002:uint8_t"])) == [0x20]


def test_variables_that_lie_close_are_read_in_one_command(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, int]] = []
    with running.board.open() as chip, opened(running, chip) as live:
        right = live._link.rotf

        def rotf(address: int, size: int) -> bytes:
            reads.append((address, size))
            return right(address, size)

        monkeypatch.setattr(live._link, "rotf", rotf)
        live.read(["far", "temp", "counter", "gain"])
        monkeypatch.undo()
    assert reads == [(AT, 20), (AT, 20), (AT + 0x80, 1)]


def test_a_value_that_never_holds_still_is_told(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        right = live._link.rotf
        count = 0

        def rotf(address: int, size: int) -> bytes:
            nonlocal count
            count += 1
            running.poke(AT, bytes([count * 3 & 0xFF, count * 5 & 0xFF]))
            return right(address, size)

        monkeypatch.setattr(live._link, "rotf", rotf)
        readings = live.read(["counter", "gain"])
    assert readings is not None
    assert [reading.steady for reading in readings] == [False, True]


# -- resets, lost links, other programs ------------------------------------------------------------------------------


def test_a_reset_of_the_chip_is_told_and_the_values_go_on(each: Running) -> None:
    with each.board.open() as chip, opened(each, chip) as live:
        each.poke(AT, b"\x00\x05")
        assert values(live.read(["counter"])) == [5]
        each.reset()
        each.poke(AT, b"\x00\x06")
        found = [live.read(["counter"]) for _ in range(4)]
        assert values(found[-1]) == [6]
        assert found[0] is None
        assert each.told == ["the chip was reset, or the link was lost for a moment; going on"]
        assert not each.board.chip.debug.stalled
    assert each.board.is_left_idle()


def test_a_chip_that_is_silent_for_a_while_is_waited_for(running: Running) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        running.board.chip.link_lost = True
        assert [live.read(["gain"]) for _ in range(3)] == [None] * 3
        running.board.chip.link_lost = False
        running.poke(AT + 2, b"\x09")
        found = [live.read(["gain"]) for _ in range(4)]
        assert values(found[-1]) == [9]
    assert running.told == ["the chip does not answer; trying again", "the chip answers again"]


def test_another_chip_after_a_silence_is_compared_again(running: Running) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        running.board.chip.link_lost = True
        assert [live.read(["gain"]) for _ in range(3)] == [None] * 3
        running.board.chip.link_lost = False
        running.board.chip.flash.write(0x8007, b"\x08")

        def until_it_answers() -> None:
            while live.read(["gain"]) is None:
                pass

        with pytest.raises(TargetError, match=r"another program than .*a\.elf") as failure:
            until_it_answers()
    assert failure.value.code is Code.OTHER_BUILD


def test_a_chip_that_stays_silent_ends_it(running: Running) -> None:
    def until_the_end(live: LiveVariables) -> None:
        while True:
            live.read(["gain"])

    with running.board.open() as chip, opened(running, chip) as live:
        running.board.chip.power(False, running.board.probe.clock.now())
        with pytest.raises(ConnectError, match="the running chip does not answer"):
            until_the_end(live)
    assert running.board.probe.clock.now() > 30


def test_a_value_is_set_although_the_first_write_was_lost(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        write, left = live._link.wotf, [1, 1]

        def wotf(address: int, data: bytes) -> None:
            if address == AT + 2 and left:
                left.pop()
                raise SwimError("lost", fault=LinkFault.DAMAGED)
            write(address, data)

        monkeypatch.setattr(live._link, "wotf", wotf)
        assert live.write("gain", 3).after.value == 3
        left += [1] * 100
        with pytest.raises(SwimError, match="lost"):
            live.write("gain", 4)


def test_a_chip_that_does_not_come_back_cannot_be_set(running: Running) -> None:
    with running.board.open() as chip, opened(running, chip) as live:
        running.board.chip.link_lost = True
        with pytest.raises(ConnectError, match="does not answer any more") as failure:
            live.write("gain", 4)
    assert failure.value.hint


def test_another_build_is_told(running: Running) -> None:
    running.board.chip.flash.write(0x8007, b"\x08")
    with (
        running.board.open() as chip,
        pytest.raises(TargetError, match=r"another program than .*a\.elf") as failure,
        opened(running, chip),
    ):
        pass
    assert failure.value.code is Code.OTHER_BUILD
    assert running.board.is_left_idle()


def test_a_read_protected_chip_shows_no_variable(tmp_path: Path) -> None:
    running = Running(tmp_path)
    running.board = Board(locked=True)
    with running.board.open() as chip, pytest.raises(TargetError) as failure, opened(running, chip):
        pass
    assert failure.value.code is Code.OTHER_BUILD
    assert "its flash reads as 0x71, as that of a read-protected chip" in str(failure.value.hint)
    assert running.board.is_left_idle()


def test_a_cpu_that_is_stopped_is_told(running: Running) -> None:
    running.board.chip.debug.reset(stalled=True)
    # A CPU at its very first instruction is started: a reset in the middle of an entry leaves it there.
    running.board.chip.debug.leave_at(0x8004, 0, 0, 0, 0x03FF, 0x28)
    with running.board.open() as chip:
        with pytest.raises(TargetError, match="the CPU of the chip is stopped") as failure, opened(running, chip):
            pass
        assert failure.value.code is Code.NOT_RUNNING


def test_an_elf_without_debug_information_is_refused_before_the_chip_is_asked(running: Running) -> None:
    running.file.write_bytes(make_elf(("CODE", 0x8000, CODE, ALLOC)))
    with running.board.open() as chip, pytest.raises(ImageError) as failure:
        opened(running, chip)
    assert failure.value.code is Code.NO_DWARF
