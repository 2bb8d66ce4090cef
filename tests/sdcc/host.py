"""A random program for the compiler of this machine: the 16-bit int is made explicit.

Each operand is converted to the type that it has on the STM8, and each result, too. The host then computes in its own
int, which is wider, and the conversion cuts the result. A signed operation that would overflow is not in the programs.
"""

from __future__ import annotations

import re

from .programs import Program
from .standard import BOOL, INT, S8, S32, S64, SHIFTS, U8, U32, U64, UINT, Type, common, promoted
from .tree import (
    Assign,
    Binary,
    Call,
    Cast,
    Choice,
    Do,
    Expression,
    Function,
    If,
    Literal,
    Loop,
    Place,
    Statement,
    Switch,
    Unary,
)

NAMES = {
    BOOL: "_Bool",
    S8: "int8_t",
    U8: "uint8_t",
    INT: "int16_t",
    UINT: "uint16_t",
    S32: "int32_t",
    U32: "uint32_t",
    S64: "int64_t",
    U64: "uint64_t",
}


def as_type(kind: Type, text: str) -> str:
    return f"(({NAMES[kind]})({text}))"


def number(kind: Type, value: int) -> str:
    unsigned = value & (1 << 64) - 1
    return as_type(kind, f"{unsigned}ULL")


def place(node: Place) -> str:
    return node.spelling.format(f"{value(node.index)} & {node.mask}" if node.index else "")


def value(node: Expression) -> str:
    """Return an expression of the type that `node` has on the STM8."""
    if isinstance(node, Literal):
        return number(node.type, node.value)
    if isinstance(node, Place):
        return as_type(node.type, place(node))
    if isinstance(node, Cast):
        return as_type(node.to, value(node.operand))
    if isinstance(node, Unary):
        operand = value(node.operand)
        return as_type(node.type, f"!{operand}" if node.sign == "!" else f"{node.sign}{as_type(node.type, operand)}")
    if isinstance(node, Binary):
        return as_type(node.type, operation(node.sign, node.left.type, value(node.left), node.right))
    if isinstance(node, Choice):
        return as_type(node.type, f"{value(node.condition)} ? {value(node.yes)} : {value(node.no)}")
    if isinstance(node, Call):
        return as_type(node.type, f"{node.through or node.name}({', '.join(map(value, node.arguments))})")
    if isinstance(node, Assign):
        return f"({assignment(node)})"
    return f"({node.sign}{place(node.place)})" if node.before else f"({place(node.place)}{node.sign})"


def operation(sign: str, kind: Type, left: str, right: Expression) -> str:
    """Return an operation with its operands converted as the STM8 converts them."""
    if sign in ("&&", "||"):
        return f"{left} {sign} {value(right)}"
    if sign in SHIFTS:
        return f"{as_type(promoted(kind), left)} {sign} {value(right)}"
    both = common(kind, right.type)
    return f"{as_type(both, left)} {sign} {as_type(both, value(right))}"


def assignment(node: Assign) -> str:
    name = place(node.place)
    if not node.sign:
        return f"{name} = {value(node.value)}"
    left = as_type(node.place.type, name)
    kind = promoted(node.place.type) if node.sign in SHIFTS else common(node.place.type, node.value.type)
    return f"{name} = {as_type(kind, operation(node.sign, node.place.type, left, node.value))}"


def statement(node: Statement) -> str:
    if isinstance(node, Do):
        return f"{value(node.expression)};"
    if isinstance(node, If):
        return f"if ({value(node.condition)}) {statement(node.yes)} else {statement(node.no)}"
    if isinstance(node, Loop):
        return node.text_with(statement(node.body))
    if isinstance(node, Switch):
        kind = promoted(node.value.type)
        cases = " ".join(
            f"case {number(kind, kind.wrap(first))}: {statement(body)}{' break;' if ends else ''}"
            for first, body, ends in node.cases
        )
        return f"switch ({value(node.value)}) {{ {cases} default: {statement(node.default)} }}"
    return "{ " + " ".join(map(statement, node.statements)) + " }"


def function(made: Function) -> str:
    lines = [f"{v.declaration} = {value(v.start)};" for v in made.local if v.start is not None]
    lines += [f"{pointer};" for pointer in made.pointers]
    return "\n".join([f"{made.head()} {{", *lines, statement(made.body), f"return {value(made.value)};", "}"])


# The types of the STM8 by the words that declare them, longest first.
WORDS = {
    "unsigned long long": "uint64_t",
    "long long": "int64_t",
    "unsigned long": "uint32_t",
    "long": "int32_t",
    "unsigned int": "uint16_t",
    "signed int": "int16_t",
    "int": "int16_t",
    "unsigned char": "uint8_t",
    "signed char": "int8_t",
}
_WORD = re.compile("|".join(rf"\b{word}\b" for word in WORDS))
PRINT = '#define SHOW(T, V) printf("%llx\\n", (unsigned long long)(T)(V))'


def host_text(program: Program) -> str:
    """Return the source of a program that prints the results of the STM8, one number in hex on each line."""
    lines = [*program.declarations]
    for made in program.functions:
        given = ", ".join(place.type_.name for place in made.parameters) or "void"
        lines.append(f"{made.head()}; {made.type.name} (*p{made.name})({given}) = {made.name};")
    lines += [function(made) for made in program.functions]
    text = _WORD.sub(lambda match: WORDS[match[0]], "\n".join(lines))
    main = ["int main(void) {"]
    for call in program.calls:
        given = ", ".join(number(p.type_, v) for p, v in zip(call.function.parameters, call.arguments))
        main.append(shown(call.function.type, f"{call.function.name}({given})"))
        main += [shown(item.type, place(item)) for item in program.places]
    head = ["#include <stdint.h>", "#include <stdio.h>", PRINT]
    return "\n".join([*head, text, *main, "return 0;", "}", ""])


def shown(kind: Type, text: str) -> str:
    name = NAMES[kind]
    unsigned = name if name.startswith(("u", "_")) else f"u{name}"
    return f"SHOW({unsigned}, {text});"
