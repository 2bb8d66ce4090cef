"""The place of a USB/IP server: the selectors that begin with "usbip:", and the machines that the tool may reach.

    usbip://HOST[:PORT][/WHICH][?allow-remote]

WHICH is a bus id of the server, such as 1-1, or else what chooses an ST-LINK: a serial number, "stlinkv3". HOST is a
name, an IPv4 address, or an IPv6 address in brackets.

USB/IP has no password and no encryption. So only this machine is reached unless the user allows another one. A name
counts as another machine if one of its addresses is not a loopback address. The tool looks a name up once, and
connects to the addresses that it has checked.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Any, NamedTuple, Optional

from ..errors import Code, TransportError, UsageError
from ..words import Hint

PREFIX = "usbip:"
PORT = 3240  # registered for USB/IP
ALLOWED = "?allow-remote"
START_SERVER = Hint(
    "start `usbipd` there, or `{tool} sim serve` for a simulated board; check the port, and the ssh tunnel if there "
    "is one"
)

_CONNECT_LIMIT_S = 5.0
_FORM = re.compile(
    r"usbip://(\[[0-9a-f:.%\w]+\]|[^\s/:?#@\[\]]+)(?::(\d{1,5}))?(?:/([^\s/?#]*))?(\?allow-remote)?", re.IGNORECASE
)
# A server whose machine vanished silently is missed within half a minute, if the system lets us choose.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class UsbipPlace(NamedTuple):
    """A server, and the device that the user wants of it.

    Attributes:
        host: Name or address, an IPv6 address without brackets.
        port: TCP port.
        which: What chooses the device; "" if the user does not say.
        allowed: It may be another machine.
    """

    host: str
    port: int
    which: str
    allowed: bool

    @property
    def prefix(self) -> str:
        """The text before a bus id, for a selector."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"usbip://{host}/" if self.port == PORT else f"usbip://{host}:{self.port}/"

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


def parse(selector: str) -> UsbipPlace:
    """Return what `selector` means.

    Raises:
        UsageError: It does not have the form above.
    """
    found = _FORM.fullmatch(selector.strip())
    if found is None or not 0 < int(found[2] or PORT) < 1 << 16:
        raise UsageError(
            f"'{selector}' does not name a probe of a USB/IP server",
            hint="write usbip://HOST/BUSID or usbip://HOST:PORT/BUSID, such as usbip://127.0.0.1/1-1",
        )
    return UsbipPlace(found[1].strip("[]").lower(), int(found[2] or PORT), found[3] or "", found[4] is not None)


def allowed(selector: str) -> str:
    """Return `selector` with the permission to reach another machine, if it means a USB/IP server."""
    wanted = selector.strip()
    means_server = wanted.lower().startswith(PREFIX) and not wanted.lower().endswith(ALLOWED)
    return wanted + ALLOWED if means_server else selector


def connect(place: UsbipPlace) -> socket.socket:
    """Return a connection to the server.

    Raises:
        UsageError: It is another machine, and that is not allowed.
        TransportError: No server answers there.
    """
    failure: Optional[OSError] = None
    for family, address in _addresses(place):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_CONNECT_LIMIT_S)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        except OSError as exc:
            connection.close()
            failure = exc
            continue
        except BaseException:
            connection.close()
            raise
        return connection
    if isinstance(failure, socket.timeout):
        reason = f"it did not answer within {_CONNECT_LIMIT_S:g} s"
    else:
        reason = failure.strerror or str(failure) if failure else "it has no address"
    raise TransportError(
        f"no USB/IP server answers at {place}: {reason}", code=Code.NO_SERVER, hint=START_SERVER
    ) from failure


def _addresses(place: UsbipPlace) -> list[tuple[int, Any]]:
    """Return family and address of each address of the host.

    Raises:
        UsageError: One of them is not of this machine, and that is not allowed.
    """
    if not place.allowed and _is_address(place.host) and not _is_here(place.host):
        raise _not_allowed(place)
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is not a valid name"
        raise TransportError(
            f"the host {place.host} cannot be found: {reason}",
            code=Code.NO_SERVER,
            hint="check the name; an address such as 127.0.0.1 works, too",
        ) from exc
    addresses: list[tuple[int, Any]] = [(family, address) for family, _, _, _, address in found]
    if not place.allowed and not all(_is_here(str(address[0])) for _, address in addresses):
        raise _not_allowed(place)
    return addresses


def _not_allowed(place: UsbipPlace) -> UsageError:
    return UsageError(
        f"{place.host} is another machine, and USB/IP has no password and no encryption",
        code=Code.REMOTE,
        hint=Hint(
            "open a tunnel with `ssh -N -L {tcp}:127.0.0.1:{tcp} USER@{machine}`, and use usbip://127.0.0.1{own}/…; "
            "in a network that you trust, add {allow_remote}",
            tcp=place.port,
            machine=place.host,
            own="" if place.port == PORT else f":{place.port}",
        ),
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_here(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
