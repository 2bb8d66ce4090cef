"""Expressions and statements of C: as text, with their type, and executed as the standard says.

The nodes cannot be changed. `swap` returns a tree with one node replaced: this reduces a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Optional, Union

from .standard import INT, UINT, Type, UndefinedError, binary, common, literal, promoted, result, unary

Key = tuple[str, int]  # a variable, or a member of a struct; and the index
MOST_STEPS = 400


class State(dict[Key, int]):
    """The values of all variables, and how many statements were executed."""

    steps = 0
    functions: dict[str, Function]

    def copy(self) -> State:
        other = State(self)
        other.functions, other.steps = self.functions, self.steps
        return other


@dataclass(frozen=True)
class Literal:
    """A constant."""

    type: Type
    value: int

    def text(self) -> str:
        return literal(self.type, self.value)

    def run(self, state: State) -> int:
        return self.value


@dataclass(frozen=True)
class Place:
    """Something that has an address or is a bit-field; `spelling` has {} for the index.

    Attributes:
        type: The declared type; for a bit-field that of its values.
        width: The bits of a bit-field, else 0.
        mask: The index is masked with this.
    """

    name: str
    spelling: str
    type_: Type
    width: int = 0
    index: Optional[Expression] = None
    mask: int = 0

    @property
    def type(self) -> Type:
        """The type of the value that a read returns."""
        if not self.width:
            return self.type_
        return INT if self.width < INT.bits or self.type_.signed else UINT

    def key(self, state: State) -> Key:
        return self.name, self.index.run(state) & self.mask if self.index else 0

    def text(self) -> str:
        return self.spelling.format(f"({self.index.text()}) & {self.mask}" if self.index else "")

    def run(self, state: State) -> int:
        return state[self.key(state)]

    def converted(self, value: int) -> int:
        if not self.width:
            return self.type_.wrap(value)
        return Type("", self.width, self.type_.signed, 0).wrap(value)


@dataclass(frozen=True)
class Unary:
    """- ~ or !"""

    sign: str
    operand: Expression

    @property
    def type(self) -> Type:
        return INT if self.sign == "!" else promoted(self.operand.type)

    def text(self) -> str:
        return f"{self.sign}{parenthesised(self.operand)}"

    def run(self, state: State) -> int:
        return unary(self.sign, self.operand.type, self.operand.run(state))


@dataclass(frozen=True)
class Cast:
    """A conversion to a type."""

    to: Type
    operand: Expression

    @property
    def type(self) -> Type:
        return self.to

    def text(self) -> str:
        return f"({self.to.name}){parenthesised(self.operand)}"

    def run(self, state: State) -> int:
        return self.to.wrap(self.operand.run(state))


@dataclass(frozen=True)
class Binary:
    """Two operands."""

    sign: str
    left: Expression
    right: Expression

    @property
    def type(self) -> Type:
        return result(self.sign, self.left.type, self.right.type)

    def text(self) -> str:
        return f"{parenthesised(self.left)} {self.sign} {parenthesised(self.right)}"

    def run(self, state: State) -> int:
        a = self.left.run(state)
        if self.sign == "&&":
            return int(a != 0 and self.right.run(state) != 0)
        if self.sign == "||":
            return int(a != 0 or self.right.run(state) != 0)
        return binary(self.sign, self.left.type, a, self.right.type, self.right.run(state))


@dataclass(frozen=True)
class Choice:
    """condition ? yes : no"""

    condition: Expression
    yes: Expression
    no: Expression

    @property
    def type(self) -> Type:
        return common(self.yes.type, self.no.type)

    def text(self) -> str:
        return " ".join((parenthesised(self.condition), "?", parenthesised(self.yes), ":", parenthesised(self.no)))

    def run(self, state: State) -> int:
        chosen = self.yes if self.condition.run(state) else self.no
        return self.type.wrap(chosen.run(state))


@dataclass(frozen=True)
class Call:
    """A call of an earlier function of the program, also through a pointer."""

    name: str
    arguments: tuple[Expression, ...]
    type: Type
    through: str = ""

    def text(self) -> str:
        return f"{self.through or self.name}({', '.join(argument.text() for argument in self.arguments)})"

    def run(self, state: State) -> int:
        values = [argument.run(state) for argument in self.arguments]
        return state.functions[self.name].run(state, values)


@dataclass(frozen=True)
class Assign:
    """=, or a compound assignment; as an expression it has the value that was stored."""

    place: Place
    sign: str  # "" for a plain one
    value: Expression

    @property
    def type(self) -> Type:
        return self.place.type

    def text(self) -> str:
        return f"{self.place.text()} {self.sign}= {self.value.text()}"

    def run(self, state: State) -> int:
        value = self.value.run(state)
        key = self.place.key(state)
        if self.sign:
            value = binary(self.sign, self.place.type, state[key], self.value.type, value)
        state[key] = self.place.converted(value)
        return state[key]


@dataclass(frozen=True)
class Step:
    """++ or --, before or after."""

    place: Place
    sign: str
    before: bool

    @property
    def type(self) -> Type:
        return self.place.type

    def text(self) -> str:
        return f"{self.sign}{self.place.text()}" if self.before else f"{self.place.text()}{self.sign}"

    def run(self, state: State) -> int:
        key = self.place.key(state)
        old = state[key]
        state[key] = self.place.converted(binary(self.sign[0], self.place.type, old, INT, 1))
        return state[key] if self.before else old


Expression = Union[Literal, Place, Unary, Cast, Binary, Choice, Call, Assign, Step]


def parenthesised(node: Expression) -> str:
    simple = isinstance(node, (Place, Call)) or (isinstance(node, Literal) and node.text()[0] != "(")
    return node.text() if simple else f"({node.text()})"


# -- statements ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Do:
    """An expression whose value is not used."""

    expression: Expression

    def text(self) -> str:
        return f"{self.expression.text()};"

    def run(self, state: State) -> None:
        state.steps += 1
        if state.steps > MOST_STEPS:
            raise UndefinedError("too long")
        self.expression.run(state)


@dataclass(frozen=True)
class If:
    """if, with or without else."""

    condition: Expression
    yes: Block
    no: Block

    def text(self) -> str:
        other = f" else {self.no.text()}" if self.no.statements else ""
        return f"if ({self.condition.text()}) {self.yes.text()}{other}"

    def run(self, state: State) -> None:
        (self.yes if self.condition.run(state) else self.no).run(state)


@dataclass(frozen=True)
class Loop:
    """A loop that counts `place`, which its body only reads."""

    place: Place
    form: str  # for, while, do
    first: int
    times: int
    body: Block

    def text(self) -> str:
        return self.text_with(self.body.text())

    def text_with(self, body: str) -> str:
        name, last = self.place.text(), self.first + self.times
        if self.form == "for":
            return f"for ({name} = {self.first}; {name} != {last}; {name}++) {body}"
        if self.form == "while":
            return f"{name} = {self.first}; while ({name} < {last}) {{ {body} {name}++; }}"
        return f"{name} = {self.first}; do {{ {body} }} while (++{name} < {last});"

    def run(self, state: State) -> None:
        key = self.place.key(state)
        for count in range(self.times):
            state[key] = self.first + count
            self.body.run(state)
        state[key] = self.first + self.times


@dataclass(frozen=True)
class Switch:
    """A switch whose cases end with break, or run on into the next one."""

    value: Expression
    cases: tuple[tuple[int, Block, bool], ...]  # number, body, whether it ends with break
    default: Block

    def text(self) -> str:
        lines = [
            f"case {literal(INT, number)}: {body.text()}{' break;' if ends else ''}"
            for number, body, ends in self.cases
        ]
        return f"switch ({self.value.text()}) {{ {' '.join(lines)} default: {self.default.text()} }}"

    def run(self, state: State) -> None:
        kind = promoted(self.value.type)
        value, found = self.value.run(state), False
        for number, body, ends in self.cases:
            found = found or value == kind.wrap(number)
            if found:
                body.run(state)
                if ends:
                    return
        self.default.run(state)


@dataclass(frozen=True)
class Block:
    """Statements in braces."""

    statements: tuple[Statement, ...] = ()

    def text(self) -> str:
        return "{ " + " ".join(statement.text() for statement in self.statements) + " }"

    def run(self, state: State) -> None:
        for statement in self.statements:
            statement.run(state)


@dataclass(frozen=True)
class Assembler:
    """Inline assembler that changes registers only."""

    code: str

    def text(self) -> str:
        return f'__asm__("{self.code}");'

    def run(self, state: State) -> None:
        """Change no variable."""


Statement = Union[Do, If, Loop, Switch, Block, Assembler]


@dataclass(frozen=True)
class Variable:
    """A variable: its place and its first value."""

    place: Place
    declaration: str  # without the initialiser
    start: Optional[Expression] = None


@dataclass(frozen=True)
class Function:
    """A function; `local` are its variables, `parameters` their places by name."""

    name: str
    type: Type
    parameters: tuple[Place, ...]
    local: tuple[Variable, ...]
    pointers: tuple[str, ...]  # declarations of pointers to variables
    body: Block
    value: Expression

    def head(self) -> str:
        parameters = ", ".join(f"{place.type_.name} {place.spelling}" for place in self.parameters)
        return f"{self.type.name} {self.name}({parameters or 'void'})"

    def text(self) -> str:
        lines = [f"    {variable.declaration} = {variable.start.text()};" for variable in self.local if variable.start]
        lines += [f"    {pointer};" for pointer in self.pointers]
        lines += [f"    {statement.text()}" for statement in self.body.statements]
        return "\n".join([f"{self.head()} {{", *lines, f"    return {self.value.text()};", "}"])

    def run(self, state: State, values: list[int]) -> int:
        for place, value in zip(self.parameters, values):
            state[place.name, 0] = place.type_.wrap(value)
        for variable in self.local:
            if variable.start:
                state[variable.place.name, 0] = variable.place.converted(variable.start.run(state))
        self.body.run(state)
        return self.type.wrap(self.value.run(state))


# -- trees made anew -------------------------------------------------------------------------------------------

Node = Union[Expression, Statement]


def is_node(value: object) -> bool:
    return hasattr(value, "run") and hasattr(value, "text")


def parts_of(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below one."""
    for value in vars(node).values():
        if is_node(value):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if is_node(item):
                    yield item
                elif isinstance(item, tuple):
                    yield from (part for part in item if is_node(part))


def variants(node: Node, shorter: Callable[[Node], Iterator[Node]]) -> Iterator[Node]:
    """Yield every tree in which one node is replaced by one of the nodes that `shorter` yields for it."""
    yield from shorter(node)
    for name, value in vars(node).items():
        if is_node(value):
            for other in variants(value, shorter):
                yield replace(node, **{name: other})
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                for changed in _items(item, shorter):
                    yield replace(node, **{name: (*value[:index], *changed, *value[index + 1 :])})


def _items(item: object, shorter: Callable[[Node], Iterator[Node]]) -> Iterator[tuple[object, ...]]:
    if is_node(item):
        if isinstance(item, (Do, If, Loop, Switch, Block, Assembler)):
            yield ()
        for other in variants(item, shorter):  # type: ignore[arg-type]
            yield (other,)
    elif isinstance(item, tuple) and len(item) == 3:
        yield ()
        for body in variants(item[1], shorter):
            yield ((item[0], body, item[2]),)
