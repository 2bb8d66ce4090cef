"""The probe of a board, as labgrid knows it.

    Stm8Probe           an ST-LINK on this machine's USB, which udev finds: every id that stm8tool knows
    NetworkStm8Probe    a probe that an exporter offers: with an address for stm8tool, or at a USB socket of its host

labgrid's own USBDebugger and NetworkUSBDebugger work, too. Its list of ids lacks some ST-LINKs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import attr
from labgrid.factory import target_factory
from labgrid.resource import Resource
from labgrid.resource.udev import USBResource

from stm8tool.probe.stlink.usb_ids import MODELS

from .problem import Stm8ToolError

ST_VENDOR = 0x0483


def of_type(kind: type, such_as: str) -> Callable[[Any, Any, Any], None]:
    """Return a check for an attribute that may be left out. YAML makes numbers of some texts."""

    def check(instance: Any, attribute: Any, value: Any) -> None:
        kinds = (int, float) if kind is float else kind
        if value is not None and (not isinstance(value, kinds) or (kind is not bool and isinstance(value, bool))):
            wanted = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[kind]
            raise Stm8ToolError(
                f"{type(instance).__name__}: {attribute.name} is {wanted}, not {value!r}",
                hint=f"write {attribute.name}: {such_as}",
            )

    return check


def at_least(least: float) -> Callable[[Any, Any, Any], None]:
    """Return a check for a number. With a negative piece of text labgrid would send nothing, and say nothing."""

    def check(instance: Any, attribute: Any, value: Any) -> None:
        if value is not None and not value >= least:
            raise Stm8ToolError(
                f"{type(instance).__name__}: {attribute.name} is at least {least:g}, not {value!r}",
                hint=f"write {attribute.name}: {attribute.default}",
            )

    return check


def text(such_as: str) -> Any:
    """Return an optional attribute that is a text."""
    return attr.ib(default=None, validator=of_type(str, such_as))


def _number() -> Any:
    return attr.ib(default=None, validator=of_type(int, "1"))


@target_factory.reg_resource
@attr.s(eq=False)
class Stm8Probe(USBResource):
    """An ST-LINK on this machine's USB.

    Args:
        match: Properties of udev, such as ID_SERIAL_SHORT or ID_PATH.
        part: The chip on the board.
    """

    part = text("stm8s103f3")

    def filter_match(self, device: Any) -> bool:
        """Tell whether this is an ST-LINK."""
        vendor, product = (device.properties.get(name) for name in ("ID_VENDOR_ID", "ID_MODEL_ID"))
        try:
            known = int(vendor, 16) == ST_VENDOR and int(product, 16) in MODELS
        except (TypeError, ValueError):  # a device of another kind may have neither
            return False
        return known and bool(super().filter_match(device))


@target_factory.reg_resource
@attr.s(eq=False)
class NetworkStm8Probe(Resource):
    """A probe that an exporter offers. An exporter without this package sends these parameters as they stand.

    Args:
        address: The text for `--probe` of stm8tool: usbip://HOST/BUSID, or sim:/PATH for a trial.
        part: The chip on the board.
        host: The exporter's host.
        path: The USB socket there, such as 1-1.4. stm8tool-labgrid-exporter sends it, and the numbers below.
        busnum, devnum: The device there.
        vendor_id, model_id: Its USB ids.
    """

    address = text("usbip://lab1/1-1.4")
    part = text("stm8s103f3")
    host = text("lab1")
    path = text('"1-1.4"')
    busnum = _number()
    devnum = _number()
    vendor_id = _number()
    model_id = _number()

    @property
    def _remote_entry(self) -> Any:
        return self._entry

    @_remote_entry.setter
    def _remote_entry(self, entry: Any) -> None:
        """Take what the exporter sends, and refuse a parameter that this class does not have.

        labgrid warns of such a parameter, and fails later without a word about its name.
        """
        known = {field.name for field in attr.fields(type(self))} - {"target", "name", "state", "avail"}
        refuse_unknown(f"the exporter's {type(self).__name__} {self.name}", entry.args, known)
        self._entry = entry


def refuse_unknown(what: str, given: Any, known: set[str]) -> None:
    """Raise Stm8ToolError if `given` has a name that is not known."""
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise Stm8ToolError(
            f"{what} has an unknown parameter {unknown!r}", hint=f"there are {', '.join(sorted(known))}"
        )


def part_of(resource: Any) -> Optional[str]:
    """Return the part that a resource names; labgrid's own resources name none."""
    found: Optional[str] = getattr(resource, "part", None)
    return found
