"""Every command that needs a chip, over a probe that is not an ST-LINK: the proof that the probe seam is true.

The chip is a `PlainChip`, so nothing of the simulator takes part, except where its ST-LINK is what to compare with.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

import stm8tool
from cli import plain_chip, second_probe
from cli.desk import STM8L, STM8S, Desk, program
from cli.plain_chip import CSR_HS, S103
from cli.second_bench import FACTS, Bench, ending
from cli.second_probe import SELECTOR, SecondProbe, attach
from stm8tool import selector
from stm8tool.errors import AccessError, Code
from stm8tool.probe.base import SwimLink
from stm8tool.probe.listing import ListedProbe, ProbeList
from stm8tool.selector import ProbeKind

_OPTION_S, _OPTION_L = 0x4807, 0x4808  # CLK of one, WDG of the other


def test_the_probe_is_a_link_and_no_st_link() -> None:
    def parameters(kind: type, name: str) -> list[str]:
        return list(inspect.signature(getattr(kind, name)).parameters)

    probe = SecondProbe(S103)
    names = {name for name in vars(SwimLink) if not name.startswith("_")}
    assert names <= set(dir(probe))
    methods = {name for name in names if inspect.isfunction(getattr(SwimLink, name))}
    assert len(methods) > 10
    assert {n: parameters(SecondProbe, n) for n in methods} == {n: parameters(SwimLink, n) for n in methods}
    below = ("stm8tool.sim", "stm8tool.transport", "stm8tool.probe.stlink")
    assert [name for name in _imports(second_probe, plain_chip) if name.startswith(below)] == []


def _imports(*modules: ModuleType) -> set[str]:
    text = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules)
    return set(re.findall(r"stm8tool(?:\.\w+)+", text))


# -- what works ------------------------------------------------------------------------------------------------------


def test_info_names_the_probe_by_what_it_says_of_itself(bench: Bench) -> None:
    out = bench.done("info")
    assert out.splitlines()[:2] == ["probe:      Bench wire, firmware 7", f"serial:     unknown, {SELECTOR}"]
    assert "high speed" in out
    assert f"part:       {bench.part.upper()}" in out
    assert out.endswith("unique ID:  303132333435363738393A3B\n")


def test_list_shows_it_alone_where_it_is_named_and_beside_st_links_else(bench: Bench) -> None:
    own = ["MODEL       SERIAL   PATH        FIRMWARE", f"Bench wire  unknown  {SELECTOR}  7"]
    assert bench.desk.run("--probe", "wire:", "list").out.splitlines() == own
    (listed,) = bench.desk.result("--probe", "wire:", "list")["probes"]
    assert (listed["path"], listed["vendor"], listed["product"]) == (SELECTOR, None, None)
    assert stm8tool.list_probes("wire:")[0].path == SELECTOR


def test_list_without_a_selector_shows_every_kind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    on_usb = ListedProbe("ST-LINK/V2", "57FF6C", True, "usb:1-2", "0483", "3748", "V2J37S7")
    stlink = ProbeKind(
        selector.STLINK.open, lambda _selector, _words: ProbeList([on_usb], ["an STM32"]), "ST-LINK", is_stlink=True
    )
    monkeypatch.setitem(selector.KINDS, "usb:", stlink)
    for prefix in ("sim:", "usbip:"):
        monkeypatch.delitem(selector.KINDS, prefix)
    assert [probe.path for probe in stm8tool.list_probes()] == ["usb:1-2", SELECTOR]
    assert [probe.path for probe in stm8tool.list_probes("usb:1-2")] == ["usb:1-2"]


@pytest.mark.parametrize(
    ("words", "first"),
    [((), "no ST-LINK and no Bench wire is attached"), (("--probe", "wire:"), "no Bench wire is attached")],
)
def test_list_names_every_kind_of_which_it_finds_no_probe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], first: str
) -> None:
    for prefix, kind in [("usb:", selector.STLINK), ("wire:", selector.KINDS["wire:"])]:
        nothing = kind._replace(attached=lambda _selector, _words: ProbeList([], ["an STM32 at usb:1-2"]))
        monkeypatch.setitem(selector.KINDS, prefix, nothing)
    for prefix in ("sim:", "usbip:"):
        monkeypatch.delitem(selector.KINDS, prefix)
    lines = bench.desk.run(*words, "list").out.splitlines()
    assert lines[0] == first
    assert set(lines[1:]) == {"  seen instead: an STM32 at usb:1-2"}


def test_the_doctor_examines_it(bench: Bench) -> None:
    bench.done("write", bench.desk.hex("a.hex", (0x8000, program(300))))
    out = bench.done("doctor", "--report", "report.json")
    assert f"Bench wire at {SELECTOR}" in out
    assert "7 of the probe Bench wire" in out
    found = {finding["key"]: finding for finding in json.loads(Path("report.json").read_text("utf-8"))["findings"]}
    assert {key for key, finding in found.items() if finding["mark"] == "problem"} == set()
    assert found["firmware"]["facts"] == {"model": "Bench wire", "firmware": "7", "swim": None}
    assert found["usb-library"]["text"] == "not needed: the probe is not an ST-LINK"
    assert found["protection"]["mark"] == "ok"


def test_the_doctor_finds_the_probe_at_fault_where_it_cannot_be_opened(bench: Bench) -> None:
    def fail(_name: str) -> None:
        raise AccessError("the wire is in use", code=Code.BUSY)

    bench.probe.fault = fail
    result = bench.run("doctor")
    assert result.reason == "error: the wire is in use [E-BUSY]"
    assert result.code == 7
    assert "E-BUSY" in result.out


def test_without_a_part_the_chip_tells_its_family(bench: Bench) -> None:
    result = bench.desk.run("--probe", SELECTOR, "info")
    assert result.code == 0
    assert ("STM8S" if bench.part == STM8S else "STM8L") in result.out


def test_write_programs_the_image_and_nothing_else_and_twice_nothing_at_all(bench: Bench) -> None:
    bench.chip.flash[0x200:0x203] = b"old"
    start = bench.chip.facts.eeprom[0]
    file = bench.desk.hex("a.hex", (0x8000, program(300)), (start + 5, b"settings"))
    bench.done("write", file)
    expected = bytearray(bench.chip.facts.flash)
    expected[:300], expected[0x200:0x203] = program(300), b"old"
    assert bench.chip.flash == expected
    assert bench.chip.eeprom == bytes(5) + b"settings" + bytes(len(bench.chip.eeprom) - 13)
    writes = bench.probe.calls.count("wotf")
    bench.probe.calls.clear()
    bench.done("write", file)
    assert 0 < bench.probe.calls.count("wotf") < writes
    assert bench.chip.flash == expected


def test_a_whole_flash_is_written_and_read_back(bench: Bench) -> None:
    size = bench.chip.facts.flash
    bench.done("write", bench.desk.hex("a.hex", (0x8000, program(size))))
    bench.done("read", "all.bin")
    assert bench.chip.flash == (bench.desk.folder / "all.bin").read_bytes() == program(size)


def test_write_with_options_brings_both(bench: Bench) -> None:
    address = _OPTION_S if bench.part == STM8S else _OPTION_L
    value = b"\x01\xfe" if bench.part == STM8S else b"\x01"
    before = bench.options()
    file = bench.desk.hex("a.hex", (0x8000, program(100)), (address, value))
    bench.done("write", "--options", "--force-watchdog", file)
    assert bench.chip.flash[:100] == program(100)
    changed = {a: v for a, v in bench.options().items() if v != before[a]}
    assert changed == dict(enumerate(value, address))


def test_write_to_ram_stays_there(bench: Bench) -> None:
    bench.done("--region", "ram", "write", bench.desk.hex("a.hex", (0x30, b"in RAM")))
    assert bench.chip.ram[0x30:0x36] == b"in RAM"


@pytest.mark.parametrize(("memory", "at"), [("flash", 0x8000), ("eeprom", 0), ("options", 0x4800), ("ram", 0)])
def test_read_saves_what_the_chip_holds(bench: Bench, memory: str, at: int) -> None:
    held = getattr(bench.chip, memory)
    held[20:23] = b"abc"
    bench.done("--region", memory, "read", "x.bin")
    assert (bench.desk.folder / "x.bin").read_bytes() == held


def test_verify_finds_what_is_equal_and_the_first_that_is_not(bench: Bench) -> None:
    bench.chip.flash[:300] = program(300)
    file = bench.desk.hex("a.hex", (0x8000, program(300)))
    assert "300 bytes are equal" in bench.done("verify", file)
    bench.chip.flash[77] ^= 0xFF
    before = bytes(bench.chip.flash)
    result = bench.run("verify", file)
    assert ending(result) == (6, ["E-VERIFY"])
    assert "0x00804D" in result.err
    assert bench.chip.flash == before


def test_erase_blanks_a_memory_or_whole_blocks_of_it(bench: Bench) -> None:
    block, size = bench.chip.facts.block, bench.chip.facts.flash
    bench.chip.flash[:] = program(size)
    bench.done("--region", f"0x{0x8000 + block:X}:{block}", "erase")
    assert bench.chip.flash == program(size)[:block] + bytes(block) + program(size)[2 * block :]
    bench.done("erase")
    assert not any(bench.chip.flash)


def test_options_are_shown_changed_and_brought_back(bench: Bench) -> None:
    factory = bench.options()
    assert "UBC" in bench.done("options", "show")
    bench.done("options", "set", "UBC=1K")
    ubc = {0x4801: 0x10, 0x4802: 0xEF} if bench.part == STM8S else {0x4802: 8}
    assert bench.options() == {**factory, **ubc}
    refused = bench.run("write", bench.desk.hex("a.hex", (0x8000, program(100))))
    assert ending(refused) == (5, ["E-UBC"])
    assert not any(bench.chip.flash)
    bench.done("options", "defaults")
    assert bench.options() == factory


def test_options_diff_compares_with_a_file(bench: Bench) -> None:
    bench.done("--region", "options", "read", "o.hex")
    bench.done("options", "diff", "o.hex")
    bench.chip.options[0x4801 - 0x4800 : 0x4803 - 0x4800] = b"\x10\xef" if bench.part == STM8S else b"\x00\x08"
    result = bench.run("options", "diff", "o.hex")
    assert result.code != 0
    assert "UBC" in result.out + result.err


def test_lock_then_unlock(bench: Bench) -> None:
    bench.chip.flash[:], bench.chip.eeprom[:3] = program(bench.chip.facts.flash), b"abc"
    factory = bench.options()
    bench.done("lock", "--yes")
    assert bench.chip.locked
    assert "protection: ON" in bench.run("info").out
    for words in (("read", "x.bin"), ("erase",), ("options", "show"), ("read", "--all", "x.hex")):
        assert ending(bench.run(*words)) == (5, ["E-ROP-READ"]), words
    assert bench.chip.flash == program(bench.chip.facts.flash)
    bench.done("unlock")
    assert not bench.chip.locked
    assert not any(bench.chip.flash)
    assert not any(bench.chip.eeprom)
    assert bench.options() == factory


def test_write_unlocks_a_locked_chip_unless_it_must_not(bench: Bench) -> None:
    factory = bench.options()
    bench.done("lock", "--yes")
    file = bench.desk.hex("a.hex", (0x8000, program(300)))
    assert ending(bench.run("--unlock", "never", "write", file)) == (5, ["E-ROP-UPLOAD"])
    assert bench.chip.locked
    assert bench.run("write", file).code == 0
    assert bench.chip.flash[:301] == program(300) + b"\0"
    assert bench.options() == factory


def test_a_backup_comes_back_whole(bench: Bench) -> None:
    facts = bench.chip.facts
    bench.chip.flash[:], bench.chip.eeprom[3:9] = program(facts.flash), b"saved!"
    bench.done("options", "set", "UBC=1K")
    kept = bytes(bench.chip.flash), bytes(bench.chip.eeprom), bench.options()
    bench.done("read", "--all", "backup.hex")
    bench.done("unlock")  # the chip is open: its option bytes go back, its memories stay
    assert bench.options() != kept[2]
    bench.done("erase")
    bench.done("--region", "eeprom", "erase")
    bench.done("restore", "backup.hex")
    assert (bytes(bench.chip.flash), bytes(bench.chip.eeprom), bench.options()) == kept


def test_run_leaves_the_cpu_in_ram_and_reset_gets_it_back(bench: Bench) -> None:
    loop = b"\x20\xfe"
    result = bench.desk.run(
        "--probe", SELECTOR, "--part", bench.part, "run", "0x40", bench.desk.hex("a.hex", (0x40, loop))
    )
    assert result.code == 0
    assert (bench.chip.runs_at, bench.chip.ram[0x40:0x42], bench.probe.opened) == (0x40, loop, False)
    bench.done("reset")
    assert bench.chip.runs_at == 0x8000


def test_a_chip_is_caught_at_power_on(bench: Bench) -> None:
    assert bench.run("--power-cycle=5", "info").code == 0
    assert bench.probe.calls.count("enter") == 1


def test_the_part_may_be_found_by_itself(bench: Bench) -> None:
    assert bench.run("write", bench.desk.hex("a.hex", (0x8000, program(300))), part="auto").code == 0
    assert bench.chip.flash[:300] == program(300)


def test_the_library_opens_it_by_the_same_name(bench: Bench) -> None:
    with stm8tool.open(SELECTOR, bench.part) as chip:
        assert chip.probe == stm8tool.ProbeInfo("Bench wire", "7", None, SELECTOR)
        chip.write(stm8tool.Image([stm8tool.Segment(0x8000, program(64))]))
        assert chip.read("flash")[:64] == program(64)
        assert chip.quality.retries == 0
    assert bench.probe.is_left_tidy


@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_a_probe_without_high_speed_is_not_asked_for_it(part: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = attach(monkeypatch, SecondProbe(FACTS[part], has_high_speed=False))
    bench = Bench(part, desk, probe)
    bench.done("write", desk.hex("a.hex", (0x8000, program(300))))
    assert bench.chip.flash[:300] == program(300)
    assert "low speed" in bench.done("info")


def test_such_a_probe_reaches_a_chip_that_was_left_in_high_speed_by_its_reset(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = attach(monkeypatch, SecondProbe(S103, has_high_speed=False))
    probe.chip.enter()
    probe.chip.write(0x7F80, bytes([0xA0 | CSR_HS]), False)
    Bench(STM8S, desk, probe).done("info")
