"""`upload_port = usbip://…`: the targets at a probe that `sim serve` has here, and the words of their hints."""

from __future__ import annotations

import re
import sys

import pytest

from pio import Project, stm8tool
from sim.importer import serving

pytestmark = [
    pytest.mark.platform,
    pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there"),
]


def configure(project: Project, port: str, more: str = "") -> None:
    project.configure(f"stm8sblue\nupload_protocol = stlinkv3\nupload_port = {port}\n{more}")


def hints(output: str) -> list[str]:
    return re.findall(r"^hint: (.*)$", output, re.MULTILINE)


def test_the_targets_work_over_usb_ip(project: Project) -> None:
    made = stm8tool("sim", "create", "b.chip", "--part", "stm8s103f3", "--probe", "v3", "--locked", cwd=project.folder)
    assert made.code == 0, made.output
    with serving(project.folder / "b.chip") as server:
        configure(project, f"usbip://127.0.0.1:{server.port}/1-1")
        result = project.run("unlock", "upload", "verify", "dump", "doctor", "list-probes")
        assert result.code == 0, result.output
        assert "STLINK-V3 V3J7M2B4S1, STM8S103F3" in result.output
        assert f"usbip://127.0.0.1:{server.port}/1-1" in result.output
        assert hints(result.output) == []
    firmware = str(project.built("firmware.hex", "stm8sblue"))
    held = stm8tool("--probe", "sim:b.chip", "--part", "stm8s103f3", "verify", firmware, cwd=project.folder)
    assert held.code == 0, held.output


def test_a_hint_has_the_words_of_platformio_ini(project: Project) -> None:
    made = stm8tool("sim", "create", "b.chip", "--part", "stm8s103f3", "--locked", cwd=project.folder)
    assert made.code == 0, made.output
    with serving(project.folder / "b.chip") as server:
        place = f"usbip://127.0.0.1:{server.port}"
        for port, target, more, says in (
            ("usbip://192.0.2.1/1-1", "reset", "", "`?allow-remote` at the end of `upload_port`"),
            (f"{place}/1-1", "verify", "", "`pio run -t unlock`"),
            (f"{place}/1-1", "upload", "board_upload.unlock = never", "`pio run -t unlock`"),
            (f"{place}/1-1", "doctor", "board_upload.part = stm8l151k4", "`board_upload.part`"),
        ):
            configure(project, port, more)
            result = project.run(target)
            assert result.code != 0, result.output
            shown = hints(result.output) + re.findall(r"what to do: (.*)", result.output)
            assert shown, result.output
            assert any(says in hint for hint in shown), shown
            assert not re.search(r"--(probe|part|unlock|allow-remote)\b", " ".join(shown)), shown


def test_an_st_link_is_named_by_its_protocol(project: Project) -> None:
    made = stm8tool("sim", "create", "b.chip", "--part", "stm8s208mb", cwd=project.folder)
    assert made.code == 0, made.output
    project.configure("mb208\nupload_protocol = serial\nupload_port = serial:sim:b.chip")
    result = project.run("unlock")
    assert result.code != 0, result.output
    assert "[E-PROBE-LIMIT]" in result.output
    assert hints(result.output) == ["use an ST-LINK: upload_protocol = stlink, without upload_port"]
