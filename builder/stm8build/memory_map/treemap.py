"""Draw areas in proportion to numbers: a squarified treemap, as SVG. No SCons in here.

Layout: Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000). It is about forty lines. The package squarify has the
same lines, and a PlatformIO platform cannot bring a package.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_HEADING = 26  # pixels above a band, for its title
_WIDTH = 1000  # pixels of the picture
_LETTER = 6.4  # pixels of width in the small font
_COLOURS = (
    "#9ecae1",
    "#a1d99b",
    "#fdd0a2",
    "#dadaeb",
    "#fcbba1",
    "#c7e9c0",
    "#fde0dd",
    "#d9d9b3",
    "#b2dfdb",
    "#ffe082",
)
GREY = "#d0d0d0"


class Rectangle(NamedTuple):
    """A place in the picture, in pixels."""

    x: float
    y: float
    width: float
    height: float


class Leaf(NamedTuple):
    """One rectangle with a text."""

    label: str
    size: int
    note: str  # shown when the mouse is on it


class Group(NamedTuple):
    """Rectangles of one colour."""

    label: str
    leaves: Sequence[Leaf]
    grey: bool = False

    @property
    def size(self) -> int:
        """The sum of its leaves."""
        return sum(leaf.size for leaf in self.leaves)


class Band(NamedTuple):
    """A part of the picture with a title."""

    title: str
    groups: Sequence[Group]
    height: int


def squarify(sizes: Sequence[float], place: Rectangle) -> list[Rectangle]:
    """Return a rectangle for each size, which must be above 0 and fall from first to last. They fill the place."""
    found: list[Rectangle] = []
    total = sum(sizes)
    scale = place.width * place.height / total if total else 0
    areas = [size * scale for size in sizes]
    while areas:
        side = min(place.width, place.height)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
            count += 1
        row, areas = areas[:count], areas[count:]
        strip, place = _cut(place, sum(row), last=not areas)
        found += _divide(strip, row, across=_is_wide(strip))
    return found


def _is_wide(strip: Rectangle) -> bool:
    """Tell whether a strip is divided from left to right."""
    return strip.width >= strip.height


def _worst(row: Sequence[float], side: float) -> float:
    """Return the largest ratio of width to height in a row along a side."""
    total = sum(row)
    if not total or not side:
        return float("inf")
    return max(max(side * side * area / total**2, total**2 / (side * side * area)) for area in row)


def _cut(place: Rectangle, area: float, last: bool) -> tuple[Rectangle, Rectangle]:
    """Return (a strip of this area along the shorter side, the rest of the place)."""
    x, y, width, height = place
    if last:
        return place, Rectangle(x, y, 0, 0)
    if width >= height:
        used = area / height if height else 0
        return Rectangle(x, y, used, height), Rectangle(x + used, y, width - used, height)
    used = area / width if width else 0
    return Rectangle(x, y, width, used), Rectangle(x, y + used, width, height - used)


def _divide(strip: Rectangle, row: Sequence[float], across: bool) -> list[Rectangle]:
    found: list[Rectangle] = []
    total, done = sum(row), 0.0
    for area in row:
        share = area / total if total else 0
        if across:
            found.append(Rectangle(strip.x + done * strip.width, strip.y, share * strip.width, strip.height))
        else:
            found.append(Rectangle(strip.x, strip.y + done * strip.height, strip.width, share * strip.height))
        done += share
    return found


def svg(title: str, bands: Sequence[Band]) -> str:
    """Return the picture: bands below each other, in each one its groups, in each group its leaves."""
    body: list[str] = []
    top = _HEADING
    colours: dict[str, str] = {}
    for band in bands:
        body.append(f'<text x="4" y="{top + 17}" class="title">{escape(band.title)}</text>')
        groups = sorted((group for group in band.groups if group.size), key=lambda group: -group.size)
        place = Rectangle(0, top + _HEADING, _WIDTH, band.height)
        for group, part in zip(groups, squarify([group.size for group in groups], place)):
            colour = GREY if group.grey else colours.setdefault(group.label, _COLOURS[len(colours) % len(_COLOURS)])
            body += _group(group, part, colour)
        top += _HEADING + band.height + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}">\n'
        "<style>text{font:11px sans-serif;fill:#222}.title{font:bold 14px sans-serif}"
        "rect{stroke:#fff;stroke-width:1}.group{fill:none;stroke:#555;stroke-width:1.5}</style>\n"
        f'<rect width="{_WIDTH}" height="{top}" fill="#fff"/>\n'
        f'<text x="4" y="18" class="title">{escape(title)}</text>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _group(group: Group, part: Rectangle, colour: str) -> list[str]:
    leaves = sorted((leaf for leaf in group.leaves if leaf.size), key=lambda leaf: -leaf.size)
    lines = []
    for leaf, place in zip(leaves, squarify([leaf.size for leaf in leaves], part)):
        x, y, width, height = place
        note = escape(f"{group.label}: {leaf.label}, {leaf.size} bytes{leaf.note and f', {leaf.note}'}")
        lines.append(
            f'<g><title>{note}</title><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{colour}"/>{_text(leaf, place)}</g>'
        )
    x, y, width, height = part
    lines.append(f'<rect class="group" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>')
    return lines


def _text(leaf: Leaf, place: Rectangle) -> str:
    """Return the leaf's text if the rectangle has room for it."""
    letters = int((place.width - 6) / _LETTER)
    if place.height < 15 or letters < 3:
        return ""
    label = leaf.label if len(leaf.label) <= letters else leaf.label[: letters - 1] + "…"
    text = f'<text x="{place.x + 3:.1f}" y="{place.y + 12:.1f}">{escape(label)}</text>'
    if place.height >= 28 and letters >= len(str(leaf.size)):
        text += f'<text x="{place.x + 3:.1f}" y="{place.y + 25:.1f}">{leaf.size}</text>'
    return text
