"""Find the parts that a user's words mean, and return all facts of a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Optional

from ..chip.registers import BY_MAP, ROP_ADDRESS
from ..errors import UnknownPartError, UsageError
from ..parts.table import Part, Region, disagreements, known_parts, names_meant, names_near, option_table
from ..support.values import size
from ..words import Hint

# The keys of filters. Upper and lower case are equal in words; sizes may be ranges.
_WORDS: dict[str, Callable[[Part], str]] = {
    "family": lambda part: part.family,
    "density": lambda part: part.density,
    "confidence": lambda part: part.confidence,
}
_SIZES: dict[str, Callable[[Part], int]] = {
    "flash": lambda part: part.flash.size,
    "eeprom": lambda part: part.eeprom.size if part.eeprom else 0,
    "ram": lambda part: part.ram.size,
    "block": lambda part: part.block,
}


def select(words: Iterable[str]) -> list[Part]:
    """Return the parts that `words` mean, sorted by name; every part if there are no words.

    Args:
        words: Names and filters. A part must fit one of the names and all of the filters. Names are part names, order
            codes, beginnings of names, or patterns. Filters are `KEY=VALUE` and `KEY=LOW-HIGH`.

    Raises:
        UnknownPartError: A name means no part, or no part fits all the words.
        UsageError: A filter has an unknown key or a wrong value.
    """
    parts = {part.name: part for part in known_parts()}
    named: Optional[set[str]] = None
    tests = []
    for word in words:
        if "=" in word:
            tests.append(_filter(word))
            continue
        meant = names_meant(word, parts)
        if not meant:
            near = names_near(word, parts)
            question = f"did you mean {' or '.join(near)}? " if near else ""
            raise UnknownPartError(
                f"no part is called '{word}'", hint=Hint("{question}`{tool} parts` lists all", question=question)
            )
        named = {*(named or ()), *meant}
    fitting = [part for name, part in parts.items() if named is None or name in named]
    found = [part for part in fitting if all(test(part) for test in tests)]
    if not found:
        raise UnknownPartError("no part fits all these names and filters", hint="leave a filter out")
    return found


def _filter(word: str) -> Callable[[Part], bool]:
    """Return the test for the filter `KEY=VALUE`."""
    key, _, value = word.partition("=")
    if key in _WORDS:
        of, wanted = _WORDS[key], value.lower()
        known = sorted({of(part) for part in known_parts()})
        if wanted not in map(str.lower, known):
            raise UsageError(f"{word}: no part has this {key}", hint=f"known: {', '.join(known)}")
        return lambda part: of(part).lower() == wanted
    if key in _SIZES:
        measure = _SIZES[key]
        low, dash, high = value.partition("-")
        try:
            least, most = size(low), size(high if dash else low)
        except UsageError as exc:
            raise UsageError(f"{word}: {exc}", hint=f"such as {key}=8K or {key}=8K-32K") from exc
        return lambda part: least <= measure(part) <= most
    raise UsageError(f"{word}: no such filter", hint=f"filter by {', '.join([*_WORDS, *_SIZES])}")


def facts(part: Part) -> dict[str, Any]:
    """Return all known facts of a part, ready for JSON. Addresses and sizes are numbers."""
    registers = BY_MAP[part.flash_regs]
    return {
        "part": part.name,
        "family": part.family,
        "density": part.density,
        "flash": _region(part.flash),
        "block": part.block,
        "eeprom": _region(part.eeprom),
        "ram": _region(part.ram),
        "options": _region(part.options),
        "boot_rom": _region(part.boot_rom),
        "unique_id": part.unique_id,
        "nrst": part.has_nrst,
        "registers": {"map": part.flash_regs, **registers._asdict()},
        "rop": {"address": ROP_ADDRESS, "aa": "locks" if part.aa_locks else "opens"},
        "option_bytes": [
            {
                "name": option.name,
                "address": option.address,
                "factory": option.default,
                "also_factory": [value for value in option.accepted if value != option.default],
                "complement": option.complement,
                "policy": option.policy,
                "source": option.source,
                "confidence": option.confidence,
            }
            for option in (() if part.uncertain else option_table(part))
        ],
        "confidence": part.confidence,
        "sources": part.source.split("; "),
        "notes": part.notes,
        "disagreements": [vars(disagreement) for disagreement in disagreements(part)],
        "uncertain": part.uncertain or None,
    }


def _region(region: Optional[Region]) -> Optional[dict[str, int]]:
    return None if region is None else {"start": region.start, "size": region.size}
