"""The variables of a program, from SDCC's debug information: names, files, addresses, types.

SDCC gives each variable with a place of its own a location that is one DW_OP_addr (seen with 4.2.0). A local variable
lies in registers or on the stack, and is not readable from outside. A static variable that nothing uses has no entry.
"""

from __future__ import annotations

import difflib
import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from ..errors import Code, ImageError, UsageError
from ..image import elf
from ..words import Hint
from .reading import DebugData, below, name_of, number_of
from .type_reader import TypeReader, is_const
from .types import AnyType, OpaqueType

_OP_ADDR = 0x03  # DW_OP_addr, with four bytes
_OWN_NAMES = re.compile(r"__(?:str_)?\d+")  # strings and temporaries of SDCC
_SUGGESTED = 3


class Variable(NamedTuple):
    """One variable.

    Attributes:
        file: The source file, as SDCC was called with it.
        function: The function that it is local to; "" if there is none.
        address: Where it is, None if it has no place of its own.
        is_local: It is local to a function and not static, or an argument.
        is_declared: This entry only declares it; another file may define it.
    """

    name: str
    file: str
    function: str
    address: Optional[int]
    type: AnyType
    is_const: bool
    is_local: bool = False
    is_declared: bool = False

    def spelling(self, variables: Variables) -> str:
        """Return its shortest name that no other variable has."""
        alike = [other for other in variables.with_place if other.name == self.name]
        if len(alike) == 1 or (not self.function and sum(not other.function for other in alike) == 1):
            return self.name
        if self.function and sum(other.function == self.function for other in alike) == 1:
            return f"{self.function}:{self.name}"
        return ":".join(word for word in (self.file, self.function, self.name) if word)


class Variables:
    """All variables of a program.

    Args:
        data: Its debug information.

    Attributes:
        name: The name of the file.
        with_place: Those that can be read, by name.
    """

    def __init__(self, data: DebugData) -> None:
        self.name = data.name
        try:
            found = [variable for top in data.units for variable in _of_unit(top)]
            self._records = _records(data)
        except (ValueError, LookupError, struct.error, AttributeError, TypeError) as exc:
            raise ImageError(
                f"{data.name}: the debug information is damaged ({exc})", hint="build the program again"
            ) from exc
        found = [_without_dropped(variable, data) for variable in found]
        placed: dict[tuple[str, str, Optional[int]], Variable] = {}
        for variable in sorted(found, key=lambda variable: variable.is_declared):
            key = (variable.function, variable.name, variable.address)
            if variable.address is not None and key not in placed:
                placed[key] = variable
        self.with_place = sorted(placed.values(), key=lambda variable: (variable.name, variable.file))
        self._others = [variable for variable in found if variable.address is None]

    def record(self, name: str) -> Optional[AnyType]:
        """Return the structure or union with a name such as "struct motor"."""
        return self._records.get(name)

    def find(self, text: str) -> Variable:
        """Return the variable that a name means: NAME, FUNCTION:NAME, FILE:NAME or FILE:FUNCTION:NAME.

        Raises:
            UsageError: There is none (`Code.NO_VARIABLE`), or there are several.
        """
        *where, name = text.split(":")
        named = [variable for variable in self.with_place if variable.name == name]
        found = [variable for variable in named if _is_at(variable, where)]
        if len(found) > 1 and not where:
            found = [variable for variable in found if not variable.function] or found
        if len(found) == 1:
            return found[0]
        if found:
            spellings = " or ".join(variable.spelling(self) for variable in found[:_SUGGESTED])
            raise UsageError(
                f"{text!r} is the name of {len(found)} variables", code=Code.NO_VARIABLE, hint=f"write {spellings}"
            )
        raise self._unknown(text, name, named)

    def _unknown(self, text: str, name: str, named: list[Variable]) -> UsageError:
        if named:
            return UsageError(
                f"{self.name} has no variable {text!r}",
                code=Code.NO_VARIABLE,
                hint=f"it has {' and '.join(variable.spelling(self) for variable in named[:_SUGGESTED])}",
            )
        for other in self._others:
            if other.name == name:
                return _without_place(other)
        names = sorted({variable.spelling(self) for variable in self.with_place})
        close = difflib.get_close_matches(text, names, _SUGGESTED, 0.6)
        close += [found for found in names if found.lower() == text.lower() and found not in close]
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return UsageError(
            f"{self.name} has no variable {text!r}",
            code=Code.NO_VARIABLE,
            hint=Hint("{begin}{variables} has all names; SDCC drops a static variable that nothing uses", begin=hint),
        )


def _without_dropped(variable: Variable, data: DebugData) -> Variable:
    """Return a variable without its address if the linked program has none: its entry then says 0.

    SDCC places no variable at 0, so that no pointer to one is NULL.
    """
    is_dropped = variable.address == 0 and elf.symbols(data.content).get(f"_{variable.name}") is None
    return variable._replace(address=None) if is_dropped else variable


def _without_place(variable: Variable) -> UsageError:
    if variable.is_local:
        return UsageError(
            f"{variable.name} is local to {variable.function}, so it has no place of its own in RAM",
            code=Code.NO_VARIABLE,
            hint="make it static or global to watch it",
        )
    return UsageError(
        f"{variable.name} has no place in this program: it was optimised away, or no file defines it",
        code=Code.NO_VARIABLE,
        hint="make it volatile, and use it in the program; remove_unused drops a const that nothing reaches",
    )


def _is_at(variable: Variable, where: list[str]) -> bool:
    """Tell whether a variable is in the function or file, or in both, that stand in front of its name."""
    path = variable.file.replace("\\", "/")

    def is_file(word: str) -> bool:
        word = word.replace("\\", "/")
        return path == word or path.endswith(f"/{word}")

    if len(where) == 2:
        return is_file(where[0]) and variable.function == where[1]
    return not where or (len(where) == 1 and (variable.function == where[0] or is_file(where[0])))


def _of_unit(top: Any) -> Iterator[Variable]:
    file = name_of(top)
    types = TypeReader(top)
    for die, function in _with_function(top, ""):
        name = name_of(die)
        if not name or _OWN_NAMES.fullmatch(name):
            continue
        address = _address(die)
        kind = types.type_of(die)
        yield Variable(
            name,
            file,
            function,
            address,
            kind if kind is not None else OpaqueType("void"),
            is_const(die),
            is_local=address is None and bool(function),
            is_declared="DW_AT_declaration" in die.attributes,
        )


def _with_function(die: Any, function: str) -> Iterator[tuple[Any, str]]:
    for child in die.iter_children():
        if child.tag in ("DW_TAG_variable", "DW_TAG_formal_parameter"):
            yield child, function
        inside = name_of(child) if child.tag == "DW_TAG_subprogram" else function
        yield from _with_function(child, inside)


def _address(die: Any) -> Optional[int]:
    """Return the address of a variable that lies at one place all the time."""
    location = die.attributes.get("DW_AT_location")
    if location is None or isinstance(location.value, int):  # a number is the place of a list
        return None
    expression = bytes(location.value)
    if len(expression) != 5 or expression[0] != _OP_ADDR:
        return None
    return int.from_bytes(expression[1:], "big")


def _records(data: DebugData) -> dict[str, AnyType]:
    found: dict[str, AnyType] = {}
    for top in data.units:
        types = TypeReader(top)
        for die in below(top):
            if die.tag in ("DW_TAG_structure_type", "DW_TAG_union_type") and number_of(die, "DW_AT_byte_size"):
                kind = types.named_type(die)
                found.setdefault(kind.name, kind)
    return found
