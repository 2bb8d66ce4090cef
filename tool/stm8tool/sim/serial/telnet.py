"""The server's side of RFC 2217: a serial port at a TCP connection, with its speed, parity and control lines.

Source: RFC 854 (Telnet) and RFC 2217. Only what a client needs to open a port and to set it.
"""

from __future__ import annotations

from collections.abc import Callable

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF0
_BINARY, _NO_GO_AHEAD, _COM_PORT = 0, 3, 44
_OPTIONS = (_BINARY, _NO_GO_AHEAD, _COM_PORT)
_ANSWER = 100  # is added to the number of a command
_SET_BAUD, _SET_SIZE, _SET_PARITY, _SET_STOP, _SET_CONTROL = 1, 2, 3, 4, 5
_USUAL_BAUD = 115200
_NO_PARITY, _EVEN = 1, 3
_ASKED = 0  # the value with which a client asks for the setting
_FIXED = {_SET_SIZE: 8, _SET_STOP: 1}  # the answers: data bits, stop bits
_CONTROLS = {8: ("dtr", True), 9: ("dtr", False), 11: ("rts", True), 12: ("rts", False)}
_ASKED_LINES = {7: "dtr", 10: "rts"}
_ASKED_CONTROLS = {0: 1, 4: 6, 13: 14}  # flow control, break, inbound flow control: none
_LONGEST = 64  # bytes of a command of a client


class Telnet:
    """Separates the data of a client from its commands, and answers these.

    Args:
        control: Called with the name of a control line and whether it is asserted.

    Attributes:
        baud: The speed of the port; 0 until the client sets it.
        even: It uses even parity.
        answers: What has to go to the client.
    """

    def __init__(self, control: Callable[[str, bool], None]) -> None:
        self._control = control
        self._command = bytearray()
        self._answered: set[tuple[int, int]] = set()
        self._lines = {"dtr": False, "rts": False}
        self.baud = 0
        self.even = False
        self.answers = bytearray()

    def take(self, data: bytes) -> bytes:
        """Take bytes of the client; return those that are for the port."""
        found = bytearray()
        for byte in data:
            if not self._command and byte != _IAC:
                found.append(byte)
            else:
                self._command.append(byte)
                self._look(found)
        return bytes(found)

    @staticmethod
    def wrapped(data: bytes) -> bytes:
        """Return bytes of the port as they go to the client."""
        return data.replace(bytes([_IAC]), bytes([_IAC, _IAC]))

    def _look(self, found: bytearray) -> None:
        """Do the command that has come, if it is whole."""
        command = self._command
        if len(command) < 2:
            return
        kind = command[1]
        if kind == _IAC:
            found.append(_IAC)
        elif kind == _SB:
            plain = bytes(command[2:]).replace(bytes([_IAC, _IAC]), b"")  # such a pair is a byte of the value
            if not plain.endswith(bytes([_IAC, _SE])) and len(command) < _LONGEST:
                return
            self._set(bytes(command[2:-2]).replace(bytes([_IAC, _IAC]), bytes([_IAC])))
        elif kind in (_DO, _DONT, _WILL, _WONT):
            if len(command) < 3:
                return
            self._agree(kind, command[2])
        self._command.clear()

    def _agree(self, kind: int, option: int) -> None:
        """Answer an offer or a wish, once."""
        if kind in (_DONT, _WONT) or (kind, option) in self._answered:
            return
        self._answered.add((kind, option))
        known = option in _OPTIONS
        answer = (_WILL if known else _WONT) if kind == _DO else (_DO if known else _DONT)
        self.answers += bytes([_IAC, answer, option])

    def _set(self, command: bytes) -> None:
        """Do a command for the port, and confirm it with the value that is then in force."""
        if len(command) < 3 or command[0] != _COM_PORT:
            return
        number, value = command[1], command[2:]
        if number == _SET_BAUD and len(value) == 4:
            self.baud = int.from_bytes(value, "big") or self.baud
            value = (self.baud or _USUAL_BAUD).to_bytes(4, "big")
        elif number == _SET_CONTROL:
            value = bytes([self._controlled(value[0])])
        elif number == _SET_PARITY and value[0] != _ASKED:
            self.even = value[0] == _EVEN
        elif value[0] == _ASKED:
            settings = {_SET_PARITY: _EVEN if self.even else _NO_PARITY, **_FIXED}
            value = bytes([settings.get(number, _ASKED)])
        answer = bytes([_COM_PORT, number + _ANSWER]) + value
        self.answers += bytes([_IAC, _SB]) + self.wrapped(answer) + bytes([_IAC, _SE])

    def _controlled(self, value: int) -> int:
        """Move a control line, or tell how it is; return the value for the answer."""
        if value in _CONTROLS:
            name, asserted = _CONTROLS[value]
            self._lines[name] = asserted
            self._control(name, asserted)
        if value in _ASKED_LINES:
            name = _ASKED_LINES[value]
            return next(number for number, line in _CONTROLS.items() if line == (name, self._lines[name]))
        return _ASKED_CONTROLS.get(value, value)
