"""The driver and its client in one process, by jumpstarter's own `serve`, on a simulated board."""

from __future__ import annotations

import gzip
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jumpstarter.client.core import DriverError
from jumpstarter.client.flasher import FlasherClient
from jumpstarter.common.exceptions import ConfigurationError
from jumpstarter.streams.encoding import Compression

import stm8tool
from jump_desk import BLOCKS, FLASH, LIMIT_S, OTHER, PROGRAM, STM8S, Desk, talking
from stm8tool import Code
from stm8tool.selector import place_of
from stm8tool.support.reserving import Reservation
from stm8tool_jumpstarter import jobs
from stm8tool_jumpstarter.client import Stm8Client
from stm8tool_jumpstarter.driver import Stm8


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("talking.hex", {}),
        ("talking.s19", {}),
        ("talking.elf", {}),
        ("talking.bin", {"base": 0x8000}),
        ("talking.bin", {"base": "0x8000"}),
        ("talking.bin", {"base": "32768"}),
        ("talking.bin", {"target": "flash"}),
        ("talking.bin", {"target": "0x8000"}),
        ("talking.bin", {"target": 0x8000}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(f"{name}={one}" for name, one in value.items()),
)
def test_the_content_of_a_file_shows_its_format(desk: Desk, name: str, more: dict[str, Any]) -> None:
    client = desk.serve()
    done = client.flash(desk.path(name), **more)
    assert done == {"file": name, "bytes": len(PROGRAM), "compared": BLOCKS, "programmed": BLOCKS, "erased": False}
    assert all(type(done[count]) is int for count in ("bytes", "compared", "programmed"))
    assert client.verify(desk.path("talking.hex")) == len(PROGRAM)
    assert desk.flash_holds(PROGRAM)
    assert desk.is_running()


def test_a_raw_binary_without_a_place_is_refused_and_nothing_is_written(desk: Desk) -> None:
    with pytest.raises(stm8tool.ImageError, match=r"talking\.bin: a raw binary has no address") as caught:
        desk.serve().flash(desk.path("talking.bin"))
    assert caught.value.hint == "give base=0x8000 for the flash, or a target: flash, eeprom, or an address"
    assert desk.flash_holds(b"")


@pytest.mark.parametrize("base", ["zz", -1, 32768.5])
def test_an_address_that_is_none_is_refused_although_the_file_comes(desk: Desk, base: Any) -> None:
    with pytest.raises(stm8tool.UsageError, match="is not a"):
        desk.serve().flash(desk.path("talking.bin"), base=base)
    assert desk.flash_holds(b"")


def test_several_targets_in_one_call(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "settings.bin").write_bytes(b"\x01\x02\x03\x04")
    client = desk.serve()
    done = client.flash({"flash": desk.path("talking.bin"), "eeprom": tmp_path / "settings.bin"})
    assert done["eeprom"]["programmed"] == 1
    assert client.read("eeprom").slice(stm8tool.find_part(STM8S).eeprom)[0].data[:4] == b"\x01\x02\x03\x04"
    assert desk.flash_holds(PROGRAM)


def test_a_compressed_file_is_unpacked_on_the_way(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "talking.hex.gz").write_bytes(gzip.compress((tmp_path / "talking.hex").read_bytes()))
    done = desk.serve().flash(tmp_path / "talking.hex.gz", compression=Compression.GZIP)
    assert done["file"] == "talking.hex"
    assert desk.flash_holds(PROGRAM)


def test_a_file_that_is_too_large_when_it_is_unpacked_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "large.bin.gz").write_bytes(gzip.compress(bytes(jobs.LARGEST + 1)))
    with pytest.raises(stm8tool.ImageError, match="the file has more than 16 MiB"):
        desk.serve().flash(tmp_path / "large.bin.gz", compression=Compression.GZIP)


@pytest.mark.parametrize("suffix", ["hex", "bin", "s19"])
def test_a_dump_is_a_file_of_the_format_that_its_name_says(desk: Desk, tmp_path: Path, suffix: str) -> None:
    desk.board(content=PROGRAM)
    client = desk.serve()
    image = client.dump(tmp_path / f"dump.{suffix}")
    assert image.size == FLASH.size
    assert client.verify(tmp_path / f"dump.{suffix}", base=0x8000 if suffix == "bin" else None) == FLASH.size
    assert client.read("0x8000:4").segments[0] == stm8tool.Segment(0x8000, PROGRAM[:4])
    assert len(client.dump(tmp_path / "all.hex", target="all").segments) == 3


def test_a_dump_that_fails_leaves_the_old_file(desk: Desk, tmp_path: Path) -> None:
    desk.board(locked=True)
    (tmp_path / "dump.hex").write_text("before")
    with pytest.raises(stm8tool.ReadoutProtectedError):
        desk.serve().dump(tmp_path / "dump.hex")
    assert (tmp_path / "dump.hex").read_text() == "before"


def test_reset_erase_info_and_options(desk: Desk) -> None:
    desk.board(content=PROGRAM)
    client = desk.serve()
    client.reset()
    found = client.info()
    assert (found["part"], found["locked"], found["probe"]["place"]) == (STM8S.upper(), False, desk.probe)
    assert [one["name"] for one in found["options"]][:2] == ["ROP", "UBC"]
    changed = client.options("UBC=1K")
    assert changed["changed"] == [{"name": "UBC", "before": 0, "after": 16}]
    with pytest.raises(stm8tool.WriteProtectedError) as caught:
        client.erase()
    assert (caught.value.ubc, type(caught.value.ubc)) == (16, int)
    assert client.options(defaults=True)["changed"] == [{"name": "UBC", "before": 16, "after": 0}]
    assert client.erase() == {"region": "flash", "compared": FLASH.size // 64, "programmed": BLOCKS}
    assert desk.flash_holds(b"")


def test_a_dangerous_option_byte_needs_its_danger(desk: Desk) -> None:
    client = desk.serve()
    with pytest.raises(stm8tool.UsageError) as caught:
        client.options("ROP=0xAA")
    assert caught.value.code is Code.DANGEROUS_WRITE
    with pytest.raises(stm8tool.UsageError, match="there is no danger 'all' to allow"):
        client.options("ROP=0xAA", allow=["all"])
    assert client.options("ROP=0xAA", allow=["lock"])["changed"] == [{"name": "ROP", "before": 0, "after": 0xAA}]
    assert client.info()["locked"]


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_locked_chip_is_erased_only_if_both_sides_allow_it(desk: Desk) -> None:
    desk.board(locked=True)
    client = desk.serve()
    with pytest.raises(stm8tool.ReadoutProtectedError) as caught:
        client.flash(desk.path("talking.hex"), unlock=False)
    assert (caught.value.code, caught.value.exit_code) == (Code.ROP_UPLOAD, 5)
    assert client.info()["locked"]
    assert client.unlock()["erased"]
    desk.board(locked=True)
    assert client.flash(desk.path("talking.hex"))["erased"]
    desk.board(locked=True)
    with pytest.raises(stm8tool.ReadoutProtectedError):
        desk.serve(unlock="never").flash(desk.path("talking.hex"), unlock=True)


def test_numbers_of_an_error_are_integers_again(desk: Desk) -> None:
    client = desk.serve()
    client.flash(desk.path("talking.hex"))
    with pytest.raises(stm8tool.VerifyError) as caught:
        client.verify(desk.path("other.hex"))
    error = caught.value
    assert (error.address, error.expected, error.actual) == (0x8021, 0x04, 0x06)
    assert {type(number) for number in (error.address, error.expected, error.actual)} == {int}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"probe": "sim:missing.chip"}, None),
        ({"part": "stm8l151k4"}, Code.FAMILY),
    ],
)
def test_what_is_wrong_at_the_exporter_is_told_to_the_client(desk: Desk, more: dict[str, str], code: Code) -> None:
    with pytest.raises(stm8tool.ToolError) as caught:
        desk.serve(**more).info()
    assert caught.value.code is code or code is None
    assert caught.value.hint


def test_a_file_that_is_missing_is_told_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(stm8tool.ImageError, match="no such file"):
        desk.serve().flash(desk.path("missing.hex"))


def test_a_piece_of_a_file_is_not_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.Sent, "of", lambda about: jobs.Sent("cut.hex", 100000, None, None))
    with pytest.raises(stm8tool.ImageError, match=r"cut.hex: \d+ of 100000 bytes came, so nothing was done"):
        desk.serve().flash(desk.path("talking.hex"))
    assert desk.flash_holds(b"")


def test_a_part_that_does_not_exist_is_an_error_of_the_configuration(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match=r"\[E-PART-UNKNOWN\]"):
        desk.driver(part="stm8s999")
    with pytest.raises(ValueError, match="unlock"):
        desk.driver(unlock="sometimes")
    with pytest.raises(ValueError, match="prob"):
        desk.driver(prob="stlink")


def test_a_client_of_jumpstarter_itself_works_and_gets_the_code_in_the_text(desk: Desk, tmp_path: Path) -> None:
    client = desk.serve()
    assert FlasherClient.flash(client, desk.path("talking.hex")) is None
    assert FlasherClient.flash(client, desk.path("talking.bin"), target="0x8000") is None
    FlasherClient.dump(client, tmp_path / "raw.bin")
    assert (tmp_path / "raw.bin").read_bytes() == PROGRAM.ljust(FLASH.size, b"\0")
    FlasherClient.dump(client, tmp_path / "piece.bin", target="0x8000:6")
    assert (tmp_path / "piece.bin").read_bytes() == PROGRAM[:6]
    with pytest.RaisesGroup(DriverError) as caught:  # jumpstarter's own: the DriverError is in it
        FlasherClient.flash(client, desk.path("talking.bin"))
    assert "the file: a raw binary has no address [E-FILE]" in str(caught.value.exceptions[0])
    desk.board(locked=True)
    with pytest.RaisesGroup(DriverError) as caught:
        FlasherClient.dump(client, tmp_path / "raw.bin")
    assert "[E-ROP-READ]" in str(caught.value.exceptions[0])


# -- several clients -------------------------------------------------------------------------------------------------


def test_two_clients_at_once_take_turns_and_none_is_mixed_up(desk: Desk) -> None:
    client = desk.serve()

    def upload(name: str) -> int:
        return sum(client.flash(desk.path(name))["compared"] for _ in range(6))

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(upload, ["talking.hex", "other.hex"])) == [6 * BLOCKS, 6 * BLOCKS]
    assert desk.flash_holds(PROGRAM) or desk.flash_holds(OTHER)
    assert desk.is_running()


class Gate:
    """An upload that stands still when it has begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        plain = jobs.flash

        def flash(upload: jobs.Upload, *, unlock: bool) -> jobs.Job:
            job = plain(upload, unlock=unlock)

            def waiting(chip: stm8tool.Chip) -> Any:
                self.begun.set()
                assert self.go.wait(LIMIT_S)
                return job(chip)

            return waiting

        monkeypatch.setattr(jobs, "flash", flash)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def test_an_upload_whose_client_goes_away_runs_to_its_end(
    desk: Desk, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    driver = desk.driver()
    _, left = calls_of(driver)
    client = desk.serve(driver)
    call = client.portal.start_task_soon(_flash_async, client, desk.path("talking.hex"))
    assert gate.begun.wait(LIMIT_S)
    call.cancel()
    assert left.acquire(timeout=LIMIT_S)
    gate.go.set()
    assert client.verify(desk.path("talking.hex")) == len(PROGRAM)
    assert desk.flash_holds(PROGRAM)
    assert desk.is_running()
    assert "flash talking.hex: done, after its client had gone" in caplog.text


def test_an_upload_whose_client_goes_away_before_its_turn_is_dropped(desk: Desk, gate: Gate) -> None:
    driver = desk.driver()
    came, left = calls_of(driver)
    client = desk.serve(driver)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.flash, desk.path("talking.hex"))
        assert gate.begun.wait(LIMIT_S)
        assert came.acquire(timeout=LIMIT_S)
        second = client.portal.start_task_soon(_flash_async, client, desk.path("other.hex"))
        assert came.acquire(timeout=LIMIT_S)
        assert client.call("console_write", "") == 0  # the exporter answers meanwhile
        second.cancel()
        assert left.acquire(timeout=LIMIT_S)
        gate.go.set()
        assert first.result(LIMIT_S)["programmed"] == BLOCKS
    assert client.verify(desk.path("talking.hex")) == len(PROGRAM)
    assert desk.flash_holds(PROGRAM)


def calls_of(driver: Stm8) -> tuple[threading.Semaphore, threading.Semaphore]:
    """Return what counts the calls that come to a driver, and those that leave it."""
    came, left = threading.Semaphore(0), threading.Semaphore(0)
    plain = driver._done

    async def done(what: str, prepare: Any) -> Any:
        came.release()
        try:
            return await plain(what, prepare)
        finally:
            left.release()

    driver._done = done
    return came, left


async def _flash_async(client: Stm8Client, path: str) -> Any:
    from stm8tool_jumpstarter.client import _Sending

    content = Path(path).read_bytes()
    about = {"name": Path(path).name, "size": len(content)}
    async with client.resource_async(_Sending(content)) as handle:
        return await client.call_async("flash", handle, None, about)


def test_a_second_client_is_told_that_the_probe_is_busy(desk: Desk, gate: Gate) -> None:
    client = desk.serve(wait_s=0.1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.flash, desk.path("talking.hex"))
        assert gate.begun.wait(LIMIT_S)
        with pytest.raises(stm8tool.AccessError, match=r"another client has used the probe for 0\.1 s") as caught:
            client.info()
        gate.go.set()
        assert first.result(LIMIT_S)["programmed"] == BLOCKS
    assert caught.value.code is Code.BUSY


def test_another_program_of_the_farm_keeps_the_probe(desk: Desk) -> None:
    with Reservation(place_of(desk.probe)), pytest.raises(stm8tool.AccessError) as caught:
        desk.serve(wait_s=0.1).info()
    assert caught.value.code is Code.BUSY


def test_another_command_that_has_the_probe_is_awaited(desk: Desk) -> None:
    client = desk.serve()
    with ThreadPoolExecutor() as pool:
        with stm8tool.open(desk.probe, STM8S) as chip:
            chip.connect()
            waiting = pool.submit(client.info)
            assert not chip.info().protection.locked
        assert waiting.result(LIMIT_S)["part"] == STM8S.upper()


def test_the_end_of_the_exporter_waits_for_an_upload(desk: Desk, gate: Gate) -> None:
    driver = desk.driver()
    gone = threading.Event()
    with ThreadPoolExecutor() as pool:
        upload = pool.submit(driver._uses.job, _written(desk), gone)
        assert gate.begun.wait(LIMIT_S)
        closing = pool.submit(driver.close)
        gate.go.set()
        assert upload.result(LIMIT_S)["programmed"] == BLOCKS
        closing.result(LIMIT_S)
    with pytest.raises(stm8tool.AccessError, match="the exporter is ending"):
        driver._uses.job(jobs.info, gone)
    assert Reservation(place_of(desk.probe)).attempt()
    assert desk.is_running()


def _written(desk: Desk) -> jobs.Job:
    content = Path(desk.path("talking.hex")).read_bytes()
    return jobs.flash(jobs.upload_of(content, jobs.Sent.of(None), None, stm8tool.find_part(STM8S)), unlock=True)


# -- the console -----------------------------------------------------------------------------------------------------


def test_the_text_of_the_program_comes_and_an_upload_does_not_end_it(desk: Desk) -> None:
    client = desk.serve()
    client.flash(desk.path("talking.hex"))
    notices: list[str] = []
    with client.console(notices.append) as console:
        assert console.expect("hello\n")
        assert not Reservation(place_of(desk.probe)).attempt()
        client.flash(desk.path("other.hex"))
        assert console.expect("bye\n", timeout=LIMIT_S)
        assert console.text == "hello\nbye\n"
        assert console.takes_input is False
        with pytest.raises(stm8tool.ToolError, match="takes no input"):
            console.send("x")
    assert notices == ["another command needs the probe: it has the probe now", "the probe is back"]
    wait_until_free(desk)
    assert desk.is_running()


def test_text_goes_to_the_program(desk: Desk) -> None:
    ring = b"\x57\xc5I\xa3" + bytes([15, 0, 0, 0])
    put = b"".join(bytes([0x35, byte, *(0x0200 + n).to_bytes(2, "big")]) for n, byte in enumerate(ring))
    desk.board(content=talking(b"hello\n")[:-2] + put + b"\x20\xfe")
    client = desk.serve()
    with client.console() as console:
        assert console.takes_input
        console.send("hi")
        console.send(b"\x00\xff")
        with pytest.raises(stm8tool.ToolError, match=r"did not take the last 8 bytes in 0\.1 s"):
            console.send("0123456789abcdefghij", timeout=0.1)


def test_a_program_without_a_console_and_a_second_listener_are_told(desk: Desk) -> None:
    client = desk.serve()
    with pytest.raises(stm8tool.TargetError) as caught, client.console():
        pass
    assert caught.value.code is Code.NO_CONSOLE
    client.flash(desk.path("talking.elf"))
    with client.console() as console:
        with pytest.raises(stm8tool.AccessError) as busy, client.console():
            pass
        assert busy.value.code is Code.BUSY
        with pytest.raises(stm8tool.ToolError, match=r"did not write 'never' in 0\.2 s: it wrote 'hello"):
            console.expect("never", timeout=0.2)


def test_a_client_that_goes_away_takes_its_console_with_it(desk: Desk) -> None:
    desk.board(content=PROGRAM)
    client = desk.serve()
    came = threading.Event()

    async def listen() -> None:
        async for _ in client.streamingcall_async("listen"):
            came.set()

    call = client.portal.start_task_soon(listen)
    assert came.wait(LIMIT_S)
    call.cancel()
    wait_until_free(desk)
    with client.console() as console:
        assert console.takes_input is False
    assert desk.is_running()


def test_the_console_is_a_stream_of_bytes_for_adapters(desk: Desk) -> None:
    desk.board(content=PROGRAM)
    client = desk.serve()

    def listen() -> bytes:
        found = b""
        with client.stream("connect") as stream:
            while not found.endswith(b"hello\n"):
                found += stream.receive()
        return found

    assert listen() == b"hello\n"  # the stream ends when nothing refers to it any more
    wait_until_free(desk)
    client.reset()
    assert desk.is_running()


def wait_until_free(desk: Desk) -> None:
    """Wait until the driver has let the probe go: it hears of the end of a stream a moment later."""
    with Reservation(place_of(desk.probe), LIMIT_S):
        pass
