"""The outputs of `watch`: a table, lines, a CSV file, Teleplot."""

from __future__ import annotations

import csv
import io
import math
import re
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Optional, Union

from ..dwarf.types import character_of, leaves, value_of
from ..errors import Code, UsageError

if TYPE_CHECKING:
    from ..chip.running.live_variables import Reading
    from ..dwarf.expressions import ValuePlace
    from .console import Console
    from .results.running import SampleValues

TELEPLOT_PORT = 47269  # Teleplot's README, "Telemetry Format"
_DATAGRAM = 1400  # bytes, which one packet of an Ethernet holds
_SIGNS_OF_TELEPLOT = re.compile(r"[:|§;,\s]+")

Number = Union[int, float, bool, None]


class Sample(NamedTuple):
    """The readings of one moment, in seconds from the first one."""

    time_s: float
    readings: Sequence[Reading]

    @property
    def values(self) -> SampleValues:
        """The same for programs."""
        from .results.running import SampleValues

        return SampleValues(
            round(self.time_s, 6),
            {reading.name: reading.value for reading in self.readings},
            [reading.name for reading in self.readings if not reading.steady],
            {reading.name: reading.problem for reading in self.readings if reading.problem},
        )


class Output(ABC):
    """One place that gets every sample; a context manager."""

    has_ended = False  # its reader has gone

    def __enter__(self) -> Output:
        """Open it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; every sample so far is kept."""
        self.has_ended = True

    @abstractmethod
    def show(self, sample: Sample) -> None:
        """Take a sample."""


def numbers(reading: Reading) -> Iterator[tuple[str, Number]]:
    """Yield the name and the value of each number in a reading; None for one that could not be read."""
    place = reading.place
    if place.bits:
        value = reading.value
        yield place.text, value if isinstance(value, int) else None
        return
    for leaf in leaves(place.type):
        data = reading.data[leaf.offset : leaf.offset + leaf.size]
        value = None if reading.problem else value_of(leaf.type, data, leaf.bits)
        yield name_of_piece(place, leaf.suffix), value if isinstance(value, (int, float)) else None


def columns(places: Sequence[ValuePlace]) -> list[str]:
    """Return the names of the numbers in all places, in order."""
    names = []
    for place in places:
        suffixes = [""] if place.bits else [leaf.suffix for leaf in leaves(place.type)]
        names += [name_of_piece(place, suffix) for suffix in suffixes]
    return names


def name_of_piece(place: ValuePlace, suffix: str) -> str:
    """Return the name of a number inside a value."""
    return f"({place.text}){suffix}" if suffix and place.text.startswith("*") else f"{place.text}{suffix}"


def _text(reading: Reading) -> str:
    mark = "" if reading.steady else " (may be torn)"
    return f"{reading.text}{mark}"


class Lines(Output):
    """A line for each sample, for a pipe; for a program an event with the values."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, sample: Sample) -> None:
        values = "  ".join(f"{reading.place.text} = {_text(reading)}" for reading in sample.readings)
        self._console.tell("sample", f"{sample.time_s:.3f} s  {values}", **sample.values._asdict())
        self.has_ended = self._console.is_cut_off


class Table(Output):
    """A table that is redrawn on a terminal."""

    def __init__(self, console: Console, places: Sequence[ValuePlace]) -> None:
        self._console = console
        self._name = max(len(place.text) for place in places)
        self._kinds = [f"bits {place.bits.width}" if place.bits else place.type.name for place in places]
        self._kind = max(map(len, self._kinds))

    def show(self, sample: Sample) -> None:
        rows = [f"{sample.time_s:.1f} s"]
        for kind, reading in zip(self._kinds, sample.readings):
            place = reading.place
            character = "" if place.bits else character_of(place.type, reading.value)
            rows.append(f"{place.text:{self._name}}  {kind:{self._kind}}  {_text(reading)} {character}".rstrip())
        self._console.redraw(rows)
        self.has_ended = self._console.is_cut_off


class CsvFile(Output):
    """A CSV file with a column for each number. Each row is in the file at once."""

    def __init__(self, path: str, places: Sequence[ValuePlace]) -> None:
        self._path = path
        self._places = places
        self._file: Optional[IO[str]] = None

    def __enter__(self) -> CsvFile:
        try:
            self._file = Path(self._path).open("w", newline="", encoding="utf-8")
        except (OSError, ValueError) as exc:
            raise self._failed(exc) from exc
        self._write(["time_s", *columns(self._places)])
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # each row was flushed
                self._file.close()

    def show(self, sample: Sample) -> None:
        found = [value for reading in sample.readings for _, value in numbers(reading)]
        self._write([f"{sample.time_s:.6f}", *("" if value is None else _cell(value) for value in found)])

    def _write(self, cells: list[str]) -> None:
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow(cells)
        try:
            if self._file is not None:
                self._file.write(row.getvalue())
                self._file.flush()
        except OSError as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> UsageError:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        return UsageError(f"{self._path} cannot be written: {reason}", code=Code.FILE, hint="choose another file")


def _cell(value: Union[int, float, bool]) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(int(value))


class Teleplot(Output):
    """Datagrams to Teleplot on this machine. Without a Teleplot that listens they are lost."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._start_ms: Optional[float] = None

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def show(self, sample: Sample) -> None:
        if self._start_ms is None:
            self._start_ms = time.time() * 1000 - sample.time_s * 1000
        at = f"{self._start_ms + sample.time_s * 1000:.1f}"
        packet = ""
        for reading in sample.readings:
            for name, value in numbers(reading):
                if value is None or not math.isfinite(value):
                    continue
                line = f"{_SIGNS_OF_TELEPLOT.sub('_', name)}:{at}:{_cell(value)}\n"
                if packet and len(packet) + len(line) > _DATAGRAM:
                    self._send(packet)
                    packet = ""
                packet += line
        if packet:
            self._send(packet)

    def _send(self, packet: str) -> None:
        with suppress(OSError):  # some systems report here that no program listens
            self._socket.sendto(packet.encode(), ("127.0.0.1", TELEPLOT_PORT))
