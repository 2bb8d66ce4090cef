"""Values of platformio.ini on their way to a program: what SCons, sh and cmd would make of them. Pure: no SCons.

The flasher is started without a shell, so that its words need no quotation. What a project's own command is made of
passes a shell: those values are looked at here, and refused where the shell would change them. cmd: its help text for
`/C`, and Microsoft's page on how C programs parse a command line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable
from typing import Optional

_PLAIN_FOR_CMD = re.compile(r"[\w@+=:,./\\~#-]+")
_SPECIAL_FOR_CMD = re.compile(r'(["%!^&|<>()])')

# What a shell changes: in a word that SCons puts into quotation marks, for a space in it, and in any other.
_CHANGED_BY_SH = ('"$`\\\n', "\"'$`\\&;|<>()\n")
_CHANGED_BY_CMD = ('"%\r\n', '"%^&|<>\r\n')


def as_it_stands(value: str, known: Collection[str]) -> str:
    """Return what SCons has to be given to make `value` of it, with the variables for `$NAME` and `${NAME}` if `known`.

    Args:
        value: From platformio.ini.
        known: Names of variables that PlatformIO has, such as PROJECT_DIR.
    """

    def dollar(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f"${{{name}}}" if name in known else found[0].replace("$", "$$")

    return re.sub(r"\$(?:(\w+)|\{(\w+)\})|\$", dollar, value)


def variable_in(path: str) -> Optional[str]:
    """Return the first part of a path that SCons takes for a variable, such as `$name`, or None."""
    found = re.search(r"\$(?:[$()]|[_a-zA-Z]\w*|\{[^}]*\})", path)
    return found[0] if found else None


def file_word(path: str) -> str:
    """Return a path as a word that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def quoted(word: str, *, windows: bool) -> str:
    """Return a word as the shell has to be given it.

    Raises:
        ValueError: cmd ends a command at the end of a line, whatever stands around it.
    """
    return _quoted_for_cmd(word) if windows else shlex.quote(word)


def line(words: Iterable[str], *, windows: bool) -> str:
    """Return the words as a command line that a user can type."""
    return " ".join(quoted(word, windows=windows) for word in words)


def shown(words: list[str], *, windows: bool) -> str:
    """Return the words as `line` does, or as a list where no command line has them."""
    try:
        return line(words, windows=windows)
    except ValueError:
        return str(words)


def _quoted_for_cmd(word: str) -> str:
    if re.search("[\r\n\0]", word):
        raise ValueError("cmd has no way to hand on a line break")
    if _PLAIN_FOR_CMD.fullmatch(word):
        return word
    # The program takes \" for a quotation mark, and two backslashes for one only in front of a quotation mark.
    for_program = re.sub(r'(\\*)"', r'\1\1\\"', word)
    for_program = '"' + re.sub(r"(\\+)$", r"\1\1", for_program) + '"'
    if not re.search('["%!]', word):
        return for_program  # cmd leaves the rest alone between quotation marks
    return _SPECIAL_FOR_CMD.sub(r"^\1", for_program)


def changed_by_shell(value: str, *, windows: bool) -> Optional[str]:
    """Return the first character that the shell would not hand on, or None; SCons quotes a value that has spaces."""
    quoted_by_scons, bare = _CHANGED_BY_CMD if windows else _CHANGED_BY_SH
    special = quoted_by_scons if re.search(r"[ \t]", value) else bare
    return next((letter for letter in value if letter in special), None)
