"""A serial port of this machine, or of another one by pyserial's URLs. The only door to pyserial.

Source: pyserial 3.5. `serial_for_url` takes the name of a port, `socket://HOST:PORT` and `rfc2217://HOST:PORT`.
"""

from __future__ import annotations

import errno
import logging
import re
import sys
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, NoReturn, Optional

from ..errors import AccessError, Code, ProbeAmbiguousError, ProbeLostError, ProbeNotFoundError, UsageError
from ..support import deps
from ..support.clock import Clock, MonotonicClock
from ..words import Hint

_NO_SUCH_SETTING: tuple[type[Exception], ...] = ()
if sys.platform != "win32":
    import termios

    _NO_SUCH_SETTING = (termios.error,)  # which is not an OSError

_log = logging.getLogger(__name__)

_FORMS = "write serial:/dev/ttyUSB0, serial:COM5, socket://HOST:PORT or rfc2217://HOST:PORT"
_PORT = re.compile(r":(\d{1,5})(/|\?|$)", re.ASCII)
_NO_PARITY_BY = "socket://"  # raw bytes: the other end has the parity, the speed and the control lines
_WRITE_LIMIT_S = 5.0  # a port that takes no byte for so long hangs
_POLL_S = 0.02  # one read waits so long
_NO_LINES = (errno.ENOTTY, errno.EINVAL)  # a pseudo terminal has none
_NO_ENTRY = (errno.ENOENT, errno.ENODEV, errno.ENXIO)


def _listed() -> list[Any]:
    """Return the serial ports of this machine as pyserial lists them; none if the system cannot list them."""
    deps.require("serial")
    try:
        from serial.tools import list_ports
    except AttributeError as exc:  # Wine 8 has no CM_MapCrToWin32Err, which pyserial 3.5 looks up at once
        _log.info("the system cannot list serial ports: %s", exc)
        return []
    return sorted(list_ports.comports())


def ports() -> list[tuple[str, str]]:
    """Return the serial ports of this machine, each with its description; none if the system cannot list them."""
    return [(port.device, port.description) for port in _listed()]


def ports_on_usb() -> list[str]:
    """Return the names of the serial ports that are on USB: all that have a vendor id."""
    return [port.device for port in _listed() if port.vid is not None]


class UsbPort(NamedTuple):
    """A serial port on USB.

    Attributes:
        name: As the system has it.
        text: A description.
        serial: The serial number of the device; None if it has none.
        product: USB id.
    """

    name: str
    text: str
    serial: Optional[str]
    product: int


def usb_ports(vendor: int, products: Collection[int]) -> list[UsbPort]:
    """Return the serial ports that are on USB with these ids; none if the system cannot list them."""
    found = [port for port in _listed() if port.vid == vendor and port.pid in products]
    return [UsbPort(port.device, port.description, port.serial_number, port.pid) for port in found]


def only_port(prefix: str, likely: Sequence[str] = ()) -> str:
    """Return the name of the only serial port on USB, or the only one that is likely.

    A port that is built into the machine may have anything at its other end, so it is used only by its name.

    Args:
        prefix: What stands before the name of a port in `--probe`.
        likely: The ports at which the probe may be; none if that is not known.

    Raises:
        ProbeNotFoundError: There is none.
        ProbeAmbiguousError: There are several.
    """
    found = list(likely) or ports_on_usb()
    if len(found) > 1:
        raise ProbeAmbiguousError(
            f"this machine has {len(found)} serial ports {'of this kind' if likely else 'on USB'}, and you named none",
            hint=Hint("choose one: {probe:{port}}", port=prefix + found[0]),
            details=[f"{prefix}{name}" for name in found],
        )
    if found:
        return found[0]
    others = [name for name, _ in ports()]
    if not others:
        raise ProbeNotFoundError("this machine has no serial port", hint="plug the adapter in")
    raise ProbeNotFoundError(
        "this machine has no serial port on USB, and you named none",
        hint=Hint("plug the adapter in, or name the port: {probe:{port}}", port=prefix + others[0]),
        details=[f"{prefix}{name}" for name in others],
    )


class SerialPort:
    """A `SerialLine` by pyserial.

    Args:
        url: The name of a port, or a URL of pyserial.
        place: The value of `--probe` that means it.
    """

    def __init__(self, url: str, place: str) -> None:
        self._url = url
        self._place = place
        self._clock = MonotonicClock()
        self._port: Any = None
        self._parity_fixed = False

    @property
    def place(self) -> str:
        """The value of `--probe` that means it."""
        return self._place

    @property
    def clock(self) -> Clock:
        """The system's clock."""
        return self._clock

    @property
    def sets_parity(self) -> bool:
        """True unless the port is a raw socket or a pseudo terminal."""
        return not (self._parity_fixed or self._url.startswith(_NO_PARITY_BY))

    def open(self, baud: int) -> None:
        """Open the port."""
        deps.require("serial")
        import serial

        _, is_url, where = self._url.partition("://")
        number = _PORT.search(where)
        if not self._url or (is_url and not (number and 0 < int(number[1]) < 1 << 16)):
            raise UsageError(f"{self._place} names no port", hint=_FORMS)
        try:
            port = serial.serial_for_url(self._url, do_not_open=True)
            port.baudrate, port.parity, port.bytesize, port.stopbits = baud, serial.PARITY_EVEN, 8, 1
            port.timeout = _POLL_S  # it stays: each change of a setting costs a tenth of a second by RFC 2217
            port.dtr = port.rts = False  # opening the port must not reset the board
            if "://" not in self._url:  # pyserial's URLs refuse both with NotImplementedError
                port.write_timeout = _WRITE_LIMIT_S
                port.exclusive = True
            self._open(port)
        except ValueError as exc:
            raise UsageError(
                f"{self._place} cannot be used: {exc}",
                hint=_FORMS,
            ) from exc
        except (serial.SerialException, OSError) as exc:
            self._refuse(exc)
        self._port = port

    def _open(self, port: Any) -> None:
        """Open a port; without parity if it is a pseudo terminal, which has none."""
        try:
            port.open()
        except _NO_SUCH_SETTING as exc:
            _log.debug("%s has no parity: %s", self._place, exc)
            self._parity_fixed = True
            port.parity = "N"
            port.open()

    def _refuse(self, exc: Exception) -> NoReturn:
        number = getattr(exc, "errno", None)
        text = str(exc)
        if number in _NO_ENTRY or "FileNotFoundError" in text:
            raise ProbeNotFoundError(
                f"there is no serial port {self._place}", hint=_known(), details=[f"the system says: {text}"]
            ) from exc
        if number == errno.EACCES or "PermissionError" in text:
            raise AccessError(
                f"the system does not let this user open {self._place}, or another program has it",
                code=Code.PERMISSION,
                hint="close other programs that use the port; on Linux join its group: "
                "`sudo usermod -aG dialout $USER`, then log out and in",
                details=[f"the system says: {text}"],
            ) from exc
        if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
            raise AccessError(
                f"another program uses {self._place}",
                code=Code.BUSY,
                hint="close the serial monitor and other programs that use the port",
                details=[f"the system says: {text}"],
            ) from exc
        raise ProbeNotFoundError(
            f"{self._place} cannot be opened: {text}", hint="check the name of the port, or the host and its port"
        ) from exc

    def close(self) -> None:
        """Release the port."""
        port, self._port = self._port, None
        if port is None:
            return
        try:
            port.close()
        except (OSError, ValueError) as exc:  # the adapter may be gone
            _log.debug("%s did not close: %s", self._place, exc)

    def set_parity(self, *, even: bool) -> None:
        """Use even parity, or none."""
        import serial

        if not self.sets_parity:
            return
        with _Lost(self._place):
            self._port.flush()
            try:
                self._port.parity = serial.PARITY_EVEN if even else serial.PARITY_NONE
            except _NO_SUCH_SETTING as exc:  # a pseudo terminal has no parity: Linux refuses to set it alone
                _log.debug("%s has no parity: %s", self._place, exc)
                self._parity_fixed = True
                self._port.parity = serial.PARITY_NONE  # otherwise each further setting is refused, too

    def set_lines(self, *, dtr: Optional[bool] = None, rts: Optional[bool] = None) -> None:
        """Set control lines; a raw socket has none."""
        if self._url.startswith(_NO_PARITY_BY):
            return
        with _Lost(self._place):
            try:
                if dtr is not None:
                    self._port.dtr = dtr
                if rts is not None:
                    self._port.rts = rts
            except OSError as exc:
                if exc.errno not in _NO_LINES:
                    raise
                _log.debug("%s has no control lines: %s", self._place, exc)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with _Lost(self._place):
            self._port.write(data)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return `size` bytes, or those that came in time."""
        with _Lost(self._place):
            until = self._clock.now() + timeout_s
            data = b""
            while True:
                data += bytes(self._port.read(size - len(data)))
                if len(data) == size or self._clock.now() >= until:
                    return data

    def drop_input(self) -> None:
        """Forget the bytes that were not read."""
        with _Lost(self._place):
            self._port.reset_input_buffer()


class _Lost:
    """Turns pyserial's errors about an open port into the error of an adapter that disappeared."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: object) -> None:
        # SerialException is an OSError; a port that is closed under a call raises TypeError in pyserial 3.5.
        if isinstance(error, (OSError, TypeError)):
            raise ProbeLostError(
                f"the serial port {self._place} disappeared: {error}",
                hint=Hint("plug the adapter in again and repeat the {command}"),
            ) from error


def _known() -> str:
    found = [name for name, _ in ports()]
    return f"this machine has {', '.join(found)}" if found else "this machine has no serial port: plug the adapter in"
