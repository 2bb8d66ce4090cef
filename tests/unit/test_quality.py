"""What had to be done twice, in words."""

from __future__ import annotations

from typing import Optional

import pytest

from stm8tool.chip.link.quality import Quality


@pytest.mark.parametrize(
    ("quality", "summary"),
    [
        (Quality(), None),
        (Quality(slow=True), None),
        (Quality(reads=1), "1 retry (1 read repeated)"),
        (Quality(reads=9, reconnects=5), "14 retries (9 reads repeated, 5 reconnects)"),
        (Quality(exchanges=2), "2 retries (2 probe exchanges repeated)"),
        (Quality(recipes=1, slow=True), "1 retry (1 way to connect failed; low speed)"),
        (Quality(recipes=2, blocks=1), "3 retries (2 ways to connect failed, 1 block written again)"),
    ],
)
def test_the_summary_counts_what_was_not_perfect(quality: Quality, summary: Optional[str]) -> None:
    assert quality.summary() == summary


@pytest.mark.parametrize(
    ("quality", "word"),
    [
        (Quality(reads=3), "wires"),
        (Quality(reads=3, exchanges=1), "wires"),
        (Quality(exchanges=3, reconnects=1), "another port or cable"),
        (Quality(recipes=3, slow=True, no_nrst=True), "NRST"),
    ],
)
def test_the_advice_is_about_what_failed(quality: Quality, word: str) -> None:
    assert word in quality.advice()
