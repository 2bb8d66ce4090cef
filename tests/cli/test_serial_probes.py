"""An espstlink and an rp2040_swim by the command line: the faults of a serial wire and of the chip at its end."""

from __future__ import annotations

import pytest

from cli.desk import Desk
from cli.serial_probe import ESPSTLINK, RP2040, board, holds, tool
from stm8tool.cli.main import main

KINDS = {"espstlink": ESPSTLINK, "rp2040": RP2040}


@pytest.mark.parametrize(
    ("probe", "lost"),
    [*((ESPSTLINK, lost) for lost in range(1, 1500, 61)), *((RP2040, lost) for lost in range(1, 2500, 97))],
)
def test_one_lost_byte_anywhere_fails_no_write(image: str, probe: str, lost: int) -> None:
    board(f"uart-lost={lost}")
    assert tool(probe, "write", image) == 0
    assert holds(image)


MENDED = {
    ESPSTLINK: ("uart-garbage=3001", "nak-every=500", "esp-deaf", "esp-version=0", "esp-version=1"),
    RP2040: (
        *("uart-garbage=4001", "uart-echo", "rp2040-bad-crc=40", "rp2040-old-number=40", "nak-every=500"),
        *("bit-flip-every=3001", "nrst-slow=5"),
    ),
}


@pytest.mark.parametrize(("probe", "fault"), [(probe, fault) for probe, faults in MENDED.items() for fault in faults])
def test_a_fault_that_can_be_mended_costs_no_wrong_byte(image: str, probe: str, fault: str) -> None:
    board(fault)
    assert tool(probe, "write", image) == 0
    assert holds(image)


SILENT_ESP = "the device at espstlink:sim:b.chip does not answer [E-PROBE-HUNG]"
OTHER_ESP = "the device at espstlink:sim:b.chip answers ff, which is not the answer of an espstlink "
NEWER_ESP = "and this tool knows versions up to 0.2: a newer one may use other commands "
SILENT_RP2040 = "the device at rp2040:sim:b.chip does not answer as an rp2040_swim: the rp2040_swim did not"
BAD_SUM = "the checksum of an answer of the rp2040_swim is wrong [E-PROBE-HUNG]"
NO_PULSE = "a pulse on NRST does not reset the chip"
NEEDS_PULSE = f"{NO_PULSE}: an rp2040_swim needs that for every work [E-PROBE-LIMIT]"

# A fault, then the exit code and a part of the message.
OF_EACH = [
    ("swim-open", 4, "[E-TARGET-SILENT]"),
    ("unpowered", 4, "[E-TARGET-SILENT]"),
    ("swim-stuck-low", 4, "[E-SWIM-STUCK]"),
]
OF_ESPSTLINK = [
    ("uart-open", 3, SILENT_ESP),
    ("esp-silent", 3, OTHER_ESP),
    ("esp-version=3", 3, NEWER_ESP),
    ("uart-unplug-after=300", 3, "the serial adapter is gone [E-PROBE-LOST]"),
    *OF_EACH,
]
OF_RP2040 = [
    ("uart-open", 3, SILENT_RP2040),
    ("rp2040-silent", 3, "[E-PROBE-HUNG]"),
    ("rp2040-bad-crc=1", 3, BAD_SUM),
    ("uart-unplug-after=400", 3, "the serial adapter is gone [E-PROBE-LOST]"),
    ("nrst-open", 3, NEEDS_PULSE),
    ("nrst-slow=20", 3, NO_PULSE),
    ("nrst-stuck-low", 4, "error: "),
    *OF_EACH,
]


@pytest.mark.parametrize(
    ("probe", "faults", "ended", "says"),
    [
        *((ESPSTLINK, *row) for row in OF_ESPSTLINK),
        *((ESPSTLINK, f"{fault} esp-deaf", ended, says) for fault, ended, says in OF_ESPSTLINK),
        *((RP2040, *row) for row in OF_RP2040),
    ],
)
def test_a_fault_is_one_error_with_a_hint(
    image: str, probe: str, faults: str, ended: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    board(*faults.split())
    assert tool(probe, "write", image) == ended
    said = capsys.readouterr().err.splitlines()
    assert says in said[-1]
    assert said[-1].startswith("error: ")
    assert said[-2].startswith("hint: ")


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_says_that_a_wire_of_low_speed_has_high_speed(
    kind: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    board()
    for command in ("info", "doctor"):
        assert tool(KINDS[kind], command) == 0
        said = capsys.readouterr().out
        assert "the wire runs at low speed" in said
        assert "under reset" in said
        assert "high speed" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_of_the_loader_is_not_one_of_a_probe(
    kind: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    board()
    assert main(["sim", "serve-serial", "b.chip", "--as", kind, "--loader-version", "2.1"]) == 2
    assert "only the loader in a boot ROM has a version of the loader" in capsys.readouterr().err
