"""`import stm8tool`: what docs/api.md promises to a program."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import stm8tool
from pio import ROOT
from session.library_desk import FIRMWARE, PART, board
from stm8tool.image import Segment
from stm8tool.sim import store


def image(*segments: tuple[int, bytes]) -> stm8tool.Image:
    return stm8tool.Image(Segment(*segment) for segment in segments)


# -- what it promises ------------------------------------------------------------------------------------------------


def test_the_import_loads_nothing_and_a_use_no_usb_library(desk: Path) -> None:
    program = (
        "import sys, stm8tool\n"
        "print(*[name for name in sys.modules if name.startswith('stm8tool')])\n"
        "stm8tool.open('stlink')\n"
        "print(*[name for name in ('usb', 'intelhex', 'argparse', 'stm8tool.cli.main') if name in sys.modules])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tool")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "stm8tool\n\n"


def test_a_write_that_does_not_use_the_loader_does_not_import_it(desk: Path) -> None:
    board()
    program = (
        "import sys, stm8tool\n"
        f"with stm8tool.open('sim:board.chip', part='{PART}') as chip:\n"
        "    done = chip.write(stm8tool.Image([stm8tool.Segment(0x8000, bytes([0x82, 0, 0x80, 4, 0x20, 0xFE]))]))\n"
        "loader = 'stm8tool.chip.flash.loader.'\n"
        "print(done.written.programmed, *sorted(name for name in sys.modules if name.startswith(loader)))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tool")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "1 stm8tool.chip.flash.loader.use\n"


def test_it_prints_nothing_and_warns_by_logging(
    desk: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with stm8tool.open(board(locked=True, faults=["nak-every=500"]), part=PART) as chip:
        chip.write(image((0x8000, FIRMWARE)))
        assert chip.quality.retries
    assert capfd.readouterr() == ("", "")
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any("unlocking it, which erases the whole chip" in text for text in warnings)
    assert any(text.endswith("[E-WEAK-LINK]") for text in warnings)


def test_a_program_without_logging_sees_no_warning(desk: Path) -> None:
    board(locked=True)
    program = (
        "import stm8tool\n"
        f"with stm8tool.open('sim:board.chip', part='{PART}') as chip:\n"
        "    chip.write(stm8tool.load_image('firmware.hex'))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tool")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, encoding="utf-8", check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_progress_reaches_the_end_of_every_stage(desk: Path) -> None:
    calls: list[tuple[str, int, int]] = []

    def note(stage: str, done: int, total: int) -> None:
        calls.append((stage, done, total))

    with stm8tool.open(board(), PART, progress=note) as chip:
        chip.write(image((0x8000, FIRMWARE)))
        chip.read("eeprom")
    ends = [(stage, done) for stage, done, total in calls if done == total]
    assert ends == [("comparing", 128), ("writing", 128), ("verifying", 128), ("reading", 640)]


def test_a_locked_chip_is_left_alone_where_that_is_wanted(desk: Path) -> None:
    with pytest.raises(stm8tool.ReadoutProtectedError) as caught, stm8tool.open(board(locked=True), PART) as chip:
        chip.write(image((0x8000, FIRMWARE)), unlock=False)
    assert caught.value.code is stm8tool.Code.ROP_UPLOAD
    with stm8tool.open("sim:board.chip", PART) as chip:
        protection = chip.info().protection
        assert protection
        assert protection.locked
        upload = chip.write(image((0x8000, FIRMWARE)))
    assert upload.unlocked
    assert upload.unlocked.erased


def test_a_difference_has_its_address_and_both_bytes(desk: Path) -> None:
    with pytest.raises(stm8tool.VerifyError) as caught, stm8tool.open(board(), PART) as chip:
        chip.verify(image((0x8003, b"\0\7")))
    error = caught.value
    assert (error.address, error.expected, error.actual) == (0x8004, 7, 0)


def test_a_write_can_be_kept_to_a_region(desk: Path) -> None:
    both = image((0x4000, b"\1"), (0x8000, FIRMWARE))
    with stm8tool.open(board(), PART) as chip:
        with pytest.raises(stm8tool.ImageError):
            chip.write(both, "eeprom")
        with pytest.raises(stm8tool.ImageError):
            chip.write(image((0x8040, b"\1")), stm8tool.Region("boot", 0x8000, 64))
        assert chip.backup().crc32 == chip.backup().crc32
        assert not any(chip.read("eeprom") + chip.read())
        chip.write(both)
        assert chip.read("eeprom")[:1] + chip.read()[:4] == b"\1" + FIRMWARE[:4]


def test_option_bytes_in_an_image_are_written_where_that_is_wanted_and_no_lock_unless_allowed(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        backup = chip.backup()
        with pytest.raises(stm8tool.ImageError) as caught:
            chip.write(backup)
        assert caught.value.code is stm8tool.Code.DANGEROUS_WRITE
        assert chip.write(backup, options=True).options == ()
        locking = backup.overlaid(image((0x8000, FIRMWARE), (0x4800, b"\xaa\x02\xfd")))
        with pytest.raises(stm8tool.UsageError) as refused:
            chip.write(locking, options=True)
        assert refused.value.code is stm8tool.Code.DANGEROUS_WRITE
        assert not any(chip.read())
        upload = chip.write(locking, options=True, allow={stm8tool.Danger.LOCK})
    assert [(change.option.name, change.value) for change in upload.options] == [("ROP", 0xAA), ("UBC", 0x02)]
    with pytest.raises(stm8tool.ReadoutProtectedError), stm8tool.open("sim:board.chip", PART) as chip:
        chip.options()


def test_option_bytes_are_changed_by_name_and_brought_back(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        changes = chip.set_options("AFR=0x01", "UBC=1K")
        assert [(change.option.name, change.state.value, change.value) for change in changes] == [
            ("UBC", 0x00, 0x10),
            ("AFR", 0x00, 0x01),
        ]
        assert chip.set_options("AFR=0x01") == []
        with pytest.raises(stm8tool.UsageError):
            chip.set_options("AFR")
        assert [change.option.name for change in chip.reset_options()] == ["UBC", "AFR"]
        assert all(state.is_factory for state in chip.options())
        assert (chip.lock(), chip.lock()) == (True, False)


def test_a_backup_is_restored_to_the_same_chip(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        chip.write(image((0x8000, FIRMWARE), (0x4000, b"data")))
        chip.set_options("UBC=1K")
        backup = chip.backup()
        chip.unlock()
        chip.erase()
        chip.erase("eeprom")
        assert chip.restore(backup).left_out == ()
        assert chip.backup().segments == backup.segments
        with pytest.raises(stm8tool.ImageError, match="not a whole backup"):
            chip.restore(image((0x8000, FIRMWARE)))
        assert chip.restore(image((0x8000, FIRMWARE)), force=True).upload.written.programmed == 0


def test_a_program_runs_in_ram_until_the_next_job(desk: Path) -> None:
    loop = image((0x30, b"\x20\xfe"))
    with stm8tool.open(board(), PART) as chip:
        chip.load_ram(loop)
        assert chip.read(stm8tool.Region("loop", 0x30, 2)) == b"\x20\xfe"
        chip.run(0x30, loop)
        assert len(chip.read()) == 8192
        chip.run(0x30, loop)
    assert store.describe("board.chip").state == "running in RAM"
    with stm8tool.open("sim:board.chip", PART) as chip:
        chip.run(0x30, loop)
        chip.read("eeprom")
    assert store.describe("board.chip").state == "running: empty"  # reset on leaving: nothing runs in RAM any more
    with pytest.raises(stm8tool.UsageError), stm8tool.open("sim:board.chip", PART) as chip:
        chip.run(0x8000, loop)


@pytest.mark.parametrize(
    "region", ["eprom", stm8tool.Region("flash", 0x7FFF, 2), stm8tool.Region("x", 0x8000, 0)], ids=str
)
def test_a_region_outside_the_memories_is_an_error_that_names_them(desk: Path, region: str) -> None:
    with stm8tool.open(board(), PART) as chip, pytest.raises(stm8tool.UsageError) as caught:
        chip.read(region)
    assert "flash 0x008000..0x009FFF" in (caught.value.hint or "")


def test_erase_takes_a_memory_or_whole_blocks_of_it(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        chip.write(image((0x8000, FIRMWARE), (0x4000, b"\1")))
        chip.erase(stm8tool.Region("second block", 0x8040, 64))
        assert chip.read()[:128] == FIRMWARE[:64] + bytes(64)
        with pytest.raises(stm8tool.UsageError):
            chip.erase("options")
        chip.erase()
        chip.erase("eeprom")
        assert not any(chip.read() + chip.read("eeprom"))


def test_outside_of_a_with_statement_and_twice_inside_it_is_a_usage_error(desk: Path) -> None:
    chip = stm8tool.open(board(), PART)
    with pytest.raises(stm8tool.UsageError, match="the probe is not open"):
        chip.read()
    with chip, pytest.raises(stm8tool.UsageError, match="in use already"), chip:
        pass
    with chip:  # the next board
        chip.reset()


def test_without_a_part_a_chip_can_be_reached_and_no_more(desk: Path) -> None:
    with stm8tool.open(board()) as chip:
        assert chip.info().seen.register_map == "stm8s"
        assert chip.probe.model == "ST-LINK/V2"
        assert chip.supply_mv == pytest.approx(3300, abs=5)
        for job in (chip.read, chip.options, chip.backup, chip.lock, chip.unlock, lambda: chip.run(0, image())):
            with pytest.raises(stm8tool.UsageError, match="which chip") as caught:
                job()
            assert "stm8tool.open" in (caught.value.hint or "")


def test_parts_and_probes_that_are_not_there_are_told_at_once(desk: Path) -> None:
    with pytest.raises(stm8tool.UnknownPartError):
        stm8tool.open("stlink", part="stm8s999")
    Path("nothing").mkdir()
    assert stm8tool.list_probes("sim:nothing") == []
    with pytest.raises(stm8tool.ProbeNotFoundError), stm8tool.open("sim:nothing", PART):
        pass


@pytest.mark.parametrize(
    "arguments", [{"probe": None}, {"probe": b"stlink"}, {"part": 7}, {"part": b"stm8s103f3"}, {"part": "auto"}]
)
def test_what_names_no_probe_or_part_is_a_usage_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(stm8tool.UsageError) as caught:
        stm8tool.open(**arguments)
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"abc", None, "firmware.hex", [(0x8000, b"abc")]])
def test_what_is_no_image_is_a_usage_error_and_nothing_is_written(desk: Path, data: Any) -> None:
    with stm8tool.open(board(), PART) as chip:
        for job in (chip.write, chip.verify):
            with pytest.raises(stm8tool.UsageError, match="an image is needed") as caught:
                job(data)
            assert caught.value.hint
        assert not any(chip.read())


@pytest.mark.parametrize("data", [b"abc", None, [(0x8000, b"abc")]])
def test_files_and_other_images_are_also_made_only_from_images(desk: Path, data: Any) -> None:
    for job in (lambda: stm8tool.save_image("new.hex", data), lambda: stm8tool.Image().overlaid(data)):
        with pytest.raises(stm8tool.UsageError, match="an image is needed"):
            job()
    assert not Path("new.hex").exists()


@pytest.mark.parametrize("region", [b"flash", 0x8000, (0x8000, 16)])
def test_a_region_of_another_type_is_a_usage_error_and_nothing_is_done(desk: Path, region: Any) -> None:
    data = image((0x8000, FIRMWARE))
    with stm8tool.open(board(), PART) as chip:
        chip.write(data)
        for job in (chip.read, chip.erase, lambda what: chip.verify(data, what), lambda what: chip.write(data, what)):
            with pytest.raises(stm8tool.UsageError, match="a region is named by a string or a Region") as caught:
                job(region)
            assert "stm8tool.Region" in (caught.value.hint or "")
        assert chip.verify(data) == len(FIRMWARE)


@pytest.mark.parametrize("text", [None, 5, b"0x4000,u32,next.txt", "0x4000,u32", "0x4000,u99,next.txt"])
def test_serial_numbers_of_another_form_are_a_usage_error_without_an_option_in_it(text: Any) -> None:
    with pytest.raises(stm8tool.UsageError, match=r"^serial number") as caught:
        stm8tool.SerialNumber.parse(text)
    assert "--" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize("allow", [stm8tool.Danger.LOCK, "lock", ["lock"], None])
def test_what_is_no_collection_of_dangers_allows_nothing(desk: Path, allow: Any) -> None:
    option = stm8tool.Image([stm8tool.Segment(0x4803, b"\x01")])
    with stm8tool.open(board(), PART) as chip:
        for job in (
            lambda: chip.set_options("AFR=0x01", allow=allow),
            lambda: chip.write(option, options=True, allow=allow),
        ):
            with pytest.raises(stm8tool.UsageError, match="`allow`") as caught:
                job()
            assert "Danger.LOCK" in caught.value.hint
        assert chip.read("options")[3] == 0x00


@pytest.mark.parametrize("setting", [None, ["AFR=0x01"], b"AFR=0x01"])
def test_an_option_that_is_not_set_by_a_string_is_a_usage_error(desk: Path, setting: Any) -> None:
    with stm8tool.open(board(), PART) as chip, pytest.raises(stm8tool.UsageError, match="by a string") as caught:
        chip.set_options(setting)
    assert caught.value.hint


def test_after_an_error_inside_the_with_statement_the_probe_is_free_again(desk: Path) -> None:
    selector = board()
    with pytest.raises(ZeroDivisionError), stm8tool.open(selector, PART) as chip:
        chip.connect()
        _ = 1 // 0
    with stm8tool.open(selector, PART) as chip:
        assert chip.options()


def test_files_are_loaded_together_and_saved(desk: Path) -> None:
    Path("data.bin").write_bytes(b"\x99")
    both = stm8tool.load_image("firmware.hex", Path("data.bin"), base=0x4000, part=PART)
    stm8tool.save_image("both.s19", both)
    assert stm8tool.load_image("both.s19").segments == both.segments
    assert both.size == len(FIRMWARE) + 1


def test_a_region_is_named_by_text_as_on_the_command_line(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        chip.write(image((0x8000, FIRMWARE)), "0x8000:0x80")
        assert chip.read("0x8000:4") == FIRMWARE[:4]
        assert chip.verify(image((0x8000, FIRMWARE)), "flash") == len(FIRMWARE)
        with pytest.raises(stm8tool.UsageError, match="inside one memory"):
            chip.erase("0x4800:64")
        chip.erase("0x8000:64")
        assert chip.read("0x8000:64") == bytes(64)


def test_what_a_write_would_refuse_can_be_asked_before(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        chip.check_write(image((0x8000, FIRMWARE)))
        chip.set_options("UBC=0x02")
        with pytest.raises(stm8tool.WriteProtectedError):
            chip.check_write(image((0x8000, FIRMWARE)))
        with pytest.raises(stm8tool.ImageError):
            chip.check_write(image((0x4803, b"\1")))
        assert not any(chip.read())


def test_changes_of_option_bytes_are_told_before_they_are_made(desk: Path) -> None:
    told: list[tuple[list[str], int]] = []
    with stm8tool.open(board(), PART) as chip:

        def tell(changes: Sequence[stm8tool.OptionChange]) -> None:
            told.append(([change.option.name for change in changes], chip.read("options")[3]))

        chip.set_options("AFR=0x01", tell=tell)
        chip.set_options("AFR=0x01", tell=tell)
        chip.reset_options(tell=tell)
        chip.write(image((0x4803, b"\2")), options=True, tell=tell)
    assert told == [(["AFR"], 0), (["AFR"], 1), (["AFR"], 0)]


def test_without_a_part_the_chip_tells_which_parts_it_may_be(desk: Path) -> None:
    with stm8tool.open(board()) as chip:
        assert PART.upper() in {part.name for part in chip.candidates()}
    with stm8tool.open("sim:board.chip", PART) as chip:
        assert chip.unique_id() == chip.info().unique_id
        assert len(chip.unique_id() or b"") == 12


def test_whether_a_program_starts_is_known_afterwards(desk: Path) -> None:
    with stm8tool.open(board(), PART) as chip:
        chip.write(image((0x8000, FIRMWARE)))
        assert chip.starts_program is None
    assert chip.starts_program is True
    with chip:
        chip.erase("eeprom")
        chip.expect_program()
    assert chip.starts_program is True
    with chip:
        chip.read("eeprom")
    assert chip.starts_program is None
