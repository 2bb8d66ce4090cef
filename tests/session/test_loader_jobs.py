"""Whole jobs with the loader in RAM: they end as they do without it, in success, in error and cut short."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

import pytest

from session.bench import Board, image_of
from stm8tool.chip.flash.blocks import BlockWrite
from stm8tool.chip.flash.loader.batches import Batches
from stm8tool.chip.flash.loader.host import RamLoader
from stm8tool.chip.flash.loader.records import Status
from stm8tool.chip.flash.loader.use import WORTH_BLOCKS
from stm8tool.chip.options.plan import Danger
from stm8tool.errors import Code, LinkFault, SwimError, ToolError, VerifyError
from stm8tool.image import Image, Segment
from stm8tool.parts.option_fields import fields_of
from stm8tool.parts.table import find_part, option_table
from stm8tool.sim.chip.memory import Memory
from stm8tool.sim.faults import KNOWN, parse
from stm8tool.sim.peripherals.watchdog import IndependentWatchdog, WindowWatchdog

PARTS = ("stm8s103f3", "stm8l051f3", "stm8l101f3", "stm8s105k4", "stm8l151k4", "stm8s207k6", "stm8l151r8")


class End(NamedTuple):
    """How a job ended: the error, and what the memories hold."""

    error: Optional[type[ToolError]]
    code: Optional[Code]
    text: str
    programmed: int
    held: bytes


def filled(board: Board, seed: int) -> Board:
    rng = random.Random(seed)
    for memory in (board.chip.flash, board.chip.eeprom):
        if memory is not None:
            for address in range(memory.start, memory.end, board.part.block):
                data = rng.choice((bytes(board.part.block), rng.randbytes(board.part.block)))
                memory.write(address, data)
    return board


def some_image(board: Board, seed: int) -> Image:
    """Return pieces for flash and EEPROM, some as the chip holds them."""
    rng, image = random.Random(seed), Image(())
    for memory in (board.chip.flash, board.chip.eeprom):
        if memory is not None:
            for _ in range(4):
                start = rng.randrange(memory.start, memory.end - 1)
                size = min(rng.choice((2, 64, 700, 2500)), memory.end - start)
                data = rng.choice((memory.read(start, size), rng.randbytes(size), bytes(size)))
                image = image.overlaid(Image([Segment(start, data)]))
    return image


def memories(board: Board) -> bytes:
    board.chip.settle(board.probe.clock.now() + 1.0)
    return bytes(board.chip.flash.data) + (bytes(board.chip.eeprom.data) if board.chip.eeprom else b"")


def ended(board: Board, image: Image) -> End:
    """Write and verify `image`."""
    try:
        with board.open() as chip:
            programmed = chip.write(image).written.programmed
            chip.verify(image)
    except ToolError as exc:
        return End(type(exc), exc.code, str(exc), 0, memories(board))
    return End(None, None, "", programmed, memories(board))


@pytest.mark.parametrize("seed", range(14))
def test_the_chip_holds_the_same_as_without_the_loader(seed: int) -> None:
    part, model = PARTS[seed % len(PARTS)], ("v2", "v3")[seed % 2]
    ends = []
    for loader in (False, True):
        board = filled(Board(part, model, loader=loader), seed)
        ends.append(ended(board, some_image(board, seed)))
        assert board.is_left_idle()
    assert ends[0] == ends[1]
    assert ends[0].error is None


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_a_chip_on_which_the_loader_programs_nothing_is_programmed_over_swim(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EOP comes and no byte changes. No hardware has confirmed that code in RAM may program each of these chips."""
    board = Board(part, loader=True)
    controller = board.chip.controller
    original = controller.write_array

    def write_array(memory: Memory, address: int, data: bytes, now: float, byte_s: float, running: bool) -> Any:
        if not controller.by_program:
            return original(memory, address, data, now, byte_s, running)
        controller._eop = True
        return len(data)

    monkeypatch.setattr(controller, "write_array", write_array)
    image = image_of(board.part, size=3000)
    assert ended(board, image).error is None
    assert board.holds(image)


# A serial wire acts on these; SWIM over an ST-LINK does not see them.
OF_SERIAL_WIRES = {name for name in KNOWN if name.startswith(("uart-", "esp-", "rp2040-"))} | {"user-resets"}
FAULTS = [
    *(
        name
        for name, about in KNOWN.items()
        if name not in OF_SERIAL_WIRES and (about.get("allowed") is None or about["bare"] is not None)
    ),
    "nak-every=3000",
    "nak-every=150",
    "bit-flip-every=900",
    "bit-flip-every=20",
    "dead-block=0x008400",
    "stall-after=260",
    "stall-every=90",
    "timeout-after=260",
    "drop-link-after=260",
    "wedged=260",
    "wedged-for-good=260",
    "unplug-after=260",
    "clone-buffer=128",
    "clone-buffer=700",
    "busy-storm=2",
    "nrst-slow=30",
    "power-switch=200",
    "power-switch=300",
]
# The system and USB act on these; a board alone does not have them.
OF_THE_BUS = {"no-driver", "wrong-driver", "no-permission", "in-use", "loader", "clone-serial"}


def test_the_table_has_every_fault() -> None:
    assert {fault.partition("=")[0] for fault in FAULTS} == KNOWN.keys() - OF_SERIAL_WIRES


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208mb"])
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.partition("=")[0] not in OF_THE_BUS])
def test_a_fault_gives_the_same_error_with_the_loader_and_without(fault: str, part: str) -> None:
    ends = []
    for loader in (False, True):
        model = "v2" if fault == "open-firmware" else "v3"
        board = Board(part, model, faults=[fault], loader=loader)
        image = image_of(board.part, size=3000)
        if fault == "clone-16bit-address" and part == "stm8s208mb":
            image = image.overlaid(Image([Segment(0x10000, b"far away")]))
        ends.append(ended(board, image))
    assert (ends[0].error, ends[0].code) == (ends[1].error, ends[1].code)
    if ends[0].error is None:
        assert ends[0].held == ends[1].held


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208mb"])
@pytest.mark.parametrize("verify", [True, "read"])
def test_a_block_that_is_worn_out_fails_the_verify_at_its_byte(part: str, verify: str) -> None:
    texts = []
    for loader in (False, True):
        board = Board(part, faults=["dead-block=0x008400"], loader=loader)
        with pytest.raises(VerifyError) as caught, board.open() as chip:
            chip.write(image_of(board.part, size=4000), verify=verify)  # type: ignore[arg-type]
        texts.append((str(caught.value), caught.value.address, caught.value.expected, caught.value.actual))
    assert texts[0] == texts[1]


def whole_run(faults: Iterable[str] = ()) -> Board:
    board = Board(loader=True, faults=faults)
    board.upload(image_of(board.part, size=2000))
    return board


def test_a_probe_that_is_pulled_at_any_transfer_leaves_a_chip_that_the_next_run_mends() -> None:
    transfers = whole_run().probe.transfers
    image = image_of(find_part("stm8s103f3"), size=2000)
    of_the_end = 6  # the program runs then, and only the probe is released
    for after in range(110, transfers - of_the_end, 29):
        board = Board(loader=True, faults=[f"unplug-after={after}"])
        with pytest.raises(ToolError) as caught:
            board.upload(image)
        assert caught.value.code is Code.PROBE_LOST
        board.probe.replug()
        board.upload(image)
        assert board.holds(image), after
        assert board.is_left_idle(), after


def test_power_that_fails_at_any_time_is_an_error_or_a_whole_image() -> None:
    whole = whole_run()
    image, took = image_of(whole.part, size=2000), whole.probe.clock.now()
    for number in range(6):
        board = Board(loader=True)
        board.chip.plan_power_cut(took * (number + 0.5) / 6)
        with pytest.raises(ToolError):
            board.upload(image)
        board.chip.power(True, board.probe.clock.now())
        board.upload(image)
        assert board.holds(image), number


def test_a_small_job_and_a_part_that_is_not_sure_put_no_code_into_ram() -> None:
    for part, size in (("stm8s103f3", (WORTH_BLOCKS - 1) * 64), ("stm8s207s6", 8000)):
        board = Board(part, loader=True)
        ram = bytes(board.chip.ram.data)
        board.upload(image_of(board.part, size=size))
        assert (bytes(board.chip.ram.data) == ram) == (board.part.confidence != "high" or size < 2000)


def test_ram_that_is_to_be_written_is_not_verified_by_code_in_it() -> None:
    board = Board(loader=True)
    image = Image([Segment(0, bytes(range(256)) * 4)])
    with board.open() as chip:
        chip.load_ram(image)
        assert chip.verify(image, "ram") == 1024
        assert chip.read("ram") == image.segments[0].data


@pytest.mark.parametrize("loader", [False, True])
def test_a_progress_function_that_raises_cuts_no_block(loader: bool) -> None:
    for number in range(1, 30, 7):
        board = Board(loader=loader)
        before = bytes(board.chip.flash.data)
        image = image_of(board.part, size=4000)
        calls = 0

        def fail(stage: str, _done: int, _total: int, at: int = number) -> None:
            nonlocal calls
            calls += stage == "writing"
            if calls == at:
                raise RuntimeError("the window was closed")

        with pytest.raises(RuntimeError, match="closed"), board.open(progress=fail) as chip:
            chip.write(image)
        assert calls >= number
        assert board.is_left_idle()
        size, start = board.part.block, board.chip.flash.start
        new = image.segments[0].data.ljust(len(before), b"\0")
        for n in range(0, len(image.segments[0].data) // size * size, size):
            assert board.chip.flash.read(start + n, size) in (before[n : n + size], new[n : n + size]), (number, n)


@pytest.mark.parametrize("loader", [False, True])
def test_after_an_error_the_cpu_is_stalled_for_the_next_job(loader: bool) -> None:
    board = Board(faults=["dead-block=0x008400"], loader=loader)
    image = image_of(board.part, size=4000)
    with board.open() as chip:
        with pytest.raises(VerifyError):
            chip.write(image)
        assert board.chip.debug.stalled
        with pytest.raises(VerifyError):
            chip.verify(image)
        assert board.chip.debug.stalled
        board.chip.faults = board.probe.faults = parse([])
        board.chip.controller.faults = parse([])
        chip.write(image)
        assert chip.verify(image) == 4000


@pytest.mark.parametrize(("lost", "starts"), [(0, 1), (1, 2), (2, 2)])
def test_after_one_lost_link_the_loader_goes_on_and_after_two_each_byte_counts(
    lost: int, starts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board("stm8s105c6", loader=True)
    program, start, started = RamLoader.program, RamLoader.start, []

    def counted(self: RamLoader) -> None:
        started.append(self)
        start(self)

    def cut(self: RamLoader, blocks: Sequence[BlockWrite], *others: Any) -> None:
        if len(started) > lost:
            program(self, blocks, *others)
            return
        program(self, blocks[:5], *others)
        self.abandon()
        raise SwimError("the chip does not answer", fault=LinkFault.SILENT)

    monkeypatch.setattr(RamLoader, "start", counted)
    monkeypatch.setattr(RamLoader, "program", cut)
    image = image_of(board.part)
    board.upload(image)
    assert board.holds(image)
    assert len(started) == starts
    assert board.is_left_idle()


def test_ctrl_c_stays_ctrl_c_if_the_status_of_the_loader_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(loader=True)
    image = image_of(board.part, size=4000)
    status, interrupts = Batches._status, 0

    def interrupt(stage: str, done: int, _total: int) -> None:
        nonlocal interrupts
        if stage == "writing" and done > 1000 and not interrupts:
            interrupts += 1
            monkeypatch.setattr(Batches, "_status", lambda loader: Status(0x7FFF, 0, 0, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), board.open(progress=interrupt) as chip:
        chip.write(image)
    assert board.is_left_idle()
    monkeypatch.setattr(Batches, "_status", status)
    board.upload(image)
    assert board.holds(image)


@pytest.mark.parametrize("watchdogs", [("IWDG_HW",), ("WWDG_HW",), ("IWDG_HW", "WWDG_HW")])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s105k6", "stm8l151r8"])
def test_a_watchdog_that_starts_with_the_chip_is_refreshed(
    part: str, watchdogs: tuple[str, ...], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(part, loader=True)
    names = {field.name: option.name for option in option_table(board.part) for field in fields_of(board.part, option)}
    with board.open() as chip:
        chip.set_options(*[f"{names[name]}.{name}=1" for name in watchdogs], allow=[Danger.WATCHDOG])
    refreshed = set()
    for name, kind, value in (("IWDG_HW", IndependentWatchdog, 0xAA), ("WWDG_HW", WindowWatchdog, 0xFF)):
        write = kind.write

        def note(self: Any, address: int, byte: int, now: float, about: Any = (name, value, write)) -> None:
            if byte == about[1]:
                refreshed.add(about[0])
            about[2](self, address, byte, now)

        monkeypatch.setattr(kind, "write", note)
    image = image_of(board.part, size=4000)
    with caplog.at_level("INFO"):
        board.upload(image)
        with board.open() as chip:
            assert chip.verify(image) == image.size
    assert board.holds(image)
    assert refreshed == set(watchdogs)
    assert "a loader in the chip's RAM does the work" in caplog.text
    assert "the loader is given up" not in caplog.text


@pytest.mark.parametrize("place", ["flash", "far", "eeprom", "piece", "last"])
@pytest.mark.parametrize("seed", range(2))
def test_a_verify_finds_any_wrong_byte_wherever_it_is(place: str, seed: int) -> None:
    rng, board = random.Random(seed), Board("stm8s208mb", loader=True)
    assert board.chip.eeprom is not None
    board.chip.eeprom.write(0x4000, rng.randbytes(2048))
    far = Segment(0xFF35, board.chip.flash.read(0xFF35, 3000))  # pieces of blocks at both ends
    image = Image(
        [
            Segment(0x4003, board.chip.eeprom.read(0x4003, 1900)),
            Segment(0x8000, board.chip.flash.read(0x8000, 9000)),
            far,
            Segment(0x27F80, board.chip.flash.read(0x27F80, 128)),
        ]
    )
    near = range(0x8000, 0x8000 + 9000)
    area = {"flash": near, "far": range(0x10000, 0x10A00), "eeprom": range(0x4003, 0x4003 + 1900)}
    area.update({"piece": range(0xFF35, 0xFF80), "last": range(0x27F80, 0x28000)})
    wrong = rng.choice(area[place])
    memory = board.chip.eeprom if place == "eeprom" else board.chip.flash
    memory.write(wrong, bytes([memory.read(wrong, 1)[0] ^ 1 << rng.randrange(8)]))
    with board.open() as chip:
        with pytest.raises(VerifyError) as caught:
            chip.verify(image)
        assert caught.value.address == wrong
        assert chip.write(image).written.programmed == 1
        assert chip.verify(image) == image.size


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s105k4", "stm8s207k6"])
@pytest.mark.parametrize("alike", [False, True])
def test_the_progress_of_a_comparison_counts_every_block(part: str, alike: bool) -> None:
    board = Board(part, loader=True)
    size = 40 * board.part.block
    held = board.chip.flash.read(0x8000, size)
    image = Image([Segment(0x8000, held if alike else bytes(byte ^ 0xA5 for byte in held))])
    seen: list[tuple[int, int]] = []
    with board.open(
        progress=lambda stage, done, total: seen.append((done, total)) if stage == "comparing" else None
    ) as chip:
        chip.write(image)
    assert seen[-1] == (size, size)
    assert {total for _, total in seen} == {size}
