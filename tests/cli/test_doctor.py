"""`doctor` on benches with one thing wrong each: the page, and what it leaves behind."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from cli.desk import ROOT, STM8L, STM8S, Desk, finish, program, report, start
from stm8tool.chip.link.core import Core
from stm8tool.errors import AccessError, Code, ConnectError
from stm8tool.probe.stlink import find
from stm8tool.sim.bus import SimBus
from stm8tool.transport import libusb

_GOLDEN = Path(__file__).parent / "golden"


def without_machine(text: str) -> str:
    """Return a page with what differs from machine to machine as "…"."""
    return re.sub(r"^(. (?:Python|stm8tool) +).*$", r"\1…", text, flags=re.MULTILINE)


def marks(out: str) -> dict[str, str]:
    """Return the sign before each title of a page; of several, that of the last."""
    return {title: sign for sign, title in re.findall(r"^([✓✗·]) (\S+(?: \S+)?)  ", out, re.MULTILINE)}


@pytest.mark.parametrize("name", ["healthy", "unpowered", "locked", "several", "changed_options"])
def test_the_page_is_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    desk.chip("healthy.chip", content=program(3000))
    desk.chip("unpowered.chip", model="v2", faults=["unpowered", "old-firmware"])
    desk.chip("locked.chip", locked=True)
    desk.chip("changed.chip")
    desk.set_option("UBC", 0x02, "changed.chip")
    (desk.folder / "bench").mkdir()
    for board, model, faults in (
        ("1", "v2", ["clone-serial"]),
        ("2", "v2", ["clone-serial"]),
        ("3", "v3", ["no-permission"]),
        ("4", "v1", []),
        ("5", "v3", ["loader"]),
    ):
        desk.chip(f"bench/{board}.chip", model=model, faults=faults)
    golden = (_GOLDEN / f"doctor_{name}.txt").read_text(encoding="utf-8")
    command = golden.splitlines()[0].replace("$ stm8tool ", "")
    result = desk.run(*command.split())
    errors = "".join(f"! {line}\n" for line in result.err.splitlines())
    assert f"$ stm8tool {command}\n{without_machine(result.out)}{errors}exit code {result.code}\n" == golden


@pytest.mark.parametrize(
    ("fault", "code", "exit_code", "bad"),
    [
        ("no-driver", "E-DRIVER-MISSING", 7, "USB device"),
        ("wrong-driver", "E-DRIVER-WRONG", 7, "USB device"),
        ("no-permission", "E-PERMISSION", 7, "USB device"),
        ("in-use", "E-BUSY", 7, "USB device"),
        ("loader", "E-PROBE-LOADER", 3, "USB device"),
        ("swimless-firmware", "E-PROBE-NO-SWIM", 3, "firmware"),
        ("wedged-for-good", "E-PROBE-HUNG", 3, "firmware"),
        ("swim-open", "E-TARGET-SILENT", 4, "link"),
        ("swim-stuck-low", "E-SWIM-STUCK", 4, "link"),
        ("nrst-stuck-low", "E-RESET-LOW", 4, "link"),
        ("unpowered", "E-TARGET-UNPOWERED", 4, "link"),
    ],
)
def test_a_fault_is_the_first_problem_at_its_own_line(
    desk: Desk, fault: str, code: str, exit_code: int, bad: str
) -> None:
    desk.chip(faults=[fault])
    result = desk.flash("doctor")
    assert result.code == exit_code
    assert next(title for title, sign in marks(result.out).items() if sign == "✗") == bad
    assert result.reason.endswith(f"[{code}]")
    explained = result.out.partition("\n\n")[2].splitlines()
    assert explained[0].startswith("✗ the first problem [E-")
    assert [line[:14] for line in explained[1:]] == ["  it means:   ", "  it works:   ", "  what to do: "]
    assert "Python" in explained[2]
    works = explained[2].removeprefix("  it works:   ").split(", ")
    assert bad not in works
    assert ("probe" in works) == (bad == "link")
    assert result.err == f"{result.reason}\n"  # what to do stands on the page


def test_where_the_wires_may_be_the_cause_it_does_not_say_that_they_are_not(desk: Desk) -> None:
    desk.chip(faults=["busy-storm"])
    out = desk.flash("doctor").out
    assert "GND" in out.partition("what to do: ")[2]
    assert "not the cause" not in out


@pytest.mark.parametrize(
    "fault",
    [
        "hsit-stuck",
        "nrst-open",
        "old-firmware",
        "fake-voltage",
        "clone-serial",
        "marginal-supply",
        "nak-every=50",
        "bit-flip-every=200",
        "wedged",
        "no-eop",
    ],
)
def test_what_a_command_copes_with_is_no_problem(desk: Desk, fault: str) -> None:
    desk.chip(model="v2", faults=[fault])
    result = desk.flash("doctor")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\nno problem found; writing was not tried\n")
    assert "✗" not in result.out


def test_low_speed_is_told_and_no_problem(desk: Desk) -> None:
    desk.chip(faults=["hsit-stuck"])
    result = desk.flash("doctor")
    assert marks(result.out)["speed"] == "·"
    assert result.out.count("[E-NO-HIGH-SPEED]") == 1


@pytest.mark.parametrize(
    ("part", "faults", "sign", "text"),
    [
        (STM8S, [], "✓", "it resets the chip"),
        (STM8L, [], "✓", "it resets the chip"),
        (STM8S, ["nrst-open"], "·", "its wire is missing"),
        (STM8S, ["nrst-open", "hsit-stuck"], "·", "its wire is missing, or the chip does not show it"),
        ("stm8s001j3", [], "·", "the STM8S001J3 has no such pin"),
    ],
)
def test_whether_nrst_is_wired_is_told_and_no_problem(
    desk: Desk, part: str, faults: list[str], sign: str, text: str
) -> None:
    desk.chip(part=part, faults=faults)
    result = desk.flash("doctor", part=part)
    assert (result.code, marks(result.out)["NRST"]) == (0, sign)
    assert text in result.out
    assert desk.is_idle()


def test_where_no_part_is_named_nrst_is_looked_at_too(desk: Desk) -> None:
    desk.chip()
    assert marks(desk.run("--probe", "sim:board.chip", "doctor").out)["NRST"] == "✓"


def test_a_chip_that_was_caught_at_power_on_is_not_let_go_to_look_at_nrst(desk: Desk) -> None:
    desk.chip(content=program(200), faults=["nrst-open", "app-disables-swim=100", "power-switch=300"])
    result = desk.flash("doctor", "--power-cycle")
    assert result.code == 0
    assert "NRST         not checked" in result.out


def test_a_chip_that_is_lost_while_nrst_is_looked_at_has_been_looked_at_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_core: Core) -> bool:
        raise ConnectError("no SWIM link to the chip: it does not answer")

    monkeypatch.setattr(Core, "reset_line_works", fail)
    desk.chip()
    result = desk.flash("doctor")
    assert (result.code, marks(result.out)["options"]) == (0, "✓")
    assert "NRST         not known: no SWIM link to the chip" in result.out


def test_a_weak_link_is_told_once(desk: Desk) -> None:
    desk.chip(faults=["nak-every=50"])
    result = desk.flash("doctor")
    assert marks(result.out)["quality"] == "·"
    assert (result.out.count("[E-WEAK-LINK]"), result.err) == (1, "")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("fake-voltage=10", "this does not prove that the board has no power"),
        ("fake-voltage=1200", "this does not prove that the board has no power"),
        ("fake-voltage", "this does not prove that the board has power"),
        ("marginal-supply", "the chip needs 2.95 V or more"),
        ("fake-voltage=3000", ""),
        ("fake-voltage=5000", ""),
    ],
)
def test_what_the_measured_supply_is_worth_stands_below_it(desk: Desk, fault: str, words: str) -> None:
    desk.chip(faults=[fault])
    (below,) = re.findall(r"^· supply .*\n((?: +.*\n)*)", desk.flash("doctor").out, re.MULTILINE)
    assert words in below
    assert bool(below) == bool(words)


def test_a_hung_probe_that_a_reset_frees_is_told(desk: Desk) -> None:
    desk.chip(faults=["wedged"])
    assert re.search(r"^· warning +the probe hangs .*: resetting it on USB$", desk.flash("doctor").out, re.MULTILINE)


def test_the_chip_can_be_caught_at_power_on(desk: Desk) -> None:
    desk.chip(content=program(200), faults=["nrst-open", "app-disables-swim=100", "power-switch=300"])
    result = desk.flash("doctor", "--power-cycle")
    assert result.code == 0, result.err
    assert marks(result.out)["link"] == "✓"
    assert "[E-SWIM-DISABLED]" in result.out
    assert desk.flash("doctor", "--power-cycle=0").code == 2


def test_advice_on_old_firmware_is_on_the_page_and_not_beside_it(desk: Desk) -> None:
    desk.chip(model="v2", faults=["old-firmware"])
    result = desk.flash("doctor")
    assert result.err == ""
    assert re.search(r"^· warning +the probe's firmware V2J17S4 is old", result.out, re.MULTILINE)


def test_warnings_are_shown_again_after_doctor(desk: Desk) -> None:
    desk.chip(model="v2", faults=["old-firmware"])
    handlers = [*logging.getLogger("stm8tool").handlers]
    desk.flash("doctor")
    assert "warning: the probe's firmware" in desk.flash("info").err
    assert all(not handler.filters for handler in handlers)


def test_another_generation_than_asked_for_is_no_problem_and_is_told(desk: Desk) -> None:
    (desk.folder / "bench").mkdir()
    desk.chip("bench/a.chip")
    result = desk.run("--probe", "sim:bench#stlinkv2", "--part", STM8S, "doctor")
    assert (result.code, result.err) == (0, "")
    assert "no ST-LINK/V2 attached, using the STLINK-V3SET at sim:bench#usb:1-1" in result.out


def test_without_a_part_it_tells_what_can_be_told(desk: Desk) -> None:
    desk.chip(locked=True)
    result = desk.run("--probe", "sim:board.chip", "doctor")
    assert result.code == 0
    assert marks(result.out)["link"] == "✓"
    assert (marks(result.out)["part"], marks(result.out)["family"]) == ("·", "·")
    assert "protection  " not in result.out


def test_an_unknown_part_hides_nothing_above_the_protection(desk: Desk) -> None:
    desk.chip()
    result = desk.flash("doctor", part="stm8s130f3")
    assert (result.code, result.reason[-16:]) == (2, "[E-PART-UNKNOWN]")
    assert (marks(result.out)["link"], marks(result.out)["part"]) == ("✓", "✗")
    assert "stm8s103f3" in result.out.lower().partition("what to do: ")[2]


def test_a_protection_that_is_seen_only_once_is_neither_on_nor_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.chip(locked=True)
    monkeypatch.setattr("stm8tool.api.Chip.options", lambda chip: [])
    result = desk.flash("doctor")
    assert (result.code, result.reason[-13:]) == (4, "[E-LINK-LOST]")
    assert (marks(result.out)["protection"], marks(result.out)["chip"]) == ("·", "✗")


def test_the_wrong_family_is_told_behind_a_link_that_works(desk: Desk) -> None:
    desk.chip(part=STM8L)
    result = desk.flash("doctor", part=STM8S)
    assert (result.code, result.reason[-10:]) == (2, "[E-FAMILY]")
    assert (marks(result.out)["link"], marks(result.out)["family"]) == ("✓", "✗")
    assert "options" not in marks(result.out)


def test_a_complement_that_does_not_match_is_told_with_the_rest_of_the_chip(desk: Desk) -> None:
    path = desk.chip()
    document = json.loads(path.read_text(encoding="ascii"))
    held = bytearray.fromhex(document["memories"]["options"]["data"])
    held[0x4804 - 0x4800] ^= 0x10  # the complement of AFR
    document["memories"]["options"]["data"] = held.hex()
    path.write_text(json.dumps(document), encoding="ascii")
    result = desk.flash("doctor")
    assert (result.code, result.reason[-19:]) == (1, "[E-OPTIONS-CORRUPT]")
    assert "AFR" in result.reason
    assert re.search(r"AFR .* complement does not match", result.out)
    assert (marks(result.out)["options"], marks(result.out)["unique ID"]) == ("✗", "✓")


def test_a_probe_that_is_pulled_is_told_wherever_it_happens_with_what_was_seen_before(desk: Desk) -> None:
    told = set()
    for after in range(0, 300, 10):
        desk.chip(faults=[f"unplug-after={after}"])
        result = desk.flash("doctor")
        found = marks(result.out)
        (bad,) = [title for title, sign in found.items() if sign == "✗"] or [""]
        assert (result.code, bad != "") in ((3, True), (0, False))
        assert result.code == 0 or result.reason.endswith("[E-PROBE-LOST]")
        assert found.get("firmware") == ("✗" if bad == "firmware" else "✓")
        assert bad != "chip" or found["link"] == "✓"
        told.add(bad)
    assert told == {"firmware", "link", "chip", ""}


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("fault", [[], ["hsit-stuck"], ["swim-open"], ["nrst-open"]])
def test_nothing_is_written_and_the_board_is_left_at_rest(desk: Desk, locked: bool, fault: list[str]) -> None:
    desk.chip(locked=locked, faults=fault, content=program(500))
    before = desk.memories()
    desk.flash("doctor")
    assert desk.memories() == before
    assert desk.is_idle()


def test_signs_are_ascii_where_stdout_has_no_others(desk: Desk) -> None:
    desk.chip(locked=True)
    words = (str(ROOT / "tool"), "--probe", "sim:board.chip", "--part", STM8S, "doctor")
    result = finish(start(*words, folder=desk.folder, PYTHONIOENCODING="ascii"))
    assert result.code == 5
    assert result.out.isascii()
    assert "\\u" not in result.out
    assert {line[:4] for line in result.out.splitlines() if line.startswith("[")} == {"[ok]", "[!!]", "[  ]"}


# -- USB that is not simulated ---------------------------------------------------------------------------------------


def test_a_usb_library_that_does_not_load_hides_the_probe_and_not_the_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(libusb.OVERRIDE, str(desk.folder / "absent.so"))
    result = desk.run("--part", STM8S, "doctor")
    assert (result.code, result.reason[-15:]) == (7, "[E-USB-LIBRARY]")
    found = marks(result.out)
    assert (found["packages"], found["USB library"], found["probe"], found["part"]) == ("✓", "✗", "·", "·")
    assert "absent.so: there is no such file" in result.out


def test_missing_packages_are_the_first_problem(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(module: str) -> None:
        raise AccessError("the Python packages are missing", code=Code.PACKAGES, hint="pip")

    monkeypatch.setattr("stm8tool.support.deps.require", refuse)
    result = desk.run("doctor")
    assert (result.code, result.reason[-12:]) == (7, "[E-PACKAGES]")
    assert (marks(result.out)["packages"], marks(result.out)["USB library"]) == ("✗", "·")


def test_packages_and_library_are_told_where_the_probe_is_not_simulated(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(libusb.OVERRIDE, raising=False)
    monkeypatch.setattr(find, "system_bus", lambda: SimBus({}, ""))
    findings = {finding["key"]: finding for finding in report(desk)["findings"]}
    assert findings["packages"]["facts"]["pyusb"]["version"]
    assert Path(findings["usb-library"]["facts"]["path"]).is_file()
    assert findings["probe"]["problem"]["code"] == "E-NO-PROBE"
