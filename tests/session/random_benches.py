"""Random uploads on random benches, from a seed: images that must arrive, and benches that break at a random moment.

Each function raises AssertionError for a seed that ends worse than in a clear error.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple, Optional

from session.bench import MODELS, Board
from stm8tool.chip.flash.loader.use import WORTH_BLOCKS
from stm8tool.errors import ToolError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, Region, find_part
from stm8tool.sim.chip.memory import Memory
from stm8tool.sim.faults import parse
from stm8tool.sim.switches import Switches

_PARTS = (
    "stm8s103f3",
    "stm8s105k4",
    "stm8s208mb",
    "stm8af6223",
    "stm8l101f3",
    "stm8l051f3",
    "stm8l151k4",
    "stm8l152r8",
)
# One of each variant of the loader, of each size of flash, and some that have none.
_IMAGE_PARTS = (
    *_PARTS,
    "stm8s003f3",
    "stm8s105c6",
    "stm8s207k6",
    "stm8af6266",
    "stm8l151r8",
    "stm8l052c6",
    "stm8l001j3",
)
_EVENTS = (
    "unplug-after",
    "stall-after",
    "timeout-after",
    "drop-link-after",
    "wedged",
    "wedged-for-good",
    "power-switch",
)
_ODDITIES = ("nrst-open", "hsit-stuck", "clone-buffer=256", "clone-buffer=1000", "open-firmware")
_NOISES = ("nak-every", "bit-flip-every")
_LIMIT_S = 20.0  # simulated; the whole ladder, a USB reset and three tries fit
_HANG_S = 5.0  # more for each time that a probe hangs: a time limit of 1 s for each command that is still tried


class Scenario(NamedTuple):
    """One bench and one upload.

    `events` happen once each, `noise` goes on and on, `oddities` and `switches` are how the bench is, and the block
    around `dead` is worn out.
    """

    part: str
    model: str
    locked: bool
    oddities: tuple[str, ...]
    events: tuple[str, ...]
    noise: tuple[str, ...]
    dead: Optional[int]
    switches: Switches
    image: Image
    loader: bool = False


def _scenario(seed: int, *, loader: bool) -> Scenario:
    rng = random.Random(seed)
    part = find_part(rng.choice(_PARTS))
    oddities = tuple(rng.sample(_ODDITIES, rng.choice((0, 0, 1, 1, 2))))
    model = "v2" if "open-firmware" in oddities else rng.choice(MODELS)
    limit = 0x10000 if "open-firmware" in oddities else part.flash.end  # that firmware knows 16 address bits
    quiet = Scenario(
        part=part.name,
        model=model,
        locked=rng.random() < 0.4,
        oddities=oddities,
        events=(),
        noise=(),
        dead=_address(part, rng) if rng.random() < 0.1 else None,
        switches=_switches(rng),
        image=_image(part, limit, rng),
        loader=loader,
    )
    if loader:
        quiet = quiet._replace(image=quiet.image.overlaid(_enough_for_the_loader(part, random.Random(-seed))))
    board = _board(quiet)
    _upload(board, quiet.image)
    ends = {"power-switch": int(board.probe.clock.now() * 1000)}  # the others count transfers
    noise = rng.sample(_NOISES, rng.choice((0, 0, 1, 1, 2)))
    events = rng.sample(_EVENTS, rng.choice((0, 1, 1, 2, 3) if noise or quiet.dead else (1, 1, 1, 2, 3)))
    return quiet._replace(
        events=tuple(f"{event}={rng.randrange(ends.get(event, board.probe.transfers) + 1)}" for event in events),
        noise=tuple(f"{kind}={int(10 ** rng.uniform(2, 4.5))}" for kind in noise),
    )


def _address(part: Part, rng: random.Random) -> int:
    """Return an address in flash or EEPROM; half of them in the first blocks, where most images begin."""
    memory = rng.choice([memory for memory in (part.flash, part.eeprom) if memory is not None])
    return memory.start + rng.randrange(rng.choice((memory.size, 4 * part.block)))


def _switches(rng: random.Random) -> Switches:
    """Return a chip that takes sides at random where the sources disagree."""
    return Switches(
        iapsr_reset=rng.choice((0x00, 0x40)),
        iapsr_undocumented=rng.random() < 0.5,
        rop_hides_options=rng.choice((None, True, False)),
        rop_write_nacks=rng.random() < 0.5,
        no_access_bit=rng.random() < 0.5,
        lock_write_relocks=rng.random() < 0.5,
        options_erase_to_default=rng.random() < 0.5,
        dul_misses=rng.choice((0, 0, 1)),
        global_erase_s=rng.choice((0.003, 0.1, 1.5)),
    )


def _image(part: Part, limit: int, rng: random.Random) -> Image:
    """Return the first byte of flash and some segments below `limit`, with gaps inside and between blocks."""
    segments = [Segment(part.flash.start, b"\x82")]
    for memory in (part.flash, part.eeprom):
        if memory is None:
            continue
        address, end = memory.start, min(memory.end, limit)
        for _ in range(rng.randrange(5)):
            address += rng.choice((1, 7, part.block, rng.randrange(1, memory.size)))
            size = min(rng.choice((1, 5, part.block, rng.randrange(1, 400))), end - address)
            if size > 0:
                segments.append(Segment(address, rng.choice((rng.randbytes(size), bytes(size)))))
                address += size
    return Image(segments)


def _enough_for_the_loader(part: Part, rng: random.Random) -> Image:
    """Return a piece of flash that is large enough for the loader, and in half of all cases no larger."""
    blocks = WORTH_BLOCKS + rng.choice((0, rng.randrange(60)))
    blocks = min(blocks, part.flash.size // part.block)
    start = part.flash.start + part.block * rng.randrange(min(0x8000, part.flash.size) // part.block - blocks + 1)
    return Image([Segment(start, rng.randbytes(blocks * part.block))])


def _board(scenario: Scenario) -> Board:
    """Return the bench, its chip full of bytes."""
    worn = () if scenario.dead is None else (f"dead-block={scenario.dead}",)
    faults = (*scenario.oddities, *scenario.events, *scenario.noise, *worn)
    board = Board(
        scenario.part,
        scenario.model,
        locked=scenario.locked,
        faults=faults,
        switches=scenario.switches,
        loader=scenario.loader,
    )
    if board.chip.eeprom:
        board.chip.eeprom.write(board.chip.eeprom.start, random.Random(5).randbytes(len(board.chip.eeprom.data)))
    return board


def _upload(board: Board, image: Image) -> Optional[ToolError]:
    """Return the error of an upload, None when it says that it worked; anything but a ToolError passes through."""
    start = board.probe.clock.now()
    hangs = sum(text.startswith("wedged") for text in board.probe.faults.texts())
    try:
        board.upload(image)
    except ToolError as exc:
        return exc
    finally:
        assert board.probe.clock.now() - start < _LIMIT_S + hangs * _HANG_S
    return None


def _memories(board: Board) -> list[Memory]:
    return [memory for memory in (board.chip.flash, board.chip.eeprom) if memory is not None]


def _beside(board: Board, image: Image) -> bytes:
    """Return all that the chip holds outside of `image`."""
    rest = bytearray()
    for memory in _memories(board):
        address = memory.start
        for segment in image.slice(Region(memory.name, memory.start, len(memory.data))):
            rest += memory.read(address, segment.address - address)
            address = segment.end
        rest += memory.read(address, memory.end - address)
    return bytes(rest)


def _mend(board: Board) -> None:
    """Repair what is broken; a probe that was pulled or that hangs is plugged in again."""
    if not board.probe.plugged or board.probe.firmware.wedged:
        board.probe.replug()
    board.probe.faults = board.chip.faults = parse([])


def _after_an_unlock(board: Board, image: Image, dead: Optional[int]) -> bytes:
    """Return what `_beside` will when all is erased but a block that is worn out."""
    saved = [(memory, bytes(memory.data)) for memory in _memories(board)]
    for memory, data in saved:
        memory.data[:] = bytes(len(data))
        if dead is not None and memory.start <= dead < memory.end:
            start = memory.block_start(dead) - memory.start
            memory.data[start : start + memory.block] = data[start : start + memory.block]
    erased = _beside(board, image)
    for memory, data in saved:
        memory.data[:] = data
    return erased


def _loses_power(scenario: Scenario) -> bool:
    return any(event.startswith("power-switch") for event in scenario.events)


def _cut_blocks(error: ToolError, part: Part) -> Image:
    """Return the blocks that an error names as cut short."""
    found = [re.match(r"block (0x[0-9A-F]+) was cut short", detail) for detail in error.details]
    return Image(Segment(int(match[1], 16), bytes(part.block)) for match in found if match)


def _is_left_idle(board: Board, scenario: Scenario) -> bool:
    """Tell whether chip and probe are at rest; the open firmware stays in SWIM mode, and so does a probe that hangs."""
    if board.is_left_idle():
        return True
    stays_in_swim_mode = "open-firmware" in scenario.oddities or board.probe.firmware.wedged
    return stays_in_swim_mode and not board.chip.nrst_low and board.chip.state.startswith("running")


def upload_that_may_fail(seed: int, *, loader: bool) -> str:
    """Run an upload on a bench that breaks, mend the bench, and upload again; return how the first one ended.

    It ends with the image in the chip, or in an error that says what happened. Nothing beside the image changes. The
    second upload ends with the image in the chip.
    """
    scenario = _scenario(seed, loader=loader)
    board, image = _board(scenario), scenario.image
    before = _beside(board, image)
    # An unlock erases the chip; what is worn out is erased by the next one, once it is replaced.
    kept = _after_an_unlock(board, image, scenario.dead) if scenario.locked else before
    kept_when_mended = {kept, bytes(len(before))} if scenario.locked else {before}

    spared = image
    error = _upload(board, image)
    if error is None:
        assert board.holds(image)
        assert _beside(board, image) == kept
        assert board.options_are_factory()
        assert _is_left_idle(board, scenario)
    else:
        assert str(error)
        spared = image.overlaid(_cut_blocks(error, board.part)) if _loses_power(scenario) else image
        if spared.size > image.size:  # power was lost in a block, and something else before it could be mended
            fresh = _board(scenario)
            before = _beside(fresh, spared)
            kept = _after_an_unlock(fresh, spared, scenario.dead) if scenario.locked else before
            kept_when_mended = {kept, bytes(len(before))} if scenario.locked else {before}
        assert _beside(board, spared) in (before, kept)
        assert not board.chip.nrst_low or board.probe.firmware.wedged
    assert board.chip.bricked is None

    _mend(board)
    assert _upload(board, image) is None
    assert board.holds(image)
    assert _beside(board, spared) in kept_when_mended
    assert board.options_are_factory()
    assert board.chip.bricked is None
    assert _is_left_idle(board, scenario)
    return "exact" if error is None else f"error {error.code or type(error).__name__}"


def upload_that_must_work(seed: int) -> str:
    """Upload a random image to two equal chips, with the loader and without; return whether the loader had a part.

    Both must hold the image then, and beside it what they held before.
    """
    rng = random.Random(seed)
    part = find_part(rng.choice(_IMAGE_PARTS))
    model = rng.choice(MODELS)
    held = _content(part, rng)
    image = _random_image(part, held, rng)
    executed = []
    for loader in (True, False):
        board = Board(part.name, model, loader=loader)
        for memory, content in zip(_memories(board), held):
            memory.write(memory.start, content)
        before = _beside(board, image)
        board.upload(image)
        assert board.holds(image), f"seed {seed}, loader {loader}"
        assert _beside(board, image) == before, f"seed {seed}, loader {loader}"
        executed.append(board.chip.has_executed)
        assert board.is_left_idle()
    return f"exact, {'with' if executed[0] else 'without'} the loader"


def _content(part: Part, rng: random.Random) -> list[bytes]:
    """Return what flash and EEPROM hold: bytes, zeros, or both in pieces."""
    held = []
    for memory in (part.flash, part.eeprom):
        if memory is None:
            continue
        pieces = [rng.choice((bytes, rng.randbytes))(part.block) for _ in range(-(-memory.size // part.block))]
        held.append(b"".join(pieces)[: memory.size])
    return held


def _random_image(part: Part, held: list[bytes], rng: random.Random) -> Image:
    """Return segments of new bytes, of zeros, and of bytes that the chip holds already."""
    segments = [Segment(part.flash.start, b"\x82")]
    for memory, content in zip([memory for memory in (part.flash, part.eeprom) if memory], held):
        for _ in range(rng.randrange(4)):
            start = memory.start + rng.choice((0, rng.randrange(memory.size), part.block * rng.randrange(8)))
            size = min(int(2 ** rng.uniform(3, 16)), memory.end - start)
            if size > 0:
                offset = start - memory.start
                data = rng.choice((rng.randbytes(size), bytes(size), content[offset : offset + size]))
                segments.append(Segment(start, data))
    image = Image([])
    for segment in segments:
        image = image.overlaid(Image([segment]))
    return image
