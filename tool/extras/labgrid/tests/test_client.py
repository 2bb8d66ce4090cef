"""labgrid-client as its user types it: bootstrap, and how it ends when something is wrong."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boards import board, held, loop, talking
from farm import HERE, LIMIT_S, Done, Farm, Server, program, simulated


def bootstrap(farm: Farm, place: str, file: str = "loop.hex", options: str = "", user: str = "ann") -> Done:
    """Write a file to the board of a place."""
    environment = farm.write_environment(place, options, f"env-{place}-now.yaml")
    return farm.client("-c", environment, "bootstrap", file, user=user)


def refusal(done: Done) -> str:
    """Return the only line on stderr of a command that ended with exit code 1."""
    assert done.code == 1, done
    [line] = [line for line in done.err.splitlines() if not re.search(r"UserWarning|^  ", line)]
    assert line.startswith("labgrid-client: Error: ")
    return line.removeprefix("labgrid-client: Error: ")


# -- what works ------------------------------------------------------------------------------------------------------


def test_bootstrap_writes_the_file(farm: Farm) -> None:
    done = bootstrap(farm, "blank")
    assert (done.code, done.err) == (0, "")
    assert held(farm.folder / "blank.chip", len(loop(1))) == loop(1)


@contextmanager
def served(farm: Farm, chip: Path) -> Iterator[int]:
    """Yield the port of a USB/IP server that has a simulated probe, with the bus id 1-1."""
    words = [sys.executable, "-I", "-m", "stm8tool", "sim", "serve", str(chip), "--port", "0"]
    server = Server(words, chip.parent, "USB/IP", farm.environment)
    try:
        port = re.search(r"port (\d+)", server.ready)
        assert port
        yield int(port[1])
    finally:
        server.stop()


def test_a_probe_of_a_usbip_server_needs_no_ssh(farm: Farm, tmp_path: Path) -> None:
    chip = board(tmp_path / "served.chip")
    with served(farm, chip) as port:
        probe = {"address": f"usbip://127.0.0.1:{port}/1-1", "part": "stm8s103f3"}
        farm.export("served", {"served": {"NetworkStm8Probe": probe}})
        farm.places("served", exporter="served")
        assert bootstrap(farm, "served").code == 0
    assert held(chip, len(loop(1))) == loop(1)


# An ST-LINK/V2-1 without a disk, whose id labgrid's own list lacks, in the socket 1-1 of a machine.
STLINK = """P: /devices/pci0000:00/0000:00:14.0/usb1/1-1
N: bus/usb/001/005=1201000200000040830452370001010203010902200001010080320904000002FFFFFF0007058102400000070501024000
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb
E: DEVNAME=/dev/bus/usb/001/005
E: BUSNUM=001
E: DEVNUM=005
E: ID_VENDOR_ID=0483
E: ID_MODEL_ID=3752
E: ID_SERIAL_SHORT=066BFF343633464257245121
A: idVendor=0483
A: idProduct=3752
"""
FAR = "127.1"  # the loopback in an old form: no name of this machine, so it counts as the host of another one


@pytest.mark.skipif(not shutil.which("umockdev-run"), reason="umockdev gives the exporter a /sys with a probe")
def test_a_probe_that_udev_finds_on_another_machine_is_reached_by_usbip(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "stlink.umockdev").write_text(STLINK, encoding="ascii")
    exporter = ["umockdev-run", "-d", str(tmp_path / "stlink.umockdev"), "--", "stm8tool-labgrid-exporter"]
    match = {"ID_SERIAL_SHORT": "066BFF343633464257245121"}
    probe = {"Stm8Probe": {"match": match, "part": "stm8s103f3"}, "USBDebugger": {"match": match}}
    farm.export("usb", {"socket": probe}, exporter=exporter, host=FAR)
    farm.places("socket", exporter="usb")
    chip = board(tmp_path / "far.chip")
    with served(farm, chip) as port:
        two = refusal(bootstrap(farm, "socket", options=f"usbip_port: {port}"))
        assert "main has no probe for Stm8ToolDriver, or several" in two
        options = f"usbip_port: {port}, bindings: {{probe: Stm8Probe}}"
        done = bootstrap(farm, "socket", options=options)
        assert (done.code, done.err) == (0, "")
    assert held(chip, len(loop(1))) == loop(1)


def test_a_locked_chip_is_erased_and_written_unless_the_environment_forbids_it(farm: Farm) -> None:
    assert refusal(bootstrap(farm, "locked", options="auto_unlock: false")).startswith("the chip is read-protected")
    assert bootstrap(farm, "locked").code == 0
    assert held(farm.folder / "locked.chip", len(loop(1))) == loop(1)


# -- what does not: exit code 1, and one line with code and hint ------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "file", "options", "says"),
    [
        ("absent", "loop.hex", "", r".* \[E-TARGET-UNPOWERED\]; hint: .+"),
        ("blank", "missing.hex", "", r"missing\.hex: no such file \[E-FILE\]; hint: .+"),
        ("blank", "loop.hex", "prt: stm8s103f3", r"Stm8ToolDriver has an unknown parameter 'prt' .*hint: there are .*"),
        ("odd", "loop.hex", "", r"the exporter's NetworkStm8Probe .* has an unknown parameter 'socket' .*"),
    ],
    ids=lambda value: value or "-",
)
def test_a_failure_is_one_line_and_exit_code_1(farm: Farm, place: str, file: str, options: str, says: str) -> None:
    assert re.fullmatch(says, refusal(bootstrap(farm, place, file, options)))


def test_an_isolated_exporter_is_refused_with_the_tunnel_to_open(farm: Farm, tmp_path: Path) -> None:
    farm.export("far", {"far": simulated(tmp_path / "far.chip")}, "--isolated")
    farm.places("far", exporter="far")
    line = refusal(bootstrap(farm, "far"))
    assert line.startswith(
        "the exporter of NetworkStm8Probe is isolated: it can be reached through ssh only [E-REMOTE]"
    )
    assert "ssh -N -L 3240:127.0.0.1:3240" in line


def test_a_bootstrap_that_sigterm_cuts_short_is_not_a_success(farm: Farm) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # of a probe that never answers
        port = server.getsockname()[1]
        environment = farm.write_environment("blank", f"address: 'usbip://127.0.0.1:{port}/1-1'", "env-hangs.yaml")
        client = subprocess.Popen(
            [program("labgrid-client"), "-c", str(environment), "bootstrap", "loop.hex"],
            cwd=farm.folder,
            env=farm.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        server.settimeout(LIMIT_S)
        connection, _ = server.accept()
        with connection:
            client.terminate()
            output, _ = client.communicate(timeout=LIMIT_S)
    assert client.returncode == 128 + signal.SIGTERM, output


# -- who has a place -------------------------------------------------------------------------------------------------


def test_another_user_does_not_get_the_board(farm: Farm) -> None:
    before = held(farm.folder / "shared.chip", 64)
    assert "not acquired by your user" in refusal(bootstrap(farm, "shared", user="bob"))
    assert held(farm.folder / "shared.chip", 64) == before


def test_a_second_process_of_the_same_user_is_told_which_one_has_the_probe(farm: Farm) -> None:
    environment = farm.write_environment("shared")
    words = [sys.executable, str(HERE / "holder.py"), str(environment)]
    first = subprocess.Popen(
        words,
        cwd=farm.folder,
        env=farm.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert first.stdout
        assert first.stdout.readline() == "holding\n"
        line = refusal(bootstrap(farm, "shared"))
        assert re.search(rf"is in use by process {first.pid} \(holder\.py .*\), place shared, since .*\[E-BUSY\]", line)
    finally:
        first.kill()
        first.communicate()
    done = bootstrap(farm, "shared")  # a process that was killed holds nothing
    assert (done.code, done.err) == (0, "")


def test_a_board_works_again_after_its_exporter_was_killed_and_started_again(farm: Farm, tmp_path: Path) -> None:
    chip = board(tmp_path / "moving.chip")
    groups = {"moving": simulated(chip)}
    server = farm.export("moving", groups)
    farm.places("moving", exporter="moving")
    assert bootstrap(farm, "moving").code == 0
    server.kill()
    assert "orphaned resource" in bootstrap(farm, "moving", "talking.hex").err
    farm.export("moving", groups)
    assert farm.client("-p", "moving", "release").code == 0
    assert farm.client("-p", "moving", "acquire").code == 0
    assert bootstrap(farm, "moving", "talking.hex").code == 0
    assert held(chip, len(talking())) == talking()


# -- labgrid's pytest plugin -----------------------------------------------------------------------------------------

TEST = """
def test_the_board(target):
    board = target.get_driver("Stm8ToolDriver")
    board.load("talking.hex")
    board.expect("hello", timeout=20)
    board.sendline("again")
    board.expect("again", timeout=20)
    board.reset()
    board.expect("hello", timeout=20)
    assert board.verify("talking.hex") > 100
"""


def ran(farm: Farm, *words: object) -> Done:
    """Run pytest in the folder of the farm."""
    (farm.folder / "test_board.py").write_text(TEST, encoding="utf-8")
    options = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(farm.folder)]
    return farm.ended([program("pytest"), "-q", *options, "test_board.py", *map(str, words)])


def test_a_test_loads_resets_and_talks_to_the_board(farm: Farm) -> None:
    done = ran(farm, "--lg-env", farm.write_environment("blank"))
    assert done.code == 0, done.out
    assert "1 passed" in done.out


def test_a_test_without_a_chip_fails_with_the_reason(farm: Farm) -> None:
    done = ran(farm, "--lg-env", farm.write_environment("absent"))
    assert done.code == 1, done.out
    assert "[E-TARGET-UNPOWERED]; hint: " in done.out


def test_without_lg_env_all_is_skipped(farm: Farm) -> None:
    done = ran(farm)
    assert (done.code, "1 skipped" in done.out) == (0, True)
