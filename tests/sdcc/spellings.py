"""Ten spellings of each kind of wrong code, made from one expression, and the other programs of spellings.csv.

A row is C code, an expression that shows its result, and that result as the C standard has it. `$` stands for the
number of the row. Whether a row comes out wrong is not written down: the tests see it, for each SDCC.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Union

Value = Union[int, str]


class Row(NamedTuple):
    """One program."""

    spelling: str
    code: str
    call: str
    expected: Value  # a number, or accesses to registers


class Operand(NamedTuple):
    """A variable of an expression."""

    name: str
    type: str
    value: str
    width: int = 0  # of a bit-field


class Shape(NamedTuple):
    """An expression of a kind."""

    operands: tuple[Operand, ...]
    expression: str  # `{name}` stands for an operand
    type: str  # of the result
    expected: int
    compound: str = ""  # a compound assignment of the kind, with the result in the first operand
    head: str = ""  # what stands before


SPELLINGS = (
    *("typedef", "macro", "global", "member", "element", "parameter", "compound", "initialiser", "return"),
    "conditional",
)
U8, S8, UINT, INT, U32, S32 = "unsigned char", "signed char", "unsigned", "int", "unsigned long", "long"
U64, S64 = "unsigned long long", "long long"
_TAKER = "{0} h$({0} v) {{ return v; }}\n"


def _numbers(*operands: tuple[str, str, str]) -> tuple[Operand, ...]:
    return tuple(Operand(*operand) for operand in operands)


_SHIFTED = _numbers(("x", INT, "100"), ("c", U8, "1"))
SHAPES: dict[str, Shape] = {
    "lost-borrow": Shape(_numbers(("v", U32, "0x100"), ("a", U8, "1")), "{v} - {a}", U32, 0xFF, compound="{v} -= {a}"),
    "lost-low-byte": Shape(_numbers(("v", U32, "0x100"), ("a", U8, "1")), "({v} - {a}) ^ 5", U32, 0xFA),
    "negated-borrow": Shape(
        _numbers(("p", f"{S32} *", "&w$")), "32 - *{p}", U32, 0xFFFFFE21, head=f"{S32} w$ = 0x1ff;\n"
    ),
    "cut-constant": Shape(_numbers(("v", INT, "7")), "{v} < 0x10005UL", INT, 1),
    "shift-count": Shape(_SHIFTED, "{x} - ({c} >> 8)", INT, 100, compound="{x} -= {c} >> 8"),
    "shift-out-of-a-byte": Shape(
        _numbers(("c", U8, "5"), ("w", UINT, "300")), "{c} + ({w} << 8)", U8, 5, compound="{c} += {w} << 8"
    ),
    "kept-sign": Shape(_numbers(("q", S8, "-1")), "(unsigned int){q}", S32, 0xFFFF),
    "kept-sign-of-64": Shape(_numbers(("q", S8, "-3")), "(unsigned long){q}", S64, 0xFFFFFFFD),
    "complemented-twice": Shape(_numbers(("a", U32, "1")), "h$(~{a})", U32, 0xFFFFFFFE, head=_TAKER.format(U32)),
    "complemented-sign": Shape(_numbers(("v", S8, "-3")), "{v} ^ -1L", U32, 2, compound="{v} ^= -1L"),
    "complemented-field": Shape((Operand("m", "signed", "5", 6),), "~{m}", UINT, 0xFFFA),
    "byte-against-truth": Shape(_numbers(("b", U8, "200"), ("z", U8, "0")), "{b} > !{z}", INT, 1),
    "signed-or-unsigned": Shape(_numbers(("i", INT, "-3")), "{i} | 32765u", S32, 0xFFFD),
    "shift-by-unsigned": Shape(_numbers(("a", INT, "20"), ("n", UINT, "1")), "({a} << {n}) - 100 < 5", INT, 1),
    "minus-of-a-choice": Shape(_numbers(("v", U8, "255")), "-(1 ? {v} : 1UL)", U32, 0xFFFFFF01),
    "divided-by-itself": Shape(
        _numbers(("v", U8, "17"), ("a", U8, "9")), "({v} = 17, {v} % {a})", U8, 8, compound="{v} = 17; {v} %= {a}"
    ),
    "byte-and-constant": Shape(_numbers(("v", S8, "3")), "{v} | 0x80", UINT, 0x83),
    "minus-of-true": Shape(_numbers(("v", UINT, "5")), "-({v} >= {v})", S32, 0xFFFFFFFF),
    "float-by-itself": Shape(_numbers(("x", "float", "3")), "(unsigned)({x} / {x} * 100)", UINT, 100),
    "itself-in-a-comparison": Shape(_numbers(("h", INT, "-3"), ("v", INT, "5")), "{h} < {v} / {v}", INT, 1),
    "below-the-stack": Shape(_numbers(("v", S32, "0")), "-{v}", "_Bool", 0),
    "field-copy": Shape((Operand("b", UINT, "31", 14),), "{b}", U8, 31),
    "field-against-negative": Shape((Operand("a", UINT, "251", 8),), "{a} == -5", INT, 0),
    "field-cast": Shape((Operand("a", UINT, "999", 11),), "(unsigned int){a} - 1000", S32, 0xFFFF),
    "field-as-unsigned": Shape((Operand("a", UINT, "0x131", 11),), "~{a}", S32, 0xFFFFFECE),
    "field-and-byte": Shape((Operand("a", UINT, "5", 4), Operand("b", U8, "200")), "{a} < {b}", INT, 1),
    "long-into-field": Shape(
        (Operand("m", UINT, "0", 13), Operand("l", U32, "0xcb2cf059")), "({m} = {l}, {m})", UINT, 0x1059
    ),
    "moved-parameter": Shape(
        _numbers(("a", INT, "1"), ("b", INT, "0x1233")),
        "h$(&{b}) + {a}",
        U64,
        0x1234,
        head="int h$(int *p) { return *p; }\n",
    ),
    "lost-low-byte-of-64": Shape(
        _numbers(("p", f"{U64} *", "&w$"), ("a", U8, "1")), "*{p} - {a}", U64, 0xFF, head=f"{U64} w$ = 0x100;\n"
    ),
    "long-constant": Shape(
        _numbers(("v", U64, "0")),
        "({v} = 0x100000000ULL, {v} | 1)",
        U64,
        0x100000001,
        compound="{v} = 0x100000000ULL; {v} |= 1",
    ),
    "upper-half": Shape(_numbers(("v", U64, "1")), "{v} > 0x100000000ULL", INT, 0),
    "modulo": Shape(_numbers(("v", U64, "5")), "{v} % -255", U64, 5, compound="{v} %= -255"),
    "divided-by-minus-one": Shape(_numbers(("v", U64, "5")), "{v} / -1", U64, 0, compound="{v} /= -1"),
    "shifted-constant": Shape(_numbers(("n", U8, "1")), "0xCEFF51F8B8882E91ULL << {n}", UINT, 0x5D22),
    "overwritten-byte": Shape(
        _numbers(("p", f"{U64} *", "&w$")),
        "*{p} | 1",
        U64,
        0x8796A5B4C3D2E1F1,
        head=f"{U64} w$ = 0x8796a5b4c3d2e1f0;\n",
    ),
    "byte-stored-twice": Shape(_numbers(("c", S8, "-2"), ("g", UINT, "38836")), "{c} - ({g} | 9L)", S32, 0xFFFF6841),
    "rounded-constant": Shape(
        _numbers(("h", UINT, "2")),
        "{h} ^ 5972383011798638836LL",
        UINT,
        0xE0F6,
        compound="{h} ^= 5972383011798638836LL",
    ),
    "misplaced-result": Shape(_numbers(("g", U8, "0")), "(long long)({g} || 1)", UINT, 1),
    "overwritten-count": Shape(
        _numbers(("q", S64, "11"), ("z", U8, "0")), "{q} >> !{z}", S64, 5, compound="{q} >>= !{z}"
    ),
    "mixed-bytes": Shape(_numbers(("q", S8, "5"), ("v", U64, "1")), "((unsigned){q} - {v}) ^ {q}", U64, 1),
}


def spelled(shape: Shape) -> Iterator[Row]:
    """Yield an expression in each spelling."""
    for spelling in SPELLINGS:
        head, places, parameters, arguments, before = _places(shape, spelling)
        value = shape.expression.format(**places)
        result, names = "r$", [operand.name for operand in shape.operands]
        start = f"{shape.type} {result}"
        if spelling == "macro":
            words = ", ".join(names)
            head += f"#define M$({words}) ({shape.expression.format(**{name: f'({name})' for name in names})})\n"
            value = f"M$({', '.join(places.values())})"
        body, show = f"return {value};", "f$({})"
        kind = shape.type
        if spelling == "compound":
            if shape.compound:
                first = shape.operands[0]
                body = f"{shape.compound.format(**places)}; return ({kind}){places[first.name]};"
            else:
                head += f"{start};\n"
                body, kind, show = f"{result} += {value};", "void", f"({result} = 0, f$({{}}), {result})"
        elif spelling == "initialiser":
            body = f"{shape.type} t = {value}; return t;"
        elif spelling == "conditional":
            parameters = [*parameters, "unsigned char yes"]
            arguments = [*arguments, "1"]
            body = f"return yes ? {value} : 77;"
        elif spelling in ("global", "member", "element"):
            head += f"{start};\n"
            body, kind, show = f"{result} = {value};", "void", f"(f$({{}}), {result})"
        given = ", ".join(parameters) or "void"
        call = show.format(", ".join(arguments))
        unsigned = {S32: U32, S64: U64, INT: "unsigned"}.get(shape.type)
        if unsigned:
            call = f"({unsigned}){call}"
        steps = ", ".join([*before, call])
        yield Row(spelling, f"{head}{kind} f$({given}) {{ {body} }}", f"({steps})", shape.expected)


def _places(shape: Shape, spelling: str) -> tuple[str, dict[str, str], list[str], list[str], list[str]]:
    """Return declarations, the place of each operand, parameters, arguments, and what main does before the call."""
    if any(operand.width for operand in shape.operands):
        return _fields(shape, spelling)
    head, places, parameters, arguments, before = shape.head, {}, [], [], []
    for name, kind, value, _ in shape.operands:
        place = {"global": f"{name}$", "member": f"s{name}$.m", "element": f"a{name}$[1]"}.get(spelling, name)
        if spelling == "global":
            head += f"{kind} {place};\n"
        elif spelling == "member":
            head += f"struct {{ unsigned char other; {kind} m; }} s{name}$;\n"
        elif spelling == "element":
            head += f"{kind} a{name}$[3];\n"
        else:
            if spelling == "typedef":
                head += f"typedef {kind} T{name}$;\n"
            parameters.append(f"T{name}$ {name}" if spelling == "typedef" else f"{kind} {name}")
            arguments.append(value)
        if place != name:
            before.append(f"{place} = {value}")
        places[name] = place
    return head, places, parameters, arguments, before


def _fields(shape: Shape, spelling: str) -> tuple[str, dict[str, str], list[str], list[str], list[str]]:
    """Return the same for an expression with bit-fields: its operands are members of one struct."""
    members = " ".join(f"{kind} {name}{f' : {width}' if width else ''};" for name, kind, _, width in shape.operands)
    whole, prefix, parameters, arguments = "s$", "s$.", [], []
    head = f"struct t$ {{ {members} }};\nstruct t$ s$;\n"
    if spelling == "typedef":
        words = (
            members.replace("unsigned long", "uint32_t").replace("unsigned", "uint16_t").replace("signed", "int16_t")
        )
        head = f"typedef struct {{ {words} }} T$;\nT$ s$;\n"
    elif spelling == "member":
        head = f"struct {{ unsigned char other; struct {{ {members} }} n; }} s$;\n"
        whole = prefix = "s$.n."
    elif spelling == "element":
        head = f"struct {{ {members} }} s$[3];\n"
        prefix, parameters, arguments = "s$[i].", ["unsigned char i"], ["1"]
        whole = "s$[1]."
    elif spelling == "parameter":
        prefix, parameters, arguments = "p->", ["struct t$ *p"], ["&s$"]
    whole = whole if whole.endswith(".") else f"{whole}."
    before = [f"{whole}{name} = {value}" for name, _, value, _ in shape.operands]
    places = {operand.name: f"{prefix}{operand.name}" for operand in shape.operands}
    return shape.head + head, places, parameters, arguments, before


def _tried() -> Iterator[tuple[str, Row, bool]]:
    with (Path(__file__).parent / "spellings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            accesses = row["c"][:1] in ("r", "w")
            expected: Value = row["c"] if accesses else int(row["c"], 16)
            code = row["code"].replace("\\n", "\n")
            yield row["kind"], Row("", code, row["call"], expected), row["found"] != "never"


_ALL = list(_tried())
TRIED: dict[str, list[Row]] = {}
UNSEEN: dict[str, list[Row]] = {}
for _kind, _row, _found in _ALL:
    (TRIED if _found else UNSEEN).setdefault(_kind, []).append(_row)
for _kind, _shape in SHAPES.items():
    TRIED.setdefault(_kind, []).extend(spelled(_shape))
