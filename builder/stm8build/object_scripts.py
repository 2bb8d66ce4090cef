"""Find scripts of a project that work on the linker's objects, such as one that removes dead code. Pure: no SCons.

Such a script only sees objects. It cannot see the modules inside a library.
"""

from __future__ import annotations

import ast
import re
from typing import Optional

_PROGRAM = re.compile(r"\.elf\b|\bPROG_?PATH\b|\bPIOMAINPROG\b|\bPROGSUFFIX\b")
_CHANGES = ("Replace", "Append", "Prepend", "AppendUnique", "PrependUnique")


def names_program(text: str) -> bool:
    """Tell whether a file's name, or the code that makes it, means the linked program."""
    return _PROGRAM.search(text) is not None


def takes_objects(code: str) -> Optional[str]:
    """Return in a few words how a script uses the linker's objects, or None."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return None  # SCons reports it soon after
    values = {
        target.id: ast.unparse(node.value)
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            first = ast.unparse(node.args[0]) if node.args else ""
            if name == "AddPreAction" and names_program(values.get(first, first)):
                return "has a pre-action on the program"
            if name in _CHANGES and any(word.arg in ("LINK", "LINKCOM") for word in node.keywords):
                return "replaces the linker"
        elif isinstance(node, ast.Constant) and node.value in ("PIOBUILDFILES", "$PIOBUILDFILES"):
            return "takes PIOBUILDFILES"
        elif isinstance(node, ast.Assign) and re.search(r"""\[['"]LINK(COM)?['"]\]$""", ast.unparse(node.targets[0])):
            return "replaces the linker"
    return None
