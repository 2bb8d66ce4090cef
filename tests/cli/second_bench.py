"""A part on the second probe, and the command line for it."""

from __future__ import annotations

import re
from typing import Optional

from cli.desk import STM8L, STM8S, Desk, Result
from cli.plain_chip import L151, S103
from cli.second_probe import SELECTOR, SecondProbe

FACTS = {STM8S: S103, STM8L: L151}


class Bench:
    """A part on the second probe, and the command line for it."""

    def __init__(self, part: str, desk: Desk, probe: SecondProbe) -> None:
        self.part, self.desk, self.probe, self.chip = part, desk, probe, probe.chip

    def run(self, *words: str, part: Optional[str] = None) -> Result:
        """Run a command; whatever becomes of it, the link is left tidy."""
        result = self.desk.run("--probe", SELECTOR, "--part", part or self.part, *words)
        assert self.probe.is_left_tidy, (self.chip.violations, self.chip.runs_at)
        return result

    def done(self, *words: str) -> str:
        """Run a command that must succeed without a warning, except for that of a chip without a program."""
        result = self.run(*words)
        assert result.code == 0, result.err
        assert re.findall(r"\[(E-[A-Z-]+)\]", result.err) in ([], ["E-NO-PROGRAM"])
        return result.out

    def options(self) -> dict[int, int]:
        return {address: self.chip.options[address - 0x4800] for address in self.chip.facts.options}


def ending(result: Result) -> tuple[int, list[str]]:
    return result.code, re.findall(r"\[(E-[A-Z-]+)\]", result.err)
