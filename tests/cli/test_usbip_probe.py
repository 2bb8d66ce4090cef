"""The commands over `usbip://`, at `sim serve` in another process; and the page docs/remote.md as it stands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from documents import examples, read
from sim.importer import serving
from sim.usbip_board import board
from stm8tool.cli.main import main
from stm8tool.image import Segment, save
from stm8tool.sim import store
from stm8tool.support import interrupts
from stm8tool.transport import usbip_place

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there")

PART = ["--part", "stm8s103f3"]
CODE = b"\x82\x00\x80\x80" + bytes(range(1, 125)) + b"\x20\xfe"
SWIM_MODE = 3


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interrupts, "terminate_like_ctrl_c", lambda: None)
    save("firmware.hex", [Segment(0x8000, CODE)])
    return tmp_path


@pytest.mark.parametrize("model", ["v1", "v2", "v21", "v3"])
def test_every_generation_is_listed_written_and_read(
    desk: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = board(desk, model)
    with serving(chip) as server:
        place = f"usbip://127.0.0.1:{server.port}"
        assert main(["list", "--json", "--probe", place]) == 0
        [row] = json.loads(capsys.readouterr().out)["result"]["probes"]
        assert (row["path"], row["serial"]) == (f"{place}/1-1", store.describe(chip).serial)
        for words in (
            ["write", "firmware.hex"],
            ["verify", "firmware.hex"],
            ["--region", "flash", "read", "back.bin"],
            ["lock", "--yes"],
            ["unlock"],
            ["doctor"],
        ):
            assert main(["--probe", row["path"], *PART, *words]) == 0, capsys.readouterr()
        assert main(["--probe", f"{place}/{row['serial'][:8]}", "reset"]) == 0
    assert Path("back.bin").read_bytes()[: len(CODE)] == CODE
    assert store.describe(chip).probe_mode != SWIM_MODE


def test_a_probe_that_another_program_has_is_busy(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(board(desk, "v2")) as server, server.imported():
        assert main(["--probe", f"usbip://127.0.0.1:{server.port}/1-1", "info"]) == 7
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith("is busy: its server does not give it to this program [E-BUSY]")


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [("unplug-after=50", 3, "[E-PROBE-LOST]"), ("unpowered", 4, "[E-TARGET-UNPOWERED]")],
)
def test_a_fault_is_told_as_at_home_and_the_next_command_finds_the_probe(
    desk: Path, fault: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(board(desk, "v2", fault)) as server:
        probe = f"usbip://127.0.0.1:{server.port}/1-1"
        assert main(["--probe", probe, *PART, "info"]) == code
        assert says in capsys.readouterr().err
        assert main(["list", "--probe", probe]) == 0
    assert store.describe(desk / "v2.chip").probe_mode != SWIM_MODE or "unplug" in fault


def test_a_bus_id_that_is_not_there_names_those_that_are(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(board(desk, "v2")) as server:
        assert main(["--probe", f"usbip://127.0.0.1:{server.port}/2-1", "info"]) == 3
        text = capsys.readouterr().err
    assert f"usbip://127.0.0.1:{server.port}/1-1" in text
    assert "no attached probe fits '2-1' [E-NO-PROBE]" in text


def test_the_option_allows_another_machine_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--probe", "usbip://192.0.2.1/1-1", "info"]) == 2
    assert capsys.readouterr().err.endswith("[E-REMOTE]\n")
    asked: list[str] = []

    def refuse(place: usbip_place.UsbipPlace) -> None:
        asked.append(str(place))
        raise ConnectionAbortedError

    monkeypatch.setattr(usbip_place, "connect", refuse)
    with pytest.raises(ConnectionAbortedError):
        main(["--allow-remote", "--probe", "usbip://192.0.2.1/1-1", "info"])
    assert asked == ["192.0.2.1 port 3240"]


def test_the_page_shows_what_happens(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = read("docs/remote.md")
    assert "$ stm8tool sim create board.chip --part stm8s103f3 --probe v3\n$ stm8tool sim serve board.chip\n" in page
    assert main(["sim", "create", "board.chip", *PART, "--probe", "v3"]) == 0
    shown = list(examples(page))
    assert shown
    with serving(desk / "board.chip") as server:
        monkeypatch.setattr(usbip_place, "PORT", server.port)  # the registered port may be in use here
        for example in shown:
            code, text = example.run()
            assert code == 0, text
            assert example.fits(text), text
