"""SDCC's options that take an argument: their names, their spellings, the steps that need them. Pure: no SCons.

SCons only knows GNU's compilers. It takes the second word of `--code-loc 0x9000` for a library, and it gives a linker
option only to the compiler. SDCC 4.2 accepts an argument as a separate word for all options, and with `=` only for a
few.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional, Union

Flag = Union[str, tuple[str, str]]  # a pair is an option and its argument; SCons makes two words of it

COMPILE, BOTH = "compile", "compile and link"
OPTIONS = {
    "--callee-saves": COMPILE,
    "--codeseg": COMPILE,
    "--constseg": COMPILE,
    "--dataseg": COMPILE,
    "--disable-warning": COMPILE,
    "--include": COMPILE,
    "--max-allocs-per-node": COMPILE,
    "--peep-file": COMPILE,
    "--code-loc": BOTH,
    "--code-size": BOTH,
    "--data-loc": BOTH,
    "--idata-loc": BOTH,
    "--iram-size": BOTH,
    "--lib-path": BOTH,
    "--sdcccall": BOTH,
    "--stack-loc": BOTH,  # the compiler sets the stack pointer in the start-up code of `main`
    "--xram-loc": BOTH,
    "--xram-size": BOTH,
    "--xstack-loc": BOTH,
}
OTHER_PORTS = ("--asm", "--portmode", "--stack-size", "--tini-libid")  # SDCC's options for other processors
PASSED_ON = ("-Wa", "-Wl", "-Wp")  # to the assembler, the linker and the preprocessor
ATTACHED = ("-U", "-x")  # SCons does not know that their argument may be a separate word
OTHER_FORMATS = ("--out-fmt-ihx", "--out-fmt-s19")  # the platform needs the ELF


class Parsed(NamedTuple):
    """The options of `build_flags`, sorted by the step that needs them."""

    compile: list[Flag]
    assemble: list[Flag]
    link: list[Flag]
    rest: list[str]  # for SCons
    bare: list[str]  # options without their argument


def _long_option(word: str) -> Optional[tuple[str, str]]:
    """Return (option, attached argument) if the word is an option that takes an argument, otherwise None."""
    name, _, value = word.partition("=")
    if name in OPTIONS:
        return name, value
    for name in sorted(OPTIONS, key=len, reverse=True):
        attached = word[len(name) :]
        if word.startswith(name) and attached[:1] != "-":  # --callee-saves-bc is another option
            return name, attached
    return None


def _is_argument(words: Sequence[str], place: int) -> bool:
    return place < len(words) and not words[place].startswith("-")


def _is_passed_on(word: str) -> bool:
    return word.startswith(PASSED_ON) and word[3:4] in ("-", ",", " ")


def is_warning_of_gcc(word: Any) -> bool:
    """Tell whether SDCC would pass an option such as -Wall to its assembler, linker or preprocessor."""
    return isinstance(word, str) and word.startswith(PASSED_ON) and word[3:4].isalpha()


def normal(words: Sequence[str]) -> list[Flag]:
    """Return the words, with each option of SDCC and its argument as a pair; a bare option stays a word."""
    found: list[Flag] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        option = _long_option(word)
        if option and not option[1] and _is_argument(words, place):
            found.append((option[0], words[place]))
            place += 1
        elif option:
            found.append((option[0], option[1]) if option[1] else option[0])
        elif word in PASSED_ON and place < len(words):
            found.append(word + words[place].lstrip(","))
            place += 1
        elif word in ATTACHED and _is_argument(words, place):
            found.append(word + words[place])
            place += 1
        elif _is_passed_on(word):
            found.append(word[:3] + word[3:].lstrip(", "))
        else:
            found.append(word)
    return found


def step(flag: Flag) -> str:
    """Return the step that needs the flag, "bare" if its argument is missing, or "" if SCons decides."""
    if isinstance(flag, tuple):
        return OPTIONS[flag[0]]
    if flag in OPTIONS:
        return "bare"
    steps = {"-Wa": "assemble", "-Wl": "link", "-Wp": COMPILE}
    if _is_passed_on(flag):
        return steps[flag[:3]]
    return COMPILE if flag[:2] in ATTACHED else ""


def parse(lines: Iterable[Any]) -> Parsed:
    """Return the options of `build_flags`, sorted. An option and its argument may be on two lines.

    Raises:
        ValueError: a quotation mark has no partner.
    """
    found = Parsed([], [], [], [], [])
    words: list[str] = []
    for line in lines:
        split = shlex.split(str(line))
        # A line in quotation marks is one word for a shell. For SDCC it is an option with its argument.
        for word in split:
            words += shlex.split(word) if " " in word and _long_option(word.split()[0]) else [word]
    for flag in normal(words):
        kind = step(flag)
        if kind in (COMPILE, BOTH):
            found.compile.append(flag)
        if kind in ("link", BOTH):
            found.link.append(flag)
        if kind == "assemble":
            assert isinstance(flag, str)
            found.compile.append(flag)
            found.assemble.extend(flag[3:].split(","))
        if not isinstance(flag, tuple) and kind == "bare":
            found.bare.append(flag)
        elif not isinstance(flag, tuple) and not kind:
            found.rest.append(flag)
    return found


def flat(value: Any) -> list[Any]:
    """Return the words of a construction variable, which is a text or a list. Pairs of SCons stay together."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.split()
    found: list[Any] = []
    for item in value:
        if isinstance(item, tuple) and len(item) == 2 and item[0] in OPTIONS:
            found += item
        elif isinstance(item, (list, tuple)):
            found += [item]
        else:
            text = item if not isinstance(item, (int, float)) else str(item)
            long = isinstance(text, str) and " " in text and _long_option(text.split()[0])
            found += shlex.split(text) if long and "=" not in text.split()[0] else [text]
    return found


def _pairs(value: Any) -> list[Any]:
    """Return a construction variable's words as `normal` does. Nodes and pairs of SCons stay unchanged."""
    found: list[Any] = []
    words: list[str] = []
    for item in flat(value):
        if isinstance(item, str):
            words.append(item)
        else:
            found += normal(words)
            words = []
            found.append(item)
    return found + normal(words)


def compile_flags(*values: Any) -> list[Any]:
    """Return the compiler's flags from construction variables. A script may have set them in any spelling."""
    return [flag for value in values for flag in _pairs(value) if not is_warning_of_gcc(flag)]


def link_flags(value: Any, compiler: Iterable[Any] = (), base: Iterable[Flag] = ()) -> list[Any]:
    """Return the linker's flags.

    Args:
        value: LINKFLAGS.
        compiler: CFLAGS and CCFLAGS; the linker also gets the flags in them that it needs.
        base: The platform's own flags. The user's flags replace them.
    """
    ours = list(base)
    shared = [flag for other in compiler for flag in _pairs(other) if _is_for_the_linker(flag)]
    own = [flag for flag in _pairs(value) if flag not in OTHER_FORMATS]
    found = own + [flag for flag in shared if flag not in own]
    taken = {flag[0] for flag in found if isinstance(flag, tuple) and flag not in ours}
    return [flag for flag in found if not (isinstance(flag, tuple) and flag in ours and flag[0] in taken)]


def _is_for_the_linker(flag: Any) -> bool:
    pair = isinstance(flag, tuple) and len(flag) == 2 and flag[0] in OPTIONS
    return (pair or isinstance(flag, str)) and step(flag) in ("link", BOTH)


def number(text: str) -> Optional[int]:
    """Return a number as SDCC reads it, or None."""
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text, 8 if text.startswith("0") else 10)
    except ValueError:
        return None


def places(linker: Iterable[Any]) -> dict[str, int]:
    """Return option -> address, for the options that say where the program begins. SDCC uses the last one."""
    found = {}
    for flag in linker:
        if isinstance(flag, tuple) and flag[0] == "--code-loc":
            place = number(flag[1])
            if place is not None:
                found[" ".join(flag)] = place
        elif isinstance(flag, str) and flag.startswith("-Wl"):
            for word in flag[3:].split(","):
                name, _, value = word.strip()[2:].partition("=")
                place = number(value.strip())
                if word.strip().startswith("-b") and name.strip() == "HOME" and place is not None:
                    found[f"-Wl{word.strip()}"] = place
    return found


def place_problem(linker: Iterable[Any], offset: Optional[int]) -> Optional[tuple[str, str]]:
    """Return (message, hint) if two options put the program at different addresses, otherwise None."""
    found = places(linker)
    if offset is not None:
        found[f"board_upload.offset_address = 0x{offset:X}"] = offset
    if len(set(found.values())) < 2:
        return None
    return (
        f"{' and '.join(found)} put the program at different addresses",
        "leave all of them out except one; board_upload.offset_address alone moves the program and its vectors",
    )
