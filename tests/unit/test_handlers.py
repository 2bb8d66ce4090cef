"""builder/stm8build/link/handlers.py: what a handler without a vector needs."""

from __future__ import annotations

import pytest

from stm8build.link import handlers

TICK = handlers.Unserved("src/isr.c", "tick", 23, False)


@pytest.mark.parametrize(
    ("symbols", "hint"),
    [
        ({"_main": 0x8010, "_tick": 0x8020}, "declare it in a header that src/main.c includes: "),
        ({"_main": 0x8010}, "remove `static`, and declare it in a header that src/main.c includes: "),
    ],
)
def test_the_hint_names_all_that_is_missing(symbols: dict[str, int], hint: str) -> None:
    said = handlers.problem(TICK, [0x8004], symbols, "src/main.c")
    assert "it gets no vector" in said[0]
    assert said[1] == f"{hint}void tick(void) __interrupt(23);"
