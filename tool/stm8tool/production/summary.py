"""The counts of a run: yield, failures by code, serial numbers and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

from .chip_run import ChipRecord

WITHOUT_CODE = "stopped by the user"


class Gap(NamedTuple):
    """A number that is on no board that passed, and the reason."""

    serial: int
    reason: str


class SocketCount(NamedTuple):
    """What one socket did."""

    socket: str
    passed: int
    failed: int


class RunSummary(NamedTuple):
    """What a run did.

    Attributes:
        passed, failed: How many chips.
        sockets: The same for each socket.
        failures: How many chips failed, by code.
        serials: The numbers on the boards that passed, in order.
        gaps: The numbers that are on none.
        seconds: How long the run took.
        stopped: Why the run ended before its end; None if it did not.
        log: The file with all the rest.
    """

    passed: int
    failed: int
    sockets: tuple[SocketCount, ...]
    failures: dict[str, int]
    serials: tuple[int, ...]
    gaps: tuple[Gap, ...]
    seconds: float
    stopped: Optional[str]
    log: str

    @property
    def chips(self) -> int:
        """How many chips were begun."""
        return self.passed + self.failed

    @property
    def yield_percent(self) -> Optional[float]:
        """The share of the chips that passed; None if there was none. Only a run without a failure has 100 %."""
        if not self.chips:
            return None
        least, most = 0.1 * (self.passed > 0), 100 - 0.1 * (self.failed > 0)
        return min(max(round(100 * self.passed / self.chips, 1), least), most)

    def fields(self) -> dict[str, Any]:
        """Return it as plain values."""
        own = self._asdict()
        own["sockets"] = [count._asdict() for count in self.sockets]
        own["gaps"] = [gap._asdict() for gap in self.gaps]
        own["serials"] = list(self.serials)
        return {"chips": self.chips, "yield_percent": self.yield_percent, **own}

    def lines(self) -> list[str]:
        """Return it as text."""
        share = "" if self.yield_percent is None else f", yield {self.yield_percent:g} %"
        found = [
            f"{counted(self.chips, 'chip')}: {self.passed} passed, {self.failed} failed{share}, {self.seconds:.1f} s"
        ]
        if len(self.sockets) > 1:
            found += [f"  socket {one.socket}: {one.passed} passed, {one.failed} failed" for one in self.sockets]
        found += [f"  {counted(number, 'chip')} failed: {code}" for code, number in self.failures.items()]
        if self.serials:
            found.append(f"  serial numbers: {ranges(self.serials)}")
        found += [f"  not used: serial number {gap.serial}: {gap.reason}" for gap in self.gaps]
        if self.stopped:
            found.append(f"stopped: {self.stopped}")
        found.append(f"log: {self.log}")
        return found


class RunTally:
    """Counts the chips of a run while it goes on.

    Args:
        sockets: The names of all sockets.
    """

    def __init__(self, sockets: Sequence[str]) -> None:
        self._passed: Counter[str] = Counter(dict.fromkeys(sockets, 0))
        self._failed: Counter[str] = Counter(dict.fromkeys(sockets, 0))
        self._codes: Counter[str] = Counter()
        self._serials: list[int] = []
        self._gaps: list[Gap] = []
        self._in_a_row: Counter[str] = Counter()

    def add(self, record: ChipRecord) -> None:
        """Count a chip."""
        kind = self._passed if record.passed else self._failed
        kind[record.socket] += 1
        for key in (record.socket, ""):
            self._in_a_row[key] = 0 if record.passed else self._in_a_row[key] + 1
        if record.passed and record.serial is not None:
            self._serials.append(record.serial)
        if not record.passed:
            self._codes[record.code or WITHOUT_CODE] += 1

    def add_gap(self, gap: Gap) -> None:
        """Count a number that is on no board."""
        self._gaps.append(gap)

    @property
    def passed(self) -> int:
        """How many chips have passed."""
        return sum(self._passed.values())

    @property
    def failed(self) -> int:
        """How many chips have failed."""
        return sum(self._failed.values())

    def failures_in_a_row(self, socket: str) -> int:
        """Return how many chips in a row failed: of this socket, or of all; the larger number."""
        return max(self._in_a_row[socket], self._in_a_row[""])

    def summary(self, seconds: float, stopped: Optional[str], log: str) -> RunSummary:
        """Return the counts at the end of the run."""
        return RunSummary(
            passed=self.passed,
            failed=self.failed,
            sockets=tuple(SocketCount(name, self._passed[name], self._failed[name]) for name in self._passed),
            failures=dict(self._codes.most_common()),
            serials=tuple(sorted(self._serials)),
            gaps=tuple(sorted(self._gaps)),
            seconds=round(seconds, 1),
            stopped=stopped,
            log=log,
        )


def counted(number: int, what: str) -> str:
    """Return "1 chip" or "2 chips"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ranges(numbers: Iterable[int]) -> str:
    """Return sorted numbers such as "1-3, 5"."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
