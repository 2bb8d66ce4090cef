"""A chip file on USB: `stm8tool sim serve`."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stm8tool.errors import UsageError
from stm8tool.sim import store
from stm8tool.sim.faults import parse
from stm8tool.sim.probe.models import MODELS
from stm8tool.support.interrupts import shield
from stm8tool.words import Hint

from .device import Function, UsbDevice
from .disk import EmptyDisk
from .probe import DiskProbeFunction, ProbeFunction
from .serial_port import SilentSerialPort
from .server import BUSID, Server
from .stlink import DISK, PROBE, SERIAL_DATA, SERIAL_PORT, of_board

PORT = 3240  # registered for USB/IP
_ADDRESS = Hint("{port} takes a number up to 65535, 0 for any free port; {host} takes an address of this machine")


def serve(
    path: store.PathLike,
    host: str,
    port: int,
    say: Callable[[str], None],
    reached_by: Callable[[str], None] = lambda selector: None,
) -> None:
    """Export the probe of a chip file until KeyboardInterrupt; the file is saved whenever the importer goes.

    Args:
        path: The chip file.
        host: Address to listen on.
        port: TCP port, 0 for any free one.
        say: Takes lines for the user, among them how to attach the probe.
        reached_by: Takes the selector of the probe by which a tool reaches the board, once it can.

    Raises:
        UsageError: Not a chip file, a probe that is only a loader, or an address on which the tool cannot listen.
    """
    report = store.describe(path)
    faults = parse(report.faults)
    if faults.loader:
        raise UsageError(
            f"{path}: the USB descriptors of an update loader are not known", hint="make a board without that fault"
        )
    kind = DiskProbeFunction if MODELS[report.model].scsi else ProbeFunction
    about = of_board(report.model, report.serial, faults)

    @contextmanager
    def plugged() -> Iterator[UsbDevice]:
        probe = store.open_transport(path, real_time=True, patient=False)  # others are served meanwhile
        probe.open()
        serial = SilentSerialPort()
        functions: dict[int, Function] = {PROBE: kind(probe), DISK: EmptyDisk()}
        functions.update({SERIAL_PORT: serial, SERIAL_DATA: serial})
        try:
            yield UsbDevice(about, functions)
        finally:
            probe.close()

    with _listener(host, port) as listener:
        host, port = listener.getsockname()[:2]
        say(f"{os.fspath(path)}: {report.part} on a simulated ST-LINK {report.model}, at {host} port {port} (USB/IP)")
        if not ipaddress.ip_address(host).is_loopback:
            say("any machine that can reach this address can use the board")
        option = "" if port == PORT else f" --tcp-port {port}"
        say(f"attach it (Linux, as root): modprobe vhci-hcd; usbip{option} attach -r {_reachable(host)} -b {BUSID}")
        say("Ctrl-C ends this")
        reached_by(_selector(_reachable(host), port))
        with shield():
            Server(about, plugged, say).serve(listener)


def _selector(host: str, port: int) -> str:
    """Return the value of `--probe` for a server."""
    place = f"[{host}]" if ":" in host else host
    return f"usbip://{place}/{BUSID}" if port == PORT else f"usbip://{place}:{port}/{BUSID}"


def _listener(host: str, port: int) -> socket.socket:
    if port not in range(1 << 16):
        raise UsageError(f"cannot listen on {host} port {port}: there is no such port", hint=_ADDRESS)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as exc:
        reason = str(exc.strerror).partition(" (while")[0]  # Python adds the address
        raise UsageError(f"cannot listen on {host} port {port}: {reason}", hint=_ADDRESS) from exc


def _reachable(host: str) -> str:
    """Return the address at which a client reaches this machine: `host`, in the simplest case."""
    return socket.gethostname() if ipaddress.ip_address(host).is_unspecified else host
