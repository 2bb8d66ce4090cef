"""A virtual machine that sees this machine's files (its own writes are dropped) and has a virtual USB host controller.

Simulated probes are served by this machine, natively and so in time, and attached over QEMU's network.

On some machines /dev/kvm is there and a guest hangs in it, or QEMU gives up: it gets a limit, then QEMU emulates.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Optional

from pio import ROOT, Result
from sim.importer import serving
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from vm.image import FOLDER, HERE, Image, program

KVM_LIMIT_S = 20  # it needs two seconds, or will not come up at all
BOOT_LIMIT_S = 900
COMMAND_LIMIT_S = 900
HOST = "10.0.2.2"  # this machine's loopback, as QEMU's network has it
LIFE_LIMIT_S = 3600  # and it ends with the process that started it


class NoAnswerError(Exception):
    """The guest hangs, or has ended."""


class Probe:
    """A simulated probe in the guest: `chip` is its file, `path` what `--probe` takes, `attach` what plugs it in."""

    def __init__(self, chip: Path, attach: str, device: str) -> None:
        self.chip = chip
        self.attach = attach
        self.device = device
        self.path = f"usb:{device}"

    @property
    def serial(self) -> str:
        return store.describe(self.chip).serial


class Machine:
    """One running guest; commands run in it one after the other, by bash, as root."""

    def __init__(self) -> None:
        image = Image(FOLDER)
        self.io = FOLDER / "io"
        shutil.rmtree(self.io, ignore_errors=True)
        self.io.mkdir()
        settings = {
            "KERNEL": image.root,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PYTHON": sys.executable,
            "PYTHONPATH": ROOT / "tool",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        exports = "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in settings.items())
        (self.io / "agent.sh").write_text(exports + (HERE / "agent.sh").read_text())
        shutil.copy(HERE / "guest.sh", self.io)
        self._console = FOLDER / "console.log"
        self._count = 0
        self._sockets = tempfile.TemporaryDirectory()  # in a short path, as the system wants it
        self.usb_port = Path(self._sockets.name) / "usb"
        if os.access("/dev/kvm", os.R_OK | os.W_OK):
            try:
                self._boot(image, "kvm", "host", KVM_LIMIT_S)
                return
            except NoAnswerError as exc:
                print(f"no KVM, {exc}")
        self._boot(image, "tcg,thread=multi", "max", BOOT_LIMIT_S)

    def _boot(self, image: Image, accelerator: str, cpu: str, limit_s: float) -> None:
        self.accelerator = accelerator.partition(",")[0]
        share = "security_model=none,multidevs=remap"
        self._qemu = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=TERM", "timeout", "--kill-after=5", str(LIFE_LIMIT_S)),
                *(program("qemu-system-x86_64"), "-nodefaults", "-no-reboot", "-display", "none"),
                *("-accel", accelerator, "-cpu", cpu, "-smp", "2", "-m", "1024"),
                *("-kernel", image.kernel, "-initrd", image.initramfs),
                *("-append", "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on"),
                *("-nic", "user,model=virtio-net-pci"),
                *("-device", "qemu-xhci", "-chardev", f"socket,id=port,path={self.usb_port},server=on,wait=off"),
                *("-device", "usb-redir,chardev=port"),  # see redirection.py; a test loads the driver in the guest
                *("-serial", f"file:{self._console}", "-serial", "stdio"),
                *("-virtfs", f"local,path=/,mount_tag=hostroot,readonly=on,{share}"),
                *("-virtfs", f"local,path={self.io},mount_tag=io,{share}"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert self._answer(limit_s) == "ready 0", self._log()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
        self._sockets.cleanup()

    def close(self) -> None:
        self._qemu.terminate()
        self._qemu.communicate()

    def run(self, script: str, limit_s: float = COMMAND_LIMIT_S) -> Result:
        """Run a bash script in the guest; what it prints on either stream is `output`."""
        self._count += 1
        (self.io / f"{self._count}.sh").write_text(script)
        assert self._qemu.stdin
        self._qemu.stdin.write(b"%d\n" % self._count)
        self._qemu.stdin.flush()
        answer = self._answer(limit_s)
        return Result(int(answer.split()[1]), (self.io / f"{self._count}.out").read_text())

    def do(self, script: str) -> str:
        """Run a script that must succeed; return what it prints."""
        result = self.run(script)
        assert result.code == 0, result.output
        return result.output

    @contextmanager
    def probe(self, model: str, *, locked: bool = False, faults: Iterable[str] = ()) -> Iterator[Probe]:
        """Plug in a simulated ST-LINK with an STM8S103F3; afterwards its chip file can be looked at."""
        chip = self.io / f"{self._count}-{model}.chip"
        store.create(chip, find_part("stm8s103f3"), model, locked=locked, faults=faults)
        with serving(chip) as server:
            told = re.search(r"usbip .*", "".join(server.lines))
            assert told, server.lines
            attach = f"attach {told[0].replace('127.0.0.1', HOST)}"
            probe = Probe(chip, attach, self.do(attach).strip())
            yield probe
        self.do(f"while [ -e $DEVICES/{probe.device} ]; do sleep 0.05; done")

    def _answer(self, limit_s: float) -> str:
        """Return the next line of the agent."""
        assert self._qemu.stdout
        line, end = b"", time.monotonic() + limit_s
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self._qemu.stdout], [], [], max(0.0, end - time.monotonic()))
            part = os.read(self._qemu.stdout.fileno(), 1) if readable else b""
            if not part:
                why = "has ended" if readable else f"did not answer within {limit_s} s"
                raise NoAnswerError(f"the virtual machine {why}\n{self._log()}")
            line += part
        return line.decode().strip()

    def _log(self) -> str:
        return "\n".join(self._console.read_text(errors="replace").splitlines()[-30:])
