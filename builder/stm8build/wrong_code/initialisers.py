"""The values that local variables begin with: SDCC leaves them out of its syntax tree. Pure: no SCons in here.

They are in SDCC's intermediate code (`--dump-i-code`), as SDCC makes it of the tree before it changes anything. A line
of it is one operation, with the types and the line of C. This module joins the operations to trees again. The same for
the conditions of `if` and `while` with `!=`, `<=` or `>=`: SDCC turns these round, and does not print what it has not
yet typed.

Other ways were weighed. A second parser would have to know SDCC's dialect and its rules for types. The assembler no
longer has the types. A source that is rewritten, so that it has assignments, must be compiled a second time.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, Optional

from .later_code import lines_of
from .syntax_tree import Function, Node, Type, parse_type

SUFFIX = ".dumpraw0"  # of the file with the code as it is before anything is changed
OTHER_SUFFIXES = tuple(  # SDCC writes the code after each later step, too
    f".dump{step}"
    for step in (
        *("raw1", "cse", "dflow", "gcse", "deadcode", "loop", "loopd", "loopg", "genconstprop"),
        *("lrange", "pack", "range"),
    )
)

_KEYS = re.compile(r" \[k\d+ [^\]]*\]\{ [^}]*\}")
_ROW = re.compile(r"^(.+?)\(l(\d+):s\d+:k\d+:d\d+:s\d+:b\d+\)\t+ ?(.*)$")
_KIND = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_OPERAND = re.compile(r"(?:(0x[0-9a-f]+|-?[0-9.]+(?:e[-+]?\d+)?) |([A-Za-z_]\w*))" + _KIND)
_STORE = re.compile(r"\*\((.*)\) := (.*)$")
_ASSIGNED = re.compile(r"(.*?\}) :?= (.*)$")
_PROC = re.compile(r"proc _(\w+)")
_ASKED = re.compile(r"if (.*\}) [!=]= 0 goto ")
_ARGUMENT = re.compile(r"(?:send|push) (.*)$")
_POINTER = re.compile(r" (?:near|generic|far|code|data|xdata)?\* ")
_LOCAL = re.compile(r"(_\w+?_\w+)_\d+_\d+$")
_OF_ANOTHER = re.compile(r"_\w+?_")  # the name of a function that is inlined

_BINARY = {
    "+": "ADD",
    "-": "SUB",
    "*": "MULT",
    "/": "DIV",
    "%": "MOD",
    "&": "&",
    "|": "OR",
    "^": "XOR",
    "<": "LT(<)",
    ">": "GT(>)",
    "<=": "LE(<=)",
    ">=": "GE(>=)",
    "==": "EQ(==)",
    "!=": "NE(!=)",
    "<<": "LEFT_SHIFT",
    ">>": "RIGHT_SHIFT",
    "&&": "ANDAND",
    "||": "OROR",
}
_UNARY = {"~": "COMPL", "-": "UMINUS", "not": "NOT", "call": "CALL", "pcall": "PCALL"}
_TURNED = ("EQ(==)", "LT(<)", "GT(>)")  # what SDCC makes of != >= <=
_DEEPEST = 40  # operations in one expression


class _Row(NamedTuple):
    file: str
    line: int
    result: str
    type: Type
    text: str  # what stands after the result


def add_initialisers(functions: list[Function], code: str) -> None:
    """Add an assignment for each local variable that begins with a value, and the conditions that the tree lacks."""
    by_name = {function.name: function for function in functions}
    for name, rows in procedures(code):
        function = by_name.get(name)
        if function:
            joiner = _Joiner(function, rows)
            function.begin_with([*joiner.statements(), *joiner.conditions()])
            function.types = dict(_types(name, rows))
            function.loaded = _loaded(rows)


@functools.lru_cache(maxsize=1)  # several rules ask for the same file, one after the other
def procedures(code: str) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Return the name of each function, and its rows: file, line, operation."""
    found = []
    name = ""
    rows: list[tuple[str, int, str]] = []
    for file, number, text in operations(code):
        begins = _PROC.match(text)
        if begins:
            if name:
                found.append((name, rows))
            name, rows = begins[1], []
        elif text.startswith("eproc "):
            found.append((name, rows))
            name, rows = "", []  # static variables stand outside of functions
        elif name:
            rows.append((file, number, text))
    return found


def operations(code: str) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and text of each operation."""
    for line in lines_of(code):
        match = _ROW.match(line)
        if match:
            yield match[1], int(match[2]), _KEYS.sub("", match[3])


def _local_name(function: str, name: str) -> str:
    """Return what the program calls a local variable, such as `v` for `_f_v_65536_2`; an empty text for others."""
    local = _LOCAL.match(name)
    if not local:
        return ""
    own = f"_{function}_"  # a function's name can have a `_`, and so can a variable's
    return local[1][len(own) :] if name.startswith(own) else _OF_ANOTHER.sub("", local[1], count=1)


def _types(function: str, rows: list[tuple[str, int, str]]) -> Iterator[tuple[str, Type]]:
    """Yield the names in some rows with the types that the program has declared."""
    for _, _, text in rows:
        for operand in _OPERAND.finditer(text):
            name = operand[2]
            if name and not name.startswith("iTemp"):
                yield _local_name(function, name) or name, parse_type(operand[3])


def _loaded(rows: list[tuple[str, int, str]]) -> dict[tuple[str, int], list[Type]]:
    """Return the types of what each line reads by an address, such as a member or an element."""
    found: dict[tuple[str, int], list[Type]] = {}
    for file, line, text in rows:
        assigned = _ASSIGNED.match(text)
        result = _OPERAND.match(assigned[1]) if assigned and assigned[2].startswith("@[") else None
        if result:
            found.setdefault((file, line), []).append(parse_type(result[3]))
    return found


class _Joiner:
    """Joins the operations of one function to trees."""

    def __init__(self, function: Function, rows: list[tuple[str, int, str]]) -> None:
        self._function = function.name
        self._made: dict[str, list[_Row]] = {}
        self._stores: list[_Row] = []
        self._asked: list[_Row] = []
        self._arguments: dict[tuple[str, int], list[str]] = {}
        for file, line, text in rows:
            store, assigned, argument = _STORE.match(text), _ASSIGNED.match(text), _ARGUMENT.match(text)
            asked = _ASKED.match(text)
            result = _OPERAND.match((store or assigned or [""] * 2)[1])
            if result and (store or result[2]):
                row = _Row(file, line, result[0], parse_type(result[3]), (store or assigned)[2])  # type: ignore[index]
                if store or not result[2].startswith("iTemp"):
                    self._stores.append(row)
                else:
                    self._made.setdefault(result[2], []).append(row)
            elif argument:
                self._arguments.setdefault((file, line), []).append(argument[1])
            elif asked:
                self._asked.append(_Row(file, line, "", parse_type("void"), asked[1]))
        self._written = Counter(
            (node.file, node.line, _root(node))
            for node in function.nodes()
            if node.kind == "ASSIGN(=)" or node.kind.endswith(("INC_OP", "DEC_OP"))
        )
        self._compared = {
            (node.file, node.line, node.kind)
            for node in function.nodes()
            if node.kind in (*_TURNED, "MULT") and node.children
        }
        self._calls = {(node.file, node.line) for node in function.nodes() if node.kind in ("CALL", "PCALL")}

    def statements(self) -> Iterator[Node]:
        """Yield an assignment for each initialiser, and calls and other assignments inside it."""
        stored = [(row, self._operand(row.result, row, 0)) for row in self._stores]
        # Of several assignments in one line, the initialiser is the first.
        times = Counter((row.file, row.line, _root(into)) for row, into in stored)
        first = [
            (row, into)
            for row, into, where in ((row, into, (row.file, row.line, _root(into))) for row, into in stored)
            if into and times[where] > self._written[where] and not times.subtract([where])
        ]
        begin = {(row.file, row.line) for row, into in first if into.is_local()}
        for row, into in first:
            where = (row.file, row.line)
            if where not in begin:
                continue
            value = self._expression(row, 0)
            if value is None or value.kind == "RECEIVED":
                continue
            yield _node("ASSIGN(=)", row, _pointed(row.type), [into, value])
            if where not in self._calls:
                for text in self._arguments.pop(where, []):
                    argument = self._operand(text, row, 0)
                    if argument:
                        yield _node("CALL", row, parse_type("void"), [argument])

    def conditions(self) -> Iterator[Node]:
        """Yield the comparisons of conditions that SDCC has turned round: the tree has none like it in that line.

        A product of two bytes is yielded, too: in a value that a variable begins with, it stands nowhere else.
        """
        for row in self._asked:
            asked = self._operand(row.text, row, 0)
            if not asked:
                continue
            turned = asked.kind in _TURNED and (row.file, row.line, asked.kind) not in self._compared
            is_product = asked.kind == "MULT" and asked.type.size == 1
            if turned or (is_product and (row.file, row.line, "MULT") not in self._compared):
                yield _node("IF", row, row.type, [asked])

    def _operand(self, text: str, row: _Row, depth: int) -> Optional[Node]:
        match = _OPERAND.match(text)
        if not match:
            return None
        kind = parse_type(match[3])
        if match[1]:
            node = _node("CONSTANT", row, kind, [])
            if match[1].startswith("0x"):
                bits = kind.width or 64
                value = int(match[1], 16) & (1 << bits) - 1
                node.value = value - (1 << bits) if kind.signed and value >> bits - 1 else value
            return node
        name = match[2]
        if name.startswith("iTemp"):
            made = self._made.get(name, [])
            values = [value for value in (self._expression(each, depth + 1) for each in made[:2]) if value]
            if len(values) == 1 and len(made) == 1:
                return values[0]
            # A value that is made in another way, such as by `gabit`, has no parts: rules ask for those of a choice.
            return _node("QUEST(?)" if values else "UNKNOWN", row, kind, values)
        node = _node("SYMBOL", row, kind, [])
        local = _local_name(self._function, name)
        node.level = int(bool(local) or not name.startswith("_"))
        node.name = local or (name.lstrip("_") if not node.level else name)
        return node

    def _expression(self, row: _Row, depth: int) -> Optional[Node]:
        """Return the tree of the text after the result of a row; None where it is too deep."""
        text = row.text
        if depth > _DEEPEST:
            return None
        if text.startswith("recv "):
            return _node("RECEIVED", row, row.type, [])
        if text.startswith("@["):
            return self._above("PTR_ACCESS", row, text[2:], depth)
        if text.startswith("&["):
            return self._above("ADDRESS_OF", row, text[2:], depth)
        cast = re.match(r"\(((?:[^()]|\([^()]*\))*)\)(.+)$", text)
        if cast:
            return self._cast(row, parse_type(cast[1]), cast[2], depth)
        unary = re.match(r"(~|-|not|p?call) (.*)$", text)
        if unary:
            return self._above(_UNARY[unary[1]], row, unary[2], depth)
        left = _OPERAND.match(text)
        sign, _, right = text[left.end() :].lstrip().partition(" ") if left else ("", "", "")
        if left and sign in _BINARY:
            both = [self._operand(left[0], row, depth), self._operand(right, row, depth)]
            return _node(_BINARY[sign], row, row.type, [operand for operand in both if operand])
        return self._operand(text, row, depth)

    def _above(self, kind: str, row: _Row, text: str, depth: int) -> Node:
        operand = self._operand(text, row, depth)
        return _node(kind, row, row.type, [operand] if operand else [])

    def _cast(self, row: _Row, to: Type, text: str, depth: int) -> Optional[Node]:
        operand = self._operand(text, row, depth)
        if operand is None:
            return None
        node = _node("CAST", row, to, [operand])
        node.from_type = operand.type
        return node


def _node(kind: str, row: _Row, type_: Type, children: list[Node]) -> Node:
    node = Node(row.file, row.line, kind, type_, children=children)
    for child in children:
        child.parent = node
    return node


def _pointed(kind: Type) -> Type:
    """Return the type of the place that a pointer leads to; another type stays."""
    return parse_type(_POINTER.sub(" ", kind.text))


def _root(node: Optional[Node]) -> str:
    """Return the name of the variable to which a place belongs."""
    while node and node.kind != "SYMBOL" and node.children:
        node = node.children[0]
    return node.name if node and node.kind == "SYMBOL" else ""
