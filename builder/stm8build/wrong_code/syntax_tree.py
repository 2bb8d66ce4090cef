"""The typed syntax tree of a C file, as `sdcc --dump-ast` prints it. Pure: no SCons in here.

SDCC's own front end reads the file: macros, typedefs, `__interrupt`, `__at` and `__asm` need no second parser, and each
node has the type that SDCC works with. It prints the tree while it compiles, so no file is read twice.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional

_LINE = re.compile(r"(.*?):(\d+):( +)(\S.*)$")
_FUNCTION = re.compile(r"FUNCTION \(_(\w+)=[^)]*\) type \((.*?)\) args \(")
_TYPE = re.compile(r" type \((.*)\)$")
_CAST = re.compile(r"from type \((.*?)\) to type \((.*)\)$")
_SYMBOL = re.compile(r"SYMBOL \(L(\d+):\d+ B\d+ (\w+)=")
_DECLARED = re.compile(r"DECLARE SYMBOL \(L\d+:\d+ B\d+ (\w+)=[^)]*\) type \((.*)\)$")
_VALUE = re.compile(r"value = (-?\d+)")
_FLOAT = re.compile(r"value = -?\d+, 0x[0-9a-f]+, (-?\d+\.\d+) type \((?:const-)?(?:float|double) ")
_SWITCH = re.compile(r"SWITCH \([^)]*\) .*?:\d+:(\S.*)$")  # the value that is asked for stands in the same row
_CASE = re.compile(r"CASE (0x[0-9a-f]+|-?\d+) GOTO ")
_BIT_FIELD = re.compile(r"bitfield \{\d+,(\d+)\}")
_QUALIFIERS = re.compile(r"\b(?:const|volatile|restrict)-")
_BYTES = {"_Bool": 1, "char": 1, "short-int": 2, "int": 2, "long-int": 4, "longlong-int": 8}


@dataclass(frozen=True)
class Type:
    """A type, as far as arithmetic goes; `size` is 0 for everything that is not a whole number."""

    text: str
    size: int  # bytes
    signed: bool
    bits: int  # of a bit-field; 0 for everything else

    @property
    def width(self) -> int:
        """How many bits a value has."""
        return self.bits or 8 * self.size


@functools.cache
def parse_type(text: str) -> Type:
    """Return a type as SDCC prints it, such as `const-unsigned-long-int literal`."""
    plain = _QUALIFIERS.sub("", text)
    if "*" in plain or "[" in plain or "function" in plain or plain.startswith(("struct", "union")):
        return Type(text, 0, False, 0)
    unsigned = plain.startswith("unsigned-")
    field_of = _BIT_FIELD.search(plain)
    if field_of:
        return Type(text, 0, not unsigned, int(field_of[1]))
    name = re.sub(r"^(?:un)?signed-", "", plain).split(" ")[0]
    # A plain char is unsigned with SDCC.
    signed = not unsigned and name != "_Bool" and (name != "char" or plain.startswith("signed-"))
    return Type(text, _BYTES.get(name, 0), signed, 0)


@dataclass
class Node:
    """One node of the tree."""

    file: str
    line: int
    kind: str  # such as SUB, CAST, SYMBOL
    type: Type
    name: str = ""  # of a symbol
    level: int = 0  # of a symbol; 0 for a global one
    value: Optional[int] = None  # of a constant
    broken: Optional[float] = None  # the value of a float constant, with its fraction
    from_type: Optional[Type] = None  # of a cast
    children: list[Node] = field(default_factory=list)
    parent: Optional[Node] = None

    def walk(self) -> Iterator[Node]:
        """Yield the node and everything below it."""
        waiting = [self]
        while waiting:  # a long `else if` chain is deeper than Python's own stack
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def is_local(self) -> bool:
        """Whether the place is a local variable, or a part of one."""
        node = self
        while node.kind != "SYMBOL" and node.children:
            if node.kind == "PTR_ACCESS" and node.children[0].kind == "SYMBOL":
                return False  # a pointer leads there
            node = node.children[0]
        return node.kind == "SYMBOL" and node.level > 0

    def same_as(self, other: Node) -> bool:
        """Whether both name the same thing."""
        mine = (self.kind, self.name, self.value, len(self.children))
        return mine == (other.kind, other.name, other.value, len(other.children)) and all(
            one.same_as(two) for one, two in zip(self.children, other.children)
        )


@dataclass
class Function:
    """A function and its statements."""

    name: str
    returns: Type
    statements: list[Node] = field(default_factory=list)
    initial: list[Node] = field(default_factory=list)
    declared: dict[str, Type] = field(default_factory=dict)  # of local variables
    types: dict[str, Type] = field(default_factory=dict)  # of what the function uses; global ones begin with `_`
    loaded: dict[tuple[str, int], list[Type]] = field(default_factory=dict)  # of what a line reads by an address

    _all: list[Node] = field(default_factory=list, repr=False)

    def nodes(self) -> list[Node]:
        """Return every node; many rules look at all of them."""
        if not self._all:
            self._all = [node for statement in (*self.statements, *self.initial) for node in statement.walk()]
        return self._all

    def begin_with(self, initial: Iterable[Node]) -> None:
        """Take the assignments for the values that local variables begin with."""
        self.initial = list(initial)
        self._all = []


def _case(file: str, line: int, text: str) -> Node:
    """Return a value of a switch as a node; SDCC writes it as an unsigned long."""
    value = int(text, 0)
    return Node(file, line, "CASE", Type("", 0, False, 0), value=value - (1 << 32) if value >> 31 == 1 else value)


def _node(file: str, line: int, text: str) -> Node:
    kind = text.split(" ", 1)[0]
    cast = _CAST.search(text) if kind == "CAST" else None
    if cast:
        return Node(file, line, kind, parse_type(cast[2]), from_type=parse_type(cast[1]))
    of_type = _TYPE.search(text)
    node = Node(file, line, kind, parse_type(of_type[1]) if of_type else Type("", 0, False, 0))
    if kind == "SYMBOL":
        symbol = _SYMBOL.match(text)
        if symbol:
            node.level, node.name = int(symbol[1]), symbol[2]
    elif kind == "CONSTANT":
        value = _VALUE.search(text)
        node.value = int(value[1]) if value else None
        broken = _FLOAT.search(text)
        node.broken = float(broken[1]) if broken else None
    return node


class _Parser:
    """Takes what SDCC has printed, row by row."""

    def __init__(self) -> None:
        self.functions: list[Function] = []
        self._stack: list[tuple[int, Node]] = []
        # The value that a switch asks for begins at the left again; this is the switch, and the stack outside of it.
        self._switch: Optional[tuple[Node, list[tuple[int, Node]]]] = None

    def take(self, row: str) -> None:
        head = _FUNCTION.match(row)
        if head:
            self.functions.append(Function(head[1], parse_type(head[2])))
            self._stack, self._switch = [], None
            return
        match = _LINE.match(row)
        if match and self.functions:
            self._take(match[1], int(match[2]), len(match[3]), match[4])

    def _take(self, file: str, line: int, depth: int, text: str) -> None:
        case = _CASE.match(text)
        if self._switch and (case or file == "(null)"):
            switch, self._stack = self._switch
            if case:
                switch.children.append(_case(file, line, case[1]))
                return
            self._switch = None
        while self._stack and self._stack[-1][0] >= depth:
            self._stack.pop()
        if file == "(null)":  # a block or a label; what stands below it belongs to no statement
            declared = _DECLARED.match(text)
            if declared:
                self.functions[-1].declared[declared[1]] = parse_type(declared[2])
            if text.startswith("LABEL"):
                self._stack.append((depth, Node("", 0, "LABEL", Type("", 0, False, 0))))
            return
        node = self._add(_node(file, line, text), depth)
        asked = _SWITCH.match(text)
        if asked:
            self._switch = node, self._stack
            self._stack = [(-1, node)]
            self._add(_node(file, line, asked[1]), 0)

    def _add(self, node: Node, depth: int) -> Node:
        if self._stack:
            node.parent = self._stack[-1][1]
            node.parent.children.append(node)
        else:
            self.functions[-1].statements.append(node)
        self._stack.append((depth, node))
        return node


def parse(text: str) -> list[Function]:
    """Return the functions of a file, with what SDCC has printed."""
    parser = _Parser()
    for row in text.splitlines():
        parser.take(row)
    return parser.functions
