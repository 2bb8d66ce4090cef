"""The commands that look at a probe and its chip, and change neither: list, info, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ..words import COMMAND_LINE
from .command import NoArguments, PartUse, command
from .request import AUTO

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .console import Console
    from .request import Request


class ListArguments(NamedTuple):
    """The arguments of `list`."""

    json: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("--json", action="store_true", help="for programs: an array with one object for each probe")


def list_probes(request: Request[ListArguments], console: Console) -> None:
    from ..probe import listing
    from ..selector import attached, looked_for

    probes, others = attached(request.probe, COMMAND_LINE)
    if request.arguments.json:
        import json

        console.say(json.dumps([probe._asdict() for probe in probes], indent=2))
        return
    for line in listing.table(probes, others, looked_for(request.probe)):
        console.say(line)


def info(request: Request[NoArguments], console: Console) -> None:
    from ..chip import wording

    part = request.part
    with request.chip(console) as chip:
        probe = chip.probe
        console.say(f"probe:      {probe.model}, firmware {probe.firmware}")
        console.say(f"serial:     {probe.serial or 'unknown'}, {probe.place}")
        console.say(f"supply:     {wording.supply(chip.supply_mv)}")
        info = chip.info()  # shown inside the `with` statement: an error at its end must not hide a result
        console.say(f"connected:  {chip.how_connected(info)}")
        console.say(f"family:     {wording.FAMILIES[info.seen.register_map]}")
        if part is None or info.protection is None:
            console.say("give --part to see protection and option bytes")
            return
        console.say(f"part:       {part.name} (figures of {part.confidence} confidence)")
        console.say(f"protection: {wording.protection(info.protection)}")
        if info.options:
            for line in (*wording.option_table(info.options), *wording.unfinished(info.options)):
                console.say(f"  {line}")
        if info.unique_id is not None:
            console.say(f"unique ID:  {info.unique_id.hex().upper()}")


class DoctorArguments(NamedTuple):
    """The arguments of `doctor`."""

    report: Optional[str]
    write_test: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("--report", metavar="FILE", help="also write the findings as JSON, for a bug report")
        parser.add_argument(
            "--write-test",
            action="store_true",
            help="measure how long a block takes: program one that is blank, and erase it again",
        )


def doctor(request: Request[DoctorArguments], console: Console) -> None:
    from ..doctor import examine as checks
    from ..doctor import page as doctor_page

    report = request.arguments.report
    if report is not None:
        doctor_page.check_output(report)
    by_chip = request.part_name == AUTO
    diagnosis = checks.examine(
        request.probe,
        None if by_chip else request.part_name,
        request.power_cycle(console),
        write_test=request.arguments.write_test,
        serial=request.serial_settings(console),
    )
    for line in doctor_page.page(diagnosis, fancy=console.shows(doctor_page.SIGNS)):
        console.say(line)
    if report is not None:
        doctor_page.save(report, diagnosis)
        console.say(f"the report is in {report}; it contains serial numbers, but no user names")
    problem = diagnosis.first_problem
    if problem:
        raise problem.with_(details=(), hint="") from problem  # the page already has them
    if by_chip:
        request.possible_parts(console)


COMMANDS = (
    command("list", "list the attached probes", list_probes, ListArguments, part=PartUse.NONE, writes=False),
    command(
        "info",
        "show the probe, and the kind and state of the chip",
        info,
        NoArguments,
        part=PartUse.OPTIONAL,
        writes=False,
    ),
    command(
        "doctor",
        "check everything from Python to the chip, and explain what is wrong",
        doctor,
        DoctorArguments,
        part=PartUse.NONE,
        writes=False,
    ),
)
