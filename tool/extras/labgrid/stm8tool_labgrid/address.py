"""From a resource to the text by which stm8tool finds its probe, the value of `--probe`."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any, Optional

from stm8tool import Code
from stm8tool.transport import usbip_place

from .problem import Stm8ToolError
from .resources import ST_VENDOR

_SIM = "sim:"


def of(resource: Any, *, folder: Optional[Path], port: int, allow_remote: bool) -> str:
    """Return the text for the probe of a resource.

    Args:
        resource: A bound resource of one of the classes in `Stm8ToolDriver.bindings`.
        folder: The folder of the environment file, for a simulated board that is named there.
        port: The port of the USB/IP server on an exporter's host.
        allow_remote: Whether the server may be on another machine.

    Raises:
        Stm8ToolError: The resource does not lead to a probe that this machine can use.
    """
    extra = getattr(resource, "extra", None) or {}
    if extra.get("proxy_required"):
        raise Stm8ToolError(
            f"the exporter of {name_of(resource)} is isolated: it can be reached through ssh only",
            code=Code.REMOTE,
            hint=f"open a tunnel with `ssh -N -L {port}:127.0.0.1:{port} {extra.get('proxy')}`, and write "
            f"address: usbip://127.0.0.1:{port}/BUSID below Stm8ToolDriver",
        )
    address = getattr(resource, "address", None)
    if address is not None:
        return given(address, folder=None if resource.parent else folder, allow_remote=allow_remote)
    path = getattr(resource, "path", None)
    if path is None:
        raise Stm8ToolError(
            f"{name_of(resource)} has no probe: neither an address nor a USB socket is known",
            code=Code.NO_PROBE,
            hint="plug the probe in, and check the address, or the match, in the exporter's file",
        )
    if resource.vendor_id not in (None, ST_VENDOR):
        ids = f"{resource.vendor_id:04x}:{resource.model_id:04x}"
        raise Stm8ToolError(
            f"{name_of(resource)} at {path} is {ids}, which is not an ST-LINK",
            code=Code.NO_PROBE,
            hint="let the match in the exporter's file name the ST-LINK, such as ID_SERIAL_SHORT",
        )
    host = getattr(resource, "host", None)
    if host is None or is_here(host):
        return f"usb:{path}"
    where = f"[{host}]" if ":" in host else host
    return given(f"usbip://{where}:{port}/{path}", folder=None, allow_remote=allow_remote)


def given(address: str, *, folder: Optional[Path], allow_remote: bool) -> str:
    """Return an address that a file names: complete, and with the permission for another machine if there is one."""
    wanted = address.strip()
    if wanted.startswith(_SIM):
        path = Path(wanted[len(_SIM) :])
        if folder is None and not path.is_absolute():
            raise Stm8ToolError(
                f"{wanted} is not a whole path: this process and the exporter have folders of their own",
                hint="write the path of the chip file from the root, such as sim:/srv/boards/1.chip",
            )
        return f"{_SIM}{folder / path if folder else path}"
    return usbip_place.allowed(wanted) if allow_remote else wanted


def is_here(host: str) -> bool:
    """Tell whether an exporter's host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", socket.gethostname()) or host == socket.getfqdn()


def key(selector: str) -> str:
    """Return the same text for each spelling of a probe, for its lock."""
    if selector.startswith(_SIM):
        return f"{_SIM}{os.path.realpath(selector[len(_SIM) :])}"
    if selector.lower().startswith(usbip_place.PREFIX):
        place = usbip_place.parse(selector)
        return f"{place.prefix}{place.which.lower()}"
    return f"{socket.gethostname()} {selector.lower()}"


def name_of(resource: Any) -> str:
    """Return the class of a resource, and its name if it has one."""
    kind = type(resource).__name__
    return kind if resource.name in (None, kind) else f"{kind} {resource.name}"
