"""One real situation for every exit code, with its reason, a way out, and what is left behind."""

from __future__ import annotations

import signal

import pytest

from cli.desk import STM8L, STM8S, Desk, program
from stm8tool.sim import store
from stm8tool.support import locks


def test_0_is_done(desk: Desk) -> None:
    desk.chip()
    assert desk.flash("write", desk.hex("a.hex", (0x8000, program(64)))).code == 0


def test_1_is_a_write_that_does_not_finish(desk: Desk) -> None:
    desk.chip(faults=["no-eop"])
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(64))))
    assert result.code == 1
    assert "did not finish" in result.reason
    assert "VCAP" in result.hint


def test_2_is_a_family_that_is_not_the_one_named_and_nothing_is_written(desk: Desk) -> None:
    desk.chip(part=STM8L, locked=True)
    before = desk.memories()
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(64))), part=STM8S)
    assert result.code == 2
    assert "STM8S103F3" in result.reason
    assert "--part" in result.hint
    assert desk.memories() == before
    assert desk.is_idle()


@pytest.mark.parametrize("after", [0, 20, 100, 200])
def test_3_is_a_probe_that_is_pulled_and_the_next_upload_works(desk: Desk, after: int) -> None:
    desk.chip(locked=True, faults=[f"unplug-after={after}"])
    file = desk.hex("a.hex", (0x8000, program(600)))
    result = desk.flash("write", file)
    assert result.code == 3
    assert "unplugged" in result.reason
    assert desk.flash("write", file).code == 0
    assert desk.memory()[:600] == program(600)


def test_a_probe_that_is_pulled_comes_with_a_hint(desk: Desk) -> None:
    desk.chip(faults=["unplug-after=100"])
    assert desk.flash("write", desk.hex("a.hex", (0x8000, program(600)))).hint


def test_3_is_a_probe_whose_firmware_has_no_swim(desk: Desk) -> None:
    desk.chip(faults=["swimless-firmware"])
    result = desk.flash("info")
    assert result.code == 3
    assert "no SWIM" in result.reason
    assert result.hint


@pytest.mark.parametrize("size", [64, 127])
def test_3_is_a_probe_whose_buffer_holds_no_whole_block_and_nothing_is_written(desk: Desk, size: int) -> None:
    desk.chip(part="stm8s105k4", model="v2", faults=[f"clone-buffer={size}"])
    before = desk.memories()
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(600))), part="stm8s105k4")
    assert result.code == 3
    assert result.hint
    assert desk.memories() == before


def test_3_is_no_probe(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.attach_to_usb(monkeypatch)
    result = desk.run("--part", STM8S, "write", desk.hex("a.hex", (0x8000, program(64))))
    assert result.code == 3
    assert result.reason == "error: no ST-LINK is attached [E-NO-PROBE]"
    assert result.hint


def test_3_is_two_probes_and_no_choice_and_both_are_listed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    serials = ("57FF6C064882485533212387", "30FF73064E50313522400543")
    desk.attach_to_usb(monkeypatch, *serials)
    result = desk.run("--part", STM8S, "write", desk.hex("a.hex", (0x8000, program(64))))
    assert result.code == 3
    for line, serial, path in zip(result.details, serials, ("usb:1-1", "usb:1-2")):
        assert serial in line
        assert path in line
    assert "--probe" in result.hint
    assert "upload_port" in result.hint


def test_3_is_a_serial_that_fits_no_probe_and_those_that_are_there_are_listed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.attach_to_usb(monkeypatch, "57FF6C064882485533212387")
    result = desk.run("--probe", "DEADBEEF", "info")
    assert result.code == 3
    assert "DEADBEEF" in result.reason
    assert "57FF6C064882485533212387" in result.details[0]


@pytest.mark.parametrize("fault", ["unpowered", "swim-open", "swim-stuck-low", "nrst-stuck-low"])
def test_4_is_a_chip_that_does_not_answer_with_what_was_tried(desk: Desk, fault: str) -> None:
    desk.chip(faults=[fault])
    before = desk.memories()
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(64))))
    assert result.code == 4
    tried, measured = result.details[:-1], result.details[-1]
    assert len(tried) == 6
    assert all(line.startswith("tried ") for line in tried)
    assert measured.startswith("supply: ")
    assert result.hint
    assert desk.memories() == before


def test_4_names_the_missing_supply(desk: Desk) -> None:
    desk.chip(faults=["unpowered"])
    assert "0.00 V" in desk.flash("info").hint


@pytest.mark.parametrize("command", ["read out.bin", "verify a.hex", "erase", "write a.hex --unlock never"])
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_5_is_a_read_protected_chip_which_stays_as_it_is(desk: Desk, part: str, command: str) -> None:
    desk.chip(part=part, locked=True)
    desk.hex("a.hex", (0x8000, program(64)))
    before = desk.memories()
    result = desk.flash(*command.split(), part=part)
    assert result.code == 5
    assert "read-protected" in result.reason
    assert "unlock" in result.hint
    assert "erases" in result.hint
    assert desk.memories() == before
    assert desk.is_idle()


def test_5_is_a_block_under_the_user_boot_code_protection(desk: Desk) -> None:
    desk.chip(content=program(8192))
    desk.set_option("UBC", 0x02)
    result = desk.flash("write", desk.hex("a.hex", (0x8000, program(64, seed=2))))
    assert result.code == 5
    assert "UBC" in result.reason
    assert "unlock" in result.hint
    assert desk.memory() == program(8192)


def test_6_is_a_difference_and_its_address_and_bytes_are_named(desk: Desk) -> None:
    desk.chip(content=program(8192))
    wanted = bytearray(program(8192))
    wanted[0x123] ^= 0xFF
    result = desk.flash("verify", desk.hex("a.hex", (0x8000, bytes(wanted))))
    assert result.code == 6
    assert "0x008123" in result.reason
    assert f"0x{wanted[0x123]:02X}" in result.reason
    assert result.hint
    assert desk.is_idle()


def test_7_is_a_simulated_probe_that_another_program_uses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.0)
    path = desk.chip()
    other = store.open_transport(path)
    other.open()
    result = desk.flash("info")
    other.close()
    assert result.code == 7
    assert "busy" in result.reason
    assert result.hint
    assert desk.flash("info").code == 0


@pytest.mark.parametrize(
    "number", [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
)
def test_130_is_an_interrupt_after_which_chip_and_probe_are_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    desk.chip(locked=True)
    original = store.StoredProbe.write
    transfers = 0

    def write(probe: store.StoredProbe, data: bytes, timeout_s: float) -> None:
        nonlocal transfers
        transfers += 1
        if transfers == 150:
            signal.raise_signal(getattr(signal, number))
        original(probe, data, timeout_s)

    monkeypatch.setattr(store.StoredProbe, "write", write)
    file = desk.hex("a.hex", (0x8000, program(4000)))
    result = desk.flash("write", file)
    assert result.code == 130
    assert desk.is_idle()
    assert desk.flash("write", file).code == 0
    assert desk.memory()[:4000] == program(4000)


def test_a_chip_that_cannot_be_let_go_is_never_said_to_run(desk: Desk) -> None:
    path = desk.chip(content=program(64), faults=["nrst-open"])
    desk.flash("reset")
    for after in range(store.describe(path).transfers):
        desk.chip(content=program(64), faults=["nrst-open", f"drop-link-after={after}"])
        result = desk.flash("reset")
        if store.describe(path).state != "running":
            assert result.code != 0, after
            assert "runs" not in result.out
