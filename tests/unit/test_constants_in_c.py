"""Constants in a line of C are worked out as C has them with an int of 16 bits. For SDCC's results see tests/sdcc."""

from __future__ import annotations

import pytest

from stm8build.wrong_code.confirmations import Source
from stm8build.wrong_code.constants import choices, constant, tokens
from stm8build.wrong_code.rules_constants import kinds_in_line


@pytest.mark.parametrize(
    ("text", "value", "size", "signed"),
    [
        ("32767", 32767, 2, True),
        ("32768", 32768, 4, True),
        ("0x8000", 32768, 2, False),
        ("0x10000", 65536, 4, True),
        ("4294967295", 4294967295, 8, True),
        ("0xFFFFFFFF", 4294967295, 4, False),
        ("017", 15, 2, True),
        ("0b101", 5, 2, True),
        ("5uL", 5, 4, False),
        ("-5", -5, 2, True),
        ("~0u", 65535, 2, False),
        ("5u - 6", 65535, 2, False),
        ("200 * 200", -25536, 2, True),
        ("1L << 20", 1 << 20, 4, True),
        ("-7 / 2", -3, 2, True),
        ("-7 % 2", -1, 2, True),
        ("2 + 3 * 4 - (1 << 2 | 1)", 9, 2, True),
        ("(unsigned char)-1", 255, 1, False),
        ("(int8_t)200 + 1u", 65481, 2, False),
        ("3 > 2 && !0", 1, 2, True),
    ],
)
def test_an_integer_has_the_value_and_the_type_of_c(text: str, value: int, size: int, signed: bool) -> None:
    number = constant(tokens(text))
    assert number is not None
    assert (number.value, number.size, number.signed) == (value, size, signed)


@pytest.mark.parametrize(
    "text", ["", "x", "5 + x", "5 x", "(5", "5 / 0", "f(5)", "sizeof", "'a'", '"5"', "5 +", "(_Bool)5"]
)
def test_other_words_are_not_a_constant(text: str) -> None:
    assert constant(tokens(text)) is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("if (14u < -8) stop();", {"compared-constants"}),
        ("x = y && 0x8000 > -1;", {"compared-constants"}),
        ("if (sizeof(buffer) > -1) stop();", {"compared-constants"}),
        ("x = y - 14u < -8;", set()),
        ("x = 14u < -8 * y;", set()),
        ("x = 14u < -8L;", set()),
        ('puts("14u < -8"); // 14u < -8', set()),
        ("x = 0.5f ? 3 : 1;", {"number-as-truth"}),
        ("x = (1ULL << 32) ? 3 : 1;", {"number-as-truth"}),
        ("x = !2.5;", {"number-as-truth"}),
        ("if (!2.5) stop();", set()),
        ("x = 1.5f ? 3 : 1;", set()),
        ("x = y < 0.5f ? 3 : 1;", set()),
    ],
)
def test_a_line_has_the_kinds_that_its_constants_show(text: str, kinds: set[str]) -> None:
    assert set(kinds_in_line(text, [], in_vain=False)) == kinds


def test_a_choice_ends_where_its_values_end() -> None:
    found = choices(tokens("f(a, USE ? b : c, 1 ? g(x, y ? 1 : 2) : -3, (int)(2 ? s.m : 5u) + 1);"))
    texts = [(one.condition.value, "".join(one.first), "".join(one.second), one.is_cast) for one in found]
    assert texts == [(1, "g(x,y?1:2)", "-3", False), (2, "s.m", "5u", True)]


def test_macros_of_the_source_and_of_headers_beside_it_are_written_out() -> None:
    files = {
        "src/main.c": '#include "a.h"\n#include "b.h"\n#define TWICE (2 * ONE)\nx = TWICE + ONE + OFF + ON + F(1);\n',
        "src/a.h": '#pragma once\n#include "b.h"\n#define ONE 1 // one\n#define F(x) x\n',
        "include/b.h": '#include "a.h"\n#ifdef X\n#define ON 1\n#else\n#define ON 0\n#endif\n#define OFF 0\n',
    }
    asked: list[str] = []

    def read(file: str) -> str:
        asked.append(file)
        return files.get(file.replace("\\", "/"), "")

    source = Source(read)
    assert source.expanded("src/main.c", 4) == "x = (2 * 1) + 1 + 0 + ON + F(1);"
    source.expanded("src/main.c", 3)
    assert len(asked) == len(set(asked))
