"""Several simulated probes on one bus: every form of a selector, through the commands as they are typed."""

from __future__ import annotations

import json
import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Optional

import pytest

from cli.desk import ROOT, STM8S, Desk, Result, finish, program, start
from stm8tool.parts.table import find_part
from stm8tool.sim import store

A = "57FF6C064882485533212387"
B = "57FF6B0648824855FFFF1687"
OLD = "30FF73064E50313522400543"
V3_SERIAL = "003300423132511538363431"
CLONE = "303030303030303030303031"


@pytest.fixture
def bench(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder `bench` with a V2, an old V2, a V3 and two clones that share a serial, and a V2 much like the first."""
    add(desk, monkeypatch, "1", A)
    add(desk, monkeypatch, "2", OLD, faults=["old-firmware"])
    add(desk, monkeypatch, "3", V3_SERIAL, model="v3")
    add(desk, monkeypatch, "4", CLONE, faults=["clone-serial"])
    add(desk, monkeypatch, "5", CLONE, faults=["clone-serial"])
    add(desk, monkeypatch, "6", B)
    return desk


def add(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    serial: str,
    *,
    model: str = "v2",
    faults: Optional[list[str]] = None,
) -> Path:
    folder = desk.folder / "bench"
    folder.mkdir(exist_ok=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "urandom", lambda size: bytes.fromhex(serial)[:size])
        store.create(folder / f"{name}.chip", find_part(STM8S), model, faults=faults or (), content=program(64))
    return folder / f"{name}.chip"


def doubled(serial: str) -> str:
    """Return a serial as stm8flash prints it."""
    return serial.encode().hex()


def listed(desk: Desk) -> dict[str, str]:
    """Return path and serial of each probe, as `list --json` tells them."""
    rows = desk.result("list", "--probe", "sim:bench")["probes"]
    return {row["path"]: row["serial"] for row in rows}


@pytest.mark.parametrize(
    ("selector", "socket"),
    [
        pytest.param(A, 1, id="24 digits"),
        pytest.param(A.lower(), 1, id="24 digits in lower case"),
        pytest.param("57FF6C", 1, id="unique beginning"),
        pytest.param(doubled(A), 1, id="doubled form"),
        pytest.param(doubled(A)[:26], 1, id="beginning of the doubled form"),
        pytest.param(OLD, 2, id="raw bytes in the descriptor"),
        pytest.param(OLD[:4], 2, id="beginning of raw bytes"),
        pytest.param(doubled(OLD), 2, id="doubled form of raw bytes"),
        pytest.param(V3_SERIAL, 3, id="of a V3"),
        pytest.param("00", 3, id="two digits"),
        pytest.param("stlinkv3", 3, id="generation"),
        pytest.param("STLINKV3", 3, id="generation in upper case"),
        pytest.param("usb:1-1", 1, id="path"),
        pytest.param("USB:1-5", 5, id="path in upper case, of a clone"),
    ],
)
def test_one_probe_of_several_is_chosen(bench: Desk, selector: str, socket: int) -> None:
    path = f"sim:bench#usb:1-{socket}"
    result = bench.run("--probe", f"sim:bench#{selector}", "info")
    assert result.code == 0, result.err
    assert re.findall(r"^serial: +(.*)$", result.out, re.MULTILINE) == [f"{listed(bench)[path]}, {path}"]


@pytest.mark.parametrize(
    ("selector", "fitting"),
    [
        pytest.param("", (1, 2, 3, 4, 5, 6), id="any"),
        pytest.param("#stlink", (1, 2, 3, 4, 5, 6), id="stlink"),
        pytest.param("#stlinkv2", (1, 2, 4, 5, 6), id="generation of several"),
        pytest.param("#57FF6", (1, 6), id="beginning of two"),
        pytest.param("#30", (2, 4, 5), id="beginning of the serials of clones"),
        pytest.param(f"#{CLONE}", (4, 5), id="shared serial in full"),
        pytest.param(f"#{doubled(CLONE)}", (4, 5), id="shared serial in the doubled form"),
    ],
)
def test_several_that_fit_are_listed_and_the_hint_chooses_one(
    bench: Desk, selector: str, fitting: tuple[int, ...]
) -> None:
    result = bench.run("--probe", f"sim:bench{selector}", "info")
    assert (result.code, result.reason[-18:]) == (3, "[E-SEVERAL-PROBES]")
    assert [re.findall(r"usb:1-(\d)$", line) for line in result.details] == [[str(n)] for n in fitting]
    (example,) = re.findall(r"--probe (\S+)", result.hint)
    assert bench.run("--probe", example, "info").code == 0


def test_the_hint_among_clones_is_a_socket(bench: Desk) -> None:
    result = bench.run("--probe", f"sim:bench#{CLONE}", "info")
    assert "--probe sim:bench#usb:1-4 " in result.hint
    assert all("(not unique)" in line for line in result.details)


@pytest.mark.parametrize("selector", ["DEAD", "usb:1-7", "usb:2-1", doubled("DEAD")])
def test_a_selector_that_fits_none_lists_what_there_is(bench: Desk, selector: str) -> None:
    result = bench.run("--probe", f"sim:bench#{selector}", "info")
    assert (result.code, result.reason) == (3, f"error: no attached probe fits '{selector}' [E-NO-PROBE]")
    assert len(result.details) == 6


def test_what_is_no_selector_is_refused(bench: Desk) -> None:
    for selector in ("", "COM3", "bench", "57FF6G"):
        assert bench.run("--probe", f"sim:bench#{selector}", "info").reason.endswith("does not name a probe [E-USAGE]")


def test_nothing_is_chosen_of_one_board(desk: Desk) -> None:
    desk.chip("a.chip")
    result = desk.run("--probe", "sim:a.chip#stlink", "info")
    assert result.reason == "error: a.chip is one simulated board: there is no probe to choose [E-USAGE]"
    assert result.hint == "hint: use sim:a.chip"


def test_an_empty_folder_is_a_machine_without_a_probe(desk: Desk) -> None:
    (desk.folder / "bench").mkdir()
    assert desk.run("list", "--probe", "sim:bench").out == "no ST-LINK is attached\n"
    assert desk.result("list", "--probe", "sim:bench")["probes"] == []
    assert desk.run("--probe", "sim:bench", "info").reason == "error: no ST-LINK is attached [E-NO-PROBE]"


def test_another_generation_than_asked_for_is_used_and_one_line_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(desk, monkeypatch, "only", V3_SERIAL, model="v3")
    result = desk.run("--probe", "sim:bench#stlinkv2", "reset")
    assert result == (
        0,
        "the chip was reset and runs\n",
        "warning: no ST-LINK/V2 attached, using the STLINK-V3SET at sim:bench#usb:1-1\n",
    )


def test_a_probe_in_its_loader_is_passed_over_unless_it_is_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    add(desk, monkeypatch, "1", V3_SERIAL, model="v3", faults=["loader"])
    alone = desk.run("--probe", "sim:bench", "info")
    assert (alone.code, alone.reason[-16:]) == (3, "[E-PROBE-LOADER]")
    add(desk, monkeypatch, "2", A)
    assert A in desk.run("--probe", "sim:bench", "info").out


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("no-driver", "E-DRIVER-MISSING", "has no driver that programs can use (WinUSB)"),
        ("wrong-driver", "E-DRIVER-WRONG", "is not completely installed"),
        ("no-permission", "E-PERMISSION", "no permission to open"),
        ("in-use", "E-BUSY", "is in use by another program"),
    ],
)
@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_what_the_system_puts_in_between_has_the_words_of_that_system_on_every_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str, code: str, words: str, system: str
) -> None:
    board = add(desk, monkeypatch, "1", A, faults=[fault])
    before = board.read_bytes()
    monkeypatch.setattr("stm8tool.probe.stlink.find.sys.platform", system)
    for selector in ("sim:bench", "sim:bench#usb:1-1", "sim:bench/1.chip"):
        result = desk.run("--probe", selector, "--part", STM8S, "info")
        assert result.code == 7
        assert words in result.reason
        assert result.reason.endswith(f" [{code}]")
        assert result.hint
    (row,) = desk.result("list", "--probe", "sim:bench")["probes"]
    assert words in row["problem"]
    assert row["serial"] == (A if fault == "in-use" else None)
    assert board.read_bytes() == before


def test_a_serial_that_may_be_that_of_a_probe_without_permission_is_a_matter_of_access(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(desk, monkeypatch, "1", A, faults=["no-permission"])
    add(desk, monkeypatch, "2", V3_SERIAL, model="v3")
    result = desk.run("--probe", f"sim:bench#{A}", "info")
    assert (result.code, result.reason[-14:]) == (7, "[E-PERMISSION]")
    assert desk.run("--probe", "sim:bench#stlinkv3", "info").code == 0


def test_a_file_that_is_no_chip_file_is_named_and_does_not_hide_the_others(bench: Desk) -> None:
    damaged = bench.folder / "bench" / "7.chip"
    damaged.write_text("{}", encoding="ascii")
    result = bench.run("list", "--probe", "sim:bench")
    assert (result.code, result.out.count("sim:bench#usb:1-")) == (0, 7)
    assert f"  bench{os.sep}7.chip is not a chip file, or it is damaged\n  make a new one" in result.out
    assert bench.run("--probe", f"sim:bench#{A}", "info").code == 0
    assert f"bench{os.sep}7.chip is not a chip file" in bench.run("--probe", f"sim:bench#{B}", "doctor").out
    used = bench.run("--probe", "sim:bench#usb:1-7", "info")
    assert (used.code, used.reason[:6]) == (2, "error:")
    assert f"bench{os.sep}7.chip is not a chip file" in used.reason


def test_a_chip_file_that_is_damaged_inside_is_listed_with_its_problem(bench: Desk) -> None:
    file = bench.folder / "bench" / "6.chip"
    document = json.loads(file.read_text(encoding="ascii"))
    del document["memories"]
    file.write_text(json.dumps(document), encoding="ascii")
    rows = bench.result("list", "--probe", "sim:bench")["probes"]
    assert [row["serial"] for row in rows if row["problem"]] == [B]
    assert "is damaged" in rows[5]["problem"]


@pytest.mark.parametrize("fault", ["wedged", "stall-every=1"])
def test_a_probe_that_does_not_answer_is_listed_with_what_helps(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    add(desk, monkeypatch, "1", A, faults=[fault])
    (row,) = desk.result("list", "--probe", "sim:bench")["probes"]
    assert row["problem"]
    assert row["hint"].startswith("unplug the probe")


def test_other_files_in_the_folder_do_not_disturb(bench: Desk) -> None:
    before = listed(bench)
    for name in (".1.chip.lock", ".1.chip.4711.partial", "notes.txt", "firmware.hex"):
        (bench.folder / "bench" / name).write_text("x", encoding="ascii")
    (bench.folder / "bench" / "folder.chip").mkdir()
    assert listed(bench) == before


def test_a_number_sign_in_the_name_of_a_file_or_folder_is_part_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.chip("my#board.chip")
    assert "sim:my#board.chip" in desk.run("list", "--probe", "sim:my#board.chip").out
    add(desk, monkeypatch, "1", A)
    (desk.folder / "bench").rename(desk.folder / "bench#2")
    for selector in ("sim:bench#2", "sim:bench#2#57FF", "sim:bench#2#usb:1-1"):
        assert A in desk.run("--probe", selector, "info").out


def test_a_probe_that_is_in_use_is_seen_by_others_and_the_rest_can_be_used(bench: Desk) -> None:
    other = store.open_transport(bench.folder / "bench" / "1.chip")
    other.open()
    try:
        assert bench.run("--probe", "sim:bench#usb:1-2", "info").code == 0
        ambiguous = bench.run("--probe", "sim:bench#57FF6", "info")
        assert len(ambiguous.details) == 2
    finally:
        other.close()


def test_several_programs_write_to_different_chips_of_one_folder_at_once(bench: Desk) -> None:
    file = bench.hex("firmware.hex", (0x8000, program(2000)))
    words = (str(ROOT / "tool"), "--part", STM8S, "write", file)
    with ExitStack() as running:
        processes = [
            running.enter_context(start(*words, "--probe", f"sim:bench#usb:1-{n}", folder=bench.folder))
            for n in range(1, 7)
        ]
        results: list[Result] = [finish(process) for process in processes]
    assert [result.code for result in results] == [0] * 6, results
    for n in range(1, 7):
        assert bench.memory(chip=f"bench/{n}.chip")[:2000] == program(2000)


@pytest.mark.parametrize("fault", ["no-driver", "wrong-driver", "no-permission", "in-use", "loader", "clone-serial"])
def test_a_fault_of_the_bus_ends_a_write_in_the_same_way_with_the_loader_and_without(
    fault: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = desk.hex("image.hex", (0x8000, bytes(range(1, 101)) * 20))
    add(desk, monkeypatch, "1", V3_SERIAL, model="v3", faults=[fault])
    ends = [desk.run("--probe", "sim:bench", "--part", STM8S, *more, "write", image) for more in (["--no-loader"], [])]
    assert ends[0].code == ends[1].code == (0 if fault == "clone-serial" else ends[0].code or 1)
    assert ends[0].reason == ends[1].reason or ends[0].code == 0
