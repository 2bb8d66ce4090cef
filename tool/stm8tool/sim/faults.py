"""Faults that can be asked for by name: of the wires, of the board, of the probe.

`NAME[=ARG]` as in `stm8tool sim create … --fault unplug-after=50`. Most of them were reported of real probes and
boards. A worn-out block follows from the endurance in the datasheets. The user causes `power-switch`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Optional

from stm8tool.errors import UsageError
from stm8tool.words import Hint

FOR_EVER = 1 << 30


def _switch(text: str) -> Any:
    """Return a fault that takes no argument."""
    return field(default=False, metadata={"help": text})


def _number(text: str, *, bare: Optional[int] = None, allowed: range = range(FOR_EVER + 1), form: str = "d") -> Any:
    """Return a fault with a number; `bare` stands for a missing one, `form` is how it is printed."""
    return field(default=None, metadata={"help": text, "allowed": allowed, "bare": bare, "form": form})


@dataclass(frozen=True)
class Faults:
    """The faults of a bench.

    The four `…_after` and both `wedged…` count USB transfers since the probe was opened. Like `power_switch`, they
    happen once. `nak_every` and `bit_flip_every` count bytes on SWIM over the whole life of a board:
    see `noise`. Reports say that with a bad supply writes fail while reads work. Two things are our simplification: it
    shows as programming without an end, and it does not depend on a certain voltage.
    """

    unpowered: bool = _switch("the target has no supply")
    marginal_supply: Optional[int] = _number(
        "the target has only N mV (2400): reading works, programming never ends", bare=2400, allowed=range(65536)
    )
    power_switch: Optional[int] = _number("the target loses its supply for 0.5 s, N ms after the probe is opened")
    swim_open: bool = _switch("the SWIM wire is not connected")
    swim_stuck_low: bool = _switch("SWIM is shorted to ground: status 16")
    nak_every: Optional[int] = _number("every Nth byte to the chip is not acknowledged", allowed=range(1, FOR_EVER + 1))
    bit_flip_every: Optional[int] = _number(
        "every Nth byte from the chip comes with a wrong bit", allowed=range(1, FOR_EVER + 1)
    )
    nrst_open: bool = _switch("the reset wire is not connected")
    nrst_stuck_low: bool = _switch("something holds the target in reset")
    nrst_slow: Optional[int] = _number(
        "NRST follows the probe's pin N ms (5) late, as with a capacitor on it", bare=5, allowed=range(1, 10001)
    )
    nrst_error_every: Optional[int] = _number(
        "every Nth time (1) that the probe moves NRST, it reports an error; NRST moves all the same",
        bare=1,
        allowed=range(1, FOR_EVER + 1),
    )
    app_disables_swim: Optional[int] = _number(
        "the program turns the SWIM pin into an output N ms (1) after its start", bare=1
    )
    hsit_stuck: bool = _switch("SWIM_CSR.HSIT stays 0: no high speed")
    no_eop: bool = _switch("programming never ends and changes nothing (VCAP)")
    dul_misses: Optional[int] = _number("N correct key sequences (all) do not open the data memory", bare=FOR_EVER)
    dead_block: Optional[int] = _number(
        "the block around this address is worn out: EOP comes, its bytes stay", allowed=range(1 << 24), form="#08x"
    )
    busy_storm: Optional[int] = _number("every operation reports BUSY for N more polls (for ever)", bare=FOR_EVER)
    unplug_after: Optional[int] = _number("the probe is pulled after N transfers")
    stall_after: Optional[int] = _number("the endpoint stalls once after N transfers")
    stall_every: Optional[int] = _number("every Nth transfer stalls", allowed=range(1, FOR_EVER + 1))
    timeout_after: Optional[int] = _number("one IN times out after N transfers; its answer comes late")
    drop_link_after: Optional[int] = _number("after N transfers SWIM is dead until it is entered under reset")
    wedged: Optional[int] = _number("the probe hangs, after N transfers (0), until it is reset on USB", bare=0)
    wedged_for_good: Optional[int] = _number("the probe hangs, after N transfers (0), until it is replugged", bare=0)
    clone_buffer: Optional[int] = _number("the probe's buffer has N bytes instead of 6144", allowed=range(1, 65536))
    clone_16bit_address: bool = _switch("the probe cuts addresses to 16 bits")
    open_firmware: bool = _switch("the open probe firmware: optimistic status, no F7, stays in SWIM mode (v2 only)")
    old_firmware: bool = _switch("the probe's firmware is from 2012")
    swimless_firmware: bool = _switch("the probe's firmware cannot do SWIM")
    early_poll: bool = _switch("a question for the status in the first 6.5 ms of the entry spoils it")
    no_count: bool = _switch("the probe's status does not count bytes: its bytes 1 to 3 stay 0")
    fake_voltage: Optional[int] = _number(
        "the probe reports N mV whatever the target has (3250)", bare=3250, allowed=range(65536)
    )
    # Of the UART and its adapter: `serial/wire.py` acts on them.
    uart_open: bool = _switch("the UART is not connected: its wires carry nothing to the chip")
    uart_echo: bool = _switch("the serial adapter also returns each byte that it sends")
    uart_reply: bool = _switch("the wire is at UART3 of a high-density part, where its loader is in reply mode")
    uart_one_wire: bool = _switch("TX and RX are one wire: both ends hear all bytes, their own too")
    uart_no_parity: bool = _switch("the serial adapter sends no parity, whatever it is told")
    uart_lost: Optional[int] = _number("the Nth byte on the UART is lost", allowed=range(1, FOR_EVER + 1))
    uart_garbage: Optional[int] = _number("every Nth byte on the UART has a wrong bit", allowed=range(1, FOR_EVER + 1))
    uart_slow: Optional[int] = _number("the loader in the boot ROM follows up to N baud (230400)", bare=230400)
    uart_unplug_after: Optional[int] = _number("the serial adapter is pulled after N bytes")
    user_resets: Optional[int] = _number("the user presses reset N ms after the serial port is opened")
    # Of an espstlink: `serial/espstlink.py` acts on them.
    esp_version: Optional[int] = _number("the espstlink has firmware 0.N", allowed=range(256))
    esp_deaf: bool = _switch("after an entry that failed, the espstlink answers nothing until it is reset")
    esp_silent: bool = _switch("the espstlink confirms each command, and never answers it")
    esp_no_reset: bool = _switch("DTR and RTS do not reset the espstlink")
    # Of an rp2040_swim: `serial/rp2040.py` acts on them.
    rp2040_silent: bool = _switch("the rp2040_swim takes each command, and never answers it")
    rp2040_bad_crc: Optional[int] = _number(
        "every Nth answer of the rp2040_swim has a wrong CRC", allowed=range(1, FOR_EVER + 1)
    )
    rp2040_old_number: Optional[int] = _number(
        "every Nth answer of the rp2040_swim has the number of the one before it", allowed=range(2, FOR_EVER + 1)
    )
    # Of the system and of USB: `bus.py` acts on them.
    no_driver: bool = _switch("Windows has no driver for the probe that programs can use")
    wrong_driver: bool = _switch("the probe's driver is only half installed on Windows")
    no_permission: bool = _switch("Linux does not let this user open the probe")
    in_use: bool = _switch("another program uses the probe")
    loader: bool = _switch("the probe is in its firmware update loader (v3 only)")
    clone_serial: bool = _switch("the probe has the serial number that many clones share")

    def without(self, name: str) -> Faults:
        """Return the same bench with one fault mended."""
        mended: Any = {_attribute(name): getattr(Faults(), _attribute(name))}
        return replace(self, **mended)

    def texts(self) -> tuple[str, ...]:
        """Return the faults as `parse` takes them."""
        found = []
        for item in fields(self):
            value = getattr(self, item.name)
            if value is True:
                found.append(_name(item.name))
            elif value is not False and value is not None:
                found.append(f"{_name(item.name)}={value:{item.metadata['form']}}")
        return tuple(found)


def _name(attribute: str) -> str:
    return attribute.replace("_", "-")


def _attribute(name: str) -> str:
    return name.replace("-", "_")


KNOWN = {_name(item.name): item.metadata for item in fields(Faults)}


def parse(texts: Iterable[str]) -> Faults:
    """Read faults in the form `NAME[=ARG]`.

    Raises:
        UsageError: an unknown name (near names are in the hint), a missing, needless or impossible number.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, argument = text.partition("=")
        if name not in KNOWN:
            raise _unknown(name)
        about = KNOWN[name]
        allowed = about.get("allowed")
        if allowed is None:
            if equals:
                raise UsageError(f"the fault {name} takes no argument", hint=Hint("write {fault:{name}}", name=name))
            values[_attribute(name)] = True
        elif not equals and about["bare"] is not None:
            values[_attribute(name)] = about["bare"]
        else:
            values[_attribute(name)] = _integer(name, argument)
    return Faults(**values)


def _integer(name: str, text: str) -> int:
    """Return the decimal or hexadecimal number of a fault, if it may have that."""
    allowed, form = KNOWN[name]["allowed"], KNOWN[name]["form"]
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]+", text):
        value = int(text, 16 if text[1:2] in ("x", "X") else 10)
        if value in allowed:
            return value
    example = 50 if form == "d" else 0x8040
    limits = f"from {allowed[0]:{form}} to {allowed[-1]:{form}}"
    raise UsageError(f"the fault {name} needs a number {limits}", hint=f"for example {name}={example:{form}}")


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, KNOWN, n=3, cutoff=0.5)
    known = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(KNOWN)}"
    return UsageError(f"no fault is called {name!r}", hint=known)
