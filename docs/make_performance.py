"""The tables and the chart of docs/performance.md, from docs/performance.json, which `dev.py bench --save` writes.

`python3 dev.py generate` writes them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent), str(DOCS.parent / "tool")]

from dev.make_drawings import picture, text  # noqa: E402
from make_docs import table  # noqa: E402

from stm8tool.parts.table import Part, find_part  # noqa: E402

DATA = DOCS / "performance.json"
PAGE = DOCS / "performance.md"
CHART = DOCS / "performance.svg"

DIRECT, LOADER, OPENOCD = CLIENTS = ("stm8tool direct", "stm8tool loader", "OpenOCD 0.12")
REWRITE, BLANK = "full rewrite", "blank chip"
_BLOCK_S = {REWRITE: 0.006, BLANK: 0.003}
_NONE = "–"
_FIGURES = ("figures", "builds", "console")  # the sections whose rows are not costs
_BARS = ((OPENOCD, "warn"), (DIRECT, "probe"), (LOADER, "chip"), ("limit", "box"))


class Costs:
    """What was measured, by client, part, probe and job."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._rows: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        for section in ("model", *sorted(data)):  # what ran in real time adds its wall time, and no more
            for row in data[section]["rows"] if section not in _FIGURES else ():
                held = self._rows.setdefault((row["client"], row["part"], row["model"], row["job"]), {})
                for name, value in row.items():
                    if value and name not in held:
                        held[name] = value
        self.cases = [(part, model, job) for client, part, model, job in self._rows if client == LOADER]

    def get(self, client: str, case: tuple[str, str, str], name: str) -> Optional[float]:
        """Return a figure; None if there is none."""
        value = self._rows.get((client, *case), {}).get(name)
        return float(value) if value else None


def _limit_s(part: Part, job: str) -> Optional[float]:
    return part.flash.size // part.block * _BLOCK_S[job] if job in _BLOCK_S else None


def _named(case: tuple[str, str, str]) -> list[str]:
    part = find_part(case[0])
    return [f"{part.name}, {part.flash.size // 1024} KiB", case[1].upper(), case[2]]


def _seconds(value: Optional[float]) -> str:
    return _NONE if value is None else f"{value:.2f} s"


def _times(value: Optional[float], unit: Optional[float]) -> str:
    return f"{value / unit:.2f}" if value and unit else _NONE


def _times_rows(costs: Costs) -> Iterator[list[str]]:
    for case in costs.cases:
        limit = _limit_s(find_part(case[0]), case[2])
        taken = {client: costs.get(client, case, "modelled_s") for client in CLIENTS}
        yield [
            *_named(case),
            _seconds(limit),
            *(_seconds(taken[client]) for client in (OPENOCD, DIRECT, LOADER)),
            _times(taken[LOADER], limit),
            _times(taken[OPENOCD], taken[LOADER]),
        ]


def _count_rows(costs: Costs) -> Iterator[list[str]]:
    for case in costs.cases:
        row = _named(case)
        for client in (OPENOCD, DIRECT, LOADER):
            for name in ("transfers", "swim_bytes"):
                value = costs.get(client, case, name)
                row.append(_NONE if value is None else f"{value:.0f}")
        yield row


def _real_rows(costs: Costs) -> Iterator[list[str]]:
    for case in costs.cases:
        process = [costs.get(client, case, "real_s") for client in (OPENOCD, DIRECT, LOADER)]
        if any(process):
            usb = [costs.get(client, case, "real_usb_s") for client in (OPENOCD, DIRECT, LOADER)]
            yield [*_named(case), *map(_seconds, [*process, *usb]), _times(usb[0], usb[2])]


def _runs(data: dict[str, Any]) -> Iterator[list[str]]:
    names = {
        "model": "stm8tool, the model of time",
        "figures": "processes",
        "builds": "builds",
        "console": "the console over SWIM",
    }
    for section, content in sorted(data.items()):
        what = names.get(section, f"OpenOCD and real time, {section.rpartition(' ')[2].upper()}")
        yield [what, ", ".join(f"{name} {value}" for name, value in content["run"].items())]


def tables(data: dict[str, Any]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yield each table of the page: its head, which names it, and its rows."""
    costs = Costs(data)
    ours = ["OpenOCD", "Without loader", "Loader"]
    case = ["Part", "Probe", "Job"]
    yield [*case, "Limit", *ours, "Loader, × limit", "OpenOCD, × loader"], [*_times_rows(costs)]
    yield [*case, *(f"{client}: {what}" for client in ours for what in ("transfers", "bytes"))], [*_count_rows(costs)]
    for section, name in (("figures", "What"), ("builds", "Build"), ("console", "The console over SWIM")):
        rows = data[section]["rows"]
        yield [name, "Measured", "Wanted"], [[row["what"], row["measured"], row["target"]] for row in rows]
    measured = [f"{client}: {what}" for what in ("process", "USB") for client in ours]
    yield [*case, *measured, "OpenOCD, × loader, USB"], [*_real_rows(costs)]
    yield ["Run", "On"], [*_runs(data)]


def page(text_of_page: str, data: dict[str, Any]) -> str:
    """Return the page with the rows that the data make; its text stays."""
    for head, rows in tables(data):
        top = table(head, [])
        if top not in text_of_page:
            raise ValueError(f"{PAGE.name} has no table with this head: {top}")
        made = table(head, rows)
        text_of_page = re.sub(rf"{re.escape(top)}(\|.*\n)*", lambda _, made=made: made, text_of_page)  # type: ignore[misc]
    return text_of_page


def chart(data: dict[str, Any]) -> str:
    """Draw the full rewrites: a group of bars for each part and probe."""
    costs = Costs(data)
    cases = [case for case in costs.cases if case[2] == REWRITE]
    groups = []
    for case in cases:
        taken = [costs.get(client, case, "modelled_s") for client, _ in _BARS[:-1]]
        groups.append((case, [*taken, _limit_s(find_part(case[0]), REWRITE)]))
    longest = max(value for _, values in groups for value in values if value)
    left, width, height, gap, top = 190, 520, 13, 12, 56
    parts = []
    for place, (name, kind) in enumerate(_BARS):
        x = 40 + 180 * place
        parts.append(f'<rect class="{kind}" x="{x}" y="20" width="24" height="12"/>')
        parts.append(text(x + 32, 31, {"limit": "limit of the flash"}.get(name, name), "small left"))
    said = []
    for number, (case, values) in enumerate(groups):
        y = top + number * (len(_BARS) * height + gap)
        part, model, _ = _named(case)
        parts.append(text(left - 10, y + 2.4 * height, f"{part}, {model}", "small right"))
        for row, ((_, kind), value) in enumerate(zip(_BARS, values)):
            if value:
                long, at = value / longest * width, y + row * height
                parts.append(f'<rect class="{kind}" x="{left}" y="{at}" width="{long:.1f}" height="{height - 2}"/>')
                parts.append(text(round(left + long + 6, 1), at + height - 3, f"{value:.2f} s", "small left"))
        said.append(f"{part}, {model}: " + ", ".join(f"{n} {_seconds(v)}" for (n, _), v in zip(_BARS, values)))
    return picture(
        800,
        top + len(groups) * (len(_BARS) * height + gap) + 8,
        "Full rewrites of four parts over two probes",
        "Seconds by the model of time. " + "; ".join(said) + ".",
        parts,
    )


def files() -> dict[Path, bytes]:
    """Return the page and the chart."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    made = page(PAGE.read_text(encoding="utf-8"), data)
    return {PAGE: made.encode(), CHART: chart(data).encode()}
