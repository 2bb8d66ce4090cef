"""`watch --plot`: a picture of the values, drawn at the end by matplotlib, which is not a dependency of the tool."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AccessError, Code, UsageError
from .watch_outputs import Output, Sample, numbers

if TYPE_CHECKING:
    from ..dwarf.expressions import ValuePlace

_MOST_POINTS = 100_000  # of each number: then every second one is dropped, and later ones are thinned likewise
_MOST_LINES = 16  # of an array or a structure in one panel
_WIDTH, _PANEL = 10.0, 2.2  # inches


class Plot(Output):
    """A picture with a panel for each name that the user gave.

    Args:
        path: Where it goes, .svg or .png.
        places: The names.

    Raises:
        UsageError: The name has another ending.
        AccessError: matplotlib is missing.
    """

    def __init__(self, path: str, places: Sequence[ValuePlace]) -> None:
        if Path(path).suffix.lower() not in (".svg", ".png"):
            raise UsageError(f"--plot {path} is not a picture that can be drawn", hint="write FILE.svg or FILE.png")
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(
                f"{path} cannot be written: there is no such folder", code=Code.FILE, hint="make the folder"
            )
        self._path = path
        self._places = places
        self._figure_class = _figure_class()
        self._times: list[float] = []
        self._panels: list[dict[str, list[float]]] = [{} for _ in places]
        self._step = 1
        self._count = 0

    def show(self, sample: Sample) -> None:
        self._count += 1
        if self._count % self._step:
            return
        self._times.append(sample.time_s)
        for panel, reading in zip(self._panels, sample.readings):
            for name, value in numbers(reading):
                panel.setdefault(name, []).append(math.nan if value is None else float(value))
        if len(self._times) >= _MOST_POINTS:
            self._step *= 2
            self._times = self._times[::2]
            self._panels = [{name: points[::2] for name, points in panel.items()} for panel in self._panels]

    def __exit__(self, *_: object) -> None:
        """Draw the picture; without a sample there is none."""
        if not self._times:
            return
        figure = self._figure_class(figsize=(_WIDTH, _PANEL * len(self._places) + 0.8), layout="constrained")
        rows = figure.subplots(len(self._places), 1, sharex=True, squeeze=False)
        for (axes,), place, panel in zip(rows, self._places, self._panels):
            for name, points in list(panel.items())[:_MOST_LINES]:
                axes.plot(self._times, points, drawstyle="steps-post", linewidth=1.2, label=name)
            axes.set_ylabel(place.text)
            axes.grid(visible=True, alpha=0.3)
            if len(panel) > 1:
                axes.legend(loc="upper left", fontsize="small")
        rows[-1][0].set_xlabel("seconds")
        try:
            figure.savefig(self._path)
        except OSError as exc:
            raise UsageError(
                f"{self._path} cannot be written: {exc.strerror}", code=Code.FILE, hint="choose another file"
            ) from exc


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise AccessError(
            "--plot needs the Python package matplotlib",
            code=Code.PACKAGES,
            hint=f"install it for this Python: {sys.executable} -m pip install matplotlib",
        ) from exc
    return Figure
