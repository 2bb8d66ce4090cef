"""The state of the simulator that a chip file keeps.

Each class that has state declares every attribute of its instances in STATE. An attribute is saved, with a rule for its
value in a file. Or it is a time, saved as the distance from the moment of saving. Or it is left out, with the reason.
`tests/sim/test_state.py` walks over all objects of a board and fails for an attribute that no class declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional, Protocol

from .rules import Rule


class State:
    """How a chip file keeps the attributes of a class; a leading underscore is not part of a name in the file.

    Attributes:
        saved: Attribute or property to rule. Bytes become hex digits.
        times: The same for seconds of the bench's clock; None stays null.
        left: Attribute to the reason why it is not saved.
    """

    def __init__(
        self,
        saved: Optional[Mapping[str, Rule]] = None,
        times: Optional[Mapping[str, Rule]] = None,
        left: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.saved = saved or {}
        self.times = times or {}
        self.left = left or {}

    @property
    def rules(self) -> dict[str, Rule]:
        """The fields in the file, with their rules."""
        return {name.lstrip("_"): rule for name, rule in {**self.saved, **self.times}.items()}

    def dump(self, owner: object, now: float) -> dict[str, Any]:
        """Return the saved attributes of an object, as plain values."""
        found = {name.lstrip("_"): getattr(owner, name) for name in self.saved}
        plain = {name: bytes(v).hex() if isinstance(v, (bytes, bytearray)) else v for name, v in found.items()}
        for name in self.times:
            at = getattr(owner, name)
            plain[name.lstrip("_")] = None if at is None else at - now
        return plain

    def restore(self, owner: object, saved: Mapping[str, Any], now: float) -> None:
        """Set the values that `dump` returned; types stay as they are. ValueError if bytes are too many or too few."""
        for name in self.saved:
            value, held = saved[name.lstrip("_")], getattr(owner, name)
            if isinstance(held, (bytes, bytearray)):
                value = type(held)(bytes.fromhex(value))
                if len(value) != len(held):
                    raise ValueError(f"{name.lstrip('_')} must be {2 * len(held)} hex digits")
            setattr(owner, name, value)
        for name in self.times:
            distance = saved[name.lstrip("_")]
            setattr(owner, name, None if distance is None else now + distance)


class Saved(Protocol):
    """An object that declares how a chip file keeps its attributes."""

    STATE: State


GIVEN = "given when it is made"
PART_OF_IT = "an object with a state of its own"
SCRATCH = "used within one call only"
