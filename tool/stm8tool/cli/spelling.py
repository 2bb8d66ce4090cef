"""The word that the user meant: a command or an option that resembles a word which argparse does not take."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

_LIKENESS = 0.7  # "wirte" is `write`, "wat" is `watch`


def meant(message: str, words: Iterable[str], options: Iterable[str]) -> Optional[str]:
    """Return the option or the command that a wrong word resembles, or None.

    Args:
        message: The error of argparse. For an unknown command it lists the known ones.
        words: The words of the command line, or those that nothing has taken.
        options: The options that are taken there.
    """
    import difflib  # imported here so that the start of the tool stays short

    known = [*options]
    for word in words:  # an unknown option comes first: argparse takes its value for the command
        name = word.partition("=")[0]
        if name.startswith("--") and name not in known:
            return next(iter(difflib.get_close_matches(name, known, 1, _LIKENESS)), None)
    wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    if not wrong:
        return None
    choices = re.findall(r"[\w-]+", wrong[2])
    return next(iter(difflib.get_close_matches(wrong[1], choices, 1, _LIKENESS)), None)
