"""The results of the commands that look at probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...chip.facts import ChipInfo
    from ...doctor.findings import Diagnosis, Mark
    from ...parts.table import Part
    from ...probe.base import ProbeInfo
    from ...probe.listing import ListedProbe
    from ..console import Console


class ListResult(NamedTuple):
    """The result of `list`.

    Attributes:
        probes: The attached probes, even those that cannot be used: they say why.
        others: A text for each other device that the user may have meant.
        looked_for: The kinds of probes that were looked for. The name of a port follows if the user named one.
    """

    probes: Sequence[ListedProbe]
    others: Sequence[str]
    looked_for: Sequence[str]

    def show(self, console: Console) -> None:
        """Print the table."""
        from ...probe import listing

        for line in listing.table(self.probes, self.others, self.looked_for):
            console.say(line)


class InfoResult(NamedTuple):
    """The result of `info`. If the chip does not answer, only the facts about the probe are there.

    Attributes:
        probe: Model, firmware, serial number, place.
        supply_mv: The chip's supply as the probe measures it; None if it cannot.
        part: The part that was named.
        connected: How the chip was reached, in words.
        chip: The facts that the chip shows.
    """

    probe: ProbeInfo
    supply_mv: Optional[int]
    part: Optional[Part]
    connected: Optional[str] = None
    chip: Optional[ChipInfo] = None

    @property
    def about_probe(self) -> str:
        """The lines about the probe, which are told before the tool connects to the chip."""
        from ...chip import wording

        return "\n".join(
            (
                f"probe:      {self.probe.model}, firmware {self.probe.firmware}",
                f"serial:     {self.probe.serial or 'unknown'}, {self.probe.place}",
                f"supply:     {wording.supply(self.supply_mv)}",
            )
        )

    def show(self, console: Console) -> None:
        """Print the facts about the chip: those about the probe were told before."""
        from ...chip import wording

        info, part = self.chip, self.part
        if info is None:
            return
        console.say(f"connected:  {self.connected}")
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


class ReportedFinding(TypedDict):
    """A line of the doctor's page.

    Attributes:
        key: The subject.
        mark: How it is.
        text: One line.
        details: Lines below it.
        facts: The same for programs.
        problem: The error, if there is one.
    """

    key: str
    mark: Mark
    text: str
    details: list[str]
    facts: dict[str, Any]
    problem: Optional[dict[str, Any]]


class DoctorData(TypedDict):
    """The result of `doctor` for programs.

    Attributes:
        probe: The probe that was named.
        part: The part that was named.
        exit_code: The exit code of the command.
        first_problem: The error of the first finding that is bad.
        findings: The findings, from Python down to the chip.
        parts: The parts that the chip may be, with --part auto.
    """

    probe: str
    part: Optional[str]
    exit_code: int
    first_problem: Optional[dict[str, Any]]
    findings: list[ReportedFinding]
    parts: list[str]


class DoctorResult(NamedTuple):
    """The result of `doctor`.

    Attributes:
        diagnosis: The findings.
        parts: The parts that the chip may be, with `--part auto`.
    """

    diagnosis: Diagnosis
    parts: Sequence[Part] = ()

    def data(self) -> DoctorData:
        """Return the findings as in the report of `--report`, with whole paths."""
        from ...doctor import page

        return cast("DoctorData", {**page.values(self.diagnosis), "parts": self.parts})

    def show(self, console: Console) -> None:
        """Print the page."""
        from ...doctor import page

        for line in page.page(self.diagnosis, fancy=console.shows(page.SIGNS)):
            console.say(line)


class UdevResult(NamedTuple):
    """The result of `udev`.

    Attributes:
        rules: The content of the file with the rule.
    """

    rules: str

    def show(self, console: Console) -> None:
        """Print it."""
        console.say(self.rules.rstrip())
