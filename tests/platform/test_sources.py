"""The sources that SDCC cannot compile, each with one line; and where the object of another one goes."""

from __future__ import annotations

import pytest

from stm8build import sources


@pytest.mark.parametrize("path", ["src/main.c", "src/startup.s", "lib/x y/src/table.asm", "src/TABLE.ASM"])
def test_c_and_assembler_are_taken(path: str) -> None:
    assert sources.problem(path) is None


@pytest.mark.parametrize("suffix", ["cpp", "CPP", "cc", "cxx", "c++"])
def test_c_plus_plus_is_refused_by_name(suffix: str) -> None:
    message = sources.problem(f"src/my.led.{suffix}")
    assert message.startswith(f"src/my.led.{suffix}: SDCC has no C++; if it is plain C, rename it to src/my.led.c, ")


@pytest.mark.parametrize("suffix", ["spp", "sx"])
def test_assembler_for_a_preprocessor_is_refused_by_name(suffix: str) -> None:
    message = sources.problem(f"src/start.{suffix}")
    assert message.startswith(f"src/start.{suffix}: SDCC's assembler has no preprocessor; rename it to src/start.asm, ")


def test_the_object_of_a_source_has_no_space_in_its_name_and_another_name_than_every_other() -> None:
    taken: list[str] = []
    for source, path in [
        ("b/src/my led.c", "b/src/my_led.c.rel"),
        ("b/src/my led.asm", "b/src/my_led.asm.2.rel"),
        ("b/src/my_led.c", "b/src/my_led.c.3.rel"),
        ("b/src/main.c", None),
        ("b/lib1/main.c", "b/lib1/main.c.2.rel"),
        ("b/src/main.c", None),
        ("b/lib1/main.c", "b/lib1/main.c.2.rel"),
    ]:
        assert sources.object_path(source, ".rel", taken) == path
