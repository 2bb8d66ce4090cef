"""The commands around probes and chips: one function each, from parsed arguments to lines for the user.

What they share with `memory_commands` is here, too: part, region, image and session that the arguments mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, Optional

from ..errors import ImageError, UsageError
from ..support.values import number, shortened
from ..words import COMMAND_LINE

if TYPE_CHECKING:
    from ..chip.options.plan import Change, Danger
    from ..chip.upload import OptionData, Upload
    from ..image import Image, Segment
    from ..parts.table import Part, Region
    from ..session import PowerCycle, Session
    from .console import Console

FORCED = ("lock", "watchdog", "brownout", "tmu", "uncertain")  # the dangers that `--force-…` allows
DEFAULT_PROBE = "stlink"
AUTO = "auto"
_NAME_IT = "name the part that is printed on the chip with --part"
DEFAULT_POWER_CYCLE_S = 30
_LONGEST_POWER_CYCLE_S = 600


def part_of(arguments: argparse.Namespace) -> Optional[Part]:
    from ..parts.table import find_part

    if arguments.shared is not None:
        found: Part = arguments.shared.part
        return found
    return None if arguments.part is None else find_part(arguments.part)


def base_address(arguments: argparse.Namespace) -> Optional[int]:
    """Return the address that `--base` gives."""
    if arguments.base is None:
        return None
    base = number(arguments.base)
    if base < 0:
        raise UsageError(f"--base {arguments.base} is no address", hint="write 0x8000 or 32768")
    return base


def region_of(arguments: argparse.Namespace, part: Part, default: str) -> Region:
    """Return the one region that `--region` names."""
    from ..parts.table import Region

    name = arguments.region or default
    memories = {"flash": part.flash, "eeprom": part.eeprom, "options": part.options, "ram": part.ram}
    if name in memories:
        region = memories[name]
        require_settled(arguments, name)
        return region or _without_eeprom(part)
    start, colon, size = name.partition(":")
    if not colon:
        raise UsageError(f"unknown region '{name}'", hint="use flash, eeprom, options, ram or ADDRESS:SIZE")
    region = Region("range", number(start), number(size))
    known = part.readable
    if region.size < 1 or not any(m.start <= region.start and region.end <= m.end for m in known):
        raise UsageError(
            f"0x{region.start:06X}:{region.size} is not inside one memory of the {part.name}",
            hint="it has " + ", ".join(str(memory) for memory in known),
        )
    return region


def _without_eeprom(part: Part) -> NoReturn:
    """Raise UsageError, with the place in flash where data may be kept."""
    from ..chip.options import datasize

    area = datasize.largest(part)
    if area is None:
        raise UsageError(f"the {part.name} has no EEPROM", hint="use --region flash")
    raise UsageError(
        f"the {part.name} has no EEPROM apart: its option byte DATASIZE makes the end of the flash data EEPROM, "
        f"{area} at most",
        hint=f"`options show` tells which; use --region ADDRESS:SIZE, such as --region 0x{area.start:06X}:{area.size}",
    )


def choose_part(arguments: argparse.Namespace, console: Console) -> None:
    """Do `--part auto`: look at the chip, say what it may be, and take what all those parts share for its part."""
    from ..chip.link import family

    with open_session(arguments, console, None) as session:
        found = session.candidates()
        seen = session.reached.seen if session.reached else family.Seen(None, None)
    console.say(f"a chip with {seen}: {family.names(found) or 'no part that is known'}")
    shared = family.shared(found) if found else None
    if arguments.run in (info, reset, doctor):
        arguments.part = None
    elif shared is None:
        raise UsageError("the chip does not tell which part it is, and these are programmed differently", hint=_NAME_IT)
    else:
        arguments.shared = shared


def require_settled(arguments: argparse.Namespace, *figures: str) -> None:
    """Raise UsageError if `--part auto` left parts that differ in one of `figures`, see `family.Shared`."""
    for figure in figures:
        if arguments.shared is not None and figure in arguments.shared.differing:
            what = "the meaning of their option bytes" if figure == "meaning" else f"their {figure}"
            raise UsageError(
                f"which chip? {arguments.shared.part.name} differ in {what}",
                hint=_NAME_IT + (", or give --region ADDRESS:SIZE" if figure in ("flash", "eeprom") else ""),
            )


def writable(arguments: argparse.Namespace, part: Part) -> list[Region]:
    """Return the memories that a write may touch: flash and EEPROM, or the one named."""
    programmable = [memory for memory in (part.flash, part.eeprom) if memory is not None]
    if arguments.region is None:
        return programmable
    if arguments.region == "ram":
        return [part.ram]
    region = region_of(arguments, part, "flash")
    if not any(m.start <= region.start and region.end <= m.end for m in programmable):
        raise UsageError(
            f"{region} cannot be written: only flash, EEPROM and RAM can",
            hint="option bytes are changed by `options set`, and brought to their factory values by `options defaults`",
        )
    return [region]


def forced_dangers(arguments: argparse.Namespace) -> set[Danger]:
    """Return what the options `--force-…` allow."""
    from ..chip.options.plan import Danger

    return {Danger(name) for name in FORCED if getattr(arguments, f"force_{name}")}


def open_session(arguments: argparse.Namespace, console: Console, part: Optional[Part]) -> Session:
    from ..selector import open_transport
    from ..session import Session

    power_cycle = _power_cycle(arguments, console)
    return Session(open_transport(arguments.probe), part, console.progress, power_cycle)


def power_cycle_s(arguments: argparse.Namespace) -> Optional[int]:
    """Return the seconds that `--power-cycle` gives; None without it."""
    text = arguments.power_cycle
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= _LONGEST_POWER_CYCLE_S):
        raise UsageError(
            f"--power-cycle={shortened(text)}: that is no number of seconds from 1 to {_LONGEST_POWER_CYCLE_S}",
            hint="write --power-cycle or --power-cycle=60",
        )
    return int(text)


def _power_cycle(arguments: argparse.Namespace, console: Console) -> Optional[PowerCycle]:
    """Return what `--power-cycle` asks for; None without it."""
    from ..session import PowerCycle

    limit_s = power_cycle_s(arguments)
    return None if limit_s is None else PowerCycle(limit_s, console.power_cycle)


def required_part(arguments: argparse.Namespace) -> Part:
    part = part_of(arguments)
    if part is None:
        raise UsageError("which chip?", hint="name it with --part, for example --part stm8s103f3")
    return part


def blocks(count: int) -> str:
    return f"{count} block" if count == 1 else f"{count} blocks"


def list_probes(arguments: argparse.Namespace, console: Console) -> None:
    from ..probe import listing
    from ..selector import bus_of

    probes, others = listing.attached(bus_of(arguments.probe)[0], COMMAND_LINE)
    if arguments.json:
        import json

        console.say(json.dumps([probe._asdict() for probe in probes], indent=2))
        return
    for line in listing.table(probes, others):
        console.say(line)


def image_of(arguments: argparse.Namespace, part: Part, regions: Sequence[Region], *more: Segment) -> Image:
    """Return the files' data with `--patch`, `--fill` and `more` applied.

    Args:
        arguments: Of the command.
        part: The chip.
        regions: Where data may lie. A raw binary begins at the start of the one that `--region` names.
        more: Further bytes, in place of those of the files.
    """
    from .. import image
    from ..image import edits

    patches = [edits.patch(text) for text in arguments.patch]
    fills = [edits.fill(text, region_of(arguments, part, "flash")) for text in arguments.fill]
    content = image.load(
        arguments.files,
        base_address(arguments),
        region=regions[0] if arguments.region and len(regions) == 1 else None,
        ram_size=part.ram.size,
        raw_hint="add " + " or ".join(f"--base 0x{r.start:04X} for the {r.name}" for r in _flash_first(regions)),
    )
    return edits.apply(content, [*patches, *more], fills)


def _flash_first(regions: Sequence[Region]) -> list[Region]:
    return sorted(regions, key=lambda region: region.name != "flash")


def write(arguments: argparse.Namespace, console: Console) -> None:
    from ..image import Image
    from ..image.serial_number import SerialNumber

    part = required_part(arguments)
    regions = writable(arguments, part)
    unlock = arguments.unlock == "auto" and not (arguments.shared and "options" in arguments.shared.differing)
    serial = None if arguments.serial_number is None else SerialNumber.parse(arguments.serial_number)
    content = image_of(arguments, part, regions, *([serial.encode(serial.peek())] if serial else []))
    options = _option_data(arguments, console, part, content)
    content.check_inside([*regions, part.options] if options else regions, part.options, part)
    with open_session(arguments, console, part) as session:
        console.say(f"{session.probe.model} {session.probe.firmware}, {part.name}")
        if regions == [part.ram]:
            session.write_ram(content)
            session.expect_program()
            console.say(f"{content.size} bytes of RAM written and verified; what runs now may overwrite them")
            return
        if serial:
            # No number is lost to a probe or chip that is not there.
            session.require_writable(content, regions, options, unlock=unlock)
            taken = serial.take()
            content = content.overlaid(Image([taken]))
            console.say(f"{taken.origin} is taken from {serial.file}, for 0x{taken.address:06X}")
        result = session.write(content, regions, options, unlock=unlock, verify=arguments.verify == "yes")
        _tell_written(console, result, verified=arguments.verify == "yes")
        session.expect_program()
    if session.starts_program:
        console.say("the program runs")


def _tell_written(console: Console, result: Upload, *, verified: bool) -> None:
    from ..chip import wording

    if result.unlocked and result.unlocked.erased:
        left = wording.left_alone(result.unlocked.left)
        factory = "" if left else "option bytes at factory values, "
        console.say(f"read protection removed, {factory}read back{left}")
    written = result.written
    if written.programmed:
        checked = "and verified" if verified else "(not verified)"
        console.say(f"{written.programmed} of {blocks(written.compared)} of {written.block} bytes written {checked}")
    elif written.compared or not result.options:
        console.say(f"nothing to do: the chip already holds the image ({blocks(written.compared)} compared)")
    for line in wording.options_written(result.options):
        console.say(line)


def _option_data(arguments: argparse.Namespace, console: Console, part: Part, content: Image) -> Optional[OptionData]:
    """Return the option bytes that are to be written; None without `--options`."""
    from ..chip import wording
    from ..chip.upload import OptionData, option_bytes

    forced = forced_dangers(arguments)
    if not arguments.options:
        if forced:
            raise UsageError("--force-… allows what --options writes", hint="add --options, or leave it out")
        return None
    if arguments.region == "ram":
        raise UsageError("--region ram and --options do not go together", hint="give one of them")
    require_settled(arguments, "options", "meaning")
    held = option_bytes(content, part)
    if not held:
        raise ImageError("the image holds no option bytes", hint=f"those of the {part.name} lie in {part.options}")

    def tell(changes: Sequence[Change]) -> None:
        for line in wording.option_changes(part, changes):
            console.say(line)

    return OptionData(held, forced, tell)


def verify(arguments: argparse.Namespace, console: Console) -> None:
    part = required_part(arguments)
    regions = [region_of(arguments, part, "flash")] if arguments.region else list(part.memories)
    content = image_of(arguments, part, regions)
    content.check_inside(regions, part=part)
    with open_session(arguments, console, part) as session:
        equal = session.verify(content, regions)
        console.say(f"verified: {equal} bytes are equal")


def unlock(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip import wording

    part = required_part(arguments)
    require_settled(arguments, "options")
    with open_session(arguments, console, part) as session:
        result = session.unlock()
        console.say(wording.unlocked(result))


def reset(arguments: argparse.Namespace, console: Console) -> None:
    with open_session(arguments, console, part_of(arguments)) as session:
        session.reset()
    console.say("the chip was reset" + " and runs" * bool(session.starts_program))


def info(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip import wording

    part = part_of(arguments)
    with open_session(arguments, console, part) as session:
        probe = session.probe
        console.say(f"probe:      {probe.model}, firmware {probe.firmware}")
        console.say(f"serial:     {probe.identity.serial or 'unknown'}, {probe.identity.path}")
        console.say(f"supply:     {wording.supply(session.supply_mv)}")
        info = session.info()  # told before the chip is left: an error of that shall hide no result
        console.say(f"connected:  {info.recipe}; {wording.speed(info.high_speed)}")
        console.say(f"family:     {wording.FAMILIES[info.seen.register_map]}")
        if part is None or info.protection is None:
            console.say(wording.NO_PART)
            return
        console.say(f"part:       {part.name} (figures of {part.confidence} confidence)")
        console.say(f"protection: {wording.protection(info.protection)}")
        if info.options:
            for line in (*wording.option_table(info.options), *wording.unfinished(info.options)):
                console.say(f"  {line}")
        if info.unique_id is not None:
            console.say(f"unique ID:  {info.unique_id.hex().upper()}")


def doctor(arguments: argparse.Namespace, console: Console) -> None:
    from ..doctor import examine as checks
    from ..doctor import page as doctor_page

    if arguments.report is not None:
        doctor_page.check_output(arguments.report)
    diagnosis = checks.examine(arguments.probe, arguments.part, _power_cycle(arguments, console))
    for line in doctor_page.page(diagnosis, fancy=console.shows(doctor_page.SIGNS)):
        console.say(line)
    if arguments.report is not None:
        doctor_page.save(arguments.report, diagnosis)
        console.say(f"the report is in {arguments.report}; it holds serial numbers, no names of users")
    problem = diagnosis.first_problem
    if problem:
        raise problem.with_(details=(), hint="") from problem  # they stand on the page


def udev(_arguments: argparse.Namespace, console: Console) -> None:
    from ..transport.usb_access import UDEV_RULES

    console.say(UDEV_RULES.rstrip())


# After an interrupt of one of these the chip may hold half of something.
WRITING = (write, unlock)
