"""The commands that look at a probe and its chip, and change neither: list, info, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ..words import spoken
from .command import NoArguments, PartUse, command
from .request import AUTO

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .console import Console
    from .request import Request
    from .results.probes import DoctorResult, InfoResult, ListResult


def list_probes(request: Request[NoArguments], console: Console) -> ListResult:
    from ..selector import attached, looked_for
    from .results.probes import ListResult

    probes, others = attached(request.probe, spoken())
    return ListResult(probes, others, looked_for(request.probe))


def info(request: Request[NoArguments], console: Console) -> InfoResult:
    from .results.probes import InfoResult

    with request.chip(console) as chip:
        result = InfoResult(chip.probe, chip.supply_mv, request.part)
        console.tell("probe", result.about_probe, probe=result.probe, supply_mv=result.supply_mv)
        console.report(result)  # a chip that does not answer must not hide the probe
        seen = chip.info()
        result = result._replace(connected=chip.how_connected(seen), chip=seen)
        console.report(result)  # nor an error at the end of the `with` statement the chip
    return result


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


def doctor(request: Request[DoctorArguments], console: Console) -> DoctorResult:
    from ..doctor import examine as checks
    from ..doctor import page as doctor_page
    from .results.probes import DoctorResult

    report = request.arguments.report
    if report is not None:
        doctor_page.check_output(report)
    by_chip = request.part_name == AUTO
    result = DoctorResult(
        checks.examine(
            request.probe,
            None if by_chip else request.part_name,
            request.power_cycle(console),
            write_test=request.arguments.write_test,
            serial=request.serial_settings(console),
        )
    )
    for finding in doctor_page.values(result.diagnosis)["findings"]:
        console.event("finding", **finding)
    console.report(result)
    if report is not None:
        doctor_page.save(report, result.diagnosis)
        console.say(f"the report is in {report}; it contains serial numbers, but no user names")
    problem = result.diagnosis.first_problem
    if problem and console.form:
        raise problem
    if problem:
        raise problem.with_(details=(), hint="") from problem  # the page already has them
    return result._replace(parts=request.possible_parts(console)) if by_chip else result


COMMANDS = (
    command("list", "list the attached probes", list_probes, NoArguments, part=PartUse.NONE, writes=False),
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
