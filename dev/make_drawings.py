#!/usr/bin/env python3
"""Write the drawings of docs/wiring.md and docs/unlock.md: SVG that is readable on a light and on a dark page.

    python3 dev/make_drawings.py

A test compares the committed drawings with the output of this script. In every drawing a wire has the colour of its
signal. Its name is at both ends, for readers who cannot distinguish the colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).resolve().parent.parent / "docs"

_STYLE = """
    .page { fill: #ffffff }
    text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; text-anchor: middle }
    .small { font-size: 12px; fill: #59636e }
    .head { font-weight: bold }
    .left { text-anchor: start }
    .right { text-anchor: end }
    .box { fill: #f6f8fa; stroke: #6e7781; stroke-width: 1.2 }
    .probe { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.2 }
    .chip { fill: #dafbe1; stroke: #1a7f37; stroke-width: 1.2 }
    .warn { fill: #fff1e5; stroke: #bc4c00; stroke-width: 1.2 }
    .line { fill: none; stroke: #6e7781; stroke-width: 1.5 }
    .cut { fill: none; stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 5 4 }
    .wire { fill: none; stroke-width: 3 }
    .gnd { stroke: #6e7781 } .swim { stroke: #0969da } .rst { stroke: #bc4c00 } .vdd { stroke: #cf222e }
    .pin { fill: #ffffff; stroke-width: 2 }
    .none { stroke: #afb8c1; stroke-width: 1 }
    .arrow { fill: #6e7781 } .cutarrow { fill: #bc4c00 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      text { fill: #e6edf3 }
      .small { fill: #9198a1 }
      .box { fill: #21262d; stroke: #9198a1 }
      .probe { fill: #0c2d6b; stroke: #58a6ff }
      .chip { fill: #0f3d1d; stroke: #3fb950 }
      .warn { fill: #4a2008; stroke: #f0883e }
      .line { stroke: #9198a1 } .cut { stroke: #f0883e }
      .gnd { stroke: #b1bac4 } .swim { stroke: #58a6ff } .rst { stroke: #f0883e } .vdd { stroke: #ff7b72 }
      .pin { fill: #0d1117 }
      .none { stroke: #57606a }
      .arrow { fill: #9198a1 } .cutarrow { fill: #f0883e }
    }"""

_MARKERS = """  <defs>
    <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path class="arrow" d="M0 0 L8 4 L0 8 z"/>
    </marker>
    <marker id="cutarrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path class="cutarrow" d="M0 0 L8 4 L0 8 z"/>
    </marker>
  </defs>"""

# The signal of a pin, by the label that is printed beside it.
_SIGNALS = {"GND": "gnd", "VSS": "gnd", "SWIM": "swim", "RST": "rst", "NRST": "rst"}
_SIGNALS |= {"3.3V": "vdd", "3V3": "vdd", "VDD": "vdd"}


def picture(width: int, height: int, title: str, description: str, parts: Iterable[str]) -> str:
    """Return a drawing as SVG."""
    body = "\n".join(f"  {part}" for part in parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
    aria-labelledby="title desc">
  <title id="title">{escape(title)}</title>
  <desc id="desc">{escape(description)}</desc>
  <style>{_STYLE}
  </style>
{_MARKERS}
  <rect class="page" width="{width}" height="{height}" rx="6"/>
{body}
</svg>
"""


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{_class(kind)}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str = "box", lines: Iterable[str] = ()) -> str:
    """Return a box; the first of its lines of text is its head, the others are small."""
    rows = list(lines)
    top = y + height / 2 - 9 * (len(rows) - 1) + 5
    words = [text(x + width / 2, top + 18 * n, row, "small" if n else "head") for n, row in enumerate(rows)]
    rectangle = f'<rect{_class(kind)} x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'
    return "\n  ".join([rectangle, *words])


def pin(x: float, y: float, label: str, side: str, wired: bool = True, radius: float = 7) -> str:
    """Return a round pin with its label to the `left` or `right` of it."""
    signal = _SIGNALS.get(label, "none") if wired else "none"
    away = -radius - 7 if side == "left" else radius + 7
    words = text(x + away, y + 5, label, "right" if side == "left" else "left")
    return f'<circle class="pin {signal}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>\n  {words}'


def wire(x: float, y: float, to_x: float, to_y: float, signal: str) -> str:
    """Return a wire that leaves and arrives horizontally."""
    half = (x + to_x) / 2
    return f'<path class="wire {signal}" d="M{x:g} {y:g} C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}"/>'


def arrow(path: str, cut: bool = False) -> str:
    kind = "cut" if cut else "line"
    return f'<path class="{kind}" d="{path}" marker-end="url(#{"cutarrow" if cut else "arrow"})"/>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def blue() -> str:
    """Draw the blue board on a clone of an ST-LINK/V2."""
    probe = [("RST", 90), ("SWIM", 130), ("GND", 170), ("3.3V", 210)]
    board = [("3V3", 90), ("SWIM", 130), ("GND", 170), ("NRST", 210)]
    parts = [
        box(20, 40, 210, 200, "probe"),
        text(110, 66, "ST-LINK/V2 clone", "head"),
        box(530, 40, 210, 200, "box"),
        text(650, 66, "blue board", "head"),
        box(665, 120, 60, 60, "chip", ["STM8", "S103F3"]),
    ]
    places = dict(board)
    for label, y in probe:
        other = {"RST": "NRST", "3.3V": "3V3"}.get(label, label)
        parts.append(wire(230, y, 530, places[other], _SIGNALS[label]))
    parts += [pin(230, y, label, "left") for label, y in probe]
    parts += [pin(530, y, label, "right") for label, y in board]
    parts.append(
        text(380, 275, "Four wires, less than 10 cm each. Read the labels: the order of the pins differs.", "small")
    )
    return picture(
        760,
        295,
        "A blue board on an ST-LINK/V2 clone",
        "Four wires: RST of the probe to NRST of the board, SWIM to SWIM, GND to GND, 3.3V to 3V3.",
        parts,
    )


def clone() -> str:
    """Draw the two orders of the ten pins that are known."""
    orders = [
        ("order A", ["RST", "SWCLK", "SWIM", "SWDIO", "GND", "GND", "3.3V", "3.3V", "5.0V", "5.0V"]),
        ("order B", ["RST", "SWDIO", "GND", "GND", "SWIM", "SWCLK", "3.3V", "3.3V", "5.0V", "5.0V"]),
    ]
    parts = []
    for n, (name, labels) in enumerate(orders):
        left = 30 + 370 * n
        parts += [box(left, 30, 330, 230, "probe"), text(left + 165, 56, name, "head")]
        used: set[str] = set()
        for place, label in enumerate(labels):
            column, row = place % 2, place // 2
            x, y = left + 145 + 40 * column, 88 + 36 * row
            needed = label in _SIGNALS and label not in used
            used.add(label)
            parts.append(pin(x, y, label, "right" if column else "left", needed, radius=11))
            parts.append(text(x, y + 4, str(place + 1), "small"))
    parts.append(
        text(380, 285, "The thick rings are the four pins that a board needs. Pins 9 and 10 carry 5 V.", "small")
    )
    return picture(
        760,
        305,
        "The ten pins of ST-LINK/V2 clones, in two orders",
        "Order A, from pin 1: RST, SWCLK, SWIM, SWDIO, GND, GND, 3.3V, 3.3V, 5.0V, 5.0V. "
        "Order B: RST, SWDIO, GND, GND, SWIM, SWCLK, 3.3V, 3.3V, 5.0V, 5.0V.",
        parts,
    )


def on_board() -> str:
    """Draw boards with an ST-LINK of their own."""
    rows = [
        ("NUCLEO-8S208RB", "STM8S208RB", "ST-LINK/V2-1"),
        ("NUCLEO-8L152R8", "STM8L152R8", "ST-LINK/V2-1"),
        ("STM8S-DISCOVERY", "STM8S105C6", "ST-LINK/V1"),
    ]
    parts = []
    for n, (board, part, probe) in enumerate(rows):
        y = 30 + 105 * n
        parts += [
            box(20, y + 16, 120, 50, "box", ["computer"]),
            arrow(f"M140 {y + 41} H256"),
            text(198, y + 31, "USB cable", "small"),
            box(260, y, 480, 84, "box"),
            text(500, y + 18, board, "head"),
            box(280, y + 28, 150, 44, "probe", [probe]),
            arrow(f"M430 {y + 50} H556"),
            text(493, y + 44, "SWIM, NRST", "small"),
            box(560, y + 28, 160, 44, "chip", [part]),
        ]
    return picture(
        760,
        350,
        "Boards with an ST-LINK on them",
        "The computer, a USB cable, and one board that holds the ST-LINK and the chip; SWIM and NRST are wired there. "
        + "; ".join(f"{board} has a {part} and an {probe}" for board, part, probe in rows)
        + ".",
        parts,
    )


def v3set() -> str:
    """Draw an STLINK-V3SET with its adapter board and a board that has its own supply."""
    labels = [("VDD", 80), ("SWIM", 115), ("GND", 150), ("RST", 185)]
    parts = [
        box(20, 40, 150, 180, "probe", ["STLINK-V3SET", "no SWIM on its", "own connector"]),
        box(190, 40, 170, 180, "probe"),
        text(250, 66, "MB1440", "head"),
        text(240, 205, "adapter board", "small"),
        arrow("M170 130 H188"),
        box(560, 40, 180, 180, "box"),
        text(660, 66, "your board", "head"),
        box(655, 100, 70, 60, "chip", ["STM8"]),
        box(560, 250, 180, 40, "warn", ["its own power supply"]),
        arrow("M650 250 V224"),
    ]
    for label, y in labels:
        parts.append(wire(360, y, 560, y, _SIGNALS[label]))
        parts.append(pin(360, y, label, "left"))
        parts.append(pin(560, y, "NRST" if label == "RST" else label, "right"))
    parts.append(text(265, 275, "VDD is an input: the probe measures it and gives no power.", "small"))
    parts.append(text(265, 295, "The order of the four pins is not certain: see UM2448.", "small"))
    return picture(
        760,
        315,
        "An STLINK-V3SET with its adapter board",
        "The adapter board MB1440 has the SWIM connector: VDD, SWIM, GND and RST go to the board's VDD, SWIM, GND and "
        "NRST. The board has its own power supply; VDD is an input of the probe.",
        parts,
    )


def so8() -> str:
    """Draw the parts with eight pins, and mark the pins that the probe needs."""
    chips = [
        ("STM8S001J3", ["1", "VSS", "VCAP", "VDD"], ["SWIM", "7", "6", "5"]),
        ("STM8L001J3", ["SWIM", "2", "VSS", "VDD"], ["8", "7", "6", "5"]),
    ]
    parts = []
    for n, (name, left, right) in enumerate(chips):
        x = 120 + 370 * n
        parts += [box(x, 40, 150, 190, "chip"), text(x + 75, 66, name, "head")]
        parts.append(f'<circle class="pin none" cx="{x + 16}" cy="56" r="4"/>')
        for row in range(4):
            y = 95 + 38 * row
            parts.append(pin(x, y, "" if left[row].isdigit() else left[row], "left"))
            parts.append(text(x + 18, y + 5, str(row + 1), "small"))
            parts.append(pin(x + 150, y, "" if right[row].isdigit() else right[row], "right"))
            parts.append(text(x + 132, y + 5, str(8 - row), "small"))
    parts += [
        text(195, 258, "pin 8 is SWIM, and also PC6, PD3 and PD5", "small"),
        text(195, 276, "VCAP needs its capacitor", "small"),
        text(565, 258, "pin 1 is SWIM, and also PC3", "small"),
        text(565, 276, "3.6 V at most", "small"),
        text(
            380,
            306,
            "No NRST pin: three wires (SWIM, GND, VDD), and the power switch takes the place of reset.",
            "small",
        ),
    ]
    return picture(
        760,
        325,
        "Parts with eight pins",
        "STM8S001J3: pin 2 VSS, pin 3 VCAP, pin 4 VDD, pin 8 SWIM. STM8L001J3: pin 1 SWIM, pin 3 VSS, pin 4 VDD. "
        "Neither has an NRST pin.",
        parts,
    )


def unlock() -> str:
    """Draw the states of a chip from locked to open, and the state after a power cut."""
    parts = [
        box(20, 60, 150, 90, "warn", ["locked", "reads give 0x71", "writes are refused"]),
        box(240, 60, 150, 90, "box", ["erasing", "flash, EEPROM and", "option bytes"]),
        box(460, 60, 150, 90, "box", ["restoring", "option bytes get", "factory values"]),
        box(680, 60, 150, 90, "chip", ["open", "read back after", "a reset"]),
        box(460, 250, 150, 90, "warn", ["open, cut short", "some option bytes", "do not match"]),
        arrow("M170 105 H236"),
        text(203, 92, "unlock", "small"),
        text(203, 124, "or upload", "small"),
        arrow("M390 105 H456"),
        arrow("M610 105 H676"),
        arrow("M755 60 V26 H95 V56"),
        text(425, 20, "lock, after it asks", "small"),
        arrow("M300 150 V200 H80 V154", cut=True),
        text(190, 218, "power cut: it may still be locked", "small"),
        arrow("M345 150 V295 H456", cut=True),
        text(340, 320, "power cut: or it is open", "small"),
        arrow("M535 150 V246", cut=True),
        text(548, 205, "power cut", "small left"),
        arrow("M610 295 H755 V154"),
        text(625, 316, "unlock, upload, options set …", "small left"),
        text(625, 334, "finish it and erase nothing", "small left"),
    ]
    return picture(
        850,
        360,
        "The states of a chip from locked to open",
        "A locked chip reads as 0x71 and refuses writes. unlock or upload makes the chip erase flash, EEPROM and "
        "option bytes. Then the tool restores the option bytes, resets the chip and reads back that it is open. "
        "A power cut during the erase leaves the chip locked or open: run unlock again. A power cut while option bytes "
        "are restored leaves it open, and some option bytes do not match. The next unlock, upload or options set "
        "finishes that and erases nothing. lock leads from open to locked.",
        parts,
    )


DRAWINGS: dict[str, Callable[[], str]] = {
    "wiring-blue.svg": blue,
    "wiring-clone.svg": clone,
    "wiring-on-board.svg": on_board,
    "wiring-v3set.svg": v3set,
    "wiring-so8.svg": so8,
    "unlock.svg": unlock,
}


def files() -> dict[Path, bytes]:
    """Return the path and the content of each drawing."""
    return {DOCS / name: draw().encode() for name, draw in DRAWINGS.items()}


def main() -> None:
    """Write the drawings."""
    for path, content in files().items():
        path.write_bytes(content)


if __name__ == "__main__":
    main()
