"""Keep SCons, sh and cmd from changing a value of platformio.ini on its way to a program. Pure: no SCons.

The flasher starts without a shell, so its words need no quotation marks. A shell reads a project's own command. This
module refuses a value in it that the shell would change. Sources for cmd: its help text for `/C`, and Microsoft's page
on how C programs parse a command line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable
from typing import Optional

_PLAIN_FOR_CMD = re.compile(r"[\w@+=:,./\\~#-]+")
_SPECIAL_FOR_CMD = re.compile(r'(["%!^&|<>()])')

# Characters that a shell changes: in a word with a space, which SCons puts into quotation marks, and in other words.
_CHANGED_BY_SH = ('"$`\\\n', "\"'$`\\&;|<>()\n")
_CHANGED_BY_CMD = ('"%\r\n', '"%^&|<>\r\n')


def as_it_stands(value: str, known: Collection[str]) -> str:
    """Return a text that SCons expands to `value`. It replaces `$NAME` and `${NAME}` only if the name is in `known`.

    Args:
        value: A value of platformio.ini.
        known: Names of PlatformIO's variables, such as PROJECT_DIR.
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
    """Return a path as a word that does not look like an option."""
    return f"./{path}" if path.startswith("-") else path


def quoted(word: str, *, windows: bool) -> str:
    """Return a word in the form that the shell turns back into it.

    Raises:
        ValueError: the word has a line break. There cmd ends a command even between quotation marks.
    """
    return _quoted_for_cmd(word) if windows else shlex.quote(word)


def line(words: Iterable[str], *, windows: bool) -> str:
    """Return the words as a command line that a user can type."""
    return " ".join(quoted(word, windows=windows) for word in words)


def shown(words: list[str], *, windows: bool) -> str:
    """Return the words as `line` does, or as a list if a command line cannot have them."""
    try:
        return line(words, windows=windows)
    except ValueError:
        return str(words)


def _quoted_for_cmd(word: str) -> str:
    if re.search("[\r\n\0]", word):
        raise ValueError("cmd cannot pass on a line break")
    if _PLAIN_FOR_CMD.fullmatch(word):
        return word
    # The program reads \" as a quotation mark. It reads two backslashes as one only before a quotation mark.
    for_program = re.sub(r'(\\*)"', r'\1\1\\"', word)
    for_program = '"' + re.sub(r"(\\+)$", r"\1\1", for_program) + '"'
    if not re.search('["%!]', word):
        return for_program  # cmd does not change the rest between quotation marks
    return _SPECIAL_FOR_CMD.sub(r"^\1", for_program)


def changed_by_shell(value: str, *, windows: bool) -> Optional[str]:
    """Return the first character that the shell would change, or None. SCons quotes a value that has spaces."""
    quoted_by_scons, bare = _CHANGED_BY_CMD if windows else _CHANGED_BY_SH
    special = quoted_by_scons if re.search(r"[ \t]", value) else bare
    return next((letter for letter in value if letter in special), None)
